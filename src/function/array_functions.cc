// Arrays: making, taking apart, changing and measuring them.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "function/array_support.h"
#include "function/builtins.h"
#include "vec/compare.h"
#include "vec/text_format.h"
#include "vec/utf8.h"

namespace turdb::function {

using base::MakeError;
using vec::ArrayBuilder;
using vec::ArrayDimension;
using vec::ArrayView;
using vec::ElementSlot;

std::optional<ArrayView> ArrayAt(const Call& call, size_t i, SelIndex row) {
  if (!call.args[i].IsValid(row)) return std::nullopt;
  return ArrayView(call.argument_types[i], call.args[i].Get<StringView>(row).view());
}

const void* ArgumentSlot(const Call& call, size_t i, SelIndex row) {
  const VectorView& view = call.args[i];
  return view.IsValid(row) ? view.data + view.Index(row) * call.argument_types[i].width() : nullptr;
}

void StoreElement(Call& call, SelIndex row, const ArrayView& array, uint32_t i) {
  if (array.IsNull(i)) return call.result->SetNull(row);
  ElementSlot slot;
  const void* from = array.Load(i, &slot);
  vec::VisitPhysical(call.result->physical(), [&](auto tag) {
    using T = decltype(tag);
    T value;
    std::memcpy(static_cast<void*>(&value), from, sizeof(T));
    if constexpr (std::is_same_v<T, StringView>) {
      call.result->SetString(row, value.view());
    } else {
      call.result->Set<T>(row, value);
    }
  });
}

StatusOr<Type> CommonElementType(std::span<const Type> actual) {
  std::vector<Type> elements;
  for (const Type& type : actual) elements.push_back(type.id == TypeId::kArray ? type.element_type() : type);
  return CommonType(elements, "ARRAY");
}

Status ArraySubscriptError(std::string_view message) {
  return MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"2202E"}, message);
}

Status CheckArraySize(const ArrayBuilder& builder) {
  if (builder.size() > vec::kMaxArrayElements || builder.bytes() > (size_t{1} << 30)) {
    return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kProgramLimit,
                     absl::StrCat("array size exceeds the maximum allowed (", vec::kMaxArrayElements, " elements, 1 GB)"));
  }
  return absl::OkStatus();
}

namespace {

// f(row) -> Status for each row, NULLs included.
template <typename F>
void ForAll(Call& call, F&& f) {
  for (uint32_t i = 0; i < call.rows.count; ++i) {
    if (Status status = f(call.rows[i]); !status.ok()) call.RaiseStatus(call.rows[i], std::move(status));
  }
}

Status NotOneDimensional(std::string_view what) {
  return MakeError(absl::StatusCode::kUnimplemented, base::sqlstate::kFeatureNotSupported,
                   absl::StrCat(what, " multidimensional arrays is not supported"));
}

// ---- ARRAY[...]

// The elements side by side, or, when they are arrays, one below the other.
void MakeArrayKernel(Call& call) {
  const bool nested = !call.argument_types.empty() && call.argument_types[0].id == TypeId::kArray;
  ForAll(call, [&](SelIndex row) -> Status {
    ArrayBuilder builder(call.result_type().element_type());
    std::vector<ArrayDimension> inner;
    bool first = true;
    for (size_t i = 0; i < call.args.size(); ++i) {
      if (!nested) {
        const void* slot = ArgumentSlot(call, i, row);
        slot == nullptr ? builder.AddNull() : builder.Add(slot);
        continue;
      }
      const std::optional<ArrayView> array = ArrayAt(call, i, row);
      std::vector<ArrayDimension> dimensions;
      if (array) dimensions = array->AllDimensions();
      if (first) inner = dimensions;
      first = false;
      const auto same_length = [](const ArrayDimension& a, const ArrayDimension& b) { return a.length == b.length; };
      if (!std::equal(inner.begin(), inner.end(), dimensions.begin(), dimensions.end(), same_length)) {
        return ArraySubscriptError("multidimensional arrays must have array expressions with matching dimensions");
      }
      for (uint32_t e = 0; array && e < array->size(); ++e) builder.AddFrom(*array, e);
    }
    TURDB_RETURN_IF_ERROR(CheckArraySize(builder));
    if (!nested) {
      call.result->SetString(row, builder.Finish());
      return absl::OkStatus();
    }
    if (inner.size() == vec::kMaxArrayDimensions) {
      return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kProgramLimit,
                       absl::StrCat("number of array dimensions (", inner.size() + 1, ") exceeds the maximum allowed (",
                                    vec::kMaxArrayDimensions, ")"));
    }
    inner.insert(inner.begin(), ArrayDimension{1, static_cast<uint32_t>(call.args.size())});
    call.result->SetString(row, builder.Finish(inner));
    return absl::OkStatus();
  });
}

