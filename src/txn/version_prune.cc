// What a version table does when it is not read or pushed to: it follows its rows to other pages, and
// forgets what nobody can see.
#include <algorithm>
#include <cstring>
#include <new>

#include "base/check.h"
#include "txn/snapshot_registry.h"
#include "txn/splice.h"
#include "txn/version_chain.h"
#include "txn/version_table.h"

namespace turdb::txn {

using base::CompareBytes;

void VersionTable::MoveUpper(Bytes separator, VersionTable& right) {
  TURDB_CHECK(!spilled() && right.quiet());
  last_entry_ = nullptr;
  pruned_ = false;
  right.ghosts_ = ghosts_;
  for (uint32_t i = 0; i < bucket_count_ && entry_count_ > 0; ++i) {
    for (Entry** link = &buckets_[i]; *link != nullptr;) {
      Entry* entry = *link;
      if (CompareBytes(entry->key(), separator) < 0) {
        link = &entry->next;
        continue;
      }
      *link = entry->next;
      --entry_count_;
      right.LinkEntry(entry);
    }
  }
  Run** link = &runs_;
  while (*link != nullptr && CompareBytes((*link)->lower.key(), separator) < 0) {
    Run* run = *link;
    link = &run->next;
    if (run->EndsBefore(separator)) continue;
    // It lies on both sides, and becomes two.
    Run* upper = right.NewRun(nullptr, separator, separator, run->upper.key());
    upper->word = run->word;
    upper->settled = run->settled;
    upper->tail = run->tail;
    upper->kind = run->kind;
    upper->upper_inclusive = run->upper_inclusive;
    upper->ordered = run->ordered;
    run->word->references.fetch_add(1, std::memory_order_relaxed);
    if (CompareBytes(run->tail_lower.key(), separator) > 0) {
      upper->tail_lower.Set(run->tail_lower.key(), memory_.slabs);
      run->tail_lower.Set(separator, memory_.slabs);
    }
    run->upper.Set(separator, memory_.slabs);
    run->upper_inclusive = false;
  }
  if (*link != nullptr) {
    Run** end = &right.runs_;
    while (*end != nullptr) end = &(*end)->next;
    *end = *link;
    *link = nullptr;
  }
}

void VersionTable::MoveAllFrom(VersionTable& from) {
  TURDB_CHECK(!spilled() && !from.spilled());
  last_entry_ = nullptr;
  from.last_entry_ = nullptr;
  pruned_ = false;
  ghosts_ |= from.ghosts_;
  for (uint32_t i = 0; i < from.bucket_count_ && from.entry_count_ > 0; ++i) {
    while (Entry* entry = from.buckets_[i]) {
      from.buckets_[i] = entry->next;
      --from.entry_count_;
      TURDB_DCHECK(FindEntry(entry->key()) == nullptr);
      LinkEntry(entry);
    }
  }
  while (from.runs_ != nullptr) {
    Run* run = from.runs_;
    from.runs_ = run->next;
    Run** link = &runs_;
    while (*link != nullptr && CompareBytes((*link)->lower.key(), run->lower.key()) < 0) link = &(*link)->next;
    run->next = *link;
    *link = run;
  }
}

bool VersionTable::Prune(const LiveSnapshots& live, SlabCache* cache, size_t* visited) {
  TURDB_CHECK(!spilled());
  if (PruneIsUseless(live)) return true;
  pruned_ = true;
  pruned_fingerprint_ = live.fingerprint;
  pruned_blocker_ = {};
  const Timestamp oldest = live.oldest();
  for (Run** link = &runs_; *link != nullptr;) {
    Run* run = *link;
    const CommitState state = run->word->state();
    ++*visited;
    if (state.CommittedBy(oldest) || (state.aborted() && !state.abandoned())) {
      *link = run->next;
      FreeRun(run);
    } else {
      NoteNeeded(run->word, live);
      link = &run->next;
    }
  }
  *visited += entry_count_;
  std::fill_n(filter_, kFilterWords, uint64_t{0});
  for (uint32_t i = 0; i < bucket_count_ && entry_count_ > 0; ++i) {
    for (Entry** link = &buckets_[i]; *link != nullptr;) {
      Entry* entry = *link;
      PruneChain(entry, live, cache);
      if (entry->head != nullptr) NoteNeeded(entry->head->word, live);
      if (entry->head != nullptr || RunOf(entry->key()) != nullptr) {
        FilterWord(entry->hash) |= FilterBit(entry->hash);
        link = &entry->next;
        continue;
      }
      *link = entry->next;
      --entry_count_;
      if (last_entry_ == entry) last_entry_ = nullptr;
      FreeEntry(entry, cache);
    }
  }
  return !quiet();
}

bool VersionTable::PruneIsUseless(const LiveSnapshots& live) const {
  if (!pruned_ || quiet()) return false;
  if (pruned_blocker_.word != nullptr) return pruned_blocker_.word->InProgressBy(pruned_blocker_.txn);
  return !live.held.empty() && live.fingerprint == pruned_fingerprint_;
}

void VersionTable::NoteNeeded(CommitWord* word, const LiveSnapshots& live) {
  const CommitState state = word->state();
  if (state.in_progress()) {
    pruned_blocker_ = {word, state.txn()};
  } else if (state.committed() && state.ts() > live.horizon) {
    pruned_ = false;  // soon everybody will see it
  }
}

void VersionTable::PruneChain(Entry* entry, const LiveSnapshots& live, SlabCache* cache) {
  DropEndedLocks(entry, cache);
  const Timestamp oldest = live.oldest();
  Delta** link = &entry->head;
  Delta* newer = nullptr;  // the committed delta before, if it is one that every future snapshot sees
  Delta** newer_link = nullptr;
  Timestamp newer_ts = 0;
  while (*link != nullptr) {
    Delta* delta = *link;
    const CommitState state = delta->word->state();
    if (delta->kind == DeltaKind::kLock || !state.committed()) {
      newer = nullptr;
      link = &delta->older;
      continue;
    }
    if (state.ts() <= oldest) {
      // Everybody sees this change, so nobody steps back over it, nor over those before it.
      FreeChain(link, cache);
      return;
    }
    // A version that no snapshot lies on: the step to it and the step from it become one.
    if (newer != nullptr && !live.AnyIn(state.ts(), newer_ts)) {
      if (Delta* merged = MergeDeltas(newer, delta, cache); merged != nullptr) {
        *newer_link = merged;
        newer = merged;
        link = &merged->older;
        continue;
      }
    }
    newer = delta;
    newer_link = link;
    newer_ts = state.ts();
    link = &delta->older;
  }
}

// One delta instead of two, with the newer one's word. Both are freed; null when the result is too long.
Delta* VersionTable::MergeDeltas(Delta* newer, Delta* older, SlabCache* cache) {
  std::byte payload[2 * kMaxSplicesBytes];
  size_t size = 0;
  if (newer->payload_size == 0) {
    size = older->payload_size;
    if (size > 0) std::memcpy(payload, older->payload().data(), size);
  } else if (older->payload_size == 0) {
    size = newer->payload_size;
    std::memcpy(payload, newer->payload().data(), size);
  } else {
    size = ComposeSplices(newer->payload(), older->payload(), payload, sizeof(payload));
    if (size == 0) return nullptr;
  }
  DeltaKind kind = DeltaKind::kGhost;  // there was a row before
  if (older->kind == DeltaKind::kInsert) {
    kind = DeltaKind::kInsert;
    size = 0;
  } else if (older->absent_before()) {
    kind = DeltaKind::kRevive;
  } else if (newer->kind == DeltaKind::kUpdate && older->kind == DeltaKind::kUpdate) {
    kind = DeltaKind::kUpdate;
  }
  Delta* merged =
      NewDelta(newer->word, newer->statement, kind, std::max(newer->strength, older->strength), {payload, size}, cache);
  merged->older = older->older;
  memory_.slabs.Free(newer, sizeof(Delta) + newer->payload_size, cache);  // its reference goes to the merged one
  FreeDelta(older, cache);
  return merged;
}

}  // namespace turdb::txn
