#include "pdu/additional_headers.hpp"
#include "tools/seed.hpp"

/// Where the engines begin: for each harness a few short inputs that reach its main ways.

namespace iscsi::fuzz {
namespace {

using wire::InitiatorTaskTag;
using Login = Stream::Login;

constexpr std::string_view who =
    "InitiatorName=iqn.2004-04.com.example:host;TargetName=iqn.2004-04.com.example:disk;"
    "SessionType=Normal;";

wire::Bytes pattern(std::size_t bytes) { return wire::Bytes(bytes, std::byte{0x5a}); }

/// Each PDU by itself, its fields not all zero.
std::vector<Seed> each_pdu(const std::string& folder) {
  std::vector<Seed> seeds;
  for (const pdu::Description& description : pdu::descriptions()) {
    wire::Bytes header(pdu::bhs_bytes);
    header[0] = static_cast<std::byte>(description.opcode);
    std::uint64_t value = 1;
    for (const pdu::Field& field : description.fields) {
      if (field.kind == pdu::EntryKind::fixed) pdu::insert(header, field.place, field.value);
      if (field.kind != pdu::EntryKind::field) continue;
      const std::uint64_t most =
          field.place.width >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << field.place.width) - 1;
      pdu::insert(header, field.place, field.codes.empty() ? value & most : field.codes[0].first);
      value = value * 3 + 1;
    }
    std::string name{description.name};
    for (char& c : name) c = c == ' ' ? '-' : c;
    seeds.push_back({.folder = folder, .name = name, .bytes = std::move(header)});
  }
  return seeds;
}

Stream three_pdus() {
  Stream stream;
  stream.send(pdu::NopOut{.initiator_task_tag = InitiatorTaskTag{1}}, pattern(5));
  stream.command({0x28, 0, 0, 0, 0, 0, 0, 0, 1}, {.in = 512});
  stream.send(pdu::DataOut{.initiator_task_tag = InitiatorTaskTag{2}}, pattern(512));
  return stream;
}

/// A long CDB and both directions, in additional headers.
Stream additional_headers() {
  const wire::Bytes cdb = pattern(16);
  const wire::Bytes area =
      pdu::encode_additional_headers({.extended_cdb = cdb, .bidirectional_read_length = 512});
  Stream stream;
  stream.send(pdu::ScsiCommand{.read = true,
                               .write = true,
                               .initiator_task_tag = InitiatorTaskTag{1},
                               .expected_data_transfer_length = 512,
                               .cdb = {std::byte{0x7f}}},
              {}, area);
  return stream;
}

std::vector<Seed> of_framing() {
  std::vector<Seed> seeds = each_pdu("pdu");
  seeds.push_back({"pdu", "additional-headers", additional_headers()});
  seeds.push_back({"frame", "three-pdus", three_pdus()});
  seeds.push_back({"frame", "additional-headers", additional_headers()});
  seeds.push_back({"input", "three-pdus", three_pdus()});
  seeds.push_back(
      {"input", "long-segment", Stream{}.send(pdu::NopOut{.immediate = true}, pattern(9000))});
  return seeds;
}

std::vector<Seed> of_login() {
  const std::string names{who};
  const auto chap = [&](std::string_view algorithms, std::string_view response) {
    return Stream{1}
        .login(Login{0, 0}, names + "AuthMethod=CHAP,None;")
        .login(Login{0, 0}, std::string{"CHAP_A="}.append(algorithms).append(";"))
        .login(Login{0, 1}, response)
        .login(Login{1, 3}, "HeaderDigest=None;MaxRecvDataSegmentLength=8192;");
  };
  std::vector<Seed> seeds{
      {"login", "straight", Stream{1}.login(Login{}, names)},
      {"login", "discovery",
       Stream{1}.login(Login{},
                       "InitiatorName=iqn.2004-04.com.example:host;"
                       "SessionType=Discovery;")},
      {"login", "security-none",
       Stream{1}
           .login(Login{0, 1}, names + "AuthMethod=None;")
           .login(Login{1, 3},
                  "HeaderDigest=CRC32C,None;DataDigest=CRC32C,None;InitialR2T=No;"
                  "ImmediateData=Yes;MaxBurstLength=65536;FirstBurstLength=65536;"
                  "MaxOutstandingR2T=4;ErrorRecoveryLevel=0;")},
      {"login", "chap", chap("5", "CHAP_N=alice;CHAP_R=right;")},
      {"login", "chap-mutual",
       chap("7,5", "CHAP_N=0xbob;CHAP_R=right;CHAP_I=7;CHAP_C=0x0102030405060708;")},
      {"login", "chap-wrong", chap("5", "CHAP_N=alice;CHAP_R=0x00112233445566778899aabbccddeeff;")},
      {"login", "continued",
       Stream{1}
           .login(Login{1, 1, true}, names.substr(0, 40))
           .login(Login{1, 3}, names.substr(40))},
      {"login", "markers",
       Stream{1}.login(Login{}, names + "IFMarker=Yes;OFMarker=No;IFMarkInt=2048~8192;")},
      {"login", "moved",
       Stream{1}.login(Login{},
                       "InitiatorName=iqn.2004-04.com.example:host;"
                       "TargetName=iqn.2004-04.com.example:moved;")}};
  return seeds;
}

std::vector<Seed> of_text() {
  const std::string names = pairs(who);
  return {
      {"text", "login", bytes_of_text(names)},
      {"text", "values",
       bytes_of_text(pairs("A=0x1f;B=0bAQID;C=17;D=Yes;E=2048~8192;F=None,CRC32C;"
                           "X#a=[2001:db8::1]:3260,1;Alias=\xc3\xa4;"))},
      {"text", "send-targets",
       bytes_of_text(pairs("TargetName=iqn.2004-04.com.example:disk;"
                           "TargetAddress=192.0.2.1:3260,1;TargetAddress=[2001:db8::1],2;"))},
      {"stranger", "operational",
       bytes_of_text(pairs("HeaderDigest=CRC32C,None;MaxBurstLength=262144;"
                           "FirstBurstLength=65536;InitialR2T=No;OFMarkInt=1~65535;"))},
      {"stranger", "answers",
       bytes_of_text(pairs("MaxConnections=1;HeaderDigest=None;InitialR2T=Yes;"
                           "ErrorRecoveryLevel=0;IFMarkInt=Reject;;DataDigest=Irrelevant;"))},
      {"stranger", "unknown", bytes_of_text(pairs("X-com.example.a=1;X#b=2;Unknown=3;"))},
      {"chap", "one-way",
       bytes_of_text(pairs("AuthMethod=CHAP;;CHAP_A=5;;CHAP_N=alice;CHAP_R=right;"))},
      {"chap", "mutual",
       bytes_of_text(pairs("AuthMethod=CHAP;CHAP_A=8;;CHAP_A=8;;"
                           "CHAP_N=0xbob;CHAP_R=right;CHAP_I=1;CHAP_C=0bAAECAwQFBgc=;"))},
      {"names", "qualified", bytes_of_text("iqn.2001-04.com.example:storage.disk2.sys1.xyz")},
      {"names", "eui", bytes_of_text("eui.02004567A425678D")},
      {"names", "naa", bytes_of_text("naa.52004567BA64678D0123456789abcdef")},
      {"names", "beyond-ascii", bytes_of_text("\xc3\x84\xef\xac\x81\xe1\xba\x9e")},
      {"negotiate", "all-of-one-side",
       bytes_of_text("\x07\x01\x02\x03\x04\x05\x06\x07\x07\x08\x09\x0a\x0b\x0c\x0d\x0e")},
      {"negotiate", "both-sides", bytes_of_text("\x02\x06\x07\x02\x03\x04\x03\x0c\x0a\x0d")},
  };
}

}  // namespace

std::vector<Seed> harness_seeds() {
  std::vector<Seed> seeds;
  for (const auto& part : {of_framing(), of_login(), of_text(), target_seeds(), corner_seeds(),
                           corner_seeds_of_parts(), capture_seeds()})
    seeds.insert(seeds.end(), part.begin(), part.end());
  return seeds;
}

}  // namespace iscsi::fuzz
