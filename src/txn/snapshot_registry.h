// Which snapshots are alive: what the garbage collector must ask before it forgets a version.
//
// A snapshot claims a slot with one compare-and-swap, writes its timestamp there, and looks once more
// whether the collector's horizon went past it meanwhile; the collector raises its horizon first and
// reads the slots afterwards. Either the snapshot sees the raised horizon and starts over with a newer
// timestamp, or the collector sees the slot.
#ifndef TURDB_TXN_SNAPSHOT_REGISTRY_H_
#define TURDB_TXN_SNAPSHOT_REGISTRY_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "txn/commit_word.h"

namespace turdb::txn {

class CommitLog;
class SnapshotRegistry;

// Where a connection's next snapshot is likely to find its slot free. Any value is right.
using SnapshotHint = uint32_t;

// Who holds a timestamp. The last owner of a shared one frees it.
struct alignas(64) SnapshotSlot {
  std::atomic<uint64_t> ts{0};  // 0: free; else the timestamp plus one
  std::atomic<int32_t> more_owners{0};
};

// Keeps the versions of its timestamp alive. Move-only; released on destruction; any thread.
class Snapshot {
 public:
  Snapshot() = default;
  Snapshot(Snapshot&& other) noexcept : slot_(std::exchange(other.slot_, nullptr)), read_ts_(other.read_ts_) {}
  Snapshot& operator=(Snapshot&& other) noexcept {
    if (this != &other) {
      Release();
      slot_ = std::exchange(other.slot_, nullptr);
      read_ts_ = other.read_ts_;
    }
    return *this;
  }
  ~Snapshot() { Release(); }

  bool held() const { return slot_ != nullptr; }
  Timestamp read_ts() const { return read_ts_; }
  void Release() {
    if (slot_ == nullptr) return;
    SnapshotSlot& slot = *std::exchange(slot_, nullptr);
    // Alone, it stays so: only an owner makes another.
    if (slot.more_owners.load(std::memory_order_acquire) != 0 && !IsLast(slot)) [[unlikely]]
      return;
    slot.ts.store(0, std::memory_order_release);
  }
  // Another owner of the same. REQUIRES: held().
  Snapshot Share() const {
    slot_->more_owners.fetch_add(1, std::memory_order_relaxed);
    Snapshot other;
    other.slot_ = slot_;
    other.read_ts_ = read_ts_;
    return other;
  }

 private:
  friend class SnapshotRegistry;
  // One owner fewer. Of two that leave at once the later one finds none left, and sets the count right.
  static bool IsLast(SnapshotSlot& slot) {
    if (slot.more_owners.fetch_sub(1, std::memory_order_acq_rel) > 0) return false;
    slot.more_owners.store(0, std::memory_order_relaxed);
    return true;
  }
  SnapshotSlot* slot_ = nullptr;
  Timestamp read_ts_ = 0;
};

// The timestamps that somebody may still read at: `held`, ascending, and everything from `horizon` on.
struct LiveSnapshots {
  Timestamp horizon = 0;
  std::vector<Timestamp> held;
  uint64_t fingerprint = 0;  // of `held`: equal when it is the same list, for all that matters

  // No live or future snapshot is older.
  Timestamp oldest() const { return held.empty() || held.front() > horizon ? horizon : held.front(); }
  // Whether a live or future snapshot lies in [from, to).
  bool AnyIn(Timestamp from, Timestamp to) const;
};

// Thread-safe.
class SnapshotRegistry {
 public:
  explicit SnapshotRegistry(const CommitLog& log);
  SnapshotRegistry(const SnapshotRegistry&) = delete;
  SnapshotRegistry& operator=(const SnapshotRegistry&) = delete;
  ~SnapshotRegistry();

  // A few atomics; allocates only when more snapshots are alive than ever before.
  Snapshot Acquire(SnapshotHint* hint);
  // Raises the horizon to what is visible now and collects who is below it. Keeps live->held's memory.
  void Collect(LiveSnapshots* live);
  // The oldest live snapshot, or what is visible now, without raising the horizon.
  Timestamp Oldest() const;
  size_t held_count() const;

 private:
  static constexpr uint32_t kChunkSlots = 32;
  static constexpr uint32_t kMaxChunks = 2048;
  using Slot = SnapshotSlot;
  struct Chunk {
    std::array<Slot, kChunkSlots> slots;
  };
  Slot& ClaimSlot(SnapshotHint* hint, Timestamp ts);
  Slot& SlotAt(uint32_t index) const {
    return chunks_[index / kChunkSlots].load(std::memory_order_acquire)->slots[index % kChunkSlots];
  }

  const CommitLog& log_;
  std::atomic<uint64_t> horizon_{0};
  std::atomic<uint32_t> chunk_count_{0};
  std::atomic<uint32_t> used_slots_{0};  // none beyond was ever claimed
  std::array<std::atomic<Chunk*>, kMaxChunks> chunks_{};
  std::mutex grow_mu_;
};

}  // namespace turdb::txn

#endif  // TURDB_TXN_SNAPSHOT_REGISTRY_H_
