// Casts from json and jsonb: to each other, and from jsonb to the scalars that it holds.
#include "absl/strings/str_cat.h"
#include "function/cast_kernels.h"
#include "function/json_support.h"
#include "vec/numeric.h"

namespace turdb::function {
namespace {

using vec::JsonKind;
using vec::JsonView;

void ToJsonbKernel(Call& call) {
  std::string jsonb;
  call.ForEach([&](SelIndex row) {
    jsonb.clear();
    if (Status status = vec::ParseJson(call.args[0].Get<StringView>(row).view(), &jsonb); !status.ok()) {
      return call.RaiseStatus(row, std::move(status));
    }
    call.result->SetString(row, jsonb);
  });
}

void ToJsonKernel(Call& call) {
  std::string text;
  call.ForEach([&](SelIndex row) {
    text.clear();
    vec::AppendJson(JsonView(call.args[0].Get<StringView>(row).view()), vec::JsonLayout::kSpaced, &text);
    call.result->SetString(row, text);
  });
}

Status CannotCast(JsonKind kind, const Type& to) {
  return JsonError(absl::StrCat("cannot cast jsonb ", JsonTypeName(kind), " to type ", to.ToString()));
}

void ToBooleanKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const JsonView value(call.args[0].Get<StringView>(row).view());
    call.result->data<bool>()[row] = value.kind() == JsonKind::kTrue;
    if (!value.is_boolean()) call.RaiseStatus(row, CannotCast(value.kind(), call.result_type()));
  });
}

// By way of numeric, whose casts check the range.
void ToNumberKernel(Call& call) {
  const Type to = call.result_type();
  call.ForEach([&](SelIndex row) {
    const JsonView value(call.args[0].Get<StringView>(row).view());
    if (value.kind() != JsonKind::kNumber) return call.RaiseStatus(row, CannotCast(value.kind(), to));
    const Value number = Value::OfBytes(Type::Numeric(), value.number().ToBytes());
    const StatusOr<Value> cast = CastValue(number, to, CastContext::kExplicit, call.context);
    if (!cast.ok()) return call.RaiseStatus(row, cast.status());
    call.result->SetValue(row, *cast);
  });
}

}  // namespace

Kernel JsonCastKernel(TypeId from, TypeId to) {
  if (from == TypeId::kJson) return ToJsonbKernel;
  if (to == TypeId::kJson) return ToJsonKernel;
  return to == TypeId::kBoolean ? ToBooleanKernel : ToNumberKernel;
}

}  // namespace turdb::function
