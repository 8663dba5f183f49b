/// Captures, read PDU by PDU: what is missing, doubled, out of order, cut, or no iSCSI at all.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "conformance/capture/limits.hpp"
#include "conformance/capture/packet_capture.hpp"
#include "conformance/capture/proof.hpp"
#include "conformance/scene.hpp"
#include "conformance/wire_tap.hpp"

namespace conformance {
namespace {

// PDUs as other people's programs sent them, shortened in their texts where they have one.

Bytes with_text(Bytes header, std::string text) {
  std::ranges::replace(text, '/', '\0');
  const Bytes data{iscsi::wire::as_bytes(text).begin(), iscsi::wire::as_bytes(text).end()};
  iscsi::wire::store<3>(header, 5, data.size());
  header = header + data;
  header.resize(header.size() + iscsi::wire::padding(data.size()));
  return header;
}
Bytes login(const std::string& more = "") {
  return with_text(hex("43 87 00 00 00 000000 80f00d000000 0000 00000001 00000000 0000000a 00000000"
                       "00000000 00000000 00000000 00000000"),
                   "InitiatorName=iqn.2004-04.com.example:host/SessionType=Discovery/" + more);
}
Bytes login_answer(const std::string& text = "TargetPortalGroupTag=1/") {
  return with_text(hex("23 87 00 00 00 000000 80f00d000000 0001 00000001 00000000 00000064 0000000a"
                       "00000014 0000 0000 00000000 00000000"),
                   text);
}
/// READ(10) of 8 blocks with task tag and CmdSN `n`.
Bytes read_command(std::uint32_t n) {
  return hex("01 c1 0000 00 000000 0000000000000000") + big(n, 4) + hex("00001000") + big(n, 4) +
         hex("00000065 2800 00000800 00 0008 00 000000000000");
}
Bytes data_in(std::uint32_t n, std::size_t length) {
  Bytes data(length);
  for (std::size_t i = 0; i < length; ++i) data[i] = static_cast<std::byte>(i * 7);
  return hex("25 81 0000 00") + big(length, 3) + hex("0000000000000000") + big(n, 4) +
         hex("ffffffff") + big(101 + n - 10, 4) + big(n + 1, 4) + big(n + 11, 4) +
         hex("00000000 00000000 00000000") + data;
}
Bytes ping() {
  return hex(
      "40 80 0000 00 000000 0000000000000000 00000077 ffffffff 0000000a 00000065"
      "00000000 00000000 00000000 00000000");
}

constexpr std::uint16_t client = 40000;
constexpr std::uint16_t server = 860;

using Kinds = std::vector<Record::Kind>;
Kinds kinds_of(const Reading& reading) {
  Kinds kinds;
  for (const Record& record : reading.records) kinds.push_back(record.kind);
  return kinds;
}
std::vector<Bytes> pdus_of(const Reading& reading, Record::Kind kind) {
  std::vector<Bytes> pdus;
  for (const Record& record : reading.records)
    if (record.kind == kind) pdus.push_back(record.bytes);
  return pdus;
}
constexpr auto opened = Record::Kind::opened;
constexpr auto sent = Record::Kind::sent;
constexpr auto received = Record::Kind::received;

/// A connection that is logged in.
class Tapped : public testing::Test {
 protected:
  Tap tap;
  TappedConnection talk{tap, client, server};

