// The versions of one page (kernel rule 3).
//
// Chains are keyed by key bytes and found by hash. Changes that come in key order from one transaction
// are not kept one by one: a run says "every key of this page in [lower, upper] that has no chain of its
// own was inserted (or ghosted) by this word", so that a bulk load costs one run a page instead of a
// delta a row. A run keeps the boundary between what earlier statements did and what the newest did, so
// that single-row statements in one transaction extend it too. What lies inside a run and is not part of
// it has a chain of its own, empty if need be. README.md has the invariants.
#ifndef TURDB_TXN_VERSION_TABLE_H_
#define TURDB_TXN_VERSION_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "base/bytes.h"
#include "base/ids.h"
#include "base/status.h"
#include "txn/delta.h"
#include "txn/view.h"

namespace turdb::txn {

struct LockInfo;

class SlabCache;
class Transaction;
struct LiveSnapshots;
struct SpilledVersions;
struct VersionMemory;

// A key in the two pieces that a prefix-truncated node stores.
struct SplitKey {
  Bytes prefix;
  Bytes suffix;
  bool empty() const { return prefix.empty() && suffix.empty(); }
};

// Not thread-safe: the page's latch guards it. Find and the visits need it shared, everything else
// exclusive. A page that is not resident has no latch; then the directory's shard lock guards it, and
// only the garbage collector comes by.
class VersionTable {
 public:
  VersionTable(base::PageId page, VersionMemory& memory) : page_(page), memory_(memory) {}
  VersionTable(const VersionTable&) = delete;
  VersionTable& operator=(const VersionTable&) = delete;
  ~VersionTable();

  base::PageId page() const { return page_; }
  // No chain holds anything: the page is quiet and the table may go.
  bool quiet() const { return entry_count_ == 0 && runs_ == nullptr && spill_ == nullptr; }
  // The chains are in the temporary file: release the page and call TransactionManager::LoadVersions,
  // then fix the page again. Everything below REQUIRES !spilled().
  bool spilled() const { return spill_ != nullptr; }
  // About what they take in memory. REQUIRES: spilled().
  int64_t LoadedBytes() const;

  // ---- Reading
  Chain Find(Bytes key) const;
  // Find will follow: asks for what it looks at first.
  void ExpectToFind(Bytes key) const;
  Chain Find(SplitKey key) const;

  // For scans of a whole leaf: visits every key, and every range of keys, whose newest version `view`
  // does not see. A slot that neither visits is as the page says: its value, or no row if it is a ghost.
  // A key visited alone overrides a range around it; `on_key` gives its chain to Reconstruct. Of a range
  // [lower, upper] or [lower, upper), each slot that no `on_key` named (before or after) has `chain`.
  void ForEachUnseen(
      const View& view, absl::FunctionRef<void(Bytes key, const Chain& chain)> on_key,
      absl::FunctionRef<void(Bytes lower, Bytes upper, bool upper_inclusive, const Chain& chain)> on_range) const;

  // ---- Changing. The caller judged the row, holds the page exclusively and changes it in the same
  // breath. REQUIRES: Transaction::PrepareWrite succeeded. None of these can fail.
  //
  // `predecessor`: the key of the slot before (ghosts count), empty when there is none in this page.
  //
  // The key had no slot. A slot that is a ghost is revived instead, whoever made it. `empty_page_from`: the page had
  // no slot at all, and holds no key below this one; then whatever the transaction inserts into it is one run.
  void PushInsert(Transaction& txn, Bytes key, SplitKey predecessor, std::optional<Bytes> empty_page_from = std::nullopt);
  void PushGhost(Transaction& txn, Bytes key, SplitKey predecessor);
  // The values are what the row holds before and after; what differs is remembered.
  void PushUpdate(Transaction& txn, Bytes key, Bytes old_value, Bytes new_value);
  // The slot was a ghost. `old_value` is what lay under it.
  void PushRevive(Transaction& txn, Bytes key, Bytes old_value, Bytes new_value);
  void PushLock(Transaction& txn, Bytes key, LockStrength strength);
  // Undo: takes back the newest change of `key`, which transaction `txn` made. Changes are taken back in
  // the reverse order of their making. Locks stay until the transaction ends.
  void Pop(Bytes key, TxnId txn);

  // Appends the rows that transactions in progress have changed or locked, until the list is `most` long.
  void ListHeldRows(size_t most, std::vector<LockInfo>* list) const;

  size_t chain_count() const { return entry_count_; }
  size_t run_count() const;
  size_t delta_count() const;
  // Checks the table's invariants; a broken one stops the process.
  void CheckInvariants() const;

 private:
  friend class VersionDirectory;
  friend class VersionCollector;

  struct Entry;
  struct Run;
  static constexpr uint32_t kInlineBuckets = 4;
  static constexpr uint32_t kMaxBuckets = 2048;  // a power of two whose array is one slab object
  static constexpr size_t kMaxRuns = 64;
  static constexpr uint32_t kMinSpilledChains = 8;

