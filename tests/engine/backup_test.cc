// Copies of a database that goes on changing: each is a whole database as of one moment, or nothing is left of it.
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/backup.h"
#include "os/fault_file_system.h"
#include "tests/engine/sql_session.h"

namespace turdb::engine {
namespace {

using base::Status;
using base::StatusOr;

os::Environment Over(std::shared_ptr<os::FileSystem> files) {
  os::Environment environment = os::Environment::InMemory();
  environment.files = std::move(files);
  return environment;
}

StatusOr<std::shared_ptr<Database>> OpenOver(const std::shared_ptr<os::FileSystem>& files, const std::string& path,
                                             bool read_only = false, int64_t threads = 1) {
  Settings settings;
  settings.memory_limit_bytes = 16 << 20;
  settings.page_cache_bytes = 2 << 20;
  settings.wal_limit_bytes = 1 << 20;
  settings.threads = threads;
  settings.read_only = read_only;
  return Database::OpenIn(Over(files), path, settings);
}

StatusOr<bool> StepToTheEnd(Backup& backup) {
  for (;;) {
    TURDB_ASSIGN_OR_RETURN(const bool done, backup.Step(3));
    if (done) return true;
  }
}

void ExpectSound(Database& database) {
  EXPECT_EQ(*database.Check([](std::string_view problem) { ADD_FAILURE() << problem; }), 0);
}

// Nothing of the copy is left: its directory is not there, or as it was before.
void ExpectNothingAt(os::FileSystem& files, const std::string& path) {
  StatusOr<bool> exists = files.Exists(path);
  ASSERT_TRUE(exists.ok());
  if (*exists) {
    EXPECT_TRUE(files.List(path)->empty()) << files.List(path)->front();
  }
}

class BackupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto database = OpenOver(disk_, "db");
    ASSERT_TRUE(database.ok()) << base::Describe(database.status());
    database_ = *database;
    session_.emplace(*database_->Connect());
    ASSERT_TRUE(session_->Exec("create table t(id bigint primary key, v text); create index t_v on t(v)").ok());
    ASSERT_TRUE(session_->Exec("insert into t select i, repeat('v', 100) || i from generate_series(1, 5000) g(i)").ok());
  }
  // The copy at `path` must be sound, and closed properly.
  std::vector<std::string> QueryCopy(const std::string& path, std::string_view sql) {
    auto copy = OpenOver(disk_, path, /*read_only=*/true);
    EXPECT_TRUE(copy.ok()) << base::Describe(copy.status());
    if (!copy.ok()) return {};
    ExpectSound(**copy);
    SqlSession session(*(*copy)->Connect());
    auto rows = session.Query(sql);
    EXPECT_TRUE(rows.ok()) << base::Describe(rows.status());
    return rows.ok() ? *rows : std::vector<std::string>();
  }

  const std::shared_ptr<os::FaultFileSystem> disk_ = std::make_shared<os::FaultFileSystem>();
  std::shared_ptr<Database> database_;
  std::optional<SqlSession> session_;
};

TEST_F(BackupTest, ACopyIsADatabase) {
  auto backup = Backup::Begin(database_, "copy");
  ASSERT_TRUE(backup.ok()) << base::Describe(backup.status());
  EXPECT_GT((*backup)->pages_total(), 50);
  EXPECT_EQ((*backup)->pages_done(), 0);
  ASSERT_FALSE(*(*backup)->Step(10));
  EXPECT_EQ((*backup)->pages_done(), 10);
  ASSERT_TRUE(*StepToTheEnd(**backup));
  EXPECT_EQ((*backup)->pages_done(), (*backup)->pages_total());
  EXPECT_TRUE(*(*backup)->Step(1));  // done is done
  backup->reset();
  EXPECT_EQ(QueryCopy("copy", "select count(*), min(v), max(id) from t"),
            (std::vector<std::string>{absl::StrCat("5000|", std::string(100, 'v'), "1|5000")}));
  // It has a life of its own.
  auto copy = OpenOver(disk_, "copy");
  ASSERT_TRUE(copy.ok());
  SqlSession session(*(*copy)->Connect());
  ASSERT_TRUE(session.Exec("delete from t where id > 10").ok());
  EXPECT_EQ(*session_->Query("select count(*) from t"), std::vector<std::string>{"5000"});
}

