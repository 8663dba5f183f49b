#include <pcap/pcap.h>

#include <array>

#include "conformance/capture/sources.hpp"

namespace conformance {
namespace {

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

struct Closer {
  void operator()(pcap_t* file) const { pcap_close(file); }
};
using File = std::unique_ptr<pcap_t, Closer>;

class PcapSource : public PacketSource {
 public:
  explicit PcapSource(File file)
      : file_{std::move(file)}, link_{link_type(pcap_datalink(file_.get()))} {}

  std::expected<std::optional<Packet>, std::string> next() override {
    pcap_pkthdr* header = nullptr;
    const unsigned char* bytes = nullptr;
    const int status = pcap_next_ex(file_.get(), &header, &bytes);
    if (status == PCAP_ERROR_BREAK) return std::nullopt;
    if (status != 1)
      return std::unexpected("packet " + std::to_string(number_ + 1) + ": " +
                             pcap_geterr(file_.get()));
    ++number_;
    return Packet{.number = number_,
                  .at_us = static_cast<std::uint64_t>(header->ts.tv_sec) * 1'000'000 +
                           static_cast<std::uint64_t>(header->ts.tv_usec),
                  .wire_size = header->len,
                  .link = link_,
                  .bytes = std::as_bytes(std::span{bytes, header->caplen})};
  }

 private:
  File file_;
  LinkType link_;
  std::uint64_t number_ = 0;
};

}  // namespace

std::expected<std::unique_ptr<PacketSource>, std::string> open_pcap(
    const std::filesystem::path& file) {
  std::array<char, PCAP_ERRBUF_SIZE> error{};
  File opened{pcap_open_offline(file.c_str(), error.data())};
  if (opened == nullptr) return std::unexpected(std::string{error.data()});
  if (link_type(pcap_datalink(opened.get())) == LinkType::unknown)
    return std::unexpected("packets of link type " + std::to_string(pcap_datalink(opened.get())) +
                           " are not understood");
  return std::make_unique<PcapSource>(std::move(opened));
}

}  // namespace conformance
