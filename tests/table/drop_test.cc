// Files of tables and indexes are dropped while others purge their pages, as the engine lets them.
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "table/database.h"
#include "table/table.h"

namespace turdb::table {
namespace {

using vec::Type;
using vec::Value;

TableSchema Named(std::string name) {
  TableSchema schema;
  schema.name = std::move(name);
  schema.columns = {MakeColumn("id", Type::Int32()), MakeColumn("note", Type::Text())};
  schema.primary_key = {OnColumn(0)};
  schema.primary_key_name = "pkey";
  schema.indexes = {MakeIndex("by_note", {OnColumn(1)})};
  return schema;
}

// Most rows of a table go, and then the table: whoever collects meanwhile finds its pages quiet and purges them.
TEST(DropTest, FilesGoBesideThoseWhoPurgeTheirPages) {
  Database database;
  database.manager->SetQuietPageCallback([&](base::PageId page) {
    const storage::FilePin pin = database.storage->PinFile(page.file);
    if (!pin) return;
    if (const auto tree = database.store->TreeOf(page.file); tree.ok()) (void)(*tree)->PurgeQuietPage(page.page);
  });
  constexpr int kThreads = 3, kRounds = 15, kRows = 600;
  std::mutex making;  // of ids, by Database
  std::atomic<int> busy{kThreads};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < kRounds; ++round) {
        std::shared_ptr<Table> table;
        {
          const std::lock_guard lock(making);
          table = database.Create(Named(absl::StrCat("t", i)));
        }
        WriteScratch scratch(*table);
        const txn::TransactionPtr insert = database.Begin();
        std::vector<std::string> keys;
        for (int32_t id = 0; id < kRows; ++id) {
          const Row row = {Value::Int32(id), Value::Text(std::string(60, 'x') + std::to_string(id))};
          const auto inserted =
              table->InsertRow(*insert, Cells(row).cells(), OnDuplicate::kRaise, nullptr, scratch, nullptr, nullptr);
          ASSERT_TRUE(inserted.ok() && *inserted) << base::Describe(inserted.status());
        }
        Database::Expect(database.manager->Commit(*insert));
        const txn::TransactionPtr remove = database.Begin();
        for (int32_t id = 3; id < kRows; ++id) {
          KeyBuffer key;
          ASSERT_TRUE(table->EncodeRowKey(Cells({Value::Int32(id)}).cells(), &key));
          const auto removed = table->DeleteRow(*remove, key.bytes(), nullptr, scratch);
          ASSERT_TRUE(removed.ok()) << base::Describe(removed.status());
        }
        Database::Expect(database.manager->Commit(*remove));
        const txn::TransactionPtr drop = database.Begin();
        for (const IndexSchema& index : table->schema().indexes) Database::Expect(database.store->DropFile(*drop, index.id));
        Database::Expect(database.store->DropFile(*drop, table->schema().id));
        Database::Expect(database.manager->Commit(*drop));
      }
      --busy;
    });
  }
  while (busy > 0) EXPECT_TRUE(database.manager->CollectGarbage(64).ok());
  for (std::thread& thread : threads) thread.join();
  Database::Expect(database.manager->Drain());
  EXPECT_TRUE(database.storage->Files().empty());
  EXPECT_TRUE(database.environment_.files->List("db/root")->empty());
  Database::Expect(database.storage->health());
}

}  // namespace
}  // namespace turdb::table
