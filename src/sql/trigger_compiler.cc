// What triggers hang on the nodes that change something: bound once a plan, so that triggers that set off each other, or
// themselves, end in the record that is there already.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sql/change_compiler.h"

namespace turdb::sql {

using base::Status;
using base::StatusOr;
using table::TriggerSchema;
using table::TriggerTime;

namespace {

// Of distinct triggers, each set off by the one before: what bounds the compiler's own recursion.
constexpr int kMaxTriggerChain = 64;

bool FiresFor(const TriggerSchema& trigger, const std::vector<int32_t>* assigned) {
  if (assigned == nullptr || trigger.columns.empty()) return true;
  return std::any_of(trigger.columns.begin(), trigger.columns.end(),
                     [&](int32_t column) { return std::find(assigned->begin(), assigned->end(), column) != assigned->end(); });
}

bool Writes(const exec::Trigger& trigger) {
  return std::any_of(trigger.statements.begin(), trigger.statements.end(), [](const exec::TriggerStatement& statement) {
    switch (statement.node->kind) {
      case exec::NodeKind::kInsert:
      case exec::NodeKind::kUpdate:
      case exec::NodeKind::kDelete:
      case exec::NodeKind::kMerge:
      case exec::NodeKind::kInsteadOf:
        return true;
      default:
        return false;
    }
  });
}

}  // namespace

ChangeCompiler::FiredTriggers ChangeCompiler::Fired(const catalog::Relation& relation, uint8_t event,
                                                    const std::vector<int32_t>* assigned) const {
  FiredTriggers fired;
  if (!binder_.fires_triggers()) return fired;
  for (const TriggerSchema& trigger : relation.schema->triggers) {
    if (trigger.disabled || (trigger.events & event) == 0) continue;
    if (event == table::kOnUpdate && !FiresFor(trigger, assigned)) continue;
    fired.push_back(&trigger);
  }
  std::sort(fired.begin(), fired.end(), [](const TriggerSchema* a, const TriggerSchema* b) { return a->name < b->name; });
  return fired;
}

bool ChangeCompiler::NeedRows(const FiredTriggers& fired) {
  return std::any_of(fired.begin(), fired.end(), [](const TriggerSchema* trigger) {
    return trigger->for_each_row || !trigger->old_table.empty() || !trigger->new_table.empty();
  });
}

// A column that a trigger sets is assigned, first to what it is already.
Status ChangeCompiler::AssignSetColumns(const catalog::Relation& relation, const FiredTriggers& fired,
                                        const std::vector<ColumnId>& old_row, std::vector<exec::Assignment>* assignments) {
  for (const TriggerSchema* trigger : fired) {
    if (trigger->time != TriggerTime::kBefore || !trigger->for_each_row) continue;
    TURDB_ASSIGN_OR_RETURN(const std::vector<int32_t> columns, binder_.ColumnsSetBy(relation, *trigger));
    for (const int32_t column : columns) {
      const bool given = std::any_of(assignments->begin(), assignments->end(),
                                     [&](const exec::Assignment& assignment) { return assignment.column == column; });
      if (!given) assignments->push_back({column, binder_.ColumnExpr(old_row[static_cast<size_t>(column)])});
    }
  }
  return absl::OkStatus();
}

StatusOr<const exec::TriggerSet*> ChangeCompiler::LowerTriggers(const RelationPtr& relation, uint8_t event,
                                                                const FiredTriggers& fired, CompiledStatement* compiled) {
  if (fired.empty()) return nullptr;
  std::vector<const exec::Trigger*> before_statement, before_row, after_row, after_statement;
  auto* set = plan_.arena().New<exec::TriggerSet>();
  set->operation = event == table::kOnInsert ? "INSERT" : event == table::kOnUpdate ? "UPDATE" : "DELETE";
  for (const TriggerSchema* definition : fired) {
    TURDB_ASSIGN_OR_RETURN(const exec::Trigger* trigger, LowerTrigger(relation, *definition, compiled));
    const bool after = definition->time == TriggerTime::kAfter;
    auto& list = definition->for_each_row ? (after ? after_row : before_row) : (after ? after_statement : before_statement);
    list.push_back(trigger);
    set->keeps_rows |= after && (definition->for_each_row || trigger->old_table >= 0 || trigger->new_table >= 0);
    set->writes |= !after && definition->for_each_row && Writes(*trigger);
  }
  set->before_statement = plan_.Copy(before_statement);
  set->before_row = plan_.Copy(before_row);
  set->after_row = plan_.Copy(after_row);
  set->after_statement = plan_.Copy(after_statement);
  return set;
}

StatusOr<const exec::Trigger*> ChangeCompiler::LowerTrigger(const RelationPtr& relation, const TriggerSchema& definition,
                                                            CompiledStatement* compiled) {
  for (const exec::Trigger* made : plan_.triggers) {
    if (made->definition == &definition) return made;
  }
  auto* trigger = plan_.arena().New<exec::Trigger>();
  trigger->name = definition.name;
  trigger->table = relation->name();
  trigger->definition = &definition;
  plan_.triggers.push_back(trigger);  // before its body, which may lead back here
  if (trigger_chain_ >= kMaxTriggerChain) {
    return base::WithHint(base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kStatementTooComplex,
                                          absl::StrCat("more than ", kMaxTriggerChain, " triggers set off one another")),
                          "Do more in one trigger.");
  }
  ++trigger_chain_;
  const Status status = LowerTriggerBody(relation, definition, trigger, compiled);
  --trigger_chain_;
  if (!status.ok()) {
    return base::WithFrame(status, absl::StrCat("trigger \"", definition.name, "\" on \"", relation->name(), "\""));
  }
  return trigger;
}

