/* The point select and the reading of bench/java in C: what of a driver's time is the engine's. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <turdb.h>

enum { FEW = 100000, POINTS = 1000000, READS = 10 };

static int64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static turdb_stmt* prepare(turdb_conn* conn, const char* sql) {
  turdb_stmt* stmt = NULL;
  if (turdb_stmt_prepare(conn, sql, -1, NULL, &stmt, NULL) != TURDB_OK) exit(1);
  return stmt;
}

int main(void) {
  turdb_db* db = NULL;
  turdb_conn* conn = NULL;
  if (turdb_db_open(":memory:", NULL, &db, NULL) != TURDB_OK || turdb_conn_open(db, &conn, NULL) != TURDB_OK ||
      turdb_conn_exec(conn,
                      "create table t(id integer primary key, a integer, b double precision, c text);"
                      "insert into t select i, i * 7, i / 2.0, 'sixteen letters.' from generate_series(1, 100000) g(i)",
                      -1, NULL) != TURDB_OK) {
    return 1;
  }
  int64_t sum = 0, size = 0;
  turdb_stmt* point = prepare(conn, "select a, b, c from t where id = ?");
  const int64_t begin = now_ns();
  for (int64_t i = 1; i <= POINTS; ++i) {
    if (turdb_stmt_bind_int64(point, 1, i % FEW + 1, NULL) != TURDB_OK || turdb_stmt_step(point, NULL) != TURDB_ROW) return 1;
    sum += turdb_stmt_column_int64(point, 0) + (int64_t)turdb_stmt_column_double(point, 1);
    sum += turdb_stmt_column_text(point, 2, &size)[0] + size;
    if (turdb_stmt_step(point, NULL) != TURDB_DONE) return 1;
  }
  const int64_t middle = now_ns();
  turdb_stmt* all = prepare(conn, "select id, a, b, c from t");
  for (int i = 0; i < READS; ++i) {
    while (turdb_stmt_step(all, NULL) == TURDB_ROW) {
      sum += turdb_stmt_column_int64(all, 0) + turdb_stmt_column_int64(all, 1) + (int64_t)turdb_stmt_column_double(all, 2);
      sum += turdb_stmt_column_text(all, 3, &size)[0] + size;
    }
  }
  const int64_t end = now_ns();
  printf("in C: point select %.0f ns, read a row %.0f ns\n", (double)(middle - begin) / POINTS,
         (double)(end - middle) / (READS * (double)FEW));
  turdb_stmt_free(point);
  turdb_stmt_free(all);
  turdb_conn_free(conn);
  turdb_db_free(db);
  return sum == 0;
}
