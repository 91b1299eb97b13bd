#include "engine/backup.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/connection.h"

namespace turdb::engine {

using base::Status;
using base::StatusOr;

Backup::Backup(std::shared_ptr<Database> database, std::string path)
    : database_(std::move(database)),
      target_(database_->in_memory() ? os::Environment::Native() : database_->environment()),
      path_(std::move(path)) {}

StatusOr<std::unique_ptr<Backup>> Backup::Begin(std::shared_ptr<Database> database, const std::string& path) {
  if (path.empty()) return base::MisuseError("backing up: the path is empty");
  // The connection keeps Close waiting until the database knows of the backup.
  TURDB_ASSIGN_OR_RETURN(const std::shared_ptr<Connection> connection, database->Connect());
  const Connection::Entry entry(*connection);
  TURDB_RETURN_IF_ERROR(entry.status());
  std::unique_ptr<Backup> backup(new Backup(std::move(database), path));
  TURDB_RETURN_IF_ERROR(backup->CheckOutside());
  auto running = std::make_shared<Database::RunningBackup>();
  StatusOr<std::unique_ptr<storage::Backup>> copy =
      storage::Backup::Begin(backup->database_->storage(), backup->target_.files, path);
  if (!copy.ok()) return base::WithFrame(copy.status(), absl::StrCat("backing up to \"", path, "\""));
  running->copy = *std::move(copy);
  backup->database_->AddBackup(running);
  backup->running_ = std::move(running);
  return backup;
}

StatusOr<bool> LiesInside(os::FileSystem& files, const std::string& path, const std::string& directory) {
  TURDB_ASSIGN_OR_RETURN(const std::string source, files.Identity(directory));
  for (size_t end = path.rfind('/'); end != std::string::npos && end != 0; end = path.rfind('/', end - 1)) {
    const std::string parent = path.substr(0, end);
    TURDB_ASSIGN_OR_RETURN(const bool exists, files.Exists(parent));
    if (!exists) continue;
    TURDB_ASSIGN_OR_RETURN(const std::string identity, files.Identity(parent));
    if (identity == source) return true;
  }
  return false;
}

// A copy inside the database would be taken for a part of it.
Status Backup::CheckOutside() const {
  if (database_->in_memory()) return absl::OkStatus();
  TURDB_ASSIGN_OR_RETURN(const bool inside, LiesInside(*target_.files, path_, database_->path()));
  if (!inside) return absl::OkStatus();
  return base::MisuseError(absl::StrCat("\"", path_, "\" lies inside the database that is backed up"));
}

Backup::~Backup() {
  if (running_ == nullptr) return;
  if (!database_->of_this_process()) {
    (void)running_->copy.release();  // its files and locks are the parent's
    return;
  }
  const std::lock_guard lock(running_->mutex);
  running_->copy.reset();
}

StatusOr<bool> Backup::Step(int64_t pages) {
  if (!database_->of_this_process()) return base::MisuseError("the backup was begun before fork: go on with it in the parent");
  if (done_) return true;
  const std::lock_guard lock(running_->mutex);
  if (running_->copy == nullptr) return base::MisuseError("the database of the backup is closed");
  if (failed_) return base::MisuseError("the backup has failed before");
  StatusOr<bool> copied = running_->copy->Step(pages);
  if (copied.ok() && !*copied) return false;
  Status status = copied.ok() ? Recover() : copied.status();
  if (status.ok()) status = running_->copy->Keep();
  failed_ = !status.ok();
  if (failed_) return base::WithFrame(std::move(status), absl::StrCat("backing up to \"", path_, "\""));
  done_ = true;
  return true;
}

Status Backup::Recover() const {
  TURDB_ASSIGN_OR_RETURN(const std::shared_ptr<Database> copy, OpenCopy());
  return copy->Close();
}

StatusOr<std::shared_ptr<Database>> Backup::OpenCopy() const {
  Settings settings;
  settings.threads = 1;
  settings.memory_limit_bytes = std::clamp<int64_t>(database_->settings().memory_limit_bytes / 4, 1 << 20, 64 << 20);
  return Database::OpenIn(target_, path_, settings);
}

int64_t Backup::pages_total() const {
  const std::lock_guard lock(running_->mutex);
  return running_->copy == nullptr ? 0 : running_->copy->pages_total();
}

int64_t Backup::pages_done() const {
  const std::lock_guard lock(running_->mutex);
  return running_->copy == nullptr ? 0 : running_->copy->pages_done();
}

}  // namespace turdb::engine