Status BindMakeArray(BoundCall* call, std::span<const Type> actual) {
  TURDB_ASSIGN_OR_RETURN(const Type common, CommonType(actual, "ARRAY"));
  call->argument_types.assign(actual.size(), common);
  call->result_type = common.id == TypeId::kArray ? common : Type::ArrayOf(common);
  return absl::OkStatus();
}

// ---- a[i], a[i:j]

// Row-major place of an element; nullopt when a subscript is out of bounds.
std::optional<uint32_t> PlaceOf(const ArrayView& array, std::span<const int32_t> subscripts) {
  uint32_t place = 0;
  for (int d = 0; d < array.dimensions(); ++d) {
    const ArrayDimension dimension = array.dimension(d);
    const int64_t offset = int64_t{subscripts[static_cast<size_t>(d)]} - dimension.lower;
    if (offset < 0 || offset >= int64_t{dimension.length}) return std::nullopt;
    place = place * dimension.length + static_cast<uint32_t>(offset);
  }
  return place;
}

void SubscriptKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const ArrayView array(call.argument_types[0], call.args[0].Get<StringView>(row).view());
    if (array.dimensions() != static_cast<int>(call.args.size()) - 1) return call.result->SetNull(row);
    std::vector<int32_t> subscripts;
    for (size_t i = 1; i < call.args.size(); ++i) subscripts.push_back(call.args[i].Get<int32_t>(row));
    const std::optional<uint32_t> place = PlaceOf(array, subscripts);
    if (!place) return call.result->SetNull(row);
    StoreElement(call, row, array, *place);
  });
}

// Copies what lies inside `kept` of dimension `d` and below.
void CopySlice(const ArrayView& array, std::span<const std::pair<int64_t, int64_t>> kept, int d, uint32_t base,
               ArrayBuilder* builder) {
  const auto [from, to] = kept[static_cast<size_t>(d)];
  for (int64_t i = from; i <= to; ++i) {
    const uint32_t place = base * array.dimension(d).length + static_cast<uint32_t>(i);
    if (d + 1 == array.dimensions()) {
      builder->AddFrom(array, place);
    } else {
      CopySlice(array, kept, d + 1, place, builder);
    }
  }
}

// a[lower:upper] by pairs of bounds; dimensions that are not named stay whole. An empty slice is an empty array.
void SliceKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const ArrayView array(call.argument_types[0], call.args[0].Get<StringView>(row).view());
    ArrayBuilder builder(array.element_type());
    std::vector<std::pair<int64_t, int64_t>> kept;
    std::vector<ArrayDimension> dimensions;
    const size_t named = (call.args.size() - 1) / 2;
    bool empty = named > static_cast<size_t>(array.dimensions());
    for (int d = 0; d < array.dimensions() && !empty; ++d) {
      const ArrayDimension dimension = array.dimension(d);
      int64_t lower = dimension.lower, upper = dimension.upper();
      if (const size_t pair = static_cast<size_t>(d); pair < named) {
        lower = std::max(lower, int64_t{call.args[1 + 2 * pair].Get<int32_t>(row)});
        upper = std::min(upper, int64_t{call.args[2 + 2 * pair].Get<int32_t>(row)});
      }
      empty = lower > upper;
      kept.emplace_back(lower - dimension.lower, upper - dimension.lower);
      dimensions.push_back({1, static_cast<uint32_t>(upper - lower + 1)});
    }
    if (!empty && array.dimensions() > 0) CopySlice(array, kept, 0, 0, &builder);
    call.result->SetString(row, builder.Finish(dimensions));
  });
}

Status BindSubscripts(BoundCall* call, std::span<const Type> actual) {
  for (size_t i = 1; i < actual.size(); ++i) call->argument_types[i] = TypeId::kInt32;
  const bool slice = call->function->name == "array slice";
  call->result_type = slice ? actual[0] : actual[0].element_type();
  return absl::OkStatus();
}

// ---- SET a[i] = value, a[i:j] = array

constexpr base::SqlState kNullNotAllowed{"22004"};

