/// The player against a small scripted target: what a story sends, what each kind of answer is
/// judged to be, and in what manner a target fails.

#include "conformance/play/player.hpp"

#include <gtest/gtest.h>

#include "conformance/peers.hpp"
#include "conformance/play/run.hpp"
#include "pdu/codec.hpp"

namespace conformance {
namespace {

using namespace iscsi::pdu;
using iscsi::wire::Bytes;
using iscsi::wire::ByteView;

/// Lets everybody in and echoes pings; its subclasses do one thing differently.
class Puppet : public Peer {
 public:
  Bytes received(ConnectionNumber connection, ByteView bytes) override {
    Bytes& stream = streams_[connection];
    stream.insert(stream.end(), bytes.begin(), bytes.end());
    Bytes out;
    while (true) {
      const auto framing = next_frame(stream, {.data = 1U << 20U});
      const auto* framed = std::get_if<Framed>(&framing);
      if (framed == nullptr) return out;
      requests.push_back(
          Bytes(stream.begin(), stream.begin() + static_cast<long>(framed->consumed)));
      if (const auto request = decode_request(framed->frame))
        std::visit([&](const auto& pdu) { answer(pdu, framed->frame.data, out); }, *request);
      stream.erase(stream.begin(), stream.begin() + static_cast<long>(framed->consumed));
    }
  }
  bool ends(ConnectionNumber) override { return std::exchange(ending, false); }
  bool takes_connections() override { return alive; }

  std::vector<Bytes> requests;
  bool alive = true;
  bool ending = false;

 protected:
  template <class P>
  void reply(P pdu, ByteView data, Bytes& out) {
    pdu.stat_sn = {stat_sn_++};
    pdu.exp_cmd_sn = {exp_cmd_sn_};
    pdu.max_cmd_sn = {exp_cmd_sn_ + 8};
    const Bytes bytes = encode(pdu, data);
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
  virtual void answer(const LoginRequest& request, ByteView, Bytes& out) {
    exp_cmd_sn_ = request.cmd_sn.value;
    const bool last = request.transit && request.next_stage == LoginStage::full_feature_phase;
    const bool first = request.exp_stat_sn.value == 0;
    reply(LoginResponse{.transit = request.transit,
                        .current_stage = request.current_stage,
                        .next_stage = request.next_stage,
                        .isid = request.isid,
                        .tsih = iscsi::wire::Tsih{static_cast<std::uint16_t>(last ? 5 : 0)},
                        .initiator_task_tag = request.initiator_task_tag},
          iscsi::wire::as_bytes(first ? text_ : std::string_view{}), out);
  }
  virtual void answer(const NopOut& request, ByteView data, Bytes& out) {
    if (!request.immediate) ++exp_cmd_sn_;
    reply(NopIn{.initiator_task_tag = request.initiator_task_tag}, data, out);
  }
  virtual void answer(const LogoutRequest& request, ByteView, Bytes& out) {
    if (!request.immediate) ++exp_cmd_sn_;
    reply(LogoutResponse{.initiator_task_tag = request.initiator_task_tag}, {}, out);
    ending = true;
  }
  template <class P>
  void answer(const P&, ByteView, Bytes&) {}

  static constexpr std::string_view text_{"TargetPortalGroupTag=1\0AuthMethod=None\0", 39};
  std::uint32_t stat_sn_ = 0;
  std::uint32_t exp_cmd_sn_ = 0;

 private:
  std::map<ConnectionNumber, Bytes> streams_;
};

constexpr const char* start =
    R"({"version": 1, "claim": "c", "rules": ["login-is-possible"], "steps": [
        {"send": {"login": {}}}, {"expect": "full-feature", "as": "login"}]})";

/// A story that pings, with more members and steps.
std::string pinging(const std::string& steps, const std::string& more = "") {
  return R"({"version": 1, "claim": "c", "rules": ["nop-out-is-answered", "ping-data-is-returned"],
             "start": "start/in")" +
         more + R"(, "steps": [)" + steps + "]}";
}

struct Played {
  CaseResult result;
  std::size_t resets = 0;
  std::vector<std::size_t> pieces;
};

Played play(Peer& peer, const std::string& story, Settings settings = {}) {
  settings.target_name = "iqn.2003-01.example.peer:disk";
  settings.answer_ms = 100;
  settings.quiet_ms = 10;
  const auto library = Library::from({{"area/story", story}, {"start/in", start}});
  EXPECT_TRUE(library.has_value()) << library.error().error.where << library.error().error.what;
  InMemory transport{peer};
  CaseResult result = judge_case(library->cases().front(), settings, transport, false);
  result.story = nullptr;  // the library ends here
  return {std::move(result), transport.resets, transport.pieces};
}

