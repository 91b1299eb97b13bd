// ALTER TABLE beside other sessions: prepared statements, writers, old snapshots, other schema changes.
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "engine/sql_session.h"

namespace turdb::engine {
namespace {

std::shared_ptr<Database> OpenMemory() {
  auto database = Database::OpenIn(os::Environment::InMemory(), "db", Settings());
  EXPECT_TRUE(database.ok()) << base::Describe(database.status());
  return *database;
}

void Do(SqlSession& session, std::string_view sql) {
  const base::Status status = session.Exec(sql);
  ASSERT_TRUE(status.ok()) << sql << ": " << base::Describe(status);
}

std::vector<std::string> Rows(SqlSession& session, std::string_view sql) {
  const auto rows = session.Query(sql);
  EXPECT_TRUE(rows.ok()) << sql << ": " << base::Describe(rows.status());
  return rows.ok() ? *rows : std::vector<std::string>();
}

using Strings = std::vector<std::string>;

TEST(Alter, PreparedStatementsAreBoundAnew) {
  const auto database = OpenMemory();
  const std::shared_ptr<Connection> connection = *database->Connect();
  SqlSession other(*database->Connect());
  Do(other,
     "create table t(a int primary key, b int); insert into t values (1, 10); create view v as select a + 1 as b from t");
  const Connection::Entry entry(*connection);
  const auto table = *connection->Prepare("select * from t", nullptr);
  const auto view = *connection->Prepare("select * from v", nullptr);
  const auto insert = *connection->Prepare("insert into t(a) values (2)", nullptr);
  EXPECT_EQ(*table->Step(), StepResult::kRow);
  EXPECT_EQ(table->column_count(), 2u);
  table->Reset();
  Do(other, "alter table t add column c text not null default 'new', alter column b type text using 'was ' || b");
  ASSERT_EQ(*table->Step(), StepResult::kRow);
  ASSERT_EQ(table->column_count(), 3u);
  EXPECT_EQ(table->value(1).ToString(), "was 10");
  EXPECT_EQ(table->value(2).ToString(), "new");
  table->Reset();
  EXPECT_EQ(*insert->Step(), StepResult::kDone);
  EXPECT_EQ(Rows(other, "select a, c from t order by a"), (Strings{"1|new", "2|new"}));
  Do(other, "alter table t rename column a to aa");
  ASSERT_EQ(*view->Step(), StepResult::kRow);
  EXPECT_EQ(view->value(0).ToString(), "2");
  view->Reset();
  Do(other, "create or replace view v as select aa + 10 as b from t");
  ASSERT_EQ(*view->Step(), StepResult::kRow);
  EXPECT_EQ(view->value(0).ToString(), "11");
  view->Reset();
  Do(other, "drop view v");
  const auto gone = view->Step();
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(base::GetSqlState(gone.status()), base::sqlstate::kUndefinedTable);
}

TEST(Alter, WaitsForWritersAndSeesTheirRows) {
  const auto database = OpenMemory();
  SqlSession writer(*database->Connect());
  Do(writer, "create table t(a int primary key, b int); insert into t values (1, 10)");
  Do(writer, "begin; insert into t values (2, 20)");
  std::thread alter([&] {
    SqlSession session(*database->Connect());
    Do(session, "alter table t alter column b type text using 'b' || b");
  });
  const auto waits = [&] {
    const std::vector<txn::TransactionInfo> all = database->transactions().ListTransactions();
    return std::any_of(all.begin(), all.end(), [](const auto& info) { return info.waits_for_table != base::kNoFile; });
  };
  while (!waits()) std::this_thread::yield();
  Do(writer, "commit");
  alter.join();
  EXPECT_EQ(Rows(writer, "select a, b from t order by a"), (Strings{"1|b10", "2|b20"}));
}

TEST(Alter, OldSnapshotsReadTheOldSchema) {
  const auto database = OpenMemory();
  SqlSession reader(*database->Connect());
  SqlSession session(*database->Connect());
  Do(session, "create table t(a int primary key, b int, c int); insert into t values (1, 10, 100)");
  Do(reader, "begin");
  EXPECT_EQ(Rows(reader, "select * from t"), (Strings{"1|10|100"}));
  Do(session, "alter table t alter column b type text using 'b' || b, drop column c, add column d int default 4");
  EXPECT_EQ(Rows(reader, "select * from t"), (Strings{"1|10|100"}));
  EXPECT_EQ(Rows(session, "select * from t"), (Strings{"1|b10|4"}));
  const base::Status late = reader.Exec("alter table t add column e int");
  EXPECT_EQ(base::GetSqlState(late), base::sqlstate::kSerializationFailure) << base::Describe(late);
  Do(reader, "rollback");
  EXPECT_EQ(Rows(reader, "select * from t"), (Strings{"1|b10|4"}));
}

TEST(Alter, ChangesOfOneTableByManySessionsAllCount) {
  for (int round = 0; round < 20; ++round) {  // what it is about happens between a commit and its publication
    const auto database = OpenMemory();
    SqlSession session(*database->Connect());
    Do(session, "create table t(a int primary key); insert into t values (1)");
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&, i] {
        SqlSession own(*database->Connect());
        for (int k = 0; k < 5; ++k) {
          const std::string sql = absl::StrCat("alter table t add column c", i, "_", k, " int default ", i * 10 + k);
          base::Status status = own.Exec(sql);
          while (base::GetSqlState(status) == base::sqlstate::kSerializationFailure) status = own.Exec(sql);
          ASSERT_TRUE(status.ok()) << base::Describe(status);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(Rows(session, "select count(*) from turdb_catalog.columns where table_name = 't'"), (Strings{"16"}));
    EXPECT_EQ(Rows(session, "select c0_0, c1_4, c2_2 from t"), (Strings{"0|14|22"}));
  }
}

}  // namespace
}  // namespace turdb::engine
