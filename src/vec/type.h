// The types of SQL values, and how each lies in memory.
//
// A Type is eight bytes and trivially copyable: a TypeId and its parameters. What a type means to SQL
// (its id) is kept apart from how its values lie in a vector (its PhysicalType), so that kernels exist
// once a layout: date and integer share int32 kernels, text, bytea and variable-scale numeric share views.
//
// An array's type is its element's with `element` saying what that is: integer[] is {kArray, element kInt32}. Types
// with other parts (enums, structs, maps) have a number in `length`: that of the user's type in the catalog, or, of structs and
// maps that nobody gave a name, a negative one of `StructTypes` (struct_types.h). 0 is a record of whatever fields.
#ifndef TURDB_VEC_TYPE_H_
#define TURDB_VEC_TYPE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"

namespace turdb::vec {

// On disk (catalog, ANY values): do not change a number.
enum class TypeId : uint8_t {
  kUnknown = 0,  // a quoted literal or NULL whose type is not known yet; laid out as text
  kBoolean = 1,
  kInt8 = 2,
  kInt16 = 3,
  kInt32 = 4,
  kInt64 = 5,
  kInt128 = 6,
  kUInt8 = 7,
  kUInt16 = 8,
  kUInt32 = 9,
  kUInt64 = 10,
  kFloat = 11,
  kDouble = 12,
  kDecimal = 13,  // decimal(p,s): an integer scaled by 10^s, p <= 38
  kNumeric = 14,  // numeric without precision: variable scale, any number of digits; bytes as numeric.h says
  kText = 15,
  kVarchar = 16,  // character varying, with or without a length
  kChar = 17,     // character(n), blank-padded
  kBlob = 18,
  kDate = 19,         // int32 days since 1970-01-01; the extremes are -infinity and infinity
  kTime = 20,         // int64 microseconds since midnight, 24:00:00 allowed
  kTimestamp = 21,    // int64 microseconds since 1970-01-01; the extremes are -infinity and infinity
  kTimestampTz = 22,  // the same, in UTC
  kInterval = 23,
  kUuid = 24,
  kAny = 25,     // a value with its type, as any.h says
  kEnum = 26,    // a label of an enumerated type, whose id is `Type::length`; bytes as enum.h says
  kJson = 27,    // text that is JSON, kept as it was written
  kJsonb = 28,   // JSON in the binary form of json.h
  kArray = 29,   // of `Type::element`, any number of dimensions; bytes as array.h says
  kStruct = 30,  // fields of several types, named by the type; bytes as struct.h says
  kMap = 31,     // keys with values; bytes as struct.h says
  kInet = 32,    // an address of a host with its network's mask; bytes as network.h says
  kCidr = 33,    // a network's
  kMacaddr = 34,
  kBit = 35,        // bit(n): '0' and '1', a byte each
  kVarbit = 36,     // bit varying(n)
  kInt4Range = 37,  // bytes of ranges: as range.h says
  kInt8Range = 38,
  kNumRange = 39,
  kTsRange = 40,
  kTstzRange = 41,
  kDateRange = 42,
  kDenseVector = 43,  // SQL's vector, halfvec: elements of one kind, as dense_vector.h says; so named beside vec::Vector
};
inline constexpr size_t kTypeIdCount = 44;

// What a vector's elements are. On disk, in types: do not change a number.
enum class VectorElement : uint8_t {
  kFloat32 = 0,
  kFloat16 = 1,
  kInt8 = 2,
  kBit = 3,
};
inline constexpr size_t kVectorElementCount = 4;

enum class PhysicalType : uint8_t {
  kBool,  // one byte, 0 or 1
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kInt128,
  kUInt8,
  kUInt16,
  kUInt32,
  kUInt64,
  kFloat,
  kDouble,
  kInterval,  // struct Interval
  kUuid,      // struct Uuid
  kString,    // struct StringView
};

constexpr size_t PhysicalWidth(PhysicalType physical) {
  switch (physical) {
    case PhysicalType::kBool:
    case PhysicalType::kInt8:
    case PhysicalType::kUInt8:
      return 1;
    case PhysicalType::kInt16:
    case PhysicalType::kUInt16:
      return 2;
    case PhysicalType::kInt32:
    case PhysicalType::kUInt32:
    case PhysicalType::kFloat:
      return 4;
    case PhysicalType::kInt64:
    case PhysicalType::kUInt64:
    case PhysicalType::kDouble:
      return 8;
    default:
      return 16;
  }
}

// How texts compare (collation.h). On disk, in types: do not change a number.
enum class Collation : uint8_t {
  kBinary = 0,
  kNoCase = 1,  // without regard to the case of ASCII letters
  kRTrim = 2,   // without blanks at the end
};
inline constexpr size_t kCollationCount = 3;

inline constexpr int kMaxDecimalPrecision = 38;
inline constexpr int kMaxDecimal64Precision = 18;  // up to here a decimal is an int64, above an int128
inline constexpr int kMaxTimePrecision = 6;
inline constexpr int32_t kMaxVectorDimensions = 65535;
inline constexpr int32_t kMaxUnnamedStructs = 1 << 20;  // of a database, for as long as it is open

struct Type {
  TypeId id = TypeId::kUnknown;
  uint8_t precision = 0;  // kDecimal: digits in all; kTime, kTimestamp, kTimestampTz, kInterval: digits of a second;
                          // kDenseVector: its VectorElement
  uint8_t scale = 0;      // kDecimal: digits after the point; what collates: its Collation
  TypeId element = TypeId::kUnknown;  // kArray: the elements' type; precision, scale and length are theirs, too
  int32_t length = 0;  // kVarchar, kChar, kBit, kVarbit: characters; 0 means no limit. kEnum, kStruct, kMap: the type's number;
                       // kDenseVector: elements, 0 any number of them

