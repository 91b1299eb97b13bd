#include "base/arena.h"

#include <algorithm>
#include <cstring>

#include "base/allocation.h"

namespace turdb::base {

Arena::~Arena() { Reset(0); }

void* Arena::AllocateSlow(size_t bytes, size_t alignment) {
  const size_t need = bytes + alignment;
  while (current_ < blocks_.size()) {  // blocks kept by Reset come first
    const Block& block = blocks_[current_++];
    cursor_ = reinterpret_cast<uintptr_t>(block.data);
    limit_ = cursor_ + block.size_bytes;
    if (block.size_bytes >= need) return Allocate(bytes, alignment);
  }
  const size_t size = std::max(need, next_block_bytes_);
  blocks_.reserve(blocks_.size() + 1);
  if (budget_ != nullptr && !budget_->TryReserve(static_cast<int64_t>(size))) throw std::bad_alloc();
  std::byte* data = static_cast<std::byte*>(base::Allocate(size));
  if (data == nullptr) {
    if (budget_ != nullptr) budget_->Release(static_cast<int64_t>(size));
    throw std::bad_alloc();
  }
  next_block_bytes_ = std::min<size_t>(next_block_bytes_ * 2, size_t{1} << 20);
  blocks_.push_back(Block{data, size});
  current_ = blocks_.size();
  allocated_bytes_ += size;
  cursor_ = reinterpret_cast<uintptr_t>(data);
  limit_ = cursor_ + size;
  return Allocate(bytes, alignment);
}

Bytes Arena::Copy(Bytes bytes) {
  if (bytes.empty()) return {};
  auto* copy = static_cast<std::byte*>(Allocate(bytes.size(), 1));
  std::memcpy(copy, bytes.data(), bytes.size());
  return {copy, bytes.size()};
}

void Arena::Reset(size_t keep_bytes) {
  while (cleanups_ != nullptr) {
    const Cleanup* const cleanup = std::exchange(cleanups_, cleanups_->next);
    cleanup->run(cleanup->data);
  }
  size_t kept = 0;
  size_t kept_bytes = 0;
  for (const Block& block : blocks_) {
    if (kept_bytes + block.size_bytes <= keep_bytes) {
      kept_bytes += block.size_bytes;
      blocks_[kept++] = block;
      continue;
    }
    base::Free(block.data);
    if (budget_ != nullptr) budget_->Release(static_cast<int64_t>(block.size_bytes));
  }
  blocks_.resize(kept);
  allocated_bytes_ = kept_bytes;
  current_ = 0;
  cursor_ = limit_ = 0;
}

}  // namespace turdb::base
