// SQLite's JSON functions, over text (and json and jsonb): members keep their order, results have no blanks.
#include <algorithm>
#include <charconv>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "function/builtins.h"
#include "function/json_support.h"
#include "function/set_function.h"
#include "vec/numeric.h"
#include "vec/text_format.h"

namespace turdb::function {
namespace {

using base::MakeError;
using vec::JsonKind;
using vec::JsonText;

// ---- paths: $, .name, ."name", [7], [#-1], [#]

struct Step {
  bool is_index = false;
  bool from_end = false;
  int64_t index = 0;  // with from_end, counted back from the length
  std::string name;
};
using Path = std::vector<Step>;

Status BadPath(std::string_view path) {
  return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                   absl::StrCat("bad JSON path: '", path, "'"));
}

StatusOr<Path> ParsePath(std::string_view text) {
  Path path;
  if (!text.starts_with('$')) return BadPath(text);
  for (size_t at = 1; at < text.size();) {
    Step step;
    if (text[at] == '.') {
      ++at;
      size_t end;
      if (at < text.size() && text[at] == '"') {
        end = text.find('"', at + 1);
        if (end == std::string_view::npos) return BadPath(text);
        step.name = text.substr(at + 1, end - at - 1);
        ++end;
      } else {
        end = std::min(text.find_first_of(".[", at), text.size());
        if (end == at) return BadPath(text);
        step.name = text.substr(at, end - at);
      }
      at = end;
    } else if (text[at] == '[') {
      const size_t close = text.find(']', at);
      if (close == std::string_view::npos) return BadPath(text);
      std::string_view inside = text.substr(at + 1, close - at - 1);
      step.is_index = true;
      if (inside.starts_with('#')) {
        step.from_end = true;
        inside.remove_prefix(1);
        if (!inside.empty() && inside[0] != '-') return BadPath(text);
        if (!inside.empty()) inside.remove_prefix(1);
        if (inside.empty() ? text[close - 1] != '#' : !absl::SimpleAtoi(inside, &step.index)) return BadPath(text);
      } else if (!absl::SimpleAtoi(inside, &step.index) || step.index < 0) {
        return BadPath(text);
      }
      at = close + 1;
    } else {
      return BadPath(text);
    }
    path.push_back(std::move(step));
  }
  return path;
}

// What stands right of -> and ->>: a path, or a name, or an index counted from the end when negative.
StatusOr<Path> ParseOperand(std::string_view text) {
  if (text.starts_with('$')) return ParsePath(text);
  Step step;
  step.name = text;
  return Path{step};
}
Path IndexPath(int32_t index) {
  Step step;
  step.is_index = true;
  step.from_end = index < 0;
  step.index = index < 0 ? -int64_t{index} : index;
  return Path{step};
}

int64_t PlaceOf(const Step& step, int64_t size) { return step.from_end ? size - step.index : step.index; }

bool IsKey(std::string_view quoted, std::string_view name) {
  if (quoted.find('\\') == std::string_view::npos) return quoted.substr(1, quoted.size() - 2) == name;
  const auto key = vec::UnquoteJson(quoted);
  return key.ok() && *key == name;
}

StatusOr<std::optional<JsonText>> Follow(JsonText value, const Path& path) {
  for (const Step& step : path) {
    std::optional<JsonText> next;
    if (step.is_index) {
      const int64_t place = PlaceOf(step, JsonSource::Size(value));
      if (value.kind() == JsonKind::kArray && place >= 0) next = JsonSource::Element(value, place);
    } else {
      TURDB_ASSIGN_OR_RETURN(next, JsonSource::Member(value, step.name));
    }
    if (!next) return std::optional<JsonText>();
    value = *next;
  }
  return std::optional<JsonText>(value);
}

// ---- values

// The JSON of argument `i` as text: json and jsonb as they are, text after a look. `*holder` may keep it.
StatusOr<std::string_view> JsonArgument(const Call& call, size_t i, SelIndex row, std::string* holder) {
  const Type& type = call.argument_types[i];
  const std::string_view bytes = call.args[i].Get<StringView>(row).view();
  if (type.id == TypeId::kJson) return bytes;
  if (type.id == TypeId::kJsonb) {
    holder->clear();
    vec::AppendJson(vec::JsonView(bytes), vec::JsonLayout::kCompact, holder);
    return std::string_view(*holder);
  }
  if (Status status = vec::CheckJsonText(bytes); !status.ok()) return status;
  return bytes;
}

void AppendCompact(const JsonText& value, std::string* out) {
  bool first = true;
  const auto comma = [&] {
    if (!first) out->push_back(',');
    first = false;
  };
  if (value.kind() == JsonKind::kObject) {
    out->push_back('{');
    value.ForEachMember([&](std::string_view key, const JsonText& member) {
      comma();
      absl::StrAppend(out, key, ":");
      AppendCompact(member, out);
      return true;
    });
    out->push_back('}');
  } else if (value.kind() == JsonKind::kArray) {
    out->push_back('[');
    value.ForEachElement([&](const JsonText& element) {
      comma();
      AppendCompact(element, out);
      return true;
    });
    out->push_back(']');
  } else {
    out->append(value.text());
  }
}

bool IsInteger(std::string_view number) { return number.find_first_of(".eE") == std::string_view::npos; }

// As SQL has it: numbers bigint or double, true and false 1 and 0, containers json.
StatusOr<Value> SqlValue(const JsonText& value) {
  switch (value.kind()) {
    case JsonKind::kNull:
      return Value::Null(TypeId::kAny);
    case JsonKind::kFalse:
    case JsonKind::kTrue:
      return Value::Int64(value.kind() == JsonKind::kTrue ? 1 : 0);
    case JsonKind::kNumber: {
      int64_t integer = 0;
      if (IsInteger(value.text()) && absl::SimpleAtoi(value.text(), &integer)) return Value::Int64(integer);
      double number = 0;
      vec::ParseDouble(value.text(), &number);
      return Value::Double(number);
    }
    case JsonKind::kString: {
      TURDB_ASSIGN_OR_RETURN(const std::string text, vec::UnquoteJson(value.text()));
      return Value::Text(text);
    }
    default: {
      std::string compact;
      AppendCompact(value, &compact);
      return Value::OfBytes(TypeId::kJson, std::move(compact));
    }
  }
}

std::string_view SqliteType(const JsonText& value) {
  switch (value.kind()) {
    case JsonKind::kNull:
      return "null";
    case JsonKind::kFalse:
      return "false";
    case JsonKind::kTrue:
      return "true";
    case JsonKind::kNumber:
      return IsInteger(value.text()) ? "integer" : "real";
    case JsonKind::kString:
      return "text";
    case JsonKind::kArray:
      return "array";
    default:
      return "object";
  }
}

// f(row) -> Status for each row without a NULL.
template <typename F>
void ForEachOk(Call& call, F&& f) {
  call.ForEach([&](SelIndex row) {
    if (Status status = f(row); !status.ok()) call.RaiseStatus(row, std::move(status));
  });
}

void MinifyKernel(Call& call) {
  std::string holder, out;
  ForEachOk(call, [&](SelIndex row) -> Status {
    TURDB_ASSIGN_OR_RETURN(const std::string_view text, JsonArgument(call, 0, row, &holder));
    out.clear();
    AppendCompact(JsonText(text), &out);
    call.result->SetString(row, out);
    return absl::OkStatus();
  });
}

void BinaryKernel(Call& call) {
  std::string holder, out;
  ForEachOk(call, [&](SelIndex row) -> Status {
    TURDB_ASSIGN_OR_RETURN(const std::string_view text, JsonArgument(call, 0, row, &holder));
    out.clear();
    TURDB_RETURN_IF_ERROR(vec::ParseJson(text, &out));
    call.result->SetString(row, out);
    return absl::OkStatus();
  });
}

void ValidKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    call.result->data<bool>()[row] = vec::CheckJsonText(call.args[0].Get<StringView>(row).view()).ok();
  });
}

