#include "conformance/model/keys.hpp"

#include <algorithm>
#include <array>

#include "text/grammar.hpp"

namespace conformance {
namespace {

using Kind = KeyRow::Kind;
using Result = KeyRow::Result;

constexpr std::uint64_t widest_length = (1U << 24U) - 1;

/// The negotiable keys of chapter 12: by either side, in the operational stage.
constexpr KeyRow agreed(std::string_view name, std::string_view section, Kind kind, Result result,
                        std::uint64_t least = 0, std::uint64_t most = 0) {
  return {.name = name,
          .section = section,
          .kind = kind,
          .result = result,
          .least = least,
          .most = most,
          .from_initiator = true,
          .from_target = true,
          .operational_stage = true};
}
/// One of them that holds for the session, and is told on its first connection (12: use LO).
constexpr KeyRow leading(std::string_view name, std::string_view section, Kind kind, Result result,
                         std::uint64_t least = 0, std::uint64_t most = 0) {
  KeyRow row = agreed(name, section, kind, result, least, most);
  row.leading_only = true;
  return row;
}
/// Keys of the authentication methods.
constexpr KeyRow security(std::string_view name, std::string_view section, bool initiator,
                          bool target) {
  return {.name = name,
          .section = section,
          .from_initiator = initiator,
          .from_target = target,
          .security_stage = true,
          .authentication = true};
}

constexpr KeyRow auth_method() {
  KeyRow row = security("AuthMethod", "11.1", true, true);
  row.kind = Kind::list;
  row.result = Result::first_of_list;
  row.authentication = false;
  return row;
}
constexpr KeyRow any_stage(std::string_view name, std::string_view section, bool initiator,
                           bool target, bool full_feature) {
  return {.name = name,
          .section = section,
          .from_initiator = initiator,
          .from_target = target,
          .security_stage = true,
          .operational_stage = true,
          .full_feature_phase = full_feature};
}

constexpr auto rows = std::to_array<KeyRow>({
    auth_method(),
    agreed("HeaderDigest", "12.1", Kind::list, Result::first_of_list),
    agreed("DataDigest", "12.1", Kind::list, Result::first_of_list),
    leading("MaxConnections", "12.2", Kind::number, Result::minimum, 1, 65535),
    {.name = "SendTargets", .section = "12.3", .from_initiator = true, .full_feature_phase = true},
    any_stage("TargetName", "12.4", true, false, false),
    any_stage("InitiatorName", "12.5", true, false, false),
    any_stage("TargetAlias", "12.6", false, true, true),
    any_stage("InitiatorAlias", "12.7", true, false, true),
    {.name = "TargetAddress",
     .section = "12.8",
     .from_target = true,
     .security_stage = true,
     .operational_stage = true,
     .full_feature_phase = true,
     .repeatable = true},
    any_stage("TargetPortalGroupTag", "12.9", false, true, false),
    leading("InitialR2T", "12.10", Kind::yes_or_no, Result::either),
    leading("ImmediateData", "12.11", Kind::yes_or_no, Result::both),
    {.name = "MaxRecvDataSegmentLength",
     .section = "12.12",
     .kind = Kind::number,
     .least = 512,
     .most = widest_length,
     .from_initiator = true,
     .from_target = true,
     .operational_stage = true,
     .full_feature_phase = true},
    leading("MaxBurstLength", "12.13", Kind::number, Result::minimum, 512, widest_length),
    leading("FirstBurstLength", "12.14", Kind::number, Result::minimum, 512, widest_length),
    leading("DefaultTime2Wait", "12.15", Kind::number, Result::maximum, 0, 3600),
    leading("DefaultTime2Retain", "12.16", Kind::number, Result::minimum, 0, 3600),
    leading("MaxOutstandingR2T", "12.17", Kind::number, Result::minimum, 1, 65535),
    leading("DataPDUInOrder", "12.18", Kind::yes_or_no, Result::either),
    leading("DataSequenceInOrder", "12.19", Kind::yes_or_no, Result::either),
    leading("ErrorRecoveryLevel", "12.20", Kind::number, Result::minimum, 0, 2),
    any_stage("SessionType", "12.21", true, false, false),
    agreed("OFMarker", "A.3.1", Kind::yes_or_no, Result::both),
    agreed("IFMarker", "A.3.1", Kind::yes_or_no, Result::both),
    agreed("OFMarkInt", "A.3.2", Kind::range, Result::inside, 1, 65535),
    agreed("IFMarkInt", "A.3.2", Kind::range, Result::inside, 1, 65535),
    security("KRB_AP_REQ", "11.1.1", true, false),
    security("KRB_AP_REP", "11.1.1", false, true),
    security("SPKM_REQ", "11.1.2", true, false),
    security("SPKM_ERROR", "11.1.2", true, true),
    security("SPKM_REP_TI", "11.1.2", false, true),
    security("SPKM_REP_IT", "11.1.2", true, false),
    security("SRP_U", "11.1.3", true, false),
    security("TargetAuth", "11.1.3", true, false),
    security("SRP_GROUP", "11.1.3", true, true),
    security("SRP_A", "11.1.3", true, false),
    security("SRP_B", "11.1.3", false, true),
    security("SRP_M", "11.1.3", true, false),
    security("SRP_HM", "11.1.3", false, true),
    security("SRP_s", "11.1.3", false, true),
    security("CHAP_A", "11.1.4", true, true),
    security("CHAP_I", "11.1.4", true, true),
    security("CHAP_C", "11.1.4", true, true),
    security("CHAP_N", "11.1.4", true, true),
    security("CHAP_R", "11.1.4", true, true),
});

bool is_word_in_list(std::string_view list, std::string_view word) {
  while (true) {
    const std::size_t comma = list.find(',');
    if (list.substr(0, comma) == word) return true;
    if (comma == list.npos) return false;
    list.remove_prefix(comma + 1);
  }
}

bool is_number_within(const KeyRow& key, std::string_view value) {
  const auto number = iscsi::text::decode_number(value);
  return number && *number >= key.least && *number <= key.most;
}

bool is_range_within(const KeyRow& key, std::string_view value) {
  const auto range = iscsi::text::decode_range(value);
  return range && range->low >= key.least && range->high <= key.most;
}

}  // namespace

std::span<const KeyRow> key_rows() { return rows; }

const KeyRow* find_key_row(std::string_view name) {
  const auto found = std::ranges::find(rows, name, &KeyRow::name);
  return found == rows.end() ? nullptr : &*found;
}

bool KeySet::insert(std::string_view key, const KeyRow* row) {
  static_assert(rows.size() <= std::bitset<64>{}.size());
  if (row == nullptr) return others_.emplace(key).second;
  const auto bit = static_cast<std::size_t>(row - rows.data());
  const bool is_new = !rows_[bit];
  rows_.set(bit);
  return is_new;
}

bool KeySet::contains(std::string_view key) const {
  const KeyRow* row = find_key_row(key);
  return row == nullptr ? others_.contains(key)
                        : rows_[static_cast<std::size_t>(row - rows.data())];
}

bool admissible(const KeyRow& key, std::string_view value) {
  switch (key.kind) {
    case Kind::list: return iscsi::text::decode_list(value).has_value();
    case Kind::number: return is_number_within(key, value);
    case Kind::range: return is_range_within(key, value);
    case Kind::yes_or_no: return value == "Yes" || value == "No";
    case Kind::free: return true;
  }
  return false;
}

bool follows(const KeyRow& key, std::string_view proposal, std::string_view answer) {
  if (key.result == Result::first_of_list) return is_word_in_list(proposal, answer);
  if (key.result == Result::inside) {
    const auto chosen = iscsi::text::decode_number(answer);
    const auto range = iscsi::text::decode_range(proposal);
    if (!chosen || *chosen < key.least || *chosen > key.most) return false;
    return !range || (*chosen >= range->low && *chosen <= range->high);
  }
  if (!admissible(key, answer)) return false;
  if (!admissible(key, proposal)) return true;
  switch (key.result) {
    case Result::minimum:
      return *iscsi::text::decode_number(answer) <= *iscsi::text::decode_number(proposal);
    case Result::maximum:
      return *iscsi::text::decode_number(answer) >= *iscsi::text::decode_number(proposal);
    case Result::both: return proposal == "Yes" || answer == "No";
    case Result::either: return proposal == "No" || answer == "Yes";
    case Result::declared:
    case Result::first_of_list:
    case Result::inside: break;
  }
  return true;
}

bool needs_answer(const KeyRow& key, std::string_view proposal) {
  if (!key.negotiated()) return false;
  if (key.result == Result::both) return proposal != "No";
  if (key.result == Result::either) return proposal != "Yes";
  return true;
}

bool is_refusal(std::string_view value) { return iscsi::text::is_reserved_answer(value); }

}  // namespace conformance
