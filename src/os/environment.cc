// The machine's clock, entropy and threads.
//
// Waits sleep in a parking lot: 64 buckets, an address hashed to one of them, each with a mutex and a list of
// sleepers. Nobody who waits owns anything but a stack frame, so a row lock or a commit costs no memory until
// somebody waits for it.
//
// No wake is missed. Park counts itself into the bucket before it looks at the condition; WakeAll is called
// after the condition was made false, and looks at that count with a read-modify-write. The two are ordered
// on one atomic: either WakeAll sees the sleeper, takes the bucket's mutex and wakes it, or Park's increment
// comes later, reads from WakeAll's, and so sees everything that was done before it, the condition included.
#include "os/environment.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "base/check.h"

namespace turdb::os {
namespace {

// Any thread.
class NativeClock final : public Clock {
 public:
  int64_t NowUnixMicros() override { return Now(CLOCK_REALTIME) / 1000; }
  int64_t MonotonicNanos() override { return Now(CLOCK_MONOTONIC); }

 private:
  static int64_t Now(clockid_t clock) {
    timespec now;
    TURDB_CHECK_EQ(clock_gettime(clock, &now), 0);
    return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
  }
};

// Any thread.
class NativeEntropy final : public Entropy {
 public:
  void Fill(base::MutableBytes bytes) override {
    while (!bytes.empty()) {
      const ssize_t count = getrandom(bytes.data(), bytes.size(), 0);
      if (count < 0) {
        TURDB_CHECK_EQ(errno, EINTR);
        continue;
      }
      bytes = bytes.subspan(static_cast<size_t>(count));
    }
  }
};

class NativeThread final : public Thread {
 public:
  // The thread comes into what exists already: one that runs and has no owner yet must not meet the end of memory.
  void Run(std::thread thread) { thread_ = std::move(thread); }
  ~NativeThread() override {
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::thread thread_;
};

// Blocks all signals of the calling thread for its lifetime.
class SignalBlock {
 public:
  SignalBlock() {
    sigset_t all;
    sigfillset(&all);
    TURDB_CHECK_EQ(pthread_sigmask(SIG_SETMASK, &all, &old_), 0);
  }
  ~SignalBlock() { pthread_sigmask(SIG_SETMASK, &old_, nullptr); }
  SignalBlock(const SignalBlock&) = delete;
  SignalBlock& operator=(const SignalBlock&) = delete;

 private:
  sigset_t old_;
};

struct Sleeper {
  const void* address = nullptr;
  Sleeper* next = nullptr;
  Sleeper** link = nullptr;        // what points at this sleeper; null once it was taken from the list
  std::atomic<uint32_t> woken{0};  // a futex of its own: who is woken needs no mutex to go on
};

struct alignas(64) Bucket {
  std::atomic<uint32_t> parked{0};  // who is inside Park
  std::mutex mu;
  Sleeper* first = nullptr;  // guarded by mu, as are the sleepers in the list

  void Add(Sleeper& sleeper) {
    sleeper.next = first;
    sleeper.link = &first;
    if (first != nullptr) first->link = &sleeper.next;
    first = &sleeper;
  }
  static void Take(Sleeper& sleeper) {
    *sleeper.link = sleeper.next;
    if (sleeper.next != nullptr) sleeper.next->link = sleeper.link;
    sleeper.link = nullptr;
  }
};

// Any thread. Lock order: a bucket's mutex is the innermost lock of all.
class NativeScheduler final : public Scheduler {
 public:
  std::unique_ptr<Thread> Start(std::string name, std::function<void()> body) override {
    if (name.size() > 15) name.resize(15);  // what the kernel keeps
    const SignalBlock block;  // the new thread inherits the mask, so not one signal slips in before its first line
    try {
      auto thread = std::make_unique<NativeThread>();
      thread->Run(std::thread([name = std::move(name), body = std::move(body)] {
        pthread_setname_np(pthread_self(), name.c_str());
        body();
      }));
      return thread;
    } catch (const std::system_error&) {
      return nullptr;
    }
  }

