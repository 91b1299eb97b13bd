// Makes streams of operators from plan nodes. Each family of operators builds itself in its own file; this header is
// the list of them. Only exec's own .cc files include it.
#ifndef TURDB_EXEC_BUILDER_H_
#define TURDB_EXEC_BUILDER_H_

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>

#include "base/memory_budget.h"
#include "base/status.h"
#include "exec/evaluator.h"
#include "exec/lanes.h"
#include "exec/nearest_progress.h"
#include "exec/pipeline.h"
#include "exec/plan.h"
#include "exec/scan_filter.h"

namespace turdb::exec {

// Lives while an Execution is created. What it makes keeps references to the plan, to the budget and to profiles.
class Builder : public StreamBuilder {
 public:
  // `profiles` has an entry for each node of the plan when profiling, and is empty otherwise.
  Builder(base::MemoryBudget* budget, uint32_t capacity, NodeProfiles* profiles, Parallelism parallelism)
      : options_{budget, capacity, this}, profiles_(profiles), parallelism_(parallelism) {}

  base::StatusOr<std::unique_ptr<Stream>> BuildStream(const Node& node) override;
  // The same for a breaker that takes rows in any order. `orderless` is false where it does not: one lane then.
  base::StatusOr<std::unique_ptr<Lanes>> BuildLanes(const Node& node, bool orderless = true);

  const Parallelism& parallelism() const { return parallelism_; }
  // What is being built is one of several lanes; in lanes behind the first, what all share is there already.
  bool in_lanes() const { return lanes_ != nullptr; }
  bool is_later_lane() const { return lane_ > 0; }
  // What all lanes share of the node. REQUIRES: in_lanes.
  std::shared_ptr<void>& SharedOf(const Node& node) { return lanes_->shared[&node]; }
  std::shared_ptr<Morsels> MorselsOf(const Node& node) {
    return lanes_ != nullptr && lanes_->scan == &node ? lanes_->morsels : nullptr;
  }

  const EvaluatorOptions& options() const { return options_; }
  base::MemoryBudget* budget() const { return options_.budget; }
  uint32_t capacity() const { return options_.capacity; }
  vec::Chunk NewChunk(std::span<const vec::Type> types) const { return vec::Chunk(types, options_.capacity, options_.budget); }
  NodeProfile* ProfileOf(const Node& node);

  // What the TopN and the NearestScan of one number tell each other.
  std::shared_ptr<NearestProgress> NearestOf(int32_t number) {
    std::shared_ptr<NearestProgress>& progress = nearest_[number];
    if (progress == nullptr) progress = std::make_shared<NearestProgress>();
    return progress;
  }

  // For the scan, which is built after those who have something for it, in every lane anew.
  using MakeScanFilter = std::function<base::StatusOr<std::unique_ptr<ScanFilter>>(Builder&)>;
  void OfferScanFilter(const TableScanNode& scan, MakeScanFilter make) { scan_filters_[&scan].push_back(std::move(make)); }
  base::StatusOr<std::vector<std::unique_ptr<ScanFilter>>> MakeScanFilters(const TableScanNode& scan);

 private:
  struct LaneContext {
    const TableScanNode* scan;
    std::shared_ptr<Morsels> morsels;
    std::unordered_map<const Node*, std::shared_ptr<void>> shared;
  };

  base::StatusOr<std::unique_ptr<Source>> BuildSource(const Node& node);
  base::StatusOr<std::unique_ptr<Operator>> BuildOperator(const Node& node);

  EvaluatorOptions options_;
  NodeProfiles* profiles_;
  const Parallelism parallelism_;
  LaneContext* lanes_ = nullptr;
  size_t lane_ = 0;
  std::unordered_map<const TableScanNode*, std::vector<MakeScanFilter>> scan_filters_;
  std::unordered_map<int32_t, std::shared_ptr<NearestProgress>> nearest_;
};

using SourceOr = base::StatusOr<std::unique_ptr<Source>>;
using OperatorOr = base::StatusOr<std::unique_ptr<Operator>>;

// Sources.
SourceOr MakeSingleRow(const SingleRowNode& node, Builder& builder);
SourceOr MakeValues(const ValuesNode& node, Builder& builder);
SourceOr MakeTableFunction(const TableFunctionNode& node, Builder& builder);
SourceOr MakeTableScan(const TableScanNode& node, Builder& builder);
SourceOr MakeIndexScan(const IndexScanNode& node, Builder& builder);
SourceOr MakePointLookup(const PointLookupNode& node, Builder& builder);
SourceOr MakeNearestScan(const NearestScanNode& node, Builder& builder);
SourceOr MakeCsvScan(const CsvScanNode& node, Builder& builder);
SourceOr MakeCteScan(const CteScanNode& node, Builder& builder);
// Breakers: sources that drain a stream of their own.
SourceOr MakeAggregate(const AggregateNode& node, Builder& builder);
SourceOr MakeDistinct(const DistinctNode& node, Builder& builder);
// DISTINCT over all columns of a stream that exists, or over one: then the first row of each of its values.
SourceOr MakeDistinctOf(std::unique_ptr<Stream> input, std::span<const vec::Type> types, Builder& builder,
                        std::optional<size_t> key_column = std::nullopt);
SourceOr MakeSort(const SortNode& node, Builder& builder);
SourceOr MakeTopN(const TopNNode& node, Builder& builder);
SourceOr MakeWindow(const WindowNode& node, Builder& builder);
SourceOr MakeSetOperation(const SetOperationNode& node, Builder& builder);
SourceOr MakeCte(const CteNode& node, Builder& builder);
SourceOr MakeRecursiveCte(const RecursiveCteNode& node, Builder& builder);
SourceOr MakeInsert(const InsertNode& node, Builder& builder);
SourceOr MakeUpdate(const UpdateNode& node, Builder& builder);
SourceOr MakeDelete(const DeleteNode& node, Builder& builder);
SourceOr MakeMerge(const MergeNode& node, Builder& builder);
SourceOr MakeInsteadOf(const InsteadOfNode& node, Builder& builder);
SourceOr MakeExplain(const ExplainNode& node, Builder& builder);
// Operators on the pipeline of their (left) input.
OperatorOr MakeFilter(const FilterNode& node, Builder& builder);
OperatorOr MakeProject(const ProjectNode& node, Builder& builder);
OperatorOr MakeLimit(const LimitNode& node, Builder& builder);
OperatorOr MakeCopyTo(const CopyToNode& node, Builder& builder);
OperatorOr MakeExpand(const ExpandNode& node, Builder& builder);
OperatorOr MakeLockRows(const LockRowsNode& node, Builder& builder);
OperatorOr MakeHashJoin(const HashJoinNode& node, Builder& builder);
OperatorOr MakeNestedLoopJoin(const NestedLoopJoinNode& node, Builder& builder);
OperatorOr MakeIndexJoin(const IndexJoinNode& node, Builder& builder);
OperatorOr MakeApply(const ApplyNode& node, Builder& builder);

// Batches of a source start small, so that a first row comes soon, and grow (query.md, rule 12).
class RampUp {
 public:
  void Start() { next_ = 64; }
  uint32_t Next(uint32_t capacity) {
    const uint32_t rows = std::min(next_, capacity);
    next_ = std::min<uint32_t>(next_ * 4, 1 << 20);
    return rows;
  }

 private:
  uint32_t next_ = 64;
};

}  // namespace turdb::exec

#endif  // TURDB_EXEC_BUILDER_H_
