// Sequences as objects of the catalog. What they give out is no part of it: table/sequence.h.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "catalog/schema_changes_rep.h"

namespace turdb::catalog {

using base::MakeError;
using base::Status;
using base::StatusOr;
using table::SequenceSchema;
using table::TableSchema;
namespace sqlstate = base::sqlstate;

namespace {

// What SELECT reads of a sequence.
TableSchema SequenceColumns(ObjectId id, const Schema& schema, std::string name) {
  TableSchema columns;
  columns.id = id;
  columns.schema_name = schema.name;
  columns.name = std::move(name);
  const std::pair<std::string_view, vec::TypeId> kColumns[] = {
      {"last_value", vec::TypeId::kInt64}, {"log_cnt", vec::TypeId::kInt64}, {"is_called", vec::TypeId::kBoolean}};
  for (const auto& [column_name, type] : kColumns) {
    table::Column column;
    column.name = std::string(column_name);
    column.type = type;
    column.not_null = true;
    columns.columns.push_back(std::move(column));
  }
  return columns;
}

}  // namespace

Status SchemaChanges::Rep::MakeSequence(const Schema& schema, std::string name, SequenceSchema sequence,
                                        std::shared_ptr<const Relation>* made) {
  TURDB_RETURN_IF_ERROR(CheckName(name, "sequence"));
  TURDB_ASSIGN_OR_RETURN(const ObjectId id, store.NewObjectId());
  sequence.file = id;
  sequence.path = table::TablePath(schema.name, name);
  TURDB_RETURN_IF_ERROR(TakeName(schema, name));
  TURDB_RETURN_IF_ERROR(store.CreateSequenceFile(transaction, sequence, std::nullopt));
  const std::shared_ptr<Relation> relation =
      NewRelation(RelationKind::kSequence, SequenceColumns(id, schema, std::move(name)), "");
  relation->sequence = std::move(sequence);
  TURDB_RETURN_IF_ERROR(state.objects->Insert(transaction, RowOf(*relation, schema)).status());
  Push({.kind = ChangeKind::kPutRelation, .schema = {}, .id = 0, .relation = relation, .made_files = {id}});
  *made = relation;
  return absl::OkStatus();
}

StatusOr<bool> SchemaChanges::CreateSequence(NewSequence sequence) {
  TURDB_ASSIGN_OR_RETURN(const Schema schema, rep_->SchemaToChange(sequence.schema_name));
  if (rep_->NameIsTaken(schema, sequence.name)) {
    if (sequence.if_not_exists) return false;
    return AlreadyExists(sqlstate::kDuplicateTable, "relation", sequence.name);
  }
  std::shared_ptr<const Relation> made;
  TURDB_RETURN_IF_ERROR(rep_->MakeSequence(schema, std::move(sequence.name), std::move(sequence.sequence), &made));
  return true;
}

Status SchemaChanges::AddColumnSequence(const Relation& relation, int32_t column, std::string name, SequenceSchema sequence) {
  TURDB_ASSIGN_OR_RETURN(const Schema schema, rep_->SchemaToChange(relation.schema_name()));
  TURDB_RETURN_IF_ERROR(rep_->Lock(relation, txn::TableLockMode::kExclusive));
  TableSchema changed = *relation.schema;
  table::Column& target = changed.columns[static_cast<size_t>(column)];
  if (name.empty()) {
    // As PostgreSQL does: names are cut so that the ending stays.
    const size_t room = static_cast<size_t>(base::kMaxNameBytes) - std::string_view("__seq9999").size();
    const std::string column_name = target.name.substr(0, room / 2);
    name = rep_->FreeName(
        schema, absl::StrCat(changed.name.substr(0, room - std::min(room, column_name.size())), "_", column_name, "_seq"), {});
  } else if (rep_->NameIsTaken(schema, name)) {
    return AlreadyExists(sqlstate::kDuplicateTable, "relation", name);
  }
  std::shared_ptr<const Relation> made;
  TURDB_RETURN_IF_ERROR(rep_->MakeSequence(schema, std::move(name), std::move(sequence), &made));
  target.sequence = made->id;
  target.owned_sequences.push_back(made->id);
  target.default_sql.clear();
  return rep_->Replace(relation, std::move(changed));
}

Status SchemaChanges::Rep::ReplaceNamed(const Relation& sequence, TableSchema changed) {
  SequenceSchema definition = sequence.sequence;
  const std::string path = table::TablePath(changed.schema_name, changed.name);
  if (definition.path != path) {
    definition.path = path;
    TURDB_RETURN_IF_ERROR(store.RenameFile(transaction, definition.file, path));
  }
  std::shared_ptr<Relation> renamed = std::make_shared<Relation>(nullptr);
  renamed->kind = RelationKind::kSequence;
  renamed->id = sequence.id;
  renamed->version = sequence.version;
  renamed->schema = sequence.schema;
  renamed->sequence = std::move(definition);
  return Replace(*renamed, std::move(changed));
}

Status SchemaChanges::ReplaceSequence(const Relation& relation, SequenceSchema changed,
                                      std::optional<table::Sequence::Position> restart) {
  TURDB_RETURN_IF_ERROR(rep_->Lock(relation, txn::TableLockMode::kExclusive));
  std::vector<base::FileId> made;
  if (restart.has_value()) {
    TURDB_RETURN_IF_ERROR(rep_->store.DropFile(rep_->transaction, changed.file));
    TURDB_ASSIGN_OR_RETURN(changed.file, rep_->store.NewObjectId());
    TURDB_RETURN_IF_ERROR(rep_->store.CreateSequenceFile(rep_->transaction, changed, restart));
    made.push_back(changed.file);
  }
  const std::shared_ptr<Relation> next = std::make_shared<Relation>(nullptr);
  next->kind = RelationKind::kSequence;
  next->id = relation.id;
  next->schema = relation.schema;
  next->sequence = std::move(changed);
  TURDB_RETURN_IF_ERROR(rep_->Replace(*next, *relation.schema));
  rep_->changes.back().made_files = std::move(made);
  return absl::OkStatus();
}

Status SchemaChanges::OwnSequence(const Relation& sequence, const Relation* table, int32_t column) {
  if (table != nullptr && table->schema_name() != sequence.schema_name()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, base::SqlState{"55000"},
                     "sequence must be in same schema as table it is linked to");
  }
  const SequenceOwner before = rep_->now().OwnerOf(sequence.id);
  if (before.relation != nullptr) {
    TURDB_RETURN_IF_ERROR(rep_->Lock(*before.relation, txn::TableLockMode::kExclusive));
    TableSchema changed = *before.relation->schema;
    std::erase(changed.columns[static_cast<size_t>(before.column)].owned_sequences, sequence.id);
    TURDB_RETURN_IF_ERROR(rep_->Replace(*before.relation, std::move(changed)));
  }
  if (table == nullptr) return absl::OkStatus();
  const std::shared_ptr<const Relation> now = rep_->now().RelationOf(table->id);
  TURDB_RETURN_IF_ERROR(rep_->Lock(*now, txn::TableLockMode::kExclusive));
  TableSchema changed = *now->schema;
  changed.columns[static_cast<size_t>(column)].owned_sequences.push_back(sequence.id);
  return rep_->Replace(*now, std::move(changed));
}

