// Who holds which lock, for the file systems in memory.
#ifndef TURDB_OS_LOCK_TABLE_H_
#define TURDB_OS_LOCK_TABLE_H_

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "os/file_system.h"

namespace turdb::os {

// Any thread. Locks keep it alive.
class LockTable : public std::enable_shared_from_this<LockTable> {
 public:
  // `node` is the locked file's identity and stays alive as long as the lock.
  base::StatusOr<std::unique_ptr<FileLock>> Acquire(std::shared_ptr<const void> node, const std::string& path, LockMode mode);

 private:
  class Held;
  struct State {
    int readers = 0;
    bool writer = false;
  };
  void Release(const void* node, LockMode mode);

  std::mutex mu_;
  std::map<const void*, State> states_;  // guarded by mu_; an entry exists while somebody holds the lock
};

}  // namespace turdb::os

#endif  // TURDB_OS_LOCK_TABLE_H_
