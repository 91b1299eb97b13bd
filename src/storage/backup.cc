#include "storage/backup.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/file_header.h"
#include "storage/storage_impl.h"

namespace turdb::storage {
namespace {

constexpr size_t kBatchPages = 16;
constexpr int kReadsOfTornPage = 1000;  // each yields; a page is written in some microseconds
constexpr std::string_view kLogDirectory = "wal";

bool AllZero(const std::byte* page) {
  return std::all_of(page, page + kPageSize, [](std::byte b) { return b == std::byte{0}; });
}

}  // namespace

struct Backup::State {
  struct Source {
    FileId file = 0;
    std::string path;  // relative to both directories
    int64_t pages = 0;
  };

  State(Storage::Impl& s, std::shared_ptr<os::FileSystem> f, std::string d)
      : storage(s), files(std::move(f)), directory(std::move(d)), memory(s.budget) {}
  ~State();

  Status Start();
  Status Step(int64_t pages);
  Status OpenNext();
  Status CopyBatch(int64_t most, int64_t* copied);
  Status ReadPage(PageNo page, std::byte* into, bool* there);
  Status CloseFile();
  Status CopyLog();
  Status MakeDirectories(std::string_view path);
  Status SyncDirectories();
  void RemoveAllIn(const std::string& path);
  std::string Full(std::string_view path) const { return os::JoinPath(directory, path); }

