// Reading intervals: PostgreSQL's verbose form ("1 year 2 mons -3 days 04:05:06.7 ago"), ISO 8601's
// ("P1Y2M3DT4H5M6S") and the SQL standard's ("1-2", "3 4:05:06"). Fractions flow down: years to months,
// months to days, weeks and days to microseconds.
#include <charconv>
#include <cmath>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "vec/datetime.h"

namespace turdb::vec {
namespace {

enum class Unit : uint8_t {
  kMicro,
  kMilli,
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
  kMillennium
};

struct UnitName {
  std::string_view name;
  Unit unit;
};
constexpr UnitName kUnits[] = {
    {"us", Unit::kMicro},
    {"usec", Unit::kMicro},
    {"usecs", Unit::kMicro},
    {"usecond", Unit::kMicro},
    {"useconds", Unit::kMicro},
    {"microsecond", Unit::kMicro},
    {"microseconds", Unit::kMicro},
    {"microsecon", Unit::kMicro},
    {"ms", Unit::kMilli},
    {"msec", Unit::kMilli},
    {"msecs", Unit::kMilli},
    {"msecond", Unit::kMilli},
    {"mseconds", Unit::kMilli},
    {"millisecond", Unit::kMilli},
    {"milliseconds", Unit::kMilli},
    {"s", Unit::kSecond},
    {"sec", Unit::kSecond},
    {"secs", Unit::kSecond},
    {"second", Unit::kSecond},
    {"seconds", Unit::kSecond},
    {"m", Unit::kMinute},
    {"min", Unit::kMinute},
    {"mins", Unit::kMinute},
    {"minute", Unit::kMinute},
    {"minutes", Unit::kMinute},
    {"h", Unit::kHour},
    {"hr", Unit::kHour},
    {"hrs", Unit::kHour},
    {"hour", Unit::kHour},
    {"hours", Unit::kHour},
    {"d", Unit::kDay},
    {"day", Unit::kDay},
    {"days", Unit::kDay},
    {"w", Unit::kWeek},
    {"week", Unit::kWeek},
    {"weeks", Unit::kWeek},
    {"mon", Unit::kMonth},
    {"mons", Unit::kMonth},
    {"month", Unit::kMonth},
    {"months", Unit::kMonth},
    {"qtr", Unit::kQuarter},
    {"quarter", Unit::kQuarter},
    {"y", Unit::kYear},
    {"yr", Unit::kYear},
    {"yrs", Unit::kYear},
    {"year", Unit::kYear},
    {"years", Unit::kYear},
    {"dec", Unit::kDecade},
    {"decs", Unit::kDecade},
    {"decade", Unit::kDecade},
    {"decades", Unit::kDecade},
    {"c", Unit::kCentury},
    {"cent", Unit::kCentury},
    {"century", Unit::kCentury},
    {"centuries", Unit::kCentury},
    {"mil", Unit::kMillennium},
    {"mils", Unit::kMillennium},
    {"millennium", Unit::kMillennium},
    {"millennia", Unit::kMillennium},
};

std::optional<Unit> FindUnit(std::string_view name) {
  for (const UnitName& unit : kUnits) {
    if (unit.name == name) return unit.unit;
  }
  return std::nullopt;
}

// Sums of fields that notice overflow.
struct Sum {
  int64_t months = 0, days = 0, micros = 0;
  bool overflow = false;

