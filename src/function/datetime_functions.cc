// Operators and functions on dates, times and intervals.
#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "function/builtins.h"
#include "function/datetime_arithmetic.h"
#include "function/kernels.h"
#include "vec/numeric.h"

namespace turdb::function {
namespace {

using base::MakeError;
using vec::Interval;
using vec::kMicrosPerDay;

constexpr TypeId kDate = TypeId::kDate, kTime = TypeId::kTime, kStamp = TypeId::kTimestamp, kStampTz = TypeId::kTimestampTz;
constexpr TypeId kInterval = TypeId::kInterval, kInt = TypeId::kInt32, kDouble = TypeId::kDouble, kText = TypeId::kText;

// out[row] = f(row), an optional; nullopt raises "... out of range".
template <typename R, typename F>
void Compute(Call& call, F&& f) {
  R* out = call.result->data<R>();
  call.ForEach([&](SelIndex row) {
    const std::optional<R> result = f(row);
    if (result) {
      out[row] = *result;
    } else {
      call.Raise(row, ErrorCode::kOutOfRange);
    }
  });
}

template <typename T>
const T& At(const Call& call, size_t argument, SelIndex row) {
  return call.args[argument].Get<T>(row);
}
std::string_view TextAt(const Call& call, size_t argument, SelIndex row) {
  return call.args[argument].Get<StringView>(row).view();
}

// ---- operators

template <int kSign, bool kDateFirst>
void DatePlusDaysKernel(Call& call) {
  Compute<int32_t>(call, [&](SelIndex row) -> std::optional<int32_t> {
    const int32_t date = At<int32_t>(call, kDateFirst ? 0 : 1, row);
    if (!vec::IsFiniteDate(date)) return date;
    const int64_t result = int64_t{date} + int64_t{kSign} * At<int32_t>(call, kDateFirst ? 1 : 0, row);
    if (result < vec::kMinDate || result > vec::kMaxDate) return std::nullopt;
    return static_cast<int32_t>(result);
  });
}

void DateDifferenceKernel(Call& call) {
  int32_t* out = call.result->data<int32_t>();
  call.ForEach([&](SelIndex row) {
    const int32_t a = At<int32_t>(call, 0, row), b = At<int32_t>(call, 1, row);
    if (!vec::IsFiniteDate(a) || !vec::IsFiniteDate(b)) {
      return call.RaiseStatus(
          row, MakeError(absl::StatusCode::kOutOfRange, base::sqlstate::kDatetimeOverflow, "cannot subtract infinite dates"));
    }
    out[row] = static_cast<int32_t>(static_cast<uint32_t>(a) - static_cast<uint32_t>(b));
  });
}

// kStampArgument: which argument is the timestamp; the other is the interval.
template <bool kZone, int kSign, size_t kStampArgument>
void StampPlusIntervalKernel(Call& call) {
  Compute<int64_t>(call, [&](SelIndex row) -> std::optional<int64_t> {
    const int64_t t = At<int64_t>(call, kStampArgument, row);
    const std::optional<Interval> interval =
        kSign > 0 ? At<Interval>(call, 1 - kStampArgument, row) : NegateInterval(At<Interval>(call, 1 - kStampArgument, row));
    if (!interval) return std::nullopt;
    return kZone ? AddIntervalTz(t, *interval, call.context.text.zone) : AddInterval(t, *interval);
  });
}

void StampDifferenceKernel(Call& call) {
  Interval* out = call.result->data<Interval>();
  call.ForEach([&](SelIndex row) {
    const int64_t a = At<int64_t>(call, 0, row), b = At<int64_t>(call, 1, row);
    int64_t micros;
    if (!vec::IsFiniteTimestamp(a) || !vec::IsFiniteTimestamp(b)) {
      return call.RaiseStatus(row, MakeError(absl::StatusCode::kOutOfRange, base::sqlstate::kDatetimeOverflow,
                                             "cannot subtract infinite timestamps"));
    }
    if (__builtin_sub_overflow(a, b, &micros)) return call.Raise(row, ErrorCode::kOutOfRange);
    out[row] = DaysAndMicros(micros);
  });
}

template <int kSign, size_t kTimeArgument>
void TimePlusIntervalKernel(Call& call) {
  int64_t* out = call.result->data<int64_t>();
  call.ForEach([&](SelIndex row) {
    const int64_t micros = At<Interval>(call, 1 - kTimeArgument, row).micros % kMicrosPerDay;
    int64_t t = (At<int64_t>(call, kTimeArgument, row) + kSign * micros) % kMicrosPerDay;
    if (t < 0) t += kMicrosPerDay;
    out[row] = t;
  });
}

void TimeDifferenceKernel(Call& call) {
  Interval* out = call.result->data<Interval>();
  call.ForEach([&](SelIndex row) { out[row] = Interval{0, 0, At<int64_t>(call, 0, row) - At<int64_t>(call, 1, row)}; });
}

template <size_t kDateArgument>
void DatePlusTimeKernel(Call& call) {
  Compute<int64_t>(call, [&](SelIndex row) -> std::optional<int64_t> {
    const int32_t date = At<int32_t>(call, kDateArgument, row);
    if (!vec::IsFiniteDate(date)) return date > 0 ? vec::kTimestampInfinity : vec::kTimestampMinusInfinity;
    int64_t result;
    if (__builtin_mul_overflow(int64_t{date}, kMicrosPerDay, &result) ||
        __builtin_add_overflow(result, At<int64_t>(call, 1 - kDateArgument, row), &result)) {
      return std::nullopt;
    }
    return result;
  });
}

template <int kSign>
void IntervalSumKernel(Call& call) {
  Compute<Interval>(call, [&](SelIndex row) -> std::optional<Interval> {
    const std::optional<Interval> b = kSign > 0 ? At<Interval>(call, 1, row) : NegateInterval(At<Interval>(call, 1, row));
    return b ? SumIntervals(At<Interval>(call, 0, row), *b) : std::nullopt;
  });
}

void NegateIntervalKernel(Call& call) {
  Compute<Interval>(call, [&](SelIndex row) { return NegateInterval(At<Interval>(call, 0, row)); });
}

template <size_t kIntervalArgument>
void ScaleIntervalKernel(Call& call) {
  Compute<Interval>(call, [&](SelIndex row) {
    return ScaleInterval(At<Interval>(call, kIntervalArgument, row), At<double>(call, 1 - kIntervalArgument, row), false);
  });
}

void DivideIntervalKernel(Call& call) {
  Interval* out = call.result->data<Interval>();
  call.ForEach([&](SelIndex row) {
    const double divisor = At<double>(call, 1, row);
    if (divisor == 0) return call.Raise(row, ErrorCode::kDivisionByZero);
    const std::optional<Interval> result = ScaleInterval(At<Interval>(call, 0, row), divisor, true);
    if (!result) return call.Raise(row, ErrorCode::kOutOfRange);
    out[row] = *result;
  });
}

// ---- the clock

void NowKernel(Call& call) { call.result->data<int64_t>()[0] = call.context.text.now_us.value_or(0); }
void StatementTimestampKernel(Call& call) { call.result->data<int64_t>()[0] = call.context.statement_now_us; }
void ClockTimestampKernel(Call& call) {
  int64_t* out = call.result->data<int64_t>();
  for (uint32_t i = 0; i < call.rows.count; ++i) {
    out[call.rows[i]] =
        call.context.clock_now_us != nullptr ? call.context.clock_now_us(call.context.clock) : call.context.statement_now_us;
  }
}
int64_t LocalNow(const Call& call) { return vec::UtcToLocal(call.context.text.now_us.value_or(0), call.context.text.zone); }
void CurrentDateKernel(Call& call) {
  int64_t days, micros;
  vec::SplitTimestamp(LocalNow(call), &days, &micros);
  call.result->data<int32_t>()[0] = static_cast<int32_t>(days);
}
void LocalTimestampKernel(Call& call) { call.result->data<int64_t>()[0] = LocalNow(call); }
void LocalTimeKernel(Call& call) {
  int64_t days, micros;
  vec::SplitTimestamp(LocalNow(call), &days, &micros);
  call.result->data<int64_t>()[0] = micros;
}

// ---- age, make_..., justify_...

void AgeKernel(Call& call) {
  const bool zone = call.argument_types[0].id == kStampTz;
  Interval* out = call.result->data<Interval>();
  call.ForEach([&](SelIndex row) {
    int64_t a, b;
    if (call.args.size() == 2) {
      a = At<int64_t>(call, 0, row);
      b = At<int64_t>(call, 1, row);
    } else {
      int64_t days, micros;
      vec::SplitTimestamp(LocalNow(call), &days, &micros);
      a = days * kMicrosPerDay;
      if (zone) a = vec::LocalToUtc(a, call.context.text.zone);
      b = At<int64_t>(call, 0, row);
    }
    if (!vec::IsFiniteTimestamp(a) || !vec::IsFiniteTimestamp(b)) return call.Raise(row, ErrorCode::kOutOfRange);
    if (zone) {
      a = vec::UtcToLocal(a, call.context.text.zone);
      b = vec::UtcToLocal(b, call.context.text.zone);
    }
    out[row] = Age(a, b);
  });
}

Status FieldRange(std::string_view what, std::string_view value) {
  return MakeError(absl::StatusCode::kOutOfRange, base::sqlstate::kDatetimeOverflow,
                   absl::StrCat(what, " field value out of range: ", value));
}

// nullopt when there is no such day. Negative years are BC.
std::optional<int32_t> DateOf(int32_t year, int32_t month, int32_t day) {
  if (year == 0 || month < 1 || month > 12 || day < 1) return std::nullopt;
  const int64_t astronomical = year < 0 ? int64_t{year} + 1 : year;
  if (day > vec::DaysInMonth(astronomical, month)) return std::nullopt;
  const int64_t days = vec::DaysFromCivil(astronomical, month, day);
  if (days < vec::kMinDate || days > vec::kMaxDate) return std::nullopt;
  return static_cast<int32_t>(days);
}

std::optional<int64_t> TimeOf(int32_t hour, int32_t minute, double second) {
  if (hour < 0 || hour > 24 || minute < 0 || minute > 59 || !(second >= 0 && second <= 60)) return std::nullopt;
  const int64_t micros =
      hour * vec::kMicrosPerHour + minute * vec::kMicrosPerMinute + static_cast<int64_t>(std::rint(second * 1e6));
  if (micros > kMicrosPerDay) return std::nullopt;
  return micros;
}

void MakeDateKernel(Call& call) {
  int32_t* out = call.result->data<int32_t>();
  call.ForEach([&](SelIndex row) {
    const int32_t y = At<int32_t>(call, 0, row), m = At<int32_t>(call, 1, row), d = At<int32_t>(call, 2, row);
    const std::optional<int32_t> date = DateOf(y, m, d);
    if (!date) return call.RaiseStatus(row, FieldRange("date", absl::StrCat(y, "-", m, "-", d)));
    out[row] = *date;
  });
}

void MakeTimeKernel(Call& call) {
  int64_t* out = call.result->data<int64_t>();
  call.ForEach([&](SelIndex row) {
    const int32_t h = At<int32_t>(call, 0, row), m = At<int32_t>(call, 1, row);
    const std::optional<int64_t> time = TimeOf(h, m, At<double>(call, 2, row));
    if (!time) return call.RaiseStatus(row, FieldRange("time", absl::StrCat(h, ":", m, ":", At<double>(call, 2, row))));
    out[row] = *time;
  });
}

void MakeTimestampKernel(Call& call) {
  const bool zone = call.result_type().id == kStampTz;
  int64_t* out = call.result->data<int64_t>();
  call.ForEach([&](SelIndex row) {
    const int32_t y = At<int32_t>(call, 0, row), m = At<int32_t>(call, 1, row), d = At<int32_t>(call, 2, row);
    const std::optional<int32_t> date = DateOf(y, m, d);
    if (!date) return call.RaiseStatus(row, FieldRange("date", absl::StrCat(y, "-", m, "-", d)));
    const std::optional<int64_t> time = TimeOf(At<int32_t>(call, 3, row), At<int32_t>(call, 4, row), At<double>(call, 5, row));
    if (!time) {
      return call.RaiseStatus(row, FieldRange("time", absl::StrCat(At<int32_t>(call, 3, row), ":", At<int32_t>(call, 4, row),
                                                                   ":", At<double>(call, 5, row))));
    }
    int64_t local;
    if (__builtin_mul_overflow(int64_t{*date}, kMicrosPerDay, &local) || __builtin_add_overflow(local, *time, &local)) {
      return call.Raise(row, ErrorCode::kOutOfRange);
    }
    out[row] = zone ? vec::LocalToUtc(local, call.context.text.zone) : local;
  });
}

void MakeIntervalKernel(Call& call) {
  Compute<Interval>(call, [&](SelIndex row) -> std::optional<Interval> {
    int64_t parts[6] = {};  // years, months, weeks, days, hours, minutes
    for (size_t i = 0; i < 6 && i < call.args.size(); ++i) parts[i] = At<int32_t>(call, i, row);
    const double seconds = call.args.size() > 6 ? At<double>(call, 6, row) : 0;
    const int64_t months = parts[0] * 12 + parts[1], days = parts[2] * 7 + parts[3];
    if (months != static_cast<int32_t>(months) || days != static_cast<int32_t>(days)) return std::nullopt;
    if (!(std::abs(seconds) < 9e12)) return std::nullopt;
    return Interval{
        static_cast<int32_t>(months), static_cast<int32_t>(days),
        parts[4] * vec::kMicrosPerHour + parts[5] * vec::kMicrosPerMinute + static_cast<int64_t>(std::rint(seconds * 1e6))};
  });
}

void JustifyHours(Interval* i) {
  i->days += static_cast<int32_t>(i->micros / kMicrosPerDay);
  i->micros %= kMicrosPerDay;
  if (i->days > 0 && i->micros < 0) {
    i->micros += kMicrosPerDay;
    --i->days;
  } else if (i->days < 0 && i->micros > 0) {
    i->micros -= kMicrosPerDay;
    ++i->days;
  }
}

void JustifyDays(Interval* i) {
  i->months += i->days / 30;
  i->days %= 30;
  if (i->months > 0 && i->days < 0) {
    i->days += 30;
    --i->months;
  } else if (i->months < 0 && i->days > 0) {
    i->days -= 30;
    ++i->months;
  }
}

void JustifyBoth(Interval* i) {
  JustifyHours(i);
  JustifyDays(i);
  if (i->months > 0 && (i->days < 0 || (i->days == 0 && i->micros < 0))) {
    i->days += 30;
    --i->months;
  } else if (i->months < 0 && (i->days > 0 || (i->days == 0 && i->micros > 0))) {
    i->days -= 30;
    ++i->months;
  }
  if (i->days > 0 && i->micros < 0) {
    i->micros += kMicrosPerDay;
    --i->days;
  } else if (i->days < 0 && i->micros > 0) {
    i->micros -= kMicrosPerDay;
    ++i->days;
  }
}

template <void (*kJustify)(Interval*)>
void JustifyKernel(Call& call) {
  Interval* out = call.result->data<Interval>();
  call.ForEach([&](SelIndex row) {
    out[row] = At<Interval>(call, 0, row);
    kJustify(&out[row]);
  });
}

void IsFiniteKernel(Call& call) {
  bool* out = call.result->data<bool>();
  call.ForEach([&](SelIndex row) {
    switch (call.argument_types[0].id) {
      case kDate:
        out[row] = vec::IsFiniteDate(At<int32_t>(call, 0, row));
        break;
      case kInterval:
        out[row] = true;
        break;
      default:
        out[row] = vec::IsFiniteTimestamp(At<int64_t>(call, 0, row));
    }
  });
}

void ToTimestampKernel(Call& call) {
  int64_t* out = call.result->data<int64_t>();
  call.ForEach([&](SelIndex row) {
    const double seconds = At<double>(call, 0, row);
    if (std::isinf(seconds)) {
      out[row] = seconds > 0 ? vec::kTimestampInfinity : vec::kTimestampMinusInfinity;
    } else if (!(std::abs(seconds) < 9.2e12) || seconds * 1e6 < static_cast<double>(vec::kMinTimestamp)) {
      call.Raise(row, ErrorCode::kOutOfRange);
    } else {
      out[row] = static_cast<int64_t>(std::rint(seconds * 1e6));
    }
  });
}

// timezone(zone, t), which is what AT TIME ZONE means.
void AtTimeZoneKernel(Call& call) {
  const bool to_utc = call.argument_types[1].id == kStamp;
  int64_t* out = call.result->data<int64_t>();
  call.ForEach([&](SelIndex row) {
    std::optional<absl::TimeZone> zone;
    if (call.argument_types[0].id == kInterval) {
      const Interval& offset = At<Interval>(call, 0, row);
      if (offset.months == 0 && offset.days == 0 && std::abs(offset.micros) < kMicrosPerDay) {
        zone = absl::FixedTimeZone(static_cast<int>(offset.micros / vec::kMicrosPerSecond));
      }
    } else {
      zone = vec::FindZone(TextAt(call, 0, row));
    }
    if (!zone) {
      const std::string name = call.argument_types[0].id == kInterval ? "interval" : std::string(TextAt(call, 0, row));
      return call.RaiseStatus(row, MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                                             absl::StrCat("time zone \"", name, "\" not recognized")));
    }
    const int64_t t = At<int64_t>(call, 1, row);
    out[row] = to_utc ? vec::LocalToUtc(t, *zone) : vec::UtcToLocal(t, *zone);
  });
}

void AddOperators(FunctionList& list) {
  list.Add("+", {kDate, kInt}, kDate, kCanRaise, DatePlusDaysKernel<1, true>);
  list.Add("+", {kInt, kDate}, kDate, kCanRaise, DatePlusDaysKernel<1, false>);
  list.Add("-", {kDate, kInt}, kDate, kCanRaise, DatePlusDaysKernel<-1, true>);
  list.Add("-", {kDate, kDate}, kInt, kCanRaise, DateDifferenceKernel);
  list.Add("+", {kStamp, kInterval}, kStamp, kCanRaise, StampPlusIntervalKernel<false, 1, 0>);
  list.Add("+", {kInterval, kStamp}, kStamp, kCanRaise, StampPlusIntervalKernel<false, 1, 1>);
  list.Add("-", {kStamp, kInterval}, kStamp, kCanRaise, StampPlusIntervalKernel<false, -1, 0>);
  list.Add("+", {kStampTz, kInterval}, kStampTz, kCanRaise | kStable, StampPlusIntervalKernel<true, 1, 0>);
  list.Add("+", {kInterval, kStampTz}, kStampTz, kCanRaise | kStable, StampPlusIntervalKernel<true, 1, 1>);
  list.Add("-", {kStampTz, kInterval}, kStampTz, kCanRaise | kStable, StampPlusIntervalKernel<true, -1, 0>);
  // A date beside an interval counts as midnight of that day, and the sum is a timestamp.
  const BindFunction as_timestamp = [](BoundCall* call, std::span<const Type>) -> Status {
    for (Type& type : call->argument_types) {
      if (type.id == kDate) type = kStamp;
    }
    return absl::OkStatus();
  };
  list.Add("+", {kDate, kInterval}, kStamp, kCanRaise, StampPlusIntervalKernel<false, 1, 0>, as_timestamp);
  list.Add("+", {kInterval, kDate}, kStamp, kCanRaise, StampPlusIntervalKernel<false, 1, 1>, as_timestamp);
  list.Add("-", {kDate, kInterval}, kStamp, kCanRaise, StampPlusIntervalKernel<false, -1, 0>, as_timestamp);
  list.Add("-", {kStamp, kStamp}, kInterval, kCanRaise, StampDifferenceKernel);
  list.Add("-", {kStampTz, kStampTz}, kInterval, kCanRaise, StampDifferenceKernel);
  list.Add("+", {kTime, kInterval}, kTime, 0, TimePlusIntervalKernel<1, 0>);
  list.Add("+", {kInterval, kTime}, kTime, 0, TimePlusIntervalKernel<1, 1>);
  list.Add("-", {kTime, kInterval}, kTime, 0, TimePlusIntervalKernel<-1, 0>);
  list.Add("-", {kTime, kTime}, kInterval, 0, TimeDifferenceKernel);
  list.Add("+", {kDate, kTime}, kStamp, kCanRaise, DatePlusTimeKernel<0>);
  list.Add("+", {kTime, kDate}, kStamp, kCanRaise, DatePlusTimeKernel<1>);
  list.Add("+", {kInterval, kInterval}, kInterval, kCanRaise, IntervalSumKernel<1>);
  list.Add("-", {kInterval, kInterval}, kInterval, kCanRaise, IntervalSumKernel<-1>);
  list.Add("-", {kInterval}, kInterval, kCanRaise, NegateIntervalKernel);
  list.Add("*", {kInterval, kDouble}, kInterval, kCanRaise, ScaleIntervalKernel<0>);
  list.Add("*", {kDouble, kInterval}, kInterval, kCanRaise, ScaleIntervalKernel<1>);
  list.Add("/", {kInterval, kDouble}, kInterval, kCanRaise, DivideIntervalKernel);
}

void AddClock(FunctionList& list) {
  for (const char* name : {"now", "current_timestamp", "transaction_timestamp"})
    list.Add(name, {}, kStampTz, kStable, NowKernel);
  list.Add("statement_timestamp", {}, kStampTz, kStable, StatementTimestampKernel);
  list.Add("clock_timestamp", {}, kStampTz, kVolatile, ClockTimestampKernel);
  list.Add("current_date", {}, kDate, kStable, CurrentDateKernel);
  list.Add("localtimestamp", {}, kStamp, kStable, LocalTimestampKernel);
  for (const char* name : {"localtime", "current_time"}) list.Add(name, {}, kTime, kStable, LocalTimeKernel);
}

}  // namespace

