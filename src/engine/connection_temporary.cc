// What a connection does in step for its own database and for that of its temporary objects: statements, their undoing, locks.
#include <algorithm>
#include <new>

#include "absl/strings/str_cat.h"
#include "catalog/table_sql.h"
#include "engine/connection.h"
#include "engine/statement.h"

namespace turdb::engine {

using base::Status;

void Connection::BeginTransaction(txn::Isolation isolation, bool read_only) {
  transaction_ = database_->transactions().Begin(isolation, read_only || database_->settings().read_only);
  counters_->Add(SessionCounters::kTransactionsBegun);
  transaction_->set_lock_timeout_ns(busy_timeout_ms_ * 1'000'000);
  if (progress_) [[unlikely]]
    SetPollOf(*transaction_);
  if (temporary_ != nullptr) temporary_->Begin();
}

Status Connection::BeginStatement(StatementMark* mark) {
  TURDB_ASSIGN_OR_RETURN(mark->savepoint, database_->transactions().BeginStatement(*transaction_));
  mark->number = transaction_->statement();
  mark->schema_mark = schema_changes_ == nullptr ? 0 : schema_changes_->Mark();
  mark->temporary = false;
  if (temporary_ == nullptr) return absl::OkStatus();
  txn::Transaction& temporary = *temporary_->transaction();
  TURDB_ASSIGN_OR_RETURN(mark->temporary_savepoint, temporary_->transactions().BeginStatement(temporary));
  mark->temporary = true;
  mark->temporary_number = temporary.statement();
  mark->temporary_schema_mark = temporary_->MarkChanges();
  return absl::OkStatus();
}

Status Connection::RollBackStatement(const StatementMark& mark) {
  Status status;
  try {
    status = database_->transactions().RollbackTo(*transaction_, mark.savepoint);
    if (schema_changes_ != nullptr) schema_changes_->RollbackTo(mark.schema_mark);
    deferred_checks_.RollbackTo(mark.number - 1);
    if (mark.temporary) {
      const Status undone = temporary_->transactions().RollbackTo(*temporary_->transaction(), mark.temporary_savepoint);
      if (status.ok()) status = undone;
      temporary_->RollbackChangesTo(mark.temporary_schema_mark);
    }
  } catch (const std::bad_alloc&) {
    DoomTransaction();
    return absl::OkStatus();  // what made the statement fail says more
  }
  return base::WithFrame(std::move(status), "rolling back the failed statement");
}

void Connection::EndStatement(const StatementMark& mark) {
  database_->transactions().EndStatement(*transaction_, mark.number);
  if (mark.temporary && temporary_->transaction() != nullptr) {
    temporary_->transactions().EndStatement(*temporary_->transaction(), mark.temporary_number);
  }
}

void Connection::DoomTransaction() {
  database_->transactions().Doom(*transaction_);
  if (temporary_ != nullptr && temporary_->transaction() != nullptr) {
    temporary_->transactions().Doom(*temporary_->transaction());
  }
}

// Savepoints that are there already came before anything temporary.
Status Connection::OpenTemporary() {
  if (temporary_ != nullptr) return absl::OkStatus();
  const catalog::Schema* const schema = VisibleCatalog()->temporary_schema();
  if (schema == nullptr) {
    return base::MakeError(absl::StatusCode::kFailedPrecondition, base::sqlstate::kObjectInUse,
                           "temporary objects need a schema \"temp\" or \"pg_temp\", and both are schemas of this database");
  }
  TURDB_ASSIGN_OR_RETURN(std::unique_ptr<TemporaryObjects> opened, TemporaryObjects::Open(*database_, schema->name, [this] {
                           return cancelled_.load(std::memory_order_relaxed) || (progress_ && Progress());
                         }));
  if (transaction_ != nullptr) {
    opened->Begin();
    for (Savepoint& savepoint : savepoints_) {
      savepoint.temporary_mark = opened->transactions().MakeSavepoint(*opened->transaction());
      savepoint.temporary_schema_mark = 0;
    }
  }
  temporary_ = std::move(opened);
  return absl::OkStatus();
}

Status Connection::LockTable(catalog::ObjectId id, txn::TableLockMode mode) {
  return DatabaseOf(id).transactions().LockTable(TransactionOf(id), id, mode);
}

// As PostgreSQL does: before everything else, unless the path has a place for them.
std::vector<std::string> Connection::LookupPath() const {
  std::vector<std::string> path;
  path.reserve(search_path_.size() + 1);
  const std::shared_ptr<const catalog::Snapshot> snapshot = VisibleCatalog();
  const auto is_temporary = [&](const std::string& name) {
    const catalog::Schema* const schema = snapshot->FindSchema(name);
    return schema != nullptr && schema->is_temporary;
  };
  if (snapshot->has_temporary() && std::none_of(search_path_.begin(), search_path_.end(), is_temporary)) {
    path.push_back(snapshot->temporary_schema()->name);
  }
  path.insert(path.end(), search_path_.begin(), search_path_.end());
  return path;
}

// A row that stays and refers to one that goes makes the commit fail.
Status Connection::RunCommitActions() {
  const TemporaryObjects::CommitActions actions = temporary_->ActionsOfCommit();
  const int64_t changes = changes_, total_changes = total_changes_, last_insert_id = last_insert_id_;
  Status status;
  const auto run = [&](std::string_view before, const catalog::Relation& relation, std::string_view after) {
    if (!status.ok()) return;
    const std::string name = absl::StrCat(catalog::QuoteName(relation.schema_name()), ".", catalog::QuoteName(relation.name()));
    without_triggers_ = true;
    const auto statement = Prepare(absl::StrCat(before, name, after), nullptr);
    without_triggers_ = false;
    status = statement.status();
    if (status.ok()) status = (*statement)->Step().status();
  };
  for (const auto& relation : actions.emptied) run("DELETE FROM ", *relation, "");
  for (const auto& relation : actions.dropped) run("DROP TABLE ", *relation, " CASCADE");
  changes_ = changes;
  total_changes_ = total_changes;
  last_insert_id_ = last_insert_id;
  return base::WithFrame(base::MovePosition(std::move(status), 0), "emptying temporary tables at the commit");
}

}  // namespace turdb::engine
