/// reference/session/README.md says which test shows what: the tests have to be there.

#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "pdu/reject.hpp"

namespace iscsi {
namespace {

std::string page() {
  std::ifstream file{SOURCE_ROOT "/reference/session/README.md"};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// "Suite.Name" of every test of this program.
std::set<std::string> tests_here() {
  std::set<std::string> names;
  const testing::UnitTest& all = *testing::UnitTest::GetInstance();
  for (int i = 0; i < all.total_test_suite_count(); ++i) {
    const testing::TestSuite& suite = *all.GetTestSuite(i);
    for (int j = 0; j < suite.total_test_count(); ++j)
      names.insert(std::string{suite.name()} + "." + suite.GetTestInfo(j)->name());
  }
  return names;
}

TEST(Readme, NamesTestsThatExist) {
  const std::string text = page();
  const std::set<std::string> names = tests_here();
  const std::regex name{"`([A-Z][A-Za-z]+\\.[A-Z][A-Za-z0-9]+)`"};
  std::size_t found = 0;
  for (std::sregex_iterator at{text.begin(), text.end(), name}, end; at != end; ++at, ++found)
    EXPECT_TRUE(names.contains((*at)[1])) << (*at)[1];
  EXPECT_GE(found, 30U);
}

TEST(Readme, HasARowForEveryRejectReason) {
  const std::string text = page();
  for (const pdu::Code& reason : pdu::reject_reasons) {
    std::ostringstream row;
    row << "| 0x0" << std::hex << reason.first << " " << reason.name << " |";
    EXPECT_NE(text.find(row.str()), std::string::npos) << row.str();
  }
}

}  // namespace
}  // namespace iscsi
