/* What Go calls once for each statement, row or batch: several calls of turdb.h in one crossing from Go to C. A call into C
 * costs Go some 40 ns, which is more than binding a parameter or reading a column does. */
#ifndef TURDB_BINDINGS_GO_SHIM_H_
#define TURDB_BINDINGS_GO_SHIM_H_

#include <turdb.h>

/* What a call gives back. It lies in Go's memory: C puts no pointers to Go's memory into it. */
typedef struct {
  turdb_error* error; /* owned by the caller */
  int64_t rows;
  int64_t size_bytes;
  int64_t changes; /* by this statement */
  int64_t last_insert_id;
  int64_t compilations; /* columns are described anew when it differs */
  int64_t parameters;
  int32_t status;
  bool autocommit;
} turdb_go_outcome;

/* turdb_stmt_prepare; size_bytes receives the tail, parameters their number. */
turdb_stmt* turdb_go_prepare(turdb_conn* conn, const char* sql, int64_t sql_bytes, turdb_go_outcome* out);
/* Binds `parameters` (NULL: as they are bound) and fetches the first rows. */
void turdb_go_start(turdb_conn* conn, turdb_stmt* stmt, const uint8_t* parameters, int64_t parameters_bytes, uint8_t* data,
                    int64_t size_bytes, turdb_go_outcome* out);
/* Fetches more. */
void turdb_go_fetch(turdb_conn* conn, turdb_stmt* stmt, uint8_t* data, int64_t size_bytes, turdb_go_outcome* out);
/* Binds, and runs to the end without keeping rows. */
void turdb_go_exec(turdb_conn* conn, turdb_stmt* stmt, const uint8_t* parameters, int64_t parameters_bytes,
                   turdb_go_outcome* out);
/* turdb_stmt_run_packed. */
void turdb_go_run_rows(turdb_conn* conn, turdb_stmt* stmt, const uint8_t* data, int64_t size_bytes, int64_t rows,
                       turdb_go_outcome* out);
/* Appends `rows` packed rows of `columns` values each. out->rows: how many went in before one failed. */
void turdb_go_append_rows(turdb_appender* appender, const uint8_t* data, int64_t size_bytes, int64_t rows, int64_t columns,
                          turdb_go_outcome* out);

/* Functions and hooks of Go: `handle` is a runtime/cgo.Handle, given back once nothing needs it. */
turdb_status turdb_go_create_function(turdb_conn* conn, const char* name, const char* parameters, const char* returns,
                                      int64_t flags, uintptr_t handle, turdb_error** error);
turdb_status turdb_go_set_commit_hook(turdb_conn* conn, uintptr_t handle, turdb_error** error);
turdb_status turdb_go_set_rollback_hook(turdb_conn* conn, uintptr_t handle, turdb_error** error);

/* Arrow streams: memory for one, and what its owner calls. */
struct ArrowArrayStream* turdb_go_stream_new(void);
void turdb_go_stream_free(struct ArrowArrayStream* stream);

#endif /* TURDB_BINDINGS_GO_SHIM_H_ */
