#include "function/unicode_case.h"

#include "vec/utf8.h"

namespace turdb::function {
namespace {

enum class Pattern : uint8_t { kShift, kEvenUpper, kOddUpper };

// Code points `first`..`last` are: upper case letters whose lower case is `delta` away (kShift), or pairs of
// upper and lower neighbours that start with an even (odd) upper case letter.
struct Range {
  uint32_t first, last;
  Pattern pattern;
  int32_t delta;
};

constexpr Range kRanges[] = {
    {0x41, 0x5a, Pattern::kShift, 32},        {0xc0, 0xd6, Pattern::kShift, 32},        {0xd8, 0xde, Pattern::kShift, 32},
    {0x100, 0x12f, Pattern::kEvenUpper, 0},   {0x132, 0x137, Pattern::kEvenUpper, 0},   {0x139, 0x148, Pattern::kOddUpper, 0},
    {0x14a, 0x177, Pattern::kEvenUpper, 0},   {0x178, 0x178, Pattern::kShift, -121},    {0x179, 0x17e, Pattern::kOddUpper, 0},
    {0x1cd, 0x1dc, Pattern::kOddUpper, 0},    {0x1de, 0x1ef, Pattern::kEvenUpper, 0},   {0x1f8, 0x21f, Pattern::kEvenUpper, 0},
    {0x222, 0x233, Pattern::kEvenUpper, 0},   {0x386, 0x386, Pattern::kShift, 38},      {0x388, 0x38a, Pattern::kShift, 37},
    {0x38c, 0x38c, Pattern::kShift, 64},      {0x38e, 0x38f, Pattern::kShift, 63},      {0x391, 0x3a1, Pattern::kShift, 32},
    {0x3a3, 0x3ab, Pattern::kShift, 32},      {0x3d8, 0x3ef, Pattern::kEvenUpper, 0},   {0x400, 0x40f, Pattern::kShift, 80},
    {0x410, 0x42f, Pattern::kShift, 32},      {0x460, 0x481, Pattern::kEvenUpper, 0},   {0x48a, 0x4bf, Pattern::kEvenUpper, 0},
    {0x4c1, 0x4ce, Pattern::kOddUpper, 0},    {0x4d0, 0x52f, Pattern::kEvenUpper, 0},   {0x531, 0x556, Pattern::kShift, 48},
    {0x1e00, 0x1e95, Pattern::kEvenUpper, 0}, {0x1ea0, 0x1eff, Pattern::kEvenUpper, 0}, {0xff21, 0xff3a, Pattern::kShift, 32},
};

template <uint32_t (*kMap)(uint32_t)>
std::string MapText(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) < 0x80) {
      out.push_back(static_cast<char>(kMap(static_cast<unsigned char>(c))));
      ++i;
    } else {
      vec::Utf8Append(kMap(vec::Utf8Decode(text, &i)), &out);
    }
  }
  return out;
}

}  // namespace

uint32_t ToLower(uint32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
  for (const Range& range : kRanges) {
    if (c < range.first || c > range.last) continue;
    switch (range.pattern) {
      case Pattern::kShift:
        return static_cast<uint32_t>(static_cast<int32_t>(c) + range.delta);
      case Pattern::kEvenUpper:
        return c | 1;
      case Pattern::kOddUpper:
        return c + (c & 1);
    }
  }
  return c;
}

uint32_t ToUpper(uint32_t c) {
  if (c < 0x80) return c >= 'a' && c <= 'z' ? c - 32 : c;
  if (c == 0xb5) return 0x39c;   // micro sign
  if (c == 0x3c2) return 0x3a3;  // final sigma
  if (c == 0x131) return 'I';    // dotless i
  if (c == 0x17f) return 'S';    // long s
  for (const Range& range : kRanges) {
    switch (range.pattern) {
      case Pattern::kShift: {
        const auto lower = static_cast<int64_t>(c) - range.delta;
        if (lower >= range.first && lower <= range.last) return static_cast<uint32_t>(lower);
        break;
      }
      case Pattern::kEvenUpper:
        if (c >= range.first && c <= range.last) return c & ~uint32_t{1};
        break;
      case Pattern::kOddUpper:
        if (c >= range.first && c <= range.last) return c - (c & 1 ? 0 : 1);
        break;
    }
  }
  return c;
}

bool IsAlphanumeric(uint32_t c) {
  if (c < 0x80) return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  // Beyond ASCII: letters, not punctuation, symbols or spaces.
  if (c < 0xc0) return c == 0xaa || c == 0xb5 || c == 0xba;
  return c != 0xd7 && c != 0xf7 && !(c >= 0x2000 && c < 0x2c00) && !(c >= 0x3000 && c < 0x3040) &&
         !(c >= 0x1f000 && c < 0x20000);
}

std::string UpperText(std::string_view text) { return MapText<ToUpper>(text); }
std::string LowerText(std::string_view text) { return MapText<ToLower>(text); }

}  // namespace turdb::function
