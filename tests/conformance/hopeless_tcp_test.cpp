/// The same hopeless targets at the end of a real connection: the judge comes to a verdict, in
/// bounded time, and tells a disconnect from a hang.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <set>
#include <thread>
#include <vector>

#include "conformance/play/run.hpp"
#include "conformance/play/tcp.hpp"
#include "conformance/story/data.hpp"

namespace conformance {
namespace {

enum class Habit : std::uint8_t { closes, says_nothing, sends_garbage };

/// Listens on a port of its own until it is destroyed.
class HopelessListener {
 public:
  explicit HopelessListener(Habit habit)
      : habit_{habit}, listening_{::socket(AF_INET, SOCK_STREAM, 0)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listening_, generic, size), 0);
    EXPECT_EQ(::listen(listening_, 16), 0);
    EXPECT_EQ(::getsockname(listening_, generic, &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread{[this] { serve(); }};
  }
  ~HopelessListener() {
    done_ = true;
    thread_.join();
    for (const int socket : accepted_) ::close(socket);
    ::close(listening_);
  }
  HopelessListener(const HopelessListener&) = delete;
  HopelessListener& operator=(const HopelessListener&) = delete;

  [[nodiscard]] std::string port() const { return std::to_string(port_); }

 private:
  void serve() {
    constexpr int tick_ms = 10;
    while (!done_) {
      pollfd waiting{.fd = listening_, .events = POLLIN, .revents = 0};
      if (::poll(&waiting, 1, tick_ms) != 1) continue;
      const int socket = ::accept(listening_, nullptr, nullptr);
      if (socket < 0) continue;
      if (habit_ == Habit::sends_garbage) {
        iscsi::wire::Bytes garbage(4096);
        for (std::byte& byte : garbage) byte = pattern_byte(7, at_++);
        (void)::send(socket, garbage.data(), garbage.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      }
      if (habit_ == Habit::closes)
        ::close(socket);
      else
        accepted_.push_back(socket);
    }
  }

  Habit habit_;
  int listening_;
  std::uint16_t port_ = 0;
  std::atomic<bool> done_ = false;
  std::vector<int> accepted_;
  std::uint64_t at_ = 0;
  std::thread thread_;
};

/// How every twentieth case fails against such a target.
std::set<Manner> manners_against(Habit habit) {
  const auto library = Library::read(SOURCE_ROOT "/traces");
  EXPECT_TRUE(library.has_value());
  const HopelessListener listener{habit};
  Settings settings;
  settings.target_name = "iqn.2003-01.example.peer:disk";
  settings.answer_ms = 30;
  settings.quiet_ms = 10;
  auto transport = Tcp::to("127.0.0.1", listener.port(), settings.answer_ms);
  EXPECT_TRUE(transport.has_value());
  std::set<Manner> manners;
  const std::vector<Case> cases = library->cases();
  for (std::size_t i = 0; i < cases.size(); i += 20) {
    const CaseResult result = judge_case(cases[i], settings, *transport, false);
    const Verdict verdict = result.judgement.verdict;
    EXPECT_TRUE(verdict == Verdict::fail || verdict == Verdict::unsupported) << cases[i].name;
    if (verdict == Verdict::fail) manners.insert(result.judgement.manner);
  }
  return manners;
}

template <class Deed>
void expect_within_ten_seconds(Deed deed) {
  const auto begin = std::chrono::steady_clock::now();
  deed();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{10});
}

TEST(AHopelessTargetAtTheEndOfTcp, FailsEverythingWhenItClosesEveryConnection) {
  expect_within_ten_seconds([] {
    for (const Manner manner : manners_against(Habit::closes))
      EXPECT_TRUE(manner == Manner::disconnect || manner == Manner::reset);
  });
}
TEST(AHopelessTargetAtTheEndOfTcp, FailsEverythingWhenItSaysNothing) {
  expect_within_ten_seconds(
      [] { EXPECT_EQ(manners_against(Habit::says_nothing), std::set{Manner::silence}); });
}
TEST(AHopelessTargetAtTheEndOfTcp, FailsEverythingWhenItSendsGarbage) {
  expect_within_ten_seconds(
      [] { EXPECT_FALSE(manners_against(Habit::sends_garbage).contains(Manner::none)); });
}

}  // namespace
}  // namespace conformance