// The elements of one dimension from `from` on: those of `array`, and NULLs where there are none; then `set` puts its own.
template <typename F>
Status Rebuilt(Call& call, SelIndex row, const std::optional<ArrayView>& array, int64_t from, int64_t to, F&& add) {
  int64_t lower = from, upper = to;
  if (array && array->dimensions() == 1) {
    lower = std::min<int64_t>(lower, array->dimension(0).lower);
    upper = std::max<int64_t>(upper, array->dimension(0).upper());
  }
  if (upper - lower + 1 > int64_t{vec::kMaxArrayElements}) {
    return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kProgramLimit,
                     absl::StrCat("array size exceeds the maximum allowed (", vec::kMaxArrayElements, " elements, 1 GB)"));
  }
  ArrayBuilder builder(call.result_type().element_type());
  for (int64_t i = lower; i <= upper; ++i) {
    if (i >= from && i <= to) {
      add(i - from, &builder);
    } else if (array && array->dimensions() == 1 && i >= array->dimension(0).lower && i <= array->dimension(0).upper()) {
      builder.AddFrom(*array, static_cast<uint32_t>(i - array->dimension(0).lower));
    } else {
      builder.AddNull();
    }
  }
  TURDB_RETURN_IF_ERROR(CheckArraySize(builder));
  call.result->SetString(row, builder.Finish(static_cast<int32_t>(lower)));
  return absl::OkStatus();
}

// (array, value, subscripts): a NULL array is an empty one. One dimension grows, several do not.
void WithElementKernel(Call& call) {
  ForAll(call, [&](SelIndex row) -> Status {
    const std::optional<ArrayView> array = ArrayAt(call, 0, row);
    std::vector<int32_t> subscripts;
    for (size_t i = 2; i < call.args.size(); ++i) {
      if (!call.args[i].IsValid(row)) {
        return MakeError(absl::StatusCode::kInvalidArgument, kNullNotAllowed, "array subscript in assignment must not be null");
      }
      subscripts.push_back(call.args[i].Get<int32_t>(row));
    }
    const void* const slot = ArgumentSlot(call, 1, row);
    const auto add = [&](ArrayBuilder* builder) { slot == nullptr ? builder->AddNull() : builder->Add(slot); };
    const bool empty = !array || array->dimensions() == 0;
    if (!empty && array->dimensions() != static_cast<int>(subscripts.size())) {
      return ArraySubscriptError("wrong number of array subscripts");
    }
    if (subscripts.size() == 1) {
      return Rebuilt(call, row, array, subscripts[0], subscripts[0], [&](int64_t, ArrayBuilder* builder) { add(builder); });
    }
    ArrayBuilder builder(call.result_type().element_type());
    if (empty) {
      std::vector<ArrayDimension> dimensions;
      for (const int32_t subscript : subscripts) dimensions.push_back({subscript, 1});
      add(&builder);
      call.result->SetString(row, builder.Finish(dimensions));
      return absl::OkStatus();
    }
    const std::optional<uint32_t> place = PlaceOf(*array, subscripts);
    if (!place) return ArraySubscriptError("array subscript out of range");
    for (uint32_t i = 0; i < array->size(); ++i) {
      if (i == *place) {
        add(&builder);
      } else {
        builder.AddFrom(*array, i);
      }
    }
    call.result->SetString(row, builder.Finish(array->AllDimensions()));
    return absl::OkStatus();
  });
}

// (array, values, lower, upper): bounds that were left out are the least and the greatest integer, and mean the array's.
void WithSliceKernel(Call& call) {
  ForAll(call, [&](SelIndex row) -> Status {
    const std::optional<ArrayView> array = ArrayAt(call, 0, row);
    const std::optional<ArrayView> values = ArrayAt(call, 1, row);
    const bool empty = !array || array->dimensions() == 0;
    if (call.args.size() > 4 || (!empty && array->dimensions() > 1)) return NotOneDimensional("assigning to slices of");
    if (!call.args[2].IsValid(row) || !call.args[3].IsValid(row)) {
      return MakeError(absl::StatusCode::kInvalidArgument, kNullNotAllowed, "array subscript in assignment must not be null");
    }
    if (!values) {  // nothing to put there
      array ? call.result->SetString(row, call.args[0].Get<StringView>(row).view()) : call.result->SetNull(row);
      return absl::OkStatus();
    }
    int64_t lower = call.args[2].Get<int32_t>(row), upper = call.args[3].Get<int32_t>(row);
    if (empty && (lower == INT32_MIN || upper == INT32_MAX)) {
      return base::WithFrame(ArraySubscriptError("array slice subscript must provide both boundaries"),
                             "When assigning to a slice of an empty array value, slice boundaries must be fully specified.");
    }
    if (lower == INT32_MIN) lower = array->dimension(0).lower;
    if (upper == INT32_MAX) upper = array->dimension(0).upper();
    if (lower > upper) return ArraySubscriptError("upper bound cannot be less than lower bound");
    if (upper - lower + 1 > int64_t{values->size()}) return ArraySubscriptError("source array too small");
    return Rebuilt(call, row, array, lower, upper,
                   [&](int64_t i, ArrayBuilder* builder) { builder->AddFrom(*values, static_cast<uint32_t>(i)); });
  });
}

