// Logical operators to exec nodes, all but joins and access paths.
#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "exec/vector_operations.h"
#include "sql/plan/planner.h"

namespace turdb::sql {

using base::StatusOr;
using exec::ExpressionKind;

// ---- entries

StatusOr<const exec::Node*> Planner::PlanQuery(const BoundQuery& query) {
  std::vector<ColumnId> columns;
  columns.reserve(query.columns.size());
  for (const OutputColumn& column : query.columns) columns.push_back(column.id);
  TURDB_ASSIGN_OR_RETURN(const Physical physical, PlanRows(query.root, columns));
  return physical.node;
}

StatusOr<Physical> Planner::PlanRows(LogicalNode* root, const std::vector<ColumnId>& columns) {
  TURDB_ASSIGN_OR_RETURN(root, Rewrite(root));
  TURDB_RETURN_IF_ERROR(TakeIntoLeaves(root));
  ColumnSet needed = EmptySet();
  for (const ColumnId id : columns) needed[id] = true;
  TURDB_ASSIGN_OR_RETURN(Physical physical, Lower(root, needed));
  return ProjectTo(std::move(physical), columns);
}

// ---- expressions

StatusOr<const Expr*> Planner::LowerExpr(const Expr* expr, const std::vector<ColumnId>& layout) {
  if (expr->kind == ExpressionKind::kColumn) {
    for (size_t i = 0; i < layout.size(); ++i) {
      if (layout[i] == expr->index) return plan_.Column(static_cast<int32_t>(i), expr->type, expr->position);
    }
    if (frames_.empty()) {
      return base::InternalError(absl::StrCat("column ", binder_.columns()[expr->index].name, " is not made by the plan"));
    }
    Frame& frame = frames_.back();
    for (const auto& [id, slot] : frame.slots) {
      if (id == expr->index) return plan_.Outer(slot, expr->type, expr->position);
    }
    frame.slots.emplace_back(expr->index, plan_.slot_count++);
    return plan_.Outer(frame.slots.back().second, expr->type, expr->position);
  }
  if (expr->kind == ExpressionKind::kConstant || expr->kind == ExpressionKind::kParameter) return expr;
  std::vector<const Expr*> arguments;
  bool changed = false;
  for (const Expr* argument : expr->arguments) {
    TURDB_ASSIGN_OR_RETURN(const Expr* lowered, LowerExpr(argument, layout));
    changed |= lowered != argument;
    arguments.push_back(lowered);
  }
  const bool subquery = expr->kind == ExpressionKind::kSubquery && expr->subquery == nullptr;
  if (!changed && !subquery) return expr;
  Expr* copy = plan_.NewExpression(expr->kind, expr->type, plan_.Copy(arguments), expr->position);
  copy->try_cast = expr->try_cast;
  copy->index = expr->index;
  copy->call = expr->call;
  copy->value = expr->value;
  copy->subquery = expr->subquery;
  if (subquery) {
    TURDB_ASSIGN_OR_RETURN(copy->subquery, LowerSubquery(expr, layout));
  }
  return copy;
}

StatusOr<exec::Expressions> Planner::LowerAll(const std::vector<const Expr*>& exprs, const std::vector<ColumnId>& layout) {
  std::vector<const Expr*> lowered;
  for (const Expr* expr : exprs) {
    TURDB_ASSIGN_OR_RETURN(const Expr* done, LowerExpr(expr, layout));
    lowered.push_back(done);
  }
  return plan_.Copy(lowered);
}

StatusOr<const exec::Subquery*> Planner::LowerSubquery(const Expr* expr, const std::vector<ColumnId>& layout) {
  const int32_t number = expr->index;
  OpenFrame(layout);
  // A copy: binding more (never done here) or a second lowering must not find it half rewritten.
  const BoundQuery query = binder_.subqueries()[number].query;
  auto planned = query.columns.empty() ? PlanRows(query.root, {}) : [&]() -> StatusOr<Physical> {
    std::vector<ColumnId> columns;
    for (const OutputColumn& column : query.columns) columns.push_back(column.id);
    return PlanRows(query.root, columns);
  }();
  const Frame frame = std::move(frames_.back());
  frames_.pop_back();
  if (!planned.ok()) return planned.status();
  auto* subquery = plan_.arena().New<exec::Subquery>();
  subquery->kind = binder_.subqueries()[number].kind;
  subquery->comparison = binder_.subqueries()[number].comparison;
  subquery->plan = planned->node;
  std::vector<exec::SlotBinding> bindings;
  for (const auto& [id, slot] : frame.slots) {
    exec::SlotBinding binding;
    binding.slot = slot;
    TURDB_ASSIGN_OR_RETURN(binding.value, LowerExpr(binder_.ColumnExpr(id, expr->position), layout));
    bindings.push_back(binding);
  }
  subquery->bindings = plan_.Copy(bindings);
  return subquery;
}

void Planner::SetTypes(exec::Node* node, const std::vector<ColumnId>& layout) {
  std::vector<vec::Type> types;
  types.reserve(layout.size());
  for (const ColumnId id : layout) types.push_back(binder_.columns()[id].type);
  node->types = plan_.Copy(types);
}

void Planner::SetEstimate(exec::Node* node, double rows, std::string_view reason) {
  node->estimated_rows = rows;
  node->reason = reason;
}

StatusOr<Physical> Planner::ProjectTo(Physical input, const std::vector<ColumnId>& columns) {
  if (input.layout == columns) return input;
  auto* node = plan_.New<exec::ProjectNode>();
  node->input = input.node;
  std::vector<const Expr*> exprs;
  for (const ColumnId id : columns) {
    const auto at = std::find(input.layout.begin(), input.layout.end(), id);
    if (at == input.layout.end()) return base::InternalError("a column of the result is not made by the plan");
    exprs.push_back(plan_.Column(static_cast<int32_t>(at - input.layout.begin()), binder_.columns()[id].type));
  }
  node->expressions = plan_.Copy(exprs);
  SetTypes(node, columns);
  SetEstimate(node, input.rows, "columns in the order of the select list");
  input.node = node;
  input.layout = columns;
  return input;
}

// ---- operators

StatusOr<Physical> Planner::Lower(LogicalNode* node, const ColumnSet& needed, const std::vector<LogicalSortKey>* wanted,
                                  FirstRows* first) {
  Physical result;
  switch (node->kind) {
    case LogicalKind::kSingleRow: {
      auto* single = plan_.New<exec::SingleRowNode>();
      SetEstimate(single, 1, {});
      result.node = single;
      return result;
    }
    case LogicalKind::kGet:
      return LowerGet(node, needed, wanted, first);
    case LogicalKind::kValues:
      return LowerValues(node);
    case LogicalKind::kFunction: {
      auto* function = plan_.New<exec::TableFunctionNode>();
      function->function = node->function;
      TURDB_ASSIGN_OR_RETURN(function->arguments, LowerAll(node->expressions, {}));
      result = {function, node->outputs, 1000, 1000, {}};
      if (node->function->chooses_columns()) {
        std::vector<int32_t> columns;
        result.layout.clear();
        for (size_t i = 0; i < node->outputs.size(); ++i) {
          if (!needed[node->outputs[i]]) continue;
          columns.push_back(static_cast<int32_t>(i));
          result.layout.push_back(node->outputs[i]);
        }
        auto chosen = exec::MakeChosenColumns(*node->function, std::move(columns));
        function->function = chosen.get();
        plan_.Keep(std::move(chosen));
      }
      SetTypes(function, result.layout);
      SetEstimate(function, result.rows, {});
      return result;
    }
    case LogicalKind::kCsv: {
      auto* csv = plan_.New<exec::CsvScanNode>();
      std::vector<std::string_view> paths, names;
      for (const std::string_view path : node->paths) paths.push_back(plan_.Copy(path));
      csv->paths = plan_.Copy(paths);
      csv->with_file_name = node->with_file_name;
      csv->options = node->csv;
      csv->options.null_text = plan_.Copy(node->csv.null_text);
      csv->never_null = plan_.Copy(node->never_null);
      csv->null_quoted = plan_.Copy(node->null_quoted);
      for (const ColumnId id : node->outputs) names.push_back(plan_.Copy(binder_.columns()[id].name));
      csv->column_names = plan_.Copy(names);
      result = {csv, node->outputs, 1000, 1000, {}};
      SetTypes(csv, result.layout);
      return result;
    }
    case LogicalKind::kCteScan: {
      auto* scan = plan_.New<exec::CteScanNode>();
      scan->cte = node->cte->number;
      const double rows = EstimateRows(node);
      result = {scan, node->outputs, rows, rows, {}};
      SetTypes(scan, result.layout);
      SetEstimate(scan, result.rows, {});
      return result;
    }
    case LogicalKind::kFilter:
      return LowerFilter(node, needed, wanted, first);
    case LogicalKind::kProject:
      return LowerProject(node, needed, wanted, first);
    case LogicalKind::kJoin:
      return LowerJoin(node, needed, wanted, first);
    case LogicalKind::kAggregate:
      return LowerAggregate(node, needed);
    case LogicalKind::kWindow:
      return LowerWindow(node, needed);
    case LogicalKind::kDistinct:
      return LowerDistinct(node, needed);
    case LogicalKind::kSort:
      return LowerSort(node, needed, nullptr);
    case LogicalKind::kLimit:
      return LowerLimit(node, needed);
    case LogicalKind::kLockRows:
      return LowerLockRows(node, needed);
    case LogicalKind::kSetOperation:
      return LowerSetOperation(node);
    case LogicalKind::kCte:
      return LowerCte(node, needed);
  }
  return base::InternalError("an operator of no known kind");
}

StatusOr<Physical> Planner::LowerValues(LogicalNode* node) {
  const auto independent = [this](const std::vector<const Expr*>& row) {
    return std::none_of(row.begin(), row.end(), [this](const Expr* e) { return HasSubquery(e); });
  };
  const bool plain = std::all_of(node->rows.begin(), node->rows.end(), independent);
  Physical result{nullptr, node->outputs, static_cast<double>(node->rows.size()), static_cast<double>(node->rows.size()), {}};
  if (plain) {
    auto* values = plan_.New<exec::ValuesNode>();
    std::vector<exec::Expressions> rows;
    for (const auto& row : node->rows) {
      TURDB_ASSIGN_OR_RETURN(const exec::Expressions lowered, LowerAll(row, {}));
      rows.push_back(lowered);
    }
    values->rows = plan_.Copy(rows);
    SetTypes(values, result.layout);
    SetEstimate(values, result.rows, {});
    result.node = values;
    return result;
  }
  // Rows with subqueries are projections over one row each.
  std::vector<const exec::Node*> inputs;
  for (const auto& row : node->rows) {
    auto* project = plan_.New<exec::ProjectNode>();
    project->input = plan_.New<exec::SingleRowNode>();
    TURDB_ASSIGN_OR_RETURN(project->expressions, LowerAll(row, {}));
    SetTypes(project, result.layout);
    SetEstimate(project, 1, {});
    inputs.push_back(project);
  }
  if (inputs.size() == 1) {
    result.node = inputs[0];
    return result;
  }
  auto* all = plan_.New<exec::SetOperationNode>();
  all->all = true;
  all->inputs = plan_.Copy(inputs);
  SetTypes(all, result.layout);
  SetEstimate(all, result.rows, {});
  result.node = all;
  return result;
}

StatusOr<Physical> Planner::LowerFilter(LogicalNode* node, const ColumnSet& needed, const std::vector<LogicalSortKey>* wanted,
                                        FirstRows* first) {
  ColumnSet below = needed;
  for (const Expr* conjunct : node->conjuncts) AddColumns(conjunct, &below);
  // Few rows that a filter leaves of a join (LEFT JOIN ... WHERE x IS NULL) are not found by joining the first ones.
  const double pass = CombinedSelectivity(node->conjuncts);
  const bool few = node->left->kind == LogicalKind::kJoin && pass < 0.1;
  TURDB_ASSIGN_OR_RETURN(Physical input, Lower(node->left, below, wanted, few ? nullptr : first));
  auto* filter = plan_.New<exec::FilterNode>();
  filter->input = input.node;
  TURDB_ASSIGN_OR_RETURN(filter->conjuncts, LowerAll(node->conjuncts, input.layout));
  input.rows = std::max(1.0, input.rows * pass);
  SetTypes(filter, input.layout);
  SetEstimate(filter, input.rows, "conditions that may raise, or hold a subquery, stay where they were written");
  input.node = filter;
  return input;
}

StatusOr<Physical> Planner::LowerProject(LogicalNode* node, const ColumnSet& needed, const std::vector<LogicalSortKey>* wanted,
                                         FirstRows* first) {
  ColumnSet below = needed;
  std::vector<const Expr*> exprs;
  std::vector<ColumnId> made;
  for (size_t i = 0; i < node->outputs.size(); ++i) {
    if (!needed[node->outputs[i]]) continue;
    exprs.push_back(node->expressions[i]);
    made.push_back(node->outputs[i]);
    AddColumns(node->expressions[i], &below);
  }
  // An order by what is computed here is one by the computation below, which an index may be in.
  std::vector<LogicalSortKey> computed_order;
  if (wanted != nullptr) {
    computed_order = *wanted;
    for (LogicalSortKey& key : computed_order) {
      const auto at = std::find(node->outputs.begin(), node->outputs.end(),
                                key.expression->kind == ExpressionKind::kColumn ? key.expression->index : -1);
      if (at != node->outputs.end()) key.expression = node->expressions[static_cast<size_t>(at - node->outputs.begin())];
    }
  }
  TURDB_ASSIGN_OR_RETURN(Physical input, Lower(node->left, below, wanted != nullptr ? &computed_order : nullptr, first));
  const auto same_keys = [](const std::vector<LogicalSortKey>& a, const std::vector<LogicalSortKey>& b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](const auto& x, const auto& y) {
             return x.descending == y.descending && x.nulls_first == y.nulls_first && exec::Equal(*x.expression, *y.expression);
           });
  };
  if (wanted != nullptr && !wanted->empty() && same_keys(input.order, computed_order)) input.order = *wanted;
  if (exprs.empty()) return input;
  auto* project = plan_.New<exec::ProjectNode>();
  project->input = input.node;
  TURDB_ASSIGN_OR_RETURN(const exec::Expressions computed, LowerAll(exprs, input.layout));
  std::vector<const Expr*> all;
  std::vector<ColumnId> layout;
  for (size_t i = 0; i < input.layout.size(); ++i) {  // columns that pass
    if (!needed[input.layout[i]]) continue;
    all.push_back(plan_.Column(static_cast<int32_t>(i), binder_.columns()[input.layout[i]].type));
    layout.push_back(input.layout[i]);
  }
  all.insert(all.end(), computed.begin(), computed.end());
  layout.insert(layout.end(), made.begin(), made.end());
  project->expressions = plan_.Copy(all);
  SetTypes(project, layout);
  SetEstimate(project, input.rows, {});
  input.node = project;
  input.layout = std::move(layout);
  return input;
}

