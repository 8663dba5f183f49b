#include <algorithm>

#include "conformance/play/chap.hpp"
#include "conformance/recording/replay.hpp"
#include "pdu/codec.hpp"
#include "text/grammar.hpp"

namespace conformance {

using namespace iscsi::pdu;
using iscsi::wire::Bytes;
using iscsi::wire::ByteView;

namespace {

constexpr std::size_t most_rounds = 8;
constexpr unsigned initiator_error = 2;       // 10.13.5: Status-Class
constexpr std::size_t longest_binary = 1024;  // 11.1.4

LoginStage code(Stage stage) {
  if (stage == Stage::security) return LoginStage::security_negotiation;
  return stage == Stage::operational ? LoginStage::operational_negotiation
                                     : LoginStage::full_feature_phase;
}

/// What a session is given whose login nobody captured.
const std::vector<std::string>& own_offers() {
  static const std::vector<std::string> offers{"HeaderDigest=None",
                                               "DataDigest=None",
                                               "InitialR2T=No",
                                               "ImmediateData=Yes",
                                               "MaxRecvDataSegmentLength=262144",
                                               "MaxBurstLength=262144",
                                               "FirstBurstLength=262144",
                                               "DefaultTime2Wait=2",
                                               "DefaultTime2Retain=0",
                                               "ErrorRecoveryLevel=0"};
  return offers;
}

}  // namespace

/// What the recorded target said that later requests of the initiator go by.
void Replayer::hear_recorded(const Record& record, Line& line) {
  const auto parts = dissect(record.bytes);
  if (!parts || parts->pdu() == nullptr) return;
  if (has_field(*parts->pdu(), "ExpCmdSN")) {
    line.recorded_exp_cmd_sn = static_cast<std::uint32_t>(parts->field("ExpCmdSN"));
    line.heard = true;
  }
  if (static_cast<Opcode>(parts->opcode()) != Opcode::login_response) return;
  const bool ends =
      parts->field("T") != 0 && parts->field("NSG") == 3 && parts->field("Status") == 0;
  if (ends && line.live->in_full_feature())
    sessions_[static_cast<std::uint16_t>(parts->field("TSIH"))] = line.live->session;
}

/// The response to the live challenge; a recorded one that was refused is as wrong for this one.
/// Nothing without a secret.
std::optional<std::string> Replayer::live_response(Line& line, std::string_view recorded) {
  const auto& secret = settings_.play.initiator;
  if (!secret) {
    if (unsupported_.empty())
      unsupported_ = "the initiator authenticates itself by CHAP, and its secret is not given";
    return std::nullopt;
  }
  if (line.was_refused) return std::string{recorded};
  const auto& heard = line.live->talk.answered();
  const std::string* algorithm = value_of(heard, "CHAP_A");
  const std::string* identifier = value_of(heard, "CHAP_I");
  const std::string* challenge = value_of(heard, "CHAP_C");
  if (algorithm == nullptr || identifier == nullptr || challenge == nullptr)
    return std::string{recorded};
  const auto bytes = iscsi::text::decode_binary(*challenge, 0, longest_binary);
  const auto number = iscsi::text::decode_number(*identifier);
  const auto response = chap_response(iscsi::text::decode_number(*algorithm).value_or(0),
                                      static_cast<std::uint8_t>(number.value_or(0)), secret->secret,
                                      bytes.value_or(Bytes{}));
  return response ? iscsi::text::encode_hexadecimal(*response) : std::string{recorded};
}

/// The recorded text with the live target's name and the answer to its challenge; every other byte
/// stays.
std::optional<Bytes> Replayer::live_text(Line& line, ByteView text) {
  const std::string& target = settings_.play.target_name;
  std::string out;
  std::string_view left = iscsi::wire::as_text(text);
  while (!left.empty()) {
    const std::size_t end = left.find('\0');
    std::string one{left.substr(0, end)};
    left.remove_prefix(end == left.npos ? left.size() : end + 1);
    // Another name was unknown to the recorded target, and stays that.
    for (const std::string_view key : {"TargetName=", "SendTargets="})
      if (one == std::string{key} + world_.target_name) one = std::string{key} + target;
    if (one.starts_with("CHAP_N=") && settings_.play.initiator)
      one = "CHAP_N=" + settings_.play.initiator->name;
    if (one.starts_with("CHAP_R=")) {
      const auto response = live_response(line, std::string_view{one}.substr(7));
      if (!response) return std::nullopt;
      one = "CHAP_R=" + *response;
    }
    out += one;
    if (end != left.npos) out.push_back('\0');
  }
  const ByteView bytes = iscsi::wire::as_bytes(out);
  return Bytes{bytes.begin(), bytes.end()};
}

void Replayer::join(Line& line, const Anatomy& parts) {
  const auto cmd_sn = iscsi::wire::CmdSN{static_cast<std::uint32_t>(parts.field("CmdSN"))};
  const auto tsih = static_cast<std::uint16_t>(parts.field("TSIH"));
  if (const auto found = sessions_.find(tsih); tsih != 0 && found != sessions_.end()) {
    line.live->session = found->second;
    line.live->talk.join_session();
    return;
  }
  Session& session = initiator_.session_of(*line.live);
  session.cmd_sn = session.exp_cmd_sn = session.max_cmd_sn = cmd_sn;
  numbering_[line.live->session] = {.known = true, .next = cmd_sn.value};
}

Replayer::Progress Replayer::send_login(const Anatomy& parts, Line& line) {
  Connection& live = *line.live;
  const Exchange* recorded = recorded_.of_request(at_);
  if (recorded == nullptr || line.login_failed) return Progress::advance;
  // The live target came to an end sooner than the recorded one.
  const bool behind =
      live.in_full_feature() ||
      (live.stage == Stage::operational && !live.issued.empty() && parts.field("CSG") == 0 &&
       !line.last_login.empty() && extract(line.last_login, bits(1, 4, 2)) == 0);
  if (behind) {
    remark("a Login Request was left out: the live login was over sooner");
    return Progress::advance;
  }
  const bool first = live.issued.empty();
  if (first) join(line, parts);
  line.was_refused = recorded->answer && recorded->answer->status >> 8U == initiator_error;
  auto text = live_text(line, parts.data);
  if (!text) {
    line.over = true;
    return Progress::advance;
  }
  Bytes header{parts.header.begin(), parts.header.end()};
  const auto set = [&header](std::string_view name, std::uint64_t value) {
    const Description* pdu = describe(static_cast<std::uint8_t>(Opcode::login_request));
    insert(header, find_field(*pdu, name)->place, value);
  };
  if (!first) set("ExpStatSN", live.exp_stat_sn.value);
  set("TSIH", static_cast<std::uint64_t>(initiator_.session_of(live).tsih));
  line.last_login = header;
  Run& run = runs_[recorded];
  run = {.recorded = recorded_.of_request(at_), .request = initiator_.transcript().size()};
  by_live_request_[run.request] = &run;
  transmit(line, std::move(header), parts.additional_headers, *text);
  return Progress::advance;
}

/// A request of full feature phase is due: the login is brought to its end first, by Login Requests
/// of our own where the recorded ones were not enough or are not in the capture.
Replayer::Progress Replayer::bring_to_full_feature(Line& line) {
  Connection& live = *line.live;
  if (line.login_failed || live.state != Connection::State::open || is_late() ||
      line.rounds > most_rounds) {
    give_up(line, "the live login did not come to an end");
    return Progress::advance;
  }
  if (line.own_login) return Progress::wait;
  if (live.issued.empty()) {
    begin_own_login(line);
    return Progress::wait;
  }
  const Exchange* latest = live_.latest(live.number, live.last_tag);
  if (latest != nullptr && !latest->answer) return Progress::wait;
  send_answers(line);
  return Progress::wait;
}

void Replayer::send_answers(Line& line) {
  Connection& live = *line.live;
  ++line.rounds;
  remark("a Login Request was added: the live target had more to negotiate");
  const std::string text = answers_to(live.talk);
  Bytes header = line.last_login;
  const Stage next = live.stage == Stage::security ? Stage::operational : Stage::full_feature;
  insert(header, bits(1, 0), 1);
  insert(header, bits(1, 1), 0);
  insert(header, bits(1, 4, 2), static_cast<std::uint64_t>(code(live.stage)));
  insert(header, bits(1, 6, 2), static_cast<std::uint64_t>(code(next)));
  insert(header, bytes(28, 4), live.exp_stat_sn.value);
  transmit(line, std::move(header), {}, iscsi::wire::as_bytes(text));
}

void Replayer::begin_own_login(Line& line) {
  Connection& live = *line.live;
  remark("the login is not in the capture: the session begins with one made of defaults");
  line.own_login = true;
  const ConnectionNumber connection = recording_.transcript[at_].connection;
  // The numbers that the capture goes on with.
  for (std::size_t i = at_; i < recording_.transcript.size(); ++i) {
    const Record& record = recording_.transcript[i];
    const auto parts = dissect(record.bytes);
    if (record.kind != Record::Kind::sent || !parts || parts->pdu() == nullptr ||
        !has_field(*parts->pdu(), "CmdSN") || record.connection != connection)
      continue;
    join(line, *parts);
    break;
  }
  live.login.emplace(LoginPlan{.offers = own_offers()}, settings_.play);
  send_own_login(line, live.login->first());
}

void Replayer::send_own_login(Line& line, const Login::Request& request) {
  Connection& live = *line.live;
  ++line.rounds;
  InitiatorPdu pdu = usual_pdu(Opcode::login_request, initiator_.usual(live));
  auto& login = std::get<LoginRequest>(pdu);
  login.transit = request.next.has_value();
  login.current_stage = code(request.stage);
  login.next_stage = code(request.next.value_or(Stage::security));
  if (!live.issued.empty()) login.initiator_task_tag = iscsi::wire::InitiatorTaskTag{live.last_tag};
  const HeaderBytes header = encode_header(pdu, {});
  transmit(line, {header.begin(), header.end()}, {}, iscsi::wire::as_bytes(request.text));
}

void Replayer::go_on_with_own_login(Line& line, Arrival& arrival) {
  Connection& live = *line.live;
  const Login::Next next =
      live.login->after({.status = static_cast<std::uint16_t>(arrival.field("Status")),
                         .transit = arrival.field("T") != 0,
                         .continued = arrival.field("C") != 0,
                         .next_stage = static_cast<std::uint8_t>(arrival.field("NSG"))},
                        live.talk);
  if (const auto* request = std::get_if<Login::Request>(&next))
    return send_own_login(line, *request);
  line.own_login = false;
  const auto* failed = std::get_if<Login::Failed>(&next);
  if (failed == nullptr) return;
  if (!is_refusal_of_initiator(static_cast<std::uint16_t>(arrival.field("Status"))))
    return give_up(line, failed->why);
  unsupported_ = "the target does not let the initiator in: " + failed->why;
  line.over = true;
}

}  // namespace conformance
