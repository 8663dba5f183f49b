#pragma once

/// Every bound of the implementation, named once. A peer can never make a target hold more than
/// these say (units last in each name; the section is the clause the number comes from).

#include <cstddef>
#include <cstdint>

namespace iscsi::limits {

// PDU format (RFC 3720 10.2).
inline constexpr std::size_t basic_header_bytes = 48;               // 10.2.1
inline constexpr std::size_t additional_headers_bytes = 255 * 4;    // 10.2.1.5: one byte, in words
inline constexpr std::size_t data_segment_bytes = (1U << 24U) - 1;  // 10.2.1.6: three bytes
inline constexpr std::size_t digest_bytes = 4;                      // 12.1: CRC32C

// Text (RFC 3720 5.1, 12.13).
inline constexpr std::size_t key_name_bytes = 63;              // 5.1
inline constexpr std::size_t text_value_bytes = 255;           // 5.1, unless a key says otherwise
inline constexpr std::size_t iscsi_name_bytes = 223;           // 3.2.6.1
inline constexpr std::size_t login_data_segment_bytes = 8192;  // 12.13: before the key is declared
inline constexpr std::size_t negotiation_text_bytes =
    65536;                                            // ours: one logical text request or response
inline constexpr std::size_t negotiation_keys = 256;  // ours: keys in one negotiation
inline constexpr std::size_t login_requests = 64;     // ours: PDUs in one login phase
inline constexpr std::size_t text_exchanges = 256;    // ours: PDUs in one text negotiation

// CHAP (RFC 3720 11.1.4, RFC 1994).
inline constexpr std::size_t chap_challenge_bytes = 1024;    // 11.1.4
inline constexpr std::size_t chap_name_bytes = 255;          // 5.1's general limit
inline constexpr std::size_t chap_secret_bytes = 255;        // ours
inline constexpr std::size_t chap_strong_secret_bytes = 12;  // 8.2.1: 96 bits
inline constexpr std::size_t chap_own_challenge_bytes = 16;  // ours: what every initiator takes

// Target.
inline constexpr std::size_t connections = 4096;   // ours
inline constexpr std::size_t sessions = 1024;      // ours
inline constexpr std::size_t logical_units = 256;  // ours: one level of LUN addressing
inline constexpr std::uint32_t command_window =
    128;                                            // ours: MaxCmdSN - ExpCmdSN + 1, non-immediate
inline constexpr std::size_t immediate_tasks = 16;  // ours: at least 2 by 3.2.2.1
inline constexpr std::size_t queued_output_bytes =
    8U << 20U;  // ours: per connection, beyond it reading stops
inline constexpr std::size_t transfer_bytes = 4U
                                              << 20U;  // ours: one command's data, told in VPD B0h
inline constexpr std::size_t received_data_segment_bytes =
    256U << 10U;  // ours: our MaxRecvDataSegmentLength

// Medium.
inline constexpr std::size_t block_bytes = 4096;            // ours: of any device; the least is 512
inline constexpr std::size_t compare_bytes = 64U << 10U;    // ours: read at a time to verify
inline constexpr std::uint64_t prefetch_bytes = 4U << 20U;  // ours: asked for in advance at a time

inline constexpr std::size_t login_input_bytes =
    512;  // ours: input buffer before full feature phase
inline constexpr std::size_t input_bytes = 32U << 10U;  // ours: input buffer of a connection
inline constexpr std::size_t long_segment_bytes =
    8U << 10U;  // ours: from here a segment has its own memory
inline constexpr std::size_t solicited_data_bytes =
    8U << 20U;  // ours: per session, asked for by R2T at a time
inline constexpr std::size_t data_ranges =
    1024;                                 // ours: pieces of one Data-Out sequence out of order
inline constexpr std::size_t notes = 64;  // ours: remarks for the log that wait to be fetched
inline constexpr std::size_t known_nexuses = 1024;  // ours: initiator ports remembered

// Time (milliseconds).
inline constexpr std::uint64_t login_ms = 15'000;        // ours: from accept to full feature phase
inline constexpr std::uint64_t ping_after_ms = 30'000;   // ours: silence before a NOP-In
inline constexpr std::uint64_t closing_ms = 5'000;       // ours: for a peer to take what is left
inline constexpr std::uint64_t ping_answer_ms = 30'000;  // ours: then the connection is dropped

}  // namespace iscsi::limits
