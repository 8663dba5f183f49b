/// What a connection keeps for itself: its transfer tags and its output.

#include "session/connection.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace iscsi::session {
namespace {

TEST(TransferTags, BeginAnewInFrontOfTheReservedOne) {
  Connection connection;
  const auto first = connection.new_transfer_tag();
  const auto second = connection.new_transfer_tag();
  connection.last_transfer_tag = 0xffff'fffd;
  EXPECT_EQ(connection.new_transfer_tag(), wire::TargetTransferTag{0xffff'fffe});
  EXPECT_EQ(connection.new_transfer_tag(), first);
  EXPECT_EQ(connection.new_transfer_tag(), second);
}

TEST(Output, IsGatheredWithoutEmptyViews) {
  Output output;
  output.push(pdu::HeaderBytes{}, {}, {});  // neither data nor what comes behind it
  output.push(pdu::HeaderBytes{}, wire::copy_of(wire::as_bytes("abc")), {});  // one byte of padding
  std::array<wire::ByteView, 8> views{};
  const auto sizes = [&] {
    std::vector<std::size_t> found;
    for (const wire::ByteView view : std::span{views}.first(output.gather(views)))
      found.push_back(view.size());
    return found;
  };
  using Sizes = std::vector<std::size_t>;
  EXPECT_EQ(sizes(), (Sizes{48, 48, 3, 1}));
  output.sent(40);
  EXPECT_EQ(sizes(), (Sizes{8, 48, 3, 1}));
  output.sent(8 + 48);
  EXPECT_EQ(sizes(), (Sizes{3, 1}));
}

}  // namespace
}  // namespace iscsi::session
