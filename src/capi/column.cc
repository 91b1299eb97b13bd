// Columns of a result: their names and types, and the values of the current row. Nothing here can fail.
#include <cstring>

#include "capi/handles.h"
#include "capi/number.h"
#include "capi/value.h"
#include "vec/any.h"
#include "vec/dense_vector.h"
#include "vec/scalar.h"
#include "vec/value.h"

using turdb::capi::Clamp;
using turdb::capi::Number;
using turdb::vec::StringView;
using turdb::vec::Type;
using turdb::vec::TypeId;
using turdb::vec::Value;

namespace {

bool IsColumn(const turdb_stmt* stmt, int64_t index) {
  return stmt != nullptr && index >= 0 && index < static_cast<int64_t>(stmt->statement->column_count());
}

// The cell of the current row; null for NULL, outside the range, and without a row.
const void* CellOf(const turdb_stmt* stmt, int64_t index) {
  if (!IsColumn(stmt, index) || !stmt->statement->has_row()) return nullptr;
  return stmt->statement->cell(static_cast<size_t>(index));
}

const Type& TypeOf(const turdb_stmt* stmt, int64_t index) { return stmt->statement->column_type(static_cast<size_t>(index)); }

template <typename T>
T Load(const void* cell) {
  T value;
  std::memcpy(&value, cell, sizeof value);
  return value;
}

template <typename T>
T NumberAt(const turdb_stmt* stmt, int64_t index) noexcept {
  const void* cell = CellOf(stmt, index);
  if (cell == nullptr) return T{};
  try {
    return Number<T>(stmt->statement->value(static_cast<size_t>(index)));
  } catch (const std::bad_alloc&) {
    return T{};
  }
}

}  // namespace

int64_t turdb::capi::Int64Of(const Value& value) { return Number<int64_t>(value); }
double turdb::capi::DoubleOf(const Value& value) { return Number<double>(value); }

int32_t turdb::capi::PublicType(TypeId id) {
  switch (id) {
    case TypeId::kBoolean:
      return TURDB_TYPE_BOOL;
    case TypeId::kInt8:
      return TURDB_TYPE_INT8;
    case TypeId::kInt16:
      return TURDB_TYPE_INT16;
    case TypeId::kInt32:
      return TURDB_TYPE_INT32;
    case TypeId::kInt64:
      return TURDB_TYPE_INT64;
    case TypeId::kInt128:
      return TURDB_TYPE_INT128;
    case TypeId::kUInt8:
      return TURDB_TYPE_UINT8;
    case TypeId::kUInt16:
      return TURDB_TYPE_UINT16;
    case TypeId::kUInt32:
      return TURDB_TYPE_UINT32;
    case TypeId::kUInt64:
      return TURDB_TYPE_UINT64;
    case TypeId::kFloat:
      return TURDB_TYPE_FLOAT;
    case TypeId::kDouble:
      return TURDB_TYPE_DOUBLE;
    case TypeId::kDecimal:
    case TypeId::kNumeric:
      return TURDB_TYPE_DECIMAL;
    case TypeId::kUnknown:
    case TypeId::kText:
    case TypeId::kVarchar:
    case TypeId::kChar:
      return TURDB_TYPE_TEXT;
    case TypeId::kBlob:
      return TURDB_TYPE_BLOB;
    case TypeId::kDate:
      return TURDB_TYPE_DATE;
    case TypeId::kTime:
      return TURDB_TYPE_TIME;
    case TypeId::kTimestamp:
      return TURDB_TYPE_TIMESTAMP;
    case TypeId::kTimestampTz:
      return TURDB_TYPE_TIMESTAMPTZ;
    case TypeId::kInterval:
      return TURDB_TYPE_INTERVAL;
    case TypeId::kUuid:
      return TURDB_TYPE_UUID;
    case TypeId::kAny:
      return TURDB_TYPE_ANY;
    case TypeId::kEnum:
      return TURDB_TYPE_ENUM;
    case TypeId::kJson:
      return TURDB_TYPE_JSON;
    case TypeId::kJsonb:
      return TURDB_TYPE_JSONB;
    case TypeId::kArray:
      return TURDB_TYPE_ARRAY;
    case TypeId::kStruct:
      return TURDB_TYPE_STRUCT;
    case TypeId::kMap:
      return TURDB_TYPE_MAP;
    case TypeId::kInet:
      return TURDB_TYPE_INET;
    case TypeId::kCidr:
      return TURDB_TYPE_CIDR;
    case TypeId::kMacaddr:
      return TURDB_TYPE_MACADDR;
    case TypeId::kBit:
    case TypeId::kVarbit:
      return TURDB_TYPE_BITS;
    case TypeId::kInt4Range:
    case TypeId::kInt8Range:
    case TypeId::kNumRange:
    case TypeId::kTsRange:
    case TypeId::kTstzRange:
    case TypeId::kDateRange:
      return TURDB_TYPE_RANGE;
    case TypeId::kDenseVector:
      return TURDB_TYPE_VECTOR;
  }
  return TURDB_TYPE_NULL;
}