  constexpr Type() = default;
  // Any id but kDecimal with its default parameters (character is character(1)).
  constexpr Type(TypeId type_id)  // NOLINT: implicit on purpose, Type t = TypeId::kInt32
      : id(type_id), precision(DefaultPrecision(type_id)), length(type_id == TypeId::kChar ? 1 : 0) {}

  static constexpr Type Boolean() { return TypeId::kBoolean; }
  static constexpr Type Int16() { return TypeId::kInt16; }
  static constexpr Type Int32() { return TypeId::kInt32; }
  static constexpr Type Int64() { return TypeId::kInt64; }
  static constexpr Type Float() { return TypeId::kFloat; }
  static constexpr Type Double() { return TypeId::kDouble; }
  static constexpr Type Numeric() { return TypeId::kNumeric; }
  static constexpr Type Text() { return TypeId::kText; }
  static constexpr Type Blob() { return TypeId::kBlob; }
  // REQUIRES: 1 <= precision <= 38, 0 <= scale <= precision.
  static constexpr Type Decimal(int precision, int scale) {
    Type type;
    type.id = TypeId::kDecimal;
    type.precision = static_cast<uint8_t>(precision);
    type.scale = static_cast<uint8_t>(scale);
    return type;
  }
  static constexpr Type Varchar(int32_t length) { return WithLength(TypeId::kVarchar, length); }
  static constexpr Type Char(int32_t length) { return WithLength(TypeId::kChar, length); }
  static constexpr Type Enum(uint32_t id) { return WithLength(TypeId::kEnum, static_cast<int32_t>(id)); }
  static constexpr Type Struct(int32_t number) { return WithLength(TypeId::kStruct, number); }
  static constexpr Type Map(int32_t number) { return WithLength(TypeId::kMap, number); }
  // `dimensions` 0: any number of them.
  static constexpr Type DenseVector(VectorElement element, int32_t dimensions) {
    Type type = WithLength(TypeId::kDenseVector, dimensions);
    type.precision = static_cast<uint8_t>(element);
    return type;
  }
  // REQUIRES: `element` is no array; arrays have dimensions instead.
  static constexpr Type ArrayOf(const Type& element) {
    Type type = element;
    type.element = element.id;
    type.id = TypeId::kArray;
    return type;
  }
  // kTime, kTimestamp, kTimestampTz or kInterval rounded to `precision` digits of a second.
  static constexpr Type WithTimePrecision(TypeId id, int precision) {
    Type type(id);
    type.precision = static_cast<uint8_t>(precision);
    return type;
  }

