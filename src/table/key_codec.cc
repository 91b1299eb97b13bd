#include "table/key_codec.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "table/key_composite.h"
#include "table/key_number.h"
#include "table/key_text.h"
#include "vec/any.h"
#include "vec/collation.h"
#include "vec/enum.h"
#include "vec/numeric.h"
#include "vec/scalar.h"
#include "vec/string_view.h"
#include "vec/text_format.h"
#include "vec/vector.h"

namespace turdb::table {

namespace {

using base::Bytes;
using base::Status;
using vec::TypeId;

constexpr size_t kMaxFixedPartBytes = 18;  // type byte and body of everything but strings, numerics and ANY
constexpr uint64_t kSignBit = uint64_t{1} << 63;

template <typename T>
T Load(Cell cell) {
  T value;
  std::memcpy(&value, cell, sizeof(T));
  return value;
}

void PutByte(std::byte*& to, uint8_t byte) { *to++ = std::byte{byte}; }
void Put64(std::byte*& to, uint64_t bits) {
  base::StoreBE(to, bits);
  to += 8;
}

void PutInteger(std::byte*& to, int64_t value) {
  if (value == 0) return PutByte(to, key_byte::kZero);
  PutByte(to, value < 0 ? key_byte::kNegativeInteger : key_byte::kPositiveInteger);
  Put64(to, static_cast<uint64_t>(value));
}

void PutUnsigned(std::byte*& to, uint64_t value) {
  if (value == 0) return PutByte(to, key_byte::kZero);
  PutByte(to, key_byte::kPositiveInteger);
  Put64(to, value);
}

void PutFloat(std::byte*& to, double value) {
  if (value == 0) return PutByte(to, key_byte::kZero);
  if (std::isnan(value)) return PutByte(to, key_byte::kNaN);
  if (std::isinf(value)) return PutByte(to, value < 0 ? key_byte::kMinusInfinity : key_byte::kPlusInfinity);
  const uint64_t bits = std::bit_cast<uint64_t>(value);
  PutByte(to, value < 0 ? key_byte::kNegativeFloat : key_byte::kPositiveFloat);
  Put64(to, value < 0 ? ~bits : bits ^ kSignBit);
}

void PutInterval(std::byte*& to, const vec::Interval& value) {
  const vec::Int128 span = value.SpanMicros();
  PutByte(to, key_byte::kInterval);
  Put64(to, static_cast<uint64_t>(absl::Int128High64(span)) ^ kSignBit);
  Put64(to, absl::Int128Low64(span));
}

void PutUuid(std::byte*& to, const vec::Uuid& value) {
  PutByte(to, key_byte::kUuid);
  std::memcpy(to, value.bytes.data(), 16);
  to += 16;
}

void PutCount64(std::byte*& to, uint8_t type_byte, int64_t value) {
  PutByte(to, type_byte);
  Put64(to, static_cast<uint64_t>(value) ^ kSignBit);
}

// Type byte and body, ascending, of every type whose body has at most 17 bytes. Returns the end.
std::byte* PutFixed(const vec::Type& type, Cell cell, std::byte* to) {
  switch (type.id) {
    case TypeId::kBoolean:
      PutByte(to, Load<uint8_t>(cell) != 0 ? key_byte::kTrue : key_byte::kFalse);
      break;
    case TypeId::kInt8:
      PutInteger(to, Load<int8_t>(cell));
      break;
    case TypeId::kInt16:
      PutInteger(to, Load<int16_t>(cell));
      break;
    case TypeId::kInt32:
      PutInteger(to, Load<int32_t>(cell));
      break;
    case TypeId::kInt64:
      PutInteger(to, Load<int64_t>(cell));
      break;
    case TypeId::kInt128:
      to += EncodeBigInteger(Load<vec::Int128>(cell), to);
      break;
    case TypeId::kDecimal:
      to += EncodeBigInteger(
          type.physical() == vec::PhysicalType::kInt64 ? vec::Int128{Load<int64_t>(cell)} : Load<vec::Int128>(cell), to);
      break;
    case TypeId::kUInt8:
      PutUnsigned(to, Load<uint8_t>(cell));
      break;
    case TypeId::kUInt16:
      PutUnsigned(to, Load<uint16_t>(cell));
      break;
    case TypeId::kUInt32:
      PutUnsigned(to, Load<uint32_t>(cell));
      break;
    case TypeId::kUInt64:
      PutUnsigned(to, Load<uint64_t>(cell));
      break;
    case TypeId::kFloat:
      PutFloat(to, Load<float>(cell));
      break;
    case TypeId::kDouble:
      PutFloat(to, Load<double>(cell));
      break;
    case TypeId::kDate:
      PutByte(to, key_byte::kDate);
      base::StoreBE(to, static_cast<uint32_t>(Load<int32_t>(cell)) ^ 0x80000000u);
      to += 4;
      break;
    case TypeId::kTime:
      PutCount64(to, key_byte::kTime, Load<int64_t>(cell));
      break;
    case TypeId::kTimestamp:
      PutCount64(to, key_byte::kTimestamp, Load<int64_t>(cell));
      break;
    case TypeId::kTimestampTz:
      PutCount64(to, key_byte::kTimestampTz, Load<int64_t>(cell));
      break;
    case TypeId::kInterval:
      PutInterval(to, Load<vec::Interval>(cell));
      break;
    case TypeId::kUuid:
      PutUuid(to, Load<vec::Uuid>(cell));
      break;
    default:
      TURDB_CHECK(false) << "no fixed key body for " << type.ToString();
  }
  return to;
}

bool IsFixedKey(TypeId id) { return !IsStringKey(id) && !IsComputedKey(id); }

// character(n) compares without its trailing blanks, and every text as its collation says.
std::string_view ComparedText(const vec::Type& type, std::string_view text, std::string* scratch) {
  if (type.id == TypeId::kChar) text = vec::TrimTrailingBlanks(text);
  return type.collation() == vec::Collation::kBinary ? text : vec::SortKey(type.collation(), text, scratch);
}

std::byte* PutString(uint8_t type_byte, std::string_view text, std::byte* to) {
  PutByte(to, type_byte);
  to = PutEscaped(text, to);
  PutByte(to, 0);
  PutByte(to, 0);
  return to;
}

void Complement(std::byte* from, const std::byte* end) {
  for (; from != end; ++from) *from = ~*from;
}

std::byte NullByte(const KeyPart& part) { return std::byte{part.nulls_first ? key_byte::kNullFirst : key_byte::kNullLast}; }

Status KeyTooLong(size_t size) {
  return base::WithHint(base::LimitError(absl::StrCat("a key of ", size, " bytes is longer than ", base::kMaxKeyBytes,
                                                      ", the most an index or a primary key can hold")),
                        "index a shorter column, or a hash or a prefix of this one");
}

void AppendCommonText(std::string_view text, uint8_t type_byte, std::string* out) {
  const size_t at = out->size();
  out->resize(at + EscapedSize(text) + 3);
  PutString(type_byte, text, reinterpret_cast<std::byte*>(out->data()) + at);
}

void AppendNumeric(std::string_view bytes, std::string* out) {
  const vec::Numeric number = vec::Numeric::FromBytes(bytes);
  if (number.is_nan()) {
    out->push_back(static_cast<char>(key_byte::kNaN));
  } else if (!number.is_finite()) {
    out->push_back(static_cast<char>(number.is_negative() ? key_byte::kMinusInfinity : key_byte::kPlusInfinity));
  } else {
    AppendCommonNumber(CommonNumber::OfNumeric(number), out);
  }
}

CommonNumber CommonOfFixed(const vec::Type& type, Cell cell) {
  switch (type.id) {
    case TypeId::kInt8:
      return CommonNumber::OfInteger(Load<int8_t>(cell));
    case TypeId::kInt16:
      return CommonNumber::OfInteger(Load<int16_t>(cell));
    case TypeId::kInt32:
      return CommonNumber::OfInteger(Load<int32_t>(cell));
    case TypeId::kInt64:
      return CommonNumber::OfInteger(Load<int64_t>(cell));
    case TypeId::kInt128:
      return CommonNumber::OfInteger(Load<vec::Int128>(cell));
    case TypeId::kUInt8:
      return CommonNumber::OfUnsigned(Load<uint8_t>(cell));
    case TypeId::kUInt16:
      return CommonNumber::OfUnsigned(Load<uint16_t>(cell));
    case TypeId::kUInt32:
      return CommonNumber::OfUnsigned(Load<uint32_t>(cell));
    default:
      return CommonNumber::OfUnsigned(Load<uint64_t>(cell));
  }
}

// A value of an ANY column: numbers in the common form, whatever their types; the rest as in a column of its own type.
void AppendAny(std::string_view bytes, vec::Collation collation, std::string* out) {
  const vec::Value value = vec::DecodeAny(bytes);
  const vec::Type type = value.type().WithCollation(collation);
  if (IsStringKey(type.id)) {
    const std::string_view text = type.id == TypeId::kEnum ? vec::LabelOf(value.bytes()) : value.bytes();
    std::string scratch;
    AppendCommonText(ComparedText(type, text, &scratch), StringTypeByte(type.id), out);
  } else if (type == TypeId::kNumeric) {
    AppendNumeric(value.bytes(), out);
  } else if (IsComputedKey(type.id)) {
    AppendCompositeKey(type, value.bytes(), out);
  } else if (type.id == TypeId::kDecimal) {
    const vec::Int128 scaled =
        type.physical() == vec::PhysicalType::kInt64 ? vec::Int128{value.Get<int64_t>()} : value.Get<vec::Int128>();
    AppendCommonNumber(CommonNumber::OfScaled(scaled, type.scale), out);
  } else if (vec::IsInteger(type.id)) {
    AppendCommonNumber(CommonOfFixed(type, value.fixed_data()), out);
  } else {
    const bool is_float = type.id == TypeId::kFloat || type.id == TypeId::kDouble;
    const double number = is_float ? value.AsDouble() : 0.0;
    if (is_float && std::isfinite(number)) {
      AppendCommonNumber(CommonNumber::OfDouble(number), out);
    } else {
      std::byte fixed[kMaxFixedPartBytes];
      const std::byte* end = PutFixed(type, value.fixed_data(), fixed);
      out->append(reinterpret_cast<const char*>(fixed), static_cast<size_t>(end - fixed));
    }
  }
}

std::string_view TextOf(Cell cell, vec::StringView* holder) {
  std::memcpy(holder, cell, sizeof(*holder));
  return {holder->data(), holder->size()};
}

// Ascending, into a string: what has a size that is known only afterwards.
void AppendComputed(const KeyPart& part, std::string_view text, std::string* out) {
  switch (part.type.id) {
    case TypeId::kNumeric:
      return AppendNumeric(text, out);
    case TypeId::kAny:
      return AppendAny(text, part.type.collation(), out);
    default:
      return AppendCompositeKey(part.type, text, out);
  }
}

Status AppendText(const KeyPart& part, std::string_view text, KeyBuffer* out) {
  const size_t size = EscapedSize(text) + 3;
  if (size > out->left()) return KeyTooLong(out->size() + size);
  std::byte* const begin = out->end();
  const std::byte* const end = PutString(StringTypeByte(part.type.id), text, begin);
  if (part.descending) Complement(begin, end);
  out->Grow(size);
  return absl::OkStatus();
}

}  // namespace

bool KeyBuffer::Append(Bytes bytes) {
  if (bytes.size() > left()) return false;
  if (!bytes.empty()) std::memcpy(end(), bytes.data(), bytes.size());
  size_ += bytes.size();
  return true;
}

void KeyBuffer::Assign(Bytes bytes) {
  TURDB_CHECK_LE(bytes.size(), kCapacity);
  size_ = bytes.size();
  if (size_ != 0) std::memcpy(data_, bytes.data(), size_);
}

Status AppendKeyPart(const KeyPart& part, Cell cell, KeyBuffer* out) {
  if (cell != nullptr && IsFixedKey(part.type.id) && out->left() >= kMaxFixedPartBytes) {
    std::byte* const begin = out->end();
    const std::byte* const end = PutFixed(part.type, cell, begin);
    if (part.descending) Complement(begin, end);
    out->Grow(static_cast<size_t>(end - begin));
    return absl::OkStatus();
  }
  if (cell == nullptr) {
    if (out->left() == 0) return KeyTooLong(out->size() + 1);
    *out->end() = NullByte(part);
    out->Grow(1);
    return absl::OkStatus();
  }
  vec::StringView holder;
  std::string computed;
  if (IsStringKey(part.type.id)) return AppendText(part, ComparedText(part.type, TextOf(cell, &holder), &computed), out);
  AppendSortKeyPart(part, cell, &computed);
  if (!out->Append(base::AsBytes(computed))) return KeyTooLong(out->size() + computed.size());
  return absl::OkStatus();
}

Status AppendKeyPart(const KeyPart& part, const vec::Value& value, KeyBuffer* out) {
  if (value.is_null()) return AppendKeyPart(part, Cell{nullptr}, out);
  if (part.type.id == TypeId::kAny) {
    const std::string any = vec::EncodeAny(value);
    const vec::StringView view(any);
    return AppendKeyPart(part, Cell{&view}, out);
  }
  TURDB_CHECK(value.type().physical() == part.type.physical());
  if (value.type().physical() == vec::PhysicalType::kString) {
    const vec::StringView view{std::string_view(value.bytes())};
    return AppendKeyPart(part, Cell{&view}, out);
  }
  return AppendKeyPart(part, value.fixed_data(), out);
}

Status AppendKeyPart(const KeyPart& part, const vec::Vector& vector, size_t row, KeyBuffer* out) {
  const vec::VectorView view = vector.View();
  if (!view.IsValid(row)) return AppendKeyPart(part, Cell{nullptr}, out);
  return AppendKeyPart(part, Cell{view.data + view.Index(row) * vector.type().width()}, out);
}

void AppendSortKeyPart(const KeyPart& part, Cell cell, std::string* out) {
  const size_t begin = out->size();
  if (cell == nullptr) {
    out->push_back(static_cast<char>(NullByte(part)));
    return;
  }
  vec::StringView holder;
  if (IsFixedKey(part.type.id)) {
    std::byte fixed[kMaxFixedPartBytes];
    const std::byte* end = PutFixed(part.type, cell, fixed);
    out->append(reinterpret_cast<const char*>(fixed), static_cast<size_t>(end - fixed));
  } else if (IsStringKey(part.type.id)) {
    std::string scratch;
    AppendCommonText(ComparedText(part.type, TextOf(cell, &holder), &scratch), StringTypeByte(part.type.id), out);
  } else {
    AppendComputed(part, TextOf(cell, &holder), out);
  }
  if (part.descending) {
    std::byte* const data = reinterpret_cast<std::byte*>(out->data());
    Complement(data + begin, data + out->size());
  }
}

namespace {

// Type byte and eight bytes of a number's key, as if it were ascending. False: there are not as many.
bool LeadingNumber(const KeyPart& part, Bytes key, uint8_t* type_byte, uint64_t* bits) {
  std::byte number[9] = {};
  if (key.empty()) return false;
  const size_t size = std::min(key.size(), sizeof(number));
  std::memcpy(number, key.data(), size);
  if (part.descending) Complement(number, number + size);
  *type_byte = std::to_integer<uint8_t>(number[0]);
  *bits = base::LoadBE<uint64_t>(number + 1);
  return size == sizeof(number) || *type_byte == key_byte::kZero;
}

}  // namespace

std::optional<double> LeadingFloat(const KeyPart& part, Bytes key) {
  uint8_t type_byte = 0;
  uint64_t bits = 0;
  if (part.type.id != TypeId::kFloat && part.type.id != TypeId::kDouble) return std::nullopt;
  if (!LeadingNumber(part, key, &type_byte, &bits)) return std::nullopt;
  if (type_byte == key_byte::kZero) return 0.0;
  if (type_byte == key_byte::kNegativeFloat) return std::bit_cast<double>(~bits);
  if (type_byte == key_byte::kPositiveFloat) return std::bit_cast<double>(bits ^ kSignBit);
  return std::nullopt;
}

std::optional<int64_t> LeadingInteger(const KeyPart& part, Bytes key) {
  uint8_t type_byte = 0;
  uint64_t bits = 0;
  if (part.type.id != TypeId::kInt16 && part.type.id != TypeId::kInt32 && part.type.id != TypeId::kInt64) return std::nullopt;
  if (!LeadingNumber(part, key, &type_byte, &bits)) return std::nullopt;
  if (type_byte == key_byte::kZero) return 0;
  if (type_byte == key_byte::kNegativeInteger || type_byte == key_byte::kPositiveInteger) return static_cast<int64_t>(bits);
  return std::nullopt;
}

bool KeyKeepsValue(const vec::Type& type) {
  if (type.collation() != vec::Collation::kBinary) return false;
  switch (type.id) {
    case TypeId::kFloat:  // -0.0 is zero
    case TypeId::kDouble:
    case TypeId::kNumeric:   // 1.0 and 1.00 are equal
    case TypeId::kInterval:  // so are '1 month' and '30 days'
    case TypeId::kChar:      // trailing blanks
    case TypeId::kAny:
    case TypeId::kJsonb:   // its numbers
    case TypeId::kStruct:  // whatever its fields are
    case TypeId::kMap:
    case TypeId::kNumRange:
    case TypeId::kCidr:         // read as inet
    case TypeId::kDenseVector:  // -0.0
      return false;
    case TypeId::kArray:
      return KeyKeepsValue(type.element_type());
    default:
      return true;
  }
}

bool MakePrefixUpperBound(KeyBuffer* key) {
  size_t size = key->size();
  std::byte* const begin = key->end() - size;
  while (size != 0 && begin[size - 1] == std::byte{0xFF}) --size;
  key->Truncate(size);
  if (size == 0) return false;
  begin[size - 1] = static_cast<std::byte>(std::to_integer<int>(begin[size - 1]) + 1);
  return true;
}

Status AppendTextPrefix(const KeyPart& part, std::string_view text, KeyBuffer* out) {
  TURDB_CHECK(IsStringKey(part.type.id) && !part.descending);
  // Of a text that goes on, blanks at the end of its prefix are not at its end.
  std::string folded;
  if (part.type.collation() == vec::Collation::kNoCase) text = vec::SortKey(vec::Collation::kNoCase, text, &folded);
  const size_t size = EscapedSize(text) + 1;
  if (size > out->left()) return KeyTooLong(out->size() + size);
  std::byte* to = out->end();
  PutByte(to, StringTypeByte(part.type.id));
  PutEscaped(text, to);
  out->Grow(size);
  return absl::OkStatus();
}

}  // namespace turdb::table
