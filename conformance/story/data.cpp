#include "conformance/story/data.hpp"

#include <algorithm>

#include "limits.hpp"

namespace conformance {

using iscsi::wire::Bytes;

namespace {

using Problem = std::unexpected<std::string>;

/// A stretch of `size` more bytes behind `out`, unless that is more than a data segment can hold.
std::expected<void, std::string> check_room(const Bytes& out, std::uint64_t size) {
  if (size > iscsi::limits::data_segment_bytes || out.size() > iscsi::limits::data_segment_bytes)
    return Problem("data of " + std::to_string(size) + " bytes");
  return {};
}

/// Appends one part of a recipe.
struct Maker {
  const Variables& known;
  Bytes& out;

  using Result = std::expected<void, std::string>;

  Result operator()(const DataRecipe::Literal& part) const {
    out.insert(out.end(), part.bytes.begin(), part.bytes.end());
    return {};
  }
  Result operator()(const DataRecipe::Template& part) const {
    const auto text = substitute(part.text, known);
    if (!text) return Problem(text.error());
    const auto bytes = iscsi::wire::as_bytes(*text);
    out.insert(out.end(), bytes.begin(), bytes.end());
    return {};
  }
  Result operator()(const DataRecipe::Pattern& part) const {
    const auto seed = part.seed.evaluate(known);
    const auto from = part.from.evaluate(known);
    const auto length = part.length.evaluate(known);
    for (const auto* value : {&seed, &from, &length})
      if (!*value) return Problem(value->error());
    if (const auto room = check_room(out, *length); !room) return room;
    for (std::uint64_t i = 0; i < *length; ++i) out.push_back(pattern_byte(*seed, *from + i));
    return {};
  }
  Result operator()(const DataRecipe::Fill& part) const {
    const auto byte = part.byte.evaluate(known);
    const auto length = part.length.evaluate(known);
    for (const auto* value : {&byte, &length})
      if (!*value) return Problem(value->error());
    if (const auto room = check_room(out, *length); !room) return room;
    out.resize(out.size() + *length, static_cast<std::byte>(*byte));
    return {};
  }
  Result operator()(const DataRecipe::Captured& part) const {
    const auto found = known.find(part.name);
    const auto* bytes = found == known.end() ? nullptr : std::get_if<Bytes>(&found->second);
    if (bytes == nullptr) return Problem("$" + part.name + " is not the data of a PDU");
    out.insert(out.end(), bytes->begin(), bytes->end());
    return {};
  }
};

}  // namespace

std::byte pattern_byte(std::uint64_t seed, std::uint64_t at) {
  // SplitMix64's finisher over the number of the eight-byte word.
  std::uint64_t word = (seed + 1) * 0x9e37'79b9'7f4a'7c15U + at / 8;
  word = (word ^ word >> 30U) * 0xbf58'476d'1ce4'e5b9U;
  word = (word ^ word >> 27U) * 0x94d0'49bb'1331'11ebU;
  word ^= word >> 31U;
  return static_cast<std::byte>(word >> (at % 8 * 8));
}

std::expected<Bytes, std::string> make(const DataRecipe& recipe, const Variables& known) {
  Bytes out;
  for (const DataRecipe::Part& part : recipe.parts)
    if (const auto done = std::visit(Maker{known, out}, part); !done) return Problem(done.error());
  if (const auto room = check_room(out, 0); !room) return Problem(room.error());
  return out;
}

std::expected<std::array<std::byte, 16>, std::string> make(const CdbRecipe& recipe,
                                                           const Variables& known) {
  std::array<std::byte, 16> cdb = recipe.bytes;
  for (const CdbSetting& setting : recipe.settings) {
    const auto value = setting.value.evaluate(known);
    if (!value) return Problem(value.error());
    iscsi::wire::store_big(std::span{cdb}.subspan(setting.field.byte, setting.field.bytes), *value);
  }
  return cdb;
}

}  // namespace conformance
