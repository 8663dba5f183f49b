#pragma once

/// An initiator that knows secrets: no engine guesses a hash, so an input says `CHAP_R=right` where
/// the right response is to stand, and one gets to see what lies behind authentication.
///
/// It is the oracle as well: it watches both sides' texts and tells whether the initiator has given
/// the right response to the challenge that it was sent.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "login/configuration.hpp"

namespace iscsi::fuzz {

class ChapPeer {
 public:
  explicit ChapPeer(const std::vector<login::Account>& accounts) : accounts_(accounts) {}

  /// The text as it is to be sent: placeholders become responses to the last challenge.
  [[nodiscard]] std::string fill_in(std::string_view text) const;
  /// The initiator has sent this complete text.
  void sent(std::string_view text);
  /// The target has answered with this complete text.
  void received(std::string_view text);

  /// The account whose right response to the target's last challenge the initiator's last text
  /// held; none: there was no such response.
  [[nodiscard]] const std::optional<std::string>& proved() const { return proved_; }

 private:
  struct Challenge {
    login::chap::Algorithm algorithm{};
    std::uint8_t identifier = 0;
    wire::Bytes value;
  };
  [[nodiscard]] std::string response_of(std::string_view account) const;

  const std::vector<login::Account>& accounts_;
  std::optional<Challenge> challenge_;
  std::optional<std::string> proved_;
};

}  // namespace iscsi::fuzz
