#include "vec/text_format.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "vec/any.h"
#include "vec/array.h"
#include "vec/datetime.h"
#include "vec/dense_vector.h"
#include "vec/enum.h"
#include "vec/json.h"
#include "vec/network.h"
#include "vec/numeric.h"
#include "vec/range.h"
#include "vec/struct.h"
#include "vec/utf8.h"

namespace turdb::vec {
namespace {

using base::MakeError;

template <typename T>
const T& As(const void* slot) {
  return *static_cast<const T*>(slot);
}

// PostgreSQL prints shortest digits in %g's layout with at least two exponent digits: scientific below
// 1e-4 and from 1e15 (float8) or 1e6 (float4) up.
template <typename T>
void AppendShortest(T value, int scientific_from, std::string* out) {
  if (std::isnan(value)) {
    out->append("NaN");
    return;
  }
  if (std::isinf(value)) {
    out->append(value < 0 ? "-Infinity" : "Infinity");
    return;
  }
  if (value == 0) {
    out->append(std::signbit(value) ? "-0" : "0");
    return;
  }
  char buffer[64];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific);
  std::string_view text(buffer, static_cast<size_t>(end - buffer));
  const size_t e = text.find('e');
  int exponent = 0;
  const size_t sign = text[e + 1] == '+' ? 2 : 1;
  std::from_chars(text.data() + e + sign, text.data() + text.size(), exponent);
  if (text[0] == '-') {
    out->push_back('-');
    text.remove_prefix(1);
  }
  const size_t mantissa_size = text.find('e');
  if (exponent < -4 || exponent >= scientific_from) {
    out->append(text.substr(0, mantissa_size));
    out->push_back('e');
    out->push_back(exponent < 0 ? '-' : '+');
    const int size = std::abs(exponent);
    if (size < 10) out->push_back('0');
    absl::StrAppend(out, size);
    return;
  }
  std::string digits(1, text[0]);
  if (mantissa_size > 2) digits.append(text.substr(2, mantissa_size - 2));
  if (exponent < 0) {
    out->append("0.");
    out->append(static_cast<size_t>(-exponent - 1), '0');
    out->append(digits);
    return;
  }
  const auto whole = static_cast<size_t>(exponent) + 1;
  if (digits.size() <= whole) {
    out->append(digits);
    out->append(whole - digits.size(), '0');
  } else {
    out->append(digits, 0, whole);
    out->push_back('.');
    out->append(digits, whole);
  }
}

template <typename T>
NumberOutcome ParseFloating(std::string_view text, T* value) {
  text = absl::StripAsciiWhitespace(text);
  if (text.empty()) return NumberOutcome::kSyntax;
  std::string_view rest = text;
  const bool negative = rest[0] == '-';
  if (rest[0] == '+' || rest[0] == '-') rest.remove_prefix(1);
  if (absl::EqualsIgnoreCase(text, "nan")) {
    *value = std::numeric_limits<T>::quiet_NaN();
    return NumberOutcome::kOk;
  }
  if (absl::EqualsIgnoreCase(rest, "infinity") || absl::EqualsIgnoreCase(rest, "inf")) {
    *value = negative ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::infinity();
    return NumberOutcome::kOk;
  }
  if (rest.empty() || !(absl::ascii_isdigit(static_cast<unsigned char>(rest[0])) || rest[0] == '.')) {
    return NumberOutcome::kSyntax;
  }
  const bool hex = rest.size() > 2 && rest[0] == '0' && (rest[1] == 'x' || rest[1] == 'X');
  if (hex) rest.remove_prefix(2);
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), *value,
                                            hex ? std::chars_format::hex : std::chars_format::general);
  if (error == std::errc::invalid_argument || end != rest.data() + rest.size()) return NumberOutcome::kSyntax;
  if (error == std::errc::result_out_of_range) return NumberOutcome::kRange;
  if (negative) *value = -*value;
  return NumberOutcome::kOk;
}

}  // namespace

void AppendInt128(Int128 value, std::string* out) { out->append(Numeric(value).ToString()); }
void AppendDouble(double value, std::string* out) { AppendShortest(value, 15, out); }
void AppendFloat(float value, std::string* out) { AppendShortest(value, 6, out); }
void AppendDecimal(Int128 value, int scale, std::string* out) { out->append(Numeric(value, scale).ToString()); }

