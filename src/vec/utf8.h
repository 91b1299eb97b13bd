// UTF-8: checking, stepping and measuring. Text values are always valid, so only input checks.
#ifndef TURDB_VEC_UTF8_H_
#define TURDB_VEC_UTF8_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/status.h"

namespace turdb::vec {

// The offset of the first byte that is not valid UTF-8 (RFC 3629: no overlong forms, no surrogates, at most
// U+10FFFF) or is zero, which SQL text never contains; text.size() when all is well.
size_t FindInvalidUtf8(std::string_view text);
// 22021 with PostgreSQL's message, or OK.
base::Status CheckUtf8(std::string_view text);

// Bytes of the character that starts with `first`. REQUIRES: valid UTF-8.
constexpr size_t Utf8Length(char first) {
  const auto byte = static_cast<unsigned char>(first);
  return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}
// Characters in `text`. REQUIRES: valid UTF-8.
inline size_t Utf8Count(std::string_view text) {
  constexpr uint64_t kHighBits = 0x8080808080808080u;
  const char* at = text.data();
  size_t rest = text.size();
  if (rest >= 8) {
    // Most texts are ASCII; the last word overlaps the one before.
    uint64_t seen;
    std::memcpy(&seen, at + rest - 8, 8);
    for (size_t i = 0; i + 8 < rest; i += 8) {
      uint64_t word;
      std::memcpy(&word, at + i, 8);
      seen |= word;
    }
    if ((seen & kHighBits) == 0) return rest;
  }
  // What is not a continuation byte (10xxxxxx) begins a character; eight bytes at once.
  size_t continued = 0;
  for (; rest >= 8; at += 8, rest -= 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    const uint64_t marks = (word & ~(word << 1) & kHighBits) >> 7;
    continued += (marks * 0x0101010101010101u) >> 56;
  }
  for (; rest != 0; ++at, --rest) continued += (static_cast<unsigned char>(*at) & 0xc0) == 0x80;
  return text.size() - continued;
}
// The byte offset of character number `characters`, or text.size() when there are fewer.
inline size_t Utf8Offset(std::string_view text, size_t characters) {
  size_t offset = 0;
  while (characters > 0 && offset < text.size()) {
    offset += Utf8Length(text[offset]);
    --characters;
  }
  return offset < text.size() ? offset : text.size();
}
// The code point at text[*offset], which moves behind it. REQUIRES: valid UTF-8, *offset < text.size().
uint32_t Utf8Decode(std::string_view text, size_t* offset);
// REQUIRES: code_point <= U+10FFFF.
void Utf8Append(uint32_t code_point, std::string* out);

}  // namespace turdb::vec

#endif  // TURDB_VEC_UTF8_H_
