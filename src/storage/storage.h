// Storage: files of pages, the log, checkpoints and recovery behind one class. It knows pages and bytes; what is
// in them is the business of the rooms above, which hand in their redo functions.
//
// The flow of one change:
//   1. fix the pages exclusively, judge;
//   2. BeginChange(guards): a page that is clean is logged as a full image first (unless its kind NeedsNoImage);
//   3. edit the pages in memory;
//   4. LogChange(...): one record for all of it; the pages' LSN becomes the record's end;
//   5. release the guards.
// Steps 2 to 5 cannot fail: what can (reading, a full disk, memory) is met in step 1.
#ifndef TURDB_STORAGE_STORAGE_H_
#define TURDB_STORAGE_STORAGE_H_

#include <array>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "base/memory_budget.h"
#include "base/status.h"
#include "os/environment.h"
#include "storage/buffer_pool.h"
#include "storage/check_report.h"
#include "storage/log_record.h"
#include "storage/page.h"
#include "storage/page_allocation.h"

namespace turdb::storage {

enum class Synchronous : uint8_t {
  kFull,    // a commit that returned survives power loss
  kNormal,  // it survives the death of the process; power loss may take the last commits, never consistency
  kOff,     // the death of the process may take the last commits, never consistency
};

struct Options {
  int64_t page_cache_bytes = 64 << 20;   // at least kMinPoolFrames pages
  int64_t log_buffer_bytes = 1 << 20;    // rounded up to a power of two, at least 128 KiB
  int64_t wal_limit_bytes = 256 << 20;   // how far checkpoints may lag; at least 1 MiB
  int64_t page_cache_reserve_bytes = 0;  // address space SetLimit may grow into; 0: 16 GiB or page_cache_bytes
  Synchronous synchronous = Synchronous::kFull;
  int threads = 1;  // more than 1: checkpoints run on a thread of their own
  bool read_only = false;
  bool create_if_missing = true;
  // Opens also what is damaged, to read what is left of it: RecoveryInfo::problems says what was met. What is open so must not
  // be changed, and is spoilt for any other opening: make a copy first.
  bool salvage = false;
};

// Applies one entry to one page: a pure function. The page's LSN is set by storage. An error means that payload
// and page do not fit each other, and is reported as corruption.
using RedoFn = Status (*)(uint8_t op, PageId id, std::byte* page, Bytes payload);
struct RedoTable {
  std::array<RedoFn, 256> by_op{};  // storage fills 0x01..0x1f itself
  PageFaultFn fault_of_page = &NoFaultOfPage;
};

struct UnfinishedTransaction {
  TxnId id = 0;
  Lsn first_lsn = base::kNoLsn;
  Lsn last_lsn = base::kNoLsn;
};

// What Open found. Everything committed is redone; what is unfinished waits to be undone by txn, through
// ReadRecord from last_lsn backwards (a compensation says where to go on), ending in LogAbortEnd.
struct RecoveryInfo {
  bool created = false;    // the database was made by this Open
  bool was_clean = false;  // closed properly: there was nothing to redo
  std::vector<UnfinishedTransaction> unfinished;
  TxnId next_txn_id = 1;
  Lsn end_lsn = base::kNoLsn;  // of the log as it was found
  uint64_t records_redone = 0;
  std::vector<std::string> problems;  // Options::salvage
};

struct StorageStats {
  uint64_t log_syncs = 0;    // how often the log was made durable
  uint64_t checkpoints = 0;  // that were completed
};

// Of one file, as TrimFreePages left it.
struct FreeSpace {
  PageNo page_count = 0;            // page 0 and free pages included
  PageNo used_pages = 0;            // without the free ones
  PageNo last_low = base::kNoPage;  // the last free page below used_pages
};

class FileDirectory;

// See Storage::PinFile. Released by any thread.
class FilePin {
 public:
  FilePin() = default;
  FilePin(FilePin&& other) noexcept
      : pinned_(std::exchange(other.pinned_, false)),
        directory_(std::exchange(other.directory_, nullptr)),
        file_(other.file_) {}
  FilePin& operator=(FilePin&&) = delete;
  ~FilePin();
  explicit operator bool() const { return pinned_; }

 private:
  friend class Storage;
  FilePin(FileDirectory* directory, FileId file) : pinned_(true), directory_(directory), file_(file) {}

  bool pinned_ = false;
  FileDirectory* directory_ = nullptr;  // null: turdb.meta, which is never dropped
  FileId file_ = 0;
};

// Thread-safe, but for Open, SetOldestLiveWriter, SetNextTransactionId and Close, which the owner calls alone.
class Storage {
 public:
  // Takes the lock of the directory, makes or checks the database, replays the log. Read-only: nothing is written,
  // and a database that needs recovery is refused with a hint to open it read-write once.
  static StatusOr<std::unique_ptr<Storage>> Open(const os::Environment& environment, std::string directory,
                                                 const Options& options, base::MemoryBudget& budget, const RedoTable& redo);
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;
  ~Storage();  // without Close: like a crash of the process

  BufferPool& pool();
  const RecoveryInfo& recovery() const;
  const os::Environment& environment() const;
  base::MemoryBudget& budget();
  uint64_t database_id() const;
  bool read_only() const;

  // OK, or why the database is read-only now (a log or page write that failed; its first cause is kept).
  Status health() const;
  StorageStats stats() const;  // since Open

