// Parameters of a statement.
#include "absl/strings/str_cat.h"
#include "capi/handles.h"
#include "capi/value.h"
#include "vec/utf8.h"

using turdb::base::Status;
using turdb::base::StatusOr;
using turdb::capi::BlobValue;
using turdb::engine::Statement;
using turdb::vec::TypeId;
using turdb::vec::Value;

namespace {

// Calls `bind(statement, index from 0)` when the statement may be bound to.
template <typename Body>
turdb_status BindWith(turdb_stmt* stmt, int64_t index, turdb_error** error, Body&& bind) noexcept {
  if (stmt == nullptr) return turdb::capi::ReportMisuse("stmt is NULL", error);
  return turdb::capi::Inside(*stmt->statement->connection(), error, [&]() -> Status {
    Statement& statement = *stmt->statement;
    if (statement.running()) return turdb::base::MisuseError("the statement is in the middle of its rows: reset it first");
    if (index < 1 || index > static_cast<int64_t>(statement.parameter_count())) {
      return turdb::base::MakeError(absl::StatusCode::kNotFound, turdb::base::sqlstate::kUndefinedObject,
                                    absl::StrCat("there is no parameter ", index, ": the statement has ",
                                                 statement.parameter_count(), ", counted from 1"));
    }
    return bind(statement, static_cast<size_t>(index - 1));
  });
}

// Calls `make`, which gives a StatusOr<Value>, and binds what it gives.
template <typename Make>
turdb_status Bind(turdb_stmt* stmt, int64_t index, turdb_error** error, Make&& make) noexcept {
  return BindWith(stmt, index, error, [&](Statement& statement, size_t i) -> Status {
    StatusOr<Value> value = make();
    if (!value.ok()) return turdb::base::WithFrame(value.status(), absl::StrCat("binding parameter ", i + 1));
    statement.Bind(i, *std::move(value));
    return absl::OkStatus();
  });
}

}  // namespace

extern "C" {

int64_t turdb_stmt_parameter_count(const turdb_stmt* stmt) {
  return stmt == nullptr ? 0 : static_cast<int64_t>(stmt->statement->parameter_count());
}

const char* turdb_stmt_parameter_name(const turdb_stmt* stmt, int64_t index) {
  if (stmt == nullptr || index < 1 || index > turdb_stmt_parameter_count(stmt)) return nullptr;
  const std::string& name = stmt->statement->parameter_names()[static_cast<size_t>(index - 1)];
  return name.empty() ? nullptr : name.c_str();
}

int64_t turdb_stmt_parameter_index(const turdb_stmt* stmt, const char* name) {
  if (stmt == nullptr || name == nullptr) return 0;
  const std::string_view wanted(name);
  const auto& names = stmt->statement->parameter_names();
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) continue;
    if (names[i] == wanted || std::string_view(names[i]).substr(1) == wanted) return static_cast<int64_t>(i + 1);
  }
  return 0;
}

turdb_status turdb_stmt_bind_null(turdb_stmt* stmt, int64_t index, turdb_error** error) {
  return Bind(stmt, index, error, []() -> StatusOr<Value> { return Value(); });
}

turdb_status turdb_stmt_bind_bool(turdb_stmt* stmt, int64_t index, bool value, turdb_error** error) {
  return Bind(stmt, index, error, [&]() -> StatusOr<Value> { return Value::Boolean(value); });
}

turdb_status turdb_stmt_bind_int64(turdb_stmt* stmt, int64_t index, int64_t value, turdb_error** error) {
  return BindWith(stmt, index, error, [&](Statement& statement, size_t i) -> Status {
    statement.BindInt64(i, value);
    return absl::OkStatus();
  });
}

turdb_status turdb_stmt_bind_uint64(turdb_stmt* stmt, int64_t index, uint64_t value, turdb_error** error) {
  return Bind(stmt, index, error, [&]() -> StatusOr<Value> { return Value::Of(TypeId::kUInt64, value); });
}

