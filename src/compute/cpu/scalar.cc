// Portable C++: one element at a time, in the order that all units share.
#include "compute/cpu/half.h"
#include "compute/cpu/tables.h"

namespace turdb::compute {
namespace {

struct Floats {
  using V = float;
  static constexpr size_t kWidth = 1;
  static constexpr size_t kRows = 1;
  static inline V Zero() { return 0; }
  static inline V Load(const float* from) { return *from; }
  static inline V Load(const uint16_t* from) { return FloatOfHalf(*from); }
  template <class Element>
  static inline V LoadPart(const Element*, size_t) {
    return 0;
  }
  static inline V Add(V a, V b) { return a + b; }
  static inline V Sub(V a, V b) { return a - b; }
  static inline V Mul(V a, V b) { return a * b; }
  static inline V Abs(V a) { return __builtin_fabsf(a); }
  static inline V Min(V a, V b) { return a < b ? a : b; }
  static inline V Max(V a, V b) { return a > b ? a : b; }
  static inline float Sum(V a) { return a; }
  static inline float Least(V a) { return a; }
  static inline float Greatest(V a) { return a; }
};

struct Bytes {
  using V = int32_t;
  using Acc = int64_t;
  static constexpr size_t kStep = 1;
  static constexpr size_t kAtOnce = 1;
  static inline V Load(const int8_t* from) { return *from; }
  static inline V Load(const uint8_t* from) { return *from; }
  template <class Element>
  static inline V LoadPart(const Element*, size_t) {
    return 0;
  }
  static inline Acc Zero() { return 0; }
  static inline Acc Add(Acc a, Acc b) { return a + b; }
  static inline Acc Dot(Acc acc, V a, V b) { return acc + a * b; }
  static inline Acc L2(Acc acc, V a, V b) { return acc + (a - b) * (a - b); }
  static inline Acc L1(Acc acc, V a, V b) { return acc + (a < b ? b - a : a - b); }
  static inline Acc CodeDot(Acc acc, V query, V code) { return acc + query * code; }
  static inline Acc CodeL1(Acc acc, V a, V b) { return L1(acc, a, b); }
  static inline int64_t Sum(Acc acc) { return acc; }
  static inline int64_t SumL1(Acc acc) { return acc; }
  static inline int32_t SumNarrow(Acc acc) { return static_cast<int32_t>(acc); }
};

struct Bits {
  using V = uint64_t;
  using Acc = uint64_t;
  static constexpr size_t kStep = 8;
  static inline Acc Zero() { return 0; }
  static inline uint64_t Sum(Acc acc) { return acc; }
  static inline V Load(const uint8_t* from) {
    V bits;
    __builtin_memcpy(&bits, from, sizeof(bits));
    return bits;
  }
  static inline V And(V a, V b) { return a & b; }
  static inline V Or(V a, V b) { return a | b; }
  static inline V Xor(V a, V b) { return a ^ b; }
  static inline Acc AddOnes(Acc acc, V bits) {
    bits -= bits >> 1 & 0x5555555555555555u;
    bits = (bits & 0x3333333333333333u) + (bits >> 2 & 0x3333333333333333u);
    bits = (bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    return acc + (bits * 0x0101010101010101u >> 56);
  }
};

void F32ToF16(const float* from, uint16_t* to, size_t count) {
  for (size_t i = 0; i < count; ++i) to[i] = HalfOfFloat(from[i]);
}
void F16ToF32(const uint16_t* from, float* to, size_t count) {
  for (size_t i = 0; i < count; ++i) to[i] = FloatOfHalf(from[i]);
}

}  // namespace
}  // namespace turdb::compute

#include "compute/cpu/generic_distance.h"

namespace turdb::compute {

const DistanceKernels& ScalarKernels() {
  static constexpr DistanceKernels table = TableOf(InstructionSet::kScalar);
  return table;
}

}  // namespace turdb::compute
