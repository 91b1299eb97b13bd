// Casts against PostgreSQL's answers, and what the cast table says of itself.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "function/registry.h"
#include "vec/compare.h"
#include "vec/random_values.h"

namespace turdb::function {
namespace {

struct CastCase {
  const char* from;
  const char* text;
  const char* to;
  const char* output;
};
constexpr CastCase kCases[] = {
#include "function/postgres_cast_cases.inc"
};

struct ContextCase {
  const char* from;
  const char* to;
  char context;
};
constexpr ContextCase kContexts[] = {
#include "function/postgres_cast_contexts.inc"
};

TEST(Casts, ExplicitCastsAnswerAsPostgres) {
  CallContext context;
  for (const CastCase& test : kCases) {
    const Type from = *vec::ParseType(test.from), to = *vec::ParseType(test.to);
    const StatusOr<Value> value = Value::Parse(test.text, from);
    ASSERT_TRUE(value.ok()) << test.text << "::" << test.from << value.status();
    const StatusOr<Value> cast = CastValue(*value, to, CastContext::kExplicit, context);
    const std::string got = cast.ok() ? cast->ToString() : "!" + std::string(base::GetSqlState(cast.status()).view());
    EXPECT_EQ(got, test.output) << "'" << test.text << "'::" << test.from << "::" << test.to
                                << (cast.ok() ? "" : " " + base::Describe(cast.status()));
  }
}

TEST(Casts, ContextsAreThoseOfPgCast) {
  for (const ContextCase& test : kContexts) {
    const Type from = *vec::ParseType(test.from), to = *vec::ParseType(test.to);
    if (from.id == to.id) continue;  // length coercions
    const CastProperties* cast = FindCast(from.id, to.id);
    ASSERT_NE(cast, nullptr) << test.from << " to " << test.to;
    const char got = cast->context == CastContext::kImplicit ? 'i' : cast->context == CastContext::kAssignment ? 'a' : 'e';
    EXPECT_EQ(got, test.context) << test.from << " to " << test.to;
  }
}

// lossless: there and back is the same value. monotone: order is kept. can_raise off: never an error.
TEST(Casts, PropertiesHoldForRandomValues) {
  std::mt19937_64 random(99);
  CallContext context;
  for (const Type from : vec::AllTypes()) {
    for (const Type to : vec::AllTypes()) {
      if (!CanCast(from, to, CastContext::kExplicit)) continue;
      const BoundCall call = *BindCast(from, to, CastContext::kExplicit);
      const CastProperties* properties = FindCast(from.id, to.id);
      for (int i = 0; i < 40; ++i) {
        const Value a = vec::RandomValue(from, random), b = vec::RandomValue(from, random);
        const StatusOr<Value> x = EvaluateValues(call, std::span(&a, 1), context);
        const StatusOr<Value> y = EvaluateValues(call, std::span(&b, 1), context);
        if ((call.flags & kCanRaise) == 0) {
          EXPECT_TRUE(x.ok()) << a.ToString() << " " << from.ToString() << " to " << to.ToString() << x.status();
        }
        if (!x.ok() || !y.ok()) continue;
        if ((call.flags & kMonotone) != 0 && !x->is_null() && !y->is_null()) {
          const int before = Value::Compare(a, b), after = Value::Compare(*x, *y);
          EXPECT_TRUE(before == 0  ? after == 0
                      : before < 0 ? after <= 0
                                   : after >= 0)
              << from.ToString() << " to " << to.ToString() << ": " << a.ToString() << ", " << b.ToString() << " became "
              << x->ToString() << ", " << y->ToString();
        }
        const bool cut = (vec::IsText(to.id) && to.length != 0) || (to.id == TypeId::kDecimal);
        if (properties->lossless && !cut) {
          const StatusOr<Value> back = CastValue(*x, from, CastContext::kExplicit, context);
          ASSERT_TRUE(back.ok()) << from.ToString() << " to " << to.ToString() << " " << a.ToString() << back.status();
          EXPECT_EQ(back->ToString(), a.ToString()) << from.ToString() << " to " << to.ToString();
        }
      }
    }
  }
}

// Text and numbers never convert implicitly; assignments refuse what an explicit cast would cut.
TEST(Casts, AssignmentsKeepEverything) {
  CallContext context;
  EXPECT_FALSE(CanCast(TypeId::kText, TypeId::kInt32, CastContext::kImplicit));
  EXPECT_FALSE(CanCast(TypeId::kText, TypeId::kInt32, CastContext::kAssignment));
  EXPECT_FALSE(CanCast(TypeId::kInt32, TypeId::kText, CastContext::kImplicit));
  EXPECT_TRUE(CanCast(TypeId::kInt32, TypeId::kText, CastContext::kAssignment));
  const auto assign = [&](const Value& value, Type to) { return CastValue(value, to, CastContext::kAssignment, context); };
  EXPECT_EQ(base::GetSqlState(assign(Value::Text("abcd"), Type::Varchar(3)).status()).view(), "22001");
  EXPECT_EQ(assign(Value::Text("abc  "), Type::Varchar(3))->ToString(), "abc");
  EXPECT_EQ(CastValue(Value::Text("abcd"), Type::Varchar(3), CastContext::kExplicit, context)->ToString(), "abc");
  EXPECT_EQ(assign(Value::Text("ab"), Type::Char(4))->ToString(), "ab  ");
  EXPECT_EQ(base::GetSqlState(assign(Value::Text("1"), TypeId::kInt32).status()).view(), "42804");
  EXPECT_EQ(base::GetSqlState(CastValue(Value::Int32(1), TypeId::kDate, CastContext::kExplicit, context).status()).view(),
            "42846");
  EXPECT_EQ(assign(Value::Double(2.5), TypeId::kInt32)->ToString(), "2");
  const Value numeric = *Value::Parse("2.5", TypeId::kNumeric);
  EXPECT_EQ(assign(numeric, TypeId::kInt32)->ToString(), "3");
  EXPECT_EQ(assign(Value::Unknown("42"), TypeId::kInt32)->ToString(), "42");
}

}  // namespace
}  // namespace turdb::function
