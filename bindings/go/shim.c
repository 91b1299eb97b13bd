#include "shim.h"

#include <stdlib.h>

#include "_cgo_export.h"

static void begin(turdb_go_outcome* out) {
  out->error = 0;
  out->rows = out->size_bytes = 0;
}

static void end(turdb_conn* conn, turdb_stmt* stmt, turdb_error* error, turdb_go_outcome* out) {
  out->error = (uintptr_t)error;
  out->compilations = turdb_stmt_counter(stmt, TURDB_COUNTER_COMPILATIONS);
  out->autocommit = turdb_conn_in_autocommit(conn);
}

turdb_error* turdb_go_error(turdb_go_outcome* out) {
  turdb_error* error = (turdb_error*)out->error;
  out->error = 0;
  return error;
}

turdb_stmt* turdb_go_prepare(turdb_conn* conn, const char* sql, int64_t sql_bytes, turdb_go_outcome* out) {
  turdb_stmt* stmt = NULL;
  turdb_error* error = NULL;
  begin(out);
  out->status = turdb_stmt_prepare(conn, sql, sql_bytes, &out->size_bytes, &stmt, &error);
  out->error = (uintptr_t)error;
  out->parameters = turdb_stmt_parameter_count(stmt);
  return stmt;
}

static turdb_status bind(turdb_stmt* stmt, const uint8_t* parameters, int64_t parameters_bytes, turdb_error** error) {
  return parameters_bytes > 0 ? turdb_stmt_bind_packed(stmt, parameters, parameters_bytes, error) : TURDB_OK;
}

void turdb_go_start(uintptr_t conn, uintptr_t handle, const uint8_t* parameters, int64_t parameters_bytes, uint8_t* data,
                    int64_t size_bytes, turdb_go_outcome* out) {
  turdb_stmt* stmt = (turdb_stmt*)handle;
  turdb_error* error = NULL;
  begin(out);
  out->status = bind(stmt, parameters, parameters_bytes, &error);
  if (out->status == TURDB_OK) {
    out->status = turdb_stmt_fetch_packed(stmt, INT64_MAX, data, size_bytes, &out->rows, &out->size_bytes, &error);
  }
  end((turdb_conn*)conn, stmt, error, out);
}

void turdb_go_fetch(uintptr_t conn, uintptr_t handle, uint8_t* data, int64_t size_bytes, turdb_go_outcome* out) {
  turdb_stmt* stmt = (turdb_stmt*)handle;
  turdb_error* error = NULL;
  begin(out);
  out->status = turdb_stmt_fetch_packed(stmt, INT64_MAX, data, size_bytes, &out->rows, &out->size_bytes, &error);
  end((turdb_conn*)conn, stmt, error, out);
}

void turdb_go_exec(uintptr_t conn_handle, uintptr_t handle, const uint8_t* parameters, int64_t parameters_bytes,
                   turdb_go_outcome* out) {
  turdb_conn* conn = (turdb_conn*)conn_handle;
  turdb_stmt* stmt = (turdb_stmt*)handle;
  turdb_error* error = NULL;
  begin(out);
  const int64_t before = turdb_conn_total_changes(conn);
  out->status = bind(stmt, parameters, parameters_bytes, &error);
  if (out->status == TURDB_OK) {
    do {
      out->status = turdb_stmt_step(stmt, &error);
    } while (out->status == TURDB_ROW);
  }
  out->changes = turdb_conn_total_changes(conn) - before;
  out->last_insert_id = turdb_conn_last_insert_id(conn);
  end(conn, stmt, error, out);
}

void turdb_go_run_rows(turdb_conn* conn, turdb_stmt* stmt, const uint8_t* data, int64_t size_bytes, int64_t rows,
                       turdb_go_outcome* out) {
  turdb_error* error = NULL;
  begin(out);
  const int64_t before = turdb_conn_total_changes(conn);
  out->status = turdb_stmt_run_packed(stmt, data, size_bytes, rows, &out->rows, &error);
  out->changes = turdb_conn_total_changes(conn) - before;
  out->last_insert_id = turdb_conn_last_insert_id(conn);
  end(conn, stmt, error, out);
}

void turdb_go_append_rows(turdb_appender* appender, const uint8_t* data, int64_t size_bytes, int64_t rows,
                          turdb_go_outcome* out) {
  turdb_error* error = NULL;
  begin(out);
  out->status = turdb_appender_append_packed(appender, data, size_bytes, rows, &out->rows, &error);
  out->error = (uintptr_t)error;
}

/* ---- functions of Go */

static void destroy(void* user_data) { turdbGoRelease((uintptr_t)user_data); }

static void call_scalar(void* user_data, turdb_call* call) { turdbGoScalar((uintptr_t)user_data, call); }

turdb_status turdb_go_create_function(turdb_conn* conn, const char* name, const char* parameters, const char* returns,
                                      int64_t flags, uintptr_t handle, turdb_error** error) {
  return turdb_conn_create_scalar(conn, name, parameters, returns, flags, call_scalar, (void*)handle, destroy, error);
}

