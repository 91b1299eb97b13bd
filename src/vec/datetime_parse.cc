// Reading dates, times and timestamps the way PostgreSQL does: tokens in nearly any order, told apart by
// their shape ("2001-02-16 20:38:40+01", "Feb 16, 2001 8:38 PM", "20010216T203840Z", "tomorrow").
#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "vec/datetime.h"

namespace turdb::vec {
namespace {

bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }
bool IsLetter(char c) { return absl::ascii_isalpha(static_cast<unsigned char>(c)); }

constexpr std::string_view kMonths[] = {"january", "february", "march",     "april",   "may",      "june",
                                        "july",    "august",   "september", "october", "november", "december"};
constexpr std::string_view kWeekdays[] = {"sunday", "sun",       "monday", "mon",  "tuesday",  "tue",
                                          "tues",   "wednesday", "wed",    "weds", "thursday", "thu",
                                          "thur",   "thurs",     "friday", "fri",  "saturday", "sat"};

int MonthOf(std::string_view word) {
  for (int i = 0; i < 12; ++i) {
    if (word == kMonths[i] || word == kMonths[i].substr(0, 3)) return i + 1;
  }
  return word == "sept" ? 9 : 0;
}

enum class Special : uint8_t { kNone, kNow, kToday, kTomorrow, kYesterday, kEpoch, kInfinity, kMinusInfinity, kAllBalls };

struct Fields {
  std::optional<int64_t> year;
  int year_digits = 0;
  std::optional<int64_t> month, day, day_of_year;
  std::optional<int64_t> julian_day;
  bool before_christ = false, after_christ = false;
  std::optional<int64_t> hour;
  int64_t minute = 0, second = 0, micro = 0;
  bool am = false, pm = false;
  std::optional<int64_t> offset_seconds;  // east
  std::optional<absl::TimeZone> zone;
  Special special = Special::kNone;
  bool has_date() const { return year || month || day || julian_day; }
};

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  ParseOutcome Read(Fields* fields) {
    fields_ = fields;
    while (true) {
      while (pos_ < text_.size() && (absl::ascii_isspace(static_cast<unsigned char>(text_[pos_])) || text_[pos_] == ','))
        ++pos_;
      if (pos_ == text_.size()) break;
      const char c = text_[pos_];
      ParseOutcome outcome;
      if (IsDigit(c)) {
        outcome = ReadNumber();
      } else if (IsLetter(c)) {
        outcome = ReadWord();
      } else if ((c == '+' || c == '-') && pos_ + 1 < text_.size()) {
        outcome = ReadSigned();
      } else {
        outcome = ParseOutcome::kSyntax;
      }
      if (outcome != ParseOutcome::kOk) return outcome;
      any_ = true;
    }
    return any_ ? ParseOutcome::kOk : ParseOutcome::kSyntax;
  }

 private:
  char At(size_t i) const { return i < text_.size() ? text_[i] : '\0'; }

  std::string_view Digits() {
    const size_t start = pos_;
    while (IsDigit(At(pos_))) ++pos_;
    return text_.substr(start, pos_ - start);
  }
  static int64_t Number(std::string_view digits) {
    int64_t value = 0;
    for (char c : digits.substr(0, 12)) value = value * 10 + (c - '0');
    return value;
  }
  std::string Word() {
    const size_t start = pos_;
    while (IsLetter(At(pos_))) ++pos_;
    return absl::AsciiStrToLower(text_.substr(start, pos_ - start));
  }
  // After the point: digits to microseconds, rounded as PostgreSQL rounds (the nearest, a tie to even).
  int64_t Fraction() {
    const std::string digits = "0." + std::string(Digits());
    double value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return static_cast<int64_t>(std::rint(value * static_cast<double>(kMicrosPerSecond)));
  }

  ParseOutcome ReadTime(int64_t hour) {
    if (fields_->hour) return ParseOutcome::kSyntax;
    fields_->hour = hour;
    ++pos_;  // the colon
    std::string_view minute = Digits();
    if (minute.empty()) return ParseOutcome::kSyntax;
    fields_->minute = Number(minute);
    if (At(pos_) == ':') {
      ++pos_;
      const std::string_view second = Digits();
      if (second.empty()) return ParseOutcome::kSyntax;
      fields_->second = Number(second);
      if (At(pos_) == '.') {
        ++pos_;
        fields_->micro = Fraction();
      }
    } else if (At(pos_) == '.') {
      // mm:ss.fff, as PostgreSQL takes it.
      ++pos_;
      fields_->micro = Fraction();
      fields_->second = fields_->minute;
      fields_->minute = hour;
      fields_->hour = 0;
    }
    return ParseOutcome::kOk;
  }

