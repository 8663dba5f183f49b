/// Flags and files become one value, or one line that says what is wrong.

#include "server/configuration.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "media.hpp"
#include "server/secret.hpp"

namespace iscsi::server::testing {
namespace {

std::expected<Configuration, Message> from_arguments(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "iscsi-target");
  return configuration_from_arguments(arguments);
}

/// The complaint about these arguments; each comes with exit status 2 and one line.
std::string complaint_about(const std::vector<const char*>& arguments) {
  const auto refused = from_arguments(arguments);
  if (refused) return "accepted";
  const std::string& text = refused.error().text;
  EXPECT_EQ(refused.error().exit_status, exit_usage);
  EXPECT_EQ(std::ranges::count(text, '\n'), 1) << text;
  EXPECT_TRUE(text.starts_with("iscsi-target: ") && text.ends_with('\n')) << text;
  return text.substr(14, text.size() - 15);
}

Configuration accepted(const std::vector<const char*>& arguments) {
  const auto configuration = from_arguments(arguments);
  EXPECT_TRUE(configuration.has_value()) << configuration.error().text;
  return configuration.value_or(Configuration{});
}

TEST(Arguments, NoneServeMemoryOnLoopback) {
  const Configuration configuration = accepted({});
  EXPECT_EQ(configuration.listen, (std::vector<Portal>{{"127.0.0.1", 3260}}));
  EXPECT_EQ(configuration.logical_units, (std::vector<LogicalUnit>{{.size_bytes = 64U << 20U}}));
  EXPECT_EQ(configuration.target_name, "iqn.2004-04.com.example:disk");
  EXPECT_TRUE(configuration.chap.empty());
  EXPECT_FALSE(configuration.mutual_chap.has_value());
  EXPECT_TRUE(configuration.initiators.empty());
  EXPECT_FALSE(configuration.redirection.has_value());
  EXPECT_EQ(configuration.deadlines, Deadlines{});
  EXPECT_EQ(configuration.bounds, Bounds{});
}

TEST(Arguments, SayEverything) {
  const Configuration configuration = accepted({"--listen",
                                                "[::1]:3261",
                                                "--listen=127.0.0.1:0",
                                                "--lun",
                                                "memory:1M",
                                                "--lun",
                                                "file:/x:2M,read-only",
                                                "--name",
                                                "IQN.2004-04.com.example:Other",
                                                "--alias",
                                                "the disk",
                                                "--chap",
                                                "one:secret-one",
                                                "--chap",
                                                "two:secret-two",
                                                "--mutual-chap",
                                                "me:secret-me",
                                                "--initiator",
                                                "iqn.2004-04.com.example:host",
                                                "--initiator",
                                                "eui.02004567A425678D",
                                                "--redirect",
                                                "10.0.0.1",
                                                "--text",
                                                "InitialR2T=Yes",
                                                "--text",
                                                "MaxBurstLength=65536",
                                                "--deadline",
                                                "login-ms=500",
                                                "--limit",
                                                "connections=7"});
  EXPECT_EQ(configuration.listen, (std::vector<Portal>{{"::1", 3261}, {"127.0.0.1", 0}}));
  ASSERT_EQ(configuration.logical_units.size(), 2U);
  EXPECT_EQ(configuration.logical_units[1], (LogicalUnit{.kind = LogicalUnit::Kind::file,
                                                         .path = "/x",
                                                         .size_bytes = 2U << 20U,
                                                         .read_only = true}));
  EXPECT_EQ(configuration.target_name, "iqn.2004-04.com.example:other");
  EXPECT_EQ(configuration.target_alias, "the disk");
  EXPECT_EQ(configuration.chap,
            (std::vector<Account>{{"one", "secret-one"}, {"two", "secret-two"}}));
  EXPECT_EQ(configuration.mutual_chap, (Account{"me", "secret-me"}));
  EXPECT_EQ(configuration.initiators,
            (std::vector<std::string>{"iqn.2004-04.com.example:host", "eui.02004567a425678d"}));
  EXPECT_EQ(configuration.redirection, (Redirection{.to = {"10.0.0.1", 3260}}));
  EXPECT_TRUE(configuration.text.initial_r2t);
  EXPECT_EQ(configuration.text.max_burst_length, 65536U);
  EXPECT_EQ(configuration.deadlines.login_ms, 500U);
  EXPECT_EQ(configuration.bounds.connections, 7U);
  EXPECT_EQ(accepted({"--redirect-permanently", "[::2]:1"}).redirection,
            (Redirection{.to = {"::2", 1}, .permanent = true}));
}

TEST(Arguments, SayWhichFlagIsWrongAndHow) {
  struct Row {
    std::vector<const char*> arguments;
    const char* complaint;
  };
  for (const Row& row : std::vector<Row>{
           {{"--listen", "nowhere:99999"},
            "--listen: expected ADDRESS[:PORT], IPv6 in brackets, found \"nowhere:99999\""},
           {{"--lun", "memory:lots"},
            "--lun: expected a size such as 64M, 10T or 1048576, found \"lots\""},
           {{"--lun", "memory:1M", "memory:1M"},
            "The following argument was not expected: memory:1M (--help lists the flags)"},
           {{"--name", "disk"},
            "--name: expected an iSCSI name such as iqn.2004-04.com.example:disk, found "
            "\"disk\" (iscsi-name-type-is-defined)"},
           {{"--chap", "user"}, "--chap: expected NAME:SECRET or NAME:@FILE"},
           {{"--mutual-chap", "x:@/nowhere"}, "--mutual-chap: /nowhere: No such file or directory"},
           {{"--initiator", "host"},
            "--initiator: expected an iSCSI name such as iqn.2004-04.com.example:disk, found "
            "\"host\" (iscsi-name-type-is-defined)"},
           {{"--redirect", "a", "--redirect-permanently", "b"},
            "--redirect and --redirect-permanently exclude each other"},
           {{"--redirect", "a,1"},
            "--redirect: expected ADDRESS[:PORT], IPv6 in brackets, found \"a,1\""},
           {{"--text", "InitialR2T"}, "--text: expected NAME=VALUE, found \"InitialR2T\""},
           {{"--text", "InitialR2T=1"}, "--text: expected Yes or No, found \"1\""},
           {{"--deadline", "login-ms="},
            "--deadline: expected a number from 1 to 86400000, found \"\""},
           {{"--limit", "sessions=0"}, "--limit: expected a number from 1 to 1024, found \"0\""},
           {{"--config", "/nowhere.json"}, "/nowhere.json: No such file or directory"},
           {{"--frobnicate"},
            "The following argument was not expected: --frobnicate (--help lists the flags)"},
       })
    EXPECT_EQ(complaint_about(row.arguments), row.complaint);
}

TEST(Arguments, AFlagWithoutItsValueIsRefused) {
  for (const char* flag : {"--listen", "--lun", "--name", "--chap", "--config", "--text"})
    EXPECT_NE(complaint_about({flag}), "accepted") << flag;
}

TEST(Arguments, ValuesHaveToAgree) {
  struct Row {
    std::vector<const char*> arguments;
    const char* complaint;
  };
  for (const Row& row : std::vector<Row>{
           {{"--listen", "127.0.0.1", "--listen", "127.0.0.1:3260"},
            "listening twice on 127.0.0.1:3260"},
           {{"--lun", "memory:1000"}, "a logical unit's size is not a multiple of its block size"},
           {{"--lun", "file:/x:1536,block-size=1024"},
            "a logical unit's size is not a multiple of its block size"},
           {{"--lun", "file:/x", "--lun", "file:/x"}, "two logical units write to /x"},
           {{"--chap", "a:s", "--chap", "a:t"}, "two CHAP accounts are named a"},
           {{"--mutual-chap", "a:s"}, "mutual CHAP needs an account for the initiator as well"},
           {{"--chap", "a:same", "--mutual-chap", "b:same"},
            "the target's CHAP secret is also that of a"},
           {{"--text", "MaxBurstLength=512"},
            "FirstBurstLength (65536) exceeds MaxBurstLength (512)"},
       })
    EXPECT_EQ(complaint_about(row.arguments), row.complaint);
  EXPECT_EQ(accepted({"--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0"}).listen.size(), 2U);
  EXPECT_EQ(accepted({"--lun", "file:/x,read-only", "--lun", "file:/x"}).logical_units.size(), 2U);
}

TEST(Arguments, MoreLogicalUnitsThanOneLevelOfAddressingHasAreRefused) {
  std::vector<const char*> arguments;
  for (std::size_t i = 0; i < limits::logical_units; ++i)
    arguments.insert(arguments.end(), {"--lun", "memory:1M"});
  EXPECT_EQ(accepted(arguments).logical_units.size(), limits::logical_units);
  arguments.insert(arguments.end(), {"--lun", "memory:1M"});
  EXPECT_EQ(complaint_about(arguments), "more than 256 logical units");
}

TEST(Arguments, HelpAndVersionAreAnswersAndNotErrors) {
  const auto help = from_arguments({"--help"});
  ASSERT_FALSE(help.has_value());
  EXPECT_EQ(help.error().exit_status, 0);
  for (const char* flag :
       {"--listen", "--lun", "--name", "--alias", "--chap", "--mutual-chap", "--initiator",
        "--redirect", "--text", "--deadline", "--limit", "--config", "--generate-secret"})
    EXPECT_NE(help.error().text.find(flag), std::string::npos) << flag;
  const auto version = from_arguments({"--version"});
  ASSERT_FALSE(version.has_value());
  EXPECT_EQ(version.error().exit_status, 0);
  EXPECT_TRUE(version.error().text.starts_with("iscsi-target "));
}

TEST(Arguments, GenerateASecretOf128BitsThatIsNeverTheSame) {
  const auto secret = from_arguments({"--generate-secret"});
  ASSERT_FALSE(secret.has_value());
  EXPECT_EQ(secret.error().exit_status, 0);
  EXPECT_EQ(secret.error().text.size(), 33U);
  EXPECT_EQ(secret.error().text.find_first_not_of("0123456789abcdef"), 32U);
  EXPECT_NE(secret.error().text, random_secret() + '\n');
}

// Files.

constexpr const char* everything = R"({
  "listen": ["127.0.0.1:3262", "[::1]:3262"],
  "luns": ["memory:1M", {"memory": "10T", "resident": "2G", "block-size": 4096},
           {"file": "/srv/a,b:64M", "size": 1048576, "read-only": true}],
  "name": "iqn.2004-04.com.example:from-file",
  "alias": "from a file",
  "chap": [{"name": "user", "secret": "a:b@c"}],
  "mutual-chap": {"name": "me", "secret": "other"},
  "initiators": ["iqn.2004-04.com.example:host"],
  "redirect": {"to": "[::2]:1", "permanent": true},
  "deadlines": {"login-ms": 100, "ping-after-ms": 200, "ping-answer-ms": 300},
  "limits": {"connections": 10, "sessions": 9, "command-window": 8, "queued-output-bytes": 65536},
  "text": {"InitialR2T": true, "ImmediateData": "No", "MaxBurstLength": 4096,
           "FirstBurstLength": "512", "HeaderDigest": "CRC32C"}
})";

