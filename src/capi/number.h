// Values as the numbers that callers ask for: what getters of columns and of arguments give.
#ifndef TURDB_CAPI_NUMBER_H_
#define TURDB_CAPI_NUMBER_H_

#include <cmath>
#include <limits>
#include <string>
#include <type_traits>

#include "base/status.h"
#include "vec/value.h"

namespace turdb::capi {

// A double towards zero, or the nearest end of the range.
template <typename T>
T Truncate(double value) {
  if (std::isnan(value)) return 0;
  if (value <= static_cast<double>(std::numeric_limits<T>::min())) return std::numeric_limits<T>::min();
  if (value >= static_cast<double>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
  return static_cast<T>(value);
}

// The value as a number of type T, as CAST makes it where it can; 0 where it cannot. Out of range: the nearest end.
template <typename T>
T Number(const vec::Value& value);

template <typename T, typename From>
T Clamp(From from) {
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(from);
  } else if constexpr (std::is_floating_point_v<From>) {
    return Truncate<T>(static_cast<double>(from));
  } else {
    const vec::Int128 wide(from);
    if (wide < vec::Int128(std::numeric_limits<T>::min())) return std::numeric_limits<T>::min();
    if (wide > vec::Int128(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
    return static_cast<T>(from);
  }
}

template <typename T>
T Number(const vec::Value& value) {
  if (value.is_null()) return T{};
  const vec::Type& type = value.type();
  if (type.id == vec::TypeId::kDecimal || type.id == vec::TypeId::kNumeric) {
    if constexpr (std::is_floating_point_v<T>) {
      return static_cast<T>(value.AsDouble());
    } else {
      base::StatusOr<vec::Value> whole = vec::Value::Parse(value.ToString(), vec::TypeId::kNumeric);
      const std::string text = whole.ok() ? whole->ToString() : std::string();
      const std::string digits = text.substr(0, text.find('.'));
      base::StatusOr<vec::Value> wide = vec::Value::Parse(digits, vec::TypeId::kInt128);
      return wide.ok() ? Clamp<T>(wide->Get<vec::Int128>()) : Truncate<T>(value.AsDouble());
    }
  }
  switch (type.physical()) {
    case vec::PhysicalType::kBool:
      return static_cast<T>(value.Get<bool>());
    case vec::PhysicalType::kInt8:
      return Clamp<T>(value.Get<int8_t>());
    case vec::PhysicalType::kInt16:
      return Clamp<T>(value.Get<int16_t>());
    case vec::PhysicalType::kInt32:
      return Clamp<T>(value.Get<int32_t>());
    case vec::PhysicalType::kInt64:
      return Clamp<T>(value.Get<int64_t>());
    case vec::PhysicalType::kInt128:
      return Clamp<T>(value.Get<vec::Int128>());
    case vec::PhysicalType::kUInt8:
      return Clamp<T>(value.Get<uint8_t>());
    case vec::PhysicalType::kUInt16:
      return Clamp<T>(value.Get<uint16_t>());
    case vec::PhysicalType::kUInt32:
      return Clamp<T>(value.Get<uint32_t>());
    case vec::PhysicalType::kUInt64:
      return Clamp<T>(value.Get<uint64_t>());
    case vec::PhysicalType::kFloat:
      return Clamp<T>(value.Get<float>());
    case vec::PhysicalType::kDouble:
      return Clamp<T>(value.Get<double>());
    case vec::PhysicalType::kInterval:
    case vec::PhysicalType::kUuid:
      return T{};
    case vec::PhysicalType::kString:
      break;
  }
  if (type.id == vec::TypeId::kBlob) return T{};
  const bool has_parts = type.id >= vec::TypeId::kEnum && type.id != vec::TypeId::kJson;  // whose text is not their bytes
  base::StatusOr<vec::Value> parsed = vec::Value::Parse(has_parts ? value.ToString() : value.bytes(), vec::TypeId::kNumeric);
  return parsed.ok() ? Number<T>(*parsed) : T{};
}

}  // namespace turdb::capi

#endif  // TURDB_CAPI_NUMBER_H_
