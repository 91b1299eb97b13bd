// Opening and closing: the directory's lock, a new database's first files, recovery's order of steps.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <new>

#include "absl/strings/str_cat.h"
#include "base/crc32c.h"
#include "base/limits.h"
#include "os/unsynced_file_system.h"
#include "storage/file_header.h"
#include "storage/recovery.h"
#include "storage/redo.h"
#include "storage/storage_impl.h"

namespace turdb::storage {
namespace {

constexpr std::string_view kMetaName = "turdb.meta";
constexpr std::string_view kMetaNewName = "turdb.meta.new";
constexpr std::string_view kLockName = "turdb.lock";
constexpr std::string_view kLogDirectory = "wal";
constexpr int64_t kMinWalLimitBytes = 1 << 20;
constexpr uint64_t kMinSegmentBytes = 256 << 10;
constexpr size_t kMaxBatchPages = 32;

size_t RingBytes(int64_t wanted) {
  return std::bit_ceil(static_cast<size_t>(std::clamp<int64_t>(wanted, 2 * int64_t{kMaxRecordBytes}, int64_t{1} << 30)));
}

// Four segments a limit, so that the files together stay near it.
uint64_t SegmentBytes(int64_t wal_limit_bytes) {
  return std::clamp<uint64_t>(std::bit_floor(static_cast<uint64_t>(wal_limit_bytes) / 4), kMinSegmentBytes, kMaxSegmentBytes);
}

// What syncs would only slow down has none; what was made so is synced by whoever opens it for more (SyncTree).
os::Environment EnvironmentFor(const os::Environment& environment, const Options& options) {
  os::Environment chosen = environment;
  if (options.synchronous == Synchronous::kOff) chosen.files = os::NewUnsyncedFileSystem(environment.files);
  return chosen;
}

// All files below and their names.
Status SyncTree(os::FileSystem& files, const std::string& path) {
  const base::StatusOr<std::vector<std::string>> names = files.List(path);
  if (!names.ok()) {
    TURDB_ASSIGN_OR_RETURN(const std::unique_ptr<os::File> file, files.Open(path, os::OpenMode::kReadWrite));
    return file->Sync();
  }
  for (const std::string& name : *names) TURDB_RETURN_IF_ERROR(SyncTree(files, os::JoinPath(path, name)));
  return files.SyncDirectory(path);
}

std::string ParentDirectory(const std::string& directory) {
  const size_t slash = directory.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : directory.substr(0, slash);
}

}  // namespace

Storage::Impl::Impl(const os::Environment& env, std::string dir, const Options& opts, base::MemoryBudget& memory)
    : environment(EnvironmentFor(env, opts)),
      directory(std::move(dir)),
      options(opts),
      budget(memory),
      files(*environment.files, directory, options.read_only),
      synchronous(options.synchronous) {
  files.set_health(&health);
}

Status Storage::Impl::CheckWritable() const {
  if (options.read_only) {
    return base::MakeError(absl::StatusCode::kFailedPrecondition, base::sqlstate::kReadOnlyTransaction,
                           "the database is open read-only");
  }
  if (closed.load(std::memory_order_relaxed)) return base::MisuseError("the database is closed");
  return health.status();
}

Status Storage::Impl::LockDirectory() {
  TURDB_ASSIGN_OR_RETURN(const bool exists, environment.files->Exists(directory));
  if (!exists) {
    if (options.read_only || !options.create_if_missing) {
      return base::MakeError(absl::StatusCode::kNotFound, base::sqlstate::kUndefinedFile,
                             "there is no database: the directory does not exist");
    }
    TURDB_RETURN_IF_ERROR(environment.files->CreateDirectory(directory));
    made_directory_ = true;
  } else {
    TURDB_RETURN_IF_ERROR(CheckNotForeign());
  }
  TURDB_ASSIGN_OR_RETURN(lock, environment.files->Lock(os::JoinPath(directory, kLockName),
                                                       options.read_only ? os::LockMode::kShared : os::LockMode::kExclusive));
  return absl::OkStatus();
}

// A directory that holds no database is left as it is, a lock's file included, unless nothing else is in it.
Status Storage::Impl::CheckNotForeign() {
  const auto has_meta = [this] { return environment.files->Exists(os::JoinPath(directory, kMetaName)); };
  TURDB_ASSIGN_OR_RETURN(bool is_database, has_meta());
  if (is_database) return absl::OkStatus();
  TURDB_ASSIGN_OR_RETURN(const std::vector<std::string> names, environment.files->List(directory));
  for (const std::string& name : names) {
    if (name == kLockName || name == kMetaNewName) continue;
    if (name == kLogDirectory) {
      TURDB_ASSIGN_OR_RETURN(const std::vector<std::string> segments, environment.files->List(os::JoinPath(directory, name)));
      if (segments.empty()) continue;
    }
    TURDB_ASSIGN_OR_RETURN(is_database, has_meta());  // another process may be making it
    if (is_database) return absl::OkStatus();
    return base::WithHint(
        base::MakeError(absl::StatusCode::kFailedPrecondition, base::sqlstate::kUndefinedFile,
                        absl::StrCat("the directory holds no database (turdb.meta is missing), but it holds ", name)),
        "give the path of a database, or of an empty or new directory");
  }
  return absl::OkStatus();
}

// Until turdb.meta has its name there is no database, and all of this can be done again.
Status Storage::Impl::CreateDatabase() {
  TURDB_RETURN_IF_ERROR(CheckNotForeign());
  std::vector<std::byte> page(kPageSize);
  MetaHeader header{};
  std::memcpy(header.magic, kMetaMagic.data(), kMetaMagic.size());
  header.version = kFormatVersion;
  header.page_size = kPageSize;
  header.next_table_id = header.next_index_id = base::kMetaFile + 1;
  header.shared.page_count = 1;
  header.shared.format_version = kFormatVersion;
  while (header.shared.database_id == 0) {
    environment.entropy->Fill(base::MutableBytes(reinterpret_cast<std::byte*>(&header.shared.database_id), sizeof(uint64_t)));
  }
  std::memcpy(page.data(), &header, sizeof(header));
  SealPage(PageId{base::kMetaFile, 0}, page.data());
  TURDB_RETURN_IF_ERROR(environment.files->CreateDirectory(os::JoinPath(directory, kLogDirectory)));
  const std::string new_path = os::JoinPath(directory, kMetaNewName);
  TURDB_ASSIGN_OR_RETURN(const std::unique_ptr<os::File> file,
                         environment.files->Open(new_path, os::OpenMode::kCreateOrTruncate));
  TURDB_RETURN_IF_ERROR(file->Write(0, page));
  TURDB_RETURN_IF_ERROR(file->Sync());
  TURDB_RETURN_IF_ERROR(environment.files->Rename(new_path, os::JoinPath(directory, kMetaName)));
  TURDB_RETURN_IF_ERROR(environment.files->SyncDirectory(directory));
  // Last: what the file system journals about it went out with the file.
  if (made_directory_) TURDB_RETURN_IF_ERROR(environment.files->SyncDirectory(ParentDirectory(directory)));
  recovery.created = true;
  return absl::OkStatus();
}

Status Storage::Impl::ReadMeta(bool* changed) {
  TURDB_ASSIGN_OR_RETURN(const std::unique_ptr<os::File> file,
                         environment.files->Open(os::JoinPath(directory, kMetaName), os::OpenMode::kReadOnly));
  std::array<std::byte, kFileHeaderBytes> bytes{};
  TURDB_RETURN_IF_ERROR(file->Read(0, bytes));
  MetaHeader header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  const auto wrong = [](std::string_view what) { return absl::StrCat(kMetaName, ": ", what); };
  const base::StatusOr<FileKind> kind = KindOfFile(bytes);
  if (!kind.ok() || *kind != FileKind::kMeta)
    return base::CorruptionError(wrong("not the main file of a TurDB database (the magic is wrong)"));
  if (header.shared.format_version != kFormatVersion || header.version != kFormatVersion) {
    return base::UnsupportedError(wrong(absl::StrCat("format version ", std::max(header.shared.format_version, header.version),
                                                     ", this library knows ", kFormatVersion)));
  }
  if (header.shared.crc != base::Crc32c(Bytes(bytes).first(file_header::kCrc))) {
    return base::CorruptionError(wrong("the checksum of the file's header does not match its bytes"));
  }
  if (header.page_size != kPageSize) return base::UnsupportedError(wrong(absl::StrCat("page size ", header.page_size)));
  files.set_database_id(header.shared.database_id);
  files.SetPath(base::kMetaFile, std::string(kMetaName));
  *changed = header.shared.lsn != base::kNoLsn;
  return absl::OkStatus();
}

Status Storage::Impl::OpenParts(const RedoTable& redo, bool meta_changed) {
  TURDB_ASSIGN_OR_RETURN(std::unique_ptr<LogSegments> opened,
                         LogSegments::Open({.files = environment.files.get(),
                                            .directory = os::JoinPath(directory, kLogDirectory),
                                            .database_id = files.database_id(),
                                            .segment_bytes = SegmentBytes(options.wal_limit_bytes),
                                            .read_only = options.read_only,
                                            .unsynced = options.synchronous == Synchronous::kOff}));
  LogSegments& segments = *opened;
  const bool made_unsynced =
      segments.control().sequence == 0 ? !recovery.created : (segments.control().flags & kControlUnsynced) != 0;
  if (made_unsynced && !options.read_only && options.synchronous != Synchronous::kOff) {
    TURDB_RETURN_IF_ERROR(SyncTree(*environment.files, directory));
    TURDB_RETURN_IF_ERROR(environment.files->SyncDirectory(ParentDirectory(directory)));
  }
  if ((segments.empty() || segments.control().sequence == 0) && !recovery.created) {
    // A database that was never written to has no log, or one whose making was cut short; but no files either. Folders
    // (of schemas, of what is spilled) may have been made already.
    TURDB_ASSIGN_OR_RETURN(const std::vector<std::string> names, environment.files->List(directory));
    const bool others = std::any_of(names.begin(), names.end(), [this](const std::string& name) {
      if (name == kLockName || name == kMetaName || name == kLogDirectory) return false;
      const auto inside = environment.files->List(os::JoinPath(directory, name));
      return !inside.ok() || !inside->empty();
    });
    if (meta_changed || others) {
      TURDB_RETURN_IF_ERROR(Tolerate(base::CorruptionError(
          "the log is missing: the directory wal holds no segment with an intact control block, but the database has been "
          "written to")));
    }
  }
  log = std::make_unique<Log>(environment, health, std::move(opened));
  write_back = std::make_unique<WriteBack>(*environment.scheduler, *log, files, health);
  pool.reset(new BufferPool(environment, files, *write_back, health, budget));
  file_directory = std::make_unique<FileDirectory>(environment, directory, *log, *pool, files, health);
  checkpointer = std::make_unique<Checkpointer>(environment, *log, *pool, files, *write_back, *file_directory, health);

  Recovery replay(segments, *file_directory, *pool, redo, options.salvage ? &recovery.problems : nullptr);
  TURDB_RETURN_IF_ERROR(replay.Analyse(&recovery));
  if (options.read_only && !recovery.was_clean) {
    return base::WithHint(base::MakeError(absl::StatusCode::kFailedPrecondition, base::sqlstate::kReadOnlyTransaction,
                                          "the database was not closed properly, and read-only it cannot be recovered"),
                          "open it once for writing, which replays its log");
  }
  const uint64_t epoch = segments.last_epoch() + 1;
  if (!options.read_only) TURDB_RETURN_IF_ERROR(log->Continue(recovery.end_lsn, epoch, replay.redo_from()));
  TURDB_RETURN_IF_ERROR(log->Start(RingBytes(options.log_buffer_bytes), recovery.end_lsn, epoch, options.threads > 1, budget));
  if (!options.salvage) files.set_log(log.get());  // pages may be ahead of what is left of the log
  TURDB_RETURN_IF_ERROR(pool->Start(options.page_cache_bytes, options.page_cache_reserve_bytes));
  const size_t frames = pool->stats().frame_limit;
  TURDB_RETURN_IF_ERROR(write_back->Start(std::clamp<size_t>(frames / 16, 2, kMaxBatchPages), budget));
  checkpointer->Start(std::max(options.wal_limit_bytes, kMinWalLimitBytes), replay.redo_from(), options.threads > 1);
  checkpointer->SetSources([this] { return KeepLsn(); }, [this] { return next_txn_id ? next_txn_id() : recovery.next_txn_id; });
  TURDB_RETURN_IF_ERROR(Tolerate(file_directory->ApplyNames(replay.redo_from())));
  if (options.salvage) TURDB_RETURN_IF_ERROR(AdoptFiles());
  TURDB_RETURN_IF_ERROR(replay.Redo(&recovery));
  absl::MutexLock guard(&mu);
  for (const UnfinishedTransaction& txn : recovery.unfinished) to_undo[txn.id] = txn.first_lsn;
  any_to_undo = !to_undo.empty();
  return absl::OkStatus();
}

Status Storage::Impl::Open(const RedoTable& redo) {
  RedoTable all = redo;
  for (int op = 0x01; op <= 0x1f; ++op) all.by_op[op] = &RedoStorageOp;
  files.set_fault_of_page(redo.fault_of_page);
  TURDB_RETURN_IF_ERROR(LockDirectory());
  TURDB_ASSIGN_OR_RETURN(const bool exists, environment.files->Exists(os::JoinPath(directory, kMetaName)));
  if (!exists) {
    if (options.read_only || !options.create_if_missing) {
      return base::MakeError(absl::StatusCode::kNotFound, base::sqlstate::kUndefinedFile,
                             "there is no database: turdb.meta does not exist");
    }
    TURDB_RETURN_IF_ERROR(CreateDatabase());
  }
  bool meta_changed = false;
  if (Status status = ReadMeta(&meta_changed); !status.ok()) {
    if (!options.salvage || !absl::IsDataLoss(status)) return status;
    TURDB_RETURN_IF_ERROR(AdoptDatabaseId(std::move(status)));
  }
  TURDB_RETURN_IF_ERROR(OpenParts(all, meta_changed));
  return absl::OkStatus();
}

// What rollback may still read. See SetOldestLiveWriter.
Lsn Storage::Impl::KeepLsn() {
  Lsn keep = UINT64_MAX;
  if (oldest_live_writer) {
    if (const Lsn oldest = oldest_live_writer(); oldest != base::kNoLsn) keep = oldest;
  }
  if (any_to_undo.load(std::memory_order_relaxed)) {
    absl::MutexLock guard(&mu);
    for (const auto& [txn, first_lsn] : to_undo) keep = std::min(keep, first_lsn);
  }
  return keep;
}

Status Storage::Impl::Close() {
  if (closed.exchange(true)) return absl::OkStatus();
  checkpointer->StopThread();
  if (options.read_only) return absl::OkStatus();
  TURDB_RETURN_IF_ERROR(health.status());
  Status status = CloseProperly();
  // What memory was too short for is done by the next opening, with the log that is there now.
  if (!status.ok() && health.ok()) log->WaitDurable(log->next_lsn()).IgnoreError();
  return status;
}

Status Storage::Impl::CloseProperly() try {
  TURDB_RETURN_IF_ERROR(file_directory->RemoveAllDropped());
  // A database that was only read keeps the log as it is.
  if (recovery.was_clean && log->next_lsn() == recovery.end_lsn) return absl::OkStatus();
  return checkpointer->RunAll(/*closing=*/true);
} catch (const std::bad_alloc&) {
  return base::NoMemory();
}

}  // namespace turdb::storage
