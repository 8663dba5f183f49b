// Holds: whatever several initiators send on several connections, in whatever order of events, the
// target's PDUs keep the laws of the wire, memory and output stay within their bounds, and the same
// events with the bytes cut otherwise have the same output; when all have gone, nothing is left.

#include <vector>

#include "support/entry.hpp"
#include "support/prepared.hpp"
#include "support/require.hpp"
#include "support/settings.hpp"

namespace iscsi::fuzz {
namespace {

/// What the owner of the target did, to be done again.
struct Deed {
  enum class Kind : std::uint8_t { opened, delivered, took_output, closed, passed, resized, shut };
  Kind kind;
  ConnectionId connection{};
  wire::Bytes bytes;         ///< delivered, or the output taken
  std::uint64_t amount = 0;  ///< milliseconds, or blocks
};

class Play {
 public:
  Play(const Prepared& prepared, std::size_t failure_in, Settings& settings)
      : world_(prepared.target, prepared.configuration.bounds, failure_in),
        conversation_(prepared.conversation),
        connections_(prepared.connections),
        fetches_late_(settings.one_in(4)),
        coalesces_(settings.one_in(4)) {
    is_open_.fill(true);
  }

  void take(InputPdu pdu) {
    const Steering steering = steering_of(pdu);
    const std::size_t line = steering.connection;
    happen(steering.event, line);
    if (!is_open_[line]) reopen(line);
    const wire::Bytes bytes = conversation_.request(line, std::move(pdu));
    held_[line].insert(held_[line].end(), bytes.begin(), bytes.end());
    if (coalesces_ && steering.waits) return;
    deliver(line, std::exchange(held_[line], {}));
    if (!fetches_late_) fetch_all();
  }

  /// Everybody leaves; time passes until the target has forgotten them.
  void end() {
    fetch_all();
    for (std::size_t line = 0; line < Conversation::lines; ++line)
      if (is_open_[line]) close(line);
    world_.pass(Moment{4000} * 1000);
    world_.pass(Moment{4000} * 1000);
    require(world_.target().connection_count() == 0, "no connection is left");
    require(world_.target().session_count() == 0, "no session is left");
  }

  [[nodiscard]] bool can_be_repeated() const { return !coalesces_ && !fetches_late_; }
  [[nodiscard]] const std::vector<Deed>& deeds() const { return deeds_; }

 private:
  void happen(Event event, std::size_t line) {
    switch (event) {
      case Event::nothing: return;
      case Event::second_passes: pass(1000); break;
      case Event::half_minute_passes: pass(30'000); break;
      case Event::connection_closes:
        if (is_open_[line]) close(line);
        break;
      case Event::output_is_fetched: fetch_all(); break;
      case Event::unit_grows: resize(512); break;
      case Event::unit_shrinks: resize(100); break;
      case Event::shutdown_begins: shut_down(); break;
    }
    if (!fetches_late_) fetch_all();
  }

  void reopen(std::size_t line) {
    connections_[line] = world_.open();
    deeds_.push_back({.kind = Deed::Kind::opened, .connection = connections_[line], .bytes = {}});
    is_open_[line] = true;
    conversation_.opened(line);
    held_[line].clear();
    if (line == Conversation::free_line) return;
    deliver(line, conversation_.login(line));
    fetch_all();
    if (!is_open_[line]) reopen_free(line);
  }

  /// A login that the target refused: the input's PDU goes to a new connection all the same.
  void reopen_free(std::size_t line) {
    connections_[line] = world_.open();
    deeds_.push_back({.kind = Deed::Kind::opened, .connection = connections_[line], .bytes = {}});
    is_open_[line] = true;
    conversation_.opened(line);
  }

  void deliver(std::size_t line, wire::Bytes bytes) {
    world_.deliver(connections_[line], bytes, bytes.size());
    deeds_.push_back({.kind = Deed::Kind::delivered,
                      .connection = connections_[line],
                      .bytes = std::move(bytes)});
  }

  void fetch_all() {
    for (std::size_t line = 0; line < Conversation::lines; ++line) {
      if (!is_open_[line]) continue;
      wire::Bytes output = world_.take_output(connections_[line]);
      conversation_.heard(line, output);
      deeds_.push_back({.kind = Deed::Kind::took_output,
                        .connection = connections_[line],
                        .bytes = std::move(output)});
      if (world_.target().disposition(connections_[line]) != Disposition::open) close(line);
    }
  }

  void close(std::size_t line) {
    world_.close(connections_[line]);
    deeds_.push_back({.kind = Deed::Kind::closed, .connection = connections_[line], .bytes = {}});
    is_open_[line] = false;
  }
  void pass(Moment milliseconds) {
    world_.pass(milliseconds);
    deeds_.push_back({.kind = Deed::Kind::passed, .bytes = {}, .amount = milliseconds});
  }
  void resize(std::uint64_t blocks) {
    world_.resize_unit(blocks);
    deeds_.push_back({.kind = Deed::Kind::resized, .bytes = {}, .amount = blocks});
  }
  void shut_down() {
    world_.shut_down();
    deeds_.push_back({.kind = Deed::Kind::shut, .bytes = {}});
  }

  World world_;
  Conversation conversation_;
  std::array<ConnectionId, Conversation::lines> connections_;
  std::array<bool, Conversation::lines> is_open_{};
  std::array<wire::Bytes, Conversation::lines> held_;
  bool fetches_late_;
  bool coalesces_;
  std::vector<Deed> deeds_;
};

/// Does the same deeds with the bytes cut otherwise.
void repeat(const std::vector<Deed>& deeds, World world, Settings& settings) {
  for (const Deed& deed : deeds) {
    using enum Deed::Kind;
    switch (deed.kind) {
      case opened:
        require(world.open() == deed.connection, "connections have the same names");
        break;
      case delivered: {
        // Byte by byte where that is cheap: over every edge of the header.
        const std::size_t most =
            deed.bytes.size() < 128 ? 1 : 1 + settings.below(deed.bytes.size());
        world.deliver(deed.connection, deed.bytes, most);
        break;
      }
      case took_output:
        require(world.take_output(deed.connection) == deed.bytes,
                "the same bytes, cut otherwise, have the same output");
        break;
      case closed: world.close(deed.connection); break;
      case passed: world.pass(deed.amount); break;
      case resized: world.resize_unit(deed.amount); break;
      case shut: world.shut_down(); break;
    }
  }
}

}  // namespace
}  // namespace iscsi::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace iscsi::fuzz;
  const auto input = bytes_of(data, size);
  Settings settings{input};
  const Prepared& made = prepared(settings.below(prepared_count));
  const auto failure_in = settings.one_of<std::size_t>({0, 0, 0, 3, 17});
  std::vector<Deed> deeds;
  {
    Play play{made, failure_in, settings};
    for (InputPdu& pdu : split(input, 96)) play.take(std::move(pdu));
    if (play.can_be_repeated()) deeds = play.deeds();
    play.end();
  }
  if (!deeds.empty()) {
    repeat(deeds, World{made.target, made.configuration.bounds, failure_in}, settings);
  }
  return 0;
}
