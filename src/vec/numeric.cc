#include "vec/numeric.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "base/check.h"
#include "base/format.h"
#include "vec/compare.h"

namespace turdb::vec {
namespace {

constexpr uint16_t kNegativeBit = 1u << 14;
constexpr uint16_t kSpecialBit = 1u << 15;
constexpr uint16_t kScaleMask = kNegativeBit - 1;

// magnitude * 10^exponent, if it fits 128 bits.
std::optional<UInt128> Scale128(UInt128 magnitude, int exponent) {
  if (exponent == 0 || magnitude == 0) return magnitude;
  if (exponent > kMaxPower10Of128) return std::nullopt;
  const UInt128 factor = Power10(exponent);
  if (magnitude > absl::Uint128Max() / factor) return std::nullopt;
  return magnitude * factor;
}

UInt128 MagnitudeOf(Int128 value) { return value < 0 ? -static_cast<UInt128>(value) : static_cast<UInt128>(value); }

}  // namespace

Numeric::Numeric(Int128 value, int scale) : small_(MagnitudeOf(value)), scale_(scale), negative_(value < 0) {}

Numeric Numeric::FromSmall(bool negative, UInt128 magnitude, int scale) {
  Numeric n;
  n.small_ = magnitude;
  n.scale_ = scale;
  n.negative_ = negative && magnitude != 0;
  return n;
}

Numeric Numeric::FromMagnitude(bool negative, BigUint magnitude, int scale) {
  if (magnitude.fits128()) return FromSmall(negative, magnitude.low128(), scale);
  Numeric n;
  n.big_ = std::move(magnitude);
  n.scale_ = scale;
  n.negative_ = negative;
  return n;
}

std::optional<Numeric> Numeric::Parse(std::string_view text, bool* out_of_range) {
  if (out_of_range != nullptr) *out_of_range = false;
  text = absl::StripAsciiWhitespace(text);
  std::string_view rest = text;
  bool negative = false;
  if (!rest.empty() && (rest[0] == '+' || rest[0] == '-')) {
    negative = rest[0] == '-';
    rest.remove_prefix(1);
  }
  if (absl::EqualsIgnoreCase(text, "nan")) return NaN();
  if (absl::EqualsIgnoreCase(rest, "infinity") || absl::EqualsIgnoreCase(rest, "inf")) return Infinity(negative);
  std::string digits;
  int64_t scale = 0;
  bool point = false, any = false;
  size_t i = 0;
  for (; i < rest.size(); ++i) {
    const char c = rest[i];
    if (c == '.' && !point) {
      point = true;
    } else if (absl::ascii_isdigit(static_cast<unsigned char>(c))) {
      any = true;
      if (!digits.empty() || c != '0') digits.push_back(c);
      if (point) ++scale;
    } else {
      break;
    }
  }
  if (!any) return std::nullopt;
  if (i < rest.size()) {
    if (rest[i] != 'e' && rest[i] != 'E') return std::nullopt;
    std::string_view exponent_text = rest.substr(i + 1);
    if (!exponent_text.empty() && exponent_text[0] == '+') {
      exponent_text.remove_prefix(1);
      if (!exponent_text.empty() && exponent_text[0] == '-') return std::nullopt;
    }
    int64_t exponent = 0;
    const auto [end, error] = std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent);
    if (end != exponent_text.data() + exponent_text.size() || error == std::errc::invalid_argument) return std::nullopt;
    if (error == std::errc::result_out_of_range || exponent > INT32_MAX / 2 || exponent < -INT32_MAX / 2) {
      if (out_of_range != nullptr) *out_of_range = true;
      return std::nullopt;
    }
    scale -= exponent;
  }
  const auto too_large = [&]() -> std::optional<Numeric> {
    if (out_of_range != nullptr) *out_of_range = true;
    return std::nullopt;
  };
  if (static_cast<int64_t>(digits.size()) - scale > kMaxNumericIntegerDigits && !digits.empty()) return too_large();
  if (scale < 0) {
    if (!digits.empty()) digits.append(static_cast<size_t>(-scale), '0');
    scale = 0;
  }
  if (scale > kMaxNumericScale) return too_large();
  if (digits.size() <= 38) {
    UInt128 magnitude = 0;
    for (char c : digits) magnitude = magnitude * 10 + static_cast<uint64_t>(c - '0');
    return FromSmall(negative, magnitude, static_cast<int>(scale));
  }
  return FromMagnitude(negative, BigUint::FromDecimal(digits), static_cast<int>(scale));
}

