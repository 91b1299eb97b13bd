// One tree against a model: random transactions, snapshots, statements that fail, cursors both ways, splits
// and merges, long values, bulk loads.
#include <algorithm>
#include <deque>
#include <optional>
#include <random>
#include <set>

#include "btree/bulk_builder.h"
#include "btree/database.h"

namespace turdb::btree {
namespace {

using base::AsBytes;
using base::AsText;
using base::Describe;

struct Shape {
  const char* name;
  KeyKind kind;
  std::string (*key)(std::mt19937_64&);
  size_t max_value;
};

std::string TextKey(std::mt19937_64& random) {
  std::string key = "\x20user:";
  const uint64_t n = random() % 3000;
  key.append(std::to_string(n * n));
  if (n % 7 == 0) key.append(40, 'z');
  return key;
}
std::string LongKey(std::mt19937_64& random) {
  return std::string(1 + random() % 3, 'a') + std::string(random() % 2 == 0 ? 0 : 1900, 'b') + std::to_string(random() % 150);
}
std::string DenseKey(std::mt19937_64& random) { return Int64Key(static_cast<int64_t>(random() % 4000)); }
std::string SparseKey(std::mt19937_64& random) {
  const uint64_t n = random() % 3000;
  return Int64Key(static_cast<int64_t>(n * 0x9E3779B97F4A7C15u));
}

class TreeTest : public testing::TestWithParam<Shape> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(database_.Open().ok());
    const Status status = database_.CreateTree(GetParam().kind);
    ASSERT_TRUE(status.ok()) << Describe(status);
  }
  Database database_{os::Environment::InMemory()};
};

