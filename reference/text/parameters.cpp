#include "text/parameters.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "text/breach.hpp"

namespace iscsi::text {
namespace {

// Where each key's value is held and wished for: one table per shape of value.

template <class Held, class Wished>
struct Place {
  Key key;
  Held held;
  Wished wished;
};

template <class Held, class Wished, std::size_t Count>
constexpr const Place<Held, Wished>* find_place(const std::array<Place<Held, Wished>, Count>& table,
                                                Key key) {
  const auto found = std::ranges::find(table, key, &Place<Held, Wished>::key);
  return found == table.end() ? nullptr : &*found;
}

using Session = SessionParameters;
using Connection = ConnectionParameters;

using SessionNumber = Place<std::uint32_t Session::*, std::uint32_t Policy::*>;
constexpr std::array session_numbers{
    SessionNumber{Key::max_connections, &Session::max_connections, &Policy::max_connections},
    SessionNumber{Key::max_burst_length, &Session::max_burst_length, &Policy::max_burst_length},
    SessionNumber{Key::first_burst_length, &Session::first_burst_length,
                  &Policy::first_burst_length},
    SessionNumber{Key::default_time2wait, &Session::default_time2wait, &Policy::default_time2wait},
    SessionNumber{Key::default_time2retain, &Session::default_time2retain,
                  &Policy::default_time2retain},
    SessionNumber{Key::max_outstanding_r2t, &Session::max_outstanding_r2t,
                  &Policy::max_outstanding_r2t},
    SessionNumber{Key::error_recovery_level, &Session::error_recovery_level,
                  &Policy::error_recovery_level},
};

using SessionBoolean = Place<bool Session::*, bool Policy::*>;
constexpr std::array session_booleans{
    SessionBoolean{Key::initial_r2t, &Session::initial_r2t, &Policy::initial_r2t},
    SessionBoolean{Key::immediate_data, &Session::immediate_data, &Policy::immediate_data},
    SessionBoolean{Key::data_pdu_in_order, &Session::data_pdu_in_order, &Policy::data_pdu_in_order},
    SessionBoolean{Key::data_sequence_in_order, &Session::data_sequence_in_order,
                   &Policy::data_sequence_in_order},
};

using Marker = Place<bool Connection::*, bool Policy::*>;
constexpr std::array markers{
    Marker{Key::if_marker, &Connection::if_marker, &Policy::if_marker},
    Marker{Key::of_marker, &Connection::of_marker, &Policy::of_marker},
};

using MarkInterval = Place<std::uint32_t Connection::*, Range Policy::*>;
constexpr std::array mark_intervals{
    MarkInterval{Key::if_mark_int, &Connection::if_mark_int, &Policy::if_mark_int},
    MarkInterval{Key::of_mark_int, &Connection::of_mark_int, &Policy::of_mark_int},
};
using DigestPlace = Place<Digest Connection::*, DigestPolicy Policy::*>;
constexpr std::array digests{
    DigestPlace{Key::header_digest, &Connection::header_digest, &Policy::header_digest},
    DigestPlace{Key::data_digest, &Connection::data_digest, &Policy::data_digest},
};

using Name = Place<std::string Declarations::*, std::nullptr_t>;
constexpr std::array names{
    Name{Key::initiator_name, &Declarations::initiator_name, nullptr},
    Name{Key::initiator_alias, &Declarations::initiator_alias, nullptr},
    Name{Key::target_name, &Declarations::target_name, nullptr},
    Name{Key::target_alias, &Declarations::target_alias, nullptr},
};

}  // namespace

std::string_view name_of(Digest digest) {
  return digest == Digest::none ? word_none : std::string_view{"CRC32C"};
}

std::optional<Digest> digest_named(std::string_view name) {
  for (const Digest digest : {Digest::none, Digest::crc32c})
    if (name == name_of(digest)) return digest;
  return std::nullopt;
}

bool allows(const DigestPolicy& policy, Digest digest) {
  return digest == Digest::none ? policy.none : policy.crc32c;
}

std::uint64_t wished_number(Key key, const Policy& policy) {
  const auto* place = find_place(session_numbers, key);
  return policy.*(place->wished);
}
bool wished_boolean(Key key, const Policy& policy) {
  if (const auto* place = find_place(session_booleans, key)) return policy.*(place->wished);
  return policy.*(find_place(markers, key)->wished);
}

const DigestPolicy& wished_digests(Key key, const Policy& policy) {
  return policy.*(find_place(digests, key)->wished);
}
const Range& wished_range(Key key, const Policy& policy) {
  return policy.*(find_place(mark_intervals, key)->wished);
}

bool is_irrelevant(const KeySpec& key, const Parameters& current) {
  if (key.irrelevant_in_discovery && current.session.session_type == SessionType::discovery)
    return true;
  switch (key.irrelevant) {
    case Irrelevance::never: return false;
    case Irrelevance::without_unsolicited_data:
      return current.session.initial_r2t && !current.session.immediate_data;
    case Irrelevance::without_input_markers: return !current.connection.if_marker;
    case Irrelevance::without_output_markers: return !current.connection.of_marker;
  }
  std::unreachable();
}

void apply(Parameters& parameters, Key key, Role declarer, const Value& value) {
  const auto number = [&value] {
    return static_cast<std::uint32_t>(std::get<std::uint64_t>(value));
  };
  Session& session = parameters.session;
  Connection& connection = parameters.connection;
  if (const auto* place = find_place(session_numbers, key)) {
    session.*(place->held) = number();
  } else if (const auto* flag = find_place(session_booleans, key)) {
    session.*(flag->held) = std::get<bool>(value);
  } else if (const auto* marker = find_place(markers, key)) {
    connection.*(marker->held) = std::get<bool>(value);
  } else if (const auto* interval = find_place(mark_intervals, key)) {
    connection.*(interval->held) = number();
  } else if (const auto* digest = find_place(digests, key)) {
    connection.*(digest->held) = std::get<Digest>(value);
  } else if (const auto* name = find_place(names, key)) {
    parameters.declared.*(name->held) = std::get<std::string>(value);
  } else if (key == Key::max_recv_data_segment_length) {
    (declarer == Role::initiator ? connection.initiator_max_recv_data_segment_length
                                 : connection.target_max_recv_data_segment_length) = number();
  } else if (key == Key::target_portal_group_tag) {
    parameters.declared.target_portal_group_tag = static_cast<std::uint16_t>(number());
  } else if (key == Key::session_type) {
    session.session_type = std::get<SessionType>(value);
  }
}

void turn_markers_off(Parameters& parameters, Key interval) {
  (interval == Key::if_mark_int ? parameters.connection.if_marker
                                : parameters.connection.of_marker) = false;
}

std::optional<Violation> check_integrity(const Parameters& parameters) {
  const Session& session = parameters.session;
  if (!is_irrelevant(about(Key::first_burst_length), parameters) &&
      session.first_burst_length > session.max_burst_length)
    return broken(Rule::first_burst_within_max_burst, 0, session.first_burst_length);
  if (session.error_recovery_level > 0 && session.data_sequence_in_order &&
      session.max_outstanding_r2t != 1)
    return broken(Rule::recovery_in_order_has_one_r2t, 0, session.max_outstanding_r2t);
  return std::nullopt;
}

}  // namespace iscsi::text
