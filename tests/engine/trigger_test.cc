// Triggers through the engine: what EXPLAIN says, prepared statements, what counts, little memory, several threads.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/sql_session.h"

namespace turdb::engine {
namespace {

class TriggerTest : public testing::Test {
 protected:
  explicit TriggerTest(Settings settings = Settings()) {
    settings.threads = 1;
    auto database = Database::OpenIn(os::Environment::InMemory(), "db", settings);
    EXPECT_TRUE(database.ok()) << base::Describe(database.status());
    database_ = *database;
    connection_ = *database_->Connect();
    session_ = std::make_unique<SqlSession>(connection_);
  }
  ~TriggerTest() override {
    session_.reset();
    connection_.reset();
    EXPECT_EQ(*database_->Check([](std::string_view problem) { ADD_FAILURE() << problem; }), 0);
    EXPECT_TRUE(database_->Close().ok());
  }
  void Do(std::string_view sql) {
    const base::Status status = session_->Exec(sql);
    ASSERT_TRUE(status.ok()) << sql << ": " << base::Describe(status);
  }
  std::string State(std::string_view sql) { return std::string(base::GetSqlState(session_->Exec(sql)).view()); }
  std::string Text(std::string_view sql) {
    const auto rows = session_->Query(sql);
    EXPECT_TRUE(rows.ok()) << sql << ": " << base::Describe(rows.status());
    return rows.ok() ? absl::StrJoin(*rows, "\n") : "";
  }

