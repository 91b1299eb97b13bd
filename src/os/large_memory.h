// Memory by the megabyte, for hash tables and rows that a statement keeps: straight from the system, zeroed, in large pages
// where it grants them. A large page is one fault instead of 512, which is most of what fresh memory costs.
#ifndef TURDB_OS_LARGE_MEMORY_H_
#define TURDB_OS_LARGE_MEMORY_H_

#include <cstddef>
#include <utility>

namespace turdb::os {

// Move-only; gives the memory back on destruction. What counts it against a budget is its owner.
class LargeMemory {
 public:
  static constexpr size_t kLeastBytes = size_t{4} << 20;  // below it an allocator does better

  LargeMemory() = default;
  // Empty when the system has no more. REQUIRES: bytes > 0.
  static LargeMemory Allocate(size_t bytes) noexcept;
  LargeMemory(LargeMemory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_bytes_(std::exchange(other.size_bytes_, 0)) {}
  LargeMemory& operator=(LargeMemory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_bytes_, other.size_bytes_);
    return *this;
  }
  ~LargeMemory();

  std::byte* data() const { return data_; }
  size_t size_bytes() const { return size_bytes_; }
  explicit operator bool() const { return data_ != nullptr; }

 private:
  std::byte* data_ = nullptr;
  size_t size_bytes_ = 0;  // as mapped, at least what was asked for
};

}  // namespace turdb::os

#endif  // TURDB_OS_LARGE_MEMORY_H_
