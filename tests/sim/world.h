// A world in which everything happens in an order that a seed decides: threads, clock, entropy, files.
//
// Threads are real, but one at a time holds the baton and runs; the others wait for it. The baton changes hands where the
// engine parks or yields (os::Scheduler), in loops that wait for another thread (sched_yield, which world.cc takes over for the
// whole program), at operations on files, and where a thread ends. Who gets it next is drawn. Time moves by small steps at each
// change, by large ones in slow operations, and to the next deadline when all threads wait. So a seed is one history.
#ifndef TURDB_TESTS_SIM_WORLD_H_
#define TURDB_TESTS_SIM_WORLD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "os/environment.h"
#include "os/fault_file_system.h"

namespace turdb::sim {

// SplitMix64 (Steele, Lea and Flood 2014).
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  uint64_t Below(uint64_t limit) { return Next() % limit; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }

 private:
  uint64_t state_;
};

// Of one seed. The thread that makes it holds the baton, and destroys it when all threads that it started are done.
class World {
 public:
  explicit World(uint64_t seed);
  ~World();
  World(const World&) = delete;

  // Over `disk`, whose operations take time and let others run.
  // `lying`: syncs do nothing, and say that they did.
  os::Environment EnvironmentOver(std::shared_ptr<os::FaultFileSystem> disk, bool lying = false);
  os::Scheduler& scheduler();
  Random& random();
  // Operations on files take up to this much longer, each as long as it likes.
  void set_slowness_ns(int64_t ns);
  uint64_t switches() const;  // how often the baton changed hands
  static void YieldHere();    // for whoever waits for what another thread is in the middle of

 private:
  class Scheduler;
  class Files;
  std::shared_ptr<Scheduler> scheduler_;
};

}  // namespace turdb::sim

#endif  // TURDB_TESTS_SIM_WORLD_H_
