#pragma once

/// What gzip has compressed (RFC 1952), by ISA-L: zlib, which libarchive would use, takes five
/// times as long, and that was half of the time that a compressed capture took to check.

#include "conformance/capture/bytes_in.hpp"

namespace conformance {

[[nodiscard]] bool is_gzip(iscsi::wire::ByteView beginning);

/// The contents of all members, one behind the other. Errors: what is wrong with the compressed
/// data, or with what is behind it.
[[nodiscard]] std::unique_ptr<BytesIn> gunzipped(std::unique_ptr<BytesIn> compressed);

}  // namespace conformance
