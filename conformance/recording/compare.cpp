#include "conformance/recording/compare.hpp"

#include <algorithm>

#include "text/grammar.hpp"

namespace conformance {

using iscsi::pdu::Opcode;
using iscsi::wire::ByteView;

namespace {

constexpr std::uint16_t check_condition = 0x02;
constexpr Sense no_such_command{.key = 0x05, .code = 0x20, .qualifier = 0x00};
constexpr Sense beyond_the_end{.key = 0x05, .code = 0x21, .qualifier = 0x00};
constexpr Sense no_such_unit{.key = 0x05, .code = 0x25, .qualifier = 0x00};

std::string hex(std::uint8_t byte) {
  return iscsi::text::encode_hexadecimal(std::array{std::byte{byte}}).substr(2);
}

std::string hex_lun(std::uint64_t lun) {
  const auto number = unit_number(lun);
  return number ? std::to_string(*number) : "with more than one level";
}

std::string print(const Answer& answer) {
  if (answer.opcode == Opcode::reject) return "a Reject, reason " + hex(answer.response) + "h";
  if (answer.opcode == Opcode::scsi_response && answer.response != 0)
    return "response " + hex(answer.response) + "h";
  std::string text = "status " + hex(static_cast<std::uint8_t>(answer.status)) + "h";
  if (answer.sense)
    text += " (sense " + hex(answer.sense->key) + "/" + hex(answer.sense->code) + "/" +
            hex(answer.sense->qualifier) + ")";
  return text;
}

std::string print_residual(const Answer& answer) {
  if (!answer.overflow && !answer.underflow) return "no residual";
  return std::to_string(answer.residual) + (answer.overflow ? " bytes over" : " bytes under");
}

/// Goes through the pairs in order, and remembers which blocks the two worlds no longer share.
class Comparer {
 public:
  Comparer(const World& world, bool byte_for_byte, ReplayResult& result)
      : world_{world}, byte_for_byte_{byte_for_byte}, result_{result} {}

  void hold(const Pair& pair) {
    ++result_.requests;
    if (pair.live != nullptr) ++result_.played;
    follow_blocks(pair);
    if (pair.live == nullptr || !pair.recorded->answer) return;
    // Whether an abort finds its task still there is a matter of time.
    if (!pair.live->answer && pair.was_ended) {
      ++result_.transport_only;
      return;
    }
    if (!pair.live->answer) return differ(pair, "was not answered");
    const Answer& recorded = *pair.recorded->answer;
    const Answer& live = *pair.live->answer;
    if ((recorded.opcode == Opcode::reject) != (live.opcode == Opcode::reject))
      return differ(pair, "got " + print(live) + " instead of " + print(recorded));
    if (recorded.opcode == Opcode::reject && recorded.response != live.response)
      return tell(pair, "was rejected for another reason: " + print(live) + " instead of " +
                            print(recorded));
    switch (pair.recorded->opcode) {
      case Opcode::login_request: return hold_login(pair);
      case Opcode::scsi_command: return hold_command(pair);
      case Opcode::logout_request:
        if (recorded.response == 0 && live.response != 0)
          return differ(pair, "got " + hex(live.response) + "h instead of success");
        break;
      case Opcode::task_management_request:
        if (recorded.response != live.response)
          tell(pair, "got response " + hex(live.response) + "h instead of " +
                         hex(recorded.response) + "h");
        break;
      default: break;
    }
    if (pair.recorded->opcode == Opcode::logout_request)
      ++result_.compared;
    else
      ++result_.transport_only;
  }

 private:
  /// What every disk has to serve (SPC-3, SBC-2).
  static bool is_mandatory(const CommandForm& command) {
    constexpr auto codes = std::to_array<std::uint8_t>({0x00, 0x12, 0x25, 0x28, 0xa0});
    return std::ranges::find(codes, command.operation_code) != codes.end();
  }

  /// Whether a question for identity is of the form that every disk has to answer (SPC-3 6.4, 6.21,
  /// SBC-2 5.10): INQUIRY without EVPD, READ CAPACITY(10), REPORT LUNS with a SELECT REPORT that is
  /// defined.
  static bool is_basic(std::span<const std::byte, 16> cdb) {
    switch (std::to_integer<std::uint8_t>(cdb[0])) {
      case 0x12: return (cdb[1] & std::byte{1}) == std::byte{0};
      case 0x25: return true;
      case 0xa0: return cdb[2] <= std::byte{2};
      default: return false;
    }
  }

