/* What the hand-written part of turdb._native shares: its types, and what turns Python values into packed rows and back.
 *
 * SWIG generates the rest of the module from turdb.h (turdb.i): what is called once a database, a connection or a
 * transaction. What is called once a statement or a row is here, in C: `Cursor.execute` packs its parameters, gives the
 * GIL up once, binds, runs and fetches the first rows into the cursor's memory, and takes the GIL back.
 *
 * Rules
 *   (1) `Connection.busy` is set while a thread is inside the library without the GIL. Whoever finds it set raises
 *       ProgrammingError and touches nothing. So a cursor's memory never changes under a reader.
 *   (2) Code of users (adapters, iterators, row factories, progress) runs with the GIL and outside the library, but for
 *       progress, which runs inside: then busy is set, and the connection refuses it.
 *   (3) `Cursor.executing` is set while a cursor packs parameters: code of users may not run the same cursor meanwhile.
 *   (4) A statement is used by one cursor at a time. One that is running is never handed out again; the same SQL is
 *       prepared a second time then.
 */
#ifndef TURDB_PYTHON_MODULE_H_
#define TURDB_PYTHON_MODULE_H_

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <stdint.h>

#include "turdb.h"

/* ---- Handles: an owner each. The library keeps parents alive as long as their children are. */

typedef struct {
  PyObject_HEAD turdb_db* handle;
} DatabaseObject;

typedef struct {
  PyObject_HEAD turdb_options* handle;
} OptionsObject;

typedef struct {
  PyObject_HEAD turdb_backup* handle;
  bool busy; /* a thread is in a step */
} BackupObject;

typedef struct {
  PyObject_HEAD turdb_snapshot* handle;
} SnapshotObject;

/* Callables of a connection (hooks.c). */
enum { HOOK_COMMIT, HOOK_ROLLBACK, HOOK_CHANGE, HOOK_TRACE, HOOK_PROFILE, HOOK_AUTHORIZER, HOOKS };

typedef struct CursorObject CursorObject;
typedef struct StatementObject StatementObject;

typedef struct {
  PyObject_HEAD turdb_conn* handle;
  turdb_interrupt* interrupter; /* good for other threads whatever becomes of the handle */
  DatabaseObject* database;
  PyObject* weak_references;
  bool closed;
  bool busy;                   /* rule (1) */
  bool autocommit;             /* false: a transaction begins with the first statement */
  bool interrupted;            /* by interrupt(), for what runs in several calls */
  StatementObject* statements; /* all that are there, as a list: close frees their handles */
  /* Statements by their SQL, the least recently used one last. */
  PyObject* cache;
  StatementObject* newest;
  StatementObject* oldest;
  Py_ssize_t cached;
  Py_ssize_t cache_size;
  PyObject* row_factory; /* None: tuples */
  PyObject* json_loads;  /* None: JSON comes as text */
  PyObject* json_dumps;
  PyObject* progress; /* of users, or NULL */
  double progress_interval_s;
  double progress_next_s;
  PyObject* hooks[HOOKS]; /* of users; NULL: none */
  PyObject* raised;       /* by progress, a hook or a signal handler, to be raised when the statement has stopped */
  /* By a function of users, and what the error of its statement says then. A statement may go on without such a call (a
   * constant one that no row asks for), so only that error raises it. */
  PyObject* function_raised;
  PyObject* function_message;
} ConnectionObject;

enum statement_kind { KIND_QUERY, KIND_CHANGE, KIND_INSERT, KIND_CONTROL, KIND_OTHER };

struct StatementObject {
  PyObject_HEAD turdb_stmt* handle; /* NULL: text without a statement, or the connection was closed */
  ConnectionObject* connection;     /* borrowed: cursors and the cache, which own statements, go before it */
  StatementObject* next;
  StatementObject* previous;
  PyObject* sql;
  enum statement_kind kind;
  bool is_cached;
  bool is_read_only;
  bool has_names;
  Py_ssize_t parameters;
  PyObject* names;    /* of parameters, without their first character; None for one without a name */
  CursorObject* user; /* who ran it last; borrowed */
  StatementObject* newer;
  StatementObject* older;
};

struct CursorObject {
  PyObject_HEAD ConnectionObject* connection;
  PyObject* weak_references;
  StatementObject* statement; /* run last */
  bool closed;
  bool executing; /* rule (3) */
  bool running;   /* the library may have more rows */
  bool has_result;
  Py_ssize_t columns;
  /* Packed rows that were fetched and not read. */
  uint8_t* memory;
  size_t capacity;
  size_t at;
  size_t end;
  int64_t rows_ready;
  int64_t rowcount;
  PyObject* lastrowid;
  PyObject* description; /* NULL: not made yet */
  PyObject* row_factory;
  Py_ssize_t arraysize;
};

extern PyTypeObject Database_Type, Options_Type, Backup_Type, Snapshot_Type, Connection_Type, Statement_Type, Cursor_Type,
    Blob_Type;

/* ---- Errors */

