#pragma once

/// What a run is told about the target and about itself.

#include <cstdint>
#include <optional>
#include <string>

#include "conformance/story/expression.hpp"

namespace conformance {

struct Secret {
  std::string name;
  std::string secret;
};

struct Settings {
  std::string initiator_name = "iqn.2003-01.example.conform:initiator";
  std::string target_name;
  std::uint64_t lun = 0;            ///< as in the header's LUN field
  std::optional<Secret> initiator;  ///< CHAP: what the target wants to hear
  std::optional<Secret> target;     ///< CHAP: what the target has to answer with
  std::uint64_t answer_ms = 5000;   ///< how long an answer may take
  std::uint64_t quiet_ms = 250;     ///< how long silence has to last
  std::uint64_t seed = 1;
  bool may_write = false;
  /// `block_size`, `blocks`, `block`: known once a disk has answered.
  Variables facts;

  [[nodiscard]] bool has_unit() const { return facts.contains("block_size"); }
};

}  // namespace conformance
