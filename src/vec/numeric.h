// PostgreSQL's numeric: a decimal number of any size that remembers how many digits it shows after the
// point (its scale). 1.0 and 1.00 are equal and hash alike, but print as they were made.
//
// In a vector a numeric is a string view over these bytes (short numbers stay inside the view):
//
//   offset size
//   0      2     bits 0..13 scale, bit 14 negative, bit 15 special; special: bits 0..1 are 0 NaN, 1 infinity,
//                and bit 14 makes it -infinity
//   2      rest  magnitude of value * 10^scale, little-endian, no leading zero byte; zero has none
//
// Zero is never negative. The same value with the same scale always has the same bytes.
#ifndef TURDB_VEC_NUMERIC_H_
#define TURDB_VEC_NUMERIC_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "vec/big_uint.h"
#include "vec/scalar.h"

namespace turdb::vec {

inline constexpr int kMaxNumericScale = 16383;
inline constexpr int kMaxNumericIntegerDigits = 131072;

// A regular value type. Values up to 128 bits never allocate.
class Numeric {
 public:
  enum class Kind : uint8_t { kFinite, kNaN, kInfinity, kMinusInfinity };

  Numeric() = default;  // 0
  // value / 10^scale.
  explicit Numeric(Int128 value, int scale = 0);
  static Numeric NaN() { return Special(Kind::kNaN); }
  static Numeric Infinity(bool negative) { return Special(negative ? Kind::kMinusInfinity : Kind::kInfinity); }
  // The 15 (6) significant digits of PostgreSQL's cast.
  static Numeric FromDouble(double value);
  static Numeric FromFloat(float value);
  // nullopt: not a number in PostgreSQL's syntax, or out of range; `out_of_range` tells which when given.
  static std::optional<Numeric> Parse(std::string_view text, bool* out_of_range = nullptr);
  // REQUIRES: bytes as described on top.
  static Numeric FromBytes(std::string_view bytes);
  std::string ToBytes() const;
  std::string ToString() const;

  Kind kind() const { return kind_; }
  bool is_finite() const { return kind_ == Kind::kFinite; }
  bool is_nan() const { return kind_ == Kind::kNaN; }
  bool is_zero() const { return is_finite() && big_.is_zero() && small_ == 0; }
  bool is_negative() const { return negative_ || kind_ == Kind::kMinusInfinity; }
  int scale() const { return scale_; }
  int sign() const { return is_negative() ? -1 : is_zero() || is_nan() ? 0 : 1; }

  // PostgreSQL's order: -Infinity < numbers < Infinity < NaN, NaN = NaN.
  static int Compare(const Numeric& a, const Numeric& b);
  uint64_t Hash() const;  // equal numerics hash alike
  double ToDouble() const;
  // Rounded half away from zero; nullopt when it does not fit or is special.
  std::optional<Int128> ToInt128() const;
  // value * 10^scale rounded half away from zero, when that has at most `precision` digits.
  std::optional<Int128> ToDecimal(int precision, int scale) const;

  Numeric Negate() const;
  Numeric Abs() const;
  friend Numeric operator+(const Numeric& a, const Numeric& b);
  friend Numeric operator-(const Numeric& a, const Numeric& b) { return a + b.Negate(); }
  friend Numeric operator*(const Numeric& a, const Numeric& b);
  // PostgreSQL's choice of scale for `a / b`. nullopt: b is zero.
  static std::optional<Numeric> Divide(const Numeric& a, const Numeric& b);
  // Rounded (towards zero when `truncate`) to `scale` digits. REQUIRES: 0 <= scale <= kMaxNumericScale.
  static std::optional<Numeric> DivideToScale(const Numeric& a, const Numeric& b, int scale, bool truncate);
  static std::optional<Numeric> Modulo(const Numeric& a, const Numeric& b);         // sign of a
  static std::optional<Numeric> IntegerDivide(const Numeric& a, const Numeric& b);  // div(a, b)
  // Negative digits round left of the point; the result's scale is max(digits, 0).
  Numeric Round(int digits) const;
  Numeric Truncate(int digits) const;
  Numeric Floor() const;
  Numeric Ceil() const;
  // Drops trailing zeros after the point.
  Numeric TrimScale() const;
  // The same value at a larger scale.
  Numeric Rescale(int scale) const { return scale > scale_ ? Round(scale) : *this; }

  // Decimal digits of the magnitude, and the power of ten of the first one. REQUIRES: finite; zero has 0 digits.
  int digits() const;
  int exponent10() const { return digits() - 1 - scale_; }
  BigUint magnitude() const { return big_.is_zero() ? BigUint(small_) : big_; }
  static Numeric FromMagnitude(bool negative, BigUint magnitude, int scale);
  // Whether it has no more digits than PostgreSQL stores.
  bool InRange() const { return !is_finite() || digits() - scale_ <= kMaxNumericIntegerDigits; }

 private:
  static Numeric Special(Kind kind) {
    Numeric n;
    n.kind_ = kind;
    return n;
  }
  static Numeric FromSmall(bool negative, UInt128 magnitude, int scale);
  Numeric RoundTo(int digits, bool truncate) const;

  UInt128 small_ = 0;  // the magnitude when it fits; zero otherwise
  BigUint big_;        // the magnitude when small_ cannot hold it
  int scale_ = 0;
  bool negative_ = false;
  Kind kind_ = Kind::kFinite;
};

}  // namespace turdb::vec

#endif  // TURDB_VEC_NUMERIC_H_
