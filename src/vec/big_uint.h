// Natural numbers of any size, for numerics beyond 128 bits. Schoolbook algorithms: such values are rare
// and seldom longer than a few dozen words.
#ifndef TURDB_VEC_BIG_UINT_H_
#define TURDB_VEC_BIG_UINT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/numeric/int128.h"

namespace turdb::vec {

inline constexpr int kMaxPower10Of128 = 38;
// 10^exponent. REQUIRES: 0 <= exponent <= 38.
absl::uint128 Power10(int exponent);
// Decimal digits of `value`; 0 has none.
int DecimalDigits(absl::uint128 value);

// Little-endian 32-bit words without leading zeros; zero has no words. A regular value type.
class BigUint {
 public:
  BigUint() = default;
  explicit BigUint(absl::uint128 value);
  // REQUIRES: only '0'..'9'.
  static BigUint FromDecimal(std::string_view digits);
  static BigUint FromBytes(std::string_view little_endian);
  static BigUint Power10(int64_t exponent);

  bool is_zero() const { return words_.empty(); }
  bool fits128() const { return words_.size() <= 4; }
  absl::uint128 low128() const;
  bool is_odd() const { return !words_.empty() && (words_[0] & 1) != 0; }
  std::string ToDecimal() const;  // "0" for zero
  std::string ToBytes() const;    // little-endian, no leading zero byte
  int64_t bit_length() const;

  static int Compare(const BigUint& a, const BigUint& b);
  friend BigUint operator+(const BigUint& a, const BigUint& b);
  // REQUIRES: a >= b.
  friend BigUint operator-(const BigUint& a, const BigUint& b);
  friend BigUint operator*(const BigUint& a, const BigUint& b);
  // a / b and the remainder. REQUIRES: b > 0.
  static BigUint Divide(const BigUint& a, const BigUint& b, BigUint* remainder);
  // The largest r with r * r <= a.
  static BigUint SquareRoot(const BigUint& a);
  BigUint ShiftLeft(int64_t bits) const;
  void MultiplyAddSmall(uint32_t factor, uint32_t addend);
  uint32_t DivideSmall(uint32_t divisor);  // becomes the quotient, returns the remainder

 private:
  void Trim() {
    while (!words_.empty() && words_.back() == 0) words_.pop_back();
  }
  std::vector<uint32_t> words_;
};

}  // namespace turdb::vec

#endif  // TURDB_VEC_BIG_UINT_H_
