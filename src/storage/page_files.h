// Files of pages: which file an id means, reading with verification, writing with checksums, and what was written
// but not yet synced.
#ifndef TURDB_STORAGE_PAGE_FILES_H_
#define TURDB_STORAGE_PAGE_FILES_H_

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "base/hash_map.h"
#include "base/ids.h"
#include "base/status.h"
#include "os/file_system.h"
#include "os/process.h"
#include "storage/health.h"
#include "storage/page.h"

namespace turdb::storage {

class Log;

using base::Bytes;
using base::FileId;
using base::Lsn;
using base::PageId;
using base::PageNo;
using base::Status;
using base::StatusOr;

inline constexpr Lsn kNothingUnsynced = UINT64_MAX;

// One file. Thread-safe.
class PageFile {
 public:
  PageFile(FileId id, std::unique_ptr<os::File> file, std::string path)
      : id_(id), file_(std::move(file)), path_(std::move(path)) {}

  FileId id() const { return id_; }
  os::File& file() { return *file_; }
  std::string path() const {  // relative to the database, for messages
    absl::MutexLock lock(&mu_);
    return path_;
  }
  void set_path(std::string path) {
    absl::MutexLock lock(&mu_);
    path_ = std::move(path);
  }

 private:
  friend class PageFiles;
  const FileId id_;
  const std::unique_ptr<os::File> file_;
  mutable absl::Mutex mu_;
  std::string path_ ABSL_GUARDED_BY(mu_);
  uint64_t size_pages_ ABSL_GUARDED_BY(mu_) = 0;  // as far as we made sure of; 0 = not asked yet
  Lsn unsynced_lsn_ ABSL_GUARDED_BY(mu_) =
      kNothingUnsynced;                                      // first-dirty minimum over pages written since the last sync began
  Lsn syncing_lsn_ ABSL_GUARDED_BY(mu_) = kNothingUnsynced;  // over those a running sync covers
  int syncs_running_ ABSL_GUARDED_BY(mu_) = 0;
  bool sync_failed_ ABSL_GUARDED_BY(mu_) = false;
  uint64_t last_use_ = 0;  // PageFiles' clock; guarded by its lock
};

// A page on its way to its file.
struct PageWrite {
  PageId id;
  std::byte* bytes;  // a copy of the page; the checksum is filled in
};

// Thread-safe.
//
// Files stay open while there are few. Beyond half of what the process may have open, those are closed that were used
// longest ago and that nobody holds, once their writes are all durable (whether a sync failed can only be learned from the
// descriptor that wrote).
class PageFiles {
 public:
  PageFiles(os::FileSystem& files, std::string directory, bool read_only)
      : files_(files),
        directory_(std::move(directory)),
        read_only_(read_only),
        most_open_(std::max<int64_t>(kFewestOpen, os::OpenFileLimit() / 2)) {}

  // The names of files, relative to the directory. Files are opened when first needed; what is opened must carry
  // the id in its header.
  void SetPath(FileId id, std::string path);
  // The same, for whoever must not stop for want of memory: both are the path. REQUIRES: the file is known.
  void SetPaths(FileId id, std::string path, std::string same_path);
  void Forget(FileId id);  // closes it
  StatusOr<std::shared_ptr<PageFile>> Get(FileId id);
  // Makes the file anew (its name must not be taken by a live file) and knows it from now on.
  StatusOr<std::shared_ptr<PageFile>> Create(FileId id, const std::string& path);
  std::string FullPath(std::string_view path) const { return os::JoinPath(directory_, path); }
  void set_database_id(uint64_t id) { database_id_ = id; }
  void set_any_meta_header(bool any) { any_meta_header_ = any; }  // to be salvaged: a damaged one is no reason to give up
  void set_fault_of_page(PageFaultFn fault_of_page) { fault_of_page_ = fault_of_page; }  // before any page is read
  // From then on a page that was changed behind the end of the log is damaged (the log is first, always).
  void set_log(const Log* log) { log_ = log; }
  void set_health(Health* health) { health_ = health; }      // poisoned when a sync fails that makes room
  void set_most_open(int64_t files) { most_open_ = files; }  // for tests, before any is opened
  int64_t open_files() const {
    absl::MutexLock lock(&mu_);
    return open_;
  }
  uint64_t database_id() const { return database_id_; }

  // Reads and verifies. Errors name file, page and cause; a damaged page is kDataLoss.
  Status ReadPage(PageId id, std::byte* into);
  // What the file has there, right or wrong: for recovery.
  Status ReadPageUnverified(PageId id, std::byte* into);
  // Several pages at once, one Status each.
  void ReadPages(std::span<const PageId> ids, std::span<std::byte* const> into, std::span<Status> results);
  // `writes` are sorted by PageId; their memory may be adjacent, which merges requests. Each page is recorded as
  // unsynced with `first_dirty` (parallel to writes).
  Status WritePages(std::span<PageWrite> writes, std::span<const Lsn> first_dirty);
  // The file grows to hold at least `pages` pages, in steps. REQUIRES, here and below: the caller has the file's page 0
  // exclusively, and so keeps others from growing and cutting it.
  Status Extend(FileId id, PageNo pages);
  // The file shrinks to `pages` pages, if it is longer.
  Status Cut(FileId id, PageNo pages);

  // Makes what was written to the file durable. `synced` is set when there was something to do.
  Status SyncFile(FileId id);
  std::vector<FileId> UnsyncedFiles() const;
  // The minimum over all files; kNothingUnsynced when there is none. Read after the frames (kernel rule 14).
  Lsn UnsyncedLsn() const;

 private:
  static constexpr int64_t kFewestOpen = 16;

  Status OpenFile(FileId id, const std::string& path, std::shared_ptr<PageFile>* opened);
  // How many stay open when there are too many: a quarter goes at once, since looking for them takes a walk over all.
  int64_t KeepWhenCrowded() const { return most_open_ - most_open_ / 4 - 1; }
  // Closes idle files until at most `keep` are open, those used longest ago first.
  void CloseIdle(int64_t keep) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The same, and makes the writes of others durable so that they can be closed too.
  Status MakeRoom(int64_t keep);
  Status Verify(const PageFile& file, PageId id, const std::byte* page) const;

  os::FileSystem& files_;
  const std::string directory_;
  const bool read_only_;
  uint64_t database_id_ = 0;
  PageFaultFn fault_of_page_ = &NoFaultOfPage;
  const Log* log_ = nullptr;
  bool any_meta_header_ = false;
  mutable absl::Mutex mu_;
  struct Known {
    std::string path;
    std::shared_ptr<PageFile> open;
  };
  base::HashMap<FileId, Known> known_ ABSL_GUARDED_BY(mu_);
  Health* health_ = nullptr;
  int64_t most_open_;
  int64_t open_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t uses_ ABSL_GUARDED_BY(mu_) = 0;
};

// Fills in the checksum (pages) or the header's checksum (page 0).
void SealPage(PageId id, std::byte* page);
// OK, or what is wrong with the page, without its name.
Status VerifyPage(PageId id, const std::byte* page);
// Where a page keeps its LSN.
inline Lsn PageLsn(PageId id, const std::byte* page) {
  return base::LoadLE<uint64_t>(page + (id.page == 0 ? file_header::kLsn : offsetof(PageHeader, lsn)));
}
inline void StampPageLsn(PageId id, std::byte* page, Lsn lsn) {
  base::StoreLE<uint64_t>(page + (id.page == 0 ? file_header::kLsn : offsetof(PageHeader, lsn)), lsn);
}

}  // namespace turdb::storage

#endif  // TURDB_STORAGE_PAGE_FILES_H_
