// Casts between numbers, and between numbers and booleans.
#include "function/cast_kernels.h"

#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "function/builtins.h"
#include "function/kernels.h"
#include "vec/numeric.h"
#include "vec/text_format.h"

namespace turdb::function {
namespace {

using base::MakeError;
using vec::Int128;
using vec::Numeric;
using vec::PhysicalType;

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

// ---- kernels: booleans

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

}  // namespace

Kernel NumberCastKernel(const Type& from, const Type& to) {
  if (to.id == TypeId::kDecimal && (from.id == TypeId::kDecimal || vec::IsInteger(from.id))) return DecimalKernel(from, to);
  const Kernel machine = MachineKernel(from.id, to.id);
  return machine != nullptr ? machine : NumericCastKernel;
}

Kernel BooleanCastKernel(bool from_boolean) { return from_boolean ? BoolToIntegerKernel : IntegerToBoolKernel; }

}  // namespace turdb::function
