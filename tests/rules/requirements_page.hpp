#pragma once

#include <string>

namespace test {

/// docs/requirements.md: the ledger as a page, by chapter and section, in the ledger's order
/// within a section.
std::string render_requirements_page();

}  // namespace test