TEST(ConfigurationFile, SaysEverything) {
  const auto configuration = configuration_from_json(everything, "x.json");
  ASSERT_TRUE(configuration.has_value()) << configuration.error();
  EXPECT_EQ(configuration->listen, (std::vector<Portal>{{"127.0.0.1", 3262}, {"::1", 3262}}));
  EXPECT_EQ(configuration->logical_units,
            (std::vector<LogicalUnit>{
                {.size_bytes = 1U << 20U},
                {.size_bytes = 10ULL << 40U, .block_bytes = 4096, .resident_bytes = 2ULL << 30U},
                {.kind = LogicalUnit::Kind::file,
                 .path = "/srv/a,b:64M",
                 .size_bytes = 1U << 20U,
                 .read_only = true}}));
  EXPECT_EQ(configuration->target_name, "iqn.2004-04.com.example:from-file");
  EXPECT_EQ(configuration->target_alias, "from a file");
  EXPECT_EQ(configuration->chap, (std::vector<Account>{{"user", "a:b@c"}}));
  EXPECT_EQ(configuration->mutual_chap, (Account{"me", "other"}));
  EXPECT_EQ(configuration->initiators, (std::vector<std::string>{"iqn.2004-04.com.example:host"}));
  EXPECT_EQ(configuration->redirection, (Redirection{.to = {"::2", 1}, .permanent = true}));
  EXPECT_EQ(configuration->deadlines, (Deadlines{100, 200, 300}));
  EXPECT_EQ(configuration->bounds, (Bounds{10, 9, 8, 65536}));
  EXPECT_TRUE(configuration->text.initial_r2t);
  EXPECT_FALSE(configuration->text.immediate_data);
  EXPECT_EQ(configuration->text.max_burst_length, 4096U);
  EXPECT_EQ(configuration->text.first_burst_length, 512U);
  EXPECT_FALSE(configuration->text.header_digest.none);
}

