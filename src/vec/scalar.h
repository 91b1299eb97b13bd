// The fixed-width values that C++ has no type for, and the map from PhysicalType to C++ types.
#ifndef TURDB_VEC_SCALAR_H_
#define TURDB_VEC_SCALAR_H_

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>

#include "absl/numeric/int128.h"
#include "vec/string_view.h"
#include "vec/type.h"

namespace turdb::vec {

using Int128 = absl::int128;
using UInt128 = absl::uint128;

// Months and days are kept apart from microseconds because their length varies. PostgreSQL's order and
// equality take a month as 30 days and a day as 24 hours: '1 month' = '30 days'.
struct Interval {
  int32_t months = 0;
  int32_t days = 0;
  int64_t micros = 0;

  // The span that comparison and hashing use.
  Int128 SpanMicros() const { return (Int128{months} * 30 + days) * Int128{86'400'000'000} + micros; }
  friend bool operator==(const Interval& a, const Interval& b) { return a.SpanMicros() == b.SpanMicros(); }
  friend std::strong_ordering operator<=>(const Interval& a, const Interval& b) {
    const Int128 x = a.SpanMicros(), y = b.SpanMicros();
    return x < y ? std::strong_ordering::less : x == y ? std::strong_ordering::equal : std::strong_ordering::greater;
  }
  // Field by field, which '1 month' and '30 days' are not.
  bool Identical(const Interval& other) const { return months == other.months && days == other.days && micros == other.micros; }
};
static_assert(sizeof(Interval) == 16);

// In the order of its text form, so memcmp is its order.
struct Uuid {
  std::array<uint8_t, 16> bytes{};
  friend bool operator==(const Uuid&, const Uuid&) = default;
  friend std::strong_ordering operator<=>(const Uuid& a, const Uuid& b) {
    return std::memcmp(a.bytes.data(), b.bytes.data(), 16) <=> 0;
  }
};
static_assert(sizeof(Uuid) == 16);

inline constexpr int64_t kMicrosPerSecond = 1'000'000;
inline constexpr int64_t kMicrosPerMinute = 60 * kMicrosPerSecond;
inline constexpr int64_t kMicrosPerHour = 60 * kMicrosPerMinute;
inline constexpr int64_t kMicrosPerDay = 24 * kMicrosPerHour;
inline constexpr int32_t kDateInfinity = INT32_MAX, kDateMinusInfinity = INT32_MIN;
inline constexpr int64_t kTimestampInfinity = INT64_MAX, kTimestampMinusInfinity = INT64_MIN;

// Calls `f` with a value-initialised object of the C++ type of `physical` (booleans as bool).
// Usage: VisitPhysical(type.physical(), [&](auto tag) { using T = decltype(tag); ... });
template <typename F>
decltype(auto) VisitPhysical(PhysicalType physical, F&& f) {
  switch (physical) {
    case PhysicalType::kBool:
      return f(bool{});
    case PhysicalType::kInt8:
      return f(int8_t{});
    case PhysicalType::kInt16:
      return f(int16_t{});
    case PhysicalType::kInt32:
      return f(int32_t{});
    case PhysicalType::kInt64:
      return f(int64_t{});
    case PhysicalType::kInt128:
      return f(Int128{});
    case PhysicalType::kUInt8:
      return f(uint8_t{});
    case PhysicalType::kUInt16:
      return f(uint16_t{});
    case PhysicalType::kUInt32:
      return f(uint32_t{});
    case PhysicalType::kUInt64:
      return f(uint64_t{});
    case PhysicalType::kFloat:
      return f(float{});
    case PhysicalType::kDouble:
      return f(double{});
    case PhysicalType::kInterval:
      return f(Interval{});
    case PhysicalType::kUuid:
      return f(Uuid{});
    case PhysicalType::kString:
      break;
  }
  return f(StringView{});
}

}  // namespace turdb::vec

#endif  // TURDB_VEC_SCALAR_H_
