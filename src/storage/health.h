// Whether the database may still be written. The first failed write or sync of the log or of a page poisons it:
// nothing is known about what the device holds, so nothing more is written until the next Open has replayed the
// log (storage.md, Log, 6).
#ifndef TURDB_STORAGE_HEALTH_H_
#define TURDB_STORAGE_HEALTH_H_

#include <atomic>

#include "absl/synchronization/mutex.h"
#include "base/status.h"

namespace turdb::storage {

// Thread-safe.
class Health {
 public:
  bool ok() const { return !poisoned_.load(std::memory_order_acquire); }
  // OK, or the first cause with the hint to reopen.
  base::Status status() const {
    if (ok()) return absl::OkStatus();
    absl::MutexLock lock(&mu_);
    return cause_;
  }
  // Keeps the first cause. Returns what status() returns from now on.
  base::Status Poison(const base::Status& cause) {
    absl::MutexLock lock(&mu_);
    if (!poisoned_.load(std::memory_order_relaxed)) {
      cause_ = cause;  // all there is to tell when memory is short, too
      poisoned_.store(true, std::memory_order_release);
      cause_ = base::WithHint(base::WithFrame(cause, "the database is read-only until it is reopened"),
                              base::GetSqlState(cause) == base::sqlstate::kDiskFull
                                  ? "make room on the disk, then reopen the database: what was committed is in the log"
                                  : "reopen the database: what was committed is in the log");
    }
    return cause_;
  }

 private:
  std::atomic<bool> poisoned_{false};
  mutable absl::Mutex mu_;
  base::Status cause_ ABSL_GUARDED_BY(mu_);
};

}  // namespace turdb::storage

#endif  // TURDB_STORAGE_HEALTH_H_