extern "C" {

int64_t turdb_stmt_column_count(const turdb_stmt* stmt) {
  return stmt == nullptr ? 0 : static_cast<int64_t>(stmt->statement->column_count());
}

const char* turdb_stmt_column_name(const turdb_stmt* stmt, int64_t index) {
  return IsColumn(stmt, index) ? stmt->statement->column_name(static_cast<size_t>(index)).c_str() : nullptr;
}

const char* turdb_stmt_column_declared_type(const turdb_stmt* stmt, int64_t index) {
  return IsColumn(stmt, index) ? stmt->statement->column_declared_type(static_cast<size_t>(index)).c_str() : nullptr;
}

int32_t turdb_stmt_column_type(const turdb_stmt* stmt, int64_t index) {
  return IsColumn(stmt, index) ? turdb::capi::PublicType(TypeOf(stmt, index).id) : TURDB_TYPE_NULL;
}

int32_t turdb_stmt_value_type(const turdb_stmt* stmt, int64_t index) {
  const void* cell = CellOf(stmt, index);
  if (cell == nullptr) return TURDB_TYPE_NULL;
  const TypeId id = TypeOf(stmt, index).id;
  if (id != TypeId::kAny) return turdb::capi::PublicType(id);
  const auto view = Load<StringView>(cell);
  return view.empty() ? TURDB_TYPE_NULL
                      : turdb::capi::PublicType(static_cast<TypeId>(static_cast<unsigned char>(view.view()[0])));
}

bool turdb_stmt_column_is_null(const turdb_stmt* stmt, int64_t index) { return CellOf(stmt, index) == nullptr; }

bool turdb_stmt_column_bool(const turdb_stmt* stmt, int64_t index) {
  const void* cell = CellOf(stmt, index);
  if (cell == nullptr) return false;
  if (TypeOf(stmt, index).id == TypeId::kBoolean) return Load<bool>(cell);
  return NumberAt<double>(stmt, index) != 0;
}

int64_t turdb_stmt_column_int64(const turdb_stmt* stmt, int64_t index) {
  const void* cell = CellOf(stmt, index);
  if (cell == nullptr) return 0;
  switch (TypeOf(stmt, index).id) {
    case TypeId::kInt64:
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz:
      return Load<int64_t>(cell);
    case TypeId::kInt32:
    case TypeId::kDate:
      return Load<int32_t>(cell);
    default:
      return NumberAt<int64_t>(stmt, index);
  }
}

uint64_t turdb_stmt_column_uint64(const turdb_stmt* stmt, int64_t index) {
  const void* cell = CellOf(stmt, index);
  if (cell != nullptr && TypeOf(stmt, index).id == TypeId::kUInt64) return Load<uint64_t>(cell);
  return NumberAt<uint64_t>(stmt, index);
}

double turdb_stmt_column_double(const turdb_stmt* stmt, int64_t index) {
  const void* cell = CellOf(stmt, index);
  if (cell != nullptr && TypeOf(stmt, index).id == TypeId::kDouble) return Load<double>(cell);
  return NumberAt<double>(stmt, index);
}

const char* turdb_stmt_column_text(turdb_stmt* stmt, int64_t index, int64_t* size_bytes) {
  if (size_bytes != nullptr) *size_bytes = 0;
  const void* cell = CellOf(stmt, index);
  if (cell == nullptr) return nullptr;
  try {
    const Type& type = TypeOf(stmt, index);
    const bool is_text = turdb::vec::IsText(type.id) || type.id == TypeId::kUnknown;
    if (is_text) {
      // A text that is shorter than what a view holds inside has zeros behind it, and the cell lives as long as the row.
      const auto* view = static_cast<const StringView*>(cell);
      if (view->size() < StringView::kInlineBytes) {
        if (size_bytes != nullptr) *size_bytes = view->size();
        return view->data();
      }
    }
    if (stmt->texts.size() < stmt->statement->column_count()) stmt->texts.resize(stmt->statement->column_count());
    std::string& text = stmt->texts[static_cast<size_t>(index)];
    if (is_text) {
      const auto view = Load<StringView>(cell);
      if (text.size() != view.size()) text.resize(view.size());
      std::memcpy(text.data(), view.data(), view.size());
    } else {
      text = stmt->statement->value(static_cast<size_t>(index)).ToString(&stmt->statement->text_context());
    }
    if (size_bytes != nullptr) *size_bytes = static_cast<int64_t>(text.size());
    return text.c_str();
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

const void* turdb_stmt_column_blob(turdb_stmt* stmt, int64_t index, int64_t* size_bytes) {
  if (size_bytes != nullptr) *size_bytes = 0;
  const void* cell = CellOf(stmt, index);
  if (cell == nullptr) return nullptr;
  const Type& type = TypeOf(stmt, index);
  if (type.id == TypeId::kUuid) {
    if (size_bytes != nullptr) *size_bytes = 16;
    return cell;
  }
  if (type.id == TypeId::kBlob) {
    // A short blob lies inside its cell, which lives as long as the row.
    const auto* view = static_cast<const StringView*>(cell);
    if (size_bytes != nullptr) *size_bytes = view->size();
    return view->data();
  }
  return turdb_stmt_column_text(stmt, index, size_bytes);
}

const void* turdb_stmt_column_vector(turdb_stmt* stmt, int64_t index, int64_t* out_dimensions, int32_t* out_element) {
  if (out_dimensions != nullptr) *out_dimensions = 0;
  if (out_element != nullptr) *out_element = TURDB_VECTOR_FLOAT32;
  const void* cell = CellOf(stmt, index);
  if (cell == nullptr || TypeOf(stmt, index).id != TypeId::kDenseVector) return nullptr;
  const turdb::vec::VectorElement element = TypeOf(stmt, index).vector_element();
  // A short vector lies inside its cell, which lives as long as the row.
  const turdb::vec::DenseVectorView vector(element, static_cast<const StringView*>(cell)->view());
  if (out_dimensions != nullptr) *out_dimensions = static_cast<int64_t>(vector.dimensions());
  if (out_element != nullptr) *out_element = static_cast<int32_t>(element);
  return vector.data();
}

int32_t turdb_stmt_column_date(const turdb_stmt* stmt, int64_t index) {
  const void* cell = CellOf(stmt, index);
  if (cell == nullptr) return 0;
  switch (TypeOf(stmt, index).id) {
    case TypeId::kDate:
      return Load<int32_t>(cell);
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz: {
      const int64_t micros = Load<int64_t>(cell);
      const int64_t days = micros / turdb::vec::kMicrosPerDay - (micros % turdb::vec::kMicrosPerDay < 0 ? 1 : 0);
      return Clamp<int32_t>(days);
    }
    default:
      return NumberAt<int32_t>(stmt, index);
  }
}

int64_t turdb_stmt_column_micros(const turdb_stmt* stmt, int64_t index) {
  const void* cell = CellOf(stmt, index);
  if (cell == nullptr) return 0;
  if (TypeOf(stmt, index).id == TypeId::kDate) return int64_t{Load<int32_t>(cell)} * turdb::vec::kMicrosPerDay;
  return turdb_stmt_column_int64(stmt, index);
}

void turdb_stmt_column_interval(const turdb_stmt* stmt, int64_t index, int32_t* months, int32_t* days, int64_t* micros) {
  turdb::vec::Interval interval;
  const void* cell = CellOf(stmt, index);
  if (cell != nullptr && TypeOf(stmt, index).id == TypeId::kInterval) interval = Load<turdb::vec::Interval>(cell);
  if (months != nullptr) *months = interval.months;
  if (days != nullptr) *days = interval.days;
  if (micros != nullptr) *micros = interval.micros;
}

}  // extern "C"
