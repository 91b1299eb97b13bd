#include "sql/parse/parser.h"

#include <gtest/gtest.h>

#include <string>

#include "base/arena.h"
#include "sql/parse/printer.h"

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

std::string Printed(std::string_view sql) {
  base::Arena arena;
  const auto expr = ParseExpression(arena, sql);
  return expr.ok() ? ToSql(**expr) : ErrorOf(sql);
}

TEST(Parser, OperatorsGroupAsInPostgreSQL) {
  EXPECT_EQ(Printed("a OR b AND NOT c = d"), "(a OR (b AND (NOT (c = d))))");
  EXPECT_EQ(Printed("-2 ^ 2"), "((-2) ^ 2)");
  EXPECT_EQ(Printed("- a ^ 2"), "((- a) ^ 2)");
  EXPECT_EQ(Printed("1 + 2 * 3 - 4"), "((1 + (2 * 3)) - 4)");
  EXPECT_EQ(Printed("a || b + c"), "(a || (b + c))");
  EXPECT_EQ(Printed("a < b IS NULL"), "((a < b) IS NULL)");
  EXPECT_EQ(Printed("a BETWEEN 1 AND 2 AND b"), "((a BETWEEN 1 AND 2) AND b)");
  EXPECT_EQ(Printed("a NOT IN (1, 2) = b"), "((a NOT IN (1, 2)) = b)");
  EXPECT_EQ(Printed("-1::int"), "(- CAST(1 AS int))");
  EXPECT_EQ(Printed("a->'x'->>'y' = 'z'"), "(((a -> 'x') ->> 'y') = 'z')");
  EXPECT_EQ(Printed("x LIKE 'a' || 'b' ESCAPE '!'"), "(x LIKE ('a' || 'b') ESCAPE '!')");
  EXPECT_EQ(Printed("a <-> b < 1"), "((a <-> b) < 1)");
  EXPECT_EQ(Printed("a COLLATE \"C\" < b"), "((a COLLATE \"C\") < b)");
  EXPECT_EQ(Printed("t AT TIME ZONE 'UTC' + i"), "(timezone('UTC', t) + i)");
}

TEST(Parser, NumbersKeepTheirType) {
  EXPECT_EQ(Printed("-9223372036854775808"), "(-9223372036854775808)");
  base::Arena arena;
  const auto kind = [&](std::string_view sql) { return (*ParseExpression(arena, sql))->kind; };
  EXPECT_EQ(kind("9223372036854775807"), ast::ExprKind::kInteger);
  EXPECT_EQ(kind("9223372036854775808"), ast::ExprKind::kNumeric);
  EXPECT_EQ(kind("-9223372036854775808"), ast::ExprKind::kInteger);
  EXPECT_EQ(kind("1e3"), ast::ExprKind::kNumeric);
  EXPECT_EQ(Printed("0xff + 0b101 + 1_000"), "((255 + 5) + 1000)");
}

TEST(Parser, PositionDecidesAmbiguousTokens) {
  // `?` is a parameter as an operand, jsonb's operator between operands; `[` a list, or a quoted name.
  EXPECT_EQ(Printed("a=? AND b>=?2 AND c ? 'k' AND ? ? ?"), "((a = $1) AND (b >= $2) AND (c ? 'k') AND ($3 ? $4))");
  EXPECT_EQ(Printed("id=@id OR id<>:id2 OR @id<$id3"), "((id = $1) OR (id <> $2) OR ($1 < $3))");
  EXPECT_EQ(Printed("a <@ b AND @ -5 > 1"), "((a <@ b) AND ((@ (-5)) > 1))");
  EXPECT_EQ(Printed("[1, 2][1:2] || t.[a b]"), "((ARRAY[1, 2])[1 : 2] || t.\"a b\")");
  EXPECT_EQ(Printed("a::int::text"), "CAST(CAST(a AS int) AS text)");
}

TEST(Parser, StringsInEveryQuoting) {
  EXPECT_EQ(Printed("'it''s' || E'a\\n\\x41\\u00e9' || $q$x'y$q$ || 'a'\n 'b'"),
            "((('it''s' || 'a\nA\xc3\xa9') || 'x''y') || 'ab')");
  EXPECT_EQ(Printed("x'00Ff'"), "x'00ff'");
  EXPECT_EQ(Printed("U&'d\\0061t' || \"Quoted \"\"x\" || `b``q`"), "(('dat' || \"Quoted \"\"x\") || \"b`q\")");
  EXPECT_EQ(ErrorOf("select x'0'").substr(0, 7), "[42601]");
}

