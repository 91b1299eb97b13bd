#include "engine/session.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "catalog/object_describer.h"
#include "catalog/table_sql.h"
#include "catalog/types.h"
#include "engine/connection.h"

namespace turdb::engine {

using base::MakeError;
using base::Status;
using base::StatusOr;
namespace sqlstate = base::sqlstate;

StatusOr<std::shared_ptr<const catalog::Relation>> Session::RelationNamed(std::string_view text) const {
  std::string schema, name;
  if (!catalog::ParseRelationName(text, &schema, &name)) {
    return MakeError(absl::StatusCode::kInvalidArgument, sqlstate::kInvalidName,
                     absl::StrCat("invalid name syntax: \"", text, "\""));
  }
  return connection_.VisibleCatalog()->GetRelation(schema, name, connection_.LookupPath());
}

// Labels of enumerated types, as the statement that runs sees them.
StatusOr<std::string> Session::Parse(uint32_t type, std::string_view label) const {
  return catalog::SnapshotTypes(connection_.VisibleCatalog()).Parse(type, label);
}

std::shared_ptr<const vec::StructFields> Session::FieldsOf(const vec::Type& type) const {
  return connection_.VisibleCatalog()->FieldsOf(type);
}

std::string Session::NameOf(const vec::Type& type) const { return connection_.VisibleCatalog()->NameOf(type); }

StatusOr<int64_t> Session::FindRelation(std::string_view name) {
  TURDB_ASSIGN_OR_RETURN(const auto relation, RelationNamed(name));
  return relation->id;
}

StatusOr<Session::Entry*> Session::Find(int64_t sequence) {
  const uint64_t epoch = connection_.VisibleEpoch();
  Entry& entry = sequences_[sequence];
  if (epoch == catalog_epoch_ && entry.relation != nullptr) return &entry;
  if (epoch != catalog_epoch_) {
    for (auto& [id, each] : sequences_) each.relation = nullptr;  // to be looked up again
    catalog_epoch_ = epoch;
  }
  const auto relation = connection_.VisibleCatalog()->RelationOf(static_cast<catalog::ObjectId>(sequence));
  if (relation == nullptr) {
    return MakeError(absl::StatusCode::kNotFound, sqlstate::kUndefinedTable,
                     absl::StrCat("relation with OID ", sequence, " does not exist"));
  }
  if (relation->kind != catalog::RelationKind::kSequence) {
    return MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"42809"},
                     absl::StrCat("\"", relation->name(), "\" is not a sequence"));
  }
  entry.counter = relation->Counter();
  entry.relation = relation;  // last: it says that the counter is there
  return &entry;
}

Status Session::RequireWriting(std::string_view function, int64_t sequence) const {
  if (table::IsTemporary(static_cast<catalog::ObjectId>(sequence))) return absl::OkStatus();
  const bool in_transaction = connection_.transaction_ != nullptr;
  const bool read_only = connection_.database().settings().read_only ||
                         (in_transaction ? connection_.transaction_->read_only() : connection_.default_read_only_);
  if (!read_only) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, sqlstate::kReadOnlyTransaction,
                   absl::StrCat("cannot execute ", function, "() in a read-only transaction"));
}

void Session::NoteDraw(int64_t sequence, base::Lsn logged) {
  if (!table::IsTemporary(static_cast<catalog::ObjectId>(sequence))) draws_lsn_ = std::max(draws_lsn_, logged);
}

StatusOr<int64_t> Session::NextValue(int64_t sequence) {
  TURDB_ASSIGN_OR_RETURN(Entry* const entry, Find(sequence));
  TURDB_RETURN_IF_ERROR(RequireWriting("nextval", sequence));
  base::Lsn logged = base::kNoLsn;
  TURDB_ASSIGN_OR_RETURN(const int64_t value,
                         entry->counter->Next(entry->relation->sequence, entry->relation->name(), &logged));
  NoteDraw(sequence, logged);
  entry->last = value;
  last_sequence_ = sequence;
  return value;
}

StatusOr<int64_t> Session::CurrentValue(int64_t sequence) {
  TURDB_ASSIGN_OR_RETURN(Entry* const entry, Find(sequence));
  if (entry->last.has_value()) return *entry->last;
  return MakeError(absl::StatusCode::kFailedPrecondition, base::SqlState{"55000"},
                   absl::StrCat("currval of sequence \"", entry->relation->name(), "\" is not yet defined in this session"));
}

