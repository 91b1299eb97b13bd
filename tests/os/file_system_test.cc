// What every file system must do, proved of all three: the machine's own, the one in memory, the one for faults.
#include "os/file_system.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "os/fault_file_system.h"
#include "os/network_file_system.h"

namespace turdb::os {
namespace {

using base::GetSqlState;
using base::Status;
namespace sqlstate = base::sqlstate;

// A directory of its own under the system's temporary one, removed at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "turdb_os_XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Kind {
  std::string name;
  std::function<std::unique_ptr<FileSystem>()> make;
};

class FileSystemTest : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    files_ = GetParam().make();
    if (GetParam().name == "posix") {
      root_ = temporary_.path();
    } else {
      ASSERT_TRUE(files_->CreateDirectory("root").ok());
      root_ = "root";
    }
  }
  std::string At(std::string_view name) const { return JoinPath(root_, name); }
  std::unique_ptr<File> Create(std::string_view name, std::string_view content = "") {
    auto file = files_->Open(At(name), OpenMode::kCreate);
    EXPECT_TRUE(file.ok()) << file.status();
    EXPECT_TRUE((*file)->Write(0, base::AsBytes(content)).ok());
    return *std::move(file);
  }
  static std::string Content(File& file) {
    std::string content(*file.Size(), '?');
    const Status status = file.Read(0, std::as_writable_bytes(std::span(content)));
    EXPECT_TRUE(status.ok()) << status;
    return content;
  }

  TemporaryDirectory temporary_;
  std::unique_ptr<FileSystem> files_;
  std::string root_;
};

TEST_P(FileSystemTest, ReadsBackWhatWasWrittenAndZerosBetween) {
  auto file = Create("a", "hello");
  ASSERT_TRUE(file->Write(100'000, base::AsBytes("far")).ok());
  EXPECT_EQ(*file->Size(), 100'003u);
  EXPECT_EQ(Content(*file), "hello" + std::string(99'995, '\0') + "far");
}

TEST_P(FileSystemTest, ReadingPastTheEndIsTruncation) {
  auto file = Create("a", "hello");
  std::byte into[8];
  for (const uint64_t offset : {uint64_t{0}, uint64_t{5}, uint64_t{1000}}) {
    const Status status = file->Read(offset, into);
    EXPECT_EQ(GetSqlState(status), sqlstate::kDataCorrupted) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), absl::StrCat("at offset ", offset))) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), At("a"))) << status;
  }
}

TEST_P(FileSystemTest, OpenModesMeanWhatTheySay) {
  const auto state_of = [&](std::string_view name, OpenMode mode) {
    const auto file = files_->Open(At(name), mode);
    return std::string(GetSqlState(file.status()).view());
  };
  EXPECT_EQ(state_of("a", OpenMode::kReadOnly), "58P01");
  EXPECT_EQ(state_of("a", OpenMode::kReadWrite), "58P01");
  EXPECT_EQ(state_of("none/a", OpenMode::kCreate), "58P01");
  EXPECT_EQ(state_of("a", OpenMode::kCreate), "00000");
  EXPECT_EQ(state_of("a", OpenMode::kCreate), "58P02");
  EXPECT_EQ(state_of("b", OpenMode::kCreateOrOpen), "00000");

  auto file = files_->Open(At("b"), OpenMode::kCreateOrOpen);
  ASSERT_TRUE((*file)->Write(0, base::AsBytes("kept")).ok());
  auto reader = files_->Open(At("b"), OpenMode::kReadOnly);
  EXPECT_EQ(Content(**reader), "kept");
  EXPECT_EQ(GetSqlState((*reader)->Write(0, base::AsBytes("x"))), sqlstate::kIoError);
  EXPECT_EQ(Content(**files_->Open(At("b"), OpenMode::kCreateOrOpen)), "kept");
  EXPECT_EQ(Content(**files_->Open(At("b"), OpenMode::kCreateOrTruncate)), "");
  ASSERT_TRUE(files_->CreateDirectory(At("d")).ok());
  EXPECT_FALSE(files_->Open(At("d"), OpenMode::kReadOnly).ok());
  EXPECT_FALSE(files_->Open(At("d"), OpenMode::kReadWrite).ok());
}

