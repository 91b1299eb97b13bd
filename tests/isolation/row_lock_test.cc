// SELECT ... FOR UPDATE and its kin between sessions: who waits for whom, who is left out, and what is kept out.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/engine/sql_session.h"
#include "tests/isolation/script.h"

namespace turdb::isolation {
namespace {

class RowLocks : public testing::TestWithParam<const char*> {
 protected:
  void Run(std::string_view script, std::string_view more_setup = "") {
    RunScript(GetParam(),
              absl::StrCat("create table test(id int primary key, value int, note text);"
                           "insert into test values (1, 10, 'a'), (2, 20, 'b'), (3, 30, 'c');",
                           more_setup),
              script);
  }
};

INSTANTIATE_TEST_SUITE_P(Levels, RowLocks, testing::Values("repeatable read", "serializable"), [](const auto& info) {
  std::string name(info.param);
  name.erase(std::remove(name.begin(), name.end(), ' '), name.end());
  return name;
});

TEST_P(RowLocks, KeepOthersFromChanging) {
  Run(R"(
    1: begin -> ok
    1: select id from test where id = 1 for update -> 1
    2: begin -> ok
    2: select value from test where id = 1 -> 10
    2: update test set value = 11 where id = 1 -> waits
    1: commit -> ok
    2> -> ok
    2: commit -> ok
    1: select value from test where id = 1 -> 11
  )");
}

TEST_P(RowLocks, WhatChangedSinceTheSnapshotIsNotLocked) {
  Run(R"(
    1: begin -> ok
    1: select count(*) from test -> 3
    2: update test set value = 11 where id = 1 -> ok
    1: select id from test where id = 1 for update -> error 40001
    1: rollback -> ok
    1: select value from test where id = 1 for update -> 11
  )");
}

TEST_P(RowLocks, NoWaitAndSkipLocked) {
  Run(R"(
    1: begin -> ok
    1: select id from test where id = 2 for update -> 2
    2: select id from test order by id for update nowait -> error 55P03
    2: select id from test order by id for update skip locked -> 1; 3
    2: select id from test order by id limit 2 for update skip locked -> 1; 3
    2: select id from test order by id limit 1 offset 1 for update skip locked -> 3
    2: select id from test where id = 2 for share skip locked -> none
    1: rollback -> ok
    2: select id from test where id = 2 for share nowait -> 2
  )");
}

TEST_P(RowLocks, NoMoreRowsThanTheLimitLetsThrough) {
  Run(R"(
    1: begin -> ok
    1: select id from test order by id limit 1 for update skip locked -> 1
    2: begin -> ok
    2: select id from test order by value limit 1 for update skip locked -> 2
    3: begin -> ok
    3: select id from test order by id limit 1 offset 2 for update -> 3
    4: select id from test order by id for update skip locked -> none
    3: rollback -> ok
    2: rollback -> ok
    4: select id from test order by id for update skip locked -> 2; 3
    1: rollback -> ok
  )");
}

// Whoever skips is after some row, not after this one: a row that another has dealt with since the snapshot is no error.
TEST_P(RowLocks, SkipLockedSkipsWhatChanged) {
  Run(R"(
    1: begin -> ok
    1: select count(*) from test -> 3
    2: delete from test where id = 1 -> ok
    2: update test set value = 0 where id = 2 -> ok
    1: select id from test order by id for update skip locked -> 3
    1: rollback -> ok
  )");
}

TEST_P(RowLocks, SharedLocksAreShared) {
  Run(R"(
    1: begin -> ok
    2: begin -> ok
    1: select id from test where id = 1 for share -> 1
    2: select id from test where id = 1 for share nowait -> 1
    2: select id from test where id = 1 for key share nowait -> 1
    3: select id from test where id = 1 for no key update nowait -> error 55P03
    3: select id from test where id = 1 for update nowait -> error 55P03
    1: commit -> ok
    3: select id from test where id = 1 for update nowait -> error 55P03
    2: commit -> ok
    3: select id from test where id = 1 for update nowait -> 1
  )");
}

TEST_P(RowLocks, KeySharesLetValuesChange) {
  Run(R"(
    1: begin -> ok
    1: select id from test where id = 1 for key share -> 1
    2: begin -> ok
    2: update test set value = 11 where id = 1 -> ok
    2: commit -> ok
    2: delete from test where id = 1 -> waits
    1: commit -> ok
    2> -> ok
  )");
}

TEST_P(RowLocks, KeepWriteSkewOut) {
  Run(R"(
    1: begin -> ok
    2: begin -> ok
    1: select id from test where value > 10 order by id for update -> 2; 3
    2: select id from test where value > 10 order by id for update -> waits
    1: update test set value = 0 where id = 2 -> ok
    1: commit -> ok
    2> -> error 40001
    2: rollback -> ok
  )");
}

TEST_P(RowLocks, LastUntilTheTransactionEnds) {
  Run(R"(
    1: begin -> ok
    1: savepoint s -> ok
    1: select id from test where id = 1 for update -> 1
    1: release savepoint s -> ok
    2: select id from test where id = 1 for update nowait -> error 55P03
    1: commit -> ok
    2: select id from test where id = 1 for update nowait -> 1
    2: select id from test where id = 1 for update nowait -> 1
  )");
}

TEST_P(RowLocks, OnlyNamedTables) {
  Run(R"(
    1: begin -> ok
    1: select test.id from test join other on other.id = test.id order by 1 for update of other -> 1; 2
    2: select id from test order by id for update nowait -> 1; 2; 3
    2: select id from other for update nowait -> error 55P03
    1: commit -> ok
  )",
      "create table other(id int primary key); insert into other values (1), (2)");
}

TEST_P(RowLocks, ThroughViewsAndQueries) {
  Run(R"(
    1: begin -> ok
    1: select id from v where id = 1 for update -> 1
    2: select id from test order by id for update skip locked -> 2; 3
    1: rollback -> ok
    1: begin -> ok
    1: select s.id from (select id from test where value > 10) s where id = 3 for update -> 3
    2: select id from test order by id for update skip locked -> 1; 2
    1: rollback -> ok
    1: begin -> ok
    1: update test set value = 0 where id in (select id from test order by id desc limit 1 for update) -> ok
    2: select id from test order by id for update skip locked -> 1; 2
    1: rollback -> ok
  )",
      "create view v as select id from test where value < 30");
}

