#include "storage/checkpointer.h"

#include <algorithm>
#include <array>
#include <new>

namespace turdb::storage {
namespace {

constexpr size_t kGatherPages = 4096;          // sorted and written together
constexpr int kMaxRoundsPerCall = 3;           // a round that a latch spoiled is tried again
constexpr uint64_t kOtherRecordsBytes = 1024;  // of a checkpoint, beside its map of files: begin, end, marks of flushes

}  // namespace

void Checkpointer::WakeThread() {
  if (!started_.load(std::memory_order_acquire)) {
    absl::MutexLock lock(&thread_mu_);
    if (thread_ == nullptr && !stopping_.load(std::memory_order_acquire)) {
      thread_ = environment_.scheduler->Start("turdb-checkpoint", [this] { ThreadBody(); });
      started_.store(true, std::memory_order_release);
    }
  }
  if (!wanted_.exchange(true, std::memory_order_acq_rel)) environment_.scheduler->WakeAll(&wanted_);
}

void Checkpointer::StopThread() {
  stopping_.store(true, std::memory_order_release);
  environment_.scheduler->WakeAll(&wanted_);
  std::unique_ptr<os::Thread> thread;
  {
    absl::MutexLock lock(&thread_mu_);
    thread = std::move(thread_);
  }
}

void Checkpointer::ThreadBody() {
  for (;;) {
    environment_.scheduler->Park(
        &wanted_, [this] { return !wanted_.load(std::memory_order_acquire) && !stopping_.load(std::memory_order_acquire); },
        os::Scheduler::kForever);
    if (stopping_.load(std::memory_order_acquire)) return;
    if (!wanted_.exchange(false, std::memory_order_acq_rel)) continue;
    // One round, step by step, so that Checkpoint() and committers beyond the limit get their turns in between.
    bool busy = true;
    while (busy && !stopping_.load(std::memory_order_acquire) && health_.ok()) {
      const ParkingGuard guard(lock_, *environment_.scheduler);
      try {
        const bool went_on = Step().ok();
        if (!health_.ok()) stopping_.store(true, std::memory_order_release);  // the cause is there
        busy = went_on && phase_ != Phase::kIdle;
      } catch (const std::bad_alloc&) {
        busy = false;  // goes on from there when it is asked next
      }
    }
  }
}

// Committers do not fail for want of memory here: what is not done now is done by the next one.
void Checkpointer::PaceSlow() {
  try {
    PaceNow();
  } catch (const std::bad_alloc&) {
  }
}

void Checkpointer::PaceNow() {
  if (!health_.ok()) return;
  const auto lag = [this] { return log_.next_lsn() - redo_lsn_.load(std::memory_order_relaxed); };
  if (background_) {
    WakeThread();
    if (lag() <= limit_bytes_) return;
  }
  if (lag() <= limit_bytes_) {
    if (!lock_.TryAcquire()) return;
    const ParkingGuard guard(std::adopt_lock, lock_, *environment_.scheduler);
    (void)Step();  // an error has poisoned the database, which the caller will see
    return;
  }
  const uint64_t give_up_at = rounds_.load(std::memory_order_relaxed) + kMaxRoundsPerCall;
  while (lag() > limit_bytes_ && rounds_.load(std::memory_order_relaxed) < give_up_at && health_.ok()) {
    const ParkingGuard guard(lock_, *environment_.scheduler);
    if (!Step().ok()) return;
  }
}

Status Checkpointer::RunAll(bool closing) {
  TURDB_RETURN_IF_ERROR(health_.status());
  const ParkingGuard guard(lock_, *environment_.scheduler);
  Status status;
  const Lsn target = log_.next_lsn();
  BeginRound(target);
  while (status.ok() && phase_ != Phase::kRecording) status = phase_ == Phase::kWriting ? StepWriting() : StepSyncing();
  while (status.ok() && phase_ == Phase::kRecording) {
    status = StepRecording(closing);
    if (phase_ == Phase::kRecording) environment_.scheduler->Yield();  // a file is just being made or renamed
  }
  return status;
}

StatusOr<Checkpointer::LogHold> Checkpointer::HoldLog() {
  TURDB_RETURN_IF_ERROR(RunAll(/*closing=*/false));
  const ParkingGuard guard(lock_, *environment_.scheduler);
  const LogHold hold = recorded_;  // of that round, or of a later one
  holds_.push_back(hold.keep_from());
  return hold;
}

void Checkpointer::ReleaseLog(const LogHold& hold) {
  const ParkingGuard guard(lock_, *environment_.scheduler);
  if (const auto found = std::find(holds_.begin(), holds_.end(), hold.keep_from()); found != holds_.end()) holds_.erase(found);
}

Status Checkpointer::Step() {
  switch (phase_) {
    case Phase::kIdle: {
      const Lsn next = log_.next_lsn();
      const uint64_t young = limit_bytes_ / 8 * 3;
      BeginRound(next > young ? next - young : 0);
      return absl::OkStatus();
    }
    case Phase::kWriting:
      return StepWriting();
    case Phase::kSyncing:
      return StepSyncing();
    case Phase::kRecording:
      return StepRecording(/*closing=*/false);
  }
  return absl::OkStatus();
}

void Checkpointer::BeginRound(Lsn target) {
  target_ = target;
  next_frame_ = 0;
  gathered_.clear();
  written_ = 0;
  phase_ = Phase::kWriting;
}

void Checkpointer::Gather() {
  gathered_.clear();
  written_ = 0;
  const uint32_t count = pool_.frame_count();
  const size_t most = std::min<size_t>(kGatherPages, count);
  if (gathered_.capacity() < most) gathered_.reserve(most);
  for (; next_frame_ < count && gathered_.size() < most; ++next_frame_) {
    Frame* frame = pool_.frame(next_frame_);
    const Lsn first_dirty = frame->first_dirty_lsn.load(std::memory_order_relaxed);
    if (first_dirty != base::kNoLsn && first_dirty < target_) gathered_.push_back(frame);
  }
  std::sort(gathered_.begin(), gathered_.end(), [](const Frame* a, const Frame* b) {
    return a->page_id.load(std::memory_order_relaxed) < b->page_id.load(std::memory_order_relaxed);
  });
}

Status Checkpointer::StepWriting() {
  if (written_ == gathered_.size()) {
    Gather();
    if (gathered_.empty()) {
      unsynced_ = files_.UnsyncedFiles();
      phase_ = Phase::kSyncing;
      return absl::OkStatus();
    }
  }
  const size_t count = std::min(write_back_.batch_pages(), gathered_.size() - written_);
  TURDB_RETURN_IF_ERROR(write_back_.Write(std::span(gathered_).subspan(written_, count)).status());
  written_ += count;
  return absl::OkStatus();
}

Status Checkpointer::StepSyncing() {
  if (unsynced_.empty()) {
    phase_ = Phase::kRecording;
    return absl::OkStatus();
  }
  const FileId file = unsynced_.back();
  unsynced_.pop_back();
  if (Status status = files_.SyncFile(file); !status.ok()) return health_.Poison(status);
  return absl::OkStatus();
}

Lsn Checkpointer::RedoPoint() const {
  Lsn redo = log_.next_lsn();  // (1): first
  const uint32_t count = pool_.frame_count();
  for (uint32_t i = 0; i < count; ++i) {
    const Lsn first_dirty = pool_.frame(i)->first_dirty_lsn.load(std::memory_order_seq_cst);
    if (first_dirty != base::kNoLsn) redo = std::min(redo, first_dirty);
  }
  redo = std::min(redo, write_back_.batch_lsn());
  return std::min(redo, files_.UnsyncedLsn());
}

Status Checkpointer::StepRecording(bool closing) {
  TURDB_RETURN_IF_ERROR(directory_.SyncNames());
  const Lsn redo = RedoPoint();
  Lsn scan = std::min(redo, directory_.OldestPendingLsn());
  if (keep_) scan = std::min(scan, keep_());
  // A checkpoint that does not fit into the log is no harm: there is another one.
  TURDB_RETURN_IF_ERROR(log_.EnsureRoom(directory_.CheckpointBytes() + kOtherRecordsBytes));
  Lsn begin = base::kNoLsn;
  if (!directory_.TryLogCheckpointBegin(&begin)) return absl::OkStatus();  // next time
  std::array<std::byte, 24> payload;
  base::StoreLE<uint64_t>(payload.data(), redo);
  base::StoreLE<uint64_t>(payload.data() + 8, scan);
  base::StoreLE<uint64_t>(payload.data() + 16, next_txn_id_ ? next_txn_id_() : 1);
  const LogEntry entry{PageId{}, 0, {Bytes(payload)}};
  const Lsn end = log_.Append({.kind = RecordKind::kCheckpointEnd, .entries = std::span(&entry, 1)}).end;
  TURDB_RETURN_IF_ERROR(log_.WaitDurable(end));
  const bool clean = closing && redo >= begin && scan >= begin;
  TURDB_RETURN_IF_ERROR(log_.WriteControl(ControlBlock{.sequence = 0,
                                                       .database_id = 0,
                                                       .checkpoint_lsn = begin,
                                                       .scan_from = scan,
                                                       .redo_from = redo,
                                                       .durable_lsn = 0,
                                                       .flags = clean ? kControlClean : 0,
                                                       .crc = 0,
                                                       .zero = 0}));
  redo_lsn_.store(redo, std::memory_order_relaxed);
  phase_ = Phase::kIdle;
  rounds_.fetch_add(1, std::memory_order_relaxed);
  recorded_ = {.checkpoint = begin, .scan_from = scan, .redo_from = redo};
  Lsn keep = recorded_.keep_from();
  for (const Lsn held : holds_) keep = std::min(keep, held);
  return log_.Recycle(keep);
}

}  // namespace turdb::storage
