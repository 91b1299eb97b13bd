// The buffer pool: pages of files in frames of memory, found without a lock, replaced by SIEVE.
//
// A hit is: hash, bucket word, frame, state word. The shards' locks are taken only to change a bucket; a
// lock-free miss is asked again under the lock. What a lock-free search finds is believed only after the
// latch is held (or the version noted) and the frame's page id compared. README.md has the life of a frame.
#ifndef TURDB_STORAGE_BUFFER_POOL_H_
#define TURDB_STORAGE_BUFFER_POOL_H_

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/synchronization/mutex.h"
#include "base/memory_budget.h"
#include "base/status.h"
#include "os/environment.h"
#include "os/process.h"
#include "storage/frame.h"
#include "storage/frame_memory.h"

namespace turdb::storage {

using base::Bytes;
using base::Status;
using base::StatusOr;

class BufferPool;
class Health;
class PageFiles;
class WriteBack;

// Guards hold a latch (or a version) of one frame and give it back on destruction. Each belongs to one thread.
// Order of latching: top-down in a tree, left to right among siblings, page 0 of a file last.

class SharedGuard {
 public:
  SharedGuard() = default;
  SharedGuard(SharedGuard&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  SharedGuard& operator=(SharedGuard&& other) noexcept {
    if (this != &other) {
      Release();
      frame_ = std::exchange(other.frame_, nullptr);
    }
    return *this;
  }
  ~SharedGuard() { Release(); }

  bool held() const { return frame_ != nullptr; }
  const std::byte* page() const { return frame_->data; }
  Frame* frame() const { return frame_; }
  PageId id() const { return frame_->id(); }
  void* versions() const { return frame_->versions.load(std::memory_order_acquire); }
  void Release() {
    if (frame_ != nullptr) std::exchange(frame_, nullptr)->UnlockShared();
  }

 private:
  friend class BufferPool;
  friend class OptimisticGuard;
  friend class ExclusiveGuard;
  explicit SharedGuard(Frame* latched) : frame_(latched) {}
  Frame* frame_ = nullptr;
};

class ExclusiveGuard {
 public:
  ExclusiveGuard() = default;
  ExclusiveGuard(ExclusiveGuard&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  ExclusiveGuard& operator=(ExclusiveGuard&& other) noexcept {
    if (this != &other) {
      Release();
      frame_ = std::exchange(other.frame_, nullptr);
    }
    return *this;
  }
  ~ExclusiveGuard() { Release(); }

  bool held() const { return frame_ != nullptr; }
  std::byte* page() const { return frame_->data; }
  Frame* frame() const { return frame_; }
  PageId id() const { return frame_->id(); }
  void* versions() const { return frame_->versions.load(std::memory_order_relaxed); }
  void Release() {
    if (frame_ != nullptr) std::exchange(frame_, nullptr)->UnlockExclusive();
  }
  SharedGuard Downgrade() && {
    frame_->DowngradeToShared();
    return SharedGuard(std::exchange(frame_, nullptr));
  }

 private:
  friend class BufferPool;
  friend class OptimisticGuard;
  explicit ExclusiveGuard(Frame* latched) : frame_(latched) {}
  Frame* frame_ = nullptr;
};

// A reader's claim that it will notice when the page changes. Read with relaxed std::atomic_ref loads, clamp
// what was read, and Validate() before believing it. In the TSan build it is a shared latch, so never hold one
// while latching the same page exclusively in another way than by UpgradeToExclusive.
class OptimisticGuard {
 public:
  OptimisticGuard() = default;
#ifdef TURDB_TSAN
  OptimisticGuard(OptimisticGuard&& other) noexcept
      : frame_(std::exchange(other.frame_, nullptr)), version_(other.version_), id_(other.id_) {}
  OptimisticGuard& operator=(OptimisticGuard&& other) noexcept {
    if (this != &other) {
      Release();
      frame_ = std::exchange(other.frame_, nullptr);
      version_ = other.version_;
      id_ = other.id_;
    }
    return *this;
  }
  ~OptimisticGuard() { Release(); }
  void Release() {
    if (frame_ != nullptr) std::exchange(frame_, nullptr)->UnlockShared();
  }
  bool Validate() const { return true; }
#else
  OptimisticGuard(OptimisticGuard&& other) noexcept = default;
  OptimisticGuard& operator=(OptimisticGuard&& other) noexcept = default;
  void Release() { frame_ = nullptr; }
  // True when nothing changed since the guard was made, so everything read through it was consistent.
  bool Validate() const {
    std::atomic_thread_fence(std::memory_order_acquire);
    const uint64_t word = frame_->state.load(std::memory_order_relaxed);
    return Frame::VersionOf(word) == version_ && !Frame::IsExclusive(word);
  }
#endif

