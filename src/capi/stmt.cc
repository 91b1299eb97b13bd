#include "capi/handles.h"

using turdb::base::Status;
using turdb::engine::Connection;
using turdb::engine::Statement;
using turdb::engine::StepResult;

extern "C" {

turdb_status turdb_stmt_prepare(turdb_conn* conn, const char* sql, int64_t size_bytes, int64_t* tail, turdb_stmt** out,
                                turdb_error** error) {
  if (tail != nullptr) *tail = 0;
  if (out == nullptr) return turdb::capi::ReportMisuse("turdb_stmt_prepare: out is NULL", error);
  *out = nullptr;
  if (conn == nullptr) return turdb::capi::ReportMisuse("turdb_stmt_prepare: conn is NULL", error);
  return turdb::capi::Inside(*conn->connection, error, [&]() -> Status {
    TURDB_ASSIGN_OR_RETURN(const std::string_view text, turdb::capi::TextOf(sql, size_bytes));
    TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Statement> statement, conn->connection->Prepare(text, tail));
    if (statement == nullptr) return absl::OkStatus();
    *out = new turdb_stmt{std::move(statement), {}, nullptr};
    return absl::OkStatus();
  });
}

turdb_status turdb_stmt_step(turdb_stmt* stmt, turdb_error** error) {
  if (stmt == nullptr) return turdb::capi::ReportMisuse("turdb_stmt_step: stmt is NULL", error);
  turdb_status outcome = TURDB_DONE;
  const turdb_status status = turdb::capi::Inside(*stmt->statement->connection(), error, [&]() -> Status {
    stmt->row_is_owed = false;
    if (stmt->statement->StepInChunk()) {
      outcome = TURDB_ROW;
      return absl::OkStatus();
    }
    TURDB_ASSIGN_OR_RETURN(const StepResult result, stmt->statement->Step());
    if (result == StepResult::kRow) outcome = TURDB_ROW;
    return absl::OkStatus();
  });
  return status == TURDB_OK ? outcome : status;
}

turdb_status turdb_stmt_reset(turdb_stmt* stmt, turdb_error** error) {
  if (stmt == nullptr) return turdb::capi::ReportMisuse("turdb_stmt_reset: stmt is NULL", error);
  return turdb::capi::Inside(*stmt->statement->connection(), error, [&]() -> Status {
    stmt->row_is_owed = false;
    stmt->statement->Reset();
    return absl::OkStatus();
  });
}

turdb_status turdb_stmt_clear_bindings(turdb_stmt* stmt, turdb_error** error) {
  if (stmt == nullptr) return turdb::capi::ReportMisuse("turdb_stmt_clear_bindings: stmt is NULL", error);
  return turdb::capi::Inside(*stmt->statement->connection(), error, [&]() -> Status {
    if (stmt->statement->running())
      return turdb::base::MisuseError("the statement is in the middle of its rows: reset it first");
    stmt->statement->ClearBindings();
    return absl::OkStatus();
  });
}

void turdb_stmt_free(turdb_stmt* stmt) {
  if (stmt == nullptr) return;
  Connection::Adopt(std::move(stmt->statement));
  delete stmt;
}

const char* turdb_stmt_sql(const turdb_stmt* stmt) { return stmt == nullptr ? nullptr : stmt->statement->sql().c_str(); }

bool turdb_stmt_is_read_only(const turdb_stmt* stmt) { return stmt != nullptr && stmt->statement->is_read_only(); }

}  // extern "C"
