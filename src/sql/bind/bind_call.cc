// Calls: functions, the forms that are no functions (COALESCE, NULLIF ...), aggregates.
#include "absl/strings/str_cat.h"
#include "function/aggregate.h"
#include "function/registry.h"
#include "function/window.h"
#include "sql/bind/binder.h"

namespace turdb::sql {

using base::StatusOr;
using exec::ExpressionKind;
using function::CastContext;
using vec::Type;
using vec::TypeId;
namespace sqlstate = base::sqlstate;

StatusOr<const Expr*> Binder::BindCall(const ast::Call& call, const ExprContext& context) {
  if (call.name.parts.size() > 2) return Unsupported("a function's name with a database in it", call.offset);
  if (call.name.parts.size() == 2 && call.name.parts[0].text != "pg_catalog") {
    return Unsupported("a function of a schema", call.offset);
  }
  const std::string_view name = call.name.last().text;
  if (call.variadic) return Unsupported("VARIADIC", call.offset);
  if (call.within_group) return Unsupported("WITHIN GROUP", call.offset);
  if (call.over != nullptr) return BindWindowCall(call, name, context);
  if (function::FindWindowFunction(name) != nullptr) {
    return Error(base::SqlState{"42809"}, absl::StrCat("window function ", name, " requires an OVER clause"), call.offset);
  }
  if (name == "grouping" || name == "grouping_id") return BindGroupingCall(call, context);
  if (name == "raise") return BindRaise(call, context);
  if (name == "merge_action" && call.arguments.empty()) {
    if (merge_action_ >= 0) return ColumnExpr(merge_action_, Position(call.offset));
    return Error(sqlstate::kSyntaxError, "MERGE_ACTION() can only be used in the RETURNING list of a MERGE command",
                 call.offset);
  }
  bool special = false;
  TURDB_ASSIGN_OR_RETURN(const Expr* result, BindSpecialCall(name, call, context, &special));
  if (special) return result;
  TURDB_ASSIGN_OR_RETURN(result, BindJsonCall(call, name, context, &special));
  if (special) return result;
  if (function::IsSetFunction(name) && !function::IsFunction(name)) return BindSetCall(call, context);
  // SQLite's max(a, b) and min(a, b) are functions.
  const bool extreme = (name == "max" || name == "min") && call.arguments.size() > 1;
  if (function::IsAggregate(name) && !extreme) return BindAggregate(call, name, context);
  if (call.star || call.distinct || call.filter != nullptr || !call.order_by.empty()) {
    if (!function::IsFunction(name)) {
      return Error(sqlstate::kUndefinedFunction, absl::StrCat("function ", name, " does not exist"), call.offset);
    }
    return Error(base::SqlState{"42809"}, absl::StrCat(name, " is not an aggregate function"), call.offset);
  }
  std::vector<const Expr*> arguments;
  for (const ast::Expr* argument : call.arguments) {
    TURDB_ASSIGN_OR_RETURN(const Expr* bound, Bind(*argument, context));
    arguments.push_back(bound);
  }
  if ((name == "nextval" || name == "currval" || name == "setval") && !arguments.empty()) {
    TURDB_ASSIGN_OR_RETURN(arguments[0], NamedRelation(arguments[0]));
  }
  return MakeFunction(name, arguments, Position(call.offset));
}

StatusOr<const Expr*> Binder::BindSpecialCall(std::string_view name, const ast::Call& call, const ExprContext& context,
                                              bool* special) {
  const int32_t position = Position(call.offset);
  const size_t count = call.arguments.size();
  const bool coalesce = name == "coalesce" || (name == "ifnull" && count == 2);
  const bool nullif = name == "nullif" && count == 2;
  const bool iif = (name == "iif" || name == "if") && count == 3;
  *special = (coalesce || nullif || iif) && count > 0 && !call.distinct && call.filter == nullptr;
  if (!*special) return nullptr;
  std::vector<const Expr*> arguments;
  for (const ast::Expr* argument : call.arguments) {
    TURDB_ASSIGN_OR_RETURN(const Expr* bound, Bind(*argument, context));
    arguments.push_back(bound);
  }
  const auto make = [&](ExpressionKind kind, const Type& type, std::vector<const Expr*> operands) -> const Expr* {
    return plan_.NewExpression(kind, type, plan_.Copy(operands), position);
  };
  if (coalesce) {
    TURDB_RETURN_IF_ERROR(Unify(&arguments, "COALESCE", call.offset));
    return make(ExpressionKind::kCoalesce, arguments[0]->type, arguments);
  }
  if (nullif) {  // CASE WHEN a = b THEN NULL ELSE a END
    TURDB_ASSIGN_OR_RETURN(const Expr* equal, MakeOperator("=", {arguments[0], arguments[1]}, position));
    const Expr* first = arguments[0];
    if (first->type.id == TypeId::kUnknown) {
      TURDB_ASSIGN_OR_RETURN(first, Coerce(first, TypeId::kText, CastContext::kImplicit));
    }
    return make(ExpressionKind::kCase, first->type, {equal, NullConstant(first->type, call.offset), first});
  }
  // IIF(condition, a, b)
  TURDB_ASSIGN_OR_RETURN(const Expr* condition, ToCondition(arguments[0], "IIF", call.offset));
  TURDB_ASSIGN_OR_RETURN(const auto both, UnifyPair(arguments[1], arguments[2], "IIF", call.offset));
  return make(ExpressionKind::kCase, both.first->type, {condition, both.first, both.second});
}

StatusOr<const Expr*> Binder::BindAggregate(const ast::Call& call, std::string_view name, const ExprContext& context) {
  if (context.inside_aggregate) {
    return Error(sqlstate::kGroupingError, "aggregate function calls cannot be nested", call.offset);
  }
  if (context.aggregates == nullptr) {
    return Error(sqlstate::kGroupingError, absl::StrCat("aggregate functions are not allowed in ", context.clause),
                 call.offset);
  }
  ExprContext inner = context;
  inner.inside_aggregate = true;
  inner.aggregates = nullptr;
  LogicalAggregate aggregate;
  aggregate.distinct = call.distinct;
  aggregate.position = Position(call.offset);
  std::vector<Type> types;
  inner.set_calls = nullptr;
  TURDB_ASSIGN_OR_RETURN(aggregate.arguments, BindJsonAggregateArguments(call, &name, inner));
  for (const Expr* argument : aggregate.arguments) types.push_back(argument->type);
  if (call.star && name != "count") {
    return Error(sqlstate::kUndefinedFunction, absl::StrCat("function ", name, "(*) does not exist"), call.offset);
  }
  auto resolved = function::ResolveAggregate(name, types);
  if (!resolved.ok()) return At(resolved.status(), call.offset);
  for (size_t i = 0; i < aggregate.arguments.size(); ++i) {
    TURDB_ASSIGN_OR_RETURN(aggregate.arguments[i],
                           Coerce(aggregate.arguments[i], resolved->argument_types[i], CastContext::kImplicit));
  }
  if (call.filter != nullptr) {
    inner.clause = "FILTER";
    TURDB_ASSIGN_OR_RETURN(aggregate.filter, BindCondition(*call.filter, inner));
  }
  for (const ast::OrderItem& item : call.order_by) {
    LogicalSortKey key;
    TURDB_ASSIGN_OR_RETURN(key.expression, Bind(*item.expr, inner));
    TURDB_ASSIGN_OR_RETURN(key.expression,
                           Coerce(key.expression, function::ResolveUnknown(key.expression->type), CastContext::kImplicit));
    key.descending = item.direction == ast::Direction::kDescending;
    key.nulls_first = item.nulls == ast::NullsOrder::kDefault ? key.descending : item.nulls == ast::NullsOrder::kFirst;
    aggregate.order.push_back(key);
  }
  if (resolved->function->ignores_duplicates) aggregate.distinct = false;
  // Where the order shows, distinct values come sorted, as PostgreSQL's do.
  if (aggregate.distinct && aggregate.order.empty() && resolved->function->order_sensitive) {
    for (const Expr* argument : aggregate.arguments) aggregate.order.push_back({argument, false, false});
  }
  // The same call twice is computed once.
  for (size_t i = 0; i < context.aggregates->size(); ++i) {
    const LogicalAggregate& other = (*context.aggregates)[i];
    if (other.function->function != resolved->function || other.distinct != aggregate.distinct || other.filter != nullptr ||
        aggregate.filter != nullptr || !other.order.empty() || !aggregate.order.empty() ||
        other.arguments.size() != aggregate.arguments.size()) {
      continue;
    }
    bool same = true;
    for (size_t a = 0; a < aggregate.arguments.size(); ++a) same &= exec::Equal(*other.arguments[a], *aggregate.arguments[a]);
    if (same) return ColumnExpr((*context.aggregate_outputs)[i], aggregate.position);
  }
  const ColumnId id = NewColumn(arena_.Copy(name), resolved->result_type);
  aggregate.function = plan_.Own(*std::move(resolved));
  context.aggregates->push_back(std::move(aggregate));
  context.aggregate_outputs->push_back(id);
  return ColumnExpr(id, Position(call.offset));
}

}  // namespace turdb::sql
