#include "storage/frame.h"

#include <thread>

namespace turdb::storage {
namespace {

// A latch is held for less than a microsecond, or across one read of a page: spin for the first kind, sleep for
// the second.
constexpr int kSpins = 64;
constexpr int kYields = 4;

inline void Pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

class Backoff {
 public:
  // True while it is worth looking again; false when it is time to sleep.
  bool Spin() {
    ++rounds_;
    if (rounds_ <= kSpins) {
      Pause();
      return true;
    }
    if (rounds_ <= kSpins + kYields) {
      std::this_thread::yield();
      return true;
    }
    return false;
  }

 private:
  int rounds_ = 0;
};

}  // namespace

void Frame::WaitFor(uint64_t seen) {
  const uint64_t with_waiters = seen | kWaiters;
  if (seen == with_waiters || state.compare_exchange_strong(seen, with_waiters, std::memory_order_relaxed)) {
    state.wait(with_waiters, std::memory_order_relaxed);
  }
}

void Frame::WakeWaiters() {
  state.fetch_and(~kWaiters, std::memory_order_relaxed);
  state.notify_all();
}

void Frame::LockSharedSlow() {
  Backoff backoff;
  while (!TryLockShared()) {
    if (backoff.Spin()) continue;
    const uint64_t word = state.load(std::memory_order_relaxed);
    if ((word & kLatchMask) >= kMaxShared) WaitFor(word);
  }
}

void Frame::LockExclusiveSlow() {
  Backoff backoff;
  while (!TryLockExclusive()) {
    if (backoff.Spin()) continue;
    const uint64_t word = state.load(std::memory_order_relaxed);
    if ((word & kLatchMask) != 0) WaitFor(word);
  }
}

uint64_t Frame::WaitWhileExclusive() {
  Backoff backoff;
  for (;;) {
    const uint64_t word = state.load(std::memory_order_acquire);
    if (!IsExclusive(word)) return word;
    if (!backoff.Spin()) WaitFor(word);
  }
}

bool Frame::LockSharedAtVersion(uint64_t version) {
  uint64_t word = state.load(std::memory_order_relaxed);
  while (VersionOf(word) == version && !IsExclusive(word)) {
    if ((word & kLatchMask) == kMaxShared) return false;
    if (state.compare_exchange_weak(word, word + 1, std::memory_order_acquire, std::memory_order_relaxed)) return true;
  }
  return false;
}

bool Frame::LockExclusiveAtVersion(uint64_t version) {
  Backoff backoff;
  uint64_t word = state.load(std::memory_order_relaxed);
  while (VersionOf(word) == version && !IsExclusive(word)) {
    if ((word & kLatchMask) == 0) {
      if (state.compare_exchange_weak(word, word | kExclusive, std::memory_order_acquire, std::memory_order_relaxed))
        return true;
      continue;
    }
    if (!backoff.Spin()) WaitFor(word);
    word = state.load(std::memory_order_relaxed);
  }
  return false;
}

}  // namespace turdb::storage
