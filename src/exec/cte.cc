// Common table expressions: rows made on demand, kept, and scanned any number of times.
//
// A plain CTE grows by the batches of its definition. A recursive one grows by iterations: the rows of the last
// iteration are the working table that the recursive part reads, and they are part of the result as soon as they are
// made, so that a LIMIT above ends an endless recursion.
#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "exec/builder.h"
#include "exec/group_table.h"
#include "exec/materialized_rows.h"

namespace turdb::exec {
namespace {

using base::Status;
using base::StatusOr;
using vec::Chunk;
using vec::Rows;

class CteScanSource : public Source {
 public:
  CteScanSource(int32_t cte, Chunk chunk) : cte_(static_cast<size_t>(cte)), chunk_(std::move(chunk)) {}
  Status Start(Runtime&) override {
    cursor_ = MaterializedRows::Cursor();
    return absl::OkStatus();
  }
  StatusOr<Flow> Next(Runtime& runtime, Batch* out) override {
    CteState& state = *runtime.ctes[cte_];
    while (true) {
      TURDB_ASSIGN_OR_RETURN(const uint32_t count, state.rows().Scan(&cursor_, &chunk_));
      if (count != 0) break;
      TURDB_RETURN_IF_ERROR(runtime.CheckCancelled());
      TURDB_ASSIGN_OR_RETURN(const bool more, state.More(runtime));
      if (!more) return Flow::kDone;
    }
    *out = Batch::All(chunk_);
    return Flow::kHaveMore;
  }

 private:
  const size_t cte_;
  Chunk chunk_;
  MaterializedRows::Cursor cursor_;
};

// The body runs with the CTE's number bound to this state.
class CteSource : public Source, public CteState {
 public:
  CteSource(const CteNode& node, std::unique_ptr<Stream> definition, std::unique_ptr<Stream> body, Builder& builder)
      : cte_(static_cast<size_t>(node.cte)),
        definition_(std::move(definition)),
        body_(std::move(body)),
        rows_(node.definition->types, builder.capacity(), builder.budget(), "a common table expression") {}

  Status Start(Runtime& runtime) override {
    runtime.ctes[cte_] = this;
    rows_.Reset();
    ended_ = false;
    TURDB_RETURN_IF_ERROR(definition_->Start(runtime));
    return body_->Start(runtime);
  }
  StatusOr<Flow> Next(Runtime& runtime, Batch* out) override { return body_->Next(runtime, out); }
  int64_t memory_bytes() const override { return rows_.memory_bytes(); }
  int64_t spilled_bytes() const override { return rows_.spilled_bytes(); }

  MaterializedRows& rows() override { return rows_; }
  StatusOr<bool> More(Runtime& runtime) override {
    if (ended_) return false;
    Batch batch;
    TURDB_ASSIGN_OR_RETURN(const Flow flow, definition_->Next(runtime, &batch));
    if (flow == Flow::kBlocked) return base::InternalError("the definition of a CTE was blocked");
    ended_ = flow == Flow::kDone;
    if (ended_) return false;
    TURDB_RETURN_IF_ERROR(rows_.Append(runtime, batch));
    return true;
  }

 private:
  const size_t cte_;
  std::unique_ptr<Stream> definition_;
  std::unique_ptr<Stream> body_;
  MaterializedRows rows_;
  bool ended_ = false;
};

constexpr std::string_view kRecursivePurpose = "a recursive common table expression";

class RecursiveCteSource : public Source, public CteState {
 public:
  RecursiveCteSource(const RecursiveCteNode& node, std::unique_ptr<Stream> initial, std::unique_ptr<Stream> recursive,
                     std::unique_ptr<Stream> body, Builder& builder)
      : cte_(static_cast<size_t>(node.cte)),
        initial_(std::move(initial)),
        recursive_(std::move(recursive)),
        body_(std::move(body)),
        rows_(node.initial->types, builder.capacity(), builder.budget(), kRecursivePurpose),
        working_(node.initial->types, builder),
        next_(node.initial->types, builder),
        selection_(builder.capacity(), builder.budget()),
        records_(builder.capacity()) {
    if (node.distinct) seen_.emplace(node.initial->types, 0, builder.capacity(), builder.budget());
  }

