// variance, stddev, covariance, correlation and linear regression. On floating point by Youngs and Cramer's
// update (as PostgreSQL), which keeps the sum of squared differences instead of a difference of large sums; on
// integers and numerics exactly.
#include <cmath>

#include "function/aggregate_support.h"
#include "function/numeric_sum.h"
#include "function/registry.h"

namespace turdb::function {
namespace {

using vec::Int128;
using vec::Numeric;

Status Overflow() {
  return base::MakeError(absl::StatusCode::kOutOfRange, base::sqlstate::kNumericOutOfRange, "value out of range: overflow");
}

// ---- one argument, floating point

struct SpreadState {
  double count, sum, squares;  // squares: of the differences from the mean
};

enum class Spread : uint8_t { kVariancePop, kVarianceSample, kDeviationPop, kDeviationSample };

template <typename T, Spread kSpread>
struct FloatSpread {
  using State = SpreadState;
  static Status Add(const AggregateInput& input, SelIndex row, State& state) {
    const auto value = static_cast<double>(input.args[0].Get<T>(row));
    const double old_count = state.count;
    const bool finite = std::isfinite(state.sum) && std::isfinite(value);
    state.count += 1;
    state.sum += value;
    if (old_count > 0) {
      const double difference = value * state.count - state.sum;
      state.squares += difference * difference / (state.count * old_count);
    } else if (!std::isfinite(value)) {
      state.squares = std::nan("");
    }
    if (std::isinf(state.sum) || std::isinf(state.squares)) {
      if (finite) return Overflow();
      state.squares = std::nan("");
    }
    return absl::OkStatus();
  }
  static Status Combine(State& into, State& from, base::Arena*) {
    if (from.count == 0) return absl::OkStatus();
    if (into.count == 0) {
      into = from;
      return absl::OkStatus();
    }
    const double difference = into.sum / into.count - from.sum / from.count;
    const double count = into.count + from.count;
    const bool finite = std::isfinite(into.sum) && std::isfinite(from.sum);
    into.squares += from.squares + into.count * from.count * difference * difference / count;
    into.sum += from.sum;
    if (finite && (std::isinf(into.sum) || std::isinf(into.squares))) return Overflow();
    into.count = count;
    return absl::OkStatus();
  }
  static Status Finish(const BoundAggregate&, State& state, Vector* result, uint32_t row) {
    constexpr bool kSample = kSpread == Spread::kVarianceSample || kSpread == Spread::kDeviationSample;
    constexpr bool kRoot = kSpread == Spread::kDeviationPop || kSpread == Spread::kDeviationSample;
    const double divisor = kSample ? state.count - 1 : state.count;
    if (divisor <= 0) {
      result->SetNull(row);
      return absl::OkStatus();
    }
    const double variance = state.squares / divisor;
    result->Set<double>(row, kRoot ? std::sqrt(variance) : variance);
    return absl::OkStatus();
  }
};

// ---- one argument, exact

struct ExactState {
  NumericSum sum, squares;
  int64_t count;
};

Numeric NumericAt(Type type, const VectorView& view, SelIndex row) {
  switch (type.id) {
    case TypeId::kInt16:
      return Numeric(view.Get<int16_t>(row));
    case TypeId::kInt32:
      return Numeric(view.Get<int32_t>(row));
    case TypeId::kInt64:
      return Numeric(view.Get<int64_t>(row));
    default:
      return Numeric::FromBytes(view.Get<StringView>(row).view());
  }
}

// The root at the scale that the quotient has, as PostgreSQL rounds it.
Numeric SquareRoot(const Numeric& x) {
  const vec::BigUint square = x.magnitude() * vec::BigUint::Power10(x.scale());
  vec::BigUint root = vec::BigUint::SquareRoot(square);
  if (vec::BigUint::Compare(square - root * root, root) > 0) root = root + vec::BigUint(vec::UInt128{1});
  return Numeric::FromMagnitude(false, std::move(root), x.scale());
}

template <Spread kSpread>
struct ExactSpread {
  using State = ExactState;
  static Status Add(const AggregateInput& input, SelIndex row, State& state) {
    const Numeric value = NumericAt(input.bound->argument_types[0], input.args[0], row);
    state.sum.Add(value, input.arena);
    state.squares.Add(value * value, input.arena);
    ++state.count;
    return absl::OkStatus();
  }
  static Status Combine(State& into, State& from, base::Arena* arena) {
    into.sum.Add(from.sum.Value(), arena);
    into.squares.Add(from.squares.Value(), arena);
    into.count += from.count;
    return absl::OkStatus();
  }
  static Status Finish(const BoundAggregate&, State& state, Vector* result, uint32_t row) {
    constexpr bool kSample = kSpread == Spread::kVarianceSample || kSpread == Spread::kDeviationSample;
    constexpr bool kRoot = kSpread == Spread::kDeviationPop || kSpread == Spread::kDeviationSample;
    if (state.count <= (kSample ? 1 : 0)) {
      result->SetNull(row);
      return absl::OkStatus();
    }
    const Numeric count(state.count), sum = state.sum.Value();
    // (n * sum of squares - square of sum) / (n * (n - 1) or n * n)
    const Numeric spread = count * state.squares.Value() - sum * sum;
    Numeric variance;
    if (!spread.is_finite()) {
      variance = Numeric::NaN();
    } else if (spread.sign() > 0) {
      variance = *Numeric::Divide(spread, count * Numeric(state.count - (kSample ? 1 : 0)));
      if (kRoot) variance = SquareRoot(variance);
    }
    result->SetString(row, variance.ToBytes());
    return absl::OkStatus();
  }
};

// ---- two arguments: y, x

struct RegressionState {
  double count, sum_x, squares_x, sum_y, squares_y, products;
};

enum class Regression : uint8_t {
  kCount,
  kSxx,
  kSyy,
  kSxy,
  kAvgX,
  kAvgY,
  kR2,
  kSlope,
  kIntercept,
  kCovarPop,
  kCovarSample,
  kCorrelation
};

template <Regression kWhat>
struct Regress {
  using State = RegressionState;
  static Status Add(const AggregateInput& input, SelIndex row, State& state) {
    const double y = input.args[0].Get<double>(row), x = input.args[1].Get<double>(row);
    const double old_count = state.count;
    state.count += 1;
    state.sum_x += x;
    state.sum_y += y;
    if (old_count > 0) {
      const double dx = x * state.count - state.sum_x, dy = y * state.count - state.sum_y;
      const double scale = 1.0 / (state.count * old_count);
      state.squares_x += dx * dx * scale;
      state.squares_y += dy * dy * scale;
      state.products += dx * dy * scale;
    } else {
      if (!std::isfinite(x)) state.squares_x = state.products = std::nan("");
      if (!std::isfinite(y)) state.squares_y = state.products = std::nan("");
    }
    return absl::OkStatus();
  }
  static Status Combine(State& into, State& from, base::Arena*) {
    if (from.count == 0) return absl::OkStatus();
    if (into.count == 0) {
      into = from;
      return absl::OkStatus();
    }
    const double count = into.count + from.count;
    const double dx = into.sum_x / into.count - from.sum_x / from.count;
    const double dy = into.sum_y / into.count - from.sum_y / from.count;
    const double weight = into.count * from.count / count;
    into.squares_x += from.squares_x + weight * dx * dx;
    into.squares_y += from.squares_y + weight * dy * dy;
    into.products += from.products + weight * dx * dy;
    into.sum_x += from.sum_x;
    into.sum_y += from.sum_y;
    into.count = count;
    return absl::OkStatus();
  }
  static Status Finish(const BoundAggregate&, State& s, Vector* result, uint32_t row) {
    const auto set = [&](double value) { result->Set<double>(row, value); };
    if constexpr (kWhat == Regression::kCount) {
      result->Set<int64_t>(row, static_cast<int64_t>(s.count));
      return absl::OkStatus();
    }
    const bool sample = kWhat == Regression::kCovarSample;
    if (s.count < (sample ? 2 : 1)) {
      result->SetNull(row);
      return absl::OkStatus();
    }
    switch (kWhat) {
      case Regression::kSxx:
        set(s.squares_x);
        break;
      case Regression::kSyy:
        set(s.squares_y);
        break;
      case Regression::kSxy:
        set(s.products);
        break;
      case Regression::kAvgX:
        set(s.sum_x / s.count);
        break;
      case Regression::kAvgY:
        set(s.sum_y / s.count);
        break;
      case Regression::kCovarPop:
        set(s.products / s.count);
        break;
      case Regression::kCovarSample:
        set(s.products / (s.count - 1));
        break;
      case Regression::kCorrelation:
        if (s.squares_x == 0 || s.squares_y == 0) {
          result->SetNull(row);
        } else {
          set(s.products / std::sqrt(s.squares_x * s.squares_y));
        }
        break;
      default:  // r2, slope, intercept
        if (s.squares_x == 0) {
          result->SetNull(row);
        } else if (kWhat == Regression::kSlope) {
          set(s.products / s.squares_x);
        } else if (kWhat == Regression::kIntercept) {
          set((s.sum_y - s.sum_x * s.products / s.squares_x) / s.count);
        } else {
          set(s.squares_y == 0 ? 1.0 : s.products * s.products / (s.squares_x * s.squares_y));
        }
    }
    return absl::OkStatus();
  }
};

template <Spread kSpread>
void AddSpread(std::vector<AggregateFunction>& list, std::string_view name) {
  list.push_back(Fold<FloatSpread<float, kSpread>>(name, {TypeId::kFloat}, TypeId::kDouble));
  list.push_back(Fold<FloatSpread<double, kSpread>>(name, {TypeId::kDouble}, TypeId::kDouble));
  for (TypeId id : {TypeId::kInt16, TypeId::kInt32, TypeId::kInt64, TypeId::kNumeric}) {
    list.push_back(Fold<ExactSpread<kSpread>>(name, {id}, TypeId::kNumeric));
    list.back().state_has_pointers = true;
  }
}

template <Regression kWhat>
void AddRegression(std::vector<AggregateFunction>& list, std::string_view name) {
  const TypeId result = kWhat == Regression::kCount ? TypeId::kInt64 : TypeId::kDouble;
  list.push_back(Fold<Regress<kWhat>>(name, {TypeId::kDouble, TypeId::kDouble}, result));
}

}  // namespace

void AddStatistics(std::vector<AggregateFunction>& list) {
  AddSpread<Spread::kVariancePop>(list, "var_pop");
  AddSpread<Spread::kVarianceSample>(list, "var_samp");
  AddSpread<Spread::kVarianceSample>(list, "variance");
  AddSpread<Spread::kDeviationPop>(list, "stddev_pop");
  AddSpread<Spread::kDeviationSample>(list, "stddev_samp");
  AddSpread<Spread::kDeviationSample>(list, "stddev");
  AddRegression<Regression::kCount>(list, "regr_count");
  AddRegression<Regression::kSxx>(list, "regr_sxx");
  AddRegression<Regression::kSyy>(list, "regr_syy");
  AddRegression<Regression::kSxy>(list, "regr_sxy");
  AddRegression<Regression::kAvgX>(list, "regr_avgx");
  AddRegression<Regression::kAvgY>(list, "regr_avgy");
  AddRegression<Regression::kR2>(list, "regr_r2");
  AddRegression<Regression::kSlope>(list, "regr_slope");
  AddRegression<Regression::kIntercept>(list, "regr_intercept");
  AddRegression<Regression::kCovarPop>(list, "covar_pop");
  AddRegression<Regression::kCovarSample>(list, "covar_samp");
  AddRegression<Regression::kCorrelation>(list, "corr");
}

}  // namespace turdb::function
