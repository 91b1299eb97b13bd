// Records of several GroupTables, put together by key without being copied.
//
// Each table lists its records by parts of the hashes (GroupParts); a part of all tables then goes through one small set of
// entries that fits in the cache (GroupUnion). Records are touched only where two have the same hash.
#ifndef TURDB_EXEC_GROUP_UNION_H_
#define TURDB_EXEC_GROUP_UNION_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/memory_budget.h"
#include "exec/group_table.h"
#include "exec/pipeline.h"
#include "exec/row_store.h"
#include "exec/word_array.h"
#include "vec/chunk.h"

namespace turdb::exec {

// The records of one table, by part. Not thread-safe.
class GroupParts {
 public:
  explicit GroupParts(base::MemoryBudget* budget) : reserved_(*budget) {}

  // Lists what `rows` holds; sizes[p] records belong to part p. False: there is no room.
  [[nodiscard]] bool Fill(const RowStore& rows, std::span<const uint32_t> sizes);
  size_t count(size_t part) const { return ends_[part] - begin(part); }
  // Hash and record, one after the other.
  uint64_t hash(size_t part, size_t i) const { return words_[(begin(part) + i) * 2]; }
  std::byte* record(size_t part, size_t i) const { return reinterpret_cast<std::byte*>(words_[(begin(part) + i) * 2 + 1]); }
  void Reset();

 private:
  size_t begin(size_t part) const { return part == 0 ? 0 : ends_[part - 1]; }

  base::MemoryReservation reserved_;
  WordArray words_;
  std::array<size_t, GroupTable::kParts> ends_{};
};

// Which of the records added have the same key. Not thread-safe.
class GroupUnion {
 public:
  GroupUnion(const RowLayout& layout, uint32_t capacity, base::MemoryBudget* budget);

  // From no records; at most `count` will be added. False: there is no room.
  [[nodiscard]] bool Start(size_t count);
  // into[i] = the record that stands for the key of records[i], which may be itself. REQUIRES: count <= capacity.
  void Add(const uint64_t* hashes, std::byte* const* records, uint32_t count, std::byte** into);

 private:
  // Positions in compare_ whose records have different keys after all.
  uint32_t Differing(std::byte* const* records, std::byte* const* into, uint32_t count);

  const RowLayout layout_;
  const bool bitwise_;  // keys are equal when their bytes are
  base::MemoryReservation reserved_;
  WordArray entries_;
  uint64_t mask_ = 0;
  // Of one batch.
  std::vector<uint64_t> slots_;
  std::vector<uint32_t> open_;
  std::vector<uint32_t> compare_;
  std::vector<uint32_t> equal_;
  std::vector<uint32_t> differing_;
  std::vector<std::byte*> from_;
  std::vector<std::byte*> to_;
  vec::Chunk keys_;
  std::vector<const vec::Vector*> columns_;
};

}  // namespace turdb::exec

#endif  // TURDB_EXEC_GROUP_UNION_H_
