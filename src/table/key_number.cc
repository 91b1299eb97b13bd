#include "table/key_number.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "absl/numeric/int128.h"
#include "base/check.h"

namespace turdb::table {

namespace {

using vec::Int128;
using vec::UInt128;

constexpr uint32_t kExponentBias = 0x800000;
constexpr uint8_t kMaxBinaryLength = 16;  // first bytes 01..10 begin a binary integer, others an exponent

UInt128 Magnitude(Int128 value) {
  const UInt128 bits = static_cast<UInt128>(value);
  return value < 0 ? ~bits + 1 : bits;
}

}  // namespace

size_t EncodeBigInteger(Int128 value, std::byte* to) {
  if (value == 0) {
    to[0] = std::byte{key_byte::kZero};
    return 1;
  }
  const bool negative = value < 0;
  const UInt128 magnitude = Magnitude(value);
  std::byte big_endian[16];
  base::StoreBE<uint64_t>(big_endian, absl::Uint128High64(magnitude));
  base::StoreBE<uint64_t>(big_endian + 8, absl::Uint128Low64(magnitude));
  size_t skip = 0;
  while (big_endian[skip] == std::byte{0}) ++skip;
  const size_t length = 16 - skip;
  const std::byte flip = negative ? std::byte{0xFF} : std::byte{0};
  to[0] = std::byte{negative ? key_byte::kNegativeBig : key_byte::kPositiveBig};
  to[1] = static_cast<std::byte>(length) ^ flip;
  for (size_t i = 0; i < length; ++i) to[2 + i] = big_endian[skip + i] ^ flip;
  return 2 + length;
}

bool ReadBigInteger(base::Bytes* key, Int128* out) {
  if (key->empty()) return false;
  const uint8_t type = std::to_integer<uint8_t>((*key)[0]);
  if (type == key_byte::kZero) {
    *out = 0;
    *key = key->subspan(1);
    return true;
  }
  if ((type != key_byte::kNegativeBig && type != key_byte::kPositiveBig) || key->size() < 2) return false;
  const bool negative = type == key_byte::kNegativeBig;
  const std::byte flip = negative ? std::byte{0xFF} : std::byte{0};
  const size_t length = std::to_integer<size_t>((*key)[1] ^ flip);
  if (length == 0 || length > kMaxBinaryLength || key->size() < 2 + length) return false;
  UInt128 magnitude = 0;
  for (size_t i = 0; i < length; ++i) magnitude = (magnitude << 8) | std::to_integer<uint64_t>((*key)[2 + i] ^ flip);
  *out = static_cast<Int128>(negative ? ~magnitude + 1 : magnitude);
  *key = key->subspan(2 + length);
  return true;
}

CommonNumber CommonNumber::OfDecimalDigits(bool negative, std::string_view decimal_digits, int64_t ten_exponent) {
  while (!decimal_digits.empty() && decimal_digits.front() == '0') decimal_digits.remove_prefix(1);
  while (!decimal_digits.empty() && decimal_digits.back() == '0') {
    decimal_digits.remove_suffix(1);
    ++ten_exponent;
  }
  CommonNumber number;
  if (decimal_digits.empty()) return number;
  number.negative = negative;
  // The point stands `point` decimal digits right of the first digit; pairs must not straddle it.
  const int64_t point = static_cast<int64_t>(decimal_digits.size()) + ten_exponent;
  size_t i = 0;
  if ((point & 1) != 0) number.digits.push_back(static_cast<char>(decimal_digits[i++] - '0'));
  for (; i < decimal_digits.size(); i += 2) {
    const int tens = decimal_digits[i] - '0';
    const int ones = i + 1 < decimal_digits.size() ? decimal_digits[i + 1] - '0' : 0;
    number.digits.push_back(static_cast<char>(tens * 10 + ones));
  }
  number.exponent = static_cast<int32_t>((point + (point & 1)) / 2);
  return number;
}

CommonNumber CommonNumber::OfUnsigned(uint64_t value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value);
  return OfDecimalDigits(false, {digits, static_cast<size_t>(end.ptr - digits)}, 0);
}

CommonNumber CommonNumber::OfInteger(Int128 value) { return OfScaled(value, 0); }

CommonNumber CommonNumber::OfNumeric(const vec::Numeric& value) {
  std::string digits;
  for (const char c : value.ToString()) {
    if (c >= '0' && c <= '9') digits.push_back(c);
  }
  return OfDecimalDigits(value.is_negative(), digits, -value.scale());
}

std::optional<vec::Numeric> CommonNumber::ToNumeric() const { return vec::Numeric::Parse(ToText()); }

CommonNumber CommonNumber::OfScaled(Int128 value, int scale) {
  char digits[40];
  size_t first = sizeof(digits);
  for (UInt128 rest = Magnitude(value); rest != 0; rest /= 10) {
    digits[--first] = static_cast<char>('0' + static_cast<int>(rest % 10));
  }
  return OfDecimalDigits(value < 0, {digits + first, sizeof(digits) - first}, -scale);
}

