// sqrt, exp, ln, log and power on numeric, to as many digits as PostgreSQL gives: at least 16 significant
// ones, and never fewer after the point than the arguments show. Everything is computed with guard digits in
// Numeric itself (a fixed number of digits after the point) and rounded once at the end.
#include <algorithm>
#include <cmath>
#include <optional>

#include "function/builtins.h"
#include "vec/numeric.h"

namespace turdb::function {
namespace {

using base::MakeError;
using vec::BigUint;
using vec::Numeric;

constexpr int kSignificantDigits = 16;
constexpr int kMaxDisplayScale = 1000;
constexpr double kLog10E = 0.434294481903252;
constexpr double kLn10 = 2.302585092994046;

int ClampScale(int scale) { return std::clamp(scale, 0, kMaxDisplayScale); }

// The natural logarithm, roughly, of numbers beyond double's range too. REQUIRES: x > 0.
double RoughLn(const Numeric& x) {
  const int exponent = x.exponent10();
  // Fifteen leading digits as a number in [1, 10).
  const Numeric digits = Numeric::FromMagnitude(false, x.magnitude(), x.digits() - 1);
  return std::log(digits.Round(15).ToDouble()) + exponent * kLn10;
}

// The decimal exponent of ln(x), roughly, by PostgreSQL's rule, which decides how many digits results show.
int LnWeight(const Numeric& x) {
  static const Numeric kLow = *Numeric::Parse("0.9"), kHigh = *Numeric::Parse("1.1");
  if (Numeric::Compare(x, kLow) >= 0 && Numeric::Compare(x, kHigh) <= 0) {
    const Numeric off = x - Numeric(1);
    return off.is_zero() ? 0 : off.exponent10();
  }
  return static_cast<int>(std::log10(std::abs(RoughLn(x))));
}

// e^x with `scale` right digits after the point. REQUIRES: |x| < 6100.
Numeric ExpToScale(const Numeric& x, int scale) {
  const bool negative = x.is_negative();
  const Numeric size = x.Abs();
  // x / 2^k is small enough for the series to converge fast; squaring k times undoes it.
  int halvings = 0;
  for (double left = size.ToDouble(); left > 0.01; left /= 2) ++halvings;
  const int whole_digits = static_cast<int>(size.ToDouble() * kLog10E) + 1;
  const int work = scale + 2 * whole_digits + halvings / 2 + 10;
  Numeric divisor(vec::Int128{1} << halvings);
  const Numeric y = *Numeric::DivideToScale(size, divisor, work, false);
  Numeric sum(1), term(1);
  for (int n = 1; !term.is_zero(); ++n) {
    term = *Numeric::DivideToScale((term * y).Round(work), Numeric(n), work, false);
    sum = sum + term;
  }
  for (int i = 0; i < halvings; ++i) sum = (sum * sum).Round(work);
  return negative ? *Numeric::DivideToScale(Numeric(1), sum, scale, false) : sum.Round(scale);
}

// ln(x) with `scale` right digits after the point. REQUIRES: x > 0.
Numeric LnToScale(const Numeric& x, int scale) {
  const int work = scale + 10;
  // x = m * 10^e with m in [1, 10): ln x = ln m + e * ln 10, so that exp never sees a large number.
  const int exponent = x.exponent10();
  const auto of_mantissa = [work](const Numeric& m) {
    // Halley's iteration y += 2 (m - e^y) / (m + e^y) triples the right digits each time.
    Numeric y = Numeric::FromDouble(std::log(m.Round(17).ToDouble())).Round(16);
    for (int right = 14; right < work + 4; right *= 3) {
      const Numeric e = ExpToScale(y, work + 4);
      const Numeric step = *Numeric::DivideToScale((m - e) * Numeric(2), m + e, work + 4, false);
      y = (y + step).Round(work + 4);
    }
    return y;
  };
  const Numeric mantissa = Numeric::FromMagnitude(false, x.magnitude(), x.digits() - 1);
  Numeric result =
      mantissa.TrimScale().scale() == 0 && Numeric::Compare(mantissa, Numeric(1)) == 0 ? Numeric(0) : of_mantissa(mantissa);
  if (exponent != 0) result = result + of_mantissa(Numeric(10)) * Numeric(exponent);
  return result.Round(scale);
}

Status RootError() {
  return MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"2201F"}, "cannot take square root of a negative number");
}
Status LogError(bool zero) {
  return MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"2201E"},
                   zero ? "cannot take logarithm of zero" : "cannot take logarithm of a negative number");
}
Status PowerError(bool zero) {
  return MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"2201F"},
                   zero ? "zero raised to a negative power is undefined"
                        : "a negative number raised to a non-integer power yields a complex result");
}
Status Overflow() {
  return MakeError(absl::StatusCode::kOutOfRange, base::sqlstate::kNumericOutOfRange, "value overflows numeric format");
}

