#include "os/fault_file_system.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <span>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "os/fault_tree.h"
#include "os/file_error.h"
#include "os/lock_table.h"
#include "os/path_parts.h"

namespace turdb::os {

using base::Bytes;
using base::MutableBytes;
using base::Status;
using base::StatusOr;

// The disk below a FaultFileSystem and its files. Whoever calls holds `mu`.
class FaultDisk {
 public:
  // How an operation ends.
  struct Verdict {
    int error_number = 0;      // 0: well
    bool takes_effect = true;  // whether it changes something all the same
    bool tear = false;
    uint64_t tear_seed = 0;
  };

  // Counts one operation and says how it ends.
  Verdict Meet(FileOperation operation, const std::string& path) {
    ++counts_[static_cast<size_t>(operation)];
    Verdict verdict;
    for (ActiveFault& active : faults_) {
      const Fault& fault = active.fault;
      const bool fits = (fault.operation == FileOperation::kAny || fault.operation == operation) &&
                        absl::StrContains(path, fault.path_contains);
      if (!fits) continue;
      ++active.seen;
      if (active.seen == fault.nth || (fault.from_there_on && active.seen > fault.nth)) {
        if (verdict.error_number == 0) verdict = {fault.error_number, false, fault.tear, fault.tear_seed};
        if (active.cuts_power && powered_) {
          powered_ = false;
          verdict = {EIO, true, false, 0};
          break;
        }
      }
    }
    if (!powered_ && verdict.error_number == 0) verdict = {EIO, false, false, 0};
    if (verdict.error_number != 0) ++failure_count_;
    return verdict;
  }

  void Inject(Fault fault, bool cuts_power) { faults_.push_back({std::move(fault), cuts_power, 0}); }
  void ClearFaults() {
    faults_.clear();
    powered_ = true;
  }
  uint64_t count(FileOperation operation) const {
    if (operation != FileOperation::kAny) return counts_[static_cast<size_t>(operation)];
    uint64_t sum = 0;
    for (const uint64_t count : counts_) sum += count;
    return sum;
  }
  uint64_t failure_count() const { return failure_count_; }

  // ---- paths, as MemoryFileSystem reads them
  StatusOr<FaultNodePtr> Directory(std::span<const std::string> parts, std::string_view doing, const std::string& path) const {
    FaultNodePtr node = tree.root();
    for (const std::string& part : parts) {
      const auto entry = node->entries.find(part);
      if (entry == node->entries.end()) return FileError(ENOENT, doing, path);
      node = entry->second;
      if (!node->is_directory) return FileError(ENOTDIR, doing, path);
    }
    return node;
  }

  // A name in a directory, and what it names now: null when nothing.
  struct Place {
    FaultNodePtr directory;
    std::string name;
    FaultNodePtr node;
  };
  StatusOr<Place> Find(const std::string& path, std::string_view doing) const {
    std::vector<std::string> parts = PathParts(path);
    if (parts.empty()) return FileError(EISDIR, doing, path);
    TURDB_ASSIGN_OR_RETURN(FaultNodePtr directory, Directory(std::span(parts).first(parts.size() - 1), doing, path));
    const auto entry = directory->entries.find(parts.back());
    FaultNodePtr node = entry == directory->entries.end() ? nullptr : entry->second;
    return Place{std::move(directory), std::move(parts.back()), std::move(node)};
  }

  StatusOr<FaultNodePtr> OpenNode(const std::string& path, OpenMode mode) {
    const bool may_create = mode != OpenMode::kReadOnly && mode != OpenMode::kReadWrite;
    const std::string_view doing = may_create ? "creating" : "opening";
    TURDB_ASSIGN_OR_RETURN(const Place place, Find(path, doing));
    if (place.node == nullptr) {
      if (!may_create) return FileError(ENOENT, doing, path);
      const FaultNodePtr node = tree.NewNode(/*is_directory=*/false);
      tree.ChangeNames(node, {{place.directory, place.name, node}});
      return node;
    }
    if (mode == OpenMode::kCreate) return FileError(EEXIST, doing, path);
    if (place.node->is_directory) return FileError(EISDIR, doing, path);
    if (mode == OpenMode::kCreateOrTruncate) place.node->content.Resize(0);
    return place.node;
  }

