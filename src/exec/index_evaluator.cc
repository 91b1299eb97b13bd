#include "exec/index_evaluator.h"

namespace turdb::exec {

base::StatusOr<std::unique_ptr<StandaloneIndexEvaluator>> StandaloneIndexEvaluator::Create(
    std::shared_ptr<const Plan> plan, std::span<const IndexExpression> expressions, const ExecutionContext& context,
    base::MemoryBudget* budget) {
  std::unique_ptr<StandaloneIndexEvaluator> evaluator(new StandaloneIndexEvaluator(std::move(plan)));
  evaluator->runtime_.context = &context;
  evaluator->runtime_.budget = budget;
  evaluator->runtime_.capacity = 1;
  TURDB_ASSIGN_OR_RETURN(evaluator->expressions_, IndexExpressions::Make(expressions, {.budget = budget, .capacity = 1}));
  TURDB_RETURN_IF_ERROR(evaluator->expressions_->Start(evaluator->runtime_));
  return evaluator;
}

}  // namespace turdb::exec
