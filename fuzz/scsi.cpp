// Holds: a command moves what it was planned to, no more than its allocation length, and touches
// only blocks of its medium; planning changes nothing; a refused command changes nothing but the
// attentions that it has told; the same command on the same device has the same outcome; what its
// owner gets wrong is refused.

#include <algorithm>
#include <array>
#include <utility>

#include "pdu/additional_headers.hpp"
#include "scsi/command_table.hpp"
#include "scsi/dispatch.hpp"
#include "support/entry.hpp"
#include "support/media.hpp"
#include "support/pdu_stream.hpp"
#include "support/require.hpp"
#include "support/steering.hpp"

namespace iscsi::fuzz {
namespace {

using ::scsi::Direction;
using ::scsi::Outcome;
using ::scsi::Payload;
using ::scsi::Status;
using ::scsi::Transfer;
using wire::ByteView;
using Kind = ::scsi::Operation::Kind;

bool reads_blocks(Kind kind) { return kind == Kind::read; }
bool takes_blocks(Kind kind) {
  return kind == Kind::write || kind == Kind::write_and_verify || kind == Kind::write_and_compare ||
         kind == Kind::compare;
}

/// A unit that can only be reached by another form of address than the others.
constexpr std::uint16_t far_unit = 300;

::scsi::UnitConfiguration far_configuration() {
  return {.serial = "4", .designators = {{.identifier = wire::Bytes(8)}}, .block_count = 64};
}

/// What an owner may not say of a unit.
using Mistake = void (*)(::scsi::UnitConfiguration&);
constexpr auto mistakes = std::to_array<Mistake>({
    [](auto& unit) { unit.vendor = "too long for it"; },
    [](auto& unit) { unit.vendor = "\t"; },
    [](auto& unit) { unit.product = "much too long for it"; },
    [](auto& unit) { unit.product = "\x7f"; },
    [](auto& unit) { unit.revision = "too long"; },
    [](auto& unit) { unit.serial.clear(); },
    [](auto& unit) { unit.block_bytes = 256; },
    [](auto& unit) { unit.block_bytes = 520; },
    [](auto& unit) { unit.block_bytes = 1U << 17U; },
    [](auto& unit) { unit.block_count = 0; },
    [](auto& unit) { unit.block_count = std::uint64_t{1} << 60U; },
    [](auto& unit) { unit.physical_block_exponent = 16; },
    [](auto& unit) { unit.designators.resize(17, unit.designators.front()); },
    [](auto& unit) { unit.designators.front().identifier.clear(); },
    [](auto& unit) { unit.designators.front().identifier.resize(253); },
});

/// A device and its nexuses, driven by the SCSI parts of iSCSI PDUs.
class Bench {
 public:
  explicit Bench(Settings& settings) : media_(settings.one_of<std::size_t>({0, 0, 2, 7})) {
    std::uint16_t number = 0;
    for (const auto& unit : unit_configurations())
      require(device_.add_unit(number++, unit).has_value(), "the harness's units are in order");
    require(device_.add_unit(far_unit, far_configuration()).has_value(), "and a far one is");
    for (::scsi::NexusId nexus = 0; nexus < 3; ++nexus) device_.nexus_established(nexus);
    refuse_mistakes(settings);
  }

  void take(const InputPdu& pdu) {
    const Steering steering = steering_of(pdu);
    happen(steering.event);
    const ::scsi::NexusId nexus = steering.connection;
    switch (static_cast<pdu::Opcode>(pdu.opcode())) {
      case pdu::Opcode::scsi_command: return command(pdu, steering);
      case pdu::Opcode::task_management_request: return manage(pdu, nexus);
      case pdu::Opcode::login_request: return device_.nexus_established(nexus);
      case pdu::Opcode::logout_request: return device_.nexus_lost(nexus);
      default: return;
    }
  }

