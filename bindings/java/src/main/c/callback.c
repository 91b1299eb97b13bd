/*
 * Functions and hooks of Java: all of them are one call of org.turdb.Callbacks, which says what it is about with a number, and
 * answers with 0 and what was asked for, or with 1, five characters of SQLSTATE and a message.
 */
#include <stdlib.h>
#include <string.h>

#include "shim.h"

/* As org.turdb.Callbacks has them. */
enum { CALL, CREATE, UPDATE, MERGE, FINISH, RELEASE, OPEN, NEXT, CLOSE, COMMIT, ROLLBACK, CHANGE, TRACE, AUTHORIZE, PROGRESS };

static jclass callbacks_class;
static jmethodID callbacks_call;

jboolean turdb_java_find_classes(JNIEnv* env) {
  jclass class = (*env)->FindClass(env, "org/turdb/Callbacks");
  if (class == NULL) return JNI_FALSE;
  callbacks_class = (*env)->NewGlobalRef(env, class);
  callbacks_call = (*env)->GetStaticMethodID(env, class, "call", "(Ljava/lang/Object;I[BJ[J)[B");
  return callbacks_call != NULL && callbacks_class != NULL;
}

/* This thread's. Most are Java's; what ends something may come on another, which is attached for as long. */
static JNIEnv* attach(bool* attached) {
  JNIEnv* env = NULL;
  JavaVM* vm = turdb_java_vm();
  *attached = false;
  if ((*vm)->GetEnv(vm, (void**)&env, JNI_VERSION_10) == JNI_OK) return env;
  *attached = (*vm)->AttachCurrentThreadAsDaemon(vm, (void**)&env, NULL) == JNI_OK;
  return *attached ? env : NULL;
}

static void detach(bool attached) {
  JavaVM* vm = turdb_java_vm();
  if (attached) (*vm)->DetachCurrentThread(vm);
}

/* What is sent along. */
typedef struct {
  const void* data; /* NULL: none */
  int64_t size;
  int64_t number;
  void* const* states; /* NULL: none */
  int64_t state_count;
} message;

/* Numbers that stand for states of Java, as Java has them. */
static jlongArray numbers(JNIEnv* env, void* const* states, int64_t count) {
  jlongArray array = (*env)->NewLongArray(env, (jsize)count);
  for (int64_t i = 0; array != NULL && i < count; ++i) {
    const jlong number = TURDB_JAVA_HANDLE(states[i]);
    (*env)->SetLongArrayRegion(env, array, (jsize)i, 1, &number);
  }
  return array;
}

/* The answer, with a NUL behind it, to be freed; NULL when there is no memory to ask. */
static char* ask_in(JNIEnv* env, void* callback, jint what, const message* sent, int64_t* size_bytes) {
  jbyteArray data = NULL;
  jlongArray states = NULL;
  if (sent->data != NULL) data = turdb_java_bytes(env, sent->data, sent->size);
  if (sent->states != NULL && !(*env)->ExceptionCheck(env)) states = numbers(env, sent->states, sent->state_count);
  if ((*env)->ExceptionCheck(env)) return NULL;
  jbyteArray answer = (*env)->CallStaticObjectMethod(env, callbacks_class, callbacks_call, (jobject)callback, what, data,
                                                     (jlong)sent->number, states);
  if ((*env)->ExceptionCheck(env) || answer == NULL) return NULL;
  const jsize size = (*env)->GetArrayLength(env, answer);
  char* copy = malloc((size_t)size + 1);
  if (copy == NULL) return NULL;
  (*env)->GetByteArrayRegion(env, answer, 0, size, (jbyte*)copy);
  copy[size] = '\0';
  *size_bytes = size;
  return copy;
}

static char* ask(void* callback, jint what, const message* sent, int64_t* size_bytes) {
  bool attached;
  JNIEnv* env = attach(&attached);
  if (env == NULL) return NULL;
  char* answer = NULL;
  if ((*env)->PushLocalFrame(env, 8) == 0) {
    answer = ask_in(env, callback, what, sent, size_bytes);
    /* What the method throws is no memory: it catches all there is to catch. */
    if ((*env)->ExceptionCheck(env)) (*env)->ExceptionClear(env);
    (*env)->PopLocalFrame(env, NULL);
  } else {
    (*env)->ExceptionClear(env);
  }
  detach(attached);
  return answer;
}

