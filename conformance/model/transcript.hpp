#pragma once

/// What happened on the wire: the evidence of every verdict, and all that the monitor gets to see.
/// A conversation that the suite took part in and one that somebody captured have the same form.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rules/rule.hpp"
#include "wire/bytes.hpp"

namespace conformance {

inline constexpr std::uint64_t us_per_ms = 1000;

/// Names one transport connection of a conversation, in the order in which they were opened.
using ConnectionNumber = std::uint32_t;

/// The two ends of a connection, as `192.0.2.1:3260` or `[2001:db8::1]:3260`; empty if they are not
/// told.
struct Endpoints {
  std::string initiator;
  std::string target;

  friend bool operator==(const Endpoints&, const Endpoints&) = default;
};

/// A run of bytes of a PDU that the capture does not hold; zeros stand in their place.
struct Hole {
  std::uint32_t offset = 0;  ///< in the PDU
  std::uint32_t length = 0;  ///< bytes
};

struct Record {
  enum class Kind : std::uint8_t {
    opened,
    sent,             ///< one PDU, by the initiator
    received,         ///< one PDU, by the target
    unreadable,       ///< bytes of the target that are no PDU: `violation` says why
    unreadable_sent,  ///< bytes of the initiator that are no PDU; captures only
    lost,             ///< captures only: what the target sent here is missing
    lost_sent,        ///< captures only: what the initiator sent here is missing
    ended,            ///< the target ended the connection in an orderly way
    broken,           ///< the target reset the connection
    left,             ///< the initiator ended the connection
    left_by_reset,    ///< the initiator reset the connection; captures only
  };
  Kind kind = Kind::opened;
  ConnectionNumber connection = 0;
  std::uint64_t at_us = 0;     ///< microseconds since the conversation began
  iscsi::wire::Bytes bytes{};  ///< the whole PDU as on the wire, digests and padding included
  std::optional<iscsi::Violation> violation{};
  bool damaged = false;       ///< sent: a story spoilt it on purpose
  bool midway = false;        ///< opened: its beginning is not in the capture; left: its end is not
  std::uint64_t packet = 0;   ///< in the capture, from 1, with the PDU's last byte; 0: no capture
  std::vector<Hole> holes{};  ///< in `bytes`, in order; never in the first 48
  std::size_t left_out = 0;   ///< bytes of the PDU behind `bytes`: kept as evidence, without them
};

/// Bytes of either side that are no PDU.
[[nodiscard]] constexpr bool is_unreadable(const Record& record) {
  return record.kind == Record::Kind::unreadable || record.kind == Record::Kind::unreadable_sent;
}

using Transcript = std::vector<Record>;

}  // namespace conformance
