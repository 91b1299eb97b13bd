// A copy of an open database, made while others change it.
//
// The files are copied as they are on disk, in any order, while pages are written to them; with the log from the checkpoint
// before the first copied byte to a moment behind the last one, that is what a crash at that moment could have left, and
// recovery makes it whole (a fuzzy dump, as in ARIES, section 13, and PostgreSQL's base backups).
//
//  (1) The log is kept from the checkpoint's needs on until the copy is done: it may outgrow `wal_limit_bytes` meanwhile.
//  (2) A page reaches its file only once the log is durable beyond its LSN, so the copied log covers every copied page.
//  (3) A page that is being written just then is read again until its checksum is right.
//  (4) Files made, renamed or dropped meanwhile are in the log, whichever of their names the copy has.
#ifndef TURDB_STORAGE_BACKUP_H_
#define TURDB_STORAGE_BACKUP_H_

#include <cstdint>
#include <memory>
#include <string>

#include "os/file_system.h"
#include "storage/storage.h"

namespace turdb::storage {

// A file of this name in a directory: what is there is a backup that was not finished, and the next one may take its place.
inline constexpr char kUnfinishedBackup[] = "backup.unfinished";

// One thread at a time. Must not outlive the storage.
class Backup {
 public:
  // `directory` (in `files`) is made; it must not exist, or be empty. Runs a checkpoint.
  // Errors: 58P02 when something is in it already; what the file system says.
  static StatusOr<std::unique_ptr<Backup>> Begin(Storage& storage, std::shared_ptr<os::FileSystem> files,
                                                 std::string directory);
  Backup(const Backup&) = delete;
  Backup& operator=(const Backup&) = delete;
  // Unless it was kept, all that is in the directory goes, as far as the file system allows.
  ~Backup();

  // Copies up to `pages` pages more; the step after the last one copies the log and makes everything durable. True: done, and
  // the copy holds all that was committed before this step began. A page that is damaged, or anything else that fails, is an
  // error, and the backup cannot go on.
  StatusOr<bool> Step(int64_t pages);
  // The copy is a database from now on: until then its directory says that it is none.
  Status Keep();

  // Of the files as they were when they were last looked at; the log is not counted.
  int64_t pages_total() const;
  int64_t pages_done() const;

 private:
  struct State;
  explicit Backup(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace turdb::storage

#endif  // TURDB_STORAGE_BACKUP_H_
