/// Random conversations: how bytes are cut on their way changes nothing, and whatever happens, the
/// books balance (`balance`, after every event) and everything comes to an end.

#include "target/harness.hpp"

#include <rapidcheck/gtest.h>

#include <set>

namespace iscsi::harness {
namespace {

using pdu::TaskManagementFunction;

Options options() {
  return {
      .policy = {.max_burst_length = 4096, .first_burst_length = 1024, .max_outstanding_r2t = 3},
      .unit_blocks = {4096, 64}};
}
const std::vector<std::string> keys{"InitialR2T=No",         "ImmediateData=Yes",
                                    "FirstBurstLength=1024", "MaxBurstLength=4096",
                                    "MaxOutstandingR2T=3",   "MaxRecvDataSegmentLength=2000"};

/// An initiator that draws what it does next.
class Talker {
 public:
  Talker(World& world, unsigned number) : initiator{world} {
    initiator.isid = wire::Isid{0x0002'3d00'0000ULL + number};
  }
  Initiator initiator;
  Bytes sent{};  ///< everything since the login

  void log_in(bool digests) {
    auto all = keys;
    if (digests) {
      all.emplace_back("HeaderDigest=CRC32C");
      all.emplace_back("DataDigest=CRC32C");
    }
    RC_ASSERT(initiator.log_in(all));
    clear_attentions(initiator, 2);
  }

  void say_something() {
    switch (*rc::gen::inRange(0, 12)) {
      case 0: return say(pdu::NopOut{.immediate = flip(), .initiator_task_tag = tag()}, data(3000));
      case 1: return say(simple(test_unit_ready));
      case 2:
      case 3: return read();
      case 4:
      case 5:
      case 6: return write();
      case 7: return manage();
      case 8: return text();
      case 9: return skip_or_repeat();
      case 10: return blunder();
      default: static_cast<void>(answer_r2t());
    }
  }

  /// Takes what has come, and remembers what is asked for.
  void listen() {
    for (const Received& received : initiator.take()) {
      if (const auto* r2t = received.as<pdu::ReadyToTransfer>()) open_.push_back(*r2t);
      if (const auto* nop = received.as<pdu::NopIn>();
          nop != nullptr && nop->target_transfer_tag != TargetTransferTag::none)
        pings_.push_back(*nop);
      if (const auto* response = received.as<pdu::TextResponse>())
        text_tag_ = response->final ? TargetTransferTag::none : response->target_transfer_tag;
    }
  }
  [[nodiscard]] bool answer_r2t() {
    if (open_.empty()) return false;
    const auto r2t = open_.front();
    open_.pop_front();
    send_sequence(r2t.initiator_task_tag, r2t.lun, r2t.target_transfer_tag, r2t.buffer_offset,
                  r2t.desired_data_transfer_length);
    return true;
  }
  [[nodiscard]] bool answer_ping() {
    if (pings_.empty()) return false;
    const auto ping = pings_.front();
    pings_.erase(pings_.begin());
    say(pdu::NopOut{
        .immediate = true, .lun = ping.lun, .target_transfer_tag = ping.target_transfer_tag});
    return true;
  }
  /// Sends the command that the target waits for, left out or rejected, so that what is held behind
  /// it can go on; false if it waits for none.
  [[nodiscard]] bool fill_gap() {
    say(pdu::NopOut{.immediate = true, .initiator_task_tag = tag()});
    listen();
    const wire::CmdSN number = initiator.last_exp_cmd_sn;
    if (number == initiator.cmd_sn) return false;
    auto command = without_data(initiator, test_unit_ready);
    command.cmd_sn = number;
    command.exp_stat_sn = initiator.exp_stat_sn;
    put(pdu::encode(command, {}, initiator.digests));
    return true;
  }

