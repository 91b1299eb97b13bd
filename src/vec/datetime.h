// Dates, times and intervals: the calendar, zones, and their text forms (PostgreSQL's, DateStyle ISO, MDY;
// IntervalStyle postgres). The calendar is the proleptic Gregorian one; years here are astronomical (1 BC
// is 0). Instants are int64 microseconds since 1970-01-01 00:00, dates int32 days.
#ifndef TURDB_VEC_DATETIME_H_
#define TURDB_VEC_DATETIME_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "vec/scalar.h"
#include "vec/text_context.h"

namespace turdb::vec {

struct CivilDate {
  int64_t year = 1970;
  int month = 1;  // 1..12
  int day = 1;    // 1..31
};
struct CivilTime {
  int hour = 0, minute = 0, second = 0, micro = 0;
};

// What may be stored: PostgreSQL's limits, but that timestamps end at 294247-01-10 (PostgreSQL: 294276), because
// Arrow counts from 1970 and PostgreSQL from 2000.
inline constexpr int32_t kMinDate = -2'440'588;     // 4714-11-24 BC, Julian day 0
inline constexpr int32_t kMaxDate = 2'145'042'905;  // 5874897-12-31
inline constexpr int64_t kMinTimestamp = int64_t{kMinDate} * kMicrosPerDay;
inline constexpr int64_t kMaxTimestamp = INT64_MAX - 1;

constexpr bool IsFiniteDate(int32_t date) { return date != kDateInfinity && date != kDateMinusInfinity; }
constexpr bool IsFiniteTimestamp(int64_t t) { return t != kTimestampInfinity && t != kTimestampMinusInfinity; }
constexpr bool IsTimestampInRange(int64_t t) { return t >= kMinTimestamp && t <= kMaxTimestamp; }

int64_t DaysFromCivil(int64_t year, int month, int day);
CivilDate CivilFromDays(int64_t days);
constexpr bool IsLeapYear(int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }
int DaysInMonth(int64_t year, int month);
CivilTime CivilFromMicros(int64_t micros_of_day);
// Splits an instant into days and microseconds of the day (never negative).
constexpr void SplitTimestamp(int64_t t, int64_t* days, int64_t* micros) {
  *days = t / kMicrosPerDay;
  *micros = t % kMicrosPerDay;
  if (*micros < 0) {
    *micros += kMicrosPerDay;
    --*days;
  }
}
// Monday is 1, Sunday 7.
int IsoDayOfWeek(int64_t days);
// The ISO week of a date and the year that week belongs to.
int IsoWeek(int64_t days, int64_t* iso_year);
// Rounded half away from zero to `precision` digits of a second.
int64_t RoundMicros(int64_t micros, int precision);

// ---- zones
// Seconds east of Greenwich at a UTC instant.
int ZoneOffsetSeconds(int64_t utc_us, const absl::TimeZone& zone);
std::string ZoneAbbreviation(int64_t utc_us, const absl::TimeZone& zone);
// A local time that does not exist is read with the offset before the gap; one that exists twice is the later.
int64_t LocalToUtc(int64_t local_us, const absl::TimeZone& zone);
int64_t UtcToLocal(int64_t utc_us, const absl::TimeZone& zone);
// An IANA name, an abbreviation, or a fixed offset. In a zone name alone ("+05:30", "UTC+3") positive is
// west, by POSIX; inside a timestamp positive is east.
std::optional<absl::TimeZone> FindZone(std::string_view name);

// ---- text
enum class ParseOutcome : uint8_t {
  kOk,
  kSyntax,       // 22007 invalid input syntax
  kFieldRange,   // 22008 date/time field value out of range
  kDateStyle,    // the same, with the hint about datestyle
  kOutOfRange,   // 22008 timestamp out of range
  kUnknownZone,  // 22023 time zone "..." not recognized
  kZoneRange,    // 22009 time zone displacement out of range
  kNoClock,      // 'now' where no statement runs
};
ParseOutcome ParseDate(std::string_view text, const TextContext& context, int32_t* date);
ParseOutcome ParseTime(std::string_view text, const TextContext& context, int64_t* micros);
ParseOutcome ParseTimestamp(std::string_view text, const TextContext& context, int64_t* local_us);
ParseOutcome ParseTimestampTz(std::string_view text, const TextContext& context, int64_t* utc_us);
ParseOutcome ParseInterval(std::string_view text, Interval* interval);

void AppendDate(int32_t date, std::string* out);
void AppendTime(int64_t micros, std::string* out);
void AppendTimestamp(int64_t local_us, std::string* out);
void AppendTimestampTz(int64_t utc_us, const absl::TimeZone& zone, std::string* out);
void AppendInterval(const Interval& interval, std::string* out);

}  // namespace turdb::vec

#endif  // TURDB_VEC_DATETIME_H_
