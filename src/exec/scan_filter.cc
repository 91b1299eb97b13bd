#include "exec/scan_filter.h"

#include <algorithm>

#include "function/registry.h"

namespace turdb::exec {

namespace {

struct ScanColumn {
  const TableScanNode* scan = nullptr;
  int32_t column = -1;
};

const Expression* ColumnOrNull(const Expression* expression) {
  return expression->kind == ExpressionKind::kColumn ? expression : nullptr;
}

// The scans' columns that column `index` of the node's output is, unchanged.
void Trace(const Node& node, int32_t index, std::vector<ScanColumn>* found) {
  const auto from_expression = [&](const Node& input, const Expression* expression) {
    if (const Expression* column = ColumnOrNull(expression); column != nullptr) Trace(input, column->index, found);
  };
  switch (node.kind) {
    case NodeKind::kTableScan:
      found->push_back({static_cast<const TableScanNode*>(&node), index});
      return;
    case NodeKind::kFilter:
    case NodeKind::kSort:
      return Trace(*Inputs(node)[0], index, found);
    case NodeKind::kDistinct:
      // Of DISTINCT ON another row might be its group's first.
      if (static_cast<const DistinctNode&>(node).on.empty()) Trace(*Inputs(node)[0], index, found);
      return;
    case NodeKind::kProject:
      return from_expression(*Inputs(node)[0], static_cast<const ProjectNode&>(node).expressions[static_cast<size_t>(index)]);
    case NodeKind::kAggregate: {
      const auto& aggregate = static_cast<const AggregateNode&>(node);
      if (static_cast<size_t>(index) >= aggregate.groups.size() || !aggregate.always.empty()) return;
      return from_expression(*aggregate.input, aggregate.groups[static_cast<size_t>(index)]);
    }
    case NodeKind::kHashJoin: {
      const auto& join = static_cast<const HashJoinNode&>(node);
      // Without its left row a right one would count as unmatched, and without its right row a left one.
      if (join.type == JoinType::kRight || join.type == JoinType::kFull) return;
      const auto left_count = static_cast<int32_t>(join.left->types.size());
      if (index < left_count) Trace(*join.left, index, found);
      if (join.type != JoinType::kInner) return;
      if (index >= left_count) Trace(*join.right, index - left_count, found);
      for (size_t k = 0; k < join.left_keys.size(); ++k) {
        const Expression* left = ColumnOrNull(join.left_keys[k]);
        const Expression* right = ColumnOrNull(join.right_keys[k]);
        if (left == nullptr || right == nullptr || left->type != right->type) continue;
        if (index == left->index) Trace(*join.right, right->index, found);
        if (index == left_count + right->index) Trace(*join.left, left->index, found);
      }
      return;
    }
    case NodeKind::kIndexJoin: {
      const auto& join = static_cast<const IndexJoinNode&>(node);
      if (static_cast<size_t>(index) < join.left->types.size()) Trace(*join.left, index, found);
      return;
    }
    default:
      return;
  }
}

}  // namespace

std::vector<TracedKeys> TraceToScans(const Node& node, Expressions keys) {
  std::vector<std::vector<ScanColumn>> columns(keys.size());
  for (size_t k = 0; k < keys.size(); ++k) {
    const Expression* key = keys[k];
    const bool cast = key->kind == ExpressionKind::kCast && !key->try_cast && (key->call->flags & function::kCanRaise) == 0;
    const Expression* column = ColumnOrNull(cast ? key->arguments[0] : key);
    if (column == nullptr) return {};
    Trace(node, column->index, &columns[k]);
  }
  std::vector<TracedKeys> all;
  for (const ScanColumn& first : columns[0]) {
    TracedKeys traced;
    traced.scan = first.scan;
    for (size_t k = 0; k < keys.size(); ++k) {
      const auto same =
          std::find_if(columns[k].begin(), columns[k].end(), [&](const ScanColumn& c) { return c.scan == first.scan; });
      if (same == columns[k].end()) break;
      const bool cast = keys[k]->kind == ExpressionKind::kCast;
      traced.owned.push_back(std::make_unique<Expression>(cast ? *keys[k]->arguments[0] : *keys[k]));
      Expression* over_scan = traced.owned.back().get();
      over_scan->index = same->column;
      traced.keys.push_back(over_scan);
      if (!cast) continue;
      traced.owned.push_back(std::make_unique<Expression>(*keys[k]));
      traced.arguments.push_back(std::make_unique<const Expression*>(over_scan));
      traced.owned.back()->arguments = {traced.arguments.back().get(), 1};
      traced.keys.back() = traced.owned.back().get();
    }
    if (traced.keys.size() == keys.size()) all.push_back(std::move(traced));
  }
  return all;
}

}  // namespace turdb::exec
