// What a change of one table means for the foreign keys of others.
#include <algorithm>
#include <string>
#include <vector>

#include "base/check.h"
#include "catalog/schema_changes_rep.h"

namespace turdb::catalog {

using base::Status;
using table::ForeignKey;
using table::TableSchema;

// Who deletes from a table must know all that refers to it. The new version makes plans bind again, and the lock waits for
// those that run.
Status SchemaChanges::Rep::TouchReferenced(const TableSchema* before, const TableSchema& changed) {
  for (const ForeignKey& key : changed.foreign_keys) {
    if (key.referenced_table == changed.id) continue;
    const auto same = [&](const ForeignKey& old) {
      return old.name == key.name && old.referenced_table == key.referenced_table;
    };
    if (before != nullptr && std::any_of(before->foreign_keys.begin(), before->foreign_keys.end(), same)) continue;
    const std::shared_ptr<const Relation> referenced = now().RelationOf(key.referenced_table);
    TURDB_CHECK(referenced != nullptr);
    TURDB_RETURN_IF_ERROR(Lock(*referenced, txn::TableLockMode::kExclusive));
    TURDB_RETURN_IF_ERROR(Replace(*referenced, *referenced->schema));
  }
  return absl::OkStatus();
}

Status SchemaChanges::Rep::DropForeignKeys(const Relation& relation, absl::FunctionRef<bool(const ForeignKey&)> which) {
  TURDB_RETURN_IF_ERROR(Lock(relation, txn::TableLockMode::kExclusive));
  TableSchema changed = *relation.schema;
  std::erase_if(changed.foreign_keys, which);
  return Replace(relation, std::move(changed));
}

Status SchemaChanges::Rep::DropReferencesWithoutKey(const TableSchema& changed, const table::IndexSchema& key, bool cascade) {
  std::vector<std::pair<std::shared_ptr<const Relation>, std::string>> dependents;
  now().ForEachReference(changed.id, [&](const std::shared_ptr<const Relation>& relation, const ForeignKey& reference) {
    std::vector<int32_t> columns;
    for (const std::string& name : reference.referenced_columns) columns.push_back(changed.FindColumn(name));
    if (changed.FindUniqueKey(std::move(columns)) == -2) dependents.emplace_back(relation, reference.name);
  });
  if (dependents.empty()) return absl::OkStatus();
  if (!cascade) {
    const std::string index = absl::StrCat("index ", key.name);
    const std::string what = key.is_constraint ? absl::StrCat("constraint ", key.name, " on table ", changed.name) : index;
    return DependsOn(what, dependents[0].second, dependents[0].first->name(), index);
  }
  for (const auto& [relation, name] : dependents) {
    TURDB_RETURN_IF_ERROR(DropForeignKeys(*now().RelationOf(relation->id), [&](const auto& own) { return own.name == name; }));
  }
  return absl::OkStatus();
}

Status SchemaChanges::DropForeignKey(const Relation& relation, std::string_view name) {
  return rep_->DropForeignKeys(relation, [&](const ForeignKey& key) { return key.name == name; });
}

Status SchemaChanges::MoveReferences(ObjectId from, ObjectId to) {
  for (const std::shared_ptr<const Relation>& other : rep_->ReferencedBy(from)) {
    TURDB_RETURN_IF_ERROR(rep_->Lock(*other, txn::TableLockMode::kExclusive));
    TableSchema changed = *other->schema;
    for (ForeignKey& key : changed.foreign_keys) {
      if (key.referenced_table == from) key.referenced_table = to;
    }
    TURDB_RETURN_IF_ERROR(rep_->Replace(*other, std::move(changed)));
  }
  return absl::OkStatus();
}

}  // namespace turdb::catalog
