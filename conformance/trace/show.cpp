#include "conformance/trace/show.hpp"

#include "conformance/capture/capture.hpp"
#include "conformance/command/files.hpp"
#include "conformance/report/print.hpp"

namespace conformance {

int show(const ShowOptions& options) {
  auto capture = Capture::open(options.capture);
  if (!capture) return refuse(capture.error());
  std::size_t number = 0;
  while (true) {
    const auto record = capture->next();
    if (!record) return refuse(options.capture + ": " + record.error());
    if (!*record) return 0;
    ++number;
    say(options.full ? print_record(**record, number) : print_line(**record) + "\n");
  }
}

}  // namespace conformance