// Random transactions, some rolled back, some with a failed statement, agree with a map; older snapshots go on
// seeing what they saw.
TEST_P(TreeTest, RandomTransactionsAgreeWithAModel) {
  const Shape& shape = GetParam();
  std::mt19937_64 random(Seed(7));
  Rows committed;
  struct Old {
    txn::Snapshot snapshot;
    Rows rows;
  };
  std::deque<Old> old;
  std::set<std::string> used;
  for (int round = 0; round < 150; ++round) {
    Rows mine = committed;
    txn::TransactionPtr transaction = database_.manager->Begin();
    const int statements = 1 + static_cast<int>(random() % 4);
    for (int statement = 0; statement < statements; ++statement) {
      const StatusOr<txn::Savepoint> savepoint = database_.manager->BeginStatement(*transaction);
      ASSERT_TRUE(savepoint.ok());
      const Rows before = mine;
      // Phases of growing and of shrinking, so that leaves split and merge.
      const bool growing = round % 60 < 40;
      for (int i = 0; i < 25; ++i) {
        const std::string key = shape.key(random);
        const std::string value(random() % (shape.max_value + 1), static_cast<char>('a' + random() % 26));
        const uint64_t dice = random() % 10;
        if (dice < (growing ? 6u : 2u)) {
          const StatusOr<Tree::InsertResult> result = database_.tree->Insert(*transaction, AsBytes(key), AsBytes(value));
          ASSERT_TRUE(result.ok()) << Describe(result.status());
          ASSERT_EQ(*result == Tree::InsertResult::kDuplicate, mine.contains(key));
          mine.emplace(key, value);
        } else if (dice < 8) {
          std::string erased = key;
          if (!growing && !mine.empty())
            erased = std::next(mine.begin(), static_cast<ptrdiff_t>(random() % mine.size()))->first;
          std::optional<std::string> seen;
          const StatusOr<bool> result =
              database_.tree->Delete(*transaction, AsBytes(erased), [&](Bytes gone) { seen = std::string(AsText(gone)); });
          ASSERT_TRUE(result.ok()) << Describe(result.status());
          ASSERT_EQ(*result, mine.contains(erased));
          if (*result) {
            ASSERT_EQ(seen, mine[erased]);
          }
          mine.erase(erased);
        } else {
          const StatusOr<bool> result =
              database_.tree->Update(*transaction, AsBytes(key), [&](Bytes was, std::string* out) -> StatusOr<bool> {
                EXPECT_EQ(AsText(was), mine[key]);
                out->append(value);
                return true;
              });
          ASSERT_TRUE(result.ok()) << Describe(result.status());
          ASSERT_EQ(*result, mine.contains(key));
          if (*result) mine[key] = value;
        }
      }
      if (random() % 5 == 0) {
        const Status status = database_.manager->RollbackTo(*transaction, *savepoint);
        ASSERT_TRUE(status.ok()) << Describe(status);
        mine = before;
      }
    }
    ASSERT_TRUE(database_.manager->BeginStatement(*transaction).ok());
    const StatusOr<Rows> own = database_.Scan(transaction->view(), 1 + random() % 300);
    ASSERT_TRUE(own.ok()) << Describe(own.status());
    ASSERT_EQ(*own, mine) << "round " << round;
    ASSERT_EQ(database_.Committed(), committed);
    if (random() % 3 == 0) {
      const Status status = database_.manager->Rollback(*transaction);
      ASSERT_TRUE(status.ok()) << Describe(status);
    } else {
      const Status status = database_.manager->Commit(*transaction);
      ASSERT_TRUE(status.ok()) << Describe(status);
      committed = mine;
    }
    ASSERT_EQ(database_.Committed(), committed) << "round " << round;
    if (round % 10 == 3) old.push_back({database_.manager->AcquireSnapshot(), committed});
    if (old.size() > 3) old.pop_front();
    for (const Old& one : old) {
      const StatusOr<Rows> rows = database_.Scan(txn::View{one.snapshot.read_ts()});
      ASSERT_TRUE(rows.ok());
      ASSERT_EQ(*rows, one.rows) << "round " << round;
    }
    if (round % 15 == 0) {
      const CheckReport report = database_.Check();
      ASSERT_TRUE(report.ok()) << "round " << round;
      const StatusOr<Rows> backward =
          database_.ScanBackward(txn::View{database_.manager->AcquireSnapshot().read_ts()}, 1 + random() % 200);
      ASSERT_TRUE(backward.ok());
      ASSERT_EQ(*backward, committed);
    }
  }
  // Point reads and ranges see the same.
  const txn::Snapshot snapshot = database_.manager->AcquireSnapshot();
  const txn::View view{snapshot.read_ts()};
  for (int i = 0; i < 2000; ++i) {
    const std::string key = shape.key(random);
    std::optional<std::string> value;
    const StatusOr<bool> found =
        database_.tree->Get(view, AsBytes(key), [&](Bytes bytes) { value = std::string(AsText(bytes)); });
    ASSERT_TRUE(found.ok());
    const auto expected = committed.find(key);
    ASSERT_EQ(*found, expected != committed.end());
    if (*found) {
      ASSERT_EQ(value, expected->second);
    }
  }
  for (int i = 0; i < 100; ++i) {
    std::string lower = shape.key(random), upper = shape.key(random);
    if (random() % 3 == 0) upper.push_back('\0');  // the successor of a key
    Rows expected;
    if (lower < upper) expected = Rows(committed.lower_bound(lower), committed.lower_bound(upper));
    const StatusOr<Rows> up = database_.Scan(view, 7, lower, upper), down = database_.ScanBackward(view, 7, lower, upper);
    ASSERT_TRUE(up.ok() && down.ok());
    ASSERT_EQ(*up, expected);
    ASSERT_EQ(*down, expected);
  }
  database_.Check();
}

