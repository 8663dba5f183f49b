#include "bench.hpp"

namespace scsi {
namespace {

class ModeSelectTest : public Bench {
 protected:
  /// MODE SELECT(6), PF 1, of the whole list.
  Outcome select(std::string_view list, NexusId nexus = 1) {
    return select_bytes(hex(list), nexus);
  }
  Outcome select_bytes(const iscsi::wire::Bytes& list, NexusId nexus = 1) {
    iscsi::wire::Bytes cdb = hex("15 10 00 00 00 00");
    cdb[4] = static_cast<std::byte>(list.size());
    return execute(device, {.nexus = nexus, .lun = 0, .cdb = cdb}, list, 0);
  }
  Outcome select_10(std::string_view text) {
    const auto list = hex(text);
    iscsi::wire::Bytes cdb = hex("55 10 00 00 00 00 00 00 00 00");
    iscsi::wire::store<2>(cdb, 7, list.size());
    return execute(device, {.nexus = 1, .lun = 0, .cdb = cdb}, list, 0);
  }
  /// Says what the list does, and that a refused one changed nothing.
  void expect_refused(std::string_view list, const Outcome& outcome) {
    const Device before = device;
    EXPECT_EQ(select(list), outcome) << list;
    EXPECT_EQ(device, before) << list;
  }
};

const std::string caching_off = "08 12 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00";
const std::string caching_on = "08 12 04 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00";
const std::string d_sense = "0a 0a 04 10 00 00 00 00 00 00 00 00";
const std::string protect = "0a 0a 00 10 08 00 00 00 00 00 00 00";
const std::string exceptions = "1c 0a 08 00 00 00 00 00 00 00 00 00";
const Outcome too_short = check(SenseKey::illegal_request, {0x1A, 0x00});
const Operation flush_all{.kind = Operation::Kind::flush, .blocks = 1000};

TEST_F(ModeSelectTest, ChangesDescriptorSense) {
  EXPECT_EQ(select("00 00 00 00" + d_sense), good());
  EXPECT_EQ(run("1a 08 0a 00 ff 00").data_in, hex("0f 00 10 00" + d_sense));
  const Outcome outcome = run("ff");
  EXPECT_EQ(outcome.sense_format, SenseFormat::descriptor);
  EXPECT_EQ(text(encode(outcome.sense, outcome.sense_format).view()), "72 05 20 00 00 00 00 00");
}

TEST_F(ModeSelectTest, SoftwareWriteProtectionRefusesWritesAfterAFlush) {
  EXPECT_EQ(select("00 00 00 00" + protect), good(flush_all));
  EXPECT_EQ(run("2a 00 00 00 00 00 00 00 01 00"), check(SenseKey::data_protect, {0x27, 0x00}));
  EXPECT_EQ(run("28 00 00 00 00 00 00 00 01 00").operation.kind, Operation::Kind::read);
  EXPECT_EQ(select("00 00 00 00 0a 0a 00 10 00 00 00 00 00 00 00 00"), good());
  EXPECT_EQ(run("2a 00 00 00 00 00 00 00 01 00").operation.kind, Operation::Kind::write);
}

TEST_F(ModeSelectTest, WithoutAWriteCacheEveryWriteIsDurable) {
  EXPECT_FALSE(run("2a 00 00 00 00 00 00 00 01 00").operation.durable);
  EXPECT_EQ(select("00 00 00 00" + caching_off), good(flush_all));
  EXPECT_TRUE(run("2a 00 00 00 00 00 00 00 01 00").operation.durable);
  EXPECT_TRUE(run("0a 00 00 00 01 00").operation.durable);
  EXPECT_EQ(select("00 00 00 00" + caching_on), good());
  EXPECT_FALSE(run("2a 00 00 00 00 00 00 00 01 00").operation.durable);
}

TEST_F(ModeSelectTest, FlushesWhenSomethingIsSwitchedOffAndNotWhileItStaysSo) {
  EXPECT_EQ(select("00 00 00 00" + caching_off), good(flush_all));
  EXPECT_EQ(select("00 00 00 00" + protect), good(flush_all));
  const std::string protect_and_d_sense = "0a 0a 04 10 08 00 00 00 00 00 00 00";
  EXPECT_EQ(select("00 00 00 00" + protect_and_d_sense), good());
  EXPECT_TRUE(unit().mode.descriptor_sense());
}

TEST_F(ModeSelectTest, AFlushThatFailsFailsTheCommand) {
  const Outcome outcome = select("00 00 00 00" + caching_off);
  EXPECT_EQ(concluded("15 10 00 00 18 00", outcome.operation, {}), good());
  EXPECT_EQ(concluded("15 10 00 00 18 00", outcome.operation,
                      {.kind = MediumResult::Kind::write_error, .offset = 512}),
            check(SenseKey::medium_error, {0x0C, 0x00}));
  EXPECT_FALSE(unit().stopped);
}

TEST_F(ModeSelectTest, TellsTheOtherNexusesOfAChangeOnce) {
  EXPECT_EQ(select("00 00 00 00" + d_sense), good());
  EXPECT_EQ(run("00 00 00 00 00 00", 1), Outcome{.sense_format = SenseFormat::descriptor});
  Outcome attention = check(SenseKey::unit_attention, {0x2A, 0x01});
  attention.sense_format = SenseFormat::descriptor;
  EXPECT_EQ(run("00 00 00 00 00 00", 2), attention);
  EXPECT_EQ(run("00 00 00 00 00 00", 2).status, Status::good);
}

TEST_F(ModeSelectTest, ThatChangesNothingIsToldToNobody) {
  const Device before = device;
  EXPECT_EQ(select("00 00 00 00" + caching_on + exceptions), good());
  EXPECT_EQ(select("00 00 00 00"), good());
  EXPECT_EQ(run("15 10 00 00 00 00"), good()) << "no list at all";
  EXPECT_EQ(run("15 00 00 00 00 00"), good());
  EXPECT_EQ(device, before);
}

TEST_F(ModeSelectTest, TakesWhatModeSenseTold) {
  for (const std::string_view sense : {"1a 00 3f 00 ff 00", "1a 08 3f 00 ff 00"}) {
    const Device before = device;
    EXPECT_EQ(select_bytes(run(sense).data_in), good());
    EXPECT_EQ(device, before);
  }
  for (const std::string_view sense :
       {"5a 00 3f 00 00 00 00 00 ff 00", "5a 10 3f 00 00 00 00 00 ff 00",
        "5a 08 3f 00 00 00 00 00 ff 00"}) {
    const Device before = device;
    EXPECT_EQ(select_10(text(run(sense).data_in)), good());
    EXPECT_EQ(device, before);
  }
}

TEST_F(ModeSelectTest, LetsTheLastOfTwoLikePagesCount) {
  EXPECT_EQ(select("00 00 00 00" + caching_off + caching_on), good());
  EXPECT_TRUE(unit().mode.write_cache());
  EXPECT_EQ(select("00 00 00 00" + caching_on + caching_off), good(flush_all));
  EXPECT_FALSE(unit().mode.write_cache());
}

TEST_F(ModeSelectTest, DoesNotMindTheBitsThatOnlyModeSenseHas) {
  EXPECT_EQ(select("ff 00 ff 00 88" + caching_on.substr(2)), good()) << "WP, DPOFUA, PS";
}

TEST_F(ModeSelectTest, PlansTheListThatTheCdbTellsOf) {
  EXPECT_EQ(planned("15 10 00 00 18 00"), parameters_out(24));
  EXPECT_EQ(planned("55 10 00 00 00 00 00 12 34 00"), parameters_out(0x1234));
  EXPECT_EQ(planned("15 10 00 00 00 00"), no_transfer);
  EXPECT_EQ(planned("15 11 00 00 18 00"), no_transfer);
}

TEST_F(ModeSelectTest, SavesNothing) {
  EXPECT_EQ(run("15 11 00 00 00 00"), bad_cdb(1, 0));
  EXPECT_EQ(run("55 11 00 00 00 00 00 00 00 00"), bad_cdb(1, 0));
}

TEST_F(ModeSelectTest, WithoutPageFormatTakesABlockDescriptorAndNoPages) {
  const auto list = hex("00 00 00 08 00 00 03 e8 00 00 02 00" + caching_off);
  EXPECT_EQ(run_with("15 00 00 00 0c 00", std::span(list).first(12)), good());
  EXPECT_EQ(run_with("15 00 00 00 20 00", list), bad_cdb(1, 4));
  EXPECT_TRUE(unit().mode.write_cache());
}

TEST_F(ModeSelectTest, RefusesAListThatDidNotComeEntirely) {
  const auto list = hex("00 00 00 00" + caching_off + d_sense);
  const Device before = device;
  for (std::size_t come = 0; come < list.size(); ++come)
    EXPECT_EQ(run_with("15 10 00 00 24 00", std::span(list).first(come)), too_short) << come;
  EXPECT_EQ(device, before);
  EXPECT_EQ(run_with("15 10 00 00 24 00", list), good(flush_all));
}

TEST_F(ModeSelectTest, ReadsNoFurtherThanTheCdbSays) {
  const auto list = hex("00 00 00 00" + d_sense + "ff ff ff");
  EXPECT_EQ(run_with("15 10 00 00 10 00", list), good());
}

TEST_F(ModeSelectTest, RefusesAListThatIsCutInsideAnything) {
  const auto whole = hex("00 00 00 08 00 00 03 e8 00 00 02 00" + caching_off + d_sense);
  for (std::size_t length = 1; length < whole.size(); ++length) {
    const Device before = device;
    const iscsi::wire::Bytes list(whole.begin(),
                                  whole.begin() + static_cast<std::ptrdiff_t>(length));
    const Outcome outcome = select_bytes(list);
    if (length == 12 || length == 32) {  // between descriptor and pages, between two pages
      EXPECT_EQ(outcome.status, Status::good) << length;
    } else {
      EXPECT_EQ(outcome, too_short) << length;
    }
    device = before;
  }
  for (const std::string_view list : {"00", "00 00 00 00 00 00 00"})
    EXPECT_EQ(select_10(list), too_short);
}

TEST_F(ModeSelectTest, PointsAtWhatIsWrongInTheHeader) {
  expect_refused("00 01 00 00", bad_list(1));
  for (unsigned length = 1; length < 256; ++length) {
    auto list = hex("00 00 00 00" + caching_on);
    list[3] = static_cast<std::byte>(length);
    const Outcome outcome = select_bytes(list);
    EXPECT_EQ(outcome.sense.additional, (AdditionalSense{0x26, 0x00})) << length;
    if (length != 8) {
      EXPECT_EQ(outcome, bad_list(3)) << length;
    }
  }
  EXPECT_EQ(select_10("00 00 80 00 00 00 00 00"), bad_list(2));
  EXPECT_EQ(select_10("00 00 00 00 00 00 00 07"), bad_list(6));
  EXPECT_EQ(select_10("00 00 00 00 00 00 01 08"), bad_list(6));
  EXPECT_EQ(select_10("00 00 00 00 00 00 00 10"), bad_list(6)) << "16 is the length of a long one";
  EXPECT_EQ(select_10("00 00 00 00 01 00 00 08"), bad_list(6)) << "8 is that of a short one";
  EXPECT_EQ(select_10("00 00 00 00 01 00 00 10"), too_short);
}

TEST_F(ModeSelectTest, TakesABlockDescriptorThatLeavesTheMediumAsItIs) {
  const Device before = device;
  EXPECT_EQ(select("00 00 00 08 00 00 03 e8 00 00 02 00"), good());
  EXPECT_EQ(select("00 00 00 08 00 00 00 00 00 00 02 00"), good());
  EXPECT_EQ(select("00 00 00 08 ff ff ff ff 00 00 02 00"), good());
  EXPECT_EQ(select_10("00 00 00 00 01 00 00 10 00 00 00 00 00 00 03 e8 00 00 00 00 00 00 02 00"),
            good());
  EXPECT_EQ(select_10("00 00 00 00 01 00 00 10 ff ff ff ff ff ff ff ff 00 00 00 00 00 00 02 00"),
            good());
  EXPECT_EQ(device, before);
}

TEST_F(ModeSelectTest, RefusesABlockDescriptorThatChangesTheMedium) {
  expect_refused("00 00 00 08 00 00 03 e7 00 00 02 00", bad_list(4));
  expect_refused("00 00 00 08 00 00 03 e8 00 00 10 00", bad_list(9));
  expect_refused("00 00 00 08 00 00 00 00 00 00 00 00", bad_list(9));
  EXPECT_EQ(select_10("00 00 00 00 00 00 00 08 00 00 00 01 00 00 02 00"), bad_list(8));
  EXPECT_EQ(select_10("00 00 00 00 01 00 00 10 00 00 00 00 ff ff ff ff 00 00 00 00 00 00 02 00"),
            bad_list(8));
  EXPECT_EQ(select_10("00 00 00 00 01 00 00 10 00 00 00 00 00 00 03 e8 00 00 00 00 00 01 02 00"),
            bad_list(20));
}

TEST_F(ModeSelectTest, RefusesPagesThatDoNotExist) {
  for (unsigned code = 0; code < 256; ++code) {
    if (const unsigned page = code & 0x7FU; page == 0x08 || page == 0x0A || page == 0x1C) continue;
    auto list = hex("00 00 00 00 00 12" + zeros(18));
    list[4] = static_cast<std::byte>(code);
    const std::uint8_t bit = (code & 0x40U) != 0 ? 6 : 5;  // SPF, or PAGE CODE
    EXPECT_EQ(select_bytes(list), bad_list(4, bit)) << code;
  }
}

TEST_F(ModeSelectTest, RefusesPagesOfAnotherLength) {
  for (unsigned length = 0; length < 256; ++length) {
    if (length == 0x12) continue;
    auto list = hex("00 00 00 00" + caching_off);
    list[5] = static_cast<std::byte>(length);
    EXPECT_EQ(select_bytes(list), bad_list(5)) << length;
  }
  EXPECT_EQ(select("00 00 00 00 08 11"), bad_list(5)) << "cut, but wrong before that";
  expect_refused("00 00 00 00 1c 0b 08 00 00 00 00 00 00 00 00 00 00", bad_list(5));
  expect_refused("00 00 00 00 0a 00 0a 00 0a 00 0a 00", bad_list(5));
}

/// Every single bit of every page, turned over: three may be changed, the others are pointed at.
TEST_F(ModeSelectTest, ChangesTheChangeableBitsOnly) {
  const auto whole =
      hex("00 00 00 00" + caching_on + "0a 0a 00 10 00 00 00 00 00 00 00 00" + exceptions);
  const Device before = device;
  int changed = 0;
  for (std::size_t byte = 4; byte < whole.size(); ++byte)
    for (std::uint8_t bit = 0; bit < 8; ++bit) {
      device = before;
      auto list = whole;
      list[byte] ^= static_cast<std::byte>(1U << bit);
      const Outcome outcome = select_bytes(list);
      const bool of_header =
          byte == 4 || byte == 5 || byte == 24 || byte == 25 || byte == 36 || byte == 37;
      if (of_header) continue;  // the tests above
      if ((byte == 6 && bit == 2) || (byte == 26 && bit == 2) || (byte == 28 && bit == 3)) {
        EXPECT_EQ(outcome.status, Status::good) << byte << ' ' << int{bit};
        EXPECT_NE(device, before);
        ++changed;
        continue;
      }
      EXPECT_EQ(outcome, bad_list(static_cast<std::uint16_t>(byte), bit));
      EXPECT_EQ(device, before);
    }
  EXPECT_EQ(changed, 3);
}

TEST_F(ModeSelectTest, PointsAtTheLeftmostOfSeveralWrongBits) {
  expect_refused("00 00 00 00 0a 0a 04 2f 00 00 00 00 00 00 00 00", bad_list(7, 5));
}

TEST_F(ModeSelectTest, AWrongPageUndoesTheRightOnesBeforeIt) {
  expect_refused("00 00 00 00" + caching_off + d_sense + "1c 0a 00 00 00 00 00 00 00 00 00 00",
                 bad_list(38, 3));
}

/// SPDK once walked pages by recursion: the longest list of the shortest pages ends all the same.
TEST_F(ModeSelectTest, TakesAsManyPagesAsAListCanHold) {
  std::string list = "00 00 00 00 00 00 00 00";
  for (int i = 0; i < 5460; ++i)
    list += i % 2 == 0 ? d_sense : "0a 0a 00 10 00 00 00 00 00 00 00 00";
  EXPECT_EQ(select_10(list), good());
  EXPECT_EQ(unit().mode, ModePages::defaults(true));
}

}  // namespace
}  // namespace scsi