  ParseOutcome SetCompactTime(std::string_view digits) {
    if (fields_->hour || (digits.size() != 6 && digits.size() != 4 && digits.size() != 2)) return ParseOutcome::kSyntax;
    fields_->hour = Number(digits.substr(0, 2));
    if (digits.size() >= 4) fields_->minute = Number(digits.substr(2, 2));
    if (digits.size() == 6) fields_->second = Number(digits.substr(4, 2));
    if (At(pos_) == '.' && digits.size() == 6) {
      ++pos_;
      fields_->micro = Fraction();
    }
    return ParseOutcome::kOk;
  }

  void SetYear(std::string_view digits) {
    fields_->year = Number(digits);
    fields_->year_digits = static_cast<int>(digits.size());
  }

  // a-b-c with digits or a month's name in the middle.
  ParseOutcome ReadDate(std::string_view first) {
    if (fields_->has_date()) return ParseOutcome::kSyntax;
    const char separator = text_[pos_++];
    int month_by_name = 0;
    std::string_view second;
    if (IsLetter(At(pos_))) {
      month_by_name = MonthOf(Word());
      if (month_by_name == 0) return ParseOutcome::kSyntax;
    } else {
      second = Digits();
      if (second.empty()) return ParseOutcome::kSyntax;
    }
    if (At(pos_) != separator) {
      if (first.size() >= 3 && second.size() == 3) {
        SetYear(first);
        fields_->day_of_year = Number(second);
        fields_->month = fields_->day = 1;
        return ParseOutcome::kOk;
      }
      return ParseOutcome::kSyntax;
    }
    ++pos_;
    const std::string_view third = Digits();
    if (third.empty()) return ParseOutcome::kSyntax;
    if (month_by_name != 0) {
      fields_->month = month_by_name;
      const bool year_first = first.size() >= 3;
      SetYear(year_first ? first : third);
      fields_->day = Number(year_first ? third : first);
    } else if (first.size() >= 3) {
      SetYear(first);
      fields_->month = Number(second);
      fields_->day = Number(third);
    } else {
      fields_->month = Number(first);
      fields_->day = Number(second);
      SetYear(third);
    }
    return ParseOutcome::kOk;
  }

  ParseOutcome ReadNumber() {
    const std::string_view digits = Digits();
    const char next = At(pos_);
    if (next == ':') return ReadTime(Number(digits));
    if ((next == '-' || next == '/' || next == '.') && !(fields_->has_date() && next != '.') &&
        (IsDigit(At(pos_ + 1)) || (next != '.' && IsLetter(At(pos_ + 1))))) {
      if (after_t_ || fields_->has_date()) return SetCompactTime(digits);
      if (!(next == '.' && digits.size() >= 6)) return ReadDate(digits);
    }
    if (after_t_) {
      after_t_ = false;
      return SetCompactTime(digits);
    }
    if (digits.size() == 14 && !fields_->has_date()) {
      SetYear(digits.substr(0, 4));
      fields_->month = Number(digits.substr(4, 2));
      fields_->day = Number(digits.substr(6, 2));
      return SetCompactTime(digits.substr(8));
    }
    if ((digits.size() == 8 || digits.size() == 6) && !fields_->has_date()) {
      const size_t year_size = digits.size() - 4;
      SetYear(digits.substr(0, year_size));
      fields_->month = Number(digits.substr(year_size, 2));
      fields_->day = Number(digits.substr(year_size + 2));
      return ParseOutcome::kOk;
    }
    if (digits.size() == 6 && fields_->year && fields_->month && fields_->day) return SetCompactTime(digits);
    // "8 PM": an hour alone.
    size_t peek = pos_;
    while (At(peek) == ' ') ++peek;
    const std::string_view two = text_.substr(std::min(peek, text_.size()), 2);
    if (!fields_->hour && (absl::EqualsIgnoreCase(two, "am") || absl::EqualsIgnoreCase(two, "pm")) && !IsLetter(At(peek + 2))) {
      fields_->hour = Number(digits);
      return ParseOutcome::kOk;
    }
    if (digits.size() <= 2 && !fields_->day) {
      fields_->day = Number(digits);
    } else if (!fields_->year) {
      SetYear(digits);
    } else {
      return ParseOutcome::kSyntax;
    }
    return ParseOutcome::kOk;
  }

