// A page that was written to another's place: sound in itself, so that only the tree can tell.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "os/fault_file_system.h"
#include "tests/engine/sql_session.h"

namespace turdb::engine {
namespace {

constexpr uint64_t kPage = 16384;

base::StatusOr<std::shared_ptr<Database>> OpenOver(const std::shared_ptr<os::FileSystem>& files) {
  os::Environment environment = os::Environment::InMemory();
  environment.files = files;
  Settings settings;
  settings.memory_limit_bytes = 16 << 20;
  settings.threads = 1;
  return Database::OpenIn(environment, "db", settings);
}

TEST(MisplacedPage, IsDamageAndNeitherReadForEverNorInsteadOfAnother) {
  const auto made = std::make_shared<os::FaultFileSystem>();
  {
    const auto database = OpenOver(made).value();
    SqlSession session(*database->Connect());
    ASSERT_TRUE(session.Exec("create table b(k text primary key, v text)").ok());
    ASSERT_TRUE(
        session.Exec("insert into b select 'k' || (i + 10000), repeat('x', 300) from generate_series(1, 1000) g(i)").ok());
    ASSERT_TRUE(database->Close().ok());
  }
  int refused = 0;
  for (uint64_t from = 2; from < 20; from += 3) {
    for (uint64_t to = 2; to < 20; to += 4) {
      if (from == to) continue;
      const std::shared_ptr<os::FaultFileSystem> disk = made->CrashedCopy(1);
      {
        const auto file = disk->Open("db/root/b.tbd", os::OpenMode::kReadWrite).value();
        std::vector<std::byte> page(kPage);
        if (file->Size().value() < (std::max(from, to) + 1) * kPage) continue;
        ASSERT_TRUE(file->Read(from * kPage, page).ok());
        ASSERT_TRUE(file->Write(to * kPage, page).ok());
      }
      const auto database = OpenOver(disk).value();
      SqlSession session(*database->Connect());
      for (const char* sql :
           {"select count(*) from b", "select count(*) from (select k from b order by k desc limit 2000) x"}) {
        const auto rows = session.Query(sql);
        if (rows.ok()) {
          EXPECT_EQ(rows->at(0), "1000") << from << " over " << to;
        } else {
          EXPECT_EQ(base::GetSqlState(rows.status()), base::sqlstate::kDataCorrupted) << base::Describe(rows.status());
          ++refused;
        }
      }
      for (int i = 1; i <= 1000; i += 37) {
        const auto rows = session.Query(absl::StrCat("select count(*) from b where k = 'k", i + 10000, "'"));
        if (!rows.ok()) continue;
        EXPECT_EQ(rows->at(0), "1") << i << ": " << from << " over " << to;
      }
    }
  }
  EXPECT_GT(refused, 10);
}

}  // namespace
}  // namespace turdb::engine