StatusOr<Physical> Planner::LowerAggregate(LogicalNode* node, const ColumnSet& needed) {
  ColumnSet below = EmptySet();
  for (const Expr* group : node->expressions) AddColumns(group, &below);
  std::vector<size_t> kept;
  const size_t groups = node->expressions.size();
  const size_t keys = node->outputs.size() - node->aggregates.size();  // the groups, and the number of the set
  for (size_t i = 0; i < node->aggregates.size(); ++i) {
    if (!needed[node->outputs[keys + i]]) continue;
    kept.push_back(i);
    const LogicalAggregate& aggregate = node->aggregates[i];
    for (const Expr* argument : aggregate.arguments) AddColumns(argument, &below);
    if (aggregate.filter != nullptr) AddColumns(aggregate.filter, &below);
    for (const LogicalSortKey& key : aggregate.order) AddColumns(key.expression, &below);
  }
  if (kept.empty() && keys == 0) {  // one row whatever the input: it is not read, as in PostgreSQL
    auto* single = plan_.New<exec::SingleRowNode>();
    SetEstimate(single, 1, "an aggregate of nothing has one row");
    return Physical{single, {}, 1, 1, {}};
  }
  TURDB_ASSIGN_OR_RETURN(Physical input, Lower(node->left, below));
  auto* aggregate = plan_.New<exec::AggregateNode>();
  aggregate->input = input.node;
  TURDB_ASSIGN_OR_RETURN(aggregate->groups, LowerAll(node->expressions, input.layout));
  if (!node->grouping_sets.empty()) ExpandGroupingSets(*node, input, aggregate);
  std::vector<exec::AggregateCall> calls;
  std::vector<ColumnId> layout(node->outputs.begin(), node->outputs.begin() + static_cast<int64_t>(keys));
  for (const size_t i : kept) {
    const LogicalAggregate& logical = node->aggregates[i];
    exec::AggregateCall call;
    call.function = logical.function;
    TURDB_ASSIGN_OR_RETURN(call.arguments, LowerAll(logical.arguments, input.layout));
    if (logical.filter != nullptr) {
      TURDB_ASSIGN_OR_RETURN(call.filter, LowerExpr(logical.filter, input.layout));
    }
    std::vector<exec::SortKey> order;
    for (const LogicalSortKey& key : logical.order) {
      exec::SortKey lowered{nullptr, key.descending, key.nulls_first};
      TURDB_ASSIGN_OR_RETURN(lowered.expression, LowerExpr(key.expression, input.layout));
      order.push_back(lowered);
    }
    call.order = plan_.Copy(order);
    call.distinct = logical.distinct;
    call.position = logical.position;
    calls.push_back(call);
    layout.push_back(node->outputs[keys + i]);
  }
  if (DistinctGoesFirst(*node, kept)) TakeDistinctFirst(*node, kept, input, aggregate, &calls);
  aggregate->calls = plan_.Copy(calls);
  SetTypes(aggregate, layout);
  double rows = groups == 0 ? 1 : EstimateRows(node);
  if (!node->grouping_sets.empty()) rows *= static_cast<double>(node->grouping_sets.size());
  SetEstimate(aggregate, rows, keys == 0 ? "one group" : "grouped by hashing");
  return Physical{aggregate, std::move(layout), rows, input.cost + input.rows, {}};
}

