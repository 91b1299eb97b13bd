// Memory of version tables: fixed size classes carved from aligned blocks that are counted against the
// budget (kernel rule 18: statements move between threads, so no thread's heap owns them).
//
// A block knows which of its objects are out, so that memory goes back when a large transaction's versions are gone;
// one empty block a class stays, so that a steady load does not touch the heap. What is free is a bit in the block's
// head and not a list through the objects: whoever frees or takes cold objects does not wait for their lines.
// Under a small budget blocks are small, and a large object is a block of its own: twenty classes with a block each
// would be all there is.
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
  // Small objects come one or two a change, large ones hardly ever.
  static constexpr size_t kSmallClasses = 6, kMiddleClasses = 6;
  static constexpr size_t kSmallLimit = 32, kMiddleLimit = 4, kLargeLimit = 1;
  static constexpr size_t kSmallPlaces = kSmallClasses * kSmallLimit, kMiddlePlaces = kMiddleClasses * kMiddleLimit;
  static constexpr size_t kPlaces = kSmallPlaces + kMiddlePlaces + (kClasses - kSmallClasses - kMiddleClasses) * kLargeLimit;
  static constexpr size_t Limit(size_t index) {
    return index < kSmallClasses ? kSmallLimit : index < kSmallClasses + kMiddleClasses ? kMiddleLimit : kLargeLimit;
  }
  static constexpr size_t Begin(size_t index) {
    if (index < kSmallClasses) return index * kSmallLimit;
    index -= kSmallClasses;
    if (index < kMiddleClasses) return kSmallPlaces + index * kMiddleLimit;
    return kSmallPlaces + kMiddlePlaces + (index - kMiddleClasses) * kLargeLimit;
  }
  void Push(size_t index, void* object) { free_[Begin(index) + count_[index]++] = object; }
  void* Pop(size_t index) { return free_[Begin(index) + --count_[index]]; }

  std::array<uint8_t, kClasses> count_{};
  std::array<void*, kPlaces> free_;  // by class, the first count_ of each
};

// Thread-safe.
class DeltaSlabs {
 public:
  static constexpr size_t kMaxObjectBytes = 24576;

  explicit DeltaSlabs(base::MemoryBudget& budget);
  DeltaSlabs(const DeltaSlabs&) = delete;
  DeltaSlabs& operator=(const DeltaSlabs&) = delete;
  ~DeltaSlabs();

  // Never fails: changes under a latch cannot stop half way. What the budget refuses comes from the spare, then from the
  // reserve, and what they do not have is taken all the same, beyond the limit; what the machine refuses comes from the
  // reserve. Admit sees to all of it before the next change starts.
  // REQUIRES: size_bytes <= kMaxObjectBytes.
  void* Allocate(size_t size_bytes, SlabCache* cache = nullptr) {
    const size_t index = ClassOf(size_bytes);
    if (cache == nullptr) return AllocateShared(index);
    if (cache->count_[index] == 0) Refill(*cache, index);
    return cache->Pop(index);
  }
  // `size_bytes`: as it was allocated.
  void Free(void* object, size_t size_bytes, SlabCache* cache = nullptr);
  // Gives what the cache holds to everybody.
  void Drain(SlabCache& cache);
  // Gives back the blocks that hold nothing, also those that are kept for a steady load.
  void Trim();

  // How much of the budget Admit holds ready for the next change; GiveBackSpare lets go of it, and of the reserve, until
  // then. 0 at first.
  void SetSpare(int64_t bytes);
  void GiveBackSpare();

  // Throws std::bad_alloc when the machine has not that much, as far as asking tells: for whoever is about to take more at
  // once than a change does.
  void ExpectRoom(int64_t bytes);

  // Blocks are kept aside for when the machine has no memory, so that a change under way, and the rollback that follows,
  // never need any. Not to be called again.
  base::Status FillReserve();

  // OK while the budget covers what is in use and the spare; RESOURCE_EXHAUSTED while it does not. One load when all is
  // well.
  base::Status Admit() { return short_.load(std::memory_order_relaxed) ? Settle() : base::Status(); }