  void log_in() {
    talk.open();
    talk.send(login());
    talk.answer(login_answer());
  }
  /// Packets of nothing, which pass the time.
  void wait(std::size_t packets = 70) {
    for (std::size_t i = 0; i < packets; ++i) talk.acknowledge(0);
  }
  [[nodiscard]] Reading reading() const { return read(tap.file); }
};

TEST_F(Tapped, AConversationIsRead) {
  log_in();
  talk.send(read_command(10));
  talk.answer(data_in(10, 4096));
  talk.end(0, fin | ack);
  talk.end(1, fin | ack);
  const Reading seen = reading();
  EXPECT_EQ(seen.error, "");
  EXPECT_EQ(kinds_of(seen), (Kinds{opened, sent, received, sent, received, Record::Kind::left}));
  EXPECT_TRUE(seen.notes.empty()) << seen.notes[0].text;
  EXPECT_FALSE(seen.records[0].midway);
  EXPECT_EQ(seen.records[1].bytes, login());
  EXPECT_EQ(seen.records[4].bytes, data_in(10, 4096));
  EXPECT_EQ(seen.records[0].packet, 1U);
  EXPECT_EQ(seen.records[1].packet, 3U);
  EXPECT_EQ(seen.records[4].packet, 6U);
  EXPECT_EQ(seen.records[4].at_us, 5000U);
  EXPECT_EQ(seen.endpoints[0].initiator, "192.0.2.1:40000");
  EXPECT_EQ(seen.endpoints[0].target, "192.0.2.2:860");
}

TEST_F(Tapped, WhoLogsInIsTheInitiatorWhateverItsPort) {
  TappedConnection backwards{tap, server, client};
  backwards.open();
  backwards.answer(login());
  backwards.send(login_answer());
  const Reading seen = reading();
  EXPECT_EQ(kinds_of(seen), (Kinds{opened, sent, received}));
  EXPECT_EQ(seen.endpoints[0].initiator, "192.0.2.2:40000");
}

TEST_F(Tapped, PdusAreCutAndJoinedAsSegmentsWillHaveIt) {
  log_in();
  const Bytes stream = read_command(10) + read_command(11) + ping();
  for (std::size_t i = 0; i < stream.size(); ++i)
    talk.send({stream.begin() + static_cast<std::ptrdiff_t>(i),
               stream.begin() + static_cast<std::ptrdiff_t>(i) + 1});
  talk.answer(data_in(10, 512) + data_in(11, 512));
  const Reading seen = reading();
  EXPECT_EQ(pdus_of(seen, sent),
            (std::vector{login(), read_command(10), read_command(11), ping()}));
  EXPECT_EQ(pdus_of(seen, received),
            (std::vector{login_answer(), data_in(10, 512), data_in(11, 512)}));
}

TEST_F(Tapped, WhatComesAgainCountsOnce) {
  log_in();
  talk.from(0, read_command(10), {.silent = true});
  talk.send(read_command(10));
  const Bytes command = read_command(10);
  talk.at(0, -20, Bytes(command.end() - 20, command.end()) + ping());
  talk.next[0] += 48;
  talk.send(read_command(11));
  const Reading seen = reading();
  EXPECT_EQ(pdus_of(seen, sent),
            (std::vector{login(), read_command(10), ping(), read_command(11)}));
  EXPECT_TRUE(seen.notes.empty());
}

TEST_F(Tapped, WhereBytesDifferTheFirstWin) {
  log_in();
  talk.send(read_command(10));
  talk.at(0, -24, Bytes(24, std::byte{0xee}) + ping());
  talk.next[0] += 48;
  // Ahead of its turn, too: the ping is there first.
  talk.at(0, 48, ping());
  talk.at(0, 0, read_command(11) + Bytes(48, std::byte{0x55}));
  talk.next[0] += 96;
  talk.send(read_command(12));
  const Reading seen = reading();
  EXPECT_EQ(pdus_of(seen, sent), (std::vector{login(), read_command(10), ping(), read_command(11),
                                              ping(), read_command(12)}));
  ASSERT_EQ(seen.notes.size(), 1U);
  EXPECT_EQ(seen.notes[0].packet, 8U);
}

TEST_F(Tapped, SegmentsThatChangedPlacesAreSorted) {
  log_in();
  talk.at(0, 96, ping());
  talk.at(0, 48, read_command(11));
  talk.at(0, 0, read_command(10));
  talk.next[0] += 144;
  const Reading seen = reading();
  EXPECT_EQ(pdus_of(seen, sent),
            (std::vector{login(), read_command(10), read_command(11), ping()}));
  for (const Record& record : seen.records)
    if (record.kind == sent && record.bytes != login()) {
      EXPECT_EQ(record.packet, 7U);
    }
}

TEST_F(Tapped, BytesThatOnlyTheReceiverHadAreHolesInTheirPdu) {
  log_in();
  talk.send(read_command(10));
  const Bytes answer = data_in(10, 4096);
  talk.answer({answer.begin(), answer.begin() + 1500});
  talk.from(1, {answer.begin() + 1500, answer.begin() + 3000}, {.missed = true});
  talk.answer({answer.begin() + 3000, answer.end()});
  talk.send(read_command(11));
  talk.answer(data_in(11, 512));
  wait();
  const Reading seen = reading();
  EXPECT_EQ(kinds_of(seen), (Kinds{opened, sent, received, sent, received, sent, received}));
  const Record& cut = seen.records[4];
  ASSERT_EQ(cut.bytes.size(), answer.size());
  ASSERT_EQ(cut.holes.size(), 1U);
  EXPECT_EQ(cut.holes[0].offset, 1500U);
  EXPECT_EQ(cut.holes[0].length, 1500U);
  EXPECT_TRUE(std::equal(answer.begin() + 3000, answer.end(), cut.bytes.begin() + 3000));
  EXPECT_EQ(cut.bytes[2000], std::byte{0});
  EXPECT_EQ(cut.packet, 7U);
}

TEST_F(Tapped, ThePduBehindAMissingEndIsInItsPlace) {
  log_in();
  talk.send(read_command(10));
  const Bytes answer = data_in(10, 4096);
  talk.answer({answer.begin(), answer.begin() + 1500});
  talk.from(1, {answer.begin() + 1500, answer.end()}, {.missed = true});
  talk.send(read_command(11));  // acknowledges it all
  talk.answer(data_in(11, 512));
  wait();
  const Reading seen = reading();
  EXPECT_EQ(kinds_of(seen), (Kinds{opened, sent, received, sent, received, sent, received}));
  EXPECT_EQ(seen.records[4].holes.size(), 1U);
  EXPECT_EQ(seen.records[6].bytes, data_in(11, 512));
}

TEST_F(Tapped, PacketsCutByTheSnapLengthAreHolesAtOnce) {
  log_in();
  talk.from(1, data_in(10, 4096), {.cut = 100});
  talk.answer(data_in(11, 512));
  const Reading seen = reading();
  EXPECT_EQ(kinds_of(seen), (Kinds{opened, sent, received, received, received}));
  ASSERT_EQ(seen.records[3].holes.size(), 1U);
  EXPECT_EQ(seen.records[3].holes[0].offset, 100U);
  EXPECT_EQ(seen.records[3].bytes.size(), 48U + 4096U);
  EXPECT_EQ(seen.records[4].bytes, data_in(11, 512));
}

TEST_F(Tapped, AMissingHeaderIsALossAndTheNextPduIsFound) {
  log_in();
  talk.from(0, read_command(10), {.missed = true});
  talk.send(ping());
  talk.answer(data_in(10, 512));
  wait();
  talk.send(read_command(11));
  const Reading seen = reading();
  EXPECT_EQ(kinds_of(seen),
            (Kinds{opened, sent, received, Record::Kind::lost_sent, sent, received, sent}));
  EXPECT_EQ(seen.records[4].bytes, ping());
  EXPECT_EQ(seen.notes.size(), 1U);
}

TEST_F(Tapped, ThatATargetsAnswersAreMissingIsTold) {
  log_in();
  talk.send(read_command(10));
  talk.from(1, data_in(10, 4096), {.missed = true});
  talk.send(read_command(11));
  talk.answer(data_in(11, 512));
  wait();
  const Reading seen = reading();
  EXPECT_EQ(kinds_of(seen),
            (Kinds{opened, sent, received, sent, Record::Kind::lost, sent, received}));
}

// The answer to the login is no answer; the initiator's next PDU waits for it, and so does all that
// the capture has behind that PDU.
TEST_F(Tapped, APduThatWaitsForTheLoginsAnswerHoldsBackWhatCameAfterIt) {
  talk.open();
  talk.send(login());
  talk.answer(Bytes(8, std::byte{0xff}));
  talk.send(read_command(10));
  talk.answer(Bytes(512, std::byte{0xff}));
  talk.end(1, fin | ack);
  const Reading seen = reading();
  EXPECT_EQ(pdus_of(seen, sent), (std::vector{login(), read_command(10)}));
  EXPECT_TRUE(std::ranges::is_sorted(seen.records, {}, &Record::packet));
}

TEST_F(Tapped, AGapLongerThanAnyPduIsALoss) {
  log_in();
  talk.send(read_command(10));
  talk.from(1, Bytes(3U << 20U), {.missed = true});
  talk.send(read_command(11));
  talk.answer(data_in(11, 512));
  wait();
  const Reading seen = reading();
  EXPECT_EQ(pdus_of(seen, received).back(), data_in(11, 512));
  EXPECT_EQ(pdus_of(seen, Record::Kind::lost).size(), 1U);
}

TEST_F(Tapped, ASessionThatBeganBeforeIsFoundInTheMiddle) {
  talk.answer(Bytes(300, std::byte{0x11}));  // the end of something
  for (std::uint32_t n = 10; n < 14; ++n) {
    talk.send(read_command(n));
    talk.answer(data_in(n, 512));
  }
  const Reading seen = reading();
  ASSERT_EQ(seen.records.size(), 9U);
  EXPECT_TRUE(seen.records[0].midway);
  EXPECT_EQ(pdus_of(seen, sent).size(), 4U);
  EXPECT_EQ(pdus_of(seen, received),
            (std::vector{data_in(10, 512), data_in(11, 512), data_in(12, 512), data_in(13, 512)}));
  EXPECT_EQ(seen.records[1].packet, 2U);
  EXPECT_EQ(seen.endpoints[0].initiator, "192.0.2.1:40000");
}

TEST_F(Tapped, DigestsComeFromTheLogin) {
  talk.open();
  talk.send(login("HeaderDigest=CRC32C/DataDigest=CRC32C/"));
  talk.answer(login_answer("HeaderDigest=CRC32C/DataDigest=CRC32C/"));
  const Bytes command = iscsi::pdu::encode(iscsi::pdu::NopOut{}, iscsi::wire::as_bytes("ping"),
                                           {.header = true, .data = true});
  ASSERT_EQ(command.size(), 60U);
  talk.send(command + command);
  EXPECT_EQ(pdus_of(reading(), sent).size(), 3U);
}

TEST_F(Tapped, DigestsAreFoundByTrialWhereTheLoginIsMissing) {
  for (const Digests digests : {Digests{true, true}, {true, false}, {false, true}, {}}) {
    Tap file;
    TappedConnection middle{file, client, server};
    const Bytes ask =
        iscsi::pdu::encode(iscsi::pdu::NopOut{.initiator_task_tag = InitiatorTaskTag{7}},
                           iscsi::wire::as_bytes("a ping of some bytes"), digests);
    const Bytes answer =
        iscsi::pdu::encode(iscsi::pdu::NopIn{.initiator_task_tag = InitiatorTaskTag{7}},
                           iscsi::wire::as_bytes("a ping of some bytes"), digests);
    for (int i = 0; i < 5; ++i) {
      middle.send(ask);
      middle.answer(answer);
    }
    const Reading seen = read(file.file);
    EXPECT_EQ(pdus_of(seen, sent), std::vector<Bytes>(5, ask)) << digests.header << digests.data;
    EXPECT_EQ(pdus_of(seen, received), std::vector<Bytes>(5, answer));
    EXPECT_EQ(seen.records.size(), 11U);
  }
}

TEST_F(Tapped, AHeaderThatItsDigestContradictsIsUnreadable) {
  talk.open();
  talk.send(login("HeaderDigest=CRC32C/"));
  talk.answer(login_answer("HeaderDigest=CRC32C/"));
  Bytes good = iscsi::pdu::encode(iscsi::pdu::NopIn{}, {}, {.header = true});
  Bytes bad = good;
  bad[20] ^= std::byte{1};
  talk.answer(bad + good + good);
  const Reading seen = reading();
  EXPECT_EQ(kinds_of(seen),
            (Kinds{opened, sent, received, Record::Kind::unreadable, received, received}));
  ASSERT_TRUE(seen.records[3].violation.has_value());
  EXPECT_EQ(seen.records[3].violation->rule, iscsi::Rule::header_digest_matches);
}

TEST_F(Tapped, ASynBeginsANewConnectionBetweenTheSamePorts) {
  log_in();
  talk.next = {77, 78};
  log_in();
  talk.end(1, rst);
  talk.next = {770, 780};
  log_in();
  const Reading seen = reading();
  EXPECT_EQ(kinds_of(seen), (Kinds{opened, sent, received, Record::Kind::left, opened, sent,
                                   received, Record::Kind::broken, opened, sent, received}));
  EXPECT_EQ(seen.endpoints.size(), 3U);
  EXPECT_TRUE(seen.records[3].midway);  // nobody was seen to end the first
  EXPECT_EQ(seen.records[3].packet, 5U);
  ASSERT_EQ(seen.notes.size(), 1U);
  EXPECT_EQ(seen.notes[0].packet, 5U);
}

/// Each of them has had 60000 bytes: together more than may wait, if they counted as waiting.
TEST_F(Tapped, ConnectionsThatAreSilentHoldNothing) {
  const Bytes answer = data_in(10, 60'000);
  for (std::uint16_t n = 0; n < 1200; ++n) {
    TappedConnection other{tap, static_cast<std::uint16_t>(1024 + n), server};
    other.open();
    other.send(login());
    other.answer(login_answer());
    other.answer(answer);
  }
  log_in();
  talk.send(read_command(10));
  const Bytes cut_in_two = data_in(10, 4096);
  talk.answer({cut_in_two.begin(), cut_in_two.begin() + 1000});
  talk.answer({cut_in_two.begin() + 1000, cut_in_two.end()});
  const Reading seen = reading();
  EXPECT_EQ(seen.records.back().bytes, cut_in_two);
  EXPECT_TRUE(seen.notes.empty());
}

TEST_F(Tapped, WhatIsForgottenIsOver) {
  log_in();
  for (std::size_t n = 0; n < capture_limits::connections; ++n) {
    TappedConnection other{tap, static_cast<std::uint16_t>(1024 + n), server};
    other.open();
  }
  const Reading seen = reading();
  EXPECT_EQ(kinds_of(seen), (Kinds{opened, sent, received, Record::Kind::left}));
  EXPECT_TRUE(seen.records.back().midway);
}

TEST_F(Tapped, AResetIsToldBySide) {
  log_in();
  talk.end(0, rst | ack);
  EXPECT_EQ(kinds_of(reading()), (Kinds{opened, sent, received, Record::Kind::left_by_reset}));
}

TEST_F(Tapped, OtherConversationsAreLeftOut) {
  TappedConnection web{tap, 50000, 80};
  web.open();
  const std::string request =
      "GET / HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\n\r\n          ";
  const auto text = iscsi::wire::as_bytes(request);
  web.send({text.begin(), text.end()});
  TappedConnection old{tap, 50001, 443};
  for (int i = 0; i < 40; ++i) old.answer(Bytes(1400, static_cast<std::byte>(i * 37)));
  log_in();
  const Reading seen = reading();
  EXPECT_EQ(kinds_of(seen), (Kinds{opened, sent, received}));
  EXPECT_EQ(seen.endpoints[0].target, "192.0.2.2:860");
}

TEST_F(Tapped, RecordsOfSeveralConnectionsComeInTheOrderOfTheirPackets) {
  log_in();
  TappedConnection other{tap, 40001, server};
  other.open();
  other.send(login());
  other.answer(login_answer());
  talk.from(0, read_command(10), {.missed = true});  // the first waits for it
  talk.send(ping());
  for (std::uint32_t n = 10; n < 13; ++n) {
    other.send(read_command(n));
    other.answer(data_in(n, 512));
  }
  talk.answer(data_in(10, 512));
  wait();
  std::uint64_t before = 0;
  for (const Record& record : reading().records) {
    EXPECT_GE(record.packet, before);
    before = record.packet;
  }
  EXPECT_EQ(reading().records.size(), 6U + 6U + 3U);
}

TEST_F(Tapped, AFileThatEndsTooSoonSaysWhereAndGivesWhatItHas) {
  log_in();
  talk.send(read_command(10));
  for (std::size_t cut = 1; cut < 100; ++cut) {
    const Reading seen = read(ByteView{tap.file}.first(tap.file.size() - cut));
    EXPECT_TRUE(seen.error.starts_with("packet 5: ")) << seen.error;
    EXPECT_EQ(kinds_of(seen), (Kinds{opened, sent, received}));
  }
}

TEST_F(Tapped, WhatIsNoCaptureIsRefused) {
  for (const std::string& text : std::vector<std::string>{"", "x", "{\"a\": 1}", "[1]", "[{}]",
                                                          "[{\"_source\": 1}", "[", "[,",
                                                          "[{\"_source\":{\"layers\":{"
                                                          "\"frame_raw\":[\"0g\"]}}}]"})
    EXPECT_NE(read(iscsi::wire::as_bytes(text)).error, "") << text;
  EXPECT_EQ(read(iscsi::wire::as_bytes("[]")).error, "");
  Tap strange{105};  // IEEE 802.11
  strange.packet(hex("00"));
  EXPECT_TRUE(read(strange.file).error.starts_with("packets of link type 105")) << "link";
}

/// A file that is made for it could have the same bytes looked at for ever.
TEST_F(Tapped, PdusAreLookedForAsLongAsTheEffortLasts) {
  Stream stream;
  stream.begin(1);
  const Bytes pdus = data_in(10, 4096) + data_in(11, 4096);
  Segment segment;
  segment.sequence = 1;
  segment.data = pdus;
  segment.length = pdus.size();
  ASSERT_TRUE(stream.add(segment, {.packet = 1}));
  Effort effort;
  Search search;
  const auto found = search.run(stream, Role::target, any_digests(), {}, effort);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->pdus, 2U);
  EXPECT_FALSE(effort.is_used_up());
  effort.spend(capture_limits::effort_of_connection);
  EXPECT_FALSE(search.run(stream, Role::target, any_digests(), {}, effort).has_value());
  EXPECT_EQ(search.rejected(), pdus.size());
  effort.earn(1);
  EXPECT_FALSE(effort.is_used_up());
}

TEST_F(Tapped, IpFragmentsAreLeftOutAndNoted) {
  log_in();
  tap.packet(ethernet(ip4(tcp({.source = client, .destination = server}, ping()), false, 0x2000)));
  const Reading seen = reading();
  ASSERT_EQ(seen.notes.size(), 1U);
  EXPECT_EQ(seen.notes[0].packet, 5U);
}

// One whose turn is over has the place of the last that was taken.
TEST(RecordQueue, GivesRecordsInTheirOrderAndThoseOfOneOrderAsTheyCame) {
  std::mt19937 random{7};
  RecordQueue queue;
  std::multimap<std::uint64_t, ConnectionNumber> model;  // names, by order
  std::uint64_t taken = 0;
  for (ConnectionNumber name = 1; name < 20000; ++name) {
    const std::uint64_t order = name / 4 + (random() % 3 == 0 ? random() % 50 : 40);
    Record record;
    record.connection = name;
    record.packet = order;
    record.at_us = order;
    record.bytes.resize(random() % 64);
    model.emplace(std::max(order, taken), name);
    queue.add(order, std::move(record));
    while (!model.empty() && random() % 100 < (name % 1000 < 500 ? 40U : 70U)) {
      taken = model.begin()->first;
      ASSERT_EQ(queue.first_order(), taken);
      const Record first = queue.take_first();
      ASSERT_EQ(first.connection, model.begin()->second);
      ASSERT_EQ(first.packet, taken);
      ASSERT_EQ(first.at_us, taken);
      model.erase(model.begin());
    }
    ASSERT_EQ(queue.empty(), model.empty());
    ASSERT_EQ(queue.held() == 0, model.empty());
  }
}

}  // namespace
}  // namespace conformance
