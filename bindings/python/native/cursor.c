/* Cursors: execute, executemany and fetch, which is what programs do all day. */

#include "module.h"

#include <structmember.h>

enum { FIRST_MEMORY = 8 * 1024, LATER_MEMORY = 128 * 1024, BATCH_BYTES = 64 * 1024, BATCH_ROWS = 2000 };

/* ---- running */

static bool cursor_check(CursorObject* self) {
  if (self->connection == NULL) {
    raise_named("ProgrammingError", "HY010", "the cursor was never opened: make it with connection.cursor()");
    return false;
  }
  if (self->closed) {
    raise_named("ProgrammingError", "24000", "the cursor is closed");
    return false;
  }
  if (!connection_check(self->connection)) return false;
  if (self->executing) {
    raise_named("ProgrammingError", "HY010", "the cursor is in use by the call that led here");
    return false;
  }
  return true;
}

/* Ends what the cursor runs. Without checks: a statement on a busy or closed connection is left to its free. */
static void stop_running(CursorObject* self) {
  if (self->running && self->statement != NULL) {
    if (turdb_stmt_reset(self->statement->handle, NULL) != TURDB_OK) connection_drop_cached(self->connection, self->statement);
  }
  self->running = false;
}

static void forget_rows(CursorObject* self) {
  self->at = self->end = 0;
  self->rows_ready = 0;
}

int cursor_clear_result(CursorObject* self) {
  stop_running(self);
  forget_rows(self);
  self->has_result = false;
  self->columns = 0;
  Py_CLEAR(self->description);
  return 0;
}

/* The statement becomes this cursor's; who had it before keeps its description. */
static void take_statement(CursorObject* self, StatementObject* statement) {
  CursorObject* before = statement->user;
  if (before != NULL && before != self && before->has_result && before->description == NULL) {
    if (cursor_describe(before) == NULL) PyErr_Clear();
  }
  if (self->statement != statement) {
    if (self->statement != NULL && self->statement->user == self) self->statement->user = NULL;
    Py_INCREF(statement);
    Py_XSETREF(self->statement, statement);
  }
  statement->user = self;
}

static int make_room(CursorObject* self, size_t bytes) {
  if (self->capacity >= bytes) return 0;
  PyMem_RawFree(self->memory);
  self->memory = PyMem_RawMalloc(bytes);
  self->capacity = self->memory == NULL ? 0 : bytes;
  if (self->memory != NULL) return 0;
  PyErr_NoMemory();
  return -1;
}

/* Fetches into the cursor's memory, which must have been read. Without the GIL; returns as turdb_stmt_fetch_packed. */
static turdb_status fetch_packed(CursorObject* self, turdb_error** error) {
  int64_t rows = 0, size = 0;
  const turdb_status status =
      turdb_stmt_fetch_packed(self->statement->handle, INT64_MAX, self->memory, (int64_t)self->capacity, &rows, &size, error);
  self->at = 0;
  self->end = rows == 0 ? 0 : (size_t)size;
  self->rows_ready = rows;
  if (status == TURDB_ROW && rows == 0) {
    /* The next row is longer than the memory. */
    uint8_t* larger = PyMem_RawRealloc(self->memory, (size_t)size);
    if (larger == NULL) return TURDB_NO_MEMORY;
    self->memory = larger;
    self->capacity = (size_t)size;
    return fetch_packed(self, error);
  }
  return status;
}

static int fail(CursorObject* self, turdb_error* error, PyObject* sql) {
  self->running = false;
  forget_rows(self);
  connection_raise(self->connection, error, sql);
  return -1;
}

/* Whether a signal handler or progress raised although the call succeeded. */
static int check_raised(CursorObject* self) {
  if (self->connection->raised == NULL) return 0;
  stop_running(self);
  forget_rows(self);
  connection_raise(self->connection, NULL, NULL);
  return -1;
}

