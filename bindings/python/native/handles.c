/* Databases, options and backups: an owner each of a handle of turdb.h. The calls on them are generated (turdb.i). */
#include "module.h"

#define HANDLE_TYPE(Object, Type, name, doc, new_name, handle_type, free_handle) \
  static void dealloc_##Object(Object* self) {                                   \
    free_handle(self->handle);                                                   \
    Py_TYPE(self)->tp_free((PyObject*)self);                                     \
  }                                                                              \
  PyTypeObject Type = {                                                          \
      PyVarObject_HEAD_INIT(NULL, 0).tp_name = name,                             \
      .tp_basicsize = sizeof(Object),                                            \
      .tp_dealloc = (destructor)dealloc_##Object,                                \
      .tp_flags = Py_TPFLAGS_DEFAULT,                                            \
      .tp_doc = doc,                                                             \
  };                                                                             \
  PyObject* new_name(handle_type* handle) {                                      \
    Object* self = PyObject_New(Object, &Type);                                  \
    if (self == NULL) {                                                          \
      free_handle(handle);                                                       \
      return NULL;                                                               \
    }                                                                            \
    self->handle = handle;                                                       \
    return (PyObject*)self;                                                      \
  }

/* The last handle closes the database, which may have much to write. */
static void free_database(turdb_db* db) {
  Py_BEGIN_ALLOW_THREADS turdb_db_free(db);
  Py_END_ALLOW_THREADS
}

HANDLE_TYPE(DatabaseObject, Database_Type, "turdb._native.DatabaseHandle", "A turdb_db.", new_database, turdb_db, free_database)
HANDLE_TYPE(OptionsObject, Options_Type, "turdb._native.OptionsHandle", "A turdb_options.", new_options, turdb_options,
            turdb_options_free)

HANDLE_TYPE(SnapshotObject, Snapshot_Type, "turdb._native.SnapshotHandle", "A turdb_snapshot.", new_snapshot, turdb_snapshot,
            turdb_snapshot_free)

static void dealloc_backup(BackupObject* self) {
  turdb_backup_free(self->handle);
  Py_TYPE(self)->tp_free((PyObject*)self);
}

PyTypeObject Backup_Type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "turdb._native.BackupHandle",
    .tp_basicsize = sizeof(BackupObject),
    .tp_dealloc = (destructor)dealloc_backup,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_doc = "A turdb_backup.",
};

PyObject* new_backup(turdb_backup* handle) {
  BackupObject* self = PyObject_New(BackupObject, &Backup_Type);
  if (self == NULL) {
    turdb_backup_free(handle);
    return NULL;
  }
  self->handle = handle;
  self->busy = false;
  return (PyObject*)self;
}

static int add_type(PyObject* module, PyTypeObject* type, const char* name) {
  if (PyType_Ready(type) < 0) return -1;
  Py_INCREF(type);
  if (PyModule_AddObject(module, name, (PyObject*)type) == 0) return 0;
  Py_DECREF(type);
  return -1;
}

int add_types(PyObject* module) {
  if (pack_initialize() < 0 || unpack_initialize() < 0 || arrow_initialize() < 0) return -1;
  if (add_type(module, &Database_Type, "DatabaseHandle") < 0 || add_type(module, &Options_Type, "OptionsHandle") < 0 ||
      add_type(module, &Backup_Type, "BackupHandle") < 0 || add_type(module, &Snapshot_Type, "SnapshotHandle") < 0 ||
      add_type(module, &Connection_Type, "Connection") < 0 || add_type(module, &Cursor_Type, "Cursor") < 0 ||
      add_type(module, &Blob_Type, "Blob") < 0 || PyType_Ready(&Statement_Type) < 0) {
    return -1;
  }
  Py_INCREF(adapters);
  return PyModule_AddObject(module, "adapters", adapters);
}
