#include "function/json_support.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "vec/any.h"
#include "vec/numeric.h"
#include "vec/struct.h"
#include "vec/text_format.h"
#include "vec/type_source.h"

namespace turdb::function {

using base::MakeError;
using vec::JsonKind;
using vec::JsonText;
using vec::JsonView;
using vec::JsonWriter;

namespace {

// f(type, slot) with what an ANY holds.
template <typename F>
Status WithAny(const void* slot, F&& f) {
  const Value value = vec::DecodeAny(static_cast<const StringView*>(slot)->view());
  if (value.type().physical() != vec::PhysicalType::kString) return f(value.type(), value.fixed_data());
  const StringView view{std::string_view(value.bytes())};
  return f(value.type(), static_cast<const void*>(&view));
}

// Text of a value as JSON has it; numbers that JSON does not know (NaN) are strings.
std::string TextOf(const Type& type, const void* slot, const CallContext& context) {
  std::string text;
  vec::AppendSlotText(type, slot, context.text, &text);
  if (type.id == TypeId::kTimestamp || type.id == TypeId::kTimestampTz) {
    if (const size_t blank = text.find(' '); blank != std::string::npos) text[blank] = 'T';
  }
  if (type.id == TypeId::kTimestampTz && text.size() > 3) {  // +02 is +02:00 in ISO 8601
    const size_t sign = text.find_last_of("+-");
    if (sign != std::string::npos && sign > 10 && sign + 3 == text.size()) text += ":00";
  }
  return text;
}

// NaN and Infinity end in letters.
bool IsJsonNumber(std::string_view text) { return !text.empty() && text.back() >= '0' && text.back() <= '9'; }

}  // namespace

const void* SlotAt(const Type& type, const VectorView& view, SelIndex row) {
  return view.IsValid(row) ? view.data + view.Index(row) * type.width() : nullptr;
}

namespace {

// [1,2] of the elements from *next on; one level a dimension.
Status AppendArrayLevel(const vec::ArrayView& array, int d, uint32_t* next, const CallContext& context, std::string* out) {
  out->push_back('[');
  const uint32_t length = array.dimensions() == 0 ? 0 : array.dimension(d).length;
  for (uint32_t i = 0; i < length; ++i) {
    if (i != 0) out->push_back(',');
    if (d + 1 < array.dimensions()) {
      TURDB_RETURN_IF_ERROR(AppendArrayLevel(array, d + 1, next, context, out));
    } else if (const uint32_t element = (*next)++; array.IsNull(element)) {
      out->append("null");
    } else {
      vec::ElementSlot slot;
      TURDB_RETURN_IF_ERROR(AppendAsJson(array.element_type(), array.Load(element, &slot), context, out));
    }
  }
  out->push_back(']');
  return absl::OkStatus();
}

Status WriteArrayLevel(const vec::ArrayView& array, int d, uint32_t* next, const CallContext& context, JsonWriter* writer) {
  writer->BeginArray();
  const uint32_t length = array.dimensions() == 0 ? 0 : array.dimension(d).length;
  for (uint32_t i = 0; i < length; ++i) {
    if (d + 1 < array.dimensions()) {
      TURDB_RETURN_IF_ERROR(WriteArrayLevel(array, d + 1, next, context, writer));
    } else if (const uint32_t element = (*next)++; array.IsNull(element)) {
      writer->Null();
    } else {
      vec::ElementSlot slot;
      TURDB_RETURN_IF_ERROR(WriteAsJsonb(array.element_type(), array.Load(element, &slot), context, writer));
    }
  }
  writer->EndArray();
  return absl::OkStatus();
}

// visit(name, type, slot), slot null for NULL, of each field of a struct.
template <typename F>
Status ForEachField(const Type& type, std::string_view bytes, const CallContext& context, F&& visit) {
  const auto fields = context.text.types == nullptr ? nullptr : context.text.types->FieldsOf(type);
  const vec::StructView value(bytes);
  vec::ElementSlot slot;
  for (size_t i = 0; i < value.size(); ++i) {
    const bool known = fields != nullptr && i < fields->size();
    TURDB_RETURN_IF_ERROR(visit(known ? (*fields)[i].name : absl::StrCat("f", i + 1),
                                known ? (*fields)[i].type : value.field_type(i),
                                value.IsNull(i) ? nullptr : value.Load(i, &slot)));
  }
  return absl::OkStatus();
}

// visit(key, type, slot) of each entry of a map.
template <typename F>
Status ForEachEntry(const Type& type, std::string_view bytes, const CallContext& context, F&& visit) {
  const auto fields = context.text.types == nullptr ? nullptr : context.text.types->FieldsOf(type);
  const vec::ArrayView entries = vec::MapEntries(bytes);
  for (uint32_t i = 0; i < entries.size(); ++i) {
    vec::ElementSlot entry_slot, slot;
    const vec::StructView entry(static_cast<const StringView*>(entries.Load(i, &entry_slot))->view());
    const std::string key = TextOf(entry.field_type(0), entry.Load(0, &slot), context);
    TURDB_RETURN_IF_ERROR(visit(key, fields != nullptr ? (*fields)[1].type : entry.field_type(1),
                                entry.IsNull(1) ? nullptr : entry.Load(1, &slot)));
  }
  return absl::OkStatus();
}

}  // namespace

Status AppendAsJson(const Type& type, const void* slot, const CallContext& context, std::string* out) {
  switch (type.id) {
    case TypeId::kAny:
      return WithAny(slot, [&](const Type& inner, const void* value) { return AppendAsJson(inner, value, context, out); });
    case TypeId::kBoolean:
      out->append(*static_cast<const bool*>(slot) ? "true" : "false");
      return absl::OkStatus();
    case TypeId::kJson:
      out->append(static_cast<const StringView*>(slot)->view());
      return absl::OkStatus();
    case TypeId::kJsonb:
      vec::AppendJson(JsonView(static_cast<const StringView*>(slot)->view()), vec::JsonLayout::kSpaced, out);
      return absl::OkStatus();
    case TypeId::kArray: {
      uint32_t next = 0;
      return AppendArrayLevel(vec::ArrayView(type, static_cast<const StringView*>(slot)->view()), 0, &next, context, out);
    }
    case TypeId::kDenseVector:  // as it prints
      out->append(TextOf(type, slot, context));
      return absl::OkStatus();
    case TypeId::kStruct:
    case TypeId::kMap: {
      const auto append = [&](std::string_view name, const Type& field, const void* value) -> Status {
        out->append(out->back() == '{' ? "" : ",");
        vec::AppendJsonString(name, out);
        out->push_back(':');
        if (value != nullptr) return AppendAsJson(field, value, context, out);
        out->append("null");
        return absl::OkStatus();
      };
      const std::string_view bytes = static_cast<const StringView*>(slot)->view();
      out->push_back('{');
      TURDB_RETURN_IF_ERROR(type.id == TypeId::kStruct ? ForEachField(type, bytes, context, append)
                                                       : ForEachEntry(type, bytes, context, append));
      out->push_back('}');
      return absl::OkStatus();
    }
    default:
      break;
  }
  const std::string text = TextOf(type, slot, context);
  if (vec::IsNumber(type.id) && IsJsonNumber(text)) {
    out->append(text);
  } else {
    vec::AppendJsonString(text, out);
  }
  return absl::OkStatus();
}

Status WriteAsJsonb(const Type& type, const void* slot, const CallContext& context, JsonWriter* writer) {
  switch (type.id) {
    case TypeId::kAny:
      return WithAny(slot, [&](const Type& inner, const void* value) { return WriteAsJsonb(inner, value, context, writer); });
    case TypeId::kBoolean:
      writer->Boolean(*static_cast<const bool*>(slot));
      return absl::OkStatus();
    case TypeId::kJson: {
      std::string jsonb;
      TURDB_RETURN_IF_ERROR(vec::ParseJson(static_cast<const StringView*>(slot)->view(), &jsonb));
      writer->Value(JsonView(jsonb));
      return absl::OkStatus();
    }
    case TypeId::kJsonb:
      writer->Value(JsonView(static_cast<const StringView*>(slot)->view()));
      return absl::OkStatus();
    case TypeId::kArray: {
      uint32_t next = 0;
      return WriteArrayLevel(vec::ArrayView(type, static_cast<const StringView*>(slot)->view()), 0, &next, context, writer);
    }
    case TypeId::kDenseVector: {
      std::string jsonb;
      TURDB_RETURN_IF_ERROR(vec::ParseJson(TextOf(type, slot, context), &jsonb));
      writer->Value(JsonView(jsonb));
      return absl::OkStatus();
    }
    case TypeId::kStruct:
    case TypeId::kMap: {
      const auto write = [&](std::string_view name, const Type& field, const void* value) -> Status {
        writer->Key(name);
        if (value != nullptr) return WriteAsJsonb(field, value, context, writer);
        writer->Null();
        return absl::OkStatus();
      };
      const std::string_view bytes = static_cast<const StringView*>(slot)->view();
      writer->BeginObject();
      TURDB_RETURN_IF_ERROR(type.id == TypeId::kStruct ? ForEachField(type, bytes, context, write)
                                                       : ForEachEntry(type, bytes, context, write));
      writer->EndObject();
      return absl::OkStatus();
    }
    default:
      break;
  }
  const std::string text = TextOf(type, slot, context);
  if (vec::IsNumber(type.id) && IsJsonNumber(text)) {
    if (const std::optional<vec::Numeric> number = vec::Numeric::Parse(text)) {
      writer->Number(*number);
      return absl::OkStatus();
    }
  }
  writer->String(text);
  return absl::OkStatus();
}

// ---- json and jsonb

StatusOr<std::optional<JsonView>> JsonbSource::Member(const JsonView& item, std::string_view name) {
  if (item.kind() != JsonKind::kObject) return std::optional<JsonView>();
  return item.Find(name);
}

std::optional<JsonView> JsonbSource::Element(const JsonView& item, int64_t index) {
  if (item.kind() != JsonKind::kArray) return std::nullopt;
  const int64_t at = index < 0 ? item.size() + index : index;
  if (at < 0 || at >= int64_t{item.size()}) return std::nullopt;
  return item.element(static_cast<uint32_t>(at));
}

Status JsonbSource::AppendPlain(const JsonView& item, std::string* out) {
  if (item.kind() == JsonKind::kString) {
    out->append(item.string());
  } else {
    vec::AppendJson(item, vec::JsonLayout::kSpaced, out);
  }
  return absl::OkStatus();
}

StatusOr<std::optional<JsonText>> JsonSource::Member(const JsonText& item, std::string_view name) {
  std::optional<JsonText> found;
  if (item.kind() != JsonKind::kObject) return found;
  Status status;
  item.ForEachMember([&](std::string_view quoted, const JsonText& value) {
    if (quoted.find('\\') == std::string_view::npos) {
      if (quoted.substr(1, quoted.size() - 2) == name) found = value;
      return true;
    }
    auto key = vec::UnquoteJson(quoted);
    if (!key.ok()) {
      status = key.status();
      return false;
    }
    if (*key == name) found = value;
    return true;
  });
  TURDB_RETURN_IF_ERROR(status);
  return found;
}

int64_t JsonSource::Size(const JsonText& item) {
  int64_t size = 0;
  if (item.kind() == JsonKind::kArray) {
    item.ForEachElement([&](const JsonText&) { return ++size > 0; });
  } else if (item.kind() == JsonKind::kObject) {
    item.ForEachMember([&](std::string_view, const JsonText&) { return ++size > 0; });
  }
  return size;
}

std::optional<JsonText> JsonSource::Element(const JsonText& item, int64_t index) {
  std::optional<JsonText> found;
  if (item.kind() != JsonKind::kArray) return found;
  if (index < 0) index += Size(item);
  if (index < 0) return found;
  item.ForEachElement([&](const JsonText& element) {
    if (index-- != 0) return true;
    found = element;
    return false;
  });
  return found;
}

Status JsonSource::AppendPlain(const JsonText& item, std::string* out) {
  if (item.kind() != JsonKind::kString) {
    out->append(item.text());
    return absl::OkStatus();
  }
  TURDB_ASSIGN_OR_RETURN(const std::string text, vec::UnquoteJson(item.text()));
  out->append(text);
  return absl::OkStatus();
}

std::string_view JsonTypeName(JsonKind kind) {
  switch (kind) {
    case JsonKind::kNull:
      return "null";
    case JsonKind::kFalse:
    case JsonKind::kTrue:
      return "boolean";
    case JsonKind::kNumber:
      return "number";
    case JsonKind::kString:
      return "string";
    case JsonKind::kArray:
      return "array";
    case JsonKind::kObject:
      return "object";
  }
  return "";
}

StatusOr<std::vector<std::string>> PathOf(std::string_view text_array, bool* nulls) {
  const vec::ArrayView array(Type::ArrayOf(TypeId::kText), text_array);
  std::vector<std::string> path;
  for (uint32_t i = 0; i < array.size(); ++i) {
    if (array.IsNull(i)) {
      if (nulls == nullptr) {
        return MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"22004"},
                         absl::StrCat("path element at position ", i + 1, " is null"));
      }
      *nulls = true;
      return path;
    }
    vec::ElementSlot slot;
    path.emplace_back(static_cast<const StringView*>(array.Load(i, &slot))->view());
  }
  return path;
}

std::optional<int32_t> PathIndex(std::string_view step) {
  int32_t index = 0;
  if (!absl::SimpleAtoi(step, &index)) return std::nullopt;
  return index;
}

Status JsonError(std::string_view message) {
  return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter, message);
}

}  // namespace turdb::function
