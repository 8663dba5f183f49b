#include "support/settings.hpp"

#include <algorithm>

namespace iscsi::fuzz {
namespace {

constexpr std::size_t hashed_bytes = 48;

std::uint64_t& variant() {
  static std::uint64_t value = 0;
  return value;
}

bool& replaying() {
  static bool value = false;
  return value;
}

/// FNV-1a.
std::uint64_t hash(wire::ByteView bytes) {
  std::uint64_t value = 0xcbf29ce484222325;
  for (const std::byte byte : bytes)
    value = (value ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3;
  return value;
}

}  // namespace

Settings::Settings(wire::ByteView input)
    : state_(hash(input.first(std::min(input.size(), hashed_bytes))) + variant()) {}

/// SplitMix64.
std::uint64_t Settings::next() {
  state_ += 0x9e3779b97f4a7c15;
  std::uint64_t mixed = state_;
  mixed = (mixed ^ mixed >> 30U) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ mixed >> 27U) * 0x94d049bb133111eb;
  return mixed ^ mixed >> 31U;
}

void Settings::use_variant(std::uint64_t value) { variant() = value; }
void Settings::replay() { replaying() = true; }
bool Settings::is_replay() { return replaying(); }

}  // namespace iscsi::fuzz
