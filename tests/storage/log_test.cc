// The log: group commit, bounds, segments used again, torn tails and proven damage, poisoning.
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "storage/log_scanner.h"
#include "storage/log_segments.h"
#include "storage/toy_pages.h"

namespace turdb::storage {
namespace {

// Counts syncs of the log, and can hold the first one up until a condition is met.
class GatedFileSystem : public os::FileSystem {
 public:
  class GatedFile : public os::File {
   public:
    GatedFile(GatedFileSystem& owner, std::unique_ptr<os::File> file) : owner_(owner), file_(std::move(file)) {}
    Status Read(uint64_t offset, base::MutableBytes into) override { return file_->Read(offset, into); }
    Status Write(uint64_t offset, Bytes from) override {
      for (int i = owner_.yields_per_write; i > 0; --i) std::this_thread::yield();
      return file_->Write(offset, from);
    }
    Status Sync() override {
      if (absl::StrContains(path(), "wal")) {
        ++owner_.log_syncs;
        while (owner_.gate && !owner_.gate()) std::this_thread::yield();
      }
      return file_->Sync();
    }
    Status WriteDurably(uint64_t offset, Bytes from) override {
      TURDB_RETURN_IF_ERROR(Write(offset, from));
      return Sync();
    }
    Status Extend(uint64_t size) override { return file_->Extend(size); }
    Status Truncate(uint64_t size) override { return file_->Truncate(size); }
    StatusOr<uint64_t> Size() override { return file_->Size(); }
    const std::string& path() const override { return file_->path(); }

   private:
    GatedFileSystem& owner_;
    std::unique_ptr<os::File> file_;
  };

  StatusOr<std::unique_ptr<os::File>> Open(const std::string& path, os::OpenMode mode) override {
    TURDB_ASSIGN_OR_RETURN(std::unique_ptr<os::File> file, files_->Open(path, mode));
    return std::unique_ptr<os::File>(std::make_unique<GatedFile>(*this, std::move(file)));
  }
  Status CreateDirectory(const std::string& path) override { return files_->CreateDirectory(path); }
  Status RemoveDirectory(const std::string& path) override { return files_->RemoveDirectory(path); }
  Status Remove(const std::string& path) override { return files_->Remove(path); }
  Status Rename(const std::string& from, const std::string& to) override {
    TURDB_RETURN_IF_ERROR(files_->Rename(from, to));
    if (renamed) renamed();
    return absl::OkStatus();
  }
  Status SyncDirectory(const std::string& path) override { return files_->SyncDirectory(path); }
  StatusOr<bool> Exists(const std::string& path) override { return files_->Exists(path); }
  StatusOr<std::vector<std::string>> List(const std::string& path) override { return files_->List(path); }
  StatusOr<std::unique_ptr<os::FileLock>> Lock(const std::string& path, os::LockMode mode) override {
    return files_->Lock(path, mode);
  }
  StatusOr<std::string> Identity(const std::string& path) override { return files_->Identity(path); }

  std::function<bool()> gate;
  std::function<void()> renamed;  // called when a name has changed on disk
  std::atomic<int> log_syncs{0};
  int yields_per_write = 0;

