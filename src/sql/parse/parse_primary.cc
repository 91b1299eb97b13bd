// Operands: literals, parameters, names, calls with their special syntaxes, subqueries, constructors.
#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "sql/parse/parser_internal.h"

namespace turdb::sql {

using ast::Expr;
using ast::ExprKind;
using ast::Name;
using ast::QualifiedName;
using ast::Text;

Expr* Parser::ParsePrimary() {
  switch (token_.kind) {
    case TokenKind::kString:
    case TokenKind::kBlob:
    case TokenKind::kBits:
    case TokenKind::kInteger:
    case TokenKind::kNumeric:
      return ParsePostfix(ParseLiteral());
    case TokenKind::kParameter:
      return ParsePostfix(ParseParameter());
    case TokenKind::kWord:
      return ParsePostfix(ParseWordPrimary());
    case TokenKind::kQuotedName:
      return ParsePostfix(ParseNameOrCall());
    case TokenKind::kPunctuation:
      if (At("(")) return ParsePostfix(ParseParenthesised());
      if (At("[")) return ParsePostfix(ParseArrayConstructor());
      if (At("{")) return ParsePostfix(ParseStruct());
      if (At(":")) {
        Token parameter;
        if (lexer_.RelexAsParameter(token_, &parameter)) {
          Replace(parameter);
          return ParsePostfix(ParseParameter());
        }
      }
      break;
    case TokenKind::kOperator:
      if (AtOperator("*")) return ParseStarExpr({}, token_.offset);
      break;
    default:
      break;
  }
  Unexpected();
  return NewExpr<ast::Literal>(ExprKind::kNull, token_.offset);
}

Expr* Parser::ParseLiteral() {
  ExprKind kind = ExprKind::kString;
  if (token_.kind == TokenKind::kBlob) kind = ExprKind::kBlob;
  if (token_.kind == TokenKind::kBits) kind = ExprKind::kBits;
  if (token_.kind == TokenKind::kInteger) kind = ExprKind::kInteger;
  if (token_.kind == TokenKind::kNumeric) kind = ExprKind::kNumeric;
  auto* literal = NewExpr<ast::Literal>(kind, token_.offset);
  literal->text = token_.text;
  literal->integer = token_.integer;
  Advance();
  return Finish(literal);
}

Expr* Parser::MakeString(Text text, int32_t offset) {
  auto* literal = NewExpr<ast::Literal>(ExprKind::kString, offset);
  literal->text = text;
  return Finish(literal);
}

int32_t Parser::ParameterNumber(std::string_view name) {
  int32_t number = 0;
  if (name.empty()) {
    number = static_cast<int32_t>(parameters_.size()) + 1;
  } else if (name[0] >= '0' && name[0] <= '9') {
    if (!absl::SimpleAtoi(name, &number)) number = INT32_MAX;
    name = {};
  } else {
    for (size_t i = 0; i < parameters_.size(); ++i) {
      if (parameters_[i] == name) return static_cast<int32_t>(i) + 1;
    }
    number = static_cast<int32_t>(parameters_.size()) + 1;
  }
  if (number > limits_.parameters && number <= base::kMaxParameters) {
    Fail(base::LimitError(absl::StrCat("the statement has more than ", limits_.parameters, " parameters, the limit")),
         token_.offset);
    return 1;
  }
  if (number < 1 || number > limits_.parameters) {
    Fail(base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kUndefinedParameter,
                         absl::StrCat("parameter numbers go from 1 to ", limits_.parameters)),
         token_.offset);
    return 1;
  }
  if (parameters_.size() < static_cast<size_t>(number)) parameters_.resize(number);
  if (!name.empty()) parameters_[number - 1] = name;
  return number;
}

Expr* Parser::ParseParameter() {
  auto* parameter = NewExpr<ast::Parameter>(ExprKind::kParameter, token_.offset);
  const bool named = !token_.text.empty() && (token_.text[0] < '0' || token_.text[0] > '9');
  parameter->number = ParameterNumber(named ? sql_.substr(token_.offset, token_.end - token_.offset) : token_.text);
  Advance();
  return Finish(parameter);
}

