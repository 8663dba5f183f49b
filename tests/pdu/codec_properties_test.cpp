// Laws of the codec, for any PDU that can be drawn.

#include "pdu/generators.hpp"

namespace {

using namespace test;

template <class P>
class Codec : public testing::Test {};

using Pdus = testing::Types<NopOut, ScsiCommand, TaskManagementRequest, LoginRequest, TextRequest,
                            DataOut, LogoutRequest, SnackRequest, NopIn, ScsiResponse,
                            TaskManagementResponse, LoginResponse, TextResponse, DataIn,
                            LogoutResponse, ReadyToTransfer, AsyncMessage, Reject>;

struct Names {
  template <class P>
  static std::string GetName(int) {
    std::string name{P::name};
    std::erase_if(name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; });
    return name;
  }
};

TYPED_TEST_SUITE(Codec, Pdus, Names);

/// `stream`, one PDU that is known to be whole.
Frame whole_frame(const Bytes& stream, Digests digests) {
  const Framing framing =
      next_frame(stream, {.data = limits::data_segment_bytes, .digests = digests});
  RC_ASSERT(std::holds_alternative<Framed>(framing));
  const Framed& framed = std::get<Framed>(framing);
  RC_ASSERT(framed.consumed == stream.size());
  RC_ASSERT(framed.data_intact);
  return framed.frame;
}

template <class P>
std::expected<P, Violation> decode_frame(const Frame& frame) {
  const auto pick = [](const auto& sum) -> std::expected<P, Violation> {
    if (!sum) return std::unexpected(sum.error());
    RC_ASSERT(std::holds_alternative<P>(*sum));
    return std::get<P>(*sum);
  };
  if constexpr (is_from_target(P::opcode))
    return pick(decode_response(frame));
  else
    return pick(decode_request(frame));
}

/// A sound PDU's bytes with a few bits flipped, anywhere but in the operation code and the lengths.
template <class P>
Bytes draw_damaged() {
  const auto whole = draw_sound<P>();
  Bytes bytes = encode(whole.pdu, whole.data, {}, whole.additional_headers);
  for (std::size_t flips = draw_below(7); flips > 0; --flips) {
    const std::size_t bit = draw_below(bytes.size() * 8);
    if (bit / 8 == 0 || (bit / 8 >= 4 && bit / 8 < 8)) continue;
    bytes[bit / 8] ^= std::byte{1} << bit % 8;
  }
  if (draw_below(4) == 0) bytes[0] ^= std::byte{0x40};  // I, or a reserved bit
  return bytes;
}

TYPED_TEST(Codec, DecodesWhatItEncodes) {
  EXPECT_TRUE(rc::check([] {
    const auto whole = draw_sound<TypeParam>();
    const Digests digests{*rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<bool>()};
    const Bytes stream = encode(whole.pdu, whole.data, digests, whole.additional_headers);
    const Frame frame = whole_frame(stream, digests);
    const auto decoded = decode_frame<TypeParam>(frame);
    RC_ASSERT(decoded.has_value());
    RC_ASSERT((*decoded == whole.pdu));
    RC_ASSERT(std::ranges::equal(frame.data, whole.data));
    RC_ASSERT(std::ranges::equal(frame.additional_headers, whole.additional_headers));
  }));
}

TYPED_TEST(Codec, EncodesASoundPduSoThatTheAuditHasNothingToSay) {
  EXPECT_TRUE(rc::check([] {
    const auto whole = draw_sound<TypeParam>();
    const Bytes stream = encode(whole.pdu, whole.data, {}, whole.additional_headers);
    const auto breaches = audit(whole_frame(stream, {}));
    if (!breaches.empty()) RC_FAIL(testing::PrintToString(breaches));
  }));
}

TYPED_TEST(Codec, EncodesWhatItDecodesButForReservedBits) {
  EXPECT_TRUE(rc::check([] {
    const Bytes bytes = draw_damaged<TypeParam>();
    const Frame frame = whole_frame(bytes, {});
    const auto decoded = decode_frame<TypeParam>(frame);
    RC_PRE(decoded.has_value());
    const HeaderBytes again = encode_header(*decoded, frame.lengths());
    const HeaderBytes mask = reserved_mask(*decoded);
    for (std::size_t i = 0; i < bhs_bytes; ++i) {
      RC_ASSERT((again[i] & ~mask[i]) == (bytes[i] & ~mask[i]));
      RC_ASSERT((again[i] & mask[i]) == std::byte{0});
    }
  }));
}

TYPED_TEST(Codec, RefusesExactlyWhatTheAuditFindsToBeMoreThanANote) {
  EXPECT_TRUE(rc::check([] {
    const Bytes bytes = draw_damaged<TypeParam>();
    const Frame frame = whole_frame(bytes, {});
    const auto decoded = decode_frame<TypeParam>(frame);
    const auto breaches = audit(frame);
    const auto is_grave = [](const Violation& breach) {
      return about(breach.rule).remedy.kind != Remedy::Kind::audit_only;
    };
    RC_ASSERT(decoded.has_value() == std::ranges::none_of(breaches, is_grave));
    if (!decoded) {
      RC_ASSERT(std::ranges::find(breaches, decoded.error()) != breaches.end());
      RC_ASSERT(is_grave(decoded.error()));
    }
  }));
}

TYPED_TEST(Codec, AuditsInTheOrderOfTheBytes) {
  EXPECT_TRUE(rc::check([] {
    const Bytes bytes = draw_damaged<TypeParam>();
    const auto breaches = audit(whole_frame(bytes, {}));
    RC_ASSERT(std::ranges::is_sorted(breaches, {}, &Violation::byte));
  }));
}

TYPED_TEST(Codec, TellsPdusApartThatDifferInAnyField) {
  EXPECT_TRUE(rc::check([] {
    const TypeParam pdu = draw_sound<TypeParam>().pdu;
    RC_ASSERT((pdu == TypeParam{pdu}));
    for (const Entry<TypeParam>& entry : TypeParam::layout()) {
      TypeParam other = pdu;
      if (entry.kind == EntryKind::field) entry.set(other, entry.get(pdu) ^ 1U);
      if (entry.kind == EntryKind::opaque) entry.view(other).back() ^= std::byte{1};
      RC_ASSERT((pdu == other) ==
                (entry.kind == EntryKind::fixed || entry.kind == EntryKind::reserved));
    }
  }));
}

TEST(AnyBytes, AreFramedDecodedAndAuditedWithoutHarm) {
  EXPECT_TRUE(rc::check([] {
    Bytes bytes = draw_bytes(draw_below(200));
    if (bytes.size() > 6) bytes[5] = bytes[6] = std::byte{};  // else hardly any would be whole
    const Digests digests{*rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<bool>()};
    const Framing framing = next_frame(bytes, {.additional_headers = 64, .digests = digests});
    if (const auto* framed = std::get_if<Framed>(&framing)) {
      RC_ASSERT(framed->consumed <= bytes.size());
      (void)decode_request(framed->frame);
      (void)decode_response(framed->frame);
      (void)audit(framed->frame);
    } else if (const auto* incomplete = std::get_if<Incomplete>(&framing)) {
      RC_ASSERT(incomplete->bytes_needed > bytes.size());
    }
  }));
}

}  // namespace
