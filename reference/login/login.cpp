#include "login/login.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "login/refusal.hpp"
#include "text/grammar.hpp"

namespace iscsi::login {
namespace {

using text::Key;
using text::KeyValue;
using text::Pair;

constexpr std::uint8_t version = 0x00;  // 10.12.4: the one there is

using Checked = std::expected<void, Refusal>;

text::Phase phase_of(LoginStage stage) {
  return stage == LoginStage::security_negotiation ? text::Phase::security
                                                   : text::Phase::operational;
}

/// The header fields that every request of a login repeats.
struct Repeated {
  Rule rule;
  std::uint32_t byte;
  std::uint64_t (*get)(const pdu::LoginRequest&);
};
constexpr auto repeated_fields = std::to_array<Repeated>({
    {Rule::login_keeps_versions, 2,
     [](const pdu::LoginRequest& r) -> std::uint64_t {
       return static_cast<std::uint64_t>(r.version_max) << 8U | r.version_min;
     }},
    {Rule::login_keeps_isid, 8,
     [](const pdu::LoginRequest& r) { return static_cast<std::uint64_t>(r.isid); }},
    {Rule::login_keeps_tsih, 14,
     [](const pdu::LoginRequest& r) { return static_cast<std::uint64_t>(r.tsih); }},
    {Rule::login_keeps_task_tag, 16,
     [](const pdu::LoginRequest& r) { return static_cast<std::uint64_t>(r.initiator_task_tag); }},
    {Rule::login_keeps_connection_id, 20,
     [](const pdu::LoginRequest& r) { return static_cast<std::uint64_t>(r.cid); }},
});

/// One request's turn. Lives for one event; what outlives it is in `State`.
class Turn {
 public:
  Turn(State& state, const pdu::LoginRequest& request, const Context& context)
      : state_{state}, request_{request}, context_{context} {}

  Answer run(wire::ByteView data) {
    if (const auto header = check_header(data); !header) return refuse(header.error());
    std::vector<Pair> reply;
    if (const auto taken = take_data(data, reply); !taken) return refuse(taken.error());
    return respond(reply);
  }

  Answer refuse(const Refusal& refusal) {
    state_.over = true;
    Answer answer{.close = true, .violation = refusal.violation, .findings = std::move(findings_)};
    if (!refusal.status || !state_.first) return answer;
    pdu::LoginResponse header = response_header();
    header.status = *refusal.status;
    answer.response = Response{.header = header, .text = text::encode_pairs(refusal.text)};
    return answer;
  }

 private:
  // Gate 1: the header.

  Checked check_header(wire::ByteView data) {
    if (data.size() > limits::login_data_segment_bytes)
      return refused(Rule::data_segment_within_limit, 5, data.size());
    if (state_.requests++ == limits::login_requests)
      return refused(Rule::login_ends_in_reasonable_exchanges, 0, state_.requests);
    const auto current = state_.first ? std::optional(state_.stage) : std::nullopt;
    const auto checked = current ? check_repetition() : begin();
    if (!checked) return checked;
    if (context_.shutting_down) return refused(Rule::target_is_in_service, 0, 0);
    if (const auto fault = check_stages(request_, current)) return refused(*fault);
    return {};
  }

  /// The first request. A session that is joined brings its parameters along.
  Checked begin() {
    state_.first = request_;
    state_.stage = request_.current_stage;
    state_.stat_sn = context_.first_stat_sn;
    if (request_.version_min > version)
      return refused(Rule::login_version_is_supported, 3, request_.version_min);
    constexpr std::uint64_t reserved_type = 3;
    if (static_cast<std::uint64_t>(request_.isid) >> 46U == reserved_type)
      return refused(Rule::isid_type_is_defined, 8, reserved_type);

    text::Parameters agreed;
    if (const ExistingSession* session = joined_session()) agreed.session = session->parameters;
    state_.negotiation.emplace(text::Negotiation::Setting{.role = text::Role::target,
                                                          .phase = phase_of(request_.current_stage),
                                                          .leading = is_leading()},
                               context_.configuration.policy, agreed);
    return {};
  }

