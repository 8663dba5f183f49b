#include "server/secret.hpp"

#include <openssl/rand.h>

#include <array>
#include <stdexcept>

namespace iscsi::server {

std::string random_secret() {
  std::array<unsigned char, 16> random{};
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1)
    throw std::runtime_error("the system has no random bytes");
  std::string digits;
  for (const unsigned char byte : random) {
    digits += "0123456789abcdef"[byte >> 4U];
    digits += "0123456789abcdef"[byte & 15U];
  }
  return digits;
}

}  // namespace iscsi::server
