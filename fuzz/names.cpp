// Holds: the normal form of a name is a name, its own normal form, within 223 bytes, and the same
// for every spelling of its ASCII letters.

#include <algorithm>
#include <string>

#include "login/names.hpp"
#include "support/entry.hpp"
#include "support/require.hpp"
#include "text/grammar.hpp"

namespace iscsi::fuzz {
namespace {

bool is_small(char c) { return c >= 'a' && c <= 'z'; }
bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }

/// The other spelling of each ASCII letter.
std::string with_other_case(std::string_view name) {
  std::string other{name};
  for (char& c : other)
    if (is_small(c) || is_capital(c)) c = static_cast<char>(c ^ 0x20);
  return other;
}

void check(std::string_view spelled) {
  const auto name = login::parse_name(spelled);
  if (!name) return;
  const std::string_view normal = name->text();
  require(!normal.empty() && normal.size() <= limits::iscsi_name_bytes, "a name has its length");
  require(text::is_utf8(normal) && !text::check_iscsi_name(normal, 0),
          "the notation of names takes every name");
  require(std::ranges::none_of(normal, is_capital), "a normal form has small letters");
  const auto again = login::parse_name(normal);
  require(again == name, "a normal form is its own normal form");
  require(login::parse_name(with_other_case(normal)) == name, "names are not case sensitive");
}

}  // namespace
}  // namespace iscsi::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace iscsi::fuzz;
  const std::string_view input = iscsi::wire::as_text(bytes_of(data, size));
  check(input);
  // Behind a prefix as well: what follows the designator is where the freedom is.
  check("iqn.2004-04.com.example:" + std::string{input});
  check("iqn.2004-04." + std::string{input});
  return 0;
}
