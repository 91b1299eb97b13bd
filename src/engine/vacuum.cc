// VACUUM: what was deleted goes, and the space goes back to the file system.
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "btree/tree.h"
#include "catalog/table_sql.h"
#include "engine/backup.h"
#include "engine/connection.h"
#include "engine/database.h"
#include "engine/statement.h"
#include "table/vector_index_facts.h"

namespace turdb::engine {

using base::Status;

Status Database::CollectAllGarbage() {
  for (;;) {
    TURDB_ASSIGN_OR_RETURN(const size_t visited, transactions_->CollectGarbage(kCollectPages));
    if (visited == 0) return absl::OkStatus();
  }
}

// A node of a vector index leads on when its row has gone, and keeps its space until the index is made anew.
Status Database::NoteIfSparse(const catalog::Relation& relation, const table::IndexSchema& index,
                              std::vector<std::string>* sparse) {
  const txn::Snapshot snapshot = transactions_->AcquireSnapshot();
  const base::StatusOr<bool> is_sparse =
      table::IsVectorIndexSparse(*tables_, index.id, txn::View{snapshot.read_ts(), nullptr, 0});
  if (base::GetSqlState(is_sparse.status()) == base::sqlstate::kUndefinedFile) return absl::OkStatus();
  TURDB_RETURN_IF_ERROR(is_sparse.status());
  if (*is_sparse) {
    sparse->push_back(absl::StrCat(catalog::QuoteName(relation.schema_name()), ".", catalog::QuoteName(index.name)));
  }
  return absl::OkStatus();
}

// One whose table others are changing, or that was dropped, is left to the next VACUUM.
Status Database::Reindex(const std::string& index, int64_t lock_timeout_ns, const std::atomic<bool>& cancelled) {
  constexpr int64_t kPollMs = 100;
  TURDB_ASSIGN_OR_RETURN(const std::shared_ptr<Connection> connection, Connect());
  connection->SetProgress(kPollMs, [&cancelled] { return cancelled.load(std::memory_order_relaxed); });
  for (const std::string& sql :
       {absl::StrCat("SET busy_timeout = ", lock_timeout_ns / 1'000'000), absl::StrCat("REINDEX INDEX ", index)}) {
    const auto statement = connection->Prepare(sql, nullptr);
    const Status status = statement.ok() ? (*statement)->Step().status() : statement.status();
    const base::SqlState state = base::GetSqlState(status);
    for (const base::SqlState& later :
         {base::sqlstate::kUndefinedTable, base::sqlstate::kUndefinedObject, base::sqlstate::kLockNotAvailable,
          base::sqlstate::kDeadlock, base::sqlstate::kSerializationFailure}) {
      if (state == later) return absl::OkStatus();
    }
    TURDB_RETURN_IF_ERROR(status);
  }
  return absl::OkStatus();
}

// Every tree is shrunk on its own, while other transactions read and write it; then one checkpoint, then the files are
// cut; then sparse vector indexes are made anew. Whatever stops it in between leaves sound files, which the next VACUUM cuts
// (storage/file_trim.cc).
Status Database::Vacuum(int64_t lock_timeout_ns, const std::atomic<bool>& cancelled) {
  if (settings_.read_only) {
    return base::MakeError(absl::StatusCode::kFailedPrecondition, base::sqlstate::kReadOnlyTransaction,
                           "the database is open read-only");
  }
  if (vacuuming_.exchange(true)) {
    return base::MakeError(absl::StatusCode::kFailedPrecondition, base::SqlState{"55006"}, "another VACUUM is running");
  }
  const absl::Cleanup done = [this] { vacuuming_.store(false); };
  TURDB_RETURN_IF_ERROR(CollectAllGarbage());
  std::vector<std::string> sparse;  // vector indexes, by their names in SQL
  std::vector<std::pair<base::FileId, base::PageNo>> shrunk;
  const auto shrink = [&](base::FileId file) -> Status {
    if (cancelled.load(std::memory_order_relaxed)) return base::CanceledError("canceling statement due to user request");
    const base::StatusOr<btree::Tree*> tree = tables_->TreeOf(file);
    // Who drops it lets go of the table before the catalog that we see says so.
    if (base::GetSqlState(tree.status()) == base::sqlstate::kUndefinedFile) return absl::OkStatus();
    TURDB_RETURN_IF_ERROR(tree.status());
    TURDB_ASSIGN_OR_RETURN(const base::PageNo pages, (*tree)->Shrink());
    shrunk.emplace_back(file, pages);
    return absl::OkStatus();
  };
  std::vector<std::shared_ptr<const catalog::Relation>> relations;
  catalog_->Current()->ForEachRelation([&](const std::shared_ptr<const catalog::Relation>& relation) {
    if (relation->kind == catalog::RelationKind::kTable) relations.push_back(relation);
  });
  for (const std::shared_ptr<const catalog::Relation>& relation : relations) {
    // A writer's lock: the table and its indexes stay what they are, and none is just being built.
    const txn::TransactionPtr transaction = transactions_->Begin();
    transaction->set_lock_timeout_ns(lock_timeout_ns);
    TURDB_RETURN_IF_ERROR(transactions_->BeginStatement(*transaction).status());
    TURDB_RETURN_IF_ERROR(transactions_->LockTable(*transaction, relation->id, txn::TableLockMode::kWrite));
    const std::shared_ptr<const catalog::Relation> newest = catalog_->Current()->RelationOf(relation->id);
    if (newest == nullptr) continue;  // dropped meanwhile
    Status status = shrink(newest->id);
    for (const table::IndexSchema& index : newest->schema->indexes) {
      if (status.ok() && index.method == table::IndexMethod::kBTree) status = shrink(index.id);
      if (status.ok() && index.method == table::IndexMethod::kHnsw) {
        status = NoteIfSparse(*newest, index, &sparse);
      }
    }
    if (!status.ok()) return base::WithFrame(std::move(status), absl::StrCat("vacuuming ", newest->schema->qualified_name()));
  }
  TURDB_RETURN_IF_ERROR(base::WithFrame(shrink(base::kMetaFile), "vacuuming the catalog"));
  TURDB_RETURN_IF_ERROR(storage_->Checkpoint());
  for (const auto& [file, pages] : shrunk) {
    const Status status = storage_->CutFile(file, pages);
    if (!status.ok() && !absl::IsNotFound(status)) return status;  // a file dropped meanwhile is gone as a whole
  }
  if (sparse.empty()) return absl::OkStatus();
  // Last, since for a while this takes space, which the others have given back by now.
  for (const std::string& index : sparse) {
    TURDB_RETURN_IF_ERROR(base::WithFrame(Reindex(index, lock_timeout_ns, cancelled), absl::StrCat("vacuuming ", index)));
  }
  return storage_->Checkpoint();
}

Status Database::VacuumInto(const std::string& path, int64_t lock_timeout_ns, const std::atomic<bool>& cancelled) {
  constexpr int64_t kPagesAStep = 256;
  TURDB_ASSIGN_OR_RETURN(const std::unique_ptr<Backup> backup, Backup::Begin(shared_from_this(), path));
  for (bool done = false; !done;) {
    if (cancelled.load(std::memory_order_relaxed)) return base::CanceledError("canceling statement due to user request");
    TURDB_ASSIGN_OR_RETURN(done, backup->Step(kPagesAStep));
  }
  TURDB_ASSIGN_OR_RETURN(const std::shared_ptr<Database> copy, backup->OpenCopy());
  TURDB_RETURN_IF_ERROR(copy->Vacuum(lock_timeout_ns, cancelled));
  return copy->Close();
}

}  // namespace turdb::engine
