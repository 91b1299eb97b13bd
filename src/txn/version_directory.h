// Where version tables are found: through Frame::versions while their page is resident (null = quiet, one
// test for a reader), and through this directory, keyed by page, always.
#ifndef TURDB_TXN_VERSION_DIRECTORY_H_
#define TURDB_TXN_VERSION_DIRECTORY_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/status.h"
#include "txn/version_memory.h"
#include "txn/version_table.h"

namespace turdb::txn {

class CommitLog;
struct LockInfo;

class SlabCache;
struct LiveSnapshots;
struct SpilledVersions;

// A latched page as the directory sees it.
struct PageVersions {
  base::PageId page;
  std::atomic<void*>* slot;  // Frame::versions
};
template <typename Guard>
PageVersions VersionsOf(const Guard& guard) {
  return PageVersions{guard.id(), &guard.frame()->versions};
}
// The table of a page that is latched in any way; null when the page is quiet.
template <typename Guard>
VersionTable* TableOf(const Guard& guard) {
  return static_cast<VersionTable*>(guard.frame()->versions.load(std::memory_order_acquire));
}

// Thread-safe. Lock order: page latches, then a shard's lock (never two), then the slabs'.
class VersionDirectory {
 public:
  explicit VersionDirectory(VersionMemory& memory);
  VersionDirectory(const VersionDirectory&) = delete;
  VersionDirectory& operator=(const VersionDirectory&) = delete;
  ~VersionDirectory();

  // The page's table, made when it has none. REQUIRES: the exclusive latch.
  VersionTable& Attach(PageVersions page, SlabCache* cache = nullptr);

  // A structure modification moved every row with key >= separator from `left` to the fresh page `right`.
  // REQUIRES: both exclusive latches; neither table spilled; `right` has no table.
  void Split(PageVersions left, PageVersions right, Bytes separator);
  // It moved every row of `from` into `into` (a merge, or root growth that copies down). `from` is quiet
  // afterwards. REQUIRES: both exclusive latches; neither spilled; no key in both.
  void Merge(PageVersions into, PageVersions from);

  // storage::BufferPool::Hooks, under the frame's exclusive latch.
  void* OnLoad(base::PageId page);
  void OnEvict(base::PageId page, void* versions);

  // Brings a spilled table back into memory, or forgets it if nobody needs it. REQUIRES: its page's exclusive latch.
  base::Status Load(VersionTable* table, const LiveSnapshots& live);

  // Appends the rows that transactions in progress have changed or locked, until the list is `most` long.
  void ListHeldRows(CommitLog& log, size_t most, std::vector<LockInfo>* list);

  // Pages with versions, spilled ones included.
  size_t table_count() const { return table_count_.load(std::memory_order_relaxed); }
  // Those whose chains are in memory.
  size_t in_memory_count() const { return in_memory_count_.load(std::memory_order_relaxed); }
  VersionMemory& memory() { return memory_; }

 private:
  friend class VersionCollector;
  static constexpr size_t kShards = 64;
  struct List {
    VersionTable* oldest = nullptr;
    VersionTable* newest = nullptr;
  };
  struct alignas(64) Shard {
    std::mutex mu;
    // All guarded by mu.
    std::vector<VersionTable*> buckets;  // by page, chained through hash_next_; a power of two
    size_t count = 0;
    List in_memory, spilled;  // each in the order in which the collector visits them
    // Spilled versions of pages that are not resident: no table, and no list.
    SpilledVersions** absent = nullptr;  // by page, chained; a power of two, in the slabs
    size_t absent_buckets = 0;
    size_t absent_count = 0;
    size_t next_absent = 0;  // the bucket that the collector visits next
  };
  static constexpr size_t kMinBuckets = 8;
  static constexpr size_t kMinAbsentBuckets = 8, kMaxAbsentBuckets = 2048;
  static size_t ShardIndex(base::PageId page);
  Shard& ShardOf(base::PageId page) { return shards_[ShardIndex(page)]; }
  // REQUIRES: shard.mu.
  static VersionTable* Lookup(const Shard& shard, base::PageId page);
  void Insert(Shard& shard, VersionTable* table);
  void Remove(Shard& shard, VersionTable* table);
  // Takes the spilled table of a page that is not resident out and keeps what must be kept. The caller destroys it.
  void MakeAbsent(Shard& shard, VersionTable* table);
  void AddAbsent(Shard& shard, SpilledVersions* spilled);
  SpilledVersions* TakeAbsent(Shard& shard, base::PageId page);
  void FreeAbsent(Shard& shard);
  void CountPage(Shard& shard, bool added);
  static List& ListOf(Shard& shard, const VersionTable* table);
  static void AppendToList(List& list, VersionTable* table);
  static void RemoveFromList(List& list, VersionTable* table);
  void MoveToList(Shard& shard, VersionTable* table, bool spilled);

  // Takes a quiet table out and frees it. REQUIRES: the exclusive latch of its page.
  void Drop(PageVersions page, VersionTable* table, SlabCache* cache);
  void Destroy(VersionTable* table, SlabCache* cache);

  VersionMemory& memory_;
  std::array<Shard, kShards> shards_;
  std::atomic<uint64_t> nonempty_shards_{0};  // a bit each
  std::atomic<size_t> table_count_{0};
  std::atomic<size_t> in_memory_count_{0};
};

}  // namespace turdb::txn

#endif  // TURDB_TXN_VERSION_DIRECTORY_H_
