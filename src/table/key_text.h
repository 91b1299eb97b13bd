// Strings in keys: 00 is written 00 FF, FF is written FF 00, and 00 00 ends them, so that a string orders before every
// longer one that starts with it and bytes of what follows are never taken for its own.
#ifndef TURDB_TABLE_KEY_TEXT_H_
#define TURDB_TABLE_KEY_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "table/key_number.h"
#include "vec/type.h"

namespace turdb::table {

// Types whose keys are their bytes, escaped; and with which type byte.
inline bool IsStringKey(vec::TypeId id) {
  switch (id) {
    case vec::TypeId::kUnknown:
    case vec::TypeId::kBlob:
    case vec::TypeId::kJson:
    case vec::TypeId::kEnum:
    case vec::TypeId::kInet:
    case vec::TypeId::kCidr:
    case vec::TypeId::kMacaddr:
    case vec::TypeId::kBit:
    case vec::TypeId::kVarbit:
      return true;
    default:
      return vec::IsText(id);
  }
}
inline uint8_t StringTypeByte(vec::TypeId id) {
  switch (id) {
    case vec::TypeId::kBlob:
      return key_byte::kBlob;
    case vec::TypeId::kInet:
    case vec::TypeId::kCidr:
      return key_byte::kInet;
    case vec::TypeId::kMacaddr:
      return key_byte::kMacaddr;
    case vec::TypeId::kBit:
    case vec::TypeId::kVarbit:
      return key_byte::kBits;
    default:
      return key_byte::kText;
  }
}
// Types whose keys are made of parts, and those whose size is known only when they are made.
inline bool IsComputedKey(vec::TypeId id) {
  switch (id) {
    case vec::TypeId::kNumeric:
    case vec::TypeId::kAny:
    case vec::TypeId::kJsonb:
    case vec::TypeId::kArray:
    case vec::TypeId::kStruct:
    case vec::TypeId::kMap:
    case vec::TypeId::kDenseVector:
      return true;
    default:
      return vec::IsRange(id);
  }
}

// Bytes of the body but for the 00 00.
inline size_t EscapedSize(std::string_view text) {
  size_t size = text.size();
  for (const char c : text) size += static_cast<size_t>(c == '\0' || c == '\xFF');
  return size;
}

// The body but for the 00 00. Returns the end.
inline std::byte* PutEscaped(std::string_view text, std::byte* to) {
  for (const char c : text) {
    *to++ = static_cast<std::byte>(c);
    if (c == '\0') {
      *to++ = std::byte{0xFF};
    } else if (c == '\xFF') {
      *to++ = std::byte{0};
    }
  }
  return to;
}

// Length of an escaped body with its 00 00, and of the text in it; 0 when the end is missing or the bytes are no escapes.
struct EscapedLength {
  size_t body = 0;
  size_t text = 0;
};
inline EscapedLength MeasureEscaped(base::Bytes body, std::byte flip) {
  size_t text = 0;
  for (size_t i = 0; i + 1 < body.size(); ++i, ++text) {
    const std::byte byte = body[i] ^ flip;
    if (byte != std::byte{0} && byte != std::byte{0xFF}) continue;
    const std::byte next = body[i + 1] ^ flip;
    if (byte == std::byte{0} && next == std::byte{0}) return {i + 2, text};
    if (next != ~byte) return {};
    ++i;
  }
  return {};
}

inline void Unescape(base::Bytes body, std::byte flip, const EscapedLength& length, char* to) {
  for (size_t i = 0; i < length.body - 2; ++i) {
    const std::byte byte = body[i] ^ flip;
    *to++ = static_cast<char>(byte);
    if (byte == std::byte{0} || byte == std::byte{0xFF}) ++i;
  }
}

}  // namespace turdb::table

#endif  // TURDB_TABLE_KEY_TEXT_H_
