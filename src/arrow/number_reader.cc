// Booleans, numbers and nulls.
#include <bit>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "arrow/column_reader.h"
#include "vec/numeric.h"
#include "vec/scalar.h"
#include "vec/text_format.h"

namespace turdb::arrow {
namespace {

using base::Status;
using vec::Int128;
using vec::Type;
using vec::TypeId;
using vec::UInt128;
using vec::Vector;

Status NoValues() { return BadArray("has rows and no buffer of values"); }

class NullReader : public ColumnReader {
 public:
  NullReader() : ColumnReader(TypeId::kText, 0, 0, false) {}
  Status Read(int64_t, uint32_t, Vector* out) override {
    out->SetConstantNull();
    return absl::OkStatus();
  }
};

class BoolReader : public ColumnReader {
 public:
  BoolReader() : ColumnReader(TypeId::kBoolean, 2, 0) {}
  Status Read(int64_t first, uint32_t count, Vector* out) override {
    if (count == 0) return absl::OkStatus();
    const auto* bits = static_cast<const uint8_t*>(array().buffers[1]);
    if (bits == nullptr) return NoValues();
    bool* values = out->data<bool>();
    for (uint32_t i = 0; i < count; ++i) {
      const int64_t at = offset() + first + i;
      values[i] = ((bits[at / 8] >> (at % 8)) & 1) != 0;
    }
    ReadNulls(first, count, out);
    return absl::OkStatus();
  }
};

// Values that lie in vectors as they lie in Arrow.
class PlainReader : public ColumnReader {
 public:
  explicit PlainReader(Type type) : ColumnReader(type, 2, 0) {}
  Status Read(int64_t first, uint32_t count, Vector* out) override {
    if (count == 0) return absl::OkStatus();
    const size_t width = type().width();
    const auto* values = static_cast<const char*>(array().buffers[1]);
    if (values == nullptr) return NoValues();
    values += static_cast<size_t>(offset() + first) * width;
    vec::VisitPhysical(type().physical(),
                       [&](auto tag) { std::memcpy(static_cast<void*>(out->data<decltype(tag)>()), values, count * width); });
    ReadNulls(first, count, out);
    return absl::OkStatus();
  }
};

float HalfToFloat(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t exponent = (half >> 10) & 0x1f, mantissa = half & 0x3ff;
  if (exponent == 0x1f) return std::bit_cast<float>(sign | 0x7f800000u | (mantissa << 13));
  if (exponent == 0) {
    const float value = static_cast<float>(mantissa) / 16777216.0f;  // mantissa * 2^-24
    return sign != 0 ? -value : value;
  }
  return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
}

class HalfReader : public ColumnReader {
 public:
  HalfReader() : ColumnReader(TypeId::kFloat, 2, 0) {}
  Status Read(int64_t first, uint32_t count, Vector* out) override {
    if (count == 0) return absl::OkStatus();
    if (array().buffers[1] == nullptr) return NoValues();
    const uint16_t* values = Values<uint16_t>(1) + first;
    for (uint32_t i = 0; i < count; ++i) out->data<float>()[i] = HalfToFloat(values[i]);
    ReadNulls(first, count, out);
    return absl::OkStatus();
  }
};

struct DecimalFormat {
  int precision = 0;
  int scale = 0;
  int bits = 128;
};

// Numbers of 32 to 256 bits, scaled; as decimal where that holds all that the format allows, as int128 where the schema says
// so, and as numeric otherwise.
class DecimalReader : public ColumnReader {
 public:
  DecimalReader(const DecimalFormat& format, Type type) : ColumnReader(type, 2, 0), format_(format) {}

  Status Read(int64_t first, uint32_t count, Vector* out) override {
    if (count == 0) return absl::OkStatus();
    const size_t width = static_cast<size_t>(format_.bits) / 8;
    const auto* values = static_cast<const unsigned char*>(array().buffers[1]);
    if (values == nullptr) return NoValues();
    values += static_cast<size_t>(offset() + first) * width;
    for (uint32_t i = 0; i < count; ++i, values += width) {
      if (!IsValid(first + i)) {
        out->SetNull(i);
        continue;
      }
      TURDB_RETURN_IF_ERROR(type().id == TypeId::kNumeric ? ReadNumeric(values, width, i, out)
                                                          : ReadScaled(values, width, i, out));
    }
    return absl::OkStatus();
  }

 private:
  Status TooLarge() const {
    return base::MakeError(absl::StatusCode::kOutOfRange, base::sqlstate::kNumericOutOfRange,
                           absl::StrCat("a value of Arrow's decimal has more than its ", format_.precision, " digits"));
  }

