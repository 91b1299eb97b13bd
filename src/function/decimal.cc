// Arithmetic on numeric and decimal(p,s). There is one entry for an operator, on numeric; when both sides
// are decimals or integers, binding turns it into integer arithmetic with a static scale (query.md, rule 9):
//
//   a + b, a - b   scale max(s1, s2), digits of the larger side plus one for the carry
//   a * b          scale s1 + s2, digits p1 + p2
//
// capped at 38 digits, and a result that needs more raises 22003. Results that cannot need more are not
// checked. Division, modulo and everything else are numeric's.
#include <algorithm>
#include <cmath>

#include "function/builtins.h"
#include "function/kernels.h"
#include "vec/numeric.h"

namespace turdb::function {

std::optional<Type> AsDecimal(Type type) {
  switch (type.id) {
    case TypeId::kInt8:
    case TypeId::kUInt8:
      return Type::Decimal(3, 0);
    case TypeId::kInt16:
    case TypeId::kUInt16:
      return Type::Decimal(5, 0);
    case TypeId::kInt32:
    case TypeId::kUInt32:
      return Type::Decimal(10, 0);
    case TypeId::kInt64:
      return Type::Decimal(19, 0);
    case TypeId::kUInt64:
      return Type::Decimal(20, 0);
    case TypeId::kDecimal:
      return type;
    default:
      return std::nullopt;
  }
}

namespace {

using vec::Int128;
using vec::Numeric;

bool Exceeds38Digits(Int128 value) {
  static const Int128 limit = static_cast<Int128>(vec::Power10(38));
  return value >= limit || value <= -limit;
}

template <typename T>
struct PlainAdd {
  static T Apply(T a, T b) { return a + b; }
};
template <typename T>
struct PlainSubtract {
  static T Apply(T a, T b) { return a - b; }
};
template <typename T, typename R>
struct PlainMultiply {
  static R Apply(T a, T b) { return R{a} * R{b}; }
};
template <typename T>
struct PlainNegate {
  static T Apply(T a) { return -a; }
};
template <typename T>
struct PlainAbs {
  static T Apply(T a) { return a < 0 ? -a : a; }
};

struct CheckedBase {
  using Flag = int32_t;
  static ErrorCode Error(Int128, Int128) { return ErrorCode::kOutOfRange; }
};
// 2 * 10^38 may pass 2^127, so wrapping is looked for as well as too many digits.
struct CheckedAdd : CheckedBase {
  static int32_t Apply(Int128 a, Int128 b, Int128* out) {
    const auto wrapped = static_cast<Int128>(static_cast<vec::UInt128>(a) + static_cast<vec::UInt128>(b));
    *out = wrapped;
    const bool overflow = ((a ^ wrapped) & (b ^ wrapped)) < 0;
    return overflow || Exceeds38Digits(wrapped) ? -1 : 0;
  }
};
struct CheckedSubtract : CheckedBase {
  static int32_t Apply(Int128 a, Int128 b, Int128* out) { return CheckedAdd::Apply(a, -b, out); }
};
struct CheckedMultiply : CheckedBase {
  static int32_t Apply(Int128 a, Int128 b, Int128* out) {
    const auto magnitude = [](Int128 v) { return static_cast<vec::UInt128>(v < 0 ? -v : v); };
    const vec::UInt128 x = magnitude(a), y = magnitude(b);
    *out = 0;
    if ((absl::Uint128High64(x) | absl::Uint128High64(y)) != 0 && y != 0 && x > vec::Power10(38) / y) return -1;
    const vec::UInt128 product = x * y;
    if (product >= vec::Power10(38)) return -1;
    *out = (a < 0) != (b < 0) ? -static_cast<Int128>(product) : static_cast<Int128>(product);
    return 0;
  }
};

Status BindAddSubtract(BoundCall* call, std::span<const Type> actual) {
  const std::optional<Type> a = AsDecimal(actual[0]), b = AsDecimal(actual[1]);
  if (!a || !b) return absl::OkStatus();
  const int scale = std::max(a->scale, b->scale);
  const int whole = std::max(a->precision - a->scale, b->precision - b->scale);
  const bool add = call->function->name == "+";
  const int precision = whole + scale + 1;
  const Type type = Type::Decimal(std::min(precision, vec::kMaxDecimalPrecision), scale);
  call->argument_types = {type, type};
  call->result_type = type;
  if (type.physical() == vec::PhysicalType::kInt64) {
    call->kernel = add ? BinaryKernel<int64_t, int64_t, int64_t, PlainAdd<int64_t>>
                       : BinaryKernel<int64_t, int64_t, int64_t, PlainSubtract<int64_t>>;
  } else if (precision <= vec::kMaxDecimalPrecision) {
    call->kernel = add ? BinaryKernel<Int128, Int128, Int128, PlainAdd<Int128>>
                       : BinaryKernel<Int128, Int128, Int128, PlainSubtract<Int128>>;
  } else {
    call->kernel = add ? CheckedBinaryKernel<Int128, Int128, Int128, CheckedAdd>
                       : CheckedBinaryKernel<Int128, Int128, Int128, CheckedSubtract>;
    return absl::OkStatus();
  }
  call->flags = (call->flags & ~kCanRaise) | kLatchSafe;
  return absl::OkStatus();
}

Status BindMultiply(BoundCall* call, std::span<const Type> actual) {
  const std::optional<Type> a = AsDecimal(actual[0]), b = AsDecimal(actual[1]);
  if (!a || !b || a->scale + b->scale > vec::kMaxDecimalPrecision) return absl::OkStatus();
  const int precision = a->precision + b->precision;
  const Type result = Type::Decimal(std::min(precision, vec::kMaxDecimalPrecision), a->scale + b->scale);
  const bool narrow = a->physical() == vec::PhysicalType::kInt64 && b->physical() == vec::PhysicalType::kInt64;
  call->result_type = result;
  if (narrow) {
    call->argument_types = {*a, *b};
    call->kernel = result.physical() == vec::PhysicalType::kInt64
                       ? BinaryKernel<int64_t, int64_t, int64_t, PlainMultiply<int64_t, int64_t>>
                       : BinaryKernel<int64_t, int64_t, Int128, PlainMultiply<int64_t, Int128>>;
  } else {
    // The same values in 128 bits: at least 19 digits make the type wide.
    const auto widen = [](Type type) { return Type::Decimal(std::max<int>(type.precision, 19), type.scale); };
    call->argument_types = {widen(*a), widen(*b)};
    if (precision > vec::kMaxDecimalPrecision) {
      call->kernel = CheckedBinaryKernel<Int128, Int128, Int128, CheckedMultiply>;
      return absl::OkStatus();
    }
    call->kernel = BinaryKernel<Int128, Int128, Int128, PlainMultiply<Int128, Int128>>;
  }
  call->flags = (call->flags & ~kCanRaise) | kLatchSafe;
  return absl::OkStatus();
}

// Negation and absolute value keep a decimal's type.
template <template <typename> class Op>
Status BindSameType(BoundCall* call, std::span<const Type> actual) {
  if (actual[0].id != TypeId::kDecimal) return absl::OkStatus();
  call->argument_types = {actual[0]};
  call->result_type = actual[0];
  call->flags |= kLatchSafe;
  call->kernel = actual[0].physical() == vec::PhysicalType::kInt64 ? UnaryKernel<int64_t, int64_t, Op<int64_t>>
                                                                   : UnaryKernel<Int128, Int128, Op<Int128>>;
  return absl::OkStatus();
}

Numeric At(const VectorView& view, SelIndex row) { return Numeric::FromBytes(view.Get<StringView>(row).view()); }

template <typename F>
void NumericUnary(Call& call, F&& f) {
  call.ForEach([&](SelIndex row) { call.result->SetString(row, f(At(call.args[0], row)).ToBytes()); });
}

// f: std::optional<Numeric>(a, b); nullopt is division by zero.
template <typename F>
void NumericBinary(Call& call, F&& f) {
  call.ForEach([&](SelIndex row) {
    const std::optional<Numeric> result = f(At(call.args[0], row), At(call.args[1], row));
    if (!result) {
      call.Raise(row, ErrorCode::kDivisionByZero);
    } else if (!result->InRange()) {
      call.Raise(row, ErrorCode::kOutOfRange);
    } else {
      call.result->SetString(row, result->ToBytes());
    }
  });
}

void AddKernel(Call& call) {
  NumericBinary(call, [](const Numeric& a, const Numeric& b) { return std::optional(a + b); });
}
void SubtractKernel(Call& call) {
  NumericBinary(call, [](const Numeric& a, const Numeric& b) { return std::optional(a - b); });
}
void MultiplyKernel(Call& call) {
  NumericBinary(call, [](const Numeric& a, const Numeric& b) { return std::optional(a * b); });
}
void DivideKernel(Call& call) { NumericBinary(call, Numeric::Divide); }
void ModuloKernel(Call& call) { NumericBinary(call, Numeric::Modulo); }
void IntegerDivideKernel(Call& call) { NumericBinary(call, Numeric::IntegerDivide); }

void RoundDigits(Call& call, bool truncate) {
  call.ForEach([&](SelIndex row) {
    const Numeric value = At(call.args[0], row);
    // PostgreSQL keeps at most 2000 digits either way here; more cannot matter.
    const int digits = call.args.size() < 2 ? 0 : std::clamp(call.args[1].Get<int32_t>(row), -2000, 2000);
    const Numeric rounded = truncate ? value.Truncate(digits) : value.Round(digits);
    call.result->SetString(row, rounded.ToBytes());
  });
}
void RoundKernel(Call& call) { RoundDigits(call, false); }
void TruncateKernel(Call& call) { RoundDigits(call, true); }

void NegateKernel(Call& call) {
  NumericUnary(call, [](const Numeric& a) { return a.Negate(); });
}
void PlusKernel(Call& call) {
  NumericUnary(call, [](const Numeric& a) { return a; });
}
void AbsKernel(Call& call) {
  NumericUnary(call, [](const Numeric& a) { return a.Abs(); });
}
void SignKernel(Call& call) {
  NumericUnary(call, [](const Numeric& a) { return a.is_nan() ? a : Numeric(a.sign()); });
}
void FloorKernel(Call& call) {
  NumericUnary(call, [](const Numeric& a) { return a.Floor(); });
}
void CeilKernel(Call& call) {
  NumericUnary(call, [](const Numeric& a) { return a.Ceil(); });
}
void TrimScaleKernel(Call& call) {
  NumericUnary(call, [](const Numeric& a) { return a.TrimScale(); });
}

void ScaleKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const Numeric value = At(call.args[0], row);
    if (!value.is_finite()) {
      call.result->SetNull(row);
    } else {
      call.result->data<int32_t>()[row] = value.scale();
    }
  });
}

void MinScaleKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const Numeric value = At(call.args[0], row);
    if (!value.is_finite()) {
      call.result->SetNull(row);
    } else {
      call.result->data<int32_t>()[row] = value.TrimScale().scale();
    }
  });
}

}  // namespace

void AddDecimals(FunctionList& list) {
  constexpr TypeId kN = TypeId::kNumeric;
  list.Add("+", {kN, kN}, kN, kCanRaise, AddKernel, BindAddSubtract);
  list.Add("-", {kN, kN}, kN, kCanRaise, SubtractKernel, BindAddSubtract);
  list.Add("*", {kN, kN}, kN, kCanRaise, MultiplyKernel, BindMultiply);
  list.Add("/", {kN, kN}, kN, kCanRaise, DivideKernel);
  list.Add("div", {kN, kN}, kN, kCanRaise, IntegerDivideKernel);
  for (const char* name : {"%", "mod"}) list.Add(name, {kN, kN}, kN, kCanRaise, ModuloKernel);
  list.Add("-", {kN}, kN, 0, NegateKernel, BindSameType<PlainNegate>);
  list.Add("+", {kN}, kN, kMonotone, PlusKernel);
  for (const char* name : {"@", "abs"}) list.Add(name, {kN}, kN, 0, AbsKernel, BindSameType<PlainAbs>);
  list.Add("sign", {kN}, kN, kMonotone, SignKernel);
  list.Add("floor", {kN}, kN, kMonotone, FloorKernel);
  for (const char* name : {"ceil", "ceiling"}) list.Add(name, {kN}, kN, kMonotone, CeilKernel);
  list.Add("round", {kN}, kN, kMonotone, RoundKernel);
  list.Add("round", {kN, TypeId::kInt32}, kN, 0, RoundKernel);
  list.Add("trunc", {kN}, kN, kMonotone, TruncateKernel);
  list.Add("trunc", {kN, TypeId::kInt32}, kN, 0, TruncateKernel);
  list.Add("scale", {kN}, TypeId::kInt32, 0, ScaleKernel);
  list.Add("min_scale", {kN}, TypeId::kInt32, 0, MinScaleKernel);
  list.Add("trim_scale", {kN}, kN, 0, TrimScaleKernel);
}

}  // namespace turdb::function