TEST(ConfigurationFile, IsReplacedByFlagsListByList) {
  const TemporaryFolder folder;
  const std::string path = folder / "x.json";
  std::ofstream(path) << everything;
  const Configuration configuration =
      accepted({"--config", path.c_str(), "--lun", "memory:7M", "--text", "InitialR2T=No",
                "--deadline", "login-ms=5", "--name", "iqn.2004-04.com.example:flag"});
  EXPECT_EQ(configuration.logical_units, (std::vector<LogicalUnit>{{.size_bytes = 7U << 20U}}));
  EXPECT_EQ(configuration.target_name, "iqn.2004-04.com.example:flag");
  EXPECT_FALSE(configuration.text.initial_r2t);
  EXPECT_FALSE(configuration.text.immediate_data) << "the file's word on another key stands";
  EXPECT_EQ(configuration.deadlines, (Deadlines{5, 200, 300}));
  EXPECT_EQ(configuration.listen.size(), 2U);
  EXPECT_EQ(configuration.chap.size(), 1U);
}

TEST(ConfigurationFile, ThatIsEmptyLeavesTheDefaults) {
  const TemporaryFolder folder;
  const std::string path = folder / "x.json";
  std::ofstream(path) << "{}";
  const Configuration configuration = accepted({"--config", path.c_str()});
  EXPECT_EQ(configuration.listen.size(), 1U);
  EXPECT_EQ(configuration.logical_units.size(), 1U);
}

