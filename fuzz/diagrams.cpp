// Holds: the decoder finds every field where the diagrams of RFC 3720 chapter 10 draw it. They were
// read a second time for this file, apart from the layout tables, and bits are counted one by one.

#include <utility>
#include <variant>

#include "pdu/codec.hpp"
#include "support/entry.hpp"
#include "support/pdu_stream.hpp"
#include "support/require.hpp"

namespace iscsi::fuzz {
namespace {

using namespace pdu;

/// Bits of a header as the diagrams number them: bit 0 is the first that is sent.
std::uint64_t read_bits(const HeaderBytes& header, unsigned byte, unsigned bit, unsigned count) {
  std::uint64_t value = 0;
  for (unsigned at = byte * 8 + bit; count > 0; ++at, --count)
    value = value * 2 + (std::to_integer<unsigned>(header[at / 8]) >> (7 - at % 8)) % 2;
  return value;
}

template <class T>
std::uint64_t plain(T value) {
  if constexpr (requires { value.value; })
    return value.value;  // a serial number
  else
    return static_cast<std::uint64_t>(value);
}

/// Compares the fields of one PDU, named by their members, with their place in its diagram.
template <class P>
struct Diagram {
  const P& pdu;
  const HeaderBytes& header;

  template <class Member>
  const Diagram& flag(Member P::* member, unsigned byte, unsigned bit) const {
    return bits(member, byte, bit, 1);
  }
  template <class Member>
  const Diagram& bits(Member P::* member, unsigned byte, unsigned bit, unsigned count) const {
    require(plain(pdu.*member) == read_bits(header, byte, bit, count),
            "a field is where its diagram draws it");
    return *this;
  }
  template <class Member>
  const Diagram& bytes(Member P::* member, unsigned byte, unsigned count) const {
    return bits(member, byte, 0, count * 8);
  }
  /// A field that is reserved unless `is_there` ("LUN or Reserved").
  template <class Member>
  const Diagram& bytes_if(bool is_there, Member P::* member, unsigned byte, unsigned count) const {
    return is_there ? bytes(member, byte, count) : *this;
  }
  /// Words 16 (task tag), 24 and 28 of a request with a CmdSN.
  const Diagram& numbered_request() const {
    return bytes(&P::initiator_task_tag, 16, 4)
        .bytes(&P::cmd_sn, 24, 4)
        .bytes(&P::exp_stat_sn, 28, 4);
  }
  /// Words 28 and 32 of every response.
  const Diagram& window() const {
    return bytes(&P::exp_cmd_sn, 28, 4).bytes(&P::max_cmd_sn, 32, 4);
  }
};

void check(const Diagram<ScsiCommand>& is) {  // 10.3
  using P = ScsiCommand;
  is.flag(&P::immediate, 0, 1).flag(&P::final, 1, 0).flag(&P::read, 1, 1).flag(&P::write, 1, 2);
  is.bits(&P::attribute, 1, 5, 3).bytes(&P::lun, 8, 8).numbered_request();
  is.bytes(&P::expected_data_transfer_length, 20, 4);
  for (unsigned i = 0; i < is.pdu.cdb.size(); ++i)
    require(is.pdu.cdb[i] == is.header[32 + i], "the CDB is where its diagram draws it");
}

void check(const Diagram<ScsiResponse>& is) {  // 10.4
  using P = ScsiResponse;
  is.flag(&P::bidirectional_overflow, 1, 3).flag(&P::bidirectional_underflow, 1, 4);
  is.flag(&P::overflow, 1, 5).flag(&P::underflow, 1, 6).bytes(&P::response, 2, 1);
  const bool completed = read_bits(is.header, 2, 0, 8) == 0;
  is.bytes_if(completed, &P::status, 3, 1).bytes(&P::initiator_task_tag, 16, 4);
  is.bytes(&P::snack_tag, 20, 4).bytes(&P::stat_sn, 24, 4).window().bytes(&P::exp_data_sn, 36, 4);
  const bool has_bidirectional_residual = read_bits(is.header, 1, 3, 2) != 0;
  is.bytes_if(has_bidirectional_residual, &P::bidirectional_residual_count, 40, 4);
  is.bytes_if(read_bits(is.header, 1, 5, 2) != 0, &P::residual_count, 44, 4);
}

void check(const Diagram<TaskManagementRequest>& is) {  // 10.5
  using P = TaskManagementRequest;
  const std::uint64_t function = read_bits(is.header, 1, 1, 7);
  is.flag(&P::immediate, 0, 1).bits(&P::function, 1, 1, 7).numbered_request();
  is.bytes_if(function >= 1 && function <= 5, &P::lun, 8, 8).bytes(&P::referenced_task_tag, 20, 4);
  is.bytes_if(function == 1, &P::ref_cmd_sn, 32, 4).bytes_if(function == 8, &P::exp_data_sn, 36, 4);
}

void check(const Diagram<TaskManagementResponse>& is) {  // 10.6
  using P = TaskManagementResponse;
  is.bytes(&P::response, 2, 1).bytes(&P::initiator_task_tag, 16, 4).bytes(&P::stat_sn, 24, 4);
  is.window();
}

void check(const Diagram<DataOut>& is) {  // 10.7
  using P = DataOut;
  const bool is_solicited = read_bits(is.header, 20, 0, 32) != 0xffff'ffff;
  is.flag(&P::final, 1, 0).bytes_if(is_solicited, &P::lun, 8, 8);
  is.bytes(&P::initiator_task_tag, 16, 4).bytes(&P::target_transfer_tag, 20, 4);
  is.bytes(&P::exp_stat_sn, 28, 4).bytes(&P::data_sn, 36, 4).bytes(&P::buffer_offset, 40, 4);
}

void check(const Diagram<DataIn>& is) {  // 10.7
  using P = DataIn;
  const bool acknowledge = read_bits(is.header, 1, 1, 1) != 0;
  const bool has_status = read_bits(is.header, 1, 7, 1) != 0;
  is.flag(&P::final, 1, 0).flag(&P::acknowledge, 1, 1).flag(&P::has_status, 1, 7);
  if (has_status) is.flag(&P::overflow, 1, 5).flag(&P::underflow, 1, 6).bytes(&P::status, 3, 1);
  is.bytes_if(acknowledge, &P::lun, 8, 8).bytes(&P::initiator_task_tag, 16, 4);
  is.bytes(&P::target_transfer_tag, 20, 4).bytes_if(has_status, &P::stat_sn, 24, 4).window();
  is.bytes(&P::data_sn, 36, 4).bytes(&P::buffer_offset, 40, 4);
  const bool has_residual = has_status && read_bits(is.header, 1, 5, 2) != 0;
  is.bytes_if(has_residual, &P::residual_count, 44, 4);
}

void check(const Diagram<ReadyToTransfer>& is) {  // 10.8
  using P = ReadyToTransfer;
  is.bytes(&P::lun, 8, 8).bytes(&P::initiator_task_tag, 16, 4);
  is.bytes(&P::target_transfer_tag, 20, 4).bytes(&P::stat_sn, 24, 4).window();
  is.bytes(&P::r2t_sn, 36, 4).bytes(&P::buffer_offset, 40, 4);
  is.bytes(&P::desired_data_transfer_length, 44, 4);
}

void check(const Diagram<AsyncMessage>& is) {  // 10.9
  using P = AsyncMessage;
  const std::uint64_t event = read_bits(is.header, 36, 0, 8);
  const bool is_drop = event == 2 || event == 3;
  is.bytes_if(event == 0, &P::lun, 8, 8).bytes(&P::stat_sn, 24, 4).window();
  is.bytes(&P::event, 36, 1).bytes_if(event == 255, &P::vendor_code, 37, 1);
  is.bytes_if(event == 2 || event == 255, &P::parameter1, 38, 2);
  is.bytes_if(is_drop || event == 255, &P::parameter2, 40, 2);
  is.bytes_if(event != 0, &P::parameter3, 42, 2);
}

void check(const Diagram<TextRequest>& is) {  // 10.10
  using P = TextRequest;
  const bool goes_on = read_bits(is.header, 20, 0, 32) != 0xffff'ffff;
  is.flag(&P::immediate, 0, 1).flag(&P::final, 1, 0).flag(&P::continued, 1, 1);
  is.bytes_if(goes_on, &P::lun, 8, 8).bytes(&P::target_transfer_tag, 20, 4).numbered_request();
}

void check(const Diagram<TextResponse>& is) {  // 10.11
  using P = TextResponse;
  const bool goes_on = read_bits(is.header, 20, 0, 32) != 0xffff'ffff;
  is.flag(&P::final, 1, 0).flag(&P::continued, 1, 1).bytes_if(goes_on, &P::lun, 8, 8);
  is.bytes(&P::initiator_task_tag, 16, 4).bytes(&P::target_transfer_tag, 20, 4);
  is.bytes(&P::stat_sn, 24, 4).window();
}

/// The flags and stages that Login Requests and Responses have in common; NSG counts with T only.
template <class P>
void check_login(const Diagram<P>& is) {
  is.flag(&P::transit, 1, 0).flag(&P::continued, 1, 1).bits(&P::current_stage, 1, 4, 2);
  if (read_bits(is.header, 1, 0, 1) != 0) is.bits(&P::next_stage, 1, 6, 2);
  is.bytes(&P::version_max, 2, 1).bytes(&P::isid, 8, 6).bytes(&P::tsih, 14, 2);
}

void check(const Diagram<LoginRequest>& is) {  // 10.12
  using P = LoginRequest;
  check_login(is);
  is.bytes(&P::version_min, 3, 1).bytes(&P::cid, 20, 2).numbered_request();
}

void check(const Diagram<LoginResponse>& is) {  // 10.13
  using P = LoginResponse;
  check_login(is);
  is.bytes(&P::version_active, 3, 1).bytes(&P::initiator_task_tag, 16, 4);
  is.bytes(&P::stat_sn, 24, 4).window().bytes(&P::status, 36, 2);
}

void check(const Diagram<LogoutRequest>& is) {  // 10.14
  using P = LogoutRequest;
  const bool of_session = read_bits(is.header, 1, 1, 7) == 0;
  is.flag(&P::immediate, 0, 1).bits(&P::reason, 1, 1, 7).bytes_if(!of_session, &P::cid, 20, 2);
  is.numbered_request();
}

void check(const Diagram<LogoutResponse>& is) {  // 10.15
  using P = LogoutResponse;
  is.bytes(&P::response, 2, 1).bytes(&P::initiator_task_tag, 16, 4).bytes(&P::stat_sn, 24, 4);
  is.window().bytes(&P::time2wait, 40, 2).bytes(&P::time2retain, 42, 2);
}

void check(const Diagram<SnackRequest>& is) {  // 10.16
  using P = SnackRequest;
  is.bits(&P::type, 1, 4, 4).bytes(&P::lun, 8, 8).bytes(&P::initiator_task_tag, 16, 4);
  is.bytes(&P::transfer_or_snack_tag, 20, 4).bytes(&P::exp_stat_sn, 28, 4);
  is.bytes(&P::begin_run, 40, 4).bytes(&P::run_length, 44, 4);
}

void check(const Diagram<Reject>& is) {  // 10.17
  using P = Reject;
  is.bytes(&P::reason, 2, 1).bytes(&P::stat_sn, 24, 4).window();
  const bool is_protocol_error = read_bits(is.header, 2, 0, 8) == 4;
  is.bytes_if(is_protocol_error, &P::data_sn, 36, 4);
}

void check(const Diagram<NopOut>& is) {  // 10.18
  using P = NopOut;
  const bool answers = read_bits(is.header, 20, 0, 32) != 0xffff'ffff;
  is.flag(&P::immediate, 0, 1).bytes_if(answers, &P::lun, 8, 8);
  is.bytes(&P::target_transfer_tag, 20, 4).numbered_request();
}

void check(const Diagram<NopIn>& is) {  // 10.19
  using P = NopIn;
  const bool asks = read_bits(is.header, 20, 0, 32) != 0xffff'ffff;
  is.bytes_if(asks, &P::lun, 8, 8).bytes(&P::initiator_task_tag, 16, 4);
  is.bytes(&P::target_transfer_tag, 20, 4).bytes(&P::stat_sn, 24, 4).window();
}

template <class Decoded>
void check_decoded(const Decoded& decoded, const InputPdu& input) {
  if (!decoded) return;
  std::visit(
      [&](const auto& pdu) {
        require(static_cast<std::uint64_t>(pdu.opcode) == read_bits(input.header, 0, 2, 6),
                "the operation code is where the diagrams draw it");
        check(Diagram<std::decay_t<decltype(pdu)>>{.pdu = pdu, .header = input.header});
      },
      *decoded);
}

}  // namespace
}  // namespace iscsi::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace iscsi;
  using namespace iscsi::fuzz;
  for (const InputPdu& input : split(bytes_of(data, size), 64)) {
    const pdu::Frame frame{
        .header = input.header, .additional_headers = input.additional_headers, .data = input.data};
    check_decoded(pdu::decode_request(frame), input);
    check_decoded(pdu::decode_response(frame), input);
  }
  return 0;
}
