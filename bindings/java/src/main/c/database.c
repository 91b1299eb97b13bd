/* Databases, connections, interrupts, backups, and what all files use. */
#include <stdlib.h>
#include <string.h>

#include "shim.h"

static JavaVM* the_vm;
static jclass errors_class;
static jmethodID errors_create;

JavaVM* turdb_java_vm(void) { return the_vm; }

/* ---- texts */

void turdb_java_no_memory(JNIEnv* env) {
  jclass class = (*env)->FindClass(env, "java/lang/OutOfMemoryError");
  if (class != NULL) (*env)->ThrowNew(env, class, "there is no memory for what TurDB is given");
}

char* turdb_java_text(JNIEnv* env, jbyteArray text) {
  if (text == NULL) return NULL;
  const jsize size = (*env)->GetArrayLength(env, text);
  char* copy = malloc((size_t)size + 1);
  if (copy == NULL) {
    turdb_java_no_memory(env);
    return NULL;
  }
  (*env)->GetByteArrayRegion(env, text, 0, size, (jbyte*)copy);
  if ((*env)->ExceptionCheck(env)) {
    free(copy);
    return NULL;
  }
  copy[size] = '\0';
  return copy;
}

jbyteArray turdb_java_bytes(JNIEnv* env, const void* data, int64_t size_bytes) {
  if (size_bytes > INT32_MAX - 8) {
    turdb_java_no_memory(env);
    return NULL;
  }
  jbyteArray array = (*env)->NewByteArray(env, (jsize)size_bytes);
  if (array == NULL) return NULL;
  (*env)->SetByteArrayRegion(env, array, 0, (jsize)size_bytes, data);
  return (*env)->ExceptionCheck(env) ? NULL : array;
}

static jbyteArray bytes_of_text(JNIEnv* env, const char* text) {
  return text == NULL ? NULL : turdb_java_bytes(env, text, (int64_t)strlen(text));
}

/* ---- descriptions */

void turdb_java_append(turdb_java_buffer* b, const void* data, size_t size) {
  if (b->failed) return;
  if (b->size + size > b->capacity) {
    const size_t capacity = 2 * (b->size + size) + 256;
    uint8_t* grown = realloc(b->data, capacity);
    if (grown == NULL) {
      b->failed = true;
      return;
    }
    b->data = grown;
    b->capacity = capacity;
  }
  memcpy(b->data + b->size, data, size);
  b->size += size;
}

void turdb_java_append_number(turdb_java_buffer* b, int32_t number) { turdb_java_append(b, &number, 4); }

void turdb_java_append_text(turdb_java_buffer* b, const char* text) {
  turdb_java_append_number(b, text == NULL ? -1 : (int32_t)strlen(text));
  if (text != NULL) turdb_java_append(b, text, strlen(text));
}

jbyteArray turdb_java_finish(JNIEnv* env, turdb_java_buffer* b) {
  jbyteArray array = NULL;
  if (b->failed) {
    turdb_java_no_memory(env);
  } else {
    array = turdb_java_bytes(env, b->data == NULL ? (const void*)"" : b->data, (int64_t)b->size);
  }
  free(b->data);
  return array;
}

void turdb_java_append_error(turdb_java_buffer* b, turdb_status status, const turdb_error* error) {
  const int32_t frames = (int32_t)turdb_error_frame_count(error);
  const int64_t position = turdb_error_position(error);
  turdb_java_append_number(b, status);
  turdb_java_append(b, &position, 8);
  turdb_java_append_number(b, turdb_error_can_retry(error) ? 1 : 0);
  turdb_java_append_text(b, turdb_error_sqlstate(error));
  turdb_java_append_text(b, turdb_error_message(error));
  turdb_java_append_text(b, turdb_error_hint(error));
  turdb_java_append_number(b, frames);
  for (int32_t i = 0; i < frames; ++i) turdb_java_append_text(b, turdb_error_frame(error, i));
}

/* ---- errors */

