// Included before the unit with VNNI, so that its arithmetic can be tested on a CPU with AVX-512 and without VNNI: the
// two instructions in terms of others.
#include <immintrin.h>

namespace turdb::compute {
namespace {

[[maybe_unused]] inline __m512i EmulatedDpwssd(__m512i acc, __m512i a, __m512i b) {
  return _mm512_add_epi32(acc, _mm512_madd_epi16(a, b));
}

// Four products of an unsigned byte of a and a signed one of b are added to each 32-bit lane, without saturation.
[[maybe_unused]] inline __m512i EmulatedDpbusd(__m512i acc, __m512i a, __m512i b) {
  const __m512i even_a = _mm512_and_si512(a, _mm512_set1_epi16(0xff));
  const __m512i odd_a = _mm512_srli_epi16(a, 8);
  const __m512i even_b = _mm512_srai_epi16(_mm512_slli_epi16(b, 8), 8);
  const __m512i odd_b = _mm512_srai_epi16(b, 8);
  acc = _mm512_add_epi32(acc, _mm512_madd_epi16(even_a, even_b));
  return _mm512_add_epi32(acc, _mm512_madd_epi16(odd_a, odd_b));
}

}  // namespace
}  // namespace turdb::compute

#define _mm512_dpwssd_epi32 EmulatedDpwssd
#define _mm512_dpbusd_epi32 EmulatedDpbusd
#define Avx512VnniKernels EmulatedVnniKernels
