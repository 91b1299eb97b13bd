// SSE2, which every x86-64 has.
#include <emmintrin.h>

#include "compute/cpu/half.h"
#include "compute/cpu/tables.h"

namespace turdb::compute {
namespace {

inline __m128i Select(__m128i mask, __m128i yes, __m128i no) {
  return _mm_or_si128(_mm_and_si128(mask, yes), _mm_andnot_si128(mask, no));
}

// Four halves in the low bits of 32-bit lanes.
inline __m128 FloatsOfHalves(__m128i halves) {
  const __m128i sign = _mm_slli_epi32(_mm_and_si128(halves, _mm_set1_epi32(0x8000)), 16);
  const __m128i rest = _mm_and_si128(halves, _mm_set1_epi32(0x7fff));
  const __m128i shifted = _mm_slli_epi32(rest, 13);
  const __m128i normal = _mm_add_epi32(shifted, _mm_set1_epi32(112 << 23));
  const __m128i denormal = _mm_castps_si128(_mm_mul_ps(_mm_cvtepi32_ps(rest), _mm_set1_ps(0x1p-24f)));
  const __m128i quiet = _mm_and_si128(_mm_cmpgt_epi32(rest, _mm_set1_epi32(0x7c00)), _mm_set1_epi32(0x400000));
  const __m128i special = _mm_or_si128(_mm_or_si128(shifted, quiet), _mm_set1_epi32(0x7f800000));
  const __m128i finite = Select(_mm_cmpgt_epi32(_mm_set1_epi32(0x400), rest), denormal, normal);
  const __m128i magnitude = Select(_mm_cmpgt_epi32(rest, _mm_set1_epi32(0x7bff)), special, finite);
  return _mm_castsi128_ps(_mm_or_si128(magnitude, sign));
}

struct Floats {
  using V = __m128;
  static constexpr size_t kWidth = 4;
  static constexpr size_t kRows = 1;  // the lanes take half of the registers
  static inline V Zero() { return _mm_setzero_ps(); }
  static inline V Load(const float* from) { return _mm_loadu_ps(from); }
  static inline V Load(const uint16_t* from) {
    const __m128i halves = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
    return FloatsOfHalves(_mm_unpacklo_epi16(halves, _mm_setzero_si128()));
  }
  template <class Element>
  static inline V LoadPart(const Element* from, size_t count) {
    alignas(16) Element part[kWidth] = {};
    for (size_t i = 0; i < count; ++i) part[i] = from[i];
    return Load(part);
  }
  static inline V Add(V a, V b) { return _mm_add_ps(a, b); }
  static inline V Sub(V a, V b) { return _mm_sub_ps(a, b); }
  static inline V Mul(V a, V b) { return _mm_mul_ps(a, b); }
  static inline V Abs(V a) { return _mm_andnot_ps(_mm_set1_ps(-0.0f), a); }
  static inline V Min(V a, V b) { return _mm_min_ps(a, b); }
  static inline V Max(V a, V b) { return _mm_max_ps(a, b); }
  static inline float Sum(V a) {
    const V two = _mm_add_ps(a, _mm_movehl_ps(a, a));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
  }
  static inline float Least(V a) {
    const V two = _mm_min_ps(a, _mm_movehl_ps(a, a));
    return _mm_cvtss_f32(_mm_min_ss(two, _mm_shuffle_ps(two, two, 1)));
  }
  static inline float Greatest(V a) {
    const V two = _mm_max_ps(a, _mm_movehl_ps(a, a));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
  }
};

struct Bytes {
  using V = __m128i;
  using Acc = __m128i;
  static constexpr size_t kStep = 16;
  static constexpr size_t kAtOnce = 2;
  static inline V Load(const void* from) { return _mm_loadu_si128(static_cast<const __m128i*>(from)); }
  static inline V LoadPart(const void* from, size_t count) {
    alignas(16) uint8_t part[kStep] = {};
    for (size_t i = 0; i < count; ++i) part[i] = static_cast<const uint8_t*>(from)[i];
    return Load(part);
  }
  static inline Acc Zero() { return _mm_setzero_si128(); }
  static inline Acc Add(Acc a, Acc b) { return _mm_add_epi32(a, b); }
  // The even and the odd bytes of each 16-bit lane, widened in place.
  static inline V SignedEven(V a) { return _mm_srai_epi16(_mm_slli_epi16(a, 8), 8); }
  static inline V SignedOdd(V a) { return _mm_srai_epi16(a, 8); }
  static inline V UnsignedEven(V a) { return _mm_and_si128(a, _mm_set1_epi16(0xff)); }
  static inline V UnsignedOdd(V a) { return _mm_srli_epi16(a, 8); }
  static inline V Flip(V a) { return _mm_xor_si128(a, _mm_set1_epi8(-128)); }

