// DDL of one transaction: each statement writes the objects' rows, makes or drops files, and puts one more
// snapshot on the transaction's own stack. Commit applies the same changes to the newest committed snapshot, which
// others may have moved meanwhile; that they touch different objects is what the rows' conflicts saw to.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/check.h"
#include "catalog/schema_changes_rep.h"

namespace turdb::catalog {

using base::MakeError;
using base::Status;
using base::StatusOr;
using table::IndexSchema;
using table::TableSchema;
namespace sqlstate = base::sqlstate;

namespace {

// "users_email_key": the table, the columns ("expr" for an expression), the ending.
std::string AutomaticName(const TableSchema& schema, const std::vector<table::IndexPart>& parts, std::string_view ending) {
  std::string name = schema.name;
  for (const table::IndexPart& part : parts) {
    absl::StrAppend(&name, "_", part.column < 0 ? "expr" : schema.columns[static_cast<size_t>(part.column)].name);
  }
  absl::StrAppend(&name, ending);
  if (name.size() > static_cast<size_t>(base::kMaxNameBytes)) name = absl::StrCat(schema.name, ending);
  return name;
}

// Types of key parts come from their columns.
void FinishParts(const TableSchema& schema, IndexSchema& index) {
  for (table::IndexPart& part : index.parts) {
    if (part.column < 0) continue;
    const table::Column& column = schema.columns[static_cast<size_t>(part.column)];
    table::TakeTypeOf(column, &part);
  }
}

}  // namespace

std::vector<std::shared_ptr<const Relation>> SchemaChanges::Rep::ReferencedBy(ObjectId table) {
  std::vector<std::shared_ptr<const Relation>> found;
  now().ForEachReference(table, [&](const std::shared_ptr<const Relation>& relation, const table::ForeignKey&) {
    if (relation->id != table && (found.empty() || found.back() != relation)) found.push_back(relation);
  });
  return found;
}

SchemaChanges::SchemaChanges(Catalog& catalog, txn::Transaction& transaction)
    : rep_(std::make_unique<Rep>(catalog, transaction)) {}

SchemaChanges::~SchemaChanges() {
  if (!rep_->changes.empty() && !rep_->published) Rollback();
}

std::shared_ptr<const Snapshot> SchemaChanges::Visible(base::Timestamp read_ts) const {
  return rep_->stack.empty() ? rep_->catalog.At(read_ts) : rep_->stack.back();
}

bool SchemaChanges::empty() const { return rep_->changes.empty(); }

// ---- schemas

StatusOr<bool> SchemaChanges::CreateSchema(std::string_view name, bool if_not_exists) {
  TURDB_RETURN_IF_ERROR(CheckName(name, "schema"));
  const Schema* const found = rep_->now().FindSchema(name);
  const bool exists = found != nullptr && (found->name == name || FoldName(found->name) != FoldName(name));
  if (exists) {
    if (if_not_exists) return false;
    return AlreadyExists(sqlstate::kDuplicateSchema, "schema", name);
  }
  TURDB_ASSIGN_OR_RETURN(const ObjectId id, rep_->store.NewObjectId());
  // The name is a row of its own key, as names of relations are: two transactions cannot both take it.
  TURDB_ASSIGN_OR_RETURN(const bool taken,
                         rep_->state.objects->Insert(rep_->transaction, {ObjectKind::kName, 0, std::string(name), ""}));
  if (!taken) return AlreadyExists(sqlstate::kDuplicateSchema, "schema", name);
  TURDB_RETURN_IF_ERROR(
      rep_->state.objects->Insert(rep_->transaction, {ObjectKind::kSchema, id, std::string(name), ""}).status());
  rep_->Push({.kind = ChangeKind::kAddSchema,
              .schema = {id, std::string(name), false},
              .id = 0,
              .relation = nullptr,
              .made_files = {}});
  return true;
}

StatusOr<bool> SchemaChanges::DropSchema(std::string_view name, bool if_exists, bool cascade) {
  if (if_exists && rep_->now().FindSchema(name) == nullptr) return false;
  TURDB_ASSIGN_OR_RETURN(const Schema schema, rep_->SchemaToChange(name));
  if (schema.id == rep_->state.default_schema) {
    return MakeError(absl::StatusCode::kFailedPrecondition, sqlstate::kDependentObjects,
                     absl::StrCat("schema \"", schema.name, "\" is the default schema and cannot be dropped"));
  }
  std::vector<std::shared_ptr<const Relation>> inside;
  rep_->now().ForEachRelation([&](const std::shared_ptr<const Relation>& relation) {
    if (relation->schema_name() == schema.name) inside.push_back(relation);
  });
  rep_->now().ForEachFunction([&](const std::shared_ptr<const Relation>& function) {
    if (function->schema_name() == schema.name) inside.push_back(function);
  });
  if (!inside.empty() && !cascade) {
    return base::WithHint(MakeError(absl::StatusCode::kFailedPrecondition, sqlstate::kDependentObjects,
                                    absl::StrCat("cannot drop schema ", schema.name,
                                                 " because other objects depend on it: ", inside[0]->schema->qualified_name(),
                                                 inside.size() == 1 ? "" : absl::StrCat(" and ", inside.size() - 1, " more"))),
                          "Use DROP ... CASCADE to drop the dependent objects too.");
  }
  for (const std::shared_ptr<const Relation>& relation : inside) {
    // As it is now: its foreign keys may have gone with others of them, and a sequence with its table.
    const std::shared_ptr<const Relation> now = rep_->now().RelationOf(relation->id);
    if (now == nullptr) continue;
    if (now->kind == RelationKind::kSequence) {
      TURDB_RETURN_IF_ERROR(rep_->DropOneSequence(now, true, 0));
    } else {
      TURDB_RETURN_IF_ERROR(rep_->DropRelation(now, true));
    }
  }
  TURDB_RETURN_IF_ERROR(rep_->state.objects->Delete(rep_->transaction, ObjectKind::kSchema, schema.id, schema.name));
  TURDB_RETURN_IF_ERROR(rep_->state.objects->Delete(rep_->transaction, ObjectKind::kName, 0, schema.name));
  rep_->Push({.kind = ChangeKind::kRemoveSchema, .schema = schema, .id = 0, .relation = nullptr, .made_files = {}});
  return true;
}

// ---- tables

// Names what has none, and collects the names that relations of the schema share.
Status SchemaChanges::Rep::NameConstraints(const Schema& schema, TableSchema& definition, std::vector<std::string>* names) {
  if (!definition.primary_key.empty()) {
    if (definition.primary_key_name.empty()) {
      definition.primary_key_name = FreeName(schema, absl::StrCat(definition.name, "_pkey"), *names);
    }
    names->push_back(definition.primary_key_name);
  }
  for (IndexSchema& index : definition.indexes) {
    if (index.name.empty()) {
      index.name = FreeName(schema, AutomaticName(definition, index.parts, index.is_constraint ? "_key" : "_idx"), *names);
    } else if (NameIsTaken(schema, index.name) || std::find(names->begin(), names->end(), index.name) != names->end()) {
      return AlreadyExists(sqlstate::kDuplicateTable, "relation", index.name);
    }
    TURDB_RETURN_IF_ERROR(CheckName(index.name, "constraint"));
    names->push_back(index.name);
  }
  // Checks and foreign keys share names inside their table only.
  std::vector<std::string> inside;
  for (const table::CheckConstraint& check : definition.checks) inside.push_back(check.name);
  for (const table::ForeignKey& key : definition.foreign_keys) inside.push_back(key.name);
  std::erase(inside, "");
  for (size_t i = 0; i < inside.size(); ++i) {
    TURDB_RETURN_IF_ERROR(CheckName(inside[i], "constraint"));
    if (std::find(inside.begin() + static_cast<ptrdiff_t>(i) + 1, inside.end(), inside[i]) == inside.end()) continue;
    return MakeError(absl::StatusCode::kAlreadyExists, sqlstate::kDuplicateObject,
                     absl::StrCat("constraint \"", inside[i], "\" for relation \"", definition.name, "\" already exists"));
  }
  const auto name_inside = [&](std::string name) {
    std::string candidate = name;
    for (int i = 1; std::find(inside.begin(), inside.end(), candidate) != inside.end(); ++i) candidate = absl::StrCat(name, i);
    inside.push_back(candidate);
    return candidate;
  };
  for (table::CheckConstraint& check : definition.checks) {
    if (check.name.empty()) check.name = name_inside(absl::StrCat(definition.name, "_check"));
  }
  for (table::ForeignKey& key : definition.foreign_keys) {
    if (!key.name.empty()) continue;
    std::string name = definition.name;
    for (const int32_t column : key.columns) {
      absl::StrAppend(&name, "_", definition.columns[static_cast<size_t>(column)].name);
    }
    key.name = name_inside(absl::StrCat(name, "_fkey"));
  }
  return absl::OkStatus();
}

StatusOr<bool> SchemaChanges::CreateTable(NewTable table) {
  TableSchema& definition = table.definition;
  TURDB_RETURN_IF_ERROR(CheckName(definition.name, "table"));
  for (const table::Column& column : definition.columns) TURDB_RETURN_IF_ERROR(CheckName(column.name, "column"));
  TURDB_ASSIGN_OR_RETURN(const Schema schema, rep_->SchemaToChange(definition.schema_name));
  definition.schema_name = schema.name;
  if (rep_->NameIsTaken(schema, definition.name)) {
    if (table.if_not_exists) return false;
    return AlreadyExists(sqlstate::kDuplicateTable, "relation", definition.name);
  }
  TURDB_RETURN_IF_ERROR(table::FinishNewTable(definition));
  std::vector<std::string> names = {definition.name};
  TURDB_RETURN_IF_ERROR(rep_->NameConstraints(schema, definition, &names));
  Change change{.kind = ChangeKind::kPutRelation, .schema = {}, .id = 0, .relation = nullptr, .made_files = {}};
  TURDB_ASSIGN_OR_RETURN(definition.id, rep_->store.NewObjectId());
  definition.path = table::TablePath(schema.name, definition.name);
  change.made_files.push_back(definition.id);
  for (IndexSchema& index : definition.indexes) {
    TURDB_ASSIGN_OR_RETURN(index.id, rep_->store.NewObjectId());
    index.path = table::IndexPath(schema.name, definition.name, index.name, index.method);
    FinishParts(definition, index);
    change.made_files.push_back(index.id);
  }
  for (table::ForeignKey& key : definition.foreign_keys) {
    if (key.referenced_table == base::kNoFile) key.referenced_table = definition.id;
  }
  for (const std::string& name : names) TURDB_RETURN_IF_ERROR(rep_->TakeName(schema, name));
  TURDB_RETURN_IF_ERROR(rep_->TouchReferenced(nullptr, definition));
  TURDB_RETURN_IF_ERROR(rep_->store.CreateFiles(rep_->transaction, definition));
  const std::shared_ptr<Relation> relation =
      rep_->NewRelation(RelationKind::kTable, std::move(definition), std::move(table.view_sql));
  relation->view_search_path = std::move(table.view_search_path);
  relation->unpopulated = table.unpopulated;
  TURDB_RETURN_IF_ERROR(rep_->state.objects->Insert(rep_->transaction, rep_->RowOf(*relation, schema)).status());
  change.relation = relation;
  rep_->Push(std::move(change));
  for (NewTable::ColumnSequence& own : table.sequences) {
    const std::shared_ptr<const Relation> made = rep_->changes.back().relation;
    TURDB_RETURN_IF_ERROR(AddColumnSequence(*made, own.column, std::move(own.name), std::move(own.sequence)));
  }
  return true;
}

Status SchemaChanges::Rep::DropRelation(const std::shared_ptr<const Relation>& relation, bool cascade,
                                        std::span<const ObjectId> also) {
  TURDB_ASSIGN_OR_RETURN(const Schema schema, SchemaToChange(relation->schema_name()));
  const TableSchema& definition = *relation->schema;
  if (relation->kind == RelationKind::kTable) {
    TURDB_RETURN_IF_ERROR(Lock(*relation, txn::TableLockMode::kExclusive));
    const auto refers = [&](const table::ForeignKey& key) { return key.referenced_table == relation->id; };
    for (const std::shared_ptr<const Relation>& other : ReferencedBy(relation->id)) {
      if (!cascade && std::find(also.begin(), also.end(), other->id) == also.end()) {
        const auto& keys = other->schema->foreign_keys;
        const std::string what = absl::StrCat("table ", definition.name);
        return DependsOn(what, std::find_if(keys.begin(), keys.end(), refers)->name, other->name(), what);
      }
      TURDB_RETURN_IF_ERROR(DropForeignKeys(*other, refers));
    }
  }
  TURDB_RETURN_IF_ERROR(state.objects->Delete(transaction, ObjectKind::kRelation, relation->id, ""));
  TURDB_RETURN_IF_ERROR(state.objects->DeleteIfThere(transaction, ObjectKind::kStatistics, relation->id, ""));
  TURDB_RETURN_IF_ERROR(GiveNameBack(schema, NameRowOf(*relation)));
  if (relation->kind == RelationKind::kSequence) TURDB_RETURN_IF_ERROR(store.DropFile(transaction, relation->sequence.file));
  if (relation->kind == RelationKind::kTable) {
    if (!definition.primary_key.empty()) TURDB_RETURN_IF_ERROR(GiveNameBack(schema, definition.primary_key_name));
    TURDB_RETURN_IF_ERROR(store.DropFile(transaction, relation->id));
    for (const IndexSchema& index : definition.indexes) {
      TURDB_RETURN_IF_ERROR(GiveNameBack(schema, index.name));
      TURDB_RETURN_IF_ERROR(store.DropFile(transaction, index.id));
    }
  }
  Push({.kind = ChangeKind::kRemoveRelation, .schema = {}, .id = relation->id, .relation = nullptr, .made_files = {}});
  if (relation->kind == RelationKind::kTable) return DropOwnedSequences(definition, nullptr, cascade);
  return absl::OkStatus();
}

StatusOr<bool> SchemaChanges::DropTable(std::string_view schema, std::string_view name, bool if_exists, bool cascade,
                                        std::span<const ObjectId> also) {
  const std::string path[] = {std::string(kDefaultSchema)};
  auto found = rep_->now().GetRelation(schema, name, path);
  if (!found.ok()) {
    if (if_exists) return false;
    return found.status();
  }
  if ((*found)->kind != RelationKind::kTable || (*found)->is_materialized_view()) {
    const Status status =
        MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"42809"}, absl::StrCat("\"", name, "\" is not a table"));
    const RelationKind kind = (*found)->kind;
    return kind == RelationKind::kTable  ? base::WithHint(status, "Use DROP MATERIALIZED VIEW to remove a materialized view.")
           : kind == RelationKind::kView ? base::WithHint(status, "Use DROP VIEW to remove a view.")
           : kind == RelationKind::kSequence ? base::WithHint(status, "Use DROP SEQUENCE to remove a sequence.")
                                             : status;
  }
  TURDB_RETURN_IF_ERROR(rep_->DropRelation(*found, cascade, also));
  return true;
}