CommonNumber CommonNumber::OfDouble(double value) {
  TURDB_DCHECK(std::isfinite(value));
  if (value == std::trunc(value) && std::fabs(value) < 9.0e18) return OfInteger(static_cast<int64_t>(value));
  // Every double is a decimal of at most 767 significant digits; the C library prints them all.
  std::array<char, 800> text;
  const int length = std::snprintf(text.data(), text.size(), "%.766e", std::fabs(value));
  TURDB_CHECK_GT(length, 0);
  const std::string_view all(text.data(), static_cast<size_t>(length));
  const size_t e = all.find('e');
  TURDB_CHECK(e != std::string_view::npos);
  std::string digits;
  for (const char c : all.substr(0, e)) {
    if (c >= '0' && c <= '9') digits.push_back(c);  // the decimal point depends on the locale
  }
  const int ten_exponent = std::atoi(all.data() + e + 1);
  return OfDecimalDigits(value < 0, digits, int64_t{ten_exponent} - static_cast<int64_t>(digits.size() - 1));
}

std::string CommonNumber::ToText() const {
  if (digits.empty()) return "0";
  std::string text = negative ? "-" : "";
  const size_t first = text.size();
  for (int32_t i = 0; i < exponent; ++i) {
    const int digit = static_cast<size_t>(i) < digits.size() ? digits[static_cast<size_t>(i)] : 0;
    if (text.size() > first || digit >= 10) text.push_back(static_cast<char>('0' + digit / 10));
    text.push_back(static_cast<char>('0' + digit % 10));
  }
  if (text.size() == first) text.push_back('0');
  if (static_cast<int64_t>(digits.size()) <= exponent) return text;
  text.push_back('.');
  for (int32_t i = exponent < 0 ? exponent : 0; i < 0; ++i) text += "00";
  for (size_t i = exponent > 0 ? static_cast<size_t>(exponent) : 0; i < digits.size(); ++i) {
    text.push_back(static_cast<char>('0' + digits[i] / 10));
    text.push_back(static_cast<char>('0' + digits[i] % 10));
  }
  if (text.back() == '0') text.pop_back();
  return text;
}

bool CommonNumber::AsInt64(int64_t* out) const {
  if (static_cast<int64_t>(digits.size()) > exponent && !digits.empty()) return false;
  if (exponent > 10) return false;
  Int128 value = 0;
  for (int32_t i = 0; i < exponent; ++i) {
    value = value * 100 + (static_cast<size_t>(i) < digits.size() ? digits[static_cast<size_t>(i)] : 0);
  }
  if (negative) value = -value;
  if (value < Int128{INT64_MIN} || value > Int128{INT64_MAX}) return false;
  *out = static_cast<int64_t>(value);
  return true;
}

void AppendCommonNumber(const CommonNumber& number, std::string* out) {
  if (number.digits.empty()) {
    out->push_back(static_cast<char>(key_byte::kZero));
    return;
  }
  out->push_back(static_cast<char>(number.negative ? key_byte::kNegativeBig : key_byte::kPositiveBig));
  const size_t body = out->size();
  const uint32_t biased = kExponentBias + static_cast<uint32_t>(number.exponent);
  out->push_back(static_cast<char>(biased >> 16));
  out->push_back(static_cast<char>(biased >> 8));
  out->push_back(static_cast<char>(biased));
  for (const char digit : number.digits) out->push_back(static_cast<char>(digit + 1));
  out->push_back(0);
  if (number.negative) {
    for (size_t i = body; i < out->size(); ++i) (*out)[i] = static_cast<char>(~(*out)[i]);
  }
}

bool ReadCommonNumber(base::Bytes* key, CommonNumber* out) {
  *out = CommonNumber();
  if (key->empty()) return false;
  const uint8_t type = std::to_integer<uint8_t>((*key)[0]);
  if (type == key_byte::kZero) {
    *key = key->subspan(1);
    return true;
  }
  if ((type != key_byte::kNegativeBig && type != key_byte::kPositiveBig) || key->size() < 6) return false;
  out->negative = type == key_byte::kNegativeBig;
  const std::byte flip = out->negative ? std::byte{0xFF} : std::byte{0};
  const auto at = [&](size_t i) { return std::to_integer<uint32_t>((*key)[i] ^ flip); };
  if (at(1) <= kMaxBinaryLength) return false;
  out->exponent = static_cast<int32_t>((at(1) << 16 | at(2) << 8 | at(3)) - kExponentBias);
  size_t i = 4;
  for (; i < key->size() && at(i) != 0; ++i) {
    if (at(i) > 100) return false;
    out->digits.push_back(static_cast<char>(at(i) - 1));
  }
  if (i == key->size() || out->digits.empty()) return false;
  *key = key->subspan(i + 1);
  return true;
}

}  // namespace turdb::table
