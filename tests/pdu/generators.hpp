#pragma once

/// Random PDUs, drawn from the layout tables: every field takes any value that its code table and
/// its condition allow, and `repair` then mends what the checks between fields forbid. A repair is
/// written from the RFC, not from the check.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "pdu/additional_headers.hpp"
#include "pdu/pdu_test.hpp"

namespace test {

/// A value with everything that goes with it on the wire.
template <class P>
struct Whole {
  P pdu{};
  Bytes additional_headers{};
  Bytes data{};
};

/// Any number below `end`, whatever size RapidCheck has got to (its ranges grow with the size).
inline std::size_t draw_below(std::size_t end) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<std::size_t>(0, end));
}

inline std::uint64_t draw_code(std::span<const Code> codes) {
  const Code code = codes[draw_below(codes.size())];
  return code.first + draw_below(code.last - code.first + 1);
}

/// The edges as often as anything else: zero, one, all ones, the sign bit.
inline std::uint64_t draw_number(std::uint16_t width) {
  const std::uint64_t all = width == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1;
  const auto any = rc::gen::arbitrary<std::uint64_t>();
  return *rc::gen::oneOf(any, rc::gen::element<std::uint64_t>(0, 1, all, all - 1, all / 2 + 1)) &
         all;
}

inline Bytes draw_bytes(std::size_t count) {
  Bytes bytes(count);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(draw_below(256));
  return bytes;
}

/// Any value that the layout of `P` allows field by field.
template <class P>
P draw_fields() {
  P pdu{};
  const auto draw = [&pdu](const Entry<P>& entry) {
    if (entry.kind == EntryKind::field)
      entry.set(pdu, entry.codes.empty() ? draw_number(entry.place.width) : draw_code(entry.codes));
    if (entry.kind == EntryKind::opaque)
      std::ranges::copy(draw_bytes(entry.place.width / 8U), entry.view(pdu).begin());
  };
  for (const Entry<P>& entry : P::layout())
    if (!entry.conditional) draw(entry);
  for (const Entry<P>& entry : P::layout())
    if (entry.conditional && entry.exists(pdu)) draw(entry);
  return pdu;
}

/// Sets to zero what a repair has made reserved.
template <class P>
void clear_absent_fields(P& pdu) {
  for (const Entry<P>& entry : P::layout())
    if (entry.conditional && !entry.exists(pdu)) entry.set(pdu, 0);
}

template <class P>
void repair(Whole<P>&) {}

inline void repair(Whole<NopOut>& whole) {
  if (whole.pdu.initiator_task_tag == InitiatorTaskTag::none) whole.pdu.immediate = true;
}

inline void repair(Whole<ScsiCommand>& whole) {
  ScsiCommand& pdu = whole.pdu;
  if (!pdu.final) pdu.write = true;
  if (!pdu.read && !pdu.write) pdu.expected_data_transfer_length = 0;
  if (whole.data.size() == pdu.expected_data_transfer_length) pdu.final = true;
  AdditionalHeaders headers;
  const Bytes cdb = draw_bytes(draw_below(40));
  headers.extended_cdb = cdb;
  if (pdu.read && pdu.write)
    headers.bidirectional_read_length = static_cast<std::uint32_t>(draw_number(32));
  whole.additional_headers = encode_additional_headers(headers);
}

inline void repair(Whole<TaskManagementRequest>& whole) {
  using enum TaskManagementFunction;
  const auto function = whole.pdu.function;
  if (function != abort_task && function != task_reassign)
    whole.pdu.referenced_task_tag = InitiatorTaskTag::none;
  if (function == task_reassign) whole.pdu.immediate = true;
}

inline void repair(Whole<LoginRequest>& whole) {
  LoginRequest& pdu = whole.pdu;
  if (pdu.continued) pdu.transit = false;
  pdu.version_max = pdu.version_min = 0;
  auto isid = static_cast<std::uint64_t>(pdu.isid) & 0xbfff'ffff'ffffU;  // type 00b or 10b
  if ((isid >> 47U) != 0) isid &= 0x80ff'ffff'ffffU;                     // A is reserved in 10b
  pdu.isid = Isid{isid};
}

inline void repair(Whole<LoginResponse>& whole) {
  if (whole.pdu.continued) whole.pdu.transit = false;
  whole.pdu.version_max = whole.pdu.version_active = 0;
}

inline void repair(Whole<TextRequest>& whole) {
  if (whole.pdu.continued) whole.pdu.final = false;
}

