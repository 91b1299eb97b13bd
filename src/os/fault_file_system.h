// Files in memory that fail when told to, and that can lose power.
//
// A test runs the engine over a FaultFileSystem, makes the Nth operation fail (or tear, or cuts the power
// there), and then takes what a disk could hold after the crash, as often as it likes:
//
//   auto disk = std::make_shared<FaultFileSystem>();
//   disk->CutPowerAt(17);           // the 17th operation from now fails, and everything after it
//   Run(disk);                      // meets the error
//   for (uint64_t seed = 0; seed < 10; ++seed) Verify(disk->CrashedCopy(seed));
//
// What survives a crash:
// (F1) Bytes that a successful Sync of their file covered, and its size; bytes within that size that a successful
//      WriteDurably wrote, with the rest of the sectors they touch.
// (F2) Of every 512-byte sector written since: the synced content or that of any later write, each sector on
//      its own, whatever the order of the writes. A sector itself never tears.
// (F3) The synced size of a file or any that it had since. What a longer one uncovers reads as zeros or as (F2)
//      says.
// (F4) A create, rename or removal that a successful SyncDirectory covered (for a rename between two
//      directories: of both). Of those since, each as a whole or not at all, but never one without the earlier
//      ones that concern the same name or the same file: a rename never loses a file.
// (F5) A sector that waited when a Sync failed stays doubtful: no later Sync covers it until it is written
//      again, as Linux forgets pages that it could not write.
// Seed 0 loses whatever may be lost, seed 1 loses nothing, others draw; equal seeds draw equally.
#ifndef TURDB_OS_FAULT_FILE_SYSTEM_H_
#define TURDB_OS_FAULT_FILE_SYSTEM_H_

#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "os/file_system.h"

namespace turdb::os {

// What is counted and can fail. A batch counts once for each of its requests.
enum class FileOperation : uint8_t {
  kOpen,
  kRead,
  kWrite,
  kSync,
  kExtend,
  kTruncate,
  kCreateDirectory,
  kRemove,  // of files and of directories
  kRename,
  kSyncDirectory,
  kList,
  kLock,
  kAny,  // names all of the above; Size, Exists and Identity never fail
};

struct Fault {
  FileOperation operation = FileOperation::kAny;
  std::string path_contains = {};  // only operations on such paths count and fail; empty: all
  uint64_t nth = 1;                // 1: the next operation that fits
  bool from_there_on = false;      // and all that fit after it
  int error_number = EIO;          // an errno value
  bool tear = false;               // a failing write leaves some of its sectors behind, drawn by `tear_seed`
  uint64_t tear_seed = 0;
};

class FaultDisk;

// Any thread.
class FaultFileSystem final : public FileSystem {
 public:
  FaultFileSystem();
  ~FaultFileSystem() override;

  // ---- what to do wrong
  void Inject(Fault fault);
  // The nth operation from now that fits, and every operation after it, fails. What that operation changes
  // counts as changed but not synced.
  void CutPowerAt(uint64_t nth, FileOperation operation = FileOperation::kAny);
  void ClearFaults();  // and the power is on again
  // Inverts bits of one byte, on the disk and in every cache: silent corruption.
  base::Status FlipBits(const std::string& path, uint64_t offset, uint8_t mask);

  // ---- what happened
  uint64_t operation_count(FileOperation operation = FileOperation::kAny) const;
  uint64_t failure_count() const;  // how many operations failed because they were told to

  // ---- crashes
  // What the disk could hold after a crash now. This one stays as it is.
  std::unique_ptr<FaultFileSystem> CrashedCopy(uint64_t seed) const;
  // The same in place: files opened before answer every call with an error, their locks are gone, faults
  // are cleared.
  void Crash(uint64_t seed);

  base::StatusOr<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override;
  base::Status CreateDirectory(const std::string& path) override;
  base::Status RemoveDirectory(const std::string& path) override;
  base::Status Remove(const std::string& path) override;
  base::Status Rename(const std::string& from, const std::string& to) override;
  base::Status SyncDirectory(const std::string& path) override;
  base::StatusOr<bool> Exists(const std::string& path) override;
  base::StatusOr<std::vector<std::string>> List(const std::string& path) override;
  base::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path, LockMode mode) override;
  base::StatusOr<std::string> Identity(const std::string& path) override;

 private:
  explicit FaultFileSystem(std::shared_ptr<FaultDisk> disk);

  const std::shared_ptr<FaultDisk> disk_;  // shared with the open files
};

}  // namespace turdb::os

#endif  // TURDB_OS_FAULT_FILE_SYSTEM_H_