Numeric Numeric::FromDouble(double value) {
  if (std::isnan(value)) return NaN();
  if (std::isinf(value)) return Infinity(value < 0);
  return *Parse(base::Format("%.*g", std::numeric_limits<double>::digits10, value));
}

Numeric Numeric::FromFloat(float value) {
  if (std::isnan(value)) return NaN();
  if (std::isinf(value)) return Infinity(value < 0);
  return *Parse(base::Format("%.*g", std::numeric_limits<float>::digits10, static_cast<double>(value)));
}

Numeric Numeric::FromBytes(std::string_view bytes) {
  TURDB_CHECK_GE(bytes.size(), 2u);
  const auto header = static_cast<uint16_t>(static_cast<unsigned char>(bytes[0]) |
                                            static_cast<unsigned>(static_cast<unsigned char>(bytes[1])) << 8);
  const bool negative = (header & kNegativeBit) != 0;
  if ((header & kSpecialBit) != 0) return (header & 3) == 0 ? NaN() : Infinity(negative);
  const int scale = header & kScaleMask;
  bytes.remove_prefix(2);
  if (bytes.size() > 16) return FromMagnitude(negative, BigUint::FromBytes(bytes), scale);
  unsigned char padded[16] = {};
  if (!bytes.empty()) std::memcpy(padded, bytes.data(), bytes.size());
  uint64_t low = 0, high = 0;
  for (size_t i = 8; i-- > 0;) low = low << 8 | padded[i];
  for (size_t i = 16; i-- > 8;) high = high << 8 | padded[i];
  return FromSmall(negative, absl::MakeUint128(high, low), scale);
}

std::string Numeric::ToBytes() const {
  uint16_t header = static_cast<uint16_t>(scale_);
  if (kind_ != Kind::kFinite) header = kind_ == Kind::kNaN ? kSpecialBit : static_cast<uint16_t>(kSpecialBit | 1);
  if (is_negative()) header = static_cast<uint16_t>(header | kNegativeBit);
  std::string bytes{static_cast<char>(header & 0xff), static_cast<char>(header >> 8)};
  if (kind_ != Kind::kFinite) return bytes;
  if (!big_.is_zero()) return bytes + big_.ToBytes();
  for (UInt128 rest = small_; rest != 0; rest >>= 8) bytes.push_back(static_cast<char>(absl::Uint128Low64(rest) & 0xff));
  return bytes;
}

std::string Numeric::ToString() const {
  if (kind_ == Kind::kNaN) return "NaN";
  if (kind_ != Kind::kFinite) return is_negative() ? "-Infinity" : "Infinity";
  std::string text;
  if (!big_.is_zero()) {
    text = big_.ToDecimal();
  } else {
    char digits[40];
    char* cursor = digits + sizeof(digits);
    UInt128 rest = small_;
    while (absl::Uint128High64(rest) != 0) {
      *--cursor = static_cast<char>('0' + static_cast<int>(absl::Uint128Low64(rest % 10)));
      rest /= 10;
    }
    uint64_t low = absl::Uint128Low64(rest);
    do {
      *--cursor = static_cast<char>('0' + static_cast<int>(low % 10));
      low /= 10;
    } while (low != 0);
    text.assign(cursor, digits + sizeof(digits));
  }
  if (scale_ > 0) {
    const auto scale = static_cast<size_t>(scale_);
    if (text.size() <= scale) text.insert(0, scale + 1 - text.size(), '0');
    text.insert(text.size() - scale, 1, '.');
  }
  if (negative_) text.insert(0, 1, '-');
  return text;
}

int Numeric::digits() const {
  if (big_.is_zero()) return DecimalDigits(small_);
  return static_cast<int>(big_.ToDecimal().size());
}

