// The scripted workload over a disk that fails and loses power at every single operation.
//
// The script is run once on a sound disk; after each of its commits the whole database is written down. Then it is
// run again and again with a fault at the first, second, third ... operation of the file system. Whatever happens,
// opening afterwards must show the database as it was after the last commit that returned, or after the one that was
// asked for when the fault came, and the check must find nothing.
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "os/fault_file_system.h"
#include "tests/engine/sql_session.h"

namespace turdb::engine {
namespace {

using base::Status;
using base::StatusOr;

// Every entry commits exactly once, at its end.
std::vector<std::string> Script() {
  std::vector<std::string> script = {
      "create table account(id bigint primary key, owner text unique, balance bigint not null check (balance >= 0));",
      "create table entry(account bigint, at bigint, note text); create index entry_at on entry(at, account);",
  };
  // The second holds two statements, so two commits: keep one each.
  script[1] = "begin; " + script[1] + " commit;";
  std::string rows;
  for (int i = 0; i < 300; ++i) absl::StrAppend(&rows, i == 0 ? "" : ", ", "(", i, ", 'owner", i, "', 100)");
  script.push_back("insert into account values " + rows);
  script.push_back("update account set balance = balance + id where id % 3 = 0");
  for (int round = 0; round < 4; ++round) {
    std::string batch = "begin;";
    for (int i = 0; i < 20; ++i) {
      absl::StrAppend(&batch, "insert into entry values (", i, ", ", round * 100 + i, ", repeat('n", i, "', ", 40 * i, "));");
      absl::StrAppend(&batch, "update account set balance = balance - 1 where id = ", i * 7, ";");
    }
    absl::StrAppend(&batch, "savepoint s; delete from account; rollback to s; delete from entry where at % 7 = ", round,
                    "; commit;");
    script.push_back(batch);
  }
  script.push_back("delete from account where id between 100 and 250");
  script.push_back("insert into entry values (1, 1000, repeat('overflow ', 9000))");
  script.push_back(
      "begin; create table late(a int primary key, b double precision); insert into late values (1, 0.5), (2, null); commit;");
  script.push_back("create table made as select id, owner, balance from account where id < 60");
  script.push_back("alter table made add column c text default 'c', add column r double precision default 0.5 + random() * 0");
  script.push_back("drop index entry_at");
  script.push_back(
      "begin; alter table made alter column balance type text using balance || '!'; savepoint s; alter table made drop column "
      "owner; rollback to s; create view made_view as select id, c from made; alter table made rename column c to d; commit;");
  script.push_back("alter table made drop column owner, add constraint made_id unique (id)");
  script.push_back("vacuum");
  script.push_back("update entry set note = note || '!' where at = 1000");
  script.push_back("alter table made rename to remade");
  script.push_back("drop table late");
  script.push_back("delete from entry where at < 300");
  script.push_back("vacuum");
  return script;
}

Settings SmallSettings() {
  Settings settings;
  settings.memory_limit_bytes = 4 << 20;
  settings.page_cache_bytes = 1 << 20;
  settings.wal_limit_bytes = 1 << 20;
  settings.threads = 1;
  return settings;
}

os::Environment Over(std::shared_ptr<os::FileSystem> files) {
  os::Environment environment = os::Environment::InMemory();
  environment.files = std::move(files);
  return environment;
}

StatusOr<std::shared_ptr<Database>> OpenOver(const std::shared_ptr<os::FileSystem>& files) {
  return Database::OpenIn(Over(files), "db", SmallSettings());
}

// Everything that is in the database, as text.
StatusOr<std::string> Dump(Database& database) {
  TURDB_ASSIGN_OR_RETURN(std::shared_ptr<Connection> connection, database.Connect());
  SqlSession session(std::move(connection));
  std::string text;
  for (const char* query :
       {"select id, owner, balance from account order by id",
        "select account, at, length(note), note from entry order by at, account", "select a, b from late order by a",
        "select * from made order by id", "select * from remade order by id", "select * from made_view order by id"}) {
    StatusOr<std::vector<std::string>> rows = session.Query(query);
    if (!rows.ok() && base::GetSqlState(rows.status()) == base::sqlstate::kUndefinedTable) {
      absl::StrAppend(&text, "no table\n");
      continue;
    }
    TURDB_RETURN_IF_ERROR(rows.status());
    absl::StrAppend(&text, absl::StrJoin(*rows, "\n"), "\n--\n");
  }
  return text;
}

// Runs the script until something fails. Returns how many of its entries committed.
size_t RunScript(const std::shared_ptr<os::FileSystem>& files, const std::vector<std::string>& script,
                 std::vector<std::string>* dumps) {
  StatusOr<std::shared_ptr<Database>> database = OpenOver(files);
  if (!database.ok()) return 0;
  if (dumps != nullptr) dumps->push_back(*Dump(**database));
  size_t committed = 0;
  StatusOr<std::shared_ptr<Connection>> connection = (*database)->Connect();
  if (connection.ok()) {
    SqlSession session(*connection);
    for (const std::string& sql : script) {
      const Status status = session.Exec(sql);
      if (!status.ok()) {
        EXPECT_EQ(dumps, nullptr) << base::Describe(status) << "\n" << sql.substr(0, 200);
        break;
      }
      ++committed;
      if (dumps != nullptr) dumps->push_back(*Dump(**database));
    }
  }
  const Status status = (*database)->Close();
  if (dumps != nullptr) {
    EXPECT_TRUE(status.ok()) << base::Describe(status);
  }
  return committed;
}

void Verify(const std::shared_ptr<os::FileSystem>& files, size_t committed, const std::vector<std::string>& dumps,
            const std::string& what) {
  StatusOr<std::shared_ptr<Database>> database = OpenOver(files);
  ASSERT_TRUE(database.ok()) << what << ": " << base::Describe(database.status());
  std::string problems;
  const StatusOr<int64_t> count =
      (*database)->Check([&](std::string_view problem) { absl::StrAppend(&problems, problem, "\n"); });
  ASSERT_TRUE(count.ok()) << what << ": " << base::Describe(count.status());
  ASSERT_EQ(*count, 0) << what << ": " << problems;
  const StatusOr<std::string> dump = Dump(**database);
  ASSERT_TRUE(dump.ok()) << what << ": " << base::Describe(dump.status());
  const bool as_committed = *dump == dumps[committed];
  const bool one_more = committed + 1 < dumps.size() && *dump == dumps[committed + 1];
  EXPECT_TRUE(as_committed || one_more) << what << ": " << committed << " commits returned, but the database is as after "
                                        << (std::find(dumps.begin(), dumps.end(), *dump) - dumps.begin()) << " of "
                                        << dumps.size();
  EXPECT_TRUE((*database)->Close().ok());
}

class FaultTest : public testing::Test {
 protected:
  void SetUp() override {
    script_ = Script();
    auto disk = std::make_shared<os::FaultFileSystem>();
    ASSERT_EQ(RunScript(disk, script_, &dumps_), script_.size());
    operations_ = disk->operation_count();
    ASSERT_EQ(dumps_.size(), script_.size() + 1);
    Verify(disk, script_.size(), dumps_, "without a fault");
  }
  // How far apart the tried operations are, so that a test takes about `runs` runs.
  uint64_t Stride(uint64_t runs) const { return std::max<uint64_t>(1, operations_ / runs); }

