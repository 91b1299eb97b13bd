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

bool IsKeyCondition(const Expr* expr) { return IsEquality(expr) || expr->kind == ExpressionKind::kIsNotDistinct; }

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
  if (expr->kind == ExpressionKind::kSubquery || expr->kind == ExpressionKind::kCheck ||
      expr->kind == ExpressionKind::kLambda) {
    return true;
  }
  if (expr->call != nullptr && (expr->call->flags & function::kCanRaise) != 0 && !expr->try_cast) return true;
  return std::any_of(expr->arguments.begin(), expr->arguments.end(), [this](const Expr* e) { return CanRaise(e); });
}

bool Planner::IsMovable(const Expr* expr) const {
  if (expr->kind == ExpressionKind::kSubquery || expr->kind == ExpressionKind::kCheck ||
      expr->kind == ExpressionKind::kLambda) {
    return false;
  }
  if (expr->call != nullptr) {
    if ((expr->call->flags & function::kVolatile) != 0) return false;
    if ((expr->call->flags & function::kCanRaise) != 0 && !expr->try_cast) return false;
  }
  return std::all_of(expr->arguments.begin(), expr->arguments.end(), [this](const Expr* e) { return IsMovable(e); });
}

bool Planner::MayBeKey(const Expr* expr) const {
  const auto is_pure = [](const auto& self, const Expr* e) -> bool {
    if (e->kind == ExpressionKind::kSubquery || e->kind == ExpressionKind::kCheck || e->kind == ExpressionKind::kLambda) {
      return false;
    }
    if (e->call != nullptr && (e->call->flags & function::kVolatile) != 0) return false;
    return std::all_of(e->arguments.begin(), e->arguments.end(), [&](const Expr* a) { return self(self, a); });
  };
  return IsKeyCondition(expr) && is_pure(is_pure, expr);
}

// Whether the conjunct cannot be true when all of `columns` are NULL: an outer join under it may be inner.
bool Planner::RejectsNulls(const Expr* conjunct, const ColumnSet& columns) const {
  const auto passes_null = [&](const auto& self, const Expr* expr) -> bool {  // NULL in, NULL out
    if (expr->kind == ExpressionKind::kColumn) return static_cast<size_t>(expr->index) < columns.size() && columns[expr->index];
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
  if (node->kind == LogicalKind::kJoin) {
    if (!node->lateral) return PushIntoJoin(node, {});
    TURDB_ASSIGN_OR_RETURN(node, UnnestLateral(node));
    LogicalNode*& join = node->kind == LogicalKind::kCte ? node->left : node;
    TURDB_ASSIGN_OR_RETURN(join, PushIntoJoin(join, {}));
    return node;
  }
  TURDB_RETURN_IF_ERROR(UnnestExpressions(node));
  return node;
}

StatusOr<LogicalNode*> Planner::FilterOver(LogicalNode* node, std::vector<const Expr*> conjuncts) {
  // Subqueries in order of writing: each one joins what the conjuncts before it left.
  std::vector<const Expr*> pending;
  const auto filtered = [&]() -> LogicalNode* {
    if (pending.empty()) return node;
    LogicalNode* filter = binder_.NewNode(LogicalKind::kFilter);
    filter->left = node;
    filter->conjuncts = pending;
    return filter;
  };
  for (const Expr* conjunct : conjuncts) {
    if (!HasSubquery(conjunct)) {
      pending.push_back(conjunct);
      continue;
    }
    LogicalNode* below = filtered();
    TURDB_ASSIGN_OR_RETURN(LogicalNode * joined, UnnestConjunct(below, conjunct));
    if (joined == nullptr) {
      joined = below;
      TURDB_RETURN_IF_ERROR(UnnestInside(&conjunct, &joined, false));
      if (joined == below) {
        pending.push_back(conjunct);
        continue;
      }
      if (IsMovable(conjunct)) {
        TURDB_ASSIGN_OR_RETURN(node, PushDown(joined, {conjunct}));
        pending.clear();
      } else {
        node = joined;
        pending = {conjunct};
      }
      continue;
    }
    pending.clear();
    node = joined;
  }
  return filtered();
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
    case LogicalKind::kCte: {
      TURDB_ASSIGN_OR_RETURN(node->left, PushDown(node->left, std::move(conjuncts)));
      return node;
    }
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
  Replacements computed;
  for (size_t i = 0; i < project->outputs.size(); ++i) computed.emplace_back(project->outputs[i], project->expressions[i]);
  for (const Expr* conjunct : conjuncts) {
    const Expr* inside = HasSubquery(conjunct) ? conjunct : Substitute(conjunct, computed);
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
    } else if (type == JoinType::kInner && !join->lateral && above.empty() && MayBeKey(conjunct)) {
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
    } else if (type == JoinType::kInner && !join->lateral && HasSubquery(conjunct)) {
      above.push_back(conjunct);  // where it may become a join
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

}  // namespace turdb::sql
