#include "text/keys.hpp"

#include <map>
#include <optional>
#include <set>

#include "text/parameters.hpp"
#include "text/support.hpp"

namespace iscsi::text {
namespace {

// A second transcription of RFC 3720 11.1, 12.1 to 12.21 and A.3, in the RFC's own words ("Use",
// "Senders", "Scope", "Default", "Result function", "Irrelevant when"), made from the text and not
// from the table. `values` is the range, or the notation where there is none.
struct Clause {
  std::string_view section;
  std::string_view name;
  std::string_view use;  // of each sender where they differ: "IO by initiator, FFPO by target"
  std::string_view senders;
  std::string_view scope;
  std::string_view values;
  std::string_view standard;  // "Default is"
  std::string_view result;
  std::string_view irrelevant;
};

constexpr std::string_view both = "Initiator and Target";
constexpr std::string_view discovery = "SessionType=Discovery";

const std::vector<Clause> clauses{
    {"11.1", "AuthMethod", "Security", both, "CO", "list", "", "first", ""},
    {"12.1", "HeaderDigest", "IO", both, "CO", "list", "None", "first", ""},
    {"12.1", "DataDigest", "IO", both, "CO", "list", "None", "first", ""},
    {"12.2", "MaxConnections", "LO", both, "SW", "1-65535", "1", "Minimum", discovery},
    {"12.3", "SendTargets", "FFPO", "Initiator", "SW", "All|name|nothing", "", "", ""},
    {"12.4", "TargetName", "IO by initiator, FFPO by target, Declarative, Any-Stage", both, "SW",
     "iSCSI-name", "", "", ""},
    {"12.5", "InitiatorName", "IO, Declarative, Any-Stage", "Initiator", "SW", "iSCSI-name", "", "",
     ""},
    {"12.6", "TargetAlias", "ALL, Declarative, Any-Stage", "Target", "SW", "iSCSI-local-name", "",
     "", ""},
    {"12.7", "InitiatorAlias", "ALL, Declarative, Any-Stage", "Initiator", "SW", "iSCSI-local-name",
     "", "", ""},
    {"12.8", "TargetAddress", "ALL, Declarative, Any-Stage", "Target", "SW", "address", "", "", ""},
    {"12.9", "TargetPortalGroupTag", "IO by target, Declarative, Any-Stage", "Target", "SW",
     "16-bit-binary", "", "", ""},
    {"12.10", "InitialR2T", "LO", both, "SW", "boolean", "Yes", "OR", discovery},
    {"12.11", "ImmediateData", "LO", both, "SW", "boolean", "Yes", "AND", discovery},
    {"12.12", "MaxRecvDataSegmentLength", "ALL, Declarative", both, "CO", "512-16777215", "8192",
     "", ""},
    {"12.13", "MaxBurstLength", "LO", both, "SW", "512-16777215", "262144", "Minimum", discovery},
    {"12.14", "FirstBurstLength", "LO", both, "SW", "512-16777215", "65536", "Minimum",
     "SessionType=Discovery; InitialR2T=Yes and ImmediateData=No"},
    {"12.15", "DefaultTime2Wait", "LO", both, "SW", "0-3600", "2", "Maximum", ""},
    {"12.16", "DefaultTime2Retain", "LO", both, "SW", "0-3600", "20", "Minimum", ""},
    {"12.17", "MaxOutstandingR2T", "LO", both, "SW", "1-65535", "1", "Minimum", discovery},
    {"12.18", "DataPDUInOrder", "LO", both, "SW", "boolean", "Yes", "OR", discovery},
    {"12.19", "DataSequenceInOrder", "LO", both, "SW", "boolean", "Yes", "OR", discovery},
    {"12.20", "ErrorRecoveryLevel", "LO", both, "SW", "0-2", "0", "Minimum", ""},
    {"12.21", "SessionType", "LO, Declarative, Any-Stage", "Initiator", "SW", "Discovery|Normal",
     "Normal", "", ""},
    {"A.3.1", "IFMarker", "IO", both, "CO", "boolean", "No", "AND", ""},
    {"A.3.1", "OFMarker", "IO", both, "CO", "boolean", "No", "AND", ""},
    {"A.3.2", "IFMarkInt", "IO", both, "CO", "range 1-65535", "2048", "within", "IFMarker=No"},
    {"A.3.2", "OFMarkInt", "IO", both, "CO", "range 1-65535", "2048", "within", "OFMarker=No"},
};

/// The clause's "Use" for one sender.
Use use_in(const Clause& clause, std::string_view sender) {
  const std::string_view use = clause.use;
  if (!clause.senders.contains(sender)) return Use::never;
  if (use.contains("FFPO by target"))
    return sender == "Target" ? Use::full_feature : Use::initialize;
  if (use.starts_with("Security")) return Use::security;
  if (use.starts_with("IO")) return Use::initialize;
  if (use.starts_with("LO")) return Use::leading;
  return use.starts_with("ALL") ? Use::all : Use::full_feature;
}

TEST(Keys, AreTheTwentySevenOfTheRfcInItsOrder) {
  ASSERT_EQ(keys().size(), clauses.size());
  for (std::size_t i = 0; i < clauses.size(); ++i) {
    EXPECT_EQ(keys()[i].name, clauses[i].name);
    EXPECT_EQ(keys()[i].section, clauses[i].section) << clauses[i].name;
    EXPECT_EQ(keys()[i].key, static_cast<Key>(i)) << clauses[i].name;
  }
}

TEST(Keys, HaveTheUseThatTheirClauseGivesEachSender) {
  for (const Clause& clause : clauses) {
    const KeySpec* const key = find_key(clause.name);
    ASSERT_NE(key, nullptr) << clause.name;
    EXPECT_EQ(key->use(Role::initiator), use_in(clause, "Initiator")) << clause.name;
    EXPECT_EQ(key->use(Role::target), use_in(clause, "Target")) << clause.name;
    EXPECT_EQ(key->declarative, clause.use.contains("Declarative")) << clause.name;
    EXPECT_EQ(key->any_stage, clause.use.contains("Any-Stage")) << clause.name;
    EXPECT_EQ(key->scope, clause.scope == "CO" ? Scope::connection : Scope::session) << clause.name;
  }
}

TEST(Keys, HaveTheNotationAndBoundsOfTheirClause) {
  const std::map<std::string_view, Kind> notations{
      {"list", Kind::list},
      {"boolean", Kind::boolean},
      {"iSCSI-name", Kind::iscsi_name},
      {"iSCSI-local-name", Kind::local_name},
      {"address", Kind::address},
      {"16-bit-binary", Kind::binary},
      {"Discovery|Normal", Kind::session_type},
      {"All|name|nothing", Kind::send_targets},
      {"range 1-65535", Kind::range},
  };
  const std::map<std::string_view, std::pair<std::uint64_t, std::uint64_t>> bounds{
      {"1-65535", {1, 65535}},
      {"0-3600", {0, 3600}},
      {"0-2", {0, 2}},
      {"512-16777215", {512, 16777215}},
      {"range 1-65535", {1, 65535}},
      {"16-bit-binary", {0, 65535}},
  };
  for (const Clause& clause : clauses) {
    const KeySpec& key = *find_key(clause.name);
    const auto notation = notations.find(clause.values);
    EXPECT_EQ(key.kind, notation == notations.end() ? Kind::numerical : notation->second)
        << clause.name;
    const auto bound = bounds.find(clause.values);
    const auto [least, most] =
        bound == bounds.end() ? std::pair<std::uint64_t, std::uint64_t>{} : bound->second;
    EXPECT_EQ(key.least, least) << clause.name;
    EXPECT_EQ(key.most, most) << clause.name;
  }
}

TEST(Keys, HaveTheDefaultResultFunctionAndIrrelevanceOfTheirClause) {
  const std::map<std::string_view, Result> results{
      {"", Result::declared},          {"first", Result::first_in_list},
      {"Minimum", Result::minimum},    {"Maximum", Result::maximum},
      {"AND", Result::logical_and},    {"OR", Result::logical_or},
      {"within", Result::within_range}};
  for (const Clause& clause : clauses) {
    const KeySpec& key = *find_key(clause.name);
    EXPECT_EQ(key.otherwise, clause.standard) << clause.name;
    EXPECT_EQ(key.result, results.at(clause.result)) << clause.name;
    EXPECT_EQ(key.irrelevant_in_discovery, clause.irrelevant.contains(discovery)) << clause.name;
    const auto irrelevant =
        clause.irrelevant.contains("InitialR2T")    ? Irrelevance::without_unsolicited_data
        : clause.irrelevant.contains("IFMarker")    ? Irrelevance::without_input_markers
        : clause.irrelevant.contains("OFMarker=No") ? Irrelevance::without_output_markers
                                                    : Irrelevance::never;
    EXPECT_EQ(key.irrelevant, irrelevant) << clause.name;
    // 5.3, 5.4 name TargetAddress as the key that may be declared again.
    EXPECT_EQ(key.repeatable, clause.name == "TargetAddress") << clause.name;
  }
}

// The defaults stand twice, as text in the table and as values in `Parameters`.
TEST(Keys, HaveTheDefaultsThatFreshParametersHold) {
  const Parameters fresh;
  Parameters set = fresh;
  for (const KeySpec& key : keys()) {
    if (key.otherwise.empty()) continue;
    const Value value = [&key]() -> Value {
      switch (key.kind) {
        case Kind::list: return digest_named(key.otherwise).value();
        case Kind::boolean: return decode_boolean(key.otherwise).value();
        case Kind::session_type: return SessionType::normal;
        default: return decode_number(key.otherwise).value();
      }
    }();
    apply(set, key.key, Role::initiator, value);
    apply(set, key.key, Role::target, value);
    EXPECT_EQ(set, fresh) << key.name;
  }
}

TEST(Keys, AreFoundByTheirExactNamesOnly) {
  for (const KeySpec& key : keys()) {
    EXPECT_EQ(find_key(key.name), &about(key.key));
    std::string other{key.name};
    other.back() = 'Q';
    EXPECT_EQ(find_key(other), nullptr);
    EXPECT_EQ(find_key(key.name.substr(1)), nullptr);
  }
  EXPECT_EQ(find_key("headerdigest"), nullptr);
  EXPECT_EQ(find_key("HEADERDIGEST"), nullptr);
  EXPECT_EQ(find_key(""), nullptr);
}

TEST(Keys, OfLaterRfcsAreNotKnown) {
  for (const std::string_view later : {"TaskReporting", "iSCSIProtocolLevel", "X#NodeArchitecture",
                                       "RDMAExtensions", "MaxAHSLength"}) {
    EXPECT_EQ(find_key(later), nullptr) << later;
    EXPECT_EQ(find_authentication_key(later), nullptr) << later;
  }
}

TEST(Keys, AreKeyNames) {
  for (const KeySpec& key : keys()) EXPECT_TRUE(is_standard_label(key.name)) << key.name;
  for (const AuthenticationKey& key : authentication_keys())
    EXPECT_TRUE(is_standard_label(key.name)) << key.name;
}

// 11.1.1 to 11.1.4, read as the two sides' lines of each exchange.
TEST(AuthenticationKeys, AreThoseOfTheFourExchanges) {
  const std::set<std::string_view> initiators{
      "KRB_AP_REQ", "SPKM_REQ", "SPKM_ERROR", "SPKM_REP_IT", "SRP_U",  "TargetAuth", "SRP_GROUP",
      "SRP_A",      "SRP_M",    "CHAP_A",     "CHAP_N",      "CHAP_R", "CHAP_I",     "CHAP_C"};
  const std::set<std::string_view> targets{"KRB_AP_REP", "SPKM_ERROR", "SPKM_REP_TI", "SRP_GROUP",
                                           "SRP_s",      "SRP_B",      "SRP_HM",      "CHAP_A",
                                           "CHAP_I",     "CHAP_C",     "CHAP_N",      "CHAP_R"};
  std::set<std::string_view> by_initiator, by_target;
  for (const AuthenticationKey& key : authentication_keys()) {
    if (key.by_initiator) by_initiator.insert(key.name);
    if (key.by_target) by_target.insert(key.name);
    EXPECT_EQ(find_authentication_key(key.name), &key);
    EXPECT_EQ(find_key(key.name), nullptr);
  }
  EXPECT_EQ(by_initiator, initiators);
  EXPECT_EQ(by_target, targets);
}

TEST(AuthenticationKeys, NameTheirMethodAndItsSection) {
  const std::map<std::string_view, std::string_view> sections{{"KRB", "11.1.1"},
                                                              {"SPK", "11.1.2"},
                                                              {"SRP", "11.1.3"},
                                                              {"Tar", "11.1.3"},
                                                              {"CHA", "11.1.4"}};
  const std::map<std::string_view, std::string_view> methods{
      {"11.1.1", "KRB5"}, {"11.1.2", "SPKM1,SPKM2"}, {"11.1.3", "SRP"}, {"11.1.4", "CHAP"}};
  for (const AuthenticationKey& key : authentication_keys()) {
    EXPECT_EQ(key.section, sections.at(key.name.substr(0, 3))) << key.name;
    // Only SPKM1 has a third step (11.1.2).
    EXPECT_EQ(key.methods, key.name == "SPKM_REP_IT" ? "SPKM1" : methods.at(key.section))
        << key.name;
  }
}

TEST(ExtensionKeys, BeginWithXAndDashOrSharp) {
  EXPECT_TRUE(is_extension_key("X-com.example.key"));
  EXPECT_TRUE(is_extension_key("X#registered"));
  for (const std::string_view other : {"X", "Xa", "Y-a", "Z#a", "x-a", "AX-b", ""})
    EXPECT_FALSE(is_extension_key(other)) << other;
}

TEST(KeySet, HoldsWhatWasAdded) {
  KeySet set;
  for (const KeySpec& key : keys()) {
    EXPECT_FALSE(set.has(key.key));
    set.add(key.key);
    EXPECT_TRUE(set.has(key.key));
  }
  KeySet other;
  other.add(Key::of_mark_int);
  EXPECT_EQ(other | set, set);
  EXPECT_FALSE(other == set);
}

}  // namespace
}  // namespace iscsi::text