  mutable std::mutex mu;
  FaultTree tree;
  uint64_t generation = 0;  // counts crashes; files of an older one are dead
  std::shared_ptr<LockTable> locks = std::make_shared<LockTable>();

 private:
  struct ActiveFault {
    Fault fault;
    bool cuts_power = false;
    uint64_t seen = 0;  // operations that fit
  };
  std::array<uint64_t, static_cast<size_t>(FileOperation::kAny)> counts_ = {};
  uint64_t failure_count_ = 0;
  bool powered_ = true;
  std::vector<ActiveFault> faults_;
};

namespace {

using Verdict = FaultDisk::Verdict;

// Any thread: the disk's mutex guards everything.
class FaultFile final : public File {
 public:
  FaultFile(std::shared_ptr<FaultDisk> disk, FaultNodePtr node, std::string path, bool writable, uint64_t generation)
      : disk_(std::move(disk)), node_(std::move(node)), path_(std::move(path)), writable_(writable), generation_(generation) {}

  Status Read(uint64_t offset, MutableBytes into) override {
    const std::lock_guard<std::mutex> lock(disk_->mu);
    TURDB_RETURN_IF_ERROR(CheckAlive("reading", offset));
    const Verdict verdict = disk_->Meet(FileOperation::kRead, path_);
    if (verdict.error_number != 0) return FileErrorAt(verdict.error_number, "reading", path_, offset);
    const uint64_t size_bytes = node_->content.size_bytes();
    if (offset > size_bytes || size_bytes - offset < into.size()) {
      return TruncatedError(path_, offset, into.size(), offset < size_bytes ? size_bytes - offset : 0);
    }
    node_->content.Read(offset, into);
    return Status();
  }

  Status Write(uint64_t offset, Bytes from) override {
    const std::lock_guard<std::mutex> lock(disk_->mu);
    TURDB_RETURN_IF_ERROR(CheckWritable("writing", offset));
    const Verdict verdict = disk_->Meet(FileOperation::kWrite, path_);
    if (verdict.takes_effect) {
      node_->content.Write(offset, from);
    } else if (verdict.tear) {
      WriteTorn(offset, from, verdict.tear_seed);
    }
    if (verdict.error_number != 0) return FileErrorAt(verdict.error_number, "writing", path_, offset);
    return Status();
  }

  Status Sync() override {
    const std::lock_guard<std::mutex> lock(disk_->mu);
    TURDB_RETURN_IF_ERROR(CheckAlive("syncing", 0));
    const Verdict verdict = disk_->Meet(FileOperation::kSync, path_);
    if (verdict.error_number == 0) {
      node_->content.SyncSucceeded();
      return Status();
    }
    node_->content.SyncFailed();
    return FileError(verdict.error_number, "syncing", path_);
  }

  // Counts as a write and a sync, as which it may fail; what is not in the range stays as unsynced as it was.
  Status WriteDurably(uint64_t offset, Bytes from) override {
    TURDB_RETURN_IF_ERROR(Write(offset, from));
    const std::lock_guard<std::mutex> lock(disk_->mu);
    TURDB_RETURN_IF_ERROR(CheckAlive("syncing", offset));
    const Verdict verdict = disk_->Meet(FileOperation::kSync, path_);
    if (verdict.error_number == 0) {
      node_->content.SyncSucceeded(offset, from.size());
      return Status();
    }
    node_->content.SyncFailed();
    return FileErrorAt(verdict.error_number, "syncing", path_, offset);
  }

  Status Extend(uint64_t size_bytes) override {
    const std::lock_guard<std::mutex> lock(disk_->mu);
    TURDB_RETURN_IF_ERROR(CheckWritable("extending", size_bytes));
    if (size_bytes <= node_->content.size_bytes()) return Status();
    return Resize(FileOperation::kExtend, "extending", size_bytes);
  }