static void set_outcome(CursorObject* self, StatementObject* statement) {
  turdb_conn* conn = self->connection->handle;
  self->columns = (Py_ssize_t)turdb_stmt_column_count(statement->handle);
  self->has_result = self->columns > 0;
  self->rowcount = -1;
  if (statement->kind == KIND_INSERT || statement->kind == KIND_CHANGE) self->rowcount = turdb_conn_changes(conn);
}

static int set_lastrowid(CursorObject* self, StatementObject* statement) {
  if (statement->kind != KIND_INSERT || self->rowcount == 0) return 0;
  const int64_t id = turdb_conn_last_insert_id(self->connection->handle);
  PyObject* number = id == 0 ? Py_None : PyLong_FromLongLong(id);
  if (number == NULL) return -1;
  if (id == 0) Py_INCREF(number);
  Py_XSETREF(self->lastrowid, number);
  return 0;
}

static int run(CursorObject* self, StatementObject* statement, const struct packer* packer) {
  ConnectionObject* connection = self->connection;
  turdb_error* error = NULL;
  turdb_status status;
  if (make_room(self, FIRST_MEMORY) < 0) return -1;
  connection->busy = true;
  connection->interrupted = false;
  Py_BEGIN_ALLOW_THREADS status = connection_begin_lazily(connection, statement->kind, &error);
  if (status == TURDB_OK && statement->parameters > 0) {
    status = turdb_stmt_bind_packed(statement->handle, packer->data, (int64_t)packer->size, &error);
  }
  if (status == TURDB_OK) status = fetch_packed(self, &error);
  Py_END_ALLOW_THREADS connection->busy = false;
  if (status < 0) return fail(self, error, statement->sql);
  self->running = status == TURDB_ROW;
  set_outcome(self, statement);
  if (check_raised(self) < 0) return -1;
  return set_lastrowid(self, statement);
}

/* Begins an execution: the statement, idle, and the cursor without rows. */
static StatementObject* begin_execution(CursorObject* self, PyObject* sql) {
  if (!cursor_check(self)) return NULL;
  if (!PyUnicode_Check(sql)) {
    PyErr_Format(PyExc_TypeError, "a statement is a str, not %.100s", Py_TYPE(sql)->tp_name);
    return NULL;
  }
  cursor_clear_result(self);
  self->rowcount = -1;
  StatementObject* statement = connection_statement(self->connection, sql);
  if (statement != NULL) take_statement(self, statement);
  return statement;
}

static PyObject* cursor_execute(CursorObject* self, PyObject* const* arguments, Py_ssize_t count) {
  if (count < 1 || count > 2) {
    PyErr_SetString(PyExc_TypeError, "execute takes a statement and, perhaps, its parameters");
    return NULL;
  }
  StatementObject* statement = begin_execution(self, arguments[0]);
  if (statement == NULL) return NULL;
  int result = 0;
  if (statement->handle != NULL) {
    struct packer packer;
    packer_init(&packer, self->connection);
    self->executing = true;
    if (count == 2 && arguments[1] != Py_None) {
      result = pack_row(&packer, statement, arguments[1]);
    } else if (statement->parameters > 0) {
      raise_named("ProgrammingError", "07001", "the statement has %zd parameter%s, and none was given", statement->parameters,
                  statement->parameters == 1 ? "" : "s");
      result = -1;
    }
    /* Code of users may have closed the connection, or be running something in another thread. */
    self->executing = false;
    if (result == 0 && !cursor_check(self)) result = -1;
    self->executing = true;
    if (result == 0) {
      result = run(self, statement, &packer);
    } else {
      /* What replacement scans found is for the run that did not come. */
      connection_drop_cached(self->connection, statement);
    }
    self->executing = false;
    packer_free(&packer);
  }
  Py_DECREF(statement);
  if (result < 0) return NULL;
  Py_INCREF(self);
  return (PyObject*)self;
}

/* ---- executemany: batches of packed rows, all or nothing */

static const char kSavepoint[] = "turdb executemany";

struct batch {
  struct packer packer;
  int64_t rows;
  int64_t rows_done; /* of batches before */
  bool own_transaction;
  bool in_savepoint;
};

