// Holds: pairs are written as they were read; a text in any portions is the whole; every value that
// a decoder accepts is the same value after it was encoded, and within its bounds.

#include <string>

#include "support/entry.hpp"
#include "support/require.hpp"
#include "support/settings.hpp"
#include "text/assembly.hpp"
#include "text/grammar.hpp"
#include "text/keys.hpp"
#include "text/send_targets.hpp"

namespace iscsi::fuzz {
namespace {

using wire::ByteView;

/// Values whose encoding is the only one: what was read has to come back.
void check_words(const text::KeyValue& pair) {
  if (const auto boolean = text::decode_boolean(pair.value))
    require(text::encode_boolean(*boolean) == pair.value, "a boolean has one notation");
  if (const auto list = text::decode_list(pair.value)) {
    std::string joined;
    for (const std::string_view item : *list)
      joined.append(joined.empty() && item.data() == pair.value.data() ? "" : ",").append(item);
    require(joined == pair.value, "a list is its items with commas between them");
  }
  if (!text::check_text_value(pair.value, 0) || !text::check_local_name(pair.value, 0))
    require(pair.value.size() <= limits::text_value_bytes, "a text value is within its limit");
  if (!text::check_iscsi_name(pair.value, 0))
    require(!pair.value.empty() && pair.value.size() <= limits::iscsi_name_bytes &&
                text::is_utf8(pair.value),
            "a name is within its limit");
}

void check_numbers(std::string_view value, std::size_t tag_bytes) {
  const auto number = text::decode_number(value);
  if (number)
    require(text::decode_number(text::encode_number(*number)) == number,
            "a number is read as it was written");
  if (const auto range = text::decode_range(value)) {
    require(range->low <= range->high, "a range begins before it ends");
    if (number)
      require(range->low == *number && range->high == *number, "a number is a range of one");
  }
  if (const auto tag = text::decode_regular_binary(value, 0, tag_bytes))
    require(tag_bytes == 8 || *tag >> (8 * tag_bytes) == 0,
            "a regular binary value has its length");
}

void check_binaries(std::string_view value, std::size_t most) {
  if (const auto bytes = text::decode_binary(value, 0, most)) {
    require(!bytes->empty() && bytes->size() <= most, "a binary value is within its limit");
    require(text::decode_binary(text::encode_hexadecimal(*bytes), 0, most) == bytes &&
                text::decode_binary(text::encode_base64(*bytes), 0, most) == bytes,
            "a binary value is read as it was written, in both notations");
  }
  if (const auto number = text::decode_large_number(value, 0, most)) {
    require(number->empty() || number->front() != std::byte{}, "no leading zero bytes");
    if (const auto small = text::decode_number(value); small && number->size() <= 8)
      require(wire::load_big(*number) == *small, "both readings of a number agree");
  }
}

void check_addresses(const text::KeyValue& pair) {
  if (const auto address = text::decode_address(pair.value)) {
    const std::string encoded = text::encode_address(*address);
    require(text::decode_address(encoded) == address, "an address is read as it was written");
  }
  for (const auto session : {text::SessionType::normal, text::SessionType::discovery}) {
    const auto question = text::decode_send_targets(pair, session);
    if (question && question->kind == text::TargetQuestion::Kind::named)
      require(question->name == pair.value, "a question for a target names it");
  }
}

void check_key(std::string_view name) {
  const auto* key = text::find_key(name);
  if (key != nullptr) require(key->name == name, "a key is found by its exact name");
  if (text::is_standard_label(name))
    require(
        !name.empty() && name.size() <= limits::key_name_bytes && name[0] >= 'A' && name[0] <= 'Z',
        "a standard label begins with a capital, and is within its limit");
  else
    require(key == nullptr, "every key of the table is a standard label");
  if (text::check_key_name(name, 0)) return;
  require(name.size() <= limits::key_name_bytes + 2, "a key name is within its limit");
  require(!name.contains('\0') && !name.contains('='), "and has no delimiter inside");
}

void check_pairs(std::string_view text, Settings& settings) {
  const auto most = settings.one_of<std::size_t>({1, 8, 16, limits::chap_challenge_bytes});
  const std::size_t tag_bytes = 1 + settings.below(8);

  const auto parts = text::split(text);
  const auto pairs = text::parse(text);
  require(parts || !pairs, "what is parsed can be split");
  if (!parts) return require(parts.error().byte <= text.size(), "a breach has a place in the text");
  std::string encoded;
  for (const text::KeyValue& pair : *parts) {
    require(text.substr(pair.byte, pair.key.size()) == pair.key, "a key is where it says");
    text::append_pair(encoded, pair.key, pair.value);
    check_key(pair.key);
    check_words(pair);
    check_numbers(pair.value, tag_bytes);
    check_binaries(pair.value, most);
    check_addresses(pair);
  }
  require(encoded == text, "pairs are written as they were read");
  if (!pairs) return require(pairs.error().byte < text.size(), "a breach has a place in the text");
  if (const auto targets = text::decode_send_targets_response(*pairs)) {
    const std::string response = text::send_targets_response(*targets);
    const auto again = text::parse(response);
    require(again && text::decode_send_targets_response(*again) == targets,
            "a list of targets is read as it was written");
  }
}

/// Hands the text over in portions, and cuts it into portions again.
void check_portions(ByteView input, Settings& settings) {
  text::Assembly assembly;
  ByteView rest = input;
  while (true) {
    const std::size_t cut = settings.below(rest.size() + 1);
    const bool more = !rest.empty() && settings.below(8) != 0;
    const auto whole = assembly.add(more ? rest.first(cut) : rest, more);
    require(whole.has_value(), "a text within the limit is assembled");
    require(assembly.open() == more && whole->has_value() != more,
            "a text is there when its last portion is");
    if (!more) {
      require(**whole == wire::as_text(input), "a text in portions is the whole");
      break;
    }
    rest = rest.subspan(cut);
  }
  text::Segmentation segmentation{std::string{wire::as_text(input)}};
  std::string joined;
  for (bool more = true; more;) {
    const std::size_t room = 1 + settings.below(8192);
    const text::Segment segment = segmentation.next(room);
    require(segment.text.size() <= room, "a portion fits its receiver");
    joined.append(segment.text);
    more = segment.more;
  }
  require(joined == wire::as_text(input), "a text cut into portions is the whole");
}

}  // namespace
}  // namespace iscsi::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace iscsi;
  using namespace iscsi::fuzz;
  if (size > limits::negotiation_text_bytes) return 0;
  const ByteView input = bytes_of(data, size);
  Settings settings{input};
  check_portions(input, settings);
  if (settings.flag()) {
    check_pairs(wire::as_text(input), settings);
  } else {
    // The bare input as one value: no engine has to find the frame of a pair first.
    const std::string_view value = wire::as_text(input.first(std::min<std::size_t>(size, 300)));
    std::string pair;
    text::append_pair(pair, "X-value", value);
    check_pairs(pair, settings);
  }
  return 0;
}