  Checked check_repetition() {
    for (const Repeated& field : repeated_fields)
      if (const auto found = field.get(request_); found != field.get(*state_.first))
        return refused(field.rule, field.byte, found);
    // Without it there are no numbers that a response could show.
    if (!is_leading() && joined_session() == nullptr)
      return refused(Rule::session_to_join_exists, 14,
                     static_cast<std::uint64_t>(state_.first->tsih));
    if (state_.stat_sn.precedes(request_.exp_stat_sn))
      return refused(Rule::login_acknowledges_what_was_sent, 28, request_.exp_stat_sn.value);
    if (is_leading() && request_.cmd_sn != state_.first->cmd_sn)
      findings_.push_back(
          {.rule = Rule::login_keeps_cmd_sn, .byte = 24, .found = request_.cmd_sn.value});
    return {};
  }

  // Gate 2: the text.

  Checked take_data(wire::ByteView data, std::vector<Pair>& reply) {
    if (!state_.outgoing.done()) {  // 5.2: the initiator fetches the rest of our text
      if (!data.empty())
        return refused(Rule::continued_text_is_fetched_without_data, 5, data.size());
      return {};
    }
    const auto text = state_.incoming.add(data, request_.continued);
    if (!text) return refused(text.error());
    if (!*text) return {};  // 5.2: what is continued is answered without data
    return take_text(**text, reply);
  }

  Checked take_text(std::string_view logical_text, std::vector<Pair>& reply) {
    const auto pairs = text::parse(logical_text);
    if (!pairs) return refused(pairs.error());
    const bool is_first = !state_.introduction;
    if (const auto fault = is_first ? check_session_type(*pairs) : std::nullopt)
      return refused(*fault);
    auto received = state_.negotiation->receive(*pairs);
    if (!received) return refused(received.error());
    findings_.insert(findings_.end(), received->findings.begin(), received->findings.end());

    if (const auto known = is_first ? begin_for(*pairs) : go_on_with(*pairs); !known) return known;
    reply = std::move(received->answers);
    if (is_first && state_.introduction->target_named) declare_portal_group(reply);
    if (state_.stage == LoginStage::security_negotiation)
      if (const auto taken = authenticate_by(received->authentication, reply); !taken) return taken;
    declare_target(reply);
    propose(reply);
    return {};
  }

  // Gate 3: the introduction.

  Checked begin_for(std::span<const KeyValue> pairs) {
    auto introduction = introduce(pairs, session_type(), context_.configuration);
    if (!introduction) return std::unexpected(introduction.error());
    state_.introduction = std::move(*introduction);
    if (const auto placed = place_login(); !placed) return std::unexpected(placed.error());
    const bool skips_security = state_.stage != LoginStage::security_negotiation;
    if (skips_security && authentication() == Authentication::required)
      return refused(Rule::authentication_is_not_skipped, 1,
                     static_cast<std::uint64_t>(state_.stage));
    return {};
  }

  static Checked go_on_with(std::span<const KeyValue> pairs) {
    if (const auto fault = check_no_introduction(pairs)) return refused(*fault);
    return {};
  }

  [[nodiscard]] std::expected<Placement, Refusal> place_login() const {
    const auto placement = place({.initiator_name = state_.introduction->initiator.text(),
                                  .isid = state_.first->isid,
                                  .tsih = state_.first->tsih,
                                  .cid = state_.first->cid,
                                  .portal_group_tag = context_.configuration.portal_group_tag,
                                  .target_named = state_.introduction->target_named},
                                 context_.sessions);
    if (!placement) return refused(placement.error());
    const std::size_t count = context_.session_count;
    const bool is_full = placement->action == SessionAction::new_session &&
                         count >= context_.configuration.max_sessions;
    if (is_full || (is_leading() && context_.free_tsih == wire::Tsih::none))
      return refused(Rule::target_has_resources, 0, count);
    return *placement;
  }

  // Gate 4: authentication.

