// Ordered-set aggregates: percentile_cont, percentile_disc, mode, and DuckDB's median and quantile_... The binder sees to it
// that rows come sorted by the first argument; the second, where there is one, is a fraction or an array of them, the same in
// every row of a group.
#include <cmath>

#include "absl/strings/str_cat.h"
#include "function/aggregate_pieces.h"
#include "function/datetime_arithmetic.h"
#include "function/registry.h"
#include "vec/array.h"
#include "vec/compare.h"

namespace turdb::function {
namespace {

struct OrderedState {
  PiecesState values;
  PiecesState direct;  // the fraction, or the array of fractions: one piece
};

Status CheckFraction(double fraction) {
  if (fraction >= 0 && fraction <= 1) return absl::OkStatus();
  return base::MakeError(absl::StatusCode::kOutOfRange, base::sqlstate::kNumericOutOfRange,
                         absl::StrCat("percentile value ", fraction, " is not between 0 and 1"));
}

std::vector<std::string_view> PiecesOf(const PiecesState& state) {
  std::vector<std::string_view> pieces;
  pieces.reserve(state.count);
  PieceReader reader(state);
  bool null = false;
  for (std::string_view piece; reader.Next(&piece, &null);) pieces.push_back(piece);
  return pieces;
}

template <typename T>
T Load(std::string_view piece) {
  T value;
  std::memcpy(&value, piece.data(), sizeof(value));
  return value;
}

void SetPiece(std::string_view piece, Vector* result, uint32_t row) {
  vec::VisitPhysical(result->physical(), [&](auto tag) {
    using T = decltype(tag);
    if constexpr (std::is_same_v<T, StringView>) {
      result->SetString(row, piece);
    } else {
      result->data<T>()[row] = Load<T>(piece);
    }
  });
}

void AddPiece(const Type& type, std::string_view piece, vec::ArrayBuilder* builder) {
  if (type.physical() == vec::PhysicalType::kString) {
    const StringView view(piece);
    builder->Add(&view);
  } else {
    builder->Add(piece.data());
  }
}

double Between(double low, double high, double part) { return low + part * (high - low); }

StatusOr<vec::Interval> Between(const vec::Interval& low, const vec::Interval& high, double part) {
  const vec::Interval difference{high.months - low.months, high.days - low.days, high.micros - low.micros};
  const std::optional<vec::Interval> scaled = ScaleInterval(difference, part, /*divide=*/false);
  if (!scaled) {
    return base::MakeError(absl::StatusCode::kOutOfRange, base::sqlstate::kDatetimeOverflow, "interval out of range");
  }
  return vec::Interval{low.months + scaled->months, low.days + scaled->days, low.micros + scaled->micros};
}

// Each picks a value: static Status Pick(pieces, fraction, std::string* kept, std::string_view* picked).

struct Discrete {
  static Status Pick(const std::vector<std::string_view>& values, double fraction, std::string*, std::string_view* picked) {
    const auto rank = static_cast<size_t>(std::ceil(fraction * static_cast<double>(values.size())));
    *picked = values[rank == 0 ? 0 : rank - 1];
    return absl::OkStatus();
  }
};

template <typename T>
struct Continuous {
  static Status Pick(const std::vector<std::string_view>& values, double fraction, std::string* kept,
                     std::string_view* picked) {
    const double place = fraction * static_cast<double>(values.size() - 1);
    const auto low = static_cast<size_t>(std::floor(place)), high = static_cast<size_t>(std::ceil(place));
    *picked = values[low];
    if (low == high) return absl::OkStatus();
    TURDB_ASSIGN_OR_RETURN(const T between,
                           StatusOr<T>(Between(Load<T>(values[low]), Load<T>(values[high]), place - static_cast<double>(low))));
    kept->assign(reinterpret_cast<const char*>(&between), sizeof(between));
    *picked = *kept;
    return absl::OkStatus();
  }
};

template <typename Picker>
struct Percentile {
  using State = OrderedState;
  static Status Add(const AggregateInput& input, SelIndex row, State& state) {
    if (state.direct.count == 0 && input.args.size() > 1) {
      TURDB_RETURN_IF_ERROR(AppendPiece(state.direct, input.bound->argument_types[1], input.args[1], row, input.arena));
    }
    return AppendPiece(state.values, input.bound->argument_types[0], input.args[0], row, input.arena);
  }
  static Status Combine(State& into, State& from, base::Arena* arena) {
    TURDB_RETURN_IF_ERROR(CombinePieces(into.direct, from.direct, arena));
    return CombinePieces(into.values, from.values, arena);
  }
  static Status Finish(const BoundAggregate& bound, State& state, Vector* result, uint32_t row) {
    if (state.values.count == 0) {
      result->SetNull(row);
      return absl::OkStatus();
    }
    const std::vector<std::string_view> values = PiecesOf(state.values);
    std::string kept;
    std::string_view picked;
    const bool many = bound.argument_types.size() > 1 && bound.argument_types[1].id == TypeId::kArray;
    if (!many) {
      const double fraction = bound.argument_types.size() > 1 ? Load<double>(PiecesOf(state.direct)[0]) : 0.5;
      TURDB_RETURN_IF_ERROR(CheckFraction(fraction));
      TURDB_RETURN_IF_ERROR(Picker::Pick(values, fraction, &kept, &picked));
      SetPiece(picked, result, row);
      return absl::OkStatus();
    }
    const vec::ArrayView fractions(bound.argument_types[1], PiecesOf(state.direct)[0]);
    vec::ArrayBuilder builder(bound.argument_types[0]);
    for (uint32_t i = 0; i < fractions.size(); ++i) {
      if (fractions.IsNull(i)) {
        builder.AddNull();
        continue;
      }
      vec::ElementSlot slot;
      double fraction;
      std::memcpy(&fraction, fractions.Load(i, &slot), sizeof(fraction));
      TURDB_RETURN_IF_ERROR(CheckFraction(fraction));
      TURDB_RETURN_IF_ERROR(Picker::Pick(values, fraction, &kept, &picked));
      AddPiece(bound.argument_types[0], picked, &builder);
    }
    result->SetString(row, builder.Finish(fractions.AllDimensions()));
    return absl::OkStatus();
  }
};

bool SameValue(const Type& type, std::string_view a, std::string_view b) {
  if (type.physical() != vec::PhysicalType::kString) {
    return vec::CompareSlots(type, reinterpret_cast<const std::byte*>(a.data()),
                             reinterpret_cast<const std::byte*>(b.data())) == 0;
  }
  const StringView left(a), right(b);
  return vec::CompareSlots(type, reinterpret_cast<const std::byte*>(&left), reinterpret_cast<const std::byte*>(&right)) == 0;
}

// The value that comes most often, of several the first.
struct Mode {
  using State = OrderedState;
  static constexpr auto Add = Percentile<Discrete>::Add;
  static constexpr auto Combine = Percentile<Discrete>::Combine;
  static Status Finish(const BoundAggregate& bound, State& state, Vector* result, uint32_t row) {
    if (state.values.count == 0) {
      result->SetNull(row);
      return absl::OkStatus();
    }
    PieceReader reader(state.values);
    std::string_view best, current;
    uint64_t best_count = 0, count = 0;
    bool null = false;
    for (std::string_view piece; reader.Next(&piece, &null);) {
      count = count != 0 && SameValue(bound.argument_types[0], piece, current) ? count + 1 : 1;
      current = piece;
      if (count > best_count) {
        best_count = count;
        best = piece;
      }
    }
    SetPiece(best, result, row);
    return absl::OkStatus();
  }
};

// The result is the value's type, or an array of it when there are several fractions.
Status BindPercentile(BoundAggregate* aggregate, std::span<const Type>) {
  const Type value = aggregate->argument_types[0];
  aggregate->result_type = value;
  if (aggregate->argument_types.size() > 1 && aggregate->argument_types[1].id == TypeId::kArray) {
    aggregate->argument_types[1] = Type::ArrayOf(Type::Double());
    aggregate->result_type = Type::ArrayOf(value);
  }
  return absl::OkStatus();
}

template <typename Agg>
void Add(std::vector<AggregateFunction>& list, std::string_view name, std::vector<TypeId> arguments) {
  const TypeId result = arguments.size() > 1 && arguments[1] == TypeId::kArray ? TypeId::kArray : arguments[0];
  AggregateFunction function = Fold<Agg>(name, std::move(arguments), result);
  function.order_sensitive = true;
  function.state_has_pointers = true;
  function.ordered_set = true;
  function.compares_texts = true;
  function.bind = BindPercentile;
  list.push_back(std::move(function));
}

}  // namespace

void AddOrderedSets(std::vector<AggregateFunction>& list) {
  constexpr TypeId kDouble = TypeId::kDouble, kInterval = TypeId::kInterval, kArray = TypeId::kArray;
  for (const char* name : {"percentile_cont", "quantile_cont"}) {
    for (const TypeId fraction : {kDouble, kArray}) {
      Add<Percentile<Continuous<double>>>(list, name, {kDouble, fraction});
      Add<Percentile<Continuous<vec::Interval>>>(list, name, {kInterval, fraction});
    }
  }
  for (const char* name : {"percentile_disc", "quantile_disc", "quantile"}) {
    Add<Percentile<Discrete>>(list, name, {kAnyArgument, kDouble});
    Add<Percentile<Discrete>>(list, name, {kAnyArgument, kArray});
  }
  Add<Percentile<Continuous<double>>>(list, "median", {kDouble});
  Add<Percentile<Continuous<vec::Interval>>>(list, "median", {kInterval});
  Add<Mode>(list, "mode", {kAnyArgument});
}

}  // namespace turdb::function