void turdb_java_throw(JNIEnv* env, turdb_status status, turdb_error* error) {
  if ((*env)->ExceptionCheck(env)) {
    turdb_error_free(error);
    return;
  }
  if (error == NULL) {
    turdb_java_no_memory(env); /* there was none for the error either */
    return;
  }
  turdb_java_buffer b = {NULL, 0, 0, false};
  turdb_java_append_error(&b, status, error);
  turdb_error_free(error);
  jbyteArray described = turdb_java_finish(env, &b);
  if (described == NULL) return;
  jobject exception = (*env)->CallStaticObjectMethod(env, errors_class, errors_create, described);
  if ((*env)->ExceptionCheck(env)) return;
  (*env)->Throw(env, (jthrowable)exception);
}

/* ---- the library */

static jbyteArray version(JNIEnv* env, jclass class) { return bytes_of_text(env, turdb_version()); }
static jbyteArray source_id(JNIEnv* env, jclass class) { return bytes_of_text(env, turdb_source_id()); }
static jbyteArray status_name(JNIEnv* env, jclass class, jint status) { return bytes_of_text(env, turdb_status_name(status)); }

/* ---- databases */

static turdb_status set_options(JNIEnv* env, turdb_options* options, jobjectArray pairs, turdb_error** error) {
  const jsize count = pairs == NULL ? 0 : (*env)->GetArrayLength(env, pairs);
  for (jsize i = 0; i + 1 < count; i += 2) {
    jbyteArray key = (*env)->GetObjectArrayElement(env, pairs, i);
    if ((*env)->ExceptionCheck(env)) return TURDB_NO_MEMORY;
    jbyteArray value = (*env)->GetObjectArrayElement(env, pairs, i + 1);
    if ((*env)->ExceptionCheck(env)) return TURDB_NO_MEMORY;
    char* key_text = turdb_java_text(env, key);
    char* value_text = key_text == NULL ? NULL : turdb_java_text(env, value);
    turdb_status status = TURDB_NO_MEMORY; /* with an exception pending */
    if (value_text != NULL) status = turdb_options_set(options, key_text, value_text, error);
    free(key_text);
    free(value_text);
    (*env)->DeleteLocalRef(env, key);
    (*env)->DeleteLocalRef(env, value);
    if (status != TURDB_OK) return status;
  }
  return TURDB_OK;
}

static jlong db_open(JNIEnv* env, jclass class, jbyteArray path, jobjectArray pairs) {
  turdb_db* db = NULL;
  turdb_error* error = NULL;
  turdb_options* options = NULL;
  char* text = turdb_java_text(env, path);
  if (text == NULL) return 0;
  turdb_status status = turdb_options_new(&options, &error);
  if (status == TURDB_OK) status = set_options(env, options, pairs, &error);
  if (status == TURDB_OK) status = turdb_db_open(text, options, &db, &error);
  turdb_options_free(options);
  free(text);
  if (status != TURDB_OK) turdb_java_throw(env, status, error);
  return TURDB_JAVA_HANDLE(db);
}

static void db_close(JNIEnv* env, jclass class, jlong db) {
  turdb_error* error = NULL;
  const turdb_status status = turdb_db_close(TURDB_JAVA_POINTER(turdb_db, db), &error);
  if (status != TURDB_OK) turdb_java_throw(env, status, error);
}

static void db_free(JNIEnv* env, jclass class, jlong db) { turdb_db_free(TURDB_JAVA_POINTER(turdb_db, db)); }

/* Texts, one after the other. */
static void visit(void* user_data, const char* text) { turdb_java_append_text(user_data, text); }

static jbyteArray texts_or_throw(JNIEnv* env, turdb_java_buffer* texts, turdb_status status, turdb_error* error) {
  if (status == TURDB_OK) return turdb_java_finish(env, texts);
  free(texts->data);
  turdb_java_throw(env, status, error);
  return NULL;
}

static jbyteArray db_check(JNIEnv* env, jclass class, jlong db) {
  turdb_error* error = NULL;
  turdb_java_buffer problems = {NULL, 0, 0, false};
  int64_t count = 0;
  const turdb_status status = turdb_db_check(TURDB_JAVA_POINTER(turdb_db, db), visit, &problems, &count, &error);
  return texts_or_throw(env, &problems, status, error);
}

