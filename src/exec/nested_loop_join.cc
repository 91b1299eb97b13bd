// Joins without keys to hash: nested loops over a materialised right side, and dependent apply.
//
// Both make pairs of one left row with a batch of right rows, as left columns constant beside right columns, and
// share what follows: the condition, and who matched.
#include <algorithm>
#include <vector>

#include "exec/builder.h"
#include "exec/materialized_rows.h"
#include "exec/vector_operations.h"

namespace turdb::exec {
namespace {

using base::Status;
using base::StatusOr;
using vec::Chunk;
using vec::Rows;

// Goes through the rows of a left batch; the subclass says which right rows each is paired with.
class PairingOperator : public Operator {
 public:
  PairingOperator(JoinType type, std::span<const vec::Type> left, std::span<const vec::Type> right, Builder& builder)
      : type_(type),
        left_count_(left.size()),
        pairs_(builder.NewChunk(Concatenate(left, right))),
        selection_(builder.capacity(), builder.budget()) {}

  Status Build(Expressions conjuncts, Builder& builder) {
    TURDB_ASSIGN_OR_RETURN(condition_, Filter::Make(conjuncts, builder.options()));
    return absl::OkStatus();
  }

  Status Start(Runtime& runtime) override {
    position_ = 0;
    row_open_ = false;
    kept_count_ = 0;
    return condition_.Start(runtime);
  }

  // One batch of pairs a call; semi and anti joins collect left rows and give them at the end of the batch.
  StatusOr<Flow> Push(Runtime& runtime, const Batch& in, Batch* out) override {
    while (position_ < in.rows.count) {
      if (!row_open_) {
        TURDB_RETURN_IF_ERROR(runtime.CheckCancelled());
        TURDB_ASSIGN_OR_RETURN(const Flow flow, OpenRow(runtime, in, position_));
        if (flow == Flow::kBlocked) return flow;
        row_open_ = true;
        row_matched_ = false;
      }
      Batch right;
      TURDB_ASSIGN_OR_RETURN(const Flow flow, NextRight(runtime, &right));
      if (flow == Flow::kBlocked) return flow;
      if (flow == Flow::kHaveMore) {
        TURDB_RETURN_IF_ERROR(Pair(runtime, in, right, out));
        if (IsExistence() && row_matched_) CloseRow(in, out);
      } else {
        CloseRow(in, out);
      }
      if (!out->empty()) return Flow::kHaveMore;
    }
    position_ = 0;
    if (IsExistence()) *out = Batch{in.chunk, Rows{selection_.data(), kept_count_}};
    kept_count_ = 0;
    return Flow::kNeedInput;
  }
  void Release() override { pairs_.Reset(); }

 protected:
  // Begins with the left row at `position` of `in`.
  virtual StatusOr<Flow> OpenRow(Runtime& runtime, const Batch& in, uint32_t position) = 0;
  // Its next right rows, or kDone.
  virtual StatusOr<Flow> NextRight(Runtime& runtime, Batch* right) = 0;
  // Which records the pairs of the last NextRight that passed belong to, for right and full joins.
  virtual void MarkMatched(Rows) {}

  bool IsExistence() const { return type_ == JoinType::kSemi || type_ == JoinType::kAnti; }
  const JoinType type_;
  const size_t left_count_;
  Chunk pairs_;

 private:
  static std::vector<vec::Type> Concatenate(std::span<const vec::Type> left, std::span<const vec::Type> right) {
    std::vector<vec::Type> types(left.begin(), left.end());
    types.insert(types.end(), right.begin(), right.end());
    return types;
  }

  void SetLeft(const Batch& in) {
    pairs_.Reset();
    for (size_t c = 0; c < left_count_; ++c) {
      SetConstantFromRow(in.chunk->column(c), in.rows[position_], &pairs_.column(c));
    }
  }

