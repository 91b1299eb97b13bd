#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "table/key_codec.h"
#include "table/key_composite.h"
#include "table/key_number.h"
#include "table/key_text.h"
#include "vec/numeric.h"
#include "vec/scalar.h"
#include "vec/string_view.h"
#include "vec/vector.h"

namespace turdb::table {

using base::Bytes;
using base::Status;
using vec::TypeId;

// Bytes of the part without its type byte, by what the type byte says; SIZE_MAX when it is none.
size_t KeyBodyLength(uint8_t type_byte, Bytes body, std::byte flip) {
  switch (type_byte) {
    case key_byte::kFalse:
    case key_byte::kTrue:
    case key_byte::kMinusInfinity:
    case key_byte::kZero:
    case key_byte::kPlusInfinity:
    case key_byte::kNaN:
      return 0;
    case key_byte::kDate:
      return 4;
    case key_byte::kNegativeInteger:
    case key_byte::kPositiveInteger:
    case key_byte::kNegativeFloat:
    case key_byte::kPositiveFloat:
    case key_byte::kTime:
    case key_byte::kTimestamp:
    case key_byte::kTimestampTz:
      return 8;
    case key_byte::kInterval:
    case key_byte::kUuid:
      return 16;
    case key_byte::kText:
    case key_byte::kBlob:
    case key_byte::kInet:
    case key_byte::kMacaddr:
    case key_byte::kBits: {
      const EscapedLength length = MeasureEscaped(body, flip);
      return length.body == 0 ? SIZE_MAX : length.body;
    }
    case key_byte::kNegativeBig:
    case key_byte::kPositiveBig: {
      if (type_byte == key_byte::kNegativeBig) flip = ~flip;
      if (body.empty()) return SIZE_MAX;
      const size_t first = std::to_integer<size_t>(body[0] ^ flip);
      if (first <= 16) return 1 + first;
      for (size_t i = 3; i < body.size(); ++i) {
        if (body[i] == flip) return i + 1;
      }
      return SIZE_MAX;
    }
    default:
      return CompositeBodyLength(type_byte, body, flip);
  }
}

namespace {

constexpr uint64_t kSignBit = uint64_t{1} << 63;

Status Damaged(const KeyPart& part, Bytes key) {
  return base::CorruptionError(
      absl::StrCat("a key has no ", part.type.ToString(), " where one is due (", key.size(), " bytes are left",
                   key.empty() ? "" : absl::StrCat(", the first is ", std::to_integer<int>(key[0])), ")"));
}

bool IsNullByte(const KeyPart& part, std::byte byte) {
  return byte == std::byte{part.nulls_first ? key_byte::kNullFirst : key_byte::kNullLast};
}

template <typename T>
void Store(std::byte* to, T value) {
  std::memcpy(to, &value, sizeof(T));
}

// Stores `value` as the integer type; false when it does not fit.
template <typename T>
bool StoreInteger(vec::Int128 value, std::byte* to) {
  if (value < vec::Int128{std::numeric_limits<T>::min()} || value > vec::Int128{std::numeric_limits<T>::max()}) return false;
  Store(to, static_cast<T>(value));
  return true;
}

bool StoreIntegerOf(TypeId id, vec::Int128 value, std::byte* to) {
  switch (id) {
    case TypeId::kInt8:
      return StoreInteger<int8_t>(value, to);
    case TypeId::kInt16:
      return StoreInteger<int16_t>(value, to);
    case TypeId::kInt32:
      return StoreInteger<int32_t>(value, to);
    case TypeId::kInt64:
      return StoreInteger<int64_t>(value, to);
    case TypeId::kUInt8:
      return StoreInteger<uint8_t>(value, to);
    case TypeId::kUInt16:
      return StoreInteger<uint16_t>(value, to);
    case TypeId::kUInt32:
      return StoreInteger<uint32_t>(value, to);
    case TypeId::kUInt64:
      return StoreInteger<uint64_t>(value, to);
    default:
      return false;
  }
}

bool ReadInteger(TypeId id, uint8_t type_byte, const std::byte* body, std::byte* to) {
  if (type_byte == key_byte::kZero) return StoreIntegerOf(id, 0, to);
  if (type_byte != key_byte::kPositiveInteger && type_byte != key_byte::kNegativeInteger) return false;
  const uint64_t bits = base::LoadBE<uint64_t>(body);
  return StoreIntegerOf(
      id, type_byte == key_byte::kPositiveInteger ? vec::Int128{bits} : vec::Int128{static_cast<int64_t>(bits)}, to);
}

bool ReadFloat(TypeId id, uint8_t type_byte, const std::byte* body, std::byte* to) {
  double value = 0;
  switch (type_byte) {
    case key_byte::kZero:
      break;
    case key_byte::kNaN:
      value = std::numeric_limits<double>::quiet_NaN();
      break;
    case key_byte::kMinusInfinity:
      value = -std::numeric_limits<double>::infinity();
      break;
    case key_byte::kPlusInfinity:
      value = std::numeric_limits<double>::infinity();
      break;
    case key_byte::kNegativeFloat:
      value = std::bit_cast<double>(~base::LoadBE<uint64_t>(body));
      break;
    case key_byte::kPositiveFloat:
      value = std::bit_cast<double>(base::LoadBE<uint64_t>(body) ^ kSignBit);
      break;
    default:
      return false;
  }
  if (id == TypeId::kDouble) {
    Store(to, value);
  } else {
    Store(to, static_cast<float>(value));
  }
  return true;
}

bool ReadInterval(const std::byte* body, std::byte* to) {
  const vec::Int128 span =
      absl::MakeInt128(static_cast<int64_t>(base::LoadBE<uint64_t>(body) ^ kSignBit), base::LoadBE<uint64_t>(body + 8));
  const vec::Int128 month_micros = vec::Int128{30} * vec::kMicrosPerDay;
  const vec::Int128 months = span / month_micros;
  const vec::Int128 rest = span % month_micros;
  if (months < INT32_MIN || months > INT32_MAX) {
    // More than int32 months: days and microseconds took part.
    const vec::Int128 clamped = months < 0 ? vec::Int128{INT32_MIN} : vec::Int128{INT32_MAX};
    const vec::Int128 left = span - clamped * month_micros;
    vec::Int128 days = left / vec::kMicrosPerDay;
    days = std::clamp(days, vec::Int128{INT32_MIN}, vec::Int128{INT32_MAX});
    const vec::Int128 micros = left - days * vec::kMicrosPerDay;
    if (micros < INT64_MIN || micros > INT64_MAX) return false;
    Store(to, vec::Interval{static_cast<int32_t>(clamped), static_cast<int32_t>(days), static_cast<int64_t>(micros)});
    return true;
  }
  Store(to, vec::Interval{static_cast<int32_t>(months), static_cast<int32_t>(rest / vec::kMicrosPerDay),
                          static_cast<int64_t>(rest % vec::kMicrosPerDay)});
  return true;
}

// `part_bytes`: one whole part, not complemented. Stores the physical value at `to`.
bool ReadFixed(const vec::Type& type, Bytes part_bytes, std::byte* to) {
  const uint8_t type_byte = std::to_integer<uint8_t>(part_bytes[0]);
  const std::byte* const body = part_bytes.data() + 1;
  switch (type.id) {
    case TypeId::kBoolean:
      to[0] = std::byte{type_byte == key_byte::kTrue};
      return type_byte == key_byte::kTrue || type_byte == key_byte::kFalse;
    case TypeId::kInt128:
    case TypeId::kDecimal: {
      vec::Int128 value;
      if (!ReadBigInteger(&part_bytes, &value)) return false;
      if (type.physical() == vec::PhysicalType::kInt64) return StoreInteger<int64_t>(value, to);
      Store(to, value);
      return true;
    }
    case TypeId::kFloat:
    case TypeId::kDouble:
      return ReadFloat(type.id, type_byte, body, to);
    case TypeId::kDate:
      if (type_byte != key_byte::kDate) return false;
      Store(to, static_cast<int32_t>(base::LoadBE<uint32_t>(body) ^ 0x80000000u));
      return true;
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz: {
      const uint8_t due = type.id == TypeId::kTime        ? key_byte::kTime
                          : type.id == TypeId::kTimestamp ? key_byte::kTimestamp
                                                          : key_byte::kTimestampTz;
      if (type_byte != due) return false;
      Store(to, static_cast<int64_t>(base::LoadBE<uint64_t>(body) ^ kSignBit));
      return true;
    }
    case TypeId::kInterval:
      return type_byte == key_byte::kInterval && ReadInterval(body, to);
    case TypeId::kUuid:
      if (type_byte != key_byte::kUuid) return false;
      std::memcpy(to, body, 16);
      return true;
    default:
      return ReadInteger(type.id, type_byte, body, to);
  }
}

// One part cut from the front of a key, its complement taken back when it has one.
class PartBytes {
 public:
  // False when the key does not begin with a part.
  bool Cut(const KeyPart& part, Bytes* key) {
    if (key->empty()) return false;
    if (IsNullByte(part, (*key)[0])) {
      is_null_ = true;
      *key = key->subspan(1);
      return true;
    }
    const std::byte flip = part.descending ? std::byte{0xFF} : std::byte{0};
    const size_t body = KeyBodyLength(std::to_integer<uint8_t>((*key)[0] ^ flip), key->subspan(1), flip);
    if (body == SIZE_MAX || 1 + body > key->size()) return false;
    bytes_ = key->first(1 + body);
    *key = key->subspan(1 + body);
    if (part.descending) {
      std::byte* to = small_.data();
      if (bytes_.size() > small_.size()) {
        large_.resize(bytes_.size());
        to = reinterpret_cast<std::byte*>(large_.data());
      }
      for (size_t i = 0; i < bytes_.size(); ++i) to[i] = ~bytes_[i];
      bytes_ = {to, bytes_.size()};
    }
    return true;
  }
  bool is_null() const { return is_null_; }
  Bytes bytes() const { return bytes_; }

