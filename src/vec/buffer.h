// Reference-counted memory that is charged to a budget: the buffers and heaps of vectors.
#ifndef TURDB_VEC_BUFFER_H_
#define TURDB_VEC_BUFFER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/memory_budget.h"

namespace turdb::vec {

// An intrusive pointer; T has Retain() and Release(). Copies are thread-safe in the way
// std::shared_ptr's are.
template <typename T>
class Ref {
 public:
  Ref() = default;
  // Takes over the one reference that a new object is born with.
  static Ref Adopt(T* object) {
    Ref ref;
    ref.object_ = object;
    return ref;
  }
  Ref(const Ref& other) : object_(other.object_) {
    if (object_ != nullptr) object_->Retain();
  }
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_ != nullptr) object_->Release();
  }
  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }
  void reset() { *this = Ref(); }

 private:
  T* object_ = nullptr;
};

// A block of bytes, aligned to 64. The count synchronises itself; the bytes are the holders' business.
class Buffer {
 public:
  // Throws std::bad_alloc when the budget refuses (style.md, "Language rules"). `budget` may be null.
  static Ref<Buffer> Allocate(size_t size_bytes, base::MemoryBudget* budget);

  std::byte* data() { return reinterpret_cast<std::byte*>(this) + kHeaderBytes; }
  const std::byte* data() const { return reinterpret_cast<const std::byte*>(this) + kHeaderBytes; }
  size_t size_bytes() const { return size_bytes_; }
  // True when the caller's reference is the only one.
  bool is_unique() const { return references_.load(std::memory_order_acquire) == 1; }

  void Retain() { references_.fetch_add(1, std::memory_order_relaxed); }
  void Release() {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) Free();
  }

 private:
  static constexpr size_t kHeaderBytes = 64;
  Buffer(size_t size_bytes, base::MemoryBudget* budget) : size_bytes_(size_bytes), budget_(budget) {}
  void Free();

  std::atomic<uint32_t> references_{1};
  size_t size_bytes_;
  base::MemoryBudget* budget_;
};

// Where the long strings of a chunk's vectors lie: a bump allocator of buffers, freed at once. It can
// keep other heaps alive, so that views copied from another chunk stay valid without copying bytes.
// Adding is for one thread at a time; the count synchronises itself.
class StringHeap {
 public:
  static Ref<StringHeap> Create(base::MemoryBudget* budget);

  // `size` uninitialised bytes that live as long as this heap. Throws std::bad_alloc over budget.
  char* Allocate(size_t size) {
    if (size > static_cast<size_t>(limit_ - cursor_)) return AllocateSlow(size);
    char* result = cursor_;
    cursor_ += size;
    return result;
  }
  // Gives back the end of the newest allocation: `used` of its `size` bytes are kept.
  void Trim(char* allocation, size_t size, size_t used) {
    if (allocation + size == cursor_) cursor_ = allocation + used;
  }
  std::string_view Copy(std::string_view text);
  void KeepAlive(const Ref<StringHeap>& other);

  // Frees all strings; keeps one block for reuse. REQUIRES: is_unique().
  void Reset();
  bool is_unique() const { return references_.load(std::memory_order_acquire) == 1; }
  size_t allocated_bytes() const { return allocated_bytes_; }

  void Retain() { references_.fetch_add(1, std::memory_order_relaxed); }
  void Release() {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

 private:
  struct Block {
    Ref<Buffer> buffer;
    Block* next;
  };
  struct Kept {
    Ref<StringHeap> heap;
    Kept* next;
  };
  explicit StringHeap(base::MemoryBudget* budget) : budget_(budget) {}
  ~StringHeap();
  StringHeap(const StringHeap&) = delete;
  char* AllocateSlow(size_t size);
  void FreeKept();

  std::atomic<uint32_t> references_{1};
  base::MemoryBudget* budget_;
  char* cursor_ = nullptr;
  char* limit_ = nullptr;
  size_t next_block_bytes_ = 1024;
  size_t allocated_bytes_ = 0;
  Block* blocks_ = nullptr;  // newest first
  Kept* kept_ = nullptr;
};

}  // namespace turdb::vec

#endif  // TURDB_VEC_BUFFER_H_
