/// A conversation that is written as a capture lacks what it lacked before, and is judged the same.

#include <gtest/gtest.h>

#include "conformance/report/pcapng.hpp"
#include "conformance/requests.hpp"
#include "conformance/sins.hpp"
#include "conformance/wire_tap.hpp"
#include "support/captures_of_others.hpp"

namespace conformance {
namespace {

namespace fs = std::filesystem;
using iscsi::captures_below;
using iscsi::CapturesOfOthers;

/// A line per record: all that a capture can tell of it.
std::string print(const Transcript& records) {
  std::string text;
  for (const Record& record : records) {
    text += std::to_string(static_cast<int>(record.kind)) + (record.midway ? " midway " : " ") +
            std::to_string(record.connection) + " " + std::to_string(record.bytes.size());
    for (const Hole& hole : record.holes)
      text += " " + std::to_string(hole.offset) + "+" + std::to_string(hole.length);
    text += "\n";
  }
  return text;
}

std::vector<Bytes> bytes_of(const Transcript& records) {
  std::vector<Bytes> all;
  for (const Record& record : records) all.push_back(record.bytes);
  return all;
}

std::vector<std::tuple<iscsi::Rule, std::uint32_t, std::string>> told(const Observation& seen) {
  std::vector<std::tuple<iscsi::Rule, std::uint32_t, std::string>> findings;
  for (const Finding& one : seen.findings) findings.emplace_back(one.rule, one.byte, one.what);
  return findings;
}

void expect_the_same(const Transcript& records, const std::string& name) {
  EXPECT_FALSE(records.empty()) << name;
  const Reading converted = read(pcapng(records, name));
  EXPECT_EQ(converted.error, "") << name;
  EXPECT_EQ(print(converted.records), print(records)) << name;
  EXPECT_TRUE(bytes_of(converted.records) == bytes_of(records)) << name;
  for (const Side side : {Side::initiator, Side::target}) {
    const Observation before = observe(records, side);
    const Observation after = observe(converted.records, side);
    EXPECT_EQ(before.checked, after.checked) << name;
    EXPECT_EQ(before.inconclusive, after.inconclusive) << name;
    EXPECT_EQ(told(before), told(after)) << name;
  }
}

Bytes data_in(Scene& scene, std::size_t length) {
  scene.data_in(Scene::input(0, 0), std::string(length, 'x'));
  return scene.transcript.back().bytes;
}

/// On a tap, but for what the test leaves out.
class Converted : public testing::Test {
 protected:
  Tap tap;
  TappedConnection talk{tap, 40000, 3260};

  void say(const Scene& scene) {
    for (const Record& record : scene.transcript) {
      if (record.kind == Record::Kind::sent) talk.send(record.bytes);
      if (record.kind == Record::Kind::received) talk.answer(record.bytes);
    }
  }
  /// The conversation that is told by `more` on top of a login.
  static Scene behind_login(const Scene& more) {
    Scene rest = more;
    rest.transcript.erase(rest.transcript.begin(), rest.transcript.begin() + 3);
    return rest;
  }
  void wait() {
    for (int i = 0; i < 70; ++i) talk.acknowledge(0);
  }
  void expect_the_same() const {
    const Reading seen = read(tap.file);
    EXPECT_GT(seen.records.size(), 4U);
    conformance::expect_the_same(seen.records, "tapped");
  }
};

TEST_F(Converted, HolesStayHoles) {
  talk.open();
  Scene scene = acknowledged();
  say(scene);
  const Bytes answer = data_in(scene, 200'000);
  scene.say(Scene::read(200'000));
  talk.send(scene.transcript.back().bytes);
  talk.from(1, {answer.begin(), answer.begin() + 1000}, {});
  talk.from(1, {answer.begin() + 1000, answer.begin() + 150'000}, {.missed = true});
  talk.from(1, {answer.begin() + 150'000, answer.begin() + 160'000}, {});
  talk.from(1, {answer.begin() + 160'000, answer.end()}, {.missed = true});
  wait();
  talk.send(encode(ping(11)));
  const Reading seen = read(tap.file);
  ASSERT_GT(seen.records.size(), 4U);
  ASSERT_EQ(seen.records[4].holes.size(), 2U);
  expect_the_same();
}

TEST_F(Converted, LossesStayLosses) {
  talk.open();
  Scene scene = acknowledged();
  say(scene);
  talk.from(0, encode(ping()), {.missed = true});
  talk.send(encode(ping(11)));
  talk.from(1, encode(echo()), {.missed = true});
  wait();
  scene.answer(echo());
  talk.answer(scene.transcript.back().bytes);
  wait();
  talk.end(0, fin | ack);
  const Reading seen = read(tap.file);
  for (const auto kind : {Record::Kind::lost, Record::Kind::lost_sent})
    EXPECT_NE(std::ranges::find(seen.records, kind, &Record::kind), seen.records.end());
  expect_the_same();
}

TEST_F(Converted, WhatBeganBeforeStillDoes) {
  Scene scene = acknowledged();
  for (int i = 0; i < 5; ++i) scene.say(ping()).answer(echo());
  say(behind_login(scene));
  const Reading seen = read(tap.file);
  ASSERT_FALSE(seen.records.empty());
  EXPECT_TRUE(seen.records[0].midway);
  expect_the_same();
}

void expect_the_same(const std::vector<fs::path>& files) {
  for (const fs::path& file : files) {
    const auto records = read_all(file);
    EXPECT_TRUE(records.has_value()) << file;
    if (records) expect_the_same(*records, file.string());
  }
}

TEST(ConvertedCaptures, ThatAreShippedAreJudgedTheSame) {
  const auto files = captures_below(SOURCE_ROOT "/traces/captured");
  EXPECT_GE(files.size(), 15U);
  expect_the_same(files);
}

TEST_F(CapturesOfOthers, AreJudgedTheSameWhenTheyAreConverted) {
  // Of the compressed one, the first packets are another file.
  const auto files = captures_below(folder(), false);
  EXPECT_EQ(files.size(), 17U);
  expect_the_same(files);
}

}  // namespace
}  // namespace conformance
