// Folding a dense array to one number. Plain loops that the compiler vectorises; an optional bitmap says which
// values count (bit set = counts, least significant first).
#ifndef TURDB_COMPUTE_AGGREGATE_H_
#define TURDB_COMPUTE_AGGREGATE_H_

#include <cstddef>
#include <cstdint>

namespace turdb::compute {

// Bits set among the first `count`.
size_t CountBits(const uint64_t* bits, size_t count);

// The sum of values of at most 32 bits. REQUIRES: count < 2^31, so that 64 bits are enough.
template <typename T>
int64_t SumNarrow(const T* values, const uint64_t* valid, size_t count) {
  static_assert(sizeof(T) <= 4);
  int64_t sum = 0;
  if (valid == nullptr) {
    for (size_t i = 0; i < count; ++i) sum += values[i];
    return sum;
  }
  for (size_t i = 0; i < count; ++i) {
    const int64_t mask = -static_cast<int64_t>((valid[i >> 6] >> (i & 63)) & 1);
    sum += int64_t{values[i]} & mask;
  }
  return sum;
}

// The sum of 64-bit integers as high * 2^32 + low, which no array in memory can overflow: the halves of the
// values are summed apart.
struct SplitSum {
  int64_t high = 0;  // in units of 2^32
  uint64_t low = 0;
};
inline SplitSum SumWide(const int64_t* values, const uint64_t* valid, size_t count) {
  SplitSum sum;
  if (valid == nullptr) {
    for (size_t i = 0; i < count; ++i) {
      sum.high += values[i] >> 32;
      sum.low += static_cast<uint64_t>(values[i]) & 0xffffffffu;
    }
    return sum;
  }
  for (size_t i = 0; i < count; ++i) {
    const int64_t value = values[i] & -static_cast<int64_t>((valid[i >> 6] >> (i & 63)) & 1);
    sum.high += value >> 32;
    sum.low += static_cast<uint64_t>(value) & 0xffffffffu;
  }
  return sum;
}

// The least (greatest) of `count` > 0 integers.
template <typename T>
T Least(const T* values, size_t count) {
  T best = values[0];
  for (size_t i = 1; i < count; ++i) best = values[i] < best ? values[i] : best;
  return best;
}
template <typename T>
T Greatest(const T* values, size_t count) {
  T best = values[0];
  for (size_t i = 1; i < count; ++i) best = values[i] > best ? values[i] : best;
  return best;
}

}  // namespace turdb::compute

#endif  // TURDB_COMPUTE_AGGREGATE_H_
