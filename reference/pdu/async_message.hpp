#pragma once

#include "pdu/layout.hpp"
#include "pdu/opcode.hpp"

namespace iscsi::pdu {

/// 10.9.1.
enum class AsyncEvent : std::uint8_t {
  scsi_event = 0,
  logout_request = 1,
  drop_connection = 2,
  drop_session = 3,
  negotiation_request = 4,
  vendor_specific = 255,
};
inline constexpr std::array<Code, 6> async_events{{{0, "SCSI asynchronous event"},
                                                   {1, "logout request"},
                                                   {2, "connection will be dropped"},
                                                   {3, "all connections will be dropped"},
                                                   {4, "negotiation request"},
                                                   {255, "vendor specific"}}};

/// Asynchronous Message (RFC 3720 10.9).
struct AsyncMessage {
  static constexpr auto opcode = Opcode::async_message;
  static constexpr std::string_view name = "Asynchronous Message", section = "10.9";
  static constexpr auto data_segment = DataSegment::allowed;  // sense and event data

  wire::Lun lun{};
  wire::StatSN stat_sn{};
  wire::CmdSN exp_cmd_sn{};
  wire::CmdSN max_cmd_sn{};
  AsyncEvent event{};
  std::uint8_t vendor_code = 0;
  std::uint16_t parameter1 = 0;  // drop_connection: the CID
  std::uint16_t parameter2 = 0;  // Time2Wait, seconds
  std::uint16_t parameter3 = 0;  // seconds: Time2Retain, or the time to log out or negotiate

  static constexpr auto layout() {
    return std::to_array<Entry<AsyncMessage>>({
        reserved<AsyncMessage>(bits(0, 0, 2)),
        fixed<AsyncMessage>("F", bits(1, 0), 1),
        reserved<AsyncMessage>(bits(1, 1, 7)),
        reserved<AsyncMessage>(bytes(2, 2)),
        field<&AsyncMessage::lun>("LUN", bytes(8, 8)).when([](const AsyncMessage& pdu) {
          return pdu.event == AsyncEvent::scsi_event;
        }),
        fixed<AsyncMessage>("InitiatorTaskTag", bytes(16, 4), 0xffff'ffff),
        reserved<AsyncMessage>(bytes(20, 4)),
        field<&AsyncMessage::stat_sn>("StatSN", bytes(24, 4)),
        field<&AsyncMessage::exp_cmd_sn>("ExpCmdSN", bytes(28, 4)),
        field<&AsyncMessage::max_cmd_sn>("MaxCmdSN", bytes(32, 4)),
        field<&AsyncMessage::event>("AsyncEvent", bytes(36, 1)).one_of(async_events),
        field<&AsyncMessage::vendor_code>("AsyncVCode", bytes(37, 1))
            .when([](const AsyncMessage& pdu) { return pdu.event == AsyncEvent::vendor_specific; }),
        field<&AsyncMessage::parameter1>("Parameter1", bytes(38, 2))
            .when([](const AsyncMessage& pdu) {
              return pdu.event == AsyncEvent::drop_connection ||
                     pdu.event == AsyncEvent::vendor_specific;
            }),
        field<&AsyncMessage::parameter2>("Parameter2", bytes(40, 2))
            .when([](const AsyncMessage& pdu) {
              return pdu.event == AsyncEvent::drop_connection ||
                     pdu.event == AsyncEvent::drop_session ||
                     pdu.event == AsyncEvent::vendor_specific;
            }),
        field<&AsyncMessage::parameter3>("Parameter3", bytes(42, 2))
            .when([](const AsyncMessage& pdu) { return pdu.event != AsyncEvent::scsi_event; }),
        reserved<AsyncMessage>(bytes(44, 4)),
    });
  }
  static constexpr std::array<Check<AsyncMessage>, 0> checks() { return {}; }
  friend bool operator==(const AsyncMessage&, const AsyncMessage&) = default;
};
static_assert(tiled_bits<AsyncMessage>() == bhs_bits);

}  // namespace iscsi::pdu
