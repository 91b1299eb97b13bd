// The row locks of turdb_catalog.locks: chains whose newest deltas belong to transactions in progress. Nobody keeps a list of
// them; they are found where the rows are.
#include <algorithm>

#include "absl/container/inlined_vector.h"
#include "txn/commit_log.h"
#include "txn/spilled_versions.h"
#include "txn/transaction.h"
#include "txn/version_chain.h"
#include "txn/version_directory.h"

namespace turdb::txn {
namespace {

LockInfo HeldBy(TxnId txn, base::PageId page, LockStrength strength) {
  LockInfo info;
  info.txn = txn;
  info.is_row = true;
  info.file = page.file;
  info.strength = strength;
  info.granted = true;
  return info;
}

// What of it is on disk tells who has changed rows of the page, not which.
void ListSpilled(const SpilledVersions& spilled, size_t most, std::vector<LockInfo>* list) {
  for (const SpilledVersions::Word& word : spilled.list()) {
    const CommitState state = word.word->state();
    if (state.in_progress() && list->size() < most) list->push_back(HeldBy(state.txn(), spilled.page, LockStrength::kUpdate));
  }
}

}  // namespace

void VersionTable::ListHeldRows(size_t most, std::vector<LockInfo>* list) const {
  if (spill_ != nullptr) return ListSpilled(*spill_, most, list);
  for (const Run* run = runs_; run != nullptr && list->size() < most; run = run->next) {
    const CommitState state = run->word->state();
    if (!state.in_progress()) continue;
    LockInfo info = HeldBy(state.txn(), page_, LockStrength::kUpdate);
    info.has_key = true;
    info.key.assign(base::AsText(run->lower.key()));
    if (base::CompareBytes(run->lower.key(), run->upper.key()) != 0) info.last_key.assign(base::AsText(run->upper.key()));
    list->push_back(std::move(info));
  }
  absl::InlinedVector<std::pair<TxnId, LockStrength>, 4> holders;
  for (uint32_t i = 0; i < bucket_count_; ++i) {
    for (const Entry* entry = buckets_[i]; entry != nullptr; entry = entry->next) {
      holders.clear();
      for (const Delta* delta = entry->head; delta != nullptr; delta = delta->older) {
        const CommitState state = delta->word->state();
        if (!state.in_progress()) {
          if (delta->kind == DeltaKind::kLock) continue;
          break;  // what lies below is older
        }
        const auto known = std::find_if(holders.begin(), holders.end(), [&](const auto& h) { return h.first == state.txn(); });
        if (known == holders.end()) {
          holders.emplace_back(state.txn(), delta->strength);
        } else {
          known->second = std::max(known->second, delta->strength);
        }
      }
      for (const auto& [txn, strength] : holders) {
        if (list->size() >= most) return;
        LockInfo info = HeldBy(txn, page_, strength);
        info.has_key = true;
        info.key.assign(base::AsText(entry->key()));
        list->push_back(std::move(info));
      }
    }
  }
}

void VersionDirectory::ListHeldRows(CommitLog& log, size_t most, std::vector<LockInfo>* list) {
  std::vector<base::PageId> resident;
  for (Shard& shard : shards_) {
    std::lock_guard lock(shard.mu);
    for (const List* tables : {&shard.in_memory, &shard.spilled}) {
      for (const VersionTable* table = tables->oldest; table != nullptr; table = table->newer_) {
        if (table->resident_) {
          resident.push_back(table->page_);
        } else {
          table->ListHeldRows(most, list);
        }
      }
    }
    if (shard.absent_count == 0) continue;
    for (size_t i = 0; i < shard.absent_buckets; ++i) {
      for (const SpilledVersions* spilled = shard.absent[i]; spilled != nullptr; spilled = spilled->next) {
        ListSpilled(*spilled, most, list);
      }
    }
  }
  for (const base::PageId page : resident) {
    if (list->size() >= most) return;
    // A page that cannot be read any more has nothing to tell.
    log.ChangeVersions(page,
                       [&](std::atomic<void*>& slot) {
                         const auto* const table = static_cast<const VersionTable*>(slot.load(std::memory_order_relaxed));
                         if (table != nullptr) table->ListHeldRows(most, list);
                       })
        .IgnoreError();
  }
}

}  // namespace turdb::txn
