// Holds: any file is read, or refused in words; what is read of packets are records in the order of
// each connection, PDUs whole in length, holes inside of them and never in their headers; what is
// read of a recording has its holes inside of its bytes; reading it again gives the same. Whatever
// data is written as packets, is read again, by the writer's own reader and by the one of captures.

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "conformance/capture/capture.hpp"
#include "conformance/report/print.hpp"
#include "conformance/report/tasks.hpp"
#include "limits.hpp"
#include "support/entry.hpp"
#include "support/require.hpp"
#include "support/settings.hpp"
#include "wire/pcapng.hpp"

namespace iscsi::fuzz {
namespace {

using conformance::Record;

void check_pdu(const Record& record) {
  require(record.bytes.size() >= limits::basic_header_bytes, "a PDU has a header");
  const std::size_t length = limits::basic_header_bytes + wire::load<1>(record.bytes, 4) * 4 +
                             wire::load<3>(record.bytes, 5);
  require(record.bytes.size() >= length && record.bytes.size() <= length + 12,
          "a PDU is as long as its header says");
  std::uint64_t end = limits::basic_header_bytes;
  for (const conformance::Hole& hole : record.holes) {
    require(hole.length > 0 && hole.offset >= end, "holes are behind the header, in order");
    end = std::uint64_t{hole.offset} + hole.length;
  }
  require(record.bytes.size() >= end, "holes are inside of the PDU");
}

/// The connections that were opened, with their last packets.
using Connections = std::map<conformance::ConnectionNumber, std::uint64_t>;

void check(const Record& one, Connections& connections) {
  const bool is_opened = one.kind == Record::Kind::opened;
  require(connections.contains(one.connection) != is_opened,
          "a connection is opened once, and first");
  require(one.packet >= connections[one.connection], "records of a connection are in order");
  require(one.packet > 0, "a record has its packet");
  connections[one.connection] = one.packet;
  if (one.kind == Record::Kind::sent || one.kind == Record::Kind::received) check_pdu(one);
}

/// A number that stands for all that was read.
std::uint64_t read(wire::ByteView file) {
  auto capture = conformance::Capture::open(file);
  if (!capture) {
    require(!capture.error().empty(), "a refusal says why");
    return 0;
  }
  Connections connections;
  conformance::TaskNames tasks;
  std::uint64_t sum = 0;
  while (true) {
    auto record = capture->next();
    for (const auto& note : capture->take_notes()) require(!note.text.empty(), "a note says what");
    if (!record) {
      require(record.error().starts_with("packet "), "an error says in which packet");
      return sum;
    }
    if (!*record) return sum;
    const Record& one = **record;
    if (capture->origin() == conformance::Capture::Origin::packets)
      check(one, connections);
    else
      for (const conformance::Hole& hole : one.holes)
        require(std::uint64_t{hole.offset} + hole.length <= one.bytes.size(),
                "holes are inside of the record");
    std::string text;
    conformance::append_packet_line(text, one, tasks.about(one));
    if (one.bytes.size() < 65536) conformance::append_details(text, one);
    sum = sum * 31 + text.size() + one.bytes.size();
  }
}

namespace pcapng = wire::pcapng;

/// Every block of the file that is one of ours; each takes the file further.
void take_blocks(wire::ByteView file) {
  while (true) {
    const std::size_t before = file.size();
    const auto block = pcapng::take_block(file);
    require(block.has_value() == (file.size() < before), "a block takes the file further");
    if (!block) return;
    require(block->payload.size() <= before, "its payload is inside of it");
  }
}

/// Writes the data as a connection that either side sends a part of, and reads it again.
void write(wire::ByteView data, Settings& settings) {
  using enum pcapng::Packets::From;
  const std::vector<std::string> comments(settings.below(3), "a remark");
  const wire::ByteView first = data.first(settings.below(data.size() + 1));
  const auto missing = settings.one_of<std::size_t>({0, 0, 100, 70000});
  wire::Bytes file;
  pcapng::Packets packets;
  pcapng::begin(file, settings.flag() ? "a file" : "", "fuzz");
  pcapng::put_block(file, 0x8000'0001, first.first(std::min<std::size_t>(first.size(), 9)));
  packets.open(file, 7, 1, comments);
  packets.data(file, 7, 2, initiator, first, comments);
  packets.data(file, 7, 3, target, data.subspan(first.size()), comments, missing);
  packets.close(file, 7, 4, initiator, settings.flag(), comments);

  wire::Bytes sent, received;
  wire::ByteView rest = file;
  while (const auto block = pcapng::take_block(rest)) {
    wire::Bytes& side = block->from_target ? received : sent;
    side.insert(side.end(), block->payload.begin(), block->payload.end());
  }
  require(rest.empty(), "a file that was written is read to its end");
  require(
      std::ranges::equal(sent, first) && std::ranges::equal(received, data.subspan(first.size())),
      "data is read as it was written");
  require(conformance::Capture::open(file).has_value(), "what was written is a capture");
  // A word of it wrong, of which the first byte is the lowest: a block's type, one of its lengths,
  // or something else.
  const std::size_t word = 4 * settings.below(file.size() / 4);
  wire::store<4>(file, word,
                 settings.one_of<std::uint32_t>({0x0600'0000, 0x0800'0000, 0x00ff'ff00}));
  take_blocks(file);
}

}  // namespace
}  // namespace iscsi::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace iscsi::fuzz;
  const auto file = bytes_of(data, size);
  require(read(file) == read(file), "the same file is read the same way");
  Settings settings{file};
  take_blocks(file);
  write(file, settings);
  return 0;
}
