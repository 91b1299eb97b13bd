// Rows of a pipeline breaker: fixed-width records in blocks, strings beside them.
//
//   record:  validity bits, one a column, set = present | columns, aligned to at most 8 | extra bytes, aligned to 8 or 16
//
// Columns keep the layout of their physical type; string views point at copies in the store. Records never move, so
// hash tables and sort entries hold pointers to them. The extra bytes are the owner's: a chain pointer, a hash,
// aggregate states.
#ifndef TURDB_EXEC_ROW_STORE_H_
#define TURDB_EXEC_ROW_STORE_H_

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "exec/block_pool.h"
#include "vec/chunk.h"
#include "vec/type.h"
#include "vec/vector.h"

namespace turdb::exec {

// A value type, immutable.
class RowLayout {
 public:
  RowLayout() = default;
  // extra_alignment: 8 or 16.
  explicit RowLayout(std::span<const vec::Type> types, size_t extra_bytes = 0, size_t extra_alignment = 8);

  size_t column_count() const { return types_.size(); }
  const vec::Type& type(size_t column) const { return types_[column]; }
  size_t offset(size_t column) const { return offsets_[column]; }
  size_t extra_offset() const { return extra_offset_; }
  size_t row_bytes() const { return row_bytes_; }
  bool has_strings() const { return has_strings_; }

  static bool IsValid(const std::byte* row, size_t column) {
    return (static_cast<uint8_t>(row[column / 8]) >> (column % 8) & 1) != 0;
  }
  static void SetValid(std::byte* row, size_t column) { row[column / 8] |= std::byte{1} << (column % 8); }

 private:
  std::vector<vec::Type> types_;
  std::vector<size_t> offsets_;
  size_t extra_offset_ = 0;
  size_t row_bytes_ = 0;
  bool has_strings_ = false;
};

// Columns under one selection, as breakers take them.
using Columns = std::span<const vec::Vector* const>;

// Not thread-safe. Rows are valid until Reset or destruction.
class RowStore {
 public:
  RowStore(RowLayout layout, base::MemoryBudget* budget, double headroom = 0)
      : layout_(std::move(layout)), rows_(budget, headroom), strings_(budget, headroom) {}
  RowStore(RowStore&&) noexcept = default;
  RowStore& operator=(RowStore&&) noexcept = default;

  // See BlockPool.
  void SetAllowance(int64_t bytes) {
    rows_.SetAllowance(bytes / 2);
    strings_.SetAllowance(bytes / 2);
  }
  const RowLayout& layout() const { return layout_; }
  uint64_t size() const { return size_; }
  int64_t reserved_bytes() const { return rows_.reserved_bytes() + strings_.reserved_bytes(); }

  // Adds records for rows[0..count); pointers[i] is the one of rows[i]. The extra bytes are zero. False when the
  // budget refuses: nothing that Scan would show was added.
  [[nodiscard]] bool TryAppend(Columns columns, vec::Rows rows, std::byte** pointers);
  // One record with unset columns, to be filled by Fill. Null when the budget refuses.
  std::byte* TryAllocateRow();
  // Takes back the record that TryAllocateRow gave last; its memory is lost until Reset.
  void RemoveLastRow();
  // Writes all columns of the records: pointers[i] gets row rows[i]. False when the budget refuses its strings; what
  // these records hold is then unspecified but safe to read.
  [[nodiscard]] bool Fill(Columns columns, vec::Rows rows, std::byte* const* pointers);

  // A copy of a record of any store of this layout, strings and extra bytes included. Null when the budget refuses.
  std::byte* TryCopy(const std::byte* record);

  // Iterates in the order of insertion.
  struct Position {
    size_t segment = 0;
    size_t row = 0;
  };
  // The next records, at most `limit`; 0 at the end.
  uint32_t Scan(Position* position, uint32_t limit, std::byte** pointers) const;

  // Reads column `column` of `count` records into rows `to`.. of `out`, which is flat and was reset. Strings point into the
  // store.
  static void Gather(const RowLayout& layout, size_t column, const std::byte* const* pointers, uint32_t count, vec::Vector* out,
                     uint32_t to = 0);

  void Reset(size_t keep_bytes);

 private:
  struct Segment {  // records next to each other
    std::byte* first;
    size_t count;
  };
  RowLayout layout_;
  BlockPool rows_;
  BlockPool strings_;
  std::vector<Segment> segments_;
  uint64_t size_ = 0;
};

}  // namespace turdb::exec

#endif  // TURDB_EXEC_ROW_STORE_H_
