/// The path of a READ or WRITE through the dispatcher asks for no memory.

#include <cstdlib>
#include <new>

#include "bench.hpp"

namespace {
std::size_t allocations = 0;
}  // namespace

// Replaced for the whole test program; it counts and does nothing else.
void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace scsi {
namespace {

using AllocationTest = Bench;

TEST_F(AllocationTest, ReadAndWriteAllocateNothing) {
  device.raise_attention(5, 2, {0x2A, 0x01});
  for (const std::string_view text :
       {"28 08 00 00 00 01 00 00 08 00", "2a 00 00 00 00 01 00 00 08 00",
        "88 00 00 00 00 00 00 00 00 01 00 00 00 08 00 00", "2f 02 00 00 00 01 00 00 08 00"}) {
    const auto cdb = hex(text);
    const Command command{.nexus = 1, .lun = 0, .cdb = cdb};
    const std::size_t before = allocations;
    const Transfer transfer = plan(device, command);
    const Outcome started = execute(device, command, {}, transfer.bytes);
    const Outcome ended = conclude(device, command, started.operation, {});
    const std::size_t after = allocations;
    EXPECT_EQ(after - before, 0U) << text;
    EXPECT_EQ(started.operation.blocks, 8U);
    EXPECT_EQ(ended, good());
  }
}

TEST_F(AllocationTest, RefusalsAllocateNothing) {
  const auto cdb = hex("28 00 ff ff ff ff 00 00 08 00");
  const std::size_t before = allocations;
  const Outcome refused = execute(device, {.nexus = 1, .lun = 0, .cdb = cdb});
  const auto bytes = encode(refused.sense, refused.sense_format);
  const std::size_t after = allocations;
  EXPECT_EQ(after - before, 0U);
  EXPECT_EQ(bytes.view().size(), 18U);
}

TEST_F(AllocationTest, IsCountedAtAll) {
  const std::size_t before = allocations;
  run("12 00 00 00 60 00");
  EXPECT_GT(allocations, before);
}

}  // namespace
}  // namespace scsi
