/* Hooks: callables of Python that the library calls while a connection works. They run with the GIL, on the thread that is
 * inside the connection, which refuses them (rule 2). What they raise is raised again by the call that they have stopped; where
 * nothing can be stopped it goes to sys.unraisablehook. */

#include "module.h"

/* Takes the GIL, calls `callable` with `arguments` (a new reference, or NULL with an exception), and says whether the result is
 * true; `otherwise` when it raised, and the exception is kept. */
static bool call_hook(ConnectionObject* connection, PyObject* callable, PyObject* arguments, bool otherwise) {
  Py_INCREF(callable);
  PyObject* result = arguments == NULL ? NULL : PyObject_CallObject(callable, arguments);
  Py_XDECREF(arguments);
  Py_DECREF(callable);
  const int is_true = result == NULL ? -1 : PyObject_IsTrue(result);
  Py_XDECREF(result);
  if (is_true >= 0) return is_true != 0;
  connection_keep_raised(connection);
  return otherwise;
}

/* For what can stop nothing. */
static void tell_hook(PyObject* callable, PyObject* arguments) {
  Py_INCREF(callable);
  PyObject* result = arguments == NULL ? NULL : PyObject_CallObject(callable, arguments);
  if (result == NULL) PyErr_WriteUnraisable(callable);
  Py_XDECREF(result);
  Py_XDECREF(arguments);
  Py_DECREF(callable);
}

static bool on_commit(void* user_data) {
  ConnectionObject* connection = (ConnectionObject*)user_data;
  const PyGILState_STATE state = PyGILState_Ensure();
  const bool veto =
      connection->hooks[HOOK_COMMIT] != NULL && call_hook(connection, connection->hooks[HOOK_COMMIT], PyTuple_New(0), true);
  PyGILState_Release(state);
  return veto;
}

static void on_rollback(void* user_data) {
  ConnectionObject* connection = (ConnectionObject*)user_data;
  const PyGILState_STATE state = PyGILState_Ensure();
  if (connection->hooks[HOOK_ROLLBACK] != NULL) tell_hook(connection->hooks[HOOK_ROLLBACK], PyTuple_New(0));
  PyGILState_Release(state);
}

/* A row as a tuple, None where there is none. */
static PyObject* row_of(ConnectionObject* connection, const turdb_change* change, bool new_row, int64_t row) {
  const int32_t operation = turdb_change_operation(change);
  if (operation == (new_row ? TURDB_CHANGE_DELETE : TURDB_CHANGE_INSERT)) Py_RETURN_NONE;
  uint8_t space[1024];
  uint8_t* data = space;
  int64_t size = 0;
  turdb_error* error = NULL;
  turdb_status status = turdb_change_pack(change, new_row, row, data, sizeof space, &size, &error);
  if (status == TURDB_OK && size > (int64_t)sizeof space) {
    data = PyMem_RawMalloc((size_t)size);
    if (data == NULL) return PyErr_NoMemory();
    status = turdb_change_pack(change, new_row, row, data, size, &size, &error);
  }
  PyObject* tuple = NULL;
  if (status == TURDB_OK) {
    const uint8_t* at = data;
    tuple = unpack_row(&at, data + size, (Py_ssize_t)turdb_change_column_count(change), connection);
  } else {
    raise_error(error, NULL);
  }
  if (data != space) PyMem_RawFree(data);
  return tuple;
}

static PyObject* rows_of(ConnectionObject* connection, const turdb_change* change) {
  const int64_t count = turdb_change_row_count(change);
  PyObject* rows = PyList_New((Py_ssize_t)count);
  for (int64_t i = 0; rows != NULL && i < count; ++i) {
    PyObject* before = row_of(connection, change, false, i);
    PyObject* after = before == NULL ? NULL : row_of(connection, change, true, i);
    PyObject* pair = after == NULL ? NULL : PyTuple_Pack(2, before, after);
    Py_XDECREF(before);
    Py_XDECREF(after);
    if (pair == NULL) {
      Py_CLEAR(rows);
    } else {
      PyList_SET_ITEM(rows, (Py_ssize_t)i, pair);
    }
  }
  return rows;
}

