// All 65,536 values of a header's first two bytes, in both directions, against a classification
// written by hand from RFC 3720 10.2.1.2 and the diagrams of 10.3 to 10.19. The rest of the header
// is such that these two bytes alone decide.

#include "pdu/pdu_test.hpp"

namespace {

using namespace test;

using Verdict = std::optional<Violation>;  // nothing: accepted

constexpr Verdict accepted = std::nullopt;

Verdict broken(Rule rule, std::uint32_t byte, std::uint64_t found = 0) {
  return Violation{rule, byte, found};
}

/// |F|R|W|. .|ATTR |
Verdict scsi_command(unsigned flags) {
  const bool final = (flags & 0x80U) != 0;
  const bool read = (flags & 0x40U) != 0;
  const bool write = (flags & 0x20U) != 0;
  if ((flags & 0x07U) > 4) return broken(Rule::reserved_values_are_not_sent, 1, flags & 0x07U);
  if (!final && !write) return broken(Rule::scsi_command_is_final_or_write, 1);
  if (!read && !write) return broken(Rule::expected_transfer_has_direction, 1);
  if (read && write) return broken(Rule::bidirectional_command_has_read_length, 4);
  return accepted;
}

/// |T|C|.|.|CSG|NSG|; stage 2 is reserved, and NSG where T is not set.
Verdict login(unsigned flags, Rule reserved_stage, Rule continued_transit) {
  const bool transit = (flags & 0x80U) != 0;
  const bool continued = (flags & 0x40U) != 0;
  if ((flags >> 2U & 3U) == 2) return broken(reserved_stage, 1, 2);
  if (transit && (flags & 3U) == 2) return broken(reserved_stage, 1, 2);
  if (transit && continued) return broken(continued_transit, 1);
  return accepted;
}

/// |1|.|.|.| Type |, codes 0 to 3. The header has a task tag and no other: right for type 0 alone.
Verdict snack(unsigned flags) {
  const unsigned type = flags & 0x0fU;
  if (type > 3) return broken(Rule::reserved_values_are_not_sent, 1, type);
  if (type == 1 || type == 2) return broken(Rule::snack_names_its_task, 16);
  if (type == 3) return broken(Rule::snack_carries_its_tag, 20);
  return accepted;
}

/// |1| seven bits of a code from `first` to `last`.
Verdict code(unsigned flags, unsigned first, unsigned last) {
  const unsigned value = flags & 0x7fU;
  if (value < first || value > last) return broken(Rule::reserved_values_are_not_sent, 1, value);
  return accepted;
}

/// Requests (10.2.1.2) in their order. `flags` is byte 1, `immediate` bit 1 of byte 0.
Verdict request(unsigned opcode, bool immediate, unsigned flags) {
  const bool first = (flags & 0x80U) != 0;  // F, T or a printed 1
  const bool second = (flags & 0x40U) != 0;
  const Verdict not_printed = broken(Rule::fixed_bits_have_their_value, 1, 0);
  switch (opcode) {
    case 0x00:  // NOP-Out: |1| Reserved
      return first ? accepted : not_printed;
    case 0x01: return scsi_command(flags);
    case 0x02:  // Task Management Function Request: functions 1 to 8
      return first ? code(flags, 1, 8) : not_printed;
    case 0x03:  // Login Request: I printed as 1
      if (!immediate) return broken(Rule::login_request_is_immediate, 0);
      return login(flags, Rule::login_stage_is_defined, Rule::continued_login_does_not_transit);
    case 0x04:  // Text Request: |F|C| Reserved
      return first && second ? broken(Rule::continued_text_is_not_final, 1) : accepted;
    case 0x05:  // SCSI Data-Out: |F| Reserved
      return accepted;
    case 0x06:  // Logout Request: reasons 0 to 2
      return first ? code(flags, 0, 2) : not_printed;
    case 0x10:  // SNACK Request
      return first ? snack(flags) : not_printed;
    case 0x1c:
    case 0x1d:
    case 0x1e: return broken(Rule::opcode_is_not_vendor_specific, 0, opcode);
    case 0x20:
    case 0x21:
    case 0x22:
    case 0x23:
    case 0x24:
    case 0x25:
    case 0x26:
    case 0x31:
    case 0x32:
    case 0x3c:
    case 0x3d:
    case 0x3e:
    case 0x3f: return broken(Rule::opcode_belongs_to_initiator, 0, opcode);
    default: return broken(Rule::opcode_is_known, 0, opcode);
  }
}

/// Responses (10.2.1.2) in their order.
Verdict response(unsigned opcode, unsigned flags) {
  const bool first = (flags & 0x80U) != 0;
  const bool second = (flags & 0x40U) != 0;
  const Verdict not_printed = broken(Rule::fixed_bits_have_their_value, 1, 0);
  switch (opcode) {
    case 0x20:  // NOP-In
    case 0x22:  // Task Management Function Response
    case 0x26:  // Logout Response
    case 0x31:  // Ready To Transfer
    case 0x32:  // Asynchronous Message
    case 0x3f:  // Reject: all |1| Reserved
      return first ? accepted : not_printed;
    case 0x21: {  // SCSI Response: |1|. .|o|u|O|U|.|
      if (!first) return not_printed;
      const bool contradiction = (flags & 0x18U) == 0x18U || (flags & 0x06U) == 0x06U;
      return contradiction ? broken(Rule::residual_flags_exclude_each_other, 1) : accepted;
    }
    case 0x23:  // Login Response
      return login(flags, Rule::reserved_values_are_not_sent,
                   Rule::continued_login_response_does_not_transit);
    case 0x24:  // Text Response: |F|C| Reserved; the header has a transfer tag
      return first && second ? broken(Rule::continued_text_response_is_not_final, 1) : accepted;
    case 0x25: {  // SCSI Data-In: |F|A|0 0 0|O|U|S|
      const bool status = (flags & 0x01U) != 0;
      if (status && !first) return broken(Rule::data_in_status_comes_with_final, 1);
      if (status && (flags & 0x06U) == 0x06U)
        return broken(Rule::residual_flags_exclude_each_other, 1);
      return accepted;
    }
    case 0x3c:
    case 0x3d:
    case 0x3e: return broken(Rule::opcode_is_not_vendor_specific, 0, opcode);
    case 0x00:
    case 0x01:
    case 0x02:
    case 0x03:
    case 0x04:
    case 0x05:
    case 0x06:
    case 0x10:
    case 0x1c:
    case 0x1d:
    case 0x1e: return broken(Rule::opcode_belongs_to_target, 0, opcode);
    default: return broken(Rule::opcode_is_known, 0, opcode);
  }
}

/// The header around the two bytes: a task tag where the layout does not print another value, and
/// a transfer tag where a PDU needs one.
Bytes header_of(unsigned opcode) {
  Bytes bytes =
      hex("0000 0000 00 000000 0000000000000000 10111213 ffffffff 00000000 00000000"
          "00000000 00000000 00000000 00000001");
  if (opcode == 0x01) bytes = with(bytes, 20, "00001000");  // Expected Data Transfer Length
  if (opcode == 0x24 || opcode == 0x31) bytes = with(bytes, 20, "20212223");
  if (opcode == 0x32 || opcode == 0x3f) bytes = with(bytes, 16, "ffffffff");
  if (opcode == 0x3f) {
    bytes = with(bytes, 2, "04 00 00 000030");
    bytes.resize(96);
  }
  return bytes;
}

template <class Decode, class Expect>
void expect_everywhere(Decode decode_header, Expect expect) {
  int agreed = 0;
  for (unsigned first = 0; first < 256; ++first) {
    Bytes bytes = header_of(first & 0x3fU);
    bytes[0] = static_cast<std::byte>(first);
    for (unsigned second = 0; second < 256; ++second) {
      bytes[1] = static_cast<std::byte>(second);
      const auto decoded = decode_header(frame_in(bytes));
      const Verdict verdict = decoded ? accepted : Verdict{decoded.error()};
      ASSERT_EQ(verdict, expect(first, second)) << std::hex << first << ' ' << second;
      ++agreed;
    }
  }
  EXPECT_EQ(agreed, 65536);
}

TEST(FirstTwoBytes, OfARequestAreJudgedAsTheRfcWritesThem) {
  expect_everywhere(decode_request, [](unsigned first, unsigned second) {
    return request(first & 0x3fU, (first & 0x40U) != 0, second);
  });
}

TEST(FirstTwoBytes, OfAResponseAreJudgedAsTheRfcWritesThem) {
  expect_everywhere(decode_response, [](unsigned first, unsigned second) {
    return response(first & 0x3fU, second);
  });
}

TEST(FirstTwoBytes, AreAuditedWithoutADirection) {
  // 10.2.1.2: 18 operation codes are assigned, 6 left to vendors, 40 reserved.
  int reserved = 0;
  for (unsigned opcode = 0; opcode < 64; ++opcode) {
    Bytes bytes = header_of(opcode);
    bytes[0] = static_cast<std::byte>(opcode);
    const auto breaches = audit(frame_in(bytes));
    const Violation unknown{Rule::opcode_is_known, 0, opcode};
    if (std::ranges::find(breaches, unknown) != breaches.end()) ++reserved;
  }
  EXPECT_EQ(reserved, 40);
}

/// 10.10 to 10.13: Login and Text, Request and Response.
TEST(DataSegment, IsTextInFourPdus) {
  for (unsigned opcode = 0; opcode < 64; ++opcode)
    EXPECT_EQ(carries_text(Opcode{static_cast<std::uint8_t>(opcode)}),
              opcode == 0x03 || opcode == 0x04 || opcode == 0x23 || opcode == 0x24)
        << opcode;
}

TEST(Description, IsFoundByItsOpcode) {
  for (const Description& description : descriptions())
    EXPECT_EQ(describe(description.opcode), &description) << description.name;
}

}  // namespace
