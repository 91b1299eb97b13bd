// The parts of Storage and how they are wired. Private to the room.
#ifndef TURDB_STORAGE_STORAGE_IMPL_H_
#define TURDB_STORAGE_STORAGE_IMPL_H_

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "base/hash_map.h"
#include "storage/checkpointer.h"
#include "storage/file_directory.h"
#include "storage/storage.h"
#include "storage/write_back.h"

namespace turdb::storage {

class Storage::Impl {
 public:
  Impl(const os::Environment& environment, std::string directory, const Options& options, base::MemoryBudget& budget);

  Status Open(const RedoTable& redo);
  Status Close();

  // Constant after Open.
  const os::Environment environment;
  const std::string directory;
  const Options options;
  base::MemoryBudget& budget;
  RecoveryInfo recovery;
  std::function<Lsn()> oldest_live_writer;
  std::function<TxnId()> next_txn_id;

  // Each synchronises itself.
  Health health;
  PageFiles files;
  std::unique_ptr<os::FileLock> lock;
  std::unique_ptr<Log> log;
  std::unique_ptr<WriteBack> write_back;
  std::unique_ptr<BufferPool> pool;
  std::unique_ptr<FileDirectory> file_directory;
  std::unique_ptr<Checkpointer> checkpointer;
  std::atomic<Synchronous> synchronous;
  std::atomic<bool> closed{false};
  std::atomic<Lsn> room_until{0};  // below, the log has been found to have room for changes
  std::atomic<Lsn> refused_at{0};  // where the log was when the disk had none, not even after a checkpoint

  // Transactions that recovery found and nobody has undone yet: the log is kept for them.
  absl::Mutex mu;
  base::HashMap<TxnId, Lsn> to_undo ABSL_GUARDED_BY(mu);
  std::atomic<bool> any_to_undo{false};

  Status CheckWritable() const;
  // What Storage::PrepareChange does; `txn` null: for no transaction. `latched`: pages are, so no checkpoint is made.
  Status PrepareChange(const TxnLog* txn, bool latched);
  bool CheckpointMayFreeSegments();

 private:
  Status LockDirectory();
  Status CheckNotForeign();
  Status CreateDatabase();
  Status ReadMeta(bool* changed);
  Status OpenParts(const RedoTable& redo, bool meta_changed);
  // salvage.cc
  struct FoundFile {
    FileId id;
    std::string path;
    uint64_t database_id;
  };
  StatusOr<std::array<std::byte, kFileHeaderBytes>> SoundHeader(const std::string& path) const;
  StatusOr<std::vector<FoundFile>> FindFiles();
  Status AdoptDatabaseId(Status problem);
  Status AdoptFiles();
  // OK, and one problem more, when salvaging.
  Status Tolerate(Status status) {
    if (status.ok() || !options.salvage) return status;
    recovery.problems.push_back(base::Describe(status));
    return absl::OkStatus();
  }
  Lsn KeepLsn();
  Status CloseProperly();

  bool made_directory_ = false;
};

// Of a database that is to be salvaged: as if nothing had been logged since its files were written.
Status RemoveLog(os::FileSystem& files, const std::string& directory);

}  // namespace turdb::storage

#endif  // TURDB_STORAGE_STORAGE_IMPL_H_
