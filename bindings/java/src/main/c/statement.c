/* Statements: a run, a batch of rows, or a batch of parameters is one crossing. */
#include <stdlib.h>
#include <string.h>

#include "shim.h"

/* What Java finds at the beginning of the array that it hands over (org.turdb.Outcome), in front of the rows. */
typedef struct {
  int32_t status;
  int32_t autocommit;
  int64_t rows;
  int64_t size_bytes;
  int64_t changes;
  int64_t last_insert_id;
  int64_t compilations;
  int64_t execution; /* the number of the one that began last */
} outcome;

enum { SMALL = 8 << 10 };

/* Memory for parameters or rows: that of the caller's stack when it is enough. */
static uint8_t* memory_for(JNIEnv* env, uint8_t* small, size_t small_size, size_t size) {
  if (size <= small_size) return small;
  uint8_t* memory = malloc(size);
  if (memory == NULL) turdb_java_no_memory(env);
  return memory;
}

static void end(JNIEnv* env, turdb_conn* conn, turdb_stmt* stmt, jlong interrupt, turdb_error* error, jbyteArray array,
                uint8_t* memory, outcome* out) {
  const int64_t data_size = out->status >= 0 && out->rows > 0 ? out->size_bytes : 0;
  out->compilations = turdb_stmt_counter(stmt, TURDB_COUNTER_COMPILATIONS);
  out->autocommit = turdb_conn_in_autocommit(conn) ? 1 : 0;
  out->execution = turdb_interrupt_execution(TURDB_JAVA_POINTER(turdb_interrupt, interrupt));
  memcpy(memory, out, sizeof *out);
  (*env)->SetByteArrayRegion(env, array, 0, (jsize)(sizeof *out + (size_t)data_size), (const jbyte*)memory);
  if (!(*env)->ExceptionCheck(env) && out->status < 0) {
    turdb_java_throw(env, out->status, error);
  } else {
    turdb_error_free(error);
  }
}

/* ---- compiling */

/* out: where the statement ends, and the number of parameters. 0 for a text without a statement. */
static jlong prepare(JNIEnv* env, jclass class, jlong conn, jbyteArray sql, jint start, jlongArray out) {
  turdb_error* error = NULL;
  turdb_stmt* stmt = NULL;
  int64_t tail = 0;
  char* text = turdb_java_text(env, sql);
  if (text == NULL) return 0;
  const jsize size = (*env)->GetArrayLength(env, sql);
  const turdb_status status =
      turdb_stmt_prepare(TURDB_JAVA_POINTER(turdb_conn, conn), text + start, size - start, &tail, &stmt, &error);
  free(text);
  if (status != TURDB_OK) {
    turdb_java_throw(env, status, error);
    return 0;
  }
  const jlong results[2] = {start + tail, turdb_stmt_parameter_count(stmt)};
  (*env)->SetLongArrayRegion(env, out, 0, 2, results);
  if ((*env)->ExceptionCheck(env)) {
    turdb_stmt_free(stmt);
    return 0;
  }
  return TURDB_JAVA_HANDLE(stmt);
}

static void stmt_free(JNIEnv* env, jclass class, jlong stmt) { turdb_stmt_free(TURDB_JAVA_POINTER(turdb_stmt, stmt)); }

static void stmt_reset(JNIEnv* env, jclass class, jlong stmt) {
  turdb_error* error = NULL;
  const turdb_status status = turdb_stmt_reset(TURDB_JAVA_POINTER(turdb_stmt, stmt), &error);
  if (status != TURDB_OK) turdb_java_throw(env, status, error);
}

static jboolean stmt_is_read_only(JNIEnv* env, jclass class, jlong stmt) {
  return turdb_stmt_is_read_only(TURDB_JAVA_POINTER(turdb_stmt, stmt)) ? JNI_TRUE : JNI_FALSE;
}

/* ---- descriptions */

static jbyteArray describe_columns(JNIEnv* env, jclass class, jlong handle) {
  turdb_stmt* stmt = TURDB_JAVA_POINTER(turdb_stmt, handle);
  turdb_java_buffer b = {NULL, 0, 0, false};
  const int32_t count = (int32_t)turdb_stmt_column_count(stmt);
  turdb_java_append_number(&b, count);
  for (int32_t i = 0; i < count; ++i) {
    turdb_java_append_number(&b, turdb_stmt_column_type(stmt, i));
    turdb_java_append_number(&b, turdb_stmt_column_nullability(stmt, i));
    turdb_java_append_text(&b, turdb_stmt_column_name(stmt, i));
    turdb_java_append_text(&b, turdb_stmt_column_declared_type(stmt, i));
    turdb_java_append_text(&b, turdb_stmt_column_schema(stmt, i));
    turdb_java_append_text(&b, turdb_stmt_column_table(stmt, i));
    turdb_java_append_text(&b, turdb_stmt_column_origin(stmt, i));
  }
  return turdb_java_finish(env, &b);
}

