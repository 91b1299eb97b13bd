// The log's writing side: reservation, the ring buffer, group commit.
//
// Terms: next <= where the next record will begin; filled = every record below is complete in the ring; written =
// handed to the operating system; durable = survives power loss; visible = what visible_lsn() says.
//
//  (1) durable <= written <= filled <= next, and next - written <= the ring's size.
//  (2) A record is reserved by one atomic add on `next`, under the exclusive latches of the pages it changes, so
//      the records of a page stand in the log in the order of its changes (kernel rule 11).
//  (3) Before it adds, a writer publishes a lower bound of its record in one of 16 slots and keeps it there until
//      the record is complete. filled = min(next, all slots), `next` being read first: a writer that the slots do
//      not show yet will reserve at or above that `next`.
//  (4) All boundaries (filled, written, durable) are boundaries of records.
//  (5) One thread at a time writes (the write lock), one at a time syncs (the sync lock). A holder of the write
//      lock waits for nobody but writers in the middle of copying a record; those wait only for ring space, which
//      the holder makes by writing what is filled. A small flush is one durable write, under both locks.
//  (6) A flush begins with a mark record that says how far the log was durable, if that changed since the last
//      one: recovery knows by it that damage below cannot be a torn tail (kernel rule 12).
//  (7) Once poisoned, records are reserved but go nowhere, and written, durable and visible stand still.
#ifndef TURDB_STORAGE_LOG_H_
#define TURDB_STORAGE_LOG_H_

#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "absl/functional/function_ref.h"
#include "base/memory_budget.h"
#include "os/environment.h"
#include "storage/flush_queue.h"
#include "storage/frame_memory.h"
#include "storage/health.h"
#include "storage/log_record.h"
#include "storage/log_segments.h"
#include "storage/parking_lock.h"

namespace turdb::storage {

using base::Status;
using base::StatusOr;

// The seed of the checksum of the record at `lsn`: two records of different LSN or epoch never share one by
// having the same bytes.
inline uint32_t RecordSeed(Lsn lsn, uint64_t epoch) {
  return static_cast<uint32_t>(lsn >> 3) ^ (static_cast<uint32_t>(lsn >> 35) * 0x9E3779B1u) ^
         (static_cast<uint32_t>(epoch) * 0x85EBCA6Bu);
}

// Thread-safe.
class Log {
 public:
  struct Record {
    RecordKind kind = RecordKind::kStructure;
    TxnId txn = 0;
    Lsn previous_lsn = base::kNoLsn;
    Lsn undo_next = base::kNoLsn;
    std::span<const LogEntry> entries{};
  };
  struct Position {
    Lsn begin, end;
  };

  Log(const os::Environment& environment, Health& health, std::unique_ptr<LogSegments> segments);
  // Recovery found that the log ends at `end`: what is beyond goes, the rest is durable on return, and what comes
  // goes into a fresh segment under `epoch`, which the checkpoint found so far still holds for.
  Status Continue(Lsn end, uint64_t epoch, Lsn redo_from);
  // Allocates the ring. `at` is the end of the log as recovery found it, all of it durable.
  // `gathers`: committers wait for company (FlushQueue).
  Status Start(size_t ring_bytes, Lsn at, uint64_t epoch, bool gathers, base::MemoryBudget& budget);
  ~Log();

  // With no latch held: sees to it that the log has room for `bytes` more, as far as segments are prepared, so that neither a
  // full disk nor want of memory stops it half way.
  Status EnsureRoom(uint64_t bytes);

  // Appends a record; waits only for space in the ring. `on_reserved`, when given, gets the record's end before
  // the record counts as filled.
  Position Append(const Record& record) { return AppendWith(record, nullptr); }
  Position Append(const Record& record, absl::FunctionRef<void(Lsn)> on_reserved) { return AppendWith(record, &on_reserved); }

  Lsn next_lsn() const { return next_.load(std::memory_order_seq_cst); }
  Lsn durable_lsn() const { return durable_.load(std::memory_order_acquire); }
  Lsn visible_lsn() const { return visible_.load(std::memory_order_acquire); }
  size_t ring_bytes() const { return ring_bytes_; }

  // Each returns the cause when the log is poisoned before it got so far.
  Status WaitFilled(Lsn lsn);   // and makes it visible
  Status WaitWritten(Lsn lsn);  // and makes it visible
  // And makes it visible. `commit`: may wait for others that are about to commit, see FlushQueue.
  Status WaitDurable(Lsn lsn, bool commit = false);

  // The record that begins at `lsn`, from the ring or from its segment, checksum verified.
  StatusOr<LogRecordView> Read(Lsn lsn, std::vector<std::byte>& buffer);

  // Segments, by whoever holds the write lock inside.
  Status WriteControl(const ControlBlock& control);  // durable on return
  Status Recycle(Lsn keep);
  const LogSegments& segments() const { return *segments_; }
  uint64_t syncs() const { return syncs_.load(std::memory_order_relaxed); }  // how often it was made durable

 private:
  static constexpr int kSlots = 16;
  static constexpr Lsn kFreeSlot = UINT64_MAX;
  struct alignas(64) Slot {
    std::atomic<Lsn> lower_bound{kFreeSlot};
  };

  Status Fail(const Status& cause, std::string_view doing);
  Position AppendWith(const Record& record, absl::FunctionRef<void(Lsn)>* on_reserved);
  Slot& AcquireSlot();
  Slot* TryAcquireSlot();  // null: all are taken
  bool WaitForSpace(Lsn end);
  void Fill(const Record& record, Lsn begin, size_t length);
  Lsn FilledPrefix() const;
  void AppendMark();
  Status WriteRing(Lsn to);
  Status AppendToSegments(Lsn from, Bytes bytes);
  Status WriteLocked(Lsn target);
  Status WriteDurablyLocked(bool* durable);
  void Publish(Lsn lsn);
  StatusOr<Lsn> SyncLocked(Lsn target);

  // Constant after Start.
  const os::Environment environment_;
  Health& health_;
  const std::unique_ptr<LogSegments> segments_;
  AddressRange ring_memory_;
  std::byte* ring_ = nullptr;
  size_t ring_bytes_ = 0;
  uint64_t epoch_ = 0;
  base::MemoryReservation reservation_;

  // Synchronise themselves.
  alignas(64) std::atomic<Lsn> next_{0};
  alignas(64) std::atomic<Lsn> written_{0};
  std::atomic<Lsn> durable_{0};
  std::atomic<Lsn> visible_{0};
  std::atomic<uint64_t> syncs_{0};
  ParkingLock write_lock_{LockRank::kLogWrite};
  ParkingLock sync_lock_{LockRank::kLogSync};
  FlushQueue flushes_;
  Lsn marked_ = 0;  // the last mark's; guarded by the write lock
  std::array<Slot, kSlots> slots_;
};

// The record with its checksum in place, or an error that says what is wrong with it.
Status VerifyRecord(Lsn lsn, uint64_t epoch, Bytes record);

}  // namespace turdb::storage

#endif  // TURDB_STORAGE_LOG_H_
