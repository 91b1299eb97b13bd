/* Hooks: commit, rollback, changed rows, trace, authorizer; and how callbacks are treated. */
#include "capi_test.h"

struct counts {
  turdb_conn* conn;
  int commits, rollbacks, destroyed;
  bool veto;
};

static bool on_commit(void* argument) {
  struct counts* counts = (struct counts*)argument;
  ++counts->commits;
  /* A callback may not use its connection. [C-CALLBACK-1] */
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_exec(counts->conn, "select 1", -1, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_close(counts->conn, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_set_commit_hook(counts->conn, NULL, NULL, NULL, NULL));
  return counts->veto;
}
static void on_rollback(void* argument) { ++((struct counts*)argument)->rollbacks; }
static void on_destroy(void* argument) { ++((struct counts*)argument)->destroyed; }

static void commits_and_rollbacks_are_told(void) { /* [C-HOOK-1] [C-HOOK-2] [C-CALLBACK-2] */
  struct session s = session_open(":memory:");
  struct counts counts = {s.conn, 0, 0, 0, false};
  turdb_error* error = NULL;
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a int primary key)"));
  CHECK_STATUS(TURDB_OK, turdb_conn_set_commit_hook(s.conn, on_commit, &counts, on_destroy, NULL));
  CHECK_STATUS(TURDB_OK, turdb_conn_set_rollback_hook(s.conn, on_rollback, &counts, on_destroy, NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "insert into t values (1)"));
  CHECK(counts.commits == 1 && counts.rollbacks == 0);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "select * from t; begin; select * from t; commit; begin; rollback"));
  CHECK(counts.commits == 1 && counts.rollbacks == 0); /* nothing was changed */
  CHECK_STATUS(TURDB_OK, exec(s.conn, "begin; insert into t values (2); insert into t values (3); commit"));
  CHECK(counts.commits == 2 && counts.rollbacks == 0);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "begin; insert into t values (4); rollback"));
  CHECK(counts.commits == 2 && counts.rollbacks == 1);
  CHECK_STATUS(TURDB_CONSTRAINT, turdb_conn_exec(s.conn, "insert into t values (5), (1)", -1, NULL));
  CHECK(counts.commits == 2 && counts.rollbacks == 2);
  counts.veto = true;
  CHECK_STATUS(TURDB_CONSTRAINT, turdb_conn_exec(s.conn, "insert into t values (6)", -1, &error));
  CHECK_TEXT("23000", turdb_error_sqlstate(error));
  turdb_error_free(error);
  CHECK(counts.commits == 3 && counts.rollbacks == 3);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "begin; insert into t values (7)"));
  CHECK_STATUS(TURDB_CONSTRAINT, turdb_conn_commit(s.conn, NULL));
  CHECK(turdb_conn_in_autocommit(s.conn));
  CHECK(counts.commits == 4 && counts.rollbacks == 4);
  CHECK_STATUS(TURDB_CONSTRAINT, turdb_conn_exec(s.conn, "create table u(a int)", -1, NULL));
  CHECK(query_int64(s.conn, "select count(*) from t") == 3);
  /* Replaced, taken away, gone with the connection: each destroyed once. */
  CHECK_STATUS(TURDB_OK, turdb_conn_set_commit_hook(s.conn, on_commit, &counts, on_destroy, NULL));
  CHECK(counts.destroyed == 1);
  CHECK_STATUS(TURDB_OK, turdb_conn_set_commit_hook(s.conn, NULL, NULL, NULL, NULL));
  CHECK(counts.destroyed == 2);
  CHECK_STATUS(TURDB_OK, exec(s.conn, "begin; insert into t values (8)"));
  const int rollbacks = counts.rollbacks;
  CHECK_STATUS(TURDB_OK, turdb_conn_close(s.conn, NULL));
  CHECK(counts.destroyed == 3 && counts.rollbacks == rollbacks);
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_set_commit_hook(s.conn, on_commit, &counts, on_destroy, NULL));
  CHECK(counts.destroyed == 4);
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_set_rollback_hook(NULL, on_rollback, &counts, on_destroy, NULL));
  CHECK(counts.destroyed == 5);
  session_close(&s);
}

