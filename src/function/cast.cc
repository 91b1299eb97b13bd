// Casts: which there are, what is known of them, and their kernels.
//
// Implicit and assignment casts are PostgreSQL's pg_cast; types PostgreSQL lacks (unsigned integers,
// hugeint, tinyint) follow its pattern: widening without loss is implicit, narrowing is assignment, and to
// floating point is implicit. Every type casts to text on assignment and from text explicitly, through its
// text form.
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "function/builtins.h"
#include "function/kernels.h"
#include "vec/any.h"
#include "vec/datetime.h"
#include "vec/numeric.h"
#include "vec/text_format.h"
#include "vec/utf8.h"

namespace turdb::function {
namespace {

using base::MakeError;
using vec::Int128;
using vec::Numeric;
using vec::PhysicalType;

// ---- which casts there are

struct IntegerShape {
  int bits;
  bool is_signed;
};
IntegerShape ShapeOf(TypeId id) {
  switch (id) {
    case TypeId::kInt8:
      return {8, true};
    case TypeId::kInt16:
      return {16, true};
    case TypeId::kInt32:
      return {32, true};
    case TypeId::kInt64:
      return {64, true};
    case TypeId::kInt128:
      return {128, true};
    case TypeId::kUInt8:
      return {8, false};
    case TypeId::kUInt16:
      return {16, false};
    case TypeId::kUInt32:
      return {32, false};
    default:
      return {64, false};
  }
}

bool Widens(TypeId from, TypeId to) {
  const IntegerShape a = ShapeOf(from), b = ShapeOf(to);
  if (a.is_signed == b.is_signed) return b.bits > a.bits;
  return !a.is_signed && b.bits > a.bits;
}

std::optional<CastProperties> NumberCast(TypeId from, TypeId to) {
  constexpr auto kImplicit = CastContext::kImplicit;
  constexpr auto kAssignment = CastContext::kAssignment;
  const bool from_float = from == TypeId::kFloat || from == TypeId::kDouble;
  const bool to_float = to == TypeId::kFloat || to == TypeId::kDouble;
  CastProperties cast;
  cast.monotone = true;
  if (vec::IsInteger(from) && vec::IsInteger(to)) {
    const bool widens = Widens(from, to);
    cast.context = widens ? kImplicit : kAssignment;
    cast.can_raise = !widens;
    cast.lossless = true;  // what does not fit raises
    return cast;
  }
  if (vec::IsInteger(from) && to_float) {
    cast.context = kImplicit;
    const IntegerShape shape = ShapeOf(from);
    cast.lossless = shape.bits <= (to == TypeId::kDouble ? 32 : 16);
    return cast;
  }
  if (vec::IsInteger(from)) {  // to numeric, decimal
    cast.context = kImplicit;
    cast.lossless = true;
    cast.can_raise = to == TypeId::kDecimal;
    return cast;
  }
  if (from_float && to_float) {
    cast.context = to == TypeId::kDouble ? kImplicit : kAssignment;
    cast.can_raise = to == TypeId::kFloat;
    cast.lossless = to == TypeId::kDouble;
    return cast;
  }
  if (from_float) {
    cast.context = kAssignment;
    cast.can_raise = to != TypeId::kNumeric;
    return cast;
  }
  // from numeric or decimal
  if (to_float) {
    cast.context = kImplicit;
    cast.can_raise = true;
    return cast;
  }
  if (vec::IsInteger(to)) {
    cast.context = kAssignment;
    cast.can_raise = true;
    return cast;
  }
  cast.context = from == TypeId::kDecimal || from == to ? kImplicit : kAssignment;
  cast.lossless = from == TypeId::kDecimal && to == TypeId::kNumeric;
  cast.can_raise = to == TypeId::kDecimal;
  return cast;
}

std::optional<CastProperties> MakeProperties(TypeId from, TypeId to) {
  constexpr auto kImplicit = CastContext::kImplicit;
  constexpr auto kAssignment = CastContext::kAssignment;
  constexpr auto kExplicit = CastContext::kExplicit;
  const auto is = [&](TypeId a, TypeId b) { return from == a && to == b; };
  const auto make = [](CastContext context, bool can_raise, bool lossless, bool monotone, bool relabel = false) {
    return CastProperties{context, can_raise, lossless, monotone, relabel};
  };
  if (from == TypeId::kUnknown) return make(kImplicit, true, false, false);
  if (to == TypeId::kUnknown) return std::nullopt;
  if (to == TypeId::kAny) return make(kImplicit, false, true, true, from == TypeId::kAny);
  if (from == TypeId::kAny) return make(kAssignment, true, false, false);
  if (vec::IsNumber(from) && vec::IsNumber(to)) return NumberCast(from, to);
  if (vec::IsText(from) && vec::IsText(to)) {
    // character(n) loses its padding on the way to the others.
    const bool trims = from == TypeId::kChar && to != TypeId::kChar;
    return make(kImplicit, to != TypeId::kText, !trims, !trims, !trims && to == TypeId::kText);
  }
  if (from == to) return make(kImplicit, false, vec::IsDateTime(from) ? false : true, true, !vec::IsDateTime(from));
  if (vec::IsText(to)) return make(kAssignment, to != TypeId::kText, true, false);
  if (vec::IsText(from)) return make(kExplicit, true, false, false);
  if (from == TypeId::kBoolean && vec::IsInteger(to)) return make(kExplicit, false, true, true);
  if (vec::IsInteger(from) && to == TypeId::kBoolean) return make(kExplicit, false, false, false);
  if (is(TypeId::kDate, TypeId::kTimestamp)) return make(kImplicit, true, true, true);
  if (is(TypeId::kDate, TypeId::kTimestampTz)) return make(kImplicit, true, false, true);
  if (is(TypeId::kTimestamp, TypeId::kTimestampTz)) return make(kImplicit, true, false, true);
  if (is(TypeId::kTimestamp, TypeId::kDate)) return make(kAssignment, false, false, true);
  if (is(TypeId::kTimestampTz, TypeId::kDate)) return make(kAssignment, false, false, false);
  if (is(TypeId::kTimestampTz, TypeId::kTimestamp)) return make(kAssignment, false, false, false);
  if (is(TypeId::kTimestamp, TypeId::kTime)) return make(kAssignment, false, false, false);
  if (is(TypeId::kTimestampTz, TypeId::kTime)) return make(kAssignment, false, false, false);
  if (is(TypeId::kTime, TypeId::kInterval)) return make(kImplicit, false, true, true);
  if (is(TypeId::kInterval, TypeId::kTime)) return make(kAssignment, false, false, false);
  return std::nullopt;
}

struct CastMatrix {
  std::array<std::array<CastProperties, vec::kTypeIdCount>, vec::kTypeIdCount> properties;
  std::array<std::array<bool, vec::kTypeIdCount>, vec::kTypeIdCount> exists{};
};

const CastMatrix& Matrix() {
  static const CastMatrix* const kMatrix = [] {
    auto* matrix = new CastMatrix;
    for (size_t from = 0; from < vec::kTypeIdCount; ++from) {
      for (size_t to = 0; to < vec::kTypeIdCount; ++to) {
        const auto cast = MakeProperties(static_cast<TypeId>(from), static_cast<TypeId>(to));
        matrix->exists[from][to] = cast.has_value();
        if (cast) matrix->properties[from][to] = *cast;
      }
    }
    return matrix;
  }();
  return *kMatrix;
}

// ---- kernels: between machine numbers

template <typename From, typename To>
struct MachineCast {
  using Flag = int32_t;
  static int32_t Apply(From a, To* out) {
    if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
      // The nearest integer, a tie to the even one, if it is in range; the bounds are powers of two, hence exact.
      const From rounded = std::rint(a);
      constexpr From kLow = static_cast<From>(std::numeric_limits<To>::min());
      const From high = std::ldexp(From{1}, std::numeric_limits<To>::digits);
      if (!(rounded >= kLow && rounded < high)) {
        *out = 0;
        return -1;
      }
      *out = static_cast<To>(rounded);
      return 0;
    } else if constexpr (std::is_integral_v<From> && std::is_integral_v<To>) {
      *out = static_cast<To>(a);
      return std::in_range<To>(a) ? 0 : -1;
    } else if constexpr (std::is_same_v<From, double> && std::is_same_v<To, float>) {
      *out = static_cast<float>(a);
      return (std::isinf(*out) && !std::isinf(a)) || (*out == 0 && a != 0) ? -1 : 0;
    } else {
      *out = static_cast<To>(a);
      return 0;
    }
  }
  static ErrorCode Error(From a) {
    if constexpr (std::is_same_v<From, double> && std::is_same_v<To, float>) {
      return std::isinf(static_cast<float>(a)) ? ErrorCode::kOutOfRange : ErrorCode::kUnderflow;
    }
    return ErrorCode::kOutOfRange;
  }
};

template <typename From>
Kernel MachineCastTo(TypeId to) {
  switch (to) {
    case TypeId::kInt8:
      return CheckedUnaryKernel<From, int8_t, MachineCast<From, int8_t>>;
    case TypeId::kInt16:
      return CheckedUnaryKernel<From, int16_t, MachineCast<From, int16_t>>;
    case TypeId::kInt32:
      return CheckedUnaryKernel<From, int32_t, MachineCast<From, int32_t>>;
    case TypeId::kInt64:
      return CheckedUnaryKernel<From, int64_t, MachineCast<From, int64_t>>;
    case TypeId::kUInt8:
      return CheckedUnaryKernel<From, uint8_t, MachineCast<From, uint8_t>>;
    case TypeId::kUInt16:
      return CheckedUnaryKernel<From, uint16_t, MachineCast<From, uint16_t>>;
    case TypeId::kUInt32:
      return CheckedUnaryKernel<From, uint32_t, MachineCast<From, uint32_t>>;
    case TypeId::kUInt64:
      return CheckedUnaryKernel<From, uint64_t, MachineCast<From, uint64_t>>;
    case TypeId::kFloat:
      return CheckedUnaryKernel<From, float, MachineCast<From, float>>;
    case TypeId::kDouble:
      return CheckedUnaryKernel<From, double, MachineCast<From, double>>;
    default:
      return nullptr;
  }
}

Kernel MachineKernel(TypeId from, TypeId to) {
  switch (from) {
    case TypeId::kInt8:
      return MachineCastTo<int8_t>(to);
    case TypeId::kInt16:
      return MachineCastTo<int16_t>(to);
    case TypeId::kInt32:
      return MachineCastTo<int32_t>(to);
    case TypeId::kInt64:
      return MachineCastTo<int64_t>(to);
    case TypeId::kUInt8:
      return MachineCastTo<uint8_t>(to);
    case TypeId::kUInt16:
      return MachineCastTo<uint16_t>(to);
    case TypeId::kUInt32:
      return MachineCastTo<uint32_t>(to);
    case TypeId::kUInt64:
      return MachineCastTo<uint64_t>(to);
    case TypeId::kFloat:
      return MachineCastTo<float>(to);
    case TypeId::kDouble:
      return MachineCastTo<double>(to);
    default:
      return nullptr;
  }
}

// ---- kernels: numbers that are decimal, numeric or 128 bits wide, by way of Numeric

Numeric NumericAt(Type type, const VectorView& view, SelIndex row) {
  switch (type.id) {
    case TypeId::kFloat:
      return Numeric::FromFloat(view.Get<float>(row));
    case TypeId::kDouble:
      return Numeric::FromDouble(view.Get<double>(row));
    case TypeId::kNumeric:
      return Numeric::FromBytes(view.Get<StringView>(row).view());
    default:
      break;
  }
  const int scale = type.id == TypeId::kDecimal ? type.scale : 0;
  return vec::VisitPhysical(type.physical(), [&](auto tag) -> Numeric {
    using T = decltype(tag);
    if constexpr (std::is_integral_v<T> || std::is_same_v<T, Int128>) {
      return Numeric(Int128{view.Get<T>(row)}, scale);
    } else {
      return Numeric();
    }
  });
}

void StoreInteger(Call& call, SelIndex row, const Numeric& number) {
  const Type type = call.result_type();
  if (!number.is_finite()) {
    const std::string_view what = number.is_nan() ? "NaN" : "infinity";
    call.RaiseStatus(row, MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kFeatureNotSupported,
                                    absl::StrCat("cannot convert ", what, " to ", type.ToString())));
    return;
  }
  const std::optional<Int128> value = number.ToInt128();
  vec::VisitPhysical(type.physical(), [&](auto tag) {
    using T = decltype(tag);
    if constexpr (std::is_integral_v<T> || std::is_same_v<T, Int128>) {
      if (!value || *value < Int128{std::numeric_limits<T>::min()} || *value > Int128{std::numeric_limits<T>::max()}) {
        call.Raise(row, ErrorCode::kOutOfRange);
      } else {
        call.result->data<T>()[row] = static_cast<T>(*value);
      }
    }
  });
}