 private:
  bool is_null_ = false;
  Bytes bytes_;
  std::array<std::byte, 64> small_;
  std::string large_;
};

bool IsTextByte(TypeId id, std::byte type_byte) { return type_byte == std::byte{StringTypeByte(id)}; }

// The number of a numeric or ANY part: bigint where it is one that fits and the column is ANY, else numeric.
bool ReadNumber(const vec::Type& type, Bytes bytes, vec::Value* out) {
  const uint8_t type_byte = std::to_integer<uint8_t>(bytes[0]);
  vec::Numeric number;
  switch (type_byte) {
    case key_byte::kNaN:
      number = vec::Numeric::NaN();
      break;
    case key_byte::kPlusInfinity:
      number = vec::Numeric::Infinity(false);
      break;
    case key_byte::kMinusInfinity:
      number = vec::Numeric::Infinity(true);
      break;
    default: {
      CommonNumber common;
      if (!ReadCommonNumber(&bytes, &common)) return false;
      int64_t integer;
      if (type.id == TypeId::kAny && common.AsInt64(&integer)) {
        *out = vec::Value::Int64(integer);
        return true;
      }
      const std::optional<vec::Numeric> finite = common.ToNumeric();
      if (!finite.has_value()) return false;
      number = *finite;
    }
  }
  *out = vec::Value::OfBytes(TypeId::kNumeric, number.ToBytes());
  return true;
}

// What an ANY part holds besides numbers tells its type itself.
vec::Type TypeOfByte(uint8_t type_byte) {
  switch (type_byte) {
    case key_byte::kFalse:
    case key_byte::kTrue:
      return TypeId::kBoolean;
    case key_byte::kText:
      return TypeId::kText;
    case key_byte::kBlob:
      return TypeId::kBlob;
    case key_byte::kDate:
      return TypeId::kDate;
    case key_byte::kTime:
      return TypeId::kTime;
    case key_byte::kTimestamp:
      return TypeId::kTimestamp;
    case key_byte::kTimestampTz:
      return TypeId::kTimestampTz;
    case key_byte::kInterval:
      return TypeId::kInterval;
    case key_byte::kUuid:
      return TypeId::kUuid;
    case key_byte::kInet:
      return TypeId::kInet;
    case key_byte::kMacaddr:
      return TypeId::kMacaddr;
    case key_byte::kBits:
      return TypeId::kVarbit;
    case key_byte::kStruct:
      return TypeId::kStruct;
    case key_byte::kMap:
      return TypeId::kMap;
    default:
      return type_byte >= key_byte::kJsonNull && type_byte <= key_byte::kJsonObject ? TypeId::kJsonb : TypeId::kNumeric;
  }
}

bool ReadValue(const vec::Type& type, Bytes bytes, vec::Value* out) {
  if (type.id == TypeId::kAny) {
    const auto type_byte = std::to_integer<uint8_t>(bytes[0]);
    const vec::Type inner = type_byte == key_byte::kRange    ? vec::Type(RangeKeyType(bytes))
                            : type_byte == key_byte::kVector ? VectorKeyType(bytes)
                                                             : TypeOfByte(type_byte);
    if (inner.id == TypeId::kUnknown) return false;
    return inner == TypeId::kNumeric ? ReadNumber(type, bytes, out) : ReadValue(inner, bytes, out);
  }
  if (type.id == TypeId::kNumeric) return ReadNumber(type, bytes, out);
  if (IsComputedKey(type.id)) return ReadCompositeKey(type, bytes, out);
  if (IsStringKey(type.id)) {
    if (!IsTextByte(type.id, bytes[0])) return false;
    const EscapedLength length = MeasureEscaped(bytes.subspan(1), std::byte{0});
    std::string text(length.text, '\0');
    Unescape(bytes.subspan(1), std::byte{0}, length, text.data());
    *out = vec::Value::OfBytes(type, std::move(text));
    return true;
  }
  alignas(16) std::byte fixed[16] = {};
  if (!ReadFixed(type, bytes, fixed)) return false;
  vec::VisitPhysical(type.physical(), [&](auto tag) {
    using T = decltype(tag);
    if constexpr (!std::is_same_v<T, vec::StringView>) {
      T value;
      std::memcpy(&value, fixed, sizeof(T));
      *out = vec::Value::Of(type, value);
    }
  });
  return true;
}

}  // namespace

Status ReadKeyPart(const KeyPart& part, Bytes* key, vec::Value* out) {
  const Bytes before = *key;
  PartBytes cut;
  if (!cut.Cut(part, key)) return Damaged(part, before);
  if (cut.is_null()) {
    *out = vec::Value::Null(part.type);
    return absl::OkStatus();
  }
  return ReadValue(part.type, cut.bytes(), out) ? absl::OkStatus() : Damaged(part, before);
}

Status ReadKeyPart(const KeyPart& part, Bytes* key, vec::Vector* out, size_t row) {
  const Bytes before = *key;
  PartBytes cut;
  if (!cut.Cut(part, key)) return Damaged(part, before);
  const TypeId id = part.type.id;
  if (cut.is_null()) {
    if (out->physical() == vec::PhysicalType::kString) out->data<vec::StringView>()[row] = vec::StringView();
    out->SetNull(row);
    return absl::OkStatus();
  }
  if (IsStringKey(id)) {
    if (!IsTextByte(id, cut.bytes()[0])) return Damaged(part, before);
    const Bytes body = cut.bytes().subspan(1);
    const EscapedLength length = MeasureEscaped(body, std::byte{0});
    char small[vec::StringView::kInlineBytes];
    const bool fits = length.text <= sizeof(small);
    char* const text = fits ? small : out->heap()->Allocate(length.text);
    Unescape(body, std::byte{0}, length, text);
    out->Set(row, vec::StringView(text, static_cast<uint32_t>(length.text)));
    return absl::OkStatus();
  }
  if (IsComputedKey(id)) {
    vec::Value value;
    if (!ReadValue(part.type, cut.bytes(), &value)) return Damaged(part, before);
    out->SetValue(row, value);
    return absl::OkStatus();
  }
  alignas(16) std::byte fixed[16] = {};
  if (!ReadFixed(part.type, cut.bytes(), fixed)) return Damaged(part, before);
  const size_t width = part.type.width();
  vec::VisitPhysical(part.type.physical(), [&](auto tag) {
    using T = decltype(tag);
    std::memcpy(out->data<T>() + row, fixed, width);
  });
  out->SetValid(row);
  return absl::OkStatus();
}

bool SkipKeyPart(const KeyPart& part, Bytes* key) {
  if (key->empty()) return false;
  size_t size = 1;
  if (!IsNullByte(part, (*key)[0])) {
    const std::byte flip = part.descending ? std::byte{0xFF} : std::byte{0};
    const size_t body = KeyBodyLength(std::to_integer<uint8_t>((*key)[0] ^ flip), key->subspan(1), flip);
    if (body == SIZE_MAX || body >= key->size()) return false;
    size += body;
  }
  *key = key->subspan(size);
  return true;
}

}  // namespace turdb::table
