#include "exec/builder.h"

#include <utility>

#include "exec/table_function.h"
#include "table/table.h"

namespace turdb::exec {

using base::StatusOr;

NodeProfile* Builder::ProfileOf(const Node& node) { return profiles_ == nullptr ? nullptr : &(*profiles_)[&node]; }

StatusOr<std::vector<std::unique_ptr<ScanFilter>>> Builder::MakeScanFilters(const TableScanNode& scan) {
  std::vector<std::unique_ptr<ScanFilter>> filters;
  const auto offered = scan_filters_.find(&scan);
  if (offered == scan_filters_.end()) return filters;
  for (const MakeScanFilter& make : offered->second) {
    TURDB_ASSIGN_OR_RETURN(std::unique_ptr<ScanFilter> filter, make(*this));
    filters.push_back(std::move(filter));
  }
  return filters;
}

StatusOr<std::unique_ptr<Stream>> Builder::BuildStream(const Node& node) {
  switch (node.kind) {
    case NodeKind::kFilter:
    case NodeKind::kProject:
    case NodeKind::kExpand:
    case NodeKind::kLimit:
    case NodeKind::kCopyTo:
    case NodeKind::kLockRows:
    case NodeKind::kHashJoin:
    case NodeKind::kNestedLoopJoin:
    case NodeKind::kIndexJoin:
    case NodeKind::kApply: {
      // From above to below, so that a scan finds what joins have for it.
      TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Operator> op, BuildOperator(node));
      TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Stream> stream, BuildStream(*Inputs(node)[0]));
      stream->Append(std::move(op), ProfileOf(node));
      return stream;
    }
    default: {
      TURDB_ASSIGN_OR_RETURN(std::unique_ptr<Source> source, BuildSource(node));
      return std::make_unique<Stream>(std::move(source), ProfileOf(node));
    }
  }
}

namespace {
constexpr int64_t kLaneBudgetBytes = int64_t{32} << 20;  // what there should be for each
}  // namespace

StatusOr<std::unique_ptr<Lanes>> Builder::BuildLanes(const Node& node, bool orderless) {
  const auto affordable = static_cast<size_t>(std::max<int64_t>(1, budget()->limit_bytes() / kLaneBudgetBytes));
  const size_t count = std::min(parallelism_.threads, affordable);
  const TableScanNode* scan = orderless && count > 1 ? LaneScan(node) : nullptr;
  if (scan != nullptr && scan->table->row_estimate() < parallelism_.least_rows) scan = nullptr;
  // The pipelines below are no part of the one around.
  LaneContext* const outer_lanes = std::exchange(lanes_, nullptr);
  const size_t outer_lane = std::exchange(lane_, 0);
  NodeProfiles* const outer_profiles = profiles_;
  LaneContext context{scan, scan == nullptr ? nullptr : std::make_shared<Morsels>(), {}};
  std::vector<std::unique_ptr<Stream>> streams;
  std::vector<std::unique_ptr<NodeProfiles>> profiles;
  base::Status status;
  for (lane_ = 0; lane_ < (scan == nullptr ? 1 : count); ++lane_) {
    lanes_ = scan == nullptr ? nullptr : &context;
    if (lane_ > 0 && outer_profiles != nullptr) {
      profiles.push_back(std::make_unique<NodeProfiles>());
      profiles_ = profiles.back().get();
    }
    auto stream = BuildStream(node);
    status = stream.status();
    if (!status.ok()) break;
    streams.push_back(*std::move(stream));
  }
  lanes_ = outer_lanes;
  lane_ = outer_lane;
  profiles_ = outer_profiles;
  TURDB_RETURN_IF_ERROR(status);
  return std::make_unique<Lanes>(std::move(streams), std::move(profiles), outer_profiles);
}

