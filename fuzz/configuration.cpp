// Holds: every text is either refused in one line that names its source, or is a configuration from
// which a target can be made; the same text always has the same result.

#include <string>

#include "server/assemble.hpp"
#include "server/configuration.hpp"
#include "server/configuration_values.hpp"
#include "support/entry.hpp"
#include "support/require.hpp"

namespace iscsi::fuzz {
namespace {

constexpr std::string_view source = "fuzz.json";

/// Files are not for an engine to find: what follows "secret-file", in whatever spelling JSON has
/// for it, is a path that would be read.
bool names_a_file(std::string_view text) {
  return text.contains("secret") && (text.contains("file") || text.contains('\\'));
}

void check_error(const std::string& error) {
  require(error.starts_with(source), "an error names its source");
  require(error.size() > source.size() + 2, "and says what is wrong");
}

/// The target of a configuration is made, not only described.
void check_target(const server::Configuration& configuration) {
  const auto target = server::target_configuration(configuration);
  if (!target) return require(!target.error().empty(), "an error says what is wrong");
  const Target made{*target};
  require(made.accepts_connection() == (configuration.bounds.connections > 0),
          "a target accepts connections within its bounds");
}

void check_values(std::string_view text) {
  if (const auto portal = server::parse_portal(text)) {
    const auto again = server::parse_portal(server::to_text(*portal));
    require(again == portal, "a portal is read as it was written");
  }
  if (const auto size = server::parse_size(text)) require(*size != 0, "a size is not zero");
  if (const auto unit = server::parse_logical_unit(text))
    require(unit->block_bytes >= 512 && unit->block_bytes <= limits::block_bytes,
            "a block size is one that devices have");
  if (const auto name = server::parse_node_name(text))
    require(server::parse_node_name(*name) == name, "a normal form is its own normal form");
}

}  // namespace
}  // namespace iscsi::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace iscsi;
  using namespace iscsi::fuzz;
  const std::string_view text = wire::as_text(bytes_of(data, size));
  if (names_a_file(text)) return 0;
  check_values(text);
  const auto read = server::configuration_from_json(text, std::string{source});
  const auto again = server::configuration_from_json(text, std::string{source});
  require(read.has_value() == again.has_value(), "the same text has the same result");
  if (!read) {
    check_error(read.error());
    return 0;
  }
  if (!server::check_agreement(*read)) check_target(*read);
  return 0;
}