/* Whether the answer is what was asked for. */
static bool is_answer(const char* answer, int64_t size) { return answer != NULL && size > 0 && answer[0] == 0; }

/* Asks for a call of a function, which fails when Java does. The answer, to be freed, or NULL. */
static char* ask_for_call(turdb_call* call, void* callback, jint what, const message* sent, int64_t* size_bytes) {
  char* answer = ask(callback, what, sent, size_bytes);
  if (is_answer(answer, *size_bytes)) return answer;
  if (answer == NULL || *size_bytes < 6) {
    turdb_call_fail(call, "53200", "there is no memory to call a function of Java");
  } else {
    char state[6] = {0};
    memcpy(state, answer + 1, 5);
    turdb_call_fail(call, state, answer + 6);
  }
  free(answer);
  return NULL;
}

/* The arguments of a call. */
static bool take_arguments(turdb_call* call, message* sent) {
  const uint8_t* rows = NULL;
  if (turdb_call_arguments_packed(call, &rows, &sent->size, NULL) != TURDB_OK) {
    turdb_call_fail(call, "53200", "there is no memory for the arguments of a function of Java");
    return false;
  }
  sent->data = rows == NULL ? (const void*)"" : rows;
  sent->number = turdb_call_row_count(call);
  return true;
}

static void return_packed(turdb_call* call, const char* answer, int64_t size) {
  turdb_error* error = NULL; /* the call has failed with it */
  turdb_call_return_packed(call, (const uint8_t*)answer + 1, size - 1, &error);
  turdb_error_free(error);
}

static int64_t number_of(const char* answer, int64_t size) {
  int64_t number = 0;
  if (size >= 9) memcpy(&number, answer + 1, sizeof number);
  return number;
}

/* ---- functions */

static void call_function(void* user_data, turdb_call* call) {
  message sent = {NULL, 0, 0, NULL, 0};
  int64_t size = 0;
  if (!take_arguments(call, &sent)) return;
  char* answer = ask_for_call(call, user_data, CALL, &sent, &size);
  if (answer != NULL) return_packed(call, answer, size);
  free(answer);
}

static void* aggregate_create(void* user_data, turdb_call* call) {
  const message sent = {NULL, 0, 0, NULL, 0};
  int64_t size = 0;
  char* answer = ask_for_call(call, user_data, CREATE, &sent, &size);
  const int64_t state = answer == NULL ? 0 : number_of(answer, size);
  free(answer);
  return TURDB_JAVA_POINTER(void, state);
}

static void aggregate_update(void* user_data, turdb_call* call, void* const* states) {
  message sent = {NULL, 0, 0, states, turdb_call_row_count(call)};
  int64_t size = 0;
  if (take_arguments(call, &sent)) free(ask_for_call(call, user_data, UPDATE, &sent, &size));
}

static void aggregate_merge(void* user_data, turdb_call* call, void* into, void* from) {
  void* const states[2] = {into, from};
  const message sent = {NULL, 0, 0, states, 2};
  int64_t size = 0;
  free(ask_for_call(call, user_data, MERGE, &sent, &size));
}

static void aggregate_finish(void* user_data, turdb_call* call, void* const* states) {
  const message sent = {NULL, 0, 0, states, turdb_call_row_count(call)};
  int64_t size = 0;
  char* answer = ask_for_call(call, user_data, FINISH, &sent, &size);
  if (answer != NULL) return_packed(call, answer, size);
  free(answer);
}

static void give_back(void* user_data, jint what, void* number) {
  const message sent = {NULL, 0, TURDB_JAVA_HANDLE(number), NULL, 0};
  int64_t size = 0;
  if (number != NULL) free(ask(user_data, what, &sent, &size));
}

static void aggregate_release(void* user_data, void* state) { give_back(user_data, RELEASE, state); }

static void* rows_open(void* user_data, turdb_call* call) {
  message sent = {NULL, 0, 0, NULL, 0};
  int64_t size = 0;
  if (!take_arguments(call, &sent)) return NULL;
  char* answer = ask_for_call(call, user_data, OPEN, &sent, &size);
  const int64_t cursor = answer == NULL ? 0 : number_of(answer, size);
  free(answer);
  return TURDB_JAVA_POINTER(void, cursor);
}

