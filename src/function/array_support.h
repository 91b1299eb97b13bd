// What the functions over arrays share.
#ifndef TURDB_FUNCTION_ARRAY_SUPPORT_H_
#define TURDB_FUNCTION_ARRAY_SUPPORT_H_

#include <optional>

#include "function/registry.h"
#include "vec/array.h"

namespace turdb::function {

// The array in row `row` of argument `i`; nullopt when it is NULL.
std::optional<vec::ArrayView> ArrayAt(const Call& call, size_t i, SelIndex row);
// Element `i` of `array`, or NULL, to row `row` of the result, which has the type of the elements.
void StoreElement(Call& call, SelIndex row, const vec::ArrayView& array, uint32_t i);
// The present value of argument `i` as a slot; null when NULL.
const void* ArgumentSlot(const Call& call, size_t i, SelIndex row);

// For bind functions: what arrays and elements of these types have in common, arrays counted by their elements.
StatusOr<Type> CommonElementType(std::span<const Type> actual);

// 2202E "array subscript error" and its kin.
Status ArraySubscriptError(std::string_view message);
// 54000 when an array would have too many elements or bytes.
Status CheckArraySize(const vec::ArrayBuilder& builder);

}  // namespace turdb::function

#endif  // TURDB_FUNCTION_ARRAY_SUPPORT_H_
