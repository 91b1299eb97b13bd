// Vectors: distances, norms, arithmetic. The names are pgvector's, and DuckDB's for arrays.
//
// A distance of two vectors whose numbers of elements the types tell to be equal cannot raise and takes no memory, so that a
// scan may compute it under a leaf's latch. Under cosine a vector of zeros has no direction: its distance is NaN, which
// orders behind every number.
#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "compute/distance.h"
#include "function/builtins.h"
#include "function/resolve.h"
#include "vec/dense_vector.h"

namespace turdb::function {
namespace {

using base::MakeError;
using compute::Metric;
using vec::DenseVectorView;
using vec::VectorElement;

constexpr base::SqlState kDataException{"22000"};

Status DifferentDimensions(size_t a, size_t b) {
  return MakeError(absl::StatusCode::kInvalidArgument, kDataException,
                   absl::StrCat("different vector dimensions ", a, " and ", b));
}

DenseVectorView VectorAt(const Call& call, size_t i, SelIndex row) {
  return {call.argument_types[i].vector_element(), call.args[i].Get<StringView>(row).view()};
}

template <typename T>
const T* ElementsOf(const DenseVectorView& vector) {
  return reinterpret_cast<const T*>(vector.data());
}

// f(const T* elements...) with the type that the kind's elements have in compute.
template <typename F>
auto WithElements(const DenseVectorView& vector, F&& f) {
  switch (vector.element()) {
    case VectorElement::kFloat16:
      return f(ElementsOf<compute::Half>(vector));
    case VectorElement::kInt8:
      return f(ElementsOf<int8_t>(vector));
    default:
      return f(ElementsOf<float>(vector));
  }
}

// ---- kinds and numbers of elements

// The kind in which two vectors meet. REQUIRES: one of the types is a vector.
VectorElement CommonElement(const Type& a, const Type& b) {
  if (a.id != TypeId::kDenseVector) return b.vector_element();
  if (b.id != TypeId::kDenseVector || a.vector_element() == b.vector_element()) return a.vector_element();
  return VectorElement::kFloat32;
}

// A vector of that kind, with the number of elements that the argument has; that of the other one where it is no vector yet.
Type ArgumentOf(VectorElement element, const Type& actual, const Type& other) {
  if (actual.id == TypeId::kDenseVector) return Type::DenseVector(element, actual.length);
  return Type::DenseVector(element, other.id == TypeId::kDenseVector ? other.length : 0);
}

Status BindPair(BoundCall* call, std::span<const Type> actual, bool bits) {
  const VectorElement element = actual[0].id == TypeId::kUnknown && actual[1].id == TypeId::kUnknown
                                    ? VectorElement::kFloat32
                                    : CommonElement(actual[0], actual[1]);
  const bool mixed = actual[0].id == TypeId::kDenseVector && actual[1].id == TypeId::kDenseVector &&
                     actual[0].vector_element() != actual[1].vector_element() &&
                     (actual[0].vector_element() == VectorElement::kBit || actual[1].vector_element() == VectorElement::kBit);
  if ((element == VectorElement::kBit) != bits || mixed) {
    return base::WithHint(
        NoSuchFunction(call->function->name, actual, !std::isalpha(static_cast<unsigned char>(call->function->name[0])), true),
        bits ? "It is for vectors of bits: vector(n, bit), and bit strings."
             : "Vectors of bits have <~> (Hamming) and <%> (Jaccard) distances.");
  }
  call->argument_types = {ArgumentOf(element, actual[0], actual[1]), ArgumentOf(element, actual[1], actual[0])};
  const int32_t a = call->argument_types[0].length, b = call->argument_types[1].length;
  if (a != 0 && b != 0) {
    if (a != b) return DifferentDimensions(static_cast<size_t>(a), static_cast<size_t>(b));
    if (call->function->result == TypeId::kDouble) {
      call->flags = static_cast<uint8_t>((call->flags & ~kCanRaise) | kLatchSafe);
    }
  }
  return absl::OkStatus();
}

Status BindNumbers(BoundCall* call, std::span<const Type> actual) { return BindPair(call, actual, false); }
Status BindBitPair(BoundCall* call, std::span<const Type> actual) { return BindPair(call, actual, true); }

// Vectors in, a vector of that kind out.
Status BindElementwise(BoundCall* call, std::span<const Type> actual) {
  TURDB_RETURN_IF_ERROR(BindNumbers(call, actual));
  const Type& a = call->argument_types[0];
  call->result_type = Type::DenseVector(a.vector_element(), a.length != 0 ? a.length : call->argument_types[1].length);
  return absl::OkStatus();
}

Status BindConcatenation(BoundCall* call, std::span<const Type> actual) {
  const VectorElement element = CommonElement(actual[0], actual[1]);
  const auto argument = [&](const Type& type) {
    return Type::DenseVector(element, type.id == TypeId::kDenseVector ? type.length : 0);
  };
  call->argument_types = {argument(actual[0]), argument(actual[1])};
  const int32_t a = call->argument_types[0].length, b = call->argument_types[1].length;
  const bool known = a != 0 && b != 0 && a + b <= vec::kMaxVectorDimensions;
  call->result_type = Type::DenseVector(element, known ? a + b : 0);
  return absl::OkStatus();
}

Status BindOne(BoundCall* call, std::span<const Type> actual) {
  if (actual[0].id == TypeId::kDenseVector) call->argument_types[0] = actual[0];
  return absl::OkStatus();
}

Status BindOneOfNumbers(BoundCall* call, std::span<const Type> actual) {
  TURDB_RETURN_IF_ERROR(BindOne(call, actual));
  if (call->argument_types[0].vector_element() != VectorElement::kBit) return absl::OkStatus();
  return NoSuchFunction(call->function->name, actual, false, true);
}

// What divides: whole numbers become float32.
Status BindNormalize(BoundCall* call, std::span<const Type> actual) {
  TURDB_RETURN_IF_ERROR(BindOneOfNumbers(call, actual));
  Type& type = call->argument_types[0];
  if (type.vector_element() == VectorElement::kInt8) type = Type::DenseVector(VectorElement::kFloat32, type.length);
  call->result_type = type;
  return absl::OkStatus();
}

Status BindSubvector(BoundCall* call, std::span<const Type> actual) {
  TURDB_RETURN_IF_ERROR(BindOne(call, actual));
  call->result_type = Type::DenseVector(call->argument_types[0].vector_element(), 0);
  return absl::OkStatus();
}

Status BindQuantize(BoundCall* call, std::span<const Type> actual) {
  TURDB_RETURN_IF_ERROR(BindOneOfNumbers(call, actual));
  call->result_type = Type::DenseVector(VectorElement::kBit, call->argument_types[0].length);
  return absl::OkStatus();
}

// ---- distances

enum class Measure : uint8_t { kL2, kInnerProduct, kNegativeInnerProduct, kCosine, kCosineSimilarity, kL1, kL2Squared };

template <Measure kMeasure>
double DistanceOf(const DenseVectorView& a, const DenseVectorView& b) {
  constexpr Metric kMetric = kMeasure == Measure::kL2                                                 ? Metric::kL2
                             : kMeasure == Measure::kL2Squared                                        ? Metric::kL2Squared
                             : kMeasure == Measure::kL1                                               ? Metric::kL1
                             : kMeasure == Measure::kCosine || kMeasure == Measure::kCosineSimilarity ? Metric::kCosine
                                                                                                      : Metric::kInnerProduct;
  const double distance = WithElements(
      a, [&]<typename T>(const T* elements) { return compute::Distance(kMetric, elements, ElementsOf<T>(b), a.dimensions()); });
  if constexpr (kMeasure == Measure::kInnerProduct) return 0 - distance;  // never -0
  if constexpr (kMeasure == Measure::kCosineSimilarity) return 1 - distance;
  return distance;
}

template <Measure kMeasure>
void DistanceKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const DenseVectorView a = VectorAt(call, 0, row), b = VectorAt(call, 1, row);
    if (a.dimensions() != b.dimensions()) return call.RaiseStatus(row, DifferentDimensions(a.dimensions(), b.dimensions()));
    call.result->Set<double>(row, DistanceOf<kMeasure>(a, b));
  });
}