/* The answer is how many rows there are, and the rows. */
static void rows_next(void* user_data, void* cursor, turdb_call* call) {
  const message sent = {NULL, 0, TURDB_JAVA_HANDLE(cursor), NULL, 0};
  int64_t size = 0;
  char* answer = ask_for_call(call, user_data, NEXT, &sent, &size);
  if (answer != NULL && size > 9) {
    turdb_error* error = NULL; /* the call has failed with it */
    turdb_call_return_rows(call, (const uint8_t*)answer + 9, size - 9, number_of(answer, size), &error);
    turdb_error_free(error);
  }
  free(answer);
}

static void rows_close(void* user_data, void* cursor) { give_back(user_data, CLOSE, cursor); }

/* ---- hooks */

/* Whether Java lets it go on. */
static bool goes_on(void* callback, jint what, const message* sent) {
  int64_t size = 0;
  char* answer = ask(callback, what, sent, &size);
  const bool yes = is_answer(answer, size);
  free(answer);
  return yes;
}

static bool call_commit(void* user_data) {
  const message sent = {NULL, 0, 0, NULL, 0};
  return !goes_on(user_data, COMMIT, &sent);
}

static void call_rollback(void* user_data) {
  const message sent = {NULL, 0, 0, NULL, 0};
  goes_on(user_data, ROLLBACK, &sent);
}

static bool call_change(void* user_data, turdb_change* change) {
  turdb_java_buffer b = {NULL, 0, 0, false};
  turdb_java_append_number(&b, turdb_change_operation(change));
  turdb_java_append_number(&b, turdb_change_by_trigger(change));
  turdb_java_append_number(&b, turdb_change_by_foreign_key(change));
  turdb_java_append_number(&b, (int32_t)turdb_change_row_count(change));
  turdb_java_append_text(&b, turdb_change_schema(change));
  turdb_java_append_text(&b, turdb_change_table(change));
  const message sent = {b.data, (int64_t)b.size, TURDB_JAVA_HANDLE(change), NULL, 0};
  const bool stop = b.failed || !goes_on(user_data, CHANGE, &sent);
  free(b.data);
  return stop;
}

static void call_trace(void* user_data, turdb_trace* trace) {
  turdb_java_buffer b = {NULL, 0, 0, false};
  const int64_t figures[] = {turdb_trace_execution(trace), turdb_trace_nanos(trace), turdb_trace_rows(trace),
                             turdb_trace_changes(trace)};
  turdb_java_append_number(&b, turdb_trace_begins(trace));
  turdb_java_append(&b, figures, sizeof figures);
  turdb_java_append_text(&b, turdb_trace_sql(trace));
  turdb_java_append_error(&b, turdb_trace_status(trace), turdb_trace_error(trace));
  const message sent = {b.data, (int64_t)b.size, TURDB_JAVA_HANDLE(trace), NULL, 0};
  if (!b.failed) goes_on(user_data, TRACE, &sent);
  free(b.data);
}

static int32_t call_authorizer(void* user_data, int32_t action, const char* schema, const char* object, const char* column,
                               const char* accessor) {
  turdb_java_buffer b = {NULL, 0, 0, false};
  turdb_java_append_text(&b, schema);
  turdb_java_append_text(&b, object);
  turdb_java_append_text(&b, column);
  turdb_java_append_text(&b, accessor);
  const message sent = {b.data, (int64_t)b.size, action, NULL, 0};
  int64_t size = 0;
  char* answer = b.failed ? NULL : ask(user_data, AUTHORIZE, &sent, &size);
  const int32_t access = is_answer(answer, size) && size >= 9 ? (int32_t)number_of(answer, size) : TURDB_DENY;
  free(answer);
  free(b.data);
  return access;
}

static bool call_progress(void* user_data) {
  const message sent = {NULL, 0, 0, NULL, 0};
  return !goes_on(user_data, PROGRESS, &sent);
}

/* On any thread, also on one that Java does not know. */
static void destroy(void* user_data) {
  bool attached;
  JNIEnv* env = attach(&attached);
  if (env != NULL) (*env)->DeleteGlobalRef(env, (jobject)user_data);
  detach(attached);
}