  Storage::Impl& storage;
  const std::shared_ptr<os::FileSystem> files;
  const std::string directory;
  base::MemoryReservation memory;
  std::optional<Checkpointer::LogHold> hold;  // none: the database is read-only, and changes no more
  std::vector<Source> sources;
  size_t next = 0;                 // of sources
  std::shared_ptr<PageFile> from;  // the open one, with its copy
  std::unique_ptr<os::File> to;
  PageNo page = 0;  // the next one
  PageNo end = 0;
  std::vector<std::byte> buffer;
  std::vector<std::string> made_directories;  // inside, from the top down
  bool began = false;                         // from then on all that is in the directory is the backup's
  bool made_directory = false;
  int64_t pages_total = 0;
  int64_t pages_done = 0;
  bool failed = false;
  bool done = false;
  bool kept = false;
};

Backup::State::~State() {
  if (hold.has_value()) storage.checkpointer->ReleaseLog(*hold);
  from.reset();
  to.reset();
  if (kept || !began) return;
  RemoveAllIn(directory);
  if (made_directory) (void)files->RemoveDirectory(directory);
}

// Best effort: the error that led here is what counts.
void Backup::State::RemoveAllIn(const std::string& path) {
  const StatusOr<std::vector<std::string>> names = files->List(path);
  if (!names.ok()) return;
  for (const std::string& name : *names) {
    const std::string inside = os::JoinPath(path, name);
    if (files->Remove(inside).ok()) continue;
    RemoveAllIn(inside);
    (void)files->RemoveDirectory(inside);
  }
}

Status Backup::State::Start() {
  TURDB_ASSIGN_OR_RETURN(const bool exists, files->Exists(directory));
  if (exists) {
    TURDB_ASSIGN_OR_RETURN(const std::vector<std::string> names, files->List(directory));
    if (std::find(names.begin(), names.end(), kUnfinishedBackup) != names.end()) {
      RemoveAllIn(directory);  // of a process that was killed
    } else if (!names.empty()) {
      return base::WithHint(base::MakeError(absl::StatusCode::kAlreadyExists, base::sqlstate::kDuplicateFile,
                                            absl::StrCat("\"", directory, "\" is not empty: it holds ", names.front())),
                            "give the path of a new directory, or of an empty one");
    }
  } else {
    TURDB_RETURN_IF_ERROR(files->CreateDirectory(directory));
    made_directory = true;
  }
  began = true;
  TURDB_RETURN_IF_ERROR(files->Open(Full(kUnfinishedBackup), os::OpenMode::kCreateOrTruncate).status());
  TURDB_RETURN_IF_ERROR(memory.Grow(kBatchPages * kPageSize, "the pages of a backup"));
  buffer.resize(kBatchPages * kPageSize);
  if (!storage.options.read_only) {
    TURDB_ASSIGN_OR_RETURN(hold, storage.checkpointer->HoldLog());
  }
  sources.push_back({base::kMetaFile, "turdb.meta", 0});
  for (auto& [file, path] : storage.file_directory->Places()) sources.push_back({file, std::move(path), 0});
  for (Source& source : sources) {
    const StatusOr<std::shared_ptr<PageFile>> file = storage.files.Get(source.file);
    if (!file.ok()) continue;  // dropped just now, or OpenNext says what is wrong
    if (const StatusOr<uint64_t> size = (*file)->file().Size(); size.ok()) {
      source.pages = static_cast<int64_t>(*size / kPageSize);
      pages_total += source.pages;
    }
  }
  return absl::OkStatus();
}

Status Backup::State::MakeDirectories(std::string_view path) {
  std::vector<std::string_view> parents;
  for (std::string_view parent = ParentOf(path); !parent.empty(); parent = ParentOf(parent)) parents.push_back(parent);
  for (size_t i = parents.size(); i-- > 0;) {
    std::string full = Full(parents[i]);
    TURDB_ASSIGN_OR_RETURN(const bool exists, files->Exists(full));
    if (exists) continue;
    TURDB_RETURN_IF_ERROR(files->CreateDirectory(full));
    made_directories.push_back(std::move(full));
  }
  return absl::OkStatus();
}

Status Backup::State::OpenNext() {
  const Source& source = sources[next];
  StatusOr<std::shared_ptr<PageFile>> file = storage.files.Get(source.file);
  for (int tries = 0; !file.ok() && tries < kReadsOfTornPage; ++tries) {  // it may be on its way to another name
    storage.environment.scheduler->Yield();
    file = storage.files.Get(source.file);
  }
  if (!file.ok()) {
    // Whoever dropped it, or gave up making it, has said so in the log.
    if (source.file != base::kMetaFile && !storage.file_directory->Exists(source.file)) {
      pages_total -= source.pages;
      ++next;
      return absl::OkStatus();
    }
    return file.status();
  }
  from = *std::move(file);
  bool there = false;
  TURDB_RETURN_IF_ERROR(ReadPage(0, buffer.data(), &there));
  // What lies behind the page count is free; what is allocated from now on is in the log, whole.
  end = there ? PageCountOf(buffer.data()) : 0;
  page = 0;
  pages_total += static_cast<int64_t>(end) - source.pages;
  TURDB_RETURN_IF_ERROR(MakeDirectories(source.path));
  TURDB_ASSIGN_OR_RETURN(to, files->Open(Full(source.path), os::OpenMode::kCreate));
  return absl::OkStatus();
}

// (3). Not `there`: the page was never written, or the file has been cut since.
Status Backup::State::ReadPage(PageNo number, std::byte* into, bool* there) {
  const PageId id{from->id(), number};
  const uint64_t offset = uint64_t{number} * kPageSize;
  for (int reads = 0;; ++reads) {
    TURDB_ASSIGN_OR_RETURN(const uint64_t size, from->file().Size());
    *there = offset + kPageSize <= size;
    if (!*there) return absl::OkStatus();
    Status status = from->file().Read(offset, base::MutableBytes(into, kPageSize));
    if (!status.ok() && !absl::IsDataLoss(status)) return status;  // truncated meanwhile: look again
    if (status.ok()) {
      *there = !AllZero(into);
      if (!*there) return absl::OkStatus();
      status = VerifyPage(id, into);
      if (status.ok()) return status;
    }
    if (reads == kReadsOfTornPage) {
      return base::WithHint(base::WithFrame(std::move(status), absl::StrCat("reading page ", number, " of ", from->path())),
                            "check the database; `turdb recover` saves what can be read");
    }
    storage.environment.scheduler->Yield();
  }
}

Status Backup::State::CopyBatch(int64_t most, int64_t* copied) {
  const size_t wanted = std::min<size_t>({kBatchPages, end - page, static_cast<size_t>(most)});
  size_t begin = 0;  // of the run that is not written yet
  size_t count = 0;
  const auto write = [&]() -> Status {
    if (begin == count) return absl::OkStatus();
    return to->Write(uint64_t{page + begin} * kPageSize,
                     base::Bytes(buffer).subspan(begin * kPageSize, (count - begin) * kPageSize));
  };
  for (; count < wanted; ++count) {
    bool there = false;
    TURDB_RETURN_IF_ERROR(ReadPage(static_cast<PageNo>(page + count), buffer.data() + count * kPageSize, &there));
    if (there) continue;
    TURDB_RETURN_IF_ERROR(write());
    begin = count + 1;
  }
  TURDB_RETURN_IF_ERROR(write());
  page = static_cast<PageNo>(page + wanted);
  pages_done += static_cast<int64_t>(wanted);
  *copied = static_cast<int64_t>(wanted);
  return absl::OkStatus();
}

Status Backup::State::CloseFile() {
  // A hole at the end: the page is in the log.
  TURDB_ASSIGN_OR_RETURN(const uint64_t size, to->Size());
  if (size < uint64_t{end} * kPageSize) TURDB_RETURN_IF_ERROR(to->Extend(uint64_t{end} * kPageSize));
  TURDB_RETURN_IF_ERROR(to->Sync());
  to.reset();
  from.reset();
  ++next;
  return absl::OkStatus();
}

Status Backup::State::CopyLog() {
  Log& log = *storage.log;
  ControlBlock control = log.segments().control();
  Lsn begin = std::min(control.scan_from, control.checkpoint_lsn);
  Lsn log_end = control.durable_lsn;
  if (hold.has_value()) {
    TURDB_RETURN_IF_ERROR(log.WaitDurable(log.next_lsn()));
    log_end = log.durable_lsn();
    begin = hold->keep_from();
    control = ControlBlock{.sequence = 1,
                           .database_id = 0,
                           .checkpoint_lsn = hold->checkpoint,
                           .scan_from = hold->scan_from,
                           .redo_from = hold->redo_from,
                           .durable_lsn = log_end,
                           .flags = 0,
                           .crc = 0,
                           .zero = 0};
  } else if (control.sequence == 0) {
    return absl::OkStatus();  // never written to
  }
  control.flags &= ~kControlUnsynced;
  std::string folder = Full(kLogDirectory);
  TURDB_RETURN_IF_ERROR(files->CreateDirectory(folder));
  made_directories.push_back(folder);
  LogSegments::Extent extent;
  for (Lsn at = begin; at < log_end || at == begin; at = extent.end) {
    if (!log.segments().Locate(at, &extent)) {
      return base::CorruptionError(absl::StrCat("no log segment holds LSN ", at, ", which the backup needs"));
    }
    const std::string path = os::JoinPath(folder, std::string_view(extent.path).substr(extent.path.rfind('/') + 1));
    TURDB_ASSIGN_OR_RETURN(const std::unique_ptr<os::File> file,
                           log.segments().CopySegment(extent, log_end, control, *files, path));
    TURDB_RETURN_IF_ERROR(file->Sync());
  }
  return absl::OkStatus();
}

Status Backup::State::SyncDirectories() {
  for (size_t i = made_directories.size(); i-- > 0;) TURDB_RETURN_IF_ERROR(files->SyncDirectory(made_directories[i]));
  TURDB_RETURN_IF_ERROR(files->SyncDirectory(directory));
  if (!made_directory) return absl::OkStatus();
  const size_t slash = directory.rfind('/');
  return files->SyncDirectory(slash == std::string::npos ? "." : slash == 0 ? "/" : directory.substr(0, slash));
}

Status Backup::State::Step(int64_t pages) {
  while (next < sources.size()) {
    if (from == nullptr) {
      TURDB_RETURN_IF_ERROR(OpenNext());
      continue;
    }
    if (page == end) {
      TURDB_RETURN_IF_ERROR(CloseFile());
      continue;
    }
    if (pages <= 0) return absl::OkStatus();
    int64_t copied = 0;
    TURDB_RETURN_IF_ERROR(CopyBatch(pages, &copied));
    pages -= copied;
  }
  TURDB_RETURN_IF_ERROR(CopyLog());
  TURDB_RETURN_IF_ERROR(SyncDirectories());
  done = true;
  return absl::OkStatus();
}

Backup::Backup(std::unique_ptr<State> state) : state_(std::move(state)) {}
Backup::~Backup() = default;

StatusOr<std::unique_ptr<Backup>> Backup::Begin(Storage& storage, std::shared_ptr<os::FileSystem> files,
                                                std::string directory) {
  auto state = std::make_unique<State>(*storage.impl_, std::move(files), std::move(directory));
  TURDB_RETURN_IF_ERROR(state->Start());
  return std::unique_ptr<Backup>(new Backup(std::move(state)));
}

StatusOr<bool> Backup::Step(int64_t pages) {
  if (state_->failed) return base::MisuseError("the backup has failed before");
  if (state_->done) return true;
  Status status = state_->Step(pages);
  state_->failed = !status.ok();
  if (!status.ok()) return status;
  return state_->done;
}

Status Backup::Keep() {
  TURDB_RETURN_IF_ERROR(state_->files->Remove(state_->Full(kUnfinishedBackup)));
  TURDB_RETURN_IF_ERROR(state_->files->SyncDirectory(state_->directory));
  state_->kept = true;
  return absl::OkStatus();
}
int64_t Backup::pages_total() const { return state_->pages_total; }
int64_t Backup::pages_done() const { return state_->pages_done; }

}  // namespace turdb::storage
