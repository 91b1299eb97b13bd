// Calls: functions, the forms that are no functions (COALESCE, NULLIF ...), aggregates.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "function/aggregate.h"
#include "function/parameter_names.h"
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
  const std::string_view name = call.name.last().text;
  TURDB_RETURN_IF_ERROR(Authorize(AccessKind::kFunction, {}, name, {}, call.offset));
  if (static_cast<int64_t>(call.arguments.size()) > context_.limits.function_arguments) {
    return At(base::LimitError(absl::StrCat("function ", name, " is called with ", call.arguments.size(),
                                            " arguments; the limit is ", context_.limits.function_arguments)),
              call.offset);
  }
  bool special = false;
  if (context_.catalog->has_functions() && call.over == nullptr) {
    TURDB_ASSIGN_OR_RETURN(const Expr* const of_user, BindUserCall(call, context, &special));
    if (special) return of_user;
  }
  TURDB_RETURN_IF_ERROR(CheckFunctionSchema(call));
  if (call.variadic) {
    ast::Call spread = call;
    TURDB_ASSIGN_OR_RETURN(const Expr* const made, BindVariadicCall(call, name, context, &spread));
    return made != nullptr ? StatusOr<const Expr*>(made) : BindCall(spread, context);
  }
  if (call.within_group && call.over != nullptr) {
    return Unsupported(absl::StrCat("OVER for ordered-set aggregate ", name), call.offset);
  }
  if (call.over != nullptr) return BindWindowCall(call, name, context);
  if (call.within_group && IsHypothetical(name)) return BindHypothetical(call, name, context);
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
  if (call.name.parts.size() == 1 && IsHostScalar(name)) {
    TURDB_ASSIGN_OR_RETURN(const Expr* of_host, BindHostCall(call, name, context, &special));
    if (special) return of_host;
  }
  if (call.name.parts.size() == 1 && IsHostTable(name)) {
    return base::WithHint(Unsupported(absl::StrCat(name, ", which gives rows, in an expression"), call.offset),
                          "Call it in FROM.");
  }
  TURDB_ASSIGN_OR_RETURN(const Expr* result, BindSpecialCall(name, call, context, &special));
  if (special) return result;
  TURDB_ASSIGN_OR_RETURN(result, BindJsonCall(call, name, context, &special));
  if (special) return result;
  TURDB_ASSIGN_OR_RETURN(result, BindStructCall(call, name, context, &special));
  if (special) return result;
  TURDB_ASSIGN_OR_RETURN(result, BindLambdaCall(call, name, context, &special));
  if (special) return result;
  if (function::IsSetFunction(name) && !function::IsFunction(name)) return BindSetCall(call, context);
  // SQLite's max(a, b) and min(a, b) are functions.
  const bool extreme = (name == "max" || name == "min") && call.arguments.size() > 1;
  if (IsAggregate(name) && !extreme) return BindAggregate(call, name, context);
  if (call.star || call.distinct || call.filter != nullptr || !call.order_by.empty()) {
    if (!function::IsFunction(name)) {
      return HintAtHost(Error(sqlstate::kUndefinedFunction, absl::StrCat("function ", name, " does not exist"), call.offset),
                        name);
    }
    return Error(base::SqlState{"42809"}, absl::StrCat(name, " is not an aggregate function"), call.offset);
  }
  TURDB_ASSIGN_OR_RETURN(std::vector<const Expr*> arguments, BindArguments(call, name, context));
  if ((name == "nextval" || name == "currval" || name == "setval") && !arguments.empty()) {
    TURDB_ASSIGN_OR_RETURN(arguments[0], NamedRelation(arguments[0]));
  }
  auto made = MakeFunction(name, arguments, Position(call.offset));
  if (!made.ok()) return HintAtHost(made.status(), name);
  return made;
}

