// One transaction: its chain in the log, its snapshot, its commit word and what it holds until it ends.
#ifndef TURDB_TXN_TRANSACTION_H_
#define TURDB_TXN_TRANSACTION_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "base/ids.h"
#include "base/status.h"
#include "storage/log_record.h"
#include "txn/commit_word.h"
#include "txn/delta_slabs.h"
#include "txn/read_set.h"
#include "txn/snapshot_registry.h"
#include "txn/view.h"

namespace turdb::txn {

class TransactionManager;
struct TableLock;

enum class Isolation : uint8_t {
  kReadCommitted,  // accepted, and given a snapshot
  kSnapshot,
  kSerializable,
};

enum class TransactionState : uint8_t {
  kIdle,  // in the pool
  kActive,
  kCommitted,  // but what follows the commit ran out of memory: Commit goes on with it
  kDoomed,     // a rollback to a savepoint failed: only Rollback is allowed
  kAbandoned,  // its rollback failed; its changes stay hidden until the database is opened again
};

enum class TableLockMode : uint8_t {
  kWrite,      // INSERT, UPDATE, DELETE, SELECT FOR UPDATE: any number at once
  kShare,      // keeps writers out: CREATE INDEX
  kExclusive,  // DROP, ALTER, TRUNCATE: alone. Readers take no table lock at all
};

// A row that somebody waits for: its key in a tree, and what is wanted of it.
struct RowPlace {
  base::FileId tree = base::kNoFile;
  Bytes key;
  LockStrength strength = LockStrength::kUpdate;
};

// One line of turdb_catalog.locks: what a transaction holds, or waits for and who stands in its way.
struct LockInfo {
  TxnId txn = 0;
  bool is_row = false;
  base::FileId file = base::kNoFile;              // the table; of a row the tree that it is in
  TableLockMode mode = TableLockMode::kWrite;     // of a table
  LockStrength strength = LockStrength::kUpdate;  // of a row
  bool granted = false;
  TxnId waits_for = 0;   // not granted: one of those in the way; a line each
  bool has_key = false;  // false: the keys are on disk at the moment, with the versions of their page
  std::string key;
  std::string last_key;  // other rows that the transaction made or deleted, up to this one; empty: only `key`
};

// A place to roll back to.
struct Savepoint {
  base::Lsn lsn = base::kNoLsn;
  uint32_t deferred = 0;
};

// Used by one thread at a time (the connection's); what other threads may touch is atomic or guarded by
// the manager's locks, and not public. Objects are pooled: a small transaction allocates nothing.
class Transaction {
 public:
  storage::TxnLog log;

  // 0 until the first change.
  TxnId id() const { return log.id; }
  Isolation isolation() const { return isolation_; }
  bool committed() const { return state_ == TransactionState::kCommitted; }  // and to be finished
  bool read_only() const { return read_only_; }
  bool active() const { return state_ == TransactionState::kActive; }
  bool is_writer() const { return word_ != nullptr; }
  TransactionState state() const { return state_; }

  // What the current statement sees. REQUIRES: a statement was begun.
  View view() const { return View{snapshot_.read_ts(), word_, statement_, reads_}; }
  // The same, with the changes of the current statement so far: for constraint checks and triggers.
  View view_with_own_changes() const { return View{snapshot_.read_ts(), word_, statement_ + 1, reads_}; }
  // The newest versions, whatever the snapshot shows: committed by anybody, or own changes before statement `before`. Needs
  // no snapshot to keep them. Foreign keys look this way, or write skew orphans rows.
  View view_of_newest(StatementNo before) const { return View{CommitState::kMaxTimestamp, word_, before, nullptr}; }
  Timestamp read_ts() const { return snapshot_.read_ts(); }
  bool has_snapshot() const { return snapshot_.held(); }
  StatementNo statement() const { return statement_; }
  // Where this transaction's reads are noted; null unless it is serializable and may write.
  ReadSet* reads() const { return reads_; }

  // Before the first change of an operation, with no latch held: makes the transaction a writer and sees
  // to it that memory for versions is there. On error nothing changed. Cheap when repeated.
  base::Status PrepareWrite();

  // Runs `work` when this transaction has committed and no snapshot can see what it replaced; never when
  // it rolls back (or back to a savepoint before this). No latch is held when it runs, on whatever thread
  // collects garbage. What it refers to must live until it ran: see TransactionManager::Drain. An error is
  // reported by CollectGarbage; the work is not tried again. Until `ready` says true, if there is one, it waits, and what
  // was deferred later with it; it is asked with a lock held, so it must be quick, and once true stay so.
  void DeferUntilUnneeded(std::function<base::Status()> work, std::function<bool()> ready = nullptr);

