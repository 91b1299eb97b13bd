// Rewriting before anything is costed: single-use common tables in place, EXISTS and IN as joins, conditions
// as far down as they may go.
#include <algorithm>

#include "function/registry.h"
#include "sql/plan/planner.h"

namespace turdb::sql {

using base::StatusOr;
using exec::ExpressionKind;
using exec::JoinType;

bool IsEquality(const Expr* expr) {
  return expr->kind == ExpressionKind::kCall && expr->arguments.size() == 2 && expr->call->function->name == "=";
}

// ---- what expressions and trees name

ColumnSet Planner::Produced(const LogicalNode* node) const {
  ColumnSet set = EmptySet();
  Binder::AddProduced(node, &set);
  return set;
}

bool Planner::Touches(const Expr* expr, const ColumnSet& set) const {
  ColumnSet named = EmptySet();
  AddColumns(expr, &named);
  for (size_t i = 0; i < named.size() && i < set.size(); ++i) {
    if (named[i] && set[i]) return true;
  }
  return false;
}

bool Planner::IsInside(const Expr* expr, const ColumnSet& set) const {
  ColumnSet named = EmptySet();
  AddColumns(expr, &named);
  for (size_t i = 0; i < named.size(); ++i) {
    if (named[i] && (i >= set.size() || !set[i])) return false;
  }
  return true;
}

bool Planner::HasSubquery(const Expr* expr) const {
  if (expr->kind == ExpressionKind::kSubquery) return true;
  return std::any_of(expr->arguments.begin(), expr->arguments.end(), [this](const Expr* e) { return HasSubquery(e); });
}

bool Planner::CanRaise(const Expr* expr) const {
  if (expr->kind == ExpressionKind::kSubquery || expr->kind == ExpressionKind::kCheck) return true;
  if (expr->call != nullptr && (expr->call->flags & function::kCanRaise) != 0 && !expr->try_cast) return true;
  return std::any_of(expr->arguments.begin(), expr->arguments.end(), [this](const Expr* e) { return CanRaise(e); });
}

bool Planner::IsMovable(const Expr* expr) const {
  if (expr->kind == ExpressionKind::kSubquery || expr->kind == ExpressionKind::kCheck) return false;
  if (expr->call != nullptr) {
    if ((expr->call->flags & function::kVolatile) != 0) return false;
    if ((expr->call->flags & function::kCanRaise) != 0 && !expr->try_cast) return false;
  }
  return std::all_of(expr->arguments.begin(), expr->arguments.end(), [this](const Expr* e) { return IsMovable(e); });
}

// Whether the conjunct cannot be true when all of `columns` are NULL: an outer join under it may be inner.
bool Planner::RejectsNulls(const Expr* conjunct, const ColumnSet& columns) const {
  const auto passes_null = [&](const auto& self, const Expr* expr) -> bool {  // NULL in, NULL out
    if (expr->kind == ExpressionKind::kColumn) return columns[expr->index];
    const bool strict = (expr->kind == ExpressionKind::kCall && (expr->call->flags & function::kStrict) != 0) ||
                        expr->kind == ExpressionKind::kCast;
    if (!strict) return false;
    return std::any_of(expr->arguments.begin(), expr->arguments.end(), [&](const Expr* e) { return self(self, e); });
  };
  switch (conjunct->kind) {
    case ExpressionKind::kIsNotNull:
    case ExpressionKind::kIn:
    case ExpressionKind::kNot:
      return passes_null(passes_null, conjunct->arguments[0]);
    case ExpressionKind::kAnd:
      return std::any_of(conjunct->arguments.begin(), conjunct->arguments.end(),
                         [&](const Expr* e) { return RejectsNulls(e, columns); });
    case ExpressionKind::kOr:
      return std::all_of(conjunct->arguments.begin(), conjunct->arguments.end(),
                         [&](const Expr* e) { return RejectsNulls(e, columns); });
    default:
      return passes_null(passes_null, conjunct);
  }
}

// ---- the pass

StatusOr<LogicalNode*> Planner::Rewrite(LogicalNode* node) {
  if (node == nullptr) return node;
  if (node->kind == LogicalKind::kCteScan && !node->cte->materialize && node->cte->references == 1) {
    node->kind = LogicalKind::kProject;
    node->left = node->cte->definition.root;
    for (const OutputColumn& column : node->cte->definition.columns) {
      node->expressions.push_back(binder_.ColumnExpr(column.id));
    }
  }
  if (node->kind == LogicalKind::kCte) {
    CommonTableInfo& cte = *node->cte;
    if (!cte.materialize && cte.references <= 1) return Rewrite(node->left);
    TURDB_ASSIGN_OR_RETURN(cte.definition.root, Rewrite(cte.definition.root));
    TURDB_ASSIGN_OR_RETURN(cte.step, Rewrite(cte.step));
  }
  TURDB_ASSIGN_OR_RETURN(node->left, Rewrite(node->left));
  TURDB_ASSIGN_OR_RETURN(node->right, Rewrite(node->right));
  if (node->kind == LogicalKind::kFilter) return PushDown(node->left, node->conjuncts);
  if (node->kind == LogicalKind::kJoin) return PushIntoJoin(node, {});
  return node;
}

StatusOr<LogicalNode*> Planner::FilterOver(LogicalNode* node, std::vector<const Expr*> conjuncts) {
  // Subqueries in order of writing: each one joins what the conjuncts before it left.
  std::vector<const Expr*> pending;
  for (const Expr* conjunct : conjuncts) {
    TURDB_ASSIGN_OR_RETURN(LogicalNode * joined, UnnestConjunct(nullptr, conjunct));
    if (joined == nullptr) {
      pending.push_back(conjunct);
      continue;
    }
    if (!pending.empty() && std::any_of(pending.begin(), pending.end(), [this](const Expr* e) { return CanRaise(e); })) {
      LogicalNode* filter = binder_.NewNode(LogicalKind::kFilter);
      filter->left = node;
      filter->conjuncts = std::move(pending);
      pending.clear();
      node = filter;
    }
    joined->left = node;
    node = joined;
  }
  if (pending.empty()) return node;
  LogicalNode* filter = binder_.NewNode(LogicalKind::kFilter);
  filter->left = node;
  filter->conjuncts = std::move(pending);
  return filter;
}

// `conjuncts` hold above `node`, in this order.
StatusOr<LogicalNode*> Planner::PushDown(LogicalNode* node, std::vector<const Expr*> conjuncts) {
  switch (node->kind) {
    case LogicalKind::kGet: {
      // One relation: conjuncts keep their order, those that cannot raise first.
      std::vector<const Expr*> above;
      for (const Expr* conjunct : conjuncts) {
        (HasSubquery(conjunct) ? above : node->conjuncts).push_back(conjunct);
      }
      // A raising conjunct after a subquery must not come to stand before it.
      std::stable_partition(node->conjuncts.begin(), node->conjuncts.end(), [this](const Expr* e) { return IsMovable(e); });
      return above.empty() ? node : FilterOver(node, std::move(above));
    }
    case LogicalKind::kFilter: {
      std::vector<const Expr*> all = node->conjuncts;
      all.insert(all.end(), conjuncts.begin(), conjuncts.end());
      return PushDown(node->left, std::move(all));
    }
    case LogicalKind::kJoin:
      return PushIntoJoin(node, std::move(conjuncts));
    case LogicalKind::kProject:
      return PushIntoProject(node, std::move(conjuncts));
    case LogicalKind::kLockRows:
      if (!node->locks_what_is_asked || node->limit != nullptr) return FilterOver(node, std::move(conjuncts));
      [[fallthrough]];
    case LogicalKind::kSort: {
      TURDB_ASSIGN_OR_RETURN(node->left, PushDown(node->left, std::move(conjuncts)));
      return node;
    }
    case LogicalKind::kAggregate: {
      // Conditions on grouping columns choose groups as well as rows, unless rows are in several groups.
      if (!node->grouping_sets.empty()) return conjuncts.empty() ? node : FilterOver(node, std::move(conjuncts));
      ColumnSet groups = EmptySet();
      for (size_t i = 0; i < node->expressions.size(); ++i) {
        if (node->expressions[i]->kind == ExpressionKind::kColumn) groups[node->outputs[i]] = true;
      }
      const ColumnSet made = Produced(node);
      std::vector<const Expr*> below;
      std::vector<const Expr*> above;
      for (const Expr* conjunct : conjuncts) {
        ColumnSet named = EmptySet();
        AddColumns(conjunct, &named);
        bool inside = IsMovable(conjunct) && !node->expressions.empty();
        for (size_t i = 0; i < named.size(); ++i) inside &= !named[i] || groups[i] || !made[i];
        (inside ? below : above).push_back(conjunct);
      }
      if (!below.empty()) {
        TURDB_ASSIGN_OR_RETURN(node->left, PushDown(node->left, std::move(below)));
      }
      return above.empty() ? node : FilterOver(node, std::move(above));
    }
    case LogicalKind::kWindow: {
      // Conditions on what partitions are made by take or leave whole partitions.
      ColumnSet partition = EmptySet();
      for (const Expr* expr : node->expressions) partition[expr->index] = true;
      const auto divide = std::stable_partition(conjuncts.begin(), conjuncts.end(), [&](const Expr* conjunct) {
        return IsMovable(conjunct) && !node->expressions.empty() && IsInside(conjunct, partition);
      });
      std::vector<const Expr*> above(divide, conjuncts.end());
      conjuncts.erase(divide, conjuncts.end());
      if (!conjuncts.empty()) {
        TURDB_ASSIGN_OR_RETURN(node->left, PushDown(node->left, std::move(conjuncts)));
      }
      return above.empty() ? node : FilterOver(node, std::move(above));
    }
    default:
      return conjuncts.empty() ? node : FilterOver(node, std::move(conjuncts));
  }
}

StatusOr<LogicalNode*> Planner::PushIntoProject(LogicalNode* project, std::vector<const Expr*> conjuncts) {
  // A conjunct over a computed column goes below as that computation, when the whole cannot raise.
  std::vector<const Expr*> below;
  std::vector<const Expr*> above;
  const auto substitute = [&](const auto& self, const Expr* expr) -> const Expr* {
    if (expr->kind == ExpressionKind::kColumn) {
      for (size_t i = 0; i < project->outputs.size(); ++i) {
        if (project->outputs[i] == expr->index) return project->expressions[i];
      }
      return expr;
    }
    if (expr->arguments.empty()) return expr;
    std::vector<const Expr*> arguments;
    for (const Expr* argument : expr->arguments) arguments.push_back(self(self, argument));
    Expr* copy = plan_.NewExpression(expr->kind, expr->type, plan_.Copy(arguments), expr->position);
    copy->try_cast = expr->try_cast;
    copy->index = expr->index;
    copy->call = expr->call;
    copy->value = expr->value;
    return copy;
  };
  for (const Expr* conjunct : conjuncts) {
    const Expr* inside = HasSubquery(conjunct) ? conjunct : substitute(substitute, conjunct);
    if (!HasSubquery(conjunct) && IsMovable(inside)) {
      below.push_back(inside);
    } else {
      above.push_back(conjunct);
    }
  }
  if (!below.empty()) {
    TURDB_ASSIGN_OR_RETURN(project->left, PushDown(project->left, std::move(below)));
  }
  return above.empty() ? project : FilterOver(project, std::move(above));
}

StatusOr<LogicalNode*> Planner::PushIntoJoin(LogicalNode* join, std::vector<const Expr*> conjuncts) {
  const ColumnSet left = Produced(join->left);
  const ColumnSet right = Produced(join->right);
  // A condition above that refuses what the outer join would add makes it a lesser join.
  for (const Expr* conjunct : conjuncts) {
    if (HasSubquery(conjunct)) continue;
    if ((join->join == JoinType::kLeft || join->join == JoinType::kFull) && RejectsNulls(conjunct, right)) {
      join->join = join->join == JoinType::kLeft ? JoinType::kInner : JoinType::kRight;
    }
    if ((join->join == JoinType::kRight || join->join == JoinType::kFull) && RejectsNulls(conjunct, left)) {
      join->join = join->join == JoinType::kRight ? JoinType::kInner : JoinType::kLeft;
    }
  }
  const JoinType type = join->join;
  const bool left_keeps = type == JoinType::kInner || type == JoinType::kLeft || type == JoinType::kSemi ||
                          type == JoinType::kAnti || type == JoinType::kAntiNull;
  const bool right_keeps = type == JoinType::kInner || type == JoinType::kRight;
  std::vector<const Expr*> to_left;
  std::vector<const Expr*> to_right;
  std::vector<const Expr*> above;
  std::vector<const Expr*> own;
  for (const Expr* conjunct : conjuncts) {
    const bool movable = IsMovable(conjunct);
    const bool on_left = Touches(conjunct, left);
    const bool on_right = Touches(conjunct, right);
    if (movable && left_keeps && !on_right) {
      to_left.push_back(conjunct);
    } else if (movable && right_keeps && on_right && !on_left) {
      to_right.push_back(conjunct);
    } else if (movable && type == JoinType::kInner && !join->lateral) {
      own.push_back(conjunct);
    } else {
      above.push_back(conjunct);
    }
  }
  for (const Expr* conjunct : join->conjuncts) {  // of ON: a condition on the preserved side stays
    const bool movable = IsMovable(conjunct);
    const bool on_left = Touches(conjunct, left);
    const bool on_right = Touches(conjunct, right);
    const bool narrows_right =
        type == JoinType::kInner || type == JoinType::kLeft || type == JoinType::kSemi || type == JoinType::kAnti;
    const bool narrows_left = type == JoinType::kInner || type == JoinType::kRight || type == JoinType::kSemi;
    if (movable && on_right && !on_left && narrows_right && !join->lateral) {
      to_right.push_back(conjunct);
    } else if (movable && !on_right && on_left && narrows_left) {
      to_left.push_back(conjunct);
    } else {
      own.push_back(conjunct);
    }
  }
  join->conjuncts = std::move(own);
  if (!to_left.empty()) {
    TURDB_ASSIGN_OR_RETURN(join->left, PushDown(join->left, std::move(to_left)));
  }
  if (!to_right.empty()) {
    TURDB_ASSIGN_OR_RETURN(join->right, PushDown(join->right, std::move(to_right)));
  }
  return above.empty() ? join : FilterOver(join, std::move(above));
}

// ---- subqueries as joins

// Takes the conjuncts that name columns from outside out of the filters right below projections. False when
// something else below names such columns: the subquery then stays a subquery.
bool Planner::ExtractCorrelated(LogicalNode* node, const ColumnSet& inside, std::vector<const Expr*>* correlated) {
  while (node != nullptr) {
    if (node->kind == LogicalKind::kProject) {
      for (const Expr* expr : node->expressions) {
        if (!IsInside(expr, inside)) return false;
      }
      node = node->left;
      continue;
    }
    if (node->kind == LogicalKind::kFilter) {
      std::vector<const Expr*> kept;
      for (const Expr* conjunct : node->conjuncts) {
        if (IsInside(conjunct, inside)) {
          kept.push_back(conjunct);
        } else if (HasSubquery(conjunct)) {
          return false;
        } else {
          correlated->push_back(conjunct);
        }
      }
      node->conjuncts = std::move(kept);
      node = node->left;
      continue;
    }
    break;
  }
  ColumnSet named = EmptySet();
  AddTreeColumns(node, &named);
  for (size_t i = 0; i < named.size(); ++i) {
    if (named[i] && !inside[i]) return false;
  }
  return true;
}

// Null when the conjunct is none of the known forms. The join's left side is the caller's to set.
StatusOr<LogicalNode*> Planner::UnnestConjunct(LogicalNode* input, const Expr* conjunct) {
  const Expr* expr = conjunct;
  const bool negated = expr->kind == ExpressionKind::kNot;
  if (negated) expr = expr->arguments[0];
  if (expr->kind != ExpressionKind::kSubquery) return nullptr;
  BoundSubquery& subquery = binder_.subqueries()[expr->index];
  const bool exists = subquery.kind == exec::SubqueryKind::kExists;
  const bool in = subquery.kind == exec::SubqueryKind::kAny && subquery.comparison == exec::Comparison::kEqual && !negated;
  const bool not_in =
      subquery.kind == exec::SubqueryKind::kAll && subquery.comparison == exec::Comparison::kNotEqual && !negated;
  if (!exists && !in && !not_in) return nullptr;
  if (!expr->arguments.empty() && HasSubquery(expr->arguments[0])) return nullptr;
  LogicalNode* root = subquery.query.root;
  const ColumnSet inside = Produced(root);
  // Try on copies of the filters' lists: nothing may change when it does not work out.
  std::vector<std::pair<LogicalNode*, std::vector<const Expr*>>> saved;
  for (LogicalNode* node = root; node != nullptr && (node->kind == LogicalKind::kProject || node->kind == LogicalKind::kFilter);
       node = node->left) {
    saved.emplace_back(node, node->conjuncts);
  }
  std::vector<const Expr*> correlated;
  const bool works = ExtractCorrelated(root, inside, &correlated) && !(not_in && !correlated.empty());
  if (!works) {
    for (auto& [node, conjuncts] : saved) node->conjuncts = std::move(conjuncts);
    return nullptr;
  }
  LogicalNode* join = binder_.NewNode(LogicalKind::kJoin);
  join->left = input;
  TURDB_ASSIGN_OR_RETURN(join->right, Rewrite(root));
  join->join = not_in ? JoinType::kAntiNull : negated ? JoinType::kAnti : JoinType::kSemi;
  join->conjuncts = std::move(correlated);
  if (in || not_in) {
    TURDB_ASSIGN_OR_RETURN(
        const Expr* equal,
        binder_.MakeOperator("=", {expr->arguments[0], binder_.ColumnExpr(subquery.query.columns[0].id)}, expr->position));
    join->conjuncts.insert(join->conjuncts.begin(), equal);
  }
  return join;
}

}  // namespace turdb::sql