static turdb_status begin_batches(CursorObject* self, StatementObject* statement, struct batch* batch, turdb_error** error) {
  turdb_conn* conn = self->connection->handle;
  turdb_status status = connection_begin_lazily(self->connection, statement->kind, error);
  if (status != TURDB_OK || statement->is_read_only || statement->kind == KIND_CONTROL) return status;
  if (turdb_conn_in_autocommit(conn)) {
    status = turdb_conn_begin(conn, error);
    batch->own_transaction = status == TURDB_OK;
  } else {
    status = turdb_conn_savepoint(conn, kSavepoint, error);
    batch->in_savepoint = status == TURDB_OK;
  }
  return status;
}

static turdb_status end_batches(CursorObject* self, struct batch* batch, bool keep, turdb_error** error) {
  turdb_conn* conn = self->connection->handle;
  turdb_status status = TURDB_OK;
  if (batch->own_transaction) status = keep ? turdb_conn_commit(conn, error) : turdb_conn_rollback(conn, error);
  if (batch->in_savepoint) {
    if (!keep) status = turdb_conn_rollback_to(conn, kSavepoint, error);
    if (status == TURDB_OK) status = turdb_conn_release(conn, kSavepoint, error);
  }
  batch->own_transaction = batch->in_savepoint = false;
  return status;
}

static int run_batch(CursorObject* self, StatementObject* statement, struct batch* batch) {
  ConnectionObject* connection = self->connection;
  turdb_error* error = NULL;
  turdb_status status;
  int64_t done = 0;
  connection->busy = true;
  Py_BEGIN_ALLOW_THREADS status =
      turdb_stmt_run_packed(statement->handle, batch->packer.data, (int64_t)batch->packer.size, batch->rows, &done, &error);
  Py_END_ALLOW_THREADS connection->busy = false;
  batch->rows_done += done;
  batch->rows = 0;
  batch->packer.size = 0;
  if (status != TURDB_OK) {
    connection_raise(connection, error, statement->sql);
    return -1;
  }
  if (check_raised(self) < 0 || PyErr_CheckSignals() < 0) return -1;
  if (connection->interrupted) {
    raise_named("Interrupted", "57014", "executemany was interrupted after %lld rows", (long long)batch->rows_done);
    return -1;
  }
  return 0;
}

/* Rows are packed with the GIL, which is where code of users may run, and run without. */
static int run_rows(CursorObject* self, StatementObject* statement, PyObject* rows, struct batch* batch) {
  PyObject* row;
  while ((row = PyIter_Next(rows)) != NULL) {
    const int packed = pack_row(&batch->packer, statement, row);
    Py_DECREF(row);
    if (packed < 0) return -1;
    ++batch->rows;
    if (batch->rows < BATCH_ROWS && batch->packer.size < BATCH_BYTES) continue;
    self->executing = false;
    const bool usable = cursor_check(self);
    self->executing = true;
    if (!usable || run_batch(self, statement, batch) < 0) return -1;
  }
  if (PyErr_Occurred()) return -1;
  self->executing = false;
  const bool usable = cursor_check(self);
  self->executing = true;
  return usable && batch->rows > 0 ? run_batch(self, statement, batch) : usable ? 0 : -1;
}

static int execute_rows(CursorObject* self, StatementObject* statement, PyObject* rows) {
  ConnectionObject* connection = self->connection;
  struct batch batch = {.rows = 0, .rows_done = 0, .own_transaction = false, .in_savepoint = false};
  turdb_error* error = NULL;
  turdb_status status;
  connection->busy = true;
  connection->interrupted = false;
  const int64_t changes_before = turdb_conn_total_changes(connection->handle);
  Py_BEGIN_ALLOW_THREADS status = begin_batches(self, statement, &batch, &error);
  Py_END_ALLOW_THREADS connection->busy = false;
  if (status != TURDB_OK) {
    connection_raise(connection, error, statement->sql);
    return -1;
  }
  packer_init(&batch.packer, connection);
  const int result = run_rows(self, statement, rows, &batch);
  packer_free(&batch.packer);
  PyObject *type = NULL, *value = NULL, *traceback = NULL;
  if (result < 0) PyErr_Fetch(&type, &value, &traceback);
  if (!connection->closed && !connection->busy) {
    connection->busy = true;
    Py_BEGIN_ALLOW_THREADS status = end_batches(self, &batch, result == 0, &error);
    Py_END_ALLOW_THREADS connection->busy = false;
  }
  if (result < 0) { /* what went wrong first is what is raised */
    turdb_error_free(error);
    PyErr_Restore(type, value, traceback);
    return -1;
  }
  if (status != TURDB_OK) {
    connection_raise(connection, error, statement->sql);
    return -1;
  }
  self->rowcount = turdb_conn_total_changes(connection->handle) - changes_before;
  return set_lastrowid(self, statement);
}

