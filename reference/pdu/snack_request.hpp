#pragma once

#include "pdu/layout.hpp"
#include "pdu/opcode.hpp"

namespace iscsi::pdu {

/// 10.16.1.
enum class SnackType : std::uint8_t { data_or_r2t, status, data_ack, r_data };
inline constexpr std::array<Code, 4> snack_types{
    {{0, "Data/R2T"}, {1, "Status"}, {2, "DataACK"}, {3, "R-Data"}}};

/// SNACK Request (RFC 3720 10.16): asks for PDUs again, or acknowledges data.
struct SnackRequest {
  static constexpr auto opcode = Opcode::snack_request;
  static constexpr std::string_view name = "SNACK Request", section = "10.16";
  static constexpr auto data_segment = DataSegment::none;

  SnackType type{};
  wire::Lun lun{};
  wire::InitiatorTaskTag initiator_task_tag = wire::InitiatorTaskTag::none;
  std::uint32_t transfer_or_snack_tag = wire::no_tag;  // DataACK: TTT; R-Data: the SNACK tag
  wire::StatSN exp_stat_sn{};
  std::uint32_t begin_run = 0;
  std::uint32_t run_length = 0;  // how many; 0: all from `begin_run` on

  /// 10.16.4: what is asked for belongs to one command.
  [[nodiscard]] constexpr bool concerns_task() const {
    return type == SnackType::data_or_r2t || type == SnackType::r_data;
  }
  /// 10.16.5: the tag that this type has to carry is there, and no other one.
  [[nodiscard]] constexpr bool has_its_tag() const {
    if (type == SnackType::r_data)
      return transfer_or_snack_tag != 0 && transfer_or_snack_tag != wire::no_tag;
    return (type == SnackType::data_ack) == (transfer_or_snack_tag != wire::no_tag);
  }

  static constexpr auto layout() {
    return std::to_array<Entry<SnackRequest>>({
        reserved<SnackRequest>(bits(0, 0, 2)),
        fixed<SnackRequest>("F", bits(1, 0), 1),
        reserved<SnackRequest>(bits(1, 1, 3)),
        field<&SnackRequest::type>("Type", bits(1, 4, 4)).one_of(snack_types),
        reserved<SnackRequest>(bytes(2, 2)),
        field<&SnackRequest::lun>("LUN", bytes(8, 8)),
        field<&SnackRequest::initiator_task_tag>("InitiatorTaskTag", bytes(16, 4)),
        field<&SnackRequest::transfer_or_snack_tag>("TargetTransferTag", bytes(20, 4)),
        reserved<SnackRequest>(bytes(24, 4)),
        field<&SnackRequest::exp_stat_sn>("ExpStatSN", bytes(28, 4)),
        reserved<SnackRequest>(bytes(32, 8)),
        field<&SnackRequest::begin_run>("BegRun", bytes(40, 4)),
        field<&SnackRequest::run_length>("RunLength", bytes(44, 4)),
    });
  }
  static constexpr auto checks() {
    return std::to_array<Check<SnackRequest>>({
        {Rule::snack_names_its_task, 16,
         [](const SnackRequest& pdu, const Lengths&) {
           return pdu.concerns_task() == (pdu.initiator_task_tag != wire::InitiatorTaskTag::none);
         }},
        {Rule::snack_carries_its_tag, 20,
         [](const SnackRequest& pdu, const Lengths&) { return pdu.has_its_tag(); }},
        {Rule::r_data_snack_begins_at_zero, 40,
         [](const SnackRequest& pdu, const Lengths&) {
           return pdu.type != SnackType::r_data || pdu.begin_run == 0;
         }},
        {Rule::acknowledging_snack_has_no_run_length, 44,
         [](const SnackRequest& pdu, const Lengths&) {
           const bool acknowledges =
               pdu.type == SnackType::data_ack || pdu.type == SnackType::r_data;
           return !acknowledges || pdu.run_length == 0;
         }},
    });
  }
  friend bool operator==(const SnackRequest&, const SnackRequest&) = default;
};
static_assert(tiled_bits<SnackRequest>() == bhs_bits);

}  // namespace iscsi::pdu
