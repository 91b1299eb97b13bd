// extract, date_part, date_trunc and to_char: taking dates and times apart.
#include <cmath>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/format.h"
#include "function/builtins.h"
#include "function/datetime_arithmetic.h"
#include "vec/numeric.h"

namespace turdb::function {
namespace {

using base::MakeError;
using vec::Int128;
using vec::Interval;
using vec::kMicrosPerDay;
using vec::Numeric;

constexpr TypeId kDate = TypeId::kDate, kTime = TypeId::kTime, kStamp = TypeId::kTimestamp, kStampTz = TypeId::kTimestampTz;
constexpr TypeId kInterval = TypeId::kInterval, kText = TypeId::kText;

std::string ShortName(TypeId id) { return id == kStamp ? "timestamp without time zone" : Type(id).ToString(); }

Status UnknownUnit(std::string_view unit, TypeId type) {
  return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                   absl::StrCat("unit \"", unit, "\" not recognized for type ", ShortName(type)));
}
Status UnsupportedUnit(std::string_view unit, TypeId type) {
  return MakeError(absl::StatusCode::kUnimplemented, base::sqlstate::kFeatureNotSupported,
                   absl::StrCat("unit \"", unit, "\" not supported for type ", ShortName(type)));
}

int64_t FloorDivide(int64_t a, int64_t b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }

// Years as people count them: there is no year 0.
int64_t ShownYear(int64_t year) { return year > 0 ? year : year - 1; }
int64_t Century(int64_t year) { return year > 0 ? (year + 99) / 100 : -((99 - (year - 1)) / 100); }
int64_t Millennium(int64_t year) { return year > 0 ? (year + 999) / 1000 : -((999 - (year - 1)) / 1000); }

// The time fields of microseconds within a day; nullopt for fields that are not.
std::optional<Numeric> TimeField(DateField field, int64_t micros) {
  switch (field) {
    case DateField::kMicroseconds:
      return Numeric(micros % vec::kMicrosPerMinute);
    case DateField::kMilliseconds:
      return Numeric(micros % vec::kMicrosPerMinute, 3);
    case DateField::kSecond:
      return Numeric(micros % vec::kMicrosPerMinute, 6);
    case DateField::kMinute:
      return Numeric(micros / vec::kMicrosPerMinute % 60);
    case DateField::kHour:
      return Numeric(micros / vec::kMicrosPerHour);
    default:
      return std::nullopt;
  }
}

std::optional<Numeric> DayField(DateField field, int64_t days) {
  const vec::CivilDate date = vec::CivilFromDays(days);
  int64_t iso_year = 0;
  switch (field) {
    case DateField::kDay:
      return Numeric(date.day);
    case DateField::kWeek:
      return Numeric(vec::IsoWeek(days, &iso_year));
    case DateField::kMonth:
      return Numeric(date.month);
    case DateField::kQuarter:
      return Numeric((date.month - 1) / 3 + 1);
    case DateField::kYear:
      return Numeric(ShownYear(date.year));
    case DateField::kDecade:
      return Numeric(FloorDivide(date.year, 10));
    case DateField::kCentury:
      return Numeric(Century(date.year));
    case DateField::kMillennium:
      return Numeric(Millennium(date.year));
    case DateField::kDayOfWeek:
      return Numeric(vec::IsoDayOfWeek(days) % 7);
    case DateField::kIsoDayOfWeek:
      return Numeric(vec::IsoDayOfWeek(days));
    case DateField::kDayOfYear:
      return Numeric(days - vec::DaysFromCivil(date.year, 1, 1) + 1);
    case DateField::kIsoYear:
      vec::IsoWeek(days, &iso_year);
      return Numeric(ShownYear(iso_year));
    default:
      return std::nullopt;
  }
}

std::optional<Numeric> StampField(DateField field, int64_t local) {
  int64_t days, micros;
  vec::SplitTimestamp(local, &days, &micros);
  if (field == DateField::kEpoch) return Numeric(local, 6);
  if (field == DateField::kJulian) {
    return Numeric(days - vec::kMinDate) + *Numeric::Divide(Numeric(micros), Numeric(kMicrosPerDay));
  }
  const std::optional<Numeric> time = TimeField(field, micros);
  return time ? time : DayField(field, days);
}

std::optional<Numeric> StampTzField(DateField field, int64_t utc, const absl::TimeZone& zone) {
  if (field == DateField::kEpoch) return Numeric(utc, 6);
  const int offset = vec::ZoneOffsetSeconds(utc, zone);
  switch (field) {
    case DateField::kTimezone:
      return Numeric(offset);
    case DateField::kTimezoneHour:
      return Numeric(offset / 3600);
    case DateField::kTimezoneMinute:
      return Numeric(offset / 60 % 60);
    default:
      return StampField(field, vec::UtcToLocal(utc, zone));
  }
}

std::optional<Numeric> IntervalField(DateField field, const Interval& interval) {
  const int64_t years = interval.months / 12;
  switch (field) {
    case DateField::kDay:
      return Numeric(interval.days);
    case DateField::kMonth:
      return Numeric(interval.months % 12);
    case DateField::kQuarter:
      return Numeric(interval.months % 12 / 3 + 1);
    case DateField::kYear:
      return Numeric(years);
    case DateField::kDecade:
      return Numeric(years / 10);
    case DateField::kCentury:
      return Numeric(years / 100);
    case DateField::kMillennium:
      return Numeric(years / 1000);
    case DateField::kEpoch: {
      // A year is 365.25 days here, a month of what is left 30.
      const Int128 days = Int128{years} * 1461 * 6 + Int128{interval.months % 12} * 30 * 24 + Int128{interval.days} * 24;
      return Numeric(days * vec::kMicrosPerHour + interval.micros, 6);
    }
    default:
      return TimeField(field, interval.micros);
  }
}

// Infinite instants have NULL days and infinite years.
std::optional<Numeric> InfiniteField(DateField field, bool negative, bool* is_null) {
  switch (field) {
    case DateField::kYear:
    case DateField::kDecade:
    case DateField::kCentury:
    case DateField::kMillennium:
    case DateField::kIsoYear:
    case DateField::kEpoch:
    case DateField::kJulian:
      return Numeric::Infinity(negative);
    default:
      *is_null = true;
      return Numeric();
  }
}

std::optional<Numeric> FieldAt(const Call& call, DateField field, SelIndex row, bool* is_null) {
  const VectorView& view = call.args[1];
  switch (call.argument_types[1].id) {
    case kDate: {
      const int32_t date = view.Get<int32_t>(row);
      if (field < DateField::kDay || field >= DateField::kTimezone) return std::nullopt;
      if (!vec::IsFiniteDate(date)) return InfiniteField(field, date < 0, is_null);
      if (field == DateField::kEpoch) return Numeric(int64_t{date} * 86400);
      if (field == DateField::kJulian) return Numeric(int64_t{date} - vec::kMinDate);
      return DayField(field, date);
    }
    case kTime:
      if (field == DateField::kEpoch) return Numeric(view.Get<int64_t>(row), 6);
      return TimeField(field, view.Get<int64_t>(row));
    case kInterval:
      return IntervalField(field, view.Get<Interval>(row));
    default:
      break;
  }
  const int64_t t = view.Get<int64_t>(row);
  const bool zone = call.argument_types[1].id == kStampTz;
  if (!vec::IsFiniteTimestamp(t)) {
    return InfiniteField(field, t < 0, is_null);
  }
  return zone ? StampTzField(field, t, call.context.text.zone) : StampField(field, t);
}

template <bool kAsDouble>
void ExtractKernel(Call& call) {
  const TypeId type = call.argument_types[1].id;
  call.ForEach([&](SelIndex row) {
    const std::string_view unit = call.args[0].Get<StringView>(row).view();
    const std::optional<DateField> field = FindDateField(unit);
    if (!field) return call.RaiseStatus(row, UnknownUnit(unit, type));
    bool is_null = false;
    const std::optional<Numeric> value = FieldAt(call, *field, row, &is_null);
    if (!value) return call.RaiseStatus(row, UnsupportedUnit(unit, type));
    if (is_null) {
      call.result->SetNull(row);
    } else if constexpr (kAsDouble) {
      call.result->data<double>()[row] = value->ToDouble();
    } else {
      call.result->SetString(row, value->ToBytes());
    }
  });
}

// ---- date_trunc

std::optional<int64_t> TruncateStamp(DateField field, int64_t local) {
  int64_t days, micros;
  vec::SplitTimestamp(local, &days, &micros);
  const vec::CivilDate date = vec::CivilFromDays(days);
  const auto first_of = [](int64_t year, int month) { return vec::DaysFromCivil(year, month, 1) * kMicrosPerDay; };
  switch (field) {
    case DateField::kMicroseconds:
      return local;
    case DateField::kMilliseconds:
      return local - micros % 1000;
    case DateField::kSecond:
      return local - micros % vec::kMicrosPerSecond;
    case DateField::kMinute:
      return local - micros % vec::kMicrosPerMinute;
    case DateField::kHour:
      return local - micros % vec::kMicrosPerHour;
    case DateField::kDay:
      return days * kMicrosPerDay;
    case DateField::kWeek:
      return (days - vec::IsoDayOfWeek(days) + 1) * kMicrosPerDay;
    case DateField::kMonth:
      return first_of(date.year, date.month);
    case DateField::kQuarter:
      return first_of(date.year, (date.month - 1) / 3 * 3 + 1);
    case DateField::kYear:
      return first_of(date.year, 1);
    case DateField::kDecade:
      return first_of(FloorDivide(date.year, 10) * 10, 1);
    case DateField::kCentury:
      return first_of(FloorDivide(date.year - 1, 100) * 100 + 1, 1);
    case DateField::kMillennium:
      return first_of(FloorDivide(date.year - 1, 1000) * 1000 + 1, 1);
    default:
      return std::nullopt;
  }
}

std::optional<Interval> TruncateInterval(DateField field, Interval i) {
  const auto months = [&](int32_t unit) { return Interval{i.months / unit * unit, 0, 0}; };
  const auto micros = [&](int64_t unit) { return Interval{i.months, i.days, i.micros / unit * unit}; };
  switch (field) {
    case DateField::kMicroseconds:
      return i;
    case DateField::kMilliseconds:
      return micros(1000);
    case DateField::kSecond:
      return micros(vec::kMicrosPerSecond);
    case DateField::kMinute:
      return micros(vec::kMicrosPerMinute);
    case DateField::kHour:
      return micros(vec::kMicrosPerHour);
    case DateField::kDay:
      return Interval{i.months, i.days, 0};
    case DateField::kMonth:
      return months(1);
    case DateField::kQuarter:
      return months(3);
    case DateField::kYear:
      return months(12);
    case DateField::kDecade:
      return months(120);
    case DateField::kCentury:
      return months(1200);
    case DateField::kMillennium:
      return months(12000);
    default:
      return std::nullopt;
  }
}

void TruncateKernel(Call& call) {
  const TypeId type = call.argument_types[1].id;
  call.ForEach([&](SelIndex row) {
    const std::string_view unit = call.args[0].Get<StringView>(row).view();
    const std::optional<DateField> field = FindDateField(unit);
    // Fields that are not lengths of time cannot be truncated to.
    if (!field || (*field >= DateField::kDayOfWeek && *field <= DateField::kJulian)) {
      return call.RaiseStatus(row, UnknownUnit(unit, type));
    }
    if (type == kInterval) {
      const std::optional<Interval> result = TruncateInterval(*field, call.args[1].Get<Interval>(row));
      if (!result) return call.RaiseStatus(row, UnsupportedUnit(unit, type));
      call.result->data<Interval>()[row] = *result;
      return;
    }
    const int64_t t = call.args[1].Get<int64_t>(row);
    int64_t* out = &call.result->data<int64_t>()[row];
    *out = t;
    absl::TimeZone zone = call.context.text.zone;
    if (call.args.size() > 2) {
      const std::string_view name = call.args[2].Get<StringView>(row).view();
      const std::optional<absl::TimeZone> found = vec::FindZone(name);
      if (!found) {
        return call.RaiseStatus(row, MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                                               absl::StrCat("time zone \"", name, "\" not recognized")));
      }
      zone = *found;
    }
    if (!TruncateStamp(*field, 0)) return call.RaiseStatus(row, UnsupportedUnit(unit, type));
    if (!vec::IsFiniteTimestamp(t)) return;
    if (type == kStamp) {
      *out = *TruncateStamp(*field, t);
    } else {
      *out = vec::LocalToUtc(*TruncateStamp(*field, vec::UtcToLocal(t, zone)), zone);
    }
  });
}

