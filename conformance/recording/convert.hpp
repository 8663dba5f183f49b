#pragma once

/// Recordings that others may see: what is private goes, what matters stays.

#include <string_view>

#include "conformance/recording/recording.hpp"

namespace conformance {

/// Replaces payloads by a pattern: the blocks of a medium by one that goes by their place, so that
/// a block that is read again is the same again; other data by one that begins anew. What stays is
/// what the protocol says: text keys, sense data, capacities, lists of LUNs, standard INQUIRY data,
/// the lists of vital product data pages and the headers of the others. Host names behind an
/// initiator's naming authority become as many `x`, addresses examples. Bytes that are no PDU, and
/// texts that go on over several PDUs, whose keys cannot be told apart, keep nothing but headers.
/// Nothing is missing any more: holes are filled.
void keep_facts(Recording& recording);

/// `keep_facts`, and names, aliases, addresses and CHAP's values become examples.
void anonymise(Recording& recording);

/// Leaves only records `first` to `last` (counted from 0), and of those only what belongs to
/// connections that were opened in them.
void cut(Recording& recording, std::size_t first, std::size_t last);

}  // namespace conformance
