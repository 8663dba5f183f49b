#include "server/recorded_target.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "server/assemble.hpp"
#include "server/descriptor.hpp"
#include "server/memory_device.hpp"
#include "server/record_events.hpp"
#include "server/server.hpp"
#include "target/by_copy.hpp"

namespace iscsi::server {

using wire::Bytes;
using wire::ByteView;
using Packets = wire::pcapng::Packets;

namespace {

constexpr Moment us_per_ms = 1000;
constexpr std::size_t views_at_once = 64;

std::uint32_t number_of(ConnectionId id) { return static_cast<std::uint32_t>(id); }

/// The first `bytes` bytes of what a connection has to send.
Bytes first_output(const Target& target, ConnectionId id, std::size_t bytes) {
  Bytes all;
  std::array<ByteView, views_at_once> views{};
  const std::size_t used = target.gather(id, views);
  for (const ByteView view : std::span{views}.first(used)) {
    const ByteView part = view.first(std::min(view.size(), bytes - all.size()));
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace

std::expected<RecordSink, std::string> record_into(const std::string& path) {
  constexpr mode_t owner_only = S_IRUSR | S_IWUSR;
  const int opened = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, owner_only);
  if (opened < 0) return std::unexpected(path + ": " + std::strerror(errno));
  auto file = std::make_shared<Descriptor>(opened);
  return [file, path, ended = false](ByteView bytes) mutable {
    while (!bytes.empty() && !ended) {
      const ssize_t written = ::write(file->number(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) {
        // A full disk ends the record, not the service. Nothing may follow the piece that is cut:
        // the record would be no pcapng any more.
        ended = true;
        std::fprintf(stderr, "iscsi-target: the record ends here: %s: %s\n", path.c_str(),
                     std::strerror(errno));
        return;
      }
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
  };
}

void RecordedTarget::record(RecordSink sink, const Configuration& told) {
  journal_ = std::make_unique<Journal>(std::move(sink), Packets{});
  Bytes out;
  wire::pcapng::begin(out, "The record of an iSCSI target: its events are in blocks of their own",
                      "iscsi-target");
  journal_->sink(out);
  write_event(events::configured, 0, {}, wire::as_bytes(configuration_to_json(told)));
}

void RecordedTarget::write_event(std::uint8_t kind, Moment now, ConnectionId id, ByteView body) {
  if (!journal_) return;
  Bytes out;
  wire::pcapng::put_block(
      out, events::block_type,
      events::encode({.kind = kind, .at = now, .connection = number_of(id), .body = body}));
  journal_->sink(out);
}

void RecordedTarget::write_data(Packets::From from, ConnectionId id, ByteView data, Moment now) {
  Bytes out;
  journal_->packets.data(out, number_of(id), now * us_per_ms, from, data);
  journal_->sink(out);
}

ConnectionId RecordedTarget::opened(const text::Address& reached_at, const Fresh& fresh,
                                    Moment now) {
  const ConnectionId id = target_.opened(reached_at, fresh, now);
  if (!journal_) return id;
  Bytes body{fresh.begin(), fresh.end()};
  body.resize(body.size() + 2);
  wire::store_big(std::span{body}.last(2), reached_at.port.value_or(0));  // 0: not told
  const ByteView host = wire::as_bytes(reached_at.host);
  body.insert(body.end(), host.begin(), host.end());
  write_event(events::opened, now, id, body);
  Bytes out;
  journal_->packets.open(out, number_of(id), now * us_per_ms);
  journal_->sink(out);
  return id;
}

void RecordedTarget::filled(ConnectionId id, std::size_t bytes, Moment now) {
  if (journal_) {
    Bytes data;
    for (const std::span<std::byte> room : room_) {
      const auto part = room.first(std::min(room.size(), bytes - data.size()));
      data.insert(data.end(), part.begin(), part.end());
    }
    write_event(events::received, now, id, events::encode_number(data.size()));
    write_data(Packets::From::initiator, id, data, now);
  }
  target_.filled(id, bytes, now);
}

std::size_t RecordedTarget::receive(ConnectionId id, ByteView bytes, Moment now) {
  return hand_over(*this, id, bytes, now);
}

void RecordedTarget::finished(const MediumRequest& request, const scsi::MediumResult& result,
                              Moment now) {
  if (journal_) {
    Bytes body = events::encode_result(result);
    body.insert(body.end(), request.data_in.begin(), request.data_in.end());
    write_event(events::finished, now, {}, body);
  }
  target_.finished(request, result, now);
}

void RecordedTarget::sent(ConnectionId id, std::size_t bytes, Moment now) {
  if (journal_) {
    const Bytes data = first_output(target_, id, bytes);
    write_event(events::sent, now, id, events::encode_number(data.size()));
    write_data(Packets::From::target, id, data, now);
  }
  target_.sent(id, bytes, now);
}

Bytes RecordedTarget::take_output(ConnectionId id, Moment now) { return fetch(*this, id, now); }

void RecordedTarget::closed(ConnectionId id, Moment now) {
  write_event(events::closed, now, id, {});
  if (journal_) {
    Bytes out;
    journal_->packets.close(out, number_of(id), now * us_per_ms, Packets::From::initiator, false);
    journal_->sink(out);
  }
  target_.closed(id, now);
}

void RecordedTarget::elapsed(Moment now) {
  write_event(events::elapsed, now, {}, {});
  target_.elapsed(now);
}

void RecordedTarget::shut_down(Moment now, std::uint16_t seconds) {
  write_event(events::shut_down, now, {}, events::encode_number(seconds));
  target_.shut_down(now, seconds);
}

}  // namespace iscsi::server