void AppendUuid(const Uuid& uuid, std::string* out) {
  constexpr char kHex[] = "0123456789abcdef";
  for (size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out->push_back('-');
    out->push_back(kHex[uuid.bytes[i] >> 4]);
    out->push_back(kHex[uuid.bytes[i] & 15]);
  }
}

void AppendHexBlob(std::string_view bytes, std::string* out) {
  out->append("\\x");
  out->append(absl::BytesToHexString(bytes));
}

void AppendSlotText(Type type, const void* slot, const TextContext& context, std::string* out) {
  switch (type.id) {
    case TypeId::kBoolean:
      out->append(As<bool>(slot) ? "true" : "false");
      return;
    case TypeId::kInt8:
      absl::StrAppend(out, static_cast<int>(As<int8_t>(slot)));
      return;
    case TypeId::kInt16:
      absl::StrAppend(out, As<int16_t>(slot));
      return;
    case TypeId::kInt32:
      absl::StrAppend(out, As<int32_t>(slot));
      return;
    case TypeId::kInt64:
      absl::StrAppend(out, As<int64_t>(slot));
      return;
    case TypeId::kInt128:
      return AppendInt128(As<Int128>(slot), out);
    case TypeId::kUInt8:
      absl::StrAppend(out, static_cast<unsigned>(As<uint8_t>(slot)));
      return;
    case TypeId::kUInt16:
      absl::StrAppend(out, As<uint16_t>(slot));
      return;
    case TypeId::kUInt32:
      absl::StrAppend(out, As<uint32_t>(slot));
      return;
    case TypeId::kUInt64:
      absl::StrAppend(out, As<uint64_t>(slot));
      return;
    case TypeId::kFloat:
      return AppendFloat(As<float>(slot), out);
    case TypeId::kDouble:
      return AppendDouble(As<double>(slot), out);
    case TypeId::kDecimal:
      return AppendDecimal(type.physical() == PhysicalType::kInt64 ? Int128{As<int64_t>(slot)} : As<Int128>(slot), type.scale,
                           out);
    case TypeId::kNumeric:
      out->append(Numeric::FromBytes(As<StringView>(slot).view()).ToString());
      return;
    case TypeId::kUnknown:
    case TypeId::kText:
    case TypeId::kVarchar:
    case TypeId::kChar:
    case TypeId::kJson:
    case TypeId::kBit:
    case TypeId::kVarbit:
      out->append(As<StringView>(slot).view());
      return;
    case TypeId::kEnum:
      out->append(LabelOf(As<StringView>(slot).view()));
      return;
    case TypeId::kBlob:
      return AppendHexBlob(As<StringView>(slot).view(), out);
    case TypeId::kDate:
      return AppendDate(As<int32_t>(slot), out);
    case TypeId::kTime:
      return AppendTime(As<int64_t>(slot), out);
    case TypeId::kTimestamp:
      return AppendTimestamp(As<int64_t>(slot), out);
    case TypeId::kTimestampTz:
      return AppendTimestampTz(As<int64_t>(slot), context.zone, out);
    case TypeId::kInterval:
      return AppendInterval(As<Interval>(slot), out);
    case TypeId::kUuid:
      return AppendUuid(As<Uuid>(slot), out);
    case TypeId::kAny:
      out->append(DecodeAny(As<StringView>(slot).view()).ToString(&context));
      return;
    case TypeId::kJsonb:
      return AppendJson(JsonView(As<StringView>(slot).view()), JsonLayout::kSpaced, out);
    case TypeId::kArray:
      return AppendArray(ArrayView(type, As<StringView>(slot).view()), context, out);
    case TypeId::kStruct:
      return AppendStruct(StructView(As<StringView>(slot).view()), context, out);
    case TypeId::kMap:
      return AppendMap(MapEntries(As<StringView>(slot).view()), context, out);
    case TypeId::kInet:
    case TypeId::kCidr:
      return AppendNetwork(ReadNetwork(As<StringView>(slot).view()), type.id == TypeId::kCidr, out);
    case TypeId::kMacaddr:
      return AppendMacaddr(As<StringView>(slot).view(), out);
    case TypeId::kInt4Range:
    case TypeId::kInt8Range:
    case TypeId::kNumRange:
    case TypeId::kTsRange:
    case TypeId::kTstzRange:
    case TypeId::kDateRange:
      return AppendRange(type, As<StringView>(slot).view(), context, out);
    case TypeId::kDenseVector:
      return AppendDenseVector(DenseVectorView(type.vector_element(), As<StringView>(slot).view()), out);
  }
}

