// x IN (list). A list of row-independent values becomes a set when a run begins to use it; any other list is compared
// argument by argument, for the rows still open.
#include <algorithm>
#include <cstring>

#include "exec/evaluator_internal.h"
#include "exec/vector_operations.h"
#include "function/registry.h"
#include "vec/compare.h"

namespace turdb::exec {

using base::Status;
using vec::Chunk;
using vec::Rows;
using vec::SelectionVector;
using vec::SelIndex;
using vec::Vector;
using vec::VectorView;

ValueSet::ValueSet(const vec::Type& type, base::MemoryBudget* budget)
    : type_(type), store_(RowLayout({&type, 1}), budget), reserved_(*budget) {}

void ValueSet::Clear() {
  store_.Reset(kKeepBytes);
  std::fill(table_.begin(), table_.end(), nullptr);
  count_ = 0;
  has_null_ = false;
}

bool ValueSet::Grow() {
  const size_t capacity = std::max<size_t>(16, table_.size() * 2);
  if (!reserved_.TryGrow(static_cast<int64_t>((capacity - table_.size()) * sizeof(table_[0])))) return false;
  std::vector<const std::byte*> old(capacity, nullptr);
  old.swap(table_);
  for (const std::byte* slot : old) {
    if (slot == nullptr) continue;
    size_t at = vec::HashSlot(type_, slot) & (capacity - 1);
    while (table_[at] != nullptr) at = (at + 1) & (capacity - 1);
    table_[at] = slot;
  }
  return true;
}

bool ValueSet::Add(const Vector& values, Rows rows) {
  const VectorView view = values.View();
  const Vector* columns[] = {&values};
  for (uint32_t i = 0; i < rows.count; ++i) {
    const SelIndex row = rows[i];
    if (!view.IsValid(row)) {
      has_null_ = true;
      continue;
    }
    if ((count_ + 1) * 2 > table_.size() && !Grow()) return false;
    const std::byte* slot = view.data + view.Index(row) * type_.width();
    size_t at = vec::HashSlot(type_, slot) & (table_.size() - 1);
    while (table_[at] != nullptr && !vec::EqualSlots(type_, table_[at], slot)) at = (at + 1) & (table_.size() - 1);
    if (table_[at] != nullptr) continue;
    std::byte* record = nullptr;
    if (!store_.TryAppend(columns, Rows{&row, 1}, &record)) return false;
    table_[at] = record + store_.layout().offset(0);
    ++count_;
  }
  return true;
}

bool ValueSet::Contains(const std::byte* slot) const {
  if (count_ == 0) return false;
  size_t at = vec::HashSlot(type_, slot) & (table_.size() - 1);
  while (table_[at] != nullptr) {
    if (vec::EqualSlots(type_, table_[at], slot)) return true;
    at = (at + 1) & (table_.size() - 1);
  }
  return false;
}

namespace {

class InSetEvaluator : public Evaluator {
 public:
  InSetEvaluator(const Expression& expression, Evaluators arguments, const EvaluatorOptions& options)
      : Evaluator(expression),
        arguments_(std::move(arguments)),
        set_(expression.arguments[0]->type, options.budget),
        result_(expression.type, options.capacity, options.budget) {}

  Status Start(Runtime& runtime) override {
    filled_ = false;
    return StartAll(arguments_, runtime);
  }

  Status Evaluate(Runtime& runtime, const Chunk& input, Rows rows, const Vector** out) override {
    if (!filled_) TURDB_RETURN_IF_ERROR(FillSet(runtime, input));
    const Vector* needle = nullptr;
    TURDB_RETURN_IF_ERROR(arguments_[0]->Evaluate(runtime, input, rows, &needle));
    const VectorView view = needle->View();
    const size_t width = needle->type().width();
    result_.Reset();
    bool* results = result_.data<bool>();
    for (uint32_t i = 0; i < rows.count; ++i) {
      const size_t row = rows[i];
      const bool valid = view.IsValid(row);
      const bool found = valid && set_.Contains(view.data + view.Index(row) * width);
      if (!found && (!valid || set_.has_null())) {
        result_.SetNull(row);
      } else {
        results[row] = found;
      }
    }
    *out = &result_;
    return absl::OkStatus();
  }

 private:
  Status FillSet(Runtime& runtime, const Chunk& input) {
    set_.Clear();
    for (size_t i = 1; i < arguments_.size(); ++i) {
      const Vector* value = nullptr;
      TURDB_RETURN_IF_ERROR(arguments_[i]->Evaluate(runtime, input, Rows::All(1), &value));
      if (!set_.Add(*value, Rows::All(1)))
        return base::OutOfMemoryError("the values of an IN list do not fit into memory_limit");
    }
    filled_ = true;
    return absl::OkStatus();
  }

  Evaluators arguments_;
  ValueSet set_;
  Vector result_;
  bool filled_ = false;
};

class InListEvaluator : public Evaluator {
 public:
  InListEvaluator(const Expression& expression, Evaluators arguments, const EvaluatorOptions& options)
      : Evaluator(expression),
        arguments_(std::move(arguments)),
        result_(expression.type, options.capacity, options.budget),
        open_(options.capacity, options.budget) {}

  Status Start(Runtime& runtime) override { return StartAll(arguments_, runtime); }

  Status Evaluate(Runtime& runtime, const Chunk& input, Rows rows, const Vector** out) override {
    const Vector* needle = nullptr;
    TURDB_RETURN_IF_ERROR(arguments_[0]->Evaluate(runtime, input, rows, &needle));
    const VectorView view = needle->View();
    const vec::Type& type = needle->type();
    const size_t width = type.width();
    result_.Reset();
    bool* results = result_.data<bool>();
    for (uint32_t i = 0; i < rows.count; ++i) {
      results[rows[i]] = false;
      if (!view.IsValid(rows[i])) result_.SetNull(rows[i]);
    }
    const uint32_t present = function::SelectNotNull(*needle, rows, open_.data());
    Rows open{open_.data(), present};
    for (size_t a = 1; a < arguments_.size() && open.count != 0; ++a) {
      const Vector* value = nullptr;
      TURDB_RETURN_IF_ERROR(arguments_[a]->Evaluate(runtime, input, open, &value));
      const VectorView other = value->View();
      uint32_t left = 0;
      for (uint32_t i = 0; i < open.count; ++i) {
        const SelIndex row = open[i];
        if (!other.IsValid(row)) {
          result_.SetNull(row);
        } else if (vec::EqualSlots(type, view.data + view.Index(row) * width, other.data + other.Index(row) * width)) {
          result_.SetValid(row);
          results[row] = true;
          continue;
        }
        open_.data()[left++] = row;
      }
      open = Rows{open_.data(), left};
    }
    *out = &result_;
    return absl::OkStatus();
  }

 private:
  Evaluators arguments_;
  Vector result_;
  SelectionVector open_;
};

}  // namespace

std::unique_ptr<Evaluator> MakeIn(const Expression& expression, Evaluators arguments, const EvaluatorOptions& options) {
  const Expressions list = expression.arguments.subspan(1);
  const bool fixed = std::all_of(list.begin(), list.end(), [](const Expression* value) {
    return value->kind == ExpressionKind::kConstant || value->kind == ExpressionKind::kParameter;
  });
  if (fixed) return std::make_unique<InSetEvaluator>(expression, std::move(arguments), options);
  return std::make_unique<InListEvaluator>(expression, std::move(arguments), options);
}

}  // namespace turdb::exec
