// Damage of every kind, and what is saved: rows that were there, of every page that is sound, in a database that is sound.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/recover.h"
#include "os/fault_file_system.h"
#include "tests/engine/sql_session.h"

namespace turdb::engine {
namespace {

using base::Status;
using base::StatusOr;

constexpr uint64_t kPage = 16384;

class RecoverTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Make(disk_);
    ASSERT_FALSE(HasFatalFailure());
  }

  static os::Environment Over(std::shared_ptr<os::FileSystem> files) {
    os::Environment environment = os::Environment::InMemory();
    environment.files = std::move(files);
    return environment;
  }
  static StatusOr<std::shared_ptr<Database>> OpenOver(const std::shared_ptr<os::FileSystem>& files, const std::string& path) {
    Settings settings;
    settings.memory_limit_bytes = 16 << 20;
    settings.page_cache_bytes = 2 << 20;
    settings.threads = 1;
    return Database::OpenIn(Over(files), path, settings);
  }

  // Closed properly, but for what is committed after `last_checkpoint`.
  static void Make(const std::shared_ptr<os::FaultFileSystem>& disk) {
    auto database = OpenOver(disk, "db");
    ASSERT_TRUE(database.ok()) << base::Describe(database.status());
    SqlSession session(*(*database)->Connect());
    for (const char* sql : {
             "create schema other",
             "create table parent(id bigint primary key, name text not null unique, check (id > 0))",
             "insert into parent select i, 'name ' || i from generate_series(1, 2000) g(i)",
             "create table child(a int, b text, at date default '2020-02-02', parent bigint references parent on delete "
             "cascade)",
             "insert into child(a, b, parent) select i, repeat('b', 50) || i, i % 2000 + 1 from generate_series(1, 3000) g(i)",
             "create index child_b on child(b)",
             "create unique index child_up on child(upper(b)) where a > 10",
             "create table other.texts(key text primary key, long text)",
             "insert into other.texts select 'key ' || i, repeat(i::text, 20000) from generate_series(1, 30) g(i)",
             "create view first_view as select name from parent where id < 4",
             "create view second_view as select count(*) as n from first_view",
             "alter table child add column late decimal(10,2) default 1.5",
         }) {
      const Status status = session.Exec(sql);
      ASSERT_TRUE(status.ok()) << base::Describe(status) << "\n" << sql;
    }
    ASSERT_TRUE((*database)->Close().ok());
  }

  // Recovers into "saved"; the result is sound. What was told is in told_.
  std::shared_ptr<Database> RecoverSound(const std::shared_ptr<os::FaultFileSystem>& disk) {
    told_.clear();
    const auto report = Recover(Over(disk), "db", "saved", [this](std::string_view problem) { told_.emplace_back(problem); });
    EXPECT_TRUE(report.ok()) << base::Describe(report.status());
    if (!report.ok()) return nullptr;
    EXPECT_EQ(report->problems, static_cast<int64_t>(told_.size()));
    EXPECT_FALSE(*disk->Exists("saved.salvage"));
    auto saved = OpenOver(disk, "saved");
    EXPECT_TRUE(saved.ok()) << base::Describe(saved.status());
    if (!saved.ok()) return nullptr;
    EXPECT_EQ(*(*saved)->Check([](std::string_view problem) { ADD_FAILURE() << problem; }), 0);
    return *saved;
  }
  bool Told(std::string_view part) const {
    return std::any_of(told_.begin(), told_.end(), [&](const std::string& each) { return absl::StrContains(each, part); });
  }
  static std::vector<std::string> Query(Database& database, std::string_view sql) {
    SqlSession session(*database.Connect());
    const auto rows = session.Query(sql);
    EXPECT_TRUE(rows.ok()) << base::Describe(rows.status());
    return rows.ok() ? *rows : std::vector<std::string>();
  }
  uint64_t Pages(const std::string& path) { return *(*disk_->Open(path, os::OpenMode::kReadOnly))->Size() / kPage; }
  // Every byte of every file below.
  static void Read(os::FileSystem& files, const std::string& path, std::map<std::string, std::string>* out) {
    if (const auto names = files.List(path); names.ok()) {
      for (const std::string& name : *names) Read(files, os::JoinPath(path, name), out);
      return;
    }
    auto file = files.Open(path, os::OpenMode::kReadOnly);
    std::string bytes(*(*file)->Size(), '\0');
    ASSERT_TRUE((*file)->Read(0, base::MutableBytes(reinterpret_cast<std::byte*>(bytes.data()), bytes.size())).ok());
    (*out)[path] = std::move(bytes);
  }

