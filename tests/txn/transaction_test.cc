// A transaction's life: statements, savepoints, commit, rollback, what is deferred, what fails.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "storage/storage.h"
#include "txn/toy_store.h"

namespace turdb::txn {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

class TransactionTest : public ::testing::Test {
 protected:
  ~TransactionTest() override { db_.ExpectQuiet(); }
  Rows Committed() {
    const Snapshot snapshot = db_.manager.AcquireSnapshot();
    return db_.store.Scan(View{snapshot.read_ts()});
  }
  void Put(const std::string& key, const std::string& value) {
    TransactionPtr txn = db_.Begin();
    ASSERT_TRUE(db_.store.Insert(*txn, key, value).ok());
    ASSERT_TRUE(db_.manager.Commit(*txn).ok());
  }
  ToyDatabase db_;
};

TEST_F(TransactionTest, CommitPublishesEverythingAtOnce) {
  TransactionPtr txn = db_.Begin();
  ASSERT_TRUE(*db_.store.Insert(*txn, "a", "1"));
  ASSERT_TRUE(*db_.store.Insert(*txn, "b", "2"));
  EXPECT_EQ(Committed(), Rows{});
  const Snapshot before = db_.manager.AcquireSnapshot();
  ASSERT_TRUE(db_.manager.Commit(*txn).ok());
  EXPECT_EQ(Committed(), (Rows{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(db_.store.Scan(View{before.read_ts()}), Rows{});
}

TEST_F(TransactionTest, SnapshotIsTakenByTheFirstStatement) {
  TransactionPtr txn = db_.manager.Begin();
  Put("a", "1");
  db_.NextStatement(*txn);
  Put("b", "2");
  db_.NextStatement(*txn);
  EXPECT_EQ(db_.store.Scan(txn->view()), (Rows{{"a", "1"}}));
  ASSERT_TRUE(db_.manager.Commit(*txn).ok());
}

TEST_F(TransactionTest, AStatementDoesNotSeeItsOwnChangesAndTheNextDoes) {
  TransactionPtr txn = db_.Begin();
  ASSERT_TRUE(*db_.store.Insert(*txn, "a", "1"));
  EXPECT_EQ(db_.store.Scan(txn->view()), Rows{});
  EXPECT_EQ(db_.store.Scan(txn->view_with_own_changes()), (Rows{{"a", "1"}}));
  db_.NextStatement(*txn);
  EXPECT_EQ(db_.store.Scan(txn->view()), (Rows{{"a", "1"}}));
  ASSERT_TRUE(db_.manager.Rollback(*txn).ok());
  EXPECT_EQ(Committed(), Rows{});
}

TEST_F(TransactionTest, AReadTransactionMayBecomeAWriterAtAnyTime) {
  Put("a", "1");
  TransactionPtr txn = db_.Begin();
  EXPECT_EQ(db_.store.Scan(txn->view()).size(), 1u);
  EXPECT_EQ(txn->id(), 0u);
  Put("b", "2");  // another commit in between is no reason to fail
  db_.NextStatement(*txn);
  ASSERT_TRUE(*db_.store.Update(*txn, "a", "3"));
  EXPECT_NE(txn->id(), 0u);
  ASSERT_TRUE(db_.manager.Commit(*txn).ok());
  EXPECT_EQ(Committed(), (Rows{{"a", "3"}, {"b", "2"}}));
}

TEST_F(TransactionTest, ReadOnlyTransactionsCannotWrite) {
  TransactionPtr txn = db_.manager.Begin(Isolation::kSnapshot, /*read_only=*/true);
  db_.NextStatement(*txn);
  EXPECT_EQ(base::GetSqlState(db_.store.Insert(*txn, "a", "1").status()), base::sqlstate::kReadOnlyTransaction);
  ASSERT_TRUE(db_.manager.Commit(*txn).ok());
}

TEST_F(TransactionTest, AFailedStatementIsRolledBackWholeAndTheTransactionLivesOn) {
  TransactionPtr txn = db_.Begin();
  ASSERT_TRUE(*db_.store.Insert(*txn, "a", "1"));
  db_.manager.EndStatement(*txn, txn->statement());
  const Savepoint before = *db_.manager.BeginStatement(*txn);
  ASSERT_TRUE(*db_.store.Insert(*txn, "b", "2"));
  ASSERT_TRUE(*db_.store.Update(*txn, "a", "9"));
  ASSERT_TRUE(*db_.store.Delete(*txn, "a"));
  ASSERT_TRUE(db_.manager.RollbackTo(*txn, before).ok());
  db_.NextStatement(*txn);
  EXPECT_EQ(db_.store.Scan(txn->view()), (Rows{{"a", "1"}}));
  ASSERT_TRUE(db_.manager.Commit(*txn).ok());
  EXPECT_EQ(Committed(), (Rows{{"a", "1"}}));
}

TEST_F(TransactionTest, SavepointsNest) {
  TransactionPtr txn = db_.Begin();
  std::vector<Savepoint> savepoints;
  for (int i = 0; i < 5; ++i) {
    savepoints.push_back(db_.manager.MakeSavepoint(*txn));
    ASSERT_TRUE(*db_.store.Insert(*txn, absl::StrCat("k", i), "v"));
    db_.NextStatement(*txn);
  }
  ASSERT_TRUE(db_.manager.RollbackTo(*txn, savepoints[3]).ok());
  ASSERT_TRUE(*db_.store.Insert(*txn, "again", "v"));
  db_.NextStatement(*txn);
  EXPECT_EQ(db_.store.Scan(txn->view()).size(), 4u);
  ASSERT_TRUE(db_.manager.RollbackTo(*txn, savepoints[1]).ok());  // over the compensations of the first
  db_.NextStatement(*txn);
  EXPECT_EQ(db_.store.Scan(txn->view()), (Rows{{"k0", "v"}}));
  ASSERT_TRUE(db_.manager.RollbackTo(*txn, savepoints[1]).ok());  // twice is fine
  ASSERT_TRUE(db_.manager.Commit(*txn).ok());
  EXPECT_EQ(Committed(), (Rows{{"k0", "v"}}));
}

TEST_F(TransactionTest, EachChangeIsCompensatedOnce) {
  TransactionPtr txn = db_.Begin();
  const Savepoint start = db_.manager.MakeSavepoint(*txn);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(*db_.store.Insert(*txn, absl::StrCat(i), "v"));
  ASSERT_TRUE(db_.manager.RollbackTo(*txn, start).ok());
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(*db_.store.Insert(*txn, absl::StrCat(i), "v"));
  ASSERT_TRUE(db_.manager.Rollback(*txn).ok());
  EXPECT_EQ(db_.log.count_of(storage::RecordKind::kUpdate), 20u);
  EXPECT_EQ(db_.log.count_of(storage::RecordKind::kCompensation), 20u);
  EXPECT_EQ(db_.log.count_of(storage::RecordKind::kAbortEnd), 1u);
}

TEST_F(TransactionTest, FileChangesAreTakenBackToo) {
  TransactionPtr txn = db_.Begin();
  ASSERT_TRUE(txn->PrepareWrite().ok());
  db_.log.Append(storage::RecordKind::kFileCreate, &txn->log, {ToyStore::kFile, 0}, 0, "");
  ASSERT_TRUE(*db_.store.Insert(*txn, "a", "1"));
  ASSERT_TRUE(db_.manager.Rollback(*txn).ok());
  EXPECT_EQ(db_.log.file_undos(), 1);
}

TEST_F(TransactionTest, DroppingAnActiveTransactionRollsItBack) {
  {
    TransactionPtr txn = db_.Begin();
    ASSERT_TRUE(*db_.store.Insert(*txn, "a", "1"));
  }
  EXPECT_EQ(Committed(), Rows{});
}

TEST_F(TransactionTest, OnlyWritersCommitToTheLog) {
  Put("a", "1");
  const size_t records = db_.log.record_count();
  TransactionPtr reader = db_.Begin();
  EXPECT_EQ(db_.store.Scan(reader->view()).size(), 1u);
  ASSERT_TRUE(db_.manager.Commit(*reader).ok());
  TransactionPtr locker = db_.Begin();
  ASSERT_TRUE(*db_.store.Lock(*locker, "a", LockStrength::kUpdate));
  ASSERT_TRUE(db_.manager.Commit(*locker).ok());
  EXPECT_EQ(db_.log.record_count(), records);
}

TEST_F(TransactionTest, DeferredWorkWaitsForTheLastSnapshotThatNeedsIt) {
  int ran = 0;
  Snapshot old = db_.manager.AcquireSnapshot();
  TransactionPtr txn = db_.Begin();
  ASSERT_TRUE(*db_.store.Insert(*txn, "a", "1"));
  txn->DeferUntilUnneeded([&ran] {
    ++ran;
    return absl::OkStatus();
  });
  ASSERT_TRUE(db_.manager.Commit(*txn).ok());
  EXPECT_EQ(ran, 0);
  const Snapshot younger = db_.manager.AcquireSnapshot();
  db_.CollectAll();
  EXPECT_EQ(ran, 0);
  old.Release();
  db_.CollectAll();
  EXPECT_EQ(ran, 1);
}

TEST_F(TransactionTest, DeferredWorkOfWhatWasRolledBackNeverRuns) {
  int ran = 0;
  const auto work = [&ran] {
    ++ran;
    return absl::OkStatus();
  };
  TransactionPtr txn = db_.Begin();
  txn->DeferUntilUnneeded(work);
  const Savepoint savepoint = db_.manager.MakeSavepoint(*txn);
  txn->DeferUntilUnneeded(work);
  ASSERT_TRUE(*db_.store.Insert(*txn, "a", "1"));
  ASSERT_TRUE(db_.manager.RollbackTo(*txn, savepoint).ok());
  ASSERT_TRUE(db_.manager.Commit(*txn).ok());
  TransactionPtr other = db_.Begin();
  other->DeferUntilUnneeded(work);
  ASSERT_TRUE(db_.manager.Rollback(*other).ok());
  ASSERT_TRUE(db_.manager.Drain().ok());
  EXPECT_EQ(ran, 1);
}

TEST_F(TransactionTest, DeferredWorkWaitsUntilItIsReadyAndWhatComesLaterWithIt) {
  std::string ran;
  bool ready = false;
  const auto work = [&ran](char name) {
    return [&ran, name] {
      ran += name;
      return absl::OkStatus();
    };
  };
  TransactionPtr txn = db_.Begin();
  ASSERT_TRUE(*db_.store.Insert(*txn, "a", "1"));
  txn->DeferUntilUnneeded(work('a'));
  txn->DeferUntilUnneeded(work('b'), [&ready] { return ready; });
  txn->DeferUntilUnneeded(work('c'));
  ASSERT_TRUE(db_.manager.Commit(*txn).ok());
  db_.CollectAll();
  EXPECT_EQ(ran, "a");
  ready = true;
  db_.CollectAll();
  EXPECT_EQ(ran, "abc");
}

TEST_F(TransactionTest, DeferredWorkThatFailsIsReported) {
  TransactionPtr txn = db_.Begin();
  ASSERT_TRUE(*db_.store.Insert(*txn, "a", "1"));
  for (int i = 0; i < 4; ++i) txn->DeferUntilUnneeded([] { return base::IoError("no disk"); });
  ASSERT_TRUE(db_.manager.Commit(*txn).ok());  // its own slice swallows the first ones: the commit is made
  EXPECT_FALSE(db_.manager.CollectGarbage(10).ok());
}

TEST_F(TransactionTest, QuietPagesWithGhostsAreReportedForPurging) {
  std::vector<base::PageId> quiet;
  db_.manager.SetQuietPageCallback([&](base::PageId page) {
    quiet.push_back(page);
    db_.store.PurgeGhosts(page);
  });
  Put("a", "1");
  EXPECT_TRUE(quiet.empty());
  TransactionPtr txn = db_.Begin();
  ASSERT_TRUE(*db_.store.Delete(*txn, "a"));
  ASSERT_TRUE(db_.manager.Commit(*txn).ok());
  db_.CollectAll();
  EXPECT_EQ(quiet.size(), 1u);
  EXPECT_EQ(db_.store.slot_count(), 0u);
}

TEST_F(TransactionTest, ACommitCleansUpAfterItself) {
  Put("a", "1");
  EXPECT_EQ(db_.manager.versions().table_count(), 0u);
  const int64_t used = db_.budget.used_bytes();
  for (int i = 0; i < 100; ++i) {
    TransactionPtr txn = db_.Begin();
    ASSERT_TRUE(*db_.store.Update(*txn, "a", absl::StrCat("value ", i)));
    ASSERT_TRUE(db_.manager.Commit(*txn).ok());
    ASSERT_EQ(db_.manager.versions().table_count(), 0u);
  }
  // Point statements that are repeated do not grow anything.
  const int64_t after_first = db_.budget.used_bytes();
  for (int i = 0; i < 100; ++i) {
    TransactionPtr txn = db_.Begin();
    ASSERT_TRUE(*db_.store.Update(*txn, "a", absl::StrCat("value ", i)));
    ASSERT_TRUE(db_.manager.Commit(*txn).ok());
    ASSERT_EQ(db_.budget.used_bytes(), after_first);
  }
  EXPECT_GE(after_first, used);
}

TEST_F(TransactionTest, LiveTransactionsAreListed) {
  TransactionPtr reader = db_.Begin();
  TransactionPtr writer = db_.Begin();
  ASSERT_TRUE(*db_.store.Insert(*writer, "a", "1"));
  const std::vector<TransactionInfo> list = db_.manager.ListTransactions();
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].id, 0u);
  EXPECT_EQ(list[1].id, writer->id());
  EXPECT_NE(list[1].first_lsn, base::kNoLsn);
  EXPECT_EQ(list[1].waits_for, 0u);
  EXPECT_GT(list[1].began_unix_us, 0);
  EXPECT_EQ(db_.manager.OldestLiveWriter(), list[1].first_lsn);
  ASSERT_TRUE(db_.manager.Commit(*writer).ok());
  EXPECT_EQ(db_.manager.OldestLiveWriter(), base::kNoLsn);
  ASSERT_TRUE(db_.manager.Commit(*reader).ok());
}

TEST_F(TransactionTest, UnfinishedTransactionsOfTheLastRunAreUndone) {
  // As recovery finds them: redone, without version tables.
  storage::TxnLog log;
  log.id = 77;
  {
    TransactionPtr txn = db_.Begin();
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(*db_.store.Insert(*txn, absl::StrCat("k", i), "v"));
    ASSERT_TRUE(db_.manager.Commit(*txn).ok());
  }
  db_.CollectAll();
  const std::string payload = std::string("\2k3", 3);
  db_.log.Append(storage::RecordKind::kUpdate, &log, {ToyStore::kFile, 1}, 1, payload);
  db_.log.Append(storage::RecordKind::kUpdate, &log, {ToyStore::kFile, 1}, 3, std::string("\2k1old", 6));
  const storage::UnfinishedTransaction unfinished[] = {{log.id, log.first_lsn.load(), log.last_lsn}};
  ASSERT_TRUE(db_.manager.UndoUnfinished(unfinished).ok());
  EXPECT_EQ(Committed(), (Rows{{"k0", "v"}, {"k1", "old"}, {"k2", "v"}, {"k4", "v"}}));
  EXPECT_EQ(db_.log.count_of(storage::RecordKind::kAbortEnd), 1u);
}

TEST_F(TransactionTest, UndoStartsWhereCompensationsSay) {
  // A crash in the middle of a rollback: what was compensated is not undone again.
  storage::TxnLog log;
  log.id = 77;
  const base::Lsn first =
      db_.log.Append(storage::RecordKind::kUpdate, &log, {ToyStore::kFile, 1}, 1, std::string("\1a", 2)) - 16;
  db_.log.Append(storage::RecordKind::kUpdate, &log, {ToyStore::kFile, 1}, 1, std::string("\1b", 2));
  db_.log.Append(storage::RecordKind::kCompensation, &log, {ToyStore::kFile, 1}, 1, "", first);
  Put("a", "1");
  db_.CollectAll();
  const storage::UnfinishedTransaction unfinished[] = {{log.id, log.first_lsn.load(), log.last_lsn}};
  ASSERT_TRUE(db_.manager.UndoUnfinished(unfinished).ok());
  EXPECT_EQ(Committed(), Rows{});
}

// ---- When the log breaks

class BrokenLogTest : public ::testing::Test {
 protected:
  void Put(const std::string& key, const std::string& value) {
    TransactionPtr txn = db_.Begin();
    ASSERT_TRUE(db_.store.Insert(*txn, key, value).ok());
    ASSERT_TRUE(db_.manager.Commit(*txn).ok());
  }
  ToyDatabase db_;
};

TEST_F(BrokenLogTest, WhatCannotBeUndoneStaysHidden) {
  Put("a", "1");
  Put("c", "3");
  TransactionPtr txn = db_.Begin();
  ASSERT_TRUE(*db_.store.Update(*txn, "a", "2"));
  ASSERT_TRUE(*db_.store.Insert(*txn, "b", "2"));
  ASSERT_TRUE(*db_.store.Delete(*txn, "c"));
  db_.log.Poison();
  EXPECT_TRUE(db_.manager.Rollback(*txn).ok());
  EXPECT_TRUE(db_.manager.CollectGarbage(SIZE_MAX).ok());
  const Snapshot snapshot = db_.manager.AcquireSnapshot();
  EXPECT_EQ(db_.store.Scan(View{snapshot.read_ts()}), (Rows{{"a", "1"}, {"c", "3"}}));
  TransactionPtr next = db_.Begin();
  EXPECT_FALSE(db_.store.Update(*next, "c", "4").ok());
  EXPECT_TRUE(db_.manager.Rollback(*next).ok());
}

TEST_F(BrokenLogTest, ACommitAfterTheFailureRollsBackAndSaysWhy) {
  Put("a", "1");
  TransactionPtr txn = db_.Begin();
  ASSERT_TRUE(*db_.store.Update(*txn, "a", "2"));
  db_.log.Poison();
  const base::Status status = db_.manager.Commit(*txn);
  EXPECT_EQ(base::GetSqlState(status), base::sqlstate::kIoError);
  EXPECT_EQ(txn->state(), TransactionState::kIdle);
  const Snapshot snapshot = db_.manager.AcquireSnapshot();
  EXPECT_EQ(db_.store.Scan(View{snapshot.read_ts()}), (Rows{{"a", "1"}}));
}

TEST_F(BrokenLogTest, ARollbackThatFailsKeepsItsRowsLocked) {
  Put("a", "1");
  TransactionPtr txn = db_.Begin();
  ASSERT_TRUE(*db_.store.Update(*txn, "a", "2"));
  db_.log.FailReads(true);
  EXPECT_FALSE(db_.manager.Rollback(*txn).ok());
  EXPECT_EQ(txn->state(), TransactionState::kAbandoned);
  txn.reset();
  db_.log.FailReads(false);
  TransactionPtr next = db_.Begin();
  next->set_lock_timeout_ns(0);
  EXPECT_EQ(db_.store.Scan(next->view()), (Rows{{"a", "1"}}));
  EXPECT_EQ(base::GetSqlState(db_.store.Update(*next, "a", "3").status()), base::sqlstate::kLockNotAvailable);
  EXPECT_TRUE(db_.manager.Rollback(*next).ok());
}

TEST_F(BrokenLogTest, AStatementThatCannotBeRolledBackDoomsTheTransaction) {
  TransactionPtr txn = db_.Begin();
  const Savepoint savepoint = db_.manager.MakeSavepoint(*txn);
  ASSERT_TRUE(*db_.store.Insert(*txn, "a", "1"));
  db_.log.FailReads(true);
  EXPECT_FALSE(db_.manager.RollbackTo(*txn, savepoint).ok());
  EXPECT_EQ(base::GetSqlState(db_.manager.Commit(*txn)), base::sqlstate::kFailedTransaction);
  EXPECT_EQ(base::GetSqlState(db_.manager.BeginStatement(*txn).status()), base::sqlstate::kFailedTransaction);
  db_.log.FailReads(false);
  EXPECT_TRUE(db_.manager.Rollback(*txn).ok());
  db_.ExpectQuiet();
}

// ---- Snapshots

TEST(SnapshotRegistryTest, KeepsVersionsOfWhoeverStillReads) {
  ToyDatabase db;
  std::vector<Snapshot> snapshots;
  for (int i = 0; i < 100; ++i) {  // more than one chunk of slots
    TransactionPtr txn = db.Begin();
    ASSERT_TRUE(*(i == 0 ? db.store.Insert(*txn, "a", "0") : db.store.Update(*txn, "a", absl::StrCat(i))));
    ASSERT_TRUE(db.manager.Commit(*txn).ok());
    snapshots.push_back(db.manager.AcquireSnapshot());
  }
  db.CollectAll();
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(db.store.Get(View{snapshots[static_cast<size_t>(i)].read_ts()}, "a"), absl::StrCat(i));
  }
  EXPECT_EQ(db.manager.oldest_snapshot(), snapshots[0].read_ts());
  snapshots.erase(snapshots.begin() + 1, snapshots.end() - 1);
  db.CollectAll();
  EXPECT_EQ(db.store.Get(View{snapshots[0].read_ts()}, "a"), "0");
  EXPECT_EQ(db.store.Get(View{snapshots[1].read_ts()}, "a"), "99");
  snapshots.clear();
  db.ExpectQuiet();
}

TEST(SnapshotRegistryTest, LiveSnapshotsAnswerForRanges) {
  LiveSnapshots live{100, {10, 20, 20, 30}};
  EXPECT_EQ(live.oldest(), 10u);
  EXPECT_TRUE(live.AnyIn(10, 11));
  EXPECT_FALSE(live.AnyIn(11, 20));
  EXPECT_TRUE(live.AnyIn(11, 21));
  EXPECT_FALSE(live.AnyIn(31, 100));
  EXPECT_TRUE(live.AnyIn(31, 101));  // those still to come
  EXPECT_FALSE(live.AnyIn(20, 20));
  EXPECT_EQ((LiveSnapshots{100, {}}).oldest(), 100u);
}

}  // namespace
}  // namespace turdb::txn
