#include "vec/utf8.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/format.h"

namespace turdb::vec {

size_t FindInvalidUtf8(std::string_view text) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  const size_t size = text.size();
  size_t i = 0;
  while (i < size) {
    if (i + 8 <= size) {  // eight ASCII bytes at once, none of them zero
      uint64_t word;
      std::memcpy(&word, bytes + i, 8);
      const uint64_t zero = (word - 0x0101010101010101ull) & ~word & 0x8080808080808080ull;
      if ((word & 0x8080808080808080ull) == 0 && zero == 0) {
        i += 8;
        continue;
      }
    }
    const unsigned char first = bytes[i];
    if (first < 0x80) {
      if (first == 0) return i;
      ++i;
      continue;
    }
    size_t length;
    uint32_t minimum, code_point;
    if ((first & 0xe0) == 0xc0) {
      length = 2, minimum = 0x80, code_point = first & 0x1f;
    } else if ((first & 0xf0) == 0xe0) {
      length = 3, minimum = 0x800, code_point = first & 0x0f;
    } else if ((first & 0xf8) == 0xf0) {
      length = 4, minimum = 0x10000, code_point = first & 0x07;
    } else {
      return i;
    }
    if (i + length > size) return i;
    for (size_t k = 1; k < length; ++k) {
      if ((bytes[i + k] & 0xc0) != 0x80) return i;
      code_point = code_point << 6 | (bytes[i + k] & 0x3f);
    }
    if (code_point < minimum || code_point > 0x10ffff || (code_point >= 0xd800 && code_point < 0xe000)) return i;
    i += length;
  }
  return size;
}

base::Status CheckUtf8(std::string_view text) {
  const size_t bad = FindInvalidUtf8(text);
  if (bad == text.size()) return absl::OkStatus();
  std::string bytes;
  const size_t shown = std::min(text.size() - bad, Utf8Length(text[bad]));
  for (size_t i = 0; i < shown; ++i) {
    base::AppendFormat(&bytes, "%s0x%02x", i == 0 ? "" : " ", static_cast<unsigned char>(text[bad + i]));
  }
  return base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidEncoding,
                         absl::StrCat("invalid byte sequence for encoding \"UTF8\": ", bytes));
}

uint32_t Utf8Decode(std::string_view text, size_t* offset) {
  const auto first = static_cast<unsigned char>(text[*offset]);
  const size_t length = Utf8Length(text[*offset]);
  uint32_t code_point = length == 1 ? first : first & (0x7fu >> length);
  for (size_t i = 1; i < length; ++i) {
    code_point = code_point << 6 | (static_cast<unsigned char>(text[*offset + i]) & 0x3fu);
  }
  *offset += length;
  return code_point;
}

void Utf8Append(uint32_t code_point, std::string* out) {
  if (code_point < 0x80) {
    out->push_back(static_cast<char>(code_point));
  } else if (code_point < 0x800) {
    out->push_back(static_cast<char>(0xc0 | code_point >> 6));
    out->push_back(static_cast<char>(0x80 | (code_point & 0x3f)));
  } else if (code_point < 0x10000) {
    out->push_back(static_cast<char>(0xe0 | code_point >> 12));
    out->push_back(static_cast<char>(0x80 | (code_point >> 6 & 0x3f)));
    out->push_back(static_cast<char>(0x80 | (code_point & 0x3f)));
  } else {
    out->push_back(static_cast<char>(0xf0 | code_point >> 18));
    out->push_back(static_cast<char>(0x80 | (code_point >> 12 & 0x3f)));
    out->push_back(static_cast<char>(0x80 | (code_point >> 6 & 0x3f)));
    out->push_back(static_cast<char>(0x80 | (code_point & 0x3f)));
  }
}

}  // namespace turdb::vec