  const std::shared_ptr<os::FaultFileSystem> disk_ = std::make_shared<os::FaultFileSystem>();
  std::vector<std::string> told_;
};

TEST_F(RecoverTest, ASoundDatabaseIsSavedWhole) {
  std::map<std::string, std::string> before, after;
  Read(*disk_, "db", &before);
  const auto saved = RecoverSound(disk_);
  ASSERT_NE(saved, nullptr);
  EXPECT_TRUE(told_.empty()) << told_.front();
  EXPECT_EQ(Query(*saved, "select count(*), min(name), max(id) from parent"), std::vector<std::string>{"2000|name 1|2000"});
  EXPECT_EQ(Query(*saved, "select count(*), sum(a), min(at), sum(late) from child where b like 'bbb%'"),
            std::vector<std::string>{"3000|4501500|2020-02-02|4500.00"});
  EXPECT_EQ(Query(*saved, "select count(*), sum(length(long)) from other.texts"), std::vector<std::string>{"30|1020000"});
  EXPECT_EQ(Query(*saved, "select n from second_view"), std::vector<std::string>{"3"});
  // Constraints hold: defaults, keys, indexes and foreign keys are all there.
  SqlSession session(*saved->Connect());
  EXPECT_EQ(base::GetSqlState(session.Exec("insert into parent values (-1, 'x')")).view(), "23514");
  EXPECT_EQ(base::GetSqlState(session.Exec("insert into parent values (2001, 'name 1')")).view(), "23505");
  EXPECT_EQ(base::GetSqlState(session.Exec("insert into child(parent) values (9999)")).view(), "23503");
  EXPECT_EQ(base::GetSqlState(session.Exec("insert into child(a, b) values (11, repeat('B', 50) || 20)")).view(), "23505");
  ASSERT_TRUE(session.Exec("delete from parent where id <= 1000").ok());
  EXPECT_EQ(Query(*saved, "select count(*) from child"), std::vector<std::string>{"1001"});
  Read(*disk_, "db", &after);
  for (const auto& [path, bytes] : after) EXPECT_TRUE(path == "db/turdb.lock" || before[path] == bytes) << path;
}

TEST_F(RecoverTest, NumbersGoOnAndMaterializedViewsAreFilled) {
  const auto disk = std::make_shared<os::FaultFileSystem>();
  {
    const auto database = OpenOver(disk, "db");
    ASSERT_TRUE(database.ok()) << base::Describe(database.status());
    SqlSession session(*(*database)->Connect());
    for (const char* sql :
         {"create sequence free start 5 increment 5 maxvalue 100 cycle", "select nextval('free'), nextval('free')",
          "create table t(id serial primary key, n int generated always as identity (start with 100 increment 10), "
          "f bigint default nextval('free'), a int)",
          "insert into t(a) values (1), (2)", "create table lite(id integer primary key autoincrement, a int)",
          "insert into lite(a) values (1), (2)", "create materialized view m as select id, n from t",
          "create unique index m_id on m(id)"}) {
      const base::Status status = session.Exec(sql);
      ASSERT_TRUE(status.ok()) << sql << ": " << base::Describe(status);
    }
    ASSERT_TRUE((*database)->Close().ok());
  }
  const auto saved = RecoverSound(disk);
  ASSERT_NE(saved, nullptr);
  EXPECT_TRUE(told_.empty()) << told_.front();
  EXPECT_EQ(Query(*saved, "insert into t(a) values (3) returning id, n, f"), std::vector<std::string>{"3|120|25"});
  EXPECT_EQ(Query(*saved, "insert into lite(a) values (3) returning id"), std::vector<std::string>{"3"});
  EXPECT_EQ(Query(*saved, "select max_value, case when cycle then 1 else 0 end from pg_sequences where sequencename = 'free'"),
            std::vector<std::string>{"100|1"});
  EXPECT_EQ(Query(*saved, "select pg_get_serial_sequence('t', 'id')"), std::vector<std::string>{"root.t_id_seq"});
  EXPECT_EQ(Query(*saved, "select * from m order by id"), (std::vector<std::string>{"1|100", "2|110"}));
  EXPECT_EQ(Query(*saved, "select count(*) from pg_indexes where indexname = 'm_id'"), std::vector<std::string>{"1"});
  SqlSession session(*saved->Connect());
  EXPECT_EQ(base::GetSqlState(session.Exec("insert into t(n) values (1)")).view(), "428C9");
  EXPECT_TRUE(session.Exec("refresh materialized view m; drop table t cascade").ok());
}

