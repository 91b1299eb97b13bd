// One buffer frame: 16 KiB of page and the words that guard it.
//
// The state word holds latch and version together:
//
//   63                                   16 15      14                     0
//   | version, grows at each exclusive release | waiters | 0 free, n shared, 0x7fff exclusive |
//
// A latch is the pin: eviction only tries the exclusive latch, so a latched frame stays. State words are
// never reset, not even when a frame changes its page or its memory is given back; a version that is
// unchanged therefore proves that the frame still holds the same page with the same bytes (kernel rule 9).
#ifndef TURDB_STORAGE_FRAME_H_
#define TURDB_STORAGE_FRAME_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "base/ids.h"
#include "storage/page.h"

namespace turdb::storage {

using base::FileId;
using base::Lsn;
using base::PageId;
using base::PageNo;
using base::TxnId;

inline constexpr uint32_t kNoFrame = UINT32_MAX;

// Thread-safe as each member says. Lives in a reserved address range, zero-filled at birth, never destroyed.
struct alignas(64) Frame {
  static constexpr uint64_t kLatchMask = 0x7fff;
  static constexpr uint64_t kExclusive = 0x7fff;
  static constexpr uint64_t kMaxShared = 0x7ffe;
  static constexpr uint64_t kWaiters = 0x8000;
  static constexpr uint64_t kVersionUnit = 0x10000;

  std::atomic<uint64_t> state;
  std::atomic<uint64_t> page_id;      // packed PageId; changes only under the exclusive latch; 0 = holds no page
  std::atomic<void*> versions;        // txn's version table of this page, null when it has none
  std::atomic<Lsn> first_dirty_lsn;   // 0 = clean; else no record that changed the page since it was clean begins below
  std::byte* data;                    // constant once the frame is first used
  std::atomic<uint32_t> hash_next;    // index of the next frame in the bucket, plus one; written under the shard's lock
  uint32_t sieve_older, sieve_newer;  // the SIEVE queue; guarded by the pool's replacement lock
  std::atomic<uint8_t> visited;       // SIEVE's bit, set only when clear
  std::atomic<uint8_t> writing;       // its last write is under way: may be changed, may not be evicted
  uint8_t fresh;                      // under the exclusive latch: the next record formats the whole page, no image needed
  uint8_t queued;                     // guarded by the replacement lock: linked into the SIEVE queue

  PageId id() const { return PageId::FromPacked(page_id.load(std::memory_order_relaxed)); }
  bool dirty() const { return first_dirty_lsn.load(std::memory_order_relaxed) != base::kNoLsn; }

  static bool IsExclusive(uint64_t word) { return (word & kLatchMask) == kExclusive; }
  static uint64_t VersionOf(uint64_t word) { return word / kVersionUnit; }

  bool TryLockShared() {
    uint64_t word = state.load(std::memory_order_relaxed);
    while ((word & kLatchMask) < kMaxShared) {
      if (state.compare_exchange_weak(word, word + 1, std::memory_order_acquire, std::memory_order_relaxed)) return true;
    }
    return false;
  }
  bool TryLockExclusive() {
    uint64_t word = state.load(std::memory_order_relaxed);
    while ((word & kLatchMask) == 0) {
      if (state.compare_exchange_weak(word, word | kExclusive, std::memory_order_acquire, std::memory_order_relaxed))
        return true;
    }
    return false;
  }
  void LockShared() {
    if (!TryLockShared()) LockSharedSlow();
  }
  void LockExclusive() {
    if (!TryLockExclusive()) LockExclusiveSlow();
  }
  void UnlockShared() {
    const uint64_t before = state.fetch_sub(1, std::memory_order_release);
    TURDB_DCHECK((before & kLatchMask) != 0 && !IsExclusive(before));
    if ((before & kWaiters) != 0 && (before & kLatchMask) == 1) WakeWaiters();
  }
  void UnlockExclusive() {
    // Adding one version and taking the latch bits off is one addition; a waiter may set its bit meanwhile.
    const uint64_t before = state.fetch_add(kVersionUnit - kExclusive, std::memory_order_release);
    TURDB_DCHECK(IsExclusive(before));
    if ((before & kWaiters) != 0) WakeWaiters();
  }
  // For a holder who changed nothing: the version stays, so optimistic readers are not disturbed.
  void UnlockExclusiveUnchanged() {
    const uint64_t before = state.fetch_sub(kExclusive, std::memory_order_release);
    TURDB_DCHECK(IsExclusive(before));
    if ((before & kWaiters) != 0) WakeWaiters();
  }
  // Exclusive becomes shared without a gap; the version grows.
  void DowngradeToShared() {
    const uint64_t before = state.fetch_add(kVersionUnit - kExclusive + 1, std::memory_order_release);
    TURDB_DCHECK(IsExclusive(before));
    if ((before & kWaiters) != 0) WakeWaiters();
  }

  // Shared or exclusive only if the version is still `version`; waits for others' shared latches.
  bool LockSharedAtVersion(uint64_t version);
  bool LockExclusiveAtVersion(uint64_t version);
  // Returns the state word of a moment without an exclusive holder.
  uint64_t WaitWhileExclusive();

 private:
  // No store to the page may become visible before the latch is: an optimistic reader must not see new bytes and
  // then an unlatched, unchanged state word.
  static void BeforeFirstStore() { std::atomic_thread_fence(std::memory_order_release); }
  void LockSharedSlow();
  void LockExclusiveSlow();
  void WakeWaiters();
  void WaitFor(uint64_t seen);  // sleeps while the state word is `seen`, with the waiters bit set
};
static_assert(sizeof(Frame) == 64 && alignof(Frame) == 64);

}  // namespace turdb::storage

#endif  // TURDB_STORAGE_FRAME_H_