void AddDatetime(FunctionList& list) {
  AddOperators(list);
  AddClock(list);
  list.Add("age", {kStamp, kStamp}, kInterval, kCanRaise, AgeKernel);
  list.Add("age", {kStampTz, kStampTz}, kInterval, kCanRaise | kStable, AgeKernel);
  list.Add("age", {kStamp}, kInterval, kCanRaise | kStable, AgeKernel);
  list.Add("age", {kStampTz}, kInterval, kCanRaise | kStable, AgeKernel);
  list.Add("make_date", {kInt, kInt, kInt}, kDate, kCanRaise, MakeDateKernel);
  list.Add("make_time", {kInt, kInt, kDouble}, kTime, kCanRaise, MakeTimeKernel);
  list.Add("make_timestamp", {kInt, kInt, kInt, kInt, kInt, kDouble}, kStamp, kCanRaise, MakeTimestampKernel);
  list.Add("make_timestamptz", {kInt, kInt, kInt, kInt, kInt, kDouble}, kStampTz, kCanRaise | kStable, MakeTimestampKernel);
  for (size_t count = 1; count <= 7; ++count) {
    std::vector<TypeId> arguments(count, kInt);
    if (count == 7) arguments.back() = kDouble;
    list.Add("make_interval", arguments, kInterval, kCanRaise, MakeIntervalKernel);
  }
  list.Add("justify_hours", {kInterval}, kInterval, 0, JustifyKernel<JustifyHours>);
  list.Add("justify_days", {kInterval}, kInterval, 0, JustifyKernel<JustifyDays>);
  list.Add("justify_interval", {kInterval}, kInterval, 0, JustifyKernel<JustifyBoth>);
  for (TypeId id : {kDate, kStamp, kStampTz, kInterval})
    list.Add("isfinite", {id}, TypeId::kBoolean, kLatchSafe, IsFiniteKernel);
  list.Add("to_timestamp", {kDouble}, kStampTz, kCanRaise, ToTimestampKernel);
  for (TypeId zone : {kText, kInterval}) {
    list.Add("timezone", {zone, kStamp}, kStampTz, kCanRaise, AtTimeZoneKernel);
    list.Add("timezone", {zone, kStampTz}, kStamp, kCanRaise, AtTimeZoneKernel);
  }
}

}  // namespace turdb::function