// What takes any number of arguments takes the elements of an array in their place.
StatusOr<const Expr*> Binder::BindVariadicCall(const ast::Call& call, std::string_view name, const ExprContext& context,
                                               ast::Call* spread) {
  spread->variadic = false;
  const ast::Expr* const last = call.arguments.empty() ? nullptr : call.arguments.back();
  if (last == nullptr) return Error(sqlstate::kSyntaxError, "VARIADIC needs an argument", call.offset);
  const size_t before = call.arguments.size() - 1;
  if (last->kind == ast::ExprKind::kArray) {  // written out
    const auto elements = ast::As<ast::Array>(*last).elements;
    const ast::List<ast::Expr*> arguments = arena_.NewArray<ast::Expr*>(before + elements.size());
    std::copy(call.arguments.begin(), call.arguments.end() - 1, arguments.begin());
    std::copy(elements.begin(), elements.end(), arguments.begin() + static_cast<ptrdiff_t>(before));
    spread->arguments = arguments;
    return nullptr;
  }
  const int32_t position = Position(call.offset);
  TURDB_ASSIGN_OR_RETURN(const Expr* const array, Bind(*last, context));
  if (array->type.id != TypeId::kArray) {
    return Error(sqlstate::kDatatypeMismatch, "VARIADIC argument must be an array", last->offset);
  }
  std::vector<const Expr*> others;
  for (const ast::Expr* argument : call.arguments.first(before)) {
    TURDB_ASSIGN_OR_RETURN(const Expr* const bound, Bind(*argument, context));
    others.push_back(bound);
  }
  const auto joined = [&](const Expr* separator) { return MakeFunction("array_to_string", {array, separator}, position); };
  if (name == "concat") {
    TURDB_ASSIGN_OR_RETURN(const Expr* const text, joined(plan_.Constant(vec::Value::Text(""), TypeId::kText, position)));
    others.push_back(text);
    return others.size() == 1 ? StatusOr<const Expr*>(text) : MakeFunction(name, others, position);
  }
  if (name == "concat_ws" && before == 1) return joined(others[0]);
  if ((name == "json_build_array" || name == "jsonb_build_array") && before == 0) {
    return MakeFunction(name == "jsonb_build_array" ? "to_jsonb" : "to_json", {array}, position);
  }
  if ((name == "json_build_object" || name == "jsonb_build_object") && before == 0 &&
      vec::IsText(array->type.element_type().id)) {
    return MakeFunction(name == "jsonb_build_object" ? "jsonb_object" : "json_object", {array}, position);
  }
  return base::WithHint(Unsupported(absl::StrCat("VARIADIC of an array that is not written out, for ", name, ","), call.offset),
                        "ARRAY[...] is taken apart when the call is bound.");
}

// Built-in functions are in pg_catalog.
base::Status Binder::CheckFunctionSchema(const ast::Call& call) const {
  if (call.name.parts.size() < 2 || call.name.parts[0].text == "pg_catalog") return absl::OkStatus();
  const std::string_view schema = call.name.parts[0].text;
  if (context_.catalog->FindSchema(schema) == nullptr) {
    return Error(sqlstate::kUndefinedSchema, absl::StrCat("schema \"", schema, "\" does not exist"), call.offset);
  }
  return Error(sqlstate::kUndefinedFunction, absl::StrCat("function ", schema, ".", call.name.last().text, " does not exist"),
               call.offset);
}

// In the order of the function's parameters, whichever way the call names them.
StatusOr<std::vector<const Expr*>> Binder::BindArguments(const ast::Call& call, std::string_view name,
                                                         const ExprContext& context) {
  std::vector<const Expr*> arguments;
  const std::span<const function::Parameter> parameters = function::ParametersOf(name);
  bool named = false;
  for (const ast::Expr* argument : call.arguments) {
    if (argument->kind != ast::ExprKind::kNamedArgument) {
      if (named) return Error(sqlstate::kSyntaxError, "positional argument cannot follow named argument", argument->offset);
      TURDB_ASSIGN_OR_RETURN(const Expr* bound, Bind(*argument, context));
      arguments.push_back(bound);
      continue;
    }
    named = true;
    const auto& given = ast::As<ast::NamedArgument>(*argument);
    size_t place = 0;
    while (place < parameters.size() && parameters[place].name != given.name.text) ++place;
    if (place == parameters.size()) {
      return Error(sqlstate::kUndefinedFunction, absl::StrCat("function ", name, " has no parameter named ", given.name.text),
                   argument->offset);
    }
    if (arguments.size() <= place) arguments.resize(place + 1);
    if (arguments[place] != nullptr) {
      return Error(sqlstate::kSyntaxError, absl::StrCat("argument name \"", given.name.text, "\" used more than once"),
                   argument->offset);
    }
    TURDB_ASSIGN_OR_RETURN(arguments[place], Bind(*given.value, context));
  }
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] != nullptr) continue;
    if (parameters[i].otherwise.empty()) {
      return Error(sqlstate::kUndefinedFunction,
                   absl::StrCat("the call of function ", name, " lacks its parameter ", parameters[i].name), call.offset);
    }
    arguments[i] =
        plan_.Constant(vec::Value::Unknown(std::string(parameters[i].otherwise)), TypeId::kUnknown, Position(call.offset));
  }
  return arguments;
}

