// Comparisons of a cast column with a constant, without the cast: `date_column < timestamp '1995-01-01 00:00'` compares dates,
// and `price >= 0.05` integers of price's scale. The comparison then takes a key range, statistics and a kernel without a
// conversion a row (DuckDB and Spark have the rule under the name of "unwrap cast in comparison").
//
// It is done where the cast keeps order and tells all values apart. The constant is cast back, which may round; where it did,
// the operator changes with the side it was rounded to.
#include "function/registry.h"
#include "sql/bind/binder.h"

namespace turdb::sql {

using base::StatusOr;
using exec::ExpressionKind;
using function::CastContext;
using vec::Type;
using vec::TypeId;
using vec::Value;

namespace {

bool KeepsAllValuesInOrder(const Expr& cast) {
  const Type& from = cast.call->argument_types[0];
  const Type& to = cast.call->result_type;
  if (vec::IsText(from.id) || vec::IsText(to.id) || from.id == TypeId::kAny || to.id == TypeId::kAny) return false;
  if ((cast.call->flags & (function::kStable | function::kVolatile)) != 0) return false;
  if (from.id == TypeId::kDecimal && to.id == TypeId::kDecimal) {
    return to.scale >= from.scale && to.precision - to.scale >= from.precision - from.scale;
  }
  // What a date beyond the timestamps would raise, a comparison with it does not (PostgreSQL: date_lt_timestamp).
  const bool raises =
      (cast.call->flags & function::kCanRaise) != 0 && !(from.id == TypeId::kDate && to.id == TypeId::kTimestamp);
  const function::CastProperties* properties = function::FindCast(from.id, to.id);
  return properties != nullptr && properties->monotone && properties->lossless && !raises;
}

std::string_view Swapped(std::string_view op) {
  if (op == "<") return ">";
  if (op == "<=") return ">=";
  if (op == ">") return "<";
  if (op == ">=") return "<=";
  return op;
}

// What `x op value` is with the nearest value that x can have in its place: below it, or above it. Nothing for = and <>.
std::string_view Rounded(std::string_view op, bool down) {
  if (op == "<" || op == "<=") return down ? "<=" : "<";
  if (op == ">" || op == ">=") return down ? ">" : ">=";
  return {};
}

}  // namespace

StatusOr<const Expr*> Binder::UnwrapCast(std::string_view op, const Expr* comparison) {
  for (const int side : {0, 1}) {
    const Expr* cast = comparison->arguments[static_cast<size_t>(side)];
    const Expr* constant = comparison->arguments[static_cast<size_t>(1 - side)];
    if (cast->kind != ExpressionKind::kCast || cast->try_cast || constant->kind != ExpressionKind::kConstant ||
        constant->value->is_null() || constant->type != cast->type || !KeepsAllValuesInOrder(*cast)) {
      continue;
    }
    const Expr* inner = cast->arguments[0];
    const StatusOr<Value> narrow = function::CastValue(*constant->value, inner->type, CastContext::kExplicit, call_context_);
    if (!narrow.ok() || narrow->is_null()) return comparison;  // beyond all that x can be
    const StatusOr<Value> back = function::EvaluateValues(*cast->call, {&*narrow, 1}, call_context_);
    if (!back.ok() || back->is_null()) return comparison;
    const Type types[] = {cast->type, cast->type};
    TURDB_ASSIGN_OR_RETURN(const function::BoundCall less, function::ResolveOperator("<", types));
    const auto is_less = [&](const Value& a, const Value& b) {
      const Value values[] = {a, b};
      const StatusOr<Value> result = function::EvaluateValues(less, values, call_context_);
      return result.ok() && !result->is_null() && result->AsBool();
    };
    std::string_view narrow_op = side == 0 ? op : Swapped(op);
    const bool down = is_less(*back, *constant->value);
    if (down || is_less(*constant->value, *back)) {
      narrow_op = Rounded(narrow_op, down);
      if (narrow_op.empty()) {  // x is never equal: false or true, and NULL where x is
        if (inner->kind != ExpressionKind::kColumn) return comparison;
        return MakeOperator(op == "=" ? "<>" : "=", {inner, inner}, comparison->position);
      }
    }
    return MakeOperator(narrow_op, {inner, plan_.Constant(*narrow, inner->type, constant->position)}, comparison->position);
  }
  return comparison;
}

}  // namespace turdb::sql
