/// The half of the player that waits for answers.

#include <algorithm>

#include "conformance/play/player.hpp"

namespace conformance {

using namespace iscsi::pdu;
using iscsi::wire::Bytes;
using iscsi::wire::no_tag;

namespace {

/// Input is kept no further than this behind what the command expects.
constexpr std::uint64_t spare_input_bytes = 65536;

std::string name_of(const Arrival& arrival) {
  const auto opcode = static_cast<std::uint8_t>(arrival.opcode());
  if (const Description* pdu = describe(opcode)) return std::string{pdu->name};
  return "a PDU with operation code " + std::to_string(opcode);
}

/// What came, for a message.
std::string sketch(const Arrival& arrival) {
  const Opcode opcode = arrival.opcode();
  const auto coded = [&](std::string_view field) {
    const Field* found = find_field(*describe(static_cast<std::uint8_t>(opcode)), field);
    const std::uint64_t value = arrival.field(field);
    std::string text = " " + std::string{field} + " " + std::to_string(value);
    for (const Code& code : found->codes)
      if (value >= code.first && value <= code.last) text += " (" + std::string{code.name} + ")";
    return text;
  };
  std::string text = name_of(arrival);
  if (opcode == Opcode::reject) text += coded("Reason");
  if (opcode == Opcode::login_response) text += coded("Status");
  if (opcode == Opcode::scsi_response) text += coded("Response") + coded("Status");
  if (opcode == Opcode::task_management_response || opcode == Opcode::logout_response)
    text += coded("Response");
  if (opcode == Opcode::async_message) text += coded("AsyncEvent");
  return text;
}

std::string name_of(const Outcome& outcome) {
  switch (outcome.kind) {
    case Outcome::Kind::pdu: return std::string{outcome.pdu->name};
    case Outcome::Kind::completion: return "the end of the command";
    case Outcome::Kind::answer: return "the answer to the text request";
    case Outcome::Kind::full_feature: return "full feature phase";
    case Outcome::Kind::close: return "the end of the connection";
    case Outcome::Kind::nothing: return "silence";
  }
  return {};
}

std::string names_of(const Expect& expect) {
  std::vector<std::string> names;
  for (const Outcome& outcome : expect.outcomes)
    if (const std::string name = name_of(outcome); std::ranges::find(names, name) == names.end())
      names.push_back(name);
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : " or ") + name;
  return text;
}

}  // namespace

Player::Progress Player::settle(const Step& step, const Expect& expect) {
  Connection& connection = initiator_.connection(step.connection);
  if (!make_ready(connection)) return Progress::wait;
  if (phase_ != Phase::acting) return Progress::stop;
  for (auto arrival = connection.inbox.begin(); arrival != connection.inbox.end();) {
    const Reading reading = read(step, expect, connection, *arrival);
    if (std::holds_alternative<Later>(reading)) {
      ++arrival;
      continue;
    }
    if (const auto* broken = std::get_if<StoryFault>(&reading)) {
      finish(fault(broken->what));
      return Progress::stop;
    }
    const std::size_t record = arrival->record;
    arrival = connection.inbox.erase(arrival);
    if (const auto* mismatch = std::get_if<Mismatch>(&reading)) {
      Judgement judgement = judge(Verdict::fail, Manner::wrong_answer, mismatch->what);
      judgement.record = record;
      judgement.byte = mismatch->byte;
      finish(std::move(judgement));
      return Progress::stop;
    }
    if (const auto* settled = std::get_if<Settled>(&reading)) {
      if (phase_ != Phase::acting) return Progress::stop;
      return take(*settled->outcome, Manner::none, record);
    }
    deadline_us_ = now_us_ + settings_.answer_ms * 1000;  // it goes on: as long again
  }
  return settle_without_pdu(expect, connection);
}

/// An outcome that the story knows has come true.
Player::Progress Player::take(const Outcome& outcome, Manner manner, std::size_t record) {
  if (outcome.verdict > judgement_.verdict) {
    judgement_ = judge(outcome.verdict, manner, outcome.because);
    judgement_.record = record;
  }
  const bool goes_on = judgement_.verdict == Verdict::pass || judgement_.verdict == Verdict::warn;
  if (goes_on && !outcome.ends) return Progress::advance;
  finish(judgement_);
  return Progress::stop;
}

/// Nothing in the inbox decides: the end of the connection or of patience may.
Player::Progress Player::settle_without_pdu(const Expect& expect, Connection& connection) {
  const auto outcome_of = [&](Outcome::Kind kind) -> const Outcome* {
    const auto found = std::ranges::find(expect.outcomes, kind, &Outcome::kind);
    return found == expect.outcomes.end() ? nullptr : &*found;
  };
  const auto fail = [&](Manner manner, const std::string& what) {
    Judgement judgement = judge(Verdict::fail, manner, what + "; expected " + names_of(expect));
    if (!initiator_.transcript().empty()) judgement.record = initiator_.transcript().size() - 1;
    finish(std::move(judgement));
    return Progress::stop;
  };
  if (connection.unreadable)
    return fail(Manner::unreadable, "the target's bytes cannot be read as PDUs");
  if (connection.state == Connection::State::ended) {
    const Manner manner = connection.reset ? Manner::reset : Manner::disconnect;
    if (const Outcome* close = outcome_of(Outcome::Kind::close))
      return take(*close, manner, initiator_.transcript().size() - 1);
    return fail(manner, connection.reset ? "the target reset the connection"
                                         : "the target ended the connection");
  }
  if (now_us_ < deadline_us_) return Progress::wait;
  if (const Outcome* nothing = outcome_of(Outcome::Kind::nothing))
    return take(*nothing, Manner::none, initiator_.transcript().size() - 1);
  return fail(Manner::silence, "the target was silent");
}

