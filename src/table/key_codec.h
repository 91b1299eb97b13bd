// Keys that one memcmp orders: FORMAT.md has every type byte and body, with worked examples.
//
// A key is its parts, one after the other; a part is a type byte and a self-delimiting body, all its bytes
// complemented when the part is descending, or one NULL byte (01 first, FE last, never complemented). The
// encoders write into a KeyBuffer of the caller's and never allocate.
#ifndef TURDB_TABLE_KEY_CODEC_H_
#define TURDB_TABLE_KEY_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/status.h"
#include "vec/type.h"
#include "vec/value.h"

namespace turdb::vec {
class Vector;
}

namespace turdb::table {

// A value by reference: points at it in the layout of its physical type (at a StringView for strings, at
// any alignment); null is SQL's NULL.
using Cell = const void*;

struct KeyPart {
  vec::Type type;
  bool descending = false;
  bool nulls_first = false;  // PostgreSQL's default is last for ascending parts and first for descending ones
};

// A key being built, in place. Not thread-safe.
class KeyBuffer {
 public:
  static constexpr size_t kCapacity = base::kMaxKeyBytes;

  base::Bytes bytes() const { return {data_, size_}; }
  size_t size() const { return size_; }
  void Clear() { size_ = 0; }
  void Truncate(size_t size) { size_ = size; }
  std::byte* end() { return data_ + size_; }
  size_t left() const { return kCapacity - size_; }
  void Grow(size_t bytes) { size_ += bytes; }  // bytes written at end(). REQUIRES: bytes <= left()
  [[nodiscard]] bool Append(base::Bytes bytes);
  void Assign(base::Bytes bytes);  // REQUIRES: bytes.size() <= kCapacity

 private:
  size_t size_ = 0;
  alignas(16) std::byte data_[kCapacity];
};

// ---- The int64 form (btree::KeyKind::kInt64): 8 bytes, big-endian, sign bit flipped.
inline void EncodeInt64Key(int64_t value, std::byte* to) {
  base::StoreBE(to, static_cast<uint64_t>(value) ^ (uint64_t{1} << 63));
}
// The number in a cell of one of the three types that such keys have. REQUIRES: not NULL.
inline int64_t IntegerOf(const vec::Type& type, Cell cell) {
  const auto load = [cell](auto number) {
    std::memcpy(&number, cell, sizeof(number));
    return int64_t{number};
  };
  switch (type.physical()) {
    case vec::PhysicalType::kInt16:
      return load(int16_t{});
    case vec::PhysicalType::kInt32:
      return load(int32_t{});
    default:
      return load(int64_t{});
  }
}
inline int64_t DecodeInt64Key(const std::byte* from) {
  return static_cast<int64_t>(base::LoadBE<uint64_t>(from) ^ (uint64_t{1} << 63));
}

// ---- Encoding. All append one part. Error 54000: the key grew past kMaxKeyBytes; `out` is then unchanged.
base::Status AppendKeyPart(const KeyPart& part, Cell cell, KeyBuffer* out);
// REQUIRES: value NULL, or of a type laid out like part.type.
base::Status AppendKeyPart(const KeyPart& part, const vec::Value& value, KeyBuffer* out);
base::Status AppendKeyPart(const KeyPart& part, const vec::Vector& vector, size_t row, KeyBuffer* out);

// The same into any string, without a limit: sort keys, hash keys of groups.
void AppendSortKeyPart(const KeyPart& part, Cell cell, std::string* out);
// The number that a sort key of a float or double begins with, or of an int16, int32 or int64: for comparing values before they
// are encoded. Nothing for other types, NULL and NaN.
std::optional<double> LeadingFloat(const KeyPart& part, base::Bytes key);
std::optional<int64_t> LeadingInteger(const KeyPart& part, base::Bytes key);

// ---- Decoding.
// Reads one part at the front of *key and moves past it. Error XX001 when it is no key of this type. A type
// whose keys lose the value (see KeyKeepsValue) gives an equal one.
base::Status ReadKeyPart(const KeyPart& part, base::Bytes* key, vec::Value* out);
// The same into row `row` of a vector of part.type (strings go to its heap).
base::Status ReadKeyPart(const KeyPart& part, base::Bytes* key, vec::Vector* out, size_t row);
// Moves past one part without reading it. False when it is damaged.
[[nodiscard]] bool SkipKeyPart(const KeyPart& part, base::Bytes* key);
// Whether decode(encode(x)) is x bit for bit for every x of the type, so that an index can answer without the row.
bool KeyKeepsValue(const vec::Type& type);

// ---- Ranges.
// Turns `key` into the smallest byte string greater than everything that starts with it. False when there
// is none (empty, or all FF): the range has no upper bound.
[[nodiscard]] bool MakePrefixUpperBound(KeyBuffer* key);
// Appends a text part that is cut inside its body: every string that starts with `text` has a key that
// starts with it (ascending parts only); for LIKE 'abc%'.
base::Status AppendTextPrefix(const KeyPart& part, std::string_view text, KeyBuffer* out);

}  // namespace turdb::table

#endif  // TURDB_TABLE_KEY_CODEC_H_
