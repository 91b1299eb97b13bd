/* The generated part of turdb._native: the calls of turdb.h that are made once a database, a backup or a transaction.
 * Statements and rows go through cursor.c.
 *
 * Traps of SWIG that are met here: `const char *` stops at a NUL (only paths, keys and names go that way), and -threads gives
 * the GIL up around each call, so a callback takes it again. */
%module(package="turdb") native

%{
#include "module.h"

/* A problem that turdb_db_check or turdb_db_recover found goes to a callable of Python, or nowhere after it raised. */
struct visitor {
  PyObject *callable; /* NULL: nobody wants to know */
  bool failed;
};

static void visit_problem(void *user_data, const char *problem) {
  struct visitor *visitor = (struct visitor *)user_data;
  if (visitor->callable == NULL || visitor->failed) return;
  const PyGILState_STATE state = PyGILState_Ensure();
  PyObject *text = PyUnicode_DecodeUTF8(problem, (Py_ssize_t)strlen(problem), "backslashreplace");
  PyObject *result = text == NULL ? NULL : PyObject_CallOneArg(visitor->callable, text);
  visitor->failed = result == NULL;
  Py_XDECREF(text);
  Py_XDECREF(result);
  PyGILState_Release(state);
}
%}

%init %{
  if (add_types(m) < 0) return NULL;
%}

%native(set_log) PyObject *set_log(PyObject *module, PyObject *arguments);
%native(set_error_factory) PyObject *set_error_factory(PyObject *module, PyObject *callable);

/* ---- errors: never a parameter, always an exception */
%typemap(in, numinputs=0) turdb_error **error (turdb_error *error = NULL) { $1 = &error; }
%typemap(out) turdb_status { $result = PyLong_FromLong($1); }
%typemap(argout) turdb_error **error {
  if (result < 0) {
    Py_CLEAR($result);
    raise_error(*$1, NULL);
    SWIG_fail;
  }
}
/* What the connection runs in Python's name is known to it: it refuses a second thread. */
%define TURDB_HANDLE(Type, Object, PythonType)
%typemap(in) Type * {
  if (Py_TYPE($input) != &PythonType && !PyType_IsSubtype(Py_TYPE($input), &PythonType)) {
    PyErr_Format(PyExc_TypeError, "%s is needed, not %.100s", PythonType.tp_name, Py_TYPE($input)->tp_name);
    SWIG_fail;
  }
  $1 = ((Object *)$input)->handle;
}
%apply Type * { const Type * };
%enddef
TURDB_HANDLE(turdb_db, DatabaseObject, Database_Type)
TURDB_HANDLE(turdb_backup, BackupObject, Backup_Type)
TURDB_HANDLE(turdb_snapshot, SnapshotObject, Snapshot_Type)
%typemap(in) const turdb_options *, turdb_options * {
  if ($input == Py_None) {
    $1 = NULL;
  } else if (Py_TYPE($input) == &Options_Type) {
    $1 = ((OptionsObject *)$input)->handle;
  } else {
    PyErr_SetString(PyExc_TypeError, "options are made by turdb_options_new");
    SWIG_fail;
  }
}
%typemap(in) turdb_conn * {
  if (Py_TYPE($input) != &Connection_Type && !PyType_IsSubtype(Py_TYPE($input), &Connection_Type)) {
    PyErr_Format(PyExc_TypeError, "a Connection is needed, not %.100s", Py_TYPE($input)->tp_name);
    SWIG_fail;
  }
  if (!connection_check((ConnectionObject *)$input)) SWIG_fail;
  $1 = ((ConnectionObject *)$input)->handle;
}

/* ---- out-parameters are results */
%define TURDB_NEW(Type, make)
%typemap(in, numinputs=0) Type **out (Type *made = NULL) { $1 = &made; }
%typemap(argout) Type **out {
  if (result >= 0) Py_XSETREF($result, make(*$1));
}
%enddef
TURDB_NEW(turdb_db, new_database)
TURDB_NEW(turdb_options, new_options)
TURDB_NEW(turdb_backup, new_backup)
TURDB_NEW(turdb_snapshot, new_snapshot)
%typemap(in, numinputs=0) int64_t *out (int64_t number = 0) { $1 = &number; }
%typemap(in, numinputs=0) int64_t *out_rows (int64_t number = 0) { $1 = &number; }
%typemap(in, numinputs=0) int64_t *out_lost (int64_t number = 0) { $1 = &number; }
%typemap(argout) int64_t *out { if (result >= 0) Py_XSETREF($result, PyLong_FromLongLong(*$1)); }
%typemap(argout) int64_t *out_rows { if (result >= 0) Py_XSETREF($result, PyLong_FromLongLong(*$1)); }
%typemap(argout) int64_t *out_lost { if (result >= 0) $result = Py_BuildValue("NL", $result, (long long)*$1); }
%typemap(in) int64_t {
  $1 = PyLong_AsLongLong($input);
  if ($1 == -1 && PyErr_Occurred()) SWIG_fail;
}
%typemap(out) int64_t { $result = PyLong_FromLongLong($1); }

/* ---- callbacks */
%typemap(in) (void (*visit)(void *, const char *), void *user_data) (struct visitor visitor) {
  visitor.callable = NULL;
  visitor.failed = false;
  if ($input != Py_None) visitor.callable = $input;
  $1 = visit_problem;
  $2 = &visitor;
}
%typemap(argout) (void (*visit)(void *, const char *), void *user_data) {
  if (((struct visitor *)$2)->failed) {
    Py_CLEAR($result);
    SWIG_fail;
  }
}

/* ---- what is wrapped: the rest is the hand-written part's, or only for C */
%rename("$ignore") "";
%rename("%s", regextarget=1) "^TURDB_";
%rename("%s") turdb_version;
%rename("%s") turdb_version_number;
%rename("%s") turdb_source_id;
%rename("%s") turdb_status_name;
%rename("%s") turdb_options_new;
%rename("%s") turdb_options_set;
%rename("%s") turdb_options_key;
%rename("%s") turdb_options_describe;
%rename("%s") turdb_db_open;
%rename("%s") turdb_db_close;
%rename("%s") turdb_db_check;
%rename("%s") turdb_db_checkpoint;
%rename("%s") turdb_db_memory_used;
%rename("%s") turdb_db_memory_peak;
%rename("%s") turdb_db_recover;
%rename("%s") turdb_metric_name;
%rename("%s") turdb_metric_describe;
%rename("%s") turdb_metric_is_counter;
%rename("%s") turdb_db_metric;
%rename("%s") turdb_snapshot_open;
%rename("%s") turdb_conn_begin_at;
%rename("%s") turdb_backup_open;
%rename("%s") turdb_backup_step;
%rename("%s") turdb_backup_pages_total;
%rename("%s") turdb_backup_pages_done;
%rename("%s") turdb_conn_begin;
%rename("%s") turdb_conn_savepoint;
%rename("%s") turdb_conn_rollback_to;
%rename("%s") turdb_conn_release;

#define __attribute__(x)
%include <stdint.i>
%include "turdb.h"
