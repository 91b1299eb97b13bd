// Pages for tests: each holds 64-bit counters, and an operation adds to one of them. Adding is not idempotent, so
// a change that recovery redoes twice or not at all shows.
#ifndef TURDB_TESTS_STORAGE_TOY_PAGES_H_
#define TURDB_TESTS_STORAGE_TOY_PAGES_H_

#include <array>
#include <cstring>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "os/environment.h"
#include "os/fault_file_system.h"
#include "storage/file_header.h"
#include "storage/storage.h"

namespace turdb::storage {

inline constexpr uint8_t kAdd = 0x80;       // {u16 slot, u64 amount}
inline constexpr int kSlotsPerPage = 2000;  // from byte 16 on

inline uint64_t LoadSlot(const std::byte* page, int slot) { return base::LoadLE<uint64_t>(page + kPageHeaderBytes + 8 * slot); }

inline void AddToSlot(std::byte* page, int slot, uint64_t amount) {
  base::StoreLE<uint64_t>(page + kPageHeaderBytes + 8 * slot, LoadSlot(page, slot) + amount);
}

inline Status RedoAdd(uint8_t, PageId, std::byte* page, Bytes payload) {
  if (payload.size() != 10) return base::CorruptionError("a toy operation of the wrong size");
  AddToSlot(page, base::LoadLE<uint16_t>(payload.data()), base::LoadLE<uint64_t>(payload.data() + 2));
  return absl::OkStatus();
}

inline RedoTable ToyRedo() {
  RedoTable table;
  table.by_op[kAdd] = &RedoAdd;
  return table;
}

inline std::vector<std::byte> ToyHeader(FileId file) {
  std::vector<std::byte> header(kFileHeaderBytes);
  SetMagic(header.data(), kTableMagic);
  base::StoreLE<uint64_t>(header.data() + 16, file);
  return header;
}

#define ASSERT_OK(expression)                                      \
  do {                                                             \
    const ::absl::Status status_ = (expression);                   \
    ASSERT_TRUE(status_.ok()) << ::turdb::base::Describe(status_); \
  } while (false)
#define EXPECT_OK(expression)                                      \
  do {                                                             \
    const ::absl::Status status_ = (expression);                   \
    EXPECT_TRUE(status_.ok()) << ::turdb::base::Describe(status_); \
  } while (false)

// One storage over some environment, with what a transaction layer would do, in its simplest form.
class Toy {
 public:
  Toy(os::Environment environment, Options options, std::string directory = "db")
      : environment_(std::move(environment)), options_(options), directory_(std::move(directory)) {}

  Status Open() {
    storage_.reset();
    budget_ = std::make_unique<base::MemoryBudget>(int64_t{256} << 20);
    TURDB_ASSIGN_OR_RETURN(storage_, Storage::Open(environment_, directory_, options_, *budget_, ToyRedo()));
    next_txn_ = storage_->recovery().next_txn_id;
    live_.clear();
    storage_->SetOldestLiveWriter([this] { return OldestLiveWriter(); });
    storage_->SetNextTransactionId([this] { return next_txn_.load(); });
    return absl::OkStatus();
  }
  void Crash() { storage_.reset(); }
  Status Close() {
    const Status status = storage_->Close();
    storage_.reset();
    return status;
  }
  Storage& operator*() { return *storage_; }
  Storage* operator->() { return storage_.get(); }
  Options& options() { return options_; }
  base::MemoryBudget& budget() { return *budget_; }

