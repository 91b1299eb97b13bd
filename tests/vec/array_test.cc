// Arrays as bytes and text, below SQL.
#include "vec/array.h"

#include <gtest/gtest.h>

#include <string>

#include "vec/text_context.h"

namespace turdb::vec {
namespace {

Value Parsed(std::string_view text, const Type& element) {
  const auto value = Value::Parse(text, Type::ArrayOf(element));
  EXPECT_TRUE(value.ok()) << text << ": " << value.status();
  return value.value_or(Value());
}

std::string RoundTrip(std::string_view text, const Type& element) { return Parsed(text, element).ToString(); }

TEST(Array, TypesKnowTheirElements) {
  const Type type = Type::ArrayOf(Type::Decimal(10, 2));
  EXPECT_EQ(type.ToString(), "numeric(10,2)[]");
  EXPECT_EQ(type.element_type(), Type::Decimal(10, 2));
  EXPECT_EQ(ParseType("character varying(5)[]").value(), Type::ArrayOf(Type::Varchar(5)));
  EXPECT_EQ(ParseType("integer[][]").value(), Type::ArrayOf(Type::Int32()));
  EXPECT_NE(Type::ArrayOf(Type::Int32()), Type::ArrayOf(Type::Int64()));
}

TEST(Array, TextForms) {
  EXPECT_EQ(RoundTrip("{1,2,NULL}", Type::Int32()), "{1,2,NULL}");
  EXPECT_EQ(RoundTrip("{ 1 , 2 }", Type::Int32()), "{1,2}");
  EXPECT_EQ(RoundTrip("{}", Type::Int32()), "{}");
  EXPECT_EQ(RoundTrip("{{1,2},{3,4}}", Type::Int32()), "{{1,2},{3,4}}");
  EXPECT_EQ(RoundTrip("[-1:0]={5,6}", Type::Int32()), "[-1:0]={5,6}");
  EXPECT_EQ(RoundTrip("[1:2]={5,6}", Type::Int32()), "{5,6}");
  EXPECT_EQ(RoundTrip(R"({a b,"c,d","e\"f",g\,h,"NULL",""," x "})", Type::Text()),
            R"({"a b","c,d","e\"f","g,h","NULL",""," x "})");
  EXPECT_EQ(RoundTrip("{t,f}", Type::Boolean()), "{t,f}");
}

TEST(Array, RefusesWhatIsNone) {
  for (const char* text : {"", "1", "{1", "{1,}", "{,1}", "{1}}", "{1}x", "{{1},2}", "{1,{2}}", "{{1,2},{3}}", "[1:2]{1,2}",
                           "[1:3]={1,2}", "[a]={1}", "{\"1}", "{1\"2\"{}"}) {
    const auto value = Value::Parse(text, Type::ArrayOf(Type::Text()));
    EXPECT_EQ(base::GetSqlState(value.status()).view(), "22P02") << text;
  }
  EXPECT_EQ(base::GetSqlState(Value::Parse("[2:1]={}", Type::ArrayOf(Type::Int32())).status()).view(), "2202E");
  EXPECT_EQ(base::GetSqlState(Value::Parse("{a}", Type::ArrayOf(Type::Int32())).status()).view(), "22P02");
  EXPECT_EQ(base::GetSqlState(Value::Parse("{{{{{{{1}}}}}}}", Type::ArrayOf(Type::Int32())).status()).view(), "54000");
}

TEST(Array, ElementsAreReadWhereTheyLie) {
  const Value value = Parsed("{ab,NULL,a text of more than twelve bytes}", Type::Text());
  const ArrayView array(value.type(), value.bytes());
  ASSERT_EQ(array.size(), 3u);
  EXPECT_FALSE(array.IsNull(0));
  EXPECT_TRUE(array.IsNull(1));
  EXPECT_EQ(array.Get(2).bytes(), "a text of more than twelve bytes");
  ArrayBuilder builder(Type::Text());
  for (uint32_t i = 0; i < array.size(); ++i) builder.AddFrom(array, i);
  EXPECT_EQ(builder.Finish(), value.bytes());
}

TEST(Array, OrderIsPostgreSqls) {
  const char* const kAscending[] = {"{}",      "{1}",   "[2:2]={1}", "{1,2}", "{{1,2}}", "{{1},{2}}",
                                    "{1,2,3}", "{1,3}", "{1,NULL}",  "{2}",   "{NULL}"};
  for (size_t i = 0; i < std::size(kAscending); ++i) {
    for (size_t j = 0; j < std::size(kAscending); ++j) {
      const Value a = Parsed(kAscending[i], Type::Int32()), b = Parsed(kAscending[j], Type::Int32());
      EXPECT_EQ(Value::Compare(a, b) < 0, i < j) << kAscending[i] << " " << kAscending[j];
      EXPECT_EQ(Value::Compare(a, b) == 0, i == j) << kAscending[i] << " " << kAscending[j];
    }
  }
  EXPECT_EQ(Parsed("{1.0,2}", Type::Numeric()).Hash(), Parsed("{1,2.00}", Type::Numeric()).Hash());
}

}  // namespace
}  // namespace turdb::vec