TEST(ConfigurationFile, TakesASecretFromAnotherFile) {
  const TemporaryFolder folder;
  std::ofstream(folder / "secret") << "hidden\n";
  const std::string text =
      R"({"chap": [{"name": "u", "secret-file": ")" + (folder / "secret") + R"("}]})";
  const auto configuration = configuration_from_json(text, "x.json");
  ASSERT_TRUE(configuration.has_value()) << configuration.error();
  EXPECT_EQ(configuration->chap, (std::vector<Account>{{"u", "hidden"}}));
}

TEST(ConfigurationFile, SaysWhereItIsWrongAndWhatWasExpected) {
  struct Row {
    const char* text;
    const char* complaint;
  };
  for (const Row& row : std::vector<Row>{
           {"", "line 1, column 1: not valid JSON"},
           {"{\n  \"luns\": [,]\n}", "line 2, column 12: not valid JSON"},
           {"{} x", "line 1, column 4: not valid JSON"},
           {R"({"name": "\xFF"})", "line 1, column 12: not valid JSON"},
           {R"({"limits": {"sessions": 1e999}})", "not valid JSON"},
           {"[]", "expected an object, found array"},
           {"null", "expected an object, found null"},
           {R"({"lun": []})",
            "lun: unknown key, expected one of listen, luns, name, alias, chap, mutual-chap, "
            "initiators, redirect, deadlines, limits, text, record"},
           {R"({"name": "a", "listen": [], "name": "b"})", "name: the key is there twice"},
           {R"({"luns": ["memory:1M", {"file": "a", "size": 1, "size": 2}]})",
            "luns[1].size: the key is there twice"},
           {R"({"chap": [{}, {}, {"name": "a", "name": "a"}]})",
            "chap[2].name: the key is there twice"},
           {R"({"listen": "127.0.0.1"})", "listen: expected an array, found string"},
           {R"({"listen": ["127.0.0.1", 3260]})", "listen[1]: expected a string, found number"},
           {R"({"listen": ["[::1]:x"]})",
            "listen[0]: expected ADDRESS[:PORT], IPv6 in brackets, found \"[::1]:x\""},
           {R"({"luns": [{}]})", "luns[0]: expected a member memory or file"},
           {R"({"luns": [{"size": 1}]})", "luns[0].size: only a file has a separate size"},
           {R"({"luns": [{"memory": "1M", "size": 1}]})",
            "luns[0].size: only a file has a separate size"},
           {R"({"luns": [{"file": "a", "resident": 1}]})",
            "luns[0].resident: only memory has a resident size"},
           {R"({"luns": [{"file": "a", "memory": 1}]})",
            "luns[0].memory: expected either memory or file"},
           {R"({"luns": [{"file": ""}]})", "luns[0].file: expected a path, found nothing"},
           {R"({"luns": [{"memory": "1X"}]})",
            "luns[0].memory: expected a size such as 64M, 10T or 1048576, found \"1X\""},
           {R"({"luns": [{"memory": -1}]})",
            "luns[0].memory: expected a string, a whole number, true or false, found number"},
           {R"({"luns": [{"memory": "1M", "block-size": 100}]})",
            "luns[0].block-size: expected a block size of 512, 1024, 2048 or 4096, found \"100\""},
           {R"({"luns": [{"memory": "1M", "read-only": 1}]})",
            "luns[0].read-only: expected true or false, found number"},
           {R"({"luns": [{"memory": "1M", "siez": 1}]})",
            "luns[0].siez: unknown key, expected one of block-size, file, memory, read-only, "
            "resident, size"},
           {R"({"chap": {"name": "a"}})", "chap: expected an array, found object"},
           {R"({"chap": [{"name": "a"}]})", "chap[0]: expected a member secret or secret-file"},
           {R"({"chap": [{"secret": "a"}]})", "chap[0]: expected a member name"},
           {R"({"chap": [{"name": "a", "secret": ["x"]}]})",
            "chap[0].secret: expected a string, found array"},
           {R"({"chap": [{"name": "a", "secret": "b", "secret-file": "/x"}]})",
            "chap[0].secret-file: expected either secret or secret-file"},
           {R"({"mutual-chap": {"name": "a", "secret-file": "/nowhere"}})",
            "mutual-chap.secret-file: /nowhere: No such file or directory"},
           {R"({"redirect": {"permanent": true}})", "redirect: expected a member to"},
           {R"({"redirect": {"to": "a", "permanent": "yes"}})",
            "redirect.permanent: expected true or false, found string"},
           {R"({"deadlines": {"login-ms": 0}})",
            "deadlines.login-ms: expected a number from 1 to 86400000, found \"0\""},
           {R"({"deadlines": {"login-ms": 1.5}})",
            "deadlines.login-ms: expected a string, a whole number, true or false, found number"},
           {R"({"limits": {"connections": 5000}})",
            "limits.connections: expected a number from 1 to 4096, found \"5000\""},
           {R"({"text": {"InitialR2T": 1}})", "text.InitialR2T: expected Yes or No, found \"1\""},
           {R"({"text": {"MaxBurstLength": "big"}})",
            "text.MaxBurstLength: expected a number from 512 to 16777215, found \"big\""},
       }) {
    const auto refused = configuration_from_json(row.text, "x.json");
    ASSERT_FALSE(refused.has_value()) << row.text;
    EXPECT_EQ(refused.error(), std::string("x.json: ") + row.complaint) << row.text;
  }
}

