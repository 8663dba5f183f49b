#pragma once

/// A target whose whole experience can be written down, and had again.
///
/// A target is a value: the same events give the same bytes. A record is a pcapng file with both:
/// the bytes of either side as packets, for Wireshark and `iscsi-trace`, and between them, in
/// blocks for local use, what no packet can tell: the configuration, the random bytes of each
/// connection, what the media answered, and the time of every event. `repeat_record` feeds all of
/// it to a new target and holds the new bytes against the old ones. A record holds the
/// configuration's CHAP secrets.

#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "server/configuration.hpp"
#include "target/target.hpp"
#include "wire/pcapng.hpp"

namespace iscsi::server {

/// Takes the bytes of a record, piece by piece, in order.
using RecordSink = std::function<void(wire::ByteView)>;

/// A file for a record, readable by its owner only. Errors: why it cannot be written.
[[nodiscard]] std::expected<RecordSink, std::string> record_into(const std::string& path);

/// `Target`, with the same functions for everything that happens to it.
class RecordedTarget {
 public:
  explicit RecordedTarget(iscsi::Configuration configuration) : target_{std::move(configuration)} {}

  /// From now on; before the first event. `told`: the configuration that the target was made of,
  /// with the size of each logical unit and the portals' addresses filled in.
  void record(RecordSink sink, const Configuration& told);

  [[nodiscard]] ConnectionId opened(const text::Address& reached_at, const Fresh& fresh,
                                    Moment now);
  void filled(ConnectionId id, std::size_t bytes, Moment now);
  std::size_t receive(ConnectionId id, wire::ByteView bytes, Moment now);
  [[nodiscard]] std::optional<MediumRequest> next_medium_request() {
    return target_.next_medium_request();
  }
  void finished(const MediumRequest& request, const scsi::MediumResult& result, Moment now);
  void sent(ConnectionId id, std::size_t bytes, Moment now);
  [[nodiscard]] wire::Bytes take_output(ConnectionId id, Moment now);
  void closed(ConnectionId id, Moment now);
  void elapsed(Moment now);
  void shut_down(Moment now, std::uint16_t seconds);

  // What changes nothing that its bytes depend on.
  [[nodiscard]] bool accepts_connection() const { return target_.accepts_connection(); }
  [[nodiscard]] bool wants_input(ConnectionId id) const { return target_.wants_input(id); }
  [[nodiscard]] std::array<std::span<std::byte>, 2> space(ConnectionId id) {
    return room_ = target_.space(id);
  }
  [[nodiscard]] std::size_t gather(ConnectionId id, std::span<wire::ByteView> views) const {
    return target_.gather(id, views);
  }
  [[nodiscard]] bool has_output(ConnectionId id) const { return target_.has_output(id); }
  [[nodiscard]] Disposition disposition(ConnectionId id) const { return target_.disposition(id); }
  [[nodiscard]] std::vector<ConnectionId> take_touched() { return target_.take_touched(); }
  [[nodiscard]] std::vector<Note> take_notes() { return target_.take_notes(); }
  [[nodiscard]] std::string_view initiator_of(ConnectionId id) const {
    return target_.initiator_of(id);
  }

 private:
  struct Journal {
    RecordSink sink;
    wire::pcapng::Packets packets;
  };
  void write_event(std::uint8_t kind, Moment now, ConnectionId id, wire::ByteView body);
  void write_data(wire::pcapng::Packets::From from, ConnectionId id, wire::ByteView data,
                  Moment now);

  Target target_;
  std::array<std::span<std::byte>, 2> room_{};  ///< what `space` gave out last
  std::unique_ptr<Journal> journal_;
};

/// What a record proved.
struct Repeated {
  std::size_t events = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent = 0;  ///< each the same as the first time
};

/// Feeds a record to a new target. Errors: what is no record, or the first event after which the
/// new target did not do what the old one did.
[[nodiscard]] std::expected<Repeated, std::string> repeat_record(wire::ByteView record);

/// The same with a file; errors name it.
[[nodiscard]] std::expected<Repeated, std::string> repeat_record_file(const std::string& path);

}  // namespace iscsi::server
