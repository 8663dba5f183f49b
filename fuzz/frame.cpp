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
class Shrinking {
 public:
  explicit Shrinking(ByteView bytes) : bytes_(bytes.begin(), bytes.end()) {}
  Shrinking(const Shrinking&) = delete;
  Shrinking& operator=(const Shrinking&) = delete;
  Shrinking(Shrinking&&) = delete;
  Shrinking& operator=(Shrinking&&) = delete;
  ~Shrinking() { ASAN_UNPOISON_MEMORY_REGION(bytes_.data(), bytes_.size()); }

  /// No longer than the one before.
  ByteView first(std::size_t length) {
    ASAN_POISON_MEMORY_REGION(bytes_.data() + length, bytes_.size() - length);
    return ByteView{bytes_}.first(length);
  }

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

/// Frames the first PDU of `stream` in all ways; returns its length, or zero at the end.
std::size_t check_first(ByteView stream, const pdu::FrameLimits& limits) {
  const pdu::Framing whole = pdu::next_frame(stream, limits);
  std::size_t end = stream.size();
  const auto* framed = std::get_if<Framed>(&whole);
  if (framed != nullptr) {
    check_framed(*framed, stream, limits);
    check_padding(framed->frame);
    end = framed->consumed - 1;
  }
  constexpr std::size_t byte_by_byte = 64;  // every field of a header ends before
  Shrinking memory{stream.first(framed != nullptr ? end : std::min(end, byte_by_byte))};
  if (framed != nullptr)
    for (std::size_t left = 0; left < 9 && end > byte_by_byte + left; ++left)
      check_part(memory.first(end - left), whole, limits);
  for (std::size_t bytes = std::min(end, byte_by_byte) + 1; bytes-- > 0;)
    check_part(memory.first(bytes), whole, limits);
  return framed == nullptr ? 0 : framed->consumed;
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
  require(std::ranges::equal(framed->frame.header, pdu.header) &&
              std::ranges::equal(framed->frame.additional_headers, pdu.additional_headers) &&
              std::ranges::equal(framed->frame.data, pdu.data),
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
  ByteView rest = bytes_of(data, size);
  Settings settings{rest};
  const iscsi::pdu::FrameLimits limits = draw_limits(settings);
  for (const InputPdu& pdu : split(rest, 8)) check_sealed(pdu, limits, settings);
  while (!rest.empty()) {
    const std::size_t length = check_first(rest, limits);
    if (length == 0) break;
    rest = rest.subspan(length);
  }
  return 0;
}
