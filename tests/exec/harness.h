// Builds plans by hand, runs them, and keeps rows as values for oracles.
#ifndef TURDB_TESTS_EXEC_HARNESS_H_
#define TURDB_TESTS_EXEC_HARNESS_H_

#include <gtest/gtest.h>

#include <atomic>
#include <initializer_list>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/memory_budget.h"
#include "base/status.h"
#include "exec/execution.h"
#include "exec/plan.h"
#include "function/aggregate.h"
#include "function/registry.h"
#include "os/environment.h"
#include "vec/value.h"

namespace turdb::exec {

using Row = std::vector<vec::Value>;
using Table = std::vector<Row>;
using vec::Type;
using vec::TypeId;
using vec::Value;

inline Value Int(int32_t v) { return Value::Int32(v); }
inline Value Big(int64_t v) { return Value::Int64(v); }
inline Value Text(std::string_view v) { return Value::Text(v); }
inline Value Bool(bool v) { return Value::Boolean(v); }
inline Value Null(Type type = TypeId::kInt32) { return Value::Null(type); }

// A table as sorted lines of text, so that two compare as multisets.
std::vector<std::string> Lines(const Table& table, bool sorted = true);

class PlanMaker {
 public:
  PlanMaker() : plan(std::make_shared<Plan>()) {}

  // ---- expressions
  const Expression* Col(int32_t index, Type type = TypeId::kInt32) { return plan->Column(index, type); }
  const Expression* Const(Value value) {
    const Type type = value.type();
    return plan->Constant(std::move(value), type);
  }
  const Expression* Param(int32_t index, Type type = TypeId::kInt32) { return plan->Parameter(index, type); }
  const Expression* Outer(int32_t slot, Type type = TypeId::kInt32) { return plan->Outer(slot, type); }
  // An operator or function found by name; arguments must have its types already.
  const Expression* Call(std::string_view name, std::vector<const Expression*> arguments, int32_t position = -1);
  const Expression* Cast(const Expression* argument, Type type, int32_t position = -1);
  Expression* Make(ExpressionKind kind, Type type, std::vector<const Expression*> arguments) {
    return plan->NewExpression(kind, type, arguments);
  }
  const Expression* And(std::vector<const Expression*> a) { return Make(ExpressionKind::kAnd, TypeId::kBoolean, std::move(a)); }
  const Expression* Or(std::vector<const Expression*> a) { return Make(ExpressionKind::kOr, TypeId::kBoolean, std::move(a)); }
  const Expression* Sub(SubqueryKind kind, const Node* subplan, Type type, std::vector<const Expression*> arguments = {},
                        Comparison comparison = Comparison::kEqual, std::vector<SlotBinding> bindings = {});

  // ---- nodes
  const Node* Values(std::vector<Type> types, const Table& rows);
  const Node* Filter(const Node* input, std::vector<const Expression*> conjuncts);
  const Node* Project(const Node* input, std::vector<const Expression*> expressions);
  const Node* Limit(const Node* input, const Expression* limit, const Expression* offset = nullptr);
  const Node* Sort(const Node* input, std::vector<SortKey> keys);
  const Node* TopN(const Node* input, std::vector<SortKey> keys, int64_t limit, int64_t offset = 0);
  const Node* Distinct(const Node* input, std::vector<const Expression*> on = {});
  const Node* Set(SetOperation operation, bool all, std::vector<const Node*> inputs);
  AggregateCall Aggregate(std::string_view name, std::vector<const Expression*> arguments);
  const Node* Group(const Node* input, std::vector<const Expression*> groups, std::vector<AggregateCall> calls);
  const Node* HashJoin(JoinType type, const Node* left, const Node* right, std::vector<const Expression*> left_keys,
                       std::vector<const Expression*> right_keys, std::vector<const Expression*> residual = {});
  const Node* LoopJoin(JoinType type, const Node* left, const Node* right, std::vector<const Expression*> conjuncts);
  const Node* Series(int64_t start, int64_t stop, int64_t step = 1);
  const Node* CteScan(int32_t cte, std::vector<Type> types);

  std::shared_ptr<const Plan> Finish(const Node* root) {
    plan->set_root(root, {});
    return plan;
  }

  std::shared_ptr<Plan> plan;
};

std::vector<Type> JoinTypes(JoinType type, const Node* left, const Node* right);

// One database's worth of surroundings.
class Runner {
 public:
  explicit Runner(int64_t budget_bytes = 64 << 20) : budget(budget_bytes), environment(os::Environment::InMemory()) {
    context.environment = &environment;
    context.host_files = environment.files.get();
    context.call = &call;
    context.cancelled = &cancelled;
    call.budget = &budget;
  }
  // Lets operators spill.
  void AllowSpilling();
  // All rows of the plan.
  base::StatusOr<Table> Run(std::shared_ptr<const Plan> plan);
  base::StatusOr<Table> RunAgain(Execution& execution);
  Table MustRun(std::shared_ptr<const Plan> plan);

  base::MemoryBudget budget;
  os::Environment environment;
  function::CallContext call;
  std::atomic<bool> cancelled{false};
  ExecutionContext context;
  int64_t changed_rows = 0;
};

}  // namespace turdb::exec

#endif  // TURDB_TESTS_EXEC_HARNESS_H_
