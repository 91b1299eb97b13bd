// Where chains go when memory for versions runs short: a temporary file that nothing logs and that means
// nothing after the process has ended. Tables go there whole and come back whole (kernel rule 3).
#ifndef TURDB_TXN_VERSION_SPILL_H_
#define TURDB_TXN_VERSION_SPILL_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "os/file_system.h"

namespace turdb::txn {

// Thread-safe. The file is made when it is first needed and removed on destruction.
class VersionSpill {
 public:
  static constexpr uint64_t kUnitBytes = 4096;
  struct Extent {
    uint32_t first_unit = 0;
    uint32_t size_bytes = 0;
  };

  VersionSpill() = default;
  VersionSpill(const VersionSpill&) = delete;
  VersionSpill& operator=(const VersionSpill&) = delete;
  ~VersionSpill();

  // Without a path nothing can be spilled.
  void SetPath(std::shared_ptr<os::FileSystem> files, std::string path);
  bool enabled() const { return files_ != nullptr; }

  base::StatusOr<Extent> Write(base::Bytes bytes);
  base::Status Read(const Extent& extent, std::vector<std::byte>* bytes);
  void Free(const Extent& extent);
  int64_t used_bytes() const { return used_bytes_.load(std::memory_order_relaxed); }

 private:
  static size_t Units(uint32_t size_bytes) { return (size_t{size_bytes} + kUnitBytes - 1) / kUnitBytes; }
  bool IsUsed(size_t unit) const { return (used_[unit / 64] >> (unit % 64) & 1) != 0; }
  void Flip(size_t first, size_t count);
  size_t FindFree(size_t count);

  std::shared_ptr<os::FileSystem> files_;  // constant once set
  std::string path_;
  std::mutex mu_;
  std::unique_ptr<os::File> file_;  // guarded by mu_ while it is made, constant afterwards
  std::vector<uint64_t> used_;      // guarded by mu_: a bit a unit, so that free space takes next to no memory
  size_t next_ = 0;                 // guarded by mu_: where the search for free units begins
  std::atomic<int64_t> used_bytes_{0};
};

}  // namespace turdb::txn

#endif  // TURDB_TXN_VERSION_SPILL_H_