  ParseOutcome ReadSigned() {
    const bool negative = text_[pos_] == '-';
    if (IsLetter(At(pos_ + 1))) {
      ++pos_;
      if (Word() != "infinity" || any_) return ParseOutcome::kSyntax;
      fields_->special = negative ? Special::kMinusInfinity : Special::kInfinity;
      return ParseOutcome::kOk;
    }
    // A numeric zone follows a time.
    if (!IsDigit(At(pos_ + 1)) || (!fields_->hour && !fields_->has_date()) || fields_->offset_seconds || fields_->zone) {
      return ParseOutcome::kSyntax;
    }
    ++pos_;
    const std::string_view digits = Digits();
    int64_t hour = 0, minute = 0, second = 0;
    if (At(pos_) == ':') {
      hour = Number(digits);
      ++pos_;
      minute = Number(Digits());
      if (At(pos_) == ':') {
        ++pos_;
        second = Number(Digits());
      }
    } else if (digits.size() > 4) {
      hour = Number(digits.substr(0, digits.size() - 4));
      minute = Number(digits.substr(digits.size() - 4, 2));
      second = Number(digits.substr(digits.size() - 2));
    } else if (digits.size() > 2) {
      hour = Number(digits.substr(0, digits.size() - 2));
      minute = Number(digits.substr(digits.size() - 2));
    } else {
      hour = Number(digits);
    }
    if (hour > 15 || minute > 59 || second > 59) return ParseOutcome::kZoneRange;
    const int64_t offset = hour * 3600 + minute * 60 + second;
    fields_->offset_seconds = negative ? -offset : offset;
    return ParseOutcome::kOk;
  }

  ParseOutcome ReadWord() {
    const size_t start = pos_;
    const std::string word = Word();
    if (At(pos_) == '/' || At(pos_) == '_') {
      while (pos_ < text_.size() && !absl::ascii_isspace(static_cast<unsigned char>(text_[pos_]))) ++pos_;
      fields_->zone = FindZone(text_.substr(start, pos_ - start));
      return fields_->zone ? ParseOutcome::kOk : ParseOutcome::kUnknownZone;
    }
    if (word == "t" && (IsDigit(At(pos_)) || fields_->has_date())) {
      after_t_ = IsDigit(At(pos_));
      return ParseOutcome::kOk;
    }
    if ((word == "j" || word == "jd") && IsDigit(At(pos_))) {
      fields_->julian_day = Number(Digits());
      return ParseOutcome::kOk;
    }
    if (const int month = MonthOf(word); month != 0) {
      if (fields_->month) return ParseOutcome::kSyntax;
      fields_->month = month;
      // "Jan-08-1999"
      if (At(pos_) == '-' && IsDigit(At(pos_ + 1))) {
        ++pos_;
        fields_->day = Number(Digits());
        if (At(pos_) != '-') return ParseOutcome::kSyntax;
        ++pos_;
        SetYear(Digits());
      }
      return ParseOutcome::kOk;
    }
    if (word == "am" || word == "pm") {
      if (!fields_->hour || fields_->am || fields_->pm) return ParseOutcome::kSyntax;
      (word == "am" ? fields_->am : fields_->pm) = true;
      return ParseOutcome::kOk;
    }
    if (word == "bc" || word == "ad") {
      (word == "bc" ? fields_->before_christ : fields_->after_christ) = true;
      return ParseOutcome::kOk;
    }
    if (std::find(std::begin(kWeekdays), std::end(kWeekdays), word) != std::end(kWeekdays)) return ParseOutcome::kOk;
    if (word == "at" || word == "on") return ParseOutcome::kOk;
    constexpr std::pair<std::string_view, Special> kSpecials[] = {
        {"now", Special::kNow},          {"today", Special::kToday},         {"tomorrow", Special::kTomorrow},
        {"epoch", Special::kEpoch},      {"yesterday", Special::kYesterday}, {"infinity", Special::kInfinity},
        {"allballs", Special::kAllBalls}};
    for (const auto& [name, special] : kSpecials) {
      if (word != name) continue;
      if (fields_->special != Special::kNone) return ParseOutcome::kSyntax;
      fields_->special = special;
      return ParseOutcome::kOk;
    }
    if (fields_->hour || fields_->has_date()) {
      fields_->zone = FindZone(word);
      if (fields_->zone) return ParseOutcome::kOk;
    }
    return ParseOutcome::kSyntax;
  }

