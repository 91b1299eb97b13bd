// decimal(p,s) arithmetic against numeric's, which is exact whatever the size, and numeric's against PostgreSQL
// (postgres_functions_test) and against 128-bit integers.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "function/registry.h"
#include "vec/numeric.h"
#include "vec/random_values.h"

namespace turdb::function {
namespace {

using vec::Int128;
using vec::Numeric;

Numeric ToNumeric(const Value& value) { return *Numeric::Parse(value.ToString()); }

// Whatever types two decimals have: + - * give the exact result, in the scale that their types fix, or 22003
// when it has more than 38 digits.
TEST(Decimal, SumsAndProductsAreExact) {
  std::mt19937_64 random(3);
  CallContext context;
  int overflows = 0, exact = 0;
  for (int i = 0; i < 4000; ++i) {
    const auto random_type = [&] {
      const int precision = 1 + static_cast<int>(random() % 38);
      return Type::Decimal(precision, static_cast<int>(random() % static_cast<uint64_t>(precision + 1)));
    };
    const Type types[] = {random_type(), random_type()};
    const Value values[] = {vec::RandomValue(types[0], random), vec::RandomValue(types[1], random)};
    const Numeric a = ToNumeric(values[0]), b = ToNumeric(values[1]);
    for (const char* symbol : {"+", "-", "*"}) {
      const Numeric expected = *symbol == '+' ? a + b : *symbol == '-' ? a - b : a * b;
      const BoundCall call = *ResolveOperator(symbol, types);
      std::vector<Value> cast;
      Status failed;
      for (int k = 0; k < 2; ++k) {
        StatusOr<Value> value = CastValue(values[k], call.argument_types[k], CastContext::kExplicit, context);
        if (value.ok()) {
          cast.push_back(*value);
        } else {
          failed = value.status();
        }
      }
      StatusOr<Value> result = failed.ok() ? EvaluateValues(call, cast, context) : StatusOr<Value>(failed);
      if (result.ok()) {
        ++exact;
        EXPECT_EQ(Numeric::Compare(ToNumeric(*result), expected), 0)
            << values[0].ToString() << " " << symbol << " " << values[1].ToString() << " = " << result->ToString();
        const int scale = *symbol == '*' ? types[0].scale + types[1].scale : std::max(types[0].scale, types[1].scale);
        EXPECT_EQ(ToNumeric(*result).scale(), scale);
      } else {
        ++overflows;
        EXPECT_EQ(base::GetSqlState(result.status()).view(), "22003");
        // Only what no decimal of that scale can hold may fail.
        const bool operand = call.result_type.id == TypeId::kDecimal &&
                             (!a.ToDecimal(38, call.argument_types[0].scale) || !b.ToDecimal(38, call.argument_types[1].scale));
        EXPECT_TRUE(operand || !expected.ToDecimal(38, call.result_type.scale))
            << values[0].ToString() << symbol << values[1].ToString();
      }
    }
  }
  EXPECT_GT(overflows, 100);
  EXPECT_GT(exact, 5000);
}

// Casts between decimals round half away from zero, against division in 128 bits.
TEST(Decimal, RescalingRounds) {
  std::mt19937_64 random(4);
  CallContext context;
  for (int i = 0; i < 5000; ++i) {
    const auto raw = static_cast<int64_t>(random() % 2000000) - 1000000;
    const Value value = Value::Of(Type::Decimal(18, 4), raw);
    const int scale = static_cast<int>(random() % 5);
    const StatusOr<Value> cast = CastValue(value, Type::Decimal(18, scale), CastContext::kExplicit, context);
    ASSERT_TRUE(cast.ok());
    int64_t divisor = 1;
    for (int d = scale; d < 4; ++d) divisor *= 10;
    const int64_t half = raw < 0 ? -divisor / 2 : divisor / 2;
    EXPECT_EQ(cast->Get<int64_t>(), divisor == 1 ? raw : (raw + half) / divisor);
  }
}

// Small numerics against 128-bit integers.
TEST(Decimal, NumericAgreesWithIntegers) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 20000; ++i) {
    const auto x = static_cast<int64_t>(random()) >> (random() % 60), y = static_cast<int64_t>(random()) >> (random() % 60);
    const Numeric a{Int128{x}}, b{Int128{y}};
    EXPECT_EQ(Numeric::Compare(a + b, Numeric(Int128{x} + y)), 0);
    EXPECT_EQ(Numeric::Compare(a - b, Numeric(Int128{x} - y)), 0);
    EXPECT_EQ(Numeric::Compare(a * b, Numeric(Int128{x} * y)), 0);
    EXPECT_EQ(Numeric::Compare(a, b) < 0, x < y);
    if (y != 0) {
      EXPECT_EQ(Numeric::Compare(*Numeric::IntegerDivide(a, b), Numeric(Int128{x} / y)), 0);
      EXPECT_EQ(Numeric::Compare(*Numeric::Modulo(a, b), Numeric(Int128{x} % y)), 0);
    }
  }
}

// (a / b) * b + a % b == a for numbers of any length: the long paths against each other.
TEST(Decimal, LongDivisionRoundTrips) {
  std::mt19937_64 random(6);
  for (int i = 0; i < 300; ++i) {
    const auto digits = [&](size_t max) {
      std::string text(1, static_cast<char>('1' + random() % 9));
      for (size_t k = random() % max; k > 0; --k) text.push_back(static_cast<char>('0' + random() % 10));
      return vec::BigUint::FromDecimal(text);
    };
    const vec::BigUint a = digits(200), b = digits(100);
    vec::BigUint rest;
    const vec::BigUint quotient = vec::BigUint::Divide(a, b, &rest);
    EXPECT_LT(vec::BigUint::Compare(rest, b), 0);
    EXPECT_EQ(vec::BigUint::Compare(quotient * b + rest, a), 0);
    const vec::BigUint root = vec::BigUint::SquareRoot(a);
    const vec::BigUint next = root + vec::BigUint(vec::UInt128{1});
    EXPECT_LE(vec::BigUint::Compare(root * root, a), 0);
    EXPECT_GT(vec::BigUint::Compare(next * next, a), 0);
    EXPECT_EQ(vec::BigUint::Compare(vec::BigUint::FromDecimal(a.ToDecimal()), a), 0);
  }
}

}  // namespace
}  // namespace turdb::function
