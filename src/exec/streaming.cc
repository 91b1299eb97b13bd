// Operators that hold nothing back: filter, projection, limit.
#include <algorithm>

#include "exec/builder.h"

namespace turdb::exec {
namespace {

using base::Status;
using base::StatusOr;
using vec::Chunk;
using vec::Rows;

class FilterOperator : public Operator {
 public:
  explicit FilterOperator(Filter filter) : filter_(std::move(filter)) {}
  Status Start(Runtime& runtime) override { return filter_.Start(runtime); }
  StatusOr<Flow> Push(Runtime& runtime, const Batch& in, Batch* out) override {
    TURDB_ASSIGN_OR_RETURN(const Rows rows, filter_.Apply(runtime, *in.chunk, in.rows));
    *out = Batch{in.chunk, rows};
    return Flow::kNeedInput;
  }

 private:
  Filter filter_;
};

class ProjectOperator : public Operator {
 public:
  ProjectOperator(EvaluatorList expressions, Chunk chunk) : expressions_(std::move(expressions)), chunk_(std::move(chunk)) {}
  Status Start(Runtime& runtime) override { return expressions_.Start(runtime); }
  StatusOr<Flow> Push(Runtime& runtime, const Batch& in, Batch* out) override {
    TURDB_RETURN_IF_ERROR(expressions_.Evaluate(runtime, *in.chunk, in.rows));
    for (size_t c = 0; c < expressions_.size(); ++c) chunk_.column(c).Reference(*expressions_.values()[c]);
    chunk_.set_size(in.chunk->size());
    *out = Batch{&chunk_, in.rows};
    return Flow::kNeedInput;
  }
  void Release() override { chunk_.Reset(); }

 private:
  EvaluatorList expressions_;
  Chunk chunk_;
};

// Value of a LIMIT or OFFSET; `missing` when there is none or it is NULL.
StatusOr<uint64_t> RowCount(std::optional<ScalarEvaluator>& expression, Runtime& runtime, uint64_t missing,
                            std::string_view name) {
  if (!expression.has_value()) return missing;
  TURDB_RETURN_IF_ERROR(expression->Start(runtime));
  TURDB_ASSIGN_OR_RETURN(const vec::Vector* value, expression->Evaluate(runtime));
  if (value->IsNull(0)) return missing;
  const int64_t count = value->GetValue(0).AsInt64();
  if (count < 0) {
    return base::MakeError(absl::StatusCode::kInvalidArgument,
                           name == "LIMIT" ? base::SqlState{"2201W"} : base::SqlState{"2201X"},
                           std::string(name) + " must not be negative");
  }
  return static_cast<uint64_t>(count);
}

class LimitOperator : public Operator {
 public:
  LimitOperator(LimitCounts counts, uint32_t capacity, base::MemoryBudget* budget)
      : counts_(std::move(counts)), selection_(capacity, budget) {}

  Status Start(Runtime& runtime) override { return counts_.Start(runtime, &limit_, &offset_); }

  StatusOr<Flow> Push(Runtime&, const Batch& in, Batch* out) override {
    const uint64_t skip = std::min<uint64_t>(offset_, in.rows.count);
    const uint64_t take = std::min<uint64_t>(limit_, in.rows.count - skip);
    offset_ -= skip;
    limit_ -= take;
    if (take != 0) {
      *out = in;
      out->rows.count = static_cast<uint32_t>(take);
      if (skip != 0) {
        for (uint32_t i = 0; i < take; ++i) selection_.data()[i] = in.rows[skip + i];
        out->rows.rows = selection_.data();
      }
    }
    return limit_ == 0 ? Flow::kDone : Flow::kNeedInput;
  }

 private:
  LimitCounts counts_;
  vec::SelectionVector selection_;
  uint64_t limit_ = 0;   // rows still to let through
  uint64_t offset_ = 0;  // rows still to skip
};

}  // namespace

StatusOr<LimitCounts> LimitCounts::Make(const Expression* limit, const Expression* offset, const EvaluatorOptions& options) {
  LimitCounts counts;
  if (limit != nullptr) {
    TURDB_ASSIGN_OR_RETURN(counts.limit_, ScalarEvaluator::Make(*limit, options));
  }
  if (offset != nullptr) {
    TURDB_ASSIGN_OR_RETURN(counts.offset_, ScalarEvaluator::Make(*offset, options));
  }
  return counts;
}

Status LimitCounts::Start(Runtime& runtime, uint64_t* limit, uint64_t* offset) {
  TURDB_ASSIGN_OR_RETURN(*limit, RowCount(limit_, runtime, UINT64_MAX, "LIMIT"));
  TURDB_ASSIGN_OR_RETURN(*offset, RowCount(offset_, runtime, 0, "OFFSET"));
  return absl::OkStatus();
}

OperatorOr MakeFilter(const FilterNode& node, Builder& builder) {
  TURDB_ASSIGN_OR_RETURN(Filter filter, Filter::Make(node.conjuncts, builder.options()));
  return std::make_unique<FilterOperator>(std::move(filter));
}

OperatorOr MakeProject(const ProjectNode& node, Builder& builder) {
  TURDB_ASSIGN_OR_RETURN(EvaluatorList expressions, EvaluatorList::Make(node.expressions, builder.options()));
  return std::make_unique<ProjectOperator>(std::move(expressions), builder.NewChunk(node.types));
}

OperatorOr MakeLimit(const LimitNode& node, Builder& builder) {
  TURDB_ASSIGN_OR_RETURN(LimitCounts counts, LimitCounts::Make(node.limit, node.offset, builder.options()));
  return std::make_unique<LimitOperator>(std::move(counts), builder.capacity(), builder.budget());
}

}  // namespace turdb::exec
