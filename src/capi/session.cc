// A session's settings and limits, and what statements say of themselves: text, plan, profile, origin of columns.
#include <array>

#include "absl/strings/str_cat.h"
#include "capi/handles.h"
#include "engine/hooks.h"

using turdb::base::Status;
using turdb::engine::Connection;
using turdb::engine::SessionLimits;

namespace {

// A limit, and where it is kept.
struct LimitDescription {
  const char* name;
  int64_t (*get)(const SessionLimits&);
  void (*set)(SessionLimits&, int64_t);
};

template <typename Number>
constexpr Number As(int64_t value) {
  return static_cast<Number>(value);
}

// By TURDB_LIMIT_*.
constexpr std::array<LimitDescription, 7> kLimits = {{
    {"sql_bytes", [](const SessionLimits& l) { return l.statement.sql_bytes; },
     [](SessionLimits& l, int64_t v) { l.statement.sql_bytes = v; }},
    {"nesting_depth", [](const SessionLimits& l) { return int64_t{l.statement.nesting_depth}; },
     [](SessionLimits& l, int64_t v) { l.statement.nesting_depth = As<int32_t>(v); }},
    {"parameters", [](const SessionLimits& l) { return int64_t{l.statement.parameters}; },
     [](SessionLimits& l, int64_t v) { l.statement.parameters = As<int32_t>(v); }},
    {"columns", [](const SessionLimits& l) { return int64_t{l.statement.columns}; },
     [](SessionLimits& l, int64_t v) { l.statement.columns = As<int32_t>(v); }},
    {"function_arguments", [](const SessionLimits& l) { return int64_t{l.statement.function_arguments}; },
     [](SessionLimits& l, int64_t v) { l.statement.function_arguments = As<int32_t>(v); }},
    {"trigger_depth", [](const SessionLimits& l) { return int64_t{l.trigger_depth}; },
     [](SessionLimits& l, int64_t v) { l.trigger_depth = As<int32_t>(v); }},
    {"value_bytes", [](const SessionLimits& l) { return l.value_bytes; },
     [](SessionLimits& l, int64_t v) { l.value_bytes = v; }},
}};

const LimitDescription* FindLimit(int32_t limit) {
  return limit < 0 || limit >= static_cast<int32_t>(kLimits.size()) ? nullptr : &kLimits[static_cast<size_t>(limit)];
}

template <typename Body>
turdb_status With(turdb_conn* conn, turdb_error** error, Body&& body) noexcept {
  if (conn == nullptr) return turdb::capi::ReportMisuse("conn is NULL", error);
  return turdb::capi::Inside(*conn->connection, error, [&]() -> Status { return body(*conn->connection); });
}

const turdb::sql::ColumnOrigin* OriginOf(const turdb_stmt* stmt, int64_t index) {
  if (stmt == nullptr || index < 0) return nullptr;
  return stmt->statement->column_origin(static_cast<size_t>(index));
}

turdb_status Describe(turdb_stmt* stmt, int64_t flags, bool profile, const char** out, turdb_error** error) noexcept {
  if (out == nullptr) return turdb::capi::ReportMisuse("out is NULL", error);
  *out = nullptr;
  if (stmt == nullptr) return turdb::capi::ReportMisuse("stmt is NULL", error);
  return turdb::capi::Inside(*stmt->statement->connection(), error, [&]() -> Status {
    if ((flags & ~int64_t{TURDB_EXPLAIN_JSON | TURDB_EXPLAIN_VERBOSE}) != 0) {
      return turdb::base::MisuseError("unknown TURDB_EXPLAIN_* flags");
    }
    const turdb::engine::ProfileOptions options{(flags & TURDB_EXPLAIN_JSON) != 0, (flags & TURDB_EXPLAIN_VERBOSE) != 0};
    TURDB_ASSIGN_OR_RETURN(stmt->explained, stmt->statement->Explain(options, profile));
    *out = stmt->explained.c_str();
    return absl::OkStatus();
  });
}

}  // namespace

