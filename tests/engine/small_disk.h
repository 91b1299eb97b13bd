// A disk of a given size over another file system: whoever makes files longer than fit meets ENOSPC, and what is removed or
// cut makes room. Names and folders take none.
#ifndef TURDB_TESTS_ENGINE_SMALL_DISK_H_
#define TURDB_TESTS_ENGINE_SMALL_DISK_H_

#include <atomic>
#include <cerrno>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "os/file_error.h"
#include "os/file_system.h"

namespace turdb::engine {

// Thread-safe.
class SmallDisk final : public os::FileSystem, public std::enable_shared_from_this<SmallDisk> {
 public:
  explicit SmallDisk(std::shared_ptr<os::FileSystem> files) : files_(std::move(files)) {}

  void set_capacity(uint64_t bytes) { capacity_bytes_ = bytes; }
  uint64_t used_bytes() const { return SizeOf(""); }
  uint64_t refused() const { return refused_; }  // how often there was no room

  base::StatusOr<std::unique_ptr<os::File>> Open(const std::string& path, os::OpenMode mode) override {
    TURDB_ASSIGN_OR_RETURN(std::unique_ptr<os::File> file, files_->Open(path, mode));
    return std::make_unique<SmallFile>(shared_from_this(), std::move(file));
  }
  base::Status CreateDirectory(const std::string& path) override { return files_->CreateDirectory(path); }
  base::Status RemoveDirectory(const std::string& path) override { return files_->RemoveDirectory(path); }
  base::Status Remove(const std::string& path) override { return files_->Remove(path); }
  base::Status Rename(const std::string& from, const std::string& to) override { return files_->Rename(from, to); }
  base::Status SyncDirectory(const std::string& path) override { return files_->SyncDirectory(path); }
  base::StatusOr<bool> Exists(const std::string& path) override { return files_->Exists(path); }
  base::StatusOr<std::vector<std::string>> List(const std::string& path) override { return files_->List(path); }
  base::StatusOr<std::unique_ptr<os::FileLock>> Lock(const std::string& path, os::LockMode mode) override {
    return files_->Lock(path, mode);
  }
  base::StatusOr<std::string> Identity(const std::string& path) override { return files_->Identity(path); }

 private:
  class SmallFile final : public os::File {
   public:
    SmallFile(std::shared_ptr<SmallDisk> disk, std::unique_ptr<os::File> file)
        : disk_(std::move(disk)), file_(std::move(file)) {}
    base::Status Read(uint64_t offset, base::MutableBytes into) override { return file_->Read(offset, into); }
    base::Status Write(uint64_t offset, base::Bytes from) override {
      return Grow(offset + from.size(), [&] { return file_->Write(offset, from); });
    }
    base::Status Sync() override { return file_->Sync(); }
    base::Status WriteDurably(uint64_t offset, base::Bytes from) override {
      return Grow(offset + from.size(), [&] { return file_->WriteDurably(offset, from); });
    }
    base::Status Extend(uint64_t size_bytes) override {
      return Grow(size_bytes, [&] { return file_->Extend(size_bytes); });
    }
    base::Status Truncate(uint64_t size_bytes) override { return file_->Truncate(size_bytes); }
    base::StatusOr<uint64_t> Size() override { return file_->Size(); }
    const std::string& path() const override { return file_->path(); }

   private:
    template <typename Operation>
    base::Status Grow(uint64_t size_bytes, Operation operation) {
      std::lock_guard lock(disk_->mu_);
      TURDB_ASSIGN_OR_RETURN(const uint64_t now_bytes, file_->Size());
      if (size_bytes > now_bytes && disk_->used_bytes() + (size_bytes - now_bytes) > disk_->capacity_bytes_) {
        ++disk_->refused_;
        return os::FileErrorAt(ENOSPC, "extending", path(), size_bytes);
      }
      return operation();
    }

    const std::shared_ptr<SmallDisk> disk_;
    const std::unique_ptr<os::File> file_;
  };

  uint64_t SizeOf(const std::string& directory) const {
    uint64_t total = 0;
    const auto names = files_->List(directory);
    if (!names.ok()) return 0;
    for (const std::string& name : *names) {
      const std::string path = directory.empty() ? name : os::JoinPath(directory, name);
      if (files_->List(path).ok()) {
        total += SizeOf(path);
      } else if (const auto file = files_->Open(path, os::OpenMode::kReadOnly); file.ok()) {
        total += *(*file)->Size();
      }
    }
    return total;
  }

  const std::shared_ptr<os::FileSystem> files_;
  std::atomic<uint64_t> capacity_bytes_{UINT64_MAX};
  std::atomic<uint64_t> refused_{0};
  std::mutex mu_;
};

}  // namespace turdb::engine

#endif  // TURDB_TESTS_ENGINE_SMALL_DISK_H_
