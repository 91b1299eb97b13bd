// What txn needs of the rooms below it, as one interface: storage::Storage behind NewStorageCommitLog,
// a fake in tests that decides itself what is visible, what fails and which pages are resident.
#ifndef TURDB_TXN_COMMIT_LOG_H_
#define TURDB_TXN_COMMIT_LOG_H_

#include <atomic>
#include <memory>
#include <vector>

#include "absl/functional/function_ref.h"
#include "base/ids.h"
#include "base/status.h"
#include "storage/log_record.h"

namespace turdb::storage {
class Storage;
}

namespace turdb::txn {

// Thread-safe. The members mean what the members of storage::Storage with these names mean.
class CommitLog {
 public:
  virtual ~CommitLog() = default;

  virtual base::Lsn visible_lsn() const = 0;
  virtual base::Status health() const = 0;
  virtual base::Status PrepareChange(const storage::TxnLog& log) = 0;
  virtual base::Lsn LogCommit(storage::TxnLog& log, absl::FunctionRef<void(base::Lsn)> on_reserved) = 0;
  virtual base::Status WaitCommitted(base::Lsn lsn) = 0;
  virtual base::Status FinishFileChanges(storage::TxnLog& log) = 0;
  virtual void LogAbortEnd(storage::TxnLog& log) = 0;
  virtual base::StatusOr<storage::LogRecordView> ReadRecord(base::Lsn lsn, std::vector<std::byte>& buffer) = 0;
  virtual base::Status UndoFileRecord(storage::TxnLog& log, const storage::LogRecordView& record) = 0;

  // Calls `change` with the place where the page's frame keeps its version table, under the page's
  // exclusive latch, if the page is resident and nobody holds its latch. False: it was not called.
  virtual bool TryChangeVersions(base::PageId page, absl::FunctionRef<void(std::atomic<void*>&)> change) = 0;
  // The same, waiting and reading the page in when it must.
  virtual base::Status ChangeVersions(base::PageId page, absl::FunctionRef<void(std::atomic<void*>&)> change) = 0;
};

class TransactionManager;

std::unique_ptr<CommitLog> NewStorageCommitLog(storage::Storage& storage);
// Tells storage what it asks txn for: version tables of pages that are read in, the oldest live writer, the
// next transaction id. Before any page is fixed; the manager lives as long as the storage is used.
void ConnectStorage(storage::Storage& storage, TransactionManager& transactions);

}  // namespace turdb::txn

#endif  // TURDB_TXN_COMMIT_LOG_H_
