/// A whole target with a device of its own: a read-only disk whose every block holds its own
/// number. Build it with the project (target `example_embed`), start it, and read from the URL it
/// prints:
///   qemu-io -f raw -r -c 'read -v 512000 16'
///   iscsi://127.0.0.1:PORT/iqn.2004-04.com.example:numbers/0

#include <csignal>
#include <cstdio>
#include <utility>

#include "server/server.hpp"

namespace {

using namespace iscsi::server;

class Numbers final : public BlockDevice {
 public:
  [[nodiscard]] std::uint32_t block_bytes() const override { return 512; }
  [[nodiscard]] std::uint64_t block_count() const override { return std::uint64_t{1} << 31U; }
  [[nodiscard]] bool read_only() const override { return true; }

  scsi::MediumResult read(std::uint64_t lba, std::span<std::byte> out) override {
    for (std::size_t at = 0; at < out.size(); at += 8)
      iscsi::wire::store_big(out.subspan(at, 8), lba + at / block_bytes());
    return {};
  }
  scsi::MediumResult write(std::uint64_t, Pieces, bool) override {
    return {.kind = scsi::MediumResult::Kind::write_error};
  }
  scsi::MediumResult flush(std::uint64_t, std::uint64_t) override { return {}; }
};

volatile std::sig_atomic_t stop_requested = 0;

}  // namespace

int main() {
  std::signal(SIGTERM, [](int) { stop_requested = 1; });
  std::signal(SIGINT, [](int) { stop_requested = 1; });
  auto listeners = listen_on({.host = "127.0.0.1", .port = 0});
  const auto name = iscsi::login::parse_name("iqn.2004-04.com.example:numbers");
  if (!listeners || !name) return 1;
  std::printf("iscsi://%s/%s/0\n", to_text(listeners->front().portal).c_str(),
              std::string{name->text()}.c_str());
  std::fflush(stdout);
  Numbers numbers;
  Server server{
      iscsi::Configuration{.login = {.target = *name}}, {&numbers}, std::move(*listeners)};
  return server.run(stop_requested) ? 0 : 1;
}
