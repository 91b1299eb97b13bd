#include "vec/datetime.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/format.h"

namespace turdb::vec {
namespace {

struct Abbreviation {
  std::string_view name;  // lower case
  int offset_seconds;
};
// Those of PostgreSQL's default set that people write; the rest are found as IANA names.
constexpr Abbreviation kAbbreviations[] = {
    {"utc", 0},          {"gmt", 0},          {"z", 0},           {"zulu", 0},         {"ut", 0},           {"wet", 0},
    {"west", 3600},      {"bst", 3600},       {"cet", 3600},      {"met", 3600},       {"cest", 7200},      {"mest", 7200},
    {"eet", 7200},       {"eest", 10800},     {"msk", 10800},     {"est", -5 * 3600},  {"edt", -4 * 3600},  {"cst", -6 * 3600},
    {"cdt", -5 * 3600},  {"mst", -7 * 3600},  {"mdt", -6 * 3600}, {"pst", -8 * 3600},  {"pdt", -7 * 3600},  {"akst", -9 * 3600},
    {"akdt", -8 * 3600}, {"hst", -10 * 3600}, {"jst", 9 * 3600},  {"kst", 9 * 3600},   {"aest", 10 * 3600}, {"aedt", 11 * 3600},
    {"acst", 34200},     {"acdt", 37800},     {"awst", 28800},    {"nzst", 12 * 3600}, {"nzdt", 13 * 3600}, {"sast", 7200},
    {"ist", 7200},       {"idt", 10800},      {"ast", -4 * 3600}, {"adt", -3 * 3600},
};

absl::Time ToAbsl(int64_t utc_us) { return absl::FromUnixMicros(utc_us); }

void AppendFraction(int micro, std::string* out) {
  if (micro == 0) return;
  char digits[8];
  absl::SNPrintF(digits, sizeof(digits), ".%06d", micro);
  std::string_view text(digits, 7);
  while (text.back() == '0') text.remove_suffix(1);
  out->append(text);
}

void AppendTwo(int value, std::string* out) {
  out->push_back(static_cast<char>('0' + value / 10));
  out->push_back(static_cast<char>('0' + value % 10));
}

// The date without its era; true when " BC" is to follow.
bool AppendDateBody(int64_t days, std::string* out) {
  const CivilDate civil = CivilFromDays(days);
  const bool before_christ = civil.year <= 0;
  const int64_t year = before_christ ? 1 - civil.year : civil.year;
  if (year < 10000) {
    AppendTwo(static_cast<int>(year / 100), out);
    AppendTwo(static_cast<int>(year % 100), out);
  } else {
    absl::StrAppend(out, year);
  }
  out->push_back('-');
  AppendTwo(civil.month, out);
  out->push_back('-');
  AppendTwo(civil.day, out);
  return before_christ;
}

bool AppendTimestampBody(int64_t local_us, std::string* out) {
  int64_t days, micros;
  SplitTimestamp(local_us, &days, &micros);
  const bool before_christ = AppendDateBody(days, out);
  out->push_back(' ');
  AppendTime(micros, out);
  return before_christ;
}

bool AppendSpecialTimestamp(int64_t t, std::string* out) {
  if (IsFiniteTimestamp(t)) return false;
  out->append(t > 0 ? "infinity" : "-infinity");
  return true;
}

}  // namespace

// Howard Hinnant's days_from_civil and civil_from_days.
int64_t DaysFromCivil(int64_t year, int month, int day) {
  year -= month <= 2;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

CivilDate CivilFromDays(int64_t days) {
  days += 719468;
  const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const int64_t day_of_era = days - era * 146097;
  const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_part = (5 * day_of_year + 2) / 153;
  CivilDate civil;
  civil.day = static_cast<int>(day_of_year - (153 * month_part + 2) / 5 + 1);
  civil.month = static_cast<int>(month_part < 10 ? month_part + 3 : month_part - 9);
  civil.year = year_of_era + era * 400 + (civil.month <= 2);
  return civil;
}

int DaysInMonth(int64_t year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && IsLeapYear(year) ? 29 : kDays[month - 1];
}

CivilTime CivilFromMicros(int64_t micros) {
  CivilTime civil;
  civil.hour = static_cast<int>(micros / kMicrosPerHour);
  civil.minute = static_cast<int>(micros / kMicrosPerMinute % 60);
  civil.second = static_cast<int>(micros / kMicrosPerSecond % 60);
  civil.micro = static_cast<int>(micros % kMicrosPerSecond);
  return civil;
}

int IsoDayOfWeek(int64_t days) {
  const int64_t from_thursday = days % 7;  // 1970-01-01 was a Thursday
  return static_cast<int>((from_thursday + 7 + 3) % 7) + 1;
}

int IsoWeek(int64_t days, int64_t* iso_year) {
  const int64_t thursday = days - IsoDayOfWeek(days) + 4;  // a week belongs to the year of its Thursday
  *iso_year = CivilFromDays(thursday).year;
  return static_cast<int>((thursday - DaysFromCivil(*iso_year, 1, 1)) / 7) + 1;
}

int64_t RoundMicros(int64_t micros, int precision) {
  if (precision >= kMaxTimePrecision) return micros;
  int64_t unit = 1;
  for (int i = precision; i < kMaxTimePrecision; ++i) unit *= 10;
  const int64_t half = unit / 2;
  const int64_t rest = micros % unit;
  if (rest >= half) return micros - rest + unit;
  if (rest <= -half) return micros - rest - unit;
  return micros - rest;
}

int ZoneOffsetSeconds(int64_t utc_us, const absl::TimeZone& zone) { return zone.At(ToAbsl(utc_us)).offset; }

std::string ZoneAbbreviation(int64_t utc_us, const absl::TimeZone& zone) { return zone.At(ToAbsl(utc_us)).zone_abbr; }

int64_t LocalToUtc(int64_t local_us, const absl::TimeZone& zone) {
  if (!IsFiniteTimestamp(local_us)) return local_us;
  int64_t days, micros;
  SplitTimestamp(local_us, &days, &micros);
  const CivilDate date = CivilFromDays(days);
  const CivilTime time = CivilFromMicros(micros);
  const absl::TimeZone::TimeInfo info =
      zone.At(absl::CivilSecond(date.year, date.month, date.day, time.hour, time.minute, time.second));
  const absl::Time instant = info.kind == absl::TimeZone::TimeInfo::REPEATED ? info.post : info.pre;
  return absl::ToUnixSeconds(instant) * kMicrosPerSecond + time.micro;
}

int64_t UtcToLocal(int64_t utc_us, const absl::TimeZone& zone) {
  if (!IsFiniteTimestamp(utc_us)) return utc_us;
  int64_t local;
  if (__builtin_add_overflow(utc_us, ZoneOffsetSeconds(utc_us, zone) * kMicrosPerSecond, &local)) return utc_us;
  return local;
}

std::optional<absl::TimeZone> FindZone(std::string_view name) {
  const std::string lower = absl::AsciiStrToLower(name);
  for (const Abbreviation& abbreviation : kAbbreviations) {
    if (abbreviation.name == lower) {
      return abbreviation.offset_seconds == 0 ? absl::UTCTimeZone() : absl::FixedTimeZone(abbreviation.offset_seconds);
    }
  }
  // POSIX: letters, then hours west.
  size_t letters = 0;
  while (letters < lower.size() && absl::ascii_isalpha(static_cast<unsigned char>(lower[letters]))) ++letters;
  std::string_view rest = std::string_view(lower).substr(letters);
  if (!rest.empty() && (rest[0] == '+' || rest[0] == '-' || absl::ascii_isdigit(static_cast<unsigned char>(rest[0])))) {
    const int west = rest[0] == '-' ? -1 : 1;
    if (rest[0] == '+' || rest[0] == '-') rest.remove_prefix(1);
    int fields[3] = {0, 0, 0};
    int field = 0;
    bool digits = false, valid = true;
    for (char c : rest) {
      if (c == ':' && digits && field < 2) {
        ++field;
        digits = false;
      } else if (absl::ascii_isdigit(static_cast<unsigned char>(c)) && fields[field] < 1000) {
        fields[field] = fields[field] * 10 + (c - '0');
        digits = true;
      } else {
        valid = false;
      }
    }
    const int seconds = fields[0] * 3600 + fields[1] * 60 + fields[2];
    if (valid && digits && fields[0] < 168 && fields[1] < 60 && fields[2] < 60 && seconds < 24 * 3600) {
      return absl::FixedTimeZone(-west * seconds);
    }
    return std::nullopt;
  }
  if (name.empty() || absl::StrContains(name, "..") || name[0] == '/' || absl::StartsWithIgnoreCase(name, "file:") ||
      absl::StartsWithIgnoreCase(name, "fixed/")) {
    return std::nullopt;
  }
  absl::TimeZone zone;
  if (absl::LoadTimeZone(std::string(name), &zone)) return zone;
  // Names are matched without regard to case: america/new_york.
  std::string title = lower;
  bool start = true;
  for (char& c : title) {
    if (start) c = absl::ascii_toupper(static_cast<unsigned char>(c));
    start = !absl::ascii_isalpha(static_cast<unsigned char>(c));
  }
  if (absl::LoadTimeZone(title, &zone)) return zone;
  if (absl::LoadTimeZone(absl::AsciiStrToUpper(lower), &zone)) return zone;
  return std::nullopt;
}

void AppendDate(int32_t date, std::string* out) {
  if (!IsFiniteDate(date)) {
    out->append(date > 0 ? "infinity" : "-infinity");
    return;
  }
  if (AppendDateBody(date, out)) out->append(" BC");
}

void AppendTime(int64_t micros, std::string* out) {
  const CivilTime time = CivilFromMicros(micros);
  AppendTwo(time.hour, out);
  out->push_back(':');
  AppendTwo(time.minute, out);
  out->push_back(':');
  AppendTwo(time.second, out);
  AppendFraction(time.micro, out);
}

void AppendTimestamp(int64_t local_us, std::string* out) {
  if (AppendSpecialTimestamp(local_us, out)) return;
  if (AppendTimestampBody(local_us, out)) out->append(" BC");
}

void AppendTimestampTz(int64_t utc_us, const absl::TimeZone& zone, std::string* out) {
  if (AppendSpecialTimestamp(utc_us, out)) return;
  const int offset = ZoneOffsetSeconds(utc_us, zone);
  const bool before_christ = AppendTimestampBody(UtcToLocal(utc_us, zone), out);
  const int size = std::abs(offset);
  out->push_back(offset < 0 ? '-' : '+');
  AppendTwo(size / 3600, out);
  if (size % 3600 != 0) {
    out->push_back(':');
    AppendTwo(size / 60 % 60, out);
  }
  if (size % 60 != 0) {
    out->push_back(':');
    AppendTwo(size % 60, out);
  }
  if (before_christ) out->append(" BC");
}

void AppendInterval(const Interval& interval, std::string* out) {
  bool is_zero = true, is_before = false;
  const auto append_part = [&](int64_t value, std::string_view unit) {
    if (value == 0) return;
    absl::StrAppend(out, is_zero ? "" : " ", is_before && value > 0 ? "+" : "", value, " ", unit, value != 1 ? "s" : "");
    is_before = value < 0;
    is_zero = false;
  };
  append_part(interval.months / 12, "year");
  append_part(interval.months % 12, "mon");
  append_part(interval.days, "day");
  if (!is_zero && interval.micros == 0) return;
  const bool minus = interval.micros < 0;
  const uint64_t micros = minus ? -static_cast<uint64_t>(interval.micros) : static_cast<uint64_t>(interval.micros);
  base::AppendFormat(out, "%s%s%02d:%02d:%02d", is_zero ? "" : " ",
                     minus       ? "-"
                     : is_before ? "+"
                                 : "",
                     micros / kMicrosPerHour, micros / kMicrosPerMinute % 60, micros / kMicrosPerSecond % 60);
  AppendFraction(static_cast<int>(micros % kMicrosPerSecond), out);
}

}  // namespace turdb::vec
