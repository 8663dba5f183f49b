#include "conformance/recording/convert.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "conformance/recording/world.hpp"
#include "conformance/story/data.hpp"
#include "pdu/frame.hpp"
#include "wire/crc32c.hpp"

namespace conformance {

using iscsi::pdu::Opcode;
using iscsi::wire::Bytes;
using iscsi::wire::ByteView;

namespace {

void append_digest(Bytes& whole, ByteView given, ByteView covered_before, std::size_t from) {
  if (given.empty()) return;
  const bool was_right = iscsi::wire::crc32c(covered_before) == iscsi::wire::load_digest(given);
  std::array<std::byte, iscsi::limits::digest_bytes> digest{};
  std::ranges::copy(given, digest.begin());
  if (was_right)
    iscsi::wire::store_digest(digest, iscsi::wire::crc32c(ByteView{whole}.subspan(from)));
  whole.insert(whole.end(), digest.begin(), digest.end());
}

/// The PDU with other data; digests that were right are right again.
Bytes with_data(ByteView before, const Anatomy& parts, ByteView data) {
  Bytes whole{parts.header.begin(), parts.header.end()};
  iscsi::wire::store<3>(whole, 5, data.size());
  whole.insert(whole.end(), parts.additional_headers.begin(), parts.additional_headers.end());
  const std::size_t headers = whole.size();
  append_digest(whole, parts.header_digest, before.first(headers), 0);
  const std::size_t from = whole.size();
  whole.insert(whole.end(), data.begin(), data.end());
  whole.resize(whole.size() + iscsi::wire::padding(data.size()));
  if (!data.empty())
    append_digest(whole, parts.data_digest,
                  before.subspan(headers + parts.header_digest.size(),
                                 parts.data.size() + parts.padding.size()),
                  from);
  return whole;
}

Bytes pattern(std::uint64_t seed, std::uint64_t from, std::size_t length) {
  Bytes bytes(length);
  for (std::size_t i = 0; i < length; ++i) bytes[i] = pattern_byte(seed, from + i);
  return bytes;
}

/// How many bytes of a command's parameter data say what the protocol needs, and nothing else.
std::size_t told_bytes(const Exchange& exchange) {
  constexpr std::size_t all = 1U << 20U;
  const auto code = std::to_integer<unsigned>(exchange.cdb[0]);
  const auto action = std::to_integer<unsigned>(exchange.cdb[1]) & 0x1fU;
  switch (code) {
    case 0x12:  // INQUIRY
      if ((action & 1U) == 0) return 36;
      return exchange.cdb[2] == std::byte{0} ? all : 4;
    case 0x1a: return 4;  // MODE SENSE(6)
    case 0x5a: return 8;  // MODE SENSE(10)
    case 0x9e: return action == 0x10 ? all : 0;
    case 0x03:
    case 0x25:
    case 0x42:  // UNMAP's list of ranges
    case 0xa0: return all;
    default: return 0;
  }
}

/// Makes the data of one recording's PDUs anew.
class Redactor {
 public:
  explicit Redactor(const Recording& recording)
      : world_{rebuild_world(recording.transcript)},
        exchanges_{Exchanges::of(recording.transcript)} {}

  void redact(Record& record, std::size_t index) {
    const auto parts = dissect(record.bytes);
    if (!parts || parts->pdu() == nullptr || is_unreadable(record)) return blank(record);
    if (parts->data.empty()) return;
    const auto opcode = static_cast<Opcode>(parts->opcode());
    if (opcode == Opcode::nop_out || opcode == Opcode::nop_in) {
      record.bytes = with_data(record.bytes, *parts, pattern(0, 0, parts->data.size()));
      return;
    }
    const bool moves_data = opcode == Opcode::data_out || opcode == Opcode::data_in;
    if (!moves_data && opcode != Opcode::scsi_command) return;
    const Exchange* exchange =
        moves_data ? exchanges_.of_data(index) : exchanges_.of_request(index);
    record.bytes = with_data(record.bytes, *parts, made(exchange, *parts));
    record.holes.clear();
  }

 private:
  /// Nobody knows what stands in a PDU that cannot be taken apart: its header stays, if it has one.
  static void blank(Record& record) {
    const std::size_t header = std::min(record.bytes.size(), iscsi::pdu::bhs_bytes);
    std::ranges::fill(std::span{record.bytes}.subspan(header), std::byte{0});
  }

  Bytes made(const Exchange* exchange, const Anatomy& parts) const {
    const std::uint64_t offset = parts.field("BufferOffset");
    if (exchange == nullptr) return pattern(0, 0, parts.data.size());
    const auto ranges = blocks_of(exchange->cdb, {});
    const WorldUnit* unit = world_.find(exchange->lun);
    const bool is_medium = !ranges.empty() && unit != nullptr && unit->block_bytes != 0;
    if (is_medium)
      return pattern(unit->number, ranges.front().first * unit->block_bytes + offset,
                     parts.data.size());
    Bytes data = pattern(0, offset, parts.data.size());
    const std::size_t told = told_bytes(*exchange);
    if (offset < told)
      std::ranges::copy(parts.data.first(std::min<std::size_t>(parts.data.size(), told - offset)),
                        data.begin());
    return data;
  }

