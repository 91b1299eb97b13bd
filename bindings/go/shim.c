#include "shim.h"

#include <stdlib.h>
#include <string.h>

#include "_cgo_export.h"

static void begin(turdb_go_outcome* out) {
  out->error = NULL;
  out->rows = out->size_bytes = 0;
}

static void end(turdb_conn* conn, turdb_stmt* stmt, turdb_go_outcome* out) {
  out->compilations = turdb_stmt_counter(stmt, TURDB_COUNTER_COMPILATIONS);
  out->autocommit = turdb_conn_in_autocommit(conn);
}

turdb_stmt* turdb_go_prepare(turdb_conn* conn, const char* sql, int64_t sql_bytes, turdb_go_outcome* out) {
  turdb_stmt* stmt = NULL;
  begin(out);
  out->status = turdb_stmt_prepare(conn, sql, sql_bytes, &out->size_bytes, &stmt, &out->error);
  out->parameters = turdb_stmt_parameter_count(stmt);
  return stmt;
}

void turdb_go_start(turdb_conn* conn, turdb_stmt* stmt, const uint8_t* parameters, int64_t parameters_bytes, uint8_t* data,
                    int64_t size_bytes, turdb_go_outcome* out) {
  begin(out);
  out->status = TURDB_OK;
  if (parameters_bytes > 0) out->status = turdb_stmt_bind_packed(stmt, parameters, parameters_bytes, &out->error);
  if (out->status == TURDB_OK) {
    out->status = turdb_stmt_fetch_packed(stmt, INT64_MAX, data, size_bytes, &out->rows, &out->size_bytes, &out->error);
  }
  end(conn, stmt, out);
}

void turdb_go_fetch(turdb_conn* conn, turdb_stmt* stmt, uint8_t* data, int64_t size_bytes, turdb_go_outcome* out) {
  begin(out);
  out->status = turdb_stmt_fetch_packed(stmt, INT64_MAX, data, size_bytes, &out->rows, &out->size_bytes, &out->error);
  end(conn, stmt, out);
}

void turdb_go_exec(turdb_conn* conn, turdb_stmt* stmt, const uint8_t* parameters, int64_t parameters_bytes,
                   turdb_go_outcome* out) {
  begin(out);
  const int64_t before = turdb_conn_total_changes(conn);
  out->status = TURDB_OK;
  if (parameters_bytes > 0) out->status = turdb_stmt_bind_packed(stmt, parameters, parameters_bytes, &out->error);
  if (out->status == TURDB_OK) {
    do {
      out->status = turdb_stmt_step(stmt, &out->error);
    } while (out->status == TURDB_ROW);
  }
  out->changes = turdb_conn_total_changes(conn) - before;
  out->last_insert_id = turdb_conn_last_insert_id(conn);
  end(conn, stmt, out);
}

void turdb_go_run_rows(turdb_conn* conn, turdb_stmt* stmt, const uint8_t* data, int64_t size_bytes, int64_t rows,
                       turdb_go_outcome* out) {
  begin(out);
  const int64_t before = turdb_conn_total_changes(conn);
  out->status = turdb_stmt_run_packed(stmt, data, size_bytes, rows, &out->rows, &out->error);
  out->changes = turdb_conn_total_changes(conn) - before;
  out->last_insert_id = turdb_conn_last_insert_id(conn);
  end(conn, stmt, out);
}

/* ---- the appender: packed values of Go, one after the other */

static const uint8_t* take(const uint8_t* at, void* out, size_t size_bytes) {
  memcpy(out, at, size_bytes);
  return at + size_bytes;
}

