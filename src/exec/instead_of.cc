// A change of a view: its INSTEAD OF triggers, a row at a time.
#include <optional>
#include <vector>

#include "exec/builder.h"
#include "exec/evaluator.h"
#include "exec/materialized_rows.h"
#include "exec/trigger.h"
#include "exec/vector_operations.h"

namespace turdb::exec {
namespace {

using base::Status;
using base::StatusOr;
using vec::Chunk;
using vec::Rows;
using vec::SelIndex;
using vec::Vector;

class InsteadOfSource : public Source {
 public:
  InsteadOfSource(const InsteadOfNode& node, std::unique_ptr<Stream> input, Builder& builder)
      : node_(node),
        input_(std::move(input)),
        new_row_(node.row_types, 1, builder.budget()),
        returning_row_(ReturningTypes(node), 1, builder.budget()),
        returned_(node.types, builder.capacity(), builder.budget(), "RETURNING"),
        chunk_(builder.NewChunk(node.types)) {
    const NodeTriggers& triggers = node.triggers;
    const TriggerSet* set = triggers.insert != nullptr   ? triggers.insert
                            : triggers.update != nullptr ? triggers.update
                                                         : triggers.remove;
    if (set != nullptr) triggers_.emplace(*set, node.row_types, builder);
  }

  Status Build(Builder& builder) {
    TURDB_ASSIGN_OR_RETURN(old_values_, EvaluatorList::Make(node_.old_row, builder.options()));
    TURDB_ASSIGN_OR_RETURN(new_values_, EvaluatorList::Make(node_.new_row, builder.options()));
    TURDB_ASSIGN_OR_RETURN(returning_, EvaluatorList::Make(node_.returning, builder.options()));
    return absl::OkStatus();
  }

  Status Start(Runtime& runtime) override {
    if (runtime.context->transaction == nullptr) {
      return base::MakeError(absl::StatusCode::kFailedPrecondition, base::sqlstate::kReadOnlyTransaction,
                             "cannot change data in a read-only transaction");
    }
    returned_.Reset();
    cursor_ = MaterializedRows::Cursor();
    begun_ = changes_made_ = false;
    if (triggers_.has_value()) triggers_->Start();
    TURDB_RETURN_IF_ERROR(old_values_.Start(runtime));
    TURDB_RETURN_IF_ERROR(new_values_.Start(runtime));
    TURDB_RETURN_IF_ERROR(returning_.Start(runtime));
    return input_->Start(runtime);
  }

  StatusOr<Flow> Next(Runtime& runtime, Batch* out) override {
    if (!begun_) {
      begun_ = true;
      if (triggers_.has_value()) TURDB_RETURN_IF_ERROR(triggers_->BeforeStatement(runtime));
    }
    while (!changes_made_) {
      Batch batch;
      TURDB_ASSIGN_OR_RETURN(const Flow flow, input_->Next(runtime, &batch));
      if (flow == Flow::kBlocked) return flow;
      if (flow == Flow::kHaveMore) {
        TURDB_RETURN_IF_ERROR(Change(runtime, batch));
        continue;
      }
      if (triggers_.has_value()) TURDB_RETURN_IF_ERROR(triggers_->AfterStatement(runtime));
      changes_made_ = true;
    }
    TURDB_ASSIGN_OR_RETURN(const uint32_t count, returned_.Scan(&cursor_, &chunk_));
    if (count == 0) return Flow::kDone;
    *out = Batch::All(chunk_);
    return Flow::kHaveMore;
  }

  int64_t memory_bytes() const override { return returned_.memory_bytes(); }
  int64_t spilled_bytes() const override { return returned_.spilled_bytes(); }

 private:
  static std::vector<vec::Type> ReturningTypes(const InsteadOfNode& node) {
    std::vector<vec::Type> types(node.row_types.begin(), node.row_types.end());
    types.insert(types.end(), node.input->types.begin(), node.input->types.end());
    return types;
  }

  Status Change(Runtime& runtime, const Batch& batch) {
    if (!triggers_.has_value()) return absl::OkStatus();
    if (old_values_.size() != 0) TURDB_RETURN_IF_ERROR(old_values_.Evaluate(runtime, *batch.chunk, batch.rows));
    if (new_values_.size() != 0) TURDB_RETURN_IF_ERROR(new_values_.Evaluate(runtime, *batch.chunk, batch.rows));
    for (uint32_t i = 0; i < batch.rows.count; ++i) {
      const SelIndex at = batch.rows[i];
      new_row_.Reset();
      for (size_t c = 0; c < new_values_.size(); ++c) CopyRow(*new_values_.values()[c], at, &new_row_.column(c), 0);
      new_row_.set_size(1);
      RowView old_row;
      if (old_values_.size() != 0) old_row = {old_values_.values(), at};
      Chunk* const writable = new_values_.size() != 0 ? &new_row_ : nullptr;
      TURDB_ASSIGN_OR_RETURN(const bool proceeds, triggers_->BeforeRow(runtime, old_row, writable));
      if (!proceeds) continue;
      ++runtime.changed_rows;
      if (returning_.size() != 0) TURDB_RETURN_IF_ERROR(Return(runtime, *batch.chunk, at));
    }
    return absl::OkStatus();
  }

  Status Return(Runtime& runtime, const Chunk& input, SelIndex at) {
    returning_row_.Reset();
    const size_t count = node_.row_types.size();
    for (size_t c = 0; c < count; ++c) {
      Vector& to = returning_row_.column(c);
      if (new_values_.size() != 0) {
        CopyRow(new_row_.column(c), 0, &to, 0);
      } else {
        CopyRow(*old_values_.values()[c], at, &to, 0);
      }
    }
    for (size_t c = 0; c < input.column_count(); ++c) CopyRow(input.column(c), at, &returning_row_.column(count + c), 0);
    returning_row_.set_size(1);
    TURDB_RETURN_IF_ERROR(returning_.Evaluate(runtime, returning_row_, Rows::All(1)));
    return returned_.Append(runtime, returning_.values(), Rows::All(1));
  }

  const InsteadOfNode& node_;
  std::unique_ptr<Stream> input_;
  std::optional<EventTriggers> triggers_;
  EvaluatorList old_values_;
  EvaluatorList new_values_;
  EvaluatorList returning_;
  Chunk new_row_;        // one row, where triggers may change it
  Chunk returning_row_;  // one row: what RETURNING reads
  MaterializedRows returned_;
  MaterializedRows::Cursor cursor_;
  Chunk chunk_;
  bool begun_ = false;
  bool changes_made_ = false;
};

}  // namespace

SourceOr MakeInsteadOf(const InsteadOfNode& node, Builder& builder) {
  TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Stream> input, builder.BuildStream(*node.input));
  auto source = std::make_unique<InsteadOfSource>(node, std::move(input), builder);
  TURDB_RETURN_IF_ERROR(source->Build(builder));
  return source;
}

}  // namespace turdb::exec
