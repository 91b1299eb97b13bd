/* What a database tells of itself, and shares: metrics, the log, snapshots; how it is closed and opened while others are at it.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capi_test.h"

static int64_t metric(turdb_db* db, const char* name) {
  int64_t value = -1;
  CHECK_STATUS(TURDB_OK, turdb_db_metric(db, name, &value, NULL));
  return value;
}

/* ---- metrics */

static void metrics_are_listed_and_described(void) { /* [C-METRIC-1] */
  struct session s = session_open(":memory:");
  const char* before = "";
  int64_t count = 0;
  for (const char* name; (name = turdb_metric_name(count)) != NULL; ++count) {
    int64_t value = -1;
    CHECK(strcmp(before, name) < 0);
    CHECK(turdb_metric_describe(name) != NULL && strlen(turdb_metric_describe(name)) > 5);
    CHECK_STATUS(TURDB_OK, turdb_db_metric(s.db, name, &value, NULL));
    CHECK(value >= 0);
    before = name;
  }
  CHECK(count >= 25);
  CHECK(count == query_int64(s.conn, "select count(*) from turdb_catalog.metrics"));
  CHECK(turdb_metric_name(-1) == NULL && turdb_metric_describe("nothing") == NULL && turdb_metric_describe(NULL) == NULL);
  CHECK(turdb_metric_is_counter("statements") && !turdb_metric_is_counter("connections"));
  CHECK(!turdb_metric_is_counter("nothing") && !turdb_metric_is_counter(NULL));
  CHECK(query_int64(s.conn, "select count(*) from turdb_catalog.metrics where kind = 'gauge' and name = 'connections'") == 1);
  int64_t value = 7;
  turdb_error* error = NULL;
  CHECK_STATUS(TURDB_NOT_FOUND, turdb_db_metric(s.db, "nothing", &value, &error));
  CHECK(value == 0 && turdb_error_hint(error) != NULL);
  turdb_error_free(error);
  CHECK_STATUS(TURDB_MISUSE, turdb_db_metric(NULL, "statements", &value, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_db_metric(s.db, NULL, &value, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_db_metric(s.db, "statements", NULL, NULL));
  CHECK_STATUS(TURDB_OK, turdb_db_close(s.db, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_db_metric(s.db, "statements", &value, NULL));
  session_close(&s);
}

static void counters_count(void) { /* [C-METRIC-2] */
  struct session s = session_open(temporary_path("counters"));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a int primary key, b text)"));
  const int64_t statements = metric(s.db, "statements"), changed = metric(s.db, "rows_changed");
  const int64_t returned = metric(s.db, "rows_returned"), committed = metric(s.db, "transactions_committed");
  const int64_t begun = metric(s.db, "transactions_begun"), rolled_back = metric(s.db, "transactions_rolled_back");
  const int64_t log_bytes = metric(s.db, "log_bytes"), syncs = metric(s.db, "log_syncs");
  const int64_t hits = metric(s.db, "page_cache_hits"), failed = metric(s.db, "statements_failed");
  const int64_t checkpoints = metric(s.db, "checkpoints"), compiled = metric(s.db, "statements_compiled");
  CHECK_STATUS(TURDB_OK, exec(s.conn, "insert into t select i, repeat('x', 100) from generate_series(1, 1000) i"));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "begin; update t set b = 'y' where a <= 10; rollback"));
  CHECK(query_int64(s.conn, "select a from t where a = 7") == 7);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "select a from t where a between 11 and 30"));
  CHECK_STATUS(TURDB_CONSTRAINT, turdb_conn_exec(s.conn, "insert into t values (7)", -1, NULL));
  CHECK_STATUS(TURDB_OK, turdb_db_checkpoint(s.db, NULL));
  CHECK(metric(s.db, "statements") == statements + 7);
  CHECK(metric(s.db, "statements_failed") == failed + 1);
  CHECK(metric(s.db, "statements_compiled") == compiled + 7);
  CHECK(metric(s.db, "rows_changed") == changed + 1010);
  CHECK(metric(s.db, "rows_returned") == returned + 21);
  CHECK(metric(s.db, "transactions_begun") == begun + 3);
  CHECK(metric(s.db, "transactions_committed") == committed + 1);
  CHECK(metric(s.db, "transactions_rolled_back") == rolled_back + 2);
  CHECK(metric(s.db, "log_bytes") > log_bytes + 100000);
  CHECK(metric(s.db, "log_syncs") > syncs);
  CHECK(metric(s.db, "page_cache_hits") > hits);
  CHECK(metric(s.db, "checkpoints") > checkpoints);
  CHECK(metric(s.db, "pages_written") > 0);
  CHECK(metric(s.db, "memory_used_bytes") == turdb_db_memory_used(s.db));
  CHECK(metric(s.db, "memory_peak_bytes") >= metric(s.db, "memory_used_bytes"));
  /* Sums do not fall when a connection goes. */
  turdb_conn* other = NULL;
  CHECK_STATUS(TURDB_OK, turdb_conn_open(s.db, &other, NULL));
  CHECK(metric(s.db, "connections") == 2);
  CHECK_STATUS(TURDB_OK, exec(other, "select 1; select 2"));
  turdb_conn_free(other);
  CHECK(metric(s.db, "connections") == 1 && metric(s.db, "statements") == statements + 9);
  CHECK_STATUS(TURDB_OK, turdb_conn_open(s.db, &other, NULL)); /* which puts away what it has counted */
  CHECK(metric(s.db, "statements") == statements + 9);
  /* The second of two updaters of one row. */
  CHECK_STATUS(TURDB_OK, exec(s.conn, "begin; select count(*) from t"));
  CHECK_STATUS(TURDB_OK, exec(other, "update t set b = 'z' where a = 1"));
  CHECK_STATUS(TURDB_CONFLICT, turdb_conn_exec(s.conn, "update t set b = 'z' where a = 1", -1, NULL));
  CHECK(metric(s.db, "conflicts") == 1 && metric(s.db, "deadlocks") == 0);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "rollback"));
  turdb_conn_free(other);
  session_close(&s);
}

