/// Laws that hold whatever an initiator sends.

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "login/login.hpp"
#include "login/talk.hpp"

namespace iscsi::login {
namespace {

/// Pairs that lead somewhere, some of them wrong; more is reached by combining them than by chance.
const Pairs vocabulary{initiator_pair,
                       target_pair,
                       discovery_pair,
                       "SessionType=Normal",
                       "TargetName=iqn.2001-04.com.example:other",
                       "AuthMethod=CHAP,None",
                       "AuthMethod=None",
                       "AuthMethod=CHAP",
                       "CHAP_A=7,5",
                       "CHAP_A=5",
                       "CHAP_N=alice",
                       "CHAP_R=0xc524b7a35c6db949789d4633e5d57d58",
                       "CHAP_R=0x2a51bb7e17b485c371b413cec57266ae26bae08f098bb1ed81601a916fb5b3d9",
                       "CHAP_I=200",
                       "CHAP_C=0xf0e1d2c3b4a5968778695a4b3c2d1e0f",
                       "CHAP_C=0x000102030405060708090a0b0c0d0e0f",
                       "HeaderDigest=CRC32C,None",
                       "MaxBurstLength=8192",
                       "FirstBurstLength=4096",
                       "MaxRecvDataSegmentLength=512",
                       "X-com.example.key=1",
                       "Nonsense"};

struct Move {
  Turns turns{};
  std::string text;
};

rc::Gen<Move> any_move() {
  return rc::gen::apply(
      [](bool sane, int csg, int nsg, bool transit, bool continued, const std::vector<int>& picks) {
        Move move;
        move.turns.current = static_cast<LoginStage>(sane ? csg % 2 : csg);
        if (transit)
          move.turns.next = static_cast<LoginStage>(sane ? (csg % 2 == 0 ? nsg | 1 : 3) : nsg);
        move.turns.continued = continued && !(sane && transit);
        Pairs pairs;
        for (const int pick : picks) pairs.push_back(vocabulary[static_cast<std::size_t>(pick)]);
        move.text = joined(pairs);
        return move;
      },
      rc::gen::weightedElement<bool>({{9, true}, {1, false}}), rc::gen::inRange(0, 4),
      rc::gen::inRange(0, 4), rc::gen::arbitrary<bool>(),
      rc::gen::weightedElement<bool>({{1, true}, {9, false}}),
      rc::gen::container<std::vector<int>>(
          rc::gen::inRange(0, static_cast<int>(vocabulary.size()))));
}

const Pairs chap_response{"CHAP_N=alice", "CHAP_R=0xc524b7a35c6db949789d4633e5d57d58"};

/// Talks in order, to be damaged.
std::vector<std::vector<Move>> good_talks() {
  Pairs mutual = chap_response;
  mutual.insert(mutual.end(), {"CHAP_I=200", "CHAP_C=0xf0e1d2c3b4a5968778695a4b3c2d1e0f"});
  const Move names{stay(security), joined({initiator_pair, target_pair, "AuthMethod=CHAP"})};
  const Move algorithm{stay(security), joined({"CHAP_A=5"})};
  return {{names,
           algorithm,
           {stay(security), joined(chap_response)},
           {move(security, full_feature), ""}},
          {names,
           algorithm,
           {move(security, operational), joined(mutual)},
           {stay(operational), joined({"MaxBurstLength=8192"})},
           {move(operational, full_feature), ""},
           {move(operational, full_feature), joined({"FirstBurstLength=4096"})}},
          {{move(security, operational), joined({initiator_pair, discovery_pair})},
           {move(security, operational), joined({"AuthMethod=CHAP", "CHAP_A=5"})},
           {move(security, operational), joined(chap_response)},
           {more(operational), joined({"HeaderDigest=None"})},
           {move(operational, full_feature), ""}},
          {{move(operational, full_feature), joined({initiator_pair, target_pair})}}};
}

/// A good talk of which about one step in six is another one, is missing, or comes twice.
rc::Gen<std::vector<Move>> damaged_talk() {
  return rc::gen::mapcat(rc::gen::elementOf(good_talks()), [](const std::vector<Move>& talk) {
    return rc::gen::exec([talk] {
      std::vector<Move> damaged;
      for (const Move& step : talk) {
        const int fate = *rc::gen::weightedElement<int>({{15, 0}, {1, 1}, {1, 2}, {1, 3}});
        if (fate == 1) damaged.push_back(*any_move());
        if (fate != 1 && fate != 2) damaged.push_back(step);
        if (fate == 3) damaged.push_back(step);
      }
      return damaged;
    });
  });
}

Talk any_talk(bool required) {
  Talk talk;
  talk.configuration.accounts = {{"alice", "alice-secret-0123"}};
  talk.configuration.own_account = Account{"target", "target-secret-456"};
  talk.configuration.alias = "Bob-s Disk";
  const auto authentication = required ? Authentication::required : Authentication::optional;
  talk.configuration.normal_sessions = authentication;
  talk.configuration.discovery_sessions = authentication;
  return talk;
}

void check_response(const Answer& answer, const pdu::LoginRequest& request) {
  const auto& header = answer.response->header;
  RC_ASSERT(!(header.transit && header.continued));
  RC_ASSERT(!header.transit || request.transit);
  RC_ASSERT(answer.response->text.size() <= 8192U);
  RC_ASSERT(!request.continued || answer.close || answer.response->text.empty());
  RC_ASSERT((header.status == LoginStatus::success) != answer.close);
  if (answer.close) RC_ASSERT(!header.transit && header.current_stage == LoginStage{});
  if (header.transit)
    RC_ASSERT(header.current_stage == request.current_stage &&
              header.next_stage <= request.next_stage);
  RC_ASSERT(header.tsih == (answer.admission ? wire::Tsih{0x4711} : wire::Tsih::none));
}

RC_GTEST_PROP(LoginLaws, HoldForAnyTalk, (bool required)) {
  const auto moves =
      *rc::gen::oneOf(rc::gen::container<std::vector<Move>>(any_move()), damaged_talk());
  Talk talk = any_talk(required);
  wire::StatSN expected = talk.first_stat_sn;
  bool over = false;
  for (const Move& move : moves) {
    Talk copy = talk;
    const auto answer = talk.send_bytes(move.turns, move.text);
    RC_ASSERT((copy.send_bytes(move.turns, move.text) == answer));  // a state is a value
    RC_ASSERT((copy.state == talk.state));
    if (over) RC_ASSERT((answer == Answer{.close = true}));
    over = over || answer.close || answer.admission.has_value();
    if (!answer.response) continue;
    check_response(answer, talk.header);
    RC_ASSERT((answer.response->header.stat_sn == expected));
    ++expected;
    if (required && answer.admission) RC_ASSERT(answer.admission->user == "alice");
    RC_CLASSIFY(answer.admission.has_value());
  }
}

RC_GTEST_PROP(LoginLaws, HoldForAnyBytes, (const std::vector<std::string>& texts, bool transit)) {
  Talk talk = any_talk(true);
  for (const std::string& text : texts) {
    const auto turns = transit ? move(security, full_feature) : stay(security);
    const auto answer = talk.send_bytes(turns, joined({initiator_pair, target_pair}) + text);
    RC_ASSERT(!answer.admission.has_value());
    if (answer.response) check_response(answer, talk.header);
  }
}

TEST(LoginLaws, AdmitNobodyWhoLeavesOutAStepOfAuthentication) {
  constexpr std::size_t authentication_steps = 3;  // in each of the first three talks
  constexpr std::size_t none = 99;
  const auto talks = good_talks();
  for (std::size_t number = 0; number < 3; ++number)
    for (const std::size_t left_out : {std::size_t{0}, std::size_t{1}, std::size_t{2}, none}) {
      Talk talk = any_talk(true);
      bool admitted = false;
      for (std::size_t i = 0; i < talks[number].size(); ++i)
        if (i != left_out)
          admitted |=
              talk.send_bytes(talks[number][i].turns, talks[number][i].text).admission.has_value();
      EXPECT_EQ(admitted, left_out >= authentication_steps)
          << "talk " << number << " without step " << left_out;
    }
}

}  // namespace
}  // namespace iscsi::login
