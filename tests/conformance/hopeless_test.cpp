/// Targets that do nothing right must never be told that they did: every case of every story, acted
/// out against a target that closes at once, one that says nothing, and one that sends rubbish.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

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
  bool spoken_to_ = false;

 protected:
  bool ends(ConnectionNumber) override { return std::exchange(spoken_to_, false); }
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

/// Answers everything with PDUs of the right layout and contents drawn by lot, now and then under
/// the task tag of the request.
class Babbler : public Peer {
 public:
  explicit Babbler(std::uint64_t seed = 1) : seed_{seed} {}

 private:
  Bytes received(ConnectionNumber, ByteView request) override {
    Bytes bytes;
    for (int i = 0; i < 3; ++i) {
      const auto pdu = iscsi::pdu::encode(drawn(request), drawn_bytes(draw() % 64));
      bytes.insert(bytes.end(), pdu.begin(), pdu.end());
    }
    return bytes;
  }
  iscsi::pdu::TargetPdu drawn(ByteView request) {
    static constexpr std::array<std::uint8_t, 10> opcodes{0x20, 0x21, 0x22, 0x23, 0x24,
                                                          0x25, 0x26, 0x31, 0x32, 0x3f};
    Bytes header = drawn_bytes(iscsi::pdu::bhs_bytes);
    header[0] = std::byte{opcodes[draw() % opcodes.size()]};
    for (int i = 4; i < 8; ++i) header[static_cast<std::size_t>(i)] = std::byte{};
    if (request.size() >= iscsi::pdu::bhs_bytes && draw() % 2 == 0)
      std::ranges::copy(request.subspan(16, 4), header.begin() + 16);
    const iscsi::pdu::Frame frame{.header = ByteView{header}.first<iscsi::pdu::bhs_bytes>()};
    return iscsi::pdu::decode_response(frame).value_or(iscsi::pdu::NopIn{});
  }
  Bytes drawn_bytes(std::size_t count) {
    Bytes bytes(count);
    for (std::byte& byte : bytes) byte = std::byte(draw());
    return bytes;
  }
  std::uint8_t draw() { return std::to_integer<std::uint8_t>(pattern_byte(seed_, at_++)); }
  std::uint64_t seed_;
  std::uint64_t at_ = 0;
};
/// Takes one connection, and is gone with the first PDU on it.
class Mortal : public LateCloser {
  bool ends(ConnectionNumber connection) override {
    const bool now = LateCloser::ends(connection);
    dead_ = dead_ || now;
    return now;
  }
  bool takes_connections() override { return !dead_; }
  bool dead_ = false;
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
TEST(AHopelessTarget, IsNeverFoundInOrderWhenItsPdusAreDrawnByLot) {
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U, 5U})
    for (const Case& one : library().cases()) {
      Babbler peer{seed};
      InMemory transport{static_cast<Peer&>(peer)};
      const CaseResult result = judge_case(one, hopeful(), transport, false);
      const Verdict verdict = result.judgement.verdict;
      EXPECT_NE(verdict, Verdict::error) << one.name << ": " << result.judgement.what;
      if (verdict != Verdict::pass && verdict != Verdict::warn) continue;
      EXPECT_FALSE(result.observation.findings.empty()) << one.name << ", seed " << seed;
    }
}

/// The manners in which a peer fails, over all cases that can be played.
template <class Hopeless>
std::set<Manner> manners_of() {
  std::set<Manner> manners;
  for (const Case& one : library().cases()) {
    Hopeless peer;
    InMemory transport{static_cast<Peer&>(peer)};
    const CaseResult result = judge_case(one, hopeful(), transport, false);
    if (result.judgement.verdict == Verdict::fail) manners.insert(result.judgement.manner);
  }
  return manners;
}

TEST(ADisconnectAHangAndACrash, AreToldApart) {
  EXPECT_EQ(manners_of<Closer>(), std::set{Manner::disconnect});
  EXPECT_EQ(manners_of<Silence>(), std::set{Manner::silence});
  EXPECT_EQ(manners_of<Mortal>(), (std::set{Manner::crash, Manner::unreachable}));
}

TEST(AHopelessTarget, PassesNothingWhenItRepeatsOnePduForEver) {
  EXPECT_EQ(cases_passed_by<Parrot>(false), none);
}

}  // namespace
}  // namespace conformance
