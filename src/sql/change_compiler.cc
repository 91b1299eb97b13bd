#include "sql/change_compiler.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace turdb::sql {

using base::Status;
using base::StatusOr;
using table::ForeignKey;
using table::ForeignKeyAction;

namespace {

// The columns that an update gives a value, generated ones included.
std::vector<int32_t> Assigned(const std::vector<exec::Assignment>& assignments,
                              const std::vector<exec::GeneratedColumn>& generated) {
  std::vector<int32_t> columns;
  for (const exec::Assignment& assignment : assignments) columns.push_back(assignment.column);
  for (const exec::GeneratedColumn& column : generated) columns.push_back(column.column);
  return columns;
}

bool Meet(const std::vector<int32_t>& a, const std::vector<int32_t>& b) {
  return std::any_of(a.begin(), a.end(), [&](int32_t column) { return std::find(b.begin(), b.end(), column) != b.end(); });
}

std::vector<int32_t> PrimaryKeyOf(const table::TableSchema& schema) {
  std::vector<int32_t> columns;
  for (const table::IndexPart& part : schema.primary_key) columns.push_back(part.column);
  return columns;
}

}  // namespace

// ---- expressions

StatusOr<exec::Expressions> ChangeCompiler::LowerAll(const std::vector<const Expr*>& exprs,
                                                     const std::vector<ColumnId>& layout) {
  std::vector<const Expr*> lowered;
  for (const Expr* expr : exprs) {
    TURDB_ASSIGN_OR_RETURN(const Expr* done, planner_.LowerExpr(expr, layout));
    lowered.push_back(done);
  }
  return plan_.Copy(lowered);
}

StatusOr<std::span<const exec::IndexExpression>> ChangeCompiler::LowerIndexExpressions(
    std::vector<exec::IndexExpression>& expressions, const std::vector<ColumnId>& row) {
  for (exec::IndexExpression& expression : expressions) {
    TURDB_ASSIGN_OR_RETURN(expression.expression, planner_.LowerExpr(expression.expression, row));
  }
  return plan_.Copy(expressions);
}

Status ChangeCompiler::LowerReturning(exec::Expressions* lowered, exec::Node* node, const Binder::BoundReturning& returning,
                                      const std::vector<ColumnId>& layout, std::span<const ColumnId> stored,
                                      CompiledStatement* compiled) {
  TURDB_ASSIGN_OR_RETURN(*lowered, LowerAll(returning.expressions, layout));
  std::vector<vec::Type> types;
  for (size_t i = 0; i < returning.names.size(); ++i) {
    const Expr* const value = returning.expressions[i];
    const bool is_column = value->kind == exec::ExpressionKind::kColumn;
    ColumnOrigin origin = is_column ? binder_.OriginOf(value->index) : ColumnOrigin();
    const bool is_stored = is_column && std::find(stored.begin(), stored.end(), value->index) != stored.end();
    compiled->column_never_null.push_back((is_stored && origin.not_null) || planner_.IsNeverNull(value, nullptr));
    compiled->column_origins.push_back(std::move(origin));
    compiled->column_names.emplace_back(returning.names[i]);
    compiled->column_types.push_back(returning.expressions[i]->type);
    types.push_back(returning.expressions[i]->type);
  }
  node->types = plan_.Copy(types);
  return absl::OkStatus();
}

StatusOr<Physical> ChangeCompiler::PlanTargetRows(const Binder::BoundUpdate& bound, ColumnSet wanted) {
  wanted.resize(binder_.columns().size());
  wanted[bound.row_key] = false;
  std::vector<ColumnId> columns;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i]) columns.push_back(static_cast<ColumnId>(i));
  }
  columns.push_back(bound.row_key);
  return planner_.PlanRows(bound.input, columns);
}

std::span<const int32_t> ChangeCompiler::OldColumns(const Binder::BoundUpdate& bound, const Physical& input,
                                                    const std::vector<bool>& needed) {
  std::vector<int32_t> columns;
  for (size_t i = 0; i < bound.old_row.size(); ++i) {
    const auto at = std::find(input.layout.begin(), input.layout.end(), bound.old_row[i]);
    columns.push_back(needed[i] ? static_cast<int32_t>(at - input.layout.begin()) : -1);
  }
  return plan_.Copy(columns);
}

void ChangeCompiler::Write(const RelationPtr& relation, CompiledStatement* compiled) {
  std::vector<RelationPtr>& written = compiled->written;
  if (std::find(written.begin(), written.end(), relation) == written.end()) written.push_back(relation);
}

// ---- changes