  int64_t reserved_bytes() const { return reserved_bytes_.load(std::memory_order_relaxed); }  // in blocks

  // 32, 48, 64, 96, 128, 192, ... 24576: two classes for every power of two.
  static constexpr size_t ClassOf(size_t size_bytes) {
    if (size_bytes <= 32) return 0;
    const size_t power = static_cast<size_t>(std::bit_width((size_bytes - 1) / 32));
    return 2 * power - (size_bytes <= (size_t{24} << power) ? 1 : 0);
  }
  static constexpr size_t ClassBytes(size_t index) { return ((index & 1) != 0 ? size_t{48} : size_t{32}) << (index / 2); }

 private:
  static constexpr size_t kBlockWords = 8;  // of bits, enough for the smallest class
  // At the start of each block; found from an object by masking.
  struct Block {
    Block* previous;  // in the shard's list of blocks that have free objects
    Block* next;
    uint32_t live;
    bool reserve;                // its memory is of a reserve's size, and goes back there while that lacks some
    uint64_t free[kBlockWords];  // a bit an object
  };
  struct alignas(64) Shard {
    std::mutex mu;
    Block* available = nullptr;  // guarded by mu
    uint32_t empty_blocks = 0;   // guarded by mu; those in the list without a live object
  };
  static constexpr size_t kBlockHeaderBytes = 128;
  static_assert(sizeof(Block) <= kBlockHeaderBytes);
  // Blocks of one class. `alignment` is a power of two not below `bytes`.
  struct Shape {
    uint32_t bytes = 0;
    uint32_t alignment = 0;
    uint32_t capacity = 0;
  };
  static constexpr int64_t kSmallBudgetBytes = int64_t{8} << 20;
  static Shape ShapeOf(size_t index, bool small_budget);

  // Which object begins `offset` bytes behind the block's head: the size of a class is two or three times a power of two.
  static constexpr size_t ObjectNumber(size_t index, size_t offset) {
    const size_t units = offset >> (4 + index / 2);
    return (index & 1) != 0 ? units / 3 : units / 2;
  }

  void* AllocateShared(size_t index);
  void Refill(SlabCache& cache, size_t index);
  // Null: only the reserve has some left. REQUIRES: shard.mu
  void* Take(Shard& shard, size_t index, bool may_use_reserve);
  Block* GiveBack(Shard& shard, size_t index, void* object);  // REQUIRES: shard.mu; a block to release, or null
  Block* NewBlock(size_t index, bool may_use_reserve);
  void ReleaseBlock(Block* block, size_t index);
  // Memory for blocks of one size, counted against the budget as long as it is here or in a block.
  struct Reserve {
    Shape shape;
    size_t wanted = 0;              // constant after FillReserve
    std::array<void*, 8> memory{};  // guarded by reserve_mu_; the first `count`
    size_t count = 0;               // guarded by reserve_mu_
  };
  Reserve& ReserveOf(size_t index) { return reserves_[index < reserve_split_ ? 0 : 1]; }
  base::Status Refill(Reserve& reserve);
  void* TakeReserve(size_t index);
  static void* NewMemory(const Shape& shape);
  static void DeleteMemory(void* memory, const Shape& shape);
  bool TakeSpare(int64_t bytes);
  base::Status Settle();

  base::MemoryBudget& budget_;
  std::array<Shape, SlabCache::kClasses> shapes_;  // constant
  std::array<Shard, SlabCache::kClasses> shards_;
  std::atomic<int64_t> reserved_bytes_{0};
  std::atomic<int64_t> spare_target_bytes_{0};
  std::atomic<int64_t> spare_bytes_{0};
  size_t reserve_split_ = 0;  // constant: the classes below use the first reserve
  std::mutex reserve_mu_;
  std::array<Reserve, 2> reserves_;
  std::atomic<bool> short_{false};  // the spare was touched, or the limit passed
};

}  // namespace turdb::txn

#endif  // TURDB_TXN_DELTA_SLABS_H_
