#include "login/authentication.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <string>
#include <vector>

#include "login/talk.hpp"
#include "text/grammar.hpp"

namespace iscsi::login {
namespace {

// Responses to the challenge 17, 00 01 … 0f, and the target's to 200, f0 e1 … 0f; all computed by
// Python's hashlib.
const std::string alice_md5 = "c524b7a35c6db949789d4633e5d57d58";
const std::string alice_sha1 = "9509899d1d18b20916626adf19f3c8be3b0eab80";
const std::string alice_sha256 = "2a51bb7e17b485c371b413cec57266ae26bae08f098bb1ed81601a916fb5b3d9";
const std::string alice_sha3 = "2aa3b740696ee6356fc826cd9441fa0075965d059372fcc70ecee5d8c2aa4178";
const std::string target_own_md5 = "939d3767e1530f44e55c9776deee43c2";  // to the target's challenge
const std::string counter = "f0e1d2c3b4a5968778695a4b3c2d1e0f";
const std::string target_md5 = "0f1dad084840a6884756cfba50911265";
const std::string target_sha256 =
    "3bb9d32779cde661f4b892f8b50cfcdbbeedd2350575aa98b005035b57d35036";

/// One exchange, and what it goes by.
struct Bench {
  Configuration configuration = plain_configuration();
  Authentication authentication = Authentication::required;
  std::vector<chap::Challenge> elsewhere{};
  std::array<std::byte, chap::fresh_bytes> fresh = counting_bytes();
  Exchange exchange{};

  Bench() {
    configuration.accounts = {{"alice", "alice-secret-0123"},
                              {"0xabc", "hexname-secret-1"},
                              {"0babc", "b64name-secret-1"}};
    configuration.own_account = Account{"target", "target-secret-456"};
  }

  /// The answer's pairs as "key=value", or the slug of the rule broken.
  Pairs take(const Pairs& sent) {
    text_ = joined(sent);
    const auto keys = text::parse(text_);
    const auto answer = login::authenticate(exchange, *keys,
                                            {.authentication = authentication,
                                             .configuration = configuration,
                                             .fresh = fresh,
                                             .challenges_elsewhere = elsewhere});
    if (!answer) {
      violation = answer.error();
      return {std::string(about(answer.error().rule).slug)};
    }
    Pairs pairs;
    for (const text::Pair& pair : *answer) pairs.push_back(pair.key + "=" + pair.value);
    return pairs;
  }

  /// Up to the point where CHAP_R is due.
  Bench& challenged(const std::string& algorithms = "5") {
    EXPECT_EQ(take({"AuthMethod=CHAP"}), Pairs{"AuthMethod=CHAP"});
    EXPECT_EQ(take({"CHAP_A=" + algorithms}).size(), 3U);
    return *this;
  }

  Violation violation{};

