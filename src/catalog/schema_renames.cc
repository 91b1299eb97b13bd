// What is called otherwise afterwards: tables, views, columns, indexes; and what moves to another schema.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "catalog/schema_changes_rep.h"

namespace turdb::catalog {

using base::MakeError;
using base::Status;
using table::IndexSchema;
using table::TableSchema;
namespace sqlstate = base::sqlstate;

Status SchemaChanges::RenameTable(const Relation& relation, std::string_view new_name) {
  TURDB_RETURN_IF_ERROR(CheckName(new_name, "table"));
  TURDB_ASSIGN_OR_RETURN(const Schema schema, rep_->SchemaToChange(relation.schema_name()));
  if (relation.kind == RelationKind::kFunction) return rep_->RenameFunction(relation, schema, std::string(new_name));
  if (rep_->NameIsTaken(schema, new_name)) return AlreadyExists(sqlstate::kDuplicateTable, "relation", new_name);
  TableSchema changed = *relation.schema;
  if (relation.kind == RelationKind::kTable) TURDB_RETURN_IF_ERROR(rep_->Lock(relation, txn::TableLockMode::kExclusive));
  TURDB_RETURN_IF_ERROR(rep_->TakeName(schema, std::string(new_name)));
  TURDB_RETURN_IF_ERROR(rep_->GiveNameBack(schema, changed.name));
  changed.name = std::string(new_name);
  if (relation.kind == RelationKind::kSequence) return rep_->ReplaceNamed(relation, std::move(changed));
  if (relation.kind == RelationKind::kTable) TURDB_RETURN_IF_ERROR(rep_->RenameFiles(changed));
  return rep_->Replace(relation, std::move(changed));
}

Status SchemaChanges::MoveToSchema(const Relation& relation, std::string_view new_schema) {
  TURDB_ASSIGN_OR_RETURN(const Schema from, rep_->SchemaToChange(relation.schema_name()));
  TURDB_ASSIGN_OR_RETURN(const Schema to, rep_->SchemaToChange(new_schema));
  if (from.id == to.id) return absl::OkStatus();
  if (relation.kind == RelationKind::kFunction) return rep_->MoveFunction(relation, from, to);
  TableSchema changed = *relation.schema;
  std::vector<std::string> names = {changed.name};
  if (relation.kind == RelationKind::kTable) {
    TURDB_RETURN_IF_ERROR(rep_->Lock(relation, txn::TableLockMode::kExclusive));
    if (!changed.primary_key.empty()) names.push_back(changed.primary_key_name);
    for (const IndexSchema& index : changed.indexes) names.push_back(index.name);
  }
  for (const std::string& name : names) {
    if (rep_->NameIsTaken(to, name)) {
      return MakeError(absl::StatusCode::kAlreadyExists, sqlstate::kDuplicateTable,
                       absl::StrCat("relation \"", name, "\" already exists in schema \"", to.name, "\""));
    }
    TURDB_RETURN_IF_ERROR(rep_->TakeName(to, name));
    TURDB_RETURN_IF_ERROR(rep_->GiveNameBack(from, name));
  }
  changed.schema_name = to.name;
  if (relation.kind == RelationKind::kSequence) return rep_->ReplaceNamed(relation, std::move(changed));
  if (relation.kind == RelationKind::kTable) TURDB_RETURN_IF_ERROR(rep_->RenameFiles(changed));
  TURDB_RETURN_IF_ERROR(rep_->Replace(relation, changed));
  // What its columns own comes along.
  for (const table::Column& column : changed.columns) {
    for (const ObjectId id : column.owned_sequences) {
      const std::shared_ptr<const Relation> sequence = rep_->now().RelationOf(id);
      if (sequence != nullptr) TURDB_RETURN_IF_ERROR(MoveToSchema(*sequence, to.name));
    }
  }
  return absl::OkStatus();
}

Status SchemaChanges::RenameIndex(const Relation& relation, std::string_view name, std::string_view new_name) {
  TURDB_RETURN_IF_ERROR(CheckName(new_name, "index"));
  TURDB_ASSIGN_OR_RETURN(const Schema schema, rep_->SchemaToChange(relation.schema_name()));
  if (rep_->NameIsTaken(schema, new_name)) return AlreadyExists(sqlstate::kDuplicateTable, "relation", new_name);
  TURDB_RETURN_IF_ERROR(rep_->Lock(relation, txn::TableLockMode::kExclusive));
  TableSchema changed = *relation.schema;
  if (changed.primary_key_name == name) changed.primary_key_name = std::string(new_name);
  for (IndexSchema& index : changed.indexes) {
    if (index.name == name) index.name = std::string(new_name);
  }
  TURDB_RETURN_IF_ERROR(rep_->TakeName(schema, std::string(new_name)));
  TURDB_RETURN_IF_ERROR(rep_->GiveNameBack(schema, std::string(name)));
  TURDB_RETURN_IF_ERROR(rep_->RenameFiles(changed));
  return rep_->Replace(relation, std::move(changed));
}

Status SchemaChanges::RenameColumn(const Relation& relation, int32_t column, std::string_view new_name) {
  TURDB_RETURN_IF_ERROR(CheckName(new_name, "column"));
  TableSchema changed = *relation.schema;
  if (changed.FindColumn(new_name) >= 0) {
    return MakeError(absl::StatusCode::kAlreadyExists, sqlstate::kDuplicateColumn,
                     absl::StrCat("column \"", new_name, "\" of relation \"", changed.name, "\" already exists"));
  }
  if (relation.kind == RelationKind::kTable) TURDB_RETURN_IF_ERROR(rep_->Lock(relation, txn::TableLockMode::kExclusive));
  std::string& name = changed.columns[static_cast<size_t>(column)].name;
  const std::string old_name = name;
  name = std::string(new_name);
  const auto rename_references = [&](TableSchema& schema) {
    for (table::ForeignKey& key : schema.foreign_keys) {
      if (key.referenced_table != relation.id) continue;
      std::replace(key.referenced_columns.begin(), key.referenced_columns.end(), old_name, std::string(new_name));
    }
  };
  rename_references(changed);
  for (const std::shared_ptr<const Relation>& other : rep_->ReferencedBy(relation.id)) {
    TURDB_RETURN_IF_ERROR(rep_->Lock(*other, txn::TableLockMode::kExclusive));
    TableSchema referring = *other->schema;
    rename_references(referring);
    TURDB_RETURN_IF_ERROR(rep_->Replace(*other, std::move(referring)));
  }
  return rep_->Replace(relation, std::move(changed));
}

}  // namespace turdb::catalog
