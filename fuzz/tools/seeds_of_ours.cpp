#include <utility>

#include "support/login_settings.hpp"
#include "support/steering.hpp"
#include "tools/seed.hpp"

/// Defects that the harnesses have found in this project, as the bytes that showed them.

namespace iscsi::fuzz {
namespace {

/// The PDU as it stands, its CmdSN `distance` ahead of the next one's.
template <class P>
wire::Bytes ahead(P pdu, std::uint32_t distance) {
  pdu.cmd_sn = wire::CmdSN{distance};
  wire::Bytes bytes = pdu::encode(pdu, {}, {});
  bytes[steering_byte] = std::byte{0x20};  // numbers are counted from the right one
  return bytes;
}

pdu::NopOut ping(std::uint32_t tag) { return {.initiator_task_tag = wire::InitiatorTaskTag{tag}}; }

pdu::ScsiCommand write_of_one_block(std::uint32_t tag) {
  return {.final = true,
          .write = true,
          .initiator_task_tag = wire::InitiatorTaskTag{tag},
          .expected_data_transfer_length = 512,
          .cdb = {std::byte{0x2a}, {}, {}, {}, {}, {}, {}, {}, std::byte{1}}};
}

/// What the judge's monitor held against the target for no reason.
std::vector<Regression> wrong_accusations() {
  return {
      {"own-ping-before-a-number-aborted",
       "the monitor took a command for the retry of a ping that is immediate and has its number, "
       "for "
       "an ABORT TASK had named that number",
       Stream::logged_in()
           .send(pdu::TaskManagementRequest{.immediate = true,
                                            .function = pdu::TaskManagementFunction::abort_task,
                                            .initiator_task_tag = wire::InitiatorTaskTag{9},
                                            .referenced_task_tag = wire::InitiatorTaskTag{8},
                                            .ref_cmd_sn = wire::CmdSN{0xffff'fff8}})
           .send(pdu::NopOut{.immediate = true, .initiator_task_tag = wire::InitiatorTaskTag{1}})
           .command({0x00})
           .log_out()},
      {"own-tag-of-two-tasks",
       "the monitor forgot that a number ahead of the window had made a tag doubtful, once a third "
       "command with that tag was rejected",
       Stream::logged_in()
           .append(ahead(ping(9), 3))
           .command({0x00})
           .command({0x00})
           .command({0x00})
           .append(pdu::encode(write_of_one_block(2), {}, {}))
           .append(pdu::encode(write_of_one_block(2), {}, {}))
           .append(pdu::encode(pdu::DataOut{.final = true,
                                            .initiator_task_tag = wire::InitiatorTaskTag{2},
                                            .target_transfer_tag = wire::TargetTransferTag{1}},
                               {}, {}))},
      {"own-number-of-two-commands",
       "the monitor took a CmdSN for unsent that two commands ahead of their turn had, for the "
       "second "
       "was rejected",
       Stream::logged_in()
           .append(ahead(ping(9), 1))
           .append(ahead(pdu::ScsiCommand{.final = true,
                                          .initiator_task_tag = wire::InitiatorTaskTag{8},
                                          .expected_data_transfer_length = 512},
                         1))
           .command({0x00})},
      {"own-rejected-number-aborted",
       "the monitor took a command for the retry of one that was rejected, for an ABORT TASK had "
       "named its number",
       Stream::logged_in()
           .append(ahead(pdu::ScsiCommand{.final = true,
                                          .initiator_task_tag = wire::InitiatorTaskTag{1},
                                          .expected_data_transfer_length = 512},
                         0))
           .send(pdu::TaskManagementRequest{.immediate = true,
                                            .function = pdu::TaskManagementFunction::abort_task,
                                            .initiator_task_tag = wire::InitiatorTaskTag{9},
                                            .referenced_task_tag = wire::InitiatorTaskTag{8},
                                            .ref_cmd_sn = wire::CmdSN{0xffff'fff8}})
           .command({0x00})
           .log_out()},
  };
}

/// The same, of commands that come too early.
std::vector<Regression> accusations_of_haste() {
  return {
      {"own-command-before-the-end-of-login",
       "the monitor took the CmdSN of a command for unsent that came before the Login Response",
       Stream::logged_in().steer(0xe0).command({0x00}).steer(0xe0)},
      {"own-command-behind-its-abort",
       "the monitor took a command for aborted that was sent after the ABORT TASK with its tag",
       Stream::logged_in()
           .send(pdu::TaskManagementRequest{.immediate = true,
                                            .function = pdu::TaskManagementFunction::abort_task,
                                            .initiator_task_tag = wire::InitiatorTaskTag{9},
                                            .referenced_task_tag = wire::InitiatorTaskTag{1}})
           .command({0x00})},
  };
}

/// The same, of tasks that ended without a word.
std::vector<Regression> accusations_of_silence() {
  constexpr int other_initiator = 0x80;
  const auto function = [](pdu::TaskManagementFunction which) {
    return pdu::TaskManagementRequest{
        .immediate = true, .function = which, .initiator_task_tag = wire::InitiatorTaskTag{9}};
  };
  pdu::ScsiCommand immediate = write_of_one_block(1);
  immediate.immediate = true;
  const wire::Bytes immediate_write = ahead(immediate, 0);
  auto numbered_reset = function(pdu::TaskManagementFunction::logical_unit_reset);
  numbered_reset.immediate = false;
  wire::Bytes write = ahead(write_of_one_block(1), 0);
  wire::Bytes clear = ahead(function(pdu::TaskManagementFunction::clear_task_set), 0);
  write[steering_byte] = clear[steering_byte] = std::byte{other_initiator};
  return {
      {"own-task-set-behind-a-reset-elsewhere",
       "the monitor waited for the data of a task that a reset of another session had ended",
       Stream{}
           .append(write)
           .send(function(pdu::TaskManagementFunction::target_warm_reset))
           .append(clear)},
      {"own-task-set-behind-a-reset-of-immediate-tasks",
       "the monitor waited for the data of an immediate command that a reset with its number had "
       "ended",
       Stream{}
           .append(immediate_write)
           .send(numbered_reset)
           .send(function(pdu::TaskManagementFunction::abort_task_set))},
  };
}

/// The same, of what a digest or a session that was lost left behind.
std::vector<Regression> accusations_of_loss() {
  constexpr int spoilt = 0x08, waits = 0x04, second_line = 0x40, free_line = 0xc0;
  constexpr int connection_closes = 3;
  constexpr int write_lba = 5;  // some of the settings of these bytes have two R2Ts at once
  const pdu::NopOut ping{.immediate = true, .initiator_task_tag = wire::InitiatorTaskTag{9}};
  const wire::Bytes data = bytes_of_text("ping");
  const pdu::LoginRequest joining{.current_stage = pdu::LoginStage::operational_negotiation,
                                  .isid = wire::Isid{0x40'0000'0001},
                                  .tsih = wire::Tsih{1}};
  const std::string names = pairs("InitiatorName=" + std::string{initiator_name} +
                                  ";TargetName=" + std::string{target_name} + ";");
  return {
      {"own-spoilt-twin",
       "the monitor took the Reject of a command with a wrong data digest for that of one that "
       "looks like it",
       Stream{}.send(ping, data).steer(spoilt | waits).send(ping, data)},
      {"own-session-gone-during-a-login",
       "a login that joined a session showed other numbers once the session had been replaced",
       Stream{}
           .send(joining, bytes_of_text(names))
           .steer(free_line)
           .command({0x00})
           .steer(0, connection_closes)
           .send(joining)
           .steer(free_line)},
      {"own-second-connection-of-a-session",
       "the monitor held a connection that joined a session to the defaults of what the session "
       "had agreed on: MaxOutstandingR2T",
       Stream{}
           .command({0x2a, 0, 0, 0, 0, write_lba, 0, 0, 64}, {.out = 64 * 512})
           .steer(second_line)},
  };
}

/// The same, of functions: a tag used twice hides what was done, a number far off takes the place
/// of another. And one that was right: the response to a reset was not the last.
std::vector<Regression> accusations_of_functions() {
  const auto function = [](pdu::TaskManagementFunction which, std::uint32_t tag) {
    return pdu::TaskManagementRequest{
        .immediate = true, .function = which, .initiator_task_tag = wire::InitiatorTaskTag{tag}};
  };
  const auto abort_of = [&function](std::uint32_t number) {
    auto request = function(pdu::TaskManagementFunction::abort_task, 9);
    request.referenced_task_tag = wire::InitiatorTaskTag{8};
    request.ref_cmd_sn = wire::CmdSN{number};
    return request;
  };
  const auto reset = ahead(function(pdu::TaskManagementFunction::logical_unit_reset, 8), 1);
  pdu::ScsiCommand at_once{
      .immediate = true, .final = true, .initiator_task_tag = wire::InitiatorTaskTag{1}};
  // The session that asks is the last to end: both have data to come, for which its function waits.
  constexpr int others_line = 0x80;
  Stream restart;
  restart.send(write_of_one_block(1)).send(write_of_one_block(1)).steer(others_line);
  restart.send(function(pdu::TaskManagementFunction::clear_task_set, 2)).steer(others_line);
  restart.send(function(pdu::TaskManagementFunction::target_cold_reset, 3)).steer(others_line);
  constexpr std::uint32_t one_back = 0xff;
  wire::Bytes waiting_reset = ahead(function(pdu::TaskManagementFunction::target_warm_reset, 9), 0);
  waiting_reset[steering_byte] |= std::byte{0x04};
  // Before the input comes, the last command had this tag.
  pdu::ScsiCommand tagged_as_before{.final = true};
  tagged_as_before.cmd_sn = wire::CmdSN{one_back};
  const wire::Bytes unknown_header{{}, std::byte{1}, std::byte{0x3f}, {}};
  wire::Bytes retry = pdu::encode(tagged_as_before, {}, {}, unknown_header);
  retry[steering_byte] = std::byte{0x24};
  tagged_as_before.immediate = true;
  Stream far_off;
  // One of them is where the slot of the number ahead is, whichever comes first.
  far_off.append(ahead(ping(8), 1));
  for (std::uint32_t low : {0x1ff9U, 0x1ffcU}) far_off.send(abort_of(0x8000'0000U + low));
  return {
      {"own-number-far-off",
       "the monitor took a CmdSN for unsent whose slot the RefCmdSN of an ABORT TASK had taken",
       far_off.command({0x00}).log_out()},
      {"own-function-behind-a-cold-reset",
       "a function that waited was answered behind the response to a TARGET COLD RESET", restart},
      {"own-retry-rejected",
       "the monitor took the Reject of a retry for that of an immediate command with its tag and "
       "CmdSN",
       Stream{}.append(retry).append(ahead(tagged_as_before, one_back))},
      {"own-immediate-command-behind-a-reset",
       "the monitor took an immediate command for ended by the reset in front of it, for its CmdSN "
       "was lower",
       Stream{}.append(waiting_reset).append(ahead(at_once, one_back))},
      {"own-reset-with-a-twin",
       "the monitor waited for the data of a task that a reset had ended whose tag was used twice",
       Stream{}
           .append(reset)
           .append(reset)
           .append(ahead(write_of_one_block(1), 0))
           .send(function(pdu::TaskManagementFunction::abort_task_set, 5))},
  };
}

/// What it held against the target with good reason, and once more without.
std::vector<Regression> accusations_of_form() {
  constexpr int free_line = 0xc0;
  pdu::ScsiCommand behind{.final = true,
                          .initiator_task_tag = wire::InitiatorTaskTag{1},
                          .expected_data_transfer_length = 512,
                          .cmd_sn = wire::CmdSN{0xffff'fff7}};
  wire::Bytes early = pdu::encode(behind, {});
  early[steering_byte] = std::byte{free_line};
  std::string many;
  for (int i = 10; i < 50; ++i) many += "X-a" + std::to_string(i) + "=1;";
  constexpr int free_line_waits = free_line | 0x04;
  const wire::Bytes three_words(12);
  const pdu::LoginRequest login{.transit = true,
                                .current_stage = pdu::LoginStage::operational_negotiation,
                                .next_stage = pdu::LoginStage::full_feature_phase,
                                .isid = wire::Isid{0x23'd000'0001}};
  const wire::Bytes with_digests =
      bytes_of_text(pairs("InitiatorName=" + std::string{initiator_name} +
                          ";TargetName=" + std::string{target_name} + ";DataDigest=CRC32C;"));
  return {
      {"own-login-behind-a-login",
       "the monitor framed what was sent before the end of a login as the initiator did, the "
       "target with the digests that held by then",
       Stream{}
           .send(login, with_digests)
           .steer(free_line_waits)
           .send(login, with_digests)
           .steer(free_line_waits)
           .send(pdu::LoginRequest{}, {}, three_words)  // four bytes in, another Login Request
           .steer(free_line)},
      {"own-continued-fetch",
       "a Text Request with the C bit was answered with data, for there was more to fetch",
       Stream{}.text(many).send(pdu::TextRequest{.final = false,
                                                 .continued = true,
                                                 .initiator_task_tag = wire::InitiatorTaskTag{1},
                                                 .target_transfer_tag = {}})},
      {"own-early-command-rejected",
       "the monitor asked for a gap in front of a rejected command that was sent before the "
       "login's end was heard, and behind the window",
       Stream::logged_in().steer(free_line).append(early)},
  };
}

}  // namespace

std::vector<Regression> own_regressions() {
  std::vector<Regression> all{
      {"own-read-and-logout", "a read and a logout in one segment: the medium's buffer was gone",
       Stream::logged_in()
           .command({0x00})
           .command({0x28, 0, 0, 0, 0, 0, 0, 0, 8}, {.in = 4096})
           .log_out()},
  };
  for (auto part : {wrong_accusations(), accusations_of_haste(), accusations_of_silence(),
                    accusations_of_loss(), accusations_of_form(), accusations_of_functions()})
    for (Regression& one : part) all.push_back(std::move(one));
  return all;
}

}  // namespace iscsi::fuzz
