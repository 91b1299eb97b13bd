// to_date and to_timestamp(text, text): a text is read as a template says. PostgreSQL's rules, its leniency with blanks and
// separators included: outside FX mode one blank or separator of the template matches one of the text, or none; blanks
// before fields are passed by; a field takes as many digits as it has letters when another digit field follows, else all.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "function/builtins.h"
#include "function/datetime_template.h"
#include "vec/datetime.h"

namespace turdb::function {
namespace {

constexpr std::array<std::string_view, 12> kMonthNames = {
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"};
constexpr std::array<std::string_view, 7> kDayNames = {"sunday",   "monday", "tuesday", "wednesday",
                                                       "thursday", "friday", "saturday"};
constexpr std::array<std::string_view, 12> kRomanMonths = {"xii", "xi", "x",  "ix",  "viii", "vii",
                                                           "vi",  "v",  "iv", "iii", "ii",   "i"};
constexpr std::array<std::string_view, 2> kNoons = {"am", "pm"};
constexpr std::array<std::string_view, 2> kNoonsWithDots = {"a.m.", "p.m."};
constexpr std::array<std::string_view, 2> kEras = {"ad", "bc"};
constexpr std::array<std::string_view, 2> kErasWithDots = {"a.d.", "b.c."};

Status BadFormat(std::string_view message) {
  return base::MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"22007"}, message);
}

// What the fields said; 0: nothing.
struct Values {
  int hour = 0, minute = 0, second = 0, second_of_day = 0, millisecond = 0, microsecond = 0;
  int year = 0, year_digits = 0, century = 0, month = 0, day = 0, weekday = 0, day_of_year = 0;
  int week = 0, week_of_month = 0, julian = 0;
  int zone_sign = 0, zone_hour = 0, zone_minute = 0;
  int afternoon = 0, before_christ = 0;
  bool twelve_hours = false;
  Calendar calendar = Calendar::kNone;
};

// Reads a text by a template.
class Reader {
 public:
  Reader(std::string_view text, const std::vector<TemplateNode>& nodes) : text_(text), nodes_(nodes) {}

  StatusOr<Values> Read() {
    for (size_t i = 0; i < nodes_.size() && at_ < text_.size(); ++i) {
      const TemplateNode& node = nodes_[i];
      const bool field = node.kind == TemplateNode::Kind::kField;
      const bool turns_fixed = field && node.keyword->field == TemplateField::kFixed;
      if (!fixed_ && !turns_fixed && (field || i == 0)) skipped_ += SkipSpaces();
      if (!field) {
        PassText(node);
        continue;
      }
      if (turns_fixed) {
        fixed_ = true;
        continue;
      }
      const Calendar calendar = node.keyword->calendar;
      if (calendar != Calendar::kNone && values_.calendar != Calendar::kNone && calendar != values_.calendar) {
        return base::WithHint(BadFormat("invalid combination of date conventions"),
                              "Do not mix Gregorian and ISO week date conventions in a formatting template.");
      }
      if (calendar != Calendar::kNone) values_.calendar = calendar;
      TURDB_RETURN_IF_ERROR(ReadField(i));
      if (node.ordinal && node.keyword->digits) at_ = std::min(at_ + 2, text_.size());
      if (!fixed_) skipped_ = SkipSpaces();
    }
    return values_;
  }

 private:
  int SkipSpaces() {
    const size_t begin = at_;
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
    return static_cast<int>(at_ - begin);
  }
  void PassCharacter() {
    if (at_ < text_.size()) at_ += CharacterSize(text_.substr(at_));
  }

  void PassText(const TemplateNode& node) {
    if (fixed_) return PassCharacter();
    if (node.kind == TemplateNode::Kind::kText) {  // blanks that were passed may have been meant
      if (skipped_ > 0) {
        --skipped_;
      } else {
        PassCharacter();
      }
      return;
    }
    --skipped_;
    if (at_ < text_.size() && (IsSpace(text_[at_]) || IsSeparator(text_[at_]))) {
      ++at_;
      ++skipped_;
    }
  }

  // Whether the field ends where its digits do: what follows is no digit.
  bool EndsByItself(size_t i) const {
    if (nodes_[i].ordinal || i + 1 == nodes_.size()) return true;
    const TemplateNode& next = nodes_[i + 1];
    return next.kind == TemplateNode::Kind::kField ? !next.keyword->digits : !IsDigit(next.text);
  }

  Status Set(const TemplateNode& node, int value, int* to) {
    if (*to != 0 && *to != value) {
      return base::WithFrame(
          BadFormat(absl::StrCat("conflicting values for \"", node.keyword->name, "\" field in formatting string")),
          "This value contradicts a previous setting for the same field type.");
    }
    *to = value;
    return absl::OkStatus();
  }

