#include "exec/row_constraints.h"

#include "absl/strings/str_cat.h"
#include "function/registry.h"

namespace turdb::exec {

using base::Status;
using base::StatusOr;
using vec::Chunk;
using vec::Rows;
using vec::Vector;

StatusOr<RowConstraints> RowConstraints::Make(const table::Table& table, std::span<const GeneratedColumn> generated,
                                              std::span<const CheckConstraint> checks, const EvaluatorOptions& options) {
  RowConstraints constraints;
  constraints.table_ = &table;
  constraints.generated_ = generated;
  constraints.checks_ = checks;
  for (const GeneratedColumn& column : generated) {
    TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Evaluator> evaluator, MakeEvaluator(*column.value, options));
    constraints.generators_.push_back(std::move(evaluator));
  }
  for (const CheckConstraint& check : checks) {
    TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Evaluator> evaluator, MakeEvaluator(*check.condition, options));
    constraints.conditions_.push_back(std::move(evaluator));
  }
  if (!checks.empty()) constraints.failed_ = std::make_unique<vec::SelectionVector>(options.capacity, options.budget);
  return constraints;
}

Status RowConstraints::Start(Runtime& runtime) {
  for (const std::unique_ptr<Evaluator>& evaluator : generators_) TURDB_RETURN_IF_ERROR(evaluator->Start(runtime));
  for (const std::unique_ptr<Evaluator>& evaluator : conditions_) TURDB_RETURN_IF_ERROR(evaluator->Start(runtime));
  return absl::OkStatus();
}

Status RowConstraints::Apply(Runtime& runtime, Chunk* rows) {
  const Rows all = Rows::All(rows->size());
  for (size_t i = 0; i < generators_.size(); ++i) {
    const Vector* value = nullptr;
    TURDB_RETURN_IF_ERROR(generators_[i]->Evaluate(runtime, *rows, all, &value));
    Vector& column = rows->column(static_cast<size_t>(generated_[i].column));
    column.Reset();
    column.CopyFrom(*value, all, 0);
  }
  for (size_t i = 0; i < conditions_.size(); ++i) {
    const Vector* value = nullptr;
    TURDB_RETURN_IF_ERROR(conditions_[i]->Evaluate(runtime, *rows, all, &value));
    if (function::SelectFalse(*value, all, failed_->data()) == 0) continue;  // NULL passes
    const size_t row = failed_->data()[0];
    std::string text;
    for (size_t c = 0; c < table_->schema().columns.size(); ++c) {
      absl::StrAppend(&text, c == 0 ? "" : ", ", rows->column(c).GetValue(row).ToString());
    }
    return base::WithFrame(base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kCheckViolation,
                                           absl::StrCat("new row for relation \"", table_->schema().name,
                                                        "\" violates check constraint \"", checks_[i].name, "\"")),
                           absl::StrCat("the failing row is (", text, ")"));
  }
  return absl::OkStatus();
}

StatusOr<std::unique_ptr<IndexExpressions>> IndexExpressions::Make(std::span<const IndexExpression> expressions,
                                                                   const EvaluatorOptions& options) {
  auto result = std::make_unique<IndexExpressions>();
  result->expressions_ = expressions;
  for (const IndexExpression& expression : expressions) {
    TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Evaluator> evaluator, MakeEvaluator(*expression.expression, options));
    result->evaluators_.push_back(std::move(evaluator));
  }
  return result;
}

Status IndexExpressions::Start(Runtime& runtime) {
  runtime_ = &runtime;
  for (const std::unique_ptr<Evaluator>& evaluator : evaluators_) TURDB_RETURN_IF_ERROR(evaluator->Start(runtime));
  return absl::OkStatus();
}

StatusOr<Evaluator*> IndexExpressions::Find(int32_t index, int32_t part) {
  for (size_t i = 0; i < expressions_.size(); ++i) {
    if (expressions_[i].index == index && expressions_[i].part == part) return evaluators_[i].get();
  }
  return base::InternalError(absl::StrCat("the plan lacks expression ", part, " of index ", index));
}

Status IndexExpressions::EvaluatePart(int32_t index, int32_t part, const Chunk& rows, Vector* out) {
  TURDB_ASSIGN_OR_RETURN(Evaluator * evaluator, Find(index, part));
  const Vector* value = nullptr;
  TURDB_RETURN_IF_ERROR(evaluator->Evaluate(*runtime_, rows, Rows::All(rows.size()), &value));
  out->Reset();
  out->CopyFrom(*value, Rows::All(rows.size()), 0);
  return absl::OkStatus();
}

Status IndexExpressions::EvaluatePredicate(int32_t index, const Chunk& rows, std::span<bool> in_index) {
  TURDB_ASSIGN_OR_RETURN(Evaluator * evaluator, Find(index, -1));
  const Vector* value = nullptr;
  TURDB_RETURN_IF_ERROR(evaluator->Evaluate(*runtime_, rows, Rows::All(rows.size()), &value));
  const vec::VectorView view = value->View();
  for (size_t row = 0; row < rows.size(); ++row) in_index[row] = view.IsValid(row) && view.Get<bool>(row);
  return absl::OkStatus();
}

}  // namespace turdb::exec
