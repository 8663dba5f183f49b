#pragma once

#include <string>

#include "pdu/pdu.hpp"

namespace test {

/// The header of one PDU drawn as RFC 3720 10 draws it: 32 bits a row, two columns a bit, printed
/// values and names in their places, a dot for each reserved bit.
std::string draw_header(const iscsi::pdu::Description& description);

/// docs/pdus.md: for each PDU its diagram, what it prints, its code tables and its rules.
std::string render_pdus_page();

}  // namespace test