  void AddMicros(int64_t count, int64_t unit) {
    int64_t product;
    overflow |= __builtin_mul_overflow(count, unit, &product) || __builtin_add_overflow(micros, product, &micros);
  }
  void AddFractionMicros(double value) {
    const double rounded = std::rint(value);
    if (std::abs(rounded) > 9.2e18) {
      overflow = true;
    } else {
      AddMicros(static_cast<int64_t>(rounded), 1);
    }
  }
  void AddDays(int64_t count, int64_t unit) {
    int64_t product;
    overflow |= __builtin_mul_overflow(count, unit, &product) || __builtin_add_overflow(days, product, &days);
  }
  void AddMonths(int64_t count, int64_t unit) {
    int64_t product;
    overflow |= __builtin_mul_overflow(count, unit, &product) || __builtin_add_overflow(months, product, &months);
  }
  // A fraction of `unit` days: whole days, the rest to microseconds.
  void AddFractionDays(double fraction, int unit) {
    const double value = fraction * unit;
    const double whole = std::trunc(value);
    AddDays(static_cast<int64_t>(whole), 1);
    AddFractionMicros((value - whole) * static_cast<double>(kMicrosPerDay));
  }
  void Add(int64_t count, double fraction, Unit unit) {
    switch (unit) {
      case Unit::kMicro:
        AddMicros(count, 1);
        AddFractionMicros(fraction);
        return;
      case Unit::kMilli:
        return AddTime(count, fraction, 1000);
      case Unit::kSecond:
        return AddTime(count, fraction, kMicrosPerSecond);
      case Unit::kMinute:
        return AddTime(count, fraction, kMicrosPerMinute);
      case Unit::kHour:
        return AddTime(count, fraction, kMicrosPerHour);
      case Unit::kDay:
        AddDays(count, 1);
        return AddFractionMicros(fraction * static_cast<double>(kMicrosPerDay));
      case Unit::kWeek:
        AddDays(count, 7);
        return AddFractionDays(fraction, 7);
      case Unit::kMonth:
        AddMonths(count, 1);
        return AddFractionDays(fraction, 30);
      case Unit::kQuarter:
        AddMonths(count, 3);
        return AddFractionDays(fraction, 90);
      case Unit::kYear:
        return AddYears(count, fraction, 1);
      case Unit::kDecade:
        return AddYears(count, fraction, 10);
      case Unit::kCentury:
        return AddYears(count, fraction, 100);
      case Unit::kMillennium:
        return AddYears(count, fraction, 1000);
    }
  }
  void AddTime(int64_t count, double fraction, int64_t unit) {
    AddMicros(count, unit);
    AddFractionMicros(fraction * static_cast<double>(unit));
  }
  void AddYears(int64_t count, double fraction, int scale) {
    AddMonths(count, int64_t{12} * scale);
    AddMonths(static_cast<int64_t>(std::rint(fraction * 12 * scale)), 1);
  }
};

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  ParseOutcome Read(Sum* sum) {
    SkipSpace();
    if (At(pos_) == '@') ++pos_;
    SkipSpace();
    if (At(pos_) == 'P' || At(pos_) == 'p') {
      if (pos_ + 1 < text_.size()) {
        ++pos_;
        return ReadIso(sum);
      }
    }
    bool any = false;
    for (SkipSpace(); pos_ < text_.size(); SkipSpace()) {
      const char c = At(pos_);
      if (IsLetter(c)) {
        const std::string word = Word();
        if (word == "ago" && any) {
          SkipSpace();
          if (pos_ != text_.size()) return ParseOutcome::kSyntax;
          sum->months = -sum->months;
          sum->days = -sum->days;
          sum->micros = -sum->micros;
          return ParseOutcome::kOk;
        }
        return ParseOutcome::kSyntax;
      }
      if (!ReadField(sum)) return ParseOutcome::kSyntax;
      any = true;
      if (range_) return ParseOutcome::kFieldRange;
    }
    return any ? ParseOutcome::kOk : ParseOutcome::kSyntax;
  }

 private:
  static bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }
  static bool IsLetter(char c) { return absl::ascii_isalpha(static_cast<unsigned char>(c)); }
  char At(size_t i) const { return i < text_.size() ? text_[i] : '\0'; }
  void SkipSpace() {
    while (absl::ascii_isspace(static_cast<unsigned char>(At(pos_)))) ++pos_;
  }
  std::string Word() {
    const size_t start = pos_;
    while (IsLetter(At(pos_))) ++pos_;
    return absl::AsciiStrToLower(text_.substr(start, pos_ - start));
  }
  bool ReadInteger(int64_t* value) {
    if (!IsDigit(At(pos_))) return false;
    *value = 0;
    for (; IsDigit(At(pos_)); ++pos_) {
      if (__builtin_mul_overflow(*value, 10, value) || __builtin_add_overflow(*value, text_[pos_] - '0', value)) range_ = true;
    }
    return true;
  }
  double ReadFraction() {
    std::string digits = "0.";
    for (; IsDigit(At(pos_)); ++pos_) digits.push_back(text_[pos_]);
    double value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
  }

  // hh:mm[:ss[.fff]] whose hours were read; mm:ss.fff too.
  bool ReadTime(int64_t hour, int64_t sign, Sum* sum) {
    ++pos_;
    int64_t minute = 0, second = 0;
    double fraction = 0;
    if (!ReadInteger(&minute)) return false;
    if (At(pos_) == ':') {
      ++pos_;
      if (!ReadInteger(&second)) return false;
      if (At(pos_) == '.') {
        ++pos_;
        fraction = ReadFraction();
      }
    } else if (At(pos_) == '.') {
      ++pos_;
      fraction = ReadFraction();
      second = minute;
      minute = hour;
      hour = 0;
    }
    if (minute > 59 || second > 59) range_ = true;
    sum->AddMicros(sign * hour, kMicrosPerHour);
    sum->AddMicros(sign * minute, kMicrosPerMinute);
    sum->AddMicros(sign * second, kMicrosPerSecond);
    sum->AddFractionMicros(static_cast<double>(sign) * fraction * static_cast<double>(kMicrosPerSecond));
    return true;
  }