static void spilling_and_the_cache_are_counted(void) {
  turdb_options* options = NULL;
  struct session s = {NULL, NULL};
  CHECK_STATUS(TURDB_OK, turdb_options_new(&options, NULL));
  CHECK_STATUS(TURDB_OK, turdb_options_set(options, "memory_limit", "4MB", NULL));
  CHECK_STATUS(TURDB_OK, turdb_options_set(options, "threads", "1", NULL));
  CHECK_STATUS(TURDB_OK, turdb_db_open(temporary_path("spilling"), options, &s.db, NULL));
  CHECK_STATUS(TURDB_OK, turdb_conn_open(s.db, &s.conn, NULL));
  turdb_options_free(options);
  CHECK(metric(s.db, "spilled_bytes") == 0);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "select i, md5(i::text) as m from generate_series(1, 100000) i order by m"));
  CHECK(metric(s.db, "spilled_bytes") > 1000000);
  CHECK_STATUS(TURDB_OK,
               exec(s.conn, "create table t as select i, repeat(md5(i::text), 20) m from generate_series(1, 10000) i"));
  const int64_t read = metric(s.db, "pages_read");
  CHECK_STATUS(TURDB_OK, exec(s.conn, "select sum(length(m)) from t"));
  CHECK(metric(s.db, "pages_read") > read && metric(s.db, "page_cache_evictions") > 0);
  CHECK(metric(s.db, "page_cache_bytes") <= 4 << 20 && metric(s.db, "memory_limit_bytes") == 4 << 20);
  session_close(&s);
}

/* ---- the log */

struct told {
  atomic_int count, destroyed;
  int worst;
  char last[512];
  turdb_db* closes;
  turdb_status closing;
};

static void tell(void* user_data, int32_t level, const char* message) {
  struct told* told = (struct told*)user_data;
  atomic_fetch_add(&told->count, 1);
  if (told->worst == 0 || level < told->worst) told->worst = level;
  snprintf(told->last, sizeof told->last, "%s", message);
  if (told->closes != NULL) told->closing = turdb_db_close(told->closes, NULL);
}

static void forget_told(void* user_data) { atomic_fetch_add(&((struct told*)user_data)->destroyed, 1); }

static void the_log_tells_of_opening_and_closing(void) { /* [C-LOG-1] [C-LOG-3] */
  const char* path = temporary_path("logged");
  struct session s = session_open(path);
  struct told told = {0};
  CHECK_STATUS(TURDB_OK, turdb_db_set_log(s.db, TURDB_LOG_INFO, tell, &told, forget_told, NULL));
  CHECK(told.count == 1 && told.worst == TURDB_LOG_INFO && strstr(told.last, "a new database") != NULL);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a int)"));
  CHECK(told.count == 1 && told.destroyed == 0);
  CHECK_STATUS(TURDB_OK, turdb_db_close(s.db, NULL));
  CHECK(told.count == 2 && told.destroyed == 1 && strstr(told.last, "closed") != NULL);
  CHECK_STATUS(TURDB_MISUSE, turdb_db_set_log(s.db, TURDB_LOG_INFO, tell, &told, forget_told, NULL));
  CHECK(told.destroyed == 2);
  session_close(&s);
  /* Opened again, as it was found. */
  s = session_open(path);
  struct told again = {0}, other = {0};
  CHECK_STATUS(TURDB_OK, turdb_db_set_log(s.db, TURDB_LOG_DEBUG, tell, &again, forget_told, NULL));
  CHECK(again.count == 1 && strstr(again.last, "closed properly") != NULL);
  CHECK_STATUS(TURDB_OK, turdb_db_set_log(s.db, TURDB_LOG_INFO, tell, &other, forget_told, NULL));
  CHECK(again.destroyed == 1 && other.count == 0);
  CHECK_STATUS(TURDB_OK, turdb_db_set_log(s.db, TURDB_LOG_INFO, NULL, NULL, NULL, NULL));
  CHECK(other.destroyed == 1);
  CHECK_STATUS(TURDB_MISUSE, turdb_db_set_log(s.db, 0, tell, &other, forget_told, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_db_set_log(s.db, 5, tell, &other, forget_told, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_db_set_log(NULL, TURDB_LOG_INFO, tell, &other, forget_told, NULL));
  CHECK(other.destroyed == 4);
  session_close(&s);
  CHECK(again.count == 1 && other.count == 0);
}

struct updater {
  turdb_conn* conn;
  const char* sql;
  turdb_status status;
};

static void* update(void* argument) {
  struct updater* updater = (struct updater*)argument;
  updater->status = turdb_conn_exec(updater->conn, updater->sql, -1, NULL);
  if (updater->status != TURDB_OK) exec(updater->conn, "rollback"); /* the other one waits for that */
  return NULL;
}

static void the_log_tells_of_deadlocks(void) { /* [C-LOG-2] */
  struct session s = session_open(":memory:");
  struct told told = {0};
  turdb_conn* other = NULL;
  CHECK_STATUS(TURDB_OK, turdb_conn_open(s.db, &other, NULL));
  CHECK_STATUS(TURDB_OK, turdb_db_set_log(s.db, TURDB_LOG_WARNING, tell, &told, NULL, NULL));
  CHECK(told.count == 0); /* that it was opened is less important */
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a int primary key, b int); insert into t values (1, 0), (2, 0)"));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "begin; update t set b = 1 where a = 1"));
  CHECK_STATUS(TURDB_OK, exec(other, "begin; update t set b = 1 where a = 2"));
  struct updater updater = {other, "update t set b = 1 where a = 1", TURDB_OK};
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, update, &updater) == 0);
  const turdb_status mine = turdb_conn_exec(s.conn, "update t set b = 1 where a = 2", -1, NULL);
  if (mine == TURDB_CONFLICT) CHECK_STATUS(TURDB_OK, exec(s.conn, "rollback"));
  pthread_join(thread, NULL);
  CHECK((mine == TURDB_CONFLICT) != (updater.status == TURDB_CONFLICT));
  CHECK(told.count == 1 && told.worst == TURDB_LOG_WARNING && strstr(told.last, "deadlock") != NULL);
  CHECK(metric(s.db, "deadlocks") == 1);
  turdb_conn_free(other);
  session_close(&s);
}

