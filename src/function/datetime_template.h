// Templates of dates and times, as to_date and to_timestamp read by them: the fields, and what stands between them.
#ifndef TURDB_FUNCTION_DATETIME_TEMPLATE_H_
#define TURDB_FUNCTION_DATETIME_TEMPLATE_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"

namespace turdb::function {

enum class TemplateField : uint8_t {
  kFixed,  // FX
  kEra,
  kEraDots,
  kNoon,
  kNoonDots,
  kCentury,
  kDayName,
  kDayNameShort,
  kDayOfYear,
  kIsoDayOfYear,
  kDay,
  kWeekday,
  kIsoWeekday,
  kFraction,  // FF1 ... FF6, US
  kMillisecond,
  kHour24,
  kHour12,
  kMinute,
  kSecond,
  kSecondOfDay,
  kWeek,
  kWeekOfMonth,
  kJulian,
  kMonth,
  kMonthName,
  kMonthNameShort,
  kRoman,
  kQuarter,
  kYear,
  kYearWithComma,
  kZoneHour,
  kZoneMinute,
  kZone,  // TZ, OF: only for to_char
};

// Two calendars that one template must not mix.
enum class Calendar : uint8_t { kNone, kGregorian, kIsoWeek };

struct TemplateKeyword {
  std::string_view name;  // longer ones stand before their prefixes
  TemplateField field;
  Calendar calendar;
  bool digits;
};

// A piece of the template.
struct TemplateNode {
  enum class Kind : uint8_t { kField, kText, kSeparator, kSpace };
  Kind kind = Kind::kText;
  const TemplateKeyword* keyword = nullptr;
  bool fill_mode = false;  // FM
  bool ordinal = false;    // th, TH
  char text = 0;           // the first byte of kText
};

inline bool IsSpace(char c) { return absl::ascii_isspace(static_cast<unsigned char>(c)); }
inline bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }
inline bool IsSeparator(char c) { return c > 0x20 && c < 0x7f && !absl::ascii_isalnum(static_cast<unsigned char>(c)); }
// Bytes of the character that `text` begins with.
inline size_t CharacterSize(std::string_view text) {
  size_t size = 1;
  while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) ++size;
  return size;
}

std::vector<TemplateNode> ParseTemplate(std::string_view text);

}  // namespace turdb::function

#endif  // TURDB_FUNCTION_DATETIME_TEMPLATE_H_
