#include "engine/parameter.h"

#include "function/registry.h"

namespace turdb::engine {

using base::StatusOr;

StatusOr<bool> ConvertParameter(const vec::Value& value, const vec::Type& type, const vec::TextContext& text, vec::Value* out) {
  if (value.is_null()) {
    *out = vec::Value::Null(type);
    return true;
  }
  const vec::TypeId from = value.type().id;
  // Arrays of one id may be of elements of many.
  if (from == type.id && (value.type() == type || (type.length == 0 && from != vec::TypeId::kArray))) {
    *out = value;
    return true;
  }
  if (vec::IsText(from)) {
    if (vec::IsText(type.id) && type.length == 0) {
      *out = vec::Value::OfBytes(type, value.bytes());
      return true;
    }
    if (vec::IsText(type.id)) return false;  // the store's own cast says when it is too long
    if (type.id == vec::TypeId::kAny) {
      *out = value;
      return true;
    }
    TURDB_ASSIGN_OR_RETURN(*out, vec::Value::Parse(value.bytes(), type, &text));
    return true;
  }
  if (type.id == vec::TypeId::kAny) {
    *out = value;
    return true;
  }
  const function::CastProperties* cast = function::FindCast(from, type.id);
  if (cast == nullptr) return false;
  function::CallContext context;
  context.text = text;
  StatusOr<vec::Value> there = function::CastValue(value, type, function::CastContext::kExplicit, context);
  if (!there.ok()) return false;
  if (!cast->lossless) {
    // Whether this one value survives is seen by casting it back.
    StatusOr<vec::Value> back = function::CastValue(*there, value.type(), function::CastContext::kExplicit, context);
    if (!back.ok() || vec::Value::Compare(*back, value) != 0) return false;
  }
  *out = *std::move(there);
  return true;
}

}  // namespace turdb::engine
