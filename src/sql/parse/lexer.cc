#include "sql/parse/lexer.h"

#include <array>
#include <charconv>
#include <string>

#include "absl/strings/str_cat.h"

namespace turdb::sql {
namespace {

using base::MakeError;
using base::Status;
namespace sqlstate = base::sqlstate;

enum CharClass : uint8_t { kSpace = 1, kNameStart = 2, kNamePart = 4, kDigit = 8, kOperatorChar = 16, kUpper = 32 };

constexpr std::array<uint8_t, 256> BuildClasses() {
  std::array<uint8_t, 256> classes{};
  for (char c : {' ', '\t', '\n', '\r', '\f', '\v'}) classes[static_cast<uint8_t>(c)] |= kSpace;
  for (int c = 'a'; c <= 'z'; ++c) classes[c] |= kNameStart | kNamePart;
  for (int c = 'A'; c <= 'Z'; ++c) classes[c] |= kNameStart | kNamePart | kUpper;
  for (int c = 0x80; c <= 0xff; ++c) classes[c] |= kNameStart | kNamePart;
  classes['_'] |= kNameStart | kNamePart;
  classes['$'] |= kNamePart;
  for (int c = '0'; c <= '9'; ++c) classes[c] |= kDigit | kNamePart;
  for (char c : std::string_view("+-*/<>=~!@#%^&|?")) classes[static_cast<uint8_t>(c)] |= kOperatorChar;
  return classes;
}
constexpr std::array<uint8_t, 256> kClasses = BuildClasses();

bool Has(char c, uint8_t mask) { return (kClasses[static_cast<uint8_t>(c)] & mask) != 0; }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// False for what is no Unicode scalar value.
bool AppendUtf8(uint32_t code_point, std::string* out) {
  if (code_point == 0 || code_point > 0x10ffff || (code_point >= 0xd800 && code_point < 0xe000)) return false;
  const auto put = [out](uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xc0 | code_point >> 6);
    put(0x80 | (code_point & 0x3f));
  } else if (code_point < 0x10000) {
    put(0xe0 | code_point >> 12);
    put(0x80 | (code_point >> 6 & 0x3f));
    put(0x80 | (code_point & 0x3f));
  } else {
    put(0xf0 | code_point >> 18);
    put(0x80 | (code_point >> 12 & 0x3f));
    put(0x80 | (code_point >> 6 & 0x3f));
    put(0x80 | (code_point & 0x3f));
  }
  return true;
}

// Reads `count` hexadecimal digits; -1 when there are not so many.
int64_t ReadHex(std::string_view text, size_t at, int count) {
  int64_t value = 0;
  for (int i = 0; i < count; ++i) {
    if (at + i >= text.size() || HexDigit(text[at + i]) < 0) return -1;
    value = value * 16 + HexDigit(text[at + i]);
  }
  return value;
}

Status StringError(std::string_view message) {
  return MakeError(absl::StatusCode::kInvalidArgument, sqlstate::kInvalidEscape, message);
}

// The value of the inside of an E'' string. *offset is where in `body` an error is.
Status Unescape(std::string_view body, std::string* out, size_t* offset) {
  for (size_t i = 0; i < body.size();) {
    *offset = i;
    const char c = body[i++];
    if (c == '\'') ++i;  // a doubled quote
    if (c != '\\') {
      out->push_back(c);
      continue;
    }
    const char escape = i < body.size() ? body[i++] : '\\';
    switch (escape) {
      case 'b':
        out->push_back('\b');
        break;
      case 'f':
        out->push_back('\f');
        break;
      case 'n':
        out->push_back('\n');
        break;
      case 'r':
        out->push_back('\r');
        break;
      case 't':
        out->push_back('\t');
        break;
      case 'v':
        out->push_back('\v');
        break;
      case 'u':
      case 'U': {
        const int digits = escape == 'u' ? 4 : 8;
        int64_t code_point = ReadHex(body, i, digits);
        i += digits;
        if (code_point >= 0xd800 && code_point < 0xdc00 && body.substr(std::min(i, body.size()), 2) == "\\u") {
          const int64_t low = ReadHex(body, i + 2, 4);
          if (low >= 0xdc00 && low < 0xe000) {
            code_point = 0x10000 + ((code_point - 0xd800) << 10) + (low - 0xdc00);
            i += 6;
          }
        }
        if (code_point < 0 || !AppendUtf8(static_cast<uint32_t>(code_point), out)) {
          return base::WithHint(StringError("invalid Unicode escape"), "Unicode escapes must be \\uXXXX or \\UXXXXXXXX.");
        }
        break;
      }
      case 'x': {
        int value = 0;
        int digits = 0;
        for (; digits < 2 && i < body.size() && HexDigit(body[i]) >= 0; ++digits) value = value * 16 + HexDigit(body[i++]);
        out->push_back(digits == 0 ? 'x' : static_cast<char>(value));
        break;
      }
      case '0':
      case '1':
      case '2':
      case '3':
      case '4':
      case '5':
      case '6':
      case '7': {
        int value = escape - '0';
        for (int digits = 1; digits < 3 && i < body.size() && body[i] >= '0' && body[i] <= '7'; ++digits) {
          value = value * 8 + (body[i++] - '0');
        }
        out->push_back(static_cast<char>(value));
        break;
      }
      default:
        out->push_back(escape);
    }
  }
  return absl::OkStatus();
}

}  // namespace