static bool on_change(void* user_data, turdb_change* change) {
  static const char* const operations[] = {"", "insert", "update", "delete"};
  ConnectionObject* connection = (ConnectionObject*)user_data;
  const PyGILState_STATE state = PyGILState_Ensure();
  bool veto = false;
  if (connection->hooks[HOOK_CHANGE] != NULL) {
    PyObject* rows = rows_of(connection, change);
    PyObject* arguments = rows == NULL ? NULL
                                       : Py_BuildValue("sssN", operations[turdb_change_operation(change)],
                                                       turdb_change_schema(change), turdb_change_table(change), rows);
    veto = call_hook(connection, connection->hooks[HOOK_CHANGE], arguments, true);
  }
  PyGILState_Release(state);
  return veto;
}

static void on_trace(void* user_data, turdb_trace* trace) {
  ConnectionObject* connection = (ConnectionObject*)user_data;
  const PyGILState_STATE state = PyGILState_Ensure();
  PyObject* const begin = connection->hooks[HOOK_TRACE];
  PyObject* const end = connection->hooks[HOOK_PROFILE];
  if (turdb_trace_begins(trace) && begin != NULL) {
    const char* sql = turdb_trace_expanded_sql(trace);
    tell_hook(begin, Py_BuildValue("(s)", sql != NULL ? sql : turdb_trace_sql(trace)));
  } else if (!turdb_trace_begins(trace) && end != NULL) {
    tell_hook(end, Py_BuildValue("sdLL", turdb_trace_sql(trace), (double)turdb_trace_nanos(trace) * 1e-9,
                                 (long long)turdb_trace_rows(trace), (long long)turdb_trace_changes(trace)));
  }
  PyGILState_Release(state);
}

static int32_t on_authorize(void* user_data, int32_t action, const char* schema, const char* object, const char* column,
                            const char* accessor) {
  ConnectionObject* connection = (ConnectionObject*)user_data;
  const PyGILState_STATE state = PyGILState_Ensure();
  int32_t answer = TURDB_ALLOW;
  PyObject* callable = connection->hooks[HOOK_AUTHORIZER];
  if (callable != NULL) {
    Py_INCREF(callable);
    PyObject* result = PyObject_CallFunction(callable, "izzzz", (int)action, schema, object, column, accessor);
    Py_DECREF(callable);
    answer = result == NULL ? TURDB_DENY : (int32_t)PyLong_AsLong(result);
    Py_XDECREF(result);
    if (PyErr_Occurred()) {
      connection_keep_raised(connection);
      answer = TURDB_DENY;
    }
  }
  PyGILState_Release(state);
  return answer;
}

/* The library is told of a hook as long as there is somebody to be called. */
static turdb_status install(ConnectionObject* self, int hook, bool wanted, turdb_error** error) {
  turdb_conn* conn = self->handle;
  switch (hook) {
    case HOOK_COMMIT:
      return turdb_conn_set_commit_hook(conn, wanted ? on_commit : NULL, self, NULL, error);
    case HOOK_ROLLBACK:
      return turdb_conn_set_rollback_hook(conn, wanted ? on_rollback : NULL, self, NULL, error);
    case HOOK_CHANGE:
      return turdb_conn_set_change_hook(conn, wanted ? on_change : NULL, self, NULL, error);
    case HOOK_TRACE:
    case HOOK_PROFILE: {
      PyObject* const other = self->hooks[hook == HOOK_TRACE ? HOOK_PROFILE : HOOK_TRACE];
      return turdb_conn_set_trace(conn, wanted || other != NULL ? on_trace : NULL, self, NULL, error);
    }
    default:
      return turdb_conn_set_authorizer(conn, wanted ? on_authorize : NULL, self, NULL, error);
  }
}

static PyObject* set_hook(ConnectionObject* self, int hook, PyObject* callable) {
  if (callable != Py_None && !PyCallable_Check(callable)) {
    PyErr_SetString(PyExc_TypeError, "a hook must be callable or None");
    return NULL;
  }
  if (!connection_check(self)) return NULL;
  turdb_error* error = NULL;
  if (install(self, hook, callable != Py_None, &error) != TURDB_OK) return raise_error(error, NULL);
  if (callable == Py_None) {
    Py_CLEAR(self->hooks[hook]);
  } else {
    Py_INCREF(callable);
    Py_XSETREF(self->hooks[hook], callable);
  }
  Py_RETURN_NONE;
}

#define SET_HOOK(name, hook) \
  PyObject* name(ConnectionObject* self, PyObject* callable) { return set_hook(self, hook, callable); }
