// Holds: nothing. Its law is false for some input, so every engine has to find a crash here, and a
// replay that does not crash is broken itself.

#include "support/entry.hpp"
#include "support/require.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace iscsi::fuzz;
  const std::string_view text = iscsi::wire::as_text(bytes_of(data, size));
  // Step by step, as only an engine that follows coverage gets there.
  if (text.size() > 3 && text[0] == 'b' && text[1] == 'i' && text[2] == 'r')
    require(text[3] != 'd', "no canary sings");
  return 0;
}