Token Lexer::Make(TokenKind kind, size_t start, size_t end, std::string_view text) {
  position_ = end;
  return Token{kind, kNoKeyword, static_cast<int32_t>(start), static_cast<int32_t>(end), 0, text};
}

Token Lexer::Error(size_t offset, Status status) {
  if (status_.ok()) status_ = base::WithPosition(std::move(status), static_cast<int64_t>(offset));
  return Make(TokenKind::kError, offset, sql_.size(), {});
}

Token Lexer::SyntaxErrorAt(size_t offset, std::string_view what) {
  std::string_view near = sql_.substr(offset, 40);
  return Error(offset, MakeError(absl::StatusCode::kInvalidArgument, sqlstate::kSyntaxError,
                                 absl::StrCat(what, " at or near \"", near, "\"")));
}

bool Lexer::SkipSpace(Token* error) {
  for (;;) {
    while (Has(At(position_), kSpace)) ++position_;
    if (At(position_) == '-' && At(position_ + 1) == '-') {
      while (position_ < sql_.size() && sql_[position_] != '\n' && sql_[position_] != '\r') ++position_;
    } else if (At(position_) == '/' && At(position_ + 1) == '*') {
      const size_t start = position_;
      int depth = 0;
      do {  // comments nest
        if (position_ >= sql_.size()) {
          *error = SyntaxErrorAt(start, "unterminated /* comment");
          return false;
        }
        if (At(position_) == '/' && At(position_ + 1) == '*') {
          ++depth;
          position_ += 2;
        } else if (At(position_) == '*' && At(position_ + 1) == '/') {
          --depth;
          position_ += 2;
        } else {
          ++position_;
        }
      } while (depth > 0);
    } else {
      return true;
    }
  }
}

Token Lexer::Next() {
  Token error;
  if (!SkipSpace(&error)) return error;
  const size_t start = position_;
  if (start >= sql_.size()) return Make(TokenKind::kEnd, start, start, {});
  const char c = sql_[start];
  if (Has(c, kNameStart)) {
    if (At(start + 1) == '\'') {
      switch (c) {
        case 'e':
        case 'E':
          return String(start, start + 1, true);
        case 'n':
        case 'N':
          return String(start, start + 1, false);
        case 'x':
        case 'X':
          return Blob(start, start + 1);
        case 'b':
        case 'B':
          return Bits(start, start + 1);
        default:
          break;
      }
    }
    if ((c == 'u' || c == 'U') && At(start + 1) == '&' && (At(start + 2) == '\'' || At(start + 2) == '"')) {
      return UnicodeString(start, start + 2, At(start + 2));
    }
    return Word(start);
  }
  if (Has(c, kDigit) || (c == '.' && Has(At(start + 1), kDigit))) return Number(start);
  switch (c) {
    case '\'':
      return String(start, start, false);
    case '"':
      return Quoted(start, '"');
    case '`':
      return Quoted(start, '`');
    case '$':
      return Dollar(start);
    case '(':
    case ')':
    case '[':
    case ']':
    case '{':
    case '}':
    case ',':
    case ';':
    case '.':
      return Make(TokenKind::kPunctuation, start, start + 1, sql_.substr(start, 1));
    case ':': {
      const size_t size = At(start + 1) == ':' || At(start + 1) == '=' ? 2 : 1;
      return Make(TokenKind::kPunctuation, start, start + size, sql_.substr(start, size));
    }
    default:
      break;
  }
  if (Has(c, kOperatorChar)) return Operator(start);
  return SyntaxErrorAt(start, "syntax error");
}

