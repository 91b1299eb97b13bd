#include "txn/wait_graph.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"

namespace turdb::txn {
namespace {

bool ModesConflict(TableLockMode a, TableLockMode b) {
  if (a == TableLockMode::kExclusive || b == TableLockMode::kExclusive) return true;
  return a != b;
}

// Whether holding `held` makes asking for `wanted` needless.
bool Covers(TableLockMode held, TableLockMode wanted) { return held == wanted || held == TableLockMode::kExclusive; }

std::string NameOf(TxnId id) { return id == 0 ? "a transaction without changes" : absl::StrCat("transaction ", id); }

base::Status LockTimeout(std::string_view what, TxnId holder, WaitPolicy policy, int64_t waited_ns) {
  const std::string message =
      policy == WaitPolicy::kWait && waited_ns > 0
          ? absl::StrCat("gave up on ", what, " after waiting ", waited_ns / 1'000'000, " ms: ", NameOf(holder), " holds it")
          : absl::StrCat("could not lock ", what, " without waiting: ", NameOf(holder), " holds it");
  return base::WithHint(base::MakeError(absl::StatusCode::kDeadlineExceeded, base::sqlstate::kLockNotAvailable, message),
                        "turdb_catalog.transactions shows who holds what; busy_timeout says how long to wait");
}

base::Status Deadlock(std::string_view what, TxnId holder) {
  return base::WithHint(base::MakeError(absl::StatusCode::kAborted, base::sqlstate::kDeadlock,
                                        absl::StrCat("deadlock: waiting for ", what, ", held by ", NameOf(holder),
                                                     ", would never end, because that transaction waits for this one")),
                        "roll this transaction back and run it again");
}

base::Status Canceled() { return base::CanceledError("the statement was canceled while it waited for a lock"); }

}  // namespace

int64_t WaitGraph::Deadline(const Transaction& txn) const {
  if (txn.lock_timeout_ns() < 0) return os::Scheduler::kForever;
  const int64_t now = environment_.clock->MonotonicNanos();
  return txn.lock_timeout_ns() > os::Scheduler::kForever - now ? os::Scheduler::kForever : now + txn.lock_timeout_ns();
}

// Comes back now and then where the host has a say in whether to go on waiting.
bool WaitGraph::Park(const Transaction& txn, const void* address, absl::FunctionRef<bool()> waiting,
                     int64_t deadline_ns) const {
  if (txn.poll_ == nullptr) return environment_.scheduler->Park(address, waiting, deadline_ns);
  const int64_t soon_ns = environment_.clock->MonotonicNanos() + kPollIntervalNs;
  if (soon_ns >= deadline_ns) return environment_.scheduler->Park(address, waiting, deadline_ns);
  environment_.scheduler->Park(address, waiting, soon_ns);
  return true;
}

base::Status WaitGraph::WaitForRow(Transaction& waiter, const Blocker& blocker, WaitPolicy policy, const RowPlace& row) {
  CommitWord& word = *blocker.word;
  if (!word.InProgressBy(blocker.txn)) return absl::OkStatus();
  if (policy != WaitPolicy::kWait || waiter.lock_timeout_ns() == 0) return LockTimeout("a row", blocker.txn, policy, 0);
  {
    std::lock_guard lock(mu_);
    // The bit says that the owner must take mu_ when it ends, so that its Transaction stays whole while
    // somebody walks the graph.
    uint64_t bits = word.bits.load(std::memory_order_acquire);
    do {
      const CommitState state(bits);
      if (!state.in_progress() || state.txn() != blocker.txn) return absl::OkStatus();
    } while (!word.bits.compare_exchange_weak(bits, bits | CommitState::kWaiters, std::memory_order_acq_rel));
    waiter.waits_for_key_.assign(base::AsText(row.key));
    waiter.waits_for_tree_ = row.tree;
    waiter.waits_for_strength_ = row.strength;
    waiter.waits_for_ = blocker;
    auto forget = absl::MakeCleanup([&waiter] { waiter.waits_for_ = {}; });
    if (ClosesCycle(waiter)) return Deadlock("a row", blocker.txn);
    std::move(forget).Cancel();
  }
  const auto waiting = [&] { return word.InProgressBy(blocker.txn) && !waiter.canceled_.load(std::memory_order_relaxed); };
  const int64_t deadline = Deadline(waiter);
  bool in_time = true, polled = false;
  while (in_time && !polled && waiting()) {
    in_time = Park(waiter, &word, waiting, deadline);
    polled = waiting() && waiter.poll_ != nullptr && waiter.poll_();
  }
  {
    std::lock_guard lock(mu_);
    waiter.waits_for_ = {};
  }
  if (!word.InProgressBy(blocker.txn)) return absl::OkStatus();
  if (polled || waiter.canceled_.load(std::memory_order_relaxed)) return Canceled();
  return LockTimeout("a row", blocker.txn, policy, waiter.lock_timeout_ns());
}

void WaitGraph::WakeWaiters(CommitWord& word) {
  { std::lock_guard lock(mu_); }  // nobody walks over the transaction that ended any more
  environment_.scheduler->WakeAll(&word);
}

TableLock& WaitGraph::LockOf(base::FileId table) {
  if (const auto found = tables_.find(table); found != tables_.end()) return *found->second;
  auto made = std::make_unique<TableLock>();
  made->table = table;
  return *tables_.emplace(table, std::move(made)).first->second;
}

const Transaction* WaitGraph::FirstBlocker(const TableLock& lock, const Transaction& txn, TableLockMode mode) {
  bool holds = false;
  for (const TableLock::Holder& holder : lock.holders) {
    if (holder.txn == &txn) {
      holds = true;
    } else if (ModesConflict(holder.mode, mode)) {
      return holder.txn;
    }
  }
  if (holds) return nullptr;  // who has the table already does not queue behind those who wait for it
  for (const TableLock::Holder& waiter : lock.waiters) {
    if (waiter.txn == &txn) break;
    if (ModesConflict(waiter.mode, mode)) return waiter.txn;
  }
  return nullptr;
}

bool WaitGraph::CanGrant(const TableLock& lock, const Transaction& txn, TableLockMode mode) {
  return FirstBlocker(lock, txn, mode) == nullptr;
}

void WaitGraph::Grant(TableLock& lock, Transaction& txn, TableLockMode mode) {
  for (TableLock::Holder& holder : lock.holders) {
    if (holder.txn != &txn) continue;
    // kWrite and kShare together exclude everybody else.
    const TableLockMode both = holder.mode == mode ? mode : TableLockMode::kExclusive;
    holder.mode = both;
    for (Transaction::HeldTableLock& held : txn.table_locks_) {
      if (held.lock == &lock) held.mode = both;
    }
    return;
  }
  lock.holders.reserve(lock.holders.size() + 1);  // both or neither, should there be no memory
  txn.table_locks_.push_back({&lock, mode});
  lock.holders.push_back({&txn, mode});
}

void WaitGraph::RemoveWaiter(TableLock& lock, const Transaction& txn) {
  std::erase_if(lock.waiters, [&txn](const TableLock::Holder& waiter) { return waiter.txn == &txn; });
  lock.changes.fetch_add(1, std::memory_order_release);
}

base::Status WaitGraph::LockTable(Transaction& txn, base::FileId table, TableLockMode mode, WaitPolicy policy) {
  for (const Transaction::HeldTableLock& held : txn.table_locks_) {
    if (held.lock->table != table) continue;
    if (Covers(held.mode, mode)) return absl::OkStatus();
    mode = TableLockMode::kExclusive;  // a second mode is asked for: what covers both
    break;
  }
  std::unique_lock guard(mu_);
  TableLock& lock = LockOf(table);
  if (CanGrant(lock, txn, mode)) {
    Grant(lock, txn, mode);
    return absl::OkStatus();
  }
  const TxnId holder = FirstBlocker(lock, txn, mode)->listed_id_.load(std::memory_order_relaxed);
  const std::string what = absl::StrCat("table ", table);
  if (policy != WaitPolicy::kWait || txn.lock_timeout_ns() == 0) return LockTimeout(what, holder, policy, 0);
  lock.waiters.push_back({&txn, mode});
  txn.waits_for_table_ = &lock;
  txn.waits_for_mode_ = mode;
  const auto leave = absl::MakeCleanup([&] {
    txn.waits_for_table_ = nullptr;
    RemoveWaiter(lock, txn);
    guard.unlock();
    environment_.scheduler->WakeAll(&lock);  // those behind may be compatible with what is left
  });
  base::Status status;
  if (ClosesCycle(txn)) status = Deadlock(what, holder);

  const int64_t deadline = Deadline(txn);
  bool in_time = true;
  while (status.ok() && !CanGrant(lock, txn, mode)) {
    const uint64_t seen = lock.changes.load(std::memory_order_relaxed);
    guard.unlock();
    const auto waiting = [&] {
      return lock.changes.load(std::memory_order_acquire) == seen && !txn.canceled_.load(std::memory_order_relaxed);
    };
    if (in_time && waiting()) in_time = Park(txn, &lock, waiting, deadline);
    const bool polled = waiting() && txn.poll_ != nullptr && txn.poll_();
    guard.lock();
    if (CanGrant(lock, txn, mode)) break;
    if (polled || txn.canceled_.load(std::memory_order_relaxed)) status = Canceled();
    if (status.ok() && !in_time) status = LockTimeout(what, holder, policy, txn.lock_timeout_ns());
  }
  if (status.ok()) Grant(lock, txn, mode);
  return status;
}

Timestamp WaitGraph::LastCommit(base::FileId table) {
  std::lock_guard guard(mu_);
  return LockOf(table).last_commit;
}

void WaitGraph::ReleaseTables(Transaction& txn, Timestamp ts) {
  if (txn.table_locks_.empty()) return;
  size_t wakes = 0;  // of txn.table_locks_, those with waiters, moved to the front: this needs no memory
  {
    std::lock_guard guard(mu_);
    for (const Transaction::HeldTableLock& held : txn.table_locks_) {
      std::vector<TableLock::Holder>& holders = held.lock->holders;
      const auto mine = std::find_if(holders.begin(), holders.end(), [&txn](const auto& h) { return h.txn == &txn; });
      TURDB_CHECK(mine != holders.end());
      *mine = holders.back();
      holders.pop_back();
      held.lock->last_commit = std::max(held.lock->last_commit, ts);
      if (held.lock->waiters.empty()) continue;
      held.lock->changes.fetch_add(1, std::memory_order_release);
      txn.table_locks_[wakes++] = held;
    }
  }
  for (size_t i = 0; i < wakes; ++i) environment_.scheduler->WakeAll(txn.table_locks_[i].lock);
  txn.table_locks_.clear();
}

void WaitGraph::PushBlockersOf(const Transaction& txn, std::vector<Transaction*>* out) const {
  if (txn.waits_for_.word != nullptr && txn.waits_for_.word->InProgressBy(txn.waits_for_.txn)) {
    out->push_back(txn.waits_for_.word->owner);
  }
  if (const TableLock* lock = txn.waits_for_table_; lock != nullptr) {
    bool holds = false;
    for (const TableLock::Holder& holder : lock->holders) {
      if (holder.txn == &txn) {
        holds = true;
      } else if (ModesConflict(holder.mode, txn.waits_for_mode_)) {
        out->push_back(holder.txn);
      }
    }
    for (const TableLock::Holder& waiter : lock->waiters) {
      if (holds || waiter.txn == &txn) break;
      if (ModesConflict(waiter.mode, txn.waits_for_mode_)) out->push_back(waiter.txn);
    }
  }
}

bool WaitGraph::ClosesCycle(Transaction& from) {
  const uint64_t visit = ++next_visit_;
  std::vector<Transaction*> pending;
  PushBlockersOf(from, &pending);
  while (!pending.empty()) {
    Transaction* txn = pending.back();
    pending.pop_back();
    if (txn == &from) return true;
    if (txn->visit_ == visit) continue;
    txn->visit_ = visit;
    PushBlockersOf(*txn, &pending);
  }
  return false;
}

void WaitGraph::Cancel(Transaction& txn) {
  txn.canceled_.store(true, std::memory_order_relaxed);
  const void* address = nullptr;
  {
    std::lock_guard guard(mu_);
    address = txn.waits_for_.word;
    if (txn.waits_for_table_ != nullptr) address = txn.waits_for_table_;
  }
  if (address != nullptr) environment_.scheduler->WakeAll(address);
}

std::vector<LockInfo> WaitGraph::ListTableLocks() {
  std::vector<LockInfo> list;
  const auto id_of = [](const Transaction& txn) { return txn.listed_id_.load(std::memory_order_relaxed); };
  std::lock_guard guard(mu_);
  for (const auto& [table, lock] : tables_) {
    const auto add = [&list, &table, &id_of](const TableLock::Holder& asks, const Transaction* in_the_way) {
      LockInfo info;
      info.txn = id_of(*asks.txn);
      info.file = table;
      info.mode = asks.mode;
      info.granted = in_the_way == nullptr;
      if (in_the_way != nullptr) info.waits_for = id_of(*in_the_way);
      list.push_back(std::move(info));
    };
    for (const TableLock::Holder& holder : lock->holders) add(holder, nullptr);
    std::vector<Transaction*> blockers;
    for (const TableLock::Holder& waiter : lock->waiters) {
      blockers.clear();
      PushBlockersOf(*waiter.txn, &blockers);
      for (const Transaction* blocker : blockers) add(waiter, blocker);
    }
  }
  std::sort(list.begin(), list.end(), [](const LockInfo& a, const LockInfo& b) {
    return std::tie(a.file, a.txn, b.granted, a.waits_for) < std::tie(b.file, b.txn, a.granted, b.waits_for);
  });
  return list;
}

void WaitGraph::ListRowWait(const Transaction& txn, std::vector<LockInfo>* list) {
  std::lock_guard guard(mu_);
  if (txn.waits_for_.word == nullptr) return;
  LockInfo info;
  info.txn = txn.listed_id_.load(std::memory_order_relaxed);
  info.is_row = true;
  info.file = txn.waits_for_tree_;
  info.strength = txn.waits_for_strength_;
  info.waits_for = txn.waits_for_.txn;
  info.has_key = true;
  info.key = txn.waits_for_key_;
  list->push_back(std::move(info));
}

void WaitGraph::Describe(const Transaction& txn, TxnId* waits_for, base::FileId* waits_for_table) {
  std::lock_guard guard(mu_);
  *waits_for = txn.waits_for_.txn;
  *waits_for_table = base::kNoFile;
  if (const TableLock* lock = txn.waits_for_table_; lock != nullptr) {
    *waits_for_table = lock->table;
    const Transaction* blocker = FirstBlocker(*lock, txn, txn.waits_for_mode_);
    if (blocker != nullptr) *waits_for = blocker->listed_id_.load(std::memory_order_relaxed);
  }
}

}  // namespace turdb::txn
