// Keys of values that hold values: jsonb, arrays, structs, maps, ranges. Before each element stands 01 and behind the last one
// 00, so that what is shorter orders first and no byte of an element is taken for an end. FORMAT.md has the bodies.
#ifndef TURDB_TABLE_KEY_COMPOSITE_H_
#define TURDB_TABLE_KEY_COMPOSITE_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "vec/type.h"
#include "vec/value.h"

namespace turdb::table {

// Type byte and body, ascending.
// REQUIRES: one of those types.
void AppendCompositeKey(const vec::Type& type, std::string_view bytes, std::string* out);

// Bytes of the body behind `type_byte`, every byte xor-ed with `flip`; SIZE_MAX when it is no such body, or damaged.
size_t CompositeBodyLength(uint8_t type_byte, base::Bytes body, std::byte flip);
// The same for any type byte (key_decode.cc).
size_t KeyBodyLength(uint8_t type_byte, base::Bytes body, std::byte flip);

// Of a whole part that is a range: which one; kUnknown when it is none.
vec::TypeId RangeKeyType(base::Bytes part);
// The type of a vector's key; kUnknown: it is none.
vec::Type VectorKeyType(base::Bytes part);

// A whole part, ascending, as a value of `type`. False when it is none.
[[nodiscard]] bool ReadCompositeKey(const vec::Type& type, base::Bytes part, vec::Value* out);

}  // namespace turdb::table

#endif  // TURDB_TABLE_KEY_COMPOSITE_H_
