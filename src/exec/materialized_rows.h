// The rows of a result kept in memory, to be scanned any number of times: CTEs, the inner side of nested loops,
// RETURNING.
#ifndef TURDB_EXEC_MATERIALIZED_ROWS_H_
#define TURDB_EXEC_MATERIALIZED_ROWS_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "exec/pipeline.h"
#include "exec/row_store.h"
#include "vec/chunk.h"

namespace turdb::exec {

// Not thread-safe.
class MaterializedRows {
 public:
  MaterializedRows(std::span<const vec::Type> types, uint32_t capacity, base::MemoryBudget* budget);

  // Error 53200: over budget; `purpose` names what for. What was added before stays.
  base::Status Append(const Batch& batch, std::string_view purpose);
  base::Status Append(Columns columns, vec::Rows rows, std::string_view purpose);
  uint64_t size() const { return store_.size(); }
  void Reset() { store_.Reset(kKeepBytes); }
  int64_t memory_bytes() const { return store_.reserved_bytes(); }

  // The next rows into `out`, at most its capacity and `limit`; how many. Strings of `out` point into this object.
  using Position = RowStore::Position;
  uint32_t Scan(Position* position, uint32_t limit, vec::Chunk* out);

 private:
  RowStore store_;
  std::vector<std::byte*> pointers_;
  std::vector<const vec::Vector*> columns_;
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