 private:
  std::string text_;
};

Pairs broken(Rule rule) { return {std::string(about(rule).slug)}; }

// Step "method".

TEST(AuthMethod, IsTheFirstOfTheListThatTheTargetMayUse) {
  struct Case {
    Authentication authentication;
    std::string list;
    std::string chosen;
  };
  using enum Authentication;
  for (const auto& [authentication, list, chosen] :
       {Case{required, "CHAP", "CHAP"}, Case{required, "None,CHAP", "CHAP"},
        Case{required, "KRB5,SPKM1,SPKM2,SRP,CHAP,None", "CHAP"},
        Case{required, "Z-com.example.guess,Z#New,CHAP", "CHAP"},
        Case{optional, "CHAP,None", "CHAP"}, Case{optional, "None,CHAP", "None"},
        Case{optional, "SRP,None", "None"}, Case{none, "CHAP,None", "None"},
        Case{none, "None", "None"}}) {
    Bench bench;
    bench.authentication = authentication;
    EXPECT_EQ(bench.take({"AuthMethod=" + list}), Pairs{"AuthMethod=" + chosen}) << list;
    EXPECT_EQ(bench.exchange.step,
              chosen == "CHAP" ? AuthenticationStep::algorithm : AuthenticationStep::done);
  }
}

TEST(AuthMethod, IsRejectedWhenTheListHasNothingUsable) {
  struct Case {
    Authentication authentication;
    std::string list;
  };
  using enum Authentication;
  for (const auto& [authentication, list] :
       {Case{required, "None"}, Case{required, "KRB5,SRP,None"}, Case{required, "chap"},
        Case{none, "CHAP"}, Case{optional, "SRP"}, Case{none, "none"}}) {
    Bench bench;
    bench.authentication = authentication;
    EXPECT_EQ(bench.take({"AuthMethod=" + list}), broken(Rule::authentication_method_is_usable))
        << list;
    EXPECT_EQ(bench.violation.byte, 11U);
  }
}

TEST(AuthMethod, ProposesNoAnswers) {
  for (const auto* word : {"Reject", "Irrelevant", "NotUnderstood"})
    EXPECT_EQ(Bench().take({std::string("AuthMethod=") + word}),
              broken(Rule::reserved_word_is_only_an_answer));
  EXPECT_EQ(Bench().take({"AuthMethod=KRB5,Reject,CHAP"}),
            broken(Rule::reserved_word_is_only_an_answer));
}

TEST(AuthMethod, IsAListInOrder) {
  EXPECT_EQ(Bench().take({"AuthMethod=CHAP;None"}), broken(Rule::text_value_has_its_characters));
}

TEST(AuthMethod, ComesAloneAndFirst) {
  EXPECT_EQ(Bench().take({"AuthMethod=CHAP", "CHAP_A=5"}),
            broken(Rule::authentication_step_has_no_other_keys));
  EXPECT_EQ(Bench().take({"CHAP_A=5"}), broken(Rule::authentication_step_has_no_other_keys));
  EXPECT_EQ(Bench().take({"KRB_AP_REQ=0x00"}), broken(Rule::authentication_step_has_no_other_keys));
}

TEST(AuthMethod, MayBeWaitedFor) {
  Bench bench;
  EXPECT_EQ(bench.take({}), Pairs{});
  EXPECT_EQ(bench.exchange, Exchange{});
}

TEST(AuthMethod, NoneIsFollowedByNoKeys) {
  Bench bench;
  bench.authentication = Authentication::optional;
  bench.take({"AuthMethod=None"});
  EXPECT_EQ(bench.take({}), Pairs{});
  EXPECT_EQ(bench.take({"CHAP_A=5"}), broken(Rule::authentication_step_has_no_other_keys));
}

// The target proposes.

TEST(AuthMethod, ProposedByTheTargetIsSelectedTogetherWithTheFirstStep) {
  Bench bench;
  EXPECT_EQ(propose_method(bench.exchange), (text::Pair{"AuthMethod", "CHAP"}));
  EXPECT_EQ(bench.take({"AuthMethod=CHAP", "CHAP_A=5"}),
            (Pairs{"CHAP_A=5", "CHAP_I=17", "CHAP_C=0x000102030405060708090a0b0c0d0e0f"}));
  EXPECT_EQ(bench.exchange.step, AuthenticationStep::response);
}

TEST(AuthMethod, ProposedByTheTargetIsNotPassedOver) {
  struct Case {
    Pairs sent;
    Rule rule;
  };
  for (const auto& [sent, rule] :
       {Case{{}, Rule::authentication_is_not_skipped},
        Case{{"CHAP_A=5"}, Rule::authentication_is_not_skipped},
        Case{{"AuthMethod=Reject"}, Rule::authentication_is_not_skipped},
        Case{{"AuthMethod=None"}, Rule::list_answer_was_proposed},
        Case{{"AuthMethod=CHAP,None", "CHAP_A=5"}, Rule::list_answer_was_proposed},
        Case{{"AuthMethod=CHAP"}, Rule::authentication_step_has_its_keys},
        Case{{"AuthMethod=CHAP", "CHAP_A=5", "CHAP_N=alice"},
             Rule::authentication_step_has_no_other_keys}}) {
    Bench bench;
    static_cast<void>(propose_method(bench.exchange));
    EXPECT_EQ(bench.take(sent), broken(rule)) << joined(sent);
  }
}

// Step "algorithm".

TEST(ChapAlgorithm, IsTheFirstOfTheListWhateverItsOrder) {
  struct Case {
    std::string list;
    std::string chosen;
  };
  for (const auto& [list, chosen] :
       {Case{"5", "5"}, Case{"5,7", "5"}, Case{"7,6,5", "7"}, Case{"8,5", "8"}, Case{"6,5", "6"},
        Case{"7,5", "7"}, Case{"56,255,5", "5"}, Case{"0x7,5", "7"}, Case{"5,5", "5"},
        Case{"MD5,5", "5"}, Case{"05,6", "6"}, Case{"18446744073709551621,7", "7"}}) {
    Bench bench;
    bench.take({"AuthMethod=CHAP"});
    EXPECT_EQ(bench.take({"CHAP_A=" + list}),
              (Pairs{"CHAP_A=" + chosen, "CHAP_I=17", "CHAP_C=0x000102030405060708090a0b0c0d0e0f"}))
        << list;
  }
}

TEST(ChapAlgorithm, IsRefusedWhenNoneIsUsable) {
  for (const auto* list : {"56", "1,2,3,4", "MD5", "261", "4294967301"}) {
    Bench bench;
    bench.take({"AuthMethod=CHAP"});
    EXPECT_EQ(bench.take({std::string("CHAP_A=") + list}), broken(Rule::chap_algorithm_is_usable))
        << list;
  }
  Bench bench;
  bench.configuration.algorithms = {chap::Algorithm::md5};
  bench.take({"AuthMethod=CHAP"});
  EXPECT_EQ(bench.take({"CHAP_A=7,6"}), broken(Rule::chap_algorithm_is_usable));
}

TEST(ChapAlgorithm, IsAListInOrder) {
  Bench bench;
  bench.take({"AuthMethod=CHAP"});
  EXPECT_EQ(bench.take({"CHAP_A=5;6"}), broken(Rule::text_value_has_its_characters));
}

TEST(ChapAlgorithm, ListOfNothingIsRefused) {
  Bench bench;
  bench.take({"AuthMethod=CHAP"});
  bench.take({"CHAP_A="});
  EXPECT_NE(bench.exchange.step, AuthenticationStep::response);
  EXPECT_NE(bench.violation, Violation{});
}

TEST(ChapAlgorithm, StepHasCHAP_AAndNothingElse) {
  struct Case {
    Pairs sent;
    Rule rule;
  };
  for (const auto& [sent, rule] :
       {Case{{}, Rule::authentication_step_has_its_keys},
        Case{{"CHAP_N=alice", "CHAP_R=0x" + alice_md5},
             Rule::authentication_step_has_no_other_keys},
        Case{{"CHAP_A=5", "CHAP_I=200"}, Rule::authentication_step_has_no_other_keys},
        Case{{"SRP_U=alice"}, Rule::authentication_step_has_no_other_keys}}) {
    Bench bench;
    bench.take({"AuthMethod=CHAP"});
    EXPECT_EQ(bench.take(sent), broken(rule)) << joined(sent);
  }
}

TEST(ChapChallenge, IsMadeOfTheEventsFreshBytesEachTime) {
  Bench one;
  one.challenged();
  Bench other;
  other.fresh[16] = std::byte{0xff};
  other.take({"AuthMethod=CHAP"});
  EXPECT_EQ(other.take({"CHAP_A=5"})[2], "CHAP_C=0x000102030405060708090a0b0c0d0eff");
  EXPECT_NE(one.exchange.challenge, other.exchange.challenge);
}

// Step "response", one way.

TEST(ChapResponse, ProvesTheInitiatorByEachAlgorithm) {
  struct Case {
    std::string algorithm;
    std::string response;
  };
  for (const auto& [algorithm, response] : {Case{"5", alice_md5}, Case{"6", alice_sha1},
                                            Case{"7", alice_sha256}, Case{"8", alice_sha3}}) {
    Bench bench;
    bench.challenged(algorithm);
    EXPECT_EQ(bench.take({"CHAP_N=alice", "CHAP_R=0x" + response}), Pairs{}) << algorithm;
    EXPECT_EQ(bench.exchange.step, AuthenticationStep::done);
    EXPECT_EQ(bench.exchange.user, "alice");
  }
}

TEST(ChapResponse, IsReadInEitherNotationAndCase) {
  std::string upper = alice_md5;
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  for (const std::string& notation :
       {"0x" + alice_md5, "0X" + alice_md5, "0x" + upper, std::string("0bxSS3o1xtuUl4nUYz5dV9WA=="),
        std::string("0BxSS3o1xtuUl4nUYz5dV9WA==")})
    EXPECT_EQ(Bench().challenged().take({"CHAP_N=alice", "CHAP_R=" + notation}), Pairs{})
        << notation;
}

TEST(ChapResponse, ComesWithItsKeysInAnyOrder) {
  EXPECT_EQ(Bench().challenged().take({"CHAP_R=0x" + alice_md5, "CHAP_N=alice"}), Pairs{});
}

TEST(ChapResponse, IsWrongForEveryFlippedBit) {
  for (std::size_t bit = 0; bit < 128; ++bit) {
    auto bytes = bytes_of(alice_md5);
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_EQ(Bench().challenged().take({"CHAP_N=alice", "CHAP_R=0x" + hexadecimal(bytes)}),
              broken(Rule::chap_response_is_right))
        << bit;
  }
}

TEST(ChapResponse, IsWrongFromAnybodyElse) {
  for (const auto* name : {"bob", "Alice", "alice ", "", "target"}) {
    Bench bench;
    bench.challenged();
    EXPECT_EQ(bench.take({std::string("CHAP_N=") + name, "CHAP_R=0x" + alice_md5}),
              broken(Rule::chap_response_is_right))
        << name;
    EXPECT_EQ(bench.exchange.user, "");
  }
  // The empty secret opens no unknown account.
  EXPECT_EQ(Bench().challenged().take({"CHAP_N=bob", "CHAP_R=0x64c10ac13196552a6ed8f338ed305c31"}),
            broken(Rule::chap_response_is_right));
}

TEST(ChapResponse, OfAnotherAlgorithmIsWrong) {
  EXPECT_EQ(Bench().challenged("7").take({"CHAP_N=alice", "CHAP_R=0x" + alice_sha3}),
            broken(Rule::chap_response_is_right));
}

/// Seeds of CVE-2018-14633 and CVE-2026-63886: longer than the digest, in both notations.
TEST(ChapResponse, OfTheWrongLengthIsWrongAndNotDecoded) {
  for (const std::size_t bytes : {1U, 15U, 17U, 32U, 255U, 1023U, 1024U}) {
    const std::string digits(2 * bytes, 'a');
    EXPECT_EQ(Bench().challenged().take({"CHAP_N=alice", "CHAP_R=0x" + digits}),
              broken(Rule::chap_response_is_right))
        << bytes;
  }
  EXPECT_EQ(Bench().challenged().take({"CHAP_N=alice", "CHAP_R=0x00" + alice_md5}),
            broken(Rule::chap_response_is_right));
  EXPECT_EQ(Bench().challenged().take({"CHAP_N=alice", "CHAP_R=0b" + std::string(124, 'A')}),
            broken(Rule::chap_response_is_right));
  EXPECT_EQ(Bench().challenged("7").take({"CHAP_N=alice", "CHAP_R=0b" + std::string(124, 'A')}),
            broken(Rule::chap_response_is_right));
}

TEST(ChapResponse, OfMoreThan1024BytesBreaksTheFormat) {
  EXPECT_EQ(Bench().challenged().take({"CHAP_N=alice", "CHAP_R=0x" + std::string(2 * 1025, '0')}),
            broken(Rule::binary_within_limit));
  EXPECT_EQ(Bench().challenged().take({"CHAP_N=alice", "CHAP_R=0b" + std::string(1368, 'A')}),
            broken(Rule::binary_within_limit));
}

TEST(ChapResponse, InNoNotationBreaksTheFormat) {
  for (const auto& [value, rule] : std::vector<std::pair<std::string, Rule>>{
           {"", Rule::binary_is_a_constant},
           {"0x", Rule::binary_is_a_constant},
           {"0xzz", Rule::binary_is_a_constant},
           {alice_md5, Rule::binary_is_a_constant},
           {"0bA", Rule::base64_is_well_formed},
           {"12345678", Rule::decimal_binary_has_known_length}})
    EXPECT_EQ(Bench().challenged().take({"CHAP_N=alice", "CHAP_R=" + value}), broken(rule))
        << value;
}

TEST(ChapName, ThatLooksLikeANumberIsText) {
  EXPECT_EQ(
      Bench().challenged().take({"CHAP_N=0xabc", "CHAP_R=0x64e317640c1efe9ba1ae5e0fcdb27c35"}),
      Pairs{});
  EXPECT_EQ(
      Bench().challenged().take({"CHAP_N=0babc", "CHAP_R=0x487aac1b9854384b41fe978d0f328076"}),
      Pairs{});
  // The name 0xabc is not the name whose bytes are 0a bc.
  EXPECT_EQ(
      Bench().challenged().take({"CHAP_N=0x0abc", "CHAP_R=0x64e317640c1efe9ba1ae5e0fcdb27c35"}),
      broken(Rule::chap_response_is_right));
}

TEST(ChapName, Has255BytesAtMost) {
  const std::string name(255, 'n');
  Bench bench;
  bench.configuration.accounts = {{name, "alice-secret-0123"}};
  bench.challenged();
  EXPECT_EQ(bench.take({"CHAP_N=" + name, "CHAP_R=0x" + alice_md5}), Pairs{});
  EXPECT_EQ(Bench().challenged().take({"CHAP_N=" + name + "n", "CHAP_R=0x" + alice_md5}),
            broken(Rule::text_value_within_limit));
}

TEST(ChapResponse, StepHasItsKeysAndNoOthers) {
  const std::string name = "CHAP_N=alice";
  const std::string response = "CHAP_R=0x" + alice_md5;
  const std::string identifier = "CHAP_I=200";
  const std::string challenge = "CHAP_C=0x" + counter;
  struct Case {
    Pairs sent;
    Rule rule;
  };
  const auto missing = Rule::authentication_step_has_its_keys;
  const auto stray = Rule::authentication_step_has_no_other_keys;
  for (const auto& [sent, rule] :
       {Case{{}, missing}, Case{{name}, missing}, Case{{response}, missing},
        Case{{name, response, identifier}, missing}, Case{{name, response, challenge}, missing},
        // The attack that 8.2 describes: a challenge to the target, and no response to it.
        Case{{name, identifier, challenge}, missing},
        Case{{response, identifier, challenge}, missing}, Case{{identifier, challenge}, missing},
        Case{{name, response, "CHAP_A=5"}, stray}, Case{{name, response, "SRP_U=alice"}, stray},
        Case{{"CHAP_A=5"}, stray}}) {
    Bench bench;
    EXPECT_EQ(bench.challenged().take(sent), broken(rule)) << joined(sent);
    EXPECT_NE(bench.exchange.step, AuthenticationStep::done);
  }
}

TEST(ChapResponse, EndsTheExchange) {
  Bench bench;
  bench.challenged().take({"CHAP_N=alice", "CHAP_R=0x" + alice_md5});
  EXPECT_EQ(bench.take({}), Pairs{});
  EXPECT_EQ(bench.take({"CHAP_N=alice", "CHAP_R=0x" + alice_md5}),
            broken(Rule::authentication_step_has_no_other_keys));
}

TEST(ChapResponse, CannotBeCheckedWithoutItsDigest) {
  for (const bool with_own_account : {true, false}) {
    Bench bench;
    if (!with_own_account) bench.configuration.own_account.reset();
    bench.challenged();
    ASSERT_EQ(EVP_set_default_properties(nullptr, "fips=yes"), 1);
    const auto answer = bench.take({"CHAP_N=alice", "CHAP_R=0x" + alice_md5});
    ASSERT_EQ(EVP_set_default_properties(nullptr, ""), 1);
    EXPECT_EQ(answer, broken(Rule::target_can_compute));
    EXPECT_EQ(bench.violation, (Violation{Rule::target_can_compute, 0, 5}));
  }
}

// Step "response", both ways.

Pairs mutual(const std::string& identifier, const std::string& challenge) {
  return {"CHAP_N=alice", "CHAP_R=0x" + alice_md5, "CHAP_I=" + identifier, "CHAP_C=" + challenge};
}

TEST(MutualChap, ProvesTheTarget) {
  EXPECT_EQ(Bench().challenged().take(mutual("200", "0x" + counter)),
            (Pairs{"CHAP_N=target", "CHAP_R=0x" + target_md5}));
  EXPECT_EQ(Bench().challenged().take(mutual("0xc8", "0b8OHSw7Sllod4aVpLPC0eDw==")),
            (Pairs{"CHAP_N=target", "CHAP_R=0x" + target_md5}));
  EXPECT_EQ(Bench().challenged("7").take(
                {"CHAP_N=alice", "CHAP_R=0x" + alice_sha256, "CHAP_I=200", "CHAP_C=0x" + counter}),
            (Pairs{"CHAP_N=target", "CHAP_R=0x" + target_sha256}));
}

TEST(MutualChap, TakesChallengesUpTo1024Bytes) {
  wire::Bytes longest(1024);
  for (std::size_t i = 0; i < longest.size(); ++i) longest[i] = static_cast<std::byte>(i * 7 + 3);
  EXPECT_EQ(Bench().challenged().take(mutual("200", "0x" + hexadecimal(longest))),
            (Pairs{"CHAP_N=target", "CHAP_R=0xbc1b672d87e8b4f6c78867f878e602fb"}));
  EXPECT_EQ(Bench().challenged().take(mutual("200", "0x" + std::string(2 * 1025, '1'))),
            broken(Rule::binary_within_limit));
}

TEST(MutualChap, WantsAnIdentifierOfOneByte) {
  for (const auto& [value, rule] : std::vector<std::pair<std::string, Rule>>{
           {"256", Rule::chap_identifier_is_one_byte},
           {"0x100", Rule::chap_identifier_is_one_byte},
           {"18446744073709551615", Rule::chap_identifier_is_one_byte},
           {"18446744073709551616", Rule::number_below_two_to_64},
           {"007", Rule::decimal_has_no_leading_zero},
           {"-1", Rule::number_is_a_constant},
           {"", Rule::number_is_a_constant}})
    EXPECT_EQ(Bench().challenged().take(mutual(value, "0x" + counter)), broken(rule)) << value;
  EXPECT_EQ(Bench().challenged().take(mutual("0", "0x" + counter)).size(), 2U);
  EXPECT_EQ(Bench().challenged().take(mutual("255", "0x" + counter)).size(), 2U);
}

TEST(MutualChap, ProvesNothingToWhoHasProvedNothing) {
  EXPECT_EQ(Bench().challenged().take(
                {"CHAP_N=alice", "CHAP_R=0x" + counter, "CHAP_I=200", "CHAP_C=0x" + counter}),
            broken(Rule::chap_response_is_right));
}

TEST(MutualChap, RefusesItsOwnChallengeInAnyNotation) {
  for (const auto* challenge : {"0x000102030405060708090a0b0c0d0e0f",
                                "0b"
                                "AAECAwQFBgcICQoLDA0ODw=="})
    EXPECT_EQ(Bench().challenged().take(mutual("200", challenge)),
              broken(Rule::chap_challenge_is_not_reflected))
        << challenge;
}

TEST(MutualChap, RefusesAChallengeReflectedFromAnotherConnection) {
  Bench bench;
  chap::Challenge other{.identifier = 9};
  std::ranges::copy(bytes_of(counter), other.value.begin());
  bench.elsewhere = {chap::Challenge{}, other};
  EXPECT_EQ(bench.challenged().take(mutual("200", "0x" + counter)),
            broken(Rule::chap_challenge_is_not_reflected));
}

TEST(MutualChap, RefusesAResponseThatTheTargetWouldGive) {
  // 8.2.1: even where the initiator's account has the same secret, and the response is right.
  Bench bench;
  bench.configuration.accounts.push_back({"twin", "target-secret-456"});
  EXPECT_EQ(bench.challenged().take({"CHAP_N=twin", "CHAP_R=0x" + target_own_md5}),
            broken(Rule::chap_secrets_differ));
  Bench stranger;
  EXPECT_EQ(stranger.challenged().take({"CHAP_N=alice", "CHAP_R=0x" + target_own_md5}),
            broken(Rule::chap_secrets_differ));
}

TEST(MutualChap, IsRefusedWithoutAnOwnAccount) {
  Bench bench;
  bench.configuration.own_account.reset();
  EXPECT_EQ(bench.challenged().take(mutual("200", "0x" + counter)),
            broken(Rule::target_can_be_authenticated));
}

TEST(MutualChap, UsesAWeakSecretUnderIpsecOnly) {
  Bench bench;
  bench.configuration.own_account = Account{"target", "short-secre"};  // 88 bits
  EXPECT_EQ(Bench(bench).challenged().take(mutual("200", "0x" + counter)),
            broken(Rule::chap_secret_is_strong));
  bench.configuration.encrypted_by_ipsec = true;
  EXPECT_EQ(Bench(bench).challenged().take(mutual("200", "0x" + counter)),
            (Pairs{"CHAP_N=target", "CHAP_R=0xf490f0477a370adec8a468058c44054a"}));
  bench.configuration.encrypted_by_ipsec = false;
  bench.configuration.own_account = Account{"target", "short-secret"};  // 96 bits
  EXPECT_EQ(Bench(bench).challenged().take(mutual("200", "0x" + counter)),
            (Pairs{"CHAP_N=target", "CHAP_R=0xccfa3587fef39f25aa6cdfb95ded1217"}));
}

// Where a refusal points: at a value, or at the text as a whole.

TEST(AuthenticationRefusal, OfKeysThatAreMissingPointsAtTheWholeText) {
  Bench half;
  half.challenged().take({"CHAP_N=alice"});
  EXPECT_EQ(half.violation, (Violation{Rule::authentication_step_has_its_keys, 0, 1}));
  Bench skipped;
  static_cast<void>(propose_method(skipped.exchange));
  skipped.take({"CHAP_A=5", "CHAP_N=alice"});
  EXPECT_EQ(skipped.violation, (Violation{Rule::authentication_is_not_skipped, 0, 2}));
}

TEST(AuthenticationRefusal, OfALongResponseTellsHowLongItIs) {
  Bench bench;
  bench.challenged().take({"CHAP_N=alice", "CHAP_R=0x" + std::string(2 * 17, 'a')});
  EXPECT_EQ(bench.violation, (Violation{Rule::chap_response_is_right, 20, 17}));
}

TEST(AuthenticationRefusal, OfAChallengePointsAtTheChallenge) {
  // CHAP_N takes 13 bytes, CHAP_R 42, CHAP_I 11, and "CHAP_C=" 7.
  constexpr std::uint32_t challenge = 73;
  Bench reflected;
  reflected.challenged().take(mutual("200", "0x000102030405060708090a0b0c0d0e0f"));
  EXPECT_EQ(reflected.violation, (Violation{Rule::chap_challenge_is_not_reflected, challenge, 16}));
  Bench weak;
  weak.configuration.own_account = Account{"target", "short-secre"};
  weak.challenged().take(mutual("200", "0x" + counter));
  EXPECT_EQ(weak.violation, (Violation{Rule::chap_secret_is_strong, challenge, 11}));
  Bench nameless;
  nameless.configuration.own_account.reset();
  nameless.challenged().take(mutual("200", "0x" + counter));
  EXPECT_EQ(nameless.violation, (Violation{Rule::target_can_be_authenticated, challenge, 0}));
}

// Leaving the stage.

TEST(SecurityStage, IsLeftWhenTheExchangeIsOverOrNotWanted) {
  using enum Authentication;
  using enum AuthenticationStep;
  for (const Authentication authentication : {none, optional, required})
    for (const AuthenticationStep step : {method, algorithm, response, done}) {
      const bool may = step == done || (step == method && authentication != required);
      EXPECT_EQ(may_leave_security(Exchange{.step = step}, authentication), may);
    }
}

}  // namespace
}  // namespace iscsi::login
