// What version tables are made of: slabs for chains, and the commit words that deltas refer to.
#ifndef TURDB_TXN_VERSION_MEMORY_H_
#define TURDB_TXN_VERSION_MEMORY_H_

#include <memory>
#include <mutex>
#include <vector>

#include "base/memory_budget.h"
#include "txn/commit_word.h"
#include "txn/delta_slabs.h"
#include "txn/version_spill.h"

namespace turdb::txn {

// Thread-safe. Words are never unmapped before the pool goes: see commit_word.h.
class CommitWordPool {
 public:
  explicit CommitWordPool(base::MemoryBudget& budget) : reservation_(budget) {}
  CommitWordPool(const CommitWordPool&) = delete;
  CommitWordPool& operator=(const CommitWordPool&) = delete;

  // A word in progress by `id`, with the owner's references. Over budget: an error, and nothing changed.
  base::StatusOr<CommitWord*> Acquire(TxnId id, Transaction* owner);
  // Takes references away; the last one recycles the word.
  void Release(CommitWord* word, int64_t references) {
    if (word->references.fetch_sub(references, std::memory_order_acq_rel) == references) Recycle(word);
  }
  size_t in_use() const;

 private:
  static constexpr size_t kChunkWords = 64;
  void Recycle(CommitWord* word);

  mutable std::mutex mu_;
  base::MemoryReservation reservation_;                // guarded by mu_
  std::vector<std::unique_ptr<CommitWord[]>> chunks_;  // guarded by mu_
  CommitWord* free_ = nullptr;                         // guarded by mu_
  size_t in_use_ = 0;                                  // guarded by mu_
};

struct VersionMemory {
  explicit VersionMemory(base::MemoryBudget& limit) : budget(limit), slabs(limit), words(limit) {}
  base::MemoryBudget& budget;
  DeltaSlabs slabs;
  CommitWordPool words;
  VersionSpill spill;
};

}  // namespace turdb::txn

#endif  // TURDB_TXN_VERSION_MEMORY_H_
