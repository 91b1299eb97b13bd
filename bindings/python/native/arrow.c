/* Arrow both ways: results as batches and streams, and objects of Python as tables. Streams, batches and schemas are handed
 * over in capsules, as Arrow's PyCapsule interface has it; nothing here knows pyarrow. */
#include "module.h"

static const char kSchemaCapsule[] = "arrow_schema";
static const char kArrayCapsule[] = "arrow_array";
static const char kStreamCapsule[] = "arrow_array_stream";

#define CAPSULE_OF(name, type, capsule_name)                                    \
  static void release_##name(PyObject* capsule) {                               \
    type* content = PyCapsule_GetPointer(capsule, capsule_name);                \
    if (content != NULL && content->release != NULL) content->release(content); \
    PyMem_RawFree(content);                                                     \
  }                                                                             \
  /* Takes *content over. */                                                    \
  static PyObject* name##_capsule(type* content) {                              \
    type* copy = PyMem_RawMalloc(sizeof *copy);                                 \
    PyObject* capsule = NULL;                                                   \
    if (copy == NULL) {                                                         \
      PyErr_NoMemory();                                                         \
    } else {                                                                    \
      *copy = *content;                                                         \
      capsule = PyCapsule_New(copy, capsule_name, release_##name);              \
      if (capsule == NULL) PyMem_RawFree(copy);                                 \
    }                                                                           \
    if (capsule == NULL && content->release != NULL) content->release(content); \
    return capsule;                                                             \
  }
CAPSULE_OF(schema, struct ArrowSchema, kSchemaCapsule)
CAPSULE_OF(array, struct ArrowArray, kArrayCapsule)
CAPSULE_OF(stream, struct ArrowArrayStream, kStreamCapsule)

/* Moves the stream out of a capsule. */
static bool take_stream(PyObject* capsule, struct ArrowArrayStream* out) {
  struct ArrowArrayStream* stream = PyCapsule_GetPointer(capsule, kStreamCapsule);
  if (stream == NULL) return false;
  if (stream->release == NULL) {
    raise_named("ProgrammingError", "24000", "the Arrow stream was read already");
    return false;
  }
  *out = *stream;
  stream->release = NULL;
  return true;
}

/* ---- results */

typedef struct {
  PyObject_HEAD turdb_result* handle;
  ConnectionObject* connection;
  PyObject* sql;
} ResultObject;

static PyTypeObject Result_Type;

static void result_dealloc(ResultObject* self) {
  turdb_result_free(self->handle);
  Py_XDECREF(self->connection);
  Py_XDECREF(self->sql);
  PyObject_Free(self);
}

/* What is left of the cursor's rows, as a result; the cursor has none afterwards. */
PyObject* cursor_take_result(CursorObject* cursor, int64_t flags) {
  ConnectionObject* connection = cursor->connection;
  ResultObject* result = PyObject_New(ResultObject, &Result_Type);
  if (result == NULL) return NULL;
  result->handle = NULL;
  Py_INCREF(connection);
  result->connection = connection;
  Py_INCREF(cursor->statement->sql);
  result->sql = cursor->statement->sql;
  turdb_error* error = NULL;
  turdb_status status;
  connection->busy = true;
  Py_BEGIN_ALLOW_THREADS status =
      turdb_stmt_continue(cursor->statement->handle, flags, cursor->memory + cursor->at, (int64_t)(cursor->end - cursor->at),
                          cursor->rows_ready, &result->handle, &error);
  Py_END_ALLOW_THREADS connection->busy = false;
  cursor->running = false;
  cursor->at = cursor->end = 0;
  cursor->rows_ready = 0;
  if (status == TURDB_OK) return (PyObject*)result;
  connection_raise(connection, error, result->sql);
  Py_DECREF(result);
  return NULL;
}

static PyObject* result_schema(ResultObject* self, PyObject* unused) {
  (void)unused;
  struct ArrowSchema schema;
  turdb_error* error = NULL;
  if (turdb_result_schema(self->handle, &schema, &error) != TURDB_OK) return raise_error(error, self->sql);
  return schema_capsule(&schema);
}

/* The next batch, or None. */
static PyObject* result_next(ResultObject* self, PyObject* arguments) {
  long long max_rows = 0;
  if (!PyArg_ParseTuple(arguments, "|L", &max_rows)) return NULL;
  if (!connection_check(self->connection)) return NULL;
  struct ArrowArray batch;
  turdb_error* error = NULL;
  turdb_status status;
  self->connection->busy = true;
  Py_BEGIN_ALLOW_THREADS status = turdb_result_next(self->handle, max_rows, &batch, &error);
  Py_END_ALLOW_THREADS self->connection->busy = false;
  if (status < 0) return connection_raise(self->connection, error, self->sql);
  if (self->connection->raised != NULL) {
    if (status == TURDB_ROW) batch.release(&batch);
    return connection_raise(self->connection, NULL, NULL);
  }
  if (status == TURDB_DONE) Py_RETURN_NONE;
  return array_capsule(&batch);
}

