// What a database counts and measures: one table of names, which turdb_db_metric and turdb_catalog.metrics read.
#ifndef TURDB_ENGINE_METRICS_H_
#define TURDB_ENGINE_METRICS_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace turdb::engine {

class Database;

// What one connection counts. Written by the thread inside, read by any; it outlives the connection, so that sums never fall.
class SessionCounters {
 public:
  enum Kind : uint8_t {
    kStatements,
    kStatementsFailed,
    kStatementsCompiled,
    kStatementCacheHits,
    kStatementCacheMisses,
    kTransactionsBegun,
    kTransactionsCommitted,
    kTransactionsRolledBack,
    kRowsChanged,
    kRowsReturned,
    kConflicts,
    kDeadlocks,
    kSpilledBytes,  // several threads of a statement add to it
    kCount
  };
  using Values = std::array<int64_t, kCount>;

  void Add(Kind kind, int64_t by = 1) {
    values_[kind].store(values_[kind].load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  std::atomic<int64_t>* spilled_bytes() { return &values_[kSpilledBytes]; }
  void AddTo(Values& sums) const {
    for (size_t i = 0; i < kCount; ++i) sums[i] += values_[i].load(std::memory_order_relaxed);
  }

 private:
  std::array<std::atomic<int64_t>, kCount> values_{};
};

// What a metric is read from, all at one moment or nearly so.
struct MetricSources;

struct MetricDescription {
  std::string_view name;
  std::string_view description;
  bool is_counter;  // grows from 0 while the database is open; otherwise a measure of now
  int64_t (*read)(const MetricSources&);
};

// Alphabetical.
std::span<const MetricDescription> AllMetrics();
const MetricDescription* FindMetric(std::string_view name);

}  // namespace turdb::engine

#endif  // TURDB_ENGINE_METRICS_H_