TEST_P(RowLocks, DeadlocksHaveOneVictimAtOnce) {
  Run(R"(
    1: begin -> ok
    2: begin -> ok
    1: select id from test where id = 1 for update -> 1
    2: select id from test where id = 2 for update -> 2
    1: select id from test where id = 2 for share -> waits
    2: select id from test where id = 1 for share -> error 40P01
    2: rollback -> ok
    1> -> 2
    1: commit -> ok
  )");
}

// A statement alone is a transaction, which the engine runs again itself when another one was faster.
TEST_P(RowLocks, ChangesInAutocommitRunAgain) {
  Run(R"(
    1: begin -> ok
    1: update test set value = value + 1 where id = 1 -> ok
    2: update test set value = value + 1 where id = 1 returning value -> waits
    1: commit -> ok
    2> -> 12
    1: begin -> ok
    1: delete from test where id = 1 -> ok
    2: update test set value = value + 1 where id = 1 returning value -> waits
    1: commit -> ok
    2> -> none
    1: begin -> ok
    1: update test set value = 200 where id = 2 -> ok
    2: begin -> ok
    2: update test set value = 201 where id = 2 -> waits
    1: commit -> ok
    2> -> error 40001
    2: rollback -> ok
  )");
}

// The rows of a cursor that has locked them in autocommit are kept, and nothing that comes after is part of its transaction.
TEST(Autocommit, ALockingCursorCommitsInItsFirstStep) {
  engine::Settings settings;
  settings.threads = 1;
  const auto database = engine::Database::Open(":memory:", settings);
  ASSERT_TRUE(database.ok()) << base::Describe(database.status());
  engine::SqlSession other(*(*database)->Connect());
  ASSERT_TRUE(other.Exec("create table t(id int primary key); insert into t select g from generate_series(1, 5000) g").ok());
  {
    const std::shared_ptr<engine::Connection> connection = *(*database)->Connect();
    const engine::Connection::Entry entry(*connection);
    const auto cursor = connection->Prepare("select id from t order by id for update", nullptr);
    ASSERT_TRUE(cursor.ok()) << base::Describe(cursor.status());
    ASSERT_EQ(*(*cursor)->Step(), engine::StepResult::kRow);
    EXPECT_EQ(other.Query("select id from t where id = 1 for update nowait")->size(), 1u);
    ASSERT_TRUE(connection->Exec("insert into t values (5001)").ok());
    EXPECT_EQ(other.Query("select id from t where id = 5001")->size(), 1u);
    ASSERT_TRUE(connection->Exec("begin; delete from t where id = 5001; rollback").ok());
    int64_t rows = 1;
    for (; *(*cursor)->Step() == engine::StepResult::kRow; ++rows)
      EXPECT_EQ((*cursor)->value(0).ToString(), std::to_string(rows + 1));
    EXPECT_EQ(rows, 5000);
  }
  EXPECT_EQ(other.Query("select id from t")->size(), 5001u);
  EXPECT_TRUE((*database)->Close().ok());
}

