/// iscsi-target: serves logical units in memory and in files over iSCSI.

#include <malloc.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <new>
#include <span>
#include <string>

#include "server/assemble.hpp"
#include "server/configuration.hpp"
#include "server/server.hpp"

namespace {

using namespace iscsi::server;

constexpr int exit_failure = 1;

// A signal handler can reach nothing else. NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-*)
volatile std::sig_atomic_t stop_requested = 0;

/// SIGTERM and SIGINT are blocked but for the time that the server waits, so that none is missed
/// between looking at the flag and going to sleep. Returns the mask for that time.
sigset_t catch_stop_signals() {
  sigset_t stops;
  sigset_t before;
  ::sigemptyset(&stops);
  ::sigaddset(&stops, SIGTERM);
  ::sigaddset(&stops, SIGINT);
  ::sigprocmask(SIG_BLOCK, &stops, &before);
  ::sigdelset(&before, SIGTERM);
  ::sigdelset(&before, SIGINT);
  struct sigaction action{};
  action.sa_handler = [](int) { stop_requested = 1; };
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGINT, &action, nullptr);
  return before;
}

/// Buffers of large transfers come and go with each command. By default the allocator gives such
/// memory back to the system at once and gets it anew, page by page: reads of 128 KiB then take
/// three times as long (`tests/bench`). What is kept is bounded by what the limits let be in use.
void keep_freed_buffers() {
  ::mallopt(M_MMAP_THRESHOLD, 2 * static_cast<int>(iscsi::limits::transfer_bytes));
  ::mallopt(M_TRIM_THRESHOLD, 16 * static_cast<int>(iscsi::limits::transfer_bytes));
}

/// A connection is a descriptor, and the usual limit of 1,024 is below ours.
void allow_many_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

int fail(const std::string& why) {
  std::fprintf(stderr, "iscsi-target: %s\n", why.c_str());
  return exit_failure;
}

void announce(const Configuration& configuration, const std::vector<Listener>& listeners) {
  for (const Listener& listener : listeners)
    std::printf("iscsi://%s/%s/0\n", to_text(listener.portal).c_str(),
                configuration.target_name.c_str());
  std::fflush(stdout);
}

int serve(int argc, char** argv) {
  const auto configuration = configuration_from_arguments({argv, static_cast<std::size_t>(argc)});
  if (!configuration) {
    const Message& message = configuration.error();
    std::fputs(message.text.c_str(), message.exit_status == 0 ? stdout : stderr);
    return message.exit_status;
  }
  for (const std::string& warning : warnings(*configuration))
    std::fprintf(stderr, "iscsi-target: %s\n", warning.c_str());
  allow_many_descriptors();
  keep_freed_buffers();
  auto target = target_configuration(*configuration);
  if (!target) return fail(target.error());
  const auto devices = open_devices(configuration->logical_units);
  if (!devices) return fail(devices.error());
  std::vector<BlockDevice*> borrowed;
  for (const auto& device : *devices) borrowed.push_back(device.get());
  std::vector<Listener> listeners;
  for (const Portal& portal : configuration->listen) {
    auto opened = listen_on(portal);
    if (!opened) return fail(opened.error());
    for (Listener& listener : *opened) listeners.push_back(std::move(listener));
  }
  RecordSink sink;
  if (!configuration->record.empty()) {
    auto opened = record_into(configuration->record);
    if (!opened) return fail(opened.error());
    sink = *std::move(opened);
  }
  const sigset_t waiting_mask = catch_stop_signals();
  announce(*configuration, listeners);
  Server server{std::move(*target), std::move(borrowed), std::move(listeners)};
  if (sink) server.record(std::move(sink), *configuration);
  if (!server.run(stop_requested, &waiting_mask)) return fail("a device could not be flushed");
  return 0;
}

}  // namespace

/// An exception is the end of the process (decision 0040): the state that it left behind is
/// nobody's to go on with, and whatever was acknowledged is with the devices.
int main(int argc, char** argv) {
  try {
    return serve(argc, argv);
  } catch (const std::bad_alloc&) {
    std::fputs("iscsi-target: out of memory\n", stderr);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "iscsi-target: %s\n", error.what());
  }
  return exit_failure;
}
