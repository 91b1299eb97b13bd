// Version tables by themselves: runs, chains, moves, pruning. The numbers are those of README.md.
#include "txn/version_table.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/limits.h"
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

// One page without a page: the tests say which slots there are.
class VersionTableTest : public ::testing::Test {
 protected:
  VersionTableTest() : slot_(nullptr), right_slot_(nullptr) {}
  ~VersionTableTest() override {
    for (TransactionPtr& txn : alive_) EXPECT_TRUE(db_.manager.Commit(*txn).ok());
    // The tables belong to pages that the toy store does not have; throw them away as evicted ones.
    for (PageVersions page : {Left(), Right()}) {
      if (page.slot->load() != nullptr) db_.manager.versions().OnEvict(page.page, page.slot->load());
    }
    EXPECT_TRUE(db_.manager.CollectGarbage(SIZE_MAX).ok());
  }

  PageVersions Left() { return {{99, 1}, &slot_}; }
  PageVersions Right() { return {{99, 2}, &right_slot_}; }
  VersionTable& Table() { return db_.manager.versions().Attach(Left()); }
  VersionTable& RightTable() { return db_.manager.versions().Attach(Right()); }

  Transaction& Writer() {
    alive_.push_back(db_.Begin());
    EXPECT_TRUE(alive_.back()->PrepareWrite().ok());
    return *alive_.back();
  }
  void NextStatement(Transaction& txn) { db_.NextStatement(txn); }
  // Commits as a transaction that logged something.
  void Commit(Transaction& txn) {
    db_.log.Append(storage::RecordKind::kStructure, &txn.log, {}, 0, "");
    EXPECT_TRUE(db_.manager.Commit(txn).ok());
    Forget(txn);
  }
  void Forget(Transaction& txn) {
    std::erase_if(alive_, [&txn](const TransactionPtr& p) { return p.get() == &txn; });
  }
  static bool Sees(VersionTable& table, const View& view, uint64_t key, bool ghost = false) {
    return IsPresent(table.Find(AsBytes(Key(key))), view, ghost);
  }
  View Now() { return View{db_.manager.visible_ts()}; }
  static SplitKey After(const std::string& key) { return {AsBytes(key).first(3), AsBytes(key).subspan(3)}; }

  void InsertInOrder(Transaction& txn, uint64_t from, uint64_t to) {
    for (uint64_t n = from; n <= to; ++n) {
      const std::string before = Key(n - 1);
      Table().PushInsert(txn, AsBytes(Key(n)), n == from ? SplitKey{} : After(before));
    }
  }

  ToyDatabase db_;
  std::atomic<void*> slot_;
  std::atomic<void*> right_slot_;
  std::vector<TransactionPtr> alive_;
};

TEST_F(VersionTableTest, InsertsInOrderCostOneRun) {
  Transaction& txn = Writer();
  InsertInOrder(txn, 1, 400);
  EXPECT_EQ(Table().run_count(), 1u);
  EXPECT_EQ(Table().chain_count(), 0u);
  EXPECT_FALSE(Sees(Table(), Now(), 200));
  EXPECT_FALSE(Sees(Table(), txn.view(), 200));
  EXPECT_TRUE(Sees(Table(), txn.view_with_own_changes(), 200));
  EXPECT_TRUE(Table().Find(AsBytes(Key(401))).empty());
  EXPECT_TRUE(Table().Find(AsBytes(Key(0))).empty());
}

TEST_F(VersionTableTest, SingleRowStatementsExtendTheRunAndStayApart) {
  Transaction& txn = Writer();
  for (uint64_t n = 1; n <= 100; ++n) {
    const std::string before = Key(n - 1);
    Table().PushInsert(txn, AsBytes(Key(n)), n == 1 ? SplitKey{} : After(before));
    EXPECT_FALSE(Sees(Table(), txn.view(), n));
    EXPECT_TRUE(n == 1 || Sees(Table(), txn.view(), n - 1));
    NextStatement(txn);
  }
  EXPECT_EQ(Table().run_count(), 1u);
  EXPECT_EQ(Table().chain_count(), 0u);
}

