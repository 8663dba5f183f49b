// Holds: an authentication exchange ends with a user only by the right response to the challenge
// just sent, with the secret of that user; where it is required it does not end without; one
// response is never accepted in the other direction, and a failed exchange gives nothing away.

#include <string>

#include "login/authentication.hpp"
#include "support/chap_peer.hpp"
#include "support/entry.hpp"
#include "support/login_settings.hpp"
#include "support/require.hpp"
#include "support/texts.hpp"

namespace iscsi::fuzz {
namespace {

using login::Authentication;
using login::AuthenticationStep;
using wire::ByteView;

/// Only these come to `authenticate`; the negotiation sorts them out.
std::vector<text::KeyValue> authentication_keys_of(const std::vector<text::KeyValue>& pairs) {
  std::vector<text::KeyValue> keys;
  for (const text::KeyValue& pair : pairs) {
    const bool is_new = std::ranges::find(keys, pair.key, &text::KeyValue::key) == keys.end();
    const bool is_key =
        pair.key == "AuthMethod" || text::find_authentication_key(pair.key) != nullptr;
    if (is_key && is_new) keys.push_back(pair);
  }
  return keys;
}

class Exchange {
 public:
  Exchange(const login::Configuration& configuration, Settings& settings)
      : configuration_(configuration),
        authentication_(configuration.normal_sessions),
        peer_(configuration),
        fresh_(draw_bytes<Fresh>(settings)) {
    elsewhere_[0].value.fill(challenge_elsewhere);
    if (authentication_ == Authentication::required && settings.flag())
      static_cast<void>(login::propose_method(exchange_));
  }

  /// One text of the initiator; false when the exchange is over.
  bool step(std::string_view text) {
    const std::string sent = peer_.fill_in(text);
    const auto pairs = text::parse(sent);
    if (!pairs) return false;
    const bool could_leave = login::may_leave_security(exchange_, authentication_);
    peer_.sent(sent);
    const auto answer = login::authenticate(exchange_, authentication_keys_of(*pairs),
                                            {.authentication = authentication_,
                                             .configuration = configuration_,
                                             .fresh = fresh_,
                                             .challenges_elsewhere = elsewhere_});
    if (!answer) return false;
    const std::string said = text::encode_pairs(*answer);
    require(said.empty() || text::parse(said).has_value(), "an answer is a text");
    check(could_leave, said);
    peer_.received(said);
    return true;
  }

 private:
  using Fresh = std::array<std::byte, login::chap::fresh_bytes>;
  /// Of all bytes of a challenge that another connection has been sent.
  static constexpr std::byte challenge_elsewhere{0x5a};

  void check(bool could_leave, const std::string& said) {
    if (!exchange_.user.empty() && user_.empty()) {
      require(peer_.proved() == exchange_.user, "a user has just proved to know the secret");
      user_ = exchange_.user;
    }
    require(exchange_.user == user_, "a user stays who it was");
    if (said.contains("CHAP_R="))
      require(peer_.proved().has_value(), "the target proves itself to nobody but a proved user");
    const bool may_leave = login::may_leave_security(exchange_, authentication_);
    if (authentication_ == Authentication::required && may_leave)
      require(!user_.empty(), "required authentication is not left out");
    if (!could_leave && may_leave && authentication_ == Authentication::none)
      require(exchange_.user.empty(), "without authentication nobody is authenticated");
  }

  const login::Configuration& configuration_;
  Authentication authentication_;
  login::Exchange exchange_;
  ChapPeer peer_;
  Fresh fresh_;
  std::array<login::chap::Challenge, 1> elsewhere_{};
  std::string user_;
};

}  // namespace
}  // namespace iscsi::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace iscsi::fuzz;
  const ByteView input = bytes_of(data, size);
  Settings settings{input};
  iscsi::login::Configuration configuration = draw_login_configuration(settings);
  Exchange exchange{configuration, settings};
  if (configuration.own_account && settings.one_in(4)) configuration.own_account->secret = "short";
  configuration.encrypted_by_ipsec = settings.one_in(4);
  for (const std::string_view text : split_texts(input))
    if (!exchange.step(text)) break;
  return 0;
}
