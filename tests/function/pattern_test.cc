// LIKE and GLOB against matchers that are slow and obviously right.
#include "function/pattern.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "function/registry.h"

namespace turdb::function {
namespace {

// Straight from the definition, on single bytes.
MatchResult NaiveLike(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty() ? MatchResult::kYes : MatchResult::kNo;
  if (pattern[0] == '%') {
    for (size_t skip = 0; skip <= text.size(); ++skip) {
      if (NaiveLike(text.substr(skip), pattern.substr(1)) == MatchResult::kYes) return MatchResult::kYes;
    }
    return MatchResult::kNo;
  }
  if (text.empty()) return MatchResult::kNo;
  if (pattern[0] == '\\' && pattern.size() > 1) {
    return text[0] == pattern[1] ? NaiveLike(text.substr(1), pattern.substr(2)) : MatchResult::kNo;
  }
  if (pattern[0] == '_' || pattern[0] == text[0]) return NaiveLike(text.substr(1), pattern.substr(1));
  return MatchResult::kNo;
}

bool NaiveGlob(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    for (size_t skip = 0; skip <= text.size(); ++skip) {
      if (NaiveGlob(text.substr(skip), pattern.substr(1))) return true;
    }
    return false;
  }
  if (text.empty()) return false;
  if (pattern[0] == '[') {  // one of: [ab] [^a] [a-c]
    const size_t close = pattern.find(']', 2);
    if (close == std::string_view::npos) return false;
    std::string_view set = pattern.substr(1, close - 1);
    const bool invert = set[0] == '^';
    if (invert) set.remove_prefix(1);
    bool found = false;
    if (set.size() == 3 && set[1] == '-') {
      found = text[0] >= set[0] && text[0] <= set[2];
    } else {
      found = set.find(text[0]) != std::string_view::npos;
    }
    return found != invert && NaiveGlob(text.substr(1), pattern.substr(close + 1));
  }
  return (pattern[0] == '?' || pattern[0] == text[0]) && NaiveGlob(text.substr(1), pattern.substr(1));
}

std::string RandomFrom(std::mt19937_64& random, std::initializer_list<std::string_view> pieces, size_t max) {
  std::string out;
  const size_t count = random() % (max + 1);
  for (size_t i = 0; i < count; ++i) out += *(pieces.begin() + random() % pieces.size());
  return out;
}

TEST(Pattern, LikeAgreesWithItsDefinition) {
  std::mt19937_64 random(1);
  const Type types[] = {TypeId::kText, TypeId::kText};
  const BoundCall like = *ResolveOperator("~~", types);
  CallContext context;
  int matches = 0;
  for (int i = 0; i < 20000; ++i) {
    const std::string text = RandomFrom(random, {"a", "b", "c", "%", "_"}, 12);
    const std::string pattern = RandomFrom(random, {"a", "b", "%", "_", "\\%", "\\_", "\\a"}, 7);
    const MatchResult expected = NaiveLike(text, pattern);
    EXPECT_EQ(MatchLike(text, pattern, '\\', false), expected) << text << " LIKE " << pattern;
    // The kernel's short cuts for constant patterns agree too.
    Vector texts(TypeId::kText, 1), patterns(TypeId::kText, 1), result(TypeId::kBoolean, 1);
    texts.SetString(0, text);
    patterns.SetConstant(Value::Text(pattern));
    const Vector* args[] = {&texts, &patterns};
    ASSERT_TRUE(Evaluate(like, args, Rows::All(1), context, &result).ok());
    EXPECT_EQ(result.View().Get<bool>(0), expected == MatchResult::kYes) << text << " LIKE " << pattern;
    matches += expected == MatchResult::kYes ? 1 : 0;
  }
  EXPECT_GT(matches, 1000);
}

TEST(Pattern, GlobAgreesWithItsDefinition) {
  std::mt19937_64 random(2);
  int matches = 0;
  for (int i = 0; i < 20000; ++i) {
    const std::string text = RandomFrom(random, {"a", "b", "c", "d"}, 10);
    const std::string pattern = RandomFrom(random, {"a", "b", "*", "?", "[ab]", "[^a]", "[a-c]"}, 6);
    EXPECT_EQ(MatchGlob(text, pattern), NaiveGlob(text, pattern)) << text << " GLOB " << pattern;
    matches += NaiveGlob(text, pattern) ? 1 : 0;
  }
  EXPECT_GT(matches, 1000);
  EXPECT_TRUE(MatchGlob("äb", "?b"));
  EXPECT_TRUE(MatchGlob("é", "[à-ü]"));
  EXPECT_FALSE(MatchGlob("ABC", "abc"));
  EXPECT_FALSE(MatchGlob("[", "["));
}

// A pattern of many wildcards takes time in proportion to text times pattern, not exponential time: with 1 MB
// against 40 wildcards the test would otherwise not end.
TEST(Pattern, ManyWildcardsStayFast) {
  const std::string text(1 << 20, 'a');
  std::string pattern;
  for (int i = 0; i < 40; ++i) pattern += "%a";
  pattern += "%b";
  EXPECT_EQ(MatchLike(text, pattern, '\\', false), MatchResult::kNo);
}

TEST(Pattern, EscapeClause) {
  EXPECT_EQ(MatchLike("a%c", "a!%c", '!', false), MatchResult::kYes);
  EXPECT_EQ(MatchLike("abc", "a!%c", '!', false), MatchResult::kNo);
  EXPECT_EQ(MatchLike("a\\", "a\\", kNoEscape, false), MatchResult::kYes);
  EXPECT_EQ(MatchLike("ab", "a\\", '\\', false), MatchResult::kBadPattern);
  EXPECT_EQ(MatchLike("ÄÖ", "äö", '\\', true), MatchResult::kYes);
  const Type types[] = {TypeId::kText, TypeId::kText, TypeId::kText};
  const BoundCall like = *ResolveFunction("like", types);
  CallContext context;
  const Value wrong[] = {Value::Text("a"), Value::Text("a"), Value::Text("xy")};
  EXPECT_EQ(base::GetSqlState(EvaluateValues(like, wrong, context).status()).view(), "22025");
  const Value right[] = {Value::Text("50%"), Value::Text("50x%"), Value::Text("x")};
  EXPECT_EQ(EvaluateValues(like, right, context)->ToString(), "t");
}

}  // namespace
}  // namespace turdb::function
