#pragma once

/// What the tests of the eighteen PDUs share. Bytes come from the tests, written by hand from the
/// RFC's diagrams or taken from a capture; nothing here makes a PDU out of the tables under test.

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <stdexcept>

#include "pdu/codec.hpp"
#include "support/hex.hpp"

namespace iscsi {

inline void PrintTo(const Violation& violation, std::ostream* out) {
  *out << about(violation.rule).slug << " at byte " << violation.byte << ", found 0x" << std::hex
       << violation.found << std::dec;
}

namespace pdu {

/// Any PDU, as the named fields of its header.
template <class P>
  requires requires { P::layout(); }
void PrintTo(const P& pdu, std::ostream* out) {
  *out << P::name << std::hex;
  for (const auto& entry : P::layout())
    if (entry.kind == EntryKind::field) *out << ' ' << entry.name << '=' << entry.get(pdu);
  *out << std::dec;
}

}  // namespace pdu
}  // namespace iscsi

namespace test {

using namespace iscsi;       // NOLINT: the tests speak the codec's language
using namespace iscsi::pdu;  // NOLINT
using wire::Bytes;
using wire::ByteView;
using wire::Cid;
using wire::CmdSN;
using wire::DataSN;
using wire::InitiatorTaskTag;
using wire::Isid;
using wire::Lun;
using wire::StatSN;
using wire::TargetTransferTag;
using wire::Tsih;

/// The PDU without digests that `bytes` are, no less and no more.
inline Frame frame_in(ByteView bytes) {
  const Framing framing = next_frame(bytes, {.data = limits::data_segment_bytes});
  const auto* framed = std::get_if<Framed>(&framing);
  if (framed == nullptr || framed->consumed != bytes.size())
    throw std::invalid_argument("the bytes are not one whole PDU: " + to_hex(bytes));
  return framed->frame;
}

/// `bytes` decoded in the direction that the operation code of `P` belongs to.
template <class P>
std::expected<P, Violation> decode(ByteView bytes) {
  const auto pick = [](const auto& sum) -> std::expected<P, Violation> {
    if (!sum) return std::unexpected(sum.error());
    return std::get<P>(*sum);
  };
  if constexpr (is_from_target(P::opcode))
    return pick(decode_response(frame_in(bytes)));
  else
    return pick(decode_request(frame_in(bytes)));
}

/// `bytes` and `value` are one PDU: each comes from the other, and the audit has nothing to say.
template <class P>
void expect_same(const Bytes& bytes, const P& value) {
  const Frame frame = frame_in(bytes);
  const auto decoded = decode<P>(bytes);
  ASSERT_TRUE(decoded.has_value()) << testing::PrintToString(decoded.error());
  EXPECT_EQ(*decoded, value);
  EXPECT_EQ(to_hex(encode(value, frame.data, {}, frame.additional_headers)), to_hex(bytes));
  EXPECT_EQ(audit(frame), std::vector<Violation>{});
}

/// A receiver refuses `bytes`, naming `expected`; the audit names it too.
template <class P>
void expect_refused(const Bytes& bytes, const Violation& expected) {
  const auto decoded = decode<P>(bytes);
  ASSERT_FALSE(decoded.has_value()) << testing::PrintToString(*decoded);
  EXPECT_EQ(decoded.error(), expected);
  const auto breaches = audit(frame_in(bytes));
  EXPECT_NE(std::ranges::find(breaches, expected), breaches.end())
      << testing::PrintToString(breaches);
}

/// A receiver takes `bytes` as it takes `value`; the audit has `expected` to say and no more.
template <class P>
void expect_noted(const Bytes& bytes, const P& value, const std::vector<Violation>& expected) {
  const auto decoded = decode<P>(bytes);
  ASSERT_TRUE(decoded.has_value()) << testing::PrintToString(decoded.error());
  EXPECT_EQ(*decoded, value);
  EXPECT_EQ(audit(frame_in(bytes)), expected);
}

/// The values that a receiver takes at `place` of `bytes`, tried one by one; every refusal has to
/// name `broken`, that byte and that value.
template <class P>
std::vector<std::uint64_t> accepted_codes(Bytes bytes, Place place,
                                          Rule broken = Rule::reserved_values_are_not_sent) {
  std::vector<std::uint64_t> accepted;
  for (std::uint64_t code = 0; code < std::uint64_t{1} << place.width; ++code) {
    insert(std::span{bytes}, place, code);
    const auto decoded = decode<P>(bytes);
    if (decoded)
      accepted.push_back(code);
    else
      EXPECT_EQ(decoded.error(), (Violation{broken, place.byte, code}));
  }
  return accepted;
}

/// Whether a receiver looks past byte `at` of `bytes`, in which it is zero: true if nothing but a
/// note comes of setting it, false if it changes the PDU.
template <class P>
bool is_reserved(Bytes bytes, std::uint32_t at) {
  const auto before = decode<P>(bytes).value();
  if (bytes.at(at) != std::byte{})
    throw std::invalid_argument("the byte is not zero to begin with");
  bytes[at] = std::byte{0xa5};
  const auto after = decode<P>(bytes).value();
  const bool noted = audit(frame_in(bytes)) ==
                     std::vector{Violation{Rule::reserved_bits_are_zero, at, std::uint64_t{0xa5}}};
  EXPECT_EQ(noted, before == after);
  return noted;
}

}  // namespace test