StatusOr<bool> SchemaChanges::DropSequence(std::string_view schema, std::string_view name, bool if_exists, bool cascade) {
  const std::string path[] = {std::string(kDefaultSchema)};
  auto found = rep_->now().GetRelation(schema, name, path);
  if (!found.ok()) {
    if (if_exists) return false;
    return found.status();
  }
  if ((*found)->kind != RelationKind::kSequence) {
    return MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"42809"},
                     absl::StrCat("\"", name, "\" is not a sequence"));
  }
  const SequenceOwner owner = rep_->now().OwnerOf((*found)->id);
  if (owner.relation != nullptr) {
    const table::Column& column = owner.relation->schema->columns[static_cast<size_t>(owner.column)];
    if (column.generation != table::Generation::kNone && column.sequence == (*found)->id) {
      const std::string of = absl::StrCat("column ", column.name, " of table ", owner.relation->name());
      return base::WithHint(MakeError(absl::StatusCode::kFailedPrecondition, sqlstate::kDependentObjects,
                                      absl::StrCat("cannot drop sequence ", name, " because ", of, " requires it")),
                            absl::StrCat("You can drop ", of, " instead."));
    }
  }
  TURDB_RETURN_IF_ERROR(rep_->DropOneSequence(*found, cascade, 0));
  return true;
}

