#include "storage/storage.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "storage/file_header.h"
#include "storage/latch_delay.h"
#include "storage/redo.h"
#include "storage/storage_impl.h"

namespace turdb::storage {
namespace {

// What one change may log: images of the pages it touches, a record of structure, and what others log meanwhile without
// asking (purges, checkpoints).
constexpr uint64_t kChangeRoomBytes = 128 << 10;
// How far the log grows before somebody looks again whether it has room.
constexpr uint64_t kRoomStepBytes = 16 << 10;

}  // namespace

Storage::Storage(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Storage::~Storage() = default;

StatusOr<std::unique_ptr<Storage>> Storage::Open(const os::Environment& environment, std::string directory,
                                                 const Options& options, base::MemoryBudget& budget, const RedoTable& redo) {
  auto impl = std::make_unique<Impl>(environment, directory, options, budget);
  Status status = impl->Open(redo);
  if (!status.ok() && options.salvage) {  // then without the log
    std::vector<std::string> problems = std::move(impl->recovery.problems);
    problems.push_back(base::Describe(status));
    impl.reset();
    TURDB_RETURN_IF_ERROR(RemoveLog(*environment.files, directory));
    impl = std::make_unique<Impl>(environment, directory, options, budget);
    impl->recovery.problems = std::move(problems);
    status = impl->Open(redo);
  }
  TURDB_RETURN_IF_ERROR(status);
  return std::unique_ptr<Storage>(new Storage(std::move(impl)));
}

BufferPool& Storage::pool() { return *impl_->pool; }
const RecoveryInfo& Storage::recovery() const { return impl_->recovery; }
const os::Environment& Storage::environment() const { return impl_->environment; }
base::MemoryBudget& Storage::budget() { return impl_->budget; }
uint64_t Storage::database_id() const { return impl_->files.database_id(); }
bool Storage::read_only() const { return impl_->options.read_only; }
Status Storage::health() const { return impl_->health.status(); }
StorageStats Storage::stats() const { return {impl_->log->syncs(), impl_->checkpointer->rounds()}; }

// ---- Changing pages

Status Storage::PrepareChange(const TxnLog& txn) { return impl_->PrepareChange(&txn, /*latched=*/false); }

Status Storage::Impl::PrepareChange(const TxnLog* txn, bool latched) {
  const Lsn next = log->next_lsn();
  if (next < room_until.load(std::memory_order_relaxed)) [[likely]]
    return absl::OkStatus();
  Lsn oldest = oldest_live_writer ? oldest_live_writer() : base::kNoLsn;
  if (txn != nullptr) {
    if (const Lsn own = txn->first_lsn.load(std::memory_order_relaxed); own != base::kNoLsn) {
      oldest = oldest == base::kNoLsn ? own : std::min(oldest, own);
    }
  }
  const uint64_t to_undo = oldest == base::kNoLsn ? 0 : next - std::min(next, oldest);
  // Until somebody looks again the log takes a step of its room, and there may be a step more to undo.
  const uint64_t wanted = kChangeRoomBytes + to_undo + 2 * kRoomStepBytes;
  Status status = log->EnsureRoom(wanted);
  if (!status.ok() && base::GetSqlState(status) == base::sqlstate::kDiskFull && !latched && CheckpointMayFreeSegments() &&
      next >= refused_at.load(std::memory_order_relaxed) + kRoomStepBytes) {
    // Old segments are the nearest place to find some. One that did not help is not tried again at once.
    refused_at.store(next, std::memory_order_relaxed);
    TURDB_RETURN_IF_ERROR(checkpointer->RunAll(/*closing=*/false));
    status = log->EnsureRoom(wanted);
  }
  if (status.ok()) {
    room_until.store(next + kRoomStepBytes, std::memory_order_relaxed);
    refused_at.store(0, std::memory_order_relaxed);
  }
  return status;
}

// Where none would go, a checkpoint does harm: the undoing of what is unfinished would have to log images of the pages anew.
bool Storage::Impl::CheckpointMayFreeSegments() {
  LogSegments::Extent oldest;
  const LogSegments& segments = log->segments();
  return segments.Locate(segments.begin_lsn(), &oldest) && oldest.end <= std::min(KeepLsn(), log->next_lsn());
}

void Storage::BeginChange(std::span<ExclusiveGuard* const> pages) {
  LatchDelay();
  Log& log = *impl_->log;
  bool imaged = false;
  for (ExclusiveGuard* guard : pages) {
    Frame& frame = *guard->frame();
    if (frame.dirty()) continue;
    // Before the reservation, so that a checkpoint that misses it reads its `next` below our record.
    frame.first_dirty_lsn.store(log.next_lsn(), std::memory_order_seq_cst);
    if (frame.fresh != 0) continue;
    const PageId id = guard->id();
    if (id.page != 0 && NeedsNoImage(static_cast<PageKind>(guard->page()[offsetof(PageHeader, kind)]))) continue;
    const LogEntry image{id, op::kImage, {Bytes(guard->page(), id.page == 0 ? kFileHeaderBytes : kPageSize)}};
    StampPageLsn(id, guard->page(), log.Append({.kind = RecordKind::kImage, .entries = std::span(&image, 1)}).end);
    imaged = true;
  }
  if (imaged) impl_->checkpointer->PaceUnderLatches();
}

Lsn Storage::LogChange(RecordKind kind, TxnLog* txn, std::span<const LogEntry> entries,
                       std::span<ExclusiveGuard* const> changed, Lsn undo_next) {
  Log& log = *impl_->log;
  TURDB_DCHECK(txn != nullptr || kind == RecordKind::kStructure);
  Log::Record record{.kind = kind, .undo_next = undo_next, .entries = entries};
  if (txn != nullptr) {
    record.txn = txn->id;
    record.previous_lsn = txn->last_lsn;
    if (txn->first_lsn.load(std::memory_order_relaxed) == base::kNoLsn) {
      txn->first_lsn.store(log.next_lsn(), std::memory_order_seq_cst);
    }
  }
  const Log::Position position = log.Append(record);
  for (ExclusiveGuard* guard : changed) {
    Frame& frame = *guard->frame();
    TURDB_CHECK(frame.dirty());
    TURDB_DCHECK(frame.fresh == 0 || std::any_of(entries.begin(), entries.end(), [&](const LogEntry& entry) {
                   return entry.page == guard->id() && OverwritesPage(entry.op);
                 }));
    TURDB_DCHECK(guard->id().page == 0 || !NeedsNoImage(static_cast<PageKind>(guard->page()[offsetof(PageHeader, kind)])) ||
                 std::all_of(entries.begin(), entries.end(), [&](const LogEntry& entry) {
                   return entry.page != guard->id() || OverwritesPage(entry.op) || op::IsAbsolute(entry.op);
                 }));
    frame.fresh = 0;
    StampPageLsn(guard->id(), guard->page(), position.end);
  }
  LatchDelay();
  if (txn != nullptr) txn->last_lsn = position.begin;
  return position.end;
}

// ---- Pages of a file

Status Storage::NotFree(FileId file, PageNo page) const {
  return base::CorruptionError(absl::StrCat(impl_->file_directory->Path(file).value_or("turdb.meta"), ", page ", page,
                                            ": on the list of free pages, but not free"));
}

StatusOr<PageAllocation> Storage::AllocatePages(FileId file, int count) {
  TURDB_CHECK(count >= 1 && count <= kMaxPagesPerAllocation);
  TURDB_RETURN_IF_ERROR(impl_->CheckWritable());
  impl_->checkpointer->PaceUnderLatches();
  BufferPool& pool = *impl_->pool;
  PageAllocation allocation;
  allocation.pool_ = &pool;
  TURDB_ASSIGN_OR_RETURN(allocation.header_, pool.FixExclusive(PageId{file, 0}));
  uint32_t first_free = FirstFreePage(allocation.header_.page());
  uint32_t page_count = PageCountOf(allocation.header_.page());
  for (int i = 0; i < count; ++i) {
    ExclusiveGuard& page = allocation.pages_[i];
    if (first_free != base::kNoPage) {
      if (first_free >= page_count) return NotFree(file, first_free);
      TURDB_ASSIGN_OR_RETURN(page, pool.FixExclusive(PageId{file, first_free}));
      if (page.page()[offsetof(PageHeader, kind)] != static_cast<std::byte>(PageKind::kFree)) {
        page.Release();
        return NotFree(file, first_free);
      }
      first_free = base::LoadLE<uint32_t>(page.page() + kPageHeaderBytes);
    } else {
      if (page_count == UINT32_MAX) return base::LimitError("the file has as many pages as a file can have");
      TURDB_RETURN_IF_ERROR(impl_->files.Extend(file, page_count + 1));
      bool was_resident = false;
      TURDB_ASSIGN_OR_RETURN(page, pool.FixNew(PageId{file, page_count}, &was_resident));
      allocation.discard_[i] = !was_resident;
      ++page_count;
    }
    page.frame()->fresh = 1;
    ++allocation.count_;
  }
  allocation.first_free_ = first_free;
  allocation.page_count_ = page_count;
  return allocation;
}

StatusOr<PageRelease> Storage::FreePages(FileId file, std::span<ExclusiveGuard* const> pages) {
  TURDB_RETURN_IF_ERROR(impl_->CheckWritable());
  PageRelease release;
  TURDB_ASSIGN_OR_RETURN(release.header_, impl_->pool->FixExclusive(PageId{file, 0}));
  for (ExclusiveGuard* page : pages) {
    TURDB_CHECK_EQ(page->id().file, file);
    TURDB_CHECK_NE(page->id().page, 0u);
    release.pages_.push_back(page);
  }
  TURDB_CHECK_LE(release.pages_.size(), size_t{kMaxPagesPerAllocation});
  return release;
}

StatusOr<PageNo> Storage::PageCount(FileId file) {
  TURDB_ASSIGN_OR_RETURN(const SharedGuard header, impl_->pool->FixShared(PageId{file, 0}));
  return PageCountOf(header.page());
}

// ---- Files

Status Storage::CreateFile(TxnLog& txn, FileId file, std::string_view path, Bytes header) {
  TURDB_RETURN_IF_ERROR(impl_->CheckWritable());
  return impl_->file_directory->Create(txn, file, path, header);
}
Status Storage::RenameFile(TxnLog& txn, FileId file, std::string_view new_path) {
  TURDB_RETURN_IF_ERROR(impl_->CheckWritable());
  return impl_->file_directory->Rename(txn, file, new_path);
}
Status Storage::DropFile(TxnLog& txn, FileId file) {
  TURDB_RETURN_IF_ERROR(impl_->CheckWritable());
  return impl_->file_directory->Drop(txn, file);
}
Status Storage::UndoFileRecord(TxnLog& txn, const LogRecordView& record) { return impl_->file_directory->Undo(txn, record); }
Status Storage::FinishFileChanges(TxnLog& txn) { return impl_->file_directory->Finish(txn); }
Status Storage::RemoveDroppedFile(FileId file) { return impl_->file_directory->RemoveDropped(file); }
FilePin Storage::PinFile(FileId file) {
  if (file == base::kMetaFile) return FilePin(nullptr, file);
  FileDirectory& directory = *impl_->file_directory;
  return directory.TryPin(file) ? FilePin(&directory, file) : FilePin();
}
FilePin::~FilePin() {
  if (directory_ != nullptr) directory_->Unpin(file_);
}
bool Storage::CanRemoveFile(FileId file) const { return impl_->file_directory->CanRemove(file); }
bool Storage::FileExists(FileId file) const { return file == base::kMetaFile || impl_->file_directory->Exists(file); }
StatusOr<std::string> Storage::FilePath(FileId file) const {
  if (file == base::kMetaFile) return std::string("turdb.meta");
  return impl_->file_directory->Path(file);
}
std::vector<FileId> Storage::Files() const { return impl_->file_directory->Files(); }

// ---- Commits

Lsn Storage::LogCommit(TxnLog& txn, absl::FunctionRef<void(Lsn)> on_reserved) {
  const Log::Position position =
      impl_->log->Append({.kind = RecordKind::kCommit, .txn = txn.id, .previous_lsn = txn.last_lsn}, on_reserved);
  txn.last_lsn = position.begin;
  return position.end;
}

Status Storage::WaitCommitted(Lsn lsn) {
  Status status;
  switch (impl_->synchronous.load(std::memory_order_relaxed)) {
    case Synchronous::kFull:
      status = impl_->log->WaitDurable(lsn, /*commit=*/true);
      break;
    case Synchronous::kNormal:
      status = impl_->log->WaitWritten(lsn);
      break;
    case Synchronous::kOff:
      status = impl_->log->WaitFilled(lsn);
      break;
  }
  impl_->checkpointer->Pace();
  return status;
}

Lsn Storage::visible_lsn() const { return impl_->log->visible_lsn(); }
Lsn Storage::next_lsn() const { return impl_->log->next_lsn(); }

void Storage::LogAbortEnd(TxnLog& txn) {
  if (txn.last_lsn == base::kNoLsn) return;  // it never logged anything
  const Log::Position position =
      impl_->log->Append({.kind = RecordKind::kAbortEnd, .txn = txn.id, .previous_lsn = txn.last_lsn});
  txn.last_lsn = position.begin;
  if (!impl_->any_to_undo.load(std::memory_order_relaxed)) return;
  absl::MutexLock lock(&impl_->mu);
  impl_->to_undo.erase(txn.id);
  impl_->any_to_undo.store(!impl_->to_undo.empty(), std::memory_order_relaxed);
}

StatusOr<LogRecordView> Storage::ReadRecord(Lsn lsn, std::vector<std::byte>& buffer) { return impl_->log->Read(lsn, buffer); }
Status Storage::FlushLog() { return impl_->log->WaitDurable(impl_->log->next_lsn()); }
void Storage::SetSynchronous(Synchronous synchronous) { impl_->synchronous.store(synchronous, std::memory_order_relaxed); }

// ---- Checkpoints

Status Storage::Checkpoint() {
  TURDB_RETURN_IF_ERROR(impl_->CheckWritable());
  return impl_->checkpointer->RunAll(/*closing=*/false);
}
void Storage::SetOldestLiveWriter(std::function<Lsn()> oldest_first_lsn) {
  impl_->oldest_live_writer = std::move(oldest_first_lsn);
}
void Storage::SetNextTransactionId(std::function<TxnId()> next_id) { impl_->next_txn_id = std::move(next_id); }
Status Storage::Close() { return impl_->Close(); }

// ---- Check

Status Storage::CheckFile(FileId file, CheckReport* report) {
  TURDB_ASSIGN_OR_RETURN(const std::string path, FilePath(file));
  uint32_t page_count = 0, first_free = 0;
  {
    StatusOr<SharedGuard> header = impl_->pool->FixShared(PageId{file, 0});
    if (!header.ok()) {
      report->Add(base::Describe(header.status()));
      return absl::OkStatus();
    }
    page_count = PageCountOf(header->page());
    first_free = FirstFreePage(header->page());
    if (!std::all_of(header->page() + kFileHeaderBytes, header->page() + kPageSize,
                     [](std::byte b) { return b == std::byte{0}; })) {
      report->Add(absl::StrCat(path, ", page 0: bytes behind the file's header are not zero"));
    }
  }
  std::vector<bool> is_free(page_count);
  std::vector<std::byte> buffer(kPageSize);
  for (uint32_t page = 0; page < page_count; ++page) {
    const PageId id{file, page};
    StatusOr<SharedGuard> guard = impl_->pool->FixShared(id);
    ++report->pages_checked;
    if (!guard.ok()) {
      report->Add(base::Describe(guard.status()));
      continue;
    }
    // Nobody can make it dirty under our latch, so a clean page is being written by nobody.
    if (!guard->frame()->dirty() && guard->frame()->writing.load(std::memory_order_acquire) == 0) {
      if (Status status = impl_->files.ReadPage(id, buffer.data()); !status.ok()) report->Add(base::Describe(status));
    }
    is_free[page] = page != 0 && guard->page()[offsetof(PageHeader, kind)] == static_cast<std::byte>(PageKind::kFree);
  }
  for (uint32_t page = first_free; page != base::kNoPage;) {
    if (page >= page_count || !is_free[page]) {
      report->Add(absl::StrCat(path, ": the list of free pages leads to page ", page, ", which is ",
                               page >= page_count ? "beyond the end" : "in use or on the list already"));
      return absl::OkStatus();
    }
    is_free[page] = false;
    TURDB_ASSIGN_OR_RETURN(const SharedGuard guard, impl_->pool->FixShared(PageId{file, page}));
    page = base::LoadLE<uint32_t>(guard.page() + kPageHeaderBytes);
  }
  for (uint32_t page = 1; page < page_count; ++page) {
    if (is_free[page]) report->Add(absl::StrCat(path, ", page ", page, ": free, but not on the list of free pages"));
  }
  return absl::OkStatus();
}

}  // namespace turdb::storage
