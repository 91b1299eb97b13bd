// A database in memory without SQL: storage, transactions and the table store, wired as the engine wires them.
#ifndef TURDB_TESTS_TABLE_DATABASE_H_
#define TURDB_TESTS_TABLE_DATABASE_H_

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/memory_budget.h"
#include "btree/tree.h"
#include "os/environment.h"
#include "storage/storage.h"
#include "table/scan.h"
#include "table/table_store.h"
#include "txn/commit_log.h"
#include "txn/transaction_manager.h"
#include "vec/chunk.h"

namespace turdb::table {

// A row as values, by column.
using Row = std::vector<vec::Value>;

class Database {
 public:
  explicit Database(os::Environment environment = os::Environment::InMemory()) : environment_(std::move(environment)) {
    Open();
  }
  ~Database() { Drop(); }

  void Open() {
    storage::RedoTable redo;
    btree::Tree::RegisterRedo(&redo);
    storage::Options options;
    options.page_cache_bytes = 8 << 20;
    options.synchronous = storage::Synchronous::kOff;
    auto opened = storage::Storage::Open(environment_, "db", options, budget, redo);
    EXPECT_TRUE(opened.ok()) << base::Describe(opened.status());
    storage = *std::move(opened);
    log_ = txn::NewStorageCommitLog(*storage);
    manager = std::make_unique<txn::TransactionManager>(environment_, *log_, budget, storage->recovery().next_txn_id);
    txn::ConnectStorage(*storage, *manager);
    store = std::make_unique<TableStore>(*storage, *manager, budget);
    manager->SetUndoResolver([this](base::FileId file) -> base::StatusOr<txn::UndoTarget*> {
      TURDB_ASSIGN_OR_RETURN(btree::Tree* const tree, store->TreeOf(file));
      return tree;
    });
    Expect(manager->UndoUnfinished(storage->recovery().unfinished));
  }
  void Drop() {
    store.reset();
    manager.reset();
    log_.reset();
    storage.reset();
  }
  void Reopen() {
    Expect(manager->Drain());
    Expect(storage->Close());
    Drop();
    Open();
  }

  static void Expect(const base::Status& status) { EXPECT_TRUE(status.ok()) << base::Describe(status); }

  txn::TransactionPtr Begin() {
    txn::TransactionPtr transaction = manager->Begin();
    Expect(manager->BeginStatement(*transaction).status());
    return transaction;
  }

  // Makes files for a schema (ids are given out from 20) and opens the table.
  std::shared_ptr<Table> Create(TableSchema schema) {
    Expect(FinishNewTable(schema));
    schema.id = next_id++;
    schema.schema_name = "root";
    schema.path = TablePath("root", schema.name);
    for (IndexSchema& index : schema.indexes) Number(schema, index);
    const txn::TransactionPtr transaction = Begin();
    Expect(store->CreateFiles(*transaction, schema));
    Expect(manager->Commit(*transaction));
    return OpenTable(std::move(schema));
  }
  void Number(const TableSchema& schema, IndexSchema& index) {
    index.id = next_id++;
    index.path = IndexPath("root", schema.name, index.name);
    for (IndexPart& part : index.parts) {
      if (part.column >= 0) part.type = schema.columns[static_cast<size_t>(part.column)].type;
    }
  }
  std::shared_ptr<Table> OpenTable(TableSchema schema) {
    auto table = store->Open(std::make_shared<const TableSchema>(std::move(schema)));
    EXPECT_TRUE(table.ok()) << base::Describe(table.status());
    return *std::move(table);
  }

  os::Environment environment_;
  base::MemoryBudget budget{512 << 20};
  std::unique_ptr<storage::Storage> storage;
  std::unique_ptr<txn::TransactionManager> manager;
  std::unique_ptr<TableStore> store;
  base::FileId next_id = 20;

 private:
  std::unique_ptr<txn::CommitLog> log_;
};

// Cells that point into values.
class Cells {
 public:
  explicit Cells(const Row& row) : views_(row.size()) {
    for (size_t i = 0; i < row.size(); ++i) {
      if (row[i].is_null()) {
        cells_.push_back(nullptr);
      } else if (row[i].type().physical() == vec::PhysicalType::kString) {
        views_[i] = vec::StringView(std::string_view(row[i].bytes()));
        cells_.push_back(&views_[i]);
      } else {
        cells_.push_back(row[i].fixed_data());
      }
    }
  }
  std::span<const Cell> cells() const { return cells_; }

 private:
  std::vector<vec::StringView> views_;
  std::vector<Cell> cells_;
};

inline Column MakeColumn(std::string name, vec::Type type, bool not_null = false) {
  Column column;
  column.name = std::move(name);
  column.type = type;
  column.not_null = not_null;
  return column;
}

inline IndexPart OnColumn(int32_t column, bool descending = false) {
  IndexPart part;
  part.column = column;
  part.descending = part.nulls_first = descending;
  return part;
}

inline IndexSchema MakeIndex(std::string name, std::vector<IndexPart> parts, bool unique = false) {
  IndexSchema index;
  index.name = std::move(name);
  index.parts = std::move(parts);
  index.unique = unique;
  return index;
}

inline std::string KeyText(base::Bytes key) { return std::string(base::AsText(key)); }

}  // namespace turdb::table

#endif  // TURDB_TESTS_TABLE_DATABASE_H_
