#pragma once

/// A target in memory, its media and its initiators, for tests. Nothing here knows a clock or
/// chance: the same calls always give the same bytes.
///
/// Every PDU that the target sends is checked as it comes in: its form (`pdu::audit` has nothing to
/// say), StatSN without a gap, ExpCmdSN and MaxCmdSN that never go back. After every event the
/// target's own books have to balance (`balance`).

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pdu/codec.hpp"
#include "server/memory_device.hpp"
#include "support/hex.hpp"
#include "target/target.hpp"

namespace iscsi::harness {

using test::hex;
using wire::Bytes;
using wire::ByteView;
using wire::InitiatorTaskTag;
using wire::TargetTransferTag;

inline constexpr auto target_name = "iqn.2004-04.com.example:disk";
inline constexpr auto initiator_name = "iqn.2004-04.com.example:host";

/// What the target is set up with.
struct Options {
  text::Policy policy{};
  std::vector<std::uint64_t> unit_blocks{8192};  ///< of 512 bytes, one entry for each unit
  std::vector<std::uint16_t> unit_numbers{};     ///< of units that no test reads or writes
  session::Bounds bounds{};
  Deadlines deadlines{};
  std::vector<text::Address> portals{};
};

/// An operation that the test holds back. What it writes is its own copy.
struct HeldOperation {
  MediumRequest request{};
  Bytes data_out{};
};

/// The target and its media, under a clock that only the test moves.
class World {
 public:
  explicit World(const Options& options = {});

  Target target;
  std::vector<std::unique_ptr<server::MemoryDevice>> disks{};
  Moment now = 1000;

  /// With `hold`, operations wait in `held` until the test lets them go.
  bool hold = false;
  /// With `idle`, they are not even fetched from the target: they wait in its list.
  bool idle = false;
  std::deque<HeldOperation> held{};
  /// Ends the operation held at `index` as the medium would, or with `failure`.
  void release(std::size_t index = 0, std::optional<scsi::MediumResult> failure = std::nullopt);
  void release_all();

  [[nodiscard]] ConnectionId open();
  /// Puts bytes into the connection, at the most `chunk` at a time; returns how many it took before
  /// it wanted no more.
  std::size_t put(ConnectionId id, ByteView bytes, std::size_t chunk = SIZE_MAX);
  [[nodiscard]] Bytes take(ConnectionId id);
  /// The socket is gone.
  void close(ConnectionId id);
  void wait(Moment milliseconds);
  /// Everything that an owner does after an event.
  void pump();

  [[nodiscard]] Bytes on_disk(std::uint64_t lba, std::uint64_t blocks, std::size_t unit = 0) const;
  void fill(std::uint64_t lba, ByteView bytes, std::size_t unit = 0) const;
  [[nodiscard]] std::vector<std::string> notes();  ///< slugs of the rules noted since the last call
  /// Connections that the owner has been told of since the last call.
  [[nodiscard]] std::set<ConnectionId> touched() { return std::exchange(touched_, {}); }
  /// The last one that was noted since the last call.
  [[nodiscard]] std::optional<Violation> take_violation() {
    return std::exchange(last_violation_, std::nullopt);
  }
  /// A Reject has been seen: there has to be a note for each, that names the rule.
  void expect_note_for_reject() {
    EXPECT_LE(++rejects_, notes_made_) << "a refusal without a rule";
  }

 private:
  scsi::MediumResult perform(const HeldOperation& operation);
  std::vector<std::string> notes_{};
  std::set<ConnectionId> touched_{};
  std::optional<Violation> last_violation_{};
  std::size_t notes_made_ = 0;
  std::size_t rejects_ = 0;
};

/// Fails the test where the target's counts do not agree with what they count.
void balance(const session::Domain& domain);

/// A PDU from the target.
struct Received {
  pdu::TargetPdu pdu{};
  Bytes data{};

  template <class P>
  [[nodiscard]] const P* as() const {
    return std::get_if<P>(&pdu);
  }
};

[[nodiscard]] std::string to_text(const Received& received);

/// One connection of an initiator that keeps the rules, unless told otherwise.
class Initiator {
 public:
  /// Connects; nothing is sent.
  explicit Initiator(World& world) : world_{&world}, id{world.open()} {}

 private:
  World* world_;

 public:
  ConnectionId id;
  wire::CmdSN cmd_sn{1};  ///< of the next request that is not immediate
  wire::StatSN exp_stat_sn{};
  std::uint32_t next_tag = 1;
  wire::Isid isid{0x0002'3d00'0001};
  wire::Tsih tsih = wire::Tsih::none;
  wire::Cid cid{};
  std::string name = initiator_name;
  pdu::Digests digests{};
  bool acknowledges = true;  ///< false: ExpStatSN stays where it is
  wire::CmdSN last_exp_cmd_sn{};
  wire::CmdSN last_max_cmd_sn{};