  std::string_view text_;
  size_t pos_ = 0;
  bool any_ = false;
  bool after_t_ = false;
  Fields* fields_ = nullptr;
};

ParseOutcome ResolveTime(const Fields& fields, int64_t* micros) {
  int64_t hour = fields.hour.value_or(0);
  if (fields.am || fields.pm) {
    if (hour > 12) return ParseOutcome::kFieldRange;
    if (fields.am && hour == 12) hour = 0;
    if (fields.pm && hour != 12) hour += 12;
  }
  if (hour > 24 || fields.minute > 59 || fields.second > 60) return ParseOutcome::kFieldRange;
  *micros = hour * kMicrosPerHour + fields.minute * kMicrosPerMinute + fields.second * kMicrosPerSecond + fields.micro;
  return *micros > kMicrosPerDay ? ParseOutcome::kFieldRange : ParseOutcome::kOk;
}

ParseOutcome ResolveDate(const Fields& fields, int64_t* days) {
  if (fields.julian_day) {
    *days = *fields.julian_day + kMinDate;
    return ParseOutcome::kOk;
  }
  if (!fields.year || !fields.month || !fields.day) return ParseOutcome::kSyntax;
  int64_t year = *fields.year;
  if (fields.before_christ) {
    if (year <= 0) return ParseOutcome::kFieldRange;
    year = 1 - year;
  } else if (fields.year_digits <= 2 && !fields.after_christ) {
    year += year < 70 ? 2000 : 1900;
  } else if (year == 0) {
    return ParseOutcome::kFieldRange;
  }
  if (fields.day_of_year) {
    if (*fields.day_of_year < 1 || *fields.day_of_year > 365 + IsLeapYear(year)) return ParseOutcome::kFieldRange;
    *days = DaysFromCivil(year, 1, 1) + *fields.day_of_year - 1;
    return ParseOutcome::kOk;
  }
  if (*fields.month < 1 || *fields.month > 12 || *fields.day < 1 || *fields.day > 31) return ParseOutcome::kDateStyle;
  if (*fields.day > DaysInMonth(year, static_cast<int>(*fields.month))) return ParseOutcome::kFieldRange;
  if (year > 6'000'000) return ParseOutcome::kOutOfRange;
  *days = DaysFromCivil(year, static_cast<int>(*fields.month), static_cast<int>(*fields.day));
  return ParseOutcome::kOk;
}

// The local instant that the fields name; *special_done when they named an infinity.
ParseOutcome Resolve(const Fields& fields, const TextContext& context, int64_t* local_us, bool* is_utc) {
  *is_utc = false;
  int64_t days = 0, micros = 0;
  switch (fields.special) {
    case Special::kInfinity:
    case Special::kMinusInfinity:
      *local_us = fields.special == Special::kInfinity ? kTimestampInfinity : kTimestampMinusInfinity;
      return ParseOutcome::kOk;
    case Special::kEpoch:
      *is_utc = true;
      *local_us = 0;
      return ParseOutcome::kOk;
    case Special::kNow:
    case Special::kToday:
    case Special::kTomorrow:
    case Special::kYesterday: {
      if (!context.now_us) return ParseOutcome::kNoClock;
      if (fields.special == Special::kNow) {
        *is_utc = true;
        *local_us = *context.now_us;
        return ParseOutcome::kOk;
      }
      int64_t unused;
      SplitTimestamp(UtcToLocal(*context.now_us, context.zone), &days, &unused);
      if (fields.special == Special::kTomorrow) ++days;
      if (fields.special == Special::kYesterday) --days;
      break;
    }
    case Special::kAllBalls:
      return ParseOutcome::kSyntax;
    case Special::kNone:
      if (const ParseOutcome outcome = ResolveDate(fields, &days); outcome != ParseOutcome::kOk) return outcome;
      break;
  }
  if (const ParseOutcome outcome = ResolveTime(fields, &micros); outcome != ParseOutcome::kOk) return outcome;
  int64_t result;
  if (__builtin_mul_overflow(days, kMicrosPerDay, &result) || __builtin_add_overflow(result, micros, &result) ||
      !IsTimestampInRange(result)) {
    return ParseOutcome::kOutOfRange;
  }
  *local_us = result;
  return ParseOutcome::kOk;
}

}  // namespace

