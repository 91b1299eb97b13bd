/* Functions and collations from Python. Callbacks take the GIL for a batch of rows; what they raise is raised again when the
 * statement has failed. Rows come and results go packed, so that values are the same as those of cursors; or as Arrow. */
#include "module.h"

struct function {
  PyObject* callable;   /* a function; of an aggregate its class */
  PyObject* connection; /* a weak reference: the library keeps the function longer than Python the connection */
  PyObject* step;       /* names of methods, of aggregates only */
  PyObject* finish;
};

static void free_function(struct function* function) {
  Py_XDECREF(function->callable);
  Py_XDECREF(function->connection);
  Py_XDECREF(function->step);
  Py_XDECREF(function->finish);
  PyMem_RawFree(function);
}

/* Called when nothing needs the function any more, on any thread. */
static void destroy_function(void* user_data) {
  if (!Py_IsInitialized()) return;
  const PyGILState_STATE state = PyGILState_Ensure();
  PyObject *type, *value, *traceback; /* of whoever this came in between of */
  PyErr_Fetch(&type, &value, &traceback);
  free_function((struct function*)user_data);
  PyErr_Restore(type, value, traceback);
  PyGILState_Release(state);
}

static struct function* new_function(ConnectionObject* connection, PyObject* callable) {
  struct function* function = PyMem_RawCalloc(1, sizeof *function);
  if (function == NULL) {
    PyErr_NoMemory();
    return NULL;
  }
  function->connection = PyWeakref_NewRef((PyObject*)connection, NULL);
  if (function->connection == NULL) {
    free_function(function);
    return NULL;
  }
  Py_INCREF(callable);
  function->callable = callable;
  return function;
}

/* New reference; NULL with an exception when it is gone. */
static ConnectionObject* connection_of(const struct function* function) {
  PyObject* connection = PyWeakref_GetObject(function->connection);
  if (connection == NULL || connection == Py_None) {
    raise_named("ProgrammingError", "HY010", "the connection of the function is gone");
    return NULL;
  }
  Py_INCREF(connection);
  return (ConnectionObject*)connection;
}

/* Fails the call with the exception that is set, which is kept to be raised again (connection_raise). */
static void fail_with_exception(const struct function* function, turdb_call* call) {
  char message[300];
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  PyObject* text = value == NULL ? NULL : PyObject_Str(value);
  const char* utf8 = text == NULL ? NULL : PyUnicode_AsUTF8(text);
  PyErr_Clear();
  PyOS_snprintf(message, sizeof message, "%s: %.200s", type == NULL ? "error" : ((PyTypeObject*)type)->tp_name,
                utf8 == NULL ? "" : utf8);
  Py_XDECREF(text);
  /* A character that was cut in two would make it no UTF-8. */
  PyObject* whole = PyUnicode_DecodeUTF8(message, (Py_ssize_t)strlen(message), "ignore");
  const char* readable = whole == NULL ? NULL : PyUnicode_AsUTF8(whole);
  turdb_call_fail(call, "38000", readable == NULL ? "the function raised an exception" : readable);
  PyErr_Clear();
  PyObject* connection = PyWeakref_GetObject(function->connection);
  if (connection != NULL && connection != Py_None && value != NULL && whole != NULL) {
    if (traceback != NULL) PyException_SetTraceback(value, traceback);
    ConnectionObject* kept = (ConnectionObject*)connection;
    Py_INCREF(value);
    Py_XSETREF(kept->function_raised, value);
    Py_INCREF(whole);
    Py_XSETREF(kept->function_message, whole);
  }
  PyErr_Clear();
  Py_XDECREF(whole);
  Py_XDECREF(type);
  Py_XDECREF(value);
  Py_XDECREF(traceback);
}

/* The arguments of all rows. */
static bool packed_arguments(turdb_call* call, const uint8_t** at, const uint8_t** end) {
  turdb_error* error = NULL;
  int64_t size = 0;
  if (turdb_call_arguments_packed(call, at, &size, &error) != TURDB_OK) {
    raise_error(error, NULL);
    return false;
  }
  *end = *at + size;
  return true;
}

static bool return_packed(turdb_call* call, const struct packer* packer) {
  turdb_error* error = NULL;
  /* What fails now has failed the call, with a better error than a copy of it would be. */
  if (turdb_call_return_packed(call, packer->data, (int64_t)packer->size, &error) != TURDB_OK) turdb_error_free(error);
  return true;
}

/* ---- scalar functions */