static PyObject* cursor_executemany(CursorObject* self, PyObject* const* arguments, Py_ssize_t count) {
  if (count != 2) {
    PyErr_SetString(PyExc_TypeError, "executemany takes a statement and an iterable of parameters");
    return NULL;
  }
  StatementObject* statement = begin_execution(self, arguments[0]);
  if (statement == NULL) return NULL;
  int result = -1;
  if (statement->handle == NULL) {
    result = 0;
  } else if (statement->is_read_only) {
    raise_named("ProgrammingError", "HY010", "executemany is for statements that change data; execute runs a query");
  } else {
    PyObject* rows = PyObject_GetIter(arguments[1]);
    if (rows != NULL) {
      self->executing = true;
      result = execute_rows(self, statement, rows);
      self->executing = false;
      Py_DECREF(rows);
    }
  }
  Py_DECREF(statement);
  if (result < 0) return NULL;
  Py_INCREF(self);
  return (PyObject*)self;
}

/* ---- fetching */

/* More rows into the cursor's memory. 1: there are some, 0: there are none, -1: an exception. */
static int fetch_more(CursorObject* self) {
  if (self->rows_ready > 0) return 1;
  if (!self->running) return 0;
  ConnectionObject* connection = self->connection;
  turdb_error* error = NULL;
  turdb_status status;
  if (make_room(self, LATER_MEMORY) < 0) return -1;
  connection->busy = true;
  self->executing = true;
  Py_BEGIN_ALLOW_THREADS status = fetch_packed(self, &error);
  Py_END_ALLOW_THREADS self->executing = false;
  connection->busy = false;
  if (status < 0) return fail(self, error, self->statement->sql);
  self->running = status == TURDB_ROW;
  if (check_raised(self) < 0) return -1;
  return self->rows_ready > 0;
}

static bool fetch_check(CursorObject* self) {
  if (!cursor_check(self)) return false;
  if (self->has_result) return true;
  raise_named("ProgrammingError", "24000",
              self->statement == NULL ? "there is nothing to fetch: no statement was executed"
                                      : "there is nothing to fetch: the statement returns no rows");
  return false;
}

/* The next row, which there is. */
static PyObject* next_row(CursorObject* self) {
  const uint8_t* at = self->memory + self->at;
  self->executing = true; /* json_loads is code of users */
  PyObject* row = unpack_row(&at, self->memory + self->end, self->columns, self->connection);
  self->executing = false;
  if (row == NULL) return NULL;
  self->at = (size_t)(at - self->memory);
  --self->rows_ready;
  if (self->row_factory == Py_None) return row;
  PyObject* arguments[] = {(PyObject*)self, row};
  PyObject* made = PyObject_Vectorcall(self->row_factory, arguments, 2, NULL);
  Py_DECREF(row);
  return made;
}

static PyObject* cursor_fetchone(CursorObject* self, PyObject* unused) {
  (void)unused;
  if (!fetch_check(self)) return NULL;
  const int more = fetch_more(self);
  if (more < 0) return NULL;
  if (more == 0) Py_RETURN_NONE;
  return next_row(self);
}