  // ---- Changing pages. REQUIRES: not opened read-only.
  // Before the first change of an operation of `txn`, with no latch held: sees to it that the log has room for the change,
  // and to take back all that the transaction has logged so far (README.md, "A full disk"). 53100 when the disk is full:
  // nothing changed, and what has changed so far can be rolled back. Cheap when there is room.
  Status PrepareChange(const TxnLog& txn);
  // Must precede the first edit of the pages, and the record must follow before a guard is released.
  void BeginChange(std::span<ExclusiveGuard* const> pages);
  // Logs one record and stamps the pages. `txn` may be null for kStructure. `changed` covers every entry's page.
  // Returns the record's end. Cannot fail: once the database is poisoned, records go nowhere, and health() and
  // commits say why. Waits only for space in the log's buffer.
  Lsn LogChange(RecordKind kind, TxnLog* txn, std::span<const LogEntry> entries, std::span<ExclusiveGuard* const> changed,
                Lsn undo_next = base::kNoLsn);

  // ---- Pages of a file. See page_allocation.h.
  StatusOr<PageAllocation> AllocatePages(FileId file, int count);
  // `pages` are latched by the caller, of that file, and not page 0.
  StatusOr<PageRelease> FreePages(FileId file, std::span<ExclusiveGuard* const> pages);
  // From page 0, under its shared latch.
  StatusOr<PageNo> PageCount(FileId file);
  // The same, or as many as the file has room for when page 0 is damaged.
  StatusOr<PageNo> PagesOnDisk(FileId file);

  // ---- Giving space back (file_trim.cc), by one caller at a time. Those who take or free pages of the file wait.
  // Free pages at the end of the file go: its page count falls. The rest of the list is put into an order in which
  // pages can be moved down: below `used_pages` ascending first, then descending from the end.
  StatusOr<FreeSpace> TrimFreePages(FileId file);
  // Free pages at the end go as long as they are first in the list, or first behind `last_low`. Returns the page count.
  StatusOr<PageNo> DropFreePagesAtEnd(FileId file, PageNo last_low);
  // The file system gets what lies behind the page count, and behind `pages`.
  // REQUIRES: a whole checkpoint since the page count was as low as `pages`.
  Status CutFile(FileId file, PageNo pages);

  // ---- Files. Paths are relative to the database's directory, with '/' between parts; directories are made
  // when missing. All three are logged, take effect for others when the transaction commits, and are undone by
  // UndoFileRecord. `header` is page 0's 128 bytes: magic and the fields of its kind; the shared fields (page
  // count, version, database id, LSN, CRC) are filled in here.
  Status CreateFile(TxnLog& txn, FileId file, std::string_view path, Bytes header);
  Status RenameFile(TxnLog& txn, FileId file, std::string_view new_path);
  Status DropFile(TxnLog& txn, FileId file);
  // Rollback meets kFileCreate, kFileRename or kFileDrop: takes it back, and logs kFileUndo.
  Status UndoFileRecord(TxnLog& txn, const LogRecordView& record);
  // After WaitCommitted, when txn.has_file_changes: files get their names. Dropped files stay readable until
  // RemoveDroppedFile or the next Open.
  Status FinishFileChanges(TxnLog& txn);
  // When no snapshot can need the file any more. No guard of its pages may be held by the caller.
  Status RemoveDroppedFile(FileId file);
  // Whoever is in a file's pages or tree without a snapshot and without a lock on its table holds a pin meanwhile. An
  // empty one says that the file is not there for good: its making has not committed, or its drop has.
  FilePin PinFile(FileId file);
  // Whether the file's drop has taken effect and no pin is left: from then on none comes any more, its tree may be
  // forgotten and it be removed. A commit that could not finish its file changes leaves that to the next Open.
  bool CanRemoveFile(FileId file) const;
  bool FileExists(FileId file) const;
  StatusOr<std::string> FilePath(FileId file) const;  // where it is or will be when its transaction commits
  std::vector<FileId> Files() const;                  // not those dropped by a committed transaction

  // ---- Commits
  // Logs the commit and returns its LSN (the record's end), which is the commit timestamp. `on_reserved` gets it
  // before the record counts as filled, so that visible_lsn() never passes a commit that is not yet marked.
  Lsn LogCommit(TxnLog& txn, absl::FunctionRef<void(Lsn)> on_reserved);
  // full: until durable (whoever comes first writes and syncs for all who wait); normal: until written to the
  // operating system; off: until visible. Then visible_lsn() >= lsn. May do a bounded slice of checkpoint work.
  Status WaitCommitted(Lsn lsn);
  Lsn visible_lsn() const;  // durable prefix (full) or filled prefix (normal, off); one load
  void LogAbortEnd(TxnLog& txn);
  // For rollback. The view points into `buffer`.
  StatusOr<LogRecordView> ReadRecord(Lsn lsn, std::vector<std::byte>& buffer);
  Lsn next_lsn() const;  // where the next record will begin
  Status FlushLog();     // what was logged so far becomes durable (opened with `off`: written), whatever commits wait for
  void SetSynchronous(Synchronous synchronous);  // what commits wait for; what was opened with `off` never syncs

  // ---- Checkpoints
  Status Checkpoint();  // a whole one, fuzzy: stops neither readers nor writers
  // No record that begins below the returned LSN (kNoLsn: no live writer) is needed for rollback: the minimum of
  // TxnLog::first_lsn over writers that were registered before their first record and have not ended.
  void SetOldestLiveWriter(std::function<Lsn()> oldest_first_lsn);
  void SetNextTransactionId(std::function<TxnId()> next_id);
  // Makes everything durable, writes a last checkpoint. The database is read-only afterwards; then destroy it.
  // REQUIRES: no guard is held and no transaction is alive.
  Status Close();

  // ---- Check: checksums, headers, page 0, the free list of one file.
  Status CheckFile(FileId file, CheckReport* report);

 private:
  friend class Backup;
  class Impl;
  Status NotFree(FileId file, PageNo page) const;
  explicit Storage(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace turdb::storage

#endif  // TURDB_STORAGE_STORAGE_H_