  // How many characters it took, blanks before it aside.
  StatusOr<size_t> ReadNumber(size_t i, size_t width, int* to) {
    const TemplateNode& node = nodes_[i];
    SkipSpaces();
    const std::string_view name = node.keyword->name;
    const std::string_view rest = text_.substr(at_);
    const bool all = node.fill_mode || EndsByItself(i);
    const auto hinted = [](Status status, std::string frame) {
      return base::WithHint(base::WithFrame(std::move(status), frame),
                            "If your source string is not fixed-width, try using the \"FM\" modifier.");
    };
    if (!all && rest.size() < width) {
      return hinted(BadFormat(absl::StrCat("source string too short for \"", name, "\" formatting field")),
                    absl::StrCat("TemplateField requires ", width, " characters, but only ", rest.size(), " remain."));
    }
    const std::string_view wanted = all ? rest : rest.substr(0, width);
    size_t used = !wanted.empty() && (wanted[0] == '-' || wanted[0] == '+') ? 1 : 0;
    const size_t digits = used;
    int64_t value = 0;
    for (; used < wanted.size() && IsDigit(wanted[used]); ++used) {
      value = std::min<int64_t>(value * 10 + (wanted[used] - '0'), int64_t{1} << 40);
    }
    const std::string shown(rest.substr(0, width));
    if (used == digits) {
      return base::WithFrame(BadFormat(absl::StrCat("invalid value \"", shown, "\" for \"", name, "\"")),
                             "Value must be an integer.");
    }
    if (!all && used < width) {
      return hinted(BadFormat(absl::StrCat("invalid value \"", shown, "\" for \"", name, "\"")),
                    absl::StrCat("TemplateField requires ", width, " characters, but only ", used, " could be parsed."));
    }
    if (wanted[0] == '-') value = -value;
    if (value > INT32_MAX || value < INT32_MIN) {
      return base::WithFrame(base::MakeError(absl::StatusCode::kOutOfRange, base::SqlState{"22008"},
                                             absl::StrCat("value for \"", name, "\" in source string is out of range")),
                             absl::StrCat("Value must be in the range ", INT32_MIN, " to ", INT32_MAX, "."));
    }
    at_ += used;
    if (to != nullptr) TURDB_RETURN_IF_ERROR(Set(node, static_cast<int>(value), to));
    return used;
  }

  // The place of the name that comes next.
  StatusOr<int> ReadName(const TemplateNode& node, std::span<const std::string_view> names,
                         size_t letters = std::string_view::npos) {
    for (size_t n = 0; n < names.size(); ++n) {
      const std::string_view name = names[n].substr(0, letters);
      if (!absl::StartsWithIgnoreCase(text_.substr(at_), name)) continue;
      at_ += name.size();
      return static_cast<int>(n);
    }
    const std::string_view rest = text_.substr(at_);
    const auto end = std::find_if(rest.begin(), rest.end(), IsSpace);
    return base::WithFrame(
        BadFormat(absl::StrCat("invalid value \"", std::string_view(rest.begin(), end), "\" for \"", node.keyword->name, "\"")),
        "The given value did not match any of the allowed values for this field.");
  }

  Status ReadYear(size_t i) {
    const std::string_view name = nodes_[i].keyword->name;
    const size_t letters = static_cast<size_t>(std::count(name.begin(), name.end(), 'Y')) + (name == "I" ? 1 : 0) +
                           (name.starts_with("I") && name.size() > 1 ? 1 : 0);
    const int before = values_.year;
    values_.year = 0;
    TURDB_ASSIGN_OR_RETURN(const size_t used, ReadNumber(i, name.size(), &values_.year));
    int& year = values_.year;
    if (letters < 4 && used < 4) {  // the one nearest to 2020
      if (year < 70) {
        year += 2000;
      } else if (year < 100) {
        year += 1900;
      } else if (year < 520) {
        year += 2000;
      } else if (year < 1000) {
        year += 1000;
      }
    }
    values_.year_digits = static_cast<int>(letters);
    const int now = year;
    year = before;
    return Set(nodes_[i], now, &year);
  }