void QuoteKernel(Call& call) {
  std::string out;
  for (uint32_t i = 0; i < call.rows.count; ++i) {
    const SelIndex row = call.rows[i];
    const void* slot = SlotAt(call.argument_types[0], call.args[0], row);
    out = "null";
    if (slot != nullptr) {
      out.clear();
      if (Status status = AppendAsJson(call.argument_types[0], slot, call.context, &out); !status.ok()) {
        call.RaiseStatus(row, std::move(status));
      }
    }
    call.result->SetString(row, out);
  }
}

// json_extract(json, path, ...): one path, what is there as SQL has it; several, an array of JSON.
void ExtractKernel(Call& call) {
  std::string holder;
  ForEachOk(call, [&](SelIndex row) -> Status {
    TURDB_ASSIGN_OR_RETURN(const std::string_view text, JsonArgument(call, 0, row, &holder));
    std::string list = "[";
    for (size_t i = 1; i < call.args.size(); ++i) {
      TURDB_ASSIGN_OR_RETURN(const Path path, ParsePath(call.args[i].Get<StringView>(row).view()));
      TURDB_ASSIGN_OR_RETURN(const std::optional<JsonText> found, Follow(JsonText(text), path));
      if (call.args.size() == 2) {
        Value value = Value::Null(TypeId::kAny);
        if (found) {
          TURDB_ASSIGN_OR_RETURN(value, SqlValue(*found));
        }
        call.result->SetValue(row, value);
        return absl::OkStatus();
      }
      if (i > 1) list.push_back(',');
      found ? AppendCompact(*found, &list) : void(list.append("null"));
    }
    list.push_back(']');
    call.result->SetValue(row, Value::OfBytes(TypeId::kJson, std::move(list)));
    return absl::OkStatus();
  });
}

