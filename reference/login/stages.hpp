#pragma once

/// The stages of a login and the ways between them (RFC 3720 5.3, 10.12.3).

#include <array>
#include <optional>

#include "pdu/login_request.hpp"
#include "rules/rule.hpp"

namespace iscsi::login {

using pdu::LoginStage;

struct Transition {
  LoginStage from;
  LoginStage to;
};

/// The "yes" cells of the table in 5.3, below its first row. A pair that is not here is a "no".
inline constexpr std::array<Transition, 3> transitions{{
    {LoginStage::security_negotiation, LoginStage::operational_negotiation},
    {LoginStage::security_negotiation, LoginStage::full_feature_phase},
    {LoginStage::operational_negotiation, LoginStage::full_feature_phase},
}};

/// The table's first row: where a login may begin.
inline constexpr std::array<LoginStage, 2> first_stages{LoginStage::security_negotiation,
                                                        LoginStage::operational_negotiation};

/// What is wrong with T, C, CSG and NSG of a request, if anything. `current` is the stage that the
/// login is in; none before its first request. NSG counts with T only (10.12.3).
[[nodiscard]] std::optional<Violation> check_stages(const pdu::LoginRequest& request,
                                                    std::optional<LoginStage> current);

}  // namespace iscsi::login
