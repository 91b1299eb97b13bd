// VACUUM through SQL, and what an opening after a crash does with space that nobody uses.
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "btree/tree.h"
#include "os/fault_file_system.h"
#include "tests/engine/sql_session.h"

namespace turdb::engine {
namespace {

base::StatusOr<std::shared_ptr<Database>> OpenOver(const std::shared_ptr<os::FileSystem>& files) {
  os::Environment environment = os::Environment::InMemory();
  environment.files = files;
  Settings settings;
  settings.memory_limit_bytes = 32 << 20;
  settings.page_cache_bytes = 4 << 20;
  settings.threads = 1;
  return Database::OpenIn(environment, "db", settings);
}

uint64_t FileBytes(os::FileSystem& disk, const std::string& path) {
  return *(*disk.Open(path, os::OpenMode::kReadOnly))->Size();
}

void ExpectSound(Database& database) {
  EXPECT_EQ(*database.Check([](std::string_view problem) { ADD_FAILURE() << problem; }), 0);
}

btree::CheckReport TreeReport(Database& database, std::string_view table) {
  btree::CheckReport report;
  const std::string path[] = {std::string(catalog::kDefaultSchema)};
  const auto relation = database.catalog().Current()->FindRelation("", table, path);
  const base::Status status = (*database.tables().TreeOf(relation->id))->Check(&report);
  EXPECT_TRUE(status.ok()) << base::Describe(status);
  return report;
}

TEST(Vacuum, FilesShrinkWithTheirTables) {
  const auto disk = std::make_shared<os::FaultFileSystem>();
  auto database = OpenOver(disk);
  ASSERT_TRUE(database.ok());
  SqlSession session(*(*database)->Connect());
  ASSERT_TRUE(session.Exec("create table t(id bigint primary key, v text); create index t_v on t(v)").ok());
  ASSERT_TRUE(session.Exec("insert into t select i, repeat('v', 100) || i from generate_series(1, 20000) g(i)").ok());
  ASSERT_TRUE(session.Exec("checkpoint").ok());
  const uint64_t table = FileBytes(*disk, "db/root/t.tbd"), index = FileBytes(*disk, "db/root/t.t_v.idx");
  ASSERT_TRUE(session.Exec("delete from t where id <= 18000; vacuum").ok());
  EXPECT_LT(FileBytes(*disk, "db/root/t.tbd"), table / 5);
  EXPECT_LT(FileBytes(*disk, "db/root/t.t_v.idx"), index / 4);
  EXPECT_EQ(*session.Query("select count(*), min(id), max(id) from t"), std::vector<std::string>{"2000|18001|20000"});
  ExpectSound(**database);
  ASSERT_TRUE((*database)->Close().ok());
  database = OpenOver(disk);
  ASSERT_TRUE(database.ok());
  ExpectSound(**database);
}

TEST(Vacuum, RefusesWhatItCannotDo) {
  auto database = OpenOver(std::make_shared<os::FaultFileSystem>());
  ASSERT_TRUE(database.ok());
  SqlSession session(*(*database)->Connect());
  ASSERT_TRUE(session.Exec("begin").ok());
  EXPECT_EQ(base::GetSqlState(session.Exec("vacuum")), base::sqlstate::kActiveTransaction);
}

// The statement says why it failed; the next one finishes the work.
TEST(Vacuum, AFileThatCannotBeCutIsAnError) {
  const auto disk = std::make_shared<os::FaultFileSystem>();
  auto database = OpenOver(disk);
  ASSERT_TRUE(database.ok());
  SqlSession session(*(*database)->Connect());
  ASSERT_TRUE(session.Exec("create table t(id bigint primary key, v text)").ok());
  ASSERT_TRUE(session.Exec("insert into t select i, repeat('v', 500) from generate_series(1, 2000) g(i)").ok());
  ASSERT_TRUE(session.Exec("delete from t").ok());
  disk->Inject({.operation = os::FileOperation::kTruncate, .path_contains = "t.tbd"});
  const base::Status status = session.Exec("vacuum");
  ASSERT_FALSE(status.ok());
  EXPECT_TRUE(absl::StrContains(base::Describe(status), "shortening root/t.tbd")) << base::Describe(status);
  ASSERT_TRUE(session.Exec("vacuum").ok());
  EXPECT_EQ(FileBytes(*disk, "db/root/t.tbd"), uint64_t{2} * base::kPageSize);
  ExpectSound(**database);
}

// Kernel rule 4: chains that were replaced wait in a list, which the next opening empties; one in a tree that undo
// needs, one in a tree that is opened later.
TEST(Recovery, ChainsThatACrashLeftWaitingAreFreed) {
  const auto disk = std::make_shared<os::FaultFileSystem>();
  auto database = OpenOver(disk);
  ASSERT_TRUE(database.ok());
  {
    SqlSession writer(*(*database)->Connect()), reader(*(*database)->Connect());
    for (const char* table : {"undone", "idle"}) {
      const std::string name(table);
      ASSERT_TRUE(writer.Exec("create table " + name + "(id bigint primary key, v text)").ok());
      // Digits of digests compress to a half: two pages a value.
      ASSERT_TRUE(writer
                      .Exec("insert into " + name +
                            " select n, string_agg(md5(n || ' ' || i), '') from generate_series(1, 3) as a(n), "
                            "generate_series(1, 2000) as b(i) group by n")
                      .ok());
    }
    ASSERT_TRUE(reader.Exec("begin").ok());
    EXPECT_EQ(*reader.Query("select count(*) from idle"), std::vector<std::string>{"3"});
    for (const char* table : {"undone", "idle"}) {
      ASSERT_TRUE(writer.Exec(std::string("update ") + table + " set v = 'short' where id < 3").ok());
    }
    ASSERT_TRUE(writer.Exec("begin; update undone set v = 'never' where id = 3").ok());
    ASSERT_TRUE((*database)->storage().FlushLog().ok());
    EXPECT_EQ(TreeReport(**database, "idle").overflow_pages, 6u);
    disk->Crash(1);
  }
  (void)(*database)->Close();
  database = OpenOver(disk);
  ASSERT_TRUE(database.ok()) << base::Describe(database.status());
  EXPECT_EQ(TreeReport(**database, "undone").overflow_pages, 2u);
  EXPECT_EQ(TreeReport(**database, "idle").overflow_pages, 2u);
  SqlSession session(*(*database)->Connect());
  EXPECT_EQ(*session.Query("select sum(length(v)) from undone"), std::vector<std::string>{"64010"});
  ExpectSound(**database);
}

}  // namespace
}  // namespace turdb::engine