StatusOr<const exec::Node*> ChangeCompiler::Insert(Binder::BoundInsert& bound, CompiledStatement* compiled) {
  if (bound.table == nullptr) return InsertIntoView(bound, compiled);
  const bool updates = bound.on_conflict.action == exec::ConflictAction::kUpdate;
  const bool replaces = bound.on_conflict.action == exec::ConflictAction::kReplace;
  const FiredTriggers inserted = Fired(*bound.relation, table::kOnInsert, nullptr);
  std::vector<int32_t> assigned = Assigned(bound.conflict_assignments, bound.generated);
  FiredTriggers updated, removed;
  if (updates) updated = Fired(*bound.relation, table::kOnUpdate, &assigned);
  if (replaces) removed = Fired(*bound.relation, table::kOnDelete, nullptr);
  TURDB_RETURN_IF_ERROR(AssignSetColumns(*bound.relation, updated, bound.row, &bound.conflict_assignments));
  assigned = Assigned(bound.conflict_assignments, bound.generated);
  TURDB_ASSIGN_OR_RETURN(const Physical input, planner_.PlanRows(bound.input, bound.input_columns));
  auto* node = plan_.New<exec::InsertNode>();
  node->table = bound.table;
  node->name = plan_.Copy(bound.name);
  node->input = input.node;
  TURDB_RETURN_IF_ERROR(LowerRowRules(node, bound, bound.row));
  std::vector<ColumnId> both = bound.row;
  both.insert(both.end(), bound.excluded.begin(), bound.excluded.end());
  TURDB_RETURN_IF_ERROR(LowerValues(&bound.conflict_assignments, both));
  node->on_conflict = bound.on_conflict;
  node->on_conflict.assignments = plan_.Copy(bound.conflict_assignments);
  if (bound.on_conflict.where != nullptr) {
    TURDB_ASSIGN_OR_RETURN(node->on_conflict.where, planner_.LowerExpr(bound.on_conflict.where, both));
  }
  TURDB_RETURN_IF_ERROR(LowerReturning(&node->returning, node, bound.returning, bound.row, bound.row, compiled));
  Write(bound.relation, compiled);
  TURDB_ASSIGN_OR_RETURN(node->foreign_keys, Checks(bound.relation, nullptr));
  if (updates || replaces) {
    const std::vector<Reference> references = ReferencesTo(*bound.relation, updates ? &assigned : nullptr);
    TURDB_ASSIGN_OR_RETURN(node->references, Referencing(references, updates, compiled));
  }
  TURDB_ASSIGN_OR_RETURN(node->triggers.insert, LowerTriggers(bound.relation, table::kOnInsert, inserted, compiled));
  TURDB_ASSIGN_OR_RETURN(node->triggers.update, LowerTriggers(bound.relation, table::kOnUpdate, updated, compiled));
  TURDB_ASSIGN_OR_RETURN(node->triggers.remove, LowerTriggers(bound.relation, table::kOnDelete, removed, compiled));
  return node;
}

