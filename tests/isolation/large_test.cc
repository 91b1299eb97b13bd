// Serializable transactions that read more than is noted exactly, from pages and versions that do not stay in memory.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/engine/sql_session.h"

namespace turdb::isolation {
namespace {

class LargeReads : public testing::Test {
 protected:
  LargeReads() {
    engine::Settings settings;
    settings.memory_limit_bytes = 4 << 20;
    settings.page_cache_bytes = 1 << 20;  // 64 frames; the table has several hundred pages
    settings.threads = 1;
    auto database = engine::Database::Open(":memory:", settings);
    EXPECT_TRUE(database.ok()) << base::Describe(database.status());
    database_ = *database;
    reader_ = std::make_unique<engine::SqlSession>(*database_->Connect());
    writer_ = std::make_unique<engine::SqlSession>(*database_->Connect());
    Do(*writer_, "create table t(id bigint primary key, v bigint not null, pad text); create table log(id int primary key)");
    Do(*writer_, "insert into t select i, 1, repeat('x', 400) from generate_series(1, 12000) g(i)");
  }
  ~LargeReads() override {
    reader_.reset(), writer_.reset();
    EXPECT_EQ(*database_->Check([](std::string_view problem) { ADD_FAILURE() << problem; }), 0);
    EXPECT_TRUE(database_->Close().ok());
  }
  static void Do(engine::SqlSession& session, std::string_view sql) {
    const base::Status status = session.Exec(sql);
    EXPECT_TRUE(status.ok()) << sql << ": " << base::Describe(status);
  }
  std::string Commit() {
    const base::Status status = reader_->Exec("commit");
    return status.ok() ? "ok" : std::string(base::GetSqlState(status).view());
  }

  std::shared_ptr<engine::Database> database_;
  std::unique_ptr<engine::SqlSession> reader_, writer_;
};

TEST_F(LargeReads, AChangeAnywhereInAScanIsNoticed) {
  for (const std::string_view change :
       {"update t set v = 2 where id = 11999", "delete from t where id = 3000", "insert into t values (12001, 1, '')",
        "update t set v = v + 1", "insert into t select i, 1, repeat('y', 400) from generate_series(20001, 25000) g(i)"}) {
    Do(*reader_, "begin isolation level serializable");
    ASSERT_TRUE(reader_->Query("select sum(v) from t").ok());
    Do(*reader_, "insert into log values (1)");
    Do(*writer_, change);
    EXPECT_EQ(Commit(), "40001") << change;
    EXPECT_EQ(*reader_->Query("select count(*) from log"), std::vector<std::string>{"0"});
  }
}

TEST_F(LargeReads, ManyKeysAreNotedCoarselyAndNoneIsForgotten) {
  Do(*reader_, "begin isolation level serializable");
  for (int id = 1; id <= 10000; id += 2) {
    ASSERT_TRUE(reader_->Query(absl::StrCat("select v from t where id = ", id * 7919LL % 10007)).ok());
  }
  Do(*reader_, "insert into log values (1)");
  Do(*writer_, "update t set v = 3 where id = 11000");  // beyond what was read
  EXPECT_EQ(Commit(), "ok");

  Do(*reader_, "begin isolation level serializable");
  for (int id = 1; id <= 10000; id += 2) ASSERT_TRUE(reader_->Query(absl::StrCat("select v from t where id = ", id)).ok());
  Do(*reader_, "insert into log values (2)");
  Do(*writer_, "update t set v = 3 where id = 1");
  EXPECT_EQ(Commit(), "40001");
}

TEST_F(LargeReads, WhatIsReadAfterALimitIsNotRead) {
  Do(*reader_, "begin isolation level serializable");
  EXPECT_EQ(reader_->Query("select id from t order by id limit 3")->size(), 3U);
  EXPECT_EQ(reader_->Query("select id from t order by id desc limit 3")->size(), 3U);
  Do(*reader_, "insert into log values (3)");
  Do(*writer_, "update t set v = 4 where id between 6000 and 6100");
  EXPECT_EQ(Commit(), "ok");
}

}  // namespace
}  // namespace turdb::isolation
