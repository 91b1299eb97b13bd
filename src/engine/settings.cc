#include "engine/settings.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/limits.h"
#include "os/process.h"

namespace turdb::engine {
namespace {

using base::Status;
using base::StatusOr;
using storage::Synchronous;

Status BadValue(std::string_view key, std::string_view value, std::string_view expected) {
  return base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                         absl::StrCat("\"", value, "\" is no value for ", key, ": expected ", expected));
}

StatusOr<int64_t> ParseInteger(std::string_view key, std::string_view value, int64_t low, int64_t high) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size() || number < low || number > high) {
    return BadValue(key, value, absl::StrCat("a whole number from ", low, " to ", high));
  }
  return number;
}

// "64MB", "64 MB", "67108864".
StatusOr<int64_t> ParseSize(std::string_view key, std::string_view value, int64_t low) {
  constexpr std::string_view kExpected = "a size such as 67108864, 64MB or 1GB";
  int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || number < 0) return BadValue(key, value, kExpected);
  const std::string unit =
      absl::AsciiStrToUpper(absl::StripAsciiWhitespace(value.substr(static_cast<size_t>(end - value.data()))));
  int shift = 0;
  if (unit == "KB" || unit == "K") {
    shift = 10;
  } else if (unit == "MB" || unit == "M") {
    shift = 20;
  } else if (unit == "GB" || unit == "G") {
    shift = 30;
  } else if (!unit.empty() && unit != "B") {
    return BadValue(key, value, kExpected);
  }
  if (number > (INT64_MAX >> shift)) return BadValue(key, value, kExpected);
  number <<= shift;
  if (number < low) return BadValue(key, value, absl::StrCat("at least ", low, " bytes"));
  return number;
}

std::string ShowBool(bool value) { return value ? "true" : "false"; }

std::string_view SynchronousName(Synchronous value) {
  switch (value) {
    case Synchronous::kOff:
      return "off";
    case Synchronous::kNormal:
      return "normal";
    case Synchronous::kFull:
      return "full";
  }
  return "full";
}

Status ParseSynchronous(Settings& settings, std::string_view value) {
  for (Synchronous each : {Synchronous::kOff, Synchronous::kNormal, Synchronous::kFull}) {
    if (absl::EqualsIgnoreCase(value, SynchronousName(each))) {
      settings.synchronous = each;
      return absl::OkStatus();
    }
  }
  return BadValue("synchronous", value, "full, normal or off");
}