  bool held() const { return frame_ != nullptr; }
  const std::byte* page() const { return frame_->data; }
  Frame* frame() const { return frame_; }
  PageId id() const { return id_; }
  uint64_t version() const { return version_; }

  // The latch if the version still stands, nothing otherwise (descend again). Either way the optimistic guard is
  // used up. May wait for readers (exclusive) of this page, never for I/O.
  static std::optional<SharedGuard> UpgradeToShared(OptimisticGuard guard);
  static std::optional<ExclusiveGuard> UpgradeToExclusive(OptimisticGuard guard);

 private:
  friend class BufferPool;
  OptimisticGuard(Frame* frame, uint64_t version, PageId id) : frame_(frame), version_(version), id_(id) {}
  Frame* frame_ = nullptr;
  uint64_t version_ = 0;
  PageId id_;
};

// The right to latch up to n frames at once (kernel rule 10). An operation takes it before its first guard and
// holds none while it waits for anything. Free of charge while the pool is large.
class FrameReservation {
 public:
  FrameReservation() = default;
  FrameReservation(FrameReservation&& other) noexcept
      : pool_(std::exchange(other.pool_, nullptr)), frames_(std::exchange(other.frames_, 0)) {}
  FrameReservation& operator=(FrameReservation&& other) noexcept {
    if (this != &other) {
      Release();
      pool_ = std::exchange(other.pool_, nullptr);
      frames_ = std::exchange(other.frames_, 0);
    }
    return *this;
  }
  ~FrameReservation() { Release(); }
  void Release();

 private:
  friend class BufferPool;
  FrameReservation(BufferPool* pool, int frames) : pool_(pool), frames_(frames) {}
  BufferPool* pool_ = nullptr;
  int frames_ = 0;
};

inline constexpr int kMaxReservedFrames = 8;

struct PoolStats {
  uint64_t misses = 0, evictions = 0, pages_written = 0;
  uint64_t hits = 0;        // guards made over pages that were resident; about, where threads are many
  uint64_t pages_read = 0;  // misses but for pages that are new, and what was prefetched
  size_t frames = 0, frame_limit = 0, dirty_frames = 0;
};

// Thread-safe.
class BufferPool {
 public:
  // How txn's version tables follow their pages (kernel rule 3). Called under the exclusive latch of the frame;
  // must not block and must not call the pool.
  struct Hooks {
    void* context = nullptr;
    void* (*on_load)(void* context, PageId id) = nullptr;                  // what Frame::versions starts with
    void (*on_evict)(void* context, PageId id, void* versions) = nullptr;  // only for frames that had one
  };

  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;
  ~BufferPool();

  // The page under the wanted guard; read from its file, checksum verified, when it is not resident. Waits for
  // latches; a page that is not in its file is corruption. On error nothing is held.
  StatusOr<OptimisticGuard> FixOptimistic(PageId id);
  // The same where the page was in `frame` before: false if it is not there now, or is latched exclusively. Neither hash nor
  // wait; inline, since a search does little else. REQUIRES: `frame` came from a guard of this pool; *guard holds nothing.
  bool TryOptimistic(Frame* frame, PageId id, OptimisticGuard* guard) {
#ifdef TURDB_TSAN
    if (!frame->TryLockShared()) return false;
    const uint64_t word = frame->state.load(std::memory_order_relaxed);
    if (frame->page_id.load(std::memory_order_relaxed) != id.packed()) {
      frame->UnlockShared();
      return false;
    }
#else
    const uint64_t word = frame->state.load(std::memory_order_acquire);
    if (Frame::IsExclusive(word) || frame->page_id.load(std::memory_order_relaxed) != id.packed()) return false;
#endif
    CountFix();
    MarkVisited(frame);
    guard->frame_ = frame;
    guard->version_ = Frame::VersionOf(word);
    guard->id_ = id;
    return true;
  }
  // Where a frame's page lies, for asking the processor for its lines: known before the frame itself has been read.
  const std::byte* DataOf(const Frame* frame) const { return page_memory_.data() + size_t{IndexOf(frame)} * kPageSize; }
  StatusOr<SharedGuard> FixShared(PageId id);
  StatusOr<ExclusiveGuard> FixExclusive(PageId id);
  // Only when resident and unlatched: no I/O, no wait.
  std::optional<ExclusiveGuard> TryFixExclusiveIfResident(PageId id);
  // A hint: those that are not resident are read in one batch. Errors are left to the Fix that meets them.
  void Prefetch(std::span<const PageId> ids);
  // Where the page seems to be; null when it is not resident. Only for asking the processor for its lines: what is
  // there may become another page at any moment.
  const std::byte* Peek(PageId id) {
    const Frame* frame = Find(id);
    return frame == nullptr ? nullptr : frame->data;
  }