static bool call_by_row(const struct function* function, turdb_call* call) {
  ConnectionObject* connection = connection_of(function);
  if (connection == NULL) return false;
  struct packer packer;
  packer_init(&packer, connection);
  const uint8_t *at = NULL, *end = NULL;
  bool ok = packed_arguments(call, &at, &end);
  const int64_t rows = turdb_call_row_count(call);
  const Py_ssize_t columns = (Py_ssize_t)turdb_call_argument_count(call);
  for (int64_t row = 0; ok && row < rows; ++row) {
    PyObject* arguments = unpack_row(&at, end, columns, connection);
    PyObject* value = arguments == NULL ? NULL : PyObject_Call(function->callable, arguments, NULL);
    ok = value != NULL && pack_value(&packer, value) == 0;
    Py_XDECREF(arguments);
    Py_XDECREF(value);
  }
  ok = ok && return_packed(call, &packer);
  packer_free(&packer);
  Py_DECREF(connection);
  return ok;
}

static void scalar(void* user_data, turdb_call* call) {
  const PyGILState_STATE state = PyGILState_Ensure();
  if (!call_by_row((const struct function*)user_data, call)) fail_with_exception((const struct function*)user_data, call);
  PyGILState_Release(state);
}

/* (schema, rows) -> (schema, array), capsules all of them. */
static bool call_by_batch(const struct function* function, turdb_call* call) {
  struct ArrowSchema schema;
  struct ArrowArray rows;
  turdb_error* error = NULL;
  if (turdb_call_arguments(call, TURDB_ARROW_DEFAULT, &schema, &rows, &error) != TURDB_OK) {
    raise_error(error, NULL);
    return false;
  }
  PyObject* schema_given = arrow_schema_capsule(&schema);
  PyObject* rows_given = arrow_array_capsule(&rows);
  PyObject* result = schema_given == NULL || rows_given == NULL
                         ? NULL
                         : PyObject_CallFunctionObjArgs(function->callable, schema_given, rows_given, NULL);
  Py_XDECREF(schema_given);
  Py_XDECREF(rows_given);
  bool ok = result != NULL;
  if (ok && (!PyTuple_Check(result) || PyTuple_GET_SIZE(result) != 2)) {
    PyErr_SetString(PyExc_TypeError, "a vectorized function gives an Arrow array");
    ok = false;
  }
  struct ArrowSchema* own_schema = ok ? PyCapsule_GetPointer(PyTuple_GET_ITEM(result, 0), "arrow_schema") : NULL;
  struct ArrowArray* own_array = own_schema != NULL ? PyCapsule_GetPointer(PyTuple_GET_ITEM(result, 1), "arrow_array") : NULL;
  ok = ok && own_schema != NULL && own_array != NULL;
  if (ok && turdb_call_return_array(call, own_schema, own_array, &error) != TURDB_OK) turdb_error_free(error);
  Py_XDECREF(result);
  return ok;
}

static void vectorized(void* user_data, turdb_call* call) {
  const PyGILState_STATE state = PyGILState_Ensure();
  if (!call_by_batch((const struct function*)user_data, call)) fail_with_exception((const struct function*)user_data, call);
  PyGILState_Release(state);
}

/* ---- aggregates: a state is an object */

static void* new_state(void* user_data, turdb_call* call) {
  const struct function* function = (const struct function*)user_data;
  const PyGILState_STATE state = PyGILState_Ensure();
  PyObject* made = PyObject_CallNoArgs(function->callable);
  if (made == NULL) fail_with_exception(function, call);
  PyGILState_Release(state);
  return made;
}

static bool step_rows(const struct function* function, turdb_call* call, void* const* states) {
  ConnectionObject* connection = connection_of(function);
  if (connection == NULL) return false;
  const uint8_t *at = NULL, *end = NULL;
  bool ok = packed_arguments(call, &at, &end);
  const int64_t rows = turdb_call_row_count(call);
  const Py_ssize_t columns = (Py_ssize_t)turdb_call_argument_count(call);
  PyObject* method = NULL; /* of the last row's state: rows of a group often follow each other */
  const void* owner = NULL;
  for (int64_t row = 0; ok && row < rows; ++row) {
    PyObject* arguments = unpack_row(&at, end, columns, connection);
    if (arguments != NULL && states[row] != owner) {
      Py_XSETREF(method, PyObject_GetAttr((PyObject*)states[row], function->step));
      owner = method == NULL ? NULL : states[row];
    }
    PyObject* nothing = arguments == NULL || method == NULL ? NULL : PyObject_Call(method, arguments, NULL);
    ok = nothing != NULL;
    Py_XDECREF(arguments);
    Py_XDECREF(nothing);
  }
  Py_XDECREF(method);
  Py_DECREF(connection);
  return ok;
}

