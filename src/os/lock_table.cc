#include "os/lock_table.h"

#include <unistd.h>

#include <utility>

#include "base/check.h"
#include "os/file_error.h"

namespace turdb::os {

class LockTable::Held final : public FileLock {
 public:
  Held(std::shared_ptr<LockTable> table, std::shared_ptr<const void> node, LockMode mode)
      : table_(std::move(table)), node_(std::move(node)), mode_(mode) {}
  ~Held() override { table_->Release(node_.get(), mode_); }

 private:
  const std::shared_ptr<LockTable> table_;
  const std::shared_ptr<const void> node_;
  const LockMode mode_;
};

base::StatusOr<std::unique_ptr<FileLock>> LockTable::Acquire(std::shared_ptr<const void> node, const std::string& path,
                                                             LockMode mode) {
  const bool exclusive = mode == LockMode::kExclusive;
  {
    const std::lock_guard<std::mutex> lock(mu_);
    State& state = states_[node.get()];
    if (state.writer || (exclusive && state.readers > 0)) return LockedError(path, getpid(), state.writer);
    if (exclusive) {
      state.writer = true;
    } else {
      ++state.readers;
    }
  }
  return std::make_unique<Held>(shared_from_this(), std::move(node), mode);
}

void LockTable::Release(const void* node, LockMode mode) {
  const std::lock_guard<std::mutex> lock(mu_);
  const auto entry = states_.find(node);
  TURDB_CHECK(entry != states_.end());
  State& state = entry->second;
  if (mode == LockMode::kExclusive) {
    TURDB_CHECK(state.writer);
    state.writer = false;
  } else {
    TURDB_CHECK_GT(state.readers, 0);
    --state.readers;
  }
  if (state.readers == 0 && !state.writer) states_.erase(entry);
}

}  // namespace turdb::os
