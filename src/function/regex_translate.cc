// From PostgreSQL's patterns to RE2's. RE2 reads the translation, so only what differs is read here: escapes, bracket
// expressions, options in front, comments, and what RE2 cannot do.
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "function/regex.h"
#include "vec/utf8.h"

namespace turdb::function {

using base::MakeError;
using base::Status;
using base::StatusOr;

namespace {

constexpr std::string_view kWord = "\\p{L}\\p{M}\\p{N}_";
constexpr std::string_view kSpace =
    "\\x{9}-\\x{d} \\x{1680}\\x{2000}-\\x{2006}\\x{2008}-\\x{200a}\\x{2028}\\x{2029}\\x{205f}\\x{3000}";

struct NamedClass {
  std::string_view name;
  std::string_view inside;  // between brackets
};
constexpr NamedClass kClasses[] = {
    {"alnum", "\\p{L}\\p{Nd}"},
    {"alpha", "\\p{L}"},
    {"ascii", "\\x{0}-\\x{7f}"},
    {"blank", "\\x{9} "},
    {"cntrl", "\\p{Cc}"},
    {"digit", "0-9"},
    {"graph", "\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}"},
    {"lower", "\\p{Ll}"},
    {"print", "\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}\\p{Zs}"},
    {"punct", "\\p{P}\\p{S}"},
    {"space", kSpace},
    {"upper", "\\p{Lu}"},
    {"word", kWord},
    {"xdigit", "0-9A-Fa-f"},
};

Status Invalid(std::string_view why) {
  return MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"2201B"},
                   absl::StrCat("invalid regular expression: ", why));
}

Status Unsupported(std::string_view what, std::string_view hint) {
  return base::WithHint(Invalid(absl::StrCat(what, " are not supported")), hint);
}

