// The kinds of evaluator that live in files of their own. Only evaluator*.cc include this.
#ifndef TURDB_EXEC_EVALUATOR_INTERNAL_H_
#define TURDB_EXEC_EVALUATOR_INTERNAL_H_

#include <memory>
#include <vector>

#include "exec/evaluator.h"
#include "exec/row_store.h"

namespace turdb::exec {

using Evaluators = std::vector<std::unique_ptr<Evaluator>>;

base::Status StartAll(const Evaluators& evaluators, Runtime& runtime);

// evaluator_conditional.cc: AND, OR, CASE, COALESCE.
std::unique_ptr<Evaluator> MakeLogical(const Expression& expression, Evaluators arguments, const EvaluatorOptions& options);
std::unique_ptr<Evaluator> MakeCase(const Expression& expression, Evaluators arguments, const EvaluatorOptions& options);
std::unique_ptr<Evaluator> MakeCoalesce(const Expression& expression, Evaluators arguments, const EvaluatorOptions& options);
// evaluator_lambda.cc
std::unique_ptr<Evaluator> MakeLambda(const Expression& expression, Evaluators arguments, const EvaluatorOptions& options);
std::unique_ptr<Evaluator> MakeLambdaValue(const Expression& expression);
// evaluator_membership.cc
std::unique_ptr<Evaluator> MakeIn(const Expression& expression, Evaluators arguments, const EvaluatorOptions& options);
// evaluator_subquery.cc
base::StatusOr<std::unique_ptr<Evaluator>> MakeSubquery(const Expression& expression, Evaluators arguments,
                                                        const EvaluatorOptions& options);

// A set of values of one type, for IN: open addressing over a column of values.
class ValueSet {
 public:
  ValueSet(const vec::Type& type, base::MemoryBudget* budget);
  void Clear();
  // False when the budget refuses. NULLs only set has_null.
  [[nodiscard]] bool Add(const vec::Vector& values, vec::Rows rows);
  bool Contains(const std::byte* slot) const;
  bool has_null() const { return has_null_; }
  size_t size() const { return count_; }

 private:
  bool Grow();
  vec::Type type_;
  RowStore store_;
  std::vector<const std::byte*> table_;  // slots; null is empty
  base::MemoryReservation reserved_;
  size_t count_ = 0;
  bool has_null_ = false;
};

}  // namespace turdb::exec

#endif  // TURDB_EXEC_EVALUATOR_INTERNAL_H_
