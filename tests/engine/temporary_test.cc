// Temporary tables beside other sessions, under cursors, in read-only databases, in little memory and after crashes.
#include "engine/temporary.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "os/fault_file_system.h"
#include "tests/engine/sql_session.h"

namespace turdb::engine {
namespace {

std::shared_ptr<Database> OpenOver(std::shared_ptr<os::FileSystem> files, Settings settings = {}) {
  os::Environment environment = os::Environment::InMemory();
  if (files != nullptr) environment.files = std::move(files);
  settings.threads = 1;
  auto database = Database::OpenIn(environment, "db", settings);
  EXPECT_TRUE(database.ok()) << base::Describe(database.status());
  return *database;
}

void Do(SqlSession& session, std::string_view sql) {
  const base::Status status = session.Exec(sql);
  ASSERT_TRUE(status.ok()) << sql << ": " << base::Describe(status);
}

std::string Ask(SqlSession& session, std::string_view sql) {
  const auto rows = session.Query(sql);
  if (!rows.ok()) return std::string(base::GetSqlState(rows.status()).view());
  std::string all;
  for (const std::string& row : *rows) absl::StrAppend(&all, all.empty() ? "" : ",", row);
  return all;
}

size_t PlacesIn(os::FileSystem& files, const std::string& directory) {
  const auto names = files.List(directory);
  if (!names.ok()) return 0;
  return static_cast<size_t>(std::count_if(names->begin(), names->end(), TemporaryObjects::IsName));
}

TEST(Temporary, IsSeenByItsSessionAloneAndGoesWithIt) {
  const auto files = std::shared_ptr<os::FileSystem>(os::NewMemoryFileSystem());
  const auto database = OpenOver(files);
  SqlSession other(*database->Connect());
  Do(other, "create table t(a int); insert into t values (1)");
  {
    SqlSession session(*database->Connect());
    EXPECT_EQ(PlacesIn(*files, "db/tmp"), 0u);
    Do(session, "create temp table t(a int); insert into t values (2), (3)");
    Do(other, "create temp table t(a text); insert into t values ('x')");
    EXPECT_EQ(PlacesIn(*files, "db/tmp"), 2u);
    EXPECT_EQ(Ask(session, "select sum(a) from t"), "5");
    EXPECT_EQ(Ask(other, "select a from t"), "x");
  }
  EXPECT_EQ(PlacesIn(*files, "db/tmp"), 1u);
  Do(other, "drop table t");
  EXPECT_EQ(Ask(other, "select a from t"), "1");
  EXPECT_TRUE(database->Close().ok());
  EXPECT_EQ(PlacesIn(*files, "db/tmp"), 0u);
}

TEST(Temporary, WhatAKilledProcessLeftIsRemovedAtTheNextOpening) {
  for (const bool shared : {false, true}) {
    auto disk = std::make_shared<os::FaultFileSystem>();
    Settings settings;
    if (shared) settings.temp_directory = "elsewhere";
    const std::string directory = shared ? "elsewhere" : "db/tmp";
    for (int round = 0; round < 3; ++round) {
      const auto database = OpenOver(disk, settings);
      SqlSession session(*database->Connect());
      EXPECT_EQ(PlacesIn(*disk, directory), 0u) << directory;
      Do(session, "create temp table t(a int primary key, b text)");
      Do(session, "insert into t select i, repeat('x', 100) from generate_series(1, 2000) i");
      Do(session, absl::StrCat("create table p", round, "(a int)"));
      EXPECT_EQ(Ask(session, "select count(*) from t"), "2000");
      EXPECT_EQ(PlacesIn(*disk, directory), 1u);
      disk = disk->CrashedCopy(static_cast<uint64_t>(round));
    }
    const auto database = OpenOver(disk, settings);
    SqlSession session(*database->Connect());
    EXPECT_EQ(PlacesIn(*disk, directory), 0u);
    EXPECT_EQ(Ask(session, "select count(*) from information_schema.tables where table_name like 'p_'"), "3");
  }
}

TEST(Temporary, WorksInADatabaseThatIsReadOnly) {
  const auto files = std::shared_ptr<os::FileSystem>(os::NewMemoryFileSystem());
  {
    const auto database = OpenOver(files);
    SqlSession session(*database->Connect());
    Do(session, "create table p(a int primary key); insert into p values (1), (2)");
  }
  Settings settings;
  settings.read_only = true;
  const auto database = OpenOver(files, settings);
  SqlSession session(*database->Connect());
  Do(session, "create temp table t as select a * 10 as a from p");
  Do(session, "create index on t(a); begin; insert into t values (5); savepoint s; delete from t; rollback to s; commit");
  EXPECT_EQ(Ask(session, "select sum(a) from t"), "35");
  EXPECT_EQ(Ask(session, "select count(*) from p join t on t.a = p.a * 10"), "2");
  EXPECT_EQ(Ask(session, "insert into p select a from t"), "25006");
  EXPECT_EQ(Ask(session, "create table q(a int)"), "25006");
  Do(session, "create temp sequence s; create temp view v as select nextval('s') as n, a from t");
  EXPECT_EQ(Ask(session, "select max(n) from v"), "3");
  EXPECT_EQ(PlacesIn(*files, "db/tmp"), 0u);
}

TEST(Temporary, CursorsGoOnOverCommitsAndDrops) {
  const auto database = OpenOver(nullptr);
  const auto connection = *database->Connect();
  const Connection::Entry entry(*connection);
  ASSERT_TRUE(entry.entered());
  ASSERT_TRUE(connection->Exec("create temp table t(a int); insert into t select * from generate_series(1, 10000)").ok());
  for (const bool in_transaction : {false, true}) {
    ASSERT_TRUE(connection->Exec(in_transaction ? "begin; insert into t values (0)" : "").ok());
    const auto statement = *connection->Prepare("select a from t", nullptr);
    ASSERT_EQ(*statement->Step(), StepResult::kRow);
    ASSERT_TRUE(
        connection->Exec(in_transaction ? "commit; delete from t where a > 5; drop table t" : "delete from t where a = 1")
            .ok());
    int64_t rows = 1;
    for (;;) {
      const auto result = statement->Step();
      ASSERT_TRUE(result.ok()) << base::Describe(result.status());
      if (*result == StepResult::kDone) break;
      ++rows;
    }
    EXPECT_EQ(rows, 10000);
  }
}

TEST(Temporary, ARollbackTakesBackBothDatabases) {
  const auto database = OpenOver(nullptr);
  SqlSession session(*database->Connect()), other(*database->Connect());
  Do(session, "create table p(a int primary key); insert into p values (1); create temp table t(a int)");
  // A commit that must fail takes the temporary changes with it.
  Do(session, "begin isolation level serializable; insert into t select count(*) from p; insert into p values (2)");
  Do(other, "begin isolation level serializable; select count(*) from p; insert into p values (3); commit");
  EXPECT_EQ(base::GetSqlState(session.Exec("commit")).view(), "40001");
  EXPECT_EQ(Ask(session, "select count(*) from t"), "0");
  Do(session, "begin; create temp table u(a int); insert into u values (1); insert into t values (1); rollback");
  EXPECT_EQ(Ask(session, "select count(*) from t"), "0");
  EXPECT_EQ(Ask(session, "select count(*) from u"), "42P01");
}

TEST(Temporary, StaysWithinTheMemoryOfTheDatabase) {
  const auto files = std::shared_ptr<os::FileSystem>(os::NewMemoryFileSystem());
  Settings settings;
  settings.memory_limit_bytes = 4 << 20;
  const auto database = OpenOver(files, settings);
  SqlSession session(*database->Connect());
  Do(session, "create temp table t(a int primary key, b text)");
  for (int i = 0; i < 20; ++i) {
    Do(session,
       absl::StrCat("insert into t select i, repeat('x', 500) from generate_series(", i * 1000, ", ", i * 1000 + 999, ") i"));
  }
  EXPECT_EQ(Ask(session, "select count(*), sum(length(b)) from t"), "20000|10000000");
  EXPECT_LE(database->budget().peak_bytes(), settings.memory_limit_bytes);
}

}  // namespace
}  // namespace turdb::engine
