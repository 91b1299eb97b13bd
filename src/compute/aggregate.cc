#include "compute/aggregate.h"

#include <bit>

namespace turdb::compute {

size_t CountBits(const uint64_t* bits, size_t count) {
  size_t total = 0;
  size_t i = 0;
  for (; i + 64 <= count; i += 64) total += static_cast<size_t>(std::popcount(bits[i >> 6]));
  if (i < count) total += static_cast<size_t>(std::popcount(bits[i >> 6] & ((uint64_t{1} << (count - i)) - 1)));
  return total;
}

}  // namespace turdb::compute