// What is committed while the copy is made is in it; what is not committed is not.
TEST_F(BackupTest, HoldsWhatIsCommittedAtItsEnd) {
  SqlSession open(*database_->Connect());
  ASSERT_TRUE(
      open.Exec("begin; create table never(a int); insert into never values (1); update t set v = 'no' where id = 1").ok());
  auto backup = Backup::Begin(database_, "copy");
  ASSERT_TRUE(backup.ok());
  ASSERT_FALSE(*(*backup)->Step(20));
  ASSERT_TRUE(session_->Exec("create table late(a int primary key); insert into late values (7)").ok());
  ASSERT_TRUE(session_->Exec("update t set v = 'changed' where id in (2, 4999); alter table late rename to later").ok());
  ASSERT_TRUE(session_->Exec("create table gone(a int); insert into gone values (1)").ok());
  ASSERT_FALSE(*(*backup)->Step(1));
  ASSERT_TRUE(session_->Exec("drop table gone; create table gone(b text); insert into gone values ('again')").ok());
  ASSERT_TRUE(*StepToTheEnd(**backup));
  ASSERT_TRUE(open.Exec("commit").ok());
  EXPECT_EQ(QueryCopy("copy",
                      "select (select a from later), count(*) filter (where v = 'changed'), count(*) filter (where v = 'no'), "
                      "(select b from gone) from t"),
            (std::vector<std::string>{"7|2|0|again"}));
  auto copy = OpenOver(disk_, "copy");
  ASSERT_TRUE(copy.ok());
  SqlSession session(*(*copy)->Connect());
  EXPECT_EQ(base::GetSqlState(session.Exec("select * from never")), base::sqlstate::kUndefinedTable);
}

// Far more log than wal_limit_bytes is written between two steps, and checkpoints go on.
TEST_F(BackupTest, TheLogIsKept) {
  auto backup = Backup::Begin(database_, "copy");
  ASSERT_TRUE(backup.ok());
  ASSERT_FALSE(*(*backup)->Step(5));
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(session_->Exec(absl::StrCat("update t set v = repeat('w', 150) || ", i, " || id; checkpoint")).ok());
  }
  ASSERT_TRUE(*StepToTheEnd(**backup));
  backup->reset();
  EXPECT_EQ(QueryCopy("copy", "select count(distinct left(v, 151)), max(left(v, 151)) from t"),
            (std::vector<std::string>{absl::StrCat("1|", std::string(150, 'w'), "7")}));
  // And is let go afterwards.
  ASSERT_TRUE(session_->Exec("checkpoint").ok());
  EXPECT_LE(disk_->List("db/wal")->size(), 4u);
}

TEST_F(BackupTest, WritersAndSchemaChangesGoOn) {
  database_->Close().IgnoreError();
  auto reopened = OpenOver(disk_, "db", false, /*threads=*/2);
  ASSERT_TRUE(reopened.ok());
  database_ = *reopened;
  {
    SqlSession session(*database_->Connect());
    ASSERT_TRUE(session
                    .Exec("create table account(id bigint primary key, balance bigint not null); "
                          "insert into account select i, 100 from generate_series(1, 500) g(i)")
                    .ok());
  }
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      SqlSession session(*database_->Connect());
      for (int i = t; !stop.load(); i += 7) {
        const int from = i * 31 % 500 + 1, to = i * 17 % 500 + 1;
        // A conflict between two of them takes the whole transaction back.
        Status status = session.Exec("begin");
        if (status.ok()) status = session.Exec(absl::StrCat("update account set balance = balance - 5 where id = ", from));
        if (status.ok()) status = session.Exec(absl::StrCat("update account set balance = balance + 5 where id = ", to));
        if (status.ok()) status = session.Exec("commit");
        if (!status.ok()) session.Exec("rollback").IgnoreError();
      }
    });
  }
  threads.emplace_back([&] {
    SqlSession session(*database_->Connect());
    for (int i = 0; !stop.load(); ++i) {
      // Each is a transaction: a copy has all of it or nothing.
      session
          .Exec(
              "begin; create table made(a int primary key, b text); create index made_b on made(b); "
              "insert into made select i, repeat('b', 300) from generate_series(1, 100) g(i); commit")
          .IgnoreError();
      session.Exec("begin; alter table made rename to moved; delete from moved where a > 50; commit").IgnoreError();
      session.Exec("begin; create table undone(a int); insert into undone values (1); rollback").IgnoreError();
      session.Exec("drop table moved").IgnoreError();
      if (i % 4 == 0) session.Exec("vacuum").IgnoreError();
    }
  });
  for (int round = 0; round < 6; ++round) {
    const std::string path = absl::StrCat("copy", round);
    auto backup = Backup::Begin(database_, path);
    ASSERT_TRUE(backup.ok()) << base::Describe(backup.status());
    const StatusOr<bool> done = StepToTheEnd(**backup);
    EXPECT_TRUE(done.ok()) << base::Describe(done.status());
    if (!done.ok()) break;
    EXPECT_EQ(QueryCopy(path, "select count(*), sum(balance) from account"), std::vector<std::string>{"500|50000"});
    auto copy = OpenOver(disk_, path);
    ASSERT_TRUE(copy.ok());
    SqlSession session(*(*copy)->Connect());
    if (const auto made = session.Query("select count(*) from made"); made.ok()) {
      EXPECT_EQ(*made, std::vector<std::string>{"100"});
    }
    if (const auto moved = session.Query("select count(*) from moved"); moved.ok()) {
      EXPECT_EQ(*moved, std::vector<std::string>{"50"});
    }
    EXPECT_FALSE(session.Query("select count(*) from undone").ok());
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  ExpectSound(*database_);
}

