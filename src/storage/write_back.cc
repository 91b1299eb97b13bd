#include "storage/write_back.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace turdb::storage {

Status WriteBack::Start(size_t batch_pages, base::MemoryBudget& budget) {
  batch_pages_ = batch_pages;
  reservation_ = base::MemoryReservation(budget);
  TURDB_RETURN_IF_ERROR(reservation_.Grow(static_cast<int64_t>(batch_pages * kPageSize), "the buffer for writing pages"));
  TURDB_RETURN_IF_ERROR(staging_.Reserve(batch_pages * kPageSize, /*huge_pages=*/false));
  writes_.reserve(batch_pages);
  first_dirty_.reserve(batch_pages);
  taken_.reserve(batch_pages);
  return absl::OkStatus();
}

StatusOr<size_t> WriteBack::Write(std::span<Frame*> frames) {
  // Ids may change while we sort by them: sort a snapshot of sorts, and again what was really taken.
  std::sort(frames.begin(), frames.end(), [](const Frame* a, const Frame* b) {
    return a->page_id.load(std::memory_order_relaxed) < b->page_id.load(std::memory_order_relaxed);
  });
  size_t written = 0;
  ParkingGuard guard(lock_, scheduler_);
  Status status;
  for (size_t begin = 0; begin < frames.size() && status.ok(); begin += batch_pages_) {
    status = WriteBatch(frames.subspan(begin, std::min(batch_pages_, frames.size() - begin)), &written);
  }
  guard.Release();
  TURDB_RETURN_IF_ERROR(status);
  pages_written_.fetch_add(written, std::memory_order_relaxed);
  return written;
}

Status WriteBack::WriteBatch(std::span<Frame*> frames, size_t* written) {
  if (!health_.ok()) return health_.status();
  writes_.clear();
  first_dirty_.clear();
  taken_.clear();
  Lsn newest = base::kNoLsn;
  Lsn lowest = kNothingUnsynced;
  for (Frame* frame : frames) {
    if (!frame->dirty() || !frame->TryLockShared()) continue;
    const PageId id = frame->id();
    const Lsn first_dirty = frame->first_dirty_lsn.load(std::memory_order_relaxed);
    if (id.file != base::kNoFile && first_dirty != base::kNoLsn) {
      std::byte* copy = staging_.data() + writes_.size() * kPageSize;
      std::memcpy(copy, frame->data, kPageSize);
      newest = std::max(newest, PageLsn(id, copy));
      lowest = std::min(lowest, first_dirty);
      writes_.push_back(PageWrite{id, copy});
      first_dirty_.push_back(first_dirty);
      taken_.push_back(frame);
      frame->writing.store(1, std::memory_order_relaxed);
      batch_lsn_.store(lowest, std::memory_order_seq_cst);
      frame->first_dirty_lsn.store(base::kNoLsn, std::memory_order_seq_cst);
    }
    frame->UnlockShared();
  }
  if (taken_.empty()) return absl::OkStatus();
  Status status = log_.WaitDurable(newest);
  if (status.ok()) {
    if (!std::is_sorted(writes_.begin(), writes_.end(), [](const PageWrite& a, const PageWrite& b) { return a.id < b.id; })) {
      std::sort(writes_.begin(), writes_.end(), [](const PageWrite& a, const PageWrite& b) { return a.id < b.id; });
      std::fill(first_dirty_.begin(), first_dirty_.end(), lowest);
    }
    try {
      status = files_.WritePages(writes_, first_dirty_);
    } catch (const std::bad_alloc&) {
      status = base::NoMemory();  // nobody can tell what was written
    }
    if (!status.ok()) status = health_.Poison(status);
  }
  for (size_t i = 0; i < taken_.size(); ++i) {
    if (!status.ok()) {
      Lsn clean = base::kNoLsn;
      taken_[i]->first_dirty_lsn.compare_exchange_strong(clean, lowest);
    }
    taken_[i]->writing.store(0, std::memory_order_release);
  }
  // After a failure the batch's LSN stays: nothing may move the redo point beyond it.
  if (status.ok()) batch_lsn_.store(kNothingUnsynced, std::memory_order_seq_cst);
  *written += taken_.size();
  return status;
}

}  // namespace turdb::storage
