// AVX2 with F16C. Not FMA, which every such CPU has: a sum rounded once less would differ from those of other units.
#include <immintrin.h>

#include "compute/cpu/half.h"
#include "compute/cpu/tables.h"

namespace turdb::compute {
namespace {

struct Floats {
  using V = __m256;
  static constexpr size_t kWidth = 8;
  static constexpr size_t kRows = 2;
  static inline V Zero() { return _mm256_setzero_ps(); }
  static inline V Load(const float* from) { return _mm256_loadu_ps(from); }
  static inline V Load(const uint16_t* from) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  }
  static inline V LoadPart(const float* from, size_t count) {
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_maskload_ps(from, _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), lanes));
  }
  static inline V LoadPart(const uint16_t* from, size_t count) {
    alignas(16) uint16_t part[kWidth] = {};
    for (size_t i = 0; i < count; ++i) part[i] = from[i];
    return Load(part);
  }
  static inline V Add(V a, V b) { return _mm256_add_ps(a, b); }
  static inline V Sub(V a, V b) { return _mm256_sub_ps(a, b); }
  static inline V Mul(V a, V b) { return _mm256_mul_ps(a, b); }
  static inline V Abs(V a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
  static inline V Min(V a, V b) { return _mm256_min_ps(a, b); }
  static inline V Max(V a, V b) { return _mm256_max_ps(a, b); }
  static inline float Sum(V a) {
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
  }
  static inline float Least(V a) {
    const __m128 four = _mm_min_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    const __m128 two = _mm_min_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_min_ss(two, _mm_shuffle_ps(two, two, 1)));
  }
  static inline float Greatest(V a) {
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
  }
};

inline __m128i FourLanes(__m256i a) { return _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1)); }
inline int64_t SumOf64(__m256i a) {
  const __m128i two = _mm_add_epi64(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
  return _mm_cvtsi128_si64(_mm_add_epi64(two, _mm_unpackhi_epi64(two, two)));
}

struct Bytes {
  using V = __m256i;
  using Acc = __m256i;
  static constexpr size_t kStep = 32;
  static constexpr size_t kAtOnce = 2;
  static inline V Load(const void* from) { return _mm256_loadu_si256(static_cast<const __m256i*>(from)); }
  static inline V LoadPart(const void* from, size_t count) {
    alignas(32) uint8_t part[kStep] = {};
    for (size_t i = 0; i < count; ++i) part[i] = static_cast<const uint8_t*>(from)[i];
    return Load(part);
  }
  static inline Acc Zero() { return _mm256_setzero_si256(); }
  static inline Acc Add(Acc a, Acc b) { return _mm256_add_epi32(a, b); }
  // The even and the odd bytes of each 16-bit lane, widened in place: fewer uses of the one shuffle port than widening
  // conversions, and unlike maddubs without saturation.
  static inline V SignedEven(V a) { return _mm256_srai_epi16(_mm256_slli_epi16(a, 8), 8); }
  static inline V SignedOdd(V a) { return _mm256_srai_epi16(a, 8); }
  static inline V UnsignedEven(V a) { return _mm256_and_si256(a, _mm256_set1_epi16(0xff)); }
  static inline V UnsignedOdd(V a) { return _mm256_srli_epi16(a, 8); }
  static inline V Flip(V a) { return _mm256_xor_si256(a, _mm256_set1_epi8(-128)); }

  static inline Acc Dot(Acc acc, V a, V b) {
    acc = _mm256_add_epi32(acc, _mm256_madd_epi16(SignedEven(a), SignedEven(b)));
    return _mm256_add_epi32(acc, _mm256_madd_epi16(SignedOdd(a), SignedOdd(b)));
  }
  static inline Acc L2(Acc acc, V a, V b) {
    const V d = _mm256_sub_epi8(_mm256_max_epi8(a, b), _mm256_min_epi8(a, b));
    const V even = UnsignedEven(d);
    const V odd = UnsignedOdd(d);
    return _mm256_add_epi32(_mm256_add_epi32(acc, _mm256_madd_epi16(even, even)), _mm256_madd_epi16(odd, odd));
  }
  static inline Acc L1(Acc acc, V a, V b) { return _mm256_add_epi64(acc, _mm256_sad_epu8(Flip(a), Flip(b))); }
  static inline Acc CodeDot(Acc acc, V query, V code) {
    acc = _mm256_add_epi32(acc, _mm256_madd_epi16(SignedEven(query), UnsignedEven(code)));
    return _mm256_add_epi32(acc, _mm256_madd_epi16(SignedOdd(query), UnsignedOdd(code)));
  }
  static inline Acc CodeL1(Acc acc, V a, V b) { return _mm256_add_epi64(acc, _mm256_sad_epu8(a, b)); }
  static inline int64_t Sum(Acc acc) {
    const __m256i low = _mm256_cvtepi32_epi64(_mm256_castsi256_si128(acc));
    return SumOf64(_mm256_add_epi64(low, _mm256_cvtepi32_epi64(_mm256_extracti128_si256(acc, 1))));
  }
  static inline int64_t SumL1(Acc acc) { return SumOf64(acc); }
  static inline int32_t SumNarrow(Acc acc) {
    const __m128i four = FourLanes(acc);
    const __m128i two = _mm_add_epi32(four, _mm_unpackhi_epi64(four, four));
    return _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 1)));
  }
};

struct Bits {
  using V = __m256i;
  using Acc = __m256i;
  static constexpr size_t kStep = 32;
  static inline V Load(const uint8_t* from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)); }
  static inline V And(V a, V b) { return _mm256_and_si256(a, b); }
  static inline V Or(V a, V b) { return _mm256_or_si256(a, b); }
  static inline V Xor(V a, V b) { return _mm256_xor_si256(a, b); }
  static inline Acc Zero() { return _mm256_setzero_si256(); }
  static inline Acc AddOnes(Acc acc, V bits) {  // a table of nibbles (Mula)
    const V ones =
        _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
    const V nibbles = _mm256_set1_epi8(0x0f);
    const V low = _mm256_shuffle_epi8(ones, _mm256_and_si256(bits, nibbles));
    const V high = _mm256_shuffle_epi8(ones, _mm256_and_si256(_mm256_srli_epi16(bits, 4), nibbles));
    return _mm256_add_epi64(acc, _mm256_sad_epu8(_mm256_add_epi8(low, high), _mm256_setzero_si256()));
  }
  static inline uint64_t Sum(Acc acc) { return static_cast<uint64_t>(SumOf64(acc)); }
};

void F32ToF16(const float* from, uint16_t* to, size_t count) {
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i), _mm256_cvtps_ph(_mm256_loadu_ps(from + i), _MM_FROUND_TO_NEAREST_INT));
  }
  for (; i < count; ++i) to[i] = HalfOfFloat(from[i]);
}
void F16ToF32(const uint16_t* from, float* to, size_t count) {
  size_t i = 0;
  for (; i + 8 <= count; i += 8) _mm256_storeu_ps(to + i, Floats::Load(from + i));
  for (; i < count; ++i) to[i] = FloatOfHalf(from[i]);
}

}  // namespace
}  // namespace turdb::compute

#include "compute/cpu/generic_distance.h"

namespace turdb::compute {

const DistanceKernels& Avx2Kernels() {
  static constexpr DistanceKernels table = TableOf(InstructionSet::kAvx2);
  return table;
}

}  // namespace turdb::compute