Token Lexer::Word(size_t start) {
  size_t end = start;
  bool upper = false;
  uint32_t hash = internal::kKeywordSeed;
  char folded[24];  // no key word is longer
  for (; end < sql_.size() && Has(sql_[end], kNamePart); ++end) {
    char c = sql_[end];
    if (Has(c, kUpper)) {
      c = static_cast<char>(c + 32);
      upper = true;
    }
    hash = internal::MixKeywordByte(hash, c);
    if (end - start < sizeof(folded)) folded[end - start] = c;
  }
  Token token = Make(TokenKind::kWord, start, end, sql_.substr(start, end - start));
  if (token.text.size() <= sizeof(folded)) {
    token.keyword = FindKeyword(std::string_view(folded, token.text.size()), hash);
    if (token.keyword != kNoKeyword) {
      token.text = InfoOf(token.keyword).text;
      return token;
    }
  }
  if (upper) {
    auto* copy = static_cast<char*>(arena_.Allocate(token.text.size(), 1));
    for (size_t i = 0; i < token.text.size(); ++i) {
      const char c = token.text[i];
      copy[i] = Has(c, kUpper) ? static_cast<char>(c + 32) : c;
    }
    token.text = std::string_view(copy, token.text.size());
  }
  return token;
}

Token Lexer::RadixNumber(size_t start, int radix) {
  size_t end = start + 2;
  uint64_t value = 0;
  bool digits = false;
  for (; end < sql_.size(); ++end) {
    if (sql_[end] == '_' && HexDigit(At(end + 1)) >= 0) continue;
    const int digit = HexDigit(sql_[end]);
    if (digit < 0 || digit >= radix) break;
    if (value > (static_cast<uint64_t>(INT64_MAX) - static_cast<uint64_t>(digit)) / static_cast<uint64_t>(radix)) {
      return SyntaxErrorAt(start, "integer literal is too large");
    }
    value = value * static_cast<uint64_t>(radix) + static_cast<uint64_t>(digit);
    digits = true;
  }
  if (!digits || Has(At(end), kNamePart)) return SyntaxErrorAt(start, "invalid integer literal");
  Token token = Make(TokenKind::kInteger, start, end, arena_.Copy(absl::StrCat(value)));
  token.integer = static_cast<int64_t>(value);
  return token;
}

Token Lexer::Number(size_t start) {
  if (sql_[start] == '0') {
    const char radix = static_cast<char>(At(start + 1) | 32);
    if (radix == 'x') return RadixNumber(start, 16);
    if (radix == 'o') return RadixNumber(start, 8);
    if (radix == 'b') return RadixNumber(start, 2);
  }
  size_t end = start;
  bool underscores = false;
  bool integer = true;
  const auto digits = [&] {
    for (; Has(At(end), kDigit) || (At(end) == '_' && end > start && Has(At(end - 1), kDigit) && Has(At(end + 1), kDigit));
         ++end) {
      underscores |= sql_[end] == '_';
    }
  };
  digits();
  if (At(end) == '.' && At(end + 1) != '.') {
    integer = false;
    ++end;
    digits();
  }
  if (At(end) == 'e' || At(end) == 'E') {
    const size_t sign = At(end + 1) == '+' || At(end + 1) == '-' ? 1 : 0;
    if (Has(At(end + 1 + sign), kDigit)) {
      integer = false;
      end += 1 + sign;
      digits();
    }
  }
  if (Has(At(end), kNameStart)) return SyntaxErrorAt(start, "trailing junk after numeric literal");
  Token token = Make(integer ? TokenKind::kInteger : TokenKind::kNumeric, start, end, sql_.substr(start, end - start));
  if (underscores) {
    std::string plain;
    for (char c : token.text) {
      if (c != '_') plain.push_back(c);
    }
    token.text = arena_.Copy(plain);
  }
  if (integer) {
    const auto [stop, code] = std::from_chars(token.text.data(), token.text.data() + token.text.size(), token.integer);
    if (code != std::errc() || stop != token.text.data() + token.text.size()) token.kind = TokenKind::kNumeric;
  }
  return token;
}

