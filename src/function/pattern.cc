#include "function/pattern.h"

#include <cstring>

#include "function/builtins.h"
#include "function/unicode_case.h"
#include "vec/utf8.h"

namespace turdb::function {
namespace {

using vec::Utf8Decode;
using vec::Utf8Length;

}  // namespace

MatchResult MatchLike(std::string_view text, std::string_view pattern, uint32_t escape, bool fold_case) {
  size_t t = 0, p = 0;
  // Where to go on when a match after the last % fails: one character further in the text.
  size_t retry_text = 0, retry_pattern = 0;
  bool can_retry = false;
  const auto same = [&](uint32_t a, uint32_t b) { return a == b || (fold_case && ToLower(a) == ToLower(b)); };
  while (true) {
    bool matched;
    if (p == pattern.size()) {
      if (t == text.size()) return MatchResult::kYes;
      matched = false;
    } else {
      size_t next = p;
      uint32_t c = Utf8Decode(pattern, &next);
      if (c == escape) {
        if (t < text.size()) {
          if (next == pattern.size()) return MatchResult::kBadPattern;
          c = Utf8Decode(pattern, &next);
          size_t t_next = t;
          matched = same(Utf8Decode(text, &t_next), c);
          if (matched) t = t_next;
        } else {
          matched = false;
        }
      } else if (c == '%') {
        p = next;
        can_retry = true;
        retry_text = t;
        retry_pattern = p;
        continue;
      } else if (t == text.size()) {
        matched = false;
      } else if (c == '_') {
        t += Utf8Length(text[t]);
        matched = true;
      } else {
        size_t t_next = t;
        matched = same(Utf8Decode(text, &t_next), c);
        if (matched) t = t_next;
      }
      if (matched) p = next;
    }
    if (matched) continue;
    if (!can_retry || retry_text >= text.size()) return MatchResult::kNo;
    retry_text += Utf8Length(text[retry_text]);
    t = retry_text;
    p = retry_pattern;
  }
}

namespace {

// Whether `c` is in the set that starts behind pattern[*p] == '['; *p moves behind its ']'. An unclosed set
// matches nothing.
bool InSet(std::string_view pattern, size_t* p, uint32_t c, bool* closed) {
  bool invert = false, found = false, first = true;
  if (*p < pattern.size() && pattern[*p] == '^') {
    invert = true;
    ++*p;
  }
  *closed = false;
  uint32_t previous = 0;
  bool have_previous = false;
  while (*p < pattern.size()) {
    if (pattern[*p] == ']' && !first) {
      ++*p;
      *closed = true;
      break;
    }
    first = false;
    if (pattern[*p] == '-' && have_previous && *p + 1 < pattern.size() && pattern[*p + 1] != ']') {
      ++*p;
      const uint32_t last = Utf8Decode(pattern, p);
      found = found || (c >= previous && c <= last);
      have_previous = false;
    } else {
      previous = Utf8Decode(pattern, p);
      have_previous = true;
      found = found || c == previous;
    }
  }
  return *closed && found != invert;
}

}  // namespace

bool MatchGlob(std::string_view text, std::string_view pattern) {
  size_t t = 0, p = 0, retry_text = 0, retry_pattern = 0;
  bool can_retry = false;
  while (true) {
    bool matched = false;
    if (p == pattern.size()) {
      if (t == text.size()) return true;
    } else {
      size_t next = p;
      const uint32_t c = Utf8Decode(pattern, &next);
      if (c == '*') {
        p = next;
        can_retry = true;
        retry_text = t;
        retry_pattern = p;
        continue;
      }
      if (t < text.size()) {
        size_t t_next = t;
        const uint32_t have = Utf8Decode(text, &t_next);
        bool closed = false;
        matched = c == '?' || (c == '[' ? InSet(pattern, &next, have, &closed) : have == c);
        if (matched) {
          t = t_next;
          p = next;
        }
      }
    }
    if (matched) continue;
    if (!can_retry || retry_text >= text.size()) return false;
    retry_text += Utf8Length(text[retry_text]);
    t = retry_text;
    p = retry_pattern;
  }
}

namespace {

// What a constant pattern without escapes and underscores comes down to.
struct SimplePattern {
  enum class Kind : uint8_t { kGeneral, kEqual, kPrefix, kSuffix, kContains } kind = Kind::kGeneral;
  std::string_view literal;
};

SimplePattern Classify(std::string_view pattern) {
  SimplePattern simple;
  std::string_view literal = pattern;
  const bool head = literal.starts_with('%');
  if (head) literal.remove_prefix(1);
  const bool tail = literal.ends_with('%');
  if (tail) literal.remove_suffix(1);
  if (literal.find_first_of("%_\\") != std::string_view::npos) return simple;
  simple.literal = literal;
  simple.kind = head ? (tail ? SimplePattern::Kind::kContains : SimplePattern::Kind::kSuffix)
                     : (tail ? SimplePattern::Kind::kPrefix : SimplePattern::Kind::kEqual);
  // A lone % was taken for the head; nothing is left for the tail.
  if (pattern == "%") simple.kind = SimplePattern::Kind::kContains;
  return simple;
}

bool MatchSimple(const SimplePattern& simple, std::string_view text) {
  switch (simple.kind) {
    case SimplePattern::Kind::kEqual:
      return text == simple.literal;
    case SimplePattern::Kind::kPrefix:
      return text.starts_with(simple.literal);
    case SimplePattern::Kind::kSuffix:
      return text.ends_with(simple.literal);
    default:
      return text.find(simple.literal) != std::string_view::npos;
  }
}

Status BadPattern() {
  return base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidEscape,
                         "LIKE pattern must not end with escape character");
}

template <bool kFold, bool kNegate>
void LikeKernel(Call& call) {
  const VectorView &texts = call.args[0], &patterns = call.args[1];
  bool* out = call.result->data<bool>();
  const bool own_escape = call.args.size() > 2;
  if (!kFold && !own_escape && patterns.is_constant() && patterns.IsValid(0)) {
    const SimplePattern simple = Classify(patterns.values<StringView>()[0].view());
    if (simple.kind != SimplePattern::Kind::kGeneral) {
      call.ForEach([&](SelIndex row) { out[row] = MatchSimple(simple, texts.Get<StringView>(row).view()) != kNegate; });
      return;
    }
  }
  call.ForEach([&](SelIndex row) {
    uint32_t escape = '\\';
    if (own_escape) {
      const std::string_view text = call.args[2].Get<StringView>(row).view();
      size_t offset = 0;
      escape = text.empty() ? kNoEscape : Utf8Decode(text, &offset);
      if (!text.empty() && offset != text.size()) return call.Raise(row, ErrorCode::kInvalidEscape);
    }
    const MatchResult result =
        MatchLike(texts.Get<StringView>(row).view(), patterns.Get<StringView>(row).view(), escape, kFold);
    if (result == MatchResult::kBadPattern) return call.RaiseStatus(row, BadPattern());
    out[row] = (result == MatchResult::kYes) != kNegate;
  });
}

template <bool kNegate>
void GlobKernel(Call& call) {
  bool* out = call.result->data<bool>();
  call.ForEach([&](SelIndex row) {
    out[row] = MatchGlob(call.args[0].Get<StringView>(row).view(), call.args[1].Get<StringView>(row).view()) != kNegate;
  });
}

// LIKE on bytea matches bytes; they need not be UTF-8.
template <bool kNegate>
void BlobLikeKernel(Call& call) {
  bool* out = call.result->data<bool>();
  call.ForEach([&](SelIndex row) {
    const std::string_view text = call.args[0].Get<StringView>(row).view(), pattern = call.args[1].Get<StringView>(row).view();
    size_t t = 0, p = 0, retry_text = 0, retry_pattern = 0;
    bool can_retry = false, matches = false;
    while (true) {
      if (p == pattern.size() && t == text.size()) {
        matches = true;
        break;
      }
      if (p < pattern.size() && pattern[p] == '%') {
        can_retry = true;
        retry_text = t;
        retry_pattern = ++p;
        continue;
      }
      if (p < pattern.size() && t < text.size()) {
        const bool escaped = pattern[p] == '\\';
        if (escaped && p + 1 == pattern.size()) return call.RaiseStatus(row, BadPattern());
        const char c = pattern[p + (escaped ? 1 : 0)];
        if ((!escaped && c == '_') || c == text[t]) {
          p += escaped ? 2 : 1;
          ++t;
          continue;
        }
      }
      if (!can_retry || retry_text >= text.size()) break;
      t = ++retry_text;
      p = retry_pattern;
    }
    out[row] = matches != kNegate;
  });
}

}  // namespace