Expr* Parser::MakeCall(Text name, int32_t offset, std::initializer_list<Expr*> arguments) {
  auto* call = NewExpr<ast::Call>(ExprKind::kCall, offset);
  call->name = QualifiedName{Keep(Items<Name>{Name{name, offset, false}})};
  call->arguments = Keep(Items<Expr*>(arguments));
  return FinishList(call, call->arguments);
}

// A word that is not handled here is a name.
Expr* Parser::ParseWordPrimary() {
  const int32_t offset = token_.offset;
  switch (token_.keyword) {
    case kNoKeyword:
      break;
    case "null"_kw:
      Advance();
      return Finish(NewExpr<ast::Literal>(ExprKind::kNull, offset));
    case "default"_kw:
      Advance();
      return Finish(NewExpr<ast::Literal>(ExprKind::kDefault, offset));
    case "true"_kw:
    case "false"_kw: {
      auto* literal = NewExpr<ast::Literal>(ExprKind::kBoolean, offset);
      literal->boolean = At("true"_kw);
      Advance();
      return Finish(literal);
    }
    case "case"_kw:
      return ParseCase();
    case "cast"_kw:
      return ParseCast();
    case "try_cast"_kw:
      if (PeekIs("(")) return ParseCast();
      break;
    case "exists"_kw:
      if (!PeekIs("(")) break;
      Advance();
      return ParseSubqueryAs(ExprKind::kExists, offset);
    case "array"_kw:
      Advance();
      if (At("(")) return ParseSubqueryAs(ExprKind::kArraySubquery, offset);
      return ParseArrayConstructor();
    case "row"_kw:
      if (PeekIs("(")) return ParseRow();
      break;
    case "interval"_kw:
      if (Peek().kind == TokenKind::kString || PeekIs("(")) return ParseIntervalLiteral();
      break;
    default:
      if (Expr* special = ParseSpecialFunction(); special != nullptr) return special;
  }
  if (token_.text == "map" && PeekIs("{")) return ParseMap();
  if (AtTypedLiteral()) return ParseTypedLiteral();
  return ParseNameOrCall();
}

Expr* Parser::ParseSpecialFunction() {
  switch (token_.keyword) {
    case "extract"_kw:
      return PeekIs("(") ? ParseExtract() : nullptr;
    case "position"_kw:
      return PeekIs("(") ? ParsePosition() : nullptr;
    case "substring"_kw:
      return PeekIs("(") ? ParseSubstring() : nullptr;
    case "overlay"_kw:
      return PeekIs("(") ? ParseOverlay() : nullptr;
    case "trim"_kw:
      return PeekIs("(") ? ParseTrim() : nullptr;
    case "current_date"_kw:
    case "current_time"_kw:
    case "current_timestamp"_kw:
    case "localtime"_kw:
    case "localtimestamp"_kw:
    case "current_role"_kw:
    case "current_user"_kw:
    case "session_user"_kw:
    case "user"_kw:
    case "current_catalog"_kw: {
      auto* call = static_cast<ast::Call*>(MakeCall(token_.text, token_.offset, {}));
      call->bare = true;
      Advance();
      if (Accept("(")) {
        if (!At(")")) call->arguments = ParseExprList();
        Expect(")");
      }
      return Finish(call);
    }
    default:
      return nullptr;
  }
}

Expr* Parser::ParseStarExpr(ast::List<Name> qualifier, int32_t offset) {
  auto* star = NewExpr<ast::Star>(ExprKind::kStar, offset);
  star->qualifier = qualifier;
  if (offset < 0) return star;  // made by the parser, not written
  Advance();
  if ((At("exclude"_kw) || At("except"_kw)) && PeekIs("(")) {
    Advance();
    star->exclude = ParseParenthesisedNames();
  } else if (At("exclude"_kw) && Peek().kind == TokenKind::kWord && Peek().keyword == kNoKeyword) {
    Advance();
    star->exclude = Keep(Items<Name>{ParseName()});
  }
  if (At("replace"_kw) && PeekIs("(")) {
    Advance();
    Advance();
    Items<ast::ReplaceItem> items;
    do {
      Expr* value = ParseExpr();
      Expect("as"_kw);
      items.push_back({value, ParseLabel()});
    } while (Accept(","));
    Expect(")");
    star->replace = Keep(items);
  }
  star->text = TextFrom(offset);
  return Finish(star);
}

