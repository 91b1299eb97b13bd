// Reading json and jsonb: -> ->> #> #>>, their functions, and what kind of value there is.
#include "absl/strings/str_cat.h"
#include "function/builtins.h"
#include "function/json_support.h"

namespace turdb::function {
namespace {

using vec::JsonKind;

// Stores what was found: as json(b), or as text (a JSON null is NULL then). Nothing found is NULL.
template <typename Source, bool kText>
void StoreItem(Call& call, SelIndex row, const StatusOr<std::optional<typename Source::Item>>& item, std::string* text) {
  if (!item.ok()) return call.RaiseStatus(row, item.status());
  if (!item->has_value() || (kText && (*item)->kind() == JsonKind::kNull)) return call.result->SetNull(row);
  if constexpr (kText) {
    text->clear();
    if (Status status = Source::AppendPlain(**item, text); !status.ok()) return call.RaiseStatus(row, std::move(status));
    call.result->SetString(row, *text);
  } else {
    // The bytes stay where they are: in the argument.
    call.result->data<StringView>()[row] = StringView(Source::Bytes(**item));
  }
}

template <typename Source, bool kText>
void MemberKernel(Call& call) {
  call.ShareHeap(0);
  std::string text;
  call.ForEach([&](SelIndex row) {
    const auto root = Source::Root(call.args[0].Get<StringView>(row).view());
    StoreItem<Source, kText>(call, row, Source::Member(root, call.args[1].Get<StringView>(row).view()), &text);
  });
}

template <typename Source, bool kText>
void ElementKernel(Call& call) {
  call.ShareHeap(0);
  std::string text;
  call.ForEach([&](SelIndex row) {
    const auto root = Source::Root(call.args[0].Get<StringView>(row).view());
    StoreItem<Source, kText>(call, row, Source::Element(root, call.args[1].Get<int32_t>(row)), &text);
  });
}

// json_extract_path(json, step, step...).
template <typename Source, bool kText>
void ExtractKernel(Call& call) {
  call.ShareHeap(0);
  std::string text;
  call.ForEach([&](SelIndex row) {
    std::vector<std::string> path;
    for (size_t i = 1; i < call.args.size(); ++i) path.emplace_back(call.args[i].Get<StringView>(row).view());
    const auto root = Source::Root(call.args[0].Get<StringView>(row).view());
    StoreItem<Source, kText>(call, row, FollowPath<Source>(root, path), &text);
  });
}

// json #> text[]; a path with a NULL in it leads nowhere.
template <typename Source, bool kText>
void PathKernel(Call& call) {
  call.ShareHeap(0);
  std::string text;
  call.ForEach([&](SelIndex row) {
    bool nulls = false;
    const auto path = PathOf(call.args[1].Get<StringView>(row).view(), &nulls);
    if (!path.ok()) return call.RaiseStatus(row, path.status());
    if (nulls) return call.result->SetNull(row);
    const auto root = Source::Root(call.args[0].Get<StringView>(row).view());
    StoreItem<Source, kText>(call, row, FollowPath<Source>(root, *path), &text);
  });
}

template <typename Source>
void TypeofKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    call.result->SetString(row, JsonTypeName(Source::Root(call.args[0].Get<StringView>(row).view()).kind()));
  });
}

template <typename Source>
void LengthKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const auto root = Source::Root(call.args[0].Get<StringView>(row).view());
    call.result->data<int32_t>()[row] = 0;
    if (root.kind() == JsonKind::kObject) return call.RaiseStatus(row, JsonError("cannot get array length of a non-array"));
    if (root.kind() != JsonKind::kArray) return call.RaiseStatus(row, JsonError("cannot get array length of a scalar"));
    call.result->data<int32_t>()[row] = static_cast<int32_t>(Source::Size(root));
  });
}

// ---- jsonb ? text, ?| text[], ?& text[]

// A key of an object, a string among the elements of an array, or the string itself.
bool Exists(const vec::JsonView& value, std::string_view key) {
  switch (value.kind()) {
    case JsonKind::kObject:
      return value.Find(key).has_value();
    case JsonKind::kArray:
      for (uint32_t i = 0; i < value.size(); ++i) {
        const vec::JsonView element = value.element(i);
        if (element.kind() == JsonKind::kString && element.string() == key) return true;
      }
      return false;
    case JsonKind::kString:
      return value.string() == key;
    default:
      return false;
  }
}

void ExistsKernel(Call& call) {
  bool* out = call.result->data<bool>();
  call.ForEach([&](SelIndex row) {
    out[row] = Exists(vec::JsonView(call.args[0].Get<StringView>(row).view()), call.args[1].Get<StringView>(row).view());
  });
}

template <bool kAll>
void ExistsManyKernel(Call& call) {
  bool* out = call.result->data<bool>();
  call.ForEach([&](SelIndex row) {
    const vec::JsonView value(call.args[0].Get<StringView>(row).view());
    const vec::ArrayView keys(call.argument_types[1], call.args[1].Get<StringView>(row).view());
    out[row] = kAll;
    vec::ElementSlot slot;
    for (uint32_t i = 0; i < keys.size(); ++i) {
      if (keys.IsNull(i)) continue;
      if (Exists(value, static_cast<const StringView*>(keys.Load(i, &slot))->view()) != kAll) {
        out[row] = !kAll;
        return;
      }
    }
  });
}

