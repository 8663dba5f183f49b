#pragma once

/// The initiator's half of CHAP (RFC 3720 11.1.4, RFC 1994), for targets that want a secret. The
/// judge's own: the target's is `reference/login/chap.hpp`.

#include <optional>
#include <string_view>

#include "wire/bytes.hpp"

namespace conformance {

/// The response to a challenge by one of the registered algorithms: 5 MD5, 6 SHA-1, 7 SHA-256,
/// 8 SHA3-256. Nothing for another one.
[[nodiscard]] std::optional<iscsi::wire::Bytes> chap_response(std::uint64_t algorithm,
                                                              std::uint8_t identifier,
                                                              std::string_view secret,
                                                              iscsi::wire::ByteView challenge);

}  // namespace conformance