void StoreNumber(Call& call, SelIndex row, const Numeric& number) {
  const Type type = call.result_type();
  switch (type.id) {
    case TypeId::kNumeric:
      call.result->SetString(row, number.ToBytes());
      return;
    case TypeId::kDecimal: {
      const std::optional<Int128> scaled = number.ToDecimal(type.precision, type.scale);
      if (!scaled) {
        call.Raise(row, ErrorCode::kOutOfRange);
      } else if (type.physical() == PhysicalType::kInt64) {
        call.result->data<int64_t>()[row] = static_cast<int64_t>(*scaled);
      } else {
        call.result->data<Int128>()[row] = *scaled;
      }
      return;
    }
    case TypeId::kDouble: {
      const double value = number.ToDouble();
      call.result->data<double>()[row] = value;
      if (number.is_finite() && std::isinf(value)) {
        call.RaiseStatus(row, vec::TextOutOfRangeError(type, number.ToString()));
      }
      return;
    }
    case TypeId::kFloat: {
      float value = 0;
      const std::string text = number.ToString();
      if (vec::ParseFloat(text, &value) != vec::NumberOutcome::kOk) {
        call.RaiseStatus(row, vec::TextOutOfRangeError(type, text));
      }
      call.result->data<float>()[row] = value;
      return;
    }
    default:
      StoreInteger(call, row, number);
  }
}

