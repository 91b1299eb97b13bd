#include "vec/any.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "base/check.h"
#include "vec/compare.h"
#include "vec/numeric.h"

namespace turdb::vec {
namespace {

// The exact decimal value: every finite double has one.
Numeric ExactNumeric(double value) {
  if (std::isnan(value)) return Numeric::NaN();
  if (std::isinf(value)) return Numeric::Infinity(value < 0);
  int exponent = 0;
  const double mantissa = std::frexp(std::abs(value), &exponent);
  const BigUint bits(UInt128{static_cast<uint64_t>(std::ldexp(mantissa, 53))});
  exponent -= 53;
  if (exponent >= 0) return Numeric::FromMagnitude(value < 0, bits.ShiftLeft(exponent), 0);
  // m / 2^k = m * 5^k / 10^k
  BigUint fives(UInt128{1});
  for (int i = 0; i < -exponent; ++i) fives.MultiplyAddSmall(5, 0);
  return Numeric::FromMagnitude(value < 0, bits * fives, -exponent).TrimScale();
}

Numeric ToNumeric(const Value& value) {
  switch (value.type().id) {
    case TypeId::kFloat:
      return ExactNumeric(static_cast<double>(value.Get<float>()));
    case TypeId::kDouble:
      return ExactNumeric(value.Get<double>());
    case TypeId::kDecimal:
      return Numeric(value.type().width() == 8 ? Int128{value.Get<int64_t>()} : value.Get<Int128>(), value.type().scale);
    case TypeId::kNumeric:
      return Numeric::FromBytes(value.bytes());
    case TypeId::kInt128:
      return Numeric(value.Get<Int128>());
    case TypeId::kUInt64:
      return Numeric(Int128{value.Get<uint64_t>()});
    default:
      return Numeric(Int128{value.AsInt64()});
  }
}

// The order of classes, as any.h says.
int ClassOf(TypeId id) {
  if (id == TypeId::kBoolean) return 0;
  if (IsNumber(id)) return 1;
  if (id == TypeId::kTime) return 2;
  if (id == TypeId::kDate || id == TypeId::kTimestamp || id == TypeId::kTimestampTz) return 3;
  if (id == TypeId::kInterval) return 4;
  if (id == TypeId::kUuid) return 5;
  if (id == TypeId::kBlob) return 7;
  return 6;
}

// Dates and timestamps on one line: microseconds, a timestamptz as UTC.
Int128 ToMicros(const Value& value) {
  if (value.type().id != TypeId::kDate) return value.Get<int64_t>();
  const int32_t date = value.Get<int32_t>();
  if (date == kDateInfinity) return kTimestampInfinity;
  if (date == kDateMinusInfinity) return kTimestampMinusInfinity;
  return Int128{date} * kMicrosPerDay;
}

}  // namespace

std::string EncodeAny(const Value& value) {
  TURDB_CHECK(!value.is_null());
  const Type type = value.type();
  std::string bytes(1, static_cast<char>(type.id));
  if (type.id == TypeId::kDecimal) {
    bytes.push_back(static_cast<char>(type.precision));
    bytes.push_back(static_cast<char>(type.scale));
  }
  if (type.physical() == PhysicalType::kString) {
    bytes.append(value.bytes());
  } else {
    bytes.append(static_cast<const char*>(value.fixed_data()), type.width());
  }
  return bytes;
}

Value DecodeAny(std::string_view bytes) {
  TURDB_CHECK(!bytes.empty());
  const auto id = static_cast<TypeId>(bytes[0]);
  TURDB_CHECK_LT(static_cast<size_t>(id), kTypeIdCount);
  bytes.remove_prefix(1);
  Type type(id);
  if (id == TypeId::kChar) type.length = 0;
  if (id == TypeId::kDecimal) {
    TURDB_CHECK_GE(bytes.size(), 2u);
    type = Type::Decimal(bytes[0], bytes[1]);
    bytes.remove_prefix(2);
  }
  if (type.physical() == PhysicalType::kString) return Value::OfBytes(type, std::string(bytes));
  TURDB_CHECK_EQ(bytes.size(), type.width());
  return VisitPhysical(type.physical(), [&](auto tag) -> Value {
    using T = decltype(tag);
    if constexpr (std::is_same_v<T, StringView>) {
      return Value::Null(type);  // handled above
    } else {
      T fixed;
      std::memcpy(static_cast<void*>(&fixed), bytes.data(), sizeof(T));
      return Value::Of(type, fixed);
    }
  });
}

int CompareAny(std::string_view a, std::string_view b) {
  const Value x = DecodeAny(a), y = DecodeAny(b);
  const int class_x = ClassOf(x.type().id), class_y = ClassOf(y.type().id);
  if (class_x != class_y) return class_x < class_y ? -1 : 1;
  if (x.type() == y.type()) return Value::Compare(x, y);
  if (class_x == 1) return Numeric::Compare(ToNumeric(x), ToNumeric(y));
  if (class_x == 3) {
    const Int128 p = ToMicros(x), q = ToMicros(y);
    return p < q ? -1 : static_cast<int>(q < p);
  }
  return x.bytes().compare(y.bytes());  // kinds of text
}

uint64_t HashAny(std::string_view bytes) {
  const Value value = DecodeAny(bytes);
  const int value_class = ClassOf(value.type().id);
  switch (value_class) {
    case 1:
      return ToNumeric(value).Hash();
    case 3:
      return MixHash(absl::Int128Low64(ToMicros(value)));
    case 6:
      return HashBytes(value.bytes().data(), value.bytes().size());
    default:
      return CombineHash(static_cast<uint64_t>(value_class), value.Hash());
  }
}

}  // namespace turdb::vec
