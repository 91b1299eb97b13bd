// Computing a subquery for a set of outer values (Neumann and Kemper, "Unnesting Arbitrary Queries").
//
// The outer rows become a common table that is read twice: as themselves, and, cut down to the columns that the subquery names
// and made distinct, as the domain. PushDomain joins the domain with the subquery as far down as its correlation reaches; from
// there on up every operator keeps the domain's columns apart: groupings and DISTINCT by them, windows within them, a LIMIT for
// each of them. Then the subquery is a table over the domain, which outer rows meet by equality (NULL meets NULL).
//
// Differences from the paper: conditions of a block of joins are taken out of it first (PullUp), so that the domain is one more
// table of that block and the order of joins is chosen with it; what lies between a value and the join is computed above it.
#include <algorithm>

#include "sql/plan/planner.h"

namespace turdb::sql {

using base::StatusOr;
using exec::ExpressionKind;
using exec::JoinType;

namespace {

// What joins, filters and computes, and nothing else: conditions leave it freely.
bool IsBlock(const LogicalNode* node) {
  switch (node->kind) {
    case LogicalKind::kGet:
      return true;
    case LogicalKind::kFilter:
    case LogicalKind::kProject:
      return IsBlock(node->left);
    case LogicalKind::kJoin:
      return node->join == JoinType::kInner && !node->lateral && IsBlock(node->left) && IsBlock(node->right);
    default:
      return false;
  }
}

bool ReadsWorkingTable(const LogicalNode* node) {
  if (node == nullptr) return false;
  return (node->kind == LogicalKind::kCteScan && node->cte->recursive) || ReadsWorkingTable(node->left) ||
         ReadsWorkingTable(node->right);
}

}  // namespace

Planner::Domain Planner::MakeDomain(LogicalNode* input, const LogicalNode* root, const ColumnSet& outer) {
  Domain domain;
  domain.source = input;
  ColumnSet named = EmptySet();
  AddTreeColumns(root, &named);
  for (size_t i = 0; i < outer.size(); ++i) {
    if (!outer[i]) continue;
    domain.all.push_back(static_cast<ColumnId>(i));
    if (named[i]) domain.keys.push_back(static_cast<ColumnId>(i));
  }
  domain.table = binder_.NewCommonTable("outer rows");
  domain.table->definition.root = input;
  domain.table->materialize = true;
  domain.table->narrow = true;
  for (const ColumnId id : domain.all) domain.table->definition.columns.push_back({binder_.columns()[id].name, id, nullptr});
  return domain;
}

LogicalNode* Planner::ScanOuterRows(const Domain& domain) {
  LogicalNode* scan = binder_.NewNode(LogicalKind::kCteScan);
  scan->cte = domain.table;
  scan->name = domain.table->name;
  scan->outputs = domain.all;
  ++domain.table->references;
  return scan;
}

LogicalNode* Planner::WithDomain(const Domain& domain, LogicalNode* body) {
  LogicalNode* node = binder_.NewNode(LogicalKind::kCte);
  node->cte = domain.table;
  node->left = body;
  return node;
}

// The distinct values, as columns of their own: `map` says which is which.
LogicalNode* Planner::ScanDomain(const Domain& domain, ColumnMap* map) {
  LogicalNode* scan = ScanOuterRows(domain);
  for (ColumnId& id : scan->outputs) id = binder_.CopyColumn(id);
  LogicalNode* distinct = binder_.NewNode(LogicalKind::kDistinct);
  distinct->left = scan;
  map->clear();
  for (const ColumnId key : domain.keys) {
    const auto place = std::find(domain.all.begin(), domain.all.end(), key) - domain.all.begin();
    map->emplace_back(key, scan->outputs[static_cast<size_t>(place)]);
    distinct->left_columns.push_back(map->back().second);
  }
  return distinct;
}

const Expr* Planner::Rename(const Expr* expr, const ColumnMap& map) {
  Replacements replacements;
  for (const auto& [from, to] : map) replacements.emplace_back(from, binder_.ColumnExpr(to, expr->position));
  return Substitute(expr, replacements);
}

void Planner::RenameOwn(LogicalNode* node, const ColumnMap& map) {
  const auto rename = [&](const Expr** expr) {
    if (*expr != nullptr) *expr = Rename(*expr, map);
  };
  for (const Expr*& expr : node->expressions) rename(&expr);
  for (const Expr*& expr : node->conjuncts) rename(&expr);
  for (LogicalAggregate& call : node->aggregates) {
    for (const Expr*& argument : call.arguments) rename(&argument);
    rename(&call.filter);
    for (LogicalSortKey& key : call.order) rename(&key.expression);
  }
  for (LogicalSortKey& key : node->sort) rename(&key.expression);
}

// Conditions by which an outer row meets its values. `map` is from outer columns to those beside the subquery.
StatusOr<std::vector<const Expr*>> Planner::MeetDomain(const ColumnMap& map, const LogicalNode* input) {
  std::vector<const Expr*> conditions;
  for (const auto& [outer, inner] : map) {
    const Expr* a = binder_.ColumnExpr(outer);
    const Expr* b = binder_.ColumnExpr(inner);
    if (IsNeverNull(a, input)) {
      TURDB_ASSIGN_OR_RETURN(const Expr* equal, binder_.CompareTyped("=", a, b, -1));
      conditions.push_back(equal);
    } else {
      conditions.push_back(plan_.NewExpression(ExpressionKind::kIsNotDistinct, vec::TypeId::kBoolean,
                                               plan_.Copy(std::vector<const Expr*>{a, b})));
    }
  }
  return conditions;
}

// `root` over the domain, rewritten, and the conditions of the join with the outer rows. Null: it cannot be.
StatusOr<LogicalNode*> Planner::OverDomain(LogicalNode* root, const Domain& domain, const ColumnSet& outer,
                                           const LogicalNode* input, std::vector<const Expr*>* conditions) {
  ColumnMap map;
  TURDB_ASSIGN_OR_RETURN(LogicalNode * right, PushDomain(root, domain, outer, &map));
  if (right == nullptr) return nullptr;
  TURDB_ASSIGN_OR_RETURN(*conditions, MeetDomain(map, input));
  return Rewrite(right);
}

// ---- the push

StatusOr<LogicalNode*> Planner::PushDomain(LogicalNode* node, const Domain& domain, const ColumnSet& outer, ColumnMap* map) {
  // A table that every iteration makes anew is not to be kept, types without order have no distinct values, and texts that are
  // equal by their collation are not the same to the subquery.
  if (ReadsWorkingTable(domain.source)) return nullptr;
  for (const ColumnId key : domain.keys) {
    const vec::Type& type = binder_.columns()[key].type;
    if (type.id == vec::TypeId::kJson || type.collation() != vec::Collation::kBinary) return nullptr;
  }
  if (!TreeTouches(node, outer)) {
    LogicalNode* values = ScanDomain(domain, map);
    return NewJoin(JoinType::kInner, values, node, {});
  }
  if (IsBlock(node)) {
    std::vector<const Expr*> up;
    LogicalNode* rest = PullUp(node, outer, &up);
    if (rest != nullptr) {
      LogicalNode* join = NewJoin(JoinType::kInner, ScanDomain(domain, map), rest, {});
      // What may raise stays in its order above the join, as every condition does that was not pushed down.
      LogicalNode* filter = binder_.NewNode(LogicalKind::kFilter);
      filter->left = join;
      for (const Expr* condition : up) filter->conjuncts.push_back(Rename(condition, *map));
      return filter;
    }
  }
  bool subqueries = false;
  ForEachExpr(*node, [&](const Expr* expr) { subqueries |= HasSubquery(expr) && Touches(expr, outer); });
  if (subqueries) return nullptr;  // one that could not be unnested itself
  LogicalNode* copy = CopyNode(node);
  switch (node->kind) {
    case LogicalKind::kGet: {  // conditions in their order, over the join
      copy->conjuncts.clear();
      LogicalNode* filter = binder_.NewNode(LogicalKind::kFilter);
      filter->left = NewJoin(JoinType::kInner, ScanDomain(domain, map), copy, {});
      for (const Expr* conjunct : node->conjuncts) filter->conjuncts.push_back(Rename(conjunct, *map));
      return filter;
    }
    case LogicalKind::kFilter:
    case LogicalKind::kProject:
    case LogicalKind::kSort: {
      TURDB_ASSIGN_OR_RETURN(copy->left, PushDomain(node->left, domain, outer, map));
      if (copy->left == nullptr) return nullptr;
      RenameOwn(copy, *map);
      return copy;
    }
    case LogicalKind::kLimit:
      return PushDomainIntoLimit(node, domain, outer, map);
    case LogicalKind::kAggregate: {
      if (!node->grouping_sets.empty()) return nullptr;
      TURDB_ASSIGN_OR_RETURN(copy->left, PushDomain(node->left, domain, outer, map));
      if (copy->left == nullptr) return nullptr;
      RenameOwn(copy, *map);
      if (node->expressions.empty()) return GroupForEach(node, copy, domain, map);
      for (const auto& [from, to] : *map) AddGroup(copy, binder_.ColumnExpr(to));
      return copy;
    }
    case LogicalKind::kDistinct: {
      TURDB_ASSIGN_OR_RETURN(copy->left, PushDomain(node->left, domain, outer, map));
      if (copy->left == nullptr) return nullptr;
      RenameOwn(copy, *map);
      for (const auto& [from, to] : *map) AddDistinctKey(copy, to);
      return copy;
    }
    case LogicalKind::kWindow: {
      if (OwnTouches(*node, outer)) return nullptr;
      TURDB_ASSIGN_OR_RETURN(copy->left, PushDomain(node->left, domain, outer, map));
      if (copy->left == nullptr) return nullptr;
      for (const auto& [from, to] : *map) copy->expressions.push_back(binder_.ColumnExpr(to));
      return copy;
    }
    case LogicalKind::kJoin:
      return PushDomainIntoJoin(node, domain, outer, map);
    case LogicalKind::kSetOperation: {
      ColumnMap left, right;
      TURDB_ASSIGN_OR_RETURN(copy->left, PushDomain(node->left, domain, outer, &left));
      if (copy->left == nullptr) return nullptr;
      TURDB_ASSIGN_OR_RETURN(copy->right, PushDomain(node->right, domain, outer, &right));
      if (copy->right == nullptr) return nullptr;
      map->clear();
      for (size_t i = 0; i < left.size(); ++i) {
        copy->left_columns.push_back(left[i].second);
        copy->right_columns.push_back(right[i].second);
        copy->outputs.push_back(binder_.CopyColumn(left[i].second));
        map->emplace_back(left[i].first, copy->outputs.back());
      }
      return copy;
    }
    default:
      return nullptr;
  }
}

// A grouping to one row gives one for every value, also where there is nothing to group.
StatusOr<LogicalNode*> Planner::GroupForEach(const LogicalNode* node, LogicalNode* grouped, const Domain& domain,
                                             ColumnMap* map) {
  for (const auto& [from, to] : *map) AddGroup(grouped, binder_.ColumnExpr(to));
  ColumnMap every;
  LogicalNode* values = ScanDomain(domain, &every);
  std::vector<const Expr*> conditions;
  for (size_t i = 0; i < every.size(); ++i) {
    conditions.push_back(plan_.NewExpression(
        ExpressionKind::kIsNotDistinct, vec::TypeId::kBoolean,
        plan_.Copy(std::vector<const Expr*>{binder_.ColumnExpr(every[i].second), binder_.ColumnExpr((*map)[i].second)})));
  }
  LogicalNode* project = binder_.NewNode(LogicalKind::kProject);
  const size_t keys = grouped->expressions.size();
  for (size_t i = 0; i < node->aggregates.size(); ++i) {
    const ColumnId id = node->outputs[i];  // who is above knows it by this name
    const ColumnId made = binder_.CopyColumn(id);
    grouped->outputs[keys + i] = made;
    TURDB_ASSIGN_OR_RETURN(const Expr* value, OrEmpty(*node->aggregates[i].function, binder_.ColumnExpr(made)));
    project->outputs.push_back(id);
    project->expressions.push_back(value);
  }
  project->left = NewJoin(JoinType::kLeft, values, grouped, std::move(conditions));
  *map = std::move(every);
  return project;
}

// So many rows for each value: those that are numbered so.
StatusOr<LogicalNode*> Planner::PushDomainIntoLimit(LogicalNode* node, const Domain& domain, const ColumnSet& outer,
                                                    ColumnMap* map) {
  const auto constant = [](const Expr* expr) {
    return expr == nullptr || (expr->kind == ExpressionKind::kConstant && !expr->value->is_null());
  };
  if (!constant(node->limit) || !constant(node->offset) || !node->sort.empty()) return nullptr;
  const bool sorted = node->left->kind == LogicalKind::kSort;
  LogicalNode* input = sorted ? node->left->left : node->left;
  if (sorted) {
    for (const LogicalSortKey& key : node->left->sort) {
      if (key.expression->kind != ExpressionKind::kColumn || Touches(key.expression, outer)) return nullptr;
    }
  }
  LogicalNode* window = binder_.NewNode(LogicalKind::kWindow);
  TURDB_ASSIGN_OR_RETURN(window->left, PushDomain(input, domain, outer, map));
  if (window->left == nullptr) return nullptr;
  for (const auto& [from, to] : *map) window->expressions.push_back(binder_.ColumnExpr(to));
  if (sorted) window->sort = node->left->sort;
  window->windows.emplace_back();
  const ColumnId number = binder_.NewColumn("row_number", vec::TypeId::kInt64);
  window->outputs.push_back(number);
  LogicalNode* filter = binder_.NewNode(LogicalKind::kFilter);
  filter->left = window;
  const int64_t skipped = node->offset == nullptr ? 0 : std::max<int64_t>(0, node->offset->value->AsInt64());
  const auto compare = [&](std::string_view op, int64_t with) -> base::Status {
    const Expr* bound = plan_.Constant(vec::Value::Int64(with), vec::TypeId::kInt64);
    TURDB_ASSIGN_OR_RETURN(const Expr* condition, binder_.MakeOperator(op, {binder_.ColumnExpr(number), bound}, -1));
    filter->conjuncts.push_back(condition);
    return absl::OkStatus();
  };
  if (skipped > 0) TURDB_RETURN_IF_ERROR(compare(">", skipped));
  if (node->limit != nullptr) {
    const int64_t count = node->limit->value->AsInt64();
    if (count < 0 || count > INT64_MAX - skipped) return nullptr;
    TURDB_RETURN_IF_ERROR(compare("<=", skipped + count));
  }
  return filter;
}

StatusOr<LogicalNode*> Planner::PushDomainIntoJoin(LogicalNode* node, const Domain& domain, const ColumnSet& outer,
                                                   ColumnMap* map) {
  if (node->lateral || node->join == JoinType::kFull || node->join == JoinType::kAntiNull) return nullptr;
  // The side whose rows are all kept carries the values; the other one too, when it is correlated itself.
  const bool flipped = node->join == JoinType::kRight ||
                       (node->join == JoinType::kInner && !TreeTouches(node->left, outer) && TreeTouches(node->right, outer));
  LogicalNode* copy = CopyNode(node);
  LogicalNode*& kept = flipped ? copy->right : copy->left;
  LogicalNode*& other = flipped ? copy->left : copy->right;
  const bool both = TreeTouches(other, outer);
  TURDB_ASSIGN_OR_RETURN(kept, PushDomain(kept, domain, outer, map));
  if (kept == nullptr) return nullptr;
  RenameOwn(copy, *map);
  if (!both) return copy;
  ColumnMap second;
  TURDB_ASSIGN_OR_RETURN(other, PushDomain(other, domain, outer, &second));
  if (other == nullptr) return nullptr;
  std::vector<const Expr*> same;
  for (size_t i = 0; i < map->size(); ++i) {
    same.push_back(plan_.NewExpression(
        ExpressionKind::kIsNotDistinct, vec::TypeId::kBoolean,
        plan_.Copy(std::vector<const Expr*>{binder_.ColumnExpr((*map)[i].second), binder_.ColumnExpr(second[i].second)})));
  }
  copy->conjuncts.insert(copy->conjuncts.begin(), same.begin(), same.end());
  return copy;
}

}  // namespace turdb::sql
