// Sorting of rows by normalised keys: one memcmp orders two rows, whatever their types.
//
// A row's sort key is its key columns in the key encoding of table/key_codec.h, then the number of the row, so that
// no two are equal and the sort is stable. In memory a row is an entry of 16 bytes: the first 8 bytes of the key,
// which decide most comparisons, and a pointer to the record, which has the key and the payload.
#ifndef TURDB_EXEC_SORTER_H_
#define TURDB_EXEC_SORTER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/memory_budget.h"
#include "base/status.h"
#include "exec/row_store.h"
#include "exec/runtime.h"
#include "table/key_codec.h"
#include "vec/chunk.h"

namespace turdb::exec {

struct SortOrder {
  vec::Type type;
  bool descending = false;
  bool nulls_first = false;
};

// Not thread-safe.
class Sorter {
 public:
  Sorter(std::span<const SortOrder> orders, std::span<const vec::Type> payload, uint32_t capacity, base::MemoryBudget* budget);
  Sorter(Sorter&&) noexcept;
  ~Sorter();

  // Forgets all rows.
  base::Status Start(Runtime& runtime);
  // Only the first `limit` rows in the order will be asked for: the rest is dropped as early as it can be told.
  void SetLimit(uint64_t limit) { limit_ = limit; }
  // Adds rows: a key column for each order, and the payload columns.
  base::Status Add(Runtime& runtime, Columns keys, Columns payload, vec::Rows rows);
  // REQUIRED once, before Next.
  base::Status Finish(Runtime& runtime);
  // The next payload rows in order, into `out`. False: no more. Strings live until the next call or Start.
  base::StatusOr<bool> Next(Runtime& runtime, vec::Chunk* out);
  // Between calls of Next: gives the memory back by writing what is still to come to a run, the last `again` rows of the
  // last call included, which come once more. False: nothing is in memory, or nothing may be spilled.
  base::StatusOr<bool> MoveOut(Runtime& runtime, uint32_t again);
  int64_t memory_bytes() const;
  int64_t spilled_bytes() const { return spilled_bytes_; }

 private:
  static constexpr size_t kDropAt = 4096;  // entries
  static constexpr int64_t kSetAsideMost = 1 << 20;
  static constexpr int64_t kSetAsideShare = 64;  // of the budget, one part in so many
  struct Entry {
    uint64_t prefix;  // big-endian
    std::byte* record;
  };
  struct Key {  // in the extra bytes of a record
    const std::byte* data;
    uint32_t size;
    uint32_t reserved;
  };
  class Runs;

  Key KeyOf(const std::byte* record) const;
  bool Less(const Entry& a, const Entry& b) const;
  void EncodeKeys(Columns keys, vec::Rows rows);
  vec::Rows MayBeBelowBound(const vec::Vector& first, vec::Rows rows);
  // False when the budget refuses.
  [[nodiscard]] bool TryAddRows(Columns payload, vec::Rows rows, uint32_t first, uint32_t last);
  base::Status AddKept(Runtime& runtime, Columns payload, vec::Rows rows, uint32_t first, uint32_t last);
  std::string_view KeyBytes(uint32_t i) const;  // of position i of the batch
  [[nodiscard]] bool GrowEntries(size_t more);
  void DropBeyondLimit();
  base::Status Spill(Runtime& runtime);

  std::vector<table::KeyPart> parts_;
  RowLayout layout_;
  base::MemoryBudget* budget_;
  uint64_t limit_ = UINT64_MAX;
  bool has_bound_ = false;  // with a limit: rows whose key is not below bound_ are dropped on arrival
  std::string bound_;
  // What bound_ begins with, where that is a number: most rows can be dropped by their value, before they have a key.
  std::optional<double> float_bound_;
  std::optional<int64_t> integer_bound_;
  uint64_t next_row_ = 0;  // number of the next row, for stability
  RowStore rows_;
  BlockPool key_pool_;
  base::MemoryReservation entries_reserved_;
  // Held from Start to the first row, so that those who run before leave enough to sort with: many short runs are slow.
  base::MemoryReservation set_aside_;
  std::vector<Entry> entries_;
  size_t emitted_ = 0;
  std::unique_ptr<Runs> runs_;
  int64_t spilled_bytes_ = 0;
  // Of one batch.
  std::string key_bytes_;
  std::vector<uint32_t> key_ends_;
  std::vector<vec::SelIndex> near_;  // rows that the first number of the bound lets through
  std::vector<uint32_t> kept_;       // positions of those that the bound does
  std::vector<vec::SelIndex> selected_;
  std::vector<std::byte*> pointers_;
};

}  // namespace turdb::exec

#endif  // TURDB_EXEC_SORTER_H_