 private:
  void refuse_mistakes(Settings& settings) {
    const ::scsi::Device before = device_;
    ::scsi::UnitConfiguration unit = far_configuration();
    require(!device_.add_unit(far_unit, unit), "a number is given once");
    require(!device_.add_unit(0x4000, unit), "a number has an address");
    mistakes[settings.below(mistakes.size())](unit);
    require(!device_.add_unit(far_unit - 1, unit), "a unit is what can be told of it");
    require(!device_.capacity_changed(::scsi::lun_field(far_unit + 1), 1) &&
                !device_.capacity_changed(0, 0),
            "a unit that is there has blocks");
    require(device_ == before, "what an owner gets wrong changes nothing");
  }

  void happen(Event event) {
    if (event == Event::unit_shrinks) static_cast<void>(device_.capacity_changed(0, 100));
    if (event == Event::unit_grows) static_cast<void>(device_.capacity_changed(0, 512));
  }

  void manage(const InputPdu& pdu, ::scsi::NexusId nexus) {
    const std::uint64_t lun = pdu.field(lun_place);
    switch (std::to_integer<unsigned>(pdu.header[1]) & 0x7fU) {
      case 4: device_.commands_cleared(lun, nexus); return;
      case 5: static_cast<void>(device_.logical_unit_reset(lun)); return;
      case 6:
      case 7: device_.target_reset(); return;
      default:
        device_.raise_attention(lun, nexus, ::scsi::asc::some_commands_cleared_by_iscsi_event);
        return;
    }
  }

  void command(const InputPdu& pdu, const Steering& steering) {
    wire::Bytes cdb(pdu.header.begin() + 32, pdu.header.end());
    if (const auto headers = pdu::decode_additional_headers(pdu.additional_headers))
      cdb.insert(cdb.end(), headers->extended_cdb.begin(), headers->extended_cdb.end());
    if (steering.spoils_header) cdb.resize(pdu.data.size() % 16);  // shorter than its command
    run({.nexus = steering.connection, .lun = pdu.field(lun_place), .cdb = cdb}, pdu.data);
  }

  /// Plans and executes; the parameters are what came, cut to what the command expects.
  void run(const ::scsi::Command& command, ByteView data) {
    const ::scsi::Device before = device_;
    const Transfer planned = ::scsi::plan(device_, command);
    require(device_ == before, "planning changes nothing");
    const bool takes_parameters =
        planned.payload == Payload::parameters && planned.direction == Direction::to_target;
    const auto parameters = takes_parameters
                                ? data.first(std::min<std::size_t>(data.size(), planned.bytes))
                                : ByteView{};
    // Of block data only the amount matters here: all of it, or as much as came.
    const std::uint64_t arrived = planned.payload != Payload::blocks ? 0
                                  : data.empty()
                                      ? planned.bytes
                                      : std::min<std::uint64_t>(data.size(), planned.bytes);
    ::scsi::Device copy = device_;
    const Outcome outcome = ::scsi::execute(device_, command, parameters, arrived);
    require(::scsi::execute(copy, command, parameters, arrived) == outcome && copy == device_,
            "the same command has the same outcome");
    check(command, planned, arrived, outcome);
    if (outcome.status != Status::good) check_unchanged(before, command);
    if (outcome.operation.kind != Kind::none) conclude(command, outcome);
  }

