#pragma once

/// The dispatcher: from a command to its outcome (SAM, SPC-4, SBC-3), as pure functions.
///
/// A command's life is `plan` (how much data moves, and which way), `execute` (once the data from
/// the initiator is there), and, if the outcome names an operation, `conclude` with its result. At
/// each of them the device may have changed since the last; `execute` alone decides what happens.

#include <cstddef>
#include <cstdint>
#include <span>

#include "scsi/device.hpp"
#include "scsi/operation.hpp"
#include "scsi/sense.hpp"
#include "wire/bytes.hpp"

namespace scsi {

/// SAM-4 5.3.1.
enum class Status : std::uint8_t {
  good = 0x00,
  check_condition = 0x02,
  condition_met = 0x04,
  busy = 0x08,
  reservation_conflict = 0x18,
  task_set_full = 0x28,
  aca_active = 0x30,
  task_aborted = 0x40,
};

struct Command {
  NexusId nexus = 0;
  std::uint64_t lun = 0;             ///< the 8 bytes of the LUN field as one big-endian number
  std::span<const std::byte> cdb{};  ///< may be longer than the command's own
};

enum class Direction : std::uint8_t { none, to_initiator, to_target };

/// What the data is: parameters are made or read by the dispatcher, blocks go to or come from the
/// medium without passing through it.
enum class Payload : std::uint8_t { none, parameters, blocks };

struct Transfer {
  Direction direction = Direction::none;
  Payload payload = Payload::none;
  std::uint64_t bytes = 0;  ///< exact, but for parameters to the initiator: there the most

  friend bool operator==(const Transfer&, const Transfer&) = default;
};

struct Outcome {
  Status status = Status::good;
  Sense sense{};                                  ///< with CHECK CONDITION
  SenseFormat sense_format = SenseFormat::fixed;  ///< for `encode`
  iscsi::wire::Bytes data_in{};                   ///< parameters, cut to the allocation length
  Operation operation{};                          ///< Kind::none: this outcome is final

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

/// The data transfer that `command` asks for, from its CDB and the device as it is. A command that
/// would be refused now moves no data: execute it at once to hear why. No side effect, cheap.
[[nodiscard]] Transfer plan(const Device&, const Command& command);

/// Carries out `command`. `parameters` is the parameter list if the payload is one;
/// `data_out_bytes` says how many bytes of medium data have come: fewer than planned write the
/// whole blocks among them, and no others. Allocates only for parameters to the initiator.
[[nodiscard]] Outcome execute(Device&, const Command& command,
                              std::span<const std::byte> parameters = {},
                              std::uint64_t data_out_bytes = 0);

/// The final outcome, from how the operation ended. For an immediate operation the status that
/// `execute` gave stands (it may have been sent already) and a failure becomes a deferred error,
/// told to the same nexus with its next command.
[[nodiscard]] Outcome conclude(Device&, const Command& command, const Operation&,
                               const MediumResult&);

}  // namespace scsi
