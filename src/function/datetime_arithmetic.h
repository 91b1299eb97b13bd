// Sums and differences on the calendar, as PostgreSQL defines them.
#ifndef TURDB_FUNCTION_DATETIME_ARITHMETIC_H_
#define TURDB_FUNCTION_DATETIME_ARITHMETIC_H_

#include <optional>
#include <string_view>

#include "vec/datetime.h"

namespace turdb::function {

// t + months, then + days, then + microseconds; a day that the month does not have becomes its last.
// nullopt: out of range. Infinite timestamps stay.
std::optional<int64_t> AddInterval(int64_t local_us, const vec::Interval& interval);
// The same on an instant: months and days by the calendar of `zone`, microseconds by the clock.
std::optional<int64_t> AddIntervalTz(int64_t utc_us, const vec::Interval& interval, const absl::TimeZone& zone);
std::optional<vec::Interval> NegateInterval(const vec::Interval& interval);
std::optional<vec::Interval> SumIntervals(const vec::Interval& a, const vec::Interval& b);
// Fractions of months go to days, of days to microseconds.
std::optional<vec::Interval> ScaleInterval(const vec::Interval& interval, double factor, bool divide);
// Whole days and the rest.
vec::Interval DaysAndMicros(int64_t micros);
// Years, months, days and time between two local instants, as a person counts.
vec::Interval Age(int64_t later, int64_t earlier);

// A field of extract, date_part and date_trunc.
enum class DateField : uint8_t {
  kMicroseconds,
  kMilliseconds,
  kSecond,
  kMinute,
  kHour,
  kDay,
  kWeek,
  kMonth,
  kQuarter,
  kYear,
  kDecade,
  kCentury,
  kMillennium,
  kDayOfWeek,
  kIsoDayOfWeek,
  kDayOfYear,
  kIsoYear,
  kEpoch,
  kJulian,
  kTimezone,
  kTimezoneHour,
  kTimezoneMinute,
};
std::optional<DateField> FindDateField(std::string_view name);

}  // namespace turdb::function

#endif  // TURDB_FUNCTION_DATETIME_ARITHMETIC_H_
