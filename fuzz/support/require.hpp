#pragma once

/// How a harness says that its law is broken: every engine counts an abort as a find.

#include <source_location>
#include <string_view>

namespace iscsi::fuzz {

/// Ends the program unless `holds`, naming the law and the line.
void require(bool holds, std::string_view law,
             std::source_location where = std::source_location::current());

}  // namespace iscsi::fuzz