SET_HOOK(connection_set_commit_hook, HOOK_COMMIT)
SET_HOOK(connection_set_rollback_hook, HOOK_ROLLBACK)
SET_HOOK(connection_set_change_hook, HOOK_CHANGE)
SET_HOOK(connection_set_trace_callback, HOOK_TRACE)
SET_HOOK(connection_set_profile_callback, HOOK_PROFILE)
SET_HOOK(connection_set_authorizer, HOOK_AUTHORIZER)

void connection_drop_hooks(ConnectionObject* self) {
  if (self->handle == NULL) return;
  turdb_conn_set_progress(self->handle, 1, NULL, NULL, NULL);
  for (int hook = 0; hook < HOOKS; ++hook) {
    Py_CLEAR(self->hooks[hook]);
    install(self, hook, false, NULL);
  }
}

/* ---- settings and limits */

PyObject* connection_get_setting(ConnectionObject* self, PyObject* name) {
  const char* key = PyUnicode_AsUTF8(name);
  if (key == NULL || !connection_check(self)) return NULL;
  const char* value = NULL;
  turdb_error* error = NULL;
  if (turdb_conn_setting(self->handle, key, &value, &error) != TURDB_OK) return raise_error(error, NULL);
  return PyUnicode_FromString(value);
}

PyObject* connection_set_setting(ConnectionObject* self, PyObject* arguments) {
  const char *key, *value;
  if (!PyArg_ParseTuple(arguments, "sz", &key, &value) || !connection_check(self)) return NULL;
  turdb_error* error = NULL;
  if (turdb_conn_set_setting(self->handle, key, value, &error) != TURDB_OK) return raise_error(error, NULL);
  Py_RETURN_NONE;
}

PyObject* connection_getlimit(ConnectionObject* self, PyObject* category) {
  const long limit = PyLong_AsLong(category);
  if ((limit == -1 && PyErr_Occurred()) || !connection_check(self)) return NULL;
  int64_t value = 0;
  turdb_error* error = NULL;
  if (turdb_conn_limit(self->handle, (int32_t)limit, &value, &error) != TURDB_OK) return raise_error(error, NULL);
  return PyLong_FromLongLong(value);
}

PyObject* connection_setlimit(ConnectionObject* self, PyObject* arguments) {
  int limit;
  long long value;
  if (!PyArg_ParseTuple(arguments, "iL", &limit, &value) || !connection_check(self)) return NULL;
  int64_t before = 0;
  turdb_error* error = NULL;
  if (turdb_conn_limit(self->handle, limit, &before, &error) != TURDB_OK ||
      turdb_conn_set_limit(self->handle, limit, value, &error) != TURDB_OK) {
    return raise_error(error, NULL);
  }
  return PyLong_FromLongLong(before);
}

/* ---- the log of a database: a callable, called on whatever thread notices something */

static bool is_finalizing(void) {
#if PY_VERSION_HEX >= 0x030D0000
  return Py_IsFinalizing();
#else
  return _Py_IsFinalizing();
#endif
}

static void on_log(void* user_data, int32_t level, const char* message) {
  if (is_finalizing()) return; /* a thread that asks for the GIL now does not come back */
  const PyGILState_STATE state = PyGILState_Ensure();
  tell_hook((PyObject*)user_data, Py_BuildValue("is", (int)level, message));
  PyGILState_Release(state);
}

static void forget_log(void* user_data) {
  if (is_finalizing()) return;
  const PyGILState_STATE state = PyGILState_Ensure();
  Py_DECREF((PyObject*)user_data);
  PyGILState_Release(state);
}

/* set_log(database, level, callable or None) */
PyObject* set_log(PyObject* module, PyObject* arguments) {
  (void)module;
  DatabaseObject* database;
  int level;
  PyObject* callable;
  if (!PyArg_ParseTuple(arguments, "O!iO", &Database_Type, &database, &level, &callable)) return NULL;
  const bool none = callable == Py_None;
  turdb_error* error = NULL;
  turdb_status status;
  if (!none) Py_INCREF(callable);
  Py_BEGIN_ALLOW_THREADS status =
      turdb_db_set_log(database->handle, level, none ? NULL : on_log, none ? NULL : callable, none ? NULL : forget_log, &error);
  Py_END_ALLOW_THREADS if (status == TURDB_OK) Py_RETURN_NONE;
  raise_error(error, NULL);
  return NULL;
}
