// A running sum of numerics that fits an aggregate's state: 128 bits at one scale while that is enough, any
// number of digits in the arena from then on.
#ifndef TURDB_FUNCTION_NUMERIC_SUM_H_
#define TURDB_FUNCTION_NUMERIC_SUM_H_

#include <cstring>
#include <string>

#include "base/arena.h"
#include "vec/numeric.h"

namespace turdb::function {

// Trivially copyable; the bytes in the arena belong to one copy. Zero bytes are a valid empty sum.
struct NumericSum {
  vec::Int128 small;  // at small_scale
  char* bytes;        // the part that did not fit, as Numeric's bytes; null when there is none
  uint32_t size;
  uint32_t capacity;
  int32_t small_scale;

  void Add(const vec::Numeric& value, base::Arena* arena) {
    if (!AddSmall(value)) AddLarge(value, arena);
  }
  vec::Numeric Value() const {
    const vec::Numeric part(small, small_scale);
    return bytes == nullptr ? part : part + vec::Numeric::FromBytes({bytes, size});
  }

 private:
  bool AddSmall(const vec::Numeric& value) {
    if (!value.is_finite()) return false;
    if (value.scale() > small_scale) {
      if (small != 0) {
        const auto scaled = vec::Numeric(small, small_scale).ToDecimal(37, value.scale());
        if (!scaled) return false;
        small = *scaled;
      }
      small_scale = value.scale();
    }
    const auto scaled = value.ToDecimal(37, small_scale);
    if (!scaled) return false;
    const vec::Int128 sum = small + *scaled;  // below 2 * 10^37: no overflow
    static const vec::Int128 limit = static_cast<vec::Int128>(vec::Power10(37));
    if (sum >= limit || sum <= -limit) return false;
    small = sum;
    return true;
  }
  void AddLarge(const vec::Numeric& value, base::Arena* arena) {
    vec::Numeric total = vec::Numeric(small, small_scale) + value;
    if (bytes != nullptr) total = total + vec::Numeric::FromBytes({bytes, size});
    small = 0;
    const std::string encoded = total.ToBytes();
    if (encoded.size() > capacity) {
      capacity = static_cast<uint32_t>(encoded.size() * 2);
      bytes = static_cast<char*>(arena->Allocate(capacity, 1));
    }
    size = static_cast<uint32_t>(encoded.size());
    std::memcpy(bytes, encoded.data(), encoded.size());
  }
};

}  // namespace turdb::function

#endif  // TURDB_FUNCTION_NUMERIC_SUM_H_