void NumericCastKernel(Call& call) {
  const Type from = call.argument_types[0];
  call.ForEach([&](SelIndex row) { StoreNumber(call, row, NumericAt(from, call.args[0], row)); });
}

// A decimal or integer in 64 bits to a decimal in 64 bits: multiply up or divide down.
template <typename From>
void RescaleKernel(Call& call) {
  const Type from = call.argument_types[0], to = call.result_type();
  const int from_scale = from.id == TypeId::kDecimal ? from.scale : 0;
  const auto limit = static_cast<int64_t>(vec::Power10(to.precision));
  const VectorView& view = call.args[0];
  int64_t* out = call.result->data<int64_t>();
  if (to.scale >= from_scale) {
    const auto factor = static_cast<int64_t>(vec::Power10(to.scale - from_scale));
    call.ForEach([&](SelIndex row) {
      int64_t scaled;
      if (__builtin_mul_overflow(int64_t{view.Get<From>(row)}, factor, &scaled) || scaled >= limit || scaled <= -limit) {
        call.Raise(row, ErrorCode::kOutOfRange);
        scaled = 0;
      }
      out[row] = scaled;
    });
    return;
  }
  const auto divisor = static_cast<int64_t>(vec::Power10(from_scale - to.scale));
  const int64_t half = divisor / 2;
  call.ForEach([&](SelIndex row) {
    const int64_t value = view.Get<From>(row);
    int64_t scaled = value / divisor;
    const int64_t rest = value % divisor;
    if (rest >= half) ++scaled;
    if (rest <= -half) --scaled;
    if (scaled >= limit || scaled <= -limit) {
      call.Raise(row, ErrorCode::kOutOfRange);
      scaled = 0;
    }
    out[row] = scaled;
  });
}

