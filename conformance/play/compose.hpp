#pragma once

/// From a PDU as a story wants it to its bytes: a valid PDU, then the damage.

#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/story/story.hpp"
#include "pdu/codec.hpp"

namespace conformance {

/// The numbers and names that a correct initiator puts into its next PDU.
struct Usual {
  iscsi::wire::Isid isid{};
  iscsi::wire::Tsih tsih{};
  iscsi::wire::Cid cid{};
  iscsi::wire::Lun lun{};
  iscsi::wire::InitiatorTaskTag tag{};  ///< one that is free
  iscsi::wire::CmdSN cmd_sn{};
  iscsi::wire::StatSN exp_stat_sn{};
};

/// A PDU of that kind with the usual values; the opcode is an initiator's.
[[nodiscard]] iscsi::pdu::InitiatorPdu usual_pdu(iscsi::pdu::Opcode opcode, const Usual& usual);

/// Sets a field by its RFC name; false if the PDU has no such field that can be set.
[[nodiscard]] bool set_field(iscsi::pdu::InitiatorPdu& pdu, std::string_view name,
                             std::uint64_t value);

/// A PDU on its way out.
struct Draft {
  iscsi::pdu::InitiatorPdu pdu;
  iscsi::wire::Bytes additional_headers;
  iscsi::wire::Bytes data;
};

/// The bytes of `draft`, spoilt as `damage` says. Errors: a name without a value.
[[nodiscard]] std::expected<iscsi::wire::Bytes, std::string> encode(const Draft& draft,
                                                                    iscsi::pdu::Digests digests,
                                                                    std::span<const Damage> damage,
                                                                    const Variables& known);

/// The number in a field of a header, by its RFC name; the framer's fields included. The name is
/// known to exist.
[[nodiscard]] std::uint64_t field_of(iscsi::wire::ByteView header, std::string_view name);
/// Whether a header of that opcode has the field.
[[nodiscard]] bool has_field(const iscsi::pdu::Description& pdu, std::string_view name);

}  // namespace conformance