/* ---- snapshots */

static void snapshots_are_shared(void) { /* [C-SNAPSHOT-1] [C-SNAPSHOT-2] [C-SNAPSHOT-3] */
  struct session s = session_open(":memory:");
  turdb_conn* other = NULL;
  turdb_snapshot *now = NULL, *own = NULL;
  turdb_error* error = NULL;
  CHECK_STATUS(TURDB_OK, turdb_conn_open(s.db, &other, NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a int primary key); insert into t values (1), (2)"));
  CHECK_STATUS(TURDB_OK, turdb_snapshot_open(s.conn, &now, NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "insert into t values (3); create table later(a int); delete from t where a = 1"));
  for (int i = 0; i < 2; ++i) { /* as often as wanted */
    CHECK_STATUS(TURDB_OK, turdb_conn_begin_at(other, now, NULL));
    CHECK(query_int64(other, "select sum(a) from t") == 3);
    CHECK_STATUS(TURDB_ERROR, turdb_conn_exec(other, "select * from later", -1, NULL));
    CHECK_STATUS(TURDB_ERROR, turdb_conn_begin_at(other, now, NULL)); /* there is a transaction already */
    CHECK_STATUS(TURDB_OK, exec(other, "rollback"));
  }
  CHECK(query_int64(other, "select sum(a) from t") == 5);
  /* Of a transaction: without its own changes, and whatever it does next. */
  CHECK_STATUS(TURDB_OK, exec(s.conn, "begin; insert into t values (10)"));
  CHECK_STATUS(TURDB_OK, turdb_snapshot_open(s.conn, &own, NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "commit; insert into t values (20)"));
  CHECK_STATUS(TURDB_OK, turdb_conn_begin_at(other, own, NULL));
  CHECK(query_int64(other, "select sum(a) from t") == 5);
  turdb_snapshot_free(own); /* the transaction goes on */
  CHECK_STATUS(TURDB_OK, exec(s.conn, "delete from t where a = 2; vacuum"));
  CHECK(query_int64(other, "select sum(a) from t") == 5);
  CHECK_STATUS(TURDB_OK, exec(other, "insert into t values (30)"));
  CHECK_STATUS(TURDB_CONFLICT, turdb_conn_exec(other, "update t set a = 40 where a = 2", -1, NULL));
  CHECK_STATUS(TURDB_OK, exec(other, "commit"));
  CHECK(query_int64(other, "select sum(a) from t") == 63);
  /* Isolation and cursors. */
  CHECK_STATUS(TURDB_OK, exec(other, "set default_transaction_isolation = 'serializable'"));
  CHECK_STATUS(TURDB_OK, turdb_conn_begin_at(other, now, NULL));
  CHECK_STATUS(TURDB_ERROR, turdb_conn_exec(other, "set transaction isolation level serializable", -1, NULL));
  turdb_stmt* stmt = NULL;
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(other, "select a from t order by a", -1, NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK_STATUS(TURDB_OK, exec(other, "commit"));
  turdb_snapshot_free(now);
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK(turdb_stmt_column_int64(stmt, 0) == 2);
  CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
  turdb_stmt_free(stmt);
  CHECK(metric(s.db, "snapshots") == 0);
  /* What cannot be. */
  struct session stranger = session_open(":memory:");
  CHECK_STATUS(TURDB_OK, turdb_snapshot_open(s.conn, &now, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_begin_at(stranger.conn, now, &error));
  CHECK(strstr(turdb_error_message(error), "another database") != NULL);
  turdb_error_free(error);
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_begin_at(NULL, now, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_begin_at(other, NULL, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_snapshot_open(NULL, &own, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_snapshot_open(s.conn, NULL, NULL));
  turdb_snapshot_free(NULL);
  session_close(&stranger);
  /* The database ends before the snapshot is freed. */
  CHECK_STATUS(TURDB_OK, turdb_db_close(s.db, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_begin_at(other, now, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_snapshot_open(other, &own, NULL));
  turdb_conn_free(other);
  session_close(&s);
  turdb_snapshot_free(now);
}

/* Owners come and go on several threads; what they see stays. */
struct reader {
  turdb_db* db;
  const turdb_snapshot* snapshot;
  int wrong;
};

static void* read_again(void* argument) {
  struct reader* reader = (struct reader*)argument;
  turdb_conn* conn = NULL;
  if (turdb_conn_open(reader->db, &conn, NULL) != TURDB_OK) return NULL;
  for (int i = 0; i < 100; ++i) {
    if (turdb_conn_begin_at(conn, reader->snapshot, NULL) != TURDB_OK) ++reader->wrong;
    if (query_int64(conn, "select sum(b) from t") != 1000) ++reader->wrong;
    if (turdb_conn_exec(conn, i % 2 == 0 ? "commit" : "rollback", -1, NULL) != TURDB_OK) ++reader->wrong;
  }
  turdb_conn_free(conn);
  return NULL;
}

static void snapshots_are_shared_by_threads(void) {
  struct session s = session_open(":memory:");
  turdb_snapshot* snapshot = NULL;
  pthread_t threads[3];
  struct reader readers[3];
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t as select i as a, 10 as b from generate_series(1, 100) i"));
  CHECK_STATUS(TURDB_OK, turdb_snapshot_open(s.conn, &snapshot, NULL));
  for (int i = 0; i < 3; ++i) {
    readers[i] = (struct reader){s.db, snapshot, 0};
    CHECK(pthread_create(&threads[i], NULL, read_again, &readers[i]) == 0);
  }
  for (int i = 0; i < 100; ++i) CHECK_STATUS(TURDB_OK, exec(s.conn, "update t set b = b + 1"));
  for (int i = 0; i < 3; ++i) {
    pthread_join(threads[i], NULL);
    CHECK(readers[i].wrong == 0);
  }
  turdb_snapshot_free(snapshot);
  CHECK(metric(s.db, "snapshots") == 0);
  session_close(&s);
}

/* ---- closing */

struct closer {
  turdb_db* db;
  const char* path;
  atomic_bool begins;
  turdb_status status;
};

static void* close_slowly(void* argument) {
  struct closer* closer = (struct closer*)argument;
  closer->begins = true;
  closer->status = turdb_db_close(closer->db, NULL);
  return NULL;
}

static void opening_waits_for_the_one_who_closes(void) { /* [C-OPEN-3] */
  const char* path = temporary_path("reopened");
  for (int round = 0; round < 20; ++round) {
    struct session s = session_open(path);
    CHECK_STATUS(TURDB_OK,
                 exec(s.conn, "create table if not exists t(a int); insert into t select * from generate_series(1, 500)"));
    struct closer closer = {s.db, path, false, TURDB_ERROR};
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, close_slowly, &closer) == 0);
    while (!closer.begins) usleep(10);
    if (round % 2 == 1) usleep(200);
    turdb_db* again = NULL;
    turdb_conn* conn = NULL;
    turdb_error* error = NULL;
    CHECK_STATUS(TURDB_OK, turdb_db_open(path, NULL, &again, &error));
    if (error != NULL) fprintf(stderr, "%s\n", turdb_error_message(error));
    /* It may be the one from before, which is closed a moment later. */
    const turdb_status connected = turdb_conn_open(again, &conn, NULL);
    CHECK(connected == TURDB_OK || connected == TURDB_MISUSE);
    pthread_join(thread, NULL);
    CHECK_STATUS(TURDB_OK, closer.status);
    turdb_conn_free(conn);
    turdb_db_free(again);
    session_close(&s);
  }
  struct session s = session_open(path);
  CHECK(query_int64(s.conn, "select count(*) from t") == 20 * 500);
  session_close(&s);
}

static void* free_all_of_it(void* argument) {
  struct session* s = (struct session*)argument;
  turdb_conn_free(s->conn);
  turdb_db_free(s->db);
  return NULL;
}

static void opening_waits_for_the_last_free(void) { /* [C-OPEN-3] */
  const char* path = temporary_path("freed");
  for (int round = 0; round < 20; ++round) {
    struct session s = session_open(path);
    CHECK_STATUS(TURDB_OK,
                 exec(s.conn, "create table if not exists t(a int); insert into t select * from generate_series(1, 500)"));
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, free_all_of_it, &s) == 0);
    if (round % 2 == 1) usleep(100);
    struct session again = session_open(path);
    CHECK(query_int64(again.conn, "select count(*) from t") == (round + 1) * 500);
    pthread_join(thread, NULL);
    session_close(&again);
  }
}

/* A callback that closes the database, or opens it while it is closed. */
struct meddler {
  turdb_db* db;
  const char* path;
  turdb_status closed, opened;
  int calls;
};

static bool close_inside(void* user_data) {
  struct meddler* meddler = (struct meddler*)user_data;
  turdb_error* error = NULL;
  ++meddler->calls;
  meddler->closed = turdb_db_close(meddler->db, &error);
  CHECK(error != NULL && strstr(turdb_error_message(error), "callback") != NULL);
  turdb_error_free(error);
  return false;
}

static void close_in_function(void* user_data, turdb_call* call) {
  close_inside(user_data);
  for (int64_t i = 0; i < turdb_call_row_count(call); ++i) turdb_call_return_int64(call, i, 1);
}

static void open_inside(void* user_data) {
  struct meddler* meddler = (struct meddler*)user_data;
  turdb_db* db = NULL;
  meddler->opened = turdb_db_open(meddler->path, NULL, &db, NULL);
  turdb_db_free(db);
}

static void callbacks_do_not_close_their_database(void) { /* [C-CALLBACK-4] */
  const char* path = temporary_path("meddled");
  struct session s = session_open(path);
  struct meddler meddler = {s.db, path, TURDB_OK, TURDB_OK, 0};
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a int)"));
  CHECK_STATUS(TURDB_OK, turdb_conn_set_commit_hook(s.conn, close_inside, &meddler, NULL, NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "insert into t select * from generate_series(1, 70000)"));
  CHECK(meddler.calls == 1 && meddler.closed == TURDB_MISUSE);
  CHECK_STATUS(TURDB_OK, turdb_conn_set_commit_hook(s.conn, NULL, NULL, NULL, NULL));
  /* On threads that no connection knows, too. */
  CHECK_STATUS(TURDB_OK, exec(s.conn, "set threads = 3; set parallel_min_rows = 0"));
  CHECK_STATUS(TURDB_OK, turdb_conn_create_scalar(s.conn, "meddle", "int", "bigint", TURDB_FUNCTION_PARALLEL, close_in_function,
                                                  &meddler, NULL, NULL));
  CHECK(query_int64(s.conn, "select sum(meddle(a)) from t") == 70000);
  CHECK(meddler.calls > 1 && meddler.closed == TURDB_MISUSE);
  struct told told = {0};
  told.closes = s.db;
  CHECK_STATUS(TURDB_OK, turdb_db_set_log(s.db, TURDB_LOG_INFO, tell, &told, NULL, NULL));
  CHECK(told.count == 1 && told.closing == TURDB_MISUSE);
  CHECK_STATUS(TURDB_OK, turdb_db_set_log(s.db, TURDB_LOG_INFO, NULL, NULL, NULL, NULL));
  /* What closing itself calls is told that opening comes too early. */
  CHECK_STATUS(TURDB_OK,
               turdb_conn_create_scalar(s.conn, "last", "int", "bigint", 0, close_in_function, &meddler, open_inside, NULL));
  CHECK_STATUS(TURDB_OK, turdb_db_close(s.db, NULL));
  CHECK_STATUS(TURDB_MISUSE, meddler.opened);
  session_close(&s);
}

/* ---- the cache of statements */

static int64_t compilations(turdb_conn* conn, const char* sql) {
  turdb_stmt* stmt = NULL;
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(conn, sql, -1, NULL, &stmt, NULL));
  const int64_t count = turdb_stmt_counter(stmt, TURDB_COUNTER_COMPILATIONS);
  turdb_stmt_free(stmt);
  return count;
}

static int32_t allow_all(void* user_data, int32_t action, const char* schema, const char* object, const char* column,
                         const char* accessor) {
  (void)user_data, (void)action, (void)schema, (void)object, (void)column, (void)accessor;
  return TURDB_ALLOW;
}

static void one_row(void* user_data, turdb_call* call) {
  (void)user_data;
  for (int64_t i = 0; i < turdb_call_row_count(call); ++i) turdb_call_return_int64(call, i, 42);
}

/* Streams of one row, whose only column, a, is the number that user_data points to. */
static int32_t open_number(void* user_data, struct ArrowArrayStream* out, const char** message) {
  struct session* s = (struct session*)((void**)user_data)[0];
  char sql[64];
  (void)snprintf(sql, sizeof sql, "select %s as a", (const char*)((void**)user_data)[1]);
  turdb_stmt* stmt = NULL;
  turdb_result* result = NULL;
  turdb_status status = turdb_stmt_prepare(s->conn, sql, -1, NULL, &stmt, NULL);
  if (status == TURDB_OK) status = turdb_stmt_execute(stmt, 0, &result, NULL);
  if (status == TURDB_OK) status = turdb_result_stream(result, out, NULL);
  turdb_result_free(result);
  turdb_stmt_free(stmt);
  *message = "no stream";
  return status == TURDB_OK ? 0 : 5;
}

static int32_t find_number(void* user_data, const char* name, struct ArrowArrayStream* out, const char** message) {
  return strcmp(name, "found") == 0 ? open_number(user_data, out, message) : -1;
}

static int64_t next_int64(turdb_stmt* stmt) {
  const int64_t value = turdb_stmt_step(stmt, NULL) == TURDB_ROW ? turdb_stmt_column_int64(stmt, 0) : -1;
  CHECK_STATUS(TURDB_OK, turdb_stmt_reset(stmt, NULL));
  return value;
}

/* Names of tables that are registered come before those of the catalog, names of replacement scans after them: whatever was
 * compiled before, and kept, means what its names mean now. Expects a cache with room for two. */
static void sessions_tables_are_never_mistaken(struct session* s) { /* [C-PREPARE-2] [C-SOURCE-1] [C-SOURCE-5] */
  struct session other = session_open(":memory:");
  void* one[] = {&other, (void*)"1"};
  void* found[] = {&other, (void*)"2"};
  const char *sql = "select a from nt", *unknown = "select a from found";
  CHECK_STATUS(TURDB_OK, exec(s->conn, "create table nt(a bigint); insert into nt values (7)"));
  turdb_stmt *prepared = NULL, *joined = NULL;
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s->conn, sql, -1, NULL, &prepared, NULL));
  /* Plans of the catalog's tables are kept while there are others, too. */
  CHECK_STATUS(TURDB_OK, turdb_conn_set_replacement(s->conn, find_number, found, NULL, NULL));
  CHECK(compilations(s->conn, sql) == 1 && compilations(s->conn, sql) == 0);
  CHECK_STATUS(TURDB_OK, turdb_conn_register_source(s->conn, "unrelated", open_number, one, NULL, NULL));
  CHECK(compilations(s->conn, sql) == 1 && compilations(s->conn, sql) == 0);
  /* Registered over the name, registered anew with another type, taken away. */
  CHECK(query_int64(s->conn, sql) == 7 && next_int64(prepared) == 7);
  CHECK_STATUS(TURDB_OK, turdb_conn_register_source(s->conn, "nt", open_number, one, NULL, NULL));
  CHECK(query_int64(s->conn, sql) == 1 && next_int64(prepared) == 1);
  one[1] = (void*)"3";
  CHECK(query_int64(s->conn, sql) == 3 && next_int64(prepared) == 3);
  one[1] = (void*)"'4'";
  CHECK_STATUS(TURDB_OK, turdb_conn_register_source(s->conn, "nt", open_number, one, NULL, NULL));
  CHECK(query_int64(s->conn, sql) == 4 && next_int64(prepared) == 4);
  CHECK_TEXT("text", turdb_stmt_column_declared_type(prepared, 0));
  CHECK_STATUS(TURDB_OK, turdb_conn_unregister(s->conn, "nt", NULL));
  CHECK(query_int64(s->conn, sql) == 7 && next_int64(prepared) == 7);
  /* What a replacement scan finds is found anew for each run, whatever its type by then. */
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s->conn, unknown, -1, NULL, &joined, NULL));
  CHECK(query_int64(s->conn, unknown) == 2 && next_int64(joined) == 2 && next_int64(joined) == 2);
  found[1] = (void*)"'5'";
  CHECK(query_int64(s->conn, unknown) == 5 && next_int64(joined) == 5);
  CHECK_TEXT("text", turdb_stmt_column_declared_type(joined, 0));
  turdb_stmt_free(joined);
  /* A table of the catalog that comes later comes first, beside other tables, too. */
  const char* both = "select found.a from found, nt";
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s->conn, both, -1, NULL, &joined, NULL));
  CHECK(query_int64(s->conn, both) == 5 && next_int64(joined) == 5);
  CHECK_STATUS(TURDB_OK, exec(s->conn, "create table found(a bigint); insert into found values (8)"));
  CHECK(query_int64(s->conn, both) == 8 && next_int64(joined) == 8);
  CHECK(query_int64(s->conn, unknown) == 8 && query_int64(s->conn, unknown) == 8);
  CHECK_STATUS(TURDB_OK, exec(s->conn, "drop table found"));
  CHECK(query_int64(s->conn, both) == 5 && next_int64(joined) == 5);
  /* As Arrow: each result is a run. */
  turdb_result* result = NULL;
  struct ArrowArray batch;
  for (int i = 0; i < 2; ++i) {
    found[1] = i == 0 ? (void*)"6::bigint" : (void*)"9::bigint";
    CHECK_STATUS(TURDB_OK, turdb_stmt_execute(joined, 0, &result, NULL));
    CHECK_STATUS(TURDB_ROW, turdb_result_next(result, 0, &batch, NULL));
    CHECK(((const int64_t*)batch.children[0]->buffers[1])[0] == (i == 0 ? 6 : 9));
    batch.release(&batch);
    turdb_result_free(result);
  }
  turdb_stmt_free(joined);
  turdb_stmt_free(prepared);
  CHECK_STATUS(TURDB_OK, turdb_conn_set_replacement(s->conn, NULL, NULL, NULL, NULL));
  CHECK(query_int64(s->conn, unknown) == -1);
  CHECK_STATUS(TURDB_OK, turdb_conn_unregister(s->conn, "unrelated", NULL));
  session_close(&other);
}