// To a 128-bit decimal of the same or a larger scale.
template <typename From>
void WidenDecimalKernel(Call& call) {
  const Type from = call.argument_types[0], to = call.result_type();
  const int from_scale = from.id == TypeId::kDecimal ? from.scale : 0;
  const auto factor = static_cast<Int128>(vec::Power10(to.scale - from_scale));
  const auto limit = static_cast<Int128>(vec::Power10(to.precision) / vec::Power10(to.scale - from_scale));
  const VectorView& view = call.args[0];
  Int128* out = call.result->data<Int128>();
  call.ForEach([&](SelIndex row) {
    const Int128 value = view.Get<From>(row);
    if (value >= limit || value <= -limit) {
      call.Raise(row, ErrorCode::kOutOfRange);
      out[row] = 0;
    } else {
      out[row] = value * factor;
    }
  });
}

Kernel DecimalKernel(Type from, Type to) {
  const bool narrow_to = to.physical() == PhysicalType::kInt64;
  const int from_scale = from.id == TypeId::kDecimal ? from.scale : 0;
  const bool up = to.scale >= from_scale;
  switch (from.physical()) {
    case PhysicalType::kInt16:
      return narrow_to ? RescaleKernel<int16_t> : WidenDecimalKernel<int16_t>;
    case PhysicalType::kInt32:
      return narrow_to ? RescaleKernel<int32_t> : WidenDecimalKernel<int32_t>;
    case PhysicalType::kInt64:
      if (narrow_to) return RescaleKernel<int64_t>;
      return up ? WidenDecimalKernel<int64_t> : NumericCastKernel;
    case PhysicalType::kInt128:
      return !narrow_to && up ? WidenDecimalKernel<Int128> : NumericCastKernel;
    default:
      return NumericCastKernel;
  }
}

