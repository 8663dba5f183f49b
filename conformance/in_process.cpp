#include "conformance/in_process.hpp"

#include <algorithm>
#include <cstdlib>

#include "conformance/story/data.hpp"
#include "login/names.hpp"
#include "server/memory_device.hpp"
#include "server/perform.hpp"
#include "server/server.hpp"

namespace conformance {

using iscsi::session::Disposition;
using iscsi::wire::ByteView;

namespace {

constexpr std::uint64_t tick_us = 1'000'000;
constexpr std::uint64_t bench_blocks = 2048;

/// A sparse disk of that size with the blocks that the recording shows.
std::unique_ptr<iscsi::server::BlockDevice> device_of(const WorldUnit& unit) {
  auto device = std::make_unique<iscsi::server::MemoryDevice>(
      unit.block_count * unit.block_bytes,
      iscsi::server::MemoryDeviceOptions{.block_bytes = unit.block_bytes});
  for (const auto& [lba, block] : unit.blocks) {
    const ByteView piece{block};
    if (lba < unit.block_count) (void)device->write(lba, {&piece, 1}, false);
  }
  return device;
}

/// The designators that the reference can tell; it makes the one of vendor and serial itself.
std::vector<scsi::Designator> designators_of(const WorldUnit& unit) {
  std::vector<scsi::Designator> designators;
  for (const UnitDesignator& told : unit.designators) {
    const auto type = static_cast<scsi::Designator::Type>(told.type);
    const bool known = told.association == 0 && (type == scsi::Designator::Type::naa ||
                                                 type == scsi::Designator::Type::eui_64);
    if (known && told.code_set == 1 && !told.identifier.empty())
      designators.push_back({.type = type, .identifier = told.identifier});
  }
  return designators;
}

void identify(scsi::UnitConfiguration& about, const WorldUnit& unit) {
  if (!unit.vendor.empty()) about.vendor = unit.vendor;
  if (!unit.product.empty()) about.product = unit.product;
  if (!unit.revision.empty()) about.revision = unit.revision;
  if (!unit.serial.empty()) about.serial = unit.serial;
  if (auto designators = designators_of(unit); !designators.empty())
    about.designators = std::move(designators);
}

}  // namespace

std::expected<InProcess, std::string> InProcess::with(
    const iscsi::server::Configuration& configuration) {
  auto target = iscsi::server::target_configuration(configuration);
  if (!target) return std::unexpected(target.error());
  auto devices = iscsi::server::open_devices(configuration.logical_units);
  if (!devices) return std::unexpected(devices.error());
  Devices by_number;
  for (auto& device : *devices) {
    const auto number = static_cast<std::uint16_t>(target->units.size());
    target->units.push_back(iscsi::server::unit_of(*device, configuration.target_name, number));
    by_number.emplace(number, std::move(device));
  }
  InProcess made{*std::move(target), std::move(by_number)};
  made.told_ = configuration;
  made.told_.listen.clear();
  return made;
}

std::expected<InProcess, std::string> InProcess::with(
    const iscsi::server::Configuration& configuration, const World& world) {
  auto target = iscsi::server::target_configuration(configuration);
  if (!target) return std::unexpected(target.error());
  Devices devices;
  for (const auto& [number, unit] : world.units) {
    if (!unit.is_disk()) continue;
    auto device = device_of(unit);
    auto about = iscsi::server::unit_of(*device, configuration.target_name, number);
    identify(about, unit);
    scsi::Device trial;
    if (const auto fits = trial.add_unit(number, about); !fits)
      return std::unexpected("logical unit " + std::to_string(number) + ": " +
                             std::string{fits.error()});
    target->units.push_back(std::move(about));
    target->unit_numbers.push_back(number);
    devices.emplace(number, std::move(device));
  }
  return InProcess{*std::move(target), std::move(devices)};
}

std::optional<std::string> InProcess::open(ConnectionNumber connection) {
  if (!target_.accepts_connection()) return "no more connections";
  // Repeatable instead of secret: nobody but the judge is there.
  iscsi::Fresh fresh{};
  ++logins_;
  for (std::size_t i = 0; i < fresh.size(); ++i) fresh[i] = pattern_byte(logins_, i);
  connections_[connection].id = target_.opened(
      {.host = "127.0.0.1", .port = 3260, .portal_group_tag = std::nullopt}, fresh, now_ms());
  return std::nullopt;
}

void InProcess::send(ConnectionNumber connection, ByteView bytes, std::size_t piece) {
  const auto found = connections_.find(connection);
  if (found == connections_.end()) return;
  Line& line = found->second;
  line.waiting.insert(line.waiting.end(), bytes.begin(), bytes.end());
  line.piece = piece == 0 ? SIZE_MAX : piece;
  deliver(line);
}

void InProcess::deliver(Line& line) {
  std::size_t taken = 0;
  while (taken < line.waiting.size() && target_.wants_input(line.id)) {
    const std::size_t bytes = std::min(line.piece, line.waiting.size() - taken);
    taken += target_.receive(line.id, ByteView{line.waiting}.subspan(taken, bytes), now_ms());
    serve_media();
  }
  line.waiting.erase(line.waiting.begin(),
                     line.waiting.begin() + static_cast<std::ptrdiff_t>(taken));
}

void InProcess::leave(ConnectionNumber connection, bool /*reset*/) {
  const auto found = connections_.find(connection);
  if (found == connections_.end()) return;
  target_.closed(found->second.id, now_ms());
  connections_.erase(found);
  serve_media();
}

std::vector<TransportEvent> InProcess::receive(std::uint64_t until_us) {
  std::vector<TransportEvent> events;
  collect(events);
  while (events.empty() && now_us_ < until_us) {
    now_us_ = std::min(until_us, now_us_ + tick_us);
    if (now_us_ - elapsed_us_ >= tick_us) {
      target_.elapsed(now_ms());
      elapsed_us_ = now_us_;
    }
    serve_media();
    collect(events);
  }
  return events;
}

void InProcess::serve_media() {
  while (const auto request = target_.next_medium_request())
    target_.finished(*request,
                     iscsi::server::perform(*devices_.at(request->unit), request->operation,
                                            request->data_out, request->data_in),
                     now_ms());
}

void InProcess::collect(std::vector<TransportEvent>& events) {
  for (auto at = connections_.begin(); at != connections_.end();) {
    auto& [number, line] = *at;
    const auto id = line.id;
    iscsi::wire::Bytes bytes = target_.take_output(id, now_ms());
    if (!bytes.empty()) events.push_back({number, TransportEvent::Kind::data, std::move(bytes)});
    if (target_.disposition(id) == Disposition::open) {
      deliver(line);
      ++at;
      continue;
    }
    target_.closed(id, now_ms());
    events.push_back({number, TransportEvent::Kind::ended, {}});
    at = connections_.erase(at);
  }
  serve_media();
}

Bench fresh_bench(bool with_secret) {
  iscsi::server::Configuration configuration;
  const iscsi::server::LogicalUnit disk{};
  configuration.logical_units = {{.size_bytes = bench_blocks * disk.block_bytes}};
  Settings settings;
  settings.target_name = configuration.target_name;
  settings.quiet_ms = 1;
  settings.may_write = true;
  settings.facts = {{"block_size", std::uint64_t{disk.block_bytes}},
                    {"last_block", bench_blocks - 1},
                    {"blocks", bench_blocks},
                    {"block", std::uint64_t{0}},
                    {"writable_blocks", bench_blocks}};
  if (with_secret) {
    settings.initiator = Secret{"judge", "a secret of the judge"};
    settings.target = Secret{"accused", "a secret of the accused"};
    configuration.chap = {{settings.initiator->name, settings.initiator->secret}};
    configuration.mutual_chap = {settings.target->name, settings.target->secret};
  }
  auto target = InProcess::with(configuration);
  if (!target) std::abort();  // a bench that cannot be set up is a defect of this function
  return {*std::move(target), std::move(settings)};
}

namespace {

/// What the recorded target agreed to, as far as the reference can be made to agree to it.
void adopt(iscsi::text::Policy& policy, const Parameters& agreed) {
  const auto at_most = [](std::uint64_t value, std::uint32_t most) {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(value, most));
  };
  policy.max_recv_data_segment_length =
      at_most(agreed.target_limit, policy.max_recv_data_segment_length);
  policy.initial_r2t = agreed.initial_r2t;
  policy.immediate_data = agreed.immediate_data;
  policy.max_burst_length = at_most(agreed.max_burst_length, policy.max_burst_length);
  policy.first_burst_length = at_most(agreed.first_burst_length, policy.max_burst_length);
  policy.max_outstanding_r2t = at_most(agreed.max_outstanding_r2t, 16);
}

}  // namespace