 private:
  std::unique_ptr<os::FileSystem> files_ = os::NewMemoryFileSystem();
};

// A file that nobody has opened yet is found while a commit changes its name: on disk it has another one already.
TEST(Files, AreFoundWhileTheirNamesChange) {
  const auto files = std::make_shared<GatedFileSystem>();
  Toy toy(EnvironmentOver(files), SmallOptions());
  ASSERT_OK(toy.Open());
  ASSERT_OK(toy.MakeFile(2, "root/t.tbd", 4));
  ASSERT_OK(toy.MakeFile(3, "root/u.tbd", 4));
  ASSERT_OK(toy.Close());
  ASSERT_OK(toy.Open());
  const auto renamer = toy.Begin();
  ASSERT_OK(toy->RenameFile(*renamer, 2, "root/v.tbd"));
  ASSERT_OK(toy->RenameFile(*renamer, 3, "root/t.tbd"));  // the name of the other
  int seen = 0;
  files->renamed = [&] {
    for (const FileId file : {2, 3}) {
      EXPECT_OK(toy->pool().FixShared({file, 1}).status());
      ++seen;
    }
  };
  ASSERT_OK(toy.Commit(*renamer));
  files->renamed = nullptr;
  EXPECT_GE(seen, 4);
  ASSERT_OK(toy->health());
}

TEST(Log, WhoWaitsForTheSameFlushSharesTheNext) {
  constexpr int kThreads = 8;
  const auto files = std::make_shared<GatedFileSystem>();
  Toy toy(EnvironmentOver(files), SmallOptions());
  ASSERT_OK(toy.Open());
  ASSERT_OK(toy.MakeFile(2, "root/t.tbd", kThreads));
  std::atomic<int> logged{0};
  files->gate = [&] { return logged.load() == kThreads; };
  const int syncs_before = files->log_syncs;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      const auto txn = toy.Begin();
      ASSERT_OK(toy.Add(txn.get(), {2, static_cast<PageNo>(i + 1)}, 0, 1));
      const Lsn lsn = toy->LogCommit(*txn, [](Lsn) {});
      ++logged;
      ASSERT_OK(toy->WaitCommitted(lsn));
      EXPECT_GE(toy->visible_lsn(), lsn);
      toy.End(*txn);
    });
  }
  for (std::thread& thread : threads) thread.join();
  // The first flush takes along what was there when it began, the second all the rest.
  EXPECT_LE(files->log_syncs - syncs_before, 2);
  ASSERT_OK(toy.Close());
}

TEST(Log, ACommitIsNotVisibleBeforeItIsMarked) {
  Options options = SmallOptions();
  options.synchronous = Synchronous::kOff;
  Toy toy(os::Environment::InMemory(), options);
  ASSERT_OK(toy.Open());
  const auto txn = toy.Begin();
  const Lsn lsn = toy->LogCommit(*txn, [&](Lsn reserved) {
    EXPECT_GT(reserved, toy->visible_lsn());
    // Another thread's commit waits for ours to be filled; here only the prefix can be looked at.
    EXPECT_LT(toy->visible_lsn(), reserved);
  });
  ASSERT_OK(toy->WaitCommitted(lsn));
  EXPECT_GE(toy->visible_lsn(), lsn);
}

TEST(Log, RecordsAreReadBackFromTheRingAndFromSegments) {
  Options options = SmallOptions();
  options.synchronous = Synchronous::kOff;
  Toy toy(os::Environment::InMemory(), options);
  ASSERT_OK(toy.Open());
  ASSERT_OK(toy.MakeFile(2, "root/t.tbd", 4));
  const auto txn = toy.Begin();
  // Three times around the ring of 128 KiB, so that most lie in segments, some in both, the last in the ring.
  for (uint64_t i = 1; i <= 6000; ++i) ASSERT_OK(toy.Add(txn.get(), {2, static_cast<PageNo>(1 + i % 4)}, 0, i));
  std::vector<std::byte> buffer;
  Lsn at = txn->last_lsn;
  for (uint64_t i = 6000; i >= 1; --i) {
    const StatusOr<LogRecordView> record = toy->ReadRecord(at, buffer);
    ASSERT_OK(record.status());
    ASSERT_EQ(record->entries.size(), 1u);
    ASSERT_EQ(record->kind, RecordKind::kUpdate);
    ASSERT_EQ(record->txn, txn->id);
    ASSERT_EQ(base::LoadLE<uint64_t>(record->entries.front().payload.data() + 2), i);
    at = record->previous_lsn;
  }
  EXPECT_EQ(at, base::kNoLsn);
  EXPECT_FALSE(toy->ReadRecord(txn->last_lsn + 8, buffer).ok());
  EXPECT_FALSE(toy->ReadRecord(toy->next_lsn(), buffer).ok());
  ASSERT_OK(toy.Rollback(*txn));
  for (PageNo page = 1; page <= 4; ++page) EXPECT_EQ(toy.Get({2, page}, 0).value(), 0u);
}

uint64_t LogBytes(os::FileSystem& files) {
  uint64_t total = 0;
  const std::vector<std::string> names = files.List("db/wal").value();
  for (const std::string& name : names) {
    total += files.Open("db/wal/" + name, os::OpenMode::kReadOnly).value()->Size().value();
  }
  return total;
}