// ---- kernels: text

template <bool kCut>
void ToTextKernel(Call& call) {
  const Type from = call.argument_types[0], to = call.result_type();
  const VectorView& view = call.args[0];
  const size_t width = from.width();
  std::string text;
  call.ForEach([&](SelIndex row) {
    text.clear();
    vec::AppendSlotText(from, view.data + view.Index(row) * width, call.context.text, &text);
    if (Status status = vec::FitCharacters(to, kCut, &text); !status.ok()) {
      call.RaiseStatus(row, std::move(status));
    } else {
      call.result->SetString(row, text);
    }
  });
}

void FromTextKernel(Call& call) {
  const Type to = call.result_type();
  const VectorView& view = call.args[0];
  const bool trim = call.argument_types[0].id == TypeId::kChar && to.id != TypeId::kBlob;
  call.ForEach([&](SelIndex row) {
    std::string_view text = view.Get<StringView>(row).view();
    if (trim) text = vec::TrimTrailingBlanks(text);
    // Numbers first: the two commonest need no Value.
    if (to.id == TypeId::kInt64) {
      if (vec::ParseInt64(text, &call.result->data<int64_t>()[row]) == vec::NumberOutcome::kOk) return;
    } else if (to.id == TypeId::kDouble) {
      if (vec::ParseDouble(text, &call.result->data<double>()[row]) == vec::NumberOutcome::kOk) return;
    }
    StatusOr<Value> value = Value::Parse(text, to, &call.context.text);
    if (!value.ok()) {
      call.RaiseStatus(row, value.status());
    } else {
      call.result->SetValue(row, *value);
    }
  });
}

