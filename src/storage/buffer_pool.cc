#include "storage/buffer_pool.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>
#include <thread>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/limits.h"
#include "base/prefetch.h"
#include "storage/health.h"
#include "storage/latch_delay.h"
#include "storage/page_files.h"
#include "storage/parking_lock.h"
#include "storage/write_back.h"

namespace turdb::storage {
namespace {

constexpr int64_t kDefaultReserveBytes = int64_t{16} << 30;
constexpr int64_t kHugePagesFromBytes = int64_t{64} << 20;
constexpr size_t kFirstGrowthFrames = 4;    // committed at once, at first
constexpr size_t kGrowthFrames = 64;        // and at most
constexpr size_t kUnreservedFrames = 2048;  // from here on no set of operations can latch all frames
constexpr int kMaxChainSteps = 64;
constexpr size_t kFirstTableFrames = 1024;
constexpr size_t kTableGrowth = 8;
constexpr int kPrefetchAttempts = 2;  // holding frames that are being filled, it had better not wait for others
constexpr int64_t kTakePauseNanos = 1'000'000;
constexpr size_t kPrefetchPages = 32;

// As much of a page's version table as a look into it needs.
constexpr size_t kVersionsBytes = 192;

// Taking a latch waits for the frame's line and lets no load pass: what is read next is asked for before.
inline void ExpectToRead(const Frame& frame) {
  base::PrefetchLines(frame.data, 128);
  const void* const versions = frame.versions.load(std::memory_order_relaxed);
  if (versions != nullptr) base::PrefetchLines(versions, kVersionsBytes);
}

}  // namespace

std::optional<SharedGuard> OptimisticGuard::UpgradeToShared(OptimisticGuard guard) {
#ifdef TURDB_TSAN
  return SharedGuard(std::exchange(guard.frame_, nullptr));
#else
  LatchDelay();
  if (!guard.frame_->LockSharedAtVersion(guard.version_)) return std::nullopt;
  LatchDelay();
  return SharedGuard(guard.frame_);
#endif
}

std::optional<ExclusiveGuard> OptimisticGuard::UpgradeToExclusive(OptimisticGuard guard) {
  Frame* frame = guard.frame_;
  const uint64_t version = guard.version_;
  guard.Release();
  LatchDelay();
  if (!frame->LockExclusiveAtVersion(version)) return std::nullopt;
  LatchDelay();
  return ExclusiveGuard(frame);
}

void FrameReservation::Release() {
  if (pool_ != nullptr) std::exchange(pool_, nullptr)->ReleaseReservation(std::exchange(frames_, 0));
}

BufferPool::BufferPool(const os::Environment& environment, PageFiles& files, WriteBack& write_back, Health& health,
                       base::MemoryBudget& budget)
    : environment_(environment), files_(files), write_back_(write_back), health_(health), reservation_(budget) {}

BufferPool::~BufferPool() = default;

Status BufferPool::Start(int64_t page_cache_bytes, int64_t reserve_bytes) {
  const size_t limit = std::max<size_t>(base::kMinPoolFrames, static_cast<size_t>(page_cache_bytes) / kPageSize);
  const int64_t reserve =
      std::max({static_cast<int64_t>(limit * kPageSize), reserve_bytes != 0 ? reserve_bytes : kDefaultReserveBytes});
  capacity_frames_ = static_cast<size_t>(reserve) / kPageSize;
  // Address space may be limited (ulimit -v): then the cache can grow less far.
  for (;;) {
    const Status reserved = page_memory_.Reserve(capacity_frames_ * kPageSize, page_cache_bytes >= kHugePagesFromBytes);
    if (reserved.ok()) break;
    if (reserve_bytes != 0 || capacity_frames_ == limit) return reserved;
    capacity_frames_ = std::max(limit, capacity_frames_ / 4);
  }
  TURDB_RETURN_IF_ERROR(frame_memory_.Reserve(capacity_frames_ * sizeof(Frame), /*huge_pages=*/false));
  frames_ = reinterpret_cast<Frame*>(frame_memory_.data());
  absl::MutexLock lock(&resize_mu_);
  limit_frames_ = limit;
  return Rehash(std::min(limit, kFirstTableFrames));
}

void BufferPool::SetVersionHooks(Hooks hooks) { hooks_ = hooks; }

// ---- Finding

// REQUIRES: the lock of the page's shard.
Frame* BufferPool::FindLocked(PageId id) {
  for (uint32_t next = HeadOf(id).load(std::memory_order_acquire); next != 0;) {
    Frame* frame = &frames_[next - 1];
    if (frame->page_id.load(std::memory_order_relaxed) == id.packed()) return frame;
    next = frame->hash_next.load(std::memory_order_acquire);
  }
  return nullptr;
}

// Without a lock: chains may change under us, so a miss proves nothing and the walk is bounded.
Frame* BufferPool::Find(PageId id) {
  uint32_t next = HeadOf(id).load(std::memory_order_acquire);
  for (int steps = 0; next != 0 && steps < kMaxChainSteps; ++steps) {
    Frame* frame = &frames_[next - 1];
    if (frame->page_id.load(std::memory_order_relaxed) == id.packed()) return frame;
    next = frame->hash_next.load(std::memory_order_acquire);
  }
  return nullptr;
}

StatusOr<OptimisticGuard> BufferPool::FixOptimistic(PageId id) {
  CountFix();
  bool loaded = false;  // a page that was just read has not been visited again
  for (;;) {
    Frame* frame = Find(id);
    if (frame == nullptr) {
      TURDB_ASSIGN_OR_RETURN(frame, FindOrLoad(id, Load::kVerified, &loaded));
      if (loaded) frame->UnlockExclusive();  // another page than before: the version must grow
    }
#ifdef TURDB_TSAN
    frame->LockShared();
    const uint64_t word = frame->state.load(std::memory_order_relaxed);
    if (frame->page_id.load(std::memory_order_relaxed) != id.packed()) {
      frame->UnlockShared();
      continue;
    }
#else
    uint64_t word = frame->state.load(std::memory_order_acquire);
    if (Frame::IsExclusive(word)) [[unlikely]]
      word = frame->WaitWhileExclusive();
    if (frame->page_id.load(std::memory_order_relaxed) != id.packed()) continue;
#endif
    if (!loaded) MarkVisited(frame);
    LatchDelay();
    return OptimisticGuard(frame, Frame::VersionOf(word), id);
  }
}

StatusOr<SharedGuard> BufferPool::FixShared(PageId id) {
  CountFix();
  CheckMayWaitFor(LockRank::kPageLatch);
  for (;;) {
    Frame* frame = Find(id);
    if (frame == nullptr) {
      bool loaded = false;
      TURDB_ASSIGN_OR_RETURN(frame, FindOrLoad(id, Load::kVerified, &loaded));
      if (loaded) return ExclusiveGuard(frame).Downgrade();
    }
    ExpectToRead(*frame);
    LatchDelay();
    frame->LockShared();
    LatchDelay();
    if (frame->page_id.load(std::memory_order_relaxed) == id.packed()) {
      MarkVisited(frame);
      return SharedGuard(frame);
    }
    frame->UnlockShared();
  }
}

StatusOr<ExclusiveGuard> BufferPool::FixExclusive(PageId id) {
  CountFix();
  CheckMayWaitFor(LockRank::kPageLatch);
  for (;;) {
    Frame* frame = Find(id);
    if (frame == nullptr) {
      bool loaded = false;
      TURDB_ASSIGN_OR_RETURN(frame, FindOrLoad(id, Load::kVerified, &loaded));
      if (loaded) return ExclusiveGuard(frame);
    }
    ExpectToRead(*frame);
    LatchDelay();
    frame->LockExclusive();
    LatchDelay();
    if (frame->page_id.load(std::memory_order_relaxed) == id.packed()) {
      MarkVisited(frame);
      return ExclusiveGuard(frame);
    }
    frame->UnlockExclusiveUnchanged();
  }
}

std::optional<ExclusiveGuard> BufferPool::TryFixExclusiveIfResident(PageId id) {
  Frame* frame = Find(id);
  if (frame == nullptr || !frame->TryLockExclusive()) return std::nullopt;
  if (frame->page_id.load(std::memory_order_relaxed) == id.packed()) return ExclusiveGuard(frame);
  frame->UnlockExclusiveUnchanged();
  return std::nullopt;
}

StatusOr<ExclusiveGuard> BufferPool::FixNew(PageId id, bool* was_resident) {
  for (;;) {
    bool loaded = false;
    TURDB_ASSIGN_OR_RETURN(Frame * frame, FindOrLoad(id, Load::kNothing, &loaded));
    *was_resident = !loaded;
    if (loaded) return ExclusiveGuard(frame);
    frame->LockExclusive();
    if (frame->page_id.load(std::memory_order_relaxed) == id.packed()) {
      MarkVisited(frame);
      return ExclusiveGuard(frame);
    }
    frame->UnlockExclusiveUnchanged();
  }
}

StatusOr<ExclusiveGuard> BufferPool::FixUnverified(PageId id) {
  bool loaded = false;
  TURDB_ASSIGN_OR_RETURN(Frame * frame, FindOrLoad(id, Load::kUnverified, &loaded));
  TURDB_CHECK(loaded);
  return ExclusiveGuard(frame);
}

// ---- Loading

StatusOr<Frame*> BufferPool::FindOrLoad(PageId id, Load load, bool* loaded) {
  TURDB_DCHECK(id.file != base::kNoFile);
  {
    absl::MutexLock lock(&ShardOf(id).mu);
    if (Frame* frame = FindLocked(id); frame != nullptr) return frame;
  }
  TURDB_ASSIGN_OR_RETURN(Frame * frame, TakeFrame());
  if (!Install(frame, id)) {  // another thread was faster; its frame is found on the next look
    {
      absl::MutexLock lock(&replacement_mu_);
      PushFree(frame);
    }
    frame->UnlockExclusive();
    return FindOrLoad(id, load, loaded);
  }
  misses_.fetch_add(1, std::memory_order_relaxed);
  if (load == Load::kNothing) made_.fetch_add(1, std::memory_order_relaxed);
  if (load != Load::kNothing) {
    auto drop = absl::MakeCleanup([this, frame] { Drop(frame); });  // also when there is no memory to open the file
    TURDB_RETURN_IF_ERROR(load == Load::kVerified ? files_.ReadPage(id, frame->data)
                                                  : files_.ReadPageUnverified(id, frame->data));
    std::move(drop).Cancel();
  } else {
    std::memset(frame->data, 0, kPageSize);
  }
  frame->versions.store(hooks_.on_load != nullptr ? hooks_.on_load(hooks_.context, id) : nullptr, std::memory_order_release);
  absl::MutexLock lock(&replacement_mu_);
  Enqueue(frame);
  *loaded = true;
  return frame;
}

void BufferPool::Prefetch(std::span<const PageId> ids) {
  const size_t most = std::min<size_t>(kPrefetchPages, limit_frames_.load(std::memory_order_relaxed) / 8);
  absl::InlinedVector<PageId, kPrefetchPages> wanted;
  absl::InlinedVector<std::byte*, kPrefetchPages> into;
  absl::InlinedVector<Frame*, kPrefetchPages> frames;
  absl::InlinedVector<Status, kPrefetchPages> results;
  // A hint needs no error, but its frames are latched.
  auto drop = absl::MakeCleanup([this, &frames] {
    for (Frame* frame : frames) Drop(frame);
  });
  for (const PageId id : ids) {
    if (wanted.size() == most) break;
    if (Find(id) != nullptr) continue;
    StatusOr<Frame*> frame = TakeFrame(kPrefetchAttempts);
    if (!frame.ok()) break;
    if (!Install(*frame, id)) {
      absl::MutexLock lock(&replacement_mu_);
      PushFree(*frame);
      (*frame)->UnlockExclusive();
      continue;
    }
    wanted.push_back(id);
    into.push_back((*frame)->data);
    frames.push_back(*frame);
  }
  if (wanted.empty()) return;
  misses_.fetch_add(wanted.size(), std::memory_order_relaxed);
  prefetched_.fetch_add(wanted.size(), std::memory_order_relaxed);
  results.resize(wanted.size());
  files_.ReadPages(wanted, into, std::span<Status>(results));
  std::move(drop).Cancel();
  for (size_t i = 0; i < frames.size(); ++i) {
    if (!results[i].ok()) {
      Drop(frames[i]);
      continue;
    }
    frames[i]->versions.store(hooks_.on_load != nullptr ? hooks_.on_load(hooks_.context, wanted[i]) : nullptr,
                              std::memory_order_release);
    {
      absl::MutexLock lock(&replacement_mu_);
      Enqueue(frames[i]);
    }
    frames[i]->UnlockExclusive();
  }
}

// False when the page is there already.
bool BufferPool::Install(Frame* frame, PageId id) {
  absl::MutexLock lock(&ShardOf(id).mu);
  if (FindLocked(id) != nullptr) return false;
  std::atomic<uint32_t>& head = HeadOf(id);
  frame->page_id.store(id.packed(), std::memory_order_relaxed);
  frame->hash_next.store(head.load(std::memory_order_relaxed), std::memory_order_release);
  head.store(IndexOf(frame) + 1, std::memory_order_release);
  return true;
}

// REQUIRES: exclusively latched and mapped.
void BufferPool::Unmap(Frame* frame) {
  const PageId id = frame->id();
  {
    absl::MutexLock lock(&ShardOf(id).mu);
    std::atomic<uint32_t>* link = &HeadOf(id);
    while (link->load(std::memory_order_relaxed) != IndexOf(frame) + 1) {
      const uint32_t next = link->load(std::memory_order_relaxed);
      TURDB_CHECK_NE(next, 0u);
      link = &frames_[next - 1].hash_next;
    }
    link->store(frame->hash_next.load(std::memory_order_relaxed), std::memory_order_release);
    frame->page_id.store(0, std::memory_order_relaxed);
  }
  if (void* versions = frame->versions.exchange(nullptr, std::memory_order_acq_rel);
      versions != nullptr && hooks_.on_evict != nullptr) {
    hooks_.on_evict(hooks_.context, id, versions);
  }
}

void BufferPool::Drop(Frame* frame) {
  Unmap(frame);
  {
    absl::MutexLock lock(&replacement_mu_);
    if (frame->queued != 0) Dequeue(frame);
    PushFree(frame);
  }
  frame->UnlockExclusive();
}

void BufferPool::Discard(ExclusiveGuard guard) {
  Frame* frame = std::exchange(guard.frame_, nullptr);
  while (frame->writing.load(std::memory_order_acquire) != 0) std::this_thread::yield();
  frame->first_dirty_lsn.store(base::kNoLsn, std::memory_order_seq_cst);
  frame->fresh = 0;
  Drop(frame);
}

void BufferPool::DiscardFile(FileId file) {
  const uint32_t count = frame_count();
  for (uint32_t i = 0; i < count; ++i) {
    Frame* frame = &frames_[i];
    if (frame->id().file != file) continue;
    frame->LockExclusive();
    if (frame->id().file == file) {
      Discard(ExclusiveGuard(frame));
    } else {
      frame->UnlockExclusiveUnchanged();
    }
  }
}

// ---- Replacement (SIEVE): a queue from oldest to newest, a hand that walks towards the newest and around.

void BufferPool::Enqueue(Frame* frame) {
  TURDB_DCHECK(frame->queued == 0);
  const uint32_t index = IndexOf(frame);
  frame->visited.store(0, std::memory_order_relaxed);
  frame->queued = 1;
  frame->sieve_older = sieve_newest_;
  frame->sieve_newer = kNoFrame;
  (sieve_newest_ == kNoFrame ? sieve_oldest_ : frames_[sieve_newest_].sieve_newer) = index;
  sieve_newest_ = index;
  ++queued_frames_;
}

void BufferPool::Dequeue(Frame* frame) {
  TURDB_DCHECK(frame->queued != 0);
  const uint32_t index = IndexOf(frame);
  if (sieve_hand_ == index) sieve_hand_ = frame->sieve_newer;
  (frame->sieve_older == kNoFrame ? sieve_oldest_ : frames_[frame->sieve_older].sieve_newer) = frame->sieve_newer;
  (frame->sieve_newer == kNoFrame ? sieve_newest_ : frames_[frame->sieve_newer].sieve_older) = frame->sieve_older;
  (void)index;
  frame->queued = 0;
  --queued_frames_;
}

void BufferPool::PushFree(Frame* frame) {
  frame->sieve_older = warm_free_;
  warm_free_ = IndexOf(frame);
}

// Commits more frames; false when the limit or the budget says no.
bool BufferPool::GrowFrames() {
  const size_t limit = limit_frames_.load(std::memory_order_relaxed);
  if (committed_frames_ >= limit) return false;
  // As many again as there are, so that an idle database stays small and a busy one seldom asks.
  const size_t step = std::clamp(committed_frames_, kFirstGrowthFrames, kGrowthFrames);
  size_t count = std::min({step, std::max<size_t>(1, limit / 8), limit - committed_frames_});
  const int64_t frame_bytes = static_cast<int64_t>(kPageSize + sizeof(Frame));
  while (!reservation_.TryGrow(static_cast<int64_t>(count) * frame_bytes)) {
    count /= 2;
    if (count == 0) return false;
  }
  // Frames that gave their memory back come first: their words are warm.
  size_t grown = 0;
  for (; grown < count && cold_free_ != kNoFrame; ++grown) {
    Frame* frame = &frames_[cold_free_];
    cold_free_ = frame->sieve_older;
    PushFree(frame);
  }
  const uint32_t used = frames_used_.load(std::memory_order_relaxed);
  const uint32_t fresh = static_cast<uint32_t>(count - grown);
  if (fresh != 0) {
    TURDB_CHECK_LE(used + fresh, capacity_frames_);
    page_memory_.Populate(size_t{used} * kPageSize, size_t{fresh} * kPageSize);
    for (uint32_t i = used + fresh; i-- > used;) {
      frames_[i].data = page_memory_.data() + size_t{i} * kPageSize;
      PushFree(&frames_[i]);
    }
    frames_used_.store(used + fresh, std::memory_order_release);
  }
  committed_frames_ += count;
  return true;
}

Frame* BufferPool::PopFree() {
  if (warm_free_ == kNoFrame && !GrowFrames()) return nullptr;
  Frame* frame = &frames_[warm_free_];
  warm_free_ = frame->sieve_older;
  return frame;
}

bool BufferPool::TryLatchVictim(Frame* frame) {
  if (!frame->TryLockExclusive()) return false;
  if (!frame->dirty() && frame->writing.load(std::memory_order_acquire) == 0) return true;
  frame->UnlockExclusiveUnchanged();
  return false;
}

// An evictable frame, exclusively latched and out of the queue, or nothing; dirty candidates met on the way are
// collected, up to one batch.
Frame* BufferPool::FindVictim(absl::InlinedVector<Frame*, 32>* dirty) {
  for (size_t steps = 2 * queued_frames_; steps != 0 && queued_frames_ != 0; --steps) {
    if (sieve_hand_ == kNoFrame) sieve_hand_ = sieve_oldest_;
    Frame* frame = &frames_[sieve_hand_];
    sieve_hand_ = frame->sieve_newer;
    if (frame->visited.load(std::memory_order_relaxed) != 0) {
      frame->visited.store(0, std::memory_order_relaxed);
    } else if (frame->dirty()) {
      if (frame->writing.load(std::memory_order_relaxed) == 0) dirty->push_back(frame);
      if (dirty->size() == write_back_.batch_pages()) return nullptr;
    } else if (TryLatchVictim(frame)) {
      Dequeue(frame);
      return frame;
    }
  }
  return nullptr;
}

// A frame that holds no page, exclusively latched, in neither queue nor free list.
StatusOr<Frame*> BufferPool::TakeFrame(int attempts) {
  for (int attempt = 0; attempt < attempts; ++attempt) {
    absl::InlinedVector<Frame*, 32> dirty;
    Frame* victim = nullptr;
    Frame* free = nullptr;
    {
      absl::MutexLock lock(&replacement_mu_);
      free = PopFree();
      if (free == nullptr) victim = FindVictim(&dirty);
    }
    if (free != nullptr) {
      if (frames_used_.load(std::memory_order_relaxed) > table_frames_.load(std::memory_order_relaxed)) [[unlikely]] {
        GrowTable();
      }
      free->LockExclusive();  // somebody may be finding out that the page he sought is gone
      return free;
    }
    if (victim != nullptr) {
      Unmap(victim);
      evictions_.fetch_add(1, std::memory_order_relaxed);
      bool over_limit = false;
      {
        absl::MutexLock lock(&replacement_mu_);
        over_limit = committed_frames_ > limit_frames_.load(std::memory_order_relaxed);
        if (over_limit) PushFree(victim);
      }
      if (!over_limit) return victim;
      victim->UnlockExclusive();
      ShrinkBy(1);
      continue;
    }
    if (!dirty.empty() && health_.ok()) {
      TURDB_ASSIGN_OR_RETURN(const size_t written, write_back_.Write(dirty));
      if (written == 0) environment_.scheduler->Yield();  // all latched just then
      // They were due: make room by them now, the hand has gone by.
      for (Frame* frame : dirty) {
        if (frame->visited.load(std::memory_order_relaxed) != 0) continue;
        bool latched = false;
        {
          absl::MutexLock lock(&replacement_mu_);
          latched = frame->queued != 0 && TryLatchVictim(frame);
        }
        if (latched) {
          Drop(frame);
          evictions_.fetch_add(1, std::memory_order_relaxed);
        }
      }
      continue;
    }
    if (!health_.ok() && !dirty.empty() && attempt > 100) return health_.status();
    if (attempt < 100) {
      environment_.scheduler->Yield();
    } else {
      const int64_t deadline = environment_.clock->MonotonicNanos() + kTakePauseNanos;
      environment_.scheduler->Park(
          this, [] { return true; }, deadline);
    }
  }
  return base::OutOfMemoryError(absl::StrCat("all ", limit_frames_.load(), " frames of the page cache are in use"));
}

// ---- Limits

// Makes the page table big enough for `frames`, one shard after the other.
Status BufferPool::Rehash(size_t frames) {
  const size_t heads = std::bit_ceil(std::max<size_t>(kNeighbours, (2 * frames + kShards - 1) / kShards));
  auto table = std::make_unique<AddressRange>();
  tables_.reserve(tables_.size() + 1);  // searches go through the new table before it stands in the list
  TURDB_RETURN_IF_ERROR(table->Reserve(kShards * heads * sizeof(uint32_t), /*huge_pages=*/false));
  for (size_t i = 0; i < kShards; ++i) {
    Shard& shard = shards_[i];
    const uintptr_t slice = reinterpret_cast<uintptr_t>(table->data()) + i * heads * sizeof(uint32_t);
    std::atomic<uint32_t>* const fresh = HeadsOf(slice);
    absl::MutexLock lock(&shard.mu);
    const uintptr_t old = shard.slice.load(std::memory_order_relaxed);
    for (size_t bucket = 0; old != 0 && bucket < HeadCount(old); ++bucket) {
      for (uint32_t next = HeadsOf(old)[bucket].load(std::memory_order_relaxed); next != 0;) {
        Frame& frame = frames_[next - 1];
        std::atomic<uint32_t>& head = fresh[BucketOf(Hash(frame.id())) & (heads - 1)];
        const uint32_t index = std::exchange(next, frame.hash_next.load(std::memory_order_relaxed));
        frame.hash_next.store(head.load(std::memory_order_relaxed), std::memory_order_release);
        head.store(index, std::memory_order_release);
      }
    }
    shard.slice.store(slice + static_cast<uintptr_t>(std::countr_zero(heads)), std::memory_order_release);
  }
  table_frames_.store(heads * kShards / 2, std::memory_order_relaxed);
  tables_.push_back(std::move(table));
  return absl::OkStatus();
}

// Small at first, so that opening a database costs nothing for a page cache that it may never fill.
void BufferPool::GrowTable() {
  if (!resize_mu_.TryLock()) return;  // somebody does, or will with the next frame
  // Best effort: without the memory for it chains get longer.
  try {
    if (frames_used_.load(std::memory_order_relaxed) > table_frames_.load(std::memory_order_relaxed)) {
      (void)Rehash(table_frames_.load(std::memory_order_relaxed) * kTableGrowth);
    }
  } catch (const std::bad_alloc&) {
  }
  resize_mu_.Unlock();
}

bool BufferPool::ShrinkBy(size_t frames) {
  absl::MutexLock lock(&replacement_mu_);
  size_t given_back = 0;
  while (given_back < frames && warm_free_ != kNoFrame) {
    Frame* frame = &frames_[warm_free_];
    // A late searcher may still be looking at it; then it stays for now.
    if (!frame->TryLockExclusive()) break;
    warm_free_ = frame->sieve_older;
    page_memory_.GiveBack(size_t{IndexOf(frame)} * kPageSize, kPageSize);
    frame->sieve_older = cold_free_;
    cold_free_ = IndexOf(frame);
    frame->UnlockExclusive();
    --committed_frames_;
    reservation_.Shrink(static_cast<int64_t>(kPageSize + sizeof(Frame)));
    ++given_back;
  }
  return given_back == frames;
}

Status BufferPool::SetLimit(int64_t page_cache_bytes) {
  absl::MutexLock resize_lock(&resize_mu_);
  const size_t limit = std::max<size_t>(base::kMinPoolFrames, static_cast<size_t>(page_cache_bytes) / kPageSize);
  if (limit > capacity_frames_) {
    return base::LimitError(absl::StrCat("page_cache_bytes may grow up to ", capacity_frames_ * kPageSize,
                                         " while the database is open, not to ", page_cache_bytes));
  }
  limit_frames_ = limit;
  // What is latched now goes when the next frame is taken.
  for (int stuck = 0; stuck < 8;) {
    size_t surplus = 0;
    {
      absl::MutexLock lock(&replacement_mu_);
      surplus = committed_frames_ > limit ? committed_frames_ - limit : 0;
    }
    if (surplus == 0) break;
    if (ShrinkBy(surplus)) break;
    absl::InlinedVector<Frame*, 32> dirty;
    Frame* victim = nullptr;
    {
      absl::MutexLock lock(&replacement_mu_);
      victim = FindVictim(&dirty);
    }
    if (victim != nullptr) {
      Unmap(victim);
      absl::MutexLock lock(&replacement_mu_);
      PushFree(victim);
      victim->UnlockExclusive();
      evictions_.fetch_add(1, std::memory_order_relaxed);
    } else if (!dirty.empty()) {
      TURDB_RETURN_IF_ERROR(write_back_.Write(dirty).status());
    } else {
      ++stuck;
      environment_.scheduler->Yield();
    }
  }
  return absl::OkStatus();
}

FrameReservation BufferPool::ReserveFrames(int frames) {
  TURDB_DCHECK(frames >= 1 && frames <= kMaxReservedFrames);
  const size_t limit = limit_frames_.load(std::memory_order_relaxed);
  if (limit >= kUnreservedFrames) return FrameReservation();
  int reserved = reserved_frames_.load(std::memory_order_relaxed);
  for (;;) {
    if (reserved + frames <= static_cast<int>(limit)) {
      if (reserved_frames_.compare_exchange_weak(reserved, reserved + frames, std::memory_order_acquire)) break;
      continue;
    }
    environment_.scheduler->Park(
        &reserved_frames_,
        [this, frames, limit] { return reserved_frames_.load(std::memory_order_acquire) + frames > static_cast<int>(limit); },
        os::Scheduler::kForever);
    reserved = reserved_frames_.load(std::memory_order_relaxed);
  }
  return FrameReservation(this, frames);
}

void BufferPool::ReleaseReservation(int frames) {
  const int before = reserved_frames_.fetch_sub(frames, std::memory_order_release);
  // Only a pool that was nearly all reserved can have somebody waiting.
  if (before + kMaxReservedFrames > static_cast<int>(limit_frames_.load(std::memory_order_relaxed))) {
    environment_.scheduler->WakeAll(&reserved_frames_);
  }
}

PoolStats BufferPool::stats() const {
  PoolStats stats;
  stats.misses = misses_.load(std::memory_order_relaxed);
  stats.evictions = evictions_.load(std::memory_order_relaxed);
  stats.pages_written = write_back_.pages_written();
  const uint64_t made = made_.load(std::memory_order_relaxed);
  const uint64_t prefetched = prefetched_.load(std::memory_order_relaxed);
  stats.pages_read = stats.misses - std::min(stats.misses, made);
  uint64_t fixes = 0;
  for (const Stripe& stripe : stripes_) fixes += stripe.fixes.load(std::memory_order_relaxed);
  const uint64_t loads = stats.pages_read - std::min(stats.pages_read, prefetched);
  stats.hits = fixes - std::min(fixes, loads);
  stats.frame_limit = limit_frames_.load(std::memory_order_relaxed);
  for (uint32_t i = 0; i < frame_count(); ++i) stats.dirty_frames += frames_[i].dirty() ? 1 : 0;
  absl::MutexLock lock(&replacement_mu_);
  stats.frames = committed_frames_;
  return stats;
}

}  // namespace turdb::storage