Status SchemaChanges::ReplaceTable(const Relation& relation, TableSchema changed, bool cascade) {
  TURDB_CHECK_EQ(relation.id, changed.id);
  TURDB_RETURN_IF_ERROR(rep_->Lock(relation, txn::TableLockMode::kExclusive));
  TURDB_RETURN_IF_ERROR(rep_->TouchReferenced(relation.schema.get(), changed));
  const std::shared_ptr<const TableSchema> before = relation.schema;
  TURDB_RETURN_IF_ERROR(rep_->Replace(relation, changed));
  return rep_->DropOwnedSequences(*before, &changed, cascade);
}

// ---- indexes

StatusOr<bool> SchemaChanges::CreateIndex(const Relation& relation, IndexSchema index, bool if_not_exists,
                                          table::IndexEvaluator* evaluator) {
  TURDB_ASSIGN_OR_RETURN(const Schema schema, rep_->SchemaToChange(relation.schema_name()));
  TableSchema changed = *relation.schema;
  if (index.parts.empty() || index.parts.size() > static_cast<size_t>(base::kMaxIndexColumns)) {
    return MakeError(absl::StatusCode::kInvalidArgument, sqlstate::kTooManyColumns,
                     absl::StrCat("an index has 1 to ", base::kMaxIndexColumns, " columns, not ", index.parts.size()));
  }
  if (index.name.empty()) {
    index.name = rep_->FreeName(schema, AutomaticName(changed, index.parts, index.is_constraint ? "_key" : "_idx"), {});
  } else if (rep_->NameIsTaken(schema, index.name)) {
    if (if_not_exists) return false;
    return AlreadyExists(sqlstate::kDuplicateTable, "relation", index.name);
  }
  TURDB_RETURN_IF_ERROR(CheckName(index.name, "index"));
  TURDB_RETURN_IF_ERROR(rep_->Lock(relation, txn::TableLockMode::kShare));
  // An index holds the rows as they are now; this transaction would look for them as they were.
  TURDB_RETURN_IF_ERROR(base::WithFrame(rep_->store.transactions().RequireSeesAll(rep_->transaction, relation.id),
                                        absl::StrCat("building an index of ", changed.qualified_name())));
  TURDB_ASSIGN_OR_RETURN(index.id, rep_->store.NewObjectId());
  index.path = table::IndexPath(schema.name, changed.name, index.name, index.method);
  FinishParts(changed, index);
  TURDB_RETURN_IF_ERROR(rep_->TakeName(schema, index.name));
  const int32_t position = static_cast<int32_t>(changed.indexes.size());
  const base::FileId file = index.id;
  changed.indexes.push_back(std::move(index));
  TURDB_RETURN_IF_ERROR(rep_->Replace(relation, std::move(changed)));
  rep_->changes.back().made_files.push_back(file);
  TURDB_ASSIGN_OR_RETURN(const table::Table* const table, rep_->changes.back().relation->Open());
  TURDB_RETURN_IF_ERROR(rep_->store.BuildIndex(rep_->transaction, *table, position, evaluator));
  return true;
}

