#include "conformance/in_process.hpp"

#include <algorithm>
#include <cstdlib>

#include "conformance/story/data.hpp"
#include "server/perform.hpp"
#include "server/server.hpp"

namespace conformance {

using iscsi::session::Disposition;
using iscsi::wire::ByteView;

namespace {

constexpr std::uint64_t tick_us = 1'000'000;
constexpr std::uint64_t bench_blocks = 2048;

}  // namespace

std::expected<InProcess, std::string> InProcess::with(
    const iscsi::server::Configuration& configuration) {
  auto target = iscsi::server::target_configuration(configuration);
  if (!target) return std::unexpected(target.error());
  auto devices = iscsi::server::open_devices(configuration.logical_units);
  if (!devices) return std::unexpected(devices.error());
  for (const auto& device : *devices)
    target->units.push_back(iscsi::server::unit_of(
        *device, configuration.target_name, static_cast<std::uint16_t>(target->units.size())));
  return InProcess{*std::move(target), *std::move(devices)};
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
    target_.receive(line.id, ByteView{line.waiting}.subspan(taken, bytes), now_ms());
    taken += bytes;
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
                     iscsi::server::perform(*devices_[request->unit], request->operation,
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

}  // namespace conformance