StatusOr<const exec::Node*> ChangeCompiler::Update(Binder::BoundUpdate& bound, CompiledStatement* compiled) {
  if (bound.table == nullptr) return ChangeView(bound, true, compiled);
  const table::TableSchema& schema = *bound.relation->schema;
  std::vector<int32_t> assigned = Assigned(bound.assignments, bound.generated);
  const FiredTriggers fired = Fired(*bound.relation, table::kOnUpdate, &assigned);
  TURDB_RETURN_IF_ERROR(AssignSetColumns(*bound.relation, fired, bound.old_row, &bound.assignments));
  assigned = Assigned(bound.assignments, bound.generated);
  ColumnSet made(binder_.columns().size());
  planner_.AddProducedColumns(bound.input, &made);
  ColumnSet wanted(binder_.columns().size());
  ColumnSet rules(binder_.columns().size());
  for (const exec::Assignment& assignment : bound.assignments) planner_.AddColumns(assignment.value, &wanted);
  for (const auto& generated : bound.generated) planner_.AddColumns(generated.value, &rules);
  for (const auto& check : bound.checks) planner_.AddColumns(check.condition, &rules);
  for (const auto& expression : bound.index_expressions) planner_.AddColumns(expression.expression, &rules);
  for (const Expr* expr : bound.returning.expressions) planner_.AddColumns(expr, &rules);
  const std::vector<Reference> references = ReferencesTo(*bound.relation, &assigned);
  TURDB_ASSIGN_OR_RETURN(const exec::ForeignKeyChecks checks, Checks(bound.relation, &assigned));
  // Foreign keys look at the whole new key, at where the row moves, and at what a key was that others refer to.
  std::vector<bool> need_new(bound.old_row.size()), need_old(bound.old_row.size(), NeedRows(fired));
  for (const exec::ForeignKeyCheck* check : checks) {
    for (const int32_t column : check->columns) need_new[column] = true;
    for (const int32_t column : PrimaryKeyOf(schema)) need_new[column] = true;
  }
  for (const Reference& reference : references) {
    for (const int32_t column : reference.columns) need_old[column] = true;
  }
  for (size_t i = 0; i < bound.old_row.size(); ++i) {
    const bool is_given = std::any_of(bound.assignments.begin(), bound.assignments.end(),
                                      [&](const exec::Assignment& a) { return a.column == static_cast<int32_t>(i); });
    need_old[i] = need_old[i] || ((rules[bound.new_row[i]] || need_new[i]) && !is_given);
    if (need_old[i]) wanted[bound.old_row[i]] = true;
  }
  for (size_t i = 0; i < rules.size(); ++i) {
    if (rules[i]) wanted[i] = true;  // RETURNING's columns of other tables
  }
  for (size_t i = 0; i < wanted.size(); ++i) wanted[i] = wanted[i] && i < made.size() && made[i];
  TURDB_ASSIGN_OR_RETURN(const Physical input, PlanTargetRows(bound, wanted));
  auto* node = plan_.New<exec::UpdateNode>();
  node->table = bound.table;
  node->name = plan_.Copy(bound.name);
  node->input = input.node;
  TURDB_RETURN_IF_ERROR(LowerValues(&bound.assignments, input.layout));
  node->assignments = plan_.Copy(bound.assignments);
  node->old_columns = OldColumns(bound, input, need_old);
  TURDB_RETURN_IF_ERROR(LowerRowRules(node, bound, bound.new_row));
  std::vector<ColumnId> layout = bound.new_row;
  layout.insert(layout.end(), input.layout.begin(), input.layout.end());
  TURDB_RETURN_IF_ERROR(LowerReturning(&node->returning, node, bound.returning, layout, bound.new_row, compiled));
  Write(bound.relation, compiled);
  node->foreign_keys = checks;
  TURDB_ASSIGN_OR_RETURN(node->references, Referencing(references, true, compiled));
  TURDB_ASSIGN_OR_RETURN(node->triggers.update, LowerTriggers(bound.relation, table::kOnUpdate, fired, compiled));
  return node;
}

StatusOr<const exec::Node*> ChangeCompiler::Delete(Binder::BoundUpdate& bound, CompiledStatement* compiled, bool truncates) {
  if (bound.table == nullptr) return ChangeView(bound, false, compiled);
  ColumnSet made(binder_.columns().size());
  planner_.AddProducedColumns(bound.input, &made);
  ColumnSet wanted(binder_.columns().size());
  for (const Expr* expr : bound.returning.expressions) planner_.AddColumns(expr, &wanted);
  const std::vector<Reference> references = ReferencesTo(*bound.relation, nullptr);
  const FiredTriggers fired = truncates ? FiredTriggers() : Fired(*bound.relation, table::kOnDelete, nullptr);
  std::vector<bool> need_old(bound.old_row.size(), NeedRows(fired));
  for (const Reference& reference : references) {
    for (const int32_t column : reference.columns) need_old[column] = true;
  }
  for (size_t i = 0; i < need_old.size(); ++i) {
    if (need_old[i]) wanted[bound.old_row[i]] = true;
  }
  for (size_t i = 0; i < wanted.size(); ++i) wanted[i] = wanted[i] && made[i];
  TURDB_ASSIGN_OR_RETURN(const Physical input, PlanTargetRows(bound, wanted));
  auto* node = plan_.New<exec::DeleteNode>();
  node->table = bound.table;
  node->name = plan_.Copy(bound.name);
  node->input = input.node;
  TURDB_ASSIGN_OR_RETURN(node->index_expressions, LowerIndexExpressions(bound.index_expressions, bound.new_row));
  TURDB_RETURN_IF_ERROR(LowerReturning(&node->returning, node, bound.returning, input.layout, bound.old_row, compiled));
  Write(bound.relation, compiled);
  if (!references.empty() || NeedRows(fired)) node->old_columns = OldColumns(bound, input, need_old);
  TURDB_ASSIGN_OR_RETURN(node->references, Referencing(references, false, compiled));
  TURDB_ASSIGN_OR_RETURN(node->triggers.remove, LowerTriggers(bound.relation, table::kOnDelete, fired, compiled));
  return node;
}

// ---- foreign keys

