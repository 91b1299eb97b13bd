// The machine's own files, by the POSIX calls and three of Linux's: open-file-description locks, fallocate
// and io_uring.
//
// Two things look odder than they are. A short count is no error to the kernel, so every transfer is a loop.
// And an open-file-description lock belongs to the open file, not to the process, so that two copies of the
// library in one process exclude each other, and closing an unrelated descriptor of the same file does not
// drop the lock, as it would with the older fcntl locks; the kernel then cannot name the holder, so an
// exclusive holder leaves its pid in the file.
#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "os/file_error.h"
#include "os/file_system.h"
#include "os/io_ring.h"
#include "os/network_file_system.h"

namespace turdb::os {
namespace {

using base::Bytes;
using base::MutableBytes;
using base::Status;
using base::StatusOr;

// Owns a descriptor.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Descriptor() {
    if (value_ >= 0) close(value_);  // nothing is buffered in it, so there is nothing to learn from a failure
  }
  int get() const { return value_; }

 private:
  int value_;
};

// open(2), never answering 0, 1 or 2: a host that closed its standard streams would print into our files.
StatusOr<Descriptor> OpenDescriptor(const std::string& path, int flags, std::string_view doing) {
  int descriptor = -1;
  do {
    descriptor = open(path.c_str(), flags | O_CLOEXEC, 0644);
  } while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0) return FileError(errno, doing, path);
  if (descriptor > 2) return Descriptor(descriptor);
  const Descriptor low(descriptor);
  const int high = fcntl(low.get(), F_DUPFD_CLOEXEC, 3);
  if (high < 0) return FileError(errno, doing, path);
  return Descriptor(high);
}

// Past the process's limit (ulimit -f) a write brings a signal that ends the host: an error is better.
uint64_t LargestFileBytes() {
  rlimit limit{};
  return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY ? limit.rlim_cur : UINT64_MAX;
}

// Any thread: the members do not change after construction, and the kernel serialises what must be.
class PosixFile final : public File {
 public:
  PosixFile(Descriptor descriptor, std::string path, std::shared_ptr<RingPool> rings)
      : descriptor_(std::move(descriptor)), path_(std::move(path)), rings_(std::move(rings)), most_bytes_(LargestFileBytes()) {}

  Status Read(uint64_t offset, MutableBytes into) override { return ReadFrom(offset, into, 0); }
  Status Write(uint64_t offset, Bytes from) override {
    TURDB_RETURN_IF_ERROR(CheckSize(offset, from.size()));
    return WriteFrom(offset, from, 0);
  }

  Status ReadBatch(std::span<const ReadRequest> requests) override {
    std::vector<Transfer> transfers;
    if (WorthARing(requests.size())) {
      transfers.reserve(requests.size());
      for (const ReadRequest& request : requests) {
        transfers.push_back({request.offset, request.into.data(), ClampedSize(request.into.size()), 0});
      }
    }
    const bool ran = !transfers.empty() && rings_->Run(descriptor_.get(), /*write=*/false, transfers);
    for (size_t i = 0; i < requests.size(); ++i) {
      // What the ring did not finish, or failed at, is done again the plain way, which knows every cause.
      const size_t done = ran && transfers[i].result > 0 ? static_cast<size_t>(transfers[i].result) : 0;
      TURDB_RETURN_IF_ERROR(ReadFrom(requests[i].offset, requests[i].into, done));
    }
    return Status();
  }

  Status WriteBatch(std::span<const WriteRequest> requests) override {
    for (const WriteRequest& request : requests) TURDB_RETURN_IF_ERROR(CheckSize(request.offset, request.from.size()));
    std::vector<Transfer> transfers;
    if (WorthARing(requests.size())) {
      transfers.reserve(requests.size());
      for (const WriteRequest& request : requests) {
        transfers.push_back({request.offset, const_cast<std::byte*>(request.from.data()), ClampedSize(request.from.size()), 0});
      }
    }
    const bool ran = !transfers.empty() && rings_->Run(descriptor_.get(), /*write=*/true, transfers);
    for (size_t i = 0; i < requests.size(); ++i) {
      const size_t done = ran && transfers[i].result > 0 ? static_cast<size_t>(transfers[i].result) : 0;
      TURDB_RETURN_IF_ERROR(WriteFrom(requests[i].offset, requests[i].from, done));
    }
    return Status();
  }

  Status Sync() override {
    // fdatasync also writes the size when it changed, which is all the metadata a reader needs. It is asked
    // again only when a signal interrupted it, never after a failure.
    int result = 0;
    do {
      result = fdatasync(descriptor_.get());
    } while (result != 0 && errno == EINTR);
    return result == 0 ? Status() : FileError(errno, "syncing", path_);
  }

