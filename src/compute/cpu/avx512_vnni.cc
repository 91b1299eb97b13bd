// AVX-512 with VNNI: four products of an unsigned and a signed byte are added to a 32-bit lane by one instruction.
#include "compute/cpu/avx512_vectors.h"

namespace turdb::compute {
namespace {

struct Bytes : WideBytes {
  static constexpr size_t kAtOnce = 4;  // the instruction takes four to five cycles

  // a is made unsigned by adding 128 to it, and 128 b is taken off again: at most 4 * 255 * 127 an instruction and lane.
  static inline Acc Dot(Acc acc, V a, V b) {
    const __m512i ones = _mm512_set1_epi8(1);
    acc = _mm512_dpbusd_epi32(acc, Flip(a), b);
    const __m512i sums = _mm512_dpbusd_epi32(_mm512_setzero_si512(), ones, b);
    return _mm512_sub_epi32(acc, _mm512_slli_epi32(sums, 7));
  }
  static inline Acc L2(Acc acc, V a, V b) {
    const V d = Difference(a, b);
    const V even = _mm512_and_si512(d, _mm512_set1_epi16(0xff));
    const V odd = _mm512_srli_epi16(d, 8);
    return _mm512_dpwssd_epi32(_mm512_dpwssd_epi32(acc, even, even), odd, odd);
  }
  static inline Acc CodeDot(Acc acc, V query, V code) { return _mm512_dpbusd_epi32(acc, code, query); }
};

}  // namespace
}  // namespace turdb::compute

#include "compute/cpu/generic_distance.h"

namespace turdb::compute {

const DistanceKernels& Avx512VnniKernels() {
  static constexpr DistanceKernels table = TableOf(InstructionSet::kAvx512Vnni);
  return table;
}

}  // namespace turdb::compute
