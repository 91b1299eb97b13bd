// Writing dirty pages to their files: copies under a shared latch, checksums, in order of file and page.
//
// A page on its way is in one of four places, and moves from each to the next only after it is registered there,
// so that the redo point, which looks at them in this order, misses none (kernel rule 14):
//   frame.first_dirty_lsn -> batch_lsn() -> the file's unsynced minimum -> durable.
#ifndef TURDB_STORAGE_WRITE_BACK_H_
#define TURDB_STORAGE_WRITE_BACK_H_

#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "base/memory_budget.h"
#include "storage/frame.h"
#include "storage/frame_memory.h"
#include "storage/health.h"
#include "storage/log.h"
#include "storage/page_files.h"

namespace turdb::storage {

// Thread-safe; one batch is under way at a time. Never waits for a page latch, so it may be called with any held.
class WriteBack {
 public:
  WriteBack(os::Scheduler& scheduler, Log& log, PageFiles& files, Health& health)
      : scheduler_(scheduler), log_(log), files_(files), health_(health) {}
  Status Start(size_t batch_pages, base::MemoryBudget& budget);

  // Writes those that are dirty and can be latched at once; `frames` is sorted on the way. The log is made durable
  // up to their newest change first. On a write error the database is poisoned and the pages stay dirty.
  StatusOr<size_t> Write(std::span<Frame*> frames);

  size_t batch_pages() const { return batch_pages_; }
  // The first-dirty minimum of the batch under way; kNothingUnsynced when there is none.
  Lsn batch_lsn() const { return batch_lsn_.load(std::memory_order_seq_cst); }
  uint64_t pages_written() const { return pages_written_.load(std::memory_order_relaxed); }

 private:
  struct Taken {
    Frame* frame;
    Lsn first_dirty;
  };
  Status WriteBatch(std::span<Frame*> frames, size_t* written);

  os::Scheduler& scheduler_;
  Log& log_;
  PageFiles& files_;
  Health& health_;
  size_t batch_pages_ = 0;
  AddressRange staging_;
  base::MemoryReservation reservation_;
  ParkingLock lock_{LockRank::kWriteBack};
  std::vector<PageWrite> writes_;  // guarded by lock_, like the two below; sized once
  std::vector<Lsn> first_dirty_;
  std::vector<Frame*> taken_;
  std::atomic<Lsn> batch_lsn_{kNothingUnsynced};
  std::atomic<uint64_t> pages_written_{0};
};

}  // namespace turdb::storage

#endif  // TURDB_STORAGE_WRITE_BACK_H_
