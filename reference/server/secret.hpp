#pragma once

#include <string>

namespace iscsi::server {

/// A new CHAP secret of 128 random bits, as 32 hexadecimal digits: RFC 3720 8.2.1 asks every
/// implementation for the means to make one, and for no other means than chance.
[[nodiscard]] std::string random_secret();

}  // namespace iscsi::server
