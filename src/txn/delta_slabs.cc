#include "txn/delta_slabs.h"

#include <algorithm>
#include <bit>
#include <new>

#include "base/check.h"
#include "base/prefetch.h"

namespace turdb::txn {

namespace {

// A change needs a new block of several classes at most: an entry, a delta, a table, keys of a run, a larger array.
constexpr size_t kReserveBlocks = 8, kReserveLargeBlocks = 3;
constexpr size_t kSmallReserveBlocks = 3, kSmallReserveLargeBlocks = 1;

}  // namespace

static_assert(DeltaSlabs::ClassBytes(SlabCache::kClasses - 1) == DeltaSlabs::kMaxObjectBytes);
static_assert(DeltaSlabs::ClassOf(1) == 0 && DeltaSlabs::ClassOf(32) == 0 && DeltaSlabs::ClassOf(33) == 1);
static_assert(DeltaSlabs::ClassOf(48) == 1 && DeltaSlabs::ClassOf(49) == 2 && DeltaSlabs::ClassOf(64) == 2);
static_assert(DeltaSlabs::ClassOf(65) == 3 && DeltaSlabs::ClassOf(24576) == 19 && DeltaSlabs::ClassOf(16384) == 18);

DeltaSlabs::Shape DeltaSlabs::ShapeOf(size_t index, bool small_budget) {
  const size_t object = ClassBytes(index);
  size_t bytes = object <= 768 ? size_t{16384} : size_t{65536};
  if (small_budget) bytes = object <= 768 ? size_t{4096} : kBlockHeaderBytes + object;
  return {static_cast<uint32_t>(bytes), static_cast<uint32_t>(std::bit_ceil(bytes)),
          static_cast<uint32_t>((bytes - kBlockHeaderBytes) / object)};
}

DeltaSlabs::DeltaSlabs(base::MemoryBudget& budget) : budget_(budget) {
  const bool small_budget = budget.limit_bytes() < kSmallBudgetBytes;
  for (size_t index = 0; index < shapes_.size(); ++index) {
    shapes_[index] = ShapeOf(index, small_budget);
    TURDB_CHECK_LE(size_t{shapes_[index].capacity}, kBlockWords * 64);
  }
  // A block of a class needs no more than the reserve's memory, nor a larger alignment.
  while (reserve_split_ < shapes_.size() && shapes_[reserve_split_].bytes == shapes_[0].bytes) ++reserve_split_;
  reserves_[0].shape = shapes_[0];
  reserves_[1].shape = shapes_.back();
}

DeltaSlabs::~DeltaSlabs() {
  budget_.Release(spare_bytes_.exchange(0, std::memory_order_relaxed));
  for (size_t index = 0; index < shards_.size(); ++index) {
    for (Block* block = shards_[index].available; block != nullptr;) {
      TURDB_CHECK_EQ(block->live, 0u);  // version tables and caches are gone before their memory
      Block* next = block->next;
      ReleaseBlock(block, index);
      block = next;
    }
  }
  TURDB_CHECK_EQ(reserved_bytes(), 0);
  for (Reserve& reserve : reserves_) {
    for (size_t i = 0; i < reserve.count; ++i) {
      DeleteMemory(reserve.memory[i], reserve.shape);
      budget_.Release(reserve.shape.bytes);
    }
  }
}

void* DeltaSlabs::NewMemory(const Shape& shape) {
  return ::operator new(shape.bytes, std::align_val_t{shape.alignment}, std::nothrow);
}

void DeltaSlabs::DeleteMemory(void* memory, const Shape& shape) {
  ::operator delete(memory, std::align_val_t{shape.alignment});
}

void DeltaSlabs::ExpectRoom(int64_t bytes) { ::operator delete(::operator new(static_cast<size_t>(bytes))); }

base::Status DeltaSlabs::FillReserve() {
  const bool small_budget = budget_.limit_bytes() < kSmallBudgetBytes;
  reserves_[0].wanted = small_budget ? kSmallReserveBlocks : kReserveBlocks;
  reserves_[1].wanted = small_budget ? kSmallReserveLargeBlocks : kReserveLargeBlocks;
  for (Reserve& reserve : reserves_) TURDB_RETURN_IF_ERROR(Refill(reserve));
  return absl::OkStatus();
}

base::Status DeltaSlabs::Refill(Reserve& reserve) {
  std::lock_guard lock(reserve_mu_);
  while (reserve.count < reserve.wanted) {
    TURDB_RETURN_IF_ERROR(budget_.Reserve(reserve.shape.bytes, "row versions"));
    void* const memory = NewMemory(reserve.shape);
    if (memory == nullptr) {
      budget_.Release(reserve.shape.bytes);
      return base::NoMemory();
    }
    reserve.memory[reserve.count++] = memory;
  }
  return absl::OkStatus();
}

void* DeltaSlabs::TakeReserve(size_t index) {
  Reserve& reserve = ReserveOf(index);
  std::lock_guard lock(reserve_mu_);
  return reserve.count == 0 ? nullptr : reserve.memory[--reserve.count];
}

// The budget may refuse, and the machine what the budget grants: then there is the reserve, which is counted already.
DeltaSlabs::Block* DeltaSlabs::NewBlock(size_t index, bool may_use_reserve) {
  const Shape& shape = shapes_[index];
  const auto bytes = static_cast<int64_t>(shape.bytes);
  void* memory = nullptr;
  bool from_reserve = false;
  const bool granted = budget_.TryReserve(bytes);
  if (granted || TakeSpare(bytes)) {
    memory = NewMemory(shape);
    if (memory == nullptr) budget_.Release(bytes);
    if (!granted) short_.store(true, std::memory_order_relaxed);
  }
  if (memory == nullptr) {
    if (!may_use_reserve) return nullptr;
    short_.store(true, std::memory_order_relaxed);
    memory = TakeReserve(index);
    from_reserve = memory != nullptr;
    if (memory == nullptr) {
      budget_.ReserveBeyondLimit(bytes);
      memory = NewMemory(shape);
      TURDB_CHECK(memory != nullptr);  // a change under way can be neither finished nor taken back
    }
  }
  reserved_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  auto* const block = new (memory) Block{};
  block->reserve = from_reserve;
  size_t objects = shape.capacity;
  for (uint64_t& word : block->free) {
    const size_t bits = std::min<size_t>(objects, 64);
    word = bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
    objects -= bits;
  }
  TURDB_DCHECK(objects == 0);
  return block;
}

void DeltaSlabs::ReleaseBlock(Block* block, size_t index) {
  reserved_bytes_.fetch_sub(shapes_[index].bytes, std::memory_order_relaxed);
  if (!block->reserve) {
    budget_.Release(shapes_[index].bytes);
    DeleteMemory(block, shapes_[index]);
    return;
  }
  Reserve& reserve = ReserveOf(index);
  {
    std::lock_guard lock(reserve_mu_);
    if (reserve.count < reserve.wanted) {
      reserve.memory[reserve.count++] = block;
      return;
    }
  }
  budget_.Release(reserve.shape.bytes);
  DeleteMemory(block, reserve.shape);
}

void* DeltaSlabs::Take(Shard& shard, size_t index, bool may_use_reserve) {
  Block* block = shard.available;
  if (block == nullptr) {
    block = NewBlock(index, may_use_reserve);
    if (block == nullptr) return nullptr;
    shard.available = block;
    ++shard.empty_blocks;
  }
  if (block->live++ == 0) --shard.empty_blocks;
  size_t word = 0;
  while (block->free[word] == 0) ++word;
  const auto bit = static_cast<size_t>(std::countr_zero(block->free[word]));
  block->free[word] &= block->free[word] - 1;
  if (block->live == shapes_[index].capacity) {
    shard.available = block->next;
    if (block->next != nullptr) block->next->previous = nullptr;
    block->next = nullptr;
  }
  return reinterpret_cast<std::byte*>(block) + kBlockHeaderBytes + (64 * word + bit) * ClassBytes(index);
}

DeltaSlabs::Block* DeltaSlabs::GiveBack(Shard& shard, size_t index, void* object) {
  const auto address = reinterpret_cast<uintptr_t>(object);
  const uintptr_t inside = shapes_[index].alignment - 1;
  auto* block = reinterpret_cast<Block*>(address & ~inside);
  const size_t number = ObjectNumber(index, (address & inside) - kBlockHeaderBytes);
  TURDB_DCHECK(block->live > 0 && (block->free[number / 64] >> (number % 64) & 1) == 0);
  if (block->live == shapes_[index].capacity) {
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
  return Take(shards_[index], index, /*may_use_reserve=*/true);
}

void DeltaSlabs::Refill(SlabCache& cache, size_t index) {
  const size_t want = SlabCache::Limit(index) / 2 + 1;
  void** const into = &cache.free_[SlabCache::Begin(index)];
  std::lock_guard lock(shards_[index].mu);
  size_t got = 0;
  for (; got < want; ++got) {
    void* const object = Take(shards_[index], index, /*may_use_reserve=*/got == 0);
    if (object == nullptr) break;
    into[got] = object;
    // The free part of a block that was in use before is cold, and no processor foresees its order.
    base::PrefetchLineToWrite(object);
  }
  std::reverse(into, into + got);  // the lowest address is the next one out
  cache.count_[index] = static_cast<uint8_t>(got);
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

void DeltaSlabs::SetSpare(int64_t bytes) {
  spare_target_bytes_.store(bytes, std::memory_order_relaxed);
  short_.store(true, std::memory_order_relaxed);
}

void DeltaSlabs::GiveBackSpare() {
  budget_.Release(spare_bytes_.exchange(0, std::memory_order_relaxed));
  for (Reserve& reserve : reserves_) {
    std::lock_guard lock(reserve_mu_);
    for (; reserve.count > 0; --reserve.count) {
      DeleteMemory(reserve.memory[reserve.count - 1], reserve.shape);
      budget_.Release(reserve.shape.bytes);
    }
  }
  short_.store(true, std::memory_order_relaxed);
}

bool DeltaSlabs::TakeSpare(int64_t bytes) {
  int64_t spare = spare_bytes_.load(std::memory_order_relaxed);
  while (spare >= bytes) {
    if (spare_bytes_.compare_exchange_weak(spare, spare - bytes, std::memory_order_relaxed)) return true;
  }
  return false;
}

base::Status DeltaSlabs::Settle() {
  int64_t spare = spare_bytes_.load(std::memory_order_relaxed);
  for (;;) {
    const int64_t beyond = budget_.used_bytes() - budget_.limit_bytes();
    const int64_t missing = spare_target_bytes_.load(std::memory_order_relaxed) - spare;
    if (missing <= 0 && beyond <= 0) break;
    const int64_t wanted = std::max(missing, beyond);
    TURDB_RETURN_IF_ERROR(budget_.Reserve(wanted, "row versions"));
    if (spare_bytes_.compare_exchange_strong(spare, spare + wanted, std::memory_order_relaxed)) break;
    budget_.Release(wanted);
  }
  for (Reserve& reserve : reserves_) TURDB_RETURN_IF_ERROR(Refill(reserve));
  short_.store(false, std::memory_order_relaxed);
  return absl::OkStatus();
}

}  // namespace turdb::txn
