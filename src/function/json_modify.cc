// Changing jsonb: ||, -, #-, jsonb_set, jsonb_insert, and what strips and prints it.
#include "absl/strings/str_cat.h"
#include "function/builtins.h"
#include "function/json_support.h"

namespace turdb::function {
namespace {

using base::MakeError;
using vec::JsonKind;
using vec::JsonView;
using vec::JsonWriter;

// f(row, writer, out) -> Status, for each row; what it wrote is the row's value.
template <typename F>
void WriteEach(Call& call, F&& f) {
  std::string out;
  call.ForEach([&](SelIndex row) {
    out.clear();
    JsonWriter writer(&out);
    Status status = f(row, &writer);
    if (status.ok()) status = vec::CheckJsonbDepth(JsonView(out));
    if (status.ok() && out.size() > vec::kMaxJsonbBytes) status = base::LimitError("a jsonb value is longer than 1 GB");
    if (!status.ok()) return call.RaiseStatus(row, std::move(status));
    call.result->SetString(row, out);
  });
}

JsonView JsonAt(const Call& call, size_t argument, SelIndex row) {
  return JsonView(call.args[argument].Get<StringView>(row).view());
}

void WriteElements(const JsonView& value, JsonWriter* writer) {
  if (value.kind() != JsonKind::kArray) return writer->Value(value);
  for (uint32_t i = 0; i < value.size(); ++i) writer->Value(value.element(i));
}

void WriteMembers(const JsonView& object, JsonWriter* writer) {
  for (uint32_t i = 0; i < object.size(); ++i) {
    writer->Key(object.key(i));
    writer->Value(object.value(i));
  }
}

// Two objects merge, members of the right winning; anything else joins as arrays do.
void ConcatenateKernel(Call& call) {
  WriteEach(call, [&](SelIndex row, JsonWriter* writer) -> Status {
    const JsonView a = JsonAt(call, 0, row), b = JsonAt(call, 1, row);
    if (a.kind() == JsonKind::kObject && b.kind() == JsonKind::kObject) {
      writer->BeginObject();
      WriteMembers(a, writer);
      WriteMembers(b, writer);
      writer->EndObject();
      return absl::OkStatus();
    }
    writer->BeginArray();
    WriteElements(a, writer);
    WriteElements(b, writer);
    writer->EndArray();
    return absl::OkStatus();
  });
}

// ---- leaving out

// `value` without the members whose keys, or the string elements that, `drop` says are to go.
template <typename Drop>
Status WriteWithout(const JsonView& value, Drop&& drop, JsonWriter* writer) {
  if (value.kind() == JsonKind::kObject) {
    writer->BeginObject();
    for (uint32_t i = 0; i < value.size(); ++i) {
      if (drop(value.key(i))) continue;
      writer->Key(value.key(i));
      writer->Value(value.value(i));
    }
    writer->EndObject();
    return absl::OkStatus();
  }
  if (value.kind() != JsonKind::kArray) return JsonError("cannot delete from scalar");
  writer->BeginArray();
  for (uint32_t i = 0; i < value.size(); ++i) {
    const JsonView element = value.element(i);
    if (element.kind() != JsonKind::kString || !drop(element.string())) writer->Value(element);
  }
  writer->EndArray();
  return absl::OkStatus();
}

void DeleteKeyKernel(Call& call) {
  WriteEach(call, [&](SelIndex row, JsonWriter* writer) {
    const std::string_view key = call.args[1].Get<StringView>(row).view();
    return WriteWithout(
        JsonAt(call, 0, row), [&](std::string_view name) { return name == key; }, writer);
  });
}

void DeleteKeysKernel(Call& call) {
  WriteEach(call, [&](SelIndex row, JsonWriter* writer) {
    const vec::ArrayView keys(call.argument_types[1], call.args[1].Get<StringView>(row).view());
    const auto drop = [&](std::string_view name) {
      vec::ElementSlot slot;
      for (uint32_t i = 0; i < keys.size(); ++i) {
        if (!keys.IsNull(i) && static_cast<const StringView*>(keys.Load(i, &slot))->view() == name) return true;
      }
      return false;
    };
    return WriteWithout(JsonAt(call, 0, row), drop, writer);
  });
}

void DeleteIndexKernel(Call& call) {
  WriteEach(call, [&](SelIndex row, JsonWriter* writer) -> Status {
    const JsonView value = JsonAt(call, 0, row);
    if (value.kind() == JsonKind::kObject) return JsonError("cannot delete from object using integer index");
    if (value.kind() != JsonKind::kArray) return JsonError("cannot delete from scalar");
    const int32_t index = call.args[1].Get<int32_t>(row);
    const int64_t at = index < 0 ? int64_t{value.size()} + index : index;
    writer->BeginArray();
    for (uint32_t i = 0; i < value.size(); ++i) {
      if (int64_t{i} != at) writer->Value(value.element(i));
    }
    writer->EndArray();
    return absl::OkStatus();
  });
}

// ---- changing at a path

enum class Change : uint8_t { kSet, kReplace, kInsertBefore, kInsertAfter, kDelete };

// Writes `value` with what lies at path[depth...] changed; a path that leads nowhere changes nothing.
class PathEdit {
 public:
  PathEdit(const std::vector<std::string>& path, Change change, JsonView replacement, JsonWriter* writer)
      : path_(path), change_(change), replacement_(replacement), writer_(writer) {}