  Status Start(Runtime& runtime) override {
    runtime.ctes[cte_] = this;
    rows_.Reset();
    working_.kept.Reset();
    next_.kept.Reset();
    if (seen_.has_value()) seen_->Reset();
    initial_done_ = ended_ = false;
    TURDB_RETURN_IF_ERROR(initial_->Start(runtime));
    return body_->Start(runtime);
  }
  StatusOr<Flow> Next(Runtime& runtime, Batch* out) override { return body_->Next(runtime, out); }
  int64_t memory_bytes() const override { return rows_.memory_bytes() + working_.kept.memory_bytes(); }
  int64_t spilled_bytes() const override { return rows_.spilled_bytes() + working_.kept.spilled_bytes(); }

  MaterializedRows& rows() override { return rows_; }

  // The initial part, then one iteration a call.
  StatusOr<bool> More(Runtime& runtime) override {
    if (ended_) return false;
    next_.kept.Reset();
    if (!initial_done_) {
      TURDB_RETURN_IF_ERROR(RunInto(runtime, *initial_));
      initial_done_ = true;
    } else {
      runtime.ctes[cte_] = &working_;
      Status status = recursive_->Start(runtime);
      if (status.ok()) status = RunInto(runtime, *recursive_);
      runtime.ctes[cte_] = this;
      TURDB_RETURN_IF_ERROR(status);
    }
    std::swap(working_.kept, next_.kept);
    ended_ = working_.kept.size() == 0;
    return !ended_;
  }

 private:
  // The working table: what the last iteration made, and no more.
  struct WorkingTable : CteState {
    WorkingTable(std::span<const vec::Type> types, Builder& builder)
        : kept(types, builder.capacity(), builder.budget(), kRecursivePurpose) {}
    MaterializedRows& rows() override { return kept; }
    StatusOr<bool> More(Runtime&) override { return false; }
    MaterializedRows kept;
  };

  Status RunInto(Runtime& runtime, Stream& stream) {
    while (true) {
      Batch batch;
      TURDB_ASSIGN_OR_RETURN(const Flow flow, stream.Next(runtime, &batch));
      if (flow == Flow::kBlocked) return base::InternalError("an iteration of a recursive CTE was blocked");
      if (flow == Flow::kDone) return absl::OkStatus();
      if (seen_.has_value()) TURDB_RETURN_IF_ERROR(KeepNew(&batch));
      if (batch.empty()) continue;
      TURDB_RETURN_IF_ERROR(rows_.Append(runtime, batch));
      TURDB_RETURN_IF_ERROR(next_.kept.Append(runtime, batch));
    }
  }

  Status KeepNew(Batch* batch) {
    columns_.clear();
    for (const vec::Vector& column : batch->chunk->columns()) columns_.push_back(&column);
    created_.clear();
    seen_->FindOrInsert(columns_, batch->rows, records_.data(), &created_);
    if (seen_->full())
      return base::OutOfMemoryError(absl::StrCat(kRecursivePurpose, " needs more memory than memory_limit leaves"));
    std::sort(created_.begin(), created_.end());
    for (size_t k = 0; k < created_.size(); ++k) selection_.data()[k] = batch->rows[created_[k]];
    batch->rows = Rows{selection_.data(), static_cast<uint32_t>(created_.size())};
    return absl::OkStatus();
  }

  const size_t cte_;
  std::unique_ptr<Stream> initial_;
  std::unique_ptr<Stream> recursive_;
  std::unique_ptr<Stream> body_;
  MaterializedRows rows_;
  WorkingTable working_;
  WorkingTable next_;
  std::optional<GroupTable> seen_;
  vec::SelectionVector selection_;
  std::vector<std::byte*> records_;
  std::vector<uint32_t> created_;
  std::vector<const vec::Vector*> columns_;
  bool initial_done_ = false;
  bool ended_ = false;
};

}  // namespace

SourceOr MakeCteScan(const CteScanNode& node, Builder& builder) {
  return std::make_unique<CteScanSource>(node.cte, builder.NewChunk(node.types));
}

SourceOr MakeCte(const CteNode& node, Builder& builder) {
  TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Stream> definition, builder.BuildStream(*node.definition));
  TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Stream> body, builder.BuildStream(*node.body));
  return std::make_unique<CteSource>(node, std::move(definition), std::move(body), builder);
}

SourceOr MakeRecursiveCte(const RecursiveCteNode& node, Builder& builder) {
  TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Stream> initial, builder.BuildStream(*node.initial));
  TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Stream> recursive, builder.BuildStream(*node.recursive));
  TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Stream> body, builder.BuildStream(*node.body));
  return std::make_unique<RecursiveCteSource>(node, std::move(initial), std::move(recursive), std::move(body), builder);
}

}  // namespace turdb::exec
