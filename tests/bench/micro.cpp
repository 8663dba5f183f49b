/// Single functions, measured alone: reading and writing PDUs, CRC32C against what the processor's
/// instruction allows, the SCSI dispatcher, and whole commands through a target without a socket.
/// The counter `allocations` is that of one iteration.

#include <benchmark/benchmark.h>
#include <nmmintrin.h>

#include <array>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "login/names.hpp"
#include "pdu/codec.hpp"
#include "scsi/dispatch.hpp"
#include "server/memory_device.hpp"
#include "server/perform.hpp"
#include "target/allocations.hpp"
#include "target/target.hpp"
#include "wire/crc32c.hpp"

namespace {

using namespace iscsi;
using wire::Bytes;
using wire::ByteView;

/// Tells the allocations of one iteration at its end.
class CountAllocations {
 public:
  explicit CountAllocations(benchmark::State& state) : state_(state) {}
  CountAllocations(const CountAllocations&) = delete;
  CountAllocations& operator=(const CountAllocations&) = delete;
  ~CountAllocations() {
    state_.counters["allocations"] = benchmark::Counter(
        static_cast<double>(harness::allocations() - before_), benchmark::Counter::kAvgIterations);
  }

 private:
  benchmark::State& state_;
  std::size_t before_ = harness::allocations();
};

// PDUs.

pdu::ScsiCommand read_command(std::uint32_t lba, std::uint16_t blocks) {
  pdu::ScsiCommand command{.read = blocks != 0,
                           .attribute = pdu::TaskAttribute::simple,
                           .expected_data_transfer_length = blocks * 512U};
  command.cdb[0] = std::byte{0x28};
  wire::store<4>(command.cdb, 2, lba);
  wire::store<2>(command.cdb, 7, blocks);
  return command;
}

void frame_and_decode_command(benchmark::State& state) {
  const Bytes stream = pdu::encode(read_command(7, 8));
  const CountAllocations count(state);
  for (auto _ : state) {
    const auto framing = pdu::next_frame(stream, {});
    const auto decoded = pdu::decode_request(std::get<pdu::Framed>(framing).frame);
    benchmark::DoNotOptimize(decoded);
  }
}
BENCHMARK(frame_and_decode_command);

void audit_command(benchmark::State& state) {
  const Bytes stream = pdu::encode(read_command(7, 8));
  const auto framing = pdu::next_frame(stream, {});
  const CountAllocations count(state);
  for (auto _ : state) benchmark::DoNotOptimize(pdu::audit(std::get<pdu::Framed>(framing).frame));
}
BENCHMARK(audit_command);

void encode_data_in_header(benchmark::State& state) {
  const pdu::DataIn data{.has_status = true, .initiator_task_tag = wire::InitiatorTaskTag{7}};
  const CountAllocations count(state);
  for (auto _ : state) {
    auto header = pdu::encode_header(data, {.data = 4096});
    benchmark::DoNotOptimize(header);
  }
}
BENCHMARK(encode_data_in_header);

// CRC32C.

void crc32c(benchmark::State& state) {
  const Bytes data(static_cast<std::size_t>(state.range(0)), std::byte{0x5a});
  for (auto _ : state) benchmark::DoNotOptimize(wire::crc32c(data));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(crc32c)->Arg(48)->Arg(4096)->Arg(65536)->Arg(262144);

void crc32c_by_table(benchmark::State& state) {
  const Bytes data(static_cast<std::size_t>(state.range(0)), std::byte{0x5a});
  for (auto _ : state) benchmark::DoNotOptimize(wire::crc32c_by_table(data));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(crc32c_by_table)->Arg(4096);

/// Eight bytes at a time along three chains that know nothing of each other: the instruction can
/// begin once in a cycle and takes three. What a checksum by that instruction may hope for.
__attribute__((target("sse4.2"))) void crc32c_instruction_limit(benchmark::State& state) {
  const std::vector<std::uint64_t> data(static_cast<std::size_t>(state.range(0)) / 8, 0x5a);
  for (auto _ : state) {
    std::uint64_t one = 0, two = 0, three = 0;
    for (std::size_t i = 0; i + 3 <= data.size(); i += 3) {
      one = _mm_crc32_u64(one, data[i]);
      two = _mm_crc32_u64(two, data[i + 1]);
      three = _mm_crc32_u64(three, data[i + 2]);
    }
    benchmark::DoNotOptimize(one + two + three);
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(crc32c_instruction_limit)->Arg(4080)->Arg(65520)->Arg(262128);

// SCSI.

constexpr std::uint64_t disk_bytes = 64U << 20U;

scsi::Device device_with_one_unit() {
  scsi::Device device;
  if (!device.add_unit(0, {.block_count = disk_bytes / 512})) throw std::runtime_error("no unit");
  device.nexus_established(1);
  return device;
}

void dispatch(benchmark::State& state, const std::vector<std::byte>& cdb) {
  scsi::Device device = device_with_one_unit();
  const scsi::Command command{.nexus = 1, .cdb = cdb};
  benchmark::DoNotOptimize(scsi::execute(device, command));  // takes the unit attention
  const CountAllocations count(state);
  for (auto _ : state) {
    const scsi::Transfer transfer = scsi::plan(device, command);
    benchmark::DoNotOptimize(transfer);
    scsi::Outcome outcome = scsi::execute(device, command);
    if (outcome.operation.kind != scsi::Operation::Kind::none)
      outcome = scsi::conclude(device, command, outcome.operation, {});
    benchmark::DoNotOptimize(outcome);
  }
}

std::vector<std::byte> cdb_of(std::initializer_list<unsigned> bytes) {
  std::vector<std::byte> cdb;
  for (const unsigned byte : bytes) cdb.push_back(static_cast<std::byte>(byte));
  return cdb;
}
BENCHMARK_CAPTURE(dispatch, test_unit_ready, cdb_of({0, 0, 0, 0, 0, 0}));
BENCHMARK_CAPTURE(dispatch, read_10, cdb_of({0x28, 0, 0, 0, 0, 7, 0, 0, 8, 0}));
BENCHMARK_CAPTURE(dispatch, inquiry, cdb_of({0x12, 0, 0, 0, 96, 0}));

// Whole commands through a target: bytes in, the medium, bytes out.

class InProcess {
 public:
  InProcess() : target_(configuration()), disk_(disk_bytes) {
    const Bytes written(disk_bytes / 64, std::byte{0x5a});
    const std::array<ByteView, 1> pieces{written};
    if (disk_.write(0, pieces, false) != scsi::MediumResult{}) throw std::runtime_error("disk");
    connection_ = target_.opened({.host = "127.0.0.1", .port = 3260}, Fresh{}, 0);
    log_in();
    exchange(pdu::encode(numbered(read_command(0, 1))));  // takes the unit attention
  }

  /// Numbers the command as the next one.
  pdu::ScsiCommand numbered(pdu::ScsiCommand command) {
    command.initiator_task_tag = wire::InitiatorTaskTag{next_};
    command.cmd_sn = wire::CmdSN{next_++};
    return command;
  }

  /// Feeds a request, does the medium's work, fetches the answer; returns its size in bytes.
  std::size_t exchange(ByteView request) {
    target_.receive(connection_, request, 0);
    while (const auto work = target_.next_medium_request())
      target_.finished(*work,
                       server::perform(disk_, work->operation, work->data_out, work->data_in), 0);
    std::size_t bytes = 0;
    while (target_.has_output(connection_)) {
      std::array<ByteView, 16> views;
      std::size_t gathered = 0;
      for (std::size_t i = 0, used = target_.gather(connection_, views); i < used; ++i)
        gathered += views[i].size();
      target_.sent(connection_, gathered, 0);
      bytes += gathered;
    }
    touched_ = target_.take_touched();
    return bytes;
  }

 private:
  static Configuration configuration() {
    Configuration configuration{
        .login = {.target = *login::parse_name("iqn.2004-04.com.example:disk")}};
    configuration.units.push_back({.block_count = disk_bytes / 512});
    return configuration;
  }

  void log_in() {
    const pdu::LoginRequest request{.transit = true,
                                    .current_stage = pdu::LoginStage::operational_negotiation,
                                    .next_stage = pdu::LoginStage::full_feature_phase,
                                    .isid = wire::Isid{0x800000000001},
                                    .cmd_sn = wire::CmdSN{next_}};
    std::string text;
    for (const char* pair :
         {"InitiatorName=iqn.2004-04.com.example:host", "TargetName=iqn.2004-04.com.example:disk",
          "SessionType=Normal", "MaxRecvDataSegmentLength=262144", "InitialR2T=No",
          "ImmediateData=Yes"})
      text.append(pair).push_back('\0');
    exchange(pdu::encode(request, wire::as_bytes(text)));
    if (target_.session_count() != 1) throw std::runtime_error("no login");
  }

  Target target_;
  server::MemoryDevice disk_;
  ConnectionId connection_{};
  std::vector<ConnectionId> touched_;
  std::uint32_t next_ = 1;
};

void run_commands(benchmark::State& state, bool write) {
  InProcess peer;
  const auto bytes = static_cast<std::size_t>(state.range(0));
  const Bytes data(write ? bytes : 0, std::byte{0x5a});
  pdu::ScsiCommand command = read_command(8, static_cast<std::uint16_t>(bytes / 512));
  command.read = !write;
  command.write = write;
  if (write) command.cdb[0] = std::byte{0x2A};
  std::size_t answered = 0;
  Bytes request;
  const CountAllocations count(state);
  for (auto _ : state) {
    request.clear();
    pdu::append(request, pdu::encode_header(peer.numbered(command), {.data = data.size()}), {},
                data, {});
    answered = peer.exchange(request);
  }
  if (answered != 48 + (write ? 0 : bytes)) state.SkipWithError("not the answer expected");
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
void whole_read(benchmark::State& state) { run_commands(state, false); }
void whole_write(benchmark::State& state) { run_commands(state, true); }
BENCHMARK(whole_read)->Arg(512)->Arg(4096)->Arg(131072);
BENCHMARK(whole_write)->Arg(512)->Arg(4096)->Arg(65536);

}  // namespace

BENCHMARK_MAIN();