// text -> path, text ->> path; the right side may be an index.
template <bool kSql>
void ArrowKernel(Call& call) {
  std::string holder, out;
  const bool by_index = call.argument_types[1].id == TypeId::kInt32;
  ForEachOk(call, [&](SelIndex row) -> Status {
    TURDB_ASSIGN_OR_RETURN(const std::string_view text, JsonArgument(call, 0, row, &holder));
    Path path;
    if (by_index) {
      path = IndexPath(call.args[1].Get<int32_t>(row));
    } else {
      TURDB_ASSIGN_OR_RETURN(path, ParseOperand(call.args[1].Get<StringView>(row).view()));
    }
    TURDB_ASSIGN_OR_RETURN(const std::optional<JsonText> found, Follow(JsonText(text), path));
    if (!found) {
      call.result->SetNull(row);
      return absl::OkStatus();
    }
    if constexpr (kSql) {
      TURDB_ASSIGN_OR_RETURN(const Value value, SqlValue(*found));
      call.result->SetValue(row, value);
    } else {
      out.clear();
      AppendCompact(*found, &out);
      call.result->SetString(row, out);
    }
    return absl::OkStatus();
  });
}

void TypeKernel(Call& call) {
  std::string holder;
  ForEachOk(call, [&](SelIndex row) -> Status {
    TURDB_ASSIGN_OR_RETURN(const std::string_view text, JsonArgument(call, 0, row, &holder));
    Path path;
    if (call.args.size() > 1) {
      TURDB_ASSIGN_OR_RETURN(path, ParsePath(call.args[1].Get<StringView>(row).view()));
    }
    TURDB_ASSIGN_OR_RETURN(const std::optional<JsonText> found, Follow(JsonText(text), path));
    if (found) {
      call.result->SetString(row, SqliteType(*found));
    } else {
      call.result->SetNull(row);
    }
    return absl::OkStatus();
  });
}

