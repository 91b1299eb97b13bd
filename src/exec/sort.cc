// ORDER BY, with or without a limit.
#include <vector>

#include "exec/builder.h"
#include "exec/sorter.h"

namespace turdb::exec {
namespace {

using base::Status;
using base::StatusOr;
using vec::Chunk;

class SortSource : public Source {
 public:
  SortSource(const Node& node, std::span<const SortKey> keys, std::unique_ptr<Stream> input, Builder& builder)
      : input_(std::move(input)),
        sorter_(Orders(keys), node.types, builder.capacity(), builder.budget()),
        chunk_(builder.NewChunk(node.types)),
        selection_(builder.capacity(), builder.budget()) {}

  Status Build(std::span<const SortKey> keys, const Expression* limit, const Expression* offset, Builder& builder) {
    std::vector<const Expression*> expressions;
    for (const SortKey& key : keys) expressions.push_back(key.expression);
    TURDB_ASSIGN_OR_RETURN(keys_, EvaluatorList::Make(expressions, builder.options()));
    TURDB_ASSIGN_OR_RETURN(counts_, LimitCounts::Make(limit, offset, builder.options()));
    return absl::OkStatus();
  }

  void TellProgress(std::shared_ptr<NearestProgress> nearest) { nearest_ = std::move(nearest); }

  Status Start(Runtime& runtime) override {
    drained_ = false;
    TURDB_RETURN_IF_ERROR(counts_.Start(runtime, &limit_, &offset_));
    if (nearest_ != nullptr) nearest_->Begin(limit_ > UINT64_MAX - offset_ ? UINT64_MAX : limit_ + offset_);
    TURDB_RETURN_IF_ERROR(sorter_.Start(runtime));
    sorter_.SetLimit(limit_ > UINT64_MAX - offset_ ? UINT64_MAX : limit_ + offset_);
    TURDB_RETURN_IF_ERROR(keys_.Start(runtime));
    return input_->Start(runtime);
  }

  StatusOr<Flow> Next(Runtime& runtime, Batch* out) override {
    if (limit_ == 0) return Flow::kDone;
    while (!drained_) {
      Batch batch;
      TURDB_ASSIGN_OR_RETURN(const Flow flow, input_->Next(runtime, &batch));
      if (flow == Flow::kBlocked) return flow;
      if (flow == Flow::kDone) {
        TURDB_RETURN_IF_ERROR(sorter_.Finish(runtime));
        drained_ = true;
        break;
      }
      if (nearest_ != nullptr && nearest_->TakeBeginAgain()) TURDB_RETURN_IF_ERROR(sorter_.Start(runtime));
      TURDB_RETURN_IF_ERROR(keys_.Evaluate(runtime, *batch.chunk, batch.rows));
      if (nearest_ != nullptr) NoteDistances(batch.rows);
      columns_.clear();
      for (const vec::Vector& column : batch.chunk->columns()) columns_.push_back(&column);
      TURDB_RETURN_IF_ERROR(sorter_.Add(runtime, keys_.values(), columns_, batch.rows));
    }
    TURDB_ASSIGN_OR_RETURN(const bool more, sorter_.Next(runtime, &chunk_));
    if (!more) return Flow::kDone;
    return Cut(out);
  }

  int64_t memory_bytes() const override { return sorter_.memory_bytes(); }
  int64_t spilled_bytes() const override { return sorter_.spilled_bytes(); }

 private:
  void NoteDistances(vec::Rows rows) {
    const vec::VectorView distances = keys_.values()[0]->View();
    for (uint32_t i = 0; i < rows.count; ++i) {
      if (distances.IsValid(rows[i])) nearest_->Add(distances.Get<double>(rows[i]));
    }
  }

  // The part of chunk_ that offset and limit leave.
  Flow Cut(Batch* out) {
    *out = Batch::All(chunk_);
    const uint64_t skip = std::min<uint64_t>(offset_, chunk_.size());
    const uint64_t take = std::min<uint64_t>(limit_, chunk_.size() - skip);
    offset_ -= skip;
    if (limit_ != UINT64_MAX) limit_ -= take;
    if (skip != 0) {
      for (uint32_t i = 0; i < take; ++i) selection_.data()[i] = static_cast<vec::SelIndex>(skip) + i;
      out->rows.rows = selection_.data();
    }
    out->rows.count = static_cast<uint32_t>(take);
    return limit_ == 0 ? Flow::kDone : Flow::kHaveMore;
  }

  static std::vector<SortOrder> Orders(std::span<const SortKey> keys) {
    std::vector<SortOrder> orders;
    for (const SortKey& key : keys) orders.push_back({key.expression->type, key.descending, key.nulls_first});
    return orders;
  }

  std::unique_ptr<Stream> input_;
  EvaluatorList keys_;
  LimitCounts counts_;
  Sorter sorter_;
  Chunk chunk_;
  vec::SelectionVector selection_;
  std::vector<const vec::Vector*> columns_;
  std::shared_ptr<NearestProgress> nearest_;  // who finds the rows, and wants to know how many are enough; else null
  uint64_t limit_ = 0;
  uint64_t offset_ = 0;
  bool drained_ = false;
};

}  // namespace

SourceOr MakeSort(const SortNode& node, Builder& builder) {
  TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Stream> input, builder.BuildStream(*node.input));
  auto source = std::make_unique<SortSource>(node, node.keys, std::move(input), builder);
  TURDB_RETURN_IF_ERROR(source->Build(node.keys, nullptr, nullptr, builder));
  return source;
}

SourceOr MakeTopN(const TopNNode& node, Builder& builder) {
  TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Stream> input, builder.BuildStream(*node.input));
  auto source = std::make_unique<SortSource>(node, node.keys, std::move(input), builder);
  TURDB_RETURN_IF_ERROR(source->Build(node.keys, node.limit, node.offset, builder));
  if (node.nearest >= 0) source->TellProgress(builder.NearestOf(node.nearest));
  return source;
}

}  // namespace turdb::exec
