// Dates, times, timestamps, durations and intervals, in any unit of Arrow's.
#include <cstring>
#include <optional>

#include "absl/strings/str_cat.h"
#include "arrow/column_reader.h"
#include "vec/datetime.h"
#include "vec/scalar.h"

namespace turdb::arrow {
namespace {

using base::Status;
using vec::Type;
using vec::TypeId;
using vec::Vector;

Status OutOfRange(std::string_view what, int64_t value) {
  return base::MakeError(absl::StatusCode::kOutOfRange, base::sqlstate::kDatetimeOverflow,
                         absl::StrCat("Arrow's ", what, " ", value, " is outside the range of SQL's"));
}

int64_t FloorDivide(int64_t value, int64_t divisor) {
  const int64_t quotient = value / divisor;
  return value % divisor < 0 ? quotient - 1 : quotient;
}

// Counts of a unit as microseconds: times `multiply`, or divided by `divide` towards minus infinity.
struct Unit {
  int64_t multiply = 1;
  int64_t divide = 1;
};
std::optional<Unit> UnitOf(char letter) {
  switch (letter) {
    case 's':
      return Unit{1'000'000, 1};
    case 'm':
      return Unit{1000, 1};
    case 'u':
      return Unit{1, 1};
    case 'n':
      return Unit{1, 1000};
    default:
      return std::nullopt;
  }
}
bool ToMicros(const Unit& unit, int64_t count, int64_t* micros) {
  if (unit.divide != 1) {
    *micros = FloorDivide(count, unit.divide);
    return true;
  }
  return !__builtin_mul_overflow(count, unit.multiply, micros);
}

// Values of `In`, each through Derived::Convert(In, Out*).
template <typename Derived, typename In, typename Out>
class ConvertingReader : public ColumnReader {
 public:
  explicit ConvertingReader(Type type) : ColumnReader(type, 2, 0) {}
  Status Read(int64_t first, uint32_t count, Vector* out) override {
    if (count == 0) return absl::OkStatus();
    if (array().buffers[1] == nullptr) return BadArray("has rows and no buffer of values");
    const In* values = Values<In>(1) + first;
    Out* converted = out->data<Out>();
    for (uint32_t i = 0; i < count; ++i) {
      if (may_have_nulls() && !IsValid(first + i)) {
        out->SetNull(i);
        continue;
      }
      TURDB_RETURN_IF_ERROR(static_cast<const Derived*>(this)->Convert(values[i], &converted[i]));
    }
    return absl::OkStatus();
  }
};

class DateReader : public ConvertingReader<DateReader, int32_t, int32_t> {
 public:
  DateReader() : ConvertingReader(TypeId::kDate) {}
  Status Convert(int32_t days, int32_t* out) const {
    *out = days;
    if (vec::IsFiniteDate(days) && (days < vec::kMinDate || days > vec::kMaxDate)) return OutOfRange("date32", days);
    return absl::OkStatus();
  }
};

class Date64Reader : public ConvertingReader<Date64Reader, int64_t, int32_t> {
 public:
  Date64Reader() : ConvertingReader(TypeId::kDate) {}
  Status Convert(int64_t millis, int32_t* out) const {
    const int64_t days = FloorDivide(millis, 86'400'000);
    if (days < vec::kMinDate || days > vec::kMaxDate) return OutOfRange("date64", millis);
    *out = static_cast<int32_t>(days);
    return absl::OkStatus();
  }
};

template <typename In>
class TimeReader : public ConvertingReader<TimeReader<In>, In, int64_t> {
 public:
  explicit TimeReader(Unit unit) : ConvertingReader<TimeReader<In>, In, int64_t>(TypeId::kTime), unit_(unit) {}
  Status Convert(In count, int64_t* out) const {
    if (!ToMicros(unit_, count, out) || *out < 0 || *out > vec::kMicrosPerDay) return OutOfRange("time", count);
    return absl::OkStatus();
  }

