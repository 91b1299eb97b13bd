// Distances against an oracle in double precision, for every instruction set that the CPU has.
#include "compute/distance.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "compute/sq8.h"

namespace turdb::compute {
#if defined(TURDB_EMULATED_VNNI)
const DistanceKernels& EmulatedVnniKernels();
#endif
namespace {

// What the CPU lacks is skipped, but VNNI can be told in terms of the rest of AVX-512.
const DistanceKernels* TestedKernels(InstructionSet set) {
  const DistanceKernels* kernels = DistanceKernelsOf(set);
#if defined(TURDB_EMULATED_VNNI)
  if (kernels == nullptr && set == InstructionSet::kAvx512Vnni && DistanceKernelsOf(InstructionSet::kAvx512) != nullptr) {
    return &EmulatedVnniKernels();
  }
#endif
  return kernels;
}

constexpr InstructionSet kAll[] = {InstructionSet::kScalar, InstructionSet::kSse2,       InstructionSet::kAvx2,
                                   InstructionSet::kAvx512, InstructionSet::kAvx512Vnni, InstructionSet::kNeon};

// Elements that begin `shift` elements behind an aligned address and end where the heap block ends, so that the address
// sanitizer sees a read too far.
template <typename T>
class Unaligned {
 public:
  Unaligned(size_t count, size_t shift) : block_(count + shift), shift_(shift) {}
  T* data() { return block_.data() + shift_; }
  T& operator[](size_t i) { return data()[i]; }

