// Shrinking: pages move down, the file is cut, and nothing is lost on the way.
#include <algorithm>
#include <random>

#include "btree/database.h"

namespace turdb::btree {
namespace {

using base::AsBytes;
using base::Describe;

class ShrinkTest : public testing::TestWithParam<KeyKind> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(database_.Open().ok());
    ASSERT_TRUE(database_.CreateTree(GetParam()).ok());
  }
  std::string Key(int64_t number) const {
    if (GetParam() == KeyKind::kInt64) return Int64Key(number * 100);  // sparse: slotted leaves
    std::string digits = std::to_string(number);
    return "key" + std::string(8 - digits.size(), '0') + digits + std::string(60, 'k');
  }
  void InsertRows(int64_t first, int64_t last, size_t value_bytes) {
    txn::TransactionPtr transaction = database_.Begin();
    for (int64_t i = first; i < last; ++i) {
      const std::string value(value_bytes, static_cast<char>('a' + i % 26));
      ASSERT_TRUE(database_.Insert(*transaction, Key(i), value).ok());
      rows_[Key(i)] = value;
    }
    ASSERT_TRUE(database_.manager->Commit(*transaction).ok());
  }
  template <typename Which>
  void DeleteRows(int64_t first, int64_t last, Which which) {
    txn::TransactionPtr transaction = database_.Begin();
    for (int64_t i = first; i < last; ++i) {
      if (!which(i)) continue;
      const StatusOr<bool> deleted = database_.Delete(*transaction, Key(i));
      ASSERT_TRUE(deleted.ok() && *deleted);
      rows_.erase(Key(i));
    }
    ASSERT_TRUE(database_.manager->Commit(*transaction).ok());
  }
  uint64_t FileBytes() { return *(*disk_->Open("db/root/t.tbd", os::OpenMode::kReadOnly))->Size(); }

  std::shared_ptr<os::FaultFileSystem> disk_ = std::make_shared<os::FaultFileSystem>();
  Database database_{WithFiles(disk_)};
  Rows rows_;
};

TEST_P(ShrinkTest, AnEmptiedTreeLeavesTwoPages) {
  InsertRows(0, 3000, 100);
  DeleteRows(0, 3000, [](int64_t) { return true; });
  const StatusOr<PageNo> pages = database_.Vacuum();
  ASSERT_TRUE(pages.ok()) << Describe(pages.status());
  EXPECT_EQ(*pages, 2u);
  EXPECT_EQ(FileBytes(), 2 * kPageSize);
  EXPECT_EQ(database_.Check().free_pages, 0u);
}

// Rows go from the front, where the lowest pages are: what is left moves down into them.
TEST_P(ShrinkTest, PagesMoveIntoTheHolesBeforeThem) {
  InsertRows(0, 4000, 200);
  const uint64_t before = FileBytes();
  DeleteRows(0, 3000, [](int64_t) { return true; });
  const StatusOr<PageNo> pages = database_.Vacuum();
  ASSERT_TRUE(pages.ok()) << Describe(pages.status());
  const CheckReport report = database_.Check();
  EXPECT_EQ(report.free_pages, 0u);
  EXPECT_EQ(report.ghosts, 0u);
  EXPECT_EQ(*pages, 1 + report.leaf_pages + report.interior_pages);
  EXPECT_EQ(FileBytes(), *pages * kPageSize);
  EXPECT_LT(FileBytes(), before / 2);
  EXPECT_EQ(database_.Committed(), rows_);
}

// Ghosts of a former opening have no versions that would fall quiet: only VACUUM passes by every leaf.
TEST_P(ShrinkTest, GhostsOfAFormerOpeningGo) {
  InsertRows(0, 2000, 100);
  {
    const txn::Snapshot old = database_.manager->AcquireSnapshot();  // keeps the ghosts until the end
    DeleteRows(0, 2000, [](int64_t i) { return i % 10 != 0; });
    ASSERT_TRUE(database_.storage->Checkpoint().ok());
    disk_->Crash(1);
  }
  database_.Drop();
  ASSERT_TRUE(database_.Open().ok());
  EXPECT_GT(database_.Check().ghosts, 0u);
  ASSERT_TRUE(database_.Vacuum().ok());
  EXPECT_EQ(database_.Check().ghosts, 0u);
  EXPECT_EQ(database_.Committed(), rows_);
}

TEST_P(ShrinkTest, GrowsAgainAfterwards) {
  std::mt19937_64 random(Seed(7));
  int64_t next = 0;
  for (int round = 0; round < 6; ++round) {
    InsertRows(next, next + 1500, 50 + random() % 300);
    DeleteRows(next, next + 1500, [&](int64_t) { return random() % 4 != 0; });
    next += 1500;
    const StatusOr<PageNo> pages = database_.Vacuum();
    ASSERT_TRUE(pages.ok()) << Describe(pages.status());
    EXPECT_EQ(database_.Check().free_pages, 0u);
    EXPECT_EQ(FileBytes(), *pages * kPageSize);
    ASSERT_EQ(database_.Committed(), rows_);
  }
  ASSERT_TRUE(database_.Close().ok());
  ASSERT_TRUE(database_.Open().ok());
  EXPECT_EQ(database_.Committed(), rows_);
  database_.Check();
}

// A reader with an old snapshot keeps what it sees while pages move under it.
TEST_P(ShrinkTest, SnapshotsAndCursorsSurvive) {
  InsertRows(0, 3000, 150);
  const Rows before = rows_;
  const txn::Snapshot snapshot = database_.manager->AcquireSnapshot();
  Cursor cursor(*database_.tree, {}, {});
  size_t seen = 0;
  const auto read = [&](size_t entries) {
    return cursor.Next(txn::View{snapshot.read_ts()}, entries, [&](const Entries& found) { seen += found.count; });
  };
  ASSERT_TRUE(*read(2000));
  DeleteRows(0, 1500, [](int64_t) { return true; });
  ASSERT_TRUE(database_.Vacuum().ok());
  while (*read(100)) {
  }
  EXPECT_EQ(seen, before.size());
  EXPECT_EQ(*database_.Scan(txn::View{snapshot.read_ts()}), before);
  EXPECT_EQ(database_.Committed(), rows_);
  database_.Check();
}

INSTANTIATE_TEST_SUITE_P(Kinds, ShrinkTest, testing::Values(KeyKind::kBytes, KeyKind::kInt64), [](const auto& info) {
  return info.param == KeyKind::kBytes ? std::string("bytes") : std::string("int64");
});

}  // namespace
}  // namespace turdb::btree