/* ---- natives */

/* As org.turdb.Native has them. */
enum { SCALAR, AGGREGATE, MERGING_AGGREGATE, TABLE, COLLATION };

static turdb_status create(turdb_conn* conn, jint kind, const char* name, const char* parameters, const char* returns,
                           jlong flags, jobject reference, turdb_error** error) {
  switch (kind) {
    case SCALAR:
      return turdb_conn_create_scalar(conn, name, parameters, returns, flags, call_function, reference, destroy, error);
    case TABLE:
      return turdb_conn_create_row_function(conn, name, parameters, returns, flags, rows_open, rows_next, rows_close, reference,
                                            destroy, error);
    case COLLATION:
      return turdb_conn_create_collation(conn, name, flags, call_function, reference, destroy, error);
    default:
      return turdb_conn_create_aggregate(conn, name, parameters, returns, flags, aggregate_create, aggregate_update,
                                         kind == MERGING_AGGREGATE ? aggregate_merge : NULL, aggregate_finish,
                                         aggregate_release, reference, destroy, error);
  }
}

static void create_function(JNIEnv* env, jclass class, jlong conn, jint kind, jbyteArray name, jbyteArray parameters,
                            jbyteArray returns, jlong flags, jobject function) {
  turdb_error* error = NULL;
  char* name_text = turdb_java_text(env, name);
  char* parameters_text = name_text == NULL ? NULL : turdb_java_text(env, parameters);
  char* returns_text = parameters_text == NULL ? NULL : turdb_java_text(env, returns);
  jobject reference = returns_text == NULL ? NULL : (*env)->NewGlobalRef(env, function);
  if (reference != NULL) {
    const turdb_status status =
        create(TURDB_JAVA_POINTER(turdb_conn, conn), kind, name_text, parameters_text, returns_text, flags, reference, &error);
    if (status != TURDB_OK) turdb_java_throw(env, status, error);
  } else if (!(*env)->ExceptionCheck(env)) {
    turdb_java_no_memory(env);
  }
  free(name_text);
  free(parameters_text);
  free(returns_text);
}

static void drop_function(JNIEnv* env, jclass class, jlong conn, jbyteArray name) {
  turdb_error* error = NULL;
  char* text = turdb_java_text(env, name);
  if (text == NULL) return;
  const turdb_status status = turdb_conn_drop_function(TURDB_JAVA_POINTER(turdb_conn, conn), text, NULL, 0, &error);
  free(text);
  if (status != TURDB_OK) turdb_java_throw(env, status, error);
}

static void drop_collation(JNIEnv* env, jclass class, jlong conn, jbyteArray name) {
  turdb_error* error = NULL;
  char* text = turdb_java_text(env, name);
  if (text == NULL) return;
  const turdb_status status = turdb_conn_drop_collation(TURDB_JAVA_POINTER(turdb_conn, conn), text, &error);
  free(text);
  if (status != TURDB_OK) turdb_java_throw(env, status, error);
}

/* The kind is that of its callback. */
static void set_hook(JNIEnv* env, jclass class, jlong handle, jint kind, jobject hook) {
  turdb_error* error = NULL;
  turdb_conn* conn = TURDB_JAVA_POINTER(turdb_conn, handle);
  jobject data = hook == NULL ? NULL : (*env)->NewGlobalRef(env, hook);
  if (hook != NULL && data == NULL) {
    turdb_java_no_memory(env);
    return;
  }
  void (*end)(void*) = data == NULL ? NULL : destroy;
  turdb_status status = TURDB_MISUSE;
  switch (kind) {
    case COMMIT:
      status = turdb_conn_set_commit_hook(conn, data == NULL ? NULL : call_commit, data, end, &error);
      break;
    case ROLLBACK:
      status = turdb_conn_set_rollback_hook(conn, data == NULL ? NULL : call_rollback, data, end, &error);
      break;
    case CHANGE:
      status = turdb_conn_set_change_hook(conn, data == NULL ? NULL : call_change, data, end, &error);
      break;
    case TRACE:
      status = turdb_conn_set_trace(conn, data == NULL ? NULL : call_trace, data, end, &error);
      break;
    default:
      status = turdb_conn_set_authorizer(conn, data == NULL ? NULL : call_authorizer, data, end, &error);
      break;
  }
  if (status != TURDB_OK) turdb_java_throw(env, status, error);
}

