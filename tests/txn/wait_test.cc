// Waiting for rows and tables: who waits for whom, for how long, and what becomes of cycles.
#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "txn/toy_store.h"

namespace turdb::txn {
namespace {

class WaitTest : public ::testing::Test {
 protected:
  WaitTest() {
    for (const char* key : {"a", "b", "c"}) {
      TransactionPtr txn = db_.Begin();
      EXPECT_TRUE(*db_.store.Insert(*txn, key, "0"));
      EXPECT_TRUE(db_.manager.Commit(*txn).ok());
    }
  }
  ~WaitTest() override { db_.ExpectQuiet(); }

  TransactionPtr Begin(int64_t lock_timeout_ns = -1) {
    TransactionPtr txn = db_.Begin();
    txn->set_lock_timeout_ns(lock_timeout_ns);
    return txn;
  }
  // Until `txn` waits for somebody.
  void AwaitWaiting(const Transaction& txn) {
    for (;;) {
      for (const TransactionInfo& info : db_.manager.ListTransactions()) {
        if (info.id == txn.id() && info.id != 0 && (info.waits_for != 0 || info.waits_for_table != 0)) return;
      }
      std::this_thread::yield();
    }
  }
  static base::SqlState StateOf(const base::Status& status) { return base::GetSqlState(status); }
  void Commit(TransactionPtr& txn) { EXPECT_TRUE(db_.manager.Commit(*txn).ok()); }
  void Rollback(TransactionPtr& txn) { EXPECT_TRUE(db_.manager.Rollback(*txn).ok()); }

