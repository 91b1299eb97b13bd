/* Sentences of turdb.h about handles: texts and sizes, threads, cursors, statements that live long. */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "capi_test.h"

static void statuses_have_signs(void) { /* [C-STATUS-1] */
  const turdb_status errors[] = {TURDB_ERROR,     TURDB_MISUSE,  TURDB_CONSTRAINT,  TURDB_DATA,      TURDB_CONFLICT,
                                 TURDB_BUSY,      TURDB_LOCKED,  TURDB_INTERRUPTED, TURDB_READ_ONLY, TURDB_IO,
                                 TURDB_FULL,      TURDB_CORRUPT, TURDB_NO_MEMORY,   TURDB_LIMIT,     TURDB_UNSUPPORTED,
                                 TURDB_NOT_FOUND, TURDB_INTERNAL};
  CHECK(TURDB_OK == 0 && TURDB_ROW > 0 && TURDB_DONE > 0);
  for (size_t i = 0; i < sizeof errors / sizeof errors[0]; ++i) {
    CHECK(errors[i] < 0);
    CHECK(strcmp(turdb_status_name(errors[i]), "TURDB_UNKNOWN") != 0);
  }
  CHECK_TEXT("TURDB_UNKNOWN", turdb_status_name(-999));
}

static void texts_have_a_size_and_a_nul_behind(void) { /* [C-TEXT-1] */
  struct session s = session_open(":memory:");
  turdb_stmt* stmt = NULL;
  int64_t size = -1;
  /* Without a NUL: only the size counts. */
  CHECK_STATUS(TURDB_OK, turdb_conn_exec(s.conn, "create table t(a text, b blob)garbage", 30, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "insert into t values (?, ?)", -1, NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_text(stmt, 1, "ab_cd!", 5, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_blob(stmt, 2, "\0\1\0", 3, NULL));
  CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_text(stmt, 1, "", 0, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_blob(stmt, 2, "", 0, NULL));
  CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_bind_text(stmt, 1, "abc", -2, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_bind_blob(stmt, 2, "abc", -1, NULL));
  CHECK_STATUS(TURDB_DATA, turdb_stmt_bind_text(stmt, 1, "\xc3", 1, NULL));
  CHECK_STATUS(TURDB_DATA, turdb_stmt_bind_text(stmt, 1, "ab\0cd", 5, NULL)); /* text holds no NUL, as in PostgreSQL */
  turdb_stmt_free(stmt);
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "select a, b from t order by a desc", -1, NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  const char* text = turdb_stmt_column_text(stmt, 0, &size);
  CHECK(size == 5 && memcmp(text, "ab_cd", 6) == 0);
  const void* blob = turdb_stmt_column_blob(stmt, 1, &size);
  CHECK(size == 3 && memcmp(blob, "\0\1\0", 3) == 0);
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  text = turdb_stmt_column_text(stmt, 0, &size);
  CHECK(size == 0 && text != NULL && text[0] == '\0');
  CHECK(turdb_stmt_column_blob(stmt, 1, &size) != NULL && size == 0);
  turdb_stmt_free(stmt);
  session_close(&s);
}

struct second_thread {
  turdb_conn* conn;
  turdb_status status;
};

static void* use_connection(void* argument) {
  struct second_thread* second = (struct second_thread*)argument;
  usleep(30 * 1000);
  second->status = turdb_conn_exec(second->conn, "select 1", -1, NULL);
  turdb_conn_interrupt(second->conn);
  return NULL;
}

static void a_second_thread_is_told(void) { /* [C-THREAD-1] */
  struct session s = session_open(":memory:");
  struct second_thread second = {s.conn, TURDB_OK};
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, use_connection, &second) == 0);
  CHECK_STATUS(
      TURDB_INTERRUPTED,
      turdb_conn_exec(s.conn, "select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b", -1, NULL));
  pthread_join(thread, NULL);
  CHECK_STATUS(TURDB_MISUSE, second.status);
  session_close(&s);
}

/* What is freed from inside its own run: the last owner goes while the connection is busy. */
struct freed_inside {
  turdb_db* db;
  turdb_conn* conn;
  turdb_stmt* stmt;
  bool conn_first;
};

