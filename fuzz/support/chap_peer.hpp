#pragma once

/// An initiator that knows secrets: no engine guesses a hash, so an input says `CHAP_R=right` where
/// the right response is to stand, and one gets to see what lies behind authentication.
/// `CHAP_R=ours` stands for the response that the target itself would give, `CHAP_C=theirs` for the
/// target's challenge, sent back.
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
  explicit ChapPeer(const login::Configuration& configuration) : configuration_(configuration) {}

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
  [[nodiscard]] std::string response_by(std::string_view secret) const;
  /// What stands where the text has a placeholder; nothing: the placeholder itself.
  [[nodiscard]] std::string right(std::string_view text) const;
  [[nodiscard]] std::string ours() const;
  [[nodiscard]] std::string theirs() const;

  const login::Configuration& configuration_;
  std::optional<Challenge> challenge_;
  std::optional<std::string> proved_;
};

}  // namespace iscsi::fuzz
