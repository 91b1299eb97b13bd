// Triggers: what CREATE TRIGGER and its kin ask for, and the statements that a change sets off.
//
// NEW and OLD are relations of a scope around each statement of the body, whose columns no operator makes: to the planner
// they are correlated, and become slots that the executor fills for each row. The tables of a statement's rows (REFERENCING)
// are common tables of that scope: each row has the old values, then the new ones, of which one half is seen.
#include <algorithm>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "function/registry.h"
#include "sql/bind/binder.h"

namespace turdb::sql {

using base::Status;
using base::StatusOr;
using table::TriggerSchema;
using table::TriggerTime;
using vec::TypeId;
namespace sqlstate = base::sqlstate;

namespace {

constexpr base::SqlState kInvalidObject{"42P17"};
constexpr base::SqlState kWrongObjectType{"42809"};

Status UndefinedTrigger(std::string_view name, std::string_view table) {
  return base::MakeError(absl::StatusCode::kNotFound, sqlstate::kUndefinedObject,
                         absl::StrCat("trigger \"", name, "\" for table \"", table, "\" does not exist"));
}

Status DuplicateTrigger(std::string_view name, std::string_view table) {
  return base::MakeError(absl::StatusCode::kAlreadyExists, sqlstate::kDuplicateObject,
                         absl::StrCat("trigger \"", name, "\" for relation \"", table, "\" already exists"));
}

std::vector<TriggerSchema>::iterator Find(std::vector<TriggerSchema>& triggers, std::string_view name) {
  return std::find_if(triggers.begin(), triggers.end(), [&](const TriggerSchema& trigger) { return trigger.name == name; });
}
bool Has(const table::TableSchema& schema, std::string_view name) {
  return std::any_of(schema.triggers.begin(), schema.triggers.end(),
                     [&](const TriggerSchema& trigger) { return trigger.name == name; });
}

// One change of the definition of what has the trigger.
Command Editing(std::shared_ptr<const catalog::Relation> relation, std::function<Status(table::TableSchema&)> edit) {
  AlterTableCommand command;
  command.relation = std::move(relation);
  command.steps.emplace_back();
  command.steps.back().kind = AlterStep::Kind::kEdit;
  command.steps.back().edit = std::move(edit);
  return command;
}

}  // namespace

// ---- what a trigger runs

const CommonTableInfo* Binder::NewTransitionTable(const catalog::Relation& relation, const std::string& name, bool is_new,
                                                  Scope* scope) {
  common_tables_.push_back(std::make_unique<CommonTableInfo>());
  CommonTableInfo* table = common_tables_.back().get();
  table->name = name;
  table->number = plan_.cte_count++;
  table->materialize = true;
  const auto& columns = relation.schema->columns;
  for (size_t half = 0; half < 2; ++half) {
    for (const table::Column& column : columns) {
      table->definition.columns.push_back({column.name, NewColumn(column.name, column.type)});
    }
  }
  table->shown_from = is_new ? columns.size() : 0;
  table->hidden_from = is_new ? 2 * columns.size() : columns.size();
  scope->common_tables.push_back(table);
  return table;
}

StatusOr<Binder::BoundTrigger> Binder::BindTrigger(const std::shared_ptr<const catalog::Relation>& relation,
                                                   const TriggerSchema& trigger, const TriggerText* text) {
  DependOn(relation);
  BoundTrigger bound;
  Scope rows;
  if (trigger.for_each_row) {
    for (const bool is_new : {true, false}) {
      if (trigger.events == (is_new ? table::kOnDelete : table::kOnInsert)) continue;
      ScopeRelation row;
      (is_new ? bound.new_row : bound.old_row) = RowColumns(*relation->schema, is_new ? "new" : "old", &row);
      row.row_of = relation.get();
      rows.relations.push_back(std::move(row));
    }
  }
  bound.operation = NewColumn("tg_op", TypeId::kText);
  rows.visible.push_back({"tg_op", ColumnExpr(bound.operation), -1});
  if (!trigger.old_table.empty()) bound.old_table = NewTransitionTable(*relation, trigger.old_table, false, &rows)->number;
  if (!trigger.new_table.empty()) bound.new_table = NewTransitionTable(*relation, trigger.new_table, true, &rows)->number;

  // The texts mean what they meant where they were written, whatever is being bound around them.
  const auto path = std::exchange(search_path_, trigger.search_path);
  const auto position = std::exchange(fixed_position_, text != nullptr ? -1 : 0);
  const auto depth = std::exchange(view_depth_, 1);
  const auto enclosing = std::exchange(enclosing_, &rows);
  const auto keys = std::exchange(action_keys_, nullptr);
  const auto edits = std::exchange(star_edits_, nullptr);
  const auto locking = std::exchange(locking_, {});
  const auto accessor = std::exchange(accessor_, trigger.name);
  const absl::Cleanup restore = [&] {
    search_path_ = path;
    fixed_position_ = position;
    view_depth_ = depth;
    enclosing_ = enclosing;
    action_keys_ = keys;
    star_edits_ = edits;
    locking_ = locking;
    accessor_ = accessor;
  };
  TURDB_RETURN_IF_ERROR(BindTriggerParts(*relation, trigger, text, &bound));
  return bound;
}

Status Binder::BindTriggerParts(const catalog::Relation& relation, const TriggerSchema& trigger, const TriggerText* text,
                                BoundTrigger* bound) {
  // Positions are those of the text; in CREATE TRIGGER it is part of a longer one.
  const auto placed = [&](Status status, int32_t begin) {
    const std::optional<int64_t> at = base::GetPosition(status);
    return text != nullptr && at.has_value() ? base::MovePosition(std::move(status), *at + begin) : status;
  };
  if (!trigger.condition_sql.empty()) {
    const auto parsed = ParseExpression(arena_, trigger.condition_sql);
    if (!parsed.ok()) return parsed.status();
    ExprContext context;
    context.scope = enclosing_;
    context.clause = "WHEN";
    const auto condition = BindCondition(**parsed, context);
    if (!condition.ok()) return placed(condition.status(), text != nullptr ? text->condition_offset : 0);
    bound->condition = *condition;
    for (size_t i = 0; references_ != nullptr && i < references_->size(); ++i) (*references_)[i].in_condition = true;
  }
  const auto statements = ParseTriggerBody(arena_, trigger.body_sql);
  if (!statements.ok()) return statements.status();
  Target row;
  row.relation = context_.catalog->RelationOf(relation.id);
  for (const ast::Statement* statement : *statements) {
    auto step = BindTriggerStep(*statement, row, trigger, !bound->new_row.empty());
    if (!step.ok()) return placed(step.status(), text != nullptr ? text->body_offset : 0);
    bound->steps.push_back(*std::move(step));
  }
  return absl::OkStatus();
}

StatusOr<Binder::BoundTrigger::Step> Binder::BindTriggerStep(const ast::Statement& statement, const Target& row,
                                                             const TriggerSchema& trigger, bool has_new) {
  BoundTrigger::Step step;
  switch (statement.kind) {
    case ast::StatementKind::kSelect: {
      TURDB_ASSIGN_OR_RETURN(step.query, BindSelect(*static_cast<const ast::SelectStatement&>(statement).select, enclosing_));
      return step;
    }
    case ast::StatementKind::kInsert: {
      step.kind = BoundTrigger::Kind::kInsert;
      TURDB_ASSIGN_OR_RETURN(step.insert, BindInsert(static_cast<const ast::Insert&>(statement)));
      return step;
    }
    case ast::StatementKind::kUpdate: {
      step.kind = BoundTrigger::Kind::kUpdate;
      TURDB_ASSIGN_OR_RETURN(step.update, BindUpdate(static_cast<const ast::Update&>(statement)));
      return step;
    }
    case ast::StatementKind::kDelete: {
      step.kind = BoundTrigger::Kind::kDelete;
      TURDB_ASSIGN_OR_RETURN(step.update, BindDelete(static_cast<const ast::Delete&>(statement)));
      return step;
    }
    case ast::StatementKind::kMerge: {
      step.kind = BoundTrigger::Kind::kMerge;
      TURDB_ASSIGN_OR_RETURN(step.merge, BindMerge(static_cast<const ast::Merge&>(statement)));
      return step;
    }
    case ast::StatementKind::kSetNew: {
      step.kind = BoundTrigger::Kind::kSetNew;
      if (!has_new || trigger.time == TriggerTime::kAfter) {
        return base::WithHint(Error(kInvalidObject, "there is no new row that the trigger could change", statement.offset),
                              "SET NEW is for row triggers BEFORE or INSTEAD OF an INSERT or UPDATE.");
      }
      ExprContext context;
      context.scope = enclosing_;
      context.clause = "SET";
      TURDB_RETURN_IF_ERROR(BindAssignments(static_cast<const ast::SetNew&>(statement).set, row, context, &step.set));
      return step;
    }
    default:
      return Unsupported("this statement in a trigger", statement.offset);
  }
}

StatusOr<std::vector<int32_t>> Binder::ColumnsSetBy(const catalog::Relation& relation, const TriggerSchema& trigger) {
  std::vector<int32_t> columns;
  TURDB_ASSIGN_OR_RETURN(const auto statements, ParseTriggerBody(arena_, trigger.body_sql));
  for (const ast::Statement* statement : statements) {
    if (statement->kind != ast::StatementKind::kSetNew) continue;
    for (const ast::SetItem& item : static_cast<const ast::SetNew*>(statement)->set) {
      const int32_t column = catalog::FindColumn(*relation.schema, item.columns[0].text);
      if (column >= 0 && std::find(columns.begin(), columns.end(), column) == columns.end()) columns.push_back(column);
    }
  }
  return columns;
}

// RAISE(IGNORE), or RAISE(ABORT | FAIL | ROLLBACK, message).
StatusOr<const Expr*> Binder::BindRaise(const ast::Call& call, const ExprContext& context) {
  if (enclosing_ == nullptr) {
    return Error(sqlstate::kSyntaxError, "RAISE() may only be used within a trigger", call.offset);
  }
  const auto word = [&]() -> std::string_view {
    if (call.arguments.empty() || call.arguments[0]->kind != ast::ExprKind::kColumn) return {};
    const auto& column = ast::As<ast::Column>(*call.arguments[0]);
    return column.parts.size() == 1 ? column.parts[0].text : std::string_view();
  }();
  const bool ignore = word == "ignore" && call.arguments.size() == 1;
  const bool error = (word == "abort" || word == "fail" || word == "rollback") && call.arguments.size() == 2;
  if (!ignore && !error) {
    return base::WithHint(Error(sqlstate::kSyntaxError, "RAISE takes an action and a message", call.offset),
                          "RAISE(IGNORE), RAISE(ABORT, 'message'), RAISE(FAIL, ...) or RAISE(ROLLBACK, ...).");
  }
  const Expr* message = NullConstant(TypeId::kText, call.offset);
  if (error) {
    TURDB_ASSIGN_OR_RETURN(message, Bind(*call.arguments[1], context));
    TURDB_ASSIGN_OR_RETURN(message, Coerce(message, TypeId::kText, function::CastContext::kExplicit));
  }
  const Expr* action = plan_.Constant(vec::Value::Text(word), TypeId::kText, Position(call.offset));
  return MakeFunction("raise", {action, message}, Position(call.offset));
}

// ---- commands

// What may have triggers.
StatusOr<std::shared_ptr<const catalog::Relation>> Binder::FindTriggered(const ast::QualifiedName& name) {
  TURDB_ASSIGN_OR_RETURN(auto relation, FindRelation(name));
  const bool is_table = relation->kind == catalog::RelationKind::kTable && !relation->is_materialized_view();
  if (is_table || relation->kind == catalog::RelationKind::kView) return relation;
  return base::WithHint(
      Error(kWrongObjectType, absl::StrCat("relation \"", name.last().text, "\" cannot have triggers"), name.offset()),
      "Triggers are for tables and views.");
}

Status Binder::CheckTriggerDefinition(const ast::CreateTrigger& create, const catalog::Relation& relation) const {
  const bool is_view = relation.kind == catalog::RelationKind::kView;
  const auto wrong_type = [&](std::string_view detail) {
    return base::WithFrame(Error(kWrongObjectType, absl::StrCat("\"", relation.name(), "\" is a ", is_view ? "view" : "table"),
                                 create.table.offset()),
                           detail);
  };
  if (create.time == ast::TriggerTime::kInsteadOf) {
    if (!is_view) return wrong_type("Tables cannot have INSTEAD OF triggers.");
    if (!create.for_each_row) {
      return Error(sqlstate::kFeatureNotSupported, "INSTEAD OF triggers must be FOR EACH ROW", create.offset);
    }
    if (!create.condition_text.empty()) {
      return base::WithHint(
          Error(sqlstate::kFeatureNotSupported, "INSTEAD OF triggers cannot have WHEN conditions", create.condition_offset),
          "A statement of the body can have a WHERE.");
    }
    if (!create.columns.empty()) {
      return Error(sqlstate::kFeatureNotSupported, "INSTEAD OF triggers cannot have column lists", create.columns[0].offset);
    }
  } else if (is_view && create.for_each_row) {
    return wrong_type("Views cannot have row-level BEFORE or AFTER triggers.");
  }
  if (create.old_table.empty() && create.new_table.empty()) return absl::OkStatus();
  const int32_t at = create.old_table.empty() ? create.new_table.offset : create.old_table.offset;
  if (is_view) return wrong_type("Triggers on views cannot have transition tables.");
  if (create.time != ast::TriggerTime::kAfter) {
    return Error(kInvalidObject, "transition table name can only be specified for an AFTER trigger", at);
  }
  if (static_cast<int>(create.on_insert) + static_cast<int>(create.on_update) + static_cast<int>(create.on_delete) > 1) {
    return Error(sqlstate::kFeatureNotSupported, "transition tables cannot be specified for triggers with more than one event",
                 at);
  }
  if (!create.columns.empty()) {
    return Error(sqlstate::kFeatureNotSupported, "transition tables cannot be specified for triggers with column lists", at);
  }
  if (!create.old_table.empty() && create.on_insert) {
    return Error(kInvalidObject, "OLD TABLE can only be specified for a DELETE or UPDATE trigger", at);
  }
  if (!create.new_table.empty() && create.on_delete) {
    return Error(kInvalidObject, "NEW TABLE can only be specified for an INSERT or UPDATE trigger", at);
  }
  if (create.old_table.text == create.new_table.text) {
    return Error(kInvalidObject, "OLD TABLE name and NEW TABLE name cannot be the same", create.new_table.offset);
  }
  return absl::OkStatus();
}

StatusOr<Command> Binder::BindCreateTrigger(const ast::CreateTrigger& create) {
  TURDB_ASSIGN_OR_RETURN(const auto relation, FindTriggered(create.table));
  TURDB_RETURN_IF_ERROR(CheckTriggerDefinition(create, *relation));
  TriggerSchema trigger;
  trigger.name = std::string(create.name.last().text);
  if (trigger.name.size() > static_cast<size_t>(base::kMaxNameBytes)) {
    return Error(sqlstate::kInvalidName, absl::StrCat("the name of a trigger has 1 to ", base::kMaxNameBytes, " bytes"),
                 create.name.offset());
  }
  if (create.if_not_exists && Has(*relation->schema, trigger.name)) {
    return Command(NoOperation{absl::StrCat("trigger \"", trigger.name, "\" already exists, skipping")});
  }
  trigger.time = create.time == ast::TriggerTime::kBefore  ? TriggerTime::kBefore
                 : create.time == ast::TriggerTime::kAfter ? TriggerTime::kAfter
                                                           : TriggerTime::kInsteadOf;
  trigger.events = static_cast<uint8_t>((create.on_insert ? table::kOnInsert : 0) | (create.on_update ? table::kOnUpdate : 0) |
                                        (create.on_delete ? table::kOnDelete : 0));
  for (const ast::Name& name : create.columns) {
    TURDB_ASSIGN_OR_RETURN(const int32_t column, TargetColumn(name, *relation));
    if (std::find(trigger.columns.begin(), trigger.columns.end(), column) != trigger.columns.end()) {
      return Error(sqlstate::kDuplicateColumn, absl::StrCat("column \"", name.text, "\" specified more than once"),
                   name.offset);
    }
    trigger.columns.push_back(column);
  }
  trigger.for_each_row = create.for_each_row;
  trigger.old_table = std::string(create.old_table.text);
  trigger.new_table = std::string(create.new_table.text);
  trigger.condition_sql = std::string(create.condition_text);
  trigger.body_sql = std::string(create.body_text);
  if (!trigger.body_sql.ends_with(';')) trigger.body_sql.push_back(';');
  const bool temporary = table::IsTemporary(relation->id);
  const std::span<const std::string> path = temporary ? search_path_ : context_.search_path;
  trigger.search_path.assign(path.begin(), path.end());
  const TriggerText text{create.condition_offset, create.body_offset};
  TURDB_RETURN_IF_ERROR(BindTrigger(relation, trigger, &text).status());
  if (!temporary && UsesTemporary()) {
    return Error(sqlstate::kInvalidTableDefinition, "a trigger of a permanent table cannot use temporary objects",
                 create.body_offset);
  }
  return Editing(relation, [trigger, replace = create.or_replace](table::TableSchema& schema) {
    const auto found = Find(schema.triggers, trigger.name);
    if (found == schema.triggers.end()) {
      schema.triggers.push_back(trigger);
      return absl::OkStatus();
    }
    if (!replace) return DuplicateTrigger(trigger.name, schema.name);
    *found = trigger;
    return absl::OkStatus();
  });
}

// DROP TRIGGER name ON table; SQLite's without a table finds it by its name.
StatusOr<Command> Binder::BindDropTrigger(const ast::Drop& drop) {
  if (drop.names.size() != 1) return Unsupported("DROP TRIGGER of several triggers", drop.names[1].offset());
  const std::string name(drop.names[0].last().text);
  const auto skipping = [&] { return Command(NoOperation{absl::StrCat("trigger \"", name, "\" does not exist, skipping")}); };
  std::shared_ptr<const catalog::Relation> relation;
  if (!drop.on_table.empty()) {
    auto found = FindTriggered(drop.on_table);
    if (!found.ok() && drop.if_exists) return skipping();
    TURDB_RETURN_IF_ERROR(found.status());
    relation = *found;
  } else {
    TURDB_ASSIGN_OR_RETURN(const RelationName split, SplitName(drop.names[0]));
    const catalog::Schema* const schema = split.schema.empty() ? nullptr : context_.catalog->FindSchema(split.schema);
    bool ambiguous = false;
    context_.catalog->ForEachRelation([&](const std::shared_ptr<const catalog::Relation>& other) {
      const auto searched = [&](const std::string& in) {
        const catalog::Schema* const on_path = context_.catalog->FindSchema(in);
        return on_path != nullptr && on_path->name == other->schema_name();
      };
      const bool here = split.schema.empty() ? std::any_of(search_path_.begin(), search_path_.end(), searched)
                                             : schema != nullptr && schema->name == other->schema_name();
      if (!here || !Has(*other->schema, name)) return;
      ambiguous |= relation != nullptr;
      relation = other;
    });
    if (ambiguous) {
      return base::WithHint(Error(sqlstate::kAmbiguousFunction, absl::StrCat("several tables have a trigger \"", name, "\""),
                                  drop.names[0].offset()),
                            "Say which: DROP TRIGGER name ON table.");
    }
  }
  if (relation == nullptr || !Has(*relation->schema, name)) {
    if (drop.if_exists) return skipping();
    if (relation != nullptr) return At(UndefinedTrigger(name, relation->name()), drop.names[0].offset());
    return Error(sqlstate::kUndefinedObject, absl::StrCat("trigger \"", name, "\" does not exist"), drop.names[0].offset());
  }
  return Editing(relation, [name](table::TableSchema& schema) {
    const auto found = Find(schema.triggers, name);
    if (found == schema.triggers.end()) return UndefinedTrigger(name, schema.name);
    schema.triggers.erase(found);
    return absl::OkStatus();
  });
}

StatusOr<Command> Binder::BindAlterTrigger(const ast::AlterTrigger& alter) {
  TURDB_ASSIGN_OR_RETURN(const auto relation, FindTriggered(alter.table));
  const std::string name(alter.name.text);
  const std::string new_name(alter.new_name.text);
  if (!Has(*relation->schema, name)) return At(UndefinedTrigger(name, relation->name()), alter.name.offset);
  return Editing(relation, [name, new_name](table::TableSchema& schema) {
    if (Has(schema, new_name)) return DuplicateTrigger(new_name, schema.name);
    const auto found = Find(schema.triggers, name);
    if (found == schema.triggers.end()) return UndefinedTrigger(name, schema.name);
    found->name = new_name;
    return absl::OkStatus();
  });
}

}  // namespace turdb::sql
