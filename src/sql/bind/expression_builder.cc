// Typed expressions: choosing operators and functions, casting operands, folding constants.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "function/registry.h"
#include "sql/bind/binder.h"

namespace turdb::sql {

using base::Status;
using base::StatusOr;
using exec::ExpressionKind;
using function::CastContext;
using vec::Type;
using vec::TypeId;
using vec::Value;
namespace sqlstate = base::sqlstate;

namespace {

bool IsComparison(std::string_view op) { return op == "=" || op == "<>" || op == "<" || op == "<=" || op == ">" || op == ">="; }

// What a parameter is called for when a value of `type` is wanted: without lengths and scales, which casts enforce.
Type ParameterTypeFor(const Type& type) {
  if (type.id == TypeId::kVarchar || type.id == TypeId::kChar) return Type::Varchar(0).WithCollation(type.collation());
  if (type.id == TypeId::kDecimal) return Type::Numeric();
  if (vec::IsDateTime(type.id)) return Type(type.id);
  return type;
}

}  // namespace

void SplitConjuncts(const Expr* expr, std::vector<const Expr*>* out) {
  if (expr->kind != ExpressionKind::kAnd) {
    out->push_back(expr);
    return;
  }
  for (const Expr* argument : expr->arguments) SplitConjuncts(argument, out);
}

void Binder::DecideParameter(int32_t index, const Type& type) {
  if (parameter_types_[index].id != TypeId::kUnknown) return;
  parameter_types_[index] = type;
  for (Expr* node : open_parameters_) {
    if (node->index == index) node->type = type;
  }
}

void Binder::ResolveOpenParameters() {
  for (size_t i = 0; i < parameter_types_.size(); ++i) {
    if (parameter_types_[i].id != TypeId::kUnknown) continue;
    const auto index = static_cast<int32_t>(i);
    if (!DecideByBound(index)) DecideParameter(index, Type::Text());
  }
}

bool Binder::DecideByBound(int32_t index) {
  const auto i = static_cast<size_t>(index);
  const bool bound = i < context_.bound_types.size() && context_.bound_types[i].id != TypeId::kUnknown;
  if (i < parameter_open_.size()) parameter_open_[i] = !bound;
  if (bound) DecideParameter(index, context_.bound_types[i]);
  return bound;
}

const Expr* Binder::NullConstant(const Type& type, int32_t offset) {
  return plan_.Constant(Value::Null(type), type, Position(offset));
}

StatusOr<const Expr*> Binder::CoerceLiteral(const Expr* literal, const Type& type, CastContext context) {
  if (literal->value->is_null()) return plan_.Constant(Value::Null(type), type, literal->position);
  auto value = function::CastValue(*literal->value, type, context, call_context_);
  if (value.status().code() == absl::StatusCode::kUnavailable) {  // 'today': another value each time it runs
    return Coerce(plan_.Constant(Value::Text(literal->value->bytes()), TypeId::kText, literal->position), type,
                  function::CastContext::kExplicit);
  }
  if (!value.ok()) return base::WithPosition(value.status(), literal->position);
  return plan_.Constant(*std::move(value), type, literal->position);
}

StatusOr<const Expr*> Binder::Coerce(const Expr* expr, const Type& type, CastContext context, int32_t position) {
  if (expr->type == type) return expr;
  if (expr->type.id == TypeId::kUnknown) {
    if (expr->kind == ExpressionKind::kConstant) return CoerceLiteral(expr, type, context);
    if (expr->kind == ExpressionKind::kParameter) {
      const auto i = static_cast<size_t>(expr->index);
      const bool own = i < context_.bound_types.size() && context_.bound_types[i].id != TypeId::kUnknown;
      DecideParameter(expr->index, own ? context_.bound_types[i] : ParameterTypeFor(type));
      if (expr->type == type) return expr;
    }
  }
  const Type from = function::ResolveUnknown(expr->type);
  if (from == type) return expr;
  if (from.struct_number() != 0 && from.id == type.id) {
    const auto row = rows_.find(expr);
    if (row != rows_.end()) {
      const std::vector<const Expr*> elements = row->second;  // which the map may move
      return MakeRowAs(elements, type, context, position >= 0 ? position : expr->position);
    }
    if (type.id == TypeId::kStruct && type.length == 0) return expr;  // a record is what it is
    TURDB_RETURN_IF_ERROR(CheckStructCast(from, type, context, position >= 0 ? position : expr->position));
  }
  auto cast = function::BindCast(from, type, context);
  const auto own = [](const Type& t) { return t.enum_id() != 0 || t.struct_number() != 0; };
  if (!cast.ok() && (own(from) || own(type))) {
    const bool exists = base::GetSqlState(cast.status()) == sqlstate::kDatatypeMismatch;
    const std::string message =
        exists ? absl::StrCat("a value of type ", NameOf(from), " cannot be used as ", NameOf(type), " without a cast")
               : absl::StrCat("cannot cast type ", NameOf(from), " to ", NameOf(type));
    cast = base::MakeError(absl::StatusCode::kInvalidArgument, base::GetSqlState(cast.status()), message);
    if (exists) cast = base::WithHint(cast.status(), "You will need to rewrite or cast the expression.");
  }
  if (!cast.ok()) return base::WithPosition(cast.status(), position >= 0 ? position : expr->position);
  const Expr* const made = Fold(plan_.Cast(*std::move(cast), expr, position >= 0 ? position : expr->position));
  NoteCollation(made, CollationOf(expr));
  return made;
}

// Constants are folded unless they raise, or may grow without bound.
const Expr* Binder::Fold(Expr* expr) {
  if (expr->call == nullptr || (expr->call->flags & (function::kVolatile | function::kStable)) != 0 || expr->try_cast)
    return expr;
  std::vector<Value> values;
  for (const Expr* argument : expr->arguments) {
    if (argument->kind != ExpressionKind::kConstant) return expr;
    values.push_back(*argument->value);
  }
  const bool wide = expr->type.physical() == vec::PhysicalType::kString && expr->type.id != TypeId::kNumeric;
  if (wide && expr->kind == ExpressionKind::kCall && (expr->call->flags & function::kCanRaise) != 0) return expr;
  auto value = function::EvaluateValues(*expr->call, values, call_context_);
  if (!value.ok()) return expr;
  return plan_.Constant(*std::move(value), expr->type, expr->position);
}

StatusOr<const Expr*> Binder::MakeOperator(std::string_view op, std::initializer_list<const Expr*> operands, int32_t position) {
  std::vector<const Expr*> arguments(operands);
  if (IsComparison(op) && arguments.size() == 2) {  // 0 and 1 beside a boolean (rule 5)
    for (const int side : {0, 1}) {
      const Expr* number = arguments[side];
      if (arguments[1 - side]->type.id != TypeId::kBoolean || number->kind != ExpressionKind::kConstant ||
          number->type.id != TypeId::kInt32 || number->value->is_null() || (number->value->AsInt64() & ~1) != 0) {
        continue;
      }
      arguments[side] = plan_.Constant(Value::Boolean(number->value->AsInt64() == 1), TypeId::kBoolean, number->position);
    }
  }
  if (IsComparison(op) && arguments.size() == 2) TURDB_RETURN_IF_ERROR(UnifyStructs(&arguments[0], &arguments[1], position));
  std::vector<Type> types;
  types.reserve(arguments.size());
  for (const Expr* argument : arguments) {
    Type type = argument->type;
    if (type.id == TypeId::kUnknown && argument->kind == ExpressionKind::kParameter) {
      const auto i = static_cast<size_t>(argument->index);
      if (i < context_.bound_types.size() && context_.bound_types[i].id != TypeId::kUnknown) type = context_.bound_types[i];
    }
    types.push_back(type.WithCollation(vec::Collation::kBinary));
  }
  auto call = function::ResolveOperator(op, types);
  if (!call.ok()) return base::WithPosition(call.status(), position);
  CollationState collation;
  TURDB_RETURN_IF_ERROR(CollateCall(&*call, arguments, &collation, position));
  if (IsHosts(collation) && function::ComparesTexts(*call)) return CompareSortKeys(op, arguments, collation, position);
  for (size_t i = 0; i < arguments.size(); ++i) {
    TURDB_ASSIGN_OR_RETURN(arguments[i], Coerce(arguments[i], call->argument_types[i], CastContext::kExplicit));
  }
  const exec::Expressions kept = plan_.Copy(arguments);
  const Expr* const made = Fold(plan_.Call(*std::move(call), kept, position));
  if (IsComparison(op) && made->kind == ExpressionKind::kCall) return UnwrapCast(op, made);
  NoteCollation(made, collation);
  return made;
}

StatusOr<const Expr*> Binder::MakeFunction(std::string_view name, const std::vector<const Expr*>& given, int32_t position) {
  std::vector<const Expr*> arguments = given;
  std::vector<Type> types;
  for (const Expr* argument : arguments) types.push_back(argument->type.WithCollation(vec::Collation::kBinary));
  auto call = function::ResolveFunction(name, types);
  if (!call.ok()) return base::WithPosition(call.status(), position);
  CollationState collation;
  TURDB_RETURN_IF_ERROR(CollateCall(&*call, arguments, &collation, position));
  if (function::ComparesTexts(*call)) TURDB_RETURN_IF_ERROR(RefuseHostCollation(collation, name, position));
  for (size_t i = 0; i < arguments.size(); ++i) {
    TURDB_ASSIGN_OR_RETURN(arguments[i], Coerce(arguments[i], call->argument_types[i], CastContext::kExplicit));
  }
  const exec::Expressions kept = plan_.Copy(arguments);
  const Expr* const made = Fold(plan_.Call(*std::move(call), kept, position));
  NoteCollation(made, collation);
  return made;
}

Status Binder::Unify(std::vector<const Expr*>* exprs, std::string_view construct, int32_t offset, CollationState* state) {
  std::vector<Type> types;
  for (const Expr* expr : *exprs) types.push_back(expr->type.WithCollation(vec::Collation::kBinary));
  auto common = CommonType(types, construct);
  if (!common.ok()) return At(common.status(), offset);
  TURDB_ASSIGN_OR_RETURN(const CollationState merged, MergeCollations(*exprs, Position(offset)));
  if (common->collates()) {
    if (state == nullptr) TURDB_RETURN_IF_ERROR(CheckCollation(merged, Position(offset)));
    *common = common->WithCollation(OrderOf(merged));
  }
  if (state != nullptr) *state = merged;
  for (const Expr*& expr : *exprs) {
    TURDB_ASSIGN_OR_RETURN(expr, Coerce(expr, *common, CastContext::kImplicit));
  }
  if (state != nullptr || !common->collates() || !IsHosts(merged)) return absl::OkStatus();
  if (construct == "ARRAY") return RefuseHostCollation(merged, construct, Position(offset));
  for (const Expr*& expr : *exprs) {
    TURDB_ASSIGN_OR_RETURN(expr, SortKeyOf(expr, merged.id));
  }
  return absl::OkStatus();
}

StatusOr<std::pair<const Expr*, const Expr*>> Binder::UnifyPair(const Expr* left, const Expr* right, std::string_view construct,
                                                                int32_t offset, CollationState* state) {
  std::vector<const Expr*> both = {left, right};
  TURDB_RETURN_IF_ERROR(Unify(&both, construct, offset, state));
  return std::make_pair(both[0], both[1]);
}

const Expr* Binder::Not(const Expr* expr, int32_t offset) {
  if (expr->kind == ExpressionKind::kIsNull || expr->kind == ExpressionKind::kIsNotNull) {
    const bool null = expr->kind == ExpressionKind::kIsNull;
    return plan_.NewExpression(null ? ExpressionKind::kIsNotNull : ExpressionKind::kIsNull, TypeId::kBoolean, expr->arguments,
                               expr->position);
  }
  const std::vector<const Expr*> argument = {expr};
  return plan_.NewExpression(ExpressionKind::kNot, TypeId::kBoolean, plan_.Copy(argument), Position(offset));
}

const Expr* Binder::And(std::vector<const Expr*> conjuncts, int32_t position) {
  if (conjuncts.empty()) return plan_.Constant(Value::Boolean(true), TypeId::kBoolean, position);
  if (conjuncts.size() == 1) return conjuncts[0];
  return plan_.NewExpression(ExpressionKind::kAnd, TypeId::kBoolean, plan_.Copy(conjuncts), position);
}

StatusOr<const Expr*> Binder::ToCondition(const Expr* expr, std::string_view clause, int32_t offset) {
  if (expr->type.id == TypeId::kBoolean) return expr;
  if (expr->type.id == TypeId::kUnknown) return Coerce(expr, TypeId::kBoolean, CastContext::kImplicit);
  if (vec::IsInteger(expr->type.id)) {
    return MakeOperator("<>", {expr, plan_.Constant(Value::Int32(0), TypeId::kInt32, expr->position)}, Position(offset));
  }
  return Error(sqlstate::kDatatypeMismatch,
               absl::StrCat("argument of ", clause, " must be type boolean, not type ", expr->type.ToString()), offset);
}

}  // namespace turdb::sql
