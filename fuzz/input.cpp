// Holds: however the bytes arrive, a connection's input cuts the same PDUs out of them as the
// framer does out of the whole, and holds no more memory than one PDU and its buffer.

#include <algorithm>
#include <cstring>
#include <variant>
#include <vector>

#include "session/input.hpp"
#include "support/entry.hpp"
#include "support/pdu_stream.hpp"
#include "support/require.hpp"
#include "support/settings.hpp"

namespace iscsi::fuzz {
namespace {

using pdu::Framed;
using wire::ByteView;

/// A stream as it is, or its PDUs with digests, at times with long data.
wire::Bytes draw_stream(ByteView input, Settings& settings, const pdu::FrameLimits& limits) {
  if (!settings.flag()) return {input.begin(), input.end()};
  std::vector<InputPdu> pdus = split(input);
  if (settings.one_in(8))
    for (InputPdu& pdu : pdus) pdu.swell(limits::long_segment_bytes - 2 + pdu.data.size() % 8);
  return join(pdus, limits.digests);
}

/// Compares what the input gives with the next PDU of the whole stream, and steps over it.
void check_arrived(const Framed& arrived, ByteView& rest, const pdu::FrameLimits& limits) {
  const auto framing = pdu::next_frame(rest, limits);
  const auto* expected = std::get_if<Framed>(&framing);
  require(expected != nullptr, "the input finds no PDU where the framer finds none");
  require(arrived.consumed == expected->consumed && arrived.data_intact == expected->data_intact &&
              same_bytes(arrived.frame.header, expected->frame.header) &&
              same_bytes(arrived.frame.additional_headers, expected->frame.additional_headers) &&
              same_bytes(arrived.frame.data, expected->frame.data) &&
              same_bytes(arrived.frame.padding, expected->frame.padding),
          "the input finds the framer's PDUs");
  rest = rest.subspan(expected->consumed);
}

/// Everything that can be framed now; false after a breach.
bool drain(session::Input& input, ByteView& rest, const pdu::FrameLimits& limits) {
  while (true) {
    const auto next = input.next(limits);
    if (std::holds_alternative<pdu::Incomplete>(next)) return true;
    if (const auto* violation = std::get_if<Violation>(&next)) {
      const auto framing = pdu::next_frame(rest, limits);
      const auto* expected = std::get_if<Violation>(&framing);
      require(expected != nullptr && *expected == *violation, "both find the same breach");
      return false;
    }
    check_arrived(std::get<session::Arrived>(next).framed, rest, limits);
  }
}

/// Puts the next bytes where the input wants them; returns how many.
std::size_t fill(session::Input& input, ByteView arriving) {
  std::size_t moved = 0;
  for (const std::span<std::byte> room : input.space()) {
    const std::size_t length = std::min(room.size(), arriving.size() - moved);
    if (length > 0) std::memcpy(room.data(), arriving.data() + moved, length);
    moved += length;
  }
  input.filled(moved);
  return moved;
}

}  // namespace
}  // namespace iscsi::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace iscsi;
  using namespace iscsi::fuzz;
  const ByteView bytes = bytes_of(data, size);
  Settings settings{bytes};
  const pdu::FrameLimits limits{
      .data = settings.one_of<std::size_t>({512, 8192, limits::received_data_segment_bytes}),
      .digests = {.header = settings.flag(), .data = settings.flag()}};
  const wire::Bytes stream = draw_stream(bytes, settings, limits);
  // Long data does not come byte by byte, but in some two thousand pieces at the most.
  const std::size_t longest =
      std::max(settings.one_of<std::size_t>({1, 16, 600, 40000}), stream.size() / 1024);

  session::Input input;
  if (settings.flag())
    input.expect_traffic(settings.one_of<std::size_t>({512, limits::input_bytes}));
  const std::size_t bound = limits::input_bytes + pdu::bhs_bytes +
                            limits::additional_headers_bytes +
                            2 * (limits.data + 3 + limits::digest_bytes);
  ByteView to_come = stream, rest = stream;
  while (!to_come.empty()) {
    const std::size_t cut = 1 + settings.below(longest);
    const std::size_t moved = fill(input, to_come.first(std::min(cut, to_come.size())));
    require(moved > 0, "there is always room for another byte");
    require(input.held_bytes() <= bound, "the input holds one PDU and its buffer at the most");
    to_come = to_come.subspan(moved);
    if (!drain(input, rest, limits)) return 0;
    require(input.has_partial_pdu() == (rest.size() != to_come.size()),
            "it knows whether it is in the middle of a PDU");
  }
  return 0;
}
