#pragma once

/// Transcripts made by hand, PDU by PDU, for tests of the monitor.

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "conformance/monitor/monitor.hpp"
#include "pdu/codec.hpp"

namespace conformance {

using namespace iscsi::pdu;
using iscsi::wire::InitiatorTaskTag;
using iscsi::wire::TargetTransferTag;

/// `/` stands for the null byte behind each pair.
inline std::string pairs(std::string text) {
  std::ranges::replace(text, '/', '\0');
  return text;
}

/// A conversation on connection 0, with the numbers that a correct target would use next.
class Scene {
 public:
  Transcript transcript{{.kind = Record::Kind::opened}};
  std::uint32_t stat_sn = 100;
  std::uint32_t exp_cmd_sn = 10;
  std::uint32_t max_cmd_sn = 20;
  Digests digests{};

  template <class P>
  Scene& say(const P& pdu, std::string_view data = {}) {
    return record(Record::Kind::sent, encode(pdu, iscsi::wire::as_bytes(data), digests));
  }
  /// The PDU as it is.
  template <class P>
  Scene& raw(const P& pdu, std::string_view data = {}) {
    return record(Record::Kind::received, encode(pdu, iscsi::wire::as_bytes(data), digests));
  }
  /// The PDU with the next numbers, of which it uses up a StatSN.
  template <class P>
  Scene& answer(P pdu, std::string_view data = {}) {
    pdu.stat_sn = {stat_sn++};
    return raw(with_window(pdu), data);
  }
  /// The PDU with the next numbers; the StatSN stays.
  template <class P>
  Scene& notify(P pdu, std::string_view data = {}) {
    pdu.stat_sn = {stat_sn};
    return raw(with_window(pdu), data);
  }
  template <class P>
  Scene& data_in(P pdu, std::string_view data = {}) {
    return raw(with_window(pdu), data);
  }
  /// Spoils one byte of the last PDU.
  Scene& spoil(std::size_t byte, std::uint8_t value) {
    transcript.back().bytes.at(byte) = std::byte{value};
    return *this;
  }
  Scene& record(Record::Kind kind, iscsi::wire::Bytes bytes) {
    transcript.push_back({.kind = kind, .bytes = std::move(bytes)});
    return *this;
  }

  static LoginRequest login_request() {
    return {.transit = true,
            .current_stage = LoginStage::operational_negotiation,
            .next_stage = LoginStage::full_feature_phase,
            .isid = iscsi::wire::Isid{0x8000'0000'0001U},
            .initiator_task_tag = InitiatorTaskTag{1},
            .cid = iscsi::wire::Cid{1},
            .cmd_sn = {10}};
  }
  static LoginResponse login_response() {
    return {.transit = true,
            .current_stage = LoginStage::operational_negotiation,
            .next_stage = LoginStage::full_feature_phase,
            .isid = iscsi::wire::Isid{0x8000'0000'0001U},
            .tsih = iscsi::wire::Tsih{7},
            .initiator_task_tag = InitiatorTaskTag{1}};
  }
  static std::string names() {
    return pairs(
        "InitiatorName=iqn.2003-01.example:i/SessionType=Normal/"
        "TargetName=iqn.2003-01.example:t/");
  }
  /// A login that goes straight to full feature phase.
  Scene& login(const std::string& offers = {}, const std::string& answers = {}) {
    say(login_request(), names() + pairs(offers));
    answer(login_response(), pairs("TargetPortalGroupTag=1/" + answers));
    return *this;
  }

  static constexpr std::uint32_t tag = 5;
  static ScsiCommand read(std::uint32_t expected, std::uint32_t cmd_sn = 10) {
    return {.read = true,
            .initiator_task_tag = InitiatorTaskTag{tag},
            .expected_data_transfer_length = expected,
            .cmd_sn = {cmd_sn}};
  }
  static ScsiCommand write(std::uint32_t expected, std::uint32_t cmd_sn = 10) {
    ScsiCommand command = read(expected, cmd_sn);
    command.read = false;
    command.write = true;
    return command;
  }
  static ScsiResponse status() { return {.initiator_task_tag = InitiatorTaskTag{tag}}; }
  static DataIn input(std::uint32_t data_sn, std::uint32_t offset, bool final = true) {
    return {.final = final,
            .initiator_task_tag = InitiatorTaskTag{tag},
            .data_sn = {data_sn},
            .buffer_offset = offset};
  }
  static ReadyToTransfer r2t(std::uint32_t sn, std::uint32_t offset, std::uint32_t length) {
    return {.initiator_task_tag = InitiatorTaskTag{tag},
            .target_transfer_tag = TargetTransferTag{sn + 1},
            .r2t_sn = {sn},
            .buffer_offset = offset,
            .desired_data_transfer_length = length};
  }
  static DataOut output(std::uint32_t transfer_tag, std::uint32_t offset, bool final = true) {
    return {.final = final,
            .initiator_task_tag = InitiatorTaskTag{tag},
            .target_transfer_tag = TargetTransferTag{transfer_tag},
            .buffer_offset = offset};
  }

  /// The rules that a side, the target unless it is said, is found to break.
  [[nodiscard]] std::set<iscsi::Rule> broken(Side side = Side::target) const {
    std::set<iscsi::Rule> rules;
    for (const Finding& finding : observe(transcript, side).findings) rules.insert(finding.rule);
    return rules;
  }

 private:
  template <class P>
  P with_window(P pdu) const {
    pdu.exp_cmd_sn = {exp_cmd_sn};
    pdu.max_cmd_sn = {max_cmd_sn};
    return pdu;
  }
};

}  // namespace conformance