Status BindWithPart(BoundCall* call, std::span<const Type> actual) {
  const bool slice = call->function->name == "array with slice";
  call->argument_types[1] = slice ? actual[0] : actual[0].element_type();
  for (size_t i = 2; i < actual.size(); ++i) call->argument_types[i] = TypeId::kInt32;
  call->argument_types[0] = actual[0];
  call->result_type = actual[0];
  return absl::OkStatus();
}

// ---- growing

// The bounds of `array` with one element more: the lower one stays, on whichever side it is put.
StatusOr<ArrayDimension> Grown(const std::optional<ArrayView>& array) {
  if (!array || array->dimensions() == 0) return ArrayDimension{1, 1};
  if (array->dimensions() > 1) {
    return MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"22000"},
                     "argument must be empty or one-dimensional array");
  }
  ArrayDimension dimension = array->dimension(0);
  ++dimension.length;
  return dimension;
}

template <bool kFront>
void AppendKernel(Call& call) {
  constexpr size_t kArrayAt = kFront ? 1 : 0, kElementAt = kFront ? 0 : 1;
  ForAll(call, [&](SelIndex row) -> Status {
    const std::optional<ArrayView> array = ArrayAt(call, kArrayAt, row);
    TURDB_ASSIGN_OR_RETURN(const ArrayDimension dimension, Grown(array));
    ArrayBuilder builder(call.result_type().element_type());
    const auto add_element = [&] {
      const void* slot = ArgumentSlot(call, kElementAt, row);
      slot == nullptr ? builder.AddNull() : builder.Add(slot);
    };
    if (kFront) add_element();
    for (uint32_t i = 0; array && i < array->size(); ++i) builder.AddFrom(*array, i);
    if (!kFront) add_element();
    TURDB_RETURN_IF_ERROR(CheckArraySize(builder));
    call.result->SetString(row, builder.Finish(std::span(&dimension, 1)));
    return absl::OkStatus();
  });
}

// How two arrays join along their first dimension. Errors: 2202E.
StatusOr<std::vector<ArrayDimension>> Joined(const ArrayView& a, const ArrayView& b) {
  std::vector<ArrayDimension> x = a.AllDimensions(), y = b.AllDimensions();
  const auto mismatch = [] { return ArraySubscriptError("cannot concatenate incompatible arrays"); };
  const auto same_tail = [&](size_t from_x, size_t from_y) {
    return std::equal(x.begin() + static_cast<std::ptrdiff_t>(from_x), x.end(), y.begin() + static_cast<std::ptrdiff_t>(from_y),
                      y.end(), [](const ArrayDimension& m, const ArrayDimension& n) { return m.length == n.length; });
  };
  if (x.size() == y.size()) {
    if (!same_tail(1, 1)) return mismatch();
    x[0].length += y[0].length;
    return x;
  }
  if (x.size() == y.size() + 1) {  // b is one more element of a
    if (!same_tail(1, 0)) return mismatch();
    ++x[0].length;
    return x;
  }
  if (y.size() == x.size() + 1) {
    if (!same_tail(0, 1)) return mismatch();
    ++y[0].length;
    return y;
  }
  return mismatch();
}

void ConcatenateKernel(Call& call) {
  ForAll(call, [&](SelIndex row) -> Status {
    const std::optional<ArrayView> a = ArrayAt(call, 0, row), b = ArrayAt(call, 1, row);
    if (!a && !b) {
      call.result->SetNull(row);
      return absl::OkStatus();
    }
    if (!a || !b || a->size() == 0 || b->size() == 0) {  // what there is, as it is
      const bool first = a && (!b || b->size() == 0);
      call.result->SetString(row, call.args[first ? 0 : 1].Get<StringView>(row).view());
      return absl::OkStatus();
    }
    TURDB_ASSIGN_OR_RETURN(const std::vector<ArrayDimension> dimensions, Joined(*a, *b));
    ArrayBuilder builder(call.result_type().element_type());
    for (uint32_t i = 0; i < a->size(); ++i) builder.AddFrom(*a, i);
    for (uint32_t i = 0; i < b->size(); ++i) builder.AddFrom(*b, i);
    TURDB_RETURN_IF_ERROR(CheckArraySize(builder));
    call.result->SetString(row, builder.Finish(dimensions));
    return absl::OkStatus();
  });
}