void LengthKernel(Call& call) {
  std::string holder;
  ForEachOk(call, [&](SelIndex row) -> Status {
    TURDB_ASSIGN_OR_RETURN(const std::string_view text, JsonArgument(call, 0, row, &holder));
    TURDB_ASSIGN_OR_RETURN(const Path path, ParsePath(call.args[1].Get<StringView>(row).view()));
    TURDB_ASSIGN_OR_RETURN(const std::optional<JsonText> found, Follow(JsonText(text), path));
    if (!found) {
      call.result->SetNull(row);
    } else {
      const bool array = found->kind() == JsonKind::kArray;
      call.result->data<int32_t>()[row] = array ? static_cast<int32_t>(JsonSource::Size(*found)) : 0;
    }
    return absl::OkStatus();
  });
}

// ---- changes

enum class Change : uint8_t { kSet, kInsert, kReplace, kRemove };

// Appends `value` with what lies at path[depth...] changed.
class Edit {
 public:
  Edit(const Path& path, Change change, std::string_view replacement, std::string* out)
      : path_(path), change_(change), replacement_(replacement), out_(*out) {}

  void Write(const JsonText& value, size_t depth) {
    if (depth == path_.size()) {
      change_ == Change::kInsert ? AppendCompact(value, &out_) : void(out_.append(replacement_));
      return;
    }
    const Step& step = path_[depth];
    if (step.is_index && value.kind() == JsonKind::kArray) return WriteArray(value, step, depth);
    if (!step.is_index && value.kind() == JsonKind::kObject) return WriteObject(value, step, depth);
    AppendCompact(value, &out_);
  }

 private:
  bool removes_here(size_t depth) const { return change_ == Change::kRemove && depth + 1 == path_.size(); }
  bool adds() const { return change_ == Change::kSet || change_ == Change::kInsert; }

  // What an absent place gets: the value, inside what the rest of the path asks for.
  void WriteNew(size_t depth) {
    std::string close;
    for (; depth < path_.size(); ++depth) {
      const Step& step = path_[depth];
      if (step.is_index) {
        out_.push_back('[');
        close.insert(0, "]");
      } else {
        out_.push_back('{');
        vec::AppendJsonString(step.name, &out_);
        out_.push_back(':');
        close.insert(0, "}");
      }
    }
    absl::StrAppend(&out_, replacement_, close);
  }

  void WriteArray(const JsonText& array, const Step& step, size_t depth) {
    const int64_t size = JsonSource::Size(array);
    const int64_t place = PlaceOf(step, size);
    int64_t i = 0;
    bool first = true;
    const auto comma = [&] {
      if (!first) out_.push_back(',');
      first = false;
    };
    out_.push_back('[');
    array.ForEachElement([&](const JsonText& element) {
      const bool here = i++ == place;
      if (here && removes_here(depth)) return true;
      comma();
      here ? Write(element, depth + 1) : AppendCompact(element, &out_);
      return true;
    });
    if (place == size && adds()) {
      comma();
      WriteNew(depth + 1);
    }
    out_.push_back(']');
  }

  void WriteObject(const JsonText& object, const Step& step, size_t depth) {
    bool found = false, first = true;
    const auto comma = [&] {
      if (!first) out_.push_back(',');
      first = false;
    };
    out_.push_back('{');
    object.ForEachMember([&](std::string_view key, const JsonText& member) {
      const bool here = IsKey(key, step.name);
      found |= here;
      if (here && removes_here(depth)) return true;
      comma();
      absl::StrAppend(&out_, key, ":");
      here ? Write(member, depth + 1) : AppendCompact(member, &out_);
      return true;
    });
    if (!found && adds()) {
      comma();
      vec::AppendJsonString(step.name, &out_);
      out_.push_back(':');
      WriteNew(depth + 1);
    }
    out_.push_back('}');
  }

