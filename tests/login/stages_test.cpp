#include "login/stages.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "login/talk.hpp"

namespace iscsi::login {
namespace {

constexpr std::array<std::uint8_t, 4> stage_codes{0, 1, 2, 3};

/// Every request that is in order, written out from RFC 3720 5.3 and 10.12.3 as "current CSG NSG T
/// C", current "-" before the first request, NSG "." where it does not count.
const std::vector<std::string> in_order{
    // A login begins in the security or in the operational stage, T clear: with C or without.
    "- 0 . 0 0", "- 0 . 0 1", "- 1 . 0 0", "- 1 . 0 1",
    // Or it asks for a transition at once.
    "- 0 1 1 0", "- 0 3 1 0", "- 1 3 1 0",
    // Security goes on, or leads to operational or full feature phase.
    "0 0 . 0 0", "0 0 . 0 1", "0 0 1 1 0", "0 0 3 1 0",
    // Operational goes on, or leads to full feature phase.
    "1 1 . 0 0", "1 1 . 0 1", "1 1 3 1 0"};

std::string key_of(std::optional<LoginStage> current, const pdu::LoginRequest& request) {
  const auto digit = [](LoginStage stage) { return std::to_string(static_cast<int>(stage)); };
  return (current ? digit(*current) : "-") + " " + digit(request.current_stage) + " " +
         (request.transit ? digit(request.next_stage) : ".") + " " + (request.transit ? "1" : "0") +
         " " + (request.continued ? "1" : "0");
}

template <class Visit>
void for_all_requests(Visit visit) {
  for (const std::uint8_t csg : stage_codes)
    for (const std::uint8_t nsg : stage_codes)
      for (const bool transit : {false, true})
        for (const bool continued : {false, true})
          visit(pdu::LoginRequest{.transit = transit,
                                  .continued = continued,
                                  .current_stage = static_cast<LoginStage>(csg),
                                  .next_stage = static_cast<LoginStage>(nsg)});
}

Rule expected_rule(std::optional<LoginStage> current, const pdu::LoginRequest& request) {
  if (request.transit && request.continued) return Rule::continued_login_does_not_transit;
  if (request.current_stage == reserved_stage) return Rule::login_stage_is_defined;
  if (request.transit && request.next_stage == reserved_stage) return Rule::login_stage_is_defined;
  const bool may_begin = request.current_stage != full_feature;
  if (current ? request.current_stage != *current : !may_begin)
    return Rule::login_is_in_current_stage;
  return Rule::login_transition_is_allowed;
}

TEST(Stages, AllowExactlyWhatTheTableOfTransitionsAllows) {
  std::size_t allowed = 0;
  for (const std::optional<LoginStage> current :
       {std::optional<LoginStage>{}, std::optional{security}, std::optional{operational}})
    for_all_requests([&](const pdu::LoginRequest& request) {
      const auto key = key_of(current, request);
      const auto fault = check_stages(request, current);
      const bool ok = std::ranges::find(in_order, key) != in_order.end();
      EXPECT_EQ(!fault.has_value(), ok) << key;
      allowed += fault ? 0 : 1;
      if (!fault) return;
      EXPECT_EQ(about(fault->rule).slug, about(expected_rule(current, request)).slug) << key;
      EXPECT_EQ(fault->byte, 1U);
      if (fault->rule == Rule::continued_login_does_not_transit) {
        EXPECT_EQ(fault->found, 1U) << key;
      }
    });
  // Without T all four codes of NSG are let through: it is reserved then, and not looked at.
  EXPECT_EQ(allowed, 8U * 4U + 6U);
}

/// The same through the machine: a first request of every form, and a second in each stage.
TEST(Stages, AreCheckedInTheFirstRequestOfALogin) {
  for_all_requests([&](const pdu::LoginRequest& request) {
    Talk talk;
    talk.header.next_stage = request.next_stage;
    const Turns turns{.current = request.current_stage,
                      .next = request.transit ? std::optional(request.next_stage) : std::nullopt,
                      .continued = request.continued};
    const auto answer = talk.send(turns, {initiator_pair, target_pair});
    const auto key = key_of(std::nullopt, request);
    const bool ok = std::ranges::find(in_order, key) != in_order.end();
    EXPECT_EQ(!answer.close, ok) << key;
    if (!ok) {
      expect_refused(answer, LoginStatus::initiator_error, expected_rule(std::nullopt, request));
      return;
    }
    // With nothing to negotiate the target goes wherever the initiator wants to go.
    EXPECT_EQ(answer.response->header.transit, request.transit) << key;
    EXPECT_EQ(answer.admission.has_value(), request.transit && request.next_stage == full_feature)
        << key;
    if (!request.transit || request.next_stage == full_feature) return;
    EXPECT_EQ(answer.response->header.next_stage, request.next_stage) << key;
  });
}

TEST(Stages, AreCheckedInEveryLaterRequest) {
  for (const LoginStage current : {security, operational})
    for_all_requests([&](const pdu::LoginRequest& request) {
      Talk talk;
      ASSERT_FALSE(talk.send(stay(current), {initiator_pair, target_pair}).close);
      const Turns turns{.current = request.current_stage,
                        .next = request.transit ? std::optional(request.next_stage) : std::nullopt,
                        .continued = request.continued};
      const auto answer = talk.send(turns, {});
      const auto key = key_of(current, request);
      const bool ok = std::ranges::find(in_order, key) != in_order.end();
      EXPECT_EQ(!answer.close, ok) << key;
      if (!ok) {
        expect_refused(answer, LoginStatus::initiator_error, expected_rule(current, request));
        return;
      }
      EXPECT_EQ(answer.response->header.transit, request.transit) << key;
      EXPECT_EQ(answer.response->header.current_stage, request.current_stage) << key;
    });
}

TEST(Stages, OnceLeftAreNotComeBackTo) {
  Talk talk;
  expect_transit(talk.send(move(security, operational), {initiator_pair, target_pair}), security,
                 operational, {"TargetPortalGroupTag=1"});
  expect_refused(talk.send(move(security, operational), {}), LoginStatus::initiator_error,
                 Rule::login_is_in_current_stage);
}

}  // namespace
}  // namespace iscsi::login
