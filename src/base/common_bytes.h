// How many bytes two byte ranges have in common at their begins and at their ends, a word at a time.
#ifndef TURDB_BASE_COMMON_BYTES_H_
#define TURDB_BASE_COMMON_BYTES_H_

#include <algorithm>
#include <bit>

#include "base/bytes.h"

namespace turdb::base {

inline size_t CommonPrefixBytes(Bytes a, Bytes b) {
  const size_t limit = std::min(a.size(), b.size());
  size_t n = 0;
  for (; n + 8 <= limit; n += 8) {
    const uint64_t differs = LoadLE<uint64_t>(a.data() + n) ^ LoadLE<uint64_t>(b.data() + n);
    if (differs != 0) return n + static_cast<size_t>(std::countr_zero(differs)) / 8;
  }
  while (n < limit && a[n] == b[n]) ++n;
  return n;
}

inline size_t CommonSuffixBytes(Bytes a, Bytes b) {
  const size_t limit = std::min(a.size(), b.size());
  const std::byte* const a_end = a.data() + a.size();
  const std::byte* const b_end = b.data() + b.size();
  size_t n = 0;
  for (; n + 8 <= limit; n += 8) {
    const uint64_t differs = LoadLE<uint64_t>(a_end - n - 8) ^ LoadLE<uint64_t>(b_end - n - 8);
    if (differs != 0) return n + static_cast<size_t>(std::countl_zero(differs)) / 8;
  }
  while (n < limit && a_end[-1 - static_cast<ptrdiff_t>(n)] == b_end[-1 - static_cast<ptrdiff_t>(n)]) ++n;
  return n;
}

}  // namespace turdb::base

#endif  // TURDB_BASE_COMMON_BYTES_H_
