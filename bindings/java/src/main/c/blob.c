/* Blobs in pieces. */
#include <stdlib.h>

#include "shim.h"

enum { SMALL = 8 << 10 };

static jlong blob_open(JNIEnv* env, jclass class, jlong conn, jbyteArray schema, jbyteArray table, jbyteArray column,
                       jbyteArray key, jint key_size, jboolean writable) {
  turdb_error* error = NULL;
  turdb_blob* blob = NULL;
  char* schema_text = turdb_java_text(env, schema);
  char* table_text = schema_text == NULL && schema != NULL ? NULL : turdb_java_text(env, table);
  char* column_text = table_text == NULL ? NULL : turdb_java_text(env, column);
  char* key_row = column_text == NULL ? NULL : turdb_java_text(env, key);
  if (key_row != NULL) {
    const turdb_status status = turdb_blob_open_key(TURDB_JAVA_POINTER(turdb_conn, conn), schema_text, table_text, column_text,
                                                    (const uint8_t*)key_row, key_size, writable != JNI_FALSE, &blob, &error);
    if (status != TURDB_OK) turdb_java_throw(env, status, error);
  }
  free(schema_text);
  free(table_text);
  free(column_text);
  free(key_row);
  return TURDB_JAVA_HANDLE(blob);
}

static void blob_reopen(JNIEnv* env, jclass class, jlong blob, jbyteArray key, jint key_size) {
  turdb_error* error = NULL;
  char* row = turdb_java_text(env, key);
  if (row == NULL) return;
  const turdb_status status =
      turdb_blob_reopen_key(TURDB_JAVA_POINTER(turdb_blob, blob), (const uint8_t*)row, key_size, &error);
  free(row);
  if (status != TURDB_OK) turdb_java_throw(env, status, error);
}

static jlong blob_size(JNIEnv* env, jclass class, jlong blob) { return turdb_blob_size(TURDB_JAVA_POINTER(turdb_blob, blob)); }

static void blob_read(JNIEnv* env, jclass class, jlong blob, jlong offset, jbyteArray to, jint at, jint size) {
  turdb_error* error = NULL;
  uint8_t small[SMALL];
  uint8_t* memory = size <= SMALL ? small : malloc((size_t)size);
  if (memory == NULL) {
    turdb_java_no_memory(env);
    return;
  }
  const turdb_status status = turdb_blob_read(TURDB_JAVA_POINTER(turdb_blob, blob), offset, memory, size, &error);
  if (status != TURDB_OK) {
    turdb_java_throw(env, status, error);
  } else {
    (*env)->SetByteArrayRegion(env, to, at, size, (const jbyte*)memory);
  }
  if (memory != small) free(memory);
}

static void blob_write(JNIEnv* env, jclass class, jlong blob, jlong offset, jbyteArray from, jint at, jint size) {
  turdb_error* error = NULL;
  uint8_t small[SMALL];
  uint8_t* memory = size <= SMALL ? small : malloc((size_t)size);
  if (memory == NULL) {
    turdb_java_no_memory(env);
    return;
  }
  (*env)->GetByteArrayRegion(env, from, at, size, (jbyte*)memory);
  if (!(*env)->ExceptionCheck(env)) {
    const turdb_status status = turdb_blob_write(TURDB_JAVA_POINTER(turdb_blob, blob), offset, memory, size, &error);
    if (status != TURDB_OK) turdb_java_throw(env, status, error);
  }
  if (memory != small) free(memory);
}

static void blob_resize(JNIEnv* env, jclass class, jlong blob, jlong size) {
  turdb_error* error = NULL;
  const turdb_status status = turdb_blob_resize(TURDB_JAVA_POINTER(turdb_blob, blob), size, &error);
  if (status != TURDB_OK) turdb_java_throw(env, status, error);
}

static void blob_free(JNIEnv* env, jclass class, jlong blob) { turdb_blob_free(TURDB_JAVA_POINTER(turdb_blob, blob)); }

static const JNINativeMethod methods[] = {
    TURDB_JAVA_NATIVE("blobOpen", "(J[B[B[B[BIZ)J", blob_open), TURDB_JAVA_NATIVE("blobReopen", "(J[BI)V", blob_reopen),
    TURDB_JAVA_NATIVE("blobSize", "(J)J", blob_size),           TURDB_JAVA_NATIVE("blobRead", "(JJ[BII)V", blob_read),
    TURDB_JAVA_NATIVE("blobWrite", "(JJ[BII)V", blob_write),    TURDB_JAVA_NATIVE("blobResize", "(JJ)V", blob_resize),
    TURDB_JAVA_NATIVE("blobFree", "(J)V", blob_free),
};
const turdb_java_natives turdb_java_blob_natives = {methods, sizeof methods / sizeof methods[0]};
