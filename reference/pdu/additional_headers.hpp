#pragma once

/// Additional header segments (RFC 3720 10.2.2): a SCSI Command may carry the bytes of a long CDB
/// behind the sixteenth, and the read length of a bidirectional command. Nothing else has any.

#include <expected>
#include <optional>
#include <vector>

#include "rules/rule.hpp"
#include "wire/bytes.hpp"

namespace iscsi::pdu {

struct AdditionalHeaders {
  wire::ByteView extended_cdb{};                           ///< CDB bytes from the 17th on
  std::optional<std::uint32_t> bidirectional_read_length;  ///< bytes

  [[nodiscard]] bool empty() const {
    return extended_cdb.empty() && !bidirectional_read_length.has_value();
  }
};

/// Reads the AHS area of a SCSI Command. `Violation::byte` counts from the start of the PDU.
/// Errors: a segment that runs past the area, a reserved type, a type that comes twice, a length
/// that its type does not allow.
[[nodiscard]] std::expected<AdditionalHeaders, Violation> decode_additional_headers(
    wire::ByteView area);

/// Reserved bits and padding that are not zero, in the order of the bytes, up to a segment that
/// runs past the area.
[[nodiscard]] std::vector<Violation> audit_additional_headers(wire::ByteView area);

/// The AHS area for these; empty when there are none.
[[nodiscard]] wire::Bytes encode_additional_headers(const AdditionalHeaders& headers);

}  // namespace iscsi::pdu
