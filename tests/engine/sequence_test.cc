// Numbers of sequences beside other sessions, over crashes, and between openings.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "os/fault_file_system.h"
#include "tests/engine/sql_session.h"

namespace turdb::engine {
namespace {

std::shared_ptr<Database> OpenOver(std::shared_ptr<os::FileSystem> files) {
  os::Environment environment = os::Environment::InMemory();
  if (files != nullptr) environment.files = std::move(files);
  Settings settings;
  settings.threads = 1;
  auto database = Database::OpenIn(environment, "db", settings);
  EXPECT_TRUE(database.ok()) << base::Describe(database.status());
  return *database;
}

void Do(SqlSession& session, std::string_view sql) {
  const base::Status status = session.Exec(sql);
  ASSERT_TRUE(status.ok()) << sql << ": " << base::Describe(status);
}

int64_t Number(SqlSession& session, std::string_view sql) {
  const auto rows = session.Query(sql);
  EXPECT_TRUE(rows.ok()) << sql << ": " << base::Describe(rows.status());
  int64_t number = -1;
  EXPECT_TRUE(rows.ok() && rows->size() == 1 && absl::SimpleAtoi((*rows)[0], &number)) << sql;
  return number;
}

TEST(Sequence, NobodyWaitsForTransactionsAndNoNumberComesTwice) {
  const auto database = OpenOver(nullptr);
  SqlSession open(*database->Connect());
  Do(open, "create sequence s; create table t(id serial primary key, who int)");
  Do(open, "begin; select nextval('s'); insert into t(who) values (-1)");
  constexpr int kThreads = 4, kEach = 500;
  std::vector<std::vector<int64_t>> drawn(kThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      SqlSession session(*database->Connect());
      for (int k = 0; k < kEach; ++k) {
        drawn[i].push_back(Number(session, "select nextval('s')"));
        if (k % 5 == 0) Do(session, absl::StrCat("insert into t(who) values (", i, ")"));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<int64_t> all = {1};
  for (const std::vector<int64_t>& some : drawn) {
    EXPECT_TRUE(std::is_sorted(some.begin(), some.end()));
    all.insert(some.begin(), some.end());
  }
  EXPECT_EQ(all.size(), size_t{1 + kThreads * kEach});
  EXPECT_EQ(*all.rbegin(), 1 + kThreads * kEach);
  Do(open, "rollback");
  EXPECT_EQ(Number(open, "select count(*) from t"), kThreads * kEach / 5);
  EXPECT_EQ(Number(open, "select max(id) from t"), 1 + kThreads * kEach / 5);  // the number of the rollback is gone
}

TEST(Sequence, GoesOnWithoutAGapAfterClosing) {
  const auto disk = std::make_shared<os::FaultFileSystem>();
  for (int64_t opening = 0; opening < 3; ++opening) {
    const auto database = OpenOver(disk);
    SqlSession session(*database->Connect());
    if (opening == 0) {
      Do(session, "create sequence s; create table t(id integer primary key autoincrement, a int)");
      Do(session, "create sequence untouched start 7");
    }
    EXPECT_EQ(Number(session, "select nextval('s')"), opening + 1);
    EXPECT_EQ(Number(session, "insert into t(a) values (1) returning id"), opening + 1);
    EXPECT_EQ(Number(session, "select last_value from untouched"), 7);
    EXPECT_TRUE(database->Close().ok());
  }
}

// Whatever a statement that returned has given out is never given out again.
TEST(Sequence, NoNumberComesTwiceAfterACrash) {
  const auto disk = std::make_shared<os::FaultFileSystem>();
  const auto database = OpenOver(disk);
  SqlSession session(*database->Connect());
  Do(session, "create sequence s; create sequence cycle minvalue 1 maxvalue 3 cycle; create sequence down increment -1");
  Do(session, "create table t(id bigint generated always as identity primary key, n int)");
  int64_t most = 0, least = 0, id = 0;
  for (int round = 0; round < 120; ++round) {
    most = Number(session, "select nextval('s')");
    if (round % 3 == 0) least = Number(session, "select nextval('down')");
    if (round % 4 == 0) id = Number(session, "insert into t(n) values (1) returning id");
    if (round == 50) {
      ASSERT_EQ(Number(session, "select setval('s', 1000)"), 1000);
      most = 1000;
    }
    const std::shared_ptr<os::FaultFileSystem> copy = disk->CrashedCopy(static_cast<uint64_t>(round));
    const auto after = OpenOver(copy);
    SqlSession other(*after->Connect());
    EXPECT_GT(Number(other, "select nextval('s')"), most) << round;
    EXPECT_LT(Number(other, "select nextval('down')"), least) << round;
    EXPECT_GT(Number(other, "insert into t(n) values (1) returning id"), id) << round;
    EXPECT_LE(Number(other, "select nextval('s')"), most + 40) << round;  // a block of them is all that is lost
    EXPECT_LE(Number(other, "select nextval('cycle')"), 3);
    EXPECT_EQ(*after->Check([](std::string_view) {}), 0);
  }
}

TEST(Sequence, RestartIsSeenAtCommitAndByWhoeverBeginsThen) {
  const auto database = OpenOver(nullptr);
  SqlSession changer(*database->Connect()), reader(*database->Connect());
  Do(changer, "create sequence s; select nextval('s'), nextval('s')");
  Do(changer, "begin; alter sequence s restart with 100");
  EXPECT_EQ(Number(reader, "select nextval('s')"), 3);
  EXPECT_EQ(Number(changer, "select nextval('s')"), 100);
  Do(changer, "savepoint a; alter sequence s restart with 200");
  EXPECT_EQ(Number(changer, "select nextval('s')"), 200);
  Do(changer, "rollback to a");
  EXPECT_EQ(Number(changer, "select nextval('s')"), 101);
  Do(changer, "commit");
  EXPECT_EQ(Number(reader, "select nextval('s')"), 102);
}

TEST(Sequence, PreparedStatementsFollowIt) {
  const auto database = OpenOver(nullptr);
  const std::shared_ptr<Connection> connection = *database->Connect();
  SqlSession other(*database->Connect());
  Do(other, "create sequence s; create table t(id bigint default nextval('s'), n int)");
  const Connection::Entry entry(*connection);
  const auto next = *connection->Prepare("select nextval('s')", nullptr);
  const auto insert = *connection->Prepare("insert into t(n) values (?)", nullptr);
  ASSERT_EQ(*next->Step(), StepResult::kRow);
  EXPECT_EQ(next->value(0).ToString(), "1");
  next->Reset();
  Do(other, "alter sequence s increment 10");
  ASSERT_EQ(*next->Step(), StepResult::kRow);
  EXPECT_EQ(next->value(0).ToString(), "11");
  next->Reset();
  insert->BindInt64(0, 1);
  ASSERT_EQ(*insert->Step(), StepResult::kDone);
  EXPECT_EQ(Number(other, "select id from t"), 21);
  Do(other, "drop sequence s cascade");
  insert->Reset();
  ASSERT_EQ(*insert->Step(), StepResult::kDone);
  EXPECT_EQ(Number(other, "select count(*) from t where id is null"), 1);
  EXPECT_EQ(base::GetSqlState(next->Step().status()), base::sqlstate::kUndefinedTable);
}

}  // namespace
}  // namespace turdb::engine
