#include "txn/transaction_manager.h"

#include <algorithm>
#include <limits>
#include <list>
#include <mutex>
#include <new>
#include <optional>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "storage/parking_lock.h"
#include "storage/storage.h"
#include "txn/mutation.h"
#include "txn/version_collector.h"
#include "txn/wait_graph.h"

namespace turdb::txn {
namespace {

// A commit's own share of the collector's work.
constexpr size_t kSlicePages = 2;
constexpr size_t kSliceChains = 64;
constexpr size_t kSliceDeferred = 2;
// What one change that finds memory short may move out of it.
constexpr size_t kSpillPages = 32;
constexpr size_t kCollectPages = 512;
constexpr size_t kMostSpillPages = 256;
constexpr int64_t kMinSpillStepBytes = 16 << 10, kMaxSpillStepBytes = 128 << 10;
// What one change may need before its transaction asks for memory again, but for splits of leaves full of versions.
constexpr int64_t kSmallSpareBytes = 4 << 10, kSpareBytes = 256 << 10;  // beside the slabs' reserve
constexpr int64_t kSmallBudgetBytes = int64_t{16} << 20;

base::Status DoomedError() {
  return base::MakeError(absl::StatusCode::kFailedPrecondition, base::sqlstate::kFailedTransaction,
                         "the transaction could not be taken back to a savepoint and must be rolled back");
}

}  // namespace

struct TransactionManager::Shared {
  Shared(const os::Environment& environment, VersionDirectory& versions, CommitLog& log)
      : waits(environment), collector(versions, log) {}

  WaitGraph waits;
  VersionCollector collector;

  std::mutex pool_mu;
  std::vector<std::unique_ptr<Transaction>> all;  // guarded by pool_mu
  std::vector<Transaction*> free;                 // guarded by pool_mu

  // For a rollback that has no memory to read records into.
  std::mutex reserve_mu;
  std::vector<std::byte> reserve_buffer;  // guarded by reserve_mu

  std::mutex room_mu;
  std::mutex spill_mu;

  // Serializable transactions commit one after the other: each validates and takes its place in the log with this held.
  std::mutex serial_mu;
  storage::ParkingLock observed_commit{storage::LockRank::kObservedCommit};
  std::atomic<uint64_t> serial_commits{0};

