#include "support/mutator.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "pdu/additional_headers.hpp"
#include "scsi/dispatch.hpp"
#include "support/field_values.hpp"
#include "support/media.hpp"
#include "support/steering.hpp"
#include "text/grammar.hpp"

namespace iscsi::fuzz {
namespace {

constexpr std::size_t cdb_byte = 32;
constexpr std::size_t most_data = 4096;  // of what is made here; engines make more
constexpr pdu::Place read_and_write_place = pdu::bits(1, 1, 2);
constexpr pdu::Place expected_length_place = pdu::bytes(20, 4);

std::ptrdiff_t signed_index(std::size_t index) { return static_cast<std::ptrdiff_t>(index); }

bool is(const InputPdu& pdu, pdu::Opcode opcode) {
  return pdu.opcode() == static_cast<std::uint8_t>(opcode);
}

bool carries_text(const InputPdu& pdu) {
  return is(pdu, pdu::Opcode::login_request) || is(pdu, pdu::Opcode::text_request);
}

void set_opcode(InputPdu& pdu, pdu::Opcode opcode) {
  pdu.header[0] = (pdu.header[0] & std::byte{0xc0}) | static_cast<std::byte>(opcode);
}

/// Writes a CDB's field, which may begin inside a byte.
void store(std::span<std::byte> cdb, const scsi::Place& place, std::uint64_t value) {
  std::array<std::byte, 16> mask{};
  place.mark(mask);
  for (std::size_t byte = place.last_byte() + 1; byte-- > place.byte;)
    for (unsigned bit = 0; bit < 8; ++bit) {
      const auto one = static_cast<std::byte>(1U << bit);
      if ((mask[byte] & one) == std::byte{}) continue;
      cdb[byte] = (value & 1U) != 0 ? cdb[byte] | one : cdb[byte] & ~one;
      value >>= 1U;
    }
}

/// The units of the harnesses, for asking what a command would move.
const scsi::Device& device() {
  static const scsi::Device made = [] {
    scsi::Device device;
    std::uint16_t number = 0;
    for (const auto& unit : unit_configurations())
      static_cast<void>(device.add_unit(number++, unit));
    return device;
  }();
  return made;
}

/// The pairs of a text, each with its null byte; a rest without one is a pair too.
std::vector<std::string> pairs_of(wire::ByteView data) {
  std::vector<std::string> pairs;
  for (std::string_view text = wire::as_text(data); !text.empty();) {
    const std::size_t end = std::min(text.find('\0'), text.size() - 1) + 1;
    pairs.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return pairs;
}

}  // namespace

wire::Bytes Mutator::mutate(wire::ByteView input, std::size_t most) {
  constexpr auto steps = std::to_array<Step>({{6, &Mutator::change_field},
                                              {4, &Mutator::change_command},
                                              {4, &Mutator::change_text},
                                              {2, &Mutator::change_data},
                                              {2, &Mutator::change_steering},
                                              {1, &Mutator::change_additional_headers},
                                              {1, &Mutator::send_in_pieces},
                                              {3, &Mutator::insert},
                                              {2, &Mutator::repeat},
                                              {2, &Mutator::remove},
                                              {1, &Mutator::exchange}});
  constexpr std::size_t weights =
      std::accumulate(steps.begin(), steps.end(), std::size_t{0},
                      [](std::size_t sum, const Step& step) { return sum + step.weight; });
  if (chance_.one_in(12)) {
    wire::Bytes bytes(input.begin(), input.end());
    mutate_raw(bytes, most);
    return bytes;
  }
  Pdus pdus = split(input);
  if (pdus.empty()) pdus.push_back(make_pdu());
  // Often several things at once: a command and its place in the sequence, say.
  for (std::size_t changes = 1 + chance_.below(3); changes > 0; --changes) {
    std::size_t at = chance_.below(weights);
    const Step* step = steps.data();
    for (; at >= step->weight; ++step) at -= step->weight;
    (this->*step->apply)(pdus);
  }
  wire::Bytes stream = join(pdus);
  if (chance_.one_in(24)) break_length(stream);
  if (stream.size() > most) stream.resize(most);
  return stream;
}

wire::Bytes Mutator::cross(wire::ByteView one, wire::ByteView other, std::size_t most) {
  Pdus left = split(one), right = split(other);
  Pdus crossed;
  crossed.reserve(left.size() + right.size());
  auto from = left.begin();
  auto with = right.begin();
  while (from != left.end() || with != right.end()) {
    const bool take_left = with == right.end() || (from != left.end() && chance_.flag());
    crossed.push_back(std::move(take_left ? *from++ : *with++));
  }
  wire::Bytes stream = join(crossed);
  if (stream.size() > most) stream.resize(most);
  return stream;
}

void Mutator::change_field(Pdus& pdus) {
  InputPdu& pdu = any(pdus);
  const pdu::Description* description = pdu::describe(pdu.opcode());
  if (description == nullptr || chance_.one_in(20)) {
    const auto all = pdu::descriptions();
    return set_opcode(pdu, all[chance_.below(all.size())].opcode);
  }
  const pdu::Field& field = description->fields[chance_.below(description->fields.size())];
  if (field.kind == pdu::EntryKind::opaque) return write_command(pdu);
  if (field.kind == pdu::EntryKind::reserved && !chance_.one_in(8)) return;
  if (field.place.width > 64) return;
  pdu.set_field(field.place, draw_field(chance_, field, pdu.field(field.place)));
}

void Mutator::change_command(Pdus& pdus) {
  InputPdu& pdu = any(pdus);
  if (!is(pdu, pdu::Opcode::scsi_command)) return change_field(pdus);
  const auto cdb = std::span{pdu.header}.subspan(cdb_byte);
  const auto row = scsi::find_row(cdb);
  if (!row || chance_.one_in(4)) return write_command(pdu);
  const auto fields = (*row)->layout.fields();
  const scsi::FieldSpec& field = fields[chance_.below(fields.size())];
  store(cdb, field.place, draw_cdb_field(chance_, field, field.place.load(cdb)));
  if (!chance_.one_in(3)) tune_to_command(pdu);
}

/// A command of the table, its fields drawn.
void Mutator::write_command(InputPdu& pdu) {
  const auto table = scsi::command_table();
  const scsi::CommandRow& row = table[chance_.below(table.size())];
  const auto cdb = std::span{pdu.header}.subspan(cdb_byte);
  std::ranges::fill(cdb, std::byte{});
  cdb[0] = std::byte{row.operation_code};
  for (const scsi::FieldSpec& field : row.layout.fields()) {
    if (field.field == scsi::Field::service_action)
      store(cdb, field.place, row.service_action.value_or(0));
    else if (field.greatest != 0 || chance_.one_in(16))
      store(cdb, field.place, draw_cdb_field(chance_, field, 0));
  }
  tune_to_command(pdu);
}

/// R, W, F, the expected length and immediate data as an initiator has them for this CDB.
void Mutator::tune_to_command(InputPdu& pdu) {
  set_opcode(pdu, pdu::Opcode::scsi_command);
  const auto cdb = std::span{pdu.header}.subspan(cdb_byte);
  const scsi::Transfer transfer =
      scsi::plan(device(), {.nexus = 0, .lun = pdu.field(lun_place), .cdb = cdb});
  const auto bytes = static_cast<std::uint32_t>(transfer.bytes);
  const bool writes = transfer.direction == scsi::Direction::to_target;
  const bool reads = transfer.direction == scsi::Direction::to_initiator;
  pdu.set_field(read_and_write_place, (reads ? 2U : 0U) | (writes ? 1U : 0U));
  pdu.set_field(expected_length_place, bytes);
  pdu.set_field(final_place, 1);
  pdu.data.clear();
  if (writes && chance_.flag()) {
    pdu.data.resize(std::min<std::size_t>(bytes, chance_.one_of<std::size_t>({512, most_data})),
                    std::byte{0x11});
    pdu.set_field(final_place, pdu.data.size() == bytes || chance_.flag() ? 1 : 0);
  }
  pdu.repair_lengths();
}

void Mutator::change_text(Pdus& pdus) {
  InputPdu& pdu = any(pdus);
  if (!carries_text(pdu)) return change_field(pdus);
  std::vector<std::string> pairs = pairs_of(pdu.data);
  const std::size_t at = chance_.below(pairs.size() + 1);
  switch (chance_.below(5)) {
    case 0:
      if (at < pairs.size()) pairs.erase(pairs.begin() + signed_index(at));
      break;
    case 1:
      if (at < pairs.size()) pairs.push_back(pairs[at]);
      break;
    case 2:
      if (at < pairs.size()) {  // another value for the key that is there
        const std::string name = pairs[at].substr(0, pairs[at].find('='));
        if (const auto* key = text::find_key(name)) {
          pairs[at].clear();
          text::append_pair(pairs[at], name, draw_key_value(chance_, *key));
        }
      }
      break;
    default: pairs.insert(pairs.begin() + signed_index(at), draw_pair(chance_)); break;
  }
  pdu.data.clear();
  for (const std::string& pair : pairs)
    pdu.data.insert(pdu.data.end(), wire::as_bytes(pair).begin(), wire::as_bytes(pair).end());
  pdu.repair_lengths();
}

void Mutator::change_data(Pdus& pdus) {
  InputPdu& pdu = any(pdus);
  if (chance_.flag() && !pdu.data.empty())
    mutate_raw(pdu.data, pdu.data.size() + 64);
  else
    pdu.data.resize(chance_.one_of<std::size_t>({0, 1, 3, 48, 512, 1024, most_data}),
                    static_cast<std::byte>(chance_.next()));
  pdu.repair_lengths();
}

/// Data-Outs in any order: an answer to one R2T, or unsolicited data of a command that is there.
void Mutator::send_in_pieces(Pdus& pdus) {
  const std::size_t length = chance_.one_of<std::size_t>({1, 64, 512});
  std::vector<std::size_t> order(2 + chance_.below(5));
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t& one : order) std::swap(one, order[chance_.below(order.size())]);
  const InputPdu& command = any(pdus);
  const bool unsolicited = is(command, pdu::Opcode::scsi_command) && chance_.flag();
  InputPdu piece;
  set_opcode(piece, pdu::Opcode::data_out);
  piece.set_field(task_tag_place, command.field(task_tag_place));
  piece.set_field(transfer_tag_place, unsolicited ? wire::no_tag : 0);
  piece.data.resize(length, std::byte{0x33});
  piece.repair_lengths();
  std::size_t at = chance_.below(pdus.size()) + 1;
  for (const std::size_t number : order) {
    piece.set_field(buffer_offset_place, number * length);
    piece.set_field(final_place, &number == &order.back() ? 1 : 0);
    pdus.insert(pdus.begin() + signed_index(at++), piece);
  }
}

void Mutator::change_steering(Pdus& pdus) {
  InputPdu& pdu = any(pdus);
  if (is(pdu, pdu::Opcode::login_request)) {
    pdu.header[steering_byte] = static_cast<std::byte>(chance_.below(4) << 6U);
    return;
  }
  if (chance_.one_in(3)) {
    pdu.header[event_byte] =
        static_cast<std::byte>(chance_.below(static_cast<std::size_t>(last_event) + 1));
    return;
  }
  pdu.header[steering_byte] ^= static_cast<std::byte>(1U << chance_.below(8));
}

void Mutator::change_additional_headers(Pdus& pdus) {
  InputPdu& pdu = any(pdus);
  if (chance_.one_in(3)) {
    pdu.additional_headers.resize(4 * chance_.below(8), static_cast<std::byte>(chance_.next()));
  } else {
    const wire::Bytes cdb(1 + chance_.below(20));
    pdu::AdditionalHeaders headers{.extended_cdb = cdb, .bidirectional_read_length = {}};
    if (chance_.flag()) headers.bidirectional_read_length = 512;
    if (chance_.flag()) headers.extended_cdb = {};
    pdu.additional_headers = pdu::encode_additional_headers(headers);
  }
  pdu.repair_lengths();
}

InputPdu Mutator::make_pdu() {
  const auto all = pdu::descriptions();
  InputPdu pdu;
  // Mostly requests, which come first in the table.
  const std::size_t requests = std::variant_size_v<pdu::InitiatorPdu>;
  const pdu::Description& description =
      all[chance_.one_in(20) ? chance_.below(all.size()) : chance_.below(requests)];
  set_opcode(pdu, description.opcode);
  for (const pdu::Field& field : description.fields)
    if (field.kind != pdu::EntryKind::reserved && field.place.width <= 64 &&
        (field.kind == pdu::EntryKind::fixed || chance_.one_in(3)))
      pdu.set_field(field.place, draw_field(chance_, field, 0));
  pdu.set_field(task_tag_place, chance_.below(16));
  if (is(pdu, pdu::Opcode::scsi_command)) write_command(pdu);
  if (carries_text(pdu)) {
    const std::string pair = draw_pair(chance_);
    pdu.data.assign(wire::as_bytes(pair).begin(), wire::as_bytes(pair).end());
  }
  pdu.repair_lengths();
  return pdu;
}

void Mutator::insert(Pdus& pdus) {
  pdus.insert(pdus.begin() + signed_index(chance_.below(pdus.size() + 1)), make_pdu());
}

void Mutator::repeat(Pdus& pdus) {
  const InputPdu pdu = any(pdus);
  pdus.insert(pdus.begin() + signed_index(chance_.below(pdus.size() + 1)), pdu);
}

void Mutator::remove(Pdus& pdus) {
  if (pdus.size() > 1) pdus.erase(pdus.begin() + signed_index(chance_.below(pdus.size())));
}

void Mutator::exchange(Pdus& pdus) { std::swap(any(pdus), any(pdus)); }

/// One length that is wrong: what follows is read from another place.
void Mutator::break_length(wire::Bytes& stream) {
  constexpr std::size_t lengths_byte = 4;
  if (stream.size() < pdu::bhs_bytes) return;
  std::byte& length = stream[lengths_byte + chance_.below(4)];
  length = static_cast<std::byte>(draw_number(chance_, 8, std::to_integer<std::uint64_t>(length)));
}

void Mutator::mutate_raw(wire::Bytes& bytes, std::size_t most) {
  if (bytes.empty()) bytes.resize(1);
  const std::size_t size = bytes.size();
  bytes.resize(std::max(size, most));
  bytes.resize(mutate_bytes_(reinterpret_cast<std::uint8_t*>(bytes.data()), size, bytes.size()));
}

}  // namespace iscsi::fuzz