TEST_F(RecoverTest, APageOfRowsCostsItsRowsOnly) {
  ASSERT_TRUE(disk_->FlipBits("db/root/parent.tbd", 3 * kPage + 4000, 0x40).ok());
  const auto saved = RecoverSound(disk_);
  ASSERT_NE(saved, nullptr);
  EXPECT_TRUE(Told("root/parent.tbd, page 3"));
  const int64_t rows = std::stoll(Query(*saved, "select count(*) from parent").front());
  EXPECT_GT(rows, 1000);
  EXPECT_LT(rows, 2000);
  // Children of lost parents are kept, and the foreign key cannot be: it is told.
  EXPECT_EQ(Query(*saved, "select count(*) from child"), std::vector<std::string>{"3000"});
  EXPECT_TRUE(Told("child_parent_fkey")) << told_.back();
}

TEST_F(RecoverTest, RootsAndHeadersAreNotNeeded) {
  for (const uint64_t page : {0, 1}) {
    const auto disk = std::shared_ptr<os::FaultFileSystem>(disk_->CrashedCopy(1));
    ASSERT_TRUE(disk->FlipBits("db/root/child.tbd", page * kPage + 100, 0x01).ok());
    ASSERT_TRUE(disk->FlipBits("db/root/child.child_b.idx", kPage + 100, 0x01).ok());
    const auto saved = RecoverSound(disk);
    ASSERT_NE(saved, nullptr);
    if (page == 1) {
      EXPECT_EQ(Query(*saved, "select count(*), sum(a) from child"), std::vector<std::string>{"3000|4501500"});
      EXPECT_FALSE(Told("child_b"));
    } else {
      EXPECT_TRUE(Told("root/child.tbd"));  // which file it is, only its header knows
    }
    EXPECT_EQ(Query(*saved, "select count(*) from parent"), std::vector<std::string>{"2000"});
  }
}

TEST_F(RecoverTest, ALongValueCostsItsRow) {
  // The last pages of the file are long values.
  ASSERT_TRUE(disk_->FlipBits("db/other/texts.tbd", (Pages("db/other/texts.tbd") - 1) * kPage + 8000, 0x80).ok());
  const auto saved = RecoverSound(disk_);
  ASSERT_NE(saved, nullptr);
  EXPECT_TRUE(Told("reading a row of other.texts"));
  EXPECT_EQ(Query(*saved, "select count(*) from other.texts"), std::vector<std::string>{"29"});
}

TEST_F(RecoverTest, FilesThatAreNotThere) {
  ASSERT_TRUE(disk_->Remove("db/root/parent.parent_name_key.idx").ok());
  ASSERT_TRUE(disk_->Remove("db/other/texts.tbd").ok());
  const auto saved = RecoverSound(disk_);
  ASSERT_NE(saved, nullptr);
  EXPECT_EQ(Query(*saved, "select count(*) from parent"), std::vector<std::string>{"2000"});
  EXPECT_EQ(Query(*saved, "select count(*) from other.texts"), std::vector<std::string>{"0"});
  EXPECT_TRUE(Told("other.texts"));
}

TEST_F(RecoverTest, WithoutTheLog) {
  {
    auto database = OpenOver(disk_, "db");
    ASSERT_TRUE(database.ok());
    SqlSession session(*(*database)->Connect());
    ASSERT_TRUE(session.Exec("insert into parent values (5000, 'only in the log')").ok());
    disk_->Crash(1);
  }
  for (const bool remove : {false, true}) {
    const auto disk = std::shared_ptr<os::FaultFileSystem>(disk_->CrashedCopy(1));
    const std::vector<std::string> segments = *disk->List("db/wal");
    for (const std::string& name : segments) {
      const std::string path = absl::StrCat("db/wal/", name);
      if (remove) {
        ASSERT_TRUE(disk->Remove(path).ok());
      } else {
        ASSERT_TRUE(disk->FlipBits(path, 20, 0xff).ok());  // the segment's header
      }
    }
    ASSERT_FALSE(OpenOver(disk, "db").ok());
    const auto saved = RecoverSound(disk);
    ASSERT_NE(saved, nullptr);
    EXPECT_FALSE(told_.empty());
    EXPECT_EQ(Query(*saved, "select count(*) from parent where id <= 2000"), std::vector<std::string>{"2000"});
    EXPECT_EQ(Query(*saved, "select count(*), sum(late) from child"), std::vector<std::string>{"3000|4500.00"});
  }
}