  Status ReadYearWithComma(size_t i) {
    const std::string_view rest = text_.substr(at_);
    const size_t comma = rest.find(',');
    size_t end = comma == std::string_view::npos ? 0 : comma + 1;
    while (end < rest.size() && end < comma + 4 && IsDigit(rest[end])) ++end;
    int thousands = 0, years = 0;
    if (comma == std::string_view::npos || comma == 0 || end == comma + 1 ||
        !absl::SimpleAtoi(rest.substr(0, comma), &thousands) ||
        !absl::SimpleAtoi(rest.substr(comma + 1, end - comma - 1), &years) || std::abs(thousands) > 5874) {
      return BadFormat("invalid input string for \"Y,YYY\"");
    }
    at_ += end;
    values_.year_digits = 4;
    return Set(nodes_[i], thousands * 1000 + years, &values_.year);
  }

  // Digits behind the point: 5 is 0.5.
  Status ReadFraction(size_t i, size_t width, int* to) {
    int value = 0;
    TURDB_ASSIGN_OR_RETURN(size_t used, ReadNumber(i, width, &value));
    const size_t places = to == &values_.millisecond ? 3 : 6;
    for (; used < places; ++used) value *= 10;
    return Set(nodes_[i], value, to);
  }

  Status ReadZoneHour(size_t i) {
    const char c = text_[at_];
    if (c == '+' || c == '-' || c == ' ') {
      values_.zone_sign = c == '-' ? -1 : 1;
      ++at_;
    } else {  // the sign may have been passed by as a separator
      values_.zone_sign = skipped_ > 0 && at_ > 0 && text_[at_ - 1] == '-' ? -1 : 1;
    }
    return ReadNumber(i, 2, &values_.zone_hour).status();
  }

  Status ReadField(size_t i) {
    const TemplateNode& node = nodes_[i];
    const std::string_view name = node.keyword->name;
    const auto number = [&](int* to) { return ReadNumber(i, name.size(), to).status(); };
    switch (node.keyword->field) {
      case TemplateField::kFixed:
        return absl::OkStatus();
      case TemplateField::kEra:
      case TemplateField::kEraDots: {
        TURDB_ASSIGN_OR_RETURN(const int era,
                               ReadName(node, node.keyword->field == TemplateField::kEra ? kEras : kErasWithDots));
        return Set(node, era, &values_.before_christ);
      }
      case TemplateField::kNoon:
      case TemplateField::kNoonDots: {
        TURDB_ASSIGN_OR_RETURN(const int noon,
                               ReadName(node, node.keyword->field == TemplateField::kNoon ? kNoons : kNoonsWithDots));
        values_.twelve_hours = true;
        return Set(node, noon, &values_.afternoon);
      }
      case TemplateField::kCentury:
        return number(&values_.century);
      case TemplateField::kDayName:
      case TemplateField::kDayNameShort: {
        TURDB_ASSIGN_OR_RETURN(
            const int day,
            ReadName(node, kDayNames, node.keyword->field == TemplateField::kDayName ? std::string_view::npos : 3));
        return Set(node, day + 1, &values_.weekday);
      }
      case TemplateField::kDayOfYear:
        return number(&values_.day_of_year);
      case TemplateField::kIsoDayOfYear:
        return ReadNumber(i, 3, &values_.day_of_year).status();
      case TemplateField::kDay:
        return number(&values_.day);
      case TemplateField::kWeekday:
        return number(&values_.weekday);
      case TemplateField::kIsoWeekday: {
        int day = 0;
        TURDB_RETURN_IF_ERROR(ReadNumber(i, 1, &day).status());
        return Set(node, day + 1 > 7 ? 1 : day + 1, &values_.weekday);  // Sunday is 1
      }
      case TemplateField::kFraction:
        return ReadFraction(i, name == "US" ? 6 : static_cast<size_t>(name[2] - '0'), &values_.microsecond);
      case TemplateField::kMillisecond:
        return ReadFraction(i, 3, &values_.millisecond);
      case TemplateField::kHour24:
        return ReadNumber(i, 2, &values_.hour).status();
      case TemplateField::kHour12:
        values_.twelve_hours = true;
        return ReadNumber(i, 2, &values_.hour).status();
      case TemplateField::kMinute:
        return number(&values_.minute);
      case TemplateField::kSecond:
        return number(&values_.second);
      case TemplateField::kSecondOfDay:
        return number(&values_.second_of_day);
      case TemplateField::kWeek:
        return number(&values_.week);
      case TemplateField::kWeekOfMonth:
        return number(&values_.week_of_month);
      case TemplateField::kJulian:
        return number(&values_.julian);
      case TemplateField::kMonth:
        return number(&values_.month);
      case TemplateField::kMonthName:
      case TemplateField::kMonthNameShort: {
        TURDB_ASSIGN_OR_RETURN(
            const int month,
            ReadName(node, kMonthNames, node.keyword->field == TemplateField::kMonthName ? std::string_view::npos : 3));
        return Set(node, month + 1, &values_.month);
      }
      case TemplateField::kRoman: {
        TURDB_ASSIGN_OR_RETURN(const int month, ReadName(node, kRomanMonths));
        return Set(node, 12 - month, &values_.month);
      }
      case TemplateField::kQuarter:  // says no month
        return number(nullptr);
      case TemplateField::kYear:
        return ReadYear(i);
      case TemplateField::kYearWithComma:
        return ReadYearWithComma(i);
      case TemplateField::kZoneHour:
        return ReadZoneHour(i);
      case TemplateField::kZoneMinute:
        if (values_.zone_sign == 0) values_.zone_sign = 1;
        return ReadNumber(i, 2, &values_.zone_minute).status();
      case TemplateField::kZone:
        break;
    }
    return base::MakeError(absl::StatusCode::kUnimplemented, base::sqlstate::kFeatureNotSupported,
                           absl::StrCat("formatting field \"", name, "\" is only supported in to_char"));
  }

