// Rows in one piece of memory, without pointers: what turdb.h and docs/packed.md describe. A language whose calls into C
// cost much crosses once for a row of parameters and once for a batch of rows.
#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "capi/call.h"
#include "capi/handles.h"
#include "capi/packed.h"
#include "capi/value.h"
#include "engine/parameter.h"
#include "engine/result.h"
#include "vec/any.h"
#include "vec/array.h"
#include "vec/dense_vector.h"
#include "vec/enum.h"
#include "vec/numeric.h"
#include "vec/utf8.h"

using turdb::base::Status;
using turdb::base::StatusOr;
using turdb::capi::PackedReader;
using turdb::engine::Appender;
using turdb::engine::Statement;
using turdb::engine::StepResult;
using turdb::vec::ArrayBuilder;
using turdb::vec::ArrayDimension;
using turdb::vec::ArrayView;
using turdb::vec::Int128;
using turdb::vec::Interval;
using turdb::vec::PhysicalType;
using turdb::vec::StringView;
using turdb::vec::TextContext;
using turdb::vec::Type;
using turdb::vec::TypeId;
using turdb::vec::Uuid;
using turdb::vec::Value;

static_assert(std::endian::native == std::endian::little, "numbers are packed as they lie in memory");

namespace {

// ---- writing

// Writes into the caller's memory while there is room, and counts what is needed where there is none.
class PackedWriter {
 public:
  PackedWriter(uint8_t* data, size_t capacity) : data_(data), capacity_(capacity) {}

  size_t size() const { return size_; }
  bool fits() const { return size_ <= capacity_; }
  void Truncate(size_t size) { size_ = size; }

  void Put(const void* bytes, size_t count) {
    if (count <= capacity_ && size_ <= capacity_ - count && count != 0) std::memcpy(data_ + size_, bytes, count);
    size_ += count;
  }
  template <typename T>
  void PutFixed(T value) {
    Put(&value, sizeof value);
  }
  void PutTag(int32_t type) { PutFixed(static_cast<uint8_t>(type)); }
  // A tag and a number behind it: what most values are, so with one look at the room that there is.
  template <typename T>
  void PutTagged(int32_t type, T value) {
    if (sizeof value < capacity_ && size_ < capacity_ - sizeof value) [[likely]] {
      data_[size_] = static_cast<uint8_t>(type);
      std::memcpy(data_ + size_ + 1, &value, sizeof value);
    }
    size_ += 1 + sizeof value;
  }
  void PutBytes(int32_t type, std::string_view bytes) {
    PutTagged(type, static_cast<uint32_t>(bytes.size()));
    Put(bytes.data(), bytes.size());
  }
  // A size that is known only when what it counts has been written.
  size_t BeginSized() {
    const size_t at = size_;
    PutFixed(uint32_t{0});
    return at;
  }
  void EndSized(size_t at) {
    if (!fits()) return;
    const auto size = static_cast<uint32_t>(size_ - at - 4);
    std::memcpy(data_ + at, &size, 4);
  }

