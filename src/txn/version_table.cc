#include "txn/version_table.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "base/prefetch.h"
#include "txn/spilled_versions.h"
#include "txn/splice.h"
#include "txn/transaction.h"
#include "txn/version_chain.h"

namespace turdb::txn {

using base::CompareBytes;

VersionTable::~VersionTable() { Clear(); }

void VersionTable::Clear() {
  if (spill_ != nullptr) SpilledVersions::Free(memory_, std::exchange(spill_, nullptr), /*with_references=*/true);
  for (uint32_t i = 0; i < bucket_count_; ++i) {
    while (Entry* entry = buckets_[i]) {
      buckets_[i] = entry->next;
      while (Delta* delta = entry->head) {
        entry->head = delta->older;
        FreeDelta(delta, nullptr);
      }
      FreeEntry(entry, nullptr);
    }
  }
  entry_count_ = 0;
  last_entry_ = nullptr;
  if (buckets_ != inline_buckets_) memory_.slabs.Free(buckets_, sizeof(Entry*) * bucket_count_);
  buckets_ = inline_buckets_;
  bucket_count_ = kInlineBuckets;
  while (runs_ != nullptr) {
    Run* run = runs_;
    runs_ = run->next;
    FreeRun(run);
  }
}

// ---- Entries

VersionTable::Entry* VersionTable::FindEntry(Bytes key) const {
  if (entry_count_ == 0) return nullptr;
  const uint32_t hash = HashKey(key);
  if (!MayHave(hash)) return nullptr;
  for (Entry* entry = buckets_[hash & (bucket_count_ - 1)]; entry != nullptr; entry = entry->next) {
    if (entry->hash == hash && CompareBytes(entry->key(), key) == 0) return entry;
  }
  return nullptr;
}

void VersionTable::ExpectToFind(Bytes key) const { base::PrefetchLine(&buckets_[HashKey(key) & (bucket_count_ - 1)]); }

VersionTable::Entry* VersionTable::AddEntry(Bytes key, SlabCache* cache) {
  TURDB_CHECK_LE(key.size(), base::kMaxKeyBytes);
  TURDB_DCHECK(FindEntry(key) == nullptr);
  void* memory = memory_.slabs.Allocate(sizeof(Entry) + key.size(), cache);
  Entry* entry = new (memory) Entry{nullptr, nullptr, HashKey(key), static_cast<uint16_t>(key.size())};
  if (!key.empty()) std::memcpy(static_cast<void*>(entry + 1), key.data(), key.size());
  LinkEntry(entry);
  last_entry_ = entry;
  return entry;
}

void VersionTable::LinkEntry(Entry* entry) {
  if (entry_count_ >= bucket_count_ && bucket_count_ < kMaxBuckets) GrowBuckets();
  if (entry_count_ == 0) std::fill_n(filter_, kFilterWords, uint64_t{0});
  FilterWord(entry->hash) |= FilterBit(entry->hash);
  Entry*& bucket = buckets_[entry->hash & (bucket_count_ - 1)];
  entry->next = bucket;
  bucket = entry;
  ++entry_count_;
}

void VersionTable::UnlinkEntry(Entry* entry) {
  Entry** link = &buckets_[entry->hash & (bucket_count_ - 1)];
  while (*link != entry) link = &(*link)->next;
  *link = entry->next;
  --entry_count_;
  if (last_entry_ == entry) last_entry_ = nullptr;
}

void VersionTable::FreeEntry(Entry* entry, SlabCache* cache) {
  memory_.slabs.Free(entry, sizeof(Entry) + entry->key_size, cache);
}

void VersionTable::GrowBuckets() {
  static_assert(kMaxBuckets * sizeof(Entry*) <= DeltaSlabs::kMaxObjectBytes);
  const uint32_t count = bucket_count_ * (bucket_count_ < 64 ? 4 : 2);
  auto** grown = static_cast<Entry**>(memory_.slabs.Allocate(sizeof(Entry*) * count));
  std::fill_n(grown, count, nullptr);
  for (uint32_t i = 0; i < bucket_count_; ++i) {
    while (Entry* entry = buckets_[i]) {
      buckets_[i] = entry->next;
      Entry*& bucket = grown[entry->hash & (count - 1)];
      entry->next = bucket;
      bucket = entry;
    }
  }
  if (buckets_ != inline_buckets_) memory_.slabs.Free(buckets_, sizeof(Entry*) * bucket_count_);
  buckets_ = grown;
  bucket_count_ = count;
}

// The entry of a key whose slot is there already. What a run said about it so far becomes a delta of its
// own, so that the run may go before the entry or after it.
VersionTable::Entry* VersionTable::EntryOf(Bytes key, SlabCache* cache) {
  if (Entry* entry = FindEntry(key); entry != nullptr) return entry;
  Entry* entry = AddEntry(key, cache);
  const Run* run = RunOf(key);
  if (run == nullptr) return entry;
  const CommitState state = run->word->state();
  if (state.aborted() && !state.abandoned()) return entry;
  run->word->references.fetch_add(1, std::memory_order_relaxed);
  entry->head = NewDelta(run->word, run->StatementOf(key), run->kind, LockStrength::kUpdate, {}, cache);
  return entry;
}

// ---- Deltas

Delta* VersionTable::NewDelta(CommitWord* word, StatementNo statement, DeltaKind kind, LockStrength strength, Bytes payload,
                              SlabCache* cache) {
  TURDB_CHECK_LE(payload.size(), size_t{UINT16_MAX});
  void* memory = memory_.slabs.Allocate(sizeof(Delta) + payload.size(), cache);
  auto* delta = new (memory) Delta{nullptr, word, statement, static_cast<uint16_t>(payload.size()), kind, strength};
  if (!payload.empty()) std::memcpy(static_cast<void*>(delta + 1), payload.data(), payload.size());
  return delta;
}

void VersionTable::FreeDelta(Delta* delta, SlabCache* cache) {
  CommitWord* const word = delta->word;
  memory_.slabs.Free(delta, sizeof(Delta) + delta->payload_size, cache);
  memory_.words.Release(word, 1);
}

// Everything from `link` on.
void VersionTable::FreeChain(Delta** link, SlabCache* cache) {
  Delta* delta = std::exchange(*link, nullptr);
  while (delta != nullptr) {
    Delta* const older = delta->older;
    FreeDelta(delta, cache);
    delta = older;
  }
}

void VersionTable::AddDelta(Transaction& txn, Entry* entry, DeltaKind kind, LockStrength strength, Bytes payload) {
  TURDB_CHECK(txn.word() != nullptr);
  used_ = true;
  // What the transaction that holds all back adds will be held back by it too.
  if (pruned_blocker_.word != txn.word() || pruned_blocker_.txn != txn.id()) pruned_ = false;
  // Row locks come first in every chain, so that a commit below them does not hide them (invariant 3).
  Delta** link = &entry->head;
  if (kind != DeltaKind::kLock) {
    while (*link != nullptr && (*link)->kind == DeltaKind::kLock) link = &(*link)->older;
    // What nobody steps back over goes now, while its lines are at hand, and not when the collector comes by.
    if (*link != nullptr && (*link)->word->state().CommittedBy(txn.seen_by_all())) FreeChain(link, &txn.slab_cache());
  }
  Delta* const delta = NewDelta(txn.word(), txn.statement(), kind, strength, payload, &txn.slab_cache());
  delta->older = *link;
  *link = delta;
  txn.CountReferences(1);
  txn.NoteTouched(page_);
}

void VersionTable::PushUpdate(Transaction& txn, Bytes key, Bytes old_value, Bytes new_value) {
  std::byte splices[kMaxSplicesBytes];
  TURDB_CHECK_LE(std::max(old_value.size(), new_value.size()), base::kMaxValueBytes);
  const size_t size = MakeSplices(old_value, new_value, splices);
  AddDelta(txn, EntryOf(key, &txn.slab_cache()), DeltaKind::kUpdate, LockStrength::kNoKeyUpdate, {splices, size});
}

void VersionTable::PushRevive(Transaction& txn, Bytes key, Bytes old_value, Bytes new_value) {
  Entry* entry = EntryOf(key, &txn.slab_cache());
  if (entry->head == nullptr) {
    // Nobody needs what lay under the ghost.
    AddDelta(txn, entry, DeltaKind::kInsert, LockStrength::kUpdate, {});
    return;
  }
  std::byte splices[kMaxSplicesBytes];
  TURDB_CHECK_LE(std::max(old_value.size(), new_value.size()), base::kMaxValueBytes);
  const size_t size = MakeSplices(old_value, new_value, splices);
  AddDelta(txn, entry, DeltaKind::kRevive, LockStrength::kUpdate, {splices, size});
}

void VersionTable::PushInsert(Transaction& txn, Bytes key, SplitKey predecessor, std::optional<Bytes> empty_page_from) {
  if (empty_page_from.has_value() && quiet()) {
    TURDB_DCHECK_LE(CompareBytes(*empty_page_from, key), 0);
    pruned_ = false;
    Run* run = NewRun(nullptr, *empty_page_from, *empty_page_from, key);
    run->word = txn.word();
    run->kind = DeltaKind::kInsert;
    run->settled = run->tail = txn.statement();
    txn.CountReferences(1);
    txn.NoteTouched(page_);
    return;
  }
  if (Entry* entry = FindEntry(key); entry != nullptr) {
    TURDB_CHECK(entry->head == nullptr || entry->head->kind == DeltaKind::kLock);
    AddDelta(txn, entry, DeltaKind::kInsert, LockStrength::kUpdate, {});
    return;
  }
  PushOrdered(txn, DeltaKind::kInsert, key, predecessor);
}

void VersionTable::PushGhost(Transaction& txn, Bytes key, SplitKey predecessor) {
  ghosts_ = true;
  if (FindEntry(key) != nullptr || RunOf(key) != nullptr) {
    AddDelta(txn, EntryOf(key, &txn.slab_cache()), DeltaKind::kGhost, LockStrength::kUpdate, {});
    return;
  }
  PushOrdered(txn, DeltaKind::kGhost, key, predecessor);
}

// A row that a run of its own transaction lies around need not stand alone any more once its statement is as settled as
// the run's part there. So inserts in any order into a page of one's own keep one chain at a time.
void VersionTable::AbsorbLastEntry(Transaction& txn) {
  Entry* const entry = last_entry_;
  Delta* const delta = entry->head;
  if (delta == nullptr || delta->older != nullptr || delta->kind != DeltaKind::kInsert || delta->word != txn.word() ||
      delta->statement >= txn.settled_before()) {
    return;
  }
  Run* const run = RunOf(entry->key());
  if (run == nullptr || run->word != txn.word() || run->kind != DeltaKind::kInsert ||
      run->StatementOf(entry->key()) >= txn.settled_before()) {
    return;
  }
  run->ordered = false;
  memory_.slabs.Free(delta, sizeof(Delta) + delta->payload_size, &txn.slab_cache());
  txn.CountReferences(-1);
  UnlinkEntry(entry);
  FreeEntry(entry, &txn.slab_cache());
}

void VersionTable::PushOrdered(Transaction& txn, DeltaKind kind, Bytes key, SplitKey predecessor) {
  used_ = true;
  if (kind == DeltaKind::kInsert && runs_ != nullptr && last_entry_ != nullptr) AbsorbLastEntry(txn);
  if (runs_ != nullptr && ExtendRun(txn, kind, key, predecessor)) return;
  if (last_entry_ != nullptr && StartRun(txn, kind, key, predecessor)) return;
  AddDelta(txn, AddEntry(key, &txn.slab_cache()), kind, LockStrength::kUpdate, {});
}

void VersionTable::PushLock(Transaction& txn, Bytes key, LockStrength strength) {
  Entry* entry = EntryOf(key, &txn.slab_cache());
  DropEndedLocks(entry, &txn.slab_cache());
  for (Delta* delta = entry->head; delta != nullptr && delta->kind == DeltaKind::kLock; delta = delta->older) {
    if (delta->word != txn.word()) continue;
    delta->strength = std::max(delta->strength, strength);
    return;
  }
  AddDelta(txn, entry, DeltaKind::kLock, strength, {});
}

void VersionTable::DropEndedLocks(Entry* entry, SlabCache* cache) {
  for (Delta** link = &entry->head; *link != nullptr && (*link)->kind == DeltaKind::kLock;) {
    Delta* delta = *link;
    if (!delta->word->state().in_progress()) {
      *link = delta->older;
      FreeDelta(delta, cache);
    } else {
      link = &delta->older;
    }
  }
}

void VersionTable::Pop(Bytes key, TxnId txn) {
  pruned_ = false;
  Entry* entry = FindEntry(key);
  if (entry == nullptr) {
    PopFromRun(key, txn);
    return;
  }
  Delta** link = &entry->head;
  while (*link != nullptr && (*link)->kind == DeltaKind::kLock) link = &(*link)->older;
  Delta* delta = *link;
  TURDB_CHECK(delta != nullptr);
  TURDB_CHECK(delta->word->InProgressBy(txn));
  *link = delta->older;
  FreeDelta(delta, nullptr);
  if (entry->head == nullptr && RunOf(key) == nullptr) {
    UnlinkEntry(entry);
    FreeEntry(entry, nullptr);
  }
}

// ---- Runs

VersionTable::Run* VersionTable::RunOf(Bytes key) const {
  for (Run* run = runs_; run != nullptr; run = run->next) {
    if (run->Contains(key)) return run;
  }
  return nullptr;
}

// Growth of a run changes nothing for Prune: it goes when its word has ended and everybody sees it.
bool VersionTable::ExtendRun(Transaction& txn, DeltaKind kind, Bytes key, SplitKey predecessor) {
  for (Run* run = runs_; run != nullptr; run = run->next) {
    if (run->word != txn.word() || run->kind != kind) continue;
    if (!run->EndsBefore(key)) {
      if (CompareBytes(key, run->lower.key()) < 0) continue;
      // Inside. A ghost inside a run of ghosts cannot be a live row again without a chain of its own.
      TURDB_CHECK(kind == DeltaKind::kInsert);
      if (run->StatementOf(key) != txn.statement()) return false;
      run->ordered = false;
      return true;
    }
    // The slot before belongs to the run, so nothing foreign lies between the run and the key.
    if (predecessor.empty()) continue;
    const int order = CompareKeys(predecessor, run->upper.key());
    if (order > 0 || (order == 0 && !run->upper_inclusive)) continue;
    if (run->next != nullptr && CompareBytes(run->next->lower.key(), key) <= 0) continue;
    if (run->tail != txn.statement()) {
      if (run->tail >= txn.settled_before()) continue;
      run->settled = run->tail;
      run->tail = txn.statement();
      run->tail_lower.Set(key, memory_.slabs);
    }
    run->upper.Set(key, memory_.slabs);
    run->upper_inclusive = true;
    return true;
  }
  return false;
}

// The slot before was inserted (or ghosted) alone by the same transaction: from two on it is a run.
bool VersionTable::StartRun(Transaction& txn, DeltaKind kind, Bytes key, SplitKey predecessor) {
  Entry* first = last_entry_;
  Delta* delta = first->head;
  if (delta == nullptr || delta->older != nullptr || delta->kind != kind || delta->word != txn.word()) return false;
  const bool same_statement = delta->statement == txn.statement();
  if (!same_statement && delta->statement >= txn.settled_before()) return false;
  if (predecessor.empty() || CompareKeys(predecessor, first->key()) != 0) return false;
  if (CompareBytes(key, first->key()) <= 0) return false;
  Run* after = nullptr;
  size_t count = 0;
  for (Run* run = runs_; run != nullptr; run = run->next) {
    if (++count >= kMaxRuns) return false;
    if (run->EndsBefore(first->key())) {
      after = run;
    } else if (CompareBytes(run->lower.key(), key) <= 0) {
      return false;
    }
  }
  pruned_ = false;
  Run* run = NewRun(after, first->key(), same_statement ? first->key() : key, key);
  run->word = txn.word();  // the delta's reference becomes the run's
  run->kind = kind;
  run->settled = delta->statement;
  run->tail = txn.statement();
  memory_.slabs.Free(delta, sizeof(Delta) + delta->payload_size, &txn.slab_cache());
  UnlinkEntry(first);
  FreeEntry(first, &txn.slab_cache());
  txn.NoteTouched(page_);
  return true;
}

void VersionTable::PopFromRun(Bytes key, TxnId txn) {
  Run* run = RunOf(key);
  TURDB_CHECK(run != nullptr);
  TURDB_CHECK(run->word->InProgressBy(txn));
  // Rows that were inserted out of order leave the run by losing their slots.
  if (!run->ordered) return;
  if (CompareBytes(key, run->lower.key()) == 0) {
    UnlinkRun(run);
    FreeRun(run);
    return;
  }
  if (CompareBytes(run->tail_lower.key(), key) > 0) run->tail_lower.Set(key, memory_.slabs);
  run->upper.Set(key, memory_.slabs);
  run->upper_inclusive = false;
}

VersionTable::Run* VersionTable::NewRun(Run* after, Bytes lower, Bytes tail_lower, Bytes upper) {
  Run* run = new (memory_.slabs.Allocate(sizeof(Run))) Run;
  run->lower.Set(lower, memory_.slabs);
  run->tail_lower.Set(tail_lower, memory_.slabs);
  run->upper.Set(upper, memory_.slabs);
  Run*& link = after == nullptr ? runs_ : after->next;
  run->next = link;
  link = run;
  return run;
}

void VersionTable::UnlinkRun(Run* run) {
  Run** link = &runs_;
  while (*link != run) link = &(*link)->next;
  *link = run->next;
}

void VersionTable::FreeRun(Run* run) {
  CommitWord* const word = run->word;
  run->lower.Clear(memory_.slabs);
  run->tail_lower.Clear(memory_.slabs);
  run->upper.Clear(memory_.slabs);
  memory_.slabs.Free(run, sizeof(Run));
  memory_.words.Release(word, 1);
}

// ---- Reading

Chain VersionTable::Find(Bytes key) const {
  TURDB_DCHECK(!spilled());
  if (const Entry* entry = FindEntry(key); entry != nullptr) return Chain(entry->head);
  const Run* run = RunOf(key);
  return run == nullptr ? Chain() : Chain::OfRun(run->word, run->StatementOf(key), run->kind);
}

Chain VersionTable::Find(SplitKey key) const {
  if (key.prefix.empty()) return Find(key.suffix);
  std::byte whole[base::kMaxKeyBytes];
  const size_t size = key.prefix.size() + key.suffix.size();
  TURDB_CHECK_LE(size, sizeof(whole));
  std::memcpy(whole, key.prefix.data(), key.prefix.size());
  if (!key.suffix.empty()) std::memcpy(whole + key.prefix.size(), key.suffix.data(), key.suffix.size());
  return Find(Bytes(whole, size));
}

void VersionTable::ForEachUnseen(
    const View& view, absl::FunctionRef<void(Bytes key, const Chain& chain)> on_key,
    absl::FunctionRef<void(Bytes lower, Bytes upper, bool upper_inclusive, const Chain& chain)> on_range) const {
  TURDB_DCHECK(!spilled());
  bool ranges = false;
  for (const Run* run = runs_; run != nullptr; run = run->next) {
    if (run->HasSettledPart()) {
      const Chain settled = Chain::OfRun(run->word, run->settled, run->kind);
      if (!view.Sees(*settled.head())) {
        on_range(run->lower.key(), run->tail_lower.key(), false, settled);
        ranges = true;
      }
    }
    const Chain tail = Chain::OfRun(run->word, run->tail, run->kind);
    if (!view.Sees(*tail.head())) {
      on_range(run->tail_lower.key(), run->upper.key(), run->upper_inclusive, tail);
      ranges = true;
    }
  }
  if (entry_count_ == 0) return;
  for (uint32_t i = 0; i < bucket_count_; ++i) {
    for (const Entry* entry = buckets_[i]; entry != nullptr; entry = entry->next) {
      const Delta* delta = entry->head;
      while (delta != nullptr && delta->kind == DeltaKind::kLock) delta = delta->older;
      const bool seen = delta == nullptr || view.Sees(*delta);
      if (!seen || (ranges && RunOf(entry->key()) != nullptr)) on_key(entry->key(), Chain(entry->head));
    }
  }
}

// ---- Statistics and checks

size_t VersionTable::run_count() const {
  size_t count = 0;
  for (const Run* run = runs_; run != nullptr; run = run->next) ++count;
  return count;
}

size_t VersionTable::delta_count() const {
  size_t count = 0;
  for (uint32_t i = 0; i < bucket_count_; ++i) {
    for (const Entry* entry = buckets_[i]; entry != nullptr; entry = entry->next) {
      for (const Delta* delta = entry->head; delta != nullptr; delta = delta->older) ++count;
    }
  }
  return count;
}

void VersionTable::CheckInvariants() const {
  uint32_t entries = 0;
  for (uint32_t i = 0; i < bucket_count_; ++i) {
    for (const Entry* entry = buckets_[i]; entry != nullptr; entry = entry->next) {
      ++entries;
      TURDB_CHECK_EQ(entry->hash & (bucket_count_ - 1), i);
      Timestamp newer = CommitState::kMaxTimestamp;
      const CommitWord* writer = nullptr;
      for (const Delta* delta = entry->head; delta != nullptr; delta = delta->older) {
        const CommitState state = delta->word->state();
        TURDB_CHECK_LT(0, delta->word->references.load(std::memory_order_relaxed));
        if (delta->kind == DeltaKind::kLock) {
          TURDB_CHECK(newer == CommitState::kMaxTimestamp && writer == nullptr);  // invariant 3
          continue;
        }
        if (state.abandoned()) continue;
        TURDB_CHECK(!state.aborted());  // invariant 4
        if (state.in_progress()) {
          TURDB_CHECK(newer == CommitState::kMaxTimestamp && (writer == nullptr || writer == delta->word));  // invariant 3
          writer = delta->word;
        } else {
          TURDB_CHECK_LE(state.ts(), newer);
          newer = state.ts();
        }
      }
    }
  }
  TURDB_CHECK_EQ(entries, entry_count_);
  for (const Run* run = runs_; run != nullptr; run = run->next) {
    TURDB_CHECK_LE(CompareBytes(run->lower.key(), run->tail_lower.key()), 0);
    TURDB_CHECK_LE(CompareBytes(run->tail_lower.key(), run->upper.key()), 0);
    TURDB_CHECK(run->next == nullptr || run->EndsBefore(run->next->lower.key()));
  }
}

}  // namespace turdb::txn