  std::mutex deferred_mu;
  std::list<Transaction::Deferred> deferred;  // guarded by deferred_mu; ascending
  std::atomic<Timestamp> first_deferred_ts{CommitState::kMaxTimestamp};
};

TransactionManager::TransactionManager(const os::Environment& environment, CommitLog& log, base::MemoryBudget& budget,
                                       TxnId next_id)
    : environment_(environment),
      log_(log),
      memory_(budget),
      snapshots_(log),
      versions_(memory_),
      next_id_(std::max<TxnId>(next_id, 1)),
      shared_(std::make_unique<Shared>(environment_, versions_, log)) {}

TransactionManager::~TransactionManager() {
  for (const std::unique_ptr<Transaction>& txn : shared_->all) {
    TURDB_CHECK(txn->state_ != TransactionState::kActive && txn->state_ != TransactionState::kDoomed);
    txn->snapshot_.Release();
    memory_.slabs.Drain(txn->slab_cache_);
  }
}

void TransactionManager::SetUndoResolver(std::function<base::StatusOr<UndoTarget*>(base::FileId)> resolver) {
  undo_resolver_ = std::move(resolver);
}

void TransactionManager::SetQuietPageCallback(std::function<void(base::PageId)> callback) {
  on_quiet_page_ = std::move(callback);
}

// ---- A transaction's life

TransactionPtr TransactionManager::Begin(Isolation isolation, bool read_only) {
  Transaction* txn = nullptr;
  {
    std::lock_guard lock(shared_->pool_mu);
    if (shared_->free.empty()) {
      shared_->free.reserve(shared_->all.size() + 1);
      shared_->all.push_back(std::make_unique<Transaction>());
      txn = shared_->all.back().get();
      txn->manager_ = this;
      txn->snapshot_hint_ = static_cast<SnapshotHint>(shared_->all.size() - 1);
    } else {
      txn = shared_->free.back();
      shared_->free.pop_back();
    }
  }
  TURDB_CHECK(txn->state_ == TransactionState::kIdle);
  txn->read_only_ = read_only;
  txn->state_ = TransactionState::kActive;
  txn->canceled_.store(false, std::memory_order_relaxed);
  txn->began_unix_us_.store(environment_.clock->NowUnixMicros(), std::memory_order_relaxed);
  SetIsolation(*txn, isolation);
  return TransactionPtr(txn);
}

void TransactionManager::SetIsolation(Transaction& txn, Isolation isolation) {
  TURDB_CHECK(txn.state_ == TransactionState::kActive && !txn.snapshot_.held());
  txn.isolation_ = isolation;
  txn.reads_ = nullptr;
  if (isolation == Isolation::kSerializable && !txn.read_only_) [[unlikely]] {
    if (txn.read_set_ == nullptr) txn.read_set_ = std::make_unique<ReadSet>(memory_.budget);
    txn.reads_ = txn.read_set_.get();
  }
  List(txn);
}

void TransactionManager::SetReadOnly(Transaction& txn, bool read_only) {
  TURDB_CHECK(txn.state_ == TransactionState::kActive);
  txn.read_only_ = read_only;
  if (read_only) {
    List(txn);
  } else {
    SetIsolation(txn, txn.isolation_);  // a serializable one keeps account of what it reads from now on
  }
}

void TransactionManager::List(Transaction& txn) {
  txn.listed_.store(static_cast<uint8_t>(1 + 2 * static_cast<int>(txn.isolation_) + (txn.read_only_ ? 16 : 0)),
                    std::memory_order_release);
}

void TransactionRelease::operator()(Transaction* transaction) const { transaction->manager_->Release(transaction); }

void TransactionManager::Release(Transaction* txn) {
  try {
    if (txn->state_ == TransactionState::kCommitted) FinishCommit(*txn).IgnoreError();
    if (txn->state_ == TransactionState::kActive || txn->state_ == TransactionState::kDoomed) Rollback(*txn).IgnoreError();
  } catch (const std::bad_alloc&) {
    txn->state_ = TransactionState::kAbandoned;
  }
  // One whose rollback failed keeps its word, and others may be waiting for it.
  if (txn->state_ == TransactionState::kAbandoned) return;
  if (txn->poll_ != nullptr) [[unlikely]]
    txn->poll_ = nullptr;
  std::lock_guard lock(shared_->pool_mu);
  shared_->free.push_back(txn);
}

base::StatusOr<Savepoint> TransactionManager::BeginStatement(Transaction& txn) {
  if (txn.state_ == TransactionState::kDoomed) return DoomedError();
  TURDB_CHECK(txn.state_ == TransactionState::kActive);
  if (!txn.snapshot_.held()) {
    txn.snapshot_ = snapshots_.Acquire(&txn.snapshot_hint_);
    txn.listed_read_ts_.store(txn.snapshot_.read_ts(), std::memory_order_relaxed);
  }
  TURDB_CHECK_LT(txn.statement_, std::numeric_limits<StatementNo>::max() - 2);
  ++txn.statement_;
  txn.live_statements_.push_back(txn.statement_);
  txn.settled_before_ = txn.live_statements_.front();
  return MakeSavepoint(txn);
}

void TransactionManager::EndStatement(Transaction& txn, StatementNo statement) {
  auto& live = txn.live_statements_;
  if (live.size() == 1 && live.front() == statement) [[likely]] {
    live.clear();
    txn.settled_before_ = txn.statement_ + 1;
    return;
  }
  const auto at = std::lower_bound(live.begin(), live.end(), statement);
  if (at != live.end() && *at == statement) live.erase(at);
  txn.settled_before_ = live.empty() ? txn.statement_ + 1 : live.front();
}

Savepoint TransactionManager::MakeSavepoint(const Transaction& txn) const {
  return Savepoint{txn.log.last_lsn, static_cast<uint32_t>(txn.deferred_.size())};
}

Snapshot TransactionManager::TakeSnapshot(Transaction& txn) { return std::move(txn.snapshot_); }

Snapshot TransactionManager::ShareSnapshot(const Transaction& txn) const {
  TURDB_CHECK(txn.snapshot_.held());
  return txn.snapshot_.Share();
}

void TransactionManager::UseSnapshot(Transaction& txn, const Snapshot& snapshot) {
  TURDB_CHECK_EQ(txn.statement_, 0u);
  txn.snapshot_ = snapshot.Share();
  txn.listed_read_ts_.store(txn.snapshot_.read_ts(), std::memory_order_relaxed);
}

base::Status Transaction::PrepareWrite() { return manager_->PrepareWrite(*this); }

base::Status Transaction::CheckCanceled() const {
  if (!canceled_.load(std::memory_order_relaxed) && (poll_ == nullptr || !poll_())) return absl::OkStatus();
  return base::CanceledError("canceling statement due to user request");
}

void Transaction::DeferUntilUnneeded(std::function<base::Status()> work, std::function<bool()> ready) {
  deferred_.push_back({std::move(work), std::move(ready), 0});
}

base::Status TransactionManager::PrepareWrite(Transaction& txn) {
  if (txn.word_ != nullptr) {
    TURDB_RETURN_IF_ERROR(log_.PrepareChange(txn.log));
    return AdmitChange(txn);
  }
  TURDB_CHECK(txn.state_ == TransactionState::kActive);
  if (txn.read_only_) {
    return base::MakeError(absl::StatusCode::kFailedPrecondition, base::sqlstate::kReadOnlyTransaction,
                           "the transaction is read-only and cannot change anything");
  }
  TURDB_RETURN_IF_ERROR(log_.health());
  TURDB_RETURN_IF_ERROR(log_.PrepareChange(txn.log));
  TURDB_RETURN_IF_ERROR(AdmitChange(txn));
  const TxnId id = next_id_.fetch_add(1, std::memory_order_relaxed);
  TURDB_ASSIGN_OR_RETURN(txn.word_, memory_.words.Acquire(id, &txn));
  txn.log.id = id;
  txn.references_ = 0;
  txn.touched_count_ = 0;
  txn.listed_id_.store(id, std::memory_order_relaxed);
  if (txn.live_.horizon < txn.snapshot_.read_ts()) snapshots_.Collect(&txn.live_);
  return absl::OkStatus();
}

base::Status TransactionManager::Commit(Transaction& txn, CommitObserver* observer) {
  if (txn.state_ == TransactionState::kCommitted) return FinishCommit(txn);
  if (txn.state_ == TransactionState::kDoomed) return DoomedError();
  TURDB_CHECK(txn.state_ == TransactionState::kActive);
  if (txn.log.last_lsn == base::kNoLsn) {
    // Nothing was logged: it read, or locked rows.
    if (txn.word_ != nullptr) EndWord(txn, CommitState::Aborted());
    Finish(txn, log_.visible_lsn());
    return absl::OkStatus();
  }
  if (base::Status health = log_.health(); !health.ok()) {
    base::Status undone = Rollback(txn);
    return base::WithFrame(health, undone.ok() ? "committing (the transaction was rolled back)" : "committing");
  }
  // Until files have the names that the commit gives them: what is observed may name one that the next commit makes.
  std::optional<storage::ParkingGuard> alone;
  if (observer != nullptr) [[unlikely]] {
    alone.emplace(shared_->observed_commit, *environment_.scheduler);
    observer->BeforeCommit();
  }
  std::unique_lock<std::mutex> turn;
  if (txn.reads_ != nullptr) [[unlikely]] {
    if (base::Status status = ValidateReads(txn, &turn); !status.ok()) {
      base::Status undone = Rollback(txn);
      return undone.ok() ? status : base::WithFrame(std::move(undone), status.message());
    }
  }
  CommitWord& word = *txn.word_;
  txn.commit_ts_ = log_.LogCommit(txn.log, [&](base::Lsn lsn) {
    TURDB_CHECK_LE(lsn, CommitState::kMaxTimestamp);
    txn.word_before_commit_ = word.bits.exchange(CommitState::Committed(lsn).bits(), std::memory_order_acq_rel);
    if (observer != nullptr) [[unlikely]]
      observer->CommitsAt(lsn);
  });
  txn.state_ = TransactionState::kCommitted;
  TURDB_CHECK(word.state().committed());
  if (turn.owns_lock()) [[unlikely]] {
    shared_->serial_commits.fetch_add(1, std::memory_order_release);
    turn.unlock();
  }
  return FinishCommit(txn);
}

// Whatever of it runs out of memory is done when Commit is called again.
base::Status TransactionManager::FinishCommit(Transaction& txn) {
  base::Status status = log_.WaitCommitted(txn.commit_ts_);
  if (status.ok() && txn.log.has_file_changes) {
    status = base::WithFrame(log_.FinishFileChanges(txn.log), "finishing a commit that is durable");
  } else if (!status.ok()) {
    status = base::WithFrame(std::move(status),
                             "committing (the log could not be written; opening the database again shows the outcome)");
  }
  if (CommitState(txn.word_before_commit_).has_waiters()) shared_->waits.WakeWaiters(*txn.word_);
  Finish(txn, txn.commit_ts_);
  return status;
}

base::Status TransactionManager::ValidateReads(Transaction& txn, std::unique_lock<std::mutex>* turn) {
  if (kMutation == Mutation::kSkipValidation) return absl::OkStatus();
  const View view{txn.snapshot_.read_ts(), txn.word_, std::numeric_limits<StatementNo>::max()};
  // First without keeping the others out, for this may read pages; again only if one of them committed meanwhile.
  for (bool waited = false;; waited = true) {
    const uint64_t commits = shared_->serial_commits.load(std::memory_order_acquire);
    TURDB_ASSIGN_OR_RETURN(const Timestamp newer, txn.reads_->FindNewerCommit(view));
    if (newer != 0) {
      if (turn->owns_lock()) turn->unlock();
      if (newer > log_.visible_lsn()) log_.WaitCommitted(newer).IgnoreError();
      return base::WithHint(
          base::SerializationFailure(absl::StrCat("what the transaction has read was changed by one that committed after its "
                                                  "snapshot was taken (at ",
                                                  txn.read_ts(), ")")),
          "roll this transaction back and run it again");
    }
    if (waited) return absl::OkStatus();
    *turn = std::unique_lock(shared_->serial_mu);
    if (shared_->serial_commits.load(std::memory_order_relaxed) == commits) return absl::OkStatus();
  }
}

base::Status TransactionManager::Rollback(Transaction& txn) {
  TURDB_CHECK(txn.state_ == TransactionState::kActive || txn.state_ == TransactionState::kDoomed);
  if (txn.word_ == nullptr) {
    Finish(txn, 0);
    return absl::OkStatus();
  }
  CommitState outcome = CommitState::Aborted();
  if (txn.log.last_lsn != base::kNoLsn) {
    memory_.slabs.Drain(txn.slab_cache_);  // undo loads what was spilled, and needs the blocks
    if (base::Status status = UndoChain(txn.log, base::kNoLsn, txn.record_buffer_); status.ok()) {
      log_.LogAbortEnd(txn.log);
    } else if (log_.health().ok()) {
      // Others may still write: the word stays "in progress", so that nobody builds on what could not be
      // undone. Opening the database again undoes it.
      txn.state_ = TransactionState::kAbandoned;
      txn.snapshot_.Release();
      return base::WithFrame(std::move(status), absl::StrCat("rolling back transaction ", txn.log.id,
                                                             " (its changes stay hidden and locked until the database is "
                                                             "opened again)"));
    } else {
      // The log is gone and nobody writes any more: the deltas hide the changes.
      outcome = CommitState::Abandoned();
    }
  }
  EndWord(txn, outcome);
  Finish(txn, 0);
  return absl::OkStatus();
}

void TransactionManager::Doom(Transaction& txn) {
  if (txn.state_ == TransactionState::kActive) txn.state_ = TransactionState::kDoomed;
}

base::Status TransactionManager::RollbackTo(Transaction& txn, const Savepoint& savepoint) {
  if (txn.state_ == TransactionState::kDoomed) return DoomedError();
  TURDB_CHECK(txn.state_ == TransactionState::kActive);
  TURDB_CHECK_LE(savepoint.lsn, txn.log.last_lsn);
  memory_.slabs.Drain(txn.slab_cache_);
  base::Status status = UndoChain(txn.log, savepoint.lsn, txn.record_buffer_);
  if (!status.ok()) {
    txn.state_ = TransactionState::kDoomed;
    return base::WithFrame(std::move(status), absl::StrCat("rolling transaction ", txn.log.id, " back to a savepoint"));
  }
  TURDB_CHECK_LE(size_t{savepoint.deferred}, txn.deferred_.size());
  txn.deferred_.resize(savepoint.deferred);
  return absl::OkStatus();
}

// Every record taken back is logged, so whoever was stopped for want of memory goes on from there.
base::Status TransactionManager::UndoChain(storage::TxnLog& log, base::Lsn down_to, std::vector<std::byte>& buffer) {
  try {
    return UndoRecords(log, down_to, buffer);
  } catch (const std::bad_alloc&) {
  }
  std::lock_guard lock(shared_->reserve_mu);
  return UndoRecords(log, down_to, shared_->reserve_buffer);
}

base::Status TransactionManager::UndoRecords(storage::TxnLog& log, base::Lsn down_to, std::vector<std::byte>& buffer) {
  base::Lsn lsn = log.last_lsn;
  while (lsn > down_to) {
    TURDB_ASSIGN_OR_RETURN(const storage::LogRecordView record, log_.ReadRecord(lsn, buffer));
    if (record.txn != log.id || record.previous_lsn >= lsn) {
      return base::CorruptionError(absl::StrCat("the log record at ", lsn, " is not one of transaction ", log.id));
    }
    switch (record.kind) {
      case storage::RecordKind::kUpdate: {
        if (record.entries.empty()) return base::CorruptionError(absl::StrCat("the log record at ", lsn, " is empty"));
        const storage::LogEntryView entry = record.entries.front();
        TURDB_ASSIGN_OR_RETURN(UndoTarget* const target, undo_resolver_(entry.page.file));
        TURDB_RETURN_IF_ERROR(target->Undo(log, record.previous_lsn, entry.page, entry.op, entry.payload));
        lsn = record.previous_lsn;
        break;
      }
      case storage::RecordKind::kFileCreate:
      case storage::RecordKind::kFileRename:
      case storage::RecordKind::kFileDrop:
        TURDB_RETURN_IF_ERROR(log_.UndoFileRecord(log, record));
        lsn = record.previous_lsn;
        break;
      case storage::RecordKind::kCompensation:
      case storage::RecordKind::kFileUndo:
        lsn = record.undo_next;
        break;
      case storage::RecordKind::kStructure:
        lsn = record.previous_lsn;
        break;
      default:
        return base::CorruptionError(absl::StrCat("the log record at ", lsn, " cannot be part of a transaction's changes"));
    }
  }
  return absl::OkStatus();
}

void TransactionManager::EndWord(Transaction& txn, CommitState outcome) {
  const CommitState before(txn.word_->bits.exchange(outcome.bits(), std::memory_order_acq_rel));
  TURDB_CHECK(before.in_progress());
  if (before.has_waiters()) shared_->waits.WakeWaiters(*txn.word_);
}

void TransactionManager::Finish(Transaction& txn, Timestamp ts) {
  txn.snapshot_.Release();
  shared_->waits.ReleaseTables(txn, txn.log.last_lsn == base::kNoLsn ? 0 : ts);
  if (ts != 0 && !txn.deferred_.empty()) {
    std::lock_guard lock(shared_->deferred_mu);
    auto& queue = shared_->deferred;
    for (Transaction::Deferred& deferred : txn.deferred_) deferred.ts = ts;
    auto at = queue.end();
    while (at != queue.begin() && std::prev(at)->ts > ts) --at;
    queue.splice(at, txn.deferred_);
    shared_->first_deferred_ts.store(queue.front().ts, std::memory_order_relaxed);
  }
  if (txn.word_ != nullptr) {
    memory_.words.Release(txn.word_, CommitWord::kOwnerReferences - txn.references_);
    txn.word_ = nullptr;
    try {
      CollectSlice(txn, ts);
      if (memory_.slabs.reserved_bytes() > spill_keep_bytes_ && memory_.spill.enabled()) {
        // A large transaction is over, and what reads next may need its memory.
        CollectForRoom();
        TrimSlabs(&txn);
      }
    } catch (const std::bad_alloc&) {
      // What is not collected now is collected later.
    }
    if (lends_spare_) memory_.slabs.GiveBackSpare();
  }
  Reset(txn);
}

void TransactionManager::Reset(Transaction& txn) {
  txn.listed_.store(0, std::memory_order_relaxed);
  txn.listed_id_.store(0, std::memory_order_relaxed);
  txn.listed_read_ts_.store(0, std::memory_order_relaxed);
  txn.log.first_lsn.store(base::kNoLsn, std::memory_order_release);
  txn.log.id = 0;
  txn.log.last_lsn = base::kNoLsn;
  txn.log.has_file_changes = false;
  if (txn.reads_ != nullptr) [[unlikely]] {
    txn.reads_->Clear();
    txn.reads_ = nullptr;
  }
  txn.statement_ = 0;
  txn.settled_before_ = 1;
  txn.live_statements_.clear();
  txn.deferred_.clear();
  txn.touched_count_ = 0;
  txn.key_marks_.clear();
  txn.state_ = TransactionState::kIdle;
}

// ---- Conflicts

Snapshot TransactionManager::AcquireSnapshot(SnapshotHint* hint) {
  SnapshotHint none = 0;
  return snapshots_.Acquire(hint != nullptr ? hint : &none);
}

base::Status TransactionManager::Resolve(Transaction& txn, const Judgement& judgement, WaitPolicy policy, const RowPlace& row) {
  if (judgement.verdict == Verdict::kWait) return WaitFor(txn, judgement.blocker, policy, row);
  TURDB_CHECK(judgement.verdict == Verdict::kConflict);
  return Conflict(txn, judgement.conflict_ts);
}

base::Status TransactionManager::WaitFor(Transaction& waiter, const Blocker& blocker, WaitPolicy policy, const RowPlace& row) {
  TURDB_RETURN_IF_ERROR(shared_->waits.WaitForRow(waiter, blocker, policy, row));
  // If it committed, the next snapshot must include it, or running the transaction again would only meet
  // the same conflict.
  const CommitState state = blocker.word->state();
  if (state.committed() && state.ts() > log_.visible_lsn()) log_.WaitCommitted(state.ts()).IgnoreError();
  return absl::OkStatus();
}

base::Status TransactionManager::Conflict(Transaction& txn, Timestamp ts) {
  if (ts == 0) {
    TURDB_RETURN_IF_ERROR(log_.health());
  } else if (ts > log_.visible_lsn()) {
    log_.WaitCommitted(ts).IgnoreError();
  }
  return base::WithHint(
      base::SerializationFailure(absl::StrCat("a row was changed by a transaction that committed after this one's snapshot "
                                              "was taken (at ",
                                              txn.read_ts(), ")")),
      "roll this transaction back and run it again");
}

base::Status TransactionManager::LockTable(Transaction& txn, base::FileId table, TableLockMode mode, WaitPolicy policy) {
  TURDB_RETURN_IF_ERROR(PrepareWrite(txn));
  return shared_->waits.LockTable(txn, table, mode, policy);
}

base::Status TransactionManager::RequireSeesAll(Transaction& txn, base::FileId table) {
  const Timestamp last = shared_->waits.LastCommit(table);
  return last <= txn.read_ts() ? absl::OkStatus() : Conflict(txn, last);
}

void TransactionManager::Cancel(Transaction& txn) { shared_->waits.Cancel(txn); }

void TransactionManager::ClearCancel(Transaction& txn) { txn.canceled_.store(false, std::memory_order_relaxed); }

// ---- Garbage

void TransactionManager::CollectSlice(Transaction& txn, Timestamp ts) {
  VersionCollector& collector = shared_->collector;
  const bool deferred = shared_->first_deferred_ts.load(std::memory_order_relaxed) != CommitState::kMaxTimestamp;
  if (collector.idle() && !deferred) return;
  snapshots_.Collect(&txn.live_);
  const Timestamp oldest = txn.live_.oldest();
  QuietPages quiet;
  if (oldest >= ts) {
    const uint32_t count = std::min<uint32_t>(txn.touched_count_, Transaction::kTouchedPages);
    for (uint32_t i = 0; i < count; ++i) {
      const auto end = txn.touched_.begin() + i;
      if (std::find(txn.touched_.begin(), end, *end) == end) collector.VisitPage(*end, txn.live_, &txn.slab_cache_, &quiet);
    }
  }
  collector.VisitSome(kSlicePages, kSliceChains, txn.live_, &txn.slab_cache_, &quiet);
  if (on_quiet_page_) std::for_each(quiet.begin(), quiet.end(), on_quiet_page_);
  // Whoever collects in the background reports what goes wrong; a commit that is made does not fail.
  RunDeferred(oldest, kSliceDeferred).IgnoreError();
}

base::StatusOr<size_t> TransactionManager::CollectGarbage(size_t max_pages) {
  LiveSnapshots live;
  snapshots_.Collect(&live);
  const size_t tables = versions_.table_count();
  QuietPages quiet;
  size_t visited = 0;
  while (visited < max_pages) {
    const size_t some =
        shared_->collector.VisitSome(std::min<size_t>(max_pages - visited, 64), SIZE_MAX, live, nullptr, &quiet);
    if (on_quiet_page_) std::for_each(quiet.begin(), quiet.end(), on_quiet_page_);
    quiet.clear();
    visited += some;
    if (some == 0 || visited >= tables) break;
  }
  TURDB_ASSIGN_OR_RETURN(const size_t ran, RunDeferred(live.oldest(), SIZE_MAX));
  if (memory_.slabs.reserved_bytes() > spill_keep_bytes_ && memory_.spill.enabled()) memory_.slabs.Trim();
  const size_t left = versions_.table_count();
  return ran + (tables > left ? tables - left : 0);
}

base::StatusOr<size_t> TransactionManager::RunDeferred(Timestamp oldest, size_t max_count) {
  size_t ran = 0;
  base::Status first_error;
  while (ran < max_count && shared_->first_deferred_ts.load(std::memory_order_relaxed) <= oldest) {
    std::list<Transaction::Deferred> first;
    {
      std::lock_guard lock(shared_->deferred_mu);
      auto& queue = shared_->deferred;
      if (queue.empty() || queue.front().ts > oldest) break;
      if (const auto& ready = queue.front().ready; ready && !ready()) break;
      first.splice(first.begin(), queue, queue.begin());
      shared_->first_deferred_ts.store(queue.empty() ? CommitState::kMaxTimestamp : queue.front().ts,
                                       std::memory_order_relaxed);
    }
    // What memory or the disk is too small for now keeps its turn.
    auto later = absl::MakeCleanup([&] {
      std::lock_guard lock(shared_->deferred_mu);
      shared_->deferred.splice(shared_->deferred.begin(), first);
      shared_->first_deferred_ts.store(shared_->deferred.front().ts, std::memory_order_relaxed);
    });
    base::Status status = first.front().work();
    if (absl::IsResourceExhausted(status) && log_.health().ok()) {
      if (first_error.ok()) first_error = std::move(status);
      break;
    }
    std::move(later).Cancel();
    ++ran;
    if (!status.ok() && first_error.ok()) first_error = std::move(status);
  }
  if (!first_error.ok()) return base::WithFrame(std::move(first_error), "freeing what a committed transaction replaced");
  return ran;
}

base::Status TransactionManager::Drain() { return RunDeferred(log_.visible_lsn(), SIZE_MAX).status(); }

base::Status TransactionManager::LoadVersions(base::PageId page) {
  LiveSnapshots live;
  snapshots_.Collect(&live);
  base::Status status;
  int64_t wanted = 0;
  // Readers and rollbacks bring versions back without end, too. They go on even if no room can be made.
  for (bool room_made = false; status.ok(); room_made = true) {
    TURDB_RETURN_IF_ERROR(log_.ChangeVersions(page, [&](std::atomic<void*>& slot) {
      auto* table = static_cast<VersionTable*>(slot.load(std::memory_order_relaxed));
      wanted = 0;
      if (table == nullptr || !table->spilled()) return;
      if (!room_made) wanted = table->LoadedBytes();
      const bool fits = memory_.budget.limit_bytes() - memory_.budget.used_bytes() >= wanted &&
                        memory_.slabs.reserved_bytes() <= spill_above_.load(std::memory_order_relaxed);
      if (!room_made && !fits) return;
      wanted = 0;
      status = versions_.Load(table, live);
    }));
    if (wanted == 0) break;
    SpillForRoom(nullptr, wanted).IgnoreError();
  }
  return status;
}

void TransactionManager::SetSpill(std::string path, int64_t keep_bytes) {
  memory_.spill.SetPath(environment_.files, std::move(path));
  spill_keep_bytes_ = keep_bytes;
  spill_above_.store(keep_bytes, std::memory_order_relaxed);
  lends_spare_ = memory_.budget.limit_bytes() < kSmallBudgetBytes;
  memory_.slabs.SetSpare(lends_spare_ ? kSmallSpareBytes : kSpareBytes);
}

base::Status TransactionManager::FillReserve() {
  shared_->reserve_buffer.reserve(storage::kMaxRecordBytes);
  return memory_.slabs.FillReserve();
}

base::StatusOr<size_t> TransactionManager::SpillVersions(size_t max_pages) {
  if (!memory_.spill.enabled()) return size_t{0};
  return shared_->collector.SpillSome(max_pages, /*also_used=*/true);
}

// What nobody needs goes before anything is moved out: without a thread that collects, an earlier transaction's versions
// may be all that fills the memory.
void TransactionManager::CollectForRoom() {
  LiveSnapshots live;
  snapshots_.Collect(&live);
  QuietPages quiet;
  size_t left = std::min<size_t>(versions_.table_count(), kCollectPages);
  while (left > 0) {
    const size_t visited = shared_->collector.VisitSome(std::min<size_t>(left, kSpillPages), SIZE_MAX, live, nullptr, &quiet);
    if (on_quiet_page_) std::for_each(quiet.begin(), quiet.end(), on_quiet_page_);
    quiet.clear();
    left -= std::min(left, visited);
    if (visited == 0 || (memory_.slabs.reserved_bytes() <= spill_keep_bytes_ && memory_.slabs.Admit().ok())) return;
  }
}

void TransactionManager::TrimSlabs(Transaction* txn) {
  if (txn != nullptr) memory_.slabs.Drain(txn->slab_cache_);
  {
    std::lock_guard lock(shared_->pool_mu);
    for (Transaction* idle : shared_->free) memory_.slabs.Drain(idle->slab_cache_);
  }
  memory_.slabs.Trim();
}

base::Status TransactionManager::MakeRoom(Transaction& txn) {
  // One at a time; the others go on as far as the budget lets them.
  if (std::unique_lock lock(shared_->room_mu, std::try_to_lock); lock.owns_lock()) {
    CollectForRoom();
    TURDB_RETURN_IF_ERROR(SpillForRoom(&txn, 0));
  }
  return memory_.slabs.Admit();
}

base::Status TransactionManager::SpillForRoom(Transaction* txn, int64_t wanted_bytes) {
  std::unique_lock lock(shared_->spill_mu, std::try_to_lock);
  if (!lock.owns_lock()) return absl::OkStatus();
  TrimSlabs(txn);
  // First what was not used of late; of the rest only what is beyond twice the limit, or the budget: a leaf that is being
  // changed would come back at once. Somewhat more than has to go, so that not every change comes here.
  const int64_t keep_now = spill_keep_bytes_ - spill_keep_bytes_ / 4;
  for (const bool also_used : {false, true}) {
    const auto enough = [&](int64_t bytes) {
      return memory_.slabs.reserved_bytes() <= bytes &&
             memory_.budget.limit_bytes() - memory_.budget.used_bytes() >= wanted_bytes && memory_.slabs.Admit().ok();
    };
    if (also_used && enough(2 * spill_keep_bytes_)) break;
    const size_t most = std::min(versions_.in_memory_count(), kMostSpillPages);
    for (size_t tried = 0; tried < most && !enough(keep_now); tried += kSpillPages) {
      TURDB_ASSIGN_OR_RETURN(const size_t some, shared_->collector.SpillSome(std::min(most - tried, kSpillPages), also_used));
      if (some > 0) TrimSlabs(txn);
    }
  }
  const int64_t reserved = memory_.slabs.reserved_bytes();
  const int64_t step = std::clamp(spill_keep_bytes_ / 4, kMinSpillStepBytes, kMaxSpillStepBytes);
  spill_above_.store(reserved <= spill_keep_bytes_ ? spill_keep_bytes_ : reserved + step, std::memory_order_relaxed);
  return absl::OkStatus();
}

// ---- Recovery, checkpoints, listing

base::Status TransactionManager::UndoUnfinished(std::span<const storage::UnfinishedTransaction> unfinished) {
  std::vector<std::byte> buffer;
  for (const storage::UnfinishedTransaction& chain : unfinished) {
    storage::TxnLog log;
    log.id = chain.id;
    log.first_lsn.store(chain.first_lsn, std::memory_order_relaxed);
    log.last_lsn = chain.last_lsn;
    if (base::Status status = UndoChain(log, base::kNoLsn, buffer); !status.ok()) {
      return base::WithFrame(std::move(status),
                             absl::StrCat("undoing transaction ", chain.id, ", which the last run left unfinished"));
    }
    log_.LogAbortEnd(log);
  }
  return absl::OkStatus();
}

base::Lsn TransactionManager::OldestLiveWriter() const {
  base::Lsn oldest = base::kNoLsn;
  std::lock_guard lock(shared_->pool_mu);
  for (const std::unique_ptr<Transaction>& txn : shared_->all) {
    const base::Lsn first = txn->log.first_lsn.load(std::memory_order_acquire);
    if (first != base::kNoLsn && (oldest == base::kNoLsn || first < oldest)) oldest = first;
  }
  return oldest;
}

std::vector<TransactionInfo> TransactionManager::ListTransactions() const {
  std::vector<TransactionInfo> list;
  std::lock_guard lock(shared_->pool_mu);
  for (const std::unique_ptr<Transaction>& txn : shared_->all) {
    const uint8_t listed = txn->listed_.load(std::memory_order_acquire);
    if (listed == 0) continue;
    TransactionInfo info;
    info.id = txn->listed_id_.load(std::memory_order_relaxed);
    info.read_ts = txn->listed_read_ts_.load(std::memory_order_relaxed);
    info.isolation = static_cast<Isolation>((listed & 15) / 2);
    info.read_only = listed >= 16;
    info.began_unix_us = txn->began_unix_us_.load(std::memory_order_relaxed);
    info.first_lsn = txn->log.first_lsn.load(std::memory_order_relaxed);
    shared_->waits.Describe(*txn, &info.waits_for, &info.waits_for_table);
    list.push_back(info);
  }
  return list;
}

std::vector<LockInfo> TransactionManager::ListLocks(size_t most_rows) {
  std::vector<LockInfo> list;
  {
    std::lock_guard lock(shared_->pool_mu);
    for (const std::unique_ptr<Transaction>& txn : shared_->all) shared_->waits.ListRowWait(*txn, &list);
  }
  for (LockInfo& info : shared_->waits.ListTableLocks()) list.push_back(std::move(info));
  versions_.ListHeldRows(log_, list.size() + most_rows, &list);
  return list;
}

}  // namespace turdb::txn
