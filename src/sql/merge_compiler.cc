// MERGE becomes a node over the join of source and target.
#include <algorithm>

#include "sql/change_compiler.h"

namespace turdb::sql {

using base::StatusOr;

namespace {

void AddTo(std::vector<int32_t>* columns, int32_t column) {
  if (std::find(columns->begin(), columns->end(), column) == columns->end()) columns->push_back(column);
}

bool Does(const Binder::BoundMerge& bound, ast::MergeAction what) {
  return std::any_of(bound.actions.begin(), bound.actions.end(), [&](const auto& action) { return action.action == what; });
}

exec::MergeMatch MatchOf(ast::MergeMatch match) {
  switch (match) {
    case ast::MergeMatch::kMatched:
      return exec::MergeMatch::kMatched;
    case ast::MergeMatch::kNotMatched:
      return exec::MergeMatch::kNotMatched;
    case ast::MergeMatch::kNotMatchedBySource:
      return exec::MergeMatch::kNotMatchedBySource;
  }
  return exec::MergeMatch::kMatched;
}

exec::MergeActionKind ActionOf(ast::MergeAction action) {
  switch (action) {
    case ast::MergeAction::kNothing:
      return exec::MergeActionKind::kNothing;
    case ast::MergeAction::kInsert:
      return exec::MergeActionKind::kInsert;
    case ast::MergeAction::kUpdate:
      return exec::MergeActionKind::kUpdate;
    case ast::MergeAction::kDelete:
      return exec::MergeActionKind::kDelete;
  }
  return exec::MergeActionKind::kNothing;
}

}  // namespace

// Everything that an expression of the statement reads, and the old row; whether there is a source row, and the row key.
StatusOr<Physical> ChangeCompiler::PlanMergeRows(const Binder::BoundMerge& bound) {
  ColumnSet made(binder_.columns().size());
  planner_.AddProducedColumns(bound.input, &made);
  ColumnSet wanted(binder_.columns().size());
  for (const auto& action : bound.actions) {
    for (const Expr* expr : action.conjuncts) planner_.AddColumns(expr, &wanted);
    for (const exec::Assignment& assignment : action.assignments) planner_.AddColumns(assignment.value, &wanted);
    for (const Expr* expr : action.values) planner_.AddColumns(expr, &wanted);
  }
  for (const Expr* expr : bound.returning.expressions) planner_.AddColumns(expr, &wanted);
  for (const ColumnId id : bound.old_row) wanted[id] = true;
  wanted[bound.source_column] = true;
  std::vector<ColumnId> columns;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] && made[i] && static_cast<ColumnId>(i) != bound.row_key) columns.push_back(static_cast<ColumnId>(i));
  }
  columns.push_back(bound.row_key);
  return planner_.PlanRows(bound.input, columns);
}

StatusOr<const exec::Node*> ChangeCompiler::Merge(Binder::BoundMerge& bound, CompiledStatement* compiled) {
  const bool inserts = Does(bound, ast::MergeAction::kInsert);
  const bool updates = Does(bound, ast::MergeAction::kUpdate);
  const bool deletes = Does(bound, ast::MergeAction::kDelete);
  std::vector<int32_t> assigned;
  const auto collect = [&] {
    for (const auto& action : bound.actions) {
      for (const exec::Assignment& assignment : action.assignments) AddTo(&assigned, assignment.column);
    }
    for (const exec::GeneratedColumn& column : bound.generated) AddTo(&assigned, column.column);
  };
  collect();
  FiredTriggers inserted, updated, removed;
  if (inserts) inserted = Fired(*bound.relation, table::kOnInsert, nullptr);
  if (updates) updated = Fired(*bound.relation, table::kOnUpdate, &assigned);
  if (deletes) removed = Fired(*bound.relation, table::kOnDelete, nullptr);
  for (auto& action : bound.actions) {
    if (action.action != ast::MergeAction::kUpdate) continue;
    TURDB_RETURN_IF_ERROR(AssignSetColumns(*bound.relation, updated, bound.old_row, &action.assignments));
  }
  collect();
  TURDB_ASSIGN_OR_RETURN(const Physical input, PlanMergeRows(bound));
  auto* node = plan_.New<exec::MergeNode>();
  node->table = bound.table;
  node->name = plan_.Copy(bound.name);
  node->input = input.node;
  const auto place = [&](ColumnId id) {
    return static_cast<int32_t>(std::find(input.layout.begin(), input.layout.end(), id) - input.layout.begin());
  };
  node->source_column = place(bound.source_column);
  std::vector<int32_t> old_columns;
  for (const ColumnId id : bound.old_row) old_columns.push_back(place(id));
  node->old_columns = plan_.Copy(old_columns);
  std::vector<exec::MergeAction> actions;
  for (auto& action : bound.actions) {
    exec::MergeAction lowered;
    lowered.match = MatchOf(action.match);
    lowered.action = ActionOf(action.action);
    TURDB_ASSIGN_OR_RETURN(lowered.conjuncts, LowerAll(action.conjuncts, input.layout));
    TURDB_ASSIGN_OR_RETURN(lowered.values, LowerAll(action.values, input.layout));
    TURDB_RETURN_IF_ERROR(LowerValues(&action.assignments, input.layout));
    lowered.assignments = plan_.Copy(action.assignments);
    actions.push_back(lowered);
  }
  node->actions = plan_.Copy(actions);
  TURDB_RETURN_IF_ERROR(LowerRowRules(node, bound, bound.new_row));
  std::vector<ColumnId> layout = bound.new_row;
  layout.push_back(bound.action_name);
  layout.insert(layout.end(), input.layout.begin(), input.layout.end());
  TURDB_RETURN_IF_ERROR(LowerReturning(&node->returning, node, bound.returning, layout, bound.new_row, compiled));
  Write(bound.relation, compiled);
  if (inserts || updates) {
    TURDB_ASSIGN_OR_RETURN(node->foreign_keys, Checks(bound.relation, inserts ? nullptr : &assigned));
  }
  if (updates) {
    TURDB_ASSIGN_OR_RETURN(node->update_references, Referencing(ReferencesTo(*bound.relation, &assigned), true, compiled));
  }
  if (deletes) {
    TURDB_ASSIGN_OR_RETURN(node->delete_references, Referencing(ReferencesTo(*bound.relation, nullptr), false, compiled));
  }
  TURDB_ASSIGN_OR_RETURN(node->triggers.insert, LowerTriggers(bound.relation, table::kOnInsert, inserted, compiled));
  TURDB_ASSIGN_OR_RETURN(node->triggers.update, LowerTriggers(bound.relation, table::kOnUpdate, updated, compiled));
  TURDB_ASSIGN_OR_RETURN(node->triggers.remove, LowerTriggers(bound.relation, table::kOnDelete, removed, compiled));
  return node;
}

}  // namespace turdb::sql