static void step(void* user_data, turdb_call* call, void* const* states) {
  const PyGILState_STATE state = PyGILState_Ensure();
  if (!step_rows((const struct function*)user_data, call, states)) fail_with_exception((const struct function*)user_data, call);
  PyGILState_Release(state);
}

static void merge(void* user_data, turdb_call* call, void* into, void* from) {
  const PyGILState_STATE state = PyGILState_Ensure();
  PyObject* nothing = PyObject_CallMethod((PyObject*)into, "merge", "O", (PyObject*)from);
  if (nothing == NULL) fail_with_exception((const struct function*)user_data, call);
  Py_XDECREF(nothing);
  PyGILState_Release(state);
}

static bool finish_rows(const struct function* function, turdb_call* call, void* const* states) {
  ConnectionObject* connection = connection_of(function);
  if (connection == NULL) return false;
  struct packer packer;
  packer_init(&packer, connection);
  bool ok = true;
  for (int64_t row = 0; ok && row < turdb_call_row_count(call); ++row) {
    PyObject* value = PyObject_CallMethodNoArgs((PyObject*)states[row], function->finish);
    ok = value != NULL && pack_value(&packer, value) == 0;
    Py_XDECREF(value);
  }
  ok = ok && return_packed(call, &packer);
  packer_free(&packer);
  Py_DECREF(connection);
  return ok;
}

static void finish_states(void* user_data, turdb_call* call, void* const* states) {
  const PyGILState_STATE state = PyGILState_Ensure();
  if (!finish_rows((const struct function*)user_data, call, states))
    fail_with_exception((const struct function*)user_data, call);
  PyGILState_Release(state);
}

static void release_state(void* user_data, void* object) {
  (void)user_data;
  if (!Py_IsInitialized()) return;
  const PyGILState_STATE state = PyGILState_Ensure();
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  Py_DECREF((PyObject*)object);
  PyErr_Restore(type, value, traceback);
  PyGILState_Release(state);
}

/* ---- table functions: arguments -> capsule of a stream */

static bool open_table(const struct function* function, turdb_call* call, struct ArrowArrayStream* out) {
  ConnectionObject* connection = connection_of(function);
  if (connection == NULL) return false;
  const uint8_t *at = NULL, *end = NULL;
  PyObject* arguments = NULL;
  if (packed_arguments(call, &at, &end)) {
    arguments = unpack_row(&at, end, (Py_ssize_t)turdb_call_argument_count(call), connection);
  }
  PyObject* capsule = arguments == NULL ? NULL : PyObject_Call(function->callable, arguments, NULL);
  const bool ok = capsule != NULL && arrow_take_stream(capsule, out);
  Py_XDECREF(arguments);
  Py_XDECREF(capsule);
  Py_DECREF(connection);
  return ok;
}

static void table(void* user_data, turdb_call* call, struct ArrowArrayStream* out) {
  const PyGILState_STATE state = PyGILState_Ensure();
  if (!open_table((const struct function*)user_data, call, out)) fail_with_exception((const struct function*)user_data, call);
  PyGILState_Release(state);
}

/* ---- collations: str -> bytes, or str whose UTF-8 they are */

static bool sort_keys(const struct function* function, turdb_call* call) {
  for (int64_t row = 0; row < turdb_call_row_count(call); ++row) {
    int64_t size = 0;
    const char* text = turdb_call_text(call, 0, row, &size);
    PyObject* argument = PyUnicode_DecodeUTF8(text == NULL ? "" : text, (Py_ssize_t)size, NULL);
    PyObject* key = argument == NULL ? NULL : PyObject_CallOneArg(function->callable, argument);
    Py_XDECREF(argument);
    if (key == NULL) return false;
    Py_ssize_t key_size = 0;
    const char* bytes = NULL;
    if (PyBytes_Check(key)) {
      bytes = PyBytes_AS_STRING(key);
      key_size = PyBytes_GET_SIZE(key);
    } else if (PyUnicode_Check(key)) {
      bytes = PyUnicode_AsUTF8AndSize(key, &key_size);
    } else {
      PyErr_Format(PyExc_TypeError, "a sort key is bytes or a str, not %.100s", Py_TYPE(key)->tp_name);
    }
    if (bytes != NULL) turdb_call_return_blob(call, row, bytes, (int64_t)key_size);
    Py_DECREF(key);
    if (bytes == NULL) return false;
  }
  return true;
}

