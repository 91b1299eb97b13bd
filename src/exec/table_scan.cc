// Scans of tables and indexes, and single rows by key.
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

// What TableScan and IndexScan have in common: bounds, batches, filters.
class ScanSource : public Source, private table::LeafComputation {
 public:
  ScanSource(const table::Table& table, int32_t index, std::span<const int32_t> columns, std::span<const int32_t> in_leaf,
             bool reverse, Chunk chunk)
      : table_(table),
        index_(index),
        reverse_(reverse),
        in_leaf_(in_leaf),
        projection_(table.MakeProjection(columns, in_leaf)),
        chunk_(std::move(chunk)) {}

  void AddFilters(std::vector<std::unique_ptr<ScanFilter>> filters, Builder& builder) {
    if (filters.empty()) return;
    join_filters_ = std::move(filters);
    kept_.emplace(builder.capacity(), builder.budget());
  }

  Status Build(const KeyRange& range, Expressions latch_filter, Expressions filter, Builder& builder) {
    TURDB_ASSIGN_OR_RETURN(range_, BoundKeyRange::Make(table_, index_, range, builder.options()));
    TURDB_ASSIGN_OR_RETURN(latch_filter_, Filter::Make(latch_filter, builder.options()));
    TURDB_ASSIGN_OR_RETURN(filter_, Filter::Make(filter, builder.options()));
    return absl::OkStatus();
  }

  // Outputs behind the columns, made of them.
  Status BuildComputed(const TableScanNode& node, Builder& builder) {
    TURDB_ASSIGN_OR_RETURN(computed_, EvaluatorList::Make(node.computed, builder.options()));
    for (const Expression* given : node.given) {
      TURDB_ASSIGN_OR_RETURN(ScalarEvaluator evaluator, ScalarEvaluator::Make(*given, builder.options()));
      given_.push_back(std::move(evaluator));
    }
    given_slots_ = node.given_slots;
    return absl::OkStatus();
  }

  // One of several lanes' scans; the first cuts the range for all.
  void TakeMorselsOf(std::shared_ptr<Morsels> morsels, bool cuts, size_t count) {
    morsels_ = std::move(morsels);
    cuts_ = cuts;
    morsel_count_ = count;
  }

  Status Start(Runtime& runtime) override {
    ramp_.Start();
    TURDB_RETURN_IF_ERROR(latch_filter_.Start(runtime));
    TURDB_RETURN_IF_ERROR(filter_.Start(runtime));
    TURDB_RETURN_IF_ERROR(computed_.Start(runtime));
    for (size_t i = 0; i < given_.size(); ++i) {
      TURDB_RETURN_IF_ERROR(given_[i].Start(runtime));
      TURDB_ASSIGN_OR_RETURN(const vec::Vector* const value, given_[i].Evaluate(runtime));
      SetConstantFromRow(*value, 0, &runtime.slots[static_cast<size_t>(given_slots_[i])]);
    }
    for (const std::unique_ptr<ScanFilter>& filter : join_filters_) TURDB_RETURN_IF_ERROR(filter->Start(runtime));
    done_ = morsel_open_ = false;
    if (morsels_ != nullptr && !cuts_) return absl::OkStatus();
    TURDB_ASSIGN_OR_RETURN(const bool not_empty, range_->Bind(runtime));
    done_ = !not_empty;
    if (morsels_ != nullptr) {
      if (!done_) return morsels_->Start(table_, range_->lower(), range_->upper(), morsel_count_);
      morsels_->Clear();
    }
    if (done_) return absl::OkStatus();
    if (index_ < 0) {
      if (!table_scan_.has_value()) {
        EmplaceTableScan(range_->lower(), range_->upper());
      } else {
        table_scan_->Reset(range_->lower(), range_->upper());
      }
    } else if (index_scan_ == nullptr) {
      TURDB_ASSIGN_OR_RETURN(index_scan_,
                             table::IndexScan::Open(table_, index_, projection_, range_->lower(), range_->upper(), reverse_));
    } else {
      index_scan_->Reset(range_->lower(), range_->upper());
    }
    return absl::OkStatus();
  }