static bool free_all(void* argument) {
  struct freed_inside* freed = (struct freed_inside*)argument;
  if (freed->conn_first) turdb_conn_free(freed->conn);
  turdb_stmt_free(freed->stmt);
  if (!freed->conn_first) turdb_conn_free(freed->conn);
  turdb_db_free(freed->db);
  return true; /* and stop */
}

static void busy_handles_can_be_freed(void) { /* [C-FREE-1] [C-THREAD-1] */
  const char* endless = "select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b";
  for (int round = 0; round < 4; ++round) {
    struct freed_inside freed = {NULL, NULL, NULL, (round & 1) != 0};
    CHECK_STATUS(TURDB_OK, turdb_db_open(":memory:", NULL, &freed.db, NULL));
    CHECK_STATUS(TURDB_OK, turdb_conn_open(freed.db, &freed.conn, NULL));
    CHECK_STATUS(TURDB_OK, turdb_conn_set_progress(freed.conn, 1, free_all, &freed, NULL));
    if (round < 2) {
      CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(freed.conn, endless, -1, NULL, &freed.stmt, NULL));
      CHECK_STATUS(TURDB_INTERRUPTED, turdb_stmt_step(freed.stmt, NULL));
    } else {
      CHECK_STATUS(TURDB_INTERRUPTED, turdb_conn_exec(freed.conn, endless, -1, NULL));
    }
  }
}

/* What is bound before a value has no say in what becomes of it. */
static void bound_values_have_no_history(void) {
  struct session s = session_open(":memory:");
  turdb_stmt* stmt = NULL;
  turdb_error* error = NULL;
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a bigint, b double precision)"));
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "insert into t values (?, ?)", -1, NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_decimal(stmt, 1, "1.005", -1, NULL));
  CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_text(stmt, 1, "1.5", -1, NULL));
  CHECK_STATUS(TURDB_DATA, turdb_stmt_step(stmt, &error));
  CHECK_TEXT("22P02", turdb_error_sqlstate(error));
  turdb_error_free(error);
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_null(stmt, 1, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_uint64(stmt, 2, UINT64_MAX, NULL));
  CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_double(stmt, 1, 2.0, NULL));
  CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_double(stmt, 1, 2.5, NULL));
  CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
  turdb_stmt_free(stmt);
  CHECK(query_int64(s.conn, "select count(*) from t") == 4);
  session_close(&s);
}

static void statements_outlive_schema_changes(void) { /* [C-PREPARE-1] */
  struct session s = session_open(":memory:");
  turdb_stmt* stmt = NULL;
  turdb_error* error = NULL;
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a int); insert into t values (1)"));
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "select * from t", -1, NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK(turdb_stmt_column_count(stmt) == 1);
  CHECK_STATUS(TURDB_OK, turdb_stmt_reset(stmt, NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "drop table t; create table t(x text, y int); insert into t values ('new', 2)"));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK(turdb_stmt_column_count(stmt) == 2);
  CHECK_TEXT("new", turdb_stmt_column_text(stmt, 0, NULL));
  CHECK_TEXT("y", turdb_stmt_column_name(stmt, 1));
  CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "drop table t"));
  CHECK_STATUS(TURDB_ERROR, turdb_stmt_step(stmt, &error));
  CHECK_TEXT("42P01", turdb_error_sqlstate(error));
  turdb_error_free(error);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(z int); insert into t values (7)"));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK(turdb_stmt_column_int64(stmt, 0) == 7);
  turdb_stmt_free(stmt);
  session_close(&s);
}

