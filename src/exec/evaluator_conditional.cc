// AND, OR, CASE and COALESCE: arguments are evaluated for the rows that are still open, and for no others.
#include "exec/evaluator_internal.h"
#include "exec/vector_operations.h"
#include "function/registry.h"

namespace turdb::exec {
namespace {

using base::Status;
using base::StatusOr;
using vec::Chunk;
using vec::Rows;
using vec::SelectionVector;
using vec::SelIndex;
using vec::Vector;
using vec::VectorView;

// Rows of `rows` that are not in `taken`, a subsequence of it; `out` may be rows.rows.
uint32_t Subtract(Rows rows, Rows taken, SelIndex* out) {
  uint32_t count = 0, t = 0;
  for (uint32_t i = 0; i < rows.count; ++i) {
    const SelIndex row = rows[i];
    if (t < taken.count && taken[t] == row) {
      ++t;
    } else {
      out[count++] = row;
    }
  }
  return count;
}

// AND and OR. An argument decides a row when it is `decisive` (false for AND, true for OR); a row that nobody decides
// is NULL when an argument was, and else the opposite.
class LogicalEvaluator : public Evaluator {
 public:
  LogicalEvaluator(const Expression& expression, Evaluators arguments, const EvaluatorOptions& options)
      : Evaluator(expression),
        arguments_(std::move(arguments)),
        decisive_(expression.kind == ExpressionKind::kOr),
        result_(expression.type, options.capacity, options.budget),
        open_(options.capacity, options.budget),
        taken_(options.capacity, options.budget) {}

  Status Start(Runtime& runtime) override { return StartAll(arguments_, runtime); }

  Status Evaluate(Runtime& runtime, const Chunk& input, Rows rows, const Vector** out) override {
    result_.Reset();
    bool* results = result_.data<bool>();
    for (uint32_t i = 0; i < rows.count; ++i) results[rows[i]] = !decisive_;
    Rows open = rows;
    for (const std::unique_ptr<Evaluator>& argument : arguments_) {
      if (open.count == 0) break;
      const Vector* value = nullptr;
      TURDB_RETURN_IF_ERROR(argument->Evaluate(runtime, input, open, &value));
      const VectorView view = value->View();
      uint32_t still_open = 0;
      for (uint32_t i = 0; i < open.count; ++i) {
        const SelIndex row = open[i];
        if (!view.IsValid(row)) {
          result_.SetNull(row);
        } else if (view.Get<bool>(row) == decisive_) {
          result_.SetValid(row);
          results[row] = decisive_;
          continue;
        }
        open_.data()[still_open++] = row;
      }
      open = Rows{open_.data(), still_open};
    }
    *out = &result_;
    return absl::OkStatus();
  }

  StatusOr<uint32_t> Select(Runtime& runtime, const Chunk& input, Rows rows, SelIndex* selected) override {
    return decisive_ ? SelectAny(runtime, input, rows, selected) : SelectAll(runtime, input, rows, selected);
  }

 private:
  // AND. A NULL here cannot become true, so its row may be dropped like a false one.
  StatusOr<uint32_t> SelectAll(Runtime& runtime, const Chunk& input, Rows rows, SelIndex* selected) {
    for (const std::unique_ptr<Evaluator>& argument : arguments_) {
      if (rows.count == 0) break;
      TURDB_ASSIGN_OR_RETURN(const uint32_t count, argument->Select(runtime, input, rows, open_.data()));
      rows = Rows{open_.data(), count};
    }
    std::copy_n(open_.data(), rows.count, selected);
    return rows.count;
  }

  // OR. True rows of each argument leave; all that left are brought into order at the end.
  StatusOr<uint32_t> SelectAny(Runtime& runtime, const Chunk& input, Rows rows, SelIndex* selected) {
    Rows open = rows;
    for (const std::unique_ptr<Evaluator>& argument : arguments_) {
      if (open.count == 0) break;
      TURDB_ASSIGN_OR_RETURN(const uint32_t count, argument->Select(runtime, input, open, taken_.data()));
      const uint32_t left = Subtract(open, Rows{taken_.data(), count}, open_.data());
      open = Rows{open_.data(), left};
    }
    return Subtract(rows, open, selected);
  }