  Checked authenticate_by(std::span<const KeyValue> keys, std::vector<Pair>& reply) {
    auto pairs = authenticate(state_.exchange, keys,
                              {.authentication = authentication(),
                               .configuration = context_.configuration,
                               .fresh = context_.fresh,
                               .challenges_elsewhere = context_.challenges_elsewhere});
    if (!pairs) return refused(pairs.error());
    std::ranges::move(*pairs, std::back_inserter(reply));
    return {};
  }

  // What the target says of its own.

  void declare_portal_group(std::vector<Pair>& reply) {
    reply.push_back(
        state_.negotiation->declare(Key::target_portal_group_tag,
                                    text::encode_number(context_.configuration.portal_group_tag)));
  }

  /// Not before the stage in which 5.3.1 lets a response hold more than TargetPortalGroupTag; the
  /// length of our segments is no key of the security stage anyway.
  void declare_target(std::vector<Pair>& reply) {
    text::Negotiation& negotiation = *state_.negotiation;
    const bool is_operational = state_.stage == LoginStage::operational_negotiation;
    const std::string& alias = context_.configuration.alias;
    if ((is_operational || asks_for_full_feature()) && !alias.empty() &&
        session_type() == text::SessionType::normal && negotiation.may_offer(Key::target_alias))
      reply.push_back(negotiation.declare(Key::target_alias, alias));
    if (negotiation.may_offer(Key::max_recv_data_segment_length))
      reply.push_back(negotiation.offer(Key::max_recv_data_segment_length));
  }

  /// What has to be proposed before the stage that the initiator wants to leave can end.
  void propose(std::vector<Pair>& reply) {
    if (!request_.transit) return;
    if (state_.stage == LoginStage::operational_negotiation) {
      if (auto pair = state_.negotiation->repair()) reply.push_back(std::move(*pair));
    } else if (state_.exchange.step == AuthenticationStep::method &&
               !may_leave_security(state_.exchange, authentication())) {
      reply.push_back(propose_method(state_.exchange));
    }
  }

  // Gate 5: the response, and the end of the stage.

  Answer respond(const std::vector<Pair>& reply) {
    if (!reply.empty()) state_.outgoing = text::Segmentation(text::encode_pairs(reply));
    const auto segment = request_.continued
                             ? state_.outgoing.none()
                             : state_.outgoing.next(limits::login_data_segment_bytes);
    if (request_.transit && !segment.more && stage_may_end())
      return end_stage(std::string(segment.text));

    pdu::LoginResponse header = response_header();
    header.current_stage = state_.stage;
    header.continued = segment.more;
    return send(header, std::string(segment.text));
  }

  [[nodiscard]] bool stage_may_end() const {
    return state_.negotiation->settled() && (state_.stage != LoginStage::security_negotiation ||
                                             may_leave_security(state_.exchange, authentication()));
  }

  Answer end_stage(std::string text) {
    pdu::LoginResponse header = response_header();
    header.transit = true;
    header.current_stage = state_.stage;
    header.next_stage = request_.next_stage;
    state_.stage = request_.next_stage;
    if (!asks_for_full_feature()) {
      state_.negotiation->enter(phase_of(state_.stage));
      return send(header, std::move(text));
    }
    auto admission = admit();
    if (!admission) return refuse(admission.error());
    state_.over = true;
    header.tsih = admission->tsih;
    Answer answer = send(header, std::move(text));
    admission->next_stat_sn = state_.stat_sn;
    answer.admission = std::move(*admission);
    return answer;
  }

  [[nodiscard]] std::expected<Admission, Refusal> admit() const {
    auto parameters = state_.negotiation->conclude();
    if (!parameters) return refused(parameters.error());
    const auto placement = place_login();
    if (!placement) return std::unexpected(placement.error());
    Admission admission{.action = placement->action,
                        .tsih = is_leading() ? context_.free_tsih : state_.first->tsih,
                        .isid = state_.first->isid,
                        .cid = state_.first->cid,
                        .initiator_name = std::string(state_.introduction->initiator.text()),
                        .target_named = state_.introduction->target_named,
                        .may_use_target = state_.introduction->may_use_target,
                        .user = state_.exchange.user,
                        .parameters = std::move(*parameters),
                        .exp_cmd_sn = exp_cmd_sn(),
                        .old_exp_stat_sn = state_.first->exp_stat_sn};
    if (placement->action == SessionAction::session_reinstatement)
      admission.replaced = placement->session->tsih;
    return admission;
  }