// Every operation on the copy's files fails once: an error that says so, nothing left, the database as before.
TEST_F(BackupTest, AFaultLeavesNothing) {
  for (uint64_t nth = 1;; ++nth) {
    disk_->Inject({.path_contains = "copy", .nth = nth});
    const uint64_t failures = disk_->failure_count();
    Status status = [&]() -> Status {
      TURDB_ASSIGN_OR_RETURN(const auto backup, Backup::Begin(database_, "copy"));
      return StepToTheEnd(*backup).status();
    }();
    const bool injected = disk_->failure_count() != failures;
    disk_->ClearFaults();
    if (!injected) {
      ASSERT_TRUE(status.ok()) << base::Describe(status);
      break;
    }
    if (status.ok()) {
      ADD_FAILURE() << "operation " << nth << " failed, and nobody said so";
      break;
    }
    EXPECT_TRUE(absl::StrContains(base::Describe(status), "copy")) << base::Describe(status);
    ExpectNothingAt(*disk_, "copy");
    if (::testing::Test::HasFailure()) FAIL() << "at operation " << nth;
  }
  EXPECT_EQ(*session_->Query("select count(*) from t"), std::vector<std::string>{"5000"});
  EXPECT_EQ(QueryCopy("copy", "select count(*) from t"), std::vector<std::string>{"5000"});
}

TEST_F(BackupTest, ADamagedPageIsNotBackedUp) {
  ASSERT_TRUE(session_->Exec("checkpoint").ok());
  ASSERT_TRUE(disk_->FlipBits("db/root/t.tbd", 3 * 16384 + 777, 0x10).ok());
  auto backup = Backup::Begin(database_, "copy");
  ASSERT_TRUE(backup.ok());
  const auto done = StepToTheEnd(**backup);
  ASSERT_FALSE(done.ok());
  EXPECT_TRUE(absl::IsDataLoss(done.status()));
  EXPECT_TRUE(absl::StrContains(base::Describe(done.status()), "page 3 of root/t.tbd")) << base::Describe(done.status());
  EXPECT_FALSE((*backup)->Step(1).ok());
  backup->reset();
  ExpectNothingAt(*disk_, "copy");
}

TEST_F(BackupTest, EndsWithItsDatabase) {
  auto backup = Backup::Begin(database_, "copy");
  ASSERT_TRUE(backup.ok());
  ASSERT_FALSE(*(*backup)->Step(5));
  session_.reset();
  ASSERT_TRUE(database_->Close().ok());
  EXPECT_EQ(base::GetSqlState((*backup)->Step(1).status()), base::sqlstate::kMisuse);
  ExpectNothingAt(*disk_, "copy");
}

TEST_F(BackupTest, TakesNoDirectoryWithSomethingInIt) {
  const auto refused = Backup::Begin(database_, "db");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(base::GetSqlState(refused.status()), base::sqlstate::kDuplicateFile);
  EXPECT_EQ(*session_->Query("select count(*) from t"), std::vector<std::string>{"5000"});
  EXPECT_FALSE(Backup::Begin(database_, "").ok());
  EXPECT_EQ(base::GetSqlState(Backup::Begin(database_, "db/root/copy").status()), base::sqlstate::kMisuse);
  EXPECT_FALSE(*disk_->Exists("db/root/copy"));
}

TEST_F(BackupTest, AReadOnlyDatabaseIsCopiedAsItIs) {
  session_.reset();
  ASSERT_TRUE(database_->Close().ok());
  auto database = OpenOver(disk_, "db", /*read_only=*/true);
  ASSERT_TRUE(database.ok());
  auto backup = Backup::Begin(*database, "copy");
  ASSERT_TRUE(backup.ok()) << base::Describe(backup.status());
  const auto done = StepToTheEnd(**backup);
  ASSERT_TRUE(done.ok()) << base::Describe(done.status());
  EXPECT_EQ(QueryCopy("copy", "select count(*) from t"), std::vector<std::string>{"5000"});
}

TEST_F(BackupTest, VacuumIntoIsSmaller) {
  ASSERT_TRUE(session_->Exec("delete from t where id > 100; checkpoint").ok());
  ASSERT_TRUE(session_->Exec("vacuum into 'copy'").ok());
  const auto size = [&](const std::string& path) { return *(*disk_->Open(path, os::OpenMode::kReadOnly))->Size(); };
  EXPECT_LT(size("copy/root/t.tbd"), size("db/root/t.tbd") / 5);
  EXPECT_EQ(QueryCopy("copy", "select count(*) from t"), std::vector<std::string>{"100"});
  EXPECT_EQ(base::GetSqlState(session_->Exec("vacuum into 'copy'")), base::sqlstate::kDuplicateFile);
  EXPECT_EQ(base::GetSqlState(session_->Exec("vacuum into ''")), base::sqlstate::kMisuse);
  ASSERT_TRUE(session_->Exec("begin").ok());
  EXPECT_EQ(base::GetSqlState(session_->Exec("vacuum into 'other'")), base::sqlstate::kActiveTransaction);
}

}  // namespace
}  // namespace turdb::engine
