#include "support/play.hpp"

#include <utility>

#include "support/require.hpp"

namespace iscsi::fuzz {

Play::Play(const Prepared& prepared, std::size_t failure_in, Settings& settings)
    : world_(prepared.target, prepared.configuration.bounds, failure_in),
      conversation_(prepared.conversation),
      connections_(prepared.connections),
      fetches_late_(settings.one_in(4)),
      coalesces_(settings.one_in(4)),
      medium_waits_(settings.one_in(4)) {
  if (medium_waits_) world_.let_medium_wait();
  is_open_.fill(true);
}

void Play::take(InputPdu pdu) {
  const Steering steering = steering_of(pdu);
  const std::size_t line = steering.connection;
  // In between, requests are here that it has not seen yet.
  if (medium_waits_ && taken_++ % 2 == 0) medium_turn();
  happen(steering.event, line);
  if (!is_open_[line]) reopen(line);
  wire::Bytes bytes = conversation_.request(line, std::move(pdu));
  if (!held_[line].empty() || (coalesces_ && steering.waits)) {
    held_[line].insert(held_[line].end(), bytes.begin(), bytes.end());
    if (steering.waits) return;
    bytes = std::exchange(held_[line], {});
  }
  deliver(line, std::move(bytes));
  if (!fetches_late_) fetch_all();
}

std::vector<Deed> Play::take_deeds() {
  keeps_deeds_ = false;
  return std::exchange(deeds_, {});
}

void Play::note(Deed deed) {
  if (keeps_deeds_) deeds_.push_back(std::move(deed));
}

void Play::end() {
  fetch_all();
  for (std::size_t line = 0; line < Conversation::lines; ++line)
    if (is_open_[line]) close(line);
  // Longer than any session is retained for, and than the clock has gone back.
  for (int hours = 0; hours < 2; ++hours) world_.pass(Moment{4000} * 1000);
  require(world_.target().connection_count() == 0, "no connection is left");
  require(world_.target().session_count() == 0, "no session is left");
  for (int turn = 0; turn < 2; ++turn) world_.medium_turn();
  require(world_.target().domain().orphans.empty(), "no task is left");
}

void Play::happen(Event event, std::size_t line) {
  const auto pass = [this](Moment milliseconds) {
    world_.pass(milliseconds);
    note({.kind = Deed::Kind::passed, .amount = milliseconds});
  };
  const auto resize = [this](std::uint64_t blocks) {
    world_.resize_unit(blocks);
    note({.kind = Deed::Kind::resized, .amount = blocks});
  };
  switch (event) {
    case Event::nothing: return;
    case Event::second_passes: pass(1000); break;
    case Event::half_minute_passes: pass(30'000); break;
    // Moments are added without sign: so they go back, too (decision 0041).
    case Event::clock_steps_back: pass(Moment{0} - 5000); break;
    case Event::hour_passes: pass(3'600'000); break;
    case Event::clock_jumps_ahead: pass(Moment{1} << 40U); break;  // 35 years
    case Event::connection_closes:
      if (is_open_[line]) close(line);
      break;
    case Event::output_is_fetched: fetch_all(); break;
    case Event::unit_grows: resize(512); break;
    case Event::unit_shrinks: resize(100); break;
    case Event::shutdown_begins:
      world_.shut_down();
      note({.kind = Deed::Kind::shut});
      break;
  }
  if (!fetches_late_) fetch_all();
}

void Play::medium_turn() {
  const bool backwards = taken_ % 4 == 1;  // every other turn
  world_.medium_turn(backwards);
  note({.kind = Deed::Kind::medium_worked, .amount = backwards});
  if (!fetches_late_) fetch_all();
}

void Play::reopen(std::size_t line) {
  open(line);
  if (line == Conversation::free_line) return;
  deliver(line, conversation_.login(line));
  fetch_all();
  // A login that the target refused: the input's PDU goes to a new connection all the same.
  if (!is_open_[line]) open(line);
}

void Play::open(std::size_t line) {
  connections_[line] = world_.open();
  note({.kind = Deed::Kind::opened, .connection = connections_[line]});
  is_open_[line] = true;
  conversation_.opened(line);
  held_[line].clear();
}

void Play::deliver(std::size_t line, wire::Bytes bytes) {
  world_.deliver(connections_[line], bytes, bytes.size());
  note(
      {.kind = Deed::Kind::delivered, .connection = connections_[line], .bytes = std::move(bytes)});
}

void Play::fetch_all() {
  for (std::size_t line = 0; line < Conversation::lines; ++line) {
    if (!is_open_[line]) continue;
    wire::Bytes output = world_.take_output(connections_[line]);
    if (!output.empty()) {
      conversation_.heard(line, output);
      world_.set_aside(3 * output.size());  // in the deeds, in the record, in what is unread
    }
    // That there was none is to be repeated, too.
    note({.kind = Deed::Kind::took_output,
          .connection = connections_[line],
          .bytes = std::move(output)});
    if (world_.target().disposition(connections_[line]) != Disposition::open) close(line);
  }
}

void Play::close(std::size_t line) {
  world_.close(connections_[line]);
  note({.kind = Deed::Kind::closed, .connection = connections_[line]});
  is_open_[line] = false;
}

}  // namespace iscsi::fuzz
