#include "scsi/sense.hpp"

#include "bench.hpp"

namespace scsi {
namespace {

std::string fixed(const Sense& sense) { return text(encode(sense, SenseFormat::fixed).view()); }
std::string descriptors(const Sense& sense) {
  return text(encode(sense, SenseFormat::descriptor).view());
}

TEST(FixedSense, HasKeyAndCodesInBytes2And12And13) {
  EXPECT_EQ(fixed({.key = SenseKey::illegal_request, .additional = {0x25, 0x00}}),
            "70 00 05 00 00 00 00 0a 00 00 00 00 25 00 00 00 00 00");
  EXPECT_EQ(fixed({.key = SenseKey::unit_attention, .additional = {0x47, 0x7F}}),
            "70 00 06 00 00 00 00 0a 00 00 00 00 47 7f 00 00 00 00");
}

TEST(FixedSense, OfNothingIsNoSense) {
  EXPECT_EQ(fixed({}), "70 00 00 00 00 00 00 0a 00 00 00 00 00 00 00 00 00 00");
}

TEST(FixedSense, TellsInformationWithValid) {
  EXPECT_EQ(
      fixed({.key = SenseKey::medium_error, .additional = {0x11, 0}, .information = 0x12345678}),
      "f0 00 03 12 34 56 78 0a 00 00 00 00 11 00 00 00 00 00");
  EXPECT_EQ(fixed({.key = SenseKey::miscompare, .additional = {0x1D, 0}, .information = 0}),
            "f0 00 0e 00 00 00 00 0a 00 00 00 00 1d 00 00 00 00 00");
  EXPECT_EQ(
      fixed({.key = SenseKey::medium_error, .additional = {0x11, 0}, .information = 0xFFFFFFFF}),
      "f0 00 03 ff ff ff ff 0a 00 00 00 00 11 00 00 00 00 00");
}

TEST(FixedSense, LeavesInformationOutThatDoesNotFit) {
  EXPECT_EQ(
      fixed({.key = SenseKey::medium_error, .additional = {0x11, 0}, .information = 0x100000000}),
      "70 00 03 00 00 00 00 0a 00 00 00 00 11 00 00 00 00 00");
}

TEST(FixedSense, PointsAtAFieldOfTheCdb) {
  EXPECT_EQ(fixed({.key = SenseKey::illegal_request,
                   .additional = {0x24, 0},
                   .field = FieldPointer{.in_cdb = true, .byte = 2}}),
            "70 00 05 00 00 00 00 0a 00 00 00 00 24 00 00 c0 00 02");
  EXPECT_EQ(fixed({.key = SenseKey::illegal_request,
                   .additional = {0x24, 0},
                   .field = FieldPointer{.in_cdb = true, .byte = 1, .bit = 7}}),
            "70 00 05 00 00 00 00 0a 00 00 00 00 24 00 00 cf 00 01");
}

TEST(FixedSense, PointsAtAFieldOfTheParameterList) {
  EXPECT_EQ(fixed({.key = SenseKey::illegal_request,
                   .additional = {0x26, 0},
                   .field = FieldPointer{.in_cdb = false, .byte = 0x0123, .bit = 0}}),
            "70 00 05 00 00 00 00 0a 00 00 00 00 26 00 00 88 01 23");
}

TEST(FixedSense, OfADeferredErrorHasItsOwnResponseCode) {
  EXPECT_EQ(fixed({.key = SenseKey::medium_error, .additional = {0x0C, 0}, .deferred = true}),
            "71 00 03 00 00 00 00 0a 00 00 00 00 0c 00 00 00 00 00");
}

TEST(DescriptorSense, WithoutMoreToTellIsItsHeader) {
  EXPECT_EQ(descriptors({.key = SenseKey::not_ready, .additional = {0x04, 0x02}}),
            "72 02 04 02 00 00 00 00");
  EXPECT_EQ(descriptors({.key = SenseKey::medium_error, .additional = {0x0C, 0}, .deferred = true}),
            "73 03 0c 00 00 00 00 00");
}

TEST(DescriptorSense, HasRoomFor64BitsOfInformation) {
  EXPECT_EQ(descriptors({.key = SenseKey::medium_error,
                         .additional = {0x11, 0},
                         .information = 0x0102030405060708}),
            "72 03 11 00 00 00 00 0c 00 0a 80 00 01 02 03 04 05 06 07 08");
}

TEST(DescriptorSense, PointsAtAField) {
  EXPECT_EQ(descriptors({.key = SenseKey::illegal_request,
                         .additional = {0x24, 0},
                         .field = FieldPointer{.in_cdb = true, .byte = 10}}),
            "72 05 24 00 00 00 00 08 02 06 00 00 c0 00 0a 00");
}

TEST(DescriptorSense, WithBothDescriptorsFitsItsBuffer) {
  EXPECT_EQ(descriptors({.key = SenseKey::illegal_request,
                         .additional = {0x24, 0},
                         .information = 1,
                         .field = FieldPointer{.in_cdb = false, .byte = 3, .bit = 5}}),
            "72 05 24 00 00 00 00 14 00 0a 80 00 00 00 00 00 00 00 00 01 02 06 00 00 8d 00 03 00");
}

}  // namespace
}  // namespace scsi