 private:
  uint8_t* data_;
  size_t capacity_;
  size_t size_ = 0;
};

template <typename T>
T Load(const void* cell) {
  T value;
  std::memcpy(&value, cell, sizeof value);
  return value;
}

void PackCell(const Type& type, const void* cell, const TextContext& context, PackedWriter* out);

// REQUIRES: a type whose values lie in fixed width.
Value FixedValue(const Type& type, const void* cell) {
  return turdb::vec::VisitPhysical(type.physical(), [&](auto tag) -> Value {
    using T = decltype(tag);
    if constexpr (std::is_same_v<T, StringView>) {
      return Value();
    } else {
      return Value::Of(type, Load<T>(cell));
    }
  });
}

void PackArray(const Type& type, std::string_view bytes, const TextContext& context, PackedWriter* out) {
  const ArrayView array(type, bytes);
  out->PutTag(TURDB_TYPE_ARRAY);
  const size_t sized = out->BeginSized();
  out->PutTag(turdb::capi::PublicType(array.element_type().id));
  out->PutFixed(static_cast<uint8_t>(array.dimensions()));
  for (int d = 0; d < array.dimensions(); ++d) {
    out->PutFixed(array.dimension(d).lower);
    out->PutFixed(array.dimension(d).length);
  }
  turdb::vec::ElementSlot slot;
  for (uint32_t i = 0; i < array.size(); ++i) {
    PackCell(array.element_type(), array.IsNull(i) ? nullptr : array.Load(i, &slot), context, out);
  }
  out->EndSized(sized);
}

void PackAny(std::string_view bytes, const TextContext& context, PackedWriter* out) {
  const Value value = turdb::vec::DecodeAny(bytes);
  if (value.is_null()) return out->PutTag(TURDB_TYPE_NULL);
  if (value.type().physical() != PhysicalType::kString) return PackCell(value.type(), value.fixed_data(), context, out);
  const StringView view{std::string_view(value.bytes())};
  PackCell(value.type(), &view, context, out);
}

// A value that lies as one of a vector does; null for NULL.
void PackCell(const Type& type, const void* cell, const TextContext& context, PackedWriter* out) {
  if (cell == nullptr) return out->PutTag(TURDB_TYPE_NULL);
  const int32_t tag = turdb::capi::PublicType(type.id);
  switch (type.id) {
    case TypeId::kInt32:
    case TypeId::kUInt32:
    case TypeId::kFloat:
    case TypeId::kDate:
      return out->PutTagged(tag, Load<uint32_t>(cell));
    case TypeId::kInt64:
    case TypeId::kUInt64:
    case TypeId::kDouble:
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz:
      return out->PutTagged(tag, Load<uint64_t>(cell));
    case TypeId::kBoolean:
    case TypeId::kInt8:
    case TypeId::kUInt8:
    case TypeId::kInt16:
    case TypeId::kUInt16:
    case TypeId::kInt128:
    case TypeId::kInterval:
    case TypeId::kUuid:
      out->PutTag(tag);
      return out->Put(cell, type.width());
    case TypeId::kUnknown:
    case TypeId::kText:
    case TypeId::kVarchar:
    case TypeId::kChar:
    case TypeId::kBlob:
    case TypeId::kJson: {
      const auto* view = static_cast<const StringView*>(cell);
      return out->PutBytes(tag, {view->data(), view->size()});
    }
    case TypeId::kDecimal:
      return out->PutBytes(tag, FixedValue(type, cell).ToString());
    case TypeId::kNumeric: {
      const auto view = Load<StringView>(cell);
      return out->PutBytes(tag, turdb::vec::Numeric::FromBytes(view.view()).ToString());
    }
    case TypeId::kEnum: {
      const auto view = Load<StringView>(cell);
      return out->PutBytes(tag, turdb::vec::LabelOf(view.view()));
    }
    case TypeId::kAny: {
      const auto view = Load<StringView>(cell);
      return PackAny(view.view(), context, out);
    }
    case TypeId::kArray: {
      const auto view = Load<StringView>(cell);
      return PackArray(type, view.view(), context, out);
    }
    case TypeId::kDenseVector: {
      const auto view = Load<StringView>(cell);
      std::string bytes(1, static_cast<char>(type.precision));
      bytes.append(view.data(), view.size());
      return out->PutBytes(tag, bytes);
    }
    case TypeId::kJsonb:
    case TypeId::kStruct:
    case TypeId::kMap:
    case TypeId::kInet:
    case TypeId::kCidr:
    case TypeId::kMacaddr:
    case TypeId::kBit:
    case TypeId::kVarbit:
    case TypeId::kInt4Range:
    case TypeId::kInt8Range:
    case TypeId::kNumRange:
    case TypeId::kTsRange:
    case TypeId::kTstzRange:
    case TypeId::kDateRange:
      break;
  }
  const auto view = Load<StringView>(cell);
  out->PutBytes(tag, Value::OfBytes(type, std::string(view.view())).ToString(&context));
}

// Packs rows until there are `max_rows`, the memory is full, or there are no more. *needed is the size of a row that does
// not fit into the whole of the memory.
StatusOr<turdb_status> FetchRows(turdb_stmt* stmt, int64_t max_rows, PackedWriter* out, int64_t* rows, size_t* needed) {
  Statement& statement = *stmt->statement;
  bool at_row = std::exchange(stmt->row_is_owed, false) && statement.has_row();
  for (;;) {
    if (!at_row) {
      if (*rows == max_rows) return TURDB_ROW;
      if (!statement.StepInChunk()) {
        TURDB_ASSIGN_OR_RETURN(const StepResult result, statement.Step());
        if (result == StepResult::kDone) return TURDB_DONE;
      }
    }
    at_row = false;
    const size_t begin = out->size();
    for (size_t i = 0; i < statement.column_count(); ++i) {
      PackCell(statement.column_type(i), statement.cell(i), statement.text_context(), out);
    }
    if (!out->fits()) {
      stmt->row_is_owed = true;
      if (*rows == 0) *needed = out->size();
      out->Truncate(begin);
      return TURDB_ROW;
    }
    ++*rows;
  }
}

// ---- reading

Status Malformed(std::string_view message) {
  return turdb::base::WithHint(
      turdb::base::MakeError(absl::StatusCode::kInvalidArgument, turdb::base::SqlState{"22P03"}, message),
      "docs/packed.md describes packed rows");
}

Status Ends() { return Malformed("a packed value ends too early"); }

template <typename T>
StatusOr<Value> ReadFixed(PackedReader* in, TypeId type) {
  T value;
  if (!in->Take(&value)) return Ends();
  return Value::Of(type, value);
}

StatusOr<Value> ReadValue(PackedReader* in, uint8_t tag, const TextContext& context);

StatusOr<TypeId> ElementType(uint8_t tag) {
  switch (tag) {
    case TURDB_TYPE_BOOL:
      return TypeId::kBoolean;
    case TURDB_TYPE_INT8:
      return TypeId::kInt8;
    case TURDB_TYPE_INT16:
      return TypeId::kInt16;
    case TURDB_TYPE_INT32:
      return TypeId::kInt32;
    case TURDB_TYPE_INT64:
      return TypeId::kInt64;
    case TURDB_TYPE_INT128:
      return TypeId::kInt128;
    case TURDB_TYPE_UINT8:
      return TypeId::kUInt8;
    case TURDB_TYPE_UINT16:
      return TypeId::kUInt16;
    case TURDB_TYPE_UINT32:
      return TypeId::kUInt32;
    case TURDB_TYPE_UINT64:
      return TypeId::kUInt64;
    case TURDB_TYPE_FLOAT:
      return TypeId::kFloat;
    case TURDB_TYPE_DOUBLE:
      return TypeId::kDouble;
    case TURDB_TYPE_DECIMAL:
      return TypeId::kNumeric;
    case TURDB_TYPE_TEXT:
    case TURDB_TYPE_ENUM:
    case TURDB_TYPE_STRUCT:
    case TURDB_TYPE_MAP:
    case TURDB_TYPE_INET:
    case TURDB_TYPE_CIDR:
    case TURDB_TYPE_MACADDR:
    case TURDB_TYPE_BITS:
    case TURDB_TYPE_RANGE:
      return TypeId::kText;
    case TURDB_TYPE_BLOB:
      return TypeId::kBlob;
    case TURDB_TYPE_DATE:
      return TypeId::kDate;
    case TURDB_TYPE_TIME:
      return TypeId::kTime;
    case TURDB_TYPE_TIMESTAMP:
      return TypeId::kTimestamp;
    case TURDB_TYPE_TIMESTAMPTZ:
      return TypeId::kTimestampTz;
    case TURDB_TYPE_INTERVAL:
      return TypeId::kInterval;
    case TURDB_TYPE_UUID:
      return TypeId::kUuid;
    case TURDB_TYPE_JSON:
      return TypeId::kJson;
    case TURDB_TYPE_JSONB:
      return TypeId::kJsonb;
    default:
      return Malformed(absl::StrCat("type ", tag, " is none that an element of an array can have"));
  }
}

StatusOr<Value> ReadVector(PackedReader* in) {
  std::string_view body;
  if (!in->TakeBytes(&body)) return Ends();
  if (body.empty() || static_cast<size_t>(body[0]) >= turdb::vec::kVectorElementCount) {
    return Malformed("a vector of no kind that there is");
  }
  return turdb::vec::CheckedVector(static_cast<turdb::vec::VectorElement>(body[0]), std::string(body.substr(1)));
}

StatusOr<Value> ReadArray(PackedReader* in, const TextContext& context) {
  std::string_view body;
  if (!in->TakeBytes(&body)) return Ends();
  PackedReader array(reinterpret_cast<const uint8_t*>(body.data()), body.size());
  uint8_t element_tag = 0, dimension_count = 0;
  if (!array.Take(&element_tag) || !array.Take(&dimension_count)) return Ends();
  TURDB_ASSIGN_OR_RETURN(const TypeId element, ElementType(element_tag));
  if (dimension_count > turdb::vec::kMaxArrayDimensions) return Malformed("an array has more than 6 dimensions");
  std::vector<ArrayDimension> dimensions(dimension_count);
  uint64_t count = dimension_count == 0 ? 0 : 1;
  for (ArrayDimension& dimension : dimensions) {
    if (!array.Take(&dimension.lower) || !array.Take(&dimension.length)) return Ends();
    if (dimension.length == 0) return Malformed("a dimension of an array has no elements: the empty array has no dimensions");
    if (int64_t{dimension.lower} + dimension.length - 1 > INT32_MAX)
      return Malformed("the bounds of an array are out of range");
    count *= dimension.length;
    if (count > turdb::vec::kMaxArrayElements) return turdb::base::LimitError("an array has more than 134217728 elements");
  }
  ArrayBuilder builder{Type(element)};
  for (uint64_t i = 0; i < count; ++i) {
    uint8_t tag = 0;
    if (!array.Take(&tag)) return Ends();
    if (tag == TURDB_TYPE_NULL) {
      builder.AddNull();
      continue;
    }
    if (tag != element_tag) return Malformed(absl::StrCat("an element of type ", tag, " in an array of type ", element_tag));
    TURDB_ASSIGN_OR_RETURN(const Value value, ReadValue(&array, tag, context));
    builder.AddValue(value);
  }
  if (array.rest() != 0) return Malformed("an array is longer than its elements");
  return Value::OfBytes(Type::ArrayOf(Type(element)), builder.Finish(dimensions));
}

StatusOr<Value> ReadText(PackedReader* in, TypeId type, const TextContext& context) {
  std::string_view text;
  if (!in->TakeBytes(&text)) return Ends();
  if (type == TypeId::kBlob) return Value::Blob(text);
  if (type == TypeId::kNumeric) return turdb::capi::DecimalValue(text.data(), static_cast<int64_t>(text.size()));
  TURDB_RETURN_IF_ERROR(turdb::vec::CheckUtf8(text));
  if (type == TypeId::kText) return Value::Text(text);
  return Value::Parse(text, type, &context);
}

StatusOr<Value> ReadValue(PackedReader* in, uint8_t tag, const TextContext& context) {
  switch (tag) {
    case TURDB_TYPE_NULL:
      return Value();
    case TURDB_TYPE_BOOL: {
      uint8_t value;
      if (!in->Take(&value)) return Ends();
      return Value::Boolean(value != 0);
    }
    case TURDB_TYPE_INT8:
      return ReadFixed<int8_t>(in, TypeId::kInt8);
    case TURDB_TYPE_INT16:
      return ReadFixed<int16_t>(in, TypeId::kInt16);
    case TURDB_TYPE_INT32:
      return ReadFixed<int32_t>(in, TypeId::kInt32);
    case TURDB_TYPE_INT64:
      return ReadFixed<int64_t>(in, TypeId::kInt64);
    case TURDB_TYPE_INT128:
      return ReadFixed<Int128>(in, TypeId::kInt128);
    case TURDB_TYPE_UINT8:
      return ReadFixed<uint8_t>(in, TypeId::kUInt8);
    case TURDB_TYPE_UINT16:
      return ReadFixed<uint16_t>(in, TypeId::kUInt16);
    case TURDB_TYPE_UINT32:
      return ReadFixed<uint32_t>(in, TypeId::kUInt32);
    case TURDB_TYPE_UINT64:
      return ReadFixed<uint64_t>(in, TypeId::kUInt64);
    case TURDB_TYPE_FLOAT:
      return ReadFixed<float>(in, TypeId::kFloat);
    case TURDB_TYPE_DOUBLE:
      return ReadFixed<double>(in, TypeId::kDouble);
    case TURDB_TYPE_DECIMAL:
      return ReadText(in, TypeId::kNumeric, context);
    case TURDB_TYPE_TEXT:
    case TURDB_TYPE_ENUM:
    case TURDB_TYPE_STRUCT:
    case TURDB_TYPE_MAP:
    case TURDB_TYPE_INET:
    case TURDB_TYPE_CIDR:
    case TURDB_TYPE_MACADDR:
    case TURDB_TYPE_BITS:
    case TURDB_TYPE_RANGE:
      return ReadText(in, TypeId::kText, context);
    case TURDB_TYPE_BLOB:
      return ReadText(in, TypeId::kBlob, context);
    case TURDB_TYPE_JSON:
      return ReadText(in, TypeId::kJson, context);
    case TURDB_TYPE_JSONB:
      return ReadText(in, TypeId::kJsonb, context);
    case TURDB_TYPE_DATE: {
      int32_t days;
      return in->Take(&days) ? turdb::capi::DateValue(days) : Ends();
    }
    case TURDB_TYPE_TIME: {
      int64_t micros;
      return in->Take(&micros) ? turdb::capi::TimeValue(micros) : Ends();
    }
    case TURDB_TYPE_TIMESTAMP:
    case TURDB_TYPE_TIMESTAMPTZ: {
      int64_t micros;
      if (!in->Take(&micros)) return Ends();
      return turdb::capi::TimestampValue(tag == TURDB_TYPE_TIMESTAMP ? TypeId::kTimestamp : TypeId::kTimestampTz, micros);
    }
    case TURDB_TYPE_INTERVAL:
      return ReadFixed<Interval>(in, TypeId::kInterval);
    case TURDB_TYPE_UUID:
      return ReadFixed<Uuid>(in, TypeId::kUuid);
    case TURDB_TYPE_ARRAY:
      return ReadArray(in, context);
    case TURDB_TYPE_VECTOR:
      return ReadVector(in);
    default:
      return Malformed(absl::StrCat("there is no type ", tag));
  }
}

Status BindOne(Statement& statement, size_t index, PackedReader* in) {
  uint8_t tag;
  if (!in->Take(&tag)) return Malformed(absl::StrCat("the packed row ends before parameter ", index + 1));
  // The common types go the short way.
  switch (tag) {
    case TURDB_TYPE_INT64: {
      int64_t value;
      if (!in->Take(&value)) return Ends();
      statement.BindInt64(index, value);
      return absl::OkStatus();
    }
    case TURDB_TYPE_DOUBLE: {
      double value;
      if (!in->Take(&value)) return Ends();
      statement.BindDouble(index, value);
      return absl::OkStatus();
    }
    case TURDB_TYPE_TEXT: {
      std::string_view text;
      if (!in->TakeBytes(&text)) return Ends();
      TURDB_RETURN_IF_ERROR(turdb::vec::CheckUtf8(text));
      statement.BindText(index, text);
      return absl::OkStatus();
    }
    default: {
      TURDB_ASSIGN_OR_RETURN(Value value, ReadValue(in, tag, statement.text_context()));
      statement.Bind(index, std::move(value));
      return absl::OkStatus();
    }
  }
}

Status BindRow(Statement& statement, PackedReader* in) {
  for (size_t i = 0; i < statement.parameter_count(); ++i) {
    if (Status status = BindOne(statement, i, in); !status.ok()) [[unlikely]] {
      return turdb::base::WithFrame(std::move(status), absl::StrCat("binding parameter ", i + 1));
    }
  }
  return absl::OkStatus();
}

Status CheckIdle(const Statement& statement) {
  if (!statement.running()) return absl::OkStatus();
  return turdb::base::MisuseError("the statement is in the middle of its rows: reset it first");
}

// The elements of an array that were packed as text, as their column has them.
StatusOr<Value> ParsedElements(const Value& texts, const Type& type, const TextContext& context) {
  const ArrayView array(texts.type(), texts.bytes());
  ArrayBuilder builder{type.element_type()};
  turdb::vec::ElementSlot slot;
  for (uint32_t i = 0; i < array.size(); ++i) {
    if (array.IsNull(i)) {
      builder.AddNull();
      continue;
    }
    const auto text = Load<StringView>(array.Load(i, &slot));
    TURDB_ASSIGN_OR_RETURN(const Value element, Value::Parse(text.view(), type.element_type(), &context));
    builder.AddValue(element);
  }
  std::vector<ArrayDimension> dimensions;
  for (int d = 0; d < array.dimensions(); ++d) dimensions.push_back(array.dimension(d));
  return Value::OfBytes(type, builder.Finish(dimensions));
}

// A value that was packed, as its column has it.
StatusOr<Value> ColumnValue(Value value, const Type& type, const TextContext& context) {
  if (value.is_null()) return Value::Null(type);
  if (turdb::vec::IsText(type.id) && value.type().id == TypeId::kText) return Value::OfBytes(type, value.bytes());
  if (value.type().id == TypeId::kText && type.id != TypeId::kAny) return Value::Parse(value.bytes(), type, &context);
  if (value.type() == Type::ArrayOf(TypeId::kText) && type.id == TypeId::kArray && !turdb::vec::IsText(type.element)) {
    return ParsedElements(value, type, context);
  }
  Value converted;
  TURDB_ASSIGN_OR_RETURN(const bool fits, turdb::engine::ConvertParameter(value, type, context, &converted));
  if (!fits)
    return Malformed(absl::StrCat("a value of type ", value.type().ToString(), " in a column of type ", type.ToString()));
  return converted;
}

// Rows that turdb_stmt_fetch_packed gave.
StatusOr<turdb::vec::Chunk> UnpackRows(const Statement& statement, PackedReader* in, int64_t rows) {
  std::vector<Type> types;
  for (size_t i = 0; i < statement.column_count(); ++i) types.push_back(statement.column_type(i));
  turdb::vec::Chunk chunk(types, static_cast<uint32_t>(std::max<int64_t>(rows, 1)));
  std::vector<Value> values(types.size());
  for (int64_t row = 0; row < rows; ++row) {
    for (size_t i = 0; i < types.size(); ++i) {
      TURDB_ASSIGN_OR_RETURN(Value value, turdb::capi::ReadPacked(in, statement.text_context()));
      TURDB_ASSIGN_OR_RETURN(values[i], ColumnValue(std::move(value), types[i], statement.text_context()));
    }
    chunk.AppendRow(values);
  }
  TURDB_RETURN_IF_ERROR(turdb::capi::CheckAtEnd(*in, rows));
  return chunk;
}

Status RunOnce(Statement& statement) {
  TURDB_ASSIGN_OR_RETURN(const StepResult result, statement.Step());
  // All changes are made in the first step; what it returns is dropped.
  if (result == StepResult::kRow) statement.Reset();
  return absl::OkStatus();
}

Status AppendOne(Appender& appender, PackedReader* in, const TextContext& context) {
  uint8_t tag;
  if (!in->Take(&tag)) return Malformed("the packed rows end too early");
  // The common types go the short way.
  if (tag == TURDB_TYPE_INT64) {
    int64_t value;
    return in->Take(&value) ? appender.AppendInt64(value) : Ends();
  }
  if (tag == TURDB_TYPE_TEXT) {
    std::string_view text;
    if (!in->TakeBytes(&text)) return Ends();
    TURDB_RETURN_IF_ERROR(turdb::vec::CheckUtf8(text));
    return appender.AppendText(text);
  }
  TURDB_ASSIGN_OR_RETURN(const Value value, ReadValue(in, tag, context));
  return appender.Append(value);
}

}  // namespace

