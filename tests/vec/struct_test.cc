// Structs, maps and the numbers of structs without a name.
#include "vec/struct.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "vec/any.h"
#include "vec/compare.h"
#include "vec/struct_types.h"
#include "vec/type_source.h"

namespace turdb::vec {
namespace {

// Knows the types of a StructTypes.
class Types : public TypeSource {
 public:
  base::StatusOr<std::string> Parse(uint32_t, std::string_view) const override { return base::InternalError("no labels"); }
  std::shared_ptr<const StructFields> FieldsOf(const Type& type) const override { return types.Find(type.struct_number()); }
  std::string NameOf(const Type& type) const override {
    const auto fields = FieldsOf(type);
    return fields == nullptr ? type.ToString() : StructText(type, *fields, [this](const Type& t) { return NameOf(t); });
  }
  Type Of(StructFields fields) { return Type::Struct(types.Intern(std::move(fields)).value()); }

  StructTypes types;
};

TextContext With(const Types& types) {
  TextContext context;
  context.types = &types;
  return context;
}

TEST(StructTypes, EqualFieldsAreOneType) {
  Types types;
  const Type a = types.Of({{"a", Type::Int32()}, {"b", Type::Text()}});
  EXPECT_EQ(a, types.Of({{"a", Type::Int32()}, {"b", Type::Text()}}));
  EXPECT_NE(a, types.Of({{"a", Type::Int32()}, {"c", Type::Text()}}));
  EXPECT_NE(a, types.Of({{"a", Type::Int64()}, {"b", Type::Text()}}));
  EXPECT_NE(types.Of({{"ab", Type::Text()}}), types.Of({{"a", Type::Text()}}));
  EXPECT_TRUE(a.is_unnamed_struct());
  EXPECT_EQ(a.user_type_id(), 0u);
  EXPECT_EQ(Type::Struct(20).user_type_id(), 20u);
  EXPECT_EQ(Type::ArrayOf(Type::Struct(20)).user_type_id(), 20u);
  // Ids of temporary objects begin at 2^31.
  EXPECT_EQ(Type::Struct(static_cast<int32_t>(0x80000010u)).user_type_id(), 0x80000010u);
  EXPECT_EQ(types.types.Find(0), nullptr);
  EXPECT_EQ(types.types.Find(-1000), nullptr);
}

TEST(StructTypes, NamesSayWhatTheyAreMadeOf) {
  Types types;
  const Type inner = types.Of({{"x", TypeId::kDate}});
  EXPECT_EQ(types.NameOf(types.Of({{"a", Type::Int32()}, {"Big", inner}})), "STRUCT(a integer, \"Big\" STRUCT(x date))");
  EXPECT_EQ(types.NameOf(types.Of({{"f1", Type::Int32()}, {"f2", Type::Text()}})), "record");
  const Type map = Type::Map(types.types.Intern({{"key", Type::Text()}, {"value", Type::Int32()}}).value());
  EXPECT_EQ(types.NameOf(map), "MAP(text, integer)");
}

TEST(Struct, TextRoundTrips) {
  Types types;
  const TextContext context = With(types);
  const Type inner = types.Of({{"x", Type::Int32()}, {"y", Type::Text()}});
  const Type type = types.Of({{"a", Type::Int32()}, {"b", Type::Text()}, {"c", Type::Boolean()}, {"d", inner}});
  for (const std::string text :
       {"(1,\"x y\",t,\"(2,\"\"q\"\"\"\"\"\")\")", "(,,,)", "(5,\"\",f,)", "(-1,\"a\\\\b\",,\"(,)\")"}) {
    const auto value = Value::Parse(text, type, &context);
    ASSERT_TRUE(value.ok()) << text << value.status();
    EXPECT_EQ(value->ToString(&context), text);
    EXPECT_EQ(value->ToString(), text);  // printing needs nobody who knows the type
  }
  for (const std::string bad : {"", "1,2,3,4", "(1,2,3", "(1,2,t)", "(1,2,t,(),5)", "(1,2,t,) x", "(x,2,t,)", "(1,\"2,t,)"}) {
    EXPECT_EQ(base::GetSqlState(Value::Parse(bad, type, &context).status()).view(), "22P02") << bad;
  }
  EXPECT_EQ(base::GetSqlState(Value::Parse("(1)", Type(TypeId::kStruct), &context).status()).view(), "0A000");
}

TEST(Struct, OrderIsThatOfTheFields) {
  Types types;
  const TextContext context = With(types);
  const Type type = types.Of({{"a", Type::Int32()}, {"b", Type::Numeric()}});
  const std::vector<std::string> ordered = {"(1,1)", "(1,1.5)", "(1,)", "(2,0)", "(,0)", "(,)"};
  for (size_t i = 0; i < ordered.size(); ++i) {
    for (size_t j = 0; j < ordered.size(); ++j) {
      const Value a = Value::Parse(ordered[i], type, &context).value(), b = Value::Parse(ordered[j], type, &context).value();
      EXPECT_EQ(Value::Compare(a, b), i < j ? -1 : static_cast<int>(i > j)) << ordered[i] << ordered[j];
    }
  }
  const Value a = Value::Parse("(1,1.0)", type, &context).value(), b = Value::Parse("(1,1.00)", type, &context).value();
  EXPECT_EQ(Value::Compare(a, b), 0);
  EXPECT_EQ(a.Hash(), b.Hash());
  EXPECT_FALSE(a.Identical(b));
}

TEST(Struct, AnyKeepsTheFieldsAndForgetsTheType) {
  Types types;
  const TextContext context = With(types);
  const Type type = types.Of({{"a", Type::Int32()}, {"b", Type::Decimal(6, 2)}});
  const Value value = Value::Parse("(7,1.25)", type, &context).value();
  const Value back = DecodeAny(EncodeAny(value));
  EXPECT_EQ(back.type(), Type(TypeId::kStruct));
  EXPECT_EQ(back.ToString(), "(7,1.25)");
  EXPECT_EQ(CompareAny(EncodeAny(value), EncodeAny(back)), 0);
}

TEST(Map, TextRoundTripsAndKeysAreUnique) {
  Types types;
  const TextContext context = With(types);
  const Type type = Type::Map(types.types.Intern({{"key", Type::Text()}, {"value", Type::Int32()}}).value());
  for (const std::string text : {"{}", "{a=1}", "{\"a b\"=1, c=NULL}", "{\"=\"=2, \"\"=3}"}) {
    const auto value = Value::Parse(text, type, &context);
    ASSERT_TRUE(value.ok()) << text << value.status();
    EXPECT_EQ(value->ToString(), text);
  }
  EXPECT_EQ(base::GetSqlState(Value::Parse("{a=1, a=2}", type, &context).status()).view(), "22023");
  for (const std::string bad : {"", "{", "{a}", "{a=}x", "{a=1", "a=1"}) {
    EXPECT_EQ(base::GetSqlState(Value::Parse(bad, type, &context).status()).view(), "22P02") << bad;
  }
  EXPECT_EQ(
      base::GetSqlState(MakeMap({Value::Null(Type::Text())}, {Value::Int32(1)}, Type::Text(), Type::Int32()).status()).view(),
      "22004");
}

}  // namespace
}  // namespace turdb::vec