extern "C" {

// ---- settings

turdb_status turdb_conn_setting(turdb_conn* conn, const char* name, const char** out, turdb_error** error) {
  if (out == nullptr) return turdb::capi::ReportMisuse("turdb_conn_setting: out is NULL", error);
  *out = nullptr;
  if (name == nullptr) return turdb::capi::ReportMisuse("turdb_conn_setting: name is NULL", error);
  return With(conn, error, [&](Connection& connection) -> Status {
    TURDB_ASSIGN_OR_RETURN(conn->setting, connection.Setting(name));
    *out = conn->setting.c_str();
    return absl::OkStatus();
  });
}

turdb_status turdb_conn_set_setting(turdb_conn* conn, const char* name, const char* value, turdb_error** error) {
  if (name == nullptr) return turdb::capi::ReportMisuse("turdb_conn_set_setting: name is NULL", error);
  return With(conn, error, [&](Connection& connection) {
    return connection.SetSettingTo(name, value == nullptr ? "" : value, value == nullptr);
  });
}

bool turdb_options_is_session(const char* key) {
  const auto* const setting = key == nullptr ? nullptr : turdb::engine::FindSetting(key);
  return setting != nullptr && setting->per_connection;
}

turdb_status turdb_options_get(turdb_options* options, const char* key, const char** out, turdb_error** error) {
  if (out == nullptr) return turdb::capi::ReportMisuse("turdb_options_get: out is NULL", error);
  *out = nullptr;
  if (options == nullptr || key == nullptr) {
    return turdb::capi::ReportMisuse("turdb_options_get: options or key is NULL", error);
  }
  return turdb::capi::Guarded(error, [&]() -> Status {
    const auto* const setting = turdb::engine::FindSetting(key);
    if (setting == nullptr) return turdb::engine::SetSetting(options->settings, key, "");  // which says so
    turdb::engine::Settings resolved = options->settings;
    TURDB_RETURN_IF_ERROR(turdb::engine::ResolveDefaults(resolved));
    options->shown = setting->show(resolved);
    *out = options->shown.c_str();
    return absl::OkStatus();
  });
}

// ---- limits

const char* turdb_limit_name(int32_t limit) {
  const LimitDescription* const found = FindLimit(limit);
  return found == nullptr ? nullptr : found->name;
}

int64_t turdb_limit_maximum(int32_t limit) {
  const LimitDescription* const found = FindLimit(limit);
  return found == nullptr ? 0 : found->get(SessionLimits());
}

turdb_status turdb_conn_limit(turdb_conn* conn, int32_t limit, int64_t* out, turdb_error** error) {
  if (out == nullptr) return turdb::capi::ReportMisuse("turdb_conn_limit: out is NULL", error);
  *out = 0;
  return With(conn, error, [&](Connection& connection) -> Status {
    const LimitDescription* const found = FindLimit(limit);
    if (found == nullptr) return turdb::base::MisuseError(absl::StrCat("there is no limit ", limit));
    *out = found->get(connection.limits());
    return absl::OkStatus();
  });
}

turdb_status turdb_conn_set_limit(turdb_conn* conn, int32_t limit, int64_t value, turdb_error** error) {
  return With(conn, error, [&](Connection& connection) -> Status {
    const LimitDescription* const found = FindLimit(limit);
    if (found == nullptr) return turdb::base::MisuseError(absl::StrCat("there is no limit ", limit));
    const int64_t maximum = found->get(SessionLimits());
    if (value < 0 || value > maximum) {
      return turdb::base::MakeError(absl::StatusCode::kInvalidArgument, turdb::base::sqlstate::kInvalidParameter,
                                    absl::StrCat("limit ", found->name, " is from 0 to ", maximum, ", not ", value));
    }
    found->set(connection.ChangeLimits(), value);
    return absl::OkStatus();
  });
}

// ---- what statements say of themselves

turdb_status turdb_conn_set_profiling(turdb_conn* conn, bool profiling, turdb_error** error) {
  return With(conn, error, [&](Connection& connection) {
    connection.set_profiled(profiling);
    return absl::OkStatus();
  });
}

turdb_status turdb_stmt_explain(turdb_stmt* stmt, int64_t flags, const char** out, turdb_error** error) {
  return Describe(stmt, flags, false, out, error);
}

turdb_status turdb_stmt_profile(turdb_stmt* stmt, int64_t flags, const char** out, turdb_error** error) {
  return Describe(stmt, flags, true, out, error);
}

turdb_status turdb_stmt_expanded_sql(turdb_stmt* stmt, const char** out, turdb_error** error) {
  if (out == nullptr) return turdb::capi::ReportMisuse("turdb_stmt_expanded_sql: out is NULL", error);
  *out = nullptr;
  if (stmt == nullptr) return turdb::capi::ReportMisuse("turdb_stmt_expanded_sql: stmt is NULL", error);
  return turdb::capi::Inside(*stmt->statement->connection(), error, [&]() -> Status {
    stmt->explained = stmt->statement->ExpandedSql();
    *out = stmt->explained.c_str();
    return absl::OkStatus();
  });
}

int64_t turdb_stmt_counter(const turdb_stmt* stmt, int32_t counter) {
  if (stmt == nullptr) return 0;
  switch (counter) {
    case TURDB_COUNTER_RUNS:
      return stmt->statement->runs();
    case TURDB_COUNTER_ROWS:
      return stmt->statement->rows_given();
    case TURDB_COUNTER_COMPILATIONS:
      return stmt->statement->compilations();
    default:
      return 0;
  }
}

int32_t turdb_stmt_column_nullability(const turdb_stmt* stmt, int64_t index) {
  if (stmt == nullptr || index < 0 || index >= static_cast<int64_t>(stmt->statement->column_count())) {
    return TURDB_NULLABILITY_UNKNOWN;
  }
  if (stmt->statement->column_never_null(static_cast<size_t>(index))) return TURDB_NOT_NULL;
  return OriginOf(stmt, index) == nullptr ? TURDB_NULLABILITY_UNKNOWN : TURDB_NULLABLE;
}

const char* turdb_stmt_column_schema(const turdb_stmt* stmt, int64_t index) {
  const auto* const origin = OriginOf(stmt, index);
  return origin == nullptr ? nullptr : origin->schema.c_str();
}

const char* turdb_stmt_column_table(const turdb_stmt* stmt, int64_t index) {
  const auto* const origin = OriginOf(stmt, index);
  return origin == nullptr ? nullptr : origin->table.c_str();
}

const char* turdb_stmt_column_origin(const turdb_stmt* stmt, int64_t index) {
  const auto* const origin = OriginOf(stmt, index);
  return origin == nullptr ? nullptr : origin->column.c_str();
}

}  // extern "C"