template <bool kJaccard>
void BitDistanceKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const DenseVectorView a = VectorAt(call, 0, row), b = VectorAt(call, 1, row);
    if (a.dimensions() != b.dimensions()) return call.RaiseStatus(row, DifferentDimensions(a.dimensions(), b.dimensions()));
    const auto* x = ElementsOf<uint8_t>(a);
    const auto* y = ElementsOf<uint8_t>(b);
    const size_t bytes = std::min(a.data_bytes(), b.data_bytes());  // equal, but for damaged ones
    call.result->Set<double>(row, kJaccard ? compute::JaccardDistance(x, y, bytes) : compute::HammingDistance(x, y, bytes));
  });
}

// Bit strings, a character a bit.
template <bool kJaccard>
void BitStringDistanceKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const std::string_view a = call.args[0].Get<StringView>(row).view(), b = call.args[1].Get<StringView>(row).view();
    if (a.size() != b.size()) {
      return call.RaiseStatus(row, MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"22026"},
                                             absl::StrCat("different bit lengths ", a.size(), " and ", b.size())));
    }
    int64_t differ = 0, both = 0, either = 0;
    for (size_t i = 0; i < a.size(); ++i) {
      differ += a[i] != b[i] ? 1 : 0;
      both += a[i] == '1' && b[i] == '1' ? 1 : 0;
      either += a[i] == '1' || b[i] == '1' ? 1 : 0;
    }
    if (kJaccard) {
      call.result->Set<double>(row, either == 0 ? 0 : 1 - static_cast<double>(both) / static_cast<double>(either));
    } else {
      call.result->Set<double>(row, static_cast<double>(differ));
    }
  });
}

