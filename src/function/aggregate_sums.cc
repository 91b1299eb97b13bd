// count, sum, avg, total. Result types are PostgreSQL's: sum of smallint and integer is bigint, of bigint
// numeric; avg of integers and numerics is numeric. The sum of decimal(p,s) is decimal(38,s).
#include <cmath>

#include "compute/aggregate.h"
#include "function/aggregate_support.h"
#include "function/datetime_arithmetic.h"
#include "function/numeric_sum.h"
#include "function/registry.h"

namespace turdb::function {
namespace {

using base::MakeError;
using vec::Int128;
using vec::Interval;
using vec::Numeric;

Status OutOfRange(std::string_view message) {
  return MakeError(absl::StatusCode::kOutOfRange, base::sqlstate::kNumericOutOfRange, message);
}

// ---- count

struct CountState {
  int64_t count;
};

Status CountRowsUpdate(const AggregateInput& input, std::byte* const* states) {
  for (uint32_t i = 0; i < input.rows.count; ++i) ++StateAt<CountState>(states[i]).count;
  return absl::OkStatus();
}
Status CountRowsOne(const AggregateInput& input, std::byte* state) {
  StateAt<CountState>(state).count += input.rows.count;
  return absl::OkStatus();
}

struct Count {
  using State = CountState;
  static Status Add(const AggregateInput&, SelIndex, State& state) {
    ++state.count;
    return absl::OkStatus();
  }
  static Status Combine(State& into, State& from, base::Arena*) {
    into.count += from.count;
    return absl::OkStatus();
  }
  static Status Finish(const BoundAggregate&, State& state, Vector* result, uint32_t row) {
    result->Set<int64_t>(row, state.count);
    return absl::OkStatus();
  }
};

Status CountOne(const AggregateInput& input, std::byte* state) {
  const VectorView& view = input.args[0];
  int64_t& count = StateAt<CountState>(state).count;
  if (view.validity == nullptr) {
    count += input.rows.count;
  } else if (input.rows.dense() && view.is_flat()) {
    count += static_cast<int64_t>(compute::CountBits(view.validity, input.rows.count));
  } else {
    for (uint32_t i = 0; i < input.rows.count; ++i) count += view.IsValid(input.rows[i]) ? 1 : 0;
  }
  return absl::OkStatus();
}

// ---- sums of integers

struct IntegerSumState {
  Int128 sum;  // no number of rows that fits memory or disk overflows it for 64-bit values
  int64_t count;
};

template <typename T>
struct IntegerSum {
  using State = IntegerSumState;
  static Status Add(const AggregateInput& input, SelIndex row, State& state) {
    state.sum += Int128{input.args[0].Get<T>(row)};
    ++state.count;
    return absl::OkStatus();
  }
  static Status Combine(State& into, State& from, base::Arena*) {
    into.sum += from.sum;
    into.count += from.count;
    return absl::OkStatus();
  }
  static Status Finish(const BoundAggregate& bound, State& state, Vector* result, uint32_t row) {
    if (state.count == 0) {
      result->SetNull(row);
    } else if (bound.result_type.id == TypeId::kInt64) {
      if (state.sum > INT64_MAX || state.sum < INT64_MIN) return OutOfRange("bigint out of range");
      result->Set<int64_t>(row, static_cast<int64_t>(state.sum));
    } else {
      result->SetString(row, Numeric(state.sum).ToBytes());
    }
    return absl::OkStatus();
  }
};

template <typename T>
struct IntegerAverage : IntegerSum<T> {
  static Status Finish(const BoundAggregate&, IntegerSumState& state, Vector* result, uint32_t row) {
    if (state.count == 0) {
      result->SetNull(row);
    } else {
      result->SetString(row, Numeric::Divide(Numeric(state.sum), Numeric(state.count))->ToBytes());
    }
    return absl::OkStatus();
  }
};

template <typename T>
Status IntegerSumOne(const AggregateInput& input, std::byte* bytes) {
  const VectorView& view = input.args[0];
  if (!input.rows.dense() || !view.is_flat()) return UpdateOne<IntegerSum<T>>(input, bytes);
  auto& state = StateAt<IntegerSumState>(bytes);
  const uint32_t count = input.rows.count;
  state.count += view.validity == nullptr ? count : static_cast<int64_t>(compute::CountBits(view.validity, count));
  if constexpr (sizeof(T) <= 4) {
    state.sum += Int128{compute::SumNarrow(view.values<T>(), view.validity, count)};
  } else if constexpr (std::is_same_v<T, int64_t>) {
    const compute::SplitSum sum = compute::SumWide(view.values<T>(), view.validity, count);
    state.sum += Int128{sum.high} * (int64_t{1} << 32) + Int128{sum.low};
  } else {
    for (uint32_t i = 0; i < count; ++i) {
      if (view.IsValid(i)) state.sum += Int128{view.values<T>()[i]};
    }
  }
  return absl::OkStatus();
}

// ---- decimal(p,s): the same sums, with the argument's scale

constexpr int kMaxSumPrecision = vec::kMaxDecimalPrecision;

template <typename T>
struct DecimalSum {
  using State = IntegerSumState;
  static Status Add(const AggregateInput& input, SelIndex row, State& state) {
    const Int128 value = input.args[0].Get<T>(row);
    const auto sum = static_cast<Int128>(static_cast<vec::UInt128>(state.sum) + static_cast<vec::UInt128>(value));
    // Only 38-digit values can get here; a narrower type would need 10^20 rows.
    if (((state.sum ^ sum) & (value ^ sum)) < 0) return OutOfRange("numeric field overflow");
    state.sum = sum;
    ++state.count;
    return absl::OkStatus();
  }
  static Status Combine(State& into, State& from, base::Arena*) {
    const auto sum = static_cast<Int128>(static_cast<vec::UInt128>(into.sum) + static_cast<vec::UInt128>(from.sum));
    if (((into.sum ^ sum) & (from.sum ^ sum)) < 0) return OutOfRange("numeric field overflow");
    into.sum = sum;
    into.count += from.count;
    return absl::OkStatus();
  }
  static Status Finish(const BoundAggregate&, State& state, Vector* result, uint32_t row) {
    if (state.count == 0) {
      result->SetNull(row);
      return absl::OkStatus();
    }
    const auto limit = static_cast<Int128>(vec::Power10(kMaxSumPrecision));
    if (state.sum >= limit || state.sum <= -limit) return OutOfRange("numeric field overflow");
    result->Set<Int128>(row, state.sum);
    return absl::OkStatus();
  }
};

template <typename T>
struct DecimalAverage : DecimalSum<T> {
  static Status Finish(const BoundAggregate& bound, IntegerSumState& state, Vector* result, uint32_t row) {
    if (state.count == 0) {
      result->SetNull(row);
    } else {
      const Numeric sum(state.sum, bound.argument_types[0].scale);
      result->SetString(row, Numeric::Divide(sum, Numeric(state.count))->ToBytes());
    }
    return absl::OkStatus();
  }
};

Status DecimalSumOne(const AggregateInput& input, std::byte* bytes) {
  const VectorView& view = input.args[0];
  if (!input.rows.dense() || !view.is_flat()) return UpdateOne<DecimalSum<int64_t>>(input, bytes);
  return IntegerSumOne<int64_t>(input, bytes);
}

const AggregateFunction& DecimalFunction(bool average, bool wide) {
  static const auto* const kFunctions = [] {
    auto* functions =
        new std::vector<AggregateFunction>{Fold<DecimalSum<int64_t>>("sum", {TypeId::kNumeric}, TypeId::kDecimal),
                                           Fold<DecimalSum<Int128>>("sum", {TypeId::kNumeric}, TypeId::kDecimal),
                                           Fold<DecimalAverage<int64_t>>("avg", {TypeId::kNumeric}, TypeId::kNumeric),
                                           Fold<DecimalAverage<Int128>>("avg", {TypeId::kNumeric}, TypeId::kNumeric)};
    (*functions)[0].update_one = DecimalSumOne;
    (*functions)[2].update_one = DecimalSumOne;
    return functions;
  }();
  return (*kFunctions)[(average ? 2 : 0) + (wide ? 1 : 0)];
}

Status BindDecimal(BoundAggregate* aggregate, std::span<const Type> actual) {
  if (actual[0].id != TypeId::kDecimal) return absl::OkStatus();
  const bool average = aggregate->function->name == "avg";
  aggregate->function = &DecimalFunction(average, actual[0].physical() == vec::PhysicalType::kInt128);
  aggregate->argument_types = {actual[0]};
  if (!average) aggregate->result_type = Type::Decimal(kMaxSumPrecision, actual[0].scale);
  return absl::OkStatus();
}

// ---- numeric

struct NumericSumState {
  NumericSum sum;
  int64_t count;
};

struct SumOfNumeric {
  using State = NumericSumState;
  static Status Add(const AggregateInput& input, SelIndex row, State& state) {
    state.sum.Add(Numeric::FromBytes(input.args[0].Get<StringView>(row).view()), input.arena);
    ++state.count;
    return absl::OkStatus();
  }
  static Status Combine(State& into, State& from, base::Arena* arena) {
    into.sum.Add(from.sum.Value(), arena);
    into.count += from.count;
    return absl::OkStatus();
  }
  static Status Finish(const BoundAggregate&, State& state, Vector* result, uint32_t row) {
    if (state.count == 0) {
      result->SetNull(row);
      return absl::OkStatus();
    }
    const Numeric sum = state.sum.Value();
    if (!sum.InRange()) return OutOfRange("value overflows numeric format");
    result->SetString(row, sum.ToBytes());
    return absl::OkStatus();
  }
};

struct AverageOfNumeric : SumOfNumeric {
  static Status Finish(const BoundAggregate&, State& state, Vector* result, uint32_t row) {
    if (state.count == 0) {
      result->SetNull(row);
    } else {
      result->SetString(row, Numeric::Divide(state.sum.Value(), Numeric(state.count))->ToBytes());
    }
    return absl::OkStatus();
  }
};

// ---- floating point

template <typename T>
struct FloatState {
  T sum;
  bool infinite_input;
  int64_t count;
};

template <typename T, typename Sum>
struct FloatSum {
  using State = FloatState<Sum>;
  static Status Add(const AggregateInput& input, SelIndex row, State& state) {
    const T value = input.args[0].Get<T>(row);
    state.sum += static_cast<Sum>(value);
    state.infinite_input = state.infinite_input || std::isinf(value);
    ++state.count;
    return absl::OkStatus();
  }
  static Status Combine(State& into, State& from, base::Arena*) {
    into.sum += from.sum;
    into.infinite_input = into.infinite_input || from.infinite_input;
    into.count += from.count;
    return absl::OkStatus();
  }
  static Status Check(const State& state) {
    if (std::isinf(state.sum) && !state.infinite_input) return OutOfRange("value out of range: overflow");
    return absl::OkStatus();
  }
  static Status Finish(const BoundAggregate&, State& state, Vector* result, uint32_t row) {
    TURDB_RETURN_IF_ERROR(Check(state));
    if (state.count == 0) {
      result->SetNull(row);
    } else {
      result->Set<Sum>(row, state.sum);
    }
    return absl::OkStatus();
  }
};

template <typename T>
struct FloatAverage : FloatSum<T, double> {
  using State = FloatState<double>;
  static Status Finish(const BoundAggregate&, State& state, Vector* result, uint32_t row) {
    TURDB_RETURN_IF_ERROR((FloatSum<T, double>::Check(state)));
    if (state.count == 0) {
      result->SetNull(row);
    } else {
      result->Set<double>(row, state.sum / static_cast<double>(state.count));
    }
    return absl::OkStatus();
  }
};

// One number after the other, as Add does it: the order of additions shows in the sum.
template <typename T, typename Sum>
Status FloatSumOne(const AggregateInput& input, std::byte* bytes) {
  const VectorView& view = input.args[0];
  if (!input.rows.dense() || !view.is_flat() || view.validity != nullptr) return UpdateOne<FloatSum<T, Sum>>(input, bytes);
  auto& state = StateAt<FloatState<Sum>>(bytes);
  const T* values = view.values<T>();
  Sum sum = state.sum;
  bool infinite = false;
  for (uint32_t i = 0; i < input.rows.count; ++i) {
    sum += static_cast<Sum>(values[i]);
    infinite |= std::isinf(values[i]);
  }
  state.sum = sum;
  state.infinite_input = state.infinite_input || infinite;
  state.count += input.rows.count;
  return absl::OkStatus();
}

// SQLite's total: a sum that is 0.0 for no rows.
struct Total : FloatSum<double, double> {
  static Status Finish(const BoundAggregate&, State& state, Vector* result, uint32_t row) {
    result->Set<double>(row, state.sum);
    return absl::OkStatus();
  }
};

// ---- intervals

struct IntervalState {
  Interval sum;
  int64_t count;
};

struct IntervalSum {
  using State = IntervalState;
  static Status AddTo(State& state, const Interval& value, int64_t count) {
    const std::optional<Interval> sum = SumIntervals(state.sum, value);
    if (!sum) return MakeError(absl::StatusCode::kOutOfRange, base::sqlstate::kDatetimeOverflow, "interval out of range");
    state.sum = *sum;
    state.count += count;
    return absl::OkStatus();
  }
  static Status Add(const AggregateInput& input, SelIndex row, State& state) {
    return AddTo(state, input.args[0].Get<Interval>(row), 1);
  }
  static Status Combine(State& into, State& from, base::Arena*) { return AddTo(into, from.sum, from.count); }
  static Status Finish(const BoundAggregate&, State& state, Vector* result, uint32_t row) {
    if (state.count == 0) {
      result->SetNull(row);
    } else {
      result->Set<Interval>(row, state.sum);
    }
    return absl::OkStatus();
  }
};

struct IntervalAverage : IntervalSum {
  static Status Finish(const BoundAggregate&, State& state, Vector* result, uint32_t row) {
    if (state.count == 0) {
      result->SetNull(row);
      return absl::OkStatus();
    }
    const std::optional<Interval> average = ScaleInterval(state.sum, static_cast<double>(state.count), true);
    if (!average) return MakeError(absl::StatusCode::kOutOfRange, base::sqlstate::kDatetimeOverflow, "interval out of range");
    result->Set<Interval>(row, *average);
    return absl::OkStatus();
  }
};

template <typename T>
void AddInteger(std::vector<AggregateFunction>& list, TypeId id) {
  list.push_back(Fold<IntegerSum<T>>("sum", {id}, sizeof(T) <= 4 ? TypeId::kInt64 : TypeId::kNumeric));
  list.back().update_one = IntegerSumOne<T>;
  list.push_back(Fold<IntegerAverage<T>>("avg", {id}, TypeId::kNumeric));
  list.back().update_one = IntegerSumOne<T>;
}

}  // namespace

void AddSums(std::vector<AggregateFunction>& list) {
  list.push_back(Fold<Count>("count", {}, TypeId::kInt64));
  list.back().update = CountRowsUpdate;
  list.back().update_one = CountRowsOne;
  list.push_back(Fold<Count>("count", {kAnyArgument}, TypeId::kInt64));
  list.back().update_one = CountOne;
  AddInteger<int8_t>(list, TypeId::kInt8);
  AddInteger<int16_t>(list, TypeId::kInt16);
  AddInteger<int32_t>(list, TypeId::kInt32);
  AddInteger<int64_t>(list, TypeId::kInt64);
  AddInteger<uint8_t>(list, TypeId::kUInt8);
  AddInteger<uint16_t>(list, TypeId::kUInt16);
  AddInteger<uint32_t>(list, TypeId::kUInt32);
  AddInteger<uint64_t>(list, TypeId::kUInt64);
  for (const bool average : {false, true}) {
    list.push_back(average ? Fold<AverageOfNumeric>("avg", {TypeId::kNumeric}, TypeId::kNumeric)
                           : Fold<SumOfNumeric>("sum", {TypeId::kNumeric}, TypeId::kNumeric));
    list.back().state_has_pointers = true;
    list.back().bind = BindDecimal;
  }
  const auto add_float = [&](AggregateFunction function, auto update_one) {
    function.update_one = update_one;
    list.push_back(std::move(function));
  };
  add_float(Fold<FloatSum<float, float>>("sum", {TypeId::kFloat}, TypeId::kFloat), FloatSumOne<float, float>);
  add_float(Fold<FloatSum<double, double>>("sum", {TypeId::kDouble}, TypeId::kDouble), FloatSumOne<double, double>);
  add_float(Fold<FloatAverage<float>>("avg", {TypeId::kFloat}, TypeId::kDouble), FloatSumOne<float, double>);
  add_float(Fold<FloatAverage<double>>("avg", {TypeId::kDouble}, TypeId::kDouble), FloatSumOne<double, double>);
  add_float(Fold<Total>("total", {TypeId::kDouble}, TypeId::kDouble), FloatSumOne<double, double>);
  list.push_back(Fold<IntervalSum>("sum", {TypeId::kInterval}, TypeId::kInterval));
  list.push_back(Fold<IntervalAverage>("avg", {TypeId::kInterval}, TypeId::kInterval));
}

}  // namespace turdb::function