// What was committed is there after closing, and after dying without closing in the middle of transactions.
TEST_P(TreeTest, SurvivesReopening) {
  std::mt19937_64 random(Seed(8));
  auto disk = std::make_shared<os::FaultFileSystem>();
  auto database = std::make_unique<Database>(WithFiles(disk));
  ASSERT_TRUE(database->Open().ok());
  ASSERT_TRUE(database->CreateTree(GetParam().kind).ok());
  Rows rows;
  for (int reopen = 0; reopen < 4; ++reopen) {
    for (int round = 0; round < 10; ++round) {
      txn::TransactionPtr transaction = database->Begin();
      for (int i = 0; i < 60; ++i) {
        const std::string key = GetParam().key(random);
        std::string value(random() % (GetParam().max_value + 1), static_cast<char>('a' + random() % 26));
        if (rows.contains(key) && random() % 2 == 0) {
          ASSERT_TRUE(*database->Delete(*transaction, key));
          rows.erase(key);
        } else if (rows.contains(key)) {
          ASSERT_TRUE(*database->Update(*transaction, key, value));
          rows[key] = value;
        } else {
          ASSERT_TRUE(database->Insert(*transaction, key, value).ok());
          rows[key] = value;
        }
      }
      ASSERT_TRUE(database->manager->Commit(*transaction).ok());
    }
    // Two are in the middle of something.
    txn::TransactionPtr deleter = database->Begin(), writer = database->Begin();
    for (int i = 0; i < 100; ++i) {
      const std::string key = GetParam().key(random);
      if (i % 3 == 0) {
        ASSERT_TRUE(database->Delete(*deleter, key).ok());
      } else if (!rows.contains(key)) {
        ASSERT_TRUE(database->tree
                        ->Insert(*writer, AsBytes(key + (GetParam().kind == KeyKind::kInt64 ? "" : "x")), AsBytes("unfinished"))
                        .ok());
      }
    }
    if (reopen % 2 == 0) {
      ASSERT_TRUE(database->manager->Rollback(*deleter).ok());
      ASSERT_TRUE(database->manager->Rollback(*writer).ok());
      ASSERT_EQ(database->Committed(), rows);
      deleter.reset();
      writer.reset();
      const Status status = database->Close();
      ASSERT_TRUE(status.ok()) << Describe(status);
    } else {
      ASSERT_TRUE(database->storage->FlushLog().ok());
      disk = disk->CrashedCopy(1);
      ASSERT_TRUE(database->manager->Rollback(*deleter).ok());
      ASSERT_TRUE(database->manager->Rollback(*writer).ok());
      deleter.reset();
      writer.reset();
      database = std::make_unique<Database>(WithFiles(disk));
    }
    const Status status = database->Open();
    ASSERT_TRUE(status.ok()) << Describe(status);
    ASSERT_EQ(database->Committed(), rows) << "reopened " << reopen;
    ASSERT_TRUE(database->Check().ok());
  }
}

// Everything deleted and nobody looking: pages go back to the file, the tree becomes one leaf again.
TEST_P(TreeTest, DeletingEverythingGivesThePagesBack) {
  std::mt19937_64 random(Seed(9));
  Rows rows;
  txn::TransactionPtr transaction = database_.Begin();
  while (rows.size() < 1500 && rows.size() * GetParam().max_value < 3000000) {
    const std::string key = GetParam().key(random);
    if (rows.contains(key)) {
      if (random() % 500 == 0) break;
      continue;
    }
    const std::string value(GetParam().max_value, 'v');
    ASSERT_TRUE(database_.Insert(*transaction, key, value).ok());
    rows[key] = value;
  }
  ASSERT_TRUE(database_.manager->Commit(*transaction).ok());
  const CheckReport full = database_.Check();
  EXPECT_GT(full.leaf_pages, 2u);
  transaction = database_.Begin();
  for (const auto& [key, value] : rows) ASSERT_TRUE(*database_.Delete(*transaction, key));
  ASSERT_TRUE(database_.manager->Commit(*transaction).ok());
  for (int i = 0; i < 1000; ++i) {
    const StatusOr<size_t> visited = database_.manager->CollectGarbage(100);
    ASSERT_TRUE(visited.ok());
    if (*visited == 0) break;
  }
  const CheckReport empty = database_.Check();
  EXPECT_EQ(empty.live_entries, 0u);
  EXPECT_EQ(empty.ghosts, 0u);
  EXPECT_EQ(empty.leaf_pages, 1u);
  EXPECT_EQ(empty.height, 1u);
  EXPECT_EQ(database_.Committed(), Rows());
}

INSTANTIATE_TEST_SUITE_P(Shapes, TreeTest,
                         testing::Values(Shape{"text", KeyKind::kBytes, TextKey, 120},
                                         Shape{"long", KeyKind::kBytes, LongKey, 4000},
                                         Shape{"dense", KeyKind::kInt64, DenseKey, 120},
                                         Shape{"sparse", KeyKind::kInt64, SparseKey, 300}),
                         [](const auto& info) { return std::string(info.param.name); });

class TreeFixture : public testing::Test {
 protected:
  void Open(KeyKind kind) {
    ASSERT_TRUE(database_.Open().ok());
    ASSERT_TRUE(database_.CreateTree(kind).ok());
  }
  Database database_{os::Environment::InMemory()};
};

TEST_F(TreeFixture, AscendingInsertsLeaveFullDenseLeaves) {
  Open(KeyKind::kInt64);
  txn::TransactionPtr transaction = database_.Begin();
  const std::string value(30, 'v');
  for (int64_t i = 0; i < 20000; ++i) ASSERT_TRUE(database_.Insert(*transaction, Int64Key(i), value).ok());
  ASSERT_TRUE(database_.manager->Commit(*transaction).ok());
  const CheckReport report = database_.Check();
  EXPECT_EQ(report.live_entries, 20000u);
  EXPECT_LE(report.leaf_pages, 20000u * 34 / 16200 + 2);  // 2 bytes of place, 2 of length, 30 of value
}