bool Lexer::ContinuesString(size_t* position) const {
  bool newline = false;
  size_t at = *position;
  for (; Has(At(at), kSpace); ++at) newline |= sql_[at] == '\n' || sql_[at] == '\r';
  if (!newline || At(at) != '\'') return false;
  *position = at + 1;
  return true;
}

Token Lexer::String(size_t start, size_t quote, bool escapes) {
  size_t body = quote + 1;
  std::string joined;  // of more than one part, or with doubled quotes or escapes
  bool plain = true;
  for (;;) {
    size_t end = body;
    bool special = false;
    for (;; ++end) {
      if (end >= sql_.size()) return SyntaxErrorAt(start, "unterminated quoted string");
      if (sql_[end] == '\'') {
        if (At(end + 1) != '\'') break;
        ++end;
        special = true;
      } else if (escapes && sql_[end] == '\\') {
        ++end;
        special = true;
      }
    }
    const std::string_view part = sql_.substr(body, end - body);
    size_t next = end + 1;
    const bool more = ContinuesString(&next);
    if (plain && !more && !special) return Make(TokenKind::kString, start, end + 1, part);
    plain = false;
    if (escapes) {
      size_t offset = 0;
      if (Status status = Unescape(part, &joined, &offset); !status.ok()) return Error(body + offset, std::move(status));
    } else {
      for (size_t i = 0; i < part.size(); ++i) {
        joined.push_back(part[i]);
        if (part[i] == '\'') ++i;
      }
    }
    if (!more) return Make(TokenKind::kString, start, end + 1, arena_.Copy(joined));
    body = next;
  }
}

// U&'d\0061t\+000061' and U&"...", with an optional UESCAPE 'c' after it.
Token Lexer::UnicodeString(size_t start, size_t quote, char delimiter) {
  size_t end = quote + 1;
  for (; end < sql_.size(); ++end) {
    if (sql_[end] != delimiter) continue;
    if (At(end + 1) != delimiter) break;
    ++end;
  }
  if (end >= sql_.size()) return SyntaxErrorAt(start, "unterminated quoted string");
  const std::string_view body = sql_.substr(quote + 1, end - quote - 1);
  position_ = end + 1;
  char escape = '\\';
  const size_t after = position_;
  const Token next = Next();
  if (next.kind == TokenKind::kWord && next.keyword == "uescape"_kw) {
    const Token value = Next();
    if (value.kind != TokenKind::kString || value.text.size() != 1 || HexDigit(value.text[0]) >= 0 || value.text[0] == '+') {
      return SyntaxErrorAt(static_cast<size_t>(value.offset), "invalid Unicode escape character");
    }
    escape = value.text[0];
    end = static_cast<size_t>(value.end) - 1;
  } else {
    position_ = after;
    status_ = absl::OkStatus();  // an error in what follows is met again when it is read
  }
  std::string text;
  for (size_t i = 0; i < body.size(); ++i) {
    if (body[i] == delimiter) ++i;
    if (body[i] != escape) {
      text.push_back(body[i]);
    } else if (i + 1 < body.size() && body[i + 1] == escape) {
      text.push_back(escape);
      ++i;
    } else {
      const bool wide = i + 1 < body.size() && body[i + 1] == '+';
      const int64_t code_point = ReadHex(body, i + (wide ? 2 : 1), wide ? 6 : 4);
      if (code_point < 0 || !AppendUtf8(static_cast<uint32_t>(code_point), &text)) {
        return SyntaxErrorAt(quote + 1 + i, "invalid Unicode escape");
      }
      i += wide ? 7 : 4;
    }
  }
  return Make(delimiter == '"' ? TokenKind::kQuotedName : TokenKind::kString, start, end + 1, arena_.Copy(text));
}

Token Lexer::Blob(size_t start, size_t quote) {
  const size_t end = sql_.find('\'', quote + 1);
  if (end == std::string_view::npos) return SyntaxErrorAt(start, "unterminated hexadecimal string literal");
  const std::string_view digits = sql_.substr(quote + 1, end - quote - 1);
  std::string bytes;
  for (size_t i = 0; i + 1 < digits.size(); i += 2) {
    const int64_t byte = ReadHex(digits, i, 2);
    if (byte < 0) return SyntaxErrorAt(start, "invalid hexadecimal digit in blob literal");
    bytes.push_back(static_cast<char>(byte));
  }
  if (digits.size() % 2 != 0) return SyntaxErrorAt(start, "odd number of digits in blob literal");
  return Make(TokenKind::kBlob, start, end + 1, arena_.Copy(bytes));
}