Expr* Parser::ParseNameOrCall() {
  const int32_t offset = token_.offset;
  if (token_.kind == TokenKind::kWord && token_.keyword != kNoKeyword) {
    const KeywordClass keyword_class = InfoOf(token_.keyword).keyword_class;
    const bool call = PeekIs("(") || PeekIs(".");
    if (keyword_class == KeywordClass::kReserved ||
        (keyword_class == KeywordClass::kTypeOrFunction && !call && !At("current_schema"_kw))) {
      Unexpected();
    }
  }
  Items<Name> parts = {TakeName()};
  while (At(".")) {
    if (Peek().kind == TokenKind::kOperator && Peek().text == "*") {
      Advance();
      return ParseStarExpr(Keep(parts), offset);
    }
    Advance();
    parts.push_back(ParseDottedPart());
  }
  if (At("(") && parts.size() == 1 && !parts[0].quoted) {
    for (const std::string_view name : {"json_value", "json_query", "json_exists"}) {
      if (parts[0].text == name) return ParseJsonFunction(name, offset);
    }
  }
  if (At("(")) return ParseCall(QualifiedName{Keep(parts)});
  if (parts.size() == 1 && !parts[0].quoted && parts[0].text == "current_schema") {
    auto* call = static_cast<ast::Call*>(MakeCall("current_schema", offset, {}));
    call->bare = true;
    return call;
  }
  auto* column = NewExpr<ast::Column>(ExprKind::kColumn, offset);
  column->parts = Keep(parts);
  return Finish(column);
}

Expr* Parser::ParseCall(QualifiedName name) {
  auto* call = NewExpr<ast::Call>(ExprKind::kCall, name.offset());
  call->name = name;
  Expect("(");
  ParseCallArguments(call);
  Expect(")");
  ParseCallTail(call);
  const Expr* highest = call->filter;
  for (const ast::OrderItem& item : call->order_by) {
    if (highest == nullptr || item.expr->height > highest->height) highest = item.expr;
  }
  return FinishList(call, call->arguments, highest);
}

void Parser::ParseCallArguments(ast::Call* call) {
  if (At(")")) return;
  if (AtOperator("*") && PeekIs(")")) {
    call->star = true;
    Advance();
    return;
  }
  if (Accept("distinct"_kw)) {
    call->distinct = true;
  } else {
    Accept("all"_kw);
  }
  Items<Expr*> arguments;
  do {
    if (At(")") && !arguments.empty()) break;
    if (Accept("variadic"_kw)) call->variadic = true;
    arguments.push_back(TakesLambda(call->name.last().text) && AtLambda() ? ParseLambda() : ParseArgument());
  } while (Accept(","));
  call->arguments = Keep(arguments);
  if (At("order"_kw)) {
    Advance();
    Expect("by"_kw);
    call->order_by = ParseOrderItems();
  }
  if ((At("ignore"_kw) || At("respect"_kw)) && PeekIs("nulls"_kw)) {
    call->ignore_nulls = At("ignore"_kw);
    Advance();
    Advance();
  }
}