 private:
  std::vector<T> block_;
  size_t shift_;
};

std::vector<size_t> Lengths(std::mt19937_64& random) {
  std::vector<size_t> lengths;
  for (size_t n = 0; n <= 70; ++n) lengths.push_back(n);
  for (size_t n : {96, 100, 127, 128, 129, 255, 256, 257, 300, 384, 511, 512, 513, 768, 1023, 1024, 1536, 1999, 2000}) {
    lengths.push_back(n);
  }
  for (int i = 0; i < 40; ++i) lengths.push_back(random() % 2001);
  return lengths;
}

uint32_t BitsOf(float value) { return std::bit_cast<uint32_t>(value); }

class Kernels : public testing::TestWithParam<InstructionSet> {
 protected:
  void SetUp() override {
    kernels_ = TestedKernels(GetParam());
    if (kernels_ == nullptr) GTEST_SKIP() << "this CPU has no " << NameOf(GetParam());
    scalar_ = DistanceKernelsOf(InstructionSet::kScalar);
  }
  const DistanceKernels* kernels_ = nullptr;
  const DistanceKernels* scalar_ = nullptr;
  std::mt19937_64 random_{7};
};

// What a sum may be away from the exact one (distance.h).
double Bound(size_t count, double magnitudes) { return (static_cast<double>(count) / 32 + 10) * 0x1p-24 * magnitudes + 1e-40; }

TEST_P(Kernels, FloatsAreWithinTheBoundOfTheOracleAndAlikeOnEveryInstructionSet) {
  std::normal_distribution<float> normal(0.3f, 2.0f);
  for (const size_t n : Lengths(random_)) {
    Unaligned<float> a(n, random_() % 9);
    Unaligned<float> b(n, random_() % 9);
    for (size_t i = 0; i < n; ++i) {
      a[i] = normal(random_);
      b[i] = normal(random_);
    }
    double l2 = 0, dot = 0, dot_magnitude = 0, l1 = 0, norm_a = 0, norm_b = 0;
    for (size_t i = 0; i < n; ++i) {
      const double x = a[i], y = b[i];
      l2 += (x - y) * (x - y);
      dot += x * y;
      dot_magnitude += std::fabs(x * y);
      l1 += std::fabs(x - y);
      norm_a += x * x;
      norm_b += y * y;
    }
    const FloatKernels<float>& f32 = kernels_->f32;
    EXPECT_NEAR(f32.l2_squared(a.data(), b.data(), n), l2, Bound(n, l2)) << n;
    EXPECT_NEAR(f32.dot(a.data(), b.data(), n), dot, Bound(n, dot_magnitude)) << n;
    EXPECT_NEAR(f32.l1(a.data(), b.data(), n), l1, Bound(n, l1)) << n;
    const CosineTerms cosine = f32.cosine(a.data(), b.data(), n);
    EXPECT_NEAR(cosine.dot, dot, 2 * Bound(n, dot_magnitude)) << n;
    EXPECT_NEAR(cosine.norm_a, norm_a, 2 * Bound(n, norm_a)) << n;
    EXPECT_NEAR(cosine.norm_b, norm_b, 2 * Bound(n, norm_b)) << n;

    const CosineTerms same = scalar_->f32.cosine(a.data(), b.data(), n);
    EXPECT_EQ(BitsOf(f32.l2_squared(a.data(), b.data(), n)), BitsOf(scalar_->f32.l2_squared(a.data(), b.data(), n))) << n;
    EXPECT_EQ(BitsOf(f32.dot(a.data(), b.data(), n)), BitsOf(scalar_->f32.dot(a.data(), b.data(), n))) << n;
    EXPECT_EQ(BitsOf(f32.l1(a.data(), b.data(), n)), BitsOf(scalar_->f32.l1(a.data(), b.data(), n))) << n;
    EXPECT_EQ(BitsOf(cosine.dot), BitsOf(same.dot)) << n;
    EXPECT_EQ(BitsOf(cosine.norm_a), BitsOf(same.norm_a)) << n;
    EXPECT_EQ(BitsOf(cosine.norm_b), BitsOf(same.norm_b)) << n;
  }
}

TEST_P(Kernels, HalvesAreWithinTheBoundOfTheOracleAndAlikeOnEveryInstructionSet) {
  std::normal_distribution<float> normal(0.3f, 2.0f);
  for (const size_t n : Lengths(random_)) {
    Unaligned<uint16_t> a(n, random_() % 9);
    Unaligned<uint16_t> b(n, random_() % 9);
    double l2 = 0, dot = 0, dot_magnitude = 0, l1 = 0, norm_a = 0;
    for (size_t i = 0; i < n; ++i) {
      const float from[2] = {normal(random_), normal(random_)};
      uint16_t halves[2];
      scalar_->f32_to_f16(from, halves, 2);
      a[i] = halves[0];
      b[i] = halves[1];
      float values[2];
      scalar_->f16_to_f32(halves, values, 2);
      const double x = values[0], y = values[1];
      l2 += (x - y) * (x - y);
      dot += x * y;
      dot_magnitude += std::fabs(x * y);
      l1 += std::fabs(x - y);
      norm_a += x * x;
    }
    const FloatKernels<uint16_t>& f16 = kernels_->f16;
    EXPECT_NEAR(f16.l2_squared(a.data(), b.data(), n), l2, Bound(n, l2)) << n;
    EXPECT_NEAR(f16.dot(a.data(), b.data(), n), dot, Bound(n, dot_magnitude)) << n;
    EXPECT_NEAR(f16.l1(a.data(), b.data(), n), l1, Bound(n, l1)) << n;
    const CosineTerms cosine = f16.cosine(a.data(), b.data(), n);
    EXPECT_NEAR(cosine.norm_a, norm_a, 2 * Bound(n, norm_a)) << n;
    const CosineTerms same = scalar_->f16.cosine(a.data(), b.data(), n);
    EXPECT_EQ(BitsOf(f16.l2_squared(a.data(), b.data(), n)), BitsOf(scalar_->f16.l2_squared(a.data(), b.data(), n))) << n;
    EXPECT_EQ(BitsOf(f16.dot(a.data(), b.data(), n)), BitsOf(scalar_->f16.dot(a.data(), b.data(), n))) << n;
    EXPECT_EQ(BitsOf(f16.l1(a.data(), b.data(), n)), BitsOf(scalar_->f16.l1(a.data(), b.data(), n))) << n;
    EXPECT_EQ(BitsOf(cosine.dot), BitsOf(same.dot)) << n;
    EXPECT_EQ(BitsOf(cosine.norm_b), BitsOf(same.norm_b)) << n;
  }
}

TEST_P(Kernels, ManyAndGatherGiveWhatOneGives) {
  std::normal_distribution<float> normal(0, 1);
  for (const size_t n :
       {size_t{0}, size_t{1}, size_t{3}, size_t{17}, size_t{31}, size_t{32}, size_t{100}, size_t{129}, size_t{768}}) {
    for (const size_t rows : {size_t{0}, size_t{1}, size_t{2}, size_t{3}, size_t{4}, size_t{5}, size_t{13}}) {
      const size_t stride = n + random_() % 4;
      Unaligned<float> query(n, random_() % 5);
      Unaligned<float> base(rows == 0 ? 0 : (rows - 1) * stride + n, random_() % 5);
      Unaligned<uint16_t> half_query(n, random_() % 5);
      Unaligned<uint16_t> half_base(rows == 0 ? 0 : (rows - 1) * stride + n, random_() % 5);
      for (size_t i = 0; i < n; ++i) query[i] = normal(random_);
      for (size_t i = 0; rows > 0 && i < (rows - 1) * stride + n; ++i) base[i] = normal(random_);
      kernels_->f32_to_f16(query.data(), half_query.data(), n);
      kernels_->f32_to_f16(base.data(), half_base.data(), rows == 0 ? 0 : (rows - 1) * stride + n);
      std::vector<const float*> vectors;
      std::vector<const uint16_t*> half_vectors;
      for (size_t r = 0; r < rows; ++r) {
        vectors.push_back(base.data() + r * stride);
        half_vectors.push_back(half_base.data() + r * stride);
      }
      std::vector<float> out(rows);
      const auto check = [&](auto one, const char* what) {
        for (size_t r = 0; r < rows; ++r) EXPECT_EQ(BitsOf(out[r]), BitsOf(one(r))) << what << ' ' << n << ' ' << r;
      };
      const auto& f32 = kernels_->f32;
      f32.l2_squared_many(query.data(), base.data(), stride, rows, n, out.data());
      check([&](size_t r) { return f32.l2_squared(query.data(), vectors[r], n); }, "l2_squared_many");
      f32.l2_squared_gather(query.data(), vectors.data(), rows, n, out.data());
      check([&](size_t r) { return f32.l2_squared(query.data(), vectors[r], n); }, "l2_squared_gather");
      f32.dot_many(query.data(), base.data(), stride, rows, n, out.data());
      check([&](size_t r) { return f32.dot(query.data(), vectors[r], n); }, "dot_many");
      f32.dot_gather(query.data(), vectors.data(), rows, n, out.data());
      check([&](size_t r) { return f32.dot(query.data(), vectors[r], n); }, "dot_gather");
      f32.l1_many(query.data(), base.data(), stride, rows, n, out.data());
      check([&](size_t r) { return f32.l1(query.data(), vectors[r], n); }, "l1_many");
      const auto& f16 = kernels_->f16;
      f16.l2_squared_many(half_query.data(), half_base.data(), stride, rows, n, out.data());
      check([&](size_t r) { return f16.l2_squared(half_query.data(), half_vectors[r], n); }, "f16 l2_squared_many");
      f16.dot_gather(half_query.data(), half_vectors.data(), rows, n, out.data());
      check([&](size_t r) { return f16.dot(half_query.data(), half_vectors[r], n); }, "f16 dot_gather");
    }
  }
}

TEST_P(Kernels, SpecialValuesPropagate) {
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float denormal = std::numeric_limits<float>::denorm_min();
  for (const size_t n : {size_t{1}, size_t{7}, size_t{16}, size_t{33}, size_t{128}, size_t{200}}) {
    for (const size_t place : {size_t{0}, n / 2, n - 1}) {
      std::vector<float> a(n, 1.0f);
      std::vector<float> b(n, 2.0f);
      const auto& f32 = kernels_->f32;
      a[place] = nan;
      EXPECT_TRUE(std::isnan(f32.l2_squared(a.data(), b.data(), n)));
      EXPECT_TRUE(std::isnan(f32.dot(a.data(), b.data(), n)));
      EXPECT_TRUE(std::isnan(f32.l1(a.data(), b.data(), n)));
      EXPECT_TRUE(std::isnan(f32.cosine(a.data(), b.data(), n).norm_a));
      EXPECT_FALSE(f32.all_finite(a.data(), n));
      EXPECT_TRUE(f32.all_finite(b.data(), n));
      a[place] = -infinity;
      EXPECT_EQ(f32.l2_squared(a.data(), b.data(), n), infinity);
      EXPECT_EQ(f32.dot(a.data(), b.data(), n), -infinity);
      EXPECT_EQ(f32.l1(a.data(), b.data(), n), infinity);
      EXPECT_FALSE(f32.all_finite(a.data(), n));
      a[place] = std::numeric_limits<float>::max();
      EXPECT_EQ(f32.l2_squared(a.data(), b.data(), n), infinity);  // Distance() goes over it again
      EXPECT_TRUE(f32.all_finite(a.data(), n));
      a[place] = denormal;
      b[place] = -denormal;
      EXPECT_EQ(f32.l1(a.data(), b.data(), n), static_cast<float>(n - 1) + 2 * denormal);
      EXPECT_TRUE(f32.all_finite(a.data(), n));
    }
  }
  const float one[] = {denormal};
  const float other[] = {-3 * denormal};
  EXPECT_EQ(kernels_->f32.l1(one, other, 1), 4 * denormal);
}

TEST_P(Kernels, EveryHalfConvertsAsTheScalarCodeSays) {
  std::vector<uint16_t> halves(65536);
  for (size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<uint16_t>(i);
  std::vector<float> values(halves.size());
  std::vector<float> expected(halves.size());
  kernels_->f16_to_f32(halves.data(), values.data(), halves.size());
  scalar_->f16_to_f32(halves.data(), expected.data(), halves.size());
  ASSERT_EQ(std::memcmp(values.data(), expected.data(), values.size() * sizeof(float)), 0);
  // The same from what the distances load: x - 0 and |x|.
  const uint16_t zero[1] = {0};
  for (size_t i = 0; i < halves.size(); ++i) {
    const float magnitude = kernels_->f16.l1(&halves[i], zero, 1);
    if (std::isnan(expected[i])) {
      EXPECT_TRUE(std::isnan(magnitude));
    } else {
      EXPECT_EQ(magnitude, std::fabs(expected[i])) << i;
    }
  }
  std::vector<uint16_t> back(halves.size());
  kernels_->f32_to_f16(values.data(), back.data(), values.size());
  for (size_t i = 0; i < halves.size(); ++i) {
    const bool signalling = (i & 0x7c00) == 0x7c00 && (i & 0x3ff) != 0;
    EXPECT_EQ(back[i], signalling ? (i | 0x200) : i);
  }
}

TEST_P(Kernels, FloatsRoundToTheNearestHalf) {
  for (int round = 0; round < 200; ++round) {
    std::vector<float> values(random_() % 100 + 1);
    for (float& value : values) {
      switch (random_() % 4) {
        case 0:
          value = std::bit_cast<float>(static_cast<uint32_t>(random_()));
          break;
        case 1: {  // ties and their neighbours
          const uint16_t half = static_cast<uint16_t>(random_());
          const uint16_t next = static_cast<uint16_t>(half + 1);
          float ends[2];
          const uint16_t pair[2] = {half, next};
          scalar_->f16_to_f32(pair, ends, 2);
          value = (ends[0] + ends[1]) / 2;
          if (random_() % 2 == 0) value = std::nextafterf(value, ends[0]);
          break;
        }
        case 2:
          value = std::ldexp(static_cast<float>(random_() % 4096), static_cast<int>(random_() % 20) - 36);
          break;
        default:
          value = static_cast<float>(65488 + random_() % 48);
      }
    }
    std::vector<uint16_t> halves(values.size());
    kernels_->f32_to_f16(values.data(), halves.data(), values.size());
    for (size_t i = 0; i < values.size(); ++i) {
      float nearest;
      scalar_->f16_to_f32(&halves[i], &nearest, 1);
      if (std::isnan(values[i])) {
        EXPECT_TRUE(std::isnan(nearest));
        continue;
      }
      if (std::fabs(values[i]) >= 65520) {
        EXPECT_TRUE(std::isinf(nearest)) << values[i];
        continue;
      }
      EXPECT_EQ(std::signbit(values[i]), std::signbit(nearest));
      for (const int step : {-1, 1}) {  // no neighbour is nearer, and of two that are as near the even one is taken
        const int magnitude = (halves[i] & 0x7fff) + step;
        if (magnitude < 0 || magnitude >= 0x7c00) continue;
        const uint16_t bits = static_cast<uint16_t>((halves[i] & 0x8000) | magnitude);
        float neighbour;
        scalar_->f16_to_f32(&bits, &neighbour, 1);
        const double mine = std::fabs(static_cast<double>(values[i]) - nearest);
        const double its = std::fabs(static_cast<double>(values[i]) - neighbour);
        EXPECT_LE(mine, its) << values[i];
        if (mine == its) {
          EXPECT_EQ(halves[i] & 1, 0) << values[i];
        }
      }
    }
  }
}

TEST_P(Kernels, Int8IsExact) {
  for (const size_t n : Lengths(random_)) {
    Unaligned<int8_t> a(n, random_() % 67);
    Unaligned<int8_t> b(n, random_() % 67);
    int64_t l2 = 0, dot = 0, l1 = 0, norm_a = 0, norm_b = 0;
    for (size_t i = 0; i < n; ++i) {
      a[i] = static_cast<int8_t>(random_());
      b[i] = static_cast<int8_t>(random_());
      l2 += int64_t{a[i] - b[i]} * (a[i] - b[i]);
      dot += a[i] * b[i];
      l1 += std::abs(a[i] - b[i]);
      norm_a += a[i] * a[i];
      norm_b += b[i] * b[i];
    }
    EXPECT_EQ(kernels_->int8.l2_squared(a.data(), b.data(), n), l2) << n;
    EXPECT_EQ(kernels_->int8.dot(a.data(), b.data(), n), dot) << n;
    EXPECT_EQ(kernels_->int8.l1(a.data(), b.data(), n), l1) << n;
    const CosineTermsInt8 cosine = kernels_->int8.cosine(a.data(), b.data(), n);
    EXPECT_EQ(cosine.dot, dot);
    EXPECT_EQ(cosine.norm_a, norm_a);
    EXPECT_EQ(cosine.norm_b, norm_b);
  }
}

TEST_P(Kernels, BytesDoNotOverflowAtTheirEdges) {
  for (const size_t n : {size_t{64}, size_t{65535}, size_t{65536}, size_t{1000001}}) {
    const int64_t length = static_cast<int64_t>(n);
    const std::vector<int8_t> low(n, -128);
    const std::vector<int8_t> high(n, 127);
    EXPECT_EQ(kernels_->int8.dot(low.data(), low.data(), n), 16384 * length);
    EXPECT_EQ(kernels_->int8.dot(low.data(), high.data(), n), -128 * 127 * length);
    EXPECT_EQ(kernels_->int8.dot(high.data(), high.data(), n), 127 * 127 * length);
    EXPECT_EQ(kernels_->int8.l2_squared(low.data(), high.data(), n), 255 * 255 * length);
    EXPECT_EQ(kernels_->int8.l1(low.data(), high.data(), n), 255 * length);
  }
  for (const size_t n : {size_t{64}, size_t{128}, size_t{16000}, size_t{65535}}) {
    const int64_t length = static_cast<int64_t>(n);
    const std::vector<int8_t> low(n, -128);
    const std::vector<int8_t> high(n, 127);
    const std::vector<uint8_t> most(n, 255);
    const std::vector<uint8_t> none(n, 0);
    EXPECT_EQ(kernels_->codes.dot(low.data(), most.data(), n), -128 * 255 * length);
    EXPECT_EQ(kernels_->codes.dot(high.data(), most.data(), n), 127 * 255 * length);
    EXPECT_EQ(kernels_->codes.l1(none.data(), most.data(), n), static_cast<uint32_t>(255 * length));
  }
}

TEST_P(Kernels, CodesAreExactOneByOneAndInBatches) {
  for (const size_t n : Lengths(random_)) {
    const size_t rows = random_() % 12;
    Unaligned<int8_t> query(n, random_() % 67);
    Unaligned<uint8_t> unsigned_query(n, random_() % 67);
    for (size_t i = 0; i < n; ++i) query[i] = static_cast<int8_t>(random_());
    for (size_t i = 0; i < n; ++i) unsigned_query[i] = static_cast<uint8_t>(random_());
    std::vector<Unaligned<uint8_t>> codes;
    std::vector<const uint8_t*> pointers;
    std::vector<int32_t> dots;
    std::vector<uint32_t> l1s;
    for (size_t r = 0; r < rows; ++r) {
      codes.emplace_back(n, random_() % 67);
      int32_t dot = 0;
      uint32_t l1 = 0;
      for (size_t i = 0; i < n; ++i) {
        codes[r][i] = static_cast<uint8_t>(random_());
        dot += query[i] * codes[r][i];
        l1 += static_cast<uint32_t>(std::abs(unsigned_query[i] - codes[r][i]));
      }
      dots.push_back(dot);
      l1s.push_back(l1);
      pointers.push_back(codes[r].data());
      EXPECT_EQ(kernels_->codes.dot(query.data(), codes[r].data(), n), dot) << n;
      EXPECT_EQ(kernels_->codes.l1(unsigned_query.data(), codes[r].data(), n), l1) << n;
    }
    for (size_t r = 0; r < rows; ++r) pointers[r] = codes[r].data();
    std::vector<int32_t> out(rows);
    std::vector<uint32_t> l1_out(rows);
    kernels_->codes.dot_gather(query.data(), pointers.data(), rows, n, out.data());
    kernels_->codes.l1_gather(unsigned_query.data(), pointers.data(), rows, n, l1_out.data());
    EXPECT_EQ(out, dots) << n;
    EXPECT_EQ(l1_out, l1s) << n;
  }
}

TEST_P(Kernels, EncodingIsAlikeOnEveryInstructionSet) {
  std::normal_distribution<float> normal(5, 3);
  for (const size_t n : Lengths(random_)) {
    Unaligned<float> values(n, random_() % 5);
    for (size_t i = 0; i < n; ++i) values[i] = normal(random_);
    const Range range = kernels_->range(values.data(), n);
    EXPECT_EQ(range.least, n == 0 ? 0 : *std::min_element(values.data(), values.data() + n));
    EXPECT_EQ(range.greatest, n == 0 ? 0 : *std::max_element(values.data(), values.data() + n));
    const float scale = (range.greatest - range.least) / 255;
    const float inverse = scale > 0 ? 1 / scale : 1;
    Unaligned<uint8_t> codes(n, random_() % 67);
    Unaligned<uint8_t> expected(n, 0);
    const CodeSums sums = kernels_->codes.encode(values.data(), n, range.least, inverse, codes.data());
    const CodeSums expected_sums = scalar_->codes.encode(values.data(), n, range.least, inverse, expected.data());
    uint32_t sum = 0, squares = 0;
    for (size_t i = 0; i < n; ++i) {
      EXPECT_EQ(codes[i], expected[i]);
      sum += codes[i];
      squares += static_cast<uint32_t>(codes[i]) * codes[i];
      EXPECT_NEAR(range.least + scale * codes[i], values[i], scale * 0.501 + 1e-6);
    }
    EXPECT_EQ(sums.sum, sum);
    EXPECT_EQ(sums.sum_of_squares, squares);
    EXPECT_EQ(expected_sums.sum, sum);
    Unaligned<float> decoded(n, random_() % 5);
    Unaligned<float> decoded_scalar(n, random_() % 5);
    kernels_->codes.decode(codes.data(), n, range.least, scale, decoded.data());
    scalar_->codes.decode(codes.data(), n, range.least, scale, decoded_scalar.data());
    for (size_t i = 0; i < n; ++i) EXPECT_EQ(BitsOf(decoded[i]), BitsOf(decoded_scalar[i]));
  }
}

TEST_P(Kernels, BitsAreExact) {
  for (const size_t n : Lengths(random_)) {
    Unaligned<uint8_t> a(n, random_() % 67);
    Unaligned<uint8_t> b(n, random_() % 67);
    uint64_t hamming = 0, both = 0, either = 0;
    const bool full = random_() % 4 == 0;
    for (size_t i = 0; i < n; ++i) {
      a[i] = full ? 255 : static_cast<uint8_t>(random_());
      b[i] = full ? 0 : static_cast<uint8_t>(random_());
      hamming += static_cast<uint64_t>(std::popcount(static_cast<uint8_t>(a[i] ^ b[i])));
      both += static_cast<uint64_t>(std::popcount(static_cast<uint8_t>(a[i] & b[i])));
      either += static_cast<uint64_t>(std::popcount(static_cast<uint8_t>(a[i] | b[i])));
    }
    EXPECT_EQ(kernels_->bits.hamming(a.data(), b.data(), n), hamming) << n;
    const BitCounts counts = kernels_->bits.jaccard(a.data(), b.data(), n);
    EXPECT_EQ(counts.both, both) << n;
    EXPECT_EQ(counts.either, either) << n;
  }
  const std::vector<uint8_t> ones(100000, 255);
  const std::vector<uint8_t> zeros(100000, 0);
  EXPECT_EQ(kernels_->bits.hamming(ones.data(), zeros.data(), ones.size()), 800000u);
}

std::string TestName(const testing::TestParamInfo<InstructionSet>& info) {
  std::string name = NameOf(info.param);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '-' || c == ' '; }, '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(EveryInstructionSet, Kernels, testing::ValuesIn(kAll), TestName);

// ---- what distance.h adds ------------------------------------------------------------------------------------------
TEST(Distance, HugeAndTinyElementsAreComputedInDouble) {
  const float huge[] = {1e30f, -2e30f, 3e30f};
  const float other[] = {-1e30f, 1e30f, 0.0f};
  EXPECT_NEAR(Distance(Metric::kL2, huge, other, 3) / std::sqrt(22e60), 1, 1e-6);
  EXPECT_NEAR(Distance(Metric::kL2Squared, huge, other, 3) / 22e60, 1, 1e-6);
  EXPECT_NEAR(Distance(Metric::kInnerProduct, huge, other, 3) / 3e60, 1, 1e-6);
  EXPECT_NEAR(Distance(Metric::kCosine, huge, other, 3), 1 + 3 / std::sqrt(14.0 * 2), 1e-6);
  const float tiny[] = {1e-30f, -2e-30f, 3e-30f};
  const float small[] = {-1e-30f, 1e-30f, 0.0f};
  EXPECT_NEAR(Distance(Metric::kL2, tiny, small, 3) / std::sqrt(22e-60), 1, 1e-6);
  EXPECT_NEAR(Distance(Metric::kCosine, tiny, small, 3), 1 + 3 / std::sqrt(14.0 * 2), 1e-6);
  const float most[] = {3e38f, 3e38f};
  const float least[] = {-3e38f, -3e38f};
  EXPECT_NEAR(Distance(Metric::kL1, most, least, 2) / 12e38, 1, 1e-6);
  double out[1];
  Distances(Metric::kL2, huge, other, 3, 1, 3, out);
  EXPECT_EQ(out[0], Distance(Metric::kL2, huge, other, 3));
}

TEST(Distance, CosineStaysWithinItsRange) {
  std::mt19937_64 random(3);
  std::normal_distribution<float> normal;
  for (int round = 0; round < 1000; ++round) {
    std::vector<float> a(1 + random() % 40);
    for (float& x : a) x = normal(random);
    std::vector<float> b = a;
    for (float& x : b) x *= 3;
    const double same = Distance(Metric::kCosine, a.data(), b.data(), a.size());
    EXPECT_GE(same, 0);
    EXPECT_LT(same, 1e-6);
    for (float& x : b) x = -x;
    EXPECT_LE(Distance(Metric::kCosine, a.data(), b.data(), a.size()), 2);
  }
  const float zero[] = {0, 0};
  const float one[] = {1, 0};
  EXPECT_TRUE(std::isnan(Distance(Metric::kCosine, zero, one, 2)));
  EXPECT_TRUE(std::isnan(Distance(Metric::kCosine, one, zero, 2)));
  EXPECT_TRUE(std::isnan(Distance(Metric::kCosine, one, zero, 0)));
}

TEST(Distance, ManyRowsAreWhatSingleOnesAre) {
  std::mt19937_64 random(5);
  std::normal_distribution<float> normal;
  constexpr size_t kRows = 700;
  constexpr size_t kCount = 33;
  std::vector<float> rows(kRows * kCount);
  for (float& x : rows) x = normal(random);
  std::fill_n(rows.begin() + 10 * kCount, kCount, 1e25f);
  std::vector<Half> halves(rows.size());
  ToHalf(rows.data(), halves.data(), rows.size());
  std::vector<int8_t> bytes(rows.size());
  for (int8_t& x : bytes) x = static_cast<int8_t>(random());
  std::vector<double> out(kRows);
  for (const Metric metric : {Metric::kL2, Metric::kL2Squared, Metric::kInnerProduct, Metric::kCosine, Metric::kL1}) {
    const auto check = [&](const auto& base) {
      Distances(metric, base.data(), base.data(), kCount, kRows, kCount, out.data());
      for (size_t r = 0; r < kRows; ++r) {
        const double one = Distance(metric, base.data(), base.data() + r * kCount, kCount);
        EXPECT_TRUE(out[r] == one || (std::isnan(out[r]) && std::isnan(one))) << r;
      }
    };
    check(rows);
    check(halves);
    check(bytes);
  }
}

TEST(Distance, JaccardOfNothingIsZero) {
  const uint8_t none[] = {0, 0};
  const uint8_t some[] = {3, 1};
  const uint8_t others[] = {1, 2};
  EXPECT_EQ(JaccardDistance(none, none, 2), 0);
  EXPECT_EQ(JaccardDistance(none, some, 2), 1);
  EXPECT_EQ(JaccardDistance(some, others, 2), 0.75);
  EXPECT_EQ(HammingDistance(some, others, 2), 3);
}

TEST(Distance, NormalizedVectorsHaveLengthOne) {
  for (const float size : {1e-42f, 1e-30f, 1.0f, 1e30f, 2e38f}) {
    std::vector<float> a(50, size);
    a[3] = -size;
    ASSERT_TRUE(Normalize(a.data(), a.data(), a.size()));
    EXPECT_NEAR(Norm(a.data(), a.size()), 1, 1e-6) << size;
    EXPECT_LT(a[3], 0);
  }
  std::vector<float> zero(5, 0.0f);
  EXPECT_FALSE(Normalize(zero.data(), zero.data(), zero.size()));
  zero[2] = std::numeric_limits<float>::infinity();
  EXPECT_FALSE(Normalize(zero.data(), zero.data(), zero.size()));
  EXPECT_FALSE(Normalize(nullptr, nullptr, 0));
}

// ---- SQ8 -----------------------------------------------------------------------------------------------------------
TEST(Sq8, DistancesFromTermsAreThoseOfTheDecodedVectors) {
  std::mt19937_64 random(11);
  for (const size_t n : {size_t{1}, size_t{2}, size_t{31}, size_t{128}, size_t{768}, size_t{3000}}) {
    for (int round = 0; round < 20; ++round) {
      std::normal_distribution<float> normal(static_cast<float>(round % 5) * 10 - 20, 1 + static_cast<float>(round));
      std::vector<float> a(n), b(n), decoded_a(n), decoded_b(n);
      for (size_t i = 0; i < n; ++i) {
        a[i] = normal(random);
        b[i] = normal(random);
      }
      std::vector<uint8_t> code_a(n), code_b(n);
      std::vector<int8_t> query(n);
      const Sq8Terms terms_a = Sq8Encode(a.data(), n, code_a.data());
      const Sq8Terms terms_b = Sq8Encode(b.data(), n, code_b.data());
      Sq8Decode(code_a.data(), n, terms_a, decoded_a.data());
      Sq8Decode(code_b.data(), n, terms_b, decoded_b.data());
      const Sq8Terms query_terms = Sq8Query(code_a.data(), n, terms_a, query.data());
      const int32_t code_dot = BestDistanceKernels().codes.dot(query.data(), code_b.data(), n);
      double dot = 0, l2 = 0, norms = 0;
      for (size_t i = 0; i < n; ++i) {
        const double x = decoded_a[i], y = decoded_b[i];
        dot += x * y;
        l2 += (x - y) * (x - y);
        norms += x * x + y * y;
        EXPECT_LE(std::fabs(x - a[i]), terms_a.scale * 0.501 + 1e-5);
      }
      EXPECT_NEAR(Sq8Dot(query_terms, terms_b, code_dot, n), dot, 1e-5 * norms + 1e-6) << n;
      EXPECT_NEAR(Sq8L2Squared(query_terms, terms_b, code_dot, n), l2, 1e-5 * norms + 1e-6) << n;
      EXPECT_LT(Sq8L2Squared(query_terms, terms_a, BestDistanceKernels().codes.dot(query.data(), code_a.data(), n), n),
                1e-5 * norms + 1e-6);
    }
  }
}

TEST(Sq8, ConstantHugeAndTinyVectorsAreEncoded) {
  std::vector<uint8_t> codes(4);
  std::vector<float> decoded(4);
  const auto check = [&](std::vector<float> values, double tolerance) {
    const Sq8Terms terms = Sq8Encode(values.data(), 4, codes.data());
    Sq8Decode(codes.data(), 4, terms, decoded.data());
    for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(decoded[i], values[i], tolerance) << values[i];
  };
  check({7, 7, 7, 7}, 0);
  check({0, 0, 0, 0}, 0);
  check({3e38f, -3e38f, 0, 1e38f}, 1.3e36);
  check({1e-44f, -1e-44f, 0, 3e-45f}, 1e-43);
  check({1000, 1001, 1000.5f, 1000.25f}, 0.003);
}

}  // namespace
}  // namespace turdb::compute
