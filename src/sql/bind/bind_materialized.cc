// Materialised views: a table that keeps the text of the query that fills it.
#include "absl/strings/str_cat.h"
#include "sql/bind/binder.h"

namespace turdb::sql {

using base::Status;
using base::StatusOr;
namespace sqlstate = base::sqlstate;

StatusOr<Command> Binder::BindCreateMaterializedView(const ast::CreateView& create, CreateViewCommand view) {
  if (create.or_replace) {
    return Error(sqlstate::kSyntaxError, "CREATE OR REPLACE is not possible for a materialized view", create.offset);
  }
  CreateTableCommand command;
  command.table.if_not_exists = create.if_not_exists;
  command.table.definition = std::move(view.columns);
  const table::TableSchema& schema = command.table.definition;
  if (create.if_not_exists && context_.catalog->FindRelation(schema.schema_name, schema.name, {}) != nullptr) {
    return Command(NoOperation{absl::StrCat("relation \"", schema.name, "\" already exists, skipping")});
  }
  command.table.view_sql = view.sql;
  command.table.view_search_path = std::move(view.search_path);
  command.table.unpopulated = create.with_no_data;
  if (!create.with_no_data) {
    command.fill_sql = absl::StrCat("INSERT INTO ", Quoted(schema.schema_name), ".", Quoted(schema.name), " ", view.sql);
  }
  return Command(std::move(command));
}

StatusOr<Command> Binder::BindRefresh(const ast::Refresh& refresh) {
  RefreshCommand command;
  TURDB_ASSIGN_OR_RETURN(command.relation, FindRelation(refresh.name));
  if (!command.relation->is_materialized_view()) {
    return Error(base::SqlState{"42809"}, absl::StrCat("\"", refresh.name.last().text, "\" is not a materialized view"),
                 refresh.name.offset());
  }
  if (refresh.concurrently && refresh.with_no_data) {
    return Error(sqlstate::kSyntaxError, "REFRESH options CONCURRENTLY and WITH NO DATA cannot be used together",
                 refresh.offset);
  }
  command.with_no_data = refresh.with_no_data;
  return Command(std::move(command));
}

// Its rows are its query's, and there are none before it has been filled.
Status Binder::CheckPopulated(const catalog::Relation& relation, int32_t offset) const {
  if (!relation.unpopulated || context_.fills_view == relation.id) return absl::OkStatus();
  return base::WithHint(Error(base::SqlState{"55000"},
                              absl::StrCat("materialized view \"", relation.name(), "\" has not been populated"), offset),
                        "Use the REFRESH MATERIALIZED VIEW command.");
}

}  // namespace turdb::sql
