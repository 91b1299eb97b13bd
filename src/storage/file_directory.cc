#include "storage/file_directory.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "storage/file_header.h"

namespace turdb::storage {
namespace {

constexpr size_t kHeldOpen = 32;  // files, while their names change

base::Status NoSuchFile(FileId file) {
  return base::MakeError(absl::StatusCode::kNotFound, base::sqlstate::kUndefinedFile,
                         absl::StrCat("no file has the id ", file));
}

// A pending or replayed record's payload.
std::string_view PathOf(const LogEntryView& entry) {
  return base::AsText(entry.op == op::kFileHeader ? entry.payload.subspan(kFileHeaderBytes) : entry.payload);
}

}  // namespace

std::string CreatedName(std::string_view path, FileId file) { return absl::StrCat(path, ".", file, ".new"); }
std::string DroppedName(std::string_view path, FileId file) { return absl::StrCat(path, ".", file, ".old"); }
std::string_view ParentOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

// ---- Looking up

bool FileDirectory::Exists(FileId file) const {
  absl::MutexLock lock(&mu_);
  const auto found = files_.find(file);
  return found != files_.end() && found->second.state != FileState::kDropped;
}

StatusOr<std::string> FileDirectory::Path(FileId file) const {
  absl::MutexLock lock(&mu_);
  const auto found = files_.find(file);
  if (found == files_.end()) return NoSuchFile(file);
  return found->second.path;
}

std::vector<FileId> FileDirectory::Files() const {
  std::vector<FileId> ids;
  absl::MutexLock lock(&mu_);
  for (const auto& [id, file] : files_) {
    if (file.state != FileState::kDropped) ids.push_back(id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::vector<std::pair<FileId, std::string>> FileDirectory::Places() const {
  std::vector<std::pair<FileId, std::string>> places;
  absl::MutexLock lock(&mu_);
  for (const auto& [id, file] : files_) {
    if (file.state != FileState::kDropped) places.emplace_back(id, file.disk_path);
  }
  std::sort(places.begin(), places.end());
  return places;
}

Lsn FileDirectory::OldestPendingLsn() const {
  Lsn oldest = UINT64_MAX;
  absl::MutexLock lock(&mu_);
  for (const auto& [txn, changes] : pending_) {
    for (const Change& change : changes) oldest = std::min(oldest, change.lsn);
  }
  return oldest;
}

bool FileDirectory::PathIsTaken(std::string_view path) const {
  return std::any_of(files_.begin(), files_.end(), [path](const auto& known) {
    return known.second.state != FileState::kDropped && known.second.path == path;
  });
}

// ---- Changing

Lsn FileDirectory::LogChange(RecordKind kind, TxnLog& txn, FileId file, uint8_t op, Bytes first, Bytes second, Lsn undo_next) {
  const LogEntry entry{PageId{file, 0}, op, {first, second}};
  if (txn.first_lsn.load(std::memory_order_relaxed) == base::kNoLsn)
    txn.first_lsn.store(log_.next_lsn(), std::memory_order_seq_cst);
  const Log::Position position = log_.Append(
      {.kind = kind, .txn = txn.id, .previous_lsn = txn.last_lsn, .undo_next = undo_next, .entries = std::span(&entry, 1)});
  txn.last_lsn = position.begin;
  txn.has_file_changes = true;
  return position.end;
}

// What is made is durable once `*above` is synced: after the file itself, so that a journaling file system commits once.
Status FileDirectory::EnsureDirectories(std::string_view path, std::vector<std::string>* above) {
  std::vector<std::string_view> missing;
  for (std::string_view parent = ParentOf(path); !parent.empty(); parent = ParentOf(parent)) {
    TURDB_ASSIGN_OR_RETURN(const bool exists, environment_.files->Exists(os::JoinPath(directory_, parent)));
    if (exists) break;
    missing.push_back(parent);
  }
  for (size_t i = missing.size(); i-- > 0;) {
    TURDB_RETURN_IF_ERROR(environment_.files->CreateDirectory(os::JoinPath(directory_, missing[i])));
    above->emplace_back(ParentOf(missing[i]));
  }
  return absl::OkStatus();
}

Status FileDirectory::SyncDirectories(std::vector<std::string> directories) {
  // The longest first: what is in a folder, then the folder's own name.
  std::sort(directories.begin(), directories.end(), std::greater<>());
  directories.erase(std::unique(directories.begin(), directories.end()), directories.end());
  for (const std::string& each : directories) {
    const std::string full = each.empty() ? directory_ : os::JoinPath(directory_, each);
    TURDB_ASSIGN_OR_RETURN(const bool exists, environment_.files->Exists(full));
    if (exists) TURDB_RETURN_IF_ERROR(environment_.files->SyncDirectory(full));  // an emptied folder may be gone
  }
  return absl::OkStatus();
}

// The file with its header, durable under its temporary name before anything is logged about its pages.
Status FileDirectory::Make(FileId file, const std::string& disk_path, Bytes header, Lsn lsn) {
  std::vector<std::string> changed{std::string(ParentOf(disk_path))};
  TURDB_RETURN_IF_ERROR(EnsureDirectories(disk_path, &changed));
  TURDB_ASSIGN_OR_RETURN(const std::shared_ptr<PageFile> made, pages_.Create(file, disk_path));
  std::vector<std::byte> page(kPageSize);
  std::memcpy(page.data(), header.data(), header.size());
  const PageId id{file, 0};
  StampPageLsn(id, page.data(), lsn);
  SealPage(id, page.data());
  TURDB_RETURN_IF_ERROR(made->file().Write(0, page));
  TURDB_RETURN_IF_ERROR(made->file().Sync());
  return SyncDirectories(std::move(changed));
}

// What takes memory comes before the record: what is logged must be known.
FileDirectory::Change* FileDirectory::Announce(TxnId txn, Change change) {
  mu_.AssertHeld();
  std::vector<Change>& changes = pending_[txn];
  changes.push_back(std::move(change));
  return &changes.back();
}

Status FileDirectory::Create(TxnLog& txn, FileId file, std::string_view path, Bytes header) {
  TURDB_CHECK_EQ(header.size(), kFileHeaderBytes);
  TURDB_CHECK(file > base::kMetaFile);
  TURDB_RETURN_IF_ERROR(health_.status());
  if (header.size() + path.size() > kMaxEntryBytes) return base::LimitError("the path of the file is too long");
  std::array<std::byte, kFileHeaderBytes> full;
  std::memcpy(full.data(), header.data(), full.size());
  SetFirstFreePage(full.data(), 0);
  base::StoreLE<uint32_t>(full.data() + file_header::kPageCount, 1);
  base::StoreLE<uint32_t>(full.data() + file_header::kFormatVersion, kFormatVersion);
  base::StoreLE<uint64_t>(full.data() + file_header::kDatabaseId, pages_.database_id());
  TURDB_ASSIGN_OR_RETURN(const FileId id_in_header, FileIdOf(full));
  TURDB_CHECK_EQ(id_in_header, file);

  const ParkingGuard guard(change_lock_, *environment_.scheduler);
  const std::string disk_path = CreatedName(path, file);
  Lsn end = base::kNoLsn;
  {
    absl::MutexLock lock(&mu_);
    if (files_.contains(file)) {
      return base::MakeError(absl::StatusCode::kAlreadyExists, base::sqlstate::kDuplicateFile,
                             absl::StrCat("file id ", file, " is in use"));
    }
    if (PathIsTaken(path)) {
      return base::MakeError(absl::StatusCode::kAlreadyExists, base::sqlstate::kDuplicateFile,
                             absl::StrCat("the file ", path, " exists"));
    }
    Change made{RecordKind::kFileCreate, file, 0, "", std::string(path)};
    pending_[txn.id].reserve(pending_[txn.id].size() + 1);
    files_[file] = File{FileState::kCreated, disk_path, std::string(path)};
    Change* const change = Announce(txn.id, std::move(made));
    end = LogChange(RecordKind::kFileCreate, txn, file, op::kFileHeader, full, base::AsBytes(path), base::kNoLsn);
    change->lsn = txn.last_lsn;
  }
  // From here on an error leaves the record, which rollback takes back.
  TURDB_RETURN_IF_ERROR(log_.WaitDurable(end));
  return base::WithFrame(Make(file, disk_path, full, end), absl::StrCat("creating ", path));
}

// ---- Pins (5)

bool FileDirectory::TryPin(FileId file) {
  absl::MutexLock lock(&mu_);
  const auto found = files_.find(file);
  if (found == files_.end() || found->second.state != FileState::kLive) return false;
  ++found->second.pins;
  return true;
}

void FileDirectory::Unpin(FileId file) {
  absl::MutexLock lock(&mu_);
  const auto found = files_.find(file);
  TURDB_CHECK(found != files_.end() && found->second.pins > 0);
  --found->second.pins;
}

bool FileDirectory::CanRemove(FileId file) const {
  absl::MutexLock lock(&mu_);
  const auto found = files_.find(file);
  return found != files_.end() && found->second.state == FileState::kDropped && found->second.pins == 0;
}

FileDirectory::Removal FileDirectory::RemovalOf(const std::string& path) const {
  const std::string_view parent = ParentOf(path);
  return {os::JoinPath(directory_, path), parent.empty() ? directory_ : os::JoinPath(directory_, parent)};
}

// Durably, so that the log may forget the file afterwards. Fine when it is not there.
Status FileDirectory::Unlink(const Removal& removal) {
  TURDB_RETURN_IF_ERROR(environment_.files->Remove(removal.file));
  TURDB_ASSIGN_OR_RETURN(const bool exists, environment_.files->Exists(removal.folder));
  return exists ? environment_.files->SyncDirectory(removal.folder) : absl::OkStatus();  // an emptied folder may be gone
}

Status FileDirectory::Rename(TxnLog& txn, FileId file, std::string_view new_path) {
  TURDB_RETURN_IF_ERROR(health_.status());
  if (new_path.size() > kMaxEntryBytes) return base::LimitError("the path of the file is too long");
  const ParkingGuard guard(change_lock_, *environment_.scheduler);
  absl::MutexLock lock(&mu_);
  const auto found = files_.find(file);
  if (found == files_.end() || found->second.state == FileState::kDropped) return NoSuchFile(file);
  if (PathIsTaken(new_path)) {
    return base::MakeError(absl::StatusCode::kAlreadyExists, base::sqlstate::kDuplicateFile,
                           absl::StrCat("the file ", new_path, " exists"));
  }
  std::string path(new_path);
  Change* const change = Announce(txn.id, Change{RecordKind::kFileRename, file, 0, found->second.path, path});
  LogChange(RecordKind::kFileRename, txn, file, op::kFilePath, base::AsBytes(new_path), {}, base::kNoLsn);
  change->lsn = txn.last_lsn;
  found->second.path = std::move(path);
  return absl::OkStatus();
}

Status FileDirectory::Drop(TxnLog& txn, FileId file) {
  TURDB_RETURN_IF_ERROR(health_.status());
  const ParkingGuard guard(change_lock_, *environment_.scheduler);
  absl::MutexLock lock(&mu_);
  const auto found = files_.find(file);
  if (found == files_.end() || found->second.state == FileState::kDropped) return NoSuchFile(file);
  // The path is free for another file of the same transaction; the name on disk is left at commit.
  std::string path = DroppedName(found->second.path, file);
  Change* const change = Announce(txn.id, Change{RecordKind::kFileDrop, file, 0, found->second.path, path});
  LogChange(RecordKind::kFileDrop, txn, file, op::kFileDropped, {}, {}, base::kNoLsn);
  change->lsn = txn.last_lsn;
  found->second.path = std::move(path);
  return absl::OkStatus();
}

Status FileDirectory::Undo(TxnLog& txn, const LogRecordView& record) {
  TURDB_RETURN_IF_ERROR(health_.status());
  const FileId file = record.entries.front().page.file;
  const ParkingGuard guard(change_lock_, *environment_.scheduler);
  std::array<std::byte, 8> undone;
  base::StoreLE<uint64_t>(undone.data(), record.lsn);
  Removal to_remove;
  Lsn end = base::kNoLsn;
  {
    absl::MutexLock lock(&mu_);
    std::vector<Change>& changes = pending_[txn.id];
    TURDB_CHECK(!changes.empty());
    Change& change = changes.back();  // undone in reverse order
    TURDB_CHECK_EQ(change.lsn, record.lsn);
    const bool made = change.kind == RecordKind::kFileCreate;
    if (made) to_remove = RemovalOf(files_.at(file).disk_path);
    end = LogChange(RecordKind::kFileUndo, txn, file, record.entries.front().op, undone, {}, record.previous_lsn);
    if (!made) files_.at(file).path = std::move(change.old_path);
    changes.pop_back();
    if (changes.empty()) pending_.erase(txn.id);
  }
  if (to_remove.file.empty()) return absl::OkStatus();
  // Were it unlinked before the undo is durable, a crash would find pages to undo and no file.
  TURDB_RETURN_IF_ERROR(log_.WaitDurable(end));
  pool_.DiscardFile(file);
  pages_.Forget(file);
  TURDB_RETURN_IF_ERROR(Unlink(to_remove));
  absl::MutexLock lock(&mu_);
  files_.erase(file);
  return absl::OkStatus();
}

// May be called again when it ran out of memory: what it needs, it has before the first name changes.
Status FileDirectory::Finish(TxnLog& txn) {
  const ParkingGuard guard(change_lock_, *environment_.scheduler);
  std::vector<FileMove> moves;
  struct Names {
    std::string here, known, open;  // the same name, for files_ and twice for pages_
  };
  std::vector<Names> names;  // of each move
  {
    absl::MutexLock lock(&mu_);
    const auto found = pending_.find(txn.id);
    if (found == pending_.end()) return absl::OkStatus();
    for (const Change& change : found->second) {
      const File& file = files_.at(change.file);
      const bool known =
          std::any_of(moves.begin(), moves.end(), [&](const FileMove& move) { return move.file == change.file; });
      if (known || file.disk_path == file.path) continue;
      moves.push_back(FileMove{change.file, file.disk_path, file.path});
      names.push_back({file.path, file.path, file.path});
    }
  }
  TURDB_RETURN_IF_ERROR(log_.WaitDurable(log_.next_lsn()));
  // Held open, so that nobody opens them by a name that they have no more, or not yet. Those of a large set that are over the
  // limit are rarely asked for just then, and so are those that cannot be opened.
  std::vector<std::shared_ptr<PageFile>> held;
  held.reserve(std::min(moves.size(), kHeldOpen));
  for (size_t i = 0; i < moves.size() && held.size() < kHeldOpen; ++i) {
    StatusOr<std::shared_ptr<PageFile>> open = pages_.Get(moves[i].file);
    if (open.ok()) held.push_back(*std::move(open));
  }
  std::list<std::string> changed;
  if (Status status = ApplyMoves(moves, &changed); !status.ok()) {
    // Committed, but not named so: only the next Open can put that right.
    return health_.Poison(base::WithFrame(status, "naming the files of a committed transaction"));
  }
  absl::MutexLock lock(&mu_);
  unsynced_folders_.splice(unsynced_folders_.end(), changed);
  Commit(txn.id);
  for (size_t i = 0; i < moves.size(); ++i) {
    files_.at(moves[i].file).disk_path = std::move(names[i].here);
    pages_.SetPaths(moves[i].file, std::move(names[i].known), std::move(names[i].open));
  }
  return absl::OkStatus();
}

Status FileDirectory::SyncNames() {
  std::vector<std::string> folders;
  {
    absl::MutexLock lock(&mu_);
    folders.assign(unsynced_folders_.begin(), unsynced_folders_.end());
    syncing_folders_.splice(syncing_folders_.end(), unsynced_folders_);
  }
  // Out of memory: the next one syncs them, too.
  auto again = absl::MakeCleanup([this] {
    absl::MutexLock lock(&mu_);
    unsynced_folders_.splice(unsynced_folders_.end(), syncing_folders_);
  });
  Status status = SyncDirectories(std::move(folders));
  if (!status.ok()) return health_.Poison(base::WithFrame(status, "syncing the names of files"));
  std::move(again).Cancel();
  absl::MutexLock lock(&mu_);
  syncing_folders_.clear();
  return status;
}

// REQUIRES: mu_. The pending changes of `txn` are committed: states change, names do not.
void FileDirectory::Commit(TxnId txn) {
  mu_.AssertHeld();
  const auto found = pending_.find(txn);
  if (found == pending_.end()) return;
  for (const Change& change : found->second) {
    files_.at(change.file).state = change.kind == RecordKind::kFileDrop ? FileState::kDropped : FileState::kLive;
  }
  pending_.erase(found);
}

// Names may be swapped or handed on within one set of moves: whoever has a name that another wants steps aside first.
// Before the first rename all memory is there.
Status FileDirectory::ApplyMoves(std::vector<FileMove> moves, std::list<std::string>* changed) {
  std::vector<std::string> made;
  for (const FileMove& move : moves) TURDB_RETURN_IF_ERROR(EnsureDirectories(move.to, &made));
  changed->insert(changed->end(), made.begin(), made.end());
  std::vector<std::pair<std::string, std::string>> steps;  // from, to
  const auto plan = [&](const std::string& from, const std::string& to) {
    changed->emplace_back(ParentOf(from));
    changed->emplace_back(ParentOf(to));
    steps.emplace_back(os::JoinPath(directory_, from), os::JoinPath(directory_, to));
  };
  for (FileMove& move : moves) {
    const bool wanted = std::any_of(moves.begin(), moves.end(), [&](const FileMove& other) { return other.to == move.from; });
    if (!wanted) continue;
    const std::string aside = CreatedName(move.to, move.file);
    plan(move.from, aside);
    move.from = aside;
  }
  for (const FileMove& move : moves) plan(move.from, move.to);
  for (const auto& [from, to] : steps) {
    TURDB_ASSIGN_OR_RETURN(const bool taken, environment_.files->Exists(to));
    if (taken) return base::CorruptionError(absl::StrCat("renaming ", from, " to ", to, ": a file of that name exists"));
    TURDB_RETURN_IF_ERROR(environment_.files->Rename(from, to));
  }
  return absl::OkStatus();
}

Status FileDirectory::RemoveDropped(FileId file) {
  const ParkingGuard guard(change_lock_, *environment_.scheduler);
  std::string path;
  {
    absl::MutexLock lock(&mu_);
    const auto found = files_.find(file);
    if (found == files_.end()) return absl::OkStatus();
    // The commit that dropped it could not finish its file changes; the next opening does.
    if (found->second.state != FileState::kDropped) return absl::OkStatus();
    path = found->second.disk_path;
  }
  pool_.DiscardFile(file);
  pages_.Forget(file);
  TURDB_RETURN_IF_ERROR(Unlink(path));
  const std::string parent(ParentOf(path));
  if (!parent.empty()) {  // a schema's folder goes with its last file, if this was it
    TURDB_ASSIGN_OR_RETURN(const std::vector<std::string> names, environment_.files->List(os::JoinPath(directory_, parent)));
    if (names.empty() && parent != "root") {
      TURDB_RETURN_IF_ERROR(environment_.files->RemoveDirectory(os::JoinPath(directory_, parent)));
    }
  }
  absl::MutexLock lock(&mu_);
  files_.erase(file);
  return absl::OkStatus();
}

Status FileDirectory::RemoveAllDropped() {
  std::vector<FileId> dropped;
  {
    absl::MutexLock lock(&mu_);
    for (const auto& [id, file] : files_) {
      if (file.state == FileState::kDropped) dropped.push_back(id);
    }
  }
  for (const FileId id : dropped) TURDB_RETURN_IF_ERROR(RemoveDropped(id));
  return absl::OkStatus();
}

// ---- Checkpoints

uint64_t FileDirectory::CheckpointBytes() const {
  absl::MutexLock lock(&mu_);
  uint64_t bytes = 0;
  for (const auto& [id, file] : files_) bytes += kEntryHeaderBytes + 1 + file.disk_path.size();
  return bytes + (2 * bytes / kMaxRecordBytes + files_.size() / UINT8_MAX + 2) * (kRecordHeaderBytes + kRecordAlignment);
}

bool FileDirectory::TryLogCheckpointBegin(Lsn* begin) {
  if (!change_lock_.TryAcquire()) return false;
  const ParkingGuard guard(std::adopt_lock, change_lock_, *environment_.scheduler);
  absl::MutexLock lock(&mu_);
  if (!unsynced_folders_.empty()) return false;
  *begin = log_.Append({.kind = RecordKind::kCheckpointBegin}).begin;
  std::vector<LogEntry> entries;
  std::vector<std::byte> states;
  states.reserve(files_.size());
  size_t bytes = 0;
  const auto flush = [&] {
    if (!entries.empty()) log_.Append({.kind = RecordKind::kCheckpointFiles, .entries = entries});
    entries.clear();
    bytes = 0;
  };
  for (const auto& [id, file] : files_) {
    const size_t entry_bytes = kEntryHeaderBytes + 1 + file.disk_path.size();
    if (bytes + entry_bytes > kMaxRecordBytes / 2 || entries.size() == UINT8_MAX) flush();
    states.push_back(static_cast<std::byte>(file.state));
    entries.push_back(LogEntry{PageId{id, 0}, op::kFilePath, {Bytes(&states.back(), 1), base::AsBytes(file.disk_path)}});
    bytes += entry_bytes;
  }
  flush();
  return true;
}

// ---- Recovery

Status FileDirectory::ReplayMap(const LogRecordView& record) {
  absl::MutexLock lock(&mu_);
  for (const LogEntryView entry : record.entries) {
    if (entry.payload.empty())
      return base::CorruptionError(absl::StrCat("log record at LSN ", record.lsn, ": a file without a state"));
    const auto state = static_cast<FileState>(entry.payload[0]);
    const std::string path(base::AsText(entry.payload.subspan(1)));
    files_[entry.page.file] = File{state, path, path};
    if (state == FileState::kDropped) touched_[entry.page.file].push_back(path);
  }
  return absl::OkStatus();
}

Status FileDirectory::Replay(const LogRecordView& record) {
  absl::MutexLock lock(&mu_);
  switch (record.kind) {
    case RecordKind::kFileCreate: {
      const LogEntryView entry = record.entries.front();
      const FileId file = entry.page.file;
      const std::string path(PathOf(entry));
      const std::string disk_path = CreatedName(path, file);
      touched_[file].push_back(disk_path);
      touched_[file].push_back(path);
      Creation& creation = creations_[file];
      creation.lsn = record.lsn;
      creation.end = record.end;
      std::memcpy(creation.header.data(), entry.payload.data(), creation.header.size());
      files_.try_emplace(file, File{FileState::kCreated, disk_path, path});
      pending_[record.txn].push_back(Change{record.kind, file, record.lsn, "", path});
      break;
    }
    case RecordKind::kFileRename:
    case RecordKind::kFileDrop: {
      const LogEntryView entry = record.entries.front();
      const FileId file = entry.page.file;
      const auto found = files_.find(file);
      // The checkpoint's map may be newer: the file was dropped and removed before it.
      File known = found != files_.end() ? found->second : File{FileState::kDropped, "", ""};
      const std::string path =
          record.kind == RecordKind::kFileRename ? std::string(PathOf(entry)) : DroppedName(known.path, file);
      pending_[record.txn].push_back(Change{record.kind, file, record.lsn, known.path, path});
      touched_[file].push_back(known.path);
      touched_[file].push_back(path);
      touched_[file].push_back(CreatedName(path, file));
      known.path = path;
      files_[file] = known;
      break;
    }
    case RecordKind::kFileUndo: {
      const auto found = pending_.find(record.txn);
      if (found == pending_.end() || found->second.empty()) break;  // its change lies before the scan
      const Change change = found->second.back();
      found->second.pop_back();
      if (change.kind == RecordKind::kFileCreate) {
        files_[change.file].state = FileState::kDropped;
      } else {
        files_[change.file].path = change.old_path;
      }
      break;
    }
    case RecordKind::kCommit:
      Commit(record.txn);
      break;
    default:
      break;
  }
  return absl::OkStatus();
}

// Sets `found` to the name under which the file of object `file` is on disk, empty when it is not.
Status FileDirectory::FindOnDisk(FileId file, const std::vector<std::string>& names, std::string* found) const {
  for (const std::string& name : names) {
    const std::string full = os::JoinPath(directory_, name);
    TURDB_ASSIGN_OR_RETURN(const bool exists, environment_.files->Exists(full));
    if (!exists) continue;
    TURDB_ASSIGN_OR_RETURN(const std::unique_ptr<os::File> opened, environment_.files->Open(full, os::OpenMode::kReadOnly));
    TURDB_ASSIGN_OR_RETURN(const uint64_t size, opened->Size());
    std::array<std::byte, kFileHeaderBytes> header{};
    if (size >= header.size()) TURDB_RETURN_IF_ERROR(opened->Read(0, header));
    const StatusOr<FileId> id = FileIdOf(header);
    if (id.ok() && *id == file) {
      *found = name;
      return absl::OkStatus();
    }
  }
  return absl::OkStatus();
}

Status FileDirectory::ApplyNames(Lsn redo_from) {
  std::vector<std::pair<FileId, std::string>> missing;
  TURDB_RETURN_IF_ERROR(ApplyKnownNames(redo_from, &missing));
  for (const auto& [id, path] : missing) {
    const Creation& creation = creations_.at(id);
    TURDB_RETURN_IF_ERROR(
        base::WithFrame(Make(id, path, creation.header, creation.end), absl::StrCat("making ", path, " anew")));
  }
  return absl::OkStatus();
}

Status FileDirectory::ApplyKnownNames(Lsn redo_from, std::vector<std::pair<FileId, std::string>>* missing) {
  absl::MutexLock lock(&mu_);
  std::vector<FileMove> moves;
  for (auto& [id, names] : touched_) {
    File& file = files_.at(id);
    std::string wanted = file.path;
    if (file.state == FileState::kCreated) wanted = names.at(0);
    // A live file that an unfinished transaction renamed or dropped keeps its name.
    for (const auto& [txn, changes] : pending_) {
      for (const Change& change : changes) {
        if (change.file == id && change.kind != RecordKind::kFileCreate && file.state == FileState::kLive) {
          wanted = change.old_path;
          break;
        }
      }
    }
    names.push_back(file.disk_path);
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    std::erase(names, "");
    std::string found;
    TURDB_RETURN_IF_ERROR(FindOnDisk(id, names, &found));
    if (file.state == FileState::kDropped) {
      gone_.insert(id);
      // Nobody can need it any more. The half-made file of a creation that was cut short is not recognised by its
      // header, but by its name.
      for (const std::string& name : names) {
        if (name != found && !name.ends_with(CreatedName("", id))) continue;
        TURDB_RETURN_IF_ERROR(Unlink(name));
      }
      continue;
    }
    const auto creation = creations_.find(id);
    if (found.empty() && creation != creations_.end() && creation->second.lsn >= redo_from) {
      missing->emplace_back(id, wanted);
    } else if (found.empty() && file.state == FileState::kLive) {
      return base::CorruptionError(absl::StrCat("the file ", wanted, " of object ", id, " is missing"));
    }
    file.disk_path = wanted;
    if (!found.empty() && found != wanted) moves.push_back(FileMove{id, found, wanted});
  }
  for (const FileId id : gone_) files_.erase(id);
  // Also what the process that died had named already: the log is about to forget it.
  std::list<std::string> changed;
  TURDB_RETURN_IF_ERROR(ApplyMoves(moves, &changed));
  for (const auto& [id, names] : touched_) {
    if (gone_.contains(id)) continue;
    const std::string_view folder = ParentOf(files_.at(id).disk_path);
    changed.emplace_back(folder);
    changed.emplace_back(ParentOf(folder));
  }
  TURDB_RETURN_IF_ERROR(SyncDirectories({changed.begin(), changed.end()}));
  for (const auto& [id, file] : files_) pages_.SetPath(id, file.disk_path);
  return absl::OkStatus();
}

void FileDirectory::Adopt(FileId file, const std::string& path) {
  absl::MutexLock lock(&mu_);
  files_[file] = File{FileState::kLive, path, path};
  pages_.SetPath(file, path);
}

}  // namespace turdb::storage
