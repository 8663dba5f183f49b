#include <utility>

#include "tools/seed.hpp"

/// The sixteen defects that were read in this project's predecessor, a target in Rust: each as a
/// connection from its first byte, which can be sent to any target as it is.

namespace iscsi::fuzz {
namespace {

using wire::InitiatorTaskTag;
using wire::TargetTransferTag;
using Login = Stream::Login;

constexpr std::string_view names =
    "InitiatorName=iqn.2004-04.com.example:host;TargetName=iqn.2004-04.com.example:disk;"
    "SessionType=Normal;";

wire::Bytes pattern(std::size_t bytes) { return wire::Bytes(bytes, std::byte{0x5a}); }

Stream text_before_login() { return Stream{1}.text("SendTargets=All;").login(names); }

Stream command_in_discovery() {
  return Stream::in_discovery().command({0x28, 0, 0, 0, 0, 0, 0, 0, 1}, {.in = 512});
}

/// PDUs without the digests that have been agreed: the first one's header digest is taken from the
/// second one.
Stream no_digests() {
  Stream stream{1};
  stream.login(std::string{names} + "HeaderDigest=CRC32C;DataDigest=CRC32C;");
  return stream.send(pdu::NopOut{.initiator_task_tag = InitiatorTaskTag{1}}, pattern(4))
      .send(pdu::NopOut{.initiator_task_tag = InitiatorTaskTag{2}});
}

/// A write of eight blocks of which no data comes without an R2T.
Stream long_write() {
  return Stream::logged_in(
             "ImmediateData=No;InitialR2T=Yes;MaxOutstandingR2T=1;MaxBurstLength=512;")
      .command({0x00})  // takes the unit attention
      .command({0x2a, 0, 0, 0, 0, 0, 0, 0, 8}, {.out = 4096});
}

Stream behind_the_window() {
  Stream far{1000};
  far.command({0x2a, 0, 0, 0, 0, 0, 0, 0, 1}, {.out = 512, .immediate = pattern(512)});
  return Stream::logged_in().append(far.bytes()).command({0x00}, {.unit = 9}).command({0x00});
}

/// Data-Out for the first R2T of a write, of which something is wrong.
Stream with_data_out(const pdu::DataOut& data_out) {
  return Stream::logged_in("ImmediateData=No;InitialR2T=Yes;MaxBurstLength=512;")
      .command({0x00})  // takes the unit attention
      .command({0x2a, 0, 0, 0, 0, 0, 0, 0, 2}, {.out = 1024})
      .send(data_out, pattern(512));
}

/// The transfer tag of a target's first R2T is not known in advance; ours begins with 1.
constexpr pdu::DataOut first_data{.initiator_task_tag = InitiatorTaskTag{2},
                                  .target_transfer_tag = TargetTransferTag{1}};

pdu::DataOut at_offset(std::uint32_t offset) {
  pdu::DataOut pdu = first_data;
  pdu.buffer_offset = offset;
  return pdu;
}

pdu::DataOut with_transfer_tag(std::uint32_t tag) {
  pdu::DataOut pdu = first_data;
  pdu.target_transfer_tag = TargetTransferTag{tag};
  return pdu;
}

pdu::DataOut not_final() {
  pdu::DataOut pdu = first_data;
  pdu.final = false;
  return pdu;
}

pdu::DataOut with_data_sn(std::uint32_t number) {
  pdu::DataOut pdu = first_data;
  pdu.data_sn = wire::DataSN{number};
  return pdu;
}

Stream overflowing_addresses() {
  return Stream::logged_in()
      .command({0x00})
      .command({0x88, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
               {.in = 512})
      .command({0x28, 0, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff}, {.in = 0xffff'fe00})
      .command({0x2a, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 1}, {.out = 512, .immediate = pattern(512)});
}

Stream unknown_opcode() {
  pdu::HeaderBytes header = pdu::encode_header(pdu::NopOut{.immediate = true}, {});
  header[0] = std::byte{0x1f};
  return Stream::logged_in().append(header).command({0x00});
}

/// DataSegmentLength of nearly 16 MiB in the first header of a connection.
wire::Bytes long_first_segment() {
  wire::Bytes bytes = Stream{1}.login(names);
  wire::store<3>(bytes, 5, 0xff'fffc);
  return bytes;
}

/// The first eight: logins, numbers, windows.
std::vector<Regression> of_sessions() {
  return {
      {"crate-01-skipped-security",
       "authentication bypass: a first Login Request in the operational stage",
       Stream{1}.login(names)},
      {"crate-02-text-before-login", "SendTargets is answered before any login",
       text_before_login(), Rule::first_pdu_is_login_request},
      {"crate-03-command-in-discovery", "SCSI commands are carried out in a discovery session",
       command_in_discovery(), Rule::discovery_session_is_for_text_and_logout},
      {"crate-03-other-target", "a login to a target that is not here is let in",
       Stream{1}.login("InitiatorName=iqn.2004-04.com.example:host;"
                       "TargetName=iqn.2004-04.com.example:other;SessionType=Normal;")},
      {"crate-04-digests-not-used", "CRC32C is agreed to and never computed", no_digests(),
       Rule::header_digest_matches},
      {"crate-05-sense-without-length", "sense data lacks its length",
       Stream::logged_in().command({0x00}).command({0xff})},
      {"crate-06-stat-sn-repeated", "StatSN of the last Login Response comes twice",
       Stream::logged_in().send(pdu::NopOut{.initiator_task_tag = InitiatorTaskTag{1}})},
      {"crate-07-behind-the-window",
       "a command behind the window is carried out; a bad LUN stalls the session",
       behind_the_window(), Rule::cmd_sn_is_in_window},
      {"crate-08-burst-of-zero", "MaxBurstLength=0 is agreed to and loops for ever",
       Stream{1}.login(std::string{names} +
                       "MaxBurstLength=0;MaxRecvDataSegmentLength=0;FirstBurstLength=0;"),
       Rule::declaration_is_admissible},
      {"crate-08-all-r2ts-at-once", "all R2Ts are sent at once, with one tag",
       long_write().send(first_data, pattern(512))},
  };
}

/// The others: data, commands, answers.
std::vector<Regression> of_requests() {
  return {
      {"crate-09-transfer-tag-wrong", "the tag of an R2T is not looked at",
       with_data_out(with_transfer_tag(0x99))},
      {"crate-09-data-not-final", "nor is the F bit of a sequence that is complete",
       with_data_out(not_final())},
      {"crate-09-data-offset-odd", "an offset within a block is written elsewhere",
       with_data_out(at_offset(100)), Rule::data_out_offset_is_in_sequence},
      {"crate-09-data-offset-outside", "Data-Out outside of the transfer is written elsewhere",
       with_data_out(at_offset(0xffff'fe00)), Rule::data_out_offset_is_in_sequence},
      {"crate-09-data-with-a-hole", "a hole in Data-Out counts as written",
       with_data_out(at_offset(512)), Rule::data_out_offset_is_in_sequence},
      {"crate-09-data-sn-wrong", "DataSN is not looked at", with_data_out(with_data_sn(7)),
       Rule::data_sn_counts_up},
      {"crate-10-address-overflow", "address plus length wraps round", overflowing_addresses()},
      {"crate-11-write-6-of-256", "WRITE(6) of zero blocks means 256",
       Stream::logged_in().command({0x00}).command({0x0a, 0, 0, 0, 0, 0}, {.out = 131072})},
      {"crate-12-untagged-nop-out", "a NOP-Out without a task tag ends the connection",
       Stream::logged_in()
           .send(pdu::NopOut{.immediate = true}, pattern(4))
           .send(pdu::NopOut{.initiator_task_tag = InitiatorTaskTag{1}}, pattern(5))},
      {"crate-13-unknown-opcode", "an unknown operation code is passed over in silence",
       unknown_opcode(), Rule::opcode_is_known},
      {"crate-13-residuals", "no residual counts: a read of one block that expects two, and half",
       Stream::logged_in()
           .command({0x00})
           .command({0x28, 0, 0, 0, 0, 0, 0, 0, 1}, {.in = 1024})
           .command({0x28, 0, 0, 0, 0, 0, 0, 0, 1}, {.in = 256})},
      {"crate-13-functions-complete", "every task management function is said to be complete",
       Stream::logged_in()
           .send(pdu::TaskManagementRequest{.immediate = true,
                                            .function = pdu::TaskManagementFunction::abort_task,
                                            .initiator_task_tag = InitiatorTaskTag{1},
                                            .referenced_task_tag = InitiatorTaskTag{77}})
           .send(pdu::TaskManagementRequest{
               .immediate = true,
               .function = pdu::TaskManagementFunction::logical_unit_reset,
               .lun = wire::Lun{std::uint64_t{9} << 48U},
               .initiator_task_tag = InitiatorTaskTag{2}})},
      {"crate-13-logout-of-another", "a logout's reason and CID are not looked at",
       Stream::logged_in().send(pdu::LogoutRequest{.reason = pdu::LogoutReason::close_connection,
                                                   .initiator_task_tag = InitiatorTaskTag{1},
                                                   .cid = wire::Cid{99}})},
      {"crate-14-key-continued", "a login's text goes on in the next request",
       Stream{1}
           .login(Login{1, 1, true}, names.substr(0, 50))
           .login(Login{1, 3}, std::string{names.substr(50)} + "X-com.example.unknown=1;")},
      {"crate-15-long-first-segment", "16 MiB are set aside for a header nobody has vouched for",
       long_first_segment(), Rule::data_segment_within_limit},
      {"crate-16-challenge-in-base64", "CHAP values in base64 are not read",
       Stream{1}
           .login(Login{0, 0}, std::string{names} + "AuthMethod=CHAP;")
           .login(Login{0, 0}, "CHAP_A=5;")
           .login(Login{0, 1},
                  "CHAP_N=alice;CHAP_R=0bAAECAwQFBgcICQoLDA0ODw==;CHAP_I=1;CHAP_C=0bAAECAw==;")},
  };
}

}  // namespace

std::vector<Regression> crate_regressions() {
  std::vector<Regression> found = of_sessions();
  for (Regression& one : of_requests()) found.push_back(std::move(one));
  return found;
}

}  // namespace iscsi::fuzz
