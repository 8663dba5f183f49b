#include "conformance/capture/bytes_in.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <utility>

#include "conformance/capture/gzip.hpp"

namespace conformance {
namespace {

constexpr std::size_t block_bytes = 256U << 10U;
constexpr int most_filters = 2;  // as libarchive counts: one that compresses, and the file itself

struct ArchiveCloser {
  void operator()(archive* opened) const { archive_read_free(opened); }
};
using Archive = std::unique_ptr<archive, ArchiveCloser>;

std::string error_of(archive* opened) {
  const char* text = archive_error_string(opened);
  return text == nullptr ? "cannot be read" : text;
}

/// Not all filters that there are: some would run other programs. gzip is not left to them.
Archive reader() {
  Archive opened{archive_read_new()};
  archive_read_support_filter_bzip2(opened.get());
  archive_read_support_filter_xz(opened.get());
  archive_read_support_filter_lzma(opened.get());
  archive_read_support_filter_zstd(opened.get());
  archive_read_support_format_raw(opened.get());
  archive_read_support_format_empty(opened.get());
  return opened;
}

class ArchiveBytes : public BytesIn {
 public:
  explicit ArchiveBytes(Archive opened, bool empty) : archive_{std::move(opened)}, ended_{empty} {}

  std::expected<iscsi::wire::ByteView, std::string> next() override {
    while (!ended_) {
      const void* block = nullptr;
      std::size_t size = 0;
      la_int64_t offset = 0;
      const int status = archive_read_data_block(archive_.get(), &block, &size, &offset);
      ended_ = status != ARCHIVE_OK;
      if (status < ARCHIVE_WARN) return std::unexpected(error_of(archive_.get()));
      if (size > 0 && status != ARCHIVE_EOF)
        return std::as_bytes(std::span{static_cast<const char*>(block), size});
    }
    return iscsi::wire::ByteView{};
  }

 private:
  Archive archive_;
  bool ended_ = false;
};

using Peeked = std::expected<std::unique_ptr<PeekedBytes>, std::string>;

Peeked opened(Archive file, int status) {
  if (status != ARCHIVE_OK) return std::unexpected(error_of(file.get()));
  // Each layer may be a thousand times as long as the one below it: nobody needs two.
  const auto compressed_twice = std::unexpected<std::string>("compressed more than once");
  const int filters = archive_filter_count(file.get());
  if (filters > most_filters) return compressed_twice;
  archive_entry* entry = nullptr;
  const int found = archive_read_next_header(file.get(), &entry);
  if (found < ARCHIVE_WARN) return std::unexpected(error_of(file.get()));
  auto bytes =
      PeekedBytes::look_into(std::make_unique<ArchiveBytes>(std::move(file), found == ARCHIVE_EOF));
  if (!bytes || !is_gzip((*bytes)->first())) return bytes;
  if (filters == most_filters) return compressed_twice;
  auto contents = PeekedBytes::look_into(gunzipped(*std::move(bytes)));
  if (contents && is_gzip((*contents)->first())) return compressed_twice;
  return contents;
}

}  // namespace

std::expected<std::unique_ptr<PeekedBytes>, std::string> PeekedBytes::look_into(
    std::unique_ptr<BytesIn> bytes) {
  auto first = bytes->next();
  if (!first) return std::unexpected(std::move(first.error()));
  auto peeked = std::make_unique<PeekedBytes>();
  peeked->bytes_ = std::move(bytes);
  peeked->first_ = *first;
  return peeked;
}

std::expected<iscsi::wire::ByteView, std::string> PeekedBytes::next() {
  if (std::exchange(given_, true)) return bytes_->next();
  return first_;
}

Peeked open_bytes(const std::filesystem::path& file) {
  Archive archive = reader();
  const int status = archive_read_open_filename(archive.get(), file.c_str(), block_bytes);
  return opened(std::move(archive), status);
}

Peeked open_bytes(iscsi::wire::ByteView file) {
  Archive archive = reader();
  const int status = archive_read_open_memory(archive.get(), file.data(), file.size());
  return opened(std::move(archive), status);
}

}  // namespace conformance