static PyObject* fetch_list(CursorObject* self, Py_ssize_t limit) {
  PyObject* list = PyList_New(0);
  while (list != NULL && PyList_GET_SIZE(list) < limit) {
    /* A row factory may have done anything to the cursor. */
    if (!fetch_check(self)) {
      Py_CLEAR(list);
      break;
    }
    const int more = fetch_more(self);
    if (more == 0) break;
    PyObject* row = more < 0 ? NULL : next_row(self);
    if (row == NULL || PyList_Append(list, row) < 0) Py_CLEAR(list);
    Py_XDECREF(row);
  }
  return list;
}

static PyObject* cursor_fetchall(CursorObject* self, PyObject* unused) {
  (void)unused;
  return fetch_check(self) ? fetch_list(self, PY_SSIZE_T_MAX) : NULL;
}

static PyObject* cursor_fetchmany(CursorObject* self, PyObject* arguments, PyObject* named) {
  static char* names[] = {"size", NULL};
  Py_ssize_t size = self->arraysize;
  if (!PyArg_ParseTupleAndKeywords(arguments, named, "|n", names, &size)) return NULL;
  if (size < 0) {
    PyErr_SetString(PyExc_ValueError, "size is negative");
    return NULL;
  }
  return fetch_check(self) ? fetch_list(self, size) : NULL;
}

static PyObject* cursor_next(CursorObject* self) {
  if (!fetch_check(self)) return NULL;
  const int more = fetch_more(self);
  return more > 0 ? next_row(self) : NULL;
}

static PyObject* cursor_iter(PyObject* self) {
  Py_INCREF(self);
  return self;
}

static PyObject* cursor_result(CursorObject* self, PyObject* arguments) {
  long long flags = 0;
  if (!PyArg_ParseTuple(arguments, "|L", &flags) || !fetch_check(self)) return NULL;
  return cursor_take_result(self, flags);
}

/* ---- what it knows */

PyObject* cursor_describe(CursorObject* self) {
  if (self->description != NULL) return self->description;
  if (!self->has_result || self->statement == NULL || self->statement->handle == NULL) return Py_None;
  static PyObject* make_column; /* (name, type, declared type) -> one column of a description */
  if (make_column == NULL) {
    PyObject* types = PyImport_ImportModule("turdb._types");
    make_column = types == NULL ? NULL : PyObject_GetAttrString(types, "make_column");
    Py_XDECREF(types);
    if (make_column == NULL) return NULL;
  }
  PyObject* description = PyTuple_New(self->columns);
  for (Py_ssize_t i = 0; description != NULL && i < self->columns; ++i) {
    const turdb_stmt* stmt = self->statement->handle;
    const char* name = turdb_stmt_column_name(stmt, i);
    const char* type = turdb_stmt_column_declared_type(stmt, i);
    const int32_t nullability = turdb_stmt_column_nullability(stmt, i);
    PyObject* null_ok = nullability == TURDB_NOT_NULL ? Py_False : nullability == TURDB_NULLABLE ? Py_True : Py_None;
    PyObject* column = PyObject_CallFunction(make_column, "sisO", name == NULL ? "" : name,
                                             (int)turdb_stmt_column_type(stmt, i), type == NULL ? "" : type, null_ok);
    if (column == NULL) {
      Py_CLEAR(description);
    } else {
      PyTuple_SET_ITEM(description, i, column);
    }
  }
  self->description = description;
  return description;
}

static PyObject* get_description(CursorObject* self, void* unused) {
  (void)unused;
  PyObject* description = cursor_describe(self);
  Py_XINCREF(description);
  return description;
}

static PyObject* get_rowcount(CursorObject* self, void* unused) {
  (void)unused;
  return PyLong_FromLongLong(self->rowcount);
}

static PyObject* get_lastrowid(CursorObject* self, void* unused) {
  (void)unused;
  Py_INCREF(self->lastrowid);
  return self->lastrowid;
}

static PyObject* get_closed(CursorObject* self, void* unused) {
  (void)unused;
  return PyBool_FromLong(self->closed);
}

static PyObject* get_connection(CursorObject* self, void* unused) {
  (void)unused;
  PyObject* connection = self->connection == NULL ? Py_None : (PyObject*)self->connection;
  Py_INCREF(connection);
  return connection;
}

