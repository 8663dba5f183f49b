#include "conformance/capture/gzip.hpp"

#include <isa-l/igzip_lib.h>

#include <array>
#include <optional>
#include <span>
#include <utility>

namespace conformance {
namespace {

using iscsi::wire::ByteView;

constexpr std::uint32_t inflated_bytes = 64U << 10U;

std::string error_of(int status) {
  switch (status) {
    case ISAL_INVALID_WRAPPER: return "no gzip header where one has to be";
    case ISAL_UNSUPPORTED_METHOD: return "compressed by a method that gzip does not know";
    case ISAL_INCORRECT_CHECKSUM: return "the checksum of the compressed data is wrong";
    default: return "the compressed data cannot be inflated";
  }
}

class Gunzipped : public BytesIn {
 public:
  explicit Gunzipped(std::unique_ptr<BytesIn> compressed) : compressed_{std::move(compressed)} {}

  std::expected<ByteView, std::string> next() override {
    while (true) {
      if (status_ < 0) return std::unexpected(error_of(status_));
      if (auto error = fetch()) return std::unexpected(*std::move(error));
      if (!in_member_) {
        if (input_ended_) return ByteView{};
        begin_member();
      }
      const auto left = state_.avail_in;
      state_.next_out = out_.data();
      state_.avail_out = inflated_bytes;
      status_ = isal_inflate(&state_);
      in_member_ = state_.block_state != ISAL_BLOCK_FINISH;
      const std::size_t made = inflated_bytes - state_.avail_out;
      if (made > 0) return std::as_bytes(std::span{out_}.first(made));
      if (!in_member_ || status_ < 0) continue;
      if (input_ended_) return std::unexpected("the compressed data is cut short");
      if (state_.avail_in == left) return std::unexpected(error_of(ISAL_INVALID_BLOCK));
    }
  }

 private:
  /// Compressed bytes, where the last ones are used up.
  std::optional<std::string> fetch() {
    if (state_.avail_in > 0 || input_ended_) return {};
    const auto block = compressed_->next();
    if (!block) return block.error();
    input_ended_ = block->empty();
    // ISA-L writes nothing there.
    state_.next_in =
        const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(block->data()));
    state_.avail_in = static_cast<std::uint32_t>(block->size());
    return {};
  }

  void begin_member() {
    const auto next_in = state_.next_in;
    const auto avail_in = state_.avail_in;
    isal_inflate_init(&state_);
    state_.crc_flag = ISAL_GZIP;
    state_.next_in = next_in;
    state_.avail_in = avail_in;
    in_member_ = true;
  }

  std::unique_ptr<BytesIn> compressed_;
  inflate_state state_{};
  int status_ = ISAL_DECOMP_OK;  ///< an error comes behind what was inflated before it
  bool in_member_ = false;
  bool input_ended_ = false;
  std::array<std::uint8_t, inflated_bytes> out_{};
};

}  // namespace

bool is_gzip(ByteView beginning) {
  return beginning.size() >= 2 && beginning[0] == std::byte{0x1f} &&
         beginning[1] == std::byte{0x8b};
}

std::unique_ptr<BytesIn> gunzipped(std::unique_ptr<BytesIn> compressed) {
  return std::make_unique<Gunzipped>(std::move(compressed));
}

}  // namespace conformance
