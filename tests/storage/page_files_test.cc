// Files of pages: how many stay open, and what of page 0 is judged.
#include "storage/page_files.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "os/environment.h"
#include "storage/file_header.h"
#include "storage/toy_pages.h"

namespace turdb::storage {
namespace {

constexpr int kFiles = 40;

class PageFilesTest : public testing::Test {
 protected:
  PageFilesTest() {
    files_.set_database_id(77);
    files_.set_most_open(8);
  }
  // A file of two pages, the second of which says which it is, neither of them synced.
  void Make(FileId id) {
    ASSERT_OK(files_.Create(id, absl::StrCat(id, ".tbd")).status());
    alignas(8) std::byte pages[2][kPageSize] = {};
    TableHeader header{};
    header.table_id = id;
    header.shared.page_count = 2;
    header.shared.format_version = kFormatVersion;
    header.shared.database_id = 77;
    std::memcpy(pages[0], &header, sizeof(header));
    SetMagic(pages[0], kTableMagic);
    pages[1][100] = static_cast<std::byte>(id);
    PageWrite writes[] = {{PageId{id, 0}, pages[0]}, {PageId{id, 1}, pages[1]}};
    const Lsn first_dirty[] = {8, 8};
    ASSERT_OK(files_.WritePages(writes, first_dirty));
  }
  void ExpectThere(FileId id) {
    std::byte page[kPageSize];
    ASSERT_OK(files_.ReadPage(PageId{id, 1}, page));
    EXPECT_EQ(page[100], static_cast<std::byte>(id));
  }

  const os::Environment environment_ = os::Environment::InMemory();
  PageFiles files_{*environment_.files, "", false};
};

TEST_F(PageFilesTest, ThoseUsedLongestAgoAreClosedAndOpenedAgain) {
  for (FileId id = 2; id < 2 + kFiles; ++id) {
    Make(id);
    ASSERT_OK(files_.SyncFile(id));
    EXPECT_LE(files_.open_files(), 8);
  }
  for (int round = 0; round < 2; ++round) {
    for (FileId id = 2; id < 2 + kFiles; ++id) {
      ExpectThere(id);
      EXPECT_LE(files_.open_files(), 8);
    }
  }
}

TEST_F(PageFilesTest, WhatIsNotDurableOrHeldStaysOpen) {
  for (FileId id = 2; id < 2 + kFiles; ++id) Make(id);
  EXPECT_EQ(files_.open_files(), kFiles);
  EXPECT_EQ(files_.UnsyncedFiles().size(), size_t{kFiles});
  const std::shared_ptr<PageFile> held = files_.Get(2).value();
  for (const FileId id : files_.UnsyncedFiles()) ASSERT_OK(files_.SyncFile(id));
  Make(2 + kFiles);
  EXPECT_LE(files_.open_files(), 8);
  EXPECT_EQ(files_.Get(2).value(), held);
  for (FileId id = 2; id <= 2 + kFiles; ++id) ExpectThere(id);
}

TEST_F(PageFilesTest, EveryByteOfPage0IsJudged) {
  Make(2);
  const std::shared_ptr<PageFile> file = files_.Get(2).value();
  std::byte page[kPageSize];
  for (const uint64_t offset : {0, 16, 41, 87, 100, 119, 120, 124, 127, 128, 4000, 16383}) {
    std::byte byte;
    ASSERT_OK(file->file().Read(offset, base::MutableBytes(&byte, 1)));
    const std::byte flipped = byte ^ std::byte{0x10};
    ASSERT_OK(file->file().Write(offset, Bytes(&flipped, 1)));
    EXPECT_EQ(files_.ReadPage(PageId{2, 0}, page).code(), absl::StatusCode::kDataLoss) << "offset " << offset;
    ASSERT_OK(file->file().Write(offset, Bytes(&byte, 1)));
    ASSERT_OK(files_.ReadPage(PageId{2, 0}, page));
  }
}

}  // namespace
}  // namespace turdb::storage
