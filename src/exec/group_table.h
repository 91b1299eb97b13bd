// A hash table of distinct keys: the groups of an aggregate, the rows of DISTINCT and of set operations.
//
// Open addressing over 8-byte entries (16 bits of the hash, 48 bits of a pointer to the group's record); records are
// in a RowStore and never move. Batches are looked up together: all hashes, then all slots, then all comparisons a
// column at a time, and again for those that met another key.
//
// A table can be sealed: its groups stay where they are, but are found no more, and keys that come again get records of
// their own. Who does that puts equal keys together in the end (group_union.h).
//
//  (G1) Once the budget has refused room for a group the table is full and stays so: from then on a key is either in
//       the table or nowhere, and what finds no group can be put aside as raw rows without splitting a group.
#ifndef TURDB_EXEC_GROUP_TABLE_H_
#define TURDB_EXEC_GROUP_TABLE_H_

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/memory_budget.h"
#include "exec/row_store.h"
#include "exec/vector_operations.h"
#include "exec/word_array.h"

namespace turdb::exec {

// Not thread-safe.
class GroupTable {
 public:
  // Each record has `extra_bytes` of the owner's, zero at first, aligned to 16, at extra(record).
  GroupTable(std::span<const vec::Type> key_types, size_t extra_bytes, uint32_t capacity, base::MemoryBudget* budget);

  // records[i] = the record of the key in row rows[i], made when there was none; null when the table is full.
  // Positions i that made theirs are appended to `created` when it is not null. REQUIRES: rows.count <= capacity.
  void FindOrInsert(Columns keys, vec::Rows rows, std::byte** records, std::vector<uint32_t>* created);
  // records[i] = the record or null.
  void Find(Columns keys, vec::Rows rows, std::byte** records);

  std::byte* extra(std::byte* record) const { return record + rows_.layout().extra_offset() + kHeaderBytes; }
  const RowLayout& layout() const { return rows_.layout(); }
  RowStore& rows() { return rows_; }
  uint64_t size() const { return rows_.size(); }
  void Seal();
  bool sealed() const { return sealed_rows_ != 0; }
  uint64_t unsealed() const { return rows_.size() - sealed_rows_; }
  bool full() const { return full_; }
  // Of the batch looked up last.
  std::span<const uint64_t> hashes() const { return hashes_; }
  static uint64_t HashOf(const RowLayout& layout, const std::byte* record);

  // Parts of the hashes, by bits that neither slots (the low ones) nor tags (the top 16) use, and how many records each has.
  static constexpr size_t kParts = 256;
  static size_t PartOf(uint64_t hash) { return (hash >> 40) % kParts; }
  std::span<const uint32_t> part_sizes() const { return part_sizes_; }
  // A note on a record, for its owner.
  void LeaveOut(std::byte* record) const { record[layout().extra_offset() + sizeof(uint64_t)] = std::byte{1}; }
  bool IsLeftOut(const std::byte* record) const { return record[layout().extra_offset() + sizeof(uint64_t)] != std::byte{0}; }
  static constexpr uint64_t kPointerMask = (uint64_t{1} << 48) - 1;

  int64_t memory_bytes() const { return rows_.reserved_bytes() + reserved_.bytes(); }
  void Reset();

 private:
  static constexpr size_t kHeaderBytes = 16;  // the hash, whether it is left out, padding
  static constexpr size_t kFirstEntries = 64;
  static constexpr size_t kLookAhead = 24;

  template <bool kInsert>
  void Lookup(Columns keys, vec::Rows rows, std::byte** records, std::vector<uint32_t>* created);
  std::byte* NewRecord(Columns keys, vec::Rows rows, uint32_t position);
  void FillFresh(Columns keys, vec::Rows rows, std::byte* const* records, std::vector<uint32_t>* created);
  [[nodiscard]] bool Grow();

  RowStore rows_;
  base::MemoryReservation reserved_;
  WordArray entries_;
  uint64_t sealed_rows_ = 0;
  std::array<uint32_t, kParts> part_sizes_{};
  bool full_ = false;
  // Of one batch.
  std::vector<uint64_t> hashes_;
  std::vector<uint64_t> slots_;
  std::vector<uint32_t> open_;
  std::vector<uint32_t> compare_;
  std::vector<uint32_t> mismatch_;
  std::vector<uint32_t> fresh_;
  std::vector<vec::SelIndex> fresh_rows_;
  std::vector<std::byte*> fresh_records_;
};

}  // namespace turdb::exec

#endif  // TURDB_EXEC_GROUP_TABLE_H_