  bool Park(const void* address, absl::FunctionRef<bool()> still_waiting, int64_t deadline_ns) override {
    Bucket& bucket = BucketOf(address);
    bucket.parked.fetch_add(1, std::memory_order_acq_rel);
    Sleeper sleeper;
    bool sleeps = false;
    {
      const std::lock_guard<std::mutex> lock(bucket.mu);
      sleeps = still_waiting();
      if (sleeps) {
        sleeper.address = address;
        bucket.Add(sleeper);
      }
    }
    bool in_time = true;
    if (sleeps && !Sleep(sleeper, deadline_ns)) {
      {
        const std::lock_guard<std::mutex> lock(bucket.mu);
        in_time = sleeper.link == nullptr;
        if (!in_time) Bucket::Take(sleeper);
      }
      if (in_time) Sleep(sleeper, kForever);  // somebody took it at the last moment, and has yet to say so
    }
    bucket.parked.fetch_sub(1, std::memory_order_release);
    return in_time;
  }

  void WakeAll(const void* address) override {
    Bucket& bucket = BucketOf(address);
    if (bucket.parked.fetch_add(0, std::memory_order_acq_rel) == 0) return;
    Sleeper* taken = nullptr;
    {
      const std::lock_guard<std::mutex> lock(bucket.mu);
      for (Sleeper* sleeper = bucket.first; sleeper != nullptr;) {
        Sleeper* const next = sleeper->next;
        if (sleeper->address == address) {
          Bucket::Take(*sleeper);
          sleeper->next = taken;
          taken = sleeper;
        }
        sleeper = next;
      }
    }
    while (taken != nullptr) {
      Sleeper* const sleeper = taken;
      taken = sleeper->next;
      std::atomic<uint32_t>* const word = &sleeper->woken;
      word->store(1, std::memory_order_release);
      // Its frame may be gone by now. Then the kernel finds nobody at that address, or wakes somebody for nothing,
      // which whoever waits on a futex expects.
      Futex(word, FUTEX_WAKE_PRIVATE, 1, nullptr);
    }
  }

  void Yield() override { std::this_thread::yield(); }

 private:
  static long Futex(std::atomic<uint32_t>* word, int operation, uint32_t value, const timespec* deadline) {
    return syscall(SYS_futex, word, operation, value, deadline, nullptr, FUTEX_BITSET_MATCH_ANY);
  }

  // Until it was woken; false when the deadline passed first.
  static bool Sleep(Sleeper& sleeper, int64_t deadline_ns) {
    const timespec deadline{.tv_sec = deadline_ns / 1'000'000'000, .tv_nsec = deadline_ns % 1'000'000'000};
    while (sleeper.woken.load(std::memory_order_acquire) == 0) {
      // FUTEX_WAIT_BITSET takes a point in time of CLOCK_MONOTONIC, the clock of MonotonicNanos.
      const long result = Futex(&sleeper.woken, FUTEX_WAIT_BITSET_PRIVATE, 0, deadline_ns == kForever ? nullptr : &deadline);
      if (result != 0 && errno == ETIMEDOUT) return sleeper.woken.load(std::memory_order_acquire) != 0;
    }
    return true;
  }

  Bucket& BucketOf(const void* address) {
    const auto bits = static_cast<uint64_t>(reinterpret_cast<uintptr_t>(address)) * 0x9e3779b97f4a7c15u;
    return buckets_[bits >> 58];
  }

  std::array<Bucket, 64> buckets_;
};

Environment WithFiles(std::unique_ptr<FileSystem> files) {
  return Environment{std::move(files), std::make_shared<NativeClock>(), std::make_shared<NativeEntropy>(),
                     std::make_shared<NativeScheduler>()};
}

}  // namespace

Environment Environment::Native() { return WithFiles(NewPosixFileSystem()); }
Environment Environment::InMemory() { return WithFiles(NewMemoryFileSystem()); }

}  // namespace turdb::os