static void sort_key(void* user_data, turdb_call* call) {
  const PyGILState_STATE state = PyGILState_Ensure();
  if (!sort_keys((const struct function*)user_data, call)) fail_with_exception((const struct function*)user_data, call);
  PyGILState_Release(state);
}

/* ---- registering */

static PyObject* registered(ConnectionObject* connection, turdb_status status, turdb_error* error) {
  if (status != TURDB_OK) return connection_raise(connection, error, NULL);
  Py_RETURN_NONE;
}

/* (name, parameters, returns, flags, callable, vectorized) */
PyObject* connection_create_scalar(ConnectionObject* self, PyObject* arguments) {
  const char *name, *parameters, *returns;
  long long flags;
  PyObject* callable;
  int by_batch;
  if (!PyArg_ParseTuple(arguments, "sssLOp", &name, &parameters, &returns, &flags, &callable, &by_batch) ||
      !connection_check(self))
    return NULL;
  struct function* function = new_function(self, callable);
  if (function == NULL) return NULL;
  turdb_error* error = NULL;
  const turdb_status status = turdb_conn_create_scalar(self->handle, name, parameters, returns, flags,
                                                       by_batch ? vectorized : scalar, function, destroy_function, &error);
  return registered(self, status, error);
}

/* (name, parameters, returns, flags, class, name of step, name of finish, merges) */
PyObject* connection_create_aggregate(ConnectionObject* self, PyObject* arguments) {
  const char *name, *parameters, *returns;
  long long flags;
  PyObject *callable, *step_name, *finish_name;
  int merges;
  if (!PyArg_ParseTuple(arguments, "sssLOUUp", &name, &parameters, &returns, &flags, &callable, &step_name, &finish_name,
                        &merges) ||
      !connection_check(self))
    return NULL;
  struct function* function = new_function(self, callable);
  if (function == NULL) return NULL;
  Py_INCREF(step_name);
  function->step = step_name;
  Py_INCREF(finish_name);
  function->finish = finish_name;
  turdb_error* error = NULL;
  const turdb_status status =
      turdb_conn_create_aggregate(self->handle, name, parameters, returns, flags, new_state, step, merges ? merge : NULL,
                                  finish_states, release_state, function, destroy_function, &error);
  return registered(self, status, error);
}

/* (name, parameters, columns or None, flags, callable) */
PyObject* connection_create_table(ConnectionObject* self, PyObject* arguments) {
  const char *name, *parameters, *columns;
  long long flags;
  PyObject* callable;
  if (!PyArg_ParseTuple(arguments, "sszLO", &name, &parameters, &columns, &flags, &callable) || !connection_check(self))
    return NULL;
  struct function* function = new_function(self, callable);
  if (function == NULL) return NULL;
  turdb_error* error = NULL;
  const turdb_status status = turdb_conn_create_table_function(self->handle, name, parameters, columns, flags, table, function,
                                                               destroy_function, &error);
  return registered(self, status, error);
}

PyObject* connection_create_collation(ConnectionObject* self, PyObject* arguments) {
  const char* name;
  PyObject* callable;
  if (!PyArg_ParseTuple(arguments, "sO", &name, &callable) || !connection_check(self)) return NULL;
  struct function* function = new_function(self, callable);
  if (function == NULL) return NULL;
  turdb_error* error = NULL;
  const turdb_status status = turdb_conn_create_collation(self->handle, name, 0, sort_key, function, destroy_function, &error);
  return registered(self, status, error);
}

/* (name, parameters or None, flags) */
PyObject* connection_drop_function(ConnectionObject* self, PyObject* arguments) {
  const char *name, *parameters;
  long long flags;
  if (!PyArg_ParseTuple(arguments, "szL", &name, &parameters, &flags) || !connection_check(self)) return NULL;
  turdb_error* error = NULL;
  const turdb_status status = turdb_conn_drop_function(self->handle, name, parameters, flags, &error);
  return registered(self, status, error);
}

PyObject* connection_drop_collation(ConnectionObject* self, PyObject* argument) {
  const char* name = PyUnicode_AsUTF8(argument);
  if (name == NULL || !connection_check(self)) return NULL;
  turdb_error* error = NULL;
  const turdb_status status = turdb_conn_drop_collation(self->handle, name, &error);
  return registered(self, status, error);
}
