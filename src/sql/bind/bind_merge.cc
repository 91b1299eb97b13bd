// MERGE: the source joined with the target, and what is to become of each pair.
//
// The join keeps rows without a partner as the clauses ask for: those of the source for WHEN NOT MATCHED, those of the target
// for WHEN NOT MATCHED BY SOURCE. A constant beside the source's columns tells whether there is a row of it.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sql/bind/binder.h"

namespace turdb::sql {

using base::Status;
using base::StatusOr;
using vec::TypeId;
namespace sqlstate = base::sqlstate;

namespace {

Scope ScopeOfTable(const ScopeRelation& relation, Scope* parent) {
  Scope scope;
  scope.parent = parent;
  scope.relations.push_back(relation);
  for (const ScopeColumn& column : relation.columns) scope.visible.push_back({column.name, column.expr, 0});
  return scope;
}

bool Has(const ast::Merge& merge, ast::MergeMatch match) {
  return std::any_of(merge.whens.begin(), merge.whens.end(), [&](const ast::MergeWhen& when) { return when.match == match; });
}

}  // namespace

Status Binder::CheckMergeClauses(const ast::Merge& merge) const {
  bool ended[3] = {};
  for (const ast::MergeWhen& when : merge.whens) {
    const bool wrong = when.match == ast::MergeMatch::kNotMatched
                           ? when.action == ast::MergeAction::kUpdate || when.action == ast::MergeAction::kDelete
                           : when.action == ast::MergeAction::kInsert;
    if (wrong) {
      return Error(sqlstate::kSyntaxError,
                   when.match == ast::MergeMatch::kNotMatched ? "WHEN NOT MATCHED takes INSERT or DO NOTHING"
                                                              : "this WHEN clause takes UPDATE, DELETE or DO NOTHING",
                   merge.offset);
    }
    bool& end = ended[static_cast<size_t>(when.match)];
    if (end) {
      return Error(sqlstate::kSyntaxError, "unreachable WHEN clause specified after unconditional WHEN clause", merge.offset);
    }
    end = when.condition == nullptr;
  }
  return absl::OkStatus();
}

StatusOr<Binder::BoundMerge> Binder::BindMerge(const ast::Merge& merge) {
  TURDB_RETURN_IF_ERROR(CheckMergeClauses(merge));
  TURDB_ASSIGN_OR_RETURN(const Target target, FindTarget(merge.target->name, merge.target->alias,
                                                         table::kOnInsert | table::kOnUpdate | table::kOnDelete));
  if (target.table == nullptr) return Unsupported("MERGE into a view", merge.target->offset);
  BoundMerge bound;
  bound.relation = target.relation;
  bound.table = target.table;
  bound.name = target.relation->name();
  Scope outer;
  outer.parent = enclosing_;
  if (merge.with != nullptr) TURDB_RETURN_IF_ERROR(BindWith(*merge.with, &outer));
  BoundUpdate rows;
  TURDB_ASSIGN_OR_RETURN(FromItem into, BindTargetRows(target, *merge.target, &rows));
  bound.old_row = rows.old_row;
  bound.row_key = rows.row_key;
  TURDB_ASSIGN_OR_RETURN(FromItem source, BindTableRef(*merge.source, &outer, nullptr));
  TURDB_RETURN_IF_ERROR(CheckAliases(source, into));
  LogicalNode* marked = NewNode(LogicalKind::kProject);
  marked->left = source.node;
  bound.source_column = NewColumn("source row", TypeId::kBoolean);
  marked->expressions = {plan_.Constant(vec::Value::Boolean(true), TypeId::kBoolean)};
  marked->outputs = {bound.source_column};

  const ScopeRelation into_row = into.relations[0];
  Scope into_scope = ScopeOf(into, &outer);
  Scope source_scope = ScopeOf(source, &outer);
  LogicalNode* join = NewNode(LogicalKind::kJoin);
  join->left = marked;
  join->right = into.node;
  const bool keep_source = Has(merge, ast::MergeMatch::kNotMatched);
  const bool keep_target = Has(merge, ast::MergeMatch::kNotMatchedBySource);
  join->join = keep_source ? (keep_target ? exec::JoinType::kFull : exec::JoinType::kLeft)
                           : (keep_target ? exec::JoinType::kRight : exec::JoinType::kInner);
  Scope both_scope = ScopeOf(Combine(source, into, join, {}), &outer);
  ExprContext context;
  context.scope = &both_scope;
  context.clause = "JOIN/ON";
  TURDB_RETURN_IF_ERROR(BindConjuncts(*merge.on, context, &join->conjuncts));

  for (const ast::MergeWhen& when : merge.whens) {
    context.scope = when.match == ast::MergeMatch::kMatched      ? &both_scope
                    : when.match == ast::MergeMatch::kNotMatched ? &source_scope
                                                                 : &into_scope;
    BoundMerge::Action action;
    action.match = when.match;
    action.action = when.action;
    context.clause = "WHEN";
    if (when.condition != nullptr) TURDB_RETURN_IF_ERROR(BindConjuncts(*when.condition, context, &action.conjuncts));
    context.clause = "MERGE";
    if (when.action == ast::MergeAction::kUpdate) {
      TURDB_RETURN_IF_ERROR(BindAssignments(when.set, target, context, &action.assignments));
    } else if (when.action == ast::MergeAction::kInsert) {
      TURDB_ASSIGN_OR_RETURN(action.values, BindMergeValues(when, target, context));
    }
    bound.actions.push_back(std::move(action));
  }
  bound.input = merge.with != nullptr ? WrapCommonTables(join, outer) : join;

  ScopeRelation row;
  bound.new_row = RowColumns(*target.relation->schema, target.alias, &row);
  SetOrigins(bound.new_row, *target.relation, target.table);
  Scope row_scope = ScopeOfTable(row, nullptr);
  TURDB_RETURN_IF_ERROR(BindRowRules(target, &row_scope, &bound.generated, &bound.checks, &bound.index_expressions));
  // RETURNING: the source, then the row of the target as it is now, or was when it is deleted.
  Scope returning = ScopeOf(source, &outer);
  row.schema = into_row.schema;
  for (const ScopeColumn& column : row.columns) {
    returning.visible.push_back({column.name, column.expr, static_cast<int32_t>(returning.relations.size())});
  }
  returning.relations.push_back(std::move(row));
  bound.action_name = NewColumn("merge_action", TypeId::kText);
  merge_action_ = bound.action_name;
  const Status status = BindReturning(merge.returning, &returning, &bound.returning);
  merge_action_ = -1;
  TURDB_RETURN_IF_ERROR(status);
  return bound;
}

// A value for each column of the table.
StatusOr<std::vector<const Expr*>> Binder::BindMergeValues(const ast::MergeWhen& when, const Target& target,
                                                           const ExprContext& context) {
  const table::TableSchema& schema = *target.relation->schema;
  std::vector<const Expr*> values(schema.columns.size());
  std::vector<int32_t> columns;
  for (const ast::Name& name : when.columns) {
    TURDB_ASSIGN_OR_RETURN(const int32_t column, TargetColumn(name, *target.relation));
    if (std::find(columns.begin(), columns.end(), column) != columns.end()) {
      return Error(sqlstate::kDuplicateColumn, absl::StrCat("column \"", name.text, "\" specified more than once"),
                   name.offset);
    }
    columns.push_back(column);
  }
  if (when.columns.empty()) {
    for (size_t i = 0; i < schema.columns.size(); ++i) columns.push_back(static_cast<int32_t>(i));
  }
  if (when.values.size() > columns.size()) {
    return Error(sqlstate::kSyntaxError, "INSERT has more expressions than target columns",
                 when.values[columns.size()]->offset);
  }
  if (!when.columns.empty() && when.values.size() < columns.size()) {
    return Error(sqlstate::kSyntaxError, "INSERT has more target columns than expressions",
                 when.columns[when.values.size()].offset);
  }
  for (size_t i = 0; i < when.values.size(); ++i) {
    TURDB_ASSIGN_OR_RETURN(values[static_cast<size_t>(columns[i])], BindAssigned(*when.values[i], schema, columns[i], context));
  }
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] != nullptr) continue;
    TURDB_ASSIGN_OR_RETURN(values[i], DefaultOf(schema, static_cast<int32_t>(i)));
  }
  return values;
}

}  // namespace turdb::sql
