// The structs of Arrow's C Data and C Stream interfaces, as the Arrow project publishes them for copying into any source. The
// guards are the standard's, so that this file, turdb.h and Arrow's own headers may meet in one unit.
#ifndef TURDB_ARROW_ABI_H_
#define TURDB_ARROW_ABI_H_

#include <cstddef>
#include <cstdint>

extern "C" {

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema** children;
  struct ArrowSchema* dictionary;
  void (*release)(struct ArrowSchema*);
  void* private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void** buffers;
  struct ArrowArray** children;
  struct ArrowArray* dictionary;
  void (*release)(struct ArrowArray*);
  void* private_data;
};

#endif  // ARROW_C_DATA_INTERFACE

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream*, struct ArrowSchema* out);
  int (*get_next)(struct ArrowArrayStream*, struct ArrowArray* out);
  const char* (*get_last_error)(struct ArrowArrayStream*);
  void (*release)(struct ArrowArrayStream*);
  void* private_data;
};

#endif  // ARROW_C_STREAM_INTERFACE
}

namespace turdb::arrow {

static_assert(sizeof(ArrowSchema) == 72 && offsetof(ArrowSchema, release) == 56);
static_assert(sizeof(ArrowArray) == 80 && offsetof(ArrowArray, release) == 64);
static_assert(sizeof(ArrowArrayStream) == 40 && offsetof(ArrowArrayStream, release) == 24);

// Owns a released-or-not struct of the interface: releases it at the end. Move with Take.
template <typename T>
class Owned {
 public:
  Owned() = default;
  // Takes over what `other` holds, which is released from the caller's point of view afterwards.
  static Owned Take(T* other) {
    Owned owned;
    if (other != nullptr) {
      owned.value_ = *other;
      other->release = nullptr;
    }
    return owned;
  }
  Owned(Owned&& other) noexcept : value_(other.value_) { other.value_.release = nullptr; }
  Owned& operator=(Owned&& other) noexcept {
    if (this != &other) {
      Release();
      value_ = other.value_;
      other.value_.release = nullptr;
    }
    return *this;
  }
  ~Owned() { Release(); }

  T* get() { return &value_; }
  const T* get() const { return &value_; }
  T* operator->() { return &value_; }
  const T* operator->() const { return &value_; }
  bool empty() const { return value_.release == nullptr; }
  void Release() {
    if (value_.release != nullptr) value_.release(&value_);
    value_.release = nullptr;
  }
  // The caller owns it from now on.
  void MoveTo(T* out) {
    *out = value_;
    value_.release = nullptr;
  }

 private:
  T value_{};
};

}  // namespace turdb::arrow

#endif  // TURDB_ARROW_ABI_H_
