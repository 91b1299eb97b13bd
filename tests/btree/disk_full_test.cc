// A tree on a disk that becomes full at every place: changes fail with 53100, can be taken back, and nothing is poisoned; a
// database that died beside an unfinished transaction is opened on the disk that is still full.
#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "btree/database.h"
#include "tests/engine/small_disk.h"

namespace turdb::btree {
namespace {

class TreeOnFullDisk : public testing::Test {
 protected:
  // One statement that changes up to `count` rows; what it did is taken back when there is no room.
  bool Change(Database& database, txn::Transaction& transaction, int64_t first, int count, const std::string& where) {
    const StatusOr<txn::Savepoint> savepoint = database.manager->BeginStatement(transaction);
    EXPECT_TRUE(savepoint.ok());
    Status status;
    for (int i = 0; i < count && status.ok(); ++i) {
      const std::string key = Int64Key(first + i), value(static_cast<size_t>(100 + i * 37 % 900), 'x');
      status = database.tree->Insert(transaction, base::AsBytes(key), base::AsBytes(value)).status();
    }
    if (status.ok()) return true;
    ++refused_;
    EXPECT_EQ(base::GetSqlState(status), base::sqlstate::kDiskFull) << where << ": " << base::Describe(status);
    const Status undone = database.manager->RollbackTo(transaction, *savepoint);
    EXPECT_TRUE(undone.ok() || !database.storage->health().ok()) << where << ": " << base::Describe(undone);
    return false;
  }

  uint64_t Run(uint64_t capacity) {
    const std::string where = absl::StrCat("a disk of ", capacity, " bytes");
    const auto fault = std::make_shared<os::FaultFileSystem>();
    const auto disk = std::make_shared<engine::SmallDisk>(fault);
    Database database(WithFiles(disk));
    EXPECT_TRUE(database.Open().ok());
    EXPECT_TRUE(database.CreateTree(KeyKind::kInt64).ok());
    Rows rows;
    begun_bytes_ = disk->used_bytes();
    disk->set_capacity(capacity);
    ++runs_;
    {
      txn::TransactionPtr idle = database.Begin();
      for (int i = 0; i < 3; ++i) Change(database, *idle, 1'000'000 + 100 * i, 60, where);
      for (int i = 0; i < 30 && !HasFailure(); ++i) {
        txn::TransactionPtr writer = database.Begin();
        const bool done = Change(database, *writer, 100 * i, 50, where);
        const Status committed = database.manager->Commit(*writer);
        if (!database.storage->health().ok()) {  // what nobody asked room for met the full disk
          ++poisoned_runs_;
          EXPECT_EQ(base::GetSqlState(database.storage->health()), base::sqlstate::kDiskFull) << where;
          Rows maybe = rows;
          for (int row = 0; row < 50; ++row) {
            maybe[Int64Key(100 * i + row)] = std::string(static_cast<size_t>(100 + row * 37 % 900), 'x');
          }
          Database recovered(
              WithFiles(std::make_shared<engine::SmallDisk>(std::shared_ptr<os::FaultFileSystem>(fault->CrashedCopy(1)))));
          EXPECT_TRUE(recovered.Open().ok()) << where;
          const Rows there = *recovered.Scan(txn::View{recovered.manager->visible_ts()});
          EXPECT_TRUE(there == rows || there == maybe) << where;
          return 0;
        }
        EXPECT_TRUE(committed.ok()) << where << ": " << base::Describe(committed);
        if (done) {
          for (int row = 0; row < 50; ++row) {
            rows[Int64Key(100 * i + row)] = std::string(static_cast<size_t>(100 + row * 37 % 900), 'x');
          }
        }
      }
      EXPECT_TRUE(database.storage->health().ok()) << where << ": " << base::Describe(database.storage->health());
      EXPECT_TRUE(database.storage->FlushLog().ok()) << where;

      const auto again = std::make_shared<engine::SmallDisk>(std::shared_ptr<os::FaultFileSystem>(fault->CrashedCopy(1)));
      again->set_capacity(std::max(capacity, again->used_bytes()));
      Database recovered(WithFiles(again));
      const Status opened = recovered.Open();
      EXPECT_TRUE(opened.ok()) << where << ", opened again: " << base::Describe(opened);
      if (opened.ok()) {
        EXPECT_TRUE(*recovered.Scan(txn::View{recovered.manager->visible_ts()}) == rows) << where;
      }
      if (HasFailure()) return 0;
      disk->set_capacity(UINT64_MAX);
      EXPECT_TRUE(database.manager->Rollback(*idle).ok()) << where;
    }
    const uint64_t used = disk->used_bytes();
    EXPECT_TRUE(*database.Scan(txn::View{database.manager->visible_ts()}) == rows) << where;
    EXPECT_TRUE(database.Close().ok()) << where;
    return used;
  }

  uint64_t begun_bytes_ = 0;
  int refused_ = 0;
  int runs_ = 0, poisoned_runs_ = 0;
};

TEST_F(TreeOnFullDisk, AtEveryPlace) {
  const uint64_t most = Run(UINT64_MAX / 2);
  ASSERT_EQ(refused_, 0);
  for (uint64_t capacity = begun_bytes_; capacity < most && !HasFailure(); capacity += 16384) Run(capacity);
  EXPECT_GT(refused_, 100);
  EXPECT_LT(poisoned_runs_, runs_ / 4);
}

}  // namespace
}  // namespace turdb::btree