  const std::string_view text_;
  const std::vector<TemplateNode>& nodes_;
  size_t at_ = 0;
  bool fixed_ = false;
  int skipped_ = 0;  // characters of the text that were passed by beyond those of the template
  Values values_;
};

// The day before the first Monday of a week of the ISO year, as days since 1970.
int64_t IsoWeekStart(int64_t year, int64_t week) {
  const int64_t fourth = vec::DaysFromCivil(year, 1, 4);
  return (week - 1) * 7 + fourth - (vec::IsoDayOfWeek(fourth) - 1);
}

struct Moment {
  int64_t days = 0;
  int64_t micros = 0;  // of the day
  std::optional<int> zone_seconds;
};

Status FieldRange(std::string_view text) {
  return base::MakeError(absl::StatusCode::kOutOfRange, base::SqlState{"22008"},
                         absl::StrCat("date/time field value out of range: \"", text, "\""));
}

// From what the fields said to the year that they mean; astronomical.
int64_t YearOf(const Values& v) {
  const int century = v.before_christ != 0 ? -v.century : v.century;
  if (v.year != 0 && v.century != 0 && v.year_digits <= 2) {
    const int year = v.year % 100;
    if (year == 0) return int64_t{century} * 100 + (century >= 0 ? 0 : 1);
    return century >= 0 ? year + (int64_t{century} - 1) * 100 : (int64_t{century} + 1) * 100 - year + 1;
  }
  if (v.year != 0) {
    const int64_t year = v.before_christ != 0 ? -int64_t{v.year} : int64_t{v.year};
    return year < 0 ? year + 1 : year;  // there is no year 0
  }
  if (v.century != 0) return century >= 0 ? (int64_t{century} - 1) * 100 + 1 : int64_t{century} * 100 + 1;
  return 0;
}

StatusOr<int64_t> DaysOf(Values v, std::string_view text) {
  int64_t year = YearOf(v);
  int64_t month = 1, day = 1;
  const auto take = [&](int64_t days) {
    const vec::CivilDate date = vec::CivilFromDays(days);
    year = date.year;
    month = date.month;
    day = date.day;
  };
  if (std::abs(year) > 5874897) return FieldRange(text);
  if (v.julian != 0) take(int64_t{v.julian} + vec::kMinDate);
  if (v.week != 0) {
    if (v.calendar == Calendar::kIsoWeek) {
      const int64_t start = IsoWeekStart(year, v.week);
      take(v.weekday == 0 ? start : v.weekday > 1 ? start + v.weekday - 2 : start + 6);
    } else {
      v.day_of_year = (v.week - 1) * 7 + 1;
    }
  }
  if (v.week_of_month != 0) v.day = (v.week_of_month - 1) * 7 + 1;
  if (v.day != 0) day = v.day;
  if (v.month != 0) month = v.month;
  if (v.day_of_year != 0 && (month <= 1 || day <= 1)) {
    if (year == 0 && v.before_christ == 0) return BadFormat("cannot calculate day of year without year information");
    if (v.calendar == Calendar::kIsoWeek) {
      take(IsoWeekStart(year, 1) - 1 + v.day_of_year);
    } else {
      const bool sets_month = month <= 1, sets_day = day <= 1;
      const vec::CivilDate date = vec::CivilFromDays(vec::DaysFromCivil(year, 1, 1) + v.day_of_year - 1);
      if (v.day_of_year < 1 || date.year != year) return FieldRange(text);
      if (sets_month) month = date.month;
      if (sets_day) day = date.day;
    }
  }
  if (month < 1 || month > 12 || day < 1 || day > vec::DaysInMonth(year, static_cast<int>(month))) return FieldRange(text);
  return vec::DaysFromCivil(year, static_cast<int>(month), static_cast<int>(day));
}

StatusOr<int64_t> MicrosOf(const Values& v, std::string_view text) {
  int hour = v.second_of_day / 3600, minute = v.second_of_day / 60 % 60, second = v.second_of_day % 60;
  if (v.second != 0) second = v.second;
  if (v.minute != 0) minute = v.minute;
  if (v.hour != 0) hour = v.hour;
  if (v.twelve_hours) {
    if (hour < 1 || hour > 12) {
      return base::WithHint(BadFormat(absl::StrCat("hour \"", hour, "\" is invalid for the 12-hour clock")),
                            "Use the 24-hour clock, or give an hour between 1 and 12.");
    }
    if (v.afternoon != 0 && hour < 12) {
      hour += 12;
    } else if (v.afternoon == 0 && hour == 12) {
      hour = 0;
    }
  }
  const int64_t fraction = int64_t{v.millisecond} * 1000 + v.microsecond;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 || fraction < 0 || fraction > 999999) {
    return FieldRange(text);
  }
  return ((int64_t{hour} * 60 + minute) * 60 + second) * 1'000'000 + fraction;
}

