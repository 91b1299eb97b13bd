// What one slot of an ANY column holds: a value with its type, as bytes that fit a string view.
//
//   offset size
//   0      1     TypeId
//   1      2     decimal only: precision, scale
//   1      4     enumerated types only: the type's id (u32)
//   1      1     vectors only: their VectorElement
//   1      3     arrays only: TypeId of the elements, their precision and scale
//   1|3..5 rest  fixed-width types: the value as it lies in a vector; others: their bytes
//
// The length of varchar and char and the precision of timestamps are not kept: they belong to columns.
// Order is that of keys: booleans, numbers (by value, whatever their types), texts of all kinds, blobs, dates,
// times, timestamps, timestamps with time zone, intervals, uuids, inet and cidr, macaddr, bits, jsonb, arrays, ranges (by their
// types first), structs, maps, vectors (by their elements' kind first); inside a class by value. A struct forgets its type, and
// so the names of its fields.
#ifndef TURDB_VEC_ANY_H_
#define TURDB_VEC_ANY_H_

#include <string>
#include <string_view>

#include "vec/value.h"

namespace turdb::vec {

// REQUIRES: not NULL.
std::string EncodeAny(const Value& value);
// REQUIRES: bytes that EncodeAny made.
Value DecodeAny(std::string_view bytes);
// SQL order, numbers across their types, texts by `collation`: negative, zero or positive.
int CompareAny(std::string_view a, std::string_view b, Collation collation = Collation::kBinary);
// Equal values of any number type hash alike.
uint64_t HashAny(std::string_view bytes, Collation collation = Collation::kBinary);

}  // namespace turdb::vec

#endif  // TURDB_VEC_ANY_H_
