// Memory of exported arrays: of the library's allocator, on no budget, so that it outlives the database.
#ifndef TURDB_ARROW_BYTES_H_
#define TURDB_ARROW_BYTES_H_

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <new>
#include <utility>

#include "base/allocation.h"

namespace turdb::arrow {

// A block that grows at its end. Aligned to 64, as Arrow recommends. Throws std::bad_alloc.
class Bytes {
 public:
  Bytes() = default;
  Bytes(Bytes&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  Bytes& operator=(Bytes&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  ~Bytes() { base::Free(data_); }

  char* data() { return data_; }
  const char* data() const { return data_; }
  size_t size() const { return size_; }
  // Room for `count` more bytes, which now belong to it and hold nothing yet.
  char* Extend(size_t count) {
    if (capacity_ - size_ < count) Grow(count);
    char* const end = data_ + size_;
    size_ += count;
    return end;
  }
  void Shrink(size_t count) { size_ -= count; }
  void Append(const void* bytes, size_t count) {
    if (count != 0) std::memcpy(Extend(count), bytes, count);
  }
  template <typename T>
  void Push(const T& value) {
    std::memcpy(Extend(sizeof(T)), &value, sizeof(T));
  }
  template <typename T>
  T* as() {
    return reinterpret_cast<T*>(data_);
  }

 private:
  void Grow(size_t count) {
    const size_t capacity = std::max({size_ + count, capacity_ * 2, size_t{64}});
    char* const grown = static_cast<char*>(base::Allocate(capacity, 64));
    if (grown == nullptr) throw std::bad_alloc();
    if (size_ != 0) std::memcpy(grown, data_, size_);
    base::Free(data_);
    data_ = grown;
    capacity_ = capacity;
  }

  char* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

// Bits, least significant first.
class Bits {
 public:
  size_t size() const { return size_; }
  Bytes Take() {
    size_ = 0;
    return std::exchange(bytes_, Bytes());
  }
  void Push(bool bit) {
    if (size_ % 8 == 0) *bytes_.Extend(1) = 0;
    char& byte = bytes_.data()[size_ / 8];
    const int mask = 1 << (size_ % 8);
    byte = static_cast<char>(bit ? byte | mask : byte & ~mask);
    ++size_;
  }
  // Takes the last one back.
  void Pop() {
    --size_;
    if (size_ % 8 == 0) bytes_.Shrink(1);
  }
  void PushMany(bool bit, size_t count) {
    for (; count > 0 && size_ % 8 != 0; --count) Push(bit);
    if (const size_t whole = count / 8; whole != 0) {
      std::memset(bytes_.Extend(whole), bit ? 0xff : 0, whole);
      size_ += whole * 8;
      count -= whole * 8;
    }
    for (; count > 0; --count) Push(bit);
  }
  // `count` bytes that are 0 or 1.
  void PushBytes(const bool* values, size_t count) {
    size_t i = 0;
    for (; i < count && size_ % 8 != 0; ++i) Push(values[i]);
    char* out = count - i >= 8 ? bytes_.Extend((count - i) / 8) : nullptr;
    for (; i + 8 <= count; i += 8, size_ += 8) {
      unsigned packed = 0;
      for (unsigned b = 0; b < 8; ++b) packed |= static_cast<unsigned>(values[i + b]) << b;
      *out++ = static_cast<char>(packed);
    }
    for (; i < count; ++i) Push(values[i]);
  }

 private:
  Bytes bytes_;
  size_t size_ = 0;
};

}  // namespace turdb::arrow

#endif  // TURDB_ARROW_BYTES_H_