 private:
  static bool flip() { return *rc::gen::arbitrary<bool>(); }
  InitiatorTaskTag tag() { return initiator.new_tag(); }
  static Bytes data(std::uint32_t most) { return pattern(*rc::gen::inRange(0U, most)); }
  static pdu::TaskAttribute attribute() {
    using enum pdu::TaskAttribute;
    return *rc::gen::weightedElement<pdu::TaskAttribute>(
        {{4, simple}, {2, untagged}, {2, ordered}, {1, head_of_queue}, {1, aca}});
  }
  static wire::Lun lun() {
    return *rc::gen::weightedElement<wire::Lun>({{6, wire::Lun{0}},
                                                 {2, wire::Lun{1ULL << 48U}},
                                                 {1, wire::Lun{0x4000ULL << 48U}},
                                                 {1, wire::Lun{9ULL << 48U}}});
  }
  pdu::ScsiCommand simple(const std::array<std::byte, 16>& cdb) {
    auto command = without_data(initiator, cdb);
    command.attribute = attribute();
    command.lun = lun();
    return command;
  }
  void put(const Bytes& bytes) {
    sent.insert(sent.end(), bytes.begin(), bytes.end());
    static_cast<void>(initiator.world().put(initiator.id, bytes));
  }
  template <class P>
  void say(const P& pdu, const Bytes& data = {}) {
    put(initiator.bytes_of(pdu, data));
  }

