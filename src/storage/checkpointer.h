// Fuzzy checkpoints in small steps. A round writes back the pages that have been dirty for long, syncs their files,
// and records from where recovery would have to redo now. Neither readers nor writers stop: a page that is latched
// just then stays dirty and holds the redo point until the next round.
//
//        lag > 5/8 limit                  all looked at                 all synced
//   idle ---------------> writing pages ---------------> syncing files -----------> record, control, recycle -> idle
//
//  (1) The redo point is the minimum of `next` (read first), of all frames' first-dirty LSN, of the batch on its way
//      and of what is written but not synced (read in this order; kernel rule 14).
//  (2) The log is kept from the minimum of the redo point, the first record of any live writer, the oldest pending
//      file change, and the checkpoint's own records.
//  (3) Only pages dirty for more than 3/8 of the limit are written: a hot page is written, and its image logged,
//      about twice while the log grows by the limit.
#ifndef TURDB_STORAGE_CHECKPOINTER_H_
#define TURDB_STORAGE_CHECKPOINTER_H_

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "storage/buffer_pool.h"
#include "storage/file_directory.h"
#include "storage/health.h"
#include "storage/log.h"
#include "storage/page_files.h"
#include "storage/write_back.h"

namespace turdb::storage {

// Thread-safe after Start.
class Checkpointer {
 public:
  Checkpointer(const os::Environment& environment, Log& log, BufferPool& pool, PageFiles& files, WriteBack& write_back,
               FileDirectory& directory, Health& health)
      : environment_(environment),
        log_(log),
        pool_(pool),
        files_(files),
        write_back_(write_back),
        directory_(directory),
        health_(health) {}
  ~Checkpointer() { StopThread(); }

  // `background`: rounds run on a thread of their own, which is started when the first one is due.
  void Start(int64_t wal_limit_bytes, Lsn redo_lsn, bool background) {
    limit_bytes_ = static_cast<uint64_t>(wal_limit_bytes);
    background_ = background;
    redo_lsn_.store(redo_lsn, std::memory_order_relaxed);
  }
  // `keep` says from where on rollback needs the log (UINT64_MAX: nothing). It may be called with page latches held
  // and must take none, nor a lock that is held while storage is called.
  void SetSources(std::function<Lsn()> keep, std::function<TxnId()> next_txn_id) {
    keep_ = std::move(keep);
    next_txn_id_ = std::move(next_txn_id);
  }
  void StopThread();

  // Called often, by committers and by those who make pages dirty: does nothing while the log lags little, wakes
  // the thread or does one step when it lags more, and as many as it takes when it lags more than the limit.
  void Pace() {
    if (log_.next_lsn() - redo_lsn_.load(std::memory_order_relaxed) > limit_bytes_ / 8 * 5) PaceSlow();
  }
  // For those who hold latches: helps only beyond the limit.
  void PaceUnderLatches() {
    if (log_.next_lsn() - redo_lsn_.load(std::memory_order_relaxed) > limit_bytes_) PaceSlow();
  }

  // A whole round over everything dirty now. `closing`: the log ends here.
  Status RunAll(bool closing);
  // For a copy of the files that begins now. Runs a round; from what it recorded on, the log is kept until ReleaseLog.
  struct LogHold {
    Lsn checkpoint = 0, scan_from = 0, redo_from = 0;
    Lsn keep_from() const { return std::min(scan_from, checkpoint); }
  };
  StatusOr<LogHold> HoldLog();
  void ReleaseLog(const LogHold& hold);
  Lsn redo_lsn() const { return redo_lsn_.load(std::memory_order_relaxed); }
  uint64_t rounds() const { return rounds_.load(std::memory_order_relaxed); }

 private:
  enum class Phase : uint8_t { kIdle, kWriting, kSyncing, kRecording };

  void PaceSlow();
  void PaceNow();
  void WakeThread();
  void ThreadBody();
  // All below REQUIRE lock_.
  Status Step();
  void BeginRound(Lsn target);
  Status StepWriting();
  Status StepSyncing();
  Status StepRecording(bool closing);
  void Gather();
  Lsn RedoPoint() const;

  const os::Environment environment_;
  Log& log_;
  BufferPool& pool_;
  PageFiles& files_;
  WriteBack& write_back_;
  FileDirectory& directory_;
  Health& health_;
  std::function<Lsn()> keep_;
  std::function<TxnId()> next_txn_id_;
  uint64_t limit_bytes_ = UINT64_MAX / 16;
  std::atomic<Lsn> redo_lsn_{0};  // of the last round
  std::atomic<uint64_t> rounds_{0};

  ParkingLock lock_{LockRank::kCheckpoint};
  Phase phase_ = Phase::kIdle;
  Lsn target_ = 0;                // pages dirty since before are written
  uint32_t next_frame_ = 0;       // frames below have been looked at
  std::vector<Frame*> gathered_;  // to be written, by page
  size_t written_ = 0;            // of gathered_
  std::vector<FileId> unsynced_;
  LogHold recorded_;        // by the last round
  std::vector<Lsn> holds_;  // where those begin that are not released

  bool background_ = false;
  std::atomic<bool> started_{false};
  absl::Mutex thread_mu_;
  std::unique_ptr<os::Thread> thread_ ABSL_GUARDED_BY(thread_mu_);
  std::atomic<bool> stopping_{false};
  std::atomic<bool> wanted_{false};
};

}  // namespace turdb::storage

#endif  // TURDB_STORAGE_CHECKPOINTER_H_
