// FOR UPDATE, FOR SHARE and their kin: which tables of a FROM clause a query locks the rows of.
//
// A clause holds for the tables that it names, or for all. In front of a view or of a query in FROM it becomes a clause of that
// query, as PostgreSQL has it; common tables, functions and VALUES have no rows to lock.
#include <algorithm>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "sql/bind/binder.h"

namespace turdb::sql {

using base::Status;
using base::StatusOr;
using exec::JoinType;
using exec::RowLockStrength;
using exec::RowLockWait;
namespace sqlstate = base::sqlstate;

namespace {

RowLockStrength StrengthOf(const ast::LockingClause& clause) {
  switch (clause.strength) {
    case ast::LockStrength::kKeyShare:
      return RowLockStrength::kKeyShare;
    case ast::LockStrength::kShare:
      return RowLockStrength::kShare;
    case ast::LockStrength::kNoKeyUpdate:
      return RowLockStrength::kNoKeyUpdate;
    case ast::LockStrength::kUpdate:
      break;
  }
  return RowLockStrength::kUpdate;
}

RowLockWait WaitOf(const ast::LockingClause& clause) {
  switch (clause.wait) {
    case ast::LockWait::kNoWait:
      return RowLockWait::kNoWait;
    case ast::LockWait::kSkipLocked:
      return RowLockWait::kSkipLocked;
    case ast::LockWait::kWait:
      break;
  }
  return RowLockWait::kWait;
}

std::string_view ClauseName(const ast::LockingClause& clause) {
  static constexpr std::string_view kNames[] = {"FOR UPDATE", "FOR NO KEY UPDATE", "FOR SHARE", "FOR KEY SHARE"};
  return kNames[static_cast<size_t>(clause.strength)];
}

bool Names(const ast::LockingClause& clause, std::string_view alias) {
  return std::any_of(clause.tables.begin(), clause.tables.end(), [&](const ast::Name& name) { return name.text == alias; });
}

// Every table of the FROM clause under `node`, with whether an outer join may make its row of NULLs.
void ForEachTable(const LogicalNode* node, bool nullable, absl::FunctionRef<void(const LogicalNode*, bool nullable)> visit) {
  if (node->kind == LogicalKind::kGet) return visit(node, nullable);
  if (node->kind != LogicalKind::kJoin) return;  // a query of its own
  const JoinType type = node->join;
  ForEachTable(node->left, nullable || type == JoinType::kRight || type == JoinType::kFull, visit);
  if (type == JoinType::kSemi || type == JoinType::kAnti || type == JoinType::kAntiNull) return;
  ForEachTable(node->right, nullable || type == JoinType::kLeft || type == JoinType::kFull, visit);
}

void AddLock(const LogicalNode* get, RowLockStrength strength, RowLockWait wait, std::vector<LogicalRowLock>* locks) {
  const auto found = std::find_if(locks->begin(), locks->end(), [&](const LogicalRowLock& lock) { return lock.get == get; });
  if (found == locks->end()) {
    locks->push_back({get, strength, wait});
    return;
  }
  // Named twice: the stronger lock, and rather an error than a row left out than a wait.
  const auto haste = [](RowLockWait w) { return w == RowLockWait::kNoWait ? 2 : w == RowLockWait::kSkipLocked ? 1 : 0; };
  found->strength = std::max(found->strength, strength);
  if (haste(wait) > haste(found->wait)) found->wait = wait;
}

}  // namespace

Status Binder::CannotLock(const ast::LockingClause& clause, std::string_view why) const {
  return At(base::UnsupportedError(absl::StrCat(ClauseName(clause), " ", why)), clause.offset);
}

// The query of a view or of a derived table called `alias`, with what the clauses around it say about it.
const ast::Select& Binder::WithOuterLocking(const ast::Select& select, std::string_view alias) {
  std::vector<ast::LockingClause> clauses(select.locking.begin(), select.locking.end());
  const size_t own = clauses.size();
  for (const ast::LockingClause& clause : locking_) {
    if (clause.tables.empty() || (!alias.empty() && Names(clause, alias))) {
      clauses.push_back(clause);
      clauses.back().tables = {};
      clauses.back().from_outside = true;
    }
  }
  if (clauses.size() == own || select.body->kind == ast::BodyKind::kValues) return select;
  auto* locked = arena_.New<ast::Select>(select);
  const std::span<ast::LockingClause> kept = arena_.NewArray<ast::LockingClause>(clauses.size());
  std::copy(clauses.begin(), clauses.end(), kept.begin());
  locked->locking = kept;
  return *locked;
}

// Locks belong to rows of tables, and what is grouped or made distinct is no such row.
StatusOr<LogicalNode*> Binder::BindLocking(ast::List<ast::LockingClause> clauses, const ast::SelectCore& core,
                                           const LogicalNode* tables, const Scope& scope, bool aggregates, bool windows) {
  const ast::LockingClause& first = clauses[0];
  if (core.distinct != ast::DistinctKind::kAll) return CannotLock(first, "is not allowed with DISTINCT clause");
  if (core.grouped) return CannotLock(first, "is not allowed with GROUP BY clause");
  if (core.having != nullptr) return CannotLock(first, "is not allowed with HAVING clause");
  if (aggregates) return CannotLock(first, "is not allowed with aggregate functions");
  if (windows) return CannotLock(first, "is not allowed with window functions");
  LogicalNode* node = NewNode(LogicalKind::kLockRows);
  node->locks_what_is_asked =
      std::all_of(clauses.begin(), clauses.end(), [](const auto& clause) { return clause.from_outside; });
  for (const ast::LockingClause& clause : clauses) {
    std::vector<const LogicalNode*> named;
    for (const ast::Name& name : clause.tables) {
      const auto found = std::find_if(scope.relations.begin(), scope.relations.end(),
                                      [&](const ScopeRelation& relation) { return relation.alias == name.text; });
      if (found == scope.relations.end()) {
        return Error(sqlstate::kUndefinedTable,
                     absl::StrCat("relation \"", name.text, "\" in ", ClauseName(clause), " clause not found in FROM clause"),
                     name.offset);
      }
      if (!found->not_lockable.empty()) {
        return At(base::UnsupportedError(absl::StrCat(ClauseName(clause), " cannot be applied to ", found->not_lockable)),
                  name.offset);
      }
      named.push_back(found->get);  // null: a query, which has the clause itself
    }
    bool on_nullable_side = false;
    ForEachTable(tables, false, [&](const LogicalNode* get, bool nullable) {
      const bool meant = clause.tables.empty() || std::find(named.begin(), named.end(), get) != named.end();
      if (!meant) return;
      on_nullable_side |= nullable;
      AddLock(get, StrengthOf(clause), WaitOf(clause), &node->locks);
    });
    if (on_nullable_side) return CannotLock(clause, "cannot be applied to the nullable side of an outer join");
  }
  for (const LogicalRowLock& lock : node->locks) locked_.push_back(lock.get->relation);
  return node->locks.empty() ? nullptr : node;
}

// Rows that are skipped must not count, so then the limit comes after. Otherwise a row is locked because it is wanted.
Status Binder::LockAndLimit(BoundQuery* query, LogicalNode* locks, const ast::Select& select, Scope* outer) {
  if (locks == nullptr) return BindLimit(query, select, outer);
  const bool skips = std::any_of(locks->locks.begin(), locks->locks.end(),
                                 [](const LogicalRowLock& lock) { return lock.wait == RowLockWait::kSkipLocked; });
  if (!skips) {
    TURDB_RETURN_IF_ERROR(BindLimit(query, select, outer));
    locks->left = query->root;
    query->root = locks;
    return absl::OkStatus();
  }
  locks->left = query->root;
  query->root = locks;
  TURDB_RETURN_IF_ERROR(BindLimit(query, select, outer));
  const auto plain = [](const Expr* count) {  // says the same when it is asked twice
    return count == nullptr || count->kind == exec::ExpressionKind::kConstant ||
           count->kind == exec::ExpressionKind::kParameter;
  };
  if (query->root->kind == LogicalKind::kLimit && plain(query->root->limit) && plain(query->root->offset)) {
    locks->limit = query->root->limit;
    locks->offset = query->root->offset;
  }
  return absl::OkStatus();
}

}  // namespace turdb::sql