  Status WriteDurably(uint64_t offset, Bytes from) override {
    TURDB_RETURN_IF_ERROR(CheckSize(offset, from.size()));
    iovec range{const_cast<std::byte*>(from.data()), ClampedSize(from.size())};
    ssize_t count = 0;
    do {
      count = pwritev2(descriptor_.get(), &range, 1, static_cast<off_t>(offset), RWF_DSYNC);
    } while (count < 0 && errno == EINTR);
    if (count == static_cast<ssize_t>(from.size())) return Status();
    // Nothing was tried where the flag is unknown, and a short count is no error yet.
    if (count < 0 && errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL) {
      return FileErrorAt(errno, "writing", path_, offset);
    }
    TURDB_RETURN_IF_ERROR(WriteFrom(offset, from, count < 0 ? 0 : static_cast<size_t>(count)));
    return Sync();
  }

  Status Extend(uint64_t size_bytes) override {
    TURDB_ASSIGN_OR_RETURN(const uint64_t old_size_bytes, Size());
    if (size_bytes <= old_size_bytes) return Status();
    if (size_bytes > most_bytes_) return FileErrorAt(EFBIG, "extending", path_, size_bytes);
    Status status = Reserve(old_size_bytes, size_bytes);
    if (status.ok()) status = WriteZeros(old_size_bytes, size_bytes);
    if (!status.ok()) {
      // Best effort: the cause to report is the one already met.
      [[maybe_unused]] const int ignored = ftruncate(descriptor_.get(), static_cast<off_t>(old_size_bytes));
    }
    return status;
  }

  Status Truncate(uint64_t size_bytes) override {
    int result = 0;
    do {
      result = ftruncate(descriptor_.get(), static_cast<off_t>(size_bytes));
    } while (result != 0 && errno == EINTR);
    return result == 0 ? Status() : FileErrorAt(errno, "truncating", path_, size_bytes);
  }

  StatusOr<uint64_t> Size() override {
    struct stat about;
    if (fstat(descriptor_.get(), &about) != 0) return FileError(errno, "asking the size of", path_);
    return static_cast<uint64_t>(about.st_size);
  }

  const std::string& path() const override { return path_; }

 private:
  static constexpr size_t kLargestTransferBytes = size_t{1} << 30;  // Linux moves at most 2 GiB - 4 KiB a call
  static bool WorthARing(size_t request_count) { return request_count >= 4; }
  static uint32_t ClampedSize(size_t size_bytes) { return static_cast<uint32_t>(std::min(size_bytes, kLargestTransferBytes)); }

  Status CheckSize(uint64_t offset, size_t bytes) const {
    return offset + bytes <= most_bytes_ ? Status() : FileErrorAt(EFBIG, "writing", path_, offset);
  }

  // The first `done` bytes are there already.
  Status ReadFrom(uint64_t offset, MutableBytes into, size_t done) {
    while (done < into.size()) {
      const ssize_t count =
          pread(descriptor_.get(), into.data() + done, ClampedSize(into.size() - done), static_cast<off_t>(offset + done));
      if (count > 0) {
        done += static_cast<size_t>(count);
      } else if (count == 0) {
        return TruncatedError(path_, offset, into.size(), done);
      } else if (errno != EINTR) {
        return FileErrorAt(errno, "reading", path_, offset + done);
      }
    }
    return Status();
  }

  Status WriteFrom(uint64_t offset, Bytes from, size_t done) {
    while (done < from.size()) {
      const ssize_t count =
          pwrite(descriptor_.get(), from.data() + done, ClampedSize(from.size() - done), static_cast<off_t>(offset + done));
      if (count > 0) {
        done += static_cast<size_t>(count);
      } else if (count == 0) {
        return FileErrorAt(EIO, "writing", path_, offset + done);
      } else if (errno != EINTR) {
        return FileErrorAt(errno, "writing", path_, offset + done);
      }
    }
    return Status();
  }

  // Finds out whether the disk has room before a byte is written. A file system that cannot reserve is no
  // error: writing the zeros finds out too, only later.
  Status Reserve(uint64_t from_bytes, uint64_t to_bytes) {
    int result = 0;
    do {
      result = fallocate(descriptor_.get(), 0, static_cast<off_t>(from_bytes), static_cast<off_t>(to_bytes - from_bytes));
    } while (result != 0 && errno == EINTR);
    if (result == 0 || errno == EOPNOTSUPP || errno == ENOSYS) return Status();
    return FileErrorAt(errno, "extending", path_, to_bytes);
  }