  // REQUIRES: kArray.
  constexpr Type element_type() const {
    Type type = *this;
    type.id = element;
    type.element = TypeId::kUnknown;
    return type;
  }

  // REQUIRES: kDenseVector, or an array of them.
  constexpr VectorElement vector_element() const { return static_cast<VectorElement>(precision); }

  // Texts, arrays of them, and ANY, which may hold some.
  constexpr bool collates() const {
    const auto text = [](TypeId t) { return t >= TypeId::kText && t <= TypeId::kChar; };
    return text(id) || id == TypeId::kAny || (id == TypeId::kArray && (text(element) || element == TypeId::kAny));
  }
  constexpr Collation collation() const { return collates() ? static_cast<Collation>(scale) : Collation::kBinary; }
  // The same type, whose texts compare so; of what does not collate, the type as it is.
  constexpr Type WithCollation(Collation collation) const {
    Type type = *this;
    if (collates()) type.scale = static_cast<uint8_t>(collation);
    return type;
  }

  // The id of the enumerated type that this is, or is an array of; 0: none.
  constexpr uint32_t enum_id() const {
    return id == TypeId::kEnum || element == TypeId::kEnum ? static_cast<uint32_t>(length) : 0;
  }

  constexpr bool is_or_has_elements(TypeId wanted) const { return id == wanted || (id == TypeId::kArray && element == wanted); }
  // The number of the struct or map that this is, or is an array of; 0: none, or of whatever fields.
  constexpr int32_t struct_number() const {
    return is_or_has_elements(TypeId::kStruct) || is_or_has_elements(TypeId::kMap) ? length : 0;
  }
  // That number is one of StructTypes, not the id of an object of the catalog (temporary ones have ids from 2^31).
  constexpr bool is_unnamed_struct() const { return struct_number() < 0 && struct_number() >= -kMaxUnnamedStructs; }
  // The id in the catalog of the user's type that this is, or is an array of; 0: none.
  constexpr uint32_t user_type_id() const {
    return struct_number() != 0 && !is_unnamed_struct() ? static_cast<uint32_t>(length) : enum_id();
  }

  constexpr PhysicalType physical() const;
  constexpr size_t width() const { return PhysicalWidth(physical()); }
  // PostgreSQL's name, as format_type prints it: "integer", "numeric(10,2)", "character varying(20)".
  std::string ToString() const;

  friend constexpr bool operator==(const Type& a, const Type& b) = default;

