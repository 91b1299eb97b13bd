// What both AVX-512 units (F, BW, VL, DQ; with and without VNNI) share. In an unnamed namespace: each has its own.
#include <immintrin.h>

#include "compute/cpu/half.h"
#include "compute/cpu/tables.h"

namespace turdb::compute {
namespace {

struct Floats {
  using V = __m512;
  static constexpr size_t kWidth = 16;
  static constexpr size_t kRows = 4;
  static inline V Zero() { return _mm512_setzero_ps(); }
  static inline V Load(const float* from) { return _mm512_loadu_ps(from); }
  static inline V Load(const uint16_t* from) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
  }
  static inline V LoadPart(const float* from, size_t count) {
    return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1), from);
  }
  static inline V LoadPart(const uint16_t* from, size_t count) {
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(static_cast<__mmask16>((1u << count) - 1), from));
  }
  static inline V Add(V a, V b) { return _mm512_add_ps(a, b); }
  static inline V Sub(V a, V b) { return _mm512_sub_ps(a, b); }
  static inline V Mul(V a, V b) { return _mm512_mul_ps(a, b); }
  static inline V Abs(V a) { return _mm512_andnot_ps(_mm512_set1_ps(-0.0f), a); }
  static inline V Min(V a, V b) { return _mm512_min_ps(a, b); }
  static inline V Max(V a, V b) { return _mm512_max_ps(a, b); }
  static inline __m256 Low(V a) { return _mm512_castps512_ps256(a); }
  static inline __m256 High(V a) { return _mm512_extractf32x8_ps(a, 1); }
  static inline float Sum(V a) {
    const __m256 eight = _mm256_add_ps(Low(a), High(a));
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
  }
  static inline float Least(V a) {
    const __m256 eight = _mm256_min_ps(Low(a), High(a));
    const __m128 four = _mm_min_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_min_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_min_ss(two, _mm_shuffle_ps(two, two, 1)));
  }
  static inline float Greatest(V a) {
    const __m256 eight = _mm256_max_ps(Low(a), High(a));
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
  }
};

// Steps over bytes without VNNI; the unit with VNNI replaces those that gain by it.
struct WideBytes {
  using V = __m512i;
  using Acc = __m512i;
  static constexpr size_t kStep = 64;
  static inline V Load(const void* from) { return _mm512_loadu_si512(from); }
  static inline V LoadPart(const void* from, size_t count) {
    return _mm512_maskz_loadu_epi8((__mmask64{1} << count) - 1, from);
  }
  static inline Acc Zero() { return _mm512_setzero_si512(); }
  static inline Acc Add(Acc a, Acc b) { return _mm512_add_epi32(a, b); }
  static inline V SignedLow(V a) { return _mm512_cvtepi8_epi16(_mm512_castsi512_si256(a)); }
  static inline V SignedHigh(V a) { return _mm512_cvtepi8_epi16(_mm512_extracti64x4_epi64(a, 1)); }
  static inline V UnsignedLow(V a) { return _mm512_cvtepu8_epi16(_mm512_castsi512_si256(a)); }
  static inline V UnsignedHigh(V a) { return _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(a, 1)); }
  static inline V Flip(V a) { return _mm512_xor_si512(a, _mm512_set1_epi8(-128)); }
  static inline V Difference(V a, V b) { return _mm512_sub_epi8(_mm512_max_epi8(a, b), _mm512_min_epi8(a, b)); }

  static inline Acc Dot(Acc acc, V a, V b) {
    acc = _mm512_add_epi32(acc, _mm512_madd_epi16(SignedLow(a), SignedLow(b)));
    return _mm512_add_epi32(acc, _mm512_madd_epi16(SignedHigh(a), SignedHigh(b)));
  }
  static inline Acc L2(Acc acc, V a, V b) {
    const V d = Difference(a, b);
    const V even = _mm512_and_si512(d, _mm512_set1_epi16(0xff));
    const V odd = _mm512_srli_epi16(d, 8);
    return _mm512_add_epi32(_mm512_add_epi32(acc, _mm512_madd_epi16(even, even)), _mm512_madd_epi16(odd, odd));
  }
  static inline Acc L1(Acc acc, V a, V b) { return _mm512_add_epi64(acc, _mm512_sad_epu8(Flip(a), Flip(b))); }
  static inline Acc CodeDot(Acc acc, V query, V code) {
    acc = _mm512_add_epi32(acc, _mm512_madd_epi16(SignedLow(query), UnsignedLow(code)));
    return _mm512_add_epi32(acc, _mm512_madd_epi16(SignedHigh(query), UnsignedHigh(code)));
  }
  static inline Acc CodeL1(Acc acc, V a, V b) { return _mm512_add_epi64(acc, _mm512_sad_epu8(a, b)); }
  static inline int64_t Sum(Acc acc) {
    const __m512i low = _mm512_cvtepi32_epi64(_mm512_castsi512_si256(acc));
    const __m512i high = _mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64(acc, 1));
    return _mm512_reduce_add_epi64(_mm512_add_epi64(low, high));
  }
  static inline int64_t SumL1(Acc acc) { return _mm512_reduce_add_epi64(acc); }
  static inline int32_t SumNarrow(Acc acc) { return _mm512_reduce_add_epi32(acc); }
};

struct Bits {
  using V = __m512i;
  using Acc = __m512i;
  static constexpr size_t kStep = 64;
  static inline V Load(const uint8_t* from) { return _mm512_loadu_si512(from); }
  static inline V And(V a, V b) { return _mm512_and_si512(a, b); }
  static inline V Or(V a, V b) { return _mm512_or_si512(a, b); }
  static inline V Xor(V a, V b) { return _mm512_xor_si512(a, b); }
  static inline Acc Zero() { return _mm512_setzero_si512(); }
  static inline Acc AddOnes(Acc acc, V bits) {  // a table of nibbles (Mula)
    const V ones = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    const V nibbles = _mm512_set1_epi8(0x0f);
    const V low = _mm512_shuffle_epi8(ones, _mm512_and_si512(bits, nibbles));
    const V high = _mm512_shuffle_epi8(ones, _mm512_and_si512(_mm512_srli_epi16(bits, 4), nibbles));
    return _mm512_add_epi64(acc, _mm512_sad_epu8(_mm512_add_epi8(low, high), _mm512_setzero_si512()));
  }
  static inline uint64_t Sum(Acc acc) { return static_cast<uint64_t>(_mm512_reduce_add_epi64(acc)); }
};

void F32ToF16(const float* from, uint16_t* to, size_t count) {
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i),
                        _mm512_cvtps_ph(_mm512_loadu_ps(from + i), _MM_FROUND_TO_NEAREST_INT));
  }
  for (; i < count; ++i) to[i] = HalfOfFloat(from[i]);
}
void F16ToF32(const uint16_t* from, float* to, size_t count) {
  size_t i = 0;
  for (; i + 16 <= count; i += 16) _mm512_storeu_ps(to + i, Floats::Load(from + i));
  for (; i < count; ++i) to[i] = FloatOfHalf(from[i]);
}

}  // namespace
}  // namespace turdb::compute
