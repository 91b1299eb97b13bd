// binary16 <-> binary32 in integer arithmetic, with the results of F16C. In an unnamed namespace: each unit has its own.
#include <cstddef>
#include <cstdint>

namespace turdb::compute {
namespace {

[[maybe_unused]] inline float FloatOfHalf(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16;
  const uint32_t rest = half & 0x7fffu;
  uint32_t bits;
  if (rest >= 0x7c00u) {
    bits = sign | 0x7f800000u | (rest & 0x3ffu) << 13;
    if ((rest & 0x3ffu) != 0) bits |= 0x400000u;  // a quiet NaN
  } else if (rest >= 0x400u) {
    bits = sign | ((rest << 13) + (112u << 23));
  } else {
    // A multiple of 2^-24: exact, and no denormal as a float.
    const float magnitude = static_cast<float>(static_cast<int32_t>(rest)) * 0x1p-24f;
    __builtin_memcpy(&bits, &magnitude, sizeof(bits));
    bits |= sign;
  }
  float value;
  __builtin_memcpy(&value, &bits, sizeof(value));
  return value;
}

[[maybe_unused]] inline uint16_t HalfOfFloat(float value) {
  uint32_t bits;
  __builtin_memcpy(&bits, &value, sizeof(bits));
  const uint32_t sign = bits >> 16 & 0x8000u;
  const uint32_t rest = bits & 0x7fffffffu;
  if (rest > 0x7f800000u) return static_cast<uint16_t>(sign | 0x7e00u | (rest >> 13 & 0x3ffu));
  if (rest >= 0x477ff000u) return static_cast<uint16_t>(sign | 0x7c00u);  // from 65,520: rounds to infinity
  if (rest >= 0x38800000u) {                                              // at least 2^-14
    const uint32_t odd = rest >> 13 & 1u;
    return static_cast<uint16_t>(sign | (rest - (112u << 23) + 0xfffu + odd) >> 13);
  }
  if (rest < 0x33000000u) return static_cast<uint16_t>(sign);  // below 2^-25
  // A multiple of 2^-24: the addition rounds it, to even when it lies in the middle.
  float magnitude;
  __builtin_memcpy(&magnitude, &rest, sizeof(magnitude));
  magnitude += 0.5f;
  uint32_t rounded;
  __builtin_memcpy(&rounded, &magnitude, sizeof(rounded));
  return static_cast<uint16_t>(sign | (rounded - 0x3f000000u));
}

}  // namespace
}  // namespace turdb::compute