  std::vector<std::string> script_;
  std::vector<std::string> dumps_;
  uint64_t operations_ = 0;
};

TEST_F(FaultTest, PowerLossAtEveryOperationKeepsExactlyWhatWasCommitted) {
  for (uint64_t nth = 1; nth <= operations_; nth += Stride(250)) {
    auto disk = std::make_shared<os::FaultFileSystem>();
    disk->CutPowerAt(nth);
    const size_t committed = RunScript(disk, script_, nullptr);
    for (const uint64_t seed : {uint64_t{0}, uint64_t{1}, nth + 2}) {
      Verify(disk->CrashedCopy(seed), committed, dumps_, absl::StrCat("power cut at ", nth, ", seed ", seed));
      if (HasFatalFailure() || HasNonfatalFailure()) return;
    }
  }
}

TEST_F(FaultTest, AFailedWriteOrSyncLosesNothingThatWasCommitted) {
  for (const os::FileOperation operation : {os::FileOperation::kWrite, os::FileOperation::kSync, os::FileOperation::kExtend,
                                            os::FileOperation::kOpen, os::FileOperation::kRename}) {
    for (uint64_t nth = 1;; nth += Stride(200)) {
      auto disk = std::make_shared<os::FaultFileSystem>();
      disk->Inject(
          {.operation = operation, .nth = nth, .error_number = nth % 2 == 0 ? EIO : ENOSPC, .tear = true, .tear_seed = nth});
      const size_t committed = RunScript(disk, script_, nullptr);
      if (disk->failure_count() == 0) break;  // the script has fewer operations of this kind
      disk->ClearFaults();
      const std::string what = absl::StrCat("operation ", static_cast<int>(operation), " failed at ", nth);
      Verify(disk->CrashedCopy(1), committed, dumps_, what + ", process restarted");
      Verify(disk->CrashedCopy(nth + 2), committed, dumps_, what + ", then power lost");
      if (HasFatalFailure() || HasNonfatalFailure()) return;
    }
  }
}

TEST_F(FaultTest, PowerLossDuringRecoveryIsRecoveredFrom) {
  auto disk = std::make_shared<os::FaultFileSystem>();
  disk->CutPowerAt(operations_ * 2 / 3);
  const size_t committed = RunScript(disk, script_, nullptr);
  const std::shared_ptr<os::FaultFileSystem> crashed = disk->CrashedCopy(5);
  for (uint64_t nth = 1;; ++nth) {
    std::shared_ptr<os::FaultFileSystem> again = crashed->CrashedCopy(1);
    again->CutPowerAt(nth);
    {
      StatusOr<std::shared_ptr<Database>> database = OpenOver(again);
      if (database.ok()) (void)(*database)->Close();
    }
    const bool reached = again->failure_count() > 0;
    Verify(again->CrashedCopy(nth), committed, dumps_, absl::StrCat("power cut at ", nth, " of recovery"));
    if (!reached || HasFatalFailure() || HasNonfatalFailure()) return;
  }
}

TEST_F(FaultTest, AFullDiskIsSaidAndPasses) {
  auto disk = std::make_shared<os::FaultFileSystem>();
  StatusOr<std::shared_ptr<Database>> database = OpenOver(disk);
  ASSERT_TRUE(database.ok());
  SqlSession session(*(*database)->Connect());
  ASSERT_TRUE(session.Exec("create table t(a bigint primary key, b text)").ok());
  ASSERT_TRUE(session.Exec("insert into t values (1, 'one')").ok());
  disk->Inject(
      {.operation = os::FileOperation::kExtend, .path_contains = "t.tbd", .from_there_on = true, .error_number = ENOSPC});
  Status status;
  for (int i = 2; i < 5000 && status.ok(); ++i) {
    status = session.Exec(absl::StrCat("insert into t values (", i, ", repeat('x', 2000))"));
  }
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(base::GetSqlState(status), base::sqlstate::kDiskFull) << base::Describe(status);
  EXPECT_NE(base::Describe(status).find("t.tbd"), std::string::npos) << base::Describe(status);
  disk->ClearFaults();
  const Status after = session.Exec("insert into t values (100000, repeat('x', 2000))");
  EXPECT_TRUE(after.ok()) << "space is there again, but: " << base::Describe(after);
  EXPECT_TRUE((*database)->Close().ok());
}

// Rolling back at opening takes back the rows of a table and then the table: nothing may look for it afterwards.
TEST(Crash, BesideATransactionThatMadeATable) {
  const auto disk = std::make_shared<os::FaultFileSystem>();
  {
    auto database = OpenOver(disk);
    ASSERT_TRUE(database.ok());
    SqlSession maker(*(*database)->Connect()), other(*(*database)->Connect());
    ASSERT_TRUE(other.Exec("create table t(a int primary key)").ok());
    ASSERT_TRUE(
        maker.Exec("begin; create table made(a int primary key, b text unique); insert into made values (1, 'x'), (2, 'y')")
            .ok());
    ASSERT_TRUE(other.Exec("insert into t values (1)").ok());  // makes what is logged durable
    disk->Crash(0);
  }
  auto database = OpenOver(disk);
  ASSERT_TRUE(database.ok()) << base::Describe(database.status());
  SqlSession session(*(*database)->Connect());
  EXPECT_EQ(*session.Query("select count(*) from t"), std::vector<std::string>{"1"});
  EXPECT_EQ(base::GetSqlState(session.Exec("select * from made")), base::sqlstate::kUndefinedTable);
  ASSERT_TRUE(session.Exec("create table made(c text); insert into made values ('z')").ok());
  EXPECT_EQ(*(*database)->Check([](std::string_view problem) { ADD_FAILURE() << problem; }), 0);
}

}  // namespace
}  // namespace turdb::engine