  Status Write(const JsonView& value, size_t depth) {
    switch (value.kind()) {
      case JsonKind::kObject:
        return WriteObject(value, depth);
      case JsonKind::kArray:
        return WriteArray(value, depth);
      default:
        writer_->Value(value);
        return absl::OkStatus();
    }
  }

 private:
  bool inserts() const { return change_ == Change::kInsertBefore || change_ == Change::kInsertAfter; }

  Status WriteObject(const JsonView& object, size_t depth) {
    const std::string& step = path_[depth];
    const bool last = depth + 1 == path_.size();
    const std::optional<JsonView> found = object.Find(step);
    if (last && found && inserts()) {
      return base::WithHint(JsonError("cannot replace existing key"), "Try using the function jsonb_set to replace key value.");
    }
    writer_->BeginObject();
    for (uint32_t i = 0; i < object.size(); ++i) {
      const bool here = object.key(i) == step;
      if (here && last && change_ == Change::kDelete) continue;
      writer_->Key(object.key(i));
      if (!here) {
        writer_->Value(object.value(i));
      } else if (last) {
        writer_->Value(replacement_);
      } else {
        TURDB_RETURN_IF_ERROR(Write(object.value(i), depth + 1));
      }
    }
    if (last && !found && (change_ == Change::kSet || inserts())) {
      writer_->Key(step);
      writer_->Value(replacement_);
    }
    writer_->EndObject();
    return absl::OkStatus();
  }

  Status WriteArray(const JsonView& array, size_t depth) {
    const std::optional<int32_t> index = PathIndex(path_[depth]);
    if (!index) {
      return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidText,
                       absl::StrCat("path element at position ", depth + 1, " is not an integer: \"", path_[depth], "\""));
    }
    const bool last = depth + 1 == path_.size();
    const int64_t size = array.size();
    const int64_t at = *index < 0 ? size + *index : *index;
    const bool adds = last && (change_ == Change::kSet || inserts());
    writer_->BeginArray();
    if (adds && at < 0) writer_->Value(replacement_);
    for (int64_t i = 0; i < size; ++i) {
      const JsonView element = array.element(static_cast<uint32_t>(i));
      if (i != at) {
        writer_->Value(element);
      } else if (!last) {
        TURDB_RETURN_IF_ERROR(Write(element, depth + 1));
      } else if (inserts()) {
        if (change_ == Change::kInsertBefore) writer_->Value(replacement_);
        writer_->Value(element);
        if (change_ == Change::kInsertAfter) writer_->Value(replacement_);
      } else if (change_ != Change::kDelete) {
        writer_->Value(replacement_);
      }
    }
    if (adds && at >= size) writer_->Value(replacement_);
    writer_->EndArray();
    return absl::OkStatus();
  }

