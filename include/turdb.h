/*
 * turdb.h: the public interface of TurDB, an embedded database.
 *
 * This header is the whole contract. It is C11, valid C++, and includes nothing of TurDB's own. The
 * verbs are those of every embedded database, in the same order:
 *
 *     turdb_db_open -> turdb_conn_open -> turdb_stmt_prepare -> turdb_stmt_bind_* -> turdb_stmt_step
 *       -> turdb_stmt_column_* -> turdb_stmt_reset ... -> turdb_stmt_free -> turdb_conn_free -> turdb_db_free
 *
 * Conventions
 *   Status.    Every call that can fail returns a turdb_status: zero is success, TURDB_ROW and TURDB_DONE
 *              are outcomes, negative values are errors. [C-STATUS-1]
 *   Error.     Such a call takes a last parameter `turdb_error **error`, which may be NULL. When it is not,
 *              *error is set to NULL on entry (it is never read) and to a new error on failure; the caller
 *              owns it and frees it with turdb_error_free. There is no hidden "last error". [C-ERROR-1]
 *   Out.       Out-parameters are called `out`. On failure *out is NULL (or zero) and nothing needs
 *              freeing. [C-OUT-1]
 *   Bytes.     Byte ranges are `data, size_bytes`. Text is UTF-8, holds no NUL (TURDB_DATA, as in PostgreSQL; a
 *              blob may) and need not end with one; what TurDB returns as text has a NUL after size_bytes. Sizes and
 *              counts are int64_t. Where a text parameter comes with a size, TURDB_NUL_TERMINATED (-1) means "up to
 *              the NUL". [C-TEXT-1]
 *   Ownership. "caller owns, free with X" | "borrowed until Y" | "copied before return". Every free takes NULL,
 *              returns nothing, and works in any order: a parent freed before its children lives on until the last
 *              of them is freed. [C-FREE-1]
 *   Threads.   turdb_db: any thread. turdb_conn and turdb_stmt: one thread at a time; they may move between threads,
 *              and a call made while another thread is inside the same connection returns TURDB_MISUSE. Only
 *              turdb_conn_interrupt and the frees may be called on a busy connection. turdb_interrupt: any thread.
 *              turdb_error and turdb_options: one thread at a time. [C-THREAD-1]
 *   Callbacks. Are called on the thread that made the call, with no lock held. They may not use the connection that
 *              calls them: it returns TURDB_MISUSE. [C-CALLBACK-1] Nor may they close its database: closing would wait for
 *              them, and is TURDB_MISUSE, too. [C-CALLBACK-4] Their user_data is given to `destroy`, where there
 *              is one, exactly once: when the callback is replaced or taken away, the connection is closed, or setting
 *              it failed. [C-CALLBACK-2] C++ exceptions that leave a callback end there, and count as the answer that
 *              stops what is going on. [C-CALLBACK-3]
 *   Fork.      After fork, calls in the child on handles of the parent return TURDB_MISUSE; frees release memory
 *              only. [C-FORK-1]
 *
 *   Everywhere. Besides what its block lists, a call that returns a status may return TURDB_MISUSE (a NULL or
 *              closed handle, another thread inside, a child after fork), TURDB_NO_MEMORY and TURDB_INTERNAL. A
 *              statement that fails so has changed nothing.
 *   Cursors.   A statement that stands on a row, or has more to give, is a cursor. COMMIT keeps it: it goes on
 *              with the rows it would have given. ROLLBACK ends it: its next step is TURDB_ERROR (24000).
 *              ROLLBACK TO ends those that began after the savepoint. [C-CURSOR-1]
 *   Since.     0.1 for every symbol, unless its block says otherwise. All are stable from 1.0 on.
 *
 * Doc blocks: one sentence; parameters with units; Returns; Ownership; Threads (where other than the handle's
 * tag); Since (where later than 0.1).
 */
#ifndef TURDB_H_
#define TURDB_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define TURDB_API __declspec(dllimport)
#elif defined(__GNUC__)
#define TURDB_API __attribute__((visibility("default")))
#else
#define TURDB_API
#endif

/* ---- Version ------------------------------------------------------------------------------------- */

#define TURDB_VERSION_MAJOR 0
#define TURDB_VERSION_MINOR 1
#define TURDB_VERSION_PATCH 0
/* major * 1,000,000 + minor * 1,000 + patch */
#define TURDB_VERSION_NUMBER 1000
#define TURDB_VERSION "0.1.0"

/* TURDB_VERSION of the library that is loaded. Returns text in static storage. Threads: any. */
TURDB_API const char* turdb_version(void);
/* TURDB_VERSION_NUMBER of the library that is loaded. Threads: any. */
TURDB_API int64_t turdb_version_number(void);
/* Identifies the source that the library was built from. Returns text in static storage, "unknown" when the
 * build did not say. Threads: any. */
TURDB_API const char* turdb_source_id(void);

/* ---- Status -------------------------------------------------------------------------------------- */

typedef int32_t turdb_status;

enum {
  TURDB_OK = 0,
  /* Outcomes of turdb_stmt_step; never errors. */
  TURDB_ROW = 100,
  TURDB_DONE = 101,
  /* Errors. turdb_error_sqlstate says more exactly which. */
  TURDB_ERROR = -1,        /* SQL that is wrong or cannot be run: syntax, names, types */
  TURDB_MISUSE = -2,       /* the interface was used wrongly: a NULL handle, a closed parent, a second thread */
  TURDB_CONSTRAINT = -3,   /* unique, primary key, not null, check */
  TURDB_DATA = -4,         /* a value that does not fit: overflow, invalid text for a type, division by zero */
  TURDB_CONFLICT = -5,     /* serialization failure or deadlock: roll back and run the transaction again */
  TURDB_BUSY = -6,         /* busy_timeout passed while waiting for another transaction or process */
  TURDB_LOCKED = -7,       /* another process has the database open */
  TURDB_INTERRUPTED = -8,  /* turdb_conn_interrupt, or a timeout */
  TURDB_READ_ONLY = -9,    /* a change on a read-only database or transaction */
  TURDB_IO = -10,          /* the file system failed, or a stream of the host */
  TURDB_FULL = -11,        /* the disk, or a quota, is full */
  TURDB_CORRUPT = -12,     /* a file is damaged, or not TurDB's */
  TURDB_NO_MEMORY = -13,   /* memory_limit, or the machine, has no more; the statement was rolled back */
  TURDB_LIMIT = -14,       /* a documented limit of size, depth or count */
  TURDB_UNSUPPORTED = -15, /* valid, but not in this version */
  TURDB_NOT_FOUND = -16,   /* no such option, parameter or file */
  TURDB_INTERNAL = -17     /* a bug in TurDB; please report it */
};

/* Name of a status ("TURDB_CONFLICT"). Returns text in static storage, "TURDB_UNKNOWN" for a number that is no
 * status. Threads: any. */
TURDB_API const char* turdb_status_name(turdb_status status);

/* ---- Handles ------------------------------------------------------------------------------------- */

typedef struct turdb_db turdb_db;               /* an open database; any thread */
typedef struct turdb_conn turdb_conn;           /* a session with a transaction of its own; one thread at a time */
typedef struct turdb_stmt turdb_stmt;           /* a prepared statement; one thread at a time */
typedef struct turdb_backup turdb_backup;       /* a copy being made of a database; one thread at a time */
typedef struct turdb_result turdb_result;       /* one execution, read as Arrow batches; one thread at a time */
typedef struct turdb_appender turdb_appender;   /* rows on their way into a table; one thread at a time */
typedef struct turdb_interrupt turdb_interrupt; /* says stop to a connection; any thread */
typedef struct turdb_blob turdb_blob;           /* one long value, read and written in pieces; one thread at a time */
typedef struct turdb_snapshot turdb_snapshot;   /* a state of the database, to begin transactions at; any thread */
typedef struct turdb_change turdb_change;       /* rows that a statement changes, during the call that tells of them */
typedef struct turdb_trace turdb_trace;         /* a statement that begins or ends, during the call that tells of it */
typedef struct turdb_options turdb_options;     /* settings for opening; one thread at a time */
typedef struct turdb_error turdb_error;         /* what went wrong; immutable */

#define TURDB_NUL_TERMINATED ((int64_t)-1)

/* ---- Errors -------------------------------------------------------------------------------------- */

/* The status that the failed call returned. TURDB_OK for NULL. */
TURDB_API turdb_status turdb_error_status(const turdb_error* error);
/* Five characters as in PostgreSQL's appendix A ("23505"). Borrowed until the error is freed. */
TURDB_API const char* turdb_error_sqlstate(const turdb_error* error);
/* What failed, on which resource, and why. UTF-8, borrowed until the error is freed. */
TURDB_API const char* turdb_error_message(const turdb_error* error);
/* What to do about it, or NULL. Borrowed until the error is freed. */
TURDB_API const char* turdb_error_hint(const turdb_error* error);
/* Byte offset into the SQL text, or -1 when there is none. */
TURDB_API int64_t turdb_error_position(const turdb_error* error);
/* Context, outermost first: "inserting into root.users", "splitting leaf page 812 of users.tbd". */
TURDB_API int64_t turdb_error_frame_count(const turdb_error* error);
/* Frame `index`, from 0; NULL outside the range. Borrowed until the error is freed. */
TURDB_API const char* turdb_error_frame(const turdb_error* error, int64_t index);
/* Whether running the whole transaction again can succeed. */
TURDB_API bool turdb_error_can_retry(const turdb_error* error);
/* Frees an error. NULL is fine. Threads: any. */
TURDB_API void turdb_error_free(turdb_error* error);

/* ---- Options ------------------------------------------------------------------------------------- */

/*
 * Settings for turdb_db_open: a typed, string-keyed table. turdb_options_key lists all keys;
 * docs/settings.md describes them. Values are text: integers in decimal, sizes in bytes with an optional
 * KB, MB or GB, booleans true or false.
 *
 *   memory_limit       bytes for everything the database allocates; default a quarter of the machine;
 *                      at least 1 MB
 *   page_cache_bytes   bytes of page frames; default half of memory_limit; at least 512 KB
 *   wal_limit_bytes    how far checkpoints may lag behind the log; default 256 MB
 *   synchronous        full (default: a commit that returned survives power loss) | normal (survives a crash
 *                      of the process) | off
 *   busy_timeout       milliseconds a statement waits for another transaction's row; default 5000
 *   statement_timeout  milliseconds a statement may take from its first step on, or a number with a unit (ms, s,
 *                      min, h, d); default 0: as long as it needs
 *   threads            worker threads of one statement, and whether there are background threads at all
 *                      (1: none); default the number of cores
 *   read_only          true: refuse every change, share the database with other read-only openers
 *   create             false: fail when the database does not exist; default true
 *   temp_directory     where statements spill; default: inside the database directory
 *   statement_cache_size  compiled statements that a connection keeps, so that preparing the same text again need not
 *                      compile it (turdb_stmt_prepare); default 0: none
 */

/* A new, empty set of options. Returns TURDB_OK. Caller owns *out, free with turdb_options_free. Threads: any. */
TURDB_API turdb_status turdb_options_new(turdb_options** out, turdb_error** error);
/* Sets one option for databases that are opened with `options` later.
 *   key, value   NUL-terminated; copied before return.
 * Returns TURDB_OK; TURDB_NOT_FOUND for a key that does not exist (the hint names the nearest); TURDB_DATA for a
 * value that does not fit. On failure the option is as it was. */
TURDB_API turdb_status turdb_options_set(turdb_options* options, const char* key, const char* value, turdb_error** error);
/* Key `index`, from 0 in alphabetical order. Returns text in static storage, NULL past the last. Threads: any. */
TURDB_API const char* turdb_options_key(int64_t index);
/* One sentence on `key`, with units and default. Returns text in static storage, NULL for a key that does not
 * exist. Threads: any. */
TURDB_API const char* turdb_options_describe(const char* key);
/* Frees options. NULL is fine; databases opened with them are not affected. Threads: any. */
TURDB_API void turdb_options_free(turdb_options* options);

/* ---- Database ------------------------------------------------------------------------------------ */

/*
 * Opens the database in directory `path`, creating it when it does not exist; ":memory:" opens a new
 * database in memory that ends with its last handle.
 *   path     NUL-terminated UTF-8; copied before return.
 *   options  may be NULL; copied before return.
 * The same directory opened twice in one process gives the same database; options that differ are an
 * error that names them. [C-OPEN-1] After a crash, opening repairs the database: every commit that
 * returned is there and nothing else. [C-OPEN-2] While another thread closes the database of that directory, opening
 * waits for it, for busy_timeout at most. [C-OPEN-3]
 * Returns TURDB_OK; TURDB_LOCKED when another process has it open (the message names its pid); TURDB_CORRUPT
 * for a file that is damaged or foreign, TURDB_UNSUPPORTED for one of a newer format (nothing is written in
 * either case); TURDB_IO or TURDB_FULL from the file system; TURDB_NOT_FOUND with create = false; TURDB_READ_ONLY
 * when read_only meets a database that needs recovery; TURDB_BUSY (55006) when closing it takes longer; TURDB_ERROR (25001) for
 * options that differ from those it is open with; TURDB_DATA (22023) for options that contradict each other. Caller owns *out,
 * free with turdb_db_free. Threads: any.
 */
