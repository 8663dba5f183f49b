/// Stories that are read, and the exact complaint about each that is not.

#include "conformance/story/loader.hpp"

#include <gtest/gtest.h>

#include "conformance/story/library.hpp"

namespace conformance {
namespace {

constexpr std::string_view whole = R"({
  "version": 1, "claim": "a ping is echoed", "rules": ["nop-out-is-answered"],
  "start": {"story": "start/full-feature", "with": {"HeaderDigest": "$digest"}},
  "parameters": {"digest": ["None", "CRC32C"], "length": [0, 5]},
  "requires": ["logical-unit", "HeaderDigest=$digest"],
  "steps": [
    {"send": {"NOP-Out": {"I": true, "InitiatorTaskTag": "none"}, "data": "text:hello"},
     "but": [{"field": "I", "is": 0}, {"bits": [2, 0, 16], "is": "0xffff"}], "as": "ping"},
    {"expect": [{"NOP-In": {"InitiatorTaskTag": {"not": 7}}, "data": "$ping"},
                {"close": {}, "verdict": "warn", "because": "a reason"}]},
    {"close": "reset"}
  ] })";

/// `where: what` of the refusal.
std::string complaint(std::string_view text) {
  const auto story = load_story("area/name", text);
  return story ? "accepted" : story.error().where + ": " + story.error().what;
}

/// A story with these steps and nothing else to complain about.
std::string with_steps(const std::string& steps) {
  return complaint(R"({"version": 1, "claim": "c", "rules": ["nop-out-is-answered"], "steps": [)" +
                   steps + "]}");
}

TEST(AStory, IsReadWithEverythingInIt) {
  const auto story = load_story("nop-out/ping", whole);
  ASSERT_TRUE(story.has_value()) << story.error().where << ": " << story.error().what;
  EXPECT_EQ(story->name, "nop-out/ping");
  EXPECT_EQ(story->rules, std::vector{iscsi::Rule::nop_out_is_answered});
  EXPECT_EQ(story->start, "start/full-feature");
  EXPECT_EQ(story->combinations.size(), 4U);
  EXPECT_EQ(story->needs.size(), 2U);
  ASSERT_EQ(story->steps.size(), 3U);
  const auto& send = std::get<SendPdu>(story->steps[0].what);
  EXPECT_EQ(send.pdu->name, "NOP-Out");
  EXPECT_EQ(send.fields.size(), 2U);
  ASSERT_EQ(send.but.size(), 2U);
  EXPECT_EQ(std::get<Damage::Set>(send.but[0].what).place, iscsi::pdu::bits(0, 1));
  const auto& expect = std::get<Expect>(story->steps[1].what);
  ASSERT_EQ(expect.outcomes.size(), 2U);
  EXPECT_EQ(expect.outcomes[1].kind, Outcome::Kind::close);
  EXPECT_EQ(expect.outcomes[1].verdict, Verdict::warn);
  EXPECT_TRUE(std::get<Close>(story->steps[2].what).reset);
}

TEST(AStory, IsRefusedWithThePlaceWhereItStopsBeingJson) {
  EXPECT_EQ(complaint("{\"version\": 1,\n  oops}"), "line 2, column 3: JSON text");
  EXPECT_EQ(complaint(""), "line 1, column 1: JSON text");
  EXPECT_EQ(complaint(R"({"version": 1, "version": 1})"),
            "member \"version\": a member comes once in its object");
  EXPECT_EQ(complaint(R"({"version": -1})"), "a number: a number that is not negative");
  EXPECT_EQ(complaint(R"({"version": 1.5})"), "a number: a whole number");
  EXPECT_EQ(complaint(std::string(70, '[')), "the text: no more than 64 levels of nesting");
}

TEST(AStory, IsRefusedForWhatTheGrammarDoesNotHave) {
  EXPECT_EQ(complaint("[]"), "the document: an object instead of an array");
  EXPECT_EQ(complaint("{}"), "the document: a member \"version\"");
  EXPECT_EQ(complaint(R"({"version": 2})"), "version: version 1 of the grammar");
  EXPECT_EQ(complaint(R"({"version": 1, "claim": 5})"), "claim: a string instead of a number");
  EXPECT_EQ(complaint(R"({"version": 1, "claim": "c", "rules": ["no-such-rule"], "steps": []})"),
            "rules[0]: the name of a rule of the ledger");
  EXPECT_EQ(complaint(R"({"version": 1, "claim": "c", "rules": [], "steps": []})"),
            "rules: at least one rule, unless the story lies in start/");
  EXPECT_EQ(complaint(R"({"version": 1, "clam": "c"})").substr(0, 24), "clam: one of the members");
  EXPECT_EQ(complaint(R"({"version": 1, "claim": "c"})"), "the document: a member \"rules\"");
}

