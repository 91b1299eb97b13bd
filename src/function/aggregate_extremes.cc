// min, max, any_value, bool_and, bool_or, every, bit_and, bit_or, bit_xor.
#include <array>

#include "function/aggregate_support.h"
#include "function/registry.h"
#include "vec/compare.h"

namespace turdb::function {
namespace {

using vec::Int128;
using vec::Interval;
using vec::Uuid;

// ---- fixed-width values

template <typename T>
struct FixedState {
  T best;
  bool seen;
};

template <typename T>
int Compare(const T& a, const T& b) {
  if constexpr (std::is_floating_point_v<T>) {
    return vec::CompareFloat(a, b);
  } else {
    return a < b ? -1 : static_cast<int>(b < a);
  }
}

// Which of two values stays: the least, the greatest, or the one that came first.
enum class Keep : uint8_t { kLeast, kGreatest, kFirst };

template <Keep kKeep>
bool Better(int order) {
  // Of values that are equal but not the same (1.0 and 1.00) the last one stays, as in PostgreSQL.
  return kKeep == Keep::kLeast ? order <= 0 : kKeep == Keep::kGreatest && order >= 0;
}

template <typename T, Keep kKeep>
struct FixedExtreme {
  using State = FixedState<T>;
  static void AddValue(State& state, const T& value) {
    if (!state.seen || Better<kKeep>(Compare(value, state.best))) {
      state.best = value;
      state.seen = true;
    }
  }
  static Status Add(const AggregateInput& input, SelIndex row, State& state) {
    AddValue(state, input.args[0].Get<T>(row));
    return absl::OkStatus();
  }
  static Status Combine(State& into, State& from, base::Arena*) {
    if (from.seen) AddValue(into, from.best);
    return absl::OkStatus();
  }
  static Status Finish(const BoundAggregate&, State& state, Vector* result, uint32_t row) {
    if (state.seen) {
      result->Set<T>(row, state.best);
    } else {
      result->SetNull(row);
    }
    return absl::OkStatus();
  }
};

// ---- strings of any kind: the best so far lies in the arena and is overwritten when the next one fits

struct StringState {
  char* bytes;
  uint32_t size;
  uint32_t capacity;
  bool seen;
};

template <Keep kKeep>
struct StringExtreme {
  using State = StringState;
  static void AddValue(Type type, State& state, const StringView& value, base::Arena* arena) {
    if (state.seen) {
      const StringView best(state.bytes, state.size);
      if (!Better<kKeep>(vec::CompareSlots(type, &value, &best))) return;
    }
    if (value.size() > state.capacity) {
      state.capacity = std::max<uint32_t>(16, value.size() + value.size() / 2);
      state.bytes = static_cast<char*>(arena->Allocate(state.capacity, 1));
    }
    if (value.size() != 0) std::memcpy(state.bytes, value.data(), value.size());
    state.size = value.size();
    state.seen = true;
  }
  static Status Add(const AggregateInput& input, SelIndex row, State& state) {
    AddValue(input.bound->argument_types[0], state, input.args[0].Get<StringView>(row), input.arena);
    return absl::OkStatus();
  }
  static Status CombineTyped(const BoundAggregate& bound, std::byte* into, std::byte* from, base::Arena* arena) {
    auto& other = StateAt<State>(from);
    if (other.seen) {
      AddValue(bound.argument_types[0], StateAt<State>(into), StringView(other.bytes, other.size), arena);
    }
    return absl::OkStatus();
  }
  static Status Combine(State&, State&, base::Arena*) { return base::InternalError("combined without a type"); }
  static Status Finish(const BoundAggregate&, State& state, Vector* result, uint32_t row) {
    if (state.seen) {
      result->SetString(row, std::string_view(state.bytes, state.size));
    } else {
      result->SetNull(row);
    }
    return absl::OkStatus();
  }
};

template <Keep kKeep>
AggregateFunction MakeExtreme(std::string_view name, TypeId id, vec::PhysicalType physical) {
  AggregateFunction function = vec::VisitPhysical(physical, [&](auto tag) {
    using T = decltype(tag);
    if constexpr (std::is_same_v<T, StringView>) {
      AggregateFunction strings = Fold<StringExtreme<kKeep>>(name, {id}, id);
      strings.combine = StringExtreme<kKeep>::CombineTyped;
      strings.state_has_pointers = true;
      return strings;
    } else {
      return Fold<FixedExtreme<T, kKeep>>(name, {id}, id);
    }
  });
  function.ignores_duplicates = true;
  function.compares_texts = kKeep != Keep::kFirst;
  return function;
}

// decimal(p,s) keeps its type.
Status BindDecimal(BoundAggregate* aggregate, std::span<const Type> actual) {
  if (actual[0].id != TypeId::kDecimal) return absl::OkStatus();
  static const auto* const kFunctions =
      new std::array<AggregateFunction, 4>{MakeExtreme<Keep::kLeast>("min", TypeId::kDecimal, vec::PhysicalType::kInt64),
                                           MakeExtreme<Keep::kLeast>("min", TypeId::kDecimal, vec::PhysicalType::kInt128),
                                           MakeExtreme<Keep::kGreatest>("max", TypeId::kDecimal, vec::PhysicalType::kInt64),
                                           MakeExtreme<Keep::kGreatest>("max", TypeId::kDecimal, vec::PhysicalType::kInt128)};
  const size_t wide = actual[0].physical() == vec::PhysicalType::kInt128 ? 1 : 0;
  aggregate->function = &(*kFunctions)[(aggregate->function->name == "max" ? 2 : 0) + wide];
  aggregate->argument_types = {actual[0]};
  aggregate->result_type = actual[0];
  return absl::OkStatus();
}

// any_value takes every type as it is.
Status BindAnyValue(BoundAggregate* aggregate, std::span<const Type> actual) {
  static const auto* const kFunctions = [] {
    auto* functions = new std::array<AggregateFunction, 15>;
    for (size_t i = 0; i < functions->size(); ++i) {
      (*functions)[i] = MakeExtreme<Keep::kFirst>("any_value", kAnyArgument, static_cast<vec::PhysicalType>(i));
    }
    return functions;
  }();
  aggregate->argument_types = {ResolveUnknown(actual[0])};
  aggregate->result_type = aggregate->argument_types[0];
  aggregate->function = &(*kFunctions)[static_cast<size_t>(aggregate->result_type.physical())];
  return absl::OkStatus();
}

// ---- booleans and bits

template <bool kAnd>
struct BoolFold {
  using State = FixedState<bool>;
  static Status Add(const AggregateInput& input, SelIndex row, State& state) {
    const bool value = input.args[0].Get<bool>(row);
    state.best = state.seen ? (kAnd ? state.best && value : state.best || value) : value;
    state.seen = true;
    return absl::OkStatus();
  }
  static Status Combine(State& into, State& from, base::Arena*) {
    if (!from.seen) return absl::OkStatus();
    into.best = into.seen ? (kAnd ? into.best && from.best : into.best || from.best) : from.best;
    into.seen = true;
    return absl::OkStatus();
  }
  static Status Finish(const BoundAggregate& bound, State& state, Vector* result, uint32_t row) {
    return FixedExtreme<bool, Keep::kFirst>::Finish(bound, state, result, row);
  }
};

enum class Bits : uint8_t { kAnd, kOr, kXor };

template <typename T, Bits kBits>
struct BitFold {
  using State = FixedState<T>;
  static T Apply(T a, T b) { return static_cast<T>(kBits == Bits::kAnd ? a & b : kBits == Bits::kOr ? a | b : a ^ b); }
  static Status Add(const AggregateInput& input, SelIndex row, State& state) {
    const T value = input.args[0].Get<T>(row);
    state.best = state.seen ? Apply(state.best, value) : value;
    state.seen = true;
    return absl::OkStatus();
  }
  static Status Combine(State& into, State& from, base::Arena*) {
    if (!from.seen) return absl::OkStatus();
    into.best = into.seen ? Apply(into.best, from.best) : from.best;
    into.seen = true;
    return absl::OkStatus();
  }
  static Status Finish(const BoundAggregate& bound, State& state, Vector* result, uint32_t row) {
    return FixedExtreme<T, Keep::kFirst>::Finish(bound, state, result, row);
  }
};

template <typename T>
void AddBits(std::vector<AggregateFunction>& list, TypeId id) {
  list.push_back(Fold<BitFold<T, Bits::kAnd>>("bit_and", {id}, id));
  list.push_back(Fold<BitFold<T, Bits::kOr>>("bit_or", {id}, id));
  list.push_back(Fold<BitFold<T, Bits::kXor>>("bit_xor", {id}, id));
}

}  // namespace

void AddExtremes(std::vector<AggregateFunction>& list) {
  for (size_t i = 1; i < vec::kTypeIdCount; ++i) {
    const auto id = static_cast<TypeId>(i);
    if (id == TypeId::kDecimal || id == TypeId::kVarchar) continue;  // numeric and text stand for them
    if (id == TypeId::kJson || Type(id).ToString() == "invalid") continue;
    list.push_back(MakeExtreme<Keep::kLeast>("min", id, Type(id).physical()));
    if (id == TypeId::kNumeric) list.back().bind = BindDecimal;
    list.push_back(MakeExtreme<Keep::kGreatest>("max", id, Type(id).physical()));
    if (id == TypeId::kNumeric) list.back().bind = BindDecimal;
  }
  list.push_back(MakeExtreme<Keep::kFirst>("any_value", kAnyArgument, vec::PhysicalType::kInt64));
  list.back().bind = BindAnyValue;
  for (const char* name : {"bool_and", "every"}) {
    list.push_back(Fold<BoolFold<true>>(name, {TypeId::kBoolean}, TypeId::kBoolean));
    list.back().ignores_duplicates = true;
  }
  list.push_back(Fold<BoolFold<false>>("bool_or", {TypeId::kBoolean}, TypeId::kBoolean));
  list.back().ignores_duplicates = true;
  AddBits<int16_t>(list, TypeId::kInt16);
  AddBits<int32_t>(list, TypeId::kInt32);
  AddBits<int64_t>(list, TypeId::kInt64);
}

}  // namespace turdb::function