  Answer send(const pdu::LoginResponse& header, std::string text) {
    ++state_.stat_sn;
    return {.response = Response{.header = header, .text = std::move(text)},
            .findings = std::move(findings_)};
  }

  /// What every response has, refusing ones too. T, CSG and NSG stay zero: reserved in those
  /// (5.3.1).
  [[nodiscard]] pdu::LoginResponse response_header() const {
    const ExistingSession* session = joined_session();
    return {
        .version_max = version,
        .version_active = version,
        .isid = state_.first->isid,
        .tsih = state_.first->tsih,
        .initiator_task_tag = state_.first->initiator_task_tag,
        .stat_sn = state_.stat_sn,
        .exp_cmd_sn = exp_cmd_sn(),
        .max_cmd_sn = session ? session->max_cmd_sn : exp_cmd_sn() + context_.command_window - 1};
  }

  // Short questions.

  [[nodiscard]] bool is_leading() const { return state_.first->tsih == wire::Tsih::none; }
  [[nodiscard]] bool asks_for_full_feature() const {
    return request_.transit && request_.next_stage == LoginStage::full_feature_phase;
  }
  [[nodiscard]] text::SessionType session_type() const {
    return state_.negotiation->pending().session.session_type;
  }
  [[nodiscard]] Authentication authentication() const {
    return session_type() == text::SessionType::discovery
               ? context_.configuration.discovery_sessions
               : context_.configuration.normal_sessions;
  }
  /// The session that the TSIH names; whether the login may join it is `place`'s to say.
  [[nodiscard]] const ExistingSession* joined_session() const {
    if (is_leading()) return nullptr;
    const auto found =
        std::ranges::find(context_.sessions, state_.first->tsih, &ExistingSession::tsih);
    return found == context_.sessions.end() ? nullptr : &*found;
  }
  [[nodiscard]] wire::CmdSN exp_cmd_sn() const {
    const ExistingSession* session = joined_session();
    return session ? session->exp_cmd_sn : state_.first->cmd_sn;
  }

  State& state_;
  const pdu::LoginRequest& request_;
  const Context& context_;
  std::vector<Violation> findings_;
};

/// All fields of a header as they stand, whether or not they are in order.
pdu::LoginRequest fields_of(wire::ByteView header) {
  pdu::LoginRequest request;
  for (const auto& entry : pdu::LoginRequest::layout())
    if (entry.kind == pdu::EntryKind::field) entry.set(request, pdu::extract(header, entry.place));
  return request;
}

}  // namespace

Answer step(State& state, const pdu::LoginRequest& request, wire::ByteView data,
            const Context& context) {
  if (state.over) return {.close = true};
  return Turn(state, request, context).run(data);
}

Answer refuse_other_pdu(State& state, std::uint8_t opcode, const Context& context) {
  if (state.over) return {.close = true};
  const Rule rule =
      state.first ? Rule::only_login_requests_during_login : Rule::first_pdu_is_login_request;
  const pdu::LoginRequest no_request;
  return Turn(state, no_request, context)
      .refuse(refusal_of({.rule = rule, .byte = 0, .found = opcode}));
}

Answer refuse_malformed(State& state, wire::ByteView header, const Violation& violation,
                        const Context& context) {
  if (state.over) return {.close = true};
  const pdu::LoginRequest request = fields_of(header);
  if (!state.first) {
    state.first = request;
    state.stat_sn = context.first_stat_sn;
  }
  return Turn(state, request, context).refuse(refusal_of(violation));
}

const chap::Challenge* unanswered_challenge(const State& state) {
  const bool waits = !state.over && state.exchange.step == AuthenticationStep::response;
  return waits ? &state.exchange.challenge : nullptr;
}

}  // namespace iscsi::login