// Whether grouping by the groups and the calls' arguments first leaves to each call exactly what DISTINCT lets through. Of
// equal values DISTINCT takes the first; where it matters which, the input stays as it is.
bool Planner::DistinctGoesFirst(const LogicalNode& node, const std::vector<size_t>& kept) {
  if (kept.empty() || !node.grouping_sets.empty()) return false;
  const std::vector<const Expr*>& arguments = node.aggregates[kept[0]].arguments;
  const auto has_reason = [&](size_t i) { return !node.aggregates[i].function->function->ignores_duplicates; };
  if (std::none_of(kept.begin(), kept.end(), has_reason)) return false;
  return std::all_of(kept.begin(), kept.end(), [&](size_t i) {
    const LogicalAggregate& call = node.aggregates[i];
    const function::AggregateFunction& function = *call.function->function;
    if (!call.distinct || call.filter != nullptr || !call.order.empty() || function.order_sensitive || function.ordered_set) {
      return false;
    }
    return call.arguments.size() == arguments.size() &&
           std::equal(arguments.begin(), arguments.end(), call.arguments.begin(), [&](const Expr* a, const Expr* b) {
             return exec::Equal(*a, *b) && (IsCount(function) || exec::IsBitwiseComparable(a->type));
           });
  });
}

void Planner::TakeDistinctFirst(const LogicalNode& node, const std::vector<size_t>& kept, const Physical& input,
                                exec::AggregateNode* aggregate, std::vector<exec::AggregateCall>* calls) {
  auto* first = plan_.New<exec::AggregateNode>();
  first->input = aggregate->input;
  const size_t groups = aggregate->groups.size();
  std::vector<const Expr*> keys(aggregate->groups.begin(), aggregate->groups.end());
  keys.insert(keys.end(), (*calls)[0].arguments.begin(), (*calls)[0].arguments.end());
  first->groups = plan_.Copy(keys);
  std::vector<vec::Type> types;
  std::vector<const Expr*> columns;
  for (const Expr* key : keys) {
    columns.push_back(plan_.Column(static_cast<int32_t>(types.size()), key->type));
    types.push_back(key->type);
  }
  first->types = plan_.Copy(types);
  double rows = 1;
  for (const Expr* group : node.expressions) rows *= DistinctValues(group);
  for (const Expr* argument : node.aggregates[kept[0]].arguments) rows *= DistinctValues(argument);
  SetEstimate(first, std::min(rows, input.rows), "DISTINCT by grouping");
  aggregate->input = first;
  aggregate->groups = plan_.Copy(std::vector<const Expr*>(columns.begin(), columns.begin() + static_cast<int64_t>(groups)));
  const exec::Expressions arguments =
      plan_.Copy(std::vector<const Expr*>(columns.begin() + static_cast<int64_t>(groups), columns.end()));
  for (exec::AggregateCall& call : *calls) {
    call.arguments = arguments;
    call.distinct = false;
  }
}

