#include "conformance/capture/capture.hpp"

#include <algorithm>
#include <deque>
#include <map>

#include "conformance/capture/segment.hpp"
#include "conformance/capture/sources.hpp"
#include "conformance/model/talk.hpp"
#include "pdu/frame.hpp"

namespace conformance {
namespace {

/// One direction of a TCP connection, put together by its sequence numbers.
class Stream {
 public:
  void add(std::uint32_t sequence, bool syn, iscsi::wire::ByteView data) {
    if (syn || !begun_) {
      next_ = sequence + (syn ? 1 : 0);
      begun_ = true;
    }
    if (!data.empty()) early_[sequence] = {data.begin(), data.end()};
    for (auto at = early_.begin(); at != early_.end();) {
      const std::uint32_t behind = next_ - at->first;
      if (behind >= 0x8000'0000U) {  // not yet
        ++at;
        continue;
      }
      if (behind < at->second.size()) {
        ready.insert(ready.end(), at->second.begin() + behind, at->second.end());
        next_ += static_cast<std::uint32_t>(at->second.size()) - behind;
        early_.erase(at);
        at = early_.begin();
      } else {
        at = early_.erase(at);
      }
    }
  }
  iscsi::wire::Bytes ready;

 private:
  std::map<std::uint32_t, iscsi::wire::Bytes> early_;
  std::uint32_t next_ = 0;
  bool begun_ = false;
};

/// The PDUs of one connection in the order in which their last bytes were seen.
class Connection {
 public:
  explicit Connection(ConnectionNumber number) : number_{number} {}

  void add(bool from_initiator, const Segment& segment, const Record& stamp,
           std::deque<Record>& out) {
    Stream& stream = from_initiator ? sent_ : received_;
    stream.add(segment.sequence, segment.syn, segment.data);
    while (take(from_initiator, stream.ready, stamp, out)) {
    }
    if ((!segment.fin && !segment.reset) || ended_) return;
    ended_ = true;
    Record& end = out.emplace_back(stamp);
    end.connection = number_;
    end.kind = from_initiator ? (segment.reset ? Record::Kind::left_by_reset : Record::Kind::left)
                              : (segment.reset ? Record::Kind::broken : Record::Kind::ended);
  }

 private:
  bool take(bool from_initiator, iscsi::wire::Bytes& bytes, const Record& stamp,
            std::deque<Record>& out) {
    using namespace iscsi::pdu;
    const auto framing =
        next_frame(bytes, {.data = iscsi::limits::data_segment_bytes, .digests = digests_});
    const auto* framed = std::get_if<Framed>(&framing);
    if (framed == nullptr) return false;
    follow_login(framed->frame);
    const auto end = bytes.begin() + static_cast<std::ptrdiff_t>(framed->consumed);
    Record& record = out.emplace_back(stamp);
    record.kind = from_initiator ? Record::Kind::sent : Record::Kind::received;
    record.connection = number_;
    record.bytes = {bytes.begin(), end};
    bytes.erase(bytes.begin(), end);
    return true;
  }
  void follow_login(const iscsi::pdu::Frame& frame) {
    const auto opcode = std::to_integer<unsigned>(frame.header[0]) & 0x3fU;
    const auto flags = std::to_integer<unsigned>(frame.header[1]);
    const bool continued = (flags & 0x40U) != 0;
    if (opcode == 0x03) talk_.request(Stage::operational, continued, frame.data);
    if (opcode != 0x23) return;
    const bool final = (flags & 0x83U) == 0x83;
    talk_.response(Stage::operational, continued, final, frame.data);
    if (!final) return;
    digests_.header = talk_.parameters().header_digest;
    digests_.data = talk_.parameters().data_digest;
  }

  ConnectionNumber number_;
  Stream sent_;
  Stream received_;
  iscsi::pdu::Digests digests_{};
  Talk talk_{Parameters{}};
  bool ended_ = false;
};

class PacketCapture : public RecordSource {
 public:
  explicit PacketCapture(std::unique_ptr<PacketSource> packets) : source_{std::move(packets)} {}

  std::expected<std::optional<Record>, std::string> next() override {
    while (ready_.empty()) {
      auto packet = source_->next();
      if (!packet) return std::unexpected(packet.error());
      if (!*packet) return std::nullopt;
      add(**packet);
    }
    Record record = std::move(ready_.front());
    ready_.pop_front();
    return record;
  }
  Flow flow(ConnectionNumber connection) const override { return flows_.at(connection); }
  std::vector<CaptureNote> take_notes() override { return {}; }
  std::uint64_t packets() const override { return packets_; }
  std::uint64_t began_at_us() const override { return began_at_us_; }

 private:
  using Ends = std::pair<Endpoint, Endpoint>;

  void add(const Packet& packet) {
    if (++packets_ == 1) began_at_us_ = packet.at_us;
    const Unwrapped unwrapped = unwrap(packet);
    if (!unwrapped.segment) return;
    const Segment& segment = *unwrapped.segment;
    Record stamp;
    stamp.at_us = packet.at_us - std::min(packet.at_us, began_at_us_);
    stamp.packet = packet.number;
    const Ends forward{segment.source, segment.destination};
    const Ends backward{segment.destination, segment.source};
    const bool known = connections_.contains(forward) || connections_.contains(backward);
    const bool logs_in = !known && segment.data.size() >= iscsi::pdu::bhs_bytes &&
                         (std::to_integer<unsigned>(segment.data[0]) & 0xbfU) == 0x03;
    if ((segment.syn && !segment.has_ack) || logs_in) {
      stamp.connection = static_cast<ConnectionNumber>(flows_.size());
      stamp.kind = Record::Kind::opened;
      connections_.insert_or_assign(forward, Connection{stamp.connection});
      flows_.push_back({.initiator = segment.source, .target = segment.destination});
      ready_.push_back(stamp);
    }
    const bool from_initiator = connections_.contains(forward);
    const auto found = connections_.find(from_initiator ? forward : backward);
    if (found == connections_.end()) return;
    found->second.add(from_initiator, segment, stamp, ready_);
  }

  std::unique_ptr<PacketSource> source_;
  std::deque<Record> ready_;
  std::map<Ends, Connection> connections_;
  std::vector<Flow> flows_;
  std::uint64_t packets_ = 0;
  std::uint64_t began_at_us_ = 0;
};

}  // namespace

std::expected<Capture, std::string> Capture::open(const std::filesystem::path& file) {
  auto packets = open_pcap(file);
  if (!packets) return std::unexpected(file.string() + ": " + packets.error());
  return Capture{std::make_unique<PacketCapture>(*std::move(packets))};
}

std::expected<Transcript, std::string> read_all(const std::filesystem::path& file) {
  auto capture = Capture::open(file);
  if (!capture) return std::unexpected(capture.error());
  Transcript transcript;
  while (true) {
    auto record = capture->next();
    if (!record) return std::unexpected(file.string() + ": " + record.error());
    if (!*record) return transcript;
    transcript.push_back(**std::move(record));
  }
}

}  // namespace conformance
