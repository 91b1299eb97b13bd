#include "capi/callback.h"
#include "capi/handles.h"

using turdb::base::Status;
using turdb::engine::Connection;

namespace {

// Runs `body(connection)` inside the connection.
template <typename Body>
turdb_status With(turdb_conn* conn, turdb_error** error, Body&& body) noexcept {
  if (conn == nullptr) return turdb::capi::ReportMisuse("conn is NULL", error);
  return turdb::capi::Inside(*conn->connection, error, [&]() -> Status { return body(*conn->connection); });
}

template <typename Body>
turdb_status WithName(turdb_conn* conn, const char* name, turdb_error** error, Body&& body) noexcept {
  if (name == nullptr) return turdb::capi::ReportMisuse("name is NULL", error);
  return With(conn, error, body);
}

}  // namespace

extern "C" {

turdb_status turdb_conn_open(turdb_db* db, turdb_conn** out, turdb_error** error) {
  if (out == nullptr) return turdb::capi::ReportMisuse("turdb_conn_open: out is NULL", error);
  *out = nullptr;
  if (db == nullptr) return turdb::capi::ReportMisuse("turdb_conn_open: db is NULL", error);
  return turdb::capi::Guarded(error, [&]() -> Status {
    TURDB_ASSIGN_OR_RETURN(std::shared_ptr<Connection> connection, db->database->Connect());
    *out = new turdb_conn{std::move(connection)};
    return absl::OkStatus();
  });
}

turdb_status turdb_conn_close(turdb_conn* conn, turdb_error** error) {
  if (conn != nullptr && conn->connection->closed()) {
    if (error != nullptr) *error = nullptr;
    return TURDB_OK;
  }
  return With(conn, error, [](Connection& connection) {
    connection.CloseEntered();
    return absl::OkStatus();
  });
}

void turdb_conn_free(turdb_conn* conn) {
  if (conn == nullptr) return;
  Connection::Free(std::move(conn->connection));
  delete conn;
}

turdb_status turdb_conn_exec(turdb_conn* conn, const char* sql, int64_t size_bytes, turdb_error** error) {
  return With(conn, error, [&](Connection& connection) -> Status {
    TURDB_ASSIGN_OR_RETURN(const std::string_view text, turdb::capi::TextOf(sql, size_bytes));
    return connection.Exec(text);
  });
}

turdb_status turdb_conn_begin(turdb_conn* conn, turdb_error** error) {
  return With(conn, error, [](Connection& connection) {
    return connection.Begin(connection.default_isolation(), connection.default_read_only());
  });
}

turdb_status turdb_conn_commit(turdb_conn* conn, turdb_error** error) {
  return With(conn, error, [](Connection& connection) { return connection.Commit(); });
}

turdb_status turdb_conn_rollback(turdb_conn* conn, turdb_error** error) {
  return With(conn, error, [](Connection& connection) { return connection.Rollback(); });
}

turdb_status turdb_conn_savepoint(turdb_conn* conn, const char* name, turdb_error** error) {
  return WithName(conn, name, error, [&](Connection& connection) { return connection.MakeSavepoint(name); });
}

turdb_status turdb_conn_rollback_to(turdb_conn* conn, const char* name, turdb_error** error) {
  return WithName(conn, name, error, [&](Connection& connection) { return connection.RollbackTo(name); });
}

turdb_status turdb_conn_release(turdb_conn* conn, const char* name, turdb_error** error) {
  return WithName(conn, name, error, [&](Connection& connection) { return connection.Release(name); });
}

bool turdb_conn_in_autocommit(const turdb_conn* conn) { return conn == nullptr || conn->connection->autocommit(); }
int64_t turdb_conn_changes(const turdb_conn* conn) { return conn == nullptr ? 0 : conn->connection->changes(); }
int64_t turdb_conn_total_changes(const turdb_conn* conn) { return conn == nullptr ? 0 : conn->connection->total_changes(); }
int64_t turdb_conn_last_insert_id(const turdb_conn* conn) { return conn == nullptr ? 0 : conn->connection->last_insert_id(); }

void turdb_conn_interrupt(turdb_conn* conn) {
  if (conn != nullptr) conn->connection->Interrupt();
}

turdb_status turdb_conn_set_progress(turdb_conn* conn, int64_t interval_ms, bool (*progress)(void* user_data), void* user_data,
                                     turdb_error** error) {
  return With(conn, error, [&](Connection& connection) -> Status {
    if (interval_ms < 1) return turdb::base::MisuseError("interval_ms must be at least 1");
    connection.SetProgress(
        interval_ms, progress == nullptr ? std::function<bool()>() : [progress, user_data] {
          return turdb::capi::CallHost(true, [&] { return progress(user_data); });
        });
    return absl::OkStatus();
  });
}

}  // extern "C"
