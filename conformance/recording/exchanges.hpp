#pragma once

/// A transcript as requests and what became of them: which answer, which data in either direction.
/// The same view of a recorded session and of one that is under way, so that they can be compared.

#include <array>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "conformance/model/anatomy.hpp"
#include "conformance/model/transcript.hpp"
#include "conformance/recording/stretches.hpp"
#include "pdu/opcode.hpp"

namespace conformance {

struct Sense {
  std::uint8_t key = 0;
  std::uint8_t code = 0;       ///< ADDITIONAL SENSE CODE
  std::uint8_t qualifier = 0;  ///< ADDITIONAL SENSE CODE QUALIFIER

  friend bool operator==(const Sense&, const Sense&) = default;
};

/// The PDU that ends a request.
struct Answer {
  std::size_t record = 0;  ///< in the transcript
  iscsi::pdu::Opcode opcode{};
  std::uint16_t status = 0;   ///< SCSI status; status class and detail of a login
  std::uint8_t response = 0;  ///< Response, or a Reject's Reason
  std::optional<Sense> sense{};
  bool overflow = false;
  bool underflow = false;
  std::uint32_t residual = 0;
  iscsi::wire::Bytes data{};  ///< of the PDU itself: text, ping data; not Data-In

  [[nodiscard]] bool is_good() const {
    return (opcode == iscsi::pdu::Opcode::scsi_response && status == 0 && response == 0) ||
           (opcode == iscsi::pdu::Opcode::data_in && status == 0);
  }
  [[nodiscard]] bool is_unit_attention() const { return sense && sense->key == 0x06; }
};

/// A request with an Initiator Task Tag.
struct Exchange {
  std::size_t request = 0;  ///< in the transcript
  ConnectionNumber connection = 0;
  iscsi::pdu::Opcode opcode{};
  std::uint32_t tag = 0;
  std::uint32_t cmd_sn = 0;
  std::optional<Answer> answer{};
  bool aborted = false;  ///< by an ABORT TASK of its own

  // Task Management Function Request (10.5)
  std::uint8_t function = 0;
  std::uint32_t referenced_tag = 0;

  // SCSI Command
  std::uint64_t lun = 0;
  std::array<std::byte, 16> cdb{};
  std::uint32_t expected_length = 0;
  bool reads = false;
  bool writes = false;
  Stretches output{};                           ///< what the initiator sent
  Stretches input{};                            ///< what Data-In brought
  std::deque<std::size_t> data_outs{};          ///< records
  std::deque<std::size_t> ready_to_transfer{};  ///< records
};

class Exchanges {
 public:
  /// Of data in both directions, all exchanges together: as much as a recording may hold.
  static constexpr std::uint64_t most_bytes = 256U << 20U;

  /// The next record; `index` is its place in the transcript. Returns the exchange that it ends, if
  /// it does.
  const Exchange* add(const Record& record, std::size_t index);

  /// A whole transcript.
  [[nodiscard]] static Exchanges of(const Transcript& transcript);

  [[nodiscard]] const std::deque<Exchange>& all() const { return all_; }
  /// The one that began with that record, or null.
  [[nodiscard]] const Exchange* of_request(std::size_t record) const;
  /// The one that ends with that record, or null.
  [[nodiscard]] const Exchange* of_answer(std::size_t record) const;
  /// The one that this Data-Out or Data-In belongs to, or null.
  [[nodiscard]] const Exchange* of_data(std::size_t record) const;
  /// The latest one with that tag on that connection, or null.
  [[nodiscard]] const Exchange* latest(ConnectionNumber connection, std::uint32_t tag) const;
  /// Whether a task management function ended that SCSI command, which may stay without an answer.
  [[nodiscard]] bool was_ended(const Exchange& task) const;

 private:
  /// Whose tasks a function ends: of one connection or of all, of one unit or of all.
  using Scope = std::pair<std::optional<ConnectionNumber>, std::optional<std::uint64_t>>;

  void note_ended(const Exchange& by);
  [[nodiscard]] Exchange* under_way(ConnectionNumber connection, std::uint32_t tag) const;
  void add_request(const Record& record, const Anatomy& parts, std::size_t index);
  void add_data_out(const Record& record, const Anatomy& parts, std::size_t index);
  const Exchange* add_response(const Record& record, const Anatomy& parts, std::size_t index);

  std::deque<Exchange> all_;
  std::map<std::pair<ConnectionNumber, std::uint32_t>, Exchange*> latest_;
  std::map<std::size_t, Exchange*> by_request_;
  std::map<std::size_t, Exchange*> by_answer_;
  std::map<std::size_t, Exchange*> by_data_;
  std::map<Scope, std::size_t> ended_before_;  // the latest function's record
  std::uint64_t room_ = most_bytes;
};

/// The sense data in a SCSI Response's data segment, fixed or descriptor format (SPC-3 4.5).
[[nodiscard]] std::optional<Sense> read_sense(iscsi::wire::ByteView data_segment);

}  // namespace conformance
