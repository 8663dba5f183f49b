/// `iscsi-trace check` over conversations between programs that nobody here wrote: the best guard
/// against wrong accusations. Every finding that is expected was held against the bytes and the RFC
/// by hand (docs/findings.md).

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "conformance/report/checked_captures.hpp"
#include "conformance/report/expectations.hpp"
#include "conformance/report/ladder.hpp"
#include "conformance/report/pcapng.hpp"
#include "conformance/report/reports.hpp"
#include "conformance/requests.hpp"
#include "conformance/sins.hpp"
#include "conformance/wire_tap.hpp"
#include "support/captures_of_others.hpp"

namespace conformance {
namespace {

namespace fs = std::filesystem;
using iscsi::captures_below;
using iscsi::CapturesOfOthers;

/// `name.pcap` and `name.pcap.gz` alike; two of those that are shipped have shorter names there.
std::string stem_of(const fs::path& capture) {
  const std::string name = capture.filename().string();
  if (capture.parent_path().filename() == "ipxe" && name == "boot.pcap") return "ipxe_bios_tgt";
  if (capture.parent_path().filename() == "linux" && name == "chap.pcap") return "linux61_lio_chap";
  return name.substr(0, name.find(".pcap"));
}

Expectations expected_of(const fs::path& capture) {
  const fs::path file =
      fs::path{SOURCE_ROOT} / "conformance/expectations/captured" / (stem_of(capture) + ".json");
  std::ifstream in{file, std::ios::binary};
  if (!in) return {};
  const auto read = read_expectations(std::string{std::istreambuf_iterator<char>{in}, {}});
  EXPECT_TRUE(read.has_value()) << file;
  return read ? *read : Expectations{};
}

/// LIO's reserved bits are ones of the LUN and StatSN of Data-In (25h) and the LUN of NOP-In (20h),
/// and no others.
void expect_fields_of_ones(const RunResult& run) {
  for (const CaseResult& one : run.cases)
    for (const Finding& finding : one.observation.findings) {
      if (finding.rule != iscsi::Rule::reserved_bits_are_zero) continue;
      const auto opcode =
          std::to_integer<unsigned>(one.transcript.at(finding.record.value()).bytes.at(0)) & 0x3fU;
      EXPECT_TRUE((finding.byte == 8 && (opcode == 0x20 || opcode == 0x25)) ||
                  (finding.byte == 24 && opcode == 0x25))
          << run.target << ": byte " << finding.byte;
    }
}

/// Every rule that a side broke in the capture, a SHOULD included, is known, and known with a
/// reason.
void expect_known_findings(const fs::path& capture) {
  CheckedCaptures checked;
  const auto read = checked.read(capture.string());
  ASSERT_TRUE(read.has_value()) << (read ? "" : read.error());
  RunResult run = checked.result(true);
  run.target = capture.filename().string();
  sum_up_rules(run);
  run.complaints = excuse(run, expected_of(capture).known);
  EXPECT_TRUE(run.complaints.empty()) << capture << ": " << run.complaints.front();
  EXPECT_GE(run.cases.size(), 1U) << capture;
  std::size_t judged_initiator = 0;
  for (const RuleResult& rule : run.rules) {
    judged_initiator += rule.side == Side::initiator && rule.looks > 0 ? 1U : 0U;
    EXPECT_TRUE(is_accepted(rule.verdict, rule.excuse)) << name_of(rule, run) << "\n"
                                                        << console_summary(run);
  }
  EXPECT_GE(judged_initiator, 40U) << capture;
  expect_fields_of_ones(run);
}

TEST_F(CapturesOfOthers, HoldNoBreachesButThoseThatAreKnownWithAReason) {
  const auto captures = captures_below(folder());
  EXPECT_EQ(captures.size(), 18U);
  for (const fs::path& capture : captures) expect_known_findings(capture);
}

TEST(Findings, InShippedCapturesAreThoseThatAreKnownWithAReason) {
  const auto captures = captures_below(SOURCE_ROOT "/traces/captured");
  EXPECT_GE(captures.size(), 15U);
  for (const fs::path& capture : captures) expect_known_findings(capture);
}

/// A file of our own, in which the initiator breaks one rule and the target another.
fs::path capture_with_two_sins() {
  Scene scene = acknowledged();
  scene.say(ping()).spoil(2, 0x40).answer(echo()).spoil(2, 0x40);
  Story story;
  const CaseResult one{.name = "x",
                       .story = &story,
                       .judgement = {},
                       .observation = {},
                       .transcript = scene.transcript};
  const fs::path file = fs::path{testing::TempDir()} / "two_sins.pcapng";
  const auto bytes = pcapng(one, false);
  std::ofstream{file, std::ios::binary} << iscsi::wire::as_text(bytes);
  return file;
}

RunResult checked(CheckedCaptures& captures, const std::string& known) {
  EXPECT_TRUE(captures.read(capture_with_two_sins().string()).has_value());
  RunResult run = captures.result(false);
  sum_up_rules(run);
  const auto expectations = read_expectations(R"({"version": 1, "known": [)" + known + "]}");
  EXPECT_TRUE(expectations.has_value());
  if (expectations) run.complaints = excuse(run, expectations->known);
  return run;
}

TEST(Findings, TellTheSideThePacketAndTheByte) {
  CheckedCaptures captures;
  const RunResult run = checked(captures, "");
  ASSERT_EQ(run.cases.size(), 1U);
  std::set<Side> sides;
  for (const RuleResult& rule : run.rules) {
    if (rule.breaches.empty()) continue;
    EXPECT_EQ(iscsi::about(rule.rule).slug, "reserved-bits-are-zero");
    ASSERT_EQ(rule.breaches.size(), 1U);
    const Breach& breach = rule.breaches.front();
    EXPECT_EQ(breach.byte, 2U);
    EXPECT_GT(run.cases[0].transcript.at(breach.record.value()).packet, 0U);
    sides.insert(rule.side);
  }
  EXPECT_EQ(sides, (std::set<Side>{Side::initiator, Side::target}));
  EXPECT_NE(console_summary(run).find("reserved-bits-are-zero (initiator)"), std::string::npos);
  EXPECT_NE(console_summary(run).find(", packet "), std::string::npos);
  EXPECT_NE(json_report(run).find("\"side\": \"initiator\""), std::string::npos);
}

TEST(Findings, AreExcusedForTheSideThatAnEntryNames) {
  CheckedCaptures captures;
  const RunResult run = checked(
      captures,
      R"({"rule": "reserved-bits-are-zero", "side": "target", "reason": "a reserved bit"})");
  EXPECT_TRUE(run.complaints.empty());
  for (const RuleResult& rule : run.rules)
    EXPECT_TRUE(rule.breaches.empty() || rule.excuse.empty() == (rule.side == Side::initiator));
}

RunResult judged(CheckedCaptures& captures, ByteView file) {
  const fs::path path = fs::path{testing::TempDir()} / "judged.pcap";
  std::ofstream{path, std::ios::binary} << iscsi::wire::as_text(file);
  EXPECT_TRUE(captures.read(path.string()).has_value());
  RunResult run = captures.result(false);
  sum_up_rules(run);
  return run;
}

/// The accusation waits until the target is heard, which here it never is.
TEST(Findings, AreBookedOnTheirOwnConnectionHoweverLateTheyCome) {
  Scene scene = acknowledged();
  scene.say(ping()).spoil(2, 0x40);
  Scene busy = acknowledged();
  for (int i = 0; i < 2500; ++i) busy.say(ping()).answer(echo());
  Transcript both = scene.transcript;
  for (Record& record : busy.transcript) {
    record.connection = 1;
    both.push_back(std::move(record));
  }
  CheckedCaptures captures;
  const RunResult run = judged(captures, pcapng(both, ""));
  ASSERT_EQ(run.cases.size(), 2U);
  const auto reserved = [](const CaseResult& one) {
    return std::ranges::count(one.of_initiator.findings, iscsi::Rule::reserved_bits_are_zero,
                              &Finding::rule);
  };
  ASSERT_EQ(reserved(run.cases[0]), 1);
  EXPECT_EQ(reserved(run.cases[1]), 0);
  const CaseResult& one = run.cases[0];
  const auto record = one.of_initiator.findings.at(0).record;
  ASSERT_TRUE(record.has_value() && *record < one.transcript.size());
  EXPECT_EQ(one.transcript[*record].bytes.at(2), std::byte{0x40});
  EXPECT_EQ(number_of(one, *record), scene.transcript.size() - 1);
  EXPECT_EQ(run.cases[0].judgement.verdict, Verdict::fail);
}

/// Conversations one after the other, each on a connection of its own.
class Conversations {
 public:
  void add(const Scene& scene) {
    for (Record record : scene.transcript) {
      record.connection = next_;
      transcript.push_back(std::move(record));
    }
    ++next_;
  }
  Transcript transcript;

