#pragma once

/// The conversation of a case as a capture file that Wireshark opens (pcapng, draft-ietf-opsawg-
/// pcapng), with what is to be said about a PDU as the comment of its packet.
///
/// Only the PDUs are evidence (`wire/pcapng.hpp`). The Ethernet, IPv4 and TCP headers around them
/// are made up, so that dissectors know what they see: the initiator is 192.0.2.1 (RFC 5737), the
/// target 192.0.2.2 with port 3260; one PDU is one segment; numbers and checksums are right. What
/// was missing stays so: a connection that begins midway has no SYN, bytes that nobody captured are
/// packets that were cut. Times count from the beginning of the case, so that the same run gives
/// the same file.

#include "conformance/report/results.hpp"

namespace conformance {

[[nodiscard]] iscsi::wire::Bytes pcapng(const CaseResult& one, bool strict);

/// Any conversation, `about` being the comment of the file.
[[nodiscard]] iscsi::wire::Bytes pcapng(const Transcript& transcript, const std::string& about);

}  // namespace conformance
