#include <algorithm>

#include "bench.hpp"

namespace scsi {
namespace {

using InquiryTest = Bench;

constexpr std::string_view standard_of_unit_0 =
    "00 00 06 12 5b 00 00 02 41 43 4d 45 20 20 20 20"
    "44 49 53 4b 20 20 20 20 20 20 20 20 20 20 20 20"
    "32 2e 31 20 00 00 00 00 00 00 00 00 00 00 00 00"
    "00 00 00 00 00 00 00 00 00 00 00 a0 04 60 04 c0"
    "09 60 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
    "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00";

TEST_F(InquiryTest, DescribesADirectAccessDeviceOfSpc4) {
  EXPECT_EQ(run("12 00 00 00 60 00"), good(standard_of_unit_0));
  EXPECT_EQ(planned("12 00 00 00 60 00"), parameters_in(96));
}

TEST_F(InquiryTest, TellsTheTransportsOwnVersionDescriptor) {
  unit().configuration.transport_standard = 0x0D40;
  const Outcome outcome = run("12 00 00 00 60 00");
  EXPECT_EQ(text(std::span(outcome.data_in).subspan(64, 2)), "0d 40");
}

TEST_F(InquiryTest, IsCutAtEveryAllocationLength) {
  const auto whole = hex(standard_of_unit_0);
  for (unsigned length = 0; length < 300; ++length) {
    iscsi::wire::Bytes cdb = hex("12 00 00 00 00 00");
    iscsi::wire::store<2>(cdb, 3, length);
    const Command command{.nexus = 1, .lun = 0, .cdb = cdb};
    const std::size_t size = std::min<std::size_t>(length, whole.size());
    EXPECT_EQ(plan(device, command), length == 0 ? no_transfer : parameters_in(length));
    EXPECT_EQ(execute(device, command).data_in,
              iscsi::wire::Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
  }
}

TEST_F(InquiryTest, IgnoresTheLunBitsThatScsi2HadInTheCdb) {
  EXPECT_EQ(run("12 20 00 00 ff 00"), good(standard_of_unit_0));
  EXPECT_EQ(run("12 e0 00 00 ff 00"), good(standard_of_unit_0));
}

TEST_F(InquiryTest, HasNoPageWithoutEvpdAndNoCommandData) {
  for (unsigned page = 1; page < 256; ++page) {
    iscsi::wire::Bytes cdb = hex("12 00 00 00 60 00");
    cdb[2] = static_cast<std::byte>(page);
    EXPECT_EQ(execute(device, {.nexus = 1, .lun = 0, .cdb = cdb}), bad_cdb(2)) << page;
    EXPECT_EQ(plan(device, {.nexus = 1, .lun = 0, .cdb = cdb}), no_transfer);
  }
  EXPECT_EQ(run("12 02 00 00 60 00"), bad_cdb(1, 1));
}

TEST_F(InquiryTest, HasTheVitalProductPagesItListsAndNoOthers) {
  const Outcome list = run("12 01 00 00 ff 00");
  EXPECT_EQ(list, good("00 00 00 07 00 80 83 86 b0 b1 b2"));
  for (unsigned page = 0; page < 256; ++page) {
    iscsi::wire::Bytes cdb = hex("12 01 00 00 ff 00");
    cdb[2] = static_cast<std::byte>(page);
    const Outcome outcome = execute(device, {.nexus = 1, .lun = 0, .cdb = cdb});
    const auto listed = std::span(list.data_in).subspan(4);
    if (std::ranges::find(listed, static_cast<std::byte>(page)) == listed.end()) {
      EXPECT_EQ(outcome, bad_cdb(2)) << page;
      continue;
    }
    ASSERT_GE(outcome.data_in.size(), 4U);
    EXPECT_EQ(outcome.data_in[1], static_cast<std::byte>(page));
    EXPECT_EQ(iscsi::wire::load<2>(outcome.data_in, 2), outcome.data_in.size() - 4);
  }
}

TEST_F(InquiryTest, TellsTheSerialNumber) {
  EXPECT_EQ(run("12 01 80 00 ff 00"), good("00 80 00 03 53 4e 37"));
  EXPECT_EQ(run("12 01 80 00 04 00"), good("00 80 00 03"));
}

TEST_F(InquiryTest, IdentifiesTheUnitByVendorAndSerial) {
  EXPECT_EQ(run("12 01 83 00 ff 00"),
            good("00 83 00 0f 02 01 00 0b 41 43 4d 45 20 20 20 20 53 4e 37"));
}

TEST_F(InquiryTest, TellsTheDesignatorsItWasGiven) {
  unit().configuration.designators = {
      {.type = Designator::Type::naa, .identifier = hex("31 22 33 44 55 66 77 88")},
      {.association = Designator::Association::target_port,
       .type = Designator::Type::relative_target_port,
       .identifier = hex("00 00 00 01")},
      {.association = Designator::Association::target_device,
       .code_set = Designator::CodeSet::utf8,
       .type = Designator::Type::scsi_name_string,
       .identifier = hex("69 71 6e 00")},
      {.type = Designator::Type::eui_64, .identifier = hex("02 00 45 67 a4 25 67 8d")},
  };
  EXPECT_EQ(run("12 01 83 00 ff 00"), good("00 83 00 37"
                                           "02 01 00 0b 41 43 4d 45 20 20 20 20 53 4e 37"
                                           "01 03 00 08 31 22 33 44 55 66 77 88"
                                           "51 94 00 04 00 00 00 01"
                                           "53 a8 00 04 69 71 6e 00"
                                           "01 02 00 08 02 00 45 67 a4 25 67 8d"));
}

TEST_F(InquiryTest, TellsExtendedData) {
  EXPECT_EQ(run("12 01 86 00 ff 00"),
            good("00 86 00 3c 00 07 01 00 00 00 00 00 00 20" + zeros(50)));
}

TEST_F(InquiryTest, TellsTheGreatestTransfer) {
  EXPECT_EQ(run("12 01 b0 00 ff 00"), good("00 b0 00 3c" + zeros(60)));
  EXPECT_EQ(run("12 01 b0 00 ff 00", 1, 5),
            good("00 b0 00 3c 00 00 00 00 00 00 00 10" + zeros(52)));
}

TEST_F(InquiryTest, TellsWhetherTheMediumTurns) {
  EXPECT_EQ(run("12 01 b1 00 ff 00"), good("00 b1 00 3c 00 01" + zeros(58)));
  EXPECT_EQ(run("12 01 b1 00 ff 00", 1, 5), good("00 b1 00 3c" + zeros(60)));
}

TEST_F(InquiryTest, TellsThatTheUnitIsFullyProvisioned) {
  EXPECT_EQ(run("12 01 b2 00 ff 00"), good("00 b2 00 04 00 00 00 00"));
}

TEST_F(InquiryTest, AnswersForAnAbsentUnitThatThereIsNone) {
  const Outcome outcome = run("12 00 00 00 ff 00", 1, 1);
  EXPECT_EQ(outcome, good("7f 00 06 12 5b 00 00 02 20 20 20 20 20 20 20 20"
                          "20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 20"
                          "20 20 20 20" +
                          zeros(22) + "00 a0 04 60 04 c0" + zeros(32)));
  EXPECT_EQ(run("12 01 00 00 ff 00", 1, 1), good("7f 00 00 01 00"));
  for (unsigned page = 1; page < 256; ++page) {
    iscsi::wire::Bytes cdb = hex("12 01 00 00 ff 00");
    cdb[2] = static_cast<std::byte>(page);
    EXPECT_EQ(execute(device, {.nexus = 1, .lun = lun_field(1), .cdb = cdb}), bad_cdb(2)) << page;
  }
}

}  // namespace
}  // namespace scsi
