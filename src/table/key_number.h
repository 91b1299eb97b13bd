// Numbers whose keys are not eight plain bytes: 128-bit integers, decimals, and the common form in which
// integers, floats and numerics of one column (ANY, variable-scale numeric) order as numbers. FORMAT.md,
// "Numbers", specifies both bodies.
#ifndef TURDB_TABLE_KEY_NUMBER_H_
#define TURDB_TABLE_KEY_NUMBER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "vec/numeric.h"
#include "vec/scalar.h"

namespace turdb::table {

// Type bytes. On disk: do not change.
namespace key_byte {
inline constexpr uint8_t kNullFirst = 0x01;
inline constexpr uint8_t kFalse = 0x02;
inline constexpr uint8_t kTrue = 0x03;
inline constexpr uint8_t kMinusInfinity = 0x10;
inline constexpr uint8_t kNegativeBig = 0x11;
inline constexpr uint8_t kNegativeInteger = 0x12;
inline constexpr uint8_t kNegativeFloat = 0x13;
inline constexpr uint8_t kZero = 0x14;
inline constexpr uint8_t kPositiveFloat = 0x15;
inline constexpr uint8_t kPositiveInteger = 0x16;
inline constexpr uint8_t kPositiveBig = 0x17;
inline constexpr uint8_t kPlusInfinity = 0x18;
inline constexpr uint8_t kNaN = 0x19;
inline constexpr uint8_t kText = 0x20;
inline constexpr uint8_t kBlob = 0x21;
inline constexpr uint8_t kDate = 0x30;
inline constexpr uint8_t kTime = 0x31;
inline constexpr uint8_t kTimestamp = 0x32;
inline constexpr uint8_t kTimestampTz = 0x33;
inline constexpr uint8_t kInterval = 0x34;
inline constexpr uint8_t kUuid = 0x40;
inline constexpr uint8_t kInet = 0x41;
inline constexpr uint8_t kMacaddr = 0x42;
inline constexpr uint8_t kBits = 0x43;
inline constexpr uint8_t kJsonNull = 0x50;  // then false, true, in the order of vec::JsonKind
inline constexpr uint8_t kJsonNumber = 0x53;
inline constexpr uint8_t kJsonString = 0x54;
inline constexpr uint8_t kJsonArray = 0x55;
inline constexpr uint8_t kJsonObject = 0x56;
inline constexpr uint8_t kArray = 0x60;
inline constexpr uint8_t kRange = 0x61;
inline constexpr uint8_t kStruct = 0x62;
inline constexpr uint8_t kMap = 0x63;
inline constexpr uint8_t kVector = 0x70;
inline constexpr uint8_t kNullLast = 0xFE;
}  // namespace key_byte

// Type byte and body of a 128-bit integer, or of a decimal's scaled integer. Writes at most kMaxBigBytes.
inline constexpr size_t kMaxBigBytes = 18;
size_t EncodeBigInteger(vec::Int128 value, std::byte* to);

// A finite number as base-100 digits: 0.d1 d2 d3 ... x 100^exponent, d1 and the last digit not zero.
// No digits: zero.
struct CommonNumber {
  bool negative = false;
  int32_t exponent = 0;
  std::string digits;  // one byte each, 0..99

  static CommonNumber OfInteger(vec::Int128 value);
  static CommonNumber OfUnsigned(uint64_t value);
  static CommonNumber OfDouble(double value);                  // exactly. REQUIRES: finite
  static CommonNumber OfScaled(vec::Int128 value, int scale);  // value / 10^scale
  static CommonNumber OfNumeric(const vec::Numeric& value);    // REQUIRES: finite
  // Decimal digits '0'..'9' of an integer, times 10^ten_exponent.
  static CommonNumber OfDecimalDigits(bool negative, std::string_view decimal_digits, int64_t ten_exponent);
  std::optional<vec::Numeric> ToNumeric() const;  // nullopt: larger than any numeric
  // As SQL prints it: "-12.5", "1000", "0".
  std::string ToText() const;
  // True when it is an integer that fits; then *out is it.
  bool AsInt64(int64_t* out) const;
};

// Appends type byte and body in the common form.
void AppendCommonNumber(const CommonNumber& number, std::string* out);

// Reading: `key` starts at the type byte (11, 14 or 17), already uncomplemented. Each moves past what it
// read and is false when the bytes are no such number.
[[nodiscard]] bool ReadBigInteger(base::Bytes* key, vec::Int128* out);
[[nodiscard]] bool ReadCommonNumber(base::Bytes* key, CommonNumber* out);

}  // namespace turdb::table

#endif  // TURDB_TABLE_KEY_NUMBER_H_