TEST(Log, ItStaysBoundedAndSegmentsAreUsedAgain) {
  for (const int threads : {1, 2}) {
    const std::shared_ptr<os::FileSystem> files = os::NewMemoryFileSystem();
    Options options = SmallOptions();
    options.synchronous = Synchronous::kNormal;
    options.threads = threads;
    Toy toy(EnvironmentOver(files), options);
    ASSERT_OK(toy.Open());
    ASSERT_OK(toy.MakeFile(2, "root/t.tbd", 50));
    uint64_t most = 0;
    for (uint64_t i = 0; i < 1500; ++i) {
      const auto txn = toy.Begin();
      ASSERT_OK(toy.Add(txn.get(), {2, static_cast<PageNo>(1 + i * 17 % 50)}, 0, 1));
      ASSERT_OK(toy.Commit(*txn));
      if (i % 50 == 0) most = std::max(most, LogBytes(*files));
    }
    EXPECT_GT(toy->next_lsn(), uint64_t{8} << 20);  // many times the limit was logged
    // The limit, the segments begun and kept in reserve, and what a step may overshoot.
    EXPECT_LT(most, uint64_t{3} << 20);
    EXPECT_LT(files->List("db/wal").value().size(), 10u);
    // Old records behind the newest one are not taken for new ones.
    const Lsn end = toy->next_lsn();
    toy.Crash();
    ASSERT_OK(toy.Open());
    EXPECT_LE(toy->recovery().end_lsn, end);
    EXPECT_GE(toy->recovery().end_lsn + 64, end);
    uint64_t sum = 0;
    for (PageNo page = 1; page <= 50; ++page) sum += toy.Get({2, page}, 0).value();
    EXPECT_EQ(sum, 1500u);
    ASSERT_OK(toy.Close());
  }
}

TEST(Log, ALongWriterKeepsWhatItsRollbackNeeds) {
  Options options = SmallOptions();
  options.synchronous = Synchronous::kNormal;
  Toy toy(os::Environment::InMemory(), options);
  ASSERT_OK(toy.Open());
  ASSERT_OK(toy.MakeFile(2, "root/t.tbd", 50));
  const auto writer = toy.Begin();
  ASSERT_OK(toy.Add(writer.get(), {2, 1}, 1, 5));
  for (uint64_t i = 0; i < 600; ++i) {
    const auto txn = toy.Begin();
    ASSERT_OK(toy.Add(txn.get(), {2, static_cast<PageNo>(1 + i * 17 % 50)}, 0, 1));
    ASSERT_OK(toy.Commit(*txn));
  }
  EXPECT_GT(toy->next_lsn(), uint64_t{3} << 20);
  ASSERT_OK(toy.Rollback(*writer));
  EXPECT_EQ(toy.Get({2, 1}, 1).value(), 0u);
  ASSERT_OK(toy.Close());
}

// A database of a few commits whose process died, over files that can be damaged.
struct Died {
  std::shared_ptr<os::FaultFileSystem> disk = std::make_shared<os::FaultFileSystem>();
  std::vector<Lsn> commits;  // where their records end

  Died() {
    Toy toy(EnvironmentOver(disk), SmallOptions());
    EXPECT_OK(toy.Open());
    EXPECT_OK(toy.MakeFile(2, "root/t.tbd", 1));
    for (int i = 0; i < 10; ++i) {
      const auto txn = toy.Begin();
      EXPECT_OK(toy.Add(txn.get(), {2, 1}, 0, 1));
      EXPECT_OK(toy.Commit(*txn));
      commits.push_back(txn->last_lsn + kRecordHeaderBytes);
    }
  }
  static uint64_t OffsetOf(Lsn lsn) { return kSegmentHeaderBytes + (lsn - kFirstLsn); }
};

