#include "server/server.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "server/perform.hpp"

namespace iscsi::server {
namespace {

constexpr Moment tick_ms = 1000;
constexpr Moment linger_ms = 5000;
constexpr Moment accept_pause_ms = 100;  // when the system is short of descriptors
constexpr std::size_t views_per_send = 64;

Moment monotonic_ms() {
  using namespace std::chrono;
  return static_cast<Moment>(
      duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count());
}

Fresh fresh_bytes() {
  Fresh fresh{};
  // Without random bytes no challenge is safe: better no server than a weak one.
  if (RAND_bytes(reinterpret_cast<unsigned char*>(fresh.data()), static_cast<int>(fresh.size())) !=
      1)
    throw std::runtime_error{"no random bytes"};
  return fresh;
}

text::Address address_of(const Portal& portal) {
  const bool is_ipv6 = portal.host.find(':') != std::string::npos;
  return {.host = is_ipv6 ? "[" + portal.host + "]" : portal.host, .port = portal.port};
}

iscsi::Configuration complete(iscsi::Configuration configuration,
                              const std::vector<BlockDevice*>& devices,
                              const std::vector<Listener>& listeners) {
  configuration.units.clear();
  for (const BlockDevice* device : devices)
    configuration.units.push_back(unit_of(*device, configuration.login.target.text(),
                                          static_cast<std::uint16_t>(configuration.units.size())));
  configuration.portals.clear();
  for (const Listener& listener : listeners)
    if (!listener.any_address) configuration.portals.push_back(address_of(listener.portal));
  return configuration;
}

}  // namespace

Server::Server(iscsi::Configuration configuration, std::vector<BlockDevice*> devices,
               std::vector<Listener> listeners)
    : target_{complete(std::move(configuration), devices, listeners)},
      devices_{std::move(devices)},
      listeners_{std::move(listeners)} {}

bool Server::run(const volatile std::sig_atomic_t& stop, const sigset_t* waiting_mask) {
  bool stopping = false;
  Moment stop_at = 0;
  last_tick_ = now_ = monotonic_ms();
  while (true) {
    if (stop != 0 && !stopping) {
      stopping = true;
      stop_at = now_ + (patience_seconds + 1) * 1000;
      listeners_.clear();
      target_.shut_down(now_, patience_seconds);
      settle();
    }
    if (stopping && (peers_.empty() || now_ >= stop_at)) break;
    wait(waiting_mask);
    now_ = monotonic_ms();
    for (std::size_t i = 0; i < peers_.size(); ++i) {
      Peer& peer = peers_[i];
      const short events = polled_[i].revents;
      if ((events & (POLLIN | POLLHUP | POLLERR)) != 0) read_from(peer);
      if ((events & POLLOUT) != 0 && !peer.gone) write_to(peer);
    }
    accept_new();
    if (now_ - last_tick_ >= tick_ms) {
      last_tick_ = now_;
      target_.elapsed(now_);
      for (Peer& peer : peers_)
        if (peer.lingering && now_ >= peer.linger_until) peer.gone = true;
    }
    settle();
  }
  peers_.clear();
  return flush_devices();
}

int Server::timeout_ms() const {
  return peers_.empty() && accept_again_at_ == 0 ? -1 : static_cast<int>(tick_ms) / 2;
}

/// The one place where the thread sleeps.
void Server::wait(const sigset_t* waiting_mask) {
  polled_.clear();
  for (const Peer& peer : peers_) {
    int events = 0;
    if (peer.lingering || peer.wants_input) events |= POLLIN;
    if (peer.output_blocked) events |= POLLOUT;
    polled_.push_back(
        {.fd = peer.socket.number(), .events = static_cast<short>(events), .revents = 0});
  }
  const bool accepting = target_.accepts_connection() && now_ >= accept_again_at_;
  for (const Listener& listener : listeners_)
    polled_.push_back({.fd = listener.socket.number(),
                       .events = static_cast<short>(accepting ? POLLIN : 0),
                       .revents = 0});
  const int ms = timeout_ms();
  const timespec limit{.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1'000'000L};
  if (::ppoll(polled_.data(), polled_.size(), ms < 0 ? nullptr : &limit, waiting_mask) < 0)
    for (pollfd& one : polled_) one.revents = 0;  // a signal came: nothing is ready
}

void Server::accept_new() {
  const std::size_t first = polled_.size() - listeners_.size();
  for (std::size_t i = 0; i < listeners_.size(); ++i) {
    if ((polled_[first + i].revents & POLLIN) == 0) continue;
    while (target_.accepts_connection()) {
      auto accepted = accept_from(listeners_[i]);
      if (!accepted) {
        log_.line("cannot accept connections: out of descriptors or memory", now_);
        accept_again_at_ = now_ + accept_pause_ms;
        break;
      }
      if (!*accepted) break;
      const ConnectionId id = target_.opened(address_of((*accepted)->local), fresh_bytes(), now_);
      peers_.push_back(
          {.socket = std::move((*accepted)->socket), .id = id, .name = to_text((*accepted)->peer)});
    }
  }
}

void Server::read_from(Peer& peer) {
  if (peer.gone) return;
  if (peer.lingering) {  // whatever still comes is of no interest; the end is
    std::array<std::byte, 4096> ignored;
    const std::array<std::span<std::byte>, 1> space{ignored};
    peer.gone = receive_into(peer.socket, space).ended;
    return;
  }
  if (!peer.wants_input) {
    // Not read from, so it was poll that saw an error or the end.
    peer.gone = true;
    return;
  }
  const Moved moved = receive_into(peer.socket, target_.space(peer.id));
  if (moved.ended) {
    peer.gone = true;
    return;
  }
  if (moved.bytes == 0) return;
  target_.filled(peer.id, moved.bytes, now_);
  do_media();
  write_to(peer);
}

/// Lets the devices do what the target asks of them, until it asks for nothing more.
void Server::do_media() {
  while (const auto request = target_.next_medium_request())
    target_.finished(
        *request,
        perform(*devices_[request->unit], request->operation, request->data_out, request->data_in),
        now_);
}

/// Sends what there is, and notes whether the connection is to be read from and written to next.
void Server::write_to(Peer& peer) {
  std::array<wire::ByteView, views_per_send> views{};
  peer.output_blocked = false;
  while (const std::size_t used = target_.gather(peer.id, views)) {
    const Moved moved = send_from(peer.socket, std::span{views}.first(used));
    if (moved.ended) peer.gone = true;
    if (moved.would_block) peer.output_blocked = true;
    if (moved.bytes == 0) break;
    target_.sent(peer.id, moved.bytes, now_);
    do_media();  // reads that waited for room
  }
  peer.wants_input = target_.wants_input(peer.id);
}

/// Follows up on everything that the events of this round have set off.
void Server::settle() {
  do_media();
  for (auto touched = target_.take_touched(); !touched.empty(); touched = target_.take_touched())
    for (const ConnectionId id : touched)
      if (Peer* peer = find(id); peer != nullptr && !peer->gone && !peer->lingering) {
        if (target_.disposition(id) != Disposition::close_now) write_to(*peer);
        close_peer(*peer);
      }
  log_notes();
  for (Peer& peer : peers_) {
    if (peer.output_blocked && !peer.gone) close_peer(peer);
    if (peer.gone && !peer.lingering) {
      target_.closed(peer.id, now_);
      do_media();
      log_notes();  // while the peer still has its name
    }
  }
  std::erase_if(peers_, [](const Peer& peer) { return peer.gone; });
}

/// Closes the connection if the target wants it closed and the output is out.
void Server::close_peer(Peer& peer) {
  switch (target_.disposition(peer.id)) {
    case Disposition::open: return;
    case Disposition::close_now: peer.gone = true; return;
    case Disposition::close_when_sent:
      if (!target_.has_output(peer.id)) linger(peer);
  }
}

/// 10.14: FIN goes out after the last response; the socket is kept for a while, because closing it
/// with unread input would make the system reset the connection and lose that response.
void Server::linger(Peer& peer) {
  half_close(peer.socket);
  peer.lingering = true;
  peer.output_blocked = false;
  peer.linger_until = now_ + linger_ms;
  log_notes();
  target_.closed(peer.id, now_);
}

void Server::log_notes() {
  for (const Note& note : target_.take_notes()) {
    const Peer* peer = find(note.connection);
    std::string line = peer == nullptr ? std::string{"?"} : peer->name;
    if (const auto initiator = target_.initiator_of(note.connection); !initiator.empty())
      line.append(" ").append(initiator);
    log_.line(line + ": " + describe(note.violation), now_);
  }
}

Server::Peer* Server::find(ConnectionId id) {
  const auto found = std::ranges::lower_bound(peers_, id, {}, &Peer::id);
  return found == peers_.end() || found->id != id ? nullptr : &*found;
}

bool Server::flush_devices() {
  bool all = true;
  for (BlockDevice* device : devices_)
    all = device->flush(0, 0).kind == scsi::MediumResult::Kind::done && all;
  return all;
}

scsi::UnitConfiguration unit_of(const BlockDevice& device, std::string_view seed,
                                std::uint16_t number) {
  // FNV-1a over the target's name and the unit's number: stable across restarts, and different
  // for each unit of each target.
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325U;
  const auto mix = [&hash](std::uint8_t byte) { hash = (hash ^ byte) * 0x100'0000'01b3U; };
  for (const char character : seed) mix(static_cast<std::uint8_t>(character));
  mix(static_cast<std::uint8_t>(number));
  std::string serial;
  for (int shift = 60; shift >= 0; shift -= 4)
    serial += "0123456789abcdef"[hash >> static_cast<unsigned>(shift) & 0xfU];
  wire::Bytes naa(8);
  // NAA 3h, locally assigned: 60 bits of our own (SPC-4 7.8.6.6.4).
  wire::store<8>(naa, 0, (hash & 0x0fff'ffff'ffff'ffffU) | 0x3000'0000'0000'0000U);
  scsi::UnitConfiguration unit{.serial = serial};
  unit.designators.push_back({.identifier = std::move(naa)});
  unit.block_bytes = device.block_bytes();
  unit.block_count = device.block_count();
  unit.read_only = device.read_only();
  unit.maximum_transfer_blocks =
      static_cast<std::uint32_t>(limits::transfer_bytes / device.block_bytes());
  return unit;
}

}  // namespace iscsi::server