TEST(AStep, IsRefusedWithThePathToTheFault) {
  EXPECT_EQ(with_steps("{}"), "steps[0]: one of send, expect, close, wait");
  EXPECT_EQ(with_steps(R"({"send": {"NOP-Out": {}}, "expect": "close"})"),
            "steps[0]: one of send, expect, close, wait");
  EXPECT_EQ(with_steps(R"({"send": {"NOP-In": {}}})"),
            "steps[0].send.NOP-In: the name of an initiator's PDU, \"login\" or \"data-out\"");
  EXPECT_EQ(with_steps(R"({"send": {"data": "text:x"}})"), "steps[0].send: the name of a PDU");
  EXPECT_EQ(with_steps(R"({"close": "slowly"})"), "steps[0].close: \"end\" or \"reset\"");
  EXPECT_EQ(with_steps(R"({"wait": "$"})"),
            "steps[0].wait: a number, a $name (expected a name behind \"$\")");
  EXPECT_EQ(with_steps(R"({"expect": []})"), "steps[0].expect: at least one outcome");
  EXPECT_EQ(with_steps(R"({"expect": "close", "but": []})"),
            "steps[0]: \"but\" and \"pieces\" only where a PDU is sent");
}

TEST(AField, IsRefusedWithTheNamesThereAre) {
  EXPECT_EQ(with_steps(R"({"send": {"SNACK Request": {"BegRum": 1}}})"),
            "steps[0].send.SNACK Request.BegRum: a field of SNACK Request (F, Type, LUN, "
            "InitiatorTaskTag, TargetTransferTag, ExpStatSN, BegRun, RunLength, Opcode, "
            "TotalAHSLength, DataSegmentLength)");
  EXPECT_EQ(with_steps(R"({"send": {"NOP-Out": {"F": 0}}})"),
            "steps[0].send.NOP-Out.F: a field with a value of its own; \"but\" changes the others");
  EXPECT_EQ(with_steps(R"({"send": {"NOP-Out": {"Opcode": 0}}})"),
            "steps[0].send.NOP-Out.Opcode: a field with a value of its own; \"but\" changes the "
            "others");
  EXPECT_EQ(
      with_steps(R"({"send": {"Logout Request": {"ReasonCode": "close it"}}})"),
      "steps[0].send.Logout Request.ReasonCode: a number, a $name, \"close the session\", "
      "\"close the connection\", \"remove the connection for recovery\" (expected a number or "
      "a $name, found \"close it\")");
}

TEST(Data, AreRefusedWhereTheyCannotBeMade) {
  EXPECT_EQ(with_steps(R"({"send": {"NOP-Out": {}, "data": "hello"}})"),
            "steps[0].send.data: data that begins with \"text:\", \"hex:\" or \"$\"");
  EXPECT_EQ(with_steps(R"({"send": {"NOP-Out": {}, "data": "hex:123"}})"),
            "steps[0].send.data: an even number of hexadecimal digits");
  EXPECT_EQ(with_steps(R"({"send": {"NOP-Out": {}, "data": "hex:xy"}})"),
            "steps[0].send.data: hexadecimal digits and spaces");
  EXPECT_EQ(with_steps(R"({"send": {"NOP-Out": {}, "data": {"pattern": 1}}})"),
            "steps[0].send.data: a member \"length\"");
  EXPECT_EQ(with_steps(R"({"send": {"Text Request": {}, "text": ["a=$"]}})"),
            "steps[0].send.text[0]: text with $names (\"$\" without a name)");
}