StatusOr<const Expr*> Binder::BindSpecialCall(std::string_view name, const ast::Call& call, const ExprContext& context,
                                              bool* special) {
  const int32_t position = Position(call.offset);
  const size_t count = call.arguments.size();
  const bool coalesce = name == "coalesce" || (name == "ifnull" && count == 2);
  const bool nullif = name == "nullif" && count == 2;
  const bool iif = (name == "iif" || name == "if") && count == 3;
  if (name == "overlaps" && count == 4) {  // a second value that is an interval says how long
    *special = true;
    TURDB_ASSIGN_OR_RETURN(std::vector<const Expr*> ends, BindArguments(call, name, context));
    for (const size_t end : {size_t{1}, size_t{3}}) {
      if (ends[end]->type.id != TypeId::kInterval) continue;
      TURDB_ASSIGN_OR_RETURN(ends[end], MakeOperator("+", {ends[end - 1], ends[end]}, position));
    }
    return MakeFunction(name, ends, position);
  }
  *special = (coalesce || nullif || iif) && count > 0 && !call.distinct && call.filter == nullptr;
  if (!*special) return nullptr;
  std::vector<const Expr*> arguments;
  for (const ast::Expr* argument : call.arguments) {
    TURDB_ASSIGN_OR_RETURN(const Expr* bound, Bind(*argument, context));
    arguments.push_back(bound);
  }
  CollationState collation;
  const auto make = [&](ExpressionKind kind, const Type& type, std::vector<const Expr*> operands) -> const Expr* {
    const Expr* const made = plan_.NewExpression(kind, type, plan_.Copy(operands), position);
    NoteCollation(made, collation);
    return made;
  };
  if (coalesce) {
    TURDB_RETURN_IF_ERROR(Unify(&arguments, "COALESCE", call.offset, &collation));
    return make(ExpressionKind::kCoalesce, arguments[0]->type, arguments);
  }
  if (nullif) {  // CASE WHEN a = b THEN NULL ELSE a END
    TURDB_ASSIGN_OR_RETURN(const Expr* equal, MakeOperator("=", {arguments[0], arguments[1]}, position));
    const Expr* first = arguments[0];
    if (first->type.id == TypeId::kUnknown) {
      TURDB_ASSIGN_OR_RETURN(first, Coerce(first, TypeId::kText, CastContext::kImplicit));
    }
    collation = CollationOf(first);
    return make(ExpressionKind::kCase, first->type, {equal, NullConstant(first->type, call.offset), first});
  }
  // IIF(condition, a, b)
  TURDB_ASSIGN_OR_RETURN(const Expr* condition, ToCondition(arguments[0], "IIF", call.offset));
  TURDB_ASSIGN_OR_RETURN(const auto both, UnifyPair(arguments[1], arguments[2], "IIF", call.offset, &collation));
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
  if (call.within_group) TURDB_RETURN_IF_ERROR(BindWithinGroup(call, inner, &aggregate));
  const bool of_host = HostIsVisible() && !context_.host->AggregatesOf(name).empty();
  if (!call.within_group && !of_host && name.starts_with("percentile_")) {
    return Error(base::SqlState{"42809"}, absl::StrCat("WITHIN GROUP is required for ordered-set aggregate ", name),
                 call.offset);
  }
  if (body_ != nullptr) {  // an argument of a macro may be an aggregate itself
    ColumnSet named(columns_.size());
    for (const Expr* argument : aggregate.arguments) AddColumns(argument, &named);
    for (const ColumnId id : *context.aggregate_outputs) {
      if (!named[static_cast<size_t>(id)]) continue;
      return Error(sqlstate::kGroupingError, "aggregate function calls cannot be nested", call.offset);
    }
  }
  const std::string_view shown = name;
  if (!of_host) TURDB_RETURN_IF_ERROR(AggregateByKeys(&name, &aggregate));
  for (const Expr* argument : aggregate.arguments) types.push_back(argument->type.WithCollation(vec::Collation::kBinary));
  if (call.star && name != "count") {
    return Error(sqlstate::kUndefinedFunction, absl::StrCat("function ", name, "(*) does not exist"), call.offset);
  }
  auto resolved = ResolveAggregate(name, types);
  if (!resolved.ok()) return At(resolved.status(), call.offset);
  CollationState collation;
  TURDB_RETURN_IF_ERROR(CollateAggregate(&*resolved, aggregate.arguments, &collation, aggregate.position));
  for (size_t i = 0; i < aggregate.arguments.size(); ++i) {
    TURDB_ASSIGN_OR_RETURN(aggregate.arguments[i],
                           Coerce(aggregate.arguments[i], resolved->argument_types[i], CastContext::kImplicit));
  }
  if (call.filter != nullptr) {
    inner.clause = "FILTER";
    TURDB_ASSIGN_OR_RETURN(aggregate.filter, BindCondition(*call.filter, inner));
  }
  const bool ordered_set = resolved->function->ordered_set;
  if (call.within_group && !ordered_set) {
    return Error(base::SqlState{"42809"},
                 absl::StrCat(name, " is not an ordered-set aggregate, so it cannot have WITHIN GROUP"), call.offset);
  }
  for (size_t i = 1; ordered_set && i < aggregate.arguments.size(); ++i) {
    if (exec::IsRowIndependent(*aggregate.arguments[i])) continue;
    return base::WithHint(
        Unsupported("a direct argument of an ordered-set aggregate that differs from row to row", call.offset),
        "write a constant, a parameter or a subquery that stands alone");
  }
  if (ordered_set && !call.within_group) {
    aggregate.order.push_back({aggregate.arguments[0], false, false});  // DuckDB's functions sort themselves
  }
  for (const ast::OrderItem& item : call.order_by) {
    LogicalSortKey key;
    if (ordered_set) {
      key.expression = aggregate.arguments[0];
    } else {
      TURDB_ASSIGN_OR_RETURN(key.expression, Bind(*item.expr, inner));
      TURDB_ASSIGN_OR_RETURN(key.expression, ToCompared(key.expression));
      TURDB_ASSIGN_OR_RETURN(key.expression,
                             Coerce(key.expression, function::ResolveUnknown(key.expression->type), CastContext::kImplicit));
    }
    key.descending = item.direction == ast::Direction::kDescending;
    key.nulls_first = item.nulls == ast::NullsOrder::kDefault ? key.descending : item.nulls == ast::NullsOrder::kFirst;
    aggregate.order.push_back(key);
  }
  if (resolved->function->ignores_duplicates) aggregate.distinct = false;
  if (aggregate.distinct) {
    TURDB_RETURN_IF_ERROR(RefuseHostCollation(collation, "DISTINCT of an aggregate", aggregate.position));
  }
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
  const ColumnId id = NewColumn(arena_.Copy(shown), resolved->result_type);
  if (resolved->result_type.collates() && collation.strength != CollationStrength::kNone) SetCollation(id, collation);
  aggregate.function = plan_.Own(*std::move(resolved));
  context.aggregates->push_back(std::move(aggregate));
  context.aggregate_outputs->push_back(id);
  return ColumnExpr(id, Position(call.offset));
}

