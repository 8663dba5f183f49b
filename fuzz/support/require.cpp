#include "support/require.hpp"

#include <cstdio>
#include <cstdlib>

namespace iscsi::fuzz {

void require(bool holds, std::string_view law, std::source_location where) {
  if (holds) return;
  std::fprintf(stderr, "%s:%u: broken: %.*s\n", where.file_name(),
               static_cast<unsigned>(where.line()), static_cast<int>(law.size()), law.data());
  std::abort();
}

}  // namespace iscsi::fuzz
