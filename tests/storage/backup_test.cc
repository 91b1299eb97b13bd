// Backups at the level of pages: what is copied while counters change is, opened, the counters of some moment.
#include "storage/backup.h"

#include "storage/toy_pages.h"

namespace turdb::storage {
namespace {

constexpr FileId kFile = 2, kOther = 3;

StatusOr<uint64_t> Sum(Toy& toy, FileId file, PageNo pages) {
  uint64_t sum = 0;
  for (PageNo page = 1; page <= pages; ++page) {
    TURDB_ASSIGN_OR_RETURN(const uint64_t value, toy.Get({file, page}, 7));
    sum += value;
  }
  return sum;
}

class BackupOfPages : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(toy_.Open());
    ASSERT_OK(toy_.MakeFile(kFile, "root/t.tbd", 40));
    ASSERT_OK(toy_.MakeFile(kOther, "root/other.tbd", 3));
    ASSERT_OK(Move(1000, 0));
  }
  // Takes from page 1 and gives to another, as one transaction: the sum stays, once it is there.
  Status Move(uint64_t amount, PageNo to) {
    const auto txn = toy_.Begin();
    TURDB_RETURN_IF_ERROR(toy_.Add(txn.get(), {kFile, 1}, 7, to == 0 ? amount : ~amount + 1));
    if (to != 0) TURDB_RETURN_IF_ERROR(toy_.Add(txn.get(), {kFile, to}, 7, amount));
    return toy_.Commit(*txn);
  }

  std::shared_ptr<os::FaultFileSystem> disk_ = std::make_shared<os::FaultFileSystem>();
  Toy toy_{EnvironmentOver(disk_), SmallOptions()};
};

TEST_F(BackupOfPages, IsTheDatabaseOfOneMoment) {
  auto backup = Backup::Begin(*toy_, disk_, "copies/first");
  ASSERT_FALSE(backup.ok());  // the folder above it is not there
  backup = Backup::Begin(*toy_, disk_, "copy");
  ASSERT_OK(backup.status());
  PageNo to = 2;
  for (bool done = false; !done; to = to % 40 + 1) {
    if (to == 1) continue;
    ASSERT_OK(Move(to, to));
    if (to == 10) {
      const auto txn = toy_.Begin();
      ASSERT_OK(toy_->RenameFile(*txn, kOther, "root/renamed.tbd"));
      ASSERT_OK(toy_.Commit(*txn));
    }
    const StatusOr<bool> step = (*backup)->Step(3);
    ASSERT_OK(step.status());
    done = *step;
  }
  EXPECT_GE((*backup)->pages_done(), 44);
  EXPECT_EQ((*backup)->pages_done(), (*backup)->pages_total());
  EXPECT_TRUE(*(*backup)->Step(1));  // done stays done
  ASSERT_OK((*backup)->Keep());
  backup->reset();
  Toy copy(EnvironmentOver(disk_), SmallOptions(), "copy");
  ASSERT_OK(copy.Open());
  EXPECT_EQ(*Sum(copy, kFile, 40), 1000u);
  EXPECT_EQ(*copy->FilePath(kOther), "root/renamed.tbd");
  CheckReport report;
  ASSERT_OK(copy->CheckFile(kFile, &report));
  EXPECT_TRUE(report.problems.empty()) << report.problems[0];
  ASSERT_OK(copy.Close());
}

TEST_F(BackupOfPages, FilesThatComeAndGoMeanwhile) {
  auto backup = Backup::Begin(*toy_, disk_, "copy");
  ASSERT_OK(backup.status());
  ASSERT_FALSE(*(*backup)->Step(1));
  const auto dropping = toy_.Begin();
  ASSERT_OK(toy_->DropFile(*dropping, kOther));
  ASSERT_OK(toy_.Commit(*dropping));
  ASSERT_OK(toy_->RemoveDroppedFile(kOther));
  ASSERT_OK(toy_.MakeFile(4, "root/late.tbd", 2));
  const auto counting = toy_.Begin();
  ASSERT_OK(toy_.Add(counting.get(), {4, 2}, 7, 99));
  ASSERT_OK(toy_.Commit(*counting));
  while (!*(*backup)->Step(16)) {
  }
  ASSERT_OK((*backup)->Keep());
  backup->reset();
  Toy copy(EnvironmentOver(disk_), SmallOptions(), "copy");
  ASSERT_OK(copy.Open());
  EXPECT_FALSE(copy->FileExists(kOther));
  EXPECT_EQ(*copy.Get({4, 2}, 7), 99u);
  ASSERT_OK(copy.Close());
}

