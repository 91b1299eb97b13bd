// ALTER and triggers: they are switched on and off, follow what is renamed, and stand in the way of what goes.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sql/bind/alter_binder.h"

namespace turdb::sql {

using base::Status;
using table::TableSchema;
using table::TriggerSchema;
namespace sqlstate = base::sqlstate;

// One trigger, or all.
Status AlterBinder::SetTrigger(const ast::AlterItem& item) {
  const std::string name(item.name.text);
  const auto named = [name](const TriggerSchema& trigger) { return name.empty() || trigger.name == name; };
  if (!name.empty() && std::none_of(schema_.triggers.begin(), schema_.triggers.end(), named)) {
    return b_.Error(sqlstate::kUndefinedObject,
                    absl::StrCat("trigger \"", name, "\" for table \"", schema_.name, "\" does not exist"), item.name.offset);
  }
  Edit([named, disabled = item.action == ast::AlterAction::kDisableTrigger](TableSchema& schema) {
    for (TriggerSchema& trigger : schema.triggers) {
      if (named(trigger)) trigger.disabled = disabled;
    }
    return absl::OkStatus();
  });
  return absl::OkStatus();
}

std::vector<AlterBinder::TriggerReferences> AlterBinder::Triggers() {
  std::vector<TriggerReferences> found;
  b_.context_.catalog->ForEachRelation([&](const std::shared_ptr<const catalog::Relation>& relation) {
    for (const TriggerSchema& trigger : relation->schema->triggers) {
      std::vector<NameReference> references;
      b_.references_ = &references;
      const bool binds = b_.BindTrigger(relation, trigger).ok();
      b_.references_ = nullptr;
      std::erase_if(references, [&](const NameReference& reference) { return reference.relation != relation_.get(); });
      if (binds && !references.empty()) found.push_back({relation, &trigger, std::move(references)});
    }
  });
  return found;
}

void AlterBinder::RewriteTriggers(const std::string& new_name, bool columns) {
  const std::vector<TriggerReferences> dependents = Triggers();
  for (const TriggerReferences& dependent : dependents) {
    const TriggerSchema& trigger = *dependent.trigger;
    std::vector<TextEdit> body, condition;
    for (const NameReference& reference : dependent.references) {
      const bool is_name = reference.id < 0 && reference.column < 0;
      if (columns ? !IsColumn(reference, column_) : !is_name) continue;
      const std::string alias =
          reference.bare ? absl::StrCat(" AS ", Quoted(columns ? Column().name : schema_.name)) : std::string();
      const std::string& text = reference.in_condition ? trigger.condition_sql : trigger.body_sql;
      (reference.in_condition ? condition : body)
          .push_back(Replacing(text, reference.offset, absl::StrCat(Quoted(new_name), alias)));
    }
    if (body.empty() && condition.empty()) continue;
    AlterStep& step = Add(Kind::kEdit);
    step.other = dependent.relation->id;
    step.edit = [name = trigger.name, body_sql = Edited(trigger.body_sql, std::move(body)),
                 condition_sql = Edited(trigger.condition_sql, std::move(condition))](TableSchema& schema) {
      for (TriggerSchema& changed : schema.triggers) {
        if (changed.name != name) continue;
        changed.body_sql = body_sql;
        changed.condition_sql = condition_sql;
      }
      return absl::OkStatus();
    };
  }
  for (const TriggerReferences& dependent : dependents)
    ProbeTrigger(*dependent.relation, *dependent.trigger, new_name, columns);
  for (const TriggerSchema& trigger : schema_.triggers) ProbeTrigger(*relation_, trigger, new_name, columns);
}

// What sets the trigger off must compile as it did.
void AlterBinder::ProbeTrigger(const catalog::Relation& relation, const TriggerSchema& trigger, const std::string& new_name,
                               bool columns) {
  const TableSchema& schema = *relation.schema;
  if (trigger.disabled) return;
  const bool own = relation.id == relation_->id;
  const int32_t column = trigger.columns.empty() ? 0 : trigger.columns[0];
  const std::string column_name =
      Quoted(own && columns && column == column_ ? new_name : schema.columns[static_cast<size_t>(column)].name);
  const std::string table = absl::StrCat(Quoted(schema.schema_name), ".", Quoted(own && !columns ? new_name : schema.name));
  AlterStep& probe = Add(Kind::kProbe);
  probe.sql = (trigger.events & table::kOnInsert) != 0   ? absl::StrCat("INSERT INTO ", table, " DEFAULT VALUES")
              : (trigger.events & table::kOnUpdate) != 0 ? absl::StrCat("UPDATE ", table, " SET ", column_name, " = DEFAULT")
                                                         : absl::StrCat("DELETE FROM ", table);
  probe.refusal = base::UnsupportedError(absl::StrCat(columns ? "renaming a column" : "renaming a table",
                                                      ", which a trigger that a change of \"", schema.name,
                                                      "\" sets off names in a way that cannot follow"));
}

Status AlterBinder::DropTriggers(bool cascade, const std::string& what) {
  std::vector<TriggerReferences> dependents = Triggers();
  for (const TriggerSchema& trigger : schema_.triggers) {  // UPDATE OF names it outside of the body
    if (!NamesColumn(trigger.columns, column_)) continue;
    NameReference reference;
    reference.column = column_;
    dependents.push_back({relation_, &trigger, {reference}});
  }
  for (const TriggerReferences& dependent : dependents) {
    const bool names = std::any_of(dependent.references.begin(), dependent.references.end(),
                                   [&](const NameReference& reference) { return IsColumn(reference, column_); });
    if (!names) continue;
    const std::string& name = dependent.trigger->name;
    if (!cascade) {
      return DependsOn(what, absl::StrCat("trigger ", name, " on table ", dependent.relation->name(), " depends on ", what));
    }
    AlterStep& drop = Add(Kind::kEdit);
    drop.other = dependent.relation->id;
    drop.edit = [name](TableSchema& schema) {
      std::erase_if(schema.triggers, [&](const TriggerSchema& trigger) { return trigger.name == name; });
      return absl::OkStatus();
    };
  }
  return absl::OkStatus();
}

}  // namespace turdb::sql
