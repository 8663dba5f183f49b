/// Replays: every recording that is shipped, against the reference made after it; and what a replay
/// has to notice.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "conformance/in_process.hpp"
#include "conformance/recording/convert.hpp"
#include "conformance/recording/run.hpp"

namespace conformance {
namespace {

using iscsi::wire::Bytes;
using iscsi::wire::ByteView;

const std::deque<RecordedStory>& shipped() {
  static const auto read = read_recordings(SOURCE_ROOT "/traces");
  static const std::deque<RecordedStory> none;
  EXPECT_TRUE(read.has_value()) << (read ? "" : read.error());
  return read ? *read : none;
}

const RecordedStory* find(std::string_view name) {
  for (const RecordedStory& one : shipped())
    if (one.recording.name == name) return &one;
  return nullptr;
}

std::string told(const CaseResult& result) {
  std::string text = result.name + ": " + result.judgement.what;
  for (const std::string& note : result.notes) text += "\n  " + note;
  for (const Finding& finding : result.observation.findings)
    text +=
        "\n  monitor: " + std::string{iscsi::about(finding.rule).slug} + " " + found_text(finding);
  return text;
}

TEST(Replay, EveryRecordingGetsItsAnswersFromTheReference) {
  const auto began = std::chrono::steady_clock::now();
  std::size_t played = 0;
  std::size_t silent = 0;
  for (const RecordedStory& one : shipped()) {
    const CaseResult result = replay_in_process(one, {}, false);
    // Of some, only the initiator's side was captured: nobody passes by those.
    const bool has_answers = std::ranges::any_of(
        one.recording.transcript,
        [](const Record& record) { return record.kind == Record::Kind::received; });
    EXPECT_EQ(result.judgement.verdict, has_answers ? Verdict::pass : Verdict::unsupported)
        << told(result);
    played += result.transcript.size();
    silent += has_answers ? 0U : 1U;
  }
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - began);
  std::printf("%zu recordings, %zu records, %lld ms\n", shipped().size(), played,
              static_cast<long long>(took.count()));
  EXPECT_EQ(silent, 2U);  // linux/discovery-2020 and windows/discovery-login
  EXPECT_GE(shipped().size(), 20U);
  EXPECT_GT(played, 1000U);
}

TEST(Replay, OfAWorldWithOneOtherByteIsNoticed) {
  const RecordedStory* one = find("captured/linux/reinstatement");
  ASSERT_NE(one, nullptr);
  World world = rebuild_world(one->recording.transcript);
  ASSERT_FALSE(world.units.empty());
  WorldUnit& unit = world.units.begin()->second;
  ASSERT_FALSE(unit.blocks.empty());
  const std::uint64_t lba = unit.blocks.begin()->first;
  unit.blocks.begin()->second[17] ^= std::byte{1};
  auto bench = bench_of(one->recording, world);
  ASSERT_TRUE(bench.has_value()) << bench.error();
  const CaseResult result =
      judge_recording(*one, {.play = bench->settings, .world_is_rebuilt = true}, bench->target);
  EXPECT_EQ(result.judgement.verdict, Verdict::fail);
  EXPECT_NE(result.judgement.what.find("other bytes of block " + std::to_string(lba)),
            std::string::npos)
      << told(result);
}

/// The reference, but the first SCSI Response with that status says another one.
class OtherStatus {
 public:
  explicit OtherStatus(InProcess target) : target_{std::move(target)} {}
  [[nodiscard]] std::uint64_t now_us() const { return target_.now_us(); }
  [[nodiscard]] std::optional<std::string> open(ConnectionNumber number) {
    return target_.open(number);
  }
  void send(ConnectionNumber number, ByteView bytes, std::size_t piece) {
    target_.send(number, bytes, piece);
  }
  void leave(ConnectionNumber number, bool reset) { target_.leave(number, reset); }
  [[nodiscard]] std::vector<TransportEvent> receive(std::uint64_t until_us) {
    auto events = target_.receive(until_us);
    for (TransportEvent& event : events)
      if (!done_ && event.bytes.size() >= 48 && event.bytes[0] == std::byte{0x21} &&
          event.bytes[3] == std::byte{0}) {
        event.bytes[3] = std::byte{0x08};  // BUSY
        done_ = true;
      }
    return events;
  }

