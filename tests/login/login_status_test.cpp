/// Every status of RFC 3720 10.13.5, and the logins that are refused before or after others.

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "login/login.hpp"
#include "login/refusal.hpp"
#include "login/talk.hpp"

namespace iscsi::login {
namespace {

const Pairs names{initiator_pair, target_pair};
constexpr std::array<wire::Cid, 1> one_connection{wire::Cid{7}};

ExistingSession existing_session() {
  return {.initiator_name = initiator_text,
          .isid = wire::Isid{0x0002'3d00'0001},
          .tsih = wire::Tsih{9},
          .portal_group_tag = 1,
          .connections = one_connection,
          .exp_cmd_sn = {5000},
          .max_cmd_sn = {5031}};
}

Talk authenticated_talk() {
  Talk talk;
  talk.configuration.normal_sessions = Authentication::required;
  talk.configuration.accounts = {{"alice", "alice-secret-0123"}};
  return talk;
}

Redirection moved(bool permanent) {
  return {
      .target = *parse_name(target_text),
      .addresses = {{.host = "[1080::8:800:200C:417A]", .port = 5003, .portal_group_tag = 1},
                    {.host = "computingcenter.example.com", .port = {}, .portal_group_tag = {}}},
      .permanent = permanent};
}

/// One way to each status: the last answer of a talk.
struct Way {
  LoginStatus status;
  std::optional<Rule> rule;  ///< none: no one has broken any
  std::function<Answer()> go;
};

std::vector<Way> ways() {
  using enum LoginStatus;
  return {
      {success, {}, [] { return Talk{}.send(move(operational, full_feature), names); }},
      {target_moved_temporarily,
       {},
       [] {
         Talk talk;
         talk.configuration.redirections = {moved(false)};
         return talk.send(stay(security), names);
       }},
      {target_moved_permanently,
       {},
       [] {
         Talk talk;
         talk.configuration.redirections = {moved(true)};
         return talk.send(stay(security), names);
       }},
      {initiator_error, Rule::login_is_in_current_stage,
       [] { return Talk{}.send(stay(full_feature), names); }},
      {authentication_failure, Rule::authentication_is_not_skipped,
       [] { return authenticated_talk().send(move(operational, full_feature), names); }},
      {authorization_failure, Rule::initiator_is_allowed,
       [] {
         Talk talk;
         talk.configuration.allowed_initiators = {*parse_name("iqn.2001-04.com.example:other")};
         return talk.send(stay(security), names);
       }},
      {not_found, Rule::target_is_known,
       [] {
         return Talk{}.send(stay(security),
                            {initiator_pair, "TargetName=iqn.2001-04.com.example:nowhere"});
       }},
      {target_removed, Rule::target_has_not_been_removed,
       [] {
         Talk talk;
         talk.configuration.removed_targets = {*parse_name("iqn.2001-04.com.example:gone")};
         return talk.send(stay(security),
                          {initiator_pair, "TargetName=iqn.2001-04.com.example:gone"});
       }},
      {unsupported_version, Rule::login_version_is_supported,
       [] {
         Talk talk;
         talk.header.version_min = 1;
         return talk.send(stay(security), names);
       }},
      {too_many_connections, Rule::session_has_room_for_connection,
       [] {
         Talk talk{.sessions = {existing_session()}};
         talk.header.tsih = wire::Tsih{9};
         talk.header.cid = wire::Cid{8};
         return talk.send(stay(security), names);
       }},
      {missing_parameter, Rule::initiator_name_in_first_login,
       [] { return Talk{}.send(stay(security), {target_pair}); }},
      {cannot_include_in_session, Rule::session_stays_in_portal_group,
       [] {
         Talk talk{.sessions = {existing_session()}};
         talk.configuration.portal_group_tag = 2;
         talk.header.tsih = wire::Tsih{9};
         return talk.send(stay(security), names);
       }},
      {session_type_not_supported, Rule::session_type_is_supported,
       [] { return Talk{}.send(stay(security), {initiator_pair, "SessionType=Backup"}); }},
      {session_does_not_exist, Rule::session_to_join_exists,
       [] {
         Talk talk;
         talk.header.tsih = wire::Tsih{9};
         return talk.send(stay(security), names);
       }},
      {invalid_during_login, Rule::only_login_requests_during_login,
       [] {
         Talk talk;
         talk.send(stay(security), names);
         return refuse_other_pdu(talk.state, 0x01, talk.context());
       }},
      {target_error, Rule::target_can_compute,
       [] {
         Talk talk = authenticated_talk();
         talk.send(stay(security), {initiator_pair, target_pair, "AuthMethod=CHAP"});
         talk.send(stay(security), {"CHAP_A=5"});
         EVP_set_default_properties(nullptr, "fips=yes");  // no MD5 there
         const auto answer = talk.send(
             stay(security), {"CHAP_N=alice", "CHAP_R=0x00112233445566778899aabbccddeeff"});
         EVP_set_default_properties(nullptr, "");
         return answer;
       }},
      {service_unavailable, Rule::target_is_in_service,
       [] {
         Talk talk{.shutting_down = true};
         return talk.send(stay(security), names);
       }},
      {out_of_resources, Rule::target_has_resources,
       [] {
         Talk talk;
         talk.configuration.max_sessions = 0;
         return talk.send(stay(security), names);
       }},
  };
}

TEST(LoginStatus, OfEachKindIsReached) {
  std::set<std::uint16_t> reached;
  for (const Way& way : ways()) {
    const auto answer = way.go();
    ASSERT_TRUE(answer.response.has_value()) << static_cast<int>(way.status);
    EXPECT_EQ(answer.response->header.status, way.status);
    EXPECT_EQ(answer.close, way.status != LoginStatus::success);
    EXPECT_EQ(answer.violation ? std::optional(answer.violation->rule) : std::nullopt, way.rule)
        << static_cast<int>(way.status);
    reached.insert(static_cast<std::uint16_t>(way.status));
  }
  for (const pdu::Code& code : pdu::login_statuses)
    EXPECT_TRUE(reached.contains(static_cast<std::uint16_t>(code.first))) << code.name;
}

TEST(LoginStatus, FollowsTheLedgersRemedy) {
  EXPECT_EQ(status_of(Rule::login_version_is_supported), LoginStatus::unsupported_version);
  // A breach that full feature phase would answer otherwise is an "initiator error" here.
  EXPECT_EQ(status_of(Rule::text_pair_ends_in_null), LoginStatus::initiator_error);
  EXPECT_EQ(status_of(Rule::text_value_within_limit), LoginStatus::initiator_error);
  EXPECT_EQ(status_of(Rule::first_pdu_is_login_request), std::nullopt);
  EXPECT_EQ(status_of(Rule::header_digest_matches), std::nullopt);
}

TEST(Redirection, NamesTheNewAddressesWithoutAPortalGroup) {
  Talk talk;
  talk.configuration.redirections = {moved(false)};
  const auto answer = talk.send(move(security, operational), names);
  EXPECT_EQ(pairs_of(answer), (Pairs{"TargetAddress=[1080::8:800:200C:417A]:5003",
                                     "TargetAddress=computingcenter.example.com"}));
  EXPECT_FALSE(answer.response->header.transit);
  EXPECT_FALSE(answer.violation.has_value());
  EXPECT_TRUE(answer.close);
}

TEST(Redirection, ComesBeforeAuthenticationAndBeforeAccess) {
  Talk talk = authenticated_talk();
  talk.configuration.redirections = {moved(true)};
  talk.configuration.allowed_initiators = {*parse_name("iqn.2001-04.com.example:other")};
  EXPECT_EQ(talk.send(move(operational, full_feature), names).response->header.status,
            LoginStatus::target_moved_permanently);
}

TEST(Redirection, IsForItsOwnTargetOnly) {
  Talk talk;
  talk.configuration.redirections = {moved(false)};
  talk.configuration.redirections[0].target = *parse_name("iqn.2001-04.com.example:moved");
  EXPECT_FALSE(talk.send(stay(security), names).close);
}

TEST(Missing, AreNamesInTheFirstRequest) {
  struct Case {
    Pairs sent;
    Rule rule;
  };
  for (const auto& [sent, rule] :
       {Case{{}, Rule::initiator_name_in_first_login},
        Case{{target_pair, "AuthMethod=None"}, Rule::initiator_name_in_first_login},
        Case{{discovery_pair}, Rule::initiator_name_in_first_login},
        Case{{initiator_pair}, Rule::target_name_in_first_login},
        Case{{initiator_pair, "SessionType=Normal"}, Rule::target_name_in_first_login}}) {
    const auto answer = Talk{}.send(stay(security), sent);
    expect_refused(answer, LoginStatus::missing_parameter, rule);
    EXPECT_EQ(answer.violation, (Violation{rule, 0, sent.size()}));  // of the text as a whole
  }
}

TEST(SessionType, IsOneOfTwoWords) {
  for (const auto* type : {"discovery", "NORMAL", "", "Both", "Reject", "Discovery,Normal"})
    expect_refused(
        Talk{}.send(stay(security), {initiator_pair, std::string("SessionType=") + type}),
        LoginStatus::session_type_not_supported, Rule::session_type_is_supported);
}

TEST(Access, IsForListedInitiatorsInAnyCase) {
  Talk talk;
  talk.configuration.allowed_initiators = {*parse_name("iqn.2001-04.com.example:other"),
                                           *parse_name("iqn.1999-07.com.OS:Hostid.77")};
  EXPECT_FALSE(talk.send(stay(security), names).close);
}

TEST(Access, ToDiscoveryNeedsNoPlaceInTheList) {
  Talk talk;
  talk.configuration.allowed_initiators = {*parse_name("iqn.2001-04.com.example:other")};
  const auto answer = talk.send(move(operational, full_feature), {initiator_pair, discovery_pair});
  ASSERT_TRUE(answer.admission.has_value());
  EXPECT_FALSE(answer.admission->may_use_target);  // so that SendTargets can keep quiet (D)
  talk.configuration.allowed_initiators.push_back(*parse_name(initiator_text));
  Talk listed{.configuration = talk.configuration};
  EXPECT_TRUE(listed.send(move(operational, full_feature), {initiator_pair, discovery_pair})
                  .admission->may_use_target);
}

TEST(Shutdown, EndsLoginsUnderWayToo) {
  Talk talk;
  talk.send(stay(security), names);
  talk.shutting_down = true;
  const auto answer = talk.send(stay(security), {});
  expect_refused(answer, LoginStatus::service_unavailable, Rule::target_is_in_service);
  EXPECT_EQ(answer.violation, (Violation{Rule::target_is_in_service, 0, 0}));
}

TEST(Resources, AreSessionsAndTheirHandles) {
  Talk talk{.sessions = {existing_session()}};
  talk.configuration.max_sessions = 1;
  talk.header.isid = wire::Isid{0x0002'3d00'0002};
  const auto answer = talk.send(stay(security), names);
  expect_refused(answer, LoginStatus::out_of_resources, Rule::target_has_resources);
  EXPECT_EQ(answer.violation, (Violation{Rule::target_has_resources, 0, 1}));
  // In the place of the one session there is room for another.
  Talk again{.sessions = {existing_session()}};
  again.configuration.max_sessions = 1;
  EXPECT_EQ(again.send(move(operational, full_feature), names).admission->action,
            SessionAction::session_reinstatement);

  Talk handles{.free_tsih = wire::Tsih::none};
  expect_refused(handles.send(stay(security), names), LoginStatus::out_of_resources,
                 Rule::target_has_resources);
  // Who joins a session takes up no handle.
  Talk joining{.sessions = {existing_session()}, .free_tsih = wire::Tsih::none};
  joining.header.tsih = wire::Tsih{9};
  EXPECT_FALSE(joining.send(stay(security), names).close);
}

TEST(Resources, MayRunOutDuringTheLogin) {
  Talk talk;
  talk.configuration.max_sessions = 1;
  ASSERT_FALSE(talk.send(stay(security), names).close);
  ExistingSession other = existing_session();
  other.isid = wire::Isid{1};
  talk.sessions = {other};
  expect_refused(talk.send(move(security, full_feature), {}), LoginStatus::out_of_resources,
                 Rule::target_has_resources);
}

// The session table through the machine (5.3.1, 5.3.4, 5.3.5).

TEST(Reinstatement, OfASessionReplacesItAtTheEndOfTheLogin) {
  Talk talk{.sessions = {existing_session()}};
  const auto first = talk.send(move(security, operational), names);
  EXPECT_FALSE(first.admission.has_value());
  EXPECT_EQ(first.response->header.exp_cmd_sn, wire::CmdSN{1000});  // the new session's
  const auto answer = talk.send(move(operational, full_feature), {});
  EXPECT_EQ(answer.admission->action, SessionAction::session_reinstatement);
  EXPECT_EQ(answer.admission->replaced, wire::Tsih{9});
  EXPECT_EQ(answer.admission->tsih, wire::Tsih{0x4711});
  EXPECT_EQ(answer.response->header.tsih, wire::Tsih{0x4711});
}

TEST(Reinstatement, OfASessionThatHasEndedMeanwhileIsANewSession) {
  Talk talk{.sessions = {existing_session()}};
  talk.send(move(security, operational), names);
  talk.sessions.clear();
  const auto answer = talk.send(move(operational, full_feature), {});
  EXPECT_EQ(answer.admission->action, SessionAction::new_session);
  EXPECT_EQ(answer.admission->replaced, wire::Tsih::none);
}

TEST(Reinstatement, OfASessionThatHasBegunMeanwhileReplacesThatOne) {
  Talk talk;
  talk.send(move(security, operational), names);
  talk.sessions = {existing_session()};
  const auto answer = talk.send(move(operational, full_feature), {});
  EXPECT_EQ(answer.admission->action, SessionAction::session_reinstatement);
  EXPECT_EQ(answer.admission->replaced, wire::Tsih{9});
}

TEST(Reinstatement, OfAConnectionKeepsTheSession) {
  auto session = existing_session();
  session.parameters.max_burst_length = 16384;
  session.parameters.first_burst_length = 8192;
  session.parameters.initial_r2t = false;
  session.max_cmd_sn = {5009};  // the window is narrower than a new session's
  Talk talk{.sessions = {session}};
  talk.header.tsih = wire::Tsih{9};
  talk.header.exp_stat_sn = {321};
  talk.header.cmd_sn = {5000};
  const auto answer = talk.send(move(operational, full_feature),
                                {initiator_pair, target_pair, "HeaderDigest=CRC32C"});
  ASSERT_TRUE(answer.admission.has_value());
  EXPECT_EQ(answer.admission->action, SessionAction::connection_reinstatement);
  EXPECT_EQ(answer.admission->tsih, wire::Tsih{9});
  EXPECT_EQ(answer.admission->replaced, wire::Tsih::none);
  EXPECT_EQ(answer.admission->old_exp_stat_sn, wire::StatSN{321});
  EXPECT_EQ(answer.admission->parameters.session, session.parameters);
  EXPECT_EQ(answer.admission->parameters.connection.header_digest, text::Digest::crc32c);
  const auto& header = answer.response->header;
  EXPECT_EQ(header.tsih, wire::Tsih{9});
  EXPECT_EQ(header.exp_cmd_sn, wire::CmdSN{5000});  // the session's window
  EXPECT_EQ(header.max_cmd_sn, wire::CmdSN{5009});
}

TEST(Reinstatement, LetsCmdSNGoOn) {
  Talk talk{.sessions = {existing_session()}};
  talk.header.tsih = wire::Tsih{9};
  talk.header.cmd_sn = {5000};
  talk.send(stay(security), names);
  talk.header.cmd_sn = {5004};  // 10.12.8: other connections have used some up
  EXPECT_EQ(talk.send(stay(security), {}).findings, std::vector<Violation>{});
}

TEST(AddedConnection, JoinsTheSession) {
  auto session = existing_session();
  session.parameters.max_connections = 2;
  Talk talk{.sessions = {session}};
  talk.header.tsih = wire::Tsih{9};
  talk.header.cid = wire::Cid{8};
  const auto answer = talk.send(move(operational, full_feature), names);
  EXPECT_EQ(answer.admission->action, SessionAction::new_connection);
  EXPECT_EQ(answer.admission->cid, wire::Cid{8});
}

TEST(AddedConnection, NegotiatesNoLeadingOnlyKeys) {
  Talk talk{.sessions = {existing_session()}};
  talk.header.tsih = wire::Tsih{9};
  for (const auto* pair : {"SessionType=Normal", "MaxConnections=1", "MaxBurstLength=8192"}) {
    Talk fresh = talk;
    expect_refused(fresh.send(stay(operational), {initiator_pair, target_pair, pair}),
                   LoginStatus::initiator_error, Rule::leading_only_key_is_on_leading_login);
  }
}

TEST(AddedConnection, FailsWhenItsSessionEndsMeanwhile) {
  Talk talk{.sessions = {existing_session()}};
  talk.header.tsih = wire::Tsih{9};
  ASSERT_FALSE(talk.send(stay(security), names).close);
  talk.sessions.clear();
  expect_refused(talk.send(move(security, full_feature), {}), LoginStatus::session_does_not_exist,
                 Rule::session_to_join_exists);
}

TEST(AddedConnection, FailsAtTheNextRequestWhenItsSessionHasEnded) {
  Talk talk{.sessions = {existing_session()}};
  talk.header.tsih = wire::Tsih{9};
  ASSERT_FALSE(talk.send(stay(security), names).close);
  ASSERT_FALSE(talk.send(stay(security), {}).close);  // as long as it is there, it goes on
  talk.sessions.clear();
  const auto answer = talk.send(stay(security), {});
  expect_refused(answer, LoginStatus::session_does_not_exist, Rule::session_to_join_exists);
  EXPECT_EQ(answer.violation, (Violation{Rule::session_to_join_exists, 14, 9}));
}

TEST(AddedConnection, NamesItsTargetUnlessTheSessionIsForDiscovery) {
  Talk talk{.sessions = {existing_session()}};
  talk.header.tsih = wire::Tsih{9};
  expect_refused(talk.send(stay(security), {initiator_pair}), LoginStatus::missing_parameter,
                 Rule::target_name_in_first_login);

  auto session = existing_session();
  session.target_named = false;
  session.parameters.session_type = text::SessionType::discovery;
  Talk discovery{.sessions = {session}};
  discovery.header.tsih = wire::Tsih{9};
  EXPECT_EQ(discovery.send(move(operational, full_feature), {initiator_pair}).admission->action,
            SessionAction::connection_reinstatement);
}

TEST(Discovery, WithoutATargetLeavesNormalSessionsAlone) {
  Talk talk{.sessions = {existing_session()}};
  const auto answer = talk.send(move(operational, full_feature), {initiator_pair, discovery_pair});
  EXPECT_EQ(answer.admission->action, SessionAction::new_session);
}

}  // namespace
}  // namespace iscsi::login
