#include <algorithm>

#include "bench.hpp"
#include "commands_by_hand.hpp"

namespace scsi {
namespace {

class ReportOperationCodesTest : public Bench {
 protected:
  /// REPORT SUPPORTED OPERATION CODES with byte 2, the operation code and service action asked for.
  Outcome report(unsigned byte_2, unsigned operation_code = 0, unsigned service_action = 0,
                 std::uint32_t allocation_length = 0xFFFF) {
    auto cdb = hex("a3 0c 00 00 00 00 00 00 00 00 00 00");
    cdb[2] = static_cast<std::byte>(byte_2);
    cdb[3] = static_cast<std::byte>(operation_code);
    iscsi::wire::store<2>(cdb, 4, service_action);
    iscsi::wire::store<4>(cdb, 6, allocation_length);
    return execute(device, {.nexus = 1, .lun = 0, .cdb = cdb});
  }
};

const KnownCommand* known(unsigned operation_code) {
  const auto* command = std::ranges::find_if(known_commands, [&](const KnownCommand& candidate) {
    return hex(candidate.cdb)[0] == static_cast<std::byte>(operation_code);
  });
  return command == std::end(known_commands) ? nullptr : command;
}

bool has_actions(unsigned operation_code) {
  return operation_code == 0x9E || operation_code == 0xA3;
}
unsigned action_of(unsigned operation_code) { return operation_code == 0x9E ? 0x10 : 0x0C; }

constexpr std::string_view not_supported = "00 01 00 00";

std::string supported(const KnownCommand& command) {
  const std::size_t size = hex(command.usage_map).size();
  const std::byte lengths[] = {std::byte{0}, static_cast<std::byte>(size)};
  return "00 03" + text(lengths) + std::string(command.usage_map);
}

TEST_F(ReportOperationCodesTest, ListsEveryCommand) {
  std::string list;
  for (const KnownCommand& command : known_commands) {
    const auto cdb = hex(command.cdb);
    const unsigned code = std::to_integer<unsigned>(cdb[0]);
    iscsi::wire::Bytes entry(8);
    entry[0] = cdb[0];
    entry[3] = has_actions(code) ? cdb[1] : std::byte{0};
    entry[5] = has_actions(code) ? std::byte{1} : std::byte{0};  // SERVACTV
    entry[7] = static_cast<std::byte>(cdb.size());
    list += text(entry);
  }
  EXPECT_EQ(report(0), good("00 00 01 00" + list)) << "32 commands of 8 bytes";
  EXPECT_EQ(report(0, 0x9E, 0x99), good("00 00 01 00" + list)) << "the rest of the CDB is ignored";
}

TEST_F(ReportOperationCodesTest, ListsEveryCommandWithTimeouts) {
  const Outcome without = report(0), with = report(0x80);
  ASSERT_EQ(with.data_in.size(), 4 + 32 * 20U);
  EXPECT_EQ(iscsi::wire::load<4>(with.data_in, 0), 32 * 20U);
  for (std::size_t i = 0; i < 32; ++i) {
    auto entry = std::span(without.data_in).subspan(4 + 8 * i, 8);
    auto longer = std::span(with.data_in).subspan(4 + 20 * i, 20);
    iscsi::wire::Bytes expected(entry.begin(), entry.end());
    expected[5] |= std::byte{2};  // CTDP
    EXPECT_EQ(text(longer.first(8)), text(expected));
    EXPECT_EQ(text(longer.subspan(8)), "00 0a 00 00 00 00 00 00 00 00 00 00");
  }
}

TEST_F(ReportOperationCodesTest, DescribesAnyOneOperationCode) {
  for (unsigned code = 0; code < 256; ++code) {
    const KnownCommand* command = known(code);
    if (command == nullptr)
      EXPECT_EQ(report(1, code), good(not_supported)) << code;
    else if (has_actions(code))
      EXPECT_EQ(report(1, code, action_of(code)), bad_cdb(3)) << code;
    else
      EXPECT_EQ(report(1, code, 0x1234), good(supported(*command))) << code;
  }
}

TEST_F(ReportOperationCodesTest, DescribesAnyOneServiceAction) {
  for (unsigned code = 0; code < 256; ++code) {
    const KnownCommand* command = known(code);
    if (command == nullptr)
      EXPECT_EQ(report(2, code, 1), good(not_supported)) << code;
    else if (has_actions(code))
      EXPECT_EQ(report(2, code, action_of(code)), good(supported(*command))) << code;
    else
      EXPECT_EQ(report(2, code, 0), bad_cdb(3)) << code;
  }
}

/// FreeBSD's target took the service action for an index (CVE-2024-42416): all 65,536 of them.
TEST_F(ReportOperationCodesTest, KnowsNoServiceActionBeyondItsOwn) {
  const Outcome none = good(not_supported);
  for (unsigned action = 0; action < 0x10000; ++action) {
    ASSERT_EQ(report(2, 0x9E, action) == none, action != 0x10) << action;
    ASSERT_EQ(report(3, 0xA3, action) == none, action != 0x0C) << action;
  }
}

TEST_F(ReportOperationCodesTest, DescribesEitherKind) {
  for (unsigned code = 0; code < 256; ++code) {
    const KnownCommand* command = known(code);
    const unsigned action = has_actions(code) ? action_of(code) : 0;
    EXPECT_EQ(report(3, code, action),
              good(command != nullptr ? supported(*command) : not_supported))
        << code;
    EXPECT_EQ(report(3, code, action + 1), good(not_supported)) << code;
  }
}

TEST_F(ReportOperationCodesTest, DescribesOneCommandWithTimeouts) {
  EXPECT_EQ(report(0x81, 0x12),
            good("00 83 00 06 12 03 ff ff ff 04 00 0a 00 00 00 00 00 00 00 00 00 00"));
  EXPECT_EQ(report(0x82, 0x9E, 0x10).data_in.size(), 4 + 16 + 12U);
  EXPECT_EQ(report(0x81, 0xFF), good(not_supported));
}

TEST_F(ReportOperationCodesTest, HasNoOtherOptions) {
  for (unsigned options = 4; options < 8; ++options) EXPECT_EQ(report(options), bad_cdb(2, 2));
  EXPECT_EQ(report(0x7B, 0x12), report(3, 0x12)) << "reserved bits";
}

TEST_F(ReportOperationCodesTest, IsCutAtTheAllocationLength) {
  EXPECT_EQ(report(1, 0x12, 0, 0), good());
  EXPECT_EQ(report(1, 0x12, 0, 5), good("00 03 00 06 12"));
  EXPECT_EQ(report(0, 0, 0, 4), good("00 00 01 00"));
  EXPECT_EQ(report(0, 0, 0, 0xFFFFFFFF).data_in.size(), 260U);
  EXPECT_EQ(planned("a3 0c 00 00 00 00 12 34 56 78 00 00"), parameters_in(0x12345678));
  EXPECT_EQ(planned("a3 0c 01 9e 00 00 12 34 56 78 00 00"), no_transfer);
}

/// As Linux asks at each scan.
TEST_F(ReportOperationCodesTest, SaysThatInquiryIsSupported) {
  EXPECT_EQ(run("a3 0c 01 12 00 00 00 00 00 0a 00 00"), good("00 03 00 06 12 03 ff ff ff 04"));
}

}  // namespace
}  // namespace scsi