  Status Pair(Runtime& runtime, const Batch& in, const Batch& right, Batch* out) {
    SetLeft(in);
    for (size_t c = 0; c < right.chunk->column_count(); ++c) pairs_.column(left_count_ + c).Reference(right.chunk->column(c));
    pairs_.set_size(right.chunk->size());
    TURDB_ASSIGN_OR_RETURN(const Rows passed, condition_.Apply(runtime, pairs_, right.rows));
    if (passed.count == 0) return absl::OkStatus();
    row_matched_ = true;
    MarkMatched(passed);
    if (!IsExistence()) *out = Batch{&pairs_, passed};
    return absl::OkStatus();
  }

  // The left row is through.
  void CloseRow(const Batch& in, Batch* out) {
    if (IsExistence()) {
      if (row_matched_ == (type_ == JoinType::kSemi)) selection_.data()[kept_count_++] = in.rows[position_];
    } else if (!row_matched_ && (type_ == JoinType::kLeft || type_ == JoinType::kFull)) {
      SetLeft(in);
      for (size_t c = left_count_; c < pairs_.column_count(); ++c) pairs_.column(c).SetConstantNull();
      pairs_.set_size(1);
      *out = Batch::All(pairs_);
    }
    row_open_ = false;
    ++position_;
  }

  Filter condition_;
  vec::SelectionVector selection_;  // semi and anti: left rows to give
  uint32_t kept_count_ = 0;
  uint32_t position_ = 0;
  bool row_open_ = false;
  bool row_matched_ = false;
};

class NestedLoopJoin : public PairingOperator {
 public:
  NestedLoopJoin(const NestedLoopJoinNode& node, std::unique_ptr<Stream> right, Builder& builder)
      : PairingOperator(node.type, node.left->types, node.right->types, builder),
        right_(std::move(right)),
        rows_(node.right->types, builder.capacity(), builder.budget(), "the inner side of a nested loop join"),
        chunk_(builder.NewChunk(node.right->types)) {}

  Status Start(Runtime& runtime) override {
    rows_.Reset();
    scan_cursor_ = MaterializedRows::Cursor();
    matched_.clear();
    built_ = false;
    unmatched_ = 0;
    unmatched_cursor_ = MaterializedRows::Cursor();
    TURDB_RETURN_IF_ERROR(PairingOperator::Start(runtime));
    return right_->Start(runtime);
  }

  StatusOr<Flow> Push(Runtime& runtime, const Batch& in, Batch* out) override {
    TURDB_ASSIGN_OR_RETURN(const Flow flow, BuildRight(runtime));
    if (flow == Flow::kBlocked) return flow;
    return PairingOperator::Push(runtime, in, out);
  }

  StatusOr<Flow> Finish(Runtime& runtime, Batch* out) override {
    if (type_ != JoinType::kRight && type_ != JoinType::kFull) return Flow::kDone;
    TURDB_ASSIGN_OR_RETURN(const Flow flow, BuildRight(runtime));
    if (flow == Flow::kBlocked) return flow;
    TURDB_ASSIGN_OR_RETURN(const uint32_t count, rows_.Scan(&unmatched_cursor_, &chunk_));
    if (count == 0) return Flow::kDone;
    pairs_.Reset();
    for (size_t c = 0; c < left_count_; ++c) pairs_.column(c).SetConstantNull();
    for (size_t c = 0; c < chunk_.column_count(); ++c) pairs_.column(left_count_ + c).Reference(chunk_.column(c));
    pairs_.set_size(count);
    unmatched_rows_.clear();
    for (uint32_t i = 0; i < count; ++i) {
      if (!matched_[unmatched_ + i]) unmatched_rows_.push_back(i);
    }
    unmatched_ += count;
    *out = Batch{&pairs_, Rows{unmatched_rows_.data(), static_cast<uint32_t>(unmatched_rows_.size())}};
    return Flow::kHaveMore;
  }

  int64_t memory_bytes() const override { return rows_.memory_bytes(); }
  int64_t spilled_bytes() const override { return rows_.spilled_bytes(); }

