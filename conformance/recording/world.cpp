#include "conformance/recording/world.hpp"

#include <algorithm>

#include "conformance/model/talk.hpp"

namespace conformance {

using iscsi::pdu::Opcode;
using iscsi::wire::Bytes;
using iscsi::wire::ByteView;
using iscsi::wire::load;

namespace {

constexpr std::uint32_t usual_block_bytes = 512;
constexpr std::uint32_t largest_block_bytes = 65536;
constexpr std::size_t longest_serial = 64;
constexpr std::uint64_t largest_medium = std::uint64_t{1} << 62U;  ///< bytes
constexpr std::uint64_t room_behind = 2048;  ///< blocks behind the last one that was seen

/// Text of that many bytes at `at`, without the blanks behind it; what cannot be printed ends it.
std::string text_at(ByteView data, std::size_t at, std::size_t length) {
  std::string text;
  for (std::size_t i = at; i < std::min(at + length, data.size()); ++i) {
    const auto c = std::to_integer<unsigned char>(data[i]);
    if (c < 0x20 || c > 0x7e) break;
    text.push_back(static_cast<char>(c));
  }
  while (text.ends_with(' ')) text.pop_back();
  while (text.starts_with(' ')) text.erase(text.begin());
  return text;
}

void read_designators(WorldUnit& unit, ByteView page) {
  unit.designators.clear();
  for (std::size_t at = 4; at + 4 <= page.size();) {
    const std::size_t length = load<1>(page, at + 3);
    if (at + 4 + length > page.size()) return;
    const auto first = std::to_integer<unsigned>(page[at]);
    const auto second = std::to_integer<unsigned>(page[at + 1]);
    const ByteView identifier = page.subspan(at + 4, length);
    unit.designators.push_back({.code_set = static_cast<std::uint8_t>(first & 15U),
                                .association = static_cast<std::uint8_t>(second >> 4U & 3U),
                                .type = static_cast<std::uint8_t>(second & 15U),
                                .identifier = {identifier.begin(), identifier.end()}});
    at += 4 + length;
  }
}

void read_inquiry(WorldUnit& unit, const Exchange& exchange, ByteView data) {
  const bool vital = (std::to_integer<unsigned>(exchange.cdb[1]) & 1U) != 0;
  const auto page = std::to_integer<unsigned>(exchange.cdb[2]);
  if (vital && page == 0x83) read_designators(unit, data);
  if (vital && page == 0x80 && data.size() > 4)
    unit.serial = text_at(data, 4, std::min<std::size_t>(load<1>(data, 3), longest_serial));
  if (vital || data.size() < 36) return;
  unit.vendor = text_at(data, 8, 8);
  unit.product = text_at(data, 16, 16);
  unit.revision = text_at(data, 32, 4);
}

bool is_block_size(std::uint64_t bytes) {
  return bytes >= usual_block_bytes && bytes <= largest_block_bytes && (bytes & (bytes - 1)) == 0;
}

void take_geometry(WorldUnit& unit, std::uint64_t last, std::uint64_t block_bytes) {
  if (!is_block_size(block_bytes)) return;
  unit.block_bytes = static_cast<std::uint32_t>(block_bytes);
  unit.block_count = last + 1;
  unit.geometry_is_told = true;
}

/// Builds the world up, exchange by exchange.
class Builder {
 public:
  explicit Builder(World& world) : world_{world} {}

  /// A command goes out: what it overwrites is not what stood there before.
  void begin(const Exchange& exchange) {
    if (exchange.opcode != Opcode::scsi_command) return;
    const auto number = unit_number(exchange.lun);
    if (!number) return;
    for (const BlockRange& range : blocks_of(exchange.cdb, exchange.output.beginning())) {
      reached_[*number] = std::max(reached_[*number], std::min(range.first, largest_medium) +
                                                          std::min(range.count, longest));
      if (range.use != BlockRange::Use::read)
        written_[*number].add(range.first, range.first + range.count);
    }
  }

