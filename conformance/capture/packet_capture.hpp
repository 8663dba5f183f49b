#pragma once

/// From packets to the records of all connections, in order.

#include <deque>
#include <list>
#include <map>
#include <set>
#include <unordered_map>
#include <vector>

#include "conformance/capture/connection.hpp"
#include "conformance/capture/packet.hpp"

namespace conformance {

/// Records that wait for their turn, which is their order. Most are added in it. One whose turn is
/// over has the place of the last that was taken: that bytes are missing is noticed late.
class RecordQueue {
 public:
  void add(std::uint64_t order, Record&& record);
  [[nodiscard]] bool empty() const { return in_order_.empty() && late_.empty(); }
  /// Of the one that comes first; there is one.
  [[nodiscard]] std::uint64_t first_order() const;
  [[nodiscard]] Record take_first();
  /// Bytes of memory.
  [[nodiscard]] std::size_t held() const { return held_; }

 private:
  struct Waiting {
    std::uint64_t order = 0;
    Record record;
  };
  [[nodiscard]] bool first_is_late() const;

  std::deque<Waiting> in_order_;
  std::multimap<std::uint64_t, Record> late_;  // behind what was added in order
  std::size_t held_ = 0;
  // Of the record that was taken last.
  std::uint64_t taken_order_ = 0;
  std::uint64_t taken_packet_ = 0;
  std::uint64_t taken_at_us_ = 0;
};

class PacketCapture : public RecordSource, private RecordSink {
 public:
  explicit PacketCapture(std::unique_ptr<PacketSource> packets) : source_{std::move(packets)} {}

  [[nodiscard]] std::expected<std::optional<Record>, std::string> next() override;
  void reuse(iscsi::wire::Bytes bytes) override;
  [[nodiscard]] Endpoints endpoints(ConnectionNumber connection) const override;
  [[nodiscard]] std::vector<CaptureNote> take_notes() override;

 private:
  struct Entry {
    Ends ends;
    CapturedConnection connection;
    std::uint64_t holds_from = 0;
    std::size_t held = 0;
  };
  using Entries = std::list<Entry>;  // the one heard last comes first
  struct HashOfEnds {
    std::size_t operator()(const Ends& ends) const;
  };

  [[nodiscard]] ConnectionNumber open(const Endpoints& ends) override;
  void add(Record&& record, Stamp stamp) override;
  [[nodiscard]] iscsi::wire::Bytes buffer(std::size_t bytes) override;
  void note(CaptureNote note) override;

  void read(const Packet& packet);
  void take(const Segment& segment, Stamp stamp);
  [[nodiscard]] Entries::iterator entry_of(const Ends& ends);
  Entries::iterator enter(const Ends& ends, Stamp stamp);
  void remove(Entries::iterator entry);
  void account(Entries::iterator entry);
  void press(std::uint64_t now);
  void finish();

  std::unique_ptr<PacketSource> source_;
  Entries entries_;
  std::unordered_map<Ends, Entries::iterator, HashOfEnds> index_;
  std::map<std::pair<std::uint64_t, Entry*>, Entries::iterator> holding_;  // by order
  RecordQueue queue_;
  std::vector<iscsi::wire::Bytes> spare_;
  std::size_t held_ = 0;  // bytes of all connections
  std::map<ConnectionNumber, Endpoints> endpoints_;
  ConnectionNumber opened_ = 0;
  std::vector<CaptureNote> notes_;
  std::optional<std::uint64_t> began_at_us_;  // the time of the first packet
  std::uint64_t fragments_ = 0;
  bool finished_ = false;
  std::optional<std::string> error_;
};

}  // namespace conformance
