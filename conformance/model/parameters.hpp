#pragma once

/// What two sides agreed on (RFC 3720 12), as the judge understood them.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/model/pairs.hpp"

namespace conformance {

/// Begins with the defaults of chapter 12.
struct Parameters {
  bool header_digest = false;
  bool data_digest = false;
  bool initial_r2t = true;
  bool immediate_data = true;
  bool data_pdu_in_order = true;
  bool data_sequence_in_order = true;
  std::uint64_t max_burst_length = 262144;   ///< bytes
  std::uint64_t first_burst_length = 65536;  ///< bytes
  std::uint64_t max_outstanding_r2t = 1;
  std::uint64_t error_recovery_level = 0;
  std::uint64_t initiator_limit = 8192;  ///< the initiator's MaxRecvDataSegmentLength, bytes
  std::uint64_t target_limit = 8192;     ///< the target's
  bool discovery = false;

  std::vector<HeardPair> outcomes;  ///< each key with the value that came out of it

  /// What holds for a key: its outcome, or its default; empty for a key without either.
  [[nodiscard]] std::string value_of(std::string_view key) const;

  /// What another connection of the session begins with: its login does not settle again what the
  /// leading one has for all of them (12, "Scope: SW"), and all else has its default.
  [[nodiscard]] Parameters for_another_connection() const;

  /// Takes over what came out of a negotiable key.
  void agree(std::string_view key, std::string_view value);
};

}  // namespace conformance
