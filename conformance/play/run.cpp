#include "conformance/play/run.hpp"

namespace conformance {

std::uint64_t seed_of_case(std::uint64_t seed, std::string_view name) {
  // FNV-1a over the name, begun at the seed.
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325U ^ seed * 0x9e37'79b9'7f4a'7c15U;
  for (const char c : name) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100'0000'01b3U;
  }
  return hash;
}

}  // namespace conformance
