// Bound values against the types that a plan wants (query rule 4).
#ifndef TURDB_ENGINE_PARAMETER_H_
#define TURDB_ENGINE_PARAMETER_H_

#include <cstdint>

#include "base/status.h"
#include "vec/text_context.h"
#include "vec/type.h"
#include "vec/value.h"

namespace turdb::engine {

// `value` as `type` in *out. False: it would lose something, so the plan has to be compiled for the value's own type.
// Text becomes any type that can parse it. Errors: the text is no value of the type (22P02, 22007, 22008, 22003).
base::StatusOr<bool> ConvertParameter(const vec::Value& value, const vec::Type& type, const vec::TextContext& text,
                                      vec::Value* out);

// The same for the commonest: an integer as another type that holds it, without a call of a cast. False: it does not, or there
// is more to it, and *out is as it was.
bool ConvertInt64(int64_t value, vec::TypeId type, vec::Value* out);

}  // namespace turdb::engine

#endif  // TURDB_ENGINE_PARAMETER_H_