  ToyDatabase db_;
};

TEST_F(WaitTest, FirstUpdaterWins) {
  TransactionPtr first = Begin();
  TransactionPtr second = Begin();
  ASSERT_TRUE(*db_.store.Update(*first, "a", "1"));
  ASSERT_TRUE(second->PrepareWrite().ok());
  base::Status status;
  std::thread waiter([&] { status = db_.store.Update(*second, "a", "2").status(); });
  AwaitWaiting(*second);
  EXPECT_EQ(db_.manager.ListTransactions()[1].waits_for, first->id());
  Commit(first);
  waiter.join();
  EXPECT_EQ(StateOf(status), base::sqlstate::kSerializationFailure);
  EXPECT_TRUE(base::CanRetry(status));
  Rollback(second);
  EXPECT_EQ(db_.store.Get(View{db_.manager.visible_ts()}, "a"), "1");
}

TEST_F(WaitTest, TheSecondGoesOnWhenTheFirstRollsBack) {
  TransactionPtr first = Begin();
  TransactionPtr second = Begin();
  ASSERT_TRUE(*db_.store.Update(*first, "a", "1"));
  ASSERT_TRUE(second->PrepareWrite().ok());
  base::StatusOr<bool> result = false;
  std::thread waiter([&] { result = db_.store.Update(*second, "a", "2"); });
  AwaitWaiting(*second);
  Rollback(first);
  waiter.join();
  EXPECT_TRUE(result.ok() && *result);
  Commit(second);
  EXPECT_EQ(db_.store.Get(View{db_.manager.visible_ts()}, "a"), "2");
}

TEST_F(WaitTest, TwoInsertsOfOneKeyNeverBothCommit) {
  for (const bool commit : {true, false}) {
    const std::string key = commit ? "x" : "y";
    TransactionPtr first = Begin();
    TransactionPtr second = Begin();
    ASSERT_TRUE(*db_.store.Insert(*first, key, "1"));
    ASSERT_TRUE(second->PrepareWrite().ok());
    base::StatusOr<bool> result = false;
    std::thread waiter([&] { result = db_.store.Insert(*second, key, "2"); });
    AwaitWaiting(*second);
    commit ? Commit(first) : Rollback(first);
    waiter.join();
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(*result, !commit);  // a duplicate, or the row
    Commit(second);
    EXPECT_EQ(db_.store.Get(View{db_.manager.visible_ts()}, key), commit ? "1" : "2");
  }
}

TEST_F(WaitTest, TheTimeoutNamesTheHolder) {
  TransactionPtr first = Begin();
  ASSERT_TRUE(*db_.store.Update(*first, "a", "1"));
  for (const int64_t timeout_ns : {int64_t{0}, int64_t{2'000'000}}) {
    TransactionPtr second = Begin(timeout_ns);
    const base::Status status = db_.store.Update(*second, "a", "2").status();
    EXPECT_EQ(StateOf(status), base::sqlstate::kLockNotAvailable);
    EXPECT_NE(status.message().find("transaction " + std::to_string(first->id())), std::string::npos) << status;
    Rollback(second);
  }
  Rollback(first);
}

TEST_F(WaitTest, NoWaitFailsAtOnce) {
  TransactionPtr first = Begin();
  TransactionPtr second = Begin();
  ASSERT_TRUE(*db_.store.Lock(*first, "a", LockStrength::kUpdate));
  for (const WaitPolicy policy : {WaitPolicy::kNoWait, WaitPolicy::kSkipLocked}) {
    EXPECT_EQ(StateOf(db_.store.Lock(*second, "a", LockStrength::kShare, policy).status()), base::sqlstate::kLockNotAvailable);
  }
  Commit(first);
  EXPECT_TRUE(*db_.store.Lock(*second, "a", LockStrength::kUpdate));  // a lock leaves no conflict behind
  Commit(second);
}

TEST_F(WaitTest, SharedLocksAreShared) {
  TransactionPtr first = Begin();
  TransactionPtr second = Begin();
  TransactionPtr third = Begin(0);
  EXPECT_TRUE(*db_.store.Lock(*first, "a", LockStrength::kShare));
  EXPECT_TRUE(*db_.store.Lock(*second, "a", LockStrength::kShare));
  EXPECT_EQ(StateOf(db_.store.Update(*third, "a", "1").status()), base::sqlstate::kLockNotAvailable);
  Commit(first);
  EXPECT_EQ(StateOf(db_.store.Update(*third, "a", "1").status()), base::sqlstate::kLockNotAvailable);
  Commit(second);
  EXPECT_TRUE(*db_.store.Update(*third, "a", "1"));
  Commit(third);
}

TEST_F(WaitTest, AForeignKeyCheckDoesNotStopUpdatesOfTheParent) {
  TransactionPtr child = Begin();
  TransactionPtr parent = Begin(0);
  ASSERT_TRUE(*db_.store.Lock(*child, "a", LockStrength::kKeyShare));
  EXPECT_TRUE(*db_.store.Update(*parent, "a", "1"));
  EXPECT_EQ(StateOf(db_.store.Delete(*parent, "a").status()), base::sqlstate::kLockNotAvailable);
  TransactionPtr another = Begin();
  EXPECT_TRUE(*db_.store.Lock(*another, "a", LockStrength::kKeyShare));
  // The commit below the locks does not hide them.
  Commit(parent);
  TransactionPtr late = Begin(0);
  EXPECT_EQ(StateOf(db_.store.Delete(*late, "a").status()), base::sqlstate::kLockNotAvailable);
  Commit(child);
  Commit(another);
  EXPECT_TRUE(*db_.store.Delete(*late, "a"));
  Rollback(late);
}

TEST_F(WaitTest, ADeadlockHasOneVictimAtOnce) {
  TransactionPtr first = Begin();
  TransactionPtr second = Begin();
  ASSERT_TRUE(*db_.store.Update(*first, "a", "1"));
  ASSERT_TRUE(*db_.store.Update(*second, "b", "2"));
  base::Status waiting;
  std::thread waiter([&] { waiting = db_.store.Update(*first, "b", "1").status(); });
  AwaitWaiting(*first);
  const base::Status victim = db_.store.Update(*second, "a", "2").status();
  EXPECT_EQ(StateOf(victim), base::sqlstate::kDeadlock);
  EXPECT_TRUE(base::CanRetry(victim));
  Rollback(second);
  waiter.join();
  EXPECT_TRUE(waiting.ok()) << waiting;
  Commit(first);
}

TEST_F(WaitTest, ACycleOfThree) {
  std::vector<TransactionPtr> txns;
  const std::vector<std::string> keys = {"a", "b", "c"};
  for (const std::string& key : keys) {
    txns.push_back(Begin());
    ASSERT_TRUE(*db_.store.Update(*txns.back(), key, "1"));
  }
  std::vector<std::thread> threads;
  std::vector<base::Status> results(2);
  for (size_t i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] { results[i] = db_.store.Update(*txns[i], keys[i + 1], "2").status(); });
    AwaitWaiting(*txns[i]);
  }
  EXPECT_EQ(StateOf(db_.store.Update(*txns[2], "a", "2").status()), base::sqlstate::kDeadlock);
  Rollback(txns[2]);
  threads[1].join();
  EXPECT_TRUE(results[1].ok()) << results[1];
  Rollback(txns[1]);
  threads[0].join();
  EXPECT_TRUE(results[0].ok()) << results[0];
  Rollback(txns[0]);
}