  // REQUIRES: 1 <= frames <= kMaxReservedFrames, and that the calling thread holds no other reservation.
  FrameReservation ReserveFrames(int frames);

  // Before any page is fixed.
  void SetVersionHooks(Hooks hooks);
  // Obeyed at once as far as latches allow; memory goes back to the system. At least kMinPoolFrames.
  Status SetLimit(int64_t page_cache_bytes);
  PoolStats stats() const;

 private:
  friend class Storage;
  friend class PageAllocation;
  friend class FrameReservation;
  friend class Checkpointer;
  friend class Recovery;
  friend class FileDirectory;

  static constexpr uint32_t kShards = 64;
  static constexpr int kMaxTakeAttempts = 4000;
  // A slice of the page table is heads of chains: a frame's index plus one, 0 at the end.
  static constexpr uintptr_t kSliceAlignment = 64;
  struct alignas(64) Shard {
    absl::Mutex mu;
    // Where the slice begins, plus the logarithm of its number of heads: one load tells both, and a search touches no
    // line of the table but its head's. Replaced under mu.
    std::atomic<uintptr_t> slice{0};
  };
  static std::atomic<uint32_t>* HeadsOf(uintptr_t slice) {
    return reinterpret_cast<std::atomic<uint32_t>*>(slice & ~(kSliceAlignment - 1));
  }
  static size_t HeadCount(uintptr_t slice) { return size_t{1} << (slice % kSliceAlignment); }

  BufferPool(const os::Environment& environment, PageFiles& files, WriteBack& write_back, Health& health,
             base::MemoryBudget& budget);
  Status Start(int64_t page_cache_bytes, int64_t reserve_bytes);

  // The page without reading it: zero, exclusively latched, unless it is resident (`was_resident`).
  StatusOr<ExclusiveGuard> FixNew(PageId id, bool* was_resident);
  // As its file has it, right or wrong. REQUIRES: nobody else uses the pool, and the page is not resident.
  StatusOr<ExclusiveGuard> FixUnverified(PageId id);
  // Forgets a page or all pages of a file, dirty or not. Waits for latches.
  void Discard(ExclusiveGuard guard);
  void DiscardFile(FileId file);
  // Indices below this one may be in use. For those who look at all frames.
  uint32_t frame_count() const { return frames_used_.load(std::memory_order_acquire); }
  Frame* frame(uint32_t index) { return &frames_[index]; }

