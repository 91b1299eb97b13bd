// NEON, which every 64-bit ARM has. Multiply-and-add instructions on floats round once and are not used.
#include <arm_neon.h>

#include "compute/cpu/half.h"
#include "compute/cpu/tables.h"

namespace turdb::compute {
namespace {

struct Floats {
  using V = float32x4_t;
  static constexpr size_t kWidth = 4;
  static constexpr size_t kRows = 2;
  static inline V Zero() { return vdupq_n_f32(0); }
  static inline V Load(const float* from) { return vld1q_f32(from); }
  static inline V Load(const uint16_t* from) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(from))); }
  template <class Element>
  static inline V LoadPart(const Element* from, size_t count) {
    alignas(16) Element part[kWidth] = {};
    for (size_t i = 0; i < count; ++i) part[i] = from[i];
    return Load(part);
  }
  static inline V Add(V a, V b) { return vaddq_f32(a, b); }
  static inline V Sub(V a, V b) { return vsubq_f32(a, b); }
  static inline V Mul(V a, V b) { return vmulq_f32(a, b); }
  static inline V Abs(V a) { return vabsq_f32(a); }
  static inline V Min(V a, V b) { return vminq_f32(a, b); }
  static inline V Max(V a, V b) { return vmaxq_f32(a, b); }
  static inline float Sum(V a) {
    const float32x2_t two = vadd_f32(vget_low_f32(a), vget_high_f32(a));
    return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
  }
  static inline float Least(V a) { return vminvq_f32(a); }
  static inline float Greatest(V a) { return vmaxvq_f32(a); }
};

struct Bytes {
  using V = uint8x16_t;
  using Acc = int32x4_t;
  static constexpr size_t kStep = 16;
  static constexpr size_t kAtOnce = 2;
  static inline V Load(const void* from) { return vld1q_u8(static_cast<const uint8_t*>(from)); }
  static inline V LoadPart(const void* from, size_t count) {
    alignas(16) uint8_t part[kStep] = {};
    for (size_t i = 0; i < count; ++i) part[i] = static_cast<const uint8_t*>(from)[i];
    return Load(part);
  }
  static inline Acc Zero() { return vdupq_n_s32(0); }
  static inline Acc Add(Acc a, Acc b) { return vaddq_s32(a, b); }
  static inline Acc Dot(Acc acc, V a, V b) {
    const int8x16_t x = vreinterpretq_s8_u8(a);
    const int8x16_t y = vreinterpretq_s8_u8(b);
    acc = vpadalq_s16(acc, vmull_s8(vget_low_s8(x), vget_low_s8(y)));
    return vpadalq_s16(acc, vmull_high_s8(x, y));
  }
  static inline Acc AddUnsigned(Acc acc, uint16x8_t products) {
    return vreinterpretq_s32_u32(vpadalq_u16(vreinterpretq_u32_s32(acc), products));
  }
  static inline Acc L2(Acc acc, V a, V b) {
    const uint8x16_t d = vreinterpretq_u8_s8(vabdq_s8(vreinterpretq_s8_u8(a), vreinterpretq_s8_u8(b)));
    acc = AddUnsigned(acc, vmull_u8(vget_low_u8(d), vget_low_u8(d)));
    return AddUnsigned(acc, vmull_high_u8(d, d));
  }
  static inline Acc L1(Acc acc, V a, V b) {
    const int8x16_t d = vabdq_s8(vreinterpretq_s8_u8(a), vreinterpretq_s8_u8(b));
    return AddUnsigned(acc, vpaddlq_u8(vreinterpretq_u8_s8(d)));
  }
  static inline Acc CodeDot(Acc acc, V query, V code) {
    const int8x16_t q = vreinterpretq_s8_u8(query);
    const int16x8_t low = vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(code)));
    const int16x8_t high = vreinterpretq_s16_u16(vmovl_high_u8(code));
    const int16x8_t query_low = vmovl_s8(vget_low_s8(q));
    const int16x8_t query_high = vmovl_high_s8(q);
    acc = vmlal_s16(acc, vget_low_s16(query_low), vget_low_s16(low));
    acc = vmlal_high_s16(acc, query_low, low);
    acc = vmlal_s16(acc, vget_low_s16(query_high), vget_low_s16(high));
    return vmlal_high_s16(acc, query_high, high);
  }
  static inline Acc CodeL1(Acc acc, V a, V b) { return AddUnsigned(acc, vpaddlq_u8(vabdq_u8(a, b))); }
  static inline int64_t Sum(Acc acc) { return vaddlvq_s32(acc); }
  static inline int64_t SumL1(Acc acc) { return vaddlvq_s32(acc); }
  static inline int32_t SumNarrow(Acc acc) { return vaddvq_s32(acc); }
};

struct Bits {
  using V = uint8x16_t;
  using Acc = uint64x2_t;
  static constexpr size_t kStep = 16;
  static inline V Load(const uint8_t* from) { return vld1q_u8(from); }
  static inline V And(V a, V b) { return vandq_u8(a, b); }
  static inline V Or(V a, V b) { return vorrq_u8(a, b); }
  static inline V Xor(V a, V b) { return veorq_u8(a, b); }
  static inline Acc Zero() { return vdupq_n_u64(0); }
  static inline Acc AddOnes(Acc acc, V bits) { return vpadalq_u32(acc, vpaddlq_u16(vpaddlq_u8(vcntq_u8(bits)))); }
  static inline uint64_t Sum(Acc acc) { return vaddvq_u64(acc); }
};

void F32ToF16(const float* from, uint16_t* to, size_t count) {
  size_t i = 0;
  for (; i + 4 <= count; i += 4) vst1_u16(to + i, vreinterpret_u16_f16(vcvt_f16_f32(vld1q_f32(from + i))));
  for (; i < count; ++i) to[i] = HalfOfFloat(from[i]);
}
void F16ToF32(const uint16_t* from, float* to, size_t count) {
  size_t i = 0;
  for (; i + 4 <= count; i += 4) vst1q_f32(to + i, Floats::Load(from + i));
  for (; i < count; ++i) to[i] = FloatOfHalf(from[i]);
}

}  // namespace
}  // namespace turdb::compute

#include "compute/cpu/generic_distance.h"

namespace turdb::compute {

const DistanceKernels& NeonKernels() {
  static constexpr DistanceKernels table = TableOf(InstructionSet::kNeon);
  return table;
}

}  // namespace turdb::compute
