#include <algorithm>

#include "support/login_settings.hpp"
#include "support/steering.hpp"
#include "tools/seed.hpp"

namespace iscsi::fuzz {
namespace {

constexpr std::uint32_t first_cmd_sn = 1;
constexpr wire::InitiatorTaskTag login_tag{0x10};

std::string who(std::string_view session_type) {
  std::string text;
  text.append("InitiatorName=").append(initiator_name).append(1, '\0');
  text.append("SessionType=").append(session_type).append(1, '\0');
  if (session_type == "Normal") text.append("TargetName=").append(target_name).append(1, '\0');
  return text;
}

}  // namespace

wire::Bytes bytes_of_text(std::string_view text) {
  return {wire::as_bytes(text).begin(), wire::as_bytes(text).end()};
}

std::string pairs(std::string_view text) {
  std::string with_nulls{text};
  std::ranges::replace(with_nulls, ';', '\0');
  return with_nulls;
}

Stream Stream::logged_in(std::string_view more_pairs) {
  Stream stream{first_cmd_sn};
  stream.login(Login{}, who("Normal") + pairs(more_pairs));
  return stream;
}

Stream Stream::in_discovery() {
  Stream stream{first_cmd_sn};
  stream.login(Login{}, who("Discovery"));
  return stream;
}

Stream& Stream::login(std::string_view text) { return login(Login{}, text); }

Stream& Stream::login(const Login& stages, std::string_view text) {
  const std::string data = pairs(text);
  pdu::LoginRequest request{.transit = stages.from != stages.to,
                            .continued = stages.continued,
                            .current_stage = static_cast<pdu::LoginStage>(stages.from),
                            .next_stage = static_cast<pdu::LoginStage>(stages.to),
                            .isid = wire::Isid{0x23'd000'0001},
                            .initiator_task_tag = login_tag};
  if (stages.from == stages.to) request.next_stage = {};
  return send(request, wire::as_bytes(data));
}

Stream& Stream::text(std::string_view text, bool final) {
  const std::string data = pairs(text);
  return send(pdu::TextRequest{.final = final,
                               .continued = !final,
                               .initiator_task_tag = wire::InitiatorTaskTag{++task_tag_},
                               .target_transfer_tag = wire::TargetTransferTag::none},
              wire::as_bytes(data));
}

Stream& Stream::command(std::initializer_list<int> cdb, const Data& data) {
  pdu::ScsiCommand command{.final = !data.more,
                           .read = data.in != 0,
                           .write = data.out != 0,
                           .attribute = pdu::TaskAttribute::simple,
                           .lun = wire::Lun{std::uint64_t{data.unit} << 48U},
                           .initiator_task_tag = wire::InitiatorTaskTag{++task_tag_},
                           .expected_data_transfer_length = data.out != 0 ? data.out : data.in};
  std::ranges::transform(cdb, command.cdb.begin(),
                         [](int byte) { return static_cast<std::byte>(byte); });
  return send(command, data.immediate, data.additional_headers);
}

Stream& Stream::log_out() {
  return send(pdu::LogoutRequest{.initiator_task_tag = wire::InitiatorTaskTag{++task_tag_}});
}

Stream& Stream::steer(int steering, int event) {
  bytes_[last_pdu_ + steering_byte] = static_cast<std::byte>(steering);
  bytes_[last_pdu_ + event_byte] = static_cast<std::byte>(event);
  return *this;
}

}  // namespace iscsi::fuzz
