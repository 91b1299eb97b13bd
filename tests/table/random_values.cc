#include "table/random_values.h"

#include <array>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "vec/array.h"
#include "vec/dense_vector.h"
#include "vec/json.h"
#include "vec/network.h"
#include "vec/numeric.h"
#include "vec/range.h"
#include "vec/scalar.h"
#include "vec/struct.h"

namespace turdb::table {

using vec::Type;
using vec::TypeId;
using vec::Value;

std::vector<Type> KeyTypes() {
  std::vector<Type> types;
  for (const TypeId id :
       {TypeId::kBoolean,   TypeId::kInt8,        TypeId::kInt16,    TypeId::kInt32,  TypeId::kInt64, TypeId::kInt128,
        TypeId::kUInt8,     TypeId::kUInt16,      TypeId::kUInt32,   TypeId::kUInt64, TypeId::kFloat, TypeId::kDouble,
        TypeId::kNumeric,   TypeId::kText,        TypeId::kVarchar,  TypeId::kBlob,   TypeId::kDate,  TypeId::kTime,
        TypeId::kTimestamp, TypeId::kTimestampTz, TypeId::kInterval, TypeId::kUuid,   TypeId::kAny}) {
    types.emplace_back(id);
  }
  types.push_back(Type::Decimal(10, 2));
  types.push_back(Type::Decimal(38, 10));
  types.push_back(Type::Char(6));
  for (const vec::Collation collation : {vec::Collation::kNoCase, vec::Collation::kRTrim}) {
    for (const Type& type : {Type::Text(), Type::Varchar(0), Type::Char(6), Type::ArrayOf(Type::Text())}) {
      types.push_back(type.WithCollation(collation));
    }
  }
  types.emplace_back(TypeId::kJson);
  types.emplace_back(TypeId::kJsonb);
  for (const Type& element : {Type::Int32(), Type::Text(), Type::Numeric(), Type::Double(), Type::Decimal(10, 2)}) {
    types.push_back(Type::ArrayOf(element));
  }
  for (const TypeId id :
       {TypeId::kStruct, TypeId::kMap, TypeId::kInet, TypeId::kCidr, TypeId::kMacaddr, TypeId::kBit, TypeId::kVarbit,
        TypeId::kInt4Range, TypeId::kInt8Range, TypeId::kNumRange, TypeId::kTsRange, TypeId::kTstzRange, TypeId::kDateRange}) {
    types.emplace_back(id);
  }
  types.push_back(Type::ArrayOf(TypeId::kStruct));
  for (size_t element = 0; element < vec::kVectorElementCount; ++element) {
    types.push_back(Type::DenseVector(static_cast<vec::VectorElement>(element), 0));
  }
  return types;
}

namespace {

template <typename T>
T RandomInteger(Random& random) {
  using Limits = std::numeric_limits<T>;
  switch (random() % 6) {
    case 0:
      return static_cast<T>(random() % 5);
    case 1:
      return Limits::max();
    case 2:
      return Limits::min();
    case 3:
      return static_cast<T>(T{1} << (random() % (sizeof(T) * 8 - 1)));
    default:
      return static_cast<T>(random());
  }
}

double RandomDouble(Random& random) {
  using Limits = std::numeric_limits<double>;
  static constexpr std::array kSpecial = {0.0,
                                          -0.0,
                                          1.0,
                                          -1.0,
                                          0.1,
                                          0.5,
                                          9007199254740992.0,
                                          Limits::infinity(),
                                          -Limits::infinity(),
                                          Limits::quiet_NaN(),
                                          Limits::denorm_min(),
                                          Limits::max(),
                                          Limits::lowest()};
  switch (random() % 3) {
    case 0:
      return kSpecial[random() % kSpecial.size()];
    case 1:
      return static_cast<double>(static_cast<int64_t>(random() % 2001) - 1000) / 8;
    default:
      return std::ldexp(static_cast<double>(static_cast<int64_t>(random())), static_cast<int>(random() % 200) - 100);
  }
}

std::string RandomText(Random& random) {
  // Few letters, the escaped bytes among them, so that prefixes and equal strings happen.
  static constexpr std::array kLetters = {'\0', '\x01', 'a', 'b', 'A', '\xFE', '\xFF', ' '};
  std::string text;
  for (size_t left = Below(random() % 8 == 0 ? 40 : 4, random); left != 0; --left) {
    text.push_back(kLetters[random() % kLetters.size()]);
  }
  return text;
}

std::string RandomNumberText(Random& random) {
  switch (random() % 12) {
    case 0:
      return "NaN";
    case 1:
      return random() % 2 == 0 ? "Infinity" : "-Infinity";
    case 2:
      return "0";
    default:
      break;
  }
  std::string text = random() % 2 == 0 ? "-" : "";
  for (size_t left = Below(random() % 4 == 0 ? 50 : 4, random) + 1; left != 0; --left) {
    text.push_back(static_cast<char>('0' + random() % 10));
  }
  if (random() % 2 == 0) {
    text.push_back('.');
    for (size_t left = Below(8, random) + 1; left != 0; --left) text.push_back(static_cast<char>('0' + random() % 10));
  }
  return text;
}

vec::Int128 RandomInt128(Random& random) {
  if (random() % 2 == 0) return RandomInteger<int64_t>(random);
  return absl::MakeInt128(RandomInteger<int64_t>(random), random());
}

// Up to `digits` decimal digits.
vec::Int128 RandomScaled(int digits, Random& random) {
  vec::Int128 limit = 1;
  for (int i = 0; i < digits; ++i) limit *= 10;
  return RandomInt128(random) % limit;
}

void WriteJson(int depth, Random& random, vec::JsonWriter* writer) {
  const size_t kind = Below(depth == 0 ? 5 : 8, random);
  if (kind < 2) {
    // Few values in several scales, and now and then a long one.
    const bool small = random() % 4 != 0;
    writer->Number(small ? vec::Numeric(vec::Int128{static_cast<int64_t>(random() % 7) - 3}, static_cast<int>(random() % 3))
                         : vec::Numeric(RandomInt128(random), static_cast<int>(random() % 30)));
  } else if (kind == 2) {
    writer->Boolean(random() % 2 == 0);
  } else if (kind == 3) {
    writer->Null();
  } else if (kind == 4) {
    writer->String(random() % 2 == 0 ? "a" : "ab\x01");
  } else if (kind == 5 || kind == 6) {
    writer->BeginArray();
    for (size_t left = Below(4, random); left != 0; --left) WriteJson(depth - 1, random, writer);
    writer->EndArray();
  } else {
    writer->BeginObject();
    for (size_t left = Below(4, random); left != 0; --left) {
      writer->Key(std::string(Below(3, random), random() % 2 == 0 ? 'k' : 'l'));
      WriteJson(depth - 1, random, writer);
    }
    writer->EndObject();
  }
}

Value RandomArray(const Type& type, Random& random) {
  vec::ArrayBuilder builder(type.element_type());
  const bool two = random() % 4 == 0;
  const size_t rows = Below(4, random), columns = two ? 1 + Below(2, random) : 1;
  for (size_t left = rows * columns; left != 0; --left) {
    builder.AddValue(random() % 5 == 0 ? Value::Null(type.element_type()) : RandomValue(type.element_type(), random));
  }
  const auto lower = static_cast<int32_t>(random() % 3) - 1;
  const vec::ArrayDimension dimensions[] = {{lower, static_cast<uint32_t>(rows)}, {1, static_cast<uint32_t>(columns)}};
  return Value::OfBytes(type, builder.Finish(std::span(dimensions, two ? 2 : 1)));
}

// Always of the same fields, as the values of a column are; a struct inside, too.
Value RandomStruct(const Type& type, Random& random, int depth) {
  vec::StructBuilder builder;
  for (const Type& field : {Type::Int32(), Type::Text(), Type::Numeric(), Type::ArrayOf(Type::Int64()), Type(TypeId::kInet)}) {
    builder.AddValue(field, random() % 4 == 0 ? Value::Null(field) : RandomValue(field, random));
  }
  const Type inner(TypeId::kStruct);
  builder.AddValue(inner, depth == 0 || random() % 3 == 0 ? Value::Null(inner) : RandomStruct(inner, random, depth - 1));
  return Value::OfBytes(type, builder.Finish());
}

Value RandomMap(const Type& type, Random& random) {
  std::vector<Value> keys, values;
  for (const char key : {'a', 'b', 'c'}) {
    if (random() % 2 == 0) continue;
    keys.push_back(Value::Text(std::string(1 + random() % 2, key)));
    values.push_back(random() % 4 == 0 ? Value::Null(Type::Int32()) : Value::Int32(static_cast<int32_t>(random() % 3)));
  }
  return Value::OfBytes(type, vec::MakeMap(keys, values, Type::Text(), Type::Int32()).value());
}

Value RandomNetwork(const Type& type, Random& random) {
  vec::NetworkAddress address;
  address.v6 = random() % 3 == 0;
  for (size_t i = 0; i < address.size(); ++i) address.bytes[i] = static_cast<uint8_t>(random() % 3 * 127);
  address.mask = static_cast<int>(random() % static_cast<uint64_t>(address.bits() + 1));
  if (type.id == TypeId::kCidr) address.SetNumber(address.number() & address.mask_number());
  return Value::OfBytes(type, vec::NetworkBytes(address));
}

// Bounds of few values, so that they meet.
Value RandomRange(const Type& type, Random& random) {
  const Type subtype = vec::RangeSubtype(type.id);
  const auto bound = [&]() -> std::optional<Value> {
    if (random() % 5 == 0) return std::nullopt;
    const auto number = static_cast<int64_t>(random() % 6) - 2;
    switch (subtype.physical()) {
      case vec::PhysicalType::kInt32:
        return Value::Of(subtype, static_cast<int32_t>(number));
      case vec::PhysicalType::kInt64:
        return Value::Of(subtype, number);
      default:
        return Value::OfBytes(subtype, vec::Numeric(vec::Int128{number}, static_cast<int>(random() % 2)).ToBytes());
    }
  };
  vec::Range range;
  range.empty = random() % 8 == 0;
  range.lower = bound();
  range.upper = bound();
  if (range.lower && range.upper && Value::Compare(*range.lower, *range.upper) > 0) std::swap(range.lower, range.upper);
  range.lower_inclusive = random() % 2 == 0;
  range.upper_inclusive = random() % 2 == 0;
  return Value::OfBytes(type, vec::MakeRange(type, range).value());
}

}  // namespace

Value RandomValue(const Type& type, Random& random) {
  switch (type.id) {
    case TypeId::kBoolean:
      return Value::Boolean(random() % 2 == 0);
    case TypeId::kInt8:
      return Value::Of(type, RandomInteger<int8_t>(random));
    case TypeId::kInt16:
      return Value::Of(type, RandomInteger<int16_t>(random));
    case TypeId::kInt32:
    case TypeId::kDate:
      return Value::Of(type, RandomInteger<int32_t>(random));
    case TypeId::kInt64:
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz:
      return Value::Of(type, RandomInteger<int64_t>(random));
    case TypeId::kInt128:
      return Value::Of(type, RandomInt128(random));
    case TypeId::kDecimal:
      if (type.width() == 8) return Value::Of(type, static_cast<int64_t>(RandomScaled(type.precision, random)));
      return Value::Of(type, RandomScaled(type.precision, random));
    case TypeId::kUInt8:
      return Value::Of(type, RandomInteger<uint8_t>(random));
    case TypeId::kUInt16:
      return Value::Of(type, RandomInteger<uint16_t>(random));
    case TypeId::kUInt32:
      return Value::Of(type, RandomInteger<uint32_t>(random));
    case TypeId::kUInt64:
      return Value::Of(type, RandomInteger<uint64_t>(random));
    case TypeId::kFloat:
      return Value::Of(type, static_cast<float>(RandomDouble(random)));
    case TypeId::kDouble:
      return Value::Of(type, RandomDouble(random));
    case TypeId::kNumeric:
      return Value::OfBytes(type, vec::Numeric::Parse(RandomNumberText(random)).value().ToBytes());
    case TypeId::kChar: {
      std::string text;
      for (int i = 0; i < type.length; ++i) text.push_back("ab \x01"[random() % 4]);
      return Value::OfBytes(type, text);
    }
    case TypeId::kInterval:
      return Value::Of(type, random() % 4 == 0
                                 ? vec::Interval{static_cast<int32_t>(random() % 3), static_cast<int32_t>(random() % 61), 0}
                                 : vec::Interval{RandomInteger<int32_t>(random), RandomInteger<int32_t>(random),
                                                 RandomInteger<int64_t>(random)});
    case TypeId::kUuid: {
      vec::Uuid uuid;
      for (uint8_t& byte : uuid.bytes) byte = static_cast<uint8_t>(random() % 3 * 127);
      return Value::Of(type, uuid);
    }
    case TypeId::kJson:
      return Value::OfBytes(type, absl::StrCat("[", random() % 20, "]"));
    case TypeId::kJsonb: {
      std::string jsonb;
      vec::JsonWriter writer(&jsonb);
      WriteJson(3, random, &writer);
      return Value::OfBytes(type, jsonb);
    }
    case TypeId::kStruct:
      return RandomStruct(type, random, 1);
    case TypeId::kMap:
      return RandomMap(type, random);
    case TypeId::kInet:
    case TypeId::kCidr:
      return RandomNetwork(type, random);
    case TypeId::kMacaddr: {
      std::string bytes;
      for (int i = 0; i < 6; ++i) bytes.push_back(static_cast<char>(random() % 3 * 127));
      return Value::OfBytes(type, bytes);
    }
    case TypeId::kBit:
    case TypeId::kVarbit: {
      std::string bits;
      for (size_t left = Below(random() % 8 == 0 ? 30 : 5, random); left != 0; --left) bits.push_back("01"[random() % 2]);
      return Value::OfBytes(type, bits);
    }
    case TypeId::kInt4Range:
    case TypeId::kInt8Range:
    case TypeId::kNumRange:
    case TypeId::kTsRange:
    case TypeId::kTstzRange:
    case TypeId::kDateRange:
      return RandomRange(type, random);
    case TypeId::kArray:
      return RandomArray(type, random);
    case TypeId::kAny: {
      const std::vector<Type> types = KeyTypes();
      Type inner = types[Below(types.size(), random)].WithCollation(vec::Collation::kBinary);
      if (inner.id == TypeId::kAny || inner.id == TypeId::kArray) inner = Type::Double();
      return RandomValue(inner, random);
    }
    case TypeId::kDenseVector: {
      const vec::VectorElement element = type.vector_element();
      vec::DenseVectorBuilder builder(element);
      // Few values, so that vectors have elements in common, -0 among them.
      static constexpr std::array kElements = {0.0, -0.0, 1.0, -1.0, 0.5, -127.0, 65504.0};
      const size_t dimensions = 1 + random() % 20;
      while (builder.dimensions() < dimensions) {
        const double value = element == vec::VectorElement::kBit    ? static_cast<double>(random() % 2)
                             : element == vec::VectorElement::kInt8 ? static_cast<double>(static_cast<int8_t>(random()))
                                                                    : kElements[Below(kElements.size(), random)];
        TURDB_CHECK(builder.Add(value).ok());
      }
      return Value::OfBytes(type, *builder.Finish());
    }
    default:
      TURDB_CHECK(type.physical() == vec::PhysicalType::kString);
      return Value::OfBytes(type, RandomText(random));
  }
}

}  // namespace turdb::table