// Each row once for every set, with NULLs for the groups that the set leaves out and the set's number; then one aggregation.
void Planner::ExpandGroupingSets(const LogicalNode& node, const Physical& input, exec::AggregateNode* aggregate) {
  auto* expand = plan_.New<exec::ExpandNode>();
  expand->input = input.node;
  expand->groups = aggregate->groups;
  std::vector<std::span<const int32_t>> sets;
  std::vector<int32_t> always;
  for (const std::vector<size_t>& set : node.grouping_sets) {
    if (set.empty()) always.push_back(static_cast<int32_t>(sets.size()));
    sets.push_back(plan_.Copy(std::vector<int32_t>(set.begin(), set.end())));
  }
  expand->sets = plan_.Copy(sets);
  std::vector<vec::Type> types(input.node->types.begin(), input.node->types.end());
  std::vector<const Expr*> groups;
  const auto add = [&](const vec::Type& type) {
    groups.push_back(plan_.Column(static_cast<int32_t>(types.size()), type));
    types.push_back(type);
  };
  for (const Expr* group : aggregate->groups) add(group->type);
  add(vec::TypeId::kInt32);
  expand->types = plan_.Copy(types);
  SetEstimate(expand, input.rows * static_cast<double>(sets.size()), {});
  aggregate->input = expand;
  aggregate->groups = plan_.Copy(groups);
  aggregate->always = plan_.Copy(always);
}