StatusOr<Numeric> Sqrt(const Numeric& x) {
  if (x.is_nan()) return x;
  if (x.is_negative()) return RootError();
  if (!x.is_finite()) return x;
  int weight = 0;  // of the first base-10000 digit
  if (!x.is_zero()) {
    const int exponent = x.exponent10();
    weight = exponent >= 0 ? exponent / 4 : -((3 - exponent) / 4);
  }
  const int scale = ClampScale(std::max(kSignificantDigits - (weight * 2 + 1), x.scale()));
  const BigUint square = x.magnitude() * BigUint::Power10(2 * scale - x.scale());
  BigUint root = BigUint::SquareRoot(square);
  if (BigUint::Compare(square - root * root, root) > 0) root = root + BigUint(vec::UInt128{1});
  return Numeric::FromMagnitude(false, std::move(root), scale);
}

StatusOr<Numeric> Exp(const Numeric& x) {
  if (x.kind() == Numeric::Kind::kMinusInfinity) return Numeric();
  if (!x.is_finite()) return x;
  const double value = x.ToDouble();
  if (value > 6000) return Overflow();
  const double weight = std::clamp(value * kLog10E, -2000.0, 2000.0);
  const int scale = ClampScale(std::max(kSignificantDigits - static_cast<int>(weight), x.scale()));
  if (value < -6000) return Numeric(0, scale);
  return ExpToScale(x, scale);
}

StatusOr<Numeric> Ln(const Numeric& x) {
  if (x.is_nan()) return x;
  if (x.is_negative()) return LogError(false);
  if (x.is_zero()) return LogError(true);
  if (!x.is_finite()) return x;
  return LnToScale(x, ClampScale(std::max(kSignificantDigits - LnWeight(x), x.scale())));
}

StatusOr<Numeric> Log(const Numeric& base, const Numeric& x) {
  if (base.is_nan() || x.is_nan()) return Numeric::NaN();
  for (const Numeric* n : {&base, &x}) {
    if (n->is_negative()) return LogError(false);
    if (n->is_zero()) return LogError(true);
  }
  if (!base.is_finite() || !x.is_finite()) {
    if (base.is_finite()) return x;
    return x.is_finite() ? Numeric() : Numeric::NaN();
  }
  const int weight = LnWeight(x) - LnWeight(base);
  const int scale = ClampScale(std::max({kSignificantDigits - weight, base.scale(), x.scale()}));
  const int work = scale + std::max(0, weight) - std::min(0, LnWeight(base)) * 2 + 10;
  const std::optional<Numeric> result = Numeric::DivideToScale(LnToScale(x, work), LnToScale(base, work), scale, false);
  if (!result) {
    return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kDivisionByZero, "division by zero");
  }
  return *result;
}