// Defaults that draw from it, but for those of the table that goes with it, are in its way.
Status SchemaChanges::Rep::DropOneSequence(const std::shared_ptr<const Relation>& sequence, bool cascade, ObjectId with_table) {
  std::vector<std::shared_ptr<const Relation>> concerned;
  const auto names = [&](const table::Column& column) {
    return column.sequence == sequence->id || std::find(column.owned_sequences.begin(), column.owned_sequences.end(),
                                                        sequence->id) != column.owned_sequences.end();
  };
  now().ForEachRelation([&](const std::shared_ptr<const Relation>& relation) {
    const std::vector<table::Column>& columns = relation->schema->columns;
    if (relation->id != with_table && std::any_of(columns.begin(), columns.end(), names)) concerned.push_back(relation);
  });
  for (const std::shared_ptr<const Relation>& relation : concerned) {
    TableSchema changed = *relation->schema;
    for (table::Column& column : changed.columns) {
      if (column.sequence == sequence->id) {
        if (!cascade) {
          const std::string what = absl::StrCat("sequence ", sequence->name());
          return base::WithHint(
              base::WithFrame(
                  MakeError(absl::StatusCode::kFailedPrecondition, sqlstate::kDependentObjects,
                            absl::StrCat("cannot drop ", what, " because other objects depend on it")),
                  absl::StrCat("default value for column ", column.name, " of table ", relation->name(), " depends on ", what)),
              "Use DROP ... CASCADE to drop the dependent objects too.");
        }
        column.sequence = base::kNoFile;
        if (column.generation != table::Generation::kStored) column.generation = table::Generation::kNone;
      }
      std::erase(column.owned_sequences, sequence->id);
    }
    TURDB_RETURN_IF_ERROR(Lock(*relation, txn::TableLockMode::kExclusive));
    TURDB_RETURN_IF_ERROR(Replace(*relation, std::move(changed)));
  }
  TURDB_RETURN_IF_ERROR(Lock(*sequence, txn::TableLockMode::kExclusive));
  return DropRelation(sequence, cascade);
}

Status SchemaChanges::Rep::DropOwnedSequences(const TableSchema& before, const TableSchema* after, bool cascade) {
  const auto owns = [](const TableSchema& schema, ObjectId id) {
    return std::any_of(schema.columns.begin(), schema.columns.end(), [&](const table::Column& column) {
      return std::find(column.owned_sequences.begin(), column.owned_sequences.end(), id) != column.owned_sequences.end();
    });
  };
  for (const table::Column& column : before.columns) {
    for (const ObjectId id : column.owned_sequences) {
      const std::shared_ptr<const Relation> sequence = now().RelationOf(id);
      if (sequence == nullptr || (after != nullptr && owns(*after, id))) continue;
      const SequenceOwner other = now().OwnerOf(id);
      if (other.relation != nullptr && other.relation->id != before.id) continue;  // a table that takes this one's place
      TURDB_RETURN_IF_ERROR(DropOneSequence(sequence, cascade, before.id));
    }
  }
  return absl::OkStatus();
}

}  // namespace turdb::catalog
