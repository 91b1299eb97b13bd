// The checker must catch an engine that breaks a rule, or a green run says nothing. This file is linked with an engine
// that was built with TURDB_MUTATE (src/txn/mutation.h) and passes when the broken rule is noticed.
#include <gtest/gtest.h>

#include <iostream>
#include <set>
#include <string>

#include "tests/isolation/workload.h"
#include "txn/mutation.h"

namespace turdb::isolation {
namespace {

static_assert(txn::kMutation != txn::Mutation::kNone);

TEST(Mutant, IsCaught) {
  std::set<std::string> kinds;
  for (uint32_t seed = 1; seed <= 20 && kinds.empty(); ++seed) {
    WorkloadOptions options;
    options.seed = seed;
    options.registers = seed % 2 == 0;
    options.keys = 4;
    // An index would be found to disagree with its table before anybody sees a lost update.
    options.indexed = txn::kMutation != txn::Mutation::kIgnoreNewerCommits;
    options.level =
        txn::kMutation == txn::Mutation::kSkipValidation ? history::Level::kSerializable : history::Level::kSnapshot;
    const WorkloadResult result = RunWorkload(options);
    for (const history::Anomaly& anomaly : history::Check(result.history, options.level, true)) kinds.insert(anomaly.kind);
  }
  EXPECT_FALSE(kinds.empty());
  std::string found;
  for (const std::string& kind : kinds) found += (found.empty() ? "" : ", ") + kind;
  std::cout << "found: " << found << std::endl;
  if (txn::kMutation == txn::Mutation::kSkipValidation) {
    EXPECT_EQ(kinds.count("G2"), 1U) << found;
  }
}

}  // namespace
}  // namespace turdb::isolation
