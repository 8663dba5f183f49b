// Holds: whatever several initiators send on several connections, in whatever order of events, the
// target's PDUs keep the laws of the wire, memory and output stay within their bounds, and the same
// events with the bytes cut otherwise have the same output; when all have gone, nothing is left.

#include <vector>

#include "support/entry.hpp"
#include "support/play.hpp"
#include "support/require.hpp"

namespace iscsi::fuzz {
namespace {

/// Does the same deeds with the bytes cut otherwise, those that come and those that go: `slowly` is
/// byte by byte.
void repeat(const std::vector<Deed>& deeds, World& world, Settings& settings, bool slowly) {
  const auto most_of = [&](const Deed& deed) -> std::size_t {
    constexpr std::size_t short_enough = 2048;
    return slowly && deed.bytes.size() < short_enough ? 1
                                                      : 1 + settings.below(deed.bytes.size() + 1);
  };
  for (const Deed& deed : deeds) {
    using enum Deed::Kind;
    switch (deed.kind) {
      case opened:
        require(world.open() == deed.connection, "connections have the same names");
        break;
      case delivered: world.deliver(deed.connection, deed.bytes, most_of(deed)); break;
      case took_output:
        require(world.take_output(deed.connection, most_of(deed)) == deed.bytes,
                "the same bytes, cut otherwise, have the same output");
        break;
      case closed: world.close(deed.connection); break;
      case passed: world.pass(deed.amount); break;
      case medium_worked: world.medium_turn(deed.amount != 0); break;
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
  bool medium_waits = false;
  {
    Play play{made, failure_in, settings};
    medium_waits = play.medium_waits();
    // A repetition takes as long as the play.
    if (play.can_be_repeated() && settings.now_and_then(8)) play.keep_deeds();
    for (InputPdu& pdu : split(input, 96)) play.take(std::move(pdu));
    deeds = play.take_deeds();
    play.end();
  }
  const auto again = [&](bool slowly) {
    World world{made.target, made.configuration.bounds, failure_in};
    if (medium_waits) world.let_medium_wait();
    repeat(deeds, world, settings, slowly);
  };
  if (deeds.empty()) return 0;
  again(false);
  if (settings.now_and_then(8)) again(true);
  return 0;
}
