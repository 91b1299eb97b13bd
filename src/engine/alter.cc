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
    txn::TransactionManager& transactions = connection_.database().transactions();
    txn::Transaction& transaction = *connection_.transaction_;
    const catalog::ObjectId id = command.relation->id;
    TURDB_RETURN_IF_ERROR(transactions.LockTable(transaction, id, txn::TableLockMode::kExclusive));
    // Rows are read and written anew: this transaction must see them as they are.
    TURDB_RETURN_IF_ERROR(base::WithFrame(transactions.RequireSeesAll(transaction, id),
                                          absl::StrCat("altering ", command.relation->schema->qualified_name())));
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
      table::TableSchema changed = *relation.schema;
      TURDB_RETURN_IF_ERROR(step.edit(changed));
      return changes.ReplaceTable(relation, std::move(changed));
    }
    case Kind::kRun:
    case Kind::kRefuse: {
      // Positions in this text are none in the user's.
      auto statement = connection_.Prepare(step.sql, nullptr);
      if (!statement.ok()) return base::MovePosition(statement.status(), 0);
      const auto stepped = (*statement)->Step();
      if (!stepped.ok()) return base::MovePosition(stepped.status(), 0);
      return step.kind == Kind::kRefuse && *stepped == StepResult::kRow ? step.refusal : absl::OkStatus();
    }
    case Kind::kProbe:
      return connection_.Prepare(step.sql, nullptr).ok() ? absl::OkStatus() : step.refusal;
    case Kind::kAddIndex: {
      table::TableSchema with_index = *relation.schema;
      with_index.indexes.push_back(step.index);
      TURDB_ASSIGN_OR_RETURN(const auto evaluation,
                             IndexEvaluation::Create(connection_.database(), connection_.VisibleCatalog(), with_index));
      return changes.CreateIndex(relation, step.index, false, evaluation->evaluator()).status();
    }
    case Kind::kDropIndex:
      return changes.DropIndexOf(relation, step.name);
    case Kind::kSetViewText: {
      const auto view = connection_.VisibleCatalog()->RelationOf(step.other);
      return changes.CreateView(*view->schema, step.sql, view->view_search_path, true, false).status();
    }
    case Kind::kDropView: {
      const auto view = connection_.VisibleCatalog()->RelationOf(step.other);
      return changes.DropView(view->schema_name(), view->name(), true).status();
    }
  }
  return absl::OkStatus();
}

}  // namespace turdb::engine
