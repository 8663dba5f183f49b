#include "login/chap.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cassert>

namespace iscsi::login::chap {
namespace {

constexpr auto specs = std::to_array<AlgorithmSpec>({
    {Algorithm::md5, "MD5", 16},
    {Algorithm::sha1, "SHA1", 20},
    {Algorithm::sha256, "SHA256", 32},
    {Algorithm::sha3_256, "SHA3-256", 32},
});

}  // namespace

std::span<const AlgorithmSpec> algorithms() { return specs; }

const AlgorithmSpec& about(Algorithm algorithm) {
  const auto spec = std::ranges::find(specs, algorithm, &AlgorithmSpec::algorithm);
  assert(spec != specs.end());
  return *spec;
}

std::optional<Algorithm> choose(std::span<const std::uint64_t> offered,
                                std::span<const Algorithm> allowed) {
  for (const std::uint64_t number : offered)
    for (const Algorithm algorithm : allowed)
      if (number == static_cast<std::uint64_t>(algorithm)) return algorithm;
  return std::nullopt;
}

std::optional<Response> respond(Algorithm algorithm, std::uint8_t identifier, wire::ByteView secret,
                                wire::ByteView challenge) {
  const AlgorithmSpec& spec = about(algorithm);
  wire::Bytes message{std::byte{identifier}};
  message.reserve(1 + secret.size() + challenge.size());
  message.insert(message.end(), secret.begin(), secret.end());
  message.insert(message.end(), challenge.begin(), challenge.end());

  Response response;
  const bool served =
      EVP_Q_digest(nullptr, spec.digest, nullptr, message.data(), message.size(),
                   reinterpret_cast<unsigned char*>(response.bytes.data()), &response.size) == 1;
  OPENSSL_cleanse(message.data(), message.size());  // it held the secret
  if (!served) return std::nullopt;
  return response;
}

bool equal(wire::ByteView one, wire::ByteView other) {
  return one.size() == other.size() && CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

Challenge make_challenge(std::span<const std::byte, fresh_bytes> fresh) {
  Challenge challenge{.identifier = std::to_integer<std::uint8_t>(fresh[0])};
  std::ranges::copy(fresh.subspan<1>(), challenge.value.begin());
  return challenge;
}

}  // namespace iscsi::login::chap
