// Foreign keys between sessions: whatever the level, and whoever waits for whom, no row is left that refers to nothing.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/engine/sql_session.h"
#include "tests/isolation/script.h"

namespace turdb::isolation {
namespace {

using engine::SqlSession;

class ForeignKeys : public testing::TestWithParam<const char*> {
 protected:
  void Run(std::string_view script, std::string_view clauses = "") {
    RunScript(GetParam(),
              absl::StrCat("create table p(id int primary key, code text unique, value int); "
                           "insert into p values (1, 'one', 10), (2, 'two', 20); "
                           "create table c(id int primary key, p int references p ",
                           clauses, ", code text references p(code)); create index on c(p);"),
              script);
  }
};

INSTANTIATE_TEST_SUITE_P(Levels, ForeignKeys, testing::Values("read committed", "repeatable read", "serializable"),
                         [](const auto& info) {
                           std::string name(info.param);
                           name.erase(std::remove(name.begin(), name.end(), ' '), name.end());
                           return name;
                         });

TEST_P(ForeignKeys, ADeleteWaitsForWhoRefers) {
  Run(R"(
    1: begin -> ok
    2: begin -> ok
    2: select count(*) from c -> 0
    1: insert into c values (1, 1, null) -> ok
    2: delete from p where id = 1 -> waits
    1: commit -> ok
    2> -> error 23503
    2: rollback -> ok
  )");
  Run(R"(
    1: begin -> ok
    1: insert into c values (1, 1, null) -> ok
    2: delete from p where id = 1 -> waits
    1: rollback -> ok
    2> -> ok
    1: select count(*) from p -> 1
  )");
}

TEST_P(ForeignKeys, AKeyOfAUniqueIndexIsMarkedThere) {
  Run(R"(
    1: begin -> ok
    1: insert into c values (1, null, 'one') -> ok
    2: update p set value = 11 where id = 1 -> ok
    2: update p set code = 'uno' where id = 1 -> waits
    1: commit -> ok
    2> -> error 23503
  )");
}

TEST_P(ForeignKeys, WhoRefersWaitsForADelete) {
  Run(R"(
    1: begin -> ok
    1: delete from p where id = 1 -> ok
    2: insert into c values (1, 1, null) -> waits
    1: commit -> ok
    2> -> error 23503
  )");
  Run(R"(
    2: begin -> ok
    2: select count(*) from p -> 2
    1: begin -> ok
    1: delete from p where id = 1 -> ok
    2: insert into c values (1, 1, null) -> waits
    1: commit -> ok
    2> -> error 40001
  )");
  Run(R"(
    1: begin -> ok
    1: update p set id = 3 where id = 1 -> ok
    2: insert into c values (1, 1, null) -> waits
    1: rollback -> ok
    2> -> ok
  )");
}

TEST_P(ForeignKeys, TheNewestRowsCountAndNotTheSnapshots) {
  Run(R"(
    2: begin -> ok
    2: select count(*) from c -> 0
    1: insert into c values (1, 1, null) -> ok
    2: delete from p where id = 1 -> error 23503
    2: update p set id = 3 where id = 1 -> error 23503
    2: commit -> ok / error 40001
  )");
  Run(R"(
    1: begin -> ok
    1: select count(*) from p -> 2
    2: insert into p values (3, 'three', 30) -> ok
    1: insert into c values (1, 3, null) -> error 40001
    1: rollback -> ok
    1: insert into c values (1, 3, null) -> ok
  )");
}

TEST_P(ForeignKeys, AnActionDoesNotTouchWhatItsSnapshotDoesNotShow) {
  for (const std::string_view action : {"on delete cascade", "on delete set null"}) {
    Run(R"(
      2: begin -> ok
      2: select count(*) from c -> 0
      1: insert into c values (1, 1, null) -> ok
      2: delete from p where id = 1 -> error 40001
      2: rollback -> ok
      2: delete from p where id = 1 -> ok
    )",
        action);
  }
}

TEST_P(ForeignKeys, OtherColumnsChangeFreely) {
  Run(R"(
    1: begin -> ok
    2: begin -> ok
    1: insert into c values (1, 1, 'two') -> ok
    2: update p set value = value + 1 -> ok
    2: commit -> ok
    1: commit -> ok
  )");
  Run(R"(
    1: begin -> ok
    2: begin -> ok
    2: update p set value = value + 1 -> ok
    1: insert into c values (1, 1, 'two') -> ok
    1: commit -> ok
    2: commit -> ok
  )");
}

TEST_P(ForeignKeys, ARowThatMayGoIsWaitedFor) {
  Run(R"(
    1: insert into c values (1, 1, null) -> ok
    1: begin -> ok
    1: delete from c -> ok
    2: delete from p where id = 1 -> waits
    1: rollback -> ok
    2> -> error 23503
  )");
  Run(R"(
    1: insert into c values (1, 1, null) -> ok
    1: begin -> ok
    1: delete from c -> ok
    2: delete from p where id = 1 -> waits
    1: commit -> ok
    2> -> ok
  )");
}

TEST_P(ForeignKeys, OneOfTwoThatWaitForEachOtherIsTheVictim) {
  Run(R"(
    1: begin -> ok
    2: begin -> ok
    1: insert into c values (1, 1, null) -> ok
    2: insert into c values (2, 1, null) -> ok
    1: delete from p where id = 1 -> waits
    2: delete from p where id = 1 -> error 40P01
    2: rollback -> ok
    1> -> ok
    1: commit -> ok
    1: select count(*) from c -> 0
  )",
      "on delete cascade");
}