static void changes_are_made_in_the_first_step(void) { /* [C-STEP-2] */
  struct session s = session_open(":memory:");
  turdb_conn* other = NULL;
  turdb_stmt* stmt = NULL;
  CHECK_STATUS(TURDB_OK, turdb_conn_open(s.db, &other, NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a int)"));
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "insert into t select * from generate_series(1, 5000) returning a", -1,
                                            NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK(query_int64(other, "select count(*) from t") == 5000);
  CHECK(turdb_conn_changes(s.conn) == 5000);
  int64_t rows = 1;
  while (turdb_stmt_step(stmt, NULL) == TURDB_ROW) ++rows;
  CHECK(rows == 5000);
  turdb_stmt_free(stmt);
  turdb_conn_free(other);
  session_close(&s);
}

/* Counts the rows that are left and checks that they come in order from `next` on. */
static void drain(turdb_stmt* stmt, int64_t next, int64_t last) {
  turdb_status status;
  while ((status = turdb_stmt_step(stmt, NULL)) == TURDB_ROW) {
    CHECK(turdb_stmt_column_int64(stmt, 0) == next);
    ++next;
  }
  CHECK_STATUS(TURDB_DONE, status);
  CHECK(next == last + 1);
}

static void commit_keeps_cursors_and_rollback_ends_them(void) { /* [C-CURSOR-1] */
  struct session s = session_open(":memory:");
  turdb_conn* other = NULL;
  turdb_stmt* first = NULL;
  turdb_stmt* second = NULL;
  turdb_error* error = NULL;
  CHECK_STATUS(TURDB_OK, turdb_conn_open(s.db, &other, NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a int primary key, b text)"));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "insert into t select i, repeat('x', 50) from generate_series(1, 20000) g(i)"));
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "select a, b from t order by a", -1, NULL, &first, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "select a, b from t where a > 0 order by a", -1, NULL, &second, NULL));

  /* One opened before the transaction changed anything, one that sees its changes. */
  CHECK_STATUS(TURDB_OK, exec(s.conn, "begin"));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(first, NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "insert into t values (20001, 'own')"));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(second, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(second, NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "delete from t where a > 20000"));
  CHECK_STATUS(TURDB_OK, turdb_conn_commit(s.conn, NULL));
  CHECK(turdb_stmt_column_int64(first, 0) == 1);
  CHECK(turdb_stmt_column_int64(second, 0) == 2);
  CHECK_STATUS(TURDB_OK, exec(other, "update t set b = 'later'; delete from t where a > 10000"));
  drain(first, 2, 20000);
  drain(second, 3, 20001);
  CHECK(query_int64(s.conn, "select count(*) from t") == 10000);

  /* A cursor's error comes where it would have come. */
  CHECK_STATUS(TURDB_OK, exec(s.conn, "begin; insert into t values (50000, 'zero')"));
  turdb_stmt_free(second);
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "select a, 1 / (a - 50000) from t order by a", -1, NULL, &second, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(second, NULL));
  CHECK_STATUS(TURDB_OK, turdb_conn_commit(s.conn, NULL));
  turdb_status status = TURDB_ROW;
  while (status == TURDB_ROW) status = turdb_stmt_step(second, &error);
  CHECK_STATUS(TURDB_DATA, status);
  CHECK_TEXT("22012", turdb_error_sqlstate(error));
  turdb_error_free(error);

  CHECK_STATUS(TURDB_OK, exec(s.conn, "begin"));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(first, NULL));
  CHECK_STATUS(TURDB_OK, turdb_conn_rollback(s.conn, NULL));
  CHECK_STATUS(TURDB_ERROR, turdb_stmt_step(first, &error));
  CHECK_TEXT("24000", turdb_error_sqlstate(error));
  turdb_error_free(error);

  /* ROLLBACK TO ends those that began after the savepoint. */
  CHECK_STATUS(TURDB_OK, exec(s.conn, "begin; delete from t where a > 100"));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(first, NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "savepoint p; delete from t"));
  CHECK_STATUS(TURDB_OK, turdb_stmt_reset(second, NULL));
  turdb_stmt_free(second);
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "select * from generate_series(1, 9999)", -1, NULL, &second, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(second, NULL));
  CHECK_STATUS(TURDB_OK, turdb_conn_rollback_to(s.conn, "p", NULL));
  CHECK_STATUS(TURDB_ERROR, turdb_stmt_step(second, NULL));
  drain(first, 2, 100);
  CHECK_STATUS(TURDB_OK, turdb_conn_commit(s.conn, NULL));
  turdb_stmt_free(first);
  turdb_stmt_free(second);
  turdb_conn_free(other);
  session_close(&s);
}

