// Many threads at once: nothing lost, nothing invented, and every recorded history is one of snapshots.
// Meant to be run under the thread sanitizer as well.
#include <atomic>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "txn/history_checker.h"
#include "txn/toy_store.h"

namespace turdb::txn {
namespace {

using history::Op;
using history::OpKind;
using history::Outcome;
using history::RecordedTransaction;

constexpr int kThreads = 4;

std::string Key(int64_t n) {
  std::string key(8, '\0');
  base::StoreBE(key.data(), static_cast<uint64_t>(n));
  return key;
}

int64_t Number(const std::string& text) {
  int64_t n = 0;
  EXPECT_TRUE(absl::SimpleAtoi(text, &n)) << text;
  return n;
}

// Splits, merges, evicts and collects until told to stop.
class Disturber {
 public:
  explicit Disturber(ToyDatabase& db)
      : thread_([this, &db] {
          std::mt19937 random(99);
          while (!stop_.load()) {
            db.store.Split(random() % 64);
            db.store.MergeWithNext(random() % 64);
            db.store.Evict(random() % 64);
            EXPECT_TRUE(db.manager.CollectGarbage(16).ok());
            EXPECT_TRUE(db.manager.SpillVersions(16).ok());
            (void)db.manager.ListTransactions();
            std::this_thread::yield();
          }
        }) {}
  ~Disturber() {
    stop_.store(true);
    thread_.join();
  }

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

void RunThreads(const std::function<void(int)>& body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(body, i);
  for (std::thread& thread : threads) thread.join();
}

TEST(ConcurrencyTest, TransfersKeepTheSum) {
  ToyDatabase db;
  constexpr int kAccounts = 40;
  {
    TransactionPtr txn = db.Begin();
    for (int i = 0; i < kAccounts; ++i) ASSERT_TRUE(*db.store.Insert(*txn, Key(i), "100"));
    ASSERT_TRUE(db.manager.Commit(*txn).ok());
  }
  const auto sum = [&](const View& view) {
    int64_t total = 0;
    for (const auto& [key, value] : db.store.Scan(view)) total += Number(value);
    return total;
  };
  std::atomic<int> committed{0};
  {
    db.manager.SetSpill("versions.tmp", INT64_MAX);
    Disturber disturber(db);
    RunThreads([&](int thread) {
      std::mt19937 random(static_cast<unsigned>(thread));
      SnapshotHint hint = 0;
      for (int round = 0; round < 300; ++round) {
        TransactionPtr txn = db.Begin();
        const int amount = static_cast<int>(random() % 10);
        base::Status status;
        for (const int sign : {-1, 1}) {
          if (!status.ok()) break;
          status = db.store
                       .Change(*txn, Key(static_cast<int64_t>(random() % kAccounts)),
                               [&](const std::string& old) { return absl::StrCat(Number(old) + sign * amount); })
                       .status();
          if (sign < 0 && random() % 4 == 0) {
            EXPECT_EQ(sum(txn->view()), kAccounts * 100);
          }
          db.NextStatement(*txn);
        }
        if (status.ok() && random() % 8 != 0) {
          ASSERT_TRUE(db.manager.Commit(*txn).ok());
          committed.fetch_add(1);
        } else {
          EXPECT_TRUE(status.ok() || base::CanRetry(status)) << status;
          ASSERT_TRUE(db.manager.Rollback(*txn).ok());
        }
        const Snapshot snapshot = db.manager.AcquireSnapshot(&hint);
        if (random() % 4 == 0) {
          EXPECT_EQ(sum(View{snapshot.read_ts()}), kAccounts * 100);
        }
      }
    });
  }
  EXPECT_GT(committed.load(), 100);
  db.store.CheckInvariants();
  db.ExpectQuiet();
}

TEST(ConcurrencyTest, NoIncrementIsLost) {
  ToyDatabase db;
  {
    TransactionPtr txn = db.Begin();
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(*db.store.Insert(*txn, Key(i), "0"));
    ASSERT_TRUE(db.manager.Commit(*txn).ok());
  }
  constexpr int kEach = 150;
  RunThreads([&](int thread) {
    std::mt19937 random(static_cast<unsigned>(thread));
    for (int done = 0; done < kEach;) {
      TransactionPtr txn = db.Begin();
      const base::StatusOr<bool> changed = db.store.Change(
          *txn, Key(static_cast<int64_t>(random() % 3)), [](const std::string& old) { return absl::StrCat(Number(old) + 1); });
      if (changed.ok()) {
        ASSERT_TRUE(db.manager.Commit(*txn).ok());
        ++done;
      } else {
        ASSERT_EQ(base::GetSqlState(changed.status()), base::sqlstate::kSerializationFailure) << changed.status();
        ASSERT_TRUE(db.manager.Rollback(*txn).ok());
      }
    }
  });
  int64_t total = 0;
  for (const auto& [key, value] : db.store.Scan(View{db.manager.visible_ts()})) total += Number(value);
  EXPECT_EQ(total, kThreads * kEach);
  db.ExpectQuiet();
}

TEST(ConcurrencyTest, EveryKeyIsInsertedOnce) {
  ToyDatabase db;
  std::atomic<int> inserted{0};
  {
    db.manager.SetSpill("versions.tmp", INT64_MAX);
    Disturber disturber(db);
    RunThreads([&](int thread) {
      std::mt19937 random(static_cast<unsigned>(thread));
      for (int64_t n = 0; n < 400; ++n) {
        TransactionPtr txn = db.Begin();
        const base::StatusOr<bool> result = db.store.Insert(*txn, Key(n), absl::StrCat(thread));
        if (result.ok() && *result && random() % 4 != 0) {
          ASSERT_TRUE(db.manager.Commit(*txn).ok());
          inserted.fetch_add(1);
        } else {
          EXPECT_TRUE(result.ok()) << result.status();
          ASSERT_TRUE(db.manager.Rollback(*txn).ok());
        }
      }
    });
  }
  EXPECT_EQ(db.store.Scan(View{db.manager.visible_ts()}).size(), static_cast<size_t>(inserted.load()));
  db.ExpectQuiet();
}

TEST(ConcurrencyTest, TableLocksExclude) {
  ToyDatabase db;
  std::atomic<int> writers{0}, exclusive{0};
  RunThreads([&](int thread) {
    std::mt19937 random(static_cast<unsigned>(thread));
    for (int round = 0; round < 200; ++round) {
      TransactionPtr txn = db.Begin();
      const bool alone = random() % 5 == 0;
      const base::Status status = db.manager.LockTable(*txn, 5, alone ? TableLockMode::kExclusive : TableLockMode::kWrite);
      ASSERT_TRUE(status.ok()) << status;
      (alone ? exclusive : writers).fetch_add(1);
      EXPECT_TRUE(exclusive.load() == 0 || (exclusive.load() == 1 && alone && writers.load() == 0));
      std::this_thread::yield();
      (alone ? exclusive : writers).fetch_sub(1);
      ASSERT_TRUE(db.manager.Commit(*txn).ok());
    }
  });
  db.ExpectQuiet();
}

// ---- Recorded histories

class Recorder {
 public:
  explicit Recorder(ToyDatabase& db) : db_(db) {}