  void end(const Exchange& exchange) {
    const auto number = unit_number(exchange.lun);
    if (exchange.opcode != Opcode::scsi_command || !number || !exchange.answer->is_good()) return;
    const ByteView data = exchange.input.beginning();
    const auto code = std::to_integer<unsigned>(exchange.cdb[0]);
    if (code == 0x12 && !data.empty()) {
      const auto first = std::to_integer<unsigned>(data[0]);
      if (first >> 5U != 0) return;  // PERIPHERAL QUALIFIER: no unit there
      unit(*number).device_type = static_cast<std::uint8_t>(first & 0x1fU);
      read_inquiry(unit(*number), exchange, data);
    }
    if (code == 0x25 && data.size() >= 8 && load<4>(data, 0) != 0xffff'ffff)
      take_geometry(unit(*number), load<4>(data, 0), load<4>(data, 4));
    if (code == 0x9e && (std::to_integer<unsigned>(exchange.cdb[1]) & 0x1fU) == 0x10 &&
        data.size() >= 12 && load<8>(data, 0) < (std::uint64_t{1} << 62U))
      take_geometry(unit(*number), load<8>(data, 0), load<4>(data, 8));
    read_blocks(*number, exchange);
  }

  void complete() {
    for (auto& [number, unit] : world_.units) {
      if (unit.block_bytes == 0) unit.block_bytes = usual_block_bytes;
      unit.block_count = std::max<std::uint64_t>(
          unit.block_count, unit.geometry_is_told ? 1 : reached_[number] + room_behind);
      unit.block_count = std::min(unit.block_count, largest_medium / unit.block_bytes);
    }
  }

 private:
  static constexpr std::uint64_t longest = 1U << 20U;  ///< of one command, in blocks

  WorldUnit& unit(std::uint16_t number) {
    WorldUnit& unit = world_.units[number];
    unit.number = number;
    return unit;
  }

  void read_blocks(std::uint16_t number, const Exchange& exchange) {
    for (const BlockRange& range : blocks_of(exchange.cdb, {})) {
      if (range.use != BlockRange::Use::read || range.count == 0) continue;
      WorldUnit& unit = this->unit(number);
      const std::uint64_t block_bytes = exchange.expected_length / range.count;
      if (unit.block_bytes == 0 && is_block_size(block_bytes))
        unit.block_bytes = static_cast<std::uint32_t>(block_bytes);
      if (unit.block_bytes == 0) return;
      for (std::uint64_t i = 0; i < std::min(range.count, longest); ++i) {
        const std::uint64_t at = i * unit.block_bytes;
        const std::uint64_t lba = range.first + i;
        if (!exchange.input.knows(at, unit.block_bytes) || written_[number].contains(lba)) continue;
        const ByteView block = exchange.input.at(at, unit.block_bytes);
        unit.blocks.try_emplace(lba, block.begin(), block.end());
      }
    }
  }

  World& world_;
  std::map<std::uint16_t, Extents> written_;
  std::map<std::uint16_t, std::uint64_t> reached_;
};

/// What the logins and the discovery of a recording say.
class Listener {
 public:
  explicit Listener(World& world) : world_{world} {}

  void hear(const Record& record, const Anatomy& parts) {
    const auto opcode = static_cast<Opcode>(parts.opcode());
    Talk& talk = talks_.try_emplace(record.connection, Parameters{}).first->second;
    const bool goes_on = parts.field("C") != 0;
    const Stage stage = parts.field("CSG") == 0 ? Stage::security : Stage::operational;
    if (opcode == Opcode::login_request) {
      talk.request(stage, goes_on, parts.data);
      if (const std::string* name = value_of(talk.asked(), "TargetName"))
        asked_[record.connection] = *name;
    }
    if (opcode == Opcode::text_request) talk.request(Stage::full_feature, goes_on, parts.data);
    if (opcode == Opcode::text_response) {
      talk.response(Stage::full_feature, goes_on, parts.field("F") != 0, parts.data);
      take_name(talk.answered());
    }
    if (opcode != Opcode::login_response) return;
    const bool ends = parts.field("T") != 0;
    talk.response(stage, goes_on, ends, parts.data);
    if (value_of(talk.answered(), "CHAP_C") != nullptr) world_.wants_chap = true;
    if (ends && parts.field("NSG") == 3 && parts.field("Status") == 0 &&
        !talk.parameters().discovery && !heard_) {
      heard_ = true;
      world_.agreed = talk.parameters();
      world_.target_name = asked_[record.connection];
    }
  }

  /// A target that let nobody in has the name that was asked for first.
  void end() {
    if (world_.target_name.empty() && !asked_.empty()) world_.target_name = asked_.begin()->second;
  }

 private:
  void take_name(const std::vector<HeardPair>& pairs) {
    const std::string* name = value_of(pairs, "TargetName");
    if (name != nullptr && world_.target_name.empty()) world_.target_name = *name;
  }

  World& world_;
  std::map<ConnectionNumber, Talk> talks_;
  std::map<ConnectionNumber, std::string> asked_;  // TargetName
  bool heard_ = false;
};

}  // namespace

const WorldUnit* World::find(std::uint64_t lun) const {
  const auto number = unit_number(lun);
  const auto found = number ? units.find(*number) : units.end();
  return found == units.end() ? nullptr : &found->second;
}

std::optional<std::uint16_t> unit_number(std::uint64_t lun) {
  const auto first = static_cast<std::uint16_t>(lun >> 48U);
  if ((lun & 0xffff'ffff'ffffU) != 0) return std::nullopt;
  if (first < 0x0100) return first;
  if (first >> 14U == 1) return static_cast<std::uint16_t>(first & 0x3fffU);
  return std::nullopt;
}

World rebuild_world(const Transcript& transcript) {
  World world;
  Exchanges exchanges = Exchanges::of(transcript);
  Builder builder{world};
  Listener listener{world};
  for (std::size_t i = 0; i < transcript.size(); ++i) {
    const Record& record = transcript[i];
    if (record.kind != Record::Kind::sent && record.kind != Record::Kind::received) continue;
    const auto parts = dissect(record.bytes);
    if (!parts) continue;
    listener.hear(record, *parts);
    if (const Exchange* exchange = exchanges.of_request(i)) builder.begin(*exchange);
    if (const Exchange* exchange = exchanges.of_answer(i)) builder.end(*exchange);
  }
  builder.complete();
  listener.end();
  return world;
}

}  // namespace conformance
