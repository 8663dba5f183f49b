#pragma once

/// SendTargets (RFC 3720 appendix D): the question an initiator asks in full feature phase, and the
/// list of targets that answers it.

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/rule.hpp"
#include "text/grammar.hpp"
#include "text/keys.hpp"

namespace iscsi::text {

/// A TargetAddress (12.8).
struct Address {
  std::string host;                     ///< name, IPv4, or IPv6 in brackets
  std::optional<std::uint16_t> port{};  ///< none: 3260
  std::optional<std::uint16_t>
      portal_group_tag{};  ///< there in SendTargets, absent in redirections

  friend bool operator==(const Address&, const Address&) = default;
};
[[nodiscard]] std::expected<Address, Violation> decode_address(std::string_view value,
                                                               std::uint32_t byte = 0);
[[nodiscard]] std::string encode_address(const Address& address);

/// What is asked for.
struct TargetQuestion {
  enum class Kind : std::uint8_t { all, named, connected };
  Kind kind = Kind::all;
  std::string_view name = {};  ///< of `named`

  friend bool operator==(const TargetQuestion&, const TargetQuestion&) = default;
};
/// Reads a SendTargets value. Refused, to be answered `SendTargets=Reject`: All in a normal session
/// (D forbids it), nothing in a discovery session (there is no connected target), other values.
[[nodiscard]] std::expected<TargetQuestion, Violation> decode_send_targets(const KeyValue& asked,
                                                                           SessionType session);

/// One target and where it is reached; every address has its portal group tag.
struct TargetRecord {
  std::string name;
  std::vector<Address> addresses{};

  friend bool operator==(const TargetRecord&, const TargetRecord&) = default;
};
/// The whole logical text of the answer; the caller cuts it (`Segmentation`).
[[nodiscard]] std::string send_targets_response(std::span<const TargetRecord> targets);

/// An initiator's reading of the answer.
[[nodiscard]] std::expected<std::vector<TargetRecord>, Violation> decode_send_targets_response(
    std::span<const KeyValue> pairs);

}  // namespace iscsi::text
