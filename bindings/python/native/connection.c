/* Connections: who is inside, transactions that begin by themselves, the cache of statements, signals and progress. */

#include "module.h"

#include <ctype.h>
#include <structmember.h>
#include <time.h>

enum { SIGNAL_INTERVAL_MS = 50, DEFAULT_CACHE_SIZE = 128 };

/* ---- statements */

static bool is_word(const char* sql, size_t size, const char* word) {
  if (strlen(word) != size) return false;
  for (size_t i = 0; i < size; ++i) {
    if (toupper((unsigned char)sql[i]) != word[i]) return false;
  }
  return true;
}

static const char* skip_space(const char* sql) {
  for (;;) {
    while (isspace((unsigned char)*sql) || *sql == ';') ++sql;
    if (sql[0] == '-' && sql[1] == '-') {
      while (*sql != '\0' && *sql != '\n') ++sql;
    } else if (sql[0] == '/' && sql[1] == '*') {
      int depth = 1;
      for (sql += 2; *sql != '\0' && depth > 0; ++sql) {
        if (sql[0] == '*' && sql[1] == '/') {
          --depth;
          ++sql;
        } else if (sql[0] == '/' && sql[1] == '*') {
          ++depth;
          ++sql;
        }
      }
    } else {
      return sql;
    }
  }
}

enum statement_kind kind_of_sql(const char* sql) {
  static const struct {
    const char* word;
    enum statement_kind kind;
  } words[] = {{"SELECT", KIND_QUERY},   {"INSERT", KIND_INSERT},   {"REPLACE", KIND_INSERT}, {"UPDATE", KIND_CHANGE},
               {"DELETE", KIND_CHANGE},  {"MERGE", KIND_CHANGE},    {"COPY", KIND_CHANGE},    {"BEGIN", KIND_CONTROL},
               {"START", KIND_CONTROL},  {"COMMIT", KIND_CONTROL},  {"END", KIND_CONTROL},    {"ROLLBACK", KIND_CONTROL},
               {"ABORT", KIND_CONTROL},  {"RELEASE", KIND_CONTROL}, {"SET", KIND_CONTROL},    {"RESET", KIND_CONTROL},
               {"SHOW", KIND_CONTROL},   {"PRAGMA", KIND_CONTROL},  {"VACUUM", KIND_CONTROL}, {"CHECKPOINT", KIND_CONTROL},
               {"ATTACH", KIND_CONTROL}, {"DETACH", KIND_CONTROL}};
  sql = skip_space(sql);
  while (*sql == '(') sql = skip_space(sql + 1);
  size_t size = 0;
  while (isalpha((unsigned char)sql[size])) ++size;
  for (size_t i = 0; i < sizeof words / sizeof words[0]; ++i) {
    if (is_word(sql, size, words[i].word)) return words[i].kind;
  }
  return is_word(sql, size, "WITH") ? KIND_CHANGE : KIND_OTHER;
}

static void unlink_cached(ConnectionObject* connection, StatementObject* statement) {
  *(statement->newer != NULL ? &statement->newer->older : &connection->newest) = statement->older;
  *(statement->older != NULL ? &statement->older->newer : &connection->oldest) = statement->newer;
  statement->newer = statement->older = NULL;
}

static void link_newest(ConnectionObject* connection, StatementObject* statement) {
  statement->older = connection->newest;
  statement->newer = NULL;
  if (connection->newest != NULL) connection->newest->newer = statement;
  connection->newest = statement;
  if (connection->oldest == NULL) connection->oldest = statement;
}

void connection_drop_cached(ConnectionObject* connection, StatementObject* statement) {
  if (!statement->is_cached) return;
  statement->is_cached = false;
  unlink_cached(connection, statement);
  --connection->cached;
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  if (PyDict_DelItem(connection->cache, statement->sql) < 0) PyErr_Clear();
  PyErr_Restore(type, value, traceback);
}

static void clear_cache(ConnectionObject* connection) {
  while (connection->oldest != NULL) connection_drop_cached(connection, connection->oldest);
}

static void statement_dealloc(StatementObject* self) {
  turdb_stmt_free(self->handle);
  if (self->next != NULL) self->next->previous = self->previous;
  *(self->previous != NULL ? &self->previous->next : &self->connection->statements) = self->next;
  Py_XDECREF(self->sql);
  Py_XDECREF(self->names);
  PyObject_Free(self);
}