bool IsWordByte(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_'; }

// `code_point` as RE2 reads it wherever it stands.
void AppendCharacter(uint32_t code_point, std::string* out) {
  if (code_point < 0x80 && IsWordByte(static_cast<char>(code_point))) {
    out->push_back(static_cast<char>(code_point));
  } else {
    absl::StrAppend(out, "\\x{", absl::Hex(code_point), "}");
  }
}

class Translator {
 public:
  Translator(std::string_view pattern, RegexFlags* flags, bool* perl) : pattern_(pattern), flags_(*flags), perl_(*perl) {}

  StatusOr<std::string> Translate() {
    TURDB_RETURN_IF_ERROR(ReadFront());
    while (at_ < pattern_.size()) {
      if (flags_.literal) {
        AppendCharacter(vec::Utf8Decode(pattern_, &at_), &out_);
      } else {
        TURDB_RETURN_IF_ERROR(ReadOne());
      }
    }
    return std::move(out_);
  }

 private:
  // What was read last. kWord: it surely ends with a character of a word, for \M. kConstraint: it takes no quantifier.
  enum class Last : uint8_t { kOther, kWord, kConstraint };

  bool LooksAt(std::string_view text) const { return pattern_.substr(at_).starts_with(text); }

  // ***: and ***=, then (?options).
  Status ReadFront() {
    if (flags_.literal) return absl::OkStatus();
    if (LooksAt("***=")) {
      flags_.literal = true;
      at_ += 4;
      return absl::OkStatus();
    }
    if (LooksAt("***")) {
      if (!LooksAt("***:")) return Invalid("quantifier operand invalid");
      at_ += 4;
    }
    if (!LooksAt("(?") || at_ + 2 >= pattern_.size() || !absl::ascii_isalpha(static_cast<unsigned char>(pattern_[at_ + 2]))) {
      return absl::OkStatus();
    }
    const size_t close = pattern_.find(')', at_);
    if (close == std::string_view::npos) return Invalid("parentheses () not balanced");
    auto own = ParseRegexFlags(pattern_.substr(at_ + 2, close - at_ - 2));
    if (!own.ok()) return Invalid("invalid embedded option");
    own->ignore_case = own->ignore_case || (flags_.ignore_case && !absl::StrContains(pattern_.substr(at_, close - at_), 'c'));
    own->newline_ends_dot |= flags_.newline_ends_dot;
    own->line_anchors |= flags_.line_anchors;
    own->expanded |= flags_.expanded;
    own->global = flags_.global;
    flags_ = *own;
    at_ = close + 1;
    return absl::OkStatus();
  }

  Status ReadOne() {
    const char c = pattern_[at_];
    const Last before = last_ == Last::kConstraint ? Last::kOther : last_;
    const bool constraint = last_ == Last::kConstraint;
    last_ = Last::kOther;
    switch (c) {
      case '\\':
        return ReadEscape(before);
      case '[':
        return ReadBrackets();
      case '(':
        return ReadGroup();
      case '*':
      case '+':
      case '?':
        if (constraint) return Invalid("quantifier operand invalid");
        ++at_;
        out_.push_back(c);
        if (c == '+') last_ = before;
        ReadGreed();
        return absl::OkStatus();
      case '{':
        if (constraint) return Invalid("quantifier operand invalid");
        return ReadBound(before);
      case '^':
      case '$':
        last_ = Last::kConstraint;
        ++at_;
        out_.push_back(c);
        return absl::OkStatus();
      case '|':
      case ')':
      case '.':
        ++at_;
        out_.push_back(c);
        return absl::OkStatus();
      default:
        break;
    }
    if (flags_.expanded) {
      if (absl::ascii_isspace(static_cast<unsigned char>(c))) {
        ++at_;
        last_ = before;
        return absl::OkStatus();
      }
      if (c == '#') {
        while (at_ < pattern_.size() && pattern_[at_] != '\n') ++at_;
        return absl::OkStatus();
      }
    }
    AppendCharacter(vec::Utf8Decode(pattern_, &at_), &out_);
    if (IsWordByte(c)) last_ = Last::kWord;
    return absl::OkStatus();
  }

  // A ? behind a quantifier.
  void ReadGreed() {
    if (!LooksAt("?")) return;
    ++at_;
    out_.push_back('?');
    perl_ = true;
  }

  // {m}, {m,}, {m,n}; a brace before anything but a digit is a character.
  Status ReadBound(Last before) {
    if (at_ + 1 >= pattern_.size() || !absl::ascii_isdigit(static_cast<unsigned char>(pattern_[at_ + 1]))) {
      ++at_;
      out_.append("\\{");
      return absl::OkStatus();
    }
    const size_t close = pattern_.find('}', at_);
    if (close == std::string_view::npos) return Invalid("braces {} not balanced");
    const std::string_view inside = pattern_.substr(at_ + 1, close - at_ - 1);
    const size_t comma = inside.find(',');
    int least = 0, most = 0;
    constexpr int kMost = 255;
    const std::string_view second = comma == std::string_view::npos ? inside : inside.substr(comma + 1);
    const bool open = comma != std::string_view::npos && second.empty();
    if (!absl::SimpleAtoi(inside.substr(0, comma), &least) || (!open && !absl::SimpleAtoi(second, &most)) || least > kMost ||
        most > kMost || (!open && most < least)) {
      return Invalid("invalid repetition count(s)");
    }
    absl::StrAppend(&out_, "{", inside, "}");
    at_ = close + 1;
    if (least > 0) last_ = before;
    ReadGreed();
    return absl::OkStatus();
  }

  Status ReadGroup() {
    if (LooksAt("(?=") || LooksAt("(?!") || LooksAt("(?<=") || LooksAt("(?<!")) {
      return Unsupported("lookahead and lookbehind constraints",
                         "Match what stands around, too, and take the part that is wanted with a group.");
    }
    if (LooksAt("(?#")) {
      const size_t close = pattern_.find(')', at_);
      if (close == std::string_view::npos) return Invalid("parentheses () not balanced");
      at_ = close + 1;
      return absl::OkStatus();
    }
    if (LooksAt("(?:")) {
      at_ += 3;
      out_.append("(?:");
      return absl::OkStatus();
    }
    if (LooksAt("(?")) return Invalid("quantifier operand invalid");
    ++at_;
    out_.push_back('(');
    return absl::OkStatus();
  }

  static Status WordBoundary() {
    return base::WithHint(Invalid("\\m and \\M are supported only beside a character that belongs to a word"),
                          "Use \\y, which matches at both ends of a word.");
  }

  // Up to `digits` hexadecimal digits at at_.
  StatusOr<uint32_t> ReadHex(size_t least, size_t most) {
    uint32_t value = 0;
    size_t count = 0;
    while (count < most && at_ < pattern_.size() && absl::ascii_isxdigit(static_cast<unsigned char>(pattern_[at_]))) {
      const char digit = absl::ascii_tolower(static_cast<unsigned char>(pattern_[at_++]));
      value = value * 16 + static_cast<uint32_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
      if (value > 0x10ffff) return Invalid("invalid escape \\ sequence");
      ++count;
    }
    if (count < least) return Invalid("invalid escape \\ sequence");
    return value;
  }

  // The escapes that stand for one character; at_ is behind the letter. nullopt-like: false when `letter` is no such escape.
  StatusOr<bool> ReadCharacterEscape(char letter, uint32_t* code_point) {
    switch (letter) {
      case 'a':
        *code_point = 7;
        return true;
      case 'b':
        *code_point = 8;
        return true;
      case 'B':
        *code_point = '\\';
        return true;
      case 'c':
        if (at_ >= pattern_.size()) return Invalid("invalid escape \\ sequence");
        *code_point = static_cast<uint32_t>(pattern_[at_++]) & 31;
        return true;
      case 'e':
        *code_point = 27;
        return true;
      case 'f':
        *code_point = 12;
        return true;
      case 'n':
        *code_point = 10;
        return true;
      case 'r':
        *code_point = 13;
        return true;
      case 't':
        *code_point = 9;
        return true;
      case 'v':
        *code_point = 11;
        return true;
      case '0':
        *code_point = 0;
        return true;
      case 'u': {
        TURDB_ASSIGN_OR_RETURN(*code_point, ReadHex(4, 4));
        return true;
      }
      case 'U': {
        TURDB_ASSIGN_OR_RETURN(*code_point, ReadHex(8, 8));
        return true;
      }
      case 'x': {
        TURDB_ASSIGN_OR_RETURN(*code_point, ReadHex(1, 8));
        return true;
      }
      default:
        return false;
    }
  }

  Status ReadEscape(Last before) {
    if (++at_ == pattern_.size()) return Invalid("invalid escape \\ sequence");
    const char letter = pattern_[at_];
    if (!absl::ascii_isalnum(static_cast<unsigned char>(letter))) {
      AppendCharacter(vec::Utf8Decode(pattern_, &at_), &out_);
      return absl::OkStatus();
    }
    ++at_;
    switch (letter) {
      case 'd':
        out_.append("[0-9]");
        last_ = Last::kWord;
        return absl::OkStatus();
      case 'D':
        out_.append("[^0-9]");
        return absl::OkStatus();
      case 'w':
        absl::StrAppend(&out_, "[", kWord, "]");
        last_ = Last::kWord;
        return absl::OkStatus();
      case 'W':
        absl::StrAppend(&out_, "[^", kWord, "]");
        return absl::OkStatus();
      case 's':
        absl::StrAppend(&out_, "[", kSpace, "]");
        return absl::OkStatus();
      case 'S':
        absl::StrAppend(&out_, "[^", kSpace, "]");
        return absl::OkStatus();
      case 'A':
        last_ = Last::kConstraint;
        out_.append("\\A");
        return absl::OkStatus();
      case 'Z':
        last_ = Last::kConstraint;
        out_.append("\\z");
        return absl::OkStatus();
      case 'y':
        last_ = Last::kConstraint;
        out_.append("\\b");
        return absl::OkStatus();
      case 'Y':
        last_ = Last::kConstraint;
        out_.append("\\B");
        return absl::OkStatus();
      case 'm': {  // a boundary, and what follows is of a word: its beginning
        const bool word = at_ < pattern_.size() && (IsWordByte(pattern_[at_]) || LooksAt("\\w") || LooksAt("\\d"));
        if (!word) return WordBoundary();
        out_.append("\\b");
        return absl::OkStatus();
      }
      case 'M':
        if (before != Last::kWord) return WordBoundary();
        out_.append("\\b");
        return absl::OkStatus();
      default:
        break;
    }
    if (letter >= '1' && letter <= '9') {
      return Unsupported("back references", "Compare the groups with each other outside of the pattern.");
    }
    uint32_t code_point = 0;
    TURDB_ASSIGN_OR_RETURN(const bool character, ReadCharacterEscape(letter, &code_point));
    if (!character) return Invalid("invalid escape \\ sequence");
    AppendCharacter(code_point, &out_);
    return absl::OkStatus();
  }

  // ---- [...]

  Status ReadBrackets() {
    if (LooksAt("[[:<:]]") || LooksAt("[[:>:]]")) return WordBoundary();
    ++at_;
    out_.push_back('[');
    if (LooksAt("^")) {
      ++at_;
      out_.push_back('^');
      if (flags_.newline_ends_dot) out_.append("\\n");
    }
    for (bool first = true; first || !LooksAt("]"); first = false) {
      if (at_ >= pattern_.size()) return Invalid("brackets [] not balanced");
      TURDB_RETURN_IF_ERROR(ReadRange());
    }
    ++at_;
    out_.push_back(']');
    return absl::OkStatus();
  }

  // One member of a bracket expression: a class, a character, or a range of them.
  Status ReadRange() {
    if (LooksAt("[:")) {
      const size_t close = pattern_.find(":]", at_);
      if (close == std::string_view::npos) return Invalid("brackets [] not balanced");
      const std::string_view name = pattern_.substr(at_ + 2, close - at_ - 2);
      at_ = close + 2;
      for (const NamedClass& named : kClasses) {
        if (named.name != name) continue;
        // Letters are letters in either case then.
        const bool any_case = flags_.ignore_case && (name == "upper" || name == "lower");
        out_.append(any_case ? std::string_view("\\p{Lu}\\p{Ll}") : named.inside);
        return absl::OkStatus();
      }
      return Invalid("invalid character class");
    }
    uint32_t first = 0, last = 0;
    bool is_class = false;
    TURDB_RETURN_IF_ERROR(ReadMember(&first, &is_class));
    if (is_class) return absl::OkStatus();
    AppendCharacter(first, &out_);
    if (!LooksAt("-") || at_ + 1 >= pattern_.size() || pattern_[at_ + 1] == ']') return absl::OkStatus();
    ++at_;
    TURDB_RETURN_IF_ERROR(ReadMember(&last, &is_class));
    if (is_class || last < first) return Invalid("invalid character range");
    out_.push_back('-');
    AppendCharacter(last, &out_);
    return absl::OkStatus();
  }

  Status ReadMember(uint32_t* code_point, bool* is_class) {
    if (LooksAt("[.") || LooksAt("[=")) {
      const std::string close = LooksAt("[.") ? ".]" : "=]";
      const size_t end = pattern_.find(close, at_ + 2);
      if (end == std::string_view::npos) return Invalid("brackets [] not balanced");
      size_t inside = at_ + 2;
      if (inside == end) return Invalid("invalid collating element");
      *code_point = vec::Utf8Decode(pattern_, &inside);
      if (inside != end) return Invalid("invalid collating element");
      at_ = end + 2;
      return absl::OkStatus();
    }
    if (pattern_[at_] != '\\') {
      *code_point = vec::Utf8Decode(pattern_, &at_);
      return absl::OkStatus();
    }
    if (++at_ == pattern_.size()) return Invalid("invalid escape \\ sequence");
    const char letter = pattern_[at_];
    if (!absl::ascii_isalnum(static_cast<unsigned char>(letter))) {
      *code_point = vec::Utf8Decode(pattern_, &at_);
      return absl::OkStatus();
    }
    ++at_;
    if (letter == 'd' || letter == 'w' || letter == 's') {
      *is_class = true;
      out_.append(letter == 'd' ? std::string_view("0-9") : letter == 'w' ? kWord : kSpace);
      return absl::OkStatus();
    }
    if (letter == 'D' || letter == 'W' || letter == 'S') {
      return Unsupported("\\D, \\S and \\W inside brackets", "Negate the whole bracket expression: [^...].");
    }
    TURDB_ASSIGN_OR_RETURN(const bool character, ReadCharacterEscape(letter, code_point));
    return character ? absl::OkStatus() : Invalid("invalid escape \\ sequence");
  }

  const std::string_view pattern_;
  RegexFlags& flags_;
  bool& perl_;
  size_t at_ = 0;
  Last last_ = Last::kOther;
  std::string out_;
};

}  // namespace