  Frame* Find(PageId id);
  Frame* FindLocked(PageId id);
  // The same whatever the number of buckets.
  Shard& ShardOf(PageId id) { return shards_[(Hash(id) / kNeighbours) % kShards]; }
  std::atomic<uint32_t>& HeadOf(PageId id) {
    const uint32_t hash = Hash(id);
    const uintptr_t slice = shards_[(hash / kNeighbours) % kShards].slice.load(std::memory_order_acquire);
    return HeadsOf(slice)[BucketOf(hash) & (HeadCount(slice) - 1)];
  }
  enum class Load : uint8_t { kVerified, kUnverified, kNothing };
  // A latched frame that holds the page: resident, or loaded now. `load` says how to fill it; returns a frame that
  // is exclusively latched by us when `loaded`, else one that is only found.
  StatusOr<Frame*> FindOrLoad(PageId id, Load load, bool* loaded);
  StatusOr<Frame*> TakeFrame(int attempts = kMaxTakeAttempts);
  Frame* PopFree() ABSL_EXCLUSIVE_LOCKS_REQUIRED(replacement_mu_);
  bool GrowFrames() ABSL_EXCLUSIVE_LOCKS_REQUIRED(replacement_mu_);
  Frame* FindVictim(absl::InlinedVector<Frame*, 32>* dirty) ABSL_EXCLUSIVE_LOCKS_REQUIRED(replacement_mu_);
  bool TryLatchVictim(Frame* frame);
  void Enqueue(Frame* frame) ABSL_EXCLUSIVE_LOCKS_REQUIRED(replacement_mu_);
  void Dequeue(Frame* frame) ABSL_EXCLUSIVE_LOCKS_REQUIRED(replacement_mu_);
  void PushFree(Frame* frame) ABSL_EXCLUSIVE_LOCKS_REQUIRED(replacement_mu_);
  bool Install(Frame* frame, PageId id);
  void Unmap(Frame* frame);
  void Drop(Frame* frame);  // unmap, dequeue, free, unlatch
  bool ShrinkBy(size_t frames);
  Status Rehash(size_t frames) ABSL_EXCLUSIVE_LOCKS_REQUIRED(resize_mu_);
  void GrowTable();
  uint32_t IndexOf(const Frame* frame) const { return static_cast<uint32_t>(frame - frames_); }
  // Pages of one file that follow each other stand in buckets that follow each other, sixteen to a cache line, so that
  // the table costs the cache what the resident pages need and not a line a page. Files begin at scattered places.
  static constexpr uint32_t kNeighbours = kSliceAlignment / sizeof(uint32_t);
  static uint32_t Hash(PageId id) { return id.page + id.file * uint32_t{0x9E3779B1}; }
  static uint32_t BucketOf(uint32_t hash) { return hash / (kNeighbours * kShards) * kNeighbours + hash % kNeighbours; }
  void MarkVisited(Frame* frame) {
    if (frame->visited.load(std::memory_order_relaxed) == 0) frame->visited.store(1, std::memory_order_relaxed);
  }
  void ReleaseReservation(int frames);

  // Constant after Start.
  const os::Environment environment_;
  PageFiles& files_;
  WriteBack& write_back_;
  Health& health_;
  Hooks hooks_;
  AddressRange page_memory_;
  AddressRange frame_memory_;
  Frame* frames_ = nullptr;
  size_t capacity_frames_ = 0;

  // Synchronise themselves.
  std::array<Shard, kShards> shards_;
  std::atomic<uint32_t> frames_used_{0};  // the high-water mark of indices
  std::atomic<size_t> limit_frames_{0};
  std::atomic<int> reserved_frames_{0};
  std::atomic<uint64_t> misses_{0};
  std::atomic<uint64_t> evictions_{0};
  std::atomic<uint64_t> made_{0};        // of misses_: new pages, which no file has
  std::atomic<uint64_t> prefetched_{0};  // of misses_
  // Guards made, by thread, so that counting them makes no thread wait for another's line of the cache. Threads that share a
  // stripe may lose one.
  static constexpr uint32_t kStripeBits = 4;
  struct alignas(64) Stripe {
    std::atomic<uint64_t> fixes{0};
  };
  std::array<Stripe, size_t{1} << kStripeBits> stripes_;
  void CountFix() {
    const uint64_t stripe = (os::CurrentThreadToken() * 0x9E3779B97F4A7C15u) >> (64 - kStripeBits);
    std::atomic<uint64_t>& fixes = stripes_[stripe].fixes;
    fixes.store(fixes.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  std::atomic<size_t> table_frames_{0};  // for how many the page table was made

  mutable absl::Mutex resize_mu_ ABSL_ACQUIRED_BEFORE(replacement_mu_);  // SetLimit, Rehash
  // All tables made so far: old ones stay for searches under way.
  std::vector<std::unique_ptr<AddressRange>> tables_ ABSL_GUARDED_BY(resize_mu_);

  mutable absl::Mutex replacement_mu_;
  uint32_t sieve_oldest_ ABSL_GUARDED_BY(replacement_mu_) = kNoFrame;
  uint32_t sieve_newest_ ABSL_GUARDED_BY(replacement_mu_) = kNoFrame;
  uint32_t sieve_hand_ ABSL_GUARDED_BY(replacement_mu_) = kNoFrame;
  size_t queued_frames_ ABSL_GUARDED_BY(replacement_mu_) = 0;
  uint32_t warm_free_ ABSL_GUARDED_BY(replacement_mu_) = kNoFrame;  // free frames with memory, chained by sieve_older
  uint32_t cold_free_ ABSL_GUARDED_BY(replacement_mu_) = kNoFrame;  // free frames without
  size_t committed_frames_ ABSL_GUARDED_BY(replacement_mu_) = 0;    // with memory
  base::MemoryReservation reservation_ ABSL_GUARDED_BY(replacement_mu_);
};

}  // namespace turdb::storage

#endif  // TURDB_STORAGE_BUFFER_POOL_H_