void AddPatterns(FunctionList& list) {
  constexpr TypeId kT = TypeId::kText, kB = TypeId::kBoolean;
  // Only a malformed pattern raises, whatever the row: that does not keep LIKE out of scans (query.md, rule 14).
  struct Like {
    const char* name;
    const char* symbol;
    Kernel kernel;
  };
  const Like likes[] = {{"like", "~~", LikeKernel<false, false>},
                        {"not like", "!~~", LikeKernel<false, true>},
                        {"ilike", "~~*", LikeKernel<true, false>},
                        {"not ilike", "!~~*", LikeKernel<true, true>}};
  for (const Like& like : likes) {
    list.Add(like.name, {kT, kT}, kB, kLatchSafe, like.kernel);
    list.Add(like.name, {kT, kT, kT}, kB, kCanRaise, like.kernel);
    list.Add(like.symbol, {kT, kT}, kB, kLatchSafe, like.kernel);
  }
  for (const char* name : {"like", "~~"}) list.Add(name, {TypeId::kBlob, TypeId::kBlob}, kB, kLatchSafe, BlobLikeKernel<false>);
  for (const char* name : {"not like", "!~~"}) {
    list.Add(name, {TypeId::kBlob, TypeId::kBlob}, kB, kLatchSafe, BlobLikeKernel<true>);
  }
  list.Add("glob", {kT, kT}, kB, kLatchSafe, GlobKernel<false>);
  list.Add("not glob", {kT, kT}, kB, kLatchSafe, GlobKernel<true>);
}

}  // namespace turdb::function
