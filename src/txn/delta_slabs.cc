#include "txn/delta_slabs.h"

#include <algorithm>
#include <bit>
#include <new>

#include "base/check.h"
#include "base/prefetch.h"

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
  auto* const block = new (memory) Block{};
  size_t objects = Capacity(index);
  for (uint64_t& word : block->free) {
    const size_t bits = std::min<size_t>(objects, 64);
    word = bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
    objects -= bits;
  }
  TURDB_DCHECK(objects == 0);
  return block;
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
  size_t word = 0;
  while (block->free[word] == 0) ++word;
  const auto bit = static_cast<size_t>(std::countr_zero(block->free[word]));
  block->free[word] &= block->free[word] - 1;
  if (block->live == Capacity(index)) {
    shard.available = block->next;
    if (block->next != nullptr) block->next->previous = nullptr;
    block->next = nullptr;
  }
  return reinterpret_cast<std::byte*>(block) + kBlockHeaderBytes + (64 * word + bit) * ClassBytes(index);
}

DeltaSlabs::Block* DeltaSlabs::GiveBack(Shard& shard, size_t index, void* object) {
  const auto address = reinterpret_cast<uintptr_t>(object);
  auto* block = reinterpret_cast<Block*>(address & ~(BlockBytes(index) - 1));
  const size_t number = ObjectNumber(index, (address & (BlockBytes(index) - 1)) - kBlockHeaderBytes);
  TURDB_DCHECK(block->live > 0 && (block->free[number / 64] >> (number % 64) & 1) == 0);
  if (block->live == Capacity(index)) {
    block->previous = nullptr;
    block->next = shard.available;
    if (block->next != nullptr) block->next->previous = block;
    shard.available = block;
  }
  block->free[number / 64] |= uint64_t{1} << (number % 64);
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
  const size_t want = SlabCache::Limit(index) / 2 + 1;
  void** const into = &cache.free_[SlabCache::Begin(index)];
  std::lock_guard lock(shards_[index].mu);
  for (size_t i = want; i-- > 0;) {  // the lowest address is the next one out
    into[i] = Take(shards_[index], index);
    // The free part of a block that was in use before is cold, and no processor foresees its order.
    base::PrefetchLineToWrite(into[i]);
  }
  cache.count_[index] = static_cast<uint8_t>(want);
}

void DeltaSlabs::Free(void* object, size_t size_bytes, SlabCache* cache) {
  const size_t index = ClassOf(size_bytes);
  if (cache != nullptr && cache->count_[index] < SlabCache::Limit(index)) {
    cache->Push(index, object);
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
    while (cache.count_[index] != 0) Free(cache.Pop(index), ClassBytes(index));
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