 private:
  InProcess target_;
  bool done_ = false;
};

TEST(Replay, OfAnotherStatusIsNoticed) {
  const RecordedStory* one = find("captured/qemu/block-driver");
  ASSERT_NE(one, nullptr);
  auto bench = bench_of(one->recording, rebuild_world(one->recording.transcript));
  ASSERT_TRUE(bench.has_value()) << bench.error();
  OtherStatus target{std::move(bench->target)};
  const CaseResult result =
      judge_recording(*one, {.play = bench->settings, .world_is_rebuilt = true}, target);
  EXPECT_EQ(result.judgement.verdict, Verdict::fail);
  EXPECT_NE(result.judgement.what.find("got status 08h instead of status 00h"), std::string::npos)
      << told(result);
}

TEST(Replay, WithoutTheSecretIsUnsupported) {
  const RecordedStory* chap = find("captured/linux/chap");
  ASSERT_NE(chap, nullptr);
  ASSERT_TRUE(chap->recording.secret.has_value());
  auto bench = bench_of(chap->recording, rebuild_world(chap->recording.transcript));
  ASSERT_TRUE(bench.has_value()) << bench.error();
  ReplaySettings settings{.play = bench->settings, .world_is_rebuilt = true};
  settings.play.initiator.reset();
  const CaseResult result = judge_recording(*chap, settings, bench->target);
  EXPECT_EQ(result.judgement.verdict, Verdict::unsupported) << told(result);
  EXPECT_NE(result.judgement.what.find("secret"), std::string::npos);
}

/// The blocks that an initiator's commands of a transcript write to.
std::vector<BlockRange> writes_of(const Transcript& transcript) {
  std::vector<BlockRange> writes;
  for (const Record& record : transcript) {
    const auto parts = dissect(record.bytes);
    if (record.kind != Record::Kind::sent || !parts || parts->opcode() != 0x01) continue;
    for (const BlockRange& range : blocks_of(parts->header.subspan<32, 16>(), parts->data))
      if (range.use != BlockRange::Use::read) writes.push_back(range);
  }
  return writes;
}

TEST(Replay, WritesNothingWhereThatIsNotAllowed) {
  const RecordedStory* one = find("captured/qemu/block-driver");
  ASSERT_NE(one, nullptr);
  ASSERT_FALSE(writes_of(one->recording.transcript).empty());
  Bench bench = fresh_bench(false);
  bench.settings.may_write = false;
  const CaseResult result = judge_recording(*one, {.play = bench.settings}, bench.target);
  std::size_t commands = 0;
  for (const Record& record : result.transcript) {
    if (record.kind != Record::Kind::sent || record.bytes[0] != std::byte{0x01}) continue;
    const iscsi::wire::ByteView header = record.bytes;
    EXPECT_FALSE((command_of(header.subspan<32, 16>()).changes)) << told(result);
    ++commands;
  }
  EXPECT_GT(commands, 10U) << told(result);
}

TEST(Replay, WritesOnlyInTheRangeThatIsAllowed) {
  const RecordedStory* one = find("captured/qemu/qemu-io");
  ASSERT_NE(one, nullptr);
  const auto recorded = writes_of(one->recording.transcript);
  ASSERT_FALSE(recorded.empty());
  Bench bench = fresh_bench(false);
  bench.settings.facts["block"] = recorded.front().first;
  bench.settings.facts["writable_blocks"] = recorded.front().count;
  const CaseResult result = judge_recording(*one, {.play = bench.settings}, bench.target);
  const auto written = writes_of(result.transcript);
  EXPECT_FALSE(written.empty());
  EXPECT_LT(written.size(), recorded.size()) << told(result);
  for (const BlockRange& range : written) {
    EXPECT_GE(range.first, recorded.front().first);
    EXPECT_LE(range.first + range.count, recorded.front().first + recorded.front().count);
  }
}

/// A foreign target: one of ours, that was not made of the recording.
CaseResult replay_on(const RecordedStory& one, const iscsi::server::LogicalUnit& unit,
                     std::vector<iscsi::server::Account> accounts) {
  iscsi::server::Configuration configuration;
  configuration.logical_units = {unit};
  configuration.chap = std::move(accounts);
  auto target = InProcess::with(configuration);
  if (!target) throw std::runtime_error{target.error()};
  Settings settings;
  settings.target_name = configuration.target_name;
  settings.quiet_ms = 1;
  settings.may_write = true;
  return judge_recording(one, {.play = settings}, *target);
}

TEST(Replay, OnBlocksOfAnotherSizeHoldsThemAgainstNobody) {
  const RecordedStory* one = find("captured/qemu/qemu-io");
  ASSERT_NE(one, nullptr);
  const CaseResult result = replay_on(*one, {.size_bytes = 256U << 20U, .block_bytes = 4096}, {});
  EXPECT_NE(result.judgement.verdict, Verdict::fail) << told(result);
  EXPECT_NE(told(result).find("blocks of the recorded size"), std::string::npos) << told(result);
}

/// Two WRITEs to unit 0 and one to unit 1, then that function for the first one's tag and unit,
/// which is complete, then one more WRITE to unit 0: which of the four are ended.
std::string ended_by(std::uint8_t function) {
  Transcript transcript;
  const auto add = [&](Record::Kind kind, std::uint8_t opcode, std::uint8_t second,
                       std::uint8_t unit, std::uint32_t tag) -> Bytes& {
    Record& record = transcript.emplace_back();
    record.kind = kind;
    record.bytes.resize(48);
    record.bytes[0] = std::byte{opcode};
    record.bytes[1] = std::byte{second};
    record.bytes[9] = std::byte{unit};
    iscsi::wire::store<4>(record.bytes, 16, tag);
    return record.bytes;
  };
  constexpr std::uint8_t final_write = 0xa0;
  add(Record::Kind::sent, 0x01, final_write, 0, 1);
  add(Record::Kind::sent, 0x01, final_write, 0, 2);
  add(Record::Kind::sent, 0x01, final_write, 1, 3);
  iscsi::wire::store<4>(
      add(Record::Kind::sent, 0x42, static_cast<std::uint8_t>(0x80U | function), 0, 4), 20, 1);
  add(Record::Kind::received, 0x22, 0x80, 0, 4);
  add(Record::Kind::sent, 0x01, final_write, 0, 5);
  const Exchanges exchanges = Exchanges::of(transcript);
  std::string ended;
  for (const Exchange& exchange : exchanges.all())
    if (exchanges.was_ended(exchange)) ended += std::to_string(exchange.tag);
  return ended;
}

TEST(Exchanges, KnowWhatAFunctionEnded) {
  EXPECT_EQ(ended_by(1), "1");    // ABORT TASK
  EXPECT_EQ(ended_by(2), "12");   // ABORT TASK SET
  EXPECT_EQ(ended_by(3), "");     // CLEAR ACA
  EXPECT_EQ(ended_by(4), "12");   // CLEAR TASK SET
  EXPECT_EQ(ended_by(5), "12");   // LOGICAL UNIT RESET
  EXPECT_EQ(ended_by(6), "123");  // TARGET WARM RESET
  EXPECT_EQ(ended_by(7), "123");  // TARGET COLD RESET
  EXPECT_EQ(ended_by(8), "");     // TASK REASSIGN
}

TEST(Replay, OnATargetThatKnowsItsInitiatorsIsUnsupported) {
  const RecordedStory* one = find("captured/qemu/qemu-io");
  ASSERT_NE(one, nullptr);
  const CaseResult result = replay_on(*one, iscsi::server::LogicalUnit{.size_bytes = 64U << 20U},
                                      {{"somebody", "another secret"}});
  EXPECT_EQ(result.judgement.verdict, Verdict::unsupported) << told(result);
}

// What recordings are made of.

TEST(Stretches, KnowWhatWasPutAndForgotten) {
  Stretches stretches;
  std::uint64_t room = 8;
  stretches.put(4, Bytes(4, std::byte{1}), room);
  stretches.put(0, Bytes(2, std::byte{2}), room);
  EXPECT_TRUE(stretches.knows(4, 4));
  EXPECT_TRUE(stretches.knows(0, 2));
  EXPECT_FALSE(stretches.knows(0, 8));
  stretches.put(2, Bytes(2, std::byte{3}), room);
  EXPECT_TRUE(stretches.knows(0, 8));
  stretches.forget(3, 2);
  EXPECT_FALSE(stretches.knows(3, 1));
  EXPECT_TRUE(stretches.knows(5, 3));
  EXPECT_EQ(stretches.beginning().size(), 3U);
}

TEST(Stretches, GrowNoFurtherThanThereIsRoom) {
  Stretches stretches;
  std::uint64_t room = 100;
  stretches.put(0xffff'ff00, Bytes(0x80, std::byte{1}), room);  // as a hostile Buffer Offset may be
  EXPECT_EQ(room, 100U);
  EXPECT_FALSE(stretches.knows(0xffff'ff00, 1));
  stretches.put(50, Bytes(50, std::byte{2}), room);
  stretches.put(0, Bytes(50, std::byte{3}), room);
  EXPECT_EQ(room, 0U);
  EXPECT_TRUE(stretches.knows(0, 100));
}

TEST(Extents, AreASet) {
  Extents extents;
  extents.add(0, 10);
  extents.remove(3, 5);
  EXPECT_TRUE(extents.contains(0, 3));
  EXPECT_FALSE(extents.contains(3));
  EXPECT_FALSE(extents.contains(4));
  EXPECT_TRUE(extents.contains(5, 10));
  extents.add(3, 5);
  EXPECT_TRUE(extents.contains(0, 10));
  extents.remove(0, 100);
  EXPECT_TRUE(extents.runs().empty());
}

TEST(Commands, TellTheirBlocks) {
  std::array<std::byte, 16> cdb{};
  cdb[0] = std::byte{0x08};  // READ(6) of 0 blocks is of 256
  cdb[3] = std::byte{7};
  auto ranges = blocks_of(cdb, {});
  ASSERT_EQ(ranges.size(), 1U);
  EXPECT_EQ(ranges[0].first, 7U);
  EXPECT_EQ(ranges[0].count, 256U);
  cdb = {};
  cdb[0] = std::byte{0x42};  // UNMAP of blocks 0x2000 to 0x27ff
  Bytes list(24);
  iscsi::wire::store<8>(list, 8, 0x2000);
  iscsi::wire::store<4>(list, 16, 0x800);
  ranges = blocks_of(cdb, list);
  ASSERT_EQ(ranges.size(), 1U);
  EXPECT_EQ(ranges[0].first, 0x2000U);
  EXPECT_EQ(ranges[0].count, 0x800U);
}

TEST(Units, AreNumberedInTwoWays) {
  EXPECT_EQ(unit_number(0x0005'0000'0000'0000), 5);
  EXPECT_EQ(unit_number(0x4105'0000'0000'0000), 0x105);
  EXPECT_EQ(unit_number(0x8005'0000'0000'0000), std::nullopt);
  EXPECT_EQ(unit_number(0x0005'0000'0000'0001), std::nullopt);
}

TEST(Senses, AreReadInBothFormats) {
  Bytes fixed(20);
  fixed[1] = std::byte{18};
  fixed[2] = std::byte{0x70};
  fixed[4] = std::byte{0x06};
  fixed[14] = std::byte{0x29};
  EXPECT_EQ(read_sense(fixed), (Sense{.key = 6, .code = 0x29, .qualifier = 0}));
  Bytes descriptor(10);
  descriptor[1] = std::byte{8};
  descriptor[2] = std::byte{0x72};
  descriptor[3] = std::byte{0x05};
  descriptor[4] = std::byte{0x20};
  EXPECT_EQ(read_sense(descriptor), (Sense{.key = 5, .code = 0x20, .qualifier = 0}));
  EXPECT_EQ(read_sense(Bytes(3)), std::nullopt);
}

// What goes out of a recording before others see it.

TEST(Facts, KeepThePdusAndNoPayload) {
  const RecordedStory* one = find("captured/linux/reinstatement");
  ASSERT_NE(one, nullptr);
  Recording facts = one->recording;
  keep_facts(facts);
  EXPECT_EQ(facts.origin, Origin::captured_facts);
  ASSERT_EQ(facts.transcript.size(), one->recording.transcript.size());
  std::size_t blocks = 0;
  for (std::size_t i = 0; i < facts.transcript.size(); ++i) {
    const auto before = dissect(one->recording.transcript[i].bytes);
    const auto after = dissect(facts.transcript[i].bytes);
    if (!before || !after) continue;
    EXPECT_EQ(before->opcode(), after->opcode());
    EXPECT_EQ(before->data.size(), after->data.size());
    if (before->opcode() != 0x25 || before->data.size() < 512) continue;
    ++blocks;
    EXPECT_FALSE(std::ranges::equal(before->data, after->data)) << i;
  }
  EXPECT_GT(blocks, 3U);
  const RecordedStory story = as_story(std::move(facts));
  const CaseResult result = replay_in_process(story, {}, false);
  EXPECT_EQ(result.judgement.verdict, Verdict::pass) << told(result);
}

TEST(Facts, OfASessionThatStartsMidwayKeepNoPayloadEither) {
  const RecordedStory* one = find("captured/linux/reinstatement");
  ASSERT_NE(one, nullptr);
  Recording facts = one->recording;
  const auto is_data_in = [](const Record& record) {
    const auto parts = dissect(record.bytes);
    return record.kind == Record::Kind::received && parts && parts->opcode() == 0x25 &&
           parts->data.size() >= 512;
  };
  facts.transcript.erase(facts.transcript.begin(),
                         std::ranges::find_if(facts.transcript, is_data_in));
  ASSERT_FALSE(facts.transcript.empty());
  const Transcript before = facts.transcript;
  keep_facts(facts);
  ASSERT_EQ(facts.transcript.size(), before.size());
  for (std::size_t i = 0; i < before.size(); ++i)
    if (is_data_in(before[i])) {
      EXPECT_NE(before[i].bytes, facts.transcript[i].bytes) << i;
    }
}

TEST(Anonymise, LeavesNoNameAndNoSecret) {
  const RecordedStory* chap = find("captured/linux/chap");
  ASSERT_NE(chap, nullptr);
  Recording recording = chap->recording;
  anonymise(recording);
  const std::string text = print_recording(recording);
  for (const char* word : {"replayuser", "targetuser", "iqn.1993", "iqn.2003", "10.0.2"})
    EXPECT_EQ(text.find(word), std::string::npos) << word;
  EXPECT_NE(text.find("InitiatorName=iqn.2001-04.com.example:initiator-1"), std::string::npos);
}

TEST(Anonymise, LeavesNothingOfAKeyThatGoesOnInTheNextPdu) {
  Recording recording;
  const auto text_request = [](std::string_view text, bool goes_on) {
    Bytes pdu(48);
    pdu[0] = std::byte{0x04};
    pdu[1] = goes_on ? std::byte{0x40} : std::byte{0x80};  // C, or F
    pdu[7] = static_cast<std::byte>(text.size());
    for (const char c : text) pdu.push_back(static_cast<std::byte>(c));
    pdu.resize((pdu.size() + 3) / 4 * 4);
    Record record;
    record.kind = Record::Kind::sent;
    record.bytes = std::move(pdu);
    return record;
  };
  recording.transcript = {text_request("CHAP_R=0x12", true), text_request("3456", false)};
  anonymise(recording);
  for (const Record& record : recording.transcript) {
    const std::string_view text = iscsi::wire::as_text(record.bytes);
    EXPECT_EQ(text.find("12"), std::string_view::npos);
    EXPECT_EQ(text.find("34"), std::string_view::npos);
    EXPECT_EQ(text.find("56"), std::string_view::npos);
  }
}

// The target's own record.

TEST(Record, IsRepeatedBitForBit) {
  const RecordedStory* one = find("captured/qemu/block-driver");
  ASSERT_NE(one, nullptr);
  iscsi::server::Configuration configuration;
  configuration.logical_units = {{.size_bytes = 64U << 20U}};
  configuration.chap = {};
  auto target = InProcess::with(configuration);
  ASSERT_TRUE(target.has_value());
  Bytes record;
  target->record(
      [&record](ByteView bytes) { record.insert(record.end(), bytes.begin(), bytes.end()); });
  Settings settings;
  settings.target_name = configuration.target_name;
  settings.may_write = true;
  const CaseResult result = judge_recording(*one, {.play = settings}, *target);
  ASSERT_GT(result.transcript.size(), 20U);
  const auto repeated = iscsi::server::repeat_record(record);
  ASSERT_TRUE(repeated.has_value()) << repeated.error();
  std::uint64_t received = 0;
  for (const Record& each : result.transcript)
    if (each.kind == Record::Kind::received) received += each.bytes.size();
  EXPECT_EQ(repeated->bytes_sent, received);

  // A byte of an answer, changed: the new target does not give it.
  Bytes tampered = record;
  const auto answer = std::ranges::search(tampered, iscsi::wire::as_bytes("REFERENC"));
  ASSERT_FALSE(answer.empty());
  std::size_t packets = 0;
  for (ByteView rest{tampered}; const auto block = iscsi::wire::pcapng::take_block(rest);)
    if (block->from_target && !block->payload.empty() && ++packets == 5)
      tampered[static_cast<std::size_t>(block->payload.data() - tampered.data()) + 30] ^=
          std::byte{1};
  const auto broken = iscsi::server::repeat_record(tampered);
  ASSERT_FALSE(broken.has_value());
  EXPECT_NE(broken.error().find("other bytes were sent"), std::string::npos) << broken.error();
  // A record that is cut off.
  const auto cut = iscsi::server::repeat_record(ByteView{record}.first(record.size() - 40));
  EXPECT_FALSE(cut.has_value());
  EXPECT_FALSE(iscsi::server::repeat_record({}).has_value());
}

}  // namespace
}  // namespace conformance