TEST_F(VersionTableTest, AnOpenCursorKeepsStatementsApart) {
  Transaction& txn = Writer();
  InsertInOrder(txn, 1, 10);
  const View cursor = txn.view_with_own_changes();    // sees 1..10
  ASSERT_TRUE(db_.manager.BeginStatement(txn).ok());  // the statement before is not ended
  for (uint64_t n = 11; n <= 20; ++n) {
    Table().PushInsert(txn, AsBytes(Key(n)), After(Key(n - 1)));
    ASSERT_TRUE(db_.manager.BeginStatement(txn).ok());
  }
  for (uint64_t n = 1; n <= 20; ++n) EXPECT_EQ(Sees(Table(), cursor, n), n <= 10) << n;
  for (uint64_t n = 1; n <= 20; ++n) EXPECT_TRUE(Sees(Table(), txn.view(), n)) << n;
}

TEST_F(VersionTableTest, AForeignRowEndsTheRun) {
  Transaction& a = Writer();
  Transaction& b = Writer();
  InsertInOrder(a, 1, 5);
  Table().PushInsert(b, AsBytes(Key(6)), After(Key(5)));
  Table().PushInsert(a, AsBytes(Key(7)), After(Key(6)));
  EXPECT_EQ(Table().Find(AsBytes(Key(6))).head()->word, b.word());
  EXPECT_EQ(Table().Find(AsBytes(Key(7))).head()->word, a.word());
  Table().PushInsert(a, AsBytes(Key(8)), After(Key(7)));
  EXPECT_EQ(Table().Find(AsBytes(Key(6))).head()->word, b.word());
}

TEST_F(VersionTableTest, ARowInsideAForeignRunKeepsItsOwnChain) {
  alive_.push_back(db_.manager.Begin());  // no statement, so no snapshot that would need the other's versions
  Transaction& a = *alive_.back();
  ASSERT_TRUE(a.PrepareWrite().ok());
  for (uint64_t n = 10; n <= 100; n += 10) {
    const std::string before = Key(n - 10);
    Table().PushInsert(a, AsBytes(Key(n)), n == 10 ? SplitKey{} : After(before));
  }
  Transaction& b = Writer();
  Table().PushInsert(b, AsBytes(Key(55)), After(Key(50)));
  Commit(b);
  // The row is visible to everybody, but its chain must stay, empty, or the run would claim it.
  ASSERT_TRUE(db_.manager.CollectGarbage(SIZE_MAX).ok());
  db_.manager.versions().OnEvict(Left().page, slot_.load());
  slot_ = nullptr;
  ASSERT_TRUE(db_.manager.CollectGarbage(SIZE_MAX).ok());
  slot_ = db_.manager.versions().OnLoad(Left().page);
  EXPECT_EQ(Table().chain_count(), 1u);
  EXPECT_EQ(Table().delta_count(), 0u);
  EXPECT_TRUE(Sees(Table(), Now(), 55));
  EXPECT_FALSE(Sees(Table(), Now(), 50));
  bool named = false;
  Table().ForEachUnseen(
      Now(), [&](base::Bytes key, const Chain&) { named |= AsText(key) == Key(55); }, [](auto, auto, bool, const Chain&) {});
  EXPECT_TRUE(named);
}