TURDB_API turdb_status turdb_db_open(const char* path, const turdb_options* options, turdb_db** out, turdb_error** error);
/*
 * Ends the database now: interrupts its statements, rolls back open transactions, writes back, unlocks.
 * Handles of it that are still there return TURDB_MISUSE from then on and must still be freed. [C-CLOSE-1]
 * Returns TURDB_OK; TURDB_IO or TURDB_FULL when the last write-back failed (nothing that was committed is
 * lost: the next open repeats it); TURDB_MISUSE also in a callback of the database itself. Closing twice is fine.
 * Ownership: the handle is still to be freed. Threads: any; waits for calls that are running.
 */
TURDB_API turdb_status turdb_db_close(turdb_db* db, turdb_error** error);
/* Gives up the handle. NULL is fine. The last handle of a database closes it; errors of that close are not
 * reported, so call turdb_db_close first to see them. Threads: any. */
TURDB_API void turdb_db_free(turdb_db* db);
/* Verifies every page, tree and index. Best done while nobody writes: a page that is just being merged with another can be
 * reported although nothing is wrong with it.
 *   visit, user_data   visit, when not NULL, is called on this thread with each problem (UTF-8, valid during the
 *                      call) and user_data; it may not use the database.
 *   out                receives the number of problems found, 0 for a sound database.
 * Returns TURDB_OK when the check ran to its end, whatever it found; TURDB_IO. */
TURDB_API turdb_status turdb_db_check(turdb_db* db, void (*visit)(void* user_data, const char* problem), void* user_data,
                                      int64_t* out, turdb_error** error);
/* Writes back what the log holds, so that the next open has little to do. Returns TURDB_OK; TURDB_IO, TURDB_FULL;
 * TURDB_READ_ONLY. */
TURDB_API turdb_status turdb_db_checkpoint(turdb_db* db, turdb_error** error);
/* Bytes of memory that the database holds now, counted against memory_limit. Returns 0 for NULL. */
TURDB_API int64_t turdb_db_memory_used(const turdb_db* db);
/* The most bytes that the database has held since it was opened. Returns 0 for NULL. */
TURDB_API int64_t turdb_db_memory_peak(const turdb_db* db);

/* ---- Metrics and log ------------------------------------------------------------------------------ */

/*
 * What a database counts and measures, by name; turdb_catalog.metrics has the same as rows. [C-METRIC-1] docs/metrics.md
 * describes them. Names are stable; versions to come have more of them. Counters grow from 0 while the database is open,
 * [C-METRIC-2] the others are measures of now. They are read while others work, so two of them need not be of one moment.
 */
/* Name `index`, from 0 in alphabetical order. Returns text in static storage, NULL past the last. Threads: any. */
TURDB_API const char* turdb_metric_name(int64_t index);
/* One sentence on a metric, with units. Returns text in static storage, NULL for a name that does not exist. Threads: any. */
TURDB_API const char* turdb_metric_describe(const char* name);
/* Whether a metric is a counter. Returns false for a name that does not exist. Threads: any. */
TURDB_API bool turdb_metric_is_counter(const char* name);
/* The value of a metric.
 *   name   NUL-terminated
 * Returns TURDB_OK; TURDB_NOT_FOUND for a name that does not exist. Threads: any, also while statements run. */
TURDB_API turdb_status turdb_db_metric(turdb_db* db, const char* name, int64_t* out, turdb_error** error);

/* How important a message is. */
enum {
  TURDB_LOG_ERROR = 1,   /* something is damaged, or cannot be written any more */
  TURDB_LOG_WARNING = 2, /* deadlocks; memory or the disk is short */
  TURDB_LOG_INFO = 3,    /* the database was opened, as it was found; it was closed */
  TURDB_LOG_DEBUG = 4    /* checkpoints */
};
/* Told what happens to a database besides what calls return. On any thread, perhaps on several at once; with no lock held. It
 * may use the database, but not close it.
 *   level     TURDB_LOG_*
 *   message   UTF-8 for people, NUL-terminated; valid during the call */
typedef void (*turdb_log)(void* user_data, int32_t level, const char* message);
/*
 * Sets the log of a database or, with NULL, takes it away. What happened before the first log was set, such as what opening
 * found, is told before this returns. [C-LOG-1] Whoever opens the same directory again shares the log.
 *   level     the least important that is told, TURDB_LOG_*. [C-LOG-2]
 *   destroy   may be NULL; called with user_data exactly once, when the log is replaced, taken away or the database is closed
 *             and no message is on its way, also when this fails. [C-LOG-3]
 * Returns TURDB_OK; TURDB_MISUSE also for another level. Threads: any.
 */
TURDB_API turdb_status turdb_db_set_log(turdb_db* db, int32_t level, turdb_log log, void* user_data,
                                        void (*destroy)(void* user_data), turdb_error** error);

/* ---- Memory of the host --------------------------------------------------------------------------- */

/* `size_bytes` bytes, aligned to `alignment`, a power of two; NULL when there are none. */
typedef void* (*turdb_allocate)(void* user_data, int64_t size_bytes, int64_t alignment);
/* Gives back what turdb_allocate gave, perhaps on another thread. */
typedef void (*turdb_release)(void* user_data, void* memory);
/*
 * Makes this process's databases take the memory of plans, hash tables, sorts, windows and Arrow batches from the host instead
 * of the library's own allocator. [C-ALLOCATOR-1] Pages of the cache, the log's buffer and old versions of rows come from the
 * operating system, small objects from operator new. memory_limit counts as before. What it does not give is TURDB_NO_MEMORY.
 * [C-ALLOCATOR-2] The functions are called on any thread, several at once, with locks held: they may not call TurDB.
 * Returns TURDB_OK; TURDB_MISUSE for a NULL function, and once memory was allocated or this was called: before the first
 * database is opened is the time. [C-ALLOCATOR-3] Threads: any.
 */
TURDB_API turdb_status turdb_set_allocator(turdb_allocate allocate, turdb_release release, void* user_data,
                                           turdb_error** error);

/* ---- Backup --------------------------------------------------------------------------------------- */

/*
 * Begins a copy of `db` into the directory `path`, which becomes a database of its own. Everybody may go on reading and
 * writing, schema changes included. The copy holds what was committed before its last step began, and is all or nothing:
 * [C-BACKUP-1] a backup that fails, is freed early or whose database is closed removes what it made. To restore, open the
 * copy, or put it where the database was.
 *   path  NUL-terminated UTF-8; copied before return. The directory is made; it must not exist, or be empty. The copy of a
 *         database in memory goes among the machine's files too.
 * The log is kept while the backup runs, and may outgrow wal_limit_bytes. Memory: 256 KiB until the last step; that opens the
 * copy once, to replay the log, with a quarter of memory_limit, at most 64 MB, on top.
 * Returns TURDB_OK; TURDB_IO (SQLSTATE 58P02) when the directory holds something; TURDB_MISUSE when it lies inside the
 * database; TURDB_IO or TURDB_FULL from the file system; TURDB_NO_MEMORY. Caller owns *out, free with turdb_backup_free.
 * Threads: any. Since 0.1.
 */
TURDB_API turdb_status turdb_backup_open(turdb_db* db, const char* path, turdb_backup** out, turdb_error** error);
/*
 * Copies up to `pages` pages of 16 KiB more. Steps may be as far apart as you like.
 *   pages  at least 1; INT64_MAX copies all the rest.
 * Returns TURDB_DONE when the copy is complete and durable; TURDB_OK when there is more to do; TURDB_CORRUPT for a page of the
 * database that is damaged (a damaged database is not backed up); TURDB_IO, TURDB_FULL, TURDB_NO_MEMORY; TURDB_MISUSE after a
 * step that failed, and when the database was closed. Threads: one at a time.
 */
TURDB_API turdb_status turdb_backup_step(turdb_backup* backup, int64_t pages, turdb_error** error);
/* Pages that the copy will have, as far as is known now: files may grow and shrink meanwhile. Returns 0 for NULL. */
TURDB_API int64_t turdb_backup_pages_total(const turdb_backup* backup);
/* Pages copied so far. Returns 0 for NULL. */
TURDB_API int64_t turdb_backup_pages_done(const turdb_backup* backup);
/* Ends the backup. What it made stays if a step has returned TURDB_DONE. NULL is fine. Threads: any. */
TURDB_API void turdb_backup_free(turdb_backup* backup);

/*
 * Makes a new database in the directory `target` of what can be read of the damaged one in `path`: definitions, then every row
 * of every page that is sound, then indexes, foreign keys and views. The damaged database is only read; a copy of it is
 * salvaged, "<target>.salvage", which goes afterwards. What was committed and is intact is in the new database; where the log
 * is damaged, changes of transactions that had not committed may be in it, too.
 *   path, target       NUL-terminated UTF-8; copied before return. `target` must not exist, or be empty.
 *   visit, user_data   visit, when not NULL, is called on this thread with each thing that was lost (UTF-8, valid during the
 *                      call) and user_data.
 *   out_rows           when not NULL, receives the number of rows saved.
 *   out_lost           when not NULL, receives how often visit was called, or would have been.
 * Memory: 128 MB. Returns TURDB_OK when the new database was made, whatever was lost; TURDB_CORRUPT when not even the catalog
 * can be read; TURDB_LOCKED while somebody has the database open for writing; TURDB_NOT_FOUND when there is none; TURDB_IO,
 * also when `target` holds something; TURDB_FULL. On failure nothing is left in `target`. Threads: any. Since 0.1.
 */
TURDB_API turdb_status turdb_db_recover(const char* path, const char* target, void (*visit)(void* user_data, const char* lost),
                                        void* user_data, int64_t* out_rows, int64_t* out_lost, turdb_error** error);

/* ---- Connection ---------------------------------------------------------------------------------- */

/* A new session. Returns TURDB_OK. Caller owns *out, free with turdb_conn_free. Threads: any. */
TURDB_API turdb_status turdb_conn_open(turdb_db* db, turdb_conn** out, turdb_error** error);
/* Ends the session now: rolls back its transaction; its statements return TURDB_MISUSE from then on and must still
 * be freed. Returns TURDB_OK. Closing twice is fine. Ownership: the handle is still to be freed. */
TURDB_API turdb_status turdb_conn_close(turdb_conn* conn, turdb_error** error);
/* Gives up the handle. NULL is fine. The session ends when its last statement is freed too. Threads: any. */
TURDB_API void turdb_conn_free(turdb_conn* conn);

/*
 * Runs every statement of `sql`, in order, and drops their rows. Stops at the first error; what ran before
 * it stays as its transaction decides. [C-EXEC-1]
 *   sql, size_bytes   UTF-8, not kept; TURDB_NUL_TERMINATED is fine. Parameters in it are NULL.
 * Returns TURDB_OK, or what turdb_stmt_prepare or turdb_stmt_step returned for the first statement that failed; the
 * error's position counts from the start of `sql`.
 */
TURDB_API turdb_status turdb_conn_exec(turdb_conn* conn, const char* sql, int64_t size_bytes, turdb_error** error);

/* BEGIN without SQL. Returns TURDB_OK; TURDB_ERROR (25001) inside a transaction. [C-TXN-1] */
TURDB_API turdb_status turdb_conn_begin(turdb_conn* conn, turdb_error** error);
/* COMMIT without SQL. Returns TURDB_OK once it is as durable as `synchronous` says; TURDB_ERROR (25P01) outside a
 * transaction; TURDB_CONFLICT; TURDB_IO or TURDB_FULL when the log could not be written (opening the database again
 * shows the outcome). A commit that failed has ended the transaction. */
TURDB_API turdb_status turdb_conn_commit(turdb_conn* conn, turdb_error** error);
/* ROLLBACK without SQL. Returns TURDB_OK; TURDB_ERROR (25P01) outside a transaction; TURDB_IO. */
TURDB_API turdb_status turdb_conn_rollback(turdb_conn* conn, turdb_error** error);
/* SAVEPOINT without SQL.
 *   name   NUL-terminated, taken as it is (no folding to lower case); copied before return. Names may repeat: the
 *          newest counts.
 * Returns TURDB_OK; TURDB_ERROR (25P01) outside a transaction. */
TURDB_API turdb_status turdb_conn_savepoint(turdb_conn* conn, const char* name, turdb_error** error);
/* Undoes what was done since the savepoint, which stays. Returns TURDB_OK; TURDB_ERROR (3B001 for a name that does not
 * exist, 25P01); TURDB_IO when undoing failed: then only ROLLBACK is left. */
TURDB_API turdb_status turdb_conn_rollback_to(turdb_conn* conn, const char* name, turdb_error** error);
/* Drops the savepoint and those after it, and keeps their changes. Returns TURDB_OK; TURDB_ERROR (3B001, 25P01). */
TURDB_API turdb_status turdb_conn_release(turdb_conn* conn, const char* name, turdb_error** error);
/*
 * The state of the database that the connection's transaction sees, without its own changes; outside a transaction, what is
 * committed now. Others can begin transactions that see the same, as long as the snapshot lives, whatever is committed
 * meanwhile: to read on several connections at once, or once more. [C-SNAPSHOT-1] It keeps old versions of rows, as an open
 * transaction does.
 * Returns TURDB_OK; TURDB_ERROR (25P02) in a transaction that can only be rolled back. Caller owns *out, free with
 * turdb_snapshot_free.
 */
TURDB_API turdb_status turdb_snapshot_open(turdb_conn* conn, turdb_snapshot** out, turdb_error** error);
/*
 * BEGIN of a transaction that sees what `snapshot` shows, schema included. It may write: what others have changed since is
 * TURDB_CONFLICT. [C-SNAPSHOT-2] Its isolation is that of snapshots, whatever default_transaction_isolation says. The snapshot
 * may be freed while the transaction goes on. [C-SNAPSHOT-3]
 * Returns TURDB_OK; TURDB_ERROR (25001) inside a transaction; TURDB_MISUSE also for a snapshot of another database.
 */
