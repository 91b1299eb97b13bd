// Rows as the primary tree stores them. FORMAT.md draws the layout:
//
//   0  u16 schema version (bits 0..13), kLongEnds (bit 14), kRowElsewhere (bit 15)
//   2  u16 length of the row in bytes (0 with kLongEnds)
//   4  NULL bits, one a stored column of that version, bit set = NULL
//      fixed-width values, one after the other, there even when NULL (zero bytes)
//      end offsets of the variable-width values, u16 each (bit 15: the value is a 16-byte overflow reference)
//      the variable-width bytes
//
// A value of more than kMaxInlineValueBytes, and the largest ones of a row that would not fit a tree's entry,
// live in overflow chains. A row that does not fit even so is in a chain as a whole: its entry is the header with
// kRowElsewhere and a reference; the row in the chain has kLongEnds, end offsets of u32 each (the flag in bit 31).
#ifndef TURDB_TABLE_ROW_CODEC_H_
#define TURDB_TABLE_ROW_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "base/bytes.h"
#include "base/limits.h"
#include "base/status.h"
#include "btree/tree.h"
#include "table/key_codec.h"
#include "table/schema.h"

namespace turdb::table {

inline constexpr size_t kRowHeaderBytes = 4;
inline constexpr size_t kOverflowRefBytes = 16;
// On disk: do not change.
inline constexpr uint16_t kRowElsewhere = 0x8000;
inline constexpr uint16_t kLongEnds = 0x4000;
inline constexpr uint16_t kVersionMask = 0x3fff;
inline constexpr uint16_t kValueElsewhere = 0x8000;        // of a u16 end offset
inline constexpr uint32_t kLongValueElsewhere = 1u << 31;  // of a u32 end offset
inline constexpr uint16_t kMaxRowVersion = kVersionMask;

inline constexpr size_t kMaxInlineValueBytes = 4000;  // about a quarter of a page
static_assert(sizeof(btree::OverflowRef) == kOverflowRefBytes);

// Where the values of one schema version lie. Immutable.
struct RowLayout {
  static constexpr int32_t kAbsent = -1;
  struct Place {
    int32_t bit = kAbsent;       // of the NULL bits; kAbsent: rows of this version do not keep the column
    int32_t fixed = kAbsent;     // offset of the fixed-width value; kAbsent: variable-width
    int32_t variable = kAbsent;  // which end offset
  };
  std::vector<Place> places;  // by stored number
  uint32_t null_bytes = 0;
  uint32_t variable_count = 0;
  uint32_t ends_offset = 0;  // of the end offsets

  uint32_t data_offset(bool long_ends) const { return ends_offset + variable_count * (long_ends ? 4 : 2); }
};

// One stored value as it lies in a row: fixed-width bytes, variable-width bytes, or an overflow reference.
struct RawField {
  const std::byte* data = nullptr;  // null: SQL's NULL
  uint32_t size = 0;                // of variable-width values
  bool elsewhere = false;           // data is an OverflowRef

  btree::OverflowRef ref() const {
    btree::OverflowRef ref;
    std::memcpy(&ref, data, sizeof(ref));
    return ref;
  }
};

// The layouts of every version that a table has had. Immutable and thread-safe; the schema must outlive it.
class RowLayouts {
 public:
  explicit RowLayouts(const TableSchema& schema);

  const TableSchema& schema() const { return *schema_; }
  const RowLayout& newest() const { return layouts_.back(); }
  // Null when no such version exists, which in a row is corruption.
  const RowLayout* Of(uint16_t version) const {
    return version >= 1 && version <= layouts_.size() ? &layouts_[version - 1u] : nullptr;
  }
  // The header makes sense, and the row is as long as its layout says it must be at least.
  base::Status Validate(base::Bytes row) const;
  // REQUIRES: Validate(row) was OK, and the row is not elsewhere.
  RawField Read(base::Bytes row, int32_t stored) const;
  // What rows show that are older than the column.
  RawField Missing(int32_t stored) const;

 private:
  const TableSchema* schema_;
  std::vector<RowLayout> layouts_;  // by version - 1
};

inline uint16_t RowHeaderWord(base::Bytes row) { return base::LoadLE<uint16_t>(row.data()); }
inline bool IsElsewhere(base::Bytes row) { return (RowHeaderWord(row) & kRowElsewhere) != 0; }
// REQUIRES: IsElsewhere(row), of 20 bytes.
btree::OverflowRef ElsewhereRef(base::Bytes row);

// Every overflow reference of a row: what a delete or an update leaves behind. REQUIRES: Validate(row) was OK.
void ForEachOverflow(const RowLayouts& layouts, base::Bytes row, absl::FunctionRef<void(btree::OverflowRef)> visit);

// Builds rows of the newest version. Owns its buffers, so that encoding allocates nothing once they have
// grown. Not thread-safe; `layouts` must outlive it.
class RowEncoder {
 public:
  explicit RowEncoder(const RowLayouts& layouts);

  // The values of a row to build. Set every column of the schema, or start from an old row and set some.
  void Clear();
  // REQUIRES: Validate(row) was OK, not elsewhere. `row` must live until the row is built.
  void StartFrom(base::Bytes row);
  // `cell` must live until the row is built. A column that lives in the key only is ignored.
  void Set(int32_t column, Cell cell);
  // A value of variable width that is in a chain already.
  void SetElsewhere(int32_t column, const btree::OverflowRef& ref);

  // The common cases in one step each; false: go the way of Clear or StartFrom, Set, Fits, MakeFit and Build.
  // A whole row, short enough to be stored in place, from a cell for every column. Replaces `out`.
  bool BuildPlain(std::span<const Cell> cells, std::string* out) const;
  // A copy of a row of the newest version with other values in some columns, all of fixed width. `out` becomes it.
  bool Patch(base::Bytes row, std::span<const int32_t> columns, std::span<const Cell> cells, std::string* out) const;

  // Whether Build may be called: no value is too long, and the row fits a tree's entry.
  bool Fits() const;
  // Moves values to overflow chains, and then the whole row, until it Fits.
  base::Status MakeFit(btree::Tree& tree, txn::Transaction& transaction);
  // Appends the row. REQUIRES: Fits().
  void Build(std::string* out) const;
  // The row in the long form, whatever its size: for looking at it, not for storing it.
  void BuildWhole(std::string* out) const;
  size_t size_bytes() const;

 private:
  struct Field {
    int32_t stored;
    uint32_t width;  // 0: variable
    RowLayout::Place place;
  };
  void BuildInto(bool long_ends, std::byte* to) const;
  size_t SizeOf(bool long_ends) const;
  size_t DataBytes() const;
  base::Status MoveOut(size_t field, btree::Tree& tree, txn::Transaction& transaction);

  const RowLayouts& layouts_;
  std::vector<Field> fields_;             // of the newest version, in its order
  std::vector<int32_t> field_of_column_;  // -1: in the key only
  std::vector<size_t> column_of_field_;
  std::vector<RawField> values_;  // by field
  std::vector<std::byte> refs_;   // 16 bytes a field, for values moved out
  bool whole_elsewhere_ = false;
  btree::OverflowRef whole_ref_;
};

}  // namespace turdb::table

#endif  // TURDB_TABLE_ROW_CODEC_H_
