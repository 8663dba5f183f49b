#pragma once

/// What the build puts into the program: the version of the project, and the style and the script
/// of the HTML report (`page.css`, `page.js`).

#include <string_view>

namespace conformance {

/// `iscsi-conform 0.1.0`
extern const std::string_view suite_version;
extern const std::string_view page_style;
extern const std::string_view page_script;

}  // namespace conformance
