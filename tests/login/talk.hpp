#pragma once

/// A talk between an initiator and the login machine, for tests. Requests are written as stages and
/// pairs, answers are read back as pairs, split here and not by the code under test.

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "login/hexadecimal.hpp"
#include "login/login.hpp"

namespace iscsi::login {

using pdu::LoginStatus;
using Pairs = std::vector<std::string>;

inline constexpr auto security = LoginStage::security_negotiation;
inline constexpr auto operational = LoginStage::operational_negotiation;
inline constexpr auto full_feature = LoginStage::full_feature_phase;
inline constexpr auto reserved_stage = static_cast<LoginStage>(2);

inline constexpr auto initiator_text = "iqn.1999-07.com.os:hostid.77";
inline constexpr auto target_text = "iqn.1999-07.com.example:diskarray.sn.88";
inline const std::string initiator_pair = std::string("InitiatorName=") + initiator_text;
inline const std::string target_pair = std::string("TargetName=") + target_text;
inline const std::string discovery_pair = "SessionType=Discovery";

/// Of a Login Request, what tells one from the next.
struct Turns {
  LoginStage current;
  std::optional<LoginStage> next{};  ///< T is set if there is one
  bool continued = false;
};
inline Turns stay(LoginStage stage) { return {.current = stage}; }
inline Turns move(LoginStage from, LoginStage to) { return {.current = from, .next = to}; }
inline Turns more(LoginStage stage) { return {.current = stage, .continued = true}; }

inline std::string joined(const Pairs& pairs) {
  std::string text;
  for (const std::string& pair : pairs) text += pair + '\0';
  return text;
}
inline Pairs split(std::string_view text) {
  Pairs pairs;
  while (!text.empty()) {
    const auto end = text.find('\0');
    pairs.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return pairs;
}

inline Configuration plain_configuration() {
  return {.target = *parse_name(target_text),
          .alias = {},
          .accounts = {},
          .own_account = {},
          .allowed_initiators = {},
          .redirections = {},
          .removed_targets = {},
          .policy = {}};
}

/// Random bytes that are none: identifier 17, challenge 00 01 … 0f.
inline std::array<std::byte, chap::fresh_bytes> counting_bytes() {
  std::array<std::byte, chap::fresh_bytes> bytes{std::byte{17}};
  for (std::size_t i = 1; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i - 1);
  return bytes;
}

/// One connection, and the world around it.
struct Talk {
  Configuration configuration = plain_configuration();
  std::vector<ExistingSession> sessions{};
  std::vector<chap::Challenge> challenges_elsewhere{};
  std::array<std::byte, chap::fresh_bytes> fresh = counting_bytes();
  wire::Tsih free_tsih{0x4711};
  wire::StatSN first_stat_sn{100};
  bool shutting_down = false;

  State state{};
  /// What the next request carries; StatSN is acknowledged as it comes.
  pdu::LoginRequest header{.isid = wire::Isid{0x0002'3d00'0001},
                           .initiator_task_tag = wire::InitiatorTaskTag{0x55aa},
                           .cid = wire::Cid{7},
                           .cmd_sn = {1000}};

  Context context() const {
    return {.configuration = configuration,
            .sessions = sessions,
            .session_count = sessions.size(),
            .fresh = fresh,
            .challenges_elsewhere = challenges_elsewhere,
            .free_tsih = free_tsih,
            .first_stat_sn = first_stat_sn,
            .command_window = 32,
            .shutting_down = shutting_down};
  }

  Answer send_bytes(const Turns& turns, std::string_view text) {
    header.transit = turns.next.has_value();
    header.next_stage = turns.next.value_or(LoginStage{});
    header.current_stage = turns.current;
    header.continued = turns.continued;
    const Answer answer = step(state, header, wire::as_bytes(text), context());
    if (answer.response) header.exp_stat_sn = answer.response->header.stat_sn + 1;
    return answer;
  }
  Answer send(const Turns& turns, const Pairs& pairs) { return send_bytes(turns, joined(pairs)); }
};

inline Pairs pairs_of(const Answer& answer) {
  return answer.response ? split(answer.response->text) : Pairs{"(no response)"};
}

/// A response with status 0000 that leaves the login in `stage`.
inline void expect_partial(const Answer& answer, LoginStage stage, const Pairs& pairs) {
  ASSERT_TRUE(answer.response.has_value());
  const auto& header = answer.response->header;
  EXPECT_EQ(header.status, LoginStatus::success)
      << (answer.violation ? about(answer.violation->rule).slug : "");
  EXPECT_FALSE(header.transit);
  EXPECT_EQ(header.current_stage, stage);
  EXPECT_EQ(header.next_stage, LoginStage{});
  EXPECT_EQ(split(answer.response->text), pairs);
  EXPECT_FALSE(answer.close);
  EXPECT_FALSE(answer.admission.has_value());
}

/// A response with T set from one stage to the other.
inline void expect_transit(const Answer& answer, LoginStage from, LoginStage to,
                           const Pairs& pairs) {
  ASSERT_TRUE(answer.response.has_value());
  const auto& header = answer.response->header;
  EXPECT_EQ(header.status, LoginStatus::success)
      << (answer.violation ? about(answer.violation->rule).slug : "");
  EXPECT_TRUE(header.transit);
  EXPECT_FALSE(header.continued);
  EXPECT_EQ(header.current_stage, from);
  EXPECT_EQ(header.next_stage, to);
  EXPECT_EQ(split(answer.response->text), pairs);
  EXPECT_FALSE(answer.close);
  EXPECT_EQ(answer.admission.has_value(), to == full_feature);
}

inline void expect_refused(const Answer& answer, LoginStatus status, Rule rule) {
  EXPECT_TRUE(answer.close);
  EXPECT_FALSE(answer.admission.has_value());
  ASSERT_TRUE(answer.violation.has_value());
  EXPECT_EQ(about(answer.violation->rule).slug, about(rule).slug);
  ASSERT_TRUE(answer.response.has_value());
  const auto& header = answer.response->header;
  EXPECT_EQ(header.status, status);
  EXPECT_FALSE(header.transit);  // reserved in a login reject (5.3.1), as are CSG and NSG
  EXPECT_FALSE(header.continued);
  EXPECT_EQ(header.current_stage, LoginStage{});
  EXPECT_EQ(header.next_stage, LoginStage{});
}

inline void expect_dropped(const Answer& answer, Rule rule) {
  EXPECT_TRUE(answer.close);
  EXPECT_FALSE(answer.response.has_value());
  EXPECT_FALSE(answer.admission.has_value());
  ASSERT_TRUE(answer.violation.has_value());
  EXPECT_EQ(about(answer.violation->rule).slug, about(rule).slug);
}

}  // namespace iscsi::login
