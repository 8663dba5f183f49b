#pragma once

#include <cstdint>

namespace iscsi::session {

/// Milliseconds since a moment that only the caller knows. The core never asks for the time: each
/// event brings it.
using Moment = std::uint64_t;

/// Names a transport connection for as long as the target lives.
enum class ConnectionId : std::uint32_t {};

}  // namespace iscsi::session
