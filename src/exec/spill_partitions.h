// Rows put aside in several temporary files by bits of a hash, and read back as chunks.
#ifndef TURDB_EXEC_SPILL_PARTITIONS_H_
#define TURDB_EXEC_SPILL_PARTITIONS_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "exec/spill_file.h"

namespace turdb::exec {

// Not thread-safe. Files are made when their first row comes.
class SpillPartitions {
 public:
  static constexpr uint32_t kBits = 3;
  static constexpr uint32_t kCount = 1u << kBits;
  // Beyond, rows of one partition have the same hash for all that matters: splitting again is of no use.
  static constexpr uint32_t kMaxLevel = 7;
  // What a breaker keeps reserved so that it can spill when nothing is left: the files' write buffers.
  static int64_t ReserveBytes(const base::MemoryBudget& budget) {
    return int64_t{kCount} * SpillFile::WriteBufferBytes(budget);
  }

  // `level` counts how often the rows were split before.
  SpillPartitions(const RowLayout& layout, uint32_t level, std::string_view purpose)
      : layout_(layout), level_(level), purpose_(purpose) {}

  // Row rows[i] goes to the file of hashes[i]; only those at `positions` when there are any given.
  base::Status Append(Runtime& runtime, Columns columns, vec::Rows rows, const uint64_t* hashes,
                      std::span<const uint32_t> positions);
  base::Status FinishWriting();
  // Null when no row came to it.
  std::unique_ptr<SpillFile> Take(uint32_t partition) { return std::move(files_[partition]); }
  int64_t size_bytes() const;

 private:
  // Bits that neither the table's slots (low) nor its tags (top 16) use.
  uint32_t PartitionOf(uint64_t hash) const { return static_cast<uint32_t>(hash >> (24 + kBits * level_)) & (kCount - 1); }

  const RowLayout layout_;
  const uint32_t level_;
  const std::string_view purpose_;
  std::array<std::unique_ptr<SpillFile>, kCount> files_;
  std::string bytes_;
};

// Partitions that wait for their turn: what one pass puts aside is what later ones read. Not thread-safe.
class SpilledParts {
 public:
  struct Part {
    std::unique_ptr<SpillFile> file;
    uint32_t level = 0;  // how often its rows were split
  };
  // Takes all that was written to `partitions`, if there are any, and adds its size to *spilled_bytes.
  base::Status Take(std::unique_ptr<SpillPartitions>* partitions, uint32_t level, int64_t* spilled_bytes);
  bool empty() const { return parts_.empty(); }
  // REQUIRES: !empty().
  Part Pop();
  void clear() { parts_.clear(); }

 private:
  std::vector<Part> parts_;
};

// Reads a file of one layout as chunks. Not thread-safe.
class SpillScan {
 public:
  SpillScan(SpillFile& file, const RowLayout& layout, base::MemoryBudget* budget) : reader_(file, budget), layout_(layout) {}
  // Fills `out`, which is reset, up to its capacity. False: the end, no rows.
  base::StatusOr<bool> Next(vec::Chunk* out);
  void Rewind() { reader_.Rewind(); }

 private:
  SpillFile::Reader reader_;
  const RowLayout layout_;
  std::vector<std::byte> record_;
};

// Copies column `column` of a record into row `row` of a flat vector, strings included.
void CopyRecordCell(const RowLayout& layout, const std::byte* record, size_t column, vec::Vector* to, size_t row);

}  // namespace turdb::exec

#endif  // TURDB_EXEC_SPILL_PARTITIONS_H_