  std::shared_ptr<Database> database_;
  std::shared_ptr<Connection> connection_;
  std::unique_ptr<SqlSession> session_;
};

TEST_F(TriggerTest, ExplainShowsThemOnce) {
  Do("create table t(id int primary key, a int); create table log(a int)");
  EXPECT_TRUE(absl::StrContains(Text("explain insert into t values (1, 1)"), "[short path]"));
  Do("create trigger again after insert on t when (new.id > 0) begin insert into log values (new.a); "
     "insert into t values (new.id - 1, 0); end");
  const std::string plan = Text("explain insert into t values (1, 1)");
  EXPECT_FALSE(absl::StrContains(plan, "[short path]")) << plan;
  EXPECT_TRUE(absl::StrContains(plan, "Insert t triggers: again")) << plan;
  EXPECT_TRUE(absl::StrContains(plan, "Trigger again on t: after each row when (@")) << plan;
  EXPECT_TRUE(absl::StrContains(plan, "Insert log")) << plan;
  EXPECT_TRUE(absl::StrContains(plan, "Trigger again on t: after each row, as above")) << plan;
}

TEST_F(TriggerTest, PreparedStatementsLearnOfThem) {
  Do("create table t(id int primary key); create table log(id int)");
  const Connection::Entry entry(*connection_);
  auto prepared = connection_->Prepare("insert into t values (?)", nullptr);
  ASSERT_TRUE(prepared.ok());
  Statement& insert = **prepared;
  const auto run = [&](int64_t id) {
    insert.BindInt64(0, id);
    const auto stepped = insert.Step();
    ASSERT_TRUE(stepped.ok()) << base::Describe(stepped.status());
  };
  const auto exec = [&](std::string_view sql) { ASSERT_TRUE(connection_->Exec(sql).ok()) << sql; };
  run(1);
  exec("create trigger l after insert on t begin insert into log values (new.id); end");
  run(2);
  exec("alter table t disable trigger l");
  run(3);
  exec("alter table t enable trigger l; alter table log add column x int");
  run(4);
  exec("drop trigger l");
  run(5);
  auto logged = connection_->Prepare("select string_agg(id::text, ',' order by id) from log", nullptr);
  ASSERT_TRUE(logged.ok());
  ASSERT_TRUE((*logged)->Step().ok());
  EXPECT_EQ((*logged)->value(0).ToString(), "2,4");
}

TEST_F(TriggerTest, WhatTheyDoDoesNotCount) {
  Do("create table t(id integer primary key, a int); create table log(id integer primary key, a int)");
  Do("insert into log select g, g from generate_series(1, 50) g");
  Do("create trigger l after insert on t begin insert into log(a) values (1), (2), (3); update log set a = a + 1; end");
  Do("insert into t(a) values (1), (2)");
  EXPECT_EQ(connection_->changes(), 2);
  EXPECT_EQ(connection_->last_insert_id(), 2);
}

TEST_F(TriggerTest, AsDeepAsTheLimitAndNoDeeper) {
  Do("create table t(n int)");
  Do("create trigger down after insert on t when (new.n > 1) begin insert into t values (new.n - 1); end");
  Do("insert into t values (100)");
  EXPECT_EQ(Text("select count(*) from t"), "100");
  EXPECT_EQ(State("insert into t values (103)"), "54001");
  EXPECT_EQ(Text("select count(*) from t"), "100");
  // Two that set off each other.
  Do("create table a(n int); create table b(n int)");
  Do("create trigger a_b after insert on a begin insert into b values (new.n); end");
  Do("create trigger b_a after insert on b begin insert into a values (new.n); end");
  EXPECT_EQ(State("insert into a values (1)"), "54001");
  EXPECT_EQ(Text("select count(*) from a"), "0");
}

class TriggersInLittleMemory : public TriggerTest {
 protected:
  static Settings Little() {
    Settings settings;
    settings.memory_limit_bytes = 8 << 20;
    settings.page_cache_bytes = 2 << 20;
    return settings;
  }
  TriggersInLittleMemory() : TriggerTest(Little()) {}
};

TEST_F(TriggersInLittleMemory, RowsOfAStatementGoToDisk) {
  Do("create table t(id int primary key, a text); create table sums(n bigint, least int, greatest int)");
  Do("create trigger s after insert on t referencing new table as added for each statement begin "
     "insert into sums select count(*), min(id), max(id) from added; end");
  Do("create trigger u after update on t referencing old table as was new table as becomes for each statement begin "
     "insert into sums select count(*), min(length(was.a)), max(length(becomes.a)) from was join becomes using (id); end");
  Do("insert into t select g, repeat('x', 100) from generate_series(1, 100000) g");
  EXPECT_EQ(Text("select * from sums"), "100000|1|100000");
  Do("update t set a = a || 'y'");
  EXPECT_EQ(Text("select * from sums where n = 100000 and least = 100"), "100000|100|101");
  Do("create table log(id int); create trigger r after delete on t begin insert into log values (old.id); end");
  Do("delete from t where id % 4 = 0");
  EXPECT_EQ(Text("select count(*), sum(id) from log"), "25000|1250050000");
}

// Whoever inserts logs each row while the trigger is there, and none while it is not: never half a statement.
TEST_F(TriggerTest, TheyComeAndGoWhileOthersWrite) {
  Do("create table t(id int primary key, batch int); create table log(id int, batch int)");
  std::atomic<bool> stop = false;
  std::vector<std::thread> writers;
  for (int w = 0; w < 3; ++w) {
    writers.emplace_back([&, w] {
      SqlSession session(*database_->Connect());
      for (int i = 0; !stop.load(); ++i) {
        const int first = w * 10'000'000 + i * 3;
        const base::Status status = session.Exec(absl::StrCat("insert into t values (", first, ", ", first, "), (", first + 1,
                                                              ", ", first, "), (", first + 2, ", ", first, ")"));
        ASSERT_TRUE(status.ok() || base::CanRetry(status)) << base::Describe(status);
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    Do("create trigger l after insert on t begin insert into log values (new.id, new.batch); end");
    Do("drop trigger l");
  }
  stop = true;
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(Text("select batch, count(*) from log group by batch having count(*) <> 3"), "");
  EXPECT_EQ(Text("select count(*) from log where id not in (select id from t)"), "0");
}

}  // namespace
}  // namespace turdb::engine