TEST_F(WaitTest, TwoSharersWhoBothWantToWrite) {
  TransactionPtr first = Begin();
  TransactionPtr second = Begin();
  ASSERT_TRUE(*db_.store.Lock(*first, "a", LockStrength::kShare));
  ASSERT_TRUE(*db_.store.Lock(*second, "a", LockStrength::kShare));
  base::Status waiting;
  std::thread waiter([&] { waiting = db_.store.Update(*first, "a", "1").status(); });
  AwaitWaiting(*first);
  EXPECT_EQ(StateOf(db_.store.Update(*second, "a", "2").status()), base::sqlstate::kDeadlock);
  Rollback(second);
  waiter.join();
  EXPECT_TRUE(waiting.ok()) << waiting;
  Commit(first);
}

TEST_F(WaitTest, CancelEndsAWait) {
  TransactionPtr first = Begin();
  TransactionPtr second = Begin();
  ASSERT_TRUE(*db_.store.Update(*first, "a", "1"));
  ASSERT_TRUE(db_.manager.LockTable(*first, 5, TableLockMode::kExclusive).ok());
  ASSERT_TRUE(second->PrepareWrite().ok());
  for (const bool row : {true, false}) {
    base::Status status;
    std::thread waiter([&] {
      status = row ? db_.store.Update(*second, "a", "2").status() : db_.manager.LockTable(*second, 5, TableLockMode::kWrite);
    });
    AwaitWaiting(*second);
    db_.manager.Cancel(*second);
    waiter.join();
    EXPECT_EQ(StateOf(status), base::sqlstate::kQueryCanceled);
    db_.manager.ClearCancel(*second);
  }
  Rollback(second);
  Rollback(first);
}

// ---- Tables

TEST_F(WaitTest, WritersShareATableAndDdlHasItAlone) {
  TransactionPtr first = Begin(0);
  TransactionPtr second = Begin(0);
  TransactionPtr ddl = Begin(0);
  EXPECT_TRUE(db_.manager.LockTable(*first, 5, TableLockMode::kWrite).ok());
  EXPECT_TRUE(db_.manager.LockTable(*second, 5, TableLockMode::kWrite).ok());
  for (const TableLockMode mode : {TableLockMode::kExclusive, TableLockMode::kShare}) {
    const base::Status status = db_.manager.LockTable(*ddl, 5, mode);
    EXPECT_EQ(StateOf(status), base::sqlstate::kLockNotAvailable);
  }
  EXPECT_TRUE(db_.manager.LockTable(*ddl, 6, TableLockMode::kExclusive).ok());
  Commit(first);
  Commit(second);
  EXPECT_TRUE(db_.manager.LockTable(*ddl, 5, TableLockMode::kExclusive).ok());
  TransactionPtr late = Begin(0);
  EXPECT_EQ(StateOf(db_.manager.LockTable(*late, 5, TableLockMode::kWrite)), base::sqlstate::kLockNotAvailable);
  Commit(ddl);
  EXPECT_TRUE(db_.manager.LockTable(*late, 5, TableLockMode::kWrite).ok());
  Commit(late);
}

