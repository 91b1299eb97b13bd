// Which columns expressions and trees name, subqueries included, and which trees make.
#include "sql/bind/binder.h"

namespace turdb::sql {

using exec::ExpressionKind;

void Binder::AddColumns(const Expr* expr, ColumnSet* set) const {
  if (expr->kind == ExpressionKind::kColumn) (*set)[expr->index] = true;
  if (expr->kind == ExpressionKind::kSubquery && expr->subquery == nullptr) {
    AddTreeColumns(subqueries_[expr->index].query.root, set);
  }
  for (const Expr* argument : expr->arguments) AddColumns(argument, set);
}

void Binder::AddTreeColumns(const LogicalNode* node, ColumnSet* set) const {
  if (node == nullptr) return;
  for (const Expr* expr : node->expressions) AddColumns(expr, set);
  for (const Expr* expr : node->conjuncts) AddColumns(expr, set);
  for (const auto& row : node->rows) {
    for (const Expr* expr : row) AddColumns(expr, set);
  }
  for (const LogicalAggregate& aggregate : node->aggregates) {
    for (const Expr* argument : aggregate.arguments) AddColumns(argument, set);
    if (aggregate.filter != nullptr) AddColumns(aggregate.filter, set);
    for (const LogicalSortKey& key : aggregate.order) AddColumns(key.expression, set);
  }
  for (const LogicalWindowCall& call : node->windows) {
    for (const Expr* argument : call.arguments) AddColumns(argument, set);
    for (const Expr* expr : {call.filter, call.range_key, call.start.count, call.start.negative, call.start.limit,
                             call.end.count, call.end.negative, call.end.limit}) {
      if (expr != nullptr) AddColumns(expr, set);
    }
  }
  for (const LogicalSortKey& key : node->sort) AddColumns(key.expression, set);
  if (node->limit != nullptr) AddColumns(node->limit, set);
  if (node->offset != nullptr) AddColumns(node->offset, set);
  for (const ColumnId id : node->left_columns) (*set)[id] = true;
  for (const ColumnId id : node->right_columns) (*set)[id] = true;
  AddTreeColumns(node->left, set);
  AddTreeColumns(node->right, set);
  if (node->kind == LogicalKind::kCte) {
    AddTreeColumns(node->cte->definition.root, set);
    AddTreeColumns(node->cte->step, set);
  }
}

// Every column that some operator below makes.
void Binder::AddProduced(const LogicalNode* node, ColumnSet* set) {
  if (node == nullptr) return;
  for (const ColumnId id : node->outputs) (*set)[id] = true;
  AddProduced(node->left, set);
  AddProduced(node->right, set);
}

}  // namespace turdb::sql
