#include "login/chap.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "login/hexadecimal.hpp"

namespace iscsi::login::chap {
namespace {

using wire::as_bytes;
using wire::Bytes;

/// 1,024 bytes, the longest challenge (RFC 3720 11.1.4): byte i is 7 i + 3 modulo 256.
Bytes long_challenge() {
  Bytes bytes(1024);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 7 + 3);
  return bytes;
}

struct Known {
  Algorithm algorithm;
  std::uint8_t identifier;
  std::string secret;
  Bytes challenge;
  std::string response;  // hexadecimal
};

/// Computed by Python's hashlib: hashlib.new(name, bytes([identifier]) + secret + challenge).
std::vector<Known> known_answers() {
  const Bytes counting = bytes_of("000102030405060708090a0b0c0d0e0f");
  const Bytes longest = long_challenge();
  const std::string key = "0123456789abcdef";
  return {
      {Algorithm::md5, 0x17, "twelve-bytes", counting, "8d707d1e8603dbaa7fd0e6d042863287"},
      {Algorithm::sha1, 0x17, "twelve-bytes", counting, "51ff521fc6c5eb8e11fdea0df39829f440c4e07f"},
      {Algorithm::sha256, 0x17, "twelve-bytes", counting,
       "fa97f3f07e86bfbe1e62a4a76573d175939c496b8d5ad1baf62e5501a4c474b6"},
      {Algorithm::sha3_256, 0x17, "twelve-bytes", counting,
       "ffc00fe0de822146ded4f873c833c4889f8cc54d8e433a154c72fb4438ec1684"},
      {Algorithm::md5, 0xff, key, longest, "0a28d9c201577e266eef96a94fe3b692"},
      {Algorithm::sha1, 0xff, key, longest, "7edebd164d2de7fe2e00e2bfb46cda2587001046"},
      {Algorithm::sha256, 0xff, key, longest,
       "04d6d8efc560191eceb5f6e772edb8699d7d61b4f559f766a77cc434da40007a"},
      {Algorithm::sha3_256, 0xff, key, longest,
       "133a83b10b05cacee5851755b242ec45c96061a8ff8be3c09a18eda5939a1237"},
  };
}

TEST(Chap, RespondsAsTheKnownAnswersSay) {
  for (const Known& known : known_answers()) {
    const auto response =
        respond(known.algorithm, known.identifier, as_bytes(known.secret), known.challenge);
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(hexadecimal(response->view()), known.response) << about(known.algorithm).digest;
  }
}

TEST(Chap, RespondsAsOpenIscsiAndLioDidInACapturedMutualLogin) {
  // linux61_lio_chap: open-iscsi 2.1.8 proves itself to LIO with "replaysecret12" ...
  const Bytes from_target = bytes_of("47c9055ff0fc25cfe1db7fe1f4654cec");
  EXPECT_EQ(
      hexadecimal(respond(Algorithm::md5, 1, as_bytes("replaysecret12"), from_target)->view()),
      "4d3079dbe8f16b2a8ec29b85c7ae60c2");
  // ... and LIO to open-iscsi with "targetsecret34".
  const Bytes from_initiator = bytes_of("3cd242d3022d5e8dec3e8a3f056e4208");
  EXPECT_EQ(
      hexadecimal(respond(Algorithm::md5, 53, as_bytes("targetsecret34"), from_initiator)->view()),
      "8c38a4d00fcdaeaf108e1e179320b094");
}

TEST(Chap, SeparatesTheSecretFromTheChallengeByNothing) {
  // The hash runs over the bytes as they follow one another (RFC 1994 4.1), nulls included.
  const Bytes joined = bytes_of("61006200");
  const auto one =
      respond(Algorithm::sha256, 5, std::span(joined).first(1), std::span(joined).subspan(1));
  const auto other =
      respond(Algorithm::sha256, 5, std::span(joined).first(3), std::span(joined).subspan(3));
  EXPECT_EQ(hexadecimal(one->view()), hexadecimal(other->view()));
}

TEST(Chap, KnowsTheDigestLengthOfEachAlgorithm) {
  std::vector<std::pair<int, std::size_t>> found;
  for (const AlgorithmSpec& spec : algorithms()) {
    EXPECT_EQ(respond(spec.algorithm, 0, {}, {})->size, spec.digest_bytes) << spec.digest;
    found.emplace_back(static_cast<int>(spec.algorithm), spec.digest_bytes);
  }
  EXPECT_EQ(found, (std::vector<std::pair<int, std::size_t>>{{5, 16}, {6, 20}, {7, 32}, {8, 32}}));
}

TEST(Chap, HasNoResponseWhereLibcryptoServesNoSuchDigest) {
  ASSERT_EQ(EVP_set_default_properties(nullptr, "fips=yes"), 1);
  const auto response = respond(Algorithm::md5, 1, as_bytes("secret"), as_bytes("challenge"));
  ASSERT_EQ(EVP_set_default_properties(nullptr, ""), 1);
  EXPECT_FALSE(response.has_value());
  EXPECT_TRUE(respond(Algorithm::md5, 1, as_bytes("secret"), as_bytes("challenge")).has_value());
}

TEST(Chap, TakesTheFirstOfferedAlgorithmThatIsAllowed) {
  using enum Algorithm;
  const std::vector<Algorithm> all{md5, sha1, sha256, sha3_256};
  const std::vector<std::pair<std::vector<std::uint64_t>, std::optional<Algorithm>>> cases{
      {{5}, md5},
      {{7, 6, 5}, sha256},
      {{8, 5}, sha3_256},
      {{5, 7}, md5},
      {{6, 5}, sha1},
      {{1, 2, 3, 5, 8}, md5},
      {{56}, {}},
      {{}, {}},
      {{0, 261, 7}, sha256},  // 261 is 5 modulo 256
      {{0x1'0000'0005ULL}, {}},
  };
  for (const auto& [offered, chosen] : cases) EXPECT_EQ(choose(offered, all), chosen);
  EXPECT_EQ(choose(std::vector<std::uint64_t>{7, 6, 5}, std::vector{md5}), md5);
  EXPECT_EQ(choose(std::vector<std::uint64_t>{7, 6}, std::vector{md5}), std::nullopt);
  EXPECT_EQ(choose(std::vector<std::uint64_t>{5}, {}), std::nullopt);
}

TEST(Chap, ComparesByteStringsByLengthAndContent) {
  const Bytes one = bytes_of("0011223344556677");
  EXPECT_TRUE(equal(one, bytes_of("0011223344556677")));
  EXPECT_TRUE(equal({}, {}));
  EXPECT_FALSE(equal(one, bytes_of("00112233445566")));
  EXPECT_FALSE(equal(one, {}));
  for (std::size_t bit = 0; bit < 64; ++bit) {
    Bytes damaged = one;
    damaged[bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_FALSE(equal(one, damaged)) << bit;
  }
}

TEST(Chap, MakesChallengesOfTheFreshBytesAndOfAllOfThem) {
  std::array<std::byte, fresh_bytes> fresh{};
  const Challenge still = make_challenge(fresh);
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    auto other = fresh;
    other[i] = std::byte{1};
    EXPECT_NE(make_challenge(other), still) << i;
  }
  fresh[0] = std::byte{0xab};
  fresh[1] = std::byte{0xcd};
  EXPECT_EQ(make_challenge(fresh).identifier, 0xab);
  EXPECT_EQ(make_challenge(fresh).value[0], std::byte{0xcd});
}

RC_GTEST_PROP(Chap, ResponsesDifferWithEverythingTheyAreMadeOf,
              (std::uint8_t identifier, const std::string& secret, const std::string& challenge)) {
  for (const AlgorithmSpec& spec : algorithms()) {
    const auto response =
        respond(spec.algorithm, identifier, as_bytes(secret), as_bytes(challenge));
    const auto next = static_cast<std::uint8_t>(identifier + 1);
    const auto other_identifier =
        respond(spec.algorithm, next, as_bytes(secret), as_bytes(challenge));
    const auto other_secret =
        respond(spec.algorithm, identifier, as_bytes(secret + "x"), as_bytes(challenge));
    RC_ASSERT(!equal(response->view(), other_identifier->view()));
    RC_ASSERT(!equal(response->view(), other_secret->view()));
  }
}

}  // namespace
}  // namespace iscsi::login::chap
