#include "shell/value_text.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>

namespace turdb::shell {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b; });
}

// Takes exactly `count` digits off the front.
std::optional<int> TakeDigits(std::string_view& text, size_t count) {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  for (size_t i = 0; i < count; ++i) {
    if (!IsDigit(text[i])) return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool TakeChar(std::string_view& text, char c) {
  if (text.empty() || text[0] != c) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<int32_t> TakeDate(std::string_view& text) {
  const std::optional<int> year = TakeDigits(text, 4);
  if (!year || !TakeChar(text, '-')) return std::nullopt;
  const std::optional<int> month = TakeDigits(text, 2);
  if (!month || !TakeChar(text, '-')) return std::nullopt;
  const std::optional<int> day = TakeDigits(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  return static_cast<int32_t>(std::chrono::sys_days(date).time_since_epoch().count());
}

// Microseconds since midnight.
std::optional<int64_t> TakeTime(std::string_view& text) {
  const std::optional<int> hour = TakeDigits(text, 2);
  if (!hour || !TakeChar(text, ':')) return std::nullopt;
  const std::optional<int> minute = TakeDigits(text, 2);
  if (!minute || *hour > 23 || *minute > 59) return std::nullopt;
  int second = 0;
  int64_t micros = 0;
  if (TakeChar(text, ':')) {
    const std::optional<int> digits = TakeDigits(text, 2);
    if (!digits || *digits > 59) return std::nullopt;
    second = *digits;
    if (TakeChar(text, '.')) {
      int64_t unit = 100'000;
      size_t count = 0;
      for (; !text.empty() && IsDigit(text[0]); text.remove_prefix(1), ++count, unit /= 10) micros += (text[0] - '0') * unit;
      if (count == 0 || count > 6) return std::nullopt;
    }
  }
  return ((int64_t{*hour} * 60 + *minute) * 60 + second) * 1'000'000 + micros;
}

// Seconds east of UTC.
std::optional<int64_t> TakeZone(std::string_view& text) {
  if (TakeChar(text, 'Z')) return 0;
  const int64_t sign = TakeChar(text, '-') ? -1 : 1;
  if (sign > 0 && !TakeChar(text, '+')) return std::nullopt;
  const std::optional<int> hours = TakeDigits(text, 2);
  if (!hours || *hours > 15) return std::nullopt;
  int minutes = 0;
  const bool colon = TakeChar(text, ':');
  if (colon || !text.empty()) {
    const std::optional<int> digits = TakeDigits(text, 2);
    if (!digits || *digits > 59) return std::nullopt;
    minutes = *digits;
  }
  return sign * (int64_t{*hours} * 3600 + minutes * 60);
}

// Whether writing the number again gives the same text: "007" and "+5" are codes or phone numbers, not numbers.
bool IsCanonicalNumber(std::string_view text) {
  if (!text.empty() && text[0] == '-') text.remove_prefix(1);
  if (text.empty() || !IsDigit(text[0])) return false;
  return text.size() == 1 || text[0] != '0' || !IsDigit(text[1]);
}

}  // namespace

std::optional<bool> ParseBool(std::string_view text) {
  if (EqualsIgnoringCase(text, "true")) return true;
  if (EqualsIgnoringCase(text, "false")) return false;
  return std::nullopt;
}

std::optional<int64_t> ParseInt64(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && IsDigit(text[1])) text.remove_prefix(1);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> ParseDouble(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<int32_t> ParseDate(std::string_view text) {
  const std::optional<int32_t> days = TakeDate(text);
  return text.empty() ? days : std::nullopt;
}

std::optional<TimestampText> ParseTimestamp(std::string_view text) {
  const std::optional<int32_t> days = TakeDate(text);
  if (!days) return std::nullopt;
  if (!TakeChar(text, 'T') && !TakeChar(text, ' ')) return std::nullopt;
  const std::optional<int64_t> time = TakeTime(text);
  if (!time) return std::nullopt;
  TimestampText result;
  result.micros = int64_t{*days} * 86'400'000'000 + *time;
  if (!text.empty()) {
    const std::optional<int64_t> zone = TakeZone(text);
    if (!zone || !text.empty()) return std::nullopt;
    result.micros -= *zone * 1'000'000;
    result.has_zone = true;
  }
  return result;
}

int64_t FindInvalidUtf8(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  for (size_t i = 0; i < text.size();) {
    const unsigned first = byte(i);
    size_t length = 1;
    unsigned lowest = 0x80;
    unsigned highest = 0xBF;
    if (first == 0) return static_cast<int64_t>(i);
    if (first >= 0x80) {
      if (first < 0xC2 || first > 0xF4) return static_cast<int64_t>(i);
      length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
      if (first == 0xE0) lowest = 0xA0;   // shorter forms exist
      if (first == 0xED) highest = 0x9F;  // surrogates
      if (first == 0xF0) lowest = 0x90;
      if (first == 0xF4) highest = 0x8F;  // beyond U+10FFFF
      if (byte(i + 1) < lowest || byte(i + 1) > highest) return static_cast<int64_t>(i);
      for (size_t k = 2; k < length; ++k) {
        if ((byte(i + k) & 0xC0) != 0x80) return static_cast<int64_t>(i);
      }
    }
    i += length;
  }
  return -1;
}

const char* SqlName(ColumnType type) {
  switch (type) {
    case ColumnType::kBool:
      return "boolean";
    case ColumnType::kInteger:
      return "integer";
    case ColumnType::kBigint:
      return "bigint";
    case ColumnType::kDouble:
      return "double precision";
    case ColumnType::kDecimal:
      return "decimal(38,0)";
    case ColumnType::kNumeric:
      return "numeric";
    case ColumnType::kDate:
      return "date";
    case ColumnType::kTimestamp:
      return "timestamp";
    case ColumnType::kTimestampTz:
      return "timestamptz";
    case ColumnType::kUnknown:
    case ColumnType::kText:
      break;
  }
  return "text";
}

// From the first digit that is not 0 to the last; 0 where there is an exponent: that is a double's way of writing.
int SignificantDigits(std::string_view number) {
  int digits = 0, zeros = 0;
  for (const char c : number) {
    if (c == '.') continue;
    if (!IsDigit(c)) return 0;
    if (c == '0') {
      if (digits != 0) ++zeros;
      continue;
    }
    digits += zeros + 1;
    zeros = 0;
  }
  return digits;
}

ColumnType TypeOf(std::string_view text) {
  if (text.empty()) return ColumnType::kText;
  const char first = text[0];
  if (IsDigit(first) || first == '-' || first == '.') {
    if (const std::optional<int64_t> value = ParseInt64(text)) {
      if (!IsCanonicalNumber(text)) return ColumnType::kText;
      const bool fits = *value >= std::numeric_limits<int32_t>::min() && *value <= std::numeric_limits<int32_t>::max();
      return fits ? ColumnType::kInteger : ColumnType::kBigint;
    }
    const std::string_view digits = first == '-' ? text.substr(1) : text;
    if (!digits.empty() && std::all_of(digits.begin(), digits.end(), IsDigit)) {
      return digits.size() <= 38 && digits[0] != '0' ? ColumnType::kDecimal : ColumnType::kText;
    }
    if (ParseDouble(text)) {
      if (first != '.' && digits[0] != '.' && !IsCanonicalNumber(text)) return ColumnType::kText;
      return SignificantDigits(digits) <= std::numeric_limits<double>::digits10 ? ColumnType::kDouble : ColumnType::kNumeric;
    }
    if (ParseDate(text)) return ColumnType::kDate;
    if (const std::optional<TimestampText> timestamp = ParseTimestamp(text)) {
      return timestamp->has_zone ? ColumnType::kTimestampTz : ColumnType::kTimestamp;
    }
    return ColumnType::kText;
  }
  return ParseBool(text) ? ColumnType::kBool : ColumnType::kText;
}

ColumnType Widen(ColumnType a, ColumnType b) {
  if (a == b || b == ColumnType::kUnknown) return a;
  if (a == ColumnType::kUnknown) return b;
  if (a > b) std::swap(a, b);
  const auto is_number = [](ColumnType type) { return type >= ColumnType::kInteger && type <= ColumnType::kNumeric; };
  if (is_number(a) && is_number(b)) {
    // A double does not hold every bigint, a decimal(38,0) no fractions.
    const bool exact = a == ColumnType::kBigint || b == ColumnType::kDecimal;
    return exact && (a == ColumnType::kDouble || b == ColumnType::kDouble) ? ColumnType::kNumeric : b;
  }
  if (a == ColumnType::kDate && b == ColumnType::kTimestamp) return b;
  return ColumnType::kText;
}

}  // namespace turdb::shell
