/// Targets that do nothing right must never be told that they did: every case of every story, acted
/// out against a target that closes at once, one that says nothing, and one that sends rubbish.

#include <gtest/gtest.h>

#include "conformance/peers.hpp"
#include "conformance/play/run.hpp"
#include "conformance/story/data.hpp"

namespace conformance {
namespace {

using iscsi::wire::Bytes;
using iscsi::wire::ByteView;

class Closer : public Peer {
  bool ends(ConnectionNumber) override { return true; }
};
/// Takes the first bytes before it closes.
class LateCloser : public Peer {
  Bytes received(ConnectionNumber, ByteView) override {
    spoken_to_ = true;
    return {};
  }
  bool ends(ConnectionNumber) override { return std::exchange(spoken_to_, false); }
  bool spoken_to_ = false;
};
class Silence : public Peer {};
class Rubbish : public Peer {
  Bytes received(ConnectionNumber, ByteView) override {
    Bytes bytes;
    for (std::uint64_t i = 0; i < 4096; ++i) bytes.push_back(pattern_byte(99, at_++));
    return bytes;
  }
  std::uint64_t at_ = 0;
};
/// Speaks before it is spoken to, and sends the same well-formed PDU for ever.
class Parrot : public Peer {
  Bytes received(ConnectionNumber, ByteView) override {
    Bytes bytes(48);
    bytes[0] = std::byte{0x20};
    bytes[1] = std::byte{0x80};
    return bytes;
  }
};

const Library& library() {
  static const auto read = Library::read(SOURCE_ROOT "/traces");
  EXPECT_TRUE(read.has_value()) << read.error().file << ": " << read.error().error.where << ": "
                                << read.error().error.what;
  return *read;
}

Settings hopeful() {
  Settings settings;
  settings.target_name = "iqn.2003-01.example.peer:disk";
  settings.answer_ms = 50;
  settings.quiet_ms = 10;
  settings.may_write = true;
  settings.facts = {{"block_size", std::uint64_t{512}},
                    {"last_block", std::uint64_t{99'999}},
                    {"block", std::uint64_t{0}},
                    {"blocks", std::uint64_t{100'000}},
                    {"writable_blocks", std::uint64_t{100'000}}};
  return settings;
}

template <class Hopeless>
std::vector<std::string> cases_passed_by(bool with_secret) {
  Settings settings = hopeful();
  if (with_secret) settings.initiator = Secret{"user", "secret"};
  std::vector<std::string> passed;
  for (const Case& one : library().cases()) {
    Hopeless peer;
    InMemory transport{static_cast<Peer&>(peer)};
    const CaseResult result = judge_case(one, settings, transport, false);
    const Verdict verdict = result.judgement.verdict;
    EXPECT_NE(verdict, Verdict::error) << one.name << ": " << result.judgement.what;
    if (verdict == Verdict::pass || verdict == Verdict::warn) passed.push_back(one.name);
  }
  return passed;
}

const std::vector<std::string> none;

TEST(AHopelessTarget, PassesNothingWhenItClosesEveryConnectionAtOnce) {
  EXPECT_EQ(cases_passed_by<Closer>(false), none);
  EXPECT_EQ(cases_passed_by<Closer>(true), none);
}
TEST(AHopelessTarget, PassesNothingWhenItClosesEveryConnectionAtTheFirstByte) {
  EXPECT_EQ(cases_passed_by<LateCloser>(false), none);
}
TEST(AHopelessTarget, PassesNothingWhenItAnswersNothing) {
  EXPECT_EQ(cases_passed_by<Silence>(false), none);
  EXPECT_EQ(cases_passed_by<Silence>(true), none);
}
TEST(AHopelessTarget, PassesNothingWhenItAnswersRubbish) {
  EXPECT_EQ(cases_passed_by<Rubbish>(false), none);
}
TEST(AHopelessTarget, PassesNothingWhenItRepeatsOnePduForEver) {
  EXPECT_EQ(cases_passed_by<Parrot>(false), none);
}

}  // namespace
}  // namespace conformance
