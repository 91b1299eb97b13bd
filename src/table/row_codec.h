// Rows as the primary tree stores them. FORMAT.md draws the layout:
//
//   0  u16 schema version (bit 15: the whole row is in an overflow chain, its 16-byte reference follows the header)
//   2  u16 length of the row in bytes
//   4  NULL bits, one a stored column of that version, bit set = NULL
//      fixed-width values, one after the other, there even when NULL (zero bytes)
//      end offsets of the variable-width values, u16 each (bit 15: the value is a 16-byte overflow reference)
//      the variable-width bytes
//
// A RowLayout says where things are in rows of one version; a Projection says, for each version that a
// table ever had, where the wanted columns are, so that reading a row is a load per column.
#ifndef TURDB_TABLE_ROW_CODEC_H_
#define TURDB_TABLE_ROW_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "base/bytes.h"
#include "base/status.h"
#include "btree/cursor.h"
#include "btree/tree.h"
#include "table/key_codec.h"
#include "table/schema.h"
#include "vec/string_view.h"

namespace turdb::vec {
class Chunk;
class Vector;
}  // namespace turdb::vec

namespace turdb::table {

inline constexpr size_t kRowHeaderBytes = 4;
inline constexpr size_t kOverflowRefBytes = 16;
inline constexpr uint16_t kWholeRowOverflow = 0x8000;  // in the schema version
inline constexpr uint16_t kValueOverflow = 0x8000;     // in an end offset
inline constexpr size_t kMaxInlineValueBytes = 4000;   // of one variable-width value; larger ones overflow
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
  uint32_t data_offset = 0;  // of the variable-width bytes

  static RowLayout Of(const TableSchema& schema, uint16_t version);
};

// One value read from a row: fixed-width bytes or a view into the owner's bytes. Not NULL unless is_null.
struct Slot {
  alignas(16) std::byte fixed[16] = {};  // the physical value; a StringView for strings
  bool is_null = true;

  Cell cell() const { return is_null ? nullptr : fixed; }
  template <typename T>
  T Get() const {
    T value;
    std::memcpy(&value, fixed, sizeof(T));
    return value;
  }
};

// The values of one row, owned: what a point read gives. Reused from read to read without touching the
// heap once it has grown to the rows' size. Not thread-safe.
class RowBuffer {
 public:
  std::span<const Slot> slots() const { return slots_; }
  const Slot& operator[](size_t i) const { return slots_[i]; }
  base::Bytes row_key() const { return {row_key_.data(), row_key_.size()}; }  // of the row read last

 private:
  friend class Projection;
  friend class Table;
  std::vector<Slot> slots_;
  std::vector<std::byte> row_key_;
  std::string bytes_;          // what long strings point into
  std::vector<uint32_t> far_;  // slots that hold an OverflowRef instead of a value
};

// Reads some columns of a table's rows. Immutable and thread-safe once made; keep one per statement or plan.
class Projection {
 public:
  // `columns`: positions in schema.columns, kRowKeyColumn or kRowIdColumn, in output order.
  // REQUIRES: kRowIdColumn only for tables with integer keys. The schema must outlive the projection.
  Projection(const TableSchema& schema, std::span<const int32_t> columns);

  std::span<const int32_t> columns() const { return columns_; }
  std::vector<vec::Type> types() const;  // of the output; the row key is a blob, the rowid a bigint

  // One row into `out`, copying strings; runs under a leaf latch: no allocation once `out` has grown
  // (growing is heap only, never the budget's). Values in overflow chains are noted for Fetch.
  base::Status ReadRow(base::Bytes key, base::Bytes row, RowBuffer* out) const;
  // Replaces noted references by their values. Call after the latch is gone.
  base::Status Fetch(btree::Tree& tree, base::Bytes key, RowBuffer* out) const;

  // Rows `first`.. of `out` (flat vectors of types(), large enough) from leaf entries, column by column.
  // Rows with overflow values are listed in `far` with their column and reference.
  struct FarValue {
    uint32_t row;
    int32_t output;  // column of `out`; -1: the whole row, `ref` holds it
    btree::OverflowRef ref;
  };
  base::Status ReadRows(std::span<const btree::Entry> entries, vec::Chunk* out, uint32_t first,
                        std::vector<FarValue>* far) const;
  base::Status FetchRows(btree::Tree& tree, std::span<const FarValue> far, vec::Chunk* out) const;

 private:
  struct Output {
    int32_t column;
    int32_t stored;
    vec::Type type;
    vec::PhysicalType physical;
  };
  struct Version;  // where each output lies in rows of one version

  const Version* VersionOf(uint16_t version) const;

  const TableSchema* schema_;
  std::vector<int32_t> columns_;
  std::vector<Output> outputs_;
  std::vector<std::shared_ptr<const Version>> versions_;  // by schema version - 1
};

// Builds rows of the newest version. Owns its buffers, so that encoding allocates nothing once they have grown.
class RowEncoder {
 public:
  explicit RowEncoder(const TableSchema& schema);

  // Encodes cells[c] for every column of the schema (key-only columns are skipped). Values that do not fit
  // the row go to `tree`'s overflow chains. The result lives until the next call.
  // Errors: a value too long (54000), what writing overflow pages meets.
  base::StatusOr<base::Bytes> Encode(std::span<const Cell> cells, btree::Tree& tree, txn::Transaction& transaction);

 private:
  base::Status MoveOut(std::span<const Cell> cells, btree::Tree& tree, txn::Transaction& transaction);

  const TableSchema* schema_;
  RowLayout layout_;
  std::vector<int32_t> variable_columns_;
  std::vector<base::Bytes> variable_;     // the values as they go into the row
  std::vector<btree::OverflowRef> refs_;  // of those that moved out
  std::vector<bool> moved_;
  std::vector<std::byte> row_;
};

// Every overflow reference of a row, for freeing what a delete or an update leaves behind.
base::Status ForEachOverflow(const TableSchema& schema, base::Bytes row, absl::FunctionRef<void(btree::OverflowRef)> visit);

}  // namespace turdb::table

#endif  // TURDB_TABLE_ROW_CODEC_H_
