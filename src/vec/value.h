// One SQL value that owns its memory: literals, parameters, defaults, cells of a result. Rows in bulk
// travel in vectors; a Value is for the edges.
#ifndef TURDB_VEC_VALUE_H_
#define TURDB_VEC_VALUE_H_

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/check.h"
#include "base/status.h"
#include "vec/scalar.h"
#include "vec/type.h"

namespace turdb::vec {

struct TextContext;  // text_context.h

// Copyable, not thread-safe. A Value of type kAny does not exist: what an ANY column holds is a Value of
// the type it was stored with.
class Value {
 public:
  Value() = default;  // NULL of unknown type
  static Value Null(Type type) {
    Value value;
    value.type_ = type;
    return value;
  }
  // A value of a fixed-width type. REQUIRES: T is the C++ type of type.physical().
  template <typename T>
  static Value Of(Type type, T fixed) {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 16);
    TURDB_DCHECK_EQ(type.width(), sizeof(T));
    Value value;
    value.type_ = type;
    value.null_ = false;
    std::memcpy(value.fixed_, &fixed, sizeof(T));
    return value;
  }
  // A value of a string-like type (text, varchar, char, blob, numeric bytes, unknown).
  static Value OfBytes(Type type, std::string bytes) {
    Value value;
    value.type_ = type;
    value.null_ = false;
    value.bytes_ = std::move(bytes);
    return value;
  }
  // Becomes a value of a fixed-width type. REQUIRES: as Of.
  template <typename T>
  void SetFixed(Type type, T fixed) {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 16);
    type_ = type;
    null_ = false;
    std::memcpy(fixed_, &fixed, sizeof(T));
  }
  // Becomes a value of a string-like type, in the memory that it has.
  void SetBytes(Type type, std::string_view bytes) {
    type_ = type;
    null_ = false;
    bytes_.assign(bytes);
  }
  static Value Boolean(bool v) { return Of(TypeId::kBoolean, v); }
  static Value Int16(int16_t v) { return Of(TypeId::kInt16, v); }
  static Value Int32(int32_t v) { return Of(TypeId::kInt32, v); }
  static Value Int64(int64_t v) { return Of(TypeId::kInt64, v); }
  static Value Double(double v) { return Of(TypeId::kDouble, v); }
  static Value Float(float v) { return Of(TypeId::kFloat, v); }
  static Value Text(std::string_view v) { return OfBytes(TypeId::kText, std::string(v)); }
  static Value Blob(std::string_view v) { return OfBytes(TypeId::kBlob, std::string(v)); }
  static Value Unknown(std::string_view v) { return OfBytes(TypeId::kUnknown, std::string(v)); }

  // PostgreSQL's input: what `'text'::type` means. `text` must be UTF-8 (22021 otherwise). kAny gives text;
  // a text longer than varchar(n) is 22001 unless only blanks are cut. `context` says in which zone a
  // timestamptz without one is meant and what 'now' is; null means UTC and refuses 'now'.
  static base::StatusOr<Value> Parse(std::string_view text, Type type, const TextContext* context = nullptr);

  const Type& type() const { return type_; }
  bool is_null() const { return null_; }

  // REQUIRES: not NULL, T is the C++ type of type().physical(), not StringView.
  template <typename T>
  T Get() const {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 16);
    TURDB_DCHECK(!null_);
    TURDB_DCHECK_EQ(type_.width(), sizeof(T));
    T fixed;
    std::memcpy(&fixed, fixed_, sizeof(T));
    return fixed;
  }
  // REQUIRES: not NULL, a string-like type.
  const std::string& bytes() const {
    TURDB_DCHECK(!null_);
    return bytes_;
  }
  const void* fixed_data() const { return fixed_; }

  bool AsBool() const { return Get<bool>(); }
  // Any integer type up to 64 bits signed, widened; dates and times give their count. REQUIRES: it fits.
  int64_t AsInt64() const;
  // Any number, rounded to a double.
  double AsDouble() const;

  // As PostgreSQL prints it; NULL prints as "NULL".
  std::string ToString(const TextContext* context = nullptr) const;
  // As a SQL literal of its type: 'it''s', 42, '2020-01-01'::date, NULL.
  std::string ToSqlLiteral() const;

  // Same type, both NULL or both equal bit for bit (1.0 is not 1.00, NaN is NaN, 0.0 is not -0.0).
  bool Identical(const Value& other) const;

  // SQL order of two values of one type, NULL greatest: negative, zero or positive.
  static int Compare(const Value& a, const Value& b);
  uint64_t Hash() const;

 private:
  Type type_;
  bool null_ = true;
  alignas(16) unsigned char fixed_[16] = {};
  std::string bytes_;
};

}  // namespace turdb::vec

#endif  // TURDB_VEC_VALUE_H_