  Entry* FindEntry(Bytes key) const;
  Entry* AddEntry(Bytes key, SlabCache* cache);
  Entry* EntryOf(Bytes key, SlabCache* cache);
  void LinkEntry(Entry* entry);
  void UnlinkEntry(Entry* entry);
  void FreeEntry(Entry* entry, SlabCache* cache);
  void GrowBuckets();
  void AddDelta(Transaction& txn, Entry* entry, DeltaKind kind, LockStrength strength, Bytes payload);
  Delta* NewDelta(CommitWord* word, StatementNo statement, DeltaKind kind, LockStrength strength, Bytes payload,
                  SlabCache* cache);
  void FreeDelta(Delta* delta, SlabCache* cache);  // with its reference
  void FreeChain(Delta** link, SlabCache* cache);
  void DropEndedLocks(Entry* entry, SlabCache* cache);

  Run* RunOf(Bytes key) const;
  bool ExtendRun(Transaction& txn, DeltaKind kind, Bytes key, SplitKey predecessor);
  bool StartRun(Transaction& txn, DeltaKind kind, Bytes key, SplitKey predecessor);
  void AbsorbLastEntry(Transaction& txn);
  void PushOrdered(Transaction& txn, DeltaKind kind, Bytes key, SplitKey predecessor);
  void PopFromRun(Bytes key, TxnId txn);
  Run* NewRun(Run* after, Bytes lower, Bytes tail_lower, Bytes upper);
  void UnlinkRun(Run* run);
  void FreeRun(Run* run);  // with its reference

  // Structure modifications, for the directory: rows with key >= separator go to `right`; all rows come.
  void MoveUpper(Bytes separator, VersionTable& right);
  void MoveAllFrom(VersionTable& from);
  // Forgets what nobody can see any more; true when something is left. Counts the chains it looked at.
  bool Prune(const LiveSnapshots& live, SlabCache* cache, size_t* visited);
  bool PruneIsUseless(const LiveSnapshots& live) const;
  void NoteNeeded(CommitWord* word, const LiveSnapshots& live);
  void PruneChain(Entry* entry, const LiveSnapshots& live, SlabCache* cache);
  Delta* MergeDeltas(Delta* newer, Delta* older, SlabCache* cache);
  void Clear();

  // Moves the chains to the temporary file, when they belong to few enough transactions; false: not. Of a page that is
  // resident, and so may be needed at once, only when there are enough of them. On error they stay in memory.
  base::StatusOr<bool> Spill(bool page_is_resident, std::vector<std::byte>* buffer);
  // REQUIRES: spilled(). On error it stays so.
  base::Status Load(std::vector<std::byte>* buffer);
  // Drops spilled chains that nobody can see any more without reading them. True: the table is quiet now.
  bool DropSpilled(const LiveSnapshots& live);
  // Takes what is left of a spilled table in memory, or gives it back. REQUIRES: spilled(), or quiet().
  SpilledVersions* TakeSpilled();
  void GiveSpilled(SpilledVersions* spilled);
  class WordCounts;
  void Serialize(std::vector<std::byte>* out, WordCounts* words) const;
  void Rebuild(Bytes bytes);
  void FreeChainsKeepingReferences();

  base::PageId page_;
  VersionMemory& memory_;
  // Which hashes have entries: most searches find none, and this spares them the cold lines of buckets and entries.
  // Bits of entries that are gone stay until the next Prune that looks at all.
  static constexpr size_t kFilterWords = 8;
  uint64_t& FilterWord(uint32_t hash) { return filter_[(hash >> 23) % kFilterWords]; }
  static uint64_t FilterBit(uint32_t hash) { return uint64_t{1} << (hash >> 26); }
  bool MayHave(uint32_t hash) const { return (filter_[(hash >> 23) % kFilterWords] & FilterBit(hash)) != 0; }

  uint64_t filter_[kFilterWords] = {};
  Entry* inline_buckets_[kInlineBuckets] = {};
  Entry** buckets_ = inline_buckets_;
  uint32_t bucket_count_ = kInlineBuckets;
  uint32_t entry_count_ = 0;
  Run* runs_ = nullptr;
  Entry* last_entry_ = nullptr;  // the newest entry, a candidate for the start of a run
  SpilledVersions* spill_ = nullptr;
  // What the last Prune left behind will still be needed while these snapshots are the live ones, or while
  // this transaction goes on; unless something was pushed meanwhile, looking again is of no use.
  bool pruned_ = false;
  uint64_t pruned_fingerprint_ = 0;
  Blocker pruned_blocker_;
  bool ghosts_ = false;  // there was a ghost: the tree may want to purge when the page is quiet
  bool used_ = true;     // pushed to or loaded since the search for something to spill came by

  // Guarded by the directory's shard lock.
  bool resident_ = true;
  bool in_spilled_list_ = false;
  VersionTable* hash_next_ = nullptr;
  VersionTable* older_ = nullptr;
  VersionTable* newer_ = nullptr;
};

}  // namespace turdb::txn

#endif  // TURDB_TXN_VERSION_TABLE_H_