  const std::vector<std::string>& path_;
  const Change change_;
  const JsonView replacement_;
  JsonWriter* const writer_;
};

Status WriteEdited(Call& call, SelIndex row, Change change, JsonView replacement, JsonWriter* writer) {
  const JsonView value = JsonAt(call, 0, row);
  if (!value.is_container()) {
    return JsonError(change == Change::kDelete ? "cannot delete path in scalar" : "cannot set path in scalar");
  }
  TURDB_ASSIGN_OR_RETURN(const std::vector<std::string> path, PathOf(call.args[1].Get<StringView>(row).view(), nullptr));
  if (path.empty()) {
    writer->Value(value);
    return absl::OkStatus();
  }
  return PathEdit(path, change, replacement, writer).Write(value, 0);
}

// jsonb_set(target, path, value [, create_if_missing]).
void SetKernel(Call& call) {
  WriteEach(call, [&](SelIndex row, JsonWriter* writer) {
    const bool create = call.args.size() < 4 || call.args[3].Get<bool>(row);
    return WriteEdited(call, row, create ? Change::kSet : Change::kReplace, JsonAt(call, 2, row), writer);
  });
}

// jsonb_insert(target, path, value [, insert_after]).
void InsertKernel(Call& call) {
  WriteEach(call, [&](SelIndex row, JsonWriter* writer) {
    const bool after = call.args.size() > 3 && call.args[3].Get<bool>(row);
    return WriteEdited(call, row, after ? Change::kInsertAfter : Change::kInsertBefore, JsonAt(call, 2, row), writer);
  });
}

void DeletePathKernel(Call& call) {
  WriteEach(call, [&](SelIndex row, JsonWriter* writer) { return WriteEdited(call, row, Change::kDelete, {}, writer); });
}

// jsonb_set_lax(target, path, value, create_if_missing, null_value_treatment): what a NULL value does is said.
void SetLaxKernel(Call& call) {
  std::string out;
  for (uint32_t i = 0; i < call.rows.count; ++i) {
    const SelIndex row = call.rows[i];
    const auto missing = [&](size_t argument) { return argument < call.args.size() && !call.args[argument].IsValid(row); };
    if (missing(0) || missing(1) || missing(3)) {
      call.result->SetNull(row);
      continue;
    }
    std::string treatment = "use_json_null";
    if (missing(4)) {
      call.RaiseStatus(row, JsonError("null_value_treatment must be \"delete_key\", \"return_target\", \"use_json_null\", "
                                      "or \"raise_exception\""));
      continue;
    }
    if (call.args.size() > 4) treatment = call.args[4].Get<StringView>(row).view();
    Change change = call.args.size() < 4 || call.args[3].Get<bool>(row) ? Change::kSet : Change::kReplace;
    JsonView replacement;  // null
    if (!missing(2)) {
      replacement = JsonAt(call, 2, row);
    } else if (treatment == "raise_exception") {
      call.RaiseStatus(row,
                       MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"22004"}, "JSON value must not be null"));
      continue;
    } else if (treatment == "delete_key") {
      change = Change::kDelete;
    } else if (treatment == "return_target") {
      call.result->SetString(row, call.args[0].Get<StringView>(row).view());
      continue;
    } else if (treatment != "use_json_null") {
      call.RaiseStatus(row, JsonError("null_value_treatment must be \"delete_key\", \"return_target\", \"use_json_null\", "
                                      "or \"raise_exception\""));
      continue;
    }
    out.clear();
    JsonWriter writer(&out);
    Status status = WriteEdited(call, row, change, replacement, &writer);
    if (status.ok()) status = vec::CheckJsonbDepth(JsonView(out));
    if (!status.ok()) {
      call.RaiseStatus(row, std::move(status));
    } else {
      call.result->SetString(row, out);
    }
  }
}

// ---- the whole value

void WriteStripped(const JsonView& value, JsonWriter* writer) {
  switch (value.kind()) {
    case JsonKind::kObject:
      writer->BeginObject();
      for (uint32_t i = 0; i < value.size(); ++i) {
        if (value.value(i).kind() == JsonKind::kNull) continue;
        writer->Key(value.key(i));
        WriteStripped(value.value(i), writer);
      }
      writer->EndObject();
      return;
    case JsonKind::kArray:
      writer->BeginArray();
      for (uint32_t i = 0; i < value.size(); ++i) WriteStripped(value.element(i), writer);
      writer->EndArray();
      return;
    default:
      writer->Value(value);
  }
}