Judgement judged(Peer& peer, const std::string& steps, const std::string& more = "") {
  return play(peer, pinging(steps, more)).result.judgement;
}

const std::string ping_and_echo =
    R"({"send": {"NOP-Out": {}, "data": "text:hello"}, "as": "ping"},
       {"expect": {"NOP-In": {"InitiatorTaskTag": "$ping.InitiatorTaskTag"}, "data": "$ping"},
        "rule": "ping-data-is-returned"})";

TEST(ThePlayer, PassesATargetThatDoesWhatTheStoryExpects) {
  Puppet puppet;
  const Played played = play(puppet, pinging(ping_and_echo));
  EXPECT_EQ(played.result.judgement.verdict, Verdict::pass) << played.result.judgement.what;
  EXPECT_TRUE(played.result.observation.findings.empty());
}

TEST(ThePlayer, LogsOutWhateverTheStoryLeftOpen) {
  Puppet puppet;
  (void)play(puppet, pinging(ping_and_echo));
  EXPECT_EQ(puppet.requests.back()[0], std::byte{0x46}) << "an immediate Logout Request";
}

TEST(ThePlayer, NumbersItsCommandsAndAcknowledgesStatus) {
  Puppet puppet;
  (void)play(puppet, pinging(ping_and_echo + "," + ping_and_echo + R"(,
      {"send": {"NOP-Out": {"I": 1}}}, {"expect": {"NOP-In": {}}})"));
  ASSERT_EQ(puppet.requests.size(), 6U);
  const auto cmd_sn = [&](std::size_t i) { return field_of(puppet.requests[i], "CmdSN"); };
  const auto exp_stat_sn = [&](std::size_t i) { return field_of(puppet.requests[i], "ExpStatSN"); };
  const std::uint64_t first = cmd_sn(0);
  EXPECT_EQ(cmd_sn(1), first) << "both requests of the login";
  EXPECT_EQ(cmd_sn(2), first);
  EXPECT_EQ(cmd_sn(3), first + 1);
  EXPECT_EQ(cmd_sn(4), first + 2) << "the immediate one carries the next number";
  EXPECT_EQ(cmd_sn(5), first + 2) << "and does not use it up";
  for (std::size_t i = 1; i < 6; ++i) EXPECT_EQ(exp_stat_sn(i), i);
}

TEST(ThePlayer, RepeatsItselfForTheSameSeedAndDiffersForAnother) {
  const auto first_request = [](std::uint64_t seed) {
    Puppet puppet;
    Settings settings;
    settings.seed = seed;
    (void)play(puppet, pinging(ping_and_echo), settings);
    return puppet.requests.front();
  };
  EXPECT_EQ(first_request(1), first_request(1));
  EXPECT_NE(first_request(1), first_request(2));
}

TEST(ThePlayer, TellsWhatIsWrongWithAnAnswerAndWhere) {
  struct Wrong : Puppet {
    void answer(const NopOut& request, ByteView, Bytes& out) override {
      ++exp_cmd_sn_;
      reply(NopIn{.initiator_task_tag = request.initiator_task_tag}, iscsi::wire::as_bytes("hallo"),
            out);
    }
  } puppet;
  const Judgement judgement = judged(puppet, ping_and_echo);
  EXPECT_EQ(judgement.verdict, Verdict::fail);
  EXPECT_EQ(judgement.manner, Manner::wrong_answer);
  EXPECT_EQ(judgement.rule, iscsi::Rule::ping_data_is_returned);
  EXPECT_EQ(judgement.what, "the data differ from those expected at byte 1");
  EXPECT_EQ(judgement.byte, 49U);
  EXPECT_EQ(judgement.where, "area/story steps[1]");
}

TEST(ThePlayer, TellsAHangADisconnectAndACrashApart) {
  struct Hanging : Puppet {
    void answer(const NopOut&, ByteView, Bytes&) override {}
  } hanging;
  struct Leaving : Puppet {
    void answer(const NopOut&, ByteView, Bytes&) override { ending = true; }
  } leaving;
  struct Crashing : Puppet {
    void answer(const NopOut&, ByteView, Bytes&) override {
      ending = true;
      alive = false;
    }
  } crashing;
  EXPECT_EQ(judged(hanging, ping_and_echo).manner, Manner::silence);
  EXPECT_EQ(judged(leaving, ping_and_echo).manner, Manner::disconnect);
  EXPECT_EQ(judged(crashing, ping_and_echo).manner, Manner::crash);
}

TEST(ThePlayer, AccusesNobodyWhereNobodyIs) {
  Puppet puppet;
  puppet.alive = false;
  const Judgement judgement = judged(puppet, ping_and_echo);
  EXPECT_EQ(judgement.verdict, Verdict::fail);
  EXPECT_EQ(judgement.manner, Manner::unreachable);
  EXPECT_EQ(judgement.rule, std::nullopt);
}

TEST(ThePlayer, GivesUpOnATargetThatNeverStops) {
  struct Flooding : Puppet {
    void answer(const NopOut& request, ByteView data, Bytes& out) override {
      ++exp_cmd_sn_;
      for (int i = 0; i < 30'000; ++i)
        reply(NopIn{.target_transfer_tag = iscsi::wire::TargetTransferTag::none}, {}, out);
      (void)request;
      (void)data;
    }
  } puppet;
  const Judgement judgement = judged(puppet, ping_and_echo);
  EXPECT_EQ(judgement.verdict, Verdict::fail);
  EXPECT_EQ(judgement.manner, Manner::flood);
}

TEST(ThePlayer, TakesTheFirstOutcomeThatHolds) {
  Puppet puppet;
  const Judgement judgement = judged(puppet, R"({"send": {"NOP-Out": {}}},
    {"expect": ["close", {"NOP-In": {"StatSN": 1000}},
                {"NOP-In": {}, "verdict": "warn", "because": "no better"}]})");
  EXPECT_EQ(judgement.verdict, Verdict::warn);
  EXPECT_EQ(judgement.what, "no better");
}

TEST(ThePlayer, EndsTheStoryWhereAnOutcomeSaysSo) {
  Puppet puppet;
  EXPECT_EQ(judged(puppet, R"({"send": {"NOP-Out": {}}}, {"expect": {"NOP-In": {}, "ends": true}},
                              {"expect": "close"})")
                .verdict,
            Verdict::pass);
}

TEST(ThePlayer, WantsSilenceToBeSilence) {
  Puppet puppet;
  EXPECT_EQ(judged(puppet, R"({"expect": "nothing"})").verdict, Verdict::pass);
  EXPECT_EQ(judged(puppet, R"({"send": {"NOP-Out": {}}}, {"expect": "nothing"})").verdict,
            Verdict::fail);
}

TEST(ThePlayer, KeepsAnswersToOtherRequestsForLater) {
  Puppet puppet;
  const Judgement judgement =
      judged(puppet, R"({"send": {"NOP-Out": {}}, "as": "a"}, {"send": {"NOP-Out": {}}, "as": "b"},
        {"expect": {"NOP-In": {"InitiatorTaskTag": "$b.InitiatorTaskTag"}}},
        {"expect": {"NOP-In": {"InitiatorTaskTag": "$a.InitiatorTaskTag"}}})");
  EXPECT_EQ(judgement.verdict, Verdict::pass) << judgement.what;
}

TEST(ThePlayer, BindsANameAtItsFirstUseAndHoldsTheTargetToItAfterwards) {
  Puppet puppet;
  const std::string ping = R"({"send": {"NOP-Out": {}}},)";
  EXPECT_EQ(judged(puppet, ping + R"({"expect": {"NOP-In": {"StatSN": "$s"}}},)" + ping +
                               R"({"expect": {"NOP-In": {"StatSN": "$s+1"}}})")
                .verdict,
            Verdict::pass);
  const Judgement again = judged(puppet, ping + R"({"expect": {"NOP-In": {"StatSN": "$s"}}},)" +
                                             ping + R"({"expect": {"NOP-In": {"StatSN": "$s"}}})");
  EXPECT_EQ(again.verdict, Verdict::fail);
}

TEST(ThePlayer, AnswersTheTargetsPingsInPassing) {
  struct Pinging : Puppet {
    void answer(const NopOut& request, ByteView data, Bytes& out) override {
      if (request.initiator_task_tag == iscsi::wire::InitiatorTaskTag::none) return;
      NopIn ping{.lun = iscsi::wire::Lun{77},
                 .target_transfer_tag = iscsi::wire::TargetTransferTag{9}};
      ping.stat_sn = {stat_sn_};
      ping.exp_cmd_sn = {exp_cmd_sn_};
      ping.max_cmd_sn = {exp_cmd_sn_ + 8};
      const Bytes bytes = encode(ping);
      out.insert(out.end(), bytes.begin(), bytes.end());
      Puppet::answer(request, data, out);
    }
  } puppet;
  const Played played = play(puppet, pinging(ping_and_echo));
  EXPECT_EQ(played.result.judgement.verdict, Verdict::pass) << played.result.judgement.what;
  ASSERT_GE(puppet.requests.size(), 4U);
  const Bytes& pong = puppet.requests[3];
  EXPECT_EQ(pong[0], std::byte{0x40}) << "an immediate NOP-Out";
  EXPECT_EQ(field_of(pong, "TargetTransferTag"), 9U);
  EXPECT_EQ(field_of(pong, "LUN"), 77U);
  EXPECT_EQ(field_of(pong, "InitiatorTaskTag"), 0xffff'ffffU);
}

TEST(ThePlayer, SendsInPiecesAndResetsAsTheStoryWantsIt) {
  Puppet puppet;
  const Played played = play(puppet, pinging(R"({"send": {"NOP-Out": {}}, "pieces": 7},
                                               {"expect": {"NOP-In": {}}}, {"close": "reset"})"));
  EXPECT_EQ(played.result.judgement.verdict, Verdict::pass) << played.result.judgement.what;
  EXPECT_EQ(played.pieces, (std::vector<std::size_t>{0, 0, 7}));
  EXPECT_EQ(played.resets, 1U);
}

TEST(ThePlayer, HoldsBytesToThePinsOfTheStory) {
  const std::string pinned =
      R"({"send": {"NOP-Out": {"InitiatorTaskTag": 1, "CmdSN": 2, "ExpStatSN": 3, "I": 1}}, "wire":
          "40800000 00000000 0000000000000000 00000001 ffffffff 00000002 0000000)";
  const std::string rest = R"( 00000000000000000000000000000000"})";
  Puppet puppet;
  EXPECT_EQ(judged(puppet, pinned + "3" + rest).verdict, Verdict::pass);
  EXPECT_EQ(judged(puppet, pinned + "4" + rest).verdict, Verdict::error) << "the story's own fault";
}

TEST(ThePlayer, CallsAFaultOfTheStoryAnError) {
  Puppet puppet;
  const Judgement judgement = judged(puppet, R"({"send": {"NOP-Out": {"LUN": "$nobody"}}})");
  EXPECT_EQ(judgement.verdict, Verdict::error);
  EXPECT_EQ(judgement.what, "LUN: $nobody has no value");
}

TEST(ThePlayer, CallsWhatTheTargetCannotDoUnsupported) {
  Puppet puppet;
  const auto needing = [&](const std::string& need) {
    return judged(puppet, ping_and_echo, R"(, "requires": [")" + need + "\"]");
  };
  EXPECT_EQ(needing("logical-unit").verdict, Verdict::unsupported);
  EXPECT_EQ(needing("secret").verdict, Verdict::unsupported);
  EXPECT_EQ(needing("open-login").verdict, Verdict::pass);
  EXPECT_EQ(needing("ErrorRecoveryLevel=0").verdict, Verdict::pass);
  const Judgement level = needing("ErrorRecoveryLevel=2");
  EXPECT_EQ(level.verdict, Verdict::unsupported);
  EXPECT_EQ(level.what, "ErrorRecoveryLevel=0 was agreed on; the story needs 2");
}

TEST(ThePlayer, WritesNothingWithoutPermission) {
  Puppet puppet;
  const Judgement judgement = judged(puppet, ping_and_echo, R"(, "writes": 1)");
  EXPECT_EQ(judgement.verdict, Verdict::unsupported);
  EXPECT_EQ(judgement.what, "writing is not allowed");
  EXPECT_TRUE(puppet.requests.empty());
}

TEST(ThePlayer, LeavesTheMonitorALookAtEverything) {
  struct Slovenly : Puppet {
    void answer(const NopOut& request, ByteView data, Bytes& out) override {
      const std::size_t at = out.size();
      Puppet::answer(request, data, out);
      out[at + 2] = std::byte{1};  // reserved
    }
  } puppet;
  const Played played = play(puppet, pinging(ping_and_echo));
  EXPECT_EQ(played.result.judgement.verdict, Verdict::pass);
  ASSERT_EQ(played.result.observation.findings.size(), 1U);
  EXPECT_EQ(played.result.observation.findings[0].rule, iscsi::Rule::reserved_bits_are_zero);
}

}  // namespace
}  // namespace conformance
