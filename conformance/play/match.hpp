#pragma once

/// Whether a PDU is what a story expects.

#include <expected>
#include <functional>
#include <optional>
#include <string>

#include "conformance/play/initiator.hpp"
#include "conformance/story/story.hpp"

namespace conformance {

/// Why an outcome does not hold.
struct Mismatch {
  std::string what;        ///< "ResidualCount is 0, expected 512"
  std::uint32_t byte = 0;  ///< where in the PDU
};

/// A fault of the story itself: a name without a value.
struct StoryFault {
  std::string what;
};

using MatchResult = std::expected<void, std::variant<Mismatch, StoryFault>>;

/// What an outcome is held against.
struct Candidate {
  const Arrival* arrival = nullptr;
  iscsi::wire::Bytes data;  ///< its data segment, or a command's whole input
  const std::vector<HeardPair>* text = nullptr;
};

/// Holds `outcome` against `candidate`; names that the story uses for the first time are bound in
/// `known` if everything holds.
[[nodiscard]] MatchResult match(const Outcome& outcome, const Candidate& candidate,
                                Variables& known);

/// Binds `name.Field` for every field of the header, and `name` to the data.
void capture(const std::string& name, iscsi::wire::ByteView header, iscsi::wire::ByteView data,
             Variables& known);

/// The task tag that `outcome` names, if it does and it has a value.
[[nodiscard]] std::optional<std::uint32_t> tag_wanted(const Outcome& outcome,
                                                      const Variables& known);

}  // namespace conformance