StatusOr<Physical> Planner::LowerDistinct(LogicalNode* node, const ColumnSet& needed) {
  (void)needed;  // all that counts for being distinct is made
  ColumnSet below = EmptySet();
  std::vector<ColumnId> columns;
  for (const ColumnId id : node->left_columns) {
    if (below[id]) continue;
    below[id] = true;
    columns.push_back(id);
  }
  TURDB_ASSIGN_OR_RETURN(Physical input, Lower(node->left, below));
  TURDB_ASSIGN_OR_RETURN(input, ProjectTo(std::move(input), columns));
  auto* distinct = plan_.New<exec::DistinctNode>();
  distinct->input = input.node;
  TURDB_ASSIGN_OR_RETURN(distinct->on, LowerAll(node->expressions, input.layout));
  SetTypes(distinct, input.layout);
  input.rows = EstimateRows(node);
  SetEstimate(distinct, input.rows, {});
  input.node = distinct;
  if (node->expressions.empty()) input.order.clear();
  return input;
}

namespace {

bool SameKey(const LogicalSortKey& a, const LogicalSortKey& b) {
  return a.expression->kind == ExpressionKind::kColumn && b.expression->kind == ExpressionKind::kColumn &&
         a.expression->index == b.expression->index && a.descending == b.descending && a.nulls_first == b.nulls_first;
}

}  // namespace

