#include "function/struct_functions.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "function/array_support.h"
#include "function/builtins.h"
#include "function/cast_kernels.h"
#include "vec/compare.h"
#include "vec/struct.h"
#include "vec/type_source.h"

namespace turdb::function {
namespace {

using vec::ArrayBuilder;
using vec::ArrayView;
using vec::ElementSlot;
using vec::StructBuilder;
using vec::StructView;

BoundCall Bound(const ScalarFunction& function, std::vector<Type> arguments, const Type& result) {
  BoundCall call;
  call.function = &function;
  call.kernel = function.kernel;
  call.argument_types = std::move(arguments);
  call.result_type = result;
  call.flags = function.flags;
  return call;
}

ScalarFunction Make(std::string_view name, Kernel kernel, int flags) {
  return ScalarFunction{name, {kAnyArgument}, TypeId::kUnknown, static_cast<uint8_t>(flags), kernel};
}

std::optional<StructView> StructAt(const Call& call, size_t i, SelIndex row) {
  if (!call.args[i].IsValid(row)) return std::nullopt;
  return StructView(call.args[i].Get<StringView>(row).view());
}

// A slot of a struct or of an array to row `row` of the result.
void Store(Call& call, SelIndex row, const void* from) {
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

template <bool kWitness>
void StructKernel(Call& call) {
  constexpr size_t kFirst = kWitness ? 1 : 0;
  for (uint32_t r = 0; r < call.rows.count; ++r) {
    const SelIndex row = call.rows[r];
    if (kWitness && !call.args[0].IsValid(row)) {
      call.result->SetNull(row);
      continue;
    }
    StructBuilder builder;
    for (size_t i = kFirst; i < call.args.size(); ++i) {
      const void* slot = ArgumentSlot(call, i, row);
      slot == nullptr ? builder.AddNull(call.argument_types[i]) : builder.Add(call.argument_types[i], slot);
    }
    call.result->SetString(row, builder.Finish());
  }
}

void FieldKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const StructView value(call.args[0].Get<StringView>(row).view());
    const auto field = static_cast<size_t>(call.args[1].Get<int32_t>(row));
    ElementSlot slot;
    if (field >= value.size() || value.IsNull(field)) return call.result->SetNull(row);
    Store(call, row, value.Load(field, &slot));
  });
}

void FieldChangeKernel(Call& call) {
  const auto fields = call.context.text.types == nullptr ? nullptr : call.context.text.types->FieldsOf(call.argument_types[0]);
  for (uint32_t r = 0; r < call.rows.count; ++r) {
    const SelIndex row = call.rows[r];
    if (fields == nullptr) return call.RaiseStatus(row, base::InternalError("a struct whose fields nobody knows"));
    const std::optional<StructView> value = StructAt(call, 0, row);
    const auto changed = static_cast<size_t>(call.args[1].Get<int32_t>(row));
    StructBuilder builder;
    ElementSlot slot;
    for (size_t i = 0; i < fields->size(); ++i) {
      const Type& type = (*fields)[i].type;
      const bool has = value && i < value->size() && !value->IsNull(i);
      const void* from = i == changed ? ArgumentSlot(call, 2, row) : has ? value->Load(i, &slot) : nullptr;
      from == nullptr ? builder.AddNull(type) : builder.Add(type, from);
    }
    call.result->SetString(row, builder.Finish());
  }
}

template <bool kNull>
void FieldsNullKernel(Call& call) {
  for (uint32_t r = 0; r < call.rows.count; ++r) {
    const SelIndex row = call.rows[r];
    const std::optional<StructView> value = StructAt(call, 0, row);
    bool all = value.has_value() || kNull;
    for (size_t i = 0; value && i < value->size(); ++i) all = all && value->IsNull(i) == kNull;
    call.result->Set<bool>(row, all);
  }
}

// ---- maps

ArrayView MapAt(const Call& call, size_t i, SelIndex row) { return vec::MapEntries(call.args[i].Get<StringView>(row).view()); }

StructView EntryAt(const ArrayView& map, uint32_t i, ElementSlot* slot) {
  return StructView(static_cast<const StringView*>(map.Load(i, slot))->view());
}

void SetMap(Call& call, SelIndex row, const std::vector<Value>& keys, const std::vector<Value>& values, const Type& key,
            const Type& value) {
  StatusOr<std::string> map = vec::MakeMap(keys, values, key, value);
  if (!map.ok()) return call.RaiseStatus(row, map.status());
  call.result->SetString(row, *map);
}