NumberOutcome ParseInt64(std::string_view text, int64_t* value) {
  text = absl::StripAsciiWhitespace(text);
  if (!text.empty() && text[0] == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text[0] == '-') return NumberOutcome::kSyntax;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  if (error == std::errc::invalid_argument || end != text.data() + text.size()) return NumberOutcome::kSyntax;
  return error == std::errc() ? NumberOutcome::kOk : NumberOutcome::kRange;
}

NumberOutcome ParseInt128(std::string_view text, Int128* value) {
  text = absl::StripAsciiWhitespace(text);
  bool negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text.empty()) return NumberOutcome::kSyntax;
  const UInt128 limit = (UInt128{1} << 127) - (negative ? 0 : 1);
  UInt128 magnitude = 0;
  bool range = false;
  for (char c : text) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return NumberOutcome::kSyntax;
    const UInt128 digit = static_cast<uint64_t>(c - '0');
    if (magnitude > (limit - digit) / 10) range = true;
    if (!range) magnitude = magnitude * 10 + digit;
  }
  if (range) return NumberOutcome::kRange;
  *value = static_cast<Int128>(negative ? -magnitude : magnitude);
  return NumberOutcome::kOk;
}

NumberOutcome ParseDouble(std::string_view text, double* value) { return ParseFloating(text, value); }
NumberOutcome ParseFloat(std::string_view text, float* value) { return ParseFloating(text, value); }

bool ParseBool(std::string_view text, bool* value) {
  const std::string word = absl::AsciiStrToLower(absl::StripAsciiWhitespace(text));
  if (word.empty()) return false;
  const auto is_prefix = [&](std::string_view full, size_t at_least) {
    return word.size() >= at_least && full.substr(0, word.size()) == word;
  };
  if (is_prefix("true", 1) || is_prefix("yes", 1) || word == "on" || word == "1") {
    *value = true;
    return true;
  }
  if (is_prefix("false", 1) || is_prefix("no", 1) || is_prefix("off", 2) || word == "0") {
    *value = false;
    return true;
  }
  return false;
}

bool ParseUuid(std::string_view text, Uuid* uuid) {
  // Hyphens after any group of four digits, braces around all.
  const bool braces = !text.empty() && text.front() == '{';
  if (braces) {
    if (text.size() < 2 || text.back() != '}') return false;
    text = text.substr(1, text.size() - 2);
  }
  size_t digits = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '-') {
      if (digits == 0 || digits % 4 != 0 || digits == 32 || text[i - 1] == '-') return false;
      continue;
    }
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(c)) || digits == 32) return false;
    const int nibble = absl::ascii_isdigit(static_cast<unsigned char>(c))
                           ? c - '0'
                           : absl::ascii_tolower(static_cast<unsigned char>(c)) - 'a' + 10;
    uint8_t& byte = uuid->bytes[digits / 2];
    byte = static_cast<uint8_t>(digits % 2 == 0 ? nibble << 4 : byte | nibble);
    ++digits;
  }
  return digits == 32;
}

bool ParseBlob(std::string_view text, std::string* bytes, std::string* message) {
  bytes->clear();
  const auto hex_value = [](char c) -> int {
    if (absl::ascii_isdigit(static_cast<unsigned char>(c))) return c - '0';
    const char lower = absl::ascii_tolower(static_cast<unsigned char>(c));
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
  };
  if (absl::StartsWith(text, "\\x")) {
    size_t i = 2;
    while (i < text.size()) {
      if (absl::ascii_isspace(static_cast<unsigned char>(text[i]))) {
        ++i;
        continue;
      }
      const int high = hex_value(text[i]);
      if (high < 0) {
        *message = absl::StrCat("invalid hexadecimal digit: \"", text.substr(i, Utf8Length(text[i])), "\"");
        return false;
      }
      if (i + 1 >= text.size()) {
        *message = "invalid hexadecimal data: odd number of digits";
        return false;
      }
      const int low = hex_value(text[i + 1]);
      if (low < 0) {
        *message = absl::StrCat("invalid hexadecimal digit: \"", text.substr(i + 1, Utf8Length(text[i + 1])), "\"");
        return false;
      }
      bytes->push_back(static_cast<char>(high << 4 | low));
      i += 2;
    }
    return true;
  }
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      bytes->push_back(text[i]);
    } else if (i + 1 < text.size() && text[i + 1] == '\\') {
      bytes->push_back('\\');
      ++i;
    } else if (i + 3 < text.size() && text[i + 1] >= '0' && text[i + 1] <= '3' && text[i + 2] >= '0' && text[i + 2] <= '7' &&
               text[i + 3] >= '0' && text[i + 3] <= '7') {
      bytes->push_back(static_cast<char>((text[i + 1] - '0') << 6 | (text[i + 2] - '0') << 3 | (text[i + 3] - '0')));
      i += 3;
    } else {
      *message = "invalid input syntax for type bytea";
      return false;
    }
  }
  return true;
}

