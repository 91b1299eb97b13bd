// ASOF JOIN: to each row on the left the nearest one on the right, by one inequality among rows that equalities put together.
//
// It is planned as one pass over both sides, sorted together: their rows side by side in one list, partitioned by the
// equalities, in the order of what the inequality compares; what a row of the left side finds is the last row of the right side
// before it (last_value ... IGNORE NULLS). So it costs a sort, whatever the sides look like, and spills as sorts do.
//
//   l ASOF JOIN r ON l.k = r.k AND l.t >= r.t
//
//   SELECT l.*, (w).* FROM (SELECT *, last_value(row) IGNORE NULLS OVER (PARTITION BY k ORDER BY t, side ROWS UNBOUNDED
//   PRECEDING)
//                           FROM (SELECT k, t, 0 AS side, NULLs, r AS row FROM r UNION ALL SELECT k, t, 1, l.*, NULL FROM l))
//   WHERE side = 1 AND w IS NOT NULL
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "function/struct_functions.h"
#include "sql/bind/binder.h"

namespace turdb::sql {

using base::Status;
using base::StatusOr;
using exec::ExpressionKind;
using vec::Type;
using vec::TypeId;
using vec::Value;
namespace sqlstate = base::sqlstate;

namespace {

// The two sides of the conditions, and which way the nearest row lies.
struct AsofConditions {
  std::vector<const Expr*> left_keys, right_keys;
  const Expr* left_order = nullptr;
  const Expr* right_order = nullptr;
  bool descending = false;  // the nearest row comes behind, not before
  bool strict = false;      // a row that is equal does not count
};

}  // namespace

// What each side's rows are made of, for those above the join.
static std::vector<ColumnId> ColumnsOf(const Binder& binder, std::span<const ScopeRelation> relations) {
  ColumnSet set(binder.columns().size());
  for (const ScopeRelation& relation : relations) {
    for (const ScopeColumn& column : relation.columns) binder.AddColumns(column.expr, &set);
  }
  std::vector<ColumnId> ids;
  for (size_t i = 0; i < set.size(); ++i) {
    if (set[i]) ids.push_back(static_cast<ColumnId>(i));
  }
  return ids;
}

static bool NamesOnly(const Binder& binder, const Expr* expr, const std::vector<ColumnId>& ids) {
  ColumnSet set(binder.columns().size());
  binder.AddColumns(expr, &set);
  for (size_t i = 0; i < set.size(); ++i) {
    if (set[i] && std::find(ids.begin(), ids.end(), static_cast<ColumnId>(i)) == ids.end()) return false;
  }
  return true;
}

// `nearest`: of USING, the last column, by which the nearest row is found; null: an inequality says it.
static StatusOr<AsofConditions> SplitConditions(const Binder& binder, std::span<const Expr* const> conjuncts,
                                                const std::vector<ColumnId>& left, const std::vector<ColumnId>& right,
                                                const Expr* nearest) {
  AsofConditions conditions;
  const auto refuse = [](std::string_view why) {
    return base::WithHint(base::MakeError(absl::StatusCode::kInvalidArgument, sqlstate::kFeatureNotSupported, why),
                          "ASOF JOIN takes equalities and one inequality (>=, >, <=, <) between its two sides.");
  };
  for (const Expr* conjunct : conjuncts) {
    const bool call = conjunct->kind == ExpressionKind::kCall && conjunct->arguments.size() == 2 && conjunct->call != nullptr;
    if (!call) return refuse("this condition is not possible in ASOF JOIN");
    const Expr* a = conjunct->arguments[0];
    const Expr* b = conjunct->arguments[1];
    std::string_view op = conjunct->call->function->name;
    if (!NamesOnly(binder, a, left) || !NamesOnly(binder, b, right)) {
      std::swap(a, b);
      op = op == "<" ? ">" : op == "<=" ? ">=" : op == ">" ? "<" : op == ">=" ? "<=" : op;
    }
    if (!NamesOnly(binder, a, left) || !NamesOnly(binder, b, right) || a->type != b->type) {
      return refuse("a condition of ASOF JOIN does not compare its two sides");
    }
    if (conjunct == nearest) op = ">=";
    if (op == "=") {
      conditions.left_keys.push_back(a);
      conditions.right_keys.push_back(b);
      continue;
    }
    if (op != ">=" && op != ">" && op != "<=" && op != "<") return refuse("this condition is not possible in ASOF JOIN");
    if (conditions.left_order != nullptr) return refuse("ASOF JOIN has more than one inequality");
    conditions.left_order = a;
    conditions.right_order = b;
    conditions.descending = op[0] == '<';
    conditions.strict = op.size() == 1;
  }
  if (conditions.left_order == nullptr) return refuse("ASOF JOIN has no inequality");
  return conditions;
}

// Puts the pass over both sides in the place of item->node, a join whose conditions are bound; the item's columns become its.
Status Binder::MakeAsof(const ast::Join& join, const FromItem& left, const FromItem& right, FromItem* item) {
  const int32_t position = Position(join.offset);
  LogicalNode* const node = item->node;
  const bool outer = node->join == exec::JoinType::kLeft;
  const std::vector<ColumnId> left_ids = ColumnsOf(*this, left.relations), right_ids = ColumnsOf(*this, right.relations);
  const size_t named = join.using_columns.size();
  const Expr* const last = named != 0 && named == node->conjuncts.size() ? node->conjuncts[named - 1] : nullptr;
  auto split = SplitConditions(*this, node->conjuncts, left_ids, right_ids, last);
  if (!split.ok()) return At(split.status(), join.offset);
  const AsofConditions& conditions = *split;

  vec::StructFields fields;
  std::vector<Type> types;
  std::vector<const Expr*> row;
  for (const ColumnId id : right_ids) {
    fields.push_back({absl::StrCat("c", fields.size()), columns_[static_cast<size_t>(id)].type});
    types.push_back(fields.back().type);
    row.push_back(ColumnExpr(id));
  }
  TURDB_ASSIGN_OR_RETURN(const Type row_type, StructOf(fields));

  // Each side: keys, what is compared, the side, the left side's columns, the right side's row.
  const auto not_null = [&](const Expr* expr) -> const Expr* {
    return plan_.NewExpression(ExpressionKind::kIsNotNull, TypeId::kBoolean, plan_.Copy(std::vector<const Expr*>{expr}),
                               position);
  };
  const auto side = [&](bool is_left) {
    LogicalNode* input = is_left ? node->left : node->right;
    const std::vector<const Expr*>& keys = is_left ? conditions.left_keys : conditions.right_keys;
    const Expr* const order = is_left ? conditions.left_order : conditions.right_order;
    if (!is_left) {  // NULL is near nothing
      LogicalNode* filter = NewNode(LogicalKind::kFilter);
      filter->left = input;
      filter->conjuncts.push_back(not_null(order));
      for (const Expr* key : keys) filter->conjuncts.push_back(not_null(key));
      input = filter;
    }
    LogicalNode* project = NewNode(LogicalKind::kProject);
    project->left = input;
    const auto add = [&](const Expr* expr, std::string_view name) {
      project->expressions.push_back(expr);
      project->outputs.push_back(NewColumn(name, expr->type));
    };
    for (const Expr* key : keys) add(key, "key");
    add(order, "order");
    const int32_t place = is_left != conditions.strict ? 1 : 0;
    add(plan_.Constant(Value::Int32(place), TypeId::kInt32, position), "side");
    for (const ColumnId id : left_ids) {
      const ColumnInfo& column = columns_[static_cast<size_t>(id)];
      const std::string_view name = column.name;
      const Type type = column.type;
      add(is_left ? ColumnExpr(id) : plan_.Constant(Value::Null(type), type, position), name);
    }
    if (is_left) {
      add(plan_.Constant(Value::Null(row_type), row_type, position), "row");
    } else {
      add(plan_.Call(function::BindStruct(types, row_type), plan_.Copy(row), position), "row");
    }
    return project;
  };
  LogicalNode* both = NewNode(LogicalKind::kSetOperation);
  both->set_operation = exec::SetOperation::kUnion;
  both->all = true;
  both->left = side(false);
  both->right = side(true);
  both->left_columns = both->left->outputs;
  both->right_columns = both->right->outputs;
  for (const ColumnId id : both->right->outputs) both->outputs.push_back(CopyColumn(id));

  const size_t key_count = conditions.left_keys.size();
  const ColumnId order_id = both->outputs[key_count], side_id = both->outputs[key_count + 1], row_id = both->outputs.back();
  LogicalNode* window = NewNode(LogicalKind::kWindow);
  window->left = both;
  for (size_t i = 0; i < key_count; ++i) window->expressions.push_back(ColumnExpr(both->outputs[i]));
  window->sort.push_back({ColumnExpr(order_id), conditions.descending, false});
  window->sort.push_back({ColumnExpr(side_id), false, false});
  LogicalWindowCall nearest;
  nearest.kind = function::WindowKind::kLastValue;
  nearest.arguments = {ColumnExpr(row_id)};
  nearest.frame.unit = exec::FrameUnit::kRows;
  nearest.frame.start = exec::FrameBound::kUnboundedPreceding;
  nearest.frame.end = exec::FrameBound::kCurrentRow;
  nearest.ignore_nulls = true;
  nearest.position = position;
  window->windows.push_back(std::move(nearest));
  const ColumnId found_id = NewColumn("row", row_type);
  window->outputs.push_back(found_id);

  LogicalNode* filter = NewNode(LogicalKind::kFilter);
  filter->left = window;
  const Expr* const of_left = plan_.Constant(Value::Int32(conditions.strict ? 0 : 1), TypeId::kInt32, position);
  TURDB_ASSIGN_OR_RETURN(const Expr* const is_left, MakeOperator("=", {ColumnExpr(side_id), of_left}, position));
  filter->conjuncts.push_back(is_left);
  std::vector<const Expr*> known = {not_null(ColumnExpr(order_id))};
  for (size_t i = 0; i < key_count; ++i) known.push_back(not_null(ColumnExpr(both->outputs[i])));
  const Expr* found = ColumnExpr(found_id);
  if (outer) {
    const std::vector<const Expr*> guarded = {And(known, position), found,
                                              plan_.Constant(Value::Null(row_type), row_type, position)};
    found = plan_.NewExpression(ExpressionKind::kCase, row_type, plan_.Copy(guarded), position);
  } else {
    filter->conjuncts.insert(filter->conjuncts.end(), known.begin(), known.end());
    filter->conjuncts.push_back(not_null(found));
  }

  LogicalNode* project = NewNode(LogicalKind::kProject);
  project->left = filter;
  std::vector<std::pair<ColumnId, ColumnId>> renamed;
  for (size_t i = 0; i < left_ids.size(); ++i) renamed.emplace_back(left_ids[i], both->outputs[key_count + 2 + i]);
  for (size_t i = 0; i < right_ids.size(); ++i) {
    TURDB_ASSIGN_OR_RETURN(const Expr* const field, FieldAt(found, i, fields, position));
    project->expressions.push_back(field);
    project->outputs.push_back(CopyColumn(right_ids[i]));
    renamed.emplace_back(right_ids[i], project->outputs.back());
  }
  const auto rename = [&](const Expr** expr) {
    if ((*expr)->kind != ExpressionKind::kColumn) return;
    for (const auto& [from, to] : renamed) {
      if ((*expr)->index == from) {
        *expr = ColumnExpr(to, (*expr)->position);
        return;
      }
    }
  };
  for (ScopeRelation& relation : item->relations) {
    for (ScopeColumn& column : relation.columns) rename(&column.expr);
    relation.get = nullptr;  // no rowid is left of it
    relation.not_lockable = "an ASOF JOIN";
  }
  for (Scope::Visible& visible : item->visible) rename(&visible.expr);
  item->node = project;
  return absl::OkStatus();
}

}  // namespace turdb::sql