  // Reserved extents count as unwritten, and each first write into one changes metadata that the next sync
  // must then journal. Zeros written now keep later syncs down to the data.
  Status WriteZeros(uint64_t from_bytes, uint64_t to_bytes) {
    const std::vector<std::byte> zeros(static_cast<size_t>(std::min<uint64_t>(to_bytes - from_bytes, 256 << 10)));
    for (uint64_t offset = from_bytes; offset < to_bytes; offset += zeros.size()) {
      const auto count = static_cast<size_t>(std::min<uint64_t>(to_bytes - offset, zeros.size()));
      TURDB_RETURN_IF_ERROR(WriteFrom(offset, Bytes(zeros).first(count), 0));
    }
    return Status();
  }

  const Descriptor descriptor_;
  const std::string path_;
  const std::shared_ptr<RingPool> rings_;
  const uint64_t most_bytes_;
};

std::string ParentOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

bool SetLock(int descriptor, short type) {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;  // from byte 0, length 0: the whole file
  int result = 0;
  do {
    result = fcntl(descriptor, F_OFD_SETLK, &lock);
  } while (result != 0 && errno == EINTR);
  return result == 0;
}

// The pid that an exclusive holder left in the lock file; 0 when there is none to be read.
int64_t ReadHolder(int descriptor) {
  char text[32];
  const ssize_t count = pread(descriptor, text, sizeof(text), 0);
  if (count <= 0) return 0;
  const std::string_view line(text, static_cast<size_t>(count));
  const size_t end = line.find('\n');
  int64_t pid = 0;
  return end != std::string_view::npos && absl::SimpleAtoi(line.substr(0, end), &pid) ? pid : 0;
}

// Any thread; nothing changes between construction and destruction.
class PosixLock final : public FileLock {
 public:
  PosixLock(Descriptor descriptor, LockMode mode) : descriptor_(std::move(descriptor)), mode_(mode) {}
  ~PosixLock() override {
    if (mode_ == LockMode::kExclusive) {
      [[maybe_unused]] const int ignored = ftruncate(descriptor_.get(), 0);  // a pid left behind does no harm
    }
    if (descriptor_.get() >= 0)
      SetLock(descriptor_.get(), F_UNLCK);  // not only by closing: a forked child may have the descriptor too
  }

 private:
  const Descriptor descriptor_;
  const LockMode mode_;
};

// Any thread; its only state is the pool of rings, which synchronises itself.
class PosixFileSystem final : public FileSystem {
 public:
  StatusOr<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override {
    int flags = O_RDWR;
    switch (mode) {
      case OpenMode::kReadOnly:
        flags = O_RDONLY;
        break;
      case OpenMode::kReadWrite:
        break;
      case OpenMode::kCreate:
        flags |= O_CREAT | O_EXCL;
        break;
      case OpenMode::kCreateOrOpen:
        flags |= O_CREAT;
        break;
      case OpenMode::kCreateOrTruncate:
        flags |= O_CREAT | O_TRUNC;
        break;
    }
    const bool may_create = (flags & O_CREAT) != 0;
    TURDB_ASSIGN_OR_RETURN(Descriptor descriptor, OpenDescriptor(path, flags, may_create ? "creating" : "opening"));
    struct stat about;
    if (fstat(descriptor.get(), &about) != 0) return FileError(errno, "opening", path);
    if (!S_ISREG(about.st_mode)) return base::IoError(absl::StrCat("opening ", path, ": it is not a regular file"));
    return std::make_unique<PosixFile>(std::move(descriptor), path, rings_);
  }

  Status CreateDirectory(const std::string& path) override {
    if (mkdir(path.c_str(), 0755) == 0) return Status();
    const int error_number = errno;
    struct stat about;
    if (error_number == EEXIST && stat(path.c_str(), &about) == 0 && S_ISDIR(about.st_mode)) return Status();
    return FileError(error_number, "creating directory", path);
  }

  Status RemoveDirectory(const std::string& path) override {
    return rmdir(path.c_str()) == 0 ? Status() : FileError(errno, "removing directory", path);
  }

  Status Remove(const std::string& path) override {
    return unlink(path.c_str()) == 0 || errno == ENOENT ? Status() : FileError(errno, "removing", path);
  }

  Status Rename(const std::string& from, const std::string& to) override {
    if (rename(from.c_str(), to.c_str()) == 0) return Status();
    const int error_number = errno;
    return FileError(error_number, absl::StrCat("renaming ", from, " to"), to);
  }

  Status SyncDirectory(const std::string& path) override {
    TURDB_ASSIGN_OR_RETURN(const Descriptor descriptor, OpenDescriptor(path, O_RDONLY | O_DIRECTORY, "syncing directory"));
    int result = 0;
    do {
      result = fsync(descriptor.get());
    } while (result != 0 && errno == EINTR);
    // EINVAL: a file system whose directories have nothing to sync.
    return result == 0 || errno == EINVAL ? Status() : FileError(errno, "syncing directory", path);
  }