static PyObject* get_query(CursorObject* self, void* unused) {
  (void)unused;
  PyObject* sql = self->statement == NULL ? Py_None : self->statement->sql;
  Py_INCREF(sql);
  return sql;
}

static PyObject* get_row_factory(CursorObject* self, void* unused) {
  (void)unused;
  Py_INCREF(self->row_factory);
  return self->row_factory;
}

static int set_row_factory(CursorObject* self, PyObject* value, void* unused) {
  (void)unused;
  if (value == NULL || (value != Py_None && !PyCallable_Check(value))) {
    PyErr_SetString(PyExc_TypeError, "row_factory must be callable or None");
    return -1;
  }
  Py_INCREF(value);
  Py_XSETREF(self->row_factory, value);
  return 0;
}

static PyObject* cursor_close(CursorObject* self, PyObject* unused) {
  (void)unused;
  if (self->closed || self->connection == NULL) {
    self->closed = true;
    Py_RETURN_NONE;
  }
  if (self->executing) return raise_named("ProgrammingError", "HY010", "the cursor is in use by the call that led here");
  if (!self->connection->closed && !connection_check(self->connection)) return NULL;
  cursor_clear_result(self);
  self->closed = true;
  Py_RETURN_NONE;
}

static PyObject* do_nothing(CursorObject* self, PyObject* arguments) {
  (void)self;
  (void)arguments;
  Py_RETURN_NONE;
}

static PyObject* cursor_enter(PyObject* self, PyObject* unused) {
  (void)unused;
  Py_INCREF(self);
  return self;
}

static PyObject* cursor_exit(CursorObject* self, PyObject* arguments) {
  (void)arguments;
  return cursor_close(self, NULL);
}

/* ---- the type */

static PyObject* cursor_new(PyTypeObject* type, PyObject* arguments, PyObject* named) {
  (void)arguments;
  (void)named;
  CursorObject* self = (CursorObject*)type->tp_alloc(type, 0);
  if (self == NULL) return NULL;
  Py_INCREF(Py_None);
  self->lastrowid = Py_None;
  Py_INCREF(Py_None);
  self->row_factory = Py_None;
  self->arraysize = 1;
  self->rowcount = -1;
  return (PyObject*)self;
}

static int cursor_init(CursorObject* self, PyObject* arguments, PyObject* named) {
  static char* names[] = {"connection", NULL};
  PyObject* connection;
  if (!PyArg_ParseTupleAndKeywords(arguments, named, "O!", names, &Connection_Type, &connection)) return -1;
  if (self->connection != NULL) {
    raise_named("ProgrammingError", "HY010", "the cursor is open already");
    return -1;
  }
  if (!connection_check((ConnectionObject*)connection)) return -1;
  Py_INCREF(connection);
  self->connection = (ConnectionObject*)connection;
  Py_INCREF(self->connection->row_factory);
  Py_XSETREF(self->row_factory, self->connection->row_factory);
  return 0;
}

static int cursor_traverse(CursorObject* self, visitproc visit, void* arg) {
  Py_VISIT(self->connection);
  Py_VISIT(self->row_factory);
  Py_VISIT(self->description);
  return 0;
}

static void let_go(CursorObject* self) {
  stop_running(self);
  if (self->statement != NULL && self->statement->user == self) self->statement->user = NULL;
  Py_CLEAR(self->statement);
}

static int cursor_gc_clear(CursorObject* self) {
  let_go(self);
  forget_rows(self);
  self->has_result = false;
  self->closed = true;
  Py_CLEAR(self->connection);
  Py_CLEAR(self->row_factory);
  Py_CLEAR(self->description);
  Py_INCREF(Py_None);
  self->row_factory = Py_None;
  return 0;
}

static void cursor_dealloc(CursorObject* self) {
  PyObject_GC_UnTrack(self);
  if (self->weak_references != NULL) PyObject_ClearWeakRefs((PyObject*)self);
  let_go(self);
  PyMem_RawFree(self->memory);
  Py_CLEAR(self->connection);
  Py_CLEAR(self->row_factory);
  Py_CLEAR(self->description);
  Py_CLEAR(self->lastrowid);
  Py_TYPE(self)->tp_free((PyObject*)self);
}

