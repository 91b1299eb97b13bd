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
 *              turdb_conn_interrupt and the frees may be called on a busy connection. turdb_error and turdb_options:
 *              one thread at a time. [C-THREAD-1]
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

typedef struct turdb_db turdb_db;             /* an open database; any thread */
typedef struct turdb_conn turdb_conn;         /* a session with a transaction of its own; one thread at a time */
typedef struct turdb_stmt turdb_stmt;         /* a prepared statement; one thread at a time */
typedef struct turdb_backup turdb_backup;     /* a copy being made of a database; one thread at a time */
typedef struct turdb_result turdb_result;     /* one execution, read as Arrow batches; one thread at a time */
typedef struct turdb_appender turdb_appender; /* rows on their way into a table; one thread at a time */
typedef struct turdb_options turdb_options;   /* settings for opening; one thread at a time */
typedef struct turdb_error turdb_error;       /* what went wrong; immutable */

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
 * returned is there and nothing else. [C-OPEN-2]
 * Returns TURDB_OK; TURDB_LOCKED when another process has it open (the message names its pid); TURDB_CORRUPT
 * for a file that is damaged or foreign, TURDB_UNSUPPORTED for one of a newer format (nothing is written in
 * either case); TURDB_IO or TURDB_FULL from the file system; TURDB_NOT_FOUND with create = false; TURDB_READ_ONLY
 * when read_only meets a database that needs recovery; TURDB_ERROR (25001) for options that differ from those it is
 * open with; TURDB_DATA (22023) for options that contradict each other.
 * Caller owns *out, free with turdb_db_free. Threads: any.
 */
TURDB_API turdb_status turdb_db_open(const char* path, const turdb_options* options, turdb_db** out, turdb_error** error);
/*
 * Ends the database now: interrupts its statements, rolls back open transactions, writes back, unlocks.
 * Handles of it that are still there return TURDB_MISUSE from then on and must still be freed. [C-CLOSE-1]
 * Returns TURDB_OK; TURDB_IO or TURDB_FULL when the last write-back failed (nothing that was committed is
 * lost: the next open repeats it). Closing twice is fine. Ownership: the handle is still to be freed. Threads:
 * any; waits for calls that are running.
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

/* Calls `progress` while a statement reads or changes rows, or builds an index, on the thread that runs it and with no
 * lock held; when it returns true the statement is interrupted.
 *   interval_ms           about how many milliseconds lie between two calls; at least 1.
 *   progress, user_data   NULL removes it. It may not use the connection, and user_data must live as long as it is set.
 * Returns TURDB_OK; TURDB_MISUSE also for an interval below 1. */
TURDB_API turdb_status turdb_conn_set_progress(turdb_conn* conn, int64_t interval_ms, bool (*progress)(void* user_data),
                                               void* user_data, turdb_error** error);

/* ---- Statements ---------------------------------------------------------------------------------- */

/*
 * Compiles the first statement of `sql`.
 *   sql, size_bytes  UTF-8; copied before return. TURDB_NUL_TERMINATED is fine.
 *   tail             may be NULL; receives the byte offset just behind the statement, so that the rest can be
 *                    prepared next. Text that holds only space and comments gives *out = NULL and TURDB_OK.
 * A statement stays valid while tables change: it is compiled again when it must be. [C-PREPARE-1]
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
  TURDB_TYPE_RANGE = 34    /* int4range and its like; read and bound as text: [1,5) */
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
 * statement. */
TURDB_API const char* turdb_stmt_column_text(turdb_stmt* stmt, int64_t index, int64_t* size_bytes);
/* The bytes of a blob, text or uuid; of other types those of their text. Returns NULL for a NULL. Borrowed until the next
 * step, reset or free of the statement, or the end of its transaction. */
TURDB_API const void* turdb_stmt_column_blob(turdb_stmt* stmt, int64_t index, int64_t* size_bytes);
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
 *   structs, maps, inet, cidr, macaddr, bits, ranges u (as text) |
 *   any: +ud with TURDB_TYPE_* as type codes (decimals, labels, arrays and what is text above in it as text)
 *
 * Where the format does not say the type, the metadata of the field has "turdb:type" (int128, numeric, jsonb), which TurDB
 * reads again. Infinite dates and timestamps are the ends of the numbers' ranges. Arrays of several dimensions cannot be
 * exported (TURDB_UNSUPPORTED). Coming in, TurDB also reads null, half floats, large and view texts and blobs, blobs of a
 * fixed size, dictionaries and run-end encodings of anything, date64, times and timestamps of every unit and zone (what is
 * finer than a microsecond is cut off), durations and all intervals, decimals of every width, large and fixed-size lists,
 * lists in lists (as arrays of several dimensions), structs (as json), dense and sparse unions (as any). Other formats are
 * TURDB_UNSUPPORTED, naming the column and the format; lengths, offsets, indexes and texts are checked before they are used,
 * and what is wrong is TURDB_DATA. [C-ARROW-2]
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
 * statement is compiled and again whenever a scan of it begins. [C-SOURCE-5]
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

#ifdef __cplusplus
}
#endif

#endif /* TURDB_H_ */