/* What a change hook was told, as text: "+t(1,a) " inserted, "-t(1,a) " deleted, "~t(1,a>1,b) " updated; * by a trigger, ! by a
 * foreign key. */
struct journal {
  char text[4096];
  int64_t rows;
  bool veto;
};

static void write_row(char* to, size_t room, turdb_change* change, bool new_row, int64_t row) {
  for (int64_t c = 0; c < turdb_change_column_count(change); ++c) {
    const char* value = turdb_change_value_text(change, new_row, row, c, NULL);
    snprintf(to + strlen(to), room - strlen(to), "%s%s", c == 0 ? "" : ",", value == NULL ? "null" : value);
  }
}

static bool on_change(void* argument, turdb_change* change) {
  struct journal* journal = (struct journal*)argument;
  const int32_t operation = turdb_change_operation(change);
  journal->rows += turdb_change_row_count(change);
  for (int64_t row = 0; row < turdb_change_row_count(change); ++row) {
    char line[512] = "";
    snprintf(line, sizeof line, "%s%s%s%s(", turdb_change_by_trigger(change) ? "*" : "",
             turdb_change_by_foreign_key(change) ? "!" : "",
             operation == TURDB_CHANGE_INSERT   ? "+"
             : operation == TURDB_CHANGE_UPDATE ? "~"
                                                : "-",
             turdb_change_table(change));
    if (operation != TURDB_CHANGE_INSERT) write_row(line, sizeof line, change, false, row);
    if (operation == TURDB_CHANGE_UPDATE) strcat(line, ">");
    if (operation != TURDB_CHANGE_DELETE) write_row(line, sizeof line, change, true, row);
    strcat(line, ") ");
    if (strlen(journal->text) + strlen(line) < sizeof journal->text) strcat(journal->text, line);
  }
  return journal->veto;
}

static void check_told(turdb_conn* conn, struct journal* journal, const char* sql, const char* expected) {
  journal->text[0] = '\0';
  CHECK_STATUS(TURDB_OK, exec(conn, sql));
  CHECK_TEXT(expected, journal->text);
}