/* The rest as a stream that may go anywhere. */
static PyObject* result_stream(ResultObject* self, PyObject* unused) {
  (void)unused;
  struct ArrowArrayStream stream;
  turdb_error* error = NULL;
  if (turdb_result_stream(self->handle, &stream, &error) != TURDB_OK) return raise_error(error, self->sql);
  return stream_capsule(&stream);
}

static PyMethodDef result_methods[] = {{"schema", (PyCFunction)result_schema, METH_NOARGS, NULL},
                                       {"next", (PyCFunction)result_next, METH_VARARGS, NULL},
                                       {"stream", (PyCFunction)result_stream, METH_NOARGS, NULL},
                                       {NULL, NULL, 0, NULL}};

static PyTypeObject Result_Type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "turdb._native.Result",
    .tp_basicsize = sizeof(ResultObject),
    .tp_dealloc = (destructor)result_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_methods = result_methods,
};

/* ---- tables from Python. The callback gives a capsule with a stream, or None. */

struct source {
  PyObject* callback;
  PyObject* connection; /* a weak reference: the library keeps the source longer than Python the connection */
  bool by_name;
  char message[256]; /* of the last failure */
};

/* Called when nothing needs the source any more, on any thread. */
static void destroy_source(void* user_data) {
  struct source* source = (struct source*)user_data;
  if (Py_IsInitialized()) {
    const PyGILState_STATE state = PyGILState_Ensure();
    Py_DECREF(source->callback);
    Py_DECREF(source->connection);
    PyGILState_Release(state);
  }
  PyMem_RawFree(source);
}

/* The exception that is set is raised again when the statement has failed; its text is for who reads the stream elsewhere. */
static void keep_failure(struct source* source, const char** message) {
  PyObject* connection = PyWeakref_GetObject(source->connection);
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  PyObject* text = value == NULL ? NULL : PyObject_Str(value);
  const char* utf8 = text == NULL ? NULL : PyUnicode_AsUTF8(text);
  PyErr_Clear();
  PyOS_snprintf(source->message, sizeof source->message, "%s: %.200s", type == NULL ? "error" : ((PyTypeObject*)type)->tp_name,
                utf8 == NULL ? "" : utf8);
  *message = source->message;
  Py_XDECREF(text);
  if (connection != NULL && connection != Py_None && value != NULL) {
    if (traceback != NULL) PyException_SetTraceback(value, traceback);
    Py_INCREF(value);
    Py_XSETREF(((ConnectionObject*)connection)->raised, value);
  }
  Py_XDECREF(type);
  Py_XDECREF(value);
  Py_XDECREF(traceback);
}

static int32_t find_stream(void* user_data, const char* name, struct ArrowArrayStream* out, const char** message) {
  struct source* source = (struct source*)user_data;
  const PyGILState_STATE state = PyGILState_Ensure();
  PyObject* capsule =
      source->by_name ? PyObject_CallFunction(source->callback, "s", name) : PyObject_CallNoArgs(source->callback);
  int32_t result = 0;
  if (capsule == Py_None) {
    result = -1;
  } else if (capsule == NULL || !take_stream(capsule, out)) {
    keep_failure(source, message);
    result = 5; /* EIO */
  }
  Py_XDECREF(capsule);
  PyGILState_Release(state);
  return result;
}

static int32_t open_stream(void* user_data, struct ArrowArrayStream* out, const char** message) {
  const int32_t result = find_stream(user_data, NULL, out, message);
  return result == -1 ? 5 : result;
}

static struct source* new_source(PyObject* callback, ConnectionObject* connection, bool by_name) {
  PyObject* weak = PyWeakref_NewRef((PyObject*)connection, NULL);
  struct source* source = weak == NULL ? NULL : PyMem_RawMalloc(sizeof *source);
  if (source == NULL) {
    Py_XDECREF(weak);
    if (weak != NULL) PyErr_NoMemory();
    return NULL;
  }
  Py_INCREF(callback);
  source->callback = callback;
  source->connection = weak;
  source->by_name = by_name;
  source->message[0] = '\0';
  return source;
}

static PyObject* finish(ConnectionObject* connection, turdb_status status, turdb_error* error) {
  connection->busy = false;
  if (status != TURDB_OK) return connection_raise(connection, error, NULL);
  Py_RETURN_NONE;
}

PyObject* connection_register_source(ConnectionObject* self, PyObject* arguments) {
  const char* name;
  PyObject* callback;
  if (!PyArg_ParseTuple(arguments, "sO", &name, &callback) || !connection_check(self)) return NULL;
  struct source* source = new_source(callback, self, false);
  if (source == NULL) return NULL;
  turdb_error* error = NULL;
  turdb_status status;
  self->busy = true;
  Py_BEGIN_ALLOW_THREADS status = turdb_conn_register_source(self->handle, name, open_stream, source, destroy_source, &error);
  Py_END_ALLOW_THREADS return finish(self, status, error);
}

