#include "support/steering.hpp"
#include "tools/seed.hpp"

/// Published defects of other targets, each as the bytes that an initiator sends to show it. Those
/// that have no such bytes are listed in corpus/regressions/README.md.

namespace iscsi::fuzz {
namespace {

using wire::InitiatorTaskTag;
using wire::TargetTransferTag;
using Login = Stream::Login;

constexpr std::string_view names =
    "InitiatorName=iqn.2004-04.com.example:host;TargetName=iqn.2004-04.com.example:disk;"
    "SessionType=Normal;";

wire::Bytes pattern(std::size_t bytes) { return wire::Bytes(bytes, std::byte{0x5a}); }

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

Stream login_with(const std::string& more) { return Stream{1}.login(std::string{names} + more); }

/// The last step of CHAP with this response.
Stream chap(std::string_view algorithms, const std::string& response) {
  return Stream{1}
      .login(Login{0, 0}, std::string{names} + "AuthMethod=CHAP;")
      .login(Login{0, 0}, std::string{"CHAP_A="}.append(algorithms).append(";"))
      .login(Login{0, 1}, "CHAP_N=alice;CHAP_R=" + response + ";");
}

/// After the unit attention.
Stream ready() { return Stream::logged_in().command({0x00}); }

Stream parameters_out(std::initializer_list<int> cdb, wire::ByteView list) {
  return ready().command(cdb, {.out = static_cast<std::uint32_t>(list.size()), .immediate = list});
}

/// `more` keys of one letter, all different, none known.
std::string different_keys(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += "X-" + std::to_string(i) + "=;";
  return text;
}

/// A login segment of so many bytes without a null byte at its end.
Stream unended_login(std::size_t bytes) {
  std::string text{names};
  text += "X-a=";
  text.resize(bytes, 'b');
  return Stream{1}.login(text);
}

Stream each_opcode_first(int opcode) {
  pdu::HeaderBytes header{};
  header[0] = static_cast<std::byte>(opcode);
  header[1] = std::byte{0x80};
  Stream stream{1};
  return stream.append(header).append(header);
}

Stream with_additional_headers(int opcode, std::size_t words) {
  pdu::HeaderBytes header = pdu::encode_header(pdu::NopOut{.immediate = true}, {});
  header[0] = static_cast<std::byte>(opcode);
  header[4] = static_cast<std::byte>(words);
  return Stream::logged_in().append(header).append(pattern(words * 4));
}

Stream traffic_after_logout() {
  Stream stream = Stream::logged_in();
  stream.log_out().command({0x12, 0, 0, 0, 36}, {.in = 36});
  return stream.send(pdu::NopOut{.immediate = true});
}

/// A page inside a page inside a page.
wire::Bytes nested_mode_pages() {
  wire::Bytes list(4);
  for (int i = 0; i < 60; ++i) {
    list.push_back(std::byte{0x48});  // SPF: a subpage follows
    list.push_back(std::byte{0x02});
    list.push_back(std::byte{0x00});
  }
  return list;
}

Stream short_login() {
  const wire::Bytes whole = Stream{1}.login(names);
  return Stream{1}.append(wire::ByteView{whole}.first(20));
}

Stream long_first_segment(std::size_t additional_words, std::size_t data_bytes) {
  wire::Bytes bytes = Stream{1}.login(names);
  bytes[4] = static_cast<std::byte>(additional_words);
  wire::store<3>(bytes, 5, data_bytes);
  bytes.resize(pdu::bhs_bytes + additional_words * 4 + data_bytes, std::byte{0x41});
  return Stream{1}.append(bytes);
}

Stream flood(std::size_t count) {
  Stream stream = Stream::logged_in();
  for (std::size_t i = 0; i < count; ++i)
    stream.send(pdu::NopOut{.immediate = true,
                            .initiator_task_tag = InitiatorTaskTag{static_cast<std::uint32_t>(i)}});
  return stream;
}

Stream many_ordered_commands(std::size_t count) {
  Stream stream = ready();
  for (std::size_t i = 0; i < count; ++i)
    stream.send(
        pdu::ScsiCommand{.write = true,
                         .attribute = pdu::TaskAttribute::ordered,
                         .initiator_task_tag = InitiatorTaskTag{static_cast<std::uint32_t>(i + 10)},
                         .expected_data_transfer_length = 512,
                         .cdb = {std::byte{0x0a}, {}, {}, {}, std::byte{1}}});
  return stream;
}

/// XCOPY from and to a unit that its designator names: one that may belong to somebody else.
wire::Bytes third_party_copy() {
  constexpr std::size_t target_descriptor = 16, segment_descriptor = 16 + 32;
  wire::Bytes list(segment_descriptor + 28);
  list[3] = std::byte{32};                        // bytes of CSCD descriptors
  list[11] = std::byte{28};                       // of segment descriptors
  list[target_descriptor] = std::byte{0xe4};      // by its identification
  list[target_descriptor + 4] = std::byte{1};     // binary
  list[target_descriptor + 5] = std::byte{3};     // NAA
  list[target_descriptor + 7] = std::byte{16};    // bytes of it
  list[target_descriptor + 8] = std::byte{0x60};  // IEEE registered extended
  for (std::size_t i = 9; i < 24; ++i) list[target_descriptor + i] = std::byte{0xa5};
  list[target_descriptor + 30] = std::byte{2};  // blocks of 512
  list[segment_descriptor] = std::byte{2};      // block to block
  list[segment_descriptor + 3] = std::byte{24};
  list[segment_descriptor + 11] = std::byte{1};  // one block, from the first
  list[segment_descriptor + 27] = std::byte{8};  // to the ninth
  return list;
}

/// A TransportID without `,i,0x` and without a null byte, up to the end of the list.
wire::Bytes transport_id_without_separator() {
  wire::Bytes list(24 + 4 + 24, std::byte{'a'});
  for (std::size_t i = 0; i < 32; ++i) list[i] = {};
  list[20] = std::byte{0x08};  // SPEC_I_PT
  list[27] = std::byte{24};
  list[28] = std::byte{0x45};
  list[31] = std::byte{20};
  return list;
}

/// REGISTER AND MOVE: a TransportID takes the rest of the list.
wire::Bytes long_register_and_move() {
  constexpr std::size_t size = 8192, front = 24;
  wire::Bytes list(size, std::byte{'a'});
  for (std::size_t i = 0; i < front + 4; ++i) list[i] = {};
  wire::store<4>(list, 20, size - front);
  list[front] = std::byte{0x45};
  wire::store<2>(list, front + 2, size - front - 4);
  return list;
}

wire::Bytes registration() {
  wire::Bytes list(24);
  list[15] = std::byte{1};  // the key
  return list;
}

/// As an input with several connections: a session is replaced, logged out of and begun again,
/// while the commands of the one before it are under way.
Stream storm() {
  constexpr int free_line = 0xc0;
  const pdu::LoginRequest login{.transit = true,
                                .current_stage = pdu::LoginStage::operational_negotiation,
                                .next_stage = pdu::LoginStage::full_feature_phase,
                                .isid = wire::Isid{0x23'd000'0001}};
  const wire::Bytes text = bytes_of_text(pairs(names));
  Stream stream{1};
  for (int i = 0; i < 8; ++i) {
    stream.send(login, text).steer(free_line);
    stream.command({0x2a, 0, 0, 0, 0, 0, 0, 0, 8}, {.out = 4096}).steer(free_line);
    if (i % 2 == 0) stream.log_out().steer(free_line);
    stream.command({0x00}).steer(free_line, static_cast<int>(Event::connection_closes));
  }
  return stream;
}

std::vector<Regression> of_login() {
  return {
      {"lio-cve-2013-2850-long-key", "a key name longer than 64 bytes, before authentication",
       login_with(repeated("A", 200) + "=1;"), Rule::key_name_within_limit},
      {"lio-cve-2018-14633-long-response", "CHAP_R of 17 bytes in hexadecimal",
       chap("5", "0x" + repeated("ab", 17))},
      {"lio-cve-2026-63886-long-response", "CHAP_R of 127 digits in base64",
       chap("5", "0b" + repeated("A", 127))},
      {"lio-cve-2026-63887-many-keys", "2,000 times `a=b`: an answer four times as long",
       login_with(repeated("a=b;", 2000)), Rule::key_name_begins_with_capital},
      {"lio-cve-2026-63887-different-keys", "the same with keys that have to be answered",
       login_with(different_keys(900)), Rule::negotiation_keys_within_limit},
      {"lio-cve-2026-90011-unended-8189", "a login text without a null byte, 8,189 bytes",
       unended_login(8189), Rule::text_pair_ends_in_null},
      {"lio-cve-2026-90011-unended-8192", "the same at 8,192 bytes", unended_login(8192),
       Rule::text_pair_ends_in_null},
      {"lio-cve-2026-53176-short-login", "a login shorter than its header", short_login(),
       Rule::pdu_is_complete},
      {"lio-auth-protocol-null", "an algorithm that nobody knows, and on with it",
       chap("99", "0x" + repeated("00", 16))},
      {"tgt-cve-2011-0001-long-login", "a login's data longer than 8 KiB",
       long_first_segment(0, 9000), Rule::data_segment_within_limit},
      {"tgt-cve-2011-0001-additional-headers", "additional headers before login",
       long_first_segment(255, 8), Rule::additional_headers_within_limit},
      {"istgt-cve-2010-0743-format-string", "names that are formats",
       Stream{1}.login("InitiatorName=iqn.2004-04.com.%n%n%s:%x;TargetName=%s;"),
       Rule::iscsi_name_is_prepared},
      {"scst-name-of-223-bytes", "the longest name there may be",
       Stream{1}.login("InitiatorName=iqn.2004-04.com.example:" + repeated("a", 199) +
                       ";TargetName=iqn.2004-04.com.example:disk;")},
      {"scst-name-of-224-bytes", "one byte more",
       Stream{1}.login("InitiatorName=iqn.2004-04.com.example:" + repeated("a", 200) +
                       ";TargetName=iqn.2004-04.com.example:disk;"),
       Rule::iscsi_name_within_length},
      {"scst-sha1-response", "a response of SHA-1", chap("6", "0x" + repeated("cd", 20))},
      {"scst-sha256-response", "a response of SHA-256", chap("7", "0x" + repeated("cd", 32))},
  };
}

std::vector<Regression> of_session() {
  std::vector<Regression> found{
      {"spdk-cve-2021-28361-empty-text", "a Text Request with C and without data",
       Stream::logged_in().text("", false).text("")},
      {"spdk-ahs-unknown-opcode", "more additional headers than a Reject has room for",
       with_additional_headers(0x1b, 200), Rule::opcode_is_known},
      {"spdk-ahs-in-nop-out", "additional headers where there are none",
       with_additional_headers(0x40, 16), Rule::additional_header_only_in_scsi_command},
      {"spdk-traffic-after-logout", "requests behind a logout", traffic_after_logout()},
      {"spdk-3203-padding-read", "data whose padding lies behind its buffer",
       ready().command({0x12, 0, 0, 0, 5}, {.in = 5}).command({0x12, 0, 0, 0, 33}, {.in = 35})},
      {"tgt-send-targets-in-pieces", "a list of targets longer than a PDU may be",
       Stream{1}
           .login("InitiatorName=iqn.2004-04.com.example:host;SessionType=Discovery;"
                  "MaxRecvDataSegmentLength=512;")
           .text("SendTargets=All;")},
      {"lio-cve-2026-23193-storm",
       "sessions that are replaced, logged out of and begun again (several connections)", storm()},
      {"scst-order-slots", "more ordered commands than the window holds",
       many_ordered_commands(140), Rule::cmd_sn_is_in_window},
      {"windows-ms14-028-flood", "a flood of PDUs whose answers nobody fetches", flood(600)},
      {"lio-cve-2014-4027-unwritten-blocks", "blocks that nobody has written",
       ready().command({0x28, 0, 0, 0, 0, 100, 0, 0, 8}, {.in = 4096})},
  };
  for (const int opcode : {0x00, 0x41, 0x42, 0x44, 0x05, 0x46, 0x10, 0x1c, 0x23, 0x3f})
    found.push_back({"spdk-3927-first-" + std::to_string(opcode),
                     "operation code " + std::to_string(opcode) + " in front of any login",
                     each_opcode_first(opcode), Rule::first_pdu_is_login_request});
  return found;
}

std::vector<Regression> of_scsi() {
  const wire::Bytes nested = nested_mode_pages(), copy = third_party_copy(),
                    transport_id = transport_id_without_separator(), list = pattern(512),
                    move = long_register_and_move(), key = registration();
  return {
      {"lio-cve-2026-72084-transport-id", "PERSISTENT RESERVE OUT with a TransportID without end",
       parameters_out({0x5f, 0, 0, 0, 0, 0, 0, 0, 52}, transport_id)},
      {"lio-cve-2026-72083-register-and-move",
       "PERSISTENT RESERVE OUT, REGISTER AND MOVE, its list longer than 4,096 bytes",
       parameters_out({0x5f, 7, 0, 0, 0, 0, 0, 0x20, 0}, move)},
      {"lio-cve-2020-28374-third-party-copy", "EXTENDED COPY from a unit that is not one's own",
       parameters_out({0x83, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 76}, copy)},
      {"spdk-873-mode-select", "MODE SELECT with pages inside of pages",
       parameters_out({0x15, 0x10, 0, 0, 184}, nested)},
      {"spdk-full-status",
       "PERSISTENT RESERVE IN, READ FULL STATUS of a registration, of any length",
       parameters_out({0x5f, 0, 0, 0, 0, 0, 0, 0, 24}, key)
           .command({0x5e, 3, 0, 0, 0, 0, 0, 0xff, 0xff}, {.in = 65535})},
      {"scst-328-unmap", "UNMAP with more descriptors than there are",
       parameters_out({0x42, 0, 0, 0, 0, 0, 0, 2, 0}, list)},
      {"freebsd-cve-2024-8178-write-buffer", "WRITE BUFFER and READ BUFFER",
       parameters_out({0x3b, 2, 0, 0, 0, 0, 0, 2, 0}, list)
           .command({0x3c, 2, 0, 0, 0, 0, 0, 0xff, 0xff}, {.in = 65535})},
      {"freebsd-cve-2024-42416-operation-codes",
       "REPORT SUPPORTED OPERATION CODES with the last service action",
       ready()
           .command({0xa3, 0x0c, 2, 0x9e, 0xff, 0xff, 0, 0, 0xff, 0xff}, {.in = 65535})
           .command({0xa3, 0x0c, 3, 0xff, 0, 31, 0, 0, 0xff, 0xff}, {.in = 65535})},
      {"freebsd-cve-2024-45063-write-buffer", "WRITE BUFFER whose data comes later, and again",
       ready()
           .command({0x3b, 2, 0, 0, 0, 0, 0, 2, 0}, {.out = 512})
           .command({0x3b, 2, 0, 0, 0, 0, 0, 2, 0}, {.out = 512})
           .log_out()},
      {"freebsd-cve-2024-39281-reserve-out", "a parameter list of 4 GiB less one",
       ready().command({0x5f, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, {.out = 0xffff'ffff})},
      {"freebsd-cve-2024-43110-request-sense", "REQUEST SENSE in both forms, cut anywhere",
       ready()
           .command({0x03, 0, 0, 0, 1}, {.in = 1})
           .command({0x03, 1, 0, 0, 7}, {.in = 7})
           .command({0x03, 0, 0, 0, 252}, {.in = 252})},
  };
}

}  // namespace

std::vector<Regression> foreign_regressions() {
  std::vector<Regression> found;
  for (const auto& part : {of_login(), of_session(), of_scsi()})
    found.insert(found.end(), part.begin(), part.end());
  return found;
}

}  // namespace iscsi::fuzz
