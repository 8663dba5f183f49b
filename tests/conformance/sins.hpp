#pragma once

/// Conversations in which a target breaks one rule and no other, one per rule that the monitor
/// judges, and what they are made of.

#include <functional>
#include <vector>

#include "conformance/scene.hpp"

namespace conformance {

using iscsi::Rule;

inline const std::string bytes_64(64, 'x');
inline const std::string bytes_32(32, 'x');

inline NopOut ping(std::uint32_t cmd_sn = 10) {
  return {.initiator_task_tag = InitiatorTaskTag{Scene::tag}, .cmd_sn = {cmd_sn}};
}
inline NopIn echo() { return {.initiator_task_tag = InitiatorTaskTag{Scene::tag}}; }
inline TextRequest ask(bool final = true) {
  return {.final = final, .initiator_task_tag = InitiatorTaskTag{Scene::tag}, .cmd_sn = {10}};
}
inline TextResponse reply(bool final = true) {
  return {.final = final,
          .initiator_task_tag = InitiatorTaskTag{Scene::tag},
          .target_transfer_tag = final ? TargetTransferTag::none : TargetTransferTag{9}};
}
inline std::string header_text(const HeaderBytes& header) {
  return std::string{iscsi::wire::as_text(header)};
}

inline Scene logged_in() {
  Scene scene;
  return scene.login();
}

/// A session of another initiator port.
inline Scene logged_in_elsewhere() {
  LoginRequest request = Scene::login_request();
  LoginResponse response = Scene::login_response();
  request.isid = response.isid = iscsi::wire::Isid{0x8000'0000'0002U};
  response.tsih = iscsi::wire::Tsih{8};
  Scene scene;
  scene.say(request, Scene::names()).answer(response, pairs("TargetPortalGroupTag=1/"));
  return scene;
}

/// The transcript of `first`, and behind it that of `second` as another connection's.
inline Scene beside(Scene first, const Scene& second) {
  for (Record record : second.transcript) {
    record.connection = 1;
    first.transcript.push_back(std::move(record));
  }
  return first;
}

/// Acknowledges the one command with CmdSN 10.
inline Scene acknowledged() {
  Scene scene;
  scene.login();
  scene.exp_cmd_sn = 11;
  return scene;
}

struct Sin {
  Rule rule;
  std::function<Scene()> commit;
  std::set<Rule> also{};  ///< what cannot be kept where `rule` is broken
};

template <class P>
P changed(P pdu, const std::function<void(P&)>& change) {
  change(pdu);
  return pdu;
}

inline Scene login_answered_by(const LoginResponse& response,
                               const std::string& text = "TargetPortalGroupTag=1/") {
  Scene scene;
  scene.say(Scene::login_request(), Scene::names());
  return scene.answer(response, pairs(text));
}

std::vector<Sin> sins_of_form();
std::vector<Sin> sins_of_framing();
std::vector<Sin> sins_of_numbering();
std::vector<Sin> sins_of_login();
std::vector<Sin> sins_of_text();
std::vector<Sin> sins_of_values();
std::vector<Sin> sins_of_authentication();
std::vector<Sin> sins_of_discovery();
std::vector<Sin> sins_of_tasks();
std::vector<Sin> sins_of_reading();
std::vector<Sin> sins_of_writing();
std::vector<Sin> sins_of_both_directions();

/// Conversations in which a target keeps the rules about values, authentication and names.
std::vector<std::function<Scene()>> sound_values();

}  // namespace conformance
