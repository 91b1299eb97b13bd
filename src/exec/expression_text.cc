// How expressions print: SQL-like, for EXPLAIN, for errors, and for tests that compare plans.
#include "exec/expression_printer.h"

#include "absl/strings/str_cat.h"
#include "function/registry.h"
#include "vec/collation.h"

namespace turdb::exec {

using absl::StrAppend;
using absl::StrCat;

namespace {

bool IsOperatorName(std::string_view name) { return name.find_first_not_of("+-*/<>=~!@#%^&|`?") == std::string_view::npos; }

}  // namespace

std::string ExpressionPrinter::Column(int32_t number) const {
  const auto i = static_cast<size_t>(number);
  return number >= 0 && i < names_.size() && !names_[i].empty() ? names_[i] : StrCat("#", number);
}

std::string ExpressionPrinter::List(Expressions expressions, std::string_view separator) const {
  std::string out;
  for (const Expression* expression : expressions) {
    if (!out.empty()) out.append(separator);
    Append(*expression, &out);
  }
  return out;
}

void ExpressionPrinter::AppendCall(const Expression& call, std::string* out) const {
  const std::string_view name = call.call->function->name;
  if (IsOperatorName(name) && call.arguments.size() == 2) {
    StrAppend(out, "(", Text(*call.arguments[0]), " ", name, " ", Text(*call.arguments[1]), ")");
  } else {
    StrAppend(out, name, "(", List(call.arguments), ")");
  }
}

void ExpressionPrinter::AppendCase(const Expression& expression, std::string* out) const {
  out->append("CASE");
  const Expressions arguments = expression.arguments;
  for (size_t i = 0; i + 1 < arguments.size(); i += 2) {
    StrAppend(out, " WHEN ", Text(*arguments[i]), " THEN ", Text(*arguments[i + 1]));
  }
  StrAppend(out, " ELSE ", Text(*arguments.back()), " END");
}

void ExpressionPrinter::AppendSubquery(const Expression& expression, std::string* out) const {
  if (expression.subquery == nullptr) {  // not planned yet: its number tells it from others
    StrAppend(out, "(subquery #", expression.index);
    for (const Expression* argument : expression.arguments) StrAppend(out, " ", Text(*argument));
    out->append(")");
    return;
  }
  const Subquery& subquery = *expression.subquery;
  switch (subquery.kind) {
    case SubqueryKind::kScalar:
      break;
    case SubqueryKind::kExists:
      out->append("EXISTS ");
      break;
    case SubqueryKind::kAny:
    case SubqueryKind::kAll:
      StrAppend(out, Text(*expression.arguments[0]), " ", ToText(subquery.comparison),
                subquery.kind == SubqueryKind::kAny ? " ANY " : " ALL ");
      break;
  }
  out->append("(subquery");
  for (const SlotBinding& binding : subquery.bindings) StrAppend(out, " @", binding.slot, " = ", Text(*binding.value));
  out->append(")");
}

std::string ExpressionPrinter::Sort(std::span<const SortKey> keys) const {
  std::string out;
  for (const SortKey& key : keys) {
    StrAppend(&out, out.empty() ? "" : ", ", Text(*key.expression), key.descending ? " DESC" : "",
              key.nulls_first == key.descending ? ""
              : key.nulls_first                 ? " NULLS FIRST"
                                                : " NULLS LAST");
  }
  return out;
}

void ExpressionPrinter::Append(const Expression& expression, std::string* out) const {
  const Expressions arguments = expression.arguments;
  switch (expression.kind) {
    case ExpressionKind::kConstant:
      // Numbers as they are; the literal of a bigint would carry its type.
      out->append(vec::IsInteger(expression.type.id) ? expression.value->ToString() : expression.value->ToSqlLiteral());
      return;
    case ExpressionKind::kParameter:
      StrAppend(out, "$", expression.index + 1);
      return;
    case ExpressionKind::kColumn:
      out->append(Column(expression.index));
      return;
    case ExpressionKind::kOuter:
      StrAppend(out, "@", expression.index);
      return;
    case ExpressionKind::kCall:
      AppendCall(expression, out);
      return;
    case ExpressionKind::kCast:
      if (expression.type.collation() != arguments[0]->type.collation()) {
        StrAppend(out, "(", Text(*arguments[0]), " COLLATE ",
                  vec::Collations()[vec::CollationOf(expression.type.collation())].name, ")");
        if (expression.type == arguments[0]->type.WithCollation(expression.type.collation())) return;
        StrAppend(out, "::", expression.type.ToString());
        return;
      }
      StrAppend(out, expression.try_cast ? "TRY_CAST(" : "CAST(", Text(*arguments[0]), " AS ", expression.type.ToString(), ")");
      return;
    case ExpressionKind::kAnd:
      StrAppend(out, "(", List(arguments, " AND "), ")");
      return;
    case ExpressionKind::kOr:
      StrAppend(out, "(", List(arguments, " OR "), ")");
      return;
    case ExpressionKind::kNot:
      StrAppend(out, "NOT ", Text(*arguments[0]));
      return;
    case ExpressionKind::kIsNull:
      StrAppend(out, "(", Text(*arguments[0]), " IS NULL)");
      return;
    case ExpressionKind::kIsNotNull:
      StrAppend(out, "(", Text(*arguments[0]), " IS NOT NULL)");
      return;
    case ExpressionKind::kIsDistinct:
    case ExpressionKind::kIsNotDistinct:
      StrAppend(out, "(", Text(*arguments[0]),
                expression.kind == ExpressionKind::kIsDistinct ? " IS DISTINCT FROM " : " IS NOT DISTINCT FROM ",
                Text(*arguments[1]), ")");
      return;
    case ExpressionKind::kCase:
      AppendCase(expression, out);
      return;
    case ExpressionKind::kCoalesce:
      StrAppend(out, "COALESCE(", List(arguments), ")");
      return;
    case ExpressionKind::kIn:
      StrAppend(out, Text(*arguments[0]), " IN (", List(arguments.subspan(1)), ")");
      return;
    case ExpressionKind::kSubquery:
      AppendSubquery(expression, out);
      return;
    case ExpressionKind::kCheck:
      StrAppend(out, "CHECKED(", List(arguments), ")");
      return;
    case ExpressionKind::kValue:
      StrAppend(out, "VALUE");
      return;
    case ExpressionKind::kLambda: {
      constexpr std::string_view kNames[] = {"LIST_TRANSFORM", "LIST_FILTER", "LIST_REDUCE"};
      StrAppend(out, kNames[static_cast<size_t>(expression.index)], "(", Text(*arguments[0]), ", (", List(arguments.subspan(2)),
                ") -> ", Text(*arguments[1]), ")");
      return;
    }
    case ExpressionKind::kLambdaValue:
      StrAppend(out, "%", expression.index);
      return;
  }
}

std::string_view ToText(Comparison comparison) {
  switch (comparison) {
    case Comparison::kEqual:
      return "=";
    case Comparison::kNotEqual:
      return "<>";
    case Comparison::kLess:
      return "<";
    case Comparison::kLessEqual:
      return "<=";
    case Comparison::kGreater:
      return ">";
    case Comparison::kGreaterEqual:
      return ">=";
  }
  return "";
}

void AppendText(const Expression& expression, std::string* out) { ExpressionPrinter().Append(expression, out); }

std::string ToText(const Expression& expression) {
  std::string out;
  AppendText(expression, &out);
  return out;
}

bool Equal(const Expression& a, const Expression& b) { return a.type == b.type && ToText(a) == ToText(b); }

bool IsRowIndependent(const Expression& expression) {
  if (expression.kind == ExpressionKind::kColumn || expression.kind == ExpressionKind::kValue ||
      expression.kind == ExpressionKind::kLambda || expression.kind == ExpressionKind::kLambdaValue) {
    return false;
  }
  // Its condition reads the value and nothing else.
  if (expression.kind == ExpressionKind::kCheck) return IsRowIndependent(*expression.arguments[0]);
  for (const Expression* argument : expression.arguments) {
    if (!IsRowIndependent(*argument)) return false;
  }
  if (expression.subquery != nullptr) {
    for (const SlotBinding& binding : expression.subquery->bindings) {
      if (!IsRowIndependent(*binding.value)) return false;
    }
  }
  return true;
}

}  // namespace turdb::exec