 private:
  ConnectionNumber next_ = 0;
};

TEST(Findings, OfManyConnectionsAreToldTogether) {
  constexpr std::size_t told_alone = 4096;
  Conversations many;
  for (std::size_t n = 0; n < told_alone + 50; ++n) many.add(Scene{}.login());
  Scene wrong = acknowledged();
  wrong.say(ping()).answer(echo()).spoil(2, 0x40);
  many.add(wrong);
  CheckedCaptures captures;
  const RunResult run = judged(captures, pcapng(many.transcript, ""));
  ASSERT_EQ(run.cases.size(), told_alone + 1);
  EXPECT_EQ(run.cases[told_alone - 1].judgement.verdict, Verdict::pass);
  const CaseResult& others = run.cases.back();
  EXPECT_EQ(others.name, "judged.pcap/others");
  EXPECT_EQ(others.judgement.rule, iscsi::Rule::reserved_bits_are_zero);
  EXPECT_EQ(others.judgement.verdict, Verdict::fail);
}

TEST(Findings, ThatAreTooManyToBeKeptCountAllTheSame) {
  Scene wrong = acknowledged();
  for (int i = 0; i < 100; ++i) wrong.say(ping()).answer(echo()).spoil(2, 0x40);
  Conversations many;
  for (int i = 0; i < 220; ++i) many.add(wrong);
  CheckedCaptures captures;
  const RunResult run = judged(captures, pcapng(many.transcript, ""));
  ASSERT_EQ(run.cases.size(), 220U);
  const CaseResult& last = run.cases.back();
  EXPECT_TRUE(last.observation.findings.empty());
  EXPECT_EQ(last.judgement.verdict, Verdict::fail);
  EXPECT_EQ(last.judgement.rule, iscsi::Rule::reserved_bits_are_zero);
  EXPECT_FALSE(captures.notes().empty());
}

/// Twenty pings, of which the answers to two are wrong.
Scene two_of_twenty() {
  Scene scene = acknowledged();
  for (int i = 0; i < 20; ++i) {
    scene.say(ping()).answer(echo());
    if (i == 5 || i == 12) scene.spoil(2, 0x40);
  }
  return scene;
}

std::vector<std::size_t> accused(const CaseResult& one) {
  std::vector<std::size_t> numbers;
  for (const Finding& finding : one.observation.findings)
    if (finding.rule == iscsi::Rule::reserved_bits_are_zero)
      numbers.push_back(number_of(one, finding.record.value()));
  return numbers;
}

TEST(Findings, AreEvidenceByThemselvesUnlessConversationsAreShown) {
  const Bytes file = pcapng(two_of_twenty().transcript, "");
  CheckedCaptures of_evidence;
  CheckedCaptures of_conversations{Shown::conversations};
  const CaseResult part = judged(of_evidence, file).cases.at(0);
  const CaseResult whole = judged(of_conversations, file).cases.at(0);
  EXPECT_EQ(whole.transcript.size(), two_of_twenty().transcript.size());
  EXPECT_TRUE(whole.numbers.empty());
  EXPECT_TRUE(whole.notes.empty());
  EXPECT_LT(part.transcript.size(), whole.transcript.size());
  EXPECT_EQ(part.numbers.size(), part.transcript.size());
  EXPECT_EQ(accused(part).size(), 2U);
  EXPECT_EQ(accused(part), accused(whole));
}

std::size_t losses_in(const Bytes& file) {
  auto capture = Capture::open(file);
  EXPECT_TRUE(capture.has_value());
  std::size_t losses = 0;
  while (capture) {
    const auto record = capture->next();
    if (!record || !*record) break;
    losses += (*record)->kind == Record::Kind::lost || (*record)->kind == Record::Kind::lost_sent;
  }
  return losses;
}

/// What stands side by side in a capture was said one after the other.
TEST(Findings, AreNoConversationWhereWhatWasBetweenThemIsNotKept) {
  const Scene scene = two_of_twenty();
  const Story story;
  CaseResult one{.name = "x",
                 .story = &story,
                 .judgement = {},
                 .observation = {},
                 .transcript = scene.transcript};
  EXPECT_EQ(losses_in(pcapng(one, false)), 0U);
  one.transcript.erase(one.transcript.begin() + 10, one.transcript.begin() + 20);
  for (std::size_t i = 0; i < one.transcript.size(); ++i)
    one.numbers.push_back(i < 10 ? i : i + 10);
  EXPECT_EQ(left_out_before(one, 9), 0U);
  EXPECT_EQ(left_out_before(one, 10), 10U);
  EXPECT_EQ(losses_in(pcapng(one, false)), 2U);
  EXPECT_NE(html_ladder(one, 0, false).find("10 are not kept"), std::string::npos);
}

TEST(Findings, SayNoMoreOfAPeersTextThanPeopleRead) {
  Scene scene = acknowledged();
  scene.say(TextRequest{.final = true,
                        .initiator_task_tag = InitiatorTaskTag{Scene::tag},
                        .target_transfer_tag = TargetTransferTag{no_transfer_tag},
                        .cmd_sn = {10},
                        .exp_stat_sn = {scene.stat_sn}},
            pairs("SendTargets=" + std::string(2000, 'x') + "/"));
  const Observation seen = observe(scene.transcript, Side::initiator);
  const auto finding =
      std::ranges::find(seen.findings, iscsi::Rule::send_targets_value_is_defined, &Finding::rule);
  ASSERT_NE(finding, seen.findings.end());
  EXPECT_LT(finding->what.size(), 600U);
}

/// Nobody has 65536 tasks open; who seems to is not accused of what was forgotten.
TEST(Findings, OfTasksThatAreTooManyToBeKnownAreInconclusive) {
  Scene scene = acknowledged();
  NopOut pdu = ping();
  pdu.immediate = true;
  for (std::uint32_t tag = 100; tag < 65536 + 101; ++tag) {
    pdu.initiator_task_tag = InitiatorTaskTag{tag};
    scene.say(pdu);
  }
  NopIn answer = echo();
  answer.initiator_task_tag = InitiatorTaskTag{99};
  scene.answer(answer);
  const Observation seen = observe(scene.transcript);
  EXPECT_EQ(
      std::ranges::count(seen.findings, iscsi::Rule::response_answers_a_request, &Finding::rule),
      0);
  EXPECT_TRUE(seen.inconclusive.contains(iscsi::Rule::response_answers_a_request));
}

TEST(Findings, OfAConnectionWithoutOnePduAreInconclusive) {
  Tap tap;
  TappedConnection talk{tap, 40000, 3260};
  talk.open();
  const Bytes login = encode(Scene::login_request(), iscsi::wire::as_bytes(Scene::names()));
  talk.send({login.begin(), login.begin() + 60});
  talk.end(0, fin | ack);
  CheckedCaptures captures;
  const RunResult run = judged(captures, tap.file);
  ASSERT_EQ(run.cases.size(), 1U);
  EXPECT_EQ(run.cases[0].judgement.verdict, Verdict::inconclusive);
  EXPECT_NE(console_summary(run).find("0 pass, 1 inconclusive"), std::string::npos);
}

}  // namespace
}  // namespace conformance
