#include "conformance/play/login.hpp"

#include <utility>

#include "conformance/play/chap.hpp"
#include "conformance/story/data.hpp"
#include "text/grammar.hpp"

namespace conformance {

using iscsi::wire::Bytes;

namespace {

/// Login Requests that one stage may take before the target is said not to come to an end.
constexpr std::size_t most_rounds = 16;
constexpr std::size_t challenge_bytes = 16;
constexpr std::size_t longest_binary = 1024;  // 11.1.4

void add(std::string& text, std::string_view key, std::string_view value) {
  iscsi::text::append_pair(text, key, value);
}

std::string answer_to(std::string_view key, std::string_view proposal) {
  const KeyRow* row = find_key_row(key);
  if (row == nullptr) return std::string{iscsi::text::word_not_understood};
  if (row->kind == KeyRow::Kind::list) return std::string{proposal.substr(0, proposal.find(','))};
  if (row->kind == KeyRow::Kind::range) return std::string{proposal.substr(0, proposal.find('~'))};
  return std::string{admissible(*row, proposal) ? proposal : iscsi::text::word_reject};
}

}  // namespace

std::string answers_to(const Talk& talk) {
  std::string text;
  for (const auto& [key, proposal] : talk.open_to_initiator())
    add(text, key, answer_to(key, proposal));
  return text;
}

Login::Login(LoginPlan plan, const Settings& settings)
    : plan_{std::move(plan)},
      initiator_{settings.initiator},
      target_{settings.target},
      initiator_name_{settings.initiator_name},
      target_name_{settings.target_name},
      seed_{settings.seed} {}

std::string Login::names() const {
  std::string text;
  add(text, "InitiatorName", initiator_name_);
  add(text, "SessionType", plan_.discovery ? "Discovery" : "Normal");
  if (!plan_.discovery) add(text, "TargetName", target_name_);
  return text;
}

Stage Login::behind_security() const {
  return plan_.skip_operational ? Stage::full_feature : Stage::operational;
}

Login::Request Login::operational(bool with_names) const {
  std::string text = with_names ? names() : std::string{};
  for (const std::string& offer : plan_.offers) {
    text += offer;
    text.push_back('\0');
  }
  return {.stage = Stage::operational, .next = Stage::full_feature, .text = std::move(text)};
}

Login::Request Login::first() {
  if (plan_.skip_security) {
    stage_ = Stage::operational;
    return operational(true);
  }
  Request request{.stage = Stage::security, .next = std::nullopt, .text = names()};
  add(request.text, "AuthMethod", initiator_ ? "CHAP" : "None");
  if (!initiator_) request.next = behind_security();
  return request;
}

Login::Next Login::after(const Response& response, const Talk& talk) {
  if (response.status != 0)
    return Failed{"the login was refused with status 0x" +
                  iscsi::text::encode_hexadecimal(std::array{std::byte(response.status >> 8U),
                                                             std::byte(response.status & 0xffU)})
                      .substr(2)};
  if (++rounds_ > most_rounds) return Failed{"the login came to no end"};
  if (response.continued) return Request{.stage = stage_, .next = std::nullopt, .text = {}};
  if (proof_ == Proof::response && target_) {
    if (const auto doubt = doubt_about_target(talk)) return Failed{*doubt};
    proof_ = Proof::verified;
  }
  if (response.transit && response.next_stage == 3) return Done{};
  if (response.transit && response.next_stage == 1 && stage_ == Stage::security) {
    stage_ = Stage::operational;
    return operational(false);
  }
  std::string answers = answers_to(talk);
  if (stage_ == Stage::security) return after_security(talk, std::move(answers));
  return Request{
      .stage = Stage::operational, .next = Stage::full_feature, .text = std::move(answers)};
}

Login::Next Login::after_security(const Talk& talk, std::string answers) {
  const bool unproved = proof_ == Proof::method || proof_ == Proof::challenge;
  if (initiator_ && unproved) return prove(talk, std::move(answers));
  return Request{.stage = Stage::security, .next = behind_security(), .text = std::move(answers)};
}

/// The next step of CHAP (11.1.4).
std::string Login::encoded(iscsi::wire::ByteView bytes) const {
  return plan_.in_base64 ? iscsi::text::encode_base64(bytes)
                         : iscsi::text::encode_hexadecimal(bytes);
}

Login::Next Login::prove(const Talk& talk, std::string answers) {
  const auto& heard = talk.answered();
  if (proof_ == Proof::method) {
    const std::string* method = value_of(heard, "AuthMethod");
    if (method == nullptr || *method != "CHAP")
      return Failed{"the target did not choose CHAP, the only method offered"};
    add(answers, "CHAP_A", "5");
    proof_ = Proof::challenge;
    return Request{.stage = Stage::security, .next = std::nullopt, .text = std::move(answers)};
  }
  const std::string* algorithm = value_of(heard, "CHAP_A");
  const std::string* identifier = value_of(heard, "CHAP_I");
  const std::string* challenge = value_of(heard, "CHAP_C");
  if (algorithm == nullptr || identifier == nullptr || challenge == nullptr)
    return Failed{"the target sent no complete CHAP challenge"};
  const auto number = iscsi::text::decode_number(*identifier);
  const auto bytes = iscsi::text::decode_binary(*challenge, 0, longest_binary);
  if (*algorithm != "5" || !number || *number > 255 || !bytes)
    return Failed{"the target's CHAP challenge cannot be read"};
  algorithm_ = 5;
  const auto response =
      chap_response(algorithm_, static_cast<std::uint8_t>(*number), initiator_->secret, *bytes);
  if (!response) return Failed{"MD5 is not available"};
  add(answers, "CHAP_N", initiator_->name);
  add(answers, "CHAP_R", encoded(*response));
  if (target_ || plan_.reflected) {
    identifier_ = static_cast<std::uint8_t>(*number + 1);
    for (std::size_t i = 0; i < challenge_bytes; ++i) challenge_.push_back(pattern_byte(seed_, i));
    if (plan_.reflected) challenge_ = *bytes;
    add(answers, "CHAP_I", std::to_string(identifier_));
    add(answers, "CHAP_C", encoded(challenge_));
  }
  proof_ = Proof::response;
  return Request{.stage = Stage::security, .next = behind_security(), .text = std::move(answers)};
}

/// Why the target has not proved itself, if it has not.
std::optional<std::string> Login::doubt_about_target(const Talk& talk) const {
  const std::string* name = value_of(talk.answered(), "CHAP_N");
  const std::string* response = value_of(talk.answered(), "CHAP_R");
  if (name == nullptr || response == nullptr) return "the target did not authenticate itself";
  const auto bytes = iscsi::text::decode_binary(*response, 0, longest_binary);
  const auto wanted = chap_response(algorithm_, identifier_, target_->secret, challenge_);
  if (!bytes || *bytes != wanted || *name != target_->name)
    return "the target's CHAP response is wrong";
  return std::nullopt;
}

}  // namespace conformance
