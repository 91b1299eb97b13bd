#include "sql/expand.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/arena.h"
#include "sql/parse/lexer.h"

namespace turdb::sql {
namespace {

// Whether what comes next cannot be an operand, so that a question mark there is an operator.
bool EndsOperand(const Token& token) {
  switch (token.kind) {
    case TokenKind::kWord:
      return token.keyword == kNoKeyword;
    case TokenKind::kQuotedName:
    case TokenKind::kString:
    case TokenKind::kBlob:
    case TokenKind::kBits:
    case TokenKind::kInteger:
    case TokenKind::kNumeric:
    case TokenKind::kParameter:
      return true;
    case TokenKind::kPunctuation:
      return token.text == ")" || token.text == "]";
    default:
      return false;
  }
}

// As people write it: no type behind a number.
std::string LiteralOf(const vec::Value& value) {
  if (value.is_null()) return "NULL";
  const vec::TypeId id = value.type().id;
  const bool plain = (id >= vec::TypeId::kInt8 && id <= vec::TypeId::kUInt64) || id == vec::TypeId::kNumeric ||
                     id == vec::TypeId::kDecimal || id == vec::TypeId::kBoolean || id == vec::TypeId::kDouble;
  const std::string text = plain ? value.ToString() : std::string();
  // Infinities and NaN are no numbers to the parser.
  const bool is_number = !text.empty() && (absl::ascii_isdigit(text.back()) || text == "true" || text == "false");
  return is_number ? text : value.ToSqlLiteral();
}

}  // namespace

std::string ExpandParameters(std::string_view sql, std::span<const std::string> names, std::span<const vec::Value> values) {
  base::Arena arena;
  Lexer lexer(arena, sql);
  std::string out;
  size_t copied = 0, largest = 0;
  Token before;
  for (;;) {
    Token token = lexer.Next();
    if (token.kind == TokenKind::kEnd || token.kind == TokenKind::kError) break;
    const char first = sql[static_cast<size_t>(token.offset)];
    if ((first == '?' || first == '@' || first == ':') && token.kind != TokenKind::kParameter && !EndsOperand(before)) {
      Token parameter;
      if (lexer.RelexAsParameter(token, &parameter)) token = parameter;
    }
    before = token;
    if (token.kind != TokenKind::kParameter) continue;
    const std::string_view written =
        sql.substr(static_cast<size_t>(token.offset), static_cast<size_t>(token.end - token.offset));
    size_t number = 0;  // from 1
    int32_t digits = 0;
    if (token.text.empty()) {
      number = largest + 1;
    } else if (absl::SimpleAtoi(token.text, &digits)) {
      number = static_cast<size_t>(digits);
    } else {
      const auto found = std::find(names.begin(), names.end(), written);
      number = static_cast<size_t>(found - names.begin()) + 1;
    }
    largest = std::max(largest, number);
    if (number == 0 || number > values.size()) continue;
    absl::StrAppend(&out, sql.substr(copied, static_cast<size_t>(token.offset) - copied), LiteralOf(values[number - 1]));
    copied = static_cast<size_t>(token.end);
  }
  absl::StrAppend(&out, sql.substr(copied));
  return out;
}

}  // namespace turdb::sql
