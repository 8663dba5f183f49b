#pragma once

/// From packets to the records of all connections, in order.

#include <list>
#include <map>
#include <set>
#include <unordered_map>

#include "conformance/capture/connection.hpp"
#include "conformance/capture/packet.hpp"

namespace conformance {

class PacketCapture : public RecordSource, private RecordSink {
 public:
  explicit PacketCapture(std::unique_ptr<PacketSource> packets) : source_{std::move(packets)} {}

  [[nodiscard]] std::expected<std::optional<Record>, std::string> next() override;
  [[nodiscard]] Flow flow(ConnectionNumber connection) const override;
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

  [[nodiscard]] ConnectionNumber open(const Flow& flow) override;
  void add(Record record, Stamp stamp) override;
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
  std::multimap<std::uint64_t, Record> queue_;                             // by order
  std::size_t queued_ = 0;                                                 // bytes of it
  std::size_t held_ = 0;  // bytes of all connections
  std::map<ConnectionNumber, Flow> flows_;
  ConnectionNumber opened_ = 0;
  std::vector<CaptureNote> notes_;
  std::optional<std::uint64_t> began_at_us_;  // the time of the first packet
  std::uint64_t fragments_ = 0;
  bool finished_ = false;
  std::optional<std::string> error_;
};

}  // namespace conformance
