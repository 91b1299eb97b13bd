/* Interrupt handles: aimed at one execution, valid after the connection, and what they end. */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "capi_test.h"

static const char kEndless[] = "select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b";

static void a_handle_outlives_its_connection(void) { /* [C-INTERRUPT-2] */
  struct session s = session_open(":memory:");
  turdb_interrupt* interrupt = NULL;
  turdb_interrupt* missing = NULL;
  CHECK_STATUS(TURDB_MISUSE, turdb_interrupt_open(NULL, &missing, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_interrupt_open(s.conn, NULL, NULL));
  CHECK_STATUS(TURDB_OK, turdb_interrupt_open(s.conn, &interrupt, NULL));
  CHECK(turdb_interrupt_retain(interrupt) == interrupt);
  CHECK(turdb_interrupt_execution(interrupt) == 0);
  CHECK(query_int64(s.conn, "select 1") == 1);
  CHECK(turdb_interrupt_execution(interrupt) == 1);
  turdb_interrupt_free(interrupt); /* one of two owners */
  CHECK_STATUS(TURDB_OK, turdb_conn_close(s.conn, NULL));
  turdb_interrupt_stop(interrupt);
  turdb_interrupt_stop_execution(interrupt, 2);
  session_close(&s);
  turdb_interrupt_stop(interrupt);
  turdb_interrupt_stop_execution(interrupt, 2);
  CHECK(turdb_interrupt_execution(interrupt) == 1);
  turdb_interrupt_free(interrupt);
  turdb_interrupt_stop(NULL);
  turdb_interrupt_stop_execution(NULL, 1);
  turdb_interrupt_free(NULL);
  CHECK(turdb_interrupt_retain(NULL) == NULL);
  CHECK(turdb_interrupt_execution(NULL) == 0);
}

static void an_interrupt_meets_the_execution_it_is_aimed_at(void) { /* [C-INTERRUPT-3] */
  struct session s = session_open(":memory:");
  turdb_interrupt* interrupt = NULL;
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a int primary key); insert into t values (1), (2), (3)"));
  CHECK_STATUS(TURDB_OK, turdb_interrupt_open(s.conn, &interrupt, NULL));
  /* Too late: what comes next is not affected, whether it takes the short path or not. */
  CHECK(query_int64(s.conn, "select count(*) from t") == 3);
  turdb_interrupt_stop_execution(interrupt, turdb_interrupt_execution(interrupt));
  CHECK(query_int64(s.conn, "select count(*) from t") == 3);
  turdb_interrupt_stop_execution(interrupt, turdb_interrupt_execution(interrupt));
  CHECK(query_int64(s.conn, "select a from t where a = 2") == 2);
  turdb_interrupt_stop_execution(interrupt, turdb_interrupt_execution(interrupt));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "update t set a = 4 where a = 3"));
  /* Too early: the next one is stopped as it begins, and only that. */
  const char* const stopped[] = {"select count(*) from t", "select a from t where a = 2", "update t set a = 5 where a = 4",
                                 "insert into t values (9)", "create table u(a int)"};
  for (size_t i = 0; i < sizeof stopped / sizeof stopped[0]; ++i) {
    turdb_interrupt_stop_execution(interrupt, turdb_interrupt_execution(interrupt) + 1);
    CHECK_STATUS(TURDB_INTERRUPTED, turdb_conn_exec(s.conn, stopped[i], -1, NULL));
    CHECK(query_int64(s.conn, "select count(*) from t where a in (1, 2, 4)") == 3);
  }
  /* One further ahead is forgotten. */
  turdb_interrupt_stop_execution(interrupt, turdb_interrupt_execution(interrupt) + 2);
  CHECK(query_int64(s.conn, "select 1") == 1);
  CHECK(query_int64(s.conn, "select 2") == 2);
  turdb_interrupt_free(interrupt);
  session_close(&s);
}

