/// The proof that every check of the suite can fail: each saboteur is sent in, and the suite has to
/// find it out, for what it did and for nothing else.

#include <gtest/gtest.h>

#include <iostream>
#include <set>

#include "conformance/in_process.hpp"
#include "conformance/proof/prove.hpp"

namespace conformance::proof {
namespace {

using iscsi::Rule;

const Library& library() {
  static const auto read = Library::read(SOURCE_ROOT "/traces");
  EXPECT_TRUE(read.has_value()) << read.error().file << ": " << read.error().error.where << ": "
                                << read.error().error.what;
  return *read;
}

TEST(Saboteurs, AreFoundOutForWhatTheyDoAndForNothingElse) {
  std::set<Rule> unproved = claimed_rules(library());
  const std::size_t claimed = unproved.size();
  std::size_t sent = 0;
  std::size_t killed = 0;
  for (const Saboteur& saboteur : saboteurs()) {
    const Proof proof = prove(saboteur, library(), fresh_bench);
    EXPECT_TRUE(proof.killed()) << proof.told();
    ++sent;
    if (!proof.killed()) continue;
    ++killed;
    unproved.erase(saboteur.rule);
  }
  for (const Rule rule : unproved)
    ADD_FAILURE() << "no saboteur proves " << iscsi::about(rule).slug;
  std::cout << "saboteurs killed: " << killed << " of " << sent << "\n"
            << "rules proved: " << claimed - unproved.size() << " of " << claimed << "\n";
}

TEST(Saboteurs, HaveTheKnownDefectsAmongThem) {
  std::set<unsigned> seen;
  for (const Saboteur& saboteur : saboteurs())
    if (saboteur.defect != 0) seen.insert(saboteur.defect);
  for (unsigned number = 1; number <= known_defects().size(); ++number)
    EXPECT_TRUE(seen.contains(number)) << known_defects()[number - 1];
}

TEST(ASaboteurThatDoesNothing, IsNotAccused) {
  const std::vector<Strike> none;
  for (const Case& one : library().cases()) {
    Bench bench = fresh_bench(wants_secret(*one.story));
    Sabotage sabotage{none};
    Sabotaged transport{bench.target, sabotage};
    const CaseResult result = judge_case(one, bench.settings, transport, false);
    if (result.judgement.verdict == Verdict::warn) continue;  // refused, but with another status
    for (const Rule rule : accused_of(result))
      ADD_FAILURE() << one.name << " accuses of " << iscsi::about(rule).slug << ": "
                    << result.judgement.what;
    EXPECT_NE(result.judgement.verdict, Verdict::error) << one.name;
  }
}

}  // namespace
}  // namespace conformance::proof