/* Appends the packed value at *at, which Go has written, and moves *at behind it. */
static turdb_status append_value(turdb_appender* appender, const uint8_t** at, turdb_error** error) {
  const uint8_t* p = *at + 1;
  int64_t number = 0;
  uint32_t size = 0;
  switch (**at) {
    case TURDB_TYPE_NULL:
      *at = p;
      return turdb_appender_append_null(appender, error);
    case TURDB_TYPE_BOOL:
      *at = p + 1;
      return turdb_appender_append_bool(appender, *p != 0, error);
    case TURDB_TYPE_INT64:
      *at = take(p, &number, 8);
      return turdb_appender_append_int64(appender, number, error);
    case TURDB_TYPE_UINT64: {
      uint64_t value;
      *at = take(p, &value, 8);
      return turdb_appender_append_uint64(appender, value, error);
    }
    case TURDB_TYPE_FLOAT: {
      float value;
      *at = take(p, &value, 4);
      return turdb_appender_append_double(appender, (double)value, error);
    }
    case TURDB_TYPE_DOUBLE: {
      double value;
      *at = take(p, &value, 8);
      return turdb_appender_append_double(appender, value, error);
    }
    case TURDB_TYPE_DATE: {
      int32_t days;
      *at = take(p, &days, 4);
      return turdb_appender_append_date(appender, days, error);
    }
    case TURDB_TYPE_TIME:
      *at = take(p, &number, 8);
      return turdb_appender_append_time(appender, number, error);
    case TURDB_TYPE_TIMESTAMP:
      *at = take(p, &number, 8);
      return turdb_appender_append_timestamp(appender, number, error);
    case TURDB_TYPE_TIMESTAMPTZ:
      *at = take(p, &number, 8);
      return turdb_appender_append_timestamptz(appender, number, error);
    case TURDB_TYPE_INTERVAL: {
      int32_t months, days;
      p = take(take(p, &months, 4), &days, 4);
      *at = take(p, &number, 8);
      return turdb_appender_append_interval(appender, months, days, number, error);
    }
    case TURDB_TYPE_UUID:
      *at = p + 16;
      return turdb_appender_append_uuid(appender, p, 16, error);
    case TURDB_TYPE_DECIMAL:
      p = take(p, &size, 4);
      *at = p + size;
      return turdb_appender_append_decimal(appender, (const char*)p, size, error);
    case TURDB_TYPE_BLOB:
      p = take(p, &size, 4);
      *at = p + size;
      return turdb_appender_append_blob(appender, p, size, error);
    default: /* text, json */
      p = take(p, &size, 4);
      *at = p + size;
      return turdb_appender_append_text(appender, (const char*)p, size, error);
  }
}

void turdb_go_append_rows(turdb_appender* appender, const uint8_t* data, int64_t size_bytes, int64_t rows, int64_t columns,
                          turdb_go_outcome* out) {
  begin(out);
  out->status = TURDB_OK;
  const uint8_t* at = data;
  (void)size_bytes;
  while (out->rows < rows) {
    for (int64_t column = 0; column < columns && out->status == TURDB_OK; ++column) {
      out->status = append_value(appender, &at, &out->error);
      out->size_bytes = column; /* the one that failed */
    }
    if (out->status == TURDB_OK) out->status = turdb_appender_end_row(appender, &out->error);
    if (out->status != TURDB_OK) return;
    ++out->rows;
  }
}

/* ---- functions and hooks of Go */

static void call_scalar(void* user_data, turdb_call* call) { turdbGoScalar((uintptr_t)user_data, call); }
static bool call_commit(void* user_data) { return turdbGoCommit((uintptr_t)user_data); }
static void call_rollback(void* user_data) { turdbGoRollback((uintptr_t)user_data); }
static void destroy(void* user_data) { turdbGoRelease((uintptr_t)user_data); }

turdb_status turdb_go_create_function(turdb_conn* conn, const char* name, const char* parameters, const char* returns,
                                      int64_t flags, uintptr_t handle, turdb_error** error) {
  return turdb_conn_create_scalar(conn, name, parameters, returns, flags, call_scalar, (void*)handle, destroy, error);
}

turdb_status turdb_go_set_commit_hook(turdb_conn* conn, uintptr_t handle, turdb_error** error) {
  if (handle == 0) return turdb_conn_set_commit_hook(conn, NULL, NULL, NULL, error);
  return turdb_conn_set_commit_hook(conn, call_commit, (void*)handle, destroy, error);
}

turdb_status turdb_go_set_rollback_hook(turdb_conn* conn, uintptr_t handle, turdb_error** error) {
  if (handle == 0) return turdb_conn_set_rollback_hook(conn, NULL, NULL, NULL, error);
  return turdb_conn_set_rollback_hook(conn, call_rollback, (void*)handle, destroy, error);
}

/* ---- Arrow */

struct ArrowArrayStream* turdb_go_stream_new(void) { return calloc(1, sizeof(struct ArrowArrayStream)); }

void turdb_go_stream_free(struct ArrowArrayStream* stream) {
  if (stream == NULL) return;
  if (stream->release != NULL) stream->release(stream);
  free(stream);
}
