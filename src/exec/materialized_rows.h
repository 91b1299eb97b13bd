// The rows of a result, kept to be scanned any number of times: CTEs, the inner side of nested loops, RETURNING, the rows of
// a cursor that go on after COMMIT, those that an UPDATE has to know before it changes the first.
#ifndef TURDB_EXEC_MATERIALIZED_ROWS_H_
#define TURDB_EXEC_MATERIALIZED_ROWS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "exec/pipeline.h"
#include "exec/row_store.h"
#include "exec/spill_file.h"
#include "exec/spill_partitions.h"
#include "vec/chunk.h"

namespace turdb::exec {

// Not thread-safe. Rows stay in memory until the budget refuses; from then on they go to a temporary file. They come in
// the order in which they were added, and may be scanned while more are added.
class MaterializedRows {
 public:
  // `purpose` names what for; it outlives this. `headroom`: the part of the budget that is left to what runs meanwhile.
  MaterializedRows(std::span<const vec::Type> types, uint32_t capacity, base::MemoryBudget* budget, std::string_view purpose,
                   double headroom = kHeadroom);

  // Error 53200: over budget, and nothing may be spilled. What was added before stays.
  base::Status Append(Runtime& runtime, const Batch& batch);
  base::Status Append(Runtime& runtime, Columns columns, vec::Rows rows);
  uint64_t size() const { return store_.size() + (file_ == nullptr ? 0 : file_->record_count()); }
  // Cursors of it begin anew (Cursor()) before they are used again.
  void Reset();
  int64_t memory_bytes() const { return store_.reserved_bytes() + reserved_.bytes(); }
  int64_t spilled_bytes() const { return file_ == nullptr ? 0 : static_cast<int64_t>(file_->size_bytes()); }

  // Where a scan is.
  class Cursor {
   public:
    // To the first row of the same rows.
    void Rewind() {
      position_ = RowStore::Position();
      if (scan_ != nullptr) scan_->Rewind();
    }

   private:
    friend class MaterializedRows;
    RowStore::Position position_;
    std::unique_ptr<SpillScan> scan_;  // once it has come to the file
  };
  // The next rows into `out`, at most its capacity; how many. What `out` has is valid until it is filled again, and no
  // longer than this object.
  base::StatusOr<uint32_t> Scan(Cursor* cursor, vec::Chunk* out);

 private:
  std::string_view purpose_;
  base::MemoryBudget* budget_;
  RowStore store_;
  std::unique_ptr<SpillFile> file_;
  base::MemoryReservation reserved_;  // the file's buffer
  std::vector<std::byte*> pointers_;
  std::vector<const vec::Vector*> columns_;
  std::string record_;
};

// A CTE as its scans see it: rows that grow while somebody wants more.
class CteState {
 public:
  virtual ~CteState() = default;
  virtual MaterializedRows& rows() = 0;
  // Makes more rows, if there are any. False: rows() is all there is.
  virtual base::StatusOr<bool> More(Runtime& runtime) = 0;
};

}  // namespace turdb::exec

#endif  // TURDB_EXEC_MATERIALIZED_ROWS_H_