// `limit`, when the sort's parent is one and takes it over.
StatusOr<Physical> Planner::LowerSort(LogicalNode* node, const ColumnSet& needed, const LogicalNode* limit) {
  ColumnSet below = needed;
  for (const LogicalSortKey& key : node->sort) AddColumns(key.expression, &below);
  FirstRows first;
  const bool limited = limit != nullptr && limit->limit != nullptr;
  if (limited && limit->limit->kind == ExpressionKind::kConstant && !limit->limit->value->is_null() &&
      limit->limit->type.id == vec::TypeId::kInt64) {
    first.rows = static_cast<double>(std::max<int64_t>(limit->limit->value->AsInt64(), 1));
  }
  TURDB_ASSIGN_OR_RETURN(Physical input, Lower(node->left, below, &node->sort, limited ? &first : nullptr));
  bool sorted = input.order.size() >= node->sort.size();
  for (size_t i = 0; sorted && i < node->sort.size(); ++i) sorted = SameKey(input.order[i], node->sort[i]);
  if (sorted && limit == nullptr) return input;
  std::vector<exec::SortKey> keys;
  for (const LogicalSortKey& key : node->sort) {
    exec::SortKey lowered{nullptr, key.descending, key.nulls_first};
    TURDB_ASSIGN_OR_RETURN(lowered.expression, LowerExpr(key.expression, input.layout));
    keys.push_back(lowered);
  }
  const Expr* count = nullptr;
  const Expr* offset = nullptr;
  if (limit != nullptr && limit->limit != nullptr) {
    TURDB_ASSIGN_OR_RETURN(count, LowerExpr(limit->limit, {}));
  }
  if (limit != nullptr && limit->offset != nullptr) {
    TURDB_ASSIGN_OR_RETURN(offset, LowerExpr(limit->offset, {}));
  }
  if (sorted) {
    auto* only = plan_.New<exec::LimitNode>();
    only->input = input.node;
    only->limit = count;
    only->offset = offset;
    SetTypes(only, input.layout);
    SetEstimate(only, std::min(input.rows, 100.0), "the input is in order already");
    input.node = only;
    return input;
  }
  input.cost += input.rows * std::log2(input.rows + 2);
  input.order = node->sort;
  if (count != nullptr) {
    auto* top = plan_.New<exec::TopNNode>();
    top->input = input.node;
    top->keys = plan_.Copy(keys);
    top->limit = count;
    top->offset = offset;
    top->nearest = first.nearest;
    SetTypes(top, input.layout);
    input.rows = std::min(input.rows, 100.0);
    SetEstimate(top, input.rows, "ORDER BY and LIMIT in one");
    input.node = top;
    return input;
  }
  auto* sort = plan_.New<exec::SortNode>();
  sort->input = input.node;
  sort->keys = plan_.Copy(keys);
  SetTypes(sort, input.layout);
  SetEstimate(sort, input.rows, {});
  input.node = sort;
  if (limit == nullptr) return input;
  auto* only = plan_.New<exec::LimitNode>();
  only->input = input.node;
  only->offset = offset;
  SetTypes(only, input.layout);
  SetEstimate(only, input.rows, {});
  input.node = only;
  return input;
}