StatusOr<Value> turdb::capi::ReadPacked(PackedReader* in, const TextContext& context) {
  uint8_t tag;
  if (!in->Take(&tag)) return Ends();
  return ReadValue(in, tag, context);
}

Status turdb::capi::CheckAtEnd(const PackedReader& in, int64_t rows) {
  if (in.rest() == 0) return absl::OkStatus();
  return Malformed(absl::StrCat("the packed rows have ", in.rest(), " bytes more than ", rows, " rows"));
}

StatusOr<std::vector<Value>> turdb::capi::UnpackRow(const uint8_t* data, size_t size, const TextContext& context) {
  PackedReader in(data, size);
  std::vector<Value> values;
  while (in.rest() != 0) {
    TURDB_ASSIGN_OR_RETURN(values.emplace_back(), ReadPacked(&in, context));
  }
  return values;
}

Status turdb::capi::AppendRows(Appender& appender, PackedReader* in, int64_t rows, int64_t* done) {
  const TextContext& context = appender.connection()->text();
  for (*done = 0; *done < rows; ++*done) {
    for (size_t i = 0; i < appender.column_count(); ++i) {
      if (Status status = AppendOne(appender, in, context); !status.ok()) [[unlikely]] {
        appender.DropRow();
        return status;
      }
    }
    TURDB_RETURN_IF_ERROR(appender.EndRow());
  }
  return CheckAtEnd(*in, rows);
}