TEST(ConfigurationFile, NeverRepeatsASecretInAComplaint) {
  for (const char* text : {R"({"chap": [{"name": "a", "secret": "hush)",
                           R"({"chap": [{"name": "a", "secret": "hush" "x"}]})",
                           R"({"chap": [{"name": "a", "secret": "hush", "secret-file": "x"}]})",
                           R"({"chap": ["a:hush"]})"}) {
    const auto refused = configuration_from_json(text, "x.json");
    ASSERT_FALSE(refused.has_value()) << text;
    EXPECT_EQ(refused.error().find("hush"), std::string::npos) << refused.error();
  }
}

TEST(ConfigurationFile, BearsDeepNesting) {
  EXPECT_FALSE(configuration_from_json(std::string(1U << 20U, '['), "x.json").has_value());
  const std::string deep = std::string(100000, '[') + std::string(100000, ']');
  EXPECT_EQ(configuration_from_json(deep, "x.json").error(),
            "x.json: expected an object, found array");
}

TEST(ConfigurationFile, IsBoundedInSize) {
  const TemporaryFolder folder;
  const std::string path = folder / "x.json";
  std::ofstream(path) << std::string((1U << 20U) + 1, ' ');
  EXPECT_EQ(complaint_about({"--config", path.c_str()}), path + ": longer than 1048576 bytes");
}

