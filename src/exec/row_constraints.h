// What a new row must go through before a table takes it: generated columns, checks, and the expressions of indexes.
#ifndef TURDB_EXEC_ROW_CONSTRAINTS_H_
#define TURDB_EXEC_ROW_CONSTRAINTS_H_

#include <memory>
#include <span>
#include <vector>

#include "exec/evaluator.h"
#include "exec/plan.h"
#include "table/table.h"

namespace turdb::exec {

// Belongs to one Execution.
class RowConstraints {
 public:
  static base::StatusOr<RowConstraints> Make(const table::Table& table, std::span<const GeneratedColumn> generated,
                                             std::span<const CheckConstraint> checks, const EvaluatorOptions& options);
  base::Status Start(Runtime& runtime);
  // `rows` begins with all columns of the table, in order, and is dense. Generated columns are computed into it, then
  // the checks are tested. Error 23514 names the check that a row fails.
  base::Status Apply(Runtime& runtime, vec::Chunk* rows);
  std::span<const GeneratedColumn> generated() const { return generated_; }

 private:
  const table::Table* table_ = nullptr;
  std::span<const GeneratedColumn> generated_;
  std::span<const CheckConstraint> checks_;
  std::vector<std::unique_ptr<Evaluator>> generators_;
  std::vector<std::unique_ptr<Evaluator>> conditions_;
  std::unique_ptr<vec::SelectionVector> failed_;
};

// Evaluates expression parts and predicates of indexes for the table. Belongs to one Execution.
class IndexExpressions : public table::IndexEvaluator {
 public:
  static base::StatusOr<std::unique_ptr<IndexExpressions>> Make(std::span<const IndexExpression> expressions,
                                                                const EvaluatorOptions& options);
  base::Status Start(Runtime& runtime);
  base::Status EvaluatePart(int32_t index, int32_t part, const vec::Chunk& rows, vec::Vector* out) override;
  base::Status EvaluatePredicate(int32_t index, const vec::Chunk& rows, std::span<bool> in_index) override;

 private:
  base::StatusOr<Evaluator*> Find(int32_t index, int32_t part);
  std::span<const IndexExpression> expressions_;
  std::vector<std::unique_ptr<Evaluator>> evaluators_;
  Runtime* runtime_ = nullptr;
};

}  // namespace turdb::exec

#endif  // TURDB_EXEC_ROW_CONSTRAINTS_H_
