#include "conformance/model/parameters.hpp"

#include <algorithm>

#include "text/grammar.hpp"

namespace conformance {

Parameters Parameters::for_another_connection() const {
  const Parameters defaults;
  Parameters other = *this;
  other.header_digest = defaults.header_digest;
  other.data_digest = defaults.data_digest;
  other.initiator_limit = defaults.initiator_limit;
  other.target_limit = defaults.target_limit;
  other.outcomes.clear();
  return other;
}

void Parameters::agree(std::string_view key, std::string_view value) {
  const auto settled = std::ranges::find(outcomes, key, &HeardPair::key);
  if (settled == outcomes.end())
    outcomes.push_back({.key = std::string{key}, .value = std::string{value}});
  else
    settled->value = value;
  const auto word = [&](bool& into, std::string_view yes) { into = value == yes; };
  const auto number = [&](std::uint64_t& into) {
    if (const auto decoded = iscsi::text::decode_number(value)) into = *decoded;
  };
  if (iscsi::text::is_reserved_answer(value)) return;  // 5.2: the key stays as it was
  if (key == "HeaderDigest") word(header_digest, "CRC32C");
  if (key == "DataDigest") word(data_digest, "CRC32C");
  if (key == "InitialR2T") word(initial_r2t, "Yes");
  if (key == "ImmediateData") word(immediate_data, "Yes");
  if (key == "DataPDUInOrder") word(data_pdu_in_order, "Yes");
  if (key == "DataSequenceInOrder") word(data_sequence_in_order, "Yes");
  if (key == "MaxBurstLength") number(max_burst_length);
  if (key == "FirstBurstLength") number(first_burst_length);
  if (key == "MaxOutstandingR2T") number(max_outstanding_r2t);
  if (key == "ErrorRecoveryLevel") number(error_recovery_level);
}

std::string Parameters::value_of(std::string_view key) const {
  const auto word = [](bool value) { return std::string{value ? "Yes" : "No"}; };
  if (key == "InitialR2T") return word(initial_r2t);
  if (key == "ImmediateData") return word(immediate_data);
  if (key == "DataPDUInOrder") return word(data_pdu_in_order);
  if (key == "DataSequenceInOrder") return word(data_sequence_in_order);
  if (key == "HeaderDigest") return header_digest ? "CRC32C" : "None";
  if (key == "DataDigest") return data_digest ? "CRC32C" : "None";
  if (key == "MaxBurstLength") return std::to_string(max_burst_length);
  if (key == "FirstBurstLength") return std::to_string(first_burst_length);
  if (key == "MaxOutstandingR2T") return std::to_string(max_outstanding_r2t);
  if (key == "ErrorRecoveryLevel") return std::to_string(error_recovery_level);
  const std::string* const outcome = conformance::value_of(outcomes, key);
  return outcome == nullptr ? std::string{} : *outcome;
}

}  // namespace conformance