ParseOutcome ParseDate(std::string_view text, const TextContext& context, int32_t* date) {
  Fields fields;
  if (const ParseOutcome outcome = Reader(text).Read(&fields); outcome != ParseOutcome::kOk) return outcome;
  int64_t days = 0;
  if (fields.special == Special::kNone) {
    if (const ParseOutcome outcome = ResolveDate(fields, &days); outcome != ParseOutcome::kOk) return outcome;
    int64_t unused;
    if (const ParseOutcome outcome = ResolveTime(fields, &unused); outcome != ParseOutcome::kOk) return outcome;
    if (days < kMinDate || days > kMaxDate) return ParseOutcome::kOutOfRange;
    *date = static_cast<int32_t>(days);
    return ParseOutcome::kOk;
  }
  int64_t local = 0;
  bool is_utc = false;
  if (const ParseOutcome outcome = Resolve(fields, context, &local, &is_utc); outcome != ParseOutcome::kOk) return outcome;
  if (!IsFiniteTimestamp(local)) {
    *date = local > 0 ? kDateInfinity : kDateMinusInfinity;
    return ParseOutcome::kOk;
  }
  if (fields.special == Special::kNow) local = UtcToLocal(local, context.zone);
  int64_t micros;
  SplitTimestamp(local, &days, &micros);
  *date = static_cast<int32_t>(days);
  return ParseOutcome::kOk;
}

ParseOutcome ParseTime(std::string_view text, const TextContext& context, int64_t* micros) {
  Fields fields;
  if (const ParseOutcome outcome = Reader(text).Read(&fields); outcome != ParseOutcome::kOk) return outcome;
  if (fields.special == Special::kAllBalls) {
    *micros = 0;
    return ParseOutcome::kOk;
  }
  if (fields.special == Special::kNow) {
    if (!context.now_us) return ParseOutcome::kNoClock;
    int64_t days;
    SplitTimestamp(UtcToLocal(*context.now_us, context.zone), &days, micros);
    return ParseOutcome::kOk;
  }
  // A run of six digits is a date above; alone it can only be a time here.
  if (!fields.hour && fields.year_digits == 2 && fields.year && fields.month && fields.day &&
      fields.special == Special::kNone) {
    fields.hour = *fields.year;
    fields.minute = *fields.month;
    fields.second = *fields.day;
  } else if (!fields.hour && fields.year_digits == 4 && fields.year && !fields.month && !fields.day) {
    fields.hour = *fields.year / 100;
    fields.minute = *fields.year % 100;
  }
  if (!fields.hour || fields.special != Special::kNone) return ParseOutcome::kSyntax;
  return ResolveTime(fields, micros);
}

ParseOutcome ParseTimestamp(std::string_view text, const TextContext& context, int64_t* local_us) {
  Fields fields;
  if (const ParseOutcome outcome = Reader(text).Read(&fields); outcome != ParseOutcome::kOk) return outcome;
  bool is_utc = false;
  if (const ParseOutcome outcome = Resolve(fields, context, local_us, &is_utc); outcome != ParseOutcome::kOk) return outcome;
  if (fields.special == Special::kNow) *local_us = UtcToLocal(*local_us, context.zone);
  return ParseOutcome::kOk;
}

ParseOutcome ParseTimestampTz(std::string_view text, const TextContext& context, int64_t* utc_us) {
  Fields fields;
  if (const ParseOutcome outcome = Reader(text).Read(&fields); outcome != ParseOutcome::kOk) return outcome;
  bool is_utc = false;
  if (const ParseOutcome outcome = Resolve(fields, context, utc_us, &is_utc); outcome != ParseOutcome::kOk) return outcome;
  if (is_utc || !IsFiniteTimestamp(*utc_us)) return ParseOutcome::kOk;
  if (fields.offset_seconds) {
    if (__builtin_sub_overflow(*utc_us, *fields.offset_seconds * kMicrosPerSecond, utc_us)) return ParseOutcome::kOutOfRange;
  } else {
    *utc_us = LocalToUtc(*utc_us, fields.zone ? *fields.zone : context.zone);
  }
  return IsTimestampInRange(*utc_us) ? ParseOutcome::kOk : ParseOutcome::kOutOfRange;
}

}  // namespace turdb::vec