  void check(const ::scsi::Command& command, const Transfer& planned, std::uint64_t arrived,
             const Outcome& outcome) const {
    check_status(outcome);
    const auto row = ::scsi::find_row(command.cdb);
    const bool to_initiator = planned.direction == Direction::to_initiator;
    require(outcome.data_in.empty() || (to_initiator && planned.payload == Payload::parameters),
            "parameters are returned where they were planned");
    require(outcome.data_in.size() <= planned.bytes, "no more is returned than was planned");
    if (row)
      if (const auto* length = (*row)->layout.find(::scsi::Field::allocation_length))
        require(outcome.data_in.size() <= length->place.load(command.cdb),
                "no more is returned than the allocation length");
    const Kind kind = outcome.operation.kind;
    if (kind == Kind::none) return;
    const auto* unit = device_.find(command.lun);
    require(unit != nullptr, "an operation is for a unit that exists");
    const std::uint64_t bytes = outcome.operation.blocks * unit->configuration.block_bytes;
    const bool moves_in = to_initiator && planned.payload == Payload::blocks;
    const bool moves_out = !to_initiator && planned.payload == Payload::blocks;
    require(reads_blocks(kind) == moves_in, "blocks are read where that was planned");
    if (moves_in) require(bytes == planned.bytes, "what is read is what was planned");
    if (takes_blocks(kind))
      require(moves_out && bytes <= arrived, "what is written is what has come");
    require(!unit->write_protected() || kind == Kind::compare || !takes_blocks(kind),
            "a write protected unit is not written");
  }

  static void check_status(const Outcome& outcome) {
    const bool exception = outcome.status == Status::check_condition;
    require(exception == (outcome.sense != ::scsi::Sense{}), "a check condition has its sense");
    require(exception || outcome.status == Status::good ||
                outcome.status == Status::reservation_conflict ||
                outcome.status == Status::condition_met,
            "a command ends with a status that the device has");
    if (outcome.status != Status::good)
      require(outcome.data_in.empty() && outcome.operation.kind == Kind::none,
              "a refused command does nothing");
    for (const auto format : {::scsi::SenseFormat::fixed, ::scsi::SenseFormat::descriptor})
      require(::scsi::encode(outcome.sense, format).view().size() <= 252, "sense data is short");
  }

  /// All but the attentions of the command's nexus.
  void check_unchanged(const ::scsi::Device& before, const ::scsi::Command& command) const {
    const auto units = device_.units(), old = before.units();
    for (std::size_t i = 0; i < units.size(); ++i) {
      require(units[i].mode == old[i].mode && units[i].stopped == old[i].stopped &&
                  units[i].reserved_by == old[i].reserved_by &&
                  units[i].configuration == old[i].configuration,
              "a refused command changes nothing");
      for (::scsi::NexusId other = 0; other < 4; ++other)
        if (other != command.nexus) {
          const auto* now = units[i].attentions.next(other);
          const auto* then = old[i].attentions.next(other);
          require((now == nullptr) == (then == nullptr) && (now == nullptr || *now == *then),
                  "a refused command takes no attention of others");
        }
    }
  }

  void conclude(const ::scsi::Command& command, const Outcome& outcome) {
    const auto* unit = device_.find(command.lun);
    const std::uint64_t bytes = outcome.operation.blocks * unit->configuration.block_bytes;
    wire::Bytes in(reads_blocks(outcome.operation.kind) ? bytes : 0);
    wire::Bytes out;
    if (takes_blocks(outcome.operation.kind)) out.resize(bytes, std::byte{0x5a});
    if (outcome.operation.kind == Kind::compare_one_block)
      out.resize(unit->configuration.block_bytes);
    const ByteView piece = out;
    const auto result = unit->number == far_unit
                            ? ::scsi::MediumResult{}
                            : media_.perform(unit->number, outcome.operation, {&piece, 1}, in);
    const Outcome concluded = ::scsi::conclude(device_, command, outcome.operation, result);
    require(concluded.operation.kind == Kind::none, "a concluded command is over");
    check_status(concluded);
    if (outcome.operation.immediate)
      require(concluded.status == outcome.status || concluded.status == Status::condition_met,
              "a status that may have been sent stands");
  }

  ::scsi::Device device_;
  Media media_;
};

}  // namespace
}  // namespace iscsi::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace iscsi::fuzz;
  const ByteView input = bytes_of(data, size);
  Settings settings{input};
  Bench bench{settings};
  for (const InputPdu& pdu : split(input, 128)) bench.take(pdu);
  return 0;
}