StatusOr<bool> SchemaChanges::DropIndex(std::string_view schema_name, std::string_view name, bool if_exists, bool cascade) {
  const std::string path[] = {std::string(kDefaultSchema)};
  auto found = rep_->now().GetIndex(schema_name, name, path);
  if (!found.ok()) {
    if (if_exists) return false;
    return found.status();
  }
  const Relation& relation = *found->relation;
  const TableSchema& changed = *relation.schema;
  if (found->index < 0 || changed.indexes[static_cast<size_t>(found->index)].is_constraint) {
    return MakeError(absl::StatusCode::kFailedPrecondition, sqlstate::kDependentObjects,
                     absl::StrCat("cannot drop index ", NameOf(*found), " because constraint ", NameOf(*found), " of table ",
                                  changed.name, " requires it"));
  }
  TURDB_RETURN_IF_ERROR(rep_->DropIndexOf(relation, static_cast<size_t>(found->index), cascade));
  return true;
}

Status SchemaChanges::DropIndexOf(const Relation& relation, std::string_view name, bool cascade) {
  const std::vector<IndexSchema>& indexes = relation.schema->indexes;
  const auto found = std::find_if(indexes.begin(), indexes.end(), [&](const IndexSchema& index) { return index.name == name; });
  TURDB_CHECK(found != indexes.end());
  return rep_->DropIndexOf(relation, static_cast<size_t>(found - indexes.begin()), cascade);
}

