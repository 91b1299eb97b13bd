// The rows that a cursor has not given yet, kept when what they are read from is about to end: COMMIT keeps cursors
// (interface rule 6), as PostgreSQL keeps those WITH HOLD.
#ifndef TURDB_EXEC_HELD_ROWS_H_
#define TURDB_EXEC_HELD_ROWS_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "exec/materialized_rows.h"
#include "exec/runtime.h"
#include "exec/spill_file.h"
#include "exec/spill_partitions.h"
#include "vec/chunk.h"

namespace turdb::exec {

// Not thread-safe. Append all, FinishWriting, then Next. Rows stay in memory until the budget refuses; the rest goes to
// a temporary file.
class HeldRows {
 public:
  HeldRows(std::span<const vec::Type> types, uint32_t capacity, base::MemoryBudget* budget);

  base::Status Append(Runtime& runtime, const vec::Chunk& chunk, vec::Rows rows);
  base::Status FinishWriting();
  // The next rows, valid until the next call; null at the end.
  base::StatusOr<const vec::Chunk*> Next();

 private:
  RowLayout layout_;
  base::MemoryBudget* budget_;
  MaterializedRows memory_;
  MaterializedRows::Position position_;
  std::unique_ptr<SpillFile> file_;
  std::unique_ptr<SpillScan> scan_;
  std::string record_;
  vec::Chunk out_;
  std::vector<const vec::Vector*> columns_;
};

}  // namespace turdb::exec

#endif  // TURDB_EXEC_HELD_ROWS_H_
