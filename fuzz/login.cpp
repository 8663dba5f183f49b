// Holds: no sequence of PDUs gets past a login that requires authentication without it; every
// response is well-formed, repeats what it has to, and is within its bounds; after its end a login
// says nothing; the same events always have the same answers; a mistake of its owner's is found.

#include <set>
#include <string>

#include "login/login.hpp"
#include "pdu/codec.hpp"
#include "support/chap_peer.hpp"
#include "support/entry.hpp"
#include "support/login_settings.hpp"
#include "support/pdu_stream.hpp"
#include "support/policies.hpp"
#include "support/require.hpp"

namespace iscsi::fuzz {
namespace {

using login::Answer;
using login::Authentication;
using pdu::LoginStatus;
using wire::ByteView;

/// What an owner may not say of a login.
using Mistake = void (*)(login::Configuration&);
constexpr auto mistakes = std::to_array<Mistake>({
    [](auto& c) { c.accounts.front().name.clear(); },
    [](auto& c) { c.accounts.front().secret.clear(); },
    [](auto& c) { c.accounts.front().name = c.accounts.back().name; },
    [](auto& c) { c.accounts.front().secret = c.accounts.back().secret; },
    [](auto& c) { c.own_account = c.accounts.front(); },
    [](auto& c) { c.own_account->secret = "short", c.encrypted_by_ipsec = false; },
    [](auto& c) { c.accounts.front().secret = "short", c.encrypted_by_ipsec = false; },
    [](auto& c) { c.normal_sessions = Authentication::required, c.accounts.clear(); },
    [](auto& c) {
      c.discovery_sessions = Authentication::required;
      c.algorithms = {login::chap::Algorithm::sha256};
    },
    [](auto& c) { c.alias = std::string(1, '\0'); },
    [](auto& c) { c.alias = "\xff"; },
    [](auto& c) { c.redirections.front().addresses.clear(); },
});

void check_configuration(login::Configuration configuration, Settings& settings) {
  configuration.encrypted_by_ipsec = settings.flag();
  require(login::faults_of(configuration).empty(), "the harness's configurations are sound");
  configuration.own_account = {.name = "the target", .secret = "what the target knows"};
  mistakes[settings.below(mistakes.size())](configuration);
  require(!login::faults_of(configuration).empty(), "a mistake is found");
}

/// The sessions that the target has already.
struct Existing {
  std::array<wire::Cid, 1> cids{wire::Cid{0}};
  std::vector<login::ExistingSession> sessions;

  explicit Existing(Settings& settings) {
    const std::size_t count = settings.below(3);
    for (std::uint16_t i = 0; i < count; ++i)
      sessions.push_back({.initiator_name = initiator_name,
                          .isid = wire::Isid{settings.one_of<std::uint64_t>({0, 0x23'd000'0001})},
                          .tsih = wire::Tsih{static_cast<std::uint16_t>(i + 1)},
                          .portal_group_tag = 1,
                          .connections = cids,
                          .parameters = {.max_connections = settings.one_of({1U, 4U})}});
  }
};

class Conversation {
 public:
  explicit Conversation(Settings& settings)
      : configuration_(draw_login_configuration(settings)),
        existing_(settings),
        fresh_(draw_bytes<Fresh>(settings)),
        first_stat_sn_{static_cast<std::uint32_t>(settings.next())},
        shutting_down_(settings.one_in(16)),
        peer_(configuration_),
        is_exhausted_(settings.one_in(16)),
        is_left_(settings.one_in(4)),
        runs_out_(settings.one_in(8)) {
    check_configuration(configuration_, settings);
  }

  /// False when the login is over.
  bool take(InputPdu pdu) {
    fill_in(pdu);
    login::State copy = state_;
    const Answer answer = event(state_, pdu);
    require(event(copy, pdu) == answer && copy == state_, "the same event has the same answer");

    const bool goes_on = answer.response && answer.response->header.status == LoginStatus::success;
    require(answer.close == !goes_on, "a login that is not refused goes on");
    require(!answer.violation || answer.close, "a login that goes on has broken nothing");
    if (answer.response) check_response(pdu, *answer.response);
    if (answer.admission) check_admission(*answer.admission);
    if (is_left_) existing_.sessions.clear();
    is_exhausted_ = is_exhausted_ || runs_out_;
    if (goes_on && !answer.admission) return true;
    require(event(state_, pdu) == Answer{.close = true}, "nothing follows the end of a login");
    return false;
  }

 private:
  using Fresh = std::array<std::byte, login::chap::fresh_bytes>;