PyTypeObject Statement_Type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "turdb._native.Statement",
    .tp_basicsize = sizeof(StatementObject),
    .tp_dealloc = (destructor)statement_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT,
};

/* Names of parameters without their first character; numbers ("$1", "?2") are no names. */
static int learn_parameters(StatementObject* statement) {
  statement->parameters = (Py_ssize_t)turdb_stmt_parameter_count(statement->handle);
  statement->names = PyTuple_New(statement->parameters);
  if (statement->names == NULL) return -1;
  for (Py_ssize_t i = 0; i < statement->parameters; ++i) {
    const char* name = turdb_stmt_parameter_name(statement->handle, (int64_t)i + 1);
    PyObject* text = Py_None;
    if (name != NULL && name[0] != '\0' && !isdigit((unsigned char)name[1]) && name[1] != '\0') {
      text = PyUnicode_DecodeUTF8(name + 1, (Py_ssize_t)strlen(name + 1), "replace");
      if (text == NULL) return -1;
      statement->has_names = true;
    } else {
      Py_INCREF(text);
    }
    PyTuple_SET_ITEM(statement->names, i, text);
  }
  return 0;
}

/* Whether there is a second statement behind the first. Prepares it, so that comments and the like are none. */
static turdb_status check_tail(ConnectionObject* connection, const char* sql, Py_ssize_t size, int64_t tail, bool* more,
                               turdb_error** error) {
  const char* rest = skip_space(sql + tail);
  *more = false;
  if (rest >= sql + size) return TURDB_OK;
  turdb_stmt* second = NULL;
  const turdb_status status = turdb_stmt_prepare(connection->handle, sql + tail, (int64_t)size - tail, NULL, &second, error);
  *more = status == TURDB_OK && second != NULL;
  turdb_stmt_free(second);
  if (status != TURDB_OK) { /* it is there, and wrong */
    turdb_error_free(*error);
    *error = NULL;
    *more = true;
  }
  return TURDB_OK;
}

static StatementObject* prepare(ConnectionObject* connection, PyObject* sql) {
  Py_ssize_t size;
  const char* text = PyUnicode_AsUTF8AndSize(sql, &size);
  if (text == NULL) return NULL;
  StatementObject* statement = PyObject_New(StatementObject, &Statement_Type);
  if (statement == NULL) return NULL;
  memset((char*)statement + offsetof(StatementObject, handle), 0, sizeof *statement - offsetof(StatementObject, handle));
  Py_INCREF(sql);
  statement->sql = sql;
  statement->kind = kind_of_sql(text);
  statement->connection = connection;
  statement->next = connection->statements;
  if (statement->next != NULL) statement->next->previous = statement;
  connection->statements = statement;
  turdb_error* error = NULL;
  turdb_status status;
  int64_t tail = 0;
  bool more = false;
  connection->busy = true;
  Py_BEGIN_ALLOW_THREADS status =
      turdb_stmt_prepare(connection->handle, text, (int64_t)size, &tail, &statement->handle, &error);
  if (status == TURDB_OK && statement->handle != NULL && tail < (int64_t)size) {
    status = check_tail(connection, text, size, tail, &more, &error);
  }
  Py_END_ALLOW_THREADS connection->busy = false;
  if (status != TURDB_OK) {
    connection_raise(connection, error, sql);
    Py_DECREF(statement);
    return NULL;
  }
  if (more) {
    raise_named("ProgrammingError", "42601",
                "there is more than one statement: execute them one by one, or with executescript");
    Py_DECREF(statement);
    return NULL;
  }
  if (statement->handle != NULL) {
    statement->is_read_only = turdb_stmt_is_read_only(statement->handle);
    if (statement->is_read_only && statement->kind == KIND_CHANGE) statement->kind = KIND_QUERY; /* WITH ... SELECT */
  }
  if (learn_parameters(statement) < 0) {
    Py_DECREF(statement);
    return NULL;
  }
  return statement;
}

