#include "exec/block_pool.h"

namespace turdb::exec {

bool TryGrowLeaving(base::MemoryReservation& reserved, int64_t bytes, double headroom) {
  const base::MemoryBudget& budget = *reserved.budget();
  const auto keep_free = static_cast<int64_t>(headroom * static_cast<double>(budget.limit_bytes()));
  return budget.used_bytes() + bytes <= budget.limit_bytes() - keep_free && reserved.TryGrow(bytes);
}

bool BlockPool::TryReserve(size_t bytes) {
  const bool allowed = blocks_.empty() || reserved_.bytes() + static_cast<int64_t>(bytes) <= allowance_bytes_;
  return TryGrowLeaving(reserved_, static_cast<int64_t>(bytes), allowed ? 0 : headroom_);
}

bool BlockPool::NextBlock(size_t bytes) {
  // Blocks kept by Reset come first; one that is too small is skipped for good.
  while (used_blocks_ < blocks_.size()) {
    Block& kept = blocks_[used_blocks_++];
    if (kept.size_bytes >= bytes) {
      cursor_ = kept.data();
      limit_ = cursor_ + kept.size_bytes;
      return true;
    }
  }
  size_t size_bytes = kFirstBlockBytes;
  if (!blocks_.empty()) size_bytes = std::min(kLargestBlockBytes, blocks_.back().size_bytes * 2);
  if (reserved_.bytes() >= kLargePoolBytes) size_bytes = os::LargeMemory::kLeastBytes;
  size_bytes = std::max(size_bytes, bytes);
  if (!TryReserve(size_bytes)) {
    size_bytes = bytes;
    if (!TryReserve(size_bytes)) return false;
  }
  Block block{nullptr, {}, size_bytes};
  if (size_bytes >= os::LargeMemory::kLeastBytes) block.large = os::LargeMemory::Allocate(size_bytes);
  // Not value-initialised: the memory is about to be written.
  if (!block.large) block.small.reset(new std::byte[size_bytes]);
  blocks_.push_back(std::move(block));
  used_blocks_ = blocks_.size();
  cursor_ = blocks_.back().data();
  limit_ = cursor_ + size_bytes;
  return true;
}

void BlockPool::Reset(size_t keep_bytes) {
  size_t kept_bytes = 0, kept = 0;
  while (kept < blocks_.size() && kept_bytes + blocks_[kept].size_bytes <= keep_bytes) {
    kept_bytes += blocks_[kept++].size_bytes;
  }
  blocks_.resize(kept);
  reserved_.Shrink(reserved_.bytes() - static_cast<int64_t>(kept_bytes));
  used_blocks_ = 0;
  cursor_ = limit_ = nullptr;
}

}  // namespace turdb::exec
