// A storage, a transaction manager and trees over them, wired as the engine wires them.
#ifndef TURDB_TESTS_BTREE_DATABASE_H_
#define TURDB_TESTS_BTREE_DATABASE_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <string>

#include "base/memory_budget.h"
#include "btree/cursor.h"
#include "btree/tree.h"
#include "os/environment.h"
#include "os/fault_file_system.h"
#include "storage/file_header.h"
#include "storage/storage.h"
#include "txn/commit_log.h"
#include "txn/transaction_manager.h"

namespace turdb::btree {

using Rows = std::map<std::string, std::string>;

inline std::string Int64Key(int64_t value) {
  std::string key(8, '\0');
  EncodeInt64Key(value, reinterpret_cast<std::byte*>(key.data()));
  return key;
}

// Other runs of the random tests: TURDB_TEST_SEED=17 btree_test.
inline uint64_t Seed(uint64_t number) {
  const char* text = std::getenv("TURDB_TEST_SEED");
  return number + (text == nullptr ? 0 : 1000 * std::strtoull(text, nullptr, 10));
}

inline constexpr FileId kTestFile = 10;

inline os::Environment WithFiles(std::shared_ptr<os::FileSystem> files) {
  os::Environment environment = os::Environment::InMemory();
  environment.files = std::move(files);
  return environment;
}

class Database {
 public:
  static storage::Options SmallOptions() {
    storage::Options options;
    options.page_cache_bytes = 4 << 20;
    options.log_buffer_bytes = 256 << 10;
    options.wal_limit_bytes = 1 << 20;
    options.synchronous = storage::Synchronous::kOff;
    return options;
  }

  explicit Database(os::Environment environment, storage::Options options = SmallOptions())
      : environment_(std::move(environment)), options_(options) {}

  // Opens, undoes what was unfinished, opens the tree when it is there.
  Status Open() {
    storage::RedoTable redo;
    Tree::RegisterRedo(&redo);
    TURDB_ASSIGN_OR_RETURN(storage, storage::Storage::Open(environment_, "db", options_, budget, redo));
    log_ = txn::NewStorageCommitLog(*storage);
    manager = std::make_unique<txn::TransactionManager>(environment_, *log_, budget, storage->recovery().next_txn_id);
    txn::ConnectStorage(*storage, *manager);
    manager->SetUndoResolver([this](FileId file) -> StatusOr<txn::UndoTarget*> {
      if (tree == nullptr || tree->file() != file) {
        TURDB_ASSIGN_OR_RETURN(tree, Tree::Open(*storage, *manager, file));
      }
      return tree.get();
    });
    manager->SetQuietPageCallback([this](base::PageId page) {
      if (tree != nullptr && tree->file() == page.file) {
        EXPECT_TRUE(tree->PurgeQuietPage(page.page).ok() || purges_may_fail);
      }
    });
    TURDB_RETURN_IF_ERROR(manager->UndoUnfinished(storage->recovery().unfinished));
    if (storage->FileExists(kTestFile)) {
      TURDB_ASSIGN_OR_RETURN(tree, Tree::Open(*storage, *manager, kTestFile));
      TURDB_RETURN_IF_ERROR(tree->FreePendingOverflow());
    }
    return absl::OkStatus();
  }

  Status CreateTree(KeyKind kind) {
    txn::TransactionPtr transaction = manager->Begin();
    TURDB_RETURN_IF_ERROR(manager->BeginStatement(*transaction).status());
    TURDB_RETURN_IF_ERROR(transaction->PrepareWrite());
    storage::TableHeader header{};
    std::memcpy(header.magic, storage::kTableMagic.data(), storage::kTableMagic.size());
    header.table_id = kTestFile;
    const Bytes bytes(reinterpret_cast<const std::byte*>(&header), sizeof(header));
    TURDB_RETURN_IF_ERROR(Tree::Create(*storage, transaction->log, kTestFile, "root/t.tbd", bytes, kind));
    TURDB_RETURN_IF_ERROR(manager->Commit(*transaction));
    TURDB_ASSIGN_OR_RETURN(tree, Tree::Open(*storage, *manager, kTestFile));
    return absl::OkStatus();
  }

  Status Close() {
    TURDB_RETURN_IF_ERROR(manager->Drain());
    TURDB_RETURN_IF_ERROR(storage->Close());
    Drop();
    return absl::OkStatus();
  }
  void Drop() {
    tree.reset();
    manager.reset();
    log_.reset();
    storage.reset();
  }
  ~Database() { Drop(); }