StatementObject* connection_statement(ConnectionObject* connection, PyObject* sql) {
  StatementObject* cached = (StatementObject*)PyDict_GetItemWithError(connection->cache, sql);
  if (cached == NULL && PyErr_Occurred()) return NULL;
  if (cached != NULL && (cached->user == NULL || !cached->user->running)) {
    Py_INCREF(cached);
    if (connection->newest != cached) {
      unlink_cached(connection, cached);
      link_newest(connection, cached);
    }
    return cached;
  }
  StatementObject* statement = prepare(connection, sql);
  if (statement == NULL || cached != NULL || connection->cache_size == 0) return statement;
  /* What text like CREATE prepares is run once. */
  if (statement->kind == KIND_OTHER || statement->kind == KIND_CONTROL) return statement;
  if (PyDict_SetItem(connection->cache, sql, (PyObject*)statement) < 0) {
    Py_DECREF(statement);
    return NULL;
  }
  statement->is_cached = true;
  link_newest(connection, statement);
  if (++connection->cached > connection->cache_size) connection_drop_cached(connection, connection->oldest);
  return statement;
}

/* ---- being inside */

bool connection_check(ConnectionObject* connection) {
  if (connection->closed || connection->handle == NULL) {
    raise_named("ProgrammingError", "HY010", "the connection is closed");
    return false;
  }
  if (connection->busy) {
    raise_named("ProgrammingError", "HY010", "the connection is running a statement, in another thread or around this call");
    return false;
  }
  return true;
}

/* What a function of users raised, when that is what the statement has failed with; NULL otherwise. */
static PyObject* take_function_raised(ConnectionObject* connection, const turdb_error* error) {
  PyObject* raised = connection->function_raised;
  if (raised == NULL || error == NULL) return NULL;
  const char* message = PyUnicode_AsUTF8(connection->function_message);
  if (message == NULL || strcmp(message, turdb_error_message(error)) != 0) {
    PyErr_Clear();
    return NULL;
  }
  connection->function_raised = NULL;
  Py_CLEAR(connection->function_message);
  return raised;
}

PyObject* connection_raise(ConnectionObject* connection, turdb_error* error, PyObject* sql) {
  if (connection->raised == NULL) connection->raised = take_function_raised(connection, error);
  if (connection->raised == NULL) return raise_error(error, sql);
  PyObject* raised = connection->raised;
  connection->raised = NULL;
  turdb_error_free(error);
  PyErr_SetObject((PyObject*)Py_TYPE(raised), raised);
  Py_DECREF(raised);
  return NULL;
}

turdb_status connection_begin_lazily(ConnectionObject* connection, enum statement_kind kind, turdb_error** error) {
  if (connection->autocommit || kind == KIND_CONTROL || !turdb_conn_in_autocommit(connection->handle)) return TURDB_OK;
  return turdb_conn_begin(connection->handle, error);
}

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

void connection_keep_raised(ConnectionObject* connection) {
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  if (traceback != NULL && value != NULL) PyException_SetTraceback(value, traceback);
  Py_XSETREF(connection->raised, value);
  Py_XDECREF(type);
  Py_XDECREF(traceback);
}

/* Called by the library on the thread that runs a statement: Ctrl-C and other signals have their handlers run here. */
static bool on_progress(void* user_data) {
  ConnectionObject* connection = (ConnectionObject*)user_data;
  const PyGILState_STATE state = PyGILState_Ensure();
  bool stop = false;
  if (PyErr_CheckSignals() < 0) {
    connection_keep_raised(connection);
    stop = true;
  } else if (connection->progress != NULL && seconds_now() >= connection->progress_next_s) {
    connection->progress_next_s = seconds_now() + connection->progress_interval_s;
    PyObject* progress = connection->progress;
    Py_INCREF(progress);
    PyObject* result = PyObject_CallNoArgs(progress);
    Py_DECREF(progress);
    const int is_true = result == NULL ? -1 : PyObject_IsTrue(result);
    Py_XDECREF(result);
    if (is_true < 0) connection_keep_raised(connection);
    stop = is_true != 0;
  }
  PyGILState_Release(state);
  return stop;
}

/* ---- the type */