TEST(Damage, IsRefusedWhereThereIsNothingToSpoil) {
  const auto but = [](const std::string& damage) {
    return with_steps(R"({"send": {"NOP-Out": {}}, "but": [)" + damage + "]}");
  };
  EXPECT_EQ(but(R"({"bits": [0, 7, 2], "is": 1})"),
            "steps[0].but[0].bits: bits inside one byte of the header, or whole bytes");
  EXPECT_EQ(but(R"({"bits": [47, 0, 16], "is": 1})"),
            "steps[0].but[0].bits: bits inside one byte of the header, or whole bytes");
  EXPECT_EQ(but(R"({"digest": "both"})"), "steps[0].but[0].digest: \"header\" or \"data\"");
  EXPECT_EQ(but(R"({"field": "CDB", "is": 1})").substr(0, 40),
            "steps[0].but[0].field: a field of NOP-Ou");
  EXPECT_EQ(but(R"({"truncate": 3, "append": "text:x"})"), "accepted");
}

TEST(AVerdict, NeedsAReasonUnlessItIsPass) {
  EXPECT_EQ(with_steps(R"({"expect": {"NOP-In": {}, "verdict": "warn"}})"),
            "steps[0].expect: a \"because\" for a verdict other than pass");
  EXPECT_EQ(with_steps(R"({"expect": {"NOP-In": {}, "verdict": "good"}})"),
            "steps[0].expect.verdict: \"pass\", \"warn\", \"unsupported\" or \"fail\"");
}

TEST(ARule, ThatAStepJudgesStandsInTheListOfTheStory) {
  EXPECT_EQ(with_steps(R"({"expect": "close", "rule": "logout-ends-connection"})"),
            "rules: \"logout-ends-connection\" in it, which is judged at steps[0]");
}

using Texts = std::vector<std::pair<std::string, std::string>>;

std::string library_complaint(const Texts& texts) {
  const auto library = Library::from(texts);
  if (library) return "accepted";
  const auto& [file, error] = library.error();
  return file + ": " + error.where + ": " + error.what;
}

std::string story_text(const std::string& more) {
  return R"({"version": 1, "claim": "c", "rules": ["nop-out-is-answered"], "steps": [])" + more +
         "}";
}

TEST(ALibrary, RefusesAStartThatDoesNotExistOrComesRound) {
  EXPECT_EQ(library_complaint({{"a", story_text(R"(, "start": "b")")}}),
            "a.json: start: the name of a story, not b");
  EXPECT_EQ(library_complaint(
                {{"a", story_text(R"(, "start": "b")")}, {"b", story_text(R"(, "start": "a")")}}),
            "a.json: start: an end to the stories it starts from");
}

TEST(ALibrary, RefusesValuesThatTheStartDoesNotAskFor) {
  EXPECT_EQ(library_complaint({{"a", story_text(R"(, "start": {"story": "b", "with": {"x": 1}})")},
                               {"b", story_text(R"(, "defaults": {"y": 1})")}}),
            "a.json: start.with.x: a name that the start has among its defaults");
  EXPECT_EQ(library_complaint({{"a", story_text(R"(, "start": {"story": "b", "with": {"x": 1}})")},
                               {"b", story_text(R"(, "defaults": {"x": 2})")}}),
            "accepted");
}

TEST(ALibrary, MakesACaseOfEveryCombination) {
  const auto library = Library::from(
      {{"a/b", story_text(R"(, "start": "start/c", "parameters": {"x": [1, 2], "y": ["p", "q"]})")},
       {"start/c", story_text(R"(, "defaults": {"x": 7, "z": "$x and $y"})")}});
  ASSERT_TRUE(library.has_value());
  const auto cases = library->cases();
  ASSERT_EQ(cases.size(), 4U);
  EXPECT_EQ(cases[0].name, "a/b[x=1,y=p]");
  EXPECT_EQ(cases[3].name, "a/b[x=2,y=q]");
  const auto known = known_at_start(cases[3], {});
  ASSERT_TRUE(known.has_value());
  EXPECT_EQ(known->at("x"), Known{std::uint64_t{2}});
  EXPECT_EQ(known->at("z"), Known{std::string{"2 and q"}});
}

TEST(TheStories, AreAllReadable) {
  const auto library = Library::read(SOURCE_ROOT "/traces");
  ASSERT_TRUE(library.has_value()) << library.error().file << ": " << library.error().error.where
                                   << ": expected " << library.error().error.what;
  EXPECT_GT(library->cases().size(), 200U);
}

}  // namespace
}  // namespace conformance
