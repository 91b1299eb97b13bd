// Values: text in and out against PostgreSQL's answers, order, hashes, ANY.
#include "vec/value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <string>

#include "vec/any.h"
#include "vec/compare.h"
#include "vec/numeric.h"
#include "vec/postgres_text_cases.h"
#include "vec/random_values.h"
#include "vec/utf8.h"

namespace turdb::vec {
namespace {

// Parsing and printing agree with PostgreSQL, errors included.
TEST(Value, TextFormIsPostgres) {
  for (const TextCase& test : kPostgresTextCases) {
    const base::StatusOr<Type> type = ParseType(test.type);
    ASSERT_TRUE(type.ok()) << test.type;
    const base::StatusOr<Value> value = Value::Parse(test.input, *type);
    const std::string got = value.ok() ? value->ToString() : "!" + std::string(base::GetSqlState(value.status()).view());
    EXPECT_EQ(got, test.output) << "'" << test.input << "'::" << test.type
                                << (value.ok() ? "" : " " + base::Describe(value.status()));
  }
}

// parse(print(x)) is x, for random values of every type.
TEST(Value, PrintedValuesReadBack) {
  std::mt19937_64 random(20260101);
  for (const Type type : AllTypes()) {
    for (int i = 0; i < 300; ++i) {
      const Value value = RandomValue(type, random);
      const std::string text = value.ToString();
      const base::StatusOr<Value> back = Value::Parse(text, type);
      ASSERT_TRUE(back.ok()) << type.ToString() << " " << text << " " << back.status();
      if (type.id == TypeId::kDouble && std::isnan(value.Get<double>())) {
        EXPECT_TRUE(std::isnan(back->Get<double>()));
        continue;
      }
      if (type.id == TypeId::kFloat && std::isnan(value.Get<float>())) continue;
      EXPECT_TRUE(back->Identical(value)) << type.ToString() << " " << text << " became " << back->ToString();
    }
  }
}

// Equal values compare as equal and hash alike; order is antisymmetric.
TEST(Value, OrderAndHashAgree) {
  std::mt19937_64 random(7);
  for (const Type type : AllTypes()) {
    for (int i = 0; i < 200; ++i) {
      const Value a = RandomValue(type, random), b = RandomValue(type, random);
      const int order = Value::Compare(a, b);
      EXPECT_EQ(order<0, Value::Compare(b, a)> 0);
      EXPECT_EQ(Value::Compare(a, a), 0);
      if (order == 0) {
        EXPECT_EQ(a.Hash(), b.Hash()) << type.ToString() << a.ToString() << b.ToString();
      }
    }
  }
  const auto parse = [](std::string_view text, Type type) { return *Value::Parse(text, type); };
  const auto equal = [&](std::string_view x, std::string_view y, Type type) {
    const Value a = parse(x, type), b = parse(y, type);
    return Value::Compare(a, b) == 0 && a.Hash() == b.Hash();
  };
  EXPECT_TRUE(equal("1.0", "1.00", TypeId::kNumeric));
  EXPECT_TRUE(equal("0", "-0.000", TypeId::kNumeric));
  EXPECT_TRUE(equal("0", "-0", TypeId::kDouble));
  EXPECT_TRUE(equal("NaN", "NaN", TypeId::kDouble));
  EXPECT_TRUE(equal("1 month", "30 days", TypeId::kInterval));
  EXPECT_TRUE(equal("1 day", "24:00:00", TypeId::kInterval));
  EXPECT_TRUE(equal("ab", "ab   ", Type::Char(5)));
  EXPECT_GT(Value::Compare(parse("NaN", TypeId::kDouble), parse("Infinity", TypeId::kDouble)), 0);
  EXPECT_GT(Value::Compare(Value::Null(TypeId::kInt32), Value::Int32(2147483647)), 0);
  EXPECT_GT(Value::Compare(parse("NaN", TypeId::kNumeric), parse("Infinity", TypeId::kNumeric)), 0);
}

// 22021 for bytes that are not UTF-8, wherever the broken byte stands.
// Characters are counted alike at every length and at every place of the wide ones.
TEST(Value, CountsCharacters) {
  std::mt19937_64 random(20260102);
  const std::string_view characters[] = {"a", "\x7f", "\u00e9", "\u20ac", "\U0001f600", "\u00ff", "\u0800"};
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    const size_t count = random() % 40;
    for (size_t i = 0; i < count; ++i) text += round % 4 == 0 ? characters[0] : characters[random() % std::size(characters)];
    ASSERT_EQ(Utf8Count(text), count) << text;
  }
}

TEST(Value, RefusesInvalidUtf8) {
  for (std::string_view bad :
       {"\xff", "abc\x80", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "0123456789\xc3", "\xe2\x82"}) {
    const base::StatusOr<Value> value = Value::Parse(bad, TypeId::kText);
    ASSERT_FALSE(value.ok());
    EXPECT_EQ(base::GetSqlState(value.status()).view(), "22021");
  }
  EXPECT_FALSE(Value::Parse(std::string_view("a\0b", 3), TypeId::kText).ok());
  EXPECT_TRUE(Value::Parse("äöü€𝄞", TypeId::kText).ok());
}

// ANY keeps every value as it is, and orders numbers by value whatever their types.
TEST(Value, AnyKeepsTypesAndComparesNumbers) {
  std::mt19937_64 random(11);
  for (const Type type : AllTypes()) {
    for (int i = 0; i < 50; ++i) {
      const Value value = RandomValue(type, random);
      const Value back = DecodeAny(EncodeAny(value));
      EXPECT_EQ(back.type().id, type.id);
      EXPECT_EQ(back.ToString(), value.ToString());
    }
  }
  const auto any = [](const Value& value) { return EncodeAny(value); };
  const Value decimal = *Value::Parse("2.50", Type::Decimal(5, 2));
  const Value numeric = *Value::Parse("2.5", TypeId::kNumeric);
  for (const Value& a : {decimal, numeric, Value::Double(2.5), Value::Float(2.5f)}) {
    for (const Value& b : {decimal, numeric, Value::Double(2.5), Value::Float(2.5f)}) {
      EXPECT_EQ(CompareAny(any(a), any(b)), 0);
      EXPECT_EQ(HashAny(any(a)), HashAny(any(b)));
    }
  }
  EXPECT_LT(CompareAny(any(Value::Int32(2)), any(decimal)), 0);
  EXPECT_LT(CompareAny(any(numeric), any(Value::Int64(3))), 0);
  EXPECT_LT(CompareAny(any(Value::Int64(int64_t{1} << 53)), any(Value::Int64((int64_t{1} << 53) + 1))), 0);
  EXPECT_LT(CompareAny(any(Value::Double(9007199254740992.0)), any(Value::Int64((int64_t{1} << 53) + 1))), 0);
  EXPECT_LT(CompareAny(any(Value::Int64(5)), any(Value::Text("1"))), 0);
  EXPECT_LT(CompareAny(any(Value::Text("z")), any(Value::Blob("a"))), 0);
}

TEST(Value, SqlLiteralsQuote) {
  EXPECT_EQ(Value::Text("it's").ToSqlLiteral(), "'it''s'");
  EXPECT_EQ(Value::Int32(-5).ToSqlLiteral(), "-5");
  EXPECT_EQ(Value::Null(TypeId::kInt32).ToSqlLiteral(), "NULL");
  EXPECT_EQ(Value::Parse("2020-01-02", TypeId::kDate)->ToSqlLiteral(), "'2020-01-02'::date");
}

}  // namespace
}  // namespace turdb::vec