int Numeric::Compare(const Numeric& a, const Numeric& b) {
  if (!a.is_finite() || !b.is_finite()) {
    const auto rank = [](const Numeric& n) {
      switch (n.kind_) {
        case Kind::kMinusInfinity:
          return -1;
        case Kind::kFinite:
          return 0;
        case Kind::kInfinity:
          return 1;
        case Kind::kNaN:
          break;
      }
      return 2;
    };
    return rank(a) - rank(b);
  }
  if (a.negative_ != b.negative_) return a.negative_ ? -1 : 1;
  const int direction = a.negative_ ? -1 : 1;
  if (a.big_.is_zero() && b.big_.is_zero()) {
    const int scale = std::max(a.scale_, b.scale_);
    const auto x = Scale128(a.small_, scale - a.scale_), y = Scale128(b.small_, scale - b.scale_);
    if (x && y) return *x == *y ? 0 : *x < *y ? -direction : direction;
  }
  const int scale = std::max(a.scale_, b.scale_);
  return direction * BigUint::Compare(a.magnitude() * BigUint::Power10(scale - a.scale_),
                                      b.magnitude() * BigUint::Power10(scale - b.scale_));
}

uint64_t Numeric::Hash() const {
  if (!is_finite()) return MixHash(static_cast<uint64_t>(kind_));
  const Numeric trimmed = TrimScale();
  const std::string bytes = trimmed.ToBytes();
  return HashBytes(bytes.data(), bytes.size());
}

