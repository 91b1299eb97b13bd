// Snapshots that transactions of several connections share.
#include <mutex>
#include <utility>

#include "capi/handles.h"

using turdb::base::Status;
using turdb::engine::Database;

// Any thread: what it holds guards itself.
struct turdb_snapshot {
  std::shared_ptr<Database> database;
  std::shared_ptr<Database::ExportedSnapshot> exported;
};

extern "C" {

turdb_status turdb_snapshot_open(turdb_conn* conn, turdb_snapshot** out, turdb_error** error) {
  if (out == nullptr) return turdb::capi::ReportMisuse("turdb_snapshot_open: out is NULL", error);
  *out = nullptr;
  if (conn == nullptr) return turdb::capi::ReportMisuse("turdb_snapshot_open: conn is NULL", error);
  return turdb::capi::Inside(*conn->connection, error, [&]() -> Status {
    TURDB_ASSIGN_OR_RETURN(auto exported, conn->connection->ExportSnapshot());
    *out = new turdb_snapshot{conn->connection->database().shared_from_this(), std::move(exported)};
    return absl::OkStatus();
  });
}

turdb_status turdb_conn_begin_at(turdb_conn* conn, const turdb_snapshot* snapshot, turdb_error** error) {
  if (conn == nullptr || snapshot == nullptr) {
    return turdb::capi::ReportMisuse("turdb_conn_begin_at: conn or snapshot is NULL", error);
  }
  return turdb::capi::Inside(*conn->connection, error, [&]() -> Status {
    if (snapshot->database.get() != &conn->connection->database()) {
      return turdb::base::MisuseError("the snapshot is of another database than the connection");
    }
    return conn->connection->BeginAt(*snapshot->exported);
  });
}

void turdb_snapshot_free(turdb_snapshot* snapshot) {
  if (snapshot == nullptr) return;
  if (snapshot->database->of_this_process()) {
    const std::lock_guard lock(snapshot->exported->mutex);
    snapshot->exported->snapshot.Release();
  }
  delete snapshot;
}

}  // extern "C"