  // How long a row or table lock is waited for; 0 fails at once, negative waits for ever.
  int64_t lock_timeout_ns() const { return lock_timeout_ns_; }
  void set_lock_timeout_ns(int64_t timeout_ns) { lock_timeout_ns_ = timeout_ns; }

  // For operations that take long, asked between two steps with no latch held: 57014 after a Cancel, or when `poll`
  // says so. Waits for locks ask `poll`, too, now and then. It goes with the transaction.
  base::Status CheckCanceled() const;
  void set_poll(std::function<bool()> poll) { poll_ = std::move(poll); }

  // For the push operations of version tables.
  CommitWord* word() const { return word_; }
  SlabCache& slab_cache() { return slab_cache_; }
  // Own changes of statements before this one look alike to every view that this transaction still uses.
  StatementNo settled_before() const { return settled_before_; }
  // Every snapshot, live or to come, sees what was committed up to here. Grows from writer to writer.
  Timestamp seen_by_all() const { return live_.oldest(); }
  void CountReferences(int64_t count) { references_ += count; }

  // Keys that foreign keys have marked in one tree.
  struct KeyMarks {
    base::FileId tree = base::kNoFile;
    uint32_t count = 0;
    bool whole_table = false;  // the table's lock says it for all of them
  };
  KeyMarks& MarksIn(base::FileId tree) {
    for (KeyMarks& marks : key_marks_) {
      if (marks.tree == tree) return marks;
    }
    key_marks_.push_back({tree});
    return key_marks_.back();
  }
  void NoteTouched(base::PageId page) {
    touched_[touched_count_ % kTouchedPages] = page;
    ++touched_count_;
  }

 private:
  friend class TransactionManager;
  friend struct TransactionRelease;
  friend class WaitGraph;
  static constexpr size_t kTouchedPages = 4;

  struct HeldTableLock {
    TableLock* lock;
    TableLockMode mode;
  };
  TransactionManager* manager_ = nullptr;
  Isolation isolation_ = Isolation::kSnapshot;
  TransactionState state_ = TransactionState::kIdle;
  bool read_only_ = false;
  ReadSet* reads_ = nullptr;           // read_set_ while reads are noted
  std::unique_ptr<ReadSet> read_set_;  // made when first needed
  Snapshot snapshot_;
  SnapshotHint snapshot_hint_ = 0;
  StatementNo statement_ = 0;
  StatementNo settled_before_ = 1;
  absl::InlinedVector<StatementNo, 4> live_statements_;
  int64_t lock_timeout_ns_ = 5'000'000'000;
  std::function<bool()> poll_;

  CommitWord* word_ = nullptr;
  uint64_t word_before_commit_ = 0;
  Timestamp commit_ts_ = 0;
  int64_t references_ = 0;  // deltas pushed, to be added to the word's count at the end
  SlabCache slab_cache_;
  uint32_t touched_count_ = 0;
  std::array<base::PageId, kTouchedPages> touched_{};  // the pages changed last, for the collector

  struct Deferred {
    std::function<base::Status()> work;
    std::function<bool()> ready;  // null: at once
    Timestamp ts = 0;             // of the commit
  };
  std::list<Deferred> deferred_;  // goes over into the queue without memory
  absl::InlinedVector<HeldTableLock, 8> table_locks_;
  absl::InlinedVector<KeyMarks, 2> key_marks_;
  std::vector<std::byte> record_buffer_;
  LiveSnapshots live_;  // as this transaction or one before it in this object collected them last

  // Seen by other threads.
  std::atomic<bool> canceled_{false};
  std::atomic<uint64_t> listed_id_{0};  // id, for the list of live transactions; 0 = read only so far
  std::atomic<Timestamp> listed_read_ts_{0};
  std::atomic<int64_t> began_unix_us_{0};
  std::atomic<uint8_t> listed_{0};  // 0: not; else 1 + 2 * isolation, + 16 when read-only

  // Guarded by the wait graph's lock.
  Blocker waits_for_;
  base::FileId waits_for_tree_ = base::kNoFile;
  LockStrength waits_for_strength_ = LockStrength::kUpdate;
  std::string waits_for_key_;
  TableLock* waits_for_table_ = nullptr;
  TableLockMode waits_for_mode_ = TableLockMode::kWrite;
  uint64_t visit_ = 0;
};

// Gives a transaction back to the pool; one that is still active is rolled back first.
struct TransactionRelease {
  void operator()(Transaction* transaction) const;
};
using TransactionPtr = std::unique_ptr<Transaction, TransactionRelease>;

}  // namespace turdb::txn

#endif  // TURDB_TXN_TRANSACTION_H_
