#include "capi/handles.h"

using turdb::base::Status;

extern "C" {

turdb_status turdb_db_open(const char* path, const turdb_options* options, turdb_db** out, turdb_error** error) {
  if (out == nullptr) return turdb::capi::ReportMisuse("turdb_db_open: out is NULL", error);
  *out = nullptr;
  if (path == nullptr) return turdb::capi::ReportMisuse("turdb_db_open: path is NULL", error);
  return turdb::capi::Guarded(error, [&]() -> Status {
    const turdb::engine::Settings settings = options == nullptr ? turdb::engine::Settings() : options->settings;
    TURDB_ASSIGN_OR_RETURN(std::shared_ptr<turdb::engine::Database> database, turdb::engine::Database::Open(path, settings));
    *out = new turdb_db{std::move(database)};
    return absl::OkStatus();
  });
}

turdb_status turdb_db_close(turdb_db* db, turdb_error** error) {
  if (db == nullptr) return turdb::capi::ReportMisuse("turdb_db_close: db is NULL", error);
  return turdb::capi::Guarded(error, [&] { return db->database->Close(); });
}

void turdb_db_free(turdb_db* db) { delete db; }

turdb_status turdb_db_check(turdb_db* db, void (*visit)(void* user_data, const char* problem), void* user_data, int64_t* out,
                            turdb_error** error) {
  if (out != nullptr) *out = 0;
  if (db == nullptr || out == nullptr) return turdb::capi::ReportMisuse("turdb_db_check: db or out is NULL", error);
  return turdb::capi::Guarded(error, [&]() -> Status {
    // A connection of its own keeps the database open while it is checked.
    TURDB_ASSIGN_OR_RETURN(const std::shared_ptr<turdb::engine::Connection> connection, db->database->Connect());
    const turdb::engine::Connection::Entry entry(*connection);
    TURDB_RETURN_IF_ERROR(entry.status());
    TURDB_ASSIGN_OR_RETURN(*out, connection->database().Check([&](std::string_view problem) {
      if (visit != nullptr) visit(user_data, std::string(problem).c_str());
    }));
    return absl::OkStatus();
  });
}

turdb_status turdb_db_checkpoint(turdb_db* db, turdb_error** error) {
  if (db == nullptr) return turdb::capi::ReportMisuse("turdb_db_checkpoint: db is NULL", error);
  return turdb::capi::Guarded(error, [&]() -> Status {
    TURDB_ASSIGN_OR_RETURN(const std::shared_ptr<turdb::engine::Connection> connection, db->database->Connect());
    const turdb::engine::Connection::Entry entry(*connection);
    TURDB_RETURN_IF_ERROR(entry.status());
    return connection->database().Checkpoint();
  });
}

int64_t turdb_db_memory_used(const turdb_db* db) { return db == nullptr ? 0 : db->database->budget().used_bytes(); }
int64_t turdb_db_memory_peak(const turdb_db* db) { return db == nullptr ? 0 : db->database->budget().peak_bytes(); }

}  // extern "C"
