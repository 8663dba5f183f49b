// What the codec does for all PDUs alike.

#include "pdu/codec.hpp"

#include <bit>

#include "pdu/pdu_test.hpp"
#include "pdu/samples.hpp"
#include "support/crc_by_division.hpp"

namespace {

using namespace test;

/// RFC 3720 10.5, 10.6, 10.8, 10.14, 10.15, 10.16: no data segment in the diagram.
const std::vector<std::string_view> without_data{"Task Management Function Request",
                                                 "Task Management Function Response",
                                                 "Ready To Transfer",
                                                 "Logout Request",
                                                 "Logout Response",
                                                 "SNACK Request"};

bool is_request(const Bytes& bytes) { return (bytes[0] & std::byte{0x20}) == std::byte{}; }

/// Why the direction that `bytes` belong to refuses them, if it does.
std::optional<Violation> refusal(const Bytes& bytes) {
  const auto error = [](const auto& decoded) {
    return decoded ? std::nullopt : std::optional{decoded.error()};
  };
  return is_request(bytes) ? error(decode_request(frame_in(bytes)))
                           : error(decode_response(frame_in(bytes)));
}

/// The header that comes of decoding `bytes` and encoding the result.
HeaderBytes decoded_and_encoded(const Bytes& bytes) {
  const Frame frame = frame_in(bytes);
  return is_request(bytes) ? encode_header(decode_request(frame).value(), frame.lengths())
                           : encode_header(decode_response(frame).value(), frame.lengths());
}

TEST(Codec, TakesEverySampleAndHasNothingToSay) {
  EXPECT_EQ(samples().size(), 18U);
  for (const auto& [name, bytes] : samples()) {
    EXPECT_EQ(refusal(bytes), std::nullopt) << name;
    EXPECT_EQ(audit(frame_in(bytes)), std::vector<Violation>{}) << name;
    EXPECT_TRUE(std::ranges::equal(decoded_and_encoded(bytes), frame_in(bytes).header)) << name;
  }
}

TEST(Codec, LetsNoBitPassUnseen) {
  // Whatever bit of a header is flipped: the PDU is refused, or it reads otherwise, or the audit
  // names the byte. The operation code and the lengths are looked at elsewhere.
  for (const auto& [name, bytes] : samples())
    for (std::size_t bit = 0; bit < bhs_bits; ++bit) {
      if (belongs_to_framer(bit)) continue;
      Bytes flipped = bytes;
      flipped[bit / 8] ^= std::byte{0x80} >> bit % 8;
      if (refusal(flipped)) continue;
      const bool reads_otherwise =
          !std::ranges::equal(decoded_and_encoded(flipped), frame_in(bytes).header);
      const auto breaches = audit(frame_in(flipped));
      const bool noted = std::ranges::any_of(breaches, [bit](const Violation& breach) {
        return breach.rule == Rule::reserved_bits_are_zero && breach.byte == bit / 8;
      });
      EXPECT_TRUE(reads_otherwise || noted) << name << " bit " << bit;
    }
}

TEST(Codec, RefusesDataWhereTheDiagramHasNone) {
  for (const auto& [name, bytes] : samples()) {
    Bytes longer = with(bytes, 5, "000040");
    longer.resize(48 + std::to_integer<std::size_t>(bytes[4]) * 4 + 64);
    const bool has_none = std::ranges::find(without_data, name) != without_data.end();
    const auto refused = refusal(longer);
    if (has_none)
      EXPECT_EQ(refused, (Violation{Rule::data_segment_only_where_defined, 5, 64})) << name;
    else if (name == "NOP-In")  // this one answers nothing
      EXPECT_EQ(refused, (Violation{Rule::unasked_nop_in_has_no_data, 5, 0}));
    else
      EXPECT_EQ(refused, std::nullopt) << name;
  }
}

TEST(Codec, RefusesAdditionalHeadersWhereverTheRfcHasNone) {
  for (const auto& [name, bytes] : samples()) {
    if (name == "SCSI Command") continue;
    Bytes longer = with(bytes, 4, "02");
    const Bytes segment = hex("0005 02 00 00000000");
    longer.insert(longer.begin() + 48, segment.begin(), segment.end());
    const Rule rule = is_request(bytes) ? Rule::additional_header_only_in_scsi_command
                                        : Rule::no_additional_headers_in_responses;
    EXPECT_EQ(refusal(longer), (Violation{rule, 4, 2})) << name;
    EXPECT_EQ(audit(frame_in(longer)), (std::vector<Violation>{{rule, 4, 2}})) << name;
  }
  // TotalAHSLength as it stands in the header, in words.
  Bytes longest = with(nop_out_bytes(), 4, "ff");
  longest.insert(longest.begin() + 48, 4 * 255, std::byte{});
  EXPECT_EQ(refusal(longest), (Violation{Rule::additional_header_only_in_scsi_command, 4, 255}));
}

TEST(Codec, TakesEachPduFromItsOwnSideOnly) {
  for (const auto& [name, bytes] : samples()) {
    const Frame frame = frame_in(bytes);
    const std::uint64_t opcode = std::to_integer<std::uint64_t>(bytes[0]) & 0x3fU;
    if (is_request(bytes))
      EXPECT_EQ(decode_response(frame).error(),
                (Violation{Rule::opcode_belongs_to_target, 0, opcode}));
    else
      EXPECT_EQ(decode_request(frame).error(),
                (Violation{Rule::opcode_belongs_to_initiator, 0, opcode}));
  }
}

TEST(Codec, NotesPaddingThatIsNotZero) {
  const Bytes bytes = with(nop_out_bytes(), 53, "a10000");
  EXPECT_EQ(refusal(bytes), std::nullopt);
  EXPECT_EQ(audit(frame_in(bytes)), (std::vector<Violation>{{Rule::padding_is_zero, 53, 0xa1}}));
  // Behind an additional header of eight bytes the data begins at 56.
  const Bytes command = with(scsi_command_bytes(), 62, "00b2");
  EXPECT_EQ(audit(frame_in(command)), (std::vector<Violation>{{Rule::padding_is_zero, 63, 0xb2}}));
}

TEST(Codec, AuditsEverythingAndInOrder) {
  const Bytes bytes = with(
      with(with(with(nop_out_bytes(), 0, "00 01 0002"), 16, "ffffffff"), 40, "0000000000000003"),
      53, "040506");
  EXPECT_EQ(audit(frame_in(bytes)),
            (std::vector<Violation>{{Rule::untagged_nop_out_is_immediate, 0, 0},
                                    {Rule::reserved_bits_are_zero, 1, 1},
                                    {Rule::fixed_bits_have_their_value, 1, 0},
                                    {Rule::reserved_bits_are_zero, 3, 2},
                                    {Rule::reserved_bits_are_zero, 47, 3},
                                    {Rule::padding_is_zero, 53, 4},
                                    {Rule::padding_is_zero, 54, 5},
                                    {Rule::padding_is_zero, 55, 6}}));
}

TEST(Codec, NamesTheFirstRuleBroken) {
  const Bytes bytes = with(with(nop_out_bytes(), 0, "00 00"), 16, "ffffffff");
  EXPECT_EQ(refusal(bytes), (Violation{Rule::fixed_bits_have_their_value, 1, 0}));
}

TEST(Codec, EncodesLengthsUpToTheLargest) {
  const HeaderBytes header =
      encode_header(NopOut{}, {.additional_headers = 255 * 4, .data = 0xffffff});
  EXPECT_EQ(to_hex(ByteView{header}.subspan(4, 4)), "ffffffff");
}

TEST(Codec, EncodesAWrongPduAsItIsAsked) {
  // A tester sends wrong PDUs: nothing between fields is mended.
  const Bytes bytes = encode(NopOut{.immediate = false, .cmd_sn = CmdSN{1}});
  EXPECT_EQ(refusal(bytes), (Violation{Rule::untagged_nop_out_is_immediate, 0, 0}));
}

TEST(Codec, EncodesAbsentFieldsAsZero) {
  const Bytes bytes = encode(NopOut{.immediate = true, .lun = Lun{0x0102030405060708}});
  EXPECT_EQ(audit(frame_in(bytes)), std::vector<Violation>{});
}

TEST(Codec, SealsWhatItAppendsWithTheDigestsOfTheConnection) {
  const auto header = [] {
    const Bytes bytes = nop_out_bytes();
    HeaderBytes copy{};
    std::ranges::copy(ByteView{bytes}.first(48), copy.begin());
    return copy;
  }();
  const Bytes data = hex("70696e6721");
  const Bytes padded = hex("70696e6721 000000");
  const auto expect = [&](Digests digests, std::initializer_list<Bytes> parts) {
    Bytes stream = hex("eeee");  // what is already queued
    append(stream, header, {}, data, digests);
    Bytes expected = hex("eeee");
    for (const Bytes& part : parts) expected.insert(expected.end(), part.begin(), part.end());
    EXPECT_EQ(to_hex(stream), to_hex(expected));
  };
  const Bytes front{header.begin(), header.end()};
  expect({}, {front, padded});
  expect({.header = true}, {front, digest_of(front), padded});
  expect({.data = true}, {front, padded, digest_of(padded)});
  expect({.header = true, .data = true}, {front, digest_of(front), padded, digest_of(padded)});
}

TEST(Codec, SealsAdditionalHeadersWithTheHeader) {
  const Bytes bytes = scsi_command_bytes();
  const Frame frame = frame_in(bytes);
  const auto pdu = decode<ScsiCommand>(bytes).value();
  const Bytes stream = encode(pdu, {}, {.header = true, .data = true}, frame.additional_headers);
  EXPECT_EQ(stream.size(), 48U + 8 + 4);  // and without data no data digest
  EXPECT_EQ(to_hex(ByteView{stream}.subspan(56)), to_hex(digest_of(ByteView{stream}.first(56))));
}

TEST(Descriptions, AreEighteenInTheOrderOfTheirOpcodes) {
  const auto all = descriptions();
  EXPECT_EQ(all.size(), 18U);
  EXPECT_TRUE(std::ranges::is_sorted(all, {}, &Description::opcode));
  for (std::size_t i = 0; const auto& [name, bytes] : samples()) {
    EXPECT_EQ(all[i].name, name);
    EXPECT_EQ(static_cast<std::byte>(all[i].opcode), bytes[0] & std::byte{0x3f});
    EXPECT_EQ(all[i].data_segment == DataSegment::none,
              std::ranges::find(without_data, name) != without_data.end());
    ++i;
  }
}

TEST(Descriptions, AreFoundByOpcode) {
  int found = 0;
  for (unsigned opcode = 0; opcode < 256; ++opcode)
    if (const Description* one = describe(static_cast<std::uint8_t>(opcode))) {
      EXPECT_EQ(static_cast<unsigned>(one->opcode), opcode);
      ++found;
    }
  EXPECT_EQ(found, 18);
}

TEST(Descriptions, FindFieldsByTheNameTheRfcGivesThem) {
  const Description& nop_out = *describe(0x00);
  const Field* cmd_sn = find_field(nop_out, "CmdSN");
  ASSERT_NE(cmd_sn, nullptr);
  EXPECT_EQ(cmd_sn->place, bytes(24, 4));
  EXPECT_EQ(find_field(nop_out, "StatSN"), nullptr);
  EXPECT_EQ(find_field(nop_out, ""), nullptr);
}

TEST(Descriptions, HaveNoNameTwice) {
  for (const Description& one : descriptions())
    for (const Field& field : one.fields) {
      if (field.name.empty()) continue;
      EXPECT_EQ(find_field(one, field.name), &field) << one.name;
    }
}

TEST(Descriptions, AllowAnyValueWhereThereIsNoCodeTable) {
  const Field& cmd_sn = *find_field(*describe(0x00), "CmdSN");
  EXPECT_TRUE(cmd_sn.allows(0));
  EXPECT_TRUE(cmd_sn.allows(0xffff'ffff));
  const Field& response = *find_field(*describe(0x21), "Response");
  EXPECT_TRUE(response.allows(0x80) && response.allows(0xff));
  EXPECT_FALSE(response.allows(0x7f) || response.allows(0x100));
}

TEST(Places, AreTheSameOnlyInAllThree) {
  EXPECT_EQ(bytes(2, 1), bits(2, 0, 8));
  EXPECT_NE(bits(1, 2, 3), bits(2, 2, 3));
  EXPECT_NE(bits(1, 2, 3), bits(1, 3, 3));
  EXPECT_NE(bits(1, 2, 3), bits(1, 2, 4));
}

TEST(Places, KnowTheirLastByte) {
  EXPECT_EQ(bits(3, 0, 1).last_byte(), 3);
  EXPECT_EQ(bits(3, 7, 1).last_byte(), 3);
  EXPECT_EQ(bits(3, 0, 8).last_byte(), 3);
  EXPECT_EQ(bits(3, 0, 9).last_byte(), 4);
  EXPECT_EQ(bytes(8, 8).last_byte(), 15);
}

TEST(Places, AreWholeBytesFromTheFirstBitToTheLast) {
  EXPECT_TRUE(bytes(3, 2).whole_bytes());
  EXPECT_TRUE(bits(3, 0, 8).whole_bytes());
  EXPECT_FALSE(bits(3, 0, 7).whole_bytes());
  EXPECT_FALSE(bits(3, 4, 8).whole_bytes());
}

TEST(Places, OfTheFramerAreTheOperationCodeAndTheLengths) {
  for (std::size_t bit = 0; bit < bhs_bits; ++bit) {
    const bool opcode = bit / 8 == 0 && bit % 8 >= 2;
    const bool lengths = bit / 8 >= 4 && bit / 8 <= 7;
    EXPECT_EQ(belongs_to_framer(bit), opcode || lengths) << bit;
  }
}

TEST(Entries, NameTheRuleThatAnotherValueBreaks) {
  static constexpr Code codes[] = {{1, "one"}};
  const Entry<NopOut> entry;
  EXPECT_EQ(entry.one_of(codes).rule, Rule::reserved_values_are_not_sent);
  EXPECT_EQ(entry.one_of(codes, Rule::isid_type_is_defined).rule, Rule::isid_type_is_defined);
}

TEST(Opcodes, AreTheTargetsFrom0x20On) {
  for (unsigned opcode = 0; opcode < 0x40; ++opcode)
    EXPECT_EQ(is_from_target(Opcode{static_cast<std::uint8_t>(opcode)}), opcode >= 0x20) << opcode;
}

TEST(Lengths, AreTheSameOnlyInBoth) {
  const Lengths lengths{.additional_headers = 8, .data = 4};
  EXPECT_EQ(lengths, (Lengths{8, 4}));
  EXPECT_NE(lengths, (Lengths{4, 4}));
  EXPECT_NE(lengths, (Lengths{8, 8}));
}

TEST(Places, ReadAndWriteBitsLeftmostFirst) {
  Bytes header(48);
  insert(std::span{header}, bits(1, 0), 1);
  insert(std::span{header}, bits(1, 5, 3), 0b101);
  insert(std::span{header}, bytes(5, 3), 0x010203);
  EXPECT_EQ(to_hex(ByteView{header}.first(8)), "0085000000010203");
  EXPECT_EQ(extract(header, bits(1, 0)), 1U);
  EXPECT_EQ(extract(header, bits(1, 1, 4)), 0U);
  EXPECT_EQ(extract(header, bits(1, 5, 3)), 0b101U);
  EXPECT_EQ(extract(header, bytes(4, 4)), 0x010203U);
  insert(std::span{header}, bits(1, 5, 3), 0xf8 | 0b010);  // no more than the field is wide
  EXPECT_EQ(to_hex(ByteView{header}.first(2)), "0082");
}

}  // namespace
