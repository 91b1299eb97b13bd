// Subqueries as values.
//
// Without bindings a subquery runs once and its answer is kept: for the whole run when nothing in it reads a
// correlated slot of an outer level, until the next Start otherwise. With bindings it runs once a row: the dependent
// form, which the planner avoids where it can unnest.
//
// What is kept of an ANY or ALL subquery is enough for every comparison: whether it was empty, whether it had a NULL,
// its least and greatest value, and for = ANY and <> ALL the set of its values.
#include "absl/strings/str_cat.h"
#include "exec/evaluator_internal.h"
#include "exec/vector_operations.h"
#include "vec/compare.h"

namespace turdb::exec {
namespace {

using base::Status;
using base::StatusOr;
using vec::Chunk;
using vec::Rows;
using vec::SelIndex;
using vec::Vector;
using vec::VectorView;

enum class Truth : uint8_t { kFalse, kTrue, kNull };

class SubqueryEvaluator : public Evaluator {
 public:
  SubqueryEvaluator(const Expression& expression, Evaluators arguments, Evaluators bindings, std::unique_ptr<Stream> stream,
                    const EvaluatorOptions& options)
      : Evaluator(expression),
        subquery_(*expression.subquery),
        arguments_(std::move(arguments)),
        bindings_(std::move(bindings)),
        stream_(std::move(stream)),
        depends_on_outer_(ReadsSlots(*subquery_.plan)),
        answer_(ColumnType(), 1, options.budget),
        greatest_(ColumnType(), 1, options.budget),
        set_(ColumnType(), options.budget),
        result_(expression.type, options.capacity, options.budget) {
    values_.resize(bindings_.size());
  }

  Status Start(Runtime& runtime) override {
    if (depends_on_outer_ || answered_run_ != runtime.statement_runs) answered_ = false;
    TURDB_RETURN_IF_ERROR(StartAll(arguments_, runtime));
    return StartAll(bindings_, runtime);
  }

  Status Evaluate(Runtime& runtime, const Chunk& input, Rows rows, const Vector** out) override {
    const Vector* needle = nullptr;
    if (!arguments_.empty()) TURDB_RETURN_IF_ERROR(arguments_[0]->Evaluate(runtime, input, rows, &needle));
    if (bindings_.empty()) {
      if (!answered_) TURDB_RETURN_IF_ERROR(Answer(runtime));
      if (subquery_.kind == SubqueryKind::kScalar) {
        *out = &answer_;
        return absl::OkStatus();
      }
    }
    result_.Reset();
    *out = &result_;
    for (size_t b = 0; b < bindings_.size(); ++b) {
      TURDB_RETURN_IF_ERROR(bindings_[b]->Evaluate(runtime, input, rows, &values_[b]));
    }
    for (uint32_t i = 0; i < rows.count; ++i) {
      const SelIndex row = rows[i];
      if (!bindings_.empty()) {
        for (size_t b = 0; b < bindings_.size(); ++b) {
          SetConstantFromRow(*values_[b], row, &runtime.slots[static_cast<size_t>(subquery_.bindings[b].slot)]);
        }
        TURDB_RETURN_IF_ERROR(Answer(runtime));
      }
      WriteRow(needle, row);
    }
    return absl::OkStatus();
  }

 private:
  vec::Type ColumnType() const {
    return subquery_.plan->types.empty() ? vec::Type(vec::TypeId::kBoolean) : subquery_.plan->types[0];
  }

  // Runs the subquery for the present slots and keeps what its kind needs.
  Status Answer(Runtime& runtime) {
    rows_seen_ = 0;
    has_null_ = false;
    has_value_ = false;
    set_.Clear();
    TURDB_RETURN_IF_ERROR(stream_->Start(runtime));
    while (true) {
      Batch batch;
      TURDB_ASSIGN_OR_RETURN(const Flow flow, stream_->Next(runtime, &batch));
      if (flow == Flow::kDone) break;
      if (flow == Flow::kBlocked) return base::InternalError("a subquery was blocked");
      rows_seen_ += batch.rows.count;
      if (subquery_.kind == SubqueryKind::kExists) break;
      TURDB_RETURN_IF_ERROR(Keep(batch));
    }
    if (subquery_.kind == SubqueryKind::kScalar && rows_seen_ == 0) {
      answer_.Reset();
      answer_.SetConstantNull();
    }
    answered_ = true;
    answered_run_ = runtime.statement_runs;
    return absl::OkStatus();
  }

