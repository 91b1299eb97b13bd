#include "txn/delta_slabs.h"

#include <new>

#include "base/check.h"

namespace turdb::txn {

static_assert(DeltaSlabs::ClassBytes(SlabCache::kClasses - 1) == DeltaSlabs::kMaxObjectBytes);
static_assert(DeltaSlabs::ClassOf(1) == 0 && DeltaSlabs::ClassOf(32) == 0 && DeltaSlabs::ClassOf(33) == 1);
static_assert(DeltaSlabs::ClassOf(48) == 1 && DeltaSlabs::ClassOf(49) == 2 && DeltaSlabs::ClassOf(64) == 2);
static_assert(DeltaSlabs::ClassOf(65) == 3 && DeltaSlabs::ClassOf(24576) == 19 && DeltaSlabs::ClassOf(16384) == 18);

DeltaSlabs::~DeltaSlabs() {
  for (size_t index = 0; index < shards_.size(); ++index) {
    for (Block* block = shards_[index].available; block != nullptr;) {
      TURDB_CHECK_EQ(block->live, 0u);  // version tables and caches are gone before their memory
      Block* next = block->next;
      ReleaseBlock(block, index);
      block = next;
    }
  }
  TURDB_CHECK_EQ(reserved_bytes(), 0);
}

DeltaSlabs::Block* DeltaSlabs::NewBlock(size_t index) {
  const size_t bytes = BlockBytes(index);
  if (!budget_.TryReserve(static_cast<int64_t>(bytes)))
    overdraft_bytes_.fetch_add(static_cast<int64_t>(bytes), std::memory_order_relaxed);
  void* memory = ::operator new(bytes, std::align_val_t{bytes}, std::nothrow);
  TURDB_CHECK(memory != nullptr);  // a change under way can be neither finished nor taken back
  reserved_bytes_.fetch_add(static_cast<int64_t>(bytes), std::memory_order_relaxed);
  auto* untouched = static_cast<std::byte*>(memory) + kBlockHeaderBytes;
  return new (memory) Block{nullptr, nullptr, nullptr, untouched, 0};
}

void DeltaSlabs::ReleaseBlock(Block* block, size_t index) {
  const auto bytes = static_cast<int64_t>(BlockBytes(index));
  // An overdraft is one sum: whichever block goes first makes it good.
  int64_t overdraft = overdraft_bytes_.load(std::memory_order_relaxed);
  bool made_good = false;
  while (overdraft >= bytes && !made_good) {
    made_good = overdraft_bytes_.compare_exchange_weak(overdraft, overdraft - bytes, std::memory_order_relaxed);
  }
  if (!made_good) budget_.Release(bytes);
  reserved_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  ::operator delete(block, std::align_val_t{BlockBytes(index)});
}

void* DeltaSlabs::Take(Shard& shard, size_t index) {
  Block* block = shard.available;
  if (block == nullptr) {
    block = NewBlock(index);
    shard.available = block;
    ++shard.empty_blocks;
  }
  if (block->live++ == 0) --shard.empty_blocks;
  void* object = block->free;
  if (object != nullptr) {
    block->free = block->free->next;
  } else {
    object = block->untouched;
    block->untouched += ClassBytes(index);
  }
  const std::byte* end = reinterpret_cast<std::byte*>(block) + BlockBytes(index);
  if (block->free == nullptr && block->untouched + ClassBytes(index) > end) {
    shard.available = block->next;
    if (block->next != nullptr) block->next->previous = nullptr;
    block->next = nullptr;
  }
  return object;
}

DeltaSlabs::Block* DeltaSlabs::GiveBack(Shard& shard, size_t index, void* object) {
  auto* block = reinterpret_cast<Block*>(reinterpret_cast<uintptr_t>(object) & ~(BlockBytes(index) - 1));
  TURDB_DCHECK(block->live > 0);
  const std::byte* end = reinterpret_cast<std::byte*>(block) + BlockBytes(index);
  const bool was_full = block->free == nullptr && block->untouched + ClassBytes(index) > end;
  auto* freed = static_cast<SlabCache::FreeObject*>(object);
  freed->next = block->free;
  block->free = freed;
  if (was_full) {
    block->previous = nullptr;
    block->next = shard.available;
    if (block->next != nullptr) block->next->previous = block;
    shard.available = block;
  }
  if (--block->live != 0) return nullptr;
  if (shard.empty_blocks == 0) {
    ++shard.empty_blocks;
    return nullptr;
  }
  if (block->previous != nullptr) block->previous->next = block->next;
  if (block->next != nullptr) block->next->previous = block->previous;
  if (shard.available == block) shard.available = block->next;
  return block;
}

void* DeltaSlabs::AllocateShared(size_t index) {
  std::lock_guard lock(shards_[index].mu);
  return Take(shards_[index], index);
}

void DeltaSlabs::Refill(SlabCache& cache, size_t index) {
  const int want = CacheLimit(index) / 2 + 1;
  std::lock_guard lock(shards_[index].mu);
  for (int i = 0; i < want; ++i) {
    auto* object = static_cast<SlabCache::FreeObject*>(Take(shards_[index], index));
    object->next = cache.free_[index];
    cache.free_[index] = object;
    ++cache.count_[index];
  }
}

void DeltaSlabs::Free(void* object, size_t size_bytes, SlabCache* cache) {
  const size_t index = ClassOf(size_bytes);
  if (cache != nullptr && cache->count_[index] < CacheLimit(index)) {
    auto* freed = static_cast<SlabCache::FreeObject*>(object);
    freed->next = cache->free_[index];
    cache->free_[index] = freed;
    ++cache->count_[index];
    return;
  }
  Block* unused;
  {
    std::lock_guard lock(shards_[index].mu);
    unused = GiveBack(shards_[index], index, object);
  }
  if (unused != nullptr) ReleaseBlock(unused, index);
}

void DeltaSlabs::Drain(SlabCache& cache) {
  for (size_t index = 0; index < SlabCache::kClasses; ++index) {
    while (cache.free_[index] != nullptr) {
      SlabCache::FreeObject* object = cache.free_[index];
      cache.free_[index] = object->next;
      Free(object, ClassBytes(index));
    }
    cache.count_[index] = 0;
  }
}

void DeltaSlabs::Trim() {
  for (size_t index = 0; index < shards_.size(); ++index) {
    Block* empty = nullptr;
    {
      std::lock_guard lock(shards_[index].mu);
      for (Block *block = shards_[index].available, *next = nullptr; block != nullptr; block = next) {
        next = block->next;
        if (block->live != 0) continue;
        if (block->previous != nullptr) block->previous->next = block->next;
        if (block->next != nullptr) block->next->previous = block->previous;
        if (shards_[index].available == block) shards_[index].available = block->next;
        block->next = empty;
        empty = block;
      }
      shards_[index].empty_blocks = 0;
    }
    while (empty != nullptr) {
      Block* const next = empty->next;
      ReleaseBlock(empty, index);
      empty = next;
    }
  }
}

base::Status DeltaSlabs::SettleOverdraft() {
  int64_t overdraft = overdraft_bytes_.load(std::memory_order_relaxed);
  while (overdraft > 0) {
    TURDB_RETURN_IF_ERROR(budget_.Reserve(overdraft, "row versions"));
    if (overdraft_bytes_.compare_exchange_strong(overdraft, 0, std::memory_order_relaxed)) break;
    budget_.Release(overdraft);
    overdraft = overdraft_bytes_.load(std::memory_order_relaxed);
  }
  return absl::OkStatus();
}

}  // namespace turdb::txn