StatusOr<Moment> ReadMoment(std::string_view text, const std::vector<TemplateNode>& nodes) {
  TURDB_ASSIGN_OR_RETURN(const Values values, Reader(text, nodes).Read());
  Moment moment;
  TURDB_ASSIGN_OR_RETURN(moment.micros, MicrosOf(values, text));
  TURDB_ASSIGN_OR_RETURN(moment.days, DaysOf(values, text));
  if (values.zone_sign != 0) {
    constexpr int kMostHours = 15;
    if (values.zone_hour < 0 || values.zone_hour > kMostHours || values.zone_minute < 0 || values.zone_minute > 59) {
      return FieldRange(text);
    }
    moment.zone_seconds = values.zone_sign * (values.zone_hour * 3600 + values.zone_minute * 60);
  }
  return moment;
}

// For each row the moment that its text says; `f` stores it.
template <typename F>
void ForEachMoment(Call& call, const F& f) {
  std::string last;
  std::vector<TemplateNode> nodes;
  call.ForEach([&](SelIndex row) {
    const std::string_view format = call.args[1].Get<StringView>(row).view();
    if (nodes.empty() || format != last) {
      last.assign(format);
      nodes = ParseTemplate(format);
    }
    const std::string_view text = call.args[0].Get<StringView>(row).view();
    StatusOr<Moment> moment = ReadMoment(text, nodes);
    Status status = moment.ok() ? f(row, text, *moment) : moment.status();
    if (!status.ok()) call.RaiseStatus(row, std::move(status));
  });
}

void ToDateKernel(Call& call) {
  ForEachMoment(call, [&](SelIndex row, std::string_view text, const Moment& moment) -> Status {
    if (moment.days < vec::kMinDate || moment.days > vec::kMaxDate) {
      return base::MakeError(absl::StatusCode::kOutOfRange, base::SqlState{"22008"},
                             absl::StrCat("date out of range: \"", text, "\""));
    }
    call.result->data<int32_t>()[row] = static_cast<int32_t>(moment.days);
    return absl::OkStatus();
  });
}

void ToTimestampKernel(Call& call) {
  ForEachMoment(call, [&](SelIndex row, std::string_view, const Moment& moment) -> Status {
    const absl::int128 exact = absl::int128(moment.days) * vec::kMicrosPerDay + moment.micros;
    if (exact < vec::kMinTimestamp || exact > vec::kMaxTimestamp) {
      return base::MakeError(absl::StatusCode::kOutOfRange, base::SqlState{"22008"}, "timestamp out of range");
    }
    const auto local = static_cast<int64_t>(exact);
    call.result->data<int64_t>()[row] = moment.zone_seconds.has_value() ? local - int64_t{*moment.zone_seconds} * 1'000'000
                                                                        : vec::LocalToUtc(local, call.context.text.zone);
    return absl::OkStatus();
  });
}

}  // namespace

void AddDatetimeParsing(FunctionList& list) {
  constexpr TypeId kText = TypeId::kText;
  list.Add("to_date", {kText, kText}, TypeId::kDate, kCanRaise, ToDateKernel);
  list.Add("to_timestamp", {kText, kText}, TypeId::kTimestampTz, kCanRaise | kStable, ToTimestampKernel);
}

}  // namespace turdb::function
