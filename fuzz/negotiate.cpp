// Holds: whatever two sides wish, propose, and in whatever order and portions, they end with the
// same values, each in its range, and the rules between values kept.

#include <algorithm>
#include <array>
#include <string>

#include "support/entry.hpp"
#include "support/policies.hpp"
#include "support/require.hpp"
#include "support/settings.hpp"
#include "text/negotiation.hpp"

namespace iscsi::fuzz {
namespace {

using text::Key;
using text::Role;
using wire::ByteView;

/// The keys that a policy knows: AuthMethod, names and the like are not for `offer`.
constexpr auto negotiable =
    std::to_array<Key>({Key::header_digest, Key::data_digest, Key::max_connections,
                        Key::initial_r2t, Key::immediate_data, Key::max_recv_data_segment_length,
                        Key::max_burst_length, Key::first_burst_length, Key::default_time2wait,
                        Key::default_time2retain, Key::max_outstanding_r2t, Key::data_pdu_in_order,
                        Key::data_sequence_in_order, Key::error_recovery_level, Key::if_marker,
                        Key::of_marker, Key::if_mark_int, Key::of_mark_int});

/// The input as decisions: which keys are brought up next.
class Script {
 public:
  explicit Script(ByteView input) : rest_(input) {}
  [[nodiscard]] bool done() const { return rest_.empty(); }
  std::size_t next() {
    if (rest_.empty()) return 0;
    const auto byte = std::to_integer<std::size_t>(rest_.front());
    rest_ = rest_.subspan(1);
    return byte;
  }

 private:
  ByteView rest_;
};

/// Takes what the other side has said, and says answers and some proposals.
std::string turn(text::Negotiation& side, const std::string& heard, Script& script) {
  const auto pairs = text::parse(heard);
  require(pairs.has_value(), "each side reads what the other writes");
  const auto received = side.receive(*pairs);
  require(received.has_value(), "and finds nothing to refuse in it");
  require(received->findings.empty() || !received->answers.empty(), "a Reject is an answer");
  std::vector<text::Pair> said = received->answers;
  for (std::size_t proposals = script.next() % 8; proposals > 0; --proposals) {
    const Key key = negotiable[script.next() % negotiable.size()];
    if (side.may_offer(key)) said.push_back(side.offer(key));
  }
  if (script.done())
    if (auto repair = side.repair()) said.push_back(std::move(*repair));
  return text::encode_pairs(said);
}

void play(Settings& settings, Script script) {
  const text::Policy wishes_i = draw_policy(settings), wishes_t = draw_policy(settings);
  text::Negotiation initiator{{.role = Role::initiator}, wishes_i, {}};
  text::Negotiation target{{.role = Role::target}, wishes_t, {}};
  std::string heard;
  std::size_t silences = 0;
  for (int exchanges = 0; silences < 2; ++exchanges) {
    require(exchanges < 600, "a negotiation comes to an end");
    const bool script_done = script.done();
    const std::string request = turn(initiator, heard, script);
    heard = turn(target, request, script);
    silences = script_done && request.empty() && heard.empty() ? silences + 1 : 0;
  }
  require(initiator.settled() && target.settled(), "every proposal has been answered");
  const auto of_initiator = initiator.conclude(), of_target = target.conclude();
  require(of_initiator && of_target, "both sides can conclude");
  require(*of_initiator == *of_target, "both sides hold the same values");
  check_parameters(*of_target);
  require(!text::check_integrity(*of_target), "the rules between values are kept");
}

}  // namespace
}  // namespace iscsi::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace iscsi::fuzz;
  const ByteView input = bytes_of(data, std::min<std::size_t>(size, 512));
  Settings settings{input};
  play(settings, Script{input});
  return 0;
}