void StripKernel(Call& call) {
  WriteEach(call, [&](SelIndex row, JsonWriter* writer) -> Status {
    WriteStripped(JsonAt(call, 0, row), writer);
    return absl::OkStatus();
  });
}

// The same over json: members keep their order and their texts, blanks go.
void AppendStripped(const vec::JsonText& value, std::string* out) {
  bool first = true;
  const auto comma = [&] {
    if (!first) out->push_back(',');
    first = false;
  };
  switch (value.kind()) {
    case JsonKind::kObject:
      out->push_back('{');
      value.ForEachMember([&](std::string_view key, const vec::JsonText& member) {
        if (member.kind() == JsonKind::kNull) return true;
        comma();
        absl::StrAppend(out, key, ":");
        AppendStripped(member, out);
        return true;
      });
      out->push_back('}');
      return;
    case JsonKind::kArray:
      out->push_back('[');
      value.ForEachElement([&](const vec::JsonText& element) {
        comma();
        AppendStripped(element, out);
        return true;
      });
      out->push_back(']');
      return;
    default:
      out->append(value.text());
  }
}

void StripTextKernel(Call& call) {
  std::string out;
  call.ForEach([&](SelIndex row) {
    out.clear();
    AppendStripped(vec::JsonText(call.args[0].Get<StringView>(row).view()), &out);
    call.result->SetString(row, out);
  });
}

void PrettyKernel(Call& call) {
  std::string out;
  call.ForEach([&](SelIndex row) {
    out.clear();
    vec::AppendJson(JsonAt(call, 0, row), vec::JsonLayout::kPretty, &out);
    call.result->SetString(row, out);
  });
}

Status BindPath(BoundCall* call, std::span<const Type>) {
  call->argument_types[1] = Type::ArrayOf(TypeId::kText);
  return absl::OkStatus();
}

}  // namespace

void AddJsonChanges(FunctionList& list) {
  constexpr TypeId kJsonb = TypeId::kJsonb, kText = TypeId::kText, kBool = TypeId::kBoolean, kArray = TypeId::kArray;
  for (const char* name : {"||", "jsonb_concat"}) list.Add(name, {kJsonb, kJsonb}, kJsonb, kCanRaise, ConcatenateKernel);
  for (const char* name : {"-", "jsonb_delete"}) {
    list.Add(name, {kJsonb, kText}, kJsonb, kCanRaise, DeleteKeyKernel);
    list.Add(name, {kJsonb, TypeId::kInt32}, kJsonb, kCanRaise, DeleteIndexKernel);
    list.Add(name, {kJsonb, kArray}, kJsonb, kCanRaise, DeleteKeysKernel, BindPath);
  }
  for (const char* name : {"#-", "jsonb_delete_path"}) {
    list.Add(name, {kJsonb, kArray}, kJsonb, kCanRaise, DeletePathKernel, BindPath);
  }
  list.Add("jsonb_set", {kJsonb, kArray, kJsonb}, kJsonb, kCanRaise, SetKernel, BindPath);
  list.Add("jsonb_set", {kJsonb, kArray, kJsonb, kBool}, kJsonb, kCanRaise, SetKernel, BindPath);
  constexpr int kLax = kCanRaise | FunctionList::kNotStrict;
  list.Add("jsonb_set_lax", {kJsonb, kArray, kJsonb}, kJsonb, kLax, SetLaxKernel, BindPath);
  list.Add("jsonb_set_lax", {kJsonb, kArray, kJsonb, kBool}, kJsonb, kLax, SetLaxKernel, BindPath);
  list.Add("jsonb_set_lax", {kJsonb, kArray, kJsonb, kBool, kText}, kJsonb, kLax, SetLaxKernel, BindPath);
  list.Add("jsonb_insert", {kJsonb, kArray, kJsonb}, kJsonb, kCanRaise, InsertKernel, BindPath);
  list.Add("jsonb_insert", {kJsonb, kArray, kJsonb, kBool}, kJsonb, kCanRaise, InsertKernel, BindPath);
  list.Add("jsonb_strip_nulls", {kJsonb}, kJsonb, 0, StripKernel);
  list.Add("json_strip_nulls", {TypeId::kJson}, TypeId::kJson, 0, StripTextKernel);
  list.Add("jsonb_pretty", {kJsonb}, kText, 0, PrettyKernel);
}

}  // namespace turdb::function
