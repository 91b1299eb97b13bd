// Begins, commits and rolls back transactions, gives out snapshots, lets writers wait for each other, and
// collects versions that nobody can see any more. README.md has the rules.
#ifndef TURDB_TXN_TRANSACTION_MANAGER_H_
#define TURDB_TXN_TRANSACTION_MANAGER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/memory_budget.h"
#include "base/status.h"
#include "os/environment.h"
#include "storage/log_record.h"
#include "txn/commit_log.h"
#include "txn/commit_observer.h"
#include "txn/snapshot_registry.h"
#include "txn/transaction.h"
#include "txn/undo_target.h"
#include "txn/version_directory.h"
#include "txn/version_memory.h"
#include "txn/view.h"

namespace turdb::storage {
struct UnfinishedTransaction;
}

namespace turdb::txn {

// One line of turdb_catalog.transactions.
struct TransactionInfo {
  TxnId id = 0;  // 0: has changed nothing so far
  Timestamp read_ts = 0;
  Isolation isolation = Isolation::kSnapshot;
  bool read_only = false;
  int64_t began_unix_us = 0;
  base::Lsn first_lsn = base::kNoLsn;
  TxnId waits_for = 0;  // the transaction it waits for, 0 = none
  base::FileId waits_for_table = base::kNoFile;
};

// Thread-safe; each Transaction is used by one thread at a time. Outlives its transactions and snapshots.
class TransactionManager {
 public:
  TransactionManager(const os::Environment& environment, CommitLog& log, base::MemoryBudget& budget, TxnId next_id);
  TransactionManager(const TransactionManager&) = delete;
  TransactionManager& operator=(const TransactionManager&) = delete;
  ~TransactionManager();

  // ---- Wiring, before the first transaction.
  // Who undoes changes of a file. The target must live until the transaction that asked for it has ended.
  void SetUndoResolver(std::function<base::StatusOr<UndoTarget*>(base::FileId)> resolver);
  // Told, with no latch held, that a page which had ghosts has no versions any more: they may be purged.
  void SetQuietPageCallback(std::function<void(base::PageId)> callback);
  // Where chains go when more than `keep_bytes` of memory hold versions, or the budget has no more to give.
  // Without this call such a change fails with RESOURCE_EXHAUSTED. The file is temporary, see VersionSpill.
  void SetSpill(std::string path, int64_t keep_bytes);
  // Memory that changes under way and rollbacks have when the machine has none. For whoever will write.
  base::Status FillReserve();

  // ---- A transaction's life
  TransactionPtr Begin(Isolation isolation = Isolation::kSnapshot, bool read_only = false);
  // Another isolation for a transaction that has not begun a statement.
  void SetIsolation(Transaction& txn, Isolation isolation);
  // To read only at any time, also of a writer, whose changes stay; back only before the first statement.
  void SetReadOnly(Transaction& txn, bool read_only);
  // Each statement begins with this; the first takes the transaction's snapshot. Own changes of earlier
  // statements are seen by view(). The result is what RollbackTo needs when the statement fails.
  base::StatusOr<Savepoint> BeginStatement(Transaction& txn);
  // No view of that statement (a cursor, say) is used any more. Optional, in any order; saves memory.
  void EndStatement(Transaction& txn, StatementNo statement);
  Savepoint MakeSavepoint(const Transaction& txn) const;
  // For cursors that go on after `txn` has ended: its snapshot, before Commit. They see none of its changes.
  Snapshot TakeSnapshot(Transaction& txn);
  // The same without taking it away. REQUIRES: txn.has_snapshot().
  Snapshot ShareSnapshot(const Transaction& txn) const;
  // The transaction is to see what `snapshot` shows. REQUIRES: it has not begun a statement; snapshot.held().
  void UseSnapshot(Transaction& txn, const Snapshot& snapshot);
  // Undoes what was done since. Row and table locks are kept. On error the transaction is doomed.
  base::Status RollbackTo(Transaction& txn, const Savepoint& savepoint);
  // On success everybody who begins a statement from now on sees it. A serializable transaction that must not commit
  // is rolled back: 40001. On another error the database is read-only, and only opening it again shows whether the
  // commit was made (the message says so). The transaction has ended in every case.
  // std::bad_alloc may leave it before the commit (the transaction is as it was) or, with the state kCommitted, after it: then
  // it is to be called again before anything else. Rollback is called again, too.
  // `observer`: told of the commit as CommitObserver says.
  base::Status Commit(Transaction& txn, CommitObserver* observer = nullptr);
  base::Status Rollback(Transaction& txn);
  // What a statement changed could not be taken back: only Rollback is left.
  void Doom(Transaction& txn);

  // A read without a transaction: View{snapshot.read_ts()}.
  Snapshot AcquireSnapshot(SnapshotHint* hint = nullptr);
  Timestamp visible_ts() const { return log_.visible_lsn(); }