Status SchemaChanges::Rep::DropIndexOf(const Relation& before, size_t position, bool cascade) {
  TableSchema without = *before.schema;
  without.indexes.erase(without.indexes.begin() + static_cast<ptrdiff_t>(position));
  TURDB_RETURN_IF_ERROR(DropReferencesWithoutKey(without, before.schema->indexes[position], cascade));
  const std::shared_ptr<const Relation> current = now().RelationOf(before.id);  // its own foreign keys may have gone
  const Relation& relation = *current;
  TURDB_ASSIGN_OR_RETURN(const Schema schema, SchemaToChange(relation.schema_name()));
  TURDB_RETURN_IF_ERROR(Lock(relation, txn::TableLockMode::kExclusive));
  TableSchema changed = *relation.schema;
  const IndexSchema index = changed.indexes[position];
  changed.indexes.erase(changed.indexes.begin() + static_cast<ptrdiff_t>(position));
  TURDB_RETURN_IF_ERROR(GiveNameBack(schema, index.name));
  TURDB_RETURN_IF_ERROR(store.DropFile(transaction, index.id));
  return Replace(relation, std::move(changed));
}

// ---- views

StatusOr<bool> SchemaChanges::CreateView(TableSchema columns, std::string sql, std::vector<std::string> search_path,
                                         bool or_replace, bool if_not_exists) {
  TURDB_RETURN_IF_ERROR(CheckName(columns.name, "view"));
  TURDB_ASSIGN_OR_RETURN(const Schema schema, rep_->SchemaToChange(columns.schema_name));
  columns.schema_name = schema.name;
  const auto existing = rep_->now().FindRelation(schema.name, columns.name, {});
  const bool exists = rep_->NameIsTaken(schema, columns.name);
  if (exists && if_not_exists) return false;
  if (exists && !(or_replace && existing != nullptr && existing->kind == RelationKind::kView)) {
    return AlreadyExists(sqlstate::kDuplicateTable, "relation", columns.name);
  }
  if (exists) {
    columns.id = existing->id;
    columns.triggers = existing->schema->triggers;
  } else {
    TURDB_ASSIGN_OR_RETURN(columns.id, rep_->store.NewObjectId());
    TURDB_RETURN_IF_ERROR(rep_->TakeName(schema, columns.name));
  }
  const std::shared_ptr<Relation> view = rep_->NewRelation(RelationKind::kView, std::move(columns), std::move(sql));
  view->view_search_path = std::move(search_path);
  const ObjectRow row = rep_->RowOf(*view, schema);
  if (exists) {
    TURDB_RETURN_IF_ERROR(rep_->state.objects->Update(rep_->transaction, row));
  } else {
    TURDB_RETURN_IF_ERROR(rep_->state.objects->Insert(rep_->transaction, row).status());
  }
  rep_->Push({.kind = ChangeKind::kPutRelation, .schema = {}, .id = 0, .relation = view, .made_files = {}});
  return true;
}

