// Memory of version tables: fixed size classes carved from aligned blocks that are counted against the
// budget (kernel rule 18: statements move between threads, so no thread's heap owns them).
//
// A block knows how many of its objects are out, so that memory goes back when a large transaction's
// versions are gone; one empty block a class stays, so that a steady load does not touch the heap.
#ifndef TURDB_TXN_DELTA_SLABS_H_
#define TURDB_TXN_DELTA_SLABS_H_

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "base/memory_budget.h"
#include "base/status.h"

namespace turdb::txn {

class DeltaSlabs;

// Free objects that one transaction keeps at hand, so that a push takes no lock. Not thread-safe; used
// by the transaction's owner only.
class SlabCache {
 public:
  static constexpr size_t kClasses = 20;

 private:
  friend class DeltaSlabs;
  struct FreeObject {
    FreeObject* next;
  };
  std::array<FreeObject*, kClasses> free_{};
  std::array<uint8_t, kClasses> count_{};
};

// Thread-safe.
class DeltaSlabs {
 public:
  static constexpr size_t kMaxObjectBytes = 24576;

  explicit DeltaSlabs(base::MemoryBudget& budget) : budget_(budget) {}
  DeltaSlabs(const DeltaSlabs&) = delete;
  DeltaSlabs& operator=(const DeltaSlabs&) = delete;
  ~DeltaSlabs();

  // Never fails: changes under a latch cannot stop half way. What the budget refuses is taken all the
  // same and counted as overdraft, which Admit makes good or reports before the next change starts.
  // REQUIRES: size_bytes <= kMaxObjectBytes.
  void* Allocate(size_t size_bytes, SlabCache* cache = nullptr) {
    const size_t index = ClassOf(size_bytes);
    if (cache == nullptr) return AllocateShared(index);
    if (cache->free_[index] == nullptr) Refill(*cache, index);
    SlabCache::FreeObject* object = cache->free_[index];
    cache->free_[index] = object->next;
    --cache->count_[index];
    return object;
  }
  // `size_bytes`: as it was allocated.
  void Free(void* object, size_t size_bytes, SlabCache* cache = nullptr);
  // Gives what the cache holds to everybody.
  void Drain(SlabCache& cache);
  // Gives back the blocks that hold nothing, also those that are kept for a steady load.
  void Trim();

  // OK while the budget covers what is in use; RESOURCE_EXHAUSTED while there is an overdraft that the
  // budget still refuses. One load when all is well.
  base::Status Admit() { return overdraft_bytes_.load(std::memory_order_relaxed) == 0 ? base::Status() : SettleOverdraft(); }

  int64_t reserved_bytes() const { return reserved_bytes_.load(std::memory_order_relaxed); }  // in blocks
  int64_t overdraft_bytes() const { return overdraft_bytes_.load(std::memory_order_relaxed); }

  // 32, 48, 64, 96, 128, 192, ... 24576: two classes for every power of two.
  static constexpr size_t ClassOf(size_t size_bytes) {
    if (size_bytes <= 32) return 0;
    const size_t power = static_cast<size_t>(std::bit_width((size_bytes - 1) / 32));
    return 2 * power - (size_bytes <= (size_t{24} << power) ? 1 : 0);
  }
  static constexpr size_t ClassBytes(size_t index) { return ((index & 1) != 0 ? size_t{48} : size_t{32}) << (index / 2); }

 private:
  // At the start of each block; found from an object by masking.
  struct Block {
    Block* previous;  // in the shard's list of blocks that have free objects
    Block* next;
    SlabCache::FreeObject* free;
    std::byte* untouched;  // objects from here on were never handed out
    uint32_t live;
  };
  struct alignas(64) Shard {
    std::mutex mu;
    Block* available = nullptr;  // guarded by mu
    uint32_t empty_blocks = 0;   // guarded by mu; those in the list without a live object
  };
  static constexpr size_t kBlockHeaderBytes = 64;
  static constexpr size_t BlockBytes(size_t index) { return ClassBytes(index) <= 768 ? size_t{16384} : size_t{65536}; }
  static constexpr uint8_t CacheLimit(size_t index) {
    return ClassBytes(index) <= 192 ? uint8_t{32} : ClassBytes(index) <= 1536 ? uint8_t{4} : uint8_t{1};
  }

  void* AllocateShared(size_t index);
  void Refill(SlabCache& cache, size_t index);
  void* Take(Shard& shard, size_t index);                     // REQUIRES: shard.mu
  Block* GiveBack(Shard& shard, size_t index, void* object);  // REQUIRES: shard.mu; a block to release, or null
  Block* NewBlock(size_t index);
  void ReleaseBlock(Block* block, size_t index);
  base::Status SettleOverdraft();

  base::MemoryBudget& budget_;
  std::array<Shard, SlabCache::kClasses> shards_;
  std::atomic<int64_t> reserved_bytes_{0};
  std::atomic<int64_t> overdraft_bytes_{0};
};

}  // namespace turdb::txn

#endif  // TURDB_TXN_DELTA_SLABS_H_
