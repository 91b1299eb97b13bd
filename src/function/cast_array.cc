// Casts from one array type to another: of each element, NULLs and dimensions kept.
#include "function/cast_kernels.h"
#include "vec/array.h"

namespace turdb::function {
namespace {

template <bool kExplicit>
void ElementsKernel(Call& call) {
  const Type from = call.argument_types[0], to = call.result_type();
  const CastContext context = kExplicit ? CastContext::kExplicit : CastContext::kAssignment;
  call.ForEach([&](SelIndex row) {
    const vec::ArrayView array(from, call.args[0].Get<StringView>(row).view());
    vec::ArrayBuilder builder(to.element_type());
    for (uint32_t i = 0; i < array.size(); ++i) {
      if (array.IsNull(i)) {
        builder.AddNull();
        continue;
      }
      const StatusOr<Value> value = CastValue(array.Get(i), to.element_type(), context, call.context);
      if (!value.ok()) return call.RaiseStatus(row, value.status());
      builder.AddValue(*value);
    }
    call.result->SetString(row, builder.Finish(array.AllDimensions()));
  });
}

}  // namespace

Kernel ArrayCastKernel(bool is_explicit) { return is_explicit ? ElementsKernel<true> : ElementsKernel<false>; }

}  // namespace turdb::function
