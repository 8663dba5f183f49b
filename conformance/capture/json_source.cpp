#include <array>
#include <charconv>
#include <chrono>
#include <iterator>
#include <nlohmann/json.hpp>

#include "conformance/capture/limits.hpp"
#include "conformance/capture/sources.hpp"

namespace conformance {
namespace {

using iscsi::wire::Bytes;
using iscsi::wire::ByteView;

/// Characters one by one, up to a limit.
class Characters {
 public:
  explicit Characters(std::unique_ptr<BytesIn> bytes) : bytes_{std::move(bytes)} {}

  void allow(std::size_t count) { allowed_ = count; }
  [[nodiscard]] bool ended() {
    if (allowed_ == 0) return true;
    if (!text_.empty() || done_) return text_.empty();
    const auto next = bytes_->next();
    if (!next) error = next.error();
    done_ = !next || next->empty();
    if (!done_) text_ = iscsi::wire::as_text(*next);
    return done_;
  }
  [[nodiscard]] char current() const { return text_.front(); }
  void advance() {
    text_.remove_prefix(1);
    --allowed_;
    ++position_;
  }
  [[nodiscard]] std::uint64_t position() const { return position_; }
  [[nodiscard]] bool used_up() const { return allowed_ == 0; }

  std::string error;

 private:
  std::unique_ptr<BytesIn> bytes_;
  std::string_view text_;
  std::size_t allowed_ = 0;
  std::uint64_t position_ = 0;
  bool done_ = false;
};

/// As the parser wants to see them. The default is the end.
class Cursor {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = char;

  Cursor() = default;
  explicit Cursor(Characters& characters) : characters_{&characters} {}
  char operator*() const { return characters_->current(); }
  Cursor& operator++() {
    characters_->advance();
    return *this;
  }
  bool operator==(const Cursor& other) const { return ended() == other.ended(); }

 private:
  [[nodiscard]] bool ended() const { return characters_ == nullptr || characters_->ended(); }
  Characters* characters_ = nullptr;
};

/// Takes from one packet its frame and what is said of it, and lets all else pass.
class PacketReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  std::string frame;  ///< in hexadecimal
  std::string time, number, length, encapsulation;
  bool has_frame = false;

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool string(string_t& value) override {
    if (depth_ == 4 && in_raw_ && !has_frame) {
      frame.swap(value);
      has_frame = true;
    } else if (depth_ == 4 && in_frame_ && wanted_ != nullptr) {
      wanted_->swap(value);
    }
    wanted_ = nullptr;
    return true;
  }
  bool start_object(std::size_t) override { return open(); }
  bool start_array(std::size_t) override { return open(); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    if (depth_ == 1) in_source_ = name == "_source";
    if (depth_ == 2) in_layers_ = in_source_ && name == "layers";
    if (depth_ == 3) {
      in_raw_ = in_layers_ && name == "frame_raw";
      in_frame_ = in_layers_ && name == "frame";
    }
    wanted_ = name == "frame.time_epoch"   ? &time
              : name == "frame.number"     ? &number
              : name == "frame.len"        ? &length
              : name == "frame.encap_type" ? &encapsulation
                                           : nullptr;
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override {
    return false;
  }

 private:
  bool open() {
    ++depth_;
    wanted_ = nullptr;
    return true;
  }
  bool close() {
    --depth_;
    return true;
  }
  std::size_t depth_ = 0;
  bool in_source_ = false;
  bool in_layers_ = false;
  bool in_raw_ = false;
  bool in_frame_ = false;
  std::string* wanted_ = nullptr;
};

/// The numbers of Wireshark's wiretap library.
LinkType link_type(std::string_view encapsulation) {
  if (encapsulation.empty() || encapsulation == "1") return LinkType::ethernet;
  if (encapsulation == "25") return LinkType::cooked;
  if (encapsulation == "210") return LinkType::cooked2;
  if (encapsulation == "7" || encapsulation == "129" || encapsulation == "130")
    return LinkType::raw;
  return encapsulation == "15" ? LinkType::null : LinkType::unknown;
}

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The digits behind a decimal point, in millionths.
std::uint64_t micros_in(std::string_view digits) {
  std::uint64_t micros = 0;
  for (std::size_t i = 0; i < 6; ++i)
    micros = micros * 10 + (i < digits.size() && digits[i] >= '0' && digits[i] <= '9'
                                ? static_cast<std::uint64_t>(digits[i] - '0')
                                : 0);
  return micros;
}

/// `1795365596.412405000`, or as newer versions write `2026-11-22T16:39:56.412405000Z`; 0 if
/// neither.
std::uint64_t time_in(std::string_view text) {
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::uint64_t micros = point < text.size() ? micros_in(text.substr(point + 1)) : 0;
  if (const auto seconds = number_in(text.substr(0, point)))
    return *seconds < 1'000'000'000'000 ? *seconds * 1'000'000 + micros : 0;
  if (point < 19 || text[10] != 'T') return 0;
  const auto part = [&](std::size_t at, std::size_t length) {
    return number_in(text.substr(at, length)).value_or(0);
  };
  using namespace std::chrono;
  const year_month_day date{year{static_cast<int>(part(0, 4))},
                            month{static_cast<unsigned>(part(5, 2))},
                            day{static_cast<unsigned>(part(8, 2))}};
  if (!date.ok() || date.year() < year{1970}) return 0;
  const auto days = static_cast<std::uint64_t>(sys_days{date}.time_since_epoch().count());
  const std::uint64_t seconds = ((days * 24 + part(11, 2)) * 60 + part(14, 2)) * 60 + part(17, 2);
  return seconds * 1'000'000 + micros;
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool read_hexadecimal(std::string_view text, Bytes& out) {
  out.clear();
  if (text.size() % 2 != 0) return false;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]);
    const int low = digit(text[i + 1]);
    if (high < 0 || low < 0) return false;
    out.push_back(static_cast<std::byte>(high * 16 + low));
  }
  return true;
}