StatusOr<int64_t> Session::LastValue() {
  if (last_sequence_ == 0 ||
      connection_.VisibleCatalog()->RelationOf(static_cast<catalog::ObjectId>(last_sequence_)) == nullptr) {
    return MakeError(absl::StatusCode::kFailedPrecondition, base::SqlState{"55000"},
                     "lastval is not yet defined in this session");
  }
  return CurrentValue(last_sequence_);
}

Status Session::SetValue(int64_t sequence, int64_t value, bool given) {
  TURDB_ASSIGN_OR_RETURN(Entry* const entry, Find(sequence));
  TURDB_RETURN_IF_ERROR(RequireWriting("setval", sequence));
  const table::SequenceSchema& schema = entry->relation->sequence;
  if (value < schema.min_value || value > schema.max_value) {
    return MakeError(absl::StatusCode::kOutOfRange, sqlstate::kNumericOutOfRange,
                     absl::StrCat("setval: value ", value, " is out of bounds for sequence \"", entry->relation->name(), "\" (",
                                  schema.min_value, "..", schema.max_value, ")"));
  }
  base::Lsn logged = base::kNoLsn;
  TURDB_RETURN_IF_ERROR(entry->counter->Set({value, given}, &logged));
  NoteDraw(sequence, logged);
  if (given) entry->last = value;
  return absl::OkStatus();
}

StatusOr<std::string> Session::SequenceOfColumn(std::string_view table, std::string_view column) {
  TURDB_ASSIGN_OR_RETURN(const auto relation, RelationNamed(table));
  const int32_t position = catalog::FindColumn(*relation->schema, column);
  if (position < 0) {
    return MakeError(absl::StatusCode::kNotFound, sqlstate::kUndefinedColumn,
                     absl::StrCat("column \"", column, "\" of relation \"", relation->name(), "\" does not exist"));
  }
  const table::Column& definition = relation->schema->columns[static_cast<size_t>(position)];
  const catalog::ObjectId id =
      !definition.owned_sequences.empty() ? definition.owned_sequences.front() : catalog::ObjectId{base::kNoFile};
  const auto sequence = connection_.VisibleCatalog()->RelationOf(id);
  if (id == base::kNoFile || sequence == nullptr) return std::string();
  return absl::StrCat(catalog::QuoteName(sequence->schema_name()), ".", catalog::QuoteName(sequence->name()));
}

StatusOr<std::optional<std::string>> Session::Ask(function::CatalogQuestion question, int64_t object, int64_t part) {
  using Question = function::CatalogQuestion;
  const std::shared_ptr<const catalog::Snapshot> snapshot = connection_.VisibleCatalog();
  const catalog::ObjectDescriber describe(*snapshot);
  switch (question) {
    case Question::kCurrentSchema:
      for (const std::string& name : connection_.search_path_) {
        if (const catalog::Schema* const schema = snapshot->FindSchema(name)) return std::optional(schema->name);
      }
      return std::optional<std::string>();
    case Question::kIsVisible:
    case Question::kName: {
      const std::optional<std::string> name = describe.Name(object, connection_.LookupPath());
      if (question == Question::kIsVisible && name.has_value() && name->find('.') != std::string::npos) {
        return std::optional<std::string>();
      }
      return name;
    }
    case Question::kIndexDefinition:
      return describe.Index(object, part);
    case Question::kConstraintDefinition:
      return describe.Constraint(object);
    case Question::kViewDefinition:
      return describe.View(object);
    case Question::kComment:
      return describe.Comment(object, part);
    case Question::kNumber:
      return absl::StrCat(snapshot->number(static_cast<catalog::DatabaseNumber>(part)));
  }
  return std::optional<std::string>();
}

Status Session::Sleep(int64_t microseconds) { return connection_.Sleep(microseconds); }

Status Session::WaitForDraws() {
  const base::Lsn lsn = draws_lsn_;
  draws_lsn_ = base::kNoLsn;
  return base::WithFrame(connection_.database().storage().WaitCommitted(lsn), "making numbers of a sequence durable");
}

}  // namespace turdb::engine