TEST_F(VersionTableTest, ChangingARowOfARunTakesItOut) {
  Transaction& a = Writer();
  InsertInOrder(a, 1, 10);
  const Snapshot oldest = db_.manager.AcquireSnapshot();
  const Timestamp before = oldest.read_ts();
  Commit(a);
  const Timestamp after = db_.manager.visible_ts();
  const Snapshot old = db_.manager.AcquireSnapshot();
  Transaction& b = Writer();
  Table().PushUpdate(b, AsBytes(Key(5)), AsBytes("one"), AsBytes("two"));
  Table().PushGhost(b, AsBytes(Key(6)), After(Key(5)));
  Scratch scratch;
  base::Bytes value;
  EXPECT_TRUE(Reconstruct(Table().Find(AsBytes(Key(5))), View{after}, false, AsBytes("two"), scratch, &value));
  EXPECT_EQ(AsText(value), "one");
  EXPECT_FALSE(Sees(Table(), View{before}, 5));
  EXPECT_TRUE(Sees(Table(), View{after}, 6, /*ghost=*/true));
  EXPECT_FALSE(Sees(Table(), View{before}, 6, /*ghost=*/true));
}

// A change on top of one that every snapshot sees takes that one's place: rows that change again and again keep one step.
TEST_F(VersionTableTest, AChangeForgetsWhatNobodyStepsBackOver) {
  for (int i = 0; i < 10; ++i) {
    Transaction& txn = Writer();
    ASSERT_TRUE(db_.manager.BeginStatement(txn).ok());
    Table().PushUpdate(txn, AsBytes(Key(5)), AsBytes("one"), AsBytes("two"));
    EXPECT_EQ(Table().delta_count(), 1u);
    Commit(txn);
  }
  const Snapshot held = db_.manager.AcquireSnapshot();
  for (int i = 0; i < 3; ++i) {
    Transaction& txn = Writer();
    const std::string was = i == 0 ? "two" : "two and " + std::to_string(i - 1), is = "two and " + std::to_string(i);
    Table().PushUpdate(txn, AsBytes(Key(5)), AsBytes(was), AsBytes(is));
    Commit(txn);
    Scratch scratch;
    base::Bytes value;
    EXPECT_TRUE(Reconstruct(Table().Find(AsBytes(Key(5))), View{held.read_ts()}, false, AsBytes(is), scratch, &value));
    EXPECT_EQ(AsText(value), "two");
  }
}

TEST_F(VersionTableTest, DeletesInOrderCostOneRun) {
  Transaction& txn = Writer();
  for (uint64_t n = 1; n <= 100; ++n) Table().PushGhost(txn, AsBytes(Key(n)), After(Key(n - 1)));
  EXPECT_EQ(Table().run_count(), 1u);
  EXPECT_EQ(Table().chain_count(), 0u);
  EXPECT_TRUE(Sees(Table(), Now(), 50, true));
  EXPECT_FALSE(Sees(Table(), txn.view_with_own_changes(), 50, true));
  // Every other row only: nothing may be said of those between.
  Transaction& other = Writer();
  for (uint64_t n = 1000; n <= 1100; n += 2) Table().PushGhost(other, AsBytes(Key(n)), After(Key(n - 1)));
  EXPECT_TRUE(Table().Find(AsBytes(Key(1001))).empty());
}

TEST_F(VersionTableTest, UndoShrinksARunFromItsEnd) {
  Transaction& txn = Writer();
  InsertInOrder(txn, 1, 10);
  NextStatement(txn);
  for (uint64_t n = 11; n <= 20; ++n) Table().PushInsert(txn, AsBytes(Key(n)), After(Key(n - 1)));
  for (uint64_t n = 20; n > 5; --n) {
    Table().Pop(AsBytes(Key(n)), txn.id());
    EXPECT_TRUE(Table().Find(AsBytes(Key(n))).empty()) << n;
    EXPECT_FALSE(Table().Find(AsBytes(Key(n - 1))).empty()) << n;
    Table().CheckInvariants();
  }
  // Inserted again in the same statement, where the older part of the run ended.
  Table().PushInsert(txn, AsBytes(Key(6)), After(Key(5)));
  EXPECT_FALSE(Sees(Table(), txn.view(), 6));
  EXPECT_TRUE(Sees(Table(), txn.view(), 5));
  Table().Pop(AsBytes(Key(6)), txn.id());
  for (uint64_t n = 5; n >= 1; --n) Table().Pop(AsBytes(Key(n)), txn.id());
  EXPECT_TRUE(Table().quiet());
}