class JsonSource : public PacketSource {
 public:
  explicit JsonSource(std::unique_ptr<BytesIn> bytes) : in_{std::move(bytes)} {}

  std::expected<std::optional<Packet>, std::string> next() override {
    if (ended_) return std::nullopt;
    in_.allow(capture_limits::json_packet_bytes);
    // '[' in front of the first packet, ',' in front of each other, ']' behind the last.
    const char before = number_ == 0 && !begun_ ? '[' : ',';
    begun_ = true;
    const char found = take_mark();
    if (found == ']') {
      ended_ = true;
      return std::nullopt;
    }
    if (found != before) return wrong("not an array of packets");
    skip_blanks();
    if (before == '[' && !in_.ended() && in_.current() == ']') {
      ended_ = true;
      return std::nullopt;
    }
    PacketReader reader;
    if (!nlohmann::json::sax_parse(Cursor{in_}, Cursor{}, &reader,
                                   nlohmann::json::input_format_t::json, false))
      return wrong(in_.used_up() ? "longer than any packet" : "not JSON");
    return packet(reader);
  }

 private:
  std::unexpected<std::string> wrong(const std::string& what) {
    ended_ = true;
    return std::unexpected("packet " + std::to_string(number_ + 1) + ", byte " +
                           std::to_string(in_.position()) +
                           " of the JSON: " + (in_.error.empty() ? what : in_.error));
  }
  void skip_blanks() {
    constexpr std::string_view blanks = " \t\r\n";
    while (!in_.ended() && blanks.find(in_.current()) != blanks.npos) in_.advance();
  }
  char take_mark() {
    skip_blanks();
    if (in_.ended()) return 0;
    const char mark = in_.current();
    in_.advance();
    return mark;
  }

  std::expected<std::optional<Packet>, std::string> packet(const PacketReader& reader) {
    if (!reader.has_frame)
      return wrong("_source.layers.frame_raw is not there; tshark writes it with -T json -x");
    if (!read_hexadecimal(reader.frame, frame_))
      return wrong("_source.layers.frame_raw[0] is not hexadecimal");
    const LinkType link = link_type(reader.encapsulation);
    if (link == LinkType::unknown)
      return wrong("_source.layers.frame.frame.encap_type: packets of type " +
                   reader.encapsulation.substr(0, 8) + " are not understood");
    const std::uint64_t told = number_in(reader.number).value_or(0);
    number_ = std::max(number_ + 1, told < most_packets ? told : 0);
    return Packet{.number = number_,
                  .at_us = time_in(reader.time),
                  .wire_size = std::min<std::uint64_t>(number_in(reader.length).value_or(0),
                                                       capture_limits::packet_bytes),
                  .link = link,
                  .bytes = frame_};
  }

  static constexpr std::uint64_t most_packets = std::uint64_t{1} << 48U;
  Characters in_;
  Bytes frame_;
  std::uint64_t number_ = 0;
  bool begun_ = false;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<PacketSource> open_wireshark_json(std::unique_ptr<BytesIn> bytes) {
  return std::make_unique<JsonSource>(std::move(bytes));
}

}  // namespace conformance