StatusOr<std::string> TranslateRegex(std::string_view pattern, RegexFlags* flags, bool* perl) {
  return Translator(pattern, flags, perl).Translate();
}

// % and _ are .* and . , the operators | * + ? {} () [] stay, everything else is itself. Between two "escape quotes", the
// part that substring(... similar ... escape) wants becomes a group.
StatusOr<std::string> SimilarToRegex(std::string_view pattern, std::string_view escape) {
  uint32_t escape_point = ~0u;
  if (!escape.empty()) {
    size_t end = 0;
    escape_point = vec::Utf8Decode(escape, &end);
    if (end != escape.size()) {
      return base::WithHint(
          MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidEscape, "invalid escape string"),
          "Escape string must be empty or one character.");
    }
  }
  std::string out = "^(?:";
  bool in_brackets = false, bracket_start = false;
  int quotes = 0;
  for (size_t at = 0; at < pattern.size();) {
    const size_t begin = at;
    const uint32_t c = vec::Utf8Decode(pattern, &at);
    const std::string_view character = pattern.substr(begin, at - begin);
    if (c == escape_point) {
      if (at == pattern.size()) {
        return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidEscape,
                         "SIMILAR TO pattern must not end with escape character");
      }
      if (pattern[at] == '"' && !in_brackets) {
        ++at;
        if (++quotes > 2) {
          return MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"2200C"},
                           "SQL regular expression may not contain more than two escape-double-quote separators");
        }
        out.append(quotes == 1 ? ")(" : ")(?:");
        continue;
      }
      const size_t escaped = at;
      vec::Utf8Decode(pattern, &at);
      const std::string_view literal = pattern.substr(escaped, at - escaped);
      if (literal.size() == 1 && IsWordByte(literal[0])) {
        out.append(literal);
      } else {
        absl::StrAppend(&out, literal.size() == 1 ? "\\" : "", literal);
      }
      continue;
    }
    if (in_brackets) {
      if (c == ']' && !bracket_start) in_brackets = false;
      bracket_start = bracket_start && c == '^';
      if (c == '\\') out.push_back('\\');
      out.append(character);
      continue;
    }
    switch (c) {
      case '[':
        in_brackets = bracket_start = true;
        out.push_back('[');
        break;
      case '%':
        out.append(".*");
        break;
      case '_':
        out.push_back('.');
        break;
      case '(':
        out.append("(?:");
        break;
      case '\\':
      case '.':
      case '^':
      case '$':
        out.push_back('\\');
        out.append(character);
        break;
      default:
        out.append(character);
    }
  }
  out.append(")$");
  return out;
}

}  // namespace turdb::function