  login::Context context() const {
    return {.configuration = configuration_,
            .sessions = existing_.sessions,
            .session_count = existing_.sessions.size(),
            .fresh = fresh_,
            .free_tsih = is_exhausted_ ? wire::Tsih::none : wire::Tsih{7},
            .first_stat_sn = first_stat_sn_,
            .shutting_down = shutting_down_};
  }

  /// As the target has it: other PDUs, malformed ones, Login Requests.
  Answer event(login::State& state, const InputPdu& pdu) const {
    const pdu::Frame frame{.header = pdu.header, .data = pdu.data};
    if (pdu.opcode() != static_cast<std::uint8_t>(pdu::Opcode::login_request))
      return login::refuse_other_pdu(state, pdu.opcode(), context());
    const auto decoded = pdu::decode_request(frame);
    if (!decoded) return login::refuse_malformed(state, frame.header, decoded.error(), context());
    return login::step(state, std::get<pdu::LoginRequest>(*decoded), frame.data, context());
  }

  /// Puts responses where the input asks for them, and notes what a complete text proves.
  void fill_in(InputPdu& pdu) {
    constexpr pdu::Place continued = pdu::bits(1, 1);
    pdu.additional_headers.clear();
    const std::string text = peer_.fill_in(wire::as_text(pdu.data));
    pdu.data.assign(wire::as_bytes(text).begin(), wire::as_bytes(text).end());
    pdu.data.resize(std::min(pdu.data.size(), limits::login_data_segment_bytes));
    pdu.repair_lengths();
    said_.append(wire::as_text(pdu.data));
    if (pdu.field(continued) != 0) return;
    peer_.sent(said_);
    said_.clear();
    if (peer_.proved()) proved_.insert(*peer_.proved());
  }

  void check_response(const InputPdu& request, const login::Response& response) {
    const pdu::LoginResponse& header = response.header;
    require(response.text.size() <= limits::login_data_segment_bytes,
            "a response is no longer than every initiator takes");
    const pdu::HeaderBytes bytes = pdu::encode_header(header, {.data = response.text.size()});
    require(pdu::audit({.header = bytes, .data = wire::as_bytes(response.text)}).empty(),
            "a response breaks no rule of form");
    if (responses_++ > 0) require(header.stat_sn == last_stat_sn_ + 1, "StatSN counts responses");
    last_stat_sn_ = header.stat_sn;
    require(responses_ <= limits::login_requests + 1, "a login comes to an end");
    if (header.status != LoginStatus::success) return;
    require(request.field(task_tag_place) == static_cast<std::uint64_t>(header.initiator_task_tag),
            "a response has its request's task tag");
    heard_.append(response.text);
    if (header.continued) return;
    require(text::parse(heard_).has_value(), "the response is a text");
    require(heard_.size() <= limits::negotiation_text_bytes, "and within its bound");
    peer_.received(heard_);
    heard_.clear();
  }

  void check_admission(const login::Admission& admission) {
    const bool discovery =
        admission.parameters.session.session_type == text::SessionType::discovery;
    const Authentication authentication =
        discovery ? configuration_.discovery_sessions : configuration_.normal_sessions;
    if (authentication == Authentication::required)
      require(!admission.user.empty(), "required authentication is not left out");
    if (!admission.user.empty())
      require(proved_.contains(admission.user), "the user has proved to know the secret");
    require(admission.tsih != wire::Tsih::none, "a session has a TSIH");
    require(!shutting_down_, "nobody is admitted while the target shuts down");
    check_parameters(admission.parameters);
    require(!text::check_integrity(admission.parameters), "the rules between values are kept");
  }

  login::Configuration configuration_;
  Existing existing_;
  Fresh fresh_;
  wire::StatSN first_stat_sn_;
  bool shutting_down_;
  login::State state_;
  ChapPeer peer_;
  bool is_exhausted_;             ///< no TSIH is free
  bool is_left_;                  ///< the sessions end after the first request
  bool runs_out_;                 ///< TSIHs, after the first request
  std::set<std::string> proved_;  ///< accounts whose right response has been sent
  std::string said_, heard_;      ///< logical texts, as far as they have come
  std::size_t responses_ = 0;
  wire::StatSN last_stat_sn_{};
};

}  // namespace
}  // namespace iscsi::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace iscsi::fuzz;
  const ByteView input = bytes_of(data, size);
  Settings settings{input};
  Conversation conversation{settings};
  for (const InputPdu& pdu : split(input, iscsi::limits::login_requests + 4))
    if (!conversation.take(pdu)) break;
  return 0;
}
