// Expressions but calls and subqueries.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "function/registry.h"
#include "sql/bind/binder.h"

namespace turdb::sql {

using ast::As;
using ast::ExprKind;
using base::Status;
using base::StatusOr;
using exec::ExpressionKind;
using function::CastContext;
using vec::Type;
using vec::TypeId;
using vec::Value;
namespace sqlstate = base::sqlstate;

StatusOr<const Expr*> Binder::Bind(const ast::Expr& expr, const ExprContext& context) {
  switch (expr.kind) {
    case ExprKind::kNull:
    case ExprKind::kBoolean:
    case ExprKind::kInteger:
    case ExprKind::kNumeric:
    case ExprKind::kString:
    case ExprKind::kBlob:
    case ExprKind::kBits:
    case ExprKind::kDefault:
      return BindLiteral(As<ast::Literal>(expr));
    case ExprKind::kParameter:
      return BindParameter(As<ast::Parameter>(expr));
    case ExprKind::kColumn:
      return BindColumn(As<ast::Column>(expr), context);
    case ExprKind::kStar:
      if (const auto& star = As<ast::Star>(expr); !star.qualifier.empty() && star.exclude.empty() && star.replace.empty()) {
        return WholeRowOf(star.qualifier.back(), context);  // f(t.*) is f(t)
      }
      return Error(sqlstate::kSyntaxError, "* is not allowed here", expr.offset);
    case ExprKind::kUnary: {
      const auto& unary = As<ast::Unary>(expr);
      TURDB_ASSIGN_OR_RETURN(const Expr* operand, Bind(*unary.operand, context));
      return MakeOperator(unary.op, {operand}, Position(unary.offset));
    }
    case ExprKind::kBinary:
      return BindBinary(As<ast::Binary>(expr), context);
    case ExprKind::kAnd:
    case ExprKind::kOr:
      return BindJunction(As<ast::Junction>(expr), context);
    case ExprKind::kNot: {
      const auto& node = As<ast::Not>(expr);
      TURDB_ASSIGN_OR_RETURN(const Expr* operand, Bind(*node.operand, context));
      TURDB_ASSIGN_OR_RETURN(operand, ToCondition(operand, "NOT", node.operand->offset));
      return Not(operand, node.offset);
    }
    case ExprKind::kIs:
      return BindIs(As<ast::IsPredicate>(expr), context);
    case ExprKind::kBetween:
      return BindBetween(As<ast::Between>(expr), context);
    case ExprKind::kIn:
      return BindIn(As<ast::In>(expr), context);
    case ExprKind::kLike:
      return BindLike(As<ast::Like>(expr), context);
    case ExprKind::kQuantified:
      return BindQuantified(As<ast::Quantified>(expr), context);
    case ExprKind::kCase:
      return BindCase(As<ast::Case>(expr), context);
    case ExprKind::kCast:
      return BindCast(As<ast::Cast>(expr), context);
    case ExprKind::kCollate:
      return BindCollate(As<ast::Collate>(expr), context);
    case ExprKind::kCall:
      return BindCall(As<ast::Call>(expr), context);
    case ExprKind::kSubquery:
    case ExprKind::kExists:
      return BindSubquery(As<ast::Subquery>(expr), context);
    case ExprKind::kArraySubquery:
      return BindArraySubquery(As<ast::Subquery>(expr), context);
    case ExprKind::kArray:
      return BindArray(As<ast::Array>(expr), nullptr, context);
    case ExprKind::kSubscript:
      return BindSubscript(As<ast::Subscript>(expr), context);
    case ExprKind::kRow:
      return BindRow(As<ast::Row>(expr), nullptr, CastContext::kImplicit, context);
    case ExprKind::kMap:
      return BindMap(As<ast::Map>(expr), nullptr, CastContext::kImplicit, context);
    case ExprKind::kField:
      return BindField(As<ast::Field>(expr), context);
    case ExprKind::kGroupingSet:
      return Error(sqlstate::kSyntaxError, "grouping sets stand in GROUP BY only", expr.offset);
    case ExprKind::kNamedArgument:
      return Unsupported("a named argument", expr.offset);
    case ExprKind::kLambda:
      return Error(sqlstate::kSyntaxError, "a lambda is not possible here", expr.offset);
  }
  return base::InternalError("an expression of no known kind");
}

StatusOr<const Expr*> Binder::BindCondition(const ast::Expr& expr, const ExprContext& context) {
  TURDB_ASSIGN_OR_RETURN(const Expr* bound, Bind(expr, context));
  return ToCondition(bound, context.clause, expr.offset);
}

Status Binder::BindConjuncts(const ast::Expr& expr, const ExprContext& context, std::vector<const Expr*>* conjuncts) {
  TURDB_ASSIGN_OR_RETURN(const Expr* bound, BindCondition(expr, context));
  std::vector<const Expr*> parts;
  SplitConjuncts(bound, &parts);
  for (const Expr* part : parts) {
    if (part->kind == ExpressionKind::kOr) {
      TakeOutOfBranches(part, conjuncts);
    } else {
      conjuncts->push_back(part);
    }
  }
  return absl::OkStatus();
}

// (a = b AND x) OR (a = b AND y) is a = b AND (x OR y), and a join by a = b. Only comparisons of two columns are taken out:
// they cannot fail, and give the same wherever they stand.
void Binder::TakeOutOfBranches(const Expr* disjunction, std::vector<const Expr*>* conjuncts) {
  std::vector<std::vector<const Expr*>> branches;
  for (const Expr* branch : disjunction->arguments) SplitConjuncts(branch, &branches.emplace_back());
  const auto is_column = [](const Expr* e) { return e->kind == ExpressionKind::kColumn; };
  std::vector<const Expr*> common;
  for (const Expr* candidate : branches[0]) {
    if (candidate->kind != ExpressionKind::kCall || candidate->arguments.size() != 2) continue;
    if (candidate->call->function == nullptr || candidate->call->function->name != "=") continue;
    if (!std::all_of(candidate->arguments.begin(), candidate->arguments.end(), is_column)) continue;
    const auto same = [candidate](const Expr* other) { return exec::Equal(*candidate, *other); };
    if (std::all_of(branches.begin() + 1, branches.end(),
                    [&](const auto& branch) { return std::any_of(branch.begin(), branch.end(), same); })) {
      common.push_back(candidate);
    }
  }
  if (common.empty()) return conjuncts->push_back(disjunction);
  conjuncts->insert(conjuncts->end(), common.begin(), common.end());
  std::vector<const Expr*> rest;
  for (std::vector<const Expr*>& branch : branches) {
    std::erase_if(branch, [&](const Expr* part) {
      return std::any_of(common.begin(), common.end(), [part](const Expr* taken) { return exec::Equal(*taken, *part); });
    });
    if (branch.empty()) return;  // true wherever what was taken out is
    rest.push_back(And(branch, disjunction->position));
  }
  conjuncts->push_back(plan_.NewExpression(ExpressionKind::kOr, TypeId::kBoolean, plan_.Copy(rest), disjunction->position));
}

StatusOr<const Expr*> Binder::BindLiteral(const ast::Literal& literal) {
  const int32_t position = Position(literal.offset);
  switch (literal.kind) {
    case ExprKind::kNull:
      return plan_.Constant(Value(), TypeId::kUnknown, position);
    case ExprKind::kBoolean:
      return plan_.Constant(Value::Boolean(literal.boolean), TypeId::kBoolean, position);
    case ExprKind::kInteger:
      if (literal.integer >= INT32_MIN && literal.integer <= INT32_MAX) {
        return plan_.Constant(Value::Int32(static_cast<int32_t>(literal.integer)), TypeId::kInt32, position);
      }
      return plan_.Constant(Value::Int64(literal.integer), TypeId::kInt64, position);
    case ExprKind::kNumeric: {
      auto value = Value::Parse(literal.text, Type::Numeric());
      if (!value.ok()) return At(value.status(), literal.offset);
      return plan_.Constant(*std::move(value), TypeId::kNumeric, position);
    }
    case ExprKind::kString:
      return plan_.Constant(Value::Unknown(literal.text), TypeId::kUnknown, position);
    case ExprKind::kBlob:
      return plan_.Constant(Value::Blob(literal.text), TypeId::kBlob, position);
    case ExprKind::kBits: {
      auto value = Value::Parse(literal.text, Type(TypeId::kBit));
      if (!value.ok()) return At(value.status(), literal.offset);
      return plan_.Constant(*std::move(value), TypeId::kBit, position);
    }
    default:
      return Error(sqlstate::kSyntaxError, "DEFAULT is not allowed in this context", literal.offset);
  }
}

StatusOr<const Expr*> Binder::BindParameter(const ast::Parameter& parameter) {
  if (body_ != nullptr) return BodyParameter(parameter);
  if (view_depth_ == 0 && static_cast<size_t>(parameter.number) <= execute_arguments_.size()) {
    return execute_arguments_[static_cast<size_t>(parameter.number) - 1];
  }
  if (view_depth_ > 0 || static_cast<size_t>(parameter.number) > parameter_types_.size()) {
    return Error(sqlstate::kUndefinedParameter, "there are no parameters here", parameter.offset);
  }
  const int32_t index = parameter.number - 1;
  Expr* node = plan_.Parameter(index, parameter_types_[index], Position(parameter.offset));
  if (node->type.id == TypeId::kUnknown) open_parameters_.push_back(node);
  return node;
}

StatusOr<const Expr*> Binder::BindBinary(const ast::Binary& binary, const ExprContext& context) {
  const auto plain_row = [](const ast::Expr& expr) { return expr.kind == ExprKind::kRow && As<ast::Row>(expr).names.empty(); };
  if (plain_row(*binary.left) && plain_row(*binary.right)) {
    TURDB_ASSIGN_OR_RETURN(const auto left, BindRowElements(*binary.left, context));
    TURDB_ASSIGN_OR_RETURN(const auto right, BindRowElements(*binary.right, context));
    return BindRowComparison(binary.op, left, right, binary.offset);
  }
  TURDB_ASSIGN_OR_RETURN(const Expr* left, Bind(*binary.left, context));
  TURDB_ASSIGN_OR_RETURN(const Expr* right, Bind(*binary.right, context));
  auto made = MakeOperator(binary.op, {left, right}, Position(binary.offset));
  if (!made.ok() && base::GetHint(made.status()).empty() && (binary.op == "+" || binary.op == "||") &&
      (binary.right->kind == ExprKind::kColumn || binary.left->kind == ExprKind::kColumn)) {
    return base::WithHint(made.status(), "no operator takes these types; an explicit cast may help");
  }
  return made;
}

// (a, b) < (c, d) is a < c OR (a = c AND b < d); equality and inequality go element by element.
StatusOr<const Expr*> Binder::BindRowComparison(std::string_view op, const std::vector<const Expr*>& left,
                                                const std::vector<const Expr*>& right, int32_t offset) {
  if (left.size() != right.size()) return Error(sqlstate::kSyntaxError, "unequal number of entries in row expressions", offset);
  if (left.empty()) return Error(sqlstate::kFeatureNotSupported, "cannot compare rows of zero length", offset);
  const int32_t position = Position(offset);
  if (op == "=" || op == "<>") {
    std::vector<const Expr*> parts;
    for (size_t i = 0; i < left.size(); ++i) {
      TURDB_ASSIGN_OR_RETURN(const Expr* part, MakeOperator(op, {left[i], right[i]}, position));
      parts.push_back(part);
    }
    if (parts.size() == 1) return parts[0];
    return plan_.NewExpression(op == "=" ? ExpressionKind::kAnd : ExpressionKind::kOr, TypeId::kBoolean, plan_.Copy(parts),
                               position);
  }
  if (op != "<" && op != "<=" && op != ">" && op != ">=") {
    return Unsupported(absl::StrCat("operator ", op, " over row values"), offset);
  }
  TURDB_ASSIGN_OR_RETURN(const Expr* result, MakeOperator(op, {left.back(), right.back()}, position));
  for (size_t i = left.size() - 1; i-- > 0;) {
    TURDB_ASSIGN_OR_RETURN(const Expr* strict, MakeOperator(op.substr(0, 1), {left[i], right[i]}, position));
    TURDB_ASSIGN_OR_RETURN(const Expr* equal, MakeOperator("=", {left[i], right[i]}, position));
    const Expr* rest = And({equal, result}, position);
    result = plan_.NewExpression(ExpressionKind::kOr, TypeId::kBoolean, plan_.Copy(std::vector<const Expr*>{strict, rest}),
                                 position);
  }
  return result;
}

StatusOr<const Expr*> Binder::BindJunction(const ast::Junction& junction, const ExprContext& context) {
  std::vector<const Expr*> arguments;
  const bool conjunction = junction.kind == ExprKind::kAnd;
  for (const ast::Expr* operand : junction.operands) {
    TURDB_ASSIGN_OR_RETURN(const Expr* bound, Bind(*operand, context));
    TURDB_ASSIGN_OR_RETURN(bound, ToCondition(bound, conjunction ? "AND" : "OR", operand->offset));
    arguments.push_back(bound);
  }
  return plan_.NewExpression(conjunction ? ExpressionKind::kAnd : ExpressionKind::kOr, TypeId::kBoolean, plan_.Copy(arguments),
                             Position(junction.offset));
}

StatusOr<const Expr*> Binder::BindIs(const ast::IsPredicate& is, const ExprContext& context) {
  const int32_t position = Position(is.offset);
  const auto make = [&](ExpressionKind kind, std::vector<const Expr*> arguments) -> const Expr* {
    return plan_.NewExpression(kind, TypeId::kBoolean, plan_.Copy(arguments), position);
  };
  if (is.operand->kind == ExprKind::kRow && is.test == ast::IsTest::kNull) {
    // A row IS NULL when all its elements are, IS NOT NULL when none is.
    TURDB_ASSIGN_OR_RETURN(const auto elements, BindRowElements(*is.operand, context));
    std::vector<const Expr*> parts;
    for (const Expr* element : elements) {
      parts.push_back(make(is.negated ? ExpressionKind::kIsNotNull : ExpressionKind::kIsNull, {element}));
    }
    return And(parts, position);
  }
  TURDB_ASSIGN_OR_RETURN(const Expr* operand, Bind(*is.operand, context));
  switch (is.test) {
    case ast::IsTest::kNull:
      if (operand->type.id == TypeId::kStruct) return FieldsNull(operand, is.negated, position);
      // The test takes every type, so it does not decide that of a parameter: `$1 is null or id = $1`.
      if (operand->type.id == TypeId::kUnknown && operand->kind != ExpressionKind::kParameter) {
        TURDB_ASSIGN_OR_RETURN(operand, Coerce(operand, TypeId::kText, CastContext::kImplicit));
      }
      return make(is.negated ? ExpressionKind::kIsNotNull : ExpressionKind::kIsNull, {operand});
    case ast::IsTest::kUnknown: {
      TURDB_ASSIGN_OR_RETURN(operand, ToCondition(operand, "IS UNKNOWN", is.operand->offset));
      return make(is.negated ? ExpressionKind::kIsNotNull : ExpressionKind::kIsNull, {operand});
    }
    case ast::IsTest::kTrue:
    case ast::IsTest::kFalse: {
      const bool value = is.test == ast::IsTest::kTrue;
      TURDB_ASSIGN_OR_RETURN(operand, ToCondition(operand, value ? "IS TRUE" : "IS FALSE", is.operand->offset));
      const Expr* constant = plan_.Constant(Value::Boolean(value), TypeId::kBoolean, position);
      return make(is.negated ? ExpressionKind::kIsDistinct : ExpressionKind::kIsNotDistinct, {operand, constant});
    }
    case ast::IsTest::kDistinctFrom:
    case ast::IsTest::kSame: {
      TURDB_ASSIGN_OR_RETURN(const Expr* other, Bind(*is.other, context));
      TURDB_ASSIGN_OR_RETURN(const auto both, UnifyPair(operand, other, "IS DISTINCT FROM", is.offset, nullptr));
      const bool distinct = (is.test == ast::IsTest::kDistinctFrom) != is.negated;
      return make(distinct ? ExpressionKind::kIsDistinct : ExpressionKind::kIsNotDistinct, {both.first, both.second});
    }
    case ast::IsTest::kJson: {
      if (operand->type.id == TypeId::kUnknown) {
        TURDB_ASSIGN_OR_RETURN(operand, Coerce(operand, TypeId::kText, CastContext::kImplicit));
      }
      if (!vec::IsText(operand->type.id) && !vec::IsJson(operand->type.id) && operand->type.id != TypeId::kBlob) {
        return Error(sqlstate::kDatatypeMismatch,
                     absl::StrCat("cannot use type ", NameOf(operand->type), " in IS JSON predicate"), is.operand->offset);
      }
      const Expr* const kind = plan_.Constant(Value::Text(is.json_kind), TypeId::kText, position);
      const Expr* const unique = plan_.Constant(Value::Boolean(is.unique_keys), TypeId::kBoolean, position);
      TURDB_ASSIGN_OR_RETURN(const Expr* const result, MakeFunction("is json", {operand, kind, unique}, position));
      return is.negated ? Not(result, is.offset) : result;
    }
  }
  return base::InternalError("a test of no known kind");
}

StatusOr<const Expr*> Binder::BindBetween(const ast::Between& between, const ExprContext& context) {
  const int32_t position = Position(between.offset);
  TURDB_ASSIGN_OR_RETURN(const Expr* operand, Bind(*between.operand, context));
  TURDB_ASSIGN_OR_RETURN(const Expr* lower, Bind(*between.lower, context));
  TURDB_ASSIGN_OR_RETURN(const Expr* upper, Bind(*between.upper, context));
  const auto within = [&](const Expr* from, const Expr* to) -> StatusOr<const Expr*> {
    TURDB_ASSIGN_OR_RETURN(const Expr* above, MakeOperator(">=", {operand, from}, position));
    TURDB_ASSIGN_OR_RETURN(const Expr* below, MakeOperator("<=", {operand, to}, position));
    return And({above, below}, position);
  };
  TURDB_ASSIGN_OR_RETURN(const Expr* result, within(lower, upper));
  if (between.symmetric) {
    TURDB_ASSIGN_OR_RETURN(const Expr* swapped, within(upper, lower));
    result = plan_.NewExpression(ExpressionKind::kOr, TypeId::kBoolean, plan_.Copy(std::vector<const Expr*>{result, swapped}),
                                 position);
  }
  return between.negated ? Not(result, between.offset) : result;
}

StatusOr<const Expr*> Binder::BindIn(const ast::In& in, const ExprContext& context) {
  const int32_t position = Position(in.offset);
  if (in.subquery != nullptr) {
    if (in.negated) {
      return BindInSubquery(*in.operand, *in.subquery, exec::SubqueryKind::kAll, exec::Comparison::kNotEqual, in.offset,
                            context);
    }
    return BindInSubquery(*in.operand, *in.subquery, exec::SubqueryKind::kAny, exec::Comparison::kEqual, in.offset, context);
  }
  const auto is_row = [](const ast::Expr* expr) { return expr->kind == ExprKind::kRow; };
  if (is_row(in.operand) && !in.list.empty() && std::all_of(in.list.begin(), in.list.end(), is_row)) {
    TURDB_ASSIGN_OR_RETURN(const auto left, BindRowElements(*in.operand, context));
    std::vector<const Expr*> parts;
    for (const ast::Expr* item : in.list) {
      TURDB_ASSIGN_OR_RETURN(const auto right, BindRowElements(*item, context));
      TURDB_ASSIGN_OR_RETURN(const Expr* part, BindRowComparison("=", left, right, item->offset));
      parts.push_back(part);
    }
    const Expr* any =
        parts.size() == 1 ? parts[0] : plan_.NewExpression(ExpressionKind::kOr, TypeId::kBoolean, plan_.Copy(parts), position);
    return in.negated ? Not(any, in.offset) : any;
  }
  TURDB_ASSIGN_OR_RETURN(const Expr* operand, Bind(*in.operand, context));
  if (in.list.empty()) {  // SQLite's IN (): false whatever the operand
    return plan_.Constant(Value::Boolean(in.negated), TypeId::kBoolean, position);
  }
  std::vector<const Expr*> all = {operand};
  for (const ast::Expr* item : in.list) {
    TURDB_ASSIGN_OR_RETURN(const Expr* bound, Bind(*item, context));
    all.push_back(bound);
  }
  if (all.size() == 2) {
    TURDB_ASSIGN_OR_RETURN(const Expr* equal, MakeOperator("=", {all[0], all[1]}, position));
    return in.negated ? Not(equal, in.offset) : equal;
  }
  // One common type if there is one, as PostgreSQL does; else item by item, so that the operator's error shows.
  std::vector<const Expr*> unified = all;
  if (!Unify(&unified, "IN", in.offset, nullptr).ok()) {
    for (size_t i = 1; i < all.size(); ++i) {
      auto equal = MakeOperator("=", {all[0], all[i]}, position);
      if (!equal.ok()) return equal.status();
    }
    TURDB_RETURN_IF_ERROR(Unify(&all, "IN", in.offset, nullptr));
    unified = all;
  }
  const Expr* result = plan_.NewExpression(ExpressionKind::kIn, TypeId::kBoolean, plan_.Copy(unified), position);
  return in.negated ? Not(result, in.offset) : result;
}

StatusOr<const Expr*> Binder::BindLike(const ast::Like& like, const ExprContext& context) {
  const int32_t position = Position(like.offset);
  TURDB_ASSIGN_OR_RETURN(const Expr* operand, Bind(*like.operand, context));
  TURDB_ASSIGN_OR_RETURN(const Expr* pattern, Bind(*like.pattern, context));
  const Expr* escape = nullptr;
  if (like.escape != nullptr) {
    TURDB_ASSIGN_OR_RETURN(escape, Bind(*like.escape, context));
  }
  const Expr* result = nullptr;
  switch (like.like) {
    case ast::LikeKind::kLike:
    case ast::LikeKind::kIlike: {
      const bool fold = like.like == ast::LikeKind::kIlike;
      if (escape != nullptr) {
        const std::string_view name = fold ? (like.negated ? "not ilike" : "ilike") : (like.negated ? "not like" : "like");
        return MakeFunction(name, {operand, pattern, escape}, position);
      }
      const std::string_view op = fold ? (like.negated ? "!~~*" : "~~*") : (like.negated ? "!~~" : "~~");
      return MakeOperator(op, {operand, pattern}, position);
    }
    case ast::LikeKind::kSimilar: {
      const std::string_view name = like.negated ? "not similar to" : "similar to";
      std::vector<const Expr*> arguments = {operand, pattern};
      if (escape != nullptr) arguments.push_back(escape);
      return MakeFunction(name, arguments, position);
    }
    case ast::LikeKind::kGlob:
      return MakeFunction(like.negated ? "not glob" : "glob", {operand, pattern}, position);
    case ast::LikeKind::kRegexp: {
      TURDB_ASSIGN_OR_RETURN(result, MakeOperator("~", {operand, pattern}, position));
      break;
    }
    case ast::LikeKind::kMatch:
      return Unsupported("MATCH", like.offset);
  }
  return like.negated ? Not(result, like.offset) : result;
}

StatusOr<const Expr*> Binder::BindCase(const ast::Case& expr, const ExprContext& outer) {
  ExprContext context = outer;
  if (context.set_calls != nullptr) {  // a row that is not chosen would have to give its rows, too
    context.set_calls = nullptr;
    context.clause = "CASE";
  }
  const Expr* operand = nullptr;
  if (expr.operand != nullptr) {
    TURDB_ASSIGN_OR_RETURN(operand, Bind(*expr.operand, context));
    if (operand->type.id == TypeId::kUnknown) {
      TURDB_ASSIGN_OR_RETURN(operand, Coerce(operand, TypeId::kText, CastContext::kImplicit));
    }
  }
  std::vector<const Expr*> conditions;
  std::vector<const Expr*> results;
  for (const ast::When& when : expr.whens) {
    TURDB_ASSIGN_OR_RETURN(const Expr* condition, Bind(*when.condition, context));
    if (operand != nullptr) {
      TURDB_ASSIGN_OR_RETURN(condition, MakeOperator("=", {operand, condition}, Position(when.condition->offset)));
    } else {
      TURDB_ASSIGN_OR_RETURN(condition, ToCondition(condition, "CASE/WHEN", when.condition->offset));
    }
    conditions.push_back(condition);
    TURDB_ASSIGN_OR_RETURN(const Expr* result, Bind(*when.result, context));
    results.push_back(result);
  }
  if (expr.otherwise != nullptr) {
    TURDB_ASSIGN_OR_RETURN(const Expr* otherwise, Bind(*expr.otherwise, context));
    results.push_back(otherwise);
  } else {
    results.push_back(plan_.Constant(Value(), TypeId::kUnknown, Position(expr.offset)));
  }
  CollationState collation;
  TURDB_RETURN_IF_ERROR(Unify(&results, "CASE", expr.offset, &collation));
  std::vector<const Expr*> arguments;
  for (size_t i = 0; i < conditions.size(); ++i) {
    arguments.push_back(conditions[i]);
    arguments.push_back(results[i]);
  }
  arguments.push_back(results.back());
  const Expr* const made =
      plan_.NewExpression(ExpressionKind::kCase, results.back()->type, plan_.Copy(arguments), Position(expr.offset));
  NoteCollation(made, collation);
  return made;
}

StatusOr<const Expr*> Binder::BindCast(const ast::Cast& cast, const ExprContext& context) {
  if (IsRegclass(*cast.type)) {
    TURDB_ASSIGN_OR_RETURN(const Expr* name, Bind(*cast.operand, context));
    return CastToRegclass(name, Position(cast.offset));
  }
  base::FileId domain = base::kNoFile;
  TURDB_ASSIGN_OR_RETURN(const Type type, BindTypeOrDomain(*cast.type, &domain));
  TURDB_ASSIGN_OR_RETURN(const Expr* operand, BindAs(*cast.operand, &type, CastContext::kExplicit, context));
  const bool of_regclass = cast.operand->kind == ast::ExprKind::kCast && IsRegclass(*ast::As<ast::Cast>(*cast.operand).type);
  if (of_regclass && vec::IsText(type.id)) return MakeFunction("regclass_name", {operand}, Position(cast.offset));
  const int32_t position = Position(cast.offset);
  if (cast.syntax == ast::CastSyntax::kTypedLiteral && !cast.type->interval_fields.empty()) {
    // INTERVAL '1' YEAR: the fields say what a bare number counts.
    std::string text = operand->value->bytes();
    const size_t sign = text.find_first_of("+-", 1);  // '1-2' YEAR TO MONTH says it itself
    if (text.find_first_not_of("0123456789+-.") == std::string::npos && sign == std::string::npos) {
      const std::string_view fields = cast.type->interval_fields;
      const size_t last = fields.rfind(' ');
      absl::StrAppend(&text, " ", last == std::string_view::npos ? fields : fields.substr(last + 1));
      operand = plan_.Constant(Value::Unknown(text), TypeId::kUnknown, operand->position);
    }
  }
  if (domain != base::kNoFile) {
    if (cast.syntax == ast::CastSyntax::kTry) return Unsupported("TRY_CAST to a domain", cast.offset);
    TURDB_ASSIGN_OR_RETURN(operand, Coerce(operand, type, CastContext::kExplicit, position));
    TURDB_ASSIGN_OR_RETURN(const Expr* const checked, CheckDomain(operand, domain, position));
    NoteCollation(checked, {vec::CollationOf(type.collation()), CollationStrength::kImplicit});
    return checked;
  }
  if (cast.syntax != ast::CastSyntax::kTry) return Coerce(operand, type, CastContext::kExplicit, position);
  if (operand->type.id == TypeId::kUnknown) {
    TURDB_ASSIGN_OR_RETURN(operand, Coerce(operand, TypeId::kText, CastContext::kImplicit));
  }
  if (operand->type == type) return operand;
  auto call = function::BindCast(operand->type, type, CastContext::kExplicit);
  if (!call.ok()) return base::WithPosition(call.status(), position);
  Expr* node = plan_.Cast(*std::move(call), operand, position);
  node->try_cast = true;
  return node;
}

}  // namespace turdb::sql
