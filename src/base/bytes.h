// Byte ranges, and loads and stores of fixed-width integers at any alignment. Files are little-endian;
// keys are big-endian, so that memcmp orders them.
#ifndef TURDB_BASE_BYTES_H_
#define TURDB_BASE_BYTES_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace turdb::base {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

inline Bytes AsBytes(std::string_view text) { return {reinterpret_cast<const std::byte*>(text.data()), text.size()}; }
inline std::string_view AsText(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

template <typename T>
  requires std::is_integral_v<T>
constexpr T ByteSwap(T value) {
  if constexpr (sizeof(T) == 1) {
    return value;
  } else if constexpr (sizeof(T) == 2) {
    return static_cast<T>(__builtin_bswap16(static_cast<uint16_t>(value)));
  } else if constexpr (sizeof(T) == 4) {
    return static_cast<T>(__builtin_bswap32(static_cast<uint32_t>(value)));
  } else {
    static_assert(sizeof(T) == 8);
    return static_cast<T>(__builtin_bswap64(static_cast<uint64_t>(value)));
  }
}

template <typename T>
  requires std::is_integral_v<T>
T LoadLE(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  if constexpr (std::endian::native == std::endian::big) value = ByteSwap(value);
  return value;
}

template <typename T>
  requires std::is_integral_v<T>
void StoreLE(void* to, T value) {
  if constexpr (std::endian::native == std::endian::big) value = ByteSwap(value);
  std::memcpy(to, &value, sizeof(T));
}

template <typename T>
  requires std::is_integral_v<T>
T LoadBE(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  if constexpr (std::endian::native == std::endian::little) value = ByteSwap(value);
  return value;
}

template <typename T>
  requires std::is_integral_v<T>
void StoreBE(void* to, T value) {
  if constexpr (std::endian::native == std::endian::little) value = ByteSwap(value);
  std::memcpy(to, &value, sizeof(T));
}

// memcmp order, a prefix before what it is a prefix of: negative, zero or positive.
inline int CompareBytes(Bytes a, Bytes b) {
  const size_t common = a.size() < b.size() ? a.size() : b.size();
  if (const int order = common == 0 ? 0 : std::memcmp(a.data(), b.data(), common); order != 0) return order;
  return a.size() < b.size() ? -1 : static_cast<int>(a.size() > b.size());
}

}  // namespace turdb::base

#endif  // TURDB_BASE_BYTES_H_
