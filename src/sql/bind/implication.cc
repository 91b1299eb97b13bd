#include "sql/bind/implication.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "function/registry.h"
#include "vec/value.h"

namespace turdb::sql {

using exec::Expression;
using exec::ExpressionKind;

namespace {

// `subject op constant`, either way round.
struct Comparison {
  const Expression* subject = nullptr;
  std::string_view op;
  const vec::Value* constant = nullptr;
};

std::optional<Comparison> AsComparison(const Expression& expr) {
  if (expr.kind != ExpressionKind::kCall || expr.arguments.size() != 2) return std::nullopt;
  std::string_view op = expr.call->function->name;
  if (op != "=" && op != "<>" && op != "<" && op != "<=" && op != ">" && op != ">=") return std::nullopt;
  const Expression* left = expr.arguments[0];
  const Expression* right = expr.arguments[1];
  if (left->kind == ExpressionKind::kConstant) {
    std::swap(left, right);
    op = op == "<" ? ">" : op == "<=" ? ">=" : op == ">" ? "<" : op == ">=" ? "<=" : op;
  }
  if (right->kind != ExpressionKind::kConstant || right->value->is_null()) return std::nullopt;
  return Comparison{left, op, right->value};
}

// Whether `x fact` makes `x wanted` true.
bool Follows(const Comparison& fact, const Comparison& wanted) {
  if (!exec::Equal(*fact.subject, *wanted.subject) || !(fact.constant->type() == wanted.constant->type())) return false;
  const int order = vec::Value::Compare(*fact.constant, *wanted.constant);
  if (fact.op == "=") {
    if (wanted.op == "=") return order == 0;
    if (wanted.op == "<>") return order != 0;
    if (wanted.op == "<") return order < 0;
    if (wanted.op == "<=") return order <= 0;
    if (wanted.op == ">") return order > 0;
    return order >= 0;
  }
  if (fact.op == "<>") return wanted.op == "<>" && order == 0;
  const bool strict = fact.op.size() == 1;
  if (fact.op.front() == '<') {
    if (wanted.op == "<" || wanted.op == "<>") return strict ? order <= 0 : order < 0;
    return wanted.op == "<=" && order <= 0;
  }
  if (wanted.op == ">" || wanted.op == "<>") return strict ? order >= 0 : order > 0;
  return wanted.op == ">=" && order >= 0;
}

// Whether `expr` is NULL when `subject` is.
bool PassesNull(const Expression& expr, const Expression& subject) {
  if (exec::Equal(expr, subject)) return true;
  const bool strict =
      (expr.kind == ExpressionKind::kCall && (expr.call->flags & function::kStrict) != 0) || expr.kind == ExpressionKind::kCast;
  return strict && std::any_of(expr.arguments.begin(), expr.arguments.end(),
                               [&](const Expression* argument) { return PassesNull(*argument, subject); });
}

// Whether the fact is not true when `subject` is NULL.
bool RejectsNull(const Expression& fact, const Expression& subject) {
  switch (fact.kind) {
    case ExpressionKind::kIsNotNull:
    case ExpressionKind::kIn:
    case ExpressionKind::kNot:
      return PassesNull(*fact.arguments[0], subject);
    case ExpressionKind::kAnd:
      return std::any_of(fact.arguments.begin(), fact.arguments.end(),
                         [&](const Expression* e) { return RejectsNull(*e, subject); });
    case ExpressionKind::kOr:
      return std::all_of(fact.arguments.begin(), fact.arguments.end(),
                         [&](const Expression* e) { return RejectsNull(*e, subject); });
    default:
      return PassesNull(fact, subject);
  }
}

bool ImpliedBy(const Expression& fact, const Expression& predicate) {
  if (exec::Equal(fact, predicate)) return true;
  if (fact.kind == ExpressionKind::kAnd) {
    return std::any_of(fact.arguments.begin(), fact.arguments.end(),
                       [&](const Expression* e) { return ImpliedBy(*e, predicate); });
  }
  if (fact.kind == ExpressionKind::kOr) {
    return std::all_of(fact.arguments.begin(), fact.arguments.end(),
                       [&](const Expression* e) { return ImpliedBy(*e, predicate); });
  }
  if (predicate.kind == ExpressionKind::kIsNotNull) return RejectsNull(fact, *predicate.arguments[0]);
  const std::optional<Comparison> wanted = AsComparison(predicate);
  if (fact.kind == ExpressionKind::kIn && (wanted.has_value() || predicate.kind == ExpressionKind::kIn)) {
    // Each of the values must do.
    return std::all_of(fact.arguments.begin() + 1, fact.arguments.end(), [&](const Expression* value) {
      if (value->kind != ExpressionKind::kConstant || value->value->is_null()) return false;
      if (wanted.has_value()) return Follows({fact.arguments[0], "=", value->value}, *wanted);
      return exec::Equal(*fact.arguments[0], *predicate.arguments[0]) &&
             std::any_of(predicate.arguments.begin() + 1, predicate.arguments.end(),
                         [&](const Expression* other) { return exec::Equal(*value, *other); });
    });
  }
  const std::optional<Comparison> known = AsComparison(fact);
  if (!known.has_value()) return false;
  if (wanted.has_value()) return Follows(*known, *wanted);
  if (predicate.kind != ExpressionKind::kIn) return false;
  return std::any_of(predicate.arguments.begin() + 1, predicate.arguments.end(), [&](const Expression* value) {
    return value->kind == ExpressionKind::kConstant && !value->value->is_null() &&
           Follows(*known, {predicate.arguments[0], "=", value->value});
  });
}

}  // namespace

bool Implies(const std::vector<const Expression*>& facts, const Expression& predicate) {
  if (predicate.kind == ExpressionKind::kConstant) return !predicate.value->is_null() && predicate.value->AsBool();
  if (predicate.kind == ExpressionKind::kAnd) {
    return std::all_of(predicate.arguments.begin(), predicate.arguments.end(),
                       [&](const Expression* e) { return Implies(facts, *e); });
  }
  if (predicate.kind == ExpressionKind::kOr && std::any_of(predicate.arguments.begin(), predicate.arguments.end(),
                                                           [&](const Expression* e) { return Implies(facts, *e); })) {
    return true;
  }
  return std::any_of(facts.begin(), facts.end(), [&](const Expression* fact) { return ImpliedBy(*fact, predicate); });
}

}  // namespace turdb::sql