inline void repair(Whole<TextResponse>& whole) {
  TextResponse& pdu = whole.pdu;
  if (pdu.continued) pdu.final = false;
  if (pdu.final)
    pdu.target_transfer_tag = TargetTransferTag::none;
  else if (pdu.target_transfer_tag == TargetTransferTag::none)
    pdu.target_transfer_tag = TargetTransferTag{0};
}

inline void repair(Whole<DataOut>& whole) {
  if (!whole.pdu.final) whole.data.resize(whole.data.size() / 4 * 4);
}

inline void repair(Whole<NopIn>& whole) {
  if (whole.pdu.initiator_task_tag == InitiatorTaskTag::none)
    whole.data.clear();
  else
    whole.pdu.target_transfer_tag = TargetTransferTag::none;
}

inline void repair(Whole<ScsiResponse>& whole) {
  ScsiResponse& pdu = whole.pdu;
  if (pdu.overflow) pdu.underflow = false;
  if (pdu.bidirectional_overflow) pdu.bidirectional_underflow = false;
  if (pdu.response != ServiceResponse::command_completed) {
    pdu.overflow = pdu.underflow = false;
    pdu.bidirectional_overflow = pdu.bidirectional_underflow = false;
    pdu.exp_data_sn = DataSN{0};
  } else if (pdu.status == 0x02) {
    whole.data = hex("0002 7000");
  }
}

inline void repair(Whole<DataIn>& whole) {
  DataIn& pdu = whole.pdu;
  if (pdu.has_status) {
    pdu.final = true;
    pdu.status = *rc::gen::element<std::uint8_t>(0x00, 0x04, 0x10, 0x14);
    if (pdu.overflow) pdu.underflow = false;
  }
  if (!pdu.acknowledge)
    pdu.target_transfer_tag = TargetTransferTag::none;
  else if (pdu.target_transfer_tag == TargetTransferTag::none)
    pdu.target_transfer_tag = TargetTransferTag{0};
  if (!pdu.final) whole.data.resize(whole.data.size() / 4 * 4);
}

inline void repair(Whole<ReadyToTransfer>& whole) {
  ReadyToTransfer& pdu = whole.pdu;
  if (pdu.target_transfer_tag == TargetTransferTag::none)
    pdu.target_transfer_tag = TargetTransferTag{0};
  if (pdu.desired_data_transfer_length == 0) pdu.desired_data_transfer_length = 1;
}

inline void repair(Whole<Reject>& whole) { whole.data.resize(whole.data.size() + 48); }

inline void repair(Whole<SnackRequest>& whole) {
  SnackRequest& pdu = whole.pdu;
  using enum SnackType;
  const bool of_a_task = pdu.type == data_or_r2t || pdu.type == r_data;
  if (!of_a_task)
    pdu.initiator_task_tag = InitiatorTaskTag::none;
  else if (pdu.initiator_task_tag == InitiatorTaskTag::none)
    pdu.initiator_task_tag = InitiatorTaskTag{0};
  if (pdu.type == data_or_r2t || pdu.type == status)
    pdu.transfer_or_snack_tag = 0xffff'ffff;
  else if (pdu.transfer_or_snack_tag == 0xffff'ffff || pdu.transfer_or_snack_tag == 0)
    pdu.transfer_or_snack_tag = 1;
  if (pdu.type == r_data) pdu.begin_run = 0;
  if (pdu.type == r_data || pdu.type == data_ack) pdu.run_length = 0;
}

/// A sound PDU: a receiver takes it and the audit has nothing to say.
template <class P>
Whole<P> draw_sound() {
  Whole<P> whole{.pdu = draw_fields<P>()};
  if (P::data_segment == DataSegment::allowed) whole.data = draw_bytes(draw_below(70));
  repair(whole);
  clear_absent_fields(whole.pdu);
  return whole;
}

/// The header bits that carry nothing in `pdu`: reserved, or of fields that do not exist there.
template <class P>
HeaderBytes reserved_mask(const P& pdu) {
  HeaderBytes mask{};
  for (const Entry<P>& entry : P::layout()) {
    const bool absent = entry.conditional && !entry.exists(pdu);
    if (entry.kind != EntryKind::reserved && !absent) continue;
    for (std::size_t bit = entry.place.first_bit();
         bit < entry.place.first_bit() + entry.place.width; ++bit)
      mask[bit / 8] |= std::byte{0x80} >> bit % 8;
  }
  return mask;
}

}  // namespace test
