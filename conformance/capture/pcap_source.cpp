#include <pcap/pcap.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "conformance/capture/sources.hpp"

namespace conformance {
namespace {

constexpr std::size_t buffer_bytes = 64U << 10U;

LinkType link_type(int dlt) {
  constexpr int cooked2 = 276;  // libpcap has no name for it in its older headers
  switch (dlt) {
    case DLT_EN10MB: return LinkType::ethernet;
    case DLT_LINUX_SLL: return LinkType::cooked;
    case cooked2: return LinkType::cooked2;
    case DLT_RAW:
    case DLT_IPV4:
    case DLT_IPV6: return LinkType::raw;
    case DLT_NULL:
    case DLT_LOOP: return LinkType::null;
    default: return LinkType::unknown;
  }
}

struct PcapCloser {
  void operator()(pcap_t* file) const { pcap_close(file); }
};
using File = std::unique_ptr<pcap_t, PcapCloser>;

/// Bytes as the stream that libpcap wants to read from.
struct Cookie {
  std::unique_ptr<BytesIn> bytes;
  iscsi::wire::ByteView at_hand{};
  std::string error{};  ///< why there are no more
};

ssize_t read_cookie(void* cookie, char* to, std::size_t size) {
  auto& source = *static_cast<Cookie*>(cookie);
  if (source.at_hand.empty()) {
    const auto next = source.bytes->next();
    if (!next) {
      source.error = next.error();
      return -1;
    }
    source.at_hand = *next;
  }
  const std::size_t count = std::min(size, source.at_hand.size());
  // Not `ranges::copy`, which libstdc++ 12 does byte by byte.
  std::copy_n(source.at_hand.data(), count, reinterpret_cast<std::byte*>(to));
  source.at_hand = source.at_hand.subspan(count);
  return static_cast<ssize_t>(count);
}

class PcapSource : public PacketSource {
 public:
  PcapSource(std::unique_ptr<Cookie> cookie, File file)
      : cookie_{std::move(cookie)},
        file_{std::move(file)},
        link_{link_type(pcap_datalink(file_.get()))} {}

  std::expected<std::optional<Packet>, std::string> next() override {
    pcap_pkthdr* header = nullptr;
    const unsigned char* bytes = nullptr;
    const int status = pcap_next_ex(file_.get(), &header, &bytes);
    if (status == PCAP_ERROR_BREAK) return std::nullopt;
    if (status != 1)
      return std::unexpected(
          "packet " + std::to_string(number_ + 1) + ": " +
          (cookie_->error.empty() ? std::string{pcap_geterr(file_.get())} : cookie_->error));
    ++number_;
    return Packet{.number = number_,
                  .at_us = static_cast<std::uint64_t>(header->ts.tv_sec) * 1'000'000 +
                           static_cast<std::uint64_t>(header->ts.tv_usec),
                  .wire_size = header->len,
                  .link = link_,
                  .bytes = std::as_bytes(std::span{bytes, header->caplen})};
  }

 private:
  std::unique_ptr<Cookie> cookie_;  // outlives the file that reads from it
  File file_;
  LinkType link_;
  std::uint64_t number_ = 0;
};

}  // namespace

std::expected<std::unique_ptr<PacketSource>, std::string> open_pcap(
    std::unique_ptr<BytesIn> bytes) {
  auto cookie = std::make_unique<Cookie>(Cookie{.bytes = std::move(bytes)});
  const cookie_io_functions_t functions{
      .read = read_cookie, .write = nullptr, .seek = nullptr, .close = nullptr};
  FILE* stream = fopencookie(cookie.get(), "rb", functions);
  if (stream == nullptr) return std::unexpected("no memory");
  std::setvbuf(stream, nullptr, _IOFBF, buffer_bytes);
  std::array<char, PCAP_ERRBUF_SIZE> error{};
  File opened{pcap_fopen_offline(stream, error.data())};
  if (opened == nullptr) {
    static_cast<void>(std::fclose(stream));
    return std::unexpected(cookie->error.empty() ? error.data() : cookie->error);
  }
  const int link = pcap_datalink(opened.get());
  if (link_type(link) == LinkType::unknown) {
    const char* name = pcap_datalink_val_to_description(link);
    return std::unexpected("packets of link type " + std::to_string(link) +
                           (name == nullptr ? "" : " (" + std::string{name} + ")") +
                           " are not understood");
  }
  return std::make_unique<PcapSource>(std::move(cookie), std::move(opened));
}

}  // namespace conformance
