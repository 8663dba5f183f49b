#pragma once

/// CHAP's arithmetic (RFC 1994, RFC 3720 11.1.4, 8.2.1): algorithms, responses, challenges. The
/// order of an exchange and what each step may carry is `authentication.hpp`'s business; the
/// notation of values (hexadecimal, base64) is `text/grammar.hpp`'s.
///
/// This is the one place of the core that calls libcrypto.

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "limits.hpp"
#include "wire/bytes.hpp"

namespace iscsi::login::chap {

/// The numbers of IANA's registry "PPP Authentication Algorithms". RFC 3720 demands 5; the others
/// came later and mean these digests and no others (7 has been SHA-1 in some targets).
enum class Algorithm : std::uint8_t { md5 = 5, sha1 = 6, sha256 = 7, sha3_256 = 8 };

struct AlgorithmSpec {
  Algorithm algorithm;
  const char* digest;  ///< libcrypto's name of it
  std::size_t digest_bytes;
};

/// All four, by their numbers.
[[nodiscard]] std::span<const AlgorithmSpec> algorithms();
[[nodiscard]] const AlgorithmSpec& about(Algorithm algorithm);

/// The first of `offered` (numbers in the initiator's order of preference) that is in `allowed`.
/// Numbers that nobody knows are passed over (RFC 3720 5.2.1).
[[nodiscard]] std::optional<Algorithm> choose(std::span<const std::uint64_t> offered,
                                              std::span<const Algorithm> allowed);

/// A response as computed: at most 32 bytes, held in place.
struct Response {
  std::array<std::byte, 32> bytes{};
  std::size_t size = 0;

  [[nodiscard]] wire::ByteView view() const { return std::span(bytes).first(size); }
};

/// H(identifier, secret, challenge), one after the other (RFC 1994 4.1). Nothing if libcrypto does
/// not serve the digest, as where only approved ones are allowed.
[[nodiscard]] std::optional<Response> respond(Algorithm algorithm, std::uint8_t identifier,
                                              wire::ByteView secret, wire::ByteView challenge);

/// Whether two byte strings are equal, in a time that depends on their lengths alone.
[[nodiscard]] bool equal(wire::ByteView one, wire::ByteView other);

/// What the target asks of an initiator. Unpredictable and not to be repeated (RFC 1994 2.3): both
/// parts are random bytes that come with the event.
struct Challenge {
  std::uint8_t identifier = 0;
  std::array<std::byte, limits::chap_own_challenge_bytes> value{};

  friend bool operator==(const Challenge&, const Challenge&) = default;
};

/// Random bytes that one challenge uses up.
inline constexpr std::size_t fresh_bytes = 1 + limits::chap_own_challenge_bytes;
[[nodiscard]] Challenge make_challenge(std::span<const std::byte, fresh_bytes> fresh);

}  // namespace iscsi::login::chap
