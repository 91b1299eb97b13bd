// Reading some columns of rows: one row into slots (point reads), or the entries of a leaf straight into
// column vectors (scans). Where the columns lie is worked out once, when the projection is made.
#ifndef TURDB_TABLE_PROJECTION_H_
#define TURDB_TABLE_PROJECTION_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/status.h"
#include "btree/tree.h"
#include "table/key_codec.h"
#include "table/row_codec.h"
#include "table/schema.h"
#include "vec/buffer.h"
#include "vec/string_view.h"
#include "vec/type.h"

namespace turdb::vec {
class Chunk;
class Vector;
}  // namespace turdb::vec

namespace turdb::table {

// One value, as it lies in a vector (strings: a StringView into the RowBuffer).
struct Slot {
  alignas(16) std::byte fixed[16] = {};
  bool is_null = true;

  Cell cell() const { return is_null ? nullptr : fixed; }
  template <typename T>
  T Get() const {
    T value;
    std::memcpy(&value, fixed, sizeof(T));
    return value;
  }
  // REQUIRES: a string-like type, not NULL. Valid as long as the slot and its buffer.
  std::string_view text() const {
    const auto& view = *reinterpret_cast<const vec::StringView*>(fixed);
    return {view.data(), view.size()};
  }
};

// The values of one row, owned. Reused from read to read without touching the heap once it has grown to
// the rows' size. Not thread-safe.
class RowBuffer {
 public:
  size_t size() const { return slots_.size(); }
  const Slot& operator[](size_t i) const { return slots_[i]; }
  std::span<const Slot> slots() const { return slots_; }

 private:
  friend class Projection;
  struct Far {
    uint32_t slot;
    btree::OverflowRef ref;
  };
  // Forgets the strings of the row before and makes room for those of the next, so that views stay valid.
  void Restart(size_t room_bytes) {
    used_bytes_ = 0;
    if (bytes_.size() < room_bytes) [[unlikely]]
      bytes_.resize(room_bytes);
  }
  // A view of a copy, unless the string is short enough to lie inside its view. REQUIRES: room was made.
  vec::StringView Keep(const std::byte* text, uint32_t size) {
    if (size <= vec::StringView::kInlineBytes) return {reinterpret_cast<const char*>(text), size};
    TURDB_DCHECK_LE(used_bytes_ + size, bytes_.size());
    char* const copy = bytes_.data() + used_bytes_;
    std::memcpy(copy, text, size);
    used_bytes_ += size;
    return {copy, size};
  }

  std::vector<Slot> slots_;
  std::string bytes_;  // what long strings point into
  size_t used_bytes_ = 0;
  std::vector<Far> far_;
  bool row_elsewhere_ = false;
  btree::OverflowRef row_ref_;
  std::string whole_row_;
  vec::Ref<vec::StringHeap> far_bytes_;  // on the budget; made when first needed
};

// Immutable and thread-safe; made once a plan or scan.
class Projection {
 public:
  // `columns`: positions in the schema's columns, kRowKeyColumn or kRowIdColumn, in output order.
  // REQUIRES: kRowIdColumn only for tables with integer keys. `layouts` must outlive it.
  // `in_leaf`: outputs of text-like types whose values ReadRows leaves where they lie: their views point into the leaf.
  Projection(const RowLayouts& layouts, std::span<const int32_t> columns, std::span<const int32_t> in_leaf = {});

  size_t size() const { return outputs_.size(); }
  std::span<const int32_t> columns() const { return columns_; }
  const std::vector<vec::Type>& types() const { return types_; }  // the row key is a blob, the rowid a bigint
  const RowLayouts& layouts() const { return layouts_; }

  // One row into `out`. Runs under a leaf latch: copies bytes, does no I/O, and allocates only while `out` grows.
  // True: all of it is there. False: Fetch must follow, without the latch.
  base::StatusOr<bool> ReadRow(base::Bytes key, base::Bytes row, RowBuffer* out) const;
  base::Status Fetch(btree::Tree& tree, RowBuffer* out) const;

  // A value that a batch left in an overflow chain.
  struct FarValue {
    uint32_t row;
    int32_t output;  // -1: the whole row
    btree::OverflowRef ref;
  };
  // Rows first.. of `out` (a chunk of types(), flat, with room) from entries of a leaf, column by column, under
  // its latch. What is in overflow chains is appended to `far`, for FetchRows without the latch.
  base::Status ReadRows(const btree::Entries& entries, vec::Chunk* out, uint32_t first, std::vector<FarValue>* far) const;
  base::Status FetchRows(btree::Tree& tree, std::span<const FarValue> far, vec::Chunk* out) const;

 private:
  enum class Source : uint8_t { kRowKey, kInt64Key, kRow };
  struct Output {
    Source source;
    int32_t stored;  // kRow
    vec::Type type;
    vec::PhysicalType physical;
    uint32_t width;          // bytes of a value in a vector
    bool in_leaf;            // its values are not copied
    RowLayout::Place place;  // in rows of the newest version
  };

  bool ArePlain(const btree::Entries& entries, bool* any_null, uint32_t* text_bytes) const;
  void ReadKeys(const Output& output, const btree::Entries& entries, vec::Vector* out, uint32_t first) const;
  template <typename T>
  void ReadFixed(const Output& output, const btree::Entries& entries, vec::Vector* out, uint32_t first) const;
  void ReadNulls(const Output& output, const btree::Entries& entries, vec::Vector* out, uint32_t first) const;
  // `text_bytes`: of all variable-width values of the entries together, at least.
  bool ReadStrings(const Output& output, int32_t index, const btree::Entries& entries, uint32_t text_bytes, vec::Vector* out,
                   uint32_t first, std::vector<FarValue>* far) const;
  void ReadOldRow(base::Bytes row, vec::Chunk* out, uint32_t at, std::vector<FarValue>* far) const;
  bool ReadPlainRow(base::Bytes row, RowBuffer* out) const;
  void ReadSlot(const Output& output, base::Bytes row, uint32_t at, RowBuffer* out) const;

  const RowLayouts& layouts_;
  std::vector<int32_t> columns_;
  const uint16_t newest_version_;
  std::vector<vec::Type> types_;
  std::vector<Output> outputs_;
};

}  // namespace turdb::table

#endif  // TURDB_TABLE_PROJECTION_H_
