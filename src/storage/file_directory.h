// Which files a database has, and how they are made, renamed and dropped so that a crash at any point leaves
// either the old or the new state (kernel rule 15).
//
//   create   logged and durable -> file made as `<path>.<id>.new`, header durable -> used -> commit durable -> renamed
//   rename   logged -> commit durable -> renamed
//   drop     logged -> commit durable -> renamed to `<path>.<id>.old` -> nobody needs it -> unlinked
//
//  (1) Between the record and the rename, the change is pending under its transaction; the log is kept from the
//      first pending change on, so recovery sees all of them again.
//  (2) The state after replaying any suffix of the changes that are in the log is the state after all of them: a
//      checkpoint's map may be newer than the changes replayed onto it.
//  (3) A file is taken for object n only if its header says n: renames can be repeated.
//  (4) Names are made durable by checkpoints, and a checkpoint's map tells only durable ones: until then recovery finds
//      the changes in the log, and repeats them.
//  (5) Whoever is in a file's pages without a snapshot and without a lock on its table pins it. Only a live file can be
//      pinned; a dropped one is not removed, nor its tree forgotten, before the last pin has gone.
#ifndef TURDB_STORAGE_FILE_DIRECTORY_H_
#define TURDB_STORAGE_FILE_DIRECTORY_H_

#include <array>
#include <list>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "base/hash_map.h"
#include "storage/buffer_pool.h"
#include "storage/log.h"
#include "storage/page_files.h"

namespace turdb::storage {

// On disk (in checkpoints): do not change.
enum class FileState : uint8_t {
  kLive = 1,
  kCreated = 2,  // by a transaction that has not committed
  kDropped = 3,  // by one that has; waits to be removed
};

std::string CreatedName(std::string_view path, FileId file);  // "root/t.tbd.17.new"
std::string DroppedName(std::string_view path, FileId file);  // "root/t.tbd.17.old"
std::string_view ParentOf(std::string_view path);             // "root", "" at the top

struct FileMove {
  FileId file;
  std::string from, to;
};

// Thread-safe. Changes exclude each other and checkpoints' snapshots by one lock that is held across I/O.
class FileDirectory {
 public:
  FileDirectory(const os::Environment& environment, std::string directory, Log& log, BufferPool& pool, PageFiles& pages,
                Health& health)
      : environment_(environment), directory_(std::move(directory)), log_(log), pool_(pool), pages_(pages), health_(health) {}

  // As in Storage.
  Status Create(TxnLog& txn, FileId file, std::string_view path, Bytes header);
  Status Rename(TxnLog& txn, FileId file, std::string_view new_path);
  Status Drop(TxnLog& txn, FileId file);
  Status Undo(TxnLog& txn, const LogRecordView& record);
  Status Finish(TxnLog& txn);
  Status RemoveDropped(FileId file);
  bool TryPin(FileId file);
  void Unpin(FileId file);
  bool CanRemove(FileId file) const;
  Status RemoveAllDropped();
  bool Exists(FileId file) const;
  StatusOr<std::string> Path(FileId file) const;
  std::vector<FileId> Files() const;
  // Where the files are now, those just being made included, dropped ones not. Relative to the database's directory.
  std::vector<std::pair<FileId, std::string>> Places() const;
  Lsn OldestPendingLsn() const;  // UINT64_MAX when nothing is pending
  // Makes the names of finished changes durable. One caller at a time.
  Status SyncNames();

  // Logs the checkpoint's begin record and the map as it is then; false when a change is under way, or has just been
  // made and SyncNames is due again.
  bool TryLogCheckpointBegin(Lsn* begin);
  uint64_t CheckpointBytes() const;  // about what that logs

  // ---- Recovery, single-threaded, in this order: the checkpoint's map, then every record of the log from the scan
  // start on, then ApplyNames.
  Status ReplayMap(const LogRecordView& record);
  Status Replay(const LogRecordView& record);
  // Gives the files of committed changes their names, removes what was dropped, tells PageFiles where all are. A file that the
  // log makes at or above `redo_from` and that is not there (a backup has not met it) is made anew: all its pages are redone.
  Status ApplyNames(Lsn redo_from);
  // The file is taken for a live one of this name, whatever the log says. For salvage.
  void Adopt(FileId file, const std::string& path);
  bool IsGone(FileId file) const { return gone_.contains(file); }  // redo skips it

 private:
  struct File {
    FileState state;
    std::string disk_path;  // where it is
    std::string path;       // where it is or will be
    uint32_t pins = 0;
  };
  struct Change {
    RecordKind kind;
    FileId file;
    Lsn lsn;  // where its record begins
    std::string old_path, new_path;
  };

  Status ApplyKnownNames(Lsn redo_from, std::vector<std::pair<FileId, std::string>>* missing);
  Status Make(FileId file, const std::string& disk_path, Bytes header, Lsn lsn);
  // A file that goes, and the folder to be synced then: made first, for who has logged it cannot stop for want of memory.
  struct Removal {
    std::string file, folder;
  };
  Removal RemovalOf(const std::string& path) const;
  Status Unlink(const Removal& removal);
  Status Unlink(const std::string& path) { return Unlink(RemovalOf(path)); }
  Status EnsureDirectories(std::string_view path, std::vector<std::string>* above);
  // `changed`: the folders to be synced.
  Status ApplyMoves(std::vector<FileMove> moves, std::list<std::string>* changed);
  Status SyncDirectories(std::vector<std::string> directories);  // relative to the database's
  bool PathIsTaken(std::string_view path) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  Lsn LogChange(RecordKind kind, TxnLog& txn, FileId file, uint8_t op, Bytes first, Bytes second, Lsn undo_next);
  // REQUIRES: mu_. Filled in with its record's LSN by the caller.
  Change* Announce(TxnId txn, Change change);
  void Commit(TxnId txn);
  Status FindOnDisk(FileId file, const std::vector<std::string>& names, std::string* found) const;

  const os::Environment environment_;
  const std::string directory_;
  Log& log_;
  BufferPool& pool_;
  PageFiles& pages_;
  Health& health_;
  ParkingLock change_lock_{LockRank::kFileChanges};
  mutable absl::Mutex mu_;
  base::HashMap<FileId, File> files_ ABSL_GUARDED_BY(mu_);
  base::HashMap<TxnId, std::vector<Change>> pending_ ABSL_GUARDED_BY(mu_);
  std::list<std::string> unsynced_folders_ ABSL_GUARDED_BY(mu_);  // (4): that hold such names
  std::list<std::string> syncing_folders_ ABSL_GUARDED_BY(mu_);   // by SyncNames

  // Recovery's.
  struct Creation {
    Lsn lsn, end;  // of the record
    std::array<std::byte, kFileHeaderBytes> header;
  };
  base::HashMap<FileId, Creation> creations_;
  base::HashMap<FileId, std::vector<std::string>> touched_;  // names a changed file may have on disk
  base::HashSet<FileId> gone_;
};

}  // namespace turdb::storage

#endif  // TURDB_STORAGE_FILE_DIRECTORY_H_
