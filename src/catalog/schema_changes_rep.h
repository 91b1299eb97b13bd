// What the files of SchemaChanges share. Only they include it.
#ifndef TURDB_CATALOG_SCHEMA_CHANGES_REP_H_
#define TURDB_CATALOG_SCHEMA_CHANGES_REP_H_

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "base/limits.h"
#include "catalog/catalog.h"
#include "catalog/catalog_rep.h"
#include "catalog/object_codec.h"
#include "catalog/snapshot_rep.h"
#include "txn/transaction.h"
#include "txn/transaction_manager.h"

namespace turdb::catalog {

enum class ChangeKind : uint8_t { kAddSchema, kRemoveSchema, kPutRelation, kRemoveRelation, kSetNumber };

struct Change {
  ChangeKind kind;
  Schema schema;                             // of the two schema kinds
  ObjectId id = 0;                           // kRemoveRelation; kSetNumber: which
  std::shared_ptr<const Relation> relation;  // kPutRelation
  std::vector<base::FileId> made_files;      // to be forgotten when this is taken back
  int32_t number = 0;                        // kSetNumber

  bool is_relation() const { return kind == ChangeKind::kPutRelation || kind == ChangeKind::kRemoveRelation; }
  ObjectId relation_id() const { return kind == ChangeKind::kPutRelation ? relation->id : id; }
  // No relation that anybody holds has version 0: what was removed is current for nobody.
  uint64_t version() const { return kind == ChangeKind::kPutRelation ? relation->version : 0; }
};

inline base::Status AlreadyExists(base::SqlState state, std::string_view what, std::string_view name) {
  return base::MakeError(absl::StatusCode::kAlreadyExists, state, absl::StrCat(what, " \"", name, "\" already exists"));
}

inline base::Status CheckName(std::string_view name, std::string_view what) {
  if (!name.empty() && name.size() <= static_cast<size_t>(base::kMaxNameBytes)) return absl::OkStatus();
  return base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidName,
                         absl::StrCat("the name of a ", what, " has 1 to ", base::kMaxNameBytes, " bytes, not ", name.size()));
}

// `constraint`, of table `of`, needs `on`: what stands in the way of dropping `what`.
inline base::Status DependsOn(std::string_view what, std::string_view constraint, std::string_view of, std::string_view on) {
  const base::Status status = base::MakeError(absl::StatusCode::kFailedPrecondition, base::sqlstate::kDependentObjects,
                                              absl::StrCat("cannot drop ", what, " because other objects depend on it"));
  return base::WithHint(base::WithFrame(status, absl::StrCat("constraint ", constraint, " on table ", of, " depends on ", on)),
                        "Use DROP ... CASCADE to drop the dependent objects too.");
}

// The row of ObjectKind::kName that keeps others from having what it is called.
inline std::string NameRowOf(const Relation& relation) {
  return relation.kind == RelationKind::kFunction ? FunctionKeyOf(*relation.schema, relation.function) : relation.name();
}

inline const std::string& NameOf(const IndexRef& index) {
  const table::TableSchema& schema = *index.relation->schema;
  return index.index < 0 ? schema.primary_key_name : schema.indexes[static_cast<size_t>(index.index)].name;
}

struct SchemaChanges::Rep {
  Rep(Catalog& c, txn::Transaction& t) : catalog(c), state(*c.rep_), store(c.store()), transaction(t) {}

  Catalog& catalog;
  Catalog::Rep& state;
  table::TableStore& store;
  txn::Transaction& transaction;
  std::shared_ptr<const Snapshot> base;  // what the first change started from
  std::vector<Change> changes;
  std::vector<std::shared_ptr<const Snapshot>> stack;  // after each change
  std::list<Catalog::Rep::Published> prepared;         // what CommitsAt publishes: one
  bool published = false;

  const Snapshot& now() {
    if (base == nullptr) {
      base = transaction.has_snapshot() ? catalog.At(transaction.read_ts()) : catalog.Current();
    }
    return stack.empty() ? *base : *stack.back();
  }

