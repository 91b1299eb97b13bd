// A copy of an open database as a database of its own, made while others read and write (storage/backup.h).
#ifndef TURDB_ENGINE_BACKUP_H_
#define TURDB_ENGINE_BACKUP_H_

#include <memory>
#include <mutex>
#include <string>

#include "base/status.h"
#include "engine/database.h"
#include "storage/backup.h"

namespace turdb::engine {

// One thread at a time; closing the database ends it. Unless it is done, what was made of the copy goes with it.
class Backup {
 public:
  // Of `database` into the new or empty directory `path`, where the database is; of one in memory, among the machine's files.
  static base::StatusOr<std::unique_ptr<Backup>> Begin(std::shared_ptr<Database> database, const std::string& path);
  Backup(const Backup&) = delete;
  Backup& operator=(const Backup&) = delete;
  ~Backup();

  // Copies up to `pages` pages. True: done. The last step replays the copy's log, so that the copy is closed properly.
  base::StatusOr<bool> Step(int64_t pages);
  // REQUIRES: done. The copy, past the registry, with little memory.
  base::StatusOr<std::shared_ptr<Database>> OpenCopy() const;
  int64_t pages_total() const;
  int64_t pages_done() const;

 private:
  Backup(std::shared_ptr<Database> database, std::string path);
  base::Status CheckOutside() const;
  base::Status Recover() const;

  const std::shared_ptr<Database> database_;
  const os::Environment target_;
  const std::string path_;
  std::shared_ptr<Database::RunningBackup> running_;
  bool failed_ = false;
  bool done_ = false;
};

// Whether `path` names something below `directory`, by whichever names.
base::StatusOr<bool> LiesInside(os::FileSystem& files, const std::string& path, const std::string& directory);

}  // namespace turdb::engine

#endif  // TURDB_ENGINE_BACKUP_H_
