/// iscsi-conform: judges any iSCSI target by RFC 3720.
///
///   list      the cases and the rules that they judge
///   run       acts the cases out against a target, by default the reference in this process
///   explain   a rule: what it says, who judges it, and what proves that it is judged
///   prove     sends saboteurs into the suite: every rule that it claims to judge has to be able to
///             come out broken
///
/// Exit status: 0 everything came out as expected, 1 it did not, 2 a wrong command line or set-up,
/// 77 nothing was run.

#include "conformance/command/files.hpp"
#include "conformance/command/list.hpp"
#include "conformance/command/options.hpp"
#include "conformance/command/prove.hpp"
#include "conformance/command/run.hpp"

int main(int argc, char** argv) {
  using namespace conformance;
  const auto options = read_command_line(argc, argv);
  if (!options) return options.error().status;
  const auto library = Library::read(options->stories);
  if (!library)
    return refuse(library.error().file + ": " + library.error().error.where + ": expected " +
                  library.error().error.what);
  switch (options->command) {
    case Options::Command::list: return list(*options, *library);
    case Options::Command::explain: return explain(*options, *library);
    case Options::Command::prove: return prove(*options, *library);
    case Options::Command::run: break;
  }
  return run(*options, *library);
}