void MapOfArraysKernel(Call& call) {
  const Type key = call.argument_types[0].element_type(), value = call.argument_types[1].element_type();
  call.ForEach([&](SelIndex row) {
    const ArrayView keys = *ArrayAt(call, 0, row), values = *ArrayAt(call, 1, row);
    if (keys.size() != values.size()) {
      return call.RaiseStatus(row,
                              base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                                              absl::StrCat("a map of ", keys.size(), " keys and ", values.size(), " values")));
    }
    std::vector<Value> k, v;
    for (uint32_t i = 0; i < keys.size(); ++i) {
      k.push_back(keys.Get(i));
      v.push_back(values.Get(i));
    }
    SetMap(call, row, k, v, key, value);
  });
}

Value ArgumentValue(const Call& call, size_t i, SelIndex row) {
  StructBuilder builder;  // a slot becomes a value as a field does
  const void* slot = ArgumentSlot(call, i, row);
  if (slot == nullptr) return Value::Null(call.argument_types[i]);
  builder.Add(call.argument_types[i], slot);
  return StructView(builder.Finish()).Get(0, call.argument_types[i]);
}

void MapOfPairsKernel(Call& call) {
  for (uint32_t r = 0; r < call.rows.count; ++r) {
    const SelIndex row = call.rows[r];
    std::vector<Value> keys, values;
    for (size_t i = 0; i + 1 < call.args.size(); i += 2) {
      keys.push_back(ArgumentValue(call, i, row));
      values.push_back(ArgumentValue(call, i + 1, row));
    }
    SetMap(call, row, keys, values, call.argument_types[0], call.argument_types[1]);
  }
}

void MapOfEntriesKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const ArrayView entries = *ArrayAt(call, 0, row);
    std::vector<Value> keys, values;
    Type key, value;
    for (uint32_t i = 0; i < entries.size(); ++i) {
      if (entries.IsNull(i)) continue;
      ElementSlot slot;
      const StructView entry = EntryAt(entries, i, &slot);
      key = entry.field_type(0);
      value = entry.field_type(1);
      keys.push_back(entry.Get(0));
      values.push_back(entry.Get(1));
    }
    SetMap(call, row, keys, values, key, value);
  });
}

// The place of a key among the entries; -1: it is not there.
int64_t FindKey(const ArrayView& map, const Type& type, const void* key) {
  ElementSlot entry_slot, slot;
  for (uint32_t i = 0; i < map.size(); ++i) {
    if (vec::EqualSlots(type, EntryAt(map, i, &entry_slot).Load(0, &slot), key)) return i;
  }
  return -1;
}

void MapValueKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const ArrayView map = MapAt(call, 0, row);
    const int64_t found = FindKey(map, call.argument_types[1], ArgumentSlot(call, 1, row));
    ElementSlot entry_slot, slot;
    if (found < 0) return call.result->SetNull(row);
    const StructView entry = EntryAt(map, static_cast<uint32_t>(found), &entry_slot);
    if (entry.IsNull(1)) return call.result->SetNull(row);
    Store(call, row, entry.Load(1, &slot));
  });
}

void MapExtractKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const ArrayView map = MapAt(call, 0, row);
    const int64_t found = FindKey(map, call.argument_types[1], ArgumentSlot(call, 1, row));
    ArrayBuilder values(call.result_type().element_type());
    ElementSlot entry_slot, slot;
    if (found >= 0) {
      const StructView entry = EntryAt(map, static_cast<uint32_t>(found), &entry_slot);
      entry.IsNull(1) ? values.AddNull() : values.Add(entry.Load(1, &slot));
    }
    call.result->SetString(row, values.Finish());
  });
}

void MapContainsKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const int64_t found = FindKey(MapAt(call, 0, row), call.argument_types[1], ArgumentSlot(call, 1, row));
    call.result->Set<bool>(row, found >= 0);
  });
}

template <size_t kPart>
void MapPartKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const ArrayView map = MapAt(call, 0, row);
    ArrayBuilder parts(call.result_type().element_type());
    ElementSlot entry_slot, slot;
    for (uint32_t i = 0; i < map.size(); ++i) {
      const StructView entry = EntryAt(map, i, &entry_slot);
      entry.IsNull(kPart) ? parts.AddNull() : parts.Add(entry.Load(kPart, &slot));
    }
    call.result->SetString(row, parts.Finish());
  });
}