TEST_F(RecoverTest, TheCatalogsPagesAndHeader) {
  ASSERT_TRUE(disk_->FlipBits("db/turdb.meta", 60, 0x10).ok());
  auto saved = RecoverSound(disk_);
  ASSERT_NE(saved, nullptr);
  EXPECT_TRUE(Told("turdb.meta"));
  EXPECT_EQ(Query(*saved, "select count(*) from parent"), std::vector<std::string>{"2000"});
}

TEST_F(RecoverTest, NothingIsMadeWithoutTheCatalog) {
  for (uint64_t page = 1; page < Pages("db/turdb.meta"); ++page) {
    ASSERT_TRUE(disk_->FlipBits("db/turdb.meta", page * kPage + 200, 0x10).ok());
  }
  const auto report = Recover(Over(disk_), "db", "saved", [](std::string_view) {});
  EXPECT_TRUE(absl::IsDataLoss(report.status())) << base::Describe(report.status());
  EXPECT_FALSE(*disk_->Exists("saved"));
}

TEST_F(RecoverTest, RefusesWhatIsInUse) {
  const auto quiet = [](std::string_view) {};
  EXPECT_EQ(base::GetSqlState(Recover(Over(disk_), "db", "db", quiet).status()), base::sqlstate::kDuplicateFile);
  EXPECT_FALSE(Recover(Over(disk_), "nowhere", "saved", quiet).ok());
  EXPECT_FALSE(*disk_->Exists("saved"));
  auto database = OpenOver(disk_, "db");
  ASSERT_TRUE(database.ok());
  EXPECT_EQ(base::GetSqlState(Recover(Over(disk_), "db", "saved", quiet).status()).view(), "55000");
  EXPECT_FALSE(*disk_->Exists("saved"));
}

// Whatever byte of whatever file is wrong: no crash, a sound result, and no row that was not there.
TEST_F(RecoverTest, AnyDamageGivesASoundDatabaseOfTrueRows) {
  std::map<std::string, std::string> files;
  Read(*disk_, "db", &files);
  std::mt19937_64 random(20261126);
  int failed = 0;
  for (int variant = 0; variant < 60; ++variant) {
    const auto disk = std::shared_ptr<os::FaultFileSystem>(disk_->CrashedCopy(1));
    std::string what;
    for (int hit = 0; hit < 1 + variant % 3; ++hit) {
      auto file = files.begin();
      std::advance(file, random() % files.size());
      if (file->second.empty()) continue;
      const uint64_t offset = random() % file->second.size();
      const auto mask = static_cast<uint8_t>(random() % 255 + 1);
      absl::StrAppend(&what, file->first, " at ", offset, ", ");
      ASSERT_TRUE(disk->FlipBits(file->first, offset, mask).ok());
    }
    SCOPED_TRACE(what);
    told_.clear();
    const auto report = Recover(Over(disk), "db", "saved", [this](std::string_view problem) { told_.emplace_back(problem); });
    if (!report.ok()) {
      ++failed;
      EXPECT_FALSE(*disk->Exists("saved"));
      continue;
    }
    auto saved = OpenOver(disk, "saved");
    ASSERT_TRUE(saved.ok()) << base::Describe(saved.status());
    EXPECT_EQ(*(*saved)->Check([](std::string_view problem) { ADD_FAILURE() << problem; }), 0);
    SqlSession session(*(*saved)->Connect());
    for (const auto& [query, all] : std::map<std::string, std::string>{
             {"select count(*) from parent where name is distinct from 'name ' || id or id not between 1 and 2000", "0"},
             {"select count(*) from child where b is distinct from repeat('b', 50) || a or late <> 1.5 or a not between 1 and "
              "3000",
              "0"},
             {"select count(*) from other.texts where long is distinct from repeat(substr(key, 5), 20000)", "0"}}) {
      const auto rows = session.Query(query);
      if (rows.ok()) {
        EXPECT_EQ(rows->front(), all) << query;
      }
    }
    if (HasFailure()) return;
  }
  EXPECT_LT(failed, 20);
}

}  // namespace
}  // namespace turdb::engine