// Entries between two keys, as a map has them; once there are more than were asked about, only that.
TEST_P(TreeTest, CountsEntriesOfARange) {
  std::mt19937_64 random(Seed(5));
  Rows rows;
  txn::TransactionPtr transaction = database_.Begin();
  for (int i = 0; i < 6000; ++i) {
    const std::string key = GetParam().key(random);
    if (rows.emplace(key, "value").second) {
      ASSERT_TRUE(database_.Insert(*transaction, key, "value").ok());
    }
  }
  ASSERT_TRUE(database_.manager->Commit(*transaction).ok());
  // Holes in dense leaves count as well.
  const bool exact = GetParam().kind == KeyKind::kBytes;
  for (int i = 0; i < 300; ++i) {
    std::string lower = i % 7 == 0 ? "" : GetParam().key(random), upper = i % 5 == 0 ? "" : GetParam().key(random);
    if (!upper.empty() && upper < lower) std::swap(lower, upper);
    const auto first = rows.lower_bound(lower);
    const auto end = upper.empty() ? rows.end() : rows.lower_bound(upper);
    const auto count = static_cast<uint64_t>(std::distance(first, end));
    const StatusOr<uint64_t> all = database_.tree->CountAbout(AsBytes(lower), AsBytes(upper), 1000000);
    ASSERT_TRUE(all.ok()) << Describe(all.status());
    if (exact) {
      EXPECT_EQ(*all, count);
    } else {
      EXPECT_GE(*all, count);
    }
    const StatusOr<uint64_t> some = database_.tree->CountAbout(AsBytes(lower), AsBytes(upper), 10);
    ASSERT_TRUE(some.ok());
    EXPECT_LE(*some, *all);
    EXPECT_EQ(*some > 10, *all > 10);
  }
}

TEST_F(TreeFixture, KeysAndValuesOfTheWrongSizeAreRefused) {
  Open(KeyKind::kInt64);
  txn::TransactionPtr transaction = database_.Begin();
  EXPECT_FALSE(database_.tree->Insert(*transaction, AsBytes("short"), AsBytes("v")).ok());
  const std::string long_value(base::kMaxValueBytes + 1, 'v');
  const StatusOr<Tree::InsertResult> result = database_.tree->Insert(*transaction, AsBytes(Int64Key(1)), AsBytes(long_value));
  EXPECT_EQ(base::GetSqlState(result.status()), base::sqlstate::kProgramLimit);
  ASSERT_TRUE(database_.Insert(*transaction, Int64Key(1), std::string(base::kMaxValueBytes, 'v')).ok());
}

TEST_F(TreeFixture, ALaterWriterMeetsAConflictAndAnEarlierOneADuplicate) {
  Open(KeyKind::kBytes);
  txn::TransactionPtr first = database_.Begin();
  ASSERT_TRUE(database_.Insert(*first, "k", "1").ok());
  ASSERT_TRUE(database_.manager->Commit(*first).ok());
  txn::TransactionPtr slow = database_.Begin();
  txn::TransactionPtr quick = database_.Begin();
  ASSERT_TRUE(*database_.Update(*quick, "k", "2"));
  ASSERT_TRUE(database_.manager->Commit(*quick).ok());
  EXPECT_EQ(base::GetSqlState(database_.Update(*slow, "k", "3").status()), base::sqlstate::kSerializationFailure);
  const StatusOr<Tree::InsertResult> duplicate = database_.tree->Insert(*slow, AsBytes("k"), AsBytes("4"));
  ASSERT_TRUE(duplicate.ok());
  EXPECT_EQ(*duplicate, Tree::InsertResult::kDuplicate);
  ASSERT_TRUE(database_.manager->Rollback(*slow).ok());
  EXPECT_EQ(database_.Committed(), (Rows{{"k", "2"}}));
}