  [[nodiscard]] World& world() const { return *world_; }

  /// Logs in with the keys given, in one exchange; true if that succeeds.
  bool log_in(const std::vector<std::string>& keys = {});
  bool log_in_for_discovery(const std::vector<std::string>& keys = {});
  /// A login without the two names, as text.
  pdu::LoginResponse ask_for_login(const std::vector<std::string>& keys);

  [[nodiscard]] InitiatorTaskTag new_tag() { return InitiatorTaskTag{next_tag++}; }

  /// The bytes of a PDU with the numbers of now. CmdSN is used up unless it is immediate.
  template <class P>
  [[nodiscard]] Bytes bytes_of(P pdu, ByteView data = {}, ByteView additional_headers = {}) {
    pdu.exp_stat_sn = exp_stat_sn;
    if constexpr (requires { pdu.cmd_sn; }) {
      pdu.cmd_sn = cmd_sn;
      if (!pdu.immediate) ++cmd_sn;
    }
    return pdu::encode(pdu, data, digests, additional_headers);
  }
  template <class P>
  void send(const P& pdu, ByteView data = {}, ByteView additional_headers = {}) {
    put(bytes_of(pdu, data, additional_headers));
  }
  /// The PDU exactly as it stands.
  template <class P>
  void send_as_is(const P& pdu, ByteView data = {}, ByteView additional_headers = {}) {
    put(pdu::encode(pdu, data, digests, additional_headers));
  }
  void put(ByteView bytes) { EXPECT_EQ(world_->put(id, bytes), bytes.size()); }

  /// What has come, in order.
  [[nodiscard]] std::vector<Received> take();
  /// The only PDU that has come, of this kind; fails the test if it is not so.
  template <class P>
  P only(Bytes* data = nullptr) {
    const auto received = take();
    EXPECT_EQ(received.size(), 1U);
    for (const Received& one : received) {
      if (const P* pdu = one.template as<P>(); pdu != nullptr && received.size() == 1) {
        if (data != nullptr) *data = one.data;
        return *pdu;
      }
      ADD_FAILURE() << "unexpected: " << to_text(one);
    }
    return {};
  }
  void expect_silence() {
    for (const Received& one : take()) ADD_FAILURE() << "unexpected: " << to_text(one);
  }
  void expect_reject(pdu::RejectReason reason, ByteView header);
  [[nodiscard]] bool is_open() const { return world_->target.disposition(id) == Disposition::open; }

 private:
  void check_numbers(const Received& received);

  Bytes incoming_{};
  bool logged_in_ = false;
};

// PDUs in short.

[[nodiscard]] std::array<std::byte, 16> cdb(std::string_view digits);
[[nodiscard]] std::array<std::byte, 16> read_10(std::uint32_t lba, std::uint16_t blocks);
[[nodiscard]] std::array<std::byte, 16> write_10(std::uint32_t lba, std::uint16_t blocks);
inline const auto test_unit_ready = cdb("000000000000");

[[nodiscard]] pdu::ScsiCommand reading(Initiator& initiator, std::uint32_t lba,
                                       std::uint16_t blocks);
[[nodiscard]] pdu::ScsiCommand writing(Initiator& initiator, std::uint32_t lba,
                                       std::uint16_t blocks);
/// ABORT TASK (RFC 3720 10.5), immediate; the task's CmdSN, where it was not the last to be sent.
[[nodiscard]] pdu::TaskManagementRequest aborting(Initiator& initiator, InitiatorTaskTag task);
[[nodiscard]] pdu::TaskManagementRequest aborting(Initiator& initiator, InitiatorTaskTag task,
                                                  wire::CmdSN ref_cmd_sn);
[[nodiscard]] pdu::ScsiCommand without_data(Initiator& initiator,
                                            const std::array<std::byte, 16>& command);

/// Bytes that tell where they are: no two stretches of a few bytes are alike.
[[nodiscard]] Bytes pattern(std::size_t length, std::uint32_t seed = 1);

/// Takes the unit attentions that wait for a new nexus out of the way.
void clear_attentions(Initiator& initiator, std::size_t units = 1);

/// Sense key, ASC and ASCQ of a SCSI Response's data segment in one number, 0xKKAAQQ.
[[nodiscard]] std::uint32_t sense_in(ByteView data_segment);

}  // namespace iscsi::harness