Token Lexer::Bits(size_t start, size_t quote) {
  const size_t end = sql_.find('\'', quote + 1);
  if (end == std::string_view::npos) return SyntaxErrorAt(start, "unterminated bit string literal");
  return Make(TokenKind::kBits, start, end + 1, sql_.substr(quote + 1, end - quote - 1));
}

Token Lexer::Quoted(size_t start, char closing) {
  bool doubled = false;
  size_t end = start + 1;
  for (;; ++end) {
    if (end >= sql_.size()) return SyntaxErrorAt(start, "unterminated quoted identifier");
    if (sql_[end] != closing) continue;
    if (closing == ']' || At(end + 1) != closing) break;
    ++end;
    doubled = true;
  }
  std::string_view text = sql_.substr(start + 1, end - start - 1);
  if (text.empty()) return SyntaxErrorAt(start, "zero-length delimited identifier");
  if (doubled) {
    std::string plain;
    for (size_t i = 0; i < text.size(); ++i) {
      plain.push_back(text[i]);
      if (text[i] == closing) ++i;
    }
    text = arena_.Copy(plain);
  }
  return Make(TokenKind::kQuotedName, start, end + 1, text);
}

Token Lexer::Dollar(size_t start) {
  size_t end = start + 1;
  if (Has(At(end), kDigit)) {
    while (Has(At(end), kDigit)) ++end;
    if (Has(At(end), kNameStart)) return SyntaxErrorAt(start, "trailing junk after parameter");
    return Make(TokenKind::kParameter, start, end, sql_.substr(start + 1, end - start - 1));
  }
  while (Has(At(end), kNamePart) && At(end) != '$') ++end;
  if (At(end) == '$') {
    const std::string_view tag = sql_.substr(start, end + 1 - start);
    const size_t close = sql_.find(tag, end + 1);
    if (close == std::string_view::npos) return SyntaxErrorAt(start, "unterminated dollar-quoted string");
    return Make(TokenKind::kString, start, close + tag.size(), sql_.substr(end + 1, close - end - 1));
  }
  if (end == start + 1) return SyntaxErrorAt(start, "syntax error");
  return Make(TokenKind::kParameter, start, end, sql_.substr(start + 1, end - start - 1));
}

Token Lexer::Operator(size_t start) {
  size_t end = start;
  bool lasting = false;  // has one of the characters that let an operator end in + or -
  for (; Has(At(end), kOperatorChar); ++end) {
    const char c = sql_[end];
    const char next = At(end + 1);
    if ((c == '-' && next == '-') || (c == '/' && next == '*')) break;
    const std::string_view before = sql_.substr(start, end - start);
    if (c == '?' && end > start && before != "@" && before != "~" && before != "?") break;
    if (c == '@' && end > start && before != "<" && before != "@" && Has(next, kNameStart)) break;
    lasting |= c == '~' || c == '!' || c == '@' || c == '#' || c == '%' || c == '^' || c == '&' || c == '|' || c == '?';
  }
  if (!lasting) {
    while (end > start + 1 && (sql_[end - 1] == '+' || sql_[end - 1] == '-')) --end;
  }
  const std::string_view text = sql_.substr(start, end - start);
  if (text == "=>") return Make(TokenKind::kPunctuation, start, end, text);
  return Make(TokenKind::kOperator, start, end, text);
}

bool Lexer::RelexAsParameter(const Token& token, Token* out) {
  const auto start = static_cast<size_t>(token.offset);
  const char c = At(start);
  size_t end = start + 1;
  if (c == '?') {
    while (Has(At(end), kDigit)) ++end;
    *out = Make(TokenKind::kParameter, start, end, sql_.substr(start + 1, end - start - 1));
    return true;
  }
  if ((c != '@' && c != ':') || !Has(At(end), kNameStart)) return false;
  while (Has(At(end), kNamePart)) ++end;
  *out = Make(TokenKind::kParameter, start, end, sql_.substr(start + 1, end - start - 1));
  return true;
}

Token Lexer::RelexAsBracketName(const Token& token) { return Quoted(static_cast<size_t>(token.offset), ']'); }

}  // namespace turdb::sql