// Each argument that the signature calls an array is one of the common type, every other one an element.
Status BindElements(BoundCall* call, std::span<const Type> actual) {
  const std::vector<TypeId>& signature = call->function->arguments;
  std::vector<Type> taking_part;
  for (size_t i = 0; i < actual.size(); ++i) {
    const TypeId kind = signature[std::min(i, signature.size() - 1)];
    if (kind == TypeId::kArray || kind == kAnyArgument) taking_part.push_back(actual[i]);
  }
  TURDB_ASSIGN_OR_RETURN(const Type element, CommonElementType(taking_part));
  for (size_t i = 0; i < actual.size(); ++i) {
    const TypeId kind = signature[std::min(i, signature.size() - 1)];
    if (kind == TypeId::kArray) call->argument_types[i] = Type::ArrayOf(element);
    if (kind == kAnyArgument) call->argument_types[i] = element;
  }
  if (call->function->result == TypeId::kArray) call->result_type = Type::ArrayOf(element);
  return absl::OkStatus();
}

// ---- elements that are equal to something

bool Matches(const ArrayView& array, uint32_t i, const void* wanted) {
  if (array.IsNull(i) || wanted == nullptr) return array.IsNull(i) && wanted == nullptr;
  ElementSlot slot;
  return vec::EqualSlots(array.element_type(), array.Load(i, &slot), wanted);
}

void RemoveKernel(Call& call) {
  ForAll(call, [&](SelIndex row) -> Status {
    const std::optional<ArrayView> array = ArrayAt(call, 0, row);
    if (!array) {
      call.result->SetNull(row);
      return absl::OkStatus();
    }
    if (array->dimensions() > 1) return NotOneDimensional("removing elements from");
    const void* wanted = ArgumentSlot(call, 1, row);
    ArrayBuilder builder(array->element_type());
    for (uint32_t i = 0; i < array->size(); ++i) {
      if (!Matches(*array, i, wanted)) builder.AddFrom(*array, i);
    }
    call.result->SetString(row, builder.Finish(array->dimensions() == 0 ? 1 : array->dimension(0).lower));
    return absl::OkStatus();
  });
}

void ReplaceKernel(Call& call) {
  ForAll(call, [&](SelIndex row) -> Status {
    const std::optional<ArrayView> array = ArrayAt(call, 0, row);
    if (!array) {
      call.result->SetNull(row);
      return absl::OkStatus();
    }
    const void* wanted = ArgumentSlot(call, 1, row);
    const void* by = ArgumentSlot(call, 2, row);
    ArrayBuilder builder(array->element_type());
    for (uint32_t i = 0; i < array->size(); ++i) {
      if (!Matches(*array, i, wanted)) {
        builder.AddFrom(*array, i);
      } else {
        by == nullptr ? builder.AddNull() : builder.Add(by);
      }
    }
    TURDB_RETURN_IF_ERROR(CheckArraySize(builder));
    call.result->SetString(row, builder.Finish(array->AllDimensions()));
    return absl::OkStatus();
  });
}

void PositionKernel(Call& call) {
  ForAll(call, [&](SelIndex row) -> Status {
    const std::optional<ArrayView> array = ArrayAt(call, 0, row);
    call.result->SetNull(row);
    if (!array || array->dimensions() == 0) return absl::OkStatus();
    if (array->dimensions() > 1) return NotOneDimensional("searching for elements in");
    const int32_t lower = array->dimension(0).lower;
    int64_t from = lower;
    if (call.args.size() > 2) {
      if (!call.args[2].IsValid(row)) {
        return MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"22004"}, "initial position must not be null");
      }
      from = std::max<int64_t>(lower, call.args[2].Get<int32_t>(row));
    }
    const void* wanted = ArgumentSlot(call, 1, row);
    for (int64_t i = from - lower; i < int64_t{array->size()}; ++i) {
      if (!Matches(*array, static_cast<uint32_t>(i), wanted)) continue;
      call.result->Set<int32_t>(row, static_cast<int32_t>(lower + i));
      break;
    }
    return absl::OkStatus();
  });
}

void PositionsKernel(Call& call) {
  ForAll(call, [&](SelIndex row) -> Status {
    const std::optional<ArrayView> array = ArrayAt(call, 0, row);
    if (!array) {
      call.result->SetNull(row);
      return absl::OkStatus();
    }
    if (array->dimensions() > 1) return NotOneDimensional("searching for elements in");
    const void* wanted = ArgumentSlot(call, 1, row);
    ArrayBuilder builder(TypeId::kInt32);
    for (uint32_t i = 0; i < array->size(); ++i) {
      if (!Matches(*array, i, wanted)) continue;
      const int32_t place = array->dimension(0).lower + static_cast<int32_t>(i);
      builder.Add(&place);
    }
    call.result->SetString(row, builder.Finish());
    return absl::OkStatus();
  });
}

// DuckDB's list_contains: NULL elements never match.
void HasKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const ArrayView array = *ArrayAt(call, 0, row);
    const void* wanted = ArgumentSlot(call, 1, row);
    bool found = false;
    for (uint32_t i = 0; i < array.size() && !found; ++i) found = Matches(array, i, wanted);
    call.result->data<bool>()[row] = found;
  });
}

