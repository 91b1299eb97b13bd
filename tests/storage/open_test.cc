// Opening: who may, what is refused, and that refusing changes nothing. Files: names, ids, checks.
#include <map>

#include "absl/strings/match.h"
#include "storage/toy_pages.h"

namespace turdb::storage {
namespace {

Options ReadOnly() {
  Options options = SmallOptions();
  options.read_only = true;
  return options;
}

// All files below `directory` and their bytes.
std::map<std::string, std::string> Snapshot(os::FileSystem& files, const std::string& directory) {
  std::map<std::string, std::string> all;
  const std::vector<std::string> names = files.List(directory).value();
  for (const std::string& name : names) {
    const std::string path = directory + "/" + name;
    if (files.List(path).ok()) {
      all.merge(Snapshot(files, path));
      continue;
    }
    const std::unique_ptr<os::File> file = files.Open(path, os::OpenMode::kReadOnly).value();
    std::string bytes(file->Size().value(), '\0');
    EXPECT_OK(file->Read(0, base::MutableBytes(reinterpret_cast<std::byte*>(bytes.data()), bytes.size())));
    if (name != "turdb.lock") all[path] = bytes;
  }
  return all;
}

class Open : public testing::Test {
 protected:
  Open() : toy_(EnvironmentOver(disk_), SmallOptions()) {}
  void MakeAndClose() {
    ASSERT_OK(toy_.Open());
    ASSERT_OK(toy_.MakeFile(2, "root/t.tbd", 2));
    const auto txn = toy_.Begin();
    ASSERT_OK(toy_.Add(txn.get(), {2, 1}, 0, 11));
    ASSERT_OK(toy_.Commit(*txn));
    ASSERT_OK(toy_.Close());
  }
  void ExpectRefused(Options options, base::SqlState state, std::string_view text) {
    const auto before = Snapshot(*disk_, "db");
    Toy toy(EnvironmentOver(disk_), options);
    const Status status = toy.Open();
    EXPECT_EQ(base::GetSqlState(status), state) << base::Describe(status);
    EXPECT_TRUE(absl::StrContains(base::Describe(status), text)) << base::Describe(status);
    EXPECT_TRUE(Snapshot(*disk_, "db") == before);
  }