size_t turdb::capi::PackRow(const vec::Chunk& rows, size_t row, const TextContext& context, uint8_t* data, size_t capacity) {
  PackedWriter out(data, capacity);
  for (const vec::Vector& column : rows.columns()) {
    const vec::VectorView view = column.View();
    const bool valid = view.IsValid(row);
    PackCell(column.type(), valid ? view.data + view.Index(row) * column.type().width() : nullptr, context, &out);
  }
  return out.size();
}

extern "C" {

turdb_status turdb_stmt_bind_packed(turdb_stmt* stmt, const uint8_t* data, int64_t size_bytes, turdb_error** error) {
  if (stmt == nullptr) return turdb::capi::ReportMisuse("turdb_stmt_bind_packed: stmt is NULL", error);
  if (size_bytes < 0 || (data == nullptr && size_bytes != 0)) {
    return turdb::capi::ReportMisuse("turdb_stmt_bind_packed: a packed row needs its data and a size", error);
  }
  return turdb::capi::Inside(*stmt->statement->connection(), error, [&]() -> Status {
    Statement& statement = *stmt->statement;
    TURDB_RETURN_IF_ERROR(CheckIdle(statement));
    PackedReader in(data, static_cast<size_t>(size_bytes));
    TURDB_RETURN_IF_ERROR(BindRow(statement, &in));
    if (in.rest() == 0) return absl::OkStatus();
    return Malformed(
        absl::StrCat("the packed row has ", in.rest(), " bytes more than ", statement.parameter_count(), " parameters"));
  });
}

turdb_status turdb_stmt_run_packed(turdb_stmt* stmt, const uint8_t* data, int64_t size_bytes, int64_t rows, int64_t* out_rows,
                                   turdb_error** error) {
  if (out_rows != nullptr) *out_rows = 0;
  if (stmt == nullptr) return turdb::capi::ReportMisuse("turdb_stmt_run_packed: stmt is NULL", error);
  if (rows < 0 || size_bytes < 0 || (data == nullptr && size_bytes != 0)) {
    return turdb::capi::ReportMisuse("turdb_stmt_run_packed: packed rows need their data, a size and a number", error);
  }
  return turdb::capi::Inside(*stmt->statement->connection(), error, [&]() -> Status {
    Statement& statement = *stmt->statement;
    TURDB_RETURN_IF_ERROR(CheckIdle(statement));
    stmt->row_is_owed = false;
    PackedReader in(data, static_cast<size_t>(size_bytes));
    for (int64_t row = 0; row < rows; ++row) {
      Status status = BindRow(statement, &in);
      if (status.ok()) status = RunOnce(statement);
      if (!status.ok())
        return turdb::base::WithFrame(std::move(status), absl::StrCat("running with row ", row + 1, " of the batch"));
      if (out_rows != nullptr) *out_rows = row + 1;
    }
    return turdb::capi::CheckAtEnd(in, rows);
  });
}

turdb_status turdb_stmt_fetch_packed(turdb_stmt* stmt, int64_t max_rows, uint8_t* data, int64_t size_bytes, int64_t* out_rows,
                                     int64_t* out_size_bytes, turdb_error** error) {
  if (out_rows != nullptr) *out_rows = 0;
  if (out_size_bytes != nullptr) *out_size_bytes = 0;
  if (stmt == nullptr || out_rows == nullptr || out_size_bytes == nullptr) {
    return turdb::capi::ReportMisuse("turdb_stmt_fetch_packed: stmt, out_rows or out_size_bytes is NULL", error);
  }
  if (max_rows < 1 || size_bytes < 0 || (data == nullptr && size_bytes != 0)) {
    return turdb::capi::ReportMisuse("turdb_stmt_fetch_packed: rows are asked for, at least one, and memory for them", error);
  }
  turdb_status outcome = TURDB_DONE;
  int64_t rows = 0;
  size_t needed = 0;
  PackedWriter out(data, static_cast<size_t>(size_bytes));
  const turdb_status status = turdb::capi::Inside(*stmt->statement->connection(), error, [&]() -> Status {
    TURDB_ASSIGN_OR_RETURN(outcome, FetchRows(stmt, max_rows, &out, &rows, &needed));
    return absl::OkStatus();
  });
  if (status != TURDB_OK) return status;
  *out_rows = rows;
  *out_size_bytes = static_cast<int64_t>(needed != 0 ? needed : out.size());
  return outcome;
}

turdb_status turdb_stmt_continue(turdb_stmt* stmt, int64_t flags, const uint8_t* data, int64_t size_bytes, int64_t rows,
                                 turdb_result** out, turdb_error** error) {
  if (out == nullptr) return turdb::capi::ReportMisuse("turdb_stmt_continue: out is NULL", error);
  *out = nullptr;
  if (stmt == nullptr) return turdb::capi::ReportMisuse("turdb_stmt_continue: stmt is NULL", error);
  if (rows < 0 || rows > INT32_MAX || size_bytes < 0 || (data == nullptr && size_bytes != 0)) {
    return turdb::capi::ReportMisuse("turdb_stmt_continue: packed rows need their data, a size and a number", error);
  }
  return turdb::capi::Inside(*stmt->statement->connection(), error, [&]() -> Status {
    TURDB_ASSIGN_OR_RETURN(const turdb::arrow::ExportOptions options, turdb::capi::ExportOptionsOf(flags));
    PackedReader in(data, static_cast<size_t>(size_bytes));
    TURDB_ASSIGN_OR_RETURN(const turdb::vec::Chunk first, UnpackRows(*stmt->statement, &in, rows));
    auto handle = std::make_unique<turdb_result>();
    TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Statement> fresh, stmt->statement->Clone());
    // The handle goes on with a statement that does not run, the result with the one that does.
    std::unique_ptr<Statement> running = std::exchange(stmt->statement, std::move(fresh));
    const bool owed = std::exchange(stmt->row_is_owed, false);
    TURDB_ASSIGN_OR_RETURN(handle->result, turdb::engine::Result::Continue(std::move(running), first, !owed, options));
    *out = handle.release();
    return absl::OkStatus();
  });
}