StatusOr<Physical> Planner::LowerLimit(LogicalNode* node, const ColumnSet& needed) {
  const bool with_ties = !node->sort.empty();
  if (node->left->kind == LogicalKind::kSort && !with_ties) return LowerSort(node->left, needed, node);
  ColumnSet read = needed;
  for (const LogicalSortKey& key : node->sort) AddColumns(key.expression, &read);
  TURDB_ASSIGN_OR_RETURN(Physical input, Lower(node->left, read));
  auto* limit = plan_.New<exec::LimitNode>();
  limit->input = input.node;
  std::vector<const Expr*> ties;
  for (const LogicalSortKey& key : node->sort) {
    TURDB_ASSIGN_OR_RETURN(const Expr* const tie, LowerExpr(key.expression, input.layout));
    ties.push_back(tie);
  }
  limit->ties = plan_.Copy(ties);
  if (node->limit != nullptr) {
    TURDB_ASSIGN_OR_RETURN(limit->limit, LowerExpr(node->limit, {}));
  }
  if (node->offset != nullptr) {
    TURDB_ASSIGN_OR_RETURN(limit->offset, LowerExpr(node->offset, {}));
  }
  SetTypes(limit, input.layout);
  if (node->limit != nullptr && node->limit->kind == ExpressionKind::kConstant && !node->limit->value->is_null()) {
    input.rows = std::min(input.rows, static_cast<double>(node->limit->value->AsInt64()));
  }
  SetEstimate(limit, input.rows, {});
  input.node = limit;
  return input;
}

StatusOr<Physical> Planner::LowerLockRows(LogicalNode* node, const ColumnSet& needed) {
  ColumnSet below = needed;
  for (const LogicalRowLock& lock : node->locks) below[lock.get->outputs.back()] = true;
  TURDB_ASSIGN_OR_RETURN(Physical input, Lower(node->left, below));
  auto* locked = plan_.New<exec::LockRowsNode>();
  locked->input = input.node;
  std::vector<exec::RowLock> locks;
  for (const LogicalRowLock& lock : node->locks) {
    const auto place = std::find(input.layout.begin(), input.layout.end(), lock.get->outputs.back());
    if (place == input.layout.end()) return base::InternalError("a row to lock has lost its key");
    locks.push_back({lock.get->table, plan_.Copy(lock.get->name), static_cast<int32_t>(place - input.layout.begin()),
                     lock.strength, lock.wait});
  }
  locked->locks = plan_.Copy(locks);
  if (node->limit != nullptr) {
    TURDB_ASSIGN_OR_RETURN(locked->limit, LowerExpr(node->limit, {}));
  }
  if (node->offset != nullptr) {
    TURDB_ASSIGN_OR_RETURN(locked->offset, LowerExpr(node->offset, {}));
  }
  SetTypes(locked, input.layout);
  SetEstimate(locked, input.rows, {});
  input.node = locked;
  return input;
}

StatusOr<Physical> Planner::LowerSetOperation(LogicalNode* node) {
  // A chain of UNION ALL is one node.
  std::vector<std::pair<LogicalNode*, std::vector<ColumnId>>> parts;
  const bool chain = node->all && node->set_operation == exec::SetOperation::kUnion;
  const auto collect = [&](const auto& self, LogicalNode* input, const std::vector<ColumnId>& columns) -> void {
    if (chain && input->kind == LogicalKind::kSetOperation && input->all &&
        input->set_operation == exec::SetOperation::kUnion && input->outputs == columns) {
      self(self, input->left, input->left_columns);
      self(self, input->right, input->right_columns);
    } else {
      parts.emplace_back(input, columns);
    }
  };
  collect(collect, node->left, node->left_columns);
  collect(collect, node->right, node->right_columns);
  auto* operation = plan_.New<exec::SetOperationNode>();
  operation->operation = node->set_operation;
  operation->all = node->all;
  std::vector<const exec::Node*> inputs;
  Physical result{operation, node->outputs, 0, 0, {}};
  for (const auto& [input, columns] : parts) {
    ColumnSet below = EmptySet();
    for (const ColumnId id : columns) below[id] = true;
    TURDB_ASSIGN_OR_RETURN(Physical lowered, Lower(input, below));
    TURDB_ASSIGN_OR_RETURN(lowered, ProjectTo(std::move(lowered), columns));
    inputs.push_back(lowered.node);
    result.rows += lowered.rows;
    result.cost += lowered.cost;
  }
  operation->inputs = plan_.Copy(inputs);
  SetTypes(operation, node->outputs);
  SetEstimate(operation, result.rows, {});
  return result;
}