static void an_interrupt_picks_one_of_several_cursors(void) { /* [C-INTERRUPT-3] */
  struct session s = session_open(":memory:");
  turdb_interrupt* interrupt = NULL;
  turdb_stmt* first = NULL;
  turdb_stmt* second = NULL;
  CHECK_STATUS(TURDB_OK, turdb_interrupt_open(s.conn, &interrupt, NULL));
  const char* sql = "select i from generate_series(1, 100000) t(i)";
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, sql, -1, NULL, &first, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, sql, -1, NULL, &second, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(first, NULL));
  const int64_t number = turdb_interrupt_execution(interrupt);
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(second, NULL));
  CHECK(turdb_interrupt_execution(interrupt) == number + 1);
  turdb_interrupt_stop_execution(interrupt, number);
  int64_t rows = 1;
  turdb_status status;
  while ((status = turdb_stmt_step(second, NULL)) == TURDB_ROW) ++rows;
  CHECK_STATUS(TURDB_DONE, status);
  CHECK(rows == 100000);
  while ((status = turdb_stmt_step(first, NULL)) == TURDB_ROW) continue;
  CHECK_STATUS(TURDB_INTERRUPTED, status);
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(first, NULL)); /* from the start, as another execution */
  turdb_stmt_free(first);
  turdb_stmt_free(second);
  turdb_interrupt_free(interrupt);
  session_close(&s);
}

struct canceller {
  turdb_interrupt* interrupt;
  int64_t execution;
};

static void* cancel_later(void* argument) {
  struct canceller* canceller = (struct canceller*)argument;
  usleep(50 * 1000);
  turdb_interrupt_stop_execution(canceller->interrupt, canceller->execution);
  turdb_interrupt_free(canceller->interrupt);
  return NULL;
}

/* Runs `sql`, which another thread stops by its number. */
static turdb_status run_stopped(turdb_conn* conn, const char* sql) {
  struct canceller canceller = {NULL, 0};
  pthread_t thread;
  CHECK_STATUS(TURDB_OK, turdb_interrupt_open(conn, &canceller.interrupt, NULL));
  canceller.execution = turdb_interrupt_execution(canceller.interrupt) + 1;
  CHECK(pthread_create(&thread, NULL, cancel_later, &canceller) == 0);
  const turdb_status status = turdb_conn_exec(conn, sql, -1, NULL);
  pthread_join(thread, NULL);
  return status;
}

static void what_runs_is_stopped_by_its_number(void) { /* [C-INTERRUPT-3] */
  struct session s = session_open(":memory:");
  CHECK_STATUS(TURDB_INTERRUPTED, run_stopped(s.conn, kEndless));
  CHECK_STATUS(TURDB_INTERRUPTED, run_stopped(s.conn, "select pg_sleep(100)"));
  CHECK(query_int64(s.conn, "select 1") == 1);
  /* What a statement runs inside is a part of it. */
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table big(a bigint)"));
  char create[200];
  snprintf(create, sizeof create, "create table copied as %s", kEndless);
  CHECK_STATUS(TURDB_INTERRUPTED, run_stopped(s.conn, create));
  CHECK(query_int64(s.conn, "select count(*) from information_schema.tables where table_name = 'copied'") == 0);
  session_close(&s);
}

static void a_wait_for_a_lock_ends(void) { /* [C-INTERRUPT-5] */
  struct session s = session_open(":memory:");
  turdb_conn* holder = NULL;
  CHECK_STATUS(TURDB_OK, turdb_conn_open(s.db, &holder, NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a int primary key, b int); insert into t values (1, 0)"));
  CHECK_STATUS(TURDB_OK, turdb_conn_set_setting(s.conn, "busy_timeout", "1h", NULL));
  CHECK_STATUS(TURDB_OK, exec(holder, "begin; update t set b = 1 where a = 1"));
  CHECK_STATUS(TURDB_INTERRUPTED, run_stopped(s.conn, "update t set b = 2 where a = 1"));
  CHECK_STATUS(TURDB_INTERRUPTED, run_stopped(s.conn, "drop table t"));
  CHECK_STATUS(TURDB_OK, exec(holder, "rollback"));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "update t set b = 3 where a = 1"));
  turdb_conn_free(holder);
  session_close(&s);
}

