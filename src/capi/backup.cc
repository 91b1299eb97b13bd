#include "engine/backup.h"
#include "capi/handles.h"
#include "engine/recover.h"

using turdb::base::Status;

struct turdb_backup {
  std::unique_ptr<turdb::engine::Backup> backup;
};

extern "C" {

turdb_status turdb_backup_open(turdb_db* db, const char* path, turdb_backup** out, turdb_error** error) {
  if (out == nullptr) return turdb::capi::ReportMisuse("turdb_backup_open: out is NULL", error);
  *out = nullptr;
  if (db == nullptr || path == nullptr) return turdb::capi::ReportMisuse("turdb_backup_open: db or path is NULL", error);
  return turdb::capi::Guarded(error, [&]() -> Status {
    TURDB_ASSIGN_OR_RETURN(auto backup, turdb::engine::Backup::Begin(db->database, path));
    *out = new turdb_backup{std::move(backup)};
    return absl::OkStatus();
  });
}

turdb_status turdb_backup_step(turdb_backup* backup, int64_t pages, turdb_error** error) {
  if (backup == nullptr) return turdb::capi::ReportMisuse("turdb_backup_step: backup is NULL", error);
  if (pages < 1) return turdb::capi::ReportMisuse("turdb_backup_step: pages is less than 1", error);
  bool done = false;
  const turdb_status status = turdb::capi::Guarded(error, [&]() -> Status {
    TURDB_ASSIGN_OR_RETURN(done, backup->backup->Step(pages));
    return absl::OkStatus();
  });
  return status == TURDB_OK && done ? TURDB_DONE : status;
}

int64_t turdb_backup_pages_total(const turdb_backup* backup) { return backup == nullptr ? 0 : backup->backup->pages_total(); }
int64_t turdb_backup_pages_done(const turdb_backup* backup) { return backup == nullptr ? 0 : backup->backup->pages_done(); }
void turdb_backup_free(turdb_backup* backup) { delete backup; }

turdb_status turdb_db_recover(const char* path, const char* target, void (*visit)(void* user_data, const char* lost),
                              void* user_data, int64_t* out_rows, int64_t* out_lost, turdb_error** error) {
  if (out_rows != nullptr) *out_rows = 0;
  if (out_lost != nullptr) *out_lost = 0;
  if (path == nullptr || target == nullptr) return turdb::capi::ReportMisuse("turdb_db_recover: path or target is NULL", error);
  return turdb::capi::Guarded(error, [&]() -> Status {
    const auto tell = [&](std::string_view lost) {
      if (visit != nullptr) visit(user_data, std::string(lost).c_str());
    };
    TURDB_ASSIGN_OR_RETURN(const turdb::engine::RecoverReport report,
                           turdb::engine::Recover(turdb::os::Environment::Native(), path, target, tell));
    if (out_rows != nullptr) *out_rows = report.rows;
    if (out_lost != nullptr) *out_lost = report.problems;
    return absl::OkStatus();
  });
}

}  // extern "C"
