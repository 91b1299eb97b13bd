// Functions on double precision, with PostgreSQL's errors where C gives a NaN or an infinity.
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "function/builtins.h"
#include "function/kernels.h"

namespace turdb::function {
namespace {

using base::MakeError;

constexpr TypeId kD = TypeId::kDouble;

template <typename F>
void DoubleUnary(Call& call, F&& f) {
  double* out = call.result->data<double>();
  call.ForEach([&](SelIndex row) { out[row] = f(call.args[0].Get<double>(row), row); });
}

template <double (*kFunction)(double)>
void PlainKernel(Call& call) {
  DoubleUnary(call, [](double x, SelIndex) { return kFunction(x); });
}

double RoundHalfEven(double x) { return std::rint(x); }
double Truncate(double x) { return std::trunc(x); }
double Floor(double x) { return std::floor(x); }
double Ceil(double x) { return std::ceil(x); }
double Sign(double x) { return x > 0 ? 1.0 : x < 0 ? -1.0 : 0.0; }
double Cbrt(double x) { return std::cbrt(x); }
double Atan(double x) { return std::atan(x); }
double Sinh(double x) { return std::sinh(x); }
double Cosh(double x) { return std::cosh(x); }
double Tanh(double x) { return std::tanh(x); }
double Asinh(double x) { return std::asinh(x); }
double Radians(double x) { return x / (180.0 / std::numbers::pi); }

Status InputOutOfRange() {
  return MakeError(absl::StatusCode::kOutOfRange, base::sqlstate::kNumericOutOfRange, "input is out of range");
}

void SqrtKernel(Call& call) {
  DoubleUnary(call, [&](double x, SelIndex row) {
    if (x < 0) call.Raise(row, ErrorCode::kNegativeRoot);
    return std::sqrt(x);
  });
}

void ExpKernel(Call& call) {
  DoubleUnary(call, [&](double x, SelIndex row) {
    const double y = std::exp(x);
    if (std::isinf(y) && !std::isinf(x)) call.Raise(row, ErrorCode::kOutOfRange);
    if (y == 0 && !std::isinf(x)) call.Raise(row, ErrorCode::kUnderflow);
    return y;
  });
}

template <double (*kLog)(double)>
void LogKernel(Call& call) {
  DoubleUnary(call, [&](double x, SelIndex row) {
    if (x == 0) call.Raise(row, ErrorCode::kLogOfZero);
    if (x < 0) call.Raise(row, ErrorCode::kLogOfNegative);
    return kLog(x);
  });
}
double Ln(double x) { return std::log(x); }
double Log10(double x) { return std::log10(x); }
double Log2(double x) { return std::log2(x); }

// sin, cos and tan of an infinity, asin and acos outside [-1, 1].
template <double (*kFunction)(double), bool (*kAllowed)(double)>
void BoundedKernel(Call& call) {
  DoubleUnary(call, [&](double x, SelIndex row) {
    if (!std::isnan(x) && !kAllowed(x)) call.RaiseStatus(row, InputOutOfRange());
    return kFunction(x);
  });
}
bool IsFinite(double x) { return !std::isinf(x); }
bool IsUnit(double x) { return x >= -1 && x <= 1; }
bool IsAtLeastOne(double x) { return x >= 1; }
double Sin(double x) { return std::sin(x); }
double Cos(double x) { return std::cos(x); }
double Tan(double x) { return std::tan(x); }
double Cot(double x) { return 1.0 / std::tan(x); }
double Asin(double x) { return std::asin(x); }
double Acos(double x) { return std::acos(x); }
double Acosh(double x) { return std::acosh(x); }
double Atanh(double x) { return std::atanh(x); }

void DegreesKernel(Call& call) {
  DoubleUnary(call, [&](double x, SelIndex row) {
    const double y = x / (std::numbers::pi / 180.0);
    if (std::isinf(y) && !std::isinf(x)) call.Raise(row, ErrorCode::kOutOfRange);
    return y;
  });
}

void Atan2Kernel(Call& call) {
  double* out = call.result->data<double>();
  call.ForEach([&](SelIndex row) { out[row] = std::atan2(call.args[0].Get<double>(row), call.args[1].Get<double>(row)); });
}

void PowerKernel(Call& call) {
  double* out = call.result->data<double>();
  call.ForEach([&](SelIndex row) {
    const double x = call.args[0].Get<double>(row), y = call.args[1].Get<double>(row);
    out[row] = std::pow(x, y);
    if (std::isnan(x) || std::isnan(y)) {
      // NaN ^ 0 and 1 ^ NaN are 1, as C has it.
      return;
    }
    const auto error = [&](std::string_view message) {
      call.RaiseStatus(row, MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"2201F"}, message));
    };
    if (x == 0 && y < 0) return error("zero raised to a negative power is undefined");
    if (x < 0 && std::isfinite(y) && std::floor(y) != y) {
      return error("a negative number raised to a non-integer power yields a complex result");
    }
    if (std::isinf(out[row]) && std::isfinite(x) && std::isfinite(y)) call.Raise(row, ErrorCode::kOutOfRange);
    if (out[row] == 0 && x != 0 && std::isfinite(x) && std::isfinite(y)) call.Raise(row, ErrorCode::kUnderflow);
  });
}