TEST(Log, DamageBelowWhatWasDurableIsReportedAndNothingIsChanged) {
  Died died;
  const Lsn damaged = died.commits[4] - 8;
  ASSERT_OK(died.disk->FlipBits("db/wal/wal.000001", Died::OffsetOf(damaged), 0x10));
  Toy toy(EnvironmentOver(died.disk), SmallOptions());
  const Status status = toy.Open();
  EXPECT_EQ(base::GetSqlState(status), base::sqlstate::kDataCorrupted) << base::Describe(status);
  const std::string text = base::Describe(status);
  EXPECT_TRUE(absl::StrContains(text, "wal.000001 at offset")) << text;
  EXPECT_TRUE(absl::StrContains(text, absl::StrCat("LSN ", died.commits[4] - kRecordHeaderBytes))) << text;
  // Repaired, everything is there: the failed attempt wrote nothing.
  ASSERT_OK(died.disk->FlipBits("db/wal/wal.000001", Died::OffsetOf(damaged), 0x10));
  ASSERT_OK(toy.Open());
  EXPECT_EQ(toy.Get({2, 1}, 0).value(), 10u);
}

TEST(Log, DamageInWhatNoLaterFlushProvesIsATornTail) {
  Died died;
  ASSERT_OK(died.disk->FlipBits("db/wal/wal.000001", Died::OffsetOf(died.commits[9] - 8), 0x10));
  Toy toy(EnvironmentOver(died.disk), SmallOptions());
  ASSERT_OK(toy.Open());
  EXPECT_EQ(toy.Get({2, 1}, 0).value(), 10u);  // redone, the commit record being lost
  ASSERT_EQ(toy->recovery().unfinished.size(), 1u);
  ASSERT_OK(toy.UndoUnfinished());
  EXPECT_EQ(toy.Get({2, 1}, 0).value(), 9u);
  ASSERT_OK(toy.Close());
}

TEST(Log, AMissingOrDamagedSegmentIsReported) {
  {
    Died died;
    ASSERT_OK(died.disk->Remove("db/wal/wal.000001"));
    Toy toy(EnvironmentOver(died.disk), SmallOptions());
    const Status status = toy.Open();
    EXPECT_EQ(base::GetSqlState(status), base::sqlstate::kDataCorrupted);
    EXPECT_TRUE(absl::StrContains(base::Describe(status), "the log is missing")) << base::Describe(status);
  }
  Died died;
  ASSERT_OK(died.disk->FlipBits("db/wal/wal.000001", 40, 0x01));
  Toy toy(EnvironmentOver(died.disk), SmallOptions());
  const Status status = toy.Open();
  EXPECT_EQ(base::GetSqlState(status), base::sqlstate::kDataCorrupted);
  EXPECT_TRUE(absl::StrContains(base::Describe(status), "wal.000001")) << base::Describe(status);
}

TEST(Log, WhatTheProcessWroteIsMadeDurableBeforeRecoveryBuildsOnIt) {
  Options options = SmallOptions();
  options.synchronous = Synchronous::kNormal;
  const auto disk = std::make_shared<os::FaultFileSystem>();
  {
    Toy toy(EnvironmentOver(disk), options);
    ASSERT_OK(toy.Open());
    ASSERT_OK(toy.MakeFile(2, "root/t.tbd", 1));
    const auto txn = toy.Begin();
    ASSERT_OK(toy.Add(txn.get(), {2, 1}, 0, 7));
    ASSERT_OK(toy.Commit(*txn));  // in the hands of the system, not durable
    ASSERT_OK(toy.Open());        // the process died and came back
    EXPECT_EQ(toy.Get({2, 1}, 0).value(), 7u);
    const auto second = toy.Begin();
    ASSERT_OK(toy.Add(second.get(), {2, 1}, 0, 1));
    ASSERT_OK(toy.Commit(*second));
    ASSERT_OK(toy->FlushLog());
  }
  for (uint64_t seed = 0; seed < 4; ++seed) {
    Toy toy(EnvironmentOver(disk->CrashedCopy(seed)), options);
    ASSERT_OK(toy.Open());
    EXPECT_EQ(toy.Get({2, 1}, 0).value(), 8u);
  }
}

