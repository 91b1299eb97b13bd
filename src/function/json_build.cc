// Making JSON of SQL values: to_json, json_build_*, json_object, rows; and what jsonb does with each.
#include "absl/strings/str_cat.h"
#include "function/builtins.h"
#include "function/json_support.h"
#include "vec/text_format.h"

namespace turdb::function {
namespace {

using base::MakeError;
using vec::JsonWriter;

// ---- what a value is made of

Status AppendArgument(const Call& call, size_t i, SelIndex row, std::string* out) {
  const Type& type = call.argument_types[i];
  const void* slot = SlotAt(type, call.args[i], row);
  if (slot == nullptr) {
    out->append("null");
    return absl::OkStatus();
  }
  return AppendAsJson(type, slot, call.context, out);
}

Status WriteArgument(const Call& call, size_t i, SelIndex row, JsonWriter* writer) {
  const Type& type = call.argument_types[i];
  const void* slot = SlotAt(type, call.args[i], row);
  if (slot == nullptr) {
    writer->Null();
    return absl::OkStatus();
  }
  return WriteAsJsonb(type, slot, call.context, writer);
}

// The text of argument `i`, a key. Errors: 22023 NULL, or no scalar.
StatusOr<std::string> KeyOf(const Call& call, size_t i, SelIndex row) {
  const Type& type = call.argument_types[i];
  const void* slot = SlotAt(type, call.args[i], row);
  if (slot == nullptr) {
    return base::WithHint(JsonError(absl::StrCat("argument ", i + 1, " cannot be null")), "Object keys should be text.");
  }
  if (type.id == TypeId::kJson || type.id == TypeId::kJsonb || type.id == TypeId::kArray || type.id == TypeId::kStruct ||
      type.id == TypeId::kMap || type.id == TypeId::kDenseVector) {
    return JsonError("key value must be scalar, not array, composite, or json");
  }
  std::string text;
  vec::AppendSlotText(type, slot, call.context.text, &text);
  return text;
}

Status OddArguments() {
  return base::WithHint(JsonError("argument list must have even number of elements"),
                        "The arguments of json_build_object() must consist of alternating keys and values.");
}

// Containers around containers: each call adds a level.
Status CheckDepth(const Type& type, std::string_view made) {
  return type.id == TypeId::kJsonb ? vec::CheckJsonbDepth(vec::JsonView(made)) : vec::CheckJsonDepth(made);
}

// f(row, out) -> Status, for each row of a function that takes NULLs.
template <typename F>
void MakeEach(Call& call, F&& f) {
  std::string out;
  for (uint32_t i = 0; i < call.rows.count; ++i) {
    const SelIndex row = call.rows[i];
    out.clear();
    Status status = f(row, &out);
    if (status.ok()) status = CheckDepth(call.result_type(), out);
    if (!status.ok()) {
      call.RaiseStatus(row, std::move(status));
      continue;
    }
    call.result->SetString(row, out);
  }
}

struct Punctuation {
  std::string_view comma;
  std::string_view colon;
};
constexpr Punctuation kSpaced = {", ", " : "}, kCompact = {",", ":"};

Status AppendObject(const Call& call, SelIndex row, const Punctuation& punctuation, std::string* out) {
  if (call.args.size() % 2 != 0) return OddArguments();
  out->push_back('{');
  for (size_t i = 0; i < call.args.size(); i += 2) {
    if (i != 0) out->append(punctuation.comma);
    TURDB_ASSIGN_OR_RETURN(const std::string key, KeyOf(call, i, row));
    vec::AppendJsonString(key, out);
    out->append(punctuation.colon);
    TURDB_RETURN_IF_ERROR(AppendArgument(call, i + 1, row, out));
  }
  out->push_back('}');
  return absl::OkStatus();
}

Status AppendList(const Call& call, SelIndex row, const Punctuation& punctuation, std::string* out) {
  out->push_back('[');
  for (size_t i = 0; i < call.args.size(); ++i) {
    if (i != 0) out->append(punctuation.comma);
    TURDB_RETURN_IF_ERROR(AppendArgument(call, i, row, out));
  }
  out->push_back(']');
  return absl::OkStatus();
}

// ---- kernels

template <bool kCompactLayout>
void ObjectKernel(Call& call) {
  MakeEach(call,
           [&](SelIndex row, std::string* out) { return AppendObject(call, row, kCompactLayout ? kCompact : kSpaced, out); });
}

template <bool kCompactLayout>
void ListKernel(Call& call) {
  MakeEach(call,
           [&](SelIndex row, std::string* out) { return AppendList(call, row, kCompactLayout ? kCompact : kSpaced, out); });
}

void ObjectbKernel(Call& call) {
  MakeEach(call, [&](SelIndex row, std::string* out) -> Status {
    if (call.args.size() % 2 != 0) return OddArguments();
    JsonWriter writer(out);
    writer.BeginObject();
    for (size_t i = 0; i < call.args.size(); i += 2) {
      TURDB_ASSIGN_OR_RETURN(const std::string key, KeyOf(call, i, row));
      writer.Key(key);
      TURDB_RETURN_IF_ERROR(WriteArgument(call, i + 1, row, &writer));
    }
    writer.EndObject();
    return absl::OkStatus();
  });
}

void ListbKernel(Call& call) {
  MakeEach(call, [&](SelIndex row, std::string* out) -> Status {
    JsonWriter writer(out);
    writer.BeginArray();
    for (size_t i = 0; i < call.args.size(); ++i) TURDB_RETURN_IF_ERROR(WriteArgument(call, i, row, &writer));
    writer.EndArray();
    return absl::OkStatus();
  });
}

void ToJsonKernel(Call& call) {
  std::string out;
  call.ForEach([&](SelIndex row) {
    out.clear();
    Status status = AppendArgument(call, 0, row, &out);
    if (status.ok()) status = CheckDepth(call.result_type(), out);
    if (!status.ok()) return call.RaiseStatus(row, std::move(status));
    call.result->SetString(row, out);
  });
}

void ToJsonbKernel(Call& call) {
  std::string out;
  call.ForEach([&](SelIndex row) {
    out.clear();
    JsonWriter writer(&out);
    Status status = WriteArgument(call, 0, row, &writer);
    if (status.ok()) status = CheckDepth(call.result_type(), out);
    if (!status.ok()) return call.RaiseStatus(row, std::move(status));
    call.result->SetString(row, out);
  });
}

// ---- json_object(text[]), json_object(text[], text[])

struct Pair {
  std::string key;
  std::string value;
  bool null;
};

StatusOr<std::vector<Pair>> PairsOf(const Call& call, SelIndex row) {
  const vec::ArrayView keys(call.argument_types[0], call.args[0].Get<StringView>(row).view());
  const auto error = [](base::SqlState state, std::string_view message) {
    return MakeError(absl::StatusCode::kInvalidArgument, state, message);
  };
  const base::SqlState kSubscript{"2202E"};
  const auto text = [](const vec::ArrayView& array, uint32_t i) {
    vec::ElementSlot slot;
    return std::string(static_cast<const StringView*>(array.Load(i, &slot))->view());
  };
  std::vector<Pair> pairs;
  const auto add = [&](const vec::ArrayView& from, uint32_t key, const vec::ArrayView& values, uint32_t value) -> Status {
    if (from.IsNull(key)) return error(base::SqlState{"22004"}, "null value not allowed for object key");
    pairs.push_back({text(from, key), values.IsNull(value) ? std::string() : text(values, value), values.IsNull(value)});
    return absl::OkStatus();
  };
  if (call.args.size() == 2) {
    const vec::ArrayView values(call.argument_types[1], call.args[1].Get<StringView>(row).view());
    if (keys.dimensions() > 1 || values.dimensions() > 1) return error(kSubscript, "wrong number of array subscripts");
    if (keys.size() != values.size()) return error(kSubscript, "mismatched array dimensions");
    for (uint32_t i = 0; i < keys.size(); ++i) TURDB_RETURN_IF_ERROR(add(keys, i, values, i));
    return pairs;
  }
  if (keys.dimensions() > 2) return error(kSubscript, "wrong number of array subscripts");
  if (keys.dimensions() == 2 && keys.dimension(1).length != 2) return error(kSubscript, "array must have two columns");
  if (keys.size() % 2 != 0) return error(kSubscript, "array must have even number of elements");
  for (uint32_t i = 0; i < keys.size(); i += 2) TURDB_RETURN_IF_ERROR(add(keys, i, keys, i + 1));
  return pairs;
}

template <bool kBinary>
void TextPairsKernel(Call& call) {
  std::string out;
  call.ForEach([&](SelIndex row) {
    const auto pairs = PairsOf(call, row);
    if (!pairs.ok()) return call.RaiseStatus(row, pairs.status());
    out.clear();
    if constexpr (kBinary) {
      JsonWriter writer(&out);
      writer.BeginObject();
      for (const Pair& pair : *pairs) {
        writer.Key(pair.key);
        pair.null ? writer.Null() : writer.String(pair.value);
      }
      writer.EndObject();
    } else {
      out.push_back('{');
      for (const Pair& pair : *pairs) {
        if (out.size() > 1) out.append(kSpaced.comma);
        vec::AppendJsonString(pair.key, &out);
        out.append(kSpaced.colon);
        pair.null ? void(out.append("null")) : vec::AppendJsonString(pair.value, &out);
      }
      out.push_back('}');
    }
    call.result->SetString(row, out);
  });
}

Status BindTexts(BoundCall* call, std::span<const Type>) {
  for (Type& type : call->argument_types) type = Type::ArrayOf(TypeId::kText);
  return absl::OkStatus();
}

}  // namespace

void AddJsonBuilding(FunctionList& list) {
  constexpr TypeId kJson = TypeId::kJson, kJsonb = TypeId::kJsonb, kArray = TypeId::kArray;
  constexpr int kNulls = kCanRaise | FunctionList::kNotStrict | kStable;
  list.AddVariadic("json_build_object", {kAnyArgument}, kJson, kNulls, ObjectKernel<false>);
  list.Add("json_build_object", {}, kJson, kNulls, ObjectKernel<false>);
  list.AddVariadic("jsonb_build_object", {kAnyArgument}, kJsonb, kNulls, ObjectbKernel);
  list.Add("jsonb_build_object", {}, kJsonb, kNulls, ObjectbKernel);
  list.AddVariadic("json_build_array", {kAnyArgument}, kJson, kNulls, ListKernel<false>);
  list.Add("json_build_array", {}, kJson, kNulls, ListKernel<false>);
  list.AddVariadic("jsonb_build_array", {kAnyArgument}, kJsonb, kNulls, ListbKernel);
  list.Add("jsonb_build_array", {}, kJsonb, kNulls, ListbKernel);
  // A row as the binder spells it out: names and values by turns. No name that SQL can call.
  list.AddVariadic("json row", {kAnyArgument}, kJson, kNulls, ObjectKernel<true>);
  list.AddVariadic("jsonb row", {kAnyArgument}, kJsonb, kNulls, ObjectbKernel);
  list.Add("json row", {}, kJson, kNulls, ObjectKernel<true>);
  list.Add("jsonb row", {}, kJsonb, kNulls, ObjectbKernel);
  list.Add("to_json", {kAnyArgument}, kJson, kCanRaise | kStable, ToJsonKernel);
  list.Add("row_to_json", {kJson}, kJson, 0, ToJsonKernel);
  list.Add("array_to_json", {kArray}, kJson, kCanRaise | kStable, ToJsonKernel);
  list.Add("to_jsonb", {kAnyArgument}, kJsonb, kCanRaise | kStable, ToJsonbKernel);
  list.Add("json_object", {kArray}, kJson, kCanRaise, TextPairsKernel<false>, BindTexts);
  list.Add("json_object", {kArray, kArray}, kJson, kCanRaise, TextPairsKernel<false>, BindTexts);
  list.Add("jsonb_object", {kArray}, kJsonb, kCanRaise, TextPairsKernel<true>, BindTexts);
  list.Add("jsonb_object", {kArray, kArray}, kJsonb, kCanRaise, TextPairsKernel<true>, BindTexts);
  // SQLite's, and those of the SQL standard: without blanks.
  list.AddVariadic("json_object", {kAnyArgument, kAnyArgument}, kJson, kNulls, ObjectKernel<true>);
  list.Add("json_object", {}, kJson, kNulls, ObjectKernel<true>);
  list.AddVariadic("json_array", {kAnyArgument}, kJson, kNulls, ListKernel<true>);
  list.Add("json_array", {}, kJson, kNulls, ListKernel<true>);
}

}  // namespace turdb::function
