// Random transactions of several threads through SQL, recorded for the history checker.
#ifndef TURDB_TESTS_ISOLATION_WORKLOAD_H_
#define TURDB_TESTS_ISOLATION_WORKLOAD_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tests/txn/history_checker.h"

namespace turdb::isolation {

struct WorkloadOptions {
  uint32_t seed = 1;
  history::Level level = history::Level::kSnapshot;
  // Registers are read before they are written; lists are appended to, and read by key, by ranges and through an index.
  bool registers = false;
  bool indexed = true;  // whether there is an index at all
  int threads = 4;
  int transactions = 150;  // of each thread
  int keys = 8;
  // Small enough that pages and versions leave memory.
  int64_t memory_limit_bytes = int64_t{64} << 20;
};

struct WorkloadResult {
  std::vector<history::RecordedTransaction> history;
  int committed = 0;
  std::string unexpected;  // an error that no transaction may see; empty: none
};

WorkloadResult RunWorkload(const WorkloadOptions& options);

}  // namespace turdb::isolation

#endif  // TURDB_TESTS_ISOLATION_WORKLOAD_H_