double Numeric::ToDouble() const {
  if (kind_ == Kind::kNaN) return std::numeric_limits<double>::quiet_NaN();
  if (kind_ != Kind::kFinite) {
    return is_negative() ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  }
  // Exact integers divided by an exact power of ten round once, as parsing the text would.
  if (big_.is_zero() && small_ <= UInt128{1} << 53 && scale_ <= 22) {
    static constexpr double kExact[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const double value = static_cast<double>(absl::Uint128Low64(small_)) / kExact[scale_];
    return negative_ ? -value : value;
  }
  const std::string text = ToString();
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {
    if (exponent10() > 0) value = std::numeric_limits<double>::infinity();
    if (negative_) value = -value;
  }
  return value;
}

std::optional<Int128> Numeric::ToInt128() const { return ToDecimal(39, 0); }

std::optional<Int128> Numeric::ToDecimal(int precision, int scale) const {
  if (!is_finite()) return std::nullopt;
  const Numeric rounded = Round(scale);
  if (!rounded.big_.is_zero()) return std::nullopt;
  if (precision <= kMaxPower10Of128 && rounded.small_ >= Power10(precision)) return std::nullopt;
  const UInt128 limit = UInt128{1} << 127;
  if (rounded.small_ > limit || (rounded.small_ == limit && !rounded.negative_)) return std::nullopt;
  return static_cast<Int128>(rounded.negative_ ? -rounded.small_ : rounded.small_);
}

Numeric Numeric::Negate() const {
  Numeric n = *this;
  switch (kind_) {
    case Kind::kFinite:
      n.negative_ = !negative_ && !is_zero();
      break;
    case Kind::kInfinity:
      n.kind_ = Kind::kMinusInfinity;
      break;
    case Kind::kMinusInfinity:
      n.kind_ = Kind::kInfinity;
      break;
    case Kind::kNaN:
      break;
  }
  return n;
}

Numeric Numeric::Abs() const { return is_negative() ? Negate() : *this; }

Numeric operator+(const Numeric& a, const Numeric& b) {
  if (!a.is_finite() || !b.is_finite()) {
    if (a.is_nan() || b.is_nan()) return Numeric::NaN();
    if (!a.is_finite() && !b.is_finite() && a.kind_ != b.kind_) return Numeric::NaN();
    return a.is_finite() ? b : a;
  }
  const int scale = std::max(a.scale_, b.scale_);
  if (a.big_.is_zero() && b.big_.is_zero()) {
    const auto x = Scale128(a.small_, scale - a.scale_), y = Scale128(b.small_, scale - b.scale_);
    if (x && y) {
      if (a.negative_ != b.negative_) {
        return *x >= *y ? Numeric::FromSmall(a.negative_, *x - *y, scale) : Numeric::FromSmall(b.negative_, *y - *x, scale);
      }
      if (*x <= absl::Uint128Max() - *y) return Numeric::FromSmall(a.negative_, *x + *y, scale);
    }
  }
  const BigUint x = a.magnitude() * BigUint::Power10(scale - a.scale_);
  const BigUint y = b.magnitude() * BigUint::Power10(scale - b.scale_);
  if (a.negative_ == b.negative_) return Numeric::FromMagnitude(a.negative_, x + y, scale);
  return BigUint::Compare(x, y) >= 0 ? Numeric::FromMagnitude(a.negative_, x - y, scale)
                                     : Numeric::FromMagnitude(b.negative_, y - x, scale);
}

Numeric operator*(const Numeric& a, const Numeric& b) {
  if (!a.is_finite() || !b.is_finite()) {
    if (a.is_nan() || b.is_nan() || a.is_zero() || b.is_zero()) return Numeric::NaN();
    return Numeric::Infinity(a.is_negative() != b.is_negative());
  }
  const bool negative = a.negative_ != b.negative_;
  const int scale = a.scale_ + b.scale_;
  if (a.big_.is_zero() && b.big_.is_zero() && scale <= kMaxNumericScale) {
    if (absl::Uint128High64(a.small_) == 0 && absl::Uint128High64(b.small_) == 0) {
      return Numeric::FromSmall(negative, a.small_ * b.small_, scale);
    }
  }
  Numeric product = Numeric::FromMagnitude(negative, a.magnitude() * b.magnitude(), scale);
  return scale > kMaxNumericScale ? product.Round(kMaxNumericScale) : product;
}

std::optional<Numeric> Numeric::Divide(const Numeric& a, const Numeric& b) {
  if (!a.is_finite() || !b.is_finite()) return DivideToScale(a, b, 0, false);
  if (b.is_zero()) return std::nullopt;
  // PostgreSQL keeps at least 16 significant digits, counted by base-10000 digits: the quotient's weight is
  // estimated from the weights and first digits of the operands.
  struct Head {
    int weight;
    int first;
  };
  const auto head_of = [](const Numeric& n) -> Head {
    if (n.is_zero()) return {0, 0};
    const int exponent = n.exponent10();
    const int weight = exponent >= 0 ? exponent / 4 : -((3 - exponent) / 4);
    const int lead = exponent - 4 * weight + 1;  // 1..4 decimal digits make up the first base-10000 digit
    std::string digits = n.big_.is_zero() ? Numeric::FromSmall(false, n.small_, 0).ToString() : n.big_.ToDecimal();
    digits.resize(std::max(digits.size(), static_cast<size_t>(lead)), '0');
    int first = 0;
    for (int i = 0; i < lead; ++i) first = first * 10 + (digits[static_cast<size_t>(i)] - '0');
    return {weight, first};
  };
  const Head x = head_of(a), y = head_of(b);
  int quotient_weight = x.weight - y.weight;
  if (x.first <= y.first) --quotient_weight;
  int scale = 16 - quotient_weight * 4;
  scale = std::clamp(std::max({scale, a.scale_, b.scale_}), 0, 1000);
  return DivideToScale(a, b, scale, false);
}

std::optional<Numeric> Numeric::DivideToScale(const Numeric& a, const Numeric& b, int scale, bool truncate) {
  if (a.is_nan() || b.is_nan()) return NaN();
  if (b.is_zero()) return std::nullopt;
  if (!a.is_finite()) return b.is_finite() ? Infinity(a.is_negative() != b.is_negative()) : NaN();
  if (!b.is_finite()) return Numeric();
  const bool negative = a.negative_ != b.negative_;
  const int shift = scale + b.scale_ - a.scale_;  // a * 10^shift / b has the wanted scale
  if (a.big_.is_zero() && b.big_.is_zero()) {
    const auto x = Scale128(a.small_, std::max(shift, 0)), y = Scale128(b.small_, std::max(-shift, 0));
    if (x && y) {
      UInt128 quotient, rest;
      if (absl::Uint128High64(*x) == 0 && absl::Uint128High64(*y) == 0) {
        quotient = absl::Uint128Low64(*x) / absl::Uint128Low64(*y);
        rest = absl::Uint128Low64(*x) % absl::Uint128Low64(*y);
      } else {
        quotient = *x / *y;
        rest = *x - quotient * *y;
      }
      if (!truncate && rest >= *y - rest) ++quotient;
      return FromSmall(negative, quotient, scale);
    }
  }
  const BigUint x = a.magnitude() * BigUint::Power10(std::max(shift, 0));
  const BigUint y = b.magnitude() * BigUint::Power10(std::max(-shift, 0));
  BigUint rest;
  BigUint quotient = BigUint::Divide(x, y, &rest);
  if (!truncate && BigUint::Compare(rest + rest, y) >= 0) quotient = quotient + BigUint(UInt128{1});
  return FromMagnitude(negative, std::move(quotient), scale);
}

std::optional<Numeric> Numeric::Modulo(const Numeric& a, const Numeric& b) {
  if (a.is_nan() || b.is_nan()) return NaN();
  if (b.is_zero()) return std::nullopt;
  if (!a.is_finite()) return NaN();
  if (!b.is_finite()) return a;
  const int scale = std::max(a.scale_, b.scale_);
  const Numeric whole = *DivideToScale(a, b, 0, true);
  Numeric rest = a - b * whole;
  return rest.Round(scale);
}

std::optional<Numeric> Numeric::IntegerDivide(const Numeric& a, const Numeric& b) { return DivideToScale(a, b, 0, true); }

Numeric Numeric::RoundTo(int digits, bool truncate) const {
  if (!is_finite()) return *this;
  const int shown = std::max(digits, 0);
  if (digits >= scale_) {
    if (digits == scale_) return *this;
    if (big_.is_zero()) {
      if (const auto scaled = Scale128(small_, digits - scale_)) return FromSmall(negative_, *scaled, digits);
    }
    return FromMagnitude(negative_, magnitude() * BigUint::Power10(digits - scale_), digits);
  }
  const int drop = scale_ - digits;
  if (big_.is_zero()) {
    // 128 bits are below 5 * 10^38: with every digit dropped, zero is the nearest.
    if (drop > kMaxPower10Of128) return FromSmall(false, 0, shown);
    const UInt128 divisor = Power10(drop);
    UInt128 quotient = small_ / divisor;
    const UInt128 rest = small_ - quotient * divisor;
    if (!truncate && rest >= divisor - rest) ++quotient;
    if (digits < 0) {
      if (const auto scaled = Scale128(quotient, -digits)) return FromSmall(negative_, *scaled, 0);
      return FromMagnitude(negative_, BigUint(quotient) * BigUint::Power10(-digits), 0);
    }
    return FromSmall(negative_, quotient, shown);
  }
  const BigUint divisor = BigUint::Power10(drop);
  BigUint rest;
  BigUint quotient = BigUint::Divide(big_, divisor, &rest);
  if (!truncate && BigUint::Compare(rest + rest, divisor) >= 0) quotient = quotient + BigUint(UInt128{1});
  if (digits < 0) quotient = quotient * BigUint::Power10(-digits);
  return FromMagnitude(negative_, std::move(quotient), shown);
}

Numeric Numeric::Round(int digits) const { return RoundTo(digits, false); }
Numeric Numeric::Truncate(int digits) const { return RoundTo(digits, true); }

Numeric Numeric::Floor() const {
  const Numeric whole = Truncate(0);
  return negative_ && Compare(whole, *this) != 0 ? whole - Numeric(1) : whole;
}

Numeric Numeric::Ceil() const {
  const Numeric whole = Truncate(0);
  return !negative_ && is_finite() && Compare(whole, *this) != 0 ? whole + Numeric(1) : whole;
}

Numeric Numeric::TrimScale() const {
  if (!is_finite() || scale_ == 0) return *this;
  Numeric n = *this;
  if (is_zero()) {
    n.scale_ = 0;
    return n;
  }
  if (big_.is_zero()) {
    while (n.scale_ > 0 && absl::Uint128High64(n.small_) != 0 && n.small_ % 10 == 0) {
      n.small_ /= 10;
      --n.scale_;
    }
    if (absl::Uint128High64(n.small_) == 0) {
      uint64_t low = absl::Uint128Low64(n.small_);
      while (n.scale_ > 0 && low % 10 == 0) {
        low /= 10;
        --n.scale_;
      }
      n.small_ = low;
    }
    return n;
  }
  const std::string text = big_.ToDecimal();
  size_t zeros = 0;
  while (zeros < static_cast<size_t>(scale_) && text[text.size() - 1 - zeros] == '0') ++zeros;
  return FromMagnitude(negative_, BigUint::FromDecimal(std::string_view(text).substr(0, text.size() - zeros)),
                       scale_ - static_cast<int>(zeros));
}

}  // namespace turdb::vec