  static void Apply(const Change& change, Snapshot::Rep* to) {
    switch (change.kind) {
      case ChangeKind::kAddSchema:
        to->AddSchema(change.schema);
        break;
      case ChangeKind::kRemoveSchema:
        to->RemoveSchema(change.schema.name);
        break;
      case ChangeKind::kPutRelation:
        to->AddRelation(change.relation);
        break;
      case ChangeKind::kRemoveRelation:
        to->RemoveRelation(change.id);
        break;
      case ChangeKind::kSetNumber:
        to->numbers[change.id - 1] = change.number;
        break;
    }
  }

  void Push(Change change) {
    auto next = std::make_shared<Snapshot::Rep>(*now().rep_);
    next->epoch = state.next_epoch++;
    Apply(change, next.get());
    std::shared_ptr<const Snapshot> snapshot(new Snapshot(std::move(next)));
    // What others see of it comes last, when nothing can fail any more.
    stack.reserve(stack.size() + 1);
    changes.reserve(changes.size() + 1);
    if (change.is_relation()) {
      const std::lock_guard lock(state.mutex);
      state.changing[change.relation_id()] = change.version();
    }
    stack.push_back(std::move(snapshot));
    changes.push_back(std::move(change));
  }

  base::StatusOr<Schema> SchemaToChange(std::string_view name) {
    const Schema* const schema = now().FindSchema(name.empty() ? kDefaultSchema : name);
    if (schema == nullptr) {
      return base::MakeError(absl::StatusCode::kNotFound, base::sqlstate::kUndefinedSchema,
                             absl::StrCat("schema \"", name, "\" does not exist"));
    }
    if (schema->is_system) {
      return base::MakeError(absl::StatusCode::kPermissionDenied, base::SqlState{"42501"},
                             absl::StrCat("schema \"", schema->name, "\" belongs to the system"));
    }
    if (schema->is_temporary) {
      return base::MakeError(absl::StatusCode::kPermissionDenied, base::SqlState{"42501"},
                             absl::StrCat("schema \"", schema->name, "\" is that of temporary objects"));
    }
    return *schema;
  }

  bool NameIsTaken(const Schema& schema, std::string_view name) {
    const std::string exact(name);
    for (const auto& found : {now().FindRelation(schema.name, name, {}), now().FindType(schema.name, name, {})}) {
      if (found != nullptr && found->name() == exact) return true;
    }
    const IndexRef index = now().FindIndex(schema.name, name, {});
    return index.relation != nullptr && NameOf(index) == exact;
  }

  // `taken`: names that this statement has given out.
  std::string FreeName(const Schema& schema, std::string name, const std::vector<std::string>& taken) {
    const auto is_taken = [&](const std::string& candidate) {
      return NameIsTaken(schema, candidate) || std::find(taken.begin(), taken.end(), candidate) != taken.end();
    };
    if (!is_taken(name)) return name;
    for (int i = 1;; ++i) {
      std::string candidate = absl::StrCat(name, i);
      if (!is_taken(candidate)) return candidate;
    }
  }

  base::Status TakeName(const Schema& schema, const std::string& name) {
    TURDB_ASSIGN_OR_RETURN(const bool taken, state.objects->Insert(transaction, {ObjectKind::kName, schema.id, name, ""}));
    return taken ? absl::OkStatus() : AlreadyExists(base::sqlstate::kDuplicateTable, "relation", name);
  }
  base::Status GiveNameBack(const Schema& schema, const std::string& name) {
    return state.objects->Delete(transaction, ObjectKind::kName, schema.id, name);
  }

  ObjectRow RowOf(const Relation& relation, const Schema& schema) {
    RelationDefinition definition;
    definition.kind = static_cast<uint8_t>(relation.kind);
    definition.schema_id = schema.id;
    definition.schema = *relation.schema;
    definition.view_sql = relation.view_sql;
    definition.view_search_path = relation.view_search_path;
    definition.sequence = relation.sequence;
    definition.unpopulated = relation.unpopulated;
    definition.labels = relation.labels;
    definition.function = relation.function;
    return {ObjectKind::kRelation, relation.id, "", EncodeRelation(definition, *state.struct_types)};
  }

  std::shared_ptr<Relation> NewRelation(RelationKind kind, table::TableSchema schema, std::string view_sql) {
    auto relation = std::make_shared<Relation>(kind == RelationKind::kView ? nullptr : &store);
    relation->kind = kind;
    relation->id = schema.id;
    relation->version = state.next_version++;
    relation->schema = std::make_shared<const table::TableSchema>(std::move(schema));
    relation->view_sql = std::move(view_sql);
    return relation;
  }