static void statements_are_kept(void) { /* [C-PREPARE-2] */
  struct session s = session_open(":memory:");
  const char* sql = "select a from t where a = ?";
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a int primary key); insert into t values (1), (2)"));
  CHECK(compilations(s.conn, sql) == 1 && compilations(s.conn, sql) == 1); /* off */
  CHECK_STATUS(TURDB_OK, turdb_conn_set_setting(s.conn, "statement_cache_size", "2", NULL));
  CHECK(compilations(s.conn, sql) == 1 && compilations(s.conn, sql) == 0 && compilations(s.conn, sql) == 0);
  CHECK(metric(s.db, "statement_cache_hits") == 2 && metric(s.db, "statement_cache_misses") == 1);
  /* Two that are prepared from one do not know of each other. */
  turdb_stmt *first = NULL, *second = NULL;
  int64_t tail = 0;
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, sql, -1, &tail, &first, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, sql, -1, NULL, &second, NULL));
  CHECK(tail == (int64_t)strlen(sql));
  CHECK_TEXT(sql, turdb_stmt_sql(first));
  CHECK_TEXT("a", turdb_stmt_column_name(first, 0));
  CHECK(turdb_stmt_parameter_count(second) == 1);
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_int64(first, 1, 1, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_int64(second, 1, 2, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(first, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(second, NULL));
  CHECK(turdb_stmt_column_int64(first, 0) == 1 && turdb_stmt_column_int64(second, 0) == 2);
  /* The least recently used one goes. */
  CHECK(compilations(s.conn, "select 1") == 1 && compilations(s.conn, "select 2") == 1);
  CHECK(compilations(s.conn, "select 1") == 0 && compilations(s.conn, sql) == 1 && compilations(s.conn, "select 2") == 1);
  /* A schema, a setting, a limit, a function, an authorizer, tables of the session. */
  CHECK(compilations(s.conn, sql) == 0);
  turdb_conn* other = NULL;
  CHECK_STATUS(TURDB_OK, turdb_conn_open(s.db, &other, NULL));
  CHECK_STATUS(TURDB_OK, exec(other, "alter table t rename a to b; alter table t add a text default 'new'"));
  CHECK_STATUS(TURDB_OK, turdb_stmt_reset(first, NULL));
  turdb_stmt_free(second);
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, sql, -1, NULL, &second, NULL));
  CHECK(turdb_stmt_counter(second, TURDB_COUNTER_COMPILATIONS) == 1);
  CHECK_TEXT("text", turdb_stmt_column_declared_type(second, 0));
  turdb_stmt_free(second);
  turdb_stmt_free(first);
  const char* zone = "select '2024-07-01 12:00+00'::timestamptz::text";
  turdb_stmt* stmt = NULL;
  CHECK(compilations(s.conn, zone) == 1 && compilations(s.conn, zone) == 0);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "set timezone = 'Europe/Berlin'"));
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, zone, -1, NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK_TEXT("2024-07-01 14:00:00+02", turdb_stmt_column_text(stmt, 0, NULL));
  turdb_stmt_free(stmt);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create schema elsewhere; create table elsewhere.t(a int)"));
  CHECK(compilations(s.conn, "select * from t") == 1 && compilations(s.conn, "select * from t") == 0);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "set search_path = elsewhere"));
  CHECK(query_int64(s.conn, "select count(*) from t") == 0);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "set search_path = root"));
  CHECK(query_int64(s.conn, "select count(*) from t") == 2);
  CHECK(compilations(s.conn, "select abs(-1)") == 1 && compilations(s.conn, "select abs(-1)") == 0);
  CHECK_STATUS(TURDB_OK, turdb_conn_create_scalar(s.conn, "abs", "int", "bigint", 0, one_row, NULL, NULL, NULL));
  CHECK(query_int64(s.conn, "select abs(-1)") == 42);
  CHECK_STATUS(TURDB_OK, turdb_conn_set_limit(s.conn, TURDB_LIMIT_COLUMNS, 0, NULL));
  CHECK_STATUS(TURDB_LIMIT, turdb_conn_exec(s.conn, "select abs(-1)", -1, NULL));
  CHECK_STATUS(TURDB_OK, turdb_conn_set_limit(s.conn, TURDB_LIMIT_COLUMNS, 10, NULL));
  CHECK_STATUS(TURDB_OK, turdb_conn_set_authorizer(s.conn, allow_all, NULL, NULL, NULL));
  CHECK(compilations(s.conn, "select 1") == 1 && compilations(s.conn, "select 1") == 1);
  CHECK_STATUS(TURDB_OK, turdb_conn_set_authorizer(s.conn, NULL, NULL, NULL, NULL));
  sessions_tables_are_never_mistaken(&s);
  /* A schema of one's own, which is taken back. */
  CHECK_STATUS(TURDB_OK, exec(s.conn, "begin; create table mine(a int); insert into mine values (1)"));
  CHECK(compilations(s.conn, "select a from mine") == 1 && compilations(s.conn, "select a from mine") == 1);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "rollback"));
  CHECK_STATUS(TURDB_ERROR, turdb_conn_exec(s.conn, "select a from mine", -1, NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create temp table mine(b int)"));
  CHECK(compilations(s.conn, "select * from mine") == 1 && compilations(s.conn, "select * from mine") == 0);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "drop table mine; create temp table mine(c text)"));
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "select * from mine", -1, NULL, &stmt, NULL));
  CHECK_TEXT("c", turdb_stmt_column_name(stmt, 0));
  turdb_stmt_free(stmt);
  /* Prepared by name, and scripts. */
  CHECK_STATUS(TURDB_OK, exec(s.conn, "prepare p as select 1; execute p; deallocate p; prepare p as select 2"));
  CHECK(query_int64(s.conn, "execute p") == 2);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "deallocate p"));
  CHECK_STATUS(TURDB_ERROR, turdb_conn_exec(s.conn, "execute p", -1, NULL));
  const int64_t hits = metric(s.db, "statement_cache_hits");
  for (int i = 0; i < 3; ++i) CHECK_STATUS(TURDB_OK, exec(s.conn, "insert into t(b) select max(b) + 1 from t"));
  CHECK(metric(s.db, "statement_cache_hits") == hits + 2);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "set statement_cache_size = 0"));
  CHECK(compilations(s.conn, "select 3") == 1 && compilations(s.conn, "select 3") == 1);
  CHECK_STATUS(TURDB_DATA, turdb_conn_exec(s.conn, "set statement_cache_size = -1", -1, NULL));
  turdb_conn_free(other);
  session_close(&s);
}