  // ---- Conflicts. No latch, pin or frame reservation may be held.
  // What to do about a judgement of kWait or kConflict. OK: descend and judge again. Otherwise:
  // 40P01 a deadlock, 55P03 the lock timeout (or kNoWait, kSkipLocked), 40001 a newer commit, 57014 canceled.
  // `row`: what is shown to who asks for what the transaction waits.
  base::Status Resolve(Transaction& txn, const Judgement& judgement, WaitPolicy policy = WaitPolicy::kWait,
                       const RowPlace& row = {});
  base::Status WaitFor(Transaction& waiter, const Blocker& blocker, WaitPolicy policy = WaitPolicy::kWait,
                       const RowPlace& row = {});
  // Returns 40001, once a new snapshot would include the commit at `ts`.
  base::Status Conflict(Transaction& txn, Timestamp ts);
  // Held until the transaction ends. Asking again for the same or a weaker mode is free.
  base::Status LockTable(Transaction& txn, base::FileId table, TableLockMode mode, WaitPolicy policy = WaitPolicy::kWait);
  // 40001 when a commit that the snapshot does not see changed the table. REQUIRES: a lock that keeps writers out.
  base::Status RequireSeesAll(Transaction& txn, base::FileId table);
  // Makes the transaction's current or next wait fail with 57014. Any thread, while the transaction lives.
  void Cancel(Transaction& txn);
  void ClearCancel(Transaction& txn);

  // ---- Versions
  VersionDirectory& versions() { return versions_; }
  // Brings spilled chains back. OK also when somebody else did already.
  base::Status LoadVersions(base::PageId page);
  // Moves the chains of up to `max_pages` pages out of memory, whatever the limits say: for whoever is short
  // of it. Returns how many it moved.
  base::StatusOr<size_t> SpillVersions(size_t max_pages);
  // Visits up to `max_pages` pages that have versions and runs deferred work that is due. Returns how much
  // it could do away with, 0: nothing for now. Commits and rollbacks do small slices by themselves.
  base::StatusOr<size_t> CollectGarbage(size_t max_pages);
  // Runs all deferred work whose commit is durable, live snapshots or not. For closing the database.
  base::Status Drain();

  // ---- Recovery and checkpoints
  base::Status UndoUnfinished(std::span<const storage::UnfinishedTransaction> unfinished);
  base::Lsn OldestLiveWriter() const;  // smallest first_lsn of live writers, kNoLsn when there is none
  TxnId next_transaction_id() const { return next_id_.load(std::memory_order_relaxed); }
  std::vector<TransactionInfo> ListTransactions() const;
  // Waits, table locks, and up to `most_rows` lines of rows that transactions have changed or locked. No latch may be held:
  // rows are where their pages are.
  std::vector<LockInfo> ListLocks(size_t most_rows = 10'000);
  int64_t version_bytes() const { return memory_.slabs.reserved_bytes(); }  // of memory that holds old versions
  Timestamp oldest_snapshot() const { return snapshots_.Oldest(); }
  size_t snapshot_count() const { return snapshots_.held_count(); }

 private:
  friend class Transaction;
  friend struct TransactionRelease;
  struct Shared;  // pools, locks, the wait graph, the deferred queue

  base::Status PrepareWrite(Transaction& txn);
  static void List(Transaction& txn);  // what it is, for turdb_catalog.transactions
  // Sees to it that what a serializable transaction has read is as it was. OK: `turn` is held, and no serializable
  // transaction commits before it is let go of.
  base::Status ValidateReads(Transaction& txn, std::unique_lock<std::mutex>* turn);
  // Whether memory for another change is there, after spilling what has to be spilled.
  base::Status AdmitChange(Transaction& txn) {
    if (memory_.slabs.reserved_bytes() <= spill_above_.load(std::memory_order_relaxed)) {
      if (base::Status status = memory_.slabs.Admit(); status.ok() || !memory_.spill.enabled()) return status;
    }
    return MakeRoom(txn);
  }
  base::Status MakeRoom(Transaction& txn);
  // `txn`: who needs it, if it is a transaction's change. `wanted_bytes`: what the budget should have free afterwards. Calls
  // nothing back, so any operation on a tree may come here.
  base::Status SpillForRoom(Transaction* txn, int64_t wanted_bytes);
  void CollectForRoom();
  // What transactions keep at hand goes back; every object that one holds keeps a block in use.
  void TrimSlabs(Transaction* txn);
  base::Status UndoChain(storage::TxnLog& log, base::Lsn down_to, std::vector<std::byte>& buffer);
  base::Status UndoRecords(storage::TxnLog& log, base::Lsn down_to, std::vector<std::byte>& buffer);
  // Marks the word, unless LogCommit did, and tells who waits.
  void EndWord(Transaction& txn, CommitState outcome);
  base::Status FinishCommit(Transaction& txn);
  // What every end has in common: `ts` is the commit's, 0 after a rollback. Needs no memory.
  void Finish(Transaction& txn, Timestamp ts);
  void Reset(Transaction& txn);
  void CollectSlice(Transaction& txn, Timestamp ts);
  base::StatusOr<size_t> RunDeferred(Timestamp oldest, size_t max_count);
  void Release(Transaction* txn);

  const os::Environment environment_;
  CommitLog& log_;
  VersionMemory memory_;
  SnapshotRegistry snapshots_;
  VersionDirectory versions_;
  std::atomic<TxnId> next_id_;
  std::function<base::StatusOr<UndoTarget*>(base::FileId)> undo_resolver_;
  std::function<void(base::PageId)> on_quiet_page_;
  int64_t spill_keep_bytes_ = INT64_MAX;
  bool lends_spare_ = false;                     // between transactions the slabs' spare goes back to the budget
  std::atomic<int64_t> spill_above_{INT64_MAX};  // at least spill_keep_bytes_; more while spilling does not help
  std::unique_ptr<Shared> shared_;
};

}  // namespace turdb::txn

#endif  // TURDB_TXN_TRANSACTION_MANAGER_H_
