// = <> < <= > >= and IS [NOT] DISTINCT FROM, for every type: kernels once a physical layout, PostgreSQL's
// order (NaN is the greatest number and equals itself).
#include "function/builtins.h"
#include "function/kernels.h"
#include "function/resolve.h"
#include "vec/collation.h"
#include "vec/compare.h"

namespace turdb::function {
namespace {

using vec::Int128;
using vec::Interval;
using vec::Uuid;

template <typename T>
struct Equal {
  static bool Apply(const T& a, const T& b) {
    if constexpr (std::is_floating_point_v<T>) {
      return a == b || ((a != a) & (b != b));
    } else {
      return a == b;
    }
  }
};
template <typename T>
struct NotEqual {
  static bool Apply(const T& a, const T& b) { return !Equal<T>::Apply(a, b); }
};
template <typename T>
struct Less {
  static bool Apply(const T& a, const T& b) {
    if constexpr (std::is_floating_point_v<T>) {
      return a < b || ((a == a) & (b != b));
    } else if constexpr (std::is_same_v<T, StringView>) {
      return StringView::Compare(a, b) < 0;
    } else {
      return a < b;
    }
  }
};
template <typename T>
struct LessOrEqual {
  static bool Apply(const T& a, const T& b) { return !Less<T>::Apply(b, a); }
};
template <typename T>
struct Greater {
  static bool Apply(const T& a, const T& b) { return Less<T>::Apply(b, a); }
};
template <typename T>
struct GreaterOrEqual {
  static bool Apply(const T& a, const T& b) { return !Less<T>::Apply(a, b); }
};

enum class Relation : uint8_t { kEqual, kNotEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual };

template <Relation kRelation>
bool Holds(int order) {
  switch (kRelation) {
    case Relation::kEqual:
      return order == 0;
    case Relation::kNotEqual:
      return order != 0;
    case Relation::kLess:
      return order < 0;
    case Relation::kLessOrEqual:
      return order <= 0;
    case Relation::kGreater:
      return order > 0;
    case Relation::kGreaterOrEqual:
      return order >= 0;
  }
  return false;
}

// Types whose order is not that of their bytes: numeric, character(n), ANY, jsonb.
template <Relation kRelation>
void SlowCompareKernel(Call& call) {
  const VectorView &a = call.args[0], &b = call.args[1];
  const Type type = call.argument_types[0];
  bool* out = call.result->data<bool>();
  call.ForEach([&](SelIndex row) {
    out[row] = Holds<kRelation>(vec::CompareSlots(type, &a.Get<StringView>(row), &b.Get<StringView>(row)));
  });
}

// Texts with a collation.
template <Relation kRelation>
void CollatedKernel(Call& call) {
  const VectorView &a = call.args[0], &b = call.args[1];
  const vec::Collation order = call.argument_types[0].collation();
  bool* out = call.result->data<bool>();
  call.ForEach([&](SelIndex row) {
    const StringView &x = a.Get<StringView>(row), &y = b.Get<StringView>(row);
    if constexpr (kRelation == Relation::kEqual || kRelation == Relation::kNotEqual) {
      out[row] = vec::EqualTexts(order, x, y) == (kRelation == Relation::kEqual);
    } else {
      out[row] = Holds<kRelation>(vec::CompareTexts(order, x, y));
    }
  });
}

Kernel CollatedKernelOf(std::string_view name) {
  if (name == "=") return CollatedKernel<Relation::kEqual>;
  if (name == "<>") return CollatedKernel<Relation::kNotEqual>;
  if (name == "<") return CollatedKernel<Relation::kLess>;
  if (name == "<=") return CollatedKernel<Relation::kLessOrEqual>;
  return name == ">" ? CollatedKernel<Relation::kGreater> : CollatedKernel<Relation::kGreaterOrEqual>;
}

template <bool kWantDistinct>
void DistinctKernel(Call& call) {
  const VectorView &a = call.args[0], &b = call.args[1];
  const Type type = call.argument_types[0];
  const size_t width = type.width();
  bool* out = call.result->data<bool>();
  call.ForEach([&](SelIndex row) {
    const bool valid_a = a.IsValid(row), valid_b = b.IsValid(row);
    bool distinct = valid_a != valid_b;
    if (valid_a && valid_b) {
      distinct = !vec::EqualSlots(type, a.data + a.Index(row) * width, b.data + b.Index(row) * width);
    }
    out[row] = distinct == kWantDistinct;
  });
}

// Two decimals or integers meet in the decimal that holds both, in numeric when there is none.
Status BindComparison(BoundCall* call, std::span<const Type> actual) {
  const std::optional<Type> a = AsDecimal(actual[0]), b = AsDecimal(actual[1]);
  if (!a || !b) return absl::OkStatus();
  const int scale = std::max(a->scale, b->scale);
  const int whole = std::max(a->precision - a->scale, b->precision - b->scale);
  if (whole + scale > vec::kMaxDecimalPrecision) return absl::OkStatus();
  const Type common = Type::Decimal(std::max(whole + scale, 1), scale);
  call->argument_types = {common, common};
  const bool wide = common.physical() == vec::PhysicalType::kInt128;
  const std::string_view name = call->function->name;
  const auto choose = [&](Kernel narrow_kernel, Kernel wide_kernel) { call->kernel = wide ? wide_kernel : narrow_kernel; };
  if (name == "=") {
    choose(BinaryKernel<int64_t, int64_t, bool, Equal<int64_t>>, BinaryKernel<Int128, Int128, bool, Equal<Int128>>);
  } else if (name == "<>") {
    choose(BinaryKernel<int64_t, int64_t, bool, NotEqual<int64_t>>, BinaryKernel<Int128, Int128, bool, NotEqual<Int128>>);
  } else if (name == "<") {
    choose(BinaryKernel<int64_t, int64_t, bool, Less<int64_t>>, BinaryKernel<Int128, Int128, bool, Less<Int128>>);
  } else if (name == "<=") {
    choose(BinaryKernel<int64_t, int64_t, bool, LessOrEqual<int64_t>>, BinaryKernel<Int128, Int128, bool, LessOrEqual<Int128>>);
  } else if (name == ">") {
    choose(BinaryKernel<int64_t, int64_t, bool, Greater<int64_t>>, BinaryKernel<Int128, Int128, bool, Greater<Int128>>);
  } else if (name == ">=") {
    choose(BinaryKernel<int64_t, int64_t, bool, GreaterOrEqual<int64_t>>,
           BinaryKernel<Int128, Int128, bool, GreaterOrEqual<Int128>>);
  }
  // IS DISTINCT FROM goes by the types as they are now.
  return absl::OkStatus();
}

// An untyped literal beside a label is one of the same type; two types have no labels in common.
Status BindEnums(BoundCall* call, std::span<const Type> actual) {
  const Type common = actual[0].id == TypeId::kEnum ? actual[0] : actual[1];
  for (const Type& type : actual) {
    if (type.id == TypeId::kEnum && type != common) return NoSuchFunction(call->function->name, actual, true, true);
  }
  call->argument_types = {common, common};
  return absl::OkStatus();
}

// Two that are not of one type were made so by whoever knows their fields; an untyped literal is one of the other's type.
Status BindStructs(BoundCall* call, std::span<const Type> actual) {
  const bool first = actual[0].id != TypeId::kUnknown;
  call->argument_types = {first ? actual[0] : actual[1], actual[1].id != TypeId::kUnknown ? actual[1] : actual[0]};
  return absl::OkStatus();
}

template <typename T>
void AddLayout(FunctionList& list, std::initializer_list<TypeId> ids) {
  for (TypeId id : ids) {
    constexpr int kFlags = kLatchSafe;
    constexpr TypeId kBool = TypeId::kBoolean;
    list.Add("=", {id, id}, kBool, kFlags, BinaryKernel<T, T, bool, Equal<T>>);
    list.Add("<>", {id, id}, kBool, kFlags, BinaryKernel<T, T, bool, NotEqual<T>>);
    list.Add("<", {id, id}, kBool, kFlags, BinaryKernel<T, T, bool, Less<T>>);
    list.Add("<=", {id, id}, kBool, kFlags, BinaryKernel<T, T, bool, LessOrEqual<T>>);
    list.Add(">", {id, id}, kBool, kFlags, BinaryKernel<T, T, bool, Greater<T>>);
    list.Add(">=", {id, id}, kBool, kFlags, BinaryKernel<T, T, bool, GreaterOrEqual<T>>);
  }
}

}  // namespace

void AddComparisons(FunctionList& list) {
  AddLayout<bool>(list, {TypeId::kBoolean});
  AddLayout<int8_t>(list, {TypeId::kInt8});
  AddLayout<int16_t>(list, {TypeId::kInt16});
  AddLayout<int32_t>(list, {TypeId::kInt32, TypeId::kDate});
  AddLayout<int64_t>(list, {TypeId::kInt64, TypeId::kTime, TypeId::kTimestamp, TypeId::kTimestampTz});
  AddLayout<Int128>(list, {TypeId::kInt128});
  AddLayout<uint8_t>(list, {TypeId::kUInt8});
  AddLayout<uint16_t>(list, {TypeId::kUInt16});
  AddLayout<uint32_t>(list, {TypeId::kUInt32});
  AddLayout<uint64_t>(list, {TypeId::kUInt64});
  AddLayout<float>(list, {TypeId::kFloat});
  AddLayout<double>(list, {TypeId::kDouble});
  AddLayout<Interval>(list, {TypeId::kInterval});
  AddLayout<Uuid>(list, {TypeId::kUuid});
  AddLayout<StringView>(list, {TypeId::kBlob, TypeId::kInet, TypeId::kMacaddr, TypeId::kVarbit});
  const size_t first_text = list.functions().size();
  AddLayout<StringView>(list, {TypeId::kText});
  for (size_t i = first_text; i < list.functions().size(); ++i) {
    list.functions()[i].collated = CollatedKernelOf(list.functions()[i].name);
  }
  const size_t first_enum = list.functions().size();
  AddLayout<StringView>(list, {TypeId::kEnum});
  for (size_t i = first_enum; i < list.functions().size(); ++i) list.functions()[i].bind = BindEnums;
  for (TypeId id :
       {TypeId::kNumeric, TypeId::kChar, TypeId::kAny, TypeId::kJsonb, TypeId::kStruct, TypeId::kMap, TypeId::kDenseVector,
        TypeId::kInt4Range, TypeId::kInt8Range, TypeId::kNumRange, TypeId::kTsRange, TypeId::kTstzRange, TypeId::kDateRange}) {
    const bool parts = id == TypeId::kStruct || id == TypeId::kMap;
    const BindFunction bind = id == TypeId::kNumeric       ? BindComparison
                              : id == TypeId::kDenseVector ? BindVectors
                              : parts                      ? BindStructs
                                                           : nullptr;
    const bool collates = Type(id).collates();
    // The values are decoded on the way, which may allocate: not latch-safe.
    const auto add = [&](std::string_view name, Kernel kernel) {
      list.Add(name, {id, id}, TypeId::kBoolean, 0, kernel, bind).collated = collates ? kernel : nullptr;
    };
    add("=", SlowCompareKernel<Relation::kEqual>);
    add("<>", SlowCompareKernel<Relation::kNotEqual>);
    add("<", SlowCompareKernel<Relation::kLess>);
    add("<=", SlowCompareKernel<Relation::kLessOrEqual>);
    add(">", SlowCompareKernel<Relation::kGreater>);
    add(">=", SlowCompareKernel<Relation::kGreaterOrEqual>);
  }
  // real beside double precision compares as double precision, and so, as in PostgreSQL, does real beside integers
  // and numerics.
  const BindFunction widen = [](BoundCall* call, std::span<const Type>) -> Status {
    call->argument_types = {Type(TypeId::kDouble), Type(TypeId::kDouble)};
    return absl::OkStatus();
  };
  const size_t first_double = list.functions().size();
  AddLayout<double>(list, {TypeId::kDouble});
  std::vector<ScalarFunction> mixed(list.functions().begin() + static_cast<std::ptrdiff_t>(first_double),
                                    list.functions().end());
  list.functions().resize(first_double);
  for (const bool float_first : {true, false}) {
    for (ScalarFunction function : mixed) {
      function.arguments[float_first ? 0 : 1] = TypeId::kFloat;
      function.bind = widen;
      list.functions().push_back(std::move(function));
    }
  }
  // IS DISTINCT FROM exists where = does, and NULL is a value to it.
  const std::vector<ScalarFunction> with_equality = list.functions();
  for (const ScalarFunction& function : with_equality) {
    if (function.name != "=") continue;
    const bool collates = function.collated != nullptr;
    const BindFunction bind = function.bind;
    const std::vector<TypeId> arguments = function.arguments;
    list.Add("is distinct from", arguments, TypeId::kBoolean, FunctionList::kNotStrict, DistinctKernel<true>, bind).collated =
        collates ? DistinctKernel<true> : nullptr;
    list.Add("is not distinct from", arguments, TypeId::kBoolean, FunctionList::kNotStrict, DistinctKernel<false>, bind)
        .collated = collates ? DistinctKernel<false> : nullptr;
  }
}

}  // namespace turdb::function
