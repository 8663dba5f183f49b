/// Recordings: every byte comes back from the JSON, and the loader says what is wrong where.

#include "conformance/recording/recording.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "conformance/capture/capture.hpp"
#include "conformance/recording/convert.hpp"
#include "conformance/recording/exchanges.hpp"
#include "conformance/recording/world.hpp"
#include "conformance/report/pcapng.hpp"
#include "pdu/codec.hpp"
#include "support/captures_of_others.hpp"
#include "text/grammar.hpp"

namespace conformance {
namespace {

using iscsi::captures_below;
using iscsi::CapturesOfOthers;
using iscsi::wire::Bytes;
using iscsi::wire::ByteView;

Bytes hex(std::string_view digits) {
  std::string packed{"0x"};
  for (const char c : digits)
    if (c != ' ') packed += c;
  return iscsi::text::decode_binary(packed, 0, 1U << 20U).value();
}

/// A NOP-Out by hand (RFC 3720 10.18): immediate, tag 1, CmdSN 2, ExpStatSN 3, four bytes of data.
const Bytes ping =
    hex("40 80 0000 00 000004 0000000000000000 00000001 ffffffff 00000002 00000003 "
        "00000000 00000000 00000000 00000000 70696e67");

Recording of(std::vector<Record> transcript) {
  return {.name = "hand/made",
          .claim = "made by hand",
          .source = "this test",
          .initiator = "nobody",
          .target = "nobody",
          .connections = {{"192.0.2.1:49152", "192.0.2.2:3260"}},
          .transcript = std::move(transcript)};
}

Record sent(Bytes bytes) { return {.kind = Record::Kind::sent, .bytes = std::move(bytes)}; }

/// The transcript after a journey through JSON.
Transcript again(const Recording& recording) {
  const auto loaded = load_recording(recording.name, print_recording(recording));
  EXPECT_TRUE(loaded.has_value()) << loaded.error().where << ": " << loaded.error().what;
  return loaded ? loaded->transcript : Transcript{};
}

::testing::AssertionResult same(const Transcript& before, const Transcript& after) {
  if (before.size() != after.size()) return ::testing::AssertionFailure() << "other records";
  for (std::size_t i = 0; i < before.size(); ++i) {
    const Record& a = before[i];
    const Record& b = after[i];
    const auto holes = [](const Hole& x, const Hole& y) {
      return x.offset == y.offset && x.length == y.length;
    };
    if (a.kind != b.kind || a.connection != b.connection || a.at_us != b.at_us ||
        a.bytes != b.bytes || a.violation != b.violation || a.damaged != b.damaged ||
        a.midway != b.midway || a.packet != b.packet ||
        !std::ranges::equal(a.holes, b.holes, holes))
      return ::testing::AssertionFailure() << "record " << i << " differs";
  }
  return ::testing::AssertionSuccess();
}

TEST(Recording, SaysAPduInTheWordsOfTheRfc) {
  const std::string text = print_recording(of({sent(ping)}));
  EXPECT_NE(text.find("{\"sent\": {\"NOP-Out\": {\"I\": 1, \"InitiatorTaskTag\": 1, "
                      "\"TargetTransferTag\": \"none\", \"CmdSN\": 2, \"ExpStatSN\": 3}, "
                      "\"data\": \"hex:70696e67\"}, \"at\": 0}"),
            std::string::npos)
      << text;
}

TEST(Recording, KeepsWhatTheLayoutHasNoWordFor) {
  Bytes odd = ping;
  odd[2] = std::byte{0x55};  // reserved
  odd[1] = std::byte{0x00};  // the fixed bit is missing
  odd[7] = std::byte{3};     // DataSegmentLength 3: the fourth byte is padding
  EXPECT_TRUE(same({sent(odd)}, again(of({sent(odd)}))));
  const std::string text = print_recording(of({sent(odd)}));
  EXPECT_NE(text.find("{\"bits\": [1, 0, 8], \"is\": 0}"), std::string::npos) << text;
  EXPECT_NE(text.find("{\"bits\": [2, 0, 8], \"is\": 85}"), std::string::npos) << text;
  EXPECT_NE(text.find("{\"padding\": \"hex:67\"}"), std::string::npos) << text;
}

TEST(Recording, KeepsDigestsRightAndWrong) {
  for (const bool right : {true, false}) {
    Bytes stream;
    const auto fixed = ByteView{ping}.first<iscsi::pdu::bhs_bytes>();
    iscsi::pdu::HeaderBytes header{};
    std::ranges::copy(fixed, header.begin());
    iscsi::pdu::append(stream, header, {}, ByteView{ping}.last(4), {.header = true, .data = true});
    if (!right) stream.back() ^= std::byte{1};
    EXPECT_TRUE(same({sent(stream)}, again(of({sent(stream)}))));
    const std::string text = print_recording(of({sent(stream)}));
    EXPECT_EQ(text.find("\"digest\": \"data\"") == std::string::npos, right) << text;
  }
}

TEST(Recording, KeepsPdusThatAreNone) {
  Bytes unknown = ping;
  unknown[0] = std::byte{0x1f};
  for (const Bytes& bytes : {unknown, Bytes(ping.begin(), ping.begin() + 50), Bytes(3)})
    EXPECT_TRUE(same({sent(bytes)}, again(of({sent(bytes)}))));
}

TEST(Recording, KeepsEverythingElseOfARecord) {
  const std::vector<Record> records{
      {.kind = Record::Kind::opened, .connection = 7, .midway = true},
      {.kind = Record::Kind::lost_sent, .connection = 7, .at_us = 5, .packet = 9},
      {.kind = Record::Kind::unreadable,
       .connection = 7,
       .at_us = 6,
       .bytes = Bytes(5),
       .violation = iscsi::Violation{iscsi::Rule::pdu_is_complete, 1, 2}},
      {.kind = Record::Kind::sent,
       .connection = 7,
       .bytes = ping,
       .damaged = true,
       .holes = {{.offset = 48, .length = 4}}},
      {.kind = Record::Kind::left_by_reset, .connection = 7}};
  EXPECT_TRUE(same(records, again(of(records))));
}

TEST(Recording, TellsRepeatedBlocksOnce) {
  Bytes block(512);
  for (std::size_t i = 0; i < block.size(); ++i) block[i] = static_cast<std::byte>(i * 7 % 251);
  Bytes pdu = ping;
  pdu.resize(iscsi::pdu::bhs_bytes);
  iscsi::wire::store<3>(pdu, 5, 1024);
  for (int i = 0; i < 2; ++i) pdu.insert(pdu.end(), block.begin(), block.end());
  const std::vector<Record> records{sent(pdu), sent(pdu)};
  const std::string text = print_recording(of(records));
  EXPECT_LT(text.size(), 2400U) << text;  // base64 of one kilobyte is 1368 characters
  EXPECT_NE(text.find("\"record\": 0, \"from\": 0, \"length\": 512"), std::string::npos) << text;
  EXPECT_TRUE(same(records, again(of(records))));
}

TEST(Recording, AnyPduComesBack) {
  EXPECT_TRUE(rc::check("bytes, JSON, the same bytes", [] {
    std::vector<Record> records;
    const auto count = *rc::gen::inRange<std::size_t>(1, 6);
    for (std::size_t i = 0; i < count; ++i) {
      const auto raw =
          *rc::gen::container<std::vector<std::uint8_t>>(48, rc::gen::arbitrary<std::uint8_t>());
      Bytes bytes(raw.size());
      std::ranges::transform(raw, bytes.begin(), [](std::uint8_t byte) { return std::byte{byte}; });
      const bool sensible = *rc::gen::arbitrary<bool>();
      const auto data = *rc::gen::inRange<std::size_t>(0, 70);
      const auto ahs = *rc::gen::inRange<std::size_t>(0, 3);
      if (sensible) {
        const auto pdus = iscsi::pdu::descriptions();
        const auto& pdu = pdus[*rc::gen::inRange<std::size_t>(0, pdus.size())];
        bytes[0] = static_cast<std::byte>(pdu.opcode) | (bytes[0] & std::byte{0xc0});
        iscsi::wire::store<1>(bytes, 4, ahs);
        iscsi::wire::store<3>(bytes, 5, data);
        bytes.resize(48 + ahs * 4 + (data + 3) / 4 * 4 + *rc::gen::element(0U, 4U, 8U),
                     *rc::gen::arbitrary<bool>() ? std::byte{0x41} : std::byte{0});
      }
      const auto opcode = std::to_integer<unsigned>(bytes[0]) & 0x3fU;
      records.push_back({.kind = opcode < 0x20 ? Record::Kind::sent : Record::Kind::received,
                         .bytes = std::move(bytes)});
    }
    RC_ASSERT(same(records, again(of(records))));
  }));
}

// The loader.

std::string refusal(std::string_view record) {
  const std::string text =
      "{\"version\": 2, \"claim\": \"\", \"origin\": \"captured\", \"source\": \"\", "
      "\"initiator\": \"\", \"target\": \"\", \"connections\": [], \"recorded\": [" +
      std::string{record} + "]}";
  const auto loaded = load_recording("x", text);
  return loaded ? "" : loaded.error().where + ": " + loaded.error().what;
}

TEST(RecordingLoader, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(refusal("{\"opened\": {}, \"at\": 0}"), "");
  EXPECT_EQ(refusal("{\"opened\": {}}"), "recorded[0]: a member \"at\"");
  EXPECT_EQ(refusal("{\"at\": 0}"),
            "recorded[0]: a member that says what happened, such as \"sent\"");
  EXPECT_EQ(refusal("{\"sent\": {\"NOP-In\": {}}, \"at\": 0}"),
            "recorded[0].sent.NOP-In: the name of an initiator's PDU, or bytes");
  EXPECT_EQ(refusal("{\"sent\": {\"NOP-Out\": {\"I\": 2}}, \"at\": 0}"),
            "recorded[0].sent.NOP-Out.I: a number of 1 bits");
  EXPECT_TRUE(refusal("{\"sent\": {\"NOP-Out\": {\"Nop\": 2}}, \"at\": 0}")
                  .starts_with("recorded[0].sent.NOP-Out.Nop: a field of NOP-Out"));
  EXPECT_TRUE(refusal("{\"sent\": {\"NOP-Out\": {\"DataSegmentLength\": 2}}, \"at\": 0}")
                  .starts_with("recorded[0].sent.NOP-Out.DataSegmentLength: a field"));
  EXPECT_EQ(refusal("{\"sent\": {\"NOP-Out\": {}, \"data\": \"hex:0\"}, \"at\": 0}"),
            "recorded[0].sent.data: an even number of hexadecimal digits");
  EXPECT_EQ(refusal("{\"sent\": {\"NOP-Out\": {}, \"data\": {\"record\": 0, \"from\": 0, "
                    "\"length\": 1}}, \"at\": 0}"),
            "recorded[0].sent.data.record: an earlier record with that much data");
  EXPECT_EQ(refusal("{\"sent\": {\"NOP-Out\": {}, \"data\": {\"fill\": 0, \"length\": "
                    "17000000}}, \"at\": 0}"),
            "recorded[0].sent.data.length: fewer bytes");
  EXPECT_EQ(refusal("{\"sent\": {\"NOP-Out\": {}, \"digests\": [\"data\"]}, \"at\": 0}"),
            "recorded[0].sent.digests[0]: no digest of data without data");
  EXPECT_EQ(refusal("{\"sent\": {\"NOP-Out\": {}}, \"at\": 0, \"missing\": [[40, 4]]}"),
            "recorded[0].missing[0]: a run of bytes of the PDU, behind its header");
  EXPECT_EQ(load_recording("x", "[").error().where.substr(0, 4), "line");
}

TEST(RecordingLoader, ALittleTextCannotBecomeALotOfBytes) {
  std::string records;
  for (int i = 0; i < 40; ++i)
    records += std::string{i == 0 ? "" : ","} +
               "{\"sent\": {\"NOP-Out\": {}, \"data\": {\"fill\": 0, \"length\": 16000000}}, "
               "\"at\": 0}";
  EXPECT_NE(refusal(records), "");
}

// Captures.

const std::filesystem::path shipped{SOURCE_ROOT "/traces/captured"};

Recording captured(const std::filesystem::path& file) {
  auto transcript = read_all(file);
  EXPECT_TRUE(transcript.has_value()) << (transcript ? "" : transcript.error());
  return of(transcript ? *std::move(transcript) : Transcript{});
}

void expect_back(const std::vector<std::filesystem::path>& files, std::size_t least) {
  EXPECT_GE(files.size(), least);
  for (const auto& file : files) {
    const Recording recording = captured(file);
    EXPECT_FALSE(recording.transcript.empty()) << file;
    EXPECT_TRUE(same(recording.transcript, again(recording))) << file;
  }
}

TEST(Recording, EveryPduOfEveryShippedCaptureComesBack) {
  expect_back(captures_below(shipped), 15);
}

TEST_F(CapturesOfOthers, ComeBackAsRecordings) { expect_back(captures_below(folder(), false), 17); }

TEST(Recording, AsACaptureItIsReadBack) {
  const auto files = captures_below(shipped);
  ASSERT_FALSE(files.empty());
  const auto file = *std::ranges::min_element(
      files, {}, [](const auto& path) { return std::filesystem::file_size(path); });
  const Recording before = captured(file);
  const std::string path = ::testing::TempDir() + "recording_test.pcapng";
  const Bytes bytes = pcapng(before.transcript, "x");
  std::ofstream{path, std::ios::binary} << iscsi::wire::as_text(bytes);
  const Recording after = captured(path);
  std::vector<Bytes> first;
  std::vector<Bytes> second;
  for (const Record& record : before.transcript)
    if (!record.bytes.empty()) first.push_back(record.bytes);
  for (const Record& record : after.transcript)
    if (!record.bytes.empty()) second.push_back(record.bytes);
  EXPECT_EQ(first, second) << file;
}

}  // namespace
}  // namespace conformance
