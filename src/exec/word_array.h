// The slots of a hash table: zeroed words, from the system by the megabyte when there are many.
#ifndef TURDB_EXEC_WORD_ARRAY_H_
#define TURDB_EXEC_WORD_ARRAY_H_

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>
#include <vector>

#include "os/large_memory.h"

namespace turdb::exec {

class WordArray {
 public:
  WordArray() = default;
  // std::bad_alloc when there is no memory.
  explicit WordArray(size_t count) : size_(count) {
    if (count * sizeof(uint64_t) < os::LargeMemory::kLeastBytes) {
      small_.resize(count, 0);
      data_ = small_.data();
      return;
    }
    large_ = os::LargeMemory::Allocate(count * sizeof(uint64_t));
    if (!large_) throw std::bad_alloc();
    data_ = reinterpret_cast<uint64_t*>(large_.data());
  }
  WordArray(WordArray&& other) noexcept { *this = std::move(other); }
  WordArray& operator=(WordArray&& other) noexcept {
    small_ = std::move(other.small_);
    large_ = std::move(other.large_);
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  size_t size_bytes() const { return size_ * sizeof(uint64_t); }
  uint64_t* begin() { return data_; }
  uint64_t* end() { return data_ + size_; }
  uint64_t& operator[](size_t i) { return data_[i]; }
  const uint64_t& operator[](size_t i) const { return data_[i]; }

 private:
  std::vector<uint64_t> small_;
  os::LargeMemory large_;
  uint64_t* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace turdb::exec

#endif  // TURDB_EXEC_WORD_ARRAY_H_
