// Rows out of JSON: json_populate_record, json_to_record and their sets. A member goes into the field of its name, by its text
// form; arrays and objects go into arrays and structs.
#include "function/json_support.h"
#include "function/struct_functions.h"
#include "vec/array.h"
#include "vec/struct.h"
#include "vec/type_source.h"

namespace turdb::function {
namespace {

using vec::JsonKind;
using vec::JsonView;

class RecordReader {
 public:
  explicit RecordReader(CallContext& context) : context_(context) {}

  // An object as a struct; what it does not name is as in `base`, or NULL.
  StatusOr<std::string> Record(const JsonView& object, const Type& type, const vec::StructView* base) {
    if (object.kind() != JsonKind::kObject) return JsonError("argument of json_populate_record must be an object");
    const auto fields = context_.text.types == nullptr ? nullptr : context_.text.types->FieldsOf(type);
    if (fields == nullptr) return base::UnsupportedError("a record of unknown fields");
    vec::StructBuilder builder;
    for (size_t i = 0; i < fields->size(); ++i) {
      const Type& field = (*fields)[i].type;
      const std::optional<JsonView> member = object.Find((*fields)[i].name);
      if (member) {
        TURDB_ASSIGN_OR_RETURN(const Value value, Convert(*member, field));
        builder.AddValue(field, value);
      } else if (base != nullptr && i < base->size() && !base->IsNull(i)) {
        vec::ElementSlot slot;
        builder.Add(field, base->Load(i, &slot));
      } else {
        builder.AddNull(field);
      }
    }
    return builder.Finish();
  }

 private:
  StatusOr<Value> Convert(const JsonView& item, const Type& type) {
    if (item.kind() == JsonKind::kNull && type.id != TypeId::kJson && type.id != TypeId::kJsonb) return Value::Null(type);
    if (type.id == TypeId::kJsonb) {
      std::string bytes;
      vec::JsonWriter writer(&bytes);
      writer.Value(item);
      return Value::OfBytes(type, std::move(bytes));
    }
    if (type.id == TypeId::kStruct && item.kind() == JsonKind::kObject) {
      TURDB_ASSIGN_OR_RETURN(std::string bytes, Record(item, type, nullptr));
      return Value::OfBytes(type, std::move(bytes));
    }
    if (type.id == TypeId::kArray && item.kind() == JsonKind::kArray) {
      vec::ArrayBuilder builder(type.element_type());
      for (uint32_t i = 0; i < item.size(); ++i) {
        if (item.element(i).kind() == JsonKind::kArray && type.element != TypeId::kJson && type.element != TypeId::kJsonb) {
          return base::UnsupportedError("an array of arrays from JSON");
        }
        TURDB_ASSIGN_OR_RETURN(const Value element, Convert(item.element(i), type.element_type()));
        builder.AddValue(element);
      }
      return Value::OfBytes(type, builder.Finish());
    }
    std::string text;
    if (item.kind() == JsonKind::kString && type.id != TypeId::kJson) {
      text = std::string(item.string());
    } else {
      vec::AppendJson(item, vec::JsonLayout::kSpaced, &text);
    }
    return Value::Parse(text, type, &context_.text);
  }

  CallContext& context_;
};

void RecordKernel(Call& call) {
  RecordReader reader(call.context);
  for (uint32_t r = 0; r < call.rows.count; ++r) {
    const SelIndex row = call.rows[r];
    if (!call.args[1].IsValid(row)) {
      call.result->SetNull(row);
      continue;
    }
    std::optional<vec::StructView> base;
    if (call.args[0].IsValid(row)) base.emplace(call.args[0].Get<StringView>(row).view());
    const StatusOr<std::string> made =
        reader.Record(JsonView(call.args[1].Get<StringView>(row).view()), call.result_type(), base ? &*base : nullptr);
    if (!made.ok()) {
      call.RaiseStatus(row, made.status());
    } else {
      call.result->SetString(row, *made);
    }
  }
}

void RecordsKernel(Call& call) {
  RecordReader reader(call.context);
  const Type element = call.result_type().element_type();
  for (uint32_t r = 0; r < call.rows.count; ++r) {
    const SelIndex row = call.rows[r];
    if (!call.args[1].IsValid(row)) {
      call.result->SetNull(row);
      continue;
    }
    const JsonView array(call.args[1].Get<StringView>(row).view());
    if (array.kind() != JsonKind::kArray) {
      call.RaiseStatus(row, JsonError("cannot call json_populate_recordset on what is no array"));
      continue;
    }
    std::optional<vec::StructView> base;
    if (call.args[0].IsValid(row)) base.emplace(call.args[0].Get<StringView>(row).view());
    vec::ArrayBuilder builder(element);
    for (uint32_t i = 0; i < array.size(); ++i) {
      const StatusOr<std::string> made = reader.Record(array.element(i), element, base ? &*base : nullptr);
      if (!made.ok()) {
        call.RaiseStatus(row, made.status());
        break;
      }
      const StringView view(*made);
      builder.Add(&view);
    }
    call.result->SetString(row, builder.Finish());
  }
}

BoundCall Bound(const ScalarFunction& function, const Type& base, const Type& result) {
  BoundCall call;
  call.function = &function;
  call.kernel = function.kernel;
  call.argument_types = {base, TypeId::kJsonb};
  call.result_type = result;
  call.flags = function.flags;
  return call;
}

}  // namespace

BoundCall BindJsonRecord(const Type& type) {
  static const ScalarFunction kFunction{
      "json_populate_record", {kAnyArgument}, TypeId::kUnknown, kCanRaise | kStable, RecordKernel};
  return Bound(kFunction, type, type);
}

BoundCall BindJsonRecords(const Type& type) {
  static const ScalarFunction kFunction{
      "json_populate_recordset", {kAnyArgument}, TypeId::kUnknown, kCanRaise | kStable, RecordsKernel};
  return Bound(kFunction, type, Type::ArrayOf(type));
}

}  // namespace turdb::function