/* Raises what `error` says, and frees it; `sql` may be NULL. Returns NULL. */
PyObject* raise_error(turdb_error* error, PyObject* sql);
/* Raises an exception of this module ("ProgrammingError") of our own making. Returns NULL. */
PyObject* raise_named(const char* exception, const char* sqlstate, const char* format, ...);
/* (code, sqlstate, message, hint, position, frames, can_retry, sql) -> exception; set by the package. */
PyObject* set_error_factory(PyObject* module, PyObject* arguments);

/* ---- Packing */

struct packer {
  uint8_t* data;
  size_t size;
  size_t capacity;
  bool on_heap;
  ConnectionObject* connection; /* whose json_dumps are used */
  uint8_t space[512];
};
void packer_init(struct packer* packer, ConnectionObject* connection);
void packer_free(struct packer* packer);
/* Appends a value. Returns 0, or -1 with an exception. Runs code of users. */
int pack_value(struct packer* packer, PyObject* value);
/* Appends a row for the statement, from a sequence or a mapping. */
int pack_row(struct packer* packer, StatementObject* statement, PyObject* parameters);
/* Callables by type, for values of other types. */
extern PyObject* adapters;

/* Reads a row of `columns` values as a tuple. *at moves behind it. */
PyObject* unpack_row(const uint8_t** at, const uint8_t* end, Py_ssize_t columns, ConnectionObject* connection);

int pack_initialize(void);
int unpack_initialize(void);

/* ---- Connections and statements */

/* Whether the connection may be used now; raises otherwise. */
bool connection_check(ConnectionObject* connection);
/* After a call that failed: raises what a signal handler or progress raised meanwhile, or the error. */
PyObject* connection_raise(ConnectionObject* connection, turdb_error* error, PyObject* sql);
/* The statement for `sql`, from the cache or prepared now, not running. New reference. */
StatementObject* connection_statement(ConnectionObject* connection, PyObject* sql);
void connection_drop_cached(ConnectionObject* connection, StatementObject* statement);
/* Begins a transaction when the statement wants one and there is none. Called without the GIL. */
turdb_status connection_begin_lazily(ConnectionObject* connection, enum statement_kind kind, turdb_error** error);
enum statement_kind kind_of_sql(const char* sql);
/* Empties a cursor: ends what it runs, forgets its rows. */
int cursor_clear_result(CursorObject* cursor);
/* The description of the last statement, made when first asked for. Borrowed. */
PyObject* cursor_describe(CursorObject* cursor);

/* ---- Arrow */

PyObject* cursor_take_result(CursorObject* cursor, int64_t flags);
PyObject* connection_register_source(ConnectionObject* self, PyObject* arguments);
PyObject* connection_register_stream(ConnectionObject* self, PyObject* arguments);
PyObject* connection_unregister(ConnectionObject* self, PyObject* argument);
PyObject* connection_set_replacement(ConnectionObject* self, PyObject* callback);
PyObject* connection_append(ConnectionObject* self, PyObject* arguments);
int arrow_initialize(void);

/* ---- Hooks */

/* Keeps the exception that is set, until the call that is going on has come back. */
void connection_keep_raised(ConnectionObject* connection);
/* Nobody is called any more: the connection object goes, what it ran may go on. */
void connection_drop_hooks(ConnectionObject* connection);
PyObject* connection_set_commit_hook(ConnectionObject* self, PyObject* callable);
PyObject* connection_set_rollback_hook(ConnectionObject* self, PyObject* callable);
PyObject* connection_set_change_hook(ConnectionObject* self, PyObject* callable);
PyObject* connection_set_trace_callback(ConnectionObject* self, PyObject* callable);
PyObject* connection_set_profile_callback(ConnectionObject* self, PyObject* callable);
PyObject* connection_set_authorizer(ConnectionObject* self, PyObject* callable);
PyObject* connection_get_setting(ConnectionObject* self, PyObject* name);
PyObject* connection_set_setting(ConnectionObject* self, PyObject* arguments);
PyObject* connection_getlimit(ConnectionObject* self, PyObject* category);
PyObject* connection_setlimit(ConnectionObject* self, PyObject* arguments);
/* A capsule, which takes *schema or *array over. */
PyObject* arrow_schema_capsule(struct ArrowSchema* schema);
PyObject* arrow_array_capsule(struct ArrowArray* array);
/* Moves a stream out of a capsule; false with an exception. */
bool arrow_take_stream(PyObject* capsule, struct ArrowArrayStream* out);

/* ---- Functions of users (function.c) */

PyObject* connection_create_scalar(ConnectionObject* self, PyObject* arguments);
PyObject* connection_create_aggregate(ConnectionObject* self, PyObject* arguments);
PyObject* connection_create_table(ConnectionObject* self, PyObject* arguments);
PyObject* connection_create_collation(ConnectionObject* self, PyObject* arguments);
PyObject* connection_drop_function(ConnectionObject* self, PyObject* arguments);
PyObject* connection_drop_collation(ConnectionObject* self, PyObject* argument);

PyObject* new_database(turdb_db* handle);
PyObject* new_options(turdb_options* handle);
PyObject* new_backup(turdb_backup* handle);
PyObject* new_snapshot(turdb_snapshot* handle);
PyObject* set_log(PyObject* module, PyObject* arguments);

int add_types(PyObject* module);

#endif