TEST_F(VersionTableTest, UndoOfDeletesBringsRowsBack) {
  Transaction& txn = Writer();
  for (uint64_t n = 1; n <= 9; ++n) Table().PushGhost(txn, AsBytes(Key(n)), After(Key(n - 1)));
  for (uint64_t n = 9; n >= 5; --n) Table().Pop(AsBytes(Key(n)), txn.id());
  for (uint64_t n = 1; n <= 9; ++n) EXPECT_EQ(Table().Find(AsBytes(Key(n))).empty(), n >= 5) << n;
}

TEST_F(VersionTableTest, InsertsOutOfOrderInsideARunOfTheSameStatement) {
  Transaction& txn = Writer();
  Table().PushInsert(txn, AsBytes(Key(10)), {});
  Table().PushInsert(txn, AsBytes(Key(20)), After(Key(10)));
  Table().PushInsert(txn, AsBytes(Key(15)), After(Key(10)));
  EXPECT_EQ(Table().chain_count(), 0u);
  Table().Pop(AsBytes(Key(15)), txn.id());
  Table().Pop(AsBytes(Key(20)), txn.id());
  Table().Pop(AsBytes(Key(10)), txn.id());
  EXPECT_FALSE(Sees(Table(), Now(), 15));
  // What is left of the run claims nothing that another transaction inserts there.
  Transaction& other = Writer();
  Table().PushInsert(other, AsBytes(Key(15)), {});
  EXPECT_EQ(Table().Find(AsBytes(Key(15))).head()->word, other.word());
}

// Single-row statements in any order into a page that was empty: one run, and the newest row beside it.
TEST_F(VersionTableTest, InsertsInAnyOrderIntoAnEmptyPageAreOneRun) {
  Transaction& txn = Writer();
  Transaction& other = Writer();
  std::vector<uint64_t> keys;
  for (uint64_t n = 1; n <= 200; ++n) keys.push_back(n * 79 % 211);
  std::set<uint64_t> there;
  for (const uint64_t n : keys) {
    const auto above = there.insert(n).first;
    const std::string key = Key(n), before = above == there.begin() ? std::string() : Key(*std::prev(above));
    if (there.size() == 1) {
      Table().PushInsert(txn, AsBytes(key), {}, AsBytes(Key(0)));
    } else {
      Table().PushInsert(txn, AsBytes(key), before.empty() ? SplitKey{} : After(before));
    }
    EXPECT_FALSE(Sees(Table(), txn.view(), n)) << n;
    EXPECT_TRUE(Sees(Table(), txn.view_with_own_changes(), n)) << n;
    Table().CheckInvariants();
    NextStatement(txn);
    EXPECT_TRUE(Sees(Table(), txn.view(), n)) << n;
    EXPECT_FALSE(Sees(Table(), other.view(), n)) << n;
    EXPECT_FALSE(Sees(Table(), Now(), n)) << n;
    EXPECT_LE(Table().chain_count(), 1u);
  }
  EXPECT_EQ(Table().run_count(), 1u);
  // Somebody else's row inside keeps its own chain, and taking rows back touches nothing else.
  Table().PushInsert(other, AsBytes(Key(500)), After(Key(*there.rbegin())));
  for (auto n = keys.rbegin(); n != keys.rend() && *n != keys[100]; ++n) Table().Pop(AsBytes(Key(*n)), txn.id());
  Table().CheckInvariants();
  EXPECT_EQ(Table().Find(AsBytes(Key(500))).head()->word, other.word());
  for (size_t i = 0; i < 100; ++i) EXPECT_TRUE(Sees(Table(), txn.view(), keys[i]));
  Commit(txn);
  for (size_t i = 0; i < 100; ++i) EXPECT_TRUE(Sees(Table(), Now(), keys[i]));
  EXPECT_FALSE(Sees(Table(), Now(), 500));
}

