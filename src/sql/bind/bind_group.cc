// GROUP BY: groups and grouping sets, and what the rest of a SELECT is over them.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sql/bind/binder.h"
#include "sql/parse/printer.h"

namespace turdb::sql {

using ast::ExprKind;
using base::Status;
using base::StatusOr;
using exec::ExpressionKind;
using function::CastContext;
using vec::TypeId;
namespace sqlstate = base::sqlstate;

// The expression with one number for all subqueries that are written alike; itself when it has none.
const Expr* Binder::WithFirstSubqueries(const Expr* expr) {
  int32_t index = expr->index;
  bool changed = false;
  if (expr->kind == ExpressionKind::kSubquery && subqueries_[static_cast<size_t>(index)].source != nullptr) {
    const BoundSubquery& subquery = subqueries_[static_cast<size_t>(index)];
    std::string text =
        absl::StrCat(static_cast<int>(subquery.kind), " ", static_cast<int>(subquery.comparison), " ", ToSql(*subquery.source));
    index = first_subqueries_.try_emplace(std::move(text), index).first->second;
    changed = index != expr->index;
  }
  std::vector<const Expr*> arguments;
  for (const Expr* argument : expr->arguments) {
    arguments.push_back(WithFirstSubqueries(argument));
    changed |= arguments.back() != argument;
  }
  if (!changed) return expr;
  Expr* copy = plan_.NewExpression(expr->kind, expr->type, plan_.Copy(arguments), expr->position);
  copy->try_cast = expr->try_cast;
  copy->index = index;
  copy->call = expr->call;
  copy->value = expr->value;
  return copy;
}

bool Binder::SameExpression(const Expr& a, const Expr& b) {
  if (exec::Equal(a, b)) return true;
  return !subqueries_.empty() && a.kind == b.kind && exec::Equal(*WithFirstSubqueries(&a), *WithFirstSubqueries(&b));
}

size_t Binder::AddGroup(const Expr* expr, Grouping* grouping) {
  for (size_t i = 0; i < grouping->groups.size(); ++i) {
    if (SameExpression(*grouping->groups[i], *expr)) return i;
  }
  grouping->groups.push_back(expr);
  // In a set that leaves it out a column is NULL, so it is not the column any more.
  const bool passes = expr->kind == ExpressionKind::kColumn && !grouping->has_sets();
  grouping->outputs.push_back(passes ? expr->index : NewColumn("group", expr->type));
  if (!passes) SetImplicitCollation(grouping->outputs.back(), CollationOf(expr));
  return grouping->groups.size() - 1;
}

namespace {

bool Contains(const Expr* expr, const std::vector<ColumnId>& columns) {
  if (expr->kind == ExpressionKind::kColumn && std::find(columns.begin(), columns.end(), expr->index) != columns.end()) {
    return true;
  }
  return std::any_of(expr->arguments.begin(), expr->arguments.end(), [&](const Expr* e) { return Contains(e, columns); });
}

constexpr size_t kMaxCubeElements = 12;
constexpr size_t kMaxGroupingSets = 4096;

}  // namespace

Status Binder::BindGroups(const ast::SelectCore& core, const ExprContext& context, const std::vector<ProjectionItem>& items,
                          Grouping* grouping) {
  if (core.group_by_all) {
    for (const ProjectionItem& item : items) {
      if (!Contains(item.expr, grouping->aggregate_outputs)) AddGroup(item.expr, grouping);
    }
    return absl::OkStatus();
  }
  const bool sets = std::any_of(core.group_by.begin(), core.group_by.end(),
                                [](const ast::Expr* expr) { return expr->kind == ExprKind::kGroupingSet; });
  if (sets) grouping->set_column = NewColumn("grouping set", TypeId::kInt32);
  // Items stand for what they have in common: their sets are multiplied.
  GroupingSets all = {{}};
  for (const ast::Expr* expr : core.group_by) {
    TURDB_ASSIGN_OR_RETURN(const GroupingSets more, BindGroupingSets(*expr, context, items, grouping));
    if (all.size() * more.size() > kMaxGroupingSets) return TooManyGroupingSets(expr->offset);
    GroupingSets product;
    for (const std::vector<size_t>& left : all) {
      for (const std::vector<size_t>& right : more) {
        product.push_back(left);
        product.back().insert(product.back().end(), right.begin(), right.end());
      }
    }
    all = std::move(product);
  }
  if (!sets) return absl::OkStatus();
  for (std::vector<size_t>& set : all) {
    std::sort(set.begin(), set.end());
    set.erase(std::unique(set.begin(), set.end()), set.end());
    if (core.group_by_distinct && std::find(grouping->sets.begin(), grouping->sets.end(), set) != grouping->sets.end())
      continue;
    grouping->sets.push_back(std::move(set));
  }
  return absl::OkStatus();
}

Status Binder::TooManyGroupingSets(int32_t offset) const {
  return Error(sqlstate::kStatementTooComplex, absl::StrCat("too many grouping sets present (maximum ", kMaxGroupingSets, ")"),
               offset);
}

// What one item of GROUP BY stands for: sets of groups, given by their places in the grouping.
StatusOr<Binder::GroupingSets> Binder::BindGroupingSets(const ast::Expr& item, const ExprContext& context,
                                                        const std::vector<ProjectionItem>& items, Grouping* grouping) {
  std::vector<size_t> set;
  const auto* const sets = item.kind == ExprKind::kGroupingSet ? &ast::As<ast::GroupingSet>(item) : nullptr;
  if (sets == nullptr) {
    if (item.kind != ExprKind::kRow) {
      TURDB_ASSIGN_OR_RETURN(const Expr* group, BindGroup(item, context, items, *grouping));
      TURDB_RETURN_IF_ERROR(CheckComparable(group->type, "an equality operator", item.offset));
      set.push_back(AddGroup(group, grouping));
      return GroupingSets{set};
    }
    for (const ast::Expr* element : ast::As<ast::Row>(item).elements) {
      TURDB_ASSIGN_OR_RETURN(const Expr* group, BindGroup(*element, context, items, *grouping));
      set.push_back(AddGroup(group, grouping));
    }
    return GroupingSets{set};
  }
  if (sets->grouping == ast::GroupingKind::kEmpty) return GroupingSets{set};
  std::vector<GroupingSets> elements;
  for (const ast::Expr* element : sets->elements) {
    TURDB_ASSIGN_OR_RETURN(GroupingSets each, BindGroupingSets(*element, context, items, grouping));
    if (sets->grouping != ast::GroupingKind::kSets && each.size() != 1) {
      return Error(sqlstate::kSyntaxError, "ROLLUP and CUBE take columns and lists of columns, no grouping sets",
                   element->offset);
    }
    elements.push_back(std::move(each));
  }
  GroupingSets result;
  if (sets->grouping == ast::GroupingKind::kSets) {
    for (const GroupingSets& each : elements) result.insert(result.end(), each.begin(), each.end());
    if (result.size() > kMaxGroupingSets) return TooManyGroupingSets(item.offset);
    return result;
  }
  const size_t count = elements.size();
  const bool cube = sets->grouping == ast::GroupingKind::kCube;
  if (cube && count > kMaxCubeElements) {
    return Error(base::SqlState{"54011"}, absl::StrCat("CUBE is limited to ", kMaxCubeElements, " elements"), item.offset);
  }
  // From all elements to none; the first elements stay longest.
  const size_t steps = cube ? (size_t{1} << count) : count + 1;
  for (size_t step = 0; step < steps; ++step) {
    set.clear();
    for (size_t i = 0; i < count; ++i) {
      const bool in = cube ? (step >> (count - 1 - i) & 1) == 0 : i < count - step;
      if (in) set.insert(set.end(), elements[i][0].begin(), elements[i][0].end());
    }
    result.push_back(set);
  }
  return result;
}

StatusOr<const Expr*> Binder::BindGroup(const ast::Expr& expr, const ExprContext& context,
                                        const std::vector<ProjectionItem>& items, const Grouping& grouping) {
  const Expr* group = nullptr;
  if (expr.kind == ExprKind::kInteger) {
    const int64_t position = ast::As<ast::Literal>(expr).integer;
    if (position < 1 || position > static_cast<int64_t>(items.size())) {
      return Error(sqlstate::kInvalidColumnReference, absl::StrCat("GROUP BY position ", position, " is not in select list"),
                   expr.offset);
    }
    group = items[position - 1].expr;
  } else if (expr.kind == ExprKind::kColumn && ast::As<ast::Column>(expr).parts.size() == 1) {
    const ast::Name& name = ast::As<ast::Column>(expr).parts[0];
    TURDB_ASSIGN_OR_RETURN(group, FindBareColumn(name, context.scope));
    for (const ProjectionItem& item : items) {
      if (group == nullptr && item.name == name.text) group = item.expr;
    }
  }
  if (group == nullptr) {
    ExprContext inner = context;
    inner.clause = "GROUP BY";
    inner.aggregates = nullptr;
    inner.windows = nullptr;
    TURDB_ASSIGN_OR_RETURN(group, Bind(expr, inner));
  }
  if (context.windows != nullptr && NamesWindow(group, *context.windows)) {
    return Error(base::SqlState{"42P20"}, "window functions are not allowed in GROUP BY", expr.offset);
  }
  if (Contains(group, grouping.aggregate_outputs)) {
    return Error(sqlstate::kGroupingError, "aggregate functions are not allowed in GROUP BY", expr.offset);
  }
  for (const GroupingCall& call : grouping.calls) {
    if (!Contains(group, {call.id})) continue;
    return Error(sqlstate::kGroupingError, "grouping operations are not allowed in GROUP BY", expr.offset);
  }
  if (group->type.id == TypeId::kUnknown) return Coerce(group, TypeId::kText, CastContext::kImplicit);
  return ToCompared(group);
}

// GROUPING(a, b): a bit an argument, the last one lowest, set where the row's grouping set leaves it out.
StatusOr<const Expr*> Binder::BindGroupingCall(const ast::Call& call, const ExprContext& context) {
  if (context.aggregates == nullptr || context.grouping_calls == nullptr) {
    return Error(sqlstate::kGroupingError,
                 absl::StrCat("grouping operations are not allowed in ",
                              context.inside_aggregate ? std::string_view("aggregate functions") : context.clause),
                 call.offset);
  }
  if (call.arguments.empty() || call.arguments.size() > 31) {
    return Error(base::SqlState{"54023"}, "GROUPING takes 1 to 31 arguments", call.offset);
  }
  GroupingCall bound;
  bound.offset = call.offset;
  ExprContext inner = context;
  inner.aggregates = nullptr;
  inner.windows = nullptr;
  for (const ast::Expr* argument : call.arguments) {
    TURDB_ASSIGN_OR_RETURN(const Expr* expr, Bind(*argument, inner));
    bound.arguments.push_back(expr);
  }
  bound.id = NewColumn("grouping", TypeId::kInt32);
  context.grouping_calls->push_back(std::move(bound));
  return ColumnExpr(context.grouping_calls->back().id, Position(call.offset));
}

StatusOr<const Expr*> Binder::GroupingValue(const GroupingCall& call, const Grouping& grouping) {
  std::vector<size_t> places;
  for (const Expr* argument : call.arguments) {
    const auto found = std::find_if(grouping.groups.begin(), grouping.groups.end(),
                                    [&](const Expr* group) { return SameExpression(*group, *argument); });
    if (found == grouping.groups.end()) {
      return Error(sqlstate::kGroupingError, "arguments to GROUPING must be grouping expressions of the associated query level",
                   call.offset);
    }
    places.push_back(static_cast<size_t>(found - grouping.groups.begin()));
  }
  const auto number = [&](int32_t value) {
    return plan_.Constant(vec::Value::Int32(value), TypeId::kInt32, Position(call.offset));
  };
  // CASE on the number of the set; the last one is the ELSE.
  std::vector<const Expr*> operands;
  for (size_t s = 0; s < grouping.sets.size(); ++s) {
    uint32_t value = 0;
    for (const size_t place : places) {
      const std::vector<size_t>& set = grouping.sets[s];
      value = 2 * value + (std::find(set.begin(), set.end(), place) == set.end() ? 1 : 0);
    }
    if (s + 1 < grouping.sets.size()) {
      TURDB_ASSIGN_OR_RETURN(const Expr* is_set,
                             MakeOperator("=", {ColumnExpr(grouping.set_column), number(static_cast<int32_t>(s))}, -1));
      operands.push_back(is_set);
    }
    operands.push_back(number(static_cast<int32_t>(value)));
  }
  if (operands.empty()) return number(0);
  if (operands.size() == 1) return operands[0];
  return plan_.NewExpression(ExpressionKind::kCase, TypeId::kInt32, plan_.Copy(operands), Position(call.offset));
}

// A column of the query itself that is not grouped by: allowed when the primary key of its table is.
StatusOr<const Expr*> Binder::UngroupedColumn(const Expr* column, Grouping* grouping) {
  const ScopeRelation* owner = nullptr;
  for (const ScopeRelation& relation : grouping->scope->relations) {
    for (const ScopeColumn& c : relation.columns) {
      if (c.expr->kind == ExpressionKind::kColumn && c.expr->index == column->index) owner = &relation;
    }
    if (relation.get != nullptr &&
        std::find(relation.get->outputs.begin(), relation.get->outputs.end(), column->index) != relation.get->outputs.end()) {
      owner = &relation;
    }
  }
  if (owner == nullptr) return column;  // an aggregate's result, or an outer query's column
  if (owner->get != nullptr && !owner->get->relation->schema->primary_key.empty()) {
    bool all = true;
    for (const table::IndexPart& part : owner->get->relation->schema->primary_key) {
      const ColumnId id = owner->get->outputs[part.column];
      const auto found = std::find_if(grouping->groups.begin(), grouping->groups.end(), [&](const Expr* group) {
        return group->kind == ExpressionKind::kColumn && group->index == id;
      });
      const auto place = static_cast<size_t>(found - grouping->groups.begin());
      all &= found != grouping->groups.end() && std::all_of(grouping->sets.begin(), grouping->sets.end(), [&](const auto& set) {
               return std::find(set.begin(), set.end(), place) != set.end();
             });
    }
    if (all) {
      const size_t place = AddGroup(column, grouping);
      for (std::vector<size_t>& set : grouping->sets) set.push_back(place);
      return ColumnExpr(grouping->outputs[place], column->position);
    }
  }
  return base::WithPosition(
      base::MakeError(absl::StatusCode::kInvalidArgument, sqlstate::kGroupingError,
                      absl::StrCat("column \"", owner->alias, owner->alias.empty() ? "" : ".", columns_[column->index].name,
                                   "\" must appear in the GROUP BY clause or be used in an aggregate function")),
      column->position);
}

// The expression over the grouping's output.
StatusOr<const Expr*> Binder::AfterGrouping(const Expr* expr, Grouping* grouping) {
  for (size_t i = 0; i < grouping->groups.size(); ++i) {
    if (SameExpression(*expr, *grouping->groups[i])) return ColumnExpr(grouping->outputs[i], expr->position);
  }
  if (expr->kind == ExpressionKind::kColumn) {
    for (const GroupingCall& call : grouping->calls) {
      if (call.id == expr->index) return GroupingValue(call, *grouping);
    }
    return UngroupedColumn(expr, grouping);
  }
  if (expr->kind == ExpressionKind::kSubquery) {
    // Columns of this query that the subquery names must be grouped by, too.
    ColumnSet named(columns_.size());
    AddTreeColumns(subqueries_[static_cast<size_t>(expr->index)].query.root, &named);
    for (size_t id = 0; id < named.size(); ++id) {
      if (!named[id]) continue;
      const Expr* column = ColumnExpr(static_cast<ColumnId>(id), expr->position);
      const bool grouped = std::any_of(grouping->groups.begin(), grouping->groups.end(), [&](const Expr* group) {
        return group->kind == ExpressionKind::kColumn && group->index == column->index;
      });
      if (!grouped) TURDB_RETURN_IF_ERROR(UngroupedColumn(column, grouping).status());
    }
  }
  if (expr->arguments.empty()) return expr;
  std::vector<const Expr*> arguments;
  bool changed = false;
  for (const Expr* argument : expr->arguments) {
    TURDB_ASSIGN_OR_RETURN(const Expr* after, AfterGrouping(argument, grouping));
    changed |= after != argument;
    arguments.push_back(after);
  }
  if (!changed) return expr;
  Expr* copy = plan_.NewExpression(expr->kind, expr->type, plan_.Copy(arguments), expr->position);
  copy->try_cast = expr->try_cast;
  copy->index = expr->index;
  copy->call = expr->call;
  copy->value = expr->value;
  return copy;
}

}  // namespace turdb::sql