  Status Truncate(uint64_t size_bytes) override {
    const std::lock_guard<std::mutex> lock(disk_->mu);
    TURDB_RETURN_IF_ERROR(CheckWritable("truncating", size_bytes));
    return Resize(FileOperation::kTruncate, "truncating", size_bytes);
  }

  StatusOr<uint64_t> Size() override {
    const std::lock_guard<std::mutex> lock(disk_->mu);
    TURDB_RETURN_IF_ERROR(CheckAlive("asking the size of", 0));
    return node_->content.size_bytes();
  }

  const std::string& path() const override { return path_; }

 private:
  Status CheckAlive(std::string_view doing, uint64_t offset) const {
    return disk_->generation == generation_ ? Status() : FileErrorAt(EBADF, doing, path_, offset);
  }
  Status CheckWritable(std::string_view doing, uint64_t offset) const {
    return writable_ ? CheckAlive(doing, offset) : FileErrorAt(EBADF, doing, path_, offset);
  }

  Status Resize(FileOperation operation, std::string_view doing, uint64_t size_bytes) {
    const Verdict verdict = disk_->Meet(operation, path_);
    if (verdict.takes_effect) node_->content.Resize(size_bytes);
    return verdict.error_number == 0 ? Status() : FileErrorAt(verdict.error_number, doing, path_, size_bytes);
  }

  void WriteTorn(uint64_t offset, Bytes from, uint64_t seed) {
    FaultRandom random(seed);
    while (!from.empty()) {
      const uint64_t to_boundary = FaultFileContent::kSectorBytes - offset % FaultFileContent::kSectorBytes;
      const auto count = static_cast<size_t>(std::min<uint64_t>(from.size(), to_boundary));
      if (random.Below(2) == 0) node_->content.Write(offset, from.first(count));
      from = from.subspan(count);
      offset += count;
    }
  }

