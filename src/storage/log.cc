#include "storage/log.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>
#include <optional>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/crc32c.h"
#include "storage/latch_delay.h"

namespace turdb::storage {
namespace {

constexpr size_t kFirstTouchBytes = 64 << 10;  // the rest is touched when the ring first gets there
// Up to here a flush is one durable write; a larger one makes room in the ring before it syncs.
constexpr size_t kLargestDurableWrite = 64 << 10;
constexpr size_t kMarkBytes = kRecordHeaderBytes;  // its LSN is in previous_lsn

size_t RecordBytes(const Log::Record& record) {
  size_t bytes = kRecordHeaderBytes + (HasUndoNext(record.kind) ? 8 : 0);
  for (const LogEntry& entry : record.entries) bytes += kEntryHeaderBytes + entry.payload_bytes();
  return (bytes + kRecordAlignment - 1) & ~(kRecordAlignment - 1);
}

// Writes on and on into the ring, around its end where need be.
class RingCursor {
 public:
  RingCursor(std::byte* ring, size_t ring_bytes, Lsn at) : ring_(ring), mask_(ring_bytes - 1), at_(at) {}
  void Put(const void* from, size_t bytes) {
    const size_t offset = at_ & mask_;
    const size_t room = mask_ + 1 - offset;
    at_ += bytes;
    if (bytes <= room) [[likely]] {
      if (bytes != 0) std::memcpy(ring_ + offset, from, bytes);
    } else {
      std::memcpy(ring_ + offset, from, room);
      std::memcpy(ring_, static_cast<const std::byte*>(from) + room, bytes - room);
    }
  }
  Lsn at() const { return at_; }

