#include "conformance/play/chap.hpp"

#include <openssl/evp.h>

#include <memory>

namespace conformance {
namespace {

const EVP_MD* hash_of(std::uint64_t algorithm) {
  switch (algorithm) {
    case 5: return EVP_md5();
    case 6: return EVP_sha1();
    case 7: return EVP_sha256();
    case 8: return EVP_sha3_256();
    default: return nullptr;
  }
}

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

std::optional<iscsi::wire::Bytes> chap_response(std::uint64_t algorithm, std::uint8_t identifier,
                                                std::string_view secret,
                                                iscsi::wire::ByteView challenge) {
  const EVP_MD* hash = hash_of(algorithm);
  if (hash == nullptr) return std::nullopt;
  const std::unique_ptr<EVP_MD_CTX, FreeContext> context{EVP_MD_CTX_new()};
  iscsi::wire::Bytes response(EVP_MAX_MD_SIZE);
  unsigned length = 0;
  // RFC 1994 4.1: one byte of identifier, the secret, the challenge.
  const bool done =
      context != nullptr && EVP_DigestInit_ex(context.get(), hash, nullptr) == 1 &&
      EVP_DigestUpdate(context.get(), &identifier, 1) == 1 &&
      EVP_DigestUpdate(context.get(), secret.data(), secret.size()) == 1 &&
      EVP_DigestUpdate(context.get(), challenge.data(), challenge.size()) == 1 &&
      EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(response.data()),
                         &length) == 1;
  if (!done) return std::nullopt;
  response.resize(length);
  return response;
}

}  // namespace conformance
