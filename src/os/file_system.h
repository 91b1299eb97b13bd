// Files as the engine sees them. Everything that touches a disk goes through these two classes, so that
// a test can put a memory file system or a fault-injecting one below the whole engine.
#ifndef TURDB_OS_FILE_SYSTEM_H_
#define TURDB_OS_FILE_SYSTEM_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"

namespace turdb::os {

struct ReadRequest {
  uint64_t offset = 0;
  base::MutableBytes into;
};
struct WriteRequest {
  uint64_t offset = 0;
  base::Bytes from;
};

// An open file. Any thread; reads and writes of disjoint ranges may run at once. Every error names the
// operation, the path, the offset and the cause ("writing mydb/root/t.tbd at offset 16384: No space left
// on device"). SQLSTATE 53100: the disk or the quota is full; 58P01: what was named is not there; 58P02: it
// is there already; 58030: any other failure of I/O.
class File {
 public:
  virtual ~File() = default;

  // Reads exactly into.size() bytes; a shorter file is an error (corruption: "truncated").
  virtual base::Status Read(uint64_t offset, base::MutableBytes into) = 0;
  virtual base::Status Write(uint64_t offset, base::Bytes from) = 0;
  // The same for many ranges at once: io_uring where the kernel has it, one after the other elsewhere.
  virtual base::Status ReadBatch(std::span<const ReadRequest> requests);
  virtual base::Status WriteBatch(std::span<const WriteRequest> requests);
  // Returns once everything written so far survives power loss. After a failure nothing may be assumed
  // about what was written since the last success.
  virtual base::Status Sync() = 0;
  // Write, and returns once what it wrote survives power loss; what others wrote before it need not. One call to the
  // system where Write and Sync are two. On error as after a failed Sync. REQUIRES: the file is that long already,
  // durably.
  virtual base::Status WriteDurably(uint64_t offset, base::Bytes from) = 0;
  // Reserves space up to `size_bytes` and zero-fills it, so that later writes there cannot meet a full disk.
  // A file that is long enough already stays as it is. REQUIRES: nobody writes beyond the end meanwhile.
  // On error the file keeps its size.
  virtual base::Status Extend(uint64_t size_bytes) = 0;
  virtual base::Status Truncate(uint64_t size_bytes) = 0;
  virtual base::StatusOr<uint64_t> Size() = 0;
  virtual const std::string& path() const = 0;
};

enum class OpenMode : uint8_t { kReadOnly, kReadWrite, kCreate /* must not exist */, kCreateOrOpen, kCreateOrTruncate };

// Held until destroyed. See FileSystem::Lock.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

enum class LockMode : uint8_t { kShared, kExclusive };

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual base::StatusOr<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) = 0;
  virtual base::Status CreateDirectory(const std::string& path) = 0;                // fine when it is there already
  virtual base::Status RemoveDirectory(const std::string& path) = 0;                // must be empty
  virtual base::Status Remove(const std::string& path) = 0;                         // fine when it is not there
  virtual base::Status Rename(const std::string& from, const std::string& to) = 0;  // replaces `to`
  virtual base::Status SyncDirectory(const std::string& path) = 0;
  virtual base::StatusOr<bool> Exists(const std::string& path) = 0;
  // Names (not paths) of what is directly inside, sorted.
  virtual base::StatusOr<std::vector<std::string>> List(const std::string& path) = 0;
  // Locks the file at `path` (made when missing) against other openers: an OFD lock, so that two copies
  // of the library in one process exclude each other too. When another holds it: kFailedPrecondition
  // with SQLSTATE 55000 and the holder's pid in the message, as far as it is known. An exclusive holder
  // writes its pid into the file. A directory on a network file system is refused with SQLSTATE 0A000: locks
  // and syncs cannot be trusted there. The file is never removed.
  virtual base::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path, LockMode mode) = 0;
  // A string that is equal for two paths if and only if they name the same directory (device and inode).
  virtual base::StatusOr<std::string> Identity(const std::string& path) = 0;
};

// The machine's own files (os/posix_file_system.cc). Stateless; one may serve many databases.
std::unique_ptr<FileSystem> NewPosixFileSystem();
// Files in memory, for ":memory:" and for tests (os/memory_file_system.cc).
std::unique_ptr<FileSystem> NewMemoryFileSystem();

// "a" and "b" become "a/b".
std::string JoinPath(std::string_view directory, std::string_view name);

}  // namespace turdb::os

#endif  // TURDB_OS_FILE_SYSTEM_H_