// ---- calls of functions of the host

turdb_status turdb_call_arguments_packed(turdb_call* call, const uint8_t** out, int64_t* out_size_bytes, turdb_error** error) {
  if (out != nullptr) *out = nullptr;
  if (out_size_bytes != nullptr) *out_size_bytes = 0;
  if (call == nullptr || out == nullptr || out_size_bytes == nullptr) {
    return turdb::capi::ReportMisuse("turdb_call_arguments_packed: call, out or out_size_bytes is NULL", error);
  }
  return turdb::capi::Guarded(error, [&]() -> Status {
    const TextContext none;
    const TextContext& context = call->text() == nullptr ? none : *call->text();
    const auto pack = [&](PackedWriter* writer) {
      for (int64_t row = 0; row < call->row_count(); ++row) {
        for (size_t a = 0; a < call->types().size(); ++a) {
          PackCell(call->types()[a], call->Cell(static_cast<int64_t>(a), row), context, writer);
        }
      }
    };
    PackedWriter measure(nullptr, 0);
    pack(&measure);
    std::string& memory = call->NewText();
    memory.resize(measure.size());
    PackedWriter writer(reinterpret_cast<uint8_t*>(memory.data()), memory.size());
    pack(&writer);
    *out = reinterpret_cast<const uint8_t*>(memory.data());
    *out_size_bytes = static_cast<int64_t>(memory.size());
    return absl::OkStatus();
  });
}