  const Path& path_;
  const Change change_;
  const std::string_view replacement_;
  std::string& out_;
};

// json_set(json, path, value, path, value ...) and its kin. A NULL path changes nothing; a NULL json gives NULL.
template <Change kChange>
void ChangeKernel(Call& call) {
  std::string holder, replacement;
  constexpr size_t kStride = kChange == Change::kRemove ? 1 : 2;
  const auto change = [&](SelIndex row) -> Status {
    if (!call.args[0].IsValid(row)) {
      call.result->SetNull(row);
      return absl::OkStatus();
    }
    if ((call.args.size() - 1) % kStride != 0) {
      return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                       absl::StrCat(call.args.size(), " arguments: an odd number is needed"));
    }
    TURDB_ASSIGN_OR_RETURN(const std::string_view text, JsonArgument(call, 0, row, &holder));
    std::string value;
    AppendCompact(JsonText(text), &value);
    for (size_t i = 1; i < call.args.size(); i += kStride) {
      if (!call.args[i].IsValid(row)) continue;
      TURDB_ASSIGN_OR_RETURN(const Path path, ParsePath(call.args[i].Get<StringView>(row).view()));
      replacement = "null";
      if (kStride == 2) {
        const Type& type = call.argument_types[i + 1];
        if (const void* slot = SlotAt(type, call.args[i + 1], row); slot != nullptr) {
          replacement.clear();
          TURDB_RETURN_IF_ERROR(AppendAsJson(type, slot, call.context, &replacement));
        }
      }
      if (kChange == Change::kRemove && path.empty()) {
        call.result->SetNull(row);
        return absl::OkStatus();
      }
      std::string changed;
      Edit(path, kChange, replacement, &changed).Write(JsonText(value), 0);
      value = std::move(changed);
      TURDB_RETURN_IF_ERROR(vec::CheckJsonDepth(value));
    }
    call.result->SetString(row, value);
    return absl::OkStatus();
  };
  for (uint32_t i = 0; i < call.rows.count; ++i) {
    if (Status status = change(call.rows[i]); !status.ok()) call.RaiseStatus(call.rows[i], std::move(status));
  }
}

// RFC 7396: members of the patch replace, null removes, objects merge.
void AppendPatched(const std::optional<JsonText>& target, const JsonText& patch, std::string* out) {
  if (patch.kind() != JsonKind::kObject) return AppendCompact(patch, out);
  bool first = true;
  const auto member = [&](std::string_view key) {
    if (!first) out->push_back(',');
    first = false;
    absl::StrAppend(out, key, ":");
  };
  const auto find = [](const JsonText& object, std::string_view quoted) {
    std::optional<JsonText> found;
    object.ForEachMember([&](std::string_view key, const JsonText& value) {
      if (key == quoted) found = value;
      return true;
    });
    return found;
  };
  const bool merges = target && target->kind() == JsonKind::kObject;
  out->push_back('{');
  if (merges) {
    target->ForEachMember([&](std::string_view key, const JsonText& value) {
      const std::optional<JsonText> change = find(patch, key);
      if (change && change->kind() == JsonKind::kNull) return true;
      member(key);
      change ? AppendPatched(value, *change, out) : AppendCompact(value, out);
      return true;
    });
  }
  patch.ForEachMember([&](std::string_view key, const JsonText& value) {
    if (value.kind() == JsonKind::kNull || (merges && find(*target, key))) return true;
    member(key);
    AppendPatched(std::nullopt, value, out);
    return true;
  });
  out->push_back('}');
}

void PatchKernel(Call& call) {
  std::string a, b, out;
  ForEachOk(call, [&](SelIndex row) -> Status {
    TURDB_ASSIGN_OR_RETURN(const std::string_view target, JsonArgument(call, 0, row, &a));
    TURDB_ASSIGN_OR_RETURN(const std::string_view patch, JsonArgument(call, 1, row, &b));
    out.clear();
    AppendPatched(JsonText(target), JsonText(patch), &out);
    call.result->SetString(row, out);
    return absl::OkStatus();
  });
}

