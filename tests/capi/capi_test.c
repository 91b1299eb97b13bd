/* The contract of turdb.h, call by call. Tags in brackets name the sentence that a test proves. */
#include "capi_test.h"

#include <math.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

int g_failures = 0;
static char g_directory[] = "/tmp/turdb_capi_XXXXXX";

struct session session_open(const char* path) {
  struct session session = {NULL, NULL};
  turdb_error* error = NULL;
  if (turdb_db_open(path, NULL, &session.db, &error) != TURDB_OK) {
    fprintf(stderr, "open %s: %s\n", path, turdb_error_message(error));
    exit(1);
  }
  if (turdb_conn_open(session.db, &session.conn, &error) != TURDB_OK) exit(1);
  return session;
}

void session_close(struct session* session) {
  turdb_conn_free(session->conn);
  CHECK_STATUS(TURDB_OK, turdb_db_close(session->db, NULL));
  turdb_db_free(session->db);
}

turdb_status exec(turdb_conn* conn, const char* sql) {
  turdb_error* error = NULL;
  const turdb_status status = turdb_conn_exec(conn, sql, TURDB_NUL_TERMINATED, &error);
  if (status != TURDB_OK) fprintf(stderr, "%s: %s\n", sql, turdb_error_message(error));
  turdb_error_free(error);
  return status;
}

int64_t query_int64(turdb_conn* conn, const char* sql) {
  turdb_stmt* stmt = NULL;
  turdb_error* error = NULL;
  int64_t value = -1;
  if (turdb_stmt_prepare(conn, sql, TURDB_NUL_TERMINATED, NULL, &stmt, &error) == TURDB_OK &&
      turdb_stmt_step(stmt, &error) == TURDB_ROW) {
    value = turdb_stmt_column_int64(stmt, 0);
  } else {
    fprintf(stderr, "%s: %s\n", sql, turdb_error_message(error));
    turdb_error_free(error);
  }
  turdb_stmt_free(stmt);
  return value;
}

const char* temporary_path(const char* name) {
  static char path[512];
  snprintf(path, sizeof path, "%s/%s", g_directory, name);
  return path;
}

