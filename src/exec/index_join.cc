// Index joins: for each left row, the rows of a table whose key begins with the row's values.
//
// The rows that many left rows find are gathered in one chunk, so that what follows works on full batches; left columns are
// shared through row numbers. Pairs come in the order of the left rows; what a left join owes for rows without a match comes
// behind those of its batch.
#include <algorithm>
#include <optional>
#include <vector>

#include "exec/builder.h"
#include "exec/key_range.h"
#include "exec/vector_operations.h"
#include "table/scan.h"
#include "table/table.h"

namespace turdb::exec {
namespace {

using base::Status;
using base::StatusOr;
using vec::Chunk;
using vec::Rows;

class IndexJoin : public Operator {
 public:
  IndexJoin(const IndexJoinNode& node, const table::Projection& right, Builder& builder)
      : type_(node.type),
        left_count_(node.left->types.size()),
        table_(*node.table),
        index_(node.index),
        projection_(right),
        pairs_(builder.NewChunk(PairTypes(node, projection_))),
        found_(builder.NewChunk(projection_.types())),
        selection_(builder.capacity(), builder.budget()),
        pair_positions_(builder.capacity()),
        matched_(builder.capacity()) {}

  Status Build(const IndexJoinNode& node, Builder& builder) {
    TURDB_ASSIGN_OR_RETURN(keys_, EvaluatorList::Make(node.keys, builder.options()));
    TURDB_ASSIGN_OR_RETURN(residual_, Filter::Make(node.residual, builder.options()));
    cells_.resize(node.keys.size());
    const bool unique = index_ < 0 || table_.schema().indexes[static_cast<size_t>(index_)].unique;
    if (unique && cells_.size() == table_.key_parts(index_).size()) lookup_.emplace(table_, index_, projection_);
    if (index_ >= 0 && !lookup_.has_value()) {
      TURDB_ASSIGN_OR_RETURN(index_scan_, table::IndexScan::Open(table_, index_, projection_));
    }
    return absl::OkStatus();
  }

  Status Start(Runtime& runtime) override {
    open_ = row_open_ = false;
    TURDB_RETURN_IF_ERROR(keys_.Start(runtime));
    return residual_.Start(runtime);
  }

  StatusOr<Flow> Push(Runtime& runtime, const Batch& in, Batch* out) override {
    if (!open_) {
      TURDB_RETURN_IF_ERROR(keys_.Evaluate(runtime, *in.chunk, in.rows));
      std::fill_n(matched_.begin(), in.rows.count, uint8_t{0});
      position_ = 0;
      row_open_ = false;
      open_ = true;
    }
    while (position_ < in.rows.count) {
      TURDB_RETURN_IF_ERROR(runtime.CheckCancelled());
      TURDB_RETURN_IF_ERROR(Gather(runtime, in));
      if (found_.size() == 0) continue;
      TURDB_RETURN_IF_ERROR(Pair(runtime, in, out));
      if (!out->empty()) return Flow::kHaveMore;
    }
    open_ = false;
    if (type_ != JoinType::kInner) GiveByMatch(in, out);
    return Flow::kNeedInput;
  }

  void Release() override { pairs_.Reset(); }

 private:
  static constexpr uint32_t kBetweenChecks = 1024;  // left rows without a match until cancellation is looked for

  static std::vector<vec::Type> PairTypes(const IndexJoinNode& node, const table::Projection& right) {
    std::vector<vec::Type> types(node.left->types.begin(), node.left->types.end());
    types.insert(types.end(), right.types().begin(), right.types().end());
    return types;
  }
  bool IsExistence() const { return type_ == JoinType::kSemi || type_ == JoinType::kAnti; }

  // Fills found_ with rows for the left rows from position_ on; pair_positions_ says which each belongs to.
  Status Gather(Runtime& runtime, const Batch& in) {
    const txn::View& view = runtime.context->ViewOf(table_.schema().id);
    pairs_.Reset();
    found_.Reset();
    for (uint32_t looked = 0; position_ < in.rows.count && found_.size() < found_.capacity() && looked < kBetweenChecks;
         ++looked) {
      const uint32_t before = found_.size();
      if (!row_open_ && !OpenRow(in)) {
        ++position_;
        continue;
      }
      bool more = false;
      if (lookup_.has_value()) {
        TURDB_RETURN_IF_ERROR(lookup_->Append(view, lower_.bytes(), &found_).status());
      } else {
        // Where one row answers the question, no more are read.
        const uint32_t wanted = IsExistence() && residual_.empty() ? 1 : found_.capacity();
        StatusOr<uint32_t> rows =
            index_ < 0 ? table_scan_->Append(view, wanted, &found_) : index_scan_->Append(view, wanted, &found_);
        TURDB_RETURN_IF_ERROR(rows.status());
        more = *rows != 0 && wanted != 1;
      }
      std::fill(pair_positions_.begin() + before, pair_positions_.begin() + found_.size(), position_);
      row_open_ = more;
      if (!more) ++position_;
    }
    return absl::OkStatus();
  }

