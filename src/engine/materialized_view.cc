// REFRESH MATERIALIZED VIEW: all rows are replaced, in the transaction, by what the query gives now. Readers go on with what
// their snapshot sees; the view's exclusive lock keeps two from filling it at once.
#include "absl/strings/str_cat.h"
#include "catalog/table_sql.h"
#include "engine/command.h"

namespace turdb::engine {

using base::Status;

Status CommandRunner::Refresh(const sql::RefreshCommand& command, catalog::SchemaChanges& changes) {
  const catalog::Relation& view = *command.relation;
  Database& database = connection_.database();
  txn::Transaction& transaction = *connection_.transaction_;
  TURDB_RETURN_IF_ERROR(database.transactions().LockTable(transaction, view.id, txn::TableLockMode::kExclusive));
  TURDB_RETURN_IF_ERROR(database.catalog().CheckStillCurrent(view));
  // A refresh that this transaction does not see would be kept beside its own rows.
  TURDB_RETURN_IF_ERROR(base::WithFrame(database.transactions().RequireSeesAll(transaction, view.id),
                                        absl::StrCat("refreshing ", view.schema->qualified_name())));
  const std::string name = absl::StrCat(catalog::QuoteName(view.schema_name()), ".", catalog::QuoteName(view.name()));
  TURDB_RETURN_IF_ERROR(FillView(absl::StrCat("DELETE FROM ", name), view));
  if (!command.with_no_data) {
    TURDB_RETURN_IF_ERROR(FillView(absl::StrCat("INSERT INTO ", name, " ", view.view_sql), view));
  }
  if (view.unpopulated == command.with_no_data) return absl::OkStatus();
  return changes.SetPopulated(*connection_.VisibleCatalog()->RelationOf(view.id), !command.with_no_data);
}

// Names in the text are looked up as they were when the view was made.
Status CommandRunner::FillView(const std::string& sql, const catalog::Relation& view) {
  std::vector<std::string> path = view.view_search_path;
  if (!path.empty()) path.swap(connection_.search_path_);
  connection_.fills_view_ = view.id;
  connection_.without_temporary_ = true;
  const Status status = RunText(sql).status();
  connection_.fills_view_ = base::kNoFile;
  connection_.without_temporary_ = false;
  if (!view.view_search_path.empty()) path.swap(connection_.search_path_);
  return status;
}

}  // namespace turdb::engine
