#include "conformance/recording/replay.hpp"

#include <algorithm>

namespace conformance {

using iscsi::pdu::Opcode;
using iscsi::wire::ByteView;

namespace {

constexpr std::size_t most_answers = 200;  ///< times the time that one answer may take
constexpr std::size_t most_attempts = 4;   ///< of a command that meets unit attentions
constexpr std::size_t most_remarks = 50;

}  // namespace

Replayer::Replayer(const Recording& recording, const ReplaySettings& settings)
    : recording_{recording},
      settings_{settings},
      world_{rebuild_world(recording.transcript)},
      initiator_{settings.play},
      recorded_{Exchanges::of(recording.transcript)} {
  std::map<std::uint64_t, std::size_t> uses;
  for (const Exchange& exchange : recorded_.all())
    if (exchange.opcode == Opcode::scsi_command && !blocks_of(exchange.cdb, {}).empty())
      ++uses[exchange.lun];
  const auto busiest =
      std::ranges::max_element(uses, {}, [](const auto& use) { return use.second; });
  if (busiest != uses.end()) main_lun_ = busiest->first;
}

void Replayer::remark(std::string text) {
  if (remarks_.size() < most_remarks && std::ranges::find(remarks_, text) == remarks_.end())
    remarks_.push_back(std::move(text));
}

Want Replayer::next(std::uint64_t now_us) {
  now_us_ = now_us;
  if (!began_us_) {
    began_us_ = now_us;
    wait_anew();
  }
  while (wants_.empty()) {
    if (finished_) return Finished{};
    if (const auto due = time_of_next(); due && now_us_ < *due) {
      wait_anew();
      return ReceiveWanted{*due};
    }
    if (at_ == recording_.transcript.size() || now_us_ > end_us_) {
      if (at_ < recording_.transcript.size())
        broken_.push_back({.recorded = at_, .what = "the replay comes to no end"});
      finished_ = true;
      for (auto& [number, line] : lines_)
        if (line.live != nullptr && line.live->state == Connection::State::open)
          wants_.emplace_back(LeaveWanted{line.live->number, false});
      continue;
    }
    const Record& record = recording_.transcript[at_];
    if (!begun_) {
      begun_ = true;
      deadline_us_ = now_us_ + settings_.play.answer_ms * us_per_ms;
    }
    if (perform(record) == Progress::advance)
      advance();
    else if (wants_.empty())
      return ReceiveWanted{deadline_us_};
  }
  Want want = std::move(wants_.front());
  wants_.pop_front();
  return want;
}

/// When the next PDU is to be sent, if that is kept.
std::optional<std::uint64_t> Replayer::time_of_next() const {
  if (!settings_.keep_timing || at_ == recording_.transcript.size()) return std::nullopt;
  const Record& record = recording_.transcript[at_];
  if (record.kind != Record::Kind::sent) return std::nullopt;
  return *began_us_ + record.at_us - recording_.transcript.front().at_us;
}

void Replayer::advance() {
  begun_ = false;
  ++at_;
  wait_anew();
}

void Replayer::wait_anew() {
  end_us_ = now_us_ + most_answers * settings_.play.answer_ms * us_per_ms;
}

Replayer::Progress Replayer::perform(const Record& record) {
  if (record.kind == Record::Kind::opened) return open(record);
  const auto found = lines_.find(record.connection);
  if (found == lines_.end()) return Progress::advance;
  Line& line = found->second;
  switch (record.kind) {
    case Record::Kind::sent: return send(record, line);
    case Record::Kind::received: return await_answer(record, line);
    case Record::Kind::ended:
    case Record::Kind::broken: return await_end(line);
    case Record::Kind::left:
    case Record::Kind::left_by_reset: leave(record, line); break;
    case Record::Kind::lost_sent:
      remark("requests are missing in the capture");
      numbering_[line.live->session].known = false;
      break;
    case Record::Kind::unreadable_sent: remark("bytes that are no PDU were not sent"); break;
    default: break;
  }
  return Progress::advance;
}

Replayer::Progress Replayer::open(const Record& record) {
  Line& line = lines_[record.connection];
  if (line.live == nullptr) {
    line.live = &initiator_.connection(std::to_string(record.connection));
    line.live->state = Connection::State::opening;
    wants_.emplace_back(OpenWanted{line.live->number});
    return Progress::wait;
  }
  return Progress::advance;
}

void Replayer::opened(ConnectionNumber number, std::uint64_t now_us) {
  now_us_ = now_us;
  Line* line = line_of(number);
  if (line == nullptr) return;
  line->live->state = Connection::State::open;
  initiator_.note(Record::Kind::opened, *line->live, now_us);
}

void Replayer::refused(ConnectionNumber number, const std::string& why, std::uint64_t now_us) {
  now_us_ = now_us;
  Line* line = line_of(number);
  if (line == nullptr) return;
  line->live->state = Connection::State::ended;
  give_up(*line, "the target takes no connection: " + why);
}

void Replayer::received(ConnectionNumber number, ByteView bytes, std::uint64_t now_us) {
  now_us_ = now_us;
  Line* line = line_of(number);
  if (line == nullptr) return;
  initiator_.received(*line->live, bytes, now_us);
  take(*line);
}

void Replayer::ended(ConnectionNumber number, bool reset, std::uint64_t now_us) {
  now_us_ = now_us;
  Line* line = line_of(number);
  if (line == nullptr) return;
  initiator_.ended(*line->live, reset, now_us);
}

Replayer::Line* Replayer::line_of(ConnectionNumber live) {
  for (auto& [number, line] : lines_)
    if (line.live != nullptr && line.live->number == live) return &line;
  return nullptr;
}

void Replayer::give_up(Line& line, std::string why) {
  if (!line.over) broken_.push_back({.recorded = at_, .what = std::move(why)});
  line.over = true;
}

/// What has arrived: into the view of exchanges, and answered where the target wants an answer.
void Replayer::take(Line& line) {
  Transcript& transcript = initiator_.transcript();
  while (seen_ < transcript.size()) {
    const std::size_t index = seen_++;
    if (const Exchange* ended = live_.add(transcript[index], index)) take_answer(line, *ended);
  }
  while (!line.live->inbox.empty()) {
    Arrival arrival = std::move(line.live->inbox.front());
    line.live->inbox.pop_front();
    switch (arrival.opcode()) {
      case Opcode::ready_to_transfer: answer_r2t(line, arrival); break;
      case Opcode::nop_in: answer_ping(line, arrival); break;
      case Opcode::login_response:
        if (arrival.field("Status") != 0) line.login_failed = true;
        if (line.own_login) go_on_with_own_login(line, arrival);
        break;
      default: break;
    }
  }
}

/// A unit attention that the recorded target did not have is the live target's history: the
/// command is sent once more, as any initiator does.
void Replayer::take_answer(Line& line, const Exchange& live) {
  const auto found = by_live_request_.find(live.request);
  if (found == by_live_request_.end() || !live.answer) return;
  Run& run = *found->second;
  const bool was_recorded = run.recorded->answer && run.recorded->answer->is_unit_attention();
  if (live.answer->is_unit_attention() && !was_recorded && run.attempts < most_attempts)
    try_again(line, run);
}

Replayer::Progress Replayer::await_answer(const Record& record, Line& line) {
  hear_recorded(record, line);
  const Exchange* recorded = recorded_.of_answer(at_);
  const auto run = runs_.find(recorded);
  if (recorded == nullptr || run == runs_.end() || line.over) return Progress::advance;
  const Exchange* live = live_.of_request(run->second.request);
  if (live == nullptr || live->answer) return Progress::advance;
  if (line.live->state != Connection::State::open) {
    give_up(line, "the target ended the connection");
    return Progress::advance;
  }
  return is_late() ? Progress::advance : Progress::wait;
}

Replayer::Progress Replayer::await_end(Line& line) {
  if (line.live->state != Connection::State::open) return Progress::advance;
  const std::uint64_t patience =
      std::min(settings_.play.answer_ms, settings_.play.quiet_ms * 4) * us_per_ms;
  deadline_us_ = std::min(deadline_us_, now_us_ + patience);
  if (!is_late()) return Progress::wait;
  if (!line.over) remark("the recorded target ended a connection that the live one left open");
  line.over = true;
  line.live->state = Connection::State::left;
  initiator_.note(Record::Kind::left, *line.live, now_us_);
  wants_.emplace_back(LeaveWanted{line.live->number, false});
  return Progress::advance;
}

void Replayer::leave(const Record& record, Line& line) {
  line.over = true;
  if (line.live->state != Connection::State::open) return;
  line.live->state = Connection::State::left;
  initiator_.note(record.kind, *line.live, now_us_);
  wants_.emplace_back(LeaveWanted{line.live->number, record.kind == Record::Kind::left_by_reset});
}

ReplayResult Replayer::result() {
  ReplayResult result{.differences = broken_, .remarks = remarks_, .unsupported = unsupported_};
  std::vector<Pair> pairs;
  for (const Exchange& recorded : recorded_.all()) {
    const auto run = runs_.find(&recorded);
    const Exchange* live = run == runs_.end() ? nullptr : live_.of_request(run->second.request);
    pairs.push_back({.recorded = &recorded,
                     .live = live,
                     .was_ended = live != nullptr && live_.was_ended(*live)});
  }
  compare(pairs, world_, settings_.world_is_rebuilt, result);
  const bool was_let_in = std::ranges::any_of(recorded_.all(), [](const Exchange& exchange) {
    return exchange.opcode == Opcode::login_request && exchange.answer &&
           exchange.answer->status == 0;
  });
  if (world_.wants_chap && was_let_in && !settings_.play.initiator)
    result.unsupported = "the initiator authenticates itself by CHAP, and its secret is not given";
  // Another target may know no such account, or let nobody in without one.
  if (!settings_.world_is_rebuilt && unsupported_.empty())
    for (const Pair& pair : pairs)
      if (pair.recorded->opcode == Opcode::login_request && pair.recorded->answer &&
          pair.live != nullptr && pair.live->answer && pair.recorded->answer->status == 0 &&
          is_refusal_of_initiator(pair.live->answer->status))
        result.unsupported = "the target does not let the recorded initiator in";
  for (const Doubt& doubt : recording_.doubtful)
    for (Difference& difference : result.differences)
      if (difference.recorded == doubt.record) {
        difference.counts = false;
        difference.what += " (the recorded answer is no model: " + doubt.because + ")";
      }
  if (!withheld_.empty())
    result.remarks.push_back(std::to_string(withheld_.size()) +
                             " commands that change something were not sent");
  return result;
}

}  // namespace conformance