// Between kinds of text: lengths, padding.
template <bool kCut>
void TextToTextKernel(Call& call) {
  const Type from = call.argument_types[0], to = call.result_type();
  const VectorView& view = call.args[0];
  call.ShareHeap(0);
  std::string fitted;
  call.ForEach([&](SelIndex row) {
    const StringView& view_of_row = view.Get<StringView>(row);
    std::string_view text = view_of_row.view();
    if (from.id == TypeId::kChar && to.id != TypeId::kChar) text = vec::TrimTrailingBlanks(text);
    const bool fits = to.length == 0 || (to.id == TypeId::kVarchar && text.size() <= static_cast<size_t>(to.length));
    if (fits) {
      // The bytes stay where they are.
      call.result->data<StringView>()[row] = text.size() == view_of_row.size() ? view_of_row : StringView(text);
      return;
    }
    fitted.assign(text);
    if (Status status = vec::FitCharacters(to, kCut, &fitted); !status.ok()) {
      call.RaiseStatus(row, std::move(status));
    } else {
      call.result->SetString(row, fitted);
    }
  });
}

// ---- kernels: dates and times

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

Kernel DatetimeKernel(TypeId from, TypeId to) {
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

// ---- kernels: the rest

void BoolToIntegerKernel(Call& call) {
  vec::VisitPhysical(call.result->physical(), [&](auto tag) {
    using T = decltype(tag);
    if constexpr (std::is_integral_v<T> || std::is_same_v<T, Int128>) {
      call.ForEach([&](SelIndex row) { call.result->data<T>()[row] = static_cast<T>(call.args[0].Get<bool>(row) ? 1 : 0); });
    }
  });
}

void IntegerToBoolKernel(Call& call) {
  vec::VisitPhysical(call.argument_types[0].physical(), [&](auto tag) {
    using T = decltype(tag);
    if constexpr (std::is_integral_v<T> || std::is_same_v<T, Int128>) {
      call.ForEach([&](SelIndex row) { call.result->data<bool>()[row] = call.args[0].Get<T>(row) != T{0}; });
    }
  });
}

// Same bytes, other name; shares the views.
void RelabelKernel(Call& call) {
  call.ShareHeap(0);
  vec::VisitPhysical(call.result->physical(), [&](auto tag) {
    using T = decltype(tag);
    call.ForEach([&](SelIndex row) { call.result->data<T>()[row] = call.args[0].Get<T>(row); });
  });
}

Value ValueAt(Type type, const VectorView& view, SelIndex row) {
  return vec::VisitPhysical(type.physical(), [&](auto tag) -> Value {
    using T = decltype(tag);
    if constexpr (std::is_same_v<T, StringView>) {
      return Value::OfBytes(type, std::string(view.Get<StringView>(row).view()));
    } else {
      return Value::Of(type, view.Get<T>(row));
    }
  });
}

void ToAnyKernel(Call& call) {
  const Type from = call.argument_types[0];
  call.ForEach([&](SelIndex row) { call.result->SetValue(row, ValueAt(from, call.args[0], row)); });
}

// What the value is decides: casts as an assignment of its own type would be, and explicitly from text.
void FromAnyKernel(Call& call) {
  const Type to = call.result_type();
  call.ForEach([&](SelIndex row) {
    const Value value = vec::DecodeAny(call.args[0].Get<StringView>(row).view());
    StatusOr<Value> cast =
        value.type() == to ? StatusOr<Value>(value) : CastValue(value, to, CastContext::kExplicit, call.context);
    if (!cast.ok()) {
      call.RaiseStatus(row, cast.status());
    } else {
      call.result->SetValue(row, *cast);
    }
  });
}

Kernel ChooseKernel(Type from, Type to, CastContext context) {
  const bool cut = context == CastContext::kExplicit;
  if (to.id == TypeId::kAny) return from.id == TypeId::kAny ? RelabelKernel : ToAnyKernel;
  if (from.id == TypeId::kAny) return FromAnyKernel;
  const bool from_text = vec::IsText(from.id) || from.id == TypeId::kUnknown;
  if (from_text && vec::IsText(to.id)) return cut ? TextToTextKernel<true> : TextToTextKernel<false>;
  if (from_text) return FromTextKernel;
  if (vec::IsText(to.id)) return cut ? ToTextKernel<true> : ToTextKernel<false>;
  if (vec::IsNumber(from.id) && vec::IsNumber(to.id)) {
    if (from == to) return RelabelKernel;
    if (to.id == TypeId::kDecimal && (from.id == TypeId::kDecimal || vec::IsInteger(from.id))) return DecimalKernel(from, to);
    const Kernel machine = MachineKernel(from.id, to.id);
    return machine != nullptr ? machine : NumericCastKernel;
  }
  if (from.id == TypeId::kBoolean && vec::IsInteger(to.id)) return BoolToIntegerKernel;
  if (vec::IsInteger(from.id) && to.id == TypeId::kBoolean) return IntegerToBoolKernel;
  if (const Kernel datetime = DatetimeKernel(from.id, to.id); datetime != nullptr) return datetime;
  return RelabelKernel;
}

const ScalarFunction& CastFunction() {
  static const ScalarFunction* const kCast =
      new ScalarFunction{"cast", {kAnyArgument}, TypeId::kUnknown, kStrict | kCanRaise, nullptr};
  return *kCast;
}

}  // namespace

