// What a database tells of itself: metrics and its log.
#include "base/allocation.h"
#include "capi/callback.h"
#include "capi/handles.h"
#include "engine/metric_sources.h"

using turdb::base::Status;
using turdb::engine::EventLevel;
using turdb::engine::EventLog;
using turdb::engine::FindMetric;
using turdb::engine::MetricDescription;

extern "C" {

// Names and descriptions are literals: there is a NUL behind them.
const char* turdb_metric_name(int64_t index) {
  const auto metrics = turdb::engine::AllMetrics();
  if (index < 0 || index >= static_cast<int64_t>(metrics.size())) return nullptr;
  return metrics[static_cast<size_t>(index)].name.data();
}

const char* turdb_metric_describe(const char* name) {
  const MetricDescription* const metric = name == nullptr ? nullptr : FindMetric(name);
  return metric == nullptr ? nullptr : metric->description.data();
}

bool turdb_metric_is_counter(const char* name) {
  const MetricDescription* const metric = name == nullptr ? nullptr : FindMetric(name);
  return metric != nullptr && metric->is_counter;
}

turdb_status turdb_db_metric(turdb_db* db, const char* name, int64_t* out, turdb_error** error) {
  if (out != nullptr) *out = 0;
  if (db == nullptr || name == nullptr || out == nullptr) {
    return turdb::capi::ReportMisuse("turdb_db_metric: db, name or out is NULL", error);
  }
  return turdb::capi::Guarded(error, [&]() -> Status {
    const MetricDescription* const metric = FindMetric(name);
    if (metric == nullptr) {
      return turdb::base::WithHint(turdb::base::MakeError(absl::StatusCode::kNotFound, turdb::base::sqlstate::kUndefinedObject,
                                                          "there is no metric \"" + std::string(name) + "\""),
                                   "turdb_metric_name and turdb_catalog.metrics list them");
    }
    turdb::engine::MetricSources sources;
    TURDB_RETURN_IF_ERROR(db->database->ReadMetrics(&sources));
    *out = metric->read(sources);
    return absl::OkStatus();
  });
}

turdb_status turdb_db_set_log(turdb_db* db, int32_t level, turdb_log log, void* user_data, void (*destroy)(void* user_data),
                              turdb_error** error) {
  std::shared_ptr<void> data;
  const turdb_status adopted = turdb::capi::Guarded(error, [&] {
    data = turdb::capi::AdoptedData(user_data, destroy);
    return absl::OkStatus();
  });
  if (adopted != TURDB_OK) return adopted;
  if (db == nullptr) return turdb::capi::ReportMisuse("turdb_db_set_log: db is NULL", error);
  if (level < TURDB_LOG_ERROR || level > TURDB_LOG_DEBUG) {
    return turdb::capi::ReportMisuse("turdb_db_set_log: level is none of TURDB_LOG_*", error);
  }
  return turdb::capi::Guarded(error, [&]() -> Status {
    std::shared_ptr<const EventLog::Listener> listener;
    if (log != nullptr) {
      listener =
          std::make_shared<const EventLog::Listener>([log, data = std::move(data)](EventLevel of, const std::string& message) {
            turdb::capi::CallHost(false, [&] {
              log(data.get(), static_cast<int32_t>(of), message.c_str());
              return true;
            });
          });
    }
    return db->database->SetLog(static_cast<EventLevel>(level), std::move(listener));
  });
}

turdb_status turdb_set_allocator(turdb_allocate allocate, turdb_release release, void* user_data, turdb_error** error) {
  if (allocate == nullptr || release == nullptr) {
    return turdb::capi::ReportMisuse("turdb_set_allocator: allocate or release is NULL", error);
  }
  return turdb::capi::Guarded(error, [&]() -> Status {
    if (turdb::base::SetHostAllocator({allocate, release, user_data})) return absl::OkStatus();
    return turdb::base::MisuseError(
        "the allocator cannot be changed any more: set it once, before the first database is opened");
  });
}

}  // extern "C"