static int connection_init(ConnectionObject* self, PyObject* arguments, PyObject* named) {
  static char* names[] = {"database", "autocommit", "cached_statements", NULL};
  PyObject* database;
  int autocommit = 0;
  Py_ssize_t cache_size = DEFAULT_CACHE_SIZE;
  if (!PyArg_ParseTupleAndKeywords(arguments, named, "O!|pn", names, &Database_Type, &database, &autocommit, &cache_size))
    return -1;
  if (self->handle != NULL) {
    raise_named("ProgrammingError", "HY010", "the connection is open already");
    return -1;
  }
  if (cache_size < 0) {
    PyErr_SetString(PyExc_ValueError, "cached_statements is negative");
    return -1;
  }
  turdb_error* error = NULL;
  turdb_db* db = ((DatabaseObject*)database)->handle;
  turdb_status status;
  Py_BEGIN_ALLOW_THREADS status = turdb_conn_open(db, &self->handle, &error);
  if (status == TURDB_OK) {
    status = turdb_conn_set_progress(self->handle, SIGNAL_INTERVAL_MS, on_progress, self, &error);
  }
  if (status == TURDB_OK) status = turdb_interrupt_open(self->handle, &self->interrupter, &error);
  Py_END_ALLOW_THREADS if (status != TURDB_OK) {
    raise_error(error, NULL);
    return -1;
  }
  Py_INCREF(database);
  self->database = (DatabaseObject*)database;
  self->closed = false;
  self->autocommit = autocommit != 0;
  self->cache_size = cache_size;
  return 0;
}

static PyObject* connection_new(PyTypeObject* type, PyObject* arguments, PyObject* named) {
  (void)arguments;
  (void)named;
  ConnectionObject* self = (ConnectionObject*)type->tp_alloc(type, 0);
  if (self == NULL) return NULL;
  self->closed = true;
  self->cache = PyDict_New();
  PyObject* json = PyImport_ImportModule("json");
  if (json != NULL) {
    self->json_loads = PyObject_GetAttrString(json, "loads");
    self->json_dumps = PyObject_GetAttrString(json, "dumps");
    Py_DECREF(json);
  }
  Py_INCREF(Py_None);
  self->row_factory = Py_None;
  if (self->cache == NULL || self->json_loads == NULL || self->json_dumps == NULL) {
    Py_DECREF(self);
    return NULL;
  }
  return (PyObject*)self;
}

static int connection_traverse(ConnectionObject* self, visitproc visit, void* arg) {
  Py_VISIT(self->cache);
  Py_VISIT(self->row_factory);
  Py_VISIT(self->json_loads);
  Py_VISIT(self->json_dumps);
  Py_VISIT(self->progress);
  Py_VISIT(self->raised);
  for (int hook = 0; hook < HOOKS; ++hook) Py_VISIT(self->hooks[hook]);
  Py_VISIT(self->function_raised);
  return 0;
}

static int connection_clear(ConnectionObject* self) {
  Py_CLEAR(self->row_factory);
  Py_CLEAR(self->json_loads);
  Py_CLEAR(self->json_dumps);
  Py_CLEAR(self->progress);
  Py_CLEAR(self->raised);
  for (int hook = 0; hook < HOOKS; ++hook) Py_CLEAR(self->hooks[hook]);
  Py_CLEAR(self->function_raised);
  Py_CLEAR(self->function_message);
  return 0;
}

static void connection_dealloc(ConnectionObject* self) {
  PyObject_GC_UnTrack(self);
  if (self->weak_references != NULL) PyObject_ClearWeakRefs((PyObject*)self);
  connection_drop_hooks(self);
  if (self->cache != NULL) clear_cache(self);
  connection_clear(self);
  Py_CLEAR(self->cache);
  turdb_interrupt_free(self->interrupter);
  turdb_conn_free(self->handle);
  Py_CLEAR(self->database);
  Py_TYPE(self)->tp_free((PyObject*)self);
}

static PyObject* connection_close(ConnectionObject* self, PyObject* unused) {
  (void)unused;
  if (self->closed) Py_RETURN_NONE;
  if (!connection_check(self)) return NULL;
  turdb_error* error = NULL;
  turdb_status status;
  self->busy = true;
  Py_BEGIN_ALLOW_THREADS status = turdb_conn_close(self->handle, &error);
  /* Nothing may keep the database open: who closed it wants to open it again, or to move it. */
  for (StatementObject* statement = self->statements; statement != NULL; statement = statement->next) {
    turdb_stmt_free(statement->handle);
    statement->handle = NULL;
  }
  turdb_conn_free(self->handle);
  self->handle = NULL;
  Py_END_ALLOW_THREADS self->busy = false;
  self->closed = true;
  clear_cache(self);
  Py_CLEAR(self->database);
  if (status != TURDB_OK) return raise_error(error, NULL);
  Py_RETURN_NONE;
}

