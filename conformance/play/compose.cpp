#include "conformance/play/compose.hpp"

#include <array>
#include <cassert>

#include "wire/crc32c.hpp"

namespace conformance {

using namespace iscsi::pdu;
using iscsi::wire::Bytes;
using iscsi::wire::ByteView;

InitiatorPdu usual_pdu(Opcode opcode, const Usual& usual) {
  switch (opcode) {
    case Opcode::scsi_command:
      return ScsiCommand{.lun = usual.lun,
                         .initiator_task_tag = usual.tag,
                         .cmd_sn = usual.cmd_sn,
                         .exp_stat_sn = usual.exp_stat_sn};
    case Opcode::task_management_request:
      return TaskManagementRequest{.lun = usual.lun,
                                   .initiator_task_tag = usual.tag,
                                   .cmd_sn = usual.cmd_sn,
                                   .exp_stat_sn = usual.exp_stat_sn};
    case Opcode::login_request:
      return LoginRequest{.isid = usual.isid,
                          .tsih = usual.tsih,
                          .initiator_task_tag = usual.tag,
                          .cid = usual.cid,
                          .cmd_sn = usual.cmd_sn,
                          .exp_stat_sn = usual.exp_stat_sn};
    case Opcode::text_request:
      return TextRequest{.initiator_task_tag = usual.tag,
                         .cmd_sn = usual.cmd_sn,
                         .exp_stat_sn = usual.exp_stat_sn};
    case Opcode::data_out:
      return DataOut{.initiator_task_tag = usual.tag, .exp_stat_sn = usual.exp_stat_sn};
    case Opcode::logout_request:
      return LogoutRequest{.initiator_task_tag = usual.tag,
                           .cid = usual.cid,
                           .cmd_sn = usual.cmd_sn,
                           .exp_stat_sn = usual.exp_stat_sn};
    case Opcode::snack_request: return SnackRequest{.exp_stat_sn = usual.exp_stat_sn};
    default: break;
  }
  assert(opcode == Opcode::nop_out);
  return NopOut{
      .initiator_task_tag = usual.tag, .cmd_sn = usual.cmd_sn, .exp_stat_sn = usual.exp_stat_sn};
}

bool set_field(InitiatorPdu& pdu, std::string_view name, std::uint64_t value) {
  return std::visit(
      [&]<class P>(P& one) {
        for (const Entry<P>& entry : P::layout())
          if (entry.kind == EntryKind::field && entry.name == name) {
            entry.set(one, value);
            return true;
          }
        return false;
      },
      pdu);
}

namespace {

/// A PDU's parts while they are being spoilt.
struct Parts {
  Bytes headers;
  Bytes data;  ///< with its padding
  bool spoil_header_digest = false;
  bool spoil_data_digest = false;
  std::optional<std::uint64_t> keep;  ///< bytes of the whole
  Bytes behind;
};

/// Does one piece of damage to the parts.
struct Spoiler {
  Parts& parts;
  std::size_t data_length;
  const Variables& known;

  using Result = std::expected<void, std::string>;

  Result operator()(const Damage::Set& damage) const {
    const auto value = damage.is.evaluate(known);
    if (!value) return std::unexpected(value.error());
    insert(std::span{parts.headers}.first(bhs_bytes), damage.place, *value);
    return {};
  }
  Result operator()(const Damage::Padding& damage) const {
    const auto value = damage.byte.evaluate(known);
    if (!value) return std::unexpected(value.error());
    for (std::size_t i = data_length; i < parts.data.size(); ++i)
      parts.data[i] = static_cast<std::byte>(*value);
    return {};
  }
  Result operator()(const Damage::SpoilHeaderDigest&) const {
    parts.spoil_header_digest = true;
    return {};
  }
  Result operator()(const Damage::SpoilDataDigest&) const {
    parts.spoil_data_digest = true;
    return {};
  }
  Result operator()(const Damage::Truncate& damage) const {
    const auto value = damage.bytes.evaluate(known);
    if (!value) return std::unexpected(value.error());
    parts.keep = *value;
    return {};
  }
  Result operator()(const Damage::Append& damage) const {
    auto bytes = make(damage.data, known);
    if (!bytes) return std::unexpected(bytes.error());
    parts.behind = *std::move(bytes);
    return {};
  }
};

void append_digest(Bytes& stream, ByteView covered, bool spoilt) {
  std::array<std::byte, iscsi::limits::digest_bytes> digest{};
  iscsi::wire::store_digest(digest, iscsi::wire::crc32c(covered) ^ (spoilt ? 1U : 0U));
  stream.insert(stream.end(), digest.begin(), digest.end());
}

}  // namespace

std::expected<Bytes, std::string> encode(const Draft& draft, Digests digests,
                                         std::span<const Damage> damage, const Variables& known) {
  Parts parts;
  const Lengths lengths{.additional_headers = draft.additional_headers.size(),
                        .data = draft.data.size()};
  const HeaderBytes header = encode_header(draft.pdu, lengths);
  parts.headers.assign(header.begin(), header.end());
  parts.headers.insert(parts.headers.end(), draft.additional_headers.begin(),
                       draft.additional_headers.end());
  parts.data = draft.data;
  parts.data.resize(parts.data.size() + iscsi::wire::padding(parts.data.size()));
  for (const Damage& one : damage)
    if (const auto done = std::visit(Spoiler{parts, draft.data.size(), known}, one.what); !done)
      return std::unexpected(done.error());

  Bytes stream = parts.headers;
  if (digests.header) append_digest(stream, parts.headers, parts.spoil_header_digest);
  stream.insert(stream.end(), parts.data.begin(), parts.data.end());
  if (digests.data && !parts.data.empty())
    append_digest(stream, parts.data, parts.spoil_data_digest);
  if (parts.keep && *parts.keep < stream.size()) stream.resize(*parts.keep);
  stream.insert(stream.end(), parts.behind.begin(), parts.behind.end());
  return stream;
}

std::uint64_t field_of(ByteView header, std::string_view name) {
  if (name == "Opcode") return extract(header, bits(0, 2, 6));
  if (name == "TotalAHSLength") return extract(header, bytes(4, 1));
  if (name == "DataSegmentLength") return extract(header, bytes(5, 3));
  const Description* pdu = describe(static_cast<std::uint8_t>(extract(header, bits(0, 2, 6))));
  const Field* field = pdu == nullptr ? nullptr : find_field(*pdu, name);
  assert(field != nullptr && field->place.width <= 64);
  return extract(header, field->place);
}

bool has_field(const Description& pdu, std::string_view name) {
  const Field* field = find_field(pdu, name);
  return field != nullptr && field->place.width <= 64;
}

}  // namespace conformance
