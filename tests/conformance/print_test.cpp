/// PDUs as text.

#include <gtest/gtest.h>

#include "conformance/report/print.hpp"
#include "conformance/scene.hpp"

namespace conformance {
namespace {

Record ping_with(Digests digests) {
  return {.kind = Record::Kind::sent,
          .bytes = encode(NopOut{}, iscsi::wire::as_bytes("hello"), digests)};
}

std::string details_of(const Record& record) {
  std::string text;
  append_details(text, record);
  return text;
}

std::string name_at(const Record& record, std::uint32_t byte) {
  return stretch_at(record, byte).name;
}

TEST(APdu, IsTakenApartWhateverDigestsItHas) {
  const Record plain = ping_with({});
  EXPECT_EQ(name_at(plain, 24), "CmdSN");
  EXPECT_EQ(name_at(plain, 48), "data segment, byte 0");
  EXPECT_EQ(name_at(plain, 52), "data segment, byte 4");
  EXPECT_EQ(name_at(plain, 53), "padding");
  EXPECT_EQ(name_at(plain, 56), "");

  const Record header = ping_with({.header = true});
  EXPECT_EQ(name_at(header, 48), "header digest");
  EXPECT_EQ(name_at(header, 52), "data segment, byte 0");
  EXPECT_EQ(name_at(header, 57), "padding");

  const Record data = ping_with({.data = true});
  EXPECT_EQ(name_at(data, 48), "data segment, byte 0");
  EXPECT_EQ(name_at(data, 56), "data digest");

  const Record both = ping_with({.header = true, .data = true});
  EXPECT_EQ(name_at(both, 51), "header digest");
  EXPECT_EQ(name_at(both, 52), "data segment, byte 0");
  EXPECT_EQ(name_at(both, 60), "data digest");

  for (const Record& record : {plain, header, data, both})
    EXPECT_NE(details_of(record).find("\n        68656c6c6f\n"), std::string::npos)
        << details_of(record);
}

TEST(APdu, WithAWrongDataDigestHasItAtItsEnd) {
  Record spoilt = ping_with({.data = true});
  spoilt.bytes.back() ^= std::byte{1};
  EXPECT_EQ(name_at(spoilt, 48), "data segment, byte 0");
  EXPECT_EQ(name_at(spoilt, 59), "data digest");
}

TEST(APdu, ThatIsCutIsShownAsFarAsItGoes) {
  Record cut = ping_with({.header = true});
  cut.bytes.resize(54);
  EXPECT_EQ(name_at(cut, 48), "header digest");
  EXPECT_EQ(name_at(cut, 53), "data segment, byte 1");
  EXPECT_EQ(show(cut).data.size(), 2U);
  cut.bytes.resize(52);  // an unreadable header is kept up to its digest
  EXPECT_EQ(name_at(cut, 50), "header digest");
  EXPECT_TRUE(show(cut).data.empty());
}

}  // namespace
}  // namespace conformance
