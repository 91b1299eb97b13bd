#include "engine/parameter.h"

#include <limits>

#include "function/registry.h"
#include "vec/dense_vector.h"

namespace turdb::engine {

using base::StatusOr;

namespace {

template <typename T>
bool SetIfFits(int64_t value, vec::TypeId type, vec::Value* out) {
  if (value < int64_t{std::numeric_limits<T>::min()} || value > int64_t{std::numeric_limits<T>::max()}) return false;
  out->SetFixed(type, static_cast<T>(value));
  return true;
}

}  // namespace

bool ConvertInt64(int64_t value, vec::TypeId type, vec::Value* out) {
  switch (type) {
    case vec::TypeId::kInt8:
      return SetIfFits<int8_t>(value, type, out);
    case vec::TypeId::kInt16:
      return SetIfFits<int16_t>(value, type, out);
    case vec::TypeId::kInt32:
      return SetIfFits<int32_t>(value, type, out);
    case vec::TypeId::kInt64:
      out->SetFixed(type, value);
      return true;
    case vec::TypeId::kUInt8:
      return SetIfFits<uint8_t>(value, type, out);
    case vec::TypeId::kUInt16:
      return SetIfFits<uint16_t>(value, type, out);
    case vec::TypeId::kUInt32:
      return SetIfFits<uint32_t>(value, type, out);
    case vec::TypeId::kDouble: {
      constexpr int64_t kExact = int64_t{1} << 53;  // up to here a double holds every integer
      if (value < -kExact || value > kExact) return false;
      out->SetFixed(type, static_cast<double>(value));
      return true;
    }
    default:
      return false;
  }
}

StatusOr<bool> ConvertParameter(const vec::Value& value, const vec::Type& type, const vec::TextContext& text, vec::Value* out) {
  if (value.is_null()) {
    *out = vec::Value::Null(type);
    return true;
  }
  const vec::TypeId from = value.type().id;
  if (from == vec::TypeId::kDenseVector && type.id == from && value.type().vector_element() == type.vector_element()) {
    const vec::DenseVectorView vector(type.vector_element(), value.bytes());
    if (!vec::CheckVectorDimensions(type, vector.dimensions()).ok()) return false;
    *out = vec::Value::OfBytes(type, value.bytes());
    return true;
  }
  // Arrays and vectors of one id may be of elements of many.
  const bool has_elements = from == vec::TypeId::kArray || from == vec::TypeId::kDenseVector;
  if (from == type.id && (value.type() == type || (type.length == 0 && !has_elements))) {
    *out = value;
    return true;
  }
  if (from == vec::TypeId::kInt64 && ConvertInt64(value.Get<int64_t>(), type.id, out)) return true;
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
  // Numbers become a vector's elements by rounding, as literals do.
  const bool rounds = from == vec::TypeId::kArray && type.id == vec::TypeId::kDenseVector;
  if (!cast->lossless && !rounds) {
    // Whether this one value survives is seen by casting it back.
    StatusOr<vec::Value> back = function::CastValue(*there, value.type(), function::CastContext::kExplicit, context);
    if (!back.ok() || vec::Value::Compare(*back, value) != 0) return false;
  }
  *out = *std::move(there);
  return true;
}

}  // namespace turdb::engine