/* commit and rollback do nothing outside a transaction, as PEP 249 has it. */
static PyObject* end_transaction(ConnectionObject* self, turdb_status (*end)(turdb_conn*, turdb_error**)) {
  if (!connection_check(self)) return NULL;
  if (turdb_conn_in_autocommit(self->handle)) Py_RETURN_NONE;
  turdb_error* error = NULL;
  turdb_status status;
  self->busy = true;
  Py_BEGIN_ALLOW_THREADS status = end(self->handle, &error);
  Py_END_ALLOW_THREADS self->busy = false;
  if (status != TURDB_OK) return connection_raise(self, error, NULL);
  Py_RETURN_NONE;
}

static PyObject* connection_commit(ConnectionObject* self, PyObject* unused) {
  (void)unused;
  return end_transaction(self, turdb_conn_commit);
}

static PyObject* connection_rollback(ConnectionObject* self, PyObject* unused) {
  (void)unused;
  return end_transaction(self, turdb_conn_rollback);
}

static PyObject* connection_interrupt(ConnectionObject* self, PyObject* unused) {
  (void)unused;
  self->interrupted = true;
  turdb_interrupt_stop(self->interrupter);
  Py_RETURN_NONE;
}

static PyObject* connection_executescript(ConnectionObject* self, PyObject* script) {
  if (!connection_check(self)) return NULL;
  if (!PyUnicode_Check(script)) {
    PyErr_Format(PyExc_TypeError, "a script is a str, not %.100s", Py_TYPE(script)->tp_name);
    return NULL;
  }
  Py_ssize_t size;
  const char* text = PyUnicode_AsUTF8AndSize(script, &size);
  if (text == NULL) return NULL;
  turdb_error* error = NULL;
  turdb_status status;
  self->busy = true;
  self->interrupted = false;
  Py_BEGIN_ALLOW_THREADS status = connection_begin_lazily(self, kind_of_sql(text), &error);
  if (status == TURDB_OK) status = turdb_conn_exec(self->handle, text, (int64_t)size, &error);
  Py_END_ALLOW_THREADS self->busy = false;
  if (status != TURDB_OK) return connection_raise(self, error, script);
  Py_RETURN_NONE;
}

static PyObject* connection_set_progress_handler(ConnectionObject* self, PyObject* arguments, PyObject* named) {
  static char* names[] = {"progress", "interval", NULL};
  PyObject* progress;
  double interval_s = 0.1;
  if (!PyArg_ParseTupleAndKeywords(arguments, named, "O|d", names, &progress, &interval_s)) return NULL;
  if (!connection_check(self)) return NULL;
  if (progress != Py_None && !PyCallable_Check(progress)) {
    PyErr_SetString(PyExc_TypeError, "progress must be callable or None");
    return NULL;
  }
  if (!(interval_s > 0)) {
    PyErr_SetString(PyExc_ValueError, "the interval must be positive");
    return NULL;
  }
  if (progress == Py_None) progress = NULL;
  Py_XINCREF(progress);
  Py_XSETREF(self->progress, progress);
  self->progress_interval_s = interval_s;
  self->progress_next_s = 0;
  double milliseconds = interval_s * 1000;
  int64_t interval_ms = progress == NULL || milliseconds > SIGNAL_INTERVAL_MS ? SIGNAL_INTERVAL_MS : (int64_t)milliseconds;
  if (interval_ms < 1) interval_ms = 1;
  turdb_error* error = NULL;
  if (turdb_conn_set_progress(self->handle, interval_ms, on_progress, self, &error) != TURDB_OK)
    return raise_error(error, NULL);
  Py_RETURN_NONE;
}

static PyObject* get_closed(ConnectionObject* self, void* unused) {
  (void)unused;
  return PyBool_FromLong(self->closed);
}

static PyObject* get_in_transaction(ConnectionObject* self, void* unused) {
  (void)unused;
  if (self->closed) Py_RETURN_FALSE;
  return PyBool_FromLong(!turdb_conn_in_autocommit(self->handle));
}

static PyObject* get_total_changes(ConnectionObject* self, void* unused) {
  (void)unused;
  return PyLong_FromLongLong(turdb_conn_total_changes(self->handle));
}