StatusOr<bool> SchemaChanges::DropView(std::string_view schema, std::string_view name, bool if_exists) {
  const std::string path[] = {std::string(kDefaultSchema)};
  auto found = rep_->now().GetRelation(schema, name, path);
  if (!found.ok()) {
    if (if_exists) return false;
    return found.status();
  }
  if ((*found)->kind != RelationKind::kView) {
    const Status status =
        MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"42809"}, absl::StrCat("\"", name, "\" is not a view"));
    if ((*found)->is_materialized_view()) {
      return base::WithHint(status, "Use DROP MATERIALIZED VIEW to remove a materialized view.");
    }
    return (*found)->kind == RelationKind::kTable ? base::WithHint(status, "Use DROP TABLE to remove a table.") : status;
  }
  TURDB_RETURN_IF_ERROR(rep_->DropRelation(*found, true));
  return true;
}

// ---- the end of it

size_t SchemaChanges::Mark() const { return rep_->changes.size(); }

void SchemaChanges::RollbackTo(size_t mark) {
  std::vector<Change>& changes = rep_->changes;
  if (mark >= changes.size()) return;
  const std::lock_guard lock(rep_->state.mutex);
  for (size_t i = mark; i < changes.size(); ++i) {
    for (const base::FileId file : changes[i].made_files) rep_->store.Forget(file);
    if (changes[i].is_relation()) rep_->state.changing.erase(changes[i].relation_id());
  }
  changes.resize(mark);
  rep_->stack.resize(mark);
  for (const Change& change : changes) {
    if (change.is_relation()) rep_->state.changing[change.relation_id()] = change.version();
  }
}

