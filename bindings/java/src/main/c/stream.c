/* Arrow: structs of its C stream interface, which Java knows by their addresses. */
#include <stdlib.h>

#include "shim.h"

static jlong stream_new(JNIEnv* env, jclass class) {
  struct ArrowArrayStream* stream = calloc(1, sizeof *stream);
  if (stream == NULL) turdb_java_no_memory(env);
  return TURDB_JAVA_HANDLE(stream);
}

static void stream_free(JNIEnv* env, jclass class, jlong handle) {
  struct ArrowArrayStream* stream = TURDB_JAVA_POINTER(struct ArrowArrayStream, handle);
  if (stream == NULL) return;
  if (stream->release != NULL) stream->release(stream);
  free(stream);
}

/* Whether nobody has to release it any more: it was taken over, or is empty. */
static jboolean stream_is_released(JNIEnv* env, jclass class, jlong handle) {
  return TURDB_JAVA_POINTER(struct ArrowArrayStream, handle)->release == NULL ? JNI_TRUE : JNI_FALSE;
}

/* Runs a statement with packed parameters; the rows are the stream's. */
static void execute_stream(JNIEnv* env, jclass class, jlong stmt_handle, jbyteArray parameters, jint size, jlong flags,
                           jlong stream) {
  turdb_stmt* stmt = TURDB_JAVA_POINTER(turdb_stmt, stmt_handle);
  turdb_error* error = NULL;
  turdb_result* result = NULL;
  turdb_status status = TURDB_OK;
  if (size > 0) {
    char* row = turdb_java_text(env, parameters);
    if (row == NULL) return;
    status = turdb_stmt_bind_packed(stmt, (const uint8_t*)row, size, &error);
    free(row);
  }
  if (status == TURDB_OK) status = turdb_stmt_execute(stmt, flags, &result, &error);
  if (status == TURDB_OK) {
    status = turdb_result_stream(result, TURDB_JAVA_POINTER(struct ArrowArrayStream, stream), &error);
  }
  turdb_result_free(result);
  if (status != TURDB_OK) turdb_java_throw(env, status, error);
}

static void register_stream(JNIEnv* env, jclass class, jlong conn, jbyteArray name, jlong stream) {
  turdb_error* error = NULL;
  char* text = turdb_java_text(env, name);
  if (text == NULL) return;
  const turdb_status status = turdb_conn_register_stream(TURDB_JAVA_POINTER(turdb_conn, conn), text,
                                                         TURDB_JAVA_POINTER(struct ArrowArrayStream, stream), &error);
  free(text);
  if (status != TURDB_OK) turdb_java_throw(env, status, error);
}

static void unregister(JNIEnv* env, jclass class, jlong conn, jbyteArray name) {
  turdb_error* error = NULL;
  char* text = turdb_java_text(env, name);
  if (text == NULL) return;
  const turdb_status status = turdb_conn_unregister(TURDB_JAVA_POINTER(turdb_conn, conn), text, &error);
  free(text);
  if (status != TURDB_OK) turdb_java_throw(env, status, error);
}

static void append_stream(JNIEnv* env, jclass class, jlong appender, jlong stream) {
  turdb_error* error = NULL;
  const turdb_status status = turdb_appender_append_stream(TURDB_JAVA_POINTER(turdb_appender, appender),
                                                           TURDB_JAVA_POINTER(struct ArrowArrayStream, stream), &error);
  if (status != TURDB_OK) turdb_java_throw(env, status, error);
}

static const JNINativeMethod methods[] = {
    TURDB_JAVA_NATIVE("streamNew", "()J", stream_new),
    TURDB_JAVA_NATIVE("streamFree", "(J)V", stream_free),
    TURDB_JAVA_NATIVE("streamIsReleased", "(J)Z", stream_is_released),
    TURDB_JAVA_NATIVE("executeStream", "(J[BIJJ)V", execute_stream),
    TURDB_JAVA_NATIVE("registerStream", "(J[BJ)V", register_stream),
    TURDB_JAVA_NATIVE("unregister", "(J[B)V", unregister),
    TURDB_JAVA_NATIVE("appendStream", "(JJ)V", append_stream),
};
const turdb_java_natives turdb_java_stream_natives = {methods, sizeof methods / sizeof methods[0]};
