#include "support/prepared.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "support/login_settings.hpp"
#include "support/require.hpp"
#include "support/settings.hpp"
#include "text/grammar.hpp"

namespace iscsi::fuzz {
namespace {

Terms draw_terms(Settings& settings) {
  Terms terms;
  terms.digests = {.header = settings.flag(), .data = settings.flag()};
  terms.initial_r2t = settings.flag();
  terms.immediate_data = settings.flag();
  terms.data_pdu_in_order = !settings.one_in(3);
  terms.data_sequence_in_order = !settings.one_in(3);
  terms.several_connections = settings.one_in(3);
  terms.max_recv_data_segment_length = settings.one_of({512U, 1001U, 8192U, 65536U});
  terms.max_burst_length = settings.one_of({512U, 16384U, 262144U});
  terms.first_burst_length = settings.one_of({512U, 4096U, 65536U});
  terms.first_burst_length = std::min(terms.first_burst_length, terms.max_burst_length);
  terms.max_outstanding_r2t = settings.one_of({1U, 1U, 3U});
  terms.time2retain = settings.one_of({0U, 20U});
  return terms;
}

Configuration make_configuration(const Terms& terms) {
  Configuration configuration{
      .login = {.target = name(target_name)},
      .portals = {{.host = "192.0.2.1", .port = 3260}, {.host = "192.0.2.7", .port = 3260}},
      .units = unit_configurations()};
  login::Configuration& login = configuration.login;
  // Whatever the initiator proposes comes about.
  login.policy.data_pdu_in_order = false;
  login.policy.data_sequence_in_order = false;
  login.policy.max_outstanding_r2t = 64;
  login.policy.max_connections = terms.several_connections ? 4 : 1;
  login.policy.default_time2retain = 3600;
  login.policy.max_burst_length = 262144;
  login.policy.first_burst_length = 262144;
  configuration.bounds.connections = 16;
  configuration.bounds.sessions = 8;
  return configuration;
}

void log_in(World& world, Prepared& made, std::size_t line) {
  made.connections[line] = world.open();
  made.conversation.opened(line);
  if (line == Conversation::free_line) return;
  world.deliver(made.connections[line], made.conversation.login(line), 4096);
  made.conversation.heard(line, world.take_output(made.connections[line]));
  require(made.conversation.in_full_feature_phase(line), "the harness's logins succeed");
  require(!world.target().initiator_of(made.connections[line]).empty(), "and have a name");
}

/// A login that has got as far as the target's challenge.
void begin_login(World& world) {
  const ConnectionId connection = world.open();
  std::vector<text::Pair> pairs{{"InitiatorName", std::string{other_initiator_name}},
                                {"TargetName", std::string{target_name}},
                                {"SessionType", "Normal"},
                                {"AuthMethod", "CHAP"}};
  for (int request = 0; request < 2; ++request) {
    world.deliver(connection,
                  pdu::encode(pdu::LoginRequest{.isid = wire::Isid{0x40'0000'0001}},
                              wire::as_bytes(text::encode_pairs(pairs))),
                  4096);
    require(world.take_output(connection).size() > pdu::bhs_bytes, "it is answered");
    pairs = {{"CHAP_A", "5"}};
  }
}

/// A TEST UNIT READY for each unit, whose attention would end the input's first command.
void clear_attentions(World& world, Prepared& made, std::size_t line) {
  for (std::uint64_t unit = 0; unit < unit_configurations().size(); ++unit) {
    InputPdu pdu;
    pdu.header = pdu::encode_header(pdu::ScsiCommand{.final = true, .lun = wire::Lun{unit << 48U}},
                                    pdu::Lengths{});
    world.deliver(made.connections[line], made.conversation.request(line, std::move(pdu)), 4096);
    made.conversation.heard(line, world.take_output(made.connections[line]));
  }
}

std::unique_ptr<Prepared> prepare(std::size_t which) {
  Settings settings{which};
  const Terms terms = draw_terms(settings);
  Configuration configuration = make_configuration(terms);
  configuration.bounds.command_window = settings.one_of({2U, 8U, limits::command_window});
  configuration.bounds.queued_output_bytes =
      settings.one_of<std::size_t>({4096, 64U << 10U, limits::queued_output_bytes});
  // Filling a buffer with zeros is much of what an execution of few PDUs takes.
  configuration.bounds.input_bytes = settings.one_of<std::size_t>({512, 1024, 2048, 4096});
  const bool clears_attentions = !settings.one_in(4);
  configuration.bounds.solicited_data_bytes =
      settings.one_of<std::size_t>({4096, limits::solicited_data_bytes});
  World world{Target{configuration}, configuration.bounds, 0};
  auto made = std::make_unique<Prepared>(
      Prepared{.configuration = configuration,
               .target = Target{configuration},
               .conversation = Conversation{terms, configuration.bounds.command_window}});
  made->conversation.keep_record();
  for (std::size_t line = 0; line < Conversation::lines; ++line) log_in(world, *made, line);
  if (clears_attentions)
    for (std::size_t line = 0; line < Conversation::free_line; ++line)
      clear_attentions(world, *made, line);
  made->target = world.target();
  made->record = made->conversation.take_record();
  return made;
}

}  // namespace

const Prepared& prepared(std::size_t which) {
  static std::array<std::unique_ptr<Prepared>, prepared_count> made;
  std::unique_ptr<Prepared>& one = made[which % prepared_count];
  if (!one) one = prepare(which % prepared_count);
  return *one;
}

const Prepared& secured() {
  static const Prepared made = [] {
    Configuration configuration = make_configuration({});
    configuration.login.normal_sessions = login::Authentication::required;
    configuration.login.discovery_sessions = login::Authentication::required;
    configuration.login.accounts = {
        {.name = std::string{account_name}, .secret = std::string{account_secret}}};
    configuration.unit_numbers = {0, 1, 2};
    World world{Target{configuration}, configuration.bounds, 0};
    begin_login(world);
    Prepared prepared{.configuration = configuration,
                      .target = Target{configuration},
                      .conversation = Conversation{{}, configuration.bounds.command_window}};
    prepared.connections.fill(world.open());
    prepared.target = world.target();
    return prepared;
  }();
  return made;
}

}  // namespace iscsi::fuzz