  const std::shared_ptr<os::FaultFileSystem> disk_ = std::make_shared<os::FaultFileSystem>();
  Toy toy_;
};

TEST_F(Open, ReadOnlyReadsAndWritesNothing) {
  MakeAndClose();
  const auto before = Snapshot(*disk_, "db");
  Toy first(EnvironmentOver(disk_), ReadOnly()), second(EnvironmentOver(disk_), ReadOnly());
  ASSERT_OK(first.Open());
  ASSERT_OK(second.Open());  // readers share
  EXPECT_EQ(first.Get({2, 1}, 0).value(), 11u);
  EXPECT_EQ(second.Get({2, 1}, 0).value(), 11u);
  EXPECT_EQ(base::GetSqlState(first->AllocatePages(2, 1).status()), base::sqlstate::kReadOnlyTransaction);
  EXPECT_EQ(base::GetSqlState(first->Checkpoint()), base::sqlstate::kReadOnlyTransaction);
  ExpectRefused(SmallOptions(), base::sqlstate::kDatabaseLocked, "turdb.lock");
  ASSERT_OK(first.Close());
  ASSERT_OK(second.Close());
  EXPECT_TRUE(Snapshot(*disk_, "db") == before);
}

TEST_F(Open, WhatWasMadeWithoutSyncsIsDurableOnceOpenedForMore) {
  toy_.options().synchronous = Synchronous::kOff;
  MakeAndClose();
  EXPECT_EQ(disk_->operation_count(os::FileOperation::kSync), 0u);
  EXPECT_EQ(disk_->operation_count(os::FileOperation::kSyncDirectory), 0u);
  for (const bool closed : {true, false}) {
    if (!closed) {  // the process dies, the machine does not
      ASSERT_OK(toy_.Open());
      const auto txn = toy_.Begin();
      ASSERT_OK(toy_.Add(txn.get(), {2, 1}, 0, 100));
      ASSERT_OK(toy_.Commit(*txn));
      ASSERT_OK(toy_->FlushLog());
      toy_.Crash();
    }
    Toy strict(EnvironmentOver(disk_), SmallOptions());
    ASSERT_OK(strict.Open());
    const auto txn = strict.Begin();
    ASSERT_OK(strict.Add(txn.get(), {2, 1}, 0, 1));
    ASSERT_OK(strict.Commit(*txn));
    for (uint64_t seed = 0; seed < 20; ++seed) {
      Toy after(EnvironmentOver(disk_->CrashedCopy(seed)), SmallOptions());
      ASSERT_OK(after.Open());
      EXPECT_EQ(after.Get({2, 1}, 0).value(), closed ? 12u : 113u) << "seed " << seed;
    }
    ASSERT_OK(strict.Close());
  }
}

TEST_F(Open, ReadOnlyRefusesWhatMustBeRecovered) {
  ASSERT_OK(toy_.Open());
  ASSERT_OK(toy_.MakeFile(2, "root/t.tbd", 1));
  toy_.Crash();
  ExpectRefused(ReadOnly(), base::sqlstate::kReadOnlyTransaction, "not closed properly");
}

TEST_F(Open, AWriterExcludesEverybody) {
  ASSERT_OK(toy_.Open());
  Toy other(EnvironmentOver(disk_), SmallOptions()), reader(EnvironmentOver(disk_), ReadOnly());
  EXPECT_EQ(base::GetSqlState(other.Open()), base::sqlstate::kDatabaseLocked);
  EXPECT_EQ(base::GetSqlState(reader.Open()), base::sqlstate::kDatabaseLocked);
  ASSERT_OK(toy_.Close());
  EXPECT_OK(other.Open());
}

TEST_F(Open, OnlyReadingLeavesTheDatabaseAsItWas) {
  MakeAndClose();
  const auto before = Snapshot(*disk_, "db");
  ASSERT_OK(toy_.Open());
  EXPECT_EQ(toy_.Get({2, 1}, 0).value(), 11u);
  ASSERT_OK(toy_.Close());
  EXPECT_TRUE(Snapshot(*disk_, "db") == before);
}

TEST_F(Open, WhatIsNoDatabaseIsRefused) {
  Options options = SmallOptions();
  options.create_if_missing = false;
  Toy missing(EnvironmentOver(disk_), options);
  EXPECT_EQ(base::GetSqlState(missing.Open()), base::sqlstate::kUndefinedFile);
  EXPECT_FALSE(disk_->Exists("db").value());
  ASSERT_OK(disk_->CreateDirectory("db"));
  ASSERT_OK(disk_->Open("db/letter.txt", os::OpenMode::kCreate).status());
  ExpectRefused(SmallOptions(), base::sqlstate::kUndefinedFile, "letter.txt");
}

TEST_F(Open, AnotherFormatAForeignFileAndDamageAreRefused) {
  MakeAndClose();
  ASSERT_OK(disk_->FlipBits("db/turdb.meta", 0, 0x20));
  ExpectRefused(SmallOptions(), base::sqlstate::kDataCorrupted, "magic");
  ASSERT_OK(disk_->FlipBits("db/turdb.meta", 0, 0x20));
  ASSERT_OK(disk_->FlipBits("db/turdb.meta", file_header::kFormatVersion, 0x02));
  ExpectRefused(SmallOptions(), base::sqlstate::kFeatureNotSupported, "version 3");
  ASSERT_OK(disk_->FlipBits("db/turdb.meta", file_header::kFormatVersion, 0x02));
  ASSERT_OK(disk_->FlipBits("db/turdb.meta", 16, 0x03));  // the other place of the version
  ExpectRefused(SmallOptions(), base::sqlstate::kFeatureNotSupported, "version 2");
  ASSERT_OK(disk_->FlipBits("db/turdb.meta", 16, 0x03));
  ASSERT_OK(disk_->FlipBits("db/turdb.meta", 40, 0x01));
  ExpectRefused(SmallOptions(), base::sqlstate::kDataCorrupted, "turdb.meta");
  ASSERT_OK(disk_->FlipBits("db/turdb.meta", 40, 0x01));
  ASSERT_OK(disk_->Open("db/turdb.meta", os::OpenMode::kReadWrite).value()->Truncate(100));
  ExpectRefused(SmallOptions(), base::sqlstate::kDataCorrupted, "turdb.meta");
}

TEST_F(Open, AFileOfAnotherDatabaseOrObjectIsNotTakenForOurs) {
  MakeAndClose();
  Toy other(EnvironmentOver(disk_), SmallOptions(), "other");
  ASSERT_OK(other.Open());
  ASSERT_OK(other.MakeFile(2, "root/t.tbd", 2));
  ASSERT_OK(other.Close());
  ASSERT_OK(disk_->Rename("other/root/t.tbd", "db/root/t.tbd"));
  ASSERT_OK(toy_.Open());
  const Status status = toy_.Get({2, 1}, 0).status();
  EXPECT_EQ(base::GetSqlState(status), base::sqlstate::kDataCorrupted);
  EXPECT_TRUE(absl::StrContains(base::Describe(status), "another database")) << base::Describe(status);
}

TEST_F(Open, AFlippedBitInAPageIsReportedWithFileAndPage) {
  MakeAndClose();
  ASSERT_OK(disk_->FlipBits("db/root/t.tbd", 2 * kPageSize + 9000, 0x80));
  ASSERT_OK(toy_.Open());
  EXPECT_EQ(toy_.Get({2, 1}, 0).value(), 11u);
  const Status status = toy_.Get({2, 2}, 0).status();
  EXPECT_EQ(base::GetSqlState(status), base::sqlstate::kDataCorrupted);
  EXPECT_TRUE(absl::StrContains(base::Describe(status), "root/t.tbd, page 2: checksum")) << base::Describe(status);
  CheckReport report;
  ASSERT_OK(toy_->CheckFile(2, &report));
  ASSERT_EQ(report.problems.size(), 1u);
  EXPECT_TRUE(absl::StrContains(report.problems[0], "root/t.tbd, page 2: checksum")) << report.problems[0];
  EXPECT_EQ(report.pages_checked, 3u);
}

TEST_F(Open, TheListOfFreePagesIsChecked) {
  ASSERT_OK(toy_.Open());
  ASSERT_OK(toy_.MakeFile(2, "root/t.tbd", 5));
  ASSERT_OK(toy_.FreePage({2, 2}));
  ASSERT_OK(toy_.FreePage({2, 4}));
  CheckReport report;
  ASSERT_OK(toy_->CheckFile(2, &report));
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(toy_.AddPage(2).value(), 4u);  // last freed, first used
  EXPECT_EQ(toy_.AddPage(2).value(), 2u);
  EXPECT_EQ(toy_.AddPage(2).value(), 6u);
  // A page that is free by its kind, but on no list.
  {
    ExclusiveGuard page = toy_->pool().FixExclusive({2, 3}).value();
    ExclusiveGuard* guards[] = {&page};
    toy_->BeginChange(guards);
    const std::byte splice[] = {std::byte{4}, std::byte{0}, static_cast<std::byte>(PageKind::kFree)};
    page.page()[4] = splice[2];
    const LogEntry entry{page.id(), op::kSplice, {Bytes(splice)}};
    toy_->LogChange(RecordKind::kStructure, nullptr, std::span(&entry, 1), guards);
  }
  ASSERT_OK(toy_->CheckFile(2, &report));
  ASSERT_EQ(report.problems.size(), 1u);
  EXPECT_TRUE(absl::StrContains(report.problems[0], "page 3: free, but not on the list")) << report.problems[0];
}

TEST_F(Open, PagesThatWereNotUsedAreStillThere) {
  ASSERT_OK(toy_.Open());
  ASSERT_OK(toy_.MakeFile(2, "root/t.tbd", 2));
  ASSERT_OK(toy_.FreePage({2, 1}));
  {
    StatusOr<PageAllocation> dropped = toy_->AllocatePages(2, 2);
    ASSERT_OK(dropped.status());
    EXPECT_EQ(dropped->page_no(0), 1u);
    EXPECT_EQ(dropped->page_no(1), 3u);
  }
  EXPECT_EQ(toy_->PageCount(2).value(), 3u);
  EXPECT_EQ(toy_.AddPage(2).value(), 1u);
  EXPECT_EQ(toy_.AddPage(2).value(), 3u);
  ASSERT_OK(toy_.Close());
}

TEST_F(Open, AFullDiskIsMetBeforeAnythingChanges) {
  ASSERT_OK(toy_.Open());
  ASSERT_OK(toy_.MakeFile(2, "root/t.tbd", 1));
  disk_->Inject(
      {.operation = os::FileOperation::kExtend, .path_contains = "t.tbd", .from_there_on = true, .error_number = ENOSPC});
  Status status;
  for (int i = 0; i < 20 && status.ok(); ++i) status = toy_.AddPage(2).status();
  EXPECT_EQ(base::GetSqlState(status), base::sqlstate::kDiskFull) << base::Describe(status);
  EXPECT_OK(toy_->health());
  disk_->ClearFaults();
  EXPECT_OK(toy_.AddPage(2).status());
  ASSERT_OK(toy_.Close());
}

TEST_F(Open, NamesAreTakenOnceAndDroppedFilesStayReadable) {
  ASSERT_OK(toy_.Open());
  ASSERT_OK(toy_.MakeFile(2, "root/t.tbd", 1));
  const auto txn = toy_.Begin();
  ASSERT_OK(toy_.Add(txn.get(), {2, 1}, 0, 5));
  EXPECT_EQ(base::GetSqlState(toy_->CreateFile(*txn, 3, "root/t.tbd", ToyHeader(3))), base::sqlstate::kDuplicateFile);
  EXPECT_EQ(base::GetSqlState(toy_->CreateFile(*txn, 2, "root/u.tbd", ToyHeader(2))), base::sqlstate::kDuplicateFile);
  EXPECT_EQ(base::GetSqlState(toy_->RenameFile(*txn, 9, "root/u.tbd")), base::sqlstate::kUndefinedFile);
  ASSERT_OK(toy_->DropFile(*txn, 2));
  ASSERT_OK(toy_.Commit(*txn));
  EXPECT_FALSE(toy_->FileExists(2));
  EXPECT_FALSE(disk_->Exists("db/root/t.tbd").value());
  EXPECT_EQ(toy_.Get({2, 1}, 0).value(), 5u);  // for snapshots that still see it
  ASSERT_OK(toy_->RemoveDroppedFile(2));
  EXPECT_EQ(base::GetSqlState(toy_.Get({2, 1}, 0).status()), base::sqlstate::kUndefinedFile);
  EXPECT_TRUE(disk_->List("db/root").value().empty());
  ASSERT_OK(toy_.Close());
}

TEST_F(Open, ABudgetOfOneMegabyteIsEnough) {
  base::MemoryBudget budget(1 << 20);
  StatusOr<std::unique_ptr<Storage>> storage = Storage::Open(EnvironmentOver(disk_), "db", SmallOptions(), budget, ToyRedo());
  ASSERT_OK(storage.status());
  TxnLog txn;
  txn.id = 1;
  ASSERT_OK((*storage)->CreateFile(txn, 2, "root/t.tbd", ToyHeader(2)));
  for (int i = 0; i < 100; ++i) {
    StatusOr<PageAllocation> pages = (*storage)->AllocatePages(2, 1);
    ASSERT_OK(pages.status());
    Guards guards;
    pages->AppendGuards(&guards);
    (*storage)->BeginChange(guards);
    LogEntries entries;
    pages->Apply(PageKind::kOverflow, &entries);
    (*storage)->LogChange(RecordKind::kStructure, nullptr, entries, guards);
  }
  // 512 KiB of frames, and at most 256 KiB for everything else.
  EXPECT_LE(budget.peak_bytes(), (512 + 256) << 10);
}

}  // namespace
}  // namespace turdb::storage
