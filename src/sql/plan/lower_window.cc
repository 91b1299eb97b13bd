// Windows: which columns they are sorted by, and whether their input is.
#include <algorithm>
#include <cmath>

#include "sql/plan/planner.h"

namespace turdb::sql {
namespace {

int32_t PlaceOf(const Expr* column, const std::vector<ColumnId>& layout) {
  if (column == nullptr) return -1;
  return static_cast<int32_t>(std::find(layout.begin(), layout.end(), column->index) - layout.begin());
}

// Whether rows in this order have each partition's rows together, in the window's order. The keys of the partition may
// come in any order and direction: then `partition` becomes what they are.
bool IsSorted(const std::vector<LogicalSortKey>& order, const std::vector<LogicalSortKey>& keys,
              std::vector<LogicalSortKey>* partition) {
  const size_t parts = partition->size();
  if (order.size() < parts + keys.size()) return false;
  for (size_t i = 0; i < parts; ++i) {
    const bool found = std::any_of(partition->begin(), partition->end(), [&](const LogicalSortKey& key) {
      return key.expression->index == order[i].expression->index;
    });
    if (!found) return false;
  }
  for (size_t i = 0; i < keys.size(); ++i) {
    const LogicalSortKey& have = order[parts + i];
    if (have.expression->index != keys[i].expression->index || have.descending != keys[i].descending ||
        have.nulls_first != keys[i].nulls_first) {
      return false;
    }
  }
  partition->assign(order.begin(), order.begin() + static_cast<ptrdiff_t>(parts));
  return true;
}

}  // namespace

base::StatusOr<Physical> Planner::LowerWindow(LogicalNode* node, const ColumnSet& needed) {
  ColumnSet below = needed;
  std::vector<LogicalSortKey> partition;
  for (const Expr* key : node->expressions) partition.push_back({key, false, false});
  std::vector<LogicalSortKey> wanted = partition;
  wanted.insert(wanted.end(), node->sort.begin(), node->sort.end());
  std::vector<size_t> kept;
  for (size_t i = 0; i < node->windows.size(); ++i) {
    if (!needed[node->outputs[i]]) continue;
    kept.push_back(i);
    const LogicalWindowCall& call = node->windows[i];
    for (const Expr* argument : call.arguments) AddColumns(argument, &below);
    for (const Expr* expr : {call.filter, call.range_key, call.start.limit, call.end.limit}) {
      if (expr != nullptr) AddColumns(expr, &below);
    }
  }
  if (kept.empty()) return Lower(node->left, needed);
  for (const LogicalSortKey& key : wanted) AddColumns(key.expression, &below);
  TURDB_ASSIGN_OR_RETURN(Physical input, Lower(node->left, below, wanted.empty() ? nullptr : &wanted));
  auto* window = plan_.New<exec::WindowNode>();
  window->input = input.node;
  window->sorted = IsSorted(input.order, node->sort, &partition);
  const auto keys = [&](const std::vector<LogicalSortKey>& from) {
    std::vector<exec::WindowOrder> to;
    for (const LogicalSortKey& key : from) {
      to.push_back({PlaceOf(key.expression, input.layout), key.descending, key.nulls_first});
    }
    return plan_.Copy(to);
  };
  window->partition = keys(partition);
  window->order = keys(node->sort);
  std::vector<exec::WindowCall> calls;
  std::vector<ColumnId> layout = input.layout;
  for (const size_t i : kept) {
    const LogicalWindowCall& logical = node->windows[i];
    exec::WindowCall call;
    call.kind = logical.kind;
    call.aggregate = logical.aggregate;
    std::vector<int32_t> arguments;
    for (const Expr* argument : logical.arguments) arguments.push_back(PlaceOf(argument, input.layout));
    call.arguments = plan_.Copy(arguments);
    call.filter = PlaceOf(logical.filter, input.layout);
    call.frame = logical.frame;
    call.frame.range_key = PlaceOf(logical.range_key, input.layout);
    const auto offset = [&](const LogicalFrameOffset& from, exec::FrameOffset* to) -> base::Status {
      if (from.count == nullptr) return absl::OkStatus();
      TURDB_ASSIGN_OR_RETURN(to->count, LowerExpr(from.count, {}));
      TURDB_ASSIGN_OR_RETURN(to->negative, LowerExpr(from.negative, {}));
      to->limit = PlaceOf(from.limit, input.layout);
      return absl::OkStatus();
    };
    TURDB_RETURN_IF_ERROR(offset(logical.start, &call.frame.start_offset));
    TURDB_RETURN_IF_ERROR(offset(logical.end, &call.frame.end_offset));
    call.ignore_nulls = logical.ignore_nulls;
    call.position = logical.position;
    calls.push_back(call);
    layout.push_back(node->outputs[i]);
  }
  window->calls = plan_.Copy(calls);
  SetTypes(window, layout);
  SetEstimate(window, input.rows, window->sorted ? "the input is in order already" : "");
  if (!window->sorted) {
    input.cost += input.rows * std::log2(input.rows + 2);
    input.order = std::move(wanted);
  }
  input.node = window;
  input.layout = std::move(layout);
  input.cost += input.rows;
  return input;
}

}  // namespace turdb::sql
