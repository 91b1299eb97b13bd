// Group commit: who flushes the log for whom, and when.
//
// One thread at a time leads: it writes and syncs all that is filled, then wakes exactly those whom that made durable,
// and hands the lead to one of those it did not. Whoever comes while nobody leads may lead at once, but a committer
// first looks whether the rest of its group is about to come: those who were made durable together by the last flush, in
// a closed loop, commit again soon, and a flush for all of them costs what a flush for one does. The last of the group
// leads, so that nobody is woken just to do it; the first keeps the time, in case the others do not come.
//
//  (1) Nobody waits for company that was not there at the last flush: one client alone never waits.
//  (2) If somebody is in the queue, somebody leads or keeps the time.
//  (3) A group that does not fill in time lowers `cap_` to what did come; it grows again by one after some flushes that
//      met theirs. So clients that think between commits wait in vain for a few in a hundred.
#ifndef TURDB_STORAGE_FLUSH_QUEUE_H_
#define TURDB_STORAGE_FLUSH_QUEUE_H_

#include <atomic>
#include <cstdint>

#include "absl/synchronization/mutex.h"
#include "base/ids.h"
#include "os/environment.h"
#include "storage/health.h"

namespace turdb::storage {

// Thread-safe. The mutex is a leaf, held for a few instructions.
class FlushQueue {
 public:
  enum class Turn : uint8_t { kWaiting, kDone, kLead };

  FlushQueue(const os::Environment& environment, const std::atomic<base::Lsn>& durable, const Health& health)
      : environment_(environment), durable_(durable), health_(health) {}

  // Whether committers wait for their group. Before first use.
  void set_gathers(bool gathers) { gathers_ = gathers; }

  // kDone: `lsn` is durable, or the log is poisoned. kLead: the caller must flush, and then call Finish.
  Turn Wait(base::Lsn lsn, bool commit);
  // `commit` as it was given to Wait. What the flush made durable is in `durable` already.
  void Finish(bool commit, int64_t flush_ns);
  size_t waiting() const {
    absl::MutexLock lock(&mu_);
    return commits_ + others_;
  }

 private:
  static constexpr uint32_t kMostGathered = 32;  // a flush shared by so many costs each next to nothing
  static constexpr uint32_t kMetBeforeGrowth = 32;
  static constexpr int64_t kLongestPatienceNs = 2'000'000;

  // On the stack of who waits.
  struct Waiter {
    base::Lsn lsn;
    bool commit;
    std::atomic<Turn> turn{Turn::kWaiting};
    bool queued = false;  // guarded by mu_, as are the links
    Waiter* next = nullptr;
    Waiter* previous = nullptr;
  };

  void Add(Waiter& waiter) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Take(Waiter& waiter) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool GroupIsShort() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Tell(Waiter& waiter, Turn turn);

  const os::Environment environment_;
  const std::atomic<base::Lsn>& durable_;
  const Health& health_;
  bool gathers_ = false;

  mutable absl::Mutex mu_;
  Waiter* first_ ABSL_GUARDED_BY(mu_) = nullptr;
  Waiter* last_ ABSL_GUARDED_BY(mu_) = nullptr;
  uint32_t commits_ ABSL_GUARDED_BY(mu_) = 0;  // in the queue
  uint32_t others_ ABSL_GUARDED_BY(mu_) = 0;   // in the queue; these do not wait for company
  bool leading_ ABSL_GUARDED_BY(mu_) = false;
  uint32_t group_ ABSL_GUARDED_BY(mu_) = 0;  // committers seen around the last flush
  uint32_t cap_ ABSL_GUARDED_BY(mu_) = kMostGathered;
  uint32_t met_ ABSL_GUARDED_BY(mu_) = 0;  // flushes since `cap_` changed
  std::atomic<int64_t> patience_ns_{0};    // about what a flush takes
};

}  // namespace turdb::storage

#endif  // TURDB_STORAGE_FLUSH_QUEUE_H_