void MapEntriesKernel(Call& call) {  // a map is an array of its entries
  call.ShareHeap(0);
  call.ForEach([&](SelIndex row) { call.result->data<StringView>()[row] = call.args[0].Get<StringView>(row); });
}

void MapConcatKernel(Call& call) {
  for (uint32_t r = 0; r < call.rows.count; ++r) {
    const SelIndex row = call.rows[r];
    std::vector<Value> keys, values;
    Type key, value;
    for (size_t m = 0; m < call.args.size(); ++m) {
      if (!call.args[m].IsValid(row)) continue;
      const ArrayView map = MapAt(call, m, row);
      ElementSlot slot;
      for (uint32_t i = 0; i < map.size(); ++i) {
        const StructView entry = EntryAt(map, i, &slot);
        key = entry.field_type(0);
        value = entry.field_type(1);
        const Value name = entry.Get(0);
        const auto same = std::find_if(keys.begin(), keys.end(), [&](const Value& k) { return Value::Compare(k, name) == 0; });
        if (same != keys.end()) {
          values[static_cast<size_t>(same - keys.begin())] = entry.Get(1);
        } else {
          keys.push_back(name);
          values.push_back(entry.Get(1));
        }
      }
    }
    SetMap(call, row, keys, values, key, value);
  }
}

void CardinalityKernel(Call& call) {
  call.ForEach([&](SelIndex row) { call.result->Set<int32_t>(row, static_cast<int32_t>(MapAt(call, 0, row).size())); });
}

// ---- casts

// Field by field; the types of both sides' fields are asked for once a batch.
template <bool kExplicit>
void StructCastKernel(Call& call) {
  const vec::TypeSource* const types = call.context.text.types;
  const auto fields = types == nullptr ? nullptr : types->FieldsOf(call.result_type());
  const auto from_fields = types == nullptr ? nullptr : types->FieldsOf(call.argument_types[0]);
  const CastContext context = kExplicit ? CastContext::kExplicit : CastContext::kAssignment;
  call.ForEach([&](SelIndex row) {
    if (fields == nullptr) return call.RaiseStatus(row, base::UnsupportedError("a cast to a record of unknown fields"));
    const StructView from(call.args[0].Get<StringView>(row).view());
    if (from.size() != fields->size()) {
      return call.RaiseStatus(row,
                              base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kCannotCoerce,
                                              absl::StrCat("cannot cast type record to ", types->NameOf(call.result_type()))));
    }
    StructBuilder builder;
    for (size_t i = 0; i < fields->size(); ++i) {
      const Type& to = (*fields)[i].type;
      const Type& type = from_fields != nullptr && i < from_fields->size() ? (*from_fields)[i].type : from.field_type(i);
      const StatusOr<Value> value = CastValue(from.Get(i, type), to, context, call.context);
      if (!value.ok()) return call.RaiseStatus(row, value.status());
      builder.AddValue(to, *value);
    }
    call.result->SetString(row, builder.Finish());
  });
}

template <bool kExplicit>
void MapCastKernel(Call& call) {
  const vec::TypeSource* const types = call.context.text.types;
  const auto to = types == nullptr ? nullptr : types->FieldsOf(call.result_type());
  const auto from = types == nullptr ? nullptr : types->FieldsOf(call.argument_types[0]);
  const CastContext context = kExplicit ? CastContext::kExplicit : CastContext::kAssignment;
  call.ForEach([&](SelIndex row) {
    if (to == nullptr || from == nullptr) {
      return call.RaiseStatus(row, base::UnsupportedError("a cast between maps of unknown types"));
    }
    const ArrayView map = MapAt(call, 0, row);
    std::vector<Value> keys, values;
    for (uint32_t i = 0; i < map.size(); ++i) {
      ElementSlot slot;
      const StructView entry = EntryAt(map, i, &slot);
      StatusOr<Value> key = CastValue(entry.Get(0, (*from)[0].type), (*to)[0].type, context, call.context);
      if (!key.ok()) return call.RaiseStatus(row, key.status());
      StatusOr<Value> value = CastValue(entry.Get(1, (*from)[1].type), (*to)[1].type, context, call.context);
      if (!value.ok()) return call.RaiseStatus(row, value.status());
      keys.push_back(*std::move(key));
      values.push_back(*std::move(value));
    }
    SetMap(call, row, keys, values, (*to)[0].type, (*to)[1].type);
  });
}

const ScalarFunction& StructFunction() {
  static const ScalarFunction kFunction = Make("row", StructKernel<false>, 0);
  return kFunction;
}

}  // namespace

