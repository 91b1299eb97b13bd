// Text to tokens, one at a time, PostgreSQL's rules first.
//
// Ambiguous tokens are decided by position (query.md, rule 2), and only the parser knows the position, so
// the lexer reads them PostgreSQL's way and offers to read them again:
//   `?`, `@name`, `:name`  are operators or punctuation until the parser, wanting an operand, calls
//                          RelexAsParameter.
//   `[`                    is punctuation until the parser, wanting a name, calls RelexAsBracketName.
// An operator stops before `?` and before `@name` where PostgreSQL has no operator of that spelling, so
// that `id=?` and `id>=@id` read as SQLite reads them.
#ifndef TURDB_SQL_PARSE_LEXER_H_
#define TURDB_SQL_PARSE_LEXER_H_

#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "base/status.h"
#include "sql/parse/keywords.h"

namespace turdb::sql {

enum class TokenKind : uint8_t {
  kEnd,
  kError,  // the lexer's status says why
  kWord,   // an unquoted name or key word; text is folded
  kQuotedName,
  kString,  // text is the value
  kBlob,    // text is the bytes
  kBits,
  kInteger,    // text is decimal digits; fits int64 or is larger
  kNumeric,    // has a point or an exponent, or does not fit int64
  kParameter,  // $1, ?1 (text: digits), $name, :name, @name (text: name), ? (text: empty)
  kOperator,
  kPunctuation,  // one of ( ) [ ] { } , ; . and ":" "::" ":=" "=>" as text
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  Keyword keyword = kNoKeyword;  // of a kWord
  int32_t offset = 0;
  int32_t end = 0;  // one past the last byte
  int64_t integer = 0;
  std::string_view text;
};

// Not thread-safe. `sql` and `arena` outlive the tokens.
class Lexer {
 public:
  Lexer(base::Arena& arena, std::string_view sql) : arena_(arena), sql_(sql) {}

  Token Next();
  // REQUIRES: token begins with '?', '@' or ':'. Reading goes on after the parameter; false leaves the lexer alone.
  bool RelexAsParameter(const Token& token, Token* out);
  // REQUIRES: token is '['.
  Token RelexAsBracketName(const Token& token);
  void SeekTo(int32_t offset) { position_ = static_cast<size_t>(offset); }
  const base::Status& status() const { return status_; }

 private:
  Token Error(size_t offset, base::Status status);
  Token SyntaxErrorAt(size_t offset, std::string_view what);
  // Skips white space and comments; false at an unterminated comment.
  bool SkipSpace(Token* error);
  Token Word(size_t start);
  Token Number(size_t start);
  Token RadixNumber(size_t start, int radix);
  Token String(size_t start, size_t quote, bool escapes);
  Token UnicodeString(size_t start, size_t quote, char delimiter);
  Token Blob(size_t start, size_t quote);
  Token Bits(size_t start, size_t quote);
  Token Quoted(size_t start, char closing);
  Token Dollar(size_t start);
  Token Operator(size_t start);
  // After a string's closing quote: white space with a newline and another quote goes on with the string.
  bool ContinuesString(size_t* position) const;
  char At(size_t position) const { return position < sql_.size() ? sql_[position] : '\0'; }
  Token Make(TokenKind kind, size_t start, size_t end, std::string_view text);

  base::Arena& arena_;
  std::string_view sql_;
  size_t position_ = 0;
  base::Status status_;
};

}  // namespace turdb::sql

#endif  // TURDB_SQL_PARSE_LEXER_H_
