// A store small enough to be obviously right, on which txn's rules are tested: a log in a vector, pages
// that are maps under a latch, splits, merges, evictions and undo, with none of storage below.
#ifndef TURDB_TESTS_TXN_TOY_STORE_H_
#define TURDB_TESTS_TXN_TOY_STORE_H_

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <shared_mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/memory_budget.h"
#include "os/environment.h"
#include "txn/commit_log.h"
#include "txn/transaction_manager.h"
#include "txn/undo_target.h"
#include "txn/version_directory.h"

namespace turdb::txn {

// A log in memory. Thread-safe.
class ToyLog : public CommitLog {
 public:
  base::Status PrepareChange(const storage::TxnLog&) override { return absl::OkStatus(); }
  base::Lsn visible_lsn() const override { return visible_.load(std::memory_order_acquire); }
  base::Status health() const override;
  base::Lsn LogCommit(storage::TxnLog& log, absl::FunctionRef<void(base::Lsn)> on_reserved) override;
  base::Status WaitCommitted(base::Lsn lsn) override;
  base::Status FinishFileChanges(storage::TxnLog&) override { return absl::OkStatus(); }
  void LogAbortEnd(storage::TxnLog& log) override;
  base::StatusOr<storage::LogRecordView> ReadRecord(base::Lsn lsn, std::vector<std::byte>& buffer) override;
  base::Status UndoFileRecord(storage::TxnLog& log, const storage::LogRecordView& record) override;
  bool TryChangeVersions(base::PageId page, absl::FunctionRef<void(std::atomic<void*>&)> change) override;
  base::Status ChangeVersions(base::PageId page, absl::FunctionRef<void(std::atomic<void*>&)> change) override;

  base::Lsn Append(storage::RecordKind kind, storage::TxnLog* log, base::PageId page, uint8_t op, std::string payload,
                   base::Lsn undo_next = base::kNoLsn);
  // From now on nothing reaches the log: appends vanish, commits fail.
  void Poison() { poisoned_.store(true); }
  // Reading records fails, as a broken disk does, while the database is otherwise well.
  void FailReads(bool fail) { fail_reads_.store(fail); }
  size_t record_count() const;
  size_t count_of(storage::RecordKind kind) const;
  int file_undos() const { return file_undos_.load(); }
  void set_store(class ToyStore* store) { store_ = store; }

 private:
  struct Record {
    storage::RecordKind kind;
    TxnId txn;
    base::Lsn previous, undo_next;
    base::PageId page;
    uint8_t op;
    std::string payload;
  };
  base::Lsn AppendLocked(Record record, storage::TxnLog* log);

  mutable std::mutex mu_;
  std::vector<Record> records_;
  std::atomic<base::Lsn> visible_{8};
  std::atomic<bool> poisoned_{false};
  std::atomic<bool> fail_reads_{false};
  std::atomic<int> file_undos_{0};
  class ToyStore* store_ = nullptr;
};

// One ordered table. Thread-safe: the structure lock plays the part of the interior nodes.
class ToyStore : public UndoTarget {
 public:
  static constexpr base::FileId kFile = 7;

  ToyStore(ToyLog& log, TransactionManager& transactions);
  ~ToyStore() override;

  // False: a live row has the key.
  base::StatusOr<bool> Insert(Transaction& txn, const std::string& key, const std::string& value);
  // False: no row that the transaction sees.
  base::StatusOr<bool> Update(Transaction& txn, const std::string& key, const std::string& value);
  // The new value from the newest one.
  base::StatusOr<bool> Change(Transaction& txn, const std::string& key,
                              absl::FunctionRef<std::string(const std::string&)> change);
  base::StatusOr<bool> Delete(Transaction& txn, const std::string& key);
  base::StatusOr<bool> Lock(Transaction& txn, const std::string& key, LockStrength strength,
                            WaitPolicy policy = WaitPolicy::kWait);
  std::optional<std::string> Get(const View& view, const std::string& key);
  std::vector<std::pair<std::string, std::string>> Scan(const View& view);
  base::Status Undo(storage::TxnLog& log, base::Lsn undo_next, base::PageId page, uint8_t op, base::Bytes payload) override;

  // Structure and residency, at the caller's will.
  void Split(size_t page_index);
  void MergeWithNext(size_t page_index);
  void Evict(size_t page_index);
  void PurgeGhosts(base::PageId page);
  size_t page_count();
  size_t slot_count();
  void CheckInvariants();
  void set_split_above(size_t slots) { split_above_ = slots; }

  bool TryChangeVersions(base::PageId page, absl::FunctionRef<void(std::atomic<void*>&)> change);
  void ChangeVersions(base::PageId page, absl::FunctionRef<void(std::atomic<void*>&)> change);

 private:
  struct Slot {
    bool ghost = false;
    std::string value;
  };
  struct Page {
    base::PageId id;
    std::shared_mutex latch;
    bool resident = true;  // guarded by the latch
    std::atomic<void*> versions{nullptr};
    std::map<std::string, Slot> slots;
    std::string fence;  // the lower one; constant once others find the page
    PageVersions at() { return {id, &versions}; }
    VersionTable* table() { return static_cast<VersionTable*>(versions.load()); }
  };
  using Slots = std::map<std::string, Slot>;

  // Both with the structure lock held.
  Page& PageOf(const std::string& key);
  void Load(Page& page);  // exclusive latch
  Page& NewPage();
  void SplitLocked(std::map<std::string, std::unique_ptr<Page>>::iterator at);
  // Fixes, judges, waits, and calls `change` once the row is free to change. False: kAbsent (or a duplicate).
  base::StatusOr<bool> Write(Transaction& txn, const std::string& key, Intent intent, WaitPolicy policy,
                             absl::FunctionRef<void(Page&, Slots::iterator)> change);
  static SplitKey Predecessor(Page& page, Slots::iterator at);

  ToyLog& log_;
  TransactionManager& transactions_;
  std::shared_mutex structure_;
  std::map<std::string, std::unique_ptr<Page>> pages_;  // by lower fence; guarded by structure_
  std::vector<std::unique_ptr<Page>> retired_;          // the collector may still hold their ids
  base::PageNo next_page_ = 1;
  size_t split_above_ = 16;
};

// A manager over a toy log and store, on the machine's own clock and threads.
class ToyDatabase {
 public:
  explicit ToyDatabase(int64_t budget_bytes = int64_t{64} << 20);
  ~ToyDatabase();

  base::MemoryBudget budget;
  os::Environment environment;
  ToyLog log;
  TransactionManager manager;
  ToyStore store;

  // Begins a transaction with its first statement.
  TransactionPtr Begin();
  void NextStatement(Transaction& txn);
  // Collects until nothing more can be collected.
  void CollectAll();
  // No transaction or snapshot is alive: everything must be gone.
  void ExpectQuiet();
};

}  // namespace turdb::txn

#endif  // TURDB_TESTS_TXN_TOY_STORE_H_
