#include "conformance/play/url.hpp"

#include <gtest/gtest.h>

namespace conformance {
namespace {

TEST(AUrl, NamesHostPortTargetAndUnit) {
  const auto url = parse_url("iscsi://10.0.0.1:3261/iqn.2003-01.example:disk/5");
  ASSERT_TRUE(url.has_value()) << url.error();
  EXPECT_EQ(url->host, "10.0.0.1");
  EXPECT_EQ(url->port, "3261");
  EXPECT_EQ(url->target_name, "iqn.2003-01.example:disk");
  EXPECT_EQ(url->lun, 5U);
  EXPECT_FALSE(url->initiator.has_value());
}

TEST(AUrl, HasDefaults) {
  const auto url = parse_url("iscsi://host/iqn.2003-01.example:disk");
  ASSERT_TRUE(url.has_value()) << url.error();
  EXPECT_EQ(url->port, "3260");
  EXPECT_EQ(url->lun, 0U);
}

TEST(AUrl, TakesIpv6InBrackets) {
  const auto url = parse_url("iscsi://[::1]:99/t/0");
  ASSERT_TRUE(url.has_value()) << url.error();
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->port, "99");
}

TEST(AUrl, CarriesSecretsOfBothDirections) {
  const auto url = parse_url("iscsi://me%mine@host/t/0?target_user=you&target_password=yours");
  ASSERT_TRUE(url.has_value()) << url.error();
  EXPECT_EQ(url->host, "host");
  EXPECT_EQ(url->initiator->name, "me");
  EXPECT_EQ(url->initiator->secret, "mine");
  EXPECT_EQ(url->target->name, "you");
  EXPECT_EQ(url->target->secret, "yours");
}

TEST(AUrl, LetsASecretHoldWhatSeparatesUserAndHost) {
  const auto url = parse_url("iscsi://me%my@w%rd@host/t/0");
  ASSERT_TRUE(url.has_value()) << url.error();
  EXPECT_EQ(url->host, "host");
  EXPECT_EQ(url->initiator->name, "me");
  EXPECT_EQ(url->initiator->secret, "my@w%rd");
}

TEST(AUrl, IsRefusedInOneLine) {
  const auto complaint = [](std::string_view text) {
    const auto url = parse_url(text);
    return url ? "accepted" : url.error();
  };
  EXPECT_EQ(complaint("http://x/y"), "a URL that begins with iscsi://");
  EXPECT_EQ(complaint("iscsi://host"), "a target's name in the URL");
  EXPECT_EQ(complaint("iscsi://host/"), "a target's name in the URL");
  EXPECT_EQ(complaint("iscsi:///t"), "a host in the URL");
  EXPECT_EQ(complaint("iscsi://host:99999/t"), "a port number in the URL");
  EXPECT_EQ(complaint("iscsi://host:x/t"), "a port number in the URL");
  EXPECT_EQ(complaint("iscsi://me@host/t"), "user%secret before the @ of the URL");
  EXPECT_EQ(complaint("iscsi://[::1/t"), "a ] behind the IPv6 address of the URL");
  EXPECT_EQ(complaint("iscsi://host/t/x"), "a LUN from 0 to 16383 at the end of the URL");
  EXPECT_EQ(complaint("iscsi://host/t/16384"), "a LUN from 0 to 16383 at the end of the URL");
  EXPECT_EQ(complaint("iscsi://host/t?target_user=x&target_password=y"),
            "user%secret in a URL with target_user (mutual authentication)");
  EXPECT_EQ(complaint("iscsi://a%b@host/t?target_user=x"),
            "both target_user and target_password in the URL");
}

TEST(ALun, StandsInTheHeaderAsSamSays) {
  EXPECT_EQ(lun_field(0), 0U);
  EXPECT_EQ(lun_field(1), 0x0001'0000'0000'0000U);
  EXPECT_EQ(lun_field(255), 0x00ff'0000'0000'0000U);
  EXPECT_EQ(lun_field(256), 0x4100'0000'0000'0000U);
}

}  // namespace
}  // namespace conformance
