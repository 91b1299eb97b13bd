// Key ranges of a plan turned into the bounds of a scan, and cells of vectors turned into keys.
#ifndef TURDB_EXEC_KEY_RANGE_H_
#define TURDB_EXEC_KEY_RANGE_H_

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "exec/evaluator.h"
#include "exec/plan.h"
#include "table/key_codec.h"
#include "table/row_codec.h"
#include "table/table.h"

namespace turdb::exec {

// The cell of one row of a vector, as table takes it: null for NULL. Valid as long as the vector's memory.
inline table::Cell CellOf(const vec::Vector& vector, size_t row) {
  const vec::VectorView view = vector.View();
  return view.IsValid(row) ? view.data + view.Index(row) * vector.type().width() : nullptr;
}
// Writes a slot of a row that was read into a flat vector; strings are copied.
void CopySlot(const table::Slot& slot, vec::Vector* to, size_t row);

// Belongs to one Execution.
class BoundKeyRange {
 public:
  // index -1: the primary key. The table outlives the range.
  static base::StatusOr<BoundKeyRange> Make(const table::Table& table, int32_t index, const KeyRange& range,
                                            const EvaluatorOptions& options);
  // Evaluates the expressions. False: the range is empty (P4 of plan.h, or lower above upper).
  base::StatusOr<bool> Bind(Runtime& runtime);
  base::Bytes lower() const { return lower_.bytes(); }  // inclusive; empty: none
  base::Bytes upper() const { return upper_.bytes(); }  // exclusive; empty: none

  // All key columns are given by equality: the row key (index -1) or the index key. False: no row can have it.
  base::StatusOr<bool> BindPoint(Runtime& runtime, table::KeyBuffer* key);

 private:
  // The cells of all expressions, `equal` first. False when one is NULL.
  base::StatusOr<bool> EvaluateCells(Runtime& runtime);

  const table::Table* table_ = nullptr;
  int32_t index_ = -1;
  std::vector<ScalarEvaluator> evaluators_;  // equal, then lower, then upper
  std::vector<table::Cell> cells_;
  size_t equal_count_ = 0;
  bool has_lower_ = false;
  bool has_upper_ = false;
  bool lower_inclusive_ = true;
  bool upper_inclusive_ = true;
  table::KeyBuffer lower_;
  table::KeyBuffer upper_;
};

}  // namespace turdb::exec

#endif  // TURDB_EXEC_KEY_RANGE_H_