// ---- date_bin

// The beginning of the stride, counted from `origin`, in which `t` lies.
void BinKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const Interval stride = call.args[0].Get<Interval>(row);
    const int64_t t = call.args[1].Get<int64_t>(row), origin = call.args[2].Get<int64_t>(row);
    const auto raise = [&](std::string_view message) {
      call.RaiseStatus(row, base::MakeError(absl::StatusCode::kOutOfRange, base::sqlstate::kDatetimeOverflow, message));
    };
    if (!vec::IsFiniteTimestamp(t)) {
      call.result->data<int64_t>()[row] = t;
      return;
    }
    if (!vec::IsFiniteTimestamp(origin)) return raise("origin out of range");
    if (stride.months != 0) {
      return call.RaiseStatus(row,
                              base::UnsupportedError("timestamps cannot be binned into intervals containing months or years"));
    }
    int64_t width = 0, distance = 0, begin = 0;
    if (__builtin_mul_overflow(int64_t{stride.days}, kMicrosPerDay, &width) ||
        __builtin_add_overflow(width, stride.micros, &width)) {
      return raise("interval out of range");
    }
    if (width <= 0) return raise("stride must be greater than zero");
    if (__builtin_sub_overflow(t, origin, &distance)) return raise("interval out of range");
    if (__builtin_add_overflow(origin, FloorDivide(distance, width) * width, &begin)) return raise("timestamp out of range");
    call.result->data<int64_t>()[row] = begin;
  });
}

