// Files in memory: the same tree of directories, the same rules about what must exist, the same locks, so that
// what works here works on a disk. A file that is removed while open lives until its last user lets go.
#include <unistd.h>

#include <cerrno>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <shared_mutex>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "os/file_error.h"
#include "os/file_system.h"
#include "os/lock_table.h"
#include "os/path_parts.h"
#include "os/sparse_bytes.h"

namespace turdb::os {
namespace {

using base::Bytes;
using base::MutableBytes;
using base::Status;
using base::StatusOr;

struct FileNode {
  std::shared_mutex mu;
  SparseBytes bytes;  // guarded by mu; shared suffices for reads and for writes in place
};

struct DirectoryNode;
using Node = std::variant<std::shared_ptr<FileNode>, std::shared_ptr<DirectoryNode>>;

struct DirectoryNode {
  uint64_t number = 0;
  std::map<std::string, Node> entries;
};

// Any thread; see File.
class MemoryFile final : public File {
 public:
  MemoryFile(std::shared_ptr<FileNode> node, std::string path, bool writable)
      : node_(std::move(node)), path_(std::move(path)), writable_(writable) {}

  Status Read(uint64_t offset, MutableBytes into) override {
    const std::shared_lock<std::shared_mutex> lock(node_->mu);
    const uint64_t size_bytes = node_->bytes.size_bytes();
    if (offset > size_bytes || size_bytes - offset < into.size()) {
      return TruncatedError(path_, offset, into.size(), offset < size_bytes ? size_bytes - offset : 0);
    }
    node_->bytes.Read(offset, into);
    return Status();
  }

  Status Write(uint64_t offset, Bytes from) override {
    if (!writable_) return FileErrorAt(EBADF, "writing", path_, offset);
    {
      const std::shared_lock<std::shared_mutex> lock(node_->mu);
      if (node_->bytes.WriteInPlace(offset, from)) return Status();
    }
    const std::lock_guard<std::shared_mutex> lock(node_->mu);
    try {
      node_->bytes.Write(offset, from);
    } catch (const std::bad_alloc&) {
      return FileErrorAt(ENOMEM, "writing", path_, offset);
    }
    return Status();
  }

  Status Sync() override { return Status(); }
  Status WriteDurably(uint64_t offset, Bytes from) override { return Write(offset, from); }

  Status Extend(uint64_t size_bytes) override {
    if (!writable_) return FileErrorAt(EBADF, "extending", path_, size_bytes);
    const std::lock_guard<std::shared_mutex> lock(node_->mu);
    if (size_bytes > node_->bytes.size_bytes()) node_->bytes.Resize(size_bytes);
    return Status();
  }

  Status Truncate(uint64_t size_bytes) override {
    if (!writable_) return FileErrorAt(EBADF, "truncating", path_, size_bytes);
    const std::lock_guard<std::shared_mutex> lock(node_->mu);
    node_->bytes.Resize(size_bytes);
    return Status();
  }

  StatusOr<uint64_t> Size() override {
    const std::shared_lock<std::shared_mutex> lock(node_->mu);
    return node_->bytes.size_bytes();
  }

  const std::string& path() const override { return path_; }

 private:
  const std::shared_ptr<FileNode> node_;
  const std::string path_;
  const bool writable_;
};

// Any thread: one mutex guards the tree, each file guards its own bytes.
class MemoryFileSystem final : public FileSystem {
 public:
  StatusOr<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override {
    const std::lock_guard<std::mutex> lock(mu_);
    TURDB_ASSIGN_OR_RETURN(std::shared_ptr<FileNode> node, OpenNode(path, mode));
    return std::make_unique<MemoryFile>(std::move(node), path, mode != OpenMode::kReadOnly);
  }

  Status CreateDirectory(const std::string& path) override {
    constexpr std::string_view kDoing = "creating directory";
    const std::lock_guard<std::mutex> lock(mu_);
    const std::vector<std::string> parts = PathParts(path);
    if (parts.empty()) return Status();
    TURDB_ASSIGN_OR_RETURN(const std::shared_ptr<DirectoryNode> parent, Parent(parts, kDoing, path));
    const auto [entry, is_new] = parent->entries.try_emplace(parts.back(), std::shared_ptr<DirectoryNode>());
    if (!is_new) return AsDirectory(entry->second) != nullptr ? Status() : FileError(EEXIST, kDoing, path);
    auto directory = std::make_shared<DirectoryNode>();
    directory->number = ++last_number_;
    entry->second = std::move(directory);
    return Status();
  }

