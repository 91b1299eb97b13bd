// The nondeterministic world, handed to the engine as one value: files, clock, entropy, threads, waits.
#ifndef TURDB_OS_ENVIRONMENT_H_
#define TURDB_OS_ENVIRONMENT_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "base/bytes.h"
#include "os/file_system.h"

namespace turdb::os {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t NowUnixMicros() = 0;   // wall clock, for SQL's now()
  virtual int64_t MonotonicNanos() = 0;  // for deadlines and timings
};

class Entropy {
 public:
  virtual ~Entropy() = default;
  virtual void Fill(base::MutableBytes bytes) = 0;
};

// Runs until its function returns; joined on destruction.
class Thread {
 public:
  virtual ~Thread() = default;
};

// Threads, and every wait that is longer than a latch: row locks, commits, memory, background work. A
// simulator replaces it and decides who runs next.
class Scheduler {
 public:
  virtual ~Scheduler() = default;
  // The new thread blocks all signals. Null when the system grants no more threads.
  virtual std::unique_ptr<Thread> Start(std::string name, std::function<void()> body) = 0;
  static constexpr int64_t kForever = INT64_MAX;
  // Sleeps while `still_waiting()` is true, until WakeAll(address) or the deadline (MonotonicNanos).
  // `still_waiting` is evaluated under the queue's lock, so a waker that makes it false and then calls
  // WakeAll is never missed; it must be quick and must not call the scheduler. Returns false when the
  // deadline passed first. Wakes for nothing are possible: callers loop.
  virtual bool Park(const void* address, absl::FunctionRef<bool()> still_waiting, int64_t deadline_ns) = 0;
  virtual void WakeAll(const void* address) = 0;
  virtual void Yield() = 0;
};

struct Environment {
  std::shared_ptr<FileSystem> files;
  std::shared_ptr<Clock> clock;
  std::shared_ptr<Entropy> entropy;
  std::shared_ptr<Scheduler> scheduler;

  // The machine's own world, with posix files.
  static Environment Native();
  // Native clock, entropy and threads over files in memory.
  static Environment InMemory();
};

}  // namespace turdb::os

#endif  // TURDB_OS_ENVIRONMENT_H_