TEST_P(FileSystemTest, ExtendAddsZerosAndNeverShrinks) {
  auto file = Create("a", "hello");
  ASSERT_TRUE(file->Extend(300'001).ok());
  EXPECT_EQ(Content(*file), "hello" + std::string(299'996, '\0'));
  ASSERT_TRUE(file->Extend(10).ok());
  EXPECT_EQ(*file->Size(), 300'001u);
}

TEST_P(FileSystemTest, WhatTruncateCutOffComesBackAsZeros) {
  auto file = Create("a", std::string(40'000, 'x'));
  ASSERT_TRUE(file->Truncate(100).ok());
  ASSERT_TRUE(file->Truncate(50'000).ok());
  EXPECT_EQ(Content(*file), std::string(100, 'x') + std::string(49'900, '\0'));
}

TEST_P(FileSystemTest, ADurableWriteIsAWrite) {
  auto file = Create("a", "0123456789");
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(file->WriteDurably(3, base::AsBytes("abc")).ok());
  EXPECT_EQ(Content(*file), "012abc6789");
  auto reader = files_->Open(At("a"), OpenMode::kReadOnly);
  ASSERT_TRUE(reader.ok());
  EXPECT_FALSE((*reader)->WriteDurably(0, base::AsBytes("x")).ok());
  EXPECT_EQ(Content(*file), "012abc6789");
}

TEST_P(FileSystemTest, BatchesEqualSingleTransfers) {
  auto file = Create("a");
  std::mt19937_64 random(7);
  std::vector<std::string> blocks;
  std::vector<WriteRequest> writes;
  for (size_t i = 0; i < 200; ++i) blocks.emplace_back(4096, static_cast<char>('a' + random() % 26));
  for (size_t i = 0; i < blocks.size(); ++i) {
    blocks[i][0] = static_cast<char>(i);
    writes.push_back({i * 4096, base::AsBytes(blocks[i])});
  }
  std::shuffle(writes.begin(), writes.end(), random);
  ASSERT_TRUE(file->WriteBatch(writes).ok());
  ASSERT_TRUE(file->Sync().ok());
  std::string expected;
  for (const std::string& block : blocks) expected += block;
  EXPECT_EQ(Content(*file), expected);

  std::vector<std::string> read(blocks.size(), std::string(4096, '?'));
  std::vector<ReadRequest> reads;
  for (size_t i = 0; i < blocks.size(); ++i) reads.push_back({i * 4096, std::as_writable_bytes(std::span(read[i]))});
  std::shuffle(reads.begin(), reads.end(), random);
  ASSERT_TRUE(file->ReadBatch(reads).ok());
  EXPECT_EQ(read, blocks);
  EXPECT_TRUE(file->ReadBatch({}).ok());

  // One request past the end fails the batch, and says which.
  reads[17].offset = 200 * 4096 - 100;
  const Status status = file->ReadBatch(reads);
  EXPECT_EQ(GetSqlState(status), sqlstate::kDataCorrupted);
  EXPECT_TRUE(absl::StrContains(status.message(), absl::StrCat("at offset ", reads[17].offset))) << status;
}

TEST_P(FileSystemTest, BatchesOfManyThreadsDoNotMix) {
  auto file = Create("a");
  ASSERT_TRUE(file->Extend(8 * 64 * 1024).ok());
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (size_t t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      const std::string block(1024, static_cast<char>('A' + t));
      std::vector<std::string> read(64, std::string(1024, '?'));
      for (int round = 0; round < 5; ++round) {
        std::vector<WriteRequest> writes;
        std::vector<ReadRequest> reads;
        for (size_t i = 0; i < 64; ++i) {
          writes.push_back({(i * 8 + t) * 1024, base::AsBytes(block)});
          reads.push_back({(i * 8 + t) * 1024, std::as_writable_bytes(std::span(read[i]))});
        }
        failures += !file->WriteBatch(writes).ok();
        failures += !file->ReadBatch(reads).ok();
        for (const std::string& text : read) failures += text != block;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
}

TEST_P(FileSystemTest, DirectoriesListRenameAndRemove) {
  ASSERT_TRUE(files_->CreateDirectory(At("d")).ok());
  ASSERT_TRUE(files_->CreateDirectory(At("d")).ok());  // fine when it is there already
  EXPECT_EQ(GetSqlState(files_->CreateDirectory(At("none/d"))), sqlstate::kUndefinedFile);
  auto file = Create("d/b", "b");
  Create("d/a", "a");
  EXPECT_EQ(*files_->List(At("d")), (std::vector<std::string>{"a", "b"}));
  EXPECT_FALSE(files_->RemoveDirectory(At("d")).ok());
  EXPECT_FALSE(files_->Remove(At("d")).ok());
  ASSERT_TRUE(files_->Rename(At("d/b"), At("d/a")).ok());  // replaces
  EXPECT_EQ(*files_->List(At("d")), (std::vector<std::string>{"a"}));
  EXPECT_EQ(Content(**files_->Open(At("d/a"), OpenMode::kReadOnly)), "b");
  ASSERT_TRUE(files_->Rename(At("d/a"), At("c")).ok());
  EXPECT_EQ(GetSqlState(files_->Rename(At("d/a"), At("e"))), sqlstate::kUndefinedFile);
  EXPECT_TRUE(*files_->Exists(At("c")));
  EXPECT_FALSE(*files_->Exists(At("d/a")));
  EXPECT_FALSE(*files_->Exists(At("c/none")));
  ASSERT_TRUE(files_->SyncDirectory(At("d")).ok());
  EXPECT_FALSE(files_->SyncDirectory(At("none")).ok());
  ASSERT_TRUE(files_->RemoveDirectory(At("d")).ok());
  ASSERT_TRUE(files_->Remove(At("c")).ok());
  ASSERT_TRUE(files_->Remove(At("c")).ok());  // fine when it is not there
  EXPECT_EQ(Content(*file), "b");             // an open file outlives its name
  EXPECT_TRUE(files_->List(root_)->empty());
  EXPECT_EQ(GetSqlState(files_->List(At("none")).status()), sqlstate::kUndefinedFile);
}

TEST_P(FileSystemTest, IdentityIsTheDirectoryNotItsName) {
  ASSERT_TRUE(files_->CreateDirectory(At("a")).ok());
  ASSERT_TRUE(files_->CreateDirectory(At("b")).ok());
  EXPECT_EQ(*files_->Identity(At("a")), *files_->Identity(At("b/../a/.")));
  EXPECT_NE(*files_->Identity(At("a")), *files_->Identity(At("b")));
  const std::string before = *files_->Identity(At("a"));
  ASSERT_TRUE(files_->Rename(At("a"), At("c")).ok());
  EXPECT_EQ(*files_->Identity(At("c")), before);
  EXPECT_FALSE(files_->Identity(At("a")).ok());
}

TEST_P(FileSystemTest, AWriterExcludesAllAndReadersShare) {
  const std::string path = At("lock");
  auto writer = files_->Lock(path, LockMode::kExclusive);
  ASSERT_TRUE(writer.ok()) << writer.status();
  for (const LockMode mode : {LockMode::kExclusive, LockMode::kShared}) {
    const Status status = files_->Lock(path, mode).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(GetSqlState(status), sqlstate::kDatabaseLocked);
    EXPECT_TRUE(absl::StrContains(status.message(), absl::StrCat(getpid()))) << status;
    EXPECT_FALSE(base::GetHint(status).empty());
  }
  EXPECT_EQ(Content(**files_->Open(path, OpenMode::kReadOnly)), absl::StrCat(getpid(), "\n"));
  writer->reset();

  auto reader = files_->Lock(path, LockMode::kShared);
  auto other_reader = files_->Lock(path, LockMode::kShared);
  ASSERT_TRUE(reader.ok() && other_reader.ok());
  const Status status = files_->Lock(path, LockMode::kExclusive).status();
  EXPECT_EQ(GetSqlState(status), sqlstate::kDatabaseLocked);
  EXPECT_TRUE(absl::StrContains(status.message(), "for reading")) << status;
  reader->reset();
  EXPECT_FALSE(files_->Lock(path, LockMode::kExclusive).ok());
  other_reader->reset();
  EXPECT_TRUE(files_->Lock(path, LockMode::kExclusive).ok());
}

INSTANTIATE_TEST_SUITE_P(All, FileSystemTest,
                         testing::Values(Kind{"posix", [] { return NewPosixFileSystem(); }},
                                         Kind{"memory", [] { return NewMemoryFileSystem(); }},
                                         Kind{"fault", [] { return std::make_unique<FaultFileSystem>(); }}),
                         [](const auto& info) { return info.param.name; });

TEST(PosixFileSystem, AnotherProcessIsNamedAndItsEndFreesTheLock) {
  const TemporaryDirectory directory;
  const std::string path = JoinPath(directory.path(), "turdb.lock");
  int ready[2];
  int finish[2];
  ASSERT_EQ(pipe(ready), 0);
  ASSERT_EQ(pipe(finish), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    close(finish[1]);
    auto lock = NewPosixFileSystem()->Lock(path, LockMode::kExclusive);
    char byte = lock.ok() ? 'y' : 'n';
    if (write(ready[1], &byte, 1) != 1 || read(finish[0], &byte, 1) != 0) _exit(1);
    _exit(0);  // as a crash would: no destructor runs, and the pid stays in the file
  }
  close(finish[0]);
  char byte = '?';
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  ASSERT_EQ(byte, 'y');
  const auto files = NewPosixFileSystem();
  const Status status = files->Lock(path, LockMode::kShared).status();
  EXPECT_TRUE(absl::StrContains(status.message(), absl::StrCat("pid ", child))) << status;
  close(finish[1]);
  int result = -1;
  ASSERT_EQ(waitpid(child, &result, 0), child);
  EXPECT_EQ(result, 0);
  close(ready[0]);
  close(ready[1]);

  // The stale pid does not outlive the next holder.
  auto reader = files->Lock(path, LockMode::kShared);
  ASSERT_TRUE(reader.ok()) << reader.status();
  const Status refused = files->Lock(path, LockMode::kExclusive).status();
  EXPECT_FALSE(absl::StrContains(refused.message(), absl::StrCat(child))) << refused;
}

TEST(PosixFileSystem, ALockFileThatWasRemovedAndMadeAgainIsLockedAnew) {
  const TemporaryDirectory directory;
  const std::string path = JoinPath(directory.path(), "turdb.lock");
  const auto files = NewPosixFileSystem();
  auto first = files->Lock(path, LockMode::kExclusive);
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(files->Remove(path).ok());
  auto second = files->Lock(path, LockMode::kExclusive);
  ASSERT_TRUE(second.ok());
  first->reset();
  EXPECT_FALSE(files->Lock(path, LockMode::kExclusive).ok());
}

TEST(PosixFileSystem, ErrorsNameOperationPathAndCause) {
  const auto files = NewPosixFileSystem();
  EXPECT_EQ(files->Open("/none/of/this", OpenMode::kReadOnly).status().message(),
            "opening /none/of/this: No such file or directory");
  EXPECT_EQ(files->Rename("/none/a", "/none/b").message(), "renaming /none/a to /none/b: No such file or directory");
  if (access("/dev/full", W_OK) == 0) {
    EXPECT_FALSE(files->Open("/dev/full", OpenMode::kReadWrite).ok());  // no regular file, no database
  }
}

TEST(PosixFileSystem, TheProcessesLimitOnFilesIsAnErrorAndNoSignal) {
  const TemporaryDirectory temporary;
  const auto files = NewPosixFileSystem();
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 10000;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto file = files->Open(JoinPath(temporary.path(), "f"), OpenMode::kCreate).value();
  const std::vector<std::byte> bytes(6000);
  EXPECT_TRUE(file->Write(0, bytes).ok());
  for (const base::Status& status : {file->Write(6000, bytes), file->WriteDurably(6000, bytes), file->Extend(12000),
                                     file->WriteBatch(std::vector<WriteRequest>(5, WriteRequest{6000, bytes}))}) {
    EXPECT_EQ(base::GetSqlState(status), base::sqlstate::kDiskFull) << status;
  }
  EXPECT_EQ(file->Size().value(), 6000u);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
}

TEST(PosixFileSystem, NetworkFileSystemsAreKnown) {
  EXPECT_EQ(NetworkFileSystemName(0x6969), "NFS");
  EXPECT_EQ(NetworkFileSystemName(0xfffffffffe534d42u), "SMB2");  // sign-extended, as some ABIs give it
  EXPECT_EQ(NetworkFileSystemName(0xef53), "");                   // ext4
  EXPECT_EQ(NetworkFileSystemName(0x01021997), "");               // 9P
}

TEST(MemoryFileSystem, TheRootIsThereFromTheStart) {
  const auto files = NewMemoryFileSystem();
  EXPECT_TRUE(files->CreateDirectory(":memory:").ok());
  EXPECT_EQ(*files->List(""), std::vector<std::string>{":memory:"});
  EXPECT_EQ(*files->Identity("/:memory:"), *files->Identity(":memory:"));
  EXPECT_NE(*files->Identity("/"), *NewMemoryFileSystem()->Identity("/"));
  EXPECT_FALSE(files->Rename(":memory:", ":memory:/below/itself").ok());
  ASSERT_TRUE(files->CreateDirectory(":memory:/below").ok());
  EXPECT_FALSE(files->Rename(":memory:", ":memory:/below/itself").ok());
}

// Random operations on the memory file system end in the same bytes as on the machine's own.
TEST(MemoryFileSystem, BehavesAsTheMachinesOwn) {
  const TemporaryDirectory directory;
  const auto memory = NewMemoryFileSystem();
  const auto posix = NewPosixFileSystem();
  std::mt19937_64 random(42);
  auto in_memory = *memory->Open("a", OpenMode::kCreate);
  auto on_disk = *posix->Open(JoinPath(directory.path(), "a"), OpenMode::kCreate);
  for (int step = 0; step < 300; ++step) {
    const uint64_t offset = random() % 100'000;
    const std::string bytes(random() % 40'000, static_cast<char>(random()));
    switch (random() % 6) {
      case 0:
        ASSERT_TRUE(in_memory->Truncate(offset).ok());
        ASSERT_TRUE(on_disk->Truncate(offset).ok());
        break;
      case 1:
        ASSERT_TRUE(in_memory->Extend(offset).ok());
        ASSERT_TRUE(on_disk->Extend(offset).ok());
        break;
      default:
        ASSERT_TRUE(in_memory->Write(offset, base::AsBytes(bytes)).ok());
        ASSERT_TRUE(on_disk->Write(offset, base::AsBytes(bytes)).ok());
    }
    ASSERT_EQ(*in_memory->Size(), *on_disk->Size());
    std::string a(*on_disk->Size(), 'a');
    std::string b(a.size(), 'b');
    ASSERT_TRUE(in_memory->Read(0, std::as_writable_bytes(std::span(a))).ok());
    ASSERT_TRUE(on_disk->Read(0, std::as_writable_bytes(std::span(b))).ok());
    ASSERT_EQ(a, b) << "at step " << step;
  }
}

}  // namespace
}  // namespace turdb::os
