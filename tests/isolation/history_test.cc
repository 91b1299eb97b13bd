// What random transactions saw must fit their level. TURDB_ISOLATION_SECONDS makes it a longer run over more seeds, from
// TURDB_ISOLATION_SEED on; a failure names its seed.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/isolation/workload.h"

namespace turdb::isolation {
namespace {

int NumberFromEnvironment(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoi(text);
}

void RunAndCheck(const WorkloadOptions& options) {
  SCOPED_TRACE(absl::StrCat("seed ", options.seed, options.registers ? ", registers" : ", lists",
                            options.level == history::Level::kSerializable ? ", serializable" : ", snapshot"));
  const WorkloadResult result = RunWorkload(options);
  EXPECT_EQ(result.unexpected, "");
  EXPECT_GT(result.committed, options.threads * options.transactions / 20);
  const std::vector<history::Anomaly> anomalies = history::Check(result.history, options.level, true);
  EXPECT_TRUE(anomalies.empty()) << history::Describe(anomalies);
}

TEST(History, FitsItsLevel) {
  const int seconds = NumberFromEnvironment("TURDB_ISOLATION_SECONDS", 0);
  const int first = NumberFromEnvironment("TURDB_ISOLATION_SEED", 1);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  int seed = first;
  do {
    for (const bool registers : {false, true}) {
      for (const history::Level level : {history::Level::kSnapshot, history::Level::kSerializable}) {
        WorkloadOptions options;
        options.seed = static_cast<uint32_t>(seed);
        options.registers = registers;
        options.level = level;
        options.keys = 4 + seed % 3 * 8;
        if (seed % 4 == 3) options.memory_limit_bytes = int64_t{2} << 20;
        RunAndCheck(options);
      }
    }
    ++seed;
  } while (!testing::Test::HasFailure() && (seed < first + 2 || std::chrono::steady_clock::now() < end));
  testing::Test::RecordProperty("seeds", seed - first);
}

}  // namespace
}  // namespace turdb::isolation
