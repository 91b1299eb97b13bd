// DROP beside everything that goes into files without a snapshot or a lock: the collector's purges, and checks.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/engine/sql_session.h"

namespace turdb::engine {
namespace {

// Rows are deleted just before their tables and indexes are dropped, or their making is rolled back: pages become quiet,
// and are purged by whichever session or thread comes by, while the file goes.
TEST(Drop, FilesGoBesideThoseWhoPurgeTheirPages) {
  Settings settings;
  settings.threads = 2;  // one collects
  auto database = Database::OpenIn(os::Environment::InMemory(), "db", settings);
  ASSERT_TRUE(database.ok()) << base::Describe(database.status());
  constexpr int kSessions = 3, kRounds = 12;
  std::atomic<int> busy{kSessions};
  std::vector<std::thread> threads;
  for (int i = 0; i < kSessions; ++i) {
    threads.emplace_back([&, i] {
      SqlSession session(*(*database)->Connect());
      const std::string t = absl::StrCat("t", i);
      const std::string make =
          absl::StrCat("create table ", t, "(a int primary key, b text); create index ", t, "_b on ", t, "(b); insert into ", t,
                       " select n, repeat('x', 60) || n from generate_series(1, 900) g(n); delete from ", t, " where a > 3;");
      const std::string drop = absl::StrCat(make, "drop index ", t, "_b; update ", t, " set a = a + 10; drop table ", t);
      const std::string roll_back = absl::StrCat("begin;", make, "rollback");
      for (int round = 0; round < kRounds; ++round) {
        const base::Status status = session.Exec(round % 3 == 2 ? roll_back : drop);
        EXPECT_TRUE(status.ok()) << base::Describe(status);
      }
      --busy;
    });
  }
  while (busy > 0) {
    // What it says of pages in motion is not to be relied on; that it ends well is.
    const auto problems = (*database)->Check([](std::string_view) {});
    EXPECT_TRUE(problems.ok()) << base::Describe(problems.status());
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE((*database)->Close().ok());
}

}  // namespace
}  // namespace turdb::engine