// What is no json is read as text; paths are text.
Status BindJson(BoundCall* call, std::span<const Type> actual) {
  if (!vec::IsJson(actual[0].id)) call->argument_types[0] = TypeId::kText;
  return absl::OkStatus();
}
Status BindPatch(BoundCall* call, std::span<const Type> actual) {
  for (size_t i = 0; i < actual.size(); ++i) {
    if (!vec::IsJson(actual[i].id)) call->argument_types[i] = TypeId::kText;
  }
  return absl::OkStatus();
}
Status BindChanges(BoundCall* call, std::span<const Type> actual) {
  TURDB_RETURN_IF_ERROR(BindJson(call, actual));
  const size_t stride = call->function->name == "json_remove" ? 1 : 2;
  for (size_t i = 1; i < actual.size(); i += stride) call->argument_types[i] = TypeId::kText;
  return absl::OkStatus();
}

// ---- json_each and json_tree

// The rows of one value, in the order of the text; json_tree goes into containers.
class TreeScan : public SetScan {
 public:
  explicit TreeScan(bool tree) : tree_(tree) {}

  Status Start(std::span<const Value> arguments, CallContext&) override {
    rows_.clear();
    next_ = 0;
    text_ = arguments[0].bytes();
    TURDB_RETURN_IF_ERROR(vec::CheckJsonText(text_));
    Path path;
    std::string root = "$";
    if (arguments.size() > 1) {
      root = arguments[1].bytes();
      TURDB_ASSIGN_OR_RETURN(path, ParsePath(root));
    }
    TURDB_ASSIGN_OR_RETURN(const std::optional<JsonText> found, Follow(JsonText(text_), path));
    if (!found) return absl::OkStatus();
    if (tree_ || (found->kind() != JsonKind::kArray && found->kind() != JsonKind::kObject)) {
      return Visit(*found, Value::Null(TypeId::kAny), -1, root, root);
    }
    return VisitChildren(*found, -1, root);
  }

  StatusOr<bool> Next(std::vector<Value>* row) override {
    if (next_ == rows_.size()) return false;
    *row = std::move(rows_[next_++]);
    return true;
  }

 private:
  Status Visit(const JsonText& value, const Value& key, int64_t parent, const std::string& full_key, const std::string& path) {
    const auto id = static_cast<int64_t>(value.text().data() - text_.data());
    const bool container = value.kind() == JsonKind::kArray || value.kind() == JsonKind::kObject;
    TURDB_ASSIGN_OR_RETURN(const Value sql, SqlValue(value));
    rows_.push_back({key, sql, Value::Text(SqliteType(value)), container ? Value::Null(TypeId::kAny) : sql, Value::Int64(id),
                     parent < 0 ? Value::Null(TypeId::kInt64) : Value::Int64(parent), Value::Text(full_key),
                     Value::Text(path)});
    return tree_ && container ? VisitChildren(value, id, full_key) : absl::OkStatus();
  }

  Status VisitChildren(const JsonText& container, int64_t parent, const std::string& path) {
    Status status;
    if (container.kind() == JsonKind::kArray) {
      int64_t i = 0;
      container.ForEachElement([&](const JsonText& element) {
        status = Visit(element, Value::Int64(i), parent, absl::StrCat(path, "[", i, "]"), path);
        ++i;
        return status.ok();
      });
      return status;
    }
    container.ForEachMember([&](std::string_view quoted, const JsonText& value) {
      const auto key = vec::UnquoteJson(quoted);
      if (!key.ok()) {
        status = key.status();
        return false;
      }
      const bool plain = !key->empty() && std::all_of(key->begin(), key->end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
      });
      const std::string full = plain ? absl::StrCat(path, ".", *key) : absl::StrCat(path, ".\"", *key, "\"");
      status = Visit(value, Value::Text(*key), parent, full, path);
      return status.ok();
    });
    return status;
  }

  const bool tree_;
  std::string text_;
  std::vector<std::vector<Value>> rows_;
  size_t next_ = 0;
};

