#include "pdu/additional_headers.hpp"
#include "support/login_settings.hpp"
#include "support/steering.hpp"
#include "tools/seed.hpp"

/// Stories that neither captures nor engines come by: what `fuzz/coverage` has found missing, each
/// told once. Some need settings that only some variants of a replay have.

namespace iscsi::fuzz {
namespace {

using pdu::TaskManagementFunction;
using wire::InitiatorTaskTag;
using wire::TargetTransferTag;

// Bytes 2 and 3 of a PDU (support/steering.hpp).
constexpr int line_1 = 0x40, other_initiator = 0x80, free_line = 0xc0;
constexpr int as_it_stands = 0x20, spoils_data = 0x08, swells = 0x02;

constexpr std::uint64_t first_unit_flat = std::uint64_t{0x4000} << 48U;
constexpr std::uint64_t second_level = std::uint64_t{0x0000'0001} << 32U;

wire::Bytes pattern(std::size_t bytes) { return wire::Bytes(bytes, std::byte{0x5a}); }

/// The PDU with its tags, its LUN and its transfer tag as they are, and its CmdSN `ahead` of the
/// next one's.
template <class P>
wire::Bytes raw(P pdu, std::uint32_t ahead = 0, wire::ByteView data = {}, int more_steering = 0) {
  if constexpr (requires { pdu.cmd_sn; }) pdu.cmd_sn = wire::CmdSN{ahead};
  wire::Bytes bytes = pdu::encode(pdu, data, {});
  bytes[steering_byte] = static_cast<std::byte>(as_it_stands | more_steering);
  return bytes;
}

pdu::ScsiCommand write_command(std::uint32_t tag, std::uint8_t blocks) {
  return {.final = true,
          .write = true,
          .attribute = pdu::TaskAttribute::simple,
          .initiator_task_tag = InitiatorTaskTag{tag},
          .expected_data_transfer_length = blocks * 512U,
          .cdb = {std::byte{0x2a}, {}, {}, {}, {}, {}, {}, {}, std::byte{blocks}}};
}

pdu::ScsiCommand ordered(std::uint32_t tag) {
  return {.final = true,
          .attribute = pdu::TaskAttribute::ordered,
          .initiator_task_tag = InitiatorTaskTag{tag}};
}

pdu::TaskManagementRequest manage(TaskManagementFunction function, std::uint32_t tag,
                                  std::uint32_t referenced = 0) {
  return {.immediate = true,
          .function = function,
          .initiator_task_tag = InitiatorTaskTag{tag},
          .referenced_task_tag = InitiatorTaskTag{referenced}};
}

pdu::NopOut ping(std::uint32_t tag) { return {.initiator_task_tag = InitiatorTaskTag{tag}}; }
pdu::DataOut all_that_is_asked() { return {.target_transfer_tag = TargetTransferTag{0}}; }

/// A piece of the data that is asked for, `offset` from its beginning.
pdu::DataOut piece(std::uint32_t offset) {
  return {.final = false, .target_transfer_tag = TargetTransferTag{0}, .buffer_offset = offset};
}

// Data.

/// READ with both directions, of which only one has data; PRE-FETCH, which has no data and ends
/// with CONDITION MET.
Stream both_directions_and_none() {
  const wire::Bytes area = pdu::encode_additional_headers({.bidirectional_read_length = 1024});
  Stream stream;
  stream.command({0x00});
  stream.send(pdu::ScsiCommand{.final = true,
                               .read = true,
                               .write = true,
                               .initiator_task_tag = InitiatorTaskTag{2},
                               .expected_data_transfer_length = 512,
                               .cdb = {std::byte{0x28}, {}, {}, {}, {}, {}, {}, {}, std::byte{2}}},
              {}, area);
  return stream.command({0x34, 0, 0, 0, 0, 0, 0, 0, 8}).command({0x34, 2, 0, 0, 0, 0, 0, 0, 8});
}

/// Parameters in two pieces, and a write whose second piece holds no whole block.
Stream data_in_two_pieces() {
  const wire::Bytes zeros(4);
  Stream stream;
  stream.command({0x00});
  stream.command({0x55, 0x10, 0, 0, 0, 0, 0, 0, 8}, {.out = 8, .immediate = zeros});
  stream.send(all_that_is_asked());
  stream.command({0x2a, 0, 0, 0, 0, 0, 0, 0, 2}, {.out = 1000, .immediate = pattern(512)});
  return stream.send(all_that_is_asked());
}

/// Data in front of what was asked for, and data with a wrong digest.
Stream data_that_is_wrong() {
  Stream stream;
  stream.command({0x00});
  stream.command({0x2a, 0, 0, 0, 0, 0, 0, 0, 4}, {.out = 2048, .immediate = pattern(512)});
  stream.append(raw(pdu::DataOut{.final = false,
                                 .initiator_task_tag = InitiatorTaskTag{2},
                                 .target_transfer_tag = TargetTransferTag{1}},
                    0, pattern(512)));
  stream.send(all_that_is_asked());
  stream.command({0x2a, 0, 0, 0, 0, 0, 0, 0, 2}, {.out = 1024});
  wire::Bytes spoiled = pdu::encode(piece(0), pattern(512), {});
  spoiled[steering_byte] = static_cast<std::byte>(spoils_data);
  return stream.append(spoiled).send(all_that_is_asked());
}

/// With DataPDUInOrder=No: a piece that joins the one before it and not the one behind, and one
/// that lies over what is there.
Stream data_over_data() {
  Stream stream;
  stream.command({0x00}).command({0x2a, 0, 0, 0, 0, 0, 0, 0, 8}, {.out = 4096});
  for (const std::uint32_t offset : {0U, 2048U, 512U, 256U})
    stream.send(piece(offset), pattern(512));
  return stream.send(all_that_is_asked());
}

/// More pieces than are kept apart: with holes between them, long ones, one in memory of its own.
Stream data_with_holes() {
  Stream stream;
  stream.command({0x00});
  stream.command({0x2a, 0, 0, 0, 0, 0, 0, 0, 128}, {.out = 65536});
  wire::Bytes long_piece = pdu::encode(piece(40000), pattern(4), {});
  long_piece[steering_byte] = static_cast<std::byte>(swells);
  stream.append(long_piece).send(piece(49216), pattern(4));
  stream.send(piece(20000), pattern(2100)).send(piece(22100), pattern(2100));
  stream.send(piece(24200), pattern(4));
  for (std::uint32_t i = 0; i < 62; ++i) stream.send(piece(i * 8), pattern(4));
  return stream.send(ping(3));
}

/// Three writes of which the first has taken the room for data, the second waits for it, and the
/// third would find some; and a command that waits for its turn.
Stream writes_that_wait_for_room() {
  Stream stream;
  stream.command({0x00});
  stream.command({0x2a, 0, 0, 0, 0, 0, 0, 0, 4}, {.out = 2048});
  stream.send(ordered(9));
  stream.command({0x2a, 0, 0, 0, 0, 32, 0, 0, 6}, {.out = 3072});
  stream.command({0x2a, 0, 0, 0, 0, 64, 0, 0, 1}, {.out = 512});
  for (int burst = 0; burst < 12; ++burst) stream.send(all_that_is_asked());
  return stream;
}

/// A command that waits for the one in front of it: with a long segment, and with data that comes
/// on a connection which is not its own.
Stream data_for_a_held_command() {
  pdu::ScsiCommand held = write_command(5, 20);
  held.final = false;
  Stream stream;
  stream.command({0x00}).append(raw(held, 1, pattern(4), swells));
  stream.append(
      raw(pdu::DataOut{.initiator_task_tag = InitiatorTaskTag{5}}, 0, pattern(512), line_1));
  stream.append(raw(pdu::DataOut{.initiator_task_tag = InitiatorTaskTag{5}}, 0, pattern(512)));
  return stream.command({0x00}).send(ping(10)).log_out();
}

// Task management.

/// ABORT TASK for what is no running task of the unit: another unit's, a function that waits, a
/// text negotiation, and the same unit under another form of its address.
Stream aborts_of_all_kinds() {
  Stream stream;
  stream.command({0x00}).append(raw(write_command(1, 2)));
  pdu::TaskManagementRequest wrong_unit = manage(TaskManagementFunction::abort_task, 9, 1);
  wrong_unit.lun = wire::Lun{std::uint64_t{2} << 48U};
  stream.send(wrong_unit);
  pdu::TaskManagementRequest same_unit = manage(TaskManagementFunction::abort_task, 9, 1);
  same_unit.lun = wire::Lun{first_unit_flat};
  stream.append(raw(same_unit));
  pdu::TaskManagementRequest early = manage(TaskManagementFunction::logical_unit_reset, 8);
  early.immediate = false;
  stream.append(raw(early, 1));
  stream.send(manage(TaskManagementFunction::abort_task, 9, 8));
  stream.command({0x00}).send(ping(10));  // with the number that the function had
  stream.text("X-com.example.key=1;", false);
  return stream.send(manage(TaskManagementFunction::abort_task, 9, stream.last_task_tag()));
}

/// An address that no unit has, of a command that is still here when others look for their unit's.
Stream unit_that_is_none() {
  pdu::ScsiCommand nowhere = write_command(1, 1);
  nowhere.final = false;
  nowhere.lun = wire::Lun{second_level};
  Stream stream;
  stream.command({0x00}).append(raw(nowhere)).send(ordered(2));
  return stream.send(manage(TaskManagementFunction::abort_task_set, 9)).log_out();
}

/// As many immediate commands and functions as there may be, and one more of each.
Stream immediate_requests_without_end() {
  Stream stream;
  stream.command({0x00});
  for (std::uint32_t i = 0; i < 17; ++i) {
    pdu::ScsiCommand command = write_command(0x100 + i, 1);
    command.immediate = true;
    stream.append(raw(command));
  }
  for (std::uint32_t i = 0; i < 17; ++i)
    stream.append(raw(manage(TaskManagementFunction::abort_task_set, 0x200 + i)));
  return stream.log_out();
}

/// Task set functions between two initiators with data on its way, to two units; immediate commands
/// behind a function; an acknowledgement from everybody.
Stream task_sets_of_two_initiators() {
  Stream stream;
  const auto write = [&](int unit, int steering) {
    stream.command({0x2a, 0, 0, 0, 0, 0, 0, 0, 1},
                   {.out = 512, .unit = static_cast<std::uint16_t>(unit)});
    stream.steer(steering);
  };
  const auto answer = [&](int steering) {
    wire::Bytes data = pdu::encode(all_that_is_asked(), {}, {});
    data[steering_byte] = static_cast<std::byte>(steering);
    stream.append(data);
  };
  write(0, 0);
  write(2, 0);
  write(0, other_initiator);
  stream.send(manage(TaskManagementFunction::abort_task_set, 9));
  pdu::ScsiCommand late = write_command(10, 1);
  late.immediate = true;
  stream.send(late);
  stream.command({0x00});
  late.initiator_task_tag = InitiatorTaskTag{15};
  stream.send(late);
  answer(0);
  write(0, other_initiator);
  stream.append(raw(manage(TaskManagementFunction::clear_task_set, 11), 0, {}, other_initiator));
  write(0, 0);
  for (int i = 0; i < 3; ++i) {
    answer(0);
    answer(other_initiator);
  }
  stream.send(ping(12));
  stream.append(raw(ping(13), 0, {}, other_initiator));
  return stream.send(ping(14));
}

/// Functions that wait for a missing command do not keep others from their data.
Stream functions_that_wait() {
  Stream stream;
  stream.command({0x00});
  stream.append(raw(manage(TaskManagementFunction::logical_unit_reset, 8), 1));
  stream.append(raw(write_command(3, 1)));
  stream.send(all_that_is_asked());
  stream.append(raw(ping(5), 0, {}, other_initiator)).send(ordered(6));
  stream.append(raw(pdu::ScsiCommand{.final = true}, 0, {}, other_initiator));
  stream.append(raw(manage(TaskManagementFunction::clear_task_set, 9), 1));
  stream.append(raw(write_command(4, 1), 0, {}, other_initiator));
  return stream.command({0x00}).log_out();
}

// A medium that takes its time.

/// Each function and each tag is met once before the medium knows of a task, and once while it
/// works for it.
Stream aborts_on_a_slow_medium() {
  Stream stream;
  stream.command({0x00}).command({0x00});
  const auto round = [&](TaskManagementFunction function) {
    stream.append(raw(write_command(1, 1), 0, pattern(512)));
    stream.append(raw(manage(function, 9, 1)));
    stream.append(raw(ping(2)));
    stream.append(raw(write_command(1, 1), 0, pattern(512)));
    stream.append(raw(manage(function, 9, 1)));
    stream.append(raw(ordered(1)));
    stream.append(raw(ping(2)));
  };
  round(TaskManagementFunction::abort_task);
  round(TaskManagementFunction::abort_task);
  round(TaskManagementFunction::abort_task_set);
  round(TaskManagementFunction::clear_task_set);
  stream.append(raw(write_command(1, 1), 0, pattern(512)));
  stream.append(raw(write_command(1, 1), 0, pattern(512), other_initiator));
  stream.append(raw(manage(TaskManagementFunction::abort_task, 9, 1)));
  stream.append(raw(manage(TaskManagementFunction::logical_unit_reset, 10)));
  stream.append(raw(ping(2)));
  stream.append(raw(write_command(1, 1), 0, pattern(512), other_initiator));
  stream.append(raw(ping(2)));
  stream.append(raw(manage(TaskManagementFunction::clear_task_set, 11)));
  stream.append(raw(ping(3), 0, {}, other_initiator));
  return stream.append(raw(ping(2))).append(raw(ping(2)));
}

/// Data that the medium has not taken when the next bytes come: to the same connection, to another
/// one of the session, to another session.
Stream data_for_a_slow_medium() {
  Stream stream;
  stream.command({0x00}).command({0x00});
  for (const int steering : {0, line_1, other_initiator, 0, line_1, other_initiator}) {
    stream.append(raw(write_command(1, 1), 0, pattern(512)));
    stream.append(raw(ping(2), 0, {}, steering));
    stream.append(raw(ping(2)));
  }
  return stream.log_out();
}

/// Connections and sessions that end while the medium works for them. Its turns are in front of
/// every second PDU.
Stream losses_on_a_slow_medium() {
  const auto elsewhere = [](Event event = Event::nothing) {
    wire::Bytes bytes = raw(ping(3), 0, {}, other_initiator);
    bytes[event_byte] = static_cast<std::byte>(event);
    return bytes;
  };
  const wire::Bytes write = raw(write_command(1, 1), 0, pattern(512));
  wire::Bytes closing = raw(ping(4));
  closing[event_byte] = static_cast<std::byte>(Event::connection_closes);
  Stream stream;
  stream.send(ping(5)).command({0x00});
  stream.append(write).append(elsewhere()).append(elsewhere()).append(closing);
  stream.append(elsewhere()).append(elsewhere());
  stream.append(raw(pdu::ScsiCommand{.final = true})).append(elsewhere());
  // Of an aborted task.
  stream.append(write).append(elsewhere());
  stream.append(raw(manage(TaskManagementFunction::abort_task, 9, 1))).append(closing);
  stream.append(raw(pdu::ScsiCommand{.final = true})).append(elsewhere());
  // By silence: nobody comes back before the medium is done.
  stream.append(write).append(elsewhere(Event::half_minute_passes));
  stream.append(elsewhere(Event::half_minute_passes));
  for (int i = 0; i < 3; ++i) stream.append(elsewhere());
  // By a logout.
  stream.append(raw(pdu::ScsiCommand{.final = true})).append(elsewhere());
  stream.append(write).append(elsewhere()).append(elsewhere());
  return stream.log_out();
}

// Texts.

/// More than one response holds: fetched to its end, and a second time with data in between.
Stream long_answers() {
  std::string keys;
  for (int i = 10; i < 80; ++i) keys += "K" + std::to_string(i) + "=1;";
  const pdu::TextRequest fetch{.target_transfer_tag = TargetTransferTag{0}};
  Stream stream;
  stream.text("MaxRecvDataSegmentLength=512;").text(keys);
  for (int i = 0; i < 3; ++i) stream.send(fetch);
  stream.text(keys);
  return stream.send(fetch, wire::as_bytes(pairs("K=1;")));
}

Stream text_without_end() {
  const wire::Bytes data = bytes_of_text(pairs("K=1;"));
  Stream stream;
  for (int i = 0; i < 9; ++i) {
    wire::Bytes request =
        pdu::encode(pdu::TextRequest{.final = false,
                                     .continued = true,
                                     .initiator_task_tag = InitiatorTaskTag{1},
                                     .target_transfer_tag =
                                         i == 0 ? TargetTransferTag::none : TargetTransferTag{0}},
                    data, {});
    request[steering_byte] = static_cast<std::byte>(swells);
    stream.append(request);
  }
  return stream;
}

Stream text_with_another_task_tag() {
  Stream stream;
  stream.text("X-com.example.key=1;", false);
  return stream.append(raw(pdu::TextRequest{.initiator_task_tag = InitiatorTaskTag{5},
                                            .target_transfer_tag = TargetTransferTag{1}}));
}

// Logins beside running sessions.

/// A discovery session in the middle of everything: a task set function passes over it, silence
/// ends it.
Stream discovery_beside_others() {
  Stream stream = Stream::in_discovery().steer(free_line);
  stream.append(raw(write_command(1, 1), 0, pattern(512), other_initiator));
  stream.append(raw(write_command(2, 1), 0, pattern(512), other_initiator));
  stream.append(raw(manage(TaskManagementFunction::clear_task_set, 9)));
  stream.append(raw(ping(3), 0, {}, other_initiator));
  stream.append(raw(ping(3)));
  wire::Bytes later = raw(ping(4));
  later[event_byte] = static_cast<std::byte>(Event::hour_passes);
  return stream.append(later);
}

Stream discovery_and_shutdown() {
  Stream stream = Stream::in_discovery().steer(free_line);
  wire::Bytes shutdown = raw(ping(1));
  shutdown[event_byte] = static_cast<std::byte>(Event::shutdown_begins);
  return stream.append(shutdown).append(shutdown);
}

/// A login that takes the place of the first session's connection: same ISID, TSIH and CID.
Stream connection_taken_over() {
  std::string names;
  names.append("InitiatorName=").append(initiator_name).append(";TargetName=");
  names = pairs(names.append(target_name).append(";"));
  Stream stream;
  stream.command({0x2a, 0, 0, 0, 0, 0, 0, 0, 1}, {.out = 512});
  stream.send(pdu::LoginRequest{.transit = true,
                                .current_stage = pdu::LoginStage::operational_negotiation,
                                .next_stage = pdu::LoginStage::full_feature_phase,
                                .version_max = free_line,
                                .isid = wire::Isid{0x40'0000'0001},
                                .tsih = wire::Tsih{1},
                                .cid = wire::Cid{0}},
              wire::as_bytes(names));
  stream.append(raw(ping(2), 0, {}, free_line));
  return stream.append(raw(ping(3)));
}

std::vector<Seed> of_sessions() {
  return {
      {"session", "both-directions-and-none", both_directions_and_none()},
      {"session", "data-in-two-pieces", data_in_two_pieces()},
      {"session", "data-that-is-wrong", data_that_is_wrong()},
      {"session", "data-over-data", data_over_data()},
      {"session", "data-with-holes", data_with_holes()},
      {"session", "writes-that-wait-for-room", writes_that_wait_for_room()},
      {"session", "data-for-a-held-command", data_for_a_held_command()},
      {"session", "aborts-of-all-kinds", aborts_of_all_kinds()},
      {"session", "unit-that-is-none", unit_that_is_none()},
      {"session", "immediate-requests-without-end", immediate_requests_without_end()},
      {"session", "task-sets-of-two-initiators", task_sets_of_two_initiators()},
      {"session", "functions-that-wait", functions_that_wait()},
      {"session", "slow-medium-aborts", aborts_on_a_slow_medium()},
      {"session", "slow-medium-data", data_for_a_slow_medium()},
      {"session", "slow-medium-losses", losses_on_a_slow_medium()},
      {"session", "long-answers", long_answers()},
      {"session", "text-without-end", text_without_end()},
      {"session", "text-with-another-task-tag", text_with_another_task_tag()},
      {"session", "discovery-beside-others", discovery_beside_others()},
      {"session", "discovery-and-shutdown", discovery_and_shutdown()},
      {"session", "connection-taken-over", connection_taken_over()},
  };
}

}  // namespace

std::vector<Seed> corner_seeds() { return of_sessions(); }

}  // namespace iscsi::fuzz