TURDB_API turdb_status turdb_conn_begin_at(turdb_conn* conn, const turdb_snapshot* snapshot, turdb_error** error);
/* Frees a snapshot. NULL is fine. Threads: any. */
TURDB_API void turdb_snapshot_free(turdb_snapshot* snapshot);
/* Whether no transaction is open, so that each statement commits by itself. Returns true for NULL. */
TURDB_API bool turdb_conn_in_autocommit(const turdb_conn* conn);

/* Rows inserted, updated or deleted by the last changing statement that succeeded on this connection. Returns 0 for
 * NULL. */
TURDB_API int64_t turdb_conn_changes(const turdb_conn* conn);
/* The same, summed since the connection was opened; what was rolled back counts. Returns 0 for NULL. */
TURDB_API int64_t turdb_conn_total_changes(const turdb_conn* conn);
/* The last integer primary key or rowid that an INSERT of this connection was given. Returns 0 before the first and
 * for NULL. */
TURDB_API int64_t turdb_conn_last_insert_id(const turdb_conn* conn);

/* Stops the statements that the connection is running, cursors included: their step returns TURDB_INTERRUPTED and
 * they are rolled back. A connection that runs nothing is not affected, nor is a statement that begins later.
 * [C-INTERRUPT-1] NULL is fine. Threads: any, while the connection is busy. */
TURDB_API void turdb_conn_interrupt(turdb_conn* conn);

/*
 * Calls `progress` while a statement reads or changes rows, builds an index, sleeps or waits for a lock, on the thread that
 * runs it and with no latch held; when it returns true the statement is interrupted. [C-PROGRESS-1]
 *   interval_ms           about how many milliseconds lie between two calls; at least 1
 *   progress, user_data   NULL removes it. It may not use the connection, and user_data must live as long as it is set.
 * Returns TURDB_OK; TURDB_MISUSE also for an interval below 1.
 */
TURDB_API turdb_status turdb_conn_set_progress(turdb_conn* conn, int64_t interval_ms, bool (*progress)(void* user_data),
                                               void* user_data, turdb_error** error);

/* ---- Statements ---------------------------------------------------------------------------------- */

/*
 * Compiles the first statement of `sql`.
 *   sql, size_bytes  UTF-8; copied before return. TURDB_NUL_TERMINATED is fine.
 *   tail             may be NULL; receives the byte offset just behind the statement, so that the rest can be
 *                    prepared next. Text that holds only space and comments gives *out = NULL and TURDB_OK.
 * A statement stays valid while tables change: it is compiled again when it must be. [C-PREPARE-1] With the setting
 * statement_cache_size a connection keeps what it has compiled last, and the same text is not compiled again until a schema, a
 * setting, a limit, a function or what is registered changes, turdb_conn_exec's included. [C-PREPARE-2] While an authorizer is
 * set it is, and so is what reads tables that are registered or found by replacement scans.
 * Returns TURDB_OK; TURDB_ERROR, TURDB_UNSUPPORTED, TURDB_LIMIT, TURDB_DATA (a literal, or text that is not UTF-8),
 * mostly with a position in the text; TURDB_IO and TURDB_CORRUPT from reading the catalog.
 * Caller owns *out, free with turdb_stmt_free.
 */
TURDB_API turdb_status turdb_stmt_prepare(turdb_conn* conn, const char* sql, int64_t size_bytes, int64_t* tail,
                                          turdb_stmt** out, turdb_error** error);
/*
 * Runs the statement up to its next row. TURDB_ROW: the columns hold it. TURDB_DONE: no more rows; the
 * statement has finished, and outside a transaction it has committed. Anything else: it failed and was
 * rolled back whole; an open transaction lives on. [C-STEP-1] A statement that changes data does all its
 * changes in the first step. [C-STEP-2] After TURDB_DONE or an error, the next step runs it again from the
 * start with the same parameters. [C-STEP-3]
 * Returns TURDB_ROW, TURDB_DONE, or any error of the list above but TURDB_LOCKED. Ownership: values of the row are
 * borrowed until the next step, reset or free of the statement, or the end of its transaction.
 */
TURDB_API turdb_status turdb_stmt_step(turdb_stmt* stmt, turdb_error** error);
/* Ends the current execution; the next step starts a new one. Parameters stay bound. Returns TURDB_OK. */
TURDB_API turdb_status turdb_stmt_reset(turdb_stmt* stmt, turdb_error** error);
/* Binds NULL to every parameter. Returns TURDB_OK; TURDB_MISUSE also in the middle of its rows (reset it first). */
TURDB_API turdb_status turdb_stmt_clear_bindings(turdb_stmt* stmt, turdb_error** error);
/* Ends the execution and frees the statement. NULL is fine. Threads: any; on a busy connection it is done when the call
 * that runs returns. */
TURDB_API void turdb_stmt_free(turdb_stmt* stmt);
/* The statement's text, without its tail. Returns NULL for NULL. Borrowed until the statement is freed. */
TURDB_API const char* turdb_stmt_sql(const turdb_stmt* stmt);
/* Whether the statement cannot change the database. Returns false for NULL. */
TURDB_API bool turdb_stmt_is_read_only(const turdb_stmt* stmt);

/* ---- Parameters ---------------------------------------------------------------------------------- */

/* Number of the highest parameter; parameters count from 1. Returns 0 for a statement without any and for NULL. */
TURDB_API int64_t turdb_stmt_parameter_count(const turdb_stmt* stmt);
/* Name of a parameter with its first character (":id"). Returns NULL for one without a name and for an index outside
 * 1..count. Borrowed until the statement is freed. */
TURDB_API const char* turdb_stmt_parameter_name(const turdb_stmt* stmt, int64_t index);
/* Index of a named parameter.
 *   name   NUL-terminated, with or without its first character.
 * Returns 0 when there is none. */
TURDB_API int64_t turdb_stmt_parameter_index(const turdb_stmt* stmt, const char* name);

/*
 * Binding. Values are copied before return unless said otherwise. A value whose type is not the
 * parameter's converts when nothing is lost. Otherwise a comparison takes it as it is, and where it is stored it is cast
 * by assignment, as a value that SQL computes is (2.5 into an integer column stores 2); or the step fails with TURDB_DATA or
 * TURDB_ERROR (42804).
 *   index   from 1
 * Return TURDB_OK; TURDB_NOT_FOUND for an index outside 1..count; TURDB_DATA for a value outside its type's range or
 * text that is not UTF-8; TURDB_MISUSE also for a statement in the middle of its rows (reset it first) and for a
 * negative size other than TURDB_NUL_TERMINATED.
 */
TURDB_API turdb_status turdb_stmt_bind_null(turdb_stmt* stmt, int64_t index, turdb_error** error);
TURDB_API turdb_status turdb_stmt_bind_bool(turdb_stmt* stmt, int64_t index, bool value, turdb_error** error);
TURDB_API turdb_status turdb_stmt_bind_int64(turdb_stmt* stmt, int64_t index, int64_t value, turdb_error** error);
TURDB_API turdb_status turdb_stmt_bind_uint64(turdb_stmt* stmt, int64_t index, uint64_t value, turdb_error** error);
TURDB_API turdb_status turdb_stmt_bind_double(turdb_stmt* stmt, int64_t index, double value, turdb_error** error);
/* `data` NULL binds NULL; a blob's size must be 0 then. */
TURDB_API turdb_status turdb_stmt_bind_text(turdb_stmt* stmt, int64_t index, const char* data, int64_t size_bytes,
                                            turdb_error** error);
TURDB_API turdb_status turdb_stmt_bind_blob(turdb_stmt* stmt, int64_t index, const void* data, int64_t size_bytes,
                                            turdb_error** error);
/* Text and bytes that need not be copied: `data` must stay as it is until the parameter is bound again or the
 * statement is freed. TurDB may copy all the same, and this version does. */
TURDB_API turdb_status turdb_stmt_bind_text_static(turdb_stmt* stmt, int64_t index, const char* data, int64_t size_bytes,
                                                   turdb_error** error);
TURDB_API turdb_status turdb_stmt_bind_blob_static(turdb_stmt* stmt, int64_t index, const void* data, int64_t size_bytes,
                                                   turdb_error** error);
/* Days since 1970-01-01, from 4714-11-24 BC to 5874897-12-31; INT32_MAX and INT32_MIN are the infinities. Here and
 * below another value is an error of SQLSTATE 22008. */
TURDB_API turdb_status turdb_stmt_bind_date(turdb_stmt* stmt, int64_t index, int32_t days, turdb_error** error);
/* Microseconds since midnight. */
TURDB_API turdb_status turdb_stmt_bind_time(turdb_stmt* stmt, int64_t index, int64_t micros, turdb_error** error);
/* Microseconds since 1970-01-01 00:00:00, without a zone, from 4714-11-24 BC on; INT64_MAX and INT64_MIN are the
 * infinities. */
TURDB_API turdb_status turdb_stmt_bind_timestamp(turdb_stmt* stmt, int64_t index, int64_t micros, turdb_error** error);
/* Microseconds since 1970-01-01 00:00:00 UTC. */
TURDB_API turdb_status turdb_stmt_bind_timestamptz(turdb_stmt* stmt, int64_t index, int64_t micros, turdb_error** error);
TURDB_API turdb_status turdb_stmt_bind_interval(turdb_stmt* stmt, int64_t index, int32_t months, int32_t days, int64_t micros,
                                                turdb_error** error);
/* What the elements of a vector are. */
enum {
  TURDB_VECTOR_FLOAT32 = 0, /* IEEE 754 binary32, native byte order: vector(n) */
  TURDB_VECTOR_FLOAT16 = 1, /* IEEE 754 binary16, native byte order: halfvec(n) */
  TURDB_VECTOR_INT8 = 2,    /* signed bytes: vector(n, int8) */
  TURDB_VECTOR_BIT = 3      /* eight to a byte, the first lowest, zeros behind the last: vector(n, bit) */
};
/* A vector of `dimensions` elements (1 to 65,535), which lie one after the other at `data`, aligned or not; copied before
 * return. NULL and 0 bind NULL. SQLSTATE 22000 for an element that is NaN or an infinity, and for a set bit behind the
 * last. */
TURDB_API turdb_status turdb_stmt_bind_vector(turdb_stmt* stmt, int64_t index, const void* data, int64_t dimensions,
                                              int32_t element, turdb_error** error);
/* The 16 bytes of a UUID in the order they are written. */
TURDB_API turdb_status turdb_stmt_bind_uuid(turdb_stmt* stmt, int64_t index, const uint8_t* data, int64_t size_bytes,
                                            turdb_error** error);
/* A decimal number as text ("-12.50"); exact. */
TURDB_API turdb_status turdb_stmt_bind_decimal(turdb_stmt* stmt, int64_t index, const char* data, int64_t size_bytes,
                                               turdb_error** error);

/* ---- Columns ------------------------------------------------------------------------------------- */

/* Types of columns and values. Values are stable. */
enum {
  TURDB_TYPE_NULL = 0,
  TURDB_TYPE_BOOL = 1,
  TURDB_TYPE_INT8 = 2,
  TURDB_TYPE_INT16 = 3,
  TURDB_TYPE_INT32 = 4,
  TURDB_TYPE_INT64 = 5,
  TURDB_TYPE_INT128 = 6,
  TURDB_TYPE_UINT8 = 7,
  TURDB_TYPE_UINT16 = 8,
  TURDB_TYPE_UINT32 = 9,
  TURDB_TYPE_UINT64 = 10,
  TURDB_TYPE_FLOAT = 12,
  TURDB_TYPE_DOUBLE = 13,
  TURDB_TYPE_DECIMAL = 14,
  TURDB_TYPE_TEXT = 15,
  TURDB_TYPE_BLOB = 16,
  TURDB_TYPE_DATE = 17,
  TURDB_TYPE_TIME = 18,
  TURDB_TYPE_TIMESTAMP = 19,
  TURDB_TYPE_TIMESTAMPTZ = 20,
  TURDB_TYPE_INTERVAL = 21,
  TURDB_TYPE_UUID = 22,
  TURDB_TYPE_ANY = 23,
  TURDB_TYPE_ENUM = 24,    /* a label of a type of CREATE TYPE ... AS ENUM; read and bound as text */
  TURDB_TYPE_JSON = 25,    /* read and bound as text */
  TURDB_TYPE_JSONB = 26,   /* read and bound as text */
  TURDB_TYPE_ARRAY = 27,   /* read and bound as text: {1,2,NULL} */
  TURDB_TYPE_STRUCT = 28,  /* composite types, rows, STRUCT; read and bound as text: (1,"a b",) */
  TURDB_TYPE_MAP = 29,     /* read and bound as text: {a=1, b=NULL} */
  TURDB_TYPE_INET = 30,    /* read and bound as text */
  TURDB_TYPE_CIDR = 31,    /* read and bound as text */
  TURDB_TYPE_MACADDR = 32, /* read and bound as text */
  TURDB_TYPE_BITS = 33,    /* bit(n) and bit varying(n); read and bound as text: 101 */
  TURDB_TYPE_RANGE = 34,   /* int4range and its like; read and bound as text: [1,5) */
  TURDB_TYPE_VECTOR = 35   /* vector(n) and its kinds: turdb_stmt_column_vector, turdb_stmt_bind_vector; as text: [1,2.5] */
};

