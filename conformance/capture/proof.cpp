#include "conformance/capture/proof.hpp"

#include <algorithm>

#include "conformance/capture/header_bytes.hpp"
#include "conformance/capture/limits.hpp"
#include "pdu/opcode.hpp"
#include "wire/crc32c.hpp"

namespace conformance {

using iscsi::pdu::bhs_bytes;
using iscsi::pdu::Digests;
using iscsi::pdu::Opcode;
using iscsi::pdu::opcode_of;
using iscsi::wire::ByteView;
using iscsi::wire::load;

namespace {

constexpr std::uint32_t near_numbers = 4096;
constexpr std::uint32_t widest_command_window = 65536;
constexpr std::size_t longest_login = 65536;

/// What is fixed in a PDU: bits of byte 1, and that it has no data.
struct Shape {
  Opcode opcode;
  unsigned mask;
  unsigned value;
  bool has_data = true;
};

// RFC 3720 10.3 to 10.19.
constexpr std::array<Shape, 8> initiator_shapes{{
    {Opcode::nop_out, 0xff, 0x80},
    {Opcode::scsi_command, 0x18, 0x00},
    {Opcode::task_management_request, 0x80, 0x80, false},
    {Opcode::login_request, 0x30, 0x00},
    {Opcode::text_request, 0x3f, 0x00},
    {Opcode::data_out, 0x7f, 0x00},
    {Opcode::logout_request, 0x80, 0x80, false},
    {Opcode::snack_request, 0xf0, 0x80, false},
}};
constexpr std::array<Shape, 10> target_shapes{{
    {Opcode::nop_in, 0xff, 0x80},
    {Opcode::scsi_response, 0xe1, 0x80},
    {Opcode::task_management_response, 0xff, 0x80, false},
    {Opcode::login_response, 0x30, 0x00},
    {Opcode::text_response, 0x3f, 0x00},
    {Opcode::data_in, 0x38, 0x00},
    {Opcode::logout_response, 0xff, 0x80, false},
    {Opcode::ready_to_transfer, 0xff, 0x80, false},
    {Opcode::async_message, 0xff, 0x80},
    {Opcode::reject, 0xff, 0x80},
}};

/// By operation code; for one that has no shape, a value that its bits cannot have.
template <std::size_t N>
consteval std::array<Shape, 64> by_operation_code(const std::array<Shape, N>& shapes) {
  std::array<Shape, 64> table{};
  table.fill({.opcode = {}, .mask = 0, .value = 1});
  for (const Shape& shape : shapes) table.at(static_cast<std::size_t>(shape.opcode)) = shape;
  return table;
}
constexpr auto initiator_table = by_operation_code(initiator_shapes);
constexpr auto target_table = by_operation_code(target_shapes);

std::size_t data_length(ByteView header) { return load<3>(header, 5); }

bool is_near(std::uint32_t one, std::uint32_t other, std::uint32_t distance) {
  return one - other + distance <= 2 * distance;
}

bool has_cmd_sn(Opcode opcode) {
  return opcode != Opcode::data_out && opcode != Opcode::snack_request;
}

/// 10.7.3, 10.8: Data-In has StatSN with its S bit only, R2T only quotes it.
bool has_stat_sn(ByteView header) {
  const Opcode opcode = opcode_of(header);
  return opcode != Opcode::ready_to_transfer &&
         (opcode != Opcode::data_in || (at(header, 1) & 1U) != 0);
}

std::uint32_t number(ByteView header, std::size_t offset) {
  return static_cast<std::uint32_t>(load<4>(header, offset));
}

bool is_plausible_request(ByteView header) {
  const Opcode opcode = opcode_of(header);
  if (opcode != Opcode::scsi_command && at(header, 4) != 0) return false;
  if (opcode == Opcode::scsi_command || opcode == Opcode::text_request ||
      opcode == Opcode::data_out || opcode == Opcode::nop_out)
    if (load<2>(header, 2) != 0) return false;
  if (opcode == Opcode::login_request) return data_length(header) <= longest_login;
  // 10.7: bytes 24 to 27 and 32 to 35 are reserved.
  return opcode != Opcode::data_out || (number(header, 24) == 0 && number(header, 32) == 0);
}

/// The states of a walk over PDUs: it has come to something that is none, or to the end.
struct Walk {
  bool is_broken = false;
  std::size_t pdus = 0;
  bool by_digest = false;
};

bool data_is_intact(ByteView behind, std::size_t length) {
  const std::size_t padded = length + iscsi::wire::padding(length);
  return iscsi::wire::crc32c(behind.first(padded)) ==
         iscsi::wire::load_digest(behind.subspan(padded, iscsi::limits::digest_bytes));
}

/// What is readable of a stream.
struct Ground {
  ByteView bytes;
  std::vector<Hole> holes;
};

/// From `offset` over PDUs as long as they are plausible.
Walk walk(const Ground& ground, std::size_t offset, Role role, Digests digests, Effort& effort) {
  Walk result;
  const auto& [bytes, holes] = ground;
  const auto has_hole = [&](std::size_t from, std::size_t to) {
    effort.spend(holes.size());
    return std::ranges::any_of(holes, [&](const Hole& hole) {
      return hole.offset < to && from < std::size_t{hole.offset} + hole.length;
    });
  };
  while (result.pdus < capture_limits::proof_pdus) {
    if (offset + bhs_bytes > bytes.size()) return result;
    const ByteView header = bytes.subspan(offset, bhs_bytes);
    effort.spend(bhs_bytes);
    if (has_hole(offset, offset + bhs_bytes))
      return result.pdus > 0 ? result : Walk{.is_broken = true};
    if (!is_plausible(role, header)) return {.is_broken = true};
    std::size_t front = bhs_bytes + std::size_t{at(header, 4)} * 4;
    if (digests.header) {
      if (offset + front + iscsi::limits::digest_bytes > bytes.size()) return result;
      const auto digest = bytes.subspan(offset + front, iscsi::limits::digest_bytes);
      if (!has_hole(offset, offset + front + iscsi::limits::digest_bytes)) {
        if (iscsi::wire::crc32c(bytes.subspan(offset, front)) != iscsi::wire::load_digest(digest))
          return {.is_broken = true};
        result.by_digest = true;
      }
      front += iscsi::limits::digest_bytes;
    }
    const std::size_t data = data_length(header);
    const std::size_t behind = iscsi::pdu::bytes_behind_front({.data = data}, digests);
    const std::size_t end = offset + front + behind;
    if (end > bytes.size()) return result;
    if (digests.data && data > 0 && !has_hole(offset + front, end)) {
      effort.spend(behind);
      if (!data_is_intact(bytes.subspan(offset + front, behind), data)) return {.is_broken = true};
      result.by_digest = true;
    }
    ++result.pdus;
    offset = end;
  }
  return result;
}

/// The best reading of what begins at `offset`; nothing if every one breaks.
std::optional<Candidate> candidate_at(const Ground& ground, std::size_t offset, Role role,
                                      const std::vector<Digests>& digests, const Numbers& numbers,
                                      Effort& effort) {
  std::optional<Candidate> best;
  for (const Digests pair : digests) {
    const Walk walked = walk(ground, offset, role, pair, effort);
    if (walked.is_broken) continue;
    if (best && (best->by_digest >= walked.by_digest && best->pdus >= walked.pdus)) continue;
    best = Candidate{
        .offset = offset, .digests = pair, .pdus = walked.pdus, .by_digest = walked.by_digest};
  }
  if (best) best->by_numbers = numbers.fit(role, ground.bytes.subspan(offset, bhs_bytes));
  return best;
}

}  // namespace

bool is_plausible(Role role, ByteView header) {
  const unsigned first = at(header, 0);
  // Bit 0 is reserved (10.2.1.1), and the I bit is the initiator's.
  if ((first & (role == Role::initiator ? 0x80U : 0xc0U)) != 0) return false;
  const auto& table = role == Role::initiator ? initiator_table : target_table;
  const Shape& shape = table[first & 0x3fU];
  if ((at(header, 1) & shape.mask) != shape.value) return false;
  const std::size_t data = data_length(header);
  if (data > capture_limits::proved_data_bytes || (data > 0 && !shape.has_data)) return false;
  if (role == Role::initiator) return is_plausible_request(header);
  // 3.2.2.1: MaxCmdSN is not below ExpCmdSN - 1.
  return at(header, 4) == 0 && number(header, 32) - number(header, 28) + 1 <= widest_command_window;
}

bool is_login_request(ByteView header) {
  return opcode_of(header) == Opcode::login_request && is_plausible(Role::initiator, header);
}

void Numbers::take(Role role, ByteView header) {
  const Opcode opcode = opcode_of(header);
  if (role == Role::initiator) {
    stat_sn = number(header, 28);
    if (has_cmd_sn(opcode)) cmd_sn = number(header, 24);
    return;
  }
  cmd_sn = number(header, 28);
  if (has_stat_sn(header)) stat_sn = number(header, 24);
}

bool Numbers::fit(Role role, ByteView header) const {
  if (!cmd_sn || !stat_sn) return false;
  if (role == Role::initiator)
    return is_near(number(header, 28), *stat_sn, near_numbers) &&
           (!has_cmd_sn(opcode_of(header)) || is_near(number(header, 24), *cmd_sn, near_numbers));
  return is_near(number(header, 28), *cmd_sn, near_numbers) &&
         (!has_stat_sn(header) || is_near(number(header, 24), *stat_sn, near_numbers));
}

std::optional<Candidate> Search::run(const Stream& stream, Role role,
                                     const std::vector<Digests>& digests, const Numbers& numbers,
                                     Effort& effort) {
  const Ground ground{.bytes = stream.readable(),
                      .holes = stream.holes_before(stream.readable().size())};
  effort.spend(ground.holes.size());
  auto hole = ground.holes.begin();
  for (; rejected_ + bhs_bytes <= ground.bytes.size(); ++rejected_) {
    // No header begins where bytes of it are missing.
    while (hole != ground.holes.end() && hole->offset < rejected_ + bhs_bytes) {
      rejected_ = std::max(rejected_, std::size_t{hole->offset} + hole->length);
      ++hole;
    }
    if (rejected_ + bhs_bytes > ground.bytes.size()) break;
    if (!is_plausible(role, ground.bytes.subspan(rejected_, bhs_bytes))) continue;
    const auto found = candidate_at(ground, rejected_, role, digests, numbers, effort);
    if (effort.is_used_up()) {
      rejected_ = ground.bytes.size();
      return std::nullopt;
    }
    if (found) return found;
  }
  return std::nullopt;
}

std::vector<Digests> any_digests() {
  return {{.header = false, .data = false},
          {.header = true, .data = true},
          {.header = true, .data = false},
          {.header = false, .data = true}};
}

}  // namespace conformance