static PyObject* get_autocommit(ConnectionObject* self, void* unused) {
  (void)unused;
  return PyBool_FromLong(self->autocommit);
}

static int set_autocommit(ConnectionObject* self, PyObject* value, void* unused) {
  (void)unused;
  const int is_true = value == NULL ? 0 : PyObject_IsTrue(value);
  if (is_true < 0 || !connection_check(self)) return -1;
  if (is_true && !self->autocommit && !turdb_conn_in_autocommit(self->handle)) {
    /* As sqlite3 does: what is open is committed. */
    PyObject* done = end_transaction(self, turdb_conn_commit);
    if (done == NULL) return -1;
    Py_DECREF(done);
  }
  self->autocommit = is_true != 0;
  return 0;
}

static int set_callable(PyObject** place, PyObject* value, const char* name) {
  if (value == NULL || (value != Py_None && !PyCallable_Check(value))) {
    PyErr_Format(PyExc_TypeError, "%s must be callable or None", name);
    return -1;
  }
  Py_INCREF(value);
  Py_XSETREF(*place, value);
  return 0;
}

static PyObject* get_row_factory(ConnectionObject* self, void* unused) {
  (void)unused;
  Py_INCREF(self->row_factory);
  return self->row_factory;
}
static int set_row_factory(ConnectionObject* self, PyObject* value, void* unused) {
  (void)unused;
  return set_callable(&self->row_factory, value, "row_factory");
}
static PyObject* get_json_loads(ConnectionObject* self, void* unused) {
  (void)unused;
  Py_INCREF(self->json_loads);
  return self->json_loads;
}
static int set_json_loads(ConnectionObject* self, PyObject* value, void* unused) {
  (void)unused;
  return set_callable(&self->json_loads, value, "json_loads");
}
static PyObject* get_json_dumps(ConnectionObject* self, void* unused) {
  (void)unused;
  Py_INCREF(self->json_dumps);
  return self->json_dumps;
}
static int set_json_dumps(ConnectionObject* self, PyObject* value, void* unused) {
  (void)unused;
  if (value == Py_None) value = NULL;
  return set_callable(&self->json_dumps, value, "json_dumps");
}