TEST_F(WaitTest, AHolderMayAskForMoreAndAgain) {
  TransactionPtr txn = Begin(0);
  EXPECT_TRUE(db_.manager.LockTable(*txn, 5, TableLockMode::kWrite).ok());
  EXPECT_TRUE(db_.manager.LockTable(*txn, 5, TableLockMode::kWrite).ok());
  EXPECT_TRUE(db_.manager.LockTable(*txn, 5, TableLockMode::kShare).ok());
  TransactionPtr other = Begin(0);
  EXPECT_FALSE(db_.manager.LockTable(*other, 5, TableLockMode::kShare).ok());  // both modes: nobody else
  EXPECT_TRUE(db_.manager.LockTable(*txn, 5, TableLockMode::kExclusive).ok());
  Commit(txn);
  EXPECT_TRUE(db_.manager.LockTable(*other, 5, TableLockMode::kShare).ok());
  Commit(other);
}

TEST_F(WaitTest, WhoWaitsForATableIsNotOvertaken) {
  TransactionPtr writer = Begin();
  TransactionPtr ddl = Begin();
  TransactionPtr late = Begin();
  ASSERT_TRUE(db_.manager.LockTable(*writer, 5, TableLockMode::kWrite).ok());
  ASSERT_TRUE(ddl->PrepareWrite().ok());
  ASSERT_TRUE(late->PrepareWrite().ok());
  std::atomic<int> order{0};
  int ddl_turn = 0, late_turn = 0;
  std::thread ddl_thread([&] {
    ASSERT_TRUE(db_.manager.LockTable(*ddl, 5, TableLockMode::kExclusive).ok());
    ddl_turn = ++order;
    Commit(ddl);
  });
  AwaitWaiting(*ddl);
  std::thread late_thread([&] {
    ASSERT_TRUE(db_.manager.LockTable(*late, 5, TableLockMode::kWrite).ok());
    late_turn = ++order;
    Commit(late);
  });
  AwaitWaiting(*late);
  EXPECT_TRUE(db_.manager.LockTable(*writer, 5, TableLockMode::kWrite).ok());  // has it: does not queue
  Commit(writer);
  ddl_thread.join();
  late_thread.join();
  EXPECT_EQ(ddl_turn, 1);
  EXPECT_EQ(late_turn, 2);
}

TEST_F(WaitTest, ACycleThroughARowAndATable) {
  TransactionPtr first = Begin();
  TransactionPtr second = Begin();
  ASSERT_TRUE(db_.manager.LockTable(*first, 5, TableLockMode::kWrite).ok());
  ASSERT_TRUE(*db_.store.Update(*second, "a", "2"));
  base::Status waiting;
  std::thread waiter([&] { waiting = db_.manager.LockTable(*second, 5, TableLockMode::kExclusive); });
  AwaitWaiting(*second);
  EXPECT_EQ(StateOf(db_.store.Update(*first, "a", "1").status()), base::sqlstate::kDeadlock);
  Rollback(first);
  waiter.join();
  EXPECT_TRUE(waiting.ok()) << waiting;
  Commit(second);
}

TEST_F(WaitTest, TwoWritersWhoBothWantTheTableAlone) {
  TransactionPtr first = Begin();
  TransactionPtr second = Begin();
  ASSERT_TRUE(db_.manager.LockTable(*first, 5, TableLockMode::kWrite).ok());
  ASSERT_TRUE(db_.manager.LockTable(*second, 5, TableLockMode::kWrite).ok());
  base::Status waiting;
  std::thread waiter([&] { waiting = db_.manager.LockTable(*first, 5, TableLockMode::kExclusive); });
  AwaitWaiting(*first);
  EXPECT_EQ(StateOf(db_.manager.LockTable(*second, 5, TableLockMode::kExclusive)), base::sqlstate::kDeadlock);
  Rollback(second);
  waiter.join();
  EXPECT_TRUE(waiting.ok()) << waiting;
  Commit(first);
}

}  // namespace
}  // namespace turdb::txn
