// What the metrics of a database are read from. Internal to this room.
#ifndef TURDB_ENGINE_METRIC_SOURCES_H_
#define TURDB_ENGINE_METRIC_SOURCES_H_

#include <cstdint>

#include "engine/metrics.h"
#include "storage/buffer_pool.h"
#include "storage/storage.h"

namespace turdb::engine {

struct MetricSources {
  storage::PoolStats pool;
  storage::StorageStats storage;
  SessionCounters::Values sessions{};  // of all connections, those that are gone included
  int64_t connections = 0;
  int64_t snapshots = 0;
  int64_t log_bytes = 0;
  int64_t memory_limit_bytes = 0;
  int64_t memory_peak_bytes = 0;
  int64_t memory_used_bytes = 0;
  int64_t version_bytes = 0;
};

}  // namespace turdb::engine

#endif  // TURDB_ENGINE_METRIC_SOURCES_H_
