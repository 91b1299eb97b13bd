#include "vec/any.h"

#include <cmath>
#include <cstring>

#include "base/bytes.h"
#include "base/check.h"
#include "vec/collation.h"
#include "vec/compare.h"
#include "vec/enum.h"
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

// The order of classes, as any.h says: that of the type bytes of keys.
int ClassOf(TypeId id) {
  switch (id) {
    case TypeId::kBoolean:
      return 0;
    case TypeId::kBlob:
      return 3;
    case TypeId::kDate:
      return 4;
    case TypeId::kTime:
      return 5;
    case TypeId::kTimestamp:
      return 6;
    case TypeId::kTimestampTz:
      return 7;
    case TypeId::kInterval:
      return 8;
    case TypeId::kUuid:
      return 9;
    case TypeId::kInet:
    case TypeId::kCidr:
      return 10;
    case TypeId::kMacaddr:
      return 11;
    case TypeId::kBit:
    case TypeId::kVarbit:
      return 12;
    case TypeId::kJsonb:
      return 13;
    case TypeId::kArray:
      return 14;
    case TypeId::kInt4Range:
    case TypeId::kInt8Range:
    case TypeId::kNumRange:
    case TypeId::kTsRange:
    case TypeId::kTstzRange:
    case TypeId::kDateRange:
      return 15;
    case TypeId::kStruct:
      return 16;
    case TypeId::kMap:
      return 17;
    case TypeId::kDenseVector:
      return 18;
    default:
      return IsNumber(id) ? 1 : 2;
  }
}

// Kinds of text compare by their bytes, character(n) without its trailing blanks; so do labels of enumerated types, whose order
// is theirs alone.
std::string_view ComparedText(const Value& value) {
  std::string_view text = value.bytes();
  if (value.type().id == TypeId::kEnum) return LabelOf(text);
  if (value.type().id == TypeId::kChar) {
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  }
  return text;
}

}  // namespace

std::string EncodeAny(const Value& value) {
  TURDB_CHECK(!value.is_null());
  // The collation is the column's, not the value's; a literal whose type nobody has asked for is text.
  const Type type = value.type().id == TypeId::kUnknown ? Type::Text() : value.type().WithCollation(Collation::kBinary);
  std::string bytes(1, static_cast<char>(type.id));
  if (type.id == TypeId::kDecimal) {
    bytes.push_back(static_cast<char>(type.precision));
    bytes.push_back(static_cast<char>(type.scale));
  }
  if (type.id == TypeId::kEnum) {
    char id[4];
    base::StoreLE<uint32_t>(id, type.enum_id());
    bytes.append(id, sizeof(id));
  }
  if (type.id == TypeId::kDenseVector) bytes.push_back(static_cast<char>(type.precision));
  if (type.id == TypeId::kArray) {
    bytes.push_back(static_cast<char>(type.element));
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
  if (id == TypeId::kEnum) {
    TURDB_CHECK_GE(bytes.size(), 4u);
    type = Type::Enum(base::LoadLE<uint32_t>(bytes.data()));
    bytes.remove_prefix(4);
  }
  if (id == TypeId::kDenseVector) {
    TURDB_CHECK_GE(bytes.size(), 1u);
    type = Type::DenseVector(static_cast<VectorElement>(bytes[0]), 0);
    bytes.remove_prefix(1);
  }
  if (id == TypeId::kArray) {
    TURDB_CHECK_GE(bytes.size(), 3u);
    type.element = static_cast<TypeId>(bytes[0]);
    type.precision = static_cast<uint8_t>(bytes[1]);
    type.scale = static_cast<uint8_t>(bytes[2]);
    bytes.remove_prefix(3);
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

int CompareAny(std::string_view a, std::string_view b, Collation collation) {
  const Value x = DecodeAny(a), y = DecodeAny(b);
  const int class_x = ClassOf(x.type().id), class_y = ClassOf(y.type().id);
  if (class_x != class_y) return class_x < class_y ? -1 : 1;
  if (class_x == 1 && x.type() != y.type()) return Numeric::Compare(ToNumeric(x), ToNumeric(y));
  if (IsRange(x.type().id) && x.type().id != y.type().id) return x.type().id < y.type().id ? -1 : 1;
  if (class_x == 18 && x.type() != y.type()) return x.type().precision < y.type().precision ? -1 : 1;
  if (class_x == 2) return CompareTexts(collation, StringView(ComparedText(x)), StringView(ComparedText(y)));
  return Value::Compare(x, y);
}

uint64_t HashAny(std::string_view bytes, Collation collation) {
  const Value value = DecodeAny(bytes);
  const int value_class = ClassOf(value.type().id);
  if (value_class == 1) return ToNumeric(value).Hash();
  if (value_class == 2) return HashText(collation, ComparedText(value));
  return CombineHash(static_cast<uint64_t>(value_class), value.Hash());
}

}  // namespace turdb::vec
