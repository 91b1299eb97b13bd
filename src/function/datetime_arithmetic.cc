#include "function/datetime_arithmetic.h"

#include <cmath>

#include "absl/strings/ascii.h"

namespace turdb::function {

using vec::CivilDate;
using vec::Interval;
using vec::kMicrosPerDay;

namespace {

bool AddMonths(int64_t* days, int32_t months) {
  const CivilDate date = vec::CivilFromDays(*days);
  const int64_t month_number = date.year * 12 + (date.month - 1) + months;
  const int64_t year = month_number >= 0 ? month_number / 12 : -((11 - month_number) / 12);
  const int month = static_cast<int>(month_number - year * 12) + 1;
  if (year < -5000 || year > 6'000'000) return false;
  *days = vec::DaysFromCivil(year, month, std::min(date.day, vec::DaysInMonth(year, month)));
  return true;
}

std::optional<int64_t> Checked(int64_t days, int64_t micros) {
  int64_t result;
  if (__builtin_mul_overflow(days, kMicrosPerDay, &result) || __builtin_add_overflow(result, micros, &result) ||
      !vec::IsTimestampInRange(result)) {
    return std::nullopt;
  }
  return result;
}

std::optional<int64_t> AddCalendar(int64_t t, int32_t months, int32_t add_days) {
  int64_t days, micros;
  vec::SplitTimestamp(t, &days, &micros);
  if (months != 0 && !AddMonths(&days, months)) return std::nullopt;
  return Checked(days + add_days, micros);
}

}  // namespace

std::optional<int64_t> AddInterval(int64_t t, const Interval& interval) {
  if (!vec::IsFiniteTimestamp(t)) return t;
  const std::optional<int64_t> moved = AddCalendar(t, interval.months, interval.days);
  int64_t result;
  if (!moved || __builtin_add_overflow(*moved, interval.micros, &result) || !vec::IsTimestampInRange(result)) {
    return std::nullopt;
  }
  return result;
}

std::optional<int64_t> AddIntervalTz(int64_t t, const Interval& interval, const absl::TimeZone& zone) {
  if (!vec::IsFiniteTimestamp(t)) return t;
  if (interval.months != 0 || interval.days != 0) {
    const std::optional<int64_t> local = AddCalendar(vec::UtcToLocal(t, zone), interval.months, interval.days);
    if (!local) return std::nullopt;
    t = vec::LocalToUtc(*local, zone);
  }
  int64_t result;
  if (__builtin_add_overflow(t, interval.micros, &result) || !vec::IsTimestampInRange(result)) return std::nullopt;
  return result;
}

std::optional<Interval> NegateInterval(const Interval& a) {
  if (a.months == INT32_MIN || a.days == INT32_MIN || a.micros == INT64_MIN) return std::nullopt;
  return Interval{-a.months, -a.days, -a.micros};
}

std::optional<Interval> SumIntervals(const Interval& a, const Interval& b) {
  Interval sum;
  if (__builtin_add_overflow(a.months, b.months, &sum.months) || __builtin_add_overflow(a.days, b.days, &sum.days) ||
      __builtin_add_overflow(a.micros, b.micros, &sum.micros)) {
    return std::nullopt;
  }
  return sum;
}

std::optional<Interval> ScaleInterval(const Interval& interval, double factor, bool divide) {
  const auto scaled = [&](double v) { return divide ? v / factor : v * factor; };
  const auto round_micros = [](double v) { return std::rint(v * 1e6) / 1e6; };
  const double months = scaled(interval.months), days = scaled(interval.days);
  if (std::isnan(months) || std::abs(months) > INT32_MAX || std::isnan(days) || std::abs(days) > INT32_MAX) {
    return std::nullopt;
  }
  Interval result;
  result.months = static_cast<int32_t>(months);
  result.days = static_cast<int32_t>(days);
  const double month_days = round_micros((months - result.months) * 30);
  double seconds = round_micros((days - result.days + month_days - std::trunc(month_days)) * 86400);
  if (std::abs(seconds) >= 86400) {
    const auto extra = static_cast<int32_t>(seconds / 86400);
    if (__builtin_add_overflow(result.days, extra, &result.days)) return std::nullopt;
    seconds -= extra * 86400.0;
  }
  if (__builtin_add_overflow(result.days, static_cast<int32_t>(month_days), &result.days)) return std::nullopt;
  const double micros = std::rint(scaled(static_cast<double>(interval.micros)) + seconds * 1e6);
  if (!(std::abs(micros) < 9.223372036854775e18)) return std::nullopt;
  result.micros = static_cast<int64_t>(micros);
  return result;
}

Interval DaysAndMicros(int64_t micros) {
  return Interval{0, static_cast<int32_t>(micros / kMicrosPerDay), micros % kMicrosPerDay};
}

Interval Age(int64_t later, int64_t earlier) {
  const bool negative = later < earlier;
  if (negative) std::swap(later, earlier);
  int64_t days_a, micros_a, days_b, micros_b;
  vec::SplitTimestamp(later, &days_a, &micros_a);
  vec::SplitTimestamp(earlier, &days_b, &micros_b);
  const CivilDate a = vec::CivilFromDays(days_a), b = vec::CivilFromDays(days_b);
  int64_t micros = micros_a - micros_b;
  int64_t days = a.day - b.day;
  int64_t months = (a.year - b.year) * 12 + (a.month - b.month);
  if (micros < 0) {
    micros += kMicrosPerDay;
    --days;
  }
  if (days < 0) {
    days += vec::DaysInMonth(b.year, b.month);  // a month is borrowed at the length of the earlier instant's
    --months;
  }
  Interval result{static_cast<int32_t>(months), static_cast<int32_t>(days), micros};
  return negative ? Interval{-result.months, -result.days, -result.micros} : result;
}

std::optional<DateField> FindDateField(std::string_view given) {
  struct Name {
    std::string_view name;
    DateField field;
  };
  constexpr Name kNames[] = {{"microseconds", DateField::kMicroseconds},
                             {"microsecond", DateField::kMicroseconds},
                             {"us", DateField::kMicroseconds},
                             {"milliseconds", DateField::kMilliseconds},
                             {"millisecond", DateField::kMilliseconds},
                             {"ms", DateField::kMilliseconds},
                             {"second", DateField::kSecond},
                             {"seconds", DateField::kSecond},
                             {"sec", DateField::kSecond},
                             {"secs", DateField::kSecond},
                             {"s", DateField::kSecond},
                             {"minute", DateField::kMinute},
                             {"minutes", DateField::kMinute},
                             {"min", DateField::kMinute},
                             {"mins", DateField::kMinute},
                             {"m", DateField::kMinute},
                             {"hour", DateField::kHour},
                             {"hours", DateField::kHour},
                             {"hr", DateField::kHour},
                             {"hrs", DateField::kHour},
                             {"h", DateField::kHour},
                             {"day", DateField::kDay},
                             {"days", DateField::kDay},
                             {"d", DateField::kDay},
                             {"week", DateField::kWeek},
                             {"weeks", DateField::kWeek},
                             {"w", DateField::kWeek},
                             {"month", DateField::kMonth},
                             {"months", DateField::kMonth},
                             {"mon", DateField::kMonth},
                             {"mons", DateField::kMonth},
                             {"quarter", DateField::kQuarter},
                             {"qtr", DateField::kQuarter},
                             {"year", DateField::kYear},
                             {"years", DateField::kYear},
                             {"yr", DateField::kYear},
                             {"yrs", DateField::kYear},
                             {"y", DateField::kYear},
                             {"decade", DateField::kDecade},
                             {"decades", DateField::kDecade},
                             {"century", DateField::kCentury},
                             {"centuries", DateField::kCentury},
                             {"c", DateField::kCentury},
                             {"millennium", DateField::kMillennium},
                             {"millennia", DateField::kMillennium},
                             {"mil", DateField::kMillennium},
                             {"dow", DateField::kDayOfWeek},
                             {"isodow", DateField::kIsoDayOfWeek},
                             {"doy", DateField::kDayOfYear},
                             {"isoyear", DateField::kIsoYear},
                             {"epoch", DateField::kEpoch},
                             {"julian", DateField::kJulian},
                             {"timezone", DateField::kTimezone},
                             {"timezone_hour", DateField::kTimezoneHour},
                             {"timezone_minute", DateField::kTimezoneMinute}};
  const std::string name = absl::AsciiStrToLower(given);
  for (const Name& candidate : kNames) {
    if (candidate.name == name) return candidate.field;
  }
  return std::nullopt;
}

}  // namespace turdb::function