  StatusOr<Flow> Next(Runtime& runtime, Batch* out) override {
    if (done_) return Flow::kDone;
    if (morsels_ != nullptr && !morsel_open_ && !OpenMorsel()) {
      done_ = true;
      return Flow::kDone;
    }
    const uint32_t max_rows = ramp_.Next(chunk_.capacity());
    runtime_ = &runtime;
    StatusOr<bool> more = index_ < 0 ? table_scan_->Next(runtime.context->ViewOf(table_.schema().id), max_rows, &chunk_)
                                     : index_scan_->Next(runtime.context->ViewOf(table_.schema().id), max_rows, &chunk_);
    TURDB_RETURN_IF_ERROR(more.status());
    if (!*more) {
      morsel_open_ = false;
      if (morsels_ != nullptr) return Flow::kHaveMore;
      done_ = true;
      return Flow::kDone;
    }
    Rows rows = Rows::All(chunk_.size());
    if (!latch_filter_.empty()) {
      TURDB_ASSIGN_OR_RETURN(rows, latch_filter_.Apply(runtime, chunk_, rows));
    }
    if (!filter_.empty() && rows.count != 0) {
      TURDB_ASSIGN_OR_RETURN(rows, filter_.Apply(runtime, chunk_, rows));
    }
    for (const std::unique_ptr<ScanFilter>& filter : join_filters_) {
      if (rows.count == 0 || !filter->IsUseful()) continue;
      TURDB_ASSIGN_OR_RETURN(const uint32_t kept, filter->Select(runtime, chunk_, rows, kept_->data()));
      rows = Rows{kept_->data(), kept};
    }
    *out = Batch{&chunk_, rows};
    return Flow::kHaveMore;
  }

 private:
  void EmplaceTableScan(base::Bytes lower, base::Bytes upper) {
    table_scan_.emplace(table_, projection_, lower, upper, reverse_);
    if (computed_.size() == 0) return;
    table_scan_->set_computation(this);
    table_scan_->set_reads_whole_rows(latch_filter_.empty());
  }

  // Rows that the filter drops need no values; they are dropped again with the whole chunk.
  Status Compute(Chunk* chunk, Rows rows) override {
    const Rows all = rows;
    if (!latch_filter_.empty()) {
      TURDB_ASSIGN_OR_RETURN(rows, latch_filter_.Apply(*runtime_, *chunk, rows));
      // Of some rows that came lately, how many pass.
      seen_ += all.count;
      passed_ += rows.count;
      if (seen_ >= kPassRateOf) {
        table_scan_->set_reads_whole_rows(passed_ > seen_ / 8);
        seen_ = passed_ = 0;
      }
    }
    if (rows.count != 0) {
      TURDB_RETURN_IF_ERROR(computed_.Evaluate(*runtime_, *chunk, rows));
      const size_t first = projection_.size();
      for (size_t i = 0; i < computed_.size(); ++i) CopyRows(*computed_.values()[i], rows, &chunk->column(first + i));
    }
    for (const int32_t column : in_leaf_) {
      auto* const views = chunk->column(static_cast<size_t>(column)).data<vec::StringView>();
      for (uint32_t i = 0; i < all.count; ++i) views[all[i]] = vec::StringView();
    }
    return absl::OkStatus();
  }

  bool OpenMorsel() {
    base::Bytes lower, upper;
    if (!morsels_->Next(&lower, &upper)) return false;
    if (table_scan_.has_value()) {
      table_scan_->Reset(lower, upper);
    } else {
      EmplaceTableScan(lower, upper);
    }
    morsel_open_ = true;
    return true;
  }

  const table::Table& table_;
  const int32_t index_;
  const bool reverse_;
  const std::span<const int32_t> in_leaf_;
  const table::Projection projection_;
  Chunk chunk_;
  EvaluatorList computed_;
  std::vector<ScalarEvaluator> given_;
  std::span<const int32_t> given_slots_;
  Runtime* runtime_ = nullptr;  // while rows are read
  static constexpr uint32_t kPassRateOf = 1024;
  uint32_t seen_ = 0, passed_ = 0;
  std::optional<BoundKeyRange> range_;
  Filter latch_filter_;
  Filter filter_;
  std::vector<std::unique_ptr<ScanFilter>> join_filters_;
  std::optional<vec::SelectionVector> kept_;  // by join_filters_
  std::optional<table::TableScan> table_scan_;
  std::unique_ptr<table::IndexScan> index_scan_;
  std::shared_ptr<Morsels> morsels_;  // null: the range is read in one piece
  bool cuts_ = false;
  size_t morsel_count_ = 0;
  bool morsel_open_ = false;
  RampUp ramp_;
  bool done_ = false;
};

// Whether the first row has a text that is not to be kept twice.
bool HasLongText(const Chunk& chunk) {
  constexpr size_t kLongBytes = 8 << 10;
  return std::any_of(chunk.columns().begin(), chunk.columns().end(), [](const vec::Vector& column) {
    return column.physical() == vec::PhysicalType::kString && column.View().IsValid(0) &&
           column.View().Get<vec::StringView>(0).size() > kLongBytes;
  });
}

