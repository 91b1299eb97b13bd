/* Functions and collations of the host: registering, calling, failing, and that nothing is destroyed twice or never. */
#include <pthread.h>
#include <stdatomic.h>

#include "capi_test.h"

static turdb_stmt* prepare(turdb_conn* conn, const char* sql) {
  turdb_stmt* stmt = NULL;
  turdb_error* error = NULL;
  if (turdb_stmt_prepare(conn, sql, TURDB_NUL_TERMINATED, NULL, &stmt, &error) != TURDB_OK) {
    fprintf(stderr, "%s: %s\n", sql, turdb_error_message(error));
    ++g_failures;
    turdb_error_free(error);
  }
  return stmt;
}

/* The rows of `sql`, columns with | and rows with ; between them. NULL is ~. The caller does not free it. */
static const char* rows_of(turdb_conn* conn, const char* sql) {
  static char text[4096];
  size_t used = 0;
  turdb_error* error = NULL;
  turdb_stmt* stmt = prepare(conn, sql);
  turdb_status status = TURDB_ERROR;
  text[0] = '\0';
  for (int64_t row = 0; stmt != NULL && (status = turdb_stmt_step(stmt, &error)) == TURDB_ROW; ++row) {
    for (int64_t i = 0; i < turdb_stmt_column_count(stmt); ++i) {
      const char* value = turdb_stmt_column_text(stmt, i, NULL);
      used += (size_t)snprintf(text + used, sizeof text - used, "%s%s",
                               i > 0     ? "|"
                               : row > 0 ? ";"
                                         : "",
                               value == NULL ? "~" : value);
      if (used >= sizeof text) used = sizeof text - 1;
    }
  }
  if (status != TURDB_DONE) {
    fprintf(stderr, "%s: %s\n", sql, turdb_error_message(error));
    ++g_failures;
  }
  turdb_error_free(error);
  turdb_stmt_free(stmt);
  return text;
}

/* Runs what has to fail; the caller frees the error. */
static turdb_error* failure_of(turdb_conn* conn, const char* sql, turdb_status expected) {
  turdb_error* error = NULL;
  CHECK_STATUS(expected, turdb_conn_exec(conn, sql, TURDB_NUL_TERMINATED, &error));
  if (error == NULL) {
    fprintf(stderr, "%s did not fail\n", sql);
    ++g_failures;
  }
  return error;
}

static void fails_with(turdb_conn* conn, const char* sql, turdb_status expected, const char* sqlstate, const char* part) {
  turdb_error* error = failure_of(conn, sql, expected);
  CHECK_TEXT(sqlstate, turdb_error_sqlstate(error));
  if (error != NULL && strstr(turdb_error_message(error), part) == NULL) {
    fprintf(stderr, "%s: \"%s\" is not in \"%s\"\n", sql, part, turdb_error_message(error));
    ++g_failures;
  }
  turdb_error_free(error);
}

/* What user_data is: counts, by callbacks that may run on several threads at once. */
struct counts {
  atomic_int destroyed;
  atomic_int calls;
  _Atomic int64_t rows;
  atomic_int states, released;
  turdb_conn* conn;
};
static void count_destroyed(void* user_data) { ++((struct counts*)user_data)->destroyed; }

/* ---- scalar functions */

static void gcd(void* user_data, turdb_call* call) {
  struct counts* counts = (struct counts*)user_data;
  ++counts->calls;
  counts->rows += turdb_call_row_count(call);
  for (int64_t row = 0; row < turdb_call_row_count(call); ++row) {
    int64_t a = turdb_call_int64(call, 0, row), b = turdb_call_int64(call, 1, row);
    while (b != 0) {
      const int64_t rest = a % b;
      a = b;
      b = rest;
    }
    turdb_call_return_int64(call, row, a);
  }
}

static void describe(void* user_data, turdb_call* call) {
  (void)user_data;
  for (int64_t row = 0; row < turdb_call_row_count(call); ++row) {
    char text[256] = "";
    for (int64_t i = 0; i < turdb_call_argument_count(call); ++i) {
      int64_t size = 0;
      const char* value = turdb_call_text(call, i, row, &size);
      const size_t used = strlen(text);
      if (value == NULL) {
        snprintf(text + used, sizeof text - used, "[null]");
      } else {
        snprintf(text + used, sizeof text - used, "[%d %.*s]", (int)turdb_call_value_type(call, i, row), (int)size, value);
      }
    }
    turdb_call_return_text(call, row, text, TURDB_NUL_TERMINATED);
  }
}

static void scalars_compute_batches(void) { /* [C-FUNCTION-3] [C-FUNCTION-8] [C-CALL-1] [C-CALL-2] */
  struct session s = session_open(":memory:");
  struct counts counts = {0};
  CHECK_STATUS(TURDB_OK, turdb_conn_create_scalar(s.conn, "gcd", "bigint, bigint", "bigint", TURDB_FUNCTION_DEFAULT, gcd,
                                                  &counts, count_destroyed, NULL));
  CHECK_TEXT("6|1|~", rows_of(s.conn, "select gcd(12, 18), gcd(7::smallint, 5), gcd(null, 5)"));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a int, b int)"));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "insert into t select i, 6 from generate_series(1, 10000) i"));
  counts.calls = 0;
  counts.rows = 0;
  CHECK(query_int64(s.conn, "select sum(gcd(a, b)) from t") == 24998);
  CHECK(counts.rows == 10000 && counts.calls < 100);
  /* Only rows that are asked for, and no NULLs. */
  CHECK_STATUS(TURDB_OK, exec(s.conn, "update t set b = null where a % 2 = 0"));
  counts.rows = 0;
  CHECK(query_int64(s.conn, "select count(gcd(a, b)) from t where a <= 100") == 50);
  CHECK(counts.rows == 50);
  counts.rows = 0;
  CHECK(query_int64(s.conn, "select count(*) from t where a > 9990 and gcd(a, 2) = 1") == 5);
  CHECK(counts.rows == 10);
  CHECK_STATUS(TURDB_OK,
               turdb_conn_create_scalar(s.conn, "describe", "any", "text", TURDB_FUNCTION_SEES_NULL | TURDB_FUNCTION_VARIADIC,
                                        describe, NULL, NULL, NULL));
  CHECK_TEXT("|[null]|[15 x][4 1][1 t]|[14 1.50][17 2020-02-29]",
             rows_of(s.conn, "select describe(), describe(null), describe('x', 1, true), describe(1.50, date '2020-02-29')"));
  CHECK_TEXT("[27 {1,2}][16 \\x00ff]", rows_of(s.conn, "select describe(array[1, 2], '\\x00ff'::bytea)"));
  CHECK(counts.destroyed == 0);
  session_close(&s);
  CHECK(counts.destroyed == 1);
}

static void says_its_name(void* user_data, turdb_call* call) {
  for (int64_t row = 0; row < turdb_call_row_count(call); ++row)
    turdb_call_return_text(call, row, (const char*)user_data, TURDB_NUL_TERMINATED);
}

