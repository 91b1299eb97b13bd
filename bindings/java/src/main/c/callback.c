/* Functions and hooks of Java. They run on the thread that called C, which is one of Java's. */
#include <stdlib.h>
#include <string.h>

#include "shim.h"

static jclass callbacks_class;
static jmethodID callbacks_scalar, callbacks_commit, callbacks_rollback;

jboolean turdb_java_find_classes(JNIEnv* env) {
  jclass class = (*env)->FindClass(env, "org/turdb/Callbacks");
  if (class == NULL) return JNI_FALSE;
  callbacks_class = (*env)->NewGlobalRef(env, class);
  callbacks_scalar = (*env)->GetStaticMethodID(env, class, "scalar", "(Ljava/lang/Object;[BJ)[B");
  if (callbacks_scalar == NULL) return JNI_FALSE;
  callbacks_commit = (*env)->GetStaticMethodID(env, class, "commit", "(Ljava/lang/Object;)Z");
  if (callbacks_commit == NULL) return JNI_FALSE;
  callbacks_rollback = (*env)->GetStaticMethodID(env, class, "rollback", "(Ljava/lang/Object;)V");
  return callbacks_rollback != NULL && callbacks_class != NULL;
}

/* This thread's; NULL on one that is not Java's. */
static JNIEnv* environment(void) {
  JNIEnv* env = NULL;
  JavaVM* vm = turdb_java_vm();
  return (*vm)->GetEnv(vm, (void**)&env, JNI_VERSION_10) == JNI_OK ? env : NULL;
}

/* What a method of org.turdb.Callbacks throws is a bug of it, or no memory: they catch all there is to catch. */
static bool threw(JNIEnv* env) {
  if (!(*env)->ExceptionCheck(env)) return false;
  (*env)->ExceptionClear(env);
  return true;
}

/* Java answers with 0 and the packed results, or with 1 and a message. */
static void answer(JNIEnv* env, turdb_call* call, jbyteArray result) {
  const jsize size = (*env)->GetArrayLength(env, result);
  char* data = malloc((size_t)size + 1);
  if (data == NULL) {
    turdb_call_fail(call, "53200", "there is no memory for the results of a function of Java");
    return;
  }
  (*env)->GetByteArrayRegion(env, result, 0, size, (jbyte*)data);
  data[size] = '\0';
  if (threw(env) || size == 0 || data[0] != 0) {
    turdb_call_fail(call, "38000", size > 1 ? data + 1 : NULL);
  } else {
    turdb_call_return_packed(call, (const uint8_t*)data + 1, size - 1, NULL);
  }
  free(data);
}

static void call_scalar(void* user_data, turdb_call* call) {
  JNIEnv* env = environment();
  const uint8_t* rows = NULL;
  int64_t size = 0;
  if (env == NULL) {
    turdb_call_fail(call, "38000", "a function of Java was called on a thread that is not Java's");
    return;
  }
  if (turdb_call_arguments_packed(call, &rows, &size, NULL) != TURDB_OK) {
    turdb_call_fail(call, "53200", "there is no memory for the arguments of a function of Java");
    return;
  }
  if ((*env)->PushLocalFrame(env, 8) != 0) {
    threw(env);
    turdb_call_fail(call, "53200", "there is no memory to call a function of Java");
    return;
  }
  jbyteArray arguments = turdb_java_bytes(env, rows, size);
  jbyteArray result = NULL;
  if (arguments != NULL) {
    result = (*env)->CallStaticObjectMethod(env, callbacks_class, callbacks_scalar, (jobject)user_data, arguments,
                                            (jlong)turdb_call_row_count(call));
  }
  if (threw(env) || result == NULL) {
    turdb_call_fail(call, "53200", "there is no memory to call a function of Java");
  } else {
    answer(env, call, result);
  }
  (*env)->PopLocalFrame(env, NULL);
}

static bool call_commit(void* user_data) {
  JNIEnv* env = environment();
  if (env == NULL) return true;
  const jboolean stop = (*env)->CallStaticBooleanMethod(env, callbacks_class, callbacks_commit, (jobject)user_data);
  return threw(env) || stop != JNI_FALSE;
}

static void call_rollback(void* user_data) {
  JNIEnv* env = environment();
  if (env == NULL) return;
  (*env)->CallStaticVoidMethod(env, callbacks_class, callbacks_rollback, (jobject)user_data);
  threw(env);
}

/* On any thread, also on one that Java does not know. */
static void destroy(void* user_data) {
  JavaVM* vm = turdb_java_vm();
  JNIEnv* env = environment();
  if (env != NULL) {
    (*env)->DeleteGlobalRef(env, (jobject)user_data);
  } else if ((*vm)->AttachCurrentThreadAsDaemon(vm, (void**)&env, NULL) == JNI_OK) {
    (*env)->DeleteGlobalRef(env, (jobject)user_data);
    (*vm)->DetachCurrentThread(vm);
  }
}

static void create_scalar(JNIEnv* env, jclass class, jlong conn, jbyteArray name, jbyteArray parameters, jbyteArray returns,
                          jlong flags, jobject function) {
  turdb_error* error = NULL;
  char* name_text = turdb_java_text(env, name);
  char* parameters_text = name_text == NULL ? NULL : turdb_java_text(env, parameters);
  char* returns_text = parameters_text == NULL ? NULL : turdb_java_text(env, returns);
  jobject reference = returns_text == NULL ? NULL : (*env)->NewGlobalRef(env, function);
  if (reference != NULL) {
    const turdb_status status = turdb_conn_create_scalar(TURDB_JAVA_POINTER(turdb_conn, conn), name_text, parameters_text,
                                                         returns_text, flags, call_scalar, reference, destroy, &error);
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

static void set_hook(JNIEnv* env, jclass class, jlong handle, jboolean commit, jobject hook) {
  turdb_error* error = NULL;
  turdb_conn* conn = TURDB_JAVA_POINTER(turdb_conn, handle);
  jobject reference = hook == NULL ? NULL : (*env)->NewGlobalRef(env, hook);
  if (hook != NULL && reference == NULL) {
    turdb_java_no_memory(env);
    return;
  }
  void (*release)(void*) = reference == NULL ? NULL : destroy;
  const turdb_status status =
      commit ? turdb_conn_set_commit_hook(conn, reference == NULL ? NULL : call_commit, reference, release, &error)
             : turdb_conn_set_rollback_hook(conn, reference == NULL ? NULL : call_rollback, reference, release, &error);
  if (status != TURDB_OK) turdb_java_throw(env, status, error);
}

static const JNINativeMethod methods[] = {
    TURDB_JAVA_NATIVE("createScalar", "(J[B[B[BJLjava/lang/Object;)V", create_scalar),
    TURDB_JAVA_NATIVE("dropFunction", "(J[B)V", drop_function),
    TURDB_JAVA_NATIVE("setHook", "(JZLjava/lang/Object;)V", set_hook),
};
const turdb_java_natives turdb_java_callback_natives = {methods, sizeof methods / sizeof methods[0]};