TEST(Autocommit, NoIncrementIsLost) {
  constexpr int kThreads = 4;
  constexpr int kIncrements = 100;
  for (const char* level : {"repeatable read", "serializable"}) {
    engine::Settings settings;
    settings.threads = 1;
    const auto database = engine::Database::Open(":memory:", settings);
    ASSERT_TRUE(database.ok()) << base::Describe(database.status());
    ASSERT_TRUE(engine::SqlSession(*(*database)->Connect())
                    .Exec("create table counter(id int primary key, n int); insert into counter values (1, 0)")
                    .ok());
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        engine::SqlSession session(*(*database)->Connect());
        ASSERT_TRUE(session.Exec(absl::StrCat("set default_transaction_isolation = '", level, "'")).ok());
        for (int i = 0; i < kIncrements; ++i) {
          const base::Status status = session.Exec("update counter set n = n + 1 where id = 1");
          ASSERT_TRUE(status.ok()) << base::Describe(status);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    const auto rows = engine::SqlSession(*(*database)->Connect()).Query("select n from counter");
    ASSERT_TRUE(rows.ok());
    EXPECT_EQ((*rows)[0], std::to_string(kThreads * kIncrements)) << level;
    EXPECT_TRUE((*database)->Close().ok());
  }
}

// Workers that take jobs off a table: each job is done once, nobody waits for another, and none is left.
TEST(Queue, EveryJobIsTakenOnce) {
  constexpr int kJobs = 400;
  constexpr int kWorkers = 4;
  engine::Settings settings;
  settings.threads = 1;
  const auto database = engine::Database::Open(":memory:", settings);
  ASSERT_TRUE(database.ok()) << base::Describe(database.status());
  ASSERT_TRUE(engine::SqlSession(*(*database)->Connect())
                  .Exec(absl::StrCat("create table job(id int primary key, state text);"
                                     "insert into job select g, 'new' from generate_series(1, ",
                                     kJobs, ") g"))
                  .ok());
  std::vector<std::vector<int>> taken(kWorkers);
  std::vector<std::thread> workers;
  for (int w = 0; w < kWorkers; ++w) {
    workers.emplace_back([&, w] {
      engine::SqlSession session(*(*database)->Connect());
      for (int idle = 0; idle < 3;) {
        const auto rows = session.Query(
            "update job set state = 'done' where id = (select id from job where state = 'new' order by id limit 1 "
            "for update skip locked) returning id");
        ASSERT_TRUE(rows.ok()) << base::Describe(rows.status());
        int id = 0;
        if (rows->empty()) {  // the last ones may be in other hands, which do not fail here
          ++idle;
        } else if (absl::SimpleAtoi((*rows)[0], &id)) {
          taken[static_cast<size_t>(w)].push_back(id);
        }
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  std::vector<int> all;
  for (const std::vector<int>& each : taken) all.insert(all.end(), each.begin(), each.end());
  std::sort(all.begin(), all.end());
  ASSERT_EQ(all.size(), static_cast<size_t>(kJobs));
  for (int i = 0; i < kJobs; ++i) EXPECT_EQ(all[static_cast<size_t>(i)], i + 1);
  EXPECT_TRUE((*database)->Close().ok());
}

}  // namespace
}  // namespace turdb::isolation