  txn::TransactionPtr Begin() {
    txn::TransactionPtr transaction = manager->Begin();
    EXPECT_TRUE(manager->BeginStatement(*transaction).ok());
    return transaction;
  }

  StatusOr<Rows> Scan(const txn::View& view, size_t batch = 100, std::string_view lower = "", std::string_view upper = "") {
    Rows rows;
    Cursor cursor(*tree, base::AsBytes(lower), base::AsBytes(upper));
    std::string last;
    for (;;) {
      TURDB_ASSIGN_OR_RETURN(const bool more, cursor.Next(view, batch, [&](const Entries& entries) {
        EXPECT_NE(entries.count, 0u);
        for (size_t i = 0; i < entries.count; ++i) {
          std::byte buffer[base::kMaxKeyBytes];
          const std::string key(base::AsText(entries.key(i, buffer)));
          EXPECT_TRUE(rows.empty() || last < key);
          last = key;
          rows[key] = base::AsText(entries.value(i));
        }
      }));
      if (!more) return rows;
    }
  }
  StatusOr<Rows> ScanBackward(const txn::View& view, size_t batch = 100, std::string_view lower = "",
                              std::string_view upper = "") {
    Rows rows;
    Cursor cursor(*tree, base::AsBytes(lower), base::AsBytes(upper));
    std::string last;
    for (;;) {
      TURDB_ASSIGN_OR_RETURN(const bool more, cursor.Previous(view, batch, [&](const Entries& entries) {
        for (size_t i = 0; i < entries.count; ++i) {
          std::byte buffer[base::kMaxKeyBytes];
          const std::string key(base::AsText(entries.key(i, buffer)));
          EXPECT_TRUE(rows.empty() || last > key);
          last = key;
          rows[key] = base::AsText(entries.value(i));
        }
      }));
      if (!more) return rows;
    }
  }
  Rows Committed() {
    const txn::Snapshot snapshot = manager->AcquireSnapshot();
    StatusOr<Rows> rows = Scan(txn::View{snapshot.read_ts()});
    EXPECT_TRUE(rows.ok()) << base::Describe(rows.status());
    return rows.ok() ? *rows : Rows();
  }
  CheckReport Check() {
    CheckReport report;
    const Status status = tree->Check(&report);
    EXPECT_TRUE(status.ok()) << base::Describe(status);
    for (const std::string& problem : report.problems) ADD_FAILURE() << problem;
    return report;
  }

  // What the engine's VACUUM does with one file.
  StatusOr<PageNo> Vacuum() {
    for (;;) {
      TURDB_ASSIGN_OR_RETURN(const size_t visited, manager->CollectGarbage(1000));
      if (visited == 0) break;
    }
    TURDB_ASSIGN_OR_RETURN(const PageNo pages, tree->Shrink());
    TURDB_RETURN_IF_ERROR(storage->Checkpoint());
    TURDB_RETURN_IF_ERROR(storage->CutFile(kTestFile, pages));
    return pages;
  }

  Status Insert(txn::Transaction& transaction, std::string_view key, std::string_view value) {
    TURDB_ASSIGN_OR_RETURN(const Tree::InsertResult result,
                           tree->Insert(transaction, base::AsBytes(key), base::AsBytes(value)));
    EXPECT_EQ(result, Tree::InsertResult::kInserted);
    return absl::OkStatus();
  }
  StatusOr<bool> Update(txn::Transaction& transaction, std::string_view key, std::string_view value) {
    return tree->Update(transaction, base::AsBytes(key), [&](Bytes, std::string* out) -> StatusOr<bool> {
      out->append(value);
      return true;
    });
  }
  StatusOr<bool> Delete(txn::Transaction& transaction, std::string_view key) {
    return tree->Delete(transaction, base::AsBytes(key), [](Bytes) {});
  }

  base::MemoryBudget budget{512 << 20};
  std::unique_ptr<storage::Storage> storage;
  std::unique_ptr<txn::TransactionManager> manager;
  std::unique_ptr<Tree> tree;
  bool purges_may_fail = false;

 private:
  os::Environment environment_;
  storage::Options options_;
  std::unique_ptr<txn::CommitLog> log_;
};

}  // namespace turdb::btree

#endif  // TURDB_TESTS_BTREE_DATABASE_H_