/* Number of result columns. Returns 0 for a statement that returns none and for NULL. */
TURDB_API int64_t turdb_stmt_column_count(const turdb_stmt* stmt);
/* Name of column `index`, from 0. Returns NULL outside the range. Borrowed until the statement is freed or compiled
 * again by a step. */
TURDB_API const char* turdb_stmt_column_name(const turdb_stmt* stmt, int64_t index);
/* Type of a column as SQL writes it ("decimal(10,2)"). Returns NULL outside the range. Borrowed likewise. */
TURDB_API const char* turdb_stmt_column_declared_type(const turdb_stmt* stmt, int64_t index);
/* TURDB_TYPE_* of the column. Returns TURDB_TYPE_NULL outside the range. */
TURDB_API int32_t turdb_stmt_column_type(const turdb_stmt* stmt, int64_t index);
/* Whether a column of a result can be NULL. */
enum {
  TURDB_NULLABILITY_UNKNOWN = 0, /* a computed value, of which nothing is known; outside the range */
  TURDB_NOT_NULL = 1, /* it is never NULL: the column of a table is not, and no outer join adds NULLs; count and its like */
  TURDB_NULLABLE = 2  /* it comes from a column of a table, and can be NULL */
};
/* TURDB_NULLABILITY_UNKNOWN, TURDB_NOT_NULL or TURDB_NULLABLE, as the statement was compiled. [C-NULLABILITY-1] */
TURDB_API int32_t turdb_stmt_column_nullability(const turdb_stmt* stmt, int64_t index);

/*
 * Values of the current row, that is after TURDB_ROW and before the next step, reset or free. They cannot fail:
 * a NULL, an index outside the range, or no current row reads as 0, 0.0, false or NULL. [C-COLUMN-1]
 * The types in the names convert as CAST does where that is possible and read as 0 where it is not;
 * _text converts every type to the text that SQL prints. [C-COLUMN-2]
 */
/* TURDB_TYPE_* of the value itself: TURDB_TYPE_NULL for NULL, and for a column of type ANY its value's type. */
TURDB_API int32_t turdb_stmt_value_type(const turdb_stmt* stmt, int64_t index);
TURDB_API bool turdb_stmt_column_is_null(const turdb_stmt* stmt, int64_t index);
TURDB_API bool turdb_stmt_column_bool(const turdb_stmt* stmt, int64_t index);
TURDB_API int64_t turdb_stmt_column_int64(const turdb_stmt* stmt, int64_t index);
TURDB_API uint64_t turdb_stmt_column_uint64(const turdb_stmt* stmt, int64_t index);
TURDB_API double turdb_stmt_column_double(const turdb_stmt* stmt, int64_t index);
/* UTF-8 with a NUL behind it.
 *   size_bytes   may be NULL; receives the size without the NUL.
 * Returns NULL for a NULL, or when there is no memory for the text. Borrowed until the next step, reset or free of the
 * statement, or the end of its transaction (a short text lies in the row, which COMMIT may move). */
TURDB_API const char* turdb_stmt_column_text(turdb_stmt* stmt, int64_t index, int64_t* size_bytes);
/* The bytes of a blob, text or uuid; of other types those of their text. Returns NULL for a NULL. Borrowed until the next
 * step, reset or free of the statement, or the end of its transaction. */
TURDB_API const void* turdb_stmt_column_blob(turdb_stmt* stmt, int64_t index, int64_t* size_bytes);
/* The elements of a vector, as turdb_stmt_bind_vector takes them; not aligned.
 *   out_dimensions, out_element   may be NULL; receive how many there are and what they are, a TURDB_VECTOR_*.
 * Returns NULL, and 0 dimensions, for a NULL and for what is no vector. Borrowed until the next step, reset or free of the
 * statement, or the end of its transaction. */
TURDB_API const void* turdb_stmt_column_vector(turdb_stmt* stmt, int64_t index, int64_t* out_dimensions, int32_t* out_element);
/* Days since 1970-01-01 of a date or timestamp. */
TURDB_API int32_t turdb_stmt_column_date(const turdb_stmt* stmt, int64_t index);
/* Microseconds, as in the bind calls, of a time, timestamp or date. */
TURDB_API int64_t turdb_stmt_column_micros(const turdb_stmt* stmt, int64_t index);
/* Parts of an interval; each out may be NULL. */
TURDB_API void turdb_stmt_column_interval(const turdb_stmt* stmt, int64_t index, int32_t* months, int32_t* days,
                                          int64_t* micros);

/* ---- Packed rows ---------------------------------------------------------------------------------- */

/*
 * Rows in one piece of memory, for callers to whom a call costs much: one call binds a row, one runs a batch of rows,
 * one fetches a batch. There are no pointers in it, so it may lie in memory of a garbage collector. docs/packed.md has
 * examples.
 *
 * A packed row is the packed values of its parameters or columns, in order, without anything before, between or behind
 * them; packed rows follow each other likewise. A packed value is a byte, its TURDB_TYPE_*, and what the type says.
 * Numbers are little-endian, signed ones in two's complement; nothing is aligned. [C-PACKED-1]
 *
 *   NULL                                 nothing
 *   BOOL                                 1 byte: 0 or 1
 *   INT8 INT16 INT32 INT64 INT128        1, 2, 4, 8, 16 bytes
 *   UINT8 UINT16 UINT32 UINT64           1, 2, 4, 8 bytes
 *   FLOAT DOUBLE                         4, 8 bytes, IEEE 754
 *   DATE                                 int32: as turdb_stmt_bind_date
 *   TIME TIMESTAMP TIMESTAMPTZ           int64: microseconds, as in the bind calls
 *   INTERVAL                             int32 months, int32 days, int64 microseconds
 *   UUID                                 16 bytes in the order they are written
 *   TEXT ENUM JSON JSONB                 uint32 size in bytes, then UTF-8 without a NUL
 *   DECIMAL                              uint32 size, then the number as ASCII text ("-12.50", "NaN", "Infinity")
 *   BLOB                                 uint32 size, then the bytes
 *   VECTOR                               uint32 size of what follows; uint8 TURDB_VECTOR_*; the elements, little-endian; of
 *                                        bits then a byte: how many of the last byte's bits are elements, 1 to 8
 *   ARRAY                                uint32 size of what follows; uint8 TURDB_TYPE_* of the elements; uint8 number of
 *                                        dimensions, 0 for the empty array, at most 6; for each dimension int32 lower bound and
 *                                        uint32 length; then the elements, row by row, each a packed value of that type or
 *                                        NULL
 *
 * A value of a column of type ANY has its own type; TURDB_TYPE_ANY itself is never in a packed row. A reader should
 * treat a type that it does not know as TEXT: types that come later are packed as a uint32 size and that many bytes.
 * [C-PACKED-2]
 */

/*
 * Binds every parameter from one packed row; ENUM is bound as text. Converts as the other bind calls do.
 *   data, size_bytes   the row; copied before return. NULL and 0 for a statement without parameters.
 * Returns TURDB_OK; TURDB_DATA, 22P03 for bytes that are no such row, and as in the bind calls; TURDB_MISUSE also in the
 * middle of its rows (reset it first). On failure some parameters may have been bound.
 */
TURDB_API turdb_status turdb_stmt_bind_packed(turdb_stmt* stmt, const uint8_t* data, int64_t size_bytes, turdb_error** error);
/*
 * Runs the statement once for each of `rows` packed rows of parameters, to its end, and drops what it returns. Outside a
 * transaction each run commits by itself. [C-PACKED-3]
 *   data, size_bytes   `rows` packed rows; not kept.
 *   out_rows           may be NULL; receives how many runs succeeded, on failure too.
 * Returns TURDB_OK; what turdb_stmt_bind_packed and turdb_stmt_step return for the first row that failed: the runs before
 * it stay as their transaction decides, and a frame of the error names the row, counted from 1.
 */
TURDB_API turdb_status turdb_stmt_run_packed(turdb_stmt* stmt, const uint8_t* data, int64_t size_bytes, int64_t rows,
                                             int64_t* out_rows, turdb_error** error);
/*
 * Steps the statement up to `max_rows` times and packs the rows into memory of the caller. The statement stands on no row
 * that is there to be read with turdb_stmt_column_* afterwards.
 *   max_rows           at least 1
 *   data, size_bytes   the memory, written up to *out_size_bytes
 *   out_rows           receives the number of rows packed
 *   out_size_bytes     receives the bytes that they take
 * Returns TURDB_ROW when there may be more rows; with *out_rows = 0 the next one needs memory of *out_size_bytes bytes,
 * and comes with the next call. [C-PACKED-4] TURDB_DONE when there are none behind these; otherwise as turdb_stmt_step:
 * rows that were packed before the error are lost.
 */
TURDB_API turdb_status turdb_stmt_fetch_packed(turdb_stmt* stmt, int64_t max_rows, uint8_t* data, int64_t size_bytes,
                                               int64_t* out_rows, int64_t* out_size_bytes, turdb_error** error);

/* ---- Arrow --------------------------------------------------------------------------------------- */

/* The structs of Arrow's C Data and C Stream interfaces, as Arrow publishes them for copying. Who includes Arrow's own
 * headers as well gets them once. */
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema** children;
  struct ArrowSchema* dictionary;
  void (*release)(struct ArrowSchema*);
  void* private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void** buffers;
  struct ArrowArray** children;
  struct ArrowArray* dictionary;
  void (*release)(struct ArrowArray*);
  void* private_data;
};

#endif /* ARROW_C_DATA_INTERFACE */

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream*, struct ArrowSchema* out);
  int (*get_next)(struct ArrowArrayStream*, struct ArrowArray* out);
  const char* (*get_last_error)(struct ArrowArrayStream*);
  void (*release)(struct ArrowArrayStream*);
  void* private_data;
};

#endif /* ARROW_C_STREAM_INTERFACE */

/*
 * Types. Every column is nullable; batches of one result have one schema, with rows or without. [C-ARROW-1]
 *
 *   boolean b | int8 .. int64 c s i l | uint8 .. uint64 C S I L | int128 d:39,0,256 | real f | double g | decimal(p,s) d:p,s |
 *   numeric u (exact, as text) | text, varchar, char u | blob z | date tdD | time ttu | timestamp tsu: |
 *   timestamp with time zone tsu:UTC | interval tin | uuid w:16 with arrow.uuid | json, jsonb u with arrow.json |
 *   enum: dictionary of u with indexes i, all labels in their order | array +l of its element, one dimension |
 *   structs +s of their fields, u (as text) where nobody knows these | maps +m | inet, cidr, macaddr, bits, ranges u (as text)
 * | any: +ud with TURDB_TYPE_* as type codes (decimals, labels, arrays, structs, maps and what is text above in it as text)
 *
 * Where the format does not say the type, the metadata of the field has "turdb:type" (int128, numeric, jsonb), which TurDB
 * reads again. Infinite dates and timestamps are the ends of the numbers' ranges. Arrays of several dimensions cannot be
 * exported (TURDB_UNSUPPORTED). Coming in, TurDB also reads null, half floats, large and view texts and blobs, blobs of a
 * fixed size, dictionaries and run-end encodings of anything, date64, times and timestamps of every unit and zone (what is
 * finer than a microsecond is cut off), durations and all intervals, decimals of every width, large and fixed-size lists,
 * lists in lists (as arrays of several dimensions), dense and sparse unions (as any). Structs and maps are what they are in
 * tables that are registered or found, and where a column or parameter takes one; structs for others, in unions, and those
 * whose fields have no names of their own are json. [C-ARROW-5] Other formats are TURDB_UNSUPPORTED, naming the column and the
 * format; lengths, offsets, indexes and texts are checked before they are used, and what is wrong is TURDB_DATA. [C-ARROW-2]
 */

/* How values become Arrow's; flags may be combined. */
enum {
  TURDB_ARROW_DEFAULT = 0,
  TURDB_ARROW_STRING_VIEWS = 1,      /* texts and blobs as views (vu, vz) */
  TURDB_ARROW_NUMERIC_AS_DOUBLE = 2, /* numeric without precision rounded to float64 (g) */
  TURDB_ARROW_ANY_AS_TEXT = 4        /* columns of type any as text (u) */
};

/*
 * The schema of the statement's result, without running it: a struct with a child a column; no children for a statement that
 * gives no rows. [C-ARROW-3] Types that depend on those of parameters are what the statement says without them, or what its
 * last run had.
 *   flags   TURDB_ARROW_*
 * Returns TURDB_OK; TURDB_MISUSE also for unknown flags. Caller owns *out, release with out->release. On failure
 * out->release is NULL. Since 0.1.
 */
TURDB_API turdb_status turdb_stmt_result_schema(turdb_stmt* stmt, int64_t flags, struct ArrowSchema* out, turdb_error** error);
/* Likewise of its parameters: children are called as the parameters are, without their first character, or "". The format is
 * n (null) where any type will do. [C-ARROW-4] Returns TURDB_OK. Caller owns *out. Since 0.1. */
TURDB_API turdb_status turdb_stmt_parameter_schema(turdb_stmt* stmt, struct ArrowSchema* out, turdb_error** error);

/*
 * Runs the statement with the values that are bound now, and hands the execution to *out: the statement may be bound, run,
 * reset and freed as if nothing had happened. [C-RESULT-1] A statement that changes data has made all its changes, and
 * outside a transaction committed them, when this returns.
 *   flags   TURDB_ARROW_*
 * Returns TURDB_OK; what turdb_stmt_step returns on failure. Caller owns *out, free with turdb_result_free. Since 0.1.
 */
