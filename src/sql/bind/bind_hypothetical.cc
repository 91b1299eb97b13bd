// Hypothetical-set aggregates: rank(v) WITHIN GROUP (ORDER BY x) and its kin say which place v would have among the rows of
// the group. They are counts of the rows that would stand before it, and become just that.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "function/registry.h"
#include "sql/bind/binder.h"

namespace turdb::sql {

using base::StatusOr;
using exec::ExpressionKind;
using function::CastContext;
using vec::TypeId;
namespace sqlstate = base::sqlstate;

bool Binder::IsHypothetical(std::string_view name) {
  return name == "rank" || name == "dense_rank" || name == "percent_rank" || name == "cume_dist";
}

// A count among the aggregates of the query: of rows, or of distinct values.
StatusOr<const Expr*> Binder::AddCount(const Expr* distinct, std::vector<const Expr*> filter, const ExprContext& context,
                                       int32_t position) {
  LogicalAggregate aggregate;
  aggregate.position = position;
  aggregate.distinct = distinct != nullptr;
  std::vector<vec::Type> types;
  if (distinct != nullptr) {
    aggregate.arguments = {distinct};
    types = {distinct->type};
  }
  if (!filter.empty()) aggregate.filter = And(std::move(filter), position);
  auto resolved = function::ResolveAggregate("count", types);
  if (!resolved.ok()) return base::WithPosition(resolved.status(), position);
  if (distinct != nullptr) {
    TURDB_ASSIGN_OR_RETURN(aggregate.arguments[0], Coerce(distinct, resolved->argument_types[0], CastContext::kImplicit));
  }
  const ColumnId id = NewColumn("count", resolved->result_type);
  aggregate.function = plan_.Own(*std::move(resolved));
  context.aggregates->push_back(std::move(aggregate));
  context.aggregate_outputs->push_back(id);
  return ColumnExpr(id, position);
}

StatusOr<std::vector<Binder::HypotheticalKey>> Binder::BindHypotheticalKeys(const ast::Call& call, std::string_view name,
                                                                            const ExprContext& context) {
  if (call.distinct) return Error(sqlstate::kSyntaxError, "cannot use DISTINCT with WITHIN GROUP", call.offset);
  if (call.arguments.size() != call.order_by.size()) {
    return base::WithHint(
        Error(sqlstate::kUndefinedFunction, absl::StrCat("function ", name, " does not exist for these arguments"),
              call.offset),
        absl::StrCat("To use the hypothetical-set aggregate ", name, ", the number of hypothetical direct arguments (here ",
                     call.arguments.size(), ") must match the number of ordering columns (here ", call.order_by.size(), ")."));
  }
  std::vector<HypotheticalKey> keys;
  for (size_t i = 0; i < call.arguments.size(); ++i) {
    const ast::OrderItem& item = call.order_by[i];
    HypotheticalKey key;
    TURDB_ASSIGN_OR_RETURN(const Expr* value, Bind(*call.arguments[i], context));
    if (!exec::IsRowIndependent(*value)) {
      return base::WithHint(
          Unsupported("a direct argument of an ordered-set aggregate that differs from row to row", call.arguments[i]->offset),
          "write a constant, a parameter or a subquery that stands alone");
    }
    TURDB_ASSIGN_OR_RETURN(const Expr* sorted, Bind(*item.expr, context));
    TURDB_ASSIGN_OR_RETURN(const auto both, UnifyPair(value, sorted, "WITHIN GROUP", call.arguments[i]->offset, nullptr));
    key.value = both.first;
    key.sorted = both.second;
    key.descending = item.direction == ast::Direction::kDescending;
    key.nulls_first = item.nulls == ast::NullsOrder::kDefault ? key.descending : item.nulls == ast::NullsOrder::kFirst;
    keys.push_back(key);
  }
  return keys;
}

// Whether a row's keys stand before the values, from key `from` on; `or_equal`: or in the same place.
StatusOr<const Expr*> Binder::StandsBefore(const std::vector<HypotheticalKey>& keys, size_t from, bool or_equal,
                                           int32_t position) {
  const auto make = [&](ExpressionKind kind, std::vector<const Expr*> arguments) -> const Expr* {
    return plan_.NewExpression(kind, TypeId::kBoolean, plan_.Copy(arguments), position);
  };
  if (from == keys.size()) return plan_.Constant(vec::Value::Boolean(or_equal), TypeId::kBoolean, position);
  const HypotheticalKey& key = keys[from];
  const Expr* const null_one = key.nulls_first ? key.sorted : key.value;
  const Expr* const other = key.nulls_first ? key.value : key.sorted;
  const Expr* const by_null =
      And({make(ExpressionKind::kIsNull, {null_one}), make(ExpressionKind::kIsNotNull, {other})}, position);
  TURDB_ASSIGN_OR_RETURN(const Expr* const by_value,
                         MakeOperator(key.descending ? ">" : "<", {key.sorted, key.value}, position));
  TURDB_ASSIGN_OR_RETURN(const Expr* const rest, StandsBefore(keys, from + 1, or_equal, position));
  const Expr* const same = And({make(ExpressionKind::kIsNotDistinct, {key.sorted, key.value}), rest}, position);
  return make(ExpressionKind::kOr, {by_null, by_value, same});
}

// The distinct keys among the rows that pass `filter`. One key alone is counted as it is, NULL by hand.
StatusOr<const Expr*> Binder::CountDistinctKeys(const std::vector<HypotheticalKey>& keys,
                                                const std::vector<const Expr*>& filter, const ExprContext& context,
                                                int32_t position) {
  if (keys.size() == 1) {
    TURDB_ASSIGN_OR_RETURN(const Expr* const values, AddCount(keys[0].sorted, filter, context, position));
    std::vector<const Expr*> null_filter = filter;
    null_filter.push_back(plan_.NewExpression(ExpressionKind::kIsNull, TypeId::kBoolean,
                                              plan_.Copy(std::vector<const Expr*>{keys[0].sorted}), position));
    TURDB_ASSIGN_OR_RETURN(const Expr* const nulls, AddCount(nullptr, null_filter, context, position));
    const Expr* const one = plan_.Constant(vec::Value::Int64(1), TypeId::kInt64, position);
    TURDB_ASSIGN_OR_RETURN(const Expr* const one_null, MakeFunction("least", {nulls, one}, position));
    return MakeOperator("+", {values, one_null}, position);
  }
  std::vector<const Expr*> parts;
  for (const HypotheticalKey& key : keys) {
    if (key.sorted->type.collation() != vec::Collation::kBinary) {
      return base::WithPosition(
          base::UnsupportedError("dense_rank within groups over several keys with collations is not supported"), position);
    }
    parts.push_back(key.sorted);
  }
  TURDB_ASSIGN_OR_RETURN(const Expr* const row, MakeFunction("jsonb_build_array", parts, position));
  return AddCount(row, filter, context, position);
}

StatusOr<const Expr*> Binder::BindHypothetical(const ast::Call& call, std::string_view name, const ExprContext& context) {
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
  inner.set_calls = nullptr;
  const int32_t position = Position(call.offset);
  TURDB_ASSIGN_OR_RETURN(const std::vector<HypotheticalKey> keys, BindHypotheticalKeys(call, name, inner));
  std::vector<const Expr*> all;
  if (call.filter != nullptr) {
    inner.clause = "FILTER";
    TURDB_ASSIGN_OR_RETURN(const Expr* const filter, BindCondition(*call.filter, inner));
    all.push_back(filter);
  }
  TURDB_ASSIGN_OR_RETURN(const Expr* const stands_before, StandsBefore(keys, 0, name == "cume_dist", position));
  std::vector<const Expr*> before = all;
  before.push_back(stands_before);
  const Expr* const one = plan_.Constant(vec::Value::Int64(1), TypeId::kInt64, position);
  if (name == "dense_rank") {
    TURDB_ASSIGN_OR_RETURN(const Expr* const distinct, CountDistinctKeys(keys, before, context, position));
    return MakeOperator("+", {distinct, one}, position);
  }
  TURDB_ASSIGN_OR_RETURN(const Expr* counted, AddCount(nullptr, before, context, position));
  if (name == "rank") return MakeOperator("+", {counted, one}, position);
  TURDB_ASSIGN_OR_RETURN(const Expr* rows, AddCount(nullptr, all, context, position));
  if (name == "cume_dist") {  // the row that is not there counts
    TURDB_ASSIGN_OR_RETURN(counted, MakeOperator("+", {counted, one}, position));
    TURDB_ASSIGN_OR_RETURN(rows, MakeOperator("+", {rows, one}, position));
  }
  TURDB_ASSIGN_OR_RETURN(counted, Coerce(counted, TypeId::kDouble, CastContext::kImplicit));
  TURDB_ASSIGN_OR_RETURN(rows, Coerce(rows, TypeId::kDouble, CastContext::kImplicit));
  if (name == "percent_rank") {  // of no rows: 0
    TURDB_ASSIGN_OR_RETURN(const Expr* const some, Coerce(one, TypeId::kDouble, CastContext::kImplicit));
    TURDB_ASSIGN_OR_RETURN(rows, MakeFunction("greatest", {rows, some}, position));
  }
  return MakeOperator("/", {counted, rows}, position);
}

}  // namespace turdb::sql