// What is printed parses to what prints the same.
TEST(Parser, PrintingRoundTrips) {
  for (
      const char* sql : {
          "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5), u AS MATERIALIZED (TABLE t) SELECT * "
          "FROM u",
          "SELECT DISTINCT ON (a) a, b AS \"B\", count(*) FILTER (WHERE c) OVER (PARTITION BY a ORDER BY b DESC ROWS BETWEEN 1 "
          "PRECEDING AND CURRENT ROW) FROM t, LATERAL (SELECT 1) AS l(x) WHERE a IN (SELECT 1) GROUP BY a, ROLLUP (b, c), () "
          "HAVING "
          "max(a) > 1 ORDER BY 1 DESC NULLS LAST, b LIMIT 5 OFFSET 2",
          "SELECT * FROM a LEFT JOIN b USING (x) NATURAL JOIN c CROSS JOIN d JOIN (e JOIN f ON TRUE) ON e.x = a.x",
          "((SELECT 1 UNION SELECT 2) INTERSECT SELECT 3 ORDER BY 1 LIMIT 1) EXCEPT ALL (VALUES (1, 'a'), (2, NULL))",
          "SELECT CASE a WHEN 1 THEN 'x' ELSE 'y' END, CAST(a AS decimal(10, 2)), a IS NOT DISTINCT FROM b, EXISTS (SELECT), "
          "extract(year FROM d), substring(s FROM 2 FOR 3), trim(LEADING 'x' FROM s), interval '1' year, date '2020-01-01'",
          "INSERT OR REPLACE INTO s.t (a, b) VALUES (1, DEFAULT), (2, $1) RETURNING *",
          "INSERT INTO t AS x SELECT * FROM u ON CONFLICT (a) DO UPDATE SET b = excluded.b, (c, d) = (1, 2) WHERE x.a > 1",
          "UPDATE t AS x SET a = a + 1 FROM u WHERE x.id = u.id RETURNING a",
          "DELETE FROM t USING u WHERE t.id = u.id",
          "CREATE TABLE IF NOT EXISTS s.t (id integer PRIMARY KEY AUTOINCREMENT, name varchar(20) NOT NULL DEFAULT 'x' UNIQUE, "
          "price numeric(10, 2) CHECK (price > 0), n unsigned big int, v, UNIQUE (name, price), FOREIGN KEY (n) REFERENCES "
          "u(n) ON "
          "DELETE CASCADE)",
          "CREATE TABLE t(a int REFERENCES u MATCH FULL ON UPDATE CASCADE NOT DEFERRABLE, b int CONSTRAINT k REFERENCES u(x) "
          "ON "
          "DELETE SET NULL (b) DEFERRABLE INITIALLY DEFERRED, FOREIGN KEY (a, b) REFERENCES s.v MATCH SIMPLE)",
          "CREATE TABLE t(a, b) AS SELECT 1, 2 WITH NO DATA",
          "CREATE UNIQUE INDEX i ON t USING btree (a DESC NULLS LAST, (lower(b)) COLLATE \"C\") WHERE a IS NOT NULL",
          "FROM t SELECT a",
      }) {
    base::Arena arena;
    const auto first = ParseStatement(arena, sql);
    ASSERT_TRUE(first.ok()) << sql << "\n" << base::Describe(first.status());
    const std::string printed = ToSql(*first->statement);
    const auto second = ParseStatement(arena, printed);
    ASSERT_TRUE(second.ok()) << printed << "\n" << base::Describe(second.status());
    EXPECT_EQ(ToSql(*second->statement), printed);
  }
}

TEST(Parser, ParametersAreNumberedAsInSqlite) {
  base::Arena arena;
  const auto parsed = ParseStatement(arena, "select ?, ?5, ?, :a, @b, :a, $2");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->parameter_count(), 8);  // 1, 5, 6, then :a is 7 and @b is 8
  EXPECT_EQ(parsed->parameter_names[6], ":a");
  EXPECT_EQ(parsed->parameter_names[7], "@b");
  EXPECT_EQ(ErrorOf("select ?65536").substr(0, 7), "[42P02]");
}

TEST(Parser, HintsWhereOneIsLikely) {
  base::Arena arena;
  const auto hint = [&](std::string_view sql) { return base::GetHint(ParseStatement(arena, sql).status()); };
  EXPECT_NE(hint("create table 'x' (a int)").find("double quotes"), std::string::npos);
  EXPECT_NE(hint("select a = b = c").find("do not chain"), std::string::npos);
  EXPECT_NE(hint("select * from order").find("reserved"), std::string::npos);
}

}  // namespace
}  // namespace turdb::sql