  void read() {
    auto command = reading(initiator, *rc::gen::inRange(0U, 64U),
                           static_cast<std::uint16_t>(*rc::gen::inRange(0, 20)));
    command.immediate = *rc::gen::inRange(0, 5) == 0;
    command.attribute = attribute();
    command.lun = lun();
    if (*rc::gen::inRange(0, 4) == 0)
      command.expected_data_transfer_length = *rc::gen::inRange(0U, 12'000U);
    say(command);
  }

  void write() {
    const auto blocks = static_cast<std::uint16_t>(*rc::gen::inRange(0, 24));
    auto command = writing(initiator, *rc::gen::inRange(0U, 40U), blocks);
    command.immediate = *rc::gen::inRange(0, 5) == 0;
    command.attribute = attribute();
    command.lun = lun();
    if (*rc::gen::inRange(0, 4) == 0)
      command.expected_data_transfer_length = *rc::gen::inRange(0U, 12'000U);
    const std::uint32_t expected = command.expected_data_transfer_length;
    const std::uint32_t burst = std::min(1024U, expected);
    const std::uint32_t immediate = *rc::gen::inRange(0U, burst + 1);
    command.final = immediate == expected || flip();
    say(command, pattern(immediate));
    if (!command.final)
      send_sequence(command.initiator_task_tag, {}, TargetTransferTag::none, immediate,
                    burst - immediate);
  }

  void send_sequence(InitiatorTaskTag task, wire::Lun unit, TargetTransferTag transfer,
                     std::uint32_t offset, std::uint32_t length) {
    const auto most = *rc::gen::element(100U, 512U, 8000U);
    std::uint32_t number = 0;
    do {
      const std::uint32_t now = std::min(most, length);
      say(pdu::DataOut{.final = now == length,
                       .lun = unit,
                       .initiator_task_tag = task,
                       .target_transfer_tag = transfer,
                       .data_sn = {number++},
                       .buffer_offset = offset},
          pattern(now, offset));
      offset += now;
      length -= now;
    } while (length > 0);
  }

  void manage() {
    using enum TaskManagementFunction;
    const auto function =
        *rc::gen::weightedElement<TaskManagementFunction>({{6, abort_task},
                                                           {4, abort_task_set},
                                                           {3, clear_task_set},
                                                           {1, clear_aca},
                                                           {2, logical_unit_reset},
                                                           {1, target_warm_reset},
                                                           {1, task_reassign}});
    pdu::TaskManagementRequest request{.immediate = flip() || function == task_reassign,
                                       .function = function,
                                       .lun = lun(),
                                       .initiator_task_tag = tag()};
    if (request.references_task()) {
      request.referenced_task_tag =
          InitiatorTaskTag{initiator.next_tag - *rc::gen::inRange(0U, 6U)};
      request.ref_cmd_sn = initiator.cmd_sn - *rc::gen::inRange(0U, 6U);
    }
    say(request);
  }

  void text() {
    const bool goes_on = text_tag_ != TargetTransferTag::none && flip();
    pdu::TextRequest request{
        .immediate = flip(), .final = flip(), .initiator_task_tag = InitiatorTaskTag{0x7e57}};
    if (goes_on) request.target_transfer_tag = text_tag_;
    request.continued = !request.final && flip();
    const std::string words = *rc::gen::element<std::string>(
        "", std::string{"MaxRecvDataSegmentLength=2000\0", 30}, std::string{"SendTargets=\0", 13},
        std::string{"X-a.b=1\0", 8}, "X-par");
    say(request, Bytes{wire::as_bytes(words).begin(), wire::as_bytes(words).end()});
  }

  void skip_or_repeat() {
    if (flip() && skipped_ < 3) {
      ++skipped_;
      ++initiator.cmd_sn;
      return;
    }
    if (last_.empty() || flip()) last_ = initiator.bytes_of(simple(test_unit_ready));
    put(last_);
  }

  void blunder() {
    switch (*rc::gen::inRange(0, 5)) {
      case 0: return say(pdu::SnackRequest{.type = pdu::SnackType::status});
      case 1:
        return say(
            pdu::DataOut{.initiator_task_tag = InitiatorTaskTag{*rc::gen::inRange(0U, 50U)},
                         .target_transfer_tag = TargetTransferTag{*rc::gen::inRange(0U, 20U)},
                         .buffer_offset = *rc::gen::inRange(0U, 5000U)},
            data(600));
      case 2: return put(hex("5c80" + std::string(92, '0') + digest_of_header()));
      case 3:
        return say(
            pdu::NopOut{.immediate = true, .target_transfer_tag = TargetTransferTag{0x4711}});
      default: {
        auto command = simple(test_unit_ready);
        command.immediate = true;
        command.initiator_task_tag = InitiatorTaskTag{*rc::gen::inRange(0U, 30U)};
        return say(command);
      }
    }
  }
  /// Of that one PDU; the only one that is not made by the encoder.
  std::string digest_of_header() const {
    if (!initiator.digests.header) return {};
    Bytes stream;
    pdu::HeaderBytes header{std::byte{0x5c}, std::byte{0x80}};
    pdu::append(stream, header, {}, {}, initiator.digests);
    return test::to_hex(ByteView{stream}.subspan(48));
  }

  std::deque<pdu::ReadyToTransfer> open_{};
  std::vector<pdu::NopIn> pings_{};
  int skipped_ = 0;
  TargetTransferTag text_tag_ = TargetTransferTag::none;
  Bytes last_{};
};

/// A world whose medium does nothing before the end: where its answers come in between depends on
/// when its owner asks for work, and not on the bytes alone.
class QuietWorld : public World {
 public:
  QuietWorld() : World{options()} {}
  Talker enter(bool digests) {
    Talker talker{*this, 1};
    talker.log_in(digests);
    idle = true;
    return talker;
  }
  /// Everything that the target has to say in the end.
  Bytes end(const Talker& talker) {
    idle = false;
    pump();
    return take(talker.initiator.id);
  }
};

RC_GTEST_PROP(Conversations, DoNotDependOnHowTheirBytesAreCut, ()) {
  const bool digests = *rc::gen::arbitrary<bool>();
  QuietWorld one;
  Talker talker = one.enter(digests);
  const auto steps = *rc::gen::inRange(1, 40);
  for (int i = 0; i < steps; ++i) {
    talker.say_something();
    talker.listen();
  }
  static_cast<void>(one.end(talker));

  QuietWorld other;
  const Talker twin = other.enter(digests);
  QuietWorld third;
  const Talker triplet = third.enter(digests);
  // All at once, and in pieces of a few bytes.
  RC_ASSERT(other.put(twin.initiator.id, talker.sent) == talker.sent.size());
  ByteView rest{talker.sent};
  while (!rest.empty()) {
    const auto now = std::min<std::size_t>(rest.size(), *rc::gen::element(1U, 7U, 48U, 333U));
    RC_ASSERT(third.put(triplet.initiator.id, rest.first(now)) == now);
    rest = rest.subspan(now);
  }
  RC_ASSERT((other.end(twin) == third.end(triplet)));
  for (std::size_t unit = 0; unit < 2; ++unit) {
    RC_ASSERT((one.on_disk(0, 64, unit) == other.on_disk(0, 64, unit)));
    RC_ASSERT((one.on_disk(0, 64, unit) == third.on_disk(0, 64, unit)));
  }
}

/// Lets everything go on that can, until nothing moves any more.
void come_to_an_end(World& world, std::vector<Talker>& talkers) {
  for (int round = 0; round < 1000; ++round) {
    bool moved = !world.held.empty();
    world.release_all();
    for (Talker& talker : talkers) {
      if (!talker.initiator.is_open()) continue;
      talker.listen();
      moved = talker.answer_r2t() || moved;
      moved = talker.answer_ping() || moved;
      moved = talker.fill_gap() || moved;
      moved = !world.held.empty() || moved;
    }
    if (!moved) return;
  }
  RC_FAIL("it goes on for ever");
}

RC_GTEST_PROP(Conversations, BalanceAndEndWhateverHappens, ()) {
  World world{options()};
  std::vector<Talker> talkers;
  unsigned number = 0;
  const auto enter = [&] {
    talkers.emplace_back(world, ++number);
    talkers.back().log_in(false);
  };
  enter();
  enter();
  world.hold = true;
  const auto steps = *rc::gen::inRange(10, 80);
  for (int step = 0; step < steps; ++step) {
    Talker& talker = talkers[*rc::gen::inRange<std::size_t>(0, talkers.size())];
    switch (*rc::gen::inRange(0, 12)) {
      case 0:
        if (!world.held.empty())
          world.release(*rc::gen::inRange<std::size_t>(0, world.held.size()),
                        *rc::gen::element(std::optional<scsi::MediumResult>{},
                                          std::optional<scsi::MediumResult>{
                                              {.kind = scsi::MediumResult::Kind::not_ready}}));
        break;
      case 1: talker.listen(); break;
      case 2:
        if (talkers.size() < 4 && *rc::gen::inRange(0, 3) == 0) {
          world.hold = false;
          enter();
          world.hold = true;
        }
        break;
      case 3:
        if (*rc::gen::inRange(0, 6) == 0) world.close(talker.initiator.id);
        break;
      case 4:
        if (*rc::gen::inRange(0, 4) == 0) world.wait(*rc::gen::inRange<Moment>(0, 20'000));
        break;
      default:
        if (talker.initiator.is_open()) talker.say_something();
    }
  }
  come_to_an_end(world, talkers);
  for (const auto& [tsih, session] : world.target.domain().sessions) {
    RC_ASSERT(session.tasks.empty());
    RC_ASSERT(session.held.empty());
    RC_ASSERT(session.functions.empty());
  }
  RC_ASSERT(world.target.domain().orphans.empty());
  RC_ASSERT(world.target.domain().waiting_tasks == 0U);
}

RC_GTEST_PROP(Conversations, SurviveDamage, ()) {
  World world{options()};
  Talker talker{world, 1};
  talker.log_in(false);
  const auto steps = *rc::gen::inRange(1, 30);
  for (int i = 0; i < steps; ++i) {
    talker.say_something();
    talker.listen();
  }
  Bytes bytes = talker.sent;
  const auto damages = *rc::gen::inRange(1, 6);
  for (int i = 0; i < damages && !bytes.empty(); ++i)
    bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] ^=
        static_cast<std::byte>(1U << *rc::gen::inRange(0U, 8U));
  World damaged{options()};
  damaged.hold = *rc::gen::arbitrary<bool>();
  Talker victim{damaged, 1};
  victim.log_in(false);
  static_cast<void>(damaged.put(victim.initiator.id, bytes));
  static_cast<void>(damaged.take(victim.initiator.id));
  damaged.release_all();
  damaged.close(victim.initiator.id);
  damaged.wait(60'000);
  RC_ASSERT(damaged.target.session_count() == 0U);
  RC_ASSERT(damaged.target.domain().orphans.empty());
}

}  // namespace
}  // namespace iscsi::harness
