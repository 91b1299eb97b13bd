#include "shell/maintenance.h"

#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <string_view>

#include "shell/error_report.h"
#include "shell/progress_bar.h"

namespace turdb::shell {
namespace {

constexpr int kFailed = 1;
constexpr int64_t kPagesAStep = 64;  // 1 MiB

int Fail(const ErrorHandle& error) {
  const bool color = isatty(STDERR_FILENO) != 0;
  std::fputs(Report(TextOf(error.get()), "", "", 0, color).c_str(), stderr);
  return kFailed;
}

bool OpenAs(const std::string& path, const char* read_only, DbHandle& db, ErrorHandle& error) {
  OptionsHandle options;
  return turdb_options_new(options.out(), error.out()) == TURDB_OK &&
         turdb_options_set(options.get(), "create", "false", error.out()) == TURDB_OK &&
         turdb_options_set(options.get(), "read_only", read_only, error.out()) == TURDB_OK &&
         turdb_db_open(path.c_str(), options.get(), db.out(), error.out()) == TURDB_OK;
}

// An existing database, to be read. For writing, so that what a crash left is recovered first; read-only where that
// cannot be: on a medium that is not written, beside readers.
bool Open(const std::string& path, DbHandle& db, ErrorHandle& error) {
  if (OpenAs(path, "false", db, error)) return true;
  ErrorHandle second;
  return OpenAs(path, "true", db, second);
}

void PrintLine(void* to, const char* text) { std::fprintf(static_cast<std::FILE*>(to), "%s\n", text); }

int Check(const std::string& path) {
  DbHandle db;
  ErrorHandle error;
  int64_t problems = 0;
  if (!Open(path, db, error)) return Fail(error);
  if (turdb_db_check(db.get(), PrintLine, stdout, &problems, error.out()) != TURDB_OK) return Fail(error);
  if (turdb_db_close(db.get(), error.out()) != TURDB_OK) return Fail(error);
  if (problems == 0) {
    std::puts("ok");
    return 0;
  }
  std::printf("%" PRId64 " problem%s found; `turdb recover` saves what can be read\n", problems, problems == 1 ? "" : "s");
  return kFailed;
}

int Backup(const std::string& path, const std::string& target) {
  DbHandle db;
  ErrorHandle error;
  if (!Open(path, db, error) || !BackUp(db.get(), target, error)) return Fail(error);
  return turdb_db_close(db.get(), error.out()) == TURDB_OK ? 0 : Fail(error);
}

int Recover(const std::string& path, const std::string& target) {
  ErrorHandle error;
  int64_t rows = 0, lost = 0;
  if (turdb_db_recover(path.c_str(), target.c_str(), PrintLine, stderr, &rows, &lost, error.out()) != TURDB_OK)
    return Fail(error);
  std::printf("%" PRId64 " rows saved in %s; %" PRId64 " problem%s\n", rows, target.c_str(), lost, lost == 1 ? "" : "s");
  return 0;
}

}  // namespace

bool BackUp(turdb_db* db, const std::string& target, ErrorHandle& error) {
  Handle<turdb_backup, turdb_backup_free> backup;
  if (turdb_backup_open(db, target.c_str(), backup.out(), error.out()) != TURDB_OK) return false;
  ProgressBar bar(stderr, isatty(STDERR_FILENO) != 0, target, turdb_backup_pages_total(backup.get()));
  for (;;) {
    const turdb_status status = turdb_backup_step(backup.get(), kPagesAStep, error.out());
    if (status != TURDB_OK) return status == TURDB_DONE;
    const int64_t done = turdb_backup_pages_done(backup.get());
    bar.Update(done, done);
  }
}

std::optional<int> RunMaintenance(int argc, char** argv) {
  if (argc < 3) return std::nullopt;
  const std::string_view command = argv[1];
  if (command == "check" && argc == 3) return Check(argv[2]);
  if (command == "backup" && argc == 4) return Backup(argv[2], argv[3]);
  if (command == "recover" && argc == 4) return Recover(argv[2], argv[3]);
  return std::nullopt;
}

}  // namespace turdb::shell