turdb_status turdb_stmt_bind_double(turdb_stmt* stmt, int64_t index, double value, turdb_error** error) {
  return BindWith(stmt, index, error, [&](Statement& statement, size_t i) -> Status {
    statement.BindDouble(i, value);
    return absl::OkStatus();
  });
}

turdb_status turdb_stmt_bind_text(turdb_stmt* stmt, int64_t index, const char* data, int64_t size_bytes, turdb_error** error) {
  return BindWith(stmt, index, error, [&](Statement& statement, size_t i) -> Status {
    if (data == nullptr) {
      statement.Bind(i, Value::Null(TypeId::kText));
      return absl::OkStatus();
    }
    TURDB_ASSIGN_OR_RETURN(const std::string_view text, turdb::capi::TextOf(data, size_bytes));
    if (Status valid = turdb::vec::CheckUtf8(text); !valid.ok()) [[unlikely]] {
      return turdb::base::WithFrame(std::move(valid), absl::StrCat("binding parameter ", i + 1));
    }
    statement.BindText(i, text);
    return absl::OkStatus();
  });
}

turdb_status turdb_stmt_bind_blob(turdb_stmt* stmt, int64_t index, const void* data, int64_t size_bytes, turdb_error** error) {
  return Bind(stmt, index, error, [&] { return BlobValue(data, size_bytes); });
}

turdb_status turdb_stmt_bind_text_static(turdb_stmt* stmt, int64_t index, const char* data, int64_t size_bytes,
                                         turdb_error** error) {
  return turdb_stmt_bind_text(stmt, index, data, size_bytes, error);
}

turdb_status turdb_stmt_bind_blob_static(turdb_stmt* stmt, int64_t index, const void* data, int64_t size_bytes,
                                         turdb_error** error) {
  return turdb_stmt_bind_blob(stmt, index, data, size_bytes, error);
}

turdb_status turdb_stmt_bind_date(turdb_stmt* stmt, int64_t index, int32_t days, turdb_error** error) {
  return Bind(stmt, index, error, [&] { return turdb::capi::DateValue(days); });
}

turdb_status turdb_stmt_bind_time(turdb_stmt* stmt, int64_t index, int64_t micros, turdb_error** error) {
  return Bind(stmt, index, error, [&] { return turdb::capi::TimeValue(micros); });
}

turdb_status turdb_stmt_bind_timestamp(turdb_stmt* stmt, int64_t index, int64_t micros, turdb_error** error) {
  return Bind(stmt, index, error, [&] { return turdb::capi::TimestampValue(TypeId::kTimestamp, micros); });
}

turdb_status turdb_stmt_bind_timestamptz(turdb_stmt* stmt, int64_t index, int64_t micros, turdb_error** error) {
  return Bind(stmt, index, error, [&] { return turdb::capi::TimestampValue(TypeId::kTimestampTz, micros); });
}

turdb_status turdb_stmt_bind_interval(turdb_stmt* stmt, int64_t index, int32_t months, int32_t days, int64_t micros,
                                      turdb_error** error) {
  return Bind(stmt, index, error, [&]() -> StatusOr<Value> {
    return Value::Of(TypeId::kInterval, turdb::vec::Interval{months, days, micros});
  });
}

turdb_status turdb_stmt_bind_vector(turdb_stmt* stmt, int64_t index, const void* data, int64_t dimensions, int32_t element,
                                    turdb_error** error) {
  return Bind(stmt, index, error, [&] { return turdb::capi::VectorValue(data, dimensions, element); });
}

turdb_status turdb_stmt_bind_uuid(turdb_stmt* stmt, int64_t index, const uint8_t* data, int64_t size_bytes,
                                  turdb_error** error) {
  return Bind(stmt, index, error, [&] { return turdb::capi::UuidValue(data, size_bytes); });
}

turdb_status turdb_stmt_bind_decimal(turdb_stmt* stmt, int64_t index, const char* data, int64_t size_bytes,
                                     turdb_error** error) {
  return Bind(stmt, index, error, [&] { return turdb::capi::DecimalValue(data, size_bytes); });
}

}  // extern "C"
