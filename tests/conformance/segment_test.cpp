/// From packets to TCP segments, through every header that may be around them.

#include "conformance/capture/segment.hpp"

#include <gtest/gtest.h>

#include "conformance/wire_tap.hpp"

namespace conformance {
namespace {

const Bytes inner =
    tcp({.source = 1, .destination = 2, .sequence = 3, .flags = ack | fin}, hex("aabbcc"));

Unwrapped unwrapped(LinkType link, const Bytes& bytes) {
  return unwrap({.number = 1, .wire_size = bytes.size(), .link = link, .bytes = bytes});
}
void expect_segment(LinkType link, const Bytes& bytes) {
  const Unwrapped out = unwrapped(link, bytes);
  ASSERT_TRUE(out.segment.has_value());
  EXPECT_EQ(out.segment->source.port, 1);
  EXPECT_EQ(out.segment->destination.port, 2);
  EXPECT_EQ(out.segment->sequence, 3U);
  EXPECT_TRUE(out.segment->fin);
  EXPECT_FALSE(out.segment->syn);
  EXPECT_EQ(Bytes(out.segment->data.begin(), out.segment->data.end()), hex("aabbcc"));
  EXPECT_EQ(out.segment->length, 3U);
}

TEST(Unwrapping, FindsTcpBehindEveryLinkHeader) {
  expect_segment(LinkType::ethernet, ethernet(ip4(inner)));
  expect_segment(LinkType::ethernet, ethernet(ip4(inner)) + Bytes(9));  // padding
  expect_segment(LinkType::ethernet, ethernet(hex("0064 0800") + ip4(inner), "8100"));
  expect_segment(LinkType::ethernet, ethernet(hex("0064 8100 0065 0800") + ip4(inner), "88a8"));
  expect_segment(LinkType::cooked, hex("0000 0001 0006 020000000001 0000 0800") + ip4(inner));
  expect_segment(LinkType::cooked2,
                 hex("0800 0000 00000002 0001 00 06 020000000001 0000") + ip4(inner));
  expect_segment(LinkType::raw, ip4(inner));
  expect_segment(LinkType::raw, ip6(inner));
  expect_segment(LinkType::null, hex("02000000") + ip4(inner));
  expect_segment(LinkType::null, hex("0000001e") + ip6(inner));
}

TEST(Unwrapping, FindsTcpBehindTheExtensionHeadersOfIp6) {
  expect_segment(LinkType::ethernet, ethernet(ip6(inner), "86dd"));
  const Bytes options = hex("06 00 010400000000");
  expect_segment(LinkType::raw, ip6(options + inner, 0));
  expect_segment(LinkType::raw, ip6(hex("3c 00 010400000000") + options + inner, 43));
  expect_segment(LinkType::raw, ip6(hex("06 00 0000 00000001") + inner, 44));  // whole
  expect_segment(LinkType::raw, ip6(hex("06 04 0000") + Bytes(20) + inner, 51));
}

TEST(Unwrapping, LeavesFragmentsAlone) {
  EXPECT_TRUE(unwrapped(LinkType::raw, ip4(inner, false, 0x2000)).fragment);
  EXPECT_TRUE(unwrapped(LinkType::raw, ip4(inner, false, 0x0010)).fragment);
  EXPECT_TRUE(unwrapped(LinkType::raw, ip6(hex("06 00 0001 00000001") + inner, 44)).fragment);
  EXPECT_FALSE(unwrapped(LinkType::raw, ip4(inner, false, 0x4000)).fragment);
}

TEST(Unwrapping, TellsWhatWasCutFromWhatWasNeverThere) {
  const Bytes whole = ethernet(ip4(inner));
  const ByteView cut = ByteView{whole}.first(whole.size() - 2);
  const Unwrapped out =
      unwrap({.number = 1, .wire_size = whole.size(), .link = LinkType::ethernet, .bytes = cut});
  ASSERT_TRUE(out.segment.has_value());
  EXPECT_EQ(out.segment->data.size(), 1U);
  EXPECT_EQ(out.segment->length, 3U);
}

TEST(Unwrapping, BelievesNoLength) {
  for (const LinkType link : {LinkType::ethernet, LinkType::cooked, LinkType::cooked2,
                              LinkType::raw, LinkType::null, LinkType::unknown})
    for (const Bytes& bytes : {ethernet(ip4(inner)), ip4(inner), ip6(inner), Bytes(64)})
      for (std::size_t size = 0; size <= bytes.size(); ++size) {
        const ByteView view = ByteView{bytes}.first(size);
        const auto out =
            unwrap({.number = 1, .wire_size = size, .link = link, .bytes = view}).segment;
        EXPECT_TRUE(!out || out->data.size() <= size);
      }
  Bytes long_header = ip4(inner);
  long_header[0] = std::byte{0x4f};
  EXPECT_FALSE(unwrapped(LinkType::raw, long_header).segment.has_value());
}

TEST(Endpoints, ArePrintedAsPeopleWriteThem) {
  const auto print = [](const Bytes& packet) {
    return unwrapped(LinkType::raw, packet).segment->destination.print();
  };
  EXPECT_EQ(print(ip4(inner)), "192.0.2.2:2");
  EXPECT_EQ(print(ip6(inner)), "[2001:db8::2]:2");
  EXPECT_EQ((Endpoint{.port = 9, .v6 = true}.print()), "[::]:9");
}

}  // namespace
}  // namespace conformance