  std::unique_ptr<TxnLog> Begin() {
    auto txn = std::make_unique<TxnLog>();
    txn->id = next_txn_++;
    const std::lock_guard<std::mutex> lock(mu_);
    live_.insert(txn.get());
    return txn;
  }
  void End(TxnLog& txn) {
    const std::lock_guard<std::mutex> lock(mu_);
    live_.erase(&txn);
  }
  Lsn OldestLiveWriter() {
    const std::lock_guard<std::mutex> lock(mu_);
    Lsn oldest = base::kNoLsn;
    for (const TxnLog* txn : live_) {
      const Lsn first = txn->first_lsn.load();
      if (first != base::kNoLsn && (oldest == base::kNoLsn || first < oldest)) oldest = first;
    }
    return oldest;
  }
  Status Commit(TxnLog& txn) {
    const Lsn lsn = storage_->LogCommit(txn, [](Lsn) {});
    TURDB_RETURN_IF_ERROR(storage_->WaitCommitted(lsn));
    End(txn);
    return txn.has_file_changes ? storage_->FinishFileChanges(txn) : absl::OkStatus();
  }
  // A file with `pages` counter pages after page 0, made and committed by a transaction of its own.
  Status MakeFile(FileId file, const std::string& path, int pages) {
    const auto txn = Begin();
    TURDB_RETURN_IF_ERROR(storage_->CreateFile(*txn, file, path, ToyHeader(file)));
    for (int i = 0; i < pages; ++i) TURDB_RETURN_IF_ERROR(AddPage(file).status());
    return Commit(*txn);
  }
  StatusOr<PageNo> AddPage(FileId file) {
    TURDB_ASSIGN_OR_RETURN(PageAllocation allocation, storage_->AllocatePages(file, 1));
    Guards guards;
    allocation.AppendGuards(&guards);
    storage_->BeginChange(guards);
    LogEntries entries;
    allocation.Apply(PageKind::kOverflow, &entries);
    storage_->LogChange(RecordKind::kStructure, nullptr, entries, guards);
    return allocation.page_no(0);
  }
  Status FreePage(PageId id) {
    TURDB_ASSIGN_OR_RETURN(ExclusiveGuard page, storage_->pool().FixExclusive(id));
    ExclusiveGuard* pages[] = {&page};
    TURDB_ASSIGN_OR_RETURN(PageRelease release, storage_->FreePages(id.file, pages));
    Guards guards;
    release.AppendGuards(&guards);
    storage_->BeginChange(guards);
    LogEntries entries;
    release.Apply(&entries);
    storage_->LogChange(RecordKind::kStructure, nullptr, entries, guards);
    return absl::OkStatus();
  }
  Status Add(TxnLog* txn, PageId id, int slot, uint64_t amount, RecordKind kind = RecordKind::kUpdate, Lsn undo_next = 0) {
    TURDB_ASSIGN_OR_RETURN(ExclusiveGuard guard, storage_->pool().FixExclusive(id));
    ExclusiveGuard* guards[] = {&guard};
    storage_->BeginChange(guards);
    AddToSlot(guard.page(), slot, amount);
    std::array<std::byte, 10> payload;
    base::StoreLE<uint16_t>(payload.data(), static_cast<uint16_t>(slot));
    base::StoreLE<uint64_t>(payload.data() + 2, amount);
    const LogEntry entry{id, kAdd, {Bytes(payload).first(2), Bytes(payload).subspan(2)}};
    storage_->LogChange(kind, txn, std::span(&entry, 1), guards, undo_next);
    return absl::OkStatus();
  }
  // A place where checkpoints may do a step.
  void Breathe() { EXPECT_OK(storage_->WaitCommitted(storage_->visible_lsn())); }
  StatusOr<uint64_t> Get(PageId id, int slot) {
    TURDB_ASSIGN_OR_RETURN(const SharedGuard guard, storage_->pool().FixShared(id));
    return LoadSlot(guard.page(), slot);
  }
  // Undoes by the log, as txn will.
  Status Rollback(TxnLog& txn) {
    std::vector<std::byte> buffer;
    for (Lsn at = txn.last_lsn; at != base::kNoLsn;) {
      TURDB_ASSIGN_OR_RETURN(const LogRecordView record, storage_->ReadRecord(at, buffer));
      if (record.txn != txn.id) return base::InternalError("the chain of a transaction leads elsewhere");
      switch (record.kind) {
        case RecordKind::kUpdate: {
          const LogEntryView entry = record.entries.front();
          const int slot = base::LoadLE<uint16_t>(entry.payload.data());
          const uint64_t amount = base::LoadLE<uint64_t>(entry.payload.data() + 2);
          const Lsn next = record.previous_lsn;
          TURDB_RETURN_IF_ERROR(Add(&txn, entry.page, slot, ~amount + 1, RecordKind::kCompensation, next));
          at = next;
          break;
        }
        case RecordKind::kFileCreate:
        case RecordKind::kFileRename:
        case RecordKind::kFileDrop: {
          const Lsn next = record.previous_lsn;
          TURDB_RETURN_IF_ERROR(storage_->UndoFileRecord(txn, record));
          at = next;
          break;
        }
        case RecordKind::kCompensation:
        case RecordKind::kFileUndo:
          at = record.undo_next;
          break;
        default:
          at = record.previous_lsn;
          break;
      }
    }
    storage_->LogAbortEnd(txn);
    End(txn);
    return absl::OkStatus();
  }
  Status UndoUnfinished() {
    for (const UnfinishedTransaction& unfinished : storage_->recovery().unfinished) {
      TxnLog txn;
      txn.id = unfinished.id;
      txn.first_lsn = unfinished.first_lsn;
      txn.last_lsn = unfinished.last_lsn;
      TURDB_RETURN_IF_ERROR(Rollback(txn));
    }
    return absl::OkStatus();
  }

 private:
  os::Environment environment_;
  Options options_;
  std::string directory_;
  std::unique_ptr<base::MemoryBudget> budget_;
  std::unique_ptr<Storage> storage_;
  std::atomic<TxnId> next_txn_{1};
  std::mutex mu_;
  std::set<const TxnLog*> live_;
};

inline Options SmallOptions() {
  Options options;
  options.page_cache_bytes = 32 * kPageSize;
  options.page_cache_reserve_bytes = 8 << 20;
  options.log_buffer_bytes = 128 << 10;
  options.wal_limit_bytes = 1 << 20;
  return options;
}

inline os::Environment EnvironmentOver(std::shared_ptr<os::FileSystem> files) {
  os::Environment environment = os::Environment::InMemory();
  environment.files = std::move(files);
  return environment;
}

}  // namespace turdb::storage

#endif  // TURDB_TESTS_STORAGE_TOY_PAGES_H_