std::expected<Bench, std::string> bench_of(const Recording& recording, const World& world) {
  iscsi::server::Configuration configuration;
  if (const auto name = iscsi::login::parse_name(world.target_name))
    configuration.target_name = std::string{name->text()};
  if (!world.agreed.outcomes.empty()) adopt(configuration.text, world.agreed);
  Settings settings;
  settings.target_name = configuration.target_name;
  settings.quiet_ms = 1;
  settings.may_write = true;
  settings.initiator = recording.secret;
  settings.target = recording.target_secret;
  if (world.wants_chap && recording.secret) {
    configuration.chap = {{recording.secret->name, recording.secret->secret}};
    if (recording.target_secret)
      configuration.mutual_chap = {recording.target_secret->name, recording.target_secret->secret};
  }
  auto target = InProcess::with(configuration, world);
  if (!target) return std::unexpected(target.error());
  return Bench{*std::move(target), std::move(settings)};
}

CaseResult replay_in_process(const RecordedStory& one, const Settings& settings, bool keep_timing) {
  const World world = rebuild_world(one.recording.transcript);
  auto bench = bench_of(one.recording, world);
  if (!bench) {
    CaseResult result{.name = one.story.name,
                      .story = &one.story,
                      .judgement = {},
                      .observation = {},
                      .transcript = {}};
    result.judgement.verdict = Verdict::error;
    result.judgement.what = "no target can be made after the recording: " + bench.error();
    return result;
  }
  ReplaySettings replay{
      .play = bench->settings, .keep_timing = keep_timing, .world_is_rebuilt = true};
  replay.play.seed = settings.seed;
  replay.play.answer_ms = settings.answer_ms;
  return judge_recording(one, replay, bench->target);
}

}  // namespace conformance