// A number of milliseconds, or one with a unit of PostgreSQL's.
StatusOr<int64_t> ParseMilliseconds(std::string_view key, std::string_view value) {
  constexpr std::pair<std::string_view, int64_t> kUnits[] = {
      {"ms", 1}, {"min", 60'000}, {"s", 1000}, {"h", 3'600'000}, {"d", 86'400'000}};
  constexpr int64_t kLargest = INT64_MAX / 1'000'000;
  std::string_view number = absl::StripAsciiWhitespace(value);
  int64_t scale = 1;
  for (const auto& [unit, milliseconds] : kUnits) {
    if (!absl::EndsWithIgnoreCase(number, unit)) continue;
    number = absl::StripTrailingAsciiWhitespace(number.substr(0, number.size() - unit.size()));
    scale = milliseconds;
    break;
  }
  TURDB_ASSIGN_OR_RETURN(const int64_t parsed, ParseInteger(key, number, 0, kLargest / scale));
  return parsed * scale;
}

// Alphabetical, so that listings are.
constexpr std::array<SettingDescription, 14> kSettings = {{
    {"busy_timeout",
     "milliseconds a statement waits for another transaction's row, and a change in autocommit is run again when another was "
     "faster; default 5000",
     true,
     [](Settings& s, std::string_view v) -> Status {
       TURDB_ASSIGN_OR_RETURN(s.busy_timeout_ms, ParseMilliseconds("busy_timeout", v));
       return absl::OkStatus();
     },
     [](const Settings& s) { return absl::StrCat(s.busy_timeout_ms); }},
    {"create", "whether a database that does not exist is made; default true", false,
     [](Settings& s, std::string_view v) -> Status {
       TURDB_ASSIGN_OR_RETURN(s.create, ParseBool("create", v));
       return absl::OkStatus();
     },
     [](const Settings& s) { return ShowBool(s.create); }},
    {"hnsw.ef_search", "candidates that a search of a vector index keeps in view; 0, the default: as many as the index says",
     true,
     [](Settings& s, std::string_view v) -> Status {
       TURDB_ASSIGN_OR_RETURN(s.hnsw_ef_search, ParseInteger("hnsw.ef_search", v, 0, 1000));
       return absl::OkStatus();
     },
     [](const Settings& s) { return absl::StrCat(s.hnsw_ef_search); }},
    {"hnsw.exact_rows", "tables of fewer rows, about, are read instead of their vector indexes; default 10000", true,
     [](Settings& s, std::string_view v) -> Status {
       TURDB_ASSIGN_OR_RETURN(s.hnsw_exact_rows, ParseInteger("hnsw.exact_rows", v, 0, INT64_MAX));
       return absl::OkStatus();
     },
     [](const Settings& s) { return absl::StrCat(s.hnsw_exact_rows); }},
    {"memory_limit", "bytes for everything the database allocates, at least 1 MB; default a quarter of the machine", false,
     [](Settings& s, std::string_view v) -> Status {
       TURDB_ASSIGN_OR_RETURN(s.memory_limit_bytes, ParseSize("memory_limit", v, base::kMinMemoryLimitBytes));
       return absl::OkStatus();
     },
     [](const Settings& s) { return absl::StrCat(s.memory_limit_bytes); }},
    {"page_cache_bytes", "bytes of page frames, at least 512 KB; default half of memory_limit", false,
     [](Settings& s, std::string_view v) -> Status {
       TURDB_ASSIGN_OR_RETURN(
           s.page_cache_bytes,
           ParseSize("page_cache_bytes", v, int64_t{base::kMinPoolFrames} * static_cast<int64_t>(base::kPageSize)));
       return absl::OkStatus();
     },
     [](const Settings& s) { return absl::StrCat(s.page_cache_bytes); }},
    {"parallel_min_rows", "rows that a table has, about, for its scan to be shared out among threads; default 60000", true,
     [](Settings& s, std::string_view v) -> Status {
       TURDB_ASSIGN_OR_RETURN(s.parallel_min_rows, ParseInteger("parallel_min_rows", v, 0, INT64_MAX));
       return absl::OkStatus();
     },
     [](const Settings& s) { return absl::StrCat(s.parallel_min_rows); }},
    {"read_only", "whether every change is refused; read-only openers share a database; default false", false,
     [](Settings& s, std::string_view v) -> Status {
       TURDB_ASSIGN_OR_RETURN(s.read_only, ParseBool("read_only", v));
       return absl::OkStatus();
     },
     [](const Settings& s) { return ShowBool(s.read_only); }},
    {"statement_cache_size",
     "how many compiled statements a connection keeps, so that preparing the same text again need not compile it; 0, the "
     "default: none",
     true,
     [](Settings& s, std::string_view v) -> Status {
       TURDB_ASSIGN_OR_RETURN(s.statement_cache_size, ParseInteger("statement_cache_size", v, 0, 100'000));
       return absl::OkStatus();
     },
     [](const Settings& s) { return absl::StrCat(s.statement_cache_size); }},
    {"statement_timeout",
     "milliseconds a statement may take from its first step on, or a number with a unit (ms, s, min, h, d); 0, the default: "
     "as long as it needs",
     true,
     [](Settings& s, std::string_view v) -> Status {
       TURDB_ASSIGN_OR_RETURN(s.statement_timeout_ms, ParseMilliseconds("statement_timeout", v));
       return absl::OkStatus();
     },
     [](const Settings& s) { return absl::StrCat(s.statement_timeout_ms); }},
    {"synchronous", "what a commit waits for: full (power loss), normal (process crash) or off; default full", false,
     [](Settings& s, std::string_view v) { return ParseSynchronous(s, v); },
     [](const Settings& s) { return std::string(SynchronousName(s.synchronous)); }},
    {"temp_directory", "where statements spill; default inside the database directory", false,
     [](Settings& s, std::string_view v) -> Status {
       s.temp_directory = std::string(v);
       return absl::OkStatus();
     },
     [](const Settings& s) { return s.temp_directory; }},
    {"threads",
     "threads that a statement may use, the calling one among them; 1 at opening means no background thread either; default "
     "the number "
     "of cores",
     true,
     [](Settings& s, std::string_view v) -> Status {
       TURDB_ASSIGN_OR_RETURN(s.threads, ParseInteger("threads", v, 1, 1024));
       return absl::OkStatus();
     },
     [](const Settings& s) { return absl::StrCat(s.threads); }},
    {"wal_limit_bytes", "how far checkpoints may lag behind the log, in bytes; default 256 MB", false,
     [](Settings& s, std::string_view v) -> Status {
       TURDB_ASSIGN_OR_RETURN(s.wal_limit_bytes, ParseSize("wal_limit_bytes", v, int64_t{1} << 20));
       return absl::OkStatus();
     },
     [](const Settings& s) { return absl::StrCat(s.wal_limit_bytes); }},
}};

}  // namespace

StatusOr<bool> ParseBool(std::string_view key, std::string_view value) {
  for (std::string_view yes : {"true", "on", "yes", "1"}) {
    if (absl::EqualsIgnoreCase(value, yes)) return true;
  }
  for (std::string_view no : {"false", "off", "no", "0"}) {
    if (absl::EqualsIgnoreCase(value, no)) return false;
  }
  return BadValue(key, value, "true or false");
}

std::span<const SettingDescription> AllSettings() { return kSettings; }

const SettingDescription* FindSetting(std::string_view key) {
  for (const SettingDescription& setting : kSettings) {
    if (absl::EqualsIgnoreCase(setting.key, key)) return &setting;
  }
  return nullptr;
}

Status SetSetting(Settings& settings, std::string_view key, std::string_view value) {
  if (const SettingDescription* setting = FindSetting(key)) return setting->set(settings, value);
  std::vector<std::string_view> near;
  for (const SettingDescription& setting : kSettings) {
    if (absl::StrContains(setting.key, key) || absl::StartsWith(setting.key, key.substr(0, 4))) near.push_back(setting.key);
  }
  Status status = base::MakeError(absl::StatusCode::kNotFound, base::sqlstate::kUndefinedObject,
                                  absl::StrCat("there is no setting \"", key, "\""));
  if (!near.empty()) status = base::WithHint(status, absl::StrCat("did you mean ", absl::StrJoin(near, " or "), "?"));
  return status;
}

Status ResolveDefaults(Settings& settings) {
  if (settings.memory_limit_bytes == 0) {
    settings.memory_limit_bytes = std::max(os::MachineMemoryBytes() / 4, base::kMinMemoryLimitBytes);
  }
  if (settings.page_cache_bytes == 0) settings.page_cache_bytes = settings.memory_limit_bytes / 2;
  if (settings.page_cache_bytes > settings.memory_limit_bytes) {
    return base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                           absl::StrCat("page_cache_bytes (", settings.page_cache_bytes, ") is larger than memory_limit (",
                                        settings.memory_limit_bytes, ")"));
  }
  if (settings.threads == 0) settings.threads = os::MachineCores();
  return absl::OkStatus();
}

std::string DifferingKeys(const Settings& a, const Settings& b) {
  std::vector<std::string_view> keys;
  for (const SettingDescription& setting : kSettings) {
    // What a connection may change for itself need not agree, but the number of threads also says whether any works unasked.
    const bool fixed = !setting.per_connection || setting.key == "threads";
    if (fixed && setting.key != "create" && setting.show(a) != setting.show(b)) keys.push_back(setting.key);
  }
  return absl::StrJoin(keys, ", ");
}

}  // namespace turdb::engine