turdb_status turdb_call_return_packed(turdb_call* call, const uint8_t* data, int64_t size_bytes, turdb_error** error) {
  if (call == nullptr || size_bytes < 0 || (data == nullptr && size_bytes != 0)) {
    return turdb::capi::ReportMisuse("turdb_call_return_packed: call or data is NULL, or the size negative", error);
  }
  return turdb::capi::Guarded(error, [&]() -> Status {
    const auto read = [&]() -> Status {
      PackedReader in(data, static_cast<size_t>(size_bytes));
      const TextContext none;
      const TextContext& context = call->text() == nullptr ? none : *call->text();
      for (int64_t row = 0; row < call->row_count() && call->Takes(row); ++row) {
        uint8_t tag;
        if (!in.Take(&tag))
          return Malformed(absl::StrCat("there are ", row, " packed results for ", call->row_count(), " rows"));
        TURDB_ASSIGN_OR_RETURN(const Value value, ReadValue(&in, tag, context));
        TURDB_RETURN_IF_ERROR(call->Return(row, value));
      }
      if (call->failure().ok() && in.rest() != 0) {
        return Malformed(absl::StrCat("the packed results have ", in.rest(), " bytes more than ", call->row_count(), " rows"));
      }
      return call->failure();
    };
    Status status = read();
    if (!status.ok()) call->Fail(status);
    return status;
  });
}

}  // extern "C"
