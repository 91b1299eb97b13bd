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

bool HasColumns(const Expr* expr) {
  return expr->kind == ExpressionKind::kColumn || expr->kind == ExpressionKind::kSubquery ||
         std::any_of(expr->arguments.begin(), expr->arguments.end(), [](const Expr* e) { return HasColumns(e); });
}

}  // namespace

// The scan, or in its place the node that has it beside an index. NULLs come last in the order of distances, as rows do that
// the index does not have.
StatusOr<const exec::Node*> Planner::TryNearest(const LogicalNode* get, const exec::TableScanNode* scan,
                                                const std::vector<LogicalSortKey>& wanted, FirstRows* first) {
  const table::TableSchema& schema = *get->relation->schema;
  const bool any = std::any_of(schema.indexes.begin(), schema.indexes.end(),
                               [](const table::IndexSchema& index) { return index.method == table::IndexMethod::kHnsw; });
  if (!any || wanted.empty() || wanted[0].descending || wanted[0].nulls_first) return scan;
  const Expr* distance = wanted[0].expression;
  bool in_leaf = false;
  for (const LeafValue& value : leaf_values_) {
    if (value.get != get || distance->kind != ExpressionKind::kColumn || distance->index != value.column) continue;
    distance = value.expression;
    in_leaf = true;
    break;
  }
  if (distance->kind != ExpressionKind::kCall || distance->arguments.size() != 2) return scan;
  TURDB_ASSIGN_OR_RETURN(const IndexExpressions* expressions, IndexExpressionsOf(get));
  for (size_t i = 0; i < schema.indexes.size(); ++i) {
    const table::IndexSchema& index = schema.indexes[i];
    const auto number = static_cast<int32_t>(i);
    if (index.method != table::IndexMethod::kHnsw || !IsDistanceOf(index.vectors.metric, distance->call->function->name))
      continue;
    const auto is_indexed = [&](const Expr* e) {
      if (index.parts[0].column >= 0) {
        return e->kind == ExpressionKind::kColumn && e->index == get->outputs[static_cast<size_t>(index.parts[0].column)];
      }
      return std::any_of(expressions->begin(), expressions->end(), [&](const exec::IndexExpression& expression) {
        return expression.index == number && expression.part == 0 && exec::Equal(*expression.expression, *e);
      });
    };
    const size_t side = is_indexed(distance->arguments[0]) ? 0 : 1;
    if (!is_indexed(distance->arguments[side])) continue;
    const Expr* query = distance->arguments[1 - side];
    // What the scan computes has been looked at (TakeIntoLeaf); elsewhere a column may be anybody's.
    if (!in_leaf && (HasColumns(query) || IsVolatile(query))) continue;
    TURDB_ASSIGN_OR_RETURN(const bool has_all, IndexHasAll(get, number, get->conjuncts));
    if (!has_all) continue;
    if (query->type.id != vec::TypeId::kDenseVector) {
      StatusOr<function::BoundCall> cast = function::BindCast(
          query->type, vec::Type::DenseVector(index.parts[0].type.vector_element(), 0), function::CastContext::kExplicit);
      if (!cast.ok()) continue;
      query = plan_.Cast(*std::move(cast), query, query->position);
    }
    auto* node = plan_.New<exec::NearestScanNode>();
    node->exact = scan;
    node->index = number;
    TURDB_ASSIGN_OR_RETURN(node->query, LowerExpr(query, {}));
    node->number = plan_.nearest_count++;
    node->types = scan->types;
    SetEstimate(node, std::min(scan->estimated_rows, 100.0), "a vector index is in the wanted order");
    first->nearest = node->number;
    return node;
  }
  return scan;
}

}  // namespace turdb::sql
