#pragma once

/// The words of recordings, for writing and for reading. Private to `recording/`.

#include <array>
#include <optional>
#include <string_view>

#include "conformance/recording/recording.hpp"

namespace conformance {

struct KindWord {
  Record::Kind kind;
  std::string_view word;
};
inline constexpr std::array kind_words{
    KindWord{Record::Kind::opened, "opened"},
    KindWord{Record::Kind::sent, "sent"},
    KindWord{Record::Kind::received, "received"},
    KindWord{Record::Kind::unreadable, "unreadable"},
    KindWord{Record::Kind::unreadable_sent, "unreadable-sent"},
    KindWord{Record::Kind::lost, "lost"},
    KindWord{Record::Kind::lost_sent, "lost-sent"},
    KindWord{Record::Kind::ended, "ended"},
    KindWord{Record::Kind::broken, "broken"},
    KindWord{Record::Kind::left, "left"},
    KindWord{Record::Kind::left_by_reset, "left-by-reset"},
};

[[nodiscard]] constexpr std::string_view word_for(Record::Kind kind) {
  for (const KindWord& row : kind_words)
    if (row.kind == kind) return row.word;
  return {};
}

struct OriginWord {
  Origin origin;
  std::string_view word;
};
inline constexpr std::array origin_words{
    OriginWord{Origin::captured, "captured"},
    OriginWord{Origin::captured_facts, "captured-facts"},
    OriginWord{Origin::reconstructed, "reconstructed"},
};

}  // namespace conformance