/* States are handles, too. */
static void* aggregate_create(void* user_data, turdb_call* call) {
  return (void*)turdbGoAggregateCreate((uintptr_t)user_data, call);
}
static void aggregate_update(void* user_data, turdb_call* call, void* const* states) {
  turdbGoAggregateUpdate((uintptr_t)user_data, call, (uintptr_t*)(uintptr_t)states);
}
static void aggregate_merge(void* user_data, turdb_call* call, void* into, void* from) {
  turdbGoAggregateMerge((uintptr_t)user_data, call, (uintptr_t)into, (uintptr_t)from);
}
static void aggregate_finish(void* user_data, turdb_call* call, void* const* states) {
  turdbGoAggregateFinish((uintptr_t)user_data, call, (uintptr_t*)(uintptr_t)states);
}
static void aggregate_release(void* user_data, void* state) {
  (void)user_data;
  destroy(state);
}

turdb_status turdb_go_create_aggregate(turdb_conn* conn, const char* name, const char* parameters, const char* returns,
                                       int64_t flags, bool merges, uintptr_t handle, turdb_error** error) {
  return turdb_conn_create_aggregate(conn, name, parameters, returns, flags, aggregate_create, aggregate_update,
                                     merges ? aggregate_merge : NULL, aggregate_finish, aggregate_release, (void*)handle,
                                     destroy, error);
}

static void* rows_open(void* user_data, turdb_call* call) { return (void*)turdbGoRowsOpen((uintptr_t)user_data, call); }
static void rows_next(void* user_data, void* cursor, turdb_call* call) {
  turdbGoRowsNext((uintptr_t)user_data, (uintptr_t)cursor, call);
}
static void rows_close(void* user_data, void* cursor) { turdbGoRowsClose((uintptr_t)user_data, (uintptr_t)cursor); }

turdb_status turdb_go_create_table_function(turdb_conn* conn, const char* name, const char* parameters, const char* columns,
                                            int64_t flags, uintptr_t handle, turdb_error** error) {
  return turdb_conn_create_row_function(conn, name, parameters, columns, flags, rows_open, rows_next, rows_close, (void*)handle,
                                        destroy, error);
}

static void call_sort_key(void* user_data, turdb_call* call) { turdbGoSortKey((uintptr_t)user_data, call); }

turdb_status turdb_go_create_collation(turdb_conn* conn, const char* name, uintptr_t handle, turdb_error** error) {
  return turdb_conn_create_collation(conn, name, TURDB_FUNCTION_DEFAULT, call_sort_key, (void*)handle, destroy, error);
}

/* ---- hooks of Go */

static bool call_commit(void* user_data) { return turdbGoCommit((uintptr_t)user_data); }
static void call_rollback(void* user_data) { turdbGoRollback((uintptr_t)user_data); }
static bool call_change(void* user_data, turdb_change* change) { return turdbGoChange((uintptr_t)user_data, change); }
static void call_trace(void* user_data, turdb_trace* trace) { turdbGoTrace((uintptr_t)user_data, trace); }
static int32_t call_authorizer(void* user_data, int32_t action, const char* schema, const char* object, const char* column,
                               const char* accessor) {
  return turdbGoAuthorize((uintptr_t)user_data, action, (char*)(uintptr_t)schema, (char*)(uintptr_t)object,
                          (char*)(uintptr_t)column, (char*)(uintptr_t)accessor);
}
static bool call_progress(void* user_data) { return turdbGoProgress((uintptr_t)user_data); }

turdb_status turdb_go_set_hook(turdb_conn* conn, int32_t kind, uintptr_t handle, turdb_error** error) {
  void* data = (void*)handle;
  const bool set = handle != 0;
  void (*end)(void*) = set ? destroy : NULL;
  switch (kind) {
    case TURDB_GO_COMMIT_HOOK:
      return turdb_conn_set_commit_hook(conn, set ? call_commit : NULL, data, end, error);
    case TURDB_GO_ROLLBACK_HOOK:
      return turdb_conn_set_rollback_hook(conn, set ? call_rollback : NULL, data, end, error);
    case TURDB_GO_CHANGE_HOOK:
      return turdb_conn_set_change_hook(conn, set ? call_change : NULL, data, end, error);
    case TURDB_GO_TRACE_HOOK:
      return turdb_conn_set_trace(conn, set ? call_trace : NULL, data, end, error);
    default:
      return turdb_conn_set_authorizer(conn, set ? call_authorizer : NULL, data, end, error);
  }
}

turdb_status turdb_go_set_progress(turdb_conn* conn, int64_t interval_ms, uintptr_t handle, turdb_error** error) {
  return turdb_conn_set_progress(conn, interval_ms, handle == 0 ? NULL : call_progress, (void*)handle, error);
}

/* ---- what is told of one by one */

static void visit(void* user_data, const char* text) { turdbGoVisit((uintptr_t)user_data, (char*)(uintptr_t)text); }

turdb_status turdb_go_check(turdb_db* db, uintptr_t handle, int64_t* out, turdb_error** error) {
  return turdb_db_check(db, visit, (void*)handle, out, error);
}

turdb_status turdb_go_recover(const char* path, const char* target, uintptr_t handle, int64_t* out_rows, int64_t* out_lost,
                              turdb_error** error) {
  return turdb_db_recover(path, target, visit, (void*)handle, out_rows, out_lost, error);
}

/* ---- Arrow */

struct ArrowArrayStream* turdb_go_stream_new(void) { return calloc(1, sizeof(struct ArrowArrayStream)); }

void turdb_go_stream_free(struct ArrowArrayStream* stream) {
  if (stream == NULL) return;
  if (stream->release != NULL) stream->release(stream);
  free(stream);
}
