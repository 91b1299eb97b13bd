// Casts from and to vectors: their other kinds, arrays of numbers, bit strings, bytes, JSON.
#include "absl/strings/str_cat.h"
#include "function/cast_kernels.h"
#include "vec/array.h"
#include "vec/dense_vector.h"
#include "vec/text_format.h"

namespace turdb::function {
namespace {

using base::MakeError;
using vec::VectorElement;

// A vector with the number of elements that the target wants.
void Set(Call& call, SelIndex row, StatusOr<std::string> bytes) {
  if (!bytes.ok()) return call.RaiseStatus(row, bytes.status());
  const Type& type = call.result_type();
  const vec::DenseVectorView vector(type.vector_element(), *bytes);
  if (const Status fits = vec::CheckVectorDimensions(type, vector.dimensions()); !fits.ok()) {
    return call.RaiseStatus(row, fits);
  }
  call.result->SetString(row, *bytes);
}

void ConvertKernel(Call& call) {
  const VectorElement from = call.argument_types[0].vector_element(), to = call.result_type().vector_element();
  call.ForEach([&](SelIndex row) {
    const std::string_view bytes = call.args[0].Get<StringView>(row).view();
    Set(call, row, from == to ? std::string(bytes) : vec::ConvertVector(from, bytes, to));
  });
}

StatusOr<std::string> FromArray(const vec::ArrayView& array, VectorElement to) {
  if (array.dimensions() > 1) {
    return MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"22000"}, "array must be 1-D");
  }
  vec::DenseVectorBuilder builder(to);
  for (uint32_t i = 0; i < array.size(); ++i) {
    if (array.IsNull(i)) {
      return MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"22004"}, "array must not contain nulls");
    }
    TURDB_RETURN_IF_ERROR(builder.Add(array.Get(i).AsDouble()));
  }
  return builder.Finish();
}

void FromArrayKernel(Call& call) {
  const Type from = call.argument_types[0];
  call.ForEach([&](SelIndex row) {
    Set(call, row,
        FromArray(vec::ArrayView(from, call.args[0].Get<StringView>(row).view()), call.result_type().vector_element()));
  });
}

template <bool kExplicit>
void ToArrayKernel(Call& call) {
  const Type element = call.result_type().element_type();
  const CastContext context = kExplicit ? CastContext::kExplicit : CastContext::kAssignment;
  call.ForEach([&](SelIndex row) {
    const vec::DenseVectorView vector(call.argument_types[0].vector_element(), call.args[0].Get<StringView>(row).view());
    vec::ArrayBuilder builder(element);
    for (size_t i = 0; i < vector.dimensions(); ++i) {
      const StatusOr<Value> value = CastValue(Value::Float(vector.At(i)), element, context, call.context);
      if (!value.ok()) return call.RaiseStatus(row, value.status());
      builder.AddValue(*value);
    }
    call.result->SetString(row, builder.Finish());
  });
}

// The elements' bytes, little-endian, as sqlite-vec and others keep vectors. Of bits: whole bytes.
void FromBlobKernel(Call& call) {
  const Type& type = call.result_type();
  const VectorElement element = type.vector_element();
  call.ForEach([&](SelIndex row) {
    std::string bytes(call.args[0].Get<StringView>(row).view());
    if (element == VectorElement::kBit && !bytes.empty()) bytes.push_back(8);
    if (!vec::IsDenseVector(element, bytes)) {
      return call.RaiseStatus(
          row, base::WithHint(MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"22000"},
                                        absl::StrCat("these bytes are no ", Type::DenseVector(element, 0).ToString())),
                              "The elements are expected one after the other, little-endian, all of them finite."));
    }
    Set(call, row, std::move(bytes));
  });
}

void ToBlobKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const vec::DenseVectorView vector(call.argument_types[0].vector_element(), call.args[0].Get<StringView>(row).view());
    call.result->SetString(row, std::string_view(vector.data(), vector.data_bytes()));
  });
}

void FromBitsKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    vec::DenseVectorBuilder builder(call.result_type().vector_element());
    for (const char bit : call.args[0].Get<StringView>(row).view()) {
      if (const Status added = builder.Add(bit - '0'); !added.ok()) return call.RaiseStatus(row, added);
    }
    Set(call, row, builder.Finish());
  });
}

template <bool kCut>
void ToBitsKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const vec::DenseVectorView vector(call.argument_types[0].vector_element(), call.args[0].Get<StringView>(row).view());
    std::string bits;
    for (size_t i = 0; i < vector.dimensions(); ++i) bits.push_back(vector.At(i) != 0 ? '1' : '0');
    if (const Status fits = vec::FitBits(call.result_type(), kCut, &bits); !fits.ok()) return call.RaiseStatus(row, fits);
    call.result->SetString(row, bits);
  });
}

// [1, 2.5] in JSON is how a vector is written.
void FromJsonKernel(Call& call) {
  const Type from = call.argument_types[0];
  call.ForEach([&](SelIndex row) {
    const StringView view = call.args[0].Get<StringView>(row);
    std::string text;
    vec::AppendSlotText(from, &view, call.context.text, &text);
    const StatusOr<Value> value = vec::ParseDenseVector(text, call.result_type());
    if (!value.ok()) return call.RaiseStatus(row, value.status());
    call.result->SetString(row, value->bytes());
  });
}

}  // namespace

std::optional<CastContext> VectorCastContext(const Type& from, const Type& to) {
  if (from.id == TypeId::kDenseVector && to.id == TypeId::kDenseVector) {
    const VectorElement a = from.vector_element(), b = to.vector_element();
    if (a == b || b == VectorElement::kFloat32)
      return a == VectorElement::kBit && a != b ? CastContext::kExplicit : CastContext::kImplicit;
    if (a == VectorElement::kFloat32 && b == VectorElement::kFloat16) return CastContext::kAssignment;
    return CastContext::kExplicit;
  }
  const Type& other = to.id == TypeId::kDenseVector ? from : to;
  const bool bits = (to.id == TypeId::kDenseVector ? to : from).vector_element() == VectorElement::kBit;
  if (other.id == TypeId::kArray) {
    if (!vec::IsNumber(other.element)) return std::nullopt;
    return bits ? CastContext::kExplicit : CastContext::kAssignment;
  }
  if (other.id == TypeId::kBlob) return CastContext::kExplicit;
  if (vec::IsBits(other.id)) return bits ? std::optional(CastContext::kExplicit) : std::nullopt;
  if (vec::IsJson(other.id) && to.id == TypeId::kDenseVector) return CastContext::kExplicit;
  return std::nullopt;
}

Kernel VectorCastKernel(const Type& from, const Type& to, bool is_explicit) {
  if (from.id == TypeId::kDenseVector) {
    if (to.id == TypeId::kDenseVector) return ConvertKernel;
    if (to.id == TypeId::kArray) return is_explicit ? ToArrayKernel<true> : ToArrayKernel<false>;
    if (to.id == TypeId::kBlob) return ToBlobKernel;
    return is_explicit ? ToBitsKernel<true> : ToBitsKernel<false>;
  }
  if (from.id == TypeId::kArray) return FromArrayKernel;
  if (from.id == TypeId::kBlob) return FromBlobKernel;
  if (vec::IsBits(from.id)) return FromBitsKernel;
  return FromJsonKernel;
}

}  // namespace turdb::function
