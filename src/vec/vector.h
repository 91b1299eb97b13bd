// A column of a chunk: up to `capacity` values of one type.
//
//   flat        row r is data[r]
//   constant    every row is data[0]
//   dictionary  row r is data[selection[r]]
//   sequence    row r is start + r * step, integers only; no memory at all
//
// Memory is Arrow's: validity bits (bit set = value present, least significant first), one buffer of
// fixed-width values (booleans one byte each), strings as 16-byte views (string_view.h).
//
// Invariants:
//   V1  No validity buffer means that every row is present.
//   V2  A constant's validity is bit 0; a dictionary's validity is indexed like its data, by selection[r].
//   V3  The value under an unset validity bit is unspecified but readable; string slots there are valid
//       views, so a kernel may run over them as long as it drops the result.
//   V4  Buffers are written only while this vector holds the only reference; Reset finds fresh ones otherwise.
//   V5  A long string view of a row points into the vector's heap, into a heap that heap keeps alive, or
//       into memory that outlives the vector (a plan constant, a breaker's rows). Never into a page.
//   V6  Rows that nobody wrote since Reset are unspecified (their string slots included).
#ifndef TURDB_VEC_VECTOR_H_
#define TURDB_VEC_VECTOR_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "base/check.h"
#include "vec/buffer.h"
#include "vec/scalar.h"
#include "vec/type.h"
#include "vec/value.h"

namespace turdb::vec {

inline constexpr uint32_t kDefaultChunkCapacity = 2048;

using SelIndex = uint32_t;  // the number of a row in a chunk

inline bool TestBit(const uint64_t* bits, size_t i) { return ((bits[i >> 6] >> (i & 63)) & 1) != 0; }
inline void SetBit(uint64_t* bits, size_t i) { bits[i >> 6] |= uint64_t{1} << (i & 63); }
inline void ClearBit(uint64_t* bits, size_t i) { bits[i >> 6] &= ~(uint64_t{1} << (i & 63)); }
inline constexpr size_t ValidityWords(size_t rows) { return (rows + 63) / 64; }

// Row numbers, ascending unless said otherwise, in memory that is reused.
class SelectionVector {
 public:
  explicit SelectionVector(uint32_t capacity = kDefaultChunkCapacity, base::MemoryBudget* budget = nullptr)
      : buffer_(Buffer::Allocate(capacity * sizeof(SelIndex), budget)), capacity_(capacity) {}
  SelectionVector(SelectionVector&&) noexcept = default;
  SelectionVector& operator=(SelectionVector&&) noexcept = default;
  SelIndex* data() { return reinterpret_cast<SelIndex*>(buffer_->data()); }
  const SelIndex* data() const { return reinterpret_cast<const SelIndex*>(buffer_->data()); }
  uint32_t capacity() const { return capacity_; }
  uint32_t size() const { return size_; }
  void set_size(uint32_t size) { size_ = size; }
  SelIndex operator[](size_t i) const { return data()[i]; }
  void Append(SelIndex row) { data()[size_++] = row; }
  std::span<const SelIndex> rows() const { return {data(), size_}; }

 private:
  Ref<Buffer> buffer_;
  uint32_t capacity_;
  uint32_t size_ = 0;
};

// The rows that an operation is about: either the first `count` rows (rows == nullptr, "dense"), or the
// `count` row numbers at `rows`.
struct Rows {
  const SelIndex* rows = nullptr;
  uint32_t count = 0;

  static Rows All(uint32_t count) { return {nullptr, count}; }
  static Rows Of(const SelectionVector& selection) { return {selection.data(), selection.size()}; }
  bool dense() const { return rows == nullptr; }
  SelIndex operator[](size_t i) const { return rows == nullptr ? static_cast<SelIndex>(i) : rows[i]; }
};

// How to read any vector, whatever its encoding. Valid while the vector is not changed.
struct VectorView {
  const std::byte* data = nullptr;
  const SelIndex* selection = nullptr;  // dictionary
  const uint64_t* validity = nullptr;
  size_t row_mask = ~size_t{0};  // 0 for a constant

  bool is_flat() const { return selection == nullptr && row_mask != 0; }
  bool is_constant() const { return row_mask == 0; }
  size_t Index(size_t row) const { return selection != nullptr ? selection[row] : row & row_mask; }
  bool IsValid(size_t row) const { return validity == nullptr || TestBit(validity, Index(row)); }
  template <typename T>
  const T* values() const {
    return reinterpret_cast<const T*>(data);
  }
  template <typename T>
  const T& Get(size_t row) const {
    return values<T>()[Index(row)];
  }
};

// Not thread-safe, const members included (View fills a sequence in). Move-only: copies are decisions
// (Reference shares, Copy copies).
class Vector {
 public:
  enum class Encoding : uint8_t { kFlat, kConstant, kDictionary, kSequence };

  // Flat and unwritten. Memory comes when it is first needed; std::bad_alloc when the budget refuses.
  explicit Vector(Type type, uint32_t capacity = kDefaultChunkCapacity, base::MemoryBudget* budget = nullptr);
  Vector(Vector&&) noexcept = default;
  Vector& operator=(Vector&&) noexcept = default;
  ~Vector() = default;