  bool ReadField(Sum* sum) {
    int64_t sign = 1;
    if (At(pos_) == '+' || At(pos_) == '-') {
      sign = At(pos_) == '-' ? -1 : 1;
      ++pos_;
      SkipSpace();
    }
    int64_t count = 0;
    const bool whole = ReadInteger(&count);
    if (whole && At(pos_) == ':') return ReadTime(count, sign, sum);
    if (whole && At(pos_) == '-' && IsDigit(At(pos_ + 1))) {  // years-months
      ++pos_;
      int64_t months = 0;
      ReadInteger(&months);
      if (pos_ < text_.size() && !absl::ascii_isspace(static_cast<unsigned char>(At(pos_)))) return false;
      if (months > 11) range_ = true;
      sum->AddMonths(sign * count, 12);
      sum->AddMonths(sign * months, 1);
      return true;
    }
    double fraction = 0;
    if (At(pos_) == '.') {
      ++pos_;
      if (!whole && !IsDigit(At(pos_))) return false;
      fraction = ReadFraction();
    } else if (!whole) {
      return false;
    }
    SkipSpace();
    Unit unit = Unit::kSecond;  // a bare number counts seconds
    if (IsLetter(At(pos_))) {
      const size_t start = pos_;
      const std::string word = Word();
      const std::optional<Unit> found = FindUnit(word);
      if (!found && word != "ago") return false;
      if (found) {
        unit = *found;
      } else {
        pos_ = start;
      }
    } else if (pos_ < text_.size()) {
      // "3 4:05:06": a number before a time counts days.
      size_t peek = pos_ + (At(pos_) == '+' || At(pos_) == '-' ? 1 : 0);
      while (IsDigit(At(peek))) ++peek;
      if (At(peek) != ':') return false;
      unit = Unit::kDay;
    }
    sum->Add(sign * count, static_cast<double>(sign) * fraction, unit);
    return true;
  }

  ParseOutcome ReadIso(Sum* sum) {
    bool in_time = false, any = false;
    while (pos_ < text_.size()) {
      if (At(pos_) == 'T' || At(pos_) == 't') {
        if (in_time) return ParseOutcome::kSyntax;
        in_time = true;
        ++pos_;
        continue;
      }
      int64_t sign = 1;
      if (At(pos_) == '-' || At(pos_) == '+') {
        sign = At(pos_) == '-' ? -1 : 1;
        ++pos_;
      }
      int64_t count = 0;
      const bool whole = ReadInteger(&count);
      double fraction = 0;
      if (At(pos_) == '.') {
        ++pos_;
        fraction = ReadFraction();
      } else if (!whole) {
        return ParseOutcome::kSyntax;
      }
      std::optional<Unit> unit;
      switch (absl::ascii_toupper(static_cast<unsigned char>(At(pos_)))) {
        case 'Y':
          if (!in_time) unit = Unit::kYear;
          break;
        case 'M':
          unit = in_time ? Unit::kMinute : Unit::kMonth;
          break;
        case 'W':
          if (!in_time) unit = Unit::kWeek;
          break;
        case 'D':
          if (!in_time) unit = Unit::kDay;
          break;
        case 'H':
          if (in_time) unit = Unit::kHour;
          break;
        case 'S':
          if (in_time) unit = Unit::kSecond;
          break;
        default:
          break;
      }
      if (!unit) return ParseOutcome::kSyntax;
      ++pos_;
      sum->Add(sign * count, static_cast<double>(sign) * fraction, *unit);
      any = true;
      if (range_) return ParseOutcome::kFieldRange;
    }
    return any ? ParseOutcome::kOk : ParseOutcome::kSyntax;
  }

  std::string_view text_;
  size_t pos_ = 0;
  bool range_ = false;
};

}  // namespace

ParseOutcome ParseInterval(std::string_view text, Interval* interval) {
  Sum sum;
  if (const ParseOutcome outcome = Reader(absl::StripAsciiWhitespace(text)).Read(&sum); outcome != ParseOutcome::kOk) {
    return outcome;
  }
  if (sum.overflow || sum.months != static_cast<int32_t>(sum.months) || sum.days != static_cast<int32_t>(sum.days)) {
    return ParseOutcome::kFieldRange;
  }
  interval->months = static_cast<int32_t>(sum.months);
  interval->days = static_cast<int32_t>(sum.days);
  interval->micros = sum.micros;
  return ParseOutcome::kOk;
}

}  // namespace turdb::vec
