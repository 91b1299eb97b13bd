// CREATE, ALTER and DROP of sequences, also as steps of ALTER TABLE.
#include "absl/strings/str_cat.h"
#include "engine/command.h"

namespace turdb::engine {

using base::Status;

namespace {

Status SetOwner(const sql::SequenceOwnerChange& owner, const catalog::Relation& sequence, const catalog::Snapshot& catalog,
                catalog::SchemaChanges& changes) {
  if (!owner.set) return absl::OkStatus();
  const auto table = owner.table == base::kNoFile ? nullptr : catalog.RelationOf(owner.table);
  return changes.OwnSequence(sequence, table.get(), owner.column);
}

}  // namespace

Status CommandRunner::CreateSequence(const sql::CreateSequenceCommand& command, catalog::SchemaChanges& changes) {
  TURDB_ASSIGN_OR_RETURN(const bool created, changes.CreateSequence(command.sequence));
  if (!created) return absl::OkStatus();
  const std::shared_ptr<const catalog::Snapshot> catalog = connection_.VisibleCatalog();
  const auto sequence = catalog->FindRelation(command.sequence.schema_name, command.sequence.name, {});
  return SetOwner(command.owner, *sequence, *catalog, changes);
}

Status CommandRunner::AlterSequence(const sql::AlterSequenceCommand& command, catalog::SchemaChanges& changes) {
  TURDB_RETURN_IF_ERROR(ChangeSequence(*command.relation, command.changed, command.restart, changes));
  const std::shared_ptr<const catalog::Snapshot> catalog = connection_.VisibleCatalog();
  return SetOwner(command.owner, *catalog->RelationOf(command.relation->id), *catalog, changes);
}

Status CommandRunner::ChangeSequence(const catalog::Relation& relation, const table::SequenceSchema& changed,
                                     std::optional<int64_t> restart, catalog::SchemaChanges& changes) {
  if (restart.has_value()) {
    return changes.ReplaceSequence(relation, changed, table::Sequence::Position{*restart, false});
  }
  TURDB_ASSIGN_OR_RETURN(const table::Sequence::Position now, relation.Counter()->Read(relation.sequence));
  if (now.value < changed.min_value || now.value > changed.max_value) {
    const bool less = now.value < changed.min_value;
    return base::MakeError(
        absl::StatusCode::kInvalidArgument, base::sqlstate::kInvalidParameter,
        absl::StrCat("RESTART value (", now.value, ") cannot be ", less ? "less than MINVALUE (" : "greater than MAXVALUE (",
                     less ? changed.min_value : changed.max_value, ")"));
  }
  if (!now.given && changed.start != relation.sequence.start) {
    // What comes next does not follow the start: written down, so that it does not after the next opening either.
    base::Lsn logged = base::kNoLsn;
    TURDB_RETURN_IF_ERROR(relation.Counter()->Set(now, &logged));
  }
  return changes.ReplaceSequence(relation, changed, std::nullopt);
}

}  // namespace turdb::engine
