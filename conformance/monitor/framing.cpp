/// From a record to its PDU, where captures do not tell all that a live conversation does.

#include "conformance/model/anatomy.hpp"
#include "conformance/monitor/watched.hpp"

namespace conformance::watched {

using namespace iscsi::pdu;

namespace {

constexpr std::size_t digest = iscsi::limits::digest_bytes;

/// Which digests a PDU has, from its size and, where one of two is there, by trial.
Digests digests_by_trial(iscsi::wire::ByteView bytes) {
  const auto anatomy = dissect(bytes);
  if (!anatomy) return {};
  return {.header = !anatomy->header_digest.empty(), .data = !anatomy->data_digest.empty()};
}

Digests digests_of(const Connection& connection, const Record& record) {
  const bool by_trial = !connection.agreement_known && connection.in_full_feature();
  return by_trial && record.bytes.size() >= bhs_bytes ? digests_by_trial(record.bytes)
                                                      : connection.digests();
}

/// The bytes without digests: one over bytes that are not there says nothing.
iscsi::wire::Bytes without_digests(const Record& record, Digests digests) {
  iscsi::wire::Bytes bytes = record.bytes;
  const Lengths lengths = lengths_of(iscsi::wire::ByteView{bytes}.first<bhs_bytes>());
  const std::size_t headers = bhs_bytes + lengths.additional_headers;
  if (digests.data && lengths.data > 0 && bytes.size() >= digest)
    bytes.resize(bytes.size() - digest);
  if (digests.header && bytes.size() >= headers + digest)
    bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(headers),
                bytes.begin() + static_cast<std::ptrdiff_t>(headers + digest));
  return bytes;
}

}  // namespace

Reading read_record(const Connection& connection, const Record& record) {
  Reading reading{.framing = Incomplete{}, .digests = digests_of(connection, record)};
  FrameLimits limits{.data = iscsi::limits::data_segment_bytes, .digests = reading.digests};
  iscsi::wire::ByteView bytes = record.bytes;
  if (!record.holes.empty() && bytes.size() >= bhs_bytes) {
    reading.whole = false;
    if (reading.digests.header || reading.digests.data) {
      reading.mended = without_digests(record, reading.digests);
      bytes = reading.mended;
    }
    limits.digests = reading.digests = {};
  }
  reading.framing = next_frame(bytes, limits);
  const auto* framed = std::get_if<Framed>(&reading.framing);
  reading.is_one_pdu = framed != nullptr && framed->consumed == bytes.size();
  return reading;
}

}  // namespace conformance::watched