// ---- one vector

void DimensionsKernel(Call& call) {
  call.ForEach(
      [&](SelIndex row) { call.result->Set<int32_t>(row, static_cast<int32_t>(VectorAt(call, 0, row).dimensions())); });
}

void NormKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const DenseVectorView vector = VectorAt(call, 0, row);
    call.result->Set<double>(
        row, WithElements(vector, [&](const auto* elements) { return compute::Norm(elements, vector.dimensions()); }));
  });
}

void SetBuilt(Call& call, SelIndex row, vec::DenseVectorBuilder& builder) {
  const StatusOr<std::string> bytes = builder.Finish();
  if (!bytes.ok()) return call.RaiseStatus(row, bytes.status());
  call.result->SetString(row, *bytes);
}

// A vector of zeros stays one.
void NormalizeKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const DenseVectorView vector = VectorAt(call, 0, row);
    const double norm =
        WithElements(vector, [&](const auto* elements) { return compute::Norm(elements, vector.dimensions()); });
    vec::DenseVectorBuilder builder(vector.element());
    for (size_t i = 0; i < vector.dimensions(); ++i) {
      const double value = static_cast<double>(vector.At(i));
      if (const Status added = builder.Add(norm == 0 ? value : value / norm); !added.ok()) return call.RaiseStatus(row, added);
    }
    SetBuilt(call, row, builder);
  });
}

// From `start`, counted from 1, at most `count` of them, as pgvector's: what lies outside the vector is left out.
void SubvectorKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const DenseVectorView vector = VectorAt(call, 0, row);
    const int64_t first = call.args[1].Get<int32_t>(row), count = call.args[2].Get<int32_t>(row);
    const int64_t begin = std::max<int64_t>(first, 1) - 1;
    const int64_t end = std::min<int64_t>(first - 1 + std::max<int64_t>(count, 0), static_cast<int64_t>(vector.dimensions()));
    vec::DenseVectorBuilder builder(vector.element());
    for (int64_t i = begin; i < end; ++i) {
      const double value = static_cast<double>(vector.At(static_cast<size_t>(i)));
      if (const Status added = builder.Add(value); !added.ok()) return call.RaiseStatus(row, added);
    }
    SetBuilt(call, row, builder);
  });
}

void QuantizeKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const DenseVectorView vector = VectorAt(call, 0, row);
    vec::DenseVectorBuilder builder(VectorElement::kBit);
    for (size_t i = 0; i < vector.dimensions(); ++i) {
      if (const Status added = builder.Add(vector.At(i) > 0 ? 1 : 0); !added.ok()) return call.RaiseStatus(row, added);
    }
    SetBuilt(call, row, builder);
  });
}

// ---- two vectors make one

enum class Elementwise : uint8_t { kAdd, kSubtract, kMultiply };

template <Elementwise kOperation>
void ElementwiseKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const DenseVectorView a = VectorAt(call, 0, row), b = VectorAt(call, 1, row);
    if (a.dimensions() != b.dimensions()) return call.RaiseStatus(row, DifferentDimensions(a.dimensions(), b.dimensions()));
    vec::DenseVectorBuilder builder(a.element());
    for (size_t i = 0; i < a.dimensions(); ++i) {
      const auto x = static_cast<double>(a.At(i)), y = static_cast<double>(b.At(i));
      const double value = kOperation == Elementwise::kAdd ? x + y : kOperation == Elementwise::kSubtract ? x - y : x * y;
      if (const Status added = builder.Add(value); !added.ok()) return call.RaiseStatus(row, added);
    }
    SetBuilt(call, row, builder);
  });
}

void ConcatenateKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    vec::DenseVectorBuilder builder(call.result_type().vector_element());
    for (const size_t argument : {0, 1}) {
      const DenseVectorView vector = VectorAt(call, argument, row);
      for (size_t i = 0; i < vector.dimensions(); ++i) {
        if (const Status added = builder.Add(static_cast<double>(vector.At(i))); !added.ok())
          return call.RaiseStatus(row, added);
      }
    }
    SetBuilt(call, row, builder);
  });
}

// With an array of numbers on either side, too: it becomes a vector of the other's kind.
void AddPair(FunctionList& list, std::initializer_list<std::string_view> names, TypeId result, Kernel kernel, BindFunction bind,
             bool arrays = true) {
  constexpr TypeId kVector = TypeId::kDenseVector;
  for (const std::string_view name : names) {
    list.Add(name, {kVector, kVector}, result, kCanRaise, kernel, bind);
    if (!arrays) continue;
    list.Add(name, {kVector, TypeId::kArray}, result, kCanRaise, kernel, bind);
    list.Add(name, {TypeId::kArray, kVector}, result, kCanRaise, kernel, bind);
  }
}

}  // namespace

Status BindVectors(BoundCall* call, std::span<const Type> actual) {
  const VectorElement element = CommonElement(actual[0], actual[1]);
  call->argument_types = {ArgumentOf(element, actual[0], {}), ArgumentOf(element, actual[1], {})};
  return absl::OkStatus();
}

void AddVectors(FunctionList& list) {
  constexpr TypeId kVector = TypeId::kDenseVector, kDouble = TypeId::kDouble, kInt = TypeId::kInt32;
  AddPair(list, {"<->", "l2_distance", "array_distance", "list_distance"}, kDouble, DistanceKernel<Measure::kL2>, BindNumbers);
  AddPair(list, {"l2_squared_distance"}, kDouble, DistanceKernel<Measure::kL2Squared>, BindNumbers);
  AddPair(list, {"<=>", "cosine_distance", "array_cosine_distance", "list_cosine_distance"}, kDouble,
          DistanceKernel<Measure::kCosine>, BindNumbers);
  AddPair(list, {"cosine_similarity", "array_cosine_similarity", "list_cosine_similarity"}, kDouble,
          DistanceKernel<Measure::kCosineSimilarity>, BindNumbers);
  AddPair(list, {"<#>", "negative_inner_product", "array_negative_inner_product"}, kDouble,
          DistanceKernel<Measure::kNegativeInnerProduct>, BindNumbers);
  AddPair(list, {"inner_product", "dot", "array_inner_product", "list_inner_product"}, kDouble,
          DistanceKernel<Measure::kInnerProduct>, BindNumbers);
  AddPair(list, {"<+>", "l1_distance"}, kDouble, DistanceKernel<Measure::kL1>, BindNumbers);
  AddPair(list, {"<~>", "hamming_distance"}, kDouble, BitDistanceKernel<false>, BindBitPair, false);
  AddPair(list, {"<%>", "jaccard_distance"}, kDouble, BitDistanceKernel<true>, BindBitPair, false);
  for (const std::string_view name : {"<~>", "hamming_distance"}) {
    list.Add(name, {TypeId::kVarbit, TypeId::kVarbit}, kDouble, kCanRaise, BitStringDistanceKernel<false>);
  }
  for (const std::string_view name : {"<%>", "jaccard_distance"}) {
    list.Add(name, {TypeId::kVarbit, TypeId::kVarbit}, kDouble, kCanRaise, BitStringDistanceKernel<true>);
  }
  list.Add("vector_dims", {kVector}, kInt, 0, DimensionsKernel, BindOne);
  for (const std::string_view name : {"l2_norm", "vector_norm"})
    list.Add(name, {kVector}, kDouble, 0, NormKernel, BindOneOfNumbers);
  for (const std::string_view name : {"l2_normalize", "normalize"}) {
    list.Add(name, {kVector}, kVector, kCanRaise, NormalizeKernel, BindNormalize);
  }
  list.Add("subvector", {kVector, kInt, kInt}, kVector, kCanRaise, SubvectorKernel, BindSubvector);
  list.Add("binary_quantize", {kVector}, kVector, kCanRaise, QuantizeKernel, BindQuantize);
  AddPair(list, {"+"}, kVector, ElementwiseKernel<Elementwise::kAdd>, BindElementwise, false);
  AddPair(list, {"-"}, kVector, ElementwiseKernel<Elementwise::kSubtract>, BindElementwise, false);
  AddPair(list, {"*"}, kVector, ElementwiseKernel<Elementwise::kMultiply>, BindElementwise, false);
  AddPair(list, {"||"}, kVector, ConcatenateKernel, BindConcatenation, false);
}

}  // namespace turdb::function
