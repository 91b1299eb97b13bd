#include "exec/key_range.h"

#include <cstring>

#include "vec/scalar.h"

namespace turdb::exec {

using base::StatusOr;

void CopySlot(const table::Slot& slot, vec::Vector* to, size_t row) {
  if (slot.is_null) return to->SetNull(row);
  if (to->physical() == vec::PhysicalType::kString) {
    return to->SetString(row, slot.text());
  }
  vec::VisitPhysical(to->physical(), [&](auto tag) {
    using T = decltype(tag);
    if constexpr (!std::is_same_v<T, vec::StringView>) to->Set<T>(row, slot.Get<T>());
  });
}

StatusOr<BoundKeyRange> BoundKeyRange::Make(const table::Table& table, int32_t index, const KeyRange& range,
                                            const EvaluatorOptions& options) {
  BoundKeyRange bound;
  bound.table_ = &table;
  bound.index_ = index;
  bound.equal_count_ = range.equal.size();
  bound.has_lower_ = range.lower != nullptr;
  bound.has_upper_ = range.upper != nullptr;
  bound.lower_inclusive_ = range.lower_inclusive;
  bound.upper_inclusive_ = range.upper_inclusive;
  std::vector<const Expression*> expressions(range.equal.begin(), range.equal.end());
  if (bound.has_lower_) expressions.push_back(range.lower);
  if (bound.has_upper_) expressions.push_back(range.upper);
  for (const Expression* expression : expressions) {
    TURDB_ASSIGN_OR_RETURN(ScalarEvaluator evaluator, ScalarEvaluator::Make(*expression, options));
    bound.evaluators_.push_back(std::move(evaluator));
  }
  bound.cells_.resize(expressions.size());
  return bound;
}

StatusOr<bool> BoundKeyRange::EvaluateCells(Runtime& runtime) {
  for (size_t i = 0; i < evaluators_.size(); ++i) {
    TURDB_RETURN_IF_ERROR(evaluators_[i].Start(runtime));
    TURDB_ASSIGN_OR_RETURN(const vec::Vector* value, evaluators_[i].Evaluate(runtime));
    cells_[i] = CellOf(*value, 0);
    if (cells_[i] == nullptr) return false;
  }
  return true;
}

StatusOr<bool> BoundKeyRange::Bind(Runtime& runtime) {
  lower_.Clear();
  upper_.Clear();
  if (evaluators_.empty()) return true;
  TURDB_ASSIGN_OR_RETURN(const bool no_null, EvaluateCells(runtime));
  if (!no_null) return false;
  table::Table::Range range;
  range.equal = std::span<const table::Cell>(cells_).first(equal_count_);
  range.lower = has_lower_ ? cells_[equal_count_] : nullptr;
  range.upper = has_upper_ ? cells_.back() : nullptr;
  range.lower_inclusive = lower_inclusive_;
  range.upper_inclusive = upper_inclusive_;
  return table_->EncodeRange(index_, range, &lower_, &upper_);
}

StatusOr<bool> BoundKeyRange::BindPoint(Runtime& runtime, table::KeyBuffer* key) {
  TURDB_ASSIGN_OR_RETURN(const bool no_null, EvaluateCells(runtime));
  if (!no_null) return false;
  return index_ < 0 ? table_->EncodeRowKey(cells_, key) : table_->EncodeIndexKey(index_, cells_, key);
}

}  // namespace turdb::exec