void PiKernel(Call& call) { call.result->data<double>()[0] = std::numbers::pi; }

void RandomKernel(Call& call) {
  double* out = call.result->data<double>();
  for (uint32_t i = 0; i < call.rows.count; ++i) {
    out[call.rows[i]] = static_cast<double>(call.context.random.Next() >> 11) * 0x1p-53;
  }
}

template <typename T>
void GcdKernel(Call& call) {
  T* out = call.result->data<T>();
  call.ForEach([&](SelIndex row) {
    const T a = call.args[0].Get<T>(row), b = call.args[1].Get<T>(row);
    using U = std::make_unsigned_t<T>;
    const auto magnitude = [](T v) { return v < 0 ? static_cast<U>(U{0} - static_cast<U>(v)) : static_cast<U>(v); };
    const U gcd = std::gcd(magnitude(a), magnitude(b));
    if (gcd > static_cast<U>(std::numeric_limits<T>::max())) call.Raise(row, ErrorCode::kOutOfRange);
    out[row] = static_cast<T>(gcd);
  });
}

template <typename T>
void LcmKernel(Call& call) {
  T* out = call.result->data<T>();
  call.ForEach([&](SelIndex row) {
    const T a = call.args[0].Get<T>(row), b = call.args[1].Get<T>(row);
    out[row] = 0;
    if (a == 0 || b == 0) return;
    using U = std::make_unsigned_t<T>;
    const auto magnitude = [](T v) { return v < 0 ? static_cast<U>(U{0} - static_cast<U>(v)) : static_cast<U>(v); };
    const U part = magnitude(a) / std::gcd(magnitude(a), magnitude(b));
    U product;
    if (__builtin_mul_overflow(part, magnitude(b), &product) || product > static_cast<U>(std::numeric_limits<T>::max())) {
      return call.Raise(row, ErrorCode::kOutOfRange);
    }
    out[row] = static_cast<T>(product);
  });
}

void WidthBucketKernel(Call& call) {
  int32_t* out = call.result->data<int32_t>();
  call.ForEach([&](SelIndex row) {
    const double x = call.args[0].Get<double>(row), low = call.args[1].Get<double>(row), high = call.args[2].Get<double>(row);
    const int32_t count = call.args[3].Get<int32_t>(row);
    const auto error = [&](std::string_view message) {
      call.RaiseStatus(row, MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"2201G"}, message));
    };
    if (count <= 0) return error("count must be greater than zero");
    if (std::isnan(x) || std::isnan(low) || std::isnan(high))
      return error("operand, lower bound, and upper bound cannot be NaN");
    if (std::isinf(low) || std::isinf(high)) return error("lower and upper bounds must be finite");
    if (low == high) return error("lower bound cannot equal upper bound");
    const bool up = low < high;
    if (up ? x < low : x > low) {
      out[row] = 0;
    } else if (up ? x >= high : x <= high) {
      if (count == INT32_MAX) return call.Raise(row, ErrorCode::kOutOfRange);
      out[row] = count + 1;
    } else {
      out[row] = static_cast<int32_t>(count * ((x - low) / (high - low))) + 1;
    }
  });
}