// Leaves of a common table, and of every scan of it, the columns that somebody reads.
void Planner::NarrowCte(LogicalNode* node, const ColumnSet& needed) {
  CommonTableInfo& cte = *node->cte;
  ColumnSet named = EmptySet();
  std::copy(needed.begin(), needed.end(), named.begin());
  AddTreeColumns(node->left, &named);
  std::vector<LogicalNode*> scans;
  const auto find = [&](const auto& self, LogicalNode* tree) -> void {
    if (tree == nullptr) return;
    if (tree->kind == LogicalKind::kCteScan && tree->cte == &cte) scans.push_back(tree);
    if (tree->kind == LogicalKind::kCte) {
      self(self, tree->cte->definition.root);
      AddTreeColumns(tree->cte->definition.root, &named);
    }
    self(self, tree->left);
    self(self, tree->right);
  };
  find(find, node->left);
  for (const LeafValue& value : leaf_values_) {  // and what scans compute of rows outside
    if (static_cast<size_t>(value.column) < named.size() && named[value.column]) AddColumns(value.expression, &named);
  }
  std::vector<bool> read(cte.definition.columns.size());
  for (const LogicalNode* scan : scans) {
    for (size_t i = 0; i < read.size(); ++i) read[i] = read[i] || named[scan->outputs[i]];
  }
  const auto narrow = [&](auto* list) {
    size_t kept = 0;
    for (size_t i = 0; i < read.size(); ++i) {
      if (read[i]) (*list)[kept++] = (*list)[i];
    }
    list->resize(kept);
  };
  for (LogicalNode* scan : scans) narrow(&scan->outputs);
  narrow(&cte.definition.columns);
}

StatusOr<Physical> Planner::LowerCte(LogicalNode* node, const ColumnSet& needed) {
  CommonTableInfo& cte = *node->cte;
  if (cte.references == 0) return Lower(node->left, needed);
  if (cte.narrow) NarrowCte(node, needed);
  std::vector<ColumnId> columns;
  ColumnSet below = EmptySet();
  for (const OutputColumn& column : cte.definition.columns) {
    columns.push_back(column.id);
    below[column.id] = true;
  }
  TURDB_ASSIGN_OR_RETURN(Physical definition, Lower(cte.definition.root, below));
  TURDB_ASSIGN_OR_RETURN(definition, ProjectTo(std::move(definition), columns));
  if (cte.recursive) {
    ColumnSet step_needed = EmptySet();
    for (const ColumnId id : cte.step_columns) step_needed[id] = true;
    TURDB_ASSIGN_OR_RETURN(Physical step, Lower(cte.step, step_needed));
    TURDB_ASSIGN_OR_RETURN(step, ProjectTo(std::move(step), cte.step_columns));
    TURDB_ASSIGN_OR_RETURN(Physical body, Lower(node->left, needed));
    auto* recursive = plan_.New<exec::RecursiveCteNode>();
    recursive->cte = cte.number;
    recursive->name = plan_.Copy(cte.name);
    recursive->initial = definition.node;
    recursive->recursive = step.node;
    recursive->distinct = cte.distinct;
    recursive->body = body.node;
    SetTypes(recursive, body.layout);
    SetEstimate(recursive, body.rows, {});
    body.node = recursive;
    return body;
  }
  TURDB_ASSIGN_OR_RETURN(Physical body, Lower(node->left, needed));
  auto* with = plan_.New<exec::CteNode>();
  with->cte = cte.number;
  with->name = plan_.Copy(cte.name);
  with->definition = definition.node;
  with->body = body.node;
  SetTypes(with, body.layout);
  SetEstimate(with, body.rows, cte.materialize ? "MATERIALIZED" : "named more than once");
  body.node = with;
  return body;
}

}  // namespace turdb::sql