std::vector<ChangeCompiler::Reference> ChangeCompiler::ReferencesTo(const catalog::Relation& relation,
                                                                    const std::vector<int32_t>* assigned) {
  std::vector<Reference> references;
  binder_.catalog().ForEachReference(relation.id, [&](const RelationPtr& referring, const ForeignKey& key) {
    std::vector<int32_t> columns;
    for (const std::string& name : key.referenced_columns) columns.push_back(relation.schema->FindColumn(name));
    if (assigned == nullptr || Meet(columns, *assigned)) references.push_back({referring, &key, std::move(columns)});
  });
  return references;
}

StatusOr<exec::ForeignKeyChecks> ChangeCompiler::Checks(const RelationPtr& relation, const std::vector<int32_t>* assigned) {
  std::vector<const exec::ForeignKeyCheck*> checks;
  for (const ForeignKey& key : relation->schema->foreign_keys) {
    // A row that moves leaves behind what was put off under its old key.
    const bool concerned = assigned == nullptr || Meet(key.columns, *assigned) ||
                           (key.deferrable && Meet(PrimaryKeyOf(*relation->schema), *assigned));
    if (!concerned) continue;
    TURDB_ASSIGN_OR_RETURN(const exec::ForeignKeyCheck* check, Check(relation, key));
    checks.push_back(check);
  }
  return plan_.Copy(checks);
}

StatusOr<const exec::ForeignKeyCheck*> ChangeCompiler::Check(const RelationPtr& relation, const ForeignKey& key) {
  for (const exec::ForeignKeyCheck* made : checks_) {
    if (made->key == &key) return made;
  }
  TURDB_ASSIGN_OR_RETURN(const Binder::BoundReference bound, binder_.BindReference(*relation->schema, key));
  auto* check = plan_.arena().New<exec::ForeignKeyCheck>();
  check->key = &key;
  TURDB_ASSIGN_OR_RETURN(check->table, relation->Open());
  check->referenced = bound.key.table;
  check->index = bound.key.index;
  check->columns = plan_.Copy(bound.columns);
  TURDB_ASSIGN_OR_RETURN(check->converted, LowerAll(bound.converted, bound.layout));
  checks_.push_back(check);
  plan_.has_foreign_keys = true;
  return check;
}

StatusOr<exec::ReferencingKeys> ChangeCompiler::Referencing(const std::vector<Reference>& references, bool on_update,
                                                            CompiledStatement* compiled) {
  std::vector<const exec::ReferencingKey*> keys;
  for (const Reference& reference : references) {
    TURDB_ASSIGN_OR_RETURN(const exec::ReferencingKey* key, Referencing(reference, on_update, compiled));
    keys.push_back(key);
  }
  return plan_.Copy(keys);
}

StatusOr<const exec::ReferencingKey*> ChangeCompiler::Referencing(const Reference& reference, bool on_update,
                                                                  CompiledStatement* compiled) {
  for (const exec::ReferencingKey* made : referencing_keys_) {
    if (made->key == reference.key && made->on_update == on_update) return made;
  }
  auto* key = plan_.arena().New<exec::ReferencingKey>();
  key->key = reference.key;
  key->action = on_update ? reference.key->on_update : reference.key->on_delete;
  key->on_update = on_update;
  referencing_keys_.push_back(key);  // before its change, which may lead back here
  plan_.has_foreign_keys = true;
  TURDB_ASSIGN_OR_RETURN(Binder::BoundReferring bound,
                         binder_.BindReferring(*reference.relation, *reference.key, key->action, on_update));
  TURDB_ASSIGN_OR_RETURN(key->table, reference.relation->Open());
  key->referenced = bound.key.table;
  key->index = bound.key.index;
  key->columns = plan_.Copy(bound.key.columns);
  key->parts = plan_.Copy(bound.key.parts);
  key->keys = bound.keys;
  key->key_types = plan_.Copy(bound.key_types);
  CompiledStatement changed;  // nobody asked for rows of this
  if (key->action == ForeignKeyAction::kNoAction || key->action == ForeignKeyAction::kRestrict) {
    ColumnSet wanted(binder_.columns().size());
    for (const ColumnId id : bound.old_values) wanted[id] = true;
    TURDB_ASSIGN_OR_RETURN(const Physical rows, PlanTargetRows(bound.change, std::move(wanted)));
    key->rows = rows.node;
  } else if (bound.updates) {
    TURDB_ASSIGN_OR_RETURN(key->rows, Update(bound.change, &changed));
  } else {
    TURDB_ASSIGN_OR_RETURN(key->rows, Delete(bound.change, &changed));
  }
  for (const RelationPtr& relation : changed.written) Write(relation, compiled);
  return key;
}

}  // namespace turdb::sql
