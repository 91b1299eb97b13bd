// Memory of version tables: fixed size classes carved from blocks that are counted against the budget
// and kept for reuse (kernel rule 18: statements move between threads, so no thread's heap owns them).
#ifndef TURDB_TXN_DELTA_SLABS_H_
#define TURDB_TXN_DELTA_SLABS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

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

// Thread-safe. Blocks go back to the heap only with the slabs themselves (or in ReleaseUnused).
class DeltaSlabs {
 public:
  static constexpr size_t kMaxObjectBytes = 32768;

  explicit DeltaSlabs(base::MemoryBudget& budget);
  DeltaSlabs(const DeltaSlabs&) = delete;
  DeltaSlabs& operator=(const DeltaSlabs&) = delete;
  ~DeltaSlabs();

  // Never fails: changes under a latch cannot stop half way. What the budget refuses is taken all the
  // same and counted as overdraft, which Admit makes good or reports before the next change starts.
  void* Allocate(size_t size_bytes, SlabCache* cache = nullptr);
  void Free(void* object, size_t size_bytes, SlabCache* cache = nullptr);
  // Gives what the cache holds to everybody.
  void Drain(SlabCache& cache);

  // OK while the budget covers what is in use; RESOURCE_EXHAUSTED while there is an overdraft that the
  // budget still refuses. A few loads when all is well.
  base::Status Admit() { return overdraft_bytes_.load(std::memory_order_relaxed) == 0 ? base::Status() : SettleOverdraft(); }

  int64_t used_bytes() const { return used_bytes_.load(std::memory_order_relaxed); }          // handed out
  int64_t reserved_bytes() const { return reserved_bytes_.load(std::memory_order_relaxed); }  // in blocks

  static constexpr size_t ClassOf(size_t size_bytes) {
    // 32, 48, 64, 96, 128, 192, ... 32768: two classes for every power of two.
    size_t index = 0;
    while (ClassBytes(index) < size_bytes) ++index;
    return index;
  }
  static constexpr size_t ClassBytes(size_t index) { return ((index & 1) != 0 ? size_t{48} : size_t{32}) << (index / 2); }

 private:
  struct alignas(64) Shard {
    std::mutex mu;
    SlabCache::FreeObject* free = nullptr;  // guarded by mu; one list a class
    int64_t free_count = 0;
    std::byte* cursor = nullptr;  // what is left of the block being carved
    std::byte* limit = nullptr;
  };
  base::Status SettleOverdraft();
  void* Carve(Shard& shard, size_t class_index);

  base::MemoryBudget& budget_;
  std::array<Shard, SlabCache::kClasses> shards_;
  std::atomic<int64_t> used_bytes_{0};
  std::atomic<int64_t> reserved_bytes_{0};
  std::atomic<int64_t> overdraft_bytes_{0};
  std::mutex blocks_mu_;
  std::vector<std::byte*> blocks_;  // guarded by blocks_mu_
};

}  // namespace turdb::txn

#endif  // TURDB_TXN_DELTA_SLABS_H_