  // Runs transactions of one thread and records them.
  void Run(int thread, int count, bool lists, std::vector<RecordedTransaction>* out) {
    std::mt19937 random(static_cast<unsigned>(thread + 1));
    for (int i = 0; i < count; ++i) {
      RecordedTransaction recorded;
      recorded.began = clock_.fetch_add(1);
      TransactionPtr txn = db_.Begin();
      base::Status status;
      const int ops = 1 + static_cast<int>(random() % 5);
      for (int k = 0; k < ops && status.ok(); ++k) {
        const auto key = static_cast<int64_t>(random() % 6);
        if (random() % 2 == 0) {
          recorded.ops.push_back(Read(*txn, key));
        } else {
          if (!lists) recorded.ops.push_back(Read(*txn, key));
          const int64_t value = clock_.fetch_add(1);
          status = Write(*txn, key, value, lists);
          recorded.ops.push_back({lists ? OpKind::kAppend : OpKind::kWrite, key, value, {}});
        }
        db_.NextStatement(*txn);
      }
      if (status.ok() && random() % 10 != 0) {
        EXPECT_TRUE(db_.manager.Commit(*txn).ok());
        recorded.outcome = Outcome::kCommitted;
      } else {
        EXPECT_TRUE(status.ok() || base::CanRetry(status)) << status;
        EXPECT_TRUE(db_.manager.Rollback(*txn).ok());
        recorded.outcome = Outcome::kAborted;
      }
      recorded.ended = clock_.fetch_add(1);
      out->push_back(std::move(recorded));
    }
  }

 private:
  Op Read(Transaction& txn, int64_t key) {
    Op op{OpKind::kRead, key, 0, {}};
    const std::optional<std::string> value = db_.store.Get(txn.view(), Key(key));
    if (value.has_value()) {
      for (std::string_view part : absl::StrSplit(*value, ' ')) op.seen.push_back(Number(std::string(part)));
    }
    return op;
  }
  base::Status Write(Transaction& txn, int64_t key, int64_t value, bool list) {
    for (;;) {
      const base::StatusOr<bool> changed = db_.store.Change(
          txn, Key(key), [&](const std::string& old) { return list ? absl::StrCat(old, " ", value) : absl::StrCat(value); });
      if (!changed.ok() || *changed) return changed.status();
      const base::StatusOr<bool> inserted = db_.store.Insert(txn, Key(key), absl::StrCat(value));
      if (!inserted.ok() || *inserted) return inserted.status();
      // Another's row, committed since: not in this snapshot, and in the way.
      return base::SerializationFailure("the key exists");
    }
  }

  ToyDatabase& db_;
  std::atomic<int64_t> clock_{1};
};

void CheckRecorded(bool lists) {
  ToyDatabase db;
  Recorder recorder(db);
  std::vector<std::vector<RecordedTransaction>> parts(kThreads);
  {
    db.manager.SetSpill("versions.tmp", INT64_MAX);
    Disturber disturber(db);
    RunThreads([&](int thread) { recorder.Run(thread, 200, lists, &parts[static_cast<size_t>(thread)]); });
  }
  std::vector<RecordedTransaction> all;
  for (auto& part : parts) std::move(part.begin(), part.end(), std::back_inserter(all));
  recorder.Run(kThreads, 5, lists, &all);  // alone, so that the last versions are read
  const std::vector<history::Anomaly> anomalies = history::Check(all, history::Level::kSnapshot, /*real_time=*/true);
  EXPECT_TRUE(anomalies.empty()) << history::Describe(anomalies);
  db.ExpectQuiet();
}

TEST(ConcurrencyTest, ListAppendHistoriesAreSnapshots) { CheckRecorded(/*lists=*/true); }
TEST(ConcurrencyTest, RegisterHistoriesAreSnapshots) { CheckRecorded(/*lists=*/false); }

}  // namespace
}  // namespace turdb::txn
