// Calls that make structs and maps and take them apart. Their types are made of others, which only the caller knows: so he
// binds them, and no name finds them.
#ifndef TURDB_FUNCTION_STRUCT_FUNCTIONS_H_
#define TURDB_FUNCTION_STRUCT_FUNCTIONS_H_

#include <cstddef>
#include <vector>

#include "function/registry.h"

namespace turdb::function {

// A struct of the arguments, in their order. `result`: a struct type whose fields have these types.
BoundCall BindStruct(std::vector<Type> fields, const Type& result);
// The same, or NULL when argument 0, which is no field, is NULL: the row of a table that an outer join may leave out.
BoundCall BindStructUnlessNull(std::vector<Type> witness_and_fields, const Type& result);
// The field whose number, from 0, argument 1 is, an integer.
BoundCall BindField(const Type& from, const Type& result);
// The struct of argument 0 with another value, argument 2, in the field whose number argument 1 is; NULL counts as a struct of
// NULLs. `fields`: the types of all.
BoundCall BindFieldChange(const Type& type, const Type& value);
// Whether all fields are NULL; whether none is. A NULL is all NULL.
BoundCall BindAllFieldsNull(const Type& type);
BoundCall BindNoFieldNull(const Type& type);
bool IsStructCall(const BoundCall& call);  // of BindStruct

// A map of two arrays, keys and values; of keys and values in turn, `pairs` of them; of an array of structs.
BoundCall BindMapOfArrays(const Type& keys, const Type& values, const Type& result);
BoundCall BindMapOfPairs(size_t pairs, const Type& key, const Type& value, const Type& result);
BoundCall BindMapOfEntries(const Type& entries, const Type& result);
// The value of a key, NULL when there is none; as an array of it, DuckDB's map_extract.
BoundCall BindMapValue(const Type& map, const Type& key, const Type& value);
BoundCall BindMapExtract(const Type& map, const Type& key, const Type& values);
BoundCall BindMapContains(const Type& map, const Type& key);
// The keys, or the values, or the entries, as an array.
BoundCall BindMapKeys(const Type& map, const Type& keys);
BoundCall BindMapValues(const Type& map, const Type& values);
BoundCall BindMapEntries(const Type& map, const Type& entries);
// The struct `type` out of a jsonb object, argument 1; what that does not name is as in argument 0, or NULL. The array of them
// out of a jsonb array.
BoundCall BindJsonRecord(const Type& type);
BoundCall BindJsonRecords(const Type& type);
// Later maps win.
BoundCall BindMapConcat(size_t maps, const Type& map);

}  // namespace turdb::function

#endif  // TURDB_FUNCTION_STRUCT_FUNCTIONS_H_