Status BindPositions(BoundCall* call, std::span<const Type> actual) {
  TURDB_RETURN_IF_ERROR(BindElements(call, actual));
  call->result_type = Type::ArrayOf(TypeId::kInt32);
  return absl::OkStatus();
}

// ---- measures

enum class Measure : uint8_t { kLength, kLower, kUpper };

template <Measure kMeasure>
void MeasureKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const ArrayView array = *ArrayAt(call, 0, row);
    const int32_t d = call.args[1].Get<int32_t>(row);
    if (d < 1 || d > array.dimensions()) return call.result->SetNull(row);
    const ArrayDimension dimension = array.dimension(d - 1);
    call.result->data<int32_t>()[row] = kMeasure == Measure::kLength  ? static_cast<int32_t>(dimension.length)
                                        : kMeasure == Measure::kLower ? dimension.lower
                                                                      : dimension.upper();
  });
}

void DimensionsKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const int count = ArrayAt(call, 0, row)->dimensions();
    if (count == 0) return call.result->SetNull(row);
    call.result->data<int32_t>()[row] = count;
  });
}

void DimsTextKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const ArrayView array = *ArrayAt(call, 0, row);
    if (array.dimensions() == 0) return call.result->SetNull(row);
    std::string text;
    for (const ArrayDimension& d : array.AllDimensions()) absl::StrAppend(&text, "[", d.lower, ":", d.upper(), "]");
    call.result->SetString(row, text);
  });
}

void CardinalityKernel(Call& call) {
  call.ForEach([&](SelIndex row) { call.result->data<int32_t>()[row] = static_cast<int32_t>(ArrayAt(call, 0, row)->size()); });
}

// ---- text

void ToStringKernel(Call& call) {
  std::string text;
  ForAll(call, [&](SelIndex row) -> Status {
    const std::optional<ArrayView> array = ArrayAt(call, 0, row);
    if (!array || !call.args[1].IsValid(row)) {
      call.result->SetNull(row);
      return absl::OkStatus();
    }
    const std::string_view separator = call.args[1].Get<StringView>(row).view();
    const bool show_nulls = call.args.size() > 2 && call.args[2].IsValid(row);
    text.clear();
    bool first = true;
    for (uint32_t i = 0; i < array->size(); ++i) {
      if (array->IsNull(i) && !show_nulls) continue;
      if (!first) text.append(separator);
      first = false;
      ElementSlot slot;
      if (array->IsNull(i)) {
        text.append(call.args[2].Get<StringView>(row).view());
      } else if (array->element_type().id == TypeId::kBoolean) {
        text.push_back(*static_cast<const bool*>(array->Load(i, &slot)) ? 't' : 'f');
      } else {
        vec::AppendSlotText(array->element_type(), array->Load(i, &slot), call.context.text, &text);
      }
      if (static_cast<int64_t>(text.size()) > call.context.max_string_bytes) {
        return base::LimitError("the result of array_to_string is too long");
      }
    }
    call.result->SetString(row, text);
    return absl::OkStatus();
  });
}

// string_to_array(text, separator [, null_string]): a NULL separator splits into characters.
void FromStringKernel(Call& call) {
  ForAll(call, [&](SelIndex row) -> Status {
    if (!call.args[0].IsValid(row)) {
      call.result->SetNull(row);
      return absl::OkStatus();
    }
    const std::string_view text = call.args[0].Get<StringView>(row).view();
    std::optional<std::string_view> null_string;
    if (call.args.size() > 2 && call.args[2].IsValid(row)) null_string = call.args[2].Get<StringView>(row).view();
    ArrayBuilder builder(TypeId::kText);
    const auto add = [&](std::string_view piece) {
      if (null_string && piece == *null_string) return builder.AddNull();
      const StringView view(piece);
      builder.Add(&view);
    };
    if (text.empty()) {
      // nothing
    } else if (!call.args[1].IsValid(row)) {
      for (size_t at = 0; at < text.size();) {
        const size_t length = vec::Utf8Length(text[at]);
        add(text.substr(at, length));
        at += length;
      }
    } else if (const std::string_view separator = call.args[1].Get<StringView>(row).view(); separator.empty()) {
      add(text);
    } else {
      size_t from = 0;
      for (size_t at; (at = text.find(separator, from)) != std::string_view::npos; from = at + separator.size()) {
        add(text.substr(from, at - from));
      }
      add(text.substr(from));
    }
    TURDB_RETURN_IF_ERROR(CheckArraySize(builder));
    call.result->SetString(row, builder.Finish());
    return absl::OkStatus();
  });
}