  Evaluators arguments_;
  const bool decisive_;
  Vector result_;
  SelectionVector open_;
  SelectionVector taken_;
};

class CaseEvaluator : public Evaluator {
 public:
  CaseEvaluator(const Expression& expression, Evaluators arguments, const EvaluatorOptions& options)
      : Evaluator(expression),
        arguments_(std::move(arguments)),
        result_(expression.type, options.capacity, options.budget),
        open_(options.capacity, options.budget),
        taken_(options.capacity, options.budget) {}

  Status Start(Runtime& runtime) override { return StartAll(arguments_, runtime); }

  Status Evaluate(Runtime& runtime, const Chunk& input, Rows rows, const Vector** out) override {
    result_.Reset();
    *out = &result_;
    Rows open = rows;
    for (size_t i = 0; i + 1 < arguments_.size() && open.count != 0; i += 2) {
      TURDB_ASSIGN_OR_RETURN(const uint32_t count, arguments_[i]->Select(runtime, input, open, taken_.data()));
      if (count == 0) continue;
      const Rows taken{taken_.data(), count};
      TURDB_RETURN_IF_ERROR(Take(runtime, input, taken, *arguments_[i + 1]));
      const uint32_t left = Subtract(open, taken, open_.data());
      open = Rows{open_.data(), left};
    }
    return open.count == 0 ? absl::OkStatus() : Take(runtime, input, open, *arguments_.back());
  }

 private:
  Status Take(Runtime& runtime, const Chunk& input, Rows rows, Evaluator& argument) {
    const Vector* value = nullptr;
    TURDB_RETURN_IF_ERROR(argument.Evaluate(runtime, input, rows, &value));
    CopyRows(*value, rows, &result_);
    return absl::OkStatus();
  }

  Evaluators arguments_;
  Vector result_;
  SelectionVector open_;
  SelectionVector taken_;
};

class CoalesceEvaluator : public Evaluator {
 public:
  CoalesceEvaluator(const Expression& expression, Evaluators arguments, const EvaluatorOptions& options)
      : Evaluator(expression),
        arguments_(std::move(arguments)),
        result_(expression.type, options.capacity, options.budget),
        open_(options.capacity, options.budget) {}

  Status Start(Runtime& runtime) override { return StartAll(arguments_, runtime); }

  Status Evaluate(Runtime& runtime, const Chunk& input, Rows rows, const Vector** out) override {
    result_.Reset();
    *out = &result_;
    Rows open = rows;
    for (const std::unique_ptr<Evaluator>& argument : arguments_) {
      if (open.count == 0) break;
      const Vector* value = nullptr;
      TURDB_RETURN_IF_ERROR(argument->Evaluate(runtime, input, open, &value));
      CopyRows(*value, open, &result_);  // the NULLs too: the next argument overwrites them
      const uint32_t left = function::SelectNull(*value, open, open_.data());
      open = Rows{open_.data(), left};
    }
    return absl::OkStatus();
  }

 private:
  Evaluators arguments_;
  Vector result_;
  SelectionVector open_;
};

}  // namespace

std::unique_ptr<Evaluator> MakeLogical(const Expression& expression, Evaluators arguments, const EvaluatorOptions& options) {
  return std::make_unique<LogicalEvaluator>(expression, std::move(arguments), options);
}
std::unique_ptr<Evaluator> MakeCase(const Expression& expression, Evaluators arguments, const EvaluatorOptions& options) {
  return std::make_unique<CaseEvaluator>(expression, std::move(arguments), options);
}
std::unique_ptr<Evaluator> MakeCoalesce(const Expression& expression, Evaluators arguments, const EvaluatorOptions& options) {
  return std::make_unique<CoalesceEvaluator>(expression, std::move(arguments), options);
}

}  // namespace turdb::exec