StatusOr<std::unique_ptr<Source>> Builder::BuildSource(const Node& node) {
  switch (node.kind) {
    case NodeKind::kSingleRow:
      return MakeSingleRow(static_cast<const SingleRowNode&>(node), *this);
    case NodeKind::kValues:
      return MakeValues(static_cast<const ValuesNode&>(node), *this);
    case NodeKind::kTableScan:
      return MakeTableScan(static_cast<const TableScanNode&>(node), *this);
    case NodeKind::kIndexScan:
      return MakeIndexScan(static_cast<const IndexScanNode&>(node), *this);
    case NodeKind::kPointLookup:
      return MakePointLookup(static_cast<const PointLookupNode&>(node), *this);
    case NodeKind::kNearestScan:
      return MakeNearestScan(static_cast<const NearestScanNode&>(node), *this);
    case NodeKind::kTableFunction:
      return MakeTableFunction(static_cast<const TableFunctionNode&>(node), *this);
    case NodeKind::kCsvScan:
      return MakeCsvScan(static_cast<const CsvScanNode&>(node), *this);
    case NodeKind::kCteScan:
      return MakeCteScan(static_cast<const CteScanNode&>(node), *this);
    case NodeKind::kDistinct:
      return MakeDistinct(static_cast<const DistinctNode&>(node), *this);
    case NodeKind::kSort:
      return MakeSort(static_cast<const SortNode&>(node), *this);
    case NodeKind::kTopN:
      return MakeTopN(static_cast<const TopNNode&>(node), *this);
    case NodeKind::kAggregate:
      return MakeAggregate(static_cast<const AggregateNode&>(node), *this);
    case NodeKind::kWindow:
      return MakeWindow(static_cast<const WindowNode&>(node), *this);
    case NodeKind::kSetOperation:
      return MakeSetOperation(static_cast<const SetOperationNode&>(node), *this);
    case NodeKind::kCte:
      return MakeCte(static_cast<const CteNode&>(node), *this);
    case NodeKind::kRecursiveCte:
      return MakeRecursiveCte(static_cast<const RecursiveCteNode&>(node), *this);
    case NodeKind::kInsert:
      return MakeInsert(static_cast<const InsertNode&>(node), *this);
    case NodeKind::kUpdate:
      return MakeUpdate(static_cast<const UpdateNode&>(node), *this);
    case NodeKind::kDelete:
      return MakeDelete(static_cast<const DeleteNode&>(node), *this);
    case NodeKind::kMerge:
      return MakeMerge(static_cast<const MergeNode&>(node), *this);
    case NodeKind::kInsteadOf:
      return MakeInsteadOf(static_cast<const InsteadOfNode&>(node), *this);
    case NodeKind::kExplain:
      return MakeExplain(static_cast<const ExplainNode&>(node), *this);
    default:
      return base::InternalError("a plan node of unknown kind");
  }
}

StatusOr<std::unique_ptr<Operator>> Builder::BuildOperator(const Node& node) {
  switch (node.kind) {
    case NodeKind::kFilter:
      return MakeFilter(static_cast<const FilterNode&>(node), *this);
    case NodeKind::kProject:
      return MakeProject(static_cast<const ProjectNode&>(node), *this);
    case NodeKind::kLimit:
      return MakeLimit(static_cast<const LimitNode&>(node), *this);
    case NodeKind::kCopyTo:
      return MakeCopyTo(static_cast<const CopyToNode&>(node), *this);
    case NodeKind::kExpand:
      return MakeExpand(static_cast<const ExpandNode&>(node), *this);
    case NodeKind::kLockRows:
      return MakeLockRows(static_cast<const LockRowsNode&>(node), *this);
    case NodeKind::kHashJoin:
      return MakeHashJoin(static_cast<const HashJoinNode&>(node), *this);
    case NodeKind::kNestedLoopJoin:
      return MakeNestedLoopJoin(static_cast<const NestedLoopJoinNode&>(node), *this);
    case NodeKind::kIndexJoin:
      return MakeIndexJoin(static_cast<const IndexJoinNode&>(node), *this);
    case NodeKind::kApply:
      return MakeApply(static_cast<const ApplyNode&>(node), *this);
    default:
      return base::InternalError("a plan node of unknown kind");
  }
}

}  // namespace turdb::exec
