// Statistics: ANALYZE, and the samples that planning asks for.
//
// What a plan is made by is sampled off the write path: when a statement is compiled over tables that nothing is known about,
// or that have grown or shrunk by a third since, some of their rows are read and the statement is compiled once more. Only
// ANALYZE writes to the catalog what it found; samples of planning are gone with the process.
#include <algorithm>

#include "catalog/catalog.h"
#include "catalog/statistics.h"
#include "engine/command.h"
#include "engine/database.h"
#include "engine/statement.h"

namespace turdb::engine {

using base::Status;
using base::StatusOr;

namespace {

constexpr size_t kAnalyzedRows = 30'000;  // PostgreSQL's
constexpr size_t kSampledRows = 3'000;

// What is sampled lies in memory that no budget counts, so it is little where there is little.
size_t RowsToSample(Database& database, size_t most, int64_t bytes_a_row) {
  return std::min(most, static_cast<size_t>(database.budget().limit_bytes() / bytes_a_row));
}

}  // namespace

std::vector<std::shared_ptr<const catalog::Relation>> CommandRunner::TablesOf(const sql::MaintenanceCommand& command) const {
  std::vector<std::shared_ptr<const catalog::Relation>> tables = command.tables;
  if (tables.empty()) {
    connection_.VisibleCatalog()->ForEachRelation([&](const std::shared_ptr<const catalog::Relation>& relation) {
      if (relation->kind == catalog::RelationKind::kTable) tables.push_back(relation);
    });
  }
  // Temporary tables belong to another transaction manager, and are planned without.
  std::erase_if(tables, [](const auto& relation) { return table::IsTemporary(relation->id); });
  return tables;
}

// Where nothing may be written, what is found is good for this process.
Status CommandRunner::AnalyzeForNow(const sql::MaintenanceCommand& command) {
  Database& database = connection_.database();
  for (const std::shared_ptr<const catalog::Relation>& relation : TablesOf(command)) {
    TURDB_ASSIGN_OR_RETURN(const table::Table* const table, relation->Open());
    const txn::Snapshot reading = database.transactions().AcquireSnapshot();
    TURDB_ASSIGN_OR_RETURN(table::TableStatistics found,
                           table::SampleTable(*table, txn::View{reading.read_ts()},
                                              RowsToSample(database, kAnalyzedRows, 8 << 10), &connection_.cancelled_));
    TURDB_RETURN_IF_ERROR(database.catalog().SetStatistics(
        relation->id, std::make_shared<const table::TableStatistics>(std::move(found)), nullptr));
  }
  return absl::OkStatus();
}

Status CommandRunner::Analyze(const sql::MaintenanceCommand& command) {
  txn::Transaction& transaction = *connection_.transaction_;
  for (const std::shared_ptr<const catalog::Relation>& relation : TablesOf(command)) {
    // A writer's lock: nobody drops the table before what was found about it is kept.
    TURDB_RETURN_IF_ERROR(
        connection_.database().transactions().LockTable(transaction, relation->id, txn::TableLockMode::kWrite));
    if (const Status current = connection_.database().catalog().CheckStillCurrent(*relation); !current.ok()) {
      if (command.tables.empty()) continue;  // dropped or changed meanwhile
      return current;
    }
    TURDB_ASSIGN_OR_RETURN(const table::Table* const table, relation->Open());
    TURDB_ASSIGN_OR_RETURN(
        table::TableStatistics found,
        table::SampleTable(*table, transaction.view_with_own_changes(),
                           RowsToSample(connection_.database(), kAnalyzedRows, 8 << 10), &connection_.cancelled_));
    TURDB_RETURN_IF_ERROR(connection_.database().catalog().SetStatistics(
        relation->id, std::make_shared<const table::TableStatistics>(std::move(found)), &transaction));
  }
  return absl::OkStatus();
}

// False: nothing new is known. What goes wrong here is no fault of the statement's.
bool Statement::LearnAbout(Connection& connection, const std::vector<std::shared_ptr<const catalog::Relation>>& tables) {
  bool learned = false;
  for (const std::shared_ptr<const catalog::Relation>& relation : tables) {
    if (table::IsTemporary(relation->id)) continue;  // of another transaction manager
    const StatusOr<table::Table*> table = relation->Open();
    if (!table.ok()) continue;
    const txn::Snapshot reading = connection.database().transactions().AcquireSnapshot();
    StatusOr<table::TableStatistics> found = table::SampleTable(
        **table, txn::View{reading.read_ts()}, RowsToSample(connection.database(), kSampledRows, 32 << 10), nullptr);
    // Rows that are not committed yet say nothing.
    if (!found.ok() || std::all_of(found->columns.begin(), found->columns.end(),
                                   [](const table::ColumnStatistics& column) { return column.distinct == 0; })) {
      continue;
    }
    learned |= connection.database()
                   .catalog()
                   .SetStatistics(relation->id, std::make_shared<const table::TableStatistics>(*std::move(found)), nullptr)
                   .ok();
  }
  return learned;
}

}  // namespace turdb::engine