  /// The size of the unit's blocks as that exchange tells it, if it does.
  static std::optional<std::uint64_t> told_block_bytes(const Exchange* exchange) {
    if (exchange == nullptr) return std::nullopt;
    const std::string name = command_name(exchange->cdb);
    const std::uint64_t at = name == "READ CAPACITY(10)" ? 4 : name == "READ CAPACITY(16)" ? 8 : 0;
    if (at == 0 || !exchange->input.knows(at, 4)) return std::nullopt;
    return iscsi::wire::load<4>(exchange->input.at(at, 4), 0);
  }

  /// What happened to a unit before the session is not part of the recording; but a target that has
  /// nothing else to say has no excuse.
  bool is_history(const Exchange& recorded, const Answer& live) {
    constexpr std::size_t most = 16;  // of one unit
    return recorded.answer->is_unit_attention() != live.is_unit_attention() &&
           ++histories_[recorded.lun] <= most;
  }

  [[nodiscard]] std::string subject(const Exchange& exchange) const {
    const iscsi::pdu::Description* pdu =
        iscsi::pdu::describe(static_cast<std::uint8_t>(exchange.opcode));
    std::string text{pdu->name};
    if (exchange.opcode == Opcode::scsi_command) text = command_name(exchange.cdb);
    return text + " " + iscsi::text::encode_number(exchange.tag);
  }
  void add(const Pair& pair, const std::string& what, bool counts) {
    Difference difference{.counts = counts, .recorded = pair.recorded->request};
    if (pair.live->answer) difference.live = pair.live->answer->record;
    difference.what = subject(*pair.recorded) + " " + what;
    result_.differences.push_back(std::move(difference));
  }
  void differ(const Pair& pair, const std::string& what) { add(pair, what, true); }
  void tell(const Pair& pair, const std::string& what) { add(pair, what, false); }

  void hold_login(const Pair& pair) {
    const std::uint16_t recorded = pair.recorded->answer->status;
    const std::uint16_t live = pair.live->answer->status;
    const auto print_status = [](std::uint16_t status) {
      return hex(static_cast<std::uint8_t>(status >> 8U)) + hex(static_cast<std::uint8_t>(status));
    };
    ++result_.compared;
    if (recorded >> 8U != live >> 8U)
      return differ(pair, "got status " + print_status(live) + "h instead of " +
                              print_status(recorded) + "h");
    if (recorded != live)
      tell(pair,
           "got status " + print_status(live) + "h instead of " + print_status(recorded) + "h");
  }

  void hold_command(const Pair& pair) {
    const Answer& recorded = *pair.recorded->answer;
    const Answer& live = *pair.live->answer;
    const WorldUnit* unit = world_.find(pair.recorded->lun);
    const CommandForm& row = command_of(pair.recorded->cdb);
    const bool other_device = unit != nullptr && !unit->is_disk();
    if (const auto before = told_block_bytes(pair.recorded), now = told_block_bytes(pair.live);
        before && now && *before != *now)
      other_blocks_.insert(pair.recorded->lun);
    const bool not_served =
        live.sense == no_such_command && recorded.sense != no_such_command && !is_mandatory(row);
    if (not_served) result_.not_served.insert(command_name(pair.recorded->cdb));
    // Another target has other units; one that was made of the recording has all of them.
    const bool no_unit = !byte_for_byte_ && live.sense == no_such_unit;
    if (no_unit && recorded.sense != no_such_unit)
      result_.not_served.insert("logical unit " + hex_lun(pair.recorded->lun));
    const bool smaller = !byte_for_byte_ && live.sense == beyond_the_end && recorded.is_good();
    if (smaller) result_.not_served.insert("blocks beyond the end of a smaller unit");
    const bool moves_blocks =
        row.comparison == Comparison::outcome || row.comparison == Comparison::blocks;
    const bool other_blocks =
        !byte_for_byte_ && moves_blocks && other_blocks_.contains(pair.recorded->lun);
    if (other_blocks) result_.not_served.insert("blocks of the recorded size");
    const bool incomparable = other_device || not_served || no_unit || smaller || other_blocks ||
                              is_history(*pair.recorded, live);
    if (incomparable || row.comparison == Comparison::optional) {
      ++result_.transport_only;
      if (!incomparable && recorded.status != live.status)
        tell(pair, "got " + print(live) + " instead of " + print(recorded));
      return;
    }
    ++result_.compared;
    hold_outcome(pair, row);
  }

