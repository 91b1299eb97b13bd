// Columns at a time: what breakers and evaluators do to vectors beside calling kernels.
#ifndef TURDB_EXEC_VECTOR_OPERATIONS_H_
#define TURDB_EXEC_VECTOR_OPERATIONS_H_

#include <cstdint>

#include "exec/row_store.h"
#include "vec/vector.h"

namespace turdb::exec {

// to[r] = from[r] for each of `rows`. REQUIRES: `to` is flat, one physical type. Strings are shared, their heap kept.
void CopyRows(const vec::Vector& from, vec::Rows rows, vec::Vector* to);
void SetRowsNull(vec::Rows rows, vec::Vector* to);
// `to` becomes the constant from[row]; strings are copied.
void SetConstantFromRow(const vec::Vector& from, size_t row, vec::Vector* to);
// `to`, flat, gets from[from_row] at row `to_row`; strings are copied.
void CopyRow(const vec::Vector& from, size_t from_row, vec::Vector* to, size_t to_row);

// hashes[i] = the hash of row rows[i] over all columns. Equal rows (as SQL's IS NOT DISTINCT FROM) hash alike.
void HashColumns(Columns columns, vec::Rows rows, uint64_t* hashes);

// Drops from `rows` those with a NULL in a column; writes positions (i, not rows[i]) of the others. How many.
uint32_t PositionsWithoutNulls(Columns columns, vec::Rows rows, std::span<const bool> null_allowed, uint32_t* positions);

// Compares row rows[positions[k]] of `keys` with the first keys.size() columns of record pointers[positions[k]] (NULLs
// equal each other). Positions of equal pairs stay in `positions` (in order), of others go to `mismatches` when it is
// not null (*mismatch_count grows). Returns how many stay.
uint32_t KeepEqual(Columns keys, vec::Rows rows, const RowLayout& layout, const std::byte* const* pointers, uint32_t* positions,
                   uint32_t count, uint32_t* mismatches, uint32_t* mismatch_count);

// True when values of the type are equal exactly when their slots are the same bytes (strings: the same text).
bool IsBitwiseComparable(const vec::Type& type);

}  // namespace turdb::exec

#endif  // TURDB_EXEC_VECTOR_OPERATIONS_H_
