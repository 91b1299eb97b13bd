// Paths from text. Precedence, loosest first: ||, &&, !, comparisons, + -, * / %, unary + -, accessors.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "function/json_path.h"
#include "vec/numeric.h"
#include "vec/utf8.h"

namespace turdb::function {

using base::MakeError;
using base::Status;
using base::StatusOr;
using vec::Numeric;

namespace {

enum class TokenKind : uint8_t { kEnd, kName, kString, kNumber, kVariable, kSymbol };

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;  // of a name, string, variable; the symbol; the digits
  size_t offset = 0;
};

constexpr int kMaxDepth = 200;

}  // namespace

class PathParser {
 public:
  explicit PathParser(std::string_view text) : text_(text) {}

  StatusOr<JsonPath> Parse() {
    TURDB_RETURN_IF_ERROR(Advance());
    if (token_.kind == TokenKind::kEnd) {
      return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidText,
                       absl::StrCat("invalid input syntax for type jsonpath: \"", text_, "\""));
    }
    if (AtName("strict") || AtName("lax")) {
      path_.strict_ = token_.text == "strict";
      TURDB_RETURN_IF_ERROR(Advance());
    }
    TURDB_ASSIGN_OR_RETURN(path_.root_, ParseOr());
    if (token_.kind != TokenKind::kEnd) return Unexpected();
    return std::move(path_);
  }

 private:
  // ---- tokens

  Status SyntaxError(size_t offset) const {
    return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kSyntaxError,
                     offset >= text_.size() ? std::string("syntax error at end of jsonpath input")
                                            : absl::StrCat("syntax error at or near \"", text_.substr(offset, 16),
                                                           "\" of jsonpath input, at byte ", offset + 1));
  }
  Status Unexpected() const { return SyntaxError(token_.offset); }

  static bool IsNameByte(char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
  }

  Status Advance() {
    while (at_ < text_.size()) {
      if (absl::ascii_isspace(static_cast<unsigned char>(text_[at_]))) {
        ++at_;
      } else if (text_.substr(at_).starts_with("/*")) {
        const size_t close = text_.find("*/", at_ + 2);
        if (close == std::string_view::npos) return SyntaxError(at_);
        at_ = close + 2;
      } else {
        break;
      }
    }
    token_ = Token();
    token_.offset = at_;
    if (at_ == text_.size()) return absl::OkStatus();
    const char c = text_[at_];
    if (c == '"') return ReadString(TokenKind::kString);
    if (c == '$') {
      if (at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
        ++at_;
        return ReadString(TokenKind::kVariable);
      }
      if (at_ + 1 < text_.size() && IsNameByte(text_[at_ + 1])) {
        ++at_;
        token_.kind = TokenKind::kVariable;
        while (at_ < text_.size() && IsNameByte(text_[at_])) token_.text.push_back(text_[at_++]);
        return absl::OkStatus();
      }
    }
    if (absl::ascii_isdigit(static_cast<unsigned char>(c)) ||
        (c == '.' && at_ + 1 < text_.size() && absl::ascii_isdigit(static_cast<unsigned char>(text_[at_ + 1])) &&
         after_value_ == false)) {
      return ReadNumber();
    }
    if (IsNameByte(c)) {
      token_.kind = TokenKind::kName;
      while (at_ < text_.size() && IsNameByte(text_[at_])) token_.text.push_back(text_[at_++]);
      return absl::OkStatus();
    }
    token_.kind = TokenKind::kSymbol;
    for (const std::string_view symbol : {"**", "&&", "||", "==", "!=", "<>", "<=", ">="}) {
      if (!text_.substr(at_).starts_with(symbol)) continue;
      token_.text.assign(text_, at_, 2);
      at_ += 2;
      return absl::OkStatus();
    }
    constexpr std::string_view kSymbols = "$@.*[](){}?!,<>+-/%";
    if (kSymbols.find(c) == std::string_view::npos) return SyntaxError(at_);
    token_.text.assign(1, c);
    ++at_;
    return absl::OkStatus();
  }

  Status ReadNumber() {
    token_.kind = TokenKind::kNumber;
    const auto digits = [&] {
      while (at_ < text_.size() && absl::ascii_isdigit(static_cast<unsigned char>(text_[at_])))
        token_.text.push_back(text_[at_++]);
    };
    digits();
    if (at_ < text_.size() && text_[at_] == '.' && at_ + 1 < text_.size() &&
        absl::ascii_isdigit(static_cast<unsigned char>(text_[at_ + 1]))) {
      token_.text.push_back(text_[at_++]);
      digits();
    }
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      size_t digit = at_ + 1;
      if (digit < text_.size() && (text_[digit] == '+' || text_[digit] == '-')) ++digit;
      if (digit >= text_.size() || !absl::ascii_isdigit(static_cast<unsigned char>(text_[digit])))
        return SyntaxError(token_.offset);
      token_.text.append(text_.substr(at_, digit - at_));
      at_ = digit;
      digits();
    }
    if (at_ < text_.size() && IsNameByte(text_[at_])) return SyntaxError(token_.offset);  // 1a
    return absl::OkStatus();
  }

  StatusOr<uint32_t> ReadHex(size_t most, bool exact) {
    uint32_t value = 0;
    size_t count = 0;
    for (; count < most && at_ < text_.size() && absl::ascii_isxdigit(static_cast<unsigned char>(text_[at_])); ++count) {
      const char digit = absl::ascii_tolower(static_cast<unsigned char>(text_[at_++]));
      value = value * 16 + static_cast<uint32_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
    }
    if (count == 0 || (exact && count != most) || value > 0x10ffff) return SyntaxError(token_.offset);
    return value;
  }

  // \u0041, \u{1F600}, or the first half of a surrogate pair with the second behind it.
  StatusOr<uint32_t> ReadUnicode() {
    if (at_ < text_.size() && text_[at_] == '{') {
      ++at_;
      TURDB_ASSIGN_OR_RETURN(const uint32_t value, ReadHex(6, false));
      if (at_ >= text_.size() || text_[at_++] != '}') return SyntaxError(token_.offset);
      return value;
    }
    TURDB_ASSIGN_OR_RETURN(uint32_t value, ReadHex(4, true));
    if (value >= 0xd800 && value < 0xdc00 && text_.substr(at_).starts_with("\\u")) {
      at_ += 2;
      TURDB_ASSIGN_OR_RETURN(const uint32_t low, ReadHex(4, true));
      if (low < 0xdc00 || low > 0xdfff) return SyntaxError(token_.offset);
      value = 0x10000 + ((value - 0xd800) << 10) + (low - 0xdc00);
    }
    return value;
  }

  Status ReadString(TokenKind kind) {
    token_.kind = kind;
    for (++at_; at_ < text_.size() && text_[at_] != '"';) {
      if (text_[at_] != '\\') {
        token_.text.push_back(text_[at_++]);
        continue;
      }
      if (++at_ == text_.size()) break;
      const char c = text_[at_++];
      constexpr std::string_view kLetters = "bfnrtv";
      constexpr std::string_view kMeanings = "\b\f\n\r\t\v";
      if (const size_t letter = kLetters.find(c); letter != std::string_view::npos) {
        token_.text.push_back(kMeanings[letter]);
      } else if (c == 'u' || c == 'x') {
        uint32_t code_point = 0;
        if (c == 'u') {
          TURDB_ASSIGN_OR_RETURN(code_point, ReadUnicode());
        } else {
          TURDB_ASSIGN_OR_RETURN(code_point, ReadHex(2, true));
        }
        if (code_point == 0 || (code_point >= 0xd800 && code_point <= 0xdfff)) return SyntaxError(token_.offset);
        vec::Utf8Append(code_point, &token_.text);
      } else {
        token_.text.push_back(c);
      }
    }
    if (at_ >= text_.size()) return SyntaxError(token_.offset);
    ++at_;
    return absl::OkStatus();
  }

  bool At(std::string_view symbol) const { return token_.kind == TokenKind::kSymbol && token_.text == symbol; }
  bool AtName(std::string_view name) const { return token_.kind == TokenKind::kName && token_.text == name; }
  Status Expect(std::string_view symbol) {
    if (!At(symbol)) return Unexpected();
    return Advance();
  }

  // ---- nodes

  int Add(PathNode node) {
    path_.nodes_.push_back(std::move(node));
    return static_cast<int>(path_.nodes_.size()) - 1;
  }
  int Add(PathKind kind, int left = -1, int right = -1) {
    PathNode node{kind};
    node.left = left;
    node.right = right;
    return Add(std::move(node));
  }
  PathNode& node(int i) { return path_.nodes_[static_cast<size_t>(i)]; }
  bool IsPredicate(int i) { return node(i).kind >= PathKind::kAnd; }

  struct Nested {
    explicit Nested(int* d) : depth(d) { ++*depth; }
    ~Nested() { --*depth; }
    int* depth;
  };
  Status CheckDepth() const {
    if (depth_ <= kMaxDepth) return absl::OkStatus();
    return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kStatementTooComplex,
                     absl::StrCat("a jsonpath is nested deeper than ", kMaxDepth, " levels"));
  }

  StatusOr<int> ParseOr() {
    const Nested nested(&depth_);
    TURDB_RETURN_IF_ERROR(CheckDepth());
    TURDB_ASSIGN_OR_RETURN(int left, ParseAnd());
    while (At("||")) {
      TURDB_RETURN_IF_ERROR(Advance());
      TURDB_ASSIGN_OR_RETURN(const int right, ParseAnd());
      if (!IsPredicate(left) || !IsPredicate(right)) return Unexpected();
      left = Add(PathKind::kOr, left, right);
    }
    return left;
  }

  StatusOr<int> ParseAnd() {
    TURDB_ASSIGN_OR_RETURN(int left, ParseNot());
    while (At("&&")) {
      TURDB_RETURN_IF_ERROR(Advance());
      TURDB_ASSIGN_OR_RETURN(const int right, ParseNot());
      if (!IsPredicate(left) || !IsPredicate(right)) return Unexpected();
      left = Add(PathKind::kAnd, left, right);
    }
    return left;
  }

  StatusOr<int> ParseNot() {
    if (!At("!")) return ParseComparison();
    TURDB_RETURN_IF_ERROR(Advance());
    const Nested nested(&depth_);
    TURDB_RETURN_IF_ERROR(CheckDepth());
    TURDB_ASSIGN_OR_RETURN(const int operand, ParseNot());
    if (!IsPredicate(operand)) return Unexpected();
    return Add(PathKind::kNot, operand);
  }

  StatusOr<int> ParseComparison() {
    TURDB_ASSIGN_OR_RETURN(const int left, ParseSum());
    struct Symbol {
      std::string_view text;
      PathKind kind;
    };
    for (const Symbol& symbol :
         {Symbol{"==", PathKind::kEqual}, Symbol{"!=", PathKind::kNotEqual}, Symbol{"<>", PathKind::kNotEqual},
          Symbol{"<", PathKind::kLess}, Symbol{"<=", PathKind::kLessOrEqual}, Symbol{">", PathKind::kGreater},
          Symbol{">=", PathKind::kGreaterOrEqual}}) {
      if (!At(symbol.text)) continue;
      TURDB_RETURN_IF_ERROR(Advance());
      TURDB_ASSIGN_OR_RETURN(const int right, ParseSum());
      return Add(symbol.kind, left, right);
    }
    if (AtName("starts")) {
      TURDB_RETURN_IF_ERROR(Advance());
      if (!AtName("with")) return Unexpected();
      TURDB_RETURN_IF_ERROR(Advance());
      if (token_.kind != TokenKind::kString && token_.kind != TokenKind::kVariable) return Unexpected();
      TURDB_ASSIGN_OR_RETURN(const int right, ParsePrimary());
      return Add(PathKind::kStartsWith, left, right);
    }
    if (AtName("like_regex")) return ParseLikeRegex(left);
    if (AtName("is") && IsPredicate(left)) {
      TURDB_RETURN_IF_ERROR(Advance());
      if (!AtName("unknown")) return Unexpected();
      TURDB_RETURN_IF_ERROR(Advance());
      return Add(PathKind::kIsUnknown, left);
    }
    return left;
  }

  StatusOr<int> ParseLikeRegex(int left) {
    TURDB_RETURN_IF_ERROR(Advance());
    if (token_.kind != TokenKind::kString) return Unexpected();
    const std::string pattern = token_.text;
    TURDB_RETURN_IF_ERROR(Advance());
    RegexFlags flags;
    flags.newline_ends_dot = true;
    if (AtName("flag")) {
      TURDB_RETURN_IF_ERROR(Advance());
      if (token_.kind != TokenKind::kString) return Unexpected();
      for (const char letter : token_.text) {
        switch (letter) {
          case 'i':
            flags.ignore_case = true;
            break;
          case 's':
            flags.newline_ends_dot = false;
            break;
          case 'm':
            flags.line_anchors = true;
            break;
          case 'q':
            flags.literal = true;
            break;
          case 'x':
            return base::UnsupportedError("XQuery \"x\" flag (expanded regular expressions) is not implemented");
          default:
            return Unexpected();
        }
      }
      TURDB_RETURN_IF_ERROR(Advance());
    }
    TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Regex> regex, Regex::Compile(pattern, flags, int64_t{2} << 20));
    PathNode like{PathKind::kLikeRegex};
    like.left = left;
    like.regex = std::move(regex);
    return Add(std::move(like));
  }

  StatusOr<int> ParseSum() {
    TURDB_ASSIGN_OR_RETURN(int left, ParseProduct());
    while (At("+") || At("-")) {
      const PathKind kind = At("+") ? PathKind::kAdd : PathKind::kSubtract;
      TURDB_RETURN_IF_ERROR(Advance());
      TURDB_ASSIGN_OR_RETURN(const int right, ParseProduct());
      left = Add(kind, left, right);
    }
    return left;
  }

  StatusOr<int> ParseProduct() {
    TURDB_ASSIGN_OR_RETURN(int left, ParseUnary());
    while (At("*") || At("/") || At("%")) {
      const PathKind kind = At("*") ? PathKind::kMultiply : At("/") ? PathKind::kDivide : PathKind::kModulo;
      TURDB_RETURN_IF_ERROR(Advance());
      TURDB_ASSIGN_OR_RETURN(const int right, ParseUnary());
      left = Add(kind, left, right);
    }
    return left;
  }

  StatusOr<int> ParseUnary() {
    if (!At("+") && !At("-")) return ParseAccessors();
    const PathKind kind = At("+") ? PathKind::kPlus : PathKind::kMinus;
    TURDB_RETURN_IF_ERROR(Advance());
    const Nested nested(&depth_);
    TURDB_RETURN_IF_ERROR(CheckDepth());
    TURDB_ASSIGN_OR_RETURN(const int operand, ParseUnary());
    return Add(kind, operand);
  }

  StatusOr<int> ParsePrimary() {
    PathNode literal{PathKind::kLiteral};
    vec::JsonWriter writer(&literal.literal);
    switch (token_.kind) {
      case TokenKind::kString:
        writer.String(token_.text);
        break;
      case TokenKind::kNumber: {
        const std::optional<Numeric> number = Numeric::Parse(token_.text);
        if (!number) return Unexpected();
        writer.Number(*number);
        break;
      }
      case TokenKind::kVariable:
        literal.kind = PathKind::kVariable;
        literal.text = token_.text;
        break;
      case TokenKind::kName:
        if (token_.text == "true" || token_.text == "false") {
          writer.Boolean(token_.text == "true");
        } else if (token_.text == "null") {
          writer.Null();
        } else if (token_.text == "last") {
          if (subscripts_ == 0) {
            return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kSyntaxError,
                             "LAST is allowed only in array subscripts");
          }
          literal.kind = PathKind::kLast;
        } else if (token_.text == "exists") {
          TURDB_RETURN_IF_ERROR(Advance());
          TURDB_RETURN_IF_ERROR(Expect("("));
          TURDB_ASSIGN_OR_RETURN(const int inside, ParseOr());
          TURDB_RETURN_IF_ERROR(Expect(")"));
          return Add(PathKind::kExists, inside);
        } else {
          return Unexpected();
        }
        break;
      default:
        if (At("$")) {
          literal.kind = PathKind::kRoot;
        } else if (At("@")) {
          if (filters_ == 0) {
            return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kSyntaxError,
                             "@ is not allowed in root expressions");
          }
          literal.kind = PathKind::kCurrent;
        } else if (At("(")) {
          TURDB_RETURN_IF_ERROR(Advance());
          TURDB_ASSIGN_OR_RETURN(const int inside, ParseOr());
          TURDB_RETURN_IF_ERROR(Expect(")"));
          return inside;
        } else {
          return Unexpected();
        }
    }
    after_value_ = true;
    const Status status = Advance();
    after_value_ = false;
    TURDB_RETURN_IF_ERROR(status);
    return Add(std::move(literal));
  }

  StatusOr<int> ParseAccessors() {
    TURDB_ASSIGN_OR_RETURN(const int base, ParsePrimary());
    for (;;) {
      int accessor = -1;
      if (At(".")) {
        TURDB_ASSIGN_OR_RETURN(accessor, ParseMember());
      } else if (At("[")) {
        TURDB_ASSIGN_OR_RETURN(accessor, ParseElements());
      } else if (At("?")) {
        TURDB_RETURN_IF_ERROR(Advance());
        TURDB_RETURN_IF_ERROR(Expect("("));
        ++filters_;
        TURDB_ASSIGN_OR_RETURN(const int condition, ParseOr());
        --filters_;
        if (!IsPredicate(condition)) return Unexpected();
        TURDB_RETURN_IF_ERROR(Expect(")"));
        accessor = Add(PathKind::kFilter, condition);
      } else {
        return base;
      }
      node(base).accessors.push_back(accessor);
    }
  }

  StatusOr<int> ParseMember() {
    TURDB_RETURN_IF_ERROR(Advance());
    if (At("*")) {
      TURDB_RETURN_IF_ERROR(Advance());
      return Add(PathKind::kAnyMember);
    }
    if (At("**")) return ParseDescend();
    if (token_.kind != TokenKind::kName && token_.kind != TokenKind::kString) return Unexpected();
    PathNode member{PathKind::kMember};
    member.text = token_.text;
    const bool name = token_.kind == TokenKind::kName;
    const Token before = token_;
    TURDB_RETURN_IF_ERROR(Advance());
    if (!name || !At("(")) return Add(std::move(member));
    constexpr std::string_view kMethods[] = {"abs",     "bigint", "boolean", "ceiling",   "date",         "datetime",
                                             "decimal", "double", "floor",   "integer",   "keyvalue",     "number",
                                             "size",    "string", "time",    "timestamp", "timestamp_tz", "type"};
    if (member.text == "time_tz") {
      return base::UnsupportedError("the jsonpath method .time_tz() is not supported");
    }
    if (std::find(std::begin(kMethods), std::end(kMethods), member.text) == std::end(kMethods))
      return SyntaxError(before.offset);
    TURDB_RETURN_IF_ERROR(Advance());
    const bool takes_argument = member.text == "datetime" || member.text.starts_with("time");
    if (takes_argument && !At(")")) {
      return base::UnsupportedError(absl::StrCat("an argument of the jsonpath method .", member.text, "() is not supported"));
    }
    TURDB_RETURN_IF_ERROR(Expect(")"));
    member.kind = PathKind::kMethod;
    return Add(std::move(member));
  }

  StatusOr<uint32_t> ParseLevel() {
    uint32_t level = ~0u;
    if (token_.kind == TokenKind::kNumber) {
      if (!absl::SimpleAtoi(token_.text, &level)) return Unexpected();
    } else if (!AtName("last")) {
      return Unexpected();
    }
    TURDB_RETURN_IF_ERROR(Advance());
    return level;
  }

  // .** and .**{2}, .**{1 to last}
  StatusOr<int> ParseDescend() {
    TURDB_RETURN_IF_ERROR(Advance());
    PathNode descend{PathKind::kDescend};
    descend.to = ~0u;
    if (At("{")) {
      TURDB_RETURN_IF_ERROR(Advance());
      TURDB_ASSIGN_OR_RETURN(descend.from, ParseLevel());
      descend.to = descend.from;
      if (AtName("to")) {
        TURDB_RETURN_IF_ERROR(Advance());
        TURDB_ASSIGN_OR_RETURN(descend.to, ParseLevel());
      }
      TURDB_RETURN_IF_ERROR(Expect("}"));
    }
    return Add(std::move(descend));
  }

  StatusOr<int> ParseElements() {
    TURDB_RETURN_IF_ERROR(Advance());
    if (At("*")) {
      TURDB_RETURN_IF_ERROR(Advance());
      TURDB_RETURN_IF_ERROR(Expect("]"));
      return Add(PathKind::kAnyElement);
    }
    PathNode elements{PathKind::kElements};
    ++subscripts_;
    for (bool more = true; more;) {
      std::pair<int, int> range{-1, -1};
      TURDB_ASSIGN_OR_RETURN(range.first, ParseSum());
      if (AtName("to")) {
        TURDB_RETURN_IF_ERROR(Advance());
        TURDB_ASSIGN_OR_RETURN(range.second, ParseSum());
      }
      elements.subscripts.push_back(range);
      more = At(",");
      if (more) TURDB_RETURN_IF_ERROR(Advance());
    }
    --subscripts_;
    TURDB_RETURN_IF_ERROR(Expect("]"));
    return Add(std::move(elements));
  }

  const std::string_view text_;
  size_t at_ = 0;
  Token token_;
  bool after_value_ = false;  // a point is an accessor's then
  int depth_ = 0;
  int filters_ = 0;
  int subscripts_ = 0;
  JsonPath path_;
};

StatusOr<JsonPath> JsonPath::Parse(std::string_view text) { return PathParser(text).Parse(); }

}  // namespace turdb::function
