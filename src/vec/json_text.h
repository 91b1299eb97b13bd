// JSON as text: reading it (yyjson does, numbers kept digit by digit), writing strings, and finding members of a text
// that was checked before, which is what a value of type json is.
#ifndef TURDB_VEC_JSON_TEXT_H_
#define TURDB_VEC_JSON_TEXT_H_

#include <string>
#include <string_view>

#include "base/status.h"
#include "vec/json.h"

namespace turdb::vec {

// Whether `text` is JSON (RFC 8259). Errors: 22P02 with the place, 54001 deeper than kMaxJsonDepth.
base::Status CheckJsonText(std::string_view text);
// Appends jsonb. Errors: those of CheckJsonText, 22P05 a string with \u0000, 22003 a number larger than any numeric.
base::Status ParseJson(std::string_view text, std::string* jsonb);

// 54001 when a checked text, or one put together of such, is nested deeper than kMaxJsonDepth.
base::Status CheckJsonDepth(std::string_view text);
base::Status TooDeepError();

// Appends `text` in quotes, with the escapes that PostgreSQL writes.
void AppendJsonString(std::string_view text, std::string* out);
// 22P05 "unsupported Unicode escape sequence".
base::Status NoNulInTextError();

// One value inside a checked text, from its first byte to its last. Owns nothing.
class JsonText {
 public:
  // REQUIRES: CheckJsonText says that it is JSON. Blanks around it are left out.
  explicit JsonText(std::string_view checked);

  std::string_view text() const { return text_; }
  JsonKind kind() const;

  // f(JsonText element) -> bool: whether to go on. REQUIRES: an array.
  template <typename F>
  void ForEachElement(F&& f) const {
    for (size_t at = SkipBlanks(1); text_[at] != ']';) {
      const size_t end = SkipValue(at);
      if (!f(JsonText(text_.substr(at, end - at)))) return;
      at = SkipComma(end);
    }
  }
  // f(std::string_view quoted_key, JsonText value) -> bool. REQUIRES: an object. In the order of the text.
  template <typename F>
  void ForEachMember(F&& f) const {
    for (size_t at = SkipBlanks(1); text_[at] != '}';) {
      const size_t key_end = SkipValue(at);
      const std::string_view key = text_.substr(at, key_end - at);
      const size_t begin = SkipBlanks(SkipBlanks(key_end) + 1);  // over the colon
      const size_t end = SkipValue(begin);
      if (!f(key, JsonText(text_.substr(begin, end - begin)))) return;
      at = SkipComma(end);
    }
  }

 private:
  size_t SkipBlanks(size_t at) const;
  size_t SkipValue(size_t at) const;
  size_t SkipComma(size_t at) const;

  std::string_view text_;
};

// What a string literal of a checked text, quotes included, says. Errors: 22P05.
base::StatusOr<std::string> UnquoteJson(std::string_view quoted);

}  // namespace turdb::vec

#endif  // TURDB_VEC_JSON_TEXT_H_