 private:
  std::byte* ring_;
  size_t mask_;
  Lsn at_;
};

}  // namespace

Status VerifyRecord(Lsn lsn, uint64_t epoch, Bytes record) {
  const uint32_t stored = base::LoadLE<uint32_t>(record.data());
  const uint32_t computed = base::Crc32c(record.subspan(4), RecordSeed(lsn, epoch));
  if (stored == computed) return absl::OkStatus();
  return base::CorruptionError(absl::StrCat("log record at LSN ", lsn, ": checksum 0x", absl::Hex(stored, absl::kZeroPad8),
                                            " does not match its bytes (0x", absl::Hex(computed, absl::kZeroPad8), ")"));
}

Log::Log(const os::Environment& environment, Health& health, std::unique_ptr<LogSegments> segments)
    : environment_(environment), health_(health), segments_(std::move(segments)), flushes_(environment, durable_, health) {}

Log::~Log() = default;

Status Log::Continue(Lsn end, uint64_t epoch, Lsn redo_from) {
  ControlBlock control = segments_->control();
  const bool clean = (control.flags & kControlClean) != 0;
  control.flags = 0;
  control.redo_from = redo_from;
  if (clean || control.sequence == 0) control.scan_from = redo_from;
  control.durable_lsn = end;
  return segments_->ContinueAt(end, epoch, control);
}

Status Log::Start(size_t ring_bytes, Lsn at, uint64_t epoch, bool gathers, base::MemoryBudget& budget) {
  TURDB_CHECK(std::has_single_bit(ring_bytes) && ring_bytes >= 2 * kMaxRecordBytes);
  TURDB_CHECK_EQ(at % kRecordAlignment, 0u);
  reservation_ = base::MemoryReservation(budget);
  TURDB_RETURN_IF_ERROR(reservation_.Grow(static_cast<int64_t>(ring_bytes), "the log's buffer"));
  TURDB_RETURN_IF_ERROR(ring_memory_.Reserve(ring_bytes, /*huge_pages=*/false));
  ring_memory_.Populate(0, std::min(ring_bytes, kFirstTouchBytes));
  ring_ = ring_memory_.data();
  ring_bytes_ = ring_bytes;
  epoch_ = epoch;
  flushes_.set_gathers(gathers);
  next_ = written_ = durable_ = visible_ = marked_ = at;
  return absl::OkStatus();
}

Log::Slot* Log::TryAcquireSlot() {
  // Threads have stacks of their own, so that each tends to find its own slot free.
  int local;
  const size_t first = (reinterpret_cast<uintptr_t>(&local) >> 16) * uint64_t{0x9E3779B97F4A7C15} >> 60;
  for (size_t i = 0; i < kSlots; ++i) {
    Slot& slot = slots_[(first + i) % kSlots];
    Lsn free = kFreeSlot;
    if (slot.lower_bound.load(std::memory_order_relaxed) == kFreeSlot &&
        slot.lower_bound.compare_exchange_strong(free, next_.load(std::memory_order_seq_cst), std::memory_order_seq_cst)) {
      return &slot;
    }
  }
  return nullptr;
}

Log::Slot& Log::AcquireSlot() {
  for (;;) {
    if (Slot* const slot = TryAcquireSlot(); slot != nullptr) [[likely]]
      return *slot;
    std::this_thread::yield();
  }
}

Log::Position Log::AppendWith(const Record& record, absl::FunctionRef<void(Lsn)>* on_reserved) {
  const size_t length = RecordBytes(record);
  TURDB_CHECK_LE(length, kMaxRecordBytes);
  TURDB_CHECK_LE(record.entries.size(), size_t{UINT8_MAX});
  Slot& slot = AcquireSlot();
  const Lsn begin = next_.fetch_add(length, std::memory_order_seq_cst);
  const Lsn end = begin + length;
  slot.lower_bound.store(begin, std::memory_order_relaxed);
  LatchDelay();
  if (on_reserved != nullptr) (*on_reserved)(end);
  LatchDelay();
  if (end - written_.load(std::memory_order_acquire) <= ring_bytes_ || WaitForSpace(end)) Fill(record, begin, length);
  slot.lower_bound.store(kFreeSlot, std::memory_order_release);
  return Position{begin, end};
}

// Poisons. Without memory for the doing the cause is told without it.
Status Log::Fail(const Status& cause, std::string_view doing) {
  try {
    return health_.Poison(base::WithFrame(cause, doing));
  } catch (const std::bad_alloc&) {
    return health_.Poison(cause);
  }
}

Status Log::EnsureRoom(uint64_t bytes) {
  if (next_lsn() + bytes <= segments_->room_end()) return absl::OkStatus();
  const ParkingGuard guard(write_lock_, *environment_.scheduler);
  if (!health_.ok()) return health_.status();
  return base::WithFrame(segments_->EnsureRoom(next_lsn() + bytes), "making room in the log");
}

// False when the log is poisoned and space will never come.
bool Log::WaitForSpace(Lsn end) {
  const Lsn needed = end - ring_bytes_;
  while (written_.load(std::memory_order_acquire) < needed) {
    if (!health_.ok()) return false;
    if (write_lock_.TryAcquire()) {
      // Half the ring at once would be nice, but everything filled is at least that by now.
      ParkingGuard guard(std::adopt_lock, write_lock_, *environment_.scheduler);
      const Status written = WriteRing(FilledPrefix());
      guard.Release();
      if (!written.ok()) return false;
      if (written_.load(std::memory_order_acquire) < needed) std::this_thread::yield();  // an earlier record is being copied
    } else {
      environment_.scheduler->Park(
          &write_lock_, [this, needed] { return write_lock_.held() && written_.load(std::memory_order_acquire) < needed; },
          os::Scheduler::kForever);
    }
  }
  return true;
}

void Log::Fill(const Record& record, Lsn begin, size_t length) {
  RecordHeader header{};
  header.length_bytes = static_cast<uint32_t>(length);
  header.kind = record.kind;
  header.entry_count = static_cast<uint8_t>(record.entries.size());
  header.txn = record.txn;
  header.previous_lsn = record.previous_lsn;
  RingCursor cursor(ring_, ring_bytes_, begin);
  cursor.Put(&header, sizeof(header));
  if (HasUndoNext(record.kind)) cursor.Put(&record.undo_next, sizeof(record.undo_next));
  for (const LogEntry& entry : record.entries) {
    const size_t payload = entry.payload_bytes();
    TURDB_CHECK_LE(payload, kMaxEntryBytes);
    const EntryHeader entry_header{entry.page.file, entry.page.page, entry.op, 0, static_cast<uint16_t>(payload)};
    cursor.Put(&entry_header, sizeof(entry_header));
    for (const Bytes part : entry.parts) cursor.Put(part.data(), part.size());
  }
  static constexpr std::byte kPadding[kRecordAlignment] = {};
  cursor.Put(kPadding, begin + length - cursor.at());
  // The checksum skips itself. Records are 8-aligned, so its four bytes never straddle the ring's end.
  const size_t offset = begin & (ring_bytes_ - 1);
  const size_t first = std::min(length, ring_bytes_ - offset);
  uint32_t crc = base::Crc32c(Bytes(ring_ + offset + 4, first - 4), RecordSeed(begin, epoch_));
  if (first < length) crc = base::Crc32c(Bytes(ring_, length - first), crc);
  base::StoreLE(ring_ + offset, crc);
}

Lsn Log::FilledPrefix() const {
  Lsn filled = next_.load(std::memory_order_seq_cst);
  for (const Slot& slot : slots_) filled = std::min(filled, slot.lower_bound.load(std::memory_order_seq_cst));
  return filled;
}

// REQUIRES: the write lock. Takes a slot and space only if there are some: who has the one and not the other waits for
// the holder.
void Log::AppendMark() {
  const Lsn durable = durable_.load(std::memory_order_acquire);
  if (durable == marked_) return;
  Slot* const slot = TryAcquireSlot();
  if (slot == nullptr) return;
  Lsn begin = next_.load(std::memory_order_seq_cst);
  bool reserved = false;
  while (begin + kMarkBytes - written_.load(std::memory_order_relaxed) <= ring_bytes_) {
    if (next_.compare_exchange_weak(begin, begin + kMarkBytes, std::memory_order_seq_cst)) {
      reserved = true;
      break;
    }
  }
  if (reserved) {
    Fill(Record{.kind = RecordKind::kFlushMark, .previous_lsn = durable}, begin, kMarkBytes);
    marked_ = durable;
  }
  slot->lower_bound.store(kFreeSlot, std::memory_order_release);
}

// What needs memory has it since EnsureRoom; should it come to that all the same, the log is as broken as its disk.
Status Log::AppendToSegments(Lsn from, Bytes bytes) {
  try {
    return segments_->Append(from, bytes);
  } catch (const std::bad_alloc&) {
    return base::NoMemory();
  }
}

// REQUIRES: the write lock. Hands the ring's bytes up to `to` to the operating system.
Status Log::WriteRing(Lsn to) {
  Lsn from = written_.load(std::memory_order_relaxed);
  while (from < to) {
    if (!health_.ok()) return health_.status();
    const size_t offset = from & (ring_bytes_ - 1);
    const size_t part = static_cast<size_t>(std::min<uint64_t>(to - from, ring_bytes_ - offset));
    if (const Status status = AppendToSegments(from, Bytes(ring_ + offset, part)); !status.ok()) {
      return Fail(status, "writing the log");
    }
    from += part;
  }
  // Only now: the ring's end may lie in the middle of a record (invariant 4).
  if (to > written_.load(std::memory_order_relaxed)) written_.store(to, std::memory_order_release);
  return absl::OkStatus();
}

// REQUIRES: the write lock.
Status Log::WriteLocked(Lsn target) {
  AppendMark();
  for (;;) {
    TURDB_RETURN_IF_ERROR(WriteRing(FilledPrefix()));
    if (written_.load(std::memory_order_relaxed) >= target) return absl::OkStatus();
    if (!health_.ok()) return health_.status();
    std::this_thread::yield();  // somebody is in the middle of copying a record below
  }
}

void Log::Publish(Lsn lsn) {
  Lsn seen = visible_.load(std::memory_order_relaxed);
  while (seen < lsn && !visible_.compare_exchange_weak(seen, lsn, std::memory_order_release, std::memory_order_relaxed)) {
  }
}

Status Log::WaitFilled(Lsn lsn) {
  for (int tries = 0; visible_.load(std::memory_order_acquire) < lsn; ++tries) {
    if (!health_.ok()) return health_.status();
    const Lsn filled = FilledPrefix();
    if (filled >= lsn) {
      Publish(filled);
      break;
    }
    if (tries > 16) std::this_thread::yield();
  }
  return absl::OkStatus();
}

Status Log::WaitWritten(Lsn lsn) {
  while (written_.load(std::memory_order_acquire) < lsn) {
    if (!health_.ok()) return health_.status();
    if (write_lock_.TryAcquire()) {
      const ParkingGuard guard(std::adopt_lock, write_lock_, *environment_.scheduler);
      if (written_.load(std::memory_order_relaxed) < lsn) TURDB_RETURN_IF_ERROR(WriteLocked(lsn));
    } else {
      environment_.scheduler->Park(
          &write_lock_, [this, lsn] { return write_lock_.held() && written_.load(std::memory_order_acquire) < lsn; },
          os::Scheduler::kForever);
    }
  }
  Publish(written_.load(std::memory_order_acquire));
  return absl::OkStatus();
}

// REQUIRES: the write lock. Writes what is filled as one durable write, if it may; else leaves all to be done.
Status Log::WriteDurablyLocked(bool* durable) {
  const Lsn from = written_.load(std::memory_order_relaxed);
  const Lsn to = FilledPrefix();
  const size_t offset = from & (ring_bytes_ - 1);
  if (from == to || to - from > std::min(kLargestDurableWrite, ring_bytes_ - offset)) return absl::OkStatus();
  if (!health_.ok()) return health_.status();
  if (Status status = segments_->AppendDurably(from, Bytes(ring_ + offset, to - from), durable); !status.ok()) {
    return Fail(status, "writing the log");
  }
  if (*durable) written_.store(to, std::memory_order_release);
  return absl::OkStatus();
}

// REQUIRES: the sync lock.
StatusOr<Lsn> Log::SyncLocked(Lsn target) {
  // Everything filled by now goes along: whoever waits for it finds it done.
  target = std::max(target, FilledPrefix());
  ParkingGuard guard(write_lock_, *environment_.scheduler);
  AppendMark();
  // Whoever is in the middle of copying a record is waited for, unless it may be waiting for space in the ring itself.
  while (FilledPrefix() < target &&
         next_.load(std::memory_order_relaxed) - written_.load(std::memory_order_relaxed) <= ring_bytes_) {
    std::this_thread::yield();
  }
  bool durable = false;
  Status status = FilledPrefix() >= target ? WriteDurablyLocked(&durable) : absl::OkStatus();
  if (status.ok() && !durable) status = WriteLocked(target);
  const Lsn covered = written_.load(std::memory_order_acquire);
  guard.Release();
  TURDB_RETURN_IF_ERROR(status);
  if (durable) return covered;
  if (status = segments_->Sync(); !status.ok()) return Fail(status, "syncing the log");
  return covered;
}

Status Log::WaitDurable(Lsn lsn, bool commit) {
  if (durable_.load(std::memory_order_acquire) >= lsn) return absl::OkStatus();
  CheckMayWaitFor(LockRank::kLogSync);
  if (flushes_.Wait(lsn, commit) == FlushQueue::Turn::kDone) {
    return durable_.load(std::memory_order_acquire) >= lsn ? absl::OkStatus() : health_.status();
  }
  const int64_t began = environment_.clock->MonotonicNanos();
  StatusOr<Lsn> covered = Lsn{0};
  {
    const ParkingGuard guard(sync_lock_, *environment_.scheduler);
    try {
      covered = SyncLocked(lsn);
    } catch (const std::bad_alloc&) {
      covered = Fail(base::NoMemory(), "writing the log");  // only telling of an error needs memory
    }
    if (covered.ok()) {
      syncs_.fetch_add(1, std::memory_order_relaxed);
      durable_.store(*covered, std::memory_order_release);
      Publish(*covered);
    }
  }
  flushes_.Finish(commit, environment_.clock->MonotonicNanos() - began);
  return covered.status();
}

StatusOr<LogRecordView> Log::Read(Lsn lsn, std::vector<std::byte>& buffer) {
  const Lsn next = next_.load(std::memory_order_acquire);
  if (lsn < kFirstLsn || lsn % kRecordAlignment != 0 || lsn + kRecordHeaderBytes > next) {
    return base::InternalError(absl::StrCat("no log record begins at LSN ", lsn, " (the log ends at ", next, ")"));
  }
  // What is written is in a segment; what is not stays in the ring as long as the write lock is held.
  const auto read = [&](Lsn from, base::MutableBytes into) -> Status {
    if (from < written_.load(std::memory_order_acquire)) return segments_->Read(from, into);
    const size_t offset = from & (ring_bytes_ - 1);
    const size_t first = std::min(into.size(), ring_bytes_ - offset);
    std::memcpy(into.data(), ring_ + offset, first);
    std::memcpy(into.data() + first, ring_, into.size() - first);
    return absl::OkStatus();
  };
  std::optional<ParkingGuard> guard;
  if (lsn >= written_.load(std::memory_order_acquire)) {
    while (FilledPrefix() <= lsn && health_.ok()) std::this_thread::yield();
    guard.emplace(write_lock_, *environment_.scheduler);
  }
  const auto read_record = [&]() -> Status {
    buffer.resize(kRecordHeaderBytes);
    TURDB_RETURN_IF_ERROR(read(lsn, buffer));
    const uint32_t length = base::LoadLE<uint32_t>(buffer.data() + offsetof(RecordHeader, length_bytes));
    if (length < kRecordHeaderBytes || length > kMaxRecordBytes || length % kRecordAlignment != 0 || lsn + length > next) {
      return base::CorruptionError(absl::StrCat("log record at LSN ", lsn, ": length ", length, " is impossible"));
    }
    buffer.resize(length);
    return read(lsn, buffer);
  };
  TURDB_RETURN_IF_ERROR(read_record());
  guard.reset();
  if (Status verified = VerifyRecord(lsn, segments_->EpochAt(lsn, epoch_), buffer); !verified.ok()) {
    // A record that was reserved after the poisoning is nowhere.
    return health_.ok() ? verified : health_.status();
  }
  return ParseRecord(lsn, buffer);
}

Status Log::WriteControl(const ControlBlock& control) {
  const ParkingGuard sync_guard(sync_lock_, *environment_.scheduler);
  ParkingGuard write_guard(write_lock_, *environment_.scheduler);
  ControlBlock stamped = control;
  stamped.durable_lsn = durable_.load(std::memory_order_acquire);
  Status status = health_.ok() ? segments_->WriteControl(stamped) : health_.status();
  write_guard.Release();
  if (status.ok()) status = segments_->Sync();
  return status.ok() ? status : Fail(status, "writing the log's control block");
}

Status Log::Recycle(Lsn keep) {
  const ParkingGuard guard(write_lock_, *environment_.scheduler);
  return health_.ok() ? segments_->Recycle(keep) : health_.status();
}

}  // namespace turdb::storage