static void interrupt_reaches_a_cursor_under_other_statements(void) { /* [C-INTERRUPT-1] */
  struct session s = session_open(":memory:");
  turdb_stmt* cursor = NULL;
  CHECK_STATUS(TURDB_OK,
               turdb_stmt_prepare(s.conn, "select * from generate_series(1, 10000000) g(i)", -1, NULL, &cursor, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(cursor, NULL));
  CHECK(query_int64(s.conn, "select count(*) from generate_series(1, 10)") == 10);
  turdb_conn_interrupt(s.conn);
  CHECK(query_int64(s.conn, "select count(*) from generate_series(1, 10)") == 10); /* it began later */
  turdb_status status = TURDB_ROW;
  while (status == TURDB_ROW) status = turdb_stmt_step(cursor, NULL);
  CHECK_STATUS(TURDB_INTERRUPTED, status);
  turdb_stmt_free(cursor);
  session_close(&s);
}

static void an_interrupt_of_a_cursor_ends_no_later_wait(void) { /* [C-INTERRUPT-1] */
  struct session s = session_open(":memory:");
  turdb_conn* other = NULL;
  turdb_stmt* cursor = NULL;
  turdb_error* error = NULL;
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(id int primary key, a int); insert into t values (1, 0), (2, 0)"));
  CHECK_STATUS(TURDB_OK, turdb_conn_open(s.db, &other, NULL));
  CHECK_STATUS(TURDB_OK, exec(other, "begin; update t set a = 1 where id = 1"));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "set busy_timeout = 20; begin; update t set a = 2 where id = 2"));
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "select * from generate_series(1, 99999)", -1, NULL, &cursor, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(cursor, NULL));
  turdb_conn_interrupt(s.conn); /* nobody but the cursor runs */
  CHECK_STATUS(TURDB_BUSY, turdb_conn_exec(s.conn, "update t set a = 3 where id = 1", -1, &error));
  CHECK_TEXT("55P03", turdb_error_sqlstate(error));
  turdb_error_free(error);
  turdb_status status = TURDB_ROW;
  while (status == TURDB_ROW) status = turdb_stmt_step(cursor, NULL);
  CHECK_STATUS(TURDB_INTERRUPTED, status);
  turdb_stmt_free(cursor);
  turdb_conn_free(other);
  session_close(&s);
}

struct interrupter {
  turdb_conn* conn;
  atomic_bool stop;
};

static void* interrupt_all_the_time(void* argument) {
  struct interrupter* interrupter = (struct interrupter*)argument;
  while (!atomic_load(&interrupter->stop)) turdb_conn_interrupt(interrupter->conn);
  return NULL;
}

static void interrupts_meet_transactions_that_end_under_a_cursor(void) { /* [C-INTERRUPT-1] */
  struct session s = session_open(":memory:");
  turdb_stmt* cursor = NULL;
  pthread_t thread;
  struct interrupter interrupter = {s.conn, false};
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a int)"));
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "select * from generate_series(1, 9)", -1, NULL, &cursor, NULL));
  CHECK(pthread_create(&thread, NULL, interrupt_all_the_time, &interrupter) == 0);
  for (int round = 0; round < 2000; ++round) {
    turdb_status status = turdb_stmt_step(cursor, NULL);
    CHECK(status == TURDB_ROW || status == TURDB_INTERRUPTED);
    for (int i = 0; i < 4; ++i) {
      status = turdb_conn_exec(s.conn, "insert into t values (1)", -1, NULL);
      CHECK(status == TURDB_OK || status == TURDB_INTERRUPTED);
    }
    turdb_stmt_reset(cursor, NULL);
  }
  atomic_store(&interrupter.stop, true);
  pthread_join(thread, NULL);
  CHECK(query_int64(s.conn, "select 1") == 1);
  turdb_stmt_free(cursor);
  session_close(&s);
}

