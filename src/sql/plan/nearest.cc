// ORDER BY distance LIMIT k by a vector index.
#include <algorithm>
#include <string_view>

#include "function/registry.h"
#include "sql/plan/planner.h"

namespace turdb::sql {

using base::StatusOr;
using exec::ExpressionKind;

namespace {

// The distance that an index of this metric orders by, under its names.
bool IsDistanceOf(table::VectorMetric metric, std::string_view function) {
  const auto is_one_of = [&](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), function) != names.end();
  };
  switch (metric) {
    case table::VectorMetric::kL2:
      return is_one_of({"<->", "l2_distance", "array_distance", "list_distance"});
    case table::VectorMetric::kInnerProduct:
      return is_one_of({"<#>", "negative_inner_product", "array_negative_inner_product"});
    case table::VectorMetric::kCosine:
      return is_one_of({"<=>", "cosine_distance", "array_cosine_distance", "list_cosine_distance"});
  }
  return false;
}

}  // namespace

bool Planner::IsFromOutside(const Expr* expr) const {
  ColumnSet named = EmptySet();
  AddColumns(expr, &named);
  for (const Frame& frame : frames_) {
    for (const ColumnId id : frame.outside) named[id] = false;
  }
  return std::find(named.begin(), named.end(), true) == named.end();
}

// `is_given`: whether an expression is the same for all rows of the table.
StatusOr<Planner::NearestChoice> Planner::ChooseVectorIndex(const LogicalNode* get, const LogicalSortKey& key,
                                                            absl::FunctionRef<bool(const Expr*)> is_given) {
  const table::TableSchema& schema = *get->relation->schema;
  const Expr* distance = key.expression;
  // NULLs come last in the order of distances, as rows do that the index does not have.
  if (key.descending || key.nulls_first || distance->kind != ExpressionKind::kCall || distance->arguments.size() != 2)
    return NearestChoice();
  for (size_t i = 0; i < schema.indexes.size(); ++i) {
    const table::IndexSchema& index = schema.indexes[i];
    const auto number = static_cast<int32_t>(i);
    if (index.method != table::IndexMethod::kHnsw || !IsDistanceOf(index.vectors.metric, distance->call->function->name))
      continue;
    TURDB_ASSIGN_OR_RETURN(const IndexExpressions* expressions, IndexExpressionsOf(get));
    const auto is_indexed = [&](const Expr* e) {
      if (index.parts[0].column >= 0) {
        return e->kind == ExpressionKind::kColumn && e->index == get->outputs[static_cast<size_t>(index.parts[0].column)];
      }
      return std::any_of(expressions->begin(), expressions->end(), [&](const exec::IndexExpression& expression) {
        return expression.index == number && expression.part == 0 && exec::Equal(*expression.expression, *e);
      });
    };
    for (const size_t side : {0, 1}) {
      const Expr* query = distance->arguments[1 - side];
      if (!is_indexed(distance->arguments[side]) || !is_given(query)) continue;
      TURDB_ASSIGN_OR_RETURN(const bool has_all, IndexHasAll(get, number, get->conjuncts));
      if (!has_all) continue;
      if (query->type.id != vec::TypeId::kDenseVector) {
        StatusOr<function::BoundCall> cast = function::BindCast(
            query->type, vec::Type::DenseVector(index.parts[0].type.vector_element(), 0), function::CastContext::kExplicit);
        if (!cast.ok()) continue;
        query = plan_.Cast(*std::move(cast), query, query->position);
      }
      return NearestChoice{number, query};
    }
  }
  return NearestChoice();
}

// The index that has the first rows in the wanted order.
StatusOr<Planner::NearestChoice> Planner::ChooseVectorIndex(const LogicalNode* get, const std::vector<LogicalSortKey>& wanted) {
  if (wanted.empty()) return NearestChoice();
  LogicalSortKey key = wanted[0];
  bool in_leaf = false;
  for (const LeafValue& value : leaf_values_) {
    if (value.get != get || key.expression->kind != ExpressionKind::kColumn || key.expression->index != value.column) continue;
    key.expression = value.expression;
    in_leaf = true;
    break;
  }
  // What the scan computes has been looked at (TakeIntoLeaf); elsewhere a column may be anybody's.
  return ChooseVectorIndex(get, key, [&](const Expr* query) {
    return in_leaf || (!HasSubquery(query) && !IsVolatile(query) && IsFromOutside(query));
  });
}

