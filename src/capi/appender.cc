// Appenders.
#include "engine/appender.h"

#include "capi/handles.h"
#include "capi/packed.h"
#include "capi/value.h"

using turdb::arrow::Owned;
using turdb::base::Status;
using turdb::base::StatusOr;
using turdb::engine::Appender;
using turdb::vec::TypeId;
using turdb::vec::Value;

struct turdb_appender {
  std::unique_ptr<Appender> appender;
};

namespace {

template <typename Body>
turdb_status Use(turdb_appender* appender, turdb_error** error, Body&& body) noexcept {
  if (appender == nullptr) return turdb::capi::ReportMisuse("appender is NULL", error);
  return turdb::capi::Inside(*appender->appender->connection(), error, [&]() -> Status { return body(*appender->appender); });
}

// Appends what `make` gives, a StatusOr<Value>.
template <typename Make>
turdb_status Append(turdb_appender* appender, turdb_error** error, Make&& make) noexcept {
  return Use(appender, error, [&](Appender& target) -> Status {
    const StatusOr<Value> value = make();
    TURDB_RETURN_IF_ERROR(value.status());
    return target.Append(*value);
  });
}

}  // namespace

extern "C" {

turdb_status turdb_appender_open(turdb_conn* conn, const char* schema, const char* table, turdb_appender** out,
                                 turdb_error** error) {
  if (out == nullptr) return turdb::capi::ReportMisuse("turdb_appender_open: out is NULL", error);
  *out = nullptr;
  if (conn == nullptr || table == nullptr) {
    return turdb::capi::ReportMisuse("turdb_appender_open: conn or table is NULL", error);
  }
  return turdb::capi::Inside(*conn->connection, error, [&]() -> Status {
    auto handle = std::make_unique<turdb_appender>();
    TURDB_ASSIGN_OR_RETURN(handle->appender, Appender::Open(conn->connection, schema == nullptr ? "" : schema, table));
    *out = handle.release();
    return absl::OkStatus();
  });
}

turdb_status turdb_appender_add_column(turdb_appender* appender, const char* name, turdb_error** error) {
  if (name == nullptr) return turdb::capi::ReportMisuse("turdb_appender_add_column: name is NULL", error);
  return Use(appender, error, [&](Appender& target) { return target.AddColumn(name); });
}

int64_t turdb_appender_column_count(const turdb_appender* appender) {
  return appender == nullptr ? 0 : static_cast<int64_t>(appender->appender->column_count());
}

turdb_status turdb_appender_append_null(turdb_appender* appender, turdb_error** error) {
  return Append(appender, error, []() -> StatusOr<Value> { return Value(); });
}

turdb_status turdb_appender_append_bool(turdb_appender* appender, bool value, turdb_error** error) {
  return Append(appender, error, [&]() -> StatusOr<Value> { return Value::Boolean(value); });
}

turdb_status turdb_appender_append_int64(turdb_appender* appender, int64_t value, turdb_error** error) {
  return Use(appender, error, [&](Appender& target) { return target.AppendInt64(value); });
}

turdb_status turdb_appender_append_uint64(turdb_appender* appender, uint64_t value, turdb_error** error) {
  return Append(appender, error, [&]() -> StatusOr<Value> { return Value::Of(TypeId::kUInt64, value); });
}

turdb_status turdb_appender_append_double(turdb_appender* appender, double value, turdb_error** error) {
  return Append(appender, error, [&]() -> StatusOr<Value> { return Value::Double(value); });
}

turdb_status turdb_appender_append_text(turdb_appender* appender, const char* data, int64_t size_bytes, turdb_error** error) {
  return Use(appender, error, [&](Appender& target) -> Status {
    if (data == nullptr) return target.Append(Value());
    TURDB_ASSIGN_OR_RETURN(const std::string_view text, turdb::capi::TextOf(data, size_bytes));
    TURDB_RETURN_IF_ERROR(turdb::vec::CheckUtf8(text));
    return target.AppendText(text);
  });
}

turdb_status turdb_appender_append_blob(turdb_appender* appender, const void* data, int64_t size_bytes, turdb_error** error) {
  return Append(appender, error, [&] { return turdb::capi::BlobValue(data, size_bytes); });
}

turdb_status turdb_appender_append_date(turdb_appender* appender, int32_t days, turdb_error** error) {
  return Append(appender, error, [&] { return turdb::capi::DateValue(days); });
}

turdb_status turdb_appender_append_time(turdb_appender* appender, int64_t micros, turdb_error** error) {
  return Append(appender, error, [&] { return turdb::capi::TimeValue(micros); });
}

turdb_status turdb_appender_append_timestamp(turdb_appender* appender, int64_t micros, turdb_error** error) {
  return Append(appender, error, [&] { return turdb::capi::TimestampValue(TypeId::kTimestamp, micros); });
}

turdb_status turdb_appender_append_timestamptz(turdb_appender* appender, int64_t micros, turdb_error** error) {
  return Append(appender, error, [&] { return turdb::capi::TimestampValue(TypeId::kTimestampTz, micros); });
}

turdb_status turdb_appender_append_interval(turdb_appender* appender, int32_t months, int32_t days, int64_t micros,
                                            turdb_error** error) {
  return Append(appender, error, [&]() -> StatusOr<Value> {
    return Value::Of(TypeId::kInterval, turdb::vec::Interval{months, days, micros});
  });
}

turdb_status turdb_appender_append_uuid(turdb_appender* appender, const uint8_t* data, int64_t size_bytes,
                                        turdb_error** error) {
  return Append(appender, error, [&] { return turdb::capi::UuidValue(data, size_bytes); });
}

turdb_status turdb_appender_append_decimal(turdb_appender* appender, const char* data, int64_t size_bytes,
                                           turdb_error** error) {
  return Append(appender, error, [&] { return turdb::capi::DecimalValue(data, size_bytes); });
}

turdb_status turdb_appender_append_packed(turdb_appender* appender, const uint8_t* data, int64_t size_bytes, int64_t rows,
                                          int64_t* out_rows, turdb_error** error) {
  if (out_rows != nullptr) *out_rows = 0;
  if (rows < 0 || size_bytes < 0 || (data == nullptr && size_bytes != 0)) {
    return turdb::capi::ReportMisuse("turdb_appender_append_packed: packed rows need their data, a size and a number", error);
  }
  return Use(appender, error, [&](Appender& target) -> Status {
    TURDB_RETURN_IF_ERROR(target.RequireWholeRow("packed rows"));
    turdb::capi::PackedReader in(data, static_cast<size_t>(size_bytes));
    int64_t done = 0;
    Status status = turdb::capi::AppendRows(target, &in, rows, &done);
    if (out_rows != nullptr) *out_rows = done;
    return status;
  });
}

turdb_status turdb_appender_end_row(turdb_appender* appender, turdb_error** error) {
  return Use(appender, error, [](Appender& target) { return target.EndRow(); });
}

turdb_status turdb_appender_append_stream(turdb_appender* appender, struct ArrowArrayStream* stream, turdb_error** error) {
  auto owned = Owned<ArrowArrayStream>::Take(stream);
  return Use(appender, error, [&](Appender& target) { return target.AppendStream(std::move(owned)); });
}

turdb_status turdb_appender_append_batch(turdb_appender* appender, const struct ArrowSchema* schema, struct ArrowArray* batch,
                                         turdb_error** error) {
  auto owned = Owned<ArrowArray>::Take(batch);
  if (schema == nullptr || owned.empty()) {
    return turdb::capi::ReportMisuse("turdb_appender_append_batch: schema or batch is NULL or released", error);
  }
  return Use(appender, error, [&](Appender& target) { return target.AppendBatch(*schema, std::move(owned)); });
}

turdb_status turdb_appender_flush(turdb_appender* appender, turdb_error** error) {
  return Use(appender, error, [](Appender& target) { return target.Flush(); });
}

turdb_status turdb_appender_close(turdb_appender* appender, turdb_error** error) {
  return Use(appender, error, [](Appender& target) { return target.Close(); });
}

int64_t turdb_appender_row_count(const turdb_appender* appender) {
  return appender == nullptr ? 0 : appender->appender->row_count();
}

void turdb_appender_free(turdb_appender* appender) {
  if (appender == nullptr) return;
  Appender::Release(std::move(appender->appender));
  delete appender;
}

}  // extern "C"
