#include "catalog/types.h"

#include "absl/strings/str_cat.h"
#include "catalog/schema_changes_rep.h"
#include "vec/enum.h"

namespace turdb::catalog {

using base::MakeError;
using base::Status;
using base::StatusOr;
using table::TableSchema;

int32_t FindLabel(const Relation& type, std::string_view label) {
  for (size_t i = 0; i < type.labels.size(); ++i) {
    if (type.labels[i].name == label) return static_cast<int32_t>(i);
  }
  return -1;
}

StatusOr<std::string> SnapshotTypes::Parse(uint32_t type, std::string_view label) const {
  const std::shared_ptr<const Relation> relation = snapshot_->RelationOf(type);
  if (relation == nullptr) {
    return MakeError(absl::StatusCode::kNotFound, base::sqlstate::kUndefinedObject,
                     absl::StrCat("type ", type, " does not exist"));
  }
  const int32_t found = FindLabel(*relation, label);
  if (found >= 0) return vec::MakeEnum(relation->labels[static_cast<size_t>(found)].order, label);
  return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidText,
                   absl::StrCat("invalid input value for enum ", relation->name(), ": \"", label, "\""));
}

void ForEachUse(const Snapshot& snapshot, const Relation& type,
                absl::FunctionRef<void(const std::shared_ptr<const Relation>& table, int32_t column)> visit) {
  snapshot.ForEachRelation([&](const std::shared_ptr<const Relation>& relation) {
    if (relation->kind != RelationKind::kTable) return;
    const std::vector<table::Column>& columns = relation->schema->columns;
    for (size_t i = 0; i < columns.size(); ++i) {
      if (snapshot.Mentions(columns[i].type, type.id) || columns[i].domain == type.id) visit(relation, static_cast<int32_t>(i));
    }
  });
}

void ForEachTypeOver(const Snapshot& snapshot, const Relation& type,
                     absl::FunctionRef<void(const std::shared_ptr<const Relation>& over)> visit) {
  snapshot.ForEachType([&](const std::shared_ptr<const Relation>& over) {
    for (const table::Column& part : over->schema->columns) {
      if (snapshot.Mentions(part.type, type.id) || part.domain == type.id) return visit(over);
    }
  });
}

// ---- changes

StatusOr<bool> SchemaChanges::CreateType(RelationKind kind, TableSchema definition, std::vector<EnumLabel> labels) {
  TURDB_RETURN_IF_ERROR(CheckName(definition.name, "type"));
  TURDB_ASSIGN_OR_RETURN(const Schema schema, rep_->SchemaToChange(definition.schema_name));
  definition.schema_name = schema.name;
  if (rep_->NameIsTaken(schema, definition.name)) {
    return AlreadyExists(base::sqlstate::kDuplicateObject, "type", definition.name);
  }
  TURDB_RETURN_IF_ERROR(rep_->TakeName(schema, definition.name));
  TURDB_ASSIGN_OR_RETURN(definition.id, rep_->store.NewObjectId());
  const std::shared_ptr<Relation> type = rep_->NewRelation(kind, std::move(definition), "");
  type->labels = std::move(labels);
  TURDB_RETURN_IF_ERROR(rep_->state.objects->Insert(rep_->transaction, rep_->RowOf(*type, schema)).status());
  rep_->Push({.kind = ChangeKind::kPutRelation, .schema = {}, .id = 0, .relation = type, .made_files = {}});
  return true;
}

Status SchemaChanges::ReplaceLabels(const Relation& type, std::vector<EnumLabel> labels) {
  TURDB_RETURN_IF_ERROR(rep_->Lock(type, txn::TableLockMode::kExclusive));
  const std::shared_ptr<Relation> next = std::make_shared<Relation>(nullptr);
  next->kind = type.kind;
  next->id = type.id;
  next->schema = type.schema;
  next->labels = std::move(labels);
  return rep_->Replace(*next, *type.schema);
}

Status SchemaChanges::ReplaceDomain(const Relation& domain, TableSchema changed) {
  TURDB_RETURN_IF_ERROR(rep_->Lock(domain, txn::TableLockMode::kExclusive));
  return rep_->Replace(domain, std::move(changed));
}

Status SchemaChanges::DropType(const Relation& type) {
  TURDB_RETURN_IF_ERROR(rep_->Lock(type, txn::TableLockMode::kExclusive));
  return rep_->DropRelation(rep_->now().RelationOf(type.id), false);
}

}  // namespace turdb::catalog