/// The tag that a PDU must carry to be about `outcome`; nothing where any will do.
std::optional<std::uint32_t> Player::wanted_tag(const Outcome& outcome,
                                                const Connection& connection) const {
  if (const auto tag = tag_wanted(outcome, known_)) return tag;
  if (outcome.kind == Outcome::Kind::completion) return connection.last_command;
  if (outcome.kind == Outcome::Kind::full_feature) return std::nullopt;  // the monitor looks at it
  const Opcode opcode = outcome.pdu->opcode;
  if (opcode == Opcode::reject || opcode == Opcode::async_message ||
      opcode == Opcode::login_response)
    return std::nullopt;
  return connection.last_tag;
}

Player::Reading Player::read(const Step& step, const Expect& expect, Connection& connection,
                             Arrival& arrival) {
  std::optional<Mismatch> unlike;
  for (const Outcome& outcome : expect.outcomes) {
    if (outcome.pdu == nullptr) continue;
    const auto tag = wanted_tag(outcome, connection);
    if (tag && *tag != arrival.tag()) continue;
    const auto reading = read_as(step, outcome, connection, arrival);
    if (!reading) continue;
    if (const auto* mismatch = std::get_if<Mismatch>(&*reading)) {
      if (!unlike) unlike = *mismatch;
      continue;
    }
    return *reading;
  }
  if (unlike) return *unlike;
  if (take_in_passing(connection, arrival)) return Consumed{};
  if (is_for_later(expect, connection, arrival)) return Later{};
  return Mismatch{.what = sketch(arrival) + ", expected " + names_of(expect), .byte = 0};
}

/// Whether the PDU belongs to another request than the one that this step waits for.
bool Player::is_for_later(const Expect& expect, const Connection& connection,
                          const Arrival& arrival) const {
  if (arrival.tag() == no_tag || !connection.issued.contains(arrival.tag())) return false;
  bool another_is_wanted = false;
  for (const Outcome& outcome : expect.outcomes) {
    if (outcome.kind == Outcome::Kind::nothing) return false;
    if (outcome.pdu == nullptr) continue;
    const auto wanted = wanted_tag(outcome, connection);
    if (wanted == arrival.tag()) return false;
    another_is_wanted = another_is_wanted || wanted.has_value();
  }
  return another_is_wanted || arrival.tag() != connection.last_tag;
}

/// What a target may send at any time (10.9, 10.19): pings are answered, news are taken.
bool Player::take_in_passing(Connection& connection, const Arrival& arrival) {
  if (arrival.opcode() == Opcode::async_message) return true;
  if (arrival.opcode() != Opcode::nop_in || arrival.tag() != no_tag) return false;
  if (arrival.field("TargetTransferTag") != no_tag) answer_ping(connection, arrival);
  return true;
}

void Player::answer_ping(Connection& connection, const Arrival& ping) {
  auto pdu = usual_pdu(Opcode::nop_out, initiator_.usual(connection));
  auto& nop_out = std::get<NopOut>(pdu);
  nop_out.immediate = true;
  nop_out.initiator_task_tag = iscsi::wire::InitiatorTaskTag::none;
  nop_out.lun = iscsi::wire::Lun{ping.field("LUN")};
  nop_out.target_transfer_tag =
      iscsi::wire::TargetTransferTag{static_cast<std::uint32_t>(ping.field("TargetTransferTag"))};
  transmit(connection, {.pdu = pdu, .additional_headers = {}, .data = {}});
}

std::optional<Player::Reading> Player::read_as(const Step& step, const Outcome& outcome,
                                               Connection& connection, Arrival& arrival) {
  switch (outcome.kind) {
    case Outcome::Kind::completion: return read_completion(step, outcome, connection, arrival);
    case Outcome::Kind::answer: return read_answer(step, outcome, connection, arrival);
    case Outcome::Kind::full_feature: return read_login(step, outcome, connection, arrival);
    case Outcome::Kind::close:
    case Outcome::Kind::nothing: return std::nullopt;
    case Outcome::Kind::pdu: break;
  }
  if (arrival.opcode() != outcome.pdu->opcode) return std::nullopt;
  return hold(step, outcome, arrival, {&arrival, arrival.data, &arrival.text});
}