static void a_statement_over_memory_leaves_nothing_behind(void) {
  turdb_options* options = NULL;
  turdb_db* db = NULL;
  turdb_conn* conn = NULL;
  turdb_error* error = NULL;
  CHECK_STATUS(TURDB_OK, turdb_options_new(&options, NULL));
  CHECK_STATUS(TURDB_OK, turdb_options_set(options, "memory_limit", "4MB", NULL));
  CHECK_STATUS(TURDB_OK, turdb_db_open(":memory:", options, &db, NULL));
  turdb_options_free(options);
  CHECK_STATUS(TURDB_OK, turdb_conn_open(db, &conn, NULL));
  CHECK_STATUS(TURDB_OK, exec(conn, "create table t(a int, b text)"));
  CHECK_STATUS(TURDB_OK, exec(conn, "insert into t values (1, 'kept')"));
  const char* const hungry[] = {
      "insert into t select i, repeat('x', 3000000) || i::text from generate_series(1, 3) g(i)",
      "update t set b = repeat('y', 100000000)",
      "select repeat('z', 50000000) || repeat('z', 50000000)",
  };
  for (size_t i = 0; i < sizeof hungry / sizeof hungry[0]; ++i) {
    CHECK_STATUS(TURDB_NO_MEMORY, turdb_conn_exec(conn, hungry[i], -1, &error));
    turdb_error_free(error);
    CHECK(turdb_conn_in_autocommit(conn));
    CHECK(query_int64(conn, "select count(*) from t where b = 'kept'") == 1);
    CHECK(query_int64(conn, "select count(*) from t") == 1);
  }
  CHECK_STATUS(TURDB_OK, exec(conn, "begin; insert into t values (2, 'also')"));
  for (size_t i = 0; i < sizeof hungry / sizeof hungry[0]; ++i) {
    CHECK_STATUS(TURDB_NO_MEMORY, turdb_conn_exec(conn, hungry[i], -1, NULL));
    CHECK(query_int64(conn, "select count(*) from t") == 2);
  }
  CHECK_STATUS(TURDB_OK, exec(conn, "commit"));
  CHECK(query_int64(conn, "select count(*) from t") == 2);
  turdb_conn_free(conn);
  CHECK_STATUS(TURDB_OK, turdb_db_close(db, NULL));
  turdb_db_free(db);
}

/* 1 MB of memory, half of it page frames, and no thread in the background. */
static void one_megabyte_is_enough(void) {
  turdb_options* options = NULL;
  turdb_db* db = NULL;
  turdb_conn* conn = NULL;
  int64_t problems = -1;
  CHECK_STATUS(TURDB_OK, turdb_options_new(&options, NULL));
  CHECK_STATUS(TURDB_OK, turdb_options_set(options, "memory_limit", "1MB", NULL));
  CHECK_STATUS(TURDB_OK, turdb_options_set(options, "page_cache_bytes", "512KB", NULL));
  CHECK_STATUS(TURDB_OK, turdb_options_set(options, "threads", "1", NULL));
  CHECK_STATUS(TURDB_OK, turdb_options_set(options, "synchronous", "off", NULL));
  CHECK_STATUS(TURDB_OK, turdb_db_open(temporary_path("one_megabyte"), options, &db, NULL));
  turdb_options_free(options);
  CHECK_STATUS(TURDB_OK, turdb_conn_open(db, &conn, NULL));
  const char* const script[] = {
      "create table t(id bigint primary key, k int, v text, d decimal(10,2))",
      "begin; insert into t select i, i % 1000, 'value ' || i::text, i * 0.01 from generate_series(1, 50000) g(i); commit",
      "insert into t values (60000, 1, 'one more', 1)",
      "create index t_k on t(k)",
      "create unique index t_v on t(v)",
      "create table long_text(id int primary key, x text)",
      "insert into long_text values (1, repeat('x', 60000))",
  };
  for (size_t i = 0; i < sizeof script / sizeof script[0]; ++i) CHECK_STATUS(TURDB_OK, exec(conn, script[i]));
  CHECK(query_int64(conn, "select count(*) from (select k, sum(d) from t group by k order by 2) g") == 1000);
  CHECK(query_int64(conn, "select count(*) from (select * from t order by v) s") == 50001);
  CHECK(query_int64(conn, "select count(*) from t a join t b on a.v = b.v") == 50001);
  CHECK(query_int64(conn, "select id from t where v = 'value 777'") == 777);
  CHECK(query_int64(conn, "select count(*) from t where k = 77") == 50);
  CHECK(query_int64(conn, "select length(x) from long_text") == 60000);
  CHECK_STATUS(TURDB_OK, exec(conn, "update t set d = d + 1"));
  CHECK_STATUS(TURDB_OK, exec(conn, "begin; delete from t where id % 3 = 0; rollback"));
  CHECK_STATUS(TURDB_OK, exec(conn, "drop index t_v"));
  CHECK_STATUS(TURDB_OK, exec(conn, "delete from t where id % 5 = 0"));
  CHECK(turdb_db_memory_peak(db) <= 1 << 20);
  CHECK_STATUS(TURDB_OK, turdb_db_check(db, NULL, NULL, &problems, NULL));
  CHECK(problems == 0);
  turdb_conn_free(conn);
  CHECK_STATUS(TURDB_OK, turdb_db_close(db, NULL));
  turdb_db_free(db);
}

