#include "storage/storage.h"
#include "txn/commit_log.h"
#include "txn/transaction_manager.h"

namespace turdb::txn {
namespace {

class StorageCommitLog : public CommitLog {
 public:
  explicit StorageCommitLog(storage::Storage& storage) : storage_(storage) {}

  base::Lsn visible_lsn() const override { return storage_.visible_lsn(); }
  base::Status health() const override { return storage_.health(); }
  base::Status PrepareChange(const storage::TxnLog& log) override { return storage_.PrepareChange(log); }
  base::Lsn LogCommit(storage::TxnLog& log, absl::FunctionRef<void(base::Lsn)> on_reserved) override {
    return storage_.LogCommit(log, on_reserved);
  }
  base::Status WaitCommitted(base::Lsn lsn) override { return storage_.WaitCommitted(lsn); }
  base::Status FinishFileChanges(storage::TxnLog& log) override { return storage_.FinishFileChanges(log); }
  void LogAbortEnd(storage::TxnLog& log) override { storage_.LogAbortEnd(log); }
  base::StatusOr<storage::LogRecordView> ReadRecord(base::Lsn lsn, std::vector<std::byte>& buffer) override {
    return storage_.ReadRecord(lsn, buffer);
  }
  base::Status UndoFileRecord(storage::TxnLog& log, const storage::LogRecordView& record) override {
    return storage_.UndoFileRecord(log, record);
  }
  bool TryChangeVersions(base::PageId page, absl::FunctionRef<void(std::atomic<void*>&)> change) override {
    std::optional<storage::ExclusiveGuard> guard = storage_.pool().TryFixExclusiveIfResident(page);
    if (!guard.has_value()) return false;
    change(guard->frame()->versions);
    return true;
  }
  base::Status ChangeVersions(base::PageId page, absl::FunctionRef<void(std::atomic<void*>&)> change) override {
    const storage::FrameReservation reservation = storage_.pool().ReserveFrames(1);
    TURDB_ASSIGN_OR_RETURN(storage::ExclusiveGuard guard, storage_.pool().FixExclusive(page));
    change(guard.frame()->versions);
    return absl::OkStatus();
  }

 private:
  storage::Storage& storage_;
};

}  // namespace

std::unique_ptr<CommitLog> NewStorageCommitLog(storage::Storage& storage) {
  return std::make_unique<StorageCommitLog>(storage);
}

void ConnectStorage(storage::Storage& storage, TransactionManager& transactions) {
  storage::BufferPool::Hooks hooks;
  hooks.context = &transactions.versions();
  hooks.on_load = [](void* context, base::PageId page) { return static_cast<VersionDirectory*>(context)->OnLoad(page); };
  hooks.on_evict = [](void* context, base::PageId page, void* versions) {
    static_cast<VersionDirectory*>(context)->OnEvict(page, versions);
  };
  storage.pool().SetVersionHooks(hooks);
  storage.SetOldestLiveWriter([&transactions] { return transactions.OldestLiveWriter(); });
  storage.SetNextTransactionId([&transactions] { return transactions.next_transaction_id(); });
}

}  // namespace turdb::txn