// While a cursor is open, rows of later statements stand alone: it must not see them.
TEST_F(VersionTableTest, AnOpenCursorKeepsInsertsInAnyOrderApart) {
  Transaction& txn = Writer();
  Table().PushInsert(txn, AsBytes(Key(10)), {}, base::Bytes());
  Table().PushInsert(txn, AsBytes(Key(50)), After(Key(10)));
  const View cursor = txn.view_with_own_changes();
  ASSERT_TRUE(db_.manager.BeginStatement(txn).ok());  // the statement before is not ended
  for (const uint64_t n : {30u, 20u, 40u}) {
    Table().PushInsert(txn, AsBytes(Key(n)), After(Key(10)));
    ASSERT_TRUE(db_.manager.BeginStatement(txn).ok());
  }
  for (const uint64_t n : {10u, 50u}) EXPECT_TRUE(Sees(Table(), cursor, n)) << n;
  for (const uint64_t n : {20u, 30u, 40u}) EXPECT_FALSE(Sees(Table(), cursor, n)) << n;
  for (const uint64_t n : {10u, 20u, 30u, 40u, 50u}) EXPECT_TRUE(Sees(Table(), txn.view(), n)) << n;
}

TEST_F(VersionTableTest, ARunDoesNotGrowOverAnother) {
  Transaction& a = Writer();
  Transaction& b = Writer();
  Table().PushInsert(b, AsBytes(Key(50)), {});
  Table().PushInsert(b, AsBytes(Key(60)), After(Key(50)));
  Table().PushInsert(b, AsBytes(Key(55)), After(Key(50)));  // out of order: undo leaves the range
  Table().PushInsert(a, AsBytes(Key(1)), {});
  Table().PushInsert(a, AsBytes(Key(2)), After(Key(1)));
  for (uint64_t n : {55, 60, 50}) Table().Pop(AsBytes(Key(n)), b.id());
  Table().PushInsert(a, AsBytes(Key(100)), After(Key(2)));
  Table().CheckInvariants();
  EXPECT_EQ(Table().Find(AsBytes(Key(100))).head()->word, a.word());
}

TEST_F(VersionTableTest, ASplitDividesRunsAndChains) {
  Transaction& txn = Writer();
  InsertInOrder(txn, 1, 50);
  NextStatement(txn);
  for (uint64_t n = 51; n <= 100; ++n) Table().PushInsert(txn, AsBytes(Key(n)), After(Key(n - 1)));
  Transaction& other = Writer();
  Table().PushLock(other, AsBytes(Key(20)), LockStrength::kKeyShare);
  Table().PushLock(other, AsBytes(Key(80)), LockStrength::kKeyShare);
  for (const uint64_t separator : {30u, 51u, 70u}) {
    db_.manager.versions().Split(Left(), Right(), AsBytes(Key(separator)));
    for (uint64_t n = 1; n <= 100; ++n) {
      VersionTable& mine = n < separator ? Table() : RightTable();
      VersionTable& others = n < separator ? RightTable() : Table();
      EXPECT_EQ(Sees(mine, txn.view(), n), n <= 50) << n;
      EXPECT_TRUE(Sees(mine, txn.view_with_own_changes(), n)) << n;
      EXPECT_FALSE(Sees(mine, Now(), n)) << n;
      EXPECT_TRUE(others.Find(AsBytes(Key(n))).empty()) << n;
    }
    Table().CheckInvariants();
    RightTable().CheckInvariants();
    EXPECT_EQ(Table().chain_count() + RightTable().chain_count(), 2u);
    db_.manager.versions().Merge(Left(), Right());
    EXPECT_EQ(right_slot_.load(), nullptr);
  }
  for (uint64_t n = 1; n <= 100; ++n) EXPECT_EQ(Sees(Table(), txn.view(), n), n <= 50) << n;
  // Undo still finds its way, over the pieces.
  for (uint64_t n = 100; n >= 1; --n) {
    if (n == 80 || n == 20) continue;
    Table().Pop(AsBytes(Key(n)), txn.id());
  }
  Table().CheckInvariants();
}