TEST_P(ForeignKeys, DeferredChecksMeetOthersAtCommit) {
  Run(R"(
    1: begin -> ok
    1: insert into c values (1, 1, null) -> ok
    1: insert into c values (2, 7, null) -> ok
    2: delete from p where id = 1 -> waits
    1: commit -> error 23503
    2> -> ok
  )",
      "deferrable initially deferred");
  Run(R"(
    1: begin -> ok
    1: delete from p where id = 1 -> ok
    2: insert into c values (1, 1, null) -> waits
    1: commit -> ok
    2> -> error 23503
  )",
      "deferrable initially deferred");
}

TEST_P(ForeignKeys, ANewForeignKeyIsKnownToThoseWhoDelete) {
  Run(R"(
    1: begin -> ok
    1: select count(*) from p -> 2
    2: create table late(p int references p) -> ok
    2: insert into late values (1) -> ok
    1: delete from p where id = 1 -> error 40001
    1: rollback -> ok
    1: delete from p where id = 1 -> error 23503
  )");
  Run(R"(
    1: begin -> ok
    1: delete from p where id = 2 -> ok
    2: create table late(p int references p) -> waits
    1: commit -> ok
    2> -> ok
    2: insert into late values (2) -> error 23503
  )");
}

TEST_P(ForeignKeys, ManyMarksBecomeALockOfTheTable) {
  Run(R"(
    1: insert into p select g, g::text, 0 from generate_series(3, 6000) g -> ok
    1: begin -> ok
    1: insert into c select g, g, null from generate_series(1, 6000) g -> ok
    2: select mode from turdb_catalog.locks where kind = 'table' and table_name = 'p' -> share
    2: delete from p where id = 6000 -> waits
    1: commit -> ok
    2> -> error 23503
    2: select count(*) from turdb_catalog.locks -> 0
  )");
}

// Threads that insert, delete and move on both sides, with every action.
TEST_P(ForeignKeys, NobodyIsOrphaned) {
  static constexpr int kThreads = 4, kSteps = 400, kKeys = 12;
  auto opened = engine::Database::Open(":memory:", engine::Settings());
  ASSERT_TRUE(opened.ok());
  const std::shared_ptr<engine::Database> database = *opened;
  SqlSession setup(*database->Connect());
  ASSERT_TRUE(setup
                  .Exec("create table p(id int primary key, code int unique, value int default 0);"
                        "create table c0(id int primary key, p int references p);"
                        "create table c1(id int primary key, p int references p on delete cascade on update cascade);"
                        "create table c2(id int primary key, p int references p(code) on delete set null on update set null);"
                        "create table c3(id int primary key, p int references p deferrable initially deferred);"
                        "create index on c1(p); create index on c2(p);")
                  .ok());
  std::atomic<int> next_id{1};
  std::atomic<int> successes{0};
  const std::string begin = absl::StrCat("begin isolation level ", GetParam());
  const auto work = [&](uint32_t seed) {
    SqlSession session(*database->Connect());
    std::mt19937 random(seed);
    const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<uint32_t>(n)); };
    const auto statement = [&]() -> std::string {
      const int key = pick(kKeys);
      const int table = pick(4);
      switch (pick(8)) {
        case 0:
        case 1:
          return absl::StrCat("insert into p values (", key, ", ", key, ")");
        case 2:
          return absl::StrCat("delete from p where id = ", key);
        case 3:
          return absl::StrCat("update p set id = ", pick(kKeys), ", code = ", pick(kKeys), " where id = ", key);
        case 4:
          return absl::StrCat("update p set value = value + 1 where id = ", key);
        case 5:
          return absl::StrCat("delete from c", table, " where p = ", key);
        default:
          return absl::StrCat("insert into c", table, " values (", next_id.fetch_add(1), ", ", key, ")");
      }
    };
    for (int step = 0; step < kSteps; ++step) {
      bool good = session.Exec(begin).ok();
      const int statements = 1 + pick(3);
      for (int i = 0; good && i < statements; ++i) {
        const base::Status status = session.Exec(statement());
        good = status.ok() || !base::CanRetry(status);
      }
      if (good && session.Exec("commit").ok()) {
        successes.fetch_add(1);
      } else {
        (void)session.Exec("rollback");
      }
    }
  };
  std::vector<std::thread> threads;
  for (uint32_t i = 0; i < kThreads; ++i) threads.emplace_back(work, i + 1);
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(successes.load(), kSteps / 2);
  for (const auto& [table, column] :
       {std::pair{"c0", "id"}, std::pair{"c1", "id"}, std::pair{"c2", "code"}, std::pair{"c3", "id"}}) {
    const auto orphans = setup.Query(absl::StrCat(
        "select c.* from ", table, " c where c.p is not null and not exists (select 1 from p where p.", column, " = c.p)"));
    ASSERT_TRUE(orphans.ok());
    EXPECT_TRUE(orphans->empty()) << table << ": " << (orphans->empty() ? "" : orphans->front());
  }
  EXPECT_EQ(*database->Check([](std::string_view problem) { ADD_FAILURE() << problem; }), 0);
}

}  // namespace
}  // namespace turdb::isolation
