#include "exec/scan_filter.h"

#include "function/registry.h"

namespace turdb::exec {

namespace {

struct ScanColumn {
  const TableScanNode* scan = nullptr;
  int32_t column = -1;
};

// The scan's column that is column `index` of the node's output, unchanged.
std::optional<ScanColumn> Trace(const Node& node, int32_t index) {
  const auto within = [&](const Node* input) { return static_cast<size_t>(index) < input->types.size(); };
  switch (node.kind) {
    case NodeKind::kTableScan:
      return ScanColumn{static_cast<const TableScanNode*>(&node), index};
    case NodeKind::kFilter:
      return Trace(*static_cast<const FilterNode&>(node).input, index);
    case NodeKind::kSort:
      return Trace(*static_cast<const SortNode&>(node).input, index);
    case NodeKind::kDistinct: {
      const auto& distinct = static_cast<const DistinctNode&>(node);
      if (!distinct.on.empty()) return std::nullopt;  // another row might be its group's first
      return Trace(*distinct.input, index);
    }
    case NodeKind::kProject: {
      const Expression* from = static_cast<const ProjectNode&>(node).expressions[static_cast<size_t>(index)];
      if (from->kind != ExpressionKind::kColumn) return std::nullopt;
      return Trace(*static_cast<const ProjectNode&>(node).input, from->index);
    }
    case NodeKind::kAggregate: {
      const auto& aggregate = static_cast<const AggregateNode&>(node);
      if (static_cast<size_t>(index) >= aggregate.groups.size() || !aggregate.always.empty()) return std::nullopt;
      const Expression* from = aggregate.groups[static_cast<size_t>(index)];
      if (from->kind != ExpressionKind::kColumn) return std::nullopt;
      return Trace(*aggregate.input, from->index);
    }
    case NodeKind::kHashJoin: {
      const auto& join = static_cast<const HashJoinNode&>(node);
      // Without its left row a right one would count as unmatched.
      if (join.type == JoinType::kRight || join.type == JoinType::kFull || !within(join.left)) return std::nullopt;
      return Trace(*join.left, index);
    }
    case NodeKind::kIndexJoin: {
      const auto& join = static_cast<const IndexJoinNode&>(node);
      return within(join.left) ? Trace(*join.left, index) : std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<TracedKeys> TraceToScan(const Node& node, Expressions keys) {
  TracedKeys traced;
  for (const Expression* key : keys) {
    const bool cast = key->kind == ExpressionKind::kCast && !key->try_cast && (key->call->flags & function::kCanRaise) == 0;
    const Expression* column = cast ? key->arguments[0] : key;
    if (column->kind != ExpressionKind::kColumn) return std::nullopt;
    const std::optional<ScanColumn> found = Trace(node, column->index);
    if (!found.has_value() || (traced.scan != nullptr && traced.scan != found->scan)) return std::nullopt;
    traced.scan = found->scan;
    traced.owned.push_back(std::make_unique<Expression>(*column));
    Expression* over_scan = traced.owned.back().get();
    over_scan->index = found->column;
    traced.keys.push_back(over_scan);
    if (!cast) continue;
    traced.owned.push_back(std::make_unique<Expression>(*key));
    traced.arguments.push_back(std::make_unique<const Expression*>(over_scan));
    traced.owned.back()->arguments = {traced.arguments.back().get(), 1};
    traced.keys.back() = traced.owned.back().get();
  }
  return traced;
}

}  // namespace turdb::exec
