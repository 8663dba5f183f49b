/// The notations of single values: what is understood, as what, and what is refused in which words.

#include "server/configuration_values.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <sstream>

#include "media.hpp"

namespace iscsi::server::testing {
namespace {

TEST(Size, IsBytesOrPowersOf1024) {
  struct Row {
    const char* text;
    std::uint64_t bytes;
  };
  for (const Row& row : {Row{"1", 1}, Row{"512", 512}, Row{"1K", 1024}, Row{"64M", 64U << 20U},
                         Row{"10T", 10ULL << 40U}, Row{"1P", 1ULL << 50U},
                         Row{"9223372036854775807", std::numeric_limits<std::int64_t>::max()},
                         Row{"8191P", 8191ULL << 50U}})
    EXPECT_EQ(parse_size(row.text), row.bytes) << row.text;
}

TEST(Size, RefusesAnythingElse) {
  for (const char* text :
       {"", "0", "0M", "K", "-1", "+1", " 1", "1 ", "1k", "1KB", "1.5M", "0x10", "64MM",
        "9223372036854775808", "8192P", "18446744073709551616", "99999999999999999999T"}) {
    const auto refused = parse_size(text);
    ASSERT_FALSE(refused.has_value()) << text;
    EXPECT_EQ(refused.error(),
              "expected a size such as 64M, 10T or 1048576, found \"" + std::string(text) + '"');
  }
}

TEST(Portals, AreNamesAndAddressesWithAPort) {
  struct Row {
    const char* text;
    Portal portal;
    const char* written;
  };
  for (const Row& row : {Row{"127.0.0.1", {"127.0.0.1", 3260}, "127.0.0.1:3260"},
                         Row{"10.1.2.3:0", {"10.1.2.3", 0}, "10.1.2.3:0"},
                         Row{"[::1]:65535", {"::1", 65535}, "[::1]:65535"},
                         Row{"[fe80::1:2]", {"fe80::1:2", 3260}, "[fe80::1:2]:3260"},
                         Row{"storage-1.example.com:860",
                             {"storage-1.example.com", 860},
                             "storage-1.example.com:860"}}) {
    EXPECT_EQ(parse_portal(row.text), row.portal) << row.text;
    EXPECT_EQ(to_text(row.portal), row.written);
    EXPECT_EQ(parse_portal(row.written), row.portal);
  }
}

TEST(Portals, RefuseAnythingElse) {
  for (const char* text :
       {"", ":3260", "::1", "::1:3260", "[::1", "[]:1", "[127.0.0.1]:1", "[::1]3260",
        "[::1]:", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:0x1", "127.0.0.1:1:2",
        "256.0.0.1", "1.2.3", "a b", "host/3260", "10.0.0.1,1"})
    EXPECT_EQ(parse_portal(text).error(),
              "expected ADDRESS[:PORT], IPv6 in brackets, found \"" + std::string(text) + '"');
}

TEST(LogicalUnits, AreMemoryOrAFile) {
  using enum LogicalUnit::Kind;
  struct Row {
    const char* text;
    LogicalUnit unit;
  };
  for (const Row& row :
       {Row{"memory:64M", {.kind = memory, .size_bytes = 64U << 20U}},
        Row{"memory:10T,resident=1G,block-size=4096",
            {.kind = memory,
             .size_bytes = 10ULL << 40U,
             .block_bytes = 4096,
             .resident_bytes = 1U << 30U}},
        Row{"memory:1M,read-only", {.kind = memory, .size_bytes = 1U << 20U, .read_only = true}},
        Row{"file:/srv/disk", {.kind = file, .path = "/srv/disk"}},
        Row{"file:/srv/disk:1G", {.kind = file, .path = "/srv/disk", .size_bytes = 1U << 30U}},
        Row{"file:a:b", {.kind = file, .path = "a:b"}},
        Row{"file:a:b:512,block-size=512,read-only",
            {.kind = file, .path = "a:b", .size_bytes = 512, .read_only = true}}})
    EXPECT_EQ(parse_logical_unit(row.text), row.unit) << row.text;
}

TEST(LogicalUnits, SayWhatIsWrongWithThem) {
  struct Row {
    const char* text;
    const char* complaint;
  };
  const char* const medium = "expected memory:SIZE or file:PATH[:SIZE], found ";
  for (const Row& row : {
           Row{"", "\"\""},
           Row{"memory", "\"memory\""},
           Row{"disk:64M", "\"disk:64M\""},
           Row{"file:", "\"file:\""},
           Row{"file::64M", "\"file::64M\""},
       })
    EXPECT_EQ(parse_logical_unit(row.text).error(), medium + std::string(row.complaint));
  for (const Row& row : {
           Row{"memory:", "expected a size such as 64M, 10T or 1048576, found \"\""},
           Row{"memory:64X", "expected a size such as 64M, 10T or 1048576, found \"64X\""},
           Row{"memory:1M,", "expected read-only, block-size=BYTES or resident=SIZE, found \"\""},
           Row{"memory:1M,ro",
               "expected read-only, block-size=BYTES or resident=SIZE, found \"ro\""},
           Row{"memory:1M,read-only=1",
               "expected read-only, block-size=BYTES or resident=SIZE, found \"read-only=1\""},
           Row{"file:a,resident=1M",
               "expected read-only or block-size=BYTES, found \"resident=1M\""},
           Row{"memory:1M,resident=0", "expected a size such as 64M, 10T or 1048576, found \"0\""},
           Row{"file:a,block-size=1000",
               "expected a block size of 512, 1024, 2048 or 4096, found \"1000\""},
           Row{"file:a,block-size=256",
               "expected a block size of 512, 1024, 2048 or 4096, found \"256\""},
           Row{"file:a,block-size=8192",
               "expected a block size of 512, 1024, 2048 or 4096, found \"8192\""},
       })
    EXPECT_EQ(parse_logical_unit(row.text).error(), row.complaint) << row.text;
}

TEST(Accounts, PartNameAndSecretAtTheLastColon) {
  EXPECT_EQ(parse_account("user:secret"), (Account{"user", "secret"}));
  EXPECT_EQ(parse_account("iqn.2004-04.com.example:host:secret"),
            (Account{"iqn.2004-04.com.example:host", "secret"}));
}

TEST(Accounts, TakeTheSecretFromAFileWithoutItsNewline) {
  const TemporaryFolder folder;
  struct Row {
    const char* contents;
    const char* secret;
  };
  for (const Row& row : {Row{"s3cret", "s3cret"}, Row{"s3cret\n", "s3cret"},
                         Row{"a:b c\n\n", "a:b c\n"}, Row{"@x\r\n", "@x\r"}}) {
    std::ofstream(folder / "secret") << row.contents;
    EXPECT_EQ(parse_account("user:@" + (folder / "secret")), (Account{"user", row.secret}));
  }
}

TEST(Accounts, NeverRepeatASecretInAComplaint) {
  for (const char* text : {"", "user", "user:", ":secret", ":"})
    EXPECT_EQ(parse_account(text).error(), "expected NAME:SECRET or NAME:@FILE") << text;
  const std::string long_secret(256, 'x');
  EXPECT_EQ(parse_account("user:" + long_secret).error(), "expected a secret of at most 255 bytes");
  EXPECT_EQ(parse_account(std::string(256, 'u') + ":s").error(),
            "expected a name of at most 255 bytes");
}

TEST(Accounts, SayWhichSecretFileIsUnusable) {
  const TemporaryFolder folder;
  const std::string path = folder / "secret";
  EXPECT_EQ(parse_account("u:@" + path).error(), path + ": No such file or directory");
  std::ofstream(path) << "\n";
  EXPECT_EQ(parse_account("u:@" + path).error(), path + ": expected a secret, found an empty file");
  std::ofstream(path) << std::string(257, 'x');
  EXPECT_EQ(parse_account("u:@" + path).error(), path + ": longer than 256 bytes");
  EXPECT_EQ(parse_account("u:@" + (folder / ".")).error(), (folder / ".") + ": Is a directory");
}

TEST(NodeNames, AreReturnedInTheirNormalForm) {
  EXPECT_EQ(parse_node_name("IQN.2004-04.com.Example:Disk"), "iqn.2004-04.com.example:disk");
  EXPECT_EQ(parse_node_name("disk").error(),
            "expected an iSCSI name such as iqn.2004-04.com.example:disk, found \"disk\" "
            "(iscsi-name-type-is-defined)");
}

TEST(Aliases, AreAnyUtf8UpTo255Bytes) {
  EXPECT_EQ(parse_alias("Größe 10"), "Größe 10");
  EXPECT_TRUE(parse_alias(std::string(255, 'a')).has_value());
  EXPECT_FALSE(parse_alias(std::string(256, 'a')).has_value());
  EXPECT_FALSE(parse_alias("\xFF").has_value());
}

TEST(Complaints, StayOnOneShortLine) {
  EXPECT_EQ(expected_but_found("x", "a\nb\tc\x01"), "expected x, found \"a?b?c?\"");
  EXPECT_EQ(expected_but_found("x", std::string(5000, 'y')),
            "expected x, found \"" + std::string(100, 'y') + "…\"");
}

/// What a policy holds, in the order of the keys, to see that nothing else has changed.
std::string all_of(const text::Policy& policy) {
  std::ostringstream out;
  for (const auto& digest : {policy.header_digest, policy.data_digest})
    out << digest.none << digest.crc32c << (digest.preferred == text::Digest::crc32c) << ' ';
  out << policy.initial_r2t << policy.immediate_data << policy.data_pdu_in_order
      << policy.data_sequence_in_order << ' ' << policy.max_recv_data_segment_length << ' '
      << policy.max_burst_length << ' ' << policy.first_burst_length << ' '
      << policy.default_time2wait << ' ' << policy.default_time2retain << ' '
      << policy.max_outstanding_r2t;
  return out.str();
}

TEST(TextKeys, EachSetsItsOwnMember) {
  struct Row {
    const char* key;
    const char* value;
    void (*set)(text::Policy&);
  };
  using text::Digest;
  using text::Policy;
  for (const Row& row : {
           Row{"HeaderDigest", "None",
               [](Policy& p) { p.header_digest = {true, false, Digest::none}; }},
           Row{"HeaderDigest", "CRC32C",
               [](Policy& p) { p.header_digest = {false, true, Digest::crc32c}; }},
           Row{"DataDigest", "None,CRC32C",
               [](Policy& p) { p.data_digest = {true, true, Digest::none}; }},
           Row{"DataDigest", "CRC32C,None",
               [](Policy& p) { p.data_digest = {true, true, Digest::crc32c}; }},
           Row{"InitialR2T", "Yes", [](Policy& p) { p.initial_r2t = true; }},
           Row{"ImmediateData", "No", [](Policy& p) { p.immediate_data = false; }},
           Row{"DataPDUInOrder", "No", [](Policy& p) { p.data_pdu_in_order = false; }},
           Row{"DataSequenceInOrder", "No", [](Policy& p) { p.data_sequence_in_order = false; }},
           Row{"MaxRecvDataSegmentLength", "512",
               [](Policy& p) { p.max_recv_data_segment_length = 512; }},
           Row{"MaxBurstLength", "16777215", [](Policy& p) { p.max_burst_length = 16777215; }},
           Row{"FirstBurstLength", "0x200", [](Policy& p) { p.first_burst_length = 512; }},
           Row{"DefaultTime2Wait", "0", [](Policy& p) { p.default_time2wait = 0; }},
           Row{"DefaultTime2Retain", "3600", [](Policy& p) { p.default_time2retain = 3600; }},
           Row{"MaxOutstandingR2T", "65535", [](Policy& p) { p.max_outstanding_r2t = 65535; }},
       }) {
    Policy expected;
    row.set(expected);
    Policy changed;
    EXPECT_EQ(set_text_key(changed, row.key, row.value), std::nullopt) << row.key;
    EXPECT_EQ(all_of(changed), all_of(expected)) << row.key;
  }
}

TEST(TextKeys, SayWhatIsWrongWithThem) {
  struct Row {
    const char* key;
    const char* value;
    const char* complaint;
  };
  for (const Row& row : {
           Row{"MaxBurstLength", "511", "expected a number from 512 to 16777215, found \"511\""},
           Row{"MaxBurstLength", "16777216",
               "expected a number from 512 to 16777215, found \"16777216\""},
           Row{"MaxBurstLength", "64K", "expected a number from 512 to 16777215, found \"64K\""},
           Row{"MaxRecvDataSegmentLength", "262145",
               "expected a number from 512 to 262144, found \"262145\""},
           Row{"MaxOutstandingR2T", "0", "expected a number from 1 to 65535, found \"0\""},
           Row{"DefaultTime2Wait", "3601", "expected a number from 0 to 3600, found \"3601\""},
           Row{"InitialR2T", "yes", "expected Yes or No, found \"yes\""},
           Row{"HeaderDigest", "CRC32",
               "expected None, CRC32C, or both with a comma between, "
               "found \"CRC32\""},
           Row{"MaxConnections", "2",
               "expected one of HeaderDigest, DataDigest, InitialR2T, ImmediateData, "
               "MaxRecvDataSegmentLength, MaxBurstLength, FirstBurstLength, DefaultTime2Wait, "
               "DefaultTime2Retain, MaxOutstandingR2T, DataPDUInOrder, DataSequenceInOrder, "
               "found \"MaxConnections\""},
       }) {
    text::Policy policy;
    EXPECT_EQ(set_text_key(policy, row.key, row.value), row.complaint) << row.key;
    EXPECT_EQ(all_of(policy), all_of({})) << row.key;
  }
}

TEST(Deadlines, AreMillisecondsByName) {
  Deadlines deadlines;
  EXPECT_EQ(set_deadline(deadlines, "login-ms", "1"), std::nullopt);
  EXPECT_EQ(set_deadline(deadlines, "ping-after-ms", "2"), std::nullopt);
  EXPECT_EQ(set_deadline(deadlines, "ping-answer-ms", "86400000"), std::nullopt);
  EXPECT_EQ(deadlines, (Deadlines{1, 2, 86400000}));
  EXPECT_EQ(set_deadline(deadlines, "login-ms", "0"),
            "expected a number from 1 to 86400000, found \"0\"");
  EXPECT_EQ(set_deadline(deadlines, "login-ms", "15s"),
            "expected a number from 1 to 86400000, found \"15s\"");
  EXPECT_EQ(set_deadline(deadlines, "login", "1"),
            "expected one of login-ms, ping-after-ms, ping-answer-ms, found \"login\"");
}

TEST(Bounds, CanBeLoweredAndNotRaised) {
  Bounds bounds;
  EXPECT_EQ(set_bound(bounds, "connections", "1"), std::nullopt);
  EXPECT_EQ(set_bound(bounds, "sessions", "2"), std::nullopt);
  EXPECT_EQ(set_bound(bounds, "command-window", "3"), std::nullopt);
  EXPECT_EQ(set_bound(bounds, "queued-output-bytes", "65536"), std::nullopt);
  EXPECT_EQ(bounds, (Bounds{1, 2, 3, 65536}));
  EXPECT_EQ(set_bound(bounds, "connections", "4097"),
            "expected a number from 1 to 4096, found \"4097\"");
  EXPECT_EQ(set_bound(bounds, "memory", "1"),
            "expected one of connections, sessions, command-window, queued-output-bytes, found "
            "\"memory\"");
}

}  // namespace
}  // namespace iscsi::server::testing
