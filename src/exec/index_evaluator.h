// Expressions of indexes outside the run of a statement: CREATE INDEX fills an index with them, the check asks them.
#ifndef TURDB_EXEC_INDEX_EVALUATOR_H_
#define TURDB_EXEC_INDEX_EVALUATOR_H_

#include <memory>
#include <span>

#include "base/memory_budget.h"
#include "base/status.h"
#include "exec/execution_context.h"
#include "exec/plan.h"
#include "exec/row_constraints.h"
#include "exec/runtime.h"
#include "table/table.h"

namespace turdb::exec {

// Not thread-safe. For chunks of one row, which is how tables ask.
class StandaloneIndexEvaluator : public table::IndexEvaluator {
 public:
  // `plan` owns the expressions; `context` and `budget` outlive the evaluator.
  static base::StatusOr<std::unique_ptr<StandaloneIndexEvaluator>> Create(std::shared_ptr<const Plan> plan,
                                                                          std::span<const IndexExpression> expressions,
                                                                          const ExecutionContext& context,
                                                                          base::MemoryBudget* budget);
  base::Status EvaluatePart(int32_t index, int32_t part, const vec::Chunk& rows, vec::Vector* out) override {
    return expressions_->EvaluatePart(index, part, rows, out);
  }
  base::Status EvaluatePredicate(int32_t index, const vec::Chunk& rows, std::span<bool> in_index) override {
    return expressions_->EvaluatePredicate(index, rows, in_index);
  }

 private:
  explicit StandaloneIndexEvaluator(std::shared_ptr<const Plan> plan) : plan_(std::move(plan)) {}

  std::shared_ptr<const Plan> plan_;
  Runtime runtime_;
  std::unique_ptr<IndexExpressions> expressions_;
};

}  // namespace turdb::exec

#endif  // TURDB_EXEC_INDEX_EVALUATOR_H_