PyObject* connection_register_stream(ConnectionObject* self, PyObject* arguments) {
  const char* name;
  PyObject* capsule;
  struct ArrowArrayStream stream;
  if (!PyArg_ParseTuple(arguments, "sO", &name, &capsule) || !connection_check(self) || !take_stream(capsule, &stream))
    return NULL;
  turdb_error* error = NULL;
  turdb_status status;
  self->busy = true;
  Py_BEGIN_ALLOW_THREADS status = turdb_conn_register_stream(self->handle, name, &stream, &error);
  Py_END_ALLOW_THREADS return finish(self, status, error);
}

PyObject* connection_unregister(ConnectionObject* self, PyObject* argument) {
  const char* name = PyUnicode_AsUTF8(argument);
  if (name == NULL || !connection_check(self)) return NULL;
  turdb_error* error = NULL;
  if (turdb_conn_unregister(self->handle, name, &error) != TURDB_OK) return raise_error(error, NULL);
  Py_RETURN_NONE;
}

/* Whom to ask for tables that nobody knows; None: nobody. */
PyObject* connection_set_replacement(ConnectionObject* self, PyObject* callback) {
  if (!connection_check(self)) return NULL;
  struct source* source = NULL;
  if (callback != Py_None) {
    source = new_source(callback, self, true);
    if (source == NULL) return NULL;
  }
  turdb_error* error = NULL;
  const turdb_status status = turdb_conn_set_replacement(self->handle, source == NULL ? NULL : find_stream, source,
                                                         source == NULL ? NULL : destroy_source, &error);
  return finish(self, status, error);
}

/* ---- appending: (schema or None, table, columns or None, stream) -> rows */

static turdb_status append_stream(turdb_conn* conn, const char* schema, const char* table, const char** columns,
                                  Py_ssize_t count, struct ArrowArrayStream* stream, int64_t* rows, turdb_error** error) {
  turdb_appender* appender = NULL;
  turdb_status status = turdb_appender_open(conn, schema, table, &appender, error);
  for (Py_ssize_t i = 0; status == TURDB_OK && i < count; ++i) status = turdb_appender_add_column(appender, columns[i], error);
  if (status == TURDB_OK) status = turdb_appender_append_stream(appender, stream, error);
  if (status == TURDB_OK) status = turdb_appender_close(appender, error);
  *rows = turdb_appender_row_count(appender);
  turdb_appender_free(appender);
  if (stream->release != NULL) stream->release(stream);
  return status;
}

PyObject* connection_append(ConnectionObject* self, PyObject* arguments) {
  const char *schema, *table;
  PyObject *columns, *capsule;
  struct ArrowArrayStream stream;
  if (!PyArg_ParseTuple(arguments, "zsOO", &schema, &table, &columns, &capsule) || !connection_check(self)) return NULL;
  PyObject* listed = columns == Py_None ? PyTuple_New(0) : PySequence_Tuple(columns);
  if (listed == NULL) return NULL;
  const Py_ssize_t count = PyTuple_GET_SIZE(listed);
  const char** names = PyMem_RawMalloc(sizeof *names * (size_t)(count + 1));
  bool usable = names != NULL;
  for (Py_ssize_t i = 0; usable && i < count; ++i) usable = (names[i] = PyUnicode_AsUTF8(PyTuple_GET_ITEM(listed, i))) != NULL;
  if (!usable || !take_stream(capsule, &stream)) {
    if (names == NULL) PyErr_NoMemory();
    PyMem_RawFree((void*)names);
    Py_DECREF(listed);
    return NULL;
  }
  turdb_error* error = NULL;
  turdb_status status = TURDB_OK;
  int64_t rows = 0;
  self->busy = true;
  Py_BEGIN_ALLOW_THREADS if (!self->autocommit && turdb_conn_in_autocommit(self->handle)) status =
      turdb_conn_begin(self->handle, &error);
  if (status == TURDB_OK) {
    status = append_stream(self->handle, schema, table, names, count, &stream, &rows, &error);
  } else {
    stream.release(&stream);
  }
  Py_END_ALLOW_THREADS PyMem_RawFree((void*)names);
  Py_DECREF(listed);
  PyObject* done = finish(self, status, error);
  if (done == NULL) return NULL;
  Py_DECREF(done);
  return PyLong_FromLongLong(rows);
}

PyObject* arrow_schema_capsule(struct ArrowSchema* schema) { return schema_capsule(schema); }
PyObject* arrow_array_capsule(struct ArrowArray* array) { return array_capsule(array); }
bool arrow_take_stream(PyObject* capsule, struct ArrowArrayStream* out) { return take_stream(capsule, out); }

int arrow_initialize(void) { return PyType_Ready(&Result_Type); }
