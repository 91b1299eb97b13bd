// A small database on a disk of memory, made once, of which a target takes copies to damage.
#ifndef TURDB_TESTS_FUZZ_FUZZ_DATABASE_H_
#define TURDB_TESTS_FUZZ_FUZZ_DATABASE_H_

#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "engine/database.h"
#include "os/environment.h"
#include "os/fault_file_system.h"
#include "tests/engine/sql_session.h"

namespace turdb {

inline engine::Settings FuzzSettings() {
  engine::Settings settings;
  settings.memory_limit_bytes = 16 << 20;
  settings.page_cache_bytes = 4 << 20;
  settings.wal_limit_bytes = 1 << 20;
  settings.threads = 1;
  return settings;
}

inline base::StatusOr<std::shared_ptr<engine::Database>> OpenFuzzDatabase(std::shared_ptr<os::FileSystem> files) {
  os::Environment environment = os::Environment::InMemory();
  environment.files = std::move(files);
  return engine::Database::OpenIn(environment, "db", FuzzSettings());
}

inline const std::vector<std::string>& FuzzTables() {
  static const auto* const names = new std::vector<std::string>{"by_number", "by_text"};
  return *names;
}

// Trees of several levels, of both kinds, with ghosts and chains of overflow pages. `closed`: closed properly, so that
// everything is in its file; otherwise the last changes are in the log only, one transaction unfinished.
inline std::unique_ptr<os::FaultFileSystem> MakeFuzzDisk(bool closed) {
  const auto disk = std::make_shared<os::FaultFileSystem>();
  auto database = OpenFuzzDatabase(disk);
  TURDB_CHECK(database.ok());
  engine::SqlSession session(*(*database)->Connect());
  const auto run = [&](std::string_view sql) { TURDB_CHECK(session.Exec(sql).ok()) << sql; };
  run("create table by_number(id bigint primary key, t text, v double precision)");
  run("create table by_text(k text primary key, n int, long text)");
  run("create index by_text_n on by_text(n, k)");
  run("insert into by_number select i, repeat('x', (i % 90)::int), i from generate_series(1, 900) as g(i)");
  run("insert into by_text select 'user:' || i || repeat('k', (i % 40)::int), i % 17, null from generate_series(1, 900) as "
      "g(i)");
  run("insert into by_text values ('long', 1, repeat('value ', 20000))");
  if (!closed) TURDB_CHECK((*database)->Checkpoint().ok());
  run("delete from by_number where id % 3 = 0");
  run("update by_text set n = n + 1, long = 'l' where n = 4");
  if (closed) {
    TURDB_CHECK((*database)->Close().ok());
    return disk->CrashedCopy(1);
  }
  run("begin; update by_number set t = t || 'unfinished' where id < 50; delete from by_text where k = 'long'");
  TURDB_CHECK((*database)->storage().FlushLog().ok());
  return disk->CrashedCopy(1);
}

// Everything that a careless user would do with it. Errors are fine.
inline void UseFuzzDatabase(engine::Database& database) {
  (void)database.Check([](std::string_view) {});
  auto connection = database.Connect();
  if (!connection.ok()) return;
  engine::SqlSession session(*connection);
  for (const char* sql :
       {"select count(*), sum(length(t)), sum(v) from by_number", "select count(*), sum(length(long)) from by_text",
        "select id from by_number order by id desc limit 500", "select k from by_text where n = 5 order by n, k",
        "select t from by_number where id = 77", "select long from by_text where k = 'long'"}) {
    (void)session.Query(sql);
  }
  for (const char* sql :
       {"insert into by_number values (100000, 'last', 1), (3, 'first', 2), (453, repeat('middle', 900), 3)",
        "update by_text set n = n + 100 where n < 9", "insert into by_text values ('user:5', 3, repeat('other ', 9000))",
        "delete from by_number where id between 100 and 700", "update by_text set long = null", "checkpoint"}) {
    (void)session.Exec(sql);
  }
  (void)database.Check([](std::string_view) {});
}

}  // namespace turdb

#endif  // TURDB_TESTS_FUZZ_FUZZ_DATABASE_H_