  static inline Acc Dot(Acc acc, V a, V b) {
    acc = _mm_add_epi32(acc, _mm_madd_epi16(SignedEven(a), SignedEven(b)));
    return _mm_add_epi32(acc, _mm_madd_epi16(SignedOdd(a), SignedOdd(b)));
  }
  static inline Acc L2(Acc acc, V a, V b) {
    const V x = Flip(a);
    const V y = Flip(b);
    const V d = _mm_or_si128(_mm_subs_epu8(x, y), _mm_subs_epu8(y, x));
    const V even = UnsignedEven(d);
    const V odd = UnsignedOdd(d);
    return _mm_add_epi32(_mm_add_epi32(acc, _mm_madd_epi16(even, even)), _mm_madd_epi16(odd, odd));
  }
  static inline Acc L1(Acc acc, V a, V b) { return _mm_add_epi64(acc, _mm_sad_epu8(Flip(a), Flip(b))); }
  static inline Acc CodeDot(Acc acc, V query, V code) {
    acc = _mm_add_epi32(acc, _mm_madd_epi16(SignedEven(query), UnsignedEven(code)));
    return _mm_add_epi32(acc, _mm_madd_epi16(SignedOdd(query), UnsignedOdd(code)));
  }
  static inline Acc CodeL1(Acc acc, V a, V b) { return _mm_add_epi64(acc, _mm_sad_epu8(a, b)); }
  static inline int64_t Sum(Acc acc) {
    alignas(16) int32_t lanes[4];
    _mm_store_si128(reinterpret_cast<__m128i*>(lanes), acc);
    return int64_t{lanes[0]} + lanes[1] + lanes[2] + lanes[3];
  }
  static inline int64_t SumL1(Acc acc) { return _mm_cvtsi128_si64(_mm_add_epi64(acc, _mm_unpackhi_epi64(acc, acc))); }
  static inline int32_t SumNarrow(Acc acc) {
    const __m128i two = _mm_add_epi32(acc, _mm_unpackhi_epi64(acc, acc));
    return _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 1)));
  }
};

struct Bits {
  using V = __m128i;
  using Acc = __m128i;
  static constexpr size_t kStep = 16;
  static inline V Load(const uint8_t* from) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)); }
  static inline V And(V a, V b) { return _mm_and_si128(a, b); }
  static inline V Or(V a, V b) { return _mm_or_si128(a, b); }
  static inline V Xor(V a, V b) { return _mm_xor_si128(a, b); }
  static inline Acc Zero() { return _mm_setzero_si128(); }
  static inline Acc AddOnes(Acc acc, V bits) {
    const V fives = _mm_set1_epi8(0x55);
    const V threes = _mm_set1_epi8(0x33);
    const V nibbles = _mm_set1_epi8(0x0f);
    bits = _mm_sub_epi8(bits, _mm_and_si128(_mm_srli_epi16(bits, 1), fives));
    bits = _mm_add_epi8(_mm_and_si128(bits, threes), _mm_and_si128(_mm_srli_epi16(bits, 2), threes));
    bits = _mm_and_si128(_mm_add_epi8(bits, _mm_srli_epi16(bits, 4)), nibbles);
    return _mm_add_epi64(acc, _mm_sad_epu8(bits, _mm_setzero_si128()));
  }
  static inline uint64_t Sum(Acc acc) {
    return static_cast<uint64_t>(_mm_cvtsi128_si64(_mm_add_epi64(acc, _mm_unpackhi_epi64(acc, acc))));
  }
};

void F32ToF16(const float* from, uint16_t* to, size_t count) {
  for (size_t i = 0; i < count; ++i) to[i] = HalfOfFloat(from[i]);
}
void F16ToF32(const uint16_t* from, float* to, size_t count) {
  size_t i = 0;
  for (; i + 4 <= count; i += 4) _mm_storeu_ps(to + i, Floats::Load(from + i));
  for (; i < count; ++i) to[i] = FloatOfHalf(from[i]);
}

}  // namespace
}  // namespace turdb::compute

#include "compute/cpu/generic_distance.h"

namespace turdb::compute {

const DistanceKernels& Sse2Kernels() {
  static constexpr DistanceKernels table = TableOf(InstructionSet::kSse2);
  return table;
}

}  // namespace turdb::compute
