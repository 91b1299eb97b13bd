// A bump arena that is counted against a budget: allocation is an add and a compare, everything is
// freed at once. Statements, ASTs and plans live in arenas (kernel rule 18).
#ifndef TURDB_BASE_ARENA_H_
#define TURDB_BASE_ARENA_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/memory_budget.h"

namespace turdb::base {

// Not thread-safe. Memory is valid until Reset or destruction. Destructors of what lives in the arena
// are not run, so New takes only trivially destructible types.
class Arena {
 public:
  // Without a budget (parsers in tests, say) nothing is counted.
  explicit Arena(MemoryBudget* budget = nullptr, size_t first_block_bytes = 4096)
      : budget_(budget), next_block_bytes_(first_block_bytes) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena();

  // Throws std::bad_alloc when the budget refuses; the statement boundary turns that into
  // RESOURCE_EXHAUSTED (style.md). Never returns null.
  void* Allocate(size_t bytes, size_t alignment = alignof(std::max_align_t)) {
    const uintptr_t aligned = (cursor_ + alignment - 1) & ~(uintptr_t{alignment} - 1);
    if (aligned + bytes > limit_) return AllocateSlow(bytes, alignment);
    cursor_ = aligned + bytes;
    return reinterpret_cast<void*>(aligned);
  }

  template <typename T, typename... Args>
  T* New(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T>, "an arena runs no destructors");
    return new (Allocate(sizeof(T), alignof(T))) T(std::forward<Args>(args)...);
  }

  template <typename T>
  std::span<T> NewArray(size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    T* first = static_cast<T*>(Allocate(sizeof(T) * count, alignof(T)));
    for (size_t i = 0; i < count; ++i) new (first + i) T();
    return {first, count};
  }

  Bytes Copy(Bytes bytes);
  std::string_view Copy(std::string_view text) { return AsText(Copy(AsBytes(text))); }

  // Calls run(data) when the arena forgets what it holds: for what lives elsewhere and belongs to something in here. What was
  // said last runs first. Throws as Allocate does.
  void OnReset(void (*run)(void* data), void* data) { cleanups_ = New<Cleanup>(Cleanup{run, data, cleanups_}); }

  // Forgets everything; keeps blocks up to `keep_bytes` for reuse and gives the rest back.
  void Reset(size_t keep_bytes = 0);
  size_t allocated_bytes() const { return allocated_bytes_; }

 private:
  struct Cleanup {
    void (*run)(void* data);
    void* data;
    Cleanup* next;
  };
  struct Block {
    std::byte* data;
    size_t size_bytes;
  };
  void* AllocateSlow(size_t bytes, size_t alignment);

  MemoryBudget* budget_;
  size_t next_block_bytes_;
  uintptr_t cursor_ = 0;
  uintptr_t limit_ = 0;
  size_t current_ = 0;  // blocks_[current_ - 1] is being filled
  size_t allocated_bytes_ = 0;
  Cleanup* cleanups_ = nullptr;
  std::vector<Block> blocks_;
};

}  // namespace turdb::base

#endif  // TURDB_BASE_ARENA_H_
