// Foreign keys through the engine: what EXPLAIN says, prepared statements, little memory.
#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/sql_session.h"

namespace turdb::engine {
namespace {

class ForeignKeyTest : public testing::Test {
 protected:
  explicit ForeignKeyTest(Settings settings = Settings()) {
    settings.threads = 1;  // nobody purges pages beside the check
    auto database = Database::OpenIn(os::Environment::InMemory(), "db", settings);
    EXPECT_TRUE(database.ok()) << base::Describe(database.status());
    database_ = *database;
    session_ = std::make_unique<SqlSession>(*database_->Connect());
  }
  ~ForeignKeyTest() override {
    session_.reset();
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
  std::unique_ptr<SqlSession> session_;
};

TEST_F(ForeignKeyTest, ExplainShowsWhatAChangeSetsOff) {
  Do("create table boss(id int primary key, name text); create table worker(id int primary key, boss int, mate int)");
  EXPECT_TRUE(absl::StrContains(Text("explain delete from boss where id = 1"), "[short path]"));
  Do("alter table worker add foreign key (boss) references boss on delete cascade, "
     "add foreign key (mate) references worker on delete set null");
  std::string plan = Text("explain delete from boss where id = 1");
  EXPECT_FALSE(absl::StrContains(plan, "[short path]")) << plan;
  EXPECT_TRUE(absl::StrContains(plan, "Delete boss referenced by: worker_boss_fkey")) << plan;
  EXPECT_TRUE(absl::StrContains(
      plan, "ForeignKey worker_boss_fkey of worker: on delete cascade (reads all of worker: it has no index on the columns)"))
      << plan;
  EXPECT_TRUE(absl::StrContains(plan, "ForeignKey worker_mate_fkey of worker: on delete set null")) << plan;
  // Keys that went are few: they are what the hash table is made of.
  EXPECT_TRUE(absl::StrContains(plan, "HashJoin")) << plan;
  EXPECT_LT(plan.find("TableScan r"), plan.find("CteScan")) << plan;
  Do("create index on worker(boss)");
  plan = Text("explain delete from boss where id = 1");
  EXPECT_TRUE(absl::StrContains(plan, "IndexJoin inner r index: worker_boss_idx")) << plan;
  // Changes of other columns concern nobody.
  EXPECT_TRUE(absl::StrContains(Text("explain update boss set name = 'x' where id = 1"), "[short path]"));
  EXPECT_TRUE(absl::StrContains(Text("explain insert into worker values (1, 1, null)"), "[short path]"));
}

TEST_F(ForeignKeyTest, PreparedStatementsCheckEveryTime) {
  Do("create table p(id int primary key); create table c(id int primary key, p int references p, note text)");
  const std::shared_ptr<Connection> connection = *database_->Connect();
  const Connection::Entry entry(*connection);
  const auto insert = *connection->Prepare("insert into c values (?, ?, ?)", nullptr);
  const auto remove = *connection->Prepare("delete from p where id = ?", nullptr);
  const auto move = *connection->Prepare("update c set p = ? where id = ?", nullptr);
  const auto run = [](Statement& statement, std::initializer_list<int64_t> values) {
    size_t i = 0;
    for (const int64_t value : values) statement.BindInt64(i++, value);
    const std::string state(base::GetSqlState(statement.Step().status()).view());
    statement.Reset();
    return state;
  };
  insert->BindText(2, "note");
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(run(*insert, {1, 1}), "23503");
    Do("insert into p values (1), (2)");
    EXPECT_EQ(run(*insert, {1, 1}), "00000");
    EXPECT_EQ(run(*remove, {1}), "23503");
    EXPECT_EQ(run(*move, {3, 1}), "23503");
    EXPECT_EQ(run(*move, {2, 1}), "00000");
    EXPECT_EQ(run(*remove, {1}), "00000");
    EXPECT_EQ(connection->changes(), 1);
    Do("delete from c; delete from p");
  }
  // Foreign keys that came later, and one that went.
  Do("insert into p values (1); create table late(p int references p on delete cascade); insert into late values (1)");
  EXPECT_EQ(run(*remove, {1}), "00000");
  EXPECT_EQ(connection->changes(), 1);
  EXPECT_EQ(Text("select count(*) from late"), "0");
  Do("alter table c drop constraint c_p_fkey");
  EXPECT_EQ(run(*insert, {1, 77}), "00000");
}

class ForeignKeysInLittleMemory : public ForeignKeyTest {
 protected:
  static Settings Little() {
    Settings settings;
    settings.memory_limit_bytes = 8 << 20;
    settings.page_cache_bytes = 2 << 20;
    return settings;
  }
  ForeignKeysInLittleMemory() : ForeignKeyTest(Little()) {}
};

TEST_F(ForeignKeysInLittleMemory, ManyRowsGoOrStay) {
  Do("create table p(id int primary key); create table c(id int primary key, p int references p on delete cascade)");
  Do("create index on c(p); insert into p select g from generate_series(1, 20000) g");
  Do("insert into c select g, g % 20000 + 1 from generate_series(1, 60000) g");
  EXPECT_EQ(State("insert into c select 100000 + g, g from generate_series(1, 20001) g"), "23503");
  EXPECT_EQ(Text("select count(*) from c"), "60000");
  Do("delete from p where id > 5000");
  EXPECT_EQ(Text("select count(*), max(p) from c"), "15000|5000");
  Do("delete from p");
  EXPECT_EQ(Text("select count(*) from c"), "0");
}

TEST_F(ForeignKeysInLittleMemory, DeferredChecksAreCountedAsMemory) {
  Do("create table p(id int primary key); create table c(p int references p deferrable initially deferred)");
  Do("begin");
  EXPECT_EQ(State("insert into c select g from generate_series(1, 2000000) g"), "53200");
  Do("insert into c select g from generate_series(1, 1000) g; insert into p select g from generate_series(1, 1000) g; commit");
  EXPECT_EQ(Text("select count(*) from c"), "1000");
}

}  // namespace
}  // namespace turdb::engine