static PyMethodDef cursor_methods[] = {
    {"execute", (PyCFunction)(void (*)(void))cursor_execute, METH_FASTCALL,
     "execute(sql, parameters=())\n--\n\nRuns one statement and gives the cursor back.\n\nParameters are a sequence for ? or a "
     "mapping for "
     ":name. The statement is kept prepared\nby its text. Raises an Error of the module, with its sqlstate."},
    {"executemany", (PyCFunction)(void (*)(void))cursor_executemany, METH_FASTCALL,
     "executemany(sql, rows)\n--\n\nRuns a statement that changes data once for each of the rows, which is any iterable of "
     "parameters.\n\nAll "
     "rows or, when one fails, none. rowcount is the sum over all."},
    {"fetchone", (PyCFunction)cursor_fetchone, METH_NOARGS, "fetchone()\n--\n\nThe next row, or None when there are no more."},
    {"fetchmany", (PyCFunction)(void (*)(void))cursor_fetchmany, METH_VARARGS | METH_KEYWORDS,
     "fetchmany(size=cursor.arraysize)\n--\n\nA list of the next rows, at most `size`."},
    {"fetchall", (PyCFunction)cursor_fetchall, METH_NOARGS, "fetchall()\n--\n\nA list of all rows that are left."},
    {"close", (PyCFunction)cursor_close, METH_NOARGS,
     "close()\n--\n\nEnds the statement. The cursor cannot be used afterwards."},
    {"_result", (PyCFunction)cursor_result, METH_VARARGS, NULL},
    {"setinputsizes", (PyCFunction)do_nothing, METH_VARARGS, "Does nothing; PEP 249 asks for it."},
    {"setoutputsize", (PyCFunction)do_nothing, METH_VARARGS, "Does nothing; PEP 249 asks for it."},
    {"__enter__", (PyCFunction)cursor_enter, METH_NOARGS, NULL},
    {"__exit__", (PyCFunction)cursor_exit, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL}};

static PyMemberDef cursor_members[] = {{"arraysize", T_PYSSIZET, offsetof(CursorObject, arraysize), 0,
                                        "How many rows fetchmany gives when it is not told; 1 at first."},
                                       {NULL, 0, 0, 0, NULL}};

static PyGetSetDef cursor_attributes[] = {
    {"description", (getter)get_description, NULL,
     "A tuple (name, type_code, None, None, precision, scale, None) for each column; None when there are no rows to fetch.",
     NULL},
    {"rowcount", (getter)get_rowcount, NULL, "Rows that the last statement changed; -1 for a query.", NULL},
    {"lastrowid", (getter)get_lastrowid, NULL, "The integer key of the row that this cursor inserted last, or None.", NULL},
    {"closed", (getter)get_closed, NULL, "Whether the cursor was closed.", NULL},
    {"connection", (getter)get_connection, NULL, "The connection that it belongs to.", NULL},
    {"query", (getter)get_query, NULL, "The statement that was executed last, or None.", NULL},
    {"row_factory", (getter)get_row_factory, (setter)set_row_factory,
     "What rows are made by: None for tuples, else a callable of (cursor, tuple).", NULL},
    {NULL, NULL, NULL, NULL, NULL}};

PyTypeObject Cursor_Type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "turdb._native.Cursor",
    .tp_basicsize = sizeof(CursorObject),
    .tp_dealloc = (destructor)cursor_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = (traverseproc)cursor_traverse,
    .tp_clear = (inquiry)cursor_gc_clear,
    .tp_weaklistoffset = offsetof(CursorObject, weak_references),
    .tp_iter = cursor_iter,
    .tp_iternext = (iternextfunc)cursor_next,
    .tp_methods = cursor_methods,
    .tp_members = cursor_members,
    .tp_getset = cursor_attributes,
    .tp_init = (initproc)cursor_init,
    .tp_new = cursor_new,
};
