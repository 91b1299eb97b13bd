// ALTER TABLE: the steps that the binder made of it, in order, inside one statement of a transaction.
#include "absl/strings/str_cat.h"
#include "engine/command.h"
#include "engine/connection.h"
#include "engine/index_evaluation.h"
#include "engine/statement.h"
#include "txn/transaction_manager.h"

namespace turdb::engine {

using base::Status;
using Kind = sql::AlterStep::Kind;

Status CommandRunner::Alter(const sql::AlterTableCommand& command, catalog::SchemaChanges& changes) {
  if (command.relation->kind == catalog::RelationKind::kTable) {
    const catalog::ObjectId id = command.relation->id;
    txn::TransactionManager& transactions = connection_.DatabaseOf(id).transactions();
    txn::Transaction& transaction = connection_.TransactionOf(id);
    TURDB_RETURN_IF_ERROR(transactions.LockTable(transaction, id, txn::TableLockMode::kExclusive));
    // The steps were made for the table as it was before the wait.
    TURDB_RETURN_IF_ERROR(connection_.DatabaseOf(id).catalog().CheckStillCurrent(*command.relation));
    // Rows are read and written anew: this transaction must see them as they are.
    TURDB_RETURN_IF_ERROR(base::WithFrame(transactions.RequireSeesAll(transaction, id),
                                          absl::StrCat("altering ", command.relation->schema->qualified_name())));
    TURDB_RETURN_IF_ERROR(RequireNothingDeferred("ALTER TABLE", *command.relation));
    for (const catalog::ObjectId other : command.read) {
      TURDB_RETURN_IF_ERROR(transactions.LockTable(transaction, other, txn::TableLockMode::kExclusive));
      TURDB_RETURN_IF_ERROR(base::WithFrame(transactions.RequireSeesAll(transaction, other),
                                            absl::StrCat("altering ", command.relation->schema->qualified_name())));
    }
  }
  for (const std::string& part : command.parts) {
    TURDB_ASSIGN_OR_RETURN(const std::unique_ptr<Statement> statement, connection_.Prepare(part, nullptr));
    if (const auto* alter = std::get_if<sql::AlterTableCommand>(&statement->command())) {
      TURDB_RETURN_IF_ERROR(Alter(*alter, changes));
    }
  }
  for (const sql::AlterStep& step : command.steps) {
    const auto relation = connection_.VisibleCatalog()->RelationOf(command.relation->id);
    TURDB_RETURN_IF_ERROR(RunStep(step, *relation, changes));
  }
  if (const auto changed = connection_.VisibleCatalog()->RelationOf(command.relation->id); changed != nullptr) {
    return KeepTypesOf(*changed->schema);
  }
  return absl::OkStatus();
}

Status CommandRunner::RunStep(const sql::AlterStep& step, const catalog::Relation& relation, catalog::SchemaChanges& changes) {
  switch (step.kind) {
    case Kind::kRenameRelation:
      return changes.RenameTable(relation, step.new_name);
    case Kind::kMoveToSchema:
      return changes.MoveToSchema(relation, step.new_name);
    case Kind::kRenameColumn:
      return changes.RenameColumn(relation, relation.schema->FindColumn(step.name), step.new_name);
    case Kind::kRenameIndex:
      return changes.RenameIndex(relation, step.name, step.new_name);
    case Kind::kEdit: {
      const auto other = step.other != 0 ? connection_.VisibleCatalog()->RelationOf(step.other) : nullptr;
      const catalog::Relation& edited = other != nullptr ? *other : relation;
      table::TableSchema changed = *edited.schema;
      TURDB_RETURN_IF_ERROR(step.edit(changed));
      return connection_.SchemaChangesOf(edited.id).ReplaceTable(edited, std::move(changed));
    }
    case Kind::kRun:
      return RunText(step.sql).status();
    case Kind::kRefuse: {
      std::vector<std::string> row;
      TURDB_ASSIGN_OR_RETURN(const StepResult result, RunText(step.sql, &row));
      if (result != StepResult::kRow) return absl::OkStatus();
      return step.blame != nullptr ? step.blame(step.refusal, row) : step.refusal;
    }
    case Kind::kProbe:
      return connection_.Prepare(step.sql, nullptr).ok() ? absl::OkStatus() : step.refusal;
    case Kind::kAddIndex:
      return AddIndex(relation, step.index, changes);
    case Kind::kDropIndex:
      return changes.DropIndexOf(relation, step.name, step.cascade);
    case Kind::kDropForeignKey:
      return connection_.SchemaChangesOf(step.other)
          .DropForeignKey(*connection_.VisibleCatalog()->RelationOf(step.other), step.name);
    case Kind::kSetViewText: {
      const auto view = connection_.VisibleCatalog()->RelationOf(step.other);
      return connection_.SchemaChangesOf(view->id).SetViewText(*view, step.sql);
    }
    case Kind::kDropView: {
      const auto view = connection_.VisibleCatalog()->RelationOf(step.other);
      if (view->is_materialized_view()) {
        return connection_.SchemaChangesOf(view->id)
            .DropMaterializedView(view->schema_name(), view->name(), true, true)
            .status();
      }
      return connection_.SchemaChangesOf(view->id).DropView(view->schema_name(), view->name(), true).status();
    }
    case Kind::kAddSequence:
      return changes.AddColumnSequence(relation, relation.schema->FindColumn(step.name), step.new_name, step.sequence);
    case Kind::kAlterSequence:
      return ChangeSequence(*connection_.VisibleCatalog()->RelationOf(step.other), step.sequence, step.restart, changes);
    case Kind::kRebuild:
      return Rebuild(step, relation, changes);
  }
  return absl::OkStatus();
}

// Positions in this text are none in the user's.
base::StatusOr<StepResult> CommandRunner::RunText(std::string_view sql, std::vector<std::string>* row) {
  connection_.without_triggers_ = true;
  auto statement = connection_.Prepare(sql, nullptr);
  connection_.without_triggers_ = false;
  if (!statement.ok()) return base::MovePosition(statement.status(), 0);
  auto result = (*statement)->Step();
  if (!result.ok()) return base::MovePosition(result.status(), 0);
  for (size_t i = 0; row != nullptr && *result == StepResult::kRow && i < (*statement)->column_count(); ++i) {
    row->push_back((*statement)->value(i).ToString());
  }
  return result;
}

Status CommandRunner::AddIndex(const catalog::Relation& relation, const table::IndexSchema& index,
                               catalog::SchemaChanges& changes) {
  table::TableSchema with_index = *relation.schema;
  with_index.indexes.push_back(index);
  TURDB_ASSIGN_OR_RETURN(const auto evaluation,
                         IndexEvaluation::Create(connection_.database(), connection_.VisibleCatalog(), with_index));
  return changes.CreateIndex(relation, index, false, evaluation->evaluator()).status();
}

Status CommandRunner::Rebuild(const sql::AlterStep& step, const catalog::Relation& relation, catalog::SchemaChanges& changes) {
  const std::string schema = relation.schema_name();
  const std::string name = relation.name();
  const auto rebuilt = [&](const std::string& called) {
    return connection_.VisibleCatalog()->FindRelation(schema, called, {});
  };
  // Foreign keys hold already: they are there again when the rows and the indexes are.
  catalog::NewTable made_anew;
  made_anew.definition = step.definition;
  made_anew.definition.foreign_keys.clear();
  TURDB_RETURN_IF_ERROR(changes.CreateTable(std::move(made_anew)).status());
  TURDB_RETURN_IF_ERROR(RunText(step.sql).status());
  TURDB_RETURN_IF_ERROR(changes.MoveReferences(relation.id, rebuilt(step.definition.name)->id));
  TURDB_RETURN_IF_ERROR(changes.DropTable(schema, name, false, false).status());
  TURDB_RETURN_IF_ERROR(changes.RenameTable(*rebuilt(step.definition.name), name));
  for (const table::IndexSchema& index : step.indexes) TURDB_RETURN_IF_ERROR(AddIndex(*rebuilt(name), index, changes));
  if (step.definition.foreign_keys.empty()) return absl::OkStatus();
  const std::shared_ptr<const catalog::Relation> made = rebuilt(name);
  table::TableSchema with_keys = *made->schema;
  with_keys.foreign_keys = step.definition.foreign_keys;
  for (table::ForeignKey& key : with_keys.foreign_keys) {
    if (key.referenced_table == base::kNoFile) key.referenced_table = made->id;
  }
  return changes.ReplaceTable(*made, std::move(with_keys));
}

}  // namespace turdb::engine