static PyMethodDef connection_methods[] = {
    {"close", (PyCFunction)connection_close, METH_NOARGS, NULL},
    {"commit", (PyCFunction)connection_commit, METH_NOARGS,
     "Commits the transaction, if one is open. Raises OperationalError (40001) when it came too late: run it again."},
    {"rollback", (PyCFunction)connection_rollback, METH_NOARGS,
     "Takes the changes of the open transaction back, if there is one."},
    {"interrupt", (PyCFunction)connection_interrupt, METH_NOARGS,
     "Stops the statement that runs, from any thread; it raises Interrupted. Nothing happens when none runs."},
    {"_register_source", (PyCFunction)connection_register_source, METH_VARARGS, NULL},
    {"_register_stream", (PyCFunction)connection_register_stream, METH_VARARGS, NULL},
    {"_unregister", (PyCFunction)connection_unregister, METH_O, NULL},
    {"_set_replacement", (PyCFunction)connection_set_replacement, METH_O, NULL},
    {"_append", (PyCFunction)connection_append, METH_VARARGS, NULL},
    {"_create_scalar", (PyCFunction)connection_create_scalar, METH_VARARGS, NULL},
    {"_create_aggregate", (PyCFunction)connection_create_aggregate, METH_VARARGS, NULL},
    {"_create_table", (PyCFunction)connection_create_table, METH_VARARGS, NULL},
    {"_create_collation", (PyCFunction)connection_create_collation, METH_VARARGS, NULL},
    {"_drop_function", (PyCFunction)connection_drop_function, METH_VARARGS, NULL},
    {"_drop_collation", (PyCFunction)connection_drop_collation, METH_O, NULL},
    {"_executescript", (PyCFunction)connection_executescript, METH_O, NULL},
    {"set_commit_hook", (PyCFunction)connection_set_commit_hook, METH_O,
     "set_commit_hook(hook)\n\nCalls hook() before a transaction that changed something commits. When it returns true, or "
     "raises, the transaction is\nrolled back, and the commit raises IntegrityError, or what the hook raised. None takes it "
     "away. It may not use the\nconnection."},
    {"set_rollback_hook", (PyCFunction)connection_set_rollback_hook, METH_O,
     "set_rollback_hook(hook)\n\nCalls hook() after a transaction that changed something was rolled back."},
    {"set_change_hook", (PyCFunction)connection_set_change_hook, METH_O,
     "set_change_hook(hook)\n\nCalls hook(operation, schema, table, rows) with rows that a statement has changed, by itself, "
     "by "
     "triggers or by foreign\nkeys: operation is 'insert', 'update' or 'delete', rows a list of (before, after), each a tuple "
     "or "
     "None. When it returns\ntrue, or raises, the statement fails and takes its changes back. It may not use the connection."},
    {"set_trace_callback", (PyCFunction)connection_set_trace_callback, METH_O,
     "set_trace_callback(callback)\n\nCalls callback(sql) when a statement begins; the values of its parameters stand in their "
     "places."},
    {"set_profile_callback", (PyCFunction)connection_set_profile_callback, METH_O,
     "set_profile_callback(callback)\n\nCalls callback(sql, seconds, rows, changes) when a statement has ended."},
    {"set_authorizer", (PyCFunction)connection_set_authorizer, METH_O,
     "set_authorizer(authorizer)\n\nCalls authorizer(action, schema, object, column, accessor) while a statement is compiled, "
     "for "
     "everything that it names.\naction is one of turdb.ACTION_*, accessor the view or trigger that names it; what there is "
     "not is "
     "None. It returns turdb.ALLOW,\nturdb.DENY or, for a column that is to read as NULL, turdb.IGNORE."},
    {"setting", (PyCFunction)connection_get_setting, METH_O,
     "setting(name)\n\nThe value of a setting of the connection, as SHOW has it."},
    {"set_setting", (PyCFunction)connection_set_setting, METH_VARARGS,
     "set_setting(name, value)\n\nChanges a setting of the connection, as SET does; None brings back its default."},
    {"getlimit", (PyCFunction)connection_getlimit, METH_O, "getlimit(limit)\n\nThe value of a limit, one of turdb.LIMIT_*."},
    {"setlimit", (PyCFunction)connection_setlimit, METH_VARARGS,
     "setlimit(limit, value)\n\nChanges a limit for the statements of the connection, and gives the value that it had."},
    {"set_progress_handler", (PyCFunction)(void (*)(void))connection_set_progress_handler, METH_VARARGS | METH_KEYWORDS,
     "set_progress_handler(progress, interval=0.1)\n\nCalls progress() about every `interval` seconds while a statement runs; "
     "when it "
     "returns true the statement\nis interrupted, and when it raises, the statement stops and raises that. None takes it away. "
     "It may not use "
     "the\nconnection."},
    {NULL, NULL, 0, NULL}};

static PyGetSetDef connection_attributes[] = {
    {"closed", (getter)get_closed, NULL, "Whether the connection was closed.", NULL},
    {"in_transaction", (getter)get_in_transaction, NULL, "Whether a transaction is open.", NULL},
    {"total_changes", (getter)get_total_changes, NULL, "Rows inserted, updated and deleted since the connection was opened.",
     NULL},
    {"autocommit", (getter)get_autocommit, (setter)set_autocommit,
     "False: a transaction begins with the first statement and ends with commit or rollback. True: each statement commits by "
     "itself.",
     NULL},
    {"row_factory", (getter)get_row_factory, (setter)set_row_factory,
     "What rows of new cursors are made by: None for tuples, else a callable of (cursor, tuple).", NULL},
    {"json_loads", (getter)get_json_loads, (setter)set_json_loads,
     "What makes values of JSON out of text; json.loads at first. None: JSON stays text.", NULL},
    {"json_dumps", (getter)get_json_dumps, (setter)set_json_dumps, "What makes text of dicts and Json; json.dumps at first.",
     NULL},
    {NULL, NULL, NULL, NULL, NULL}};

PyTypeObject Connection_Type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "turdb._native.Connection",
    .tp_basicsize = sizeof(ConnectionObject),
    .tp_dealloc = (destructor)connection_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = (traverseproc)connection_traverse,
    .tp_clear = (inquiry)connection_clear,
    .tp_weaklistoffset = offsetof(ConnectionObject, weak_references),
    .tp_methods = connection_methods,
    .tp_getset = connection_attributes,
    .tp_init = (initproc)connection_init,
    .tp_new = connection_new,
};