Status BindTextArray(BoundCall* call, std::span<const Type>) {
  call->result_type = Type::ArrayOf(TypeId::kText);
  return absl::OkStatus();
}

// ---- array_fill(value, lengths [, lower bounds]), trim_array(array, n)

StatusOr<std::vector<int32_t>> IntegersOf(const ArrayView& array, std::string_view what) {
  std::vector<int32_t> numbers;
  if (array.dimensions() > 1) return ArraySubscriptError("wrong number of array subscripts");
  for (uint32_t i = 0; i < array.size(); ++i) {
    if (array.IsNull(i)) {
      return MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"22004"},
                       absl::StrCat(what, " values cannot be null"));
    }
    ElementSlot slot;
    numbers.push_back(*static_cast<const int32_t*>(array.Load(i, &slot)));
  }
  return numbers;
}

void FillKernel(Call& call) {
  ForAll(call, [&](SelIndex row) -> Status {
    const std::optional<ArrayView> lengths = ArrayAt(call, 1, row);
    std::optional<ArrayView> lowers;
    if (call.args.size() > 2) lowers = ArrayAt(call, 2, row);
    if (!lengths || (call.args.size() > 2 && !lowers)) {
      return MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"22004"},
                       "dimension array or low bound array cannot be null");
    }
    TURDB_ASSIGN_OR_RETURN(const std::vector<int32_t> sizes, IntegersOf(*lengths, "dimension"));
    std::vector<int32_t> bounds(sizes.size(), 1);
    if (lowers) {
      TURDB_ASSIGN_OR_RETURN(bounds, IntegersOf(*lowers, "low bound"));
    }
    if (bounds.size() != sizes.size()) return ArraySubscriptError("wrong number of array subscripts");
    if (sizes.size() > vec::kMaxArrayDimensions) return ArraySubscriptError("too many array dimensions");
    std::vector<ArrayDimension> dimensions;
    uint64_t count = sizes.empty() ? 0 : 1;
    for (size_t d = 0; d < sizes.size(); ++d) {
      dimensions.push_back({bounds[d], static_cast<uint32_t>(sizes[d])});
      count *= static_cast<uint32_t>(sizes[d]);
      if (sizes[d] < 0 || count > vec::kMaxArrayElements) {
        return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kProgramLimit,
                         absl::StrCat("array size exceeds the maximum allowed (", vec::kMaxArrayElements, ")"));
      }
    }
    ArrayBuilder builder(call.result_type().element_type());
    const void* slot = ArgumentSlot(call, 0, row);
    for (uint64_t i = 0; i < count; ++i) {
      slot == nullptr ? builder.AddNull() : builder.Add(slot);
      if (i % 4096 == 0) TURDB_RETURN_IF_ERROR(CheckArraySize(builder));
    }
    call.result->SetString(row, builder.Finish(dimensions));
    return absl::OkStatus();
  });
}

Status BindFill(BoundCall* call, std::span<const Type> actual) {
  for (size_t i = 1; i < actual.size(); ++i) call->argument_types[i] = Type::ArrayOf(TypeId::kInt32);
  call->argument_types[0] = ResolveUnknown(actual[0]);
  if (actual[0].id == TypeId::kArray) return NotOneDimensional("filling with");
  call->result_type = Type::ArrayOf(call->argument_types[0]);
  return absl::OkStatus();
}

void TrimKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const ArrayView array = *ArrayAt(call, 0, row);
    const int32_t n = call.args[1].Get<int32_t>(row);
    std::vector<ArrayDimension> dimensions = array.AllDimensions();
    const uint32_t length = dimensions.empty() ? 0 : dimensions[0].length;
    if (n < 0 || static_cast<uint32_t>(n) > length) {
      return call.RaiseStatus(row,
                              ArraySubscriptError(absl::StrCat("number of elements to trim must be between 0 and ", length)));
    }
    ArrayBuilder builder(array.element_type());
    const uint32_t left = length == 0 ? 0 : array.size() / length * (length - static_cast<uint32_t>(n));
    for (uint32_t i = 0; i < left; ++i) builder.AddFrom(array, i);
    if (!dimensions.empty()) dimensions[0] = {1, length - static_cast<uint32_t>(n)};
    call.result->SetString(row, builder.Finish(dimensions));
  });
}

Status BindSame(BoundCall* call, std::span<const Type> actual) {
  if (actual[0].id != TypeId::kArray) call->argument_types[0] = Type::ArrayOf(TypeId::kText);
  call->result_type = call->argument_types[0];
  return absl::OkStatus();
}

