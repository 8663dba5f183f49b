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
  std::set<Rule> proved;
  std::size_t killed = 0;
  for (const Saboteur& saboteur : saboteurs()) {
    const Proof proof = prove(saboteur, library(), fresh_bench);
    EXPECT_TRUE(proof.killed()) << proof.told();
    if (!proof.killed()) continue;
    ++killed;
    proved.insert(saboteur.rule);
  }
  std::cout << "saboteurs killed: " << killed << " of " << saboteurs().size() << "\n"
            << "rules proved: " << proved.size() << " of " << claimed_rules(library()).size()
            << "\n";
}

TEST(Saboteurs, StandBehindEveryRuleThatTheSuiteClaims) {
  std::set<Rule> without = claimed_rules(library());
  for (const Saboteur& saboteur : saboteurs()) {
    without.erase(saboteur.rule);
    EXPECT_TRUE(claimed_rules(library()).contains(saboteur.rule))
        << "nobody claims to judge " << iscsi::about(saboteur.rule).slug;
  }
  for (const Rule rule : without)
    std::cout << "no saboteur breaks " << iscsi::about(rule).slug << "\n";
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
    for (const Rule rule : accused_of(result))
      ADD_FAILURE() << one.name << " accuses of " << iscsi::about(rule).slug << ": "
                    << result.judgement.what;
    EXPECT_NE(result.judgement.verdict, Verdict::error) << one.name;
  }
}

}  // namespace
}  // namespace conformance::proof
