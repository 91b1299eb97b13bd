// A disk that becomes full at every place of a workload: statements fail with 53100 and are rolled back, nothing else breaks,
// and a database that is opened again on the disk that is still full undoes what was unfinished.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "os/fault_file_system.h"
#include "tests/engine/small_disk.h"
#include "tests/engine/sql_session.h"

namespace turdb::engine {
namespace {

using base::Status;
using base::StatusOr;

StatusOr<std::shared_ptr<Database>> OpenOver(const std::shared_ptr<os::FileSystem>& files) {
  Settings settings;
  settings.memory_limit_bytes = 4 << 20;
  settings.page_cache_bytes = 1 << 20;
  settings.wal_limit_bytes = 1 << 20;
  settings.threads = 1;
  os::Environment environment = os::Environment::InMemory();
  environment.files = files;
  return Database::OpenIn(environment, "db", settings);
}

// A table as it has to be: id, and the value of each row.
using Rows = std::map<int, int>;

struct Change {
  std::string sql;
  void (*apply)(Rows&) = [](Rows&) {};
};

void Insert(Rows& rows, int first, int last) {
  for (int i = first; i <= last; ++i) rows[i] = i;
}

std::vector<Change> Workload() {
  return {
      {"insert into t select i, i, repeat('a', 300) from generate_series(1, 200) g(i)", [](Rows& r) { Insert(r, 1, 200); }},
      {"update t set v = v + 1, pad = pad || repeat('b', 200) where id % 2 = 0",
       [](Rows& r) {
         for (auto& [id, v] : r) v += id % 2 == 0 ? 1 : 0;
       }},
      {"create index t_v on t(v, id)"},
      {"insert into t select i, i, repeat('c', 1500) from generate_series(201, 300) g(i)",
       [](Rows& r) { Insert(r, 201, 300); }},
      {"insert into t values (1000, 1000, repeat('long', 30000))", [](Rows& r) { Insert(r, 1000, 1000); }},
      {"create table other(a int primary key, b text)"},
      {"insert into other select i, repeat('o', 500) from generate_series(1, 300) g(i)"},
      {"delete from t where id % 3 = 0", [](Rows& r) { std::erase_if(r, [](const auto& row) { return row.first % 3 == 0; }); }},
      {"checkpoint"},
      {"begin; update t set v = v + 10; savepoint s; delete from t; rollback to s; commit",
       [](Rows& r) {
         for (auto& [id, v] : r) v += 10;
       }},
      {"drop table other"},
      {"insert into t select i, i, repeat('d', 1000) from generate_series(2000, 2200) g(i)",
       [](Rows& r) { Insert(r, 2000, 2200); }},
      {"vacuum"},
      {"update t set pad = repeat('e', 700) where id > 50"},
  };
}

class FullDisk : public testing::Test {
 protected:
  static std::string Show(const Rows& rows) {
    return absl::StrJoin(rows, ";",
                         [](std::string* out, const auto& row) { absl::StrAppend(out, row.first, "|", row.second); });
  }
  static std::string Read(SqlSession& session) {
    const StatusOr<std::vector<std::string>> rows = session.Query("select id, v from t order by id");
    return rows.ok() ? absl::StrJoin(*rows, ";") : base::Describe(rows.status());
  }
  static void CheckDatabase(Database& database, const std::string& where) {
    const StatusOr<int64_t> problems =
        database.Check([&](std::string_view problem) { ADD_FAILURE() << where << ": " << problem; });
    ASSERT_TRUE(problems.ok()) << where << ": " << base::Describe(problems.status());
    EXPECT_EQ(*problems, 0) << where;
  }

