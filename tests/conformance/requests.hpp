#pragma once

/// Conversations in which an initiator breaks one rule and no other, one per rule that the monitor
/// judges in initiators, and what they are made of.

#include "conformance/sins.hpp"

namespace conformance {

/// A ping of another task than that of `ping()`.
inline NopOut other_ping(std::uint32_t cmd_sn = 11) {
  NopOut pdu = ping(cmd_sn);
  pdu.initiator_task_tag = InitiatorTaskTag{6};
  return pdu;
}

/// One login step: a request and its answer. `T` is set where `next` is.
struct LoginStep {
  LoginStage stage = LoginStage::operational_negotiation;
  std::optional<LoginStage> next{};
  std::string request;
  std::string answer;
};

inline Scene& add_step(Scene& scene, const LoginStep& step,
                       const std::function<void(LoginRequest&)>& change = {}) {
  LoginRequest request = Scene::login_request();
  request.transit = step.next.has_value();
  request.current_stage = step.stage;
  request.next_stage = step.next.value_or(LoginStage{});
  if (change) change(request);
  LoginResponse response = Scene::login_response();
  response.transit = request.transit;
  response.current_stage = step.stage;
  response.next_stage = request.next_stage;
  if (step.next != LoginStage::full_feature_phase) response.tsih = iscsi::wire::Tsih::none;
  scene.say(request, pairs(step.request));
  return scene.answer(response, pairs(step.answer));
}

/// The names, without an end of the stage.
inline Scene begun_login(const std::string& offers = {}, const std::string& answers = {}) {
  Scene scene;
  return add_step(
      scene, {.request = Scene::names() + offers, .answer = "TargetPortalGroupTag=1/" + answers});
}

/// Where the initiator has a step of CHAP to send: its first one.
inline Scene begun_chap() {
  Scene scene;
  return add_step(scene, {.stage = LoginStage::security_negotiation,
                          .request = Scene::names() + "AuthMethod=CHAP/",
                          .answer = "TargetPortalGroupTag=1/AuthMethod=CHAP/"});
}
/// And its second one.
inline Scene challenged() {
  Scene scene = begun_chap();
  return add_step(scene, {.stage = LoginStage::security_negotiation,
                          .request = "CHAP_A=5/",
                          .answer = "CHAP_A=5/CHAP_I=7/CHAP_C=0x0102/"});
}

inline Scene discovery() {
  Scene scene;
  add_step(scene, {.next = LoginStage::full_feature_phase,
                   .request = "InitiatorName=iqn.2003-01.example:i/SessionType=Discovery/",
                   .answer = ""});
  scene.exp_cmd_sn = 11;
  return scene;
}

/// A write of `bytes` for which the target asks at once.
inline Scene asked_for(std::uint32_t bytes) {
  Scene scene = acknowledged();
  return scene.say(Scene::write(bytes)).notify(Scene::r2t(0, 0, bytes));
}

inline constexpr std::uint32_t no_transfer_tag = 0xffff'ffff;

/// A session with unsolicited data.
inline Scene eager(const std::string& more = {}) {
  const std::string keys = "InitialR2T=No/FirstBurstLength=512/" + more;
  Scene scene;
  scene.login(keys, keys);
  scene.exp_cmd_sn = 12;
  return scene;
}
inline ScsiCommand eager_write(std::uint32_t bytes) {
  ScsiCommand command = Scene::write(bytes);
  command.final = false;
  return command;
}

std::vector<Sin> sins_in_form_of_requests();
std::vector<Sin> sins_in_flags_of_requests();
std::vector<Sin> sins_in_additional_headers();
std::vector<Sin> sins_in_numbers_of_requests();
std::vector<Sin> sins_in_login_requests();
std::vector<Sin> sins_in_names_of_requests();
std::vector<Sin> sins_in_text_of_requests();
std::vector<Sin> sins_in_values_of_requests();
std::vector<Sin> sins_in_authentication_of_requests();
std::vector<Sin> sins_in_tasks_of_requests();
std::vector<Sin> sins_in_data_of_requests();
std::vector<Sin> sins_in_data_out();

}  // namespace conformance
