// Arrays: values of one element type in up to six dimensions, as bytes behind a string view.
//
//   offset size
//   0      1      number of dimensions, 0 for the empty array, which has nothing else
//   1      1      1 when there are NULLs, else 0
//   2      8 * d  {lower bound i32, length u32} of each dimension
//   then          with NULLs: a bit an element, set when it is present, least significant first
//   then          fixed-width elements: each as it lies in a vector (zeros for NULL)
//                 others: the end of each as u32, counted from the end of these numbers; then their bytes
//
// Everything is little-endian and unaligned; elements are in row-major order. On disk: do not change (FORMAT.md of the
// table room, "Arrays").
#ifndef TURDB_VEC_ARRAY_H_
#define TURDB_VEC_ARRAY_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "vec/scalar.h"
#include "vec/text_context.h"
#include "vec/type.h"
#include "vec/value.h"

namespace turdb::vec {

inline constexpr int kMaxArrayDimensions = 6;
inline constexpr uint32_t kMaxArrayElements = 1u << 27;  // PostgreSQL's limit

struct ArrayDimension {
  int32_t lower = 1;
  uint32_t length = 0;
  int32_t upper() const { return lower + static_cast<int32_t>(length) - 1; }
  friend bool operator==(const ArrayDimension&, const ArrayDimension&) = default;
};

// Where an element is put to be read as a slot of a vector is.
struct alignas(16) ElementSlot {
  std::byte bytes[16];
};

// Reads an array. Owns nothing; REQUIRES: bytes that ArrayBuilder made for this type.
class ArrayView {
 public:
  ArrayView(const Type& array_type, std::string_view bytes);

  const Type& element_type() const { return element_; }
  int dimensions() const { return dimensions_; }
  ArrayDimension dimension(int d) const;
  std::vector<ArrayDimension> AllDimensions() const;
  uint32_t size() const { return count_; }
  bool IsNull(uint32_t i) const {
    return nulls_ != nullptr && ((static_cast<unsigned char>(nulls_[i / 8]) >> (i % 8)) & 1) == 0;
  }
  // The element as a slot; a string's view points into the array. REQUIRES: not NULL.
  const void* Load(uint32_t i, ElementSlot* slot) const;
  Value Get(uint32_t i) const;

 private:
  Type element_;
  std::string_view bytes_;
  int dimensions_ = 0;
  uint32_t count_ = 0;
  const char* nulls_ = nullptr;
  const char* elements_ = nullptr;  // slots, or the ends of strings
};

// Makes an array, element by element.
class ArrayBuilder {
 public:
  explicit ArrayBuilder(const Type& element_type) : element_(element_type) {}

  uint32_t size() const { return static_cast<uint32_t>(present_.size()); }
  size_t bytes() const { return slots_.size() + ends_.size() * 4; }
  void Add(const void* slot);
  void AddNull();
  void AddValue(const Value& value);
  void AddFrom(const ArrayView& array, uint32_t i);
  // One dimension; the empty array when nothing was added.
  std::string Finish(int32_t lower = 1) const;
  // REQUIRES: the lengths multiply to size().
  std::string Finish(std::span<const ArrayDimension> dimensions) const;

 private:
  Type element_;
  std::vector<bool> present_;
  bool any_null_ = false;
  std::string slots_;  // or the bytes of strings
  std::vector<uint32_t> ends_;
};

// PostgreSQL's text form, {1,2,NULL,"a b"}, and what it reads. Errors: 22P02 malformed, those of the elements.
void AppendArray(const ArrayView& array, const TextContext& context, std::string* out);
base::StatusOr<Value> ParseArray(std::string_view text, const Type& type, const TextContext* context);

// Element by element, NULL greatest; then by size, dimensions, bounds.
int CompareArrays(const ArrayView& a, const ArrayView& b);
uint64_t HashArray(const ArrayView& array);

}  // namespace turdb::vec

#endif  // TURDB_VEC_ARRAY_H_
