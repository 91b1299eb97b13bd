/* What Go calls once for each statement, row or batch: several calls of turdb.h in one crossing from Go to C. A call into C
 * costs Go some 40 ns, which is more than binding a parameter or reading a column does. */
#ifndef TURDB_BINDINGS_GO_SHIM_H_
#define TURDB_BINDINGS_GO_SHIM_H_

#include <turdb.h>

/* What a call gives back. It lies in Go's memory, and has no pointers: those are what cgo takes time to look at, so the calls
 * that are made for each statement get handles as numbers, too. */
typedef struct {
  uintptr_t error; /* a turdb_error, for turdb_go_error */
  int64_t rows;
  int64_t size_bytes;
  int64_t changes; /* by this statement */
  int64_t last_insert_id;
  int64_t compilations; /* columns are described anew when it differs */
  int64_t parameters;
  int32_t status;
  bool autocommit;
} turdb_go_outcome;

/* The error, which the caller owns. */
turdb_error* turdb_go_error(turdb_go_outcome* out);

/* turdb_stmt_prepare; size_bytes receives the tail, parameters their number. */
turdb_stmt* turdb_go_prepare(turdb_conn* conn, const char* sql, int64_t sql_bytes, turdb_go_outcome* out);
/* Binds `parameters` (NULL: as they are bound) and fetches the first rows. */
void turdb_go_start(uintptr_t conn, uintptr_t stmt, const uint8_t* parameters, int64_t parameters_bytes, uint8_t* data,
                    int64_t size_bytes, turdb_go_outcome* out);
/* Fetches more. */
void turdb_go_fetch(uintptr_t conn, uintptr_t stmt, uint8_t* data, int64_t size_bytes, turdb_go_outcome* out);
/* Binds, and runs to the end without keeping rows. */
void turdb_go_exec(uintptr_t conn, uintptr_t stmt, const uint8_t* parameters, int64_t parameters_bytes, turdb_go_outcome* out);
/* turdb_stmt_run_packed. */
void turdb_go_run_rows(turdb_conn* conn, turdb_stmt* stmt, const uint8_t* data, int64_t size_bytes, int64_t rows,
                       turdb_go_outcome* out);
/* turdb_appender_append_packed. out->rows: how many went in before one failed. */
void turdb_go_append_rows(turdb_appender* appender, const uint8_t* data, int64_t size_bytes, int64_t rows,
                          turdb_go_outcome* out);

/* Functions and hooks of Go: `handle` is a runtime/cgo.Handle, given back once nothing needs it. */
turdb_status turdb_go_create_function(turdb_conn* conn, const char* name, const char* parameters, const char* returns,
                                      int64_t flags, uintptr_t handle, turdb_error** error);
turdb_status turdb_go_create_aggregate(turdb_conn* conn, const char* name, const char* parameters, const char* returns,
                                       int64_t flags, bool merges, uintptr_t handle, turdb_error** error);
turdb_status turdb_go_create_table_function(turdb_conn* conn, const char* name, const char* parameters, const char* columns,
                                            int64_t flags, uintptr_t handle, turdb_error** error);
turdb_status turdb_go_create_collation(turdb_conn* conn, const char* name, uintptr_t handle, turdb_error** error);
/* `handle` 0 takes the hook away. */
enum { TURDB_GO_COMMIT_HOOK, TURDB_GO_ROLLBACK_HOOK, TURDB_GO_CHANGE_HOOK, TURDB_GO_TRACE_HOOK, TURDB_GO_AUTHORIZER };
turdb_status turdb_go_set_hook(turdb_conn* conn, int32_t kind, uintptr_t handle, turdb_error** error);
/* The handle stays the caller's. */
turdb_status turdb_go_set_progress(turdb_conn* conn, int64_t interval_ms, uintptr_t handle, turdb_error** error);
/* `handle` is told of each problem, and of each thing that was lost. */
turdb_status turdb_go_check(turdb_db* db, uintptr_t handle, int64_t* out, turdb_error** error);
turdb_status turdb_go_recover(const char* path, const char* target, uintptr_t handle, int64_t* out_rows, int64_t* out_lost,
                              turdb_error** error);

/* Arrow streams: memory for one, and what its owner calls. */
struct ArrowArrayStream* turdb_go_stream_new(void);
void turdb_go_stream_free(struct ArrowArrayStream* stream);

#endif /* TURDB_BINDINGS_GO_SHIM_H_ */