  void hold_outcome(const Pair& pair, const CommandForm& row) {
    const Answer& recorded = *pair.recorded->answer;
    const Answer& live = *pair.live->answer;
    const auto key = [](const Answer& answer) { return answer.sense ? answer.sense->key : 0; };
    const std::string instead = "got " + print(live) + " instead of " + print(recorded);
    if (recorded.status != live.status || recorded.response != live.response ||
        key(recorded) != key(live)) {
      // A page, or a report, that one target has and another has not.
      const bool page = row.comparison == Comparison::identity && !is_basic(pair.recorded->cdb) &&
                        (key(recorded) == 0x05 || key(live) == 0x05);
      return add(pair, instead, !page);
    }
    if (recorded.sense != live.sense) tell(pair, instead);
    const bool residual_matters =
        row.comparison == Comparison::outcome || row.comparison == Comparison::blocks;
    if (residual_matters && recorded.status != check_condition &&
        (recorded.overflow != live.overflow || recorded.underflow != live.underflow ||
         recorded.residual != live.residual))
      differ(pair, "left " + print_residual(live) + " instead of " + print_residual(recorded));
    if (!byte_for_byte_ || !recorded.is_good() || !live.is_good()) return;
    if (row.comparison == Comparison::blocks) hold_blocks(pair);
    if (row.comparison == Comparison::identity) hold_identity(pair);
  }

  void hold_blocks(const Pair& pair) {
    const WorldUnit* unit = world_.find(pair.recorded->lun);
    if (unit == nullptr) return;
    for (const BlockRange& range : blocks_of(pair.recorded->cdb, {}))
      for (std::uint64_t i = 0; i < range.count; ++i) {
        const std::uint64_t at = i * unit->block_bytes;
        if (at + unit->block_bytes > pair.recorded->input.size()) return;
        if (!pair.recorded->input.knows(at, unit->block_bytes) ||
            foreign_[unit->number].contains(range.first + i))
          continue;
        if (!pair.live->input.knows(at, unit->block_bytes))
          return differ(pair, "brought no block " + std::to_string(range.first + i));
        if (!std::ranges::equal(pair.recorded->input.at(at, unit->block_bytes),
                                pair.live->input.at(at, unit->block_bytes)))
          return differ(pair, "brought other bytes of block " + std::to_string(range.first + i));
        result_.bytes_compared += unit->block_bytes;
      }
  }

  void hold_identity(const Pair& pair) {
    if (pair.recorded->cdb[0] == std::byte{0xa0}) return;
    const bool inquiry = pair.recorded->cdb[0] == std::byte{0x12};
    if (inquiry && (pair.recorded->cdb[1] & std::byte{1}) != std::byte{0}) return;
    const WorldUnit* unit = world_.find(pair.recorded->lun);
    // Who told no geometry was given one.
    if (unit == nullptr || (!inquiry && !unit->geometry_is_told)) return;
    const std::size_t from = inquiry ? 8 : 0;  // vendor, product and revision; or the geometry
    const std::size_t length = inquiry ? 28 : pair.recorded->cdb[0] == std::byte{0x25} ? 8 : 12;
    if (!pair.recorded->input.knows(from, length) || !pair.live->input.knows(from, length)) return;
    if (!std::ranges::equal(pair.recorded->input.at(from, length),
                            pair.live->input.at(from, length)))
      differ(pair,
             inquiry ? "was answered with another identity" : "was answered with another geometry");
  }

  /// After a command that only one of the two targets carried out, its blocks are no longer the
  /// same; what UNMAP leaves behind is each target's own affair.
  void follow_blocks(const Pair& pair) {
    if (pair.recorded->opcode != Opcode::scsi_command) return;
    const auto number = unit_number(pair.recorded->lun);
    if (!number) return;
    const bool both = pair.live != nullptr && pair.live->answer && pair.live->answer->is_good() &&
                      pair.recorded->answer && pair.recorded->answer->is_good();
    const bool unmaps = pair.recorded->cdb[0] == std::byte{0x42};
    for (const BlockRange& range :
         blocks_of(pair.recorded->cdb, pair.recorded->output.beginning())) {
      if (range.use == BlockRange::Use::read) continue;
      if (both && !unmaps)
        foreign_[*number].remove(range.first, range.first + range.count);
      else
        foreign_[*number].add(range.first, range.first + range.count);
    }
  }

  const World& world_;
  bool byte_for_byte_;
  ReplayResult& result_;
  std::map<std::uint16_t, Extents> foreign_;  // blocks that may differ
  std::set<std::uint64_t> other_blocks_;      // LUNs of units with blocks of another size
  std::map<std::uint64_t, std::size_t> histories_;
};

}  // namespace

void compare(const std::vector<Pair>& pairs, const World& world, bool byte_for_byte,
             ReplayResult& result) {
  Comparer comparer{world, byte_for_byte, result};
  for (const Pair& pair : pairs) comparer.hold(pair);
}

}  // namespace conformance
