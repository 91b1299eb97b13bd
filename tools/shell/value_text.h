// What a piece of text could be a value of. The import asks it of every field.
#ifndef TURDB_TOOLS_SHELL_VALUE_TEXT_H_
#define TURDB_TOOLS_SHELL_VALUE_TEXT_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace turdb::shell {

std::optional<bool> ParseBool(std::string_view text);      // true, false; any case
std::optional<int64_t> ParseInt64(std::string_view text);  // decimal, no spaces; "+5" and "007" are fine
std::optional<double> ParseDouble(std::string_view text);  // decimal; no infinities
std::optional<int32_t> ParseDate(std::string_view text);   // 2013-01-31: days since 1970-01-01
struct TimestampText {
  int64_t micros = 0;     // since 1970-01-01 00:00:00; in UTC when there is a zone
  bool has_zone = false;  // Z, +02, +02:00 or +0200
};
std::optional<TimestampText> ParseTimestamp(std::string_view text);  // 2013-01-31 06:00[:00[.123456]], or with a T
// Position of the first byte that is not UTF-8 (or is a NUL); -1 when all is well.
int64_t FindInvalidUtf8(std::string_view text);

// The narrowest type that holds every value seen.
enum class ColumnType : uint8_t {
  kUnknown,
  kBool,
  kInteger,
  kBigint,
  kDouble,
  kDecimal,
  kNumeric,  // digits that a double would lose
  kDate,
  kTimestamp,
  kTimestampTz,
  kText
};
const char* SqlName(ColumnType type);  // "bigint"; an unknown column is text
ColumnType TypeOf(std::string_view text);
// Numbers widen among themselves, dates to timestamps; everything else meets in text.
ColumnType Widen(ColumnType a, ColumnType b);

}  // namespace turdb::shell

#endif  // TURDB_TOOLS_SHELL_VALUE_TEXT_H_
