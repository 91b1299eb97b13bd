// One aggregate call of a plan: evaluates its arguments and feeds states, with FILTER, DISTINCT and ORDER BY.
//
// A batch comes as arguments plus, for each row that the call's FILTER lets through, the state to feed. DISTINCT keeps a
// table keyed by (group, arguments) and feeds only what is new there; rows for which that table has no room are put aside by
// hash and looked at, part by part, when the input is through. ORDER BY keeps (group, arguments) in a Sorter and feeds them
// at the end, a run of one group at a time. A batch that belongs to one group goes to the kernels that feed one state,
// without a word a row.
#ifndef TURDB_EXEC_AGGREGATE_EVALUATOR_H_
#define TURDB_EXEC_AGGREGATE_EVALUATOR_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/arena.h"
#include "base/status.h"
#include "exec/builder.h"
#include "exec/group_table.h"
#include "exec/plan.h"
#include "exec/sorter.h"
#include "exec/spill_partitions.h"
#include "exec/vector_operations.h"
#include "function/aggregate.h"

namespace turdb::exec {

// Whose states a batch feeds: those of one group, or records[i] for row rows[i].
struct Groups {
  std::byte* only = nullptr;
  std::byte* const* records = nullptr;
};

// REQUIRES: count > 0.
bool AllSame(std::byte* const* records, uint32_t count);

// Error: 53200, `what` has taken `bytes` and needs more.
base::Status OverBudget(std::string_view what, int64_t bytes);

// Not thread-safe.
class AggregateEvaluator {
 public:
  static base::StatusOr<std::unique_ptr<AggregateEvaluator>> Make(const AggregateCall& plan, size_t state_offset,
                                                                  Builder& builder);

  AggregateEvaluator(const AggregateCall& plan, size_t state_offset, Builder& builder)
      : plan_(plan),
        state_offset_(state_offset),
        spill_reserve_(*builder.budget()),
        records_(vec::TypeId::kInt64, builder.capacity(), builder.budget()),
        selection_(builder.capacity(), builder.budget()),
        states_(builder.capacity()),
        found_(builder.capacity()) {}

  // Before the first pass.
  base::Status Prepare(Runtime& runtime);

  // A pass.
  base::Status Start(Runtime& runtime);

  void InitState(std::byte* states) const { plan_.function->function->init(states + state_offset_); }
  base::Status Combine(std::byte* into, std::byte* from, base::Arena* arena) const {
    return base::WithPosition(
        plan_.function->function->combine(*plan_.function, into + state_offset_, from + state_offset_, arena), plan_.position);
  }

  base::Status Feed(Runtime& runtime, const vec::Chunk& input, vec::Rows rows, const Groups& groups, base::Arena* arena);

  // After the last Feed.
  base::Status FinishInput(Runtime& runtime, base::Arena* arena);

  // groups[i]: the states of one group. Values to rows 0.. of `out`, flat and reset.
  base::Status Finalize(std::byte* const* groups, uint32_t count, vec::Vector* out);

  int64_t spilled_bytes() const { return spilled_bytes_ + (sorter_.has_value() ? sorter_->spilled_bytes() : 0); }
  int64_t memory_bytes() const {
    return (distinct_.has_value() ? distinct_->memory_bytes() : 0) + (sorter_.has_value() ? sorter_->memory_bytes() : 0);
  }

 private:
  void NoteGroups(vec::Rows rows, const Groups& groups);

  // The first row of each (group, arguments) that was not seen before. columns_: those; keys_: those of the order.
  base::StatusOr<vec::Rows> KeepNew(Runtime& runtime, vec::Rows rows);

  base::Status PutAsideUnknown(Runtime& runtime, vec::Rows rows);

  // What the table had no room for, part by part in its place.
  base::Status FeedPutAside(Runtime& runtime, base::Arena* arena);

  // columns_: the records and the arguments. Runs of one group, which sorting makes, are fed as one.
  base::Status UpdateNoted(vec::Rows rows, base::Arena* arena);
  base::Status UpdateOne(vec::Rows rows, std::byte* state, base::Arena* arena) {
    return base::WithPosition(plan_.function->function->update_one(Input(rows, arena), state), plan_.position);
  }
  base::Status UpdateMany(vec::Rows rows, base::Arena* arena) {
    return base::WithPosition(plan_.function->function->update(Input(rows, arena), states_.data()), plan_.position);
  }
  function::AggregateInput Input(vec::Rows rows, base::Arena* arena);

  const AggregateCall& plan_;
  const size_t state_offset_;
  EvaluatorList arguments_;
  EvaluatorList order_;
  Filter filter_;
  std::optional<GroupTable> distinct_;
  // Rows that distinct_ has no room for: its columns, then the order's.
  RowLayout aside_layout_;
  vec::Chunk aside_rows_;
  base::MemoryReservation spill_reserve_;
  std::unique_ptr<SpillPartitions> aside_;
  uint32_t level_ = 0;
  int64_t spilled_bytes_ = 0;
  std::vector<uint32_t> missing_;
  std::vector<const vec::Vector*> aside_columns_;
  std::optional<Sorter> sorter_;
  vec::Chunk sorted_;
  vec::Vector records_;  // of each row, the address of its group's states
  vec::SelectionVector selection_;
  std::vector<std::byte*> states_;
  std::vector<std::byte*> found_;
  std::vector<uint32_t> created_;
  std::vector<const vec::Vector*> columns_;
  std::vector<const vec::Vector*> keys_;
  std::vector<vec::VectorView> views_;
};

}  // namespace turdb::exec

#endif  // TURDB_EXEC_AGGREGATE_EVALUATOR_H_