/* What the hook is known by from now on, which Java gives back when another one is set or the connection is gone. */
static jlong set_progress(JNIEnv* env, jclass class, jlong conn, jlong interval, jobject hook) {
  turdb_error* error = NULL;
  jobject data = hook == NULL ? NULL : (*env)->NewGlobalRef(env, hook);
  if (hook != NULL && data == NULL) {
    turdb_java_no_memory(env);
    return 0;
  }
  const turdb_status status = turdb_conn_set_progress(TURDB_JAVA_POINTER(turdb_conn, conn), interval,
                                                      data == NULL ? NULL : call_progress, data, &error);
  if (status == TURDB_OK) return TURDB_JAVA_HANDLE(data);
  if (data != NULL) (*env)->DeleteGlobalRef(env, data);
  turdb_java_throw(env, status, error);
  return 0;
}

static void free_progress(JNIEnv* env, jclass class, jlong hook) {
  if (hook != 0) (*env)->DeleteGlobalRef(env, TURDB_JAVA_POINTER(struct _jobject, hook));
}

/* Of each column its name, and whether it is part of the key. */
static jbyteArray change_columns(JNIEnv* env, jclass class, jlong handle) {
  const turdb_change* change = TURDB_JAVA_POINTER(turdb_change, handle);
  turdb_java_buffer b = {NULL, 0, 0, false};
  const int32_t count = (int32_t)turdb_change_column_count(change);
  turdb_java_append_number(&b, count);
  for (int32_t i = 0; i < count; ++i) {
    turdb_java_append_text(&b, turdb_change_column_name(change, i));
    turdb_java_append_number(&b, turdb_change_column_is_key(change, i));
  }
  return turdb_java_finish(env, &b);
}

static jbyteArray change_row(JNIEnv* env, jclass class, jlong handle, jboolean new_row, jlong row) {
  const turdb_change* change = TURDB_JAVA_POINTER(turdb_change, handle);
  turdb_error* error = NULL;
  uint8_t small[1024];
  uint8_t* memory = small;
  int64_t capacity = sizeof small, size = 0;
  turdb_status status = turdb_change_pack(change, new_row != JNI_FALSE, row, memory, capacity, &size, &error);
  if (status == TURDB_OK && size > capacity) {
    memory = malloc((size_t)size);
    if (memory == NULL) {
      turdb_java_no_memory(env);
      return NULL;
    }
    status = turdb_change_pack(change, new_row != JNI_FALSE, row, memory, size, &size, &error);
  }
  jbyteArray packed = NULL;
  if (status != TURDB_OK) {
    turdb_java_throw(env, status, error);
  } else {
    packed = turdb_java_bytes(env, memory, size);
  }
  if (memory != small) free(memory);
  return packed;
}

static jbyteArray trace_expanded_sql(JNIEnv* env, jclass class, jlong trace) {
  const char* text = turdb_trace_expanded_sql(TURDB_JAVA_POINTER(turdb_trace, trace));
  return text == NULL ? NULL : turdb_java_bytes(env, text, (int64_t)strlen(text));
}

static const JNINativeMethod methods[] = {
    TURDB_JAVA_NATIVE("createFunction", "(JI[B[B[BJLjava/lang/Object;)V", create_function),
    TURDB_JAVA_NATIVE("dropFunction", "(J[B)V", drop_function),
    TURDB_JAVA_NATIVE("dropCollation", "(J[B)V", drop_collation),
    TURDB_JAVA_NATIVE("setHook", "(JILjava/lang/Object;)V", set_hook),
    TURDB_JAVA_NATIVE("setProgress", "(JJLjava/lang/Object;)J", set_progress),
    TURDB_JAVA_NATIVE("freeProgress", "(J)V", free_progress),
    TURDB_JAVA_NATIVE("changeColumns", "(J)[B", change_columns),
    TURDB_JAVA_NATIVE("changeRow", "(JZJ)[B", change_row),
    TURDB_JAVA_NATIVE("traceExpandedSql", "(J)[B", trace_expanded_sql),
};
const turdb_java_natives turdb_java_callback_natives = {methods, sizeof methods / sizeof methods[0]};