std::unique_ptr<SetScan> MakeEach(const BoundSetFunction&) { return std::make_unique<TreeScan>(false); }
std::unique_ptr<SetScan> MakeTree(const BoundSetFunction&) { return std::make_unique<TreeScan>(true); }

}  // namespace

void AddSqliteJson(FunctionList& list) {
  constexpr TypeId kJson = TypeId::kJson, kText = TypeId::kText, kAny = TypeId::kAny;
  list.Add("json", {kAnyArgument}, kJson, kCanRaise, MinifyKernel, BindJson);
  list.Add("jsonb", {kAnyArgument}, TypeId::kJsonb, kCanRaise, BinaryKernel, BindJson);
  list.Add("json_valid", {kText}, TypeId::kBoolean, 0, ValidKernel);
  list.Add("json_quote", {kAnyArgument}, kJson, kCanRaise | kStable | FunctionList::kNotStrict, QuoteKernel);
  list.AddVariadic("json_extract", {kAnyArgument, kText}, kAny, kCanRaise, ExtractKernel, BindJson);
  list.Add("json_type", {kAnyArgument}, kText, kCanRaise, TypeKernel, BindJson);
  list.Add("json_type", {kAnyArgument, kText}, kText, kCanRaise, TypeKernel, BindJson);
  list.Add("json_array_length", {kAnyArgument, kText}, TypeId::kInt32, kCanRaise, LengthKernel, BindJson);
  list.Add("->", {kText, kText}, kJson, kCanRaise, ArrowKernel<false>);
  list.Add("->", {kText, TypeId::kInt32}, kJson, kCanRaise, ArrowKernel<false>);
  list.Add("->>", {kText, kText}, kAny, kCanRaise, ArrowKernel<true>);
  list.Add("->>", {kText, TypeId::kInt32}, kAny, kCanRaise, ArrowKernel<true>);
  constexpr int kNulls = kCanRaise | kStable | FunctionList::kNotStrict;
  list.AddVariadic("json_set", {kAnyArgument, kAnyArgument, kAnyArgument}, kJson, kNulls, ChangeKernel<Change::kSet>,
                   BindChanges);
  list.AddVariadic("json_insert", {kAnyArgument, kAnyArgument, kAnyArgument}, kJson, kNulls, ChangeKernel<Change::kInsert>,
                   BindChanges);
  list.AddVariadic("json_replace", {kAnyArgument, kAnyArgument, kAnyArgument}, kJson, kNulls, ChangeKernel<Change::kReplace>,
                   BindChanges);
  list.AddVariadic("json_remove", {kAnyArgument, kAnyArgument}, kJson, kNulls, ChangeKernel<Change::kRemove>, BindChanges);
  list.Add("json_patch", {kAnyArgument, kAnyArgument}, kJson, kCanRaise, PatchKernel, BindPatch);
}

void AddSqliteJsonSets(std::vector<SetFunction>& list) {
  constexpr TypeId kText = TypeId::kText, kAny = TypeId::kAny, kInt = TypeId::kInt64;
  const std::vector<SetColumn> columns = {{"key", kAny}, {"value", kAny},  {"type", kText},    {"atom", kAny},
                                          {"id", kInt},  {"parent", kInt}, {"fullkey", kText}, {"path", kText}};
  for (const bool with_path : {false, true}) {
    std::vector<TypeId> arguments = {kText};
    if (with_path) arguments.push_back(kText);
    list.push_back({"json_each", arguments, columns, MakeEach});
    list.push_back({"json_tree", arguments, columns, MakeTree});
  }
}

}  // namespace turdb::function