TURDB_API turdb_status turdb_stmt_execute(turdb_stmt* stmt, int64_t flags, turdb_result** out, turdb_error** error);
/*
 * Binds the rows of `stream`: the next turdb_stmt_execute, which uses them up, runs once for each of them. Its columns are
 * the parameters, by name when each column is called as one of them (with its first character or without), by place
 * otherwise. Rows of all runs follow each other. Changes of all runs are one transaction, or, inside a transaction, all made
 * or none; the rows they give are kept until they are read. [C-BIND-STREAM-1]
 *   stream   taken over, also on failure: stream->release is NULL afterwards. NULL: nothing is bound any more.
 * Returns TURDB_OK; TURDB_DATA or TURDB_UNSUPPORTED for a schema that cannot be read; TURDB_IO (38000) with the stream's own
 * words when it fails. Since 0.1.
 */
TURDB_API turdb_status turdb_stmt_bind_stream(turdb_stmt* stmt, struct ArrowArrayStream* stream, turdb_error** error);

/*
 * Hands the execution that is going on to *out: the statement may be bound, run, reset and freed as if nothing had happened,
 * and the result has the rows that are left. [C-RESULT-4] So what was begun row by row, or packed, is read to its end as Arrow.
 *   flags              TURDB_ARROW_*
 *   data, size_bytes   `rows` packed rows of this execution, as turdb_stmt_fetch_packed gave them, which come first: those
 *                      that were fetched and not used. NULL, 0 and 0 for none. Not kept.
 * A statement that has given all its rows hands over those in `data` and no more. Texts that were borrowed from the statement
 * are gone. Returns TURDB_OK; TURDB_DATA (22P03) for bytes that are no such rows. Caller owns *out, free with
 * turdb_result_free. Since 0.1.
 */
TURDB_API turdb_status turdb_stmt_continue(turdb_stmt* stmt, int64_t flags, const uint8_t* data, int64_t size_bytes,
                                           int64_t rows, turdb_result** out, turdb_error** error);

/* The schema of its batches, the same whenever it is asked for. Returns TURDB_OK. Caller owns *out. Since 0.1. */
TURDB_API turdb_status turdb_result_schema(turdb_result* result, struct ArrowSchema* out, turdb_error** error);
/*
 * The next rows as one batch: a struct array with a child a column. It owns its memory, which is on no budget, and outlives
 * the result, the connection and the database. [C-RESULT-2] The first batch comes as soon as there are some thousand rows;
 * nothing is read ahead.
 *   max_rows   the most rows that it may have (but for kept rows of turdb_stmt_bind_stream, which come as they were kept);
 *              0: as many as suit TurDB
 * Returns TURDB_ROW with a batch of at least one row; TURDB_DONE without (out->release is NULL), then and ever after; what
 * turdb_stmt_step returns on failure. COMMIT keeps the rest of the rows; after ROLLBACK the next call is TURDB_ERROR
 * (24000). [C-RESULT-3] Caller owns *out. Since 0.1.
 */
TURDB_API turdb_status turdb_result_next(turdb_result* result, int64_t max_rows, struct ArrowArray* out, turdb_error** error);
/* Rows that the execution inserted, updated or deleted. Returns 0 for NULL. Since 0.1. */
TURDB_API int64_t turdb_result_changes(const turdb_result* result);
/*
 * Moves what is left of the result into a stream; the result has no more rows then, and is still to be freed. The stream
 * owns the execution. It may be used and released on any thread, one at a time: get_next waits while another thread is
 * inside the connection. [C-STREAM-1] Its errors are errno values with a text; turdb_stream_error has the whole error.
 * Returns TURDB_OK; TURDB_MISUSE also for a result that was moved before. Caller owns *out, release with out->release; on
 * failure out->release is NULL. Since 0.1.
 */
TURDB_API turdb_status turdb_result_stream(turdb_result* result, struct ArrowArrayStream* out, turdb_error** error);
/* Ends the execution, if it was not moved, and frees the result. NULL is fine. Threads: any. Since 0.1. */
TURDB_API void turdb_result_free(turdb_result* result);
/* A copy of the last error of a stream that turdb_result_stream made; NULL when there was none. Returns TURDB_OK;
 * TURDB_MISUSE for a NULL, released or foreign stream. Caller owns *out, free with turdb_error_free. [C-STREAM-2] Since 0.1. */
TURDB_API turdb_status turdb_stream_error(const struct ArrowArrayStream* stream, turdb_error** out);

/* ---- Tables from Arrow ---------------------------------------------------------------------------- */

/*
 * Makes the rows of a stream a table of this connection. Unqualified names in FROM find it before tables and views of that
 * name; what the catalog keeps (views, triggers) never does. [C-SOURCE-1] It can be scanned once: another scan is
 * TURDB_ERROR (24000). [C-SOURCE-2]
 *   name     NUL-terminated UTF-8, taken as it is, and found as names of tables are: exactly, or else the only one that
 *            differs in case. Copied before return. What was registered under it before is so no more; statements that run
 *            keep it.
 *   stream   taken over, also on failure: stream->release is NULL afterwards. It is asked for its schema at once.
 * Returns TURDB_OK; TURDB_DATA or TURDB_UNSUPPORTED for a schema that cannot be read; TURDB_IO (38000) when the stream
 * fails. Since 0.1.
 */
TURDB_API turdb_status turdb_conn_register_stream(turdb_conn* conn, const char* name, struct ArrowArrayStream* stream,
                                                  turdb_error** error);
/* Fills *out with a stream over the rows of a source, from the first one on. Returns 0, or an errno value and perhaps, in
 * *message, a UTF-8 text that lives until the next call. Called on the thread that runs the statement, with no lock held;
 * may not use the connection. */
typedef int32_t (*turdb_source_open)(void* user_data, struct ArrowArrayStream* out, const char** message);
/*
 * The same for rows that can be read as often as wanted: `open` is called at once, for the schema, and then whenever a scan
 * begins. [C-SOURCE-3]
 *   destroy   may be NULL; called exactly once with user_data, when nothing needs it any more, also when this fails. On any
 *             thread; it may not use the connection. [C-SOURCE-4]
 * Returns as turdb_conn_register_stream does. Since 0.1.
 */
TURDB_API turdb_status turdb_conn_register_source(turdb_conn* conn, const char* name, turdb_source_open open, void* user_data,
                                                  void (*destroy)(void* user_data), turdb_error** error);
/* Takes a registered table away; statements that run keep it. Returns TURDB_OK; TURDB_NOT_FOUND. Since 0.1. */
TURDB_API turdb_status turdb_conn_unregister(turdb_conn* conn, const char* name, turdb_error** error);
/* As turdb_source_open for the table called `name`; -1 when there is no such table. */
typedef int32_t (*turdb_source_find)(void* user_data, const char* name, struct ArrowArrayStream* out, const char** message);
/*
 * Replacement scans: `find` is asked for names in FROM that neither the catalog nor turdb_conn_register_* knows, while a
 * statement is compiled and again whenever a scan of it begins. [C-SOURCE-5] A statement that names such a table is compiled
 * again for each run but the first.
 *   find      NULL: nobody is asked any more
 *   destroy   as above
 * Names come as SQL has them: folded to lower case unless they were quoted. Returns TURDB_OK. Since 0.1.
 */
TURDB_API turdb_status turdb_conn_set_replacement(turdb_conn* conn, turdb_source_find find, void* user_data,
                                                  void (*destroy)(void* user_data), turdb_error** error);

/* ---- Appender ------------------------------------------------------------------------------------- */

/*
 * Inserts many rows into one table or view. Rows are collected and flushed together: a flush is one INSERT statement, with
 * defaults, generated columns, checks, foreign keys and triggers, and all of its rows go in or none. [C-APPENDER-1] A flush
 * that fails names the row (counted from 1 over all rows of the appender) in a frame of its error and poisons the appender:
 * from then on all calls but free return TURDB_MISUSE. [C-APPENDER-2] Outside a transaction each flush commits; inside one
 * the rows are part of it. Flushes happen by themselves, every 100,000 rows or 16 MB.
 *   schema   may be NULL: the name is looked up as in SQL
 *   table    NUL-terminated; both are taken as they are and copied before return
 * Returns TURDB_OK; TURDB_ERROR (42P01, 3F000). Caller owns *out, free with turdb_appender_free. Since 0.1.
 */
TURDB_API turdb_status turdb_appender_open(turdb_conn* conn, const char* schema, const char* table, turdb_appender** out,
                                           turdb_error** error);
/* Before the first row: rows have only the columns that were added, in that order; the others get their defaults. Without a
 * call they have all columns that are not generated. [C-APPENDER-3]
 *   name   NUL-terminated, taken as it is; copied before return
 * Returns TURDB_OK; TURDB_ERROR (42703, 42701); TURDB_MISUSE also behind the first value. Since 0.1. */
TURDB_API turdb_status turdb_appender_add_column(turdb_appender* appender, const char* name, turdb_error** error);
/* Number of columns of a row. Returns 0 for NULL. Since 0.1. */
TURDB_API int64_t turdb_appender_column_count(const turdb_appender* appender);
/*
 * The next value of the row. It is cast to the column's type by assignment, as INSERT does.
 * Return TURDB_OK; TURDB_DATA or TURDB_ERROR (42804) for a value that the column cannot take: the row is as it was before
 * the call then; TURDB_MISUSE also for more values than columns. Values are copied before return. Since 0.1.
 */
TURDB_API turdb_status turdb_appender_append_null(turdb_appender* appender, turdb_error** error);
TURDB_API turdb_status turdb_appender_append_bool(turdb_appender* appender, bool value, turdb_error** error);
TURDB_API turdb_status turdb_appender_append_int64(turdb_appender* appender, int64_t value, turdb_error** error);
TURDB_API turdb_status turdb_appender_append_uint64(turdb_appender* appender, uint64_t value, turdb_error** error);
TURDB_API turdb_status turdb_appender_append_double(turdb_appender* appender, double value, turdb_error** error);
/* `data` NULL appends NULL; a blob's size must be 0 then. */
TURDB_API turdb_status turdb_appender_append_text(turdb_appender* appender, const char* data, int64_t size_bytes,
                                                  turdb_error** error);
TURDB_API turdb_status turdb_appender_append_blob(turdb_appender* appender, const void* data, int64_t size_bytes,
                                                  turdb_error** error);
/* Units as in the bind calls. */
TURDB_API turdb_status turdb_appender_append_date(turdb_appender* appender, int32_t days, turdb_error** error);
TURDB_API turdb_status turdb_appender_append_time(turdb_appender* appender, int64_t micros, turdb_error** error);
TURDB_API turdb_status turdb_appender_append_timestamp(turdb_appender* appender, int64_t micros, turdb_error** error);
TURDB_API turdb_status turdb_appender_append_timestamptz(turdb_appender* appender, int64_t micros, turdb_error** error);
TURDB_API turdb_status turdb_appender_append_interval(turdb_appender* appender, int32_t months, int32_t days, int64_t micros,
                                                      turdb_error** error);
TURDB_API turdb_status turdb_appender_append_uuid(turdb_appender* appender, const uint8_t* data, int64_t size_bytes,
                                                  turdb_error** error);
TURDB_API turdb_status turdb_appender_append_decimal(turdb_appender* appender, const char* data, int64_t size_bytes,
                                                     turdb_error** error);
/*
 * Whole rows, packed (see there), a value a column: what turdb_appender_append_* and turdb_appender_end_row do, in one call,
 * and for arrays, vectors and numbers of 128 bits as well.
 *   data, size_bytes   `rows` packed rows; not kept
 *   out_rows           may be NULL; receives how many rows went in, on failure too
 * Returns TURDB_OK; TURDB_DATA or TURDB_ERROR (42804) for a value that its column cannot take, TURDB_DATA (22P03) for bytes
 * that are no such rows: the rows before it are in the appender then, it and those behind it are not; [C-APPENDER-7] what
 * turdb_appender_flush returns; TURDB_MISUSE also in the middle of a row. Since 0.1.
 */
TURDB_API turdb_status turdb_appender_append_packed(turdb_appender* appender, const uint8_t* data, int64_t size_bytes,
                                                    int64_t rows, int64_t* out_rows, turdb_error** error);
/* The row has all its values. Returns TURDB_OK; TURDB_MISUSE also for a row with too few values; what turdb_appender_flush
 * returns when it is time for one. Since 0.1. */
TURDB_API turdb_status turdb_appender_end_row(turdb_appender* appender, turdb_error** error);
/*
 * Flushes, then inserts all rows of a stream, columns by place. All go in or none; to triggers and foreign keys each batch
 * is a statement of its own. [C-APPENDER-4]
 *   stream   taken over, also on failure: stream->release is NULL afterwards
 * Returns TURDB_OK; what turdb_appender_flush returns; TURDB_DATA or TURDB_UNSUPPORTED for a schema that cannot be read;
 * TURDB_MISUSE also in the middle of a row and for another number of columns; TURDB_IO (38000) when the stream fails. Since
 * 0.1.
 */
TURDB_API turdb_status turdb_appender_append_stream(turdb_appender* appender, struct ArrowArrayStream* stream,
                                                    turdb_error** error);
