#include "vec/buffer.h"

#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include "base/check.h"

namespace turdb::vec {
namespace {

constexpr size_t kFirstBlockBytes = 1024;
// Of a budget this small, a heap that was reset keeps no more than this: one long value must not stay for ever.
constexpr int64_t kSmallBudgetBytes = 4 << 20;
constexpr size_t kKeptOfSmallBudget = 8 << 10;

}  // namespace

Ref<Buffer> Buffer::Allocate(size_t size_bytes, base::MemoryBudget* budget) {
  const size_t total = size_bytes + kHeaderBytes;
  if (budget != nullptr && !budget->TryReserve(static_cast<int64_t>(total))) throw std::bad_alloc();
  void* memory = ::operator new(total, std::align_val_t{64}, std::nothrow);
  if (memory == nullptr) {
    if (budget != nullptr) budget->Release(static_cast<int64_t>(total));
    throw std::bad_alloc();
  }
  static_assert(sizeof(Buffer) <= kHeaderBytes);
  return Ref<Buffer>::Adopt(new (memory) Buffer(size_bytes, budget));
}

void Buffer::Free() {
  base::MemoryBudget* budget = budget_;
  const size_t total = size_bytes_ + kHeaderBytes;
  this->~Buffer();
  ::operator delete(static_cast<void*>(this), std::align_val_t{64});
  if (budget != nullptr) budget->Release(static_cast<int64_t>(total));
}

Ref<StringHeap> StringHeap::Create(base::MemoryBudget* budget) { return Ref<StringHeap>::Adopt(new StringHeap(budget)); }

StringHeap::~StringHeap() {
  FreeKept();
  while (blocks_ != nullptr) {
    Block* next = blocks_->next;
    delete blocks_;
    blocks_ = next;
  }
}

void StringHeap::FreeKept() {
  while (kept_ != nullptr) {
    Kept* next = kept_->next;
    delete kept_;
    kept_ = next;
  }
}

std::string_view StringHeap::Copy(std::string_view text) {
  char* to = Allocate(text.size());
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  return {to, text.size()};
}

char* StringHeap::AllocateSlow(size_t size) {
  constexpr size_t kMaxBlockBytes = size_t{256} << 10;
  const size_t block_bytes = size > next_block_bytes_ ? size : next_block_bytes_;
  auto block = std::make_unique<Block>(Block{Buffer::Allocate(block_bytes, budget_), blocks_});
  if (next_block_bytes_ < kMaxBlockBytes) next_block_bytes_ *= 2;
  allocated_bytes_ += block_bytes;
  blocks_ = block.release();
  cursor_ = reinterpret_cast<char*>(blocks_->buffer->data());
  limit_ = cursor_ + block_bytes;
  char* result = cursor_;
  cursor_ += size;
  return result;
}

void StringHeap::KeepAlive(const Ref<StringHeap>& other) {
  if (!other || other.get() == this) return;
  for (const Kept* kept = kept_; kept != nullptr; kept = kept->next) {
    if (kept->heap.get() == other.get()) return;
  }
  kept_ = new Kept{other, kept_};
}

void StringHeap::Reset() {
  TURDB_DCHECK(is_unique());
  FreeKept();
  if (blocks_ == nullptr) return;
  // The newest block is the largest, or nearly so; a heap that grew in several rounds settles on one block.
  while (blocks_->next != nullptr) {
    Block* older = blocks_->next;
    blocks_->next = older->next;
    allocated_bytes_ -= older->buffer->size_bytes();
    delete older;
  }
  if (budget_ != nullptr && budget_->limit_bytes() < kSmallBudgetBytes && allocated_bytes_ > kKeptOfSmallBudget) {
    allocated_bytes_ = 0;
    delete std::exchange(blocks_, nullptr);
    cursor_ = limit_ = nullptr;
    next_block_bytes_ = kFirstBlockBytes;
    return;
  }
  cursor_ = reinterpret_cast<char*>(blocks_->buffer->data());
  limit_ = cursor_ + blocks_->buffer->size_bytes();
}

}  // namespace turdb::vec