TEST(Log, AFailedWriteOrSyncPoisonsUntilReopened) {
  for (const os::FileOperation operation : {os::FileOperation::kWrite, os::FileOperation::kSync}) {
    const auto disk = std::make_shared<os::FaultFileSystem>();
    Toy toy(EnvironmentOver(disk), SmallOptions());
    ASSERT_OK(toy.Open());
    ASSERT_OK(toy.MakeFile(2, "root/t.tbd", 1));
    const auto good = toy.Begin();
    ASSERT_OK(toy.Add(good.get(), {2, 1}, 0, 1));
    ASSERT_OK(toy.Commit(*good));
    disk->Inject({.operation = operation, .path_contains = "wal"});
    const auto bad = toy.Begin();
    ASSERT_OK(toy.Add(bad.get(), {2, 1}, 0, 2));
    const Lsn visible = toy->visible_lsn();
    const Status status = toy.Commit(*bad);
    EXPECT_EQ(base::GetSqlState(status), base::sqlstate::kIoError) << base::Describe(status);
    EXPECT_TRUE(absl::StrContains(base::Describe(status), "wal.000001")) << base::Describe(status);
    EXPECT_FALSE(base::GetHint(status).empty());
    EXPECT_EQ(toy->visible_lsn(), visible);
    // The device works again, but nothing is tried: nobody knows what it holds.
    const uint64_t writes = disk->operation_count(os::FileOperation::kWrite);
    EXPECT_EQ(toy->health(), status);
    EXPECT_EQ(toy->AllocatePages(2, 1).status(), status);
    const auto more = toy.Begin();
    ASSERT_OK(toy.Add(more.get(), {2, 1}, 0, 4));  // reading, and changing memory, still go
    EXPECT_EQ(toy.Commit(*more), status);
    EXPECT_EQ(toy->Checkpoint(), status);
    EXPECT_EQ(toy->Close(), status);
    EXPECT_EQ(disk->operation_count(os::FileOperation::kWrite), writes);
    ASSERT_OK(toy.Open());
    ASSERT_OK(toy.UndoUnfinished());
    const uint64_t value = toy.Get({2, 1}, 0).value();
    EXPECT_TRUE(value == 1 || value == 3) << value;  // the second may have reached the disk
    ASSERT_OK(toy.Close());
  }
}

// Writers that wait for space hold places in the log that whoever makes space must not wait for.
TEST(Log, AFlushMakesSpaceForMoreWritersThanTheLogHasPlaces) {
  constexpr int kWriters = 24, kCommitters = 4, kThreads = kWriters + kCommitters;
  const auto files = std::make_shared<GatedFileSystem>();
  files->yields_per_write = 3;
  Options options = SmallOptions();
  options.page_cache_bytes = 4 * kThreads * kPageSize;
  options.wal_limit_bytes = 64 << 20;
  Toy toy(EnvironmentOver(files), options);
  ASSERT_OK(toy.Open());
  ASSERT_OK(toy.MakeFile(2, "root/t.tbd", kThreads));
  std::atomic<int> writing{kWriters};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      const PageId page{2, static_cast<PageNo>(i + 1)};
      const int adds = i < kWriters ? 1500 : 1;
      do {
        const auto txn = toy.Begin();
        for (int n = 0; n < adds; ++n) ASSERT_OK(toy.Add(txn.get(), page, n, 1));
        ASSERT_OK(toy.Commit(*txn));
        if (i < kWriters) --writing;
      } while (i >= kWriters && writing.load() != 0);
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_OK(toy.Close());
}

TEST(Log, AFullRingAfterPoisoningStopsNobody) {
  const auto disk = std::make_shared<os::FaultFileSystem>();
  Options options = SmallOptions();
  options.synchronous = Synchronous::kOff;
  Toy toy(EnvironmentOver(disk), options);
  ASSERT_OK(toy.Open());
  ASSERT_OK(toy.MakeFile(2, "root/t.tbd", 1));
  disk->Inject({.operation = os::FileOperation::kWrite, .path_contains = "wal", .from_there_on = true});
  const auto txn = toy.Begin();
  for (uint64_t i = 0; i < 10000; ++i) ASSERT_OK(toy.Add(txn.get(), {2, 1}, 0, 1));
  EXPECT_FALSE(toy->health().ok());
  EXPECT_FALSE(toy.Commit(*txn).ok());
}

}  // namespace
}  // namespace turdb::storage
