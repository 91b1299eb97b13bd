#include "txn/snapshot_registry.h"

#include <algorithm>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "base/check.h"
#include "txn/commit_log.h"

namespace turdb::txn {

bool LiveSnapshots::AnyIn(Timestamp from, Timestamp to) const {
  if (to > horizon) return true;
  const auto at = std::lower_bound(held.begin(), held.end(), from);
  return at != held.end() && *at < to;
}

SnapshotRegistry::SnapshotRegistry(const CommitLog& log) : log_(log) {}

SnapshotRegistry::~SnapshotRegistry() {
  TURDB_CHECK_EQ(held_count(), 0u);
  for (std::atomic<Chunk*>& chunk : chunks_) delete chunk.load(std::memory_order_relaxed);
}

SnapshotRegistry::Slot& SnapshotRegistry::ClaimSlot(SnapshotHint* hint, Timestamp ts) {
  for (;;) {
    const uint32_t slots = chunk_count_.load(std::memory_order_acquire) * kChunkSlots;
    for (uint32_t tried = 0; tried < slots; ++tried) {
      const uint32_t index = (*hint + tried) % slots;
      Slot& slot = SlotAt(index);
      uint64_t expected = 0;
      if (slot.ts.load(std::memory_order_relaxed) == 0 &&
          slot.ts.compare_exchange_strong(expected, ts + 1, std::memory_order_seq_cst)) {
        *hint = index;
        uint32_t used = used_slots_.load(std::memory_order_relaxed);
        while (used <= index && !used_slots_.compare_exchange_weak(used, index + 1, std::memory_order_seq_cst)) {
        }
        return slot;
      }
    }
    std::lock_guard lock(grow_mu_);
    const uint32_t count = chunk_count_.load(std::memory_order_relaxed);
    if (count * kChunkSlots != slots) continue;  // another thread was faster
    TURDB_CHECK_LT(count, kMaxChunks);
    chunks_[count].store(new Chunk, std::memory_order_release);
    chunk_count_.store(count + 1, std::memory_order_seq_cst);
    *hint = slots;
  }
}

Snapshot SnapshotRegistry::Acquire(SnapshotHint* hint) {
  Timestamp ts = log_.visible_lsn();
  Slot& slot = ClaimSlot(hint, ts);
  while (horizon_.load(std::memory_order_seq_cst) > ts) {
    ts = log_.visible_lsn();
    slot.ts.store(ts + 1, std::memory_order_seq_cst);
  }
  Snapshot snapshot;
  snapshot.slot_ = &slot;
  snapshot.read_ts_ = ts;
  return snapshot;
}

// Out of memory: as if everything were needed still.
void SnapshotRegistry::Collect(LiveSnapshots* live) {
  auto forget = absl::MakeCleanup([live] {
    live->held.clear();
    live->horizon = 0;
  });
  live->held.clear();
  live->horizon = log_.visible_lsn();
  uint64_t horizon = horizon_.load(std::memory_order_relaxed);
  while (horizon < live->horizon && !horizon_.compare_exchange_weak(horizon, live->horizon, std::memory_order_seq_cst)) {
  }
  std::atomic_thread_fence(std::memory_order_seq_cst);
  const uint32_t used = used_slots_.load(std::memory_order_seq_cst);
  for (uint32_t i = 0; i < used; ++i) {
    const uint64_t held = SlotAt(i).ts.load(std::memory_order_seq_cst);
    if (held != 0 && held - 1 < live->horizon) live->held.push_back(held - 1);
  }
  std::sort(live->held.begin(), live->held.end());
  std::move(forget).Cancel();
  live->fingerprint = 0;
  for (const Timestamp held : live->held) live->fingerprint = (live->fingerprint ^ held) * 0x9E3779B97F4A7C15u;
}

Timestamp SnapshotRegistry::Oldest() const {
  Timestamp oldest = log_.visible_lsn();
  const uint32_t used = used_slots_.load(std::memory_order_acquire);
  for (uint32_t i = 0; i < used; ++i) {
    const uint64_t held = SlotAt(i).ts.load(std::memory_order_acquire);
    if (held != 0) oldest = std::min(oldest, held - 1);
  }
  return oldest;
}

size_t SnapshotRegistry::held_count() const {
  size_t count = 0;
  const uint32_t used = used_slots_.load(std::memory_order_acquire);
  for (uint32_t i = 0; i < used; ++i) count += SlotAt(i).ts.load(std::memory_order_relaxed) != 0 ? 1 : 0;
  return count;
}

}  // namespace turdb::txn