/* The same for one batch, a struct array.
 *   schema   only read
 *   batch    taken over, also on failure: batch->release is NULL afterwards
 * Returns as turdb_appender_append_stream does. Since 0.1. */
TURDB_API turdb_status turdb_appender_append_batch(turdb_appender* appender, const struct ArrowSchema* schema,
                                                   struct ArrowArray* batch, turdb_error** error);
/* Inserts what was collected. Returns TURDB_OK; what turdb_stmt_step returns for INSERT; TURDB_MISUSE also in the middle of
 * a row. Since 0.1. */
TURDB_API turdb_status turdb_appender_flush(turdb_appender* appender, turdb_error** error);
/* Flushes and ends the appender, which is still to be freed: later calls return TURDB_MISUSE, but for closing again, which
 * does nothing. [C-APPENDER-5] Returns as turdb_appender_flush does. Since 0.1. */
TURDB_API turdb_status turdb_appender_close(turdb_appender* appender, turdb_error** error);
/* Rows inserted so far, without those that wait for a flush. Returns 0 for NULL. Since 0.1. */
TURDB_API int64_t turdb_appender_row_count(const turdb_appender* appender);
/* Frees the appender; rows that were not flushed are discarded. [C-APPENDER-6] NULL is fine. Threads: any. Since 0.1. */
TURDB_API void turdb_appender_free(turdb_appender* appender);

/* ---- Interrupts ----------------------------------------------------------------------------------- */

/*
 * A handle for those who stop what a connection runs. It stays valid when the connection is closed or freed, and then does
 * nothing; it keeps neither the connection nor the database. [C-INTERRUPT-2]
 *
 * Executions of a connection are numbered: every statement that begins to run takes the next number, whatever runs it
 * (turdb_conn_exec, turdb_stmt_step, turdb_stmt_execute, each row of turdb_stmt_run_packed). What a statement runs inside,
 * such as triggers, is part of it; so is another try after a conflict. Who is about to run a statement knows its number, one
 * more than turdb_interrupt_execution says, and can tell others before it begins.
 *
 * Returns TURDB_OK. Caller owns *out, free with turdb_interrupt_free. Threads: any, also while the connection is busy.
 */
TURDB_API turdb_status turdb_interrupt_open(turdb_conn* conn, turdb_interrupt** out, turdb_error** error);
/* One more owner of the handle, who frees it too. Returns `interrupt`; NULL for NULL. Threads: any. */
TURDB_API turdb_interrupt* turdb_interrupt_retain(turdb_interrupt* interrupt);
/* The number of the execution that began last, which may be over. Returns 0 before the first and for NULL. Threads: any. */
TURDB_API int64_t turdb_interrupt_execution(const turdb_interrupt* interrupt);
/* Stops one execution: its step returns TURDB_INTERRUPTED and it is rolled back, now or, when it is a cursor between two
 * steps, when it has given the rows that it has at hand. The next to begin is stopped as it begins. One that is over is over:
 * an interrupt that comes too late misses, and the statements that come after it are not affected. [C-INTERRUPT-3] So does one
 * that meets a commit whose place in the log is taken: it succeeds. [C-INTERRUPT-4] A wait for a lock ends. [C-INTERRUPT-5]
 *   execution   its number; one further ahead than the next is ignored
 * NULL is fine. Threads: any. */
TURDB_API void turdb_interrupt_stop_execution(turdb_interrupt* interrupt, int64_t execution);
/* As turdb_conn_interrupt. NULL is fine. Threads: any. */
TURDB_API void turdb_interrupt_stop(turdb_interrupt* interrupt);
/* Gives up one owner's share. NULL is fine. Threads: any. */
TURDB_API void turdb_interrupt_free(turdb_interrupt* interrupt);

/* ---- Blobs in pieces ------------------------------------------------------------------------------- */

/*
 * Opens the value of one column in one row, to be read, and perhaps written, in pieces: long values need no more memory than
 * a piece. [C-BLOB-1] (A value that TurDB keeps compressed needs up to 1 MB more; what is written in pieces is kept as it is.)
 *
 * A blob opened outside a transaction shows what was there then, whatever others or this connection change. [C-BLOB-2] One
 * opened in a transaction shows what the transaction sees, and ends with it. When the transaction changes or deletes the value
 * otherwise, the blob has expired: TURDB_ERROR (24000), until it is opened again. [C-BLOB-3]
 *   schema         may be NULL: the table is looked up as in SQL
 *   table, column  NUL-terminated, taken as they are; copied before return
 *   rowid          the integer primary key of the row or, of a table without a primary key, its rowid
 *   writable       whether it may be written: blobs of columns that are in no key, index, foreign key, check or generated
 *                  column, of tables without triggers for UPDATE. [C-BLOB-4]
 * Returns TURDB_OK; TURDB_NOT_FOUND (02000) when there is no such row; TURDB_DATA (22004) for a NULL; TURDB_ERROR for names
 * that do not exist and columns that are no blob, text or json; TURDB_UNSUPPORTED for a column that cannot be written in
 * pieces; TURDB_MISUSE also for a table whose key is not one value. Caller owns *out, free with turdb_blob_free.
 */
TURDB_API turdb_status turdb_blob_open(turdb_conn* conn, const char* schema, const char* table, const char* column,
                                       int64_t rowid, bool writable, turdb_blob** out, turdb_error** error);
/* The same for any key.
 *   data, size_bytes   the values of the primary key, in its order, as a packed row; not kept
 * Returns as turdb_blob_open does; TURDB_DATA also for bytes that are no such row. */
TURDB_API turdb_status turdb_blob_open_key(turdb_conn* conn, const char* schema, const char* table, const char* column,
                                           const uint8_t* data, int64_t size_bytes, bool writable, turdb_blob** out,
                                           turdb_error** error);
/* To the value of the same column in another row, or in the same one as it is now. Cheaper than opening another blob. When it
 * fails the blob stands on no row: reading and writing are TURDB_MISUSE then. [C-BLOB-5] Return as turdb_blob_open does. */
TURDB_API turdb_status turdb_blob_reopen(turdb_blob* blob, int64_t rowid, turdb_error** error);
TURDB_API turdb_status turdb_blob_reopen_key(turdb_blob* blob, const uint8_t* data, int64_t size_bytes, turdb_error** error);
/* Size of the value in bytes. Returns 0 for NULL and without a row. */
TURDB_API int64_t turdb_blob_size(const turdb_blob* blob);
/* Reads `size_bytes` bytes from `offset` on into `data`. Reading forwards is fastest. Returns TURDB_OK; TURDB_DATA (22023) when
 * they are not all inside the value; TURDB_ERROR (24000) when the blob has expired; TURDB_IO, TURDB_CORRUPT. */
TURDB_API turdb_status turdb_blob_read(turdb_blob* blob, int64_t offset, void* data, int64_t size_bytes, turdb_error** error);
/*
 * Writes `size_bytes` bytes over those from `offset` on: the value keeps its size (turdb_blob_resize changes it). The value is
 * in the row when this returns and, outside a transaction, committed. [C-BLOB-6] The change is not told of to change hooks.
 * Each call copies the value, so few large pieces are better than many small ones; zeroblob(n) makes a value to be filled.
 * Returns TURDB_OK; TURDB_DATA (22023) when they are not all inside the value; TURDB_ERROR (24000) when the blob has expired;
 * TURDB_CONFLICT when another transaction has changed the row; TURDB_BUSY, TURDB_READ_ONLY, TURDB_IO, TURDB_FULL; TURDB_MISUSE
 * also for a blob that was opened for reading. On failure the value is as it was.
 */
TURDB_API turdb_status turdb_blob_write(turdb_blob* blob, int64_t offset, const void* data, int64_t size_bytes,
                                        turdb_error** error);
/*
 * Makes the value longer, with zeros behind, or shorter. Then, as after turdb_blob_write, it is in the row and, outside a
 * transaction, committed. [C-BLOB-7] It is copied.
 *   size_bytes   the new size, from 0 to 1 GB - 1
 * Returns as turdb_blob_write does; TURDB_DATA (22023) or TURDB_LIMIT for a size outside the range. On failure the value is as
 * it was.
 */
TURDB_API turdb_status turdb_blob_resize(turdb_blob* blob, int64_t size_bytes, turdb_error** error);
/* Ends the blob, which is still to be freed: later calls return TURDB_MISUSE, but for closing again. Returns TURDB_OK. */
TURDB_API turdb_status turdb_blob_close(turdb_blob* blob, turdb_error** error);
/* Frees the blob. NULL is fine. Threads: any; on a busy connection it is done when the call that runs returns. */
TURDB_API void turdb_blob_free(turdb_blob* blob);

/* ---- Hooks ---------------------------------------------------------------------------------------- */

/* Asked before a transaction that changed something commits, whether by COMMIT or by itself: true rolls it back, and the
 * commit is TURDB_CONSTRAINT (23000). [C-HOOK-1] */
typedef bool (*turdb_commit_hook)(void* user_data);
/* Told after a transaction that changed something was rolled back, for whatever reason but the end of the connection.
 * [C-HOOK-2] */
typedef void (*turdb_rollback_hook)(void* user_data);
/* Told of rows that a statement has changed, by itself, by triggers or by foreign keys, some rows of one table at a time.
 * [C-HOOK-3] True fails the statement, which takes all its changes back: TURDB_CONSTRAINT (23000). [C-HOOK-4] Whether the
 * changes last, the commit and rollback hooks tell. Rows that schema changes rewrite are not told of.
 *   change   valid during the call */
typedef bool (*turdb_change_hook)(void* user_data, turdb_change* change);

/* Sets the hook of a kind, or, with NULL, takes it away. While a change hook is set, changes of single rows cost more.
 *   destroy   may be NULL; called with user_data as all are (see above)
 * Return TURDB_OK. */
TURDB_API turdb_status turdb_conn_set_commit_hook(turdb_conn* conn, turdb_commit_hook hook, void* user_data,
                                                  void (*destroy)(void* user_data), turdb_error** error);
TURDB_API turdb_status turdb_conn_set_rollback_hook(turdb_conn* conn, turdb_rollback_hook hook, void* user_data,
                                                    void (*destroy)(void* user_data), turdb_error** error);
TURDB_API turdb_status turdb_conn_set_change_hook(turdb_conn* conn, turdb_change_hook hook, void* user_data,
                                                  void (*destroy)(void* user_data), turdb_error** error);

/* What was done to the rows. */
enum { TURDB_CHANGE_INSERT = 1, TURDB_CHANGE_UPDATE = 2, TURDB_CHANGE_DELETE = 3 };

/* TURDB_CHANGE_*; an INSERT that replaces rows (OR REPLACE) deletes them first, ON CONFLICT DO UPDATE updates. Returns 0 for
 * NULL. */
TURDB_API int32_t turdb_change_operation(const turdb_change* change);
/* Schema and name of the table. Borrowed until the hook returns. */
TURDB_API const char* turdb_change_schema(const turdb_change* change);
TURDB_API const char* turdb_change_table(const turdb_change* change);
/* Whether a trigger made the change, and whether a foreign key did (ON DELETE CASCADE and its like). */
TURDB_API bool turdb_change_by_trigger(const turdb_change* change);
TURDB_API bool turdb_change_by_foreign_key(const turdb_change* change);
/* Number of rows, at least 1. */
TURDB_API int64_t turdb_change_row_count(const turdb_change* change);
/* Number of columns of the table, all of which have their values. */
TURDB_API int64_t turdb_change_column_count(const turdb_change* change);
/* Name of column `column`, from 0. Returns NULL outside the range. Borrowed until the hook returns. */
TURDB_API const char* turdb_change_column_name(const turdb_change* change, int64_t column);
/* Whether the column is part of the primary key. */
TURDB_API bool turdb_change_column_is_key(const turdb_change* change, int64_t column);
/*
 * Values of row `row`, from 0. They cannot fail, and convert, as the getters of columns do. [C-HOOK-5]
 *   new_row   false: as it was, which inserted rows have not; true: as it is, which deleted rows have not. What is not there
 *             reads as NULL.
 */
TURDB_API int32_t turdb_change_value_type(const turdb_change* change, bool new_row, int64_t row, int64_t column);
TURDB_API int64_t turdb_change_value_int64(const turdb_change* change, bool new_row, int64_t row, int64_t column);
TURDB_API double turdb_change_value_double(const turdb_change* change, bool new_row, int64_t row, int64_t column);
/* The bytes of a text or blob, and the text of everything else, with a NUL behind. Returns NULL for a NULL, or when there is no
 * memory. Borrowed until the hook returns. */
TURDB_API const char* turdb_change_value_text(turdb_change* change, bool new_row, int64_t row, int64_t column,
                                              int64_t* size_bytes);
/* The row, packed (see above).
 *   data, size_bytes   memory of the caller, written when the row fits into it
 *   out_size_bytes     receives the size of the row, whether it fits or not
 * Returns TURDB_OK; TURDB_MISUSE also for a row that is not there. */
TURDB_API turdb_status turdb_change_pack(const turdb_change* change, bool new_row, int64_t row, uint8_t* data,
                                         int64_t size_bytes, int64_t* out_size_bytes, turdb_error** error);

/* ---- Trace, plans and profiles -------------------------------------------------------------------- */

/* Told when a statement of the caller's begins and when it ends: with its last row, an error, a reset or its free. What it
 * runs inside is not told of. [C-TRACE-1] The beginning and the end of an execution have its number (turdb_interrupt_open).
 *   trace   valid during the call */
