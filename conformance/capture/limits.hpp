#pragma once

/// Every bound of the reader of captures. What a file says can never make it hold more.

#include <cstddef>
#include <cstdint>

namespace conformance::capture_limits {

/// Bytes of all that waits: for missing packets, for the rest of a PDU, for its turn. Beyond it the
/// connection that others wait for is pressed, or the one heard last if there is none.
inline constexpr std::size_t bytes_held = 64U << 20U;
/// Buffers that wait to be used again, and bytes of each: allocating what PDUs with data need would
/// take longer than all else. What is smaller is better made anew.
inline constexpr std::size_t spare_buffers = 16;
inline constexpr std::size_t least_spare_bytes = 4096;
inline constexpr std::size_t most_spare_bytes = 512U << 10U;
/// Connections at one time; beyond it the one that was silent for longest is forgotten.
inline constexpr std::size_t connections = 4096;
/// Connections of which `endpoints` knows; beyond it the first are forgotten.
inline constexpr std::size_t endpoints = 65536;
/// Segments of one direction that came before their turn.
inline constexpr std::size_t early_segments = 4096;
/// Missing bytes that a PDU is read across; a longer gap is a loss whatever it may belong to.
inline constexpr std::uint64_t hole_bytes = 1U << 20U;
/// A segment or an acknowledgement further ahead is none of this connection.
inline constexpr std::int64_t window_bytes = 1 << 28;

// How long something is waited for, in packets of the file.

/// Bytes that were acknowledged but not seen: only packets that changed places can still bring
/// them.
inline constexpr std::uint64_t acknowledged_packets = 64;
/// Bytes that a sender may yet repeat.
inline constexpr std::uint64_t missing_packets = 16384;
/// A proof that a stream is iSCSI, or where its next PDU begins.
inline constexpr std::uint64_t proof_packets = 1024;

/// Bytes of one direction in which a PDU is looked for before a connection counts as no iSCSI.
inline constexpr std::uint64_t searched_bytes = 4U << 20U;
/// Bytes of work (`Effort`) that go into looking for PDUs: of a connection, and for each byte that
/// it brings. Where they are used up, what cannot be told at once counts as nothing.
inline constexpr std::uint64_t effort_of_connection = 64U << 20U;
inline constexpr std::uint64_t effort_per_byte = 64;
/// DataSegmentLength of a PDU that has to be proved. The others may have what fits in three bytes.
inline constexpr std::size_t proved_data_bytes = 1U << 20U;
/// PDUs in a row that prove a stream by their form alone.
inline constexpr std::size_t proof_pdus = 3;
/// Notes that wait to be fetched, and notes of one connection.
inline constexpr std::size_t notes = 1024;
inline constexpr std::size_t notes_of_connection = 32;

/// Characters of a recording, which is held as a whole: in hexadecimal, as many bytes of PDUs as it
/// may have.
inline constexpr std::size_t recording_bytes = 512U << 20U;
/// Characters of one packet in Wireshark's JSON, which has each byte several times.
inline constexpr std::size_t json_packet_bytes = 64U << 20U;
/// Bytes that one packet may say it had on the wire.
inline constexpr std::size_t packet_bytes = 1U << 20U;

}  // namespace conformance::capture_limits
