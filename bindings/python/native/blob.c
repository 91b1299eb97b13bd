/* Long values in pieces: a cursor of bytes over a turdb_blob. The idiom over it is turdb/_blob.py. */

#include "module.h"

typedef struct {
  PyObject_HEAD turdb_blob* handle;
  ConnectionObject* connection;
} BlobObject;

static bool blob_check(BlobObject* self) {
  if (self->handle == NULL) {
    raise_named("ProgrammingError", "HY010", "the blob is closed");
    return false;
  }
  return connection_check(self->connection);
}

/* The key of a row: an int or what has several values, packed. */
static int pack_key(BlobObject* self, PyObject* key, struct packer* packer) {
  packer_init(packer, self->connection);
  if (!PyTuple_Check(key) && !PyList_Check(key)) return pack_value(packer, key);
  const Py_ssize_t count = PySequence_Size(key);
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* value = PySequence_GetItem(key, i);
    const int packed = value == NULL ? -1 : pack_value(packer, value);
    Py_XDECREF(value);
    if (packed < 0) return -1;
  }
  return 0;
}

static int blob_init(BlobObject* self, PyObject* arguments, PyObject* named) {
  ConnectionObject* connection;
  PyObject* key;
  const char *schema, *table, *column;
  int writable;
  (void)named;
  if (!PyArg_ParseTuple(arguments, "O!zssOp", &Connection_Type, &connection, &schema, &table, &column, &key, &writable))
    return -1;
  if (self->connection != NULL) {
    raise_named("ProgrammingError", "HY010", "the blob is open already");
    return -1;
  }
  if (!connection_check(connection)) return -1;
  Py_INCREF(connection);
  self->connection = connection;
  struct packer packer;
  turdb_error* error = NULL;
  if (pack_key(self, key, &packer) < 0) {
    packer_free(&packer);
    return -1;
  }
  turdb_status status;
  connection->busy = true;
  connection->interrupted = false;
  Py_BEGIN_ALLOW_THREADS status = connection_begin_lazily(connection, KIND_QUERY, &error);
  if (status == TURDB_OK) {
    status = turdb_blob_open_key(connection->handle, schema, table, column, packer.data, (int64_t)packer.size, writable != 0,
                                 &self->handle, &error);
  }
  Py_END_ALLOW_THREADS connection->busy = false;
  packer_free(&packer);
  if (status == TURDB_OK) return 0;
  connection_raise(connection, error, NULL);
  return -1;
}

static void blob_dealloc(BlobObject* self) {
  turdb_blob_free(self->handle);
  Py_XDECREF(self->connection);
  Py_TYPE(self)->tp_free((PyObject*)self);
}

static PyObject* blob_close(BlobObject* self, PyObject* unused) {
  (void)unused;
  turdb_blob_free(self->handle);
  self->handle = NULL;
  Py_RETURN_NONE;
}

static Py_ssize_t blob_length(BlobObject* self) {
  if (!blob_check(self)) return -1;
  return (Py_ssize_t)turdb_blob_size(self->handle);
}

/* read_at(offset, size) -> bytes */
static PyObject* blob_read_at(BlobObject* self, PyObject* arguments) {
  long long offset;
  Py_ssize_t size;
  if (!PyArg_ParseTuple(arguments, "Ln", &offset, &size) || !blob_check(self)) return NULL;
  PyObject* bytes = PyBytes_FromStringAndSize(NULL, size);
  if (bytes == NULL) return NULL;
  turdb_error* error = NULL;
  turdb_status status;
  char* data = PyBytes_AS_STRING(bytes);
  self->connection->busy = true;
  Py_BEGIN_ALLOW_THREADS status = turdb_blob_read(self->handle, offset, data, (int64_t)size, &error);
  Py_END_ALLOW_THREADS self->connection->busy = false;
  if (status == TURDB_OK) return bytes;
  Py_DECREF(bytes);
  return connection_raise(self->connection, error, NULL);
}

/* write_at(offset, data) */
static PyObject* blob_write_at(BlobObject* self, PyObject* arguments) {
  long long offset;
  Py_buffer data;
  if (!PyArg_ParseTuple(arguments, "Ly*", &offset, &data)) return NULL;
  if (!blob_check(self)) {
    PyBuffer_Release(&data);
    return NULL;
  }
  turdb_error* error = NULL;
  turdb_status status;
  self->connection->busy = true;
  self->connection->interrupted = false;
  Py_BEGIN_ALLOW_THREADS status = turdb_blob_write(self->handle, offset, data.buf, (int64_t)data.len, &error);
  Py_END_ALLOW_THREADS self->connection->busy = false;
  PyBuffer_Release(&data);
  if (status != TURDB_OK) return connection_raise(self->connection, error, NULL);
  Py_RETURN_NONE;
}

/* resize(size) */
static PyObject* blob_resize(BlobObject* self, PyObject* size) {
  const long long bytes = PyLong_AsLongLong(size);
  if ((bytes == -1 && PyErr_Occurred()) || !blob_check(self)) return NULL;
  turdb_error* error = NULL;
  turdb_status status;
  self->connection->busy = true;
  self->connection->interrupted = false;
  Py_BEGIN_ALLOW_THREADS status = turdb_blob_resize(self->handle, bytes, &error);
  Py_END_ALLOW_THREADS self->connection->busy = false;
  if (status != TURDB_OK) return connection_raise(self->connection, error, NULL);
  Py_RETURN_NONE;
}

/* reopen(key) */
static PyObject* blob_reopen(BlobObject* self, PyObject* key) {
  if (!blob_check(self)) return NULL;
  struct packer packer;
  if (pack_key(self, key, &packer) < 0) {
    packer_free(&packer);
    return NULL;
  }
  turdb_error* error = NULL;
  turdb_status status;
  self->connection->busy = true;
  Py_BEGIN_ALLOW_THREADS status = connection_begin_lazily(self->connection, KIND_QUERY, &error);
  if (status == TURDB_OK) status = turdb_blob_reopen_key(self->handle, packer.data, (int64_t)packer.size, &error);
  Py_END_ALLOW_THREADS self->connection->busy = false;
  packer_free(&packer);
  if (status != TURDB_OK) return connection_raise(self->connection, error, NULL);
  Py_RETURN_NONE;
}

static PyObject* get_closed(BlobObject* self, void* unused) {
  (void)unused;
  return PyBool_FromLong(self->handle == NULL);
}

static PyMethodDef blob_methods[] = {{"close", (PyCFunction)blob_close, METH_NOARGS, "Ends the blob. Closing twice is fine."},
                                     {"_read_at", (PyCFunction)blob_read_at, METH_VARARGS, NULL},
                                     {"_write_at", (PyCFunction)blob_write_at, METH_VARARGS, NULL},
                                     {"_resize", (PyCFunction)blob_resize, METH_O, NULL},
                                     {"_reopen", (PyCFunction)blob_reopen, METH_O, NULL},
                                     {NULL, NULL, 0, NULL}};

static PyGetSetDef blob_attributes[] = {{"closed", (getter)get_closed, NULL, "Whether the blob was closed.", NULL},
                                        {NULL, NULL, NULL, NULL, NULL}};

static PySequenceMethods blob_sequence = {.sq_length = (lenfunc)blob_length};

PyTypeObject Blob_Type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "turdb._native.Blob",
    .tp_basicsize = sizeof(BlobObject),
    .tp_dealloc = (destructor)blob_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_methods = blob_methods,
    .tp_getset = blob_attributes,
    .tp_as_sequence = &blob_sequence,
    .tp_init = (initproc)blob_init,
    .tp_new = PyType_GenericNew,
};