typedef void (*turdb_trace_hook)(void* user_data, turdb_trace* trace);
/* Sets the trace hook or, with NULL, takes it away. `destroy` may be NULL. Returns TURDB_OK. */
TURDB_API turdb_status turdb_conn_set_trace(turdb_conn* conn, turdb_trace_hook hook, void* user_data,
                                            void (*destroy)(void* user_data), turdb_error** error);
/* Whether the statement begins; otherwise it ends. */
TURDB_API bool turdb_trace_begins(const turdb_trace* trace);
/* The number of the execution. */
TURDB_API int64_t turdb_trace_execution(const turdb_trace* trace);
/* The statement's text, and the same with the values that are bound in the places of the parameters, for people to read.
 * Borrowed until the hook returns. [C-TRACE-2] */
TURDB_API const char* turdb_trace_sql(const turdb_trace* trace);
TURDB_API const char* turdb_trace_expanded_sql(turdb_trace* trace);
/* At the end: what its last step returned, TURDB_OK for success; the error, NULL for none (borrowed until the hook returns);
 * nanoseconds inside its steps; rows that it gave; rows that it changed. [C-TRACE-3] */
TURDB_API turdb_status turdb_trace_status(const turdb_trace* trace);
TURDB_API const turdb_error* turdb_trace_error(turdb_trace* trace);
TURDB_API int64_t turdb_trace_nanos(const turdb_trace* trace);
TURDB_API int64_t turdb_trace_rows(const turdb_trace* trace);
TURDB_API int64_t turdb_trace_changes(const turdb_trace* trace);

/* How a plan is shown; flags may be combined. */
enum {
  TURDB_EXPLAIN_TEXT = 0,
  TURDB_EXPLAIN_JSON = 1,   /* as EXPLAIN (FORMAT JSON) */
  TURDB_EXPLAIN_VERBOSE = 2 /* with the planner's reasons */
};
/* The plan of the statement, without running it, as EXPLAIN shows it.
 *   flags   TURDB_EXPLAIN_*
 * Returns TURDB_OK; TURDB_UNSUPPORTED for a statement without a plan; TURDB_MISUSE also for unknown flags. *out is borrowed
 * until the next call of this, turdb_stmt_profile or turdb_stmt_expanded_sql, or the free of the statement. [C-EXPLAIN-1] */
TURDB_API turdb_status turdb_stmt_explain(turdb_stmt* stmt, int64_t flags, const char** out, turdb_error** error);
/* Statements that begin from now on are measured, or not any more. Measuring costs time. Returns TURDB_OK. */
TURDB_API turdb_status turdb_conn_set_profiling(turdb_conn* conn, bool profiling, turdb_error** error);
/* The plan with what each part of it did in the run that began last, as EXPLAIN ANALYZE shows it: rows, time, memory.
 * [C-EXPLAIN-2] Returns as turdb_stmt_explain does; TURDB_MISUSE also when it has not run while its connection was profiling.
 */
TURDB_API turdb_status turdb_stmt_profile(turdb_stmt* stmt, int64_t flags, const char** out, turdb_error** error);
/* The statement's text with the values that are bound in the places of the parameters, for people to read. Borrowed as
 * turdb_stmt_explain's. Returns TURDB_OK. [C-TRACE-4] */
TURDB_API turdb_status turdb_stmt_expanded_sql(turdb_stmt* stmt, const char** out, turdb_error** error);

/* What a statement counts. */
enum {
  TURDB_COUNTER_RUNS = 0,        /* how often it began */
  TURDB_COUNTER_ROWS = 1,        /* rows that the run that began last has given */
  TURDB_COUNTER_COMPILATIONS = 2 /* how often it was compiled: 1, and more when schemas change, or for values of other types;
                                    one less for a statement of the connection's cache */
};
/* One of its counters, TURDB_COUNTER_*. Returns 0 for another number and for NULL. [C-COUNTER-1] */
TURDB_API int64_t turdb_stmt_counter(const turdb_stmt* stmt, int32_t counter);

/* Where a column of the result comes from: schema, table and name of the column there. Return NULL for what is no column of a
 * table, and outside the range. Borrowed until the statement is freed or compiled again by a step. [C-ORIGIN-1] */
TURDB_API const char* turdb_stmt_column_schema(const turdb_stmt* stmt, int64_t index);
TURDB_API const char* turdb_stmt_column_table(const turdb_stmt* stmt, int64_t index);
TURDB_API const char* turdb_stmt_column_origin(const turdb_stmt* stmt, int64_t index);

/* ---- Authorizer ----------------------------------------------------------------------------------- */

/* What a statement wants to do. */
enum {
  TURDB_ACTION_READ = 1,        /* a table or view; then each column of it that is named, or that * stands for */
  TURDB_ACTION_INSERT = 2,      /* into a table or view */
  TURDB_ACTION_UPDATE = 3,      /* one; then each column that gets a value */
  TURDB_ACTION_DELETE = 4,      /* from one; TRUNCATE, too */
  TURDB_ACTION_FUNCTION = 5,    /* call one */
  TURDB_ACTION_CREATE = 6,      /* any object of the catalog; a schema has no object */
  TURDB_ACTION_ALTER = 7,       /* likewise */
  TURDB_ACTION_DROP = 8,        /* likewise */
  TURDB_ACTION_TRANSACTION = 9, /* "begin", "commit", "rollback", "savepoint", "release", "rollback to" */
  TURDB_ACTION_SETTING = 10,    /* set, reset or show one */
  TURDB_ACTION_FILE = 11,       /* read or write a file of the machine: COPY, VACUUM INTO */
  TURDB_ACTION_MAINTENANCE = 12 /* "vacuum", "analyze", "checkpoint" */
};
enum {
  TURDB_ALLOW = 0,
  TURDB_DENY = 1,  /* the statement is not compiled: TURDB_ERROR (42501), naming what was asked for */
  TURDB_IGNORE = 2 /* a column reads as NULL; for everything else as TURDB_DENY */
};
/*
 * Asked while a statement is compiled, also when it is compiled again, about everything that it names. [C-AUTHORIZER-1] Not
 * about what a table does by itself: defaults, checks, generated columns, foreign keys; about what its triggers do, it is.
 *   schema, object, column   NULL where there is none
 *   accessor                 the view or trigger whose text names it; NULL: the statement itself [C-AUTHORIZER-2]
 * Returns TURDB_ALLOW, TURDB_DENY or TURDB_IGNORE; another number denies.
 */
typedef int32_t (*turdb_authorizer)(void* user_data, int32_t action, const char* schema, const char* object, const char* column,
                                    const char* accessor);
/* Sets the authorizer or, with NULL, takes it away: everything is allowed then. Statements that were prepared before are
 * compiled again at their next run. [C-AUTHORIZER-3] `destroy` may be NULL. Returns TURDB_OK. */
TURDB_API turdb_status turdb_conn_set_authorizer(turdb_conn* conn, turdb_authorizer authorizer, void* user_data,
                                                 void (*destroy)(void* user_data), turdb_error** error);

/* ---- Limits and settings of a connection ---------------------------------------------------------- */

/* Limits for the statements of a connection. They are TurDB's own at first (docs/limits.md), and can be lowered, and raised
 * again. */
enum {
  TURDB_LIMIT_SQL_BYTES = 0,          /* bytes of the text of a call */
  TURDB_LIMIT_NESTING_DEPTH = 1,      /* of expressions and queries */
  TURDB_LIMIT_PARAMETERS = 2,         /* of a statement */
  TURDB_LIMIT_COLUMNS = 3,            /* of a result */
  TURDB_LIMIT_FUNCTION_ARGUMENTS = 4, /* of a call of a function */
  TURDB_LIMIT_TRIGGER_DEPTH = 5,      /* triggers set off by triggers */
  TURDB_LIMIT_VALUE_BYTES = 6         /* bytes of a text or blob that is bound */
};
/* Name of a limit ("sql_bytes"); NULL for a number that is none. Text in static storage. Threads: any. */
TURDB_API const char* turdb_limit_name(int32_t limit);
/* The most that the limit can be, which is what it is at first. Returns 0 for a number that is none. Threads: any. */
TURDB_API int64_t turdb_limit_maximum(int32_t limit);
/* What a limit, TURDB_LIMIT_*, is now. Returns TURDB_OK; TURDB_MISUSE also for a number that is none. */
TURDB_API turdb_status turdb_conn_limit(turdb_conn* conn, int32_t limit, int64_t* out, turdb_error** error);
/* Changes a limit, from 0 to its maximum, for statements that are prepared or run from now on. What goes past it is
 * TURDB_LIMIT. [C-LIMIT-1] Returns TURDB_OK; TURDB_DATA (22023) for a value outside the range; TURDB_MISUSE also for a number
 * that is none. */
TURDB_API turdb_status turdb_conn_set_limit(turdb_conn* conn, int32_t limit, int64_t value, turdb_error** error);

/* The value of a setting as SHOW has it: one of turdb_options_key, or search_path, timezone and their like.
 *   name   NUL-terminated
 * Returns TURDB_OK; TURDB_ERROR or TURDB_NOT_FOUND for a setting that does not exist. *out is borrowed until the next call of
 * this, or the free of the connection. [C-SETTING-1] */
TURDB_API turdb_status turdb_conn_setting(turdb_conn* conn, const char* name, const char** out, turdb_error** error);
/* SET without SQL, and RESET for a NULL value: turdb_conn_set_setting(conn, "busy_timeout", "100", &error).
 *   name, value   NUL-terminated; copied before return
 * Returns TURDB_OK; TURDB_ERROR or TURDB_NOT_FOUND for a setting that does not exist or is fixed while the database is open;
 * TURDB_DATA for a value that does not fit. [C-SETTING-2] */
TURDB_API turdb_status turdb_conn_set_setting(turdb_conn* conn, const char* name, const char* value, turdb_error** error);
/* The value of one option of `options`: what was set, or the default, which may depend on the machine. Returns TURDB_OK;
 * TURDB_NOT_FOUND. *out is borrowed until the next call of this, or the free of the options. [C-SETTING-3] */
TURDB_API turdb_status turdb_options_get(turdb_options* options, const char* key, const char** out, turdb_error** error);
/* Whether a connection may change the option for itself (turdb_conn_set_setting). Returns false for a key that does not exist.
 * Threads: any. */
TURDB_API bool turdb_options_is_session(const char* key);
/* ---- Functions of the host ------------------------------------------------------------------------ */

/*
 * Functions that SQL calls and the program provides: scalar functions, aggregates, which are window functions as well, and
 * functions that give rows. They belong to a connection, and so does everything that names them: views, indexes, defaults,
 * checks, generated columns and triggers would outlive it and cannot (TURDB_ERROR 42883, with a hint). [C-FUNCTION-1]
 *
 *   name         NUL-terminated UTF-8, as SQL finds it: unquoted names in SQL are folded to lower case. Copied before return.
 *   parameters   NUL-terminated: SQL's names of types, separated by commas ("integer, text[], numeric(10,2)"; "": none). `any`
 *                is an argument of any type, as it comes. With TURDB_FUNCTION_VARIADIC the last one repeats, any number of
 *                times. Not kept.
 *   returns      NUL-terminated: the name of a type; `any` for values each of its own type. Not kept.
 *   flags        TURDB_FUNCTION_*
 *   user_data    handed to every callback
 *   destroy      may be NULL; called exactly once with user_data, when nothing needs the function any more, also when this
 *                call fails. On any thread; it may not use the connection. [C-FUNCTION-2]
 *
 * A function is chosen as the built-in ones are, by PostgreSQL's rules over the types of its arguments, and comes before
 * built-in ones of its name, which take what it does not. [C-FUNCTION-3] One with the same name and parameters is replaced; a
 * name has one kind of function (TURDB_ERROR 42723). What is prepared finds the new one with its next run; runs that are going
 * on keep the one that they began with. [C-FUNCTION-4]
 *
 * Callbacks run on the thread that runs the statement, a batch of rows at a time, with no latch, pin or lock held, unless the
 * function is TURDB_FUNCTION_PARALLEL: then on several threads at once. [C-FUNCTION-5] They may use other connections, but not
 * the one that calls (TURDB_MISUSE), but for turdb_conn_interrupt and frees. [C-FUNCTION-6] They must return: no longjmp; a C++
 * exception is the error 38000. The statement fails with what turdb_call_fail was told, the position of the call and a frame
 * that names the function. [C-FUNCTION-7] How often a function is called is not defined: constant calls of deterministic ones
 * are made once, perhaps while the statement is prepared, and a statement that another transaction was faster than may run
 * again. turdb_catalog.available_functions lists those of the connection, and the names of built-in ones. [C-FUNCTION-9]
 */
enum {
  TURDB_FUNCTION_DEFAULT = 0,
  TURDB_FUNCTION_DETERMINISTIC = 1, /* equal arguments give equal results: calls may be saved */
  TURDB_FUNCTION_SEES_NULL = 2,     /* called for NULLs, too; without it one NULL argument makes the result NULL, and
                                       aggregates leave the row out, without a call [C-FUNCTION-8] */
  TURDB_FUNCTION_PARALLEL = 4,      /* its callbacks may run on any thread, several at once */
  TURDB_FUNCTION_VARIADIC = 8       /* the last parameter repeats */
};

/* Rows that a function is called for, and where their results go. Valid during the callback, on its thread. */
typedef struct turdb_call turdb_call;

/* Computes the results of all rows of `call`. Rows that are given none are NULL. */
typedef void (*turdb_scalar_function)(void* user_data, turdb_call* call);

