// The kernels of casts, by family. A cast runs like any function of one argument: argument_types[0] is where it comes
// from, result_type() where it goes.
#ifndef TURDB_FUNCTION_CAST_KERNELS_H_
#define TURDB_FUNCTION_CAST_KERNELS_H_

#include <optional>

#include "function/registry.h"

namespace turdb::function {

// Between numbers of any kind. REQUIRES: from != to.
Kernel NumberCastKernel(const Type& from, const Type& to);
// Booleans to integers, or integers to booleans.
Kernel BooleanCastKernel(bool from_boolean);
// At least one side is text; `cut`: what is too long for varchar(n) is cut, not refused.
Kernel TextCastKernel(bool from_text, bool to_text, bool cut);
// Null when the pair has no kernel of its own.
Kernel DatetimeCastKernel(TypeId from, TypeId to);

// From json or jsonb to the other, or from jsonb to boolean and numbers.
Kernel JsonCastKernel(TypeId from, TypeId to);
// Struct to struct, field by field; map to map.
Kernel StructCastKernelOf(bool is_explicit);
Kernel MapCastKernelOf(bool is_explicit);
// Between bit strings, of them and integers; between inet and cidr.
Kernel BitsCastKernel(TypeId from, TypeId to, bool cut);
Kernel NetworkCastKernel(TypeId from, TypeId to);
// From or to a vector; beside texts, ANY and NULL. The least explicit context in which there is such a cast, nullopt: in none.
// REQUIRES (both): one of the types is kDenseVector, the other none of those.
std::optional<CastContext> VectorCastContext(const Type& from, const Type& to);
Kernel VectorCastKernel(const Type& from, const Type& to, bool is_explicit);
// Array to array, element by element.
Kernel ArrayCastKernel(bool is_explicit);

}  // namespace turdb::function

#endif  // TURDB_FUNCTION_CAST_KERNELS_H_