static void changed_rows_are_told(void) { /* [C-HOOK-3] */
  struct session s = session_open(":memory:");
  struct journal journal = {"", 0, false};
  turdb_conn* conn = s.conn;
  CHECK_STATUS(TURDB_OK, exec(conn,
                              "create table t(a int primary key, b text, c int default 7);"
                              "create table n(a text, b double precision)"));
  CHECK_STATUS(TURDB_OK, turdb_conn_set_change_hook(conn, on_change, &journal, NULL, NULL));
  check_told(conn, &journal, "insert into t(a, b) values (1, 'a'), (2, null)", "+t(1,a,7) +t(2,null,7) ");
  check_told(conn, &journal, "update t set b = 'x' where a = 1", "~t(1,a,7>1,x,7) ");
  check_told(conn, &journal, "update t set c = c + a", "~t(1,x,7>1,x,8) ~t(2,null,7>2,null,9) ");
  check_told(conn, &journal, "update t set a = a + 1", "~t(1,x,8>2,x,8) ~t(2,null,9>3,null,9) ");
  check_told(conn, &journal, "update t set b = 'none' where a = 100", "");
  check_told(conn, &journal, "delete from t where a = 3", "-t(3,null,9) ");
  check_told(conn, &journal, "insert into t values (2, 'y', 1) on conflict(a) do update set b = excluded.b",
             "~t(2,x,8>2,y,8) ");
  check_told(conn, &journal, "insert into t values (2, 'y', 1) on conflict do nothing", "");
  check_told(conn, &journal, "insert or replace into t values (2, 'z', 0)", "-t(2,y,8) +t(2,z,0) ");
  check_told(conn, &journal,
             "merge into t using (values (2, 'm'), (4, 'n')) s(a, b) on t.a = s.a when matched then update set b = s.b "
             "when not matched then insert values (s.a, s.b, 5)",
             "~t(2,z,0>2,m,0) +t(4,n,5) ");
  check_told(conn, &journal, "truncate t", "-t(2,m,0) -t(4,n,5) ");
  check_told(conn, &journal, "insert into n values ('long ' || repeat('x', 20), 1.5)", "+n(long xxxxxxxxxxxxxxxxxxxx,1.5) ");
  check_told(conn, &journal, "begin; insert into n values ('back', 0); rollback", "+n(back,0) ");
  check_told(conn, &journal, "select * from n; alter table n add column c int default 3; update n set c = null",
             "~n(long xxxxxxxxxxxxxxxxxxxx,1.5,3>long xxxxxxxxxxxxxxxxxxxx,1.5,null) ");
  /* A prepared point update and delete, and many rows at once. */
  turdb_stmt* stmt = NULL;
  CHECK_STATUS(TURDB_OK, exec(conn, "insert into t values (1, 'one', 1)"));
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(conn, "update t set b = ? where a = 1", -1, NULL, &stmt, NULL));
  for (int i = 0; i < 3; ++i) {
    journal.text[0] = '\0';
    CHECK_STATUS(TURDB_OK, turdb_stmt_bind_text(stmt, 1, i == 1 ? "p" : "q", 1, NULL));
    if (i == 2) CHECK_STATUS(TURDB_OK, turdb_conn_set_change_hook(conn, NULL, NULL, NULL, NULL));
    CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
    CHECK_TEXT(i == 0 ? "~t(1,one,1>1,q,1) " : i == 1 ? "~t(1,q,1>1,p,1) " : "", journal.text);
  }
  turdb_stmt_free(stmt);
  CHECK_STATUS(TURDB_OK, turdb_conn_set_change_hook(conn, on_change, &journal, NULL, NULL));
  journal.rows = 0;
  CHECK_STATUS(TURDB_OK, exec(conn,
                              "insert into n select 'x', i from generate_series(1, 10000) g(i); update n set b = b + 1; "
                              "delete from n"));
  CHECK(journal.rows == 10000 + 2 * 10001);
  session_close(&s);
}

static void triggers_and_foreign_keys_are_told(void) { /* [C-HOOK-3] */
  struct session s = session_open(":memory:");
  struct journal journal = {"", 0, false};
  turdb_conn* conn = s.conn;
  CHECK_STATUS(TURDB_OK,
               exec(conn,
                    "create table p(a int primary key); create table c(a int references p on delete cascade on update cascade, "
                    "b int); create table log(a int);"
                    "create trigger r after insert on p begin insert into log values (new.a); end;"
                    "create trigger w before update on c for each row begin set new.b = new.b + 1; end"));
  CHECK_STATUS(TURDB_OK, turdb_conn_set_change_hook(conn, on_change, &journal, NULL, NULL));
  check_told(conn, &journal, "insert into p values (1)", "+p(1) *+log(1) ");
  check_told(conn, &journal, "insert into c values (1, 10)", "+c(1,10) ");
  check_told(conn, &journal, "update p set a = 2", "~p(1>2) !~c(1,10>2,11) ");
  check_told(conn, &journal, "update c set b = 20", "~c(2,11>2,21) ");
  check_told(conn, &journal, "delete from p", "-p(2) !-c(2,21) ");
  session_close(&s);
}

