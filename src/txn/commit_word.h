// One word per writing transaction says how it ended; every delta it made points at that word, so that
// a commit publishes any number of changes with a single store (kernel rule 3).
//
//   in progress   bit 63 set, bit 62 "somebody waits", the transaction's id below
//   committed     the commit timestamp (bits 63..61 clear, never 0)
//   aborted       bit 61 set, every change of the transaction was undone
//   abandoned     bits 61 and 60 set: the changes could not be undone (the log is gone); their deltas
//                 stay in the chains and hide them until the database is opened again
//
// Words live in slabs that stay mapped as long as the manager, and a word is used again only when no
// delta refers to it. Who kept a pointer to one across a latch therefore compares the transaction's id:
// ids are never reused, so a word that belongs to another by now reads as "ended".
#ifndef TURDB_TXN_COMMIT_WORD_H_
#define TURDB_TXN_COMMIT_WORD_H_

#include <atomic>
#include <cstdint>

#include "base/check.h"
#include "base/ids.h"

namespace turdb::txn {

using base::Lsn;
using base::StatementNo;
using base::Timestamp;
using base::TxnId;

class Transaction;

// The state of a commit word at one moment.
class CommitState {
 public:
  constexpr explicit CommitState(uint64_t bits) : bits_(bits) {}
  static constexpr CommitState InProgress(TxnId id) { return CommitState(kInProgress | id); }
  static constexpr CommitState Committed(Timestamp ts) { return CommitState(ts); }
  static constexpr CommitState Aborted() { return CommitState(kAborted); }
  static constexpr CommitState Abandoned() { return CommitState(kAborted | kAbandoned); }

  constexpr bool in_progress() const { return (bits_ & kInProgress) != 0; }
  constexpr bool committed() const { return bits_ < kAbandoned && bits_ != 0; }
  constexpr bool aborted() const { return !in_progress() && (bits_ & kAborted) != 0; }
  constexpr bool abandoned() const { return aborted() && (bits_ & kAbandoned) != 0; }
  constexpr bool has_waiters() const { return in_progress() && (bits_ & kWaiters) != 0; }
  // REQUIRES: in_progress().
  constexpr TxnId txn() const { return bits_ & kIdMask; }
  // REQUIRES: committed().
  constexpr Timestamp ts() const { return bits_; }
  constexpr bool CommittedBy(Timestamp read_ts) const { return bits_ <= read_ts && bits_ != 0; }
  constexpr uint64_t bits() const { return bits_; }

  static constexpr uint64_t kInProgress = uint64_t{1} << 63;
  static constexpr uint64_t kWaiters = uint64_t{1} << 62;
  static constexpr uint64_t kAborted = uint64_t{1} << 61;
  static constexpr uint64_t kAbandoned = uint64_t{1} << 60;
  static constexpr uint64_t kIdMask = kAbandoned - 1;
  static constexpr Timestamp kMaxTimestamp = kAbandoned - 1;

 private:
  uint64_t bits_;
};

// Thread-safe: the state is one atomic; references are counted by whoever adds or removes deltas. The
// owner holds kOwnerReferences until it has ended, so the count cannot reach zero before.
struct alignas(64) CommitWord {
  static constexpr int64_t kOwnerReferences = int64_t{1} << 40;

  std::atomic<uint64_t> bits{0};
  std::atomic<int64_t> references{0};
  Transaction* owner = nullptr;     // guarded by the manager's wait mutex while somebody waits
  CommitWord* next_free = nullptr;  // guarded by the manager's pool mutex

  CommitState state() const { return CommitState(bits.load(std::memory_order_acquire)); }
  bool InProgressBy(TxnId id) const {
    const CommitState now = state();
    return now.in_progress() && now.txn() == id;
  }
};

// Somebody else's transaction that has to end first. Safe to keep across latches: see above.
struct Blocker {
  CommitWord* word = nullptr;
  TxnId txn = 0;
};

}  // namespace turdb::txn

#endif  // TURDB_TXN_COMMIT_WORD_H_