/* Of each parameter its name and the Arrow format of its type. */
static jbyteArray describe_parameters(JNIEnv* env, jclass class, jlong handle) {
  turdb_stmt* stmt = TURDB_JAVA_POINTER(turdb_stmt, handle);
  turdb_error* error = NULL;
  struct ArrowSchema schema;
  const turdb_status status = turdb_stmt_parameter_schema(stmt, &schema, &error);
  if (status != TURDB_OK) {
    turdb_java_throw(env, status, error);
    return NULL;
  }
  turdb_java_buffer b = {NULL, 0, 0, false};
  turdb_java_append_number(&b, (int32_t)schema.n_children);
  for (int64_t i = 0; i < schema.n_children; ++i) {
    turdb_java_append_text(&b, turdb_stmt_parameter_name(stmt, i + 1));
    turdb_java_append_text(&b, schema.children[i]->format);
  }
  schema.release(&schema);
  return turdb_java_finish(env, &b);
}

static jbyteArray explain(JNIEnv* env, jclass class, jlong stmt, jlong flags) {
  turdb_error* error = NULL;
  const char* text = NULL;
  const turdb_status status = turdb_stmt_explain(TURDB_JAVA_POINTER(turdb_stmt, stmt), flags, &text, &error);
  if (status != TURDB_OK) {
    turdb_java_throw(env, status, error);
    return NULL;
  }
  return turdb_java_bytes(env, text, (int64_t)strlen(text));
}

/* ---- running */

static turdb_status bind(JNIEnv* env, turdb_stmt* stmt, jbyteArray parameters, jint size, turdb_error** error) {
  if (size == 0) return TURDB_OK;
  uint8_t small[512];
  uint8_t* row = memory_for(env, small, sizeof small, (size_t)size);
  if (row == NULL) return TURDB_NO_MEMORY;
  (*env)->GetByteArrayRegion(env, parameters, 0, size, (jbyte*)row);
  turdb_status status = TURDB_NO_MEMORY;
  if (!(*env)->ExceptionCheck(env)) status = turdb_stmt_bind_packed(stmt, row, size, error);
  if (row != small) free(row);
  return status;
}

/* Rows up to the end of the array, which has room for an outcome before them. */
static void fetch_into(JNIEnv* env, turdb_conn* conn, turdb_stmt* stmt, jlong interrupt, jbyteArray array, outcome* out,
                       turdb_error* error) {
  uint8_t small[SMALL];
  const size_t size = (size_t)(*env)->GetArrayLength(env, array);
  uint8_t* memory = memory_for(env, small, sizeof small, size);
  if (memory == NULL) {
    turdb_error_free(error);
    return;
  }
  const int64_t before = turdb_conn_total_changes(conn);
  if (out->status == TURDB_OK) {
    out->status = turdb_stmt_fetch_packed(stmt, INT64_MAX, memory + sizeof *out, (int64_t)(size - sizeof *out), &out->rows,
                                          &out->size_bytes, &error);
  }
  out->changes = turdb_conn_total_changes(conn) - before;
  out->last_insert_id = turdb_conn_last_insert_id(conn);
  end(env, conn, stmt, interrupt, error, array, memory, out);
  if (memory != small) free(memory);
}

/* Runs a statement with packed parameters up to its first rows. */
static void start(JNIEnv* env, jclass class, jlong conn, jlong stmt, jlong interrupt, jbyteArray parameters, jint size,
                  jbyteArray array) {
  turdb_error* error = NULL;
  outcome out = {TURDB_OK, 0, 0, 0, 0, 0, 0, 0};
  out.status = bind(env, TURDB_JAVA_POINTER(turdb_stmt, stmt), parameters, size, &error);
  if ((*env)->ExceptionCheck(env)) {
    turdb_error_free(error);
    return;
  }
  fetch_into(env, TURDB_JAVA_POINTER(turdb_conn, conn), TURDB_JAVA_POINTER(turdb_stmt, stmt), interrupt, array, &out, error);
}

