/* What goes wrong in programs: handles in the wrong order, after their end, on the wrong thread, in a child; texts that are
 * none. All of it over everything that a connection can have at once. */
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capi_test.h"

struct counts {
  int destroyed, called;
};

static void count_destroyed(void* user_data) { ++((struct counts*)user_data)->destroyed; }
static bool on_commit(void* user_data) { return ++((struct counts*)user_data)->called < 0; }
static bool on_change(void* user_data, turdb_change* change) {
  ((struct counts*)user_data)->called += (int)turdb_change_row_count(change);
  return false;
}
static void on_trace(void* user_data, turdb_trace* trace) { ((struct counts*)user_data)->called += turdb_trace_begins(trace); }
static void on_log(void* user_data, int32_t level, const char* message) {
  ((struct counts*)user_data)->called += level > 0 && message != NULL;
}
static int32_t on_access(void* user_data, int32_t action, const char* schema, const char* object, const char* column,
                         const char* accessor) {
  (void)action, (void)schema, (void)object, (void)column, (void)accessor;
  ++((struct counts*)user_data)->called;
  return TURDB_ALLOW;
}
static void twice(void* user_data, turdb_call* call) {
  ++((struct counts*)user_data)->called;
  for (int64_t i = 0; i < turdb_call_row_count(call); ++i) {
    turdb_call_return_int64(call, i, 2 * turdb_call_int64(call, 0, i));
  }
}
static void as_it_is(void* user_data, turdb_call* call) {
  ++((struct counts*)user_data)->called;
  for (int64_t i = 0; i < turdb_call_row_count(call); ++i) {
    int64_t size = 0;
    const char* text = turdb_call_text(call, 0, i, &size);
    turdb_call_return_blob(call, i, text, size);
  }
}

/* A connection with everything: hooks, functions, a cursor over them, a blob, a vector, a snapshot, an interrupt handle. */
enum { kHooks = 7 };
struct everything {
  struct session s;
  turdb_stmt *cursor, *vectors;
  turdb_blob* blob;
  turdb_snapshot* snapshot;
  turdb_interrupt* interrupt;
  struct counts counts;
};