static bool count_and_stop(void* argument) { return ++*(int*)argument >= 3; }

/* Progress is asked, and may stop the statement, while it waits and while it sleeps. */
static void progress_goes_on_while_waiting(void) {
  struct session s = session_open(":memory:");
  turdb_conn* holder = NULL;
  CHECK_STATUS(TURDB_OK, turdb_conn_open(s.db, &holder, NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a int primary key, b int); insert into t values (1, 0)"));
  CHECK_STATUS(TURDB_OK, turdb_conn_set_setting(s.conn, "busy_timeout", "1h", NULL));
  CHECK_STATUS(TURDB_OK, exec(holder, "begin; update t set b = 1 where a = 1"));
  const char* const waiting[] = {"update t set b = 2 where a = 1", "update t set b = b + 2", "drop table t",
                                 "select pg_sleep(1000)"};
  for (size_t i = 0; i < sizeof waiting / sizeof waiting[0]; ++i) {
    int calls = 0;
    CHECK_STATUS(TURDB_OK, turdb_conn_set_progress(s.conn, 1, count_and_stop, &calls, NULL));
    CHECK_STATUS(TURDB_INTERRUPTED, turdb_conn_exec(s.conn, waiting[i], -1, NULL));
    CHECK(calls == 3);
  }
  CHECK_STATUS(TURDB_OK, turdb_conn_set_progress(s.conn, 1, NULL, NULL, NULL));
  CHECK_STATUS(TURDB_OK, exec(holder, "rollback"));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "begin; update t set b = 3 where a = 1; commit"));
  turdb_conn_free(holder);
  session_close(&s);
}

struct stopper {
  turdb_interrupt* interrupt;
  atomic_bool done;
};

static void* stop_all_the_time(void* argument) {
  struct stopper* stopper = (struct stopper*)argument;
  while (!atomic_load(&stopper->done)) {
    turdb_interrupt_stop_execution(stopper->interrupt, turdb_interrupt_execution(stopper->interrupt));
    usleep(100);
  }
  return NULL;
}

/* A statement that says it was interrupted has changed nothing; one that says it succeeded is committed. */
static void commits_are_whole_under_interrupts(void) { /* [C-INTERRUPT-4] */
  struct session s = session_open(":memory:");
  struct stopper stopper = {NULL, false};
  pthread_t thread;
  int64_t committed = 0;
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a int)"));
  CHECK_STATUS(TURDB_OK, turdb_interrupt_open(s.conn, &stopper.interrupt, NULL));
  CHECK(pthread_create(&thread, NULL, stop_all_the_time, &stopper) == 0);
  for (int i = 0; i < 3000; ++i) {
    const turdb_status status = turdb_conn_exec(s.conn, "insert into t values (1)", -1, NULL);
    CHECK(status == TURDB_OK || status == TURDB_INTERRUPTED);
    committed += status == TURDB_OK;
  }
  atomic_store(&stopper.done, true);
  pthread_join(thread, NULL);
  turdb_interrupt_stop_execution(stopper.interrupt, turdb_interrupt_execution(stopper.interrupt));
  CHECK(query_int64(s.conn, "select count(*) from t") == committed);
  turdb_interrupt_free(stopper.interrupt);
  session_close(&s);
}

void interrupt_tests(void) {
  a_handle_outlives_its_connection();
  an_interrupt_meets_the_execution_it_is_aimed_at();
  an_interrupt_picks_one_of_several_cursors();
  what_runs_is_stopped_by_its_number();
  a_wait_for_a_lock_ends();
  progress_goes_on_while_waiting();
  commits_are_whole_under_interrupts();
}
