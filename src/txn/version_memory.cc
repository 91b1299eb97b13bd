#include "txn/version_memory.h"

#include "base/check.h"

namespace turdb::txn {

base::StatusOr<CommitWord*> CommitWordPool::Acquire(TxnId id, Transaction* owner) {
  std::lock_guard lock(mu_);
  if (free_ == nullptr) {
    TURDB_RETURN_IF_ERROR(reservation_.Grow(sizeof(CommitWord) * kChunkWords, "commit words"));
    chunks_.push_back(std::make_unique<CommitWord[]>(kChunkWords));
    for (size_t i = 0; i < kChunkWords; ++i) {
      chunks_.back()[i].next_free = free_;
      free_ = &chunks_.back()[i];
    }
  }
  CommitWord* word = free_;
  free_ = word->next_free;
  ++in_use_;
  TURDB_CHECK_EQ(word->references.load(std::memory_order_relaxed), 0);
  word->owner = owner;
  word->references.store(CommitWord::kOwnerReferences, std::memory_order_relaxed);
  word->bits.store(CommitState::InProgress(id).bits(), std::memory_order_release);
  return word;
}

void CommitWordPool::Recycle(CommitWord* word) {
  TURDB_CHECK(!word->state().in_progress());
  std::lock_guard lock(mu_);
  word->next_free = free_;
  free_ = word;
  --in_use_;
}

size_t CommitWordPool::in_use() const {
  std::lock_guard lock(mu_);
  return in_use_;
}

}  // namespace turdb::txn