  // False: nothing can match.
  bool OpenRow(const Batch& in) {
    for (size_t k = 0; k < cells_.size(); ++k) {
      cells_[k] = CellOf(*keys_.values()[k], in.rows[position_]);
      if (cells_[k] == nullptr) return false;
    }
    if (lookup_.has_value()) {
      return index_ < 0 ? table_.EncodeRowKey(cells_, &lower_) : table_.EncodeIndexKey(index_, cells_, &lower_);
    }
    table::Table::Range range;
    range.equal = cells_;
    if (!table_.EncodeRange(index_, range, &lower_, &upper_)) return false;
    if (index_ >= 0) {
      index_scan_->Reset(lower_.bytes(), upper_.bytes());
    } else if (table_scan_.has_value()) {
      table_scan_->Reset(lower_.bytes(), upper_.bytes());
    } else {
      table_scan_.emplace(table_, projection_, lower_.bytes(), upper_.bytes());
    }
    return true;
  }

  Status Pair(Runtime& runtime, const Batch& in, Batch* out) {
    const uint32_t count = found_.size();
    Rows passed = Rows::All(count);
    if (!IsExistence() || !residual_.empty()) {
      for (uint32_t k = 0; k < count; ++k) selection_.data()[k] = in.rows[pair_positions_[k]];
      const Rows left_rows{selection_.data(), count};
      for (size_t c = 0; c < left_count_; ++c) pairs_.column(c).Slice(in.chunk->column(c), left_rows);
      for (size_t c = 0; c < found_.column_count(); ++c) pairs_.column(left_count_ + c).Reference(found_.column(c));
      pairs_.set_size(count);
      TURDB_ASSIGN_OR_RETURN(passed, residual_.Apply(runtime, pairs_, passed));
    }
    for (uint32_t k = 0; k < passed.count; ++k) matched_[pair_positions_[passed[k]]] = 1;
    if (!IsExistence()) {
      *out = Batch{&pairs_, passed};
    } else if (row_open_ && matched_[position_] != 0) {  // the rest of its rows says nothing new
      row_open_ = false;
      ++position_;
    }
    return absl::OkStatus();
  }

  // Once a batch is through: the left rows that semi, anti and left joins owe.
  void GiveByMatch(const Batch& in, Batch* out) {
    const uint8_t wanted = type_ == JoinType::kSemi ? 1 : 0;
    uint32_t count = 0;
    for (uint32_t i = 0; i < in.rows.count; ++i) {
      if (matched_[i] == wanted) selection_.data()[count++] = in.rows[i];
    }
    const Rows rows{selection_.data(), count};
    if (IsExistence()) {
      *out = Batch{in.chunk, rows};
      return;
    }
    pairs_.Reset();
    for (size_t c = 0; c < left_count_; ++c) pairs_.column(c).Slice(in.chunk->column(c), rows);
    for (size_t c = left_count_; c < pairs_.column_count(); ++c) pairs_.column(c).SetConstantNull();
    pairs_.set_size(count);
    *out = Batch::All(pairs_);
  }

  const JoinType type_;
  const size_t left_count_;
  const table::Table& table_;
  const int32_t index_;
  const table::Projection projection_;
  EvaluatorList keys_;
  Filter residual_;
  Chunk pairs_;
  Chunk found_;  // the right columns of pairs_
  vec::SelectionVector selection_;
  // The batch being joined; positions count its rows.
  bool open_ = false;
  uint32_t position_ = 0;
  bool row_open_ = false;  // the row at position_ has been begun with
  std::vector<uint32_t> pair_positions_;
  std::vector<uint8_t> matched_;
  std::vector<table::Cell> cells_;
  table::KeyBuffer lower_;  // or the key to look up
  table::KeyBuffer upper_;
  std::optional<table::RowLookup> lookup_;  // when each left row has at most one
  std::optional<table::TableScan> table_scan_;
  std::unique_ptr<table::IndexScan> index_scan_;
};

}  // namespace

OperatorOr MakeIndexJoin(const IndexJoinNode& node, Builder& builder) {
  auto join = std::make_unique<IndexJoin>(node, node.table->MakeProjection(node.columns), builder);
  TURDB_RETURN_IF_ERROR(join->Build(node, builder));
  return join;
}

}  // namespace turdb::exec
