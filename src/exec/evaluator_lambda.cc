// Expressions over the elements of arrays: list_transform, list_filter, list_reduce, and the checks of arrays of domains.
//
// The first elements of all rows are computed together, then the second ones, and so on: the body runs over the batch as any
// expression does, and may name the columns of the row whose element it looks at.
#include <algorithm>
#include <cstring>
#include <vector>

#include "exec/evaluator_internal.h"
#include "function/registry.h"
#include "vec/array.h"

namespace turdb::exec {
namespace {

using base::Status;
using vec::ArrayBuilder;
using vec::ArrayView;
using vec::Chunk;
using vec::Rows;
using vec::SelIndex;
using vec::StringView;
using vec::Vector;
using vec::VectorView;

// A slot of an array to row `row`; strings stay where they are, in memory that `out` keeps.
void StoreSlot(Vector* out, SelIndex row, const void* slot) {
  if (slot == nullptr) return out->SetNull(row);
  vec::VisitPhysical(out->physical(), [&](auto tag) {
    using T = decltype(tag);
    T value;
    std::memcpy(static_cast<void*>(&value), slot, sizeof(T));
    out->Set<T>(row, value);
  });
}

const void* SlotOf(const VectorView& view, size_t width, SelIndex row) {
  return view.IsValid(row) ? view.data + view.Index(row) * width : nullptr;
}

class LambdaEvaluator : public Evaluator {
 public:
  LambdaEvaluator(const Expression& expression, Evaluators arguments, const EvaluatorOptions& options)
      : Evaluator(expression),
        kind_(static_cast<LambdaKind>(expression.index)),
        arguments_(std::move(arguments)),
        first_(expression.arguments[2]->type, options.capacity, options.budget),
        second_(expression.arguments.size() > 3 ? expression.arguments[3]->type : expression.arguments[2]->type,
                options.capacity, options.budget),
        result_(expression.type, options.capacity, options.budget),
        selection_(options.capacity, options.budget) {}

  Status Start(Runtime& runtime) override { return StartAll(arguments_, runtime); }

  Status Evaluate(Runtime& runtime, const Chunk& input, Rows rows, const Vector** out) override {
    *out = &result_;
    const Vector* arrays = nullptr;
    TURDB_RETURN_IF_ERROR(arguments_[0]->Evaluate(runtime, input, rows, &arrays));
    const VectorView view = arrays->View();
    result_.Reset();
    values_.clear();
    builders_.clear();
    place_.assign(rows.count == 0 ? 0 : size_t{rows[rows.count - 1]} + 1, 0);
    const vec::Type made = kind_ == LambdaKind::kReduce ? expression().type : expression().type.element_type();
    uint32_t longest = 0;
    for (uint32_t i = 0; i < rows.count; ++i) {
      const SelIndex row = rows[i];
      if (place_.size() <= row) place_.resize(size_t{row} + 1, 0);
      place_[row] = values_.size();
      if (!view.IsValid(row)) {
        result_.SetNull(row);
        continue;
      }
      values_.push_back({row, ArrayView(arrays->type(), view.Get<StringView>(row).view())});
      builders_.emplace_back(made);
      longest = std::max(longest, values_.back().array.size());
    }
    if (kind_ == LambdaKind::kReduce) return Reduce(runtime, input, *arrays, longest);
    for (uint32_t at = 0; at < longest; ++at) {
      TURDB_RETURN_IF_ERROR(runtime.CheckCancelled());
      TURDB_RETURN_IF_ERROR(EvaluateAt(runtime, input, *arrays, at));
    }
    for (size_t i = 0; i < values_.size(); ++i) {
      const bool whole = kind_ == LambdaKind::kTransform && values_[i].array.size() != 0;
      result_.SetString(values_[i].row, whole ? builders_[i].Finish(values_[i].array.AllDimensions()) : builders_[i].Finish());
    }
    return absl::OkStatus();
  }

 private:
  struct RowArray {
    SelIndex row;
    ArrayView array;
  };

  // The rows that have an element `at`, with it in `out`.
  Rows TakeElements(const Vector& arrays, uint32_t at, Vector* out) {
    out->Reset();
    out->KeepAlive(arrays);
    uint32_t count = 0;
    vec::ElementSlot slot;
    for (const RowArray& value : values_) {
      if (value.array.size() <= at) continue;
      selection_.data()[count++] = value.row;
      StoreSlot(out, value.row, value.array.IsNull(at) ? nullptr : value.array.Load(at, &slot));
    }
    return Rows{selection_.data(), count};
  }

