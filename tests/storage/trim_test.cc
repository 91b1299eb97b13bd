// Free pages at the end of a file go back to the file system, whatever the order in which they were freed.
#include <algorithm>
#include <random>

#include "storage/toy_pages.h"

namespace turdb::storage {
namespace {

constexpr FileId kFile = 2;

uint64_t FileBytes(os::FileSystem& disk) { return *(*disk.Open("db/root/t.tbd", os::OpenMode::kReadOnly))->Size(); }

TEST(Trim, PagesAtTheEndGoAndTheRestIsOrdered) {
  const auto disk = std::make_shared<os::FaultFileSystem>();
  Toy toy(EnvironmentOver(disk), SmallOptions());
  ASSERT_OK(toy.Open());
  ASSERT_OK(toy.MakeFile(kFile, "root/t.tbd", 12));
  for (const PageNo page : {5u, 12u, 2u, 10u, 8u, 11u}) ASSERT_OK(toy.FreePage({kFile, page}));
  const StatusOr<FreeSpace> space = toy->TrimFreePages(kFile);
  ASSERT_OK(space.status());
  EXPECT_EQ(space->page_count, 10u);  // 10, 11 and 12 went
  EXPECT_EQ(space->used_pages, 7u);   // of them 2, 5 and 8 are free
  EXPECT_EQ(space->last_low, 5u);
  ASSERT_OK(toy->Checkpoint());
  ASSERT_OK(toy->CutFile(kFile, space->page_count));
  EXPECT_EQ(FileBytes(*disk), 10 * kPageSize);
  CheckReport report;
  ASSERT_OK(toy->CheckFile(kFile, &report));
  EXPECT_TRUE(report.problems.empty()) << report.problems[0];
  EXPECT_EQ(*toy.AddPage(kFile), 2u);
  EXPECT_EQ(*toy.AddPage(kFile), 5u);
  EXPECT_EQ(*toy.AddPage(kFile), 8u);
  EXPECT_EQ(*toy.AddPage(kFile), 10u);
  ASSERT_OK(toy.Close());
}

// Free pages between pages in use at the end of the file go one by one, as those behind them do.
TEST(Trim, LastFreePagesAreFoundBehindTheLowOnes) {
  const auto disk = std::make_shared<os::FaultFileSystem>();
  Toy toy(EnvironmentOver(disk), SmallOptions());
  ASSERT_OK(toy.Open());
  ASSERT_OK(toy.MakeFile(kFile, "root/t.tbd", 10));
  for (const PageNo page : {9u, 3u, 8u, 1u, 6u}) ASSERT_OK(toy.FreePage({kFile, page}));
  const StatusOr<FreeSpace> space = toy->TrimFreePages(kFile);
  ASSERT_OK(space.status());
  EXPECT_EQ(space->page_count, 11u);
  EXPECT_EQ(*toy->DropFreePagesAtEnd(kFile, space->last_low), 11u);  // 10 is in use
  ASSERT_OK(toy.FreePage({kFile, 10}));
  EXPECT_EQ(*toy->DropFreePagesAtEnd(kFile, space->last_low), 8u);  // 10 came first in the list, then 9 and 8 behind 3
  CheckReport report;
  ASSERT_OK(toy->CheckFile(kFile, &report));
  EXPECT_TRUE(report.problems.empty()) << report.problems[0];
  ASSERT_OK(toy.Close());
}

// The script: pages come, count, go, and the file is trimmed, again and again; the model knows each counter.
struct Script {
  Toy& toy;
  std::mt19937_64 random{11};
  std::map<PageNo, uint64_t> counters{};  // by page in use, as of the last change that was durable

  Status Run() {
    TURDB_RETURN_IF_ERROR(toy.Open());
    TURDB_RETURN_IF_ERROR(toy.MakeFile(kFile, "root/t.tbd", 1));
    for (int round = 0; round < 12; ++round) {
      const auto txn = toy.Begin();
      std::vector<PageNo> added;
      for (int i = 0; i < 12; ++i) {
        TURDB_ASSIGN_OR_RETURN(const PageNo page, toy.AddPage(kFile));
        TURDB_RETURN_IF_ERROR(toy.Add(txn.get(), {kFile, page}, 3, page + 1000));
        added.push_back(page);
      }
      TURDB_RETURN_IF_ERROR(toy.Commit(*txn));
      for (const PageNo page : added) counters[page] = page + 1000;
      // Before they are freed they count as unknown: the crash may come before or after.
      for (int i = 0; i < 10 && !counters.empty(); ++i) {
        const auto gone = std::next(counters.begin(), static_cast<std::ptrdiff_t>(random() % counters.size()));
        const PageNo page = gone->first;
        counters.erase(gone);
        TURDB_RETURN_IF_ERROR(toy.FreePage({kFile, page}));
      }
      if (round % 3 != 2) continue;
      TURDB_ASSIGN_OR_RETURN(const FreeSpace space, toy->TrimFreePages(kFile));
      TURDB_RETURN_IF_ERROR(toy->Checkpoint());
      TURDB_RETURN_IF_ERROR(toy->CutFile(kFile, space.page_count));
    }
    return toy.Close();
  }
};

TEST(Trim, SurvivesPowerLossAnywhere) {
  uint64_t operations = 0;
  {
    const auto disk = std::make_shared<os::FaultFileSystem>();
    Toy toy(EnvironmentOver(disk), SmallOptions());
    Script script{toy};
    ASSERT_OK(script.Run());
    operations = disk->operation_count();
  }
  for (uint64_t cut = 1; cut <= operations; ++cut) {
    const auto disk = std::make_shared<os::FaultFileSystem>();
    disk->CutPowerAt(cut);
    Toy toy(EnvironmentOver(disk), SmallOptions());
    Script script{toy};
    (void)script.Run();
    toy.Crash();
    for (const uint64_t seed : {uint64_t{0}, uint64_t{1}, cut + 2}) {
      SCOPED_TRACE("power cut at " + std::to_string(cut) + ", seed " + std::to_string(seed));
      Toy after(EnvironmentOver(disk->CrashedCopy(seed)), SmallOptions());
      ASSERT_OK(after.Open());
      ASSERT_OK(after.UndoUnfinished());
      if (!after->FileExists(kFile)) {
        ASSERT_TRUE(script.counters.empty());
        continue;
      }
      CheckReport report;
      ASSERT_OK(after->CheckFile(kFile, &report));
      ASSERT_TRUE(report.problems.empty()) << report.problems[0];
      for (const auto& [page, value] : script.counters) ASSERT_EQ(*after.Get({kFile, page}, 3), value);
      ASSERT_OK(after->TrimFreePages(kFile).status());
      ASSERT_OK(after.Close());
    }
  }
}

}  // namespace
}  // namespace turdb::storage
