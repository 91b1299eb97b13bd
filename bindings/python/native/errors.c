/* turdb_error becomes an exception. Which class it has, the package decides (turdb/errors.py). */
#include <stdarg.h>

#include "module.h"

static PyObject* factory;

PyObject* set_error_factory(PyObject* module, PyObject* arguments) {
  PyObject* callable;
  (void)module;
  if (!PyArg_ParseTuple(arguments, "O", &callable)) return NULL;
  Py_INCREF(callable);
  Py_XSETREF(factory, callable);
  Py_RETURN_NONE;
}

/* Messages may quote what users wrote: whatever is not UTF-8 is shown, not refused. */
static PyObject* text_of(const char* text) {
  if (text == NULL) Py_RETURN_NONE;
  return PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "backslashreplace");
}

/* Takes the references. */
static PyObject* raise_parts(int status, const char* sqlstate, PyObject* message, PyObject* hint, int64_t position,
                             PyObject* frames, bool can_retry, PyObject* sql) {
  if (message != NULL && hint != NULL && frames != NULL) {
    if (factory == NULL) {
      PyErr_SetObject(PyExc_RuntimeError, message);
    } else {
      PyObject* exception = PyObject_CallFunction(factory, "isOOLOOO", status, sqlstate, message, hint, (long long)position,
                                                  frames, can_retry ? Py_True : Py_False, sql == NULL ? Py_None : sql);
      if (exception != NULL) {
        PyErr_SetObject((PyObject*)Py_TYPE(exception), exception);
        Py_DECREF(exception);
      }
    }
  }
  Py_XDECREF(message);
  Py_XDECREF(hint);
  Py_XDECREF(frames);
  return NULL;
}

PyObject* raise_error(turdb_error* error, PyObject* sql) {
  if (error == NULL) return PyErr_NoMemory(); /* the failure was to find room for rows */
  const int64_t count = turdb_error_frame_count(error);
  PyObject* frames = PyTuple_New((Py_ssize_t)count);
  for (int64_t i = 0; frames != NULL && i < count; ++i) {
    PyObject* frame = text_of(turdb_error_frame(error, i));
    if (frame == NULL) Py_CLEAR(frames);
    if (frames != NULL) PyTuple_SET_ITEM(frames, (Py_ssize_t)i, frame);
  }
  raise_parts(turdb_error_status(error), turdb_error_sqlstate(error), text_of(turdb_error_message(error)),
              text_of(turdb_error_hint(error)), turdb_error_position(error), frames, turdb_error_can_retry(error), sql);
  turdb_error_free(error);
  return NULL;
}

PyObject* raise_named(const char* exception, const char* sqlstate, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  PyObject* message = PyUnicode_FromFormatV(format, arguments);
  va_end(arguments);
  int status = TURDB_MISUSE;
  if (strcmp(exception, "DataError") == 0) status = TURDB_DATA;
  if (strcmp(exception, "NotSupportedError") == 0) status = TURDB_UNSUPPORTED;
  if (strcmp(exception, "Interrupted") == 0) status = TURDB_INTERRUPTED;
  Py_INCREF(Py_None);
  return raise_parts(status, sqlstate, message, Py_None, -1, PyTuple_New(0), false, NULL);
}
