// Patterns: what is translated, what is refused, and that none blows up.
#include "function/regex.h"

#include <gtest/gtest.h>

#include <string>

namespace turdb::function {
namespace {

bool Matches(std::string_view text, std::string_view pattern, RegexFlags flags = {}) {
  const auto regex = Regex::Compile(pattern, flags, 8 << 20);
  EXPECT_TRUE(regex.ok()) << pattern << ": " << regex.status();
  return regex.ok() && (*regex)->Matches(text);
}

absl::Status Refused(std::string_view pattern) { return Regex::Compile(pattern, {}, 8 << 20).status(); }

TEST(Regex, EscapesAndClasses) {
  EXPECT_TRUE(Matches("a\tb", "a\\tb"));
  EXPECT_TRUE(Matches("aAb", "a\\x41[b]"));
  EXPECT_TRUE(Matches("é", "^\\u00e9$"));
  EXPECT_TRUE(Matches("a\\b", "a\\Bb"));
  EXPECT_TRUE(Matches("é_1", "^\\w+$"));
  EXPECT_TRUE(Matches("x]", "^[]x]+$"));
  EXPECT_TRUE(Matches("-", "^[a-]$"));
  EXPECT_TRUE(Matches("é", "^[[:alpha:]]$"));
  EXPECT_FALSE(Matches("5", "[^[:digit:]]"));
  EXPECT_TRUE(Matches("a{", "a{"));
  EXPECT_TRUE(Matches("\n", "^\\s$"));
  EXPECT_TRUE(Matches("a.c", "***=a.c"));
  EXPECT_FALSE(Matches("abc", "***=a.c"));
}

TEST(Regex, WordBoundariesBesideWords) {
  EXPECT_TRUE(Matches("foo bar", "\\mbar\\M"));
  EXPECT_FALSE(Matches("foobar", "\\mbar"));
  EXPECT_TRUE(Matches("foo bar", "\\w+\\M"));
  EXPECT_EQ(base::GetSqlState(Refused("\\m(a|-)")).view(), "2201B");
  EXPECT_FALSE(base::GetHint(Refused("[[:<:]]a")).empty());
}

TEST(Regex, RefusesWhatNeedsBacktracking) {
  for (const char* pattern : {"(a)\\1", "a(?=b)", "a(?!b)", "(?<=a)b", "(?<!a)b", "[\\W]"}) {
    const absl::Status status = Refused(pattern);
    EXPECT_EQ(base::GetSqlState(status).view(), "2201B") << pattern;
    EXPECT_FALSE(base::GetHint(status).empty()) << pattern;
  }
  for (const char* pattern :
       {"(", ")", "[a", "a**", "*", "a{2,1}", "a{1,256}", "\\", "[b-a]", "[[:foo:]]", "(?<n>a)", "\\q", "\\x", "(?zz)a"}) {
    EXPECT_EQ(base::GetSqlState(Refused(pattern)).view(), "2201B") << pattern;
  }
}

TEST(Regex, TheLongestOfTheFirstMatches) {
  const auto regex = Regex::Compile("a|ab|abc", {}, 8 << 20);
  std::vector<std::string_view> match(1);
  ASSERT_TRUE((*regex)->Find("xabcabc", 0, &match));
  EXPECT_EQ(match[0], "abc");
  const auto lazy = Regex::Compile("a.*?c", {}, 8 << 20);
  ASSERT_TRUE((*lazy)->Find("xabcabc", 0, &match));
  EXPECT_EQ(match[0], "abc");
}

TEST(Regex, Flags) {
  RegexFlags lines = ParseRegexFlags("n").value();
  EXPECT_TRUE(Matches("a\nb", "^b$", lines));
  EXPECT_FALSE(Matches("a\nb", "a.b", lines));
  EXPECT_FALSE(Matches("a\nb", "a[^x]b", lines));
  EXPECT_TRUE(Matches("a\nb", "a.b"));
  EXPECT_TRUE(Matches("ABC", "(?i)abc"));
  EXPECT_TRUE(Matches("ab", "(?x) a  b # comment"));
  EXPECT_EQ(base::GetSqlState(ParseRegexFlags("z").status()).view(), "22023");
}

// Backtracking would take 2^n steps for these; time is linear here, and memory is what was given.
TEST(Regex, NothingBlowsUp) {
  const std::string text(100000, 'a');
  EXPECT_FALSE(Matches(text, "^(a|aa)+b$"));
  EXPECT_FALSE(Matches(text, "^(a+)+b$"));
  EXPECT_EQ(base::GetSqlState(Refused("((a{100}){100}){100}")).view(), "2201B");
}

TEST(Regex, TheCacheForgetsTheOldest) {
  RegexCache cache(1 << 20);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 40; ++i) {
      const auto regex = cache.Get("^" + std::to_string(i) + "$", {});
      ASSERT_TRUE(regex.ok());
      EXPECT_TRUE((*regex)->Matches(std::to_string(i)));
      EXPECT_FALSE((*regex)->Matches(std::to_string(i + 1)));
    }
  }
}

TEST(Similar, PatternsOfTheStandard) {
  EXPECT_EQ(SimilarToRegex("a%b_", "\\").value(), "^(?:a.*b.)$");
  EXPECT_EQ(SimilarToRegex("a.^$", "\\").value(), "^(?:a\\.\\^\\$)$");
  EXPECT_EQ(SimilarToRegex("(a|b)+[x%]", "\\").value(), "^(?:(?:a|b)+[x%])$");
  EXPECT_EQ(SimilarToRegex("a#%", "#").value(), "^(?:a\\%)$");
  EXPECT_EQ(base::GetSqlState(SimilarToRegex("a#", "#").status()).view(), "22025");
  EXPECT_EQ(base::GetSqlState(SimilarToRegex("a", "##").status()).view(), "22025");
  EXPECT_EQ(base::GetSqlState(SimilarToRegex("#\"#\"#\"", "#").status()).view(), "2200C");
}

}  // namespace
}  // namespace turdb::function
