#include "engine/metrics.h"

#include "engine/metric_sources.h"

namespace turdb::engine {
namespace {

using Counters = SessionCounters;

template <Counters::Kind kKind>
int64_t Sum(const MetricSources& from) {
  return from.sessions[kKind];
}

constexpr int64_t kPageBytes = static_cast<int64_t>(base::kPageSize);

// Alphabetical, so that listings are. Names are stable: docs/metrics.md.
constexpr MetricDescription kMetrics[] = {
    {"checkpoints", "checkpoints that were completed", true,
     [](const MetricSources& from) { return static_cast<int64_t>(from.storage.checkpoints); }},
    {"conflicts",
     "statements and commits that failed with 40001 because another transaction was faster, those that were run "
     "again by themselves included",
     true, Sum<Counters::kConflicts>},
    {"connections", "connections that are open", false, [](const MetricSources& from) { return from.connections; }},
    {"deadlocks", "statements that failed with 40P01", true, Sum<Counters::kDeadlocks>},
    {"dirty_pages", "pages in the cache that are newer than their files", false,
     [](const MetricSources& from) { return static_cast<int64_t>(from.pool.dirty_frames); }},
    {"log_bytes", "bytes written to the log", true, [](const MetricSources& from) { return from.log_bytes; }},
    {"log_syncs", "how often the log was made durable; commits that wait together share one", true,
     [](const MetricSources& from) { return static_cast<int64_t>(from.storage.log_syncs); }},
    {"memory_limit_bytes", "memory_limit", false, [](const MetricSources& from) { return from.memory_limit_bytes; }},
    {"memory_peak_bytes", "the most that was allocated since the database was opened", false,
     [](const MetricSources& from) { return from.memory_peak_bytes; }},
    {"memory_used_bytes", "what is allocated now", false, [](const MetricSources& from) { return from.memory_used_bytes; }},
    {"page_cache_bytes", "memory that pages take in the cache", false,
     [](const MetricSources& from) { return static_cast<int64_t>(from.pool.frames) * kPageBytes; }},
    {"page_cache_evictions", "pages that made room for others", true,
     [](const MetricSources& from) { return static_cast<int64_t>(from.pool.evictions); }},
    {"page_cache_hits", "looks at a page that was in the cache; about, where threads are many", true,
     [](const MetricSources& from) { return static_cast<int64_t>(from.pool.hits); }},
    {"pages_read", "pages that came from their files: page_cache_hits' opposite", true,
     [](const MetricSources& from) { return static_cast<int64_t>(from.pool.pages_read); }},
    {"pages_written", "pages that were written to their files", true,
     [](const MetricSources& from) { return static_cast<int64_t>(from.pool.pages_written); }},
    {"rows_changed", "rows that statements inserted, updated or deleted", true, Sum<Counters::kRowsChanged>},
    {"rows_returned", "rows that statements gave", true, Sum<Counters::kRowsReturned>},
    {"snapshots", "states of the database that somebody still reads", false,
     [](const MetricSources& from) { return from.snapshots; }},
    {"spilled_bytes", "bytes that statements put into temporary files because memory_limit had no room", true,
     Sum<Counters::kSpilledBytes>},
    {"statement_cache_hits", "statements that were prepared from the cache of their connection", true,
     Sum<Counters::kStatementCacheHits>},
    {"statement_cache_misses", "statements that a connection with a cache did not find there", true,
     Sum<Counters::kStatementCacheMisses>},
    {"statements", "executions that began", true, Sum<Counters::kStatements>},
    {"statements_compiled", "texts that were compiled, those compiled again included", true,
     Sum<Counters::kStatementsCompiled>},
    {"statements_failed", "executions that ended with an error", true, Sum<Counters::kStatementsFailed>},
    {"transactions_begun", "transactions, explicit ones and those of single changes; reads outside of them are none", true,
     Sum<Counters::kTransactionsBegun>},
    {"transactions_committed", "transactions that committed", true, Sum<Counters::kTransactionsCommitted>},
    {"transactions_rolled_back", "transactions that were rolled back", true, Sum<Counters::kTransactionsRolledBack>},
    {"version_bytes", "memory that holds old versions of rows, part of memory_used_bytes", false,
     [](const MetricSources& from) { return from.version_bytes; }},
};

}  // namespace

std::span<const MetricDescription> AllMetrics() { return kMetrics; }

const MetricDescription* FindMetric(std::string_view name) {
  for (const MetricDescription& metric : kMetrics) {
    if (metric.name == name) return &metric;
  }
  return nullptr;
}

}  // namespace turdb::engine