std::string_view TrimTrailingBlanks(std::string_view text) {
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

base::Status FitBits(Type type, bool cut, std::string* bits) {
  const auto limit = static_cast<size_t>(type.length);
  if (limit == 0 || bits->size() == limit || (type.id == TypeId::kVarbit && bits->size() < limit)) return absl::OkStatus();
  if (!cut) {
    if (type.id == TypeId::kVarbit) {
      return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kStringTooLong,
                       absl::StrCat("bit string too long for type ", type.ToString()));
    }
    return MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"22026"},
                     absl::StrCat("bit string length ", bits->size(), " does not match type ", type.ToString()));
  }
  bits->resize(limit, '0');
  return absl::OkStatus();
}

bool ParseBits(std::string_view text, std::string* bits) {
  bits->clear();
  const bool hex = !text.empty() && (text[0] == 'x' || text[0] == 'X');
  if (hex || (!text.empty() && (text[0] == 'b' || text[0] == 'B'))) text.remove_prefix(1);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (!hex) {
      if (c != '0' && c != '1') return false;
      bits->push_back(c);
      continue;
    }
    if (!absl::ascii_isxdigit(byte)) return false;
    const int value = absl::ascii_isdigit(byte) ? c - '0' : absl::ascii_tolower(byte) - 'a' + 10;
    for (int bit = 3; bit >= 0; --bit) bits->push_back((value >> bit & 1) != 0 ? '1' : '0');
  }
  return true;
}

base::Status FitCharacters(Type type, bool cut, std::string* text) {
  if (type.length <= 0 || (type.id != TypeId::kVarchar && type.id != TypeId::kChar)) return absl::OkStatus();
  const auto limit = static_cast<size_t>(type.length);
  if (text->size() > limit) {
    const size_t end = Utf8Offset(*text, limit);
    if (!cut && !TrimTrailingBlanks(std::string_view(*text).substr(end)).empty()) {
      return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kStringTooLong,
                       absl::StrCat("value too long for type ", type.ToString()));
    }
    text->resize(end);
  }
  if (type.id == TypeId::kChar) {
    const size_t count = Utf8Count(*text);
    if (count < limit) text->append(limit - count, ' ');
  }
  return absl::OkStatus();
}

base::Status InvalidTextError(Type type, std::string_view text) {
  const bool datetime = IsDateTime(type.id);
  // PostgreSQL names the type without its parameters.
  std::string name = Type(type.id).ToString();
  if (type.id == TypeId::kDecimal) name = "numeric";
  if (type.id == TypeId::kTime) name = "time";
  if (type.id == TypeId::kTimestamp) name = "timestamp";
  return MakeError(absl::StatusCode::kInvalidArgument,
                   datetime ? base::sqlstate::kInvalidDatetime : base::sqlstate::kInvalidText,
                   absl::StrCat("invalid input syntax for type ", name, ": \"", text, "\""));
}

base::Status TextOutOfRangeError(Type type, std::string_view text) {
  if (type.id == TypeId::kFloat || type.id == TypeId::kDouble) {
    return MakeError(absl::StatusCode::kOutOfRange, base::sqlstate::kNumericOutOfRange,
                     absl::StrCat("\"", text, "\" is out of range for type ", type.ToString()));
  }
  return MakeError(absl::StatusCode::kOutOfRange, base::sqlstate::kNumericOutOfRange,
                   absl::StrCat("value \"", text, "\" is out of range for type ", type.ToString()));
}

base::Status DecimalOverflowError(Type type) {
  const int whole = type.precision - type.scale;
  return base::WithHint(
      MakeError(absl::StatusCode::kOutOfRange, base::sqlstate::kNumericOutOfRange, "numeric field overflow"),
      absl::StrCat("A field with precision ", type.precision, ", scale ", type.scale,
                   " must round to an absolute value less than ", whole == 0 ? "1" : absl::StrCat("10^", whole), "."));
}

}  // namespace turdb::vec