  Status RemoveDirectory(const std::string& path) override {
    constexpr std::string_view kDoing = "removing directory";
    const std::lock_guard<std::mutex> lock(mu_);
    const std::vector<std::string> parts = PathParts(path);
    if (parts.empty()) return FileError(EBUSY, kDoing, path);
    TURDB_ASSIGN_OR_RETURN(const std::shared_ptr<DirectoryNode> parent, Parent(parts, kDoing, path));
    const auto entry = parent->entries.find(parts.back());
    if (entry == parent->entries.end()) return FileError(ENOENT, kDoing, path);
    const std::shared_ptr<DirectoryNode> directory = AsDirectory(entry->second);
    if (directory == nullptr) return FileError(ENOTDIR, kDoing, path);
    if (!directory->entries.empty()) return FileError(ENOTEMPTY, kDoing, path);
    parent->entries.erase(entry);
    return Status();
  }

  Status Remove(const std::string& path) override {
    const std::lock_guard<std::mutex> lock(mu_);
    const std::vector<std::string> parts = PathParts(path);
    const StatusOr<std::shared_ptr<DirectoryNode>> parent = Parent(parts, "removing", path);
    if (absl::IsNotFound(parent.status())) return Status();
    TURDB_RETURN_IF_ERROR(parent.status());
    const auto entry = (*parent)->entries.find(parts.back());
    if (entry == (*parent)->entries.end()) return Status();
    if (AsFile(entry->second) == nullptr) return FileError(EISDIR, "removing", path);
    (*parent)->entries.erase(entry);
    return Status();
  }

  Status Rename(const std::string& from, const std::string& to) override {
    const std::lock_guard<std::mutex> lock(mu_);
    const std::string doing = absl::StrCat("renaming ", from, " to");
    const std::vector<std::string> from_parts = PathParts(from);
    const std::vector<std::string> to_parts = PathParts(to);
    TURDB_ASSIGN_OR_RETURN(const std::shared_ptr<DirectoryNode> from_parent, Parent(from_parts, doing, to));
    TURDB_ASSIGN_OR_RETURN(const std::shared_ptr<DirectoryNode> to_parent, Parent(to_parts, doing, to));
    const auto source = from_parent->entries.find(from_parts.back());
    if (source == from_parent->entries.end()) return FileError(ENOENT, doing, to);
    if (from_parts == to_parts) return Status();
    const bool inside_itself =
        to_parts.size() > from_parts.size() && std::equal(from_parts.begin(), from_parts.end(), to_parts.begin());
    if (inside_itself) return FileError(EINVAL, doing, to);
    const auto target = to_parent->entries.find(to_parts.back());
    if (target != to_parent->entries.end()) TURDB_RETURN_IF_ERROR(MayReplace(source->second, target->second, doing, to));
    Node node = std::move(source->second);
    from_parent->entries.erase(source);
    to_parent->entries.insert_or_assign(to_parts.back(), std::move(node));
    return Status();
  }

  Status SyncDirectory(const std::string& path) override {
    const std::lock_guard<std::mutex> lock(mu_);
    return Directory(PathParts(path), "syncing directory", path).status();
  }

  StatusOr<bool> Exists(const std::string& path) override {
    const std::lock_guard<std::mutex> lock(mu_);
    const std::vector<std::string> parts = PathParts(path);
    if (parts.empty()) return true;
    const StatusOr<std::shared_ptr<DirectoryNode>> parent = Parent(parts, "looking for", path);
    return parent.ok() && (*parent)->entries.contains(parts.back());
  }

  StatusOr<std::vector<std::string>> List(const std::string& path) override {
    const std::lock_guard<std::mutex> lock(mu_);
    TURDB_ASSIGN_OR_RETURN(const std::shared_ptr<DirectoryNode> directory, Directory(PathParts(path), "listing", path));
    std::vector<std::string> names;
    names.reserve(directory->entries.size());
    for (const auto& [name, node] : directory->entries) names.push_back(name);
    return names;
  }

  StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path, LockMode mode) override {
    std::shared_ptr<FileNode> node;
    {
      const std::lock_guard<std::mutex> lock(mu_);
      TURDB_ASSIGN_OR_RETURN(node, OpenNode(path, OpenMode::kCreateOrOpen));
    }
    TURDB_ASSIGN_OR_RETURN(std::unique_ptr<FileLock> lock, locks_->Acquire(node, path, mode));
    MemoryFile file(node, path, /*writable=*/true);
    TURDB_RETURN_IF_ERROR(file.Truncate(0));
    if (mode == LockMode::kExclusive) TURDB_RETURN_IF_ERROR(file.Write(0, base::AsBytes(absl::StrCat(getpid(), "\n"))));
    return lock;
  }

  StatusOr<std::string> Identity(const std::string& path) override {
    const std::lock_guard<std::mutex> lock(mu_);
    TURDB_ASSIGN_OR_RETURN(const std::shared_ptr<DirectoryNode> directory, Directory(PathParts(path), "looking at", path));
    return absl::StrCat("memory:", absl::Hex(reinterpret_cast<uintptr_t>(this)), ":", directory->number);
  }

 private:
  static std::shared_ptr<FileNode> AsFile(const Node& node) {
    const auto* file = std::get_if<std::shared_ptr<FileNode>>(&node);
    return file == nullptr ? nullptr : *file;
  }
  static std::shared_ptr<DirectoryNode> AsDirectory(const Node& node) {
    const auto* directory = std::get_if<std::shared_ptr<DirectoryNode>>(&node);
    return directory == nullptr ? nullptr : *directory;
  }

  // As rename(2): a file replaces a file, a directory an empty directory.
  static Status MayReplace(const Node& source, const Node& target, std::string_view doing, const std::string& to) {
    const std::shared_ptr<DirectoryNode> replaced = AsDirectory(target);
    if (AsDirectory(source) == nullptr) return replaced == nullptr ? Status() : FileError(EISDIR, doing, to);
    if (replaced == nullptr) return FileError(ENOTDIR, doing, to);
    return replaced->entries.empty() ? Status() : FileError(ENOTEMPTY, doing, to);
  }

  StatusOr<std::shared_ptr<DirectoryNode>> Directory(std::span<const std::string> parts, std::string_view doing,
                                                     const std::string& path) {
    std::shared_ptr<DirectoryNode> directory = root_;
    for (const std::string& part : parts) {
      const auto entry = directory->entries.find(part);
      if (entry == directory->entries.end()) return FileError(ENOENT, doing, path);
      directory = AsDirectory(entry->second);
      if (directory == nullptr) return FileError(ENOTDIR, doing, path);
    }
    return directory;
  }

  StatusOr<std::shared_ptr<DirectoryNode>> Parent(std::span<const std::string> parts, std::string_view doing,
                                                  const std::string& path) {
    if (parts.empty()) return FileError(EISDIR, doing, path);
    return Directory(parts.first(parts.size() - 1), doing, path);
  }

  StatusOr<std::shared_ptr<FileNode>> OpenNode(const std::string& path, OpenMode mode) {
    const bool may_create = mode != OpenMode::kReadOnly && mode != OpenMode::kReadWrite;
    const std::string_view doing = may_create ? "creating" : "opening";
    const std::vector<std::string> parts = PathParts(path);
    TURDB_ASSIGN_OR_RETURN(const std::shared_ptr<DirectoryNode> parent, Parent(parts, doing, path));
    const auto entry = parent->entries.find(parts.back());
    if (entry == parent->entries.end()) {
      if (!may_create) return FileError(ENOENT, doing, path);
      auto node = std::make_shared<FileNode>();
      parent->entries.emplace(parts.back(), node);
      return node;
    }
    if (mode == OpenMode::kCreate) return FileError(EEXIST, doing, path);
    std::shared_ptr<FileNode> node = AsFile(entry->second);
    if (node == nullptr) return FileError(EISDIR, doing, path);
    if (mode == OpenMode::kCreateOrTruncate) {
      const std::lock_guard<std::shared_mutex> lock(node->mu);
      node->bytes.Resize(0);
    }
    return node;
  }

  std::mutex mu_;                                                                  // before FileNode::mu and the lock table's
  const std::shared_ptr<DirectoryNode> root_ = std::make_shared<DirectoryNode>();  // the tree is guarded by mu_
  uint64_t last_number_ = 0;                                                       // guarded by mu_
  const std::shared_ptr<LockTable> locks_ = std::make_shared<LockTable>();
};

}  // namespace

std::unique_ptr<FileSystem> NewMemoryFileSystem() { return std::make_unique<MemoryFileSystem>(); }

}  // namespace turdb::os
