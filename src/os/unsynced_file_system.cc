#include "os/unsynced_file_system.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "os/file_system.h"

namespace turdb::os {
namespace {

using base::Bytes;
using base::MutableBytes;
using base::Status;
using base::StatusOr;

// As thread-safe as what it wraps, as is the file system below.
class UnsyncedFile final : public File {
 public:
  explicit UnsyncedFile(std::unique_ptr<File> file) : file_(std::move(file)) {}

  Status Read(uint64_t offset, MutableBytes into) override { return file_->Read(offset, into); }
  Status Write(uint64_t offset, Bytes from) override { return file_->Write(offset, from); }
  Status ReadBatch(std::span<const ReadRequest> requests) override { return file_->ReadBatch(requests); }
  Status WriteBatch(std::span<const WriteRequest> requests) override { return file_->WriteBatch(requests); }
  Status Sync() override { return Status(); }
  Status WriteDurably(uint64_t offset, Bytes from) override { return file_->Write(offset, from); }
  Status Extend(uint64_t size_bytes) override { return file_->Extend(size_bytes); }
  Status Truncate(uint64_t size_bytes) override { return file_->Truncate(size_bytes); }
  StatusOr<uint64_t> Size() override { return file_->Size(); }
  const std::string& path() const override { return file_->path(); }

 private:
  const std::unique_ptr<File> file_;
};

class UnsyncedFileSystem final : public FileSystem {
 public:
  explicit UnsyncedFileSystem(std::shared_ptr<FileSystem> files) : files_(std::move(files)) {}

  StatusOr<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override {
    TURDB_ASSIGN_OR_RETURN(std::unique_ptr<File> file, files_->Open(path, mode));
    return std::make_unique<UnsyncedFile>(std::move(file));
  }
  Status CreateDirectory(const std::string& path) override { return files_->CreateDirectory(path); }
  Status RemoveDirectory(const std::string& path) override { return files_->RemoveDirectory(path); }
  Status Remove(const std::string& path) override { return files_->Remove(path); }
  Status Rename(const std::string& from, const std::string& to) override { return files_->Rename(from, to); }
  Status SyncDirectory(const std::string&) override { return Status(); }
  StatusOr<bool> Exists(const std::string& path) override { return files_->Exists(path); }
  StatusOr<std::vector<std::string>> List(const std::string& path) override { return files_->List(path); }
  StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path, LockMode mode) override { return files_->Lock(path, mode); }
  StatusOr<std::string> Identity(const std::string& path) override { return files_->Identity(path); }

 private:
  const std::shared_ptr<FileSystem> files_;
};

}  // namespace

std::unique_ptr<FileSystem> NewUnsyncedFileSystem(std::shared_ptr<FileSystem> files) {
  return std::make_unique<UnsyncedFileSystem>(std::move(files));
}

}  // namespace turdb::os