Status ChangeCompiler::LowerTriggerBody(const RelationPtr& relation, const TriggerSchema& definition, exec::Trigger* trigger,
                                        CompiledStatement* compiled) {
  TURDB_ASSIGN_OR_RETURN(Binder::BoundTrigger bound, binder_.BindTrigger(relation, definition));
  trigger->old_table = bound.old_table;
  trigger->new_table = bound.new_table;
  planner_.OpenFrame();
  if (bound.condition != nullptr) {
    TURDB_ASSIGN_OR_RETURN(trigger->condition, planner_.LowerExpr(bound.condition, {}));
  }
  std::vector<exec::TriggerStatement> statements;
  for (Binder::BoundTrigger::Step& step : bound.steps) {
    TURDB_ASSIGN_OR_RETURN(const exec::TriggerStatement statement, LowerTriggerStep(step, compiled));
    statements.push_back(statement);
  }
  trigger->statements = plan_.Copy(statements);
  std::vector<exec::TriggerInput> inputs;
  for (const auto& [id, slot] : planner_.CloseFrame()) {
    exec::TriggerInput input;
    input.slot = slot;
    input.type = binder_.columns()[static_cast<size_t>(id)].type;
    const auto find_in = [&, id = id](const std::vector<ColumnId>& row, exec::TriggerInput::Kind kind) {
      const auto at = std::find(row.begin(), row.end(), id);
      if (at == row.end()) return false;
      input.kind = kind;
      input.column = static_cast<int32_t>(at - row.begin());
      return true;
    };
    if (id == bound.operation) {
      input.kind = exec::TriggerInput::Kind::kOperation;
    } else if (!find_in(bound.new_row, exec::TriggerInput::Kind::kNew) &&
               !find_in(bound.old_row, exec::TriggerInput::Kind::kOld)) {
      return base::InternalError("a trigger reads a column that is none of its row's");
    }
    inputs.push_back(input);
  }
  trigger->inputs = plan_.Copy(inputs);
  return absl::OkStatus();
}

StatusOr<exec::TriggerStatement> ChangeCompiler::LowerTriggerStep(Binder::BoundTrigger::Step& step,
                                                                  CompiledStatement* compiled) {
  using Kind = Binder::BoundTrigger::Kind;
  exec::TriggerStatement statement;
  CompiledStatement changed;  // nobody asked for rows of this
  switch (step.kind) {
    case Kind::kSelect: {
      TURDB_ASSIGN_OR_RETURN(statement.node, planner_.PlanQuery(step.query));
      break;
    }
    case Kind::kInsert: {
      TURDB_ASSIGN_OR_RETURN(statement.node, Insert(step.insert, &changed));
      break;
    }
    case Kind::kUpdate: {
      TURDB_ASSIGN_OR_RETURN(statement.node, Update(step.update, &changed));
      break;
    }
    case Kind::kDelete: {
      TURDB_ASSIGN_OR_RETURN(statement.node, Delete(step.update, &changed));
      break;
    }
    case Kind::kMerge: {
      TURDB_ASSIGN_OR_RETURN(statement.node, Merge(step.merge, &changed));
      break;
    }
    case Kind::kSetNew: {
      std::vector<int32_t> columns;
      std::vector<const Expr*> values;
      std::vector<vec::Type> types;
      for (const exec::Assignment& assignment : step.set) {
        columns.push_back(assignment.column);
        values.push_back(assignment.value);
        types.push_back(assignment.value->type);
      }
      auto* project = plan_.New<exec::ProjectNode>();
      project->input = plan_.New<exec::SingleRowNode>();
      TURDB_ASSIGN_OR_RETURN(project->expressions, LowerAll(values, {}));
      project->types = plan_.Copy(types);
      statement.node = project;
      statement.sets = plan_.Copy(columns);
      break;
    }
  }
  for (const RelationPtr& relation : changed.written) Write(relation, compiled);
  return statement;
}

