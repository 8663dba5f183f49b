// Holds: a stream is cut into the same PDUs however much of it is there; what is incomplete asks
// for no more than its PDU has; nothing behind the bytes given is read; nothing longer than the
// limits passes; where there are digests, a wrong bit is noticed; padding that is not zero is told.

#include <sanitizer/asan_interface.h>

#include <algorithm>
#include <variant>

#include "pdu/codec.hpp"
#include "support/entry.hpp"
#include "support/pdu_stream.hpp"
#include "support/require.hpp"
#include "support/settings.hpp"

namespace iscsi::fuzz {
namespace {

using pdu::Framed;
using pdu::Incomplete;
using wire::ByteView;

pdu::FrameLimits draw_limits(Settings& settings) {
  return {.additional_headers = settings.one_of<std::size_t>({0, 8, 64, 1020}),
          .data = settings.one_of<std::size_t>({0, 512, 8192, limits::data_segment_bytes}),
          .digests = {.header = settings.flag(), .data = settings.flag()}};
}

void check_framed(const Framed& framed, ByteView stream, const pdu::FrameLimits& limits) {
  const pdu::Frame& frame = framed.frame;
  require(framed.consumed <= stream.size(), "a PDU ends inside the stream");
  require(frame.additional_headers.size() <= limits.additional_headers &&
              frame.data.size() <= limits.data,
          "no segment exceeds its limit");
  require(frame.data.size() + frame.padding.size() ==
              frame.data.size() + wire::padding(frame.data.size()),
          "padding fills the last word");
  const auto digests =
      (limits.digests.header ? 4U : 0U) + (limits.digests.data && !frame.data.empty() ? 4U : 0U);
  require(framed.consumed == frame.header.size() + frame.additional_headers.size() +
                                 frame.data.size() + frame.padding.size() + digests,
          "the parts of a PDU are all of it");
}

/// Padding is looked at by nobody but the audit.
void check_padding(const pdu::Frame& frame) {
  const auto breaches = pdu::audit(frame);
  for (std::size_t i = 0; i < frame.padding.size(); ++i) {
    const std::size_t byte =
        pdu::bhs_bytes + frame.additional_headers.size() + frame.data.size() + i;
    const bool is_told = std::ranges::any_of(breaches, [byte](const Violation& breach) {
      return breach.rule == Rule::padding_is_zero && breach.byte == byte;
    });
    require(is_told == (frame.padding[i] != std::byte{}), "padding that is not zero is told");
  }
}

/// Memory that ends where a part ends: what lies behind is poisoned, where there is ASan. An
/// allocation for each part would be most of what an execution takes.
class Parts {
 public:
  explicit Parts(ByteView bytes) : bytes_(bytes.begin(), bytes.end()) {}
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;
  Parts(Parts&&) = delete;
  Parts& operator=(Parts&&) = delete;
  ~Parts() { ASAN_UNPOISON_MEMORY_REGION(bytes_.data(), bytes_.size()); }

  /// Good until the next one.
  ByteView part(std::size_t begin, std::size_t length) {
    ASAN_UNPOISON_MEMORY_REGION(bytes_.data() + begin, length);
    ASAN_POISON_MEMORY_REGION(bytes_.data() + begin + length, bytes_.size() - begin - length);
    return ByteView{bytes_}.subspan(begin, length);
  }
  ByteView from(std::size_t begin) { return part(begin, bytes_.size() - begin); }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }

 private:
  wire::Bytes bytes_;
};

/// What a shorter part of the stream gives.
void check_part(ByteView part, const pdu::Framing& whole, const pdu::FrameLimits& limits) {
  const pdu::Framing read = pdu::next_frame(part, limits);
  if (const auto* violation = std::get_if<Violation>(&read)) {
    const auto* expected = std::get_if<Violation>(&whole);
    require(expected != nullptr && *violation == *expected,
            "what is wrong in a part is wrong in the whole");
  } else if (const auto* incomplete = std::get_if<Incomplete>(&read)) {
    require(incomplete->bytes_needed > part.size(), "an incomplete PDU needs more than it has");
    if (const auto* framed = std::get_if<Framed>(&whole))
      require(incomplete->bytes_needed <= framed->consumed, "and no more than the whole PDU");
  } else {
    require(false, "a PDU is not complete before its last byte");
  }
}

/// Frames the PDU that begins there and parts of it; returns where it ends, or the stream does.
std::size_t check_pdu_at(std::size_t begin, Parts& stream, const pdu::FrameLimits& limits,
                         Settings& settings) {
  const ByteView rest = stream.from(begin);
  const pdu::Framing whole = pdu::next_frame(rest, limits);
  std::size_t end = rest.size();
  const auto* framed = std::get_if<Framed>(&whole);
  if (framed != nullptr) {
    check_framed(*framed, rest, limits);
    check_padding(framed->frame);
    end = framed->consumed - 1;
  }
  // All but the last byte, then less and less, to nothing: the digests and the padding are in steps
  // of a few bytes, what is before them in larger ones.
  for (std::size_t bytes = end, step = 1;; bytes -= std::min(bytes, step)) {
    check_part(stream.part(begin, bytes), whole, limits);
    if (bytes == 0) break;
    step = 1 + settings.below(bytes + 16 > end ? 4 : 32);
  }
  return framed == nullptr ? stream.size() : begin + framed->consumed;
}

/// A PDU sealed by the encoder is framed as what it was; with one bit turned it is not.
void check_sealed(const InputPdu& pdu, const pdu::FrameLimits& limits, Settings& settings) {
  wire::Bytes stream;
  pdu::append(stream, pdu.header, pdu.additional_headers, pdu.data, limits.digests);
  const auto framing = pdu::next_frame(stream, limits);
  if (std::holds_alternative<Violation>(framing)) return;  // too long for these limits
  const auto* framed = std::get_if<Framed>(&framing);
  require(framed != nullptr && framed->consumed == stream.size() && framed->data_intact,
          "what the encoder has sealed is whole");
  require(same_bytes(framed->frame.header, pdu.header) &&
              same_bytes(framed->frame.additional_headers, pdu.additional_headers) &&
              same_bytes(framed->frame.data, pdu.data),
          "and holds what was put in");

  const std::size_t headers = pdu::bhs_bytes + pdu.additional_headers.size();
  const std::size_t sealed_headers = headers + (limits.digests.header ? 4U : 0U);
  const std::size_t at = settings.below(stream.size());
  if (at == 4) return;  // TotalAHSLength tells where the digest is
  stream[at] ^= static_cast<std::byte>(1U << settings.below(8));
  const auto damaged = pdu::next_frame(stream, limits);
  if (limits.digests.header && at < sealed_headers)
    require(std::holds_alternative<Violation>(damaged) &&
                std::get<Violation>(damaged).rule == Rule::header_digest_matches,
            "a wrong bit in the headers is noticed");
  if (limits.digests.data && at >= sealed_headers)
    require(std::holds_alternative<Framed>(damaged) && !std::get<Framed>(damaged).data_intact,
            "a wrong bit in the data is noticed");
}

}  // namespace
}  // namespace iscsi::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace iscsi::fuzz;
  const ByteView input = bytes_of(data, size);
  Settings settings{input};
  const iscsi::pdu::FrameLimits limits = draw_limits(settings);
  for (const InputPdu& pdu : split(input, 8)) check_sealed(pdu, limits, settings);
  Parts stream{input};
  for (std::size_t at = 0; at < size;) at = check_pdu_at(at, stream, limits, settings);
  return 0;
}
