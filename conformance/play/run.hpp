#pragma once

/// All the cases of a run, one after the other, over any transport.

#include <functional>
#include <span>

#include "conformance/play/transport.hpp"
#include "conformance/report/results.hpp"

namespace conformance {

/// A number for each case, so that no two of them share ISIDs and tags; the same name and the same
/// seed give the same one.
[[nodiscard]] std::uint64_t seed_of_case(std::uint64_t seed, std::string_view name);

/// The connection that only asks whether the target still takes one.
inline constexpr ConnectionNumber probing_connection = 0xffff;

/// Acts out one case and lets the monitor look at it.
template <Transport T>
[[nodiscard]] CaseResult judge_case(const Case& one, Settings settings, T& transport, bool strict) {
  settings.seed = seed_of_case(settings.seed, one.name);
  const std::uint64_t begin_us = transport.now_us();
  Player player{one, settings};
  drive(player, transport);
  CaseResult result{.name = one.name,
                    .story = one.story,
                    .judgement = player.judgement(),
                    .observation = observe(player.transcript()),
                    .transcript = player.transcript(),
                    .duration_us = transport.now_us() - begin_us};
  for (Record& record : result.transcript) record.at_us -= begin_us;
  Manner& manner = result.judgement.manner;
  if (manner == Manner::disconnect || manner == Manner::reset || manner == Manner::silence) {
    if (transport.open(probing_connection))
      manner = Manner::crash;
    else
      transport.leave(probing_connection, false);
  }
  weigh(result, strict);
  return result;
}

/// Finds out what the target is: the facts that other stories go by. The result is that of the
/// story `start/survey`.
template <Transport T>
[[nodiscard]] CaseResult survey(const Case& one, Settings& settings, T& transport) {
  Settings own = settings;
  own.seed = seed_of_case(settings.seed, one.name);
  Player player{one, own};
  drive(player, transport);
  CaseResult result{.name = one.name,
                    .story = one.story,
                    .judgement = player.judgement(),
                    .observation = {},
                    .transcript = player.transcript()};
  for (const auto name : {"block_size", "last_block"})
    if (const auto found = player.known().find(name); found != player.known().end())
      settings.facts.insert_or_assign(name, found->second);
  return result;
}

}  // namespace conformance