// A whole exponent: multiply along its bits, with enough digits that the result's are right.
StatusOr<Numeric> PowerWhole(const Numeric& base, int64_t exponent) {
  const int scale = ClampScale(std::max(kSignificantDigits, base.scale()));
  if (exponent == 0) return Numeric(1).Rescale(scale);
  if (base.is_zero()) {
    if (exponent < 0) return PowerError(true);
    return Numeric(0, scale);
  }
  if (exponent == 1) return base.Round(scale);
  if (exponent == 2) return (base * base).Round(scale);
  const double weight = (RoughLn(base.Abs()) * kLog10E) * static_cast<double>(exponent);
  if (weight > vec::kMaxNumericIntegerDigits) return Overflow();
  if (weight < -kMaxDisplayScale - 2) return Numeric(0, scale);
  // Significant digits to carry: those before the point, those after it, and some that rounding eats.
  const int64_t significant = std::max<int64_t>(0, static_cast<int64_t>(weight)) + scale +
                              static_cast<int64_t>(std::log10(std::abs(static_cast<double>(exponent)))) + 12;
  const auto trim = [&](const Numeric& n) {
    const int64_t wanted = significant - n.exponent10();
    return n.scale() > wanted ? n.Round(static_cast<int>(std::clamp<int64_t>(wanted, 0, vec::kMaxNumericScale))) : n;
  };
  Numeric result(1), power = base;
  for (uint64_t bits = static_cast<uint64_t>(exponent < 0 ? -exponent : exponent); bits != 0; bits >>= 1) {
    if ((bits & 1) != 0) result = trim(result * power);
    if (bits > 1) power = trim(power * power);
    if (power.is_zero() || !power.InRange()) break;
  }
  if (exponent < 0) {
    const std::optional<Numeric> inverse = Numeric::DivideToScale(Numeric(1), result, scale, false);
    if (!inverse) return Overflow();
    return *inverse;
  }
  return result.Round(scale);
}

StatusOr<Numeric> Power(const Numeric& base, const Numeric& exponent) {
  static const Numeric kOne(1);
  if (exponent.is_zero() || (base.is_finite() && Numeric::Compare(base, kOne) == 0)) {
    if (base.is_finite() && exponent.is_finite()) return PowerWhole(base, 0);
    return kOne;
  }
  if (base.is_nan() || exponent.is_nan()) return Numeric::NaN();
  if (base.is_zero() && exponent.is_negative()) return PowerError(true);
  if (!base.is_finite() || !exponent.is_finite()) {
    // As double's pow has it, which IEEE 754 settles for infinities.
    const double result = std::pow(base.ToDouble(), exponent.ToDouble());
    if (std::isnan(result)) return PowerError(false);
    return std::isinf(result) ? Numeric::Infinity(result < 0) : Numeric(static_cast<int>(result));
  }
  if (exponent.TrimScale().scale() == 0) {
    const std::optional<vec::Int128> whole = exponent.ToInt128();
    if (whole && *whole >= INT32_MIN && *whole <= INT32_MAX) return PowerWhole(base, static_cast<int64_t>(*whole));
  }
  if (base.is_zero()) return Numeric(0, kSignificantDigits);
  if (base.is_negative() && exponent.TrimScale().scale() != 0) return PowerError(false);
  const bool odd = base.is_negative() && Numeric::Modulo(exponent, Numeric(2))->sign() != 0;
  const Numeric size = base.Abs();
  const double rough = RoughLn(size) * exponent.ToDouble();
  if (rough > 6020) return Overflow();
  if (rough < -6020) return Numeric(0, kMaxDisplayScale);
  const double weight = rough * kLog10E;
  const int scale = ClampScale(std::max({kSignificantDigits - static_cast<int>(weight), base.scale(), exponent.scale()}));
  const int work = scale + std::max(0, static_cast<int>(weight)) + std::max(0, exponent.exponent10()) + 12;
  const Numeric product = (LnToScale(size, work) * exponent).Round(work);
  const Numeric result = ExpToScale(product, scale);
  return odd ? result.Negate() : result;
}