class PointLookupSource : public Source {
 public:
  PointLookupSource(const PointLookupNode& node, Chunk chunk)
      : table_(*node.table), index_(node.index), projection_(table_.MakeProjection(node.columns)), chunk_(std::move(chunk)) {}

  Status Build(const PointLookupNode& node, Builder& builder) {
    KeyRange range;
    range.equal = node.key;
    TURDB_ASSIGN_OR_RETURN(key_, BoundKeyRange::Make(table_, index_, range, builder.options()));
    TURDB_ASSIGN_OR_RETURN(filter_, Filter::Make(node.filter, builder.options()));
    return absl::OkStatus();
  }

  Status Start(Runtime& runtime) override {
    TURDB_RETURN_IF_ERROR(filter_.Start(runtime));
    TURDB_ASSIGN_OR_RETURN(found_, key_->BindPoint(runtime, &row_key_));
    return absl::OkStatus();
  }

  StatusOr<Flow> Next(Runtime& runtime, Batch* out) override {
    if (!found_) return Flow::kDone;
    found_ = false;
    const txn::View& view = runtime.context->ViewOf(table_.schema().id);
    if (index_ >= 0) {
      index_key_ = row_key_;
      TURDB_ASSIGN_OR_RETURN(const bool in_index, table_.FindUnique(view, index_, index_key_.bytes(), &row_key_));
      if (!in_index) return Flow::kDone;
    }
    TURDB_ASSIGN_OR_RETURN(const bool there, table_.Get(view, row_key_.bytes(), projection_, &row_));
    if (!there) return Flow::kDone;
    chunk_.Reset();
    for (size_t c = 0; c < chunk_.column_count(); ++c) CopySlot(row_[c], &chunk_.column(c), 0);
    chunk_.set_size(1);
    if (HasLongText(chunk_)) row_ = table::RowBuffer();  // once is enough
    Rows rows = Rows::All(1);
    if (!filter_.empty()) {
      TURDB_ASSIGN_OR_RETURN(rows, filter_.Apply(runtime, chunk_, rows));
    }
    *out = Batch{&chunk_, rows};
    return Flow::kDone;
  }

 private:
  const table::Table& table_;
  const int32_t index_;
  const table::Projection projection_;
  Chunk chunk_;
  std::optional<BoundKeyRange> key_;
  Filter filter_;
  table::KeyBuffer row_key_;
  table::KeyBuffer index_key_;
  table::RowBuffer row_;
  bool found_ = false;
};

}  // namespace

SourceOr MakeTableScan(const TableScanNode& node, Builder& builder) {
  auto source =
      std::make_unique<ScanSource>(*node.table, -1, node.columns, node.in_leaf, node.reverse, builder.NewChunk(node.types));
  TURDB_RETURN_IF_ERROR(source->Build(node.range, node.latch_filter, node.filter, builder));
  TURDB_RETURN_IF_ERROR(source->BuildComputed(node, builder));
  TURDB_ASSIGN_OR_RETURN(std::vector<std::unique_ptr<ScanFilter>> filters, builder.MakeScanFilters(node));
  source->AddFilters(std::move(filters), builder);
  if (std::shared_ptr<Morsels> morsels = builder.MorselsOf(node); morsels != nullptr) {
    // Enough that the last ones of all lanes end at about the same time.
    constexpr int64_t kMorselRows = 50'000;
    const auto count = static_cast<size_t>(std::clamp<int64_t>(node.table->row_estimate() / kMorselRows, 0, 256));
    source->TakeMorselsOf(std::move(morsels), !builder.is_later_lane(), std::max(count, 8 * builder.parallelism().threads));
  }
  return source;
}

SourceOr MakeIndexScan(const IndexScanNode& node, Builder& builder) {
  auto source = std::make_unique<ScanSource>(*node.table, node.index, node.columns, std::span<const int32_t>(), node.reverse,
                                             builder.NewChunk(node.types));
  TURDB_RETURN_IF_ERROR(source->Build(node.range, {}, node.filter, builder));
  return source;
}

SourceOr MakePointLookup(const PointLookupNode& node, Builder& builder) {
  auto source = std::make_unique<PointLookupSource>(node, builder.NewChunk(node.types));
  TURDB_RETURN_IF_ERROR(source->Build(node, builder));
  return source;
}

}  // namespace turdb::exec