TEST_F(BackupOfPages, OneThatIsNotKeptLeavesNothing) {
  {
    auto backup = Backup::Begin(*toy_, disk_, "copy");
    ASSERT_OK(backup.status());
    ASSERT_FALSE(*(*backup)->Step(5));
    EXPECT_TRUE(*disk_->Exists("copy/backup.unfinished"));
  }
  EXPECT_FALSE(*disk_->Exists("copy"));
  // What a killed process left may be replaced, what somebody else has put there not.
  ASSERT_OK(disk_->CreateDirectory("copy"));
  ASSERT_OK(disk_->CreateDirectory("copy/root"));
  ASSERT_OK(disk_->Open("copy/root/t.tbd", os::OpenMode::kCreate).status());
  EXPECT_EQ(base::GetSqlState(Backup::Begin(*toy_, disk_, "copy").status()), base::sqlstate::kDuplicateFile);
  ASSERT_OK(disk_->Open("copy/backup.unfinished", os::OpenMode::kCreate).status());
  auto backup = Backup::Begin(*toy_, disk_, "copy");
  ASSERT_OK(backup.status());
  EXPECT_FALSE(*disk_->Exists("copy/root/t.tbd"));
  while (!*(*backup)->Step(100)) {
  }
  backup->reset();
  EXPECT_EQ(disk_->List("copy")->size(), 0u);  // the directory was there before
}

TEST_F(BackupOfPages, ADamagedPageIsAnError) {
  ASSERT_OK(toy_->Checkpoint());
  ASSERT_OK(disk_->FlipBits("db/root/t.tbd", 30 * kPageSize + 100, 4));
  auto backup = Backup::Begin(*toy_, disk_, "copy");
  ASSERT_OK(backup.status());
  StatusOr<bool> step = false;
  while (step.ok() && !*step) step = (*backup)->Step(7);
  EXPECT_TRUE(absl::IsDataLoss(step.status())) << base::Describe(step.status());
  EXPECT_NE(base::Describe(step.status()).find("page 30"), std::string::npos) << base::Describe(step.status());
  EXPECT_EQ(base::GetSqlState((*backup)->Step(7).status()), base::sqlstate::kMisuse);
}

TEST_F(BackupOfPages, OfADatabaseThatIsOpenReadOnly) {
  ASSERT_OK(Move(5, 3));
  ASSERT_OK(toy_.Close());
  Options options = SmallOptions();
  options.read_only = true;
  Toy reader(EnvironmentOver(disk_), options);
  ASSERT_OK(reader.Open());
  auto backup = Backup::Begin(*reader, disk_, "copy");
  ASSERT_OK(backup.status());
  while (!*(*backup)->Step(9)) {
  }
  ASSERT_OK((*backup)->Keep());
  backup->reset();
  ASSERT_OK(reader.Close());
  Toy copy(EnvironmentOver(disk_), SmallOptions(), "copy");
  ASSERT_OK(copy.Open());
  EXPECT_EQ(*Sum(copy, kFile, 40), 1000u);
  ASSERT_OK(copy.Close());
}

// ---- What is left of a damaged one

class Salvage : public BackupOfPages {
 protected:
  void SetUp() override {
    BackupOfPages::SetUp();
    ASSERT_OK(toy_.Close());
  }
  std::unique_ptr<Toy> Open() {
    Options options = SmallOptions();
    options.salvage = true;
    auto toy = std::make_unique<Toy>(EnvironmentOver(disk_), options);
    const Status status = toy->Open();
    EXPECT_TRUE(status.ok()) << base::Describe(status);
    return toy;
  }
};

TEST_F(Salvage, ASoundDatabaseHasNoProblems) {
  const auto toy = Open();
  EXPECT_TRUE((*toy)->recovery().problems.empty());
  EXPECT_EQ(*Sum(*toy, kFile, 40), 1000u);
}

TEST_F(Salvage, WithoutTheLog) {
  const StatusOr<std::vector<std::string>> segments = disk_->List("db/wal");
  ASSERT_OK(segments.status());
  for (const std::string& name : *segments) ASSERT_OK(disk_->Remove("db/wal/" + name));
  const auto toy = Open();
  EXPECT_FALSE((*toy)->recovery().problems.empty());
  EXPECT_TRUE((*toy)->FileExists(kFile));
  EXPECT_EQ(*Sum(*toy, kFile, 40), 1000u);
}

TEST_F(Salvage, WithADamagedLogSegment) {
  const std::string name = disk_->List("db/wal")->front();
  ASSERT_OK(disk_->FlipBits("db/wal/" + name, 20, 8));
  const auto toy = Open();
  EXPECT_FALSE((*toy)->recovery().problems.empty());
  EXPECT_EQ(*Sum(*toy, kFile, 40), 1000u);
}

TEST_F(Salvage, WithADamagedMainFile) {
  ASSERT_OK(disk_->FlipBits("db/turdb.meta", 105, 1));
  ASSERT_OK(disk_->FlipBits("db/root/other.tbd", 17, 1));  // a file that cannot be known is left out
  const auto toy = Open();
  EXPECT_GE((*toy)->recovery().problems.size(), 2u);
  EXPECT_EQ(*Sum(*toy, kFile, 40), 1000u);
}

}  // namespace
}  // namespace turdb::storage
