/* Settings and limits of a connection by calls; plans, profiles, counters and the origin of columns. */
#include "capi_test.h"

static void settings_by_calls(void) { /* [C-SETTING-1] [C-SETTING-2] [C-SETTING-3] */
  struct session s = session_open(":memory:");
  const char* value = NULL;
  turdb_options* options = NULL;
  CHECK_STATUS(TURDB_OK, turdb_conn_setting(s.conn, "busy_timeout", &value, NULL));
  CHECK_TEXT("5000", value);
  CHECK_STATUS(TURDB_OK, turdb_conn_set_setting(s.conn, "busy_timeout", "2s", NULL));
  CHECK_STATUS(TURDB_OK, turdb_conn_setting(s.conn, "BUSY_TIMEOUT", &value, NULL));
  CHECK_TEXT("2000", value);
  CHECK_STATUS(TURDB_OK, turdb_conn_set_setting(s.conn, "busy_timeout", NULL, NULL)); /* RESET */
  CHECK_STATUS(TURDB_OK, turdb_conn_setting(s.conn, "busy_timeout", &value, NULL));
  CHECK_TEXT("5000", value);
  CHECK_STATUS(TURDB_OK, turdb_conn_set_setting(s.conn, "timezone", "Europe/Berlin", NULL));
  CHECK_STATUS(TURDB_OK, turdb_conn_setting(s.conn, "timezone", &value, NULL));
  CHECK_TEXT("Europe/Berlin", value);
  CHECK_STATUS(TURDB_DATA, turdb_conn_set_setting(s.conn, "busy_timeout", "soon", NULL));
  CHECK(turdb_conn_set_setting(s.conn, "page_cache_bytes", "1MB", NULL) < 0); /* fixed while it is open */
  CHECK(turdb_conn_set_setting(s.conn, "no_such", "1", NULL) < 0);
  CHECK(turdb_conn_setting(s.conn, "no_such", &value, NULL) < 0);
  CHECK(value == NULL);
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_setting(NULL, "threads", &value, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_setting(s.conn, NULL, &value, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_setting(s.conn, "threads", NULL, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_set_setting(s.conn, NULL, "1", NULL));
  CHECK_STATUS(TURDB_OK, turdb_options_new(&options, NULL));
  CHECK_STATUS(TURDB_OK, turdb_options_get(options, "wal_limit_bytes", &value, NULL));
  CHECK_TEXT("268435456", value);
  CHECK_STATUS(TURDB_OK, turdb_options_set(options, "memory_limit", "64MB", NULL));
  CHECK_STATUS(TURDB_OK, turdb_options_get(options, "page_cache_bytes", &value, NULL));
  CHECK_TEXT("33554432", value); /* half of it */
  CHECK_STATUS(TURDB_NOT_FOUND, turdb_options_get(options, "no_such", &value, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_options_get(NULL, "threads", &value, NULL));
  CHECK(turdb_options_is_session("busy_timeout") && !turdb_options_is_session("memory_limit"));
  CHECK(!turdb_options_is_session("no_such") && !turdb_options_is_session(NULL));
  turdb_options_free(options);
  session_close(&s);
}

static void limits_are_kept(void) { /* [C-LIMIT-1] */
  struct session s = session_open(":memory:");
  turdb_error* error = NULL;
  turdb_stmt* stmt = NULL;
  int64_t value = 0;
  for (int32_t limit = TURDB_LIMIT_SQL_BYTES; limit <= TURDB_LIMIT_VALUE_BYTES; ++limit) {
    CHECK(turdb_limit_name(limit) != NULL);
    CHECK_STATUS(TURDB_OK, turdb_conn_limit(s.conn, limit, &value, NULL));
    CHECK(value > 0 && value == turdb_limit_maximum(limit));
    CHECK_STATUS(TURDB_DATA, turdb_conn_set_limit(s.conn, limit, value + 1, NULL));
    CHECK_STATUS(TURDB_DATA, turdb_conn_set_limit(s.conn, limit, -1, NULL));
  }
  CHECK(turdb_limit_name(-1) == NULL && turdb_limit_name(1000) == NULL && turdb_limit_maximum(1000) == 0);
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_limit(s.conn, 1000, &value, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_set_limit(s.conn, 1000, 1, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_limit(NULL, 0, &value, NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn,
                              "create table t(a int); create table log(a int);"
                              "create trigger r after insert on t when new.a > 0 begin insert into t values (new.a - 1); end"));
  const struct {
    int32_t limit;
    int64_t value;
    const char* sql;
    const char* fine;
  } cases[] = {
      {TURDB_LIMIT_SQL_BYTES, 20, "select 1 as much_too_long", "select 1"},
      {TURDB_LIMIT_NESTING_DEPTH, 30, "select ((((((((((((((((((((((((((((((((1))))))))))))))))))))))))))))))))", "select (1)"},
      {TURDB_LIMIT_PARAMETERS, 2, "select ?, ?, ?", "select ?, ?"},
      {TURDB_LIMIT_COLUMNS, 2, "select 1, 2, 3", "select 1, 2"},
      {TURDB_LIMIT_FUNCTION_ARGUMENTS, 2, "select concat('a', 'b', 'c')", "select concat('a', 'b')"},
      {TURDB_LIMIT_TRIGGER_DEPTH, 3, "insert into t values (5)", "insert into t values (1)"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    CHECK_STATUS(TURDB_OK, turdb_conn_set_limit(s.conn, cases[i].limit, cases[i].value, NULL));
    CHECK_STATUS(TURDB_LIMIT, turdb_conn_exec(s.conn, cases[i].sql, -1, &error));
    if (strncmp(turdb_error_sqlstate(error), "54", 2) != 0) {
      fprintf(stderr, "%s: %s\n", cases[i].sql, turdb_error_message(error));
      ++g_failures;
    }
    turdb_error_free(error);
    CHECK_STATUS(TURDB_OK, exec(s.conn, cases[i].fine));
    CHECK_STATUS(TURDB_OK, turdb_conn_set_limit(s.conn, cases[i].limit, turdb_limit_maximum(cases[i].limit), NULL));
    CHECK_STATUS(TURDB_OK, exec(s.conn, cases[i].sql));
  }
  CHECK_STATUS(TURDB_OK, turdb_conn_set_limit(s.conn, TURDB_LIMIT_VALUE_BYTES, 10, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "select length(?)", -1, NULL, &stmt, NULL));
  for (int i = 0; i < 3; ++i) {
    CHECK_STATUS(TURDB_OK, turdb_stmt_bind_text(stmt, 1, "short", -1, NULL));
    CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
    CHECK_STATUS(TURDB_OK, turdb_stmt_reset(stmt, NULL));
    CHECK_STATUS(TURDB_OK, turdb_stmt_bind_text(stmt, 1, "much too long", -1, NULL));
    CHECK_STATUS(TURDB_LIMIT, turdb_stmt_step(stmt, NULL));
  }
  turdb_stmt_free(stmt);
  session_close(&s);
}

static void plans_and_profiles(void) { /* [C-EXPLAIN-1] [C-EXPLAIN-2] [C-COUNTER-1] */
  struct session s = session_open(":memory:");
  turdb_stmt* stmt = NULL;
  const char* text = NULL;
  CHECK_STATUS(TURDB_OK, exec(s.conn,
                              "create table t(a int primary key, b text); insert into t select i, 'x' from "
                              "generate_series(1, 1000) g(i)"));
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "select count(*) from t where a > 500", -1, NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_explain(stmt, TURDB_EXPLAIN_TEXT, &text, NULL));
  CHECK(strstr(text, "TableScan") != NULL && strstr(text, "time:") == NULL);
  CHECK_STATUS(TURDB_OK, turdb_stmt_explain(stmt, TURDB_EXPLAIN_JSON | TURDB_EXPLAIN_VERBOSE, &text, NULL));
  CHECK(strncmp(text, "[{\"Plan\": ", 10) == 0);
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_explain(stmt, 64, &text, NULL));
  CHECK(text == NULL);
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_explain(NULL, 0, &text, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_explain(stmt, 0, NULL, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_profile(stmt, 0, &text, NULL)); /* it has not run */
  CHECK(turdb_stmt_counter(stmt, TURDB_COUNTER_RUNS) == 0);
  CHECK(turdb_stmt_counter(stmt, TURDB_COUNTER_COMPILATIONS) == 1);
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_profile(stmt, 0, &text, NULL)); /* nobody measured */
  CHECK_STATUS(TURDB_OK, turdb_conn_set_profiling(s.conn, true, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK(turdb_stmt_column_int64(stmt, 0) == 500);
  CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_profile(stmt, TURDB_EXPLAIN_TEXT, &text, NULL));
  CHECK(strstr(text, "rows: 500") != NULL && strstr(text, "time:") != NULL);
  CHECK_STATUS(TURDB_OK, turdb_stmt_profile(stmt, TURDB_EXPLAIN_JSON, &text, NULL));
  CHECK(strstr(text, "\"Actual Rows\": 500") != NULL);
  CHECK(turdb_stmt_counter(stmt, TURDB_COUNTER_RUNS) == 2);
  CHECK(turdb_stmt_counter(stmt, TURDB_COUNTER_ROWS) == 1);
  CHECK(turdb_stmt_counter(stmt, 1000) == 0 && turdb_stmt_counter(NULL, TURDB_COUNTER_RUNS) == 0);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "alter table t add column c int"));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK(turdb_stmt_counter(stmt, TURDB_COUNTER_COMPILATIONS) == 2);
  turdb_stmt_free(stmt);
  /* A statement about one row goes the long way while it is measured, and back. */
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "select b from t where a = 7", -1, NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_profile(stmt, 0, &text, NULL));
  CHECK(strstr(text, "rows: 1") != NULL);
  CHECK_STATUS(TURDB_OK, turdb_conn_set_profiling(s.conn, false, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK_TEXT("x", turdb_stmt_column_text(stmt, 0, NULL));
  CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
  CHECK(turdb_stmt_counter(stmt, TURDB_COUNTER_RUNS) == 2 && turdb_stmt_counter(stmt, TURDB_COUNTER_ROWS) == 1);
  turdb_stmt_free(stmt);
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "begin", -1, NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_UNSUPPORTED, turdb_stmt_explain(stmt, 0, &text, NULL));
  turdb_stmt_free(stmt);
  session_close(&s);
}

static void columns_know_where_they_come_from(void) { /* [C-ORIGIN-1] */
  struct session s = session_open(":memory:");
  turdb_stmt* stmt = NULL;
  CHECK_STATUS(TURDB_OK, exec(s.conn,
                              "create schema z; create table z.t(a int primary key, b text); create view v as select b as "
                              "named from z.t"));
  CHECK_STATUS(TURDB_OK,
               turdb_stmt_prepare(s.conn, "select x.a as other, b || 'x', v.named from z.t x, v", -1, NULL, &stmt, NULL));
  CHECK_TEXT("z", turdb_stmt_column_schema(stmt, 0));
  CHECK_TEXT("t", turdb_stmt_column_table(stmt, 0));
  CHECK_TEXT("a", turdb_stmt_column_origin(stmt, 0));
  CHECK(turdb_stmt_column_table(stmt, 1) == NULL);
  CHECK_TEXT("b", turdb_stmt_column_origin(stmt, 2)); /* through the view */
  CHECK(turdb_stmt_column_origin(stmt, 3) == NULL && turdb_stmt_column_origin(stmt, -1) == NULL);
  CHECK(turdb_stmt_column_schema(NULL, 0) == NULL);
  turdb_stmt_free(stmt);
  /* RETURNING, too: of the table that is changed, and of those that the change reads. */
  static const char* const changes[] = {
      "insert into z.t values (1, 'x') on conflict (a) do update set b = excluded.b returning b as other, a + 1",
      "update z.t as q set b = 'y' from v where q.b = named returning q.b, 1, named",
      "delete from z.t as q using v where q.b = named returning q.b, 1, named",
      "merge into z.t as q using v on q.b = named when matched then update set b = 'z' returning q.b, 1",
  };
  for (size_t i = 0; i < sizeof changes / sizeof changes[0]; ++i) {
    CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, changes[i], -1, NULL, &stmt, NULL));
    CHECK_TEXT("z", turdb_stmt_column_schema(stmt, 0));
    CHECK_TEXT("t", turdb_stmt_column_table(stmt, 0));
    CHECK_TEXT("b", turdb_stmt_column_origin(stmt, 0));
    CHECK(turdb_stmt_column_origin(stmt, 1) == NULL);
    if (turdb_stmt_column_count(stmt) == 3) CHECK_TEXT("b", turdb_stmt_column_origin(stmt, 2));
    turdb_stmt_free(stmt);
  }
  session_close(&s);
}

void session_tests(void) {
  settings_by_calls();
  limits_are_kept();
  plans_and_profiles();
  columns_know_where_they_come_from();
}