  // For a change that starts from `table` as it is given. One that committed and is not published yet holds no lock any
  // more; and what At gives for a timestamp changes when it is, so asking again is no proof.
  base::Status Lock(const Relation& table, txn::TableLockMode mode) {
    TURDB_RETURN_IF_ERROR(store.transactions().LockTable(transaction, table.id, mode));
    return catalog.CheckStillCurrent(table);
  }

  // Writes the new definition of a relation that exists and makes it visible.
  base::Status Replace(const Relation& relation, table::TableSchema changed) {
    return ReplaceAs(relation, std::move(changed), relation.view_sql, relation.unpopulated);
  }
  base::Status ReplaceAs(const Relation& relation, table::TableSchema changed, std::string view_sql, bool unpopulated) {
    TURDB_ASSIGN_OR_RETURN(const Schema schema, SchemaToChange(changed.schema_name));
    changed.schema_name = schema.name;
    std::shared_ptr<Relation> next = NewRelation(relation.kind, std::move(changed), std::move(view_sql));
    next->unpopulated = unpopulated;
    next->view_search_path = relation.view_search_path;
    next->sequence = relation.sequence;
    next->labels = relation.labels;
    next->function = relation.function;
    TURDB_RETURN_IF_ERROR(state.objects->Update(transaction, RowOf(*next, schema)));
    Push({.kind = ChangeKind::kPutRelation, .schema = {}, .id = 0, .relation = next, .made_files = {}});
    return absl::OkStatus();
  }

  // A sequence under the name of `changed`; so is its file.
  base::Status ReplaceNamed(const Relation& sequence, table::TableSchema changed);

  // Files are called what their table and indexes are called.
  base::Status RenameFiles(table::TableSchema& changed) {
    const auto rename = [&](base::FileId file, std::string* path, std::string new_path) -> base::Status {
      if (*path == new_path) return absl::OkStatus();
      *path = std::move(new_path);
      return store.RenameFile(transaction, file, *path);
    };
    TURDB_RETURN_IF_ERROR(rename(changed.id, &changed.path, table::TablePath(changed.schema_name, changed.name)));
    for (table::IndexSchema& index : changed.indexes) {
      TURDB_RETURN_IF_ERROR(
          rename(index.id, &index.path, table::IndexPath(changed.schema_name, changed.name, index.name, index.method)));
    }
    return absl::OkStatus();
  }

  // Makes the sequence, its file and its name; `made` gets it.
  base::Status MakeSequence(const Schema& schema, std::string name, table::SequenceSchema sequence,
                            std::shared_ptr<const Relation>* made);
  base::Status DropOneSequence(const std::shared_ptr<const Relation>& sequence, bool cascade, ObjectId with_table);
  // Those of the columns of a table as it was that neither its new definition nor another table owns as well.
  base::Status DropOwnedSequences(const table::TableSchema& before, const table::TableSchema* after, bool cascade);
  base::Status RenameFunction(const Relation& function, const Schema& schema, std::string new_name);
  base::Status MoveFunction(const Relation& function, const Schema& from, const Schema& to);
  base::Status DropIndexOf(const Relation& before, size_t position, bool cascade);
  base::Status NameConstraints(const Schema& schema, table::TableSchema& definition, std::vector<std::string>* names);
  base::Status DropRelation(const std::shared_ptr<const Relation>& relation, bool cascade, std::span<const ObjectId> also = {});
  // Tables other than the one itself whose foreign keys refer to it.
  std::vector<std::shared_ptr<const Relation>> ReferencedBy(ObjectId table);
  // The foreign keys of `changed` that `before` has not: what they refer to gets a new version.
  base::Status TouchReferenced(const table::TableSchema* before, const table::TableSchema& changed);
  // Foreign keys that no unique key of `changed`, the new definition of a table, serves any more: 2BP01, or they go.
  base::Status DropReferencesWithoutKey(const table::TableSchema& changed, const table::IndexSchema& key, bool cascade);
  base::Status DropForeignKeys(const Relation& relation, absl::FunctionRef<bool(const table::ForeignKey&)> which);
};

}  // namespace turdb::catalog

#endif  // TURDB_CATALOG_SCHEMA_CHANGES_REP_H_
