// The whole of storage over files in memory: what was committed is there after closing, after a crash of the
// process, after an undo.
#include "storage/storage.h"

#include "storage/toy_pages.h"

namespace turdb::storage {
namespace {

TEST(Storage, ClosedAndReopenedHasWhatWasCommitted) {
  Toy toy(os::Environment::InMemory(), SmallOptions());
  ASSERT_OK(toy.Open());
  EXPECT_TRUE(toy->recovery().created);
  ASSERT_OK(toy.MakeFile(2, "root/t.tbd", 3));
  const auto txn = toy.Begin();
  for (int page = 1; page <= 3; ++page) ASSERT_OK(toy.Add(txn.get(), {2, static_cast<PageNo>(page)}, 7, 100 + page));
  ASSERT_OK(toy.Commit(*txn));
  ASSERT_OK(toy.Close());

  ASSERT_OK(toy.Open());
  EXPECT_TRUE(toy->recovery().was_clean);
  EXPECT_EQ(toy->recovery().records_redone, 0u);
  EXPECT_EQ(toy->Files(), std::vector<FileId>{2});
  EXPECT_EQ(toy->FilePath(2).value(), "root/t.tbd");
  for (int page = 1; page <= 3; ++page) EXPECT_EQ(toy.Get({2, static_cast<PageNo>(page)}, 7).value(), 100u + page);
  EXPECT_EQ(toy->PageCount(2).value(), 4u);
  ASSERT_OK(toy.Close());
}

TEST(Storage, ACrashOfTheProcessLosesNothingCommitted) {
  for (const Synchronous synchronous : {Synchronous::kFull, Synchronous::kNormal}) {
    Options options = SmallOptions();
    options.synchronous = synchronous;
    Toy toy(os::Environment::InMemory(), options);
    ASSERT_OK(toy.Open());
    ASSERT_OK(toy.MakeFile(2, "root/t.tbd", 2));
    const auto txn = toy.Begin();
    for (int i = 0; i < 50; ++i) ASSERT_OK(toy.Add(txn.get(), {2, 1}, i, 1000 + i));
    ASSERT_OK(toy.Commit(*txn));
    toy.Crash();
    ASSERT_OK(toy.Open());
    EXPECT_FALSE(toy->recovery().was_clean);
    EXPECT_TRUE(toy->recovery().unfinished.empty());
    EXPECT_GT(toy->recovery().next_txn_id, txn->id);
    for (int i = 0; i < 50; ++i) EXPECT_EQ(toy.Get({2, 1}, i).value(), 1000u + i);
    EXPECT_EQ(toy.Get({2, 2}, 0).value(), 0u);
    ASSERT_OK(toy.Close());
  }
}

TEST(Storage, UnfinishedTransactionsAreRedoneAndReportedAndCanBeUndone) {
  Toy toy(os::Environment::InMemory(), SmallOptions());
  ASSERT_OK(toy.Open());
  ASSERT_OK(toy.MakeFile(2, "root/t.tbd", 1));
  const auto loser = toy.Begin();
  ASSERT_OK(toy.Add(loser.get(), {2, 1}, 0, 5));
  ASSERT_OK(toy.Add(loser.get(), {2, 1}, 1, 6));
  const auto winner = toy.Begin();
  ASSERT_OK(toy.Add(winner.get(), {2, 1}, 1, 70));
  ASSERT_OK(toy.Commit(*winner));  // takes the loser's records along to the disk
  toy.Crash();

  ASSERT_OK(toy.Open());
  ASSERT_EQ(toy->recovery().unfinished.size(), 1u);
  EXPECT_EQ(toy->recovery().unfinished[0].id, loser->id);
  EXPECT_EQ(toy->recovery().unfinished[0].last_lsn, loser->last_lsn);
  EXPECT_EQ(toy.Get({2, 1}, 1).value(), 76u);
  ASSERT_OK(toy.UndoUnfinished());
  EXPECT_EQ(toy.Get({2, 1}, 0).value(), 0u);
  EXPECT_EQ(toy.Get({2, 1}, 1).value(), 70u);
  ASSERT_OK(toy->FlushLog());
  toy.Crash();

  ASSERT_OK(toy.Open());
  EXPECT_TRUE(toy->recovery().unfinished.empty());
  EXPECT_EQ(toy.Get({2, 1}, 0).value(), 0u);
  EXPECT_EQ(toy.Get({2, 1}, 1).value(), 70u);
  ASSERT_OK(toy.Close());
}

// (5) of file_directory.h.
TEST(Storage, OnlyLiveFilesArePinnedAndAPinnedOneIsNotRemoved) {
  Toy toy(os::Environment::InMemory(), Options());
  ASSERT_OK(toy.Open());
  EXPECT_FALSE(toy->PinFile(7)) << "there is none";
  EXPECT_TRUE(toy->PinFile(base::kMetaFile));
  const auto maker = toy.Begin();
  ASSERT_OK(toy->CreateFile(*maker, 7, "root/a.tbd", ToyHeader(7)));
  EXPECT_FALSE(toy->PinFile(7)) << "not committed";
  ASSERT_OK(toy.Commit(*maker));
  const auto dropper = toy.Begin();
  {
    const FilePin first = toy->PinFile(7);
    FilePin second = toy->PinFile(7);
    ASSERT_TRUE(first);
    ASSERT_TRUE(second);
    ASSERT_OK(toy->DropFile(*dropper, 7));
    EXPECT_TRUE(toy->PinFile(7)) << "the drop may be rolled back";
    EXPECT_FALSE(toy->CanRemoveFile(7));
    ASSERT_OK(toy.Commit(*dropper));
    EXPECT_FALSE(toy->PinFile(7)) << "dropped";
    EXPECT_FALSE(toy->CanRemoveFile(7));
    { const FilePin moved = std::move(second); }
    EXPECT_FALSE(toy->CanRemoveFile(7)) << "the first is left";
  }
  EXPECT_TRUE(toy->CanRemoveFile(7));
  ASSERT_OK(toy->RemoveDroppedFile(7));
  EXPECT_FALSE(toy->CanRemoveFile(7));
  ASSERT_OK(toy.Close());
}

}  // namespace
}  // namespace turdb::storage