  StatusOr<bool> Exists(const std::string& path) override {
    struct stat about;
    if (stat(path.c_str(), &about) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return FileError(errno, "looking for", path);
  }

  StatusOr<std::vector<std::string>> List(const std::string& path) override {
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir(path.c_str()), &closedir);
    if (directory == nullptr) return FileError(errno, "listing", path);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = readdir(directory.get())) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    const int error_number = errno;
    if (error_number != 0) return FileError(error_number, "listing", path);
    std::sort(names.begin(), names.end());
    return names;
  }

  StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path, LockMode mode) override {
    TURDB_RETURN_IF_ERROR(RefuseNetwork(path));
    const bool exclusive = mode == LockMode::kExclusive;
    while (true) {
      StatusOr<Descriptor> opened = OpenDescriptor(path, O_RDWR | O_CREAT, "locking");
      const bool writable = opened.ok();
      // A reader of a medium that cannot be written still shares.
      if (!writable && !exclusive) opened = OpenDescriptor(path, O_RDONLY, "locking");
      // Where nobody can write, no lock is needed: the medium may have come without the file.
      if (!opened.ok() && !exclusive && IsReadOnlyMedium(path)) return std::make_unique<PosixLock>(Descriptor(-1), mode);
      TURDB_RETURN_IF_ERROR(opened.status());
      Descriptor descriptor = *std::move(opened);
      if (!SetLock(descriptor.get(), exclusive ? F_WRLCK : F_RDLCK)) return WhyNot(path, descriptor.get(), errno);
      if (!IsStillAt(path, descriptor.get())) continue;  // somebody removed the file: lock the new one
      // Whoever left a pid here is gone, or the lock would not have been granted.
      if (writable) TURDB_RETURN_IF_ERROR(WriteHolder(path, descriptor.get(), exclusive));
      return std::make_unique<PosixLock>(std::move(descriptor), mode);
    }
  }

  StatusOr<std::string> Identity(const std::string& path) override {
    struct stat about;
    if (stat(path.c_str(), &about) != 0) return FileError(errno, "looking at", path);
    return absl::StrCat(about.st_dev, ":", about.st_ino);
  }

 private:
  static Status RefuseNetwork(const std::string& path) {
    const std::string directory = ParentOf(path);
    struct statfs about;
    if (statfs(directory.c_str(), &about) != 0) return FileError(errno, "locking", path);
    const std::string_view network = NetworkFileSystemName(static_cast<uint64_t>(about.f_type));
    if (network.empty()) return Status();
    return base::WithHint(
        base::UnsupportedError(absl::StrCat("locking ", path, ": ", directory, " is on a network file system (", network,
                                            "), where locks and syncs of other machines cannot be relied upon")),
        "keep the database on a disk of this machine");
  }

  static bool IsReadOnlyMedium(const std::string& path) {
    struct statfs about;
    return statfs(ParentOf(path).c_str(), &about) == 0 && (about.f_flags & ST_RDONLY) != 0;
  }

  static Status WhyNot(const std::string& path, int descriptor, int error_number) {
    if (error_number != EAGAIN && error_number != EACCES) return FileError(error_number, "locking", path);
    // A shared lock is refused only by an exclusive holder; an exclusive one by either.
    struct flock blocker = {};
    blocker.l_type = F_WRLCK;
    blocker.l_whence = SEEK_SET;
    const bool readers = fcntl(descriptor, F_OFD_GETLK, &blocker) == 0 && blocker.l_type == F_RDLCK;
    return LockedError(path, ReadHolder(descriptor), !readers);
  }

  static bool IsStillAt(const std::string& path, int descriptor) {
    struct stat here;
    struct stat there;
    return fstat(descriptor, &here) == 0 && stat(path.c_str(), &there) == 0 && here.st_dev == there.st_dev &&
           here.st_ino == there.st_ino;
  }

  // Over what is there, which takes no room: a database on a full disk must open, so that something can be done about it.
  static Status WriteHolder(const std::string& path, int descriptor, bool exclusive) {
    const std::string line = exclusive ? absl::StrCat(getpid(), "\n") : "";
    const ssize_t count = line.empty() ? 0 : pwrite(descriptor, line.data(), line.size(), 0);
    const bool full = count < 0 && (errno == ENOSPC || errno == EDQUOT);  // then the holder has no name
    if (count != static_cast<ssize_t>(line.size()) && !full) {
      return FileError(count < 0 ? errno : EIO, "writing the lock file", path);
    }
    if (ftruncate(descriptor, full ? 0 : static_cast<off_t>(line.size())) == 0) return Status();
    return FileError(errno, "writing the lock file", path);
  }

  const std::shared_ptr<RingPool> rings_ = std::make_shared<RingPool>();
};

}  // namespace

std::unique_ptr<FileSystem> NewPosixFileSystem() { return std::make_unique<PosixFileSystem>(); }

}  // namespace turdb::os