  Status Keep(const Batch& batch) {
    const Vector& column = batch.chunk->column(0);
    if (subquery_.kind == SubqueryKind::kScalar) {
      if (rows_seen_ > 1) {
        return base::WithPosition(base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kCardinalityViolation,
                                                  "more than one row returned by a subquery used as an expression"),
                                  expression().position);
      }
      SetConstantFromRow(column, batch.rows[0], &answer_);
      return absl::OkStatus();
    }
    if (UsesSet()) {
      if (set_.Add(column, batch.rows)) return absl::OkStatus();
      return base::OutOfMemoryError("the values of a subquery do not fit into memory_limit");
    }
    const VectorView view = column.View();
    for (uint32_t i = 0; i < batch.rows.count; ++i) {
      const size_t row = batch.rows[i];
      if (!view.IsValid(row)) {
        has_null_ = true;
        continue;
      }
      if (!has_value_ || vec::CompareRows(column, row, answer_, 0) < 0) SetConstantFromRow(column, row, &answer_);
      if (!has_value_ || vec::CompareRows(column, row, greatest_, 0) > 0) SetConstantFromRow(column, row, &greatest_);
      has_value_ = true;
    }
    return absl::OkStatus();
  }

  bool UsesSet() const {
    return (subquery_.kind == SubqueryKind::kAny && subquery_.comparison == Comparison::kEqual) ||
           (subquery_.kind == SubqueryKind::kAll && subquery_.comparison == Comparison::kNotEqual);
  }

  void WriteRow(const Vector* needle, SelIndex row) {
    if (subquery_.kind == SubqueryKind::kScalar) return CopyRow(answer_, 0, &result_, row);
    Truth truth = rows_seen_ > 0 ? Truth::kTrue : Truth::kFalse;
    if (subquery_.kind != SubqueryKind::kExists) truth = Quantified(*needle, row);
    if (truth == Truth::kNull) {
      result_.SetNull(row);
    } else {
      result_.Set<bool>(row, truth == Truth::kTrue);
    }
  }

  Truth Quantified(const Vector& needle, SelIndex row) const {
    const bool any = subquery_.kind == SubqueryKind::kAny;
    if (rows_seen_ == 0) return any ? Truth::kFalse : Truth::kTrue;
    const VectorView view = needle.View();
    if (!view.IsValid(row)) return Truth::kNull;
    // ANY: does one value match? ALL: does one value fail? Either decides, a NULL leaves it open.
    bool decided;
    bool has_null = has_null_;
    if (UsesSet()) {
      decided = set_.Contains(view.data + view.Index(row) * needle.type().width());
      has_null = set_.has_null();
    } else {
      decided = has_value_ && SomeValue(needle, row, any);
    }
    if (decided) return any ? Truth::kTrue : Truth::kFalse;
    if (has_null) return Truth::kNull;
    return any ? Truth::kFalse : Truth::kTrue;
  }

  // Whether some value makes the comparison `wanted`. The extremes are enough to know.
  bool SomeValue(const Vector& needle, SelIndex row, bool wanted) const {
    const int least = vec::CompareRows(needle, row, answer_, 0);
    const int greatest = vec::CompareRows(needle, row, greatest_, 0);
    switch (subquery_.comparison) {
      case Comparison::kEqual:  // = ALL fails unless both extremes are equal; = ANY uses the set
        return least != 0 || greatest != 0;
      case Comparison::kNotEqual:  // <> ANY; <> ALL uses the set
        return least != 0 || greatest != 0;
      case Comparison::kLess:
        return wanted ? greatest < 0 : least >= 0;
      case Comparison::kLessEqual:
        return wanted ? greatest <= 0 : least > 0;
      case Comparison::kGreater:
        return wanted ? least > 0 : greatest <= 0;
      case Comparison::kGreaterEqual:
        return wanted ? least >= 0 : greatest < 0;
    }
    return false;
  }

  const Subquery& subquery_;
  Evaluators arguments_;
  Evaluators bindings_;
  std::vector<const Vector*> values_;
  std::unique_ptr<Stream> stream_;
  const bool depends_on_outer_;

  bool answered_ = false;
  uint64_t answered_run_ = 0;
  uint64_t rows_seen_ = 0;
  bool has_null_ = false;
  bool has_value_ = false;
  Vector answer_;  // the scalar, or the least value
  Vector greatest_;
  ValueSet set_;
  Vector result_;
};

}  // namespace

StatusOr<std::unique_ptr<Evaluator>> MakeSubquery(const Expression& expression, Evaluators arguments,
                                                  const EvaluatorOptions& options) {
  Evaluators bindings;
  for (const SlotBinding& binding : expression.subquery->bindings) {
    TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Evaluator> evaluator, MakeEvaluator(*binding.value, options));
    bindings.push_back(std::move(evaluator));
  }
  TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Stream> stream, options.builder->BuildStream(*expression.subquery->plan));
  return std::make_unique<SubqueryEvaluator>(expression, std::move(arguments), std::move(bindings), std::move(stream), options);
}

}  // namespace turdb::exec