/* What only passes a parameter on has the type of the value; a test for NULL does not decide it. */
static void parameters_have_the_type_of_what_is_bound(void) {
  struct session s = session_open(":memory:");
  turdb_stmt* stmt = NULL;
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(id int, n text); insert into t values (1, 'a'), (2, 'b')"));
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "select ?", -1, NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_int64(stmt, 1, 7, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK(turdb_stmt_column_type(stmt, 0) == TURDB_TYPE_INT64 && turdb_stmt_column_int64(stmt, 0) == 7);
  CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_double(stmt, 1, 0.5, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK(turdb_stmt_column_type(stmt, 0) == TURDB_TYPE_DOUBLE && turdb_stmt_column_double(stmt, 0) == 0.5);
  CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_int64(stmt, 1, 3, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK(turdb_stmt_column_type(stmt, 0) == TURDB_TYPE_INT64 && turdb_stmt_column_int64(stmt, 0) == 3);
  CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_text(stmt, 1, "text", -1, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK(turdb_stmt_column_type(stmt, 0) == TURDB_TYPE_TEXT);
  CHECK_TEXT("text", turdb_stmt_column_text(stmt, 0, NULL));
  turdb_stmt_free(stmt);
  CHECK_STATUS(TURDB_OK,
               turdb_stmt_prepare(s.conn, "select count(*) from t where ?1 is null or id = ?1", -1, NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_int64(stmt, 1, 2, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK(turdb_stmt_column_int64(stmt, 0) == 1);
  turdb_stmt_reset(stmt, NULL);
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_null(stmt, 1, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK(turdb_stmt_column_int64(stmt, 0) == 2);
  turdb_stmt_free(stmt);
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "select id from t order by ?, id", -1, NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_int64(stmt, 1, 1, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK(turdb_stmt_column_int64(stmt, 0) == 1);
  turdb_stmt_free(stmt);
  session_close(&s);
}

/* Into a column without a type goes the value with its type, by the short path and by the long one. */
static void columns_without_a_type_take_what_is_bound(void) {
  struct session s = session_open(":memory:");
  turdb_stmt* stmt = NULL;
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(id integer primary key, v)"));
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "insert into t values (?, ?)", -1, NULL, &stmt, NULL));
  for (int64_t id = 1; id <= 3; ++id) {
    CHECK_STATUS(TURDB_OK, turdb_stmt_bind_int64(stmt, 1, id, NULL));
    if (id == 1) CHECK_STATUS(TURDB_OK, turdb_stmt_bind_int64(stmt, 2, 42, NULL));
    if (id == 2) CHECK_STATUS(TURDB_OK, turdb_stmt_bind_text(stmt, 2, "forty-two, in letters", -1, NULL));
    if (id == 3) CHECK_STATUS(TURDB_OK, turdb_stmt_bind_double(stmt, 2, 4.5, NULL));
    CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
  }
  turdb_stmt_free(stmt);
  CHECK_STATUS(TURDB_OK,
               turdb_stmt_prepare(s.conn, "insert into t select i, ? from generate_series(4, 5) s(i)", -1, NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_int64(stmt, 1, 7, NULL));
  CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
  turdb_stmt_free(stmt);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "insert into t values (6, 'literal'), (7, 1.5)"));
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "select v from t order by id", -1, NULL, &stmt, NULL));
  const int32_t types[] = {TURDB_TYPE_INT64, TURDB_TYPE_TEXT, TURDB_TYPE_DOUBLE, TURDB_TYPE_INT64,
                           TURDB_TYPE_INT64, TURDB_TYPE_TEXT, TURDB_TYPE_DECIMAL};
  for (size_t i = 0; i < sizeof types / sizeof types[0]; ++i) {
    CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
    CHECK(turdb_stmt_value_type(stmt, 0) == types[i]);
    if (i == 1) CHECK_TEXT("forty-two, in letters", turdb_stmt_column_text(stmt, 0, NULL));
  }
  turdb_stmt_free(stmt);
  session_close(&s);
}

/* A statement about the catalog is about the catalog of now, whenever it was prepared. */
static void what_is_asked_again_about_the_catalog_is_answered_anew(void) {
  struct session s = session_open(":memory:");
  turdb_stmt* stmt = NULL;
  const char* sql = "select count(*) from turdb_catalog.tables where schema_name = 'root'";
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, sql, -1, NULL, &stmt, NULL));
  const struct {
    const char* sql;
    int64_t tables;
  } changes[] = {{"create table a(i int)", 1}, {"begin", 1},  {"create table b(i int)", 2},
                 {"drop table a", 1},          {"commit", 1}, {"drop table b", 0}};
  for (size_t i = 0; i < sizeof changes / sizeof changes[0]; ++i) {
    CHECK_STATUS(TURDB_OK, exec(s.conn, changes[i].sql));
    CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
    CHECK(turdb_stmt_column_int64(stmt, 0) == changes[i].tables);
    CHECK_STATUS(TURDB_OK, turdb_stmt_reset(stmt, NULL));
  }
  turdb_stmt_free(stmt);
  session_close(&s);
}

/* An int64 goes into whatever holds it, each time anew. */
static void integers_meet_columns_of_every_width(void) {
  struct session s = session_open(":memory:");
  turdb_stmt* stmt = NULL;
  turdb_error* error = NULL;
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a smallint, b int, c double precision, d utinyint, e numeric)"));
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "insert into t values (?1, ?2, ?3, ?4, ?5)", -1, NULL, &stmt, NULL));
  const int64_t rows[][5] = {{1, 2, 3, 4, 5}, {-32768, 2147483647, 9007199254740992, 255, INT64_MAX}, {6, 7, 8, 9, 10}};
  for (size_t row = 0; row < 3; ++row) {
    for (int i = 0; i < 5; ++i) CHECK_STATUS(TURDB_OK, turdb_stmt_bind_int64(stmt, i + 1, rows[row][i], NULL));
    CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
  }
  for (int i = 0; i < 4; ++i) {
    const int64_t too_large[] = {32768, 2147483648, 0, -1};
    if (i == 2) continue;
    for (int j = 0; j < 5; ++j) CHECK_STATUS(TURDB_OK, turdb_stmt_bind_int64(stmt, j + 1, i == j ? too_large[i] : 1, NULL));
    CHECK_STATUS(TURDB_DATA, turdb_stmt_step(stmt, &error));
    CHECK_TEXT("22003", turdb_error_sqlstate(error));
    turdb_error_free(error);
  }
  turdb_stmt_free(stmt);
  CHECK(query_int64(s.conn, "select count(*) from t") == 3);
  CHECK(query_int64(s.conn,
                    "select count(*) from t where a = -32768 and b = 2147483647 and c = 9007199254740992 and d = 255 and "
                    "e = 9223372036854775807") == 1);
  CHECK(query_int64(s.conn, "select sum(a + b + c + d + e) from t where a = 6") == 40);
  session_close(&s);
}

