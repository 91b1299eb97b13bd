#include "sql/parse/parser.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "sql/parse/parser_internal.h"

namespace turdb::sql {

using base::MakeError;
using base::Status;
using base::StatusOr;
namespace sqlstate = base::sqlstate;

namespace {

Status CheckText(std::string_view sql, const ParseLimits& limits) {
  if (static_cast<int64_t>(sql.size()) <= limits.sql_bytes) return absl::OkStatus();
  return base::WithPosition(
      base::LimitError(absl::StrCat("SQL text of ", sql.size(), " bytes is longer than the limit of ", limits.sql_bytes)), 0);
}

}  // namespace

Parser::Parser(base::Arena& arena, std::string_view sql, const ParseLimits& limits)
    : arena_(arena), sql_(sql), limits_(limits), lexer_(arena, sql) {
  Advance();
  last_end_ = 0;
}

void Parser::Advance() {
  last_end_ = token_.end;
  if (failed()) return;
  if (ahead_count_ > 0) {
    token_ = ahead_[0];
    for (int i = 1; i < ahead_count_; ++i) ahead_[i - 1] = ahead_[i];
    --ahead_count_;
  } else {
    token_ = lexer_.Next();
  }
  if (token_.kind == TokenKind::kError) Fail(lexer_.status(), token_.offset);
}

const Token& Parser::Peek(int distance) {
  while (ahead_count_ < distance) {
    // After the end, or an error that is reported when its token is reached, there is nothing to read.
    const Token& before = ahead_count_ <= 0 ? token_ : ahead_[static_cast<size_t>(ahead_count_ - 1) % std::size(ahead_)];
    const bool over = before.kind == TokenKind::kEnd || before.kind == TokenKind::kError;
    ahead_[ahead_count_] = over ? before : lexer_.Next();
    ++ahead_count_;
  }
  return ahead_[distance - 1];
}

bool Parser::Accept(Keyword keyword) {
  if (!At(keyword)) return false;
  Advance();
  return true;
}

bool Parser::Accept(Keyword first, Keyword second) {
  if (!At(first) || !PeekIs(second)) return false;
  Advance();
  Advance();
  return true;
}

bool Parser::Accept(std::string_view punctuation) {
  if (!At(punctuation)) return false;
  Advance();
  return true;
}

bool Parser::AcceptOperator(std::string_view text) {
  if (!AtOperator(text)) return false;
  Advance();
  return true;
}

bool Parser::AcceptWord(std::string_view word) {
  if (token_.kind != TokenKind::kWord || token_.text != word) return false;
  Advance();
  return true;
}

void Parser::Expect(Keyword keyword) {
  if (!Accept(keyword)) Unexpected();
}

void Parser::Expect(std::string_view punctuation) {
  if (!Accept(punctuation)) Unexpected();
}

void Parser::Replace(const Token& token) {
  token_ = token;
  ahead_count_ = 0;
  if (token_.kind == TokenKind::kError) Fail(lexer_.status(), token_.offset);
}

void Parser::Fail(Status status, int32_t offset) {
  if (!failed()) status_ = base::WithPosition(std::move(status), offset);
  token_ = Token{TokenKind::kEnd, kNoKeyword, token_.offset, token_.offset, 0, {}};
  ahead_count_ = 0;
}

void Parser::FailSyntax(std::string_view message, int32_t offset) {
  Fail(MakeError(absl::StatusCode::kInvalidArgument, sqlstate::kSyntaxError, message), offset);
}

void Parser::FailTooDeep(int32_t offset) {
  Fail(MakeError(absl::StatusCode::kInvalidArgument, sqlstate::kStatementTooComplex,
                 absl::StrCat("the statement is nested deeper than the limit of ", limits_.nesting_depth)),
       offset);
}

void Parser::Unexpected() { UnexpectedWithHint({}); }

void Parser::UnexpectedWithHint(std::string_view hint) {
  if (failed()) return;
  const std::string message =
      token_.kind == TokenKind::kEnd
          ? std::string("syntax error at end of input")
          : absl::StrCat("syntax error at or near \"", sql_.substr(token_.offset, token_.end - token_.offset), "\"");
  Status status = MakeError(absl::StatusCode::kInvalidArgument, sqlstate::kSyntaxError, message);
  if (hint.empty() && token_.kind == TokenKind::kWord && token_.keyword != kNoKeyword &&
      InfoOf(token_.keyword).keyword_class == KeywordClass::kReserved) {
    status = base::WithHint(std::move(status),
                            absl::StrCat("\"", token_.text, "\" is a reserved word; as a name it needs double quotes"));
  }
  if (!hint.empty()) status = base::WithHint(std::move(status), hint);
  Fail(std::move(status), token_.offset);
}

std::string_view Parser::TextFrom(int32_t offset) const {
  return last_end_ > offset ? sql_.substr(offset, last_end_ - offset) : std::string_view();
}

ast::Expr* Parser::Finish(ast::Expr* expr, std::initializer_list<const ast::Expr*> operands) {
  int height = 0;
  for (const ast::Expr* operand : operands) {
    if (operand != nullptr) height = std::max<int>(height, operand->height);
  }
  expr->height = static_cast<uint16_t>(height + 1);
  expr->end = last_end_;
  if (height >= limits_.nesting_depth) FailTooDeep(expr->offset);
  return expr;
}

ast::Expr* Parser::FinishList(ast::Expr* expr, ast::List<ast::Expr*> operands, const ast::Expr* other) {
  const ast::Expr* highest = other;
  for (const ast::Expr* operand : operands) {
    if (highest == nullptr || (operand != nullptr && operand->height > highest->height)) highest = operand;
  }
  return Finish(expr, {highest});
}

StatusOr<ParsedStatement> Parser::ParseOne() {
  ParsedStatement parsed;
  while (Accept(";")) {
  }
  if (token_.kind != TokenKind::kEnd) parsed.statement = ParseStatementBody();
  if (!AtEnd()) Unexpected();
  if (failed()) return status_;
  parsed.end_offset = token_.kind == TokenKind::kEnd ? sql_.size() : static_cast<size_t>(token_.end);
  parsed.parameter_names = Keep(parameters_);
  parsed.asked_pivot_values = asked_pivot_values_;
  return parsed;
}

StatusOr<const ast::Expr*> Parser::ParseOnlyExpression() {
  const ast::Expr* expr = ParseExpr();
  if (token_.kind != TokenKind::kEnd) Unexpected();
  if (failed()) return status_;
  return expr;
}

StatusOr<const ast::TypeName*> Parser::ParseOnlyTypeName() {
  const ast::TypeName* type = ParseType(true);
  if (token_.kind != TokenKind::kEnd) Unexpected();
  if (failed()) return status_;
  return type;
}

StatusOr<ParsedStatement> ParseStatement(base::Arena& arena, std::string_view sql, const ParseLimits& limits) {
  TURDB_RETURN_IF_ERROR(CheckText(sql, limits));
  return Parser(arena, sql, limits).ParseOne();
}

StatusOr<const ast::Expr*> ParseExpression(base::Arena& arena, std::string_view sql, const ParseLimits& limits) {
  TURDB_RETURN_IF_ERROR(CheckText(sql, limits));
  return Parser(arena, sql, limits).ParseOnlyExpression();
}

StatusOr<const ast::TypeName*> ParseTypeName(base::Arena& arena, std::string_view sql, const ParseLimits& limits) {
  TURDB_RETURN_IF_ERROR(CheckText(sql, limits));
  return Parser(arena, sql, limits).ParseOnlyTypeName();
}

StatusOr<ast::List<ast::Statement*>> ParseTriggerBody(base::Arena& arena, std::string_view sql, const ParseLimits& limits) {
  TURDB_RETURN_IF_ERROR(CheckText(sql, limits));
  return Parser(arena, sql, limits).ParseOnlyTriggerBody();
}

}  // namespace turdb::sql
