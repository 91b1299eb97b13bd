// Who waits for whom: rows and tables in one graph, so that a cycle through both is found.
//
// A transaction waits for one thing at a time: for another transaction (a row it changed or locked) or for
// a table lock, that is for every transaction that holds it in a mode that conflicts or asked before. A
// cycle can only close when somebody starts to wait; whoever would close it is the victim, at once.
#ifndef TURDB_TXN_WAIT_GRAPH_H_
#define TURDB_TXN_WAIT_GRAPH_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/functional/function_ref.h"
#include "base/hash_map.h"
#include "base/ids.h"
#include "base/status.h"
#include "os/environment.h"
#include "txn/transaction.h"

namespace turdb::txn {

// One table's lock. Guarded by WaitGraph::mu_, but for `changes`.
struct TableLock {
  struct Holder {
    Transaction* txn;
    TableLockMode mode;
  };
  base::FileId table = base::kNoFile;
  std::vector<Holder> holders;
  std::vector<Holder> waiters;       // who asked first comes first
  std::atomic<uint64_t> changes{0};  // grows whenever a waiter may have become lucky
  Timestamp last_commit = 0;         // of the writers that have let go of it
};

// Thread-safe. One lock for everything: taken once a table and transaction, and by those who wait; row
// conflicts that do not happen never see it. Lock order: below everything of txn, above os's queues.
class WaitGraph {
 public:
  explicit WaitGraph(const os::Environment& environment) : environment_(environment) {}
  WaitGraph(const WaitGraph&) = delete;
  WaitGraph& operator=(const WaitGraph&) = delete;

  // Returns when `blocker` has ended, however. Otherwise 40P01, 55P03 or 57014.
  base::Status WaitForRow(Transaction& waiter, const Blocker& blocker, WaitPolicy policy, const RowPlace& row);
  base::Status LockTable(Transaction& txn, base::FileId table, TableLockMode mode, WaitPolicy policy);
  // `ts`: when it committed; 0 when it did not.
  void ReleaseTables(Transaction& txn, Timestamp ts);
  // When the table was changed last. REQUIRES: a lock on it that keeps writers out.
  Timestamp LastCommit(base::FileId table);
  // After the word of a transaction that had waiters was set to its end.
  void WakeWaiters(CommitWord& word);
  void Cancel(Transaction& txn);
  // What `txn` waits for, for the list of transactions: a transaction, or a table.
  void Describe(const Transaction& txn, TxnId* waits_for, base::FileId* waits_for_table);
  std::vector<LockInfo> ListTableLocks();
  // What `txn` waits for, if it is a row.
  void ListRowWait(const Transaction& txn, std::vector<LockInfo>* list);

 private:
  // All REQUIRE mu_.
  TableLock& LockOf(base::FileId table);
  static bool CanGrant(const TableLock& lock, const Transaction& txn, TableLockMode mode);
  static void Grant(TableLock& lock, Transaction& txn, TableLockMode mode);
  static void RemoveWaiter(TableLock& lock, const Transaction& txn);
  static const Transaction* FirstBlocker(const TableLock& lock, const Transaction& txn, TableLockMode mode);
  // Whether following what others wait for, from what `from` waits for, leads back to `from`.
  bool ClosesCycle(Transaction& from);
  void PushBlockersOf(const Transaction& txn, std::vector<Transaction*>* out) const;

  int64_t Deadline(const Transaction& txn) const;
  // As Scheduler::Park, but, for a transaction with a poll, true no later than when it is to be asked.
  static constexpr int64_t kPollIntervalNs = 10'000'000;
  bool Park(const Transaction& txn, const void* address, absl::FunctionRef<bool()> waiting, int64_t deadline_ns) const;

  const os::Environment& environment_;
  std::mutex mu_;
  base::HashMap<base::FileId, std::unique_ptr<TableLock>> tables_;  // guarded by mu_
  uint64_t next_visit_ = 0;                                         // guarded by mu_
};

}  // namespace turdb::txn

#endif  // TURDB_TXN_WAIT_GRAPH_H_
