// Settings of a database: one typed, enumerable, string-keyed table (interface.md, style.md 11).
#ifndef TURDB_ENGINE_SETTINGS_H_
#define TURDB_ENGINE_SETTINGS_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "storage/storage.h"

namespace turdb::engine {

struct Settings {
  int64_t memory_limit_bytes = 0;  // 0: a quarter of the machine
  int64_t page_cache_bytes = 0;    // 0: half of memory_limit
  int64_t wal_limit_bytes = int64_t{256} << 20;
  int64_t busy_timeout_ms = 5000;
  int64_t statement_timeout_ms = 0;  // 0: none
  int64_t hnsw_ef_search = 0;        // 0: as each index says
  int64_t hnsw_exact_rows = 10'000;  // tables of fewer rows are read instead of their vector indexes
  int64_t parallel_min_rows = 60'000;
  int64_t threads = 0;  // 0: the number of cores
  int64_t statement_cache_size = 0;
  storage::Synchronous synchronous = storage::Synchronous::kFull;
  bool read_only = false;
  bool create = true;
  std::string temp_directory;  // empty: inside the database directory
};

// One row of the table. `set` parses a value into its field; `show` prints the field.
struct SettingDescription {
  std::string_view key;
  std::string_view description;
  bool per_connection;  // SET may change it for a connection
  base::Status (*set)(Settings&, std::string_view value);
  std::string (*show)(const Settings&);
};

// All settings, by key.
std::span<const SettingDescription> AllSettings();
const SettingDescription* FindSetting(std::string_view key);
// Sets `key`. Errors: kNotFound with near misses for an unknown key, kInvalidArgument for a value that does not fit.
base::Status SetSetting(Settings& settings, std::string_view key, std::string_view value);
// on, off, true, false, yes, no, 1, 0; any other value is an error that names `key`.
base::StatusOr<bool> ParseBool(std::string_view key, std::string_view value);
// Fills in what depends on the machine and on other settings, and refuses contradictions.
base::Status ResolveDefaults(Settings& settings);
// Names of the settings, fixed at open, in which the two differ ("memory_limit, threads"); empty when none.
std::string DifferingKeys(const Settings& a, const Settings& b);

}  // namespace turdb::engine

#endif  // TURDB_ENGINE_SETTINGS_H_
