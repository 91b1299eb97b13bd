// Casts between dates, times, timestamps and intervals.
#include "function/cast_kernels.h"

#include "vec/datetime.h"

namespace turdb::function {
namespace {

using base::MakeError;

int64_t MicrosOfDate(int32_t date) {
  if (date == vec::kDateInfinity) return vec::kTimestampInfinity;
  if (date == vec::kDateMinusInfinity) return vec::kTimestampMinusInfinity;
  return int64_t{date} * vec::kMicrosPerDay;
}

int32_t DateOfMicros(int64_t local) {
  if (!vec::IsFiniteTimestamp(local)) return local > 0 ? vec::kDateInfinity : vec::kDateMinusInfinity;
  int64_t days, micros;
  vec::SplitTimestamp(local, &days, &micros);
  return static_cast<int32_t>(days);
}

void DateToTimestampKernel(Call& call) {
  const bool with_zone = call.result_type().id == TypeId::kTimestampTz;
  call.ForEach([&](SelIndex row) {
    const int32_t date = call.args[0].Get<int32_t>(row);
    int64_t& out = call.result->data<int64_t>()[row];
    out = 0;
    if (vec::IsFiniteDate(date) && (date > vec::kMaxTimestamp / vec::kMicrosPerDay || date < vec::kMinDate)) {
      call.RaiseStatus(
          row, MakeError(absl::StatusCode::kOutOfRange, base::sqlstate::kDatetimeOverflow, "date out of range for timestamp"));
      return;
    }
    out = MicrosOfDate(date);
    if (with_zone) out = vec::LocalToUtc(out, call.context.text.zone);
  });
}

// Timestamps of either kind to each other and to themselves, rounded to the target's precision.
void TimestampKernel(Call& call) {
  const TypeId from = call.argument_types[0].id, to = call.result_type().id;
  const int precision = call.result_type().precision;
  call.ForEach([&](SelIndex row) {
    int64_t t = call.args[0].Get<int64_t>(row);
    if (from == TypeId::kTimestamp && to == TypeId::kTimestampTz) t = vec::LocalToUtc(t, call.context.text.zone);
    if (from == TypeId::kTimestampTz && to == TypeId::kTimestamp) t = vec::UtcToLocal(t, call.context.text.zone);
    if (vec::IsFiniteTimestamp(t)) t = vec::RoundMicros(t, precision);
    call.result->data<int64_t>()[row] = t;
  });
}

void TimestampToDateKernel(Call& call) {
  const bool with_zone = call.argument_types[0].id == TypeId::kTimestampTz;
  call.ForEach([&](SelIndex row) {
    int64_t t = call.args[0].Get<int64_t>(row);
    if (with_zone) t = vec::UtcToLocal(t, call.context.text.zone);
    call.result->data<int32_t>()[row] = DateOfMicros(t);
  });
}

void TimestampToTimeKernel(Call& call) {
  const bool with_zone = call.argument_types[0].id == TypeId::kTimestampTz;
  const int precision = call.result_type().precision;
  call.ForEach([&](SelIndex row) {
    int64_t t = call.args[0].Get<int64_t>(row);
    if (!vec::IsFiniteTimestamp(t)) {
      call.result->SetNull(row);
      return;
    }
    if (with_zone) t = vec::UtcToLocal(t, call.context.text.zone);
    int64_t days, micros;
    vec::SplitTimestamp(t, &days, &micros);
    call.result->data<int64_t>()[row] = vec::RoundMicros(micros, precision);
  });
}

void TimeKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    call.result->data<int64_t>()[row] = vec::RoundMicros(call.args[0].Get<int64_t>(row), call.result_type().precision);
  });
}

void IntervalKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    vec::Interval interval = call.args[0].Get<vec::Interval>(row);
    interval.micros = vec::RoundMicros(interval.micros, call.result_type().precision);
    call.result->data<vec::Interval>()[row] = interval;
  });
}

void TimeToIntervalKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    call.result->data<vec::Interval>()[row] =
        vec::Interval{0, 0, vec::RoundMicros(call.args[0].Get<int64_t>(row), call.result_type().precision)};
  });
}

void IntervalToTimeKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    int64_t micros = call.args[0].Get<vec::Interval>(row).micros % vec::kMicrosPerDay;
    if (micros < 0) micros += vec::kMicrosPerDay;
    call.result->data<int64_t>()[row] = vec::RoundMicros(micros, call.result_type().precision);
  });
}

}  // namespace

Kernel DatetimeCastKernel(TypeId from, TypeId to) {
  const bool to_timestamp = to == TypeId::kTimestamp || to == TypeId::kTimestampTz;
  switch (from) {
    case TypeId::kDate:
      return to_timestamp ? DateToTimestampKernel : nullptr;
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz:
      return to_timestamp ? TimestampKernel : to == TypeId::kDate ? TimestampToDateKernel : TimestampToTimeKernel;
    case TypeId::kTime:
      return to == TypeId::kTime ? TimeKernel : TimeToIntervalKernel;
    case TypeId::kInterval:
      return to == TypeId::kInterval ? IntervalKernel : IntervalToTimeKernel;
    default:
      return nullptr;
  }
}

}  // namespace turdb::function
