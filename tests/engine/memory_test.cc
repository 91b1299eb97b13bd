// Statements of several operators under a small limit: one that collects rows leaves room for those that feed it.
#include <gtest/gtest.h>

#include "tests/engine/sql_session.h"

namespace turdb::engine {
namespace {

TEST(SmallMemory, ASortAboveANestedLoopSpills) {
  for (const int64_t megabytes : {2, 4, 16}) {
    Settings settings;
    settings.memory_limit_bytes = megabytes << 20;
    settings.threads = 1;
    const auto database = Database::OpenIn(os::Environment::InMemory(), "db", settings);
    ASSERT_TRUE(database.ok()) << base::Describe(database.status());
    SqlSession session(*(*database)->Connect());
    ASSERT_TRUE(session.Exec("create table t(id int primary key, v text); create table c(id int primary key, p text)").ok());
    ASSERT_TRUE(session.Exec("insert into t select i, repeat('a', 100) from generate_series(1, 20) g(i)").ok());
    ASSERT_TRUE(session.Exec("insert into c select i, repeat('c', 100) from generate_series(1, 5000) g(i)").ok());
    for (const char* sql : {"select count(*) from (select t.id, c.id from t, c where t.id < 11 order by 2, 1) s",
                            "select count(*) from (select t.v, c.p from t, c where t.id < 11 order by 2, 1) s",
                            "select count(*) from (select t.v || c.p as x from t, c where t.id < 11 order by 1) s"}) {
      const auto rows = session.Query(sql);
      ASSERT_TRUE(rows.ok()) << megabytes << " MB: " << base::Describe(rows.status()) << "\n" << sql;
      EXPECT_EQ(rows->front(), "50000");
    }
  }
}

}  // namespace
}  // namespace turdb::engine
