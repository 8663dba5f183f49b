#pragma once

/// A recording: a conversation that took place, and where it comes from. It is a story that is told
/// instead of written (version 2 of the grammar, traces/README.md): one step per PDU, in the words
/// of the layout tables, and every byte of every PDU can be had back from it.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/model/transcript.hpp"
#include "conformance/play/settings.hpp"
#include "conformance/story/json.hpp"

namespace conformance {

/// The version of the grammar that recordings are written in.
inline constexpr std::uint64_t recording_version = 2;

/// How much a recording is worth as a witness.
enum class Origin : std::uint8_t {
  captured,        ///< what was on the wire, bytes and all
  captured_facts,  ///< what was on the wire, but the payloads are generated
  reconstructed,   ///< put together from what is documented: nobody saw it on a wire
};
[[nodiscard]] std::string_view name_of(Origin origin);

/// An answer of the recorded target that is no model for others.
struct Doubt {
  std::size_t record = 0;  ///< the request
  std::string because{};
};

struct Recording {
  std::string name{};   ///< its path without folder of stories and extension
  std::string claim{};  ///< what it shows
  Origin origin = Origin::captured;
  std::string source{};                   ///< who recorded it, where it can be had
  std::string initiator{};                ///< the program, not the iSCSI name
  std::string target{};                   ///< the same
  std::string note{};                     ///< what a reader should know beside, or empty
  std::optional<Secret> secret{};         ///< CHAP: the initiator's, where it is a laboratory's
  std::optional<Secret> target_secret{};  ///< CHAP: the target's
  std::vector<Endpoints> connections{};   ///< by `ConnectionNumber`
  std::vector<Doubt> doubtful{};
  Transcript transcript{};
};

/// The recording as JSON, one line per record. Bytes of data that the capture repeats are told
/// once; long runs of one byte, and the pattern of `pattern_byte`, by their length.
[[nodiscard]] std::string print_recording(const Recording& recording);

/// Reads what `print_recording` wrote. Errors: the path to the place that is wrong, and what was
/// expected there; more than `longest_recording` bytes of PDUs.
[[nodiscard]] std::expected<Recording, json::Error> load_recording(std::string_view name,
                                                                   std::string_view text);

/// PDUs of a recording, in bytes, all together.
inline constexpr std::uint64_t longest_recording = 256U << 20U;

}  // namespace conformance