 private:
  const Unit unit_;
};

class TimestampReader : public ConvertingReader<TimestampReader, int64_t, int64_t> {
 public:
  TimestampReader(TypeId type, Unit unit) : ConvertingReader(type), unit_(unit) {}
  Status Convert(int64_t count, int64_t* out) const {
    if (unit_.multiply == 1 && unit_.divide == 1) {
      *out = count;
      if (!vec::IsFiniteTimestamp(count) || vec::IsTimestampInRange(count)) return absl::OkStatus();
      return OutOfRange("timestamp", count);
    }
    if (!ToMicros(unit_, count, out) || !vec::IsTimestampInRange(*out)) return OutOfRange("timestamp", count);
    return absl::OkStatus();
  }

 private:
  const Unit unit_;
};

class DurationReader : public ConvertingReader<DurationReader, int64_t, vec::Interval> {
 public:
  explicit DurationReader(Unit unit) : ConvertingReader(TypeId::kInterval), unit_(unit) {}
  Status Convert(int64_t count, vec::Interval* out) const {
    *out = vec::Interval{};
    return ToMicros(unit_, count, &out->micros) ? absl::OkStatus() : OutOfRange("duration", count);
  }

 private:
  const Unit unit_;
};

class MonthsReader : public ConvertingReader<MonthsReader, int32_t, vec::Interval> {
 public:
  MonthsReader() : ConvertingReader(TypeId::kInterval) {}
  Status Convert(int32_t months, vec::Interval* out) const {
    *out = vec::Interval{months, 0, 0};
    return absl::OkStatus();
  }
};

struct DayTime {
  int32_t days;
  int32_t millis;
};
class DayTimeReader : public ConvertingReader<DayTimeReader, DayTime, vec::Interval> {
 public:
  DayTimeReader() : ConvertingReader(TypeId::kInterval) {}
  Status Convert(const DayTime& value, vec::Interval* out) const {
    *out = vec::Interval{0, value.days, int64_t{value.millis} * 1000};
    return absl::OkStatus();
  }
};

struct MonthDayNano {
  int32_t months;
  int32_t days;
  int64_t nanos;
};
class MonthDayNanoReader : public ConvertingReader<MonthDayNanoReader, MonthDayNano, vec::Interval> {
 public:
  MonthDayNanoReader() : ConvertingReader(TypeId::kInterval) {}
  Status Convert(const MonthDayNano& value, vec::Interval* out) const {
    *out = vec::Interval{value.months, value.days, value.nanos / 1000};
    return absl::OkStatus();
  }
};

}  // namespace

ReaderOr MakeTimeReader(std::string_view format) {
  if (format == "tdD") return std::make_unique<DateReader>();
  if (format == "tdm") return std::make_unique<Date64Reader>();
  if (format == "tiM") return std::make_unique<MonthsReader>();
  if (format == "tiD") return std::make_unique<DayTimeReader>();
  if (format == "tin") return std::make_unique<MonthDayNanoReader>();
  if (format.size() < 3) return std::unique_ptr<ColumnReader>();
  const std::optional<Unit> unit = UnitOf(format[2]);
  if (!unit.has_value()) return std::unique_ptr<ColumnReader>();
  if (format == "tts" || format == "ttm") return std::make_unique<TimeReader<int32_t>>(*unit);
  if (format == "ttu" || format == "ttn") return std::make_unique<TimeReader<int64_t>>(*unit);
  if (format[1] == 'D' && format.size() == 3) return std::make_unique<DurationReader>(*unit);
  if (format[1] == 's' && format.size() >= 4 && format[3] == ':') {
    // Instants are instants whatever the zone; without one they are civil times.
    return std::make_unique<TimestampReader>(format.size() > 4 ? TypeId::kTimestampTz : TypeId::kTimestamp, *unit);
  }
  return std::unique_ptr<ColumnReader>();
}

}  // namespace turdb::arrow
