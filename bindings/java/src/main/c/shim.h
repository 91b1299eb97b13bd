/*
 * The natives of org.turdb.Native: several calls of turdb.h in one, since a crossing of JNI costs as much as a column. Texts
 * are UTF-8 in byte arrays, rows are packed (docs/packed.md), handles are numbers. Java sees that a handle is used by one
 * thread at a time and not after its free.
 */
#ifndef TURDB_JAVA_SHIM_H_
#define TURDB_JAVA_SHIM_H_

#include <jni.h>
#include <turdb.h>

/* What a method of each file is registered by, so that a signature that does not fit is an error when the library is loaded. */
typedef struct {
  const JNINativeMethod* methods;
  jint count;
} turdb_java_natives;

extern const turdb_java_natives turdb_java_database_natives;
extern const turdb_java_natives turdb_java_statement_natives;
extern const turdb_java_natives turdb_java_callback_natives;
extern const turdb_java_natives turdb_java_stream_natives;
extern const turdb_java_natives turdb_java_blob_natives;

#define TURDB_JAVA_NATIVE(name, signature, function) \
  { (char*)(name), (char*)(signature), (void*)(function) }

/* The classes that C calls: false with an exception pending when they are not as they should be. */
jboolean turdb_java_find_classes(JNIEnv* env);

/* Throws what went wrong, and frees it. */
void turdb_java_throw(JNIEnv* env, turdb_status status, turdb_error* error);
void turdb_java_no_memory(JNIEnv* env);

/* A copy with a NUL behind it, to be freed; NULL for null, and with an exception pending when there is no memory. */
char* turdb_java_text(JNIEnv* env, jbyteArray text);
/* A new array; NULL with an exception pending when there is no memory. */
jbyteArray turdb_java_bytes(JNIEnv* env, const void* data, int64_t size_bytes);

/* Descriptions: numbers, and texts with their sizes, -1 for NULL. */
typedef struct {
  uint8_t* data;
  size_t size, capacity;
  bool failed;
} turdb_java_buffer;
void turdb_java_append(turdb_java_buffer* buffer, const void* data, size_t size);
void turdb_java_append_number(turdb_java_buffer* buffer, int32_t number);
void turdb_java_append_text(turdb_java_buffer* buffer, const char* text);
/* What org.turdb.Errors makes an exception of: status, position, whether a retry can help, SQLSTATE, message, hint, number of
 * frames, frames. `error` may be NULL. */
void turdb_java_append_error(turdb_java_buffer* buffer, turdb_status status, const turdb_error* error);
/* The description as an array; NULL with an exception pending when there is no memory. Frees the buffer. */
jbyteArray turdb_java_finish(JNIEnv* env, turdb_java_buffer* buffer);

JavaVM* turdb_java_vm(void);

#define TURDB_JAVA_POINTER(type, handle) ((type*)(intptr_t)(handle))
#define TURDB_JAVA_HANDLE(pointer) ((jlong)(intptr_t)(pointer))

#endif /* TURDB_JAVA_SHIM_H_ */
