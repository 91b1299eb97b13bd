// What the hash joins above a scan know of its rows before they come to them: a row whose key is not on the build side of a
// join that drops such rows needs not be read on. It is worth most where an aggregate lies between, which then makes no
// groups that nobody asks for (the "delim join" of DuckDB, sideways information passing elsewhere).
#ifndef TURDB_EXEC_SCAN_FILTER_H_
#define TURDB_EXEC_SCAN_FILTER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/status.h"
#include "exec/expression.h"
#include "exec/plan.h"
#include "vec/chunk.h"

namespace turdb::exec {

struct Runtime;

// Belongs to a scan; reads the join that made it.
class ScanFilter {
 public:
  virtual ~ScanFilter() = default;
  virtual base::Status Start(Runtime& runtime) = 0;
  // Whether Select would drop anything. Asked for each batch.
  virtual bool IsUseful() const = 0;
  // Those of `rows` that the join may keep, to `selected`, which may be rows.rows; how many they are.
  virtual base::StatusOr<uint32_t> Select(Runtime& runtime, const vec::Chunk& chunk, vec::Rows rows,
                                          vec::SelIndex* selected) = 0;
};

// A scan below `node` whose columns `keys`, over the node's output, are made of, and the keys over the scan's output. A row of
// the scan that is dropped takes with it rows of the node that have its keys and no others.
struct TracedKeys {
  const TableScanNode* scan = nullptr;
  std::vector<std::unique_ptr<Expression>> owned;
  std::vector<std::unique_ptr<const Expression*>> arguments;  // of those that are casts
  std::vector<const Expression*> keys;
};
// One scan, or several: an inner join's equal keys are the same on both of its sides.
std::vector<TracedKeys> TraceToScans(const Node& node, Expressions keys);

}  // namespace turdb::exec

#endif  // TURDB_EXEC_SCAN_FILTER_H_