/* ---- nullability */

static void columns_say_whether_they_can_be_null(void) { /* [C-NULLABILITY-1] */
  struct session s = session_open(":memory:");
  CHECK_STATUS(TURDB_OK,
               exec(s.conn,
                    "create table t(a int primary key, b text not null, c text); create table u(a int not null, d int);"
                    "create view v as select a, c, a is null as e from t; create view w as select a from t;"
                    "create trigger w_in instead of insert on w begin insert into u values (new.a, 1); end"));
  const struct {
    const char* sql;
    int32_t columns[4];
  } cases[] = {
      {"select a, b, c, a + 1 from t", {TURDB_NOT_NULL, TURDB_NOT_NULL, TURDB_NULLABLE, TURDB_NULLABILITY_UNKNOWN}},
      {"select t.a, u.a, c from t left join u on t.a = u.d", {TURDB_NOT_NULL, TURDB_NULLABLE, TURDB_NULLABLE, 0}},
      {"select t.a, u.a from t right join u on t.a = u.d", {TURDB_NULLABLE, TURDB_NOT_NULL, 0, 0}},
      {"select t.a, u.a from t full join u on t.a = u.d", {TURDB_NULLABLE, TURDB_NULLABLE, 0, 0}},
      {"select t.a, u.a from t, u where d > 1 order by 1 limit 5", {TURDB_NOT_NULL, TURDB_NOT_NULL, 0, 0}},
      {"select 1, null, c is null, coalesce(c, '')",
       {TURDB_NOT_NULL, TURDB_NULLABILITY_UNKNOWN, TURDB_NOT_NULL, TURDB_NOT_NULL}},
      {"select count(*), count(c), max(a), b from t group by b",
       {TURDB_NOT_NULL, TURDB_NOT_NULL, TURDB_NULLABILITY_UNKNOWN, TURDB_NOT_NULL}},
      {"select b, count(*) from t group by rollup (b)", {0, 0, 0, 0}},
      {"select a, c, e from v", {TURDB_NOT_NULL, TURDB_NULLABLE, TURDB_NOT_NULL, 0}},
      {"select a from t union all select d from u", {TURDB_NULLABILITY_UNKNOWN, 0, 0, 0}},
      {"with x as (select a, c from t) select a, c from x", {TURDB_NOT_NULL, TURDB_NULLABILITY_UNKNOWN, 0, 0}},
      {"insert into t values (1, 'b', 'c') returning a, c, a + 1, 7",
       {TURDB_NOT_NULL, TURDB_NULLABLE, TURDB_NULLABILITY_UNKNOWN, TURDB_NOT_NULL}},
      {"update t set c = null returning *", {TURDB_NOT_NULL, TURDB_NOT_NULL, TURDB_NULLABLE, 0}},
      {"update t set c = 'x' from u where t.a = u.d returning b, u.d", {TURDB_NOT_NULL, TURDB_NULLABLE, 0, 0}},
      {"delete from t using u where t.a = u.a returning t.b, c", {TURDB_NOT_NULL, TURDB_NULLABLE, 0, 0}},
      {"merge into t using u on t.a = u.a when not matched then insert values (u.a, 'b', null) returning b, c",
       {TURDB_NOT_NULL, TURDB_NULLABLE, 0, 0}},
      {"insert into w values (1) returning a", {TURDB_NULLABILITY_UNKNOWN, 0, 0, 0}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    turdb_stmt* stmt = NULL;
    const bool from_t = strstr(cases[i].sql, "coalesce") != NULL;
    char sql[200];
    snprintf(sql, sizeof sql, "%s%s", cases[i].sql, from_t ? " from t" : "");
    CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, sql, -1, NULL, &stmt, NULL));
    for (int64_t c = 0; c < turdb_stmt_column_count(stmt); ++c) {
      const int32_t got = turdb_stmt_column_nullability(stmt, c);
      if (got != cases[i].columns[c]) fprintf(stderr, "%s: column %d: %d\n", sql, (int)c, (int)got);
      CHECK(got == cases[i].columns[c]);
    }
    CHECK(turdb_stmt_column_nullability(stmt, -1) == 0 && turdb_stmt_column_nullability(stmt, 99) == 0);
    turdb_stmt_free(stmt);
  }
  CHECK(turdb_stmt_column_nullability(NULL, 0) == 0);
  /* As it was compiled last. */
  turdb_stmt* stmt = NULL;
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "select b from t", -1, NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "alter table t alter b drop not null"));
  CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
  CHECK(turdb_stmt_column_nullability(stmt, 0) == TURDB_NULLABLE);
  turdb_stmt_free(stmt);
  session_close(&s);
}

void database_tests(void) {
  metrics_are_listed_and_described();
  counters_count();
  spilling_and_the_cache_are_counted();
  the_log_tells_of_opening_and_closing();
  the_log_tells_of_deadlocks();
  snapshots_are_shared();
  snapshots_are_shared_by_threads();
  opening_waits_for_the_one_who_closes();
  opening_waits_for_the_last_free();
  callbacks_do_not_close_their_database();
  statements_are_kept();
  columns_say_whether_they_can_be_null();
}