static void overloads_are_chosen_by_type(void) { /* [C-FUNCTION-3] [C-FUNCTION-4] */
  struct session s = session_open(":memory:");
  static char integer[] = "integer", text[] = "text", texts[] = "texts", other[] = "other";
  CHECK_STATUS(TURDB_OK, turdb_conn_create_scalar(s.conn, "f", "integer", "text", 0, says_its_name, integer, NULL, NULL));
  CHECK_STATUS(TURDB_OK, turdb_conn_create_scalar(s.conn, "f", "text", "text", 0, says_its_name, text, NULL, NULL));
  CHECK_STATUS(TURDB_OK, turdb_conn_create_scalar(s.conn, "f", "text[]", "text", 0, says_its_name, texts, NULL, NULL));
  CHECK_TEXT("integer|text|texts", rows_of(s.conn, "select f(1), f('x'), f(array['x'])"));
  fails_with(s.conn, "select f(true)", TURDB_ERROR, "42883", "f(boolean)");
  /* Before what is built in, which takes the rest. */
  CHECK_STATUS(TURDB_OK, turdb_conn_create_scalar(s.conn, "upper", "integer", "text", 0, says_its_name, other, NULL, NULL));
  CHECK_TEXT("other|X", rows_of(s.conn, "select upper(1), upper('x')"));
  CHECK_STATUS(TURDB_OK, turdb_conn_create_scalar(s.conn, "upper", "text", "text", 0, says_its_name, other, NULL, NULL));
  CHECK_TEXT("other|X", rows_of(s.conn, "select upper('x'), pg_catalog.upper('x')"));
  /* A statement that is prepared finds the new one. */
  turdb_stmt* stmt = prepare(s.conn, "select f(1)");
  CHECK_STATUS(TURDB_OK, turdb_conn_create_scalar(s.conn, "f", "int", "text", 0, says_its_name, other, NULL, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK_TEXT("other", turdb_stmt_column_text(stmt, 0, NULL));
  CHECK_STATUS(TURDB_OK, turdb_conn_drop_function(s.conn, "f", "integer", 0, NULL));
  CHECK_STATUS(TURDB_OK, turdb_conn_drop_function(s.conn, "f", NULL, 0, NULL));
  CHECK_STATUS(TURDB_NOT_FOUND, turdb_conn_drop_function(s.conn, "f", NULL, 0, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_reset(stmt, NULL));
  CHECK_STATUS(TURDB_ERROR, turdb_stmt_step(stmt, NULL));
  turdb_stmt_free(stmt);
  CHECK_STATUS(TURDB_OK, turdb_conn_drop_function(s.conn, "upper", NULL, 0, NULL));
  CHECK_TEXT("X", rows_of(s.conn, "select upper('x')"));
  session_close(&s);
}

/* ---- failing */

static void fails_on_three(void* user_data, turdb_call* call) {
  for (int64_t row = 0; row < turdb_call_row_count(call); ++row) {
    if (turdb_call_int64(call, 0, row) == 3) {
      CHECK(!turdb_call_has_failed(call));
      turdb_call_fail(call, (const char*)user_data, "three is too much");
      turdb_call_fail(call, "22000", "only the first counts");
      CHECK(turdb_call_has_failed(call));
      return;
    }
    turdb_call_return_int64(call, row, 1);
  }
}

static void returns_nonsense(void* user_data, turdb_call* call) {
  const char* what = (const char*)user_data;
  if (strcmp(what, "row") == 0) turdb_call_return_int64(call, turdb_call_row_count(call), 1);
  if (strcmp(what, "negative") == 0) turdb_call_return_int64(call, -1, 1);
  if (strcmp(what, "range") == 0) turdb_call_return_int64(call, 0, 5000000000);
  if (strcmp(what, "text") == 0) turdb_call_return_text(call, 0, "seven", TURDB_NUL_TERMINATED);
  if (strcmp(what, "utf8") == 0) turdb_call_return_text(call, 0, "\xff", 1);
  if (strcmp(what, "blob") == 0) turdb_call_return_blob(call, 0, "x", 1);
  if (strcmp(what, "packed") == 0) {
    turdb_error* error = NULL;
    CHECK_STATUS(TURDB_DATA, turdb_call_return_packed(call, (const uint8_t*)"\x05", 1, &error));
    CHECK_TEXT("22P03", turdb_error_sqlstate(error));
    turdb_error_free(error);
  }
  if (strcmp(what, "array") == 0) {
    struct ArrowArray array;
    memset(&array, 0, sizeof array);
    CHECK_STATUS(TURDB_DATA, turdb_call_return_array(call, NULL, &array, NULL));
  }
}

static void failures_have_a_place(void) { /* [C-FUNCTION-7] [C-CALL-2] [C-CALL-4] [C-CALL-5] */
  struct session s = session_open(":memory:");
  static char state[] = "22012", wrong[] = "oops";
  CHECK_STATUS(TURDB_OK, turdb_conn_create_scalar(s.conn, "f", "int", "bigint", 0, fails_on_three, state, NULL, NULL));
  CHECK_TEXT("1;1", rows_of(s.conn, "select f(i) from generate_series(1, 2) i"));
  turdb_error* error = failure_of(s.conn, "select 1 + f(i) from generate_series(1, 5) i", TURDB_DATA);
  CHECK_TEXT("22012", turdb_error_sqlstate(error));
  CHECK_TEXT("three is too much", turdb_error_message(error));
  CHECK(turdb_error_position(error) == 11);
  CHECK(turdb_error_frame_count(error) > 0);
  bool named = false;
  for (int64_t i = 0; i < turdb_error_frame_count(error); ++i)
    named = named || strcmp(turdb_error_frame(error, i), "calling f(integer)") == 0;
  CHECK(named);
  turdb_error_free(error);
  /* A row that an earlier condition decides never fails. */
  CHECK_TEXT("2", rows_of(s.conn, "select count(*) from generate_series(1, 5) i where i < 3 and f(i) = 1"));
  /* What is no SQLSTATE becomes 38000. */
  CHECK_STATUS(TURDB_OK, turdb_conn_create_scalar(s.conn, "f", "int", "bigint", 0, fails_on_three, wrong, NULL, NULL));
  fails_with(s.conn, "select f(3)", TURDB_IO, "38000", "three is too much");
  /* A failure takes the statement back, and no more. */
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a int); begin; insert into t values (1)"));
  fails_with(s.conn, "insert into t select f(i) from generate_series(1, 5) i", TURDB_IO, "38000", "three");
  CHECK_STATUS(TURDB_OK, exec(s.conn, "commit"));
  CHECK(query_int64(s.conn, "select count(*) from t") == 1);
  static char kinds[][9] = {"row", "negative", "range", "text", "utf8", "blob", "packed", "array"};
  static const char* const states[] = {"22023", "22023", "22003", "22P02", "22021", "42846", "22P03", "22023"};
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; ++i) {
    CHECK_STATUS(TURDB_OK, turdb_conn_create_scalar(s.conn, "g", "", "integer", 0, returns_nonsense, kinds[i], NULL, NULL));
    error = NULL;
    CHECK(turdb_conn_exec(s.conn, "select g()", TURDB_NUL_TERMINATED, &error) < 0);
    if (strcmp(turdb_error_sqlstate(error), states[i]) != 0) {
      fprintf(stderr, "%s: %s %s\n", kinds[i], turdb_error_sqlstate(error), turdb_error_message(error));
      ++g_failures;
    }
    turdb_error_free(error);
  }
  session_close(&s);
}

static void returns_nothing(void* user_data, turdb_call* call) {
  (void)user_data;
  (void)call;
}

static void what_is_registered_wrongly_is_refused(void) { /* [C-FUNCTION-2] */
  struct session s = session_open(":memory:");
  struct counts counts = {0};
  turdb_error* error = NULL;
  CHECK_STATUS(TURDB_MISUSE,
               turdb_conn_create_scalar(NULL, "f", "", "int", 0, returns_nothing, &counts, count_destroyed, NULL));
  CHECK_STATUS(TURDB_MISUSE,
               turdb_conn_create_scalar(s.conn, NULL, "", "int", 0, returns_nothing, &counts, count_destroyed, NULL));
  CHECK_STATUS(TURDB_MISUSE,
               turdb_conn_create_scalar(s.conn, "", "", "int", 0, returns_nothing, &counts, count_destroyed, NULL));
  CHECK_STATUS(TURDB_MISUSE,
               turdb_conn_create_scalar(s.conn, "f", NULL, "int", 0, returns_nothing, &counts, count_destroyed, NULL));
  CHECK_STATUS(TURDB_MISUSE,
               turdb_conn_create_scalar(s.conn, "f", "", NULL, 0, returns_nothing, &counts, count_destroyed, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_create_scalar(s.conn, "f", "", "int", 0, NULL, &counts, count_destroyed, NULL));
  CHECK_STATUS(TURDB_MISUSE,
               turdb_conn_create_scalar(s.conn, "f", "", "int", 1 << 20, returns_nothing, &counts, count_destroyed, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_create_scalar(s.conn, "f", "", "int", TURDB_FUNCTION_VARIADIC, returns_nothing, &counts,
                                                      count_destroyed, NULL));
  CHECK_STATUS(TURDB_MISUSE,
               turdb_conn_create_scalar(s.conn, "f", "", "int, int", 0, returns_nothing, &counts, count_destroyed, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_create_scalar(s.conn, "f", "", "", 0, returns_nothing, &counts, count_destroyed, NULL));
  CHECK(counts.destroyed == 10);
  counts.destroyed = 0;
  CHECK_STATUS(TURDB_ERROR,
               turdb_conn_create_scalar(s.conn, "f", "int, (", "int", 0, returns_nothing, &counts, count_destroyed, &error));
  CHECK_TEXT("42601", turdb_error_sqlstate(error));
  CHECK(turdb_error_position(error) >= 5);
  turdb_error_free(error);
  CHECK_STATUS(TURDB_ERROR, turdb_conn_create_scalar(s.conn, "f", "int); drop table x; --", "int", 0, returns_nothing, &counts,
                                                     count_destroyed, NULL));
  CHECK_STATUS(TURDB_ERROR,
               turdb_conn_create_scalar(s.conn, "f", "int,,int", "int", 0, returns_nothing, &counts, count_destroyed, NULL));
  CHECK(counts.destroyed == 3);
  /* A name has one kind. */
  CHECK_STATUS(TURDB_OK, turdb_conn_create_scalar(s.conn, "f", "numeric(10,2), text", "int", 0, returns_nothing, &counts,
                                                  count_destroyed, NULL));
  CHECK_STATUS(TURDB_ERROR, turdb_conn_create_scalar(s.conn, "=", "int, int", "boolean", 0, returns_nothing, NULL, NULL, NULL));
  CHECK_STATUS(TURDB_ERROR, turdb_conn_create_scalar(s.conn, "nextval", "int", "int", 0, returns_nothing, NULL, NULL, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_create_table_function(s.conn, "f", "", "a int", 0, NULL, NULL, NULL, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_drop_function(NULL, "f", NULL, 0, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_drop_function(s.conn, NULL, NULL, 0, NULL));
  CHECK_STATUS(TURDB_NOT_FOUND, turdb_conn_drop_function(s.conn, "f", "text", 0, NULL));
  CHECK(turdb_call_row_count(NULL) == 0 && turdb_call_argument_count(NULL) == 0);
  CHECK(turdb_call_text(NULL, 0, 0, NULL) == NULL && turdb_call_is_null(NULL, 0, 0) && !turdb_call_has_failed(NULL));
  turdb_call_fail(NULL, NULL, NULL);
  session_close(&s);
  CHECK(counts.destroyed == 4);
}

static void nothing_in_the_catalog_names_them(void) { /* [C-FUNCTION-1] */
  struct session s = session_open(":memory:");
  static char name[] = "mine";
  CHECK_STATUS(TURDB_OK, turdb_conn_create_scalar(s.conn, "mine", "text", "text", TURDB_FUNCTION_DETERMINISTIC, says_its_name,
                                                  name, NULL, NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a text)"));
  static const char* const statements[] = {"create view v as select mine(a) from t",
                                           "create index on t (mine(a))",
                                           "create table u(a text default mine('x'))",
                                           "create table u(a text check (mine(a) = 'x'))",
                                           "create table u(a text, b text generated always as (mine(a)) stored)",
                                           "create materialized view v as select mine(a) from t",
                                           "alter table t add column b text default mine('x')",
                                           "create domain d as text check (mine(value) = 'x')"};
  for (size_t i = 0; i < sizeof statements / sizeof statements[0]; ++i) {
    turdb_error* error = failure_of(s.conn, statements[i], TURDB_ERROR);
    CHECK_TEXT("42883", turdb_error_sqlstate(error));
    const char* hint = turdb_error_hint(error);
    if (hint == NULL || strstr(hint, "registered on this connection") == NULL) {
      fprintf(stderr, "%s: %s, hint %s\n", statements[i], turdb_error_message(error), hint == NULL ? "none" : hint);
      ++g_failures;
    }
    turdb_error_free(error);
  }
  /* What the catalog keeps goes on meaning what it meant. */
  CHECK_STATUS(
      TURDB_OK,
      exec(
          s.conn,
          "create table k(a text check (upper(a) = a), b text default upper('b')); create view w as select upper(a) u from k"));
  CHECK_STATUS(TURDB_OK, turdb_conn_create_scalar(s.conn, "upper", "text", "text", 0, says_its_name, name, NULL, NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "insert into k(a) values ('A')"));
  CHECK_TEXT("A|B|A|mine", rows_of(s.conn, "select k.a, b, u, upper(k.a) from k, w"));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table copied as select upper(a) as a from k"));
  CHECK_TEXT("mine", rows_of(s.conn, "select a from copied"));
  session_close(&s);
}

/* ---- the connection that calls */

static void calls_back(void* user_data, turdb_call* call) {
  struct counts* counts = (struct counts*)user_data;
  turdb_error* error = NULL;
  turdb_stmt* stmt = NULL;
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_exec(counts->conn, "select 1", TURDB_NUL_TERMINATED, &error));
  turdb_error_free(error);
  CHECK_STATUS(TURDB_MISUSE, turdb_stmt_prepare(counts->conn, "select 1", TURDB_NUL_TERMINATED, NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_drop_function(counts->conn, "f", NULL, 0, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_close(counts->conn, NULL));
  turdb_call_return_int64(call, 0, ++counts->calls);
}

static void interrupts(void* user_data, turdb_call* call) {
  struct counts* counts = (struct counts*)user_data;
  turdb_conn_interrupt(counts->conn);
  for (int64_t row = 0; row < turdb_call_row_count(call); ++row) turdb_call_return_int64(call, row, row);
}

static void callbacks_may_not_use_their_connection(void) { /* [C-FUNCTION-6] */
  struct session s = session_open(":memory:");
  struct counts counts = {0};
  counts.conn = s.conn;
  CHECK_STATUS(TURDB_OK, turdb_conn_create_scalar(s.conn, "f", "", "int", 0, calls_back, &counts, count_destroyed, NULL));
  CHECK(query_int64(s.conn, "select f()") == 1);
  CHECK_STATUS(TURDB_OK, turdb_conn_create_scalar(s.conn, "g", "int", "int", 0, interrupts, &counts, NULL, NULL));
  fails_with(s.conn, "select sum(g(i)) from generate_series(1, 100000) i", TURDB_INTERRUPTED, "57014", "interrupted");
  session_close(&s);
  CHECK(counts.destroyed == 1);
}

static void destroy_comes_once_in_any_order(void) { /* [C-FUNCTION-2] [C-FUNCTION-4] */
  struct counts counts = {0};
  struct session s = session_open(":memory:");
  /* Replaced while a statement is in the middle of its rows, which keeps it. */
  CHECK_STATUS(TURDB_OK, turdb_conn_create_scalar(s.conn, "f", "int, int", "int", 0, gcd, &counts, count_destroyed, NULL));
  turdb_stmt* stmt = prepare(s.conn, "select f(i, 1) from generate_series(1, 100000) i");
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK_STATUS(TURDB_OK, turdb_conn_drop_function(s.conn, "f", NULL, 0, NULL));
  int64_t rows = 1;
  while (turdb_stmt_step(stmt, NULL) == TURDB_ROW) ++rows;
  CHECK(rows == 100000);
  CHECK(counts.destroyed == 0);
  turdb_stmt_free(stmt);
  CHECK(counts.destroyed == 1);
  CHECK_STATUS(TURDB_OK, turdb_conn_create_scalar(s.conn, "f", "int, int", "int", 0, gcd, &counts, count_destroyed, NULL));
  CHECK_STATUS(TURDB_OK, turdb_conn_create_scalar(s.conn, "f", "int, int", "int", 0, gcd, &counts, count_destroyed, NULL));
  CHECK(counts.destroyed == 2);
  /* The statement outlives its connection and its database. */
  stmt = prepare(s.conn, "select f(4, 6)");
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  turdb_conn_free(s.conn);
  turdb_db_free(s.db);
  CHECK(counts.destroyed == 2);
  turdb_stmt_free(stmt);
  CHECK(counts.destroyed == 3);
  /* Closed, then freed. */
  s = session_open(":memory:");
  CHECK_STATUS(TURDB_OK, turdb_conn_create_scalar(s.conn, "f", "int, int", "int", 0, gcd, &counts, count_destroyed, NULL));
  CHECK_STATUS(TURDB_OK, turdb_db_close(s.db, NULL));
  CHECK(counts.destroyed == 4);
  turdb_conn_free(s.conn);
  turdb_db_free(s.db);
  CHECK(counts.destroyed == 4);
}

/* ---- Arrow and packed rows */

static void release_leaf(struct ArrowArray* array) {
  free((void*)array->buffers[1]);
  free(array->buffers);
  array->release = NULL;
}

static void twice(void* user_data, turdb_call* call) {
  struct counts* counts = (struct counts*)user_data;
  struct ArrowSchema schema;
  struct ArrowArray rows, result;
  CHECK_STATUS(TURDB_OK, turdb_call_arguments(call, TURDB_ARROW_DEFAULT, &schema, &rows, NULL));
  CHECK(rows.length == turdb_call_row_count(call) && schema.n_children == 1);
  CHECK_TEXT("i", schema.children[0]->format);
  const int32_t* in = (const int32_t*)rows.children[0]->buffers[1];
  memset(&result, 0, sizeof result);
  result.length = rows.length;
  result.n_buffers = 2;
  result.buffers = (const void**)malloc(2 * sizeof(void*));
  int64_t* out = (int64_t*)malloc((size_t)rows.length * sizeof *out + 1);
  for (int64_t i = 0; i < rows.length; ++i) out[i] = 2 * (int64_t)in[i];
  result.buffers[0] = NULL;
  result.buffers[1] = out;
  result.release = release_leaf;
  if (counts->states != 0) result.length += counts->states;
  rows.release(&rows);
  schema.release(&schema);
  CHECK_STATUS(counts->states != 0 ? TURDB_DATA : TURDB_OK, turdb_call_return_array(call, NULL, &result, NULL));
  CHECK(result.release == NULL);
}

static void echoes(void* user_data, turdb_call* call) {
  const uint8_t* rows = NULL;
  int64_t size = 0;
  (void)user_data;
  CHECK_STATUS(TURDB_OK, turdb_call_arguments_packed(call, &rows, &size, NULL));
  turdb_call_return_packed(call, rows, size, NULL);
}

static void batches_are_arrow_or_packed(void) { /* [C-CALL-3] [C-CALL-4] [C-CALL-5] */
  struct session s = session_open(":memory:");
  struct counts counts = {0};
  CHECK_STATUS(TURDB_OK, turdb_conn_create_scalar(s.conn, "twice", "int", "bigint", 0, twice, &counts, NULL, NULL));
  CHECK_TEXT("10001000000", rows_of(s.conn, "select sum(twice(i)) * 100 from generate_series(1, 10000) i"));
  CHECK_TEXT("2;~;6", rows_of(s.conn, "select twice(a) from (values (1), (null), (3)) t(a)"));
  counts.states = 1;
  fails_with(s.conn, "select twice(1)", TURDB_DATA, "22023", "has 2 values for 1 rows");
  counts.states = 0;
  /* Whatever type it has, cast by assignment. */
  CHECK_STATUS(TURDB_OK, turdb_conn_create_scalar(s.conn, "twice", "int", "bigint", 0, twice, &counts, NULL, NULL));
  CHECK_STATUS(TURDB_OK,
               turdb_conn_create_scalar(s.conn, "echo", "any", "any", TURDB_FUNCTION_SEES_NULL, echoes, NULL, NULL, NULL));
  CHECK_TEXT("1|x|~|2020-01-01|{1,NULL,3}|1.50|\\x0001|1 day",
             rows_of(s.conn,
                     "select echo(1), echo('x'), echo(null), echo(date '2020-01-01'), echo(array[1, null, 3]), "
                     "echo(1.50), echo('\\x0001'::bytea), echo(interval '1 day')"));
  CHECK_STATUS(TURDB_OK, turdb_conn_create_scalar(s.conn, "as_int", "any", "int", 0, echoes, NULL, NULL, NULL));
  CHECK_TEXT("7|8|3", rows_of(s.conn, "select as_int('7'), as_int(8.4), as_int(3::smallint)"));
  session_close(&s);
}

/* ---- aggregates */

struct product {
  double value;
  int64_t rows;
};
static void* product_create(void* user_data, turdb_call* call) {
  struct counts* counts = (struct counts*)user_data;
  CHECK(turdb_call_row_count(call) == 0);
  struct product* state = (struct product*)malloc(sizeof *state);
  state->value = 1;
  state->rows = 0;
  ++counts->states;
  return state;
}
static void product_update(void* user_data, turdb_call* call, void* const* states) {
  ((struct counts*)user_data)->calls++;
  for (int64_t row = 0; row < turdb_call_row_count(call); ++row) {
    struct product* state = (struct product*)states[row];
    if (turdb_call_double(call, 0, row) == 13) return turdb_call_fail(call, "22000", "thirteen");
    state->value *= turdb_call_double(call, 0, row);
    ++state->rows;
  }
}
static void product_merge(void* user_data, turdb_call* call, void* into, void* from) {
  (void)user_data;
  (void)call;
  ((struct product*)into)->value *= ((struct product*)from)->value;
  ((struct product*)into)->rows += ((struct product*)from)->rows;
}
static void product_finish(void* user_data, turdb_call* call, void* const* states) {
  (void)user_data;
  for (int64_t row = 0; row < turdb_call_row_count(call); ++row) {
    const struct product* state = (const struct product*)states[row];
    if (state->rows > 0) turdb_call_return_double(call, row, state->value);
  }
}
static void product_release(void* user_data, void* state) {
  ++((struct counts*)user_data)->released;
  free(state);
}

static void aggregates_have_states(void) { /* [C-AGGREGATE-1] [C-AGGREGATE-2] [C-AGGREGATE-3] */
  for (int merges = 0; merges < 2; ++merges) {
    struct session s = session_open(":memory:");
    struct counts counts = {0};
    CHECK_STATUS(TURDB_OK, turdb_conn_create_aggregate(s.conn, "product", "double precision", "double precision",
                                                       merges ? TURDB_FUNCTION_PARALLEL : 0, product_create, product_update,
                                                       merges ? product_merge : NULL, product_finish, product_release, &counts,
                                                       count_destroyed, NULL));
    CHECK_TEXT("120", rows_of(s.conn, "select product(i) from generate_series(1, 5) i"));
    CHECK_TEXT("~", rows_of(s.conn, "select product(i) from generate_series(1, 0) i"));
    CHECK_TEXT("15|8|120", rows_of(s.conn,
                                   "select product(i) filter (where i % 2 = 1), product(i) filter (where i % 2 = 0), "
                                   "product(distinct i) from generate_series(1, 5) i"));
    CHECK_TEXT("0|8;1|15", rows_of(s.conn, "select i % 2, product(i) from generate_series(1, 5) i group by 1 order by 1"));
    CHECK_TEXT("6", rows_of(s.conn, "select product(a) from (values (2), (null), (3)) t(a)"));
    CHECK_TEXT("1|1|1;2|2|2;3|6|6;4|24|24;5|120|60",
               rows_of(s.conn,
                       "select i, product(i) over (order by i), product(i) over (order by i rows between 2 preceding "
                       "and current row) from generate_series(1, 5) i"));
    CHECK_TEXT("1;1;1", rows_of(s.conn, "select product(1) over (partition by i % 2) from generate_series(1, 3) i"));
    CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t as select i % 1000 g, 1 v from generate_series(1, 100000) i"));
    CHECK_TEXT("1000|1000", rows_of(s.conn, "select count(*), sum(p) from (select product(v) p from t group by g) x"));
    CHECK_TEXT("1",
               rows_of(s.conn,
                       "select max(p) from (select product(v) over (order by g rows between 50 preceding and 50 following) p "
                       "from t where g < 20) x"));
    fails_with(s.conn, "select product(i) from generate_series(1, 20) i", TURDB_DATA, "22000", "thirteen");
    fails_with(s.conn, "select product(*) from t", TURDB_ERROR, "42883", "product(*)");
    fails_with(s.conn, "select product('x')", TURDB_DATA, "22P02", "x");
    CHECK(counts.states > 0 && counts.states == counts.released);
    CHECK_STATUS(TURDB_ERROR, turdb_conn_create_scalar(s.conn, "product", "int", "int", 0, gcd, NULL, NULL, NULL));
    session_close(&s);
    CHECK(counts.destroyed == 1 && counts.states == counts.released);
  }
}

static void states_stay_when_rows_spill(void) { /* [C-AGGREGATE-1] */
  struct counts counts = {0};
  turdb_options* options = NULL;
  struct session s = {NULL, NULL};
  CHECK_STATUS(TURDB_OK, turdb_options_new(&options, NULL));
  CHECK_STATUS(TURDB_OK, turdb_options_set(options, "memory_limit", "16MB", NULL));
  CHECK_STATUS(TURDB_OK, turdb_db_open(temporary_path("functions.turdb"), options, &s.db, NULL));
  CHECK_STATUS(TURDB_OK, turdb_conn_open(s.db, &s.conn, NULL));
  turdb_options_free(options);
  CHECK_STATUS(TURDB_OK, turdb_conn_create_aggregate(s.conn, "product", "double precision", "double precision", 0,
                                                     product_create, product_update, NULL, product_finish, product_release,
                                                     &counts, count_destroyed, NULL));
  CHECK_TEXT("300000|300000", rows_of(s.conn,
                                      "select count(*), sum(p) from (select i, product(1) p from "
                                      "generate_series(1, 300000) i group by i) x"));
  CHECK(counts.states == 300000 && counts.released == 300000);
  session_close(&s);
  CHECK(counts.destroyed == 1);
}

/* A name says nothing of who has it: an aggregate of the host's is not the built-in one that it is called as. */
static void aggregates_may_have_any_name(void) { /* [C-FUNCTION-3] */
  struct session s = session_open(":memory:");
  struct counts counts = {0};
  static const char* const names[] = {"count", "percentile_of_mine"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; ++i) {
    CHECK_STATUS(TURDB_OK,
                 turdb_conn_create_aggregate(s.conn, names[i], "double precision", "double precision", 0, product_create,
                                             product_update, NULL, product_finish, product_release, &counts, NULL, NULL));
  }
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table g(a double precision); insert into g values (2), (2), (3)"));
  CHECK_TEXT("12", rows_of(s.conn, "select count(a) from g"));
  CHECK_TEXT("6|12", rows_of(s.conn, "select count(distinct a), percentile_of_mine(a) from g"));
  CHECK_TEXT("6", rows_of(s.conn, "select count(distinct a) from g"));
  CHECK_TEXT("3", rows_of(s.conn, "select count(*) from g"));
  /* It may be NULL, so rows that an outer join found nothing for do not count 0. */
  CHECK_TEXT(
      "2|4;3|3;9|~",
      rows_of(s.conn, "select x.a, (select count(g.a) from g where g.a = x.a) from (values (2), (3), (9)) as x(a) order by 1"));
  turdb_stmt* stmt = prepare(s.conn, "select count(a) from g");
  CHECK(turdb_stmt_column_nullability(stmt, 0) == TURDB_NULLABILITY_UNKNOWN);
  turdb_stmt_free(stmt);
  session_close(&s);
}

static void counts_up(void* user_data, turdb_call* call, struct ArrowArrayStream* out);

static void the_catalog_lists_them(void) { /* [C-FUNCTION-9] */
  struct session s = session_open(":memory:");
  const char* own =
      "select name, kind, parameters, result_type from turdb_catalog.available_functions where not is_built_in order by 1, 2, "
      "3";
  CHECK_TEXT("", rows_of(s.conn, own));
  CHECK_TEXT("scalar|~;aggregate|~",
             rows_of(s.conn,
                     "select kind, parameters from turdb_catalog.available_functions where name in ('lower', 'string_agg') "
                     "and is_built_in order by name"));
  CHECK_STATUS(TURDB_OK, turdb_conn_create_scalar(s.conn, "gcd", "bigint, any", "bigint", TURDB_FUNCTION_VARIADIC, gcd, NULL,
                                                  NULL, NULL));
  CHECK_STATUS(TURDB_OK, turdb_conn_create_scalar(s.conn, "gcd", "", "numeric(10,2)", 0, gcd, NULL, NULL, NULL));
  CHECK_STATUS(TURDB_OK, turdb_conn_create_table_function(s.conn, "up", "int", "n bigint, \"The Text\" text", 0, counts_up, &s,
                                                          NULL, NULL));
  CHECK_STATUS(TURDB_OK, turdb_conn_create_table_function(s.conn, "whatever", "", NULL, 0, counts_up, &s, NULL, NULL));
  CHECK_TEXT(
      "gcd|scalar||numeric(10,2);gcd|scalar|bigint, any...|bigint;up|table|integer|n bigint, \"The Text\" "
      "text;whatever|table||~",
      rows_of(s.conn, own));
  turdb_conn* other = NULL;
  CHECK_STATUS(TURDB_OK, turdb_conn_open(s.db, &other, NULL));
  CHECK_TEXT("", rows_of(other, own));
  turdb_conn_free(other);
  CHECK_STATUS(TURDB_OK, turdb_conn_drop_function(s.conn, "gcd", NULL, 0, NULL));
  CHECK_TEXT("up;whatever",
             rows_of(s.conn, "select name from turdb_catalog.available_functions where not is_built_in order by 1"));
  session_close(&s);
}

static void* no_state(void* user_data, turdb_call* call) {
  turdb_call_fail(call, "53200", "no state");
  (void)user_data;
  return NULL;
}

static void aggregates_may_fail_at_once(void) {
  struct session s = session_open(":memory:");
  struct counts counts = {0};
  CHECK_STATUS(TURDB_OK, turdb_conn_create_aggregate(s.conn, "p", "int", "int", 0, no_state, product_update, NULL,
                                                     product_finish, product_release, &counts, count_destroyed, NULL));
  fails_with(s.conn, "select p(1)", TURDB_NO_MEMORY, "53200", "no state");
  fails_with(s.conn, "select p(1) where false", TURDB_NO_MEMORY, "53200", "no state");
  CHECK(counts.released == 0);
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_create_aggregate(s.conn, "q", "int", "int", 0, no_state, product_update, NULL, NULL,
                                                         product_release, &counts, count_destroyed, NULL));
  CHECK(counts.destroyed == 1);
  session_close(&s);
  CHECK(counts.destroyed == 2);
}

/* ---- table functions */

/* Gives numbers 1.. up to its first argument, as a query of another connection makes them. */
static void counts_up(void* user_data, turdb_call* call, struct ArrowArrayStream* out) {
  struct session* other = (struct session*)user_data;
  char sql[200];
  turdb_stmt* stmt = NULL;
  turdb_result* result = NULL;
  if (turdb_call_int64(call, 0, 0) < 0) return turdb_call_fail(call, "22003", "less than nothing");
  if (turdb_call_int64(call, 0, 0) == 99) return; /* gives no stream */
  snprintf(sql, sizeof sql, "select i::int, i::text || 'x' from generate_series(1, %d) i", (int)turdb_call_int64(call, 0, 0));
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(other->conn, sql, TURDB_NUL_TERMINATED, NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_execute(stmt, TURDB_ARROW_DEFAULT, &result, NULL));
  CHECK_STATUS(TURDB_OK, turdb_result_stream(result, out, NULL));
  turdb_result_free(result);
  turdb_stmt_free(stmt);
}

static void table_functions_give_rows(void) { /* [C-TABLE-FUNCTION-1] */
  struct session s = session_open(":memory:");
  struct session other = session_open(":memory:");
  CHECK_STATUS(TURDB_OK, turdb_conn_create_table_function(s.conn, "up", "int", "n bigint, \"The Text\" text", 0, counts_up,
                                                          &other, NULL, NULL));
  CHECK_TEXT("1|1x;2|2x", rows_of(s.conn, "select * from up(2)"));
  CHECK_TEXT("2|2x", rows_of(s.conn, "select t.a, b from up(2) t(a, b) where a > 1"));
  CHECK_TEXT("2x", rows_of(s.conn, "select \"The Text\" from up(2) where n = 2"));
  CHECK_TEXT("5000", rows_of(s.conn, "select count(*) from up(5000)"));
  CHECK_TEXT("1|1;2|1;2|2", rows_of(s.conn, "select i, n from generate_series(1, 2) i, up(i) order by 1, 2"));
  CHECK_TEXT("0", rows_of(s.conn, "select count(*) from up(null)"));
  turdb_stmt* stmt = prepare(s.conn, "select count(*) from up(?)");
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_int64(stmt, 1, 3, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK(turdb_stmt_column_int64(stmt, 0) == 3);
  turdb_stmt_free(stmt);
  /* Numbered, by themselves and for each row to their left; only the columns that are named are read. */
  CHECK_TEXT("1|1x|1;2|2x|2", rows_of(s.conn, "select * from up(2) with ordinality"));
  CHECK_TEXT("2x|2", rows_of(s.conn, "select b, o from up(3) with ordinality as t(a, b, o) where o = 2"));
  CHECK_TEXT("5000|12502500", rows_of(s.conn, "select max(ordinality), sum(ordinality) from up(5000) with ordinality"));
  CHECK_TEXT("1|1;2|1;2|2",
             rows_of(s.conn, "select i, ordinality from generate_series(1, 2) i, up(i) with ordinality order by 1, 2"));
  CHECK_TEXT("3x|3", rows_of(s.conn, "select max(\"The Text\"), count(*) from up(3)"));
  fails_with(s.conn, "select * from up(-1)", TURDB_DATA, "22003", "less than nothing");
  fails_with(s.conn, "select * from up(99)", TURDB_DATA, "22023", "stream");
  fails_with(s.conn, "select up(1)", TURDB_UNSUPPORTED, "0A000", "gives rows");
  fails_with(s.conn, "select * from up('x', 2)", TURDB_ERROR, "42883", "up(unknown, integer)");
  fails_with(s.conn, "select * from rows from (up(1), up(2))", TURDB_UNSUPPORTED, "0A000", "up");
  fails_with(s.conn, "create view v as select * from up(1)", TURDB_ERROR, "42883", "up");
  /* Columns that depend on the arguments. */
  CHECK_STATUS(TURDB_OK, turdb_conn_create_table_function(s.conn, "open", "int", NULL, 0, counts_up, &other, NULL, NULL));
  CHECK_TEXT("1|1x;2|2x;3|3x", rows_of(s.conn, "select * from open(3)"));
  CHECK_TEXT("9", rows_of(s.conn, "select count(*) from open(3) a, open(3) b"));
  CHECK_TEXT("3|3x", rows_of(s.conn, "select ordinality, text from open(3) with ordinality as t(i, text) where i = 3"));
  fails_with(s.conn, "select * from generate_series(1, 2) i, open(i)", TURDB_UNSUPPORTED, "0A000", "must be a constant");
  /* Other columns than it said. */
  CHECK_STATUS(TURDB_OK, turdb_conn_create_table_function(s.conn, "up", "int", "n bigint", 0, counts_up, &other, NULL, NULL));
  fails_with(s.conn, "select * from up(2)", TURDB_ERROR, "42804", "has 2 columns, and the function 1");
  CHECK_STATUS(TURDB_OK,
               turdb_conn_create_table_function(s.conn, "up", "int", "n bigint, t int", 0, counts_up, &other, NULL, NULL));
  fails_with(s.conn, "select * from up(2)", TURDB_DATA, "22P02", "1x");
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_create_table_function(s.conn, "up", "int", "", 0, counts_up, &other, NULL, NULL));
  CHECK_STATUS(TURDB_ERROR, turdb_conn_create_table_function(s.conn, "up", "int", "a", 0, counts_up, &other, NULL, NULL));
  CHECK_STATUS(TURDB_ERROR,
               turdb_conn_create_table_function(s.conn, "up", "int", "a int, a int", 0, counts_up, &other, NULL, NULL));
  session_close(&s);
  session_close(&other);
}

/* ---- collations */

/* Digits count as numbers, one after the other: a key of one byte a character, the digits behind the letters. */
/* ---- functions that give packed rows */

/* `rows` rows of an INT64 and a TEXT, a few at a time; what it does at the end says `end`. */
struct packed_rows {
  int opened, closed, destroyed;
  int64_t a_time;
  enum { ENDS, FAILS, CUT_OFF, WRONG_TYPE, TOO_LONG } end;
  int64_t next, last; /* of the only cursor */
};

static void packed_rows_destroy(void* user_data) { ++((struct packed_rows*)user_data)->destroyed; }

static void* packed_rows_open(void* user_data, turdb_call* call) {
  struct packed_rows* rows = user_data;
  CHECK(turdb_call_row_count(call) == 1);
  if (turdb_call_int64(call, 0, 0) < 0) {
    turdb_call_fail(call, "22012", "there are no negative rows");
    return NULL;
  }
  ++rows->opened;
  rows->next = 0;
  rows->last = turdb_call_int64(call, 0, 0);
  return rows->a_time == 1 ? NULL : rows; /* NULL is a cursor like others */
}

static void packed_rows_next(void* user_data, void* cursor, turdb_call* call) {
  struct packed_rows* rows = user_data;
  CHECK(cursor == (rows->a_time == 1 ? NULL : user_data));
  CHECK(turdb_call_row_count(call) == 0 && turdb_call_argument_count(call) == 0);
  if (rows->next == rows->last) {
    if (rows->end == FAILS) turdb_call_fail(call, NULL, "not to the end");
    if (rows->end == CUT_OFF) CHECK_STATUS(TURDB_OK, turdb_call_return_rows(call, (const uint8_t*)"\x05\x01", 2, 1, NULL));
    if (rows->end == WRONG_TYPE)
      CHECK_STATUS(TURDB_OK, turdb_call_return_rows(call, (const uint8_t*)"\x0f\x01\0\0\0x\0", 7, 1, NULL));
    if (rows->end == TOO_LONG) CHECK_STATUS(TURDB_OK, turdb_call_return_rows(call, (const uint8_t*)"\0\0\0", 3, 1, NULL));
    return;
  }
  for (int64_t i = 0; i < rows->a_time && rows->next < rows->last; ++i) {
    uint8_t row[32] = {TURDB_TYPE_INT64};
    const int64_t number = ++rows->next;
    memcpy(row + 1, &number, 8);
    row[9] = TURDB_TYPE_TEXT;
    const uint32_t size = (uint32_t)snprintf((char*)row + 14, 16, "%d", (int)(number * 2));
    memcpy(row + 10, &size, 4);
    CHECK_STATUS(TURDB_OK, turdb_call_return_rows(call, row, 14 + size, 1, NULL));
  }
}

static void packed_rows_close(void* user_data, void* cursor) {
  struct packed_rows* rows = user_data;
  CHECK(cursor == (rows->a_time == 1 ? NULL : user_data));
  ++rows->closed;
}

static turdb_status create_packed_rows(struct session* s, const char* columns, struct packed_rows* rows) {
  return turdb_conn_create_row_function(s->conn, "packed_rows", "bigint", columns, 0, packed_rows_open, packed_rows_next,
                                        packed_rows_close, rows, packed_rows_destroy, NULL);
}

static void gives_rows_where_there_are_none(void* user_data, turdb_call* call) {
  (void)user_data;
  turdb_error* error = NULL;
  CHECK_STATUS(TURDB_MISUSE, turdb_call_return_rows(call, (const uint8_t*)"\0", 1, 1, &error));
  turdb_error_free(error);
}

static void functions_give_packed_rows(void) { /* [C-ROW-FUNCTION-1] [C-ROW-FUNCTION-2] [C-ROW-FUNCTION-3] */
  struct session s = session_open(":memory:");
  struct packed_rows rows = {0, 0, 0, 7, ENDS, 0, 0}, one = {0, 0, 0, 1, ENDS, 0, 0};
  CHECK_STATUS(TURDB_OK, create_packed_rows(&s, "a bigint, b text", &rows));
  CHECK_TEXT("1|2;2|4;3|6", rows_of(s.conn, "select * from packed_rows(3)"));
  CHECK_TEXT("10000|50005000|9998", rows_of(s.conn, "select count(*), sum(a), max(b) from packed_rows(10000) t"));
  CHECK_TEXT("0", rows_of(s.conn, "select count(*) from packed_rows(0)"));
  CHECK_TEXT("0", rows_of(s.conn, "select count(*) from packed_rows(null)"));
  CHECK_TEXT("1|1;2|1;2|2",
             rows_of(s.conn, "select i, a from generate_series(1, 2) g(i), lateral packed_rows(i) order by 1, 2"));
  const int before = rows.opened;
  CHECK(rows.closed == before);
  CHECK_TEXT("1", rows_of(s.conn, "select a from packed_rows(1000000000) limit 1"));
  CHECK(rows.opened == before + 1 && rows.closed == before + 1);
  fails_with(s.conn, "select * from packed_rows(-1)", TURDB_DATA, "22012", "no negative rows");
  CHECK(rows.opened == before + 1);
  rows.end = FAILS;
  fails_with(s.conn, "select * from packed_rows(10)", TURDB_IO, "38000", "not to the end");
  rows.end = CUT_OFF;
  fails_with(s.conn, "select * from packed_rows(10)", TURDB_DATA, "22P03", "ends too early");
  rows.end = WRONG_TYPE;
  fails_with(s.conn, "select * from packed_rows(10)", TURDB_DATA, "22P02", "invalid input");
  rows.end = TOO_LONG;
  fails_with(s.conn, "select * from packed_rows(10)", TURDB_DATA, "22P03", "1 bytes more");
  CHECK(rows.opened == rows.closed);

  /* Values are cast as results of functions are. Replacing the function destroys the one before. */
  CHECK_STATUS(TURDB_OK, create_packed_rows(&s, "a numeric(10,2), b int", &one));
  CHECK(rows.destroyed == 1);
  CHECK_TEXT("1.00|2;2.00|4", rows_of(s.conn, "select * from packed_rows(2)"));
  CHECK_TEXT("3", rows_of(s.conn, "select p.a::int + q.a::int from packed_rows(1) p, packed_rows(2) q where q.b = 4"));
  CHECK(one.opened == one.closed);

  /* A cursor that has failed is closed at once; one that was left in the middle is with its statement. */
  one.end = FAILS;
  turdb_stmt* stmt = prepare(s.conn, "select max(a) from packed_rows(10)");
  CHECK_STATUS(TURDB_IO, turdb_stmt_step(stmt, NULL));
  CHECK(one.opened == one.closed);
  one.end = ENDS;
  turdb_stmt_free(stmt);
  stmt = prepare(s.conn, "select a from packed_rows(100000)");
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK(one.opened == one.closed + 1);
  turdb_stmt_free(stmt);
  CHECK(one.opened == one.closed);

  /* What is registered wrongly. */
  struct packed_rows bad = {0, 0, 0, 7, ENDS, 0, 0};
  CHECK_STATUS(TURDB_MISUSE, create_packed_rows(&s, NULL, &bad));
  CHECK_STATUS(TURDB_MISUSE, create_packed_rows(&s, "", &bad));
  CHECK_STATUS(TURDB_NOT_FOUND, create_packed_rows(&s, "a no_such_type", &bad));
  CHECK_STATUS(TURDB_MISUSE,
               turdb_conn_create_row_function(s.conn, "f", "", "a int", TURDB_FUNCTION_DETERMINISTIC, packed_rows_open,
                                              packed_rows_next, packed_rows_close, &bad, packed_rows_destroy, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_create_row_function(s.conn, "f", "", "a int", 0, packed_rows_open, NULL,
                                                            packed_rows_close, &bad, packed_rows_destroy, NULL));
  CHECK(bad.destroyed == 5);
  CHECK_STATUS(TURDB_MISUSE, turdb_call_return_rows(NULL, NULL, 0, 0, NULL));
  CHECK_STATUS(TURDB_OK,
               turdb_conn_create_scalar(s.conn, "f", "", "int", 0, gives_rows_where_there_are_none, NULL, NULL, NULL));
  fails_with(s.conn, "select f()", TURDB_MISUSE, "HY010", "gives no rows");
  session_close(&s);
  CHECK(one.destroyed == 1);
}

static void reverse_key(void* user_data, turdb_call* call) {
  ++((struct counts*)user_data)->calls;
  for (int64_t row = 0; row < turdb_call_row_count(call); ++row) {
    int64_t size = 0;
    const char* text = turdb_call_text(call, 0, row, &size);
    char key[64];
    for (int64_t i = 0; i < size && i < 64; ++i) {
      const char c = text[i];
      key[i] = (char)(255 - (c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c)); /* backwards, and without case */
    }
    turdb_call_return_blob(call, row, key, size);
  }
}

static void collations_sort_and_compare(void) { /* [C-COLLATION-1] */
  struct session s = session_open(":memory:");
  struct counts counts = {0};
  CHECK_STATUS(TURDB_OK, turdb_conn_create_collation(s.conn, "Backwards", 0, reverse_key, &counts, count_destroyed, NULL));
  CHECK_STATUS(TURDB_OK,
               exec(s.conn, "create table t(a text); insert into t values ('b'), ('A'), ('c'), (null), ('C'), ('a')"));
  CHECK_TEXT("c;C;b;a;A;~", rows_of(s.conn, "select a from t order by a collate backwards, a desc"));
  CHECK_TEXT(
      "~;c;b;a",
      rows_of(s.conn, "select distinct on (a collate backwards) lower(a) from t order by a collate backwards nulls first"));
  CHECK_TEXT("A;a", rows_of(s.conn, "select a from t where a = 'a' collate backwards order by a"));
  CHECK_TEXT("3", rows_of(s.conn, "select count(*) from t where a < 'a' collate backwards"));
  CHECK_TEXT("4", rows_of(s.conn, "select count(*) from t where a collate backwards in ('B', 'x', 'A', 'q') or a = 'C'"));
  CHECK_TEXT("2", rows_of(s.conn,
                          "select count(*) from t where a collate backwards between 'b' and 'B' or a is not distinct from 'A' "
                          "collate backwards and a = 'A'"));
  CHECK_TEXT("2;1;2;1", rows_of(s.conn, "select count(*) from t group by a collate backwards order by a collate backwards"));
  CHECK_TEXT("c|1;C|2;b|1;a|1;A|2", rows_of(s.conn,
                                            "select a, row_number() over (partition by a collate backwards order by a desc) "
                                            "from t where a is not null order by a collate backwards, 2"));
  CHECK_TEXT("9", rows_of(s.conn, "select count(*) from t x join t y on x.a = y.a collate backwards"));
  CHECK(counts.calls > 0);
  static const char* const stored[] = {"create table u(a text collate backwards)", "create index on t (a collate backwards)",
                                       "create view v as select a from t order by a collate backwards",
                                       "create table u as select a collate backwards as a from t",
                                       "alter table t alter column a type text collate backwards"};
  for (size_t i = 0; i < sizeof stored / sizeof stored[0]; ++i)
    fails_with(s.conn, stored[i], TURDB_ERROR, "42P16", "registered on a connection");
  /* DISTINCT and UNION have one text of those that are equal, min and max the first and the last. */
  CHECK_TEXT("c;b;a;~", rows_of(s.conn,
                                "select lower(x) from (select distinct a collate backwards as x from t) as d order by x "
                                "collate backwards"));
  CHECK_TEXT("4", rows_of(s.conn, "select count(*) from (select distinct a collate backwards, 1 from t) as d"));
  CHECK_TEXT("1|c;1|b;1|A;1|~",
             rows_of(s.conn, "select distinct 1, a collate backwards from t order by a collate backwards limit 9"));
  CHECK_TEXT("c|a|3", rows_of(s.conn,
                              "select lower(min(a collate backwards)), lower(max(a collate backwards)), "
                              "count(distinct a collate backwards) from t"));
  CHECK_TEXT("~|0", rows_of(s.conn, "select min(a collate backwards), count(distinct a collate backwards) from t where false"));
  CHECK_TEXT("b|1;~|2",
             rows_of(s.conn,
                     "select max(a collate backwards) filter (where a < 'c' collate \"C\"), g from (select a, case when "
                     "a = 'b' then 1 else 2 end as g from t where a in ('b', 'c')) as x group by g order by g"));
  CHECK_TEXT("c;b;a;x;~",
             rows_of(s.conn,
                     "select lower(y) from (select a collate backwards as y from t union select 'X' union select a "
                     "from t) as u order by case lower(y) when 'x' then 4 when 'a' then 3 when 'b' then 2 when 'c' "
                     "then 1 end"));
  CHECK_TEXT("12", rows_of(s.conn, "select count(*) from (select a collate backwards from t union all select a from t) as u"));
  fails_with(s.conn, "select a collate backwards from t except select a from t", TURDB_UNSUPPORTED, "0A000", "EXCEPT");
  fails_with(s.conn, "select min(a collate backwards) over () from t", TURDB_UNSUPPORTED, "0A000", "min");
  fails_with(s.conn, "select string_agg(distinct a collate backwards, ',') from t", TURDB_UNSUPPORTED, "0A000", "DISTINCT");
  fails_with(s.conn, "select greatest(a collate backwards, 'x') from t", TURDB_UNSUPPORTED, "0A000", "greatest");
  fails_with(s.conn,
             "select a = 'x' collate backwards or a < 'x' collate \"C\" collate backwards and 'a' collate nocase = 'b' collate "
             "backwards from t",
             TURDB_ERROR, "42P21", "Backwards");
  fails_with(s.conn, "select 1 collate backwards", TURDB_ERROR, "42804", "collations");
  CHECK_STATUS(TURDB_ERROR, turdb_conn_create_collation(s.conn, "nocase", 0, reverse_key, &counts, NULL, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_create_collation(s.conn, "x", 0, NULL, &counts, NULL, NULL));
  turdb_stmt* stmt = prepare(s.conn, "select a from t order by a collate backwards");
  CHECK_STATUS(TURDB_OK, turdb_conn_drop_collation(s.conn, "BACKWARDS", NULL));
  CHECK_STATUS(TURDB_NOT_FOUND, turdb_conn_drop_collation(s.conn, "BACKWARDS", NULL));
  turdb_error* error = NULL;
  CHECK_STATUS(TURDB_ERROR, turdb_stmt_step(stmt, &error));
  CHECK_TEXT("42704", turdb_error_sqlstate(error));
  turdb_error_free(error);
  turdb_stmt_free(stmt);
  session_close(&s);
  CHECK(counts.destroyed == 1);
}

/* Who calls, and how many rows were computed by whom. */
struct callers {
  pthread_t owner;
  int64_t here, elsewhere;
};

static void next_number(void* user_data, turdb_call* call) {
  struct callers* callers = (struct callers*)user_data;
  const int64_t rows = turdb_call_row_count(call);
  __atomic_fetch_add(pthread_equal(pthread_self(), callers->owner) ? &callers->here : &callers->elsewhere, rows,
                     __ATOMIC_RELAXED);
  for (int64_t row = 0; row < rows; ++row) turdb_call_return_int64(call, row, turdb_call_int64(call, 0, row) + 1);
}

static void callbacks_run_on_the_callers_thread(void) { /* [C-FUNCTION-5] */
  turdb_options* options = NULL;
  turdb_db* db = NULL;
  turdb_conn* conn = NULL;
  CHECK_STATUS(TURDB_OK, turdb_options_new(&options, NULL));
  CHECK_STATUS(TURDB_OK, turdb_options_set(options, "threads", "4", NULL));
  CHECK_STATUS(TURDB_OK, turdb_options_set(options, "parallel_min_rows", "0", NULL));
  CHECK_STATUS(TURDB_OK, turdb_db_open(":memory:", options, &db, NULL));
  CHECK_STATUS(TURDB_OK, turdb_conn_open(db, &conn, NULL));
  CHECK_STATUS(TURDB_OK, exec(conn, "create table n as select i from generate_series(1, 20000) t(i)"));
  /* Only what is registered as parallel may leave the thread, and its results are the same. */
  const int64_t flags[2] = {TURDB_FUNCTION_DETERMINISTIC, TURDB_FUNCTION_DETERMINISTIC | TURDB_FUNCTION_PARALLEL};
  for (int i = 0; i < 2; ++i) {
    struct callers callers = {pthread_self(), 0, 0};
    CHECK_STATUS(TURDB_OK, turdb_conn_create_scalar(conn, "next_number", "bigint", "bigint", flags[i], next_number, &callers,
                                                    NULL, NULL));
    CHECK(query_int64(conn, "select sum(next_number(i)) from n") == INT64_C(200030000));
    CHECK(callers.here + callers.elsewhere == 20000);
    CHECK(i == 1 || callers.elsewhere == 0);
    CHECK_STATUS(TURDB_OK, turdb_conn_drop_function(conn, "next_number", NULL, 0, NULL));
  }
  turdb_options_free(options);
  turdb_conn_free(conn);
  turdb_db_free(db);
}

void function_tests(void) {
  callbacks_run_on_the_callers_thread();
  scalars_compute_batches();
  overloads_are_chosen_by_type();
  failures_have_a_place();
  what_is_registered_wrongly_is_refused();
  nothing_in_the_catalog_names_them();
  callbacks_may_not_use_their_connection();
  destroy_comes_once_in_any_order();
  batches_are_arrow_or_packed();
  aggregates_have_states();
  states_stay_when_rows_spill();
  aggregates_may_have_any_name();
  the_catalog_lists_them();
  aggregates_may_fail_at_once();
  table_functions_give_rows();
  functions_give_packed_rows();
  collations_sort_and_compare();
}