void AddTrigonometry(FunctionList& list) {
  list.Add("sin", {kD}, kD, kCanRaise, BoundedKernel<Sin, IsFinite>);
  list.Add("cos", {kD}, kD, kCanRaise, BoundedKernel<Cos, IsFinite>);
  list.Add("tan", {kD}, kD, kCanRaise, BoundedKernel<Tan, IsFinite>);
  list.Add("cot", {kD}, kD, kCanRaise, BoundedKernel<Cot, IsFinite>);
  list.Add("asin", {kD}, kD, kCanRaise, BoundedKernel<Asin, IsUnit>);
  list.Add("acos", {kD}, kD, kCanRaise, BoundedKernel<Acos, IsUnit>);
  list.Add("atan", {kD}, kD, 0, PlainKernel<Atan>);
  list.Add("atan2", {kD, kD}, kD, 0, Atan2Kernel);
  list.Add("sinh", {kD}, kD, 0, PlainKernel<Sinh>);
  list.Add("cosh", {kD}, kD, 0, PlainKernel<Cosh>);
  list.Add("tanh", {kD}, kD, 0, PlainKernel<Tanh>);
  list.Add("asinh", {kD}, kD, 0, PlainKernel<Asinh>);
  list.Add("acosh", {kD}, kD, kCanRaise, BoundedKernel<Acosh, IsAtLeastOne>);
  list.Add("atanh", {kD}, kD, kCanRaise, BoundedKernel<Atanh, IsUnit>);
  list.Add("degrees", {kD}, kD, kCanRaise, DegreesKernel);
  list.Add("radians", {kD}, kD, 0, PlainKernel<Radians>);
}

}  // namespace

void AddMath(FunctionList& list) {
  AddTrigonometry(list);
  list.Add("floor", {kD}, kD, kLatchSafe | kMonotone, PlainKernel<Floor>);
  for (const char* name : {"ceil", "ceiling"}) list.Add(name, {kD}, kD, kLatchSafe | kMonotone, PlainKernel<Ceil>);
  list.Add("round", {kD}, kD, kLatchSafe | kMonotone, PlainKernel<RoundHalfEven>);
  list.Add("trunc", {kD}, kD, kLatchSafe | kMonotone, PlainKernel<Truncate>);
  list.Add("sign", {kD}, kD, kLatchSafe | kMonotone, PlainKernel<Sign>);
  for (const char* name : {"sqrt", "|/"}) list.Add(name, {kD}, kD, kCanRaise, SqrtKernel);
  for (const char* name : {"cbrt", "||/"}) list.Add(name, {kD}, kD, 0, PlainKernel<Cbrt>);
  list.Add("exp", {kD}, kD, kCanRaise | kMonotone, ExpKernel);
  list.Add("ln", {kD}, kD, kCanRaise | kMonotone, LogKernel<Ln>);
  for (const char* name : {"log", "log10"}) list.Add(name, {kD}, kD, kCanRaise | kMonotone, LogKernel<Log10>);
  list.Add("log2", {kD}, kD, kCanRaise | kMonotone, LogKernel<Log2>);
  for (const char* name : {"power", "pow", "^"}) list.Add(name, {kD, kD}, kD, kCanRaise, PowerKernel);
  list.Add("pi", {}, kD, 0, PiKernel);
  list.Add("random", {}, kD, kVolatile, RandomKernel);
  list.Add("gcd", {TypeId::kInt32, TypeId::kInt32}, TypeId::kInt32, kCanRaise, GcdKernel<int32_t>);
  list.Add("gcd", {TypeId::kInt64, TypeId::kInt64}, TypeId::kInt64, kCanRaise, GcdKernel<int64_t>);
  list.Add("lcm", {TypeId::kInt32, TypeId::kInt32}, TypeId::kInt32, kCanRaise, LcmKernel<int32_t>);
  list.Add("lcm", {TypeId::kInt64, TypeId::kInt64}, TypeId::kInt64, kCanRaise, LcmKernel<int64_t>);
  list.Add("width_bucket", {kD, kD, kD, TypeId::kInt32}, TypeId::kInt32, kCanRaise, WidthBucketKernel);
}

}  // namespace turdb::function