// ---- views

namespace {

std::vector<const Expr*> ColumnsOf(Binder& binder, const std::vector<ColumnId>& ids) {
  std::vector<const Expr*> columns;
  for (const ColumnId id : ids) columns.push_back(binder.ColumnExpr(id));
  return columns;
}

}  // namespace

StatusOr<const exec::Node*> ChangeCompiler::InsertIntoView(Binder::BoundInsert& bound, CompiledStatement* compiled) {
  TURDB_ASSIGN_OR_RETURN(const Physical input, planner_.PlanRows(bound.input, bound.input_columns));
  auto* node = plan_.New<exec::InsteadOfNode>();
  node->input = input.node;
  TURDB_ASSIGN_OR_RETURN(node->new_row, LowerAll(ColumnsOf(binder_, bound.input_columns), input.layout));
  TURDB_RETURN_IF_ERROR(LowerReturning(&node->returning, node, bound.returning, bound.row, {}, compiled));
  TURDB_RETURN_IF_ERROR(FinishInsteadOf(bound.relation, table::kOnInsert, nullptr, node, compiled));
  return node;
}

StatusOr<const exec::Node*> ChangeCompiler::ChangeView(Binder::BoundUpdate& bound, bool updates, CompiledStatement* compiled) {
  ColumnSet made(binder_.columns().size());
  planner_.AddProducedColumns(bound.input, &made);
  ColumnSet wanted(binder_.columns().size());
  for (const exec::Assignment& assignment : bound.assignments) planner_.AddColumns(assignment.value, &wanted);
  for (const Expr* expr : bound.returning.expressions) planner_.AddColumns(expr, &wanted);
  for (const ColumnId id : bound.old_row) wanted[id] = true;
  for (size_t i = 0; i < wanted.size(); ++i) wanted[i] = wanted[i] && made[i];
  std::vector<ColumnId> columns;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i]) columns.push_back(static_cast<ColumnId>(i));
  }
  TURDB_ASSIGN_OR_RETURN(const Physical input, planner_.PlanRows(bound.input, columns));
  auto* node = plan_.New<exec::InsteadOfNode>();
  node->input = input.node;
  const std::vector<const Expr*> old_row = ColumnsOf(binder_, bound.old_row);
  TURDB_ASSIGN_OR_RETURN(node->old_row, LowerAll(old_row, input.layout));
  std::vector<int32_t> assigned;
  std::vector<ColumnId> layout = bound.old_row;
  if (updates) {
    std::vector<const Expr*> new_row = old_row;
    for (const exec::Assignment& assignment : bound.assignments) {
      new_row[static_cast<size_t>(assignment.column)] = assignment.value;
      assigned.push_back(assignment.column);
    }
    TURDB_ASSIGN_OR_RETURN(node->new_row, LowerAll(new_row, input.layout));
    layout = bound.new_row;
  }
  layout.insert(layout.end(), input.layout.begin(), input.layout.end());
  TURDB_RETURN_IF_ERROR(LowerReturning(&node->returning, node, bound.returning, layout, {}, compiled));
  TURDB_RETURN_IF_ERROR(
      FinishInsteadOf(bound.relation, updates ? table::kOnUpdate : table::kOnDelete, &assigned, node, compiled));
  return node;
}

Status ChangeCompiler::FinishInsteadOf(const RelationPtr& relation, uint8_t event, const std::vector<int32_t>* assigned,
                                       exec::InsteadOfNode* node, CompiledStatement* compiled) {
  node->name = plan_.Copy(relation->name());
  std::vector<vec::Type> types;
  for (const table::Column& column : relation->schema->columns) types.push_back(column.type);
  node->row_types = plan_.Copy(types);
  TURDB_ASSIGN_OR_RETURN(const exec::TriggerSet* triggers,
                         LowerTriggers(relation, event, Fired(*relation, event, assigned), compiled));
  (event == table::kOnInsert   ? node->triggers.insert
   : event == table::kOnUpdate ? node->triggers.update
                               : node->triggers.remove) = triggers;
  return absl::OkStatus();
}

}  // namespace turdb::sql