/*
 * Registers a scalar function. Returns TURDB_OK; TURDB_ERROR (42601, 42704, 42723, 42939) for wrong type names, with a position
 * in `parameters` or `returns`, and for a name that is another kind of function; TURDB_MISUSE also for flags that do not exist.
 */
TURDB_API turdb_status turdb_conn_create_scalar(turdb_conn* conn, const char* name, const char* parameters, const char* returns,
                                                int64_t flags, turdb_scalar_function function, void* user_data,
                                                void (*destroy)(void* user_data), turdb_error** error);

/*
 * What an aggregate function is made of. A state is what a group has; it stays in memory until its group is done, is the
 * host's, and does not count against memory_limit: a statement over more groups than memory_limit has room for puts the
 * others' rows aside, not states. [C-AGGREGATE-1]
 *
 *   create     A new state, for a group or a frame without rows as well: the result over no rows is that of a new state.
 *              Calls turdb_call_fail when there is none to be had; NULL is a state like others otherwise. `call` has no rows.
 *   update     Row i of `call` belongs to states[i]; several rows may share one.
 *   merge      Adds `from`, which stays as it is, to `into`. May be NULL. With it, TURDB_FUNCTION_PARALLEL aggregates run on
 *              several threads, and frames of windows are put together from parts.
 *   finish     Row i of `call`, which has no arguments, is to have the result of states[i]. The state may be updated, and
 *              finished, again: a window's frame grows. [C-AGGREGATE-2]
 *   release    Gives a state back, exactly once each. [C-AGGREGATE-3] On any thread; may not use the connection.
 */
typedef void* (*turdb_aggregate_create)(void* user_data, turdb_call* call);
typedef void (*turdb_aggregate_update)(void* user_data, turdb_call* call, void* const* states);
typedef void (*turdb_aggregate_merge)(void* user_data, turdb_call* call, void* into, void* from);
typedef void (*turdb_aggregate_finish)(void* user_data, turdb_call* call, void* const* states);
typedef void (*turdb_aggregate_release)(void* user_data, void* state);

/*
 * Registers an aggregate function. DISTINCT, FILTER, ORDER BY and OVER work as with built-in ones; rows of a group come in the
 * order that ORDER BY in the call says. `merge` may be NULL. Returns as turdb_conn_create_scalar does.
 */
TURDB_API turdb_status turdb_conn_create_aggregate(turdb_conn* conn, const char* name, const char* parameters,
                                                   const char* returns, int64_t flags, turdb_aggregate_create create,
                                                   turdb_aggregate_update update, turdb_aggregate_merge merge,
                                                   turdb_aggregate_finish finish, turdb_aggregate_release release,
                                                   void* user_data, void (*destroy)(void* user_data), turdb_error** error);

/* Fills *out with a stream of the rows for the arguments, which are those of the one row of `call`; their texts and blobs are
 * valid during this callback only. Called when the first row is asked for, for each time that the function is scanned. An
 * interrupt ends a scan between two batches. */
typedef void (*turdb_table_function)(void* user_data, turdb_call* call, struct ArrowArrayStream* out);

/*
 * Registers a function that gives rows: FROM name(1, 'x') AS t (a, b), also LATERAL over tables to its left.
 *   columns   NUL-terminated: names and types, separated by commas ("id bigint, name text"). The stream has as many, by
 *             place, which are cast as results of functions are. NULL: the arguments decide. Then they must be constants, and
 *             the function is called while a statement is compiled as well, for the schema of its stream.
 *             [C-TABLE-FUNCTION-1] Not kept.
 *   flags     TURDB_FUNCTION_SEES_NULL (without it a NULL argument gives no rows), TURDB_FUNCTION_VARIADIC
 * Returns as turdb_conn_create_scalar does.
 */
TURDB_API turdb_status turdb_conn_create_table_function(turdb_conn* conn, const char* name, const char* parameters,
                                                        const char* columns, int64_t flags, turdb_table_function function,
                                                        void* user_data, void (*destroy)(void* user_data), turdb_error** error);

/*
 * What a function that gives packed rows (see there) is made of, for hosts that have no Arrow at hand.
 *
 *   open    Begins to give the rows for the arguments of the one row of `call`, when the first one is asked for, for each time
 *           that the function is scanned. Returns a cursor, the host's; NULL is one like others. Calls turdb_call_fail when
 *           there is none to be had.
 *   next    The next rows, as many as suit the host, by turdb_call_return_rows; none: there are no more. [C-ROW-FUNCTION-1]
 *           `call` has no arguments. An interrupt ends a scan between two calls.
 *   close   Gives a cursor back, exactly once each: when its rows are read or it has failed, or else when the statement is run
 *           again or freed. [C-ROW-FUNCTION-2] On any thread; may not use the connection.
 */
typedef void* (*turdb_rows_open)(void* user_data, turdb_call* call);
typedef void (*turdb_rows_next)(void* user_data, void* cursor, turdb_call* call);
typedef void (*turdb_rows_close)(void* user_data, void* cursor);

/*
 * Registers a function that gives packed rows: as turdb_conn_create_table_function, whose `columns` must be declared.
 * Returns as turdb_conn_create_scalar does.
 */
TURDB_API turdb_status turdb_conn_create_row_function(turdb_conn* conn, const char* name, const char* parameters,
                                                      const char* columns, int64_t flags, turdb_rows_open open,
                                                      turdb_rows_next next, turdb_rows_close close, void* user_data,
                                                      void (*destroy)(void* user_data), turdb_error** error);

/* Takes functions away; statements that run keep them. `parameters` NULL: all of the name, whatever their kind. With
 * TURDB_FUNCTION_VARIADIC in `flags` the variadic one of these parameters. Returns TURDB_OK; TURDB_NOT_FOUND; TURDB_ERROR
 * (42601, 42704) for wrong type names. */
TURDB_API turdb_status turdb_conn_drop_function(turdb_conn* conn, const char* name, const char* parameters, int64_t flags,
                                                turdb_error** error);

/*
 * The arguments of a call, by row. As with turdb_stmt_column_*, a NULL and an index outside the range read as 0, 0.0, false or
 * NULL, and the types in the names convert as CAST does. [C-CALL-1]
 *   argument   from 0
 *   row        from 0
 */
TURDB_API int64_t turdb_call_row_count(const turdb_call* call);
TURDB_API int64_t turdb_call_argument_count(const turdb_call* call);
/* TURDB_TYPE_* of an argument; TURDB_TYPE_NULL outside the range. */
TURDB_API int32_t turdb_call_argument_type(const turdb_call* call, int64_t argument);
/* TURDB_TYPE_* of the value itself: TURDB_TYPE_NULL for NULL, and for an argument of type ANY its value's type. */
TURDB_API int32_t turdb_call_value_type(const turdb_call* call, int64_t argument, int64_t row);
TURDB_API bool turdb_call_is_null(const turdb_call* call, int64_t argument, int64_t row);
TURDB_API bool turdb_call_bool(const turdb_call* call, int64_t argument, int64_t row);
TURDB_API int64_t turdb_call_int64(const turdb_call* call, int64_t argument, int64_t row);
TURDB_API double turdb_call_double(const turdb_call* call, int64_t argument, int64_t row);
/* UTF-8, without a NUL behind it; every type converts to the text that SQL prints.
 *   size_bytes   may be NULL; receives the size.
 * Returns NULL for a NULL, or when there is no memory for the text. Borrowed until the callback returns. */
TURDB_API const char* turdb_call_text(turdb_call* call, int64_t argument, int64_t row, int64_t* size_bytes);
/* The bytes of a blob, text or uuid; of other types those of their text. Borrowed likewise. */
TURDB_API const void* turdb_call_blob(turdb_call* call, int64_t argument, int64_t row, int64_t* size_bytes);

/*
 * Results, by row. A text is read as the function's type; another value that is not of that type is cast by assignment; one
 * that cannot be fails the call as turdb_call_fail would. A row outside the range fails it, too. Texts and blobs are copied
 * before return. [C-CALL-2]
 */
TURDB_API void turdb_call_return_null(turdb_call* call, int64_t row);
TURDB_API void turdb_call_return_bool(turdb_call* call, int64_t row, bool value);
TURDB_API void turdb_call_return_int64(turdb_call* call, int64_t row, int64_t value);
TURDB_API void turdb_call_return_double(turdb_call* call, int64_t row, double value);
TURDB_API void turdb_call_return_text(turdb_call* call, int64_t row, const char* data, int64_t size_bytes);
TURDB_API void turdb_call_return_blob(turdb_call* call, int64_t row, const void* data, int64_t size_bytes);

/*
 * All arguments at once, as a struct array with a child an argument.
 *   flags    TURDB_ARROW_*
 *   schema   may be NULL; receives the types. Children have no names.
 *   out      receives the rows
 * Returns TURDB_OK; TURDB_UNSUPPORTED for values that Arrow cannot hold; TURDB_MISUSE also for unknown flags. Caller owns
 * *schema and *out, release with their release; on failure that is NULL. [C-CALL-3]
 */
TURDB_API turdb_status turdb_call_arguments(turdb_call* call, int64_t flags, struct ArrowSchema* schema, struct ArrowArray* out,
                                            turdb_error** error);
/* All arguments at once as packed rows (see there).
 *   out, out_size_bytes   receive the rows; borrowed until the callback returns
 * Returns TURDB_OK. */
TURDB_API turdb_status turdb_call_arguments_packed(turdb_call* call, const uint8_t** out, int64_t* out_size_bytes,
                                                   turdb_error** error);
/* All results at once, a packed value a row, each cast as by turdb_call_return_*. Returns TURDB_OK; TURDB_DATA (22P03 for bytes
 * that are no such values): the call has failed then, as by turdb_call_fail. [C-CALL-5]
 *   data, size_bytes   not kept */
TURDB_API turdb_status turdb_call_return_packed(turdb_call* call, const uint8_t* data, int64_t size_bytes, turdb_error** error);
/* Rows of a function that gives packed rows, in its `next`, a value a column, each cast as by turdb_call_return_*. What does
 * not fit fails the statement when it is read (TURDB_DATA; 22P03 for bytes that are no such rows). [C-ROW-FUNCTION-3] May be
 * called several times. Returns TURDB_OK; TURDB_MISUSE also in another callback: the call has failed then.
 *   data, size_bytes   `rows` packed rows; copied before return */
TURDB_API turdb_status turdb_call_return_rows(turdb_call* call, const uint8_t* data, int64_t size_bytes, int64_t rows,
                                              turdb_error** error);
/*
 * All results at once: an array with a value a row, which are cast as by turdb_call_return_*.
 *   schema   of the array; only read. NULL: it is as TurDB writes the function's type (TURDB_ARROW_DEFAULT).
 *   array    taken over, also on failure: array->release is NULL afterwards
 * Returns TURDB_OK; TURDB_DATA or TURDB_UNSUPPORTED for an array that cannot be read, has another number of rows, or does not
 * fit the type: the call has failed then, as by turdb_call_fail. [C-CALL-4]
 */
TURDB_API turdb_status turdb_call_return_array(turdb_call* call, const struct ArrowSchema* schema, struct ArrowArray* array,
                                               turdb_error** error);
/*
 * Fails the call, and with it the statement. The first failure counts. What was returned is dropped.
 *   sqlstate   five characters, digits or capital letters; NULL, or what is none: 38000 (an external routine failed)
 *   message    NUL-terminated UTF-8; NULL, or what is no UTF-8: says only that the function failed
 */
TURDB_API void turdb_call_fail(turdb_call* call, const char* sqlstate, const char* message);
/* Whether the call has failed, so that going on is in vain. */
TURDB_API bool turdb_call_has_failed(const turdb_call* call);

/* ---- Collations of the host ----------------------------------------------------------------------- */

/* Writes what a text is sorted by: two texts are equal when their keys are, and in the order of their keys, byte by byte as
 * memcmp compares them, the shorter first. The text is the argument of each row, its key the row's result, a blob. */
typedef turdb_scalar_function turdb_sort_key;

/*
 * Registers a collation: ORDER BY name COLLATE german. It is found in any case of letters. It may be used in comparisons, IN,
 * BETWEEN, CASE, ORDER BY, GROUP BY, PARTITION BY, DISTINCT, DISTINCT ON, UNION, joins, min, max and count(DISTINCT); columns,
 * indexes, views and what else the catalog keeps cannot have it (TURDB_ERROR 42P16), and INTERSECT, EXCEPT, window functions
 * that compare texts and other aggregates with DISTINCT refuse it (TURDB_UNSUPPORTED). [C-COLLATION-1] Without it, a statement
 * that names it is TURDB_ERROR (42704). flags   TURDB_FUNCTION_DEFAULT, TURDB_FUNCTION_PARALLEL. Keys are always deterministic,
 * and NULLs have none. One with the same name is replaced, as functions are. Returns TURDB_OK; TURDB_ERROR (42710) for the name
 * of a collation that is built in.
 */
TURDB_API turdb_status turdb_conn_create_collation(turdb_conn* conn, const char* name, int64_t flags, turdb_sort_key sort_key,
                                                   void* user_data, void (*destroy)(void* user_data), turdb_error** error);
/* Takes a collation away; statements that run keep it. Returns TURDB_OK; TURDB_NOT_FOUND. */
TURDB_API turdb_status turdb_conn_drop_collation(turdb_conn* conn, const char* name, turdb_error** error);

#ifdef __cplusplus
}
#endif

#endif /* TURDB_H_ */
