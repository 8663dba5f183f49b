#pragma once

#include "pdu/layout.hpp"
#include "pdu/opcode.hpp"

namespace iscsi::pdu {

/// 10.17.1.
enum class RejectReason : std::uint8_t {
  data_digest_error = 0x02,
  snack_reject = 0x03,
  protocol_error = 0x04,
  command_not_supported = 0x05,
  immediate_command_reject = 0x06,
  task_in_progress = 0x07,
  invalid_data_ack = 0x08,
  invalid_pdu_field = 0x09,
  long_operation_reject = 0x0a,
  negotiation_reset = 0x0b,
  waiting_for_logout = 0x0c,
};
inline constexpr std::array<Code, 11> reject_reasons{{{0x02, "data digest error"},
                                                      {0x03, "SNACK reject"},
                                                      {0x04, "protocol error"},
                                                      {0x05, "command not supported"},
                                                      {0x06, "immediate command reject"},
                                                      {0x07, "task in progress"},
                                                      {0x08, "invalid data ACK"},
                                                      {0x09, "invalid PDU field"},
                                                      {0x0a, "long operation reject"},
                                                      {0x0b, "negotiation reset"},
                                                      {0x0c, "waiting for logout"}}};

/// Reject (RFC 3720 10.17); its data segment begins with the header of the PDU it refuses.
struct Reject {
  static constexpr auto opcode = Opcode::reject;
  static constexpr std::string_view name = "Reject", section = "10.17";
  static constexpr auto data_segment = DataSegment::allowed;

  RejectReason reason{};
  wire::StatSN stat_sn{};
  wire::CmdSN exp_cmd_sn{};
  wire::CmdSN max_cmd_sn{};
  wire::DataSN data_sn{};  // of a refused Data/R2T SNACK: the next one the target would send

  static constexpr auto layout() {
    return std::to_array<Entry<Reject>>({
        reserved<Reject>(bits(0, 0, 2)),
        fixed<Reject>("F", bits(1, 0), 1),
        reserved<Reject>(bits(1, 1, 7)),
        field<&Reject::reason>("Reason", bytes(2, 1)).one_of(reject_reasons),
        reserved<Reject>(bytes(3, 1)),
        reserved<Reject>(bytes(8, 8)),
        fixed<Reject>("InitiatorTaskTag", bytes(16, 4), 0xffff'ffff),
        reserved<Reject>(bytes(20, 4)),
        field<&Reject::stat_sn>("StatSN", bytes(24, 4)),
        field<&Reject::exp_cmd_sn>("ExpCmdSN", bytes(28, 4)),
        field<&Reject::max_cmd_sn>("MaxCmdSN", bytes(32, 4)),
        field<&Reject::data_sn>("DataSN", bytes(36, 4)).when([](const Reject& pdu) {
          return pdu.reason == RejectReason::protocol_error;
        }),
        reserved<Reject>(bytes(40, 8)),
    });
  }
  static constexpr auto checks() {
    return std::to_array<Check<Reject>>({
        {Rule::reject_carries_the_header, 5,
         [](const Reject&, const Lengths& lengths) { return lengths.data >= bhs_bytes; }},
    });
  }
  friend bool operator==(const Reject&, const Reject&) = default;
};
static_assert(tiled_bits<Reject>() == bhs_bits);

}  // namespace iscsi::pdu