const CastProperties* FindCast(TypeId from, TypeId to) {
  const CastMatrix& matrix = Matrix();
  const auto i = static_cast<size_t>(from), j = static_cast<size_t>(to);
  return matrix.exists[i][j] ? &matrix.properties[i][j] : nullptr;
}

bool CanCast(Type from, Type to, CastContext context) {
  const CastProperties* cast = FindCast(from.id, to.id);
  return cast != nullptr && cast->context <= context;
}

StatusOr<BoundCall> BindCast(Type from, Type to, CastContext context) {
  const CastProperties* cast = FindCast(from.id, to.id);
  if (cast == nullptr) {
    return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kCannotCoerce,
                     absl::StrCat("cannot cast type ", from.ToString(), " to ", to.ToString()));
  }
  if (cast->context > context) {
    return base::WithHint(
        MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kDatatypeMismatch,
                  absl::StrCat("a value of type ", from.ToString(), " cannot be used as ", to.ToString(), " without a cast")),
        "You will need to rewrite or cast the expression.");
  }
  BoundCall call;
  call.function = &CastFunction();
  call.argument_types = {from};
  call.result_type = to;
  call.kernel = ChooseKernel(from, to, context);
  call.flags = kStrict;
  bool can_raise = cast->can_raise;
  if (from.id == TypeId::kDecimal && to.id == TypeId::kDecimal) {
    can_raise = to.precision - to.scale < from.precision - from.scale || to.scale < from.scale;
  } else if (to.id == TypeId::kDecimal) {
    const std::optional<Type> holds = AsDecimal(from);
    if (holds) can_raise = to.precision - to.scale < holds->precision;
  } else if (vec::IsText(to.id)) {
    can_raise = to.length != 0 && !(context == CastContext::kExplicit);
  }
  if (can_raise) call.flags |= kCanRaise;
  if (cast->monotone) call.flags |= kMonotone;
  const bool zone = (from.id == TypeId::kTimestampTz) != (to.id == TypeId::kTimestampTz);
  const bool reads_clock =
      (vec::IsText(from.id) || from.id == TypeId::kUnknown || from.id == TypeId::kAny) && vec::IsDateTime(to.id);
  if (zone || reads_clock) call.flags |= kStable;
  const bool fixed = from.physical() != PhysicalType::kString && to.physical() != PhysicalType::kString;
  if (fixed && !can_raise && (call.flags & kStable) == 0) call.flags |= kLatchSafe;
  return call;
}

StatusOr<Value> CastValue(const Value& value, Type to, CastContext context, CallContext& call_context) {
  if (value.is_null()) {
    if (!CanCast(value.type(), to, context)) return BindCast(value.type(), to, context).status();
    return Value::Null(to);
  }
  if (value.type() == to) return value;
  if (to.id == TypeId::kAny) return value;
  TURDB_ASSIGN_OR_RETURN(const BoundCall call, BindCast(value.type(), to, context));
  return EvaluateValues(call, std::span(&value, 1), call_context);
}

}  // namespace turdb::function