// By a collation of the host the least text is the first one in the order of keys, and count counts keys.
base::Status Binder::AggregateByKeys(std::string_view* name, LogicalAggregate* aggregate) {
  const bool extreme = (*name == "min" || *name == "max") && aggregate->arguments.size() == 1;
  if (!extreme && !(*name == "count" && aggregate->distinct)) return absl::OkStatus();
  for (const Expr*& argument : aggregate->arguments) {
    if (!IsHosts(CollationOf(argument))) continue;
    TURDB_ASSIGN_OR_RETURN(const Expr* key, ToCompared(argument));
    if (!extreme) {
      argument = key;
      continue;
    }
    aggregate->order.push_back({key, *name == "max", false});
    aggregate->distinct = false;
    *name = "any_value";
  }
  return absl::OkStatus();
}

// The value that WITHIN GROUP sorts by becomes the first argument.
base::Status Binder::BindWithinGroup(const ast::Call& call, const ExprContext& context, LogicalAggregate* aggregate) {
  if (call.distinct) {
    return Error(sqlstate::kSyntaxError, "cannot use DISTINCT with WITHIN GROUP", call.offset);
  }
  if (call.order_by.size() != 1) return Unsupported("WITHIN GROUP over several values", call.offset);
  TURDB_ASSIGN_OR_RETURN(const Expr* value, Bind(*call.order_by[0].expr, context));
  TURDB_ASSIGN_OR_RETURN(value, Coerce(value, function::ResolveUnknown(value->type), CastContext::kImplicit));
  aggregate->arguments.insert(aggregate->arguments.begin(), value);
  return absl::OkStatus();
}

}  // namespace turdb::sql
