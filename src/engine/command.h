// Statements without a plan: transaction control, settings, schema changes, maintenance.
#ifndef TURDB_ENGINE_COMMAND_H_
#define TURDB_ENGINE_COMMAND_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/connection.h"
#include "engine/statement.h"
#include "sql/compile.h"
#include "vec/chunk.h"

namespace turdb::engine {

// For the thread that is inside the connection.
class CommandRunner {
 public:
  explicit CommandRunner(Connection& connection) : connection_(connection) {}

  // Rows that the command gives go to *result. On error a schema change has been undone.
  base::Status Run(const sql::Command& command, vec::Chunk* result);

 private:
  base::Status RunTransaction(const sql::TransactionCommand& command);
  base::Status RunSet(const sql::SetCommand& command);
  base::Status SetIsolation(const sql::SetCommand& command);
  base::Status SetReadOnly(bool read_only);  // of the transaction
  base::Status RunSetConstraints(const sql::SetConstraintsCommand& command);
  base::Status RunShow(const sql::ShowCommand& command, vec::Chunk* result);
  base::Status RunMaintenance(const sql::MaintenanceCommand& command);
  // ---- statistics (analyze.cc)
  base::Status Analyze(const sql::MaintenanceCommand& command);
  base::Status AnalyzeForNow(const sql::MaintenanceCommand& command);
  std::vector<std::shared_ptr<const catalog::Relation>> TablesOf(const sql::MaintenanceCommand& command) const;
  // Runs `change` as one statement of the transaction, begun for it when there is none.
  base::Status RunSchemaChange(const sql::Command& command);
  base::Status RunSchemaChangeIn(const sql::Command& command, bool own);
  base::Status ChangeSchema(const sql::Command& command, catalog::SchemaChanges& changes);
  base::Status Alter(const sql::AlterTableCommand& command, catalog::SchemaChanges& changes);
  base::Status RunStep(const sql::AlterStep& step, const catalog::Relation& relation, catalog::SchemaChanges& changes);
  base::Status AddIndex(const catalog::Relation& relation, const table::IndexSchema& index, catalog::SchemaChanges& changes);
  base::Status Rebuild(const sql::AlterStep& step, const catalog::Relation& relation, catalog::SchemaChanges& changes);
  // `row`, when not null, gets the values of the first row.
  base::StatusOr<StepResult> RunText(std::string_view sql, std::vector<std::string>* row = nullptr);
  // ---- materialised views (materialized_view.cc)
  base::Status Refresh(const sql::RefreshCommand& command, catalog::SchemaChanges& changes);
  base::Status FillView(const std::string& sql, const catalog::Relation& view);
  // ---- sequences (sequence_command.cc)
  base::Status CreateSequence(const sql::CreateSequenceCommand& command, catalog::SchemaChanges& changes);
  base::Status AlterSequence(const sql::AlterSequenceCommand& command, catalog::SchemaChanges& changes);
  base::Status ChangeSequence(const catalog::Relation& relation, const table::SequenceSchema& changed,
                              std::optional<int64_t> restart, catalog::SchemaChanges& changes);
  base::Status Drop(const sql::DropCommand& command);
  bool IsTemporary(const sql::Command& command) const;
  // ---- types (type_command.cc)
  base::Status AlterType(const sql::AlterTypeCommand& command);
  base::Status AddLabel(const catalog::Relation& type, const sql::AlterTypeCommand& command, catalog::SchemaChanges& changes);
  base::Status RenameLabel(const catalog::Relation& type, const sql::AlterTypeCommand& command,
                           catalog::SchemaChanges& changes);
  base::Status EditComposite(const catalog::Relation& type, const sql::AlterTypeCommand& command,
                             catalog::SchemaChanges& changes);
  base::Status EditDomain(const catalog::Relation& domain, const sql::AlterTypeCommand& command,
                          catalog::SchemaChanges& changes);
  base::Status CheckUsesOf(const catalog::Relation& domain);
  base::Status DropType(const std::string& schema, const std::string& name, bool cascade);
  base::Status DropFunction(catalog::ObjectId id, bool cascade);
  bool Calls(const std::string& query, const catalog::Relation& function);
  base::Status KeepTypesOf(const table::TableSchema& schema);
  // 55006 when checks of the relation's rows wait for the end of the transaction.
  base::Status RequireNothingDeferred(std::string_view what, const catalog::Relation& relation) const;

  Connection& connection_;
};

}  // namespace turdb::engine

#endif  // TURDB_ENGINE_COMMAND_H_
