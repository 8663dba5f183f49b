#pragma once

/// What happened on the wire: the evidence of every verdict, and all that the monitor gets to see.

#include <cstdint>
#include <optional>
#include <vector>

#include "rules/rule.hpp"
#include "wire/bytes.hpp"

namespace conformance {

/// Names one transport connection of a conversation, in the order in which they were opened.
using ConnectionNumber = std::uint32_t;

struct Record {
  enum class Kind : std::uint8_t {
    opened,
    sent,        ///< one PDU, by the initiator
    received,    ///< one PDU, by the target
    unreadable,  ///< bytes of the target that are no PDU: `violation` says why
    ended,       ///< the target ended the connection in an orderly way
    broken,      ///< the target reset the connection
    left,        ///< the initiator ended the connection
  };
  Kind kind = Kind::opened;
  ConnectionNumber connection = 0;
  std::uint64_t at_us = 0;     ///< microseconds since the conversation began
  iscsi::wire::Bytes bytes{};  ///< the whole PDU as on the wire, digests and padding included
  std::optional<iscsi::Violation> violation{};
  bool damaged = false;  ///< sent: a story spoilt it on purpose
};

using Transcript = std::vector<Record>;

}  // namespace conformance
