#include "support/policies.hpp"

#include <algorithm>

#include "support/require.hpp"

namespace iscsi::fuzz {
namespace {

constexpr std::uint32_t longest = (1U << 24U) - 1;

/// A number of the range, its ends as likely as all the rest.
std::uint32_t number(Settings& settings, std::uint32_t least, std::uint32_t most) {
  switch (settings.below(4)) {
    case 0: return least;
    case 1: return most;
    default:
      return least + static_cast<std::uint32_t>(settings.below(most - least + std::size_t{1}));
  }
}

text::DigestPolicy digests(Settings& settings) {
  text::DigestPolicy policy{.none = settings.flag(), .crc32c = true};
  if (policy.none) policy.crc32c = settings.flag();
  policy.preferred = settings.one_of({text::Digest::none, text::Digest::crc32c});
  return policy;
}

text::Range interval(Settings& settings) {
  const std::uint32_t low = number(settings, 1, 65535);
  return {.low = low, .high = number(settings, low, 65535)};
}

void require_within(std::uint64_t value, std::uint64_t least, std::uint64_t most) {
  require(value >= least && value <= most, "a negotiated number is in its key's range");
}

}  // namespace

text::Policy draw_policy(Settings& settings) {
  text::Policy policy;
  policy.max_recv_data_segment_length = number(settings, 512, limits::received_data_segment_bytes);
  policy.header_digest = digests(settings);
  policy.data_digest = digests(settings);
  policy.max_connections = number(settings, 1, 65535);
  policy.initial_r2t = settings.flag();
  policy.immediate_data = settings.flag();
  policy.max_burst_length = number(settings, 512, longest);
  policy.first_burst_length = number(settings, 512, policy.max_burst_length);
  policy.default_time2wait = number(settings, 0, 3600);
  policy.default_time2retain = number(settings, 0, 3600);
  policy.data_pdu_in_order = settings.flag();
  policy.data_sequence_in_order = settings.flag();
  policy.error_recovery_level = number(settings, 0, 2);
  const bool one = policy.data_sequence_in_order && policy.error_recovery_level > 0;
  policy.max_outstanding_r2t = one ? 1 : number(settings, 1, 65535);
  policy.if_marker = settings.flag();
  policy.of_marker = settings.flag();
  policy.if_mark_int = interval(settings);
  policy.of_mark_int = interval(settings);
  return policy;
}

/// The bounds are those of RFC 3720 12 and A.3, written again: the key table is what is tested.
void check_parameters(const text::Parameters& parameters) {
  const auto& [session, connection, declared] = parameters;
  require_within(session.max_connections, 1, 65535);
  require_within(session.max_burst_length, 512, longest);
  require_within(session.first_burst_length, 512, longest);
  require_within(session.default_time2wait, 0, 3600);
  require_within(session.default_time2retain, 0, 3600);
  require_within(session.max_outstanding_r2t, 1, 65535);
  require_within(session.error_recovery_level, 0, 2);
  require_within(connection.initiator_max_recv_data_segment_length, 512, longest);
  require_within(connection.target_max_recv_data_segment_length, 512, longest);
  require_within(connection.if_mark_int, 1, 65535);
  require_within(connection.of_mark_int, 1, 65535);
  for (const std::string* name : {&declared.initiator_name, &declared.target_name})
    require(name->size() <= limits::iscsi_name_bytes, "a name is within its limit");
  for (const std::string* alias : {&declared.initiator_alias, &declared.target_alias})
    require(alias->size() <= limits::text_value_bytes, "an alias is within its limit");
}

}  // namespace iscsi::fuzz