static void null_handles_are_misuse(void) {
  turdb_error* error = NULL;
  turdb_db* db = NULL;
  turdb_conn* conn = NULL;
  turdb_stmt* stmt = NULL;
  CHECK_STATUS(TURDB_MISUSE, turdb_db_open(NULL, NULL, &db, &error));
  CHECK(error != NULL);
  CHECK_STATUS(TURDB_MISUSE, turdb_error_status(error));
  turdb_error_free(error);
  CHECK_STATUS(TURDB_MISUSE, turdb_db_open(":memory:", NULL, NULL, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_open(NULL, &conn, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_exec(NULL, "select 1", -1, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_prepare(NULL, "select 1", -1, NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_step(NULL, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_reset(NULL, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_db_close(NULL, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_db_check(NULL, NULL, NULL, NULL, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_bind_int64(NULL, 1, 1, NULL));
  CHECK(turdb_stmt_column_int64(NULL, 0) == 0);
  CHECK(turdb_stmt_column_text(NULL, 0, NULL) == NULL);
  CHECK(turdb_stmt_column_count(NULL) == 0);
  CHECK(turdb_conn_changes(NULL) == 0);
  turdb_conn_interrupt(NULL);
  turdb_db_free(NULL);
  turdb_conn_free(NULL);
  turdb_stmt_free(NULL);
  turdb_error_free(NULL);
  turdb_options_free(NULL);
}

static void options_are_a_table(void) { /* [C-ERROR-1] */
  turdb_options* options = NULL;
  turdb_error* error = NULL;
  int64_t count = 0;
  CHECK_STATUS(TURDB_OK, turdb_options_new(&options, &error));
  while (turdb_options_key(count) != NULL) {
    CHECK(turdb_options_describe(turdb_options_key(count)) != NULL);
    ++count;
  }
  CHECK(count >= 9);
  CHECK(turdb_options_describe("no such key") == NULL);
  CHECK_STATUS(TURDB_OK, turdb_options_set(options, "memory_limit", "64MB", &error));
  CHECK_STATUS(TURDB_NOT_FOUND, turdb_options_set(options, "memory", "1", &error));
  CHECK_TEXT("did you mean memory_limit?", turdb_error_hint(error));
  turdb_error_free(error);
  CHECK_STATUS(TURDB_DATA, turdb_options_set(options, "synchronous", "maybe", &error));
  turdb_error_free(error);
  turdb_options_free(options);
}

static void columns_convert(void) { /* [C-COLUMN-1] [C-COLUMN-2] */
  struct session s = session_open(":memory:");
  turdb_stmt* stmt = NULL;
  int64_t size = -1;
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn,
                                            "select 42 as answer, 2.5::double precision, 'text', null, true, "
                                            "12.50::decimal(10,2), date '2024-02-29', x'00ff', "
                                            "9223372036854775807, '17'",
                                            TURDB_NUL_TERMINATED, NULL, &stmt, NULL));
  CHECK(turdb_stmt_column_count(stmt) == 10);
  CHECK_TEXT("answer", turdb_stmt_column_name(stmt, 0));
  CHECK_TEXT("integer", turdb_stmt_column_declared_type(stmt, 0));
  CHECK_TEXT("numeric(10,2)", turdb_stmt_column_declared_type(stmt, 5));
  CHECK(turdb_stmt_column_type(stmt, 1) == TURDB_TYPE_DOUBLE);
  CHECK(turdb_stmt_column_name(stmt, 10) == NULL);
  CHECK(turdb_stmt_column_int64(stmt, 0) == 0); /* no row yet */
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK(turdb_stmt_column_int64(stmt, 0) == 42);
  CHECK(turdb_stmt_column_double(stmt, 0) == 42.0);
  CHECK_TEXT("42", turdb_stmt_column_text(stmt, 0, &size));
  CHECK(size == 2);
  CHECK(turdb_stmt_column_double(stmt, 1) == 2.5);
  CHECK_TEXT("2.5", turdb_stmt_column_text(stmt, 1, NULL));
  CHECK_TEXT("text", turdb_stmt_column_text(stmt, 2, &size));
  CHECK(size == 4);
  CHECK(turdb_stmt_column_is_null(stmt, 3));
  CHECK(turdb_stmt_value_type(stmt, 3) == TURDB_TYPE_NULL);
  CHECK(turdb_stmt_column_text(stmt, 3, &size) == NULL && size == 0);
  CHECK(turdb_stmt_column_bool(stmt, 4));
  CHECK_TEXT("12.50", turdb_stmt_column_text(stmt, 5, NULL));
  CHECK(turdb_stmt_column_double(stmt, 5) == 12.5);
  CHECK(turdb_stmt_column_date(stmt, 6) == 19782);
  CHECK_TEXT("2024-02-29", turdb_stmt_column_text(stmt, 6, NULL));
  const unsigned char* blob = (const unsigned char*)turdb_stmt_column_blob(stmt, 7, &size);
  CHECK(size == 2 && blob != NULL && blob[0] == 0 && blob[1] == 0xff);
  CHECK(turdb_stmt_column_int64(stmt, 8) == INT64_MAX);
  CHECK(turdb_stmt_column_int64(stmt, 9) == 17);
  CHECK(turdb_stmt_column_int64(stmt, 99) == 0);
  CHECK(turdb_stmt_column_int64(stmt, -1) == 0);
  CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
  CHECK(turdb_stmt_column_int64(stmt, 0) == 0);
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL)); /* [C-STEP-3] */
  turdb_stmt_free(stmt);
  session_close(&s);
}

/* Texts of every length, across many chunks, have their NUL and stay the same when they are asked for again. */
static void rows_come_one_by_one(void) { /* [C-COLUMN-1] */
  struct session s = session_open(":memory:");
  turdb_stmt* stmt = NULL;
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(id bigint primary key, a text, b bigint)"));
  CHECK_STATUS(TURDB_OK, exec(s.conn,
                              "insert into t select i, repeat('x', (i % 31)::integer), case when i % 3 <> 0 then -i end "
                              "from generate_series(1, 5000) s(i)"));
  for (int nulls = 0; nulls < 2; ++nulls) {
    int64_t due = 0, size = 0;
    CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, nulls ? "select * from t" : "select * from t where b is not null", -1,
                                              NULL, &stmt, NULL));
    while (turdb_stmt_step(stmt, NULL) == TURDB_ROW) {
      ++due;
      if (!nulls && due % 3 == 0) ++due;
      CHECK(turdb_stmt_column_int64(stmt, 0) == due);
      const char* text = turdb_stmt_column_text(stmt, 1, &size);
      CHECK(size == due % 31 && strlen(text) == (size_t)size);
      CHECK(turdb_stmt_column_is_null(stmt, 2) == (due % 3 == 0));
      CHECK(turdb_stmt_column_int64(stmt, 2) == (due % 3 == 0 ? 0 : -due));
      CHECK(turdb_stmt_column_text(stmt, 1, NULL) == text && strspn(text, "x") == (size_t)size);
    }
    CHECK(due == 5000);
    turdb_stmt_free(stmt);
  }
  session_close(&s);
}

static void every_type_binds_and_comes_back(void) {
  struct session s = session_open(":memory:");
  turdb_stmt* stmt = NULL;
  int32_t months = 0, days = 0;
  int64_t micros = 0;
  const uint8_t uuid[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  CHECK_STATUS(TURDB_OK,
               exec(s.conn,
                    "create table t(a boolean, b bigint, c double precision, d text, e blob, f date, g time, h timestamp, "
                    "i timestamptz, j interval, k uuid, l decimal(20,4), m smallint, n real, o varchar(5))"));
  CHECK_STATUS(TURDB_OK,
               turdb_stmt_prepare(s.conn, "insert into t values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", -1, NULL, &stmt, NULL));
  CHECK(turdb_stmt_parameter_count(stmt) == 15);
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_bool(stmt, 1, true, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_int64(stmt, 2, INT64_MIN, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_double(stmt, 3, -0.0, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_text(stmt, 4, "gr\xc3\xbc\xc3\x9f", -1, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_blob(stmt, 5, "\0\xff\0", 3, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_date(stmt, 6, -1, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_time(stmt, 7, 86399999999, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_timestamp(stmt, 8, -1, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_timestamptz(stmt, 9, 1700000000000000, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_interval(stmt, 10, 14, -3, 5000000, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_uuid(stmt, 11, uuid, 16, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_decimal(stmt, 12, "-1234567890123456.7891", -1, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_int64(stmt, 13, -32768, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_double(stmt, 14, 1.5, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_text(stmt, 15, "abcde", 5, NULL));
  CHECK_STATUS(TURDB_NOT_FOUND, turdb_stmt_bind_null(stmt, 16, NULL));
  CHECK_STATUS(TURDB_NOT_FOUND, turdb_stmt_bind_null(stmt, 0, NULL));
  CHECK_STATUS(TURDB_DATA, turdb_stmt_bind_text(stmt, 4, "\xff\xfe", 2, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_bind_uuid(stmt, 11, uuid, 15, NULL));
  /* what SQL could not have made */
  CHECK_STATUS(TURDB_DATA, turdb_stmt_bind_date(stmt, 6, -2440589, NULL));
  CHECK_STATUS(TURDB_DATA, turdb_stmt_bind_date(stmt, 6, 2145042906, NULL));
  CHECK_STATUS(TURDB_DATA, turdb_stmt_bind_time(stmt, 7, -1, NULL));
  CHECK_STATUS(TURDB_DATA, turdb_stmt_bind_timestamp(stmt, 8, INT64_MIN + 1, NULL));
  CHECK_STATUS(TURDB_DATA, turdb_stmt_bind_timestamptz(stmt, 9, -210866803200000001, NULL));
  CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
  turdb_stmt_free(stmt);
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "select * from t", -1, NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK(turdb_stmt_value_type(stmt, 0) == TURDB_TYPE_BOOL && turdb_stmt_column_bool(stmt, 0));
  CHECK(turdb_stmt_column_int64(stmt, 1) == INT64_MIN);
  CHECK(turdb_stmt_column_double(stmt, 2) == 0.0 && signbit(turdb_stmt_column_double(stmt, 2)));
  CHECK_TEXT("gr\xc3\xbc\xc3\x9f", turdb_stmt_column_text(stmt, 3, NULL));
  int64_t size = 0;
  CHECK(memcmp(turdb_stmt_column_blob(stmt, 4, &size), "\0\xff\0", 3) == 0 && size == 3);
  CHECK_TEXT("\\x00ff00", turdb_stmt_column_text(stmt, 4, NULL));
  CHECK_TEXT("1969-12-31", turdb_stmt_column_text(stmt, 5, NULL));
  CHECK_TEXT("23:59:59.999999", turdb_stmt_column_text(stmt, 6, NULL));
  CHECK(turdb_stmt_column_micros(stmt, 6) == 86399999999);
  CHECK_TEXT("1969-12-31 23:59:59.999999", turdb_stmt_column_text(stmt, 7, NULL));
  CHECK(turdb_stmt_column_micros(stmt, 8) == 1700000000000000);
  turdb_stmt_column_interval(stmt, 9, &months, &days, &micros);
  CHECK(months == 14 && days == -3 && micros == 5000000);
  CHECK(memcmp(turdb_stmt_column_blob(stmt, 10, &size), uuid, 16) == 0 && size == 16);
  CHECK_TEXT("00010203-0405-0607-0809-0a0b0c0d0e0f", turdb_stmt_column_text(stmt, 10, NULL));
  CHECK_TEXT("-1234567890123456.7891", turdb_stmt_column_text(stmt, 11, NULL));
  CHECK(turdb_stmt_column_int64(stmt, 12) == -32768);
  CHECK(turdb_stmt_column_double(stmt, 13) == 1.5);
  CHECK_TEXT("abcde", turdb_stmt_column_text(stmt, 14, NULL));
  turdb_stmt_free(stmt);
  session_close(&s);
}

static void values_that_do_not_fit_are_refused(void) {
  struct session s = session_open(":memory:");
  turdb_stmt* stmt = NULL;
  turdb_error* error = NULL;
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(id bigint primary key, small smallint, name varchar(3))"));
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "insert into t values (?, ?, ?)", -1, NULL, &stmt, NULL));
  turdb_stmt_bind_int64(stmt, 1, 1, NULL);
  turdb_stmt_bind_int64(stmt, 2, 40000, NULL);
  CHECK_STATUS(TURDB_DATA, turdb_stmt_step(stmt, &error));
  CHECK_TEXT("22003", turdb_error_sqlstate(error));
  turdb_error_free(error);
  turdb_stmt_bind_int64(stmt, 2, 4, NULL);
  turdb_stmt_bind_text(stmt, 3, "four", -1, NULL);
  CHECK_STATUS(TURDB_DATA, turdb_stmt_step(stmt, &error));
  CHECK_TEXT("22001", turdb_error_sqlstate(error));
  turdb_error_free(error);
  turdb_stmt_bind_text(stmt, 3, "for", -1, NULL);
  CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, &error));
  CHECK_STATUS(TURDB_CONSTRAINT, turdb_stmt_step(stmt, &error));
  CHECK_TEXT("23505", turdb_error_sqlstate(error));
  CHECK(strstr(turdb_error_message(error), "(id)=(1)") != NULL);
  turdb_error_free(error);
  turdb_stmt_free(stmt);
  CHECK(query_int64(s.conn, "select count(*) from t") == 1);
  session_close(&s);
}

static void errors_say_where(void) { /* [C-ERROR-1] [C-OUT-1] */
  struct session s = session_open(":memory:");
  turdb_stmt* stmt = (turdb_stmt*)&s;
  turdb_error* error = (turdb_error*)&s; /* never read */
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table person(id bigint primary key, name text)"));
  CHECK_STATUS(TURDB_ERROR, turdb_stmt_prepare(s.conn, "select nmae from person", -1, NULL, &stmt, &error));
  CHECK(stmt == NULL);
  CHECK_TEXT("42703", turdb_error_sqlstate(error));
  CHECK(turdb_error_position(error) == 7);
  CHECK(turdb_error_hint(error) != NULL && strstr(turdb_error_hint(error), "name") != NULL);
  turdb_error_free(error);
  CHECK_STATUS(TURDB_ERROR, turdb_stmt_prepare(s.conn, "selec 1", -1, NULL, &stmt, &error));
  CHECK_TEXT("42601", turdb_error_sqlstate(error));
  CHECK(turdb_error_position(error) == 0);
  turdb_error_free(error);
  CHECK_STATUS(TURDB_ERROR, turdb_conn_exec(s.conn, "select 1; select * from nowhere", -1, &error)); /* [C-EXEC-1] */
  CHECK_TEXT("42P01", turdb_error_sqlstate(error));
  CHECK(turdb_error_position(error) == 24);
  turdb_error_free(error);
  CHECK_STATUS(TURDB_OK, turdb_conn_exec(s.conn, "select 1", -1, &error));
  CHECK(error == NULL);
  CHECK_STATUS(TURDB_DATA, turdb_conn_exec(s.conn, "select 1 / (id - id) from (values (1)) v(id)", -1, &error));
  CHECK_TEXT("22012", turdb_error_sqlstate(error));
  turdb_error_free(error);
  session_close(&s);
}

static void statements_follow_each_other(void) {
  struct session s = session_open(":memory:");
  const char* sql = " -- nothing\n create table t(a int); insert into t values (1), (2); select sum(a) from t ; ";
  const char* rest = sql;
  int64_t tail = 0;
  int statements = 0;
  int64_t sum = 0;
  turdb_stmt* stmt = NULL;
  for (;;) {
    CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, rest, -1, &tail, &stmt, NULL));
    if (stmt == NULL) break;
    ++statements;
    while (turdb_stmt_step(stmt, NULL) == TURDB_ROW) sum = turdb_stmt_column_int64(stmt, 0);
    turdb_stmt_free(stmt);
    rest += tail;
  }
  CHECK(statements == 3);
  CHECK(sum == 3);
  CHECK(turdb_conn_changes(s.conn) == 2);
  CHECK(turdb_conn_total_changes(s.conn) == 2);
  session_close(&s);
}

static void parameters_have_names(void) {
  struct session s = session_open(":memory:");
  turdb_stmt* stmt = NULL;
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "select :a::int + :b::int * :a::int", -1, NULL, &stmt, NULL));
  CHECK(turdb_stmt_parameter_count(stmt) == 2);
  CHECK(turdb_stmt_parameter_index(stmt, ":b") == 2);
  CHECK(turdb_stmt_parameter_index(stmt, "a") == 1);
  CHECK(turdb_stmt_parameter_index(stmt, "c") == 0);
  CHECK_TEXT(":a", turdb_stmt_parameter_name(stmt, 1));
  turdb_stmt_bind_int64(stmt, 1, 5, NULL);
  turdb_stmt_bind_int64(stmt, 2, 7, NULL);
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK(turdb_stmt_column_int64(stmt, 0) == 40);
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_bind_int64(stmt, 1, 6, NULL)); /* in the middle of its rows */
  CHECK_STATUS(TURDB_OK, turdb_stmt_reset(stmt, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_clear_bindings(stmt, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK(turdb_stmt_column_is_null(stmt, 0));
  turdb_stmt_free(stmt);
  session_close(&s);
}

static void a_row_found_by_its_key_is_a_row_too(void) {
  struct session s = session_open(":memory:");
  turdb_stmt* stmt = NULL;
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(id int primary key, a int); insert into t values (1, 10), (2, 20)"));
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "select a from t where id = $1", -1, NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_int64(stmt, 1, 1, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_bind_int64(stmt, 1, 2, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_clear_bindings(stmt, NULL));
  CHECK(turdb_stmt_column_int64(stmt, 0) == 10);
  CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_int64(stmt, 1, 2, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK(turdb_stmt_column_int64(stmt, 0) == 20);
  CHECK_STATUS(TURDB_OK, turdb_stmt_reset(stmt, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_int64(stmt, 1, 3, NULL));
  CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_int64(stmt, 1, 1, NULL));
  turdb_stmt_free(stmt);
  session_close(&s);
}

static void transactions_commit_and_roll_back(void) { /* [C-TXN-1] */
  struct session s = session_open(":memory:");
  turdb_conn* other = NULL;
  turdb_error* error = NULL;
  CHECK_STATUS(TURDB_OK, turdb_conn_open(s.db, &other, NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(id bigint primary key, v int)"));
  CHECK_STATUS(TURDB_ERROR, turdb_conn_commit(s.conn, &error));
  CHECK_TEXT("25P01", turdb_error_sqlstate(error));
  turdb_error_free(error);
  CHECK(turdb_conn_in_autocommit(s.conn));
  CHECK_STATUS(TURDB_OK, turdb_conn_begin(s.conn, NULL));
  CHECK_STATUS(TURDB_ERROR, turdb_conn_begin(s.conn, NULL));
  CHECK(!turdb_conn_in_autocommit(s.conn));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "insert into t values (1, 10), (2, 20)"));
  CHECK(turdb_conn_last_insert_id(s.conn) == 2);
  CHECK(query_int64(other, "select count(*) from t") == 0);
  CHECK_STATUS(TURDB_OK, turdb_conn_savepoint(s.conn, "a", NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "delete from t"));
  CHECK(query_int64(s.conn, "select count(*) from t") == 0);
  CHECK_STATUS(TURDB_OK, turdb_conn_rollback_to(s.conn, "a", NULL));
  CHECK(query_int64(s.conn, "select count(*) from t") == 2);
  CHECK_STATUS(TURDB_OK, turdb_conn_release(s.conn, "a", NULL));
  CHECK_STATUS(TURDB_ERROR, turdb_conn_release(s.conn, "a", NULL));
  /* A failed statement is rolled back whole; the transaction lives on. [C-STEP-1] */
  CHECK_STATUS(TURDB_CONSTRAINT, turdb_conn_exec(s.conn, "insert into t values (3, 30), (1, 10)", -1, NULL));
  CHECK(query_int64(s.conn, "select count(*) from t") == 2);
  CHECK_STATUS(TURDB_OK, turdb_conn_commit(s.conn, NULL));
  CHECK(query_int64(other, "select sum(v) from t") == 30);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "begin; update t set v = 0; rollback"));
  CHECK(query_int64(other, "select sum(v) from t") == 30);
  turdb_conn_free(other);
  session_close(&s);
}

static void the_second_updater_fails_and_may_retry(void) {
  struct session s = session_open(":memory:");
  turdb_conn* other = NULL;
  turdb_error* error = NULL;
  CHECK_STATUS(TURDB_OK, turdb_conn_open(s.db, &other, NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(id bigint primary key, v int); insert into t values (1, 1)"));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "begin"));
  CHECK_STATUS(TURDB_OK, exec(other, "begin"));
  CHECK(query_int64(s.conn, "select v from t") == 1);
  CHECK(query_int64(other, "select v from t") == 1);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "update t set v = 2 where id = 1; commit"));
  CHECK_STATUS(TURDB_CONFLICT, turdb_conn_exec(other, "update t set v = 3 where id = 1", -1, &error));
  CHECK_TEXT("40001", turdb_error_sqlstate(error));
  CHECK(turdb_error_can_retry(error));
  turdb_error_free(error);
  CHECK_STATUS(TURDB_OK, exec(other, "rollback; update t set v = 3 where id = 1"));
  CHECK(query_int64(s.conn, "select v from t") == 3);
  /* Waiting ends with busy_timeout. */
  CHECK_STATUS(TURDB_OK, exec(other, "set busy_timeout = 20"));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "begin; update t set v = 4"));
  CHECK_STATUS(TURDB_BUSY, turdb_conn_exec(other, "update t set v = 5", -1, NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "rollback"));
  turdb_conn_free(other);
  session_close(&s);
}

static void handles_are_freed_in_any_order(void) { /* [C-FREE-1] [C-CLOSE-1] */
  struct session s = session_open(":memory:");
  turdb_stmt* stmt = NULL;
  turdb_error* error = NULL;
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "select * from generate_series(1, 100000)", -1, NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  turdb_conn_free(s.conn);
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK_STATUS(TURDB_OK, turdb_db_close(s.db, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_step(stmt, &error));
  turdb_error_free(error);
  CHECK_STATUS(TURDB_OK, turdb_db_close(s.db, NULL));
  turdb_conn* late = (turdb_conn*)&s;
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_open(s.db, &late, NULL));
  CHECK(late == NULL);
  turdb_db_free(s.db);
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_reset(stmt, NULL));
  turdb_stmt_free(stmt);
}

static void* interrupt_soon(void* argument) {
  usleep(50 * 1000);
  turdb_conn_interrupt((turdb_conn*)argument);
  return NULL;
}

static void interrupt_stops_the_running_statement_only(void) { /* [C-INTERRUPT-1] */
  struct session s = session_open(":memory:");
  turdb_error* error = NULL;
  pthread_t thread;
  turdb_conn_interrupt(s.conn); /* nothing runs: no effect on what comes */
  CHECK(query_int64(s.conn, "select 1") == 1);
  CHECK(pthread_create(&thread, NULL, interrupt_soon, s.conn) == 0);
  CHECK_STATUS(
      TURDB_INTERRUPTED,
      turdb_conn_exec(s.conn, "select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b", -1, &error));
  CHECK_TEXT("57014", turdb_error_sqlstate(error));
  turdb_error_free(error);
  pthread_join(thread, NULL);
  CHECK(query_int64(s.conn, "select 2") == 2);
  session_close(&s);
}

static bool stop_at_once(void* user_data) {
  ++*(int*)user_data;
  return true;
}

static void progress_can_stop_a_statement(void) { /* [C-PROGRESS-1] */
  struct session s = session_open(":memory:");
  int calls = 0;
  CHECK_STATUS(TURDB_OK, turdb_conn_set_progress(s.conn, 1, stop_at_once, &calls, NULL));
  CHECK_STATUS(
      TURDB_INTERRUPTED,
      turdb_conn_exec(s.conn, "select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b", -1, NULL));
  CHECK(calls >= 1);
  CHECK_STATUS(TURDB_OK, turdb_conn_set_progress(s.conn, 1, NULL, NULL, NULL));
  CHECK(query_int64(s.conn, "select 1") == 1);
  /* The building of an index too; it leaves nothing behind. */
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a int); insert into t select i from generate_series(1, 100000) g(i)"));
  CHECK_STATUS(TURDB_OK, turdb_conn_set_progress(s.conn, 1, stop_at_once, &calls, NULL));
  CHECK_STATUS(TURDB_INTERRUPTED, turdb_conn_exec(s.conn, "create index t_a on t(a)", -1, NULL));
  CHECK_STATUS(TURDB_OK, turdb_conn_set_progress(s.conn, 1, NULL, NULL, NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create index t_a on t(a)"));
  session_close(&s);
}

static void after_fork_the_child_is_told(void) { /* [C-FORK-1] */
  struct session s = session_open(":memory:");
  const pid_t child = fork();
  if (child == 0) {
    const turdb_status status = turdb_conn_exec(s.conn, "select 1", -1, NULL);
    turdb_conn_free(s.conn);
    turdb_db_free(s.db);
    _exit(status == TURDB_MISUSE ? 0 : 1);
  }
  int result = -1;
  CHECK(waitpid(child, &result, 0) == child);
  CHECK(WIFEXITED(result) && WEXITSTATUS(result) == 0);
  CHECK(query_int64(s.conn, "select 1") == 1);
  session_close(&s);
}

static void hard_sql_is_refused_not_obeyed(void) {
  struct session s = session_open(":memory:");
  turdb_error* error = NULL;
  const size_t depth = 200000;
  char* nested = (char*)malloc(2 * depth + 16);
  CHECK(nested != NULL);
  memcpy(nested, "select ", 7);
  memset(nested + 7, '(', depth);
  nested[7 + depth] = '1';
  memset(nested + 8 + depth, ')', depth);
  CHECK_STATUS(TURDB_LIMIT, turdb_conn_exec(s.conn, nested, (int64_t)(8 + 2 * depth), &error));
  turdb_error_free(error);
  free(nested);
  const size_t size = (size_t)17 << 20;
  char* big = (char*)malloc(size);
  CHECK(big != NULL);
  memset(big, ' ', size);
  CHECK_STATUS(TURDB_LIMIT, turdb_conn_exec(s.conn, big, (int64_t)size, &error));
  turdb_error_free(error);
  free(big);
  CHECK_STATUS(TURDB_DATA, turdb_conn_exec(s.conn, "select '\xff'", -1, &error));
  turdb_error_free(error);
  CHECK(query_int64(s.conn, "select 1") == 1);
  session_close(&s);
}

/* json, jsonb and arrays are bound and read as text. */
static void values_with_parts_are_text(void) {
  struct session s = session_open(":memory:");
  turdb_stmt* stmt = NULL;
  turdb_error* error = NULL;
  int64_t size = 0;
  CHECK_STATUS(TURDB_OK,
               turdb_conn_exec(s.conn, "create table part(j jsonb, a integer[], t json)", TURDB_NUL_TERMINATED, NULL));
  CHECK_STATUS(TURDB_OK,
               turdb_stmt_prepare(s.conn, "insert into part values (?, ?, ?)", TURDB_NUL_TERMINATED, NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_text(stmt, 1, "{\"b\":1,\"a\":[]}", -1, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_text(stmt, 2, "{1,NULL,3}", -1, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_text(stmt, 3, " [ 1 ]", -1, NULL));
  CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
  turdb_stmt_reset(stmt, NULL);
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_text(stmt, 1, "{", -1, NULL));
  CHECK_STATUS(TURDB_DATA, turdb_stmt_step(stmt, &error));
  CHECK_TEXT("22P02", turdb_error_sqlstate(error));
  turdb_error_free(error);
  turdb_stmt_free(stmt);
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "select j, a, t, json_extract(t, '$[0]') from part", TURDB_NUL_TERMINATED,
                                            NULL, &stmt, NULL));
  CHECK_TEXT("jsonb", turdb_stmt_column_declared_type(stmt, 0));
  CHECK_TEXT("integer[]", turdb_stmt_column_declared_type(stmt, 1));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK(turdb_stmt_column_type(stmt, 0) == TURDB_TYPE_JSONB);
  CHECK(turdb_stmt_column_type(stmt, 1) == TURDB_TYPE_ARRAY);
  CHECK(turdb_stmt_value_type(stmt, 2) == TURDB_TYPE_JSON);
  CHECK(turdb_stmt_column_type(stmt, 3) == TURDB_TYPE_ANY && turdb_stmt_value_type(stmt, 3) == TURDB_TYPE_INT64);
  CHECK_TEXT("{\"a\": [], \"b\": 1}", turdb_stmt_column_text(stmt, 0, &size));
  CHECK(size == 17);
  CHECK_TEXT("{1,NULL,3}", turdb_stmt_column_text(stmt, 1, NULL));
  CHECK_TEXT(" [ 1 ]", turdb_stmt_column_text(stmt, 2, NULL));
  CHECK(turdb_stmt_column_int64(stmt, 1) == 0);
  CHECK(turdb_stmt_column_int64(stmt, 3) == 1);
  CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
  turdb_stmt_free(stmt);
  session_close(&s);
}

static void structs_maps_and_ranges_are_texts(void) {
  struct session s = session_open(":memory:");
  CHECK_STATUS(TURDB_OK, turdb_conn_exec(s.conn, "create type pair as (a int, b text)", TURDB_NUL_TERMINATED, NULL));
  CHECK_STATUS(
      TURDB_OK,
      turdb_conn_exec(s.conn,
                      "create table part (c pair, s struct(x int), m map(text, int), i inet, r int4range, b bit(3), l pair[])",
                      TURDB_NUL_TERMINATED, NULL));
  turdb_stmt* stmt = NULL;
  turdb_error* error = NULL;
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "insert into part values (?, ?, ?, ?, ?, ?, ?)", TURDB_NUL_TERMINATED, NULL,
                                            &stmt, NULL));
  const char* values[] = {"(1,\"a b\")", "(7)", "{k=1, l=NULL}", "10.0.0.1/8", "[1,4]", "101", "{\"(2,z)\"}"};
  for (int64_t i = 0; i < 7; ++i) CHECK_STATUS(TURDB_OK, turdb_stmt_bind_text(stmt, i + 1, values[i], -1, NULL));
  CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
  turdb_stmt_reset(stmt, NULL);
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_text(stmt, 1, "(1)", -1, NULL));
  CHECK_STATUS(TURDB_DATA, turdb_stmt_step(stmt, &error));
  CHECK_TEXT("22P02", turdb_error_sqlstate(error));
  turdb_error_free(error);
  turdb_stmt_free(stmt);
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "select c, s, m, i, r, b, l, (c).a from part", TURDB_NUL_TERMINATED, NULL,
                                            &stmt, NULL));
  CHECK_TEXT("pair", turdb_stmt_column_declared_type(stmt, 0));
  CHECK_TEXT("STRUCT(x integer)", turdb_stmt_column_declared_type(stmt, 1));
  CHECK_TEXT("MAP(text, integer)", turdb_stmt_column_declared_type(stmt, 2));
  CHECK_TEXT("pair[]", turdb_stmt_column_declared_type(stmt, 6));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  const int32_t types[] = {TURDB_TYPE_STRUCT, TURDB_TYPE_STRUCT, TURDB_TYPE_MAP,   TURDB_TYPE_INET,
                           TURDB_TYPE_RANGE,  TURDB_TYPE_BITS,   TURDB_TYPE_ARRAY, TURDB_TYPE_INT32};
  const char* texts[] = {"(1,\"a b\")", "(7)", "{k=1, l=NULL}", "10.0.0.1/8", "[1,5)", "101", "{\"(2,z)\"}", "1"};
  for (int64_t i = 0; i < 8; ++i) {
    CHECK(turdb_stmt_column_type(stmt, i) == types[i]);
    CHECK_TEXT(texts[i], turdb_stmt_column_text(stmt, i, NULL));
  }
  CHECK(turdb_stmt_column_int64(stmt, 0) == 0);
  CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
  turdb_stmt_free(stmt);
  session_close(&s);
}

int main(void) {
  if (mkdtemp(g_directory) == NULL) return 1;
  null_handles_are_misuse();
  options_are_a_table();
  columns_convert();
  rows_come_one_by_one();
  every_type_binds_and_comes_back();
  values_that_do_not_fit_are_refused();
  errors_say_where();
  statements_follow_each_other();
  parameters_have_names();
  a_row_found_by_its_key_is_a_row_too();
  transactions_commit_and_roll_back();
  the_second_updater_fails_and_may_retry();
  handles_are_freed_in_any_order();
  interrupt_stops_the_running_statement_only();
  progress_can_stop_a_statement();
  after_fork_the_child_is_told();
  hard_sql_is_refused_not_obeyed();
  values_with_parts_are_text();
  structs_maps_and_ranges_are_texts();
  contract_tests();
  arrow_tests();
  files_tests();
  function_tests();
  packed_tests();
  blob_tests();
  database_tests();
  misuse_tests();
  hooks_tests();
  interrupt_tests();
  session_tests();
  char command[64];
  snprintf(command, sizeof command, "rm -rf %s", g_directory);
  if (system(command) != 0) return 1;
  printf("%d failures\n", g_failures);
  return g_failures == 0 ? 0 : 1;
}