// The rows by a vector index, where one has the wanted order; without a node otherwise. Where conditions bound a key as well,
// the rows in its range are looked at instead if they turn out to be few.
StatusOr<Physical> Planner::TryNearest(const TableRead& read, const KeyChoice& choice,
                                       const std::vector<LogicalSortKey>& wanted, FirstRows* first) {
  const LogicalNode* const get = read.get;
  if (wanted.empty()) return Physical();
  // A subquery can be part of one plan only.
  const bool by_key = choice.match.bounded() || choice.partial;
  if (by_key && std::any_of(get->conjuncts.begin(), get->conjuncts.end(), [&](const Expr* e) { return HasSubquery(e); }))
    return Physical();
  TURDB_ASSIGN_OR_RETURN(const NearestChoice nearest, ChooseVectorIndex(get, wanted));
  if (nearest.index < 0) return Physical();
  TURDB_ASSIGN_OR_RETURN(Physical result, LowerTableScan(read, KeyChoice(), EmptySet()));
  auto* node = plan_.New<exec::NearestScanNode>();
  node->exact = static_cast<const exec::TableScanNode*>(result.node);
  node->index = nearest.index;
  TURDB_ASSIGN_OR_RETURN(node->query, LowerExpr(nearest.query, {}));
  node->number = plan_.nearest_count++;
  node->types = result.node->types;
  if (by_key) {
    ColumnSet emitted = EmptySet();
    for (const ColumnId id : result.layout) emitted[id] = true;
    KeyChoice range = choice;
    range.index_only = false;
    Physical few;
    if (choice.index < 0) {
      TURDB_ASSIGN_OR_RETURN(few, LowerTableScan(read, range, emitted));
    } else {
      TURDB_ASSIGN_OR_RETURN(few, LowerIndexScan(read, range, emitted));
      TURDB_ASSIGN_OR_RETURN(few, ComputeAbove(std::move(few), read.leaf_values, emitted));
    }
    TURDB_ASSIGN_OR_RETURN(few, ProjectTo(std::move(few), result.layout));
    node->few = few.node;
    node->few_index = choice.index;
    TURDB_ASSIGN_OR_RETURN(node->few_range, LowerRange(choice.match));
    result.cost = std::min(result.cost, choice.cost);
  }
  SetEstimate(node, std::min(result.rows, 100.0), "a vector index is in the wanted order");
  first->nearest = node->number;
  result.node = node;
  return result;
}

// Whether the subquery wants the first rows in an order that a vector index has, and others for other rows outside: then each
// of these finds its own by the index. As a join, it would compare every row outside with every row of the table.
StatusOr<bool> Planner::FindsNearest(const LogicalNode* root, const ColumnSet& outer) {
  if (root == nullptr) return false;
  if (root->kind == LogicalKind::kLimit && root->limit != nullptr && root->sort.empty() &&
      root->left->kind == LogicalKind::kSort && !root->left->sort.empty() && TreeTouches(root->left, outer)) {
    LogicalSortKey key = root->left->sort[0];
    const LogicalNode* get = root->left->left;
    ColumnSet made = Produced(get);
    for (; get->kind == LogicalKind::kProject || get->kind == LogicalKind::kFilter; get = get->left) {
      for (const ColumnId id : get->outputs) made[id] = true;
      if (get->kind == LogicalKind::kFilter) continue;
      Replacements computed;
      for (size_t i = 0; i < get->outputs.size(); ++i) computed.emplace_back(get->outputs[i], get->expressions[i]);
      key.expression = Substitute(key.expression, computed);
    }
    if (get->kind == LogicalKind::kGet) {
      for (const ColumnId id : get->outputs) made[id] = true;
      TURDB_ASSIGN_OR_RETURN(const NearestChoice choice, ChooseVectorIndex(get, key, [&](const Expr* query) {
                               return !Touches(query, made) && !HasSubquery(query) && !IsVolatile(query);
                             }));
      if (choice.index >= 0) return true;
    }
  }
  TURDB_ASSIGN_OR_RETURN(const bool left, FindsNearest(root->left, outer));
  return left ? true : FindsNearest(root->right, outer);
}

}  // namespace turdb::sql