  Status RunBody(Runtime& runtime, const Chunk& input, Rows rows, const Vector** out) {
    for (size_t i = 2; i < expression().arguments.size(); ++i) {
      const auto number = static_cast<size_t>(expression().arguments[i]->index);
      if (runtime.lambda_values.size() <= number) runtime.lambda_values.resize(number + 1);
      runtime.lambda_values[number] = i == 2 ? &first_ : &second_;
    }
    return arguments_[1]->Evaluate(runtime, input, rows, out);
  }

  Status EvaluateAt(Runtime& runtime, const Chunk& input, const Vector& arrays, uint32_t at) {
    const Rows rows = TakeElements(arrays, at, &first_);
    if (expression().arguments.size() > 3) {
      second_.Reset();
      for (uint32_t i = 0; i < rows.count; ++i) second_.Set<int64_t>(rows[i], int64_t{at} + 1);
    }
    const Vector* body = nullptr;
    TURDB_RETURN_IF_ERROR(RunBody(runtime, input, rows, &body));
    const VectorView view = body->View();
    for (uint32_t i = 0; i < rows.count; ++i) {
      const size_t place = place_[rows[i]];
      if (kind_ == LambdaKind::kFilter) {
        if (view.IsValid(rows[i]) && view.Get<bool>(rows[i])) builders_[place].AddFrom(values_[place].array, at);
        continue;
      }
      const void* slot = SlotOf(view, body->type().width(), rows[i]);
      slot == nullptr ? builders_[place].AddNull() : builders_[place].Add(slot);
    }
    return absl::OkStatus();
  }

  // The first element is what there is before the second; an empty array has nothing to give.
  Status Reduce(Runtime& runtime, const Chunk& input, const Vector& arrays, uint32_t longest) {
    result_.KeepAlive(arrays);
    vec::ElementSlot slot;
    for (const RowArray& value : values_) {
      StoreSlot(&result_, value.row, value.array.size() == 0 || value.array.IsNull(0) ? nullptr : value.array.Load(0, &slot));
    }
    for (uint32_t at = 1; at < longest; ++at) {
      TURDB_RETURN_IF_ERROR(runtime.CheckCancelled());
      const Rows rows = TakeElements(arrays, at, &second_);
      first_.Reset();
      first_.KeepAlive(result_);
      const VectorView before = result_.View();
      for (uint32_t i = 0; i < rows.count; ++i) StoreSlot(&first_, rows[i], SlotOf(before, result_.type().width(), rows[i]));
      const Vector* body = nullptr;
      TURDB_RETURN_IF_ERROR(RunBody(runtime, input, rows, &body));
      result_.KeepAlive(*body);
      const VectorView view = body->View();
      for (uint32_t i = 0; i < rows.count; ++i) StoreSlot(&result_, rows[i], SlotOf(view, body->type().width(), rows[i]));
    }
    return absl::OkStatus();
  }

  const LambdaKind kind_;
  Evaluators arguments_;
  Vector first_, second_;  // what the lambda's values are
  Vector result_;
  vec::SelectionVector selection_;
  std::vector<RowArray> values_;
  std::vector<ArrayBuilder> builders_;  // beside values_
  std::vector<size_t> place_;           // of a row in values_
};

class LambdaValueEvaluator : public Evaluator {
 public:
  using Evaluator::Evaluator;
  Status Start(Runtime&) override { return absl::OkStatus(); }
  Status Evaluate(Runtime& runtime, const Chunk&, Rows, const Vector** out) override {
    const auto number = static_cast<size_t>(expression().index);
    // Beside the lambda, where nobody reads it, it is a vector of nothing.
    *out = number < runtime.lambda_values.size() ? runtime.lambda_values[number] : nullptr;
    return absl::OkStatus();
  }
};

}  // namespace

std::unique_ptr<Evaluator> MakeLambda(const Expression& expression, Evaluators arguments, const EvaluatorOptions& options) {
  return std::make_unique<LambdaEvaluator>(expression, std::move(arguments), options);
}

std::unique_ptr<Evaluator> MakeLambdaValue(const Expression& expression) {
  return std::make_unique<LambdaValueEvaluator>(expression);
}

}  // namespace turdb::exec