template <typename F>
void Apply(Call& call, F&& f) {
  call.ForEach([&](SelIndex row) {
    StatusOr<Numeric> result = f(row);
    if (!result.ok()) {
      call.RaiseStatus(row, result.status());
    } else if (!result->InRange()) {
      call.Raise(row, ErrorCode::kOutOfRange);
    } else {
      call.result->SetString(row, result->ToBytes());
    }
  });
}

Numeric At(const Call& call, size_t argument, SelIndex row) {
  return Numeric::FromBytes(call.args[argument].Get<StringView>(row).view());
}

template <StatusOr<Numeric> (*kFunction)(const Numeric&)>
void UnaryNumeric(Call& call) {
  Apply(call, [&](SelIndex row) { return kFunction(At(call, 0, row)); });
}

template <StatusOr<Numeric> (*kFunction)(const Numeric&, const Numeric&)>
void BinaryNumeric(Call& call) {
  Apply(call, [&](SelIndex row) { return kFunction(At(call, 0, row), At(call, 1, row)); });
}

StatusOr<Numeric> LogOf10(const Numeric& x) { return Log(Numeric(10), x); }

StatusOr<Numeric> Factorial(int64_t n) {
  if (n < 0) {
    return MakeError(absl::StatusCode::kOutOfRange, base::sqlstate::kNumericOutOfRange,
                     "factorial of a negative number is undefined");
  }
  if (n > 32177) return Overflow();
  BigUint product(vec::UInt128{1});
  for (int64_t i = 2; i <= n; ++i) product.MultiplyAddSmall(static_cast<uint32_t>(i), 0);
  return Numeric::FromMagnitude(false, std::move(product), 0);
}

void FactorialKernel(Call& call) {
  Apply(call, [&](SelIndex row) { return Factorial(call.args[0].Get<int64_t>(row)); });
}

// gcd and lcm of numerics, by Euclid's algorithm; lcm(a, b) = |a / gcd * b|.
StatusOr<Numeric> Gcd(const Numeric& a, const Numeric& b) {
  if (!a.is_finite() || !b.is_finite()) return Numeric::NaN();
  const int scale = std::max(a.scale(), b.scale());
  Numeric x = a.Abs(), y = b.Abs();
  while (!y.is_zero()) {
    Numeric rest = *Numeric::Modulo(x, y);
    x = std::move(y);
    y = std::move(rest);
  }
  return x.Round(scale);
}

StatusOr<Numeric> Lcm(const Numeric& a, const Numeric& b) {
  if (!a.is_finite() || !b.is_finite()) return Numeric::NaN();
  const int scale = std::max(a.scale(), b.scale());
  if (a.is_zero() || b.is_zero()) return Numeric(0, scale);
  TURDB_ASSIGN_OR_RETURN(const Numeric gcd, Gcd(a, b));
  return (*Numeric::IntegerDivide(a, gcd) * b).Abs().Round(scale);
}

}  // namespace

void AddNumericMath(FunctionList& list) {
  constexpr TypeId kN = TypeId::kNumeric;
  list.Add("sqrt", {kN}, kN, kCanRaise, UnaryNumeric<Sqrt>);
  list.Add("exp", {kN}, kN, kCanRaise, UnaryNumeric<Exp>);
  list.Add("ln", {kN}, kN, kCanRaise, UnaryNumeric<Ln>);
  for (const char* name : {"log", "log10"}) list.Add(name, {kN}, kN, kCanRaise, UnaryNumeric<LogOf10>);
  list.Add("log", {kN, kN}, kN, kCanRaise, BinaryNumeric<Log>);
  for (const char* name : {"power", "pow", "^"}) list.Add(name, {kN, kN}, kN, kCanRaise, BinaryNumeric<Power>);
  list.Add("gcd", {kN, kN}, kN, kCanRaise, BinaryNumeric<Gcd>);
  list.Add("lcm", {kN, kN}, kN, kCanRaise, BinaryNumeric<Lcm>);
  list.Add("factorial", {TypeId::kInt64}, kN, kCanRaise, FactorialKernel);
}

}  // namespace turdb::function