// ---- to_char

constexpr std::string_view kMonthNames[] = {"January", "February", "March",     "April",   "May",      "June",
                                            "July",    "August",   "September", "October", "November", "December"};
constexpr std::string_view kDayNames[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

struct Parts {
  int64_t days = 0;
  vec::CivilDate date;
  vec::CivilTime time;
  std::string zone_name;
  int offset_seconds = 0;
};

// One template pattern and how it prints. Longer patterns stand before their prefixes.
std::string FormatPattern(std::string_view pattern, const Parts& p, bool fill) {
  const auto number = [&](int64_t value, int width) {
    return fill ? base::Format("%0*d", width + (value < 0 ? 1 : 0), value) : absl::StrCat(value);
  };
  const auto padded = [&](std::string_view name, size_t width) {
    std::string text(name);
    if (fill && text.size() < width) text.resize(width, ' ');
    return text;
  };
  const auto cased = [](std::string text, char first, char second) {
    if (absl::ascii_islower(static_cast<unsigned char>(first))) return absl::AsciiStrToLower(text);
    if (absl::ascii_isupper(static_cast<unsigned char>(second))) return absl::AsciiStrToUpper(text);
    return text;
  };
  const std::string upper = absl::AsciiStrToUpper(pattern);
  const int64_t year = p.date.year > 0 ? p.date.year : 1 - p.date.year;
  const int hour12 = p.time.hour % 12 == 0 ? 12 : p.time.hour % 12;
  int64_t iso_year = 0;
  const int iso_week = vec::IsoWeek(p.days, &iso_year);
  const int64_t day_of_year = p.days - vec::DaysFromCivil(p.date.year, 1, 1) + 1;
  if (upper == "YYYY") return number(year, 4);
  if (upper == "Y,YYY") return base::Format("%d,%03d", year / 1000, year % 1000);
  if (upper == "YYY") return number(year % 1000, 3);
  if (upper == "YY") return number(year % 100, 2);
  if (upper == "Y") return number(year % 10, 1);
  if (upper == "IYYY") return number(iso_year, 4);
  if (upper == "IYY") return number(iso_year % 1000, 3);
  if (upper == "IY") return number(iso_year % 100, 2);
  if (upper == "MM") return number(p.date.month, 2);
  if (upper == "DD") return number(p.date.day, 2);
  if (upper == "DDD") return number(day_of_year, 3);
  if (upper == "IDDD") return number((iso_week - 1) * 7 + vec::IsoDayOfWeek(p.days), 3);
  if (upper == "D") return absl::StrCat(vec::IsoDayOfWeek(p.days) % 7 + 1);
  if (upper == "ID") return absl::StrCat(vec::IsoDayOfWeek(p.days));
  if (upper == "HH24") return number(p.time.hour, 2);
  if (upper == "HH" || upper == "HH12") return number(hour12, 2);
  if (upper == "MI") return number(p.time.minute, 2);
  if (upper == "SS") return number(p.time.second, 2);
  if (upper == "MS") return base::Format("%03d", p.time.micro / 1000);
  if (upper == "US") return base::Format("%06d", p.time.micro);
  if (upper == "SSSS" || upper == "SSSSS") return absl::StrCat(p.time.hour * 3600 + p.time.minute * 60 + p.time.second);
  if (upper == "AM" || upper == "PM") return cased(p.time.hour >= 12 ? "PM" : "AM", pattern[0], 'A');
  if (upper == "A.M." || upper == "P.M.") return cased(p.time.hour >= 12 ? "P.M." : "A.M.", pattern[0], 'A');
  if (upper == "AD" || upper == "BC") return cased(p.date.year > 0 ? "AD" : "BC", pattern[0], 'A');
  if (upper == "MONTH") {
    return cased(padded(kMonthNames[p.date.month - 1], 9), pattern[0], pattern[1]);
  }
  if (upper == "MON") return cased(std::string(kMonthNames[p.date.month - 1].substr(0, 3)), pattern[0], pattern[1]);
  const std::string_view day_name = kDayNames[vec::IsoDayOfWeek(p.days) % 7];
  if (upper == "DAY") return cased(padded(day_name, 9), pattern[0], pattern[1]);
  if (upper == "DY") return cased(std::string(day_name.substr(0, 3)), pattern[0], pattern[1]);
  if (upper == "WW") return number((day_of_year - 1) / 7 + 1, 2);
  if (upper == "W") return absl::StrCat((p.date.day - 1) / 7 + 1);
  if (upper == "IW") return number(iso_week, 2);
  if (upper == "Q") return absl::StrCat((p.date.month - 1) / 3 + 1);
  if (upper == "CC") return number(Century(p.date.year), 2);
  if (upper == "J") return absl::StrCat(p.days - vec::kMinDate);
  if (upper == "TZ") return cased(p.zone_name, pattern[0], 'A');
  const int offset = std::abs(p.offset_seconds);
  const char sign = p.offset_seconds < 0 ? '-' : '+';
  if (upper == "TZH") return base::Format("%c%02d", sign, offset / 3600);
  if (upper == "TZM") return base::Format("%02d", offset / 60 % 60);
  if (offset % 3600 != 0) return base::Format("%c%02d:%02d", sign, offset / 3600, offset / 60 % 60);  // OF
  return base::Format("%c%02d", sign, offset / 3600);
}

constexpr std::string_view kPatterns[] = {
    "SSSSS", "Y,YYY", "MONTH", "IYYY", "YYYY", "HH24", "HH12", "SSSS", "A.M.", "P.M.", "IDDD", "DDD", "DAY", "MON", "IYY",
    "YYY",   "TZH",   "TZM",   "IY",   "YY",   "MM",   "DD",   "DY",   "HH",   "MI",   "SS",   "MS",  "US",  "AM",  "PM",
    "AD",    "BC",    "WW",    "IW",   "ID",   "CC",   "TZ",   "OF",   "Y",    "D",    "W",    "Q",   "J"};

std::string FormatTimestamp(std::string_view format, const Parts& parts) {
  std::string out;
  for (size_t i = 0; i < format.size();) {
    if (format[i] == '"') {  // quoted text prints as it is
      ++i;
      while (i < format.size() && format[i] != '"') {
        if (format[i] == '\\' && i + 1 < format.size()) ++i;
        out.push_back(format[i++]);
      }
      if (i < format.size()) ++i;
      continue;
    }
    size_t at = i;
    bool fill = true;
    if (absl::EqualsIgnoreCase(format.substr(at, 2), "FM")) {
      fill = false;
      at += 2;
    }
    std::string_view found;
    for (std::string_view pattern : kPatterns) {
      // The patterns that print letters care about case only for how they print.
      if (absl::EqualsIgnoreCase(format.substr(at, pattern.size()), pattern)) {
        found = format.substr(at, pattern.size());
        break;
      }
    }
    if (found.empty()) {
      out.push_back(format[i++]);
      continue;
    }
    const std::string text = FormatPattern(found, parts, fill);
    out.append(text);
    i = at + found.size();
    if (absl::EqualsIgnoreCase(format.substr(i, 2), "TH") && absl::ascii_isdigit(static_cast<unsigned char>(text.back()))) {
      const int64_t last = text.back() - '0';
      const bool teen = text.size() > 1 && text[text.size() - 2] == '1';
      const std::string_view suffix = teen || last == 0 || last > 3 ? "th" : last == 1 ? "st" : last == 2 ? "nd" : "rd";
      out.append(format[i] == 'T' ? absl::AsciiStrToUpper(suffix) : std::string(suffix));
      i += 2;
    }
  }
  return out;
}

void ToCharKernel(Call& call) {
  const TypeId type = call.argument_types[0].id;
  call.ForEach([&](SelIndex row) {
    Parts parts;
    int64_t t = call.args[0].Get<int64_t>(row);
    if (!vec::IsFiniteTimestamp(t)) return call.result->SetNull(row);
    if (type == kStampTz) {
      parts.zone_name = vec::ZoneAbbreviation(t, call.context.text.zone);
      parts.offset_seconds = vec::ZoneOffsetSeconds(t, call.context.text.zone);
      t = vec::UtcToLocal(t, call.context.text.zone);
    }
    int64_t micros;
    vec::SplitTimestamp(t, &parts.days, &micros);
    parts.date = vec::CivilFromDays(parts.days);
    parts.time = vec::CivilFromMicros(micros);
    call.result->SetString(row, FormatTimestamp(call.args[1].Get<StringView>(row).view(), parts));
  });
}

}  // namespace

