// A string in a vector: 16 bytes, strings of up to 12 bytes inside it. The layout is Arrow's string view
// (length, then either the bytes or a 4-byte prefix and where the rest is), with a pointer where Arrow
// has buffer number and offset; both are eight bytes, so an export rewrites views in place.
//
//   short:  length u32 | bytes, zero-padded to 12
//   long:   length u32 | first 4 bytes | pointer to all bytes
//
// Padding is zero, so equality of short strings is equality of 16 bytes.
#ifndef TURDB_VEC_STRING_VIEW_H_
#define TURDB_VEC_STRING_VIEW_H_

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace turdb::vec {

// Owns nothing: what a long view points at is kept by the vector's heap (vector.h, invariant V5).
class StringView {
 public:
  static constexpr uint32_t kInlineBytes = 12;

  StringView() : StringView("", 0) {}
  // Refers to `data` when it is longer than 12 bytes, copies it otherwise.
  StringView(const char* data, uint32_t size) {
    value_.inlined.size = size;
    if (size <= kInlineBytes) {
      std::memset(value_.inlined.data, 0, kInlineBytes);
      if (size != 0) std::memcpy(value_.inlined.data, data, size);
    } else {
      std::memcpy(value_.pointed.prefix, data, 4);
      value_.pointed.data = data;
    }
  }
  explicit StringView(std::string_view text) : StringView(text.data(), static_cast<uint32_t>(text.size())) {}

  uint32_t size() const { return value_.inlined.size; }
  bool empty() const { return size() == 0; }
  bool is_inlined() const { return size() <= kInlineBytes; }
  const char* data() const { return is_inlined() ? value_.inlined.data : value_.pointed.data; }
  // Valid while this view is (a short string lives inside it).
  std::string_view view() const& { return {data(), size()}; }
  std::string_view view() const&& = delete;

  // The two words of the view itself.
  uint64_t head() const {
    uint64_t head;
    std::memcpy(&head, &value_, 8);
    return head;
  }
  uint64_t tail() const {
    uint64_t tail;
    std::memcpy(&tail, reinterpret_cast<const char*>(&value_) + 8, 8);
    return tail;
  }

  friend bool operator==(const StringView& a, const StringView& b) {
    if (a.head() != b.head()) return false;  // size and first four bytes
    if (a.is_inlined()) return a.tail() == b.tail();
    return std::memcmp(a.value_.pointed.data, b.value_.pointed.data, a.size()) == 0;
  }
  // memcmp order, a prefix before what it is a prefix of: negative, zero or positive.
  static int Compare(const StringView& a, const StringView& b) {
    const uint32_t prefix_a = a.PrefixBigEndian(), prefix_b = b.PrefixBigEndian();
    if (prefix_a != prefix_b) return prefix_a < prefix_b ? -1 : 1;
    const uint32_t common = a.size() < b.size() ? a.size() : b.size();
    const int order = std::memcmp(a.data(), b.data(), common);
    if (order != 0) return order;
    return a.size() < b.size() ? -1 : static_cast<int>(a.size() > b.size());
  }

 private:
  uint32_t PrefixBigEndian() const {
    uint32_t prefix;
    std::memcpy(&prefix, value_.inlined.data, 4);
    if constexpr (std::endian::native == std::endian::little) prefix = __builtin_bswap32(prefix);
    return prefix;
  }

  union {
    struct {
      uint32_t size;
      char data[kInlineBytes];
    } inlined;
    struct {
      uint32_t size;
      char prefix[4];
      const char* data;
    } pointed;
  } value_;
};
static_assert(sizeof(StringView) == 16);

}  // namespace turdb::vec

#endif  // TURDB_VEC_STRING_VIEW_H_
