/* Runs one prepared point statement many times, for ./dev instructions, which has valgrind count what happens in measured().
 *
 *   point_paths PATH COUNT       PATH: select, select_text, insert, update, delete
 *
 * The database is in memory and without threads, so that the same instructions run every time. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turdb.h"

enum { kRows = 20000, kWarmUp = 500 };

static turdb_error* error;

static void Check(turdb_status status) {
  if (status >= 0) return;
  fprintf(stderr, "point_paths: %s\n", turdb_error_message(error));
  exit(2);
}

/* Odd multiples of anything modulo kRows (2^5 * 5^4) by a number that shares no factor with it: each row once. */
static int64_t RowOf(int64_t i) { return i * 7919 % kRows + 1; }

static void Run(turdb_stmt* stmt, const char* path, int64_t i) {
  if (strcmp(path, "select") == 0) {
    Check(turdb_stmt_bind_int64(stmt, 1, RowOf(i), &error));
  } else if (strcmp(path, "select_text") == 0) {
    char key[32];
    const int length = snprintf(key, sizeof(key), "key%lld", (long long)RowOf(i));
    Check(turdb_stmt_bind_text(stmt, 1, key, length, &error));
  } else if (strcmp(path, "insert") == 0) {
    Check(turdb_stmt_bind_int64(stmt, 1, kRows + 1 + i, &error));
    Check(turdb_stmt_bind_int64(stmt, 2, i, &error));
  } else if (strcmp(path, "update") == 0) {
    Check(turdb_stmt_bind_int64(stmt, 1, i, &error));
    Check(turdb_stmt_bind_int64(stmt, 2, RowOf(i), &error));
  } else {
    Check(turdb_stmt_bind_int64(stmt, 1, RowOf(i), &error));
  }
  const turdb_status status = turdb_stmt_step(stmt, &error);
  Check(status);
  if (status == TURDB_ROW) {
    int64_t length = 0;
    volatile int64_t sink = turdb_stmt_column_int64(stmt, 0);
    sink = sink + turdb_stmt_column_text(stmt, 1, &length)[0];
  }
  Check(turdb_stmt_reset(stmt, &error));
}

/* What is counted. */
__attribute__((noinline)) void measured(turdb_stmt* stmt, const char* path, int64_t first, int64_t count) {
  for (int64_t i = first; i < first + count; ++i) Run(stmt, path, i);
}

int main(int argument_count, char** arguments) {
  if (argument_count != 3) {
    fprintf(stderr, "usage: point_paths select|select_text|insert|update|delete COUNT\n");
    return 2;
  }
  const char* const path = arguments[1];
  const char* const sql = strcmp(path, "select") == 0        ? "select a, c from t where id = ?"
                          : strcmp(path, "select_text") == 0 ? "select a, c from k where id = ?"
                          : strcmp(path, "insert") == 0      ? "insert into t values (?, ?, 0.5, 'sixteen letters.')"
                          : strcmp(path, "update") == 0      ? "update t set a = ? where id = ?"
                          : strcmp(path, "delete") == 0      ? "delete from t where id = ?"
                                                             : NULL;
  if (sql == NULL) {
    fprintf(stderr, "point_paths: no such path\n");
    return 2;
  }
  turdb_options* options = NULL;
  turdb_db* db = NULL;
  turdb_conn* conn = NULL;
  turdb_stmt* stmt = NULL;
  Check(turdb_options_new(&options, &error));
  Check(turdb_options_set(options, "threads", "1", &error));
  Check(turdb_options_set(options, "memory_limit", "256MB", &error));
  Check(turdb_db_open(":memory:", options, &db, &error));
  turdb_options_free(options);
  Check(turdb_conn_open(db, &conn, &error));
  Check(turdb_conn_exec(conn,
                        "create table t(id bigint primary key, a bigint not null, b double precision, c text);"
                        "create table k(id text primary key, a bigint not null, c text);"
                        "insert into t select i, i, i * 0.5, 'sixteen letters.' from generate_series(1, 20000) g(i);"
                        "insert into k select 'key' || i, i, 'sixteen letters.' from generate_series(1, 20000) g(i)",
                        TURDB_NUL_TERMINATED, &error));
  Check(turdb_stmt_prepare(conn, sql, TURDB_NUL_TERMINATED, NULL, &stmt, &error));
  const int64_t count = atoll(arguments[2]);
  for (int64_t i = 0; i < kWarmUp; ++i) Run(stmt, path, i);
  measured(stmt, path, kWarmUp, count);
  turdb_stmt_free(stmt);
  turdb_conn_free(conn);
  Check(turdb_db_close(db, &error));
  turdb_db_free(db);
  return 0;
}