static bool look_at_values(void* argument, turdb_change* change) { /* [C-HOOK-5] */
  ++*(int*)argument;
  uint8_t packed[64];
  int64_t size = 0;
  CHECK(turdb_change_row_count(change) == 1 && turdb_change_column_count(change) == 4);
  CHECK_TEXT("root", turdb_change_schema(change));
  CHECK_TEXT("a", turdb_change_column_name(change, 0));
  CHECK(turdb_change_column_name(change, 4) == NULL && turdb_change_column_name(change, -1) == NULL);
  CHECK(turdb_change_column_is_key(change, 0) && !turdb_change_column_is_key(change, 1));
  CHECK(turdb_change_value_type(change, true, 0, 0) == TURDB_TYPE_INT64);
  CHECK(turdb_change_value_int64(change, true, 0, 0) == 5);
  CHECK(turdb_change_value_double(change, true, 0, 1) == 2.5);
  CHECK(turdb_change_value_int64(change, true, 0, 1) == 2);
  CHECK(turdb_change_value_type(change, true, 0, 2) == TURDB_TYPE_NULL);
  CHECK(turdb_change_value_text(change, true, 0, 2, &size) == NULL && size == 0);
  const char* blob = turdb_change_value_text(change, true, 0, 3, &size);
  CHECK(size == 3 && memcmp(blob, "\0b\0", 4) == 0);
  /* An inserted row was not there before. */
  CHECK(turdb_change_value_type(change, false, 0, 0) == TURDB_TYPE_NULL);
  CHECK(turdb_change_value_int64(change, true, 1, 0) == 0 && turdb_change_value_text(change, true, 0, 9, NULL) == NULL);
  CHECK_STATUS(TURDB_MISUSE, turdb_change_pack(change, false, 0, packed, sizeof packed, &size, NULL));
  CHECK_STATUS(TURDB_MISUSE, turdb_change_pack(change, true, 1, packed, sizeof packed, &size, NULL));
  CHECK_STATUS(TURDB_OK, turdb_change_pack(change, true, 0, NULL, 0, &size, NULL));
  CHECK(size == 9 + 9 + 1 + 8);
  CHECK_STATUS(TURDB_OK, turdb_change_pack(change, true, 0, packed, sizeof packed, &size, NULL));
  CHECK(size == 27 && packed[0] == TURDB_TYPE_INT64 && packed[1] == 5 && packed[18] == TURDB_TYPE_NULL);
  return false;
}

static void hooks_can_refuse_and_look(void) { /* [C-HOOK-4] [C-HOOK-5] */
  struct session s = session_open(":memory:");
  struct journal journal = {"", 0, true};
  int calls = 0;
  turdb_error* error = NULL;
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a bigint primary key, b double precision, c text, d blob)"));
  CHECK_STATUS(TURDB_OK, turdb_conn_set_change_hook(s.conn, look_at_values, &calls, NULL, NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "insert into t values (5, 2.5, null, '\\x006200')"));
  CHECK(calls == 1);
  CHECK_STATUS(TURDB_OK, turdb_conn_set_change_hook(s.conn, on_change, &journal, NULL, NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "begin"));
  CHECK_STATUS(TURDB_CONSTRAINT, turdb_conn_exec(s.conn, "delete from t", -1, &error));
  CHECK_TEXT("23000", turdb_error_sqlstate(error));
  turdb_error_free(error);
  CHECK(query_int64(s.conn, "select count(*) from t") == 1); /* the transaction lives on */
  CHECK_STATUS(TURDB_OK, exec(s.conn, "commit"));
  CHECK(turdb_change_operation(NULL) == 0 && turdb_change_row_count(NULL) == 0 && turdb_change_table(NULL) == NULL);
  CHECK_STATUS(TURDB_MISUSE, turdb_change_pack(NULL, true, 0, NULL, 0, NULL, NULL));
  session_close(&s);
}

/* ---- trace */

struct trace_log {
  int begins, ends;
  int64_t execution, rows, changes, nanos;
  turdb_status status;
  char sql[200], expanded[200], message[200];
};

