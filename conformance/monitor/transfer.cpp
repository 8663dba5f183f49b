/// The data of SCSI commands (RFC 3720 3.2.4.2, 10.3, 10.4, 10.7, 10.8).

#include <algorithm>

#include "conformance/monitor/watched.hpp"
#include "pdu/additional_headers.hpp"

namespace conformance::watched {

using iscsi::Rule;

namespace {

constexpr std::uint8_t status_good = 0;

auto bytes_text(std::uint64_t from, std::uint64_t to) {
  return [=] { return "bytes " + std::to_string(from) + " to " + std::to_string(to); };
}

auto bytes_of_text(std::uint64_t from, std::uint64_t to, std::uint64_t all) {
  return [=] { return bytes_text(from, to)() + " of " + std::to_string(all); };
}

auto limit_text(std::string_view key, std::uint64_t limit) {
  return [=] { return std::string{key} + " is " + std::to_string(limit); };
}

/// The bytes that the initiator may be solicited for, or has been: has any of them arrived?
bool was_received(const Task& task, std::uint64_t from, std::uint64_t to) {
  if (from < task.unsolicited_end) return true;
  return std::ranges::any_of(task.solicitations, [&](const Solicitation& one) {
    return one.answered && from < one.offset + one.length && one.offset < to;
  });
}

/// Above recovery level 0 an R2T may come again, or ask for part of an earlier one's range anew
/// (6.7, 6.8, 10.8): what it repeats is settled by it, and the rest of the task is left alone.
bool recovers(const Parameters& agreed, Task& task, std::uint64_t from, std::uint64_t to) {
  if (agreed.error_recovery_level == 0) return false;
  bool any = false;
  for (Solicitation& one : task.solicitations)
    if (from < one.offset + one.length && one.offset < to) any = one.answered = true;
  task.disturbed = task.disturbed || any;
  return any;
}

struct Residual {
  bool overflow = false;
  bool underflow = false;
  std::uint64_t count = 0;
};

/// Whether flags and count tell how `moved` differs from `expected`, both in bytes.
bool is_exact(const Residual& residual, std::uint64_t expected, std::uint64_t moved, bool read) {
  if (residual.overflow) return moved == expected && residual.count > 0;
  if (!residual.underflow) return moved == expected;
  // What was written may be less than what was sent; what was read is what came.
  const std::uint64_t processed = expected - residual.count;
  return residual.count > 0 && residual.count <= expected &&
         (read ? processed == moved : processed <= moved);
}

std::string residual_text(const Residual& residual, std::uint64_t expected, std::uint64_t moved) {
  return std::to_string(moved) + " of " + std::to_string(expected) + " bytes moved; residual " +
         (residual.underflow ? "U " : "") + (residual.overflow ? "O " : "") +
         std::to_string(residual.count);
}

void check_residual(Look& look, const Task& task, const Residual& residual) {
  if (task.disturbed) return;
  const bool read = !task.writes;  // 10.4.5: of the written part where both are done
  const std::uint64_t moved = read ? task.bytes_in : task.bytes_out;
  look.check(Rule::residual_count_is_exact, is_exact(residual, task.expected, moved, read), 44,
             residual.count, [&] { return residual_text(residual, task.expected, moved); });
}

/// 10.4.6.
void check_read_residual(Look& look, const Task& task, const Residual& residual) {
  if (task.disturbed || !task.reads || !task.writes) return;
  look.check(Rule::bidirectional_read_residual_is_exact,
             is_exact(residual, task.expected_in, task.bytes_in, true), 40, residual.count,
             [&] { return residual_text(residual, task.expected_in, task.bytes_in); });
}

void check_waited(Look& look, const Task& task) {
  if (!task.writes || task.disturbed) return;
  const bool waiting = task.unsolicited_open ||
                       std::ranges::any_of(task.solicitations,
                                           [](const Solicitation& one) { return !one.answered; });
  look.check(Rule::status_waits_for_data, !waiting, 3, task.solicitations.size());
}

/// INQUIRY with EVPD, page 83h (SPC-3).
bool asks_device_identification(std::span<const std::byte> header) {
  constexpr std::size_t cdb = 32;
  return header[cdb] == std::byte{0x12} && header[cdb + 1] == std::byte{1} &&
         header[cdb + 2] == std::byte{0x83};
}

void note_open_r2t(Connection& connection, std::uint32_t tag) {
  constexpr std::size_t most = 4096;
  connection.open_r2ts.push_back({.tag = tag, .place = connection.r2ts});
  if (connection.open_r2ts.size() > most) connection.open_r2ts.pop_front();
}

void add(Sequence& sequence, const Pdu& pdu) {
  sequence.next_data_sn = pdu.word(36) + 1;
  sequence.bytes += pdu.data_bytes();
  sequence.end = pdu.word(40) + pdu.data_bytes();
}

}  // namespace

void note_command(Connection& connection, Task& task, const Pdu& pdu) {
  const Parameters& agreed = connection.agreed;
  task.reads = pdu.bit(1, 1);
  task.writes = pdu.bit(1, 2);
  task.expected = pdu.word(20);
  task.bytes_out = pdu.data_bytes();
  task.unsolicited_end = pdu.data_bytes();
  task.unsolicited.end = task.unsolicited.bytes = pdu.data_bytes();
  task.unsolicited_open = task.writes && !pdu.final();
  const bool illegal = (pdu.data_bytes() > 0 && (!agreed.immediate_data || !task.writes)) ||
                       pdu.data_bytes() > std::min(agreed.first_burst_length, task.expected) ||
                       (task.unsolicited_open && agreed.initial_r2t) ||
                       (task.expected > 0 && !task.reads && !task.writes);
  task.disturbed = task.disturbed || illegal;
  task.names_devices = asks_device_identification(pdu.frame.header);
  if (!task.reads || !task.writes) return;
  const auto headers = iscsi::pdu::decode_additional_headers(pdu.frame.additional_headers);
  task.disturbed = task.disturbed || !pdu.whole || !headers || !headers->bidirectional_read_length;
  if (!task.disturbed) task.expected_in = *headers->bidirectional_read_length;
}

void note_data_out(Connection& connection, const Pdu& pdu, bool damaged) {
  const auto found = connection.tasks.find(pdu.tag());
  if (found == connection.tasks.end()) return;
  Task& task = found->second;
  const std::uint64_t offset = pdu.word(40);
  const std::uint64_t end = offset + pdu.data_bytes();
  task.disturbed = task.disturbed || damaged || end > task.expected;
  task.bytes_out += pdu.data_bytes();
  if (pdu.transfer_tag() == no_tag) {
    // 10.3.4: up to FirstBurstLength or to the end of the data.
    const std::uint64_t due = std::min(connection.agreed.first_burst_length, task.expected);
    const bool legal = task.unsolicited_open && (pdu.final() ? end == due : end <= due);
    task.disturbed = task.disturbed || !legal || offset != task.unsolicited_end;
    task.unsolicited_end = std::max(task.unsolicited_end, end);
    add(task.unsolicited, pdu);
    connection.last_unsolicited = std::max(connection.last_unsolicited, task.place);
    if (pdu.final()) task.unsolicited_open = false;
    return;
  }
  for (Solicitation& one : task.solicitations)
    if (one.transfer_tag == pdu.transfer_tag() && !one.answered) {
      const bool inside = offset >= one.offset && end <= one.offset + one.length;
      task.disturbed = task.disturbed || !inside;
      one.answered = pdu.final();
      add(one.data, pdu);
      return;
    }
  task.disturbed = true;
}

void check_data_in(Look& look, Connection& connection, Task& task, const Pdu& pdu) {
  const Parameters& agreed = connection.agreed;
  const std::uint64_t offset = pdu.word(40);
  const std::uint64_t end = offset + pdu.data_bytes();
  look.check(Rule::data_in_answers_a_read, task.reads, 0, 0x25);
  const std::uint32_t data_sn = pdu.word(36);
  look.check(Rule::data_in_sn_counts_up, data_sn == task.next_data_sn, 36, data_sn,
             expected("DataSN", data_sn, task.next_data_sn));
  task.next_data_sn = data_sn + 1;
  ++task.data_ins;
  look.check(Rule::acknowledge_bit_needs_recovery_level,
             !pdu.bit(1, 1) || agreed.error_recovery_level > 0, 1,
             std::to_integer<std::uint64_t>(pdu.frame.header[1]));
  if (pdu.bit(1, 1) && pdu.transfer_tag() != no_tag)
    look.check(Rule::data_in_repeats_lun, pdu.number<8>(8) == task.lun, 8, pdu.number<8>(8));
  const std::uint64_t readable = task.writes ? task.expected_in : task.expected;
  if (task.reads && !(task.writes && task.disturbed))
    look.check(Rule::data_in_is_within_expected_length, end <= readable, 40, offset,
               bytes_of_text(offset, end, readable));
  if (task.names_devices && pdu.whole) check_device_names(look, connection, task, pdu);
  if (pdu.data_bytes() > 0) {
    const bool ordered =
        task.in_sequence ? agreed.data_pdu_in_order : agreed.data_sequence_in_order;
    const std::uint64_t before = task.in_sequence ? task.sequence_end : task.input_end;
    if (ordered)
      look.check(Rule::data_in_keeps_order, offset >= before, 40, offset,
                 [&] { return "the data before reached to " + std::to_string(before); });
  }
  if (!task.in_sequence) task.sequence_bytes = 0;
  task.sequence_bytes += pdu.data_bytes();
  task.sequence_end = end;
  task.input_end = std::max(task.input_end, end);
  task.bytes_in += pdu.data_bytes();
  task.in_sequence = !pdu.final();
  look.check(Rule::data_in_sequence_is_within_max_burst,
             task.sequence_bytes <= agreed.max_burst_length, 5, task.sequence_bytes,
             limit_text("MaxBurstLength", agreed.max_burst_length));
  if (!pdu.bit(1, 7)) return;
  task.done = true;
  look.check(Rule::bidirectional_status_has_its_own_response, !(task.reads && task.writes), 1,
             std::to_integer<std::uint64_t>(pdu.frame.header[1]));
  if (pdu.number<1>(3) == status_good)
    check_residual(look, task,
                   {.overflow = pdu.bit(1, 5), .underflow = pdu.bit(1, 6), .count = pdu.word(44)});
}

void check_r2t(Look& look, Connection& connection, Task& task, const Pdu& pdu) {
  const Parameters& agreed = connection.agreed;
  const std::uint64_t offset = pdu.word(40);
  const std::uint64_t length = pdu.word(44);
  const std::uint64_t end = offset + length;
  look.check(Rule::r2t_answers_a_write, task.writes, 0, 0x31);
  look.check(Rule::r2t_repeats_lun, pdu.number<8>(8) == task.lun, 8, pdu.number<8>(8));
  const std::uint32_t r2t_sn = pdu.word(36);
  if (recovers(agreed, task, offset, end) && r2t_sn < task.next_data_sn) return;  // sent again
  look.check(Rule::r2t_sn_counts_up, r2t_sn == task.next_data_sn, 36, r2t_sn,
             expected("R2TSN", r2t_sn, task.next_data_sn));
  task.next_data_sn = r2t_sn + 1;
  ++task.r2ts;
  look.check(Rule::r2t_is_within_expected_length, end <= task.expected, 40, offset,
             bytes_of_text(offset, end, task.expected));
  look.check(Rule::r2t_is_within_max_burst, length <= agreed.max_burst_length, 44, length,
             limit_text("MaxBurstLength", agreed.max_burst_length));
  if (!task.disturbed) {
    if (agreed.data_sequence_in_order && !task.solicitations.empty()) {
      const Solicitation& last = task.solicitations.back();
      look.check(Rule::r2ts_are_continuous, offset == last.offset + last.length, 40, offset, [&] {
        return "the R2T before reached to " + std::to_string(last.offset + last.length);
      });
    }
    const bool again = was_received(task, offset, end);
    look.check(Rule::received_data_is_not_asked_again, !again, 40, offset, bytes_text(offset, end));
    task.disturbed = again;  // the bytes sent do not tell how much was moved any more
  }
  forget_answered(task);
  task.solicitations.push_back({.transfer_tag = pdu.transfer_tag(),
                                .offset = offset,
                                .length = length,
                                .lun = pdu.number<8>(8),
                                .place = ++connection.r2ts,
                                .data = {.end = offset}});
  note_open_r2t(connection, pdu.tag());
  if (task.disturbed) return;
  const auto open = static_cast<std::uint64_t>(
      std::ranges::count(task.solicitations, false, &Solicitation::answered));
  look.check(Rule::outstanding_r2ts_are_within_limit, open <= agreed.max_outstanding_r2t, 0, open,
             limit_text("MaxOutstandingR2T", agreed.max_outstanding_r2t));
}

void check_scsi_response(Look& look, Task& task, const Pdu& pdu) {
  task.done = true;
  look.check(Rule::snack_tag_is_zero_without_snack, pdu.word(20) == 0, 20, pdu.word(20));
  const bool completed = pdu.number<1>(2) == 0;
  if (task.data_ins > 0)
    look.check(Rule::data_in_sequence_ends_in_final, !task.in_sequence, 1, task.data_ins);
  if (!completed) return;
  const std::uint64_t sent = task.data_ins + task.r2ts;
  // 10.4.8 counts R2Ts and Data-In, and asks for 0 where no Data-In was sent: both are right then.
  const std::uint64_t told = pdu.word(36);
  look.check(Rule::exp_data_sn_counts_data, told == sent || (task.data_ins == 0 && told == 0), 36,
             told, expected("ExpDataSN", told, sent));
  check_waited(look, task);
  if (pdu.number<1>(3) != status_good) return;
  check_residual(look, task,
                 {.overflow = pdu.bit(1, 5), .underflow = pdu.bit(1, 6), .count = pdu.word(44)});
  check_read_residual(
      look, task, {.overflow = pdu.bit(1, 3), .underflow = pdu.bit(1, 4), .count = pdu.word(40)});
}

}  // namespace conformance::watched
