#include "vec/dense_vector.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "base/half.h"
#include "vec/any.h"

namespace turdb::vec {
namespace {

constexpr VectorElement kElements[] = {VectorElement::kFloat32, VectorElement::kFloat16, VectorElement::kInt8,
                                       VectorElement::kBit};

// Every half is the nearest to itself, and every number between two halves goes to the nearer one, ties to even.
TEST(Half, RoundsToTheNearest) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float value = base::HalfToFloat(half);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(base::HalfToFloat(base::FloatToHalf(value)))) << bits;
      continue;
    }
    EXPECT_EQ(base::FloatToHalf(value), half) << bits;
    if (half >= 0x7bff) continue;  // positive, with a finite successor
    const auto next = static_cast<uint16_t>(half + 1);
    const double middle = (static_cast<double>(value) + static_cast<double>(base::HalfToFloat(next))) / 2;
    const auto exact = static_cast<float>(middle);
    ASSERT_EQ(static_cast<double>(exact), middle);
    EXPECT_EQ(base::FloatToHalf(exact), half % 2 == 0 ? half : next) << bits;
    EXPECT_EQ(base::FloatToHalf(std::nextafter(exact, 0.0f)), half) << bits;
    EXPECT_EQ(base::FloatToHalf(std::nextafter(exact, std::numeric_limits<float>::infinity())), next) << bits;
  }
  EXPECT_EQ(base::FloatToHalf(65519.0f), 0x7bff);
  EXPECT_EQ(base::FloatToHalf(65520.0f), 0x7c00);
  EXPECT_EQ(base::FloatToHalf(1e-30f), 0);
}

std::string RandomVector(VectorElement element, size_t dimensions, std::mt19937_64& random) {
  DenseVectorBuilder builder(element);
  for (size_t i = 0; i < dimensions; ++i) {
    double value = 0;
    switch (element) {
      case VectorElement::kFloat32: {
        // Any finite float.
        float any = std::numeric_limits<float>::infinity();
        while (!std::isfinite(any)) any = std::bit_cast<float>(static_cast<uint32_t>(random()));
        value = static_cast<double>(any);
        break;
      }
      case VectorElement::kFloat16: {
        float any = std::numeric_limits<float>::infinity();
        while (!std::isfinite(any)) any = base::HalfToFloat(static_cast<uint16_t>(random()));
        value = static_cast<double>(any);
        break;
      }
      case VectorElement::kInt8:
        value = static_cast<double>(static_cast<int8_t>(random()));
        break;
      case VectorElement::kBit:
        value = static_cast<double>(random() % 2);
        break;
    }
    EXPECT_TRUE(builder.Add(value).ok()) << value;
  }
  return *builder.Finish();
}

TEST(DenseVector, TextReadsBackAsTheSameBytes) {
  std::mt19937_64 random(7);
  for (const VectorElement element : kElements) {
    for (int round = 0; round < 300; ++round) {
      const size_t dimensions = 1 + random() % 70;
      const std::string bytes = RandomVector(element, dimensions, random);
      const Type type = Type::DenseVector(element, static_cast<int32_t>(dimensions));
      ASSERT_TRUE(IsDenseVector(element, bytes));
      const Value value = Value::OfBytes(type, bytes);
      const auto read = Value::Parse(value.ToString(), type, nullptr);
      ASSERT_TRUE(read.ok()) << read.status();
      EXPECT_EQ(read->bytes(), bytes) << type.ToString() << " " << value.ToString();
      EXPECT_EQ(Value::Compare(*read, value), 0);
      EXPECT_EQ(read->Hash(), value.Hash());
      EXPECT_TRUE(DecodeAny(EncodeAny(value)).bytes() == bytes);
    }
  }
}

TEST(DenseVector, BytesThatAreNone) {
  EXPECT_FALSE(IsDenseVector(VectorElement::kFloat32, ""));
  EXPECT_FALSE(IsDenseVector(VectorElement::kFloat32, "12345"));
  EXPECT_FALSE(IsDenseVector(VectorElement::kFloat32, std::string_view("\0\0\x80\x7f", 4)));  // infinity
  EXPECT_FALSE(IsDenseVector(VectorElement::kFloat16, std::string_view("\0\x7e", 2)));        // NaN
  EXPECT_FALSE(IsDenseVector(VectorElement::kBit, std::string_view("\x04\x02", 2)));          // a bit behind the second
  EXPECT_FALSE(IsDenseVector(VectorElement::kBit, std::string_view("\0\0", 2)));
  EXPECT_FALSE(IsDenseVector(VectorElement::kBit, std::string_view("\0\x09", 2)));
  EXPECT_TRUE(IsDenseVector(VectorElement::kBit, std::string_view("\x02\x02", 2)));
  EXPECT_FALSE(IsDenseVector(VectorElement::kInt8, std::string(65536, 'x')));
  EXPECT_TRUE(IsDenseVector(VectorElement::kInt8, std::string(65535, 'x')));
}

TEST(DenseVector, TypeNames) {
  for (const char* name : {"vector", "vector(3)", "halfvec(7)", "halfvec", "vector(3,int8)", "vector(8,bit)", "vector(bit)"}) {
    const auto type = ParseType(name);
    ASSERT_TRUE(type.ok()) << name << ": " << type.status();
    EXPECT_EQ(type->ToString(), name);
  }
  EXPECT_EQ(ParseType("vector(3, f16)")->ToString(), "halfvec(3)");
  EXPECT_EQ(ParseType("VECTOR(FLOAT32, 4)")->ToString(), "vector(4)");
  EXPECT_EQ(ParseType("vector(3)[]")->ToString(), "vector(3)[]");
  EXPECT_FALSE(ParseType("vector(0)").ok());
  EXPECT_FALSE(ParseType("vector(65536)").ok());
  EXPECT_FALSE(ParseType("vector(3,4)").ok());
  EXPECT_FALSE(ParseType("halfvec(3,int8)").ok());
  EXPECT_FALSE(ParseType("integer(int8)").ok());
  EXPECT_FALSE(ParseType("numeric(int8)").ok());
}

}  // namespace
}  // namespace turdb::vec
