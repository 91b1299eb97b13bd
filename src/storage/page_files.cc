#include "storage/page_files.h"

#include <algorithm>
#include <array>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/crc32c.h"
#include "storage/file_header.h"
#include "storage/log.h"

namespace turdb::storage {
namespace {

constexpr size_t kPageCrcOffset = offsetof(PageHeader, crc);
constexpr uint64_t kLargestExtensionPages = 256;  // 4 MiB

bool IsZero(const std::byte* from, const std::byte* to) {
  return std::all_of(from, to, [](std::byte b) { return b == std::byte{0}; });
}

bool IsOutOfFiles(const Status& status) { return base::GetSqlState(status) == base::sqlstate::kInsufficientResources; }

uint32_t HeaderCrc(const std::byte* page0) { return base::Crc32c(Bytes(page0, file_header::kCrc)); }
uint32_t PageCrc(const std::byte* page) { return base::Crc32c(Bytes(page + 4, kPageSize - 4)); }

}  // namespace

void SealPage(PageId id, std::byte* page) {
  if (id.page == 0) {
    base::StoreLE(page + file_header::kCrc, HeaderCrc(page));
  } else {
    base::StoreLE(page + kPageCrcOffset, PageCrc(page));
  }
}

Status VerifyPage(PageId id, const std::byte* page) {
  const uint32_t stored = base::LoadLE<uint32_t>(page + (id.page == 0 ? file_header::kCrc : kPageCrcOffset));
  const uint32_t computed = id.page == 0 ? HeaderCrc(page) : PageCrc(page);
  if (stored == computed) {
    if (id.page != 0 || IsZero(page + file_header::kCrc + 4, page + kPageSize)) return absl::OkStatus();
    return base::CorruptionError("bytes after the file's header that must be zero are not");
  }
  if (IsZero(page, page + kPageSize)) return base::CorruptionError("the page was never written");
  return base::CorruptionError(absl::StrCat("checksum 0x", absl::Hex(stored, absl::kZeroPad8), " does not match its bytes (0x",
                                            absl::Hex(computed, absl::kZeroPad8), ")"));
}

Status PageFiles::Verify(const PageFile& file, PageId id, const std::byte* page) const {
  Status status = VerifyPage(id, page);
  if (status.ok()) {
    const char* fault = id.page == 0 ? nullptr : fault_of_page_(id, page);
    const Lsn lsn = PageLsn(id, page);
    const Lsn log_end = log_ == nullptr ? lsn : log_->next_lsn();
    if (fault == nullptr && lsn <= log_end) return status;
    status = base::CorruptionError(
        fault != nullptr ? fault
                         : absl::StrCat("it was changed at LSN ", lsn, ", but the log ends at ", log_end,
                                        ": the log has been cut off, or the file belongs to a newer copy of the database"));
  }
  return base::CorruptionError(absl::StrCat(file.path(), ", page ", id.page, ": ", status.message()));
}

void PageFiles::SetPath(FileId id, std::string path) {
  absl::MutexLock lock(&mu_);
  Known& known = known_[id];
  if (known.open != nullptr) known.open->set_path(path);
  known.path = std::move(path);
}

void PageFiles::SetPaths(FileId id, std::string path, std::string same_path) {
  absl::MutexLock lock(&mu_);
  Known& known = known_.at(id);
  if (known.open != nullptr) known.open->set_path(std::move(same_path));
  known.path = std::move(path);
}

void PageFiles::Forget(FileId id) {
  absl::MutexLock lock(&mu_);
  const auto found = known_.find(id);
  if (found == known_.end()) return;
  if (found->second.open != nullptr) --open_;
  known_.erase(found);
}

Status PageFiles::OpenFile(FileId id, const std::string& path, std::shared_ptr<PageFile>* opened) {
  TURDB_ASSIGN_OR_RETURN(std::unique_ptr<os::File> file,
                         files_.Open(FullPath(path), read_only_ ? os::OpenMode::kReadOnly : os::OpenMode::kReadWrite));
  std::array<std::byte, kFileHeaderBytes> header;
  TURDB_RETURN_IF_ERROR(file->Read(0, header));
  if (id == base::kMetaFile && any_meta_header_) {
    *opened = std::make_shared<PageFile>(id, std::move(file), path);
    return absl::OkStatus();
  }
  if (base::LoadLE<uint32_t>(header.data() + file_header::kCrc) != HeaderCrc(header.data())) {
    return base::CorruptionError(absl::StrCat(path, ": the checksum of the file's header does not match its bytes"));
  }
  const uint32_t version = base::LoadLE<uint32_t>(header.data() + file_header::kFormatVersion);
  if (version != kFormatVersion) {
    return base::UnsupportedError(
        absl::StrCat(path, ": file format version ", version, ", this library knows ", kFormatVersion));
  }
  TURDB_ASSIGN_OR_RETURN(const FileId found, FileIdOf(header));
  const uint64_t database = base::LoadLE<uint64_t>(header.data() + file_header::kDatabaseId);
  if (database_id_ != 0 && database != database_id_) {
    return base::CorruptionError(absl::StrCat(path, ": belongs to another database"));
  }
  if (found != id) {
    return base::CorruptionError(absl::StrCat(path, ": is the file of object ", found, ", not of object ", id));
  }
  *opened = std::make_shared<PageFile>(id, std::move(file), path);
  return absl::OkStatus();
}

// Files are opened with no lock held: that reads, and others must not wait for it.
StatusOr<std::shared_ptr<PageFile>> PageFiles::Get(FileId id) {
  bool crowded = false, refused = false;  // what could be done has been done: against our limit, against the process's
  std::string path;
  std::shared_ptr<PageFile> opened;
  Status status;
  for (bool tried = false;;) {
    int64_t keep = 0;
    {
      absl::MutexLock lock(&mu_);
      const auto found = known_.find(id);
      if (found == known_.end()) {
        return base::MakeError(absl::StatusCode::kNotFound, base::sqlstate::kUndefinedFile,
                               absl::StrCat("no file has the id ", id));
      }
      Known& known = found->second;
      if (tried && known.open == nullptr && known.path == path) {
        if (status.ok()) {
          known.open = std::move(opened);
          ++open_;
        } else if (!IsOutOfFiles(status) || refused) {
          return status;
        } else {
          refused = true;  // the host has more open than we reckoned with
          crowded = false;
        }
      }
      if (known.open != nullptr) {
        known.open->last_use_ = ++uses_;
        return known.open;
      }
      tried = crowded || (open_ < most_open_ && !refused);
      if (tried) path = known.path;
      keep = refused ? open_ / 2 : KeepWhenCrowded();
    }
    if (tried) {
      status = OpenFile(id, path, &opened);
    } else {
      TURDB_RETURN_IF_ERROR(MakeRoom(keep));
      crowded = true;
    }
  }
}

Status PageFiles::MakeRoom(int64_t keep) {
  std::vector<std::pair<uint64_t, FileId>> unsynced;
  {
    absl::MutexLock lock(&mu_);
    CloseIdle(keep);
    if (open_ <= keep) return absl::OkStatus();
    for (auto& [id, known] : known_) {
      if (known.open == nullptr || known.open.use_count() != 1) continue;
      absl::MutexLock file_lock(&known.open->mu_);
      if (known.open->unsynced_lsn_ != kNothingUnsynced) unsynced.emplace_back(known.open->last_use_, id);
    }
    std::sort(unsynced.begin(), unsynced.end());
    unsynced.resize(std::min(unsynced.size(), static_cast<size_t>(open_ - keep)));
  }
  for (const auto& [use, id] : unsynced) {
    if (Status status = SyncFile(id); !status.ok()) return health_ == nullptr ? status : health_->Poison(status);
  }
  absl::MutexLock lock(&mu_);
  CloseIdle(keep);
  return absl::OkStatus();
}

void PageFiles::CloseIdle(int64_t keep) {
  std::vector<std::pair<uint64_t, Known*>> idle;
  for (auto& [id, known] : known_) {
    // Nobody gets hold of it while we have the lock.
    if (known.open == nullptr || known.open.use_count() != 1) continue;
    absl::MutexLock lock(&known.open->mu_);
    if (known.open->unsynced_lsn_ != kNothingUnsynced || known.open->syncing_lsn_ != kNothingUnsynced) continue;
    idle.emplace_back(known.open->last_use_, &known);
  }
  std::sort(idle.begin(), idle.end());
  for (const auto& [use, known] : idle) {
    if (open_ <= keep) break;
    known->open.reset();
    --open_;
  }
}

StatusOr<std::shared_ptr<PageFile>> PageFiles::Create(FileId id, const std::string& path) {
  TURDB_CHECK(!read_only_);
  bool full = false;
  int64_t half = 0;
  {
    absl::MutexLock lock(&mu_);
    full = open_ >= most_open_;
    half = open_ / 2;
  }
  if (full) TURDB_RETURN_IF_ERROR(MakeRoom(KeepWhenCrowded()));
  StatusOr<std::unique_ptr<os::File>> file = files_.Open(FullPath(path), os::OpenMode::kCreateOrTruncate);
  if (IsOutOfFiles(file.status())) {
    TURDB_RETURN_IF_ERROR(MakeRoom(half));
    file = files_.Open(FullPath(path), os::OpenMode::kCreateOrTruncate);
  }
  TURDB_RETURN_IF_ERROR(file.status());
  auto created = std::make_shared<PageFile>(id, *std::move(file), path);
  absl::MutexLock lock(&mu_);
  created->last_use_ = ++uses_;
  Known& known = known_[id];
  if (known.open == nullptr) ++open_;
  known = Known{path, created};
  return created;
}

namespace {

Status ReadRaw(PageFile& file, PageId id, std::byte* into) {
  if (Status status = file.file().Read(uint64_t{id.page} * kPageSize, base::MutableBytes(into, kPageSize)); !status.ok()) {
    return base::WithFrame(std::move(status), absl::StrCat("reading page ", id.page, " of ", file.path()));
  }
  return absl::OkStatus();
}

}  // namespace

Status PageFiles::ReadPage(PageId id, std::byte* into) {
  TURDB_ASSIGN_OR_RETURN(const std::shared_ptr<PageFile> file, Get(id.file));
  TURDB_RETURN_IF_ERROR(ReadRaw(*file, id, into));
  return Verify(*file, id, into);
}

Status PageFiles::ReadPageUnverified(PageId id, std::byte* into) {
  TURDB_ASSIGN_OR_RETURN(const std::shared_ptr<PageFile> file, Get(id.file));
  return ReadRaw(*file, id, into);
}

void PageFiles::ReadPages(std::span<const PageId> ids, std::span<std::byte* const> into, std::span<Status> results) {
  for (size_t begin = 0; begin < ids.size();) {
    size_t end = begin + 1;
    while (end < ids.size() && ids[end].file == ids[begin].file) ++end;
    StatusOr<std::shared_ptr<PageFile>> file = Get(ids[begin].file);
    Status status = file.status();
    if (status.ok()) {
      absl::InlinedVector<os::ReadRequest, 32> requests;
      for (size_t i = begin; i < end; ++i) {
        requests.push_back({uint64_t{ids[i].page} * kPageSize, base::MutableBytes(into[i], kPageSize)});
      }
      status = (*file)->file().ReadBatch(requests);
    }
    // One bad range fails a batch as a whole: ask again, page by page.
    for (size_t i = begin; i < end; ++i) results[i] = status.ok() ? Verify(**file, ids[i], into[i]) : ReadPage(ids[i], into[i]);
    begin = end;
  }
}

Status PageFiles::WritePages(std::span<PageWrite> writes, std::span<const Lsn> first_dirty) {
  TURDB_CHECK_EQ(writes.size(), first_dirty.size());
  for (size_t begin = 0; begin < writes.size();) {
    TURDB_ASSIGN_OR_RETURN(const std::shared_ptr<PageFile> file, Get(writes[begin].id.file));
    absl::InlinedVector<os::WriteRequest, 32> requests;
    Lsn lowest = kNothingUnsynced;
    size_t end = begin;
    for (; end < writes.size() && writes[end].id.file == file->id(); ++end) {
      TURDB_DCHECK(end == begin || writes[end - 1].id < writes[end].id);
      SealPage(writes[end].id, writes[end].bytes);
      lowest = std::min(lowest, first_dirty[end]);
      const Bytes bytes(writes[end].bytes, kPageSize);
      const uint64_t offset = uint64_t{writes[end].id.page} * kPageSize;
      if (!requests.empty() && requests.back().offset + requests.back().from.size() == offset &&
          requests.back().from.data() + requests.back().from.size() == bytes.data()) {
        requests.back().from = Bytes(requests.back().from.data(), requests.back().from.size() + kPageSize);
      } else {
        requests.push_back({offset, bytes});
      }
    }
    const Status status =
        requests.size() == 1 ? file->file().Write(requests[0].offset, requests[0].from) : file->file().WriteBatch(requests);
    {
      absl::MutexLock lock(&file->mu_);
      file->unsynced_lsn_ = std::min(file->unsynced_lsn_, lowest);
      file->size_pages_ = std::max<uint64_t>(file->size_pages_, uint64_t{writes[end - 1].id.page} + 1);
    }
    if (!status.ok()) return base::WithFrame(status, absl::StrCat("writing pages of ", file->path()));
    begin = end;
  }
  return absl::OkStatus();
}

Status PageFiles::Extend(FileId id, PageNo pages) {
  TURDB_ASSIGN_OR_RETURN(const std::shared_ptr<PageFile> file, Get(id));
  {
    absl::MutexLock lock(&file->mu_);
    if (file->size_pages_ >= pages) return absl::OkStatus();
  }
  TURDB_ASSIGN_OR_RETURN(const uint64_t size, file->file().Size());
  uint64_t there = size / kPageSize;
  if (there < pages) {
    // An eighth more than asked for, so that a growing file asks seldom and a small one stays small.
    there = pages + std::min<uint64_t>(pages / 8, kLargestExtensionPages);
    if (Status status = file->file().Extend(there * kPageSize); !status.ok()) {
      return base::WithFrame(std::move(status), absl::StrCat("extending ", file->path()));
    }
  }
  absl::MutexLock lock(&file->mu_);
  file->size_pages_ = std::max(file->size_pages_, there);
  return absl::OkStatus();
}

Status PageFiles::Cut(FileId id, PageNo pages) {
  TURDB_ASSIGN_OR_RETURN(const std::shared_ptr<PageFile> file, Get(id));
  TURDB_ASSIGN_OR_RETURN(const uint64_t size, file->file().Size());
  if (size <= uint64_t{pages} * kPageSize) return absl::OkStatus();
  TURDB_RETURN_IF_ERROR(
      base::WithFrame(file->file().Truncate(uint64_t{pages} * kPageSize), absl::StrCat("shortening ", file->path())));
  absl::MutexLock lock(&file->mu_);
  file->size_pages_ = pages;
  return absl::OkStatus();
}

Status PageFiles::SyncFile(FileId id) {
  std::shared_ptr<PageFile> known;
  {
    absl::MutexLock lock(&mu_);
    if (const auto found = known_.find(id); found != known_.end()) known = found->second.open;
  }
  if (known == nullptr) return absl::OkStatus();  // dropped meanwhile, or closed, for which all must be durable
  PageFile& file = *known;
  {
    absl::MutexLock lock(&file.mu_);
    if (file.unsynced_lsn_ == kNothingUnsynced) return absl::OkStatus();
    file.syncing_lsn_ = std::min(file.syncing_lsn_, file.unsynced_lsn_);
    file.unsynced_lsn_ = kNothingUnsynced;
    ++file.syncs_running_;
  }
  const Status status = file.file().Sync();
  absl::MutexLock lock(&file.mu_);
  --file.syncs_running_;
  if (!status.ok()) {
    // syncing_lsn_ stays and holds the redo point for ever: the database is about to be poisoned.
    file.sync_failed_ = true;
    return base::WithFrame(status, absl::StrCat("syncing ", file.path_));
  }
  // Another sync that began meanwhile covers writes of its own.
  if (file.syncs_running_ == 0 && !file.sync_failed_) file.syncing_lsn_ = kNothingUnsynced;
  return absl::OkStatus();
}

std::vector<FileId> PageFiles::UnsyncedFiles() const {
  std::vector<FileId> ids;
  absl::MutexLock lock(&mu_);
  for (const auto& [id, known] : known_) {
    if (known.open == nullptr) continue;
    absl::MutexLock file_lock(&known.open->mu_);
    if (known.open->unsynced_lsn_ != kNothingUnsynced) ids.push_back(id);
  }
  return ids;
}

Lsn PageFiles::UnsyncedLsn() const {
  Lsn lowest = kNothingUnsynced;
  absl::MutexLock lock(&mu_);
  for (const auto& [id, known] : known_) {
    if (known.open == nullptr) continue;
    absl::MutexLock file_lock(&known.open->mu_);
    lowest = std::min({lowest, known.open->unsynced_lsn_, known.open->syncing_lsn_});
  }
  return lowest;
}

}  // namespace turdb::storage
