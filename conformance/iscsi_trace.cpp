/// iscsi-trace: looks into captured iSCSI sessions.
///
///   show      the conversation, PDU by PDU
///   check     which rules of RFC 3720 either side broke
///   convert   a capture to a recording in JSON, a recording to a capture
///   replay    a recorded session, acted out against a target
///
/// Exit status: 0 everything came out as expected, 1 it did not, 2 a wrong command line or a file
/// that cannot be read to its end, 77 no iSCSI in the files, or nothing to replay.

#include <malloc.h>

#include "conformance/trace/options.hpp"

namespace {

/// PDUs come and go, kilobytes each. Without this, glibc gives their memory back to the system at
/// once and gets it anew, page by page.
void keep_freed_memory() {
  constexpr int kept_bytes = 64 << 20;
  ::mallopt(M_MMAP_THRESHOLD, kept_bytes);
  ::mallopt(M_TRIM_THRESHOLD, kept_bytes);
}

}  // namespace

int main(int argc, char** argv) {
  keep_freed_memory();
  const auto options = conformance::read_trace_command_line(argc, argv);
  return options ? options->run(*options) : options.error().status;
}