TEST(ConfigurationFile, IsWrittenAsItIsRead) {
  const char* const text =
      "{\"listen\": [\"127.0.0.1:3261\", \"[::1]:3260\"], \"alias\": \"spare\","
      "\"luns\": [{\"memory\": 1048576, \"resident\": 65536, \"block-size\": 4096},"
      "{\"file\": \"/srv/disk\", \"size\": 8192, \"read-only\": true}],"
      "\"chap\": [{\"name\": \"a\", \"secret\": \"one\"}],"
      "\"mutual-chap\": {\"name\": \"b\", \"secret\": \"two\"},"
      "\"initiators\": [\"iqn.2004-04.com.example:host\"],"
      "\"redirect\": {\"to\": \"10.0.0.1:3260\", \"permanent\": true},"
      "\"deadlines\": {\"login-ms\": 7}, \"limits\": {\"sessions\": 5},"
      "\"text\": {\"HeaderDigest\": \"CRC32C,None\", \"InitialR2T\": \"Yes\"}}";
  const auto read = configuration_from_json(text, "x.json");
  ASSERT_TRUE(read.has_value()) << read.error();
  const auto again = configuration_from_json(configuration_to_json(*read), "y.json");
  ASSERT_TRUE(again.has_value()) << again.error();
  EXPECT_EQ(again->listen, read->listen);
  EXPECT_EQ(again->logical_units, read->logical_units);
  EXPECT_EQ(again->target_name, read->target_name);
  EXPECT_EQ(again->target_alias, read->target_alias);
  EXPECT_EQ(again->chap, read->chap);
  EXPECT_EQ(again->mutual_chap, read->mutual_chap);
  EXPECT_EQ(again->initiators, read->initiators);
  EXPECT_EQ(again->redirection, read->redirection);
  EXPECT_EQ(again->deadlines, read->deadlines);
  EXPECT_EQ(again->bounds, read->bounds);
  EXPECT_EQ(again->text, read->text);
  EXPECT_EQ(again->text.header_digest.preferred, text::Digest::crc32c);
}

TEST(Warnings, TellOfShortAndSharedSecrets) {
  Configuration configuration;
  configuration.chap = {{"a", "twelve-bytes"}, {"b", "twelve-bytes"}, {"c", "eleven-byte"}};
  configuration.mutual_chap = Account{"d", "short"};
  EXPECT_EQ(warnings(configuration),
            (std::vector<std::string>{
                "the CHAP secret of b is that of another account too (RFC 3720 8.2.1)",
                "the CHAP secret of c has less than 96 bits: use it inside IPsec only (RFC 3720 "
                "8.2.1)",
                "the CHAP secret of d has less than 96 bits: use it inside IPsec only (RFC 3720 "
                "8.2.1)"}));
  EXPECT_EQ(warnings(Configuration{}), std::vector<std::string>{});
}

}  // namespace
}  // namespace iscsi::server::testing
