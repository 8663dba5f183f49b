#include "pdu/frame.hpp"

#include "pdu/pdu_test.hpp"
#include "pdu/samples.hpp"
#include "support/crc_by_division.hpp"

namespace {

using namespace test;

constexpr Digests all_digests[] = {
    {.header = false, .data = false},
    {.header = true, .data = false},
    {.header = false, .data = true},
    {.header = true, .data = true},
};

/// Where the parts of a PDU lie, told from its length fields by hand.
struct Parts {
  std::size_t headers;  // basic and additional
  std::size_t front;    // with the header digest
  std::size_t padded;   // the data and its padding
  std::size_t whole;
};

Parts parts_of(const Bytes& bytes, Digests digests) {
  const auto at = [&bytes](std::size_t i) { return std::to_integer<std::size_t>(bytes[i]); };
  const std::size_t headers = 48 + at(4) * 4;
  const std::size_t data = at(5) << 16U | at(6) << 8U | at(7);
  const std::size_t padded = (data + 3) / 4 * 4;
  const std::size_t front = headers + (digests.header ? 4 : 0);
  return {headers, front, padded, front + padded + (digests.data && data > 0 ? 4 : 0)};
}

/// `bytes`, a PDU without digests, as it goes over a connection that uses `digests`; the digests
/// are computed by division (12.1), not by the code under test.
Bytes sealed(const Bytes& bytes, Digests digests) {
  const auto headers = static_cast<std::ptrdiff_t>(parts_of(bytes, {}).headers);
  Bytes stream{bytes.begin(), bytes.begin() + headers};
  const Bytes data{bytes.begin() + headers, bytes.end()};
  const auto append = [&stream](const Bytes& more) {
    stream.insert(stream.end(), more.begin(), more.end());
  };
  if (digests.header) append(digest_of(stream));
  append(data);
  if (digests.data && !data.empty()) append(digest_of(data));
  return stream;
}

FrameLimits limits_with(Digests digests) {
  return {.data = limits::data_segment_bytes, .digests = digests};
}

std::string describe(const Framing& framing) {
  if (const auto* framed = std::get_if<Framed>(&framing))
    return "framed " + std::to_string(framed->consumed);
  if (const auto* incomplete = std::get_if<Incomplete>(&framing))
    return "needs " + std::to_string(incomplete->bytes_needed);
  return testing::PrintToString(std::get<Violation>(framing));
}

TEST(Framing, FindsThePartsOfEveryPduWithAndWithoutDigests) {
  for (const Sample& sample : samples())
    for (const Digests digests : all_digests) {
      const Bytes stream = sealed(sample.bytes, digests);
      const Framing framing = next_frame(stream, limits_with(digests));
      ASSERT_TRUE(std::holds_alternative<Framed>(framing)) << sample.name << describe(framing);
      const auto& [frame, consumed, intact] = std::get<Framed>(framing);
      EXPECT_EQ(consumed, stream.size()) << sample.name;
      EXPECT_TRUE(intact) << sample.name;
      Bytes joined{frame.header.begin(), frame.header.end()};
      for (const ByteView part : {frame.additional_headers, frame.data, frame.padding})
        joined.insert(joined.end(), part.begin(), part.end());
      EXPECT_EQ(joined, sample.bytes) << sample.name;
      EXPECT_EQ(frame.lengths(), lengths_of(frame.header)) << sample.name;
    }
}

TEST(Framing, LooksNoFurtherThanThePdu) {
  for (const Sample& sample : samples())
    for (const Digests digests : all_digests) {
      Bytes stream = sealed(sample.bytes, digests);
      const std::size_t whole = stream.size();
      stream.resize(whole + 100, std::byte{0xff});
      EXPECT_EQ(describe(next_frame(stream, limits_with(digests))),
                "framed " + std::to_string(whole));
    }
}

TEST(Framing, TellsOfEveryBeginningHowMuchIsNeeded) {
  for (const Sample& sample : samples())
    for (const Digests digests : all_digests) {
      const Bytes stream = sealed(sample.bytes, digests);
      const Parts parts = parts_of(sample.bytes, digests);
      for (std::size_t here = 0; here < stream.size(); ++here) {
        // The lengths are told by bytes 4 to 7, the end by the whole front.
        const std::size_t needed = here < 8 ? 48 : here < parts.front ? parts.front : parts.whole;
        ASSERT_EQ(describe(next_frame(ByteView{stream}.first(here), limits_with(digests))),
                  "needs " + std::to_string(needed))
            << sample.name << " cut at " << here;
      }
    }
}

TEST(Framing, ReachesEveryPduByFetchingWhatItSaysIsNeeded) {
  for (const Sample& sample : samples())
    for (const Digests digests : all_digests) {
      const Bytes stream = sealed(sample.bytes, digests);
      std::size_t here = 0;
      for (int fetches = 0; fetches < 4; ++fetches) {
        const Framing framing = next_frame(ByteView{stream}.first(here), limits_with(digests));
        if (!std::holds_alternative<Incomplete>(framing)) break;
        here = std::get<Incomplete>(framing).bytes_needed;
        ASSERT_LE(here, stream.size()) << sample.name;
      }
      EXPECT_EQ(here, stream.size()) << sample.name;
    }
}

TEST(Framing, IsTheSameWhenFrontAndDataLieApart) {
  for (const Sample& sample : samples())
    for (const Digests digests : all_digests) {
      const Bytes stream = sealed(sample.bytes, digests);
      const auto read = read_front(stream, limits_with(digests));
      ASSERT_TRUE(std::holds_alternative<Front>(read));
      const Front& front = std::get<Front>(read);
      const Parts parts = parts_of(sample.bytes, digests);
      EXPECT_EQ(front.bytes, parts.front);
      EXPECT_EQ(bytes_behind_front(front.lengths, digests), parts.whole - parts.front);
      const auto split = static_cast<std::ptrdiff_t>(front.bytes);
      const Bytes in_front{stream.begin(), stream.begin() + split};
      const Bytes behind{stream.begin() + split, stream.end()};
      const Framed joined = join_frame(in_front, behind, front.lengths, digests);
      const Framed whole = std::get<Framed>(next_frame(stream, limits_with(digests)));
      EXPECT_EQ(joined.consumed, whole.consumed);
      EXPECT_EQ(joined.data_intact, whole.data_intact);
      EXPECT_TRUE(std::ranges::equal(joined.frame.header, whole.frame.header));
      EXPECT_TRUE(
          std::ranges::equal(joined.frame.additional_headers, whole.frame.additional_headers));
      EXPECT_TRUE(std::ranges::equal(joined.frame.data, whole.frame.data));
      EXPECT_TRUE(std::ranges::equal(joined.frame.padding, whole.frame.padding));
    }
}

TEST(Framing, PadsEveryDataSegmentToWholeWords) {
  for (std::size_t length = 0; length <= 9; ++length) {
    Bytes bytes = nop_out_bytes();
    bytes.resize(48 + (length + 3) / 4 * 4, std::byte{0});
    bytes[7] = static_cast<std::byte>(length);
    const Framed framed = std::get<Framed>(next_frame(bytes, limits_with({})));
    EXPECT_EQ(framed.consumed, bytes.size());
    EXPECT_EQ(framed.frame.data.size(), length);
    EXPECT_EQ(framed.frame.padding.size(), bytes.size() - 48 - length);
  }
}

TEST(Framing, ChecksTheDigestOfASingleByte) {
  Bytes bytes = nop_out_bytes();
  bytes.resize(48);
  bytes[7] = std::byte{1};
  const Bytes data = hex("61000000");
  bytes.insert(bytes.end(), data.begin(), data.end());
  Bytes stream = sealed(bytes, {.data = true});
  EXPECT_TRUE(std::get<Framed>(next_frame(stream, limits_with({.data = true}))).data_intact);
  stream[48] = std::byte{0x62};
  EXPECT_FALSE(std::get<Framed>(next_frame(stream, limits_with({.data = true}))).data_intact);
}

TEST(Framing, HasNoDataDigestWithoutData) {
  const Bytes bytes = logout_request_bytes();
  EXPECT_EQ(describe(next_frame(bytes, limits_with({.data = true}))), "framed 48");
}

TEST(Framing, OfOpenIscsiHasTheHeaderDigestThatItSent) {
  // linux61_lio_crc32c.pcap, open-iscsi 2.1.8 on Linux 6.1: a ping and its digest.
  const Bytes stream =
      hex("4080000000000000 0000000000000000 2e000000 ffffffff 0000002d 6e8be5d5"
          "00000000000000000000000000000000 e23bb206");
  EXPECT_EQ(describe(next_frame(stream, limits_with({.header = true, .data = true}))), "framed 52");
}

TEST(Framing, OfLioHasBothDigestsThatItSent) {
  // linux61_lio_crc32c.pcap, LIO of Linux 6.1: the length of VPD pages, four bytes.
  const Bytes stream =
      hex("2581000000000004 ffffffffffffffff 03000000 ffffffff 6e8be5aa 00000003 00000042"
          "000000000000000000000000 6c0e097f 00000008 0813bec2");
  const Framing framing = next_frame(stream, limits_with({.header = true, .data = true}));
  EXPECT_EQ(describe(framing), "framed 60");
  EXPECT_TRUE(std::get<Framed>(framing).data_intact);
}

TEST(Framing, RefusesAHeaderWithAnyBitFlipped) {
  const Digests digests{.header = true, .data = true};
  for (const Bytes& bytes : {scsi_command_bytes(), nop_out_bytes()}) {
    const Bytes stream = sealed(bytes, digests);
    const std::size_t headers = parts_of(bytes, digests).headers;
    for (std::size_t bit = 0; bit < (headers + 4) * 8; ++bit) {
      Bytes damaged = stream;
      damaged[bit / 8] ^= std::byte{1} << bit % 8;
      damaged.resize(2000);  // TotalAHSLength may have become larger
      const Framing framing = next_frame(damaged, limits_with(digests));
      ASSERT_TRUE(std::holds_alternative<Violation>(framing)) << bit << describe(framing);
      const Violation& broken = std::get<Violation>(framing);
      EXPECT_EQ(broken.rule, Rule::header_digest_matches);
      const std::size_t digest_at = 48 + std::to_integer<std::size_t>(damaged[4]) * 4;
      EXPECT_EQ(broken.byte, digest_at);
      EXPECT_EQ(broken.found, wire::load_big(ByteView{damaged}.subspan(digest_at, 4)));
    }
  }
}

TEST(Framing, MarksDataWithAnyBitFlippedPaddingIncluded) {
  const Digests digests{.header = true, .data = true};
  const Bytes stream = sealed(nop_out_bytes(), digests);
  for (std::size_t bit = 52 * 8; bit < stream.size() * 8; ++bit) {
    Bytes damaged = stream;
    damaged[bit / 8] ^= std::byte{1} << bit % 8;
    const Framing framing = next_frame(damaged, limits_with(digests));
    ASSERT_TRUE(std::holds_alternative<Framed>(framing)) << describe(framing);
    EXPECT_FALSE(std::get<Framed>(framing).data_intact) << bit;
    EXPECT_EQ(std::get<Framed>(framing).consumed, stream.size());
  }
}

TEST(Framing, TakesLengthsAtTheirLimitsAndRefusesOneMore) {
  Bytes bytes = nop_out_bytes();
  const auto with_limits = [&bytes](std::size_t additional_headers, std::size_t data) {
    return describe(next_frame(bytes, {.additional_headers = additional_headers, .data = data}));
  };
  bytes = with(bytes, 4, "02 000004");
  bytes.resize(48 + 8 + 4);
  EXPECT_EQ(with_limits(8, 4), "framed 60");
  EXPECT_EQ(with_limits(7, 4),
            testing::PrintToString(Violation{Rule::additional_headers_within_limit, 4, 2}));
  EXPECT_EQ(with_limits(8, 3),
            testing::PrintToString(Violation{Rule::data_segment_within_limit, 5, 4}));
}

TEST(Framing, TakesTheLargestLengthsThatAHeaderCanTell) {
  Bytes bytes = with(nop_out_bytes(), 4, "ff ffffff");
  bytes.resize(48);
  const std::size_t front = 48 + 255 * 4;
  EXPECT_EQ(describe(next_frame(bytes, limits_with({}))), "needs " + std::to_string(front));
  bytes.resize(front);
  EXPECT_EQ(describe(next_frame(bytes, limits_with({}))),
            "needs " + std::to_string(front + (1U << 24U)));
  bytes.resize(front + (1U << 24U));
  EXPECT_EQ(describe(next_frame(bytes, limits_with({}))),
            "framed " + std::to_string(front + (1U << 24U)));
  EXPECT_EQ(limits::additional_headers_bytes, 1020U);
  EXPECT_EQ(limits::data_segment_bytes, 0xffffffU);
}

TEST(Framing, RefusesALengthAsSoonAsItIsHere) {
  const Bytes eight = hex("00800000 00 002001");
  const std::string too_long =
      testing::PrintToString(Violation{Rule::data_segment_within_limit, 5, 0x2001});
  EXPECT_EQ(describe(next_frame(eight, {})), too_long);  // 8192 by default (12.12)
  EXPECT_EQ(describe(next_frame(ByteView{eight}.first(7), {})), "needs 48");
  EXPECT_EQ(describe(next_frame(hex("00800000 00 002000"), {})), "needs 48");
}

TEST(Framing, BelievesADataLengthOnlyBehindAMatchingHeaderDigest) {
  const Digests digests{.header = true};
  const FrameLimits limits{.data = 4, .digests = digests};
  // Damaged on its way: the digest tells, whatever the length says.
  const Bytes stream = sealed(nop_out_bytes(), digests);
  const Bytes damaged = with(stream, 5, "ffffff");
  EXPECT_EQ(describe(next_frame(ByteView{damaged}.first(8), limits)), "needs 52");
  const Framing framing = next_frame(damaged, limits);
  ASSERT_TRUE(std::holds_alternative<Violation>(framing));
  EXPECT_EQ(std::get<Violation>(framing).rule, Rule::header_digest_matches);
  // Sent that way: the digest holds and the length is the sender's own.
  EXPECT_EQ(describe(next_frame(stream, limits)),
            testing::PrintToString(Violation{Rule::data_segment_within_limit, 5, 5}));
}

TEST(Framing, WaitsForNoMoreAdditionalHeadersThanTheLimitEvenForADigest) {
  const Bytes eight = hex("01800000 03 000000");
  const FrameLimits limits{.additional_headers = 8, .digests = {.header = true}};
  EXPECT_EQ(describe(next_frame(eight, limits)),
            testing::PrintToString(Violation{Rule::additional_headers_within_limit, 4, 3}));
}

TEST(FramingDeathTest, JoinsNothingThatIsNotWhole) {
  const Bytes front = nop_out_bytes();
  const Lengths lengths{.additional_headers = 0, .data = 5};
  const Bytes behind(8);
  EXPECT_EQ(join_frame(ByteView{front}.first(48), behind, lengths, {}).consumed, 56U);
  EXPECT_DEATH((void)join_frame(ByteView{front}.first(47), behind, lengths, {}), "front.size");
  EXPECT_DEATH((void)join_frame(ByteView{front}.first(48), ByteView{behind}.first(7), lengths, {}),
               "behind.size");
}

TEST(Framing, TakesOnePduAfterTheOther) {
  Bytes stream;
  for (const Sample& sample : samples()) {
    const Bytes one = sealed(sample.bytes, {.header = true, .data = true});
    stream.insert(stream.end(), one.begin(), one.end());
  }
  ByteView rest = stream;
  for (const Sample& sample : samples()) {
    const Framing framing = next_frame(rest, limits_with({.header = true, .data = true}));
    ASSERT_TRUE(std::holds_alternative<Framed>(framing)) << sample.name;
    EXPECT_EQ(std::get<Framed>(framing).frame.header[0], sample.bytes[0]);
    rest = rest.subspan(std::get<Framed>(framing).consumed);
  }
  EXPECT_TRUE(rest.empty());
}

}  // namespace