  const std::shared_ptr<FaultDisk> disk_;
  const FaultNodePtr node_;
  const std::string path_;
  const bool writable_;
  const uint64_t generation_;
};

// The end of an operation that took effect, or had nothing to do.
Status Finish(const Verdict& verdict, std::string_view doing, const std::string& path) {
  return verdict.error_number == 0 ? Status() : FileError(verdict.error_number, doing, path);
}

}  // namespace

FaultFileSystem::FaultFileSystem() : disk_(std::make_shared<FaultDisk>()) {}
FaultFileSystem::FaultFileSystem(std::shared_ptr<FaultDisk> disk) : disk_(std::move(disk)) {}
FaultFileSystem::~FaultFileSystem() = default;

void FaultFileSystem::Inject(Fault fault) {
  const std::lock_guard<std::mutex> lock(disk_->mu);
  disk_->Inject(std::move(fault), /*cuts_power=*/false);
}

void FaultFileSystem::CutPowerAt(uint64_t nth, FileOperation operation) {
  const std::lock_guard<std::mutex> lock(disk_->mu);
  Fault fault;
  fault.operation = operation;
  fault.nth = nth;
  disk_->Inject(std::move(fault), /*cuts_power=*/true);
}

void FaultFileSystem::ClearFaults() {
  const std::lock_guard<std::mutex> lock(disk_->mu);
  disk_->ClearFaults();
}

Status FaultFileSystem::FlipBits(const std::string& path, uint64_t offset, uint8_t mask) {
  const std::lock_guard<std::mutex> lock(disk_->mu);
  TURDB_ASSIGN_OR_RETURN(const FaultNodePtr node, disk_->OpenNode(path, OpenMode::kReadWrite));
  if (offset >= node->content.size_bytes()) return TruncatedError(path, offset, 1, 0);
  node->content.FlipBits(offset, std::byte{mask});
  return Status();
}

uint64_t FaultFileSystem::operation_count(FileOperation operation) const {
  const std::lock_guard<std::mutex> lock(disk_->mu);
  return disk_->count(operation);
}

uint64_t FaultFileSystem::failure_count() const {
  const std::lock_guard<std::mutex> lock(disk_->mu);
  return disk_->failure_count();
}

std::unique_ptr<FaultFileSystem> FaultFileSystem::CrashedCopy(uint64_t seed) const {
  auto copy = std::make_shared<FaultDisk>();
  const std::lock_guard<std::mutex> lock(disk_->mu);
  copy->tree = disk_->tree.Crashed(seed);
  return std::unique_ptr<FaultFileSystem>(new FaultFileSystem(std::move(copy)));
}

void FaultFileSystem::Crash(uint64_t seed) {
  const std::lock_guard<std::mutex> lock(disk_->mu);
  disk_->tree = disk_->tree.Crashed(seed);
  ++disk_->generation;
  disk_->locks = std::make_shared<LockTable>();
  disk_->ClearFaults();
}

StatusOr<std::unique_ptr<File>> FaultFileSystem::Open(const std::string& path, OpenMode mode) {
  const std::lock_guard<std::mutex> lock(disk_->mu);
  const Verdict verdict = disk_->Meet(FileOperation::kOpen, path);
  StatusOr<FaultNodePtr> node = verdict.takes_effect ? disk_->OpenNode(path, mode) : nullptr;
  if (verdict.error_number != 0) return FileError(verdict.error_number, "opening", path);
  TURDB_RETURN_IF_ERROR(node.status());
  return std::make_unique<FaultFile>(disk_, *std::move(node), path, mode != OpenMode::kReadOnly, disk_->generation);
}

Status FaultFileSystem::CreateDirectory(const std::string& path) {
  constexpr std::string_view kDoing = "creating directory";
  const std::lock_guard<std::mutex> lock(disk_->mu);
  const Verdict verdict = disk_->Meet(FileOperation::kCreateDirectory, path);
  if (!verdict.takes_effect) return FileError(verdict.error_number, kDoing, path);
  if (PathParts(path).empty()) return Finish(verdict, kDoing, path);
  TURDB_ASSIGN_OR_RETURN(const FaultDisk::Place place, disk_->Find(path, kDoing));
  if (place.node != nullptr && !place.node->is_directory) return FileError(EEXIST, kDoing, path);
  if (place.node == nullptr) {
    const FaultNodePtr node = disk_->tree.NewNode(/*is_directory=*/true);
    disk_->tree.ChangeNames(node, {{place.directory, place.name, node}});
  }
  return Finish(verdict, kDoing, path);
}

Status FaultFileSystem::RemoveDirectory(const std::string& path) {
  constexpr std::string_view kDoing = "removing directory";
  const std::lock_guard<std::mutex> lock(disk_->mu);
  const Verdict verdict = disk_->Meet(FileOperation::kRemove, path);
  if (!verdict.takes_effect) return FileError(verdict.error_number, kDoing, path);
  TURDB_ASSIGN_OR_RETURN(const FaultDisk::Place place, disk_->Find(path, kDoing));
  if (place.node == nullptr) return FileError(ENOENT, kDoing, path);
  if (!place.node->is_directory) return FileError(ENOTDIR, kDoing, path);
  if (!place.node->entries.empty()) return FileError(ENOTEMPTY, kDoing, path);
  disk_->tree.ChangeNames(place.node, {{place.directory, place.name, nullptr}});
  return Finish(verdict, kDoing, path);
}

Status FaultFileSystem::Remove(const std::string& path) {
  constexpr std::string_view kDoing = "removing";
  const std::lock_guard<std::mutex> lock(disk_->mu);
  const Verdict verdict = disk_->Meet(FileOperation::kRemove, path);
  if (!verdict.takes_effect) return FileError(verdict.error_number, kDoing, path);
  const StatusOr<FaultDisk::Place> place = disk_->Find(path, kDoing);
  if (absl::IsNotFound(place.status())) return Finish(verdict, kDoing, path);
  TURDB_RETURN_IF_ERROR(place.status());
  if (place->node != nullptr) {
    if (place->node->is_directory) return FileError(EISDIR, kDoing, path);
    disk_->tree.ChangeNames(place->node, {{place->directory, place->name, nullptr}});
  }
  return Finish(verdict, kDoing, path);
}

Status FaultFileSystem::Rename(const std::string& from, const std::string& to) {
  const std::string doing = absl::StrCat("renaming ", from, " to");
  const std::lock_guard<std::mutex> lock(disk_->mu);
  const Verdict verdict = disk_->Meet(FileOperation::kRename, to);
  if (!verdict.takes_effect) return FileError(verdict.error_number, doing, to);
  TURDB_ASSIGN_OR_RETURN(const FaultDisk::Place source, disk_->Find(from, doing));
  TURDB_ASSIGN_OR_RETURN(const FaultDisk::Place target, disk_->Find(to, doing));
  if (source.node == nullptr) return FileError(ENOENT, doing, to);
  const std::vector<std::string> from_parts = PathParts(from);
  const std::vector<std::string> to_parts = PathParts(to);
  if (from_parts == to_parts) return Finish(verdict, doing, to);
  if (to_parts.size() > from_parts.size() && std::equal(from_parts.begin(), from_parts.end(), to_parts.begin())) {
    return FileError(EINVAL, doing, to);
  }
  if (target.node != nullptr) {
    if (source.node->is_directory != target.node->is_directory) {
      return FileError(target.node->is_directory ? EISDIR : ENOTDIR, doing, to);
    }
    if (!target.node->entries.empty()) return FileError(ENOTEMPTY, doing, to);
  }
  disk_->tree.ChangeNames(source.node,
                          {{source.directory, source.name, nullptr}, {target.directory, target.name, source.node}});
  return Finish(verdict, doing, to);
}

Status FaultFileSystem::SyncDirectory(const std::string& path) {
  constexpr std::string_view kDoing = "syncing directory";
  const std::lock_guard<std::mutex> lock(disk_->mu);
  const Verdict verdict = disk_->Meet(FileOperation::kSyncDirectory, path);
  if (verdict.error_number != 0) return FileError(verdict.error_number, kDoing, path);
  TURDB_ASSIGN_OR_RETURN(const FaultNodePtr directory, disk_->Directory(PathParts(path), kDoing, path));
  disk_->tree.SyncDirectory(directory);
  return Status();
}

StatusOr<bool> FaultFileSystem::Exists(const std::string& path) {
  const std::lock_guard<std::mutex> lock(disk_->mu);
  if (PathParts(path).empty()) return true;
  const StatusOr<FaultDisk::Place> place = disk_->Find(path, "looking for");
  return place.ok() && place->node != nullptr;
}

StatusOr<std::vector<std::string>> FaultFileSystem::List(const std::string& path) {
  const std::lock_guard<std::mutex> lock(disk_->mu);
  const Verdict verdict = disk_->Meet(FileOperation::kList, path);
  if (verdict.error_number != 0) return FileError(verdict.error_number, "listing", path);
  TURDB_ASSIGN_OR_RETURN(const FaultNodePtr directory, disk_->Directory(PathParts(path), "listing", path));
  std::vector<std::string> names;
  for (const auto& [name, node] : directory->entries) names.push_back(name);
  return names;
}

StatusOr<std::unique_ptr<FileLock>> FaultFileSystem::Lock(const std::string& path, LockMode mode) {
  const std::lock_guard<std::mutex> lock(disk_->mu);
  const Verdict verdict = disk_->Meet(FileOperation::kLock, path);
  if (verdict.error_number != 0) return FileError(verdict.error_number, "locking", path);
  TURDB_ASSIGN_OR_RETURN(const FaultNodePtr node, disk_->OpenNode(path, OpenMode::kCreateOrOpen));
  TURDB_ASSIGN_OR_RETURN(std::unique_ptr<FileLock> held, disk_->locks->Acquire(node, path, mode));
  node->content.Resize(0);
  if (mode == LockMode::kExclusive) node->content.Write(0, base::AsBytes(absl::StrCat(getpid(), "\n")));
  return held;
}

StatusOr<std::string> FaultFileSystem::Identity(const std::string& path) {
  const std::lock_guard<std::mutex> lock(disk_->mu);
  TURDB_ASSIGN_OR_RETURN(const FaultNodePtr directory, disk_->Directory(PathParts(path), "looking at", path));
  return absl::StrCat("fault:", absl::Hex(reinterpret_cast<uintptr_t>(disk_.get())), ":", disk_->generation, ":",
                      directory->number);
}

}  // namespace turdb::os
