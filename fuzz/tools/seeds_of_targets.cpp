#include "scsi/command_table.hpp"
#include "scsi/mode_pages.hpp"
#include "support/prepared.hpp"
#include "tools/seed.hpp"

/// Seeds of the harnesses that drive a device or a whole target.

namespace iscsi::fuzz {
namespace {

using pdu::TaskManagementFunction;
using wire::InitiatorTaskTag;
using wire::TargetTransferTag;

wire::Bytes pattern(std::size_t bytes) { return wire::Bytes(bytes, std::byte{0x5a}); }

/// Every command of the table, its fields set but for addresses.
Stream all_commands() {
  Stream stream;
  for (const scsi::CommandRow& row : scsi::command_table()) {
    pdu::ScsiCommand command{.read = true,
                             .initiator_task_tag = InitiatorTaskTag{1},
                             .expected_data_transfer_length = 512};
    for (const scsi::FieldSpec& field : row.layout.fields())
      if (field.greatest != 0 && field.field != scsi::Field::logical_block_address)
        command.cdb[field.place.last_byte()] |= std::byte{1};
    command.cdb[0] = std::byte{row.operation_code};
    if (row.service_action) command.cdb[1] = std::byte{*row.service_action};
    stream.send(command);
  }
  return stream;
}

/// The pages as they are after power on, behind a long header.
wire::Bytes all_mode_pages() {
  wire::Bytes list(8);
  const auto pages = scsi::ModePages::defaults(true);
  list.insert(list.end(), pages.image().begin(), pages.image().end());
  return list;
}

Stream mode_select() {
  Stream stream;
  const wire::Bytes list = all_mode_pages();
  stream.command({0x55, 0x10, 0, 0, 0, 0, 0, 0, 52}, {.out = 52, .immediate = list});
  stream.command({0x1a, 0, 0x3f, 0, 255}, {.in = 255});
  stream.command({0x5a, 0x10, 0x3f, 0, 0, 0, 0, 0, 255}, {.in = 255});
  return stream;
}

Stream resets_and_reservations() {
  Stream stream;
  stream.command({0x16}).command({0x00}).steer(0x40).command({0x17});
  for (const auto function :
       {TaskManagementFunction::logical_unit_reset, TaskManagementFunction::target_warm_reset,
        TaskManagementFunction::clear_task_set})
    stream.send(pdu::TaskManagementRequest{
        .immediate = true, .function = function, .initiator_task_tag = InitiatorTaskTag{9}});
  stream.command({0x00}).command({0x03, 0, 0, 0, 252}, {.in = 252}).log_out();
  return stream;
}

/// Reads and writes of eight blocks, the data of the write in the three ways there are.
Stream reads_and_writes() {
  const wire::Bytes data = pattern(4096);
  Stream stream;
  stream.command({0x2a, 0, 0, 0, 0, 0, 0, 0, 8}, {.out = 4096, .immediate = data});
  stream.command({0x2a, 0, 0, 0, 0, 8, 0, 0, 8}, {.out = 4096});
  stream.send(pdu::DataOut{.target_transfer_tag = TargetTransferTag{0}});
  stream.command({0x2a, 0, 0, 0, 0, 16, 0, 0, 8}, {.out = 4096, .more = true});
  stream.send(pdu::DataOut{.initiator_task_tag = InitiatorTaskTag{stream.last_task_tag()}}, data);
  stream.command({0x28, 0, 0, 0, 0, 0, 0, 0, 24}, {.in = 12288});
  return stream;
}

/// A write whose data comes PDU by PDU, in answer to several R2Ts.
Stream solicited_data() {
  Stream stream;
  stream.command({0x2a, 0, 0, 0, 0, 0, 0, 0, 64}, {.out = 32768});
  for (int burst = 0; burst < 8; ++burst)
    stream.send(pdu::DataOut{.target_transfer_tag = TargetTransferTag{0}});
  return stream;
}

/// A write whose data comes in pieces that lie before, behind and between those that are there; the
/// last one is there already.
Stream data_out_of_order() {
  Stream stream;
  stream.command({0x2a, 0, 0, 0, 0, 0, 0, 0, 64}, {.out = 32768});
  for (const std::uint32_t offset : {1024U, 0U, 512U, 3072U, 2560U, 4096U, 8192U, 0U})
    stream.send(
        pdu::DataOut{
            .final = false, .target_transfer_tag = TargetTransferTag{0}, .buffer_offset = offset},
        pattern(512));
  return stream;
}

/// Unsolicited data in more pieces than are kept apart, while another connection is heard.
Stream data_in_small_pieces() {
  Stream stream;
  stream.command({0x2a, 0, 0, 0, 0, 0, 0, 0, 1}, {.out = 512, .more = true});
  const InitiatorTaskTag tag{stream.last_task_tag()};
  for (std::uint32_t piece = 0; piece < 70; ++piece)
    stream.send(pdu::DataOut{.final = false, .initiator_task_tag = tag, .buffer_offset = piece * 4},
                pattern(4));
  stream.command({0x00}).steer(0x40);
  stream.send(pdu::DataOut{.initiator_task_tag = tag, .buffer_offset = 280}, pattern(232));
  return stream;
}

Stream task_management() {
  Stream stream;
  stream.command({0x2a, 0, 0, 0, 0, 0, 0, 0, 8}, {.out = 4096});
  stream.send(pdu::TaskManagementRequest{.immediate = true,
                                         .function = TaskManagementFunction::abort_task,
                                         .initiator_task_tag = InitiatorTaskTag{8},
                                         .referenced_task_tag = InitiatorTaskTag{1}});
  stream.command({0x2a, 0, 0, 0, 0, 0, 0, 0, 8}, {.out = 4096});
  stream.send(pdu::TaskManagementRequest{.function = TaskManagementFunction::abort_task_set,
                                         .initiator_task_tag = InitiatorTaskTag{9}});
  stream.send(pdu::DataOut{.target_transfer_tag = TargetTransferTag{0}});
  stream.send(pdu::NopOut{.immediate = true, .initiator_task_tag = InitiatorTaskTag{3}});
  stream.send(pdu::NopOut{.immediate = true, .target_transfer_tag = TargetTransferTag{0}});
  return stream;
}

/// Two initiators, a reservation between them, a reset, and a connection that breaks.
Stream several_initiators() {
  Stream stream;
  stream.command({0x00}).command({0x16});
  stream.command({0x00}).steer(0x80).command({0x00}).steer(0x80);
  stream.send(pdu::TaskManagementRequest{.function = TaskManagementFunction::logical_unit_reset,
                                         .initiator_task_tag = InitiatorTaskTag{7}});
  stream.command({0x00}).steer(0x80).command({0x12, 0, 0, 0, 36}, {.in = 36}).steer(0x40);
  stream.command({0x28, 0, 0, 0, 0, 0, 0, 0, 1}, {.in = 512}).steer(0x00, 3);
  stream.command({0x00}).steer(0x00, 2).log_out();
  return stream;
}

/// A command two steps early, one that is one step early, and the two in front of them.
Stream out_of_order() {
  Stream two_early{2}, one_early{1}, now{0};
  two_early.command({0x00}).steer(0x20);
  one_early.command({0x12, 0, 0, 0, 36}, {.in = 36}).steer(0x20);
  now.command({0x00}).command({0x00});
  return Stream{}.append(two_early.bytes()).append(one_early.bytes()).append(now.bytes());
}

/// All that both sides say when an initiator sends this.
wire::Bytes both_sides(const Stream& stream) {
  const Prepared& made = prepared(0);
  World world{made.target, made.configuration.bounds, 0};
  const ConnectionId connection = made.connections[Conversation::free_line];
  wire::Bytes all;
  for (const InputPdu& pdu : split(stream.bytes())) {
    const wire::Bytes sent = join({pdu});
    all.insert(all.end(), sent.begin(), sent.end());
    world.deliver(connection, sent, sent.size());
    const wire::Bytes received = world.take_output(connection);
    all.insert(all.end(), received.begin(), received.end());
  }
  return all;
}

/// A write whose data is asked for; the first transfer tag of a connection is 1.
Stream write_and_log_out() {
  const pdu::DataOut data_out{.initiator_task_tag = InitiatorTaskTag{2},
                              .target_transfer_tag = TargetTransferTag{1}};
  return Stream::logged_in("ImmediateData=No;")
      .command({0x00})
      .command({0x2a, 0, 0, 0, 0, 0, 0, 0, 2}, {.out = 1024})
      .send(data_out, pattern(1024))
      .send(pdu::NopOut{.initiator_task_tag = InitiatorTaskTag{3}}, pattern(5))
      .log_out();
}

Stream texts() {
  Stream stream;
  stream.text("SendTargets=;").text("MaxRecvDataSegmentLength=512;");
  stream.text("SendTargets=All;").text("X-com.example.key=1;", false);
  stream.send(pdu::TextRequest{.target_transfer_tag = TargetTransferTag{0}});
  return stream;
}

std::vector<Seed> of_target() {
  return {
      {"session", "reads-and-writes", reads_and_writes()},
      {"session", "solicited-data", solicited_data()},
      {"session", "data-out-of-order", data_out_of_order()},
      {"session", "data-in-small-pieces", data_in_small_pieces()},
      {"session", "task-management", task_management()},
      {"session", "several-initiators", several_initiators()},
      {"session", "out-of-order", out_of_order()},
      {"session", "texts", texts()},
      {"session", "all-commands", all_commands()},
      {"stream", "after-login", reads_and_writes()},
      {"stream", "from-the-first-byte",
       Stream::logged_in("InitialR2T=No;")
           .command({0x12, 0, 0, 0, 36}, {.in = 36})
           .command({0x00})
           .command({0x28, 0, 0, 0, 0, 0, 0, 0, 2}, {.in = 1024})
           .log_out()},
      {"stream", "discovery", Stream::in_discovery().text("SendTargets=All;").log_out()},
      {"stream", "texts", texts()},
  };
}

}  // namespace

std::vector<Seed> target_seeds() {
  std::vector<Seed> seeds = of_target();
  const std::vector<Seed> others{
      {"scsi", "all-commands", all_commands()},
      {"scsi", "mode-select", mode_select()},
      {"scsi", "resets-and-reservations", resets_and_reservations()},
      {"scsi", "large-addresses",
       Stream{}.command({0x88, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 1}, {.in = 512, .unit = 2})},
      {"monitor", "read-and-log-out",
       both_sides(Stream::logged_in("InitialR2T=No;")
                      .command({0x00})
                      .command({0x28, 0, 0, 0, 0, 0, 0, 0, 2}, {.in = 1024})
                      .log_out())},
      {"monitor", "write-and-log-out", both_sides(write_and_log_out())},
      {"monitor", "discovery",
       both_sides(Stream::in_discovery().text("SendTargets=All;").log_out())},
      {"mode_pages", "short-header", wire::Bytes(4)},
      {"mode_pages", "long-header", wire::Bytes(8)},
      {"mode_pages", "all-pages", all_mode_pages()},
      {"configuration", "least", bytes_of_text(R"({"luns": ["memory:1M"]})")},
      {"configuration", "all-members", bytes_of_text(R"({
  "listen": ["127.0.0.1:3260", "[::1]:0"],
  "luns": ["memory:64M,read-only", {"memory": "1M", "block-size": 4096, "resident": "512K"}],
  "name": "iqn.2004-04.com.example:disk", "alias": "a disk",
  "chap": [{"name": "alice", "secret": "a secret of alice"}],
  "mutual-chap": {"name": "target", "secret": "what the target knows"},
  "initiators": ["iqn.2004-04.com.example:host"],
  "redirect": {"to": "192.0.2.1:3260", "permanent": true},
  "deadlines": {"login-ms": 1000}, "limits": {"sessions": 4},
  "text": {"MaxBurstLength": 65536, "InitialR2T": true, "HeaderDigest": "CRC32C,None"}
})")},
      {"crc", "zeros", wire::Bytes(32)},
      {"crc", "ones", wire::Bytes(32, std::byte{0xff})},
      {"crc", "long", pattern(300)},
      {"canary", "must-crash", bytes_of_text("bird")},
      {"canary_memory", "must-crash", bytes_of_text("\xff")},
  };
  seeds.insert(seeds.end(), others.begin(), others.end());
  return seeds;
}

}  // namespace iscsi::fuzz