Kernel StructCastKernelOf(bool is_explicit) { return is_explicit ? StructCastKernel<true> : StructCastKernel<false>; }
Kernel MapCastKernelOf(bool is_explicit) { return is_explicit ? MapCastKernel<true> : MapCastKernel<false>; }

BoundCall BindStruct(std::vector<Type> fields, const Type& result) {
  return Bound(StructFunction(), std::move(fields), result);
}
bool IsStructCall(const BoundCall& call) { return call.function == &StructFunction(); }

BoundCall BindStructUnlessNull(std::vector<Type> witness_and_fields, const Type& result) {
  static const ScalarFunction kFunction = Make("row of", StructKernel<true>, 0);
  return Bound(kFunction, std::move(witness_and_fields), result);
}

BoundCall BindField(const Type& from, const Type& result) {
  static const ScalarFunction kFunction = Make("field", FieldKernel, kStrict);
  return Bound(kFunction, {from, TypeId::kInt32}, result);
}

BoundCall BindFieldChange(const Type& type, const Type& value) {
  static const ScalarFunction kFunction = Make("with field", FieldChangeKernel, kCanRaise | kStable);
  return Bound(kFunction, {type, TypeId::kInt32, value}, type);
}

BoundCall BindAllFieldsNull(const Type& type) {
  static const ScalarFunction kFunction = Make("is null", FieldsNullKernel<true>, 0);
  return Bound(kFunction, {type}, TypeId::kBoolean);
}

BoundCall BindNoFieldNull(const Type& type) {
  static const ScalarFunction kFunction = Make("is not null", FieldsNullKernel<false>, 0);
  return Bound(kFunction, {type}, TypeId::kBoolean);
}

BoundCall BindMapOfArrays(const Type& keys, const Type& values, const Type& result) {
  static const ScalarFunction kFunction = Make("map", MapOfArraysKernel, kStrict | kCanRaise);
  return Bound(kFunction, {keys, values}, result);
}

BoundCall BindMapOfPairs(size_t pairs, const Type& key, const Type& value, const Type& result) {
  static const ScalarFunction kFunction = Make("map of", MapOfPairsKernel, kCanRaise);
  std::vector<Type> arguments;
  for (size_t i = 0; i < pairs; ++i) {
    arguments.push_back(key);
    arguments.push_back(value);
  }
  return Bound(kFunction, std::move(arguments), result);
}

BoundCall BindMapOfEntries(const Type& entries, const Type& result) {
  static const ScalarFunction kFunction = Make("map_from_entries", MapOfEntriesKernel, kStrict | kCanRaise);
  return Bound(kFunction, {entries}, result);
}

BoundCall BindMapValue(const Type& map, const Type& key, const Type& value) {
  static const ScalarFunction kFunction = Make("map value", MapValueKernel, kStrict);
  return Bound(kFunction, {map, key}, value);
}

BoundCall BindMapExtract(const Type& map, const Type& key, const Type& values) {
  static const ScalarFunction kFunction = Make("map_extract", MapExtractKernel, kStrict);
  return Bound(kFunction, {map, key}, values);
}

BoundCall BindMapContains(const Type& map, const Type& key) {
  static const ScalarFunction kFunction = Make("map_contains", MapContainsKernel, kStrict);
  return Bound(kFunction, {map, key}, TypeId::kBoolean);
}

BoundCall BindMapKeys(const Type& map, const Type& keys) {
  static const ScalarFunction kFunction = Make("map_keys", MapPartKernel<0>, kStrict);
  return Bound(kFunction, {map}, keys);
}

BoundCall BindMapValues(const Type& map, const Type& values) {
  static const ScalarFunction kFunction = Make("map_values", MapPartKernel<1>, kStrict);
  return Bound(kFunction, {map}, values);
}

BoundCall BindMapEntries(const Type& map, const Type& entries) {
  static const ScalarFunction kFunction = Make("map_entries", MapEntriesKernel, kStrict);
  return Bound(kFunction, {map}, entries);
}

BoundCall BindMapConcat(size_t maps, const Type& map) {
  static const ScalarFunction kFunction = Make("map_concat", MapConcatKernel, kCanRaise);
  return Bound(kFunction, std::vector<Type>(maps, map), map);
}

void AddMaps(FunctionList& list) {
  list.Add("cardinality", {TypeId::kMap}, TypeId::kInt32, 0, CardinalityKernel);
  list.Add("len", {TypeId::kMap}, TypeId::kInt32, 0, CardinalityKernel);
}

}  // namespace turdb::function