  World world_;
  Exchanges exchanges_;
};

/// Every `key=value` of a text, through `change`. A key that goes on in the next PDU (5.2: the C
/// bit) cannot be changed in pieces: the whole of such a text becomes as many `x`.
template <class Change>
void change_text(Recording& recording, Change change) {
  std::set<std::pair<ConnectionNumber, Record::Kind>> going_on;
  for (Record& record : recording.transcript) {
    const auto parts = dissect(record.bytes);
    if (!parts || parts->pdu() == nullptr ||
        !iscsi::pdu::carries_text(iscsi::pdu::opcode_of(parts->header)))
      continue;
    const std::pair speaker{record.connection, record.kind};
    const bool was_going_on = going_on.erase(speaker) > 0;
    if (parts->field("C") != 0) going_on.insert(speaker);
    if (parts->data.empty()) continue;
    if (was_going_on || parts->field("C") != 0) {
      record.bytes = with_data(record.bytes, *parts, Bytes(parts->data.size(), std::byte{'x'}));
      continue;
    }
    std::string out;
    std::string_view left = iscsi::wire::as_text(parts->data);
    while (!left.empty()) {
      const std::size_t end = left.find('\0');
      const std::string_view line = left.substr(0, end);
      const std::size_t equals = line.find('=');
      if (equals == line.npos)
        out += line;
      else
        out += std::string{line.substr(0, equals + 1)} +
               change(line.substr(0, equals), std::string{line.substr(equals + 1)});
      if (end != left.npos) out.push_back('\0');
      left.remove_prefix(end == left.npos ? left.size() : end + 1);
    }
    record.bytes = with_data(record.bytes, *parts, iscsi::wire::as_bytes(out));
  }
}

std::string example_address(const std::string& address) {
  const std::size_t comma = address.find(',');
  return "192.0.2.2:3260" + (comma == address.npos ? "" : address.substr(comma));
}

std::string without_host(std::string_view key, std::string value) {
  if (key == "TargetAddress") return example_address(value);
  const std::size_t colon = value.find(':');
  if ((key != "InitiatorName" && key != "InitiatorAlias") || value == "(none)") return value;
  const std::size_t from = key == "InitiatorName" ? colon : 0;
  if (from == value.npos) return value;
  for (std::size_t i = from; i < value.size(); ++i)
    if (value[i] != ':' && value[i] != '.' && value[i] != '-') value[i] = 'x';
  return value;
}

/// Names that are the same stay the same.
class Namer {
 public:
  std::string operator()(std::string_view key, std::string value) {
    if (key == "InitiatorName") return named(value, "iqn.2001-04.com.example:initiator-");
    if (key == "TargetName" || (key == "SendTargets" && value.find(':') != value.npos))
      return named(value, "iqn.2001-04.com.example:target-");
    if (key == "InitiatorAlias" || key == "TargetAlias") return "alias";
    if (key == "CHAP_N") return named(value, "user-");
    if (key == "CHAP_R" || key == "CHAP_C") {
      for (std::size_t i = 2; i < value.size(); ++i) value[i] = '5';
      return value;
    }
    return value;  // TargetAddress is an example already
  }

 private:
  std::string named(const std::string& value, const std::string& form) {
    std::string& name = names_[{form, value}];
    if (name.empty()) name = form + std::to_string(++counts_[form]);
    return name;
  }

  std::map<std::pair<std::string, std::string>, std::string> names_;
  std::map<std::string, int> counts_;
};

void redact_payloads(Recording& recording) {
  Redactor redactor{recording};
  for (std::size_t i = 0; i < recording.transcript.size(); ++i)
    redactor.redact(recording.transcript[i], i);
  if (recording.origin == Origin::captured) recording.origin = Origin::captured_facts;
}

}  // namespace

void keep_facts(Recording& recording) {
  redact_payloads(recording);
  change_text(recording, without_host);
  for (std::size_t i = 0; i < recording.connections.size(); ++i)
    recording.connections[i] = {"192.0.2.1:" + std::to_string(49152 + i), "192.0.2.2:3260"};
}

void anonymise(Recording& recording) {
  keep_facts(recording);
  change_text(recording, Namer{});
  recording.secret.reset();
  recording.target_secret.reset();
}

void cut(Recording& recording, std::size_t first, std::size_t last) {
  Transcript kept;
  std::map<ConnectionNumber, ConnectionNumber> numbers;
  std::vector<Endpoints> connections;
  for (std::size_t i = first; i < std::min(last + 1, recording.transcript.size()); ++i) {
    Record& record = recording.transcript[i];
    if (record.kind == Record::Kind::opened && !numbers.contains(record.connection)) {
      numbers[record.connection] = static_cast<ConnectionNumber>(connections.size());
      connections.push_back(record.connection < recording.connections.size()
                                ? recording.connections[record.connection]
                                : Endpoints{});
    }
    if (!numbers.contains(record.connection)) continue;
    record.connection = numbers[record.connection];
    kept.push_back(std::move(record));
  }
  const std::uint64_t began = kept.empty() ? 0 : kept.front().at_us;
  for (Record& record : kept) record.at_us -= std::min(began, record.at_us);
  recording.transcript = std::move(kept);
  recording.connections = std::move(connections);
  recording.doubtful.clear();  // their numbers are other ones now
}

}  // namespace conformance