static void on_trace(void* argument, turdb_trace* trace) {
  struct trace_log* log = (struct trace_log*)argument;
  if (turdb_trace_begins(trace)) {
    ++log->begins;
    log->execution = turdb_trace_execution(trace);
    snprintf(log->sql, sizeof log->sql, "%s", turdb_trace_sql(trace));
    snprintf(log->expanded, sizeof log->expanded, "%s", turdb_trace_expanded_sql(trace));
    return;
  }
  ++log->ends;
  CHECK(turdb_trace_execution(trace) == log->execution);
  log->rows = turdb_trace_rows(trace);
  log->changes = turdb_trace_changes(trace);
  log->nanos = turdb_trace_nanos(trace);
  log->status = turdb_trace_status(trace);
  const turdb_error* error = turdb_trace_error(trace);
  snprintf(log->message, sizeof log->message, "%s", error == NULL ? "" : turdb_error_message(error));
}

static void statements_are_traced(void) { /* [C-TRACE-1] [C-TRACE-2] [C-TRACE-3] [C-TRACE-4] */
  struct session s = session_open(":memory:");
  struct trace_log log;
  memset(&log, 0, sizeof log);
  turdb_stmt* stmt = NULL;
  const char* text = NULL;
  CHECK_STATUS(TURDB_OK, turdb_conn_set_trace(s.conn, on_trace, &log, NULL, NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "create table t(a int primary key, b text); create table u as select 1 as x"));
  CHECK(log.begins == 2 && log.ends == 2); /* what CREATE TABLE AS runs inside is part of it */
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "insert into t values (?, :name), (?1 + 1, '?')", -1, NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_int64(stmt, 1, 1, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_text(stmt, 2, "it's", -1, NULL));
  CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
  CHECK(log.begins == 3 && log.ends == 3 && log.changes == 2 && log.status == TURDB_OK);
  CHECK_TEXT("insert into t values (?, :name), (?1 + 1, '?')", log.sql);
  CHECK_TEXT("insert into t values (1, 'it''s'), (1 + 1, '?')", log.expanded);
  CHECK_STATUS(TURDB_OK, turdb_stmt_expanded_sql(stmt, &text, NULL));
  CHECK_TEXT(log.expanded, text);
  CHECK_STATUS(TURDB_CONSTRAINT, turdb_stmt_step(stmt, NULL));
  CHECK(log.begins == 4 && log.ends == 4 && log.status == TURDB_CONSTRAINT && strstr(log.message, "duplicate") != NULL);
  turdb_stmt_free(stmt);
  /* A cursor ends with its last row, with a reset or with its free; a point read with the step that says so. */
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "select i from generate_series(1, 5) g(i)", -1, NULL, &stmt, NULL));
  while (turdb_stmt_step(stmt, NULL) == TURDB_ROW) continue;
  CHECK(log.begins == 5 && log.ends == 5 && log.rows == 5 && log.nanos > 0);
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK(log.begins == 6 && log.ends == 5);
  CHECK_STATUS(TURDB_OK, turdb_stmt_reset(stmt, NULL));
  CHECK(log.ends == 6 && log.rows == 2 && log.status == TURDB_OK);
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  turdb_stmt_free(stmt);
  CHECK(log.begins == 7 && log.ends == 7 && log.rows == 1);
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "select b from t where a = $1", -1, NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_OK, turdb_stmt_bind_int64(stmt, 1, 2, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK_STATUS(TURDB_DONE, turdb_stmt_step(stmt, NULL));
  CHECK(log.begins == 8 && log.ends == 8 && log.rows == 1);
  CHECK_TEXT("select b from t where a = 2", log.expanded);
  CHECK_STATUS(TURDB_OK, turdb_conn_set_trace(s.conn, NULL, NULL, NULL, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK(log.begins == 8);
  turdb_stmt_free(stmt);
  CHECK(turdb_trace_sql(NULL) == NULL && turdb_trace_expanded_sql(NULL) == NULL && turdb_trace_error(NULL) == NULL);
  session_close(&s);
}

/* ---- authorizer */

struct guard {
  int asked;
  int32_t deny_action, ignore_column_action;
  const char* denied_object;
  const char* denied_column;
  const char* ignored_column;
  char accessor[64];
  char log[2048];
};

static bool is(const char* a, const char* b) { return a != NULL && b != NULL && strcmp(a, b) == 0; }

static int32_t authorize(void* argument, int32_t action, const char* schema, const char* object, const char* column,
                         const char* accessor) {
  struct guard* guard = (struct guard*)argument;
  ++guard->asked;
  snprintf(guard->accessor, sizeof guard->accessor, "%s", accessor == NULL ? "" : accessor);
  const size_t used = strlen(guard->log);
  snprintf(guard->log + used, sizeof guard->log - used, "%d:%s.%s.%s ", action, schema == NULL ? "" : schema,
           object == NULL ? "" : object, column == NULL ? "" : column);
  if (guard->ignored_column != NULL && is(column, guard->ignored_column)) return TURDB_IGNORE;
  if (action == guard->deny_action && (guard->denied_object == NULL || is(object, guard->denied_object)) &&
      (guard->denied_column == NULL || is(column, guard->denied_column))) {
    return TURDB_DENY;
  }
  return TURDB_ALLOW;
}

static void check_denied(turdb_conn* conn, const char* sql, const char* named) {
  turdb_error* error = NULL;
  CHECK_STATUS(TURDB_ERROR, turdb_conn_exec(conn, sql, -1, &error));
  CHECK_TEXT("42501", turdb_error_sqlstate(error));
  if (strstr(turdb_error_message(error), named) == NULL) {
    fprintf(stderr, "%s: %s\n", sql, turdb_error_message(error));
    ++g_failures;
  }
  turdb_error_free(error);
}

static void the_authorizer_is_asked(void) { /* [C-AUTHORIZER-1] [C-AUTHORIZER-2] [C-AUTHORIZER-3] */
  struct session s = session_open(":memory:");
  struct guard guard;
  memset(&guard, 0, sizeof guard);
  turdb_stmt* stmt = NULL;
  CHECK_STATUS(TURDB_OK, exec(s.conn,
                              "create table t(id int primary key, secret text default upper('x'), n int check (n > 0));"
                              "create table u(id int); create view v as select secret from t;"
                              "create trigger r after insert on u begin insert into t values (new.id, 's', 1); end;"
                              "insert into t values (1, 'hidden', 5)"));
  CHECK_STATUS(TURDB_OK, turdb_stmt_prepare(s.conn, "select secret from t where id = 1", -1, NULL, &stmt, NULL));
  CHECK_STATUS(TURDB_OK, turdb_conn_set_authorizer(s.conn, authorize, &guard, NULL, NULL));
  CHECK_STATUS(TURDB_OK, exec(s.conn, "select count(*) from t where n > 1"));
  CHECK(strstr(guard.log, "1:root.t. ") != NULL && strstr(guard.log, "5:.count. ") != NULL &&
        strstr(guard.log, "1:root.t.n ") != NULL);
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL)); /* compiled again, asked again */
  CHECK(strstr(guard.log, "1:root.t.secret ") != NULL);
  CHECK_STATUS(TURDB_OK, turdb_stmt_reset(stmt, NULL));
  /* A column, by name, by *, by USING, as part of its row, in RETURNING. */
  guard.deny_action = TURDB_ACTION_READ;
  guard.denied_object = "t";
  guard.denied_column = "secret";
  CHECK_STATUS(TURDB_OK, turdb_conn_set_authorizer(s.conn, authorize, &guard, NULL, NULL));
  CHECK_STATUS(TURDB_ERROR, turdb_stmt_step(stmt, NULL));
  check_denied(s.conn, "select secret from t", "root.t.secret");
  check_denied(s.conn, "select * from t", "root.t.secret");
  check_denied(s.conn, "select t from t", "root.t.secret");
  check_denied(s.conn, "select 1 from t a join t b using (secret)", "root.t.secret");
  check_denied(s.conn, "select id from t order by length(t.secret)", "root.t.secret");
  check_denied(s.conn, "delete from t where secret = 'x'", "root.t.secret");
  check_denied(s.conn, "update t set n = 6 returning secret", "root.t.secret");
  check_denied(s.conn, "with x as (select * from t) select 1 from x", "root.t.secret");
  CHECK_STATUS(TURDB_OK, exec(s.conn, "select id, n from t; update t set n = 6"));
  check_denied(s.conn, "select * from v", "from v");
  CHECK_TEXT("v", guard.accessor);
  /* To read as NULL. */
  guard.deny_action = 0;
  guard.ignored_column = "secret";
  CHECK_STATUS(TURDB_OK, turdb_conn_set_authorizer(s.conn, authorize, &guard, NULL, NULL));
  CHECK(query_int64(s.conn, "select count(secret) + count(*) * 10 from t") == 10);
  CHECK(query_int64(s.conn, "select count(secret) + count(*) * 10 from v") == 10);
  CHECK(query_int64(s.conn, "select count(secret) + count(*) * 10 from (select * from t) x") == 10);
  guard.ignored_column = NULL;
  /* Changes, functions, objects, settings, transactions. */
  const struct {
    int32_t action;
    const char* object;
    const char* sql;
    const char* named;
  } cases[] = {
      {TURDB_ACTION_INSERT, "t", "insert into t values (2, 's', 1)", "root.t"},
      {TURDB_ACTION_INSERT, "t", "insert into u values (2)", "from r"},
      {TURDB_ACTION_UPDATE, "t", "update t set n = 1", "root.t"},
      {TURDB_ACTION_UPDATE, "t", "insert into t values (1, 's', 1) on conflict(id) do update set n = 2", "root.t.n"},
      {TURDB_ACTION_DELETE, "t", "truncate t", "root.t"},
      {TURDB_ACTION_DELETE, "t", "delete from t", "root.t"},
      {TURDB_ACTION_FUNCTION, "upper", "select upper('x')", "upper"},
      {TURDB_ACTION_FUNCTION, "sum", "select sum(n) from t", "sum"},
      {TURDB_ACTION_CREATE, "w", "create table w(a int)", "root.w"},
      {TURDB_ACTION_CREATE, NULL, "create schema w", "w"},
      {TURDB_ACTION_CREATE, "i", "create index i on t(n)", "root.i"},
      {TURDB_ACTION_ALTER, "t", "alter table t add column z int", "root.t"},
      {TURDB_ACTION_DROP, "v", "drop view v", "root.v"},
      {TURDB_ACTION_SETTING, "busy_timeout", "set busy_timeout = 5", "busy_timeout"},
      {TURDB_ACTION_TRANSACTION, "begin", "begin", "begin"},
      {TURDB_ACTION_FILE, "/tmp/nothing.csv", "copy t from '/tmp/nothing.csv'", "/tmp/nothing.csv"},
      {TURDB_ACTION_MAINTENANCE, "vacuum", "vacuum", "vacuum"},
  };
  guard.denied_column = NULL;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    guard.deny_action = cases[i].action;
    guard.denied_object = cases[i].object;
    check_denied(s.conn, cases[i].sql, cases[i].named);
  }
  /* A table's own default needs no leave. */
  guard.deny_action = TURDB_ACTION_FUNCTION;
  guard.denied_object = NULL;
  CHECK_STATUS(TURDB_OK, exec(s.conn, "insert into t(id, n) values (3, 1)"));
  CHECK_STATUS(TURDB_OK, turdb_conn_set_authorizer(s.conn, NULL, NULL, NULL, NULL));
  CHECK_STATUS(TURDB_ROW, turdb_stmt_step(stmt, NULL));
  CHECK_TEXT("hidden", turdb_stmt_column_text(stmt, 0, NULL));
  turdb_stmt_free(stmt);
  CHECK_STATUS(TURDB_MISUSE, turdb_conn_set_authorizer(NULL, authorize, &guard, NULL, NULL));
  session_close(&s);
}

void hooks_tests(void) {
  commits_and_rollbacks_are_told();
  changed_rows_are_told();
  triggers_and_foreign_keys_are_told();
  hooks_can_refuse_and_look();
  statements_are_traced();
  the_authorizer_is_asked();
}