  const Type& type() const { return type_; }
  PhysicalType physical() const { return physical_; }
  Encoding encoding() const { return encoding_; }
  bool is_flat() const { return encoding_ == Encoding::kFlat; }
  bool is_constant() const { return encoding_ == Encoding::kConstant; }
  uint32_t capacity() const { return capacity_; }
  base::MemoryBudget* budget() const { return budget_; }

  // Flat, all rows present, values unspecified. Keeps its memory unless someone else still reads it.
  void Reset();

  // ---- writing a flat vector (the first write after Reset may allocate)
  template <typename T>
  T* data() {
    TURDB_DCHECK_EQ(sizeof(T), width_);
    TURDB_DCHECK(encoding_ == Encoding::kFlat || encoding_ == Encoding::kConstant);
    return reinterpret_cast<T*>(MutableData());
  }
  // Validity words for capacity() rows, all set when there were none.
  uint64_t* MutableValidity();
  void SetAllValid();
  bool MayHaveNulls() const { return static_cast<bool>(validity_); }
  // Also zeroes the slot, which makes it an empty string view (V3).
  void SetNull(size_t row);
  void SetValid(size_t row) {
    if (validity_) SetBit(MutableValidity(), row);
  }
  template <typename T>
  void Set(size_t row, const T& value) {
    data<T>()[row] = value;
    SetValid(row);
  }
  // Copies `text` into the heap when it is longer than 12 bytes.
  void SetString(size_t row, std::string_view text) { Set<StringView>(row, MakeString(text)); }
  StringView MakeString(std::string_view text) {
    if (text.size() <= StringView::kInlineBytes) return StringView(text);
    return StringView(heap()->Copy(text));
  }
  // Any value of this vector's type, or NULL of any type; an ANY vector takes a value of every type.
  void SetValue(size_t row, const Value& value);
  // The heap that this vector's new strings go to, made when first asked for.
  StringHeap* heap();
  // Views that point into `heap` may be stored in this vector from now on.
  void KeepAlive(const Ref<StringHeap>& heap);
  void KeepAlive(const Vector& source) {
    if (source.heap_) KeepAlive(source.heap_);
  }

  // ---- becoming another encoding
  void SetConstant(const Value& value);
  void SetConstantNull();
  // data<T>()[0] and bit 0 of the validity were written: every row is that.
  void MarkConstant() { encoding_ = Encoding::kConstant; }
  // REQUIRES: an integer, date or timestamp type.
  void SetSequence(int64_t start, int64_t step);
  // Shares all memory of `source` (no values are copied). REQUIRES: the same physical type.
  void Reference(const Vector& source);
  // Row i of this is row rows[i] of `source`; values are shared, the row numbers are copied. A constant stays one.
  void Slice(const Vector& source, Rows rows);
  // Row offset + i becomes row rows[i] of `source`, strings copied to this heap. REQUIRES: this is flat.
  void CopyFrom(const Vector& source, Rows rows, uint32_t offset);
  // Makes the first `count` rows of any encoding flat, in memory of its own.
  void Flatten(uint32_t count);

  // ---- reading
  VectorView View() const;
  bool IsNull(size_t row) const { return !View().IsValid(row); }
  Value GetValue(size_t row) const;
  // Long strings of this vector stay where they are until this is released; null when it has none.
  const Ref<StringHeap>& kept_heap() const { return heap_; }
  size_t memory_bytes() const;

 private:
  friend class Chunk;
  std::byte* MutableData();
  void Fill() const;  // sequence -> flat memory
  void StashOwn();    // own buffers out of the way of borrowed ones
  void ResetBuffers();
  // The chunk's heap is the one to write to from now on; the chunk resets it, not this vector.
  void UseHeap(const Ref<StringHeap>& heap) {
    own_heap_ = heap;
    heap_is_chunks_ = true;
  }
  void DropHeap() {
    heap_.reset();
    own_heap_.reset();
  }

  Type type_;
  PhysicalType physical_;
  Encoding encoding_ = Encoding::kFlat;
  uint8_t width_;
  bool heap_is_chunks_ = false;
  // Whether data_ (validity_, selection_) was allocated here; borrowed from another vector otherwise.
  bool owns_data_ = true;
  bool owns_validity_ = true;
  bool owns_selection_ = true;
  uint32_t capacity_;
  base::MemoryBudget* budget_;

  // What rows are read from.
  Ref<Buffer> data_;
  Ref<Buffer> validity_;
  Ref<Buffer> selection_;
  Ref<StringHeap> heap_;
  int64_t sequence_start_ = 0;
  int64_t sequence_step_ = 0;
  // Own buffers that are not read from now, kept for later.
  Ref<Buffer> spare_data_;
  Ref<Buffer> spare_validity_;
  Ref<Buffer> spare_selection_;
  Ref<StringHeap> own_heap_;  // where new strings go; heap_ is this, borrowed, or null
};

}  // namespace turdb::vec

#endif  // TURDB_VEC_VECTOR_H_
