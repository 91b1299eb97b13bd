// Memory of a pipeline breaker: bump allocation from blocks that are reserved on the statement's budget, where a
// refusal is an answer (spill, then) and not an exception.
#ifndef TURDB_EXEC_BLOCK_POOL_H_
#define TURDB_EXEC_BLOCK_POOL_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/memory_budget.h"
#include "os/large_memory.h"

namespace turdb::exec {

// Takes `bytes` more when `headroom`, a fraction of the limit, is still free afterwards. Slots of a hash table are asked for
// like this: a breaker that takes the last of the memory leaves nothing to what runs after it.
[[nodiscard]] bool TryGrowLeaving(base::MemoryReservation& reserved, int64_t bytes, double headroom);

// Not thread-safe. Memory is valid until Reset or destruction; it is aligned to 8.
class BlockPool {
 public:
  static constexpr size_t kFirstBlockBytes = 2048;
  static constexpr size_t kLargestBlockBytes = 256 << 10;
  // A pool that has grown so large goes on in large memory.
  static constexpr int64_t kLargePoolBytes = 16 << 20;

  // Beyond its first block the pool leaves `headroom` (a fraction of the limit) to others: what runs after a breaker
  // needs memory while the breaker still holds its own.
  explicit BlockPool(base::MemoryBudget* budget, double headroom = 0) : reserved_(*budget), headroom_(headroom) {}
  BlockPool(BlockPool&&) noexcept = default;
  BlockPool& operator=(BlockPool&&) noexcept = default;

  // Null when the budget refuses; nothing has changed then.
  std::byte* TryAllocate(size_t bytes) {
    bytes = (bytes + 7) & ~size_t{7};
    if (bytes > static_cast<size_t>(limit_ - cursor_) && !NextBlock(bytes)) return nullptr;
    std::byte* result = cursor_;
    cursor_ += bytes;
    return result;
  }
  // Makes sure that the next allocations of `bytes` in all succeed, when each of them is at most `each` bytes.
  // What is left of the current block is lost when it is too small for all.
  [[nodiscard]] bool Ensure(size_t bytes) { return bytes <= static_cast<size_t>(limit_ - cursor_) || NextBlock(bytes); }
  // Forgets everything; keeps first blocks up to `keep_bytes` in all.
  void Reset(size_t keep_bytes);
  // So much may be taken without leaving headroom: what the pool's owner had set aside for it.
  void SetAllowance(int64_t bytes) { allowance_bytes_ = bytes; }
  int64_t reserved_bytes() const { return reserved_.bytes(); }

 private:
  struct Block {
    std::unique_ptr<std::byte[]> small;
    os::LargeMemory large;
    size_t size_bytes;
    std::byte* data() const { return small != nullptr ? small.get() : large.data(); }
  };
  bool NextBlock(size_t bytes);
  bool TryReserve(size_t bytes);

  base::MemoryReservation reserved_;
  double headroom_;
  int64_t allowance_bytes_ = 0;
  std::vector<Block> blocks_;
  size_t used_blocks_ = 0;
  std::byte* cursor_ = nullptr;
  std::byte* limit_ = nullptr;
};

}  // namespace turdb::exec

#endif  // TURDB_EXEC_BLOCK_POOL_H_
