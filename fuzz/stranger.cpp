// Holds: whatever text a peer sends into a negotiation, nothing is answered that was not asked, no
// key twice, and within the bounds; values stay in their ranges; the same text has the same result.

#include <set>
#include <string>

#include "support/entry.hpp"
#include "support/policies.hpp"
#include "support/require.hpp"
#include "support/settings.hpp"
#include "support/texts.hpp"
#include "text/negotiation.hpp"

namespace iscsi::fuzz {
namespace {

using text::Key;
using text::Negotiation;
using text::Phase;
using wire::ByteView;

Negotiation draw_negotiation(Settings& settings) {
  const Negotiation::Setting setting{
      .role = settings.one_of({text::Role::initiator, text::Role::target}),
      .phase = settings.one_of({Phase::security, Phase::operational, Phase::full_feature}),
      .leading = settings.flag()};
  const text::Policy policy = draw_policy(settings);
  text::Parameters agreed;
  if (setting.phase == Phase::full_feature && settings.one_in(4))
    agreed.session.session_type = text::SessionType::discovery;
  if (settings.one_in(8)) {  // as nobody should have agreed
    agreed.session.error_recovery_level = 1;
    agreed.session.max_outstanding_r2t = 2;
  }
  return {setting, policy, agreed};
}

/// Some proposals of our own, so that the peer's text can be their answer.
void make_offers(Negotiation& negotiation, Settings& settings) {
  for (const text::KeySpec& spec : text::keys()) {
    const bool is_wish = spec.kind == text::Kind::boolean || spec.kind == text::Kind::numerical ||
                         spec.kind == text::Kind::range || spec.key == Key::header_digest ||
                         spec.key == Key::data_digest;
    if (negotiation.may_offer(spec.key) && is_wish && settings.flag())
      static_cast<void>(negotiation.offer(spec.key));
  }
  if (negotiation.may_offer(Key::send_targets) && settings.flag())
    static_cast<void>(negotiation.declare(Key::send_targets, "All"));
}

void check_answers(const text::Received& received, const std::vector<text::KeyValue>& pairs) {
  std::set<std::string_view> asked, answered;
  for (const text::KeyValue& pair : pairs) asked.insert(pair.key);
  for (const text::Pair& answer : received.answers) {
    require(asked.contains(answer.key), "nothing is answered that was not asked");
    require(answered.insert(answer.key).second, "no key is answered twice");
  }
  require(received.answers.size() <= limits::negotiation_keys, "answers are within their bound");
  require(received.findings.size() <= pairs.size(), "findings are no more than pairs");
  // A NotUnderstood is the longest answer to a key of no meaning.
  const std::string text = text::encode_pairs(received.answers);
  require(text.size() <= limits::negotiation_keys * (limits::key_name_bytes + 2 + 1 + 255 + 1),
          "the answer's length is within its bound");
  require(text.empty() || text::parse(text).has_value(), "the answer is a text");
}

/// False when the negotiation has failed.
bool receive(Negotiation& negotiation, std::string_view text, Phase next) {
  const auto pairs = text::parse(text);
  if (!pairs) return false;
  Negotiation other = negotiation;
  const auto received = negotiation.receive(*pairs);
  const auto again = other.receive(*pairs);
  require(received.has_value() == again.has_value() && negotiation == other,
          "the same text has the same result");
  if (!received) {
    require(received.error().byte <= text.size(), "a breach has a place in the text");
    return false;
  }
  check_answers(*received, *pairs);
  check_parameters(negotiation.pending());
  if (negotiation.phase() == Phase::security) negotiation.enter(next);
  return true;
}

}  // namespace
}  // namespace iscsi::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace iscsi;
  using namespace iscsi::fuzz;
  const ByteView input = bytes_of(data, size);
  Settings settings{input};
  Negotiation negotiation = draw_negotiation(settings);
  make_offers(negotiation, settings);
  const Phase next = settings.one_of({Phase::security, Phase::operational});
  for (const std::string_view text : split_texts(input))
    if (!receive(negotiation, text, next)) return 0;
  Negotiation other = negotiation;
  if (const auto repair = other.repair())
    require(repair->key == "FirstBurstLength" && !other.repair(),
            "there is one repair, and it is made once");
  if (const auto agreed = negotiation.conclude()) {
    require(negotiation.settled(), "nothing is concluded while an answer is due");
    check_parameters(*agreed);
    require(!text::check_integrity(*agreed), "the rules between values are kept");
  }
  return 0;
}