TEST_F(VersionTableTest, BulkLoadIsCompact) {
  Transaction& txn = Writer();
  const int64_t before = db_.manager.versions().memory().slabs.reserved_bytes();
  // A thousand pages of 400 rows.
  std::vector<std::atomic<void*>> slots(1000);
  for (uint32_t page = 0; page < 1000; ++page) {
    VersionTable& table = db_.manager.versions().Attach({{98, page + 1}, &slots[page]});
    for (uint64_t n = 1; n <= 400; ++n) {
      const std::string predecessor = Key(page * 1000 + n - 1);
      table.PushInsert(txn, AsBytes(Key(page * 1000 + n)), n == 1 ? SplitKey{} : After(predecessor));
    }
  }
  const int64_t bytes = db_.manager.versions().memory().slabs.reserved_bytes() - before;
  EXPECT_LE(bytes, 2 * 400'000);  // bytes a row; one delta a row would take 64
  EXPECT_TRUE(db_.manager.Rollback(txn).ok());
  Forget(txn);
  for (uint32_t page = 0; page < 1000; ++page) db_.manager.versions().OnEvict({98, page + 1}, slots[page].load());
  EXPECT_TRUE(db_.manager.CollectGarbage(SIZE_MAX).ok());
  EXPECT_EQ(db_.manager.versions().table_count(), 0u);
}

TEST_F(VersionTableTest, LongReaderKeepsOneVersionNotAll) {
  Transaction& first = Writer();
  Table().PushInsert(first, AsBytes(Key(1)), {});
  Commit(first);
  const Snapshot reader = db_.manager.AcquireSnapshot();
  std::string value = "value 0000";
  for (int i = 1; i <= 200; ++i) {
    Transaction& txn = Writer();
    std::string next = value;
    next.replace(6, 4, absl::StrCat(1000 + i));
    Table().PushUpdate(txn, AsBytes(Key(1)), AsBytes(value), AsBytes(next));
    value = next;
    Commit(txn);
    if (i % 10 != 0) continue;
    db_.manager.versions().OnEvict(Left().page, slot_.load());
    ASSERT_TRUE(db_.manager.CollectGarbage(SIZE_MAX).ok());
    slot_ = db_.manager.versions().OnLoad(Left().page);
    ASSERT_NE(slot_.load(), nullptr);
    EXPECT_EQ(Table().delta_count(), 1u);
  }
  Scratch scratch;
  base::Bytes seen;
  ASSERT_TRUE(Reconstruct(Table().Find(AsBytes(Key(1))), View{reader.read_ts()}, false, AsBytes(value), scratch, &seen));
  EXPECT_EQ(AsText(seen), "value 0000");
}

TEST_F(VersionTableTest, WhatPruningLeftIsLookedAtAgainWhenItMayGo) {
  const auto collect = [this] {
    db_.manager.versions().OnEvict(Left().page, slot_.load());
    EXPECT_TRUE(db_.manager.CollectGarbage(SIZE_MAX).ok());
    slot_ = db_.manager.versions().OnLoad(Left().page);
    return slot_.load() == nullptr ? size_t{0} : Table().delta_count();
  };
  Snapshot first = db_.manager.AcquireSnapshot();
  Snapshot second;
  for (int i = 0; i < 3; ++i) {
    Transaction& txn = Writer();
    Table().PushUpdate(txn, AsBytes(Key(1)), AsBytes("value"), AsBytes(absl::StrCat("value", i)));
    Commit(txn);
    if (i == 0) second = db_.manager.AcquireSnapshot();
  }
  EXPECT_EQ(collect(), 2u);
  EXPECT_EQ(collect(), 2u);
  second.Release();  // the oldest stays, but less is needed
  EXPECT_EQ(collect(), 1u);
  alive_.push_back(db_.manager.Begin());
  Transaction& open = *alive_.back();
  ASSERT_TRUE(open.PrepareWrite().ok());
  Table().PushUpdate(open, AsBytes(Key(2)), AsBytes("a"), AsBytes("b"));
  EXPECT_EQ(collect(), 2u);
  first.Release();
  Table().Pop(AsBytes(Key(2)), open.id());
  EXPECT_EQ(collect(), 0u);
}

TEST_F(VersionTableTest, RevivingReachesWhatLayUnderTheGhost) {
  Transaction& a = Writer();
  Table().PushInsert(a, AsBytes(Key(1)), {});
  Commit(a);
  const Snapshot live = db_.manager.AcquireSnapshot();
  Transaction& b = Writer();
  Table().PushGhost(b, AsBytes(Key(1)), {});
  Commit(b);
  const Snapshot gone = db_.manager.AcquireSnapshot();
  Transaction& c = Writer();
  Table().PushRevive(c, AsBytes(Key(1)), AsBytes("old"), AsBytes("a new value"));
  Commit(c);
  Scratch scratch;
  base::Bytes value;
  const Chain chain = Table().Find(AsBytes(Key(1)));
  ASSERT_TRUE(Reconstruct(chain, View{live.read_ts()}, false, AsBytes("a new value"), scratch, &value));
  EXPECT_EQ(AsText(value), "old");
  EXPECT_FALSE(Reconstruct(chain, View{gone.read_ts()}, false, AsBytes("a new value"), scratch, &value));
  ASSERT_TRUE(Reconstruct(chain, Now(), false, AsBytes("a new value"), scratch, &value));
  EXPECT_EQ(AsText(value), "a new value");
}

TEST_F(VersionTableTest, SteadyReadsKeepTheScratch) {
  Transaction& txn = Writer();
  Table().PushUpdate(txn, AsBytes(Key(1)), AsBytes("older"), AsBytes("newer"));
  Scratch scratch;
  base::Bytes value;
  ASSERT_TRUE(Reconstruct(Table().Find(AsBytes(Key(1))), Now(), false, AsBytes("newer"), scratch, &value));
  const size_t capacity = scratch.capacity_bytes();
  for (int i = 0; i < 10000; ++i) {
    scratch.Reset();
    ASSERT_TRUE(Reconstruct(Table().Find(AsBytes(Key(1))), Now(), false, AsBytes("newer"), scratch, &value));
  }
  EXPECT_EQ(scratch.capacity_bytes(), capacity);
}

TEST_F(VersionTableTest, AsManyChainsAsAPageMayHaveRows) {
  Transaction& txn = Writer();
  for (uint64_t n = 0; n < 4000; ++n) Table().PushUpdate(txn, AsBytes(Key(n * 2)), AsBytes("old"), AsBytes("new"));
  EXPECT_EQ(Table().chain_count(), 4000u);
  for (uint64_t n = 0; n < 8000; ++n) EXPECT_EQ(Table().Find(AsBytes(Key(n))).empty(), n % 2 == 1);
  Table().CheckInvariants();
  for (uint64_t n = 4000; n > 0; --n) Table().Pop(AsBytes(Key((n - 1) * 2)), txn.id());
  EXPECT_TRUE(Table().quiet());
}

TEST_F(VersionTableTest, EmptyAndLongKeys) {
  Transaction& txn = Writer();
  const std::string longest(base::kMaxKeyBytes, 'k');
  Table().PushInsert(txn, {}, {});
  Table().PushInsert(txn, AsBytes(longest).first(100), SplitKey{});
  Table().PushInsert(txn, AsBytes(longest), SplitKey{AsBytes(longest).first(60), AsBytes(longest).first(40)});
  EXPECT_FALSE(Table().Find(base::Bytes()).empty());
  EXPECT_FALSE(Table().Find(AsBytes(longest)).empty());
  EXPECT_FALSE(Table().Find(SplitKey{AsBytes(longest).first(2000), AsBytes(longest).subspan(2000)}).empty());
  EXPECT_TRUE(Table().Find(AsBytes(longest).first(99)).empty());
}

}  // namespace
}  // namespace turdb::txn
