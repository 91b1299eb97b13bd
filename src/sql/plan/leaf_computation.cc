// What a scan computes while rows lie in their leaf: distances of vectors, of which nobody wants the vector itself. Copying it
// out of the leaf would cost more than the distance does.
#include <algorithm>

#include "function/registry.h"
#include "sql/plan/planner.h"

namespace turdb::sql {

using base::Status;
using base::StatusOr;
using exec::ExpressionKind;

Status Planner::TakeIntoLeaves(LogicalNode* node) {
  if (node == nullptr) return absl::OkStatus();
  if (node->kind == LogicalKind::kGet) {  // conditions over distances ask the scan for them
    TURDB_ASSIGN_OR_RETURN(const IndexExpressions* expressions, IndexExpressionsOf(node));
    const ColumnSet own = Produced(node);
    for (const Expr*& conjunct : node->conjuncts) {
      if (expressions->empty()) conjunct = TakeIntoLeaf(conjunct, node, own);
    }
    return absl::OkStatus();
  }
  for (LogicalNode* input : {node->left, node->right}) {
    // A table that is joined may be read by an index join, which has no leaf at hand.
    const bool joined = node->kind == LogicalKind::kJoin && input != nullptr && input->kind == LogicalKind::kGet;
    if (!joined) TURDB_RETURN_IF_ERROR(TakeIntoLeaves(input));
  }
  if (node->kind != LogicalKind::kProject && node->kind != LogicalKind::kSort) return absl::OkStatus();
  // The table whose rows these are, and what is made on the way.
  ColumnSet made = EmptySet();
  const LogicalNode* get = node->left;
  for (; get->kind == LogicalKind::kFilter || get->kind == LogicalKind::kProject || get->kind == LogicalKind::kSort ||
         get->kind == LogicalKind::kLimit;
       get = get->left) {
    for (const ColumnId id : get->outputs) made[id] = true;
  }
  if (get->kind != LogicalKind::kGet) return absl::OkStatus();
  for (const ColumnId id : get->outputs) made[id] = true;
  for (const LeafValue& value : leaf_values_) {
    if (static_cast<size_t>(value.column) < made.size()) made[value.column] = true;
  }
  // Indexes over expressions are found by what the query wrote.
  TURDB_ASSIGN_OR_RETURN(const IndexExpressions* expressions, IndexExpressionsOf(get));
  if (!expressions->empty()) return absl::OkStatus();
  for (const Expr*& expression : node->expressions) expression = TakeIntoLeaf(expression, get, made);
  for (LogicalSortKey& key : node->sort) key.expression = TakeIntoLeaf(key.expression, get, made);
  return absl::OkStatus();
}

// `made`: columns that the rows have, so that others are of rows outside.
const Expr* Planner::TakeIntoLeaf(const Expr* expr, const LogicalNode* get, const ColumnSet& made) {
  if (expr->kind == ExpressionKind::kSubquery || expr->kind == ExpressionKind::kCase || expr->kind == ExpressionKind::kCheck ||
      expr->kind == ExpressionKind::kLambda) {
    return expr;
  }
  ColumnId vector = -1;
  const auto is_vector = [&](const Expr* e) {
    return e->kind == ExpressionKind::kColumn && e->type.id == vec::TypeId::kDenseVector &&
           std::find(get->outputs.begin(), get->outputs.end(), e->index) != get->outputs.end();
  };
  const auto is_given = [&](const Expr* e) { return !Touches(e, made) && !IsVolatile(e); };
  const bool safe = expr->call != nullptr && !expr->try_cast && (expr->call->flags & function::kLatchSafe) != 0 &&
                    expr->type.physical() != vec::PhysicalType::kString;
  bool found = safe;
  for (const Expr* argument : expr->arguments) {
    if (is_vector(argument) && vector < 0) {
      vector = argument->index;
    } else {
      found = found && is_given(argument);
    }
  }
  if (found && vector >= 0) {
    for (const LeafValue& value : leaf_values_) {
      if (value.get == get && exec::Equal(*value.expression, *expr)) {
        return plan_.Column(value.column, expr->type, expr->position);
      }
    }
    leaf_values_.push_back({get, vector, binder_.NewColumn("distance", expr->type), expr});
    return plan_.Column(leaf_values_.back().column, expr->type, expr->position);
  }
  std::vector<const Expr*> arguments;
  bool changed = false;
  for (const Expr* argument : expr->arguments) {
    arguments.push_back(TakeIntoLeaf(argument, get, made));
    changed |= arguments.back() != argument;
  }
  return changed ? WithArguments(expr, arguments) : expr;
}

std::vector<const Planner::LeafValue*> Planner::LeafValuesOf(const LogicalNode* get, const ColumnSet& needed) const {
  std::vector<const LeafValue*> values;
  for (const LeafValue& value : leaf_values_) {
    if (value.get == get && static_cast<size_t>(value.column) < needed.size() && needed[value.column]) values.push_back(&value);
  }
  return values;
}

// The scan's expression: what is the same for every row is made once, before the scan, since it may be anything.
StatusOr<const Expr*> Planner::LowerLeafValue(const LeafValue& value, const std::vector<ColumnId>& layout, GivenValues* given) {
  std::vector<const Expr*> arguments;
  for (const Expr* argument : value.expression->arguments) {
    if (argument->kind == ExpressionKind::kColumn && argument->index == value.vector) {
      TURDB_ASSIGN_OR_RETURN(argument, LowerExpr(argument, layout));
    } else {
      TURDB_ASSIGN_OR_RETURN(argument, LowerExpr(argument, {}));
      const bool at_hand = argument->kind == ExpressionKind::kConstant || argument->kind == ExpressionKind::kParameter ||
                           argument->kind == ExpressionKind::kOuter;
      if (!at_hand) {
        given->values.push_back(argument);
        given->slots.push_back(plan_.slot_count++);
        argument = plan_.Outer(given->slots.back(), argument->type, argument->position);
      }
    }
    arguments.push_back(argument);
  }
  return WithArguments(value.expression, arguments);
}

// Where rows are not read by a scan of the table.
StatusOr<Physical> Planner::ComputeAbove(Physical input, const std::vector<const LeafValue*>& values, const ColumnSet& needed) {
  if (values.empty()) return input;
  auto* project = plan_.New<exec::ProjectNode>();
  project->input = input.node;
  std::vector<const Expr*> all;
  std::vector<ColumnId> layout;
  for (size_t i = 0; i < input.layout.size(); ++i) {
    if (!needed[input.layout[i]]) continue;
    all.push_back(plan_.Column(static_cast<int32_t>(i), binder_.columns()[input.layout[i]].type));
    layout.push_back(input.layout[i]);
  }
  for (const LeafValue* value : values) {
    TURDB_ASSIGN_OR_RETURN(const Expr* const lowered, LowerExpr(value->expression, input.layout));
    all.push_back(lowered);
    layout.push_back(value->column);
  }
  project->expressions = plan_.Copy(all);
  input.layout = std::move(layout);
  SetTypes(project, input.layout);
  SetEstimate(project, input.rows, {});
  input.node = project;
  return input;
}

}  // namespace turdb::sql
