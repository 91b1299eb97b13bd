// Exceptions that leave callbacks of the host end at the C interface: they count as the answer that stops what is going on.
#include <cstdio>
#include <stdexcept>

#include "turdb.h"

namespace {

int g_failures = 0;

void Check(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "%s\n", what);
  ++g_failures;
}

bool ThrowingCommit(void*) { throw std::runtime_error("commit"); }
bool ThrowingChange(void*, turdb_change*) { throw 42; }
void ThrowingTrace(void*, turdb_trace*) { throw "trace"; }
void ThrowingRollback(void*) { throw std::runtime_error("rollback"); }
int32_t ThrowingAuthorizer(void*, int32_t, const char*, const char*, const char*, const char*) {
  throw std::runtime_error("no");
}
void ThrowingFunction(void*, turdb_call*) { throw std::runtime_error("function"); }
bool ThrowingProgress(void*) { throw std::runtime_error("progress"); }

turdb_status Exec(turdb_conn* conn, const char* sql) { return turdb_conn_exec(conn, sql, TURDB_NUL_TERMINATED, nullptr); }

}  // namespace

int main() {  // [C-CALLBACK-3]
  turdb_db* db = nullptr;
  turdb_conn* conn = nullptr;
  Check(turdb_db_open(":memory:", nullptr, &db, nullptr) == TURDB_OK, "open");
  Check(turdb_conn_open(db, &conn, nullptr) == TURDB_OK, "connect");
  Check(Exec(conn, "create table t(a int)") == TURDB_OK, "create");
  turdb_conn_set_trace(conn, ThrowingTrace, nullptr, nullptr, nullptr);
  Check(Exec(conn, "insert into t values (1)") == TURDB_OK, "a trace stops nothing");
  turdb_conn_set_rollback_hook(conn, ThrowingRollback, nullptr, nullptr, nullptr);
  Check(Exec(conn, "begin; insert into t values (2); rollback") == TURDB_OK, "a rollback is over");
  turdb_conn_set_commit_hook(conn, ThrowingCommit, nullptr, nullptr, nullptr);
  Check(Exec(conn, "insert into t values (3)") == TURDB_CONSTRAINT, "commit");
  turdb_conn_set_commit_hook(conn, nullptr, nullptr, nullptr, nullptr);
  turdb_conn_set_change_hook(conn, ThrowingChange, nullptr, nullptr, nullptr);
  Check(Exec(conn, "insert into t values (4)") == TURDB_CONSTRAINT, "change");
  turdb_conn_set_change_hook(conn, nullptr, nullptr, nullptr, nullptr);
  turdb_conn_set_progress(conn, 1, ThrowingProgress, nullptr, nullptr);
  Check(Exec(conn, "select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b") == TURDB_INTERRUPTED,
        "progress");
  turdb_conn_set_progress(conn, 1, nullptr, nullptr, nullptr);
  turdb_conn_set_authorizer(conn, ThrowingAuthorizer, nullptr, nullptr, nullptr);
  Check(Exec(conn, "select 1 from t") == TURDB_ERROR, "authorizer");
  turdb_conn_set_authorizer(conn, nullptr, nullptr, nullptr, nullptr);
  Check(turdb_conn_create_scalar(conn, "throwing", "integer", "integer", 0, ThrowingFunction, nullptr, nullptr, nullptr) ==
            TURDB_OK,
        "create a function");
  Check(Exec(conn, "select throwing(a) from t") == TURDB_IO, "function");
  Check(turdb_conn_create_collation(conn, "throwing", 0, ThrowingFunction, nullptr, nullptr, nullptr) == TURDB_OK,
        "create a collation");
  Check(Exec(conn, "select * from (values ('a'), ('b')) t(s) order by s collate throwing") == TURDB_IO, "collation");
  turdb_stmt* stmt = nullptr;
  Check(turdb_stmt_prepare(conn, "select count(*) from t", TURDB_NUL_TERMINATED, nullptr, &stmt, nullptr) == TURDB_OK,
        "prepare");
  Check(turdb_stmt_step(stmt, nullptr) == TURDB_ROW && turdb_stmt_column_int64(stmt, 0) == 1, "what is left");
  turdb_stmt_free(stmt);
  turdb_conn_free(conn);
  turdb_db_free(db);
  return g_failures == 0 ? 0 : 1;
}
