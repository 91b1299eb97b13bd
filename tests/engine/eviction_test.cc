// Changes that are larger than the page cache: pages leave it while versions of them are needed.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/engine/sql_session.h"

namespace turdb::engine {
namespace {

TEST(Eviction, OldSnapshotsReadPagesThatWereEvictedAfterAChange) {
  Settings settings;
  settings.memory_limit_bytes = 16 << 20;
  settings.page_cache_bytes = 1 << 20;  // 64 frames; the table has several hundred pages
  settings.threads = 1;
  auto database = Database::Open(":memory:", settings);
  ASSERT_TRUE(database.ok()) << base::Describe(database.status());
  SqlSession writer(*(*database)->Connect()), reader(*(*database)->Connect());
  ASSERT_TRUE(writer.Exec("create table t(id bigint primary key, v bigint not null, pad text)").ok());
  ASSERT_TRUE(writer.Exec("insert into t select i, 1, repeat('x', 400) from generate_series(1, 12000) g(i)").ok());
  ASSERT_TRUE(reader.Exec("begin").ok());
  EXPECT_EQ(*reader.Query("select sum(v) from t"), std::vector<std::string>{"12000"});

  ASSERT_TRUE(writer.Exec("begin; update t set v = 2; delete from t where id % 2 = 0").ok());
  EXPECT_EQ(*writer.Query("select count(*), sum(v) from t"), std::vector<std::string>{"6000|12000"});
  EXPECT_EQ(*reader.Query("select count(*), sum(v) from t"), std::vector<std::string>{"12000|12000"});
  ASSERT_TRUE(writer.Exec("rollback").ok());
  EXPECT_EQ(*writer.Query("select count(*), sum(v) from t"), std::vector<std::string>{"12000|12000"});

  ASSERT_TRUE(writer.Exec("update t set v = 3").ok());
  EXPECT_EQ(*reader.Query("select count(*), sum(v) from t"), std::vector<std::string>{"12000|12000"});
  ASSERT_TRUE(reader.Exec("commit").ok());
  EXPECT_EQ(*reader.Query("select count(*), sum(v) from t"), std::vector<std::string>{"12000|36000"});
  EXPECT_EQ(*(*database)->Check([](std::string_view problem) { ADD_FAILURE() << problem; }), 0);
  EXPECT_TRUE((*database)->Close().ok());
}

}  // namespace
}  // namespace turdb::engine