  // Returns how much of the disk was used in the end.
  uint64_t Run(uint64_t capacity) {
    const std::string where = absl::StrCat("a disk of ", capacity, " bytes");
    const auto fault = std::make_shared<os::FaultFileSystem>();
    const auto disk = std::make_shared<SmallDisk>(fault);
    StatusOr<std::shared_ptr<Database>> database = OpenOver(disk);
    EXPECT_TRUE(database.ok()) << base::Describe(database.status());
    if (!database.ok()) return 0;
    SqlSession writer(*(*database)->Connect()), idle(*(*database)->Connect());
    EXPECT_TRUE(writer
                    .Exec("create table t(id int primary key, v int, pad text);"
                          "create table unfinished(id int primary key, pad text);"
                          "insert into unfinished select i, 'x' from generate_series(1, 50) g(i)")
                    .ok());
    begun_bytes_ = disk->used_bytes();
    disk->set_capacity(capacity);
    refused_ = 0;
    // One that has changed rows, made some, deleted some, and does not end.
    EXPECT_TRUE(idle.Exec("begin").ok());
    for (const char* sql : {"update unfinished set pad = repeat('y', 100)", "delete from unfinished where id % 2 = 0",
                            "insert into unfinished select i, repeat('z', 200) from generate_series(100, 200) g(i)"}) {
      ExpectDoneOrFull(idle.Exec(sql), where, sql);
    }
    Rows rows;
    for (const Change& change : Workload()) {
      const Status status = writer.Exec(change.sql);
      ExpectDoneOrFull(status, where, change.sql);
      if (status.ok()) {
        change.apply(rows);
      } else {
        (void)writer.Exec("rollback");  // of those that begin one
        ++failed_;
      }
      EXPECT_EQ(Read(writer), Show(rows)) << where << "\n" << change.sql << "\n" << base::Describe(status);
      if (HasFailure()) return 0;
    }
    const uint64_t used = disk->used_bytes();

    // The process dies, and the disk is as full as it was.
    const auto again = std::make_shared<SmallDisk>(std::shared_ptr<os::FaultFileSystem>(fault->CrashedCopy(1)));
    again->set_capacity(std::max(capacity, used));
    Reopen(again, rows, where + ", opened again");
    // The power goes instead: what was never synced may be gone, and with it what it took.
    const auto cut = std::make_shared<SmallDisk>(std::shared_ptr<os::FaultFileSystem>(fault->CrashedCopy(capacity + 2)));
    Reopen(cut, rows, where + ", after a power cut");
    if (HasFailure()) return 0;

    // Or somebody makes room.
    disk->set_capacity(UINT64_MAX);
    const Status after = writer.Exec("insert into t values (5000, 5000, 'room again')");
    EXPECT_TRUE(after.ok()) << where << ": " << base::Describe(after);
    const Status ended = idle.Exec("commit");
    EXPECT_TRUE(ended.ok()) << where << ": " << base::Describe(ended);
    CheckDatabase(**database, where);
    const Status closed = (*database)->Close();
    EXPECT_TRUE(closed.ok()) << where << ": " << base::Describe(closed);
    return used;
  }

  void Reopen(const std::shared_ptr<SmallDisk>& disk, const Rows& rows, const std::string& where) {
    StatusOr<std::shared_ptr<Database>> database = OpenOver(disk);
    ASSERT_TRUE(database.ok()) << where << ": " << base::Describe(database.status());
    SqlSession session(*(*database)->Connect());
    EXPECT_EQ(Read(session), Show(rows)) << where;
    EXPECT_EQ(*session.Query("select count(*), min(pad), max(pad) from unfinished"), std::vector<std::string>{"50|x|x"})
        << where;
    CheckDatabase(**database, where);
    disk->set_capacity(UINT64_MAX);
    const Status after = session.Exec("insert into t values (6000, 6000, 'room again')");
    EXPECT_TRUE(after.ok()) << where << ": " << base::Describe(after);
    EXPECT_TRUE((*database)->Close().ok()) << where;
  }

  void ExpectDoneOrFull(const Status& status, const std::string& where, std::string_view sql) {
    if (status.ok()) return;
    ++refused_;
    // What stands on a table whose making was refused.
    if (refused_ > 1 && base::GetSqlState(status) == base::sqlstate::kUndefinedTable) return;
    EXPECT_EQ(base::GetSqlState(status), base::sqlstate::kDiskFull) << where << "\n" << sql << "\n" << base::Describe(status);
    // Whoever logs has asked for room before: nobody meets the full disk half way.
    EXPECT_EQ(base::Describe(status).find("until it is reopened"), std::string::npos) << where << "\n" << sql;
  }

  uint64_t begun_bytes_ = 0;
  int failed_ = 0;
  int refused_ = 0;  // statements of this run
};

TEST_F(FullDisk, AtEveryPlace) {
  const uint64_t most = Run(UINT64_MAX / 2);
  ASSERT_EQ(failed_, 0);
  ASSERT_GT(most, begun_bytes_);
  const uint64_t step = std::max<uint64_t>(4096, (most - begun_bytes_) / 100 / 4096 * 4096);
  for (uint64_t capacity = begun_bytes_; capacity < most && !HasFailure(); capacity += step) Run(capacity);
  EXPECT_GT(failed_, 100);
}

// One refusal is no damage: the next statement goes through.
TEST_F(FullDisk, OneRefusalIsForgotten) {
  for (uint64_t nth = 1;; ++nth) {
    const auto disk = std::make_shared<os::FaultFileSystem>();
    StatusOr<std::shared_ptr<Database>> database = OpenOver(disk);
    ASSERT_TRUE(database.ok());
    SqlSession session(*(*database)->Connect());
    ASSERT_TRUE(session.Exec("create table t(id int primary key, v int, pad text)").ok());
    disk->Inject({.operation = os::FileOperation::kExtend, .nth = nth, .error_number = ENOSPC});
    Rows rows;
    for (const Change& change : Workload()) {
      Status status = session.Exec(change.sql);
      if (!status.ok()) {
        ExpectDoneOrFull(status, absl::StrCat("extension ", nth), change.sql);
        (void)session.Exec("rollback");
        status = session.Exec(change.sql);
      }
      ASSERT_TRUE(status.ok()) << "extension " << nth << "\n" << change.sql << "\n" << base::Describe(status);
      change.apply(rows);
    }
    ASSERT_EQ(Read(session), Show(rows)) << "extension " << nth;
    ASSERT_TRUE((*database)->Close().ok());
    if (disk->failure_count() == 0) break;
  }
}

}  // namespace
}  // namespace turdb::engine
