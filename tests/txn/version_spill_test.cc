// When memory for versions runs short: chains go to a temporary file and come back, and nothing else changes.
#include "txn/version_spill.h"

#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "txn/toy_store.h"

namespace turdb::txn {
namespace {

using base::AsBytes;
using base::AsText;

std::string Key(uint64_t n) {
  std::string key(8, '\0');
  base::StoreBE(key.data(), n);
  return key;
}

TEST(VersionSpillTest, ExtentsAreReusedAndTheFileIsTemporary) {
  std::shared_ptr<os::FileSystem> files = os::NewMemoryFileSystem();
  {
    VersionSpill spill;
    EXPECT_FALSE(spill.enabled());
    spill.SetPath(files, "spill.tmp");
    EXPECT_FALSE(*files->Exists("spill.tmp"));
    std::mt19937 random(1);
    std::vector<std::pair<VersionSpill::Extent, std::string>> live;
    for (int i = 0; i < 2000; ++i) {
      if (live.size() < 20 || random() % 2 == 0) {
        std::string bytes(1 + random() % 20000, static_cast<char>('a' + random() % 26));
        live.emplace_back(*spill.Write(AsBytes(bytes)), bytes);
      } else {
        const size_t at = random() % live.size();
        std::vector<std::byte> bytes;
        ASSERT_TRUE(spill.Read(live[at].first, &bytes).ok());
        ASSERT_EQ(AsText(bytes), live[at].second);
        spill.Free(live[at].first);
        live.erase(live.begin() + static_cast<std::ptrdiff_t>(at));
      }
    }
    EXPECT_TRUE(*files->Exists("spill.tmp"));
    for (const auto& [extent, bytes] : live) spill.Free(extent);
    EXPECT_EQ(spill.used_bytes(), 0);
    EXPECT_EQ(spill.Write(AsBytes("start again"))->first_unit, 0u);
    spill.Free({0, 11});
  }
  EXPECT_FALSE(*files->Exists("spill.tmp"));
}

class LargeTransactionTest : public ::testing::Test {
 protected:
  static constexpr uint64_t kRows = 20000;
  static constexpr int64_t kBudget = 1 << 20;

  LargeTransactionTest() : db_(kBudget) {
    db_.store.set_split_above(200);
    TransactionPtr txn = db_.Begin();
    for (uint64_t n = 0; n < kRows; ++n) {
      EXPECT_TRUE(*db_.store.Insert(*txn, Key(n), absl::StrCat("the first value of row ", n)));
    }
    EXPECT_TRUE(db_.manager.Commit(*txn).ok());
    db_.CollectAll();
  }
  base::Status UpdateAll(Transaction& txn) {
    for (uint64_t n = 0; n < kRows; ++n) {
      TURDB_RETURN_IF_ERROR(db_.store.Update(txn, Key(n), absl::StrCat("another value of row ", n)).status());
    }
    return absl::OkStatus();
  }
  void ExpectFirstValues(const View& view) {
    const auto rows = db_.store.Scan(view);
    ASSERT_EQ(rows.size(), kRows);
    for (uint64_t n = 0; n < kRows; ++n) ASSERT_EQ(rows[n].second, absl::StrCat("the first value of row ", n));
  }
  VersionMemory& memory() { return db_.manager.versions().memory(); }

  ToyDatabase db_;
};

TEST_F(LargeTransactionTest, WithoutATemporaryFileItFailsWhenTheBudgetIsUsedUp) {
  TransactionPtr txn = db_.Begin();
  const base::Status status = UpdateAll(*txn);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  EXPECT_TRUE(db_.manager.Rollback(*txn).ok());
  ExpectFirstValues(View{db_.manager.visible_ts()});
  db_.ExpectQuiet();
}

TEST_F(LargeTransactionTest, SpillsAndStaysInsideTheBudget) {
  db_.manager.SetSpill("versions.tmp", 256 << 10);
  const Snapshot before = db_.manager.AcquireSnapshot();
  TransactionPtr txn = db_.Begin();
  ASSERT_TRUE(UpdateAll(*txn).ok());
  EXPECT_GT(memory().spill.used_bytes(), kBudget);
  EXPECT_LE(db_.budget.peak_bytes(), kBudget);
  ExpectFirstValues(View{before.read_ts()});
  EXPECT_EQ(*db_.store.Get(txn->view_with_own_changes(), Key(7)), "another value of row 7");
  ASSERT_TRUE(db_.manager.Commit(*txn).ok());
  ExpectFirstValues(View{before.read_ts()});
  EXPECT_EQ(*db_.store.Get(View{db_.manager.visible_ts()}, Key(7)), "another value of row 7");
}

TEST_F(LargeTransactionTest, RollsBackThroughTheFile) {
  db_.manager.SetSpill("versions.tmp", 256 << 10);
  TransactionPtr txn = db_.Begin();
  ASSERT_TRUE(UpdateAll(*txn).ok());
  ASSERT_TRUE(db_.manager.Rollback(*txn).ok());
  ExpectFirstValues(View{db_.manager.visible_ts()});
  db_.ExpectQuiet();
  EXPECT_EQ(memory().spill.used_bytes(), 0);
}

// A leaf whose versions are in the file and that is not in memory either costs some tens of bytes, not a table.
TEST_F(LargeTransactionTest, PagesThatAreAwayTakeNextToNothing) {
  constexpr int64_t kKeepBytes = 64 << 10;
  db_.manager.SetSpill("versions.tmp", kKeepBytes);
  const auto evict_all = [this] {
    for (size_t i = 0; i < db_.store.page_count(); ++i) db_.store.Evict(i);
  };
  TransactionPtr txn = db_.Begin();
  for (uint64_t n = 0; n < kRows; ++n) {
    ASSERT_TRUE(db_.store.Update(*txn, Key(n), absl::StrCat("another value of row ", n)).ok());
    if (n % 500 == 0) evict_all();
  }
  const int64_t pages = static_cast<int64_t>(db_.manager.versions().table_count());
  EXPECT_GT(pages, 90);
  evict_all();
  ASSERT_TRUE(db_.manager.SpillVersions(10 * static_cast<size_t>(pages)).ok());
  EXPECT_LE(memory().slabs.reserved_bytes(), kKeepBytes);
  ASSERT_TRUE(db_.manager.Rollback(*txn).ok());
  ExpectFirstValues(View{db_.manager.visible_ts()});
  db_.ExpectQuiet();
}

TEST_F(LargeTransactionTest, WhatNobodyNeedsIsDroppedUnread) {
  db_.manager.SetSpill("versions.tmp", 256 << 10);
  TransactionPtr txn = db_.Begin();
  ASSERT_TRUE(UpdateAll(*txn).ok());
  ASSERT_TRUE(db_.manager.Commit(*txn).ok());
  EXPECT_GT(memory().spill.used_bytes(), 0);
  db_.ExpectQuiet();
  EXPECT_EQ(memory().spill.used_bytes(), 0);
}

}  // namespace
}  // namespace turdb::txn
