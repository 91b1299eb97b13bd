// A storage, a transaction manager and one vector index, wired as the engine would wire them.
#ifndef TURDB_TESTS_HNSW_DATABASE_H_
#define TURDB_TESTS_HNSW_DATABASE_H_

#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "base/memory_budget.h"
#include "hnsw/index.h"
#include "os/environment.h"
#include "os/fault_file_system.h"
#include "storage/storage.h"
#include "txn/commit_log.h"
#include "txn/transaction_manager.h"

namespace turdb::hnsw {

inline constexpr base::FileId kTestFile = 10;
inline constexpr base::FileId kTestTable = 9;

inline os::Environment WithFiles(std::shared_ptr<os::FileSystem> files) {
  os::Environment environment = os::Environment::InMemory();
  environment.files = std::move(files);
  return environment;
}

// A row key that is an int64, as the index takes it.
class Key {
 public:
  explicit Key(int64_t number) { btree::EncodeInt64Key(number, bytes_); }
  base::Bytes bytes() const { return base::Bytes(bytes_); }

 private:
  std::byte bytes_[8];
};

class Database {
 public:
  static storage::Options SmallOptions() {
    storage::Options options;
    options.page_cache_bytes = 64 << 20;
    options.log_buffer_bytes = 256 << 10;
    options.wal_limit_bytes = 4 << 20;
    options.synchronous = storage::Synchronous::kOff;
    return options;
  }
  explicit Database(os::Environment environment = os::Environment::InMemory(), storage::Options options = SmallOptions())
      : environment_(std::move(environment)), options_(options) {}
  ~Database() { Drop(); }

  Status Open() {
    storage::RedoTable redo;
    btree::Tree::RegisterRedo(&redo);
    Index::RegisterRedo(&redo);
    TURDB_ASSIGN_OR_RETURN(storage, storage::Storage::Open(environment_, "db", options_, budget, redo));
    log_ = txn::NewStorageCommitLog(*storage);
    manager = std::make_unique<txn::TransactionManager>(environment_, *log_, budget, storage->recovery().next_txn_id);
    txn::ConnectStorage(*storage, *manager);
    manager->SetUndoResolver([this](base::FileId file) -> StatusOr<txn::UndoTarget*> {
      if (index == nullptr) {
        TURDB_ASSIGN_OR_RETURN(index, Index::Open(*storage, *manager, file));
      }
      return index.get();
    });
    manager->SetQuietPageCallback([this](base::PageId page) {
      if (index != nullptr && index->file() == page.file) index->PurgeQuietPage(page.page).IgnoreError();
    });
    TURDB_RETURN_IF_ERROR(manager->UndoUnfinished(storage->recovery().unfinished));
    if (index == nullptr && storage->FileExists(kTestFile)) {
      TURDB_ASSIGN_OR_RETURN(index, Index::Open(*storage, *manager, kTestFile));
    }
    return absl::OkStatus();
  }
  Status CreateIndex(const IndexOptions& options) {
    txn::TransactionPtr transaction = Begin();
    TURDB_RETURN_IF_ERROR(transaction->PrepareWrite());
    TURDB_RETURN_IF_ERROR(Index::Create(*storage, transaction->log, kTestFile, kTestTable, "root/t.v.hnsw", options));
    TURDB_RETURN_IF_ERROR(manager->Commit(*transaction));
    TURDB_ASSIGN_OR_RETURN(index, Index::Open(*storage, *manager, kTestFile));
    return absl::OkStatus();
  }
  Status Close() {
    TURDB_RETURN_IF_ERROR(manager->Drain());
    TURDB_RETURN_IF_ERROR(storage->Close());
    Drop();
    return absl::OkStatus();
  }
  void Drop() {
    manager.reset();  // what it deferred refers to the index
    index.reset();
    log_.reset();
    storage.reset();
  }

  txn::TransactionPtr Begin() {
    txn::TransactionPtr transaction = manager->Begin();
    EXPECT_TRUE(manager->BeginStatement(*transaction).ok());
    return transaction;
  }
  IndexCheckReport Check() {
    IndexCheckReport report;
    const Status status = index->Check(&report);
    EXPECT_TRUE(status.ok()) << base::Describe(status);
    for (const std::string& problem : report.problems) ADD_FAILURE() << problem;
    return report;
  }

  base::MemoryBudget budget{512 << 20};
  std::unique_ptr<storage::Storage> storage;
  std::unique_ptr<txn::TransactionManager> manager;
  std::unique_ptr<Index> index;

 private:
  os::Environment environment_;
  storage::Options options_;
  std::unique_ptr<txn::CommitLog> log_;
};

}  // namespace turdb::hnsw

#endif  // TURDB_TESTS_HNSW_DATABASE_H_
