// Holds: whatever bytes come on a connection, before or after a login, the target's output is PDUs
// in order, memory stays within its bounds, and where no medium is asked, cuts make no difference.

#include "support/entry.hpp"
#include "support/prepared.hpp"
#include "support/require.hpp"
#include "support/settings.hpp"

namespace iscsi::fuzz {
namespace {

struct Ending {
  wire::Bytes output;
  std::size_t medium_operations = 0;
  std::size_t sessions = 0;
};

/// Sends everything on one connection, in pieces of at most `most`, and closes it.
Ending run(const Prepared& made, std::size_t line, wire::ByteView bytes, std::size_t most) {
  const ConnectionId connection = made.connections[line];
  World world{made.target, made.configuration.bounds, 0};
  world.deliver(connection, bytes, most);
  Ending ending{.output = world.take_output(connection),
                .medium_operations = world.medium_operations(),
                .sessions = world.target().session_count()};
  world.close(connection);
  return ending;
}

/// The laws of the wire, as far as they can be told without the requests.
void listen(const Prepared& made, std::size_t line, wire::ByteView output) {
  Conversation listener = made.conversation;
  listener.only_listen();
  listener.heard(line, output);
}

/// An input that begins with a Login Request is a connection from its first byte; any other follows
/// a login.
bool begins_with_login(wire::ByteView input) {
  constexpr auto login = std::byte{0x03}, immediate = std::byte{0x40};
  return !input.empty() && (input.front() & ~immediate) == login;
}

}  // namespace
}  // namespace iscsi::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace iscsi::fuzz;
  const auto input = bytes_of(data, size);
  Settings settings{input};
  const bool from_first_byte = begins_with_login(input);
  const bool is_secured = from_first_byte && settings.flag();
  const Prepared& made = is_secured ? secured() : prepared(settings.below(prepared_count));
  const std::size_t line = from_first_byte ? Conversation::free_line : 0;

  const bool stays_outside = is_secured && !iscsi::wire::as_text(input).contains("CHAP_R=");

  const Ending whole = run(made, line, input, std::size_t{1} << 16U);
  listen(made, line, whole.output);
  if (stays_outside) require(whole.sessions == 0, "without a response there is no session");

  const auto repeat = [&](std::size_t most) {
    const Ending cut = run(made, line, input, most);
    if (stays_outside) require(cut.sessions == 0, "without a response there is no session");
    if (whole.output == cut.output) return;
    require(whole.medium_operations != 0 || cut.medium_operations != 0,
            "where no medium is asked, cuts make no difference");
    listen(made, line, cut.output);
  };
  if (!settings.now_and_then(3)) return 0;
  repeat(1 + settings.below(128));
  if (input.size() <= 256 && settings.now_and_then(4)) repeat(1);
  return 0;
}