/* rows: how many were saved. */
static jbyteArray db_recover(JNIEnv* env, jclass class, jbyteArray path, jbyteArray target, jlongArray rows) {
  turdb_error* error = NULL;
  turdb_java_buffer lost = {NULL, 0, 0, false};
  int64_t saved = 0;
  char* from = turdb_java_text(env, path);
  char* to = from == NULL ? NULL : turdb_java_text(env, target);
  jbyteArray texts = NULL;
  if (to != NULL) {
    const turdb_status status = turdb_db_recover(from, to, visit, &lost, &saved, NULL, &error);
    const jlong count = saved;
    texts = texts_or_throw(env, &lost, status, error);
    if (texts != NULL) (*env)->SetLongArrayRegion(env, rows, 0, 1, &count);
  }
  free(from);
  free(to);
  return texts;
}

static void db_checkpoint(JNIEnv* env, jclass class, jlong db) {
  turdb_error* error = NULL;
  const turdb_status status = turdb_db_checkpoint(TURDB_JAVA_POINTER(turdb_db, db), &error);
  if (status != TURDB_OK) turdb_java_throw(env, status, error);
}

static jlong db_memory_used(JNIEnv* env, jclass class, jlong db) {
  return turdb_db_memory_used(TURDB_JAVA_POINTER(turdb_db, db));
}

static jlong db_metric(JNIEnv* env, jclass class, jlong db, jbyteArray name) {
  turdb_error* error = NULL;
  int64_t value = 0;
  char* text = turdb_java_text(env, name);
  if (text == NULL) return 0;
  const turdb_status status = turdb_db_metric(TURDB_JAVA_POINTER(turdb_db, db), text, &value, &error);
  free(text);
  if (status != TURDB_OK) turdb_java_throw(env, status, error);
  return value;
}

/* ---- connections */

static jlong conn_open(JNIEnv* env, jclass class, jlong db) {
  turdb_error* error = NULL;
  turdb_conn* conn = NULL;
  const turdb_status status = turdb_conn_open(TURDB_JAVA_POINTER(turdb_db, db), &conn, &error);
  if (status != TURDB_OK) turdb_java_throw(env, status, error);
  return TURDB_JAVA_HANDLE(conn);
}

static void conn_close(JNIEnv* env, jclass class, jlong conn) {
  turdb_error* error = NULL;
  const turdb_status status = turdb_conn_close(TURDB_JAVA_POINTER(turdb_conn, conn), &error);
  if (status != TURDB_OK) turdb_java_throw(env, status, error);
}

static void conn_free(JNIEnv* env, jclass class, jlong conn) { turdb_conn_free(TURDB_JAVA_POINTER(turdb_conn, conn)); }

static jboolean conn_in_autocommit(JNIEnv* env, jclass class, jlong conn) {
  return turdb_conn_in_autocommit(TURDB_JAVA_POINTER(turdb_conn, conn)) ? JNI_TRUE : JNI_FALSE;
}

static jlong conn_changes(JNIEnv* env, jclass class, jlong conn) {
  return turdb_conn_changes(TURDB_JAVA_POINTER(turdb_conn, conn));
}

static jlong conn_last_insert_id(JNIEnv* env, jclass class, jlong conn) {
  return turdb_conn_last_insert_id(TURDB_JAVA_POINTER(turdb_conn, conn));
}

static void conn_exec(JNIEnv* env, jclass class, jlong conn, jbyteArray sql) {
  turdb_error* error = NULL;
  char* text = turdb_java_text(env, sql);
  if (text == NULL) return;
  const jsize size = (*env)->GetArrayLength(env, sql);
  const turdb_status status = turdb_conn_exec(TURDB_JAVA_POINTER(turdb_conn, conn), text, size, &error);
  free(text);
  if (status != TURDB_OK) turdb_java_throw(env, status, error);
}

static void conn_commit(JNIEnv* env, jclass class, jlong conn) {
  turdb_error* error = NULL;
  const turdb_status status = turdb_conn_commit(TURDB_JAVA_POINTER(turdb_conn, conn), &error);
  if (status != TURDB_OK) turdb_java_throw(env, status, error);
}

static void conn_rollback(JNIEnv* env, jclass class, jlong conn) {
  turdb_error* error = NULL;
  const turdb_status status = turdb_conn_rollback(TURDB_JAVA_POINTER(turdb_conn, conn), &error);
  if (status != TURDB_OK) turdb_java_throw(env, status, error);
}