void SchemaChanges::BeforeCommit() {
  Catalog::Rep& state = rep_->state;
  std::shared_ptr<Snapshot::Rep> next;
  {
    const std::lock_guard lock(state.mutex);
    next = std::make_shared<Snapshot::Rep>(*state.history.back().snapshot->rep_);
  }
  next->epoch = state.next_epoch++;
  for (const Change& change : rep_->changes) Rep::Apply(change, next.get());
  rep_->prepared.clear();
  rep_->prepared.push_back({0, std::shared_ptr<const Snapshot>(new Snapshot(std::move(next)))});
}

void SchemaChanges::CommitsAt(base::Timestamp commit_ts) {
  Catalog::Rep& state = rep_->state;
  const std::lock_guard lock(state.mutex);
  rep_->prepared.front().since = commit_ts;
  state.history.splice(state.history.end(), rep_->prepared);
  state.current_epoch.store(state.history.back().snapshot->epoch(), std::memory_order_release);
  for (const Change& change : rep_->changes) {
    if (change.is_relation()) state.changing.erase(change.relation_id());
  }
  rep_->published = true;
}

void SchemaChanges::Committed() {
  if (!rep_->published) return Rollback();  // nothing was written: what the changes made is what was there
  const bool schemas_changed =
      std::any_of(rep_->changes.begin(), rep_->changes.end(), [](const Change& change) { return !change.is_relation(); });
  rep_->changes.clear();
  if (!schemas_changed) return;
  // A count for readers of the file; nothing depends on it, and the next change of schemas repairs it.
  uint64_t count = 0;
  rep_->catalog.Current()->ForEachSchema(
      [&](const Schema& schema) { count += static_cast<uint64_t>(!schema.is_system && !schema.is_temporary); });
  rep_->store.WriteSchemaFacts(count, rep_->state.default_schema).IgnoreError();
}

void SchemaChanges::Rollback() {
  rep_->prepared.clear();
  if (rep_->published) return;  // what failed came after the commit, or only opening the database again will tell
  RollbackTo(0);
}

}  // namespace turdb::catalog
