#include "sql/parse/parser.h"

#include <gtest/gtest.h>

#include <string>

#include "base/arena.h"

namespace turdb::sql {
namespace {

std::string ErrorOf(std::string_view sql) {
  base::Arena arena;
  const auto parsed = ParseStatement(arena, sql);
  if (parsed.ok()) return "OK";
  return base::Describe(parsed.status()) + " @" + std::to_string(base::GetPosition(parsed.status()).value_or(-1));
}

TEST(Parser, SyntaxErrorsSayWhereAndNearWhat) {
  EXPECT_EQ(ErrorOf("SELECT * FORM t"), "[42601] syntax error at or near \"FORM\" @9");
  EXPECT_EQ(ErrorOf("select 1 +"), "[42601] syntax error at end of input @10");
  EXPECT_EQ(ErrorOf("select 'abc"), "[42601] unterminated quoted string at or near \"'abc\" @7");
  EXPECT_EQ(ErrorOf("select (1"), "[42601] syntax error at end of input @9");
  EXPECT_EQ(ErrorOf("select 123abc"), "[42601] trailing junk after numeric literal at or near \"123abc\" @7");
}

TEST(Parser, StatementsEndAtTheirSemicolon) {
  base::Arena arena;
  const auto parsed = ParseStatement(arena, "  ; select 1; select 2");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->end_offset, 13u);
  const auto empty = ParseStatement(arena, " -- nothing\n /* at /* all */ */ ");
  ASSERT_TRUE(empty.ok());
  EXPECT_EQ(empty->statement, nullptr);
}

TEST(Parser, NestingHasALimitAndNoCrash) {
  for (const char* piece : {"(", "[", "not ", "- ", "case when ", "(select ", "array[", "f(", "a in ("}) {
    std::string sql = "select ";
    for (int i = 0; i < 100000; ++i) sql += piece;
    EXPECT_EQ(ErrorOf(sql).substr(0, 7), "[54001]") << piece;
  }
  std::string chain = "select 1";
  for (int i = 0; i < 100000; ++i) chain += " + 1";
  EXPECT_EQ(ErrorOf(chain).substr(0, 7), "[54001]");
  std::string conjunction = "select a";
  for (int i = 0; i < 100000; ++i) conjunction += " and a";
  EXPECT_EQ(ErrorOf(conjunction), "OK");  // a chain of AND is one node
}

}  // namespace
}  // namespace turdb::sql