 private:
  static constexpr uint8_t DefaultPrecision(TypeId id) {
    return id == TypeId::kTime || id == TypeId::kTimestamp || id == TypeId::kTimestampTz || id == TypeId::kInterval
               ? kMaxTimePrecision
               : 0;
  }
  static constexpr Type WithLength(TypeId id, int32_t length) {
    Type type(id);
    type.length = length;
    return type;
  }
};
static_assert(sizeof(Type) == 8);

constexpr PhysicalType Type::physical() const {
  switch (id) {
    case TypeId::kBoolean:
      return PhysicalType::kBool;
    case TypeId::kInt8:
      return PhysicalType::kInt8;
    case TypeId::kInt16:
      return PhysicalType::kInt16;
    case TypeId::kInt32:
    case TypeId::kDate:
      return PhysicalType::kInt32;
    case TypeId::kInt64:
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz:
      return PhysicalType::kInt64;
    case TypeId::kInt128:
      return PhysicalType::kInt128;
    case TypeId::kUInt8:
      return PhysicalType::kUInt8;
    case TypeId::kUInt16:
      return PhysicalType::kUInt16;
    case TypeId::kUInt32:
      return PhysicalType::kUInt32;
    case TypeId::kUInt64:
      return PhysicalType::kUInt64;
    case TypeId::kFloat:
      return PhysicalType::kFloat;
    case TypeId::kDouble:
      return PhysicalType::kDouble;
    case TypeId::kDecimal:
      return precision <= kMaxDecimal64Precision ? PhysicalType::kInt64 : PhysicalType::kInt128;
    case TypeId::kInterval:
      return PhysicalType::kInterval;
    case TypeId::kUuid:
      return PhysicalType::kUuid;
    case TypeId::kUnknown:
    case TypeId::kNumeric:
    case TypeId::kText:
    case TypeId::kVarchar:
    case TypeId::kChar:
    case TypeId::kBlob:
    case TypeId::kAny:
    case TypeId::kEnum:
    case TypeId::kJson:
    case TypeId::kJsonb:
    case TypeId::kArray:
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
    case TypeId::kDenseVector:
      break;
  }
  return PhysicalType::kString;
}

constexpr bool IsInteger(TypeId id) { return id >= TypeId::kInt8 && id <= TypeId::kUInt64; }
constexpr bool IsSignedInteger(TypeId id) { return id >= TypeId::kInt8 && id <= TypeId::kInt128; }
constexpr bool IsNumber(TypeId id) { return id >= TypeId::kInt8 && id <= TypeId::kNumeric; }
constexpr bool IsText(TypeId id) { return id >= TypeId::kText && id <= TypeId::kChar; }
constexpr bool IsJson(TypeId id) { return id == TypeId::kJson || id == TypeId::kJsonb; }
constexpr bool IsDateTime(TypeId id) { return id >= TypeId::kDate && id <= TypeId::kInterval; }
constexpr bool IsBits(TypeId id) { return id == TypeId::kBit || id == TypeId::kVarbit; }
constexpr bool IsRange(TypeId id) { return id >= TypeId::kInt4Range && id <= TypeId::kDateRange; }
// Of integers or dates: between two neighbours there is nothing.
constexpr bool IsDiscreteRange(TypeId id) {
  return id == TypeId::kInt4Range || id == TypeId::kInt8Range || id == TypeId::kDateRange;
}
// The type of a range's bounds. REQUIRES: IsRange.
constexpr Type RangeSubtype(TypeId id) {
  switch (id) {
    case TypeId::kInt4Range:
      return TypeId::kInt32;
    case TypeId::kInt8Range:
      return TypeId::kInt64;
    case TypeId::kTsRange:
      return TypeId::kTimestamp;
    case TypeId::kTstzRange:
      return TypeId::kTimestampTz;
    case TypeId::kDateRange:
      return TypeId::kDate;
    default:
      return TypeId::kNumeric;
  }
}

// A word that may stand among a type's modifiers, as MakeType wants it: float32, float16, int8 and bit, which say what a
// vector's elements are (and f32, f16, i8, binary, which others call them). nullopt: none of them.
std::optional<int64_t> TypeModifierWord(std::string_view word);
// A type from its SQL name: words in any case separated by single spaces ("double precision",
// "timestamp with time zone"), and the numbers in parentheses. Knows PostgreSQL's, SQLite's and DuckDB's
// names; a name it does not know goes by SQLite's affinity words (INT, CHAR, CLOB, TEXT, BLOB, REAL, FLOA,
// DOUB). Errors: 42704 no such type, 22023 bad modifiers.
base::StatusOr<Type> MakeType(std::string_view name, std::span<const int64_t> modifiers = {});
// Whether it is one of the names that MakeType knows, not one that goes by affinity.
bool IsTypeName(std::string_view name);
// The same from one string: "numeric(10, 2)", "timestamp(3) with time zone".
base::StatusOr<Type> ParseType(std::string_view text);

}  // namespace turdb::vec

#endif  // TURDB_VEC_TYPE_H_
