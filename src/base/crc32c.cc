// CRC32C by the processor's own instruction where there is one, by Abseil's tables elsewhere.
//
// Abseil has a hardware path of its own, but only in builds whose every unit may use SSE4.2 and PCLMUL. The instruction
// takes three cycles and can begin once a cycle, so that long inputs run as three interleaved streams; the streams are
// joined by shifting a checksum over the bytes behind it, a linear map that four small tables hold (M. Adler's method).
// Shared code below the level of compute/cpu: pages and log records need it, and storage includes base alone.
#include "base/crc32c.h"

#include <array>
#include <cstring>

#include "absl/crc/crc32c.h"

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define TURDB_CRC32C_X86 1
#include <nmmintrin.h>
#endif

namespace turdb::base {
namespace {

uint32_t PortableCrc32c(Bytes data, uint32_t seed) {
  return static_cast<uint32_t>(absl::ExtendCrc32c(absl::crc32c_t{seed}, AsText(data)));
}

#ifdef TURDB_CRC32C_X86

constexpr size_t kStreamBytes = 680;          // three of them eight times are a page, but for 44 bytes
constexpr uint32_t kPolynomial = 0x82f63b78;  // reflected

using ShiftTable = std::array<std::array<uint32_t, 256>, 4>;

// What becomes of each byte of a checksum when kStreamBytes zero bytes follow.
constexpr ShiftTable MakeShiftTable() {
  std::array<uint32_t, 32> of_bit{};
  for (size_t bit = 0; bit < 32; ++bit) {
    uint32_t crc = uint32_t{1} << bit;
    for (size_t i = 0; i < 8 * kStreamBytes; ++i) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    of_bit[bit] = crc;
  }
  ShiftTable table{};
  for (size_t byte = 0; byte < 4; ++byte) {
    for (size_t value = 0; value < 256; ++value) {
      uint32_t crc = 0;
      for (size_t bit = 0; bit < 8; ++bit) crc ^= ((value >> bit) & 1) != 0 ? of_bit[8 * byte + bit] : 0;
      table[byte][value] = crc;
    }
  }
  return table;
}
constexpr ShiftTable kShift = MakeShiftTable();

uint64_t Shift(uint64_t crc) {
  return kShift[0][crc & 0xff] ^ kShift[1][(crc >> 8) & 0xff] ^ kShift[2][(crc >> 16) & 0xff] ^ kShift[3][(crc >> 24) & 0xff];
}

uint64_t Load64(const std::byte* at) {
  uint64_t word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

__attribute__((target("sse4.2"))) uint32_t HardwareCrc32c(Bytes data, uint32_t seed) {
  const std::byte* at = data.data();
  size_t left = data.size();
  uint64_t crc = ~seed;
  while (left >= 3 * kStreamBytes) {
    uint64_t second = 0, third = 0;
    for (size_t i = 0; i < kStreamBytes; i += 8) {
      crc = _mm_crc32_u64(crc, Load64(at + i));
      second = _mm_crc32_u64(second, Load64(at + kStreamBytes + i));
      third = _mm_crc32_u64(third, Load64(at + 2 * kStreamBytes + i));
    }
    crc = Shift(Shift(crc) ^ second) ^ third;
    at += 3 * kStreamBytes;
    left -= 3 * kStreamBytes;
  }
  for (; left >= 8; left -= 8, at += 8) crc = _mm_crc32_u64(crc, Load64(at));
  for (; left > 0; --left, ++at) crc = _mm_crc32_u8(static_cast<uint32_t>(crc), std::to_integer<uint8_t>(*at));
  return ~static_cast<uint32_t>(crc);
}

#endif

}  // namespace

uint32_t Crc32c(Bytes data, uint32_t seed) {
#ifdef TURDB_CRC32C_X86
  static const bool has_instruction = __builtin_cpu_supports("sse4.2");
  if (has_instruction) return HardwareCrc32c(data, seed);
#endif
  return PortableCrc32c(data, seed);
}

}  // namespace turdb::base
