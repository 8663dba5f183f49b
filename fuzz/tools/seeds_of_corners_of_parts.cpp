#include <algorithm>

#include "scsi/mode_pages.hpp"
#include "support/login_settings.hpp"
#include "tools/seed.hpp"

/// The same of devices, logins, negotiations and single PDUs, which have harnesses of their own.

namespace iscsi::fuzz {
namespace {

using wire::InitiatorTaskTag;

wire::Bytes pattern(std::size_t bytes) { return wire::Bytes(bytes, std::byte{0x5a}); }
pdu::NopOut ping(std::uint32_t tag) { return {.initiator_task_tag = InitiatorTaskTag{tag}}; }

// Devices.

/// MODE SELECT(10) of the control page, with these bits of its bytes 2 and 4.
void select_control(Stream& stream, unsigned byte_2, unsigned byte_4) {
  const scsi::ModePages pages = scsi::ModePages::defaults(true);
  const auto page = std::ranges::find(scsi::ModePages::pages(), 0x0a, &scsi::ModePage::code);
  wire::Bytes list(8);
  list.insert(list.end(), pages.image().begin() + page->offset,
              pages.image().begin() + page->offset + page->bytes);
  list[8 + 2] |= static_cast<std::byte>(byte_2);
  list[8 + 4] |= static_cast<std::byte>(byte_4);
  stream.command({0x55, 0x10, 0, 0, 0, 0, 0, 0, 20}, {.out = 20, .immediate = list});
}

Stream write_protection_and_sense_format() {
  constexpr unsigned d_sense = 0x04, swp = 0x08;
  Stream stream;
  stream.command({0x00});
  select_control(stream, 0, swp);
  stream.command({0x2a, 0, 0, 0, 0, 0, 0, 0, 1}, {.out = 512});
  select_control(stream, d_sense, swp);
  stream.command({0x28, 0, 0xff, 0, 0, 0, 0, 0, 1}, {.in = 512});
  return stream;
}

/// Units that differ from the first one: read only and rotating, without a cache, far away and
/// without a longest transfer; and one that is not there between them.
Stream units_of_all_kinds() {
  constexpr std::uint16_t far_unit = 0x4000 | 300;
  Stream stream;
  for (const std::uint16_t unit :
       {std::uint16_t{1}, std::uint16_t{2}, far_unit, std::uint16_t{7}}) {
    stream.command({0x00}, {.unit = unit});
    stream.command({0x2a, 0, 0, 0, 0, 0, 0, 0, 1}, {.out = 4096, .unit = unit});
    stream.command({0x28, 0, 0, 0, 0, 0, 0, 0, 1}, {.in = 4096, .unit = unit});
    stream.command({0x12, 1, 0x83, 0, 255}, {.in = 255, .unit = unit});
    stream.command({0x12, 1, 0xb1, 0, 255}, {.in = 255, .unit = unit});
  }
  return stream.command({0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 64}, {.in = 64});
}

/// What is supported of a command with a service action: READ CAPACITY(16).
Stream usage_of_a_service_action() {
  Stream stream;
  stream.command({0x00});
  for (const int options : {2, 3})
    stream.command({0xa3, 0x0c, options, 0x9e, 0, 0x10, 0, 0, 0, 64}, {.in = 64});
  return stream;
}

/// A CDB of no bytes: in the harness of devices, bit 4 of the steering cuts it to the data's
/// length.
Stream command_of_no_bytes() {
  Stream stream;
  return stream.command({0x00}).steer(0x10);
}

std::vector<Seed> of_devices() {
  return {
      {"scsi", "write-protection-and-sense-format", write_protection_and_sense_format()},
      {"scsi", "units-of-all-kinds", units_of_all_kinds()},
      {"scsi", "usage-of-a-service-action", usage_of_a_service_action()},
      {"scsi", "command-of-no-bytes", command_of_no_bytes()},
  };
}

// Logins.

std::string names_of(std::string_view target) {
  std::string names;
  names.append("InitiatorName=").append(initiator_name);
  return names.append(";TargetName=").append(target).append(";SessionType=Normal;");
}

/// So many keys of no meaning that their answers fill more than a response.
std::string many_keys() {
  std::string keys = names_of(target_name);
  for (int i = 100; i < 340; ++i) keys += "Key-of-no-sense-at-all-" + std::to_string(i) + "=1;";
  return keys;
}

Stream requests_without_end() {
  Stream stream{1};
  stream.login({1, 1}, names_of(target_name));
  for (std::size_t i = 0; i <= limits::login_requests; ++i) stream.login({1, 1}, "");
  return stream;
}

/// Joins the session of TSIH 1 as another connection, in two steps.
Stream joining_login() {
  std::string names = pairs(names_of(target_name));
  names.erase(names.find("SessionType"));  // the session has its type
  const auto request = [](bool transit) {
    return pdu::LoginRequest{
        .transit = transit,
        .current_stage = pdu::LoginStage::operational_negotiation,
        .next_stage = transit ? pdu::LoginStage::full_feature_phase : pdu::LoginStage{},
        .isid = wire::Isid{0x23'd000'0001},
        .tsih = wire::Tsih{1},
        .initiator_task_tag = InitiatorTaskTag{0x10},
        .cid = wire::Cid{5}};
  };
  return Stream{1}.send(request(false), wire::as_bytes(names)).send(request(true));
}

std::vector<Seed> of_logins() {
  const auto to = [](std::string_view target) { return Stream{1}.login(names_of(target)); };
  return {
      {"login", "visiting", to(visiting_name)},
      {"login", "requests-without-end", requests_without_end()},
      {"login", "long-answer-fetched", Stream{1}.login(many_keys()).login("")},
      {"login", "long-answer-interrupted", Stream{1}.login(many_keys()).login("Key=1;")},
      {"login", "joining", joining_login()},
  };
}

std::vector<Seed> of_authentication() {
  const auto exchange = [](std::string_view last) {
    return bytes_of_text(
        pairs(std::string{"AuthMethod=CHAP;;CHAP_A=5;;CHAP_N=alice;"}.append(last)));
  };
  return {
      {"chap", "identifier-of-two-bytes", exchange("CHAP_R=right;CHAP_I=256;CHAP_C=0x0102;")},
      {"chap", "target-that-proves-itself", exchange("CHAP_R=right;CHAP_I=1;CHAP_C=0x0102;")},
      {"chap", "challenge-sent-back", exchange("CHAP_R=right;CHAP_I=1;CHAP_C=theirs;")},
      {"chap", "challenge-of-another-login",
       exchange("CHAP_R=right;CHAP_I=1;CHAP_C=0x5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a;")},
      {"chap", "response-of-the-target", exchange("CHAP_R=ours;")},
      {"names", "eui-with-a-stray-letter", bytes_of_text("eui.02004567A425678G")},
      {"names", "grows-while-prepared",
       [] {
         std::string name{"iqn.2001-04.com.example:"};
         for (int i = 0; i < 60; ++i) name += "\xe3\x8c\x96";  // U+3316: six characters
         return bytes_of_text(name);
       }()},
  };
}

// Texts and PDUs by themselves.

std::vector<Seed> of_negotiations() {
  return {
      {"stranger", "standard-keys-not-understood",
       bytes_of_text(pairs("HeaderDigest=NotUnderstood;;InitialR2T=NotUnderstood;;"))},
      {"stranger", "declaration-refused", bytes_of_text(pairs("MaxRecvDataSegmentLength=Reject;"))},
      {"stranger", "declaration-not-understood",
       bytes_of_text(pairs("MaxRecvDataSegmentLength=NotUnderstood;"))},
      {"stranger", "declarations-passed-over",
       bytes_of_text(pairs("MaxRecvDataSegmentLength=Irrelevant;;SendTargets=Reject;"))},
      {"stranger", "answered-twice", bytes_of_text(pairs("HeaderDigest=None;;HeaderDigest=None;"))},
      {"stranger", "discovery", bytes_of_text(pairs("MaxRecvDataSegmentLength=512;"))},
  };
}

std::vector<Seed> of_pdus() {
  const wire::Bytes data = pattern(4);
  wire::Bytes padded = pdu::encode(ping(1), pattern(5), {});
  padded.back() = std::byte{1};
  return {
      {"pdu", "data-in-with-intermediate-status",
       pdu::encode(pdu::DataIn{.has_status = true, .status = 0x14}, {}, {})},
      {"pdu", "nop-in-unasked-with-data", pdu::encode(pdu::NopIn{}, data, {})},
      {"pdu", "residuals-of-both-kinds",
       pdu::encode(pdu::ScsiResponse{.bidirectional_overflow = true,
                                     .bidirectional_underflow = true,
                                     .response = pdu::ServiceResponse::target_failure},
                   {}, {})},
      {"pdu", "residual-of-a-failure",
       pdu::encode(pdu::ScsiResponse{.bidirectional_underflow = true,
                                     .response = pdu::ServiceResponse::target_failure},
                   {}, {})},
      {"frame", "padding-that-is-not-zero", padded},
  };
}

}  // namespace

std::vector<Seed> corner_seeds_of_parts() {
  std::vector<Seed> seeds;
  for (const auto& part :
       {of_devices(), of_logins(), of_authentication(), of_negotiations(), of_pdus()})
    seeds.insert(seeds.end(), part.begin(), part.end());
  return seeds;
}

}  // namespace iscsi::fuzz