static void fetch(JNIEnv* env, jclass class, jlong conn, jlong stmt, jlong interrupt, jbyteArray array) {
  outcome out = {TURDB_OK, 0, 0, 0, 0, 0, 0, 0};
  fetch_into(env, TURDB_JAVA_POINTER(turdb_conn, conn), TURDB_JAVA_POINTER(turdb_stmt, stmt), interrupt, array, &out, NULL);
}

/* Runs a statement for each of the packed rows, whose sizes are given when the changes of each are asked for. */
static turdb_status run_each(turdb_conn* conn, turdb_stmt* stmt, const uint8_t* data, const jint* sizes, jlong* changes,
                             int64_t rows, int64_t* out_rows, turdb_error** error) {
  for (*out_rows = 0; *out_rows < rows; ++*out_rows) {
    const int64_t before = turdb_conn_total_changes(conn);
    turdb_status status = TURDB_OK;
    if (sizes[*out_rows] > 0) status = turdb_stmt_bind_packed(stmt, data, sizes[*out_rows], error);
    data += sizes[*out_rows];
    if (status != TURDB_OK) return status;
    do {
      status = turdb_stmt_step(stmt, error);
    } while (status == TURDB_ROW);
    if (status != TURDB_DONE) return status;
    changes[*out_rows] = turdb_conn_total_changes(conn) - before;
  }
  return TURDB_OK;
}

static void run_rows(JNIEnv* env, jclass class, jlong conn_handle, jlong stmt_handle, jlong interrupt, jbyteArray parameters,
                     jint size, jint rows, jintArray sizes, jlongArray changes, jbyteArray array) {
  turdb_conn* conn = TURDB_JAVA_POINTER(turdb_conn, conn_handle);
  turdb_stmt* stmt = TURDB_JAVA_POINTER(turdb_stmt, stmt_handle);
  turdb_error* error = NULL;
  outcome out = {TURDB_OK, 0, 0, 0, 0, 0, 0, 0};
  uint8_t header[sizeof out];
  uint8_t* data = malloc((size_t)size + 1);
  jint* size_of = sizes == NULL ? NULL : calloc((size_t)rows, sizeof(jint));
  jlong* changes_of = sizes == NULL ? NULL : calloc((size_t)rows, sizeof(jlong));
  if (data == NULL || (sizes != NULL && (size_of == NULL || changes_of == NULL))) {
    turdb_java_no_memory(env);
  } else {
    (*env)->GetByteArrayRegion(env, parameters, 0, size, (jbyte*)data);
    if (!(*env)->ExceptionCheck(env) && sizes != NULL) (*env)->GetIntArrayRegion(env, sizes, 0, rows, size_of);
  }
  if (!(*env)->ExceptionCheck(env)) {
    const int64_t before = turdb_conn_total_changes(conn);
    out.status = sizes == NULL ? turdb_stmt_run_packed(stmt, data, size, rows, &out.rows, &error)
                               : run_each(conn, stmt, data, size_of, changes_of, rows, &out.rows, &error);
    out.changes = turdb_conn_total_changes(conn) - before;
    out.last_insert_id = turdb_conn_last_insert_id(conn);
    if (sizes != NULL) (*env)->SetLongArrayRegion(env, changes, 0, rows, changes_of);
    if ((*env)->ExceptionCheck(env)) {
      turdb_error_free(error);
    } else {
      end(env, conn, stmt, interrupt, error, array, header, &out);
    }
  }
  free(data);
  free(size_of);
  free(changes_of);
}

/* ---- appenders */

static jlong appender_open(JNIEnv* env, jclass class, jlong conn, jbyteArray schema, jbyteArray table) {
  turdb_error* error = NULL;
  turdb_appender* appender = NULL;
  char* schema_text = turdb_java_text(env, schema);
  if (schema_text == NULL && schema != NULL) return 0;
  char* table_text = turdb_java_text(env, table);
  if (table_text != NULL) {
    const turdb_status status =
        turdb_appender_open(TURDB_JAVA_POINTER(turdb_conn, conn), schema_text, table_text, &appender, &error);
    if (status != TURDB_OK) turdb_java_throw(env, status, error);
  }
  free(schema_text);
  free(table_text);
  return TURDB_JAVA_HANDLE(appender);
}

