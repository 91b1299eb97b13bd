// Sources without a table: one row, VALUES, table functions.
#include <vector>

#include "exec/builder.h"
#include "exec/table_function.h"
#include "exec/vector_operations.h"

namespace turdb::exec {
namespace {

using base::Status;
using base::StatusOr;
using vec::Chunk;

class SingleRowSource : public Source {
 public:
  explicit SingleRowSource(Chunk chunk) : chunk_(std::move(chunk)) { chunk_.set_size(1); }
  Status Start(Runtime&) override {
    done_ = false;
    return absl::OkStatus();
  }
  StatusOr<Flow> Next(Runtime&, Batch* out) override {
    if (!done_) *out = Batch::All(chunk_);
    done_ = true;
    return Flow::kDone;
  }

 private:
  Chunk chunk_;
  bool done_ = false;
};

class ValuesSource : public Source {
 public:
  ValuesSource(const ValuesNode& node, Chunk chunk) : node_(node), chunk_(std::move(chunk)) {}

  Status Build(Builder& builder) {
    for (const Expressions row : node_.rows) {
      for (const Expression* cell : row) {
        if (cell->kind == ExpressionKind::kConstant) continue;
        TURDB_ASSIGN_OR_RETURN(ScalarEvaluator evaluator, ScalarEvaluator::Make(*cell, builder.options()));
        evaluators_.push_back(std::move(evaluator));
      }
    }
    return absl::OkStatus();
  }

  Status Start(Runtime& runtime) override {
    row_ = 0;
    evaluator_ = 0;
    for (ScalarEvaluator& evaluator : evaluators_) TURDB_RETURN_IF_ERROR(evaluator.Start(runtime));
    return absl::OkStatus();
  }

  StatusOr<Flow> Next(Runtime& runtime, Batch* out) override {
    chunk_.Reset();
    uint32_t count = 0;
    for (; row_ < node_.rows.size() && count < chunk_.capacity(); ++row_, ++count) {
      const Expressions row = node_.rows[row_];
      for (size_t c = 0; c < row.size(); ++c) {
        if (row[c]->kind == ExpressionKind::kConstant) {
          chunk_.column(c).SetValue(count, *row[c]->value);
        } else {
          TURDB_ASSIGN_OR_RETURN(const vec::Vector* value, evaluators_[evaluator_++].Evaluate(runtime));
          CopyRow(*value, 0, &chunk_.column(c), count);
        }
      }
    }
    chunk_.set_size(count);
    *out = Batch::All(chunk_);
    return row_ == node_.rows.size() ? Flow::kDone : Flow::kHaveMore;
  }

 private:
  const ValuesNode& node_;
  Chunk chunk_;
  std::vector<ScalarEvaluator> evaluators_;  // of the cells that are no constants, in order
  size_t row_ = 0;
  size_t evaluator_ = 0;
};

class TableFunctionSource : public Source {
 public:
  TableFunctionSource(const TableFunctionNode& node, Chunk chunk) : scan_(node.function->NewScan()), chunk_(std::move(chunk)) {}

  Status Build(const TableFunctionNode& node, Builder& builder) {
    for (const Expression* argument : node.arguments) {
      TURDB_ASSIGN_OR_RETURN(ScalarEvaluator evaluator, ScalarEvaluator::Make(*argument, builder.options()));
      arguments_.push_back(std::move(evaluator));
    }
    return absl::OkStatus();
  }

  Status Start(Runtime& runtime) override {
    ramp_.Start();
    values_.clear();
    for (ScalarEvaluator& argument : arguments_) {
      TURDB_RETURN_IF_ERROR(argument.Start(runtime));
      TURDB_ASSIGN_OR_RETURN(const vec::Vector* value, argument.Evaluate(runtime));
      values_.push_back(value->GetValue(0));
    }
    return scan_->Start(runtime, values_);
  }

  StatusOr<Flow> Next(Runtime& runtime, Batch* out) override {
    chunk_.Reset();
    TURDB_RETURN_IF_ERROR(scan_->Next(runtime, ramp_.Next(chunk_.capacity()), &chunk_));
    if (chunk_.empty()) return Flow::kDone;
    *out = Batch::All(chunk_);
    return Flow::kHaveMore;
  }

 private:
  std::unique_ptr<TableFunctionScan> scan_;
  Chunk chunk_;
  std::vector<ScalarEvaluator> arguments_;
  std::vector<vec::Value> values_;
  RampUp ramp_;
};

}  // namespace

SourceOr MakeSingleRow(const SingleRowNode&, Builder& builder) {
  return std::make_unique<SingleRowSource>(builder.NewChunk({}));
}

SourceOr MakeValues(const ValuesNode& node, Builder& builder) {
  auto source = std::make_unique<ValuesSource>(node, builder.NewChunk(node.types));
  TURDB_RETURN_IF_ERROR(source->Build(builder));
  return source;
}

SourceOr MakeTableFunction(const TableFunctionNode& node, Builder& builder) {
  auto source = std::make_unique<TableFunctionSource>(node, builder.NewChunk(node.types));
  TURDB_RETURN_IF_ERROR(source->Build(node, builder));
  return source;
}

}  // namespace turdb::exec