static void vectors_go_both_ways(void) {
  struct session s = session_open(":memory:");
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t (v vector(3), h halfvec(2), i vector(2, int8), b vector(9, bit))"));
  turdb_stmt* stmt = NULL;
  CHECK_STATUS(TURDB_OK,
               turdb_stmt_prepare(s.conn, "insert into t values ($1, $2, $3, $4) returning *", -1, NULL, &stmt, NULL));
  const float floats[3] = {1.5f, -2, 0.1f};
  const uint16_t halves[2] = {0x3c00, 0xc000}; /* 1, -2 */
  const int8_t bytes[2] = {-128, 127};
  const uint8_t bits[2] = {0x81, 0x01};
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_vector(stmt, 1, floats, 3, TURDB_VECTOR_FLOAT32, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_vector(stmt, 2, halves, 2, TURDB_VECTOR_FLOAT16, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_vector(stmt, 3, bytes, 2, TURDB_VECTOR_INT8, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_vector(stmt, 4, bits, 9, TURDB_VECTOR_BIT, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  const void* const bound[4] = {floats, halves, bytes, bits};
  const size_t sizes[4] = {sizeof floats, sizeof halves, sizeof bytes, sizeof bits};
  const int64_t dimensions[4] = {3, 2, 2, 9};
  for (int64_t i = 0; i < 4; ++i) {
    int64_t count = -1;
    int32_t element = -1;
    CHECK(turdb_stmt_column_type(stmt, i) == TURDB_TYPE_VECTOR);
    const void* data = turdb_stmt_column_vector(stmt, i, &count, &element);
    CHECK(count == dimensions[i] && element == (int32_t)i);
    CHECK(data != NULL && memcmp(data, bound[i], sizes[i]) == 0);
  }
  CHECK_TEXT("[1.5,-2,0.1]", turdb_stmt_column_text(stmt, 0, NULL));
  CHECK_TEXT("[1,0,0,0,0,0,0,1,1]", turdb_stmt_column_text(stmt, 3, NULL));
  CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
  turdb_stmt_reset(stmt, NULL);

  /* What is none is refused, and nothing is bound. */
  turdb_error* error = NULL;
  const uint32_t nan_bits = 0x7fc00000;
  CHECK_STATUS(TURDB_DATA, turdb_stmt_bind_vector(stmt, 1, &nan_bits, 1, TURDB_VECTOR_FLOAT32, &error));
  CHECK_TEXT("22000", turdb_error_sqlstate(error));
  turdb_error_free(error);
  const uint8_t too_many[1] = {0x04};
  CHECK_STATUS(TURDB_DATA, turdb_stmt_bind_vector(stmt, 4, too_many, 2, TURDB_VECTOR_BIT, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_bind_vector(stmt, 1, floats, 3, 4, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_bind_vector(stmt, 1, floats, 3, -1, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_bind_vector(stmt, 1, NULL, 3, TURDB_VECTOR_FLOAT32, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_bind_vector(stmt, 1, floats, -1, TURDB_VECTOR_FLOAT32, NULL));
  CHECK_STATUS(TURDB_NOT_FOUND, turdb_stmt_bind_vector(stmt, 5, floats, 3, TURDB_VECTOR_FLOAT32, NULL));
  CHECK(turdb_stmt_bind_vector(stmt, 1, floats, 0, TURDB_VECTOR_FLOAT32, NULL) != TURDB_OK);
  CHECK(turdb_stmt_bind_vector(stmt, 1, floats, 65536, TURDB_VECTOR_FLOAT32, NULL) != TURDB_OK);
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_vector(stmt, 1, NULL, 0, TURDB_VECTOR_FLOAT32, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  int64_t count = -1;
  CHECK(turdb_stmt_column_vector(stmt, 0, &count, NULL) == NULL && count == 0);
  turdb_stmt_free(stmt);

  /* A vector of another length is the column's error; one of another kind is cast where nothing is lost by it. */
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "select v <-> $1 from t where v is not null", -1, NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_vector(stmt, 1, floats, 2, TURDB_VECTOR_FLOAT32, NULL));
  CHECK_STATUS(TURDB_DATA, turdb_stmt_step(stmt, &error));
  CHECK_TEXT("22000", turdb_error_sqlstate(error));
  turdb_error_free(error);
  turdb_stmt_reset(stmt, NULL);
  const int8_t small[3] = {1, -2, 0};
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_vector(stmt, 1, small, 3, TURDB_VECTOR_INT8, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK(turdb_stmt_column_double(stmt, 0) > 0.5 && turdb_stmt_column_double(stmt, 0) < 0.52);
  turdb_stmt_reset(stmt, NULL);
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_text(stmt, 1, "[1.5,-2,0.1]", -1, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK(turdb_stmt_column_double(stmt, 0) == 0);
  turdb_stmt_free(stmt);
  session_close(&s);
}

void contract_tests(void) {
  vectors_go_both_ways();
  integers_meet_columns_of_every_width();
  what_is_asked_again_about_the_catalog_is_answered_anew();
  parameters_have_the_type_of_what_is_bound();
  columns_without_a_type_take_what_is_bound();
  statuses_have_signs();
  texts_have_a_size_and_a_nul_behind();
  a_second_thread_is_told();
  busy_handles_can_be_freed();
  bound_values_have_no_history();
  statements_outlive_schema_changes();
  changes_are_made_in_the_first_step();
  commit_keeps_cursors_and_rollback_ends_them();
  interrupt_reaches_a_cursor_under_other_statements();
  an_interrupt_of_a_cursor_ends_no_later_wait();
  interrupts_meet_transactions_that_end_under_a_cursor();
  a_statement_over_memory_leaves_nothing_behind();
  one_megabyte_is_enough();
}
