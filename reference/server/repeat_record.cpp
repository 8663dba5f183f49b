#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "server/assemble.hpp"
#include "server/descriptor.hpp"
#include "server/memory_device.hpp"
#include "server/record_events.hpp"
#include "server/recorded_target.hpp"
#include "server/server.hpp"

namespace iscsi::server {

using events::Event;
using wire::Bytes;
using wire::ByteView;

namespace {

using Problem = std::unexpected<std::string>;
using Done = std::expected<void, std::string>;

/// The target that a configuration of a record describes.
std::expected<iscsi::Configuration, std::string> target_of(ByteView told) {
  auto configuration = configuration_from_json(wire::as_text(told), "the record's configuration");
  if (!configuration) return Problem(configuration.error());
  auto target = target_configuration(*configuration);
  if (!target) return Problem(target.error());
  for (const LogicalUnit& unit : configuration->logical_units) {
    const std::uint64_t size = unit.size_bytes.value_or(0);
    if (size == 0 || size % unit.block_bytes != 0)
      return Problem("the record's configuration: a logical unit without a size");
    const MemoryDevice device{size, {.block_bytes = unit.block_bytes, .read_only = unit.read_only}};
    target->units.push_back(unit_of(device, configuration->target_name,
                                    static_cast<std::uint16_t>(target->units.size())));
  }
  for (const Portal& portal : configuration->listen) target->portals.push_back(address_of(portal));
  return target;
}

/// A target under repetition.
class Repeater {
 public:
  explicit Repeater(iscsi::Configuration configuration) : target_{std::move(configuration)} {}

  Done happen(const Event& event, ByteView data) {
    const ConnectionId id{event.connection};
    switch (event.kind) {
      case events::opened: return open(event);
      case events::received: return receive(event, id, data);
      case events::sent: return send(event, id, data);
      case events::finished: return finish(event);
      case events::closed: target_.closed(id, event.at); return {};
      case events::elapsed: target_.elapsed(event.at); return {};
      case events::shut_down:
        if (event.body.size() < 8) return Problem("an event without its body");
        target_.shut_down(event.at, static_cast<std::uint16_t>(wire::load<8>(event.body, 0)));
        return {};
      default: return Problem("an event of an unknown kind");
    }
  }

 private:
  Done open(const Event& event) {
    Fresh fresh{};
    if (event.body.size() < fresh.size() + 2) return Problem("a connection without its bytes");
    if (!target_.accepts_connection()) return Problem("a connection too many");
    std::ranges::copy(event.body.first(fresh.size()), fresh.begin());
    const auto port = static_cast<std::uint16_t>(wire::load<2>(event.body, fresh.size()));
    const ByteView host = event.body.subspan(fresh.size() + 2);
    text::Address reached_at{.host = std::string{wire::as_text(host)}};
    if (port != 0) reached_at.port = port;
    const ConnectionId id = target_.opened(reached_at, fresh, event.at);
    if (static_cast<std::uint32_t>(id) != event.connection)
      return Problem("a connection with another number");
    return {};
  }

  Done receive(const Event& event, ConnectionId id, ByteView data) {
    if (target_.disposition(id) != Disposition::open)
      return data.empty() ? Done{} : Problem("bytes for a connection that is closed");
    std::size_t moved = 0;
    for (const std::span<std::byte> room : target_.space(id)) {
      const std::size_t length = std::min(room.size(), data.size() - moved);
      std::ranges::copy(data.subspan(moved, length), room.begin());
      moved += length;
    }
    if (moved != data.size()) return Problem("more bytes than the target has room for");
    target_.filled(id, moved, event.at);
    return {};
  }

  Done send(const Event& event, ConnectionId id, ByteView data) {
    constexpr std::size_t views_at_once = 64;
    std::array<ByteView, views_at_once> views{};
    ByteView left = data;
    const std::size_t used = target_.gather(id, views);
    for (const ByteView view : std::span{views}.first(used)) {
      const std::size_t length = std::min(view.size(), left.size());
      if (!std::ranges::equal(view.first(length), left.first(length)))
        return Problem("other bytes were sent");
      left = left.subspan(length);
    }
    if (!left.empty()) return Problem("fewer bytes were sent");
    target_.sent(id, data.size(), event.at);
    return {};
  }

  Done finish(const Event& event) {
    const auto request = target_.next_medium_request();
    if (!request) return Problem("the target asked nothing of its media");
    if (event.body.size() != events::result_bytes + request->data_in.size())
      return Problem("the target asked something else of its media");
    std::ranges::copy(event.body.subspan(events::result_bytes), request->data_in.begin());
    target_.finished(*request,
                     {.kind = static_cast<scsi::MediumResult::Kind>(wire::load<1>(event.body, 0)),
                      .offset = wire::load<8>(event.body, 1)},
                     event.at);
    return {};
  }

  Target target_;
};

/// The payload of the packets behind an event, as much as it says.
std::optional<Bytes> take_data(ByteView& record, const Event& event) {
  if (event.body.size() < 8) return std::nullopt;
  const std::uint64_t length = wire::load<8>(event.body, 0);
  Bytes data;
  while (data.size() < length) {
    const auto block = wire::pcapng::take_block(record);
    if (!block || block->payload.empty() || block->payload.size() > length - data.size())
      return std::nullopt;
    data.insert(data.end(), block->payload.begin(), block->payload.end());
  }
  return data;
}

}  // namespace

std::expected<Repeated, std::string> repeat_record(ByteView record) {
  Repeated repeated;
  std::optional<Repeater> repeater;
  while (const auto block = wire::pcapng::take_block(record)) {
    if (block->type != events::block_type) continue;
    const auto event = events::decode(block->body);
    const auto fail = [&](const std::string& why) {
      return Problem("event " + std::to_string(repeated.events) + ": " + why);
    };
    if (!event) return fail("a block that is too short");
    if (event->kind == events::configured) {
      auto target = target_of(event->body);
      if (!target) return fail(target.error());
      repeater.emplace(*std::move(target));
      continue;
    }
    if (!repeater) return fail("no configuration stands in front of it");
    Bytes data;
    if (event->kind == events::received || event->kind == events::sent) {
      auto taken = take_data(record, *event);
      if (!taken) return fail("its packets are missing");
      data = *std::move(taken);
      (event->kind == events::sent ? repeated.bytes_sent : repeated.bytes_received) += data.size();
    }
    if (const auto done = repeater->happen(*event, data); !done) return fail(done.error());
    ++repeated.events;
  }
  if (!repeater) return Problem("no record of a target");
  if (!record.empty())
    return Problem("the record is cut off or damaged behind event " +
                   std::to_string(repeated.events));
  return repeated;
}

std::expected<Repeated, std::string> repeat_record_file(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat about{};
  if (!file || ::fstat(file.number(), &about) != 0)
    return Problem(path + ": " + std::strerror(errno));
  const auto size = static_cast<std::size_t>(about.st_size);
  if (!S_ISREG(about.st_mode) || size == 0) return Problem(path + ": no record of a target");
  void* const mapped = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.number(), 0);
  if (mapped == MAP_FAILED) return Problem(path + ": " + std::strerror(errno));
  auto repeated = repeat_record({static_cast<const std::byte*>(mapped), size});
  ::munmap(mapped, size);
  if (!repeated) return Problem(path + ": " + repeated.error());
  return repeated;
}

}  // namespace iscsi::server
