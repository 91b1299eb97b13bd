// Locks that are held across I/O. Their waiters park through the scheduler. In debug builds each thread remembers the
// ranks it holds, and waiting for a lock of a lower or equal rank than one held stops the process: the order of
// README.md is checked, not only written down.
#ifndef TURDB_STORAGE_PARKING_LOCK_H_
#define TURDB_STORAGE_PARKING_LOCK_H_

#include <atomic>
#include <cstdint>
#include <mutex>
#include <utility>

#include "base/check.h"
#include "os/environment.h"

namespace turdb::storage {

// The order in which one thread may wait for them. The replacement and shard locks, which are leaves held for a few
// instructions, are not listed.
enum class LockRank : uint8_t {
  kObservedCommit,
  kVectorGraph,
  kFileChanges,
  kPageLatch,
  kCheckpoint,
  kWriteBack,
  kLogSync,
  kLogWrite
};

#ifndef NDEBUG
// The one piece of state outside objects, in debug builds only: ranks held by this thread, one bit each. Page latches
// are not counted in (threads give guards away), only checked against.
inline thread_local uint32_t held_lock_ranks = 0;
inline void CheckMayWaitFor(LockRank rank) { TURDB_CHECK_EQ(held_lock_ranks >> static_cast<uint32_t>(rank), 0u); }
inline void NoteHeld(LockRank rank) { held_lock_ranks |= uint32_t{1} << static_cast<uint32_t>(rank); }
inline void NoteReleased(LockRank rank) { held_lock_ranks &= ~(uint32_t{1} << static_cast<uint32_t>(rank)); }
#else
inline void CheckMayWaitFor(LockRank) {}
inline void NoteHeld(LockRank) {}
inline void NoteReleased(LockRank) {}
#endif

// Thread-safe; released by the thread that acquired it.
class ParkingLock {
 public:
  explicit ParkingLock(LockRank rank) : rank_(rank) {}

  bool TryAcquire() {
    if (held_.exchange(true, std::memory_order_acquire)) return false;
    NoteHeld(rank_);
    return true;
  }
  bool held() const { return held_.load(std::memory_order_acquire); }
  void Acquire(os::Scheduler& scheduler) {
    CheckMayWaitFor(rank_);
    while (!TryAcquire())
      scheduler.Park(
          this, [this] { return held(); }, os::Scheduler::kForever);
  }
  void Release(os::Scheduler& scheduler) {
    NoteReleased(rank_);
    held_.store(false, std::memory_order_release);
    scheduler.WakeAll(this);
  }

 private:
  const LockRank rank_;
  std::atomic<bool> held_{false};
};

// Holds one as long as it lives, so that what throws (std::bad_alloc) lets go of it.
class ParkingGuard {
 public:
  ParkingGuard(ParkingLock& lock, os::Scheduler& scheduler) : lock_(&lock), scheduler_(scheduler) { lock.Acquire(scheduler); }
  // Of one that TryAcquire has got.
  ParkingGuard(std::adopt_lock_t, ParkingLock& lock, os::Scheduler& scheduler) : lock_(&lock), scheduler_(scheduler) {}
  ParkingGuard(const ParkingGuard&) = delete;
  ParkingGuard& operator=(const ParkingGuard&) = delete;
  ~ParkingGuard() { Release(); }
  void Release() {
    if (lock_ != nullptr) std::exchange(lock_, nullptr)->Release(scheduler_);
  }

 private:
  ParkingLock* lock_;
  os::Scheduler& scheduler_;
};

}  // namespace turdb::storage

#endif  // TURDB_STORAGE_PARKING_LOCK_H_