static void appender_add_column(JNIEnv* env, jclass class, jlong appender, jbyteArray name) {
  turdb_error* error = NULL;
  char* text = turdb_java_text(env, name);
  if (text == NULL) return;
  const turdb_status status = turdb_appender_add_column(TURDB_JAVA_POINTER(turdb_appender, appender), text, &error);
  free(text);
  if (status != TURDB_OK) turdb_java_throw(env, status, error);
}

static jint appender_column_count(JNIEnv* env, jclass class, jlong appender) {
  return (jint)turdb_appender_column_count(TURDB_JAVA_POINTER(turdb_appender, appender));
}

static jlong appender_row_count(JNIEnv* env, jclass class, jlong appender) {
  return turdb_appender_row_count(TURDB_JAVA_POINTER(turdb_appender, appender));
}

/* sent: how many rows went in before one failed. */
static void append_rows(JNIEnv* env, jclass class, jlong handle, jbyteArray parameters, jint size, jint rows, jlongArray sent) {
  turdb_appender* appender = TURDB_JAVA_POINTER(turdb_appender, handle);
  turdb_error* error = NULL;
  uint8_t* data = malloc((size_t)size + 1);
  if (data == NULL) {
    turdb_java_no_memory(env);
    return;
  }
  (*env)->GetByteArrayRegion(env, parameters, 0, size, (jbyte*)data);
  if (!(*env)->ExceptionCheck(env)) {
    int64_t done = 0;
    const turdb_status status = turdb_appender_append_packed(appender, data, size, rows, &done, &error);
    if (status != TURDB_OK) {
      const jlong count = done;
      (*env)->SetLongArrayRegion(env, sent, 0, 1, &count);
      turdb_java_throw(env, status, error);
    }
  }
  free(data);
}

static void appender_flush(JNIEnv* env, jclass class, jlong appender) {
  turdb_error* error = NULL;
  const turdb_status status = turdb_appender_flush(TURDB_JAVA_POINTER(turdb_appender, appender), &error);
  if (status != TURDB_OK) turdb_java_throw(env, status, error);
}

static void appender_close(JNIEnv* env, jclass class, jlong appender) {
  turdb_error* error = NULL;
  const turdb_status status = turdb_appender_close(TURDB_JAVA_POINTER(turdb_appender, appender), &error);
  if (status != TURDB_OK) turdb_java_throw(env, status, error);
}

static void appender_free(JNIEnv* env, jclass class, jlong appender) {
  turdb_appender_free(TURDB_JAVA_POINTER(turdb_appender, appender));
}

static const JNINativeMethod methods[] = {
    TURDB_JAVA_NATIVE("prepare", "(J[BI[J)J", prepare),
    TURDB_JAVA_NATIVE("stmtFree", "(J)V", stmt_free),
    TURDB_JAVA_NATIVE("stmtReset", "(J)V", stmt_reset),
    TURDB_JAVA_NATIVE("stmtIsReadOnly", "(J)Z", stmt_is_read_only),
    TURDB_JAVA_NATIVE("describeColumns", "(J)[B", describe_columns),
    TURDB_JAVA_NATIVE("describeParameters", "(J)[B", describe_parameters),
    TURDB_JAVA_NATIVE("explain", "(JJ)[B", explain),
    TURDB_JAVA_NATIVE("start", "(JJJ[BI[B)V", start),
    TURDB_JAVA_NATIVE("fetch", "(JJJ[B)V", fetch),
    TURDB_JAVA_NATIVE("runRows", "(JJJ[BII[I[J[B)V", run_rows),
    TURDB_JAVA_NATIVE("appenderOpen", "(J[B[B)J", appender_open),
    TURDB_JAVA_NATIVE("appenderAddColumn", "(J[B)V", appender_add_column),
    TURDB_JAVA_NATIVE("appenderColumnCount", "(J)I", appender_column_count),
    TURDB_JAVA_NATIVE("appenderRowCount", "(J)J", appender_row_count),
    TURDB_JAVA_NATIVE("appendRows", "(J[BII[J)V", append_rows),
    TURDB_JAVA_NATIVE("appenderFlush", "(J)V", appender_flush),
    TURDB_JAVA_NATIVE("appenderClose", "(J)V", appender_close),
    TURDB_JAVA_NATIVE("appenderFree", "(J)V", appender_free),
};
const turdb_java_natives turdb_java_statement_natives = {methods, sizeof methods / sizeof methods[0]};
