// Operators that hold nothing back: filter, projection, grouping sets, limit.
#include <algorithm>
#include <string>

#include "exec/builder.h"
#include "exec/key_range.h"
#include "table/key_codec.h"

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

class ExpandOperator : public Operator {
 public:
  ExpandOperator(const ExpandNode& node, EvaluatorList groups, Chunk chunk)
      : node_(node), groups_(std::move(groups)), chunk_(std::move(chunk)) {}
  Status Start(Runtime& runtime) override {
    next_set_ = 0;
    return groups_.Start(runtime);
  }
  StatusOr<Flow> Push(Runtime& runtime, const Batch& in, Batch* out) override {
    const size_t input_columns = in.chunk->column_count();
    if (next_set_ == 0) {
      TURDB_RETURN_IF_ERROR(groups_.Evaluate(runtime, *in.chunk, in.rows));
      for (size_t c = 0; c < input_columns; ++c) chunk_.column(c).Reference(in.chunk->column(c));
    }
    const std::span<const int32_t> set = node_.sets[next_set_];
    for (size_t g = 0; g < groups_.size(); ++g) {
      vec::Vector& column = chunk_.column(input_columns + g);
      if (std::find(set.begin(), set.end(), static_cast<int32_t>(g)) != set.end()) {
        column.Reference(*groups_.values()[g]);
      } else {
        column.SetConstantNull();
      }
    }
    chunk_.column(input_columns + groups_.size()).SetConstant(vec::Value::Int32(static_cast<int32_t>(next_set_)));
    chunk_.set_size(in.chunk->size());
    *out = Batch{&chunk_, in.rows};
    if (++next_set_ < node_.sets.size()) return Flow::kHaveMore;
    next_set_ = 0;
    return Flow::kNeedInput;
  }
  void Release() override { chunk_.Reset(); }

 private:
  const ExpandNode& node_;
  EvaluatorList groups_;
  Chunk chunk_;
  size_t next_set_ = 0;
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

// WITH TIES: the rows that are equal to the last one, too, in what the input is sorted by.
class TiesOperator : public Operator {
 public:
  TiesOperator(LimitCounts counts, EvaluatorList keys, uint32_t capacity, base::MemoryBudget* budget)
      : counts_(std::move(counts)), keys_(std::move(keys)), selection_(capacity, budget) {}

  Status Start(Runtime& runtime) override {
    last_.clear();
    TURDB_RETURN_IF_ERROR(keys_.Start(runtime));
    return counts_.Start(runtime, &limit_, &offset_);
  }

  StatusOr<Flow> Push(Runtime& runtime, const Batch& in, Batch* out) override {
    if (limit_ == 0 && last_.empty()) return Flow::kDone;
    const auto skip = static_cast<uint32_t>(std::min<uint64_t>(offset_, in.rows.count));
    offset_ -= skip;
    const auto take = static_cast<uint32_t>(std::min<uint64_t>(limit_, in.rows.count - skip));
    limit_ -= take;
    uint32_t end = skip + take;
    if (limit_ == 0 && skip < in.rows.count) {
      TURDB_RETURN_IF_ERROR(keys_.Evaluate(runtime, *in.chunk, in.rows));
      if (take != 0) AppendKey(in.rows[end - 1], &last_);
    }
    bool more = true;
    for (; more && limit_ == 0 && end < in.rows.count; end += more ? 1 : 0) {
      key_.clear();
      AppendKey(in.rows[end], &key_);
      more = key_ == last_;
    }
    if (end > skip) {
      for (uint32_t i = skip; i < end; ++i) selection_.data()[i - skip] = in.rows[i];
      *out = in;
      out->rows.rows = selection_.data();
      out->rows.count = end - skip;
    }
    return more ? Flow::kNeedInput : Flow::kDone;
  }

 private:
  void AppendKey(vec::SelIndex row, std::string* out) const {
    for (const vec::Vector* key : keys_.values()) table::AppendSortKeyPart({key->type()}, CellOf(*key, row), out);
  }

  LimitCounts counts_;
  EvaluatorList keys_;
  vec::SelectionVector selection_;
  uint64_t limit_ = 0;   // rows still to let through
  uint64_t offset_ = 0;  // rows still to skip
  std::string last_, key_;
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

OperatorOr MakeExpand(const ExpandNode& node, Builder& builder) {
  TURDB_ASSIGN_OR_RETURN(EvaluatorList groups, EvaluatorList::Make(node.groups, builder.options()));
  return std::make_unique<ExpandOperator>(node, std::move(groups), builder.NewChunk(node.types));
}

OperatorOr MakeLimit(const LimitNode& node, Builder& builder) {
  TURDB_ASSIGN_OR_RETURN(LimitCounts counts, LimitCounts::Make(node.limit, node.offset, builder.options()));
  if (!node.ties.empty()) {
    TURDB_ASSIGN_OR_RETURN(EvaluatorList keys, EvaluatorList::Make(node.ties, builder.options()));
    return std::make_unique<TiesOperator>(std::move(counts), std::move(keys), builder.capacity(), builder.budget());
  }
  return std::make_unique<LimitOperator>(std::move(counts), builder.capacity(), builder.budget());
}

}  // namespace turdb::exec