// A literal that nobody typed is read as text[].
Status BindMeasured(BoundCall* call, std::span<const Type> actual) {
  if (actual[0].id != TypeId::kArray) call->argument_types[0] = Type::ArrayOf(TypeId::kText);
  return absl::OkStatus();
}

}  // namespace

void AddArrays(FunctionList& list) {
  constexpr TypeId kArray = TypeId::kArray, kInt = TypeId::kInt32, kText = TypeId::kText;
  constexpr int kNulls = kCanRaise | FunctionList::kNotStrict;
  // What the binder makes of ARRAY[...] and a[...]: no names that SQL can call.
  list.AddVariadic("array of", {kAnyArgument}, kArray, kNulls, MakeArrayKernel, BindMakeArray);
  list.AddVariadic("array subscript", {kArray, kInt}, kArray, 0, SubscriptKernel, BindSubscripts);
  list.AddVariadic("array slice", {kArray, kInt}, kArray, 0, SliceKernel, BindSubscripts);
  list.AddVariadic("array with element", {kArray, kAnyArgument, kInt}, kArray, kNulls, WithElementKernel, BindWithPart);
  list.AddVariadic("array with slice", {kArray, kArray, kInt}, kArray, kNulls, WithSliceKernel, BindWithPart);

  list.Add("||", {kArray, kArray}, kArray, kNulls, ConcatenateKernel, BindElements);
  list.Add("||", {kArray, kAnyArgument}, kArray, kNulls, AppendKernel<false>, BindElements);
  list.Add("||", {kAnyArgument, kArray}, kArray, kNulls, AppendKernel<true>, BindElements);
  for (const char* name : {"array_cat", "list_concat"})
    list.Add(name, {kArray, kArray}, kArray, kNulls, ConcatenateKernel, BindElements);
  for (const char* name : {"array_append", "list_append"}) {
    list.Add(name, {kArray, kAnyArgument}, kArray, kNulls, AppendKernel<false>, BindElements);
  }
  for (const char* name : {"array_prepend", "list_prepend"}) {
    list.Add(name, {kAnyArgument, kArray}, kArray, kNulls, AppendKernel<true>, BindElements);
  }
  list.AddComparing("array_remove", {kArray, kAnyArgument}, kArray, kNulls, RemoveKernel, BindElements);
  list.AddComparing("array_replace", {kArray, kAnyArgument, kAnyArgument}, kArray, kNulls, ReplaceKernel, BindElements);
  for (const char* name : {"array_position", "list_position"}) {
    list.AddComparing(name, {kArray, kAnyArgument}, kInt, kNulls, PositionKernel, BindElements);
    list.AddComparing(name, {kArray, kAnyArgument, kInt}, kInt, kNulls, PositionKernel, BindElements);
  }
  list.AddComparing("array_positions", {kArray, kAnyArgument}, kArray, kNulls, PositionsKernel, BindPositions);
  for (const char* name : {"list_contains", "array_contains", "list_has"}) {
    list.AddComparing(name, {kArray, kAnyArgument}, TypeId::kBoolean, 0, HasKernel, BindElements);
  }
  list.Add("array_length", {kArray, kInt}, kInt, 0, MeasureKernel<Measure::kLength>, BindMeasured);
  list.Add("array_lower", {kArray, kInt}, kInt, 0, MeasureKernel<Measure::kLower>, BindMeasured);
  list.Add("array_upper", {kArray, kInt}, kInt, 0, MeasureKernel<Measure::kUpper>, BindMeasured);
  list.Add("array_ndims", {kArray}, kInt, 0, DimensionsKernel, BindMeasured);
  list.Add("array_dims", {kArray}, kText, 0, DimsTextKernel, BindMeasured);
  for (const char* name : {"cardinality", "array_length", "len"}) {
    list.Add(name, {kArray}, kInt, 0, CardinalityKernel, BindMeasured);
  }
  list.Add("array_to_string", {kArray, kText}, kText, kNulls | kStable, ToStringKernel, BindMeasured);
  list.Add("array_to_string", {kArray, kText, kText}, kText, kNulls | kStable, ToStringKernel, BindMeasured);
  for (const char* name : {"string_to_array", "string_split"}) {
    list.Add(name, {kText, kText}, kArray, kNulls, FromStringKernel, BindTextArray);
  }
  list.Add("string_to_array", {kText, kText, kText}, kArray, kNulls, FromStringKernel, BindTextArray);
  list.Add("array_fill", {kAnyArgument, kArray}, kArray, kNulls, FillKernel, BindFill);
  list.Add("array_fill", {kAnyArgument, kArray, kArray}, kArray, kNulls, FillKernel, BindFill);
  list.Add("trim_array", {kArray, kInt}, kArray, kCanRaise, TrimKernel, BindSame);
}

}  // namespace turdb::function
