// sum and avg of vectors, element by element in double precision.
#include "absl/strings/str_cat.h"
#include "function/aggregate_support.h"
#include "vec/dense_vector.h"

namespace turdb::function {
namespace {

using base::MakeError;

struct VectorSumState {
  double* sums;  // in the arena; null: no vector yet
  int64_t dimensions;
  int64_t count;
};

Status AddTo(VectorSumState& state, int64_t dimensions, base::Arena* arena) {
  if (state.sums == nullptr) {
    state.dimensions = dimensions;
    const size_t bytes = static_cast<size_t>(dimensions) * sizeof(double);
    state.sums = static_cast<double*>(arena->Allocate(bytes, alignof(double)));
    std::memset(state.sums, 0, bytes);
  }
  if (state.dimensions == dimensions) return absl::OkStatus();
  return MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"22000"},
                   absl::StrCat("expected ", state.dimensions, " dimensions, not ", dimensions));
}

template <bool kAverage>
struct VectorSum {
  using State = VectorSumState;
  static Status Add(const AggregateInput& input, SelIndex row, State& state) {
    const vec::DenseVectorView vector(input.bound->argument_types[0].vector_element(),
                                      input.args[0].Get<StringView>(row).view());
    TURDB_RETURN_IF_ERROR(AddTo(state, static_cast<int64_t>(vector.dimensions()), input.arena));
    for (size_t i = 0; i < vector.dimensions(); ++i) state.sums[i] += static_cast<double>(vector.At(i));
    ++state.count;
    return absl::OkStatus();
  }
  static Status Combine(State& into, State& from, base::Arena* arena) {
    if (from.sums == nullptr) return absl::OkStatus();
    TURDB_RETURN_IF_ERROR(AddTo(into, from.dimensions, arena));
    for (int64_t i = 0; i < from.dimensions; ++i) into.sums[i] += from.sums[i];
    into.count += from.count;
    return absl::OkStatus();
  }
  static Status Finish(const BoundAggregate& bound, State& state, Vector* result, uint32_t row) {
    if (state.sums == nullptr) {
      result->SetNull(row);
      return absl::OkStatus();
    }
    vec::DenseVectorBuilder builder(bound.result_type.vector_element());
    for (int64_t i = 0; i < state.dimensions; ++i) {
      TURDB_RETURN_IF_ERROR(builder.Add(kAverage ? state.sums[i] / static_cast<double>(state.count) : state.sums[i]));
    }
    TURDB_ASSIGN_OR_RETURN(const std::string bytes, builder.Finish());
    result->SetString(row, bytes);
    return absl::OkStatus();
  }
};

// Of whole numbers the sums are float32. Bits have neither.
Status BindVectorSum(BoundAggregate* aggregate, std::span<const Type> actual) {
  using vec::VectorElement;
  const Type type = actual[0].id == TypeId::kDenseVector ? actual[0] : Type(TypeId::kDenseVector);
  if (type.vector_element() == VectorElement::kBit) {
    return MakeError(absl::StatusCode::kNotFound, base::sqlstate::kUndefinedFunction,
                     absl::StrCat("function does not exist: ", aggregate->function->name, "(", type.ToString(), ")"));
  }
  aggregate->argument_types = {type};
  const bool half = type.vector_element() == VectorElement::kFloat16;
  aggregate->result_type = Type::DenseVector(half ? VectorElement::kFloat16 : VectorElement::kFloat32, type.length);
  return absl::OkStatus();
}

}  // namespace

void AddVectorSums(std::vector<AggregateFunction>& list) {
  const auto add = [&](AggregateFunction function) {
    function.bind = BindVectorSum;
    function.state_has_pointers = true;
    list.push_back(std::move(function));
  };
  add(Fold<VectorSum<false>>("sum", {TypeId::kDenseVector}, TypeId::kDenseVector));
  add(Fold<VectorSum<true>>("avg", {TypeId::kDenseVector}, TypeId::kDenseVector));
}

}  // namespace turdb::function