/* `what`: 0 makes a savepoint, 1 rolls back to it, 2 releases it. */
static void conn_savepoint(JNIEnv* env, jclass class, jlong conn, jbyteArray name, jint what) {
  turdb_error* error = NULL;
  turdb_conn* c = TURDB_JAVA_POINTER(turdb_conn, conn);
  char* text = turdb_java_text(env, name);
  if (text == NULL) return;
  const turdb_status status = what == 0   ? turdb_conn_savepoint(c, text, &error)
                              : what == 1 ? turdb_conn_rollback_to(c, text, &error)
                                          : turdb_conn_release(c, text, &error);
  free(text);
  if (status != TURDB_OK) turdb_java_throw(env, status, error);
}

static jbyteArray conn_setting(JNIEnv* env, jclass class, jlong conn, jbyteArray name) {
  turdb_error* error = NULL;
  const char* value = NULL;
  char* text = turdb_java_text(env, name);
  if (text == NULL) return NULL;
  const turdb_status status = turdb_conn_setting(TURDB_JAVA_POINTER(turdb_conn, conn), text, &value, &error);
  free(text);
  if (status != TURDB_OK) {
    turdb_java_throw(env, status, error);
    return NULL;
  }
  return bytes_of_text(env, value);
}

static void conn_set_setting(JNIEnv* env, jclass class, jlong conn, jbyteArray name, jbyteArray value) {
  turdb_error* error = NULL;
  char* name_text = turdb_java_text(env, name);
  if (name_text == NULL) return;
  char* value_text = turdb_java_text(env, value);
  if (value_text != NULL || value == NULL) {
    const turdb_status status = turdb_conn_set_setting(TURDB_JAVA_POINTER(turdb_conn, conn), name_text, value_text, &error);
    if (status != TURDB_OK) turdb_java_throw(env, status, error);
  }
  free(name_text);
  free(value_text);
}

/* ---- interrupts */

static jlong interrupt_open(JNIEnv* env, jclass class, jlong conn) {
  turdb_error* error = NULL;
  turdb_interrupt* interrupt = NULL;
  const turdb_status status = turdb_interrupt_open(TURDB_JAVA_POINTER(turdb_conn, conn), &interrupt, &error);
  if (status != TURDB_OK) turdb_java_throw(env, status, error);
  return TURDB_JAVA_HANDLE(interrupt);
}

static jlong interrupt_execution(JNIEnv* env, jclass class, jlong interrupt) {
  return turdb_interrupt_execution(TURDB_JAVA_POINTER(turdb_interrupt, interrupt));
}

static void interrupt_stop_execution(JNIEnv* env, jclass class, jlong interrupt, jlong execution) {
  turdb_interrupt_stop_execution(TURDB_JAVA_POINTER(turdb_interrupt, interrupt), execution);
}

static void interrupt_free(JNIEnv* env, jclass class, jlong interrupt) {
  turdb_interrupt_free(TURDB_JAVA_POINTER(turdb_interrupt, interrupt));
}

/* ---- backups */

static jlong backup_open(JNIEnv* env, jclass class, jlong db, jbyteArray path) {
  turdb_error* error = NULL;
  turdb_backup* backup = NULL;
  char* text = turdb_java_text(env, path);
  if (text == NULL) return 0;
  const turdb_status status = turdb_backup_open(TURDB_JAVA_POINTER(turdb_db, db), text, &backup, &error);
  free(text);
  if (status != TURDB_OK) turdb_java_throw(env, status, error);
  return TURDB_JAVA_HANDLE(backup);
}

/* Whether the copy is complete; out receives pages done, and pages in all. */
static jboolean backup_step(JNIEnv* env, jclass class, jlong handle, jlong pages, jlongArray out) {
  turdb_error* error = NULL;
  turdb_backup* backup = TURDB_JAVA_POINTER(turdb_backup, handle);
  const turdb_status status = turdb_backup_step(backup, pages, &error);
  if (status < 0) {
    turdb_java_throw(env, status, error);
    return JNI_FALSE;
  }
  const jlong progress[2] = {turdb_backup_pages_done(backup), turdb_backup_pages_total(backup)};
  (*env)->SetLongArrayRegion(env, out, 0, 2, progress);
  return (*env)->ExceptionCheck(env) || status != TURDB_DONE ? JNI_FALSE : JNI_TRUE;
}