Player::Reading Player::hold(const Step& step, const Outcome& outcome, const Arrival& arrival,
                             const Candidate& candidate) {
  const auto held = match(outcome, candidate, known_);
  if (!held) {
    if (const auto* mismatch = std::get_if<Mismatch>(&held.error())) return *mismatch;
    return std::get<StoryFault>(held.error());
  }
  if (!step.wire.empty() && step.wire != initiator_.transcript()[arrival.record].bytes)
    return Mismatch{.what = "other bytes than those pinned", .byte = 0};
  capture(step.as, arrival.header, candidate.data, known_);
  return Settled{&outcome};
}

std::optional<Player::Reading> Player::read_completion(const Step& step, const Outcome& outcome,
                                                       Connection& connection, Arrival& arrival) {
  const auto found = connection.commands.find(arrival.tag());
  if (found == connection.commands.end()) return std::nullopt;
  Command& command = found->second;
  const Opcode opcode = arrival.opcode();
  if (opcode == Opcode::ready_to_transfer) {
    const std::uint64_t offset = arrival.field("BufferOffset");
    const std::uint64_t length = arrival.field("DesiredDataTransferLength");
    if (length == 0 || offset + length > command.output.size())
      return Mismatch{.what = "the R2T asks for bytes " + std::to_string(offset) + " to " +
                              std::to_string(offset + length) + " of " +
                              std::to_string(command.output.size()),
                      .byte = 40};
    const std::uint64_t segment =
        outcome.segment ? outcome.segment->evaluate(known_).value_or(0) : 0;
    send_output(connection, arrival.tag(),
                static_cast<std::uint32_t>(arrival.field("TargetTransferTag")), offset, length,
                segment, outcome.backwards);
    return Consumed{};
  }
  if (opcode == Opcode::data_in) {
    const std::uint64_t offset = arrival.field("BufferOffset");
    const std::uint64_t end = offset + arrival.data.size();
    if (end <= command.expected_length + spare_input_bytes) {
      if (command.input.size() < end) command.input.resize(end);
      std::ranges::copy(arrival.data, command.input.begin() + static_cast<long>(offset));
    }
    if (arrival.field("S") == 0) return Consumed{};
  } else if (opcode != Opcode::scsi_response) {
    return std::nullopt;
  }
  return hold(step, outcome, arrival, {&arrival, command.input, &arrival.text});
}

std::optional<Player::Reading> Player::read_answer(const Step& step, const Outcome& outcome,
                                                   Connection& connection, Arrival& arrival) {
  if (arrival.opcode() != Opcode::text_response) return std::nullopt;
  answer_.insert(answer_.end(), arrival.text.begin(), arrival.text.end());
  if (arrival.field("F") != 0)
    return hold(step, outcome, arrival, {&arrival, arrival.data, &answer_});
  // 10.10.4: "go on", with the same tags; an answer to the target's own proposals comes along.
  auto pdu = usual_pdu(Opcode::text_request, initiator_.usual(connection));
  auto& request = std::get<TextRequest>(pdu);
  request.immediate = connection.text_immediate;
  request.lun = iscsi::wire::Lun{arrival.field("LUN")};
  request.initiator_task_tag = iscsi::wire::InitiatorTaskTag{arrival.tag()};
  request.target_transfer_tag = iscsi::wire::TargetTransferTag{
      static_cast<std::uint32_t>(arrival.field("TargetTransferTag"))};
  const std::string answers = arrival.field("C") != 0 ? "" : answers_to(connection.talk);
  const auto data = iscsi::wire::as_bytes(answers);
  transmit(connection, {.pdu = pdu, .additional_headers = {}, .data = {data.begin(), data.end()}});
  return Consumed{};
}

std::optional<Player::Reading> Player::read_login(const Step& step, const Outcome& outcome,
                                                  Connection& connection, Arrival& arrival) {
  if (arrival.opcode() != Opcode::login_response || !connection.login) return std::nullopt;
  const Login::Next next =
      connection.login->after({.status = static_cast<std::uint16_t>(arrival.field("Status")),
                               .transit = arrival.field("T") != 0,
                               .continued = arrival.field("C") != 0,
                               .next_stage = static_cast<std::uint8_t>(arrival.field("NSG"))},
                              connection.talk);
  if (const auto* request = std::get_if<Login::Request>(&next)) {
    send_login_request(connection, *request);
    return Consumed{};
  }
  if (const auto* failed = std::get_if<Login::Failed>(&next))
    return Mismatch{.what = failed->why, .byte = 36};
  Reading reading = hold(step, outcome, arrival, {&arrival, arrival.data, &arrival.text});
  if (std::holds_alternative<Settled>(reading)) bind_agreement(connection);
  if (std::holds_alternative<Settled>(reading) && outcome.verdict == Verdict::pass)
    if (const auto unmet = unmet_need(true, &connection))
      finish(judge(Verdict::unsupported, Manner::none, *unmet));
  return reading;
}

/// What was agreed on, for stories that have to go by it.
void Player::bind_agreement(const Connection& connection) {
  for (const std::string_view key :
       {"MaxBurstLength", "FirstBurstLength", "MaxOutstandingR2T", "ErrorRecoveryLevel"})
    known_.insert_or_assign("agreed." + std::string{key}, connection.agreed.value_of(key));
  known_.insert_or_assign("agreed.target_limit", connection.agreed.target_limit);
}

}  // namespace conformance
