// Structs: values of several fields, as bytes behind a string view. What users call composite types, records, STRUCT and the
// entries of MAP.
//
//   offset size
//   0      2        number of fields, n
//   2      4 * n    of each field: TypeId, precision, scale, TypeId of the elements when it is an array
//   then   n / 8    a bit a field, set when it is present, least significant first; rounded up
//   then   4 * n    the end of each field, counted from the end of these numbers
//   then            the fields: as they lie in a vector, or the bytes of strings; nothing for NULL
//
// Everything is little-endian and unaligned. So a struct compares, hashes, prints and is indexed without anybody who knows its
// type; names, lengths and the numbers of types (`Type::length`) are the type's. On disk: do not change (FORMAT.md of the table
// room, "Structs").
//
// A map is an array (array.h) of structs of a key and a value, in the order it was made in; no key twice, none of them NULL.
#ifndef TURDB_VEC_STRUCT_H_
#define TURDB_VEC_STRUCT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "vec/array.h"
#include "vec/text_context.h"
#include "vec/type.h"
#include "vec/value.h"

namespace turdb::vec {

inline constexpr size_t kMaxStructFields = 1600;  // PostgreSQL's limit for columns

// Reads a struct. Owns nothing; REQUIRES: bytes that StructBuilder made.
class StructView {
 public:
  explicit StructView(std::string_view bytes);

  size_t size() const { return count_; }
  // Without what only the struct's type knows: lengths, numbers of types.
  Type field_type(size_t i) const;
  bool IsNull(size_t i) const { return ((static_cast<unsigned char>(present_[i / 8]) >> (i % 8)) & 1) == 0; }
  // The field as a slot; a string's view points into the struct. REQUIRES: not NULL.
  const void* Load(size_t i, ElementSlot* slot) const;
  Value Get(size_t i) const { return Get(i, field_type(i)); }
  // `type`: the field's with all that the struct's type knows. REQUIRES: it lies in memory as the field does.
  Value Get(size_t i, const Type& type) const;

 private:
  std::string_view bytes_;
  size_t count_ = 0;
  const char* present_ = nullptr;
  const char* ends_ = nullptr;
  const char* data_ = nullptr;
};

// Makes a struct, field by field.
class StructBuilder {
 public:
  void Add(const Type& type, const void* slot);
  void AddNull(const Type& type);
  void AddValue(const Type& type, const Value& value);
  std::string Finish() const;

 private:
  std::string types_;
  std::vector<bool> present_;
  std::vector<uint32_t> ends_;
  std::string data_;
};

// PostgreSQL's text form, (1,"a b",), and what it reads. Errors: 22P02 malformed, those of the fields; 0A000 for a struct whose
// fields nobody knows.
void AppendStruct(const StructView& value, const TextContext& context, std::string* out);
base::StatusOr<Value> ParseStruct(std::string_view text, const Type& type, const TextContext* context);

// DuckDB's, {a=1, b=NULL}.
void AppendMap(const ArrayView& entries, const TextContext& context, std::string* out);
base::StatusOr<Value> ParseMap(std::string_view text, const Type& type, const TextContext* context);
// A map as the array of its entries.
inline ArrayView MapEntries(std::string_view bytes) { return ArrayView(Type::ArrayOf(TypeId::kStruct), bytes); }
// Errors: 22004 a key is NULL, 22023 a key comes twice.
base::StatusOr<std::string> MakeMap(const std::vector<Value>& keys, const std::vector<Value>& values, const Type& key_type,
                                    const Type& value_type);

// Field by field, NULL greatest; then by the number of fields.
int CompareStructs(const StructView& a, const StructView& b);
uint64_t HashStruct(const StructView& value);

}  // namespace turdb::vec

#endif  // TURDB_VEC_STRUCT_H_
