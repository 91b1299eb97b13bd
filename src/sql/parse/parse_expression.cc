// Operators: prefix, infix and postfix, by precedence climbing.
#include <charconv>

#include "absl/strings/str_cat.h"
#include "sql/parse/parser_internal.h"

namespace turdb::sql {

using ast::Expr;
using ast::ExprKind;
using ast::Text;

namespace {

int OperatorLevel(Text op) {
  if (op == "=" || op == "<" || op == ">" || op == "<=" || op == ">=" || op == "<>" || op == "!=" || op == "==") {
    return kComparisonPrecedence;
  }
  if (op == "+" || op == "-") return kAddPrecedence;
  if (op == "*" || op == "/" || op == "%") return kMultiplyPrecedence;
  if (op == "^") return kPowerPrecedence;
  return kOperatorPrecedence;
}

Text Canonical(Text op) {
  if (op == "==") return "=";
  if (op == "!=") return "<>";
  return op;
}

}  // namespace

Expr* Parser::ParseExpr(int minimum) {
  const Nested nested(*this);
  Expr* left = ParsePrefix();
  bool done = failed();
  while (!done) left = ParseInfix(left, minimum, &done);
  return left;
}

Expr* Parser::ParsePrefix() {
  const int32_t offset = token_.offset;
  if (Accept("not"_kw)) {
    auto* expr = NewExpr<ast::Not>(ExprKind::kNot, offset);
    expr->operand = ParseExpr(kNotPrecedence);
    return Finish(expr, {expr->operand});
  }
  if (token_.kind != TokenKind::kOperator || AtOperator("*")) return ParsePrimary();
  const Text op = token_.text;
  if (op[0] == '?' || op[0] == '@') {
    Token parameter;
    if (lexer_.RelexAsParameter(token_, &parameter)) {
      Replace(parameter);
      return ParsePostfix(ParseParameter());
    }
  }
  Advance();
  const bool sign = op == "-" || op == "+";
  Expr* operand = ParseExpr(sign ? kUnaryPrecedence : kOperatorPrecedence);
  if (op == "-") {
    if (Expr* negated = NegateLiteral(operand, offset); negated != nullptr) return negated;
  }
  auto* expr = NewExpr<ast::Unary>(ExprKind::kUnary, offset);
  expr->op = op;
  expr->operand = operand;
  return Finish(expr, {operand});
}

Expr* Parser::NegateLiteral(Expr* expr, int32_t offset) {
  if (expr->kind != ExprKind::kInteger && expr->kind != ExprKind::kNumeric) return nullptr;
  auto* literal = static_cast<ast::Literal*>(expr);
  const bool negative = literal->text.starts_with("-");
  literal->text = negative ? literal->text.substr(1) : arena_.Copy(absl::StrCat("-", literal->text));
  literal->offset = offset;
  const char* first = literal->text.data();
  const char* last = first + literal->text.size();
  const auto [stop, code] = std::from_chars(first, last, literal->integer);
  literal->kind = code == std::errc() && stop == last ? ExprKind::kInteger : ExprKind::kNumeric;
  return literal;
}

Expr* Parser::ParseInfix(Expr* left, int minimum, bool* done) {
  const int32_t offset = token_.offset;
  if (token_.kind == TokenKind::kOperator) return ParseInfixOperator(left, minimum, done);
  const bool negated = At("not"_kw);
  const Keyword word = negated ? Peek().keyword : token_.keyword;
  switch (word) {
    case "or"_kw:
      if (negated || minimum > kOrPrecedence) break;
      return ParseJunction(left, ExprKind::kOr, kOrPrecedence);
    case "and"_kw:
      if (negated || minimum > kAndPrecedence) break;
      return ParseJunction(left, ExprKind::kAnd, kAndPrecedence);
    case "is"_kw:
      if (negated || minimum > kIsPrecedence) break;
      return ParseIs(left);
    case "isnull"_kw:
    case "notnull"_kw:
    case "null"_kw: {  // the last is SQLite's `x NOT NULL`
      if (minimum > kIsPrecedence || negated != (word == "null"_kw)) break;
      if (negated) Advance();
      Advance();
      auto* expr = NewExpr<ast::IsPredicate>(ExprKind::kIs, offset);
      expr->negated = word != "isnull"_kw;
      expr->operand = left;
      return Finish(expr, {left});
    }
    case "between"_kw:
      if (minimum > kLikePrecedence) break;
      return ParseBetween(left, negated, offset);
    case "in"_kw:
      if (minimum > kLikePrecedence) break;
      return ParseIn(left, negated, offset);
    case "glob"_kw:
    case "regexp"_kw:
    case "match"_kw: {  // unreserved: operators only before what can be an operand
      const Token& next = Peek(negated ? 2 : 1);
      const bool operand = next.kind == TokenKind::kString || next.kind == TokenKind::kParameter ||
                           next.kind == TokenKind::kOperator || next.kind == TokenKind::kQuotedName ||
                           (next.kind == TokenKind::kPunctuation && (next.text == "(" || next.text == ":")) ||
                           (next.kind == TokenKind::kWord &&
                            (next.keyword == kNoKeyword || next.keyword == "null"_kw || next.keyword == "cast"_kw));
      if (!operand || minimum > kLikePrecedence) break;
      return ParseLike(left, negated, offset);
    }
    case "like"_kw:
    case "ilike"_kw:
    case "similar"_kw:
      if (minimum > kLikePrecedence) break;
      return ParseLike(left, negated, offset);
    case "at"_kw: {
      if (negated || minimum > kAtPrecedence || !PeekIs("time"_kw)) break;
      Advance();
      Advance();
      Expect("zone"_kw);
      Expr* zone = ParseExpr(kAtPrecedence + 1);
      return MakeCall("timezone", offset, {zone, left});
    }
    case "collate"_kw: {
      if (negated || minimum > kCollatePrecedence) break;
      Advance();
      auto* expr = NewExpr<ast::Collate>(ExprKind::kCollate, offset);
      expr->operand = left;
      expr->collation = At("binary"_kw) ? ast::QualifiedName{Keep(Items<ast::Name>{TakeName()})} : ParseQualifiedName();
      return Finish(expr, {left});
    }
    case "overlaps"_kw: {
      if (negated || minimum > kOperatorPrecedence) break;
      Advance();
      Expr* right = ParseExpr(kOperatorPrecedence + 1);
      if (left->kind != ExprKind::kRow || right->kind != ExprKind::kRow || ast::As<ast::Row>(*left).elements.size() != 2 ||
          ast::As<ast::Row>(*right).elements.size() != 2) {
        FailSyntax("wrong number of parameters on an OVERLAPS expression", offset);
        break;
      }
      const auto a = ast::As<ast::Row>(*left).elements;
      const auto b = ast::As<ast::Row>(*right).elements;
      return MakeCall("overlaps", offset, {a[0], a[1], b[0], b[1]});
    }
    case "operator"_kw: {  // OPERATOR(schema.+)
      if (negated || minimum > kOperatorPrecedence || !PeekIs("(")) break;
      Advance();
      Advance();
      while (token_.kind == TokenKind::kWord) {
        Advance();
        Expect(".");
      }
      const Text op = token_.text;
      if (token_.kind != TokenKind::kOperator) Unexpected();
      Advance();
      Expect(")");
      return ParseBinary(left, Canonical(op), kOperatorPrecedence, offset);
    }
    default:
      break;
  }
  *done = true;
  return left;
}

Expr* Parser::ParseInfixOperator(Expr* left, int minimum, bool* done) {
  const int level = OperatorLevel(token_.text);
  if (minimum > level) {
    *done = true;
    return left;
  }
  const Text op = Canonical(token_.text);
  const int32_t offset = token_.offset;
  Advance();
  return ParseBinary(left, op, level, offset);
}

// After the operator.
Expr* Parser::ParseBinary(Expr* left, Text op, int level, int32_t offset) {
  if (At("any"_kw) || At("all"_kw) || (At("some"_kw) && PeekIs("("))) return ParseQuantified(left, op, offset);
  auto* expr = NewExpr<ast::Binary>(ExprKind::kBinary, offset);
  expr->op = op;
  expr->left = left;
  expr->right = ParseExpr(level + 1);
  if (level == kComparisonPrecedence && token_.kind == TokenKind::kOperator &&
      OperatorLevel(token_.text) == kComparisonPrecedence) {
    UnexpectedWithHint("comparisons do not chain; combine them with AND or use parentheses");
  }
  return Finish(expr, {expr->left, expr->right});
}

Expr* Parser::ParseJunction(Expr* left, ExprKind kind, int level) {
  const Keyword word = token_.keyword;
  auto* expr = NewExpr<ast::Junction>(kind, token_.offset);
  Items<Expr*> operands = {left};
  while (Accept(word)) operands.push_back(ParseExpr(level + 1));
  expr->operands = Keep(operands);
  return FinishList(expr, expr->operands);
}

Expr* Parser::ParseIs(Expr* left) {
  auto* expr = NewExpr<ast::IsPredicate>(ExprKind::kIs, token_.offset);
  Expect("is"_kw);
  expr->operand = left;
  expr->negated = Accept("not"_kw);
  if (Accept("null"_kw)) {
    expr->test = ast::IsTest::kNull;
  } else if (Accept("true"_kw)) {
    expr->test = ast::IsTest::kTrue;
  } else if (Accept("false"_kw)) {
    expr->test = ast::IsTest::kFalse;
  } else if (Accept("unknown"_kw)) {
    expr->test = ast::IsTest::kUnknown;
  } else if (At("distinct"_kw)) {
    Advance();
    Expect("from"_kw);
    expr->test = ast::IsTest::kDistinctFrom;
    expr->other = ParseExpr(kIsPrecedence + 1);
  } else if (token_.kind == TokenKind::kWord && token_.text == "json") {
    Advance();
    expr->test = ast::IsTest::kJson;
    expr->json_kind = "value";
    for (const std::string_view kind : {"value", "object", "array", "scalar"}) {
      if (token_.kind != TokenKind::kWord || token_.text != kind) continue;
      expr->json_kind = kind;
      Advance();
      break;
    }
    if ((At("with"_kw) || At("without"_kw)) && PeekIs("unique"_kw)) {
      expr->unique_keys = At("with"_kw);
      Advance();
      Advance();
      if (token_.kind == TokenKind::kWord && token_.text == "keys") Advance();
    }
  } else {  // SQLite's a IS b
    expr->test = ast::IsTest::kSame;
    expr->other = ParseExpr(kIsPrecedence + 1);
  }
  return Finish(expr, {left, expr->other});
}

Expr* Parser::ParseBetween(Expr* left, bool negated, int32_t offset) {
  auto* expr = NewExpr<ast::Between>(ExprKind::kBetween, offset);
  if (negated) Advance();
  Advance();
  expr->negated = negated;
  expr->operand = left;
  expr->symmetric = Accept("symmetric"_kw);
  if (!expr->symmetric) Accept("asymmetric"_kw);
  expr->lower = ParseExpr(kLikePrecedence + 1);
  Expect("and"_kw);
  expr->upper = ParseExpr(kLikePrecedence + 1);
  return Finish(expr, {left, expr->lower, expr->upper});
}

Expr* Parser::ParseIn(Expr* left, bool negated, int32_t offset) {
  auto* expr = NewExpr<ast::In>(ExprKind::kIn, offset);
  if (negated) Advance();
  Advance();
  expr->negated = negated;
  expr->operand = left;
  if (!At("(")) {  // SQLite's IN table
    auto* table = arena_.New<ast::NamedTable>();
    NewTableRef(table, ast::TableRefKind::kNamed, token_.offset);
    table->name = ParseQualifiedName();
    auto* core = New<ast::SelectCore>(table->offset);
    core->kind = ast::BodyKind::kCore;
    core->items = Keep(Items<ast::SelectItem>{{ParseStarExpr({}, -1), {}}});
    core->from = Keep(Items<ast::TableRef*>{table});
    expr->subquery = New<ast::Select>(table->offset);
    expr->subquery->body = core;
    return Finish(expr, {left});
  }
  Expect("(");
  if (AtQuery()) {
    expr->subquery = ParseSelect();
  } else if (!At(")")) {
    expr->list = ParseExprList();
    if (expr->list.size() == 1 && expr->list[0]->kind == ExprKind::kSubquery) {  // IN ((SELECT ...) UNION ...)
      expr->subquery = static_cast<ast::Subquery*>(expr->list[0])->select;
      expr->list = {};
      if (!At(")")) ParseSelectTail(expr->subquery);
    }
  }
  Expect(")");
  return FinishList(expr, expr->list, left);
}

Expr* Parser::ParseLike(Expr* left, bool negated, int32_t offset) {
  auto* expr = NewExpr<ast::Like>(ExprKind::kLike, offset);
  if (negated) Advance();
  expr->negated = negated;
  expr->operand = left;
  const Keyword word = token_.keyword;
  Advance();
  switch (word) {
    case "ilike"_kw:
      expr->like = ast::LikeKind::kIlike;
      break;
    case "glob"_kw:
      expr->like = ast::LikeKind::kGlob;
      break;
    case "regexp"_kw:
      expr->like = ast::LikeKind::kRegexp;
      break;
    case "match"_kw:
      expr->like = ast::LikeKind::kMatch;
      break;
    case "similar"_kw:
      expr->like = ast::LikeKind::kSimilar;
      Expect("to"_kw);
      break;
    default:
      break;
  }
  if (At("any"_kw) || At("all"_kw)) {  // LIKE ANY (array)
    const Text op = expr->like == ast::LikeKind::kIlike ? (negated ? "!~~*" : "~~*") : (negated ? "!~~" : "~~");
    return ParseQuantified(left, op, offset);
  }
  expr->pattern = ParseExpr(kLikePrecedence + 1);
  if (Accept("escape"_kw)) expr->escape = ParseExpr(kLikePrecedence + 1);
  return Finish(expr, {left, expr->pattern, expr->escape});
}

// At ANY, SOME or ALL.
Expr* Parser::ParseQuantified(Expr* left, Text op, int32_t offset) {
  auto* expr = NewExpr<ast::Quantified>(ExprKind::kQuantified, offset);
  expr->all = At("all"_kw);
  expr->op = op;
  expr->left = left;
  Advance();
  Expect("(");
  if (AtQuery()) {
    expr->subquery = ParseSelect();
  } else {
    expr->array = ParseExpr();
    if (expr->array->kind == ExprKind::kSubquery && !At(")")) {
      expr->subquery = static_cast<ast::Subquery*>(expr->array)->select;
      expr->array = nullptr;
      ParseSelectTail(expr->subquery);
    }
  }
  Expect(")");
  return Finish(expr, {left, expr->array});
}

// ::type, [subscript] and, after parentheses, .field
Expr* Parser::ParsePostfix(Expr* operand) {
  for (bool subscripted = false;;) {
    const int32_t offset = token_.offset;
    const bool continues = std::exchange(subscripted, At("["));
    if (Accept("::")) {
      auto* cast = NewExpr<ast::Cast>(ExprKind::kCast, offset);
      cast->syntax = ast::CastSyntax::kColons;
      cast->operand = operand;
      cast->type = ParseType();
      operand = Finish(cast, {operand});
    } else if (At("[")) {
      operand = ParseSubscript(operand, continues);
    } else if (At(".") && operand->kind != ExprKind::kInteger && operand->kind != ExprKind::kNumeric) {
      Advance();
      auto* field = NewExpr<ast::Field>(ExprKind::kField, offset);
      field->operand = operand;
      if (!AcceptOperator("*")) field->name = ParseLabel();
      operand = Finish(field, {operand});
    } else {
      return operand;
    }
    if (failed()) return operand;
  }
}

Expr* Parser::ParseSubscript(Expr* operand, bool continues) {
  auto* expr = NewExpr<ast::Subscript>(ExprKind::kSubscript, token_.offset);
  expr->continues = continues;
  Expect("[");
  expr->operand = operand;
  if (!At(":")) expr->lower = ParseExpr();
  if (Accept(":")) {
    expr->slice = true;
    if (!At("]")) expr->upper = ParseExpr();
  }
  Expect("]");
  return Finish(expr, {operand, expr->lower, expr->upper});
}

ast::List<Expr*> Parser::ParseExprList() {
  Items<Expr*> items;
  do {
    if ((At(")") || At("]")) && !items.empty()) break;  // a trailing comma
    items.push_back(ParseExpr());
  } while (Accept(","));
  return Keep(items);
}

ast::OrderItem Parser::ParseOrderItem() {
  ast::OrderItem item;
  item.expr = ParseExpr();
  if (Accept("asc"_kw)) {
    item.direction = ast::Direction::kAscending;
  } else if (Accept("desc"_kw)) {
    item.direction = ast::Direction::kDescending;
  } else if (Accept("using"_kw)) {
    if (AtOperator("<")) {
      item.direction = ast::Direction::kAscending;
    } else if (AtOperator(">")) {
      item.direction = ast::Direction::kDescending;
    } else {
      UnexpectedWithHint("ORDER BY ... USING takes < or >");
    }
    Advance();
  }
  if (At("nulls"_kw) && (PeekIs("first"_kw) || PeekIs("last"_kw))) {
    Advance();
    item.nulls = At("first"_kw) ? ast::NullsOrder::kFirst : ast::NullsOrder::kLast;
    Advance();
  }
  return item;
}

ast::List<ast::OrderItem> Parser::ParseOrderItems() {
  Items<ast::OrderItem> items;
  do {
    items.push_back(ParseOrderItem());
  } while (Accept(","));
  return Keep(items);
}

}  // namespace turdb::sql
