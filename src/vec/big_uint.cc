#include "vec/big_uint.h"

#include <algorithm>
#include <array>
#include <bit>

#include "base/check.h"
#include "base/format.h"

namespace turdb::vec {
namespace {

using absl::uint128;

constexpr std::array<uint128, kMaxPower10Of128 + 1> kPowers10 = {
    absl::MakeUint128(0u, 1u),
    absl::MakeUint128(0u, 10u),
    absl::MakeUint128(0u, 100u),
    absl::MakeUint128(0u, 1000u),
    absl::MakeUint128(0u, 10000u),
    absl::MakeUint128(0u, 100000u),
    absl::MakeUint128(0u, 1000000u),
    absl::MakeUint128(0u, 10000000u),
    absl::MakeUint128(0u, 100000000u),
    absl::MakeUint128(0u, 1000000000u),
    absl::MakeUint128(0u, 10000000000u),
    absl::MakeUint128(0u, 100000000000u),
    absl::MakeUint128(0u, 1000000000000u),
    absl::MakeUint128(0u, 10000000000000u),
    absl::MakeUint128(0u, 100000000000000u),
    absl::MakeUint128(0u, 1000000000000000u),
    absl::MakeUint128(0u, 10000000000000000u),
    absl::MakeUint128(0u, 100000000000000000u),
    absl::MakeUint128(0u, 1000000000000000000u),
    absl::MakeUint128(0u, 10000000000000000000u),
    absl::MakeUint128(5u, 7766279631452241920u),
    absl::MakeUint128(54u, 3875820019684212736u),
    absl::MakeUint128(542u, 1864712049423024128u),
    absl::MakeUint128(5421u, 200376420520689664u),
    absl::MakeUint128(54210u, 2003764205206896640u),
    absl::MakeUint128(542101u, 1590897978359414784u),
    absl::MakeUint128(5421010u, 15908979783594147840u),
    absl::MakeUint128(54210108u, 11515845246265065472u),
    absl::MakeUint128(542101086u, 4477988020393345024u),
    absl::MakeUint128(5421010862u, 7886392056514347008u),
    absl::MakeUint128(54210108624u, 5076944270305263616u),
    absl::MakeUint128(542101086242u, 13875954555633532928u),
    absl::MakeUint128(5421010862427u, 9632337040368467968u),
    absl::MakeUint128(54210108624275u, 4089650035136921600u),
    absl::MakeUint128(542101086242752u, 4003012203950112768u),
    absl::MakeUint128(5421010862427522u, 3136633892082024448u),
    absl::MakeUint128(54210108624275221u, 12919594847110692864u),
    absl::MakeUint128(542101086242752217u, 68739955140067328u),
    absl::MakeUint128(5421010862427522170u, 687399551400673280u),
};

}  // namespace

uint128 Power10(int exponent) {
  TURDB_DCHECK(exponent >= 0 && exponent <= kMaxPower10Of128);
  return kPowers10[static_cast<size_t>(exponent)];
}

int DecimalDigits(uint128 value) {
  if (value == 0) return 0;
  const int bits = absl::Uint128High64(value) != 0 ? 128 - std::countl_zero(absl::Uint128High64(value))
                                                   : 64 - std::countl_zero(absl::Uint128Low64(value));
  // bits * log10(2), which is right or one too small.
  const int guess = (bits * 1233) >> 12;
  return guess > kMaxPower10Of128 || value < kPowers10[static_cast<size_t>(guess)] ? guess : guess + 1;
}

BigUint::BigUint(uint128 value) {
  for (; value != 0; value >>= 32) words_.push_back(static_cast<uint32_t>(absl::Uint128Low64(value)));
}

BigUint BigUint::FromDecimal(std::string_view digits) {
  BigUint result;
  while (!digits.empty()) {
    const size_t take = std::min<size_t>(9, digits.size());
    uint32_t part = 0, factor = 1;
    for (size_t i = 0; i < take; ++i) {
      part = part * 10 + static_cast<uint32_t>(digits[i] - '0');
      factor *= 10;
    }
    result.MultiplyAddSmall(factor, part);
    digits.remove_prefix(take);
  }
  return result;
}

BigUint BigUint::FromBytes(std::string_view little_endian) {
  BigUint result;
  result.words_.resize((little_endian.size() + 3) / 4);
  for (size_t i = 0; i < little_endian.size(); ++i) {
    result.words_[i / 4] |= uint32_t{static_cast<unsigned char>(little_endian[i])} << (8 * (i % 4));
  }
  result.Trim();
  return result;
}

BigUint BigUint::Power10(int64_t exponent) {
  BigUint result(uint128{1}), base(uint128{10});
  for (; exponent > 0; exponent >>= 1) {
    if ((exponent & 1) != 0) result = result * base;
    if (exponent > 1) base = base * base;
  }
  return result;
}

uint128 BigUint::low128() const {
  uint128 value = 0;
  for (size_t i = std::min<size_t>(4, words_.size()); i-- > 0;) value = value << 32 | words_[i];
  return value;
}

std::string BigUint::ToDecimal() const {
  if (is_zero()) return "0";
  BigUint rest = *this;
  std::vector<uint32_t> parts;
  while (!rest.is_zero()) parts.push_back(rest.DivideSmall(1'000'000'000));
  std::string text = base::Format("%u", parts.back());
  for (size_t i = parts.size() - 1; i-- > 0;) base::AppendFormat(&text, "%09u", parts[i]);
  return text;
}

std::string BigUint::ToBytes() const {
  std::string bytes;
  for (uint32_t word : words_) {
    for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<char>(word >> (8 * i)));
  }
  while (!bytes.empty() && bytes.back() == 0) bytes.pop_back();
  return bytes;
}

int64_t BigUint::bit_length() const {
  return words_.empty() ? 0 : static_cast<int64_t>(words_.size()) * 32 - std::countl_zero(words_.back());
}

int BigUint::Compare(const BigUint& a, const BigUint& b) {
  if (a.words_.size() != b.words_.size()) return a.words_.size() < b.words_.size() ? -1 : 1;
  for (size_t i = a.words_.size(); i-- > 0;) {
    if (a.words_[i] != b.words_[i]) return a.words_[i] < b.words_[i] ? -1 : 1;
  }
  return 0;
}

BigUint operator+(const BigUint& a, const BigUint& b) {
  BigUint sum;
  const size_t size = std::max(a.words_.size(), b.words_.size());
  sum.words_.reserve(size + 1);
  uint64_t carry = 0;
  for (size_t i = 0; i < size; ++i) {
    carry += i < a.words_.size() ? a.words_[i] : 0;
    carry += i < b.words_.size() ? b.words_[i] : 0;
    sum.words_.push_back(static_cast<uint32_t>(carry));
    carry >>= 32;
  }
  if (carry != 0) sum.words_.push_back(static_cast<uint32_t>(carry));
  return sum;
}

BigUint operator-(const BigUint& a, const BigUint& b) {
  BigUint difference;
  difference.words_.reserve(a.words_.size());
  int64_t borrow = 0;
  for (size_t i = 0; i < a.words_.size(); ++i) {
    int64_t word = int64_t{a.words_[i]} - (i < b.words_.size() ? b.words_[i] : 0) - borrow;
    borrow = word < 0 ? 1 : 0;
    difference.words_.push_back(static_cast<uint32_t>(word));
  }
  TURDB_CHECK_EQ(borrow, 0);
  difference.Trim();
  return difference;
}

BigUint operator*(const BigUint& a, const BigUint& b) {
  BigUint product;
  product.words_.assign(a.words_.size() + b.words_.size(), 0);
  for (size_t i = 0; i < a.words_.size(); ++i) {
    uint64_t carry = 0;
    for (size_t j = 0; j < b.words_.size(); ++j) {
      carry += uint64_t{a.words_[i]} * b.words_[j] + product.words_[i + j];
      product.words_[i + j] = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
    product.words_[i + b.words_.size()] = static_cast<uint32_t>(carry);
  }
  product.Trim();
  return product;
}

void BigUint::MultiplyAddSmall(uint32_t factor, uint32_t addend) {
  uint64_t carry = addend;
  for (uint32_t& word : words_) {
    carry += uint64_t{word} * factor;
    word = static_cast<uint32_t>(carry);
    carry >>= 32;
  }
  if (carry != 0) words_.push_back(static_cast<uint32_t>(carry));
}

uint32_t BigUint::DivideSmall(uint32_t divisor) {
  uint64_t remainder = 0;
  for (size_t i = words_.size(); i-- > 0;) {
    remainder = remainder << 32 | words_[i];
    words_[i] = static_cast<uint32_t>(remainder / divisor);
    remainder %= divisor;
  }
  Trim();
  return static_cast<uint32_t>(remainder);
}

BigUint BigUint::ShiftLeft(int64_t bits) const {
  BigUint result;
  if (is_zero()) return result;
  result.words_.assign(static_cast<size_t>(bits / 32), 0);
  const int shift = static_cast<int>(bits % 32);
  uint64_t carry = 0;
  for (uint32_t word : words_) {
    carry |= uint64_t{word} << shift;
    result.words_.push_back(static_cast<uint32_t>(carry));
    carry >>= 32;
  }
  if (carry != 0) result.words_.push_back(static_cast<uint32_t>(carry));
  return result;
}

// Knuth, The Art of Computer Programming, volume 2, 4.3.1, algorithm D.
BigUint BigUint::Divide(const BigUint& a, const BigUint& b, BigUint* remainder) {
  TURDB_CHECK(!b.is_zero());
  if (Compare(a, b) < 0) {
    if (remainder != nullptr) *remainder = a;
    return BigUint();
  }
  if (b.words_.size() == 1) {
    BigUint quotient = a;
    const uint32_t rest = quotient.DivideSmall(b.words_[0]);
    if (remainder != nullptr) *remainder = BigUint(uint128{rest});
    return quotient;
  }
  const int shift = std::countl_zero(b.words_.back());
  const BigUint divisor = b.ShiftLeft(shift);
  BigUint rest = a.ShiftLeft(shift);
  const size_t n = divisor.words_.size();
  rest.words_.resize(std::max(rest.words_.size(), a.words_.size()) + 1, 0);
  const size_t m = rest.words_.size() - n - 1;
  BigUint quotient;
  quotient.words_.assign(m + 1, 0);
  const uint64_t top = divisor.words_[n - 1], second = divisor.words_[n - 2];
  for (size_t j = m + 1; j-- > 0;) {
    const uint64_t head = uint64_t{rest.words_[j + n]} << 32 | rest.words_[j + n - 1];
    uint64_t guess = head / top, left = head % top;
    while (guess >> 32 != 0 || guess * second > (left << 32 | rest.words_[j + n - 2])) {
      --guess;
      left += top;
      if (left >> 32 != 0) break;
    }
    int64_t borrow = 0;
    uint64_t carry = 0;
    for (size_t i = 0; i < n; ++i) {
      carry += guess * divisor.words_[i];
      const int64_t word = int64_t{rest.words_[i + j]} - static_cast<int64_t>(carry & 0xffffffffu) - borrow;
      rest.words_[i + j] = static_cast<uint32_t>(word);
      borrow = word < 0 ? 1 : 0;
      carry >>= 32;
    }
    const int64_t word = int64_t{rest.words_[j + n]} - static_cast<int64_t>(carry) - borrow;
    rest.words_[j + n] = static_cast<uint32_t>(word);
    if (word < 0) {  // one too many: add the divisor back
      --guess;
      uint64_t sum = 0;
      for (size_t i = 0; i < n; ++i) {
        sum += uint64_t{rest.words_[i + j]} + divisor.words_[i];
        rest.words_[i + j] = static_cast<uint32_t>(sum);
        sum >>= 32;
      }
      rest.words_[j + n] += static_cast<uint32_t>(sum);
    }
    quotient.words_[j] = static_cast<uint32_t>(guess);
  }
  quotient.Trim();
  if (remainder != nullptr) {
    rest.Trim();
    for (size_t i = 0; i < rest.words_.size(); ++i) {
      const uint64_t high = i + 1 < rest.words_.size() ? rest.words_[i + 1] : 0;
      rest.words_[i] = static_cast<uint32_t>((high << 32 | rest.words_[i]) >> shift);
    }
    rest.Trim();
    *remainder = std::move(rest);
  }
  return quotient;
}

// Newton's iteration from above.
BigUint BigUint::SquareRoot(const BigUint& a) {
  if (a.is_zero()) return a;
  BigUint root = BigUint(uint128{1}).ShiftLeft((a.bit_length() + 1) / 2);
  while (true) {
    BigUint next = root + Divide(a, root, nullptr);
    next.DivideSmall(2);
    if (Compare(next, root) >= 0) return root;
    root = std::move(next);
  }
}

}  // namespace turdb::vec
