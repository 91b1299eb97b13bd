// The node that reads one table by the key that was chosen for it.
#include <algorithm>

#include "function/registry.h"
#include "sql/plan/planner.h"

namespace turdb::sql {

using base::StatusOr;
using exec::ExpressionKind;

namespace {

bool IsLatchSafe(const Expr* expr) {
  if (expr->kind == ExpressionKind::kSubquery || expr->kind == ExpressionKind::kCase || expr->kind == ExpressionKind::kCheck ||
      expr->kind == ExpressionKind::kLambda) {
    return false;
  }
  if (expr->call != nullptr && (expr->try_cast || (expr->call->flags & function::kLatchSafe) == 0)) return false;
  return std::all_of(expr->arguments.begin(), expr->arguments.end(), IsLatchSafe);
}

}  // namespace

StatusOr<Physical> Planner::LowerGet(LogicalNode* get, const ColumnSet& asked, const std::vector<LogicalSortKey>* wanted,
                                     FirstRows* first) {
  ColumnSet read = asked;
  for (const Expr* conjunct : get->conjuncts) AddColumns(conjunct, &read);
  TableRead table{get, asked, asked, LeafValuesOf(get, read)};
  for (const LeafValue* value : table.leaf_values) table.needed[value->vector] = true;
  TURDB_ASSIGN_OR_RETURN(const KeyChoice choice, ChooseKey(get, table.needed, wanted));
  if (first != nullptr && wanted != nullptr && !choice.point && !choice.ordered) {
    TURDB_ASSIGN_OR_RETURN(Physical nearest, TryNearest(table, choice, *wanted, first));
    if (nearest.node != nullptr) return nearest;
  }
  Physical result;
  if (choice.point) {
    TURDB_ASSIGN_OR_RETURN(result, LowerPointLookup(table, choice));
  } else if (choice.index < 0) {
    TURDB_ASSIGN_OR_RETURN(result, LowerTableScan(table, choice, EmptySet()));
  } else {
    TURDB_ASSIGN_OR_RETURN(result, LowerIndexScan(table, choice, EmptySet()));
    TURDB_ASSIGN_OR_RETURN(result, ComputeAbove(std::move(result), LeafValuesOf(get, asked), asked));
  }
  if (wanted != nullptr && (choice.ordered || choice.point)) result.order = *wanted;  // one row is in any order
  return result;
}

// What the key answers exactly need not be asked again.
std::vector<const Expr*> Planner::LeftToAsk(const TableRead& read, const KeyChoice& choice, bool in_leaf) {
  std::vector<const Expr*> filter;
  for (const Expr* conjunct : read.get->conjuncts) {
    const std::vector<const Expr*>& used = choice.match.used;
    if (std::find(used.begin(), used.end(), conjunct) == used.end()) filter.push_back(conjunct);
  }
  if (in_leaf) return filter;
  Replacements computed;  // no scan of the table computes anything: conditions do themselves
  for (const LeafValue* value : read.leaf_values) computed.emplace_back(value->column, value->expression);
  for (const Expr*& conjunct : filter) conjunct = Substitute(conjunct, computed);
  return filter;
}

// The columns that are read, in the order of the table: what is needed above and by the filter, and `more`.
Physical Planner::ReadColumns(const TableRead& read, const std::vector<const Expr*>& filter, const ColumnSet& more,
                              std::vector<int32_t>* columns) {
  const LogicalNode* const get = read.get;
  const table::TableSchema& schema = *get->relation->schema;
  ColumnSet emitted = read.needed;
  for (const Expr* conjunct : filter) AddColumns(conjunct, &emitted);
  Physical result;
  columns->reserve(get->outputs.size());
  result.layout.reserve(get->outputs.size());
  for (size_t i = 0; i < get->outputs.size(); ++i) {
    if (!emitted[get->outputs[i]] && !more[get->outputs[i]]) continue;
    result.layout.push_back(get->outputs[i]);
    if (i < schema.columns.size()) {
      columns->push_back(static_cast<int32_t>(i));
    } else {
      columns->push_back(i == schema.columns.size() ? table::kRowIdColumn : table::kRowKeyColumn);
    }
  }
  return result;
}

StatusOr<Physical> Planner::LowerPointLookup(const TableRead& read, const KeyChoice& choice) {
  const std::vector<const Expr*> filter = LeftToAsk(read, choice, /*in_leaf=*/false);
  std::vector<int32_t> columns;
  Physical result = ReadColumns(read, filter, EmptySet(), &columns);
  auto* node = plan_.New<exec::PointLookupNode>();
  node->table = read.get->table;
  node->index = choice.index;
  node->name = plan_.Copy(read.get->name);
  node->columns = plan_.Copy(columns);
  TURDB_ASSIGN_OR_RETURN(node->key, LowerAll(choice.match.equal, {}));
  TURDB_ASSIGN_OR_RETURN(node->filter, LowerAll(filter, result.layout));
  SetTypes(node, result.layout);
  SetEstimate(node, 1, choice.index < 0 ? "every primary key column is given" : "every column of a unique index is given");
  result.node = node;
  result.rows = 1;
  result.cost = choice.cost;
  return ComputeAbove(std::move(result), LeafValuesOf(read.get, read.asked), read.asked);
}

StatusOr<Physical> Planner::LowerTableScan(const TableRead& read, const KeyChoice& choice, const ColumnSet& more) {
  std::vector<const Expr*> filter = LeftToAsk(read, choice, /*in_leaf=*/true);
  std::vector<int32_t> columns;
  Physical result = ReadColumns(read, filter, more, &columns);
  result.rows = EstimateRows(read.get);
  result.cost = choice.cost;
  auto* node = plan_.New<exec::TableScanNode>();
  node->table = read.get->table;
  node->name = plan_.Copy(read.get->name);
  node->columns = plan_.Copy(columns);
  // From the first conjunct on that is not safe under a latch, all run after the rows were gathered. So do those over what is
  // computed in the leaf, which is after these; nothing among them raises, so any order will do.
  ColumnSet made_in_leaf = EmptySet();
  for (const LeafValue* value : read.leaf_values) made_in_leaf[value->column] = true;
  std::vector<const Expr*> latch, over_computed;
  size_t safe = 0;
  for (; safe < filter.size() && IsLatchSafe(filter[safe]); ++safe) {
    (Touches(filter[safe], made_in_leaf) ? over_computed : latch).push_back(filter[safe]);
  }
  filter.erase(filter.begin(), filter.begin() + static_cast<int64_t>(safe));
  filter.insert(filter.begin(), over_computed.begin(), over_computed.end());
  TURDB_ASSIGN_OR_RETURN(node->latch_filter, LowerAll(latch, result.layout));
  TURDB_ASSIGN_OR_RETURN(node->range, LowerRange(choice.match));
  node->reverse = choice.ordered && choice.reverse;
  if (!read.leaf_values.empty()) {
    ColumnSet elsewhere = read.asked;
    for (const Expr* conjunct : read.get->conjuncts) AddColumns(conjunct, &elsewhere);
    std::vector<const Expr*> computed;
    std::vector<int32_t> in_leaf;
    GivenValues given;
    const size_t columns_read = result.layout.size();
    for (const LeafValue* value : read.leaf_values) {
      TURDB_ASSIGN_OR_RETURN(const Expr* const lowered, LowerLeafValue(*value, result.layout, &given));
      computed.push_back(lowered);
    }
    node->given = plan_.Copy(given.values);
    node->given_slots = plan_.Copy(given.slots);
    for (size_t i = 0; i < columns_read; ++i) {
      const ColumnId id = result.layout[i];
      const bool only_here = !elsewhere[id] && std::any_of(read.leaf_values.begin(), read.leaf_values.end(),
                                                           [&](const LeafValue* value) { return value->vector == id; });
      if (only_here) in_leaf.push_back(static_cast<int32_t>(i));
    }
    for (const LeafValue* value : read.leaf_values) result.layout.push_back(value->column);
    node->computed = plan_.Copy(computed);
    node->in_leaf = plan_.Copy(in_leaf);
  }
  TURDB_ASSIGN_OR_RETURN(node->filter, LowerAll(filter, result.layout));
  SetTypes(node, result.layout);
  SetEstimate(node, result.rows,
              choice.match.bounded() ? "a range of the primary key"
              : choice.ordered       ? "the primary key is in the wanted order"
                                     : "no key helps");
  result.node = node;
  return result;
}

StatusOr<Physical> Planner::LowerIndexScan(const TableRead& read, const KeyChoice& choice, const ColumnSet& more) {
  const std::vector<const Expr*> filter = LeftToAsk(read, choice, /*in_leaf=*/false);
  std::vector<int32_t> columns;
  Physical result = ReadColumns(read, filter, more, &columns);
  result.rows = EstimateRows(read.get);
  result.cost = choice.cost;
  auto* node = plan_.New<exec::IndexScanNode>();
  node->table = read.get->table;
  node->index = choice.index;
  node->name = plan_.Copy(read.get->name);
  node->columns = plan_.Copy(columns);
  node->index_only = choice.index_only;
  TURDB_ASSIGN_OR_RETURN(node->filter, LowerAll(filter, result.layout));
  TURDB_ASSIGN_OR_RETURN(node->range, LowerRange(choice.match));
  node->reverse = choice.ordered && choice.reverse;
  SetTypes(node, result.layout);
  SetEstimate(node, result.rows,
              choice.index_only             ? "the index has every column that is wanted"
              : !choice.match.equal.empty() ? "equality on the index's first columns"
              : choice.ordered              ? "the index is in the wanted order"
              : !choice.match.bounded()     ? "the conditions imply the index's own"
                                            : "a range of the index");
  result.node = node;
  return result;
}

}  // namespace turdb::sql