static void backup_free(JNIEnv* env, jclass class, jlong backup) {
  turdb_backup_free(TURDB_JAVA_POINTER(turdb_backup, backup));
}

static const JNINativeMethod methods[] = {
    TURDB_JAVA_NATIVE("version", "()[B", version),
    TURDB_JAVA_NATIVE("sourceId", "()[B", source_id),
    TURDB_JAVA_NATIVE("statusName", "(I)[B", status_name),
    TURDB_JAVA_NATIVE("dbOpen", "([B[[B)J", db_open),
    TURDB_JAVA_NATIVE("dbClose", "(J)V", db_close),
    TURDB_JAVA_NATIVE("dbFree", "(J)V", db_free),
    TURDB_JAVA_NATIVE("dbCheck", "(J)[B", db_check),
    TURDB_JAVA_NATIVE("dbRecover", "([B[B[J)[B", db_recover),
    TURDB_JAVA_NATIVE("dbCheckpoint", "(J)V", db_checkpoint),
    TURDB_JAVA_NATIVE("dbMemoryUsed", "(J)J", db_memory_used),
    TURDB_JAVA_NATIVE("dbMetric", "(J[B)J", db_metric),
    TURDB_JAVA_NATIVE("connOpen", "(J)J", conn_open),
    TURDB_JAVA_NATIVE("connClose", "(J)V", conn_close),
    TURDB_JAVA_NATIVE("connFree", "(J)V", conn_free),
    TURDB_JAVA_NATIVE("connInAutocommit", "(J)Z", conn_in_autocommit),
    TURDB_JAVA_NATIVE("connChanges", "(J)J", conn_changes),
    TURDB_JAVA_NATIVE("connLastInsertId", "(J)J", conn_last_insert_id),
    TURDB_JAVA_NATIVE("connExec", "(J[B)V", conn_exec),
    TURDB_JAVA_NATIVE("connCommit", "(J)V", conn_commit),
    TURDB_JAVA_NATIVE("connRollback", "(J)V", conn_rollback),
    TURDB_JAVA_NATIVE("connSavepoint", "(J[BI)V", conn_savepoint),
    TURDB_JAVA_NATIVE("connSetting", "(J[B)[B", conn_setting),
    TURDB_JAVA_NATIVE("connSetSetting", "(J[B[B)V", conn_set_setting),
    TURDB_JAVA_NATIVE("interruptOpen", "(J)J", interrupt_open),
    TURDB_JAVA_NATIVE("interruptExecution", "(J)J", interrupt_execution),
    TURDB_JAVA_NATIVE("interruptStopExecution", "(JJ)V", interrupt_stop_execution),
    TURDB_JAVA_NATIVE("interruptFree", "(J)V", interrupt_free),
    TURDB_JAVA_NATIVE("backupOpen", "(J[B)J", backup_open),
    TURDB_JAVA_NATIVE("backupStep", "(JJ[J)Z", backup_step),
    TURDB_JAVA_NATIVE("backupFree", "(J)V", backup_free),
};
const turdb_java_natives turdb_java_database_natives = {methods, sizeof methods / sizeof methods[0]};

/* ---- loading */

JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM* vm, void* reserved) {
  JNIEnv* env = NULL;
  the_vm = vm;
  if ((*vm)->GetEnv(vm, (void**)&env, JNI_VERSION_10) != JNI_OK) return JNI_ERR;
  jclass errors = (*env)->FindClass(env, "org/turdb/Errors");
  if (errors == NULL) return JNI_ERR;
  errors_class = (*env)->NewGlobalRef(env, errors);
  errors_create = (*env)->GetStaticMethodID(env, errors, "create", "([B)Ljava/sql/SQLException;");
  if (errors_class == NULL || errors_create == NULL || !turdb_java_find_classes(env)) return JNI_ERR;
  jclass natives = (*env)->FindClass(env, "org/turdb/Native");
  if (natives == NULL) return JNI_ERR;
  const turdb_java_natives* all[] = {&turdb_java_database_natives, &turdb_java_statement_natives, &turdb_java_callback_natives,
                                     &turdb_java_stream_natives, &turdb_java_blob_natives};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; ++i) {
    if ((*env)->RegisterNatives(env, natives, all[i]->methods, all[i]->count) != JNI_OK) return JNI_ERR;
  }
  return JNI_VERSION_10;
}
