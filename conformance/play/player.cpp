#include "conformance/play/player.hpp"

#include <algorithm>
#include <utility>

namespace conformance {

using namespace iscsi::pdu;
using iscsi::wire::Bytes;
using iscsi::wire::ByteView;

namespace {

/// Beyond these a target is said to flood: records of one conversation, and bytes of one.
constexpr std::size_t most_records = 20'000;
constexpr std::size_t most_answers_per_story = 60;  // times the time that one answer may take
constexpr std::uint64_t logout_ms = 2000;

bool is_lasting(Manner manner) {
  return manner != Manner::silence && manner != Manner::unreadable && manner != Manner::flood;
}

}  // namespace

Player::Player(const Case& one, const Settings& settings)
    : case_{one}, settings_{settings}, initiator_{settings} {
  for (const Story* act : one.acts)
    for (const Step& step : act->steps) steps_.emplace_back(act, &step);
  if (const auto unmet = unmet_need(false, nullptr)) {
    finish(judge(Verdict::unsupported, Manner::none, *unmet));
    return;
  }
  auto known = known_at_start(one, settings.facts);
  if (!known) {
    finish(fault(known.error()));
    return;
  }
  known_ = *std::move(known);
  known_.emplace("target_name", settings.target_name);
  known_.emplace("initiator_name", settings.initiator_name);
  known_.emplace("lun", settings.lun);
  if (settings.initiator) known_.emplace("user", settings.initiator->name);
}

// The machine.

Want Player::next(std::uint64_t now_us) {
  now_us_ = now_us;
  if (story_end_us_ == 0)
    story_end_us_ = now_us + most_answers_per_story * settings_.answer_ms * us_per_ms;
  while (wants_.empty()) {
    if (phase_ == Phase::finished) return Finished{};
    if (phase_ == Phase::logging_out) {
      if (logout_is_over()) continue;
      return ReceiveWanted{deadline_us_};
    }
    if (const auto want = act()) return *want;
  }
  Want want = std::move(wants_.front());
  wants_.pop_front();
  return want;
}

/// One step forward; a want when there is nothing to do but wait.
std::optional<Want> Player::act() {
  if (too_much()) {
    finish(judge(Verdict::fail, Manner::flood, "the conversation comes to no end"));
    return std::nullopt;
  }
  if (at_ == steps_.size()) {
    finish(judgement_);
    return std::nullopt;
  }
  const Step& step = *steps_[at_].second;
  if (!begun_) begin_step();
  switch (perform(step)) {
    case Progress::advance: advance(step); return std::nullopt;
    case Progress::stop: return std::nullopt;
    case Progress::wait: break;
  }
  if (!wants_.empty()) return std::nullopt;
  return ReceiveWanted{deadline_us_};
}

void Player::advance(const Step& step) {
  begun_ = false;
  const std::uint64_t times = step.times ? step.times->evaluate(known_).value_or(1) : 1;
  if (++done_ < times) return;
  done_ = 0;
  ++at_;
}

bool Player::too_much() {
  return now_us_ > story_end_us_ || initiator_.transcript().size() > most_records;
}

void Player::begin_step() {
  begun_ = true;
  answer_.clear();
  const Step& step = *steps_[at_].second;
  holding_ = step.hold;
  if (!step.sends()) release_held();
  std::uint64_t patience_ms = settings_.answer_ms;
  if (const auto* expect = std::get_if<Expect>(&step.what))
    for (const Outcome& outcome : expect->outcomes)
      if (outcome.kind == Outcome::Kind::nothing) patience_ms = settings_.quiet_ms;
  if (const auto* wait = std::get_if<Wait>(&step.what))
    patience_ms = wait->milliseconds.evaluate(known_).value_or(0);
  deadline_us_ = now_us_ + patience_ms * us_per_ms;
}

Player::Progress Player::perform(const Step& step) {
  if (const auto* expect = std::get_if<Expect>(&step.what)) return settle(step, *expect);
  Connection& connection = initiator_.connection(step.connection);
  if (std::holds_alternative<Wait>(step.what)) {
    if (now_us_ >= deadline_us_) return Progress::advance;
    return Progress::wait;
  }
  if (const auto* close = std::get_if<Close>(&step.what)) {
    if (connection.state == Connection::State::open) {
      connection.state = Connection::State::left;
      initiator_.note(Record::Kind::left, connection, now_us_);
      wants_.emplace_back(LeaveWanted{connection.number, close->reset});
    }
    return Progress::advance;
  }
  if (!make_ready(connection)) return Progress::wait;
  if (phase_ != Phase::acting) return Progress::stop;
  // What cannot be sent any more is not: the next expectation judges the end of the connection.
  if (connection.state != Connection::State::open) return Progress::advance;
  if (const auto* pdu = std::get_if<SendPdu>(&step.what)) return send(step, *pdu);
  if (const auto* login = std::get_if<SendLogin>(&step.what)) return send(step, *login);
  return send(step, std::get<SendOutput>(step.what));
}

/// Opens the connection if need be; false while that is under way.
bool Player::make_ready(Connection& connection) {
  if (connection.state == Connection::State::unused) {
    connection.state = Connection::State::opening;
    wants_.emplace_back(OpenWanted{connection.number});
    return false;
  }
  if (const auto refusal = refusals_.find(connection.number); refusal != refusals_.end()) {
    Judgement judgement = judge(Verdict::fail, Manner::unreachable,
                                "the target takes no connection: " + refusal->second);
    judgement.rule.reset();  // nobody is there to break one
    finish(std::move(judgement));
  }
  return true;
}

void Player::opened(ConnectionNumber number, std::uint64_t now_us) {
  now_us_ = now_us;
  if (Connection* connection = initiator_.find(number)) {
    connection->state = Connection::State::open;
    initiator_.note(Record::Kind::opened, *connection, now_us);
    begun_ = false;
  }
}

void Player::refused(ConnectionNumber number, std::string why, std::uint64_t now_us) {
  now_us_ = now_us;
  refusals_.insert_or_assign(number, std::move(why));
  if (Connection* connection = initiator_.find(number))
    connection->state = Connection::State::ended;
}

void Player::received(ConnectionNumber number, ByteView bytes, std::uint64_t now_us) {
  now_us_ = now_us;
  if (Connection* connection = initiator_.find(number))
    initiator_.received(*connection, bytes, now_us);
}

void Player::ended(ConnectionNumber number, bool reset, std::uint64_t now_us) {
  now_us_ = now_us;
  if (Connection* connection = initiator_.find(number))
    initiator_.ended(*connection, reset, now_us);
}

void Player::finish(Judgement judgement) {
  judgement_ = std::move(judgement);
  wants_.clear();
  begin_logout();
}

/// Sessions that are still in order are closed as they should be, so that nothing is left behind
/// at the target; no verdict hangs on it.
void Player::begin_logout() {
  phase_ = Phase::logging_out;
  holding_ = false;
  deadline_us_ = now_us_ + std::min(settings_.answer_ms, logout_ms) * us_per_ms;
  if (!is_lasting(judgement_.manner)) deadline_us_ = now_us_;
  for (auto& [name, connection] : initiator_.connections()) {
    const bool usable = connection.state == Connection::State::open && !connection.unreadable &&
                        connection.in_full_feature() && !connection.logged_out;
    if (!usable || !is_lasting(judgement_.manner)) continue;
    auto pdu = usual_pdu(Opcode::logout_request, initiator_.usual(connection));
    std::get<LogoutRequest>(pdu).immediate = true;
    transmit(connection, {.pdu = pdu, .additional_headers = {}, .data = {}});
  }
}

bool Player::logout_is_over() {
  for (auto& [name, connection] : initiator_.connections())
    if (connection.state == Connection::State::open && connection.in_full_feature() &&
        !connection.logged_out && !connection.unreadable && now_us_ < deadline_us_)
      return false;
  for (auto& [name, connection] : initiator_.connections())
    if (connection.state == Connection::State::open) {
      connection.state = Connection::State::left;
      initiator_.note(Record::Kind::left, connection, now_us_);
      wants_.emplace_back(LeaveWanted{connection.number, false});
    }
  phase_ = Phase::finished;
  return true;
}

// Needs.

std::optional<std::string> Player::unmet_need(bool after_login, const Connection* connection) {
  for (const Requirement& need : case_.story->needs) {
    using Kind = Requirement::Kind;
    if ((need.kind == Kind::negotiated) != after_login) continue;
    if (need.kind == Kind::logical_unit && !settings_.has_unit()) return "no disk answers";
    if (need.kind == Kind::writing && !settings_.may_write) return "writing is not allowed";
    if (need.kind == Kind::open_login && settings_.initiator) return "the target wants a secret";
    if (need.kind == Kind::secret && !settings_.initiator) return "no secret is given";
    if (need.kind == Kind::mutual_secret && !settings_.target)
      return "no secret of the target is given";
    if (need.kind != Kind::negotiated) continue;
    const auto wanted = substitute(need.value, known_);
    const std::string found = connection->agreed.value_of(need.key);
    if (!wanted || *wanted != found)
      return need.key + "=" + found + " was agreed on; the story needs " + wanted.value_or("?");
  }
  if (!after_login && case_.story->writes) {
    const auto blocks = case_.story->writes->evaluate(settings_.facts);
    const auto room = Expression::parse("$writable_blocks")->evaluate(settings_.facts);
    if (blocks && room && *blocks > *room) return "too few blocks may be written";
  }
  return std::nullopt;
}

// Sending.

std::expected<Draft, std::string> Player::draft(const SendPdu& send, const Connection& connection) {
  Draft draft{.pdu = usual_pdu(send.pdu->opcode, initiator_.usual(connection)),
              .additional_headers = {},
              .data = {}};
  auto data = make(send.data, known_);
  if (!data) return std::unexpected(data.error());
  auto headers = make(send.additional_headers, known_);
  if (!headers) return std::unexpected(headers.error());
  const auto output = make(send.output, known_);
  if (!output) return std::unexpected(output.error());
  draft.data = *std::move(data);
  draft.additional_headers = *std::move(headers);
  if (auto* command = std::get_if<ScsiCommand>(&draft.pdu)) {
    command->write = !output->empty();
    command->expected_data_transfer_length = static_cast<std::uint32_t>(output->size());
    if (send.cdb) {
      const auto cdb = make(*send.cdb, known_);
      if (!cdb) return std::unexpected(cdb.error());
      command->cdb = *cdb;
    }
  }
  for (const FieldSetting& setting : send.fields) {
    const auto value = setting.value.evaluate(known_);
    if (!value) return std::unexpected(setting.name + ": " + value.error());
    if (!set_field(draft.pdu, setting.name, *value))
      return std::unexpected(setting.name + " cannot be set");
  }
  return draft;
}

Player::Progress Player::send(const Step& step, const SendPdu& send) {
  Connection& connection = initiator_.connection(step.connection);
  const auto draft = this->draft(send, connection);
  if (!draft) {
    finish(fault(draft.error()));
    return Progress::stop;
  }
  const bool chosen_number =
      std::ranges::find(send.fields, "CmdSN", &FieldSetting::name) != send.fields.end();
  const HeaderBytes header = encode_header(draft->pdu, {});
  const bool immediate = extract(header, bits(0, 1)) != 0 || !has_field(*send.pdu, "I");
  if (connection.in_full_feature() && !immediate && !chosen_number &&
      !initiator_.window_is_open(connection)) {
    if (now_us_ < deadline_us_ && connection.state == Connection::State::open)
      return Progress::wait;
    finish(judge(Verdict::fail, Manner::silence, "the command window does not open"));
    return Progress::stop;
  }
  auto bytes = encode(*draft, connection.digests(), send.but, known_);
  if (!bytes) {
    finish(fault(bytes.error()));
    return Progress::stop;
  }
  if (!step.wire.empty() && step.wire != *bytes) {
    finish(fault("the bytes sent are not those that the story pins"));
    return Progress::stop;
  }
  const std::uint64_t piece = send.pieces ? send.pieces->evaluate(known_).value_or(0) : 0;
  const bool login = send.pdu->opcode == Opcode::login_request;
  if (!login) capture(step.as, *bytes, draft->data, known_);
  const auto tag = static_cast<std::uint32_t>(iscsi::wire::load<4>(header, 16));
  transmit(connection, *std::move(bytes), !send.but.empty(), piece);
  if (login) capture(step.as, initiator_.transcript().back().bytes, draft->data, known_);
  if (send.pdu->opcode == Opcode::scsi_command)
    connection.commands[tag].output = make(send.output, known_).value_or(Bytes{});
  return Progress::advance;
}

Player::Progress Player::send(const Step& step, const SendLogin& send) {
  Connection& connection = initiator_.connection(step.connection);
  LoginPlan plan{.discovery = send.discovery,
                 .skip_security = send.skip_security,
                 .skip_operational = send.skip_operational,
                 .in_base64 = send.in_base64,
                 .reflected = send.reflected,
                 .offers = {}};
  for (const std::string& offer : send.offers) {
    auto text = substitute(offer, known_);
    if (!text) {
      finish(fault(text.error()));
      return Progress::stop;
    }
    plan.offers.push_back(*std::move(text));
  }
  login_fields_[connection.number] = send.fields;
  login_tags_[connection.number] = static_cast<std::uint32_t>(initiator_.usual(connection).tag);
  connection.login.emplace(std::move(plan), settings_);
  send_login_request(connection, connection.login->first());
  capture(step.as, initiator_.transcript().back().bytes, {}, known_);
  return phase_ == Phase::acting ? Progress::advance : Progress::stop;
}

void Player::send_login_request(Connection& connection, const Login::Request& request) {
  const auto code = [](Stage stage) {
    if (stage == Stage::security) return LoginStage::security_negotiation;
    return stage == Stage::operational ? LoginStage::operational_negotiation
                                       : LoginStage::full_feature_phase;
  };
  const ByteView text = iscsi::wire::as_bytes(request.text);
  Draft draft{.pdu = usual_pdu(Opcode::login_request, initiator_.usual(connection)),
              .additional_headers = {},
              .data = {text.begin(), text.end()}};
  auto& pdu = std::get<LoginRequest>(draft.pdu);
  pdu.transit = request.next.has_value();
  pdu.current_stage = code(request.stage);
  pdu.next_stage = code(request.next.value_or(Stage::security));
  pdu.initiator_task_tag = iscsi::wire::InitiatorTaskTag{login_tags_[connection.number]};
  for (const FieldSetting& setting : login_fields_[connection.number]) {
    const auto value = setting.value.evaluate(known_);
    if (!value || !set_field(draft.pdu, setting.name, *value)) {
      finish(fault(setting.name + (value ? " cannot be set" : ": " + value.error())));
      return;
    }
  }
  transmit(connection, draft);
}

Player::Progress Player::send(const Step& step, const SendOutput& send) {
  Connection& connection = initiator_.connection(step.connection);
  const auto tag = Expression::parse("$" + send.command + ".InitiatorTaskTag")->evaluate(known_);
  const auto transfer_tag = send.transfer_tag.evaluate(known_);
  const auto from = send.from.evaluate(known_);
  const auto length = send.length.evaluate(known_);
  const auto segment =
      send.segment ? send.segment->evaluate(known_) : std::expected<std::uint64_t, std::string>{0U};
  for (const auto* value : {&tag, &transfer_tag, &from, &length, &segment})
    if (!*value) {
      finish(fault(value->error()));
      return Progress::stop;
    }
  send_output(connection, static_cast<std::uint32_t>(*tag),
              static_cast<std::uint32_t>(*transfer_tag), *from, *length, *segment, false);
  return Progress::advance;
}

void Player::send_output(Connection& connection, std::uint32_t tag, std::uint32_t transfer_tag,
                         std::uint64_t from, std::uint64_t length, std::uint64_t segment,
                         bool backwards) {
  const Command& command = connection.commands[tag];
  const std::uint64_t limit = connection.agreed.target_limit;
  const std::uint64_t step = segment == 0 ? limit : std::min(segment, limit);
  const std::uint64_t end = std::min<std::uint64_t>(from + length, command.output.size());
  std::vector<std::pair<std::uint64_t, std::uint64_t>> pieces;  // from, to
  for (std::uint64_t at = from; at < end; at += step)
    pieces.emplace_back(at, std::min(at + step, end));
  if (backwards) std::ranges::reverse(pieces);
  std::uint32_t data_sn = 0;
  for (const auto& [begin, stop] : pieces) {
    auto pdu = usual_pdu(Opcode::data_out, initiator_.usual(connection));
    auto& data_out = std::get<DataOut>(pdu);
    data_out.final = data_sn + 1 == pieces.size();
    data_out.lun = command.lun;
    data_out.initiator_task_tag = iscsi::wire::InitiatorTaskTag{tag};
    data_out.target_transfer_tag = iscsi::wire::TargetTransferTag{transfer_tag};
    data_out.data_sn = iscsi::wire::DataSN{data_sn++};
    data_out.buffer_offset = static_cast<std::uint32_t>(begin);
    const auto data = ByteView{command.output}.subspan(begin, stop - begin);
    transmit(connection,
             {.pdu = pdu, .additional_headers = {}, .data = {data.begin(), data.end()}});
  }
}

void Player::transmit(Connection& connection, const Draft& draft) {
  auto bytes = encode(draft, connection.digests(), {}, known_);
  if (bytes) transmit(connection, *std::move(bytes), false, 0);
}

void Player::transmit(Connection& connection, Bytes bytes, bool damaged, std::size_t piece) {
  initiator_.sent(connection, bytes, damaged, now_us_);
  Bytes& all = held_[connection.number];
  all.insert(all.end(), bytes.begin(), bytes.end());
  if (holding_) return;
  wants_.emplace_back(SendWanted{connection.number, std::exchange(all, {}), piece});
}

/// What waits for company does not get any: something else than sending comes next.
void Player::release_held() {
  for (auto& [number, bytes] : held_)
    if (!bytes.empty()) wants_.emplace_back(SendWanted{number, std::exchange(bytes, {}), 0});
}

// Judging.

std::optional<iscsi::Rule> Player::rule_of_step() const {
  if (at_ >= steps_.size())
    return case_.story->rules.empty() ? std::nullopt : std::optional{case_.story->rules.front()};
  const auto& [act, step] = steps_[at_];
  if (const auto* expect = std::get_if<Expect>(&step->what); expect != nullptr && expect->rule)
    return expect->rule;
  if (!act->rules.empty()) return act->rules.front();
  return std::nullopt;
}

Judgement Player::judge(Verdict verdict, Manner manner, std::string what) const {
  return {.verdict = verdict,
          .rule = rule_of_step(),
          .manner = manner,
          .what = std::move(what),
          .where = at_ < steps_.size() ? steps_[at_].first->name + " " + steps_[at_].second->where
                                       : std::string{},
          .record = std::nullopt,
          .byte = 0};
}

Judgement Player::fault(std::string what) const {
  return judge(Verdict::error, Manner::none, std::move(what));
}

}  // namespace conformance
