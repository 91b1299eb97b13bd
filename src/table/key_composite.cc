#include "table/key_composite.h"

#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "table/key_codec.h"
#include "table/key_number.h"
#include "table/key_text.h"
#include "vec/array.h"
#include "vec/dense_vector.h"
#include "vec/json.h"
#include "vec/range.h"
#include "vec/struct.h"

namespace turdb::table {
namespace {

using base::Bytes;
using vec::JsonKind;
using vec::JsonView;

constexpr std::byte kMore{1};
constexpr std::byte kEnd{0};
constexpr size_t kNumberBytes = 4;

uint8_t TypeByteOf(JsonKind kind) { return static_cast<uint8_t>(key_byte::kJsonNull + static_cast<int>(kind)); }

void AppendByte(uint8_t byte, std::string* out) { out->push_back(static_cast<char>(byte)); }

void AppendText(std::string_view text, std::string* out) {
  const size_t at = out->size();
  out->resize(at + EscapedSize(text) + 2);  // the last two stay zero
  PutEscaped(text, reinterpret_cast<std::byte*>(out->data()) + at);
}

void Append32(uint32_t value, std::string* out) {
  std::byte bytes[kNumberBytes];
  base::StoreBE(bytes, value);
  out->append(reinterpret_cast<const char*>(bytes), sizeof(bytes));
}

// {01 part}* 00; with `keyed` a text stands between 01 and the part.
size_t ElementsLength(Bytes body, std::byte flip, bool keyed) {
  size_t at = 0;
  while (at < body.size() && (body[at] ^ flip) == kMore) {
    ++at;
    if (keyed) {
      const EscapedLength key = MeasureEscaped(body.subspan(at), flip);
      if (key.body == 0) return SIZE_MAX;
      at += key.body;
    }
    if (at >= body.size()) return SIZE_MAX;
    const size_t part = KeyBodyLength(std::to_integer<uint8_t>(body[at] ^ flip), body.subspan(at + 1), flip);
    if (part == SIZE_MAX || part > body.size() - at - 1) return SIZE_MAX;
    at += 1 + part;
  }
  return at < body.size() && (body[at] ^ flip) == kEnd ? at + 1 : SIZE_MAX;
}

size_t ArrayLength(Bytes body, std::byte flip) {
  const size_t elements = ElementsLength(body, flip, false);
  if (elements == SIZE_MAX || elements >= body.size()) return SIZE_MAX;
  const auto dimensions = std::to_integer<size_t>(body[elements] ^ flip);
  if (dimensions > vec::kMaxArrayDimensions) return SIZE_MAX;
  return elements + 1 + dimensions * 2 * kNumberBytes;
}

constexpr size_t kFieldTypeBytes = 4;

// Of {01 part}* 00: how many there are. REQUIRES: ElementsLength found its end.
size_t CountElements(Bytes body, std::byte flip) {
  size_t at = 0, count = 0;
  for (; (body[at] ^ flip) == kMore; ++count) {
    at += 2 + KeyBodyLength(std::to_integer<uint8_t>(body[at + 1] ^ flip), body.subspan(at + 2), flip);
  }
  return count;
}

size_t StructLength(Bytes body, std::byte flip) {
  const size_t elements = ElementsLength(body, flip, false);
  if (elements == SIZE_MAX) return SIZE_MAX;
  return elements + CountElements(body, flip) * kFieldTypeBytes;
}

// A type, then 00 for the empty range; or 01, the lower bound, the upper one.
size_t RangeLength(Bytes body, std::byte flip) {
  if (body.size() < 2) return SIZE_MAX;
  if ((body[1] ^ flip) == kEnd) return 2;
  size_t at = 2;
  for (int bound = 0; bound < 2; ++bound) {
    if (at >= body.size()) return SIZE_MAX;
    if ((body[at++] ^ flip) != kMore) continue;
    if (at >= body.size()) return SIZE_MAX;
    const size_t part = KeyBodyLength(std::to_integer<uint8_t>(body[at] ^ flip), body.subspan(at + 1), flip);
    if (part == SIZE_MAX || part > body.size() - at - 1) return SIZE_MAX;
    at += 2 + part;
  }
  return at;
}

// The kind of the elements, how many there are, the elements.
constexpr size_t kVectorHeadBytes = 1 + kNumberBytes;

// Bytes of that many elements, in a key and in a value alike.
size_t VectorElementBytes(vec::VectorElement element, size_t dimensions) {
  switch (element) {
    case vec::VectorElement::kFloat32:
      return dimensions * 4;
    case vec::VectorElement::kFloat16:
      return dimensions * 2;
    case vec::VectorElement::kInt8:
      return dimensions;
    case vec::VectorElement::kBit:
      return (dimensions + 7) / 8;
  }
  return 0;
}

size_t VectorLength(Bytes body, std::byte flip) {
  if (body.size() < kVectorHeadBytes) return SIZE_MAX;
  const auto kind = std::to_integer<size_t>(body[0] ^ flip);
  uint32_t dimensions = base::LoadBE<uint32_t>(body.data() + 1);
  if (flip != std::byte{0}) dimensions = ~dimensions;
  if (kind >= vec::kVectorElementCount || dimensions > static_cast<uint32_t>(vec::kMaxVectorDimensions)) return SIZE_MAX;
  return kVectorHeadBytes + VectorElementBytes(static_cast<vec::VectorElement>(kind), dimensions);
}

// Numbers whose order as unsigned integers is that of the floats: a positive one's sign bit is set, of a negative one every
// bit is turned. -0 is 0.
template <typename T>
T FloatOrder(T bits) {
  constexpr T kSign = T{1} << (sizeof(T) * 8 - 1);
  if (bits == kSign) bits = 0;
  return static_cast<T>((bits & kSign) != 0 ? ~bits : bits | kSign);
}
template <typename T>
T OfFloatOrder(T order) {
  constexpr T kSign = T{1} << (sizeof(T) * 8 - 1);
  return static_cast<T>((order & kSign) != 0 ? order & ~kSign : ~order);
}

// The first element of a byte of bits is its lowest; in a key the first decides.
uint8_t ReverseBits(uint8_t byte) {
  uint8_t reversed = 0;
  for (int bit = 0; bit < 8; ++bit) reversed = static_cast<uint8_t>(reversed << 1 | (byte >> bit & 1));
  return reversed;
}

void AppendVectorKey(const vec::Type& type, std::string_view bytes, std::string* out) {
  const vec::DenseVectorView vector(type.vector_element(), bytes);
  AppendByte(key_byte::kVector, out);
  AppendByte(static_cast<uint8_t>(vector.element()), out);
  Append32(static_cast<uint32_t>(vector.dimensions()), out);
  const size_t at = out->size();
  out->append(vector.data(), vector.data_bytes());
  char* const to = out->data() + at;
  for (size_t i = 0; i < vector.data_bytes();) {
    switch (vector.element()) {
      case vec::VectorElement::kFloat32:
        base::StoreBE(to + i, FloatOrder(base::LoadLE<uint32_t>(to + i)));
        i += 4;
        break;
      case vec::VectorElement::kFloat16:
        base::StoreBE(to + i, FloatOrder(base::LoadLE<uint16_t>(to + i)));
        i += 2;
        break;
      case vec::VectorElement::kInt8:
        to[i] = static_cast<char>(static_cast<uint8_t>(to[i]) ^ 0x80);
        ++i;
        break;
      case vec::VectorElement::kBit:
        to[i] = static_cast<char>(ReverseBits(static_cast<uint8_t>(to[i])));
        ++i;
        break;
    }
  }
}

// Reads one JSON part at the front of *key.
bool ReadJson(Bytes* key, vec::JsonWriter* writer);

bool ReadText(Bytes* key, std::string* text) {
  const EscapedLength length = MeasureEscaped(*key, std::byte{0});
  if (length.body == 0) return false;
  text->resize(length.text);
  Unescape(*key, std::byte{0}, length, text->data());
  *key = key->subspan(length.body);
  return true;
}

bool ReadMembers(Bytes* key, bool keyed, vec::JsonWriter* writer) {
  std::string name;
  while (!key->empty() && (*key)[0] == kMore) {
    *key = key->subspan(1);
    if (keyed) {
      if (!ReadText(key, &name)) return false;
      writer->Key(name);
    }
    if (!ReadJson(key, writer)) return false;
  }
  if (key->empty() || (*key)[0] != kEnd) return false;
  *key = key->subspan(1);
  return true;
}

bool ReadJson(Bytes* key, vec::JsonWriter* writer) {
  if (key->empty()) return false;
  const auto byte = std::to_integer<uint8_t>((*key)[0]);
  if (byte < key_byte::kJsonNull || byte > key_byte::kJsonObject) return false;
  *key = key->subspan(1);
  switch (static_cast<JsonKind>(byte - key_byte::kJsonNull)) {
    case JsonKind::kNull:
      writer->Null();
      return true;
    case JsonKind::kFalse:
    case JsonKind::kTrue:
      writer->Boolean(byte == TypeByteOf(JsonKind::kTrue));
      return true;
    case JsonKind::kNumber: {
      CommonNumber number;
      if (!ReadCommonNumber(key, &number)) return false;
      const std::optional<vec::Numeric> numeric = number.ToNumeric();
      if (!numeric) return false;
      writer->Number(*numeric);
      return true;
    }
    case JsonKind::kString: {
      std::string text;
      if (!ReadText(key, &text)) return false;
      writer->String(text);
      return true;
    }
    case JsonKind::kArray:
      writer->BeginArray();
      if (!ReadMembers(key, false, writer)) return false;
      writer->EndArray();
      return true;
    case JsonKind::kObject:
      writer->BeginObject();
      if (!ReadMembers(key, true, writer)) return false;
      writer->EndObject();
      return true;
  }
  return false;
}

void AppendJsonKey(const JsonView& value, std::string* out) {
  AppendByte(TypeByteOf(value.kind()), out);
  switch (value.kind()) {
    case JsonKind::kNumber:
      AppendCommonNumber(CommonNumber::OfNumeric(value.number()), out);
      return;
    case JsonKind::kString:
      AppendText(value.string(), out);
      return;
    case JsonKind::kArray:
      for (uint32_t i = 0; i < value.size(); ++i) {
        AppendByte(1, out);
        AppendJsonKey(value.element(i), out);
      }
      AppendByte(0, out);
      return;
    case JsonKind::kObject:
      for (uint32_t i = 0; i < value.size(); ++i) {
        AppendByte(1, out);
        AppendText(value.key(i), out);
        AppendJsonKey(value.value(i), out);
      }
      AppendByte(0, out);
      return;
    default:
      return;
  }
}

// `type_byte`: kArray, or kMap, whose entries are structs.
void AppendArrayKey(uint8_t type_byte, const vec::ArrayView& array, std::string* out) {
  const KeyPart part{array.element_type()};
  AppendByte(type_byte, out);
  vec::ElementSlot slot;
  for (uint32_t i = 0; i < array.size(); ++i) {
    AppendByte(1, out);
    AppendSortKeyPart(part, array.IsNull(i) ? nullptr : array.Load(i, &slot), out);
  }
  AppendByte(0, out);
  AppendByte(static_cast<uint8_t>(array.dimensions()), out);
  for (int d = 0; d < array.dimensions(); ++d) Append32(array.dimension(d).length, out);
  for (int d = 0; d < array.dimensions(); ++d) Append32(static_cast<uint32_t>(array.dimension(d).lower) ^ 0x80000000u, out);
}

void AppendStructKey(const vec::StructView& value, std::string* out) {
  AppendByte(key_byte::kStruct, out);
  vec::ElementSlot slot;
  for (size_t i = 0; i < value.size(); ++i) {
    AppendByte(1, out);
    AppendSortKeyPart(KeyPart{value.field_type(i)}, value.IsNull(i) ? nullptr : value.Load(i, &slot), out);
  }
  AppendByte(0, out);
  for (size_t i = 0; i < value.size(); ++i) {
    const vec::Type type = value.field_type(i);
    for (const uint8_t byte : {static_cast<uint8_t>(type.id), type.precision, type.scale, static_cast<uint8_t>(type.element)}) {
      AppendByte(byte, out);
    }
  }
}

void AppendBoundKey(const std::optional<vec::Value>& bound, bool last, uint8_t infinite, std::string* out) {
  if (!bound) return AppendByte(infinite, out);
  AppendByte(1, out);
  const KeyPart part{bound->type()};
  if (bound->type().physical() == vec::PhysicalType::kString) {
    const vec::StringView view{std::string_view(bound->bytes())};
    AppendSortKeyPart(part, &view, out);
  } else {
    AppendSortKeyPart(part, bound->fixed_data(), out);
  }
  AppendByte(last ? 1 : 0, out);
}

void AppendRangeKey(const vec::Type& type, std::string_view bytes, std::string* out) {
  const vec::Range range = vec::ReadRange(type, bytes);
  AppendByte(key_byte::kRange, out);
  AppendByte(static_cast<uint8_t>(type.id), out);
  AppendByte(range.empty ? 0 : 1, out);
  if (range.empty) return;
  AppendBoundKey(range.lower, !range.lower_inclusive, 0, out);
  AppendBoundKey(range.upper, range.upper_inclusive, 2, out);
}

bool ReadJsonKey(Bytes part, vec::Value* out) {
  std::string jsonb;
  vec::JsonWriter writer(&jsonb);
  if (!ReadJson(&part, &writer) || !part.empty()) return false;
  *out = vec::Value::OfBytes(vec::TypeId::kJsonb, std::move(jsonb));
  return true;
}

bool ReadArrayKey(const vec::Type& type, Bytes part, vec::Value* out) {
  const bool map = type.id == vec::TypeId::kMap;
  if (std::to_integer<uint8_t>(part[0]) != (map ? key_byte::kMap : key_byte::kArray)) return false;
  const KeyPart element{map ? vec::Type(vec::TypeId::kStruct) : type.element_type()};
  vec::ArrayBuilder builder(element.type);
  Bytes rest = part.subspan(1);
  while (!rest.empty() && rest[0] == kMore) {
    rest = rest.subspan(1);
    vec::Value value;
    if (!ReadKeyPart(element, &rest, &value).ok()) return false;
    builder.AddValue(value);
  }
  if (rest.size() < 2 || rest[0] != kEnd) return false;
  const auto count = std::to_integer<size_t>(rest[1]);
  rest = rest.subspan(2);
  if (count > vec::kMaxArrayDimensions || rest.size() != count * 2 * kNumberBytes) return false;
  std::vector<vec::ArrayDimension> dimensions(count);
  uint64_t size = count == 0 ? 0 : 1;
  for (size_t d = 0; d < count; ++d) {
    dimensions[d].length = base::LoadBE<uint32_t>(rest.data() + d * kNumberBytes);
    dimensions[d].lower = static_cast<int32_t>(base::LoadBE<uint32_t>(rest.data() + (count + d) * kNumberBytes) ^ 0x80000000u);
    size *= dimensions[d].length;
    if (size > vec::kMaxArrayElements) return false;
  }
  if (size != builder.size() || (count != 0 && size == 0)) return false;
  *out = vec::Value::OfBytes(type, builder.Finish(dimensions));
  return true;
}

bool ReadStructKey(const vec::Type& type, Bytes part, vec::Value* out) {
  if (std::to_integer<uint8_t>(part[0]) != key_byte::kStruct) return false;
  const size_t size = ElementsLength(part.subspan(1), std::byte{0}, false);
  if (size == SIZE_MAX) return false;
  const size_t count = CountElements(part.subspan(1), std::byte{0});
  if (part.size() != 1 + size + count * kFieldTypeBytes) return false;
  Bytes types = part.subspan(1 + size);
  Bytes rest = part.subspan(1);
  vec::StructBuilder builder;
  for (size_t i = 0; i < count; ++i, types = types.subspan(kFieldTypeBytes)) {
    const auto byte = [&](size_t at) { return std::to_integer<uint8_t>(types[at]); };
    if (byte(0) >= vec::kTypeIdCount || byte(3) >= vec::kTypeIdCount) return false;
    vec::Type field(static_cast<vec::TypeId>(byte(0)));
    field.precision = byte(1);
    field.scale = byte(2);
    field.element = static_cast<vec::TypeId>(byte(3));
    field.length = 0;
    rest = rest.subspan(1);
    vec::Value value;
    if (!ReadKeyPart(KeyPart{field}, &rest, &value).ok()) return false;
    builder.AddValue(field, value);
  }
  *out = vec::Value::OfBytes(type, builder.Finish());
  return true;
}

bool ReadRangeKey(const vec::Type& type, Bytes part, vec::Value* out) {
  if (RangeKeyType(part) != type.id || part.size() < 3) return false;
  vec::Range range;
  range.empty = part[2] == kEnd;
  const KeyPart bound{vec::RangeSubtype(type.id)};
  Bytes rest = part.subspan(3);
  const auto read = [&](std::optional<vec::Value>* value, bool* flag) {
    if (rest.empty()) return false;
    const bool finite = rest[0] == kMore;
    rest = rest.subspan(1);
    if (!finite) return true;
    vec::Value read;
    if (!ReadKeyPart(bound, &rest, &read).ok() || rest.empty()) return false;
    *value = std::move(read);
    *flag = rest[0] == kMore;
    rest = rest.subspan(1);
    return true;
  };
  if (!range.empty) {
    if (!read(&range.lower, &range.lower_inclusive) || !read(&range.upper, &range.upper_inclusive)) return false;
    range.lower_inclusive = range.lower && !range.lower_inclusive;
  }
  auto bytes = vec::MakeRange(type, std::move(range));
  if (!bytes.ok()) return false;
  *out = vec::Value::OfBytes(type, *std::move(bytes));
  return true;
}

bool ReadVectorKey(const vec::Type& type, Bytes part, vec::Value* out) {
  if (std::to_integer<uint8_t>(part[0]) != key_byte::kVector) return false;
  const Bytes body = part.subspan(1);
  if (VectorLength(body, std::byte{0}) != body.size() || static_cast<vec::VectorElement>(body[0]) != type.vector_element()) {
    return false;
  }
  const size_t dimensions = base::LoadBE<uint32_t>(body.data() + 1);
  std::string bytes(reinterpret_cast<const char*>(body.data()) + kVectorHeadBytes, body.size() - kVectorHeadBytes);
  char* const to = bytes.data();
  for (size_t i = 0; i < bytes.size();) {
    switch (type.vector_element()) {
      case vec::VectorElement::kFloat32:
        base::StoreLE(to + i, OfFloatOrder(base::LoadBE<uint32_t>(to + i)));
        i += 4;
        break;
      case vec::VectorElement::kFloat16:
        base::StoreLE(to + i, OfFloatOrder(base::LoadBE<uint16_t>(to + i)));
        i += 2;
        break;
      case vec::VectorElement::kInt8:
        to[i] = static_cast<char>(static_cast<uint8_t>(to[i]) ^ 0x80);
        ++i;
        break;
      case vec::VectorElement::kBit:
        to[i] = static_cast<char>(ReverseBits(static_cast<uint8_t>(to[i])));
        ++i;
        break;
    }
  }
  if (type.vector_element() == vec::VectorElement::kBit) bytes.push_back(static_cast<char>((dimensions - 1) % 8 + 1));
  if (dimensions == 0 || !vec::IsDenseVector(type.vector_element(), bytes)) return false;
  *out = vec::Value::OfBytes(type, std::move(bytes));
  return true;
}

}  // namespace

void AppendCompositeKey(const vec::Type& type, std::string_view bytes, std::string* out) {
  switch (type.id) {
    case vec::TypeId::kJsonb:
      return AppendJsonKey(JsonView(bytes), out);
    case vec::TypeId::kArray:
      return AppendArrayKey(key_byte::kArray, vec::ArrayView(type, bytes), out);
    case vec::TypeId::kStruct:
      return AppendStructKey(vec::StructView(bytes), out);
    case vec::TypeId::kMap:
      return AppendArrayKey(key_byte::kMap, vec::MapEntries(bytes), out);
    case vec::TypeId::kDenseVector:
      return AppendVectorKey(type, bytes, out);
    default:
      return AppendRangeKey(type, bytes, out);
  }
}

vec::TypeId RangeKeyType(Bytes part) {
  if (part.size() < 2 || std::to_integer<uint8_t>(part[0]) != key_byte::kRange) return vec::TypeId::kUnknown;
  const auto id = static_cast<vec::TypeId>(std::to_integer<uint8_t>(part[1]));
  return vec::IsRange(id) ? id : vec::TypeId::kUnknown;
}

vec::Type VectorKeyType(Bytes part) {
  if (part.size() < 2 || std::to_integer<size_t>(part[1]) >= vec::kVectorElementCount) return vec::TypeId::kUnknown;
  return vec::Type::DenseVector(static_cast<vec::VectorElement>(part[1]), 0);
}

size_t CompositeBodyLength(uint8_t type_byte, Bytes body, std::byte flip) {
  switch (type_byte) {
    case key_byte::kJsonNull:
    case key_byte::kJsonNull + 1:
    case key_byte::kJsonNull + 2:
      return 0;
    case key_byte::kJsonNumber: {
      if (body.empty()) return SIZE_MAX;
      const size_t number = KeyBodyLength(std::to_integer<uint8_t>(body[0] ^ flip), body.subspan(1), flip);
      return number == SIZE_MAX ? SIZE_MAX : 1 + number;
    }
    case key_byte::kJsonString: {
      const EscapedLength length = MeasureEscaped(body, flip);
      return length.body == 0 ? SIZE_MAX : length.body;
    }
    case key_byte::kJsonArray:
      return ElementsLength(body, flip, false);
    case key_byte::kJsonObject:
      return ElementsLength(body, flip, true);
    case key_byte::kArray:
    case key_byte::kMap:
      return ArrayLength(body, flip);
    case key_byte::kStruct:
      return StructLength(body, flip);
    case key_byte::kRange:
      return RangeLength(body, flip);
    case key_byte::kVector:
      return VectorLength(body, flip);
    case key_byte::kNullLast:  // an element that is NULL
      return 0;
    default:
      return SIZE_MAX;
  }
}

bool ReadCompositeKey(const vec::Type& type, Bytes part, vec::Value* out) {
  switch (type.id) {
    case vec::TypeId::kJsonb:
      return ReadJsonKey(part, out);
    case vec::TypeId::kArray:
    case vec::TypeId::kMap:
      return ReadArrayKey(type, part, out);
    case vec::TypeId::kStruct:
      return ReadStructKey(type, part, out);
    case vec::TypeId::kDenseVector:
      return ReadVectorKey(type, part, out);
    default:
      return ReadRangeKey(type, part, out);
  }
}

}  // namespace turdb::table
