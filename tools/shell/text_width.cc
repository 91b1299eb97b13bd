#include "shell/text_width.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace turdb::shell {
namespace {

struct Range {
  uint32_t first;
  uint32_t last;
};
// Blocks of Unicode whose characters take two columns (East Asian Width W and F, emoji), and none (combining
// marks and format characters). By block: a stray unassigned code point in between does not matter here.
constexpr Range kWide[] = {{0x1100, 0x115F},   {0x231A, 0x231B},   {0x23E9, 0x23EC},   {0x25FD, 0x25FE},  {0x2614, 0x2615},
                           {0x2648, 0x2653},   {0x26C4, 0x26C5},   {0x2705, 0x2705},   {0x2728, 0x2728},  {0x274C, 0x274C},
                           {0x2753, 0x2755},   {0x2795, 0x2797},   {0x2B50, 0x2B50},   {0x2E80, 0x303E},  {0x3041, 0x33FF},
                           {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},   {0xA960, 0xA97F},  {0xAC00, 0xD7A3},
                           {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},  {0x1F300, 0x1F64F},
                           {0x1F680, 0x1F6FF}, {0x1F900, 0x1FAFF}, {0x20000, 0x2FFFD}, {0x30000, 0x3FFFD}};
constexpr Range kEmpty[] = {{0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x0610, 0x061A}, {0x064B, 0x065F},
                            {0x0E31, 0x0E31}, {0x0E34, 0x0E3A}, {0x0E47, 0x0E4E}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF},
                            {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}};

template <size_t N>
bool IsIn(const Range (&ranges)[N], uint32_t character) {
  const Range* const after = std::upper_bound(std::begin(ranges), std::end(ranges), character,
                                              [](uint32_t value, const Range& range) { return value < range.first; });
  return after != std::begin(ranges) && character <= (after - 1)->last;
}

// Takes one character off the front; bytes that are no UTF-8 count as one character each.
uint32_t TakeCharacter(std::string_view text, size_t* length) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  size_t count = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (count > text.size()) count = 1;
  for (size_t i = 1; i < count; ++i) {
    if ((byte(i) & 0xC0) != 0x80) count = 1;
  }
  *length = count;
  if (count == 1) return first;
  uint32_t character = first & (0xFFu >> (count + 1));
  for (size_t i = 1; i < count; ++i) character = character << 6 | (byte(i) & 0x3Fu);
  return character;
}

size_t WidthOf(uint32_t character) {
  if (character < 0x300) return 1;
  return IsIn(kEmpty, character) ? 0 : IsIn(kWide, character) ? 2 : 1;
}

}  // namespace

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  for (size_t length = 0; !text.empty(); text.remove_prefix(length)) width += WidthOf(TakeCharacter(text, &length));
  return width;
}

std::string CutToWidth(std::string_view text, size_t columns) {
  if (DisplayWidth(text) <= columns) return std::string(text);
  if (columns == 0) return "";
  std::string cut;
  size_t width = 0;
  for (size_t length = 0; !text.empty(); text.remove_prefix(length)) {
    const size_t more = WidthOf(TakeCharacter(text, &length));
    if (width + more > columns - 1) break;
    width += more;
    cut += text.substr(0, length);
  }
  return cut + "…";
}

std::string Printable(std::string_view text, bool keep_newlines) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string result;
  result.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte >= 0x20 && byte != 0x7F) || (c == '\n' && keep_newlines)) {
      result.push_back(c);
    } else if (c == '\n' || c == '\t' || c == '\r') {
      result += c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\r";
    } else {
      result += "\\x";
      result.push_back(kHex[byte >> 4]);
      result.push_back(kHex[byte & 15]);
    }
  }
  return result;
}

}  // namespace turdb::shell