// ---- jsonb @> jsonb

bool Contains(const vec::JsonView& whole, const vec::JsonView& part);

bool ArrayHas(const vec::JsonView& array, const vec::JsonView& wanted) {
  for (uint32_t i = 0; i < array.size(); ++i) {
    const vec::JsonView element = array.element(i);
    if (wanted.is_container() ? element.kind() == wanted.kind() && Contains(element, wanted)
                              : vec::CompareJson(element, wanted) == 0) {
      return true;
    }
  }
  return false;
}

bool Contains(const vec::JsonView& whole, const vec::JsonView& part) {
  if (whole.kind() != part.kind()) return false;
  switch (part.kind()) {
    case JsonKind::kObject:
      for (uint32_t i = 0; i < part.size(); ++i) {
        const std::optional<vec::JsonView> member = whole.Find(part.key(i));
        if (!member || !Contains(*member, part.value(i))) return false;
      }
      return true;
    case JsonKind::kArray:
      for (uint32_t i = 0; i < part.size(); ++i) {
        if (!ArrayHas(whole, part.element(i))) return false;
      }
      return true;
    default:
      return vec::CompareJson(whole, part) == 0;
  }
}

template <bool kSwapped>
void ContainsKernel(Call& call) {
  bool* out = call.result->data<bool>();
  call.ForEach([&](SelIndex row) {
    const vec::JsonView whole(call.args[kSwapped ? 1 : 0].Get<StringView>(row).view());
    const vec::JsonView part(call.args[kSwapped ? 0 : 1].Get<StringView>(row).view());
    // At the top, an array may contain a scalar as its element.
    const bool element = whole.kind() == JsonKind::kArray && !part.is_container();
    out[row] = element ? ArrayHas(whole, part) : Contains(whole, part);
  });
}

Status BindPath(BoundCall* call, std::span<const Type>) {
  call->argument_types[1] = Type::ArrayOf(TypeId::kText);
  return absl::OkStatus();
}

// jsonb - text[] is another function than jsonb - text.
template <typename Source>
void AddReading(FunctionList& list, const std::array<std::string_view, 4>& names) {
  constexpr TypeId kJson = Source::kType, kText = TypeId::kText, kInt = TypeId::kInt32;
  list.Add("->", {kJson, kText}, kJson, kCanRaise, MemberKernel<Source, false>);
  list.Add("->", {kJson, kInt}, kJson, 0, ElementKernel<Source, false>);
  list.Add("->>", {kJson, kText}, kText, kCanRaise, MemberKernel<Source, true>);
  list.Add("->>", {kJson, kInt}, kText, kCanRaise, ElementKernel<Source, true>);
  list.Add("#>", {kJson, TypeId::kArray}, kJson, kCanRaise, PathKernel<Source, false>, BindPath);
  list.Add("#>>", {kJson, TypeId::kArray}, kText, kCanRaise, PathKernel<Source, true>, BindPath);
  list.AddVariadic(names[0], {kJson, kText}, kJson, kCanRaise, ExtractKernel<Source, false>);
  list.AddVariadic(names[1], {kJson, kText}, kText, kCanRaise, ExtractKernel<Source, true>);
  list.Add(names[2], {kJson}, kText, 0, TypeofKernel<Source>);
  list.Add(names[3], {kJson}, kInt, kCanRaise, LengthKernel<Source>);
}

}  // namespace

void AddJsonReading(FunctionList& list) {
  constexpr TypeId kJsonb = TypeId::kJsonb, kText = TypeId::kText, kBool = TypeId::kBoolean;
  AddReading<JsonSource>(list, {"json_extract_path", "json_extract_path_text", "json_typeof", "json_array_length"});
  AddReading<JsonbSource>(list, {"jsonb_extract_path", "jsonb_extract_path_text", "jsonb_typeof", "jsonb_array_length"});
  for (const char* name : {"?", "jsonb_exists"}) list.Add(name, {kJsonb, kText}, kBool, 0, ExistsKernel);
  for (const char* name : {"?|", "jsonb_exists_any"}) {
    list.Add(name, {kJsonb, TypeId::kArray}, kBool, 0, ExistsManyKernel<false>, BindPath);
  }
  for (const char* name : {"?&", "jsonb_exists_all"}) {
    list.Add(name, {kJsonb, TypeId::kArray}, kBool, 0, ExistsManyKernel<true>, BindPath);
  }
  for (const char* name : {"@>", "jsonb_contains"}) list.Add(name, {kJsonb, kJsonb}, kBool, 0, ContainsKernel<false>);
  for (const char* name : {"<@", "jsonb_contained"}) list.Add(name, {kJsonb, kJsonb}, kBool, 0, ContainsKernel<true>);
}

}  // namespace turdb::function