 protected:
  StatusOr<Flow> OpenRow(Runtime&, const Batch&, uint32_t) override {
    scan_cursor_.Rewind();
    next_number_ = 0;
    return Flow::kDone;
  }
  StatusOr<Flow> NextRight(Runtime&, Batch* right) override {
    TURDB_ASSIGN_OR_RETURN(const uint32_t count, rows_.Scan(&scan_cursor_, &chunk_));
    first_number_ = next_number_;
    next_number_ += count;
    *right = Batch::All(chunk_);
    return count == 0 ? Flow::kDone : Flow::kHaveMore;
  }
  void MarkMatched(Rows rows) override {
    if (matched_.empty()) return;
    for (uint32_t i = 0; i < rows.count; ++i) matched_[first_number_ + rows[i]] = true;
  }

 private:
  StatusOr<Flow> BuildRight(Runtime& runtime) {
    while (!built_) {
      Batch batch;
      TURDB_ASSIGN_OR_RETURN(const Flow flow, right_->Next(runtime, &batch));
      if (flow == Flow::kBlocked) return flow;
      if (flow == Flow::kDone) {
        built_ = true;
        if (type_ == JoinType::kRight || type_ == JoinType::kFull) matched_.resize(rows_.size());
      } else {
        TURDB_RETURN_IF_ERROR(rows_.Append(runtime, batch));
      }
    }
    return Flow::kDone;
  }

  std::unique_ptr<Stream> right_;
  MaterializedRows rows_;
  Chunk chunk_;
  bool built_ = false;
  MaterializedRows::Cursor scan_cursor_;
  uint64_t first_number_ = 0;  // of the right rows in chunk_
  uint64_t next_number_ = 0;
  std::vector<bool> matched_;  // by number of the right row, for right and full joins
  MaterializedRows::Cursor unmatched_cursor_;
  uint64_t unmatched_ = 0;
  std::vector<vec::SelIndex> unmatched_rows_;
};

class ApplyOperator : public PairingOperator {
 public:
  ApplyOperator(const ApplyNode& node, std::unique_ptr<Stream> right, Builder& builder)
      : PairingOperator(node.type, node.left->types, node.right->types, builder), node_(node), right_(std::move(right)) {}

  Status Build(Builder& builder) {
    std::vector<const Expression*> values;
    for (const SlotBinding& binding : node_.bindings) values.push_back(binding.value);
    TURDB_ASSIGN_OR_RETURN(bindings_, EvaluatorList::Make(values, builder.options()));
    return PairingOperator::Build(node_.conjuncts, builder);
  }

  Status Start(Runtime& runtime) override {
    TURDB_RETURN_IF_ERROR(bindings_.Start(runtime));
    return PairingOperator::Start(runtime);
  }

 protected:
  StatusOr<Flow> OpenRow(Runtime& runtime, const Batch& in, uint32_t position) override {
    if (position == 0) TURDB_RETURN_IF_ERROR(bindings_.Evaluate(runtime, *in.chunk, in.rows));
    for (size_t b = 0; b < node_.bindings.size(); ++b) {
      SetConstantFromRow(*bindings_.values()[b], in.rows[position],
                         &runtime.slots[static_cast<size_t>(node_.bindings[b].slot)]);
    }
    TURDB_RETURN_IF_ERROR(right_->Start(runtime));
    return Flow::kDone;
  }
  StatusOr<Flow> NextRight(Runtime& runtime, Batch* right) override { return right_->Next(runtime, right); }

 private:
  const ApplyNode& node_;
  std::unique_ptr<Stream> right_;
  EvaluatorList bindings_;
};

}  // namespace

OperatorOr MakeNestedLoopJoin(const NestedLoopJoinNode& node, Builder& builder) {
  TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Stream> right, builder.BuildStream(*node.right));
  auto join = std::make_unique<NestedLoopJoin>(node, std::move(right), builder);
  TURDB_RETURN_IF_ERROR(join->Build(node.conjuncts, builder));
  return join;
}

OperatorOr MakeApply(const ApplyNode& node, Builder& builder) {
  TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Stream> right, builder.BuildStream(*node.right));
  auto apply = std::make_unique<ApplyOperator>(node, std::move(right), builder);
  TURDB_RETURN_IF_ERROR(apply->Build(builder));
  return apply;
}

}  // namespace turdb::exec
