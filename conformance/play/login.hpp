#pragma once

/// A whole login as a correct initiator performs it (RFC 3720 5.3, 11.1.4): both stages, CHAP if
/// there is a secret, answers to whatever the target proposes, continuation in both directions.
/// Pure: it is told each Login Response and says what to send next.

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "conformance/model/talk.hpp"
#include "conformance/play/settings.hpp"
#include "wire/bytes.hpp"

namespace conformance {

struct LoginPlan {
  bool discovery = false;
  bool skip_security = false;
  bool skip_operational = false;
  bool in_base64 = false;
  bool reflected = false;
  std::vector<std::string> offers;  ///< `key=value`
};

class Login {
 public:
  struct Request {
    Stage stage = Stage::security;
    std::optional<Stage> next;  ///< set with the T bit
    std::string text;           ///< pairs with their null bytes
  };
  struct Done {};
  struct Failed {
    std::string why;
  };
  using Next = std::variant<Request, Done, Failed>;

  /// What matters of a Login Response's header.
  struct Response {
    std::uint16_t status = 0;
    bool transit = false;
    bool continued = false;
    std::uint8_t next_stage = 0;
  };

  Login(LoginPlan plan, const Settings& settings);

  [[nodiscard]] Request first();

  /// `talk` has heard the response already.
  [[nodiscard]] Next after(const Response& response, const Talk& talk);

 private:
  enum class Proof : std::uint8_t { method, challenge, response, verified };

  [[nodiscard]] std::string names() const;
  [[nodiscard]] Request operational(bool with_names) const;
  [[nodiscard]] Next after_security(const Talk& talk, std::string answers);
  [[nodiscard]] Next prove(const Talk& talk, std::string answers);
  [[nodiscard]] std::optional<std::string> doubt_about_target(const Talk& talk) const;
  [[nodiscard]] Stage behind_security() const;
  [[nodiscard]] std::string encoded(iscsi::wire::ByteView bytes) const;

  LoginPlan plan_;
  std::optional<Secret> initiator_;
  std::optional<Secret> target_;
  std::string initiator_name_;
  std::string target_name_;
  std::uint64_t seed_ = 0;
  Stage stage_ = Stage::security;
  Proof proof_ = Proof::method;
  std::size_t rounds_ = 0;
  std::uint64_t algorithm_ = 0;
  std::uint8_t identifier_ = 0;
  iscsi::wire::Bytes challenge_;  ///< ours, to the target
};

/// The initiator's answers to what the target proposed: the value itself where that is a possible
/// one, the first of a list, `NotUnderstood` for keys that the RFC does not know.
[[nodiscard]] std::string answers_to(const Talk& talk);

}  // namespace conformance
