// Arbitrary SQL against a small database in memory, through turdb.h: answers or errors, whatever is asked.
#include <chrono>
#include <cstdint>
#include <cstdlib>

#include "turdb.h"

namespace {

constexpr int64_t kMaxRows = 2000;
constexpr std::chrono::milliseconds kStatementTime(100);

std::chrono::steady_clock::time_point deadline;

bool Late(void*) { return std::chrono::steady_clock::now() > deadline; }

const char kSchema[] =
    "create table t(id bigint primary key, a int, b text, c double precision, d decimal(12, 3), e date, f boolean);"
    "insert into t select i, i % 7, 'text ' || i, i / 3.0, i * 1.5, date '2024-01-01' + i::int, i % 2 = 0"
    " from generate_series(1, 40) as g(i);"
    "create index t_a on t(a, b);"
    "create table u(k text primary key, n bigint unique, ts timestamp, x blob, y interval, z uuid);"
    "insert into u values ('one', 1, '2024-02-29 12:00', '\\x0102', '1 day 2 hours', null), ('two', 2, null, null, null, null);"
    "create view v as select a, count(*) as n from t group by a";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  turdb_options* options = nullptr;
  turdb_db* db = nullptr;
  turdb_conn* conn = nullptr;
  if (turdb_options_new(&options, nullptr) != TURDB_OK) std::abort();
  turdb_options_set(options, "memory_limit", "8MB", nullptr);
  turdb_options_set(options, "threads", "1", nullptr);
  turdb_options_set(options, "busy_timeout", "10", nullptr);
  if (turdb_db_open(":memory:", options, &db, nullptr) != TURDB_OK) std::abort();
  turdb_options_free(options);
  if (turdb_conn_open(db, &conn, nullptr) != TURDB_OK) std::abort();
  if (turdb_conn_exec(conn, kSchema, sizeof(kSchema) - 1, nullptr) != TURDB_OK) std::abort();
  turdb_conn_set_progress(conn, 5, Late, nullptr, nullptr);

  const char* sql = reinterpret_cast<const char*>(data);
  int64_t left = static_cast<int64_t>(size);
  for (int statements = 0; left > 0 && statements < 20; ++statements) {
    turdb_stmt* stmt = nullptr;
    int64_t tail = 0;
    turdb_error* error = nullptr;
    if (turdb_stmt_prepare(conn, sql, left, &tail, &stmt, &error) != TURDB_OK) {
      if (turdb_error_message(error)[0] == '\0') std::abort();  // an error says what it is
      turdb_error_free(error);
      break;
    }
    if (stmt != nullptr) {
      for (int64_t i = 1; i <= turdb_stmt_parameter_count(stmt) && i < 10; ++i) turdb_stmt_bind_int64(stmt, i, i, nullptr);
      deadline = std::chrono::steady_clock::now() + kStatementTime;
      for (int64_t row = 0; row < kMaxRows; ++row) {
        if (turdb_stmt_step(stmt, nullptr) != TURDB_ROW) break;
        for (int64_t column = 0; column < turdb_stmt_column_count(stmt); ++column) {
          int64_t bytes = 0;
          (void)turdb_stmt_column_text(stmt, column, &bytes);
        }
      }
      turdb_stmt_free(stmt);
    }
    if (tail <= 0) break;
    sql += tail;
    left -= tail;
  }
  if (!turdb_conn_in_autocommit(conn)) turdb_conn_rollback(conn, nullptr);
  int64_t problems = 0;
  if (turdb_db_check(db, nullptr, nullptr, &problems, nullptr) == TURDB_OK && problems != 0) std::abort();
  turdb_conn_free(conn);
  turdb_db_free(db);
  return 0;
}