TEST_F(TreeFixture, ARowLockKeepsOthersOut) {
  Open(KeyKind::kBytes);
  txn::TransactionPtr first = database_.Begin();
  ASSERT_TRUE(database_.Insert(*first, "k", "1").ok());
  ASSERT_TRUE(database_.manager->Commit(*first).ok());
  txn::TransactionPtr holder = database_.Begin();
  txn::TransactionPtr other = database_.Begin();
  ASSERT_TRUE(*database_.tree->Lock(*holder, AsBytes("k"), txn::LockStrength::kUpdate, txn::WaitPolicy::kWait));
  EXPECT_FALSE(*database_.tree->Lock(*other, AsBytes("k"), txn::LockStrength::kShare, txn::WaitPolicy::kSkipLocked));
  EXPECT_EQ(base::GetSqlState(
                database_.tree->Lock(*other, AsBytes("k"), txn::LockStrength::kShare, txn::WaitPolicy::kNoWait).status()),
            base::sqlstate::kLockNotAvailable);
  EXPECT_FALSE(*database_.tree->Lock(*other, AsBytes("none"), txn::LockStrength::kShare, txn::WaitPolicy::kNoWait));
  ASSERT_TRUE(database_.manager->Commit(*holder).ok());
  EXPECT_TRUE(*database_.tree->Lock(*other, AsBytes("k"), txn::LockStrength::kShare, txn::WaitPolicy::kNoWait));
}

TEST_F(TreeFixture, LongValuesComeBackAndTheirPagesTooWhenNobodyNeedsThem) {
  Open(KeyKind::kBytes);
  std::mt19937_64 random(Seed(10));
  const auto make = [&](size_t size, bool compressible) {
    std::string value(size, 'c');
    if (!compressible) {
      for (char& c : value) c = static_cast<char>(random());
    }
    return value;
  };
  std::vector<std::pair<OverflowRef, std::string>> chains;
  txn::TransactionPtr transaction = database_.Begin();
  for (const size_t size : {0, 1, 9000, 16320, 16321, 50000, 200000}) {
    for (const bool compressible : {false, true}) {
      const std::string value = make(size, compressible);
      const StatusOr<OverflowRef> ref = database_.tree->WriteOverflow(*transaction, AsBytes(value));
      ASSERT_TRUE(ref.ok()) << Describe(ref.status());
      chains.emplace_back(*ref, value);
    }
  }
  ASSERT_TRUE(database_.manager->Commit(*transaction).ok());
  for (const auto& [ref, value] : chains) {
    std::string read = "kept";
    const Status status = database_.tree->ReadOverflow(ref, &read);
    ASSERT_TRUE(status.ok()) << Describe(status);
    ASSERT_EQ(read, "kept" + value);
  }
  const uint64_t pages = database_.Check().overflow_pages;
  EXPECT_GT(pages, 14u + 10u);
  // A rolled back chain, and a rolled back freeing, change nothing.
  transaction = database_.Begin();
  ASSERT_TRUE(database_.tree->WriteOverflow(*transaction, AsBytes(make(100000, false))).ok());
  ASSERT_TRUE(database_.tree->FreeOverflowLater(*transaction, chains[3].first).ok());
  ASSERT_TRUE(database_.tree->FreeOverflowLater(*transaction, chains[4].first).ok());
  ASSERT_TRUE(database_.tree->FreeOverflowLater(*transaction, chains[10].first).ok());
  const Status rolled_back = database_.manager->Rollback(*transaction);
  ASSERT_TRUE(rolled_back.ok()) << Describe(rolled_back);
  EXPECT_EQ(database_.Check().overflow_pages, pages);
  // Freed ones stay as long as a snapshot may read them.
  txn::Snapshot reader = database_.manager->AcquireSnapshot();
  transaction = database_.Begin();
  for (const auto& [ref, value] : chains) ASSERT_TRUE(database_.tree->FreeOverflowLater(*transaction, ref).ok());
  ASSERT_TRUE(database_.manager->Commit(*transaction).ok());
  while (*database_.manager->CollectGarbage(100) != 0) {
  }
  EXPECT_EQ(database_.Check().overflow_pages, pages);
  reader = txn::Snapshot();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(database_.manager->CollectGarbage(100).ok());
  EXPECT_EQ(database_.Check().overflow_pages, 0u);
}

