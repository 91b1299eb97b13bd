// Order, equality and hashes of single values inside vectors. PostgreSQL's order: NaN is the greatest
// number and equals itself, 0.0 equals -0.0, strings as the type's collation says (collation.h), character(n)
// without its trailing blanks. Columns at a time are compute's and function's business; this is for keys met one by one.
#ifndef TURDB_VEC_COMPARE_H_
#define TURDB_VEC_COMPARE_H_

#include <cstdint>

#include "vec/vector.h"

namespace turdb::vec {

// Three-way for doubles and floats with NaN greatest.
template <typename T>
constexpr int CompareFloat(T a, T b) {
  if (a < b) return -1;
  if (a > b) return 1;
  if (a == b) return 0;
  const bool nan_a = a != a, nan_b = b != b;
  return nan_a == nan_b ? 0 : nan_a ? 1 : -1;
}

// Two present values of one type, each where a vector of that type keeps it.
int CompareSlots(Type type, const void* a, const void* b);
bool EqualSlots(Type type, const void* a, const void* b);
// Equal values of one type hash alike.
uint64_t HashSlot(Type type, const void* slot);
inline constexpr uint64_t kNullHash = 0x9ae16a3b2f90404full;

// Row i of `a` against row j of `b`, same type. NULLs equal each other and come last.
int CompareRows(const Vector& a, size_t i, const Vector& b, size_t j);

// The finaliser of MurmurHash3.
inline uint64_t MixHash(uint64_t x) {
  x ^= x >> 33;
  x *= 0xff51afd7ed558ccdull;
  x ^= x >> 33;
  x *= 0xc4ceb9fe1a85ec53ull;
  x ^= x >> 33;
  return x;
}
uint64_t HashBytes(const void* data, size_t size);
inline uint64_t CombineHash(uint64_t seed, uint64_t hash) { return MixHash(seed * 0x9e3779b97f4a7c15ull + hash); }
// Of text; a short one is hashed as the view's own words, whose padding is zero.
inline uint64_t HashText(const StringView& text) {
  return text.is_inlined() ? CombineHash(text.head(), text.tail()) : HashBytes(text.data(), text.size());
}

}  // namespace turdb::vec

#endif  // TURDB_VEC_COMPARE_H_
