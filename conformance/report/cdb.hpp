#pragma once

/// SCSI commands in words: what people look for in a conversation.

#include <string>

#include "wire/bytes.hpp"

namespace conformance {

/// `READ(10) LBA 2048, 8 blocks`, `INQUIRY page 83h, 255 bytes`, `operation code c1h`. Names and
/// places are those of SAM, SPC-4, SBC-3, MMC-6 and SMC-3. `cdb`: the 16 bytes of the header.
[[nodiscard]] std::string describe_cdb(iscsi::wire::ByteView cdb);

}  // namespace conformance
