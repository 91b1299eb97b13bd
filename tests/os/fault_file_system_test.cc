// Proves rules (F1) to (F5) of os/fault_file_system.h, and that faults strike where they were told to.
#include "os/fault_file_system.h"

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace turdb::os {
namespace {

using base::Status;
namespace sqlstate = base::sqlstate;

constexpr size_t kSector = 512;

std::string Sectors(std::string_view letters) {
  std::string bytes;
  for (const char letter : letters) bytes.append(kSector, letter);
  return bytes;
}

// One letter a sector; '!' for a torn one, '.' for zeros.
std::string Letters(FileSystem& files, const std::string& path) {
  auto file = files.Open(path, OpenMode::kReadOnly);
  if (!file.ok()) return "none";
  std::string content(*(*file)->Size(), '?');
  EXPECT_TRUE((*file)->Read(0, std::as_writable_bytes(std::span(content))).ok());
  std::string letters;
  for (size_t at = 0; at < content.size(); at += kSector) {
    const std::string sector = content.substr(at, kSector);
    const bool whole = sector == std::string(sector.size(), sector[0]);
    letters += !whole ? '!' : sector[0] == '\0' ? '.' : sector[0];
  }
  return letters;
}

std::unique_ptr<File> CreateDurably(FaultFileSystem& disk, const std::string& path, std::string_view letters) {
  auto file = *disk.Open(path, OpenMode::kCreate);
  EXPECT_TRUE(file->Write(0, base::AsBytes(Sectors(letters))).ok());
  EXPECT_TRUE(file->Sync().ok());
  EXPECT_TRUE(disk.SyncDirectory("").ok());
  return file;
}

std::set<std::string> Outcomes(const FaultFileSystem& disk, const std::string& path, uint64_t seeds = 200) {
  std::set<std::string> outcomes;
  for (uint64_t seed = 0; seed < seeds; ++seed) outcomes.insert(Letters(*disk.CrashedCopy(seed), path));
  return outcomes;
}

TEST(FaultFileSystem, SyncedBytesSurviveEveryCrash_F1) {
  FaultFileSystem disk;
  CreateDurably(disk, "a", "xyz");
  EXPECT_EQ(Outcomes(disk, "a"), std::set<std::string>{"xyz"});
}

TEST(FaultFileSystem, UnsyncedSectorsSurviveOneByOneInAnyOrder_F2) {
  FaultFileSystem disk;
  auto file = CreateDurably(disk, "a", "xy");
  ASSERT_TRUE(file->Write(0, base::AsBytes(Sectors("A"))).ok());
  ASSERT_TRUE(file->Write(kSector, base::AsBytes(Sectors("B"))).ok());
  // "xB" is the second write without the first: reordered.
  EXPECT_EQ(Outcomes(disk, "a"), (std::set<std::string>{"xy", "Ay", "xB", "AB"}));
  EXPECT_EQ(Letters(*disk.CrashedCopy(0), "a"), "xy");
  EXPECT_EQ(Letters(*disk.CrashedCopy(1), "a"), "AB");
  EXPECT_EQ(Letters(disk, "a"), "AB");
  ASSERT_TRUE(file->Sync().ok());
  EXPECT_EQ(Outcomes(disk, "a"), std::set<std::string>{"AB"});
}

TEST(FaultFileSystem, ASectorWrittenTwiceMayKeepEitherVersion_F2) {
  FaultFileSystem disk;
  auto file = CreateDurably(disk, "a", "x");
  ASSERT_TRUE(file->Write(0, base::AsBytes(Sectors("A"))).ok());
  ASSERT_TRUE(file->Write(0, base::AsBytes(Sectors("B"))).ok());
  EXPECT_EQ(Outcomes(disk, "a"), (std::set<std::string>{"x", "A", "B"}));
}

TEST(FaultFileSystem, AWriteAcrossSectorsTearsOnlyBetweenThem_F2) {
  FaultFileSystem disk;
  auto file = CreateDurably(disk, "a", "xxxx");
  ASSERT_TRUE(file->Write(0, base::AsBytes(Sectors("AAAA"))).ok());
  const std::set<std::string> outcomes = Outcomes(disk, "a", 2000);
  EXPECT_EQ(outcomes.size(), 16u);
  for (const std::string& outcome : outcomes) EXPECT_EQ(outcome.find('!'), std::string::npos) << outcome;
}

TEST(FaultFileSystem, ADurableWriteCoversItselfAndNothingElse_F1) {
  FaultFileSystem disk;
  auto file = CreateDurably(disk, "a", "xyz");
  ASSERT_TRUE(file->Write(0, base::AsBytes(Sectors("A"))).ok());
  ASSERT_TRUE(file->WriteDurably(kSector, base::AsBytes(Sectors("B"))).ok());
  EXPECT_EQ(Outcomes(disk, "a"), (std::set<std::string>{"xBz", "ABz"}));
  disk.Inject({.operation = FileOperation::kSync});
  EXPECT_FALSE(file->WriteDurably(2 * kSector, base::AsBytes(Sectors("C"))).ok());
  EXPECT_EQ(Outcomes(disk, "a"), (std::set<std::string>{"xBz", "ABz", "xBC", "ABC"}));
}

TEST(FaultFileSystem, SizesAreUncertainToo_F3) {
  FaultFileSystem disk;
  auto file = CreateDurably(disk, "a", "x");
  ASSERT_TRUE(file->Extend(3 * kSector).ok());
  ASSERT_TRUE(file->Write(kSector, base::AsBytes(Sectors("A"))).ok());
  EXPECT_EQ(Outcomes(disk, "a"), (std::set<std::string>{"x", "x..", "xA."}));
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(file->Truncate(kSector).ok());
  for (const std::string& outcome : Outcomes(disk, "a")) {
    EXPECT_TRUE(outcome == "x" || outcome == "xA." || outcome == "x..") << outcome;
  }
}

TEST(FaultFileSystem, NamesNeedTheDirectorySynced_F4) {
  FaultFileSystem disk;
  auto file = *disk.Open("a", OpenMode::kCreate);
  ASSERT_TRUE(file->Write(0, base::AsBytes(Sectors("x"))).ok());
  ASSERT_TRUE(file->Sync().ok());
  EXPECT_EQ(Outcomes(disk, "a"), (std::set<std::string>{"none", "x"}));
  ASSERT_TRUE(disk.SyncDirectory("").ok());
  EXPECT_EQ(Outcomes(disk, "a"), std::set<std::string>{"x"});
  ASSERT_TRUE(disk.Remove("a").ok());
  EXPECT_EQ(Outcomes(disk, "a"), (std::set<std::string>{"none", "x"}));
  ASSERT_TRUE(disk.SyncDirectory("").ok());
  EXPECT_EQ(Outcomes(disk, "a"), std::set<std::string>{"none"});
}

TEST(FaultFileSystem, ARenameHappensWholeOrNotAtAll_F4) {
  FaultFileSystem disk;
  CreateDurably(disk, "old", "x");
  ASSERT_TRUE(disk.CreateDirectory("d").ok());
  ASSERT_TRUE(disk.SyncDirectory("").ok());
  auto file = *disk.Open("new.tmp", OpenMode::kCreate);  // this create is not synced either
  ASSERT_TRUE(file->Write(0, base::AsBytes(Sectors("y"))).ok());
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(disk.Rename("new.tmp", "old").ok());
  ASSERT_TRUE(disk.Rename("old", "d/moved").ok());
  std::set<std::string> outcomes;
  const auto collect = [&] {
    outcomes.clear();
    for (uint64_t seed = 0; seed < 300; ++seed) {
      const auto crashed = disk.CrashedCopy(seed);
      outcomes.insert(
          absl::StrCat(Letters(*crashed, "new.tmp"), " ", Letters(*crashed, "old"), " ", Letters(*crashed, "d/moved")));
    }
  };
  collect();
  EXPECT_EQ(outcomes, (std::set<std::string>{"none x none", "y x none", "none y none", "none none y"}));
  ASSERT_TRUE(disk.SyncDirectory("").ok());  // the second rename concerns two directories
  collect();
  EXPECT_EQ(outcomes, (std::set<std::string>{"none y none", "none none y"}));
  ASSERT_TRUE(disk.SyncDirectory("d").ok());
  collect();
  EXPECT_EQ(outcomes, std::set<std::string>{"none none y"});
}

TEST(FaultFileSystem, WhatAFailedSyncLeftIsDoubtfulUntilWrittenAgain_F5) {
  FaultFileSystem disk;
  auto file = CreateDurably(disk, "a", "xy");
  ASSERT_TRUE(file->Write(0, base::AsBytes(Sectors("AB"))).ok());
  disk.Inject({.operation = FileOperation::kSync});
  const Status status = file->Sync();
  EXPECT_EQ(base::GetSqlState(status), sqlstate::kIoError);
  EXPECT_EQ(status.message(), "syncing a: Input/output error");
  ASSERT_TRUE(file->Write(0, base::AsBytes(Sectors("C"))).ok());
  ASSERT_TRUE(file->Sync().ok());
  EXPECT_EQ(Outcomes(disk, "a"), (std::set<std::string>{"Cy", "CB"}));
}

TEST(FaultFileSystem, TheNthOperationFailsOnceOrFromThereOn) {
  FaultFileSystem disk;
  auto file = CreateDurably(disk, "a", "x");
  auto other = CreateDurably(disk, "b", "x");
  const uint64_t failed_before = disk.failure_count();
  disk.Inject({.operation = FileOperation::kWrite, .path_contains = "a", .nth = 2, .error_number = ENOSPC});
  const auto write = [](File& to) { return to.Write(0, base::AsBytes("y")); };
  EXPECT_TRUE(write(*file).ok());
  EXPECT_TRUE(write(*other).ok());
  const Status status = write(*file);
  EXPECT_EQ(base::GetSqlState(status), sqlstate::kDiskFull);
  EXPECT_EQ(status.message(), "writing a at offset 0: No space left on device");
  EXPECT_TRUE(write(*file).ok());
  EXPECT_EQ(disk.failure_count(), failed_before + 1);

  disk.Inject({.operation = FileOperation::kRead, .nth = 2, .from_there_on = true});
  std::byte byte;
  EXPECT_TRUE(file->Read(0, {&byte, 1}).ok());
  EXPECT_FALSE(file->Read(0, {&byte, 1}).ok());
  EXPECT_FALSE(other->Read(0, {&byte, 1}).ok());
  EXPECT_TRUE(write(*file).ok());
  disk.ClearFaults();
  EXPECT_TRUE(file->Read(0, {&byte, 1}).ok());
}

TEST(FaultFileSystem, EveryOperationCanFailAndThenChangesNothing) {
  FaultFileSystem disk;
  auto file = CreateDurably(disk, "a", "x");
  ASSERT_TRUE(disk.CreateDirectory("d").ok());
  const auto fails = [&](FileOperation operation, auto run) {
    const uint64_t before = disk.operation_count(operation);
    disk.Inject({.operation = operation});
    EXPECT_EQ(base::GetSqlState(run()), sqlstate::kIoError) << static_cast<int>(operation);
    EXPECT_EQ(disk.operation_count(operation), before + 1);
    disk.ClearFaults();
  };
  fails(FileOperation::kOpen, [&] { return disk.Open("new", OpenMode::kCreate).status(); });
  fails(FileOperation::kWrite, [&] { return file->Write(0, base::AsBytes("y")); });
  fails(FileOperation::kExtend, [&] { return file->Extend(1 << 20); });
  fails(FileOperation::kTruncate, [&] { return file->Truncate(0); });
  fails(FileOperation::kCreateDirectory, [&] { return disk.CreateDirectory("e"); });
  fails(FileOperation::kRemove, [&] { return disk.Remove("a"); });
  fails(FileOperation::kRemove, [&] { return disk.RemoveDirectory("d"); });
  fails(FileOperation::kRename, [&] { return disk.Rename("a", "b"); });
  fails(FileOperation::kSyncDirectory, [&] { return disk.SyncDirectory(""); });
  fails(FileOperation::kList, [&] { return disk.List("").status(); });
  fails(FileOperation::kLock, [&] { return disk.Lock("lock", LockMode::kShared).status(); });
  EXPECT_EQ(*disk.List(""), (std::vector<std::string>{"a", "d"}));
  EXPECT_EQ(Letters(disk, "a"), "x");
}

TEST(FaultFileSystem, ATornWriteLeavesSomeSectorsBehind) {
  std::set<std::string> outcomes;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    FaultFileSystem disk;
    auto file = CreateDurably(disk, "a", "xxx");
    disk.Inject({.operation = FileOperation::kWrite, .tear = true, .tear_seed = seed});
    EXPECT_FALSE(file->Write(0, base::AsBytes(Sectors("AAA"))).ok());
    outcomes.insert(Letters(disk, "a"));
  }
  EXPECT_EQ(outcomes.size(), 8u);
}

// Writes a record and its replacement the careful way; returns how far it came.
int ReplaceCarefully(FileSystem& files) {
  auto file = files.Open("new", OpenMode::kCreateOrTruncate);
  if (!file.ok()) return 0;
  if (!(*file)->Write(0, base::AsBytes(Sectors("BBBB"))).ok()) return 1;
  if (!(*file)->Sync().ok()) return 2;
  if (!files.Rename("new", "data").ok()) return 3;
  if (!files.SyncDirectory("").ok()) return 4;
  return 5;
}

TEST(FaultFileSystem, PowerCanGoAtEveryOperation) {
  uint64_t cuts = 0;
  bool finished = false;
  std::set<std::string> outcomes;
  while (!finished) {
    FaultFileSystem disk;
    CreateDurably(disk, "data", "AAAA");
    disk.CutPowerAt(++cuts);
    finished = ReplaceCarefully(disk) == 5;
    if (!finished) {
      EXPECT_FALSE(disk.Open("data", OpenMode::kReadOnly).ok()) << "the power is off";
    }
    for (uint64_t seed = 0; seed < 50; ++seed) {
      const std::string data = Letters(*disk.CrashedCopy(seed), "data");
      outcomes.insert(data);
      if (finished) {
        EXPECT_EQ(data, "BBBB");
      }
    }
  }
  EXPECT_EQ(cuts, 6u);  // five operations, and a sixth that was never reached
  EXPECT_EQ(outcomes, (std::set<std::string>{"AAAA", "BBBB"}));
}

TEST(FaultFileSystem, TheOperationThatMeetsThePowerCutMayHaveTakenEffect) {
  FaultFileSystem disk;
  auto file = CreateDurably(disk, "a", "xx");
  disk.CutPowerAt(1, FileOperation::kWrite);
  EXPECT_FALSE(file->Write(0, base::AsBytes(Sectors("AA"))).ok());
  EXPECT_EQ(Outcomes(disk, "a"), (std::set<std::string>{"xx", "Ax", "xA", "AA"}));
}

TEST(FaultFileSystem, CrashInPlaceEndsOldHandlesAndLocks) {
  FaultFileSystem disk;
  auto file = CreateDurably(disk, "a", "x");
  auto lock = disk.Lock("lock", LockMode::kExclusive);
  ASSERT_TRUE(lock.ok());
  disk.CutPowerAt(1);
  EXPECT_FALSE(file->Sync().ok());
  const std::string identity = *disk.Identity("");
  disk.Crash(0);
  std::byte byte;
  EXPECT_FALSE(file->Read(0, {&byte, 1}).ok());
  EXPECT_FALSE(file->Write(0, {&byte, 1}).ok());
  EXPECT_FALSE(file->Size().ok());
  EXPECT_FALSE(file->Sync().ok());
  EXPECT_NE(*disk.Identity(""), identity);
  EXPECT_EQ(Letters(disk, "a"), "x");
  EXPECT_TRUE(disk.Lock("lock", LockMode::kExclusive).ok());
}

TEST(FaultFileSystem, EqualSeedsCrashEqually) {
  FaultFileSystem disk;
  auto file = CreateDurably(disk, "a", std::string(64, 'x'));
  ASSERT_TRUE(file->Write(0, base::AsBytes(Sectors(std::string(64, 'A')))).ok());
  auto other = *disk.Open("b", OpenMode::kCreate);
  ASSERT_TRUE(other->Write(0, base::AsBytes(Sectors("b"))).ok());
  std::set<std::string> outcomes;
  for (uint64_t seed = 2; seed < 30; ++seed) {
    const auto first = disk.CrashedCopy(seed);
    const auto second = disk.CrashedCopy(seed);
    const std::string letters = absl::StrCat(Letters(*first, "a"), Letters(*first, "b"));
    EXPECT_EQ(letters, absl::StrCat(Letters(*second, "a"), Letters(*second, "b")));
    outcomes.insert(letters);
  }
  EXPECT_GT(outcomes.size(), 20u);
}

TEST(FaultFileSystem, FlippedBitsSurviveACrash) {
  FaultFileSystem disk;
  CreateDurably(disk, "a", "xx");
  ASSERT_TRUE(disk.FlipBits("a", kSector + 7, 0x01).ok());
  EXPECT_EQ(Letters(disk, "a"), "x!");
  EXPECT_EQ(Outcomes(disk, "a"), std::set<std::string>{"x!"});
  EXPECT_FALSE(disk.FlipBits("a", 2 * kSector, 1).ok());
  EXPECT_FALSE(disk.FlipBits("none", 0, 1).ok());
}

}  // namespace
}  // namespace turdb::os