  Status ReadScaled(const unsigned char* value, size_t width, uint32_t row, Vector* out) const {
    const bool negative = (value[width - 1] & 0x80) != 0;
    unsigned char bytes[16];
    std::memset(bytes, negative ? 0xff : 0, sizeof bytes);
    std::memcpy(bytes, value, std::min<size_t>(width, 16));
    for (size_t i = 16; i < width; ++i) {
      if (value[i] != (negative ? 0xff : 0)) return TooLarge();
    }
    if (width > 16 && ((bytes[15] & 0x80) != 0) != negative) return TooLarge();
    Int128 number;
    std::memcpy(&number, bytes, sizeof number);
    if (type().id == TypeId::kInt128) {
      out->Set<Int128>(row, number);
      return absl::OkStatus();
    }
    const UInt128 magnitude = negative ? -static_cast<UInt128>(number) : static_cast<UInt128>(number);
    if (magnitude >= vec::Power10(format_.precision)) return TooLarge();
    if (type().physical() == vec::PhysicalType::kInt64) {
      out->Set<int64_t>(row, static_cast<int64_t>(number));
    } else {
      out->Set<Int128>(row, number);
    }
    return absl::OkStatus();
  }

  Status ReadNumeric(const unsigned char* value, size_t width, uint32_t row, Vector* out) const {
    std::string bytes(reinterpret_cast<const char*>(value), width);
    const bool negative = (value[width - 1] & 0x80) != 0;
    if (negative) {  // two's complement
      unsigned carry = 1;
      for (char& byte : bytes) {
        carry += static_cast<unsigned char>(~static_cast<unsigned char>(byte));
        byte = static_cast<char>(carry & 0xff);
        carry >>= 8;
      }
    }
    vec::BigUint magnitude = vec::BigUint::FromBytes(bytes);
    if (format_.scale < 0) magnitude = magnitude * vec::BigUint::Power10(-format_.scale);
    out->SetString(row, vec::Numeric::FromMagnitude(negative, std::move(magnitude), std::max(format_.scale, 0)).ToBytes());
    return absl::OkStatus();
  }

  const DecimalFormat format_;
};

ReaderOr MakeDecimalReader(std::string_view format, std::string_view named_type) {
  const auto bad = [&] {
    return base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
                           absl::StrCat("Arrow's format \"", format, "\" is no decimal"));
  };
  const std::vector<std::string_view> parts = absl::StrSplit(format.substr(2), ',');
  DecimalFormat decimal;
  if (parts.size() < 2 || parts.size() > 3 || !absl::SimpleAtoi(parts[0], &decimal.precision) ||
      !absl::SimpleAtoi(parts[1], &decimal.scale) || (parts.size() == 3 && !absl::SimpleAtoi(parts[2], &decimal.bits))) {
    return bad();
  }
  const bool width_known = decimal.bits == 32 || decimal.bits == 64 || decimal.bits == 128 || decimal.bits == 256;
  if (!width_known || decimal.precision < 1 || decimal.precision > 76 || decimal.scale < -128 || decimal.scale > 128)
    return bad();
  if (named_type == "int128" && decimal.scale == 0) return std::make_unique<DecimalReader>(decimal, TypeId::kInt128);
  const bool fits = decimal.precision <= vec::kMaxDecimalPrecision && decimal.scale >= 0 && decimal.scale <= decimal.precision;
  return std::make_unique<DecimalReader>(decimal, fits ? Type::Decimal(decimal.precision, decimal.scale) : Type::Numeric());
}

}  // namespace

ReaderOr MakeNumberReader(std::string_view format, std::string_view named_type) {
  if (format.starts_with("d:")) return MakeDecimalReader(format, named_type);
  if (format.size() != 1) return std::unique_ptr<ColumnReader>();
  switch (format[0]) {
    case 'n':
      return std::make_unique<NullReader>();
    case 'b':
      return std::make_unique<BoolReader>();
    case 'c':
      return std::make_unique<PlainReader>(TypeId::kInt8);
    case 'C':
      return std::make_unique<PlainReader>(TypeId::kUInt8);
    case 's':
      return std::make_unique<PlainReader>(TypeId::kInt16);
    case 'S':
      return std::make_unique<PlainReader>(TypeId::kUInt16);
    case 'i':
      return std::make_unique<PlainReader>(TypeId::kInt32);
    case 'I':
      return std::make_unique<PlainReader>(TypeId::kUInt32);
    case 'l':
      return std::make_unique<PlainReader>(TypeId::kInt64);
    case 'L':
      return std::make_unique<PlainReader>(TypeId::kUInt64);
    case 'e':
      return std::make_unique<HalfReader>();
    case 'f':
      return std::make_unique<PlainReader>(TypeId::kFloat);
    case 'g':
      return std::make_unique<PlainReader>(TypeId::kDouble);
    default:
      return std::unique_ptr<ColumnReader>();
  }
}

}  // namespace turdb::arrow