// Functions whose argument may be a lambda: elsewhere -> is an operator.
bool Parser::TakesLambda(std::string_view name) {
  constexpr std::string_view kNames[] = {"list_transform", "array_transform", "list_apply",   "array_apply",
                                         "apply",          "list_filter",     "array_filter", "filter",
                                         "list_reduce",    "array_reduce",    "reduce"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

bool Parser::AtLambda() {
  const auto arrow = [&](int distance) { return Peek(distance).kind == TokenKind::kOperator && Peek(distance).text == "->"; };
  if (AtName()) return arrow(1) || (token_.text == "lambda" && Peek().kind == TokenKind::kWord);
  const auto name = [&](int distance) {
    return Peek(distance).kind == TokenKind::kWord || Peek(distance).kind == TokenKind::kQuotedName;
  };
  if (!At("(") || !name(1)) return false;  // (x) -> or (x, y) ->
  if (PeekIs(")", 2)) return arrow(3);
  return PeekIs(",", 2) && name(3) && PeekIs(")", 4) && arrow(5);
}

Expr* Parser::ParseLambda() {
  auto* lambda = NewExpr<ast::Lambda>(ExprKind::kLambda, token_.offset);
  Items<Name> parameters;
  if (token_.text == "lambda" && Peek().kind == TokenKind::kWord) {  // lambda x, y: x + y
    Advance();
    do {
      parameters.push_back(ParseName());
    } while (Accept(","));
    Expect(":");
  } else {
    const bool several = Accept("(");
    do {
      parameters.push_back(ParseName());
    } while (several && Accept(","));
    if (several) Expect(")");
    if (!AcceptOperator("->")) Unexpected();
  }
  lambda->parameters = Keep(parameters);
  lambda->body = ParseExpr();
  return Finish(lambda, {lambda->body});
}

Expr* Parser::ParseArgument() {
  const int32_t offset = token_.offset;
  if (AtName(KeywordClass::kTypeOrFunction) && (PeekIs("=>") || PeekIs(":="))) {
    auto* argument = NewExpr<ast::NamedArgument>(ExprKind::kNamedArgument, offset);
    argument->name = TakeName();
    Advance();
    argument->value = ParseExpr();
    return Finish(argument, {argument->value});
  }
  if (AtQuery()) {  // f(SELECT ...) as SQLite and DuckDB take it
    auto* subquery = NewExpr<ast::Subquery>(ExprKind::kSubquery, offset);
    subquery->select = ParseSelect();
    return Finish(subquery);
  }
  return ParseExpr();
}

void Parser::ParseCallTail(ast::Call* call) {
  if (At("within"_kw) && PeekIs("group"_kw)) {
    Advance();
    Advance();
    Expect("(");
    Expect("order"_kw);
    Expect("by"_kw);
    call->order_by = ParseOrderItems();
    call->within_group = true;
    Expect(")");
  }
  if (At("filter"_kw) && PeekIs("(")) {
    Advance();
    Advance();
    Accept("where"_kw);
    call->filter = ParseExpr();
    Expect(")");
  }
  if ((At("ignore"_kw) || At("respect"_kw)) && PeekIs("nulls"_kw)) {
    call->ignore_nulls = At("ignore"_kw);
    Advance();
    Advance();
  }
  if (At("over"_kw) && (PeekIs("(") || Peek().kind == TokenKind::kWord || Peek().kind == TokenKind::kQuotedName)) {
    Advance();
    if (At("(")) {
      Advance();
      call->over = ParseWindowSpecification();
      Expect(")");
    } else {
      call->over = arena_.New<ast::Window>();
      call->over->name = ParseName();
      call->over->by_name = true;
    }
  }
}

// The inside of OVER (...) or of WINDOW w AS (...).
ast::Window* Parser::ParseWindowSpecification() {
  auto* window = arena_.New<ast::Window>();
  const bool clause = At("partition"_kw) || At("order"_kw) || At("rows"_kw) || At("range"_kw) || At("groups"_kw);
  if (!At(")") && !clause) window->name = ParseName();
  if (Accept("partition"_kw)) {
    Expect("by"_kw);
    window->partition_by = ParseExprList();
  }
  if (Accept("order"_kw)) {
    Expect("by"_kw);
    window->order_by = ParseOrderItems();
  }
  if (At("rows"_kw) || At("range"_kw) || At("groups"_kw)) ParseFrame(window);
  return window;
}

void Parser::ParseFrame(ast::Window* window) {
  window->unit = At("rows"_kw) ? ast::FrameUnit::kRows : At("range"_kw) ? ast::FrameUnit::kRange : ast::FrameUnit::kGroups;
  Advance();
  if (Accept("between"_kw)) {
    window->start = ParseFrameBound(&window->start_offset);
    Expect("and"_kw);
    window->end = ParseFrameBound(&window->end_offset);
  } else {
    window->start = ParseFrameBound(&window->start_offset);
    window->end = ast::FrameBound::kCurrentRow;
  }
  if (!Accept("exclude"_kw)) return;
  if (Accept("current"_kw)) {
    Expect("row"_kw);
    window->exclusion = ast::FrameExclusion::kCurrentRow;
  } else if (Accept("group"_kw)) {
    window->exclusion = ast::FrameExclusion::kGroup;
  } else if (Accept("ties"_kw)) {
    window->exclusion = ast::FrameExclusion::kTies;
  } else {
    Expect("no"_kw);
    Expect("others"_kw);
  }
}

ast::FrameBound Parser::ParseFrameBound(Expr** offset) {
  if (At("unbounded"_kw) && (PeekIs("preceding"_kw) || PeekIs("following"_kw))) {
    Advance();
    if (Accept("preceding"_kw)) return ast::FrameBound::kUnboundedPreceding;
    Expect("following"_kw);
    return ast::FrameBound::kUnboundedFollowing;
  }
  if (At("current"_kw) && PeekIs("row"_kw)) {
    Advance();
    Advance();
    return ast::FrameBound::kCurrentRow;
  }
  *offset = ParseExpr();
  if (Accept("preceding"_kw)) return ast::FrameBound::kPreceding;
  Expect("following"_kw);
  return ast::FrameBound::kFollowing;
}

Expr* Parser::ParseSubqueryAs(ExprKind kind, int32_t offset) {
  auto* subquery = NewExpr<ast::Subquery>(kind, offset);
  Expect("(");
  if (AtQuery()) {
    subquery->select = ParseSelect();
  } else {  // more parentheses around it
    Expr* inner = ParseExpr();
    if (inner->kind != ExprKind::kSubquery) {
      Unexpected();
      return inner;
    }
    subquery->select = static_cast<ast::Subquery*>(inner)->select;
    if (!At(")")) ParseSelectTail(subquery->select);
  }
  Expect(")");
  return Finish(subquery);
}

Expr* Parser::ParseParenthesised() {
  const int32_t offset = token_.offset;
  Expect("(");
  if (AtQuery()) {
    auto* subquery = NewExpr<ast::Subquery>(ExprKind::kSubquery, offset);
    subquery->select = ParseSelect();
    Expect(")");
    return Finish(subquery);
  }
  if (At(")")) {  // the empty grouping set
    Advance();
    return Finish(NewExpr<ast::GroupingSet>(ExprKind::kGroupingSet, offset));
  }
  Expr* first = ParseExpr();
  if (Accept(")")) return first;
  if (At(",")) {
    auto* row = NewExpr<ast::Row>(ExprKind::kRow, offset);
    Items<Expr*> elements = {first};
    while (Accept(",")) {
      if (At(")")) break;
      elements.push_back(ParseExpr());
    }
    Expect(")");
    row->elements = Keep(elements);
    return FinishList(row, row->elements);
  }
  if (first->kind == ExprKind::kSubquery) {  // ((SELECT ...) UNION ...)
    ParseSelectTail(static_cast<ast::Subquery*>(first)->select);
  }
  Expect(")");
  return first;
}

Expr* Parser::ParseRow() {
  auto* row = NewExpr<ast::Row>(ExprKind::kRow, token_.offset);
  Advance();
  Expect("(");
  if (!At(")")) row->elements = ParseExprList();
  Expect(")");
  return FinishList(row, row->elements);
}

// {'a': 1, b: 2}
Expr* Parser::ParseStruct() {
  auto* row = NewExpr<ast::Row>(ExprKind::kRow, token_.offset);
  Expect("{");
  Items<Expr*> elements;
  Items<Name> names;
  while (!At("}") && !failed()) {
    if (token_.kind == TokenKind::kString) {
      names.push_back(Name{token_.text, token_.offset, true});
      Advance();
    } else {
      names.push_back(ParseLabel());
    }
    Expect(":");
    elements.push_back(ParseExpr());
    if (!Accept(",")) break;
  }
  Expect("}");
  if (elements.empty()) Unexpected();
  row->elements = Keep(elements);
  row->names = Keep(names);
  return FinishList(row, row->elements);
}

// MAP {1: 'x', 2: 'y'}
Expr* Parser::ParseMap() {
  auto* map = NewExpr<ast::Map>(ExprKind::kMap, token_.offset);
  Advance();
  Expect("{");
  Items<Expr*> pairs;
  while (!At("}") && !failed()) {
    pairs.push_back(ParseExpr());
    Expect(":");
    pairs.push_back(ParseExpr());
    if (!Accept(",")) break;
  }
  Expect("}");
  map->pairs = Keep(pairs);
  return FinishList(map, map->pairs);
}

Expr* Parser::ParseArrayConstructor() {
  auto* array = NewExpr<ast::Array>(ExprKind::kArray, token_.offset);
  Expect("[");
  if (!At("]")) array->elements = ParseExprList();
  Expect("]");
  return FinishList(array, array->elements);
}

Expr* Parser::ParseCase() {
  auto* expr = NewExpr<ast::Case>(ExprKind::kCase, token_.offset);
  Expect("case"_kw);
  if (!At("when"_kw)) expr->operand = ParseExpr();
  Items<ast::When> whens;
  Items<Expr*> operands;
  while (Accept("when"_kw)) {
    Expr* condition = ParseExpr();
    Expect("then"_kw);
    whens.push_back({condition, ParseExpr()});
    operands.push_back(condition);
    operands.push_back(whens.back().result);
  }
  if (whens.empty()) Unexpected();
  if (Accept("else"_kw)) {
    expr->otherwise = ParseExpr();
    operands.push_back(expr->otherwise);
  }
  Expect("end"_kw);
  expr->whens = Keep(whens);
  return FinishList(expr, ast::List<Expr*>(operands.data(), operands.size()), expr->operand);
}

Expr* Parser::ParseCast() {
  auto* cast = NewExpr<ast::Cast>(ExprKind::kCast, token_.offset);
  cast->syntax = At("try_cast"_kw) ? ast::CastSyntax::kTry : ast::CastSyntax::kCast;
  Advance();
  Expect("(");
  cast->operand = ParseExpr();
  Expect("as"_kw);
  cast->type = ParseType(true);
  Expect(")");
  return Finish(cast, {cast->operand});
}

Expr* Parser::ParseTypedLiteral() {
  auto* cast = NewExpr<ast::Cast>(ExprKind::kCast, token_.offset);
  cast->syntax = ast::CastSyntax::kTypedLiteral;
  cast->type = ParseType();
  if (token_.kind != TokenKind::kString) Unexpected();
  cast->operand = ParseLiteral();
  return Finish(cast, {cast->operand});
}

Expr* Parser::ParseIntervalLiteral() {
  auto* cast = NewExpr<ast::Cast>(ExprKind::kCast, token_.offset);
  cast->syntax = ast::CastSyntax::kTypedLiteral;
  cast->type = New<ast::TypeName>(token_.offset);
  cast->type->name = QualifiedName{Keep(Items<Name>{Name{"interval", token_.offset, false}})};
  Advance();
  if (Accept("(")) {
    cast->type->modifiers = ParseExprList();
    Expect(")");
  }
  if (token_.kind != TokenKind::kString) Unexpected();
  cast->operand = ParseLiteral();
  cast->type->interval_fields = ParseIntervalFields();
  return Finish(cast, {cast->operand});
}

Expr* Parser::ParseExtract() {
  const int32_t offset = token_.offset;
  Advance();
  Expect("(");
  Expr* field = nullptr;
  if (token_.kind == TokenKind::kString) {
    field = ParseLiteral();
  } else {
    const Name name = ParseLabel();
    field = MakeString(name.text, name.offset);
  }
  if (!Accept("from"_kw)) Expect(",");
  Expr* source = ParseExpr();
  Expect(")");
  return MakeCall("extract", offset, {field, source});
}

Expr* Parser::ParsePosition() {
  const int32_t offset = token_.offset;
  Advance();
  Expect("(");
  Expr* needle = ParseExpr(kLikePrecedence + 1);
  const bool standard = Accept("in"_kw);
  if (!standard) Expect(",");
  Expr* haystack = ParseExpr();
  Expect(")");
  return standard ? MakeCall("strpos", offset, {haystack, needle}) : MakeCall("strpos", offset, {needle, haystack});
}

Expr* Parser::ParseSubstring() {
  const int32_t offset = token_.offset;
  Advance();
  Expect("(");
  Items<Expr*> arguments = {ParseExpr(kLikePrecedence + 1)};  // SIMILAR is no operator here
  if (Accept("similar"_kw)) {
    arguments.push_back(ParseExpr());
    Expect("escape"_kw);
    arguments.push_back(ParseExpr());
  } else if (At("from"_kw) || At("for"_kw)) {
    Expr* from = nullptr;
    Expr* length = nullptr;
    while (At("from"_kw) || At("for"_kw)) {
      const bool is_from = At("from"_kw);
      Advance();
      (is_from ? from : length) = ParseExpr();
    }
    if (from == nullptr) {
      auto* one = NewExpr<ast::Literal>(ExprKind::kInteger, offset);
      one->text = "1";
      one->integer = 1;
      from = Finish(one);
    }
    arguments.push_back(from);
    if (length != nullptr) arguments.push_back(length);
  } else {
    while (Accept(",")) arguments.push_back(ParseExpr());
  }
  Expect(")");
  auto* call = static_cast<ast::Call*>(MakeCall("substring", offset, {}));
  call->arguments = Keep(arguments);
  return FinishList(call, call->arguments);
}

Expr* Parser::ParseOverlay() {
  const int32_t offset = token_.offset;
  Advance();
  Expect("(");
  Items<Expr*> arguments = {ParseExpr()};
  if (Accept("placing"_kw)) {
    arguments.push_back(ParseExpr());
    Expect("from"_kw);
    arguments.push_back(ParseExpr());
    if (Accept("for"_kw)) arguments.push_back(ParseExpr());
  } else {
    while (Accept(",")) arguments.push_back(ParseExpr());
  }
  Expect(")");
  auto* call = static_cast<ast::Call*>(MakeCall("overlay", offset, {}));
  call->arguments = Keep(arguments);
  return FinishList(call, call->arguments);
}

Expr* Parser::ParseTrim() {
  const int32_t offset = token_.offset;
  Advance();
  Expect("(");
  Text function = "btrim";
  if (Accept("leading"_kw)) {
    function = "ltrim";
  } else if (Accept("trailing"_kw)) {
    function = "rtrim";
  } else {
    Accept("both"_kw);
  }
  Items<Expr*> arguments;
  if (!At("from"_kw)) {
    arguments.push_back(ParseExpr());
    while (Accept(",")) arguments.push_back(ParseExpr());
  }
  if (Accept("from"_kw)) {  // TRIM(characters FROM text, ...)
    Items<Expr*> reordered = {ParseExpr()};
    while (Accept(",")) reordered.push_back(ParseExpr());
    for (Expr* argument : arguments) reordered.push_back(argument);
    arguments = reordered;
  }
  Expect(")");
  auto* call = static_cast<ast::Call*>(MakeCall(function, offset, {}));
  call->arguments = Keep(arguments);
  return FinishList(call, call->arguments);
}

}  // namespace turdb::sql