static void make(struct everything* all, const char* path) {
  memset(all, 0, sizeof *all);
  all->s = session_open(path);
  turdb_conn* const conn = all->s.conn;
  struct counts* const counts = &all->counts;
  const float vector[3] = {1, 2, 3};
  CHECK_STATUS(TURDB_OK,
               exec(conn,
                    "create table t(a int primary key, b blob, v vector(3), n text);"
                    "insert into t select i, zeroblob(20000), '[1,2,3]', 'name ' || i from generate_series(1, 5000) i"));
  CHECK_STATUS(TURDB_OK, turdb_conn_set_commit_hook(conn, on_commit, counts, count_destroyed, NULL));
  CHECK_STATUS(TURDB_OK, turdb_conn_set_change_hook(conn, on_change, counts, count_destroyed, NULL));
  CHECK_STATUS(TURDB_OK, turdb_conn_set_trace(conn, on_trace, counts, count_destroyed, NULL));
  CHECK_STATUS(TURDB_OK, turdb_conn_set_authorizer(conn, on_access, counts, count_destroyed, NULL));
  CHECK_STATUS(TURDB_OK, turdb_conn_create_scalar(conn, "twice", "bigint", "bigint", 0, twice, counts, count_destroyed, NULL));
  CHECK_STATUS(TURDB_OK, turdb_conn_create_collation(conn, "plain", 0, as_it_is, counts, count_destroyed, NULL));
  CHECK_STATUS(TURDB_OK, turdb_db_set_log(all->s.db, TURDB_LOG_DEBUG, on_log, counts, count_destroyed, NULL));
  CHECK_STATUS(TURDB_OK,
               turdb_stmt_prepare(conn, "select twice(a), n from t where n > '' collate plain", -1, NULL, &all->cursor, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(all->cursor, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(conn, "select v from t where v = ?::vector(3)", -1, NULL, &all->vectors, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_vector(all->vectors, 1, vector, 3, TURDB_VECTOR_FLOAT32, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(all->vectors, NULL));
  CHECK(turdb_stmt_column_vector(all->vectors, 0, NULL, NULL) != NULL);
  CHECK_STATUS(TURDB_OK, turdb_blob_open(conn, NULL, "t", "b", 7, true, &all->blob, NULL));
  CHECK_STATUS(TURDB_OK, turdb_snapshot_open(conn, &all->snapshot, NULL));
  CHECK_STATUS(TURDB_OK, turdb_interrupt_open(conn, &all->interrupt, NULL));
  CHECK(counts->called > 0 && counts->destroyed == 0);
}

/* Frees handle `which` of 7. */
static void free_one(struct everything* all, int which) {
  switch (which) {
    case 0:
      turdb_db_free(all->s.db);
      break;
    case 1:
      turdb_conn_free(all->s.conn);
      break;
    case 2:
      turdb_stmt_free(all->cursor);
      break;
    case 3:
      turdb_stmt_free(all->vectors);
      break;
    case 4:
      turdb_blob_free(all->blob);
      break;
    case 5:
      turdb_snapshot_free(all->snapshot);
      break;
    default:
      turdb_interrupt_stop(all->interrupt);
      turdb_interrupt_free(all->interrupt);
  }
}

static void handles_go_in_any_order(void) { /* [C-FREE-1] [C-CALLBACK-2] [C-FUNCTION-2] [C-LOG-3] */
  uint32_t random = 12345;
  for (int round = 0; round < 30; ++round) {
    struct everything all;
    make(&all, ":memory:");
    int order[7] = {0, 1, 2, 3, 4, 5, 6};
    for (int i = 6; i > 0; --i) {
      random = random * 1664525 + 1013904223;
      const int j = (int)(random >> 8) % (i + 1), kept = order[i];
      order[i] = order[j];
      order[j] = kept;
    }
    const int closes = round % 3; /* nobody, the connection, or the database says that it ends */
    if (closes == 1) CHECK_STATUS(TURDB_OK, turdb_conn_close(all.s.conn, NULL));
    if (closes == 2) CHECK_STATUS(TURDB_OK, turdb_db_close(all.s.db, NULL));
    CHECK(all.counts.destroyed == (closes == 0 ? 0 : closes == 1 ? kHooks - 1 : kHooks));
    for (int i = 0; i < 7; ++i) free_one(&all, order[i]);
    CHECK(all.counts.destroyed == kHooks);
  }
}

/* Every call on what has ended is an error, every getter reads nothing. */
static void check_ended(struct everything* all, bool database_too) {
  uint8_t data[8] = {0};
  char key[5] = {TURDB_TYPE_INT32, 7, 0, 0, 0};
  const float vector[3] = {1, 2, 3};
  const char* text = NULL;
  int64_t size = -1;
  turdb_blob* blob = NULL;
  turdb_snapshot* snapshot = NULL;
  turdb_interrupt* interrupt = NULL;
  turdb_stmt* stmt = NULL;
  turdb_conn* const conn = all->s.conn;
  const int destroyed = all->counts.destroyed;
  CHECK_STATUS(TURDB_MISUSE, turdb_blob_read(all->blob, 0, data, 1, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_blob_write(all->blob, 0, data, 1, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_blob_resize(all->blob, 1, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_blob_reopen(all->blob, 7, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_blob_reopen_key(all->blob, (const uint8_t*)key, sizeof key, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_blob_open(conn, NULL, "t", "b", 1, false, &blob, NULL));
  CHECK(turdb_blob_size(all->blob) == 0 && blob == NULL);
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_step(all->cursor, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_bind_vector(all->vectors, 1, vector, 3, TURDB_VECTOR_FLOAT32, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_explain(all->cursor, 0, &text, NULL));
  CHECK(turdb_stmt_column_vector(all->vectors, 0, &size, NULL) == NULL && size == 0);
  CHECK(turdb_stmt_column_int64(all->cursor, 0) == 0 && turdb_stmt_column_text(all->cursor, 1, NULL) == NULL);
  CHECK(turdb_stmt_column_nullability(all->cursor, 5) == 0);
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_prepare(conn, "select 1", -1, NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_snapshot_open(conn, &snapshot, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_begin_at(conn, all->snapshot, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_set_commit_hook(conn, on_commit, &all->counts, count_destroyed, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_set_change_hook(conn, on_change, &all->counts, count_destroyed, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_set_trace(conn, on_trace, &all->counts, count_destroyed, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_set_authorizer(conn, on_access, &all->counts, count_destroyed, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_create_scalar(conn, "f", "int", "int", 0, twice, &all->counts, count_destroyed, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_create_collation(conn, "c", 0, as_it_is, &all->counts, count_destroyed, NULL));
  CHECK(all->counts.destroyed == destroyed + 6); /* what nobody took is given back */
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_drop_function(conn, "twice", NULL, 0, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_drop_collation(conn, "plain", NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_set_setting(conn, "timezone", "UTC", NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_set_limit(conn, TURDB_LIMIT_COLUMNS, 1, NULL));
  turdb_interrupt_stop(all->interrupt);
  turdb_interrupt_stop_execution(all->interrupt, 1);
  if (turdb_interrupt_open(conn, &interrupt, NULL) == TURDB_OK) turdb_interrupt_free(interrupt);
  if (!database_too) return;
  CHECK_STATUS(TURDB_MISUSE, turdb_db_metric(all->s.db, "statements", &size, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_db_set_log(all->s.db, TURDB_LOG_INFO, on_log, &all->counts, count_destroyed, NULL));
  CHECK(all->counts.destroyed == destroyed + 7);
}

static void what_has_ended_says_so(void) {
  for (int database = 0; database < 2; ++database) {
    struct everything all;
    make(&all, ":memory:");
    if (database == 0) {
      CHECK_STATUS(TURDB_OK, turdb_conn_close(all.s.conn, NULL));
    } else {
      CHECK_STATUS(TURDB_OK, turdb_db_close(all.s.db, NULL));
    }
    check_ended(&all, database == 1);
    CHECK_STATUS(TURDB_OK, turdb_conn_close(all.s.conn, NULL));
    CHECK_STATUS(TURDB_OK, turdb_db_close(all.s.db, NULL));
    for (int i = 0; i < 7; ++i) free_one(&all, i);
  }
}

/* Another thread, while a statement runs. */
struct stranger {
  struct everything* all;
  int wrong;
};

static void* use_everything(void* argument) {
  struct stranger* stranger = (struct stranger*)argument;
  struct everything* all = stranger->all;
  uint8_t data[4];
  const float vector[3] = {1, 2, 3};
  turdb_snapshot* snapshot = NULL;
  usleep(30 * 1000);
  const turdb_status statuses[] = {turdb_blob_read(all->blob, 0, data, 1, NULL),
                                   turdb_blob_write(all->blob, 0, data, 1, NULL),
                                   turdb_blob_resize(all->blob, 5, NULL),
                                   turdb_blob_close(all->blob, NULL),
                                   turdb_stmt_bind_vector(all->vectors, 1, vector, 3, TURDB_VECTOR_FLOAT32, NULL),
                                   turdb_stmt_step(all->vectors, NULL),
                                   turdb_snapshot_open(all->s.conn, &snapshot, NULL),
                                   turdb_conn_begin_at(all->s.conn, all->snapshot, NULL),
                                   turdb_conn_set_commit_hook(all->s.conn, NULL, NULL, NULL, NULL),
                                   turdb_conn_set_trace(all->s.conn, NULL, NULL, NULL, NULL),
                                   turdb_conn_create_scalar(all->s.conn, "f", "int", "int", 0, twice, all, NULL, NULL),
                                   turdb_conn_drop_function(all->s.conn, "twice", NULL, 0, NULL),
                                   turdb_conn_close(all->s.conn, NULL)};
  for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; ++i) {
    if (statuses[i] != TURDB_MISUSE) {
      fprintf(stderr, "call %d gave %s\n", (int)i, turdb_status_name(statuses[i]));
      ++stranger->wrong;
    }
  }
  /* What any thread may do. */
  int64_t value = 0;
  if (turdb_db_metric(all->s.db, "statements", &value, NULL) != TURDB_OK || value == 0) ++stranger->wrong;
  turdb_snapshot_free(all->snapshot);
  turdb_blob_free(all->blob);
  turdb_stmt_free(all->cursor);
  turdb_interrupt_stop(all->interrupt);
  return NULL;
}

static void another_thread_is_told(void) { /* [C-THREAD-1] */
  struct everything all;
  make(&all, ":memory:");
  struct stranger stranger = {&all, 0};
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, use_everything, &stranger) == 0);
  CHECK_STATUS(TURDB_INTERRUPTED, turdb_conn_exec(all.s.conn,
                                                  "select sum(twice(a.i)) from generate_series(1, 1000000) a(i), "
                                                  "generate_series(1, 1000000) b",
                                                  -1, NULL));
  pthread_join(thread, NULL);
  CHECK(stranger.wrong == 0);
  turdb_stmt_free(all.vectors);
  turdb_interrupt_free(all.interrupt);
  session_close(&all.s);
  CHECK(all.counts.destroyed == kHooks);
}

static void after_fork_everything_is_the_parents(void) { /* [C-FORK-1] */
  const char* path = temporary_path("forked");
  struct everything all;
  make(&all, path);
  const pid_t child = fork();
  if (child == 0) {
    uint8_t data[4];
    int64_t value = 0;
    turdb_snapshot* snapshot = NULL;
    turdb_db* again = NULL;
    int wrong = 0;
    const turdb_status statuses[] = {turdb_blob_read(all.blob, 0, data, 1, NULL),
                                     turdb_blob_write(all.blob, 0, data, 1, NULL),
                                     turdb_blob_resize(all.blob, 5, NULL),
                                     turdb_stmt_step(all.cursor, NULL),
                                     turdb_stmt_bind_vector(all.vectors, 1, data, 1, TURDB_VECTOR_FLOAT32, NULL),
                                     turdb_snapshot_open(all.s.conn, &snapshot, NULL),
                                     turdb_conn_begin_at(all.s.conn, all.snapshot, NULL),
                                     turdb_conn_set_commit_hook(all.s.conn, NULL, NULL, NULL, NULL),
                                     turdb_conn_create_scalar(all.s.conn, "f", "int", "int", 0, twice, &all.counts, NULL, NULL),
                                     turdb_db_metric(all.s.db, "statements", &value, NULL),
                                     turdb_db_set_log(all.s.db, TURDB_LOG_INFO, on_log, &all.counts, NULL, NULL),
                                     turdb_conn_close(all.s.conn, NULL),
                                     turdb_db_close(all.s.db, NULL)};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; ++i) {
      if (statuses[i] != TURDB_MISUSE) {
        fprintf(stderr, "in the child call %d gave %s\n", (int)i, turdb_status_name(statuses[i]));
        wrong = 1;
      }
    }
    turdb_interrupt_stop(all.interrupt);
    if (turdb_db_open(path, NULL, &again, NULL) != TURDB_LOCKED) wrong = 2; /* the parent has it */
    for (int i = 0; i < 7; ++i) free_one(&all, i);
    _exit(wrong);
  }
  int result = -1;
  CHECK(waitpid(child, &result, 0) == child);
  CHECK(WIFEXITED(result) && WEXITSTATUS(result) == 0);
  uint8_t byte = 1;
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(all.cursor, NULL));
  CHECK_STATUS(TURDB_OK, turdb_blob_write(all.blob, 3, &byte, 1, NULL));
  CHECK(query_int64(all.s.conn, "select count(*) from t where twice(a) > 0") == 5000);
  CHECK(all.counts.destroyed == 0);
  for (int i = 0; i < 7; ++i) free_one(&all, 6 - i);
  CHECK(all.counts.destroyed == kHooks);
}

/* ---- texts that are no UTF-8 */

static void badly_said(void* user_data, turdb_call* call) {
  const char* const* text = (const char* const*)user_data;
  if (strcmp(*text, "fail") == 0) {
    turdb_call_fail(call, "\xff\xff\xff\xff\xff", "\xc3(");
    return;
  }
  turdb_call_return_text(call, 0, *text, -1);
}

static void texts_are_checked(void) { /* [C-TEXT-1] */
  struct session s = session_open(":memory:");
  const char* const bad = "\xc3(";
  const char* out = NULL;
  turdb_blob* blob = NULL;
  turdb_error* error = NULL;
  turdb_db* db = NULL;
  int64_t value = 0;
  struct counts counts = {0, 0};
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a int primary key, b blob); insert into t values (1, 'abc'::bytea)"));
  CHECK_STATUS(TURDB_DATA, turdb_blob_open(s.conn, bad, "t", "b", 1, false, &blob, NULL));
  CHECK_STATUS(TURDB_DATA, turdb_blob_open(s.conn, NULL, bad, "b", 1, false, &blob, NULL));
  CHECK_STATUS(TURDB_DATA, turdb_blob_open(s.conn, NULL, "t", bad, 1, false, &blob, NULL));
  CHECK_STATUS(TURDB_DATA,
               turdb_blob_open_key(s.conn, NULL, "t", "b", (const uint8_t*)"\x0f\x02\0\0\0\xc3(", 7, false, &blob, NULL));
  CHECK_STATUS(TURDB_DATA, turdb_conn_create_scalar(s.conn, bad, "int", "int", 0, twice, &counts, count_destroyed, NULL));
  CHECK_STATUS(TURDB_DATA, turdb_conn_create_collation(s.conn, bad, 0, as_it_is, &counts, count_destroyed, NULL));
  CHECK(turdb_conn_create_scalar(s.conn, "f", bad, "int", 0, twice, &counts, count_destroyed, NULL) < 0);
  CHECK(turdb_conn_create_scalar(s.conn, "f", "int", bad, 0, twice, &counts, count_destroyed, NULL) < 0);
  CHECK(turdb_conn_create_table_function(s.conn, "f", "int", bad, 0, NULL, &counts, count_destroyed, NULL) < 0);
  CHECK(counts.destroyed == 5);
  CHECK(turdb_conn_drop_function(s.conn, bad, NULL, 0, NULL) < 0);
  CHECK(turdb_conn_drop_collation(s.conn, bad, NULL) < 0);
  CHECK(turdb_conn_setting(s.conn, bad, &out, NULL) < 0 && out == NULL);
  CHECK(turdb_conn_set_setting(s.conn, bad, "1", NULL) < 0);
  CHECK(turdb_conn_set_setting(s.conn, "timezone", bad, NULL) < 0);
  CHECK_STATUS(TURDB_NOT_FOUND, turdb_db_metric(s.db, bad, &value, NULL));
  CHECK(turdb_metric_describe(bad) == NULL);
  CHECK(turdb_conn_savepoint(s.conn, bad, NULL) < 0);
  /* What functions give, and say. */
  const char* text = bad;
  CHECK_STATUS(TURDB_OK, turdb_conn_create_scalar(s.conn, "bad", "", "text", 0, badly_said, &text, NULL, NULL));
  CHECK(turdb_conn_exec(s.conn, "select bad()", -1, &error) < 0);
  CHECK(error != NULL && turdb_error_message(error) != NULL);
  turdb_error_free(error);
  text = "fail";
  CHECK(turdb_conn_exec(s.conn, "select bad()", -1, &error) < 0);
  CHECK_TEXT("38000", turdb_error_sqlstate(error));
  CHECK(strstr(turdb_error_message(error), "\xc3") == NULL);
  turdb_error_free(error);
  text = "good";
  CHECK_STATUS(TURDB_OK, turdb_conn_exec(s.conn, "select bad()", -1, NULL));
  CHECK(turdb_db_open("", NULL, &db, NULL) < 0 && db == NULL);
  session_close(&s);
}

/* ---- vectors that are none */

static void vectors_are_checked(void) {
  struct session s = session_open(":memory:");
  turdb_stmt* stmt = NULL;
  const float nan[2] = {1, (float)strtod("nan", NULL)};
  const uint8_t bits[1] = {0xff};
  uint8_t bytes[13];
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "select ?", -1, NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_bind_vector(NULL, 1, nan, 2, TURDB_VECTOR_FLOAT32, NULL));
  CHECK(turdb_stmt_bind_vector(stmt, 0, nan, 1, TURDB_VECTOR_FLOAT32, NULL) == TURDB_NOT_FOUND);
  CHECK(turdb_stmt_bind_vector(stmt, 2, nan, 1, TURDB_VECTOR_FLOAT32, NULL) == TURDB_NOT_FOUND);
  CHECK(turdb_stmt_bind_vector(stmt, 1, NULL, 2, TURDB_VECTOR_FLOAT32, NULL) < 0);
  CHECK(turdb_stmt_bind_vector(stmt, 1, nan, -1, TURDB_VECTOR_FLOAT32, NULL) < 0);
  CHECK(turdb_stmt_bind_vector(stmt, 1, nan, 0, TURDB_VECTOR_FLOAT32, NULL) < 0);
  CHECK(turdb_stmt_bind_vector(stmt, 1, nan, 65536, TURDB_VECTOR_FLOAT32, NULL) < 0);
  CHECK(turdb_stmt_bind_vector(stmt, 1, nan, INT64_MAX, TURDB_VECTOR_FLOAT32, NULL) < 0);
  CHECK(turdb_stmt_bind_vector(stmt, 1, nan, 2, 4, NULL) < 0);
  CHECK(turdb_stmt_bind_vector(stmt, 1, nan, 2, -1, NULL) < 0);
  CHECK_STATUS(TURDB_DATA, turdb_stmt_bind_vector(stmt, 1, nan, 2, TURDB_VECTOR_FLOAT32, NULL));
  CHECK_STATUS(TURDB_DATA, turdb_stmt_bind_vector(stmt, 1, bits, 5, TURDB_VECTOR_BIT, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_vector(stmt, 1, NULL, 0, TURDB_VECTOR_FLOAT32, NULL));
  /* Not aligned. */
  const float three[3] = {1, 2, 3};
  memcpy(bytes + 1, three, sizeof three);
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_vector(stmt, 1, bytes + 1, 3, TURDB_VECTOR_FLOAT32, NULL));
  int64_t dimensions = -1;
  int32_t element = -1;
  CHECK(turdb_stmt_column_vector(stmt, 0, &dimensions, &element) == NULL && dimensions == 0); /* no row yet */
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_bind_vector(stmt, 1, three, 3, TURDB_VECTOR_FLOAT32, NULL)); /* reset it first */
  const void* data = turdb_stmt_column_vector(stmt, 0, &dimensions, &element);
  CHECK(data != NULL && dimensions == 3 && element == TURDB_VECTOR_FLOAT32 && memcmp(data, three, sizeof three) == 0);
  CHECK(turdb_stmt_column_vector(stmt, 1, &dimensions, &element) == NULL && dimensions == 0);
  CHECK(turdb_stmt_column_vector(stmt, -1, NULL, NULL) == NULL && turdb_stmt_column_vector(NULL, 0, NULL, NULL) == NULL);
  turdb_stmt_free(stmt);
  session_close(&s);
}

void misuse_tests(void) {
  handles_go_in_any_order();
  what_has_ended_says_so();
  another_thread_is_told();
  after_fork_everything_is_the_parents();
  texts_are_checked();
  vectors_are_checked();
}
