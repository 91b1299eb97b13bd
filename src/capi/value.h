// Values as callers hand them over, checked: for parameters and for appenders.
#ifndef TURDB_CAPI_VALUE_H_
#define TURDB_CAPI_VALUE_H_

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "capi/handles.h"
#include "vec/datetime.h"
#include "vec/dense_vector.h"
#include "vec/scalar.h"
#include "vec/utf8.h"
#include "vec/value.h"

namespace turdb::capi {

// As the getters of columns convert.
int64_t Int64Of(const vec::Value& value);
double DoubleOf(const vec::Value& value);

inline base::StatusOr<vec::Value> TextValue(const char* data, int64_t size_bytes) {
  if (data == nullptr) return vec::Value::Null(vec::TypeId::kText);
  TURDB_ASSIGN_OR_RETURN(const std::string_view text, TextOf(data, size_bytes));
  TURDB_RETURN_IF_ERROR(vec::CheckUtf8(text));
  return vec::Value::Text(text);
}

inline base::StatusOr<vec::Value> BlobValue(const void* data, int64_t size_bytes) {
  if (data == nullptr && size_bytes <= 0) return vec::Value::Null(vec::TypeId::kBlob);
  if (data == nullptr || size_bytes < 0) return base::MisuseError("a blob needs its data and a size");
  return vec::Value::Blob(std::string_view(static_cast<const char*>(data), static_cast<size_t>(size_bytes)));
}

inline base::Status DatetimeOverflow(std::string_view message) {
  return base::MakeError(absl::StatusCode::kOutOfRange, base::sqlstate::kDatetimeOverflow, message);
}

inline base::StatusOr<vec::Value> DateValue(int32_t days) {
  if (vec::IsFiniteDate(days) && (days < vec::kMinDate || days > vec::kMaxDate)) {
    return DatetimeOverflow(
        absl::StrCat("a date lies ", vec::kMinDate, " to ", vec::kMaxDate, " days from 1970-01-01, not ", days));
  }
  return vec::Value::Of(vec::TypeId::kDate, days);
}

inline base::StatusOr<vec::Value> TimeValue(int64_t micros) {
  if (micros < 0 || micros > vec::kMicrosPerDay) {
    return DatetimeOverflow(absl::StrCat("a time has from 0 to 86400000000 microseconds, not ", micros));
  }
  return vec::Value::Of(vec::TypeId::kTime, micros);
}

// kTimestamp or kTimestampTz.
inline base::StatusOr<vec::Value> TimestampValue(vec::TypeId type, int64_t micros) {
  if (vec::IsFiniteTimestamp(micros) && !vec::IsTimestampInRange(micros)) {
    return DatetimeOverflow(absl::StrCat("a timestamp lies ", vec::kMinTimestamp, " to ", vec::kMaxTimestamp,
                                         " microseconds from 1970-01-01, not ", micros));
  }
  return vec::Value::Of(type, micros);
}

// `data` in native byte order, which is the database's on every platform there is.
inline base::StatusOr<vec::Value> VectorValue(const void* data, int64_t dimensions, int32_t element) {
  static_assert(std::endian::native == std::endian::little, "the elements would have to be turned round");
  if (element < 0 || static_cast<size_t>(element) >= vec::kVectorElementCount) {
    return base::MisuseError(absl::StrCat("there is no kind of vector ", element));
  }
  const auto kind = static_cast<vec::VectorElement>(element);
  if (data == nullptr && dimensions == 0) return vec::Value::Null(vec::Type::DenseVector(kind, 0));
  if (data == nullptr || dimensions < 0) return base::MisuseError("a vector needs its elements and their number");
  TURDB_RETURN_IF_ERROR(vec::CheckVectorDimensions(vec::Type::DenseVector(kind, 0), static_cast<size_t>(dimensions)));
  const auto count = static_cast<size_t>(dimensions);
  const size_t size = kind == vec::VectorElement::kFloat32   ? count * 4
                      : kind == vec::VectorElement::kFloat16 ? count * 2
                      : kind == vec::VectorElement::kInt8    ? count
                                                             : (count + 7) / 8;
  std::string bytes(static_cast<const char*>(data), size);
  if (kind == vec::VectorElement::kBit) bytes.push_back(static_cast<char>((count - 1) % 8 + 1));
  return vec::CheckedVector(kind, std::move(bytes));
}

inline base::StatusOr<vec::Value> UuidValue(const uint8_t* data, int64_t size_bytes) {
  if (data == nullptr || size_bytes != 16) return base::MisuseError("a uuid has 16 bytes");
  vec::Uuid uuid;
  std::memcpy(uuid.bytes.data(), data, 16);
  return vec::Value::Of(vec::TypeId::kUuid, uuid);
}

inline base::StatusOr<vec::Value> DecimalValue(const char* data, int64_t size_bytes) {
  TURDB_ASSIGN_OR_RETURN(const vec::Value text, TextValue(data, size_bytes));
  if (text.is_null()) return vec::Value::Null(vec::TypeId::kNumeric);
  return vec::Value::Parse(text.bytes(), vec::TypeId::kNumeric);
}

}  // namespace turdb::capi

#endif  // TURDB_CAPI_VALUE_H_
