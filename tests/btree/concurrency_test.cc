// Many threads on one tree: money is neither made nor lost in any snapshot, private rows stay as their owner
// wrote them, and the structure is sound afterwards. A small pool makes the threads fight for frames, too.
#include <algorithm>
#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "btree/database.h"

namespace turdb::btree {
namespace {

using base::AsBytes;
using base::AsText;
using base::Describe;

constexpr int kAccounts = 200;
constexpr int64_t kBalance = 1000;

struct Setting {
  const char* name;
  KeyKind kind;
  int64_t page_cache_bytes;
};

class ConcurrencyTest : public testing::TestWithParam<Setting> {
 protected:
  // Accounts lie between the rows that come and go.
  std::string Key(int64_t number) const {
    if (GetParam().kind == KeyKind::kInt64) return Int64Key(number);
    std::string key = "\x20key";
    std::string digits = std::to_string(number);
    return key + std::string(12 - digits.size(), '0') + digits;
  }
  std::string Account(int i) const { return Key(int64_t{i} * 1000); }
};

int64_t Number(Bytes value) { return std::stoll(std::string(AsText(value.first(20)))); }
std::string Balance(int64_t balance) {
  std::string text = std::to_string(balance);
  return std::string(20 - text.size(), '0') + text + std::string(30, '.');
}

TEST_P(ConcurrencyTest, MoneyIsConservedInEverySnapshot) {
  storage::Options options = Database::SmallOptions();
  options.page_cache_bytes = GetParam().page_cache_bytes;
  options.threads = 2;
  Database database(os::Environment::InMemory(), options);
  ASSERT_TRUE(database.Open().ok());
  ASSERT_TRUE(database.CreateTree(GetParam().kind).ok());
  {
    txn::TransactionPtr transaction = database.Begin();
    for (int i = 0; i < kAccounts; ++i) ASSERT_TRUE(database.Insert(*transaction, Account(i), Balance(kBalance)).ok());
    ASSERT_TRUE(database.manager->Commit(*transaction).ok());
  }
  std::atomic<bool> stop{false};
  std::atomic<int> commits{0}, conflicts{0};
  const auto writer = [&](uint64_t seed) {
    std::mt19937_64 random(Seed(seed));
    std::vector<int64_t> mine;
    for (int round = 0; round < 250; ++round) {
      txn::TransactionPtr transaction = database.Begin();
      transaction->set_lock_timeout_ns(2'000'000'000);
      Status status;
      for (int transfer = 0; transfer < 2 && status.ok(); ++transfer) {
        const int from = static_cast<int>(random() % kAccounts), to = static_cast<int>(random() % kAccounts);
        const auto amount = static_cast<int64_t>(random() % 50);
        for (const auto& [account, change] : {std::pair(from, -amount), std::pair(to, amount)}) {
          const StatusOr<bool> updated = database.tree->Update(
              *transaction, AsBytes(Account(account)), [&, c = change](Bytes old, std::string* out) -> StatusOr<bool> {
                // Lengths vary, so that values move and leaves split.
                out->append(Balance(Number(old) + c)).append(random() % 300, '+');
                return true;
              });
          status = updated.status();
          if (!status.ok()) break;
          EXPECT_TRUE(*updated);
          // A new statement, or the second update of one account would not see the first.
          EXPECT_TRUE(database.manager->BeginStatement(*transaction).ok());
        }
      }
      std::vector<int64_t> added, removed;
      for (int i = 0; i < 20 && status.ok(); ++i) {
        if (!mine.empty() && random() % 2 == 0) {
          const size_t at = random() % mine.size();
          const StatusOr<bool> gone = database.Delete(*transaction, Key(mine[at]));
          status = gone.status();
          if (!status.ok()) break;
          EXPECT_TRUE(*gone);
          removed.push_back(mine[at]);
          mine.erase(mine.begin() + static_cast<ptrdiff_t>(at));
        } else {
          const int64_t number = static_cast<int64_t>(random() % kAccounts * 1000 + 1 + seed + 10 * (random() % 90));
          const StatusOr<Tree::InsertResult> inserted =
              database.tree->Insert(*transaction, AsBytes(Key(number)), AsBytes(std::string(random() % 200, 'p')));
          status = inserted.status();
          if (status.ok() && *inserted == Tree::InsertResult::kInserted) added.push_back(number);
        }
      }
      const bool conflict = !status.ok();
      if (conflict) {
        EXPECT_TRUE(base::CanRetry(status)) << Describe(status);
        ++conflicts;
      }
      if (conflict || random() % 5 == 0) {
        const Status rolled_back = database.manager->Rollback(*transaction);
        EXPECT_TRUE(rolled_back.ok()) << Describe(rolled_back);
        for (const int64_t number : removed) {
          if (std::find(added.begin(), added.end(), number) == added.end()) mine.push_back(number);
        }
      } else {
        const Status committed = database.manager->Commit(*transaction);
        EXPECT_TRUE(committed.ok()) << Describe(committed);
        ++commits;
        for (const int64_t number : added) {
          if (std::find(removed.begin(), removed.end(), number) == removed.end()) mine.push_back(number);
        }
      }
      // Rows that a transaction both removed and added again, or the reverse, are looked up afresh.
      std::sort(mine.begin(), mine.end());
      mine.erase(std::unique(mine.begin(), mine.end()), mine.end());
      const txn::Snapshot snapshot = database.manager->AcquireSnapshot();
      std::erase_if(mine, [&](int64_t number) {
        const StatusOr<bool> found = database.tree->Get(txn::View{snapshot.read_ts()}, AsBytes(Key(number)), [](Bytes) {});
        EXPECT_TRUE(found.ok());
        return !*found;
      });
    }
  };
  const auto reader = [&](bool forward) {
    while (!stop.load()) {
      const txn::Snapshot snapshot = database.manager->AcquireSnapshot();
      const txn::View view{snapshot.read_ts()};
      const StatusOr<Rows> rows = forward ? database.Scan(view, 50) : database.ScanBackward(view, 50);
      ASSERT_TRUE(rows.ok()) << Describe(rows.status());
      int64_t total = 0;
      int accounts = 0;
      for (int i = 0; i < kAccounts; ++i) {
        const auto row = rows->find(Account(i));
        if (row == rows->end()) continue;
        ++accounts;
        total += Number(AsBytes(row->second));
        int64_t balance = 0;
        const StatusOr<bool> found =
            database.tree->Get(view, AsBytes(Account(i)), [&](Bytes value) { balance = Number(value); });
        EXPECT_TRUE(found.ok() && *found);
        EXPECT_EQ(balance, Number(AsBytes(row->second)));
      }
      EXPECT_EQ(accounts, kAccounts);
      EXPECT_EQ(total, kAccounts * kBalance);
    }
  };
  std::vector<std::thread> writers, readers;
  readers.emplace_back([&] {  // pages move and files are cut all the while
    while (!stop.load()) {
      const StatusOr<base::PageNo> pages = database.Vacuum();
      ASSERT_TRUE(pages.ok()) << Describe(pages.status());
    }
  });
  for (uint64_t seed = 0; seed < 4; ++seed) writers.emplace_back(writer, seed);
  readers.emplace_back(reader, true);
  readers.emplace_back(reader, false);
  for (std::thread& thread : writers) thread.join();
  stop = true;
  for (std::thread& thread : readers) thread.join();
  EXPECT_GT(commits.load(), 100);
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(database.manager->CollectGarbage(1000).ok());
  const CheckReport report = database.Check();
  EXPECT_EQ(report.ghosts, 0u);
  EXPECT_GE(report.live_entries, static_cast<uint64_t>(kAccounts));
}

INSTANTIATE_TEST_SUITE_P(Settings, ConcurrencyTest,
                         testing::Values(Setting{"text", KeyKind::kBytes, 8 << 20}, Setting{"int64", KeyKind::kInt64, 8 << 20},
                                         Setting{"tiny_pool", KeyKind::kBytes, 32 * 16384}),
                         [](const auto& info) { return std::string(info.param.name); });

// Two inserts of one key never both commit, however they meet.
TEST(Uniqueness, OneOfManyInsertersWins) {
  Database database(os::Environment::InMemory());
  ASSERT_TRUE(database.Open().ok());
  ASSERT_TRUE(database.CreateTree(KeyKind::kBytes).ok());
  constexpr int kKeys = 300;
  std::vector<std::atomic<int>> winners(kKeys);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937_64 random(Seed(static_cast<uint64_t>(t)));
      for (int i = 0; i < kKeys; ++i) {
        txn::TransactionPtr transaction = database.Begin();
        const std::string key = "k" + std::to_string(i);
        const StatusOr<Tree::InsertResult> result =
            database.tree->Insert(*transaction, AsBytes(key), AsBytes(std::to_string(t)));
        if (result.ok() && *result == Tree::InsertResult::kInserted && random() % 3 != 0) {
          if (database.manager->Commit(*transaction).ok()) ++winners[static_cast<size_t>(i)];
        } else {
          EXPECT_TRUE(result.ok() || base::CanRetry(result.status())) << Describe(result.status());
          EXPECT_TRUE(database.manager->Rollback(*transaction).ok());
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const Rows rows = database.Committed();
  for (int i = 0; i < kKeys; ++i) {
    EXPECT_LE(winners[static_cast<size_t>(i)].load(), 1);
    EXPECT_EQ(rows.contains("k" + std::to_string(i)), winners[static_cast<size_t>(i)].load() == 1);
  }
  database.Check();
}

}  // namespace
}  // namespace turdb::btree
