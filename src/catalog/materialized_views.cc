// Materialised views are tables that keep a query; here is what differs. And comments on schemas.
#include "absl/strings/str_cat.h"
#include "catalog/schema_changes_rep.h"

namespace turdb::catalog {

using base::MakeError;
using base::Status;
using base::StatusOr;

Status SchemaChanges::SetViewText(const Relation& view, std::string sql) {
  if (view.kind == RelationKind::kTable) TURDB_RETURN_IF_ERROR(rep_->Lock(view, txn::TableLockMode::kExclusive));
  return rep_->ReplaceAs(view, *view.schema, std::move(sql), view.unpopulated);
}

Status SchemaChanges::SetPopulated(const Relation& view, bool populated) {
  TURDB_RETURN_IF_ERROR(rep_->Lock(view, txn::TableLockMode::kExclusive));
  return rep_->ReplaceAs(view, *view.schema, view.view_sql, !populated);
}

StatusOr<bool> SchemaChanges::DropMaterializedView(std::string_view schema, std::string_view name, bool if_exists,
                                                   bool cascade) {
  const std::string path[] = {std::string(kDefaultSchema)};
  auto found = rep_->now().GetRelation(schema, name, path);
  if (!found.ok()) {
    if (if_exists) return false;
    return found.status();
  }
  if (!(*found)->is_materialized_view()) {
    const Status status = MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"42809"},
                                    absl::StrCat("\"", name, "\" is not a materialized view"));
    return (*found)->kind == RelationKind::kTable  ? base::WithHint(status, "Use DROP TABLE to remove a table.")
           : (*found)->kind == RelationKind::kView ? base::WithHint(status, "Use DROP VIEW to remove a view.")
                                                   : status;
  }
  TURDB_RETURN_IF_ERROR(rep_->DropRelation(*found, cascade));
  return true;
}

Status SchemaChanges::SetSchemaComment(std::string_view name, std::string_view comment) {
  TURDB_ASSIGN_OR_RETURN(Schema schema, rep_->SchemaToChange(name));
  TURDB_RETURN_IF_ERROR(
      rep_->state.objects->Update(rep_->transaction, {ObjectKind::kSchema, schema.id, schema.name, std::string(comment)}));
  rep_->Push({.kind = ChangeKind::kRemoveSchema, .schema = schema, .id = 0, .relation = nullptr, .made_files = {}});
  schema.comment = std::string(comment);
  rep_->Push({.kind = ChangeKind::kAddSchema, .schema = schema, .id = 0, .relation = nullptr, .made_files = {}});
  return absl::OkStatus();
}

Status SchemaChanges::SetNumber(DatabaseNumber which, int32_t value) {
  ObjectRow row{ObjectKind::kNumber, static_cast<int64_t>(which), "", std::string(sizeof(value), '\0')};
  base::StoreLE(row.definition.data(), value);
  TURDB_ASSIGN_OR_RETURN(const bool made, rep_->state.objects->Insert(rep_->transaction, row));
  if (!made) TURDB_RETURN_IF_ERROR(rep_->state.objects->Update(rep_->transaction, row));
  rep_->Push({.kind = ChangeKind::kSetNumber,
              .schema = {},
              .id = static_cast<ObjectId>(which),
              .relation = nullptr,
              .made_files = {},
              .number = value});
  return absl::OkStatus();
}

}  // namespace turdb::catalog
