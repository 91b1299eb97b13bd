/*
 * The process that kill_test.py kills: CLIENTS threads write transactions until they are stopped, each to rows of its
 * own, and report a commit on standard output after it returned.
 *
 * A transaction of client c that ends at sequence number n: inserts rows (c, s) for every s up to n that is not there,
 * deletes row (c, n - 200) and everything before it, sets ledger row c to n, and moves an amount from one account to
 * another. Every fifth one is rolled back, after a savepoint was rolled back too. So after any crash, for every client:
 * ledger = n means rows n-199..n and no others, at least n was reported or was in flight, and the accounts' sum is what
 * it was.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "turdb.h"

enum { kAccounts = 64, kWindow = 200 };

static turdb_db* g_db;

static void die(const char* what, turdb_error* error) {
  fprintf(stderr, "writer: %s: %s\n", what, error != NULL ? turdb_error_message(error) : "no error given");
  _exit(3);
}

static void exec(turdb_conn* conn, const char* sql) {
  turdb_error* error = NULL;
  if (turdb_conn_exec(conn, sql, TURDB_NUL_TERMINATED, &error) < 0) die(sql, error);
}

static turdb_stmt* prepare(turdb_conn* conn, const char* sql) {
  turdb_error* error = NULL;
  turdb_stmt* stmt = NULL;
  if (turdb_stmt_prepare(conn, sql, TURDB_NUL_TERMINATED, NULL, &stmt, &error) < 0) die(sql, error);
  return stmt;
}

/* Runs a statement; returns its status, with conflicts reported and everything else fatal. */
static turdb_status run(turdb_stmt* stmt) {
  turdb_error* error = NULL;
  const turdb_status status = turdb_stmt_step(stmt, &error);
  if (status < 0 && status != TURDB_CONFLICT && status != TURDB_BUSY) die(turdb_stmt_sql(stmt), error);
  turdb_error_free(error);
  turdb_stmt_reset(stmt, NULL);
  return status;
}

static void* client(void* argument) {
  const int64_t id = (int64_t)(intptr_t)argument;
  unsigned seed = (unsigned)(id * 7919 + getpid());
  turdb_conn* conn = NULL;
  turdb_error* error = NULL;
  if (turdb_conn_open(g_db, &conn, &error) < 0) die("connect", error);
  turdb_stmt* insert = prepare(conn, "insert into item values (?, ?, ?, ?)");
  turdb_stmt* purge = prepare(conn, "delete from item where client = ? and seq <= ?");
  turdb_stmt* ledger = prepare(conn, "update ledger set last = ? where client = ?");
  turdb_stmt* take = prepare(conn, "update account set balance = balance - ? where id = ?");
  turdb_stmt* give = prepare(conn, "update account set balance = balance + ? where id = ?");
  turdb_stmt* read = prepare(conn, "select last from ledger where client = ?");
  turdb_stmt_bind_int64(read, 1, id, NULL);
  if (turdb_stmt_step(read, &error) != TURDB_ROW) die("reading the ledger", error);
  int64_t last = turdb_stmt_column_int64(read, 0);
  turdb_stmt_reset(read, NULL);
  for (int64_t round = 1;; ++round) {
    const int64_t count = 1 + rand_r(&seed) % 20;
    const int64_t amount = rand_r(&seed) % 100;
    int conflict = 0;
    exec(conn, "begin");
    for (int64_t s = last + 1; s <= last + count && !conflict; ++s) {
      char text[700];
      const int length = 10 + rand_r(&seed) % 600;
      memset(text, 'a' + (int)(s % 26), (size_t)length);
      turdb_stmt_bind_int64(insert, 1, id, NULL);
      turdb_stmt_bind_int64(insert, 2, s, NULL);
      turdb_stmt_bind_int64(insert, 3, (s * 37) % 101, NULL);
      turdb_stmt_bind_text(insert, 4, text, length, NULL);
      conflict = run(insert) < 0;
    }
    turdb_stmt_bind_int64(purge, 1, id, NULL);
    turdb_stmt_bind_int64(purge, 2, last + count - kWindow, NULL);
    conflict = conflict || run(purge) < 0;
    if (round % 5 == 0) {
      exec(conn, "savepoint s");
      /* May meet another client's change; either way nothing of it stays. */
      (void)turdb_conn_exec(conn, "update account set balance = balance + 1", TURDB_NUL_TERMINATED, NULL);
      exec(conn, "rollback to s");
      exec(conn, "rollback");
      continue;
    }
    turdb_stmt_bind_int64(ledger, 1, last + count, NULL);
    turdb_stmt_bind_int64(ledger, 2, id, NULL);
    conflict = conflict || run(ledger) < 0;
    turdb_stmt_bind_int64(take, 1, amount, NULL);
    turdb_stmt_bind_int64(take, 2, rand_r(&seed) % kAccounts, NULL);
    conflict = conflict || run(take) < 0;
    turdb_stmt_bind_int64(give, 1, amount, NULL);
    turdb_stmt_bind_int64(give, 2, rand_r(&seed) % kAccounts, NULL);
    conflict = conflict || run(give) < 0;
    if (conflict) {
      exec(conn, "rollback");
      continue;
    }
    exec(conn, "commit");
    last += count;
    char line[64];
    const int size = snprintf(line, sizeof line, "%" PRId64 " %" PRId64 "\n", id, last);
    if (write(STDOUT_FILENO, line, (size_t)size) != size) _exit(4);
  }
  return NULL;
}

int main(int argc, char** argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: writer DATABASE CLIENTS\n");
    return 2;
  }
  const int clients = atoi(argv[2]);
  turdb_error* error = NULL;
  turdb_options* options = NULL;
  turdb_conn* conn = NULL;
  turdb_options_new(&options, NULL);
  turdb_options_set(options, "memory_limit", "8MB", NULL);
  turdb_options_set(options, "wal_limit_bytes", "4MB", NULL);
  if (turdb_db_open(argv[1], options, &g_db, &error) < 0) die("open", error);
  turdb_options_free(options);
  if (turdb_conn_open(g_db, &conn, &error) < 0) die("connect", error);
  exec(conn, "begin");
  exec(conn,
       "create table if not exists item(client bigint, seq bigint, bucket bigint, payload text, primary key(client, seq));"
       "create index if not exists item_bucket on item(bucket, client);"
       "create table if not exists ledger(client bigint primary key, last bigint not null);"
       "create table if not exists account(id bigint primary key, balance bigint not null)");
  turdb_stmt* count = prepare(conn, "select count(*) from account");
  if (turdb_stmt_step(count, &error) != TURDB_ROW) die("count", error);
  const int64_t there = turdb_stmt_column_int64(count, 0);
  turdb_stmt_free(count);
  if (there == 0) {
    char sql[128];
    for (int i = 0; i < kAccounts; ++i) {
      snprintf(sql, sizeof sql, "insert into account values (%d, 1000)", i);
      exec(conn, sql);
    }
    for (int i = 0; i < clients; ++i) {
      snprintf(sql, sizeof sql, "insert into ledger values (%d, 0)", i);
      exec(conn, sql);
    }
  }
  exec(conn, "commit");
  if (write(STDOUT_FILENO, "ready\n", 6) != 6) return 4;
  pthread_t thread;
  for (int i = 0; i < clients; ++i) {
    if (pthread_create(&thread, NULL, client, (void*)(intptr_t)i) != 0) return 5;
  }
  pause();
  return 0;
}
