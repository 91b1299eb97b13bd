// Tables that the session brings along: no catalog knows them, so nothing that the catalog keeps may name them.
#include "absl/strings/str_cat.h"
#include "sql/bind/binder.h"

namespace turdb::sql {

using base::Status;
using base::StatusOr;
namespace sqlstate = base::sqlstate;

StatusOr<std::shared_ptr<const exec::ExternalTable>> Binder::FindExternal(const ast::NamedTable& table, bool unknown) {
  const bool possible = context_.external_table && view_depth_ == 0 && table.name.parts.size() == 1;
  if (!possible) return std::shared_ptr<const exec::ExternalTable>();
  auto external = context_.external_table(table.name.last().text, unknown);
  if (!external.ok()) return At(external.status(), table.offset);
  return external;
}

StatusOr<Binder::FromItem> Binder::BindExternal(std::shared_ptr<const exec::ExternalTable> external,
                                                const ast::NamedTable& table) {
  if (table.sample != nullptr) return Unsupported("TABLESAMPLE of what is no table or materialized view", table.offset);
  uses_external_ = true;
  LogicalNode* const get = NewNode(LogicalKind::kFunction);
  get->function = external.get();
  ScopeRelation scope;
  scope.alias = table.alias.empty() ? table.name.last().text : table.alias.text;
  scope.offset = table.offset;
  scope.not_lockable = "what is no table of the database";
  get->name = scope.alias;
  FromItem item;
  item.node = get;
  for (const exec::ExternalTable::Column& column : external->columns()) {
    const std::string_view name = plan_.Copy(std::string_view(column.name));
    const ColumnId id = NewColumn(name, column.type);
    get->outputs.push_back(id);
    scope.columns.push_back({name, ColumnExpr(id)});
  }
  plan_.Keep(std::move(external));
  TURDB_RETURN_IF_ERROR(ApplyColumnAliases(table, &scope));
  for (const ScopeColumn& column : scope.columns) item.visible.push_back({column.name, column.expr, 0});
  item.relations.push_back(std::move(scope));
  return item;
}

Status Binder::RefuseExternal(std::string_view what, int32_t offset) const {
  if (!uses_external_) return absl::OkStatus();
  return base::WithHint(
      Error(sqlstate::kInvalidTableDefinition,
            absl::StrCat(what, " cannot read what is registered on a connection: it would outlive that"), offset),
      "CREATE TABLE ... AS copies its rows");
}

}  // namespace turdb::sql