void AddDatetimeFormat(FunctionList& list) {
  for (TypeId id : {kDate, kTime, kStamp, kStampTz, kInterval}) {
    const int stable = id == kStampTz ? kStable : 0;
    list.Add("extract", {kText, id}, TypeId::kNumeric, kCanRaise | stable, ExtractKernel<false>);
    list.Add("date_part", {kText, id}, TypeId::kDouble, kCanRaise | stable, ExtractKernel<true>);
  }
  list.Add("date_trunc", {kText, kStamp}, kStamp, kCanRaise, TruncateKernel);
  list.Add("date_trunc", {kText, kStampTz}, kStampTz, kCanRaise | kStable, TruncateKernel);
  list.Add("date_trunc", {kText, kStampTz, kText}, kStampTz, kCanRaise, TruncateKernel);
  list.Add("date_trunc", {kText, kInterval}, kInterval, kCanRaise, TruncateKernel);
  list.Add("date_bin", {kInterval, kStamp, kStamp}, kStamp, kCanRaise, BinKernel);
  list.Add("date_bin", {kInterval, kStampTz, kStampTz}, kStampTz, kCanRaise, BinKernel);
  list.Add("to_char", {kStamp, kText}, kText, 0, ToCharKernel);
  list.Add("to_char", {kStampTz, kText}, kText, kStable, ToCharKernel);
}

}  // namespace turdb::function
