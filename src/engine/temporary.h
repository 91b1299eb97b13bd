// The temporary tables, views and sequences of a connection: a private database that is opened when the first is made and goes
// with the connection.
//
// It has a log, a catalog and transactions of its own, so that temporary tables are rolled back, spilled and indexed by the
// same code as all others, and a database that is open read-only can have them. Nothing of it survives: syncs do nothing, and
// what a killed process left is removed at the next opening. While the connection is in a transaction, this is in one, too;
// the connection's commits first, then this: what can go wrong between the two (a full disk) loses temporary rows only.
//
// Its ids begin at table::kFirstTemporaryId, so an id says which database a table is in (exec::ExecutionContext::ViewOf).
#ifndef TURDB_ENGINE_TEMPORARY_H_
#define TURDB_ENGINE_TEMPORARY_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "catalog/catalog.h"
#include "engine/database.h"
#include "txn/transaction.h"
#include "txn/transaction_manager.h"

namespace turdb::engine {

// For the thread that is inside the connection.
class TemporaryObjects {
 public:
  // `poll`: whether what takes long is to stop.
  static base::StatusOr<std::unique_ptr<TemporaryObjects>> Open(Database& of, std::string_view schema_name,
                                                                std::function<bool()> poll);
  TemporaryObjects(const TemporaryObjects&) = delete;
  TemporaryObjects& operator=(const TemporaryObjects&) = delete;
  ~TemporaryObjects();
  // Of the directories that they are kept in.
  static bool IsName(std::string_view name);

  Database& database() { return *database_; }
  txn::TransactionManager& transactions() { return database_->transactions(); }
  // Null outside a transaction.
  txn::Transaction* transaction() { return transaction_.get(); }

  void Begin();
  // Safe to call again after std::bad_alloc.
  base::Status End(bool commit);

  // Made when first asked for. REQUIRES: in a transaction.
  catalog::SchemaChanges& Changes();
  bool has_changes() const { return changes_ != nullptr && !changes_->empty(); }
  size_t MarkChanges() const { return changes_ == nullptr ? 0 : changes_->Mark(); }
  void RollbackChangesTo(size_t mark) {
    if (changes_ != nullptr) changes_->RollbackTo(mark);
  }

  // The catalog as the transaction sees it, or the newest.
  std::shared_ptr<const catalog::Snapshot> Visible() const;
  uint64_t epoch() const { return Visible()->epoch(); }
  // `snapshot`, of the connection's database, with what is visible here.
  std::shared_ptr<const catalog::Snapshot> MergeInto(const std::shared_ptr<const catalog::Snapshot>& snapshot);

  // Tables that a commit empties or drops.
  struct CommitActions {
    std::vector<std::shared_ptr<const catalog::Relation>> emptied;
    std::vector<std::shared_ptr<const catalog::Relation>> dropped;
    bool empty() const { return emptied.empty() && dropped.empty(); }
  };
  CommitActions ActionsOfCommit() const;

 private:
  TemporaryObjects(Database& of, std::shared_ptr<Database> database, std::function<bool()> poll)
      : of_(of), database_(std::move(database)), poll_(std::move(poll)) {}

  Database& of_;
  std::shared_ptr<Database> database_;
  std::function<bool()> poll_;
  txn::TransactionPtr transaction_;
  bool ended_ = false;    // the transaction; what its schema changes are to become comes next
  base::Status outcome_;  // then: how
  std::unique_ptr<catalog::SchemaChanges> changes_;
  // The last result of MergeInto and what it was made of.
  std::shared_ptr<const catalog::Snapshot> merged_of_, merged_with_, merged_;
};

}  // namespace turdb::engine

#endif  // TURDB_ENGINE_TEMPORARY_H_