TEST_F(TreeFixture, ChainsThatWaitedToBeFreedAreFreedAfterACrash) {
  auto disk = std::make_shared<os::FaultFileSystem>();
  Database database(WithFiles(disk));
  ASSERT_TRUE(database.Open().ok());
  ASSERT_TRUE(database.CreateTree(KeyKind::kBytes).ok());
  txn::TransactionPtr transaction = database.Begin();
  std::vector<OverflowRef> refs;
  std::mt19937_64 random(Seed(3));
  std::string noise(60000, ' ');
  for (char& c : noise) c = static_cast<char>(random());
  for (int i = 0; i < 4; ++i) {
    const StatusOr<OverflowRef> ref = database.tree->WriteOverflow(*transaction, AsBytes(noise));
    ASSERT_TRUE(ref.ok());
    refs.push_back(*ref);
  }
  ASSERT_TRUE(database.manager->Commit(*transaction).ok());
  const txn::Snapshot reader = database.manager->AcquireSnapshot();
  transaction = database.Begin();
  for (size_t i = 0; i < 3; ++i) ASSERT_TRUE(database.tree->FreeOverflowLater(*transaction, refs[i]).ok());
  ASSERT_TRUE(database.manager->Commit(*transaction).ok());
  txn::TransactionPtr unfinished = database.Begin();
  ASSERT_TRUE(database.tree->FreeOverflowLater(*unfinished, refs[3]).ok());
  ASSERT_TRUE(database.storage->FlushLog().ok());
  Database crashed(WithFiles(disk->CrashedCopy(1)));
  const Status status = crashed.Open();
  ASSERT_TRUE(status.ok()) << Describe(status);
  EXPECT_EQ(crashed.Check().overflow_pages, 4u);  // the one whose freeing was undone
  std::string read;
  ASSERT_TRUE(crashed.tree->ReadOverflow(refs[3], &read).ok());
  EXPECT_EQ(read, noise);
}

TEST_F(TreeFixture, ABulkLoadedTreeIsLikeAnyOther) {
  for (const KeyKind kind : {KeyKind::kBytes, KeyKind::kInt64}) {
    Database database(os::Environment::InMemory());
    ASSERT_TRUE(database.Open().ok());
    ASSERT_TRUE(database.CreateTree(kind).ok());
    std::mt19937_64 random(Seed(12));
    Rows rows;
    for (int i = 0; i < 30000; ++i) {
      const std::string key =
          kind == KeyKind::kInt64 ? Int64Key(i < 20000 ? i : i * int64_t{1000003}) : TextKey(random) + std::to_string(i % 9);
      rows[key] = std::string(random() % 100, 'v');
    }
    BulkBuilder builder(*database.tree);
    for (const auto& [key, value] : rows) {
      const Status status = builder.Add(AsBytes(key), AsBytes(value));
      ASSERT_TRUE(status.ok()) << Describe(status);
    }
    EXPECT_FALSE(builder.Add(AsBytes(rows.begin()->first), AsBytes("again")).ok());
    ASSERT_TRUE(builder.Finish().ok());
    ASSERT_EQ(database.Committed(), rows);
    const CheckReport report = database.Check();
    EXPECT_EQ(report.live_entries, rows.size());
    const StatusOr<std::vector<std::string>> cuts = Separators(*database.tree, 7);
    ASSERT_TRUE(cuts.ok());
    ASSERT_GE(cuts->size(), 3u);
    Rows pieces;
    for (size_t i = 0; i <= cuts->size(); ++i) {
      const txn::Snapshot snapshot = database.manager->AcquireSnapshot();
      const StatusOr<Rows> piece =
          database.Scan(txn::View{snapshot.read_ts()}, 100, i == 0 ? "" : (*cuts)[i - 1], i == cuts->size() ? "" : (*cuts)[i]);
      ASSERT_TRUE(piece.ok());
      pieces.insert(piece->begin(), piece->end());
    }
    EXPECT_EQ(pieces, rows);
    const StatusOr<uint64_t> estimate = EstimateEntries(*database.tree);
    ASSERT_TRUE(estimate.ok());
    EXPECT_GT(*estimate, rows.size() / 2);
    EXPECT_LT(*estimate, rows.size() * 2);
    txn::TransactionPtr transaction = database.Begin();
    for (int i = 0; i < 3000; ++i) {
      const std::string key = kind == KeyKind::kInt64 ? Int64Key(-i - 1) : "a" + std::to_string(i);
      ASSERT_TRUE(database.Insert(*transaction, key, "later").ok());
      rows[key] = "later";
    }
    ASSERT_TRUE(database.manager->Commit(*transaction).ok());
    ASSERT_EQ(database.Committed(), rows);
    database.Check();
  }
}

}  // namespace
}  // namespace turdb::btree
