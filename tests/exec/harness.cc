#include "exec/harness.h"

#include <algorithm>

#include "exec/table_function.h"

namespace turdb::exec {

using base::StatusOr;

std::vector<std::string> Lines(const Table& table, bool sorted) {
  std::vector<std::string> lines;
  for (const Row& row : table) {
    std::string line;
    for (const Value& value : row) line += value.ToString() + "|";
    lines.push_back(std::move(line));
  }
  if (sorted) std::sort(lines.begin(), lines.end());
  return lines;
}

const Expression* PlanMaker::Call(std::string_view name, std::vector<const Expression*> arguments, int32_t position) {
  std::vector<Type> types;
  for (const Expression* argument : arguments) types.push_back(argument->type);
  const bool is_operator = name.find_first_of("+-*/<>=~!%|&") != std::string_view::npos;
  StatusOr<function::BoundCall> call =
      is_operator ? function::ResolveOperator(name, types) : function::ResolveFunction(name, types);
  EXPECT_TRUE(call.ok()) << name << ": " << call.status();
  for (size_t i = 0; i < arguments.size(); ++i) EXPECT_EQ(call->argument_types[i].ToString(), types[i].ToString()) << name;
  return plan->Call(*std::move(call), arguments, position);
}

const Expression* PlanMaker::Cast(const Expression* argument, Type type, int32_t position) {
  StatusOr<function::BoundCall> cast = function::BindCast(argument->type, type, function::CastContext::kExplicit);
  EXPECT_TRUE(cast.ok()) << cast.status();
  return plan->Cast(*std::move(cast), argument, position);
}

const Expression* PlanMaker::Sub(SubqueryKind kind, const Node* subplan, Type type, std::vector<const Expression*> arguments,
                                 Comparison comparison, std::vector<SlotBinding> bindings) {
  for (const SlotBinding& binding : bindings) plan->slot_count = std::max(plan->slot_count, binding.slot + 1);
  auto* subquery = plan->arena().New<Subquery>();
  subquery->kind = kind;
  subquery->comparison = comparison;
  subquery->plan = subplan;
  subquery->bindings = plan->Copy(bindings);
  Expression* expression = Make(ExpressionKind::kSubquery, type, std::move(arguments));
  expression->subquery = subquery;
  return expression;
}

const Node* PlanMaker::Values(std::vector<Type> types, const Table& rows) {
  auto* node = plan->New<ValuesNode>();
  node->types = plan->Copy(types);
  std::vector<Expressions> cells;
  for (const Row& row : rows) {
    std::vector<const Expression*> expressions;
    for (size_t c = 0; c < row.size(); ++c) expressions.push_back(plan->Constant(row[c], types[c]));
    cells.push_back(plan->Copy(expressions));
  }
  node->rows = plan->Copy(cells);
  return node;
}

const Node* PlanMaker::Filter(const Node* input, std::vector<const Expression*> conjuncts) {
  auto* node = plan->New<FilterNode>();
  node->types = input->types;
  node->input = input;
  node->conjuncts = plan->Copy(conjuncts);
  return node;
}

const Node* PlanMaker::Project(const Node* input, std::vector<const Expression*> expressions) {
  auto* node = plan->New<ProjectNode>();
  std::vector<Type> types;
  for (const Expression* expression : expressions) types.push_back(expression->type);
  node->types = plan->Copy(types);
  node->input = input;
  node->expressions = plan->Copy(expressions);
  return node;
}

const Node* PlanMaker::Limit(const Node* input, const Expression* limit, const Expression* offset) {
  auto* node = plan->New<LimitNode>();
  node->types = input->types;
  node->input = input;
  node->limit = limit;
  node->offset = offset;
  return node;
}

const Node* PlanMaker::Sort(const Node* input, std::vector<SortKey> keys) {
  auto* node = plan->New<SortNode>();
  node->types = input->types;
  node->input = input;
  node->keys = plan->Copy(keys);
  return node;
}

const Node* PlanMaker::TopN(const Node* input, std::vector<SortKey> keys, int64_t limit, int64_t offset) {
  auto* node = plan->New<TopNNode>();
  node->types = input->types;
  node->input = input;
  node->keys = plan->Copy(keys);
  node->limit = Const(Big(limit));
  node->offset = Const(Big(offset));
  return node;
}

const Node* PlanMaker::Distinct(const Node* input, std::vector<const Expression*> on) {
  auto* node = plan->New<DistinctNode>();
  node->types = input->types;
  node->input = input;
  node->on = plan->Copy(on);
  return node;
}

const Node* PlanMaker::Set(SetOperation operation, bool all, std::vector<const Node*> inputs) {
  auto* node = plan->New<SetOperationNode>();
  node->types = inputs[0]->types;
  node->operation = operation;
  node->all = all;
  node->inputs = plan->Copy(inputs);
  return node;
}

AggregateCall PlanMaker::Aggregate(std::string_view name, std::vector<const Expression*> arguments) {
  std::vector<Type> types;
  for (const Expression* argument : arguments) types.push_back(argument->type);
  StatusOr<function::BoundAggregate> bound = function::ResolveAggregate(name, types);
  EXPECT_TRUE(bound.ok()) << name << ": " << bound.status();
  AggregateCall call;
  call.function = plan->Own(*std::move(bound));
  call.arguments = plan->Copy(arguments);
  return call;
}

const Node* PlanMaker::Group(const Node* input, std::vector<const Expression*> groups, std::vector<AggregateCall> calls) {
  auto* node = plan->New<AggregateNode>();
  std::vector<Type> types;
  for (const Expression* group : groups) types.push_back(group->type);
  for (const AggregateCall& call : calls) types.push_back(call.function->result_type);
  node->types = plan->Copy(types);
  node->input = input;
  node->groups = plan->Copy(groups);
  node->calls = plan->Copy(calls);
  return node;
}

std::vector<Type> JoinTypes(JoinType type, const Node* left, const Node* right) {
  std::vector<Type> types(left->types.begin(), left->types.end());
  if (type == JoinType::kSemi || type == JoinType::kAnti || type == JoinType::kAntiNull) return types;
  types.insert(types.end(), right->types.begin(), right->types.end());
  return types;
}

const Node* PlanMaker::HashJoin(JoinType type, const Node* left, const Node* right, std::vector<const Expression*> left_keys,
                                std::vector<const Expression*> right_keys, std::vector<const Expression*> residual) {
  auto* node = plan->New<HashJoinNode>();
  node->types = plan->Copy(JoinTypes(type, left, right));
  node->type = type;
  node->left = left;
  node->right = right;
  node->left_keys = plan->Copy(left_keys);
  node->right_keys = plan->Copy(right_keys);
  node->residual = plan->Copy(residual);
  return node;
}

const Node* PlanMaker::LoopJoin(JoinType type, const Node* left, const Node* right, std::vector<const Expression*> conjuncts) {
  auto* node = plan->New<NestedLoopJoinNode>();
  node->types = plan->Copy(JoinTypes(type, left, right));
  node->type = type;
  node->left = left;
  node->right = right;
  node->conjuncts = plan->Copy(conjuncts);
  return node;
}

const Node* PlanMaker::Series(int64_t start, int64_t stop, int64_t step) {
  auto* node = plan->New<TableFunctionNode>();
  node->types = plan->Copy(std::vector<Type>{TypeId::kInt64});
  node->function = GenerateSeries(TypeId::kInt64);
  node->arguments = plan->Copy(std::vector<const Expression*>{Const(Big(start)), Const(Big(stop)), Const(Big(step))});
  return node;
}

const Node* PlanMaker::CteScan(int32_t cte, std::vector<Type> types) {
  plan->cte_count = std::max(plan->cte_count, cte + 1);
  auto* node = plan->New<CteScanNode>();
  node->cte = cte;
  node->types = plan->Copy(types);
  return node;
}

void Runner::AllowSpilling() {
  context.spill_directory = "spill";
  ASSERT_TRUE(environment.files->CreateDirectory("spill").ok());
}

StatusOr<Table> Runner::Run(std::shared_ptr<const Plan> plan) {
  TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Execution> execution, Execution::Create(std::move(plan), &budget));
  StatusOr<Table> table = RunAgain(*execution);
  changed_rows = execution->changed_rows();
  return table;
}

StatusOr<Table> Runner::RunAgain(Execution& execution) {
  TURDB_RETURN_IF_ERROR(execution.Start(context));
  Table table;
  while (true) {
    const vec::Chunk* chunk = nullptr;
    TURDB_ASSIGN_OR_RETURN(const Flow flow, execution.Next(&chunk));
    if (flow == Flow::kDone) return table;
    for (size_t row = 0; row < chunk->size(); ++row) table.push_back(chunk->GetRow(row));
  }
}

Table Runner::MustRun(std::shared_ptr<const Plan> plan) {
  StatusOr<Table> table = Run(std::move(plan));
  EXPECT_TRUE(table.ok()) << base::Describe(table.status());
  return table.ok() ? *std::move(table) : Table();
}

}  // namespace turdb::exec
